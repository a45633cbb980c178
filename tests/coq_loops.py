"""The statements of expectation.v, moments.v, lineage.v and tails.v by brute force."""

import math
from fractions import Fraction as Q

import finite as fin
from coq_instances import (
    features,
    keeps,
    label,
    law,
    number,
    ordered,
    positive,
    rows,
    sizes,
    states,
    subset,
)

# expectation.v


@states
def independence(rng):
    q = [[number(rng) for _ in range(3)] for _ in range(rng.randint(1, 3))]
    g = [features(rng, row) for row in q]
    found = fin.draws(q, lambda s: math.prod(g[i][k] for i, k in enumerate(s)))
    assert found == math.prod(fin.mean(row, h) for row, h in zip(q, g, strict=True))


@states
def total_mass(rng):
    assert fin.draws(rows(rng), lambda s: 1) == 1


@states
def feature_sums(rng):
    q = rows(rng)
    g, h = features(rng, q[0]), features(rng, q[0])
    found = fin.draws(q, lambda s: sum(g[k] for k in s) * sum(h[k] for k in s))
    product = sum(fin.mean(r, g) for r in q) * sum(fin.mean(r, h) for r in q)
    assert found == product + sum(fin.covariance(r, g, h) for r in q)


@states
def total_mass_of_a_loop(rng):
    p, real = law(rng), law(rng, 2)
    assert fin.replace(sizes(rng, 3), p, lambda q: 1) == 1
    assert fin.nest(fin.fresh_step(real), [(1, 2), (0, 2)], real, lambda q: 1) == 1


# moments.v


@states
def frequency_unbiased(rng):
    p, n = law(rng), rng.randint(1, 4)
    k = label(rng, p)
    assert fin.replace_step(n, p, lambda q: q[k]) == p[k]


@states
def second_moment(rng):
    p, n = law(rng), rng.randint(1, 4)
    k = label(rng, p)
    expected = p[k] / n + (1 - Q(1, n)) * p[k] ** 2
    assert fin.replace_step(n, p, lambda q: q[k] ** 2) == expected


@states
def product_of_two_labels(rng):
    p, n = law(rng), rng.randint(1, 4)
    k, j = rng.sample(range(len(p)), 2)
    expected = (1 - Q(1, n)) * (p[k] * p[j])
    assert fin.replace_step(n, p, lambda q: q[k] * q[j]) == expected


@states
def heterozygosity_step(rng):
    p, n = law(rng), rng.randint(1, 4)
    expected = (1 - Q(1, n)) * fin.heterozygosity(p)
    assert fin.replace_step(n, p, fin.heterozygosity) == expected


@states
def frequency_martingale(rng):
    p, schedule = law(rng), sizes(rng, 3)
    k = label(rng, p)
    assert fin.replace(schedule, p, lambda q: q[k]) == p[k]


@states
def feature_covariance_decay(rng):
    p, schedule = law(rng), sizes(rng, 3)
    g, h = features(rng, p), features(rng, p)
    found = fin.replace(schedule, p, lambda q: fin.covariance(q, g, h))
    assert found == keeps(schedule) * fin.covariance(p, g, h)


@states
def feature_variance_decay(rng):
    p, schedule = law(rng), sizes(rng, 3)
    g = features(rng, p)
    found = fin.replace(schedule, p, lambda q: fin.covariance(q, g, g))
    assert found == keeps(schedule) * fin.covariance(p, g, g)


@states
def heterozygosity_decay(rng):
    p, schedule = law(rng), sizes(rng, 3)
    found = fin.replace(schedule, p, fin.heterozygosity)
    assert found == fin.heterozygosity(p) * keeps(schedule)


@states
def frequency_squared(rng):
    p, schedule = law(rng), sizes(rng, 3)
    x = p[k := label(rng, p)]
    found = fin.replace(schedule, p, lambda q: q[k] ** 2)
    assert found == x**2 + (x * (1 - x)) * (1 - keeps(schedule))


@states
def heterozygosity_decay_constant(rng):
    p, n, t = law(rng), rng.randint(1, 3), rng.randint(0, 3)
    found = fin.replace([n] * t, p, fin.heterozygosity)
    assert found == (1 - Q(1, n)) ** t * fin.heterozygosity(p)


# lineage.v


