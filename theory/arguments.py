"""What plain functions ask of their arguments: one range for each name, in every function.

Values that JAX is tracing pass: they are not known yet."""

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

#: How far from one probabilities may sum: half-precision numbers to their own rounding.
TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers that an argument may hold: NaN never."""

    least: float | int = -math.inf
    most: float | int = math.inf
    beyond_least: bool = False
    finite: bool = False
    whole: bool = False

    def __contains__(self, values: np.ndarray) -> bool:
        inside = (values > self.least) if self.beyond_least else (values >= self.least)
        inside = inside & (values <= self.most)
        if self.finite:
            inside = inside & np.isfinite(values)
        if self.whole:
            inside = inside & (values == np.floor(values))
        return bool(inside.all())

    def __str__(self) -> str:
        bounded = -math.inf < self.least and self.most < math.inf
        words = ["finite"] if self.finite and not bounded else []
        if self.whole:
            words.append("a whole number")
        if bounded:
            ends = "above {:g} and at most {:g}" if self.beyond_least else "between {:g} and {:g}"
            words.append(ends.format(self.least, self.most))
        elif self.least > -math.inf:
            words.append(f"{'above' if self.beyond_least else 'at least'} {self.least:g}")
        elif self.most < math.inf:
            words.append(f"at most {self.most:g}")
        return " and ".join(words) if words else "numbers, none of them NaN"


_ANY = Range()
_SHARE = Range(0, 1)
#: Numbers of draws. How few are too few depends on the function, which asks for that itself.
COUNTS = ("n", "n_real", "n_synthetic")
#: What other arguments may hold, by name.
RANGES: dict[str, Range] = {
    "t": Range(0, finite=True),
    "sources": Range(0),
    "variance": Range(0, beyond_least=True, finite=True),
    "real_share": _SHARE,
    "weight": Range(0, 1, beyond_least=True),
    "features": Range(1, finite=True, whole=True),
    "initial": _SHARE,
    "probabilities": _SHARE,
    "epsilon": Range(0, 1, beyond_least=True),
    "power": Range(1, finite=True, whole=True),
    "order": Range(1, finite=True, whole=True),
    "dimension": Range(1, finite=True, whole=True),
    "eigenvalues": Range(0, finite=True),
    "squared_norm": Range(0, finite=True),
    "squared_trace": Range(0, finite=True),
    "bins": Range(1, finite=True, whole=True),
    "q": Range(finite=True),
    "at": _ANY,
    "x": _ANY,
}


def is_traced(*values: Any) -> bool:
    """True if JAX is tracing any of the values; NumPy serves the others and compiles nothing."""
    return any(isinstance(value, Tracer) for value in values)


def shown(values: Any) -> str:
    """A value as error messages show it: shortened if it is long."""
    values = np.asarray(values)
    return f"{values:g}" if values.ndim == 0 else f"{values.tolist()!r:.60}"


def numbers(values: Any, name: str) -> np.ndarray:
    """`values` as float64; `TypeError` naming the argument if they are not numbers."""
    try:
        array = np.asarray(values)
        # NumPy would read digits out of strings and years out of dates.
        if array.dtype.kind not in "USmMc":
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"`{name}` must be a number or an array of numbers; got {values!r:.60}.")


def require(
    values: Any,
    name: str,
    least: float | int = -math.inf,
    most: float | int = math.inf,
    **kind: bool,
) -> None:
    """`ValueError` unless there are `values`, all between `least` and `most`; traced ones pass.

    `kind`: the further conditions of a [`Range`][]."""
    allowed = Range(least, most, **kind)
    if not is_traced(values) and np.size(values) == 0:
        raise ValueError(f"`{name}` must be {allowed}; got no number.")
    _inside(values, name, allowed)


def require_number(value: Any, name: str, least: float | int = -math.inf, **kind: Any) -> None:
    """`ValueError` unless `value` is a single finite number, as in [`require`][]."""
    if not is_traced(value):
        if numbers(value, name).ndim > 0:
            raise ValueError(f"`{name}` must be one number; got shape {np.shape(value)}.")
        require(value, name, least, finite=True, **kind)


def require_probabilities(values: Any, name: str = "probabilities") -> None:
    """`ValueError` unless `values`, of shape `(K,)`, are probabilities that sum to one."""
    if is_traced(values):
        return
    dtype = getattr(values, "dtype", np.dtype(np.float64))
    values = numbers(values, name)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"`{name}` must have shape (K,) with K >= 1; got shape {values.shape}.")
    _inside(values, name, _SHARE)
    rounding = float(jnp.finfo(dtype).eps) if jnp.issubdtype(dtype, jnp.floating) else 0.0
    if abs(values.sum() - 1) > max(TOLERANCE, rounding):
        raise ValueError(f"`{name}` must sum to one within 1e-6; got {values.sum():.9g}.")


def check(arguments: dict[str, Any]) -> None:
    """Check those arguments of a plain function whose name has a range."""
    for name, value in arguments.items():
        if name in COUNTS and not is_traced(value):
            numbers(value, name)
        elif name == "probabilities":
            require_probabilities(value)
        elif name in RANGES:
            _inside(value, name, RANGES[name])


def _inside(values: Any, name: str, allowed: Range) -> None:
    if is_traced(values):
        return
    values = numbers(values, name)
    if values not in allowed:
        raise ValueError(f"`{name}` must be {allowed}; got {shown(values)}.")
