r"""The Gaussian under accumulate: the variance is a product of independent factors.

With $N_t=\sum_{s\le t}n_s$ draws, divisor $c_t=N_t$ (MLE) or $N_t-1$ (unbiased), $c_0=0$ and new
share $w_t=n_t/N_t$, the factor of generation t is
$R_t=(c_{t-1}+\chi^2_{n_t-1}+(1-w_t)\chi^2_1)/c_t$, for any schedule.
"""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.log_gamma import log_gamma_ratio
from modelcollapse.theory.gaussian.log_variance import drift
from modelcollapse.theory.gaussian.moments import raw_moments, variance_and_skewness
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
from modelcollapse.theory.observables import (
    KLToTruth,
    LogVariance,
    MeanError,
    Power,
    Variance,
    W2Squared,
)
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Accumulate

# Trapezoid rule in y = log s; the integrands are below 1e-15 beyond these ends, and the rule's error
# is exp(-2 pi (pi / 2) / step).
_LOG_NODES = np.arange(-24.0, 12.0, 0.25)


def _factors(n: Any, t: Any, estimator: str) -> tuple[Any, Any, Any, Any]:
    """Sizes, new shares, divisors and mean losses $1-E R_s$ of generations 1..max(t)."""
    require_draws(n, 1)
    require_estimator(estimator)
    sizes = as_schedule(n, horizon(t))
    pooled = jnp.cumsum(sizes)
    require_draws(pooled, 2)
    share = sizes / pooled
    if estimator == "mle":
        return sizes, share, pooled, share / pooled
    divisor = pooled - 1
    # The first fit is unbiased; the later ones are not, because generations depend on each other.
    return sizes, share, divisor, jnp.where(jnp.arange(divisor.size) > 0, share / divisor, 0.0)


@float64
def variance(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-w_s/N_s)$ (MLE; $1-1/(ns^2)$ at constant
    $n$), $\sigma_0^2\prod_{2\le s\le t}(1-w_s/(N_s-1))$ (unbiased).

    **Arguments:** draws a generation `n`, a number or the sizes $n_1,\dots,n_T$; generations `t`;
    the initial `variance`. **Returns:** float64, the shape of `t`. For a number `n` and the MLE the
    product is closed, a ratio of gamma functions.
    """
    if estimator == "mle" and jnp.ndim(n) == 0:
        require_draws(n, 2)
        a = 1 / jnp.sqrt(n)
        return variance * jnp.exp(
            log_gamma_ratio(1 + t, a)
            + log_gamma_ratio(1 + t, -a)
            - log_gamma_ratio(1.0, a)
            - log_gamma_ratio(1.0, -a)
        )
    *_, loss = _factors(n, t, estimator)
    return variance * pick(jnp.exp(prefix_sums(jnp.log1p(-loss))), t)


@float64
def variance_limit(n: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\lim_t\mathbb E\,\sigma_t^2=\sigma_0^2\sin(\pi/\sqrt n)/(\pi/\sqrt n)$ (MLE);
    $\sigma_0^2\,\Gamma(2-1/n)/(\Gamma(2-a)\Gamma(2-b))$ with $a,b=(1\pm\sqrt{1+4n})/2n$ (unbiased).
    Constant `n >= 2`."""
    require_draws(n, 2)
    require_estimator(estimator)
    if estimator == "mle":
        return variance * jnp.sinc(1 / jnp.sqrt(n))
    root = jnp.sqrt(1 + 4 * n)
    a, b = (1 + root) / (2 * n), (1 - root) / (2 * n)
    log2 = math.log(2)
    # a + b = 1/n, so the powers of two in the three ratios cancel.
    return variance * jnp.exp(
        log_gamma_ratio(2.0, -1 / n)
        - log_gamma_ratio(2.0, -a)
        - log_gamma_ratio(2.0, -b)
        + log2 * (a + b - 1 / n)
    )


