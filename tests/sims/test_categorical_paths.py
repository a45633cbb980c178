"""Counts and items forwards, ancestors backwards and plain NumPy chains have one law.

Three hundred labels, a schedule that falls below and rises above what Poisson rounds and single
draws take turns for, and enough chains a block for several tiles. Each p-value must exceed 1e-8:
over the hundred and fifty or so here, sound paths fail once in a million seeds. `test_paths.py` compares
small loops of every regime with raw samples.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.paths.ancestors import CategoricalAncestors
from modelcollapse.sims.paths.categorical import CategoricalCounts
from modelcollapse.sims.paths.items import CategoricalItems
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import Categorical, FixedReal, Mixture, Replace, x64

LEAST = 1e-8
LABELS = 300
SCHEDULE = (6_000, 900, 2_000, 150, 40, 3_000, 500, 500, 60, 20_000)
RECORD = np.arange(len(SCHEDULE) + 1)
#: Generations at which laws are compared.
COMPARED = (1, 2, 4, 7, 10)
TRUTH = Categorical.zipf(LABELS)
COUNTS = CategoricalCounts(LABELS, closed=True)
ITEMS = CategoricalItems(LABELS, max(SCHEDULE))
ANCESTORS = CategoricalAncestors(LABELS, max(SCHEDULE))


@functools.partial(jax.jit, static_argnames=("path", "regime"))
def _trace(path, regime, words, ids, truth, sizes, prepared, record):
    streams = Stream.of(words).fold(ids)

    def observe(kept, slot, models):
        return kept, models()[1].probabilities

    return path.trace(streams, truth, regime, sizes, prepared, (record, record), observe, ())[1]


def trace(path, regime, seed, ids, truth=TRUTH):
    """The models' probabilities at every generation, of shape (generations, chains, labels)."""
    with x64():
        sizes = tuple(np.concatenate([[0], s]) for s in regime.sizes(len(SCHEDULE)))
        prepared = path.prepare(*sizes, RECORD)
        words, record = jnp.array([seed, 3], jnp.uint32), jnp.asarray(RECORD)
        truth, ids = truth.astype(float), jnp.asarray(ids)
        return np.asarray(_trace(path, regime, words, ids, truth, sizes, prepared, record))


def summary(p):
    """Support, heterozygosity, top share, entropy, and the shares of three labels."""
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(-1)
    own = [p[..., label] for label in (0, 20, 280)]
    return np.stack([(p > 0).sum(-1), 1 - (p**2).sum(-1), p.max(-1), entropy, *own], axis=-1)


def same(mine, theirs):
    """The p-value that two samples have one law; ties make the rank test conservative."""
    # Equal counts must be equal shares, whichever way they were divided.
    mine, theirs = mine.round(12), theirs.round(12)
    ks = stats.ks_2samp(mine, theirs, method="asymp").pvalue
    spread = np.sqrt(mine.var() / mine.size + theirs.var() / theirs.size)
    if spread == 0:
        return float(mine[0] == theirs[0])
    return min(ks, 2 * stats.norm.sf(abs(mine.mean() - theirs.mean()) / spread))


@functools.cache
def numpy_chains(chains=4_000):
    """Multinomial chains by NumPy's own generator, summarised at every generation."""
    rng = np.random.default_rng(17)
    p = np.broadcast_to(np.asarray(TRUTH.probabilities), (chains, LABELS))
    rows = [summary(p)]
    for n in SCHEDULE:
        p = rng.multinomial(n, p) / n
        rows.append(summary(p))
    return np.stack(rows)


def blocks(path, seed, chains, count):
    parts = [
        trace(path, Replace(SCHEDULE), seed, chains * i + np.arange(chains)) for i in range(count)
    ]
    return summary(np.concatenate(parts, axis=1))


