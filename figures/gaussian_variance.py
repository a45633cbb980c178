"""The variance of a Gaussian trained on itself: its mean, and what a typical chain does."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.figures.marks import (
    BARS,
    expectation,
    expected,
    generation_axis,
    honest,
    key,
    line,
    log_spaced,
    points,
)
from modelcollapse.figures.protocol import Plan, Scale
from modelcollapse.figures.style import FULL_WIDTH, SERIES, Series, styled
from modelcollapse.sims import Run
from modelcollapse.theory import Gaussian, Loop, Replace
from modelcollapse.theory.gaussian.family import Estimator
from modelcollapse.theory.gaussian.log_variance import quantile
from modelcollapse.theory.observables import LogVariance, Variance

TITLE = "Variance of a Gaussian under self-training"
CAPTION = (
    "A Gaussian refitted to n draws from its own latest fit, generation after generation, by maximum "
    "likelihood (top) or with the unbiased variance (bottom). Left: the mean of the variance over "
    "chains. Right: the median chain, with the band that holds 90 % of chains. Lines and bands are "
    "exact theory, points are simulated (bars: two standard errors; neighbours come from the same "
    "chains and err together). The unbiased estimator keeps the mean at one for ever (lower left, "
    "magnified and linear, points set side by side), yet every chain collapses: the mean is carried "
    "by ever fewer, ever wider chains. So the thin lines, two exact standard errors of a mean over as "
    "many chains as drawn here, part without bound. Simulated means stop where their skewness exceeds "
    "one half, near t = n: from there on, far more chains would be needed to see the mean at all."
)
THEOREMS = ("gaussian_replace_variance", "gaussian_replace_log_variance_cdf")

_SIZES = (10, 30, 100, 300)
_ESTIMATORS: dict[Estimator, str] = {"mle": "maximum likelihood", "unbiased": "unbiased"}
_CHAINS = {"quick": 1 << 12, "default": 1 << 14, "full": 1 << 18}
_LAST = 1000
_FLOOR = 1e-6
#: Half the height of the panel of the mean that does not move, times the root of chains.
_MAGNIFIED = 8.0


def plans(scale: Scale) -> dict[str, Plan]:
    """One run for each sample size and estimator, of equal shape so that they share a program."""
    record = tuple(int(t) for t in log_spaced(_LAST, 20))
    return {
        f"{estimator}-{n}": Plan(
            loop=Loop(Gaussian(estimator=estimator), Replace(n=n)),
            generations=_LAST,
            chains=_CHAINS[scale],
            observables=(Variance(), LogVariance()),
            record=record,
            quantiles=record,
        )
        for estimator in _ESTIMATORS
        for n in _SIZES
    }


def _apart(run: Run) -> np.ndarray:
    """Generations from n/10 on: before, the points of all n lie on each other."""
    return run.generations >= run.loop.regime.n / 10


def _mean(axes: Axes, run: Run, series: Series) -> None:
    t = log_spaced(_LAST, 200)
    line(axes, t, expected(run.loop, Variance(), t), series)
    keep = honest(run, Variance()) & _apart(run)
    points(
        axes,
        run.generations[keep],
        run.mean(Variance())[keep],
        series,
        run.standard_error(Variance())[keep],
    )


def _steady(axes: Axes, run: Run, series: Series, beside: float) -> None:
    """The mean that stays where it is, and how far a mean over so many chains strays from it."""
    t = log_spaced(_LAST, 200)
    entry = expectation(run.loop, Variance())
    if entry is None or entry.spread is None:
        raise LookupError("the ledger lacks the variance's mean and spread over chains.")
    mean, variance = entry(run.loop, t), np.asarray(entry.spread(run.loop, t)[0])
    stray = BARS * np.sqrt(variance / run.chains)
    for edge in (mean - stray, mean + stray):
        line(axes, t, edge, series, linewidth=0.8)
    keep = honest(run, Variance()) & _apart(run)
    points(
        axes,
        run.generations[keep] * beside,
        run.mean(Variance())[keep],
        series,
        run.standard_error(Variance())[keep],
    )


def _typical(axes: Axes, run: Run, series: Series) -> None:
    t = log_spaced(_LAST, 64)
    levels = np.array([[0.05], [0.5], [0.95]])
    low, median, high = np.exp(
        quantile(levels, n=run.loop.regime.n, t=t, estimator=run.loop.truth.estimator)
    )
    axes.fill_between(t, low, high, color=series.color, alpha=0.16, linewidth=0)
    line(axes, t, median, series)
    seen = run.quantile(LogVariance(), 0.5)
    keep = _apart(run) & (seen > np.log(_FLOOR))
    points(axes, run.generations[keep], np.exp(seen[keep]), series)


@styled
def draw(runs: Mapping[str, Run]) -> Figure:
    """Two rows (estimators) by two columns (mean, typical chain)."""
    figure = Figure(figsize=(FULL_WIDTH, 5.2))
    grid = figure.subplots(2, 2, sharex=True)
    for row, (estimator, words) in zip(grid, _ESTIMATORS.items(), strict=True):
        for index, (n, series) in enumerate(zip(_SIZES, SERIES, strict=False)):
            run = runs[f"{estimator}-{n}"]
            if estimator == "unbiased":
                _steady(row[0], run, series, 1.07 ** (index - 1.5))
            else:
                _mean(row[0], run, series)
            _typical(row[1], run, series)
        row[0].set_title(f"mean over chains, {words}")
        row[1].set_title(f"median and 90 % of chains, {words}")
        row[0].set_ylabel(r"variance $\sigma_t^2/\sigma_0^2$")
    for axes in grid.flat:
        generation_axis(axes, _LAST)
        axes.set(yscale="log", ylim=(_FLOOR, 6))
    for axes in grid[0]:
        axes.set_xlabel("")
    steady, half = grid[1, 0], _MAGNIFIED / np.sqrt(next(iter(runs.values())).chains)
    steady.set(yscale="linear", ylim=(1 - half, 1 + half))
    steady.axhline(1, color="black", linewidth=1.3)
    handles = [
        key(grid[0, 0], series, f"$n={n}$") for n, series in zip(_SIZES, SERIES, strict=False)
    ]
    grid[0, 0].legend(handles=handles, loc="lower left")
    return figure