@float64
def variance_moment(
    n: Any, t: Any, order: Any, *, estimator: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^{2m}=\sigma_0^{2m}\prod_{s\le t}\mathbb E R_s^m$ for a whole `order`
    $m\ge1$, from the cumulants $\kappa_j(R_s)=2^{j-1}(j-1)!\,[n_s-1+(1-w_s)^j]/c_s^j$, $j\ge2$."""
    m = int(order)
    sizes, share, divisor, loss = _factors(n, t, estimator)
    cumulants = [1 - loss]
    for j in range(2, m + 1):
        weight = 2 ** (j - 1) * math.factorial(j - 1)
        cumulants.append(weight * (sizes - 1 + (1 - share) ** j) / divisor**j)
    moment = raw_moments(cumulants)[m]
    return variance**m * pick(jnp.exp(prefix_sums(jnp.log(moment))), t)


@float64
def mean_error_second_moment(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sum_{s\le t}w_s^2\,\mathbb E\,\sigma_{s-1}^2/n_s$, which for the MLE
    is $\sigma_0^2-\mathbb E\,\sigma_t^2$."""
    sizes, share, _, loss = _factors(n, t, estimator)
    before = jnp.exp(prefix_sums(jnp.log1p(-loss)))[:-1]
    return variance * pick(prefix_sums(share**2 * before / sizes), t)


def _transform_gap(n: Any, t: Any, estimator: str) -> tuple[Any, Any, Any]:
    r"""$M_s-e^{-m_sz}\ge0$ at the nodes $z$, for the Laplace transform $M_s$ of $R_s$ with mean
    $m_s$, shape `(T, nodes)`; then the nodes and $\log m_s$."""
    sizes, share, divisor, loss = _factors(n, t, estimator)
    z = jnp.exp(_LOG_NODES)
    doubled = 2 * z / divisor[:, None]
    rest = (1 - share[:, None]) * doubled
    excess = (sizes[:, None] - 1) * (doubled - jnp.log1p(doubled))
    log_ratio = (excess + (rest - jnp.log1p(rest))) / 2
    decay = -(1 - loss[:, None]) * z
    # The product keeps the digits of a small gap, the difference does not overflow.
    close = jnp.exp(decay) * jnp.expm1(jnp.minimum(log_ratio, 1.0))
    return jnp.where(log_ratio < 1, close, jnp.exp(decay + log_ratio) - jnp.exp(decay)), z, loss


def _first(n: Any, estimator: str, q: float) -> Any:
    """$\\log E R_1^q$ of the first fit, a scaled chi-square."""
    size = n if jnp.ndim(n) == 0 else n[0]
    scale = jnp.log1p(-1 / size) if estimator == "mle" else 0.0
    return q * scale + log_gamma_ratio((size - 1) / 2, q)


def _log_root(n: Any, t: Any, estimator: str) -> Any:
    """Prefix sums of $\\log E\\sqrt{R_s}$."""
    gap, z, loss = _transform_gap(n, t, estimator)
    step = _LOG_NODES[1] - _LOG_NODES[0]
    shortfall = step * jnp.sum(gap / jnp.sqrt(z), axis=1) / (2 * math.sqrt(math.pi))
    steps = 0.5 * jnp.log1p(-loss) + jnp.log1p(-shortfall / jnp.sqrt(1 - loss))
    return prefix_sums(steps.at[0].set(_first(n, estimator, 0.5)))


@float64
def standard_deviation(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,\sigma_t=\sigma_0\prod_{s\le t}\mathbb E\sqrt{R_s}$, where
    $\mathbb E\sqrt R=\sqrt m-\tfrac1{2\sqrt\pi}\int_0^\infty(M(z)-e^{-mz})z^{-3/2}dz$,
    $M(z)=\mathbb E e^{-zR}$, $m=\mathbb E R$, by the trapezoid rule in $\log z$ (to about 1e-13)."""
    return jnp.sqrt(variance) * jnp.exp(pick(_log_root(n, t, estimator), t))


@float64
def log_variance(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\log(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}\mathbb E\log R_s$, where
    $\mathbb E\log R=\log m-\int_0^\infty(M(z)-e^{-mz})dz/z$ with $M$ and $m$ as for
    [`standard_deviation`][]."""
    gap, _, loss = _transform_gap(n, t, estimator)
    step = _LOG_NODES[1] - _LOG_NODES[0]
    steps = jnp.log1p(-loss) - step * jnp.sum(gap, axis=1)
    first = drift(n if jnp.ndim(n) == 0 else n[0], estimator)
    return pick(prefix_sums(steps.at[0].set(first)), t)


@float64
def w2_squared(n: Any, t: Any, *, estimator: str = "mle", variance: Any = 1.0) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)=\mathbb E(\mu_t-\mu_0)^2+\mathbb E\,\sigma_t^2+\sigma_0^2
    -2\sigma_0\mathbb E\,\sigma_t$; for the MLE $2\sigma_0^2(1-\prod_{s\le t}\mathbb E\sqrt{R_s})$."""
    loss = -2 * jnp.expm1(pick(_log_root(n, t, estimator), t))
    if estimator == "unbiased":
        *_, shrinkage = _factors(n, t, estimator)
        spread = pick(jnp.expm1(prefix_sums(jnp.log1p(-shrinkage))), t)
        loss = loss + spread + mean_error_second_moment(n, t, estimator=estimator)
    return variance * loss


@float64
def kl_to_truth(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=\tfrac12[\mathbb E\,\sigma_t^2/\sigma_0^2
    +\mathbb E(\mu_t-\mu_0)^2/\sigma_0^2-1-\mathbb E\log(\sigma_t^2/\sigma_0^2)]$ nats; for the MLE the
    first three terms cancel."""
    doubled = 0.0 - log_variance(n, t, estimator=estimator)
    if estimator == "unbiased":
        *_, shrinkage = _factors(n, t, estimator)
        spread = pick(jnp.expm1(prefix_sums(jnp.log1p(-shrinkage))), t)
        doubled = doubled + spread + mean_error_second_moment(n, t, estimator=estimator)
    return doubled / 2


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {"n": size_of(loop, t), "t": t, "estimator": loop.truth.estimator}  # pyright: ignore[reportAttributeAccessIssue]


def _spread_of_power(q: int) -> Any:
    def spread(loop: Loop, t: Any) -> tuple[Any, Any]:
        scale, draws = initial_variance(loop), _draws(loop, t)
        return variance_and_skewness(
            *(variance_moment(order=k * q, variance=scale, **draws) for k in (1, 2, 3))
        )

    return spread


_WHERE = Where(family=Gaussian, regime=Accumulate)
_MLE = Loop(Gaussian(), Accumulate(n=4))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), Accumulate(n=4))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), Accumulate(n=(4, 2, 5, 3)))
_SCHEDULE_UNBIASED = Loop(Gaussian(1.0, 4.0, estimator="unbiased"), Accumulate(n=(4, 2, 5, 3)))

