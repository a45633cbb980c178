"""Categorical chains under replace, for those who only ask which labels are alive."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractPath, Observe
from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.occupancy import occupied
from modelcollapse.sims.samplers.presence import present
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Categorical

_BACK, _TYPE = 3, 4


class CategoricalSurvivors(AbstractPath):
    r"""The labels alive at generation t are those of the ancestors that its draws have in the first
    sample, and these ancestors' labels are independent draws from the truth.

    So only the *number* of ancestors is followed back, generation by generation: the number of boxes
    occupied by as many balls. Exact in law at each generation, for any schedule, and as good as free
    of n. **Generations are independent of one another**; models are uniform on the labels alive."""

    categories: int

    def bytes_per_chain(self) -> int:
        return 32 * self.categories

    def bytes_per_block(self) -> int:
        # The guide to the truth.
        return 40 * self.categories

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
            alive = present(own.fold(0, _TYPE), ancestors, truth.probabilities, guide)
            alive = jnp.where(t == 0, truth.probabilities > 0, alive)
            share = 1 / alive.sum(axis=1, keepdims=True)
            model = Categorical(jnp.where(alive, share, 0.0))
            return observe(kept, slot, lambda: (model, model))

        return jax.lax.scan(look, kept, record)
