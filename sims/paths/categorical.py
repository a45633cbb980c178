"""Categorical chains as counts: what a generation costs falls with the labels still alive."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from modelcollapse.sims.paths.abstract import REAL, SYNTHETIC, AbstractForwardPath
from modelcollapse.sims.samplers.multinomial import groups_of, multinomial, padded, whole_weights
from modelcollapse.sims.samplers.prefix import count_up
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Categorical, Weighted
from modelcollapse.theory.categorical.family import CategoricalStatistic

#: Places looked at together, in all chains of a block: enough that starting an operation costs little,
#: few enough for the caches.
_LANES = 2**14
#: Bytes of a block, at most.
_BYTES = 2**29
#: Places moved together at a time.
_ROWS = 32
#: The dead are left behind whenever t has grown by this factor.
_GROWTH = 1.125


class Counts(eqx.Module):
    """A block of chains: what the next generation is drawn from, and what is pooled.

    Places come first, chains last. Only the first `occupied` places of a chain count; the others
    weigh nothing as far as any other chain occupies them."""

    labels: Int[Array, "places #chains"]
    weights: Float[Array, "places chains"]
    occupied: Int[Array, " chains"]
    total: Float[Array, " chains"]
    pool: Any
    #: True until the first fit.
    is_truth: Bool[Array, ""]


class CategoricalCounts(AbstractForwardPath):
    """Draws each training set as counts, exactly, by [`multinomial`][].

    Where only the latest model's output enters, a dead label never returns: from time to time, at
    generations that depend on nothing else, each chain's living labels are moved together at the
    front, in label order."""

    categories: int
    closed: bool
    has_real: bool = False

    def bytes_per_chain(self) -> int:
        return (48 if self.closed else 160) * self._places()

    def width(self, chains: int) -> int:
        """Chains to a block: a power of two, for `chains` chains in all."""
        groups = groups_of(self.categories)
        most = max(1, min(_LANES // groups, _BYTES // self.bytes_per_chain()))
        # The first block runs alone: eight keep two processor cores busy, unless they are too narrow.
        half, eighth = ((chains + parts - 1) // parts for parts in (2, 8))
        wanted = max(1, min(half, _LANES // (2 * groups)), eighth)
        return min(1 << (most.bit_length() - 1), 1 << (wanted - 1).bit_length())

    def prepare(self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray) -> np.ndarray:
        """The generations at which the dead are left behind."""
        due, at = np.zeros(len(synthetic), bool), 1
        while at < len(synthetic):
            due[at] = True
            at = max(at + 1, math.ceil(_GROWTH * at))
        return due

    def start(self, truth: Categorical, chains: int) -> Counts:
        places = self._places()
        row = jnp.zeros(places).at[: self.categories].set(whole_weights(truth.probabilities))
        weights = jnp.broadcast_to(row[:, None], (places, chains))
        label = jnp.arange(places, dtype=jnp.int32)[:, None]
        labels = jnp.broadcast_to(label, (places, chains if self.closed else 1))
        occupied = jnp.full(chains, self.categories, jnp.int32)
        pool = None
        if not self.closed:
            pool = CategoricalStatistic(jnp.zeros(chains), jnp.zeros((chains, places)))
        total = jnp.broadcast_to(row.sum(), (chains,))
        return Counts(labels, weights, occupied, total, pool, jnp.array(True))

    def step(
        self,
        state: Counts,
        streams: Stream,
        truth: Categorical,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: Bool[Array, ""],
    ) -> Counts:
        streams = streams.fold(t)
        if self.closed:
            return self._step_closed(state, streams, synthetic, prepared)
        return self._step_open(state, streams, truth, regime, t, real, synthetic)

    def models(self, state: Counts, truth: Categorical) -> Categorical:
        chains = state.weights.shape[1]
        if not self.closed:
            fitted = state.weights.T[:, : self.categories]
        else:
            rows = self._rows()
            chain = jnp.arange(chains)

            def put(i: Any, fitted: Any) -> Any:
                label, weight = (
                    jax.lax.dynamic_slice_in_dim(x, i * rows, rows)
                    for x in (state.labels, state.weights)
                )
                inside = i * rows + jnp.arange(rows)[:, None] < state.occupied
                return fitted.at[chain, label].add(jnp.where(inside, weight, 0), mode="drop")

            used = (jnp.max(state.occupied) + rows - 1) // rows
            fitted = jax.lax.fori_loop(0, used, put, jnp.zeros((chains, self.categories)))
        fitted = fitted / state.total[:, None]
        return Categorical(jnp.where(state.is_truth, truth.probabilities, fitted))

    def _rows(self) -> int:
        """Places moved at a time: a multiple of the groups."""
        return max(groups_of(self.categories), min(_ROWS, self.categories))

    def _places(self) -> int:
        return padded(self.categories, self._rows())

    def _step_closed(self, state: Counts, streams: Stream, n: Any, leave: Any) -> Counts:
        chains, groups = state.weights.shape[1], groups_of(self.categories)
        total = jnp.full(chains, n, jnp.float64)
        steps = (jnp.max(state.occupied) + groups - 1) // groups
        drawn = multinomial(streams, total, state.weights, steps, groups)
        rows = self._rows()
        used = jnp.where(leave, (jnp.max(state.occupied) + rows - 1) // rows, 0)
        labels, weights, alive = _moved_together(state.labels, drawn, state.occupied, used, rows)
        occupied = jnp.where(leave, alive, state.occupied)
        return Counts(labels, weights, occupied, total, None, jnp.array(False))

    def _step_open(
        self,
        state: Counts,
        streams: Stream,
        truth: Categorical,
        regime: AbstractRegime,
        t: Any,
        real: Any,
        synthetic: Any,
    ) -> Counts:
        latest, source = state.weights, jnp.zeros((state.weights.shape[0], 1))
        source = source.at[: self.categories, 0].set(truth.probabilities)
        if regime.random_mixture:
            share = jnp.asarray(regime.real_share)  # pyright: ignore[reportAttributeAccessIssue]
            latest = whole_weights(share * source + (1 - share) * latest / state.total)
        if self.has_real:
            truths = jnp.broadcast_to(whole_weights(source), latest.shape)
            # Both draws as those of twice as many chains, so that they are compiled once.
            own_streams, real_streams = streams.fold(0, SYNTHETIC), streams.fold(0, REAL)
            streams = jax.tree.map(lambda *a: jnp.concatenate(a), own_streams, real_streams)
            latest = jnp.concatenate([latest, truths], axis=1)
            own, true = self._statistics(streams, (synthetic, real), latest)
        else:
            (own,) = self._statistics(streams, (synthetic,), latest)
            true = own
        pool, training = regime.update(state.pool, own, true, t == 1)
        counts, total = training.counts, training.count
        if isinstance(regime, Weighted):
            counts = whole_weights(counts / total[:, None])
            total = counts.sum(1)
        return Counts(state.labels, counts.T, state.occupied, total, pool, jnp.array(False))

    def _statistics(self, streams: Stream, sizes: Any, weights: Any) -> list[CategoricalStatistic]:
        """The draws of each size, all made by one call."""
        chains = weights.shape[1] // len(sizes)
        n = jnp.repeat(jnp.stack(sizes), chains).astype(jnp.float64)
        groups = groups_of(self.categories)
        counts = multinomial(streams, n, weights, weights.shape[0] // groups, groups).T
        parts = [slice(i * chains, (i + 1) * chains) for i in range(len(sizes))]
        return [CategoricalStatistic(n[part], counts[part]) for part in parts]


def _moved_together(
    labels: Any, weights: Any, occupied: Any, used: Any, rows: int
) -> tuple[Any, Any, Any]:
    """Labels and counts of the living, moved to the front, and how many they are, chain by chain.
    `rows` places are read before places at or before them are written, so this is done in place."""
    places, chains = weights.shape
    chain = jnp.arange(chains)

    def at(array: Any, i: Any) -> Any:
        return jax.lax.dynamic_slice_in_dim(array, i * rows, rows)

    def move(i: Any, carry: Any) -> Any:
        labels, weights, upto = carry
        label, count = at(labels, i), at(weights, i)
        inside = i * rows + jnp.arange(rows)[:, None] < occupied
        living = inside & (count > 0)
        rank = upto + count_up(living.T).T
        place = jnp.where(living, rank - 1, places)
        labels = labels.at[place, chain].set(label, mode="drop")
        weights = weights.at[place, chain].set(count, mode="drop")
        return labels, weights, rank[-1]

    def clear(i: Any, weights: Any) -> Any:
        inside = i * rows + jnp.arange(rows)[:, None] < alive
        value = jnp.where(inside, at(weights, i), 0)
        return jax.lax.dynamic_update_slice_in_dim(weights, value, i * rows, axis=0)

    carry = (labels, weights, jnp.zeros(chains, jnp.int32))
    labels, weights, alive = jax.lax.fori_loop(0, used, move, carry)
    return labels, jax.lax.fori_loop(0, used, clear, weights), alive
