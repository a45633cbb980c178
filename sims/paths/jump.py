"""Gaussian chains under replace without their history: the log-variance of a generation in one draw."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int
from scipy import special

from modelcollapse.sims.paths.abstract import AbstractPath, Observe
from modelcollapse.sims.samplers.memory import once
from modelcollapse.sims.samplers.normals import REACH, normals
from modelcollapse.sims.samplers.quantile_map import log_mean_chi_square as evaluate
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractRegime, Gaussian
from modelcollapse.theory.gaussian import log_variance

_DEGREE = 20
#: Largest error of the polynomial, in standard deviations of the log-variance.
_TOLERANCE = 5e-6
_TAG = 3


class GaussianJump(AbstractPath):
    r"""$\log(\sigma_t^2/\sigma_0^2)=F_t^{-1}(\Phi(Z))$ with the exact law $F_t$ of t steps at once.

    The quantile function is a polynomial in the normal Z, worked out on the host; what a chain costs
    does not depend on t. **Generations are independent of one another**, and means are not drawn."""

    estimator: str

    def bytes_per_chain(self) -> int:
        return 64

    def width(self, chains: int) -> int:
        return min(2**16, max(16, 1 << (chains - 1).bit_length()))

    def prepare(self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray) -> Any:
        """The polynomial of each recorded generation."""
        sizes = tuple(int(n) for n in synthetic[1 : max(2, recorded.max() + 1)])
        n = sizes[0] if len(set(sizes)) == 1 else sizes
        rows = {int(t): _quantile_polynomial(n, int(t), self.estimator) for t in recorded}
        return np.stack([rows[int(t)] for t in recorded])

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
        def look(kept: Any, here: Any) -> Any:
            t, slot, polynomial = here

            def jump() -> Any:
                z, _ = normals(streams.words(t, _TAG), jnp.float32)
                return truth.log_variance + evaluate(z, polynomial)

            log_variance = once(t, jump)
            model = Gaussian(
                jnp.full_like(log_variance, jnp.nan),
                log_variance=log_variance,
                estimator=truth.estimator,
            )
            return observe(kept, slot, lambda: (model, model))

        return jax.lax.scan(look, kept, (*record, prepared))


@functools.lru_cache(maxsize=1024)
def _quantile_polynomial(n: Any, t: int, estimator: str) -> np.ndarray:
    """$z\\mapsto F_t^{-1}(\\Phi(z))$ in powers of z / `REACH`, lowest first, float32.

    `ValueError` where a polynomial does not serve: few generations of fewer than five draws."""
    if t == 0:
        return np.zeros(_DEGREE + 1, np.float32)
    nodes = np.polynomial.chebyshev.chebpts1(_DEGREE + 1)
    between = (nodes[1:] + nodes[:-1]) / 2
    level = special.ndtr(REACH * np.concatenate([nodes, between]))
    value = log_variance.quantile(level, n, t, estimator=estimator)
    series = np.polynomial.chebyshev.chebfit(nodes, value[: nodes.size], _DEGREE)
    error = np.abs(np.polynomial.chebyshev.chebval(between, series) - value[nodes.size :]).max()
    deviation = float(np.sqrt(log_variance.cumulant(n, t, 2)))
    if error > _TOLERANCE * deviation:
        raise ValueError(
            f"`path='jump'` does not reach generation {t} accurately with as few draws a generation as "
            f"{np.min(n)}: it takes five from generation 1 on, or later generations; use "
            "path='statistic'."
        )
    powers = np.polynomial.chebyshev.cheb2poly(series).astype(np.float32)
    return np.pad(powers, (0, _DEGREE + 1 - powers.size))
