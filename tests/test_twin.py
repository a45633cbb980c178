"""The twin itself, against what can be worked out by hand."""

import numpy as np
import pytest
import twin

from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    FixedReal,
    Fresh,
    Gaussian,
    Loop,
    Mixture,
    MultivariateGaussian,
    Replace,
    Weighted,
)

REGIMES = [
    Replace(n=(4, 5, 6)),
    Accumulate(n=lambda t: 3 + t),
    AccumulateSubsample(n=5),
    Fresh(n_real=2, n_synthetic=3),
    Mixture(n=6, real_share=0.25),
    FixedReal(n_real=4, n_synthetic=3),
    Weighted(n_real=2, n_synthetic=3, weight=0.6),
]
GAUSSIAN = ["variance", "log_variance", "mean_error", "w2_squared", "total_second_moment",
            "w2_balance", "entropy", "kl_to_truth", "kl_from_truth", "cross_entropy",
            "variance^2", "variance<=0.5"]  # fmt: skip
SEVERAL = ["total_variance", "squared_norm", "effective_rank", "rank", "squared_mean_error",
           "total_second_moment", "w2_squared", "log_determinant", "determinant", "log_pivot[0]",
           "log_pivot[1]", "entropy", "kl_to_truth", "kl_from_truth", "cross_entropy"]  # fmt: skip
CATEGORICAL = ["heterozygosity", "support", "surviving_mass", "survival_by_rank[1-2]",
               "frequency[1]", "frequency^3[0]", "entropy", "kl_to_truth", "kl_from_truth",
               "cross_entropy", "returned", "heterozygosity^2", "support<=1.0"]  # fmt: skip


@pytest.mark.parametrize("regime", REGIMES, ids=lambda r: type(r).__name__)
@pytest.mark.parametrize(
    ("truth", "columns"),
    [
        (Gaussian(1.0, 4.0), GAUSSIAN),
        (MultivariateGaussian([1.0, 0.5], [[4.0, 1.0], [1.0, 1.0]]), SEVERAL),
        (Categorical([0.2, 0.5, 0.3]), CATEGORICAL),
    ],
    ids=["gaussian", "several dimensions", "categorical"],
)
def test_generation_zero_is_the_truth_and_columns_are_finite(truth, columns, regime, seed):
    values = twin.simulate(Loop(truth, regime), (0, 1, 3), 50, columns, seed)
    assert values.shape == (3, 50, len(columns))
    assert np.ptp(values[0], axis=0).max() == 0
    assert np.isfinite(np.delete(values, columns.index("kl_from_truth"), axis=2)).all()


def test_sizes_of_training_sets_are_those_of_the_regimes():
    for regime in REGIMES:
        real, synthetic = regime.sizes(3)
        assert twin.sizes(regime, 3).tolist() == [real[-1], synthetic[-1]]


def test_what_accumulates_is_never_lost(seed):
    loop = Loop(Categorical([0.25] * 4), Accumulate(n=3))
    support = twin.simulate(loop, (1, 2, 6), 500, ["support"], seed)[..., 0]
    assert (np.diff(support, axis=0) == 0).all()


def test_what_is_replaced_never_returns(seed):
    loop = Loop(Categorical([0.25] * 4), Replace(n=3))
    columns = ["support", "returned"]
    support, returned = np.moveaxis(twin.simulate(loop, range(9), 500, columns, seed), -1, 0)
    assert (np.diff(support, axis=0) <= 0).all()
    assert returned.max() == 0


def test_fixed_real_draws_stay_the_same(seed):
    """With one synthetic draw among 1,000 real ones, the mean cannot move far from theirs."""
    loop = Loop(Gaussian(), FixedReal(n_real=1_000, n_synthetic=1))
    mean = twin.simulate(loop, (1, 40), 50, ["mean_error"], seed)[..., 0]
    assert np.abs(mean[1] - mean[0]).max() < 0.01 < np.abs(mean[0]).max()


def test_batches_of_chains_are_independent(seed, monkeypatch):
    monkeypatch.setattr(twin, "BATCH", 1_000)
    loop = Loop(Gaussian(), Replace(n=10))
    values = twin.simulate(loop, (2,), 300, ["variance"], seed)[0, :, 0]
    assert np.unique(values).size == 300


def test_unbiased_divides_by_one_less(seed):
    mle, unbiased = (
        twin.simulate(Loop(Gaussian(estimator=e), Replace(n=2)), (1,), 50, ["variance"], seed)
        for e in ("mle", "unbiased")
    )
    np.testing.assert_allclose(unbiased, 2 * mle)
