"""What self-training leaves of the English vocabulary."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modelcollapse.figures.data import word_counts
from modelcollapse.figures.marks import (
    error_of_few,
    expected,
    generation_axis,
    line,
    log_spaced,
    points,
)
from modelcollapse.figures.protocol import Plan, Scale
from modelcollapse.figures.style import FULL_WIDTH, SERIES, Series, styled
from modelcollapse.sims import Run
from modelcollapse.theory import Categorical, Loop, Replace
from modelcollapse.theory.observables import (
    AbstractObservable,
    Support,
    SurvivalByRank,
    SurvivingMass,
    rank_bins,
)

_TOKENS = 1_000_000
_BY_RANK = SurvivalByRank()
_OBSERVABLES = (Support(), SurvivingMass(), _BY_RANK)
_GENERATIONS = {"quick": 100, "default": 1000, "full": 1000}
_FORWARD = {"quick": 2, "default": 8, "full": 64}
_BACKWARD = {"quick": 2, "default": 4, "full": 64}
_RANK_TIMES = (1, 10, 100, 1000)
_THEORY = Series("#000000", "-", "")
#: Of markers, so that what is drawn first is not hidden.
_SIZES = (6, 3)
_WAYS = {"forward": "counts, forward in time", "backward": "ancestors, backward in time"}

TITLE = "The English vocabulary under self-training"
CAPTION = (
    "A word model trained on 1,000,000 tokens of its own output, generation after generation, "
    "starting from the frequencies of 82,834 English words. Words alive, the original probability "
    "of the words alive, and the share of words alive by original rank. Lines: the lineage law (two-"
    "cumulant closure), with nothing fitted. Points: simulation, drawn forward by resampling "
    "counts and, independently, backward by tracing ancestors. Bars are two standard errors, from "
    "theory's upper bound of a chain's variance and not from the spread of so few chains. A chain's "
    "points err together, since what it has lost stays lost. Below: simulated over predicted, less one. The word list (symspellpy, from Google Books) is truncated "
    "from below: its rarest word was counted 12,714 times, so a real vocabulary has a longer tail "
    "and loses more."
)
THEOREMS = (
    "categorical_replace_support_closure",
    "categorical_replace_surviving_mass_closure",
    "categorical_replace_survival_by_rank_closure",
)


def plans(scale: Scale) -> dict[str, Plan]:
    """One run forward in time and one backward. Raises `MissingDataError` without the word list."""
    loop = Loop(Categorical.from_counts(word_counts()[1]), Replace(n=_TOKENS))
    generations = _GENERATIONS[scale]

    often = tuple(int(t) for t in log_spaced(generations, 13))
    # Backward, every generation recorded costs a whole genealogy.
    seldom = tuple(t for t in _RANK_TIMES if t <= generations)
    return {
        "forward": Plan(loop, generations, _FORWARD[scale], _OBSERVABLES, often, "counts"),
        "backward": Plan(loop, generations, _BACKWARD[scale], _OBSERVABLES, seldom, "ancestors"),
    }


def _against_time(
    above: Axes, below: Axes, runs: Mapping[str, Run], observable: AbstractObservable
) -> None:
    last = max(int(run.generations[-1]) for run in runs.values())
    for index, (way, run) in enumerate(runs.items()):
        if index == 0:
            t = log_spaced(int(run.generations[-1]), 80)
            line(above, t, expected(run.loop, observable, t), _THEORY, label="theory")
        t, mean = run.generations, run.mean(observable)
        error = error_of_few(run, observable)
        predicted = expected(run.loop, observable, t)
        points(above, t, mean, SERIES[index], error, label=_WAYS[way], markersize=_SIZES[index])
        # Side by side, so that neither way hides the other.
        beside = t * 1.12 ** (2 * index - 1)
        points(below, beside, 100 * (mean / predicted - 1), SERIES[index], 100 * error / predicted)
    below.axhline(0, color=_THEORY.color, linewidth=0.8)
    for axes in (above, below):
        generation_axis(axes, last)
    above.set(xlim=(0.75, 1.35 * last), xlabel="")
    widest = max(abs(limit) for limit in below.get_ylim())
    below.set(xlim=above.get_xlim(), ylim=(-widest, widest))
    # Between two and four steps, with zero among them.
    below.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10), min_n_ticks=3))
    above.tick_params(labelbottom=False)


def _ranks(run: Run) -> np.ndarray:
    edges = rank_bins(run.loop.truth.categories, _BY_RANK.bins)
    return np.sqrt((edges[:-1] + 1.0) * edges[1:])


def _by_rank(axes: Axes, runs: Mapping[str, Run]) -> None:
    for index, run in enumerate(runs.values()):
        ranks, recorded = _ranks(run), list(run.generations)
        mean, error = run.mean(_BY_RANK), error_of_few(run, _BY_RANK)
        for t in (t for t in _RANK_TIMES if t in recorded):
            if index == 0:
                line(axes, ranks, expected(run.loop, _BY_RANK, [t])[0], _THEORY)
            where = recorded.index(t)
            points(axes, ranks, mean[where], SERIES[index], error[where], markersize=_SIZES[index])


def _label_generations(axes: Axes, run: Run) -> None:
    """Name each curve to its left, at heights that keep the names apart."""
    ranks, shown = _ranks(run), [t for t in reversed(_RANK_TIMES) if t <= run.generations[-1]]
    for index, t in enumerate(shown):
        share, height = expected(run.loop, _BY_RANK, [t])[0], 0.3 + 0.16 * index
        where = np.exp(np.interp(-height, -share, np.log(ranks)))
        label = f"$t={t}$" if index == 0 else f"${t}$"
        axes.annotate(
            label, (where, height), (-5, 0), textcoords="offset points", ha="right", va="center"
        )


@styled
def draw(runs: Mapping[str, Run]) -> Figure:
    """Three panels, two of them over strips of relative deviations."""
    figure = Figure(figsize=(FULL_WIDTH, 3.7))
    panels: Any = figure.subplot_mosaic(
        [["words", "mass", "rank"], ["words off", "mass off", "rank"]], height_ratios=(3, 1)
    )
    _against_time(panels["words"], panels["words off"], runs, Support())
    _against_time(panels["mass"], panels["mass off"], runs, SurvivingMass())
    _by_rank(panels["rank"], runs)
    _label_generations(panels["rank"], next(iter(runs.values())))
    panels["words"].set(yscale="log", ylabel="words alive")
    panels["mass"].set(ylim=(0, 1.02), ylabel="original mass alive")
    panels["rank"].set(
        xscale="log", xlim=(17, 1.3e5), xlabel="original rank", ylabel="share of words alive"
    )
    panels["words off"].set_ylabel("deviation (%)")
    figure.legend(*panels["words"].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
