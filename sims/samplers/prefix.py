"""Running sums along the last axis, and places found in them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_BLOCK = 32


def running_sum(values: Any) -> Any:
    """Inclusive sums along the last axis, in float64: exact for whole numbers below 2**53."""
    return _sums(values.astype(jnp.float64))


def count_up(flags: Any) -> Any:
    """How many flags are set up to and including each place, int32; rows below 2**24."""
    return _sums(flags.astype(jnp.float32)).astype(jnp.int32)


def _sums(values: Any) -> Any:
    # Products with a triangular matrix: XLA's own `cumsum` costs three times as much on a CPU.
    length = values.shape[-1]
    if length <= 2 * _BLOCK:
        return _triangular(values)
    if length % _BLOCK:
        return jnp.cumsum(values, axis=-1)
    inside = _triangular(values.reshape(*values.shape[:-1], length // _BLOCK, _BLOCK))
    upto = _sums(inside[..., -1])
    before = jnp.concatenate([jnp.zeros_like(upto[..., :1]), upto[..., :-1]], axis=-1)
    return (inside + before[..., None]).reshape(values.shape)


def _triangular(values: Any) -> Any:
    ones = np.triu(np.ones((values.shape[-1],) * 2, values.dtype))
    return jnp.matmul(values, ones, precision=lax.Precision.HIGHEST)


def first_above(sums: Any, point: Any, start: Any, reach: Any, limit: Any) -> Any:
    """The first place whose running sum exceeds `point`, int32, row by row.

    **Arguments:**

    - `sums`: non-decreasing rows; a single row serves all points.
    - `point`: shape `(rows, points)`.
    - `start`: places not beyond the answers; the answers lie at most `reach` places further on.
    - `limit`: number of places of a row to look at; the last of them exceeds every point.
    """
    rows, places = sums.shape
    flat = sums.reshape(-1)
    base = (jnp.arange(rows, dtype=jnp.int32) * places)[:, None]
    reach, limit = (jnp.asarray(bound).astype(jnp.int32) for bound in (reach, limit))

    def halve(_: Any, carry: Any) -> Any:
        place, step = carry
        ahead = place + step
        upto = flat.at[base + jnp.minimum(ahead, limit) - 1].get(mode="promise_in_bounds")
        return jnp.where((ahead <= limit) & (upto <= point), ahead, place), step // 2

    # Steps 2**(m - 1), ..., 2, 1 go 2**m - 1 places on, and 2**m exceeds `reach`.
    steps = 32 - lax.clz(reach)
    first = lax.shift_left(jnp.int32(1), jnp.maximum(steps, 1) - 1)
    place = jnp.broadcast_to(jnp.asarray(start, jnp.int32), point.shape)
    return jax.lax.fori_loop(0, steps, halve, (place, first))[0]
