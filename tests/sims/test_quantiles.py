"""Streamed quantiles against NumPy's on the whole sample."""

import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.quantiles import COUNTS, Histogram, quantile

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def streamed(blocks: list[np.ndarray]) -> Histogram:
    histogram = Histogram.around(blocks[0])
    for block in blocks:
        histogram.add(block)
    return histogram


def test_quantiles_of_many_blocks():
    rng = np.random.default_rng(5)
    sample = np.stack([rng.normal(size=40_000), 1e6 + np.exp(rng.normal(size=40_000))], axis=1)
    histogram = streamed(np.array_split(sample, 8))
    assert histogram.counts.sum(axis=-1).tolist() == [40_000, 40_000]
    for level in LEVELS:
        exact = np.quantile(sample, level, axis=0)
        spread = sample.std(axis=0)
        found = quantile(histogram.edges, histogram.counts, level)
        np.testing.assert_allclose(found, exact, atol=0.01 * spread.max(), rtol=0)


def test_order_of_blocks_after_the_first_does_not_matter():
    rng = np.random.default_rng(6)
    blocks = [rng.normal(size=(500, 3)) for _ in range(4)]
    one, other = streamed(blocks), streamed([blocks[0], *blocks[:0:-1]])
    np.testing.assert_array_equal(one.counts, other.counts)


def test_constant_discrete_and_infinite_values():
    constant = streamed([np.full((100, 1), 7.0)])
    assert quantile(constant.edges, constant.counts, 0.5) == 7.0
    coin = streamed([np.repeat([[0.0], [1.0]], 50, axis=0)])
    assert quantile(coin.edges, coin.counts, 0.2) == 0.0
    assert quantile(coin.edges, coin.counts, 0.9) == 1.0
    infinite = streamed([np.full((10, 1), np.inf)])
    assert np.isnan(infinite.edges).all()
    assert infinite.counts.shape == (1, COUNTS)


def test_far_quantiles():
    """Within six standard errors of a sample quantile, far out in the tails too."""
    rng = np.random.default_rng(7)
    sample = rng.normal(size=(200_000, 1))
    histogram = streamed(np.array_split(sample, 10))
    for level in (1e-3, 2e-3, 5e-3, 0.01, 0.5, 0.99, 0.995, 0.999):
        found = quantile(histogram.edges, histogram.counts, level)[0]
        error = np.sqrt(level * (1 - level) / len(sample)) / stats.norm.pdf(stats.norm.ppf(level))
        assert abs(found - stats.norm.ppf(level)) < 6 * error


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize("level", [1.5, -0.1, float("nan"), "median", [0.1, 0.9]])
def test_bad_level(level):
    histogram = streamed([np.zeros((4, 1))])
    with pytest.raises(ValueError, match=r"`q` must be a number in \[0, 1\]; got"):
        quantile(histogram.edges, histogram.counts, level)
