"""Diversity under five ways of putting a training set together."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from modelcollapse.figures.marks import expectation, generation_axis, key, line, log_spaced, points
from modelcollapse.figures.protocol import Plan, Scale
from modelcollapse.figures.style import FULL_WIDTH, SERIES, Series, styled
from modelcollapse.sims import Run
from modelcollapse.theory import (
    Accumulate,
    Categorical,
    FixedReal,
    Fresh,
    Loop,
    Mixture,
    Replace,
)
from modelcollapse.theory.observables import AbstractObservable, Heterozygosity, Support

_N = 100
_LABELS = 100
_GENERATIONS = 200
#: By default of the size from which a run's own verdicts tell the theorems from most of their wrong variants.
_CHAINS = {"quick": 1 << 11, "default": 1 << 12, "full": 1 << 16}
#: Accumulate varies least between chains, and costs most: it gets so many times fewer.
_FEWER = 8
_REGIMES = {
    "accumulate": Accumulate(n=_N),
    "fresh": Fresh(n_real=10, n_synthetic=90),
    "mixture": Mixture(n=_N, real_share=0.1),
    "replace": Replace(n=_N),
    "fixed-real": FixedReal(n_real=10, n_synthetic=90),
}
_WORDS = {
    "accumulate": "accumulate",
    "fresh": "10 fresh real, 90 synthetic",
    "mixture": "10 % real at random",
    "replace": "replace",
    "fixed-real": "the same 10 real, 90 synthetic",
}

TITLE = "Diversity of a categorical model under five regimes"
CAPTION = (
    f"A model of {_LABELS:,} labels with Zipf's law, trained for {_GENERATIONS} generations on {_N} "
    "draws each. Left: expected heterozygosity (the chance that two draws differ) relative to the "
    "truth's. Right: expected number of labels alive. Fresh real data by fixed count and at random "
    "hardly differ. Lines are exact theory, points are simulated means (bars: two standard errors, "
    "mostly within the points). The points of a curve come from the same chains, so neighbours err together: most of all with "
    "the same 10 real draws, which a chain keeps for ever, so that its labels alive never change and "
    "all of that curve's points may lie on one side of its line."
)
THEOREMS = (
    "categorical_replace_heterozygosity",
    "categorical_accumulate_heterozygosity",
    "categorical_fresh_heterozygosity",
    "categorical_mixture_heterozygosity",
    "categorical_fixed_real_heterozygosity",
    "categorical_replace_support",
    "categorical_kept_support",
    "categorical_fresh_support",
    "categorical_mixture_support",
)


def plans(scale: Scale) -> dict[str, Plan]:
    """One run for each regime."""
    truth = Categorical.zipf(_LABELS)
    return {
        name: Plan(
            loop=Loop(truth, regime),
            generations=_GENERATIONS,
            chains=_CHAINS[scale] // (_FEWER if name == "accumulate" else 1),
            observables=(Heterozygosity(), Support()),
            record=tuple(int(t) for t in log_spaced(_GENERATIONS, 14)),
            # So small a model is drawn sample by sample: that takes half as long to compile. But
            # accumulate would keep all its samples.
            path="auto" if name == "accumulate" else "raw",
        )
        for name, regime in _REGIMES.items()
    }


def _panel(
    axes: Axes, run: Run, observable: AbstractObservable, series: Series, unit: float
) -> None:
    theorem = expectation(run.loop, observable)
    if theorem is not None:
        t = log_spaced(int(run.generations[-1]), 120)
        line(axes, t, theorem(run.loop, t) / unit, series)
    points(
        axes,
        run.generations,
        run.mean(observable) / unit,
        series,
        run.standard_error(observable) / unit,
    )


@styled
def draw(runs: Mapping[str, Run]) -> Figure:
    """Two panels: heterozygosity and labels alive."""
    figure = Figure(figsize=(FULL_WIDTH, 3.3))
    left, right = figure.subplots(1, 2)
    handles = []
    for (name, words), series in zip(_WORDS.items(), SERIES, strict=False):
        run = runs[name]
        truth = np.asarray(run.loop.truth.probabilities)
        _panel(left, run, Heterozygosity(), series, float(1 - (truth**2).sum()))
        _panel(right, run, Support(), series, 1.0)
        handles.append(key(left, series, words))
    for axes in (left, right):
        generation_axis(axes, _GENERATIONS)
    left.set(ylim=(0, 1.03), ylabel=r"heterozygosity $\mathbb{E}\,H_t/H_0$")
    right.set(yscale="log", ylim=(1, 1.2 * right.get_ylim()[1]), ylabel="labels alive")
    right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.yaxis.set_major_formatter(FuncFormatter(lambda alive, _: f"{alive:g}"))
    right.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
