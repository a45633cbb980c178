"""`plot(run)`: theory as lines, simulation as points, for everything a theorem speaks about."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.figures.marks import honest, line, log_spaced, points, predictions
from modelcollapse.figures.style import FULL_WIDTH, GREY, SERIES, styled
from modelcollapse.sims import Run
from modelcollapse.theory.ledger import Theorem
from modelcollapse.theory.observables import AbstractObservable, SurvivalByRank, rank_bins

#: Components of a vector observable, or generations of a rank profile, drawn in one panel at most.
_CURVES = 5

_SYMBOLS = {
    "variance": r"variance $\sigma_t^2$",
    "log_variance": r"$\log(\sigma_t^2/\sigma_0^2)$",
    "mean_error": r"mean error $\mu_t-\mu_0$",
    "w2_squared": r"$W_2^2(p_t,p_0)$",
    "entropy": "entropy (nats)",
    "kl_to_truth": r"$\mathrm{KL}(p_t\,\Vert\,p_0)$ (nats)",
    "kl_from_truth": r"$\mathrm{KL}(p_0\,\Vert\,p_t)$ (nats)",
    "heterozygosity": r"heterozygosity $H_t$",
    "support": "labels alive",
    "surviving_mass": "original mass alive",
    "survival_by_rank": "share alive by rank",
}


def _drawn(run: Run, observable: AbstractObservable) -> list[Theorem]:
    """The strongest theorem that gives the mean, and every bound of it."""
    entries = predictions(run.loop, observable)
    return [e for e in entries if e.kind != "bound"][:1] + [e for e in entries if e.kind == "bound"]


def _label(observable: AbstractObservable) -> str:
    name, power, exponent = observable.name.partition("^")
    words = _SYMBOLS.get(name, name.replace("_", " "))
    return f"{words}, power {exponent}" if power else words


def _curve(axes: Axes, entry: Theorem, t: np.ndarray, values: np.ndarray, which: int) -> None:
    """A theorem's line; a bound is thin and shades the side that it forbids."""
    series = SERIES[which % len(SERIES)]
    if entry.kind != "bound":
        line(axes, t, values, series)
        return
    line(axes, t, values, series, linewidth=0.8)
    low, high = axes.get_ylim()
    beyond = max(high, values.max()) if entry.side == "upper" else min(low, values.min())
    axes.fill_between(t, values, beyond, color=GREY, alpha=0.12, linewidth=0)


def _dots(axes: Axes, t: Any, mean: Any, error: Any, fine: Any, which: int) -> None:
    series = SERIES[which % len(SERIES)]
    points(axes, t[fine], mean[fine], series, error[fine])
    points(axes, t[~fine], mean[~fine], series, color=GREY, markersize=2.5)


def _thinned(generations: np.ndarray) -> np.ndarray:
    """Indices of at most about 25 recorded generations after the first, even in log t."""
    after = np.flatnonzero(generations > 0)
    wanted = np.geomspace(generations[after[0]], generations[after[-1]], 25)
    return after[np.unique(np.abs(generations[after, None] - wanted).argmin(axis=0))]


def _against_time(axes: Axes, run: Run, observable: AbstractObservable) -> None:
    later = _thinned(run.generations)
    seen = run.generations[later]
    t = log_spaced(int(seen.max()), 150)
    shape = (len(run.generations), -1)
    mean, error, fine = (
        np.reshape(values, shape)[later]
        for values in (
            run.mean(observable),
            run.standard_error(observable),
            honest(run, observable),
        )
    )
    shown = range(min(mean.shape[1], _CURVES))
    for component in shown:
        _dots(axes, seen, mean[:, component], error[:, component], fine[:, component], component)
    for entry in _drawn(run, observable):
        values = np.reshape(entry(run.loop, t), (len(t), -1))
        for component in shown:
            _curve(axes, entry, t, values[:, component], component)
    if len(shown) > 1:
        labels = observable.labels(run.loop.truth)
        handles = [points(axes, [], [], SERIES[i % len(SERIES)], label=labels[i]) for i in shown]
        axes.legend(handles=handles, title="component")
    finite = mean[np.isfinite(mean)]
    if finite.size and finite.min() > 0 and finite.max() > 30 * finite.min():
        axes.set_yscale("log")
    axes.set(xscale="log", xlabel="generation $t$")


def _against_rank(axes: Axes, run: Run, observable: SurvivalByRank) -> None:
    edges = rank_bins(run.loop.truth.categories, observable.bins)
    ranks = np.sqrt((edges[:-1] + 1.0) * edges[1:])
    later = np.flatnonzero(run.generations > 0)
    spread = np.unique(np.round(np.linspace(0, len(later) - 1, _CURVES)).astype(int))
    mean, error, fine = (
        run.mean(observable),
        run.standard_error(observable),
        honest(run, observable),
    )
    for which, index in enumerate(later[spread]):
        t = int(run.generations[index])
        for entry in _drawn(run, observable):
            _curve(axes, entry, ranks, entry(run.loop, [t])[0], which)
        _dots(axes, ranks, mean[index], error[index], fine[index], which)
        points(axes, [], [], SERIES[which], label=f"$t={t}$")
    axes.legend()
    axes.set(xscale="log", xlabel="original rank")


@styled
def plot(run: Run) -> Figure:
    """One small panel for each observable of the run on whose mean a theorem speaks.

    Lines are theory: exact, asymptotic, or a bound, which is thin and shades what it forbids. Points
    are means over chains with bars of two standard errors; small grey points, without bars, are
    means so skewed that no bar would be true. A vector observable shows its first five components,
    survival by rank five of its generations.

    **Returns:** a matplotlib figure (`plot(run).savefig("run.png")`). Raises `ValueError` if no
    theorem speaks about any observable of the run, or if the run recorded generation 0 alone.
    """
    shown = [o for o in run.observables if predictions(run.loop, o)]
    if not shown:
        raise ValueError("`plot(run)`: the ledger has no theorem about any observable of this run.")
    if run.generations.max() < 1:
        raise ValueError("`plot(run)`: the run recorded generation 0 alone.")
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(FULL_WIDTH * columns / 3 + 0.6 * (columns == 1), 2.4 * rows + 0.3))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, observable in zip(grid.flat, shown, strict=False):
        if isinstance(observable, SurvivalByRank):
            _against_rank(axes, run, observable)
        else:
            _against_time(axes, run, observable)
        axes.set_title(_label(observable))
    for axes in list(grid.flat)[len(shown) :]:
        axes.remove()
    regime = run.loop.regime
    figure.suptitle(
        f"{type(run.loop.truth).__name__}, {regime}, {run.chains:,} chains", x=0.01, ha="left"
    )
    return figure
