"""The chi-square sampler has the exact law, in both precisions and at every size."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from modelcollapse.sims.paths.gaussian import GaussianStatistics
from modelcollapse.sims.samplers import quantile_map
from modelcollapse.sims.samplers.chi_square import _log_acceptance
from modelcollapse.sims.samplers.normals import REACH
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import x64

DRAWS = 400_000
#: Fourteen KS tests, and as many of a mean: 1e-6 for all of them together.
ALPHA = 1e-6 / 28


def draws(n: int, dtype: str, seed: int = 11) -> np.ndarray:
    """The log-variances of batches, drawn as the chains draw them."""
    path = GaussianStatistics.of(dtype, True, np.zeros(1, int), np.array([n]))
    with x64():
        chains = jnp.arange(DRAWS, dtype=jnp.uint32)
        root = Stream.of(jnp.array([seed, 7], jnp.uint32))
        streams = Stream(
            jnp.broadcast_to(root.key0, chains.shape), jnp.broadcast_to(root.key1, chains.shape)
        ).fold(chains)
        rows = path.prepare(np.array([0]), np.array([n]), np.array([0]))
        prepared = {tag: jnp.asarray(row[0]) for tag, row in rows.items()}
        return np.asarray(path._batch(streams, 3, jnp.asarray(n), 0, prepared).log_variance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 1000, 10**6])
def test_law(n: int, dtype: str):
    values = draws(n, dtype).astype(np.float64)
    law = stats.chi2(n - 1)
    assert stats.kstest(n * np.exp(values), law.cdf).pvalue > ALPHA
    # The mean of the logarithm sees a bias of 1e-3 standard deviations that KS would not.
    mean = np.log(2 / n) + float(stats.loggamma(c=(n - 1) / 2).mean())
    spread = float(stats.loggamma(c=(n - 1) / 2).std())
    z = (values.mean() - mean) / (spread / np.sqrt(DRAWS))
    assert 2 * stats.norm.sf(abs(z)) > ALPHA


def test_a_wrong_law_is_caught():
    values = draws(10, "float32").astype(np.float64)
    assert stats.kstest(10 * np.exp(values), stats.chi2(10).cdf).pvalue < ALPHA
    assert stats.kstest(9 * np.exp(values), stats.chi2(9).cdf).pvalue < ALPHA


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_draws_have_no_variance(n: int):
    assert np.all(draws(n, "float32") == -np.inf)


def test_increments_keep_their_digits_in_float32():
    """At n = 10^6 the increment has mean -2e-6 and must not be rounded to a multiple of 1e-7."""
    values = draws(10**6, "float32")
    assert np.unique(values).size > 0.9 * np.unique(draws(10**6, "float64").astype("f4")).size


def test_acceptance_series_meets_the_direct_form():
    with x64():
        y = jnp.asarray([0.0999999, 0.1000001, -0.0999999, -0.1000001])
        values = np.asarray(_log_acceptance(jnp.ones_like(y), y))
    np.testing.assert_allclose(values[[0, 2]], values[[1, 3]], rtol=1e-4)


@pytest.mark.parametrize(
    "degrees", [4, 5, 9, 14, 15, 20, 49, 50, 99, 1000, 10**5 - 1, 10**5, 10**6, 2**24 - 1]
)
def test_error_of_the_polynomial(degrees):
    """In float32, over every normal that a word can give: 5e-6 of a standard deviation."""
    z = np.linspace(-REACH, REACH, 100_001).astype(np.float32)
    of = quantile_map.degree(degrees)
    row = jnp.asarray(quantile_map.coefficients(np.array(degrees), of))
    found = np.asarray(quantile_map.log_mean_chi_square(jnp.asarray(z), row), np.float64)
    exact = quantile_map.log_quantile(z, degrees)
    assert np.abs(found - exact).max() < 5e-6 * np.sqrt(special.polygamma(1, degrees / 2))
    assert np.all(np.diff(exact) > 0)


def test_quantiles_on_both_sides_of_the_series():
    """The series takes over where both are good, and agrees with the law's own distribution."""
    z = np.linspace(-6.4, 6.4, 101)
    sides = [quantile_map.log_quantile(z, degrees) for degrees in (np.nextafter(1e5, 0), 1e5)]
    assert np.abs(sides[0] - sides[1]).max() < 1e-10 * np.sqrt(2e-5)
    for degrees in (4, 30, 5000):
        x = degrees * np.exp(quantile_map.log_quantile(z, degrees))
        lower, upper = stats.chi2.cdf(x, degrees), stats.chi2.sf(x, degrees)
        np.testing.assert_allclose(
            np.where(z < 0, lower, upper), special.ndtr(-np.abs(z)), rtol=1e-9
        )


def test_coefficients_for_a_schedule():
    table = quantile_map.coefficients(np.array([9, 2, 9, 100]))
    assert table.shape == (4, quantile_map.DEGREE + 1)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table[0], table[2])
    assert not table[1].any()
