"""Labels that some draws bring: sets of them have their exact law.

False alarms: 1e-6 for the file, split over what is compared. Labels that came independently of one
another, as in Poisson sampling, are refuted by the same draws.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.normals import exponential32
from modelcollapse.sims.samplers.presence import _poisson, present
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import x64

LEAST = 1e-6 / 32
CHAINS = 2**15
SKEWED = (0.5, 0.0, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02)


@jax.jit
def _present(words, draws, probabilities):
    streams = Stream.of(words).fold(jnp.arange(draws.shape[0]))
    return present(streams, draws, probabilities, Guide.of(probabilities))


def sets(seed, draws, probabilities, chains=CHAINS):
    """Which labels came: shape (chains, labels)."""
    with x64():
        words = jnp.array([seed, 9], jnp.uint32)
        draws = jnp.broadcast_to(jnp.asarray(draws, float), (chains,))
        return np.asarray(_present(words, draws, jnp.asarray(probabilities, float)))


def law_of_sets(draws, p):
    """P(exactly these labels came) for every set of labels, by inclusion and exclusion."""
    every = np.array(list(itertools.product([0, 1], repeat=len(p))))
    within = (every @ np.asarray(p)) ** draws
    for bit in range(len(p)):
        without = within.reshape(2**bit, 2, -1)
        within = np.stack([without[:, 0], without[:, 1] - without[:, 0]], axis=1).ravel()
    return within


def p_value(seen, law):
    expected = law * seen.sum()
    often = expected > 20
    seen = np.append(seen[often], seen[~often].sum())
    expected = np.append(expected[often], max(expected[~often].sum(), 1e-9))
    if expected[-1] < 1:
        seen, expected = seen[:-1], expected[:-1] * seen[:-1].sum() / expected[:-1].sum()
    statistic = ((seen - expected) ** 2 / expected).sum()
    return stats.chi2.sf(statistic, len(seen) - 1)


def test_no_draw_brings_no_label(seed):
    assert not sets(seed, 0, SKEWED).any()


@pytest.mark.parametrize("draws", [1, 2, 3, 10, 60])
def test_law_of_sets(draws, seed):
    came = sets(seed, draws, SKEWED)
    assert not came[:, 1].any()
    seen = np.bincount(came @ (2 ** np.arange(7, -1, -1)), minlength=256)
    law = law_of_sets(draws, SKEWED)
    assert seen[law < 1e-12].sum() == 0
    assert p_value(seen, law) > LEAST
    if 2 <= draws <= 10:
        alone = 1 - np.exp(-draws * np.array(SKEWED))
        every = np.array(list(itertools.product([0, 1], repeat=8)))
        poisson = np.where(every == 1, alone, 1 - alone).prod(axis=1)
        assert p_value(seen, poisson) < LEAST


def test_many_labels_with_other_draws_in_every_chain(seed):
    """How often each label came, and how many did: means and the variance, for draws from far below to
    far above the number of labels."""
    labels, chains = 1000, 2**12
    p = 1 / np.arange(1, labels + 1)
    p /= p.sum()
    draws = np.resize([20, 190, 1000, 40_000], chains)
    came = sets(seed, draws, p, chains)
    for m in np.unique(draws):
        mine = came[draws == m]
        chance = 1 - (1 - p) ** m
        sure = chance > 1 - 1e-12
        assert mine[:, sure].all()
        tail = stats.binom(len(mine), chance[~sure])
        seen = mine[:, ~sure].sum(axis=0)
        low = np.minimum(tail.cdf(seen), tail.sf(seen - 1)).min()
        assert 2 * labels * low > LEAST, m
        # Cov(k, l) = (1 - p_k - p_l)^m - (1 - p_k)^m (1 - p_l)^m.
        absent = (1 - p) ** m
        pairs = np.exp(m * np.log1p(-p[:, None] - p[None])) - np.outer(absent, absent)
        np.fill_diagonal(pairs, absent * chance)
        variance = pairs.sum()
        if variance > 1:
            z = (mine.sum(axis=1).mean() - chance.sum()) / np.sqrt(variance / len(mine))
            assert 2 * stats.norm.sf(abs(z)) > LEAST, m
            spread = mine.sum(axis=1).var() * len(mine) / variance
            q = stats.chi2.cdf(spread, len(mine) - 1)
            assert min(q, 1 - q) > LEAST, m
            # Labels that came independently would vary more.
            q = stats.chi2.cdf(
                mine.sum(axis=1).var() * len(mine) / (absent * chance).sum(), len(mine) - 1
            )
            assert m != 1000 or q < LEAST


def test_exponentials_are_accurate_at_both_ends(seed):
    ends = np.arange(2**14, dtype=np.uint32)
    words = np.random.default_rng(seed).integers(2**32, size=2**20, dtype=np.uint32)
    words = np.concatenate([ends, ~ends, words])
    j = (words >> 1).astype(float)
    tail = (2.0**31 - j - 0.5) * 2.0**-31
    exact = np.where(j < 2**30, -np.log1p(-(j + 0.5) * 2.0**-31), -np.log(tail))
    np.testing.assert_allclose(np.asarray(jax.jit(exponential32)(words)), exact, rtol=3e-7)


@pytest.mark.parametrize("mean", [0.5, 3.0, 70.0, 1e3, 5e5, 1.5e7, 2e9])
def test_poisson_numbers(mean, seed):
    """Cells of about equal chance, and the variance; one of a fiftieth more is refuted."""
    with x64():
        streams = Stream.of(jnp.array([seed, 5], jnp.uint32)).fold(jnp.arange(2**20))
        values = np.asarray(jax.jit(_poisson)(streams, jnp.full(2**20, mean)))
    law = stats.poisson(mean)
    edges = np.unique(law.ppf(np.linspace(0, 1, 101)[1:-1]))
    chances = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
    assert (
        p_value(np.bincount(np.searchsorted(edges, values), minlength=len(chances)), chances)
        > LEAST
    )
    spread = ((values - mean) ** 2).mean() / mean
    deviation = np.sqrt((2 + 1 / mean) / values.size)
    assert 2 * stats.norm.sf(abs(spread - 1) / deviation) > LEAST
    assert 2 * stats.norm.sf(abs(spread - 1.02) / deviation) < LEAST
