"""Linear regression and weighted real data: statistics, coordinates, closed forms by other ways, bad input."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.theory import (
    Accumulate,
    Categorical,
    Fresh,
    Gaussian,
    LinearRegression,
    Loop,
    Replace,
    Weighted,
    find,
    x64,
)
from modelcollapse.theory.gaussian import fresh as gaussian_fresh
from modelcollapse.theory.gaussian import weighted as gaussian_weighted
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import ExcessRisk
from modelcollapse.theory.regression import accumulate, fresh, replace, solve, weighted

P = 3
BETA = np.array([0.5, -1.0, 2.0])


def rows(seed, n=9, p=P):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(n, p + 1)))


def everything(values):
    return jnp.ones(len(values), bool)


@pytest.mark.parametrize("order", [1, 3, 8, 11])
def test_small_systems(order):
    rng = np.random.default_rng(order)
    with x64():
        factor = np.tril(rng.normal(size=(order, order))) + 2 * np.eye(order)
        matrix, right = factor @ factor.T, rng.normal(size=order)
        given = jnp.asarray(factor), jnp.asarray(right)
        np.testing.assert_allclose(solve.gram(given[0]), matrix, rtol=1e-12, atol=1e-13)
        found = solve.cholesky(jnp.asarray(matrix))
        np.testing.assert_allclose(found, np.linalg.cholesky(matrix), rtol=1e-9, atol=1e-11)
        found = solve.solve(jnp.asarray(matrix), given[1])
        np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-8)
        found = solve.solve_transposed(*given)
        np.testing.assert_allclose(found, np.linalg.solve(factor.T, right), rtol=1e-10)


@pytest.mark.parametrize("noise", ["known", "mle", "unbiased"])
def test_fit_is_least_squares(noise):
    with x64():
        model = LinearRegression(BETA, 4.0, noise=noise).astype("float64")
        values = rows(1)
        x = np.asarray(values[:, :-1])
        y = x @ BETA + 2 * np.asarray(values[:, -1])
        fitted = model.fit(model.statistic(values, everything(values)))
        best, squares, *_ = np.linalg.lstsq(x, y, rcond=None)
        np.testing.assert_allclose(fitted.coefficients, best, rtol=1e-12)
        expected = {"known": 4.0, "mle": squares[0] / 9, "unbiased": squares[0] / 6}[noise]
        np.testing.assert_allclose(fitted.variance, expected, rtol=1e-12)


def test_statistics_pool_and_are_weighted():
    with x64():
        model, values = LinearRegression(BETA, noise="mle").astype("float64"), rows(2, 12)
        first, second = values[:5], values[5:]
        parts = [model.statistic(part, everything(part)) for part in (first, second)]
        pooled, whole = parts[0].combine(parts[1]), model.statistic(values, everything(values))
        weights = jnp.asarray([0.3] * 5 + [1.7] * 7)
        scaled = parts[0].scale(0.3).combine(parts[1].scale(1.7))
        for one, other in ((pooled, whole), (scaled, model.statistic(values, weights))):
            np.testing.assert_allclose(one.count, other.count, rtol=1e-13)
            np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-10)
            np.testing.assert_allclose(one.log_residual, other.log_residual, rtol=1e-10)


def test_a_scalar_gram_is_a_multiple_of_the_identity():
    with x64():
        model = LinearRegression(BETA, noise="mle", design="orthogonal").astype("float64")
        statistic = type(model.statistic(rows(3), jnp.ones(9)))
        one = statistic(4.0, 4.0, jnp.asarray([1.0, 0.0, 2.0]), jnp.log(0.5))
        two = statistic(6.0, 6.0, jnp.asarray([0.0, 1.0, 1.0]), jnp.log(0.7))
        eye = jnp.eye(3)
        full = [
            statistic(s.count, s.gram * eye, s.coefficients, s.log_residual) for s in (one, two)
        ]
        scalar, matrix = one.combine(two), full[0].combine(full[1])
        np.testing.assert_allclose(scalar.coefficients, matrix.coefficients, rtol=1e-13)
        np.testing.assert_allclose(scalar.log_residual, matrix.log_residual, rtol=1e-13)


def test_other_statistics_are_weighted():
    with x64():
        gaussian, x = (
            Gaussian().astype("float64"),
            jnp.asarray(np.random.default_rng(4).normal(size=8)),
        )
        weights = jnp.asarray([0.5] * 3 + [2.0] * 5)
        whole = gaussian.statistic(x, weights)
        parts = [gaussian.statistic(part, everything(part)) for part in (x[:3], x[3:])]
        pooled = parts[0].scale(0.5).combine(parts[1].scale(2.0))
        np.testing.assert_allclose(whole.mean, np.average(x, weights=weights), rtol=1e-13)
        np.testing.assert_allclose(whole.log_variance, pooled.log_variance, rtol=1e-12)
        words, labels = Categorical([0.5, 0.3, 0.2]).astype("float64"), jnp.asarray([0, 2, 2, 1])
        fitted = words.fit(words.statistic(labels, jnp.asarray([1.0, 0.5, 0.25, 0.25])))
        np.testing.assert_allclose(fitted.probabilities, [0.5, 0.125, 0.375], rtol=1e-14)
        scaled = words.statistic(labels, everything(labels)).scale(0.5)
        np.testing.assert_allclose(scaled.counts, [0.5, 0.5, 1.0])


def test_coordinates_change_and_change_back():
    with x64():
        one = LinearRegression(BETA, 4.0).astype("float64")
        other = LinearRegression(-BETA, 0.25).astype("float64")
        values = rows(5)
        there = other.express(values, of=one)
        np.testing.assert_allclose(one.express(there, of=other), values, atol=1e-13)
        restated = other.restate(one.statistic(values, everything(values)), of=one)
        direct = other.statistic(there, everything(values))
        np.testing.assert_allclose(restated.coefficients, direct.coefficients, rtol=1e-11)
        np.testing.assert_allclose(restated.log_residual, direct.log_residual, rtol=1e-11)


@pytest.mark.parametrize("n", [3, 4, 10])
def test_an_orthogonal_design_is_one(n, key):
    with x64():
        model = LinearRegression(BETA, design="orthogonal").astype("float64")
        x = np.asarray(model.draw(key, n))[:, :-1]
        np.testing.assert_allclose(x.T @ x, n * np.eye(3), atol=1e-12)


def test_a_fixed_design_keeps_its_gram_matrix(key):
    with x64():
        truth = LinearRegression(BETA, design="fixed").astype("float64")
        values = truth.draw(key, 10)
        model = truth.fit(truth.statistic(values, everything(values)))
        again = np.asarray(model.draw(key, 10))[:, :-1]
        x = np.asarray(values)[:, :-1]
        np.testing.assert_allclose(again.T @ again, x.T @ x, rtol=1e-10)


def test_functionals():
    with x64():
        p, q = LinearRegression([0.0, 1.0], 1.7), LinearRegression([1.0, 1.0], 0.8)
        np.testing.assert_allclose(p.entropy(), stats.norm(0, np.sqrt(1.7)).entropy(), rtol=1e-13)
        expected = (1.7 / 0.8 + 1 / 0.8 - 1 - np.log(1.7 / 0.8)) / 2
        np.testing.assert_allclose(p.kl(q), expected, rtol=1e-13)


def test_accumulation_tends_to_its_limits():
    t = np.array([20_000])
    for design in ("fresh", "fixed", "orthogonal"):
        value = accumulate.excess_risk(12, t, 3, design=design)[0]
        limit = accumulate.excess_risk_limit(12, 3, design=design)
        assert value == pytest.approx(float(limit), rel=1e-4)
        assert value < limit
    first = accumulate.excess_risk(12, 1, 3)
    assert accumulate.excess_risk_limit(12, 3) / first == pytest.approx(1.48, abs=0.01)


def test_shares_of_an_error_that_new_rows_leave(seed):
    """The second moments of the matrix-variate beta, by Gram matrices themselves; seven standard errors."""
    rng = np.random.default_rng(seed)
    p, real, synthetic, trials = 3, 5, 9, 200_000
    x = rng.standard_normal((trials, real + synthetic, p))
    gram = np.swapaxes(x, 1, 2) @ x
    own = np.swapaxes(x[:, real:], 1, 2) @ x[:, real:]
    shares = np.linalg.solve(gram, own)
    kept = (shares**2).sum(axis=(1, 2)) / p
    lost = np.trace(own - own @ shares, axis1=1, axis2=2) / p / (real + synthetic)
    with x64():
        for found, claimed in zip(
            (kept, lost), fresh._kept(float(real), float(synthetic), float(p), "fresh"), strict=True
        ):
            assert abs(found.mean() - claimed) < 7 * found.std() / np.sqrt(trials)


def test_a_regressor_costs_what_the_mean_costs_a_gaussian():
    """One orthogonal regressor, known or refitted noise: the Gaussian's own numbers."""
    t = np.arange(6)
    given = {"design": "orthogonal", "noise": "mle"}
    np.testing.assert_allclose(
        fresh.excess_risk(2, 4, t, 1, **given), gaussian_fresh.mean_error_second_moment(2, 4, t)
    )
    np.testing.assert_allclose(
        fresh.noise_variance(2, 4, t, 1, **given), gaussian_fresh.variance(2, 4, t), rtol=1e-12
    )


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_weighting_by_numbers_is_pooling(estimator):
    t = np.arange(6)
    weight = 3 / 10
    for of in ("variance", "mean_error_second_moment"):
        one = getattr(gaussian_weighted, of)(3, 7, weight, t, estimator=estimator)
        other = getattr(gaussian_fresh, of)(3, 7, t, estimator=estimator)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    pooled = fresh.excess_risk(4, 6, t, 2, design="orthogonal", noise=estimator)
    found = weighted.excess_risk(4, 6, 0.4, t, 2, noise=estimator)
    np.testing.assert_allclose(found, pooled, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("real", "synthetic"), [(10, 10), (10, 100), (50, 7), (3, 2)])
