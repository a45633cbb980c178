"""Poisson and multinomial draws have their exact laws, and a draw depends on its address alone.

Every p-value must exceed 1e-7: over the twenty-odd tests here, sound samplers fail once in
500,000 seeds. The wrong laws at the end must be caught by the very same draws.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.multinomial import Scratch, Urn, multinomial, whole_weights
from modelcollapse.sims.samplers.poisson import poisson
from modelcollapse.sims.samplers.prefix import count_up, first_above, running_sum
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import x64

LEAST = 1e-7
LANES = 2**20
SLOTS = np.arange(LANES)
PLACES, TILE = 1024, 256


@pytest.fixture(autouse=True)
def _wide():
    with x64():
        yield


def stream(seed, chains=None):
    root = Stream.of(jnp.array([seed, 1], jnp.uint32))
    return root if chains is None else root.fold(jnp.asarray(chains))


@jax.jit
def poissons(streams, slots, rates):
    return poisson(streams, slots, rates)


def chi_square(values, law):
    """The p-value of the draws under a discrete law, in cells of about equal probability."""
    edges = np.unique(law.ppf(np.linspace(0, 1, min(400, values.size // 50) + 1)[1:-1]))
    chances = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
    cells = np.searchsorted(edges, values)
    seen = np.bincount(cells, minlength=len(chances))
    few = chances * values.size < 10
    chances = np.append(chances[~few], chances[few].sum())
    seen = np.append(seen[~few], seen[few].sum())
    if chances[-1] * values.size < 1:
        assert seen[-1] <= 10 + chances[-1]
        chances, seen = chances[:-1], seen[:-1]
    statistic = ((seen - values.size * chances) ** 2 / (values.size * chances)).sum()
    return stats.chi2.sf(statistic, len(chances) - 1)


@pytest.mark.parametrize("rate", [0.3, 4.0, 9.9, 10.1, 40.0, 300.0, 1e5, 1e7])
def test_poisson(rate, seed):
    values = np.concatenate(
        [poissons(stream(seed + i), SLOTS, np.full(LANES, rate)) for i in range(4)]
    )
    assert chi_square(values, stats.poisson(rate)) > LEAST
    # The mean is resolved to a few times 1e-4 of a standard deviation, the variance to 1e-3.
    z = (values.mean() - rate) / np.sqrt(rate / values.size)
    assert 2 * stats.norm.sf(abs(z)) > LEAST
    z = (values.var() / rate - 1) / np.sqrt((2 + 1 / rate) / values.size)
    assert 2 * stats.norm.sf(abs(z)) > LEAST
    wrong = rate + 0.01 * np.sqrt(rate)
    assert abs(values.mean() - wrong) / np.sqrt(rate / values.size) > stats.norm.isf(LEAST / 2)


def test_poisson_rate_zero_and_whole_numbers(seed):
    rates = np.exp(np.linspace(-8, 12, LANES))
    rates[::3] = 0
    values = np.asarray(poissons(stream(seed), SLOTS, rates))
    assert np.all(values[::3] == 0)
    assert np.all((values >= 0) & (values == np.floor(values)))


def test_poisson_depends_on_its_address_alone(seed):
    """The same lanes among other lanes, and in another order, are the same draws."""
    rates = np.exp(np.linspace(-3, 9, LANES))
    values = np.asarray(poissons(stream(seed), SLOTS, rates))
    order = np.random.default_rng(1).permutation(LANES)
    shuffled = np.asarray(poissons(stream(seed), SLOTS[order], rates[order]))
    np.testing.assert_array_equal(shuffled, values[order])
    alone = np.where(SLOTS % 1000 == 0, rates, 0.0)
    np.testing.assert_array_equal(
        np.asarray(poissons(stream(seed), SLOTS, alone))[::1000], values[::1000]
    )


@functools.partial(jax.jit, static_argnames="width")
def _draw(streams, n, weights, labels, occupied, width):
    alive = (weights > 0).sum(1, dtype=jnp.int32)
    urn = Urn(labels, weights, occupied, alive)
    return multinomial(streams, n, urn, Scratch.of(*weights.shape), width).drawn


def draw(seed, n, probabilities, chains, first=0, places=PLACES):
    """Counts of shape (chains, labels); whatever the number of labels, one program serves."""
    labels = len(probabilities)
    weights = (
        jnp.zeros((chains, places)).at[:, :labels].set(whole_weights(jnp.asarray(probabilities)))
    )
    names = jnp.arange(places, dtype=jnp.int32)[None]
    occupied = jnp.full(chains, labels, jnp.int32)
    n = jnp.asarray(n, jnp.float64)
    ids = first + np.arange(chains)
    drawn = _draw(stream(seed, ids), n, weights, names, occupied, min(TILE, places))
    return np.asarray(drawn)[:, :labels]


def many(seed, n, probabilities, chains, blocks, places=PLACES):
    return np.concatenate(
        [draw(seed, n, probabilities, chains, i * chains, places) for i in range(blocks)]
    )


def zipf(labels):
    weights = 1 / np.arange(1, labels + 1)
    return weights / weights.sum()


@pytest.mark.parametrize(
    ("n", "labels", "blocks", "places"),
    [(50, 5, 40, 5), (500, 5, 40, 5), (2_000, 60, 60, PLACES), (10**5, 200, 40, PLACES),
     (10**6, 1_000, 16, PLACES)],
)  # fmt: skip
def test_multinomial(n, labels, blocks, places, seed):
    p = zipf(labels)
    counts = many(seed, n, p, 1024 if places == 5 else 128, blocks, places)
    assert np.all(counts.sum(axis=1) == n)
    assert np.all(counts == np.floor(counts))
    for label in {0, 1, labels // 2, labels - 1}:
        assert chi_square(counts[:, label], stats.binom(n, p[label])) > LEAST
    # Covariances: the chi-square statistic of a chain, and linear forms in its counts.
    chains = len(counts)
    statistic = ((counts - n * p) ** 2 / (n * p)).sum(axis=1)
    spread = np.sqrt(2 * (labels - 1) * (1 - 1 / n) + ((1 / p).sum() - labels**2) / n)
    z = (statistic.mean() - (labels - 1)) / (spread / np.sqrt(chains))
    assert 2 * stats.norm.sf(abs(z)) > LEAST
    for form in np.random.default_rng(3).choice([-1.0, 1.0], (8, labels)):
        mean, variance = n * form @ p, n * (form**2 @ p - (form @ p) ** 2)
        value = (counts @ form - mean) / np.sqrt(variance)
        assert 2 * stats.norm.sf(abs(value.mean()) * np.sqrt(chains)) > LEAST
        q = stats.chi2.cdf((value**2).sum(), chains)
        assert min(q, 1 - q) > LEAST / 2 - 1e-15


def test_a_wrong_law_is_caught(seed):
    p = zipf(60)
    counts = many(seed, 2_000, p, 128, 60)
    assert chi_square(counts[:, 0], stats.poisson(2_000 * p[0])) < LEAST
    assert chi_square(counts[:, 0], stats.binom(2_030, p[0])) < LEAST


def test_impossible_labels_are_never_drawn(seed):
    p = zipf(600)
    p[::2] = 0
    p /= p.sum()
    for n in (0, 1, 40, 10**6):
        counts = draw(seed, n, p, 128)
        assert np.all(counts.sum(axis=1) == n)
        assert np.all(counts[:, ::2] == 0)


def test_draws_do_not_depend_on_places_or_neighbours(seed):
    """Labels of weight zero left out, other tiles, other chains in the block: the same counts."""
    p = zipf(600)
    p[np.random.default_rng(2).random(600) < 0.6] = 0
    p[599] = 1e-3
    p /= p.sum()
    alive = np.flatnonzero(p)
    for n in (30, 5_000, 10**6):
        whole = draw(seed, n, p, 128)
        weights = np.zeros((64, PLACES))
        weights[:, : alive.size] = whole_weights(p[alive])
        names = np.zeros((1, PLACES), np.int32)
        names[0, : alive.size] = alive
        few = _draw(
            stream(seed, 32 + np.arange(64)), jnp.asarray(n, jnp.float64), jnp.asarray(weights),
            jnp.asarray(names), jnp.full(64, alive.size, jnp.int32), 64,
        )  # fmt: skip
        np.testing.assert_array_equal(np.asarray(few)[:, : alive.size], whole[32:96, alive])
        assert np.all(np.asarray(few)[:, -(-alive.size // 64) * 64 :] == 0)


def test_inversion(seed):
    p = zipf(1_000)
    p[3::7] = 0
    p /= p.sum()
    u = np.random.default_rng(seed).random((1, 500_000))
    u[0, :2] = 0, 1 - 2**-53
    labels = np.asarray(jax.jit(lambda p, u: Guide.of(p).locate(u))(jnp.asarray(p), jnp.asarray(u)))
    expected = np.searchsorted(np.cumsum(p), u[0], side="right").clip(max=np.flatnonzero(p)[-1])
    assert np.mean(labels[0] != expected) < 1e-5
    assert np.all(p[labels] > 0)


@pytest.mark.parametrize("length", [1, 5, 65, 96, 2048])
def test_running_sums(length):
    values = np.random.default_rng(length).integers(0, 2**40, (3, length))
    flags = values % 2 == 0
    points = np.random.default_rng(7).integers(0, values.sum(axis=1, keepdims=True), (3, 50))

    @jax.jit
    def program(values, flags, points):
        sums = running_sum(values)
        return sums, count_up(flags), first_above(sums, points, 0, length, length)

    sums, counts, places = (np.asarray(x) for x in program(values, flags, points))
    np.testing.assert_array_equal(sums, np.cumsum(values, axis=1))
    np.testing.assert_array_equal(counts, np.cumsum(flags, axis=1))
    for row, found, wanted in zip(sums, places, points, strict=True):
        np.testing.assert_array_equal(found, np.searchsorted(row, wanted, side="right"))
