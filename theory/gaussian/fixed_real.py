r"""The Gaussian with the same real draws for ever, pooled with the latest model's output.

Given the real draws, with mean $m_r$ and ML variance $v_r$, they act as a truth without sampling
noise: with $D_t=\mathbb E(\mu_t-m_r)^2/v_r$, $V_t=\mathbb E\,\sigma_t^2/v_r$, $N=n_r+n_s$,
$\beta=n_s/N$ and $d=0$ (MLE) or 1 (unbiased), exactly and for any schedule of $n_s$,
$D_t=\beta^2D_{t-1}+\beta V_{t-1}/N$ and $V_t=\frac N{N-d}[1-\beta+\beta(V_{t-1}+D_{t-1})-D_t]$ from
$D_1=0$, $V_1=n_r/(n_r-d)$.
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
from modelcollapse.theory.regimes import FixedReal


def _step(n: Any, beta: Any, correction: Any) -> tuple[Any, Any]:
    d_from_d, d_from_v = beta**2, beta / n
    rows = [
        (d_from_d, d_from_v),
        (correction * (beta - d_from_d), correction * (beta - d_from_v)),
        (jnp.zeros_like(n), correction * (1 - beta)),
    ]
    stacked = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in rows]
    return jnp.stack(stacked[:2], axis=-2), stacked[2]


def _correction(n: Any, estimator: str) -> Any:
    require_estimator(estimator)
    return jnp.ones_like(n) if estimator == "mle" else n / (n - 1)


def _states(n_real: Any, n_synthetic: Any, t: Any, estimator: str) -> Any:
    """(D, V) of generations 0, 1, ..., where generation 0 is filled in with the truth's (-, -)."""
    require_draws(n_real, 2, "n_real")
    require_draws(n_synthetic, 0, "n_synthetic")
    synthetic = as_schedule(n_synthetic, horizon(t))
    pooled = n_real + synthetic
    matrix, shift = _step(pooled, synthetic / pooled, _correction(pooled, estimator))
    first = jnp.stack([0.0 * n_real, _correction(jnp.asarray(n_real), estimator)])
    # The first step is the fit on the real draws alone.
    states = affine_recursion(matrix.at[0].set(0.0), shift.at[0].set(first), jnp.zeros(2))
    return states


