"""Every headline statement of the Coq files by brute force on random rational instances.

The checks are written from what Coq prints back for a statement, parentheses included, so that a
formula that Coq parsed otherwise than it reads cannot stand as the theorem that was meant."""

import random

import coq_loops
import coq_pools
import coq_regimes
import finite
import pytest
from coq_instances import CHECKS

from modelcollapse.proofs import coq

FILES = (coq_loops, coq_pools, coq_regimes)


@pytest.mark.parametrize("name", coq.HEADLINES)
def test_statement_by_brute_force(name):
    rng = random.Random(name)
    for _ in range(8):
        CHECKS[name](rng)


def test_every_headline_is_checked_and_nothing_else():
    assert set(CHECKS) == set(coq.HEADLINES)
    assert {check.__module__ for check in CHECKS.values()} == {file.__name__ for file in FILES}


@pytest.mark.parametrize(
    "name", ["heterozygosity_decay", "weighted_survival", "fresh_heterozygosity"]
)
def test_the_checks_have_teeth(name, monkeypatch):
    """With one draw too many in the divisor of a fit, the same statements fail."""
    right = finite.phat
    monkeypatch.setattr(
        finite, "phat", lambda s, labels: tuple(x * len(s) / (len(s) + 1) for x in right(s, labels))
    )
    rng = random.Random(name)

    def try_often():
        for _ in range(8):
            CHECKS[name](rng)

    with pytest.raises(AssertionError):
        try_often()
