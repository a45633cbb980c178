"""The Gaussian under replace: closed forms, and the theorems that say where they hold."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.log_gamma import log_gamma_ratio
from modelcollapse.theory.gaussian.log_variance import drift
from modelcollapse.theory.gaussian.moments import variance_and_skewness
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    horizon,
    initial_variance,
    pick,
    prefix_sums,
    require_draws,
    require_estimator,
    size_of,
    total,
)
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
from modelcollapse.theory.observables import (
    KLFromTruth,
    KLToTruth,
    MeanError,
    Power,
    Variance,
    W2Squared,
)
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Replace


def _divisor(n: Any, estimator: str) -> Any:
    require_estimator(estimator)
    return n if estimator == "mle" else n - 1


@float64
def variance(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,\sigma_t^2 = \sigma_0^2\prod_{s\le t}(1-1/n_s)$ (MLE); $\sigma_0^2$ (unbiased).

    **Arguments:** draws a generation `n >= 2`, a number or the sizes $n_1,\dots,n_T$; generations
    `t`, which broadcast against a number `n`; the initial `variance`. **Returns:** float64, the
    shape of `t`. `ValueError` for too few draws or a `t` beyond the schedule.
    """
    require_draws(n, 2)
    _divisor(n, estimator)
    if estimator == "unbiased":
        return variance * jnp.exp(total(jnp.zeros_like, n, t))
    return variance * jnp.exp(total(lambda size: jnp.log1p(-1 / size), n, t))


def _log_moment(n: Any, t: Any, q: Any, estimator: str) -> Any:
    require_estimator(estimator)

    def step(size: Any) -> Any:
        # log(nu / c), whose digits a quotient near one would lose.
        scale = jnp.log1p(-1 / size) if estimator == "mle" else 0.0
        return q * scale + log_gamma_ratio((size - 1) / 2, q)

    return total(step, n, t)


