"""Categorical chains under replace, drawn backwards: only the generations wanted are computed."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractPath, Observe
from modelcollapse.sims.samplers.ancestors import Lineages, merge
from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.multinomial import padded, tile, tiles
from modelcollapse.sims.samplers.stream import Stream, uniform
from modelcollapse.theory import AbstractRegime, Categorical

_BACK, _TYPE = 1, 2


class CategoricalAncestors(AbstractPath):
    r"""Follows the draws of each wanted generation back to the first sample, and types them there.

    Exact in law at each generation, for any schedule. **Generations are independent of one another**,
    so nothing that compares two of them means anything here. A generation costs about
    $2n\ln t$ lineages, whatever the number of labels."""

    categories: int
    #: Most draws of a generation.
    most: int

    def bytes_per_chain(self) -> int:
        return 8 * padded(self.most, self._lanes(1)) + 48 * self.categories

    def width(self, chains: int) -> int:
        """Chains to a block: a power of two, for `chains` chains in all."""
        work = max(min(self.most, 2**14), min(self.categories, 2**14) // 16, 4)
        half = max(1, (chains + 1) // 2)
        return min(2**14 // (1 << (work - 1).bit_length()), 1 << (half - 1).bit_length())

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
        dense = jnp.broadcast_to(truth.probabilities, (chains, self.categories))

        def look(kept: Any, here: Any) -> Any:
            t, slot = here
            lineages = self._trace_back(streams.fold(t), synthetic, t)
            counts = self._draw_types(lineages, streams.fold(t).fold(0, _TYPE), guide)
            fitted = counts / jnp.maximum(synthetic[t], 1)
            model = Categorical(jnp.where(t == 0, dense, fitted))
            return observe(kept, slot, lambda: (model, model))

        return jax.lax.scan(look, kept, record)

    def _lanes(self, chains: int) -> int:
        return padded(min(self.most, max(1, 2**14 // chains)), 32)

    def _trace_back(self, streams: Stream, sizes: Any, t: Any) -> Lineages:
        chains = streams.key0.shape[0]
        lanes = self._lanes(chains)

        def back(step: Any, lineages: Lineages) -> Lineages:
            return merge(lineages, streams.fold(step, _BACK), sizes[t - step], lanes)

        first = Lineages.of(sizes[t], chains, padded(self.most, lanes))
        return jax.lax.fori_loop(1, t, back, first)

    def _draw_types(self, lineages: Lineages, streams: Stream, guide: Guide) -> Any:
        chains = streams.key0.shape[0]
        lanes = self._lanes(chains)
        row = jnp.arange(chains)[:, None]
        under = streams.expand()

        def draw(i: Any, counts: Any) -> Any:
            place = i * lanes + jnp.arange(lanes)
            label = guide.locate(uniform(under.words(place[None]), jnp.float64))
            count = tile(lineages.descendants, i, lanes)
            return counts.at[row, label].add(count, mode="promise_in_bounds")

        counts = jnp.zeros((chains, self.categories), jnp.int32)
        return jax.lax.fori_loop(0, tiles(lineages.alive, lanes), draw, counts)
