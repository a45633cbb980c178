"""The Coq definitions again, in Python and fractions: sums over every sample, no formula.

Each function is written from what Coq prints for the definition of the same name."""

import itertools
import math
from fractions import Fraction

ONE = Fraction(1)


def draws(rows, f):
    """`draws q f`: the sum over all samples s of (prod_i q_i(s_i)) f(s)."""
    total = Fraction(0)
    for s in itertools.product(range(len(rows[0]) if rows else 1), repeat=len(rows)):
        total += math.prod((row[k] for row, k in zip(rows, s, strict=True)), start=ONE) * f(s)
    return total


def iid(p, n, f):
    return draws([p] * n, f)


def phat(s, labels):
    """Division by zero is zero in Coq."""
    return tuple(
        Fraction(sum(x == k for x in s), len(s)) if s else Fraction(0) for k in range(labels)
    )


def mean(p, g):
    return sum(a * b for a, b in zip(p, g, strict=True))


def mass(p, labels):
    return sum((p[k] for k in labels), start=Fraction(0))


def nest(step, schedule, x, f):
    if not schedule:
        return f(x)
    return step(schedule[0], x, lambda y: nest(step, schedule[1:], y, f))


def replace_step(n, p, g):
    return iid(p, n, lambda s: g(phat(s, len(p))))


def replace(schedule, p, f):
    return nest(replace_step, schedule, p, f)


def covariance(p, g, h):
    return mean(p, [a * b for a, b in zip(g, h, strict=True)]) - mean(p, g) * mean(p, h)


def heterozygosity(p):
    return 1 - sum(x**2 for x in p)


def occupancy(n, m, a, g):
    """One ball after another: an occupied bin with chance a/n."""
    if m == 0:
        return g(a)
    share = Fraction(a, n)
    return share * occupancy(n, m - 1, a, g) + (1 - share) * occupancy(n, m - 1, a + 1, g)


def ancestors(bins, m, g):
    if not bins:
        return g(m)
    return occupancy(bins[0], m, 0, lambda a: ancestors(bins[1:], a, g))


def mix(a, p, q):
    return tuple(a * x + (1 - a) * y for x, y in zip(p, q, strict=True))


def mixture_step(a, p):
    return lambda n, q, f: replace_step(n, mix(a, p, q), f)


def fresh_step(p):
    def step(sizes, q, f):
        m, n = sizes
        return draws([p] * m + [q] * n, lambda s: f(phat(s, len(p))))

    return step


def fixed_real_step(real, r):
    def step(n, q, f):
        share = Fraction(real, real + n)
        return iid(q, n, lambda s: f(mix(share, r, phat(s, len(r)))))

    return step


def smoothing_step(c):
    def step(n, q, f):
        total = n + c * len(q)
        return iid(
            q, n, lambda s: f(tuple((s.count(k) + c) / Fraction(total) for k in range(len(q))))
        )

    return step


def accumulate_step(n, pool, f):
    size, q = pool
    share = Fraction(size, size + n)
    return iid(q, n, lambda s: f((size + n, mix(share, q, phat(s, len(q))))))


def accumulate(n, schedule, q, f):
    def later(s):
        return nest(accumulate_step, schedule, (n, phat(s, len(q))), lambda pool: f(pool[1]))

    return iid(q, n, later)


def sample_mean(x):
    return sum(x) / Fraction(len(x))


def sample_variance(x, c):
    middle = sample_mean(x)
    return sum((a - middle) ** 2 for a in x) / Fraction(c)


def inverse(x):
    """1/0 is 0 in Coq."""
    return 1 / Fraction(x) if x else Fraction(0)