# New shares matter most in a small pool, and single draws add little noise.
_SINGLE = Loop(Gaussian(), Accumulate(n=(4, 1, 1, 1)))

_late = Wrong(
    "the product started one generation late",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t)) * initial_variance(loop) / predict(loop, np.ones(1))
    ),
)
_sum_of_first = Wrong(
    "the first generation's share every time",
    lambda predict, loop, t: np.asarray(t) * predict(loop, np.ones(1)),
)
_linear_sum = Wrong(
    "a sum of 1/s for the sum of 1/s^2",
    lambda predict, loop, t: (
        np.asarray(predict(loop, np.ones(1)))
        * [np.sum(1 / np.arange(1, s + 1)) for s in np.asarray(t)]
    ),
)
_truly_unbiased = Wrong(
    "unbiased, because the first fit is",
    lambda predict, loop, t: np.full(np.shape(t), initial_variance(loop)),
)
_squared_mean = Wrong(
    "the mean squared, as if it did not fluctuate",
    lambda predict, loop, t: variance(variance=initial_variance(loop), **_draws(loop, t)) ** 2,
)


def _with_share_itself(predict: Any, loop: Loop, t: Any) -> Any:
    n = loop.regime.total(int(np.max(t))).astype(np.float64)
    new = np.diff(n, prepend=0.0)
    factors = (1 - new / n**2) ** 2 + 2 * (new - 1 + (1 - new / n)) / n**2
    return initial_variance(loop) ** 2 * np.cumprod(factors)[np.asarray(t) - 1]


_share_not_squared = Wrong("1 - w for its square", _with_share_itself)
_DISTANCE_ROWS = [
    Row(_MLE, (2,), (other_estimator, off_by_one), 2**20),
    Row(_MLE, (2, 4), (fewer_draws, _sum_of_first), 2**20),
    Row(_UNBIASED, (2,), (other_estimator, off_by_one), 2**20),
    Row(_UNBIASED, (2, 4), (fewer_draws, _sum_of_first), 2**20),
    Row(_SCHEDULE, (2,), (other_estimator, fewer_draws, off_by_one), 2**20),
]


