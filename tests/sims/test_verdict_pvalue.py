"""P-values, resolutions and certificates, against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats

from modelcollapse.sims.moments import Moments
from modelcollapse.sims.verdicts.budget import Budget
from modelcollapse.sims.verdicts.null import Null
from modelcollapse.sims.verdicts.pvalue import (
    at_least,
    at_most,
    relative_entropy,
    weigh,
)
from modelcollapse.sims.verdicts.tails import MeanTest, SubGammaTest

ALPHA = Budget().comparison
CHAINS = 65_536


def point(value):
    return Null(value, value, value)


def share(successes, chains=CHAINS):
    p = successes / chains
    low, high = float(successes == chains), float(successes > 0)
    return Moments(float(chains), p, p * (1 - p), 0.0, 0.0, low, high)


def test_the_budget_is_split_evenly():
    assert pytest.approx(1e-6 / 2**12 / 16) == ALPHA
    assert Budget(1e-2, rows=1, comparisons=1).comparison == 1e-2


@pytest.mark.parametrize("bad", [{"false_alarms": 0.0}, {"false_alarms": 2.0}, {"rows": 0}])
def test_a_budget_is_a_probability(bad):
    with pytest.raises(ValueError, match="Budget"):
        Budget(**bad)


@pytest.mark.parametrize(
    ("count", "k", "p"), [(200, 90, 0.1), (200, 1, 0.25), (50, 50, 0.5), (50, 0, 0.5)]
)
def test_binomial_tails_are_exact(count, k, p):
    exact = [
        math.comb(count, i) * Fraction(p) ** i * (1 - Fraction(p)) ** (count - i)
        for i in range(count + 1)
    ]
    assert at_least(k, count, p) == pytest.approx(float(sum(exact[k:])), rel=1e-10)
    assert at_most(k, count, p) == pytest.approx(float(sum(exact[: k + 1])), rel=1e-10)


def test_an_impossible_event_refutes_and_its_absence_does_not():
    for predicted, usual, event in ((0.0, 0, 1), (1.0, CHAINS, CHAINS - 1)):
        for options in ({"share": True}, {"bounds": (0.0, 1.0)}):
            kept = weigh(share(usual), point(predicted), alpha=ALPHA, **options)
            broken = weigh(share(event), point(predicted), alpha=ALPHA, **options)
            assert kept.p == 1
            assert 0 < kept.reach < 5e-4
            assert broken.p == 0
            assert broken.certified


def test_what_is_merely_rare_does_not_refute():
    for options in ({"share": True}, {"bounds": (0.0, 1.0)}):
        assert weigh(share(0), point(1e-7), alpha=ALPHA, **options).p > 0.9
        assert weigh(share(1), point(1e-7), alpha=ALPHA, **options).p > ALPHA
        assert weigh(share(CHAINS), point(0.99), alpha=ALPHA, **options).p < ALPHA


@pytest.mark.parametrize("p", [1e-4, 0.03, 0.5, 0.999])
def test_resolution_of_a_share_is_the_error_that_is_caught(p):
    low, high = stats.binom.ppf([0.001, 0.999], CHAINS, p)
    reach = weigh(share(round(p * CHAINS)), point(p), alpha=ALPHA, share=True).reach
    for successes, wrong in ((high, p + reach), (low, p - reach)):
        if 0 <= wrong <= 1:
            assert weigh(share(successes), point(wrong), alpha=ALPHA, share=True).p <= ALPHA * 1.001


def test_not_a_probability():
    assert weigh(share(1000), point(1.5), alpha=ALPHA, share=True).p == 0
    assert weigh(share(1000), point(-0.5), alpha=ALPHA, share=True).p == 0
    assert weigh(share(0), point(-1e-17), alpha=ALPHA, share=True).p == 1


def test_normal_data_give_the_normal_tail():
    x = np.random.default_rng(0).normal(size=CHAINS)
    x = (x - x.mean()) / x.std()
    se = 1 / math.sqrt(CHAINS)
    for z in (0.5, 3.0, 6.0):
        found = weigh(Moments.of(x), point(-z * se), alpha=ALPHA, spread=(1.0, 0.0))
        assert found.certified
        assert found.statistic == pytest.approx(z, rel=1e-3)
        assert found.p == pytest.approx(2 * special.ndtr(-z), rel=0.05)
    assert found.reach == pytest.approx((6.64 + 3.09) * se, rel=0.02)


def test_a_few_normal_chains_get_students_tail():
    x = np.random.default_rng(0).normal(size=2000)
    x = x - x.mean()
    found = weigh(Moments.of(x), point(5 * x.std() / math.sqrt(1999)), alpha=0.01)
    student = 2 * stats.t.sf(5, 1999)
    assert student <= found.p < 1.3 * student


def test_a_larger_distance_is_never_a_larger_p():
    skewed = MeanTest.known(CHAINS, 1.0, 5.0, 40.0, ALPHA)
    tails = [skewed.log_tail(z) for z in np.linspace(0, 1000, 5000)]
    assert np.all(np.diff(tails) <= 0)
    assert tails[-1] < -500


@pytest.mark.parametrize("make", [MeanTest.known, MeanTest.student])
@pytest.mark.parametrize(
    ("skewness", "kurtosis"), [(0.1, 0.0), (3.0, 20.0), (0.0, 400.0), (30.0, 2e3)]
)
def test_chains_to_certify_are_the_chains_that_certify(make, skewness, kurtosis):
    needed = make(1000, 1.0, skewness, kurtosis, ALPHA).chains
    assert make(1.01 * needed, 1.0, skewness, kurtosis, ALPHA).certified
    assert not make(0.97 * needed, 1.0, skewness, kurtosis, ALPHA).certified


@pytest.mark.parametrize("seed", range(20))
def test_heavy_tails_give_themselves_away(seed):
    rng = np.random.default_rng(seed)
    x = np.prod(rng.chisquare(9, (40, 10_000)) / 10, axis=0)
    for alpha in (ALPHA, 1e-3):
        found = weigh(Moments.of(x), point(0.9**40), alpha=alpha)
        assert not found.certified
        assert found.chains > 50_000


def test_one_wild_chain_is_not_evidence():
    x = np.random.default_rng(0).normal(size=CHAINS)
    x[0] = 1e7
    found = weigh(Moments.of(x), point(0.0), alpha=ALPHA, spread=(1.0, 0.0))
    assert not found.certified


def test_constant_data():
    same = Moments.of(np.full(1000, 0.1, np.float32))
    assert weigh(same, point(0.1), alpha=ALPHA).p == 1
    assert weigh(same, point(0.1001), alpha=ALPHA).p == 0
    assert not math.isnan(weigh(same, point(0.1), alpha=ALPHA, spread=(0.0, math.nan)).p)


def test_float32_rounding_is_allowed_for():
    x = 100 + 1e-9 * np.random.default_rng(0).normal(size=CHAINS)
    found = weigh(Moments.of(x), point(100.0001), alpha=ALPHA)
    assert found.p == 1
    assert found.reach >= 1e-4
    assert weigh(Moments.of(x), point(100.0001), alpha=ALPHA, epsilon=2.0**-52).p < ALPHA
    # The truth's mass is one, but adding it up in float32 may miss it.
    mass = Moments.of(np.full(1000, 1 - 3e-7))
    assert weigh(mass, point(1.0), alpha=ALPHA, bounds=(0.0, 1.0)).p == 1


def test_what_is_not_finite():
    finite = Moments.of(np.random.default_rng(0).normal(size=1000))
    infinite = Moments.of(np.array([1.0, np.inf, 2.0]))
    broken = Moments.of(np.array([1.0, np.nan]))
    nothing = Moments.of(np.zeros(0))
    # It may be an overflow of float32: nothing can be said.
    assert not weigh(infinite, point(3.0), alpha=ALPHA).certified
    assert not weigh(infinite, point(math.inf), alpha=ALPHA).certified
    assert not weigh(finite, point(math.inf), alpha=ALPHA).certified
    assert weigh(finite, point(math.nan), alpha=ALPHA).p == 0
    assert not weigh(broken, point(0.0), alpha=ALPHA).certified
    assert not weigh(nothing, point(0.0), alpha=ALPHA).certified
    for bad in ((math.inf, 0.0), (1.0, math.nan), (math.nan, 0.0)):
        assert not weigh(finite, point(0.0), alpha=ALPHA, spread=bad).certified


def test_intervals_and_bounds():
    x = np.random.default_rng(0).normal(size=CHAINS)
    moments, se = Moments.of(x - x.mean() + 1.0), 1 / math.sqrt(CHAINS)
    inside = weigh(moments, Null(0.9, 0.8, 1.05), alpha=ALPHA)
    assert (inside.p, inside.statistic) == (1.0, 0.0)
    assert inside.reach > 0.15
    lower = Null(0.9, 0.9, math.inf)
    assert lower.sides == 1
    assert weigh(moments, lower, alpha=ALPHA).p == 1
    violated = weigh(moments, Null(1 + 9 * se, 1 + 9 * se, math.inf), alpha=ALPHA)
    assert violated.p < ALPHA
    assert violated.statistic < -8


@pytest.mark.parametrize("p", [0.001, 0.2, 0.7])
def test_the_bounded_test_is_conservative(p):
    for k in range(0, 400, 7):
        exact = at_least(k, 400, p) if k > 400 * p else at_most(k, 400, p)
        assert 1.000001 * math.exp(-400 * relative_entropy(k / 400, p)) >= exact


@pytest.mark.parametrize("chains", [1, 3, 40])
@pytest.mark.parametrize("p", [0.002, 0.3, 0.97])
def test_bernsteins_tail_is_above_the_exact_one(p, chains):
    """Each chain counts successes among 1,000 trials, so all together are binomial."""
    trials = 1000
    test = SubGammaTest(chains, trials * p * (1 - p), 1 / 3, ALPHA)
    for z in (0.5, 2.0, 5.0, 8.0):
        distance = z * test.se
        far = trials * p + distance
        near = trials * p - distance
        exact = stats.binom.logsf(math.ceil(far * chains) - 1, trials * chains, p)
        assert exact <= test.log_tail(distance)
        if near >= 0:
            assert stats.binom.logcdf(math.floor(near * chains), trials * chains, p) <= (
                test.log_tail(distance)
            )
        assert test.quantile(math.exp(test.log_tail(distance))) == pytest.approx(distance)


def test_a_few_chains_of_a_known_law_are_judged():
    """Three chains that a test of their own moments could not use."""
    x = np.array([4990.0, 5030.0, 5010.0])
    law = (2500.0, 1 / 3)
    fine = weigh(Moments.of(x), point(5000.0), alpha=ALPHA, sub_gamma=law)
    off = weigh(Moments.of(x), point(5300.0), alpha=ALPHA, sub_gamma=law)
    assert fine.test == off.test == "Bernstein"
    assert fine.certified
    assert fine.p > 0.1
    assert off.p < ALPHA
    assert fine.se == pytest.approx(50 / math.sqrt(3))
    caught = weigh(Moments.of(x - 10), point(5000 + fine.reach), alpha=ALPHA, sub_gamma=law)
    assert caught.p < ALPHA
    assert (
        weigh(Moments.of(x), point(5000.0), alpha=ALPHA, sub_gamma=(math.inf, 1.0)).test == "mean"
    )


def test_hopeless_skewness_is_not_certified_and_does_not_overflow():
    """As of a variance after thousands of generations."""
    x = Moments.of(np.random.default_rng(0).normal(size=1000))
    for huge in (1e160, 1e300, math.inf):
        found = weigh(x, point(1.0), alpha=ALPHA, spread=(1.0, huge))
        assert not found.certified
        assert found.chains > 1e30


def test_bounds_of_no_width():
    """The cross-entropy of a uniform truth is always log K."""
    same = Moments.of(np.full(100, math.log(3.0)))
    bounds = (math.log(3.0), math.log(3.0))
    assert weigh(same, point(math.log(3.0)), alpha=ALPHA, bounds=bounds).p == 1
    assert weigh(same, point(1.2), alpha=ALPHA, bounds=bounds).p == 0


def test_one_chain_and_underflow_are_no_evidence():
    alone = Moments.of(np.array([0.7]))
    assert not weigh(alone, point(1.0), alpha=ALPHA).certified
    gone = Moments.of(np.zeros(1000))
    tiny = float(np.finfo(np.float32).tiny)
    assert weigh(gone, point(1e-60), alpha=ALPHA, least=tiny).p == 1
    assert weigh(gone, point(1e-30), alpha=ALPHA, least=tiny).p < ALPHA
