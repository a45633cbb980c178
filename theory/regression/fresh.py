r"""Linear regression with fresh real rows every generation, pooled with rows labelled by the latest model.

With $N=n_r+n_s$, $\beta=n_s/N$, $M_t=\mathbb E|\beta_t-\beta_0|^2$ and $V_t=\mathbb E\,\sigma_t^2$ in
units of $\sigma_0^2$, exactly and for any schedule: $M_t=\kappa M_{t-1}+h(1-\beta+\beta V_{t-1})$,
and with refitted noise
$V_t=\frac N{N-d}[(1-\beta+\beta V_{t-1})(1-\frac pN)+\lambda M_{t-1}]$, $d=0$ (maximum likelihood) or p.
With an orthogonal design $h=p/N$, $\kappa=\beta^2$, $\lambda=\beta(1-\beta)$; with Gaussian rows $h=p/(N-p-1)$ and
$\kappa,\lambda$ follow from the second moments of the matrix-variate beta $G^{-1/2}G_sG^{-1/2}$.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.gaussian.recursion import affine_recursion
from modelcollapse.theory.gaussian.steps import as_schedule, horizon, pick, require_draws
from modelcollapse.theory.ledger import Row, Where, Wrong, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import ExcessRisk, NoiseVariance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Fresh
from modelcollapse.theory.regression.family import LinearRegression
from modelcollapse.theory.regression.steps import (
    draws,
    fewer_features,
    has_moments,
    known_noise,
    mle_noise,
    orthogonal_design,
    random_design,
    require_batches,
    require_rows,
    spare_rows,
    trace,
    unbiased_noise,
)


def _kept(n_real: Any, n_synthetic: Any, features: Any, design: str) -> tuple[Any, Any]:
    r"""$\kappa$ and $\lambda$: shares of the model's squared error that reach the next model's error and
    its residuals."""
    n, p = n_real + n_synthetic, features
    beta = n_synthetic / n
    if design == "orthogonal":
        return beta**2, beta * (1 - beta)
    # E U_ij U_kl = a d_ij d_kl + b (d_ik d_jl + d_il d_jk) for the matrix-variate beta U.
    b = n_synthetic * n_real / (n * (n + 2) * (n - 1))
    a = n_synthetic * (n_synthetic - 1) / (n * (n - 1)) + b
    square = a + b * (p + 1)
    return a + b + b * (n * p - 2) / (n - p - 1), beta - square


def _require_new_rows(design: str) -> None:
    if design == "fixed":
        raise ValueError("`design` must be fresh or orthogonal with new real rows; got 'fixed'.")


def _states(n_real: Any, n_synthetic: Any, t: Any, features: Any, design: str, noise: str) -> Any:
    _require_new_rows(design)
    require_draws(n_real, 0, "n_real")
    require_draws(n_synthetic, 0, "n_synthetic")
    require_batches(n_real, features, design, "n_real")
    require_batches(n_synthetic, features, design, "n_synthetic")
    real, synthetic = (as_schedule(size, horizon(t)) for size in (n_real, n_synthetic))
    n, p = real + synthetic, features
    require_rows(n, p, spare_rows(design, noise), "n_real + n_synthetic")
    beta, h = synthetic / n, trace(n, p, design)
    kappa, lost = _kept(real, synthetic, p, design)
    if noise == "known":
        matrix = [[kappa, beta * h], [jnp.zeros_like(n), jnp.ones_like(n)]]
        shift = [(1 - beta) * h, jnp.zeros_like(n)]
    else:
        correction = jnp.ones_like(n) if noise == "mle" else n / (n - p)
        left = correction * (1 - p / n)
        matrix = [[kappa, beta * h], [correction * lost, left * beta]]
        shift = [(1 - beta) * h, left * (1 - beta)]
    rows = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in (*matrix, shift)]
    stacked = jnp.stack(rows[:2], axis=-2)
    return pick(affine_recursion(stacked, rows[2], jnp.array([0.0, 1.0])), t)


@float64
def excess_risk(
    n_real: Any,
    n_synthetic: Any,
    t: Any,
    features: Any,
    *,
    design: str = "fresh",
    noise: str = "known",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sigma_0^2M_t$ by the recursion above.

    **Arguments:** `n_real` and `n_synthetic` rows a generation, numbers or schedules (at generation 1
    all are real), of which the sum must exceed p by 2 (an orthogonal design: each must be p or more,
    or none, since fewer rows cannot be orthogonal); generations `t`;
    the number `features` of regressors, p; `design`, "fresh" or "orthogonal"; `noise`; the initial
    noise `variance`. **Returns:** float64, the shape of `t`.
    """
    return variance * _states(n_real, n_synthetic, t, features, design, noise)[..., 0]


