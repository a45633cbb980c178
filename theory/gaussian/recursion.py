"""Affine recursions for a pair of moments, one compiled program for all of them."""

from typing import Any

import jax
import jax.numpy as jnp


def _advance(state: Any, step: Any) -> tuple[Any, Any]:
    matrix, shift = step
    state = matrix @ state + shift
    return state, state


def affine_recursion(matrices: Any, shifts: Any, start: Any) -> Any:
    r"""$x_t=A_tx_{t-1}+b_t$ from $x_0$: the states $x_0,\dots,x_T$, shape `(T + 1, d)`.

    `matrices` has shape `(T, d, d)`, `shifts` `(T, d)`, `start` `(d,)`. Lengths are padded to a
    power of two, so that few programs are compiled.
    """
    generations = shifts.shape[0]
    padding = (1 << max(generations - 1, 15).bit_length()) - generations
    matrices = jnp.pad(matrices, ((0, padding), (0, 0), (0, 0)))
    shifts = jnp.pad(shifts, ((0, padding), (0, 0)))
    start = jnp.asarray(start, shifts.dtype)
    _, states = jax.lax.scan(_advance, start, (matrices, shifts))
    return jnp.concatenate([start[None], states[:generations]])
