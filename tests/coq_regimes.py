"""The statements of fresh.v and what builds on it, golden.v and entropy.v by brute force."""

import math
from fractions import Fraction as Q

import finite as fin
from coq_instances import features, label, law, number, positive, sizes, states

# fresh.v


@states
def affine_recursion(rng):
    gain, start, t = number(rng), number(rng), rng.randint(0, 4)
    kept = rng.choice((Q(1, 2), Q(-2, 3), Q(2), Q(0)))
    fixed = gain / (1 - kept)
    x = start
    for _ in range(t):
        x = gain + kept * x
    assert x == fixed + kept**t * (start - fixed)
    for y in (fixed, start, fixed + 1):
        assert (gain + kept * y == y) == (y == fixed)


@states
def mixture_heterozygosity(rng):
    p, schedule = law(rng), sizes(rng)
    a = rng.choice((Q(0), Q(1, 3), Q(3, 4), Q(1)))
    f = Q(0)
    for n in schedule:
        f = Q(1, n) + ((1 - Q(1, n)) * (1 - a) ** 2) * f
    found = fin.nest(fin.mixture_step(a, p), schedule, p, fin.heterozygosity)
    assert found == fin.heterozygosity(p) * (1 - f)


@states
def fresh_heterozygosity(rng):
    p = law(rng)
    schedule = [
        rng.choice(((1, 1), (0, 2), (2, 0), (1, 2), (2, 1))) for _ in range(rng.randint(0, 2))
    ]
    f = Q(0)
    for m, n in schedule:
        f = Q(1, m + n) + (Q(n, m + n) ** 2 * (1 - fin.inverse(n))) * f
    found = fin.nest(fin.fresh_step(p), schedule, p, fin.heterozygosity)
    assert found == fin.heterozygosity(p) * (1 - f)


@states
def fixed_real_heterozygosity(rng):
    p, real = law(rng), rng.randint(1, 3)
    schedule = [rng.randint(0, 2) for _ in range(rng.randint(0, 2))]
    g = Q(0)
    for n in schedule:
        b = Q(n, real + n)
        g = b**2 * fin.inverse(n) + (b**2 * (1 - fin.inverse(n))) * g

    def later(r):
        return fin.nest(fin.fixed_real_step(real, r), schedule, r, fin.heterozygosity)

    found = fin.replace_step(real, p, later)
    assert found == (fin.heterozygosity(p) * (1 - Q(1, real))) * (1 - g)


# smoothing.v


@states
def smoothing_mean(rng):
    p, n, t, c = law(rng), rng.randint(1, 2), rng.randint(0, 2), positive(rng)
    k, labels = label(rng, p), len(p)
    u = c * labels / (n + c * labels)
    found = fin.nest(fin.smoothing_step(c), [n] * t, p, lambda q: q[k])
    assert found == Q(1, labels) + (1 - u) ** t * (p[k] - Q(1, labels))


@states
def smoothing_fixed_point(rng):
    p, n, t = law(rng), rng.randint(1, 2), rng.randint(0, 2)
    c, labels = rng.choice((Q(0), positive(rng))), len(p)
    u = c * labels / (n + c * labels)

    def distance(q):
        return sum((x - Q(1, labels)) ** 2 for x in q)

    kept = (1 - u) ** 2 * (1 - Q(1, n))
    stationary = (1 - u) ** 2 * (1 - Q(1, labels)) / (n - (n - 1) * (1 - u) ** 2)
    found = fin.nest(fin.smoothing_step(c), [n] * t, p, distance)
    assert found == stationary + kept**t * (distance(p) - stationary)


# accumulate.v


@states
def accumulate_product(rng):
    m = rng.randint(0, 30)
    product = math.prod((1 - Q(1, k**2) for k in range(2, m + 2)), start=Q(1))
    assert product == Q(m + 2, 2 * (m + 1))
    assert product > Q(1, 2)


@states
def accumulate_heterozygosity(rng):
    p, schedule = law(rng), [rng.randint(1, 2) for _ in range(rng.randint(1, 3))]
    found = fin.accumulate(schedule[0], schedule[1:], p, fin.heterozygosity)
    pairs = [(n, sum(schedule[: s + 1])) for s, n in enumerate(schedule)]
    assert found == fin.heterozygosity(p) * math.prod(1 - Q(n, total**2) for n, total in pairs)


@states
def accumulate_heterozygosity_constant(rng):
    p, n, t = law(rng), rng.randint(1, 2), rng.randint(0, 2)
    found = fin.accumulate(n, [n] * t, p, fin.heterozygosity)
    product = math.prod(1 - Q(1, n * s**2) for s in range(1, t + 2))
    assert found == fin.heterozygosity(p) * product


