"""Ratios of gamma functions that keep their digits for large and for complex arguments."""

from typing import Any

import jax
import jax.numpy as jnp

# B_{2k} / (2k (2k - 1)): at |z| >= 8 the first term left out is below 1e-16.
_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)
_SHIFT = 8


def _log1p(w: Any) -> Any:
    if not jnp.iscomplexobj(w):
        return jnp.log1p(w)
    real, imaginary = jnp.real(w), jnp.imag(w)
    modulus = 0.5 * jnp.log1p(2 * real + real**2 + imaginary**2)
    return jax.lax.complex(modulus, jnp.arctan2(imaginary, 1 + real))


def _correction(z: Any) -> Any:
    inverse_square = 1 / (z * z)
    value = jnp.zeros_like(z)
    for coefficient in reversed(_STIRLING):
        value = value * inverse_square + coefficient
    return value / z


def log_gamma_ratio(x: Any, q: Any) -> Any:
    r"""$\log\Gamma(x+q)-\log\Gamma(x)-q\log x$ for real $x>0$ and $\operatorname{Re}q>-x$.

    Stirling's series after a shift by eight, in differences, so that the result, of order
    $q^2/2x$, is not lost between two large logarithms. `x` and `q` broadcast; `q` may be complex.
    Not a number where $\operatorname{Re}q\le-x$.
    """
    x, q = jnp.asarray(x), jnp.asarray(q)
    y = x + _SHIFT
    shift = q * jnp.log1p(_SHIFT / x)
    for k in range(_SHIFT):
        shift = shift - _log1p(q / (x + k))
    series = (y + q - 0.5) * _log1p(q / y) - q
    return shift + series + _correction(y + q) - _correction(y)
