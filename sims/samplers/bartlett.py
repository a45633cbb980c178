r"""Sample means and covariances of standard normal draws in d dimensions, without the draws.

For n draws from $N_d(0,I)$ the mean is $Z/\sqrt n$ and, independently of it, the ML covariance is
$AA^\top/n$ with a lower triangular A (Bartlett 1933): $A_{kj}$ standard normal below the diagonal,
$A_{jj}^2$ chi-square with $n-1-j$ degrees of freedom, $j=0,\dots,d-1$, all independent. From
$n\le d$ draws the columns $j\ge n-1$ are zero. That is a Cholesky factor as it stands, so none has
to be computed, and its diagonal is the law of the pivots.

Of generation t, slots `first..first + d - 1` give the mean, and in 32 bits the pivots by the second
word of each hash; the next d what else the pivots need; and those from `first + 2 d` on the rest.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from modelcollapse.sims.samplers import quantile_map
from modelcollapse.sims.samplers.chi_square import log_mean_square
from modelcollapse.sims.samplers.memory import once, packed, unpacked
from modelcollapse.sims.samplers.normals import exponential32, normals
from modelcollapse.sims.samplers.stream import Stream

#: First slots of a generation's synthetic and of its real batch; slot 0 is the generation's own stream.
SYNTHETIC, REAL = 1, 2**31


def coefficients(sizes: np.ndarray, dimension: int, degree: int) -> np.ndarray:
    """The polynomials of all pivots for samples of these sizes: `(generations, d, degree + 1)`."""
    degrees = sizes[:, None] - 1 - np.arange(dimension)
    return quantile_map.coefficients(np.maximum(degrees, 0), degree)


def standard(streams: Stream, t: Any, slots: Any, dtype: Any) -> tuple[Any, ...]:
    """Standard normals at the slots of generation t: two arrays in 32 bits, one in 64."""

    words = streams.words(t, np.asarray(slots, np.uint32))
    return unpacked(once(t, lambda: packed(normals(words, dtype))))


def mean_and_pivots(
    streams: Stream,
    t: Any,
    n: Any,
    first: int,
    polynomials: Any,
    *,
    dimension: int,
    dtype: Any,
    small: bool,
) -> tuple[Float[Array, "d chains"], Float[Array, "d chains"]]:
    r"""$Z/\sqrt n$, and $\log(A_{jj}^2/n)$, which is $-\infty$ for $j\ge n-1$.

    `polynomials` are the generation's, used in 32 bits only; `small` says whether there may be fewer
    than `quantile_map.LEAST` degrees of freedom. `streams` have shape `(chains,)`.
    """
    n = n.astype(jnp.float64)
    slots = (first + np.arange(dimension))[:, None]
    mean, *other = standard(streams, t, slots, dtype)
    mean = mean * jnp.where(n > 0, 1 / jnp.sqrt(jnp.maximum(n, 1)), 0).astype(dtype)
    degrees = n - 1 - jnp.arange(dimension)[:, None]
    if jnp.dtype(dtype) == jnp.float64:
        apart = Stream(*streams.words(t, np.asarray(slots + dimension, np.uint32)))
        return mean, log_mean_square(apart, n, degrees, 0)

    def pivots() -> Any:
        value = jax.vmap(quantile_map.log_mean_chi_square)(other[0], polynomials)
        if small:
            word, _ = streams.words(t, np.asarray(slots + dimension, np.uint32))
            few = _few(other[0], word, degrees)
            value = jnp.where(degrees < quantile_map.LEAST, few, value)
        shift = jnp.log(jnp.maximum(degrees, 0) / jnp.maximum(n, 1)).astype(jnp.float32)
        return jnp.where(degrees < 1, -jnp.inf, value + shift)

    return mean, once(t, pivots)


def _few(normal: Any, word: Any, degrees: Any) -> Any:
    r"""$\log(\chi^2_\nu/\nu)$ for $\nu=1,2,3$, of a normal and an exponential."""
    square = jnp.where(degrees == 2, 0, normal**2)
    square = square + jnp.where(degrees == 1, 0, 2 * exponential32(word))
    return jnp.log(square) - jnp.log(jnp.clip(degrees, 1, 3)).astype(jnp.float32)


def below_diagonal(
    streams: Stream, t: Any, first: int, *, dimension: int, dtype: Any
) -> Float[Array, "pairs chains"]:
    """The normals below the diagonal, row by row."""
    count = dimension * (dimension - 1) // 2
    hashes = -(-count // 2) if jnp.dtype(dtype) == jnp.float32 else count
    slots = (first + 2 * dimension + np.arange(hashes))[:, None]
    return jnp.concatenate(standard(streams, t, slots, dtype))[:count]


def blocks(
    streams: Stream, t: Any, first: int, *, dimension: int, dtype: Any
) -> tuple[Float[Array, "chains h h"], Float[Array, "chains r h"], Float[Array, "chains r r"]]:
    r"""The normals below the diagonal of a matrix that is zero elsewhere, in three blocks: the first
    $h=\lfloor d/2\rfloor$ coordinates, the other $r=d-h$ by them, and the others.

    Both blocks on the diagonal share one square of numbers, whose two triangles they are."""
    half = dimension // 2
    rest = dimension - half
    slots = first + 2 * dimension + np.arange(rest**2).reshape(rest, rest)
    wide = Stream(streams.key0[:, None, None], streams.key1[:, None, None])
    if jnp.dtype(dtype) == jnp.float32:
        shared, across = standard(wide, t, slots, dtype)
    else:
        (shared,), (across,) = (standard(wide, t, slots + k * rest**2, dtype) for k in (0, 1))
    upper = jnp.tril(shared[:, :half, :half], -1)
    return upper, across[:, :, :half], jnp.tril(jnp.swapaxes(shared, 1, 2), -1)


def joined(upper: Any, across: Any, lower: Any) -> Float[Array, "chains d d"]:
    """The lower triangular matrices of three blocks."""
    above = jnp.pad(upper, ((0, 0), (0, 0), (0, lower.shape[-1])))
    return jnp.concatenate([above, jnp.concatenate([across, lower], axis=2)], axis=1)
