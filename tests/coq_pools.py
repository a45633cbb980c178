"""The statements of variance.v and conservation.v on finite spaces: every hypothesis is seen to hold.

The functional of variance.v need not be positive, so the draws take three values with weights, some
of them negative, that give any mean and variance."""

import itertools
import math
from fractions import Fraction as Q

from coq_instances import law, number, positive, rows, states
from finite import sample_mean, sample_variance


def expectation(m, v, n):
    """E over n independent draws from {0, 1, 2} with mean m and variance v, as (weight, draws)."""
    square = v + m**2
    two = (square - m) / 2
    one = m - 2 * two
    weights = (1 - one - two, one, two)
    return [
        (math.prod((weights[k] for k in w), start=Q(1)), w)
        for w in itertools.product(range(3), repeat=n)
    ]


def over(space, f):
    return sum(weight * f(w) for weight, w in space)


def pairwise(m, v):
    """Three draws, uncorrelated in pairs but not independent: a, b and ab of two fair signs."""
    signs = list(itertools.product((-1, 1), repeat=2))
    return [(Q(1, 4), tuple(m + v * x for x in (a, b, a * b))) for a, b in signs]


def sample(rng):
    """m, v, n and a space of draws as the theorems want them."""
    m, v = number(rng), number(rng)
    if rng.random() < 0.5:
        n = rng.randint(1, 3)
        space = expectation(m, v, n)
    else:
        n, space, v = 3, pairwise(m, v), v**2
    for i, j in itertools.product(range(n), repeat=2):
        assert over(space, lambda w, i=i, j=j: w[i] * w[j]) == m**2 + (v if i == j else 0)
        assert over(space, lambda w, i=i: w[i]) == m
    return m, v, n, space


@states
def square_of_mean(rng):
    m, v, n, space = sample(rng)
    assert over(space, lambda w: sample_mean(w) ** 2) == m**2 + v / n


@states
def refit_variance(rng):
    _, v, n, space = sample(rng)
    c = rng.choice((Q(n), positive(rng)))
    assert over(space, lambda w: sample_variance(w, c)) == v * ((n - 1) / c)


@states
def refit_mean_error(rng):
    m, v, n, space = sample(rng)
    r = number(rng)
    assert over(space, lambda w: (sample_mean(w) - r) ** 2) == (m - r) ** 2 + v / n


def refits(schedule, state, f):
    if not schedule:
        return f(state)
    n, c = schedule[0]

    def later(w):
        return refits(schedule[1:], (sample_mean(w), sample_variance(w, c)), f)

    return over(expectation(*state, n), later)


def fits(rng):
    """A schedule of sizes and divisors > 0: maximum likelihood, unbiased, or neither."""
    chosen = [rng.randint(2, 3) for _ in range(rng.randint(0, 2))]
    return [(n, rng.choice((Q(n), Q(n - 1), positive(rng)))) for n in chosen]


@states
def variance_after_t_refits(rng):
    m, v, schedule = number(rng), abs(number(rng)), fits(rng)
    found = refits(schedule, (m, v), lambda state: state[1])
    assert found == v * math.prod(((n - 1) / c for n, c in schedule), start=Q(1))


@states
def mean_error_after_t_refits(rng):
    m, v, r, schedule = number(rng), abs(number(rng)), number(rng), fits(rng)
    found = refits(schedule, (m, v), lambda state: (state[0] - r) ** 2)
    before = [refits(schedule[:s], (m, v), lambda state: state[1]) for s in range(len(schedule))]
    assert found == (m - r) ** 2 + sum(x / n for x, (n, _) in zip(before, schedule, strict=True))


# conservation.v

VALUES = (0, 1, 3)
REGIMES = ("replace", "accumulate", "subsample", "fresh", "fixed real", "mixture")


def empirical(pool):
    return [Q(sum(x == value for x in pool), len(pool)) for value in VALUES]


def choices(models, sources):
    """Every way to draw once from each mixture of models, with its weight."""
    laws = [
        [sum(share * models[s][k] for s, share in source.items()) for k in range(len(VALUES))]
        for source in sources
    ]
    for picks in itertools.product(range(len(VALUES)), repeat=len(laws)):
        weight = math.prod((row[k] for row, k in zip(laws, picks, strict=True)), start=Q(1))
        if weight:
            yield weight, tuple(VALUES[k] for k in picks)


