"""Categorical theorems against enumeration: every state of small loops, and one label's chain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wright_fisher import enumerate_models, mean, two_type, two_type_fixed_counts

from modelcollapse import theory
from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    FixedReal,
    Fresh,
    Loop,
    Mixture,
    Replace,
    find,
)
from modelcollapse.theory.categorical import accumulate, fresh, moments, subsample, vocabulary

few = settings(deadline=None, derandomize=True, max_examples=25)

TRUTH = Categorical([0.2, 0.5, 0.3])
PROBABILITIES = np.asarray(TRUTH.probabilities)
REGIMES = {
    "replace": Replace(n=4),
    "replace, n = 1": Replace(n=1),
    "replace, n = 2": Replace(n=2),
    "replace, schedule": Replace(n=(3, 1, 6)),
    "replace, function": Replace(n=lambda t: 2 + t),
    "accumulate": Accumulate(n=2),
    "accumulate, n = 1": Accumulate(n=1),
    "accumulate, schedule": Accumulate(n=(2, 3, 1)),
    "subsample": AccumulateSubsample(n=2),
    "subsample, n = 1": AccumulateSubsample(n=1),
    "subsample, schedule": AccumulateSubsample(n=(2, 3, 1)),
    "fresh": Fresh(n_real=1, n_synthetic=3),
    "fresh, real only": Fresh(n_real=3, n_synthetic=0),
    "fresh, schedule": Fresh(n_real=(2, 1, 1), n_synthetic=(1, 3, 0)),
    "mixture": Mixture(n=3, real_share=0.3),
    "mixture, no real": Mixture(n=3, real_share=0.0),
    "mixture, schedule": Mixture(n=(2, 4, 3), real_share=0.3),
    "fixed real": FixedReal(n_real=2, n_synthetic=3),
    "fixed real, schedule": FixedReal(n_real=2, n_synthetic=(9, 1, 3)),
}


@pytest.mark.parametrize("name", REGIMES)
def test_every_theorem_agrees_with_enumeration(name):
    loop = Loop(TRUTH, REGIMES[name])
    laws = enumerate_models(loop, 3)
    t = np.arange(4)
    spoken = 0
    for entry in find(loop):
        if entry.gives == "cdf":
            tried = [
                (theory.observables.AtMost(entry.observable, m), entry(loop, t, m))
                for m in (1.0, 2.0, 3.0)
            ]
        else:
            tried = [(entry.observables()[0], entry(loop, t))]
        for observable, predicted in tried:
            exact = [mean(observable, law, PROBABILITIES) for law in laws]
            if exact[0] is None:
                continue
            spoken += 1
            exact, predicted = np.array(exact), predicted.reshape(4, -1)
            if entry.kind == "exact":
                np.testing.assert_allclose(predicted, exact, rtol=0, atol=1e-12, err_msg=entry.name)
            elif entry.kind == "asymptotic":
                allowed = entry.envelope(loop, t)[:, None] * np.abs(predicted) + 1e-13
                assert np.all(np.abs(predicted - exact) <= allowed), entry.name
            elif entry.kind == "bound":
                slack = predicted - exact if entry.side == "upper" else exact - predicted
                # The limit bounds what comes after the truth, and the truth itself.
                assert np.all(slack >= -1e-12), entry.name
    assert spoken >= 2


def test_spread_of_frequencies_agrees_with_enumeration():
    loop = Loop(TRUTH, Replace(n=(3, 5)))
    models, weights = enumerate_models(loop, 2)[2]
    for name in ("categorical_replace_frequency_squared", "categorical_replace_frequency_cubed"):
        entry = theory.ledger.LEDGER[name]
        values = models**entry.observable.power
        centred = values - weights @ values
        variance = weights @ centred**2
        found, skewness = entry.spread(loop, np.array([2]))
        np.testing.assert_allclose(found[0], variance, rtol=1e-12)
        np.testing.assert_allclose(skewness[0], weights @ centred**3 / variance**1.5, rtol=1e-11)


SIZES = [17, 3, 30, 1, 8, 25, 12]


@pytest.mark.parametrize("share", [0.0, 0.07, 0.5, 1.0])
@pytest.mark.parametrize("constant", [True, False])
def test_mixture_agrees_with_the_chain_of_one_label(share, constant):
    sizes = [12] * len(SIZES) if constant else SIZES
    n, t = (12 if constant else SIZES), np.arange(1, len(sizes) + 1)
    p = np.array([1e-4, 0.03, 0.4, 0.95])
    laws = [two_type(q, sizes, share) for q in p]
    alive = vocabulary.mixture_alive(p, n, share, t)
    np.testing.assert_allclose(alive, [[1 - law[0] for law in chain] for chain in zip(*laws, strict=True)], atol=1e-13)  # fmt: skip
    variance = [
        [law @ (np.arange(law.size) / (law.size - 1)) ** 2 - q**2 for q, law in zip(p, chain, strict=True)]
        for chain in zip(*laws, strict=True)
    ]  # fmt: skip
    inbreeding = fresh.mixture_inbreeding(n, share, t)
    np.testing.assert_allclose(np.outer(inbreeding, p * (1 - p)), variance, atol=1e-14)


@pytest.mark.parametrize(
    ("real", "synthetic"), [(4, 9), ([3, 1, 5, 2], [8, 12, 0, 7])], ids=["constant", "schedule"]
)
def test_fresh_agrees_with_the_chain_of_one_label(real, synthetic):
    p, t = np.array([1e-4, 0.03, 0.4, 0.95]), np.arange(1, 5)
    counts = [np.broadcast_to(x, 4) for x in (real, synthetic)]
    laws = [two_type_fixed_counts(q, *counts) for q in p]
    alive = vocabulary.fresh_alive(p, real, synthetic, t)
    expected = [[1 - law[0] for law in chain] for chain in zip(*laws, strict=True)]
    np.testing.assert_allclose(alive, expected, atol=1e-13)


def test_eigenvalues_of_drift():
    n, power = 40, 6
    table = np.asarray(moments.occupancy(power, n))
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)
    frequency = np.arange(n + 1) / n
    from scipy.stats import binom

    chain = binom.pmf(np.arange(n + 1), n, frequency[:, None])
    values = np.sort(np.linalg.eigvals(chain).real)[::-1][: power + 1]
    exact = np.cumprod(np.concatenate([[1.0], 1 - np.arange(power) / n]))
    np.testing.assert_allclose(values, exact, atol=1e-13)


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_moments_of_a_frequency_agree_with_its_chain(power):
    laws = two_type(0.3, SIZES)
    expected = [law @ (np.arange(law.size) / (law.size - 1)) ** power for law in laws]
    found = moments.frequency(0.3, SIZES, np.arange(1, len(SIZES) + 1), power=power)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_third_moment_in_closed_form():
    p, n, t = 0.2, 9.0, np.arange(12)
    q, second = 1 - p, 1 - 1 / n
    third = second * (1 - 2 / n)
    closed = p - 1.5 * p * q * second**t + (p**3 - p + 1.5 * p * q) * third**t
    np.testing.assert_allclose(moments.frequency(p, n, t, power=3), closed, rtol=1e-13)


@few
@given(n=st.integers(1, 10**6), t=st.sampled_from([0, 1, 2, 7, 16]), initial=st.floats(0, 1))
def test_a_constant_schedule_is_a_number(n, t, initial):
    sizes = [n] * 16
    for law in (moments.heterozygosity, accumulate.heterozygosity, subsample.heterozygosity):
        one, many = law(n, t, initial=initial), law(sizes, t, initial=initial)
        np.testing.assert_allclose(one, many, rtol=1e-12, atol=1e-15)
        assert 0 <= one <= initial
    for law in (fresh.inbreeding, fresh.fixed_real_inbreeding):
        np.testing.assert_allclose(law(n, n, t), law(n, sizes, t), rtol=1e-9)
    np.testing.assert_allclose(
        fresh.mixture_inbreeding(n, 0.25, t), fresh.mixture_inbreeding(sizes, 0.25, t), rtol=1e-9
    )


@few
@given(n=st.integers(2, 10**5), share=st.floats(0, 1))
def test_real_data_order_diversity(n, share):
    t = np.arange(17)
    replace = moments.heterozygosity(n, t)
    mixed = 1 - fresh.mixture_inbreeding(n, share, t)
    assert np.all(mixed >= replace - 1e-12)
    assert np.all(mixed <= 1 - 1 / n + (t == 0) + 1e-12)
    assert np.all(np.diff(mixed) <= 1e-12)
    kept, pooled = subsample.heterozygosity(n, t), accumulate.heterozygosity(n, t)
    assert np.all(kept <= pooled + 1e-12)
    assert np.all(kept >= replace - 1e-12)


@few
@given(n=st.integers(1, 10**6))
def test_limits_in_time(n):
    assert accumulate.heterozygosity(n, 4096) == pytest.approx(
        float(accumulate.limit(n)), rel=1.0 / n / 4096 + 1e-12, abs=1e-12
    )
    assert accumulate.heterozygosity(n, 4096) >= accumulate.limit(n) * (1 - 1e-12) - 1e-15
    last = fresh.inbreeding(n, 3 * n, 10**6)
    assert last == pytest.approx(float(fresh.stationary_inbreeding(n, 3 * n)), rel=1e-9)
    stationary = 1 / (n - (n - 1) * 0.9**2)
    assert fresh.mixture_inbreeding(n, 0.1, 10**6) == pytest.approx(stationary, rel=1e-9)


def test_limits_in_size():
    t = np.array([1, 5, 16])
    for law in (moments.heterozygosity, accumulate.heterozygosity, subsample.heterozygosity):
        np.testing.assert_allclose(law(1e12, t), 1, atol=1e-10)
    n = 500
    first_order = 1 - np.pi**2 / (6 * n)
    assert accumulate.limit(n) == pytest.approx(first_order, abs=2 / n**2)


def test_growing_samples_keep_diversity():
    n = 5
    growing = [n * s**2 for s in range(1, 513)]
    product = moments.heterozygosity(growing, 512)
    np.testing.assert_allclose(product, accumulate.heterozygosity(n, 512), rtol=1e-12)


def test_variance_of_diversity():
    p, n = np.array([0.4, 0.3, 0.2, 0.1]), 30
    t = np.arange(13)
    variance = (
        moments.heterozygosity_second(p, n, t) - moments.heterozygosity(n, t, initial=0.7) ** 2
    )
    assert abs(variance[0]) < 1e-15
    assert np.all(variance[1:] > 0)


@pytest.mark.parametrize("bad", [0, -3, float("nan"), [5, 0]])
def test_bad_sizes_are_named(bad):
    with pytest.raises(ValueError, match=r"`n` must be at least 1"):
        moments.heterozygosity(bad, [1, 2])
    with pytest.raises(ValueError, match=r"`n_real` must be at least 1"):
        fresh.inbreeding(bad, 4, [1, 2])


def test_bad_generations_and_shares_are_named():
    with pytest.raises(ValueError, match="whole numbers"):
        moments.heterozygosity(5, 1.5)
    with pytest.raises(ValueError, match="`t` must be finite and at least 0; got -1"):
        accumulate.heterozygosity(5, -1)
    with pytest.raises(ValueError, match="lists 2 generations; at least 3"):
        moments.heterozygosity([5, 6], 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        fresh.mixture_inbreeding(5, 1.5, 3)