@float64
def variance_moment(n: Any, t: Any, q: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,\sigma_t^{2q}=\sigma_0^{2q}\prod_{s\le t}
    (2/c_s)^q\,\Gamma(\nu_s/2+q)/\Gamma(\nu_s/2)$ for any real $q$; infinite if some $\nu_s\le-2q$.

    $\nu=n-1$; $c=n$ (MLE) or $\nu$ (unbiased). Arguments as in [`variance`][]; $q=1/2$ is the
    standard deviation, $q=-1$ the precision.
    """
    require_draws(n, 2)
    # At t = 0 no factor enters, not even one without a mean.
    log_moment = jnp.where(jnp.asarray(t) == 0, 0.0, _log_moment(n, t, q, estimator))
    return jnp.where(jnp.isnan(log_moment), jnp.inf, variance**q * jnp.exp(log_moment))


@float64
def mean_error_second_moment(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sum_{s\le t}\mathbb E\,\sigma_{s-1}^2/n_s$: equal to
    $\sigma_0^2-\mathbb E\,\sigma_t^2$ (MLE), $\sigma_0^2\sum_{s\le t}1/n_s$ (unbiased)."""
    require_draws(n, 2)
    _divisor(n, estimator)
    if estimator == "unbiased":
        return variance * total(lambda size: 1 / size, n, t)
    return -variance * jnp.expm1(total(lambda size: jnp.log1p(-1 / size), n, t))


@float64
def w2_squared(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)=\mathbb E(\mu_t-\mu_0)^2+\mathbb E\,\sigma_t^2+\sigma_0^2
    -2\sigma_0\mathbb E\,\sigma_t$: bounded by $2\sigma_0^2$ for the MLE, for which the first
    three terms are $2\sigma_0^2$; growing linearly for the unbiased variance."""
    require_draws(n, 2)
    loss = -2 * jnp.expm1(_log_moment(n, t, 0.5, estimator))
    if estimator == "unbiased":
        loss = loss + total(lambda size: 1 / size, n, t)
    return variance * loss


@float64
def kl_to_truth(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=-\tfrac12\sum_{s\le t}L_s$ (MLE), plus
    $\tfrac12\sum_{s\le t}1/n_s$ (unbiased), nats; $L=\psi(\nu/2)+\log(2/c)$ is the mean step of
    $\log\sigma^2$."""
    require_draws(n, 2)
    spent = total(lambda size: -drift(size, estimator), n, t)
    if estimator == "unbiased":
        spent = spent + total(lambda size: 1 / size, n, t)
    return spent / 2


@float64
def kl_from_truth(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_0\|p_t)=\tfrac12\big[\sum_{s\le t}L_s+P_t-1
    +P_t\sum_{s\le t}1/(n_sP_{s-1})\big]$, $P_t=\prod_{s\le t}c_s/(n_s-3)$, nats; infinite from the
    first generation with $n_s\le3$.

    With constant $n$ and $h=c/(n-3)$ the last sum is $h(h^t-1)/(n(h-1))$."""
    require_draws(n, 2)
    # A division by zero is infinity for JAX, a warning for NumPy.
    n = jnp.asarray(n)
    gap = 3.0 if estimator == "mle" else 2.0
    log_growth = total(lambda size: jnp.log1p(gap / (size - 3)), n, t)
    if jnp.ndim(n) == 0:
        shift = (_divisor(n, estimator) / (n * gap)) * jnp.expm1(log_growth)
    else:
        sizes = as_schedule(n, horizon(t))
        table = prefix_sums(jnp.log1p(gap / (sizes - 3)))
        shift = pick(jnp.exp(table) * prefix_sums(jnp.exp(-table[:-1]) / sizes), t)
    log_variance = total(lambda size: drift(size, estimator), n, t)
    scarce = total(lambda size: jnp.where(size <= 3, 1.0, 0.0), n, t) > 0
    value = jnp.where(scarce, jnp.inf, (log_variance + jnp.expm1(log_growth) + shift) / 2)
    return jnp.where(jnp.asarray(t) == 0, 0.0, value)


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {"n": size_of(loop, t), "t": t, "estimator": loop.truth.estimator}  # pyright: ignore[reportAttributeAccessIssue]


def _moment(loop: Loop, t: Any, q: float) -> Any:
    return variance_moment(q=q, variance=initial_variance(loop), **_draws(loop, t))


def _spread_of_power(q: float) -> Any:
    def spread(loop: Loop, t: Any) -> tuple[Any, Any]:
        return variance_and_skewness(*(_moment(loop, t, k * q) for k in (1, 2, 3)))

    return spread


def _all_sizes_exceed(loop: Loop, bound: int) -> bool:
    n = loop.regime.n
    # A schedule given by a function has no end at which to stop asking.
    return not callable(n) and bool(np.min(n) > bound)


_WHERE = Where(family=Gaussian, regime=Replace)
_MORE_THAN_THREE = Where(
    family=Gaussian,
    regime=Replace,
    also=lambda loop: _all_sizes_exceed(loop, 3),
    assuming="every n_t > 3, listed",
)
_MLE = Loop(Gaussian(), Replace(n=5))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), Replace(n=5))
_LARGER = Loop(Gaussian(), Replace(n=14))
_LARGER_UNBIASED = Loop(Gaussian(estimator="unbiased"), Replace(n=14))
#: The divergence from the truth has heavier tails still.
_LARGEST = Loop(Gaussian(), Replace(n=30))
_LARGEST_UNBIASED = Loop(Gaussian(estimator="unbiased"), Replace(n=30))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), Replace(n=(4, 7, 5, 9)))
_SCHEDULE_UNBIASED = Loop(Gaussian(1.0, 4.0, estimator="unbiased"), Replace(n=(4, 7, 5, 9)))
_LONG_SCHEDULE = Loop(Gaussian(1.0, 4.0), Replace(n=(14, 18, 15)))

_without_mean_error = Wrong(
    "the mean's error forgotten",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t))
        - mean_error_second_moment(variance=initial_variance(loop), **_draws(loop, t))
    ),
)
_without_half_mean_error = Wrong(
    "the mean's error forgotten",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t)) - mean_error_second_moment(**_draws(loop, t)) / 2
    ),
)


def _delta_method(q: float) -> Wrong:
    return Wrong(
        "the mean variance to the power, as if it did not fluctuate",
        lambda predict, loop, t: _moment(loop, t, 1.0) ** q,
    )


@theorem(
    observable=Variance(),
    where=_WHERE,
    source="shumailov2024",
    proof="coq:variance_after_t_refits",
    rows=[
        Row(_MLE, (1, 2, 3), (other_estimator, off_by_one, half_exponent, fewer_draws), 2**18),
        Row(_UNBIASED, (1, 2, 3), (other_estimator,), 2**18),
        Row(_SCHEDULE, (2, 3), (other_estimator, off_by_one, fewer_draws), 2**18),
    ],
    spread=_spread_of_power(1.0),
)
def gaussian_replace_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2 = \sigma_0^2\prod_{s\le t}(\nu_s/c_s)$, $\nu_s=n_s-1$, with $c_s=n_s$ for maximum likelihood and $c_s=\nu_s$ for the unbiased variance."""
    return variance(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=Power(Variance(), 2.0),
    where=_WHERE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:chi_square",
    rows=[
        Row(_MLE, (1,), (other_estimator, off_by_one, _delta_method(2.0)), 2**20),
        Row(_LARGER, (2,), (other_estimator, _delta_method(2.0)), 2**20),
        Row(_UNBIASED, (1,), (other_estimator, off_by_one, fewer_draws), 2**20),
        Row(_LARGER_UNBIASED, (2,), (other_estimator, off_by_one, half_exponent), 2**20),
        Row(_LONG_SCHEDULE, (1, 2), (other_estimator, _delta_method(2.0)), 2**20),
    ],
    spread=_spread_of_power(2.0),
)
def gaussian_replace_variance_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^4=\sigma_0^4\prod_{s\le t}\nu_s(\nu_s+2)/c_s^2$: with the unbiased variance and constant n the relative variance of $\sigma_t^2$ is $(1+2/\nu)^t-1$ and explodes while $\sigma_t\to0$."""
    return _moment(loop, t, 2.0)


@theorem(
    observable=Power(Variance(), 0.5),
    where=_WHERE,
    source=("bertrand2024", "suresh2024"),
    proof="algebra:chi_square",
    rows=[
        Row(
            _MLE,
            (1, 2, 3),
            (other_estimator, off_by_one, half_exponent, fewer_draws, _delta_method(0.5)),
            2**18,
        ),
        Row(_UNBIASED, (1, 2, 3), (other_estimator, off_by_one, half_exponent, fewer_draws), 2**18),
        Row(_SCHEDULE, (2, 3), (other_estimator, off_by_one, fewer_draws), 2**18),
    ],
    spread=_spread_of_power(0.5),
)
def gaussian_replace_standard_deviation(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t=\sigma_0\prod_{s\le t}\sqrt{2/c_s}\,\Gamma(n_s/2)/\Gamma(\nu_s/2)$; for the unbiased variance each factor is the constant $c_4(n)$."""
    return _moment(loop, t, 0.5)


@theorem(
    observable=Power(Variance(), -1.0),
    where=_MORE_THAN_THREE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:chi_square",
    rows=[
        Row(_LARGER, (1, 2, 3), (other_estimator, off_by_one, half_exponent, fewer_draws), 2**20),
        Row(_LARGER_UNBIASED, (1, 2, 3), (other_estimator, off_by_one, fewer_draws), 2**20),
        Row(_LONG_SCHEDULE, (1, 2), (other_estimator, off_by_one, ahead), 2**20),
    ],
    spread=_spread_of_power(-1.0),
)
def gaussian_replace_precision(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^{-2}=\sigma_0^{-2}\prod_{s\le t}c_s/(n_s-3)$, every $n_s>3$."""
    return _moment(loop, t, -1.0)


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source="shumailov2024",
    proof="algebra:replace",
    rows=[
        Row(_MLE, (1, 2, 3), (off_by_one, half_exponent, fewer_draws), 2**18),
        Row(_MLE, (2, 3), (other_estimator,), 2**18),
        Row(_UNBIASED, (2, 3), (other_estimator, off_by_one, half_exponent, fewer_draws), 2**19),
        Row(_SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead), 2**18),
        Row(_SCHEDULE_UNBIASED, (2, 3), (off_by_one, fewer_draws, other_estimator), 2**19),
    ],
)
def gaussian_replace_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sum_{s\le t}\mathbb E\,\sigma_{s-1}^2/n_s$: $\sigma_0^2-\mathbb E\,\sigma_t^2$ for maximum likelihood, $\sigma_0^2\sum_{s\le t}1/n_s$ for the unbiased variance."""
    return mean_error_second_moment(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=W2Squared(),
    where=_WHERE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:replace_distances",
    rows=[
        Row(_MLE, (1, 2, 3), (off_by_one, half_exponent, fewer_draws, _without_mean_error), 2**18),
        Row(_MLE, (2, 3), (other_estimator,), 2**18),
        Row(_UNBIASED, (2, 3), (off_by_one, half_exponent, fewer_draws, other_estimator), 2**20),
        Row(_SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead), 2**18),
    ],
)
def gaussian_replace_w2_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)=2\sigma_0^2(1-\prod_{s\le t}a_s)$ for maximum likelihood, $a=\sqrt{2/c}\,\Gamma(n/2)/\Gamma(\nu/2)$, so bounded by $2\sigma_0^2$; for the unbiased variance $\sigma_0^2\sum_{s\le t}1/n_s$ is added, which diverges at constant n."""
    return w2_squared(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=KLToTruth(),
    where=_WHERE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:replace_distances",
    rows=[
        Row(
            _MLE,
            (1, 2, 3),
            (off_by_one, half_exponent, fewer_draws, _without_half_mean_error),
            2**18,
        ),
        Row(_MLE, (2, 3), (other_estimator,), 2**18),
        Row(_UNBIASED, (2, 3), (off_by_one, half_exponent, fewer_draws, other_estimator), 2**20),
        Row(_SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead), 2**18),
    ],
)
def gaussian_replace_kl_to_truth(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=-\tfrac12\sum_{s\le t}L_s$, $L=\psi(\nu/2)+\log(2/c)$, for maximum likelihood: exactly linear in $t$ at constant $n$; $\tfrac12\sum_{s\le t}1/n_s$ is added for the unbiased variance."""
    return kl_to_truth(**_draws(loop, t))


@theorem(
    observable=KLFromTruth(),
    where=_MORE_THAN_THREE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:reverse_kl",
    rows=[
        Row(_LARGEST, (1, 2), (off_by_one, half_exponent, fewer_draws, more_draws), 2**20),
        Row(_LARGEST, (2, 3), (other_estimator,), 2**20),
        Row(
            _LARGEST_UNBIASED,
            (2,),
            (off_by_one, half_exponent, fewer_draws, other_estimator),
            2**20,
        ),
        Row(_LONG_SCHEDULE, (1, 2), (off_by_one, fewer_draws, ahead), 2**20),
    ],
)
def gaussian_replace_kl_from_truth(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_0\|p_t)=\tfrac12\big[\sum_{s\le t}L_s+P_t-1+\sum_{s\le t}P_t/(n_sP_{s-1})\big]$, $P_t=\prod_{s\le t}c_s/(n_s-3)$, every $n_s>3$: it grows exponentially."""
    return kl_from_truth(**_draws(loop, t))
