"""The distance of multivariate Gaussians against plain linear algebra, its bounds against raw samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from modelcollapse.theory import Loop, MultivariateGaussian, Replace, x64
from modelcollapse.theory.gaussian import replace as one_dimension
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.multivariate import distance, replace
from modelcollapse.theory.multivariate.rotations import singular_values

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[4.0, 1.2, 0.5], [1.2, 1.0, -0.2], [0.5, -0.2, 0.5]])
OTHER = np.diag([1.0, 2.0, 3.0]) + 0.3


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


@jax.jit
def fitted_to(latest, z):
    return latest.fit(latest.statistic(z, jnp.ones(len(z), bool)))


def covariance(of):
    factor = np.asarray(of.factor)
    return (factor * np.exp(np.asarray(of.log_pivots))) @ factor.T


@pytest.mark.parametrize("dimension", [1, 2, 5, 9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_singular_values_of_any_rank_are_those_of_lapack(rng, dimension, dtype):
    """Ordinary matrices, graded ones, ones of lower rank, the identity and nothing."""
    plain = rng.standard_normal((100, dimension, dimension))
    graded = plain * 10.0 ** -rng.uniform(0, 18, (100, 1, dimension))
    flat = plain * (np.arange(dimension) <= dimension // 2)
    same = np.broadcast_to(np.eye(dimension), (2, dimension, dimension)) * [[[1]], [[0]]]
    matrices = np.concatenate([plain, graded, flat, same]).astype(dtype)
    with x64():
        found = np.asarray(jax.jit(jax.vmap(singular_values))(matrices))
    expected = np.linalg.svd(matrices.astype(np.float64), compute_uv=False)
    rounding = 25 * np.finfo(dtype).eps * expected[:, :1]
    assert found.dtype == dtype
    assert (np.abs(np.sort(found)[:, ::-1] - expected) <= rounding).all()


def test_w2_is_that_of_linear_algebra_and_of_one_dimension(rng):
    w2 = jax.jit(lambda p, q: (p.w2_squared(q), q.w2_squared(p), p.w2_squared(p)))
    with x64():
        p = MultivariateGaussian(MEAN, COVARIANCE).astype("float64")
        q = MultivariateGaussian([0.0, 1.0, 2.0], OTHER).astype("float64")
        flat = fitted_to(p, jnp.asarray(rng.standard_normal((3, 3))))
        for one, other in ((p, q), (p, flat), (flat, flat)):
            root = linalg.sqrtm(covariance(other)).real
            shared = np.linalg.eigvalsh(root @ covariance(one) @ root)
            gap = np.asarray(one.mean) - np.asarray(other.mean)
            traces = np.trace(covariance(one)) + np.trace(covariance(other))
            expected = gap @ gap + traces - 2 * np.sqrt(np.maximum(shared, 0)).sum()
            there, back, none = w2(one, other)
            # The square root of a singular matrix is right to half of the digits only.
            np.testing.assert_allclose(there, expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose([there, none], [back, 0], rtol=1e-12, atol=1e-13)
            if other is q:
                np.testing.assert_allclose(there, expected, rtol=1e-13)
        one, two = (MultivariateGaussian([m], [[v]]).astype("float64") for m, v in ((1, 4), (0, 9)))
        np.testing.assert_allclose(w2(one, two)[0], 2, rtol=1e-14)


def test_mean_roots_are_those_of_each_pivot_and_zero_without_degrees_of_freedom():
    """Pivot k of d is the last of k + 1 dimensions: a quotient of two determinants."""
    t, sizes = np.arange(4), (9, 6, 12)
    roots = np.exp(replace.log_mean_roots(sizes, t, 3))
    moments = [replace.determinant_moment(sizes, t, 0.5, d) for d in (1, 2, 3)]
    expected = np.stack([moments[0], moments[1] / moments[0], moments[2] / moments[1]], axis=-1)
    np.testing.assert_allclose(roots, expected, rtol=1e-13)
    few = np.exp(replace.log_mean_roots((9, 3, 12), t, 4))
    assert (few > 0).tolist() == [[True] * 4, [True] * 4, *[[True, True, False, False]] * 2]
    np.testing.assert_array_equal(replace.log_mean_roots(2, 0, 3), np.zeros(3))


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
@pytest.mark.parametrize("sizes", [(8, 8), (7, 3)])
def test_raw_samples_lie_between_the_bounds_on_the_distance(rng, sizes, estimator):
    """Six standard errors: false once in 1e9. One direction holds most of the variance, so that both
    bounds are near."""
    chains, eigenvalues = 20_000, np.array([0.25, 4.0, 1.0])
    mean, s = np.zeros((chains, 3)), np.tile(np.diag(eigenvalues), (chains, 1, 1))
    truth = MultivariateGaussian(covariance=np.diag(eigenvalues), estimator=estimator)
    loop = Loop(truth, Replace(n=sizes))
    lower = LEDGER["multivariategaussian_w2_squared_lower"](loop, np.arange(3))
    upper = LEDGER["multivariategaussian_replace_w2_squared_upper"](loop, np.arange(3))
    np.testing.assert_array_equal([lower[0], upper[0]], 0)
    np.testing.assert_allclose(
        upper, distance.w2_squared_upper(sizes, np.arange(3), eigenvalues, estimator=estimator)
    )
    scale = np.sqrt(eigenvalues)
    for t, n in enumerate(sizes, start=1):
        values, vectors = np.linalg.eigh(s)
        root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        x = mean[:, None] + rng.standard_normal((chains, n, 3)) @ root.swapaxes(1, 2)
        mean = x.mean(axis=1)
        gaps = x - mean[:, None]
        s = gaps.swapaxes(1, 2) @ gaps / (n if estimator == "mle" else n - 1)
        shared = np.linalg.eigvalsh(scale[:, None] * s * scale)
        squares = (mean**2).sum(axis=1) + np.trace(s, axis1=1, axis2=2) + eigenvalues.sum()
        w2 = squares - 2 * np.sqrt(np.maximum(shared, 0)).sum(axis=1)
        error = w2.std() / np.sqrt(chains)
        assert lower[t] < w2.mean() - 6 * error
        assert w2.mean() - 6 * error < upper[t] < 1.1 * w2.mean()


@pytest.mark.parametrize("estimator", ["mle", "unbiased"])
@pytest.mark.parametrize("n", [9, (9, 2, 12)])
def test_in_one_dimension_the_upper_bound_is_the_mean(n, estimator):
    t, kind = np.arange(4), {"estimator": estimator}
    found = distance.w2_squared_upper(n, t, [3.0], **kind)
    expected = one_dimension.w2_squared(n, t, variance=3.0, **kind)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.usefixtures("unhooked")
def test_bad_input_is_named():
    with pytest.raises(ValueError, match="`n` must be at least 2; got 1"):
        distance.w2_squared_upper(1, 1, [1.0])
    with pytest.raises(ValueError, match=r"`eigenvalues` must be .*at least 0"):
        distance.w2_squared_upper(9, 1, [1.0, -1.0])
