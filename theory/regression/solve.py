"""Small linear systems, one for each chain: positive definite ones, and triangular factors.

In plain arithmetic, across chains: LAPACK's batched kernels wait for one another when several blocks
run at a time on a CPU.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

#: Up to this order sums are written out, so that they run across chains at a time.
_UNROLLED = 8


def solve(matrix: Float[Array, "p p"], right: Float[Array, " p"]) -> Float[Array, " p"]:
    """The solution of `matrix @ x = right` for a positive definite matrix; not a number if it is
    singular."""
    order = right.shape[-1]
    if order > _UNROLLED:
        return _eliminated(matrix, right)
    rows: list[list[Any]] = [[matrix[i, j] for j in range(i + 1)] for i in range(order)]
    x: list[Any] = [right[i] for i in range(order)]
    for i in range(order):
        for j in range(i):
            rows[i][j] = (rows[i][j] - _dot(rows[i], rows[j], j)) / rows[j][j]
        rows[i][i] = jnp.sqrt(rows[i][i] - _dot(rows[i], rows[i], i))
        x[i] = (x[i] - _dot(rows[i], x, i)) / rows[i][i]
    return jnp.stack(_backward(rows, x))


def solve_transposed(factor: Float[Array, "p p"], right: Float[Array, " p"]) -> Float[Array, " p"]:
    """The solution of `factor.T @ x = right` for a lower triangular factor."""
    order = right.shape[-1]
    if order > _UNROLLED:
        index = jnp.arange(order)

        def use(i: Any, x: Any) -> Any:
            place = order - 1 - i
            value = x[place] / factor[place, place]
            return jnp.where(
                index == place, value, x - jnp.where(index < place, factor[place] * value, 0)
            )

        return jax.lax.fori_loop(0, order, use, right)
    rows = [[factor[i, j] for j in range(i + 1)] for i in range(order)]
    return jnp.stack(_backward(rows, [right[i] for i in range(order)]))


def cholesky(matrix: Float[Array, "p p"]) -> Float[Array, "p p"]:
    """The lower triangular factor of a positive definite matrix."""
    index = jnp.arange(matrix.shape[-1])

    def use(k: Any, carry: Any) -> Any:
        left, factor = carry
        column = jnp.where(index >= k, left[:, k], 0) / jnp.sqrt(left[k, k])
        return left - column[:, None] * column, jnp.where(index == k, column[:, None], factor)

    return jax.lax.fori_loop(0, index.size, use, (matrix, jnp.zeros_like(matrix)))[1]


def gram(factor: Float[Array, "p p"]) -> Float[Array, "p p"]:
    """`factor @ factor.T` for a lower triangular factor."""
    order = factor.shape[-1]
    if order > _UNROLLED:
        return jnp.matmul(factor, factor.T, precision=jax.lax.Precision.HIGHEST)
    rows = [[factor[i, j] for j in range(i + 1)] for i in range(order)]
    return jnp.stack(
        [
            jnp.stack([_dot(rows[i], rows[j], min(i, j) + 1) for j in range(order)])
            for i in range(order)
        ]
    )


def _eliminated(matrix: Any, right: Any) -> Any:
    """Gauss and Jordan's elimination, which takes no pivoting if the matrix is positive definite."""
    index = jnp.arange(right.shape[-1])

    def use(k: Any, rows: Any) -> Any:
        pivot = rows[k] / rows[k, k]
        cleared = rows - rows[:, k][:, None] * pivot
        return jnp.where((index == k)[:, None], pivot, cleared)

    joined = jnp.concatenate([matrix, right[:, None]], axis=1)
    return jax.lax.fori_loop(0, index.size, use, joined)[:, -1]


def _backward(rows: list[list[Any]], x: list[Any]) -> list[Any]:
    for i in reversed(range(len(x))):
        below = sum(rows[j][i] * x[j] for j in range(i + 1, len(x)))
        x[i] = (x[i] - below) / rows[i][i]
    return x


def _dot(a: Any, b: Any, length: int) -> Any:
    return sum(a[k] * b[k] for k in range(length))
