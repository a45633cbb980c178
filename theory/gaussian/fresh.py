r"""The Gaussian with fresh real data every generation, pooled with the latest model's output.

With $N=n_r+n_s$, $\beta=n_s/N$, $M_t=\mathbb E(\mu_t-\mu_0)^2$, $V_t=\mathbb E\,\sigma_t^2$ in units
of $\sigma_0^2$ and $d=0$ (MLE) or 1 (unbiased, divisor $N-1$), exactly and for any schedule:
$M_t=\beta^2M_{t-1}+(1-\beta+\beta V_{t-1})/N$ and
$V_t=\frac{N}{N-d}[1-\beta+\beta(V_{t-1}+M_{t-1})-M_t]$.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.recursion import affine_recursion
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    horizon,
    initial_variance,
    pick,
    require_draws,
    require_estimator,
    size_of,
)
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    fewer_draws,
    off_by_one,
    other_estimator,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import MeanError, Variance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Fresh


def pooled_step(n: Any, beta: Any, estimator: str) -> tuple[Any, Any]:
    """Matrix and shift of the recursion for (M, V) with `n` draws, a share `beta` synthetic."""
    require_estimator(estimator)
    m_from_m, m_from_v = beta**2, beta / n
    correction = jnp.ones_like(n) if estimator == "mle" else n / (n - 1)
    matrix = [
        [m_from_m, m_from_v],
        [correction * (beta - m_from_m), correction * (beta - m_from_v)],
    ]
    shift = [(1 - beta) / n, correction * (1 - beta) * (1 - 1 / n)]
    rows = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in (*matrix, shift)]
    return jnp.stack(rows[:2], axis=-2), rows[2]


def _pooled(n_real: Any, n_synthetic: Any, least: int) -> Any:
    """Sizes of the training sets; `ValueError` for negative counts or fewer draws than `least`."""
    require_draws(n_real, 0, "n_real")
    require_draws(n_synthetic, 0, "n_synthetic")
    pooled = n_real + n_synthetic
    require_draws(pooled, least, "n_real + n_synthetic")
    return pooled


def _states(n_real: Any, n_synthetic: Any, t: Any, estimator: str) -> Any:
    generations = horizon(t)
    real, synthetic = (as_schedule(n, generations) for n in (n_real, n_synthetic))
    pooled = _pooled(real, synthetic, 2)
    matrix, shift = pooled_step(pooled, synthetic / pooled, estimator)
    return pick(affine_recursion(matrix, shift, jnp.array([0.0, 1.0])), t)


@float64
def variance(
    n_real: Any, n_synthetic: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$ by the recursion above; for the MLE $V=1-M$.

    **Arguments:** `n_real` and `n_synthetic` draws a generation, numbers or schedules (at
    generation 1 all are real); generations `t`; the initial `variance`. **Returns:** float64, the
    shape of `t`.
    """
    return variance * _states(n_real, n_synthetic, t, estimator)[..., 1]


