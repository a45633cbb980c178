"""The sub-gamma law of a chain's vocabulary, against exact laws."""

import itertools

import numpy as np
import pytest

from modelcollapse.theory import Categorical, Loop, Replace
from modelcollapse.theory.categorical import fluctuation, lineage, survival
from modelcollapse.theory.ledger import LEDGER

#: A head that never dies and eleven words that may, at 4,000 tokens.
RARE = np.array([3e-5, 6e-5, 1e-4, 1e-4, 2e-4, 3e-4, 3e-4, 5e-4, 7e-4, 1e-3, 2e-3])
TRUTH = np.concatenate([[1 - RARE.sum()], RARE])
TIMES = np.array([1, 2, 3, 5])


@pytest.mark.parametrize("n", [4000, (3000, 5000, 4000, 4500, 4000)], ids=["constant", "schedule"])
def test_generating_function_of_the_words_alive(n):
    """The claim itself, over its whole range of arguments, with the exact law of the words alive."""
    sizes = np.asarray(n)
    below = [survival.support_cdf(TRUTH, sizes, TIMES, m) for m in range(len(TRUTH) + 1)]
    law = np.clip(np.diff(below, axis=0), 0, 1)
    values = np.arange(1, len(TRUTH) + 1)
    variance, scale = fluctuation.sub_gamma(TRUTH, np.ones(12), sizes, TIMES, (0, 12))
    for i, chances in enumerate(law.T):
        assert chances.sum() == pytest.approx(1, abs=1e-9)
        mean = chances @ values
        assert variance[i, 0] < 1.2 * (chances @ (values - mean) ** 2)
        for argument in np.linspace(-0.99, 0.99, 21) / scale[i, 0]:
            exact = np.log(chances @ np.exp(argument * (values - mean)))
            claimed = argument**2 * variance[i, 0] / 2 / (1 - scale[i, 0] * abs(argument))
            assert exact <= claimed + 1e-9


def test_variance_is_at_least_the_exact_one_and_close():
    """With the exact joint law of pairs, for a vocabulary of sixty words in three groups."""
    p = 1 / np.arange(1, 61) ** 2.5
    p /= p.sum()
    edges, weights = (0, 10, 30, 60), np.repeat([0.1, 0.05, 1 / 30], [10, 20, 30])
    claimed, scale = fluctuation.sub_gamma(p, weights, 4000, TIMES, edges)
    assert claimed.shape == scale.shape == (4, 3)
    law = lineage.law(4000, TIMES)
    number = np.arange(law.shape[1])
    one, other = np.triu_indices(60, 1)
    both = law @ np.exp(number[:, None] * np.log1p(-p[one] - p[other]))
    lost = law @ np.exp(number[:, None] * np.log1p(-p))
    for i in range(len(TIMES)):
        pairs = np.diag(lost[i] * (1 - lost[i]))
        pairs[one, other] = pairs[other, one] = both[i] - lost[i, one] * lost[i, other]
        for j, (a, b) in enumerate(itertools.pairwise(edges)):
            exact = weights[a:b] @ pairs[a:b, a:b] @ weights[a:b]
            if exact > 1e-12:
                assert exact <= claimed[i, j] * (1 + 1e-9)
                assert exact > 0.7 * claimed[i, j]


def test_what_is_not_claimed_is_infinite_and_the_truth_does_not_vary():
    variance, scale = fluctuation.sub_gamma(TRUTH, np.ones(12), 1200, [0, 1, 2], (0, 12))
    assert variance[0] == scale[0] == 0
    assert 0 < variance[1] < 12
    assert np.isinf(variance[2])


def test_a_word_that_cannot_be_lost_does_not_widen_the_scale():
    p = np.array([0.9, 0.0999, 0.0001])
    _, scale = fluctuation.sub_gamma(p, p, 10_000, [1], (0, 3))
    assert scale[0, 0] == pytest.approx(0.0001 / 3)


@pytest.mark.parametrize("observable", ["support", "surviving_mass", "survival_by_rank"])
def test_theorems_carry_it_in_the_shape_of_their_predictions(observable):
    entry = LEDGER[f"categorical_replace_{observable}_closure"]
    loop = Loop(Categorical.zipf(500), Replace(n=5000))
    predicted = entry(loop, TIMES).reshape(len(TIMES), -1)
    for part in entry.sub_gamma(loop, TIMES):
        assert part.shape == predicted.shape
