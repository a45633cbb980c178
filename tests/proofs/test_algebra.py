"""Each identity leaves nothing over, and its numbers are those of the theory's functions."""

import numpy as np
import pytest

from modelcollapse.proofs import algebra


@pytest.mark.parametrize("name", algebra.PROOFS)
def test_nothing_is_left_over(name):
    residuals = algebra.PROOFS[name]()
    assert residuals
    assert {k: v for k, v in residuals.items() if v != 0} == {}


def test_a_false_identity_leaves_something_over():
    """The proofs could not pass with n - 1 for n in the pooled variance."""
    n, V, S, t = algebra.n, algebra.V, algebra.S, algebra.t
    _, variance = algebra.pooled([algebra.Group(n, algebra.m, algebra.U)])
    slipped = S * (1 - 1 / (n - 1)) ** t
    step = algebra._expected(variance).subs(V, slipped)
    assert algebra._zero(step - slipped * (1 - 1 / (n - 1))) != 0


def test_pooled_is_the_mean_and_variance_of_pooled_draws(seed):
    rng = np.random.default_rng(seed)
    sizes, means, scales = (3, 5), (0.0, 0.7), (1.0, 0.5)
    groups = [algebra.Group(n, m, s**2) for n, m, s in zip(sizes, means, scales, strict=True)]
    draws = np.concatenate(
        [m + s * rng.standard_normal((100_000, n)) for n, m, s in zip(sizes, means, scales, strict=True)],
        axis=1,
    )
    for values, expected in zip((draws.mean(1) ** 2, draws.var(1)), algebra.pooled(groups), strict=True):
        error = (values.mean() - float(expected)) / (values.std() / np.sqrt(values.size))
        assert abs(error) < 5
