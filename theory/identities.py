"""Identities that hold for every loop of maximum-likelihood fits, with no parameters at all."""

from typing import Any

import numpy as np

from modelcollapse.theory.categorical import trials
from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.steps import has_degrees, horizon, initial_variance
from modelcollapse.theory.ledger import Row, Where, Wrong, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.multivariate.family import MultivariateGaussian, is_regular
from modelcollapse.theory.multivariate.trials import REGIMES as _SEVERAL_DIMENSIONS
from modelcollapse.theory.multivariate.trials import initial_covariance
from modelcollapse.theory.observables import (
    CrossEntropy,
    MeanError,
    TotalSecondMoment,
    W2Balance,
)
from modelcollapse.theory.regimes import (
    Accumulate,
    AccumulateSubsample,
    FixedReal,
    Fresh,
    Mixture,
    Replace,
    Weighted,
)


def _pooled_maximum_likelihood(loop: Loop) -> bool:
    return loop.regime.pooled and getattr(loop.truth, "estimator", "mle") == "mle"


_ANY_POOLED_MLE = Where(
    family=Gaussian,
    estimator="mle",
    also=_pooled_maximum_likelihood,
    assuming="maximum likelihood on any pooled sample",
)


def _has_unbiased_variance(loop: Loop) -> bool:
    """Whether the divisor n - 1 is positive; only weights can leave it at zero, with enough draws."""
    unbiased = loop.truth.estimator == "unbiased"
    return not isinstance(loop.regime, Weighted) or has_degrees(loop, 1, unbiased)


def _everywhere(value: Any, loop: Loop, t: Any) -> np.ndarray:
    """`value` at the generations `t`; `ValueError` if some training set up to then is too small, or
    not listed."""
    loop.training_sizes(horizon(t))
    return np.full(np.shape(t), value)


def _spent(loop: Loop, t: Any) -> np.ndarray:
    """1/N_t, the share of the variance that the last fit alone gives up."""
    totals = loop.training_sizes(int(np.max(t)))
    return 1 / totals[np.asarray(t).astype(int) - 1]


def _total_variance(loop: Loop) -> Any:
    """The truth's variance, or the trace of its covariance."""
    if isinstance(loop.truth, MultivariateGaussian):
        return np.trace(initial_covariance(loop))
    return initial_variance(loop)


_variance_alone = Wrong(
    "the mean's error forgotten",
    lambda predict, loop, t: np.asarray(predict(loop, t)) - _total_variance(loop) * _spent(loop, t),
)
_bias_added = Wrong(
    "as if the variance were unbiased",
    lambda predict, loop, t: np.asarray(predict(loop, t)) + _total_variance(loop) * _spent(loop, t),
)


def _degrees_of_freedom(loop: Loop) -> int:
    if isinstance(loop.truth, MultivariateGaussian):
        d = loop.truth.dimension
        return d + d * (d + 1) // 2
    return loop.truth.categories - 1 if isinstance(loop.truth, Categorical) else 2


_entropy_itself = Wrong(
    "the entropy of the fit for its cross-entropy, to first order",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t)) - _degrees_of_freedom(loop) / 2 * _spent(loop, t)
    ),
)
_overshoot = Wrong(
    "the divergence counted twice, to first order",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t)) + _degrees_of_freedom(loop) / 2 * _spent(loop, t)
    ),
)
_root_mean_square = Wrong(
    "the standard error of the first fit for its mean",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t)) + np.sqrt(initial_variance(loop) * _spent(loop, np.ones(1)))
    ),
)

# Loops that the families' own theorems are tried on too: equal loops share one simulation.
_TRUTH = Gaussian(1.0, 4.0)
_GAUSSIAN = (
    Loop(_TRUTH, Replace(n=(4, 7, 5, 9))),
    Loop(_TRUTH, Accumulate(n=(4, 2, 5, 3))),
    Loop(_TRUTH, AccumulateSubsample(n=(8, 5, 6))),
    Loop(_TRUTH, Fresh(n_real=(2, 3, 2, 2), n_synthetic=(2, 5, 4, 6))),
    Loop(_TRUTH, FixedReal(n_real=4, n_synthetic=(1, 5, 3, 8))),
    Loop(_TRUTH, Mixture(n=(6, 9, 7, 6), real_share=0.25)),
    Loop(_TRUTH, Weighted(n_real=(3, 2, 4, 3), n_synthetic=(4, 3, 6, 2), weight=0.6)),
)
_UNBIASED = Loop(Gaussian(1.0, 4.0, estimator="unbiased"), Replace(n=(4, 7, 5, 9)))
_CATEGORICAL = (
    trials.REPLACE,
    trials.REPLACE_SCHEDULE,
    trials.ACCUMULATE,
    trials.ACCUMULATE_SCHEDULE,
    trials.SUBSAMPLE,
    trials.SUBSAMPLE_SCHEDULE,
    trials.FRESH,
    trials.FRESH_SCHEDULE,
    trials.FIXED_REAL,
    trials.FIXED_REAL_SCHEDULE,
    trials.MIXTURE,
    trials.MIXTURE_SCHEDULE,
)