@theorem(
    observable=Variance(),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate",
    rows=[
        Row(_MLE, (1, 2), (off_by_one, fewer_draws, other_estimator), 2**20),
        Row(_MLE, (2, 4), (_late, other_estimator), 2**18),
        Row(_UNBIASED, (2, 4), (other_estimator, _truly_unbiased), 2**20),
        Row(_SCHEDULE, (2, 3, 4), (other_estimator, fewer_draws, _late), 2**20),
    ],
    spread=_spread_of_power(1),
)
def gaussian_accumulate_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-n_s/N_s^2)$ for maximum likelihood on all $N_s$ draws so far; $\prod_{2\le s\le t}(1-n_s/(N_s(N_s-1)))$ with the divisor $N_s-1$, which is not unbiased after the first fit."""
    return variance(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=Power(Variance(), 2.0),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate_factor",
    rows=[
        Row(_MLE, (1, 2), (other_estimator, _squared_mean, fewer_draws), 2**20),
        Row(_UNBIASED, (1, 2), (other_estimator, _squared_mean, fewer_draws), 2**20),
        Row(_SCHEDULE, (1, 2), (other_estimator, _squared_mean, fewer_draws), 2**20),
        Row(_SINGLE, (2, 3), (_share_not_squared,), 2**24),
    ],
    spread=_spread_of_power(2),
)
def gaussian_accumulate_variance_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^4=\sigma_0^4\prod_{s\le t}[(\mathbb E R_s)^2+2(n_s-1+(1-w_s)^2)/c_s^2]$, $w_s=n_s/N_s$, $c_s=N_s$ for maximum likelihood and $N_s-1$ for the unbiased divisor."""
    return variance_moment(order=2, variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source=("kazdan2024", "dey2024"),
    derived_here=True,
    proof="algebra:accumulate",
    rows=[
        Row(_MLE, (2, 4), (other_estimator, _sum_of_first, _linear_sum, fewer_draws), 2**20),
        Row(_UNBIASED, (2, 4), (other_estimator, _sum_of_first, _linear_sum, fewer_draws), 2**20),
        Row(_MLE, (2,), (off_by_one,), 2**18),
        Row(_SCHEDULE, (2, 3), (fewer_draws, _sum_of_first), 2**18),
        Row(_SCHEDULE_UNBIASED, (2, 3), (fewer_draws, _sum_of_first), 2**19),
    ],
)
def gaussian_accumulate_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sum_{s\le t}(n_s/N_s^2)\,\mathbb E\,\sigma_{s-1}^2$: about $\pi^2/6$ times its first value for ever, and $\sigma_0^2-\mathbb E\,\sigma_t^2$ exactly for maximum likelihood."""
    return mean_error_second_moment(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=Power(Variance(), 0.5),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate_transform",
    rows=[
        Row(_MLE, (1, 2, 4), (other_estimator, fewer_draws, _late), 2**18),
        Row(_UNBIASED, (2, 4), (other_estimator, fewer_draws), 2**18),
        Row(_SCHEDULE, (2, 3), (other_estimator, fewer_draws), 2**18),
    ],
)
def gaussian_accumulate_standard_deviation(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t=\sigma_0\prod_{s\le t}\mathbb E\sqrt{R_s}$, $R_s=(c_{s-1}+\chi^2_{n_s-1}+(1-w_s)\chi^2_1)/c_s$, each factor an integral of its Laplace transform."""
    return standard_deviation(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=LogVariance(),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate_log_converges",
    rows=[
        Row(_MLE, (2, 4), (other_estimator, fewer_draws, off_by_one, _linear_sum), 2**20),
        Row(_UNBIASED, (2, 4), (other_estimator, fewer_draws, _sum_of_first), 2**19),
        Row(_SCHEDULE, (2, 3), (other_estimator, fewer_draws, off_by_one), 2**19),
    ],
)
def gaussian_accumulate_log_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}\mathbb E\log R_s$, $R_s=(c_{s-1}+\chi^2_{n_s-1}+(1-w_s)\chi^2_1)/c_s$, each term an integral of its Laplace transform; the sum converges."""
    return log_variance(**_draws(loop, t))


@theorem(
    observable=W2Squared(),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate_distances",
    rows=_DISTANCE_ROWS,
)
def gaussian_accumulate_w2_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,W_2^2(p_t,p_0)=2\sigma_0^2(1-\prod_{s\le t}\mathbb E\sqrt{R_s})$ for maximum likelihood; in general $\mathbb E(\mu_t-\mu_0)^2+\mathbb E\,\sigma_t^2+\sigma_0^2-2\sigma_0\mathbb E\,\sigma_t$. Bounded for both divisors."""
    return w2_squared(variance=initial_variance(loop), **_draws(loop, t))


@theorem(
    observable=KLToTruth(),
    where=_WHERE,
    source="kazdan2024",
    derived_here=True,
    proof="algebra:accumulate_distances",
    rows=_DISTANCE_ROWS,
)
def gaussian_accumulate_kl_to_truth(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=-\tfrac12\sum_{s\le t}\mathbb E\log R_s$ for maximum likelihood: bounded, unlike under replace."""
    return kl_to_truth(**_draws(loop, t))
