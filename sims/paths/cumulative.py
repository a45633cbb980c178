"""Few Gaussian chains over many generations: all generations of a stretch at once, by running sums."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from modelcollapse.sims.paths.abstract import AbstractPath, Observe
from modelcollapse.sims.paths.gaussian import FIRST_WORDS
from modelcollapse.sims.samplers import quantile_map
from modelcollapse.sims.samplers.normals import normals
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Gaussian

#: Chain-generations of a stretch, and of a whole block.
_STRETCH, _MOST = 2**14, 2**24


class GaussianCumulative(AbstractPath):
    r"""Under replace $\log\sigma_t^2$ is a running sum of independent steps, and $\mu_t$ one of
    $\sigma_{s-1}Z_s/\sqrt{n_s}$.

    The draws are those of [`GaussianStatistics`][] in 32 bits, so both give the same chains up to
    rounding. This one keeps all generations in memory and makes few large steps, for devices on which
    a step costs more than its arithmetic."""

    generations: int
    degree: int = quantile_map.DEGREE

    @staticmethod
    def serves(chains: int, synthetic: np.ndarray) -> bool:
        """True if chains are few, generations many, and no batch too small for the polynomial."""
        generations = synthetic.size
        fits = max(16, chains) * generations <= _MOST
        return chains <= 256 < generations and fits and synthetic.min() > quantile_map.LEAST

    def bytes_per_chain(self) -> int:
        return 8 * self.generations + 64 * _STRETCH // 16

    def width(self, chains: int) -> int:
        return max(16, 1 << (chains - 1).bit_length())

    def prepare(self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray) -> Any:
        """The polynomials of all generations."""
        return quantile_map.coefficients(np.maximum(synthetic - 1, 0), self.degree)

    def trace(
        self,
        streams: Stream,
        truth: Gaussian,
        regime: AbstractRegime,
        sizes: tuple[Int[Array, " generations"], Int[Array, " generations"]],
        prepared: Any,
        record: tuple[Int[Array, " recorded"], Int[Array, " recorded"]],
        observe: Observe,
        kept: Any,
    ) -> tuple[Any, Any]:
        chains = streams.key0.shape[0]
        length = max(1, _STRETCH // chains)
        stretches = -(-self.generations // length)

        def stretch(start: Any, carry: Any) -> Any:
            mean, log_variance, path = carry
            t = start * length + 1 + jnp.arange(length)
            here = jnp.minimum(t, sizes[1].shape[0] - 1)
            # Beyond the last generation there are no draws; nothing looks at what comes of it.
            n = jnp.maximum(sizes[1][here], 2).astype(jnp.float64)[:, None]
            z, other = normals(streams.words(t[:, None], FIRST_WORDS), jnp.float32)
            shift = jnp.log1p(-1 / n) if truth.estimator == "mle" else jnp.zeros_like(n)
            polynomial = prepared[here].T[..., None]
            step = quantile_map.log_mean_chi_square(other, polynomial) + shift.astype(jnp.float32)
            after = jnp.cumsum(step, axis=0) + log_variance
            before = jnp.concatenate([log_variance[None], after[:-1]])
            moves = jnp.exp(before / 2) * z / jnp.sqrt(n).astype(jnp.float32)
            means = jnp.cumsum(moves, axis=0) + mean
            path = jax.lax.dynamic_update_slice_in_dim(
                path, jnp.stack([means, after], axis=1), start * length, axis=0
            )
            return means[-1], after[-1], path

        first = [jnp.full(chains, x, jnp.float32) for x in (truth.mean, truth.log_variance)]
        path = jnp.zeros((stretches * length, 2, chains), jnp.float32)
        needed = (record[0][-1] + length - 1) // length
        *_, path = jax.lax.fori_loop(0, needed, stretch, (*first, path))

        def look(kept: Any, here: Any) -> Any:
            t, slot = here
            mean, log_variance = jnp.where(t == 0, jnp.stack(first), path[jnp.maximum(t, 1) - 1])
            model = Gaussian(mean, log_variance=log_variance, estimator=truth.estimator)
            return observe(kept, slot, lambda: (model, model))

        return jax.lax.scan(look, kept, record)
