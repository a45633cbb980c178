"""Lines for theory, points for simulation, and when a point may carry an error bar."""

from typing import Any

import numpy as np
import scipy.stats
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from modelcollapse.figures.style import Series
from modelcollapse.sims import Run
from modelcollapse.theory import Loop, find
from modelcollapse.theory.ledger import Theorem
from modelcollapse.theory.observables import AbstractObservable

#: Error bars span this many standard errors to either side.
BARS = 2

#: Largest skewness that a mean over chains may have and still be drawn with a normal error bar:
#: where the theory knows the skewness, and where it is estimated, always too low, from the chains.
_KNOWN, _ESTIMATED = 0.5, 0.1


def log_spaced(last: int, count: int, first: int = 1) -> np.ndarray:
    """`count` whole generations from `first` to `last`, nearly even in log t; all if there are fewer.

    Always as many as asked for, so that runs of different lengths share a compiled program."""
    if last - first < count:
        return np.arange(first, last + 1)
    spaced = np.round(np.geomspace(first, last, count)).astype(np.int64)
    # Rounding makes the early ones equal; each is moved at least one beyond its predecessor.
    apart = np.maximum.accumulate(spaced - np.arange(count)) + np.arange(count)
    return np.minimum(apart, last - np.arange(count)[::-1])


def predictions(loop: Loop, observable: AbstractObservable) -> list[Theorem]:
    """Theorems about the mean over chains of the observable, the strongest first."""
    return [entry for entry in find(loop, observable) if observable in entry.observables()]


def expectation(loop: Loop, observable: AbstractObservable) -> Theorem | None:
    """The strongest theorem that gives the mean over chains, not only a bound of it; `None` if the
    ledger has none."""
    return next((e for e in predictions(loop, observable) if e.kind != "bound"), None)


def expected(loop: Loop, observable: AbstractObservable, t: Any) -> np.ndarray:
    """What theory gives for the mean over chains at generations `t`: shape `(len(t),)`, or
    `(len(t), components)`. Raises `LookupError` if no theorem gives it."""
    entry = expectation(loop, observable)
    if entry is None:
        raise LookupError(f"no theorem gives the mean of {observable.name} for {loop.regime}.")
    return entry(loop, t)


def honest(run: Run, observable: AbstractObservable) -> np.ndarray:
    """Where a mean over chains is close enough to normal for its error bar to mean what it says.

    The mean's skewness, that of a chain over the root of the number of chains, must be small: at
    most 0.5 where the ledger knows it, and 0.1 where it is estimated, because a sample cannot see
    its own missing tail. From the first generation at which it is not, no later one counts.

    **Returns:** booleans, shape `(G,)` or `(G, components)`.
    """
    columns = list(observable.columns(run.loop.truth))
    sampled = run.data["skewness"].sel(column=columns).values
    # A constant sample has no skewness, and nothing that a bar could misrepresent.
    skewness, limit = np.nan_to_num(sampled, nan=0.0), _ESTIMATED
    for entry in predictions(run.loop, observable):
        if entry.spread is not None:
            known = np.asarray(entry.spread(run.loop, run.generations)[1], dtype=np.float64)
            skewness, limit = known.reshape(len(run.generations), -1), _KNOWN
            break
    fine = np.logical_and.accumulate(np.abs(skewness) <= limit * np.sqrt(run.chains))
    return fine[:, 0] if len(columns) == 1 else fine


def error_of_few(run: Run, observable: AbstractObservable) -> np.ndarray:
    """Standard errors of means over few chains, whose own spread is a poor guide; shaped like the mean.

    From the variance factor v of a theorem (its `sub_gamma`), at least the variance of a chain, where
    it is finite. Elsewhere from the chains, widened so that `BARS` of them hold as much of Student's
    law as of the normal law; NaN for a single chain.
    """
    within = scipy.stats.norm.cdf(BARS)
    factor = scipy.stats.t.ppf(within, run.chains - 1) / BARS
    own = factor * run.standard_error(observable)
    laws = (entry.sub_gamma for entry in predictions(run.loop, observable))
    law = next((law for law in laws if law is not None), None)
    if law is None:
        return own
    variance = np.asarray(law(run.loop, run.generations)[0]).reshape(own.shape)
    return np.where(np.isfinite(variance), np.sqrt(variance / run.chains), own)


def generation_axis(axes: Axes, last: int) -> None:
    """A logarithmic axis of generations from 1 to `last`, with whole numbers that do not collide."""
    steps = (1, 2, 3, 4, 5) if last <= 5 else (1, 2, 5) if last <= 100 else (1,)
    margin = max(last**0.04, 1.05)
    axes.set(xscale="log", xlim=(1 / margin, last * margin), xlabel="generation $t$")
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{t:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def line(axes: Axes, t: Any, values: Any, series: Series, **options: Any) -> Any:
    """A line of theory."""
    return axes.plot(t, values, color=series.color, linestyle=series.line, **options)[0]


def points(
    axes: Axes, t: Any, values: Any, series: Series, error: Any = None, **options: Any
) -> Any:
    """Points of simulation, with bars of two standard errors where `error` is given."""
    style = {
        "color": series.color,
        "marker": series.marker,
        "linestyle": "none",
        "markerfacecolor": "white",
        "markeredgewidth": 0.9,
        "zorder": 3,
    }
    bars = None if error is None else BARS * np.asarray(error)
    return axes.errorbar(t, values, yerr=bars, elinewidth=0.9, **(style | options))


def key(axes: Axes, series: Series, label: str) -> Any:
    """A legend entry with a series' line and marker together."""
    return axes.plot(
        [],
        [],
        color=series.color,
        linestyle=series.line,
        marker=series.marker,
        markerfacecolor="white",
        markeredgewidth=0.9,
        label=label,
    )[0]
