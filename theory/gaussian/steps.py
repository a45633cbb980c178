"""Sums over generations, for one sample size or a schedule of them."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from modelcollapse.theory.arguments import require
from modelcollapse.theory.loop import Loop


def _is_concrete(value: Any) -> bool:
    return not isinstance(value, Tracer)


def require_draws(n: Any, at_least: int, name: str = "n") -> None:
    """`ValueError` if a sample size, where it is known, is too small."""
    require(n, name, at_least)


def require_estimator(estimator: str) -> None:
    """`ValueError` unless the estimator is one of the two."""
    if estimator not in ("mle", "unbiased"):
        raise ValueError(f"`estimator` must be 'mle' or 'unbiased'; got {estimator!r}.")


def horizon(t: Any) -> int:
    """The last generation asked for; `TypeError` if `t` is traced, whose extent is not known."""
    if not _is_concrete(t):
        raise TypeError(
            "`t` must be known, not traced: the recursion runs up to its largest value."
        )
    return int(np.max(t)) if np.size(t) else 0


def pick(table: Any, t: Any) -> Any:
    """`table[t]` for generations `t` of a table that starts at generation 0.

    Raises `ValueError` for a generation that is not whole, or negative."""
    if _is_concrete(t) and np.size(t):
        values = np.asarray(t)
        if np.any(values != np.floor(values)) or values.min() < 0:
            raise ValueError(f"`t` must hold whole generations, none negative; got {t}.")
        return table[values.astype(int)]
    return table[jnp.asarray(t).astype(int)]


def padded(length: int, base: int = 2) -> int:
    """The least power of `base` that is at least `length` and 16."""
    size = 16
    while size < length:
        size *= base
    return size


def prefix_sums(increments: Any) -> Any:
    """Sums of the first 0, 1, ..., T increments, along the first axis."""
    increments = jnp.asarray(increments)
    start = jnp.zeros((1, *increments.shape[1:]), increments.dtype)
    return jnp.concatenate([start, jnp.cumsum(increments, axis=0)])


def total(step: Callable[[Any], Any], n: Any, t: Any) -> Any:
    r"""$\sum_{s\le t}$ `step`$(n_s)$: `t * step(n)` for one size, cumulative for a schedule.

    `n` is a number or the sizes $n_1,\dots,n_T$, shape `(T,)`. A single size allows real `t`.
    """
    if jnp.ndim(n) == 0:
        return t * step(n)
    if _is_concrete(t):
        n = as_schedule(n, horizon(t))
    return pick(prefix_sums(step(n)), t)


def as_schedule(n: Any, generations: int) -> Any:
    """The sizes of generations 1, 2, ..., from a number or a schedule, at least `generations` of
    them: the last is repeated up to a power of two, so that few shapes are ever compiled.

    Raises `ValueError` if the schedule is too short."""
    length = padded(generations)
    if jnp.ndim(n) == 0:
        return jnp.broadcast_to(jnp.asarray(n), (length,))
    given = jnp.shape(n)[0]
    if given < generations:
        raise ValueError(
            f"the schedule lists {given} generations; at least {generations} are needed."
        )
    index = np.minimum(np.arange(length), given - 1)
    return jnp.asarray(n)[index] if isinstance(n, Tracer) else jnp.asarray(np.asarray(n)[index])


def size_of(loop: Loop, t: Any, field: str = "n") -> Any:
    """A sample size of the loop's regime, as a number or as the sizes up to the largest `t`."""
    size = getattr(loop.regime, field)
    if isinstance(size, int):
        return size
    real, synthetic = loop.regime.sizes(int(np.max(t)))
    return real if field == "n_real" else synthetic


def initial_variance(loop: Loop) -> np.float64:
    r"""$\sigma_0^2$ of a Gaussian truth, in float64 whatever the process's precision."""
    return np.exp(np.float64(loop.truth.log_variance))  # pyright: ignore[reportAttributeAccessIssue]


def has_degrees(loop: Loop, parameters: int, unbiased: bool) -> bool:
    r"""Whether the unbiased divisor of a [`Weighted`][] loop, $1-pw^2/n_r-p(1-w)^2/n_s$ with p = `parameters`
    fitted means, is positive in every generation; false for sizes given by a function, which have no
    end at which to stop asking."""
    if not unbiased:
        return True
    regime = loop.regime
    if callable(regime.n_real) or callable(regime.n_synthetic):  # pyright: ignore[reportAttributeAccessIssue]
        return False
    least = [np.min(size) for size in (regime.n_real, regime.n_synthetic)]  # pyright: ignore[reportAttributeAccessIssue]
    shares = (regime.weight, 1 - regime.weight)  # pyright: ignore[reportAttributeAccessIssue]
    return bool(parameters * sum(w**2 / n for w, n in zip(shares, least, strict=True)) < 1)
