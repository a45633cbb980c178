r"""Standard normals and exponentials from counter-addressed words, accurate in every tail.

In 32 bits a pair of words makes a pair of normals (G. E. P. Box and M. E. Muller, Ann. Math. Statist. 29,
1958): $R=\sqrt{-2\log u}$ from the first word, $u=(j+\frac12)/2^{31}$, and the angle from all bits of the
second, by its quarter turn and polynomials for sine and cosine within it. One logarithm serves both
normals. In 64 bits both words make one draw by inverting the tail.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

#: Largest normal that 32 bits give: the radius at the smallest u.
REACH = 6.67
#: sin x = x S(x^2) and cos x = C(x^2) for |x| <= pi/4: as float32, within 9e-9 and 2e-10 of themselves.
_SINE = (1.0, -0.166666546, 0.00833216073, -0.000195152792)
_COSINE = (1.0, -0.5, 0.0416666457, -0.00138873162, 2.44331502e-05)
#: Radii below are never drawn: u in 32 bits is then at most the float below 1.
_BELOW_ONE = np.float32(1 - 2**-24)


def normals(words: tuple[Any, Any], dtype: Any) -> tuple[Any, ...]:
    """Standard normals: two from a pair of words in 32 bits, one in 64 bits.

    Tails reach 6.66 in 32 bits and 8.3 in 64, accurate to 5e-7 and 1e-14 of themselves. In 32 bits
    u near one is a multiple of 2**-24, so a small radius R is off by up to 4e-8 / R, and the smallest,
    of probability 1e-7, by as much as itself.
    """
    if jnp.dtype(dtype) == jnp.float32:
        return _pair32(*words)
    high, low = words
    negative = high >> jnp.uint32(31)
    top = (high & jnp.uint32(0x7FFFFFFF)).astype(jnp.float64) * 2.0**22
    tail = (top + (low >> jnp.uint32(10)).astype(jnp.float64) + 0.5) * 2.0**-54
    magnitude = -jax.scipy.special.ndtri(tail)
    return (jnp.where(negative == 1, -magnitude, magnitude),)


def exponential32(word: Any) -> Any:
    """A standard exponential in 32 bits, -log v, accurate to 2e-7 of itself at both ends; its
    distribution function has steps of 2**-31."""
    j = word >> jnp.uint32(1)
    u, v = _fraction(j), _fraction(jnp.uint32(0x7FFFFFFF) - j)
    # v is rounded, to a multiple of 2**-24 near one; u = 1 - v knows what that left out.
    return ((v - 1) + u) - jnp.log(v)


def _fraction(j: Any) -> Any:
    """(j + 1/2) / 2**31 for j below 2**31."""
    # Converted as signed: unsigned integers take several instructions more.
    return (j.astype(jnp.int32).astype(jnp.float32) + 0.5) * jnp.float32(2**-31)


def _pair32(first: Any, second: Any) -> tuple[Any, Any]:
    u = jnp.minimum(_fraction(first >> jnp.uint32(1)), _BELOW_ONE)
    radius = jnp.sqrt(-2 * jnp.log(u))
    # The two highest bits are the quarter turn; the others, as a signed number, the angle within.
    quarter = second >> jnp.uint32(30)
    within = jax.lax.bitcast_convert_type(second << jnp.uint32(2), jnp.int32)
    x = (within.astype(jnp.float32) + 2) * jnp.float32(np.pi * 2**-33)
    square = x * x
    sine, cosine = x * _polynomial(square, _SINE), _polynomial(square, _COSINE)
    odd = (quarter & jnp.uint32(1)) == 1
    cosine, sine = jnp.where(odd, sine, cosine), jnp.where(odd, cosine, sine)
    cosine = _negated(cosine, (quarter + jnp.uint32(1)) & jnp.uint32(2))
    return radius * cosine, radius * _negated(sine, quarter & jnp.uint32(2))


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    value = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + jnp.float32(coefficient)
    return value


def _negated(value: Any, two: Any) -> Any:
    """`value`, with the other sign where `two` is 2 and not 0."""
    bits = jax.lax.bitcast_convert_type(value, jnp.uint32) ^ (two << jnp.uint32(30))
    return jax.lax.bitcast_convert_type(bits, jnp.float32)
