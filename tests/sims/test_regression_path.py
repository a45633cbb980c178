"""The regression's fast path draws from the law of raw rows; so do weighted statistics of every family."""

import jax
import numpy as np
import pytest
from same_law import assert_same_law, trajectories

from modelcollapse.sims import simulate
from modelcollapse.sims.paths import choose
from modelcollapse.sims.paths.regression import RegressionStatistics
from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    FixedReal,
    Fresh,
    Gaussian,
    LinearRegression,
    Loop,
    Mixture,
    Replace,
    Weighted,
)
from modelcollapse.theory.observables import (
    AbstractObservable,
    Entropy,
    ExcessRisk,
    Frequencies,
    LogNoiseVariance,
    LogVariance,
    MeanError,
    Support,
)
from modelcollapse.theory.regression.fresh import excess_risk

BETA = np.array([0.5, -1.0, 2.0])
SMALL = Categorical([0.5, 0.3, 0.15, 0.05])
OBSERVED = (Support(), Frequencies(), Entropy())


class FirstError(AbstractObservable):
    """The first coefficient's error, which a rotation changes."""

    families = (LinearRegression,)
    name = "first_error"

    def __call__(self, model, truth):
        return model.coefficients[0] - truth.coefficients[0]


RISK, WITH_FIRST = (ExcessRisk(),), (ExcessRisk(), FirstError())
REFITTED = (ExcessRisk(), LogNoiseVariance(), FirstError())


def regression(regime, **kinds):
    return Loop(LinearRegression(BETA, 2.0, **kinds), regime)


@pytest.mark.parametrize(
    ("loop", "observables"),
    [
        (regression(Replace((5, 9, 6, 12)), noise="mle"), REFITTED),
        (regression(Replace(8), design="fixed"), RISK),
        (regression(Replace(8), design="fixed"), WITH_FIRST),
        (regression(Accumulate(8), design="fixed", noise="mle"), REFITTED),
        (regression(Fresh((4, 3, 5, 6), 6), noise="unbiased"), REFITTED),
        (regression(FixedReal(5, (4, 3, 6, 5)), design="fresh", noise="mle"), REFITTED),
        (regression(Weighted(4, 6, 0.6), noise="unbiased"), REFITTED),
    ],
    ids=lambda value: value.truth.design + type(value.regime).__name__ if isinstance(value, Loop) else "",
)  # fmt: skip
def test_statistic(loop, observables, key):
    one, other = jax.random.split(key)
    raw = trajectories(loop, "raw", one, observables)
    assert_same_law(trajectories(loop, "statistic", other, observables), raw)


@pytest.mark.parametrize(
    ("loop", "observables"),
    [
        (regression(Replace(14), noise="mle"), REFITTED),
        (regression(Replace(14), design="fixed", noise="mle"), (ExcessRisk(), LogNoiseVariance())),
    ],
    ids=["replace", "fixed"],
)
def test_both_precisions_have_one_law(loop, observables, key):
    values = []
    for dtype, each in zip(("float32", "float64"), jax.random.split(key), strict=True):
        run = simulate(
            loop, 4, 20_000, key=each, observables=observables, record=(1, 4), dtype=dtype,
            trajectories=True,
        )  # fmt: skip
        values.append(run.data["trajectory"].values.astype(np.float64))
    assert_same_law(*values)


def test_weighted_gaussian(key):
    one, other = jax.random.split(key)
    observables = (LogVariance(), MeanError())
    loop = Loop(Gaussian(1.0, 4.0, estimator="unbiased"), Weighted((2, 3, 2, 4), 3, 0.6))
    raw = trajectories(loop, "raw", one, observables)
    assert_same_law(trajectories(loop, "statistic", other, observables), raw)


def test_weighted_counts(key):
    one, other = jax.random.split(key)
    loop = Loop(SMALL, Weighted(3, (5, 4, 6, 5), 0.7))
    raw = trajectories(loop, "raw", one, OBSERVED)
    # Atoms of equal value differ in their last digits.
    assert_same_law(trajectories(loop, "counts", other, OBSERVED).round(9), raw.round(9))


def test_weighting_by_numbers_is_pooling(key):
    one, other = jax.random.split(key)
    loops = [Loop(SMALL, regime) for regime in (Weighted(3, 5, 3 / 8), Fresh(3, 5))]
    values = [
        trajectories(loop, "counts", k, OBSERVED)
        for loop, k in zip(loops, (one, other), strict=True)
    ]
    assert_same_law(*(each.round(9) for each in values))


@pytest.mark.parametrize("features", [2, 11])
def test_many_features_take_the_general_solvers(features, key):
    loop = Loop(LinearRegression(np.zeros(features)), Fresh(features + 6, features + 6))
    run = simulate(loop, 3, 4000, key=key, observables=RISK, record=[3])
    found = run.data["mean"].values[0, 0]
    error = np.sqrt(run.data["variance"].values[0, 0] / 4000)
    assert abs(found - excess_risk(features + 6, features + 6, 3, features)) < 7 * error


def test_a_fixed_design_of_many_features(key):
    loop = Loop(LinearRegression(np.zeros(20), design="fixed"), Replace(40))
    for observables in (RISK, WITH_FIRST):
        run = simulate(loop, 3, 2000, key=key, observables=observables, record=[3])
        found, variance = (run.data[name].values[0, 0] for name in ("mean", "variance"))
        assert abs(found - 3 * 20 / 19) < 7 * np.sqrt(variance / 2000)


def chosen(loop, path="auto", generations=4):
    return choose(path, loop, loop.regime.sizes(generations), "float32", RISK, 1000)


def test_the_path_is_chosen_by_the_rows_of_a_batch():
    assert isinstance(chosen(regression(Replace(8))), RegressionStatistics)
    assert not isinstance(chosen(regression(Fresh(2, 8))), RegressionStatistics)
    assert not isinstance(chosen(regression(AccumulateSubsample(8))), RegressionStatistics)
    assert chosen(regression(Replace(8), design="fixed")).rotated
    assert not chosen(regression(Replace(30))).exact
    assert chosen(regression(Replace(5))).exact


@pytest.mark.parametrize(
    ("loop", "path", "message"),
    [
        (regression(Fresh(2, 8)), "statistic", "batches of so few rows; use 'auto'"),
        (
            regression(Fresh(8, 8), design="fixed"),
            "auto",
            "serves replace and accumulate; got Fresh",
        ),
        (regression(Mixture(8, 0.2), design="fixed"), "auto", "accumulate; got Mixture"),
        (
            regression(Replace((8, 9, 8, 8)), design="fixed"),
            "auto",
            "needs one n for all .* 8 and 9",
        ),
        (regression(Replace((8, 9, 8, 8)), design="orthogonal"), "raw", "one size only"),
        (regression(AccumulateSubsample(8), design="orthogonal"), "auto", "not orthogonal"),
    ],
)
def test_what_no_path_serves_is_named(loop, path, message):
    with pytest.raises(ValueError, match=message):
        chosen(loop, path)


@pytest.mark.usefixtures("unhooked")
def test_truths_of_unusual_units_run_in_64_bits(key):
    far = Loop(LinearRegression([1e7], 1.0), Replace(9))
    assert simulate(far, 1, 16, key=key).data.attrs["dtype"] == "float64"
    near = Loop(LinearRegression([1.0], 1.0), Replace(9))
    assert simulate(near, 1, 16, key=key).data.attrs["dtype"] == "float32"
