r"""The Gaussian under accumulate-subsample: fitted to $n$ of the pool, drawn without replacement.

Given a pool of $N$ draws with mean $P$ and ML variance $Q$, a subsample of $n$ has
$\mathbb E(\mu-P)^2=bQ$, $b=(N-n)/(n(N-1))$, and $\mathbb E\,\sigma^2=fQ$ with $f=1-b$ (MLE) or
$N/(N-1)$ (unbiased): the recursion for $\mathbb E\,Q$ is one of factors.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    horizon,
    initial_variance,
    pick,
    prefix_sums,
    require_draws,
    require_estimator,
    size_of,
)
from modelcollapse.theory.ledger import Row, Where, Wrong, fewer_draws, other_estimator, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import MeanError, Variance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import AccumulateSubsample


def _pool(n: Any, t: Any, estimator: str) -> tuple[Any, Any, Any, Any]:
    """`b` and `f` of generations 1..max(t), then the pool's mean ML variance and the mean square of
    its mean's error."""
    require_draws(n, 2)
    require_estimator(estimator)
    sizes = as_schedule(n, horizon(t))
    pooled = jnp.cumsum(sizes)
    share = sizes / pooled
    b = (pooled - sizes) / (sizes * (pooled - 1))
    f = 1 - b if estimator == "mle" else pooled / (pooled - 1)
    # Of the generation before: generation 0 is the truth, with no pool behind it.
    b_before = jnp.concatenate([jnp.zeros(1), b[:-1]])
    f_before = jnp.concatenate([jnp.ones(1), f[:-1]])
    gap = b_before + f_before / sizes
    factor = 1 - share + share * (1 - 1 / sizes) * f_before + share * (1 - share) * gap
    q = jnp.exp(prefix_sums(jnp.log(factor)))
    return b, f, q[1:], jnp.cumsum(share**2 * gap * q[:-1])


@float64
def variance(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,\sigma_t^2=f_t\,\mathbb E\,Q_t$, where with $w=n_{t+1}/N_{t+1}$
    $\mathbb E\,Q_{t+1}=\mathbb E\,Q_t[1-w+wf_t(1-1/n_{t+1})+w(1-w)(b_t+f_t/n_{t+1})]$.

    **Arguments:** draws a generation `n >= 2` (new ones, and those fitted to), a number or a
    schedule; generations `t`; the initial `variance`. **Returns:** float64, the shape of `t`.

    For the MLE the terms of order $1/t$ cancel and the variance converges; for the unbiased variance
    they leave $1/(nt)$, and it grows like $t^{1/n}$.
    """
    _, f, pool_variance, _ = _pool(n, t, estimator)
    return variance * pick(jnp.concatenate([jnp.ones(1), f * pool_variance]), t)


@float64
def mean_error_second_moment(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\mathbb E(P_t-\mu_0)^2+b_t\mathbb E\,Q_t$, where
    $\mathbb E(P_{t+1}-\mu_0)^2=\mathbb E(P_t-\mu_0)^2+w^2(b_t+f_t/n_{t+1})\,\mathbb E\,Q_t$; about
    $\pi^2/2-2=2.93$ times its first value for ever (MLE, large $n$)."""
    b, _, pool_variance, pool_error = _pool(n, t, estimator)
    return variance * pick(jnp.concatenate([jnp.zeros(1), pool_error + b * pool_variance]), t)


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {
        "n": size_of(loop, t),
        "t": t,
        "estimator": loop.truth.estimator,  # pyright: ignore[reportAttributeAccessIssue]
        "variance": initial_variance(loop),
    }


_WHERE = Where(family=Gaussian, regime=AccumulateSubsample)
_MLE = Loop(Gaussian(), AccumulateSubsample(n=6))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), AccumulateSubsample(n=6))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), AccumulateSubsample(n=(8, 5, 6)))
_as_if_replaced = Wrong(
    "as if the pool were replaced",
    lambda predict, loop, t: np.asarray(predict(loop, np.ones(1))) ** np.asarray(t),
)
_as_if_accumulated = Wrong(
    "as if fitted to the whole pool",
    lambda predict, loop, t: (
        initial_variance(loop)
        * np.asarray(_pool(size_of(loop, t), t, "mle")[3])[np.asarray(t).astype(int) - 1]
    ),
)


@theorem(
    observable=Variance(),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:subsample_growth",
    rows=[
        Row(_MLE, (2, 4), (other_estimator, _as_if_replaced, fewer_draws), 2**18),
        Row(_UNBIASED, (2, 4), (other_estimator,), 2**18),
        Row(_SCHEDULE, (2, 3), (other_estimator, fewer_draws), 2**18),
    ],
)
def gaussian_subsample_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=f_t\,\mathbb E\,Q_t$ where the pool's mean variance follows a recursion of factors; at constant n it converges for maximum likelihood and grows like $t^{1/n}$ with the unbiased variance."""
    return variance(**_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source=("kazdan2024", "dey2024"),
    derived_here=True,
    proof="algebra:subsample",
    rows=[
        Row(_MLE, (2, 4), (_as_if_accumulated, fewer_draws), 2**19),
        Row(_UNBIASED, (2, 3), (_as_if_accumulated, fewer_draws), 2**19),
        Row(_SCHEDULE, (2, 3), (fewer_draws,), 2**19),
    ],
)
def gaussian_subsample_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\mathbb E(P_t-\mu_0)^2+b_t\,\mathbb E\,Q_t$, $b_t=(N_t-n_t)/(n_t(N_t-1))$: the pool's mean error and that of a subsample without replacement."""
    return mean_error_second_moment(**_draws(loop, t))
