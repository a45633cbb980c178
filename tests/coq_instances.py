"""Random rational instances for the statements of the Coq files."""

import math
from fractions import Fraction as Q

#: Checks by the name of the theorem that they state.
CHECKS = {}


def states(check):
    """Enter a check under the name of the theorem that it states."""
    CHECKS[check.__name__] = check
    return check


def number(rng, low=-3, high=3):
    return Q(rng.randint(6 * low, 6 * high), rng.choice((1, 2, 3, 5, 6)))


def positive(rng):
    return Q(rng.randint(1, 12), rng.randint(1, 7))


def law(rng, labels=None):
    """A random law; now and then a label has no mass."""
    weights = [rng.choice((0, 1, 2, 3, 5)) for _ in range(labels or rng.choice((2, 3)))]
    weights[rng.randrange(len(weights))] += 1
    return tuple(Q(w, sum(weights)) for w in weights)


def sizes(rng, longest=2):
    """A schedule of up to `longest` sizes. Most have two unequal sizes above one: without them neither
    their order nor a slip of one in them shows."""
    if longest > 1 and rng.random() < 0.7:
        return [*rng.choice(((2, 3), (3, 2))), *([1] if longest > 2 and rng.random() < 0.3 else [])]
    return [rng.randint(1, 3) for _ in range(rng.randint(0, longest))]


def ordered(rng):
    """A law, a schedule and a number of lineages for which the order of the schedule counts: bins of
    different sizes commute on up to three lineages, and do not on four."""
    if rng.random() < 0.5:
        return law(rng), sizes(rng), rng.randint(1, 3)
    p, schedule = law(rng, 2), list(rng.choice(((2, 3), (3, 2))))
    return p, schedule, rng.choice((4, 5))


def features(rng, p):
    return [number(rng) for _ in p]


def label(rng, p):
    return rng.randrange(len(p))


def keeps(schedule):
    return math.prod((1 - Q(1, n) for n in schedule), start=Q(1))


def subset(rng, p):
    return [k for k in range(len(p)) if rng.random() < 0.5]


def rows(rng):
    labels = rng.choice((2, 3))
    return [law(rng, labels) for _ in range(rng.randint(1, 3))]