@states
def accumulate_single_draws(rng):
    p, size, m = law(rng), rng.randint(1, 3), rng.randint(0, 3)
    share = Q(size + m + 1, (size + 1) * (size + m))
    own = fin.nest(
        fin.accumulate_step, [1] * m, (size, p), lambda pool: fin.heterozygosity(pool[1])
    )
    assert own == fin.heterozygosity(p) * (size * share)
    found = fin.accumulate(size, [1] * m, p, fin.heterozygosity)
    assert found == fin.heterozygosity(p) * ((size - 1) * share)


@states
def accumulate_keeps(rng):
    p, n, schedule = law(rng), rng.randint(1, 3), sizes(rng)
    w = features(rng, p)
    found = fin.accumulate(n, schedule, p, lambda q: fin.mean(w, [int(x > 0) for x in q]))
    assert found == sum(a * (1 - (1 - x) ** n) for a, x in zip(w, p, strict=True))


# stationary.v and kept.v


@states
def mixture_stationary(rng):
    n, t, a = rng.randint(1, 4), rng.randint(0, 4), rng.choice((Q(1, 5), Q(2, 3), Q(1)))
    kept, f = (1 - Q(1, n)) * (1 - a) ** 2, Q(0)
    for _ in range(t):
        f = Q(1, n) + ((1 - Q(1, n)) * (1 - a) ** 2) * f
    assert f == 1 / (n - (n - 1) * (1 - a) ** 2) * (1 - kept**t)
    assert 0 <= kept < 1


@states
def fresh_stationary(rng):
    m, n, t = rng.randint(1, 4), rng.randint(0, 4), rng.randint(0, 4)
    b = Q(n, m + n)
    kept, f = b**2 * (1 - fin.inverse(n)), Q(0)
    for _ in range(t):
        f = Q(1, m + n) + (Q(n, m + n) ** 2 * (1 - fin.inverse(n))) * f
    assert f == 1 / ((m + n) * (1 - b**2) + b) * (1 - kept**t)
    assert 0 <= kept < 1


def kept_words(p, n, w):
    return sum(a * (1 - (1 - x) ** n) for a, x in zip(w, p, strict=True))


def weighted_words(w):
    return lambda q: fin.mean(w, [int(x > 0) for x in q])


def fixed_real(p, real, schedule, f):
    return fin.replace_step(
        real, p, lambda r: fin.nest(fin.fixed_real_step(real, r), schedule, r, f)
    )


@states
def fixed_real_keeps(rng):
    p, real = law(rng), rng.randint(1, 3)
    schedule = [rng.randint(0, 2) for _ in range(rng.randint(0, 2))]
    w = features(rng, p)
    assert fixed_real(p, real, schedule, weighted_words(w)) == kept_words(p, real, w)


@states
def first_sample_is_kept(rng):
    p, n, schedule = law(rng), rng.randint(1, 2), sizes(rng)
    w = features(rng, p)
    assert fin.accumulate(n, schedule, p, weighted_words(w)) == kept_words(p, n, w)
    assert fixed_real(p, n, schedule, weighted_words(w)) == kept_words(p, n, w)


@states
def lost_stays_lost_in_closed_regimes(rng):
    p, before, after = law(rng), sizes(rng), sizes(rng, 1)
    k, real = label(rng, p), rng.randint(1, 3)

    def returned(step, model):
        """A later life after a death, by nested expectations from the state x on."""

        def lost(x):
            return int(model(x)[k] == 0) * fin.nest(step, after, x, lambda y: int(model(y)[k] > 0))

        return lost

    own, pooled = (lambda q: q), (lambda pool: pool[1])
    assert fin.replace(before, p, returned(fin.replace_step, own)) == 0
    lost = returned(fin.accumulate_step, pooled)
    assert fin.nest(fin.accumulate_step, before, (real, p), lost) == 0
    step = fin.fixed_real_step(real, p)
    assert fin.nest(step, before, p, returned(step, own)) == 0


# golden.v


def weighted_error(m, n, w):
    return (w**2 / m + (1 - w) ** 2 / n) / (w * (2 - w))


def weight(rng):
    return Q(rng.randint(1, 19), 10)


@states
def weighted_fixed_point(rng):
    m, n, w = positive(rng), positive(rng), weight(rng)
    fixed = weighted_error(m, n, w)
    for e in (fixed, number(rng), fixed + 1):
        assert (w**2 / m + (1 - w) ** 2 * (e + 1 / n) == e) == (e == fixed)


