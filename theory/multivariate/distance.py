"""How far a multivariate Gaussian is from its truth: the Wasserstein distance between two bounds."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.steps import require_draws, size_of, total
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    ahead,
    fewer_draws,
    half_exponent,
    more_draws,
    off_by_one,
    other_estimator,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.multivariate import replace, trials
from modelcollapse.theory.multivariate.family import MultivariateGaussian
from modelcollapse.theory.multivariate.projection import in_one_dimension, sum_over_directions
from modelcollapse.theory.observables import MeanError, W2Squared
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Replace


@float64
def w2_squared_upper(n: Any, t: Any, eigenvalues: Any, *, estimator: str = "mle") -> Any:
    r"""$2\sum_k\lambda_k(1-r_{t,k})$ (MLE), plus $\sum_k\lambda_k\sum_{s\le t}1/n_s$ (unbiased), at least
    $\mathbb E\,W_2^2(p_t,p_0)$ under replace, with
    $r_{t,k}=\prod_{s\le t}\sqrt{2/c_s}\,\Gamma((\nu_s-k+1)/2)/\Gamma((\nu_s-k)/2)$ for the eigenvalues
    $\lambda_0\ge\lambda_1\ge\dots$ of $\Sigma_0$; $r_{t,k}=0$ once some $\nu_s\le k$.

    **Arguments:** draws a generation `n >= 2`, a number or a schedule; generations `t`; the
    `eigenvalues`, shape `(d,)`, in any order. **Returns:** the shape of `t`. In one dimension it is
    the mean itself.
    """
    require_draws(n, 2)
    eigenvalues = jnp.sort(eigenvalues)[::-1]
    log_roots = replace.log_mean_roots(n, t, eigenvalues.size, estimator=estimator)
    loss = -2 * (eigenvalues * jnp.expm1(log_roots)).sum(-1)
    if estimator == "unbiased":
        loss = loss + eigenvalues.sum() * total(lambda size: 1 / size, n, t)
    return loss


def _upper(loop: Loop, t: Any) -> Any:
    # A singular truth may have an eigenvalue of -1e-17.
    eigenvalues = np.maximum(np.linalg.eigvalsh(trials.initial_covariance(loop)), 0)
    return w2_squared_upper(size_of(loop, t), t, eigenvalues, estimator=loop.truth.estimator)


def _lower(loop: Loop, t: Any) -> Any:
    return sum_over_directions(loop, t, W2Squared(), "mean")


def _mean_error(loop: Loop, t: Any) -> Any:
    return sum_over_directions(loop, t, MeanError(), "second moment")


_one_too_many = Wrong(
    "one generation too many", lambda predict, loop, t: predict(loop, np.asarray(t) + 1)
)
_error_twice = Wrong(
    "the mean's error counted twice",
    lambda predict, loop, t: np.asarray(predict(loop, t)) + _mean_error(loop, t),
)
_largest_for_all = Wrong(
    "the largest variance for every direction",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t))
        * loop.truth.dimension
        * np.linalg.norm(trials.initial_covariance(loop), 2)
        / np.trace(trials.initial_covariance(loop))
    ),
)
_error_forgotten = Wrong(
    "the mean's error forgotten",
    lambda predict, loop, t: np.asarray(predict(loop, t)) - _mean_error(loop, t),
)
_first_for_all = Wrong(
    "n - 1 degrees of freedom for every pivot", lambda predict, loop, t: _lower(loop, t)
)


@theorem(
    observable=W2Squared(),
    kind="bound",
    side="lower",
    where=Where(
        family=MultivariateGaussian,
        also=lambda loop: in_one_dimension(loop, W2Squared(), "mean") is not None,
        assuming="the same loop in one dimension has an exact mean distance",
    ),
    source="shumailov2024",
    derived_here=True,
    rows=[
        Row(trials.MLE, (1, 2, 3), (_one_too_many, _error_twice, _largest_for_all), 2**17),
        Row(trials.UNBIASED, (1, 2, 3), (_one_too_many, _error_twice, _largest_for_all), 2**17),
        Row(trials.SCHEDULE, (1, 2, 3), (_one_too_many, _error_twice, _largest_for_all, ahead), 2**17),
        Row(trials.ACCUMULATE, (1, 2, 3), (_error_twice, _largest_for_all, fewer_draws), 2**17),
    ],
)  # fmt: skip
def multivariategaussian_w2_squared_lower(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)\ge w_t\,\mathrm{tr}\,\Sigma_0$ with $w_t$ the mean distance of the same loop in one dimension with truth $N(0,1)$: no coupling brings two laws closer than their projections. Under replace with the unbiased covariance and constant n it grows without bound, and so does the left side."""
    return _lower(loop, t)


@theorem(
    observable=W2Squared(),
    kind="bound",
    side="upper",
    where=Where(family=MultivariateGaussian, regime=Replace),
    source=("anderson2003", "shumailov2024"),
    derived_here=True,
    rows=[
        Row(trials.MLE, (1, 2, 3), (off_by_one, half_exponent, more_draws, _error_forgotten, _first_for_all), 2**17),
        Row(trials.UNBIASED, (1, 2, 3), (off_by_one, more_draws, _error_forgotten, _first_for_all, other_estimator), 2**18),
        Row(trials.SCHEDULE, (1, 2, 3), (off_by_one, more_draws, ahead, _first_for_all), 2**18),
        Row(trials.FEW, (1, 2, 3, 4, 5), (off_by_one, _first_for_all), 2**15),
    ],
)  # fmt: skip
def multivariategaussian_replace_w2_squared_upper(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)\le2\sum_k\lambda_k(1-r_{t,k})$ for maximum likelihood, $r_{t,k}=\prod_{s\le t}\sqrt{2/c_s}\,\Gamma((\nu_s-k+1)/2)/\Gamma((\nu_s-k)/2)$ and zero once some $\nu_s\le k$, for the eigenvalues $\lambda_0\ge\dots\ge\lambda_{d-1}$ of $\Sigma_0$: the cost of driving both models by the same normals through their Cholesky factors; $\mathrm{tr}\,\Sigma_0\sum_{s\le t}1/n_s$ is added for the unbiased covariance."""
    return _upper(loop, t)
