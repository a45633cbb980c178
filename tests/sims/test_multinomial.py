"""Binomial and multinomial draws have their exact laws, and a draw depends on its address alone.

Every p-value must exceed 1e-7: over the twenty-odd tests here, sound samplers fail once in
500,000 seeds. The wrong laws at the end must be caught by the very same draws.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from modelcollapse.sims.samplers import cornish_fisher
from modelcollapse.sims.samplers.binomial_quantile import binomials
from modelcollapse.sims.samplers.inversion import Guide
from modelcollapse.sims.samplers.multinomial import multinomial, whole_weights
from modelcollapse.sims.samplers.prefix import count_up, first_above, running_sum
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import x64

LEAST = 1e-7
ROWS, LANES = 64, 2**14
PLACES = 1024


@pytest.fixture(autouse=True)
def _wide():
    with x64():
        yield


def stream(seed, chains=None):
    root = Stream.of(jnp.array([seed, 1], jnp.uint32))
    return root if chains is None else root.fold(jnp.asarray(chains))


@jax.jit
def _binomials(streams, word, m, w, total):
    return binomials(streams, 0, word, m, w, total)


@jax.jit
def _words(streams):
    return streams.expand().words(jnp.arange(ROWS))[0].T


def draws(seed, m, w, total):
    """`ROWS * LANES` draws; m, w and total have one value, or one for every lane."""
    streams = stream(seed, np.arange(LANES))
    lanes = (jnp.broadcast_to(jnp.asarray(x, float), (ROWS, LANES)) for x in (m, w, total))
    return np.asarray(_binomials(streams, _words(streams), *lanes))


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


#: Trials and the chance as a quotient: small and large variances, either outcome the rarer one.
LAWS = [
    (1, 1, 3), (9, 1, 2), (5_000, 1, 4_999), (14, 1, 8), (30, 1, 10), (11, 5, 9), (40, 30, 40), (200, 1, 9),
    (450, 7, 15), (10_000, 9_700, 10_000), (10_000, 1, 3), (10**6, 3, 10**4), (2 * 10**9, 1, 2),
]  # fmt: skip


@pytest.mark.parametrize(("m", "w", "total"), LAWS)
def test_binomial(m, w, total, seed):
    values, p = draws(seed, m, w, total).ravel(), w / total
    assert chi_square(values, stats.binom(m, p)) > LEAST
    # The mean is resolved to 1e-3 of a standard deviation, the variance to a few times 1e-3.
    variance = m * p * (1 - p)
    z = (values.mean() - m * p) / np.sqrt(variance / values.size)
    assert 2 * stats.norm.sf(abs(z)) > LEAST
    fourth = 2 + (1 - 6 * p * (1 - p)) / variance
    z = (((values - m * p) ** 2).mean() / variance - 1) / np.sqrt(fourth / values.size)
    assert 2 * stats.norm.sf(abs(z)) > LEAST


@pytest.mark.parametrize(("m", "w", "total"), [law for law in LAWS if law[0] < 10**7])
def test_inversion_is_right_at_every_jump(m, w, total, seed):
    """Words next to each value of the distribution function, where 32 bits do not decide, and on to
    where they do: the draw is the smallest k with P(N <= k) >= u, u having 64 bits."""
    streams = stream(seed, np.arange(LANES))
    rarer = min(w, total - w)
    law = stats.binom(m, rarer / total)
    near = np.unique(law.ppf(stats.norm.cdf(np.linspace(-6, 6, 900))))
    edges = np.unique(np.floor(law.cdf(near) * 2.0**32))
    offset = np.concatenate([np.arange(-4, 5), [-3000, -200, -30, 30, 200, 3000]])
    word = (edges[:, None] + offset).ravel().clip(0, 2**32 - 1).astype(np.uint32)
    word = np.resize(word, (ROWS, LANES)) if word.size < ROWS * LANES else word[: ROWS * LANES]
    lanes = (jnp.full((ROWS, LANES), float(x)) for x in (m, w, total))
    values = np.asarray(_binomials(streams, jnp.asarray(word.reshape(ROWS, LANES)), *lanes))
    low = np.asarray(streams.expand().words(np.arange(ROWS), 1)[1]).T
    k = m - values if w > rarer else values
    word, low = word.reshape(ROWS, LANES).astype(float), low.astype(float)
    u = (word + (low + 0.5) * 2.0**-32) * 2.0**-32
    # P(N <= k - 1) < u <= P(N <= k), each compared in the smaller tail.
    above = ((2.0**32 - 1 - word) + (2.0**32 - 0.5 - low) * 2.0**-32) * 2.0**-32
    every = np.unique(k)
    place = np.searchsorted(every, k)
    grain = 1e-10 * np.minimum(u, above) + 1e-13
    reached = np.where(u < 0.5, law.cdf(every)[place] - u, above - law.sf(every)[place])
    before = np.where(u < 0.5, u - law.cdf(every - 1)[place], law.sf(every - 1)[place] - above)
    assert np.all(reached >= -grain)
    assert np.all(before >= -grain)
    assert np.all((k >= 0) & (k <= m))


def test_binomial_without_chance_and_certain(seed):
    m = np.random.default_rng(seed).integers(0, 50, (ROWS, LANES))
    assert np.all(draws(seed, m, 0, 7) == 0)
    np.testing.assert_array_equal(draws(seed, m, 7, 7), m)
    assert np.all(draws(seed, 0, 0, 0) == 0)
    values = draws(seed, m, 3, 7)
    assert np.all((values >= 0) & (values <= m) & (values == np.floor(values)))


def test_binomial_depends_on_its_address_alone(seed):
    """The same lanes among other lanes are the same draws."""
    rng = np.random.default_rng(seed)
    m, w = rng.integers(0, 10**5, (2, ROWS, LANES))
    values = draws(seed, m, w, 10**5)
    alone = np.arange(LANES) % 1000 == 0
    few = draws(seed, np.where(alone, m, 0), w, 10**5)
    np.testing.assert_array_equal(few[:, alone], values[:, alone])


@pytest.mark.parametrize("p", [0.5, 0.3, 0.1, 1e-4])
def test_errors_of_the_series(p):
    """The bounds that the sampler relies on, at every k within reach."""
    for variance in (1.5, 1.6, 1.7, 1.8, 2, 2.2, 2.5, 3, 4, 6, 10, 20, 50, 100, 300, 1000, 10**4):
        m = max(1, np.ceil(variance / (p * (1 - p))))
        deviation = np.sqrt(m * p * (1 - p))
        k = np.arange(max(0, np.floor(m * p - 7 * deviation)), np.ceil(m * p + 7 * deviation))
        below, above = stats.binom.cdf(k, m, p), stats.binom.sf(k, m, p)
        z = np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))
        k, z = k[abs(z) < 6.2], z[abs(z) < 6.2]
        for order, bound in ((4, 2.8e-3 * (1 + z**2) ** 3 / deviation**4), (9, 0)):
            x = m * p + np.asarray(
                cornish_fisher.excess(
                    jnp.asarray(z), jnp.full_like(z, 1 - 2 * p), jnp.full_like(z, deviation), order
                )
            )
            error = np.abs(x - 0.5 - k)
            if order == 4:
                assert np.all((error < bound)[abs(z) < 4.3])
            elif variance >= 100:
                # Probability that lands on the wrong side of a jump, over all jumps.
                assert (error * stats.norm.pdf(z) / deviation).sum() < 1e-9


@functools.partial(jax.jit, static_argnames="groups")
def _draw(streams, n, weights, steps, groups):
    return multinomial(streams, n, weights, steps, groups)


def draw(seed, n, probabilities, chains, first=0, groups=4):
    """Counts of shape (chains, labels); whatever the number of labels, one program serves."""
    labels = len(probabilities)
    row = jnp.zeros(PLACES).at[:labels].set(whole_weights(jnp.asarray(probabilities)))
    weights = jnp.broadcast_to(row[:, None], (PLACES, chains))
    n = jnp.broadcast_to(jnp.asarray(n, jnp.float64), (chains,))
    ids = first + np.arange(chains)
    drawn = _draw(stream(seed, ids), n, weights, -(-labels // groups), groups)
    return np.asarray(drawn).T[:, :labels]


def many(seed, n, probabilities, chains, blocks, groups=4):
    return np.concatenate(
        [draw(seed, n, probabilities, chains, i * chains, groups) for i in range(blocks)]
    )


def zipf(labels):
    weights = 1 / np.arange(1, labels + 1)
    return weights / weights.sum()


@pytest.mark.parametrize(
    ("n", "labels", "chains", "groups"),
    [(50, 5, 40_960, 1), (500, 5, 40_960, 1), (2_000, 60, 40_960, 4), (10**5, 200, 16_384, 4),
     (10**6, 1_000, 8_192, 16)],
)  # fmt: skip
def test_multinomial(n, labels, chains, groups, seed):
    p = zipf(labels)
    counts = many(seed, n, p, 4096, chains // 4096, groups)
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
    counts = many(seed, 2_000, p, 4096, 2)
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


def test_draws_do_not_depend_on_neighbours(seed):
    """Other chains in the block, and places of weight zero at the end: the same counts."""
    p = zipf(200)
    for n in (30, 5_000, 10**6):
        whole = draw(seed, n, p, 4096)
        longer = draw(seed, n, np.pad(p, (0, 100)), 4096)
        np.testing.assert_array_equal(longer, np.pad(whole, ((0, 0), (0, 100))))
        few = draw(seed, n, p, 64, first=32)
        np.testing.assert_array_equal(few, whole[32:96])


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