@states
def golden_optimum(rng):
    g, n = Q(rng.randint(1, 9), 10), positive(rng)
    m = n * g**2 / (1 - g)
    assert weighted_error(m, n, g) == g / m
    for w in (g, weight(rng), weight(rng)):
        assert g / m <= weighted_error(m, n, w)
        assert (weighted_error(m, n, w) == g / m) == (w == g)


@states
def kalman_step(rng):
    m, n, e = positive(rng), positive(rng), abs(number(rng))
    best = 1 / (m + 1 / (e + 1 / n))
    for w in (m * best, number(rng), weight(rng)):
        value = w**2 / m + (1 - w) ** 2 * (e + 1 / n)
        assert best <= value
        assert (best == value) == (w == m * best)


@states
def golden_ratio(rng):
    """At numbers whose root is rational: k = 4 x^2 / (1 - x^2) has k^2 + 4 k = (k / x)^2."""
    x = Q(rng.randint(1, 8), 9)
    k = 4 * x**2 / (1 - x**2)
    root = k / x
    assert root**2 == k**2 + 4 * k
    g = (root - k) / 2
    assert g > 0
    assert g**2 == k * (1 - g)


# entropy.v


def polynomial(rng, p):
    a, b = features(rng, p), number(rng)
    return lambda q: fin.mean(a, [x**3 for x in q]) + b * q[0] * q[-1]


def tangent(g, p, q):
    return sum(a * (y - x) for a, x, y in zip(g, p, q, strict=True))


@states
def bregman_identity(rng):
    p, schedule = law(rng), sizes(rng)
    f, g = polynomial(rng, p), features(rng, p)
    found = fin.replace(schedule, p, lambda q: f(q) - f(p) - tangent(g, p, q))
    assert found == fin.replace(schedule, p, f) - f(p)


def convex(rng, labels):
    """A convex function of a law, smooth or with kinks, or with a value of its own at the boundary."""
    a, c, h = abs(number(rng)), law(rng, labels), number(rng)
    b = [number(rng) for _ in range(labels)]

    def linear(q):
        return fin.mean(b, q) + h

    return rng.choice(
        (
            lambda q: a * sum(x**2 for x in q) + linear(q),
            lambda q: a * max(q) + linear(q),
            lambda q: a * sum(abs(x - y) for x, y in zip(q, c, strict=True)) + linear(q),
            lambda q: max(linear(q), a * max(abs(x - y) for x, y in zip(q, c, strict=True))),
            # No slope supports it where a label has no mass: it jumps there.
            lambda q: linear(q) + a * sum(x == 0 for x in q),
        )
    )


def convex_on_a_line(rng, labels):
    """The definition at random laws."""
    f, a = convex(rng, labels), Q(rng.randint(0, 4), 4)
    p, q = law(rng, labels), law(rng, labels)
    assert f(fin.mix(a, p, q)) <= a * f(p) + (1 - a) * f(q)
    return f


@states
def jensen(rng):
    labels, points = rng.choice((2, 3)), rng.randint(1, 4)
    w, x, f = law(rng, points), [law(rng, labels) for _ in range(points)], convex(rng, labels)
    middle = tuple(fin.mean(w, [y[k] for y in x]) for k in range(labels))
    assert f(middle) <= fin.mean(w, [f(y) for y in x])


@states
def convex_grows_in_one_refit(rng):
    p, n = law(rng), rng.randint(1, 4)
    f = convex_on_a_line(rng, len(p))
    assert f(p) <= fin.iid(p, n, lambda s: f(fin.phat(s, len(p))))


@states
def convex_grows_each_generation(rng):
    p, schedule = law(rng), sizes(rng)
    f = convex_on_a_line(rng, len(p))
    assert fin.replace(schedule, p, f) <= fin.replace([*schedule, rng.randint(1, 3)], p, f)


@states
def convex_grows(rng):
    p, schedule = law(rng), sizes(rng)
    f = convex_on_a_line(rng, len(p))
    assert f(p) <= fin.replace(schedule, p, f)


@states
def entropy_identity(rng):
    p, schedule = law(rng), sizes(rng)
    a, b = number(rng), number(rng)

    def log(x):
        return a * x**3 + b * x - 2

    def entropy(q):
        return -sum(x * log(x) for x in q)

    def divergence(q):
        return sum(y * (log(y) - log(x)) for x, y in zip(p, q, strict=True))

    assert fin.replace(schedule, p, lambda q: entropy(q) + divergence(q)) == entropy(p)
