r"""The multivariate Gaussian under replace: $\Sigma_t\mid\Sigma_{t-1}\sim W_d(\nu,\Sigma_{t-1})/c$.

With $\nu=n-1$ and $c=n$ (MLE) or $\nu$ (unbiased) the pivot $k=0,\dots,d-1$ of a Wishart matrix is an
independent chi-square of $\nu-k$ degrees of freedom (Bartlett 1933), so $\log\det$ and its parts are
sums of independent terms at every generation, whatever the truth and the schedule of n.
"""

from typing import Any

import jax
import jax.numpy as jnp

from modelcollapse.theory.gaussian.log_gamma import digamma_less_log, log_gamma_ratio
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    horizon,
    pick,
    prefix_sums,
    require_draws,
    require_estimator,
    total,
)
from modelcollapse.theory.precision import float64


def _pivots(dimension: Any) -> Any:
    return jnp.arange(int(dimension))


def _log_ratio(size: Any, k: Any, estimator: str) -> Any:
    r"""$\log((\nu-k)/c)$."""
    require_estimator(estimator)
    if estimator == "mle":
        return jnp.log1p(-(k + 1) / size)
    return jnp.log1p(-k / (size - 1))


def _drifts(size: Any, dimension: Any, estimator: str) -> Any:
    """Mean steps of the logarithms of the pivots, along a new last axis."""
    size, k = jnp.asarray(size)[..., None], _pivots(dimension)
    return digamma_less_log((size - 1 - k) / 2) + _log_ratio(size, k, estimator)


def _per_pivot(step: Any, n: Any, t: Any) -> Any:
    """Sums over generations of what has a last axis of pivots."""
    return jnp.asarray(t)[..., None] * step(n) if jnp.ndim(n) == 0 else total(step, n, t)


@float64
def lyapunov_spectrum(n: Any, dimension: Any, *, estimator: str = "mle") -> Any:
    r"""$\lambda_k=\psi((\nu-k)/2)+\log(2/c)$, $k=0,\dots,d-1$: the almost sure rates
    $\lim_t\frac1t\log$ of the eigenvalues of $\Sigma_t$, from the largest (Newman 1986), and the exact
    mean step of each pivot. The first is that of one dimension.

    **Arguments:** draws a generation `n >= d + 1`; the `dimension` $d$. **Returns:** shape `(d,)`.
    """
    require_draws(n, int(dimension) + 1)
    return _drifts(n, dimension, estimator)


@float64
def log_pivots_cumulant(
    n: Any, t: Any, dimension: Any, order: Any, *, estimator: str = "mle"
) -> Any:
    r"""Cumulants of $\log$ of the squared Cholesky diagonal of $\Sigma_t$, less the truth's:
    $\sum_{s\le t}[\psi((\nu_s-k)/2)+\log(2/c_s)]$ for order 1, $\sum_{s\le t}\psi^{(j-1)}((\nu_s-k)/2)$ for
    order $j\ge2$.

    **Arguments:** draws a generation `n >= d + 1`, a number or a schedule; generations `t`; the
    `dimension` $d$; `order`. **Returns:** shape of `t` and a last axis of $k=0,\dots,d-1$.
    """
    require_draws(n, int(dimension) + 1)
    require_estimator(estimator)
    j = int(order)
    if j == 1:
        return _per_pivot(lambda size: _drifts(size, dimension, estimator), n, t)

    def step(size: Any) -> Any:
        half = (jnp.asarray(size)[..., None] - 1 - _pivots(dimension)) / 2
        return jax.scipy.special.polygamma(j - 1, half)

    return _per_pivot(step, n, t)


@float64
def log_determinant_cumulant(
    n: Any, t: Any, dimension: Any, order: Any, *, estimator: str = "mle"
) -> Any:
    r"""Cumulant of $\log(\det\Sigma_t/\det\Sigma_0)$: the sum over the pivots of
    [`log_pivots_cumulant`][]. **Returns:** the shape of `t`."""
    return log_pivots_cumulant(n, t, dimension, order, estimator=estimator).sum(-1)


