"""Singular values by plane rotations, in products and sums alone."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def singular_values(matrix: Float[Array, "d d"]) -> Float[Array, " d"]:
    r"""The singular values, in no order, by one-sided Jacobi rotations (Hestenes 1958).

    A sweep makes every pair of columns orthogonal once, half of all columns at a time in the order of a
    round-robin tournament; at the end the lengths of the columns are the singular values. After so many
    sweeps their sum is right to 25 roundings, for matrices of any rank and for columns that differ by
    many orders of magnitude (measured up to d = 100). Work grows as $d^3\log d$.

    JAX's own routine leaves XLA for LAPACK, where two threads were seen to wait for each other for ever.
    """
    d = matrix.shape[0]
    half = (d + 1) // 2
    players = np.arange(2 * half)
    # The first column keeps its place, the others move up by one.
    order = np.concatenate([players[:1], np.roll(players[1:], 1)])
    largest = jnp.abs(matrix).max()
    scale = jnp.where(largest > 0, largest, 1)
    columns = jnp.pad(matrix.T / scale, ((0, 2 * half - d), (0, 0)))

    def rotate(_: Any, columns: Any) -> Any:
        one, other = columns[:half], columns[half:][::-1]
        gap = (other**2).sum(axis=1) - (one**2).sum(axis=1)
        twice = 2 * (one * other).sum(axis=1)
        length = jnp.abs(gap) + jnp.sqrt(gap**2 + twice**2)
        tangent = jnp.where(gap < 0, -twice, twice) / jnp.where(length > 0, length, 1)
        cosine = (1 / jnp.sqrt(1 + tangent**2))[:, None]
        sine = tangent[:, None] * cosine
        turned = [cosine * one - sine * other, (sine * one + cosine * other)[::-1]]
        return jnp.concatenate(turned)[order]

    sweeps = 2 + 2 * (d - 1).bit_length()
    columns = jax.lax.fori_loop(0, sweeps * (2 * half - 1), rotate, columns)
    return scale * jnp.sqrt((columns**2).sum(axis=1))[:d]