def _rows(loops: Any, wrong: tuple[Wrong, ...], generations: tuple[int, ...] = (1, 3)) -> list[Row]:
    return [Row(loop, generations, wrong) for loop in loops]


@theorem(
    observable=TotalSecondMoment(),
    gives="identity",
    where=Where(
        family=(Gaussian, MultivariateGaussian),
        estimator="mle",
        also=_pooled_maximum_likelihood,
        assuming="maximum likelihood on any pooled sample",
    ),
    source=("shumailov2024", "alemohammad2024"),
    derived_here=True,
    proof="coq:pooled_conservation",
    rows=_rows((*_GAUSSIAN, *_SEVERAL_DIMENSIONS), (_variance_alone, _bias_added)),
)
def gaussian_conservation(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2+\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2$ at every generation: what the variance loses, the error of the mean gains; in several dimensions $\mathbb E\,\mathrm{tr}\,\Sigma_t+\mathbb E\lVert\mu_t-\mu_0\rVert^2=\mathrm{tr}\,\Sigma_0$. Assumes maximum likelihood on a pooled sample without sampling bias."""
    return _everywhere(_total_variance(loop), loop, t)


@theorem(
    observable=W2Balance(),
    gives="identity",
    where=_ANY_POOLED_MLE,
    source=("shumailov2024", "alemohammad2024"),
    derived_here=True,
    proof="coq:w2_balance",
    rows=_rows(_GAUSSIAN, (_variance_alone, _bias_added)),
)
def gaussian_w2_balance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E[W_2^2(p_t,p_0)+2\sigma_0\sigma_t]=2\sigma_0^2$, so $\mathbb E\,W_2^2=2\sigma_0(\sigma_0-\mathbb E\,\sigma_t)\le2\sigma_0^2$. Assumes maximum likelihood on a pooled sample without sampling bias."""
    return _everywhere(2 * initial_variance(loop), loop, t)


@theorem(
    observable=CrossEntropy(),
    gives="identity",
    where=Where(
        family=(Gaussian, MultivariateGaussian, Categorical),
        also=lambda loop: _pooled_maximum_likelihood(loop) and is_regular(loop),
        assuming="maximum likelihood on any pooled sample, a regular truth",
    ),
    source=("shumailov2024", "alemohammad2024"),
    derived_here=True,
    proof="coq:cross_entropy_balance",
    rows=_rows((*_GAUSSIAN, *_SEVERAL_DIMENSIONS, *_CATEGORICAL), (_entropy_itself, _overshoot)),
)
def entropy_balance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E[H(p_t)+\mathrm{KL}(p_t\|p_0)]=H(p_0)$ for an exponential family with constant base measure: the expected divergence from the truth equals the expected entropy lost. Assumes maximum likelihood on a pooled sample without sampling bias."""
    if isinstance(loop.truth, Categorical):
        p = np.asarray(loop.truth.probabilities, dtype=np.float64)
        entropy = -np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0))
    elif isinstance(loop.truth, MultivariateGaussian):
        log_determinant = np.asarray(loop.truth.log_pivots, np.float64).sum()
        entropy = 0.5 * (loop.truth.dimension * (np.log(2 * np.pi) + 1) + log_determinant)
    else:
        entropy = 0.5 * (np.log(2 * np.pi) + 1 + np.log(initial_variance(loop)))
    return _everywhere(entropy, loop, t)


@theorem(
    observable=MeanError(),
    where=Where(
        family=Gaussian,
        also=_has_unbiased_variance,
        assuming="for the unbiased variance with weights, w^2/n_r + (1-w)^2/n_s < 1, listed",
    ),
    source="shumailov2024",
    proof="coq:pooled_martingale",
    rows=_rows((*_GAUSSIAN, _UNBIASED), (_root_mean_square,)),
)
def gaussian_mean_is_unbiased(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mu_t=\mu_0$ under every regime and for both estimators, by symmetry."""
    return _everywhere(0.0, loop, t)
