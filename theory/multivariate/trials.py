"""The loops on which theorems about multivariate Gaussians are tried; equal loops share one simulation."""

import numpy as np

from modelcollapse.theory.loop import Loop
from modelcollapse.theory.multivariate.family import MultivariateGaussian
from modelcollapse.theory.regimes import (
    Accumulate,
    AccumulateSubsample,
    FixedReal,
    Fresh,
    Mixture,
    Replace,
    Weighted,
)

_COVARIANCE = [[4.0, 1.2, 0.5], [1.2, 1.0, -0.2], [0.5, -0.2, 0.5]]
TRUTH = MultivariateGaussian([1.0, -2.0, 0.5], _COVARIANCE)
OTHER = MultivariateGaussian([1.0, -2.0, 0.5], _COVARIANCE, estimator="unbiased")
MLE = Loop(TRUTH, Replace(n=8))
UNBIASED = Loop(OTHER, Replace(n=8))
SCHEDULE = Loop(TRUTH, Replace(n=(9, 7, 12, 8)))
LARGER = Loop(TRUTH, Replace(n=24))
LARGER_UNBIASED = Loop(OTHER, Replace(n=24))
LARGER_SCHEDULE = Loop(TRUTH, Replace(n=(24, 30, 22)))
FEW = Loop(MultivariateGaussian(np.zeros(4)), Replace(n=(7, 4, 5, 3, 6)))
ACCUMULATE = Loop(TRUTH, Accumulate(n=(5, 3, 6, 4)))
#: A loop of each regime, with a schedule: other theorems are tried on them too.
REGIMES = (
    SCHEDULE,
    ACCUMULATE,
    Loop(TRUTH, AccumulateSubsample(n=(8, 5, 6))),
    Loop(TRUTH, Fresh(n_real=(2, 3, 2, 2), n_synthetic=(4, 5, 4, 6))),
    Loop(TRUTH, FixedReal(n_real=5, n_synthetic=(1, 5, 3, 8))),
    Loop(TRUTH, Mixture(n=(6, 9, 7, 6), real_share=0.25)),
    Loop(TRUTH, Weighted(n_real=(3, 4, 5, 4), n_synthetic=(4, 3, 6, 5), weight=0.6)),
)


def initial_covariance(loop: Loop) -> np.ndarray:
    r"""$\Sigma_0$ in float64 whatever the process's precision."""
    factor, log_pivots = (
        np.asarray(x, np.float64) for x in (loop.truth.factor, loop.truth.log_pivots)
    )
    return (factor * np.exp(log_pivots)) @ factor.T
