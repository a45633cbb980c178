"""Closed forms of the Gaussian under replace."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.theory import Gaussian, Loop, Replace, x64
from modelcollapse.theory.gaussian import replace
from modelcollapse.theory.gaussian.log_gamma import log_gamma_ratio
from modelcollapse.theory.ledger import find
from modelcollapse.theory.observables import KLFromTruth

fast = settings(max_examples=20, deadline=None, derandomize=True)
draws = st.sampled_from([4, 5, 10, 100, 100_000])
estimators = st.sampled_from(["mle", "unbiased"])
T = np.arange(13)


@pytest.mark.parametrize("x", [0.5, 1.0, 4.5, 100.0, 1e4])
@pytest.mark.parametrize("q", [1.0, 0.5, -0.3, 2.0, 1j, 10j, 60j, 0.5 + 3j])
def test_log_gamma_ratio_agrees_with_scipy(x, q):
    special = pytest.importorskip("scipy.special")
    expected = special.loggamma(complex(x + q)) - special.loggamma(x) - q * np.log(x)
    with x64():
        value = complex(log_gamma_ratio(x, q))
    assert abs(value - expected) < 1e-13 * max(1, abs(special.loggamma(x)))


def test_log_gamma_ratio_keeps_its_digits_where_scipy_loses_them():
    with x64():
        value = float(log_gamma_ratio(1e9, 0.5))
    # q (q - 1) / 2x to second order in 1/x
    assert value == pytest.approx(-0.125e-9, rel=1e-6, abs=0)


def test_golden_numbers():
    assert replace.variance(10, 5) == pytest.approx(0.9**5, rel=1e-14)
    assert replace.variance(10, 5, estimator="unbiased") == 1
    # Facts recomputed by hand: E W2^2 is 52 - 2 a^1000 for n = 20, t = 1000.
    assert replace.w2_squared(20, 1000, estimator="unbiased") == pytest.approx(52, abs=1e-5)
    assert replace.w2_squared(10, 10**5) == pytest.approx(2, rel=1e-12)
    assert replace.variance_moment(12, 1, -1) == pytest.approx(12 / 9, rel=1e-13)
    assert replace.variance_moment(5, 3, 2) == pytest.approx((4 * 6 / 25) ** 3, rel=1e-13)


def test_float64_out_and_the_shape_of_t():
    value = replace.variance(n=100, t=np.arange(6).reshape(2, 3))
    assert value.dtype == np.float64
    assert value.shape == (2, 3)
    assert replace.variance(10, 3, variance=4.0) == pytest.approx(4 * 0.9**3)


def test_generation_zero_is_the_truth():
    for estimator in ("mle", "unbiased"):
        for n in (7, [5, 6, 7]):
            assert replace.variance(n, 0, estimator=estimator) == 1
            assert replace.mean_error_second_moment(n, 0, estimator=estimator) == 0
            assert replace.w2_squared(n, 0, estimator=estimator) == 0
            assert replace.kl_to_truth(n, 0, estimator=estimator) == 0
            assert replace.kl_from_truth(n, 0, estimator=estimator) == 0


@fast
@given(draws, estimators, st.sampled_from([-0.5, 0.5, 1.0, 2.0, 3.5]))
def test_a_constant_schedule_is_a_number(n, estimator, q):
    schedule = np.full(12, n)
    for function in (
        replace.variance,
        replace.mean_error_second_moment,
        replace.w2_squared,
        replace.kl_to_truth,
        replace.kl_from_truth,
    ):
        np.testing.assert_allclose(
            function(schedule, T, estimator=estimator),
            function(n, T, estimator=estimator),
            rtol=1e-11,
            atol=1e-15,
        )
    np.testing.assert_allclose(
        replace.variance_moment(schedule, T, q, estimator=estimator),
        replace.variance_moment(n, T, q, estimator=estimator),
        rtol=1e-12,
    )


@fast
@given(draws, estimators)
def test_closed_forms_agree_with_the_recursion(n, estimator):
    divisor = n if estimator == "mle" else n - 1
    variance, error, inverse, gap = 1.0, 0.0, 1.0, 0.0
    for t in range(1, 13):
        error += variance / n
        variance *= (n - 1) / divisor
        inverse *= divisor / (n - 3)
        gap = (gap + 1 / n) * divisor / (n - 3)
        assert replace.variance(n, t, estimator=estimator) == pytest.approx(variance, rel=1e-12)
        assert replace.mean_error_second_moment(n, t, estimator=estimator) == pytest.approx(
            error, rel=1e-9
        )
        logarithm = -2 * replace.kl_to_truth(n, t, estimator=estimator) + variance + error - 1
        assert replace.kl_from_truth(n, t, estimator=estimator) == pytest.approx(
            (logarithm + inverse + gap - 1) / 2, rel=1e-6, abs=1e-13
        )


@fast
@given(draws)
def test_conservation_and_w2_identity_for_the_mle(n):
    total = replace.variance(n, T) + replace.mean_error_second_moment(n, T)
    np.testing.assert_allclose(total, 1, rtol=1e-13)
    spread = 2 - 2 * replace.variance_moment(n, T, 0.5)
    np.testing.assert_allclose(replace.w2_squared(n, T), spread, atol=1e-13)


@fast
@given(draws, estimators)
def test_monotone_in_t_and_in_n(n, estimator):
    for function in (replace.w2_squared, replace.kl_to_truth, replace.kl_from_truth):
        assert np.all(np.diff(function(n, T, estimator=estimator)) > 0)
        assert function(n + 1, 7, estimator=estimator) < function(n, 7, estimator=estimator)
    assert np.all(np.diff(replace.variance_moment(n, T, 0.5, estimator=estimator)) < 0)


@fast
@given(estimators, st.sampled_from([1, 7, 50]))
def test_large_n_is_the_truth_to_first_order(estimator, t):
    n = 1e8
    assert replace.w2_squared(n, t, estimator=estimator) == pytest.approx(1.5 * t / n, rel=1e-5)
    assert replace.kl_to_truth(n, t, estimator=estimator) == pytest.approx(t / n, rel=1e-5)
    assert replace.kl_from_truth(n, t, estimator=estimator) == pytest.approx(t / n, rel=1e-5)


@pytest.mark.parametrize(
    "function",
    [
        replace.variance,
        replace.mean_error_second_moment,
        replace.w2_squared,
        replace.kl_to_truth,
        replace.kl_from_truth,
    ],
)
def test_gradient_in_n_agrees_with_differences(function):
    with x64():
        slope = jax.grad(function)(10.0, 5.0)
    difference = (function(10.001, 5) - function(9.999, 5)) / 0.002
    assert float(slope) == pytest.approx(difference, rel=1e-6)


def test_infinite_moments_are_infinite():
    assert replace.variance_moment(3, 2, -1) == np.inf
    assert replace.variance_moment(4, 2, -1) == pytest.approx(16)
    np.testing.assert_array_equal(
        np.isinf(replace.kl_from_truth([8, 3, 9], np.arange(4))), [False, False, True, True]
    )
    truth = Gaussian()
    names = {entry.name for entry in find(Loop(truth, Replace(3)), KLFromTruth())}
    assert "gaussian_replace_kl_from_truth" not in names
    names = {entry.name for entry in find(Loop(truth, Replace((5, 6, 7))), KLFromTruth())}
    assert "gaussian_replace_kl_from_truth" in names
    # A schedule given by a function has no end at which to stop asking.
    names = {entry.name for entry in find(Loop(truth, Replace(lambda t: 4 + t)), KLFromTruth())}
    assert "gaussian_replace_kl_from_truth" not in names


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: replace.variance(1, 3), "at least 2"),
        (lambda: replace.variance([4, 5], 3), "schedule lists"),
        (lambda: replace.variance([4, 5], 1.5), "whole generations"),
        (lambda: replace.variance([4, 5], -1), "at least 0"),
        (lambda: replace.variance(4, 3, estimator="ml"), "estimator"),
    ],
)
def test_bad_input_says_what_is_wrong(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_a_trace_in_32_bits_is_refused():
    with pytest.raises(TypeError, match="x64"):
        jax.grad(replace.variance)(10.0, 3.0)
