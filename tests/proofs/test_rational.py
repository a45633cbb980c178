"""Every exact discrete theorem is, as a rational number, what the list of all histories gives."""

import itertools
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest

from modelcollapse.proofs import enumeration, rational
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import rank_bins, rank_order

GENERATIONS = range(enumeration.LAST + 1)
EXACT = [
    entry
    for entry in LEDGER.values()
    if entry.kind == "exact" and "Categorical" in entry.where.families
]
each = pytest.mark.parametrize("theorem", EXACT, ids=lambda theorem: theorem.name)
_laws = {}


def truth_of(loop):
    return tuple(Fraction(float(p)) for p in loop.truth.probabilities)


def law_of(loop, t):
    name = (str(loop.describe(enumeration.LAST)), t)
    if name not in _laws:
        _laws[name] = enumeration.law(truth_of(loop), loop.regime, t)
    return _laws[name]


def support(model):
    return sum(p > 0 for p in model)


def heterozygosity(model):
    return 1 - sum(p * p for p in model)


def read(observable, loop, model):
    """An observable of the ledger in fractions, from its definition."""
    truth = truth_of(loop)
    match type(observable).__name__:
        case "Heterozygosity":
            return heterozygosity(model)
        case "Power":
            return read(observable.of, loop, model) ** int(observable.exponent)
        case "Support":
            return Fraction(support(model))
        case "SurvivingMass":
            return sum((q for q, p in zip(truth, model, strict=True) if p), Fraction(0))
        case "Frequencies":
            return tuple(p**observable.power for p in model)
        case "AtMost":
            return Fraction(read(observable.of, loop, model) <= observable.threshold)
        case "CrossEntropy":
            return tuple(model)
        case "SurvivalByRank":
            alive = [Fraction(model[k] > 0) for k in rank_order(loop.truth)]
            edges = rational.rank_groups(len(model), observable.bins)
            return tuple(
                sum(alive[a:b], Fraction(0)) / (b - a) for a, b in itertools.pairwise(edges)
            )
    raise ValueError(f"no fractions for {observable!r}")


def mean(observable, loop, t):
    if "Returned" in repr(observable):
        back = enumeration.returned(truth_of(loop), loop.regime, t) if t else Fraction(0)
        return 1 - back
    total = None
    for model, weight in law_of(loop, t).items():
        value = read(observable, loop, model)
        if isinstance(value, tuple):
            value = tuple(weight * v for v in value)
            total = value if total is None else tuple(map(sum, zip(total, value, strict=True)))
        else:
            total = weight * value + (total or 0)
    return total


def cases(theorem):
    for loop in enumeration.LOOPS:
        if theorem.where(loop):
            for at in sorted({x for row in theorem.rows for x in row.at}) or [None]:
                row = next((row for row in theorem.rows if at in row.at), None)
                row = row and type(row)(row.loop, row.generations, row.wrong, row.chains, (at,))
                (observable,) = theorem.observables(row)
                yield loop, observable, [] if at is None else [at]


def test_every_exact_discrete_theorem_is_stated_in_fractions():
    assert {entry.name for entry in EXACT} == set(rational.THEOREMS)


@each
def test_equal_to_the_list_of_all_histories(theorem):
    """Equal, not close: both sides are fractions."""
    state = rational.THEOREMS[theorem.name]
    tried = 0
    for loop, observable, at in cases(theorem):
        for t in GENERATIONS:
            found = state(truth_of(loop), loop.regime, t, *at)
            parts = found if isinstance(found, tuple) else (found,)
            assert all(isinstance(part, Fraction) for part in parts)
            assert found == mean(observable, loop, t), f"{loop.regime!r}, t = {t}"
            tried += 1
    assert tried >= 8


@each
def test_the_ledger_computes_the_same(theorem):
    for loop, _, at in cases(theorem):
        found = theorem(loop, np.array(GENERATIONS), *at)
        for t in GENERATIONS:
            value = rational.THEOREMS[theorem.name](truth_of(loop), loop.regime, t, *at)
            if theorem.name == "entropy_balance":
                truth = np.array([float(p) for p in truth_of(loop)])
                value = -np.array([float(v) for v in value]) @ np.log(truth)
            elif isinstance(value, Iterable):
                value = [float(v) for v in value]
            np.testing.assert_allclose(found[t], np.array(value, float), rtol=1e-12, atol=1e-15)


def test_a_slip_is_not_equal():
    """A false identity is caught: the unbiased 1/(n - 1), one generation too many, a linear share."""
    loop = next(loop for loop in enumeration.LOOPS if type(loop.regime).__name__ == "Fresh")
    truth, regime = truth_of(loop), loop.regime
    (observable,) = LEDGER["categorical_fresh_heterozygosity"].observables()
    exact = mean(observable, loop, 2)
    assert rational.categorical_fresh_heterozygosity(truth, regime, 2) == exact
    assert rational.categorical_fresh_heterozygosity(truth, regime, 3) != exact
    total, share = 3, Fraction(2, 3)
    linear = Fraction(1, total) + share * Fraction(1, 2) * Fraction(1, total)
    assert rational.diversity(truth) * (1 - linear) != exact


def test_returns_are_seen_where_they_happen():
    """With real data a lost label does come back: the count of returns is not blind."""
    loop = next(loop for loop in enumeration.LOOPS if type(loop.regime).__name__ == "Mixture")
    assert enumeration.returned(truth_of(loop), loop.regime, 2) > 0


@pytest.mark.parametrize("sizes", [(3, 4, 2), (4, 4, 4), (5, 2, 5), (2, 3, 5), (1, 3), (4,)])
def test_lineages_are_the_ancestors_of_all_maps(sizes):
    *before, last = sizes
    assert rational.lineages(last, before[::-1]) == enumeration.ancestors(sizes)


@pytest.mark.parametrize("labels", [1, 2, 3, 4, 15, 40, 1000])
@pytest.mark.parametrize("groups", [1, 4, 16])
def test_groups_of_ranks_in_whole_numbers(labels, groups):
    assert rational.rank_groups(labels, groups) == rank_bins(labels, groups).tolist()
