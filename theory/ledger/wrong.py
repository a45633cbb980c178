"""Plausible wrong variants of a theorem: what a slip of the pen would have made of it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from modelcollapse.theory.loop import Loop


@dataclasses.dataclass(frozen=True)
class Wrong:
    """A wrong variant: `value(predict, loop, t, *at)` is what it would have predicted."""

    name: str
    value: Callable[..., Any]


def _resized(loop: Loop, change: int) -> Loop:
    regime = loop.regime
    fields = {field.name: getattr(regime, field.name) for field in dataclasses.fields(regime)}
    for name in ("n", "n_real", "n_synthetic"):
        if isinstance(fields.get(name), int):
            fields[name] = fields[name] + change
        elif isinstance(fields.get(name), tuple):
            fields[name] = tuple(size + change for size in fields[name])
        elif callable(fields.get(name)):
            raise TypeError("rows spell out their schedules, so that variants can resize them.")
    return Loop(loop.truth, type(regime)(**fields), channel=loop.channel)


def _rotated(loop: Loop, by: int) -> Loop:
    regime = loop.regime
    fields = {field.name: getattr(regime, field.name) for field in dataclasses.fields(regime)}
    for name, sizes in fields.items():
        if isinstance(sizes, tuple):
            fields[name] = sizes[by:] + sizes[:by]
    return Loop(loop.truth, type(regime)(**fields), channel=loop.channel)


def _with_other_estimator(loop: Loop) -> Loop:
    truth = loop.truth
    if not hasattr(truth, "estimator"):
        raise TypeError(f"{type(truth).__name__} has one estimator only.")
    other = "mle" if truth.estimator == "unbiased" else "unbiased"
    swapped = dataclasses.replace(truth, estimator=other)
    return Loop(swapped, loop.regime, channel=loop.channel)


#: Generations counted from the wrong end: t - 1 for t.
off_by_one = Wrong(
    "one generation too few", lambda predict, loop, t, *at: predict(loop, np.asarray(t) - 1, *at)
)
#: Every sample size one too small.
fewer_draws = Wrong(
    "n - 1 for n", lambda predict, loop, t, *at: predict(_resized(loop, -1), t, *at)
)
#: Every sample size one too large.
more_draws = Wrong("n + 1 for n", lambda predict, loop, t, *at: predict(_resized(loop, 1), t, *at))
#: The next generation's sizes: for rows whose loop has a schedule.
ahead = Wrong("n_{t+1} for n_t", lambda predict, loop, t, *at: predict(_rotated(loop, 1), t, *at))
#: The sizes of the generation before.
behind = Wrong("n_{t-1} for n_t", lambda predict, loop, t, *at: predict(_rotated(loop, -1), t, *at))
#: The biased variance for the unbiased one, or the other way round.
other_estimator = Wrong(
    "the other estimator",
    lambda predict, loop, t, *at: predict(_with_other_estimator(loop), t, *at),
)
#: A rate halved, as when haploid and diploid sizes are confused.
half_exponent = Wrong(
    "exponent halved", lambda predict, loop, t, *at: predict(loop, np.asarray(t) / 2, *at)
)


def scaled(factor: float, name: str) -> Wrong:
    """The prediction times a constant: a wrong constant, a term dropped in proportion."""
    return Wrong(name, lambda predict, loop, t, *at: factor * np.asarray(predict(loop, t, *at)))
