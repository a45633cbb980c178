"""How far a self-trained Gaussian drifts from the truth: bounded or diverging, and for whom."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.figures.marks import expected, generation_axis, honest, line, log_spaced, points
from modelcollapse.figures.protocol import Plan, Scale
from modelcollapse.figures.style import FULL_WIDTH, SERIES, Series, styled
from modelcollapse.sims import Run
from modelcollapse.theory import Gaussian, Loop, Replace
from modelcollapse.theory.gaussian.family import Estimator
from modelcollapse.theory.observables import (
    AbstractObservable,
    KLFromTruth,
    KLToTruth,
    W2Squared,
)

_N = 20
_GENERATIONS = 20 * _N
_CHAINS = {"quick": 1 << 13, "default": 1 << 15, "full": 1 << 19}
_CEILING = 1e9
_ESTIMATORS: dict[Estimator, str] = {"mle": "maximum likelihood", "unbiased": "unbiased"}

TITLE = "Distance of a self-trained Gaussian from the truth"
CAPTION = (
    f"A Gaussian refitted to n = {_N} of its own draws. Left: the expected squared Wasserstein "
    "distance stays below twice the true variance for maximum likelihood and diverges for the "
    "unbiased variance. Middle, right: both Kullback-Leibler divergences diverge for either "
    "estimator, linearly from the model to the truth and exponentially from the truth to the model. "
    "Lines are exact means; filled points are simulated means (bars: two standard errors), shown "
    "while the mean over chains is nearly normal, about up to t = n: later, ever rarer chains carry "
    "the expectation, and plain means say nothing about it. Open points are simulated medians, the "
    "typical distance: for W2 it settles under either estimator."
)
THEOREMS = (
    "gaussian_replace_w2_squared",
    "gaussian_replace_kl_to_truth",
    "gaussian_replace_kl_from_truth",
)

_PANELS: tuple[tuple[AbstractObservable, str], ...] = (
    (W2Squared(), r"$W_2^2(p_t,p_0)/\sigma_0^2$"),
    (KLToTruth(), r"$\mathrm{KL}(p_t\,\Vert\,p_0)$ in nats"),
    (KLFromTruth(), r"$\mathrm{KL}(p_0\,\Vert\,p_t)$ in nats"),
)


def plans(scale: Scale) -> dict[str, Plan]:
    """One run for each estimator."""
    record = tuple(int(t) for t in log_spaced(_GENERATIONS, 15))
    return {
        estimator: Plan(
            loop=Loop(Gaussian(estimator=estimator), Replace(n=_N)),
            generations=_GENERATIONS,
            chains=_CHAINS[scale],
            observables=tuple(observable for observable, _ in _PANELS),
            record=record,
            quantiles=record,
        )
        for estimator in _ESTIMATORS
    }


def _panel(axes: Axes, run: Run, observable: AbstractObservable, series: Series) -> None:
    t = log_spaced(int(run.generations[-1]), 200)
    line(axes, t, expected(run.loop, observable, t), series)
    keep = honest(run, observable)
    points(
        axes,
        run.generations[keep],
        run.mean(observable)[keep],
        series,
        run.standard_error(observable)[keep],
        markerfacecolor=series.color,
    )
    points(axes, run.generations, run.quantile(observable, 0.5), series)


@styled
def draw(runs: Mapping[str, Run]) -> Figure:
    """Three panels: squared Wasserstein distance and the two divergences."""
    figure = Figure(figsize=(FULL_WIDTH, 2.9))
    panels = figure.subplots(1, 3)
    for axes, (observable, label) in zip(panels, _PANELS, strict=True):
        for estimator, series in zip(_ESTIMATORS, SERIES, strict=False):
            _panel(axes, runs[estimator], observable, series)
        generation_axis(axes, _GENERATIONS)
        axes.set(yscale="log", ylabel=label)
        low, high = axes.get_ylim()
        axes.set_ylim(low, min(high, _CEILING))
    axes = panels[0]
    pairs = list(zip(_ESTIMATORS.values(), SERIES, strict=False))
    handles = [line(axes, [], [], s, label=f"{words}: exact mean") for words, s in pairs]
    handles += [
        points(axes, [], [], s, markerfacecolor=s.color, label="simulated mean") for _, s in pairs
    ]
    handles += [points(axes, [], [], s, label="simulated median") for _, s in pairs]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