@float64
def noise_variance(
    n_real: Any,
    n_synthetic: Any,
    t: Any,
    features: Any,
    *,
    design: str = "fresh",
    noise: str = "mle",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$ by the recursion above. Arguments as in [`excess_risk`][]."""
    return variance * _states(n_real, n_synthetic, t, features, design, noise)[..., 1]


@float64
def stationary_risk(
    n_real: Any, n_synthetic: Any, features: Any, *, design: str = "fresh", variance: Any = 1.0
) -> Any:
    r"""The limit $h\sigma_0^2/(1-\kappa)$ of the risk with known noise at constant sizes,
    `n_real >= 1`; $p\sigma_0^2/(n_r(1+\beta))$ for an orthogonal design."""
    _require_new_rows(design)
    require_draws(n_real, 1, "n_real")
    require_draws(n_synthetic, 0, "n_synthetic")
    require_batches(n_real, features, design, "n_real")
    require_batches(n_synthetic, features, design, "n_synthetic")
    n = n_real + n_synthetic
    require_rows(n, features, spare_rows(design, "known"), "n_real + n_synthetic")
    kappa, _ = _kept(n_real, n_synthetic, features, design)
    return variance * trace(n, features, design) / (1 - kappa)


def _pooled(loop: Loop, t: Any) -> dict[str, Any]:
    return draws(loop, t, "n_real", "n_synthetic") | {"design": loop.truth.design}  # pyright: ignore[reportAttributeAccessIssue]


def _loop(n_real: Any, n_synthetic: Any, **kinds: Any) -> Loop:
    truth = LinearRegression(np.array([0.5, -1.0]), 2.0, **kinds)
    return Loop(truth, Fresh(n_real=n_real, n_synthetic=n_synthetic))


_WORDS = "sizes listed; every n_r + n_s > p + 1, or an orthogonal design with batches of p or more"
_RISK = Where(
    family=LinearRegression,
    regime=Fresh,
    also=lambda loop: loop.truth.design != "fixed" and has_moments(loop),  # pyright: ignore[reportAttributeAccessIssue]
    assuming=_WORDS,
)
_REFITTED = Where(
    family=LinearRegression,
    regime=Fresh,
    also=lambda loop: loop.truth.noise != "known" and _RISK(loop),  # pyright: ignore[reportAttributeAccessIssue]
    assuming=_WORDS + ", and the noise is refitted",
)
_FRESH, _MLE = _loop(5, 11), _loop(6, 10, noise="mle")
_UNBIASED = _loop(6, 10, noise="unbiased")
_ORTHOGONAL = _loop(3, 5, design="orthogonal")
_ORTHOGONAL_MLE = _loop(3, 5, design="orthogonal", noise="mle")
_SCHEDULE = _loop((3, 5, 2, 4), (12, 9, 14, 10), noise="mle")
_SLIPS = (off_by_one, fewer_draws, fewer_features)
_fixed_share = Wrong(
    "beta squared for kappa, as if the Gram matrices were in proportion",
    lambda predict, loop, t: _risk_with(loop, t, lambda beta: beta**2),
)
_linear_share = Wrong(
    "beta for beta squared", lambda predict, loop, t: _risk_with(loop, t, lambda beta: beta)
)


def _risk_with(loop: Loop, t: Any, rate: Any) -> Any:
    """The risk with known noise and constant sizes, with another share that is kept."""
    real, synthetic = loop.regime.n_real, loop.regime.n_synthetic  # pyright: ignore[reportAttributeAccessIssue]
    kept = rate(synthetic / (real + synthetic))
    given = _pooled(loop, t)
    cost = trace(real + synthetic, given["features"], given["design"]) * given["variance"]
    return cost * (1 - kept ** np.asarray(t, np.float64)) / (1 - kept)


@theorem(
    observable=ExcessRisk(),
    where=_RISK,
    source=("gerstgrasser2024", "he2026"),
    derived_here=True,
    proof="algebra:regression_fresh",
    rows=[
        Row(_FRESH, (1, 2, 4), (*_SLIPS, orthogonal_design, _linear_share), 2**19),
        Row(_FRESH, (4, 8), (_fixed_share, orthogonal_design), 2**19),
        Row(_ORTHOGONAL, (1, 2, 4), (*_SLIPS, random_design, _linear_share), 2**18),
        Row(_MLE, (2, 4), (*_SLIPS, known_noise), 2**20),
        Row(_ORTHOGONAL_MLE, (2, 4), (*_SLIPS, known_noise), 2**18),
        Row(_SCHEDULE, (2, 3, 4), (fewer_draws, fewer_features, known_noise), 2**20),
    ],
)
def linearregression_fresh_excess_risk(loop: Loop, t: Any) -> Any:
    r"""$M_t=\mathbb E|\beta_t-\beta_0|^2/\sigma_0^2$ follows $M_t=\kappa M_{t-1}+h(1-\beta+\beta V_{t-1})$ with $\kappa=\beta^2$, $h=p/N$ for an orthogonal design and, for Gaussian rows, $h=p/(N-p-1)$, $\kappa=a+b+b(Np-2)/(N-p-1)$, $b=n_rn_s/(N(N+2)(N-1))$, $a=n_s(n_s-1)/(N(N-1))+b$. With known noise $V=1$ and $M_\infty=h/(1-\kappa)$, $p/(n_r(1+\beta))$ for an orthogonal design: no collapse."""
    return excess_risk(**_pooled(loop, t))


@theorem(
    observable=NoiseVariance(),
    where=_REFITTED,
    source=("gerstgrasser2024", "alemohammad2024"),
    derived_here=True,
    proof="algebra:regression_fresh",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, unbiased_noise), 2**18),
        Row(_MLE, (4, 8), (orthogonal_design,), 2**20),
        Row(_UNBIASED, (2, 4), (mle_noise, off_by_one), 2**18),
        Row(_ORTHOGONAL_MLE, (1, 2, 4), (*_SLIPS, unbiased_noise), 2**18),
        Row(_SCHEDULE, (2, 3, 4), (fewer_draws, fewer_features, unbiased_noise), 2**18),
    ],
)
def linearregression_fresh_noise_variance(loop: Loop, t: Any) -> Any:
    r"""$V_t=\mathbb E\,\sigma_t^2/\sigma_0^2=\frac N{N-d}[(1-\beta+\beta V_{t-1})(1-\frac pN)+\lambda M_{t-1}]$, $d=0$ for maximum likelihood and p for the unbiased variance; $\lambda=\beta-\beta^2$ for an orthogonal design, for which $V+M=1$ under maximum likelihood, and $\lambda=\beta-a-b(p+1)$ for Gaussian rows, with $M_t$, a and b of `linearregression_fresh_excess_risk`."""
    return noise_variance(**_pooled(loop, t))
