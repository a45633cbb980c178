"""Figures show the numbers that they are given, and can be read in grey."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from synthetic import synthetic_run

from modelcollapse import plot
from modelcollapse.figures.data import MissingDataError, word_counts
from modelcollapse.figures.marks import (
    error_of_few,
    expectation,
    expected,
    generation_axis,
    honest,
    log_spaced,
    predictions,
)
from modelcollapse.figures.protocol import Plan
from modelcollapse.figures.registry import FIGURES, figures_of
from modelcollapse.figures.style import SERIES, save
from modelcollapse.theory import Accumulate, Categorical, Gaussian, Loop, Replace, find
from modelcollapse.theory.observables import (
    Entropy,
    Heterozygosity,
    LogVariance,
    Support,
    SurvivalByRank,
    SurvivingMass,
    Variance,
)


@functools.cache
def drawn(name):
    plans = FIGURES[name].plans("quick")
    runs = {which: synthetic_run(plan, seed) for seed, (which, plan) in enumerate(plans.items())}
    return runs, FIGURES[name].draw(runs)


def plotted(axes):
    """The values of all points, one array a series, in the order of drawing."""
    return [
        np.asarray(c.lines[0].get_ydata()) for c in axes.containers if len(c.lines[0].get_ydata())
    ]


def curves(axes):
    """The x and y of all lines without markers."""
    lines = [x for x in axes.get_lines() if x.get_marker() in ("None", None, "")]
    return [x.get_xydata() for x in lines if len(x.get_xydata()) > 2]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_written_as_png_and_svg(name, tmp_path):
    runs, _ = drawn(name)
    for ending in ("png", "svg"):
        save(FIGURES[name].draw(runs), tmp_path / f"{name}.{ending}")
        assert (tmp_path / f"{name}.{ending}").stat().st_size > 10_000
    save(FIGURES[name].draw(runs), tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / f"{name}.svg").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled(name):
    _, figure = drawn(name)
    assert any(axes.get_xlabel() for axes in figure.axes)
    assert any(axes.get_ylabel() for axes in figure.axes)


@pytest.mark.parametrize("name", FIGURES)
def test_theorems_of_a_figure_speak_about_its_runs(name):
    spoken_of = {
        (theorem.name, observable)
        for plan in FIGURES[name].plans("quick").values()
        for theorem in find(plan.loop)
        for observable in plan.observables
        if observable == theorem.observable
    }
    assert {theorem for theorem, _ in spoken_of} >= set(FIGURES[name].THEOREMS)
    assert all(name in figures_of(theorem) for theorem in FIGURES[name].THEOREMS)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scale", ["quick", "default", "full"])
def test_plans_grow_with_the_scale_and_record_what_they_draw(name, scale):
    plans, quick = FIGURES[name].plans(scale), FIGURES[name].plans("quick")
    assert plans.keys() == quick.keys()
    for which, plan in plans.items():
        assert plan.chains >= quick[which].chains
        assert plan.record[-1] == plan.generations


def test_variance_shows_means_medians_and_theory():
    runs, figure = drawn("gaussian_variance")
    mean, typical = figure.axes[:2]
    for series, (n, points) in enumerate(zip((10, 30, 100, 300), plotted(typical), strict=True)):
        run = runs[f"mle-{n}"]
        shown = run.generations >= n / 10
        assert np.allclose(points, np.exp(run.quantile(LogVariance(), 0.5))[shown])
        t, values = curves(mean)[series].T
        assert np.allclose(values, (1 - 1 / n) ** t)
    run = runs["mle-300"]
    shown = (run.generations >= 30) & honest(run, Variance())
    assert np.allclose(plotted(mean)[3], run.mean(Variance())[shown])


def test_the_steady_mean_lies_within_exact_standard_errors():
    runs, figure = drawn("gaussian_variance")
    steady = figure.axes[2]
    assert steady.get_yscale() == "linear"
    run = runs["unbiased-10"]
    # The variance over s^2 of one chain at generation t: (1 + 2 / (n - 1))^t - 1.
    t, low = curves(steady)[0].T
    assert np.allclose(low, 1 - 2 * np.sqrt(((1 + 2 / 9) ** t - 1) / run.chains))
    shown = (run.generations >= 1) & honest(run, Variance())
    assert np.allclose(plotted(steady)[0], run.mean(Variance())[shown])


def test_distance_shows_means_and_medians():
    runs, figure = drawn("gaussian_distance")
    for axes, observable in zip(figure.axes, runs["mle"].observables, strict=True):
        shown = plotted(axes)
        for offset, estimator in ((0, "mle"), (2, "unbiased")):
            run = runs[estimator]
            keep = honest(run, observable)
            assert np.allclose(shown[offset], run.mean(observable)[keep])
            assert np.allclose(shown[offset + 1], run.quantile(observable, 0.5))


def test_words_shows_both_ways_of_drawing():
    runs, figure = drawn("words")
    panels = {axes.get_label(): axes for axes in figure.axes}
    for name, observable in {"words": Support(), "mass": SurvivingMass()}.items():
        axes = panels[name]
        for points, run in zip(plotted(axes), runs.values(), strict=True):
            assert np.allclose(points, run.mean(observable))
    run = runs["forward"]
    deviation = run.mean(Support()) / expected(run.loop, Support(), run.generations)
    assert np.allclose(plotted(panels["words off"])[0], 100 * (deviation - 1))
    assert "truncated" in FIGURES["words"].CAPTION


def test_bars_of_words_are_known_from_theory_and_not_from_few_chains():
    runs, figure = drawn("words")
    panels = {axes.get_label(): axes for axes in figure.axes}
    run = runs["forward"]
    variance = expectation(run.loop, Support()).sub_gamma(run.loop, run.generations)[0].ravel()
    assert np.isfinite(variance).all()
    bars = panels["words"].containers[0].lines[2][0].get_segments()
    heights = [(high - low) / 2 for (_, low), (_, high) in bars]
    assert np.allclose(heights, 2 * np.sqrt(variance / run.chains))
    for name in ("words off", "mass off"):
        low, high = panels[name].get_ylim()
        ticks = [t for t in panels[name].get_yticks() if low <= t <= high]
        assert len(ticks) >= 3
        assert 0 in ticks


def test_where_theory_knows_no_variance_the_error_of_few_chains_is_students():
    # Student's quantile at the normal law's level of two: 13.97 for one degree of freedom.
    plan = Plan(Loop(Gaussian(), Replace(n=20)), 5, 2, (Variance(),), record=(1, 5))
    run = synthetic_run(plan)
    widened = error_of_few(run, Variance()) / run.standard_error(Variance())
    assert np.allclose(2 * widened, 13.97, atol=0.01)
    # About 2000/t lineages: at generation 9 too few for the bound of the variance.
    plan = Plan(Loop(Categorical.zipf(50), Replace(n=2000)), 9, 2, (Support(),), record=(1, 9))
    run = synthetic_run(plan)
    law = next(e.sub_gamma for e in predictions(run.loop, Support()) if e.sub_gamma)
    variance = law(run.loop, [1])[0].item()
    assert np.isclose(error_of_few(run, Support())[0], np.sqrt(variance / 2))
    widened = error_of_few(run, Support()) / run.standard_error(Support())
    assert np.isclose(2 * widened[1], 13.97, atol=0.01)


@pytest.mark.parametrize("last", [1, 2, 4, 5, 9, 30, 50, 100, 1000, 10**5])
def test_labels_of_generations_do_not_collide(last):
    figure = Figure(figsize=(2.2, 2))
    axes = figure.subplots()
    generation_axis(axes, last)
    figure.draw_without_rendering()
    ticks = axes.xaxis.get_major_ticks() + axes.xaxis.get_minor_ticks()
    low, high = axes.get_xlim()
    boxes = sorted(
        tick.label1.get_window_extent().extents[[0, 2]].tolist()
        for tick in ticks
        if tick.label1.get_text() and low <= tick.get_loc() <= high
    )
    assert boxes
    assert all(left[1] < right[0] for left, right in itertools.pairwise(boxes))


def test_diversity_shows_every_regime():
    runs, figure = drawn("diversity")
    shown = plotted(figure.axes[0])
    assert len(shown) == len(runs) == 5
    for points, name in zip(shown, runs, strict=True):
        truth = runs[name].loop.truth.probabilities
        assert np.allclose(points, runs[name].mean(Heterozygosity()) / (1 - (truth**2).sum()))


def test_series_differ_in_colour_line_and_marker():
    for field in dataclasses.fields(SERIES[0]):
        assert len({str(getattr(series, field.name)) for series in SERIES}) == len(SERIES)


@pytest.mark.parametrize("name", FIGURES)
def test_colours_are_never_the_only_difference(name):
    _, figure = drawn(name)
    for axes in figure.axes:
        marker_of = {}
        for container in axes.containers:
            line = container.lines[0]
            marker_of.setdefault(line.get_color(), set()).add(line.get_marker())
        assert all(len(markers) == 1 for markers in marker_of.values())
        assert len({m for markers in marker_of.values() for m in markers}) == len(marker_of)


def test_plot_shows_every_observable_with_a_theorem():
    observables = (Variance(), LogVariance(), Entropy())
    plan = Plan(Loop(Gaussian(), Replace(n=20)), 50, 1000, observables, record=(0, 1, 5, 20, 50))
    run = synthetic_run(plan)
    figure = plot(run)
    with_theorem = [o for o in observables if predictions(run.loop, o)]
    assert len(figure.axes) == len(with_theorem)
    values = np.concatenate(plotted(figure.axes[0]))
    assert np.allclose(np.sort(values), np.sort(run.mean(Variance())[1:]))
    t, line = curves(figure.axes[0])[0].T
    assert np.allclose(line, 0.95**t)


def test_plot_draws_survival_by_rank():
    observables = (Support(), SurvivalByRank())
    plan = Plan(Loop(Categorical.zipf(200), Replace(n=500)), 20, 10, observables, record=(0, 1, 20))
    figure = plot(synthetic_run(plan))
    assert figure.axes[1].get_xlabel() == "original rank"


def test_plot_of_a_run_without_theorems_says_so():
    plan = Plan(Loop(Gaussian(), Accumulate(n=20)), 5, 10, (), record=(0, 5))
    with pytest.raises(ValueError, match="no theorem"):
        plot(synthetic_run(plan))


def test_an_error_bar_is_drawn_only_where_the_mean_is_nearly_normal():
    plan = Plan(
        Loop(Gaussian(), Replace(n=10)), 200, 10_000, (Variance(),), record=(1, 5, 100, 200)
    )
    assert honest(synthetic_run(plan), Variance()).tolist() == [True, True, False, False]


@pytest.mark.parametrize(("last", "count", "first"), [(1000, 13, 1), (3000, 16, 30), (10, 16, 1)])
def test_log_spaced_generations_are_distinct_and_keep_both_ends(last, count, first):
    spaced = log_spaced(last, count, first)
    assert spaced[0] == first
    assert spaced[-1] == last
    assert len(spaced) == min(count, last - first + 1)
    assert np.all(np.diff(spaced) > 0)


def test_word_counts():
    words, counts = word_counts()
    assert len(words) == len(set(words)) == len(counts) == 82_834
    assert counts.min() == 12_714


def test_missing_word_counts_name_the_extra(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.resources.files", absent)
    with pytest.raises(MissingDataError, match=r"modelcollapse\[data\]"):
        word_counts()
