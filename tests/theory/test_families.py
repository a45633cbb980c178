"""Families and their statistics: pooling, coordinates, functionals, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from modelcollapse.theory import Categorical, Gaussian, Mixture, x64
from modelcollapse.theory.observables import Frequencies, SurvivalByRank


def everything(values):
    return jnp.ones(len(values), bool)


@pytest.mark.parametrize("cut", [0, 1, 4, 9, 10])
def test_gaussian_statistics_pool(cut: int):
    with x64():
        model, x = (
            Gaussian().astype("float64"),
            jnp.asarray(np.random.default_rng(1).normal(3, 2, 10)),
        )
        mask = jnp.arange(10) < cut
        pooled = model.statistic(x, mask).combine(model.statistic(x, ~mask))
        assert float(pooled.count) == 10
        np.testing.assert_allclose(pooled.mean, x.mean(), rtol=1e-14)
        np.testing.assert_allclose(jnp.exp(pooled.log_variance), x.var(), rtol=1e-13)


def test_pooling_keeps_the_digits_of_a_tiny_variance():
    with x64():
        model = Gaussian().astype("float32")
        x = jnp.asarray([1e-30, 3e-30, -2e-30, 5e-31], jnp.float32) * 1e-5
        scaled = model.statistic(x * 1e30, everything(x))
        assert np.isfinite(float(scaled.log_variance))


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_gaussian_fit_is_the_estimator(estimator):
    with x64():
        model = Gaussian(2.0, 9.0, estimator=estimator).astype("float64")
        z = jnp.asarray(np.random.default_rng(2).normal(size=12))
        data = 2 + 3 * np.asarray(z)
        fitted = model.fit(model.statistic(z, everything(z)))
        ddof = 1 if estimator == "unbiased" else 0
        np.testing.assert_allclose(fitted.mean, data.mean(), rtol=1e-13)
        np.testing.assert_allclose(fitted.variance, data.var(ddof=ddof), rtol=1e-13)


def test_gaussian_coordinates_change_and_change_back():
    with x64():
        one, other = Gaussian(1.0, 4.0).astype("float64"), Gaussian(-2.0, 0.25).astype("float64")
        z = jnp.asarray([-1.0, 0.0, 2.5])
        absolute = 1 + 2 * z
        there = other.express(z, of=one)
        np.testing.assert_allclose(-2 + 0.5 * there, absolute, rtol=1e-14)
        np.testing.assert_allclose(one.express(there, of=other), z, atol=1e-14)
        restated = other.restate(one.statistic(z, everything(z)), of=one)
        direct = other.statistic(there, everything(z))
        np.testing.assert_allclose(restated.mean, direct.mean, rtol=1e-13)
        np.testing.assert_allclose(restated.log_variance, direct.log_variance, rtol=1e-13)


def test_gaussian_functionals_against_quadrature():
    with x64():
        p, q = Gaussian(0.3, 1.7), Gaussian(-0.4, 0.8)
        f, g = stats.norm(0.3, np.sqrt(1.7)), stats.norm(-0.4, np.sqrt(0.8))
        entropy = integrate.quad(lambda x: -f.pdf(x) * f.logpdf(x), -12, 12)[0]
        kl = integrate.quad(lambda x: f.pdf(x) * (f.logpdf(x) - g.logpdf(x)), -12, 12)[0]
        np.testing.assert_allclose(p.entropy(), entropy, rtol=1e-10)
        np.testing.assert_allclose(p.kl(q), kl, rtol=1e-9)


def test_samples_have_the_law(key):
    with x64():
        x = np.asarray(Gaussian(5.0, 4.0).astype("float64").sample(key, 20_000))
        assert stats.kstest(x, stats.norm(5, 2).cdf).pvalue > 1e-7
        p = np.array([0.5, 0.0, 0.3, 0.2])
        labels = np.asarray(Categorical(p).astype("float64").sample(key, 20_000))
        counts = np.bincount(labels, minlength=4)
        assert counts[1] == 0
        assert stats.chisquare(counts[[0, 2, 3]], 20_000 * p[[0, 2, 3]]).pvalue > 1e-7


def test_categorical_statistic_fit_and_functionals():
    with x64():
        model = Categorical([0.5, 0.25, 0.25]).astype("float64")
        labels = jnp.asarray([0, 0, 2, 2, 1, 0])
        mask = jnp.asarray([True, True, True, True, False, True])
        fitted = model.fit(model.statistic(labels, mask))
        np.testing.assert_allclose(fitted.probabilities, [0.6, 0, 0.4])
        np.testing.assert_allclose(fitted.entropy(), stats.entropy([0.6, 0.4]), rtol=1e-14)
        np.testing.assert_allclose(
            fitted.kl(model), 0.6 * np.log(0.6 / 0.5) + 0.4 * np.log(0.4 / 0.25), rtol=1e-14
        )
        assert np.isinf(float(model.kl(fitted)))


def test_zipf_and_counts():
    zipf = Categorical.zipf(1000, 1.0).probabilities
    np.testing.assert_allclose(zipf[0] / zipf[9], 10)
    np.testing.assert_allclose(Categorical.from_counts([3, 1]).probabilities, [0.75, 0.25])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Gaussian(variance=-1.0),
            r"`Gaussian\(variance=...\)` must be .* above 0; got -1\.",
        ),
        (lambda: Gaussian(variance=0.0), "must be finite and above 0; got 0"),
        (lambda: Gaussian(variance=[1.0, 2.0]), r"must be one number; got shape \(2,\)"),
        (lambda: Gaussian(mean=jnp.zeros(3)), r"mean=...\)` must be one number; got shape \(3,\)"),
        (lambda: Gaussian(mean=jnp.asarray(jnp.nan)), "must be finite; got nan"),
        (
            lambda: Gaussian(log_variance=float("nan")),
            r"log_variance=...\)` must be finite; got nan",
        ),
        (lambda: Gaussian(log_variance=jnp.inf), "must be finite; got inf"),
        (lambda: Gaussian(mean=float("nan")), r"mean=...\)` must be finite; got nan"),
        (lambda: Gaussian(variance=1.0, log_variance=0.0), "not both"),
        (lambda: Categorical([0.5, 0.6]), "must sum to one within 1e-6; got 1.1"),
        (lambda: Categorical([1.5, -0.5]), r"must be between 0 and 1; got \[1.5, -0.5\]"),
        (lambda: Categorical(jnp.array([0.5, 0.75])), "must sum to one within 1e-6; got 1.25"),
        (lambda: Categorical(jnp.array([0.5, -0.5, 1.0])), "must be between 0 and 1"),
        (lambda: Categorical(jnp.array([jnp.nan, 1.0])), "must be between 0 and 1"),
        (lambda: Categorical(jnp.ones((2, 1))), r"shape \(K,\)"),
        (lambda: Categorical([[1.0]]), r"shape \(K,\)"),
        (lambda: Categorical.from_counts([0, 0]), "positive sum; got 0"),
        (lambda: Categorical.zipf(0), "must be a whole number and at least 1; got 0"),
        (lambda: Categorical.zipf(2.5), r"`zipf\(categories=...\)` must be a whole .*; got 2.5"),
        (
            lambda: Categorical.zipf(3, float("nan")),
            r"`zipf\(exponent=...\)` must be finite; got nan",
        ),
        (lambda: SurvivalByRank(0), r"`SurvivalByRank\(bins=...\)` must be .*at least 1; got 0"),
        (lambda: Frequencies(power=0), r"`Frequencies\(power=...\)` must be .*at least 1; got 0"),
        (lambda: Mixture(5, float("nan")), r"real_share=...\)` must be between 0 and 1; got nan"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_model_is_a_pytree():
    doubled = jax.tree.map(lambda leaf: leaf * 2, Gaussian(1.0, 1.0).astype("float32"))
    assert float(doubled.mean) == 2.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mixture(5, "a"), r"`Mixture\(real_share=...\)` must be a number.*; got 'a'"),
        (lambda: Gaussian("a"), r"`Gaussian\(mean=...\)` must be a number.*; got 'a'"),
        (lambda: Categorical("ab"), r"`Categorical\(probabilities=...\)` must be.*; got 'ab'"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_what_is_no_number_is_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_models_of_few_bits_are_taken(dtype):
    model = Categorical.zipf(50_000 if dtype == "float32" else 7).astype(dtype)
    assert model.probabilities.dtype == dtype
    assert Gaussian(0.1, 0.7).astype(dtype).log_variance.dtype == dtype
