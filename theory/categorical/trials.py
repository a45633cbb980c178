"""Loops on which the categorical theorems are tried, and slips of the pen that they have in common.

Equal loops share one simulation, so there are few of them. Sizes are small and generations early:
there a wrong formula stands out with few chains.
"""

import dataclasses

import numpy as np

from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.ledger import Wrong
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.regimes import (
    Accumulate,
    AccumulateSubsample,
    FixedReal,
    Fresh,
    Mixture,
    Replace,
)

#: Chains for the loops on which some theorem has a near miss; all rows of a loop ask for the same
#: number, to share its simulation.
MANY = 2**18

TRUTH = Categorical([0.45, 0.25, 0.15, 0.1, 0.05])
REPLACE = Loop(TRUTH, Replace(n=6))
REPLACE_SCHEDULE = Loop(TRUTH, Replace(n=(8, 5, 14, 6, 20, 4, 10, 7)))
LARGER = Loop(TRUTH, Replace(n=12))
LARGER_SCHEDULE = Loop(TRUTH, Replace(n=(12, 20, 10, 30, 15, 25)))
ACCUMULATE = Loop(TRUTH, Accumulate(n=3))
ACCUMULATE_SCHEDULE = Loop(TRUTH, Accumulate(n=(4, 9, 3, 12, 6, 2, 8, 5)))
SUBSAMPLE = Loop(TRUTH, AccumulateSubsample(n=4))
SUBSAMPLE_SCHEDULE = Loop(TRUTH, AccumulateSubsample(n=(4, 9, 3, 12, 2, 8, 5, 10)))
FRESH = Loop(TRUTH, Fresh(n_real=2, n_synthetic=4))
FRESH_SCHEDULE = Loop(
    TRUTH, Fresh(n_real=(3, 1, 2, 1, 4, 2, 1, 3), n_synthetic=(5, 9, 4, 8, 3, 10, 6, 7))
)
MIXTURE = Loop(TRUTH, Mixture(n=8, real_share=0.2))
MIXTURE_SCHEDULE = Loop(TRUTH, Mixture(n=(6, 12, 4, 14, 5, 10, 3, 9), real_share=0.2))
FIXED_REAL = Loop(TRUTH, FixedReal(n_real=4, n_synthetic=8))
# The synthetic draws' own noise is largest where they are as many as the real ones.
FIXED_REAL_SCHEDULE = Loop(TRUTH, FixedReal(n_real=4, n_synthetic=(30, 4, 40, 3, 50, 4, 30, 5)))


def _doubled(loop: Loop) -> Loop:
    regime = loop.regime
    fields = {field.name: getattr(regime, field.name) for field in dataclasses.fields(regime)}
    for name in ("n", "n_real", "n_synthetic"):
        if isinstance(fields.get(name), tuple):
            fields[name] = tuple(2 * size for size in fields[name])
        elif name in fields:
            fields[name] = 2 * fields[name]
    return Loop(loop.truth, type(regime)(**fields), channel=loop.channel)


#: Sizes counted as in textbooks of genetics, where a diploid population of N has 2N gene copies.
doubled = Wrong("2n for n (diploid)", lambda predict, loop, t, *at: predict(_doubled(loop), t, *at))
#: One generation of drift too many, as when $A_t$ stands for $A_{t-1}$.
one_too_many = Wrong(
    "A_t for A_{t-1}", lambda predict, loop, t, *at: predict(loop, np.asarray(t) + 1, *at)
)


def probabilities(loop: Loop) -> np.ndarray:
    """The truth's probabilities as float64."""
    return np.asarray(loop.truth.probabilities, dtype=np.float64)  # pyright: ignore[reportAttributeAccessIssue]


def initial_heterozygosity(loop: Loop) -> float:
    r"""$H_0=1-\sum_kp_k^2$ of the loop's truth."""
    return float(1 - (probabilities(loop) ** 2).sum())
