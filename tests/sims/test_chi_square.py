"""The chi-square sampler has the exact law, in both precisions and at every size."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.samplers.chi_square import _log_acceptance, log_mean_square
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import x64

DRAWS = 400_000
#: Twelve KS tests and twelve tests of a mean: 1e-6 for all of them together.
ALPHA = 1e-6 / 24


def draws(n: int, dtype: str, seed: int = 11) -> np.ndarray:
    with x64():
        chains = jnp.arange(DRAWS, dtype=jnp.uint32)
        root = Stream.of(jnp.array([seed, 7], jnp.uint32))
        streams = Stream(
            jnp.broadcast_to(root.key0, chains.shape), jnp.broadcast_to(root.key1, chains.shape)
        ).fold(chains)
        count = jnp.asarray(n, jnp.float64)
        return np.asarray(log_mean_square(streams, count, count - 1, dtype, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 4, 10, 1000, 10**6])
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
