"""The exact law of the log-variance under replace."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from scipy.stats import chi2

from modelcollapse.theory import Gaussian, Loop, Replace, x64
from modelcollapse.theory.gaussian import log_variance
from modelcollapse.theory.ledger import LEDGER

fast = settings(max_examples=15, deadline=None, derandomize=True)
draws = st.sampled_from([2, 3, 5, 10, 100])
estimators = st.sampled_from(["mle", "unbiased"])
generations = st.sampled_from([1, 2, 10, 300])


def test_golden_numbers():
    exceeds = 1 - log_variance.cdf(
        2 * np.log(0.1), 10, np.array([50, 100, 150, 200]), estimator="unbiased"
    )
    np.testing.assert_allclose(exceeds, [0.37553802, 0.08156203, 0.01794457, 0.00403833], atol=1e-8)
    half_lives = [log_variance.half_life(n, estimator="unbiased") for n in (10, 100, 1000)]
    np.testing.assert_allclose(half_lives, [12.033, 136.783, 1384.446], atol=1e-3)
    times = [log_variance.collapse_time(0.1, n, estimator="unbiased") for n in (10, 50)]
    np.testing.assert_allclose(times, [42.50, 229.92], atol=0.01)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 100, 10_000])
@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_one_generation_is_a_chi_square(n, estimator):
    divisor = n if estimator == "mle" else n - 1
    p = np.linspace(1e-6, 1 - 1e-6, 200)
    x = np.log(chi2.ppf(p, n - 1) / divisor)
    np.testing.assert_allclose(log_variance.cdf(x, n, 1, estimator=estimator), p, atol=1e-11)
    np.testing.assert_allclose(log_variance.quantile(p, n, 1, estimator=estimator), x, atol=1e-9)


@pytest.mark.parametrize(("first", "second", "x"), [(4, 7, -0.5), (2, 2, -3.0), (2, 50, -1.0)])
def test_two_generations_agree_with_an_integral(first, second, x):
    def integrand(z):
        below = chi2.cdf(first * second * np.exp(x - z), second - 1)
        return below * chi2.pdf(np.exp(z), first - 1) * np.exp(z)

    expected, _ = integrate.quad(integrand, -60, 6, epsabs=1e-13, epsrel=1e-13, limit=800)
    assert log_variance.cdf(x, [first, second], 2) == pytest.approx(expected, abs=1e-11)


@fast
@given(draws, generations, estimators)
def test_the_law_is_a_law(n, t, estimator):
    centre = log_variance.mean(n, t, estimator=estimator)
    deviation = np.sqrt(log_variance.cumulant(n, t, 2))
    x = centre + deviation * np.linspace(-12, 8, 101)
    below = log_variance.cdf(x, n, t, estimator=estimator)
    assert np.all(np.diff(below) >= -1e-13)
    assert below[-1] == pytest.approx(1, abs=1e-7)
    p = np.array([1e-4, 0.1, 0.5, 0.9, 1 - 1e-4])
    x = log_variance.quantile(p, n, t, estimator=estimator)
    np.testing.assert_allclose(log_variance.cdf(x, n, t, estimator=estimator), p, atol=1e-12)


@fast
@given(draws, generations)
def test_moments_of_the_cdf_are_the_cumulants(n, t):
    centre, variance = log_variance.mean(n, t), log_variance.cumulant(n, t, 2)
    deviation = np.sqrt(variance)
    x = np.linspace(centre - 40 * deviation, centre + 12 * deviation, 2_001)
    below = log_variance.cdf(x, n, t)
    width = x[1] - x[0]
    # E X = b - int_a^b F, E (X - b)^2 = 2 int_a^b (b - x) F, by the trapezoid rule
    first = x[-1] - width * (below.sum() - (below[0] + below[-1]) / 2)
    weighted = (x[-1] - x) * below
    second = 2 * width * (weighted.sum() - (weighted[0] + weighted[-1]) / 2)
    assert first == pytest.approx(centre, abs=1e-3 * deviation)
    assert second - (x[-1] - first) ** 2 == pytest.approx(variance, rel=1e-2)


@fast
@given(draws, estimators)
def test_cumulants_agree_with_scipy_and_with_a_schedule(n, estimator):
    divisor = n if estimator == "mle" else n - 1
    half, t = (n - 1) / 2, np.arange(5)
    expected = [special.digamma(half) + np.log(2 / divisor)]
    expected += [float(special.polygamma(j, half)) for j in range(1, 6)]
    for order, step in enumerate(expected, start=1):
        value = log_variance.cumulant(n, t, order, estimator=estimator)
        np.testing.assert_allclose(value, t * step, rtol=1e-11)
        scheduled = log_variance.cumulant([n] * 4, t, order, estimator=estimator)
        np.testing.assert_allclose(scheduled, t * step, rtol=1e-11)


def test_characteristic_function_is_that_of_a_log_chi_square():
    u = np.array([0.0, 0.3, 2.0])
    expected = np.exp(1j * u * np.log(2 / 7) + special.loggamma(3 + 1j * u) - special.loggamma(3))
    value = log_variance.characteristic_function(u, 7, 1)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(
        log_variance.characteristic_function(u, [7, 7, 7], 3), expected**3, rtol=1e-12
    )


def test_a_schedule_of_equal_sizes_is_a_number():
    t = np.array([0, 1, 5, 12])
    for x in (-3.0, 0.0):
        np.testing.assert_allclose(
            log_variance.cdf(x, [5] * 12, t), log_variance.cdf(x, 5, t), atol=1e-13
        )
    np.testing.assert_allclose(
        log_variance.quantile(0.2, [5] * 12, t), log_variance.quantile(0.2, 5, t), atol=1e-11
    )


def test_the_clt_is_the_limit():
    t = 20_000
    centre, deviation = log_variance.mean(10, t), np.sqrt(log_variance.cumulant(10, t, 2))
    p = log_variance.cdf(centre + deviation * np.array([-1.0, 0.0, 1.0]), 10, t)
    np.testing.assert_allclose(p, special.ndtr([-1, 0, 1]), atol=2e-3)
    assert log_variance.lyapunov_exponent(10) == pytest.approx(centre / t, rel=1e-12)


def test_gradients_agree_with_differences():
    with x64():
        cdf = jax.grad(lambda n: log_variance.cdf(-1.0, n, 5.0))(10.0)
        quantile = jax.grad(lambda n: log_variance.quantile(0.3, n, 5.0))(10.0)
        mean = jax.grad(log_variance.mean)(10.0, 5.0)
    for slope, function in (
        (cdf, lambda n: log_variance.cdf(-1.0, n, 5)),
        (quantile, lambda n: log_variance.quantile(0.3, n, 5)),
        (mean, lambda n: log_variance.mean(n, 5)),
    ):
        assert float(slope) == pytest.approx((function(10.001) - function(9.999)) / 0.002, rel=1e-5)


def test_the_declared_spreads_are_those_of_the_law():
    loop, t = Loop(Gaussian(), Replace(6)), np.array([3])
    draws = log_variance.quantile((np.arange(4_000) + 0.5) / 4_000, 6, 3)
    for name, values in (
        ("gaussian_replace_log_variance", draws),
        ("gaussian_replace_log_variance_squared", draws**2),
        ("gaussian_replace_standard_deviation", np.exp(draws / 2)),
    ):
        spread = LEDGER[name].spread
        assert spread is not None
        variance, skewness = spread(loop, t)
        centred = values - values.mean()
        assert variance[0] == pytest.approx(np.mean(centred**2), rel=1e-2)
        expected = np.mean(centred**3) / np.mean(centred**2) ** 1.5
        assert skewness[0] == pytest.approx(expected, rel=8e-2)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: log_variance.quantile(1.0, 5, 3), "between 0 and 1"),
        (lambda: log_variance.cumulant(5, 3, 0), "order"),
        (lambda: log_variance.mean(1, 3), "at least 2"),
        (lambda: log_variance.cdf(0.0, 5, 3, estimator="ml"), "estimator"),
    ],
)
def test_bad_input_says_what_is_wrong(call, word):
    with pytest.raises(ValueError, match=word):
        call()
