r"""The Gaussian under a mixture: each draw is real with probability $a$, else synthetic.

Given the model the draws are i.i.d. from a mixture of mean $(1-a)m$ and variance
$u=a+(1-a)v+a(1-a)m^2$, in units of $\sigma_0$ about $\mu_0$, so that exactly, for any schedule,
$M_t=(1-a)^2M_{t-1}+U_{t-1}/n$ and $V_t=(n-1)U_{t-1}/c$ with $U=a+(1-a)V+a(1-a)M$.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import require
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
from modelcollapse.theory.regimes import Mixture


def _step(n: Any, a: Any, estimator: str) -> tuple[Any, Any]:
    require_estimator(estimator)
    keep = 1 - a
    correction = 1 - 1 / n if estimator == "mle" else jnp.ones_like(n)
    rows = [
        (keep**2 + a * keep / n, keep / n),
        (correction * a * keep, correction * keep),
        (a / n, correction * a),
    ]
    stacked = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in rows]
    return jnp.stack(stacked[:2], axis=-2), stacked[2]


def _states(n: Any, real_share: Any, t: Any, estimator: str) -> Any:
    require_draws(n, 2)
    matrix, shift = _step(as_schedule(n, horizon(t)), real_share, estimator)
    return pick(affine_recursion(matrix, shift, jnp.array([0.0, 1.0])), t)


@float64
def variance(
    n: Any, real_share: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$ by the recursion above; for the MLE $V=1-M$.

    **Arguments:** draws a generation `n >= 2`, a number or a schedule; the probability `real_share`
    of a real draw; generations `t`; the initial `variance`. **Returns:** float64, the shape of `t`.
    """
    return variance * _states(n, real_share, t, estimator)[..., 1]


@float64
def mean_error_second_moment(
    n: Any, real_share: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$; for the MLE $M_t=1/n+\rho M_{t-1}$,
    $\rho=(1-a)^2(1-1/n)$, so at constant $n$ $M_t=(1-\rho^t)/(n(1-\rho))$, which allows real `t`."""
    if estimator == "mle" and jnp.ndim(n) == 0:
        require_draws(n, 2)
        rate = (1 - real_share) ** 2 * (1 - 1 / n)
        return variance * (1 - rate**t) / (n * (1 - rate))
    return variance * _states(n, real_share, t, estimator)[..., 0]


@float64
def stationary(n: Any, real_share: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""The limits of $\mathbb E(\mu_t-\mu_0)^2$ and $\mathbb E\,\sigma_t^2$, a pair; for the MLE
    $M_\infty=1/(n-(n-1)(1-a)^2)$. Constant `n`, `real_share > 0`.

    With the unbiased variance both are infinite unless $a>(1-a)/(n(2-a))$, about $1/2n$: the
    mean's error feeds back into the variance, and nothing shrinks it."""
    require_draws(n, 2)
    require(real_share, "real_share", 0, 1, beyond_least=True)
    require_estimator(estimator)
    keep = 1 - real_share
    correction = 1 - 1 / n if estimator == "mle" else 1.0
    margin = 1 - keep * correction - keep / (n * (1 + keep))
    u = jnp.where(margin > 0, real_share / jnp.where(margin > 0, margin, 1), jnp.inf)
    return variance * u / (n * real_share * (1 + keep)), variance * correction * u


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {
        "n": size_of(loop, t),
        "real_share": loop.regime.real_share,  # pyright: ignore[reportAttributeAccessIssue]
        "t": t,
        "estimator": loop.truth.estimator,  # pyright: ignore[reportAttributeAccessIssue]
        "variance": initial_variance(loop),
    }


def _with_rate(rate: Any) -> Any:
    def value(predict: Any, loop: Loop, t: Any) -> Any:
        n, a = loop.regime.n, loop.regime.real_share  # pyright: ignore[reportAttributeAccessIssue]
        r = rate(n, a)
        return initial_variance(loop) * (1 - r ** np.asarray(t)) / (n * (1 - r))

    return value


_WHERE = Where(family=Gaussian, regime=Mixture)
_MLE = Loop(Gaussian(), Mixture(n=4, real_share=0.5))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), Mixture(n=4, real_share=0.5))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), Mixture(n=(6, 9, 7, 6), real_share=0.25))
_linear = Wrong(
    "the synthetic share for its square", _with_rate(lambda n, a: (1 - a) * (1 - 1 / n))
)
_fixed_counts = Wrong(
    "fixed counts of real draws", _with_rate(lambda n, a: (1 - a) ** 2 - (1 - a) / n)
)
_one_minus_linear = Wrong(
    "the synthetic share for its square",
    lambda predict, loop, t: initial_variance(loop) - _linear.value(predict, loop, t),
)
_one_minus_fixed = Wrong(
    "fixed counts of real draws",
    lambda predict, loop, t: initial_variance(loop) - _fixed_counts.value(predict, loop, t),
)


@theorem(
    observable=Variance(),
    where=_WHERE,
    source=("wright1931", "alemohammad2024"),
    derived_here=True,
    proof="algebra:mixture",
    rows=[
        Row(_MLE, (1, 2), (off_by_one, other_estimator, fewer_draws), 2**18),
        Row(_MLE, (3, 4), (_one_minus_linear, _one_minus_fixed, other_estimator), 2**20),
        Row(_UNBIASED, (2, 4), (other_estimator,), 2**20),
        Row(_SCHEDULE, (2, 3, 4), (other_estimator, fewer_draws), 2**20),
    ],
)
def gaussian_mixture_variance(loop: Loop, t: Any) -> Any:
    r"""$V_t=\mathbb E\,\sigma_t^2/\sigma_0^2=(n_t-1)U_{t-1}/c_t$, $U=a+(1-a)V+a(1-a)M$, $M_t=(1-a)^2M_{t-1}+U_{t-1}/n_t$, real share $a$; for maximum likelihood $V=1-M$, $M_t=1/n_t+(1-a)^2(1-1/n_t)M_{t-1}$."""
    return variance(**_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source=("wright1931", "alemohammad2024"),
    derived_here=True,
    proof="algebra:mixture",
    rows=[
        Row(_MLE, (1, 2), (off_by_one, fewer_draws), 2**18),
        Row(_MLE, (3, 4), (_linear, _fixed_counts, other_estimator), 2**20),
        Row(_UNBIASED, (2, 3), (other_estimator, fewer_draws), 2**20),
        Row(_SCHEDULE, (2, 3, 4), (fewer_draws,), 2**20),
    ],
)
def gaussian_mixture_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$, $M_t=(1-a)^2M_{t-1}+[a+(1-a)V_{t-1}+a(1-a)M_{t-1}]/n_t$; for maximum likelihood $M_t=1/n_t+(1-a)^2(1-1/n_t)M_{t-1}$."""
    return mean_error_second_moment(**_draws(loop, t))