@float64
def determinant_moment(n: Any, t: Any, q: Any, dimension: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E(\det\Sigma_t/\det\Sigma_0)^q=\prod_{s\le t}\prod_{k=0}^{d-1}
    (2/c_s)^q\,\Gamma((\nu_s-k)/2+q)/\Gamma((\nu_s-k)/2)$ for any real $q$; infinite if some
    $\nu_s-d+1\le-2q$.

    Arguments as in [`log_pivots_cumulant`][]; $q=1$ gives $\prod_s\prod_k(\nu_s-k)/c_s$.
    """
    require_draws(n, int(dimension) + 1)

    def step(size: Any) -> Any:
        size, k = jnp.asarray(size)[..., None], _pivots(dimension)
        ratio = log_gamma_ratio((size - 1 - k) / 2, q)
        return (q * _log_ratio(size, k, estimator) + ratio).sum(-1)

    # At t = 0 no factor enters, not even one without a mean.
    log_moment = jnp.where(jnp.asarray(t) == 0, 0.0, total(step, n, t))
    return jnp.where(jnp.isnan(log_moment), jnp.inf, jnp.exp(log_moment))


@float64
def log_mean_roots(n: Any, t: Any, dimension: Any, *, estimator: str = "mle") -> Any:
    r"""$\log r_{t,k}$, $r_{t,k}=\mathbb E\,C_{t,kk}/C_{0,kk}=\prod_{s\le t}\sqrt{2/c_s}\,
    \Gamma((\nu_s-k+1)/2)/\Gamma((\nu_s-k)/2)$ for the Cholesky factor $C_t$ of $\Sigma_t$: the mean root of
    each pivot. $-\infty$ once some $\nu_s\le k$.

    **Arguments:** draws a generation `n >= 2`, a number or a schedule; generations `t`; the
    `dimension` $d$. **Returns:** shape of `t` and a last axis of $k=0,\dots,d-1$.
    """
    require_draws(n, 2)

    def step(size: Any) -> Any:
        size, k = jnp.asarray(size)[..., None], _pivots(dimension)
        alive = size - 1 > k
        enough = jnp.where(alive, size, k + 2.0)
        ratio = log_gamma_ratio((enough - 1 - k) / 2, 0.5)
        return jnp.where(alive, _log_ratio(enough, k, estimator) / 2 + ratio, -jnp.inf)

    # At t = 0 no factor enters, not even one that is zero.
    return jnp.where(jnp.asarray(t)[..., None] == 0, 0.0, _per_pivot(step, n, t))


@float64
def second_moments(
    n: Any,
    t: Any,
    squared_norm: Any,
    squared_trace: Any,
    *,
    estimator: str = "mle",
) -> Any:
    r"""$\mathbb E\,\mathrm{tr}\,\Sigma_t^2$ and $\mathbb E(\mathrm{tr}\,\Sigma_t)^2$, a pair, from
    their values at the truth. One generation multiplies the vector of both by
    $c^{-2}\bigl(\begin{smallmatrix}\nu(\nu+1)&\nu\\2\nu&\nu^2\end{smallmatrix}\bigr)$, whose eigenvectors
    $(1,1)$ and $(1,-2)$ belong to $\nu(\nu+2)/c^2$ and $\nu(\nu-1)/c^2$ at every $\nu$.

    **Arguments:** draws a generation `n >= 2`, a number or a schedule; generations `t`; the truth's
    $\mathrm{tr}\,\Sigma_0^2$ and $(\mathrm{tr}\,\Sigma_0)^2$. **Returns:** two arrays, the shape of `t`.
    """
    require_draws(n, 2)
    require_estimator(estimator)

    def grown(step: Any) -> Any:
        # At n = 2 the second eigenvalue is zero, and 0 times its logarithm no number.
        return jnp.where(jnp.asarray(t) == 0, 1.0, jnp.exp(total(step, n, t)))

    if estimator == "mle":
        first = grown(lambda size: jnp.log1p(-1 / jnp.asarray(size) ** 2))
        second = grown(lambda size: jnp.log1p(-1 / size) + jnp.log1p(-2 / jnp.asarray(size)))
    else:
        first = grown(lambda size: jnp.log1p(2 / (size - 1)))
        second = grown(lambda size: jnp.log1p(-1 / jnp.asarray(size - 1)))
    along = (2 * squared_norm + squared_trace) / 3 * first
    across = (squared_norm - squared_trace) / 3 * second
    return along + across, along - 2 * across


@float64
def kl_to_truth(n: Any, t: Any, dimension: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=-\tfrac12\mathbb E\log(\det\Sigma_t/\det\Sigma_0)$ (MLE), plus
    $\tfrac d2\sum_{s\le t}1/n_s$ (unbiased), nats. Every $n_s>d$."""
    spent = -log_determinant_cumulant(n, t, dimension, 1, estimator=estimator)
    if estimator == "unbiased":
        spent = spent + dimension * total(lambda size: 1 / size, n, t)
    return spent / 2


@float64
def kl_from_truth(n: Any, t: Any, dimension: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_0\|p_t)=\tfrac12\big[\mathbb E\log\frac{\det\Sigma_t}{\det\Sigma_0}
    +d\,(P_t-1+P_t\sum_{s\le t}1/(n_sP_{s-1}))\big]$, $P_t=\prod_{s\le t}c_s/(n_s-d-2)$, nats; infinite from
    the first generation with $n_s\le d+2$. Every $n_s>d$.

    With constant $n$ and $h=c/(n-d-2)$ the last sum is $h(h^t-1)/(n(h-1))$."""
    n, scarce = jnp.asarray(n), int(dimension) + 2
    log_determinant = log_determinant_cumulant(n, t, dimension, 1, estimator=estimator)
    gap = scarce if estimator == "mle" else scarce - 1
    log_growth = total(lambda size: jnp.log1p(gap / (size - scarce)), n, t)
    if jnp.ndim(n) == 0:
        divisor = n if estimator == "mle" else n - 1
        shift = divisor / (n * gap) * jnp.expm1(log_growth)
    else:
        sizes = as_schedule(n, horizon(t))
        table = prefix_sums(jnp.log1p(gap / (sizes - scarce)))
        shift = pick(jnp.exp(table) * prefix_sums(jnp.exp(-table[:-1]) / sizes), t)
    value = (log_determinant + dimension * (jnp.expm1(log_growth) + shift)) / 2
    lost = total(lambda size: jnp.where(size <= scarce, 1.0, 0.0), n, t) > 0
    return jnp.where(jnp.asarray(t) == 0, 0.0, jnp.where(lost, jnp.inf, value))


@float64
def rank(n: Any, t: Any, dimension: Any) -> Any:
    r"""$\min(d,\,n_1-1,\dots,n_t-1)$, the rank of $\Sigma_t$ in almost every chain, for `n >= 2`."""
    require_draws(n, 2)
    sizes = as_schedule(n, horizon(t))
    # Least sizes so far; before the first fit the rank is full.
    start = jnp.full(1, dimension + 1.0)
    least = jax.lax.cummin(jnp.concatenate([start, sizes.astype(start.dtype)]))
    return pick(jnp.minimum(least - 1, dimension), t)