@float64
def variance(
    n_real: Any, n_synthetic: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2(1-1/n_r)V_t$ by the recursion above; for the MLE $V=1-D$.

    **Arguments:** `n_real >= 2` draws for ever; `n_synthetic` draws a generation from the second
    on, a number or a schedule (whose first entry is not used); generations `t`; the initial
    `variance`. **Returns:** float64, the shape of `t`.
    """
    states = _states(n_real, n_synthetic, t, estimator)[:, 1]
    return variance * pick(((1 - 1 / n_real) * states).at[0].set(1.0), t)


@float64
def mean_error_second_moment(
    n_real: Any, n_synthetic: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2[1/n_r+(1-1/n_r)D_t]$: the real draws' own error, which
    never goes, and that of the loop around them."""
    states = _states(n_real, n_synthetic, t, estimator)[:, 0]
    return variance * pick((1 / n_real + (1 - 1 / n_real) * states).at[0].set(0.0), t)


@float64
def stationary(
    n_real: Any, n_synthetic: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""The limits of $\mathbb E(\mu_t-\mu_0)^2$ and $\mathbb E\,\sigma_t^2$, a pair; for the MLE
    $D_\infty=\beta/(N(1-\beta^2)+\beta)$, with $(n_r-1)(1+\beta)$ for $N(1-\beta^2)=n_r(1+\beta)$ for
    the unbiased variance. For the MLE at most about $3/2$ of the real draws' own error: no
    collapse. Constant sizes."""
    require_draws(n_real, 2, "n_real")
    require_draws(n_synthetic, 0, "n_synthetic")
    require_estimator(estimator)
    d = 0 if estimator == "mle" else 1
    beta = n_synthetic / (n_real + n_synthetic)
    scale = (n_real - d) * (1 + beta) + beta
    own, kept = 1 / n_real, 1 - 1 / n_real
    return variance * (own + kept * beta / scale), variance * kept * n_real * (1 + beta) / scale


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {
        "n_real": loop.regime.n_real,  # pyright: ignore[reportAttributeAccessIssue]
        "n_synthetic": size_of(loop, t, "n_synthetic"),
        "t": t,
        "estimator": loop.truth.estimator,  # pyright: ignore[reportAttributeAccessIssue]
        "variance": initial_variance(loop),
    }


def _with_gap(gap: Any) -> Any:
    """The mean error with another `D_t`, from (n_real, beta, N, t)."""

    def value(predict: Any, loop: Loop, t: Any) -> Any:
        real, synthetic = loop.regime.n_real, loop.regime.n_synthetic  # pyright: ignore[reportAttributeAccessIssue]
        pooled = real + synthetic
        d = gap(synthetic / pooled, pooled, np.asarray(t))
        return initial_variance(loop) * (1 / real + (1 - 1 / real) * d)

    return value


def _geometric(rate: Any) -> Any:
    return lambda beta, n, t: beta / n * (1 - rate(beta, n) ** (t - 1)) / (1 - rate(beta, n))


_WHERE = Where(family=Gaussian, regime=FixedReal)
_MLE = Loop(Gaussian(), FixedReal(n_real=3, n_synthetic=6))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), FixedReal(n_real=3, n_synthetic=6))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), FixedReal(n_real=4, n_synthetic=(1, 5, 3, 8)))
_real_only = Wrong("the real draws' own error alone", _with_gap(lambda beta, n, t: 0.0 * t))
_linear = Wrong("beta for beta squared", _with_gap(_geometric(lambda beta, n: beta - beta / n)))
_one_minus_linear = Wrong(
    "beta for beta squared",
    lambda predict, loop, t: initial_variance(loop) - _linear.value(predict, loop, t),
)
_one_minus_real_only = Wrong(
    "the real draws' own variance for ever",
    lambda predict, loop, t: initial_variance(loop) - _real_only.value(predict, loop, t),
)


@theorem(
    observable=Variance(),
    where=_WHERE,
    source="alemohammad2024",
    derived_here=True,
    proof="algebra:fixed_real",
    rows=[
        Row(_MLE, (2, 3), (off_by_one, other_estimator, _one_minus_real_only), 2**20),
        Row(_MLE, (4, 10), (_one_minus_linear, other_estimator, fewer_draws), 2**20),
        Row(_UNBIASED, (2, 4, 10), (other_estimator,), 2**18),
        Row(_SCHEDULE, (2, 3, 4), (other_estimator, fewer_draws), 2**18),
    ],
)
def gaussian_fixed_real_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2(1-1/n_r)V_t$; for maximum likelihood $V_t=1-D_t$, $D_t=\beta/N+(\beta^2-\beta/N)D_{t-1}$, $D_1=0$; with the unbiased variance $V_t=\frac N{N-1}[1-\beta+\beta(V_{t-1}+D_{t-1})-D_t]$, $D_t=\beta^2D_{t-1}+\beta V_{t-1}/N$. Bounded away from zero."""
    return variance(**_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source="alemohammad2024",
    derived_here=True,
    proof="algebra:fixed_real",
    rows=[
        Row(_MLE, (2, 3), (off_by_one, _real_only, fewer_draws), 2**19),
        Row(_MLE, (4, 10), (_linear, other_estimator), 2**19),
        Row(_UNBIASED, (2, 4, 10), (other_estimator, fewer_draws), 2**19),
        Row(_SCHEDULE, (2, 3, 4), (fewer_draws, other_estimator), 2**19),
    ],
)
def gaussian_fixed_real_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2[1/n_r+(1-1/n_r)D_t]$, $D_t=\beta^2D_{t-1}+\beta V_{t-1}/N$, $D_1=0$: about $(1+2\beta)/(1+\beta)\le3/2$ of the real draws' own error in the end."""
    return mean_error_second_moment(**_draws(loop, t))
