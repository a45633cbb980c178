"""Every path draws from one law: each fast one is compared with raw samples, chain by chain.

Two-sample tests on the values of all chains: Kolmogorov-Smirnov for continuous ones, chi-square for
counts, and Spearman's for how two observables go together. Every p-value must exceed 1e-6 divided by
the number of tests in the file, so sound paths fail it once in a million seeds. Large vocabularies
are in `test_categorical_paths.py`.
"""

import jax
import numpy as np
import pytest
from same_law import assert_same_law, trajectories

from modelcollapse.theory import (
    Accumulate,
    Categorical,
    FixedReal,
    Fresh,
    Gaussian,
    Loop,
    Mixture,
    Replace,
)
from modelcollapse.theory.observables import (
    Entropy,
    Frequencies,
    LogVariance,
    MeanError,
    Support,
)


@pytest.mark.parametrize(
    "loop",
    [
        Loop(Gaussian(), Replace(n=(2, 5, 30, 4))),
        Loop(Gaussian(1.0, 4.0, estimator="unbiased"), Replace(n=3)),
        Loop(Gaussian(), Accumulate(n=(4, 2, 5, 3))),
        Loop(Gaussian(1.0, 4.0), Fresh(n_real=(1, 2, 2, 3), n_synthetic=4)),
        Loop(Gaussian(), FixedReal(n_real=3, n_synthetic=5)),
    ],
    ids=["replace", "unbiased", "accumulate", "fresh", "fixed_real"],
)
def test_gaussian_statistic(loop, key):
    one, other = jax.random.split(key)
    observables = (LogVariance(), MeanError())
    raw = trajectories(loop, "raw", one, observables)
    assert_same_law(trajectories(loop, "statistic", other, observables), raw)


SMALL = Categorical([0.5, 0.3, 0.15, 0.05])
OBSERVED = (Support(), Frequencies(), Entropy())


@pytest.mark.parametrize(
    "loop",
    [
        Loop(SMALL, Replace(n=(6, 9, 4, 7))),
        Loop(SMALL, Accumulate(n=4)),
        Loop(SMALL, Fresh(n_real=2, n_synthetic=(5, 3, 6, 4))),
        Loop(SMALL, Mixture(n=6, real_share=0.3)),
        Loop(SMALL, FixedReal(n_real=3, n_synthetic=5)),
    ],
    ids=["replace", "accumulate", "fresh", "mixture", "fixed_real"],
)
def test_categorical_counts(loop, key):
    one, other = jax.random.split(key)
    raw = trajectories(loop, "raw", one, OBSERVED)
    assert_same_law(trajectories(loop, "counts", other, OBSERVED), raw)


def unlinked(values):
    """The generations made independent of one another, as those of the ancestor draw are."""
    shuffled = [np.random.default_rng(t).permutation(values[:, t]) for t in range(values.shape[1])]
    return np.stack(shuffled, axis=1)


def test_ancestors_at_small_sizes(key):
    one, other = jax.random.split(key)
    loop = Loop(SMALL, Replace(n=(6, 9, 4, 7)))
    counts = trajectories(loop, "counts", one, OBSERVED)
    ancestors = trajectories(loop, "ancestors", other, OBSERVED)
    assert_same_law(ancestors, unlinked(counts))


def test_the_comparison_can_tell(key):
    """Raw samples of n = 6 are not those of n = 7."""
    one, other = jax.random.split(key)
    six, seven = (
        trajectories(Loop(SMALL, Replace(n=n)), "counts", k, OBSERVED)
        for n, k in ((6, one), (7, other))
    )
    with pytest.raises(AssertionError):
        assert_same_law(six, seven)
