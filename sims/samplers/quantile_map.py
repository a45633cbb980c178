r"""Chi-square draws as a polynomial in one normal.

All chains of a generation share their degrees of freedom $\nu$, so $\log(\chi^2_\nu/\nu)$ is one monotone
function of a normal, $g_\nu(z)=\log(F_\nu^{-1}(\Phi(z))/\nu)$. Here it is expanded in Chebyshev polynomials over
every z that a 32-bit normal takes, once on the host, to the degree that the least $\nu$ of a run asks for.
For $\nu\ge4$ the error is below 1e-6 standard deviations of $g$, less than the rounding of the float32 sum
(up to 4e-6); for $\nu=1,2,3$, where $g$ is not that
smooth, $Z^2$, $2E$ and $Z^2+2E$ with E exponential are exact.
"""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import special

from modelcollapse.sims.samplers.normals import REACH

#: Degrees of the polynomial, each with the least degrees of freedom that it serves.
_DEGREES = {50: 8, 15: 12, 4: 20}
DEGREE = max(_DEGREES.values())
#: Least degrees of freedom that it serves.
LEAST = 4
#: Beyond these SciPy's inverse loses digits in the tails, and a series has more than enough.
_SERIES_FROM = 1e5


def log_quantile(z: Any, degrees: float | int) -> np.ndarray:
    r"""$g_\nu(z)$ in float64.

    From $\nu=10^5$ the Cornish-Fisher series of the chi-square (Abramowitz & Stegun 26.2.49 with its
    cumulants), which is then good to 5e-12 standard deviations."""
    z = np.asarray(z, dtype=np.float64)
    if degrees < _SERIES_FROM:
        below = special.gammaincinv(degrees / 2, special.ndtr(np.minimum(z, 0)))
        above = special.gammainccinv(degrees / 2, special.ndtr(-np.maximum(z, 0)))
        return np.log(2 * np.where(z < 0, below, above) / degrees)
    r = np.sqrt(2 / degrees)
    excess = z + r * (z**2 - 1) / 3 + r**2 * (z**3 - 7 * z) / 36
    excess = excess - r**3 * (6 * z**4 + 14 * z**2 - 32) / 1620
    excess = excess + r**4 * (9 * z**5 + 256 * z**3 - 433 * z) / 38880
    return np.log1p(r * excess)


def degree(least: int) -> int:
    """The degree of polynomial that serves degrees of freedom from `least` on."""
    return next((of for serves, of in _DEGREES.items() if least >= serves), DEGREE)


@functools.lru_cache(maxsize=4096)
def _coefficients(degrees: int, of: int) -> np.ndarray:
    if degrees < LEAST:
        return np.zeros(of + 1, np.float32)
    nodes = np.polynomial.chebyshev.chebpts1(of + 1)
    series = np.polynomial.chebyshev.chebfit(nodes, log_quantile(REACH * nodes, degrees), of)
    powers = np.polynomial.chebyshev.cheb2poly(series).astype(np.float32)
    # Powers that do not enter at all are left out.
    return np.pad(powers, (0, of + 1 - len(powers)))


def coefficients(degrees: np.ndarray, of: int = DEGREE) -> np.ndarray:
    """The polynomials for whole degrees of freedom, shape `(...)`: float32, `(..., of + 1)`, lowest
    power first; zeros below `LEAST`."""
    different, place = np.unique(np.asarray(degrees, np.int64), return_inverse=True)
    table = np.stack([_coefficients(int(each), of) for each in different])
    return table[place].reshape(*np.shape(degrees), of + 1)


def log_mean_chi_square(
    z: Float[Array, "*chains"], polynomial: Float[Array, "powers ..."]
) -> Float[Array, "*chains"]:
    r"""$\log(\chi^2_\nu/\nu)$ from standard normals in float32 and one row of [`coefficients`][], or
    several rows, powers first, that broadcast against z."""
    x = z * jnp.float32(1 / REACH)
    value = jnp.broadcast_to(polynomial[-1], x.shape)
    for power in range(polynomial.shape[0] - 2, -1, -1):
        value = value * x + polynomial[power]
    return value
