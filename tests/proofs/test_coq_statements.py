"""Every headline statement of the Coq files by brute force on random rational instances.

The checks are written from what Coq prints back for a statement, parentheses included, so that a
formula that Coq parsed otherwise than it reads cannot stand as the theorem that was meant."""

import random
from fractions import Fraction

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


def reversed_order(bins, m, g):
    if not bins:
        return g(m)
    return finite.occupancy(bins[-1], m, 0, lambda a: reversed_order(bins[:-1], a, g))


def one_draw_more(p, n, f):
    return finite.draws([p] * (n + 1), f)


def wrong_divisor(s, labels):
    return tuple(Fraction(s.count(k), len(s) + 1) for k in range(labels))


#: A wrong definition, by the name of the right one, and the statements that fail with it.
SLIPS = (
    ("ancestors", reversed_order, "moment_duality lineage_duality lost_by weighted_survival"),
    ("iid", one_draw_more, "third_moment missed_probability expected_losses"),
    (
        "phat",
        wrong_divisor,
        "frequency_unbiased second_moment product_of_two_labels heterozygosity_step third_moment "
        "frequency_martingale feature_covariance_decay feature_variance_decay heterozygosity_decay "
        "frequency_squared heterozygosity_decay_constant frequency_cubed moment_duality "
        "lineage_duality lost_by weighted_survival total_mass_of_a_loop diversity_tail "
        "mixture_heterozygosity fresh_heterozygosity fixed_real_heterozygosity "
        "accumulate_heterozygosity accumulate_keeps fixed_real_keeps first_sample_is_kept",
    ),
)


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        pytest.param(right, wrong, name, id=f"{name}-{wrong.__name__}")
        for right, wrong, names in SLIPS
        for name in names.split()
    ],
)
def test_the_checks_have_teeth(right, wrong, name, monkeypatch):
    """The schedule read in the wrong order, a draw too many, or one too many in a fit's divisor."""
    monkeypatch.setattr(finite, right, wrong)
    rng = random.Random(name)

    def try_often():
        for _ in range(8):
            CHECKS[name](rng)

    with pytest.raises(AssertionError):
        try_often()
