"""The lineage law of tail loss: golden numbers, duality, closure, bounds, derivatives."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wright_fisher import two_type

from modelcollapse.theory import Categorical, Loop, Replace, find, x64
from modelcollapse.theory.categorical import lineage, survival, vocabulary
from modelcollapse.theory.categorical.approximation import envelope
from modelcollapse.theory.observables import Support, SurvivalByRank

few = settings(deadline=None, derandomize=True, max_examples=25)

ZIPF = Categorical.zipf(100_000).probabilities
WORDS = {
    1: 80736.72,
    2: 68582.91,
    3: 60174.22,
    5: 49065.22,
    10: 34777.22,
    20: 23042.11,
    50: 12343.12,
    100: 7363.68,
    200: 4274.39,
    500: 2019.94,
    1000: 1126.23,
}
MASSES = {1: 0.975532, 2: 0.955915, 10: 0.875193, 100: 0.705230, 1000: 0.517656}


def test_words_alive_of_a_zipf_vocabulary_in_under_a_second():
    t = np.arange(1001)
    survival.support(ZIPF, 1e6, t)
    seconds = []
    for _ in range(2):
        # Processor time, so that a busy machine does not fail the test.
        started = time.process_time()
        words = survival.support(ZIPF, 1e6, t)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 1
    assert words[0] == 100_000
    for generation, expected in WORDS.items():
        # The table has two decimals.
        assert words[generation] == pytest.approx(expected, rel=1e-6, abs=0.005)
    assert np.all(np.diff(words) < 0)


def test_mass_and_ranks_of_a_zipf_vocabulary():
    generations = np.array(list(MASSES))
    mass = survival.surviving_mass(ZIPF, 1e6, generations)
    np.testing.assert_allclose(mass, list(MASSES.values()), atol=5e-7)
    shares = survival.by_rank(ZIPF, 1e6, [0, 1, 1000])
    assert shares.shape == (3, 16)
    np.testing.assert_allclose(shares[0], 1, rtol=1e-15)
    assert np.all(np.diff(shares, axis=1) <= 1e-12)
    edges = np.array(
        [int(label.split("-")[1]) for label in SurvivalByRank().labels(Categorical(ZIPF))]
    )
    sizes = np.diff(np.concatenate([[0], edges]))
    assert shares[2] @ sizes == pytest.approx(WORDS[1000], abs=0.005)


def test_words_and_mass_of_a_steeper_vocabulary():
    steep = Categorical.zipf(100_000, 1.5).probabilities
    t = [1, 2, 10, 100, 1000]
    words = survival.support(steep, 1e6, t)
    np.testing.assert_allclose(words, [11722.54, 8886.25, 3961.05, 978.44, 218.79], atol=0.005)
    mass = survival.surviving_mass(steep, 1e6, t)
    np.testing.assert_allclose(mass, [0.992989, 0.991433, 0.985476, 0.967415, 0.927507], atol=5e-7)


def test_survival_of_single_ranks():
    p = ZIPF[[99, 999, 9_999, 99_999]]
    found = lineage.alive(p, 1e6, [1, 11, 101, 1000])
    expected = [
        [1, 1, 0.99974423, 0.56269317],
        [1, 0.99999793, 0.72985625, 0.12267675],
        [0.99999989, 0.79826250, 0.14791994, 0.015880001],
        [0.80792230, 0.15205928, 0.016358764, 0.0016480409],
    ]
    np.testing.assert_allclose(found, expected, rtol=5e-8)


@pytest.mark.parametrize(
    ("p", "n", "expected"),
    [
        (0.001, 10_000, [0.999955, 0.998207, 0.955942, 0.821553, 0.600318, 0.319022]),
        (0.01, 100, [0.633968, 0.470947, 0.271007, 0.161389, 0.090869, 0.041122]),
    ],
)
def test_published_bernoulli_settings(p, n, expected):
    found = lineage.alive(p, n, [1, 2, 5, 10, 20, 50], method="exact")
    np.testing.assert_allclose(found, expected, atol=5e-7)


def test_moments_of_the_number_of_lineages():
    mean, variance = lineage.cumulants(1e6, [2, 11, 101, 1001])
    np.testing.assert_allclose(
        mean, [632120.7428, 158235.4999, 19353.22267, 1992.162377], rtol=1e-8
    )
    np.testing.assert_allclose(variance, [97208.894, 46860.016, 6367.2116, 663.083102], rtol=1e-4)


def test_branching_clock():
    expected = [1, 0.6321205588, 0.4685363946, 0.3740823053, 0.31207971]
    np.testing.assert_allclose(lineage.clock(np.arange(1, 6)), expected, atol=1e-8)
    late = [0.1722546249, 0.14635101, 0.0916449703, 0.0383766692, 0.0195426105, 0.00199381556]
    np.testing.assert_allclose(lineage.clock([10, 12, 20, 50, 100, 1000]), late, rtol=1e-8)
    t = np.arange(1, 2001)
    harmonic = np.cumsum(1 / t)
    g = lineage.clock(t)
    assert np.all(g <= 2 / (t + 1))
    assert np.all(g >= 2 / (t + 1 + (harmonic - 1) / 3))
    assert lineage.clock(0) == np.inf


@pytest.mark.parametrize("p", [1 / 40, 0.3, 0.77])
def test_duality_with_the_two_type_chain(p):
    laws = two_type(p, [40] * 120)
    t = np.arange(1, 121)
    lost = 1 - lineage.alive(p, 40, t, method="exact")
    np.testing.assert_allclose(lost, [law[0] for law in laws], atol=2e-14)
    fixed = 1 - lineage.alive(1 - p, 40, t, method="exact")
    np.testing.assert_allclose(fixed, [law[-1] for law in laws], atol=2e-14)


def test_duality_on_a_schedule():
    sizes = [30, 12, 50, 7, 25, 40, 40, 9]
    t = np.arange(1, 9)
    lost = 1 - lineage.alive(0.1, sizes, t, method="exact")
    np.testing.assert_allclose(lost, [law[0] for law in two_type(0.1, sizes)], atol=1e-15)
    law = lineage.law(sizes, t)
    np.testing.assert_allclose(law.sum(axis=-1), 1, atol=1e-14)
    assert law.shape == (8, 51)
    assert law[0, 30] == 1


def test_time_to_total_collapse_of_distinct_draws():
    alone = lineage.law(200, np.arange(1, 8000))[:, 1]
    assert 1 + (1 - alone).sum() == pytest.approx(397.51, abs=0.005)


def test_closure_of_the_exact_law():
    t = np.arange(1, 65)
    law = lineage.law(400, t)
    numbers = np.arange(law.shape[1])
    mean, variance = lineage.cumulants(400, t)
    exact = law @ numbers
    x = (t - 1) / 400
    assert np.all(np.abs(mean / exact - 1) <= 3e-3 * x**2 + 1e-12)
    np.testing.assert_allclose(variance, law @ numbers**2 - exact**2, rtol=0.02, atol=1e-9)


P = st.floats(1e-4, 0.999)
N = st.sampled_from([1, 2, 3, 7, 20, 150])
T = st.sampled_from([1, 2, 3, 8, 16, 60])


@few
@given(p=P, n=N, t=T)
def test_closure_within_its_envelope_and_bounds_around_the_law(p, n, t):
    exact = lineage.alive(p, n, t, method="exact")
    closed = lineage.alive(p, n, t)
    loop = Loop(Categorical([p, 1 - p]), Replace(n=n))
    assert abs(closed / exact - 1) <= envelope(loop, np.array([t]))[0] + 1e-12
    lower, upper = lineage.sandwich(p, n, t)
    assert lower <= exact * (1 + 1e-12)
    assert exact <= upper * (1 + 1e-12)
    assert p * (1 - 1e-12) <= exact <= 1


@few
@example(sizes=[200, 200, 200, 200, 200, 200, 200, 19], p=0.16)
@example(sizes=[3200] * 34 + [32], p=0.094)
@given(sizes=st.lists(st.integers(1, 200), min_size=8, max_size=8), p=P)
def test_closure_within_its_envelope_on_schedules(sizes, p):
    t = np.arange(1, len(sizes) + 1)
    exact, closed = (lineage.alive(p, sizes, t, method=m) for m in ("exact", "closure"))
    loop = Loop(Categorical([p, 1 - p]), Replace(n=tuple(sizes)))
    assert np.all(np.abs(closed / exact - 1) <= envelope(loop, t) + 1e-12)
    lower, upper = lineage.sandwich(p, sizes, t)
    assert np.all(lower <= exact + 1e-12)
    assert np.all(exact <= upper + 1e-12)


@few
@given(n=st.sampled_from([3, 20, 10**4, 10**6]), p=P)
def test_survival_falls_with_time_and_grows_with_size(n, p):
    t = np.arange(17)
    here, more = lineage.alive(p, n, t), lineage.alive(p, 2 * n, t)
    assert np.all(np.diff(here) <= 1e-12)
    assert np.all(more >= here - 1e-12)
    np.testing.assert_allclose(here, lineage.alive(p, np.full(16, n), t), rtol=1e-12)


def test_support_and_its_law():
    p, t = [0.4, 0.3, 0.2, 0.1], np.array([0, 1, 3, 40])
    cdf = np.array([survival.support_cdf(p, 7, t, m) for m in range(5)])
    assert np.all(np.diff(cdf, axis=0) >= -1e-14)
    np.testing.assert_allclose(cdf[0], 0, atol=1e-14)
    np.testing.assert_allclose(cdf[4], 1, atol=1e-14)
    mean = (1 - cdf[:4]).sum(axis=0)
    np.testing.assert_allclose(mean, survival.support(p, 7, t, method="exact"), rtol=1e-12)


def test_labels_that_cannot_die_or_live():
    t = np.array([0, 1, 5])
    for method in ("closure", "exact", "lower", "upper"):
        alive = survival.support([0.0, 1.0], 6, t, method=method)
        if method == "lower":
            assert np.all(alive <= 1)
        else:
            np.testing.assert_allclose(alive, 1, rtol=1e-14)
    np.testing.assert_allclose(survival.by_rank([0.0, 1.0], 6, t), [[1, 0]] * 3, rtol=1e-14)
    np.testing.assert_allclose(lineage.alive([0.0, 1.0], 6, t), [[0, 1]] * 3, rtol=1e-14)


def test_derivatives_agree_with_differences():
    p = np.array([0.5, 0.3, 0.15, 0.05, 0.0])
    # Half of what probabilities may sum to beside one.
    step = 5e-7
    with x64():
        n = jnp.asarray(40.0)
        by_size = jax.grad(lambda n: survival.support(p, n, 6))(n)
        by_p = {
            m: jax.grad(lambda q, m=m: survival.support(q, 40, 6, method=m))(jnp.asarray(p))
            for m in ("closure", "exact")
        }
    difference = (survival.support(p, 40 + step, 6) - survival.support(p, 40 - step, 6)) / (
        2 * step
    )
    assert by_size == pytest.approx(difference, rel=1e-6)
    for method, slopes in by_p.items():
        for k in range(4):
            shift = step * np.eye(5)[k]
            up, down = (survival.support(p + s, 40, 6, method=method) for s in (shift, -shift))
            assert slopes[k] == pytest.approx((up - down) / (2 * step), rel=1e-6)


def test_mean_field_of_real_shares():
    n = 1e5
    shares = {0.01: 0.0813, 0.03: 0.1822, 0.1: 0.3998, 0.3: 0.7129, 0.5: 0.8703}
    for share, kept in shares.items():
        assert vocabulary.mixture_sources(n, share, 1000) / n == pytest.approx(kept, abs=5e-5)
    zipf = Categorical.zipf(100_000).probabilities
    sources = vocabulary.mixture_sources(n, np.array(0.1), [400])
    assert vocabulary.support(zipf, sources)[0] == pytest.approx(12724.5, abs=0.05)


@few
@given(p=P, n=st.sampled_from([2, 9, 30]), share=st.sampled_from([0.0, 0.1, 0.6, 1.0]))
def test_mean_field_bounds_the_killed_lineages(p, n, share):
    t = np.arange(17)
    both = [p, 1 - p]
    exact = vocabulary.mixture_alive(both, n, share, t)
    upper = vocabulary.support(both, vocabulary.mixture_sources(n, share, t))
    assert np.all(exact.sum(axis=1) <= upper + 1e-12)
    if share == 0:
        np.testing.assert_allclose(exact, lineage.alive(both, n, t, method="exact"), rtol=1e-11)


def test_the_exact_law_gives_way_to_the_closure():
    truth = Categorical.zipf(50)
    small = [entry.kind for entry in find(Loop(truth, Replace(n=100)), Support())]
    large = [entry.kind for entry in find(Loop(truth, Replace(n=10**6)), Support())]
    assert small[0] == "exact"
    assert large[0] == "asymptotic"
    assert "exact" not in large


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_bad_probabilities_are_named(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        lineage.alive(bad, 5, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        survival.support([bad, 0.5], 5, 1)


def test_bad_methods_and_too_many_labels_are_named():
    with pytest.raises(ValueError, match="`method` must be"):
        survival.support([0.5, 0.5], 5, 1, method="guess")
    with pytest.raises(ValueError, match="at most 12 labels"):
        survival.support_cdf(np.full(13, 1 / 13), 5, 1, 2)


def test_measured_constants_of_the_envelope():
    """At constant n, as the docstring of `envelope` has them."""
    n, t = 300, np.array([2, 10, 30, 60, 120, 300, 600])
    x, p = t / n, np.geomspace(1e-4, 0.99, 120)
    exact, closed = (lineage.alive(p, n, t, method=m) for m in ("exact", "closure"))
    error = np.abs(closed / exact - 1).max(axis=1) / x**2
    assert np.all(error <= np.where(x <= 0.2, 0.0072, 0.016))
    assert error.max() > 0.01
