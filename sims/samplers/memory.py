"""What is computed once and kept: XLA:CPU computes an array again wherever another is made from it."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def once(t: Any, make: Callable[[], Any]) -> Any:
    """What `make` computes, written to memory.

    XLA:CPU would compute it again wherever it is read, and drops optimisation barriers before it
    decides that. But whether a generation is negative only the running program knows."""
    shapes = jax.eval_shape(make)

    def never() -> Any:
        return jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)

    return jax.lax.cond(jnp.asarray(t) >= 0, make, never)


def packed(numbers: Sequence[Any]) -> Any:
    """Two float32 arrays as one of 64 bits, so that both come of one computation; a single float64
    array as it is."""
    if len(numbers) == 1:
        return numbers[0]
    high, low = (jax.lax.bitcast_convert_type(x, jnp.uint32).astype(jnp.uint64) for x in numbers)
    return (high << jnp.uint64(32)) | low


def unpacked(numbers: Any) -> tuple[Any, ...]:
    """The arrays that [`packed`][] was given."""
    if numbers.dtype != jnp.uint64:
        return (numbers,)
    words = (numbers >> jnp.uint64(32), numbers)
    return tuple(
        jax.lax.bitcast_convert_type(word.astype(jnp.uint32), jnp.float32) for word in words
    )
