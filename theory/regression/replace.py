r"""Linear regression under replace: labels by the latest model, for new rows or for the same ones.

A generation moves the coefficients by $\sigma_{t-1}(X^\top X)^{-1/2}z$ and multiplies the noise
variance, if it is refitted, by $\chi^2_{n-p}/c$, all independent; $c=n$ (maximum likelihood) or $n-p$
(unbiased).
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian import log_variance as gaussian
from modelcollapse.theory.gaussian.log_gamma import digamma_less_log, log_gamma_ratio
from modelcollapse.theory.gaussian.moments import variance_and_skewness
from modelcollapse.theory.gaussian.steps import as_schedule, horizon, pick, prefix_sums, total
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    ahead,
    fewer_draws,
    half_exponent,
    off_by_one,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import ExcessRisk, LogNoiseVariance, NoiseVariance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Replace
from modelcollapse.theory.regression.family import LinearRegression
from modelcollapse.theory.regression.steps import (
    draws,
    fewer_features,
    has_moments,
    known_noise,
    log_shrinkage,
    mle_noise,
    orthogonal_design,
    random_design,
    require_kind,
    require_rows,
    serves_design,
    spare_rows,
    trace,
    unbiased_noise,
)


@float64
def excess_risk(
    n: Any,
    t: Any,
    features: Any,
    *,
    design: str = "fresh",
    noise: str = "known",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sum_{s\le t}h_s\,\mathbb E\,\sigma_{s-1}^2$ with $h=p/(n-p-1)$ for
    rows from $N(0,I_p)$, new ones or the same for ever, and $p/n$ for an orthogonal design.

    **Arguments:** rows a generation `n`, a number or the sizes $n_1,\dots,n_T$ (at least p + 2, p for an
    orthogonal design); generations `t`, which broadcast against a number `n`; the number `features` of
    regressors, p; `design`; `noise`: `"known"`, so that $\mathbb E\,\sigma^2$ is constant, `"mle"` or
    `"unbiased"`; the initial noise `variance`. **Returns:** float64, the shape of `t`.
    """
    require_rows(n, features, spare_rows(design, noise))
    if jnp.ndim(n) == 0:
        rate = log_shrinkage(n, features, noise)
        grown = t if noise != "mle" else -jnp.expm1(t * rate) * n / features
        return variance * trace(n, features, design) * grown
    sizes = as_schedule(n, horizon(t))
    before = jnp.exp(prefix_sums(log_shrinkage(sizes, features, noise)))[:-1]
    return variance * pick(prefix_sums(trace(sizes, features, design) * before), t)


