r"""Standard normals and exponentials by inversion, accurate relative to themselves in every tail.

A 32-bit word is a sign and a tail probability $p=(j+\frac12)/2^{32}$, $0\le j<2^{31}$. With $x=1-2p$ and
$w=-\log(4p(1-p))=-\log(1-x^2)$ the normal quantile is $x\,f(w)$, and f is smooth (Giles 2010): two
polynomials, fitted here for a relative error below 5e-8.
"""

from typing import Any

import jax
import jax.numpy as jnp

#: f in powers of w - 3 below w = 6, and of sqrt(w) - 3.55 from there to the end of the tail.
_SPLIT, _NEAR_CENTRE, _FAR_CENTRE = 6.0, 3.0, 3.55
_NEAR = (
    2.29603523, 0.341716883, -0.00811557855, -0.00118238367, 0.00027644528,
    -1.80414371e-05, -2.66626424e-06, 6.44290077e-07, -6.13047239e-09, -8.24027594e-09,
)  # fmt: skip
_FAR = (
    4.78833201, 1.42507769, 0.00422262596, -0.002641076, 0.00130032726,
    -0.000757381877, 0.000567490166, -0.000333060966, 5.09873026e-05, 2.53896241e-05,
)  # fmt: skip


def normals(words: tuple[Any, Any], dtype: Any) -> tuple[Any, ...]:
    """Standard normals by inverting the tail: a sign bit, and the rest of the word for the tail.

    In 32 bits each word gives one draw, so the pair is returned as two; in 64 bits both words make
    one draw. Relatively accurate from 3e-10 to |z| = 6.3 (32 bits) and to 8.3 (64 bits).
    """
    if jnp.dtype(dtype) == jnp.float32:
        return tuple(_normal32(word) for word in words)
    high, low = words
    negative = high >> jnp.uint32(31)
    top = (high & jnp.uint32(0x7FFFFFFF)).astype(jnp.float64) * 2.0**22
    tail = (top + (low >> jnp.uint32(10)).astype(jnp.float64) + 0.5) * 2.0**-54
    magnitude = -jax.scipy.special.ndtri(tail)
    return (jnp.where(negative == 1, -magnitude, magnitude),)


def exponential32(word: Any) -> Any:
    """A standard exponential in 32 bits, relatively accurate at both ends: -log u for the upper half
    of the words, -log(1 - u) for the lower."""
    tail = _tail(word)
    return jnp.where(word >> jnp.uint32(31) == 1, -jnp.log(tail), -jnp.log1p(-tail))


def _tail(word: Any) -> Any:
    # Converted as signed: unsigned integers take several instructions more.
    j = (word & jnp.uint32(0x7FFFFFFF)).astype(jnp.int32)
    return (j.astype(jnp.float32) + 0.5) * jnp.float32(2**-32)


def _normal32(word: Any) -> Any:
    tail = _tail(word)
    # 1 - 2 p from the integers: no digit is lost near the centre, and it is never zero.
    rest = (jnp.uint32(0x7FFFFFFF) - (word & jnp.uint32(0x7FFFFFFF))).astype(jnp.int32)
    x = (rest.astype(jnp.float32) + 0.5) * jnp.float32(2**-31)
    w = jnp.maximum(-jnp.log(4 * tail * (1 - tail)), 0)
    near = w < _SPLIT
    s = jnp.where(near, w - _NEAR_CENTRE, jnp.sqrt(w) - _FAR_CENTRE)
    f = jnp.zeros_like(s)
    for a, b in zip(reversed(_NEAR), reversed(_FAR), strict=True):
        f = f * s + jnp.where(near, jnp.float32(a), jnp.float32(b))
    # The sign bit of the word becomes that of the float.
    sign = jax.lax.bitcast_convert_type(word & jnp.uint32(0x80000000), jnp.float32)
    return jnp.copysign(x * f, sign)
