r"""Symmetric matrices as $U\,\mathrm{diag}(e^{p})\,U^\top$ with $U$ unit lower triangular."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

#: A pivot counts as zero below `d * eps**NOISE`, in coordinates in which the matrix is of order one: above
#: the squares of rounding errors, below what chance makes of a pivot in a million draws.
NOISE = 1.6


def product(left: Any, right: Any) -> Any:
    """The matrix product in full precision: GPUs would round the factors to ten bits."""
    return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)


def below(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """The part strictly below the diagonal."""
    return jnp.tril(matrix, -1)


def unit(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """The part below the diagonal, with ones on it."""
    return below(matrix) + jnp.eye(matrix.shape[0], dtype=matrix.dtype)


def scaled(
    factor: Float[Array, "d d"], rows: Float[Array, " d"], columns: Float[Array, " d"]
) -> Float[Array, "d d"]:
    r"""$F_{kj}e^{(r_k-c_j)/2}$ on and below the diagonal, zero above, for finite $r$ and $c$."""
    lower = jnp.tril(jnp.ones(factor.shape, bool))
    # Above the diagonal the exponential might overflow, and zero times infinity is no number.
    return factor * jnp.exp(jnp.where(lower, rows[:, None] - columns, 0) / 2)


def inverse_times(factor: Float[Array, "d d"], other: Float[Array, "d m"]) -> Float[Array, "d m"]:
    r"""$U^{-1}B$ for unit lower triangular U, row by row.

    JAX's own solver leaves XLA for LAPACK, matrix by matrix; there two threads were seen to wait for
    each other for ever."""

    def row(i: Any, solved: Any) -> Any:
        known = jnp.where(jnp.arange(len(solved)) < i, factor[i], 0)
        return solved.at[i].add(-(known[:, None] * solved).sum(axis=0))

    return jax.lax.fori_loop(1, factor.shape[0], row, other)


def widest(*arrays: Any) -> tuple[Any, ...]:
    """The arrays in 64 bits where JAX computes in them: sums of squares cancel when decomposed."""
    return tuple(jnp.asarray(x, jnp.result_type(float)) for x in arrays)


def decompose(
    matrix: Float[Array, "d d"], allowed: Bool[Array, " d"], dtype: Any
) -> tuple[Float[Array, "d d"], Float[Array, " d"]]:
    r"""$U$ and $p$ of a positive semidefinite matrix whose diagonal is of order one or smaller, made of
    numbers of type `dtype`, which the results are too.

    Pivots that are not `allowed`, or that rounding alone may have made, are $-\infty$, with zeros
    below them in $U$.
    """
    d = matrix.shape[0]
    rows = jnp.arange(d)
    least = d * float(jnp.finfo(dtype).eps) ** NOISE

    def eliminate(j: Any, state: Any) -> Any:
        rest, factor, pivots = state
        pivot = rest[j, j]
        alive = allowed[j] & (pivot > least)
        column = jnp.where(alive & (rows > j), rest[:, j] / jnp.where(alive, pivot, 1), 0)
        rest = rest - pivot * column[:, None] * column
        return rest, factor.at[:, j].add(column), pivots.at[j].set(jnp.where(alive, pivot, 0))

    start = (matrix, jnp.eye(d, dtype=matrix.dtype), jnp.zeros(d, matrix.dtype))
    _, factor, pivots = jax.lax.fori_loop(0, d, eliminate, start)
    return factor.astype(dtype), jnp.log(pivots).astype(dtype)