@float64
def noise_variance_moment(
    n: Any, t: Any, features: Any, q: Any, *, noise: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^{2q}=\sigma_0^{2q}\prod_{s\le t}(2/c_s)^q\,\Gamma(\nu_s/2+q)/\Gamma(\nu_s/2)$,
    $\nu=n-p$, $c=n$ (`"mle"`) or $\nu$ (`"unbiased"`), for real `q`; infinite if some $\nu_s\le-2q$.
    Arguments as in [`excess_risk`][]."""
    require_kind("fresh", noise)
    require_rows(n, features, int(noise != "known"))
    if noise == "known":
        return variance**q * jnp.exp(total(jnp.zeros_like, n, t))

    def step(size: Any) -> Any:
        return q * log_shrinkage(size, features, noise) + log_gamma_ratio((size - features) / 2, q)

    # At t = 0 no factor enters, not even one without a mean.
    log_moment = jnp.where(jnp.asarray(t) == 0, 0.0, total(step, n, t))
    return variance**q * jnp.where(jnp.isnan(log_moment), jnp.inf, jnp.exp(log_moment))


@float64
def noise_variance(
    n: Any, t: Any, features: Any, *, noise: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-p/n_s)$ (`"mle"`), $\sigma_0^2$ (`"unbiased"`).
    Arguments as in [`excess_risk`][]."""
    require_kind("fresh", noise)
    require_rows(n, features, int(noise != "known"))
    return variance * jnp.exp(total(lambda size: log_shrinkage(size, features, noise), n, t))


@float64
def log_noise_variance(n: Any, t: Any, features: Any, order: Any = 1, *, noise: str = "mle") -> Any:
    r"""Cumulant of $\log(\sigma_t^2/\sigma_0^2)$: $\sum_{s\le t}[\psi(\nu_s/2)+\log(2/c_s)]$ for order 1,
    $\sum_{s\le t}\psi^{(j-1)}(\nu_s/2)$ for order $j\ge2$. Arguments as in [`excess_risk`][]."""
    require_kind("fresh", noise)
    require_rows(n, features, 1)
    j = int(order)
    if noise == "known":
        return total(jnp.zeros_like, n, t)
    if j > 1:
        return total(lambda size: jax.scipy.special.polygamma(j - 1, (size - features) / 2), n, t)

    def step(size: Any) -> Any:
        return digamma_less_log((size - features) / 2) + log_shrinkage(size, features, noise)

    return total(step, n, t)


@float64
def log_noise_variance_cdf(x: Any, n: Any, t: Any, features: Any, *, noise: str = "mle") -> Any:
    r"""$P(\log(\sigma_t^2/\sigma_0^2)\le x)$: the law of a Gaussian's log-variance with $n-p+1$ draws and
    the unbiased divisor, shifted by $\sum\log(\nu_s/c_s)$. `x` and `t` broadcast."""
    if noise not in ("mle", "unbiased"):
        raise ValueError(f"`noise` must be 'mle' or 'unbiased'; got {noise!r}.")
    require_rows(n, features, 1)
    shift = total(lambda size: log_shrinkage(size, features, noise), n, t)
    return gaussian.cdf(x - shift, n - features + 1, t, estimator="unbiased")


def _step_moments(n: float, features: int, design: str, noise: str) -> tuple[Any, Any]:
    r"""Moments 0 to 3 of $1/c$, where a coefficient's error has variance $\sigma^2/c$, and of the factor
    of $\sigma^2$."""
    free = n - features + 1
    inverse = [1.0]
    for k in range(1, 4):
        if design == "fresh":
            inverse.append(inverse[-1] / (free - 2 * k) if free > 2 * k else math.inf)
        else:
            inverse.append(n**-k)
    factor = [1.0] * 4
    if noise != "known":
        divisor = n if noise == "mle" else n - features
        for k in range(3):
            factor[k + 1] = factor[k] * (n - features + 2 * k) / divisor
    return inverse, factor


def _sum_moments(loop: Loop, t: Any) -> np.ndarray:
    r"""Moments 1 to 3 of $S_t=\sum_s\sigma_{s-1}^2/c_s$, shape `(3, len(t))`, by those of $S^aV^b$."""
    given = draws(loop, t, "n")
    features, design = given["features"], loop.truth.design  # pyright: ignore[reportAttributeAccessIssue]
    last = int(np.max(t))
    sizes = np.broadcast_to(np.asarray(given["n"], np.float64), (last,))
    joint = {(a, b): float(a == 0) for a in range(4) for b in range(4 - a)}
    table = [[0.0] * 3]
    for n in sizes:
        inverse, factor = _step_moments(float(n), features, design, given["noise"])
        joint = {
            (a, b): sum(
                math.comb(a, j) * joint[a - j, b + j] * inverse[j] * factor[b] for j in range(a + 1)
            )
            for a, b in joint
        }
        table.append([joint[k, 0] for k in (1, 2, 3)])
    moments = np.asarray(table).T[:, np.asarray(t).astype(int)]
    if design == "fixed":
        # The rows are drawn once: their factor is the same for all generations.
        n = float(sizes[0])
        scale = _step_moments(n, features, "fresh", "known")[0]
        moments = moments * np.array([[n**k * scale[k]] for k in (1, 2, 3)])
    return moments * np.array([[given["variance"] ** k] for k in (1, 2, 3)])


def _risk_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    p = loop.truth.features  # pyright: ignore[reportAttributeAccessIssue]
    with np.errstate(invalid="ignore", over="ignore"):
        chi_square = np.array([[p], [p * (p + 2)], [p * (p + 2) * (p + 4)]], dtype=np.float64)
        variance, skewness = variance_and_skewness(*(_sum_moments(loop, t) * chi_square))
    # Without three moments nothing is certified.
    lacking = ~np.isfinite(variance) | ~np.isfinite(skewness)
    return np.where(lacking, np.inf, variance), np.where(lacking, np.inf, skewness)


def _noise_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    given = draws(loop, t, "n")
    return variance_and_skewness(*(noise_variance_moment(q=q, **given) for q in (1.0, 2.0, 3.0)))


def _cumulant(loop: Loop, t: Any, order: int) -> Any:
    given = draws(loop, t, "n")
    given.pop("variance")
    return np.asarray(log_noise_variance(order=order, **given))


def _log_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    second, third = (_cumulant(loop, t, order) for order in (2, 3))
    return second, np.divide(third, second**1.5, out=np.zeros_like(second), where=second > 0)


_COEFFICIENTS = (0.5, -1.0, 2.0)


def _loop(n: Any, **kinds: Any) -> Loop:
    return Loop(LinearRegression(np.array(_COEFFICIENTS), 2.0, **kinds), Replace(n=n))


_RISK = Where(
    family=LinearRegression,
    regime=Replace,
    also=has_moments,
    assuming="sizes listed; every n_t > p + 1 and a fixed design's n constant, or an orthogonal design",
)
_REFITTED = Where(
    family=LinearRegression,
    regime=Replace,
    also=lambda loop: loop.truth.noise != "known" and serves_design(loop),  # pyright: ignore[reportAttributeAccessIssue]
    assuming="the noise is refitted; a fixed design's n is constant",
)
_FRESH, _MLE = _loop(16), _loop(16, noise="mle")
_UNBIASED = _loop(16, noise="unbiased")
_FIXED, _FIXED_MLE = _loop(16, design="fixed"), _loop(16, design="fixed", noise="mle")
_ORTHOGONAL = _loop(8, design="orthogonal")
_ORTHOGONAL_MLE = _loop(8, design="orthogonal", noise="mle")
_SCHEDULE = _loop((16, 20, 14, 24), noise="mle")
_SLIPS = (off_by_one, fewer_draws, half_exponent, fewer_features)
_first_only = Wrong(
    "the first generation's share every time",
    lambda predict, loop, t: np.asarray(t) * predict(loop, np.ones(1)),
)
_log_of_mean = Wrong(
    "the logarithm of the mean variance",
    lambda predict, loop, t: np.log(noise_variance(**(draws(loop, t, "n") | {"variance": 1.0}))),
)


@theorem(
    observable=ExcessRisk(),
    where=_RISK,
    source=("dohmatob2024", "gerstgrasser2024"),
    derived_here=True,
    proof="algebra:regression_replace",
    rows=[
        Row(_FRESH, (1, 2, 4), (*_SLIPS, orthogonal_design, mle_noise), 2**19),
        Row(_FIXED, (1, 2, 4), (*_SLIPS, orthogonal_design, mle_noise), 2**19),
        Row(_ORTHOGONAL, (1, 2, 4), (*_SLIPS, random_design, mle_noise), 2**18),
        Row(_MLE, (1, 2, 4), (*_SLIPS, known_noise), 2**19),
        Row(_ORTHOGONAL_MLE, (1, 2, 4), (*_SLIPS, known_noise, _first_only), 2**18),
        Row(_SCHEDULE, (1, 2, 3), (off_by_one, ahead, fewer_draws, known_noise), 2**19),
    ],
    spread=_risk_spread,
)
def linearregression_replace_excess_risk(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sum_{s\le t}h_s\,\mathbb E\,\sigma_{s-1}^2$ with $h=p/(n-p-1)$ for Gaussian rows, new ones every generation or the same for ever, and $p/n$ for the in-sample risk of a given design: $t\,h\,\sigma_0^2$ if the noise is known, and at most $\sigma_0^2hn/p$ for ever if maximum likelihood refits it."""
    return excess_risk(design=loop.truth.design, **draws(loop, t, "n"))  # pyright: ignore[reportAttributeAccessIssue]


@theorem(
    observable=NoiseVariance(),
    where=_REFITTED,
    source=("dohmatob2024", "shumailov2024"),
    derived_here=True,
    proof="algebra:regression_replace",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, unbiased_noise), 2**17),
        Row(_FIXED_MLE, (2,), (*_SLIPS, unbiased_noise), 2**18),
        Row(_UNBIASED, (1, 2, 4), (mle_noise,), 2**17),
        Row(_SCHEDULE, (2, 3), (off_by_one, ahead, fewer_draws, unbiased_noise), 2**17),
    ],
    spread=_noise_spread,
)
def linearregression_replace_noise_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-p/n_s)$ if maximum likelihood refits the noise: each regressor costs what the mean costs a Gaussian; $\sigma_0^2$ with the divisor $n-p$."""
    return noise_variance(**draws(loop, t, "n"))


@theorem(
    observable=LogNoiseVariance(),
    where=_REFITTED,
    source=("suresh2024", "dohmatob2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, unbiased_noise, _log_of_mean), 2**17),
        Row(_UNBIASED, (2, 4), (off_by_one, half_exponent, mle_noise, _log_of_mean), 2**17),
        Row(_ORTHOGONAL_MLE, (10,), (*_SLIPS, unbiased_noise), 2**16),
        Row(_SCHEDULE, (2, 3), (off_by_one, ahead, fewer_draws, unbiased_noise), 2**17),
    ],
    spread=_log_spread,
)
def linearregression_replace_log_noise_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}[\psi(\nu_s/2)+\log(2/c_s)]$, $\nu=n-p$, $c=n$ for maximum likelihood and $c=\nu$ for the unbiased variance; its variance is $\sum_{s\le t}\psi_1(\nu_s/2)$. So a refitted noise variance collapses almost surely, as a Gaussian's does."""
    return _cumulant(loop, t, 1)


@theorem(
    observable=LogNoiseVariance(),
    gives="cdf",
    where=_REFITTED,
    source=("gilpelaez1951", "suresh2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(
            _MLE,
            (1, 2, 4),
            (off_by_one, fewer_draws, fewer_features, unbiased_noise),
            2**17,
            at=(-1.0, -0.3, 0.2),
        ),
        Row(_UNBIASED, (1, 4), (off_by_one, mle_noise), 2**17, at=(-0.6, 0.0, 0.4)),
        Row(_SCHEDULE, (2, 3), (off_by_one, fewer_draws), 2**17, at=(-0.6, 0.0)),
    ],
)
def linearregression_replace_log_noise_variance_cdf(loop: Loop, t: Any, x: Any) -> Any:
    r"""$P(\log(\sigma_t^2/\sigma_0^2)\le x)$ is that of a sum of independent $\log(\chi^2_{\nu_s}/c_s)$, $s\le t$, $\nu=n-p$: a Gaussian's with $n-p+1$ draws, but for the divisor."""
    given = draws(loop, np.asarray(t, dtype=np.float64), "n")
    given.pop("variance")
    x = np.asarray(x, dtype=np.float64)
    if x.ndim:
        given["t"] = given["t"][:, None]
    return log_noise_variance_cdf(x, **given)
