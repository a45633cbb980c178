"""`plot(run)`: theory as lines, simulation as points, for everything a theorem speaks about."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from modelcollapse.figures.marks import (
    generation_axis,
    honest,
    line,
    log_spaced,
    points,
    predictions,
)
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
    "frequency": "frequency $p_t$ of a label",
    "cross_entropy": "cross entropy (nats)",
    "total_second_moment": r"$\sigma_t^2+(\mu_t-\mu_0)^2$",
    "w2_balance": r"$W_2^2(p_t,p_0)+2\sigma_0\sigma_t$",
    "returned": "labels returned",
}


def _drawn(run: Run, observable: AbstractObservable) -> list[Theorem]:
    """The strongest theorem that gives the mean, and every bound of it."""
    entries = predictions(run.loop, observable)
    return [e for e in entries if e.kind != "bound"][:1] + [e for e in entries if e.kind == "bound"]


def _label(observable: AbstractObservable) -> str:
    of, at_most, threshold = observable.name.partition("<=")
    name, power, exponent = of.partition("^")
    words = _SYMBOLS.get(name, name.replace("_", " "))
    words = f"{words}, power ${exponent}$" if power else words
    return rf"share with {words} $\leq{float(threshold):g}$" if at_most else words


def _curve(axes: Axes, entry: Theorem, x: np.ndarray, values: np.ndarray, which: int) -> None:
    """A theorem's line; that of a bound is thin."""
    width = {"linewidth": 0.8} if entry.kind == "bound" else {}
    line(axes, x, values, SERIES[which % len(SERIES)], **width)


def _forbid(axes: Axes, entry: Theorem, x: np.ndarray, values: np.ndarray) -> None:
    """Shade the side that a bound forbids, to the edge of the panel, which must be final."""
    low, high = axes.get_ylim()
    edge = high if entry.side == "upper" else low
    axes.fill_between(x, values, edge, color=GREY, alpha=0.12, linewidth=0)
    axes.set_ylim(low, high)


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
    lines = {e.name: np.reshape(e(run.loop, t), (len(t), -1)) for e in _drawn(run, observable)}
    for entry in _drawn(run, observable):
        for component in shown:
            _curve(axes, entry, t, lines[entry.name][:, component], component)
    if len(shown) > 1:
        labels = observable.labels(run.loop.truth)
        _legend(axes, [f"$k={label}$" if i == 0 else label for i, label in enumerate(labels)])
    finite = mean[np.isfinite(mean)]
    if finite.size and finite.min() > 0 and finite.max() > 30 * finite.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    generation_axis(axes, int(seen.max()))
    for entry in _drawn(run, observable):
        if entry.kind == "bound":
            for component in shown:
                _forbid(axes, entry, t, lines[entry.name][:, component])


def _legend(axes: Axes, labels: Sequence[str]) -> None:
    """Names of the first series in a row below the panel, where they cover no data."""
    handles = [
        points(axes, [], [], series, label=label)
        for series, label in zip(SERIES[:_CURVES], labels, strict=False)
    ]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.24),
        ncols=len(handles),
        handlelength=0.8,
        handletextpad=0.3,
        columnspacing=0.7,
        borderpad=0,
    )


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
    times = [int(t) for t in run.generations[later[spread]]]
    _legend(axes, [f"$t={t}$" if i == 0 else str(t) for i, t in enumerate(times)])
    axes.set(xscale="log", xlim=(0.85 * ranks[0], ranks[-1] / 0.85), xlabel="original rank")


@styled
def plot(run: Run) -> Figure:
    """One small panel for each observable of the run on whose mean a theorem speaks.

    Lines are theory: exact, asymptotic, or a bound, which is thin and shades what it forbids. Points
    are means over chains with bars of two standard errors; small grey points, without bars, are
    means so skewed that no bar would be true. All points of a panel come from the same chains, so
    neighbours err together, those of fixed real data or of labels lost the most. A vector observable
    shows its first five components, survival by rank five of its generations.

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