@states
def moment_duality(rng):
    p, schedule, m = rng.choice((ordered(rng), (law(rng), sizes(rng, 3), rng.randint(0, 4))))
    chosen = subset(rng, p)
    found = fin.replace(schedule, p, lambda q: fin.mass(q, chosen) ** m)
    assert found == fin.ancestors(schedule[::-1], m, lambda a: fin.mass(p, chosen) ** a)


@states
def lineage_duality(rng):
    p, schedule, n = ordered(rng)
    chosen = subset(rng, p)
    found = fin.replace([*schedule, n], p, lambda q: int(fin.mass(q, chosen) == 0))
    assert found == fin.ancestors(schedule[::-1], n, lambda a: (1 - fin.mass(p, chosen)) ** a)


@states
def lost_by(rng):
    p, schedule, n = ordered(rng)
    k = label(rng, p)
    found = fin.replace([*schedule, n], p, lambda q: int(q[k] == 0))
    assert found == fin.ancestors(schedule[::-1], n, lambda a: (1 - p[k]) ** a)


@states
def weighted_survival(rng):
    p, schedule, n = ordered(rng)
    w = features(rng, p)
    found = fin.replace([*schedule, n], p, lambda q: fin.mean(w, [int(x > 0) for x in q]))
    chain = [fin.ancestors(schedule[::-1], n, lambda a, x=x: (1 - x) ** a) for x in p]
    assert found == sum(a * (1 - b) for a, b in zip(w, chain, strict=True))


@states
def third_moment(rng):
    p, n = law(rng), rng.randint(1, 4)
    x = p[k := label(rng, p)]
    found = fin.replace_step(n, p, lambda q: q[k] ** 3)
    middle = (3 * (1 - Q(1, n))) * (x**2 / n)
    assert found == (x / n**2 + middle) + ((1 - Q(1, n)) * (1 - Q(2, n))) * x**3


@states
def frequency_cubed(rng):
    p, schedule = law(rng), sizes(rng, 3)
    x = p[k := label(rng, p)]
    found = fin.replace(schedule, p, lambda q: q[k] ** 3)
    assert found == fin.ancestors(schedule[::-1], 3, lambda a: x**a)
    third = math.prod(((1 - Q(1, n)) * (1 - Q(2, n)) for n in schedule), start=Q(1))
    spread = Q(3, 2) * (x * (1 - x))
    assert found == (x - spread * keeps(schedule)) + ((x**3 - x) + spread) * third


# tails.v


@states
def missed_probability(rng):
    p, n = law(rng), rng.randint(1, 4)
    k = label(rng, p)
    assert fin.replace_step(n, p, lambda q: int(q[k] == 0)) == (1 - p[k]) ** n


@states
def expected_losses(rng):
    p, n = law(rng), rng.randint(1, 4)
    found = fin.replace_step(n, p, lambda q: sum(x == 0 for x in q))
    assert found == sum((1 - x) ** n for x in p)


@states
def lost_stays_lost(rng):
    p, before, after = law(rng), sizes(rng), sizes(rng)
    k = label(rng, p)

    def returned(q):
        return int(q[k] == 0) * fin.replace(after, q, lambda r: int(r[k] > 0))

    assert fin.replace(before, p, returned) == 0


@states
def markov_bound(rng):
    p, schedule, e = law(rng), sizes(rng, 3), positive(rng) / 3
    g = [abs(x) for x in features(rng, p)]
    found = fin.replace(schedule, p, lambda q: int(e <= fin.mean(q, g) ** 2))
    assert found <= fin.replace(schedule, p, lambda q: fin.mean(q, g) ** 2) / e


@states
def diversity_tail(rng):
    p, schedule, e = law(rng), sizes(rng, 3), positive(rng) / 6
    found = fin.replace(schedule, p, lambda q: int(e <= fin.heterozygosity(q)))
    assert found <= (fin.heterozygosity(p) * keeps(schedule)) / e


@states
def collapse_probability(rng):
    p, schedule, n = law(rng), sizes(rng), rng.randint(2, 3)
    found = fin.replace([*schedule, n], p, lambda q: int(1 not in q))
    mean = fin.heterozygosity(p) * keeps([*schedule, n])
    bound = (Q(n) ** 2 / (2 * (Q(n) - 1))) * mean
    assert found <= bound
    # With two labels and two draws the bound is reached: its constant cannot be smaller.
    if len(p) == 2 and n == 2:
        assert found == bound
