"""Generations and sample sizes as arrays of few different lengths, so that little is compiled."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import is_traced as is_traced
from modelcollapse.theory.arguments import require as require
from modelcollapse.theory.loop import Loop


def generations(t: Any) -> np.ndarray:
    """The generations `t` as int64; `ValueError` unless they are whole and not negative."""
    values = np.asarray(t, dtype=np.float64)
    if values.size == 0 or np.any(values != np.floor(values)) or values.min() < 0:
        raise ValueError(f"generations `t` must be whole numbers, at least 0; got {t!r}.")
    return values.astype(np.int64)


def padded_length(t: np.ndarray) -> int:
    """A power of two, at least 16, that is no less than the last generation."""
    return max(16, 1 << max(int(t.max()) - 1, 0).bit_length())


def take(values: Any, t: Any) -> Any:
    """Rows `t` of an array whose first axis counts generations 0, 1, 2, ..."""
    return values[t] if is_traced(values) else np.asarray(values)[t]


def schedule(n: Any, t: np.ndarray, name: str = "n", least: int = 1) -> Any:
    """The sizes of generations 1, 2, ..., `padded_length(t)`, repeated beyond the last given.

    `n` is one number or an array of shape `(generations,)`; `ValueError` if it stops before
    the last of `t`, or holds less than `least`.
    """
    require(n, name, least)
    length = padded_length(t)
    xp = jnp if is_traced(n) else np
    n = xp.asarray(n)
    if n.ndim == 0:
        return xp.broadcast_to(n, (length,))
    if n.ndim > 1:
        raise ValueError(f"`{name}` must be a number or one-dimensional; got shape {n.shape}.")
    if n.size < max(int(t.max()), 1):
        raise ValueError(
            f"`{name}` lists {n.size} generations; at least {max(int(t.max()), 1)} are needed."
        )
    n = n[:length]
    return xp.concatenate([n, xp.broadcast_to(n[-1], (length - n.size,))])


def draws(loop: Loop, t: Any) -> Any:
    """The loop's `n`: a number if it is constant, else the sizes of generations 1 to max(t)."""
    n = loop.regime.n  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(n, int):
        return n
    return loop.regime.sizes(max(int(generations(t).max()), 1))[1]
