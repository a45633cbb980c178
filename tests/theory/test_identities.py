"""The identities, compared with the closed forms of each regime and with raw data."""

import numpy as np
import pytest

from modelcollapse.theory import (
    Accumulate,
    Categorical,
    Fresh,
    Gaussian,
    Loop,
    Replace,
    Weighted,
    find,
)
from modelcollapse.theory.ledger import LEDGER
from modelcollapse.theory.observables import (
    CrossEntropy,
    MeanError,
    TotalSecondMoment,
    Variance,
    W2Balance,
    W2Squared,
)

T = np.arange(5)
MLE = Gaussian(1.0, 4.0)
UNBIASED = Gaussian(1.0, 4.0, estimator="unbiased")


def test_values():
    loop = Loop(MLE, Replace(5))
    np.testing.assert_allclose(LEDGER["gaussian_conservation"](loop, T), 4)
    np.testing.assert_allclose(LEDGER["gaussian_w2_balance"](loop, T), 8)
    np.testing.assert_allclose(
        LEDGER["entropy_balance"](loop, T), 0.5 * np.log(2 * np.pi * np.e * 4)
    )
    uniform = Loop(Categorical((0.25,) * 4), Replace(5))
    np.testing.assert_allclose(LEDGER["entropy_balance"](uniform, T), np.log(4))


@pytest.mark.parametrize("regime", [Replace(5), Accumulate(4), Fresh(2, 5)])
def test_the_moments_of_each_regime_conserve(regime):
    loop = Loop(MLE, regime)
    (variance,) = find(loop, Variance())
    error = next(entry for entry in find(loop, MeanError()) if entry.gives == "second moment")
    total = variance(loop, T) + error(loop, T)
    np.testing.assert_allclose(total, LEDGER["gaussian_conservation"](loop, T), rtol=1e-12)


@pytest.mark.parametrize("regime", [Replace((5, 7, 4, 6)), Accumulate((5, 7, 4, 6))])
def test_w2_and_the_standard_deviation_balance(regime):
    loop = Loop(MLE, regime)
    (w2,) = find(loop, W2Squared())
    name = f"gaussian_{type(regime).__name__.lower()}_standard_deviation"
    balance = w2(loop, T) + 2 * 2 * LEDGER[name](loop, T)
    np.testing.assert_allclose(balance, LEDGER["gaussian_w2_balance"](loop, T), rtol=1e-12)


@pytest.mark.parametrize("observable", [TotalSecondMoment(), W2Balance(), CrossEntropy()])
def test_the_unbiased_variance_is_outside(observable):
    assert find(Loop(MLE, Replace(5)), observable)
    assert not find(Loop(UNBIASED, Replace(5)), observable)


def test_no_unbiased_variance_of_one_effective_draw():
    """All weight on a single real draw: the sum of squares and its divisor are zero, and the mean of
    the next generation is not a number."""
    assert find(Loop(MLE, Weighted(1, 5, weight=1.0)), MeanError())
    for regime in (Weighted(1, 5, weight=1.0), Weighted((4, 1), 5, weight=1.0)):
        assert not find(Loop(UNBIASED, regime), MeanError())
    for regime in (Weighted(1, 5, weight=0.9), Weighted(2, 5, weight=1.0)):
        assert "gaussian_mean_is_unbiased" in [
            entry.name for entry in find(Loop(UNBIASED, regime), MeanError())
        ]


@pytest.mark.parametrize(
    "name",
    [
        "gaussian_conservation",
        "gaussian_w2_balance",
        "entropy_balance",
        "gaussian_mean_is_unbiased",
    ],
)
def test_no_identity_without_a_fit(name):
    """A later training set of one draw, and a schedule that ends, are refused as by other theorems."""
    loop = Loop(MLE, Replace((4, 1, 3)))
    assert np.isfinite(LEDGER[name](loop, np.arange(2))).all()
    with pytest.raises(ValueError, match="needs at least 2"):
        LEDGER[name](loop, 2)
    with pytest.raises(ValueError, match="lists 2 generations"):
        LEDGER[name](Loop(MLE, Replace((4, 5))), 3)