@pytest.mark.parametrize(
    ("path", "count"),
    [(COUNTS, 16), (ITEMS, 16), (ANCESTORS, 8)],
    ids=["counts", "items", "ancestors"],
)
def test_law(path, count, seed):
    values, others = blocks(path, seed, 128, count), numpy_chains()
    np.testing.assert_allclose(values[0], others[0, : values.shape[1]], rtol=1e-12)
    for t in COMPARED:
        for column in range(values.shape[2]):
            assert same(values[t, :, column], others[t, :, column]) > LEAST, (t, column)
        # E H_t = H_0 prod (1 - 1/n_s), exactly.
        row, start = values[t, :, 1], others[0, 0, 1]
        expected = start * np.prod(1 - 1 / np.array(SCHEDULE[:t], float))
        z = (row.mean() - expected) / (row.std() / np.sqrt(row.size))
        assert 2 * stats.norm.sf(abs(z)) > LEAST
    # One generation off is seen.
    assert same(values[3, :, 0], others[2, :, 0]) < LEAST
    assert same(values[5, :, 1], others[4, :, 1]) < LEAST


def test_forward_generations_are_linked_and_ancestors_are_not(seed):
    for path in (COUNTS, ITEMS):
        linked = blocks(path, seed, 128, 4)[..., 4]
        assert stats.spearmanr(linked[5], linked[8]).pvalue < LEAST
    apart = blocks(ANCESTORS, seed, 128, 4)[..., 4]
    assert stats.spearmanr(apart[5], apart[8]).pvalue > LEAST


def test_grouping_changes_no_number(seed):
    regime = Replace(SCHEDULE)
    for path in (COUNTS, ITEMS, ANCESTORS):
        block = trace(path, regime, seed, np.arange(128))
        later = trace(path, regime, seed, 64 + np.arange(128))
        np.testing.assert_array_equal(later[:, :64], block[:, 64:])
    for path in (COUNTS, ITEMS):
        few = trace(path, regime, seed, 32 + np.arange(8))
        np.testing.assert_array_equal(few, trace(path, regime, seed, np.arange(64))[:, 32:40])


def test_what_is_lost_stays_lost_and_impossible_labels_never_appear(seed):
    p = np.asarray(TRUTH.probabilities).copy()
    p[::2] = 0
    truth = Categorical(p / p.sum())
    for path in (COUNTS, ITEMS, ANCESTORS):
        values = trace(path, Replace(SCHEDULE), seed, np.arange(128), truth)
        np.testing.assert_array_equal(
            values[0], np.broadcast_to(truth.probabilities, values[0].shape)
        )
        np.testing.assert_allclose(values.sum(axis=2), 1, rtol=1e-12)
        assert np.all(values[..., ::2] == 0)
        if path is not ANCESTORS:
            assert not np.any((values[:-1] == 0) & (values[1:] > 0))


@pytest.mark.parametrize(
    "regime",
    [FixedReal(n_real=900, n_synthetic=SCHEDULE), Mixture(n=SCHEDULE, real_share=0.2)],
    ids=["fixed_real", "mixture"],
)
def test_real_data_in_large_samples(regime, seed):
    """Mean and variance of two labels' shares, by exact recursion."""
    path = CategoricalCounts(LABELS, closed=False, has_real=isinstance(regime, FixedReal))
    parts = [trace(path, regime, seed, 64 * i + np.arange(64)) for i in range(6)]
    values = np.concatenate(parts, axis=1)
    for label in (0, 5):
        p = float(TRUTH.probabilities[label])
        for t, variance in enumerate(_variances(p, regime), start=1):
            row = values[t, :, label] - p
            z = row.mean() / np.sqrt(variance / row.size)
            assert 2 * stats.norm.sf(abs(z)) > LEAST
            # A share is close enough to normal here for its sum of squares to be a chi-square.
            q = stats.chi2.cdf((row**2).sum() / variance, row.size)
            assert min(q, 1 - q) > LEAST


def _variances(p, regime):
    """Var p_t of one label for t = 1, 2, ..."""
    if isinstance(regime, Mixture):
        keep, variance, values = (1 - regime.real_share) ** 2, 0.0, []
        for n in SCHEDULE:
            variance = keep * variance + (p * (1 - p) - keep * variance) / n
            values.append(variance)
        return values
    kept = p * (1 - p) / regime.n_real
    values, covariance = [kept], kept
    for n in SCHEDULE[1:]:
        a, b = regime.n_real / (regime.n_real + n), n / (regime.n_real + n)
        drawn = values[-1] + (p * (1 - p) - values[-1]) / n
        values.append(a * a * kept + b * b * drawn + 2 * a * b * covariance)
        covariance = a * kept + b * covariance
    return values
