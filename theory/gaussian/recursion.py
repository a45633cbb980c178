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

    `matrices` has shape `(T, d, d)`, `shifts` `(T, d)`, `start` `(d,)`. Lengths
    come padded from `as_schedule`, so that few programs are compiled.
    """
    start = jnp.asarray(start, shifts.dtype)
    _, states = jax.lax.scan(_advance, start, (matrices, shifts))
    return jnp.concatenate([start[None], states])
