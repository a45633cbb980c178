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


def joined_words(words: Sequence[Any]) -> Any:
    """Two arrays of 32-bit words as one of 64 bits, the first word leading."""
    high, low = (word.astype(jnp.uint64) for word in words)
    return (high << jnp.uint64(32)) | low


def split_words(both: Any) -> tuple[Any, Any]:
    """The words that [`joined_words`][] was given."""
    return (both >> jnp.uint64(32)).astype(jnp.uint32), both.astype(jnp.uint32)


def packed(numbers: Sequence[Any]) -> Any:
    """Two float32 arrays as one of 64 bits, so that both come of one computation; a single float64
    array as it is."""
    if len(numbers) == 1:
        return numbers[0]
    return joined_words([jax.lax.bitcast_convert_type(x, jnp.uint32) for x in numbers])


def unpacked(numbers: Any) -> tuple[Any, ...]:
    """The arrays that [`packed`][] was given."""
    if numbers.dtype != jnp.uint64:
        return (numbers,)
    return tuple(jax.lax.bitcast_convert_type(word, jnp.float32) for word in split_words(numbers))
