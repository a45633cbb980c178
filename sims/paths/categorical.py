"""Categorical chains as counts: what a generation costs falls with the labels still alive."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from modelcollapse.sims.paths.abstract import REAL, SYNTHETIC, AbstractForwardPath
from modelcollapse.sims.samplers.multinomial import (
    Scratch,
    Urn,
    multinomial,
    padded,
    put,
    tile,
    tiles,
    whole_weights,
)
from modelcollapse.sims.samplers.prefix import count_up
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Categorical, Weighted
from modelcollapse.theory.categorical.family import CategoricalStatistic

#: A block moves its living labels together when they need at most this share of its tiles.
_COMPACT_AT = 0.75


class Counts(eqx.Module):
    """A block of chains: what the next generation is drawn from, and what is pooled."""

    urn: Urn
    total: Float[Array, " chains"]
    pool: Any
    scratch: Scratch
    #: True until the first fit.
    is_truth: Bool[Array, ""]


class CategoricalCounts(AbstractForwardPath):
    """Draws each training set as counts, exactly, by [`multinomial`][].

    Where only the latest model's output enters, a dead label never returns: the living ones are
    kept together at the front in label order. This changes no number."""

    categories: int
    closed: bool
    has_real: bool = False
    compact: bool = True

    def bytes_per_chain(self) -> int:
        return (64 if self.closed else 160) * self._places(self._lanes())

    def width(self, chains: int) -> int:
        """Chains to a block: a power of two, for `chains` chains in all."""
        most = 2**14 // min(1 << (self.categories - 1).bit_length(), 256)
        most = max(1, min(most, 2**28 // self.bytes_per_chain()))
        half = max(1, (chains + 1) // 2)
        return min(1 << (most.bit_length() - 1), 1 << (half - 1).bit_length())

    def start(self, truth: Categorical, chains: int) -> Counts:
        places = self._places(self._lanes(chains))
        row = jnp.zeros(places).at[: self.categories].set(whole_weights(truth.probabilities))
        weights = jnp.broadcast_to(row, (chains, places))
        label = jnp.arange(places, dtype=jnp.int32)
        labels = jnp.broadcast_to(label, (chains if self.closed else 1, places))
        count = jnp.full(chains, self.categories, jnp.int32)
        alive = jnp.broadcast_to((row > 0).sum(dtype=jnp.int32), (chains,))
        pool, scratch = None, Scratch.of(*((chains, places) if self.closed else (0, 0)))
        if not self.closed:
            pool = CategoricalStatistic(jnp.zeros(chains), jnp.zeros((chains, places)))
        total = jnp.broadcast_to(row.sum(), (chains,))
        return Counts(Urn(labels, weights, count, alive), total, pool, scratch, jnp.array(True))

    def step(
        self,
        state: Counts,
        streams: Stream,
        truth: Categorical,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: Any,
    ) -> Counts:
        streams = streams.fold(t)
        if self.closed:
            return self._step_closed(state, streams, synthetic)
        return self._step_open(state, streams, truth, regime, t, real, synthetic)

    def models(self, state: Counts, truth: Categorical) -> Categorical:
        chains, places = state.urn.weights.shape
        inside = jnp.arange(places) < state.urn.occupied[:, None]
        weights = jnp.where(inside, state.urn.weights, 0)
        if self.closed:
            row = jnp.arange(chains)[:, None]
            weights = jnp.zeros_like(weights).at[row, state.urn.labels].add(weights)
        fitted = weights[:, : self.categories] / state.total[:, None]
        return Categorical(jnp.where(state.is_truth, truth.probabilities, fitted))

    def _lanes(self, chains: int | None = None) -> int:
        """Places worked on at a time, for one chain."""
        if self.categories <= 64:
            return self.categories
        return 256 if chains is None else max(64, min(2**11, 2**13 // chains))

    def _places(self, lanes: int) -> int:
        return padded(self.categories, lanes)

    def _step_closed(self, state: Counts, streams: Stream, n: Any) -> Counts:
        chains, _ = state.urn.weights.shape
        lanes = self._lanes(chains)
        scratch = multinomial(streams, n, state.urn, state.scratch, lanes)
        used = tiles(state.urn.occupied, lanes)

        def count(i: Any, alive: Any) -> Any:
            return alive + (tile(scratch.drawn, i, lanes) > 0).sum(1, dtype=jnp.int32)

        alive = jax.lax.fori_loop(0, used, count, jnp.zeros(chains, jnp.int32))
        pays = jnp.array(self.compact) & (tiles(alive, lanes) <= _COMPACT_AT * used)
        labels, weights = _move_together(state.urn, scratch.drawn, jnp.where(pays, used, 0), lanes)

        def copy(i: Any, weights: Any) -> Any:
            return put(weights, tile(scratch.drawn, i, lanes), i)

        weights = jax.lax.fori_loop(0, jnp.where(pays, 0, used), copy, weights)
        occupied = jnp.where(pays, alive, state.urn.occupied)
        total = jnp.full(chains, n, jnp.float64)
        return Counts(Urn(labels, weights, occupied, alive), total, None, scratch, jnp.array(False))

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
        latest, source = state.urn, jnp.zeros(state.urn.weights.shape[1])
        source = source.at[: self.categories].set(truth.probabilities)
        if regime.random_mixture:
            share = jnp.asarray(regime.real_share)  # pyright: ignore[reportAttributeAccessIssue]
            mixed = share * source + (1 - share) * latest.weights / state.total[:, None]
            latest = _refilled(latest, whole_weights(mixed))
        if self.has_real:
            real_urn = _refilled(
                latest, jnp.broadcast_to(whole_weights(source), latest.weights.shape)
            )
            # Both draws as those of twice as many chains, so that they are compiled once.
            tagged = _stacked(streams.fold(0, SYNTHETIC), streams.fold(0, REAL))
            own, true = self._statistics(tagged, (synthetic, real), (latest, real_urn))
        else:
            (own,) = self._statistics(streams, (synthetic,), (latest,))
            true = own
        pool, training = regime.update(state.pool, own, true, t == 1)
        counts, total = training.counts, training.count
        if isinstance(regime, Weighted):
            counts = whole_weights(counts / total[:, None])
            total = counts.sum(1)
        return Counts(_refilled(latest, counts), total, pool, state.scratch, jnp.array(False))

    def _statistics(self, streams: Stream, sizes: Any, urns: Any) -> list[CategoricalStatistic]:
        """The draws from each urn, all made by one call."""
        chains, places = urns[0].weights.shape
        urn = urns[0] if len(urns) == 1 else _side_by_side(*urns)
        n = jnp.repeat(jnp.stack(sizes), chains).astype(jnp.float64)
        room = Scratch.of(n.size, places)
        counts = multinomial(streams, n, urn, room, self._lanes(chains)).drawn
        parts = [slice(i * chains, (i + 1) * chains) for i in range(len(urns))]
        return [CategoricalStatistic(n[part], counts[part]) for part in parts]


def _stacked(first: Any, second: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)


def _side_by_side(first: Urn, second: Urn) -> Urn:
    """Two blocks of chains as one; they have their labels in common."""
    rest = _stacked(first, second)
    return Urn(first.labels, rest.weights, rest.occupied, rest.alive)


def _refilled(urn: Urn, weights: Any) -> Urn:
    return Urn(urn.labels, weights, urn.occupied, (weights > 0).sum(1, dtype=jnp.int32))


def _move_together(urn: Urn, drawn: Any, used: Any, lanes: int) -> tuple[Any, Any]:
    """Labels and counts of the living, moved to the front. A tile is read before places at or
    before it are written, so this is done in place."""
    chains, places = drawn.shape
    row = jnp.arange(chains)[:, None]

    def move(i: Any, carry: Any) -> Any:
        labels, weights, upto = carry
        label, count = tile(labels, i, lanes), tile(drawn, i, lanes)
        inside = i * lanes + jnp.arange(lanes) < urn.occupied[:, None]
        living = inside & (count > 0)
        rank = upto[:, None] + count_up(living)
        place = jnp.where(living, rank - 1, places)
        labels = labels.at[row, place].set(label, mode="drop")
        weights = weights.at[row, place].set(count, mode="drop")
        return labels, weights, rank[:, -1]

    carry = (urn.labels, urn.weights, jnp.zeros(chains, jnp.int32))
    labels, weights, _ = jax.lax.fori_loop(0, used, move, carry)
    return labels, weights
