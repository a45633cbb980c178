"""Between which values an observable must lie, whatever the chain does.

An observable that is not listed is taken as unbounded, which is always safe.
"""

import functools
import math
from typing import Any

import numpy as np

from modelcollapse.sims.verdicts.pvalue import UNBOUNDED, Bounds
from modelcollapse.theory import Categorical
from modelcollapse.theory.observables import (
    AtMost,
    CrossEntropy,
    Determinant,
    EffectiveRank,
    Entropy,
    Frequencies,
    Heterozygosity,
    KLFromTruth,
    KLToTruth,
    Power,
    Rank,
    Returned,
    SquaredMeanError,
    SquaredNorm,
    Support,
    SurvivalByRank,
    SurvivingMass,
    TotalSecondMoment,
    TotalVariance,
    Variance,
    W2Balance,
    W2Squared,
)

_POSITIVE: Bounds = (0.0, math.inf)


@functools.singledispatch
def bounds(observable: Any, truth: Any) -> Bounds:
    """The smallest interval known to hold every value of the observable under this truth."""
    return UNBOUNDED


@bounds.register(Variance)
@bounds.register(W2Squared)
@bounds.register(W2Balance)
@bounds.register(TotalSecondMoment)
@bounds.register(KLFromTruth)
@bounds.register(Determinant)
@bounds.register(SquaredMeanError)
@bounds.register(SquaredNorm)
@bounds.register(TotalVariance)
def _positive(observable: Any, truth: Any) -> Bounds:
    return _POSITIVE


@bounds.register(AtMost)
@bounds.register(SurvivalByRank)
@bounds.register(SurvivingMass)
@bounds.register(Frequencies)
def _share(observable: Any, truth: Any) -> Bounds:
    return (0.0, 1.0)


@bounds.register
def _heterozygosity(observable: Heterozygosity, truth: Any) -> Bounds:
    return (0.0, 1 - 1 / truth.categories)


@bounds.register
def _support(observable: Support, truth: Any) -> Bounds:
    return (1.0, float(_alive(truth).size))


@bounds.register
def _rank(observable: Rank, truth: Any) -> Bounds:
    return (0.0, float(truth.dimension))


@bounds.register
def _effective_rank(observable: EffectiveRank, truth: Any) -> Bounds:
    return (1.0, float(truth.dimension))


@bounds.register
def _returned(observable: Returned, truth: Any) -> Bounds:
    return (0.0, float(_alive(truth).size))


@bounds.register
def _entropy(observable: Entropy, truth: Any) -> Bounds:
    if not isinstance(truth, Categorical):
        return UNBOUNDED
    return (0.0, math.log(_alive(truth).size))


@bounds.register
def _kl_to_truth(observable: KLToTruth, truth: Any) -> Bounds:
    if not isinstance(truth, Categorical):
        return _POSITIVE
    return (0.0, -math.log(_alive(truth).min()))


@bounds.register
def _cross_entropy(observable: CrossEntropy, truth: Any) -> Bounds:
    if not isinstance(truth, Categorical):
        return UNBOUNDED
    alive = _alive(truth)
    return (-math.log(alive.max()), -math.log(alive.min()))


@bounds.register
def _power(observable: Power, truth: Any) -> Bounds:
    low, high = bounds(observable.of, truth)
    exponent = observable.exponent
    if exponent <= 0:
        return UNBOUNDED
    if low >= 0:
        return (low**exponent, high**exponent)
    if exponent % 2 == 0:
        return (0.0, max(-low, high) ** exponent)
    return UNBOUNDED


def _alive(truth: Any) -> np.ndarray:
    probabilities = np.asarray(truth.probabilities, dtype=np.float64)
    return probabilities[probabilities > 0]
