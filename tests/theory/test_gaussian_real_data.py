"""Recursions and stationary values where real data come in: fresh, mixture, fixed."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.theory import x64
from modelcollapse.theory.gaussian import fixed_real, fresh, mixture

fast = settings(max_examples=12, deadline=None, derandomize=True)
reals = st.sampled_from([2, 3, 10, 100])
synthetics = st.sampled_from([0, 1, 9, 1000])
shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
estimators = st.sampled_from(["mle", "unbiased"])
T = np.arange(13)


def test_one_real_draw_keeps_two_thirds_of_the_variance():
    error, variance = fresh.stationary(1, 1e9)
    assert variance == pytest.approx(2 / 3, abs=1e-8)
    assert fresh.one_migrant(1) == pytest.approx(1 / 3)
    assert error == pytest.approx(fresh.one_migrant(1), abs=1e-8)


@fast
@given(reals, synthetics)
def test_fresh_closed_forms(real, synthetic):
    beta = synthetic / (real + synthetic)
    error = fresh.mean_error_second_moment(real, synthetic, T)
    np.testing.assert_allclose(error, 1 - fresh.variance(real, synthetic, T), atol=1e-13)
    scheduled = fresh.mean_error_second_moment([real] * 12, synthetic, T)
    np.testing.assert_allclose(scheduled, error, rtol=1e-10)
    limit, variance = fresh.stationary(real, synthetic)
    assert limit == pytest.approx(1 / (real * (1 + beta) + beta), rel=1e-10)
    assert limit + variance == pytest.approx(1, rel=1e-12)
    assert fresh.effective_real_size(real, synthetic) == pytest.approx(1 / limit, rel=1e-10)


@fast
@given(reals, synthetics)
def test_fixed_real_closed_forms(real, synthetic):
    total = real + synthetic
    beta = synthetic / total
    gap = beta / (total * (1 - beta**2) + beta)
    error, variance = fixed_real.stationary(real, synthetic)
    assert error == pytest.approx(1 / real + (1 - 1 / real) * gap, rel=1e-10)
    assert error + variance == pytest.approx(1, rel=1e-12)
    assert real * error <= 1.5 + 1e-12
    total_moment = fixed_real.variance(real, synthetic, T) + fixed_real.mean_error_second_moment(
        real, synthetic, T
    )
    np.testing.assert_allclose(total_moment, 1, rtol=1e-12)
    assert fixed_real.variance(real, synthetic, 1) == pytest.approx(1 - 1 / real)
    assert fixed_real.variance(real, synthetic, 1, estimator="unbiased") == pytest.approx(1)


@fast
@given(reals, shares)
def test_mixture_closed_forms(n, share):
    error = mixture.mean_error_second_moment(n, share, T)
    np.testing.assert_allclose(error, 1 - mixture.variance(n, share, T), atol=1e-13)
    scheduled = mixture.mean_error_second_moment([n] * 12, share, T)
    np.testing.assert_allclose(scheduled, error, rtol=1e-10)
    if share > 0:
        limit, _ = mixture.stationary(n, share)
        assert limit == pytest.approx(1 / (n - (n - 1) * (1 - share) ** 2), rel=1e-10)


def test_the_ends_of_a_mixture_are_replace_and_real_data_alone():
    np.testing.assert_allclose(mixture.variance(5, 0.0, T), 0.8**T, rtol=1e-12)
    unbiased = mixture.mean_error_second_moment(5, 0.0, T, estimator="unbiased")
    np.testing.assert_allclose(unbiased, T / 5, rtol=1e-12)
    np.testing.assert_allclose(mixture.variance(5, 1.0, T[1:]), 0.8, rtol=1e-12)


@fast
@given(reals, synthetics, estimators)
def test_the_recursion_reaches_its_stationary_value(real, synthetic, estimator):
    for module in (fresh, fixed_real):
        error, variance = module.stationary(real, synthetic, estimator=estimator)
        late = module.variance(real, synthetic, 30_000, estimator=estimator)
        assert late == pytest.approx(variance, rel=1e-6)
        late = module.mean_error_second_moment(real, synthetic, 30_000, estimator=estimator)
        assert late == pytest.approx(error, rel=1e-6)


@fast
@given(reals, estimators)
def test_without_synthetic_data_nothing_happens(real, estimator):
    factor = 1 if estimator == "unbiased" else 1 - 1 / real
    for module in (fresh, fixed_real):
        value = module.variance(real, 0, T[1:], estimator=estimator)
        np.testing.assert_allclose(value, factor, rtol=1e-12)
        error = module.mean_error_second_moment(real, 0, T[1:], estimator=estimator)
        np.testing.assert_allclose(error, 1 / real, rtol=1e-12)


@fast
@given(synthetics, estimators)
def test_more_real_data_never_hurt(synthetic, estimator):
    few = fresh.mean_error_second_moment(3, synthetic, T[1:], estimator=estimator)
    many = fresh.mean_error_second_moment(4, synthetic, T[1:], estimator=estimator)
    assert np.all(many < few)


@fast
@given(reals, st.sampled_from([0.3, 0.6]), estimators)
def test_a_mixture_reaches_its_stationary_value(n, share, estimator):
    error, variance = mixture.stationary(n, share, estimator=estimator)
    late = mixture.variance(n, share, 500, estimator=estimator)
    assert late == pytest.approx(variance, rel=1e-9)
    late = mixture.mean_error_second_moment(n, share, 500, estimator=estimator)
    assert late == pytest.approx(error, rel=1e-9)


def test_a_mixture_with_few_real_draws_and_the_unbiased_variance_diverges():
    assert np.isinf(mixture.stationary(10, 0.04, estimator="unbiased")).all()
    assert np.isfinite(mixture.stationary(10, 0.06, estimator="unbiased")).all()
    variance = mixture.variance(10, 0.04, np.array([0, 1000, 8000]), estimator="unbiased")
    assert variance[2] > 10 * variance[1] > 10 * variance[0]


def test_generation_zero_is_the_truth():
    for estimator in ("mle", "unbiased"):
        assert fresh.variance(3, 4, 0, estimator=estimator) == 1
        assert fixed_real.variance(3, [9, 4, 5], 0, estimator=estimator, variance=4.0) == 4
        assert fixed_real.mean_error_second_moment(3, 4, 0, estimator=estimator) == 0
        assert mixture.variance(3, 0.5, 0, estimator=estimator) == 1


def test_gradients_agree_with_differences():
    with x64():
        slopes = (
            jax.grad(lambda n: fresh.variance(3.0, n, 5.0, estimator="unbiased"))(9.0),
            jax.grad(lambda a: mixture.variance(7.0, a, 5.0))(0.3),
            jax.grad(lambda n: fixed_real.variance(3.0, n, 5.0))(9.0),
            jax.grad(lambda n: fresh.stationary(3.0, n)[0])(9.0),
        )
    functions = (
        (lambda n: fresh.variance(3, n, 5, estimator="unbiased"), 9.0),
        (lambda a: mixture.variance(7, a, 5), 0.3),
        (lambda n: fixed_real.variance(3, n, 5), 9.0),
        (lambda n: fresh.stationary(3, n)[0], 9.0),
    )
    for slope, (function, at) in zip(slopes, functions, strict=True):
        difference = (function(at + 1e-4) - function(at - 1e-4)) / 2e-4
        assert float(slope) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: fresh.variance(1, 0, 3), "at least 2"),
        (lambda: fresh.variance(3, -1, 3), "at least 0"),
        (lambda: fresh.variance([3, 4], 5, 3), "schedule lists 2"),
        (lambda: fixed_real.variance(1, 4, 3), "at least 2"),
        (lambda: mixture.variance(1, 0.5, 3), "at least 2"),
        (lambda: mixture.variance(4, 0.5, 3, estimator="ml"), "estimator"),
    ],
)
def test_bad_input_says_what_is_wrong(call, word):
    with pytest.raises(ValueError, match=word):
        call()
