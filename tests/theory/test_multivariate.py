"""The multivariate Gaussian: family against plain linear algebra, formulas against other routes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims import simulate
from modelcollapse.sims.verdicts import check
from modelcollapse.theory import (
    Accumulate,
    Gaussian,
    Loop,
    MultivariateGaussian,
    Replace,
    find,
    observables,
    x64,
)
from modelcollapse.theory.gaussian import log_variance
from modelcollapse.theory.gaussian import replace as one_dimension
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.multivariate import replace

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[4.0, 1.2, 0.5], [1.2, 1.0, -0.2], [0.5, -0.2, 0.5]])
OTHER = np.diag([1.0, 2.0, 3.0]) + 0.3


def model(mean=MEAN, covariance=COVARIANCE, **options):
    return MultivariateGaussian(mean, covariance, **options).astype("float64")


def draws(rng, n=9):
    return jnp.asarray(rng.standard_normal((n, 3)))


@jax.jit
def refitted(latest, z, mask):
    """Compiled once for all tests, as are the others below."""
    return latest.fit(latest.statistic(z, mask))


express = jax.jit(lambda into, z, of: into.express(z, of=of))
divergences = jax.jit(lambda p, q: (p.kl(q), p.cross_entropy(q), p.entropy()))


def covariance(of):
    factor = np.asarray(of.factor)
    return (factor * np.exp(np.asarray(of.log_pivots))) @ factor.T


def in_data(own, of):
    return np.asarray(of.mean) + np.asarray(own) @ np.linalg.cholesky(covariance(of)).T


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_the_fit_is_the_sample_mean_and_covariance(rng, estimator):
    with x64():
        latest, z = model(estimator=estimator), draws(rng)
        mask = jnp.arange(9) != 4
        fitted = refitted(latest, z, mask)
        x = in_data(z, latest)[np.asarray(mask)]
        np.testing.assert_allclose(fitted.mean, x.mean(axis=0), rtol=1e-13)
        expected = np.cov(x, rowvar=False, bias=estimator == "mle")
        np.testing.assert_allclose(covariance(fitted), expected, rtol=1e-12)


def test_weights_count_draws_several_times(rng):
    with x64():
        latest, z = model(), draws(rng, 4)
        twice = jnp.concatenate([z, z[:1]])
        weighted = refitted(latest, z, jnp.array([2.0, 1.0, 1.0, 1.0]))
        repeated = refitted(latest, twice, jnp.ones(5, bool))
        np.testing.assert_allclose(covariance(weighted), covariance(repeated), rtol=1e-12)
        np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-12)


def test_pooling_in_other_coordinates_loses_nothing(rng):
    with x64():
        latest, other, z = model(), model([0.0, 1.0, 2.0], OTHER), draws(rng)
        every = jnp.ones(9, bool)
        whole = refitted(latest, z, every)

        @jax.jit
        def both():
            parts = [latest.statistic(z[i], every[i]) for i in (slice(0, 4), slice(4, 9))]
            moved = [other.restate(part, of=latest) for part in parts]
            return latest.fit(parts[0].combine(parts[1])), other.fit(moved[0].combine(moved[1]))

        for pooled in both():
            np.testing.assert_allclose(pooled.mean, whole.mean, rtol=1e-12)
            np.testing.assert_allclose(covariance(pooled), covariance(whole), rtol=1e-11)
        expressed = express(other, z, latest)
        np.testing.assert_allclose(in_data(expressed, other), in_data(z, latest), rtol=1e-11)


def test_samples_have_the_law(key):
    with x64():
        truth = model()
        x = np.asarray(truth.sample(key, 20_000))
    whitened = (x - MEAN) @ np.linalg.inv(np.linalg.cholesky(COVARIANCE)).T
    assert stats.kstest((whitened**2).sum(axis=1), stats.chi2(3).cdf).pvalue > 1e-6
    assert stats.kstest(x[:, 2], stats.norm(0.5, np.sqrt(0.5)).cdf).pvalue > 1e-6


def test_functionals_are_those_of_scipy_and_of_one_dimension():
    with x64():
        p, q = model(), model([0.0, 1.0, 2.0], OTHER)
        law = stats.multivariate_normal(MEAN, COVARIANCE)
        kl, crossed, entropy = divergences(p, q)
        np.testing.assert_allclose(entropy, law.entropy(), rtol=1e-13)
        inverse, gap = np.linalg.inv(OTHER), MEAN - np.array([0.0, 1.0, 2.0])
        logs = np.linalg.slogdet(OTHER)[1] - np.linalg.slogdet(COVARIANCE)[1]
        expected = (np.trace(inverse @ COVARIANCE) + gap @ inverse @ gap - 3 + logs) / 2
        np.testing.assert_allclose(kl, expected, rtol=1e-12)
        np.testing.assert_allclose(crossed, entropy + kl, rtol=1e-13)
        assert float(divergences(p, p)[0]) == 0
        one, two = (MultivariateGaussian([m], [[v]]).astype("float64") for m, v in ((1, 4), (0, 2)))
        plain = Gaussian(1.0, 4.0).kl(Gaussian(0.0, 2.0))
        np.testing.assert_allclose(divergences(one, two)[0], plain, rtol=1e-13)


def test_observables_are_what_they_say():
    with x64():
        truth, other = model(), model([0.0, 1.0, 2.0], OTHER)
        values, spectrum = np.linalg.eigvalsh(OTHER), np.linalg.eigvalsh(OTHER) ** 2
        expected = {
            observables.TotalVariance(): values.sum(),
            observables.SquaredNorm(): spectrum.sum(),
            observables.EffectiveRank(): values.sum() ** 2 / spectrum.sum(),
            observables.Rank(): 3,
            observables.SquaredMeanError(): 1 + 9 + 2.25,
            observables.Determinant(): np.linalg.det(OTHER) / np.linalg.det(COVARIANCE),
            observables.TotalSecondMoment(): values.sum() + 12.25,
            observables.W2Squared(): other.w2_squared(truth),
        }
        found = jax.jit(lambda m, o: [observable(m, o) for observable in expected])(other, truth)
        np.testing.assert_allclose(found, list(expected.values()), rtol=1e-12)
        pivots = 2 * np.log(np.diagonal(np.linalg.cholesky(OTHER)))
        pivots = pivots - 2 * np.log(np.diagonal(np.linalg.cholesky(COVARIANCE)))
        np.testing.assert_allclose(observables.LogPivots()(other, truth), pivots, rtol=1e-12)
        assert observables.LogPivots(2).columns(truth) == ("log_pivot[0]", "log_pivot[1]")


def test_a_singular_fit_keeps_its_own_coordinates_whole(rng):
    with x64():
        latest, z = model(), draws(rng)
        flat = refitted(latest, z, jnp.arange(9) < 3)
        assert np.isneginf(flat.log_pivots).tolist() == [False, False, True]
        x = in_data(z, latest)
        np.testing.assert_allclose(
            covariance(flat), np.cov(x[:3], rowvar=False, bias=True), atol=1e-13
        )
        assert float(observables.Rank()(flat, latest)) == 2
        (to, crossed, _), (back, *_) = divergences(flat, latest), divergences(latest, flat)
        assert np.isposinf([to, back]).all()
        assert np.isfinite(crossed)
        assert np.ptp(flat.draw(jax.random.key(0), 5)[:, 2]) == 0
        # Real draws bring the lost direction back.
        whole = refitted(flat, express(flat, z, latest), jnp.ones(9, bool))
        np.testing.assert_allclose(
            covariance(whole), np.cov(x, rowvar=False, bias=True), rtol=1e-10
        )


def test_no_digit_is_lost_when_directions_part_by_hundreds_of_orders(rng):
    """Refits in steps of 1e-8 and 1e-16: after a hundred of them the pivots stand at 1e-800 and 1e-1600."""
    with x64():
        latest = model([1.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
        start = latest.log_pivots
        z = jnp.asarray(rng.standard_normal((6, 2))) * jnp.array([1e-4, 1e-8])
        step = jax.jit(lambda last: last.statistic(z, jnp.ones(6, bool)))(latest)
        fit = jax.jit(lambda last: last.fit(step))
        for _ in range(100):
            latest = fit(latest)
        np.testing.assert_allclose(latest.log_pivots - start, 100 * step.log_pivots, rtol=1e-13)
        assert np.isfinite(latest.factor).all()
        assert np.isfinite(latest.mean).all()


BAD = [
    (lambda: MultivariateGaussian(), "needs `mean` or `covariance`; got neither"),
    (lambda: MultivariateGaussian([0.0], np.eye(2)), r"covariance=...\)` must have shape \(d, d\)"),
    (lambda: MultivariateGaussian(0.0), r"mean=...\)` must have shape \(d,\)"),
    (lambda: MultivariateGaussian([np.nan]), r"mean=...\)` must be finite; got \[nan\]"),
    (lambda: MultivariateGaussian(covariance=[[1, 2], [2, 1]]), "must be positive definite; got"),
    (lambda: MultivariateGaussian(covariance=[[1, 2], [0, 1]]), "must be symmetric; got"),
    (lambda: MultivariateGaussian([0.0], estimator="best"), "must be 'mle' or 'unbiased'"),
    (lambda: MultivariateGaussian([0.0], [[1.0]], log_pivots=[0.0]), "not both"),
    (lambda: MultivariateGaussian([0.0], log_pivots=[np.inf]), "must be finite or -inf"),
    (lambda: MultivariateGaussian([0.0, 0.0], factor=2 * np.eye(2)), "unit lower triangular"),
    (lambda: observables.LogPivots(0), r"kept=...\)` must be .*at least 1; got 0"),
    (lambda: replace.lyapunov_spectrum(3, 3), "`n` must be at least 4; got 3"),
    (lambda: replace.determinant_moment(9, 1, 1, 0), "`dimension` must be .*at least 1; got 0"),
    (lambda: replace.second_moments(1, 1, 1, 1), "`n` must be at least 2; got 1"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
@pytest.mark.usefixtures("unhooked")
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
@pytest.mark.parametrize("n", [9, (9, 6, 12)])
def test_one_dimension_is_the_gaussian(n, estimator):
    t, kind = np.arange(4), {"estimator": estimator}
    pairs = [
        (replace.log_determinant_cumulant(n, t, 1, 1, **kind), log_variance.mean(n, t, **kind)),
        (
            replace.log_determinant_cumulant(n, t, 1, 3, **kind),
            log_variance.cumulant(n, t, 3, **kind),
        ),
        (
            replace.determinant_moment(n, t, 0.5, 1, **kind),
            one_dimension.variance_moment(n, t, 0.5, **kind),
        ),
        (
            replace.second_moments(n, t, 9.0, 9.0, **kind)[1],
            one_dimension.variance_moment(n, t, 2.0, variance=3.0, **kind),
        ),
        (replace.kl_to_truth(n, t, 1, **kind), one_dimension.kl_to_truth(n, t, **kind)),
        (replace.kl_from_truth(n, t, 1, **kind), one_dimension.kl_from_truth(n, t, **kind)),
    ]
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
def test_second_moments_are_products_of_matrices(estimator):
    sizes, state = (5, 2, 8), np.array([7.0, 20.0])
    for t, n in enumerate(sizes, start=1):
        nu, c = n - 1, n if estimator == "mle" else n - 1
        state = np.array([[nu * (nu + 1), nu], [2 * nu, nu**2]]) @ state / c**2
        found = replace.second_moments(sizes, t, 7.0, 20.0, estimator=estimator)
        np.testing.assert_allclose(found, state, rtol=1e-13)
    at_zero = replace.second_moments(2, 0, 7.0, 20.0, estimator=estimator)
    np.testing.assert_allclose(at_zero, [7.0, 20.0])


def test_moments_of_one_wishart_matrix_by_simulation(rng):
    """Six standard errors: false once in 5e8."""
    n, d, chains = 12, 3, 200_000
    x = rng.standard_normal((chains, n, d)) @ np.linalg.cholesky(COVARIANCE).T
    gaps = x - x.mean(axis=1, keepdims=True)
    s = gaps.swapaxes(1, 2) @ gaps / n
    norm, trace = (COVARIANCE**2).sum(), np.trace(COVARIANCE) ** 2
    expected = replace.second_moments(n, 1, norm, trace)
    found = [(s**2).sum(axis=(1, 2)), np.trace(s, axis1=1, axis2=2) ** 2]
    ratio = np.linalg.det(s) / np.linalg.det(COVARIANCE)
    for values, value in [
        *zip(found, expected, strict=True),
        (ratio, replace.determinant_moment(n, 1, 1, d)),
        (np.sqrt(ratio), replace.determinant_moment(n, 1, 0.5, d)),
    ]:
        assert abs(values.mean() - value) < 6 * values.std() / np.sqrt(chains)


def test_divergence_from_the_truth_by_schedule_and_at_infinity():
    t = np.arange(4)
    np.testing.assert_allclose(
        replace.kl_from_truth(12, t, 3), replace.kl_from_truth((12,) * 3, t, 3), rtol=1e-12
    )
    assert replace.kl_from_truth((12, 5, 12), t, 3).tolist()[2:] == [np.inf, np.inf]
    assert replace.kl_from_truth(5, 0, 3) == 0


def test_rank_is_the_least_so_far():
    sizes = (7, 4, 5, 3, 6)
    np.testing.assert_array_equal(replace.rank(sizes, np.arange(6), 4), [4, 4, 3, 3, 2, 2])
    assert replace.rank(2, 9, 4) == 1


def test_gradients_pass_through():
    with x64():
        slope = jax.grad(lambda n: replace.log_determinant_cumulant(n, 5.0, 4, 1))(50.0)
    around = [replace.log_determinant_cumulant(n, 5, 4, 1) for n in (49.99, 50.01)]
    np.testing.assert_allclose(slope, (around[1] - around[0]) / 0.02, rtol=1e-6)


def test_large_dimensions_keep_their_digits():
    """At n = 1e9 the drift of pivot k is -(k + 2)/n to first order."""
    spectrum = replace.lyapunov_spectrum(10**9, 4)
    np.testing.assert_allclose(spectrum * 10**9, -np.arange(2, 6), rtol=1e-7)


def test_theorems_reach_the_loops_they_speak_of():
    truth = MultivariateGaussian(np.zeros(2))
    few, some = Loop(truth, Replace(n=2)), Loop(truth, Replace(n=4))
    names = [{entry.name for entry in find(loop)} for loop in (few, some)]
    assert "multivariategaussian_replace_rank" in names[0] & names[1]
    assert "multivariategaussian_replace_log_pivots" in names[1] - names[0]
    assert "multivariategaussian_replace_kl_from_truth" not in names[1]
    accumulate = {entry.name for entry in find(Loop(truth, Accumulate(n=4)))}
    assert {"multivariategaussian_total_variance", "gaussian_conservation"} <= accumulate


def test_the_mean_covariance_follows_one_dimension():
    loop = Loop(MultivariateGaussian(MEAN, COVARIANCE), Accumulate(n=5))
    entry, plain = (
        LEDGER[f"{name}_variance"] for name in ("multivariategaussian_total", "gaussian_accumulate")
    )
    t = np.arange(5)
    expected = 5.5 * plain(Loop(Gaussian(), Accumulate(n=5)), t)
    np.testing.assert_allclose(entry(loop, t), expected, rtol=1e-13)


def test_check_of_more_dimensions_than_pivots_are_kept():
    run = simulate(
        Loop(MultivariateGaussian(np.zeros(10)), Replace(n=20)), 1, 256, key=jax.random.key(0)
    )
    assert "refuted" not in str(check(run))


def test_a_singular_truth_has_no_theorem_of_full_rank():
    loop = Loop(MultivariateGaussian(np.zeros(2), log_pivots=[0.0, -np.inf]), Replace(n=8))
    names = {entry.name for entry in find(loop)}
    assert "multivariategaussian_total_variance" in names
    assert not {"multivariategaussian_replace_rank", "entropy_balance"} & names


def test_a_covariance_is_symmetric_up_to_rounding():
    model = MultivariateGaussian(covariance=[[1, 1e-18], [0, 1]])
    np.testing.assert_allclose(model.covariance, np.eye(2), atol=1e-12)
    with pytest.raises(ValueError, match="must be symmetric"):
        MultivariateGaussian(covariance=[[1, 0.1], [0, 1]])
