"""Every discrete theorem of the ledger against the full list of histories of small loops."""

from collections import Counter
from fractions import Fraction

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from modelcollapse.proofs import enumeration
from modelcollapse.theory import Categorical, Loop, Replace, x64
from modelcollapse.theory.categorical import lineage
from modelcollapse.theory.ledger import LEDGER

GENERATIONS = range(enumeration.LAST + 1)
TRUTHS = [(Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)), (Fraction(1, 16), Fraction(15, 16))]
_laws = {}


def laws(loop):
    """The exact laws of the models at generations 0, 1, ..., of one loop."""
    name = str(loop.describe(enumeration.LAST))
    if name not in _laws:
        truth = [Fraction(float(p)) for p in loop.truth.probabilities]
        _laws[name] = [enumeration.law(truth, loop.regime, t) for t in GENERATIONS]
    return _laws[name]


def exact_mean(loop, observable, t):
    """The mean of an observable over every history: exact weights, float64 values."""
    law = laws(loop)[t]
    models, weights = np.array([list(m) for m in law], float), np.array(list(law.values()), float)
    with x64():
        truth = loop.truth.astype(np.float64)
        padded = np.concatenate([models, np.tile(models[-1:], (-len(models) % 64, 1))])
        values = evaluate(observable, jnp.asarray(padded), truth)
    return np.tensordot(weights, np.asarray(values)[: len(law)], axes=1)


@eqx.filter_jit
def evaluate(observable, models, truth):
    return eqx.filter_vmap(lambda p: observable(Categorical(p), truth))(models)


def speaks_of(theorem):
    return [loop for loop in enumeration.LOOPS if theorem.where(loop)]


DISCRETE = [theorem for theorem in LEDGER.values() if speaks_of(theorem)]


@pytest.mark.parametrize("theorem", DISCRETE, ids=lambda theorem: theorem.name)
def test_theorem_against_every_history(theorem):
    for loop in speaks_of(theorem):
        for at in sorted({x for row in theorem.rows for x in row.at}) or [None]:
            found = theorem(loop, np.array(GENERATIONS), *([] if at is None else [at]))
            (observable,) = theorem.observables(None if at is None else _row_at(theorem, at))
            exact = np.stack([exact_mean(loop, observable, t) for t in GENERATIONS])
            _compare(theorem, loop, found.reshape(exact.shape), exact)


def _row_at(theorem, at):
    row = next(row for row in theorem.rows if at in row.at)
    return type(row)(row.loop, row.generations, row.wrong, row.chains, (at,))


def _compare(theorem, loop, found, exact):
    context = f"{theorem.name}: {loop.regime!r}"
    if theorem.kind == "bound":
        sign = {"lower": 1, "upper": -1}[theorem.side]
        assert np.all(sign * (exact - found) > -1e-12), context
    elif theorem.kind == "asymptotic":
        allowed = np.asarray(theorem.envelope(loop, np.array(GENERATIONS))).reshape(
            -1, *[1] * (exact.ndim - 1)
        )
        assert np.all(np.abs(found - exact) <= allowed * np.abs(exact) + 1e-12), context
    else:
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-12, err_msg=context)


@pytest.mark.parametrize("loop", enumeration.LOOPS, ids=lambda loop: type(loop.regime).__name__)
def test_probabilities_sum_to_one_exactly(loop):
    for law in laws(loop):
        assert sum(law.values()) == 1


@pytest.mark.parametrize("loop", enumeration.LOOPS, ids=lambda loop: type(loop.regime).__name__)
def test_every_label_keeps_its_mean(loop):
    """No loop of this kind favours a label: exactly, as fractions."""
    for law in laws(loop):
        for k, p in enumerate(loop.truth.probabilities):
            assert enumeration.expectation(law, lambda model, k=k: model[k]) == Fraction(float(p))


def test_heterozygosity_is_exact():
    sizes = (3, 5, 2)
    for truth in TRUTHS:
        law = enumeration.law(truth, Replace(sizes), 3)
        found = enumeration.expectation(law, lambda model: 1 - sum(p * p for p in model))
        kept = np.prod([1 - Fraction(1, n) for n in sizes])
        assert found == (1 - sum(p * p for p in truth)) * kept


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("sizes", [(3, 4, 2), (4, 4, 4), (2, 5, 3), (2, 3, 5)])
def test_lineage_law(truth, sizes):
    """The labels alive at t have the law of the labels of A draws from the truth, A the number of
    ancestors: as a law of sets, exactly, and so also any function of which labels are alive."""
    alive = enumeration.alive(enumeration.law(truth, Replace(sizes), len(sizes)))
    mixed = Counter()
    for draws, weight in enumeration.ancestors(sizes).items():
        for labels, chance in enumeration.distinct(truth, draws).items():
            mixed[labels] += weight * chance
    assert alive == dict(mixed)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (4, 4, 4), (5, 2, 5), (2, 3, 5), (1, 3), (4,)])
def test_law_of_ancestors(sizes):
    exact = enumeration.ancestors(sizes)
    found = lineage.law(np.array(sizes), len(sizes))
    expected = [float(exact.get(a, 0)) for a in range(len(found))]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_the_order_of_a_schedule_shows():
    """Thrown into the bins of generation 1 first, the draws of the last have other ancestors."""
    assert enumeration.ancestors((2, 3, 5)) != enumeration.ancestors((3, 2, 5))


def test_a_wrong_theorem_is_caught():
    """The comparison has teeth: every wrong variant of an exact mean is off by far more than 1e-12."""
    loop = Loop(Categorical([0.5, 0.25, 0.25]), Replace(4))
    theorem = LEDGER["categorical_replace_heterozygosity"]
    (observable,) = theorem.observables()
    exact = np.stack([exact_mean(loop, observable, t) for t in GENERATIONS])
    for wrong in theorem.rows[0].wrong:
        found = wrong.value(theorem, loop, np.array(GENERATIONS[1:]))
        assert np.abs(found - exact[1:]).max() > 1e-3, wrong.name


def test_claims_of_enumeration_were_enumerated():
    """Others have a proof for every size besides; `test_rational` holds them all to equality."""
    claims = [entry for entry in LEDGER.values() if (entry.proof or "").startswith("enumeration:")]
    for entry in claims:
        assert entry.kind == "exact"
        assert entry in DISCRETE
