"""Closed forms, products and quadratures of accumulate and accumulate-subsample."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from modelcollapse.theory import x64
from modelcollapse.theory.gaussian import accumulate, subsample

fast = settings(max_examples=12, deadline=None, derandomize=True)
draws = st.sampled_from([2, 3, 5, 10, 100])
estimators = st.sampled_from(["mle", "unbiased"])
T = np.arange(13)


@pytest.mark.parametrize(
    ("n", "limit"), [(10, 0.8434), (32, 0.9494), (100, 0.9836), (316, 0.9948), (1000, 0.99836)]
)
def test_golden_limits(n, limit):
    assert accumulate.variance_limit(n) == pytest.approx(limit, abs=6e-5)
    assert accumulate.variance(n, 10**9) == pytest.approx(accumulate.variance_limit(n), rel=1e-8)


def test_limit_of_the_unbiased_divisor():
    for n in (4, 10, 100):
        t = 100_000
        value = accumulate.variance(n, t, estimator="unbiased")
        # The factors left out are 1 - 1/(n s^2).
        expected = accumulate.variance_limit(n, estimator="unbiased") * (1 + 1 / (n * t))
        assert value == pytest.approx(expected, rel=1e-9)


@fast
@given(draws, estimators)
def test_a_constant_schedule_is_a_number(n, estimator):
    schedule = np.full(12, n)
    for function in (
        accumulate.variance,
        accumulate.mean_error_second_moment,
        accumulate.standard_deviation,
        accumulate.log_variance,
        accumulate.w2_squared,
        accumulate.kl_to_truth,
        subsample.variance,
        subsample.mean_error_second_moment,
    ):
        np.testing.assert_allclose(
            function(schedule, T, estimator=estimator),
            function(n, T, estimator=estimator),
            rtol=1e-12,
            atol=1e-15,
        )


@fast
@given(draws)
def test_products_of_the_facts(n):
    i = np.arange(1, 13)
    product = np.cumprod(1 - 1 / (n * i**2))
    np.testing.assert_allclose(accumulate.variance(n, i), product, rtol=1e-12)
    square = (1 - 1 / (n * i**2)) ** 2 + 2 / (n * i) ** 2 * (n - 1 + (1 - 1 / i) ** 2)
    np.testing.assert_allclose(accumulate.variance_moment(n, i, 2), np.cumprod(square), rtol=1e-12)
    j = i[1:]
    unbiased = np.cumprod(1 - 1 / (j * (j * n - 1)))
    np.testing.assert_allclose(
        accumulate.variance(n, j, estimator="unbiased"), unbiased, rtol=1e-12
    )
    error = np.cumsum(np.concatenate([[1.0, 1.0], unbiased[:-1]]) / (n * i**2))
    np.testing.assert_allclose(
        accumulate.mean_error_second_moment(n, i, estimator="unbiased"), error, rtol=1e-12
    )


@fast
@given(draws)
def test_conservation_and_w2_identity_for_the_mle(n):
    for module in (accumulate, subsample):
        total = module.variance(n, T) + module.mean_error_second_moment(n, T)
        np.testing.assert_allclose(total, 1, rtol=1e-13)
    spread = 2 - 2 * accumulate.standard_deviation(n, T)
    np.testing.assert_allclose(accumulate.w2_squared(n, T), spread, atol=1e-13)


@pytest.mark.parametrize(("first", "second"), [(2, 2), (4, 4), (2, 30), (50, 3)])
@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_quadrature_of_one_factor(first, second, estimator):
    pooled = first + second
    old, new = (first, pooled) if estimator == "mle" else (first - 1, pooled - 1)
    share = second / pooled

    def log_transform(y):
        s = np.exp(y)
        grown = (second - 1) * np.log1p(2 * s / new) + np.log1p(2 * (1 - share) * s / new)
        return -old / new * s - grown / 2

    logarithm, _ = integrate.quad(
        lambda y: np.exp(-np.exp(y)) - np.exp(log_transform(y)), -35, 12, epsabs=1e-13, limit=500
    )
    root, _ = integrate.quad(
        lambda y: -np.expm1(log_transform(y)) * np.exp(-y / 2), -60, 60, epsabs=1e-12, limit=900
    )
    sizes, pair = [first, second], np.array([1, 2])
    log_variance = accumulate.log_variance(sizes, pair, estimator=estimator)
    assert log_variance[1] - log_variance[0] == pytest.approx(logarithm, abs=1e-11)
    deviation = accumulate.standard_deviation(sizes, pair, estimator=estimator)
    expected = root / (2 * np.sqrt(np.pi))
    assert deviation[1] / deviation[0] == pytest.approx(expected, abs=1e-10)


@fast
@given(draws, estimators)
def test_orders_and_limits(n, estimator):
    deviation = accumulate.standard_deviation(n, T, estimator=estimator)
    variance = accumulate.variance(n, T, estimator=estimator)
    logarithm = accumulate.log_variance(n, T, estimator=estimator)
    assert np.all(deviation**2 <= variance + 1e-14)
    assert np.all(np.exp(logarithm / 2) <= deviation + 1e-14)
    assert np.all(variance**2 <= accumulate.variance_moment(n, T, 2, estimator=estimator) + 1e-14)
    assert np.all(np.diff(accumulate.kl_to_truth(n, T, estimator=estimator)) > 0)
    late = accumulate.w2_squared(n, np.array([500, 1000]), estimator=estimator)
    assert 0 < late[1] - late[0] < 5 / (n * 500)


def test_large_n_is_the_pi_squared_over_six_pathway():
    n, t = 1e6, np.array([1, 2, 5, 1000])
    harmonic = np.array([np.sum(1 / np.arange(1, s + 1) ** 2) for s in t])
    error = n * accumulate.mean_error_second_moment(n, t)
    np.testing.assert_allclose(error, harmonic, rtol=1e-5)
    np.testing.assert_allclose(n * accumulate.w2_squared(n, t), 1.5 * harmonic, rtol=1e-4)
    np.testing.assert_allclose(n * accumulate.kl_to_truth(n, t), harmonic, rtol=1e-4)


def test_subsample_golden_numbers():
    error = 1e6 * subsample.mean_error_second_moment(1e6, [1, 100, 100_000])
    np.testing.assert_allclose(error, [1, 2.905, np.pi**2 / 2 - 2], atol=4e-3)


def test_subsample_with_the_unbiased_variance_grows_as_a_power_of_t():
    value = subsample.variance(5, np.array([10**4, 10**5]), estimator="unbiased")
    assert np.log10(value[1] / value[0]) == pytest.approx(1 / 5, abs=1e-3)


@pytest.mark.parametrize(
    "function",
    [accumulate.variance, accumulate.w2_squared, accumulate.kl_to_truth, subsample.variance],
)
def test_gradient_in_n_agrees_with_differences(function):
    with x64():
        slope = jax.grad(function)(10.0, 5.0)
    difference = (function(10.001, 5) - function(9.999, 5)) / 0.002
    assert float(slope) == pytest.approx(difference, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: accumulate.variance(1, 3), "at least 2"),
        (lambda: accumulate.variance([4, 5], 3), "schedule lists 2"),
        (lambda: accumulate.variance_moment(4, 3, 0.5), "order"),
        (lambda: subsample.variance(4, 3, estimator="ml"), "estimator"),
    ],
)
def test_bad_input_says_what_is_wrong(call, word):
    with pytest.raises(ValueError, match=word):
        call()
