"""Categorical chains under replace, item by item: a generation costs its draws, however many labels
there are."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Shaped

from modelcollapse.sims.paths.abstract import AbstractForwardPath, Observe
from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.memory import joined_words, once, split_words
from modelcollapse.sims.samplers.multinomial import padded, put
from modelcollapse.sims.samplers.stream import Stream, below_each, uniform
from modelcollapse.theory import AbstractRegime, Categorical

#: Items of a block, about: two generations of them and their random words fit the second cache.
_LANES = 2**17
#: Up to so many if there are as many labels, because each block makes their guide for generation 1.
_MOST_LANES = 2**18
#: Bytes of a block, at most.
_BYTES = 2**29
#: Items of a chain drawn together, at most.
_TILE = 8192
#: Draws made from one hash: their joint bias is below 2**(34 - 64).
_BITS, _MOST_DRAWS = 34, 4


class Items(eqx.Module):
    """A block of chains: the draws that the next generation's are copied from.

    Only the first `count` items of a chain count."""

    #: Labels; or, where `labels` has those of generation 1, places in there.
    items: Shaped[Array, "chains places"]
    labels: Any
    count: Int[Array, ""]
    #: True until the first fit.
    is_truth: Bool[Array, ""]


class Living(eqx.Module):
    """What is alive of a block of models, and of the truth at the same labels, place by place."""

    model: Categorical
    truth: Categorical
    is_truth: Bool[Array, ""]


class CategoricalItems(AbstractForwardPath):
    r"""The bootstrap form: a draw from the fitted model copies one of the $n_{t-1}$ draws that it was
    fitted to, each with the same chance. Generation 1 draws labels from the truth.

    Exact for any schedule. Where observables are sums over the labels alive (`living`), an item is no
    label but the number of a draw of generation 1 that has it, one for all draws of a label; then
    looking at a model costs its draws too, not its labels."""

    categories: int
    #: Most draws of a generation.
    most: int
    living: bool = False

    def bytes_per_chain(self) -> int:
        seen = self._places() if self.living else self.categories
        return 24 * self._places() + 48 * seen

    def bytes_per_block(self) -> int:
        # The guide to the truth.
        return 40 * self.categories

    def width(self, chains: int) -> int:
        """Chains to a block: a power of two, for `chains` chains in all."""
        lanes = min(max(_LANES, self.categories), _MOST_LANES)
        most = max(1, min(lanes // self.most, _BYTES // self.bytes_per_chain()))
        half = max(1, (chains + 1) // 2)
        return min(1 << (most.bit_length() - 1), 1 << (half - 1).bit_length())

    def start(self, truth: Categorical, chains: int) -> Items:
        shape = (chains, self._places())
        values = self.most if self.living else self.categories
        dtype = jnp.uint16 if values <= 2**16 else jnp.int32
        labels = jnp.zeros(shape, jnp.int32) if self.living else None
        return Items(jnp.zeros(shape, dtype), labels, jnp.int32(1), jnp.array(True))

    def step(
        self,
        state: Items,
        streams: Stream,
        truth: Categorical,
        regime: AbstractRegime,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
        prepared: Any,
    ) -> Items:
        n = jnp.asarray(synthetic, jnp.int32)
        streams = streams.fold(t)
        items, labels = jax.lax.cond(
            t == 1,
            lambda: self._first(state, streams, truth, n),
            lambda: (self._copied(state, streams, n), state.labels),
        )
        return Items(items, labels, n, jnp.array(False))

    def models(self, state: Items, truth: Categorical) -> Categorical | Living:
        chains, places = state.items.shape
        inside = (jnp.arange(places) < state.count).astype(jnp.int32)
        row = jnp.arange(chains)[:, None]
        counts = jnp.zeros((chains, places if self.living else self.categories), jnp.int32)
        counts = counts.at[row, state.items.astype(jnp.int32)].add(
            inside[None], mode="promise_in_bounds"
        )
        fitted = counts / state.count.astype(jnp.float64)
        if not self.living:
            return Categorical(jnp.where(state.is_truth, truth.probabilities, fitted))
        own = truth.probabilities.at[state.labels].get(mode="promise_in_bounds")
        return Living(Categorical(fitted), Categorical(own), state.is_truth)

    def look(
        self, observe: Observe, kept: Any, slot: Any, models: Callable[[], Any], truth: Any
    ) -> Any:
        if not self.living:
            return observe(kept, slot, models)
        _, living = models()
        return jax.lax.cond(
            living.is_truth,
            lambda: observe(kept, slot, lambda: (truth, truth), per_chain=False),
            lambda: observe(kept, slot, lambda: (living.model, living.model), living.truth),
        )

    def _draws(self) -> int:
        """Draws from one hash."""
        bits = max(1, (self.most - 1).bit_length())
        return max(1, min(_MOST_DRAWS, _BITS // bits))

    def _tile(self) -> int:
        """Items of a chain drawn together: of the loop alone, because items are numbered by tiles."""
        tiles = -(-self.most // _TILE)
        return padded(-(-self.most // tiles), 8 * self._draws())

    def _places(self) -> int:
        return padded(self.most, self._tile())

    def _first(self, state: Items, streams: Stream, truth: Categorical, n: Any) -> tuple[Any, Any]:
        """Items of generation 1, and `labels`."""
        guide = Guide.of(truth.probabilities)
        under, tile = streams.expand(), self._tile()

        def draw(i: Any, labels: Any) -> Any:
            slot = i * tile + jnp.arange(tile)
            label = guide.locate(uniform(under.words(slot[None]), jnp.float64))
            return put(labels, label.astype(labels.dtype), i)

        labels = state.labels if self.living else state.items
        labels = jax.lax.fori_loop(0, (n + tile - 1) // tile, draw, labels)
        if not self.living:
            return labels, None
        return self._shared_places(labels).astype(state.items.dtype), labels

    def _shared_places(self, labels: Any) -> Any:
        """Of every place the last one with the same label."""
        place = jnp.arange(labels.shape[1], dtype=jnp.int32)

        def chain(last: Any, label: Any) -> tuple[Any, Any]:
            last = last.at[label].max(place, mode="promise_in_bounds")
            shared = last.at[label].get(mode="promise_in_bounds")
            return last.at[label].set(0, mode="promise_in_bounds"), shared

        return jax.lax.scan(chain, jnp.zeros(self.categories, jnp.int32), labels)[1]

    def _copied(self, state: Items, streams: Stream, n: Any) -> Any:
        chains, places = state.items.shape
        under, tile, draws = streams.expand(), self._tile(), self._draws()
        part = tile // draws
        before = state.items.reshape(-1)
        base = (jnp.arange(chains, dtype=jnp.int32) * places)[:, None]

        def draw(i: Any, items: Any) -> Any:
            slot = i * part + jnp.arange(part)
            # As one number, and written to memory: each hash is read by several draws.
            word = once(i, lambda: joined_words(under.words(slot[None])))
            for j, index in enumerate(below_each(split_words(word), state.count, draws)):
                copied = before.at[base + index].get(mode="promise_in_bounds")
                items = put(items, copied, i * draws + j)
            return items

        return jax.lax.fori_loop(0, (n + tile - 1) // tile, draw, jnp.zeros_like(state.items))