@float64
def mean_error_second_moment(
    n_real: Any, n_synthetic: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$; for the MLE at constant sizes
    $M_t=M_\infty(1-\rho^t)$, $\rho=\beta^2-\beta/N$, which also allows real `t`."""
    if estimator == "mle" and jnp.ndim(n_real) == 0 and jnp.ndim(n_synthetic) == 0:
        pooled = _pooled(n_real, n_synthetic, 2)
        beta = n_synthetic / pooled
        rate = beta**2 - beta / pooled
        return variance / (pooled * (1 - rate)) * (1 - rate**t)
    return variance * _states(n_real, n_synthetic, t, estimator)[..., 0]


@float64
def stationary(
    n_real: Any, n_synthetic: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""The limits $\sigma_0^2M_\infty$ and $\sigma_0^2V_\infty$ of the mean's error and of the variance,
    a pair; for the MLE $M_\infty=1/(n_r(1+\beta)+\beta)$ and $V_\infty=1-M_\infty$. With
    $D=(n_r-d)(1+\beta)+\beta$ in general $M_\infty=[\beta n_r+(n_r-d)(1-\beta)]/(n_rD)$ and
    $V_\infty=[n_r(1+\beta)-(1-\beta)]/D$. Constant sizes, `n_real >= 1`."""
    require_draws(n_real, 1, "n_real")
    pooled = _pooled(n_real, n_synthetic, 2)
    require_estimator(estimator)
    d = 0 if estimator == "mle" else 1
    beta = n_synthetic / pooled
    scale = (n_real - d) * (1 + beta) + beta
    error = (beta * n_real + (n_real - d) * (1 - beta)) / (n_real * scale)
    return variance * error, variance * (n_real * (1 + beta) - (1 - beta)) / scale


@float64
def one_migrant(n_real: Any) -> Any:
    r"""$1/(1+2n_r)$: the share of the variance lost for ever with `n_real` real draws a generation
    and unboundedly many synthetic ones. One real draw keeps two thirds of the variance (Wright's
    $F_{ST}=1/(1+2Nm)$)."""
    require_draws(n_real, 0, "n_real")
    return 1 / (1 + 2 * n_real)


@float64
def effective_real_size(n_real: Any, n_synthetic: Any) -> Any:
    r"""Real draws that would give alone the stationary error of the mean (MLE):
    $n_e=n_r(1+\beta)+\beta$."""
    beta = n_synthetic / _pooled(n_real, n_synthetic, 1)
    return n_real * (1 + beta) + beta


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {
        "n_real": size_of(loop, t, "n_real"),
        "n_synthetic": size_of(loop, t, "n_synthetic"),
        "t": t,
        "estimator": loop.truth.estimator,  # pyright: ignore[reportAttributeAccessIssue]
        "variance": initial_variance(loop),
    }


def _share_of_regime(loop: Loop) -> tuple[Any, Any]:
    pooled = loop.regime.n_real + loop.regime.n_synthetic  # pyright: ignore[reportAttributeAccessIssue]
    return loop.regime.n_synthetic / pooled, pooled  # pyright: ignore[reportAttributeAccessIssue]


def _error_with_rate(rate: Any) -> Any:
    def value(predict: Any, loop: Loop, t: Any) -> Any:
        beta, pooled = _share_of_regime(loop)
        r = rate(beta, pooled)
        return initial_variance(loop) * (1 - r ** np.asarray(t)) / (pooled * (1 - r))

    return value


_WHERE = Where(family=Gaussian, regime=Fresh)
_MLE = Loop(Gaussian(), Fresh(n_real=2, n_synthetic=6))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), Fresh(n_real=2, n_synthetic=6))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), Fresh(n_real=(2, 3, 2, 2), n_synthetic=(2, 5, 4, 6)))
_SCHEDULE_UNBIASED = Loop(
    Gaussian(1.0, 4.0, estimator="unbiased"),
    Fresh(n_real=(3, 4, 3, 3), n_synthetic=(4, 6, 5, 7)),
)
_beta_for_square = Wrong(
    "beta for beta squared", _error_with_rate(lambda beta, pooled: beta - beta / pooled)
)
_fixed_noise = Wrong(
    "synthetic draws with the true variance", _error_with_rate(lambda beta, pooled: beta**2)
)
_one_minus_beta = Wrong(
    "beta for beta squared",
    lambda predict, loop, t: (
        initial_variance(loop) - np.asarray(_beta_for_square.value(predict, loop, t))
    ),
)
_one_minus_noise = Wrong(
    "synthetic draws with the true variance",
    lambda predict, loop, t: (
        initial_variance(loop) - np.asarray(_fixed_noise.value(predict, loop, t))
    ),
)


@theorem(
    observable=Variance(),
    where=_WHERE,
    source=("alemohammad2024", "wright1931"),
    derived_here=True,
    proof="algebra:fresh",
    rows=[
        Row(_MLE, (1, 2, 3), (off_by_one, other_estimator, fewer_draws), 2**20),
        Row(_MLE, (3, 10), (_one_minus_beta, _one_minus_noise, other_estimator), 2**20),
        Row(_UNBIASED, (2, 3, 10), (other_estimator,), 2**20),
        Row(_SCHEDULE, (2, 3, 4), (other_estimator, fewer_draws), 2**20),
    ],
)
def gaussian_fresh_variance(loop: Loop, t: Any) -> Any:
    r"""$V_t=\mathbb E\,\sigma_t^2/\sigma_0^2$ and $M_t=\mathbb E(\mu_t-\mu_0)^2/\sigma_0^2$ follow $M_t=\beta^2M_{t-1}+(1-\beta+\beta V_{t-1})/N$, $V_t=\frac N{N-d}[1-\beta+\beta(V_{t-1}+M_{t-1})-M_t]$, $d=0$ for maximum likelihood (where $V=1-M$) and 1 for the unbiased variance; at constant sizes $V_\infty=1-1/(n_r(1+\beta)+\beta)$ for maximum likelihood."""
    return variance(**_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source=("alemohammad2024", "wright1931"),
    derived_here=True,
    proof="algebra:fresh",
    rows=[
        Row(_MLE, (1, 2, 3), (off_by_one, fewer_draws), 2**19),
        Row(_MLE, (3, 10), (_beta_for_square, _fixed_noise, other_estimator), 2**19),
        Row(_UNBIASED, (3, 10), (other_estimator, fewer_draws), 2**19),
        Row(_SCHEDULE, (1, 2, 3, 4), (fewer_draws,), 2**19),
        Row(_SCHEDULE_UNBIASED, (3, 4), (fewer_draws, other_estimator), 2**19),
    ],
)
def gaussian_fresh_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$ with $M_t=\beta^2M_{t-1}+(1-\beta+\beta V_{t-1})/N$; for maximum likelihood $M_t=1/N+(\beta^2-\beta/N)M_{t-1}$, with the limit $1/(n_r(1+\beta)+\beta)$."""
    return mean_error_second_moment(**_draws(loop, t))