def test_optimal_weights_are_the_best(real, synthetic):
    w = np.linspace(1e-3, 1, 4000)
    cases = {
        gaussian_weighted.optimal_weight: lambda v: weighted.stationary_risk(real, synthetic, v, 1),
        gaussian_weighted.optimal_weight_mle: lambda v: gaussian_weighted.stationary_mean_error(
            real, synthetic, v
        ),
    }
    for optimum, error in cases.items():
        best = float(optimum(real, synthetic))
        assert best == pytest.approx(w[np.argmin(error(w))], abs=1e-3)
        assert error(best) <= error(w).min() * (1 + 1e-12)
    golden = gaussian_weighted.optimal_weight(real, synthetic)
    assert gaussian_weighted.optimal_weight_mle(real, synthetic) < golden
    assert weighted.stationary_risk(real, synthetic, golden, 1) == pytest.approx(golden / real)
    if real == synthetic:
        assert golden == pytest.approx((np.sqrt(5) - 1) / 2, rel=1e-14)


def test_the_law_of_the_noise():
    nu = 10
    x = np.array([-1.0, -0.3, 0.2])
    found = replace.log_noise_variance_cdf(x, 13, 1, 3, noise="mle")
    np.testing.assert_allclose(found, stats.chi2(nu).cdf(13 * np.exp(x)), atol=1e-9)