def pooled_paths(rng):
    """Two generations of a pooled regime: the truth, (weight, pools) of every path, and the sources
    of every draw of a pool as {generation of the model: share}."""
    p, regime, share = law(rng, 3), rng.choice(REGIMES), rng.choice((Q(1, 3), Q(3, 4)))
    first, latest = {0: Q(1)}, {1: Q(1)}
    new = {
        "fresh": [first, latest],
        "fixed real": [latest],
        "mixture": [{0: share, 1: 1 - share}] * 2,
    }.get(regime, [latest] * 2)
    paths = []
    for weight, one in choices([p], [first] * 2):
        for chance, more in choices([p, empirical(one)], new):
            if regime == "subsample":
                kept = list(itertools.permutations(one + more, 2))
                paths += [(weight * chance / len(kept), (one, two)) for two in kept]
            else:
                stays = regime in ("accumulate", "fixed real")
                paths.append((weight * chance, (one, one + more if stays else more)))
    sources = {
        "accumulate": [first] * 2 + new,
        "fixed real": [first] * 2 + new,
        "subsample": [{0: Q(1, 2), 1: Q(1, 2)}] * 2,
    }.get(regime, new)
    return p, paths, ([first] * 2, sources)


def check_martingale(paths, sources, of_draw, of_model, start):
    """The hypothesis, draw by draw, for a statistic of a draw and its value in a fitted model."""
    means = [start]
    for t, source in enumerate(sources):
        for i, shares in enumerate(source):
            found = over(paths, lambda pools, t=t, i=i: of_draw(pools[t][i]))
            assert found == sum(share * means[s] for s, share in shares.items())
        means.append(over(paths, lambda pools, t=t: of_model(pools[t])))
    return means


@states
def pooled_martingale(rng):
    p, paths, sources = pooled_paths(rng)
    value = {x: number(rng) for x in VALUES}
    start = sum(a * value[x] for a, x in zip(p, VALUES, strict=True))
    fit = lambda pool: sample_mean([value[x] for x in pool])  # noqa: E731
    means = check_martingale(paths, sources, value.get, fit, start)
    assert means == [start] * 3


@states
def pooled_conservation(rng):
    p, paths, sources = pooled_paths(rng)
    mu = sum(a * x for a, x in zip(p, VALUES, strict=True))
    sigma2 = sum(a * (x - mu) ** 2 for a, x in zip(p, VALUES, strict=True))

    def kept(pool):
        return sample_variance(pool, len(pool)) + (sample_mean(pool) - mu) ** 2

    means = check_martingale(paths, sources, lambda x: (x - mu) ** 2, kept, sigma2)
    assert means == [sigma2] * 3


@states
def w2_balance(rng):
    """On a random space whose weights are stretched until the hypothesis holds."""
    (p, *_), mu = rows(rng), number(rng)
    m, d = [number(rng) for _ in p], [number(rng) for _ in p]
    raw = sum(a * (y**2 + (x - mu) ** 2) for a, x, y in zip(p, m, d, strict=True))
    # With every deviation from mu and d scaled by sigma, E v + E (m - mu)^2 = sigma^2 needs raw = 1.
    sigma = positive(rng)
    m, d, p = [*m, mu], [*d, Q(0)], [a / raw if raw else a for a in p]
    p = [*p, 1 - sum(p)]
    m, d = [mu + sigma * (x - mu) for x in m], [sigma * y for y in d]
    if not raw:
        return
    both = list(zip(p, m, d, strict=True))
    assert (
        sum(a * y**2 for a, _, y in both) + sum(a * (x - mu) ** 2 for a, x, _ in both) == sigma**2
    )
    found = sum(a * (((x - mu) ** 2 + (y - sigma) ** 2) + 2 * sigma * y) for a, x, y in both)
    assert found == 2 * sigma**2


@states
def cross_entropy_balance(rng):
    p, paths, sources = pooled_paths(rng)
    slopes, c = [number(rng) for _ in VALUES], number(rng)
    for k, value in enumerate(VALUES):
        one = lambda x, value=value: int(x == value)  # noqa: E731
        share = lambda pool, k=k: empirical(pool)[k]  # noqa: E731
        check_martingale(paths, sources, one, share, p[k])
    expected = c + sum(a * x for a, x in zip(slopes, p, strict=True))
    for t in range(2):

        def entropy(pools, t=t):
            return sum(x**2 for x in empirical(pools[t]))

        def divergence(pools, t=t):
            shares = empirical(pools[t])
            return c + sum(a * x for a, x in zip(slopes, shares, strict=True)) - entropy(pools)

        assert over(paths, lambda w, t=t: entropy(w, t) + divergence(w, t)) == expected
