"""Sample sizes: one number for every generation, or a schedule."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

#: Draws per generation: a number, the sizes of generations 1, 2, ..., or a function of t = 1, 2, ...
Size = int | Sequence[int] | Callable[[int], int]


def freeze(size: Any, name: str, at_least: int = 1) -> Any:
    """Check a size and return it as an int, a tuple of ints, or the callable itself."""
    if callable(size):
        return size
    values = np.atleast_1d(np.asarray(size))
    numeric = np.issubdtype(values.dtype, np.number)
    if values.ndim != 1 or values.size == 0 or not (numeric and np.isfinite(values).all()):
        raise ValueError(f"`{name}` must be an integer or a sequence of integers; got {size!r}.")
    if np.any(values != np.floor(values)):
        raise ValueError(f"`{name}` must be a whole number of draws; got {size!r}.")
    if values.min() < at_least:
        raise ValueError(f"`{name}` must be at least {at_least}; got {values.min()}.")
    return int(values[0]) if np.ndim(size) == 0 else tuple(int(v) for v in values)


def spread(size: Any, generations: int, name: str, at_least: int = 1) -> np.ndarray:
    """The sizes of generations `1..generations` as int64, shape `(generations,)`."""
    if callable(size):
        size = freeze([size(t) for t in range(1, generations + 1)] or [at_least], name, at_least)
    if isinstance(size, int):
        return np.full(generations, size, dtype=np.int64)
    if len(size) < generations:
        raise ValueError(
            f"`{name}` lists {len(size)} generations; at least {generations} are needed."
        )
    return np.asarray(size[:generations], dtype=np.int64)
