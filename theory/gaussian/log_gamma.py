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
# |s| < 0.053 leaves s^13 out, below 1e-16.
_TERMS = 6


def _log1p(w: Any) -> Any:
    if not jnp.iscomplexobj(w):
        return jnp.log1p(w)
    real, imaginary = jnp.real(w), jnp.imag(w)
    modulus = 0.5 * jnp.log1p(2 * real + real**2 + imaginary**2)
    return jax.lax.complex(modulus, jnp.arctan2(imaginary, 1 + real))


def _log1p_less(w: Any) -> Any:
    """log(1 + w) - w, of order w^2, for small w by the series in s = w / (2 + w)."""
    near = jnp.abs(w) < 0.1
    small = jnp.where(near, w, 0.0)
    s = small / (2 + small)
    series = jnp.zeros_like(s)
    for k in reversed(range(_TERMS)):
        series = series * s * s + 1 / (2 * k + 3)
    return jnp.where(near, 2 * s**3 * series - s * small, _log1p(w) - w)


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
    # (y + q - 1/2) log(1 + q/y) - q, which is small beside q when x is large.
    series = y * _log1p_less(q / y) + (q - 0.5) * _log1p(q / y)
    return shift + series + _correction(y + q) - _correction(y)


def digamma_less_log(x: Any) -> Any:
    r"""$\psi(x)-\log x$ for real $x>0$, about $-1/2x$, without the loss of its digits for large x.

    The derivative of Stirling's series, after a shift by eight where x is below 32."""
    x = jnp.asarray(x)
    small = x < 32
    # Each branch is given an argument at which it is harmless.
    low = jnp.where(small, x, 1.0)
    shift = jnp.log1p(_SHIFT / low) - sum(1 / (low + k) for k in range(_SHIFT))
    y = jnp.where(small, low + _SHIFT, x)
    inverse_square = 1 / (y * y)
    value = jnp.zeros_like(y)
    for k, coefficient in reversed(list(enumerate(_STIRLING))):
        value = value * inverse_square + (2 * k + 1) * coefficient
    return jnp.where(small, shift, 0.0) - 0.5 / y - value * inverse_square
