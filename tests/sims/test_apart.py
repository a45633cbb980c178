"""Paths that skip the generations between: exact in law at each generation that they draw.

False alarms: 1e-6 for the file, split over what is compared.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from modelcollapse.sims import simulate
from modelcollapse.sims.samplers.occupancy import occupied
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import Categorical, Gaussian, Loop, Mixture, Replace, x64
from modelcollapse.theory.gaussian import log_variance
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import (
    Entropy,
    LogVariance,
    MeanError,
    Returned,
    Support,
    SurvivingMass,
    Variance,
)

LEAST = 1e-6 / 64
throw = jax.jit(occupied)


def streams(seed, lanes):
    number = jnp.arange(lanes, dtype=jnp.uint32)
    root = Stream.of(jnp.array([seed, 7], jnp.uint32))
    key0, key1 = (jnp.broadcast_to(key, (lanes,)) for key in (root.key0, root.key1))
    return Stream(key0, key1).fold(number)


def occupancy_law(balls, boxes):
    """P(d boxes occupied), by throwing one ball after another."""
    law = np.zeros(boxes + 1)
    law[0] = 1
    share = np.arange(boxes + 1) / boxes
    for _ in range(balls):
        law = law * share + np.concatenate([[0], (law * (1 - share))[:-1]])
    return law


@pytest.mark.parametrize(
    ("balls", "boxes"),
    [
        (1, 5),
        (7, 7),
        (20, 3),
        (200, 50),
        (300, 300),
        (5000, 100),
        (600, 4000),
        (600, 90_000),
        (4000, 9000),
    ],
)
def test_occupancy_law(balls, boxes):
    lanes = 2**15
    with x64():
        values = np.asarray(throw(streams(4, lanes), np.full(lanes, float(balls)), boxes)).astype(
            int
        )
    law = occupancy_law(balls, boxes)
    expected, found = law * lanes, np.bincount(values, minlength=boxes + 1)
    assert found[expected < 1e-12 * lanes].sum() == 0
    keep = expected > 5
    if keep.sum() > 1:
        scale = found[keep].sum() / expected[keep].sum()
        assert stats.chisquare(found[keep], expected[keep] * scale).pvalue > LEAST
    places = np.arange(boxes + 1)
    mean, deviation = law @ places, np.sqrt(law @ places**2 - (law @ places) ** 2)
    if deviation > 1e-6:
        assert 2 * special.ndtr(-abs(values.mean() - mean) / deviation * np.sqrt(lanes)) > LEAST


@pytest.mark.parametrize(
    ("truth", "n"),
    [
        (Gaussian(), 10),
        (Gaussian(3.0, 4.0, estimator="unbiased"), 100),
        (Gaussian(), (5, 40, 9, 12, 7, 30) * 50),
        (Gaussian(), 10**6),
    ],
)
def test_jump_has_the_exact_law(truth, n):
    times = [1, 7, 300]
    run = simulate(
        Loop(truth, Replace(n=n)), 300, 2**16, key=jax.random.key(5), path="jump", record=times,
        observables=(LogVariance(), Variance(), Entropy()), trajectories=True,
    )  # fmt: skip
    values = run.data["trajectory"].sel(column="log_variance").values.astype(float)
    for i, t in enumerate(times):
        law = functools.partial(log_variance.cdf, n=n, t=t, estimator=truth.estimator)
        assert stats.kstest(values[: 2**14, i], law).pvalue > LEAST
        mean, variance = (
            float(log_variance.cumulant(n, t, k, estimator=truth.estimator)) for k in (1, 2)
        )
        z = (values[:, i].mean() - mean) / np.sqrt(variance / 2**16)
        excess = float(log_variance.cumulant(n, t, 4)) / variance**2
        spread = (values[:, i].var() / variance - 1) / np.sqrt((2 + excess) / 2**16)
        assert 2 * special.ndtr(-max(abs(z), abs(spread))) > LEAST / 2
    # Generations are drawn apart from one another.
    assert abs(np.corrcoef(values[:, 1], values[:, 2])[0, 1]) < 6 / 2**8


def test_jump_refuses_what_a_polynomial_does_not_serve():
    with pytest.raises(ValueError, match="few draws"):
        simulate(Loop(Gaussian(), Replace(n=2)), 1, 16, key=jax.random.key(0), path="jump")


def test_survivors_have_the_law_of_the_chains():
    """Words alive and their mass: the exact means, and the law of chains run forward."""
    loop = Loop(Categorical.zipf(100), Replace(n=(3000, 50, 700, 4000, 20)))
    times = [1, 3, 5]
    run, forward = (
        simulate(
            loop, 5, 2**13, key=jax.random.key(8), path=path, record=times,
            observables=(Support(), SurvivingMass()), trajectories=True,
        )
        for path in ("survivors", "counts")
    )  # fmt: skip
    words = [r.data["trajectory"].sel(column="support").values.astype(int) for r in (run, forward)]
    for i in range(len(times)):
        found = [np.bincount(values[:, i], minlength=101) for values in words]
        table = np.stack(found)[:, np.add(*found) > 10]
        if table.shape[1] > 1:
            assert stats.chi2_contingency(table).pvalue > LEAST
    for name in ("support", "surviving_mass"):
        mean, variance = (run.data[of].sel(column=name).values for of in ("mean", "variance"))
        z = (mean - LEDGER[f"categorical_replace_{name}"](loop, times)) / np.sqrt(variance / 2**13)
        assert 2 * special.ndtr(-np.abs(z)).min() > LEAST / 3


@pytest.mark.parametrize(
    ("truth", "n", "last"),
    [
        (Gaussian(1.0, 4.0), 10, 2500),
        (Gaussian(estimator="unbiased"), (6, 30, 9), 3),
    ],
)
def test_running_sums_give_the_same_chains(truth, n, last):
    """Up to rounding, which grows with the size of the log-variance."""
    values = [
        simulate(
            Loop(truth, Replace(n=n)), last, 21, key=jax.random.key(5), path=path, record=sorted({0, 1, 3, last}),
            observables=(LogVariance(), MeanError()), trajectories=True,
        ).data["trajectory"].values
        for path in ("cumulative", "statistic")
    ]  # fmt: skip
    assert values[0].std(axis=0)[1:].min() > 0
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5, atol=1e-5)


def test_running_sums_need_five_draws():
    with pytest.raises(ValueError, match="at least 5 draws a generation; got float32 and 4"):
        simulate(Loop(Gaussian(), Replace(n=4)), 2, 4, key=jax.random.key(0), path="cumulative")


@pytest.mark.parametrize(
    ("loop", "path", "observables", "told"),
    [
        (Loop(Gaussian(), Replace(n=10)), "jump", (MeanError(),), "mean_error cannot be observed"),
        (Loop(Gaussian(), Replace(n=10)), "survivors", None, "serves a Categorical under Replace"),
        (Loop(Gaussian(), Mixture(n=9, real_share=0.5)), "jump", None, "under Replace only"),
        (Loop(Categorical.zipf(9), Replace(n=10)), "survivors", (Entropy(),), "entropy cannot be"),
        (Loop(Categorical.zipf(9), Replace(n=10)), "ancestors", (Returned(),), "independently"),
    ],
)
def test_what_a_path_does_not_know_is_refused(loop, path, observables, told):
    with pytest.raises(ValueError, match=told):
        simulate(loop, 2, 4, key=jax.random.key(0), path=path, observables=observables)


def test_a_jump_takes_more_draws_than_float32_counts(key):
    """Its exact mean and variance, each within what a sound run exceeds with probability `LEAST`."""
    n, t, chains = 2**26 + 1, 30, 100_000
    run = simulate(
        Loop(Gaussian(), Replace(n=n)), t, chains, key=key, path="jump", record=[t],
        observables=(LogVariance(),),
    )  # fmt: skip
    seen = run.moments("log_variance", t)
    mean, variance = (float(log_variance.cumulant(n, t, order)) for order in (1, 2))
    z = -special.ndtri(LEAST / 2)
    assert abs(seen.mean - mean) < z * (variance / chains) ** 0.5
    assert abs(seen.variance / variance - 1) < z * (2 / chains) ** 0.5


def test_jump_is_for_float32():
    with pytest.raises(ValueError, match="float32 only"):
        simulate(
            Loop(Gaussian(), Replace(n=10)),
            2,
            4,
            key=jax.random.key(0),
            path="jump",
            dtype="float64",
        )
