"""Categorical chains under replace, for those who only ask which labels are alive."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractPath, Observe
from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.multinomial import (
    groups_of,
    multinomial,
    padded,
    whole_weights,
)
from modelcollapse.sims.samplers.occupancy import occupied
from modelcollapse.sims.samplers.stream import Stream, uniform
from modelcollapse.theory import AbstractRegime, Categorical

_BACK, _TYPE = 3, 4
#: Draws a label from which on they are counted label by label, not made one by one.
_MANY = 0.5


class CategoricalSurvivors(AbstractPath):
    r"""The labels alive at generation t are those of the ancestors that its draws have in the first
    sample, and these ancestors' labels are independent draws from the truth.

    So only the *number* of ancestors is followed back, generation by generation: the number of boxes
    occupied by as many balls. Exact in law at each generation, for any schedule, and as good as free
    of n. **Generations are independent of one another**; models are uniform on the labels alive."""

    categories: int
    #: Most draws of generation 1.
    most: int

    def bytes_per_chain(self) -> int:
        return 64 * self.categories + 64 * self._lanes()

    def width(self, chains: int) -> int:
        """Chains to a block: a power of two, for `chains` chains in all."""
        most = max(1, 2**28 // self.bytes_per_chain())
        half = max(1, (chains + 1) // 2)
        return min(2**10, 1 << (most.bit_length() - 1), 1 << (half - 1).bit_length())

    def trace(
        self,
        streams: Stream,
        truth: Categorical,
        regime: AbstractRegime,
        sizes: tuple[Int[Array, " generations"], Int[Array, " generations"]],
        prepared: Any,
        record: tuple[Int[Array, " recorded"], Int[Array, " recorded"]],
        observe: Observe,
        kept: Any,
    ) -> tuple[Any, Any]:
        chains = streams.key0.shape[0]
        synthetic = sizes[1]
        guide = Guide.of(truth.probabilities)

        def look(kept: Any, here: Any) -> Any:
            t, slot = here
            own = streams.fold(t)

            def back(step: Any, ancestors: Any) -> Any:
                return occupied(own.fold(step, _BACK), ancestors, synthetic[t - step])

            first = jnp.full(chains, synthetic[t], jnp.float64)
            ancestors = jax.lax.fori_loop(1, t, back, first)
            alive = self._draw_types(ancestors, own.fold(0, _TYPE), truth, guide)
            alive = jnp.where(t == 0, truth.probabilities > 0, alive)
            share = 1 / alive.sum(axis=1, keepdims=True)
            model = Categorical(jnp.where(alive, share, 0.0))
            return observe(kept, slot, model, model)

        return jax.lax.scan(look, kept, record)

    def _lanes(self) -> int:
        return int(min(2**12, 1 << max(4, (self.most - 1).bit_length())))

    def _draw_types(self, ancestors: Any, streams: Stream, truth: Categorical, guide: Guide) -> Any:
        """Which labels `ancestors` independent draws from the truth bring, chain by chain."""
        many = ancestors > _MANY * self.categories
        few = self._one_by_one(jnp.where(many, 0, ancestors), streams, guide)
        return jax.lax.cond(
            jnp.any(many),
            lambda: few | self._by_counts(jnp.where(many, ancestors, 0), streams, truth),
            lambda: few,
        )

    def _by_counts(self, ancestors: Any, streams: Stream, truth: Categorical) -> Any:
        groups = groups_of(self.categories)
        places = padded(self.categories, groups)
        row = jnp.zeros(places).at[: self.categories].set(whole_weights(truth.probabilities))
        weights = jnp.broadcast_to(row[:, None], (places, ancestors.shape[0]))
        drawn = multinomial(streams, ancestors, weights, places // groups, groups)
        return drawn.T[:, : self.categories] > 0

    def _one_by_one(self, ancestors: Any, streams: Stream, guide: Guide) -> Any:
        lanes = self._lanes()
        place = jnp.arange(lanes)

        def chain(inputs: Any) -> Any:
            count, stream = inputs

            def draw(i: Any, alive: Any) -> Any:
                item = i * lanes + place
                label = guide.locate(uniform(stream.words(item), jnp.float64)[None])[0]
                label = jnp.where(item < count, label, self.categories)
                return alive.at[label].set(True, mode="drop")

            dead = jnp.zeros(self.categories, bool)
            return jax.lax.fori_loop(0, (count + lanes - 1) // lanes, draw, dead)

        return jax.lax.map(chain, (ancestors.astype(jnp.int32), streams))