def test_the_spread_of_the_risk_is_that_of_an_f_law():
    """One fit to fresh rows: |error|^2 is p/(n-p+1) times an F variable."""
    loop = Loop(LinearRegression(BETA, 2.0), Replace(16))
    entry = LEDGER["linearregression_replace_excess_risk"]
    assert entry.spread is not None
    variance, skewness = entry.spread(loop, np.array([1]))
    law = stats.f(3, 14)
    scale = 2.0 * 3 / 14
    assert variance[0] == pytest.approx(scale**2 * law.var(), rel=1e-10)
    assert skewness[0] == pytest.approx(float(law.stats(moments="s")), rel=1e-8)
    heavy, _ = entry.spread(Loop(LinearRegression(BETA), Replace(6)), np.array([1]))
    assert heavy[0] == np.inf


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearRegression([[1.0]]), r"coefficients=...\)` must have shape \(p,\)"),
        (lambda: LinearRegression([1.0, np.nan]), r"coefficients=...\)` must be finite"),
        (
            lambda: LinearRegression([1.0], -1.0),
            r"variance=...\)` must be finite and above 0; got -1",
        ),
        (lambda: LinearRegression([1.0], 1.0, log_variance=0.0), "not both"),
        (
            lambda: LinearRegression([1.0], design="random"),
            "design=...\\)` must be 'fresh', 'ortho",
        ),
        (lambda: LinearRegression([1.0], noise="map"), "noise=...\\)` must be 'known', 'mle'"),
        (lambda: Loop(LinearRegression(BETA), Replace(2)), "needs at least 3"),
        (lambda: Loop(LinearRegression(BETA, noise="mle"), Replace(3)), "needs at least 4"),
        (
            lambda: Weighted(3, 4, 0.0),
            r"`Weighted\(weight=...\)` must be above 0 and at most 1; got 0",
        ),
        (lambda: Weighted(3, 4, 1.5), r"`Weighted\(weight=...\)` must be .*; got 1.5"),
        (lambda: Weighted(3, 0, 0.5), r"`Weighted\(n_synthetic=...\)` must be at least 1; got 0"),
        (lambda: replace.excess_risk(4, 1, 3), "`n` must be at least 5; got 4"),
        (lambda: replace.excess_risk(9, 1, 3, design="x"), "`design` must be one of fresh, orth"),
        (lambda: accumulate.excess_risk((9, 8), 2, 3, design="fixed"), "`n` must be the same"),
        (lambda: fresh.excess_risk(9, 9, 1, 3, design="fixed"), "`design` must be fresh or orth"),
        (lambda: weighted.excess_risk(2, 9, 0.5, 1, 3), "`n_real` must be at least 3; got 2"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("kinds", "regime", "claimed"),
    [
        ({"design": "orthogonal"}, Fresh(n_real=1, n_synthetic=4), False),
        ({"design": "orthogonal"}, Fresh(n_real=2, n_synthetic=4), True),
        ({"design": "orthogonal"}, Accumulate(n=(6, 1)), False),
        ({"design": "fixed"}, Accumulate(n=(14, 14)), True),
        ({"design": "fixed"}, Replace(n=(14, 20)), False),
        ({"design": "fresh"}, Fresh(n_real=(9, 9, 9), n_synthetic=(9, 9)), True),
        ({"design": "orthogonal", "noise": "unbiased"}, Weighted(2, 4, weight=1.0), False),
        ({"design": "orthogonal"}, Weighted(1, 4, weight=0.6), False),
    ],
)
def test_only_what_can_be_drawn_is_claimed(kinds, regime, claimed):
    """Two regressors: an orthogonal batch has two rows or more, a fixed design one n for ever."""
    loop = Loop(LinearRegression(np.zeros(2), **kinds), regime)
    found = find(loop, ExcessRisk())
    assert bool(found) == claimed
    for entry in found:
        assert np.all(np.isfinite(entry(loop, [1, 2])))
