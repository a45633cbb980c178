r"""Linear regression with weighted fresh real rows and an orthogonal design.

Each coefficient is fitted as the Gaussian's mean is, from the same rows of weights; so with p means for one,
$M_t=pw^2/n_r+(1-w)^2(pV_{t-1}/n_s+M_{t-1})$ for the sum of their squared errors, in units of $\sigma_0^2$. With
Gaussian rows the weighted Gram matrix is a sum of Wishart matrices of two scales; no closed form is known to us.
"""

from typing import Any

import numpy as np

from modelcollapse.theory.gaussian.steps import has_degrees, size_of
from modelcollapse.theory.gaussian.weighted import (
    exchanged,
    unweighted,
    weighted_states,
)
from modelcollapse.theory.ledger import Row, Where, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import ExcessRisk, NoiseVariance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Weighted
from modelcollapse.theory.regression.family import LinearRegression
from modelcollapse.theory.regression.steps import (
    fewer_features,
    known_noise,
    mle_noise,
    regression_of,
    require_kind,
    require_rows,
    serves_design,
    unbiased_noise,
)


def _states(n_real: Any, n_synthetic: Any, weight: Any, t: Any, features: Any, noise: str) -> Any:
    require_kind("orthogonal", noise)
    require_rows(n_real, features, 0, "n_real")
    require_rows(n_synthetic, features, 0, "n_synthetic")
    return weighted_states(n_real, n_synthetic, weight, t, features, noise)


@float64
def excess_risk(
    n_real: Any,
    n_synthetic: Any,
    weight: Any,
    t: Any,
    features: Any,
    *,
    noise: str = "known",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sigma_0^2M_t$ by the recursion above, for an orthogonal design.

    **Arguments:** `n_real` and `n_synthetic` rows a generation, numbers or schedules, at least p each
    (at generation 1 all are real); the `weight` of the real rows, $0<w\le1$; generations `t`; the
    number `features` of regressors, p; `noise`; the initial noise `variance`. **Returns:** float64, the
    shape of `t`.
    """
    return variance * _states(n_real, n_synthetic, weight, t, features, noise)[..., 0]


@float64
def noise_variance(
    n_real: Any,
    n_synthetic: Any,
    weight: Any,
    t: Any,
    features: Any,
    *,
    noise: str = "mle",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$, $V_t=K_t[w+(1-w)(V_{t-1}+M_{t-1})-M_t]$, $K=1$ (`"mle"`) or
    $1/(1-pw^2/n_r-p(1-w)^2/n_s)$ (`"unbiased"`). Arguments as in [`excess_risk`][]."""
    return variance * _states(n_real, n_synthetic, weight, t, features, noise)[..., 1]


@float64
def stationary_risk(
    n_real: Any, n_synthetic: Any, weight: Any, features: Any, *, variance: Any = 1.0
) -> Any:
    r"""The limit $p\sigma_0^2[w^2/n_r+(1-w)^2/n_s]/(1-(1-w)^2)$ of the risk with known noise; least at
    `theory.gaussian.weighted.optimal_weight`, where it is $w^*p\sigma_0^2/n_r$. Constant sizes."""
    require_rows(n_real, features, 0, "n_real")
    require_rows(n_synthetic, features, 0, "n_synthetic")
    rest = 1 - weight
    noise = weight**2 / n_real + rest**2 / n_synthetic
    return variance * features * noise / (1 - rest**2)


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    sizes = {name: size_of(loop, t, name) for name in ("n_real", "n_synthetic")}
    return {**sizes, "weight": loop.regime.weight, "t": t, **regression_of(loop)}  # pyright: ignore[reportAttributeAccessIssue]


def _is_orthogonal(loop: Loop) -> bool:
    truth = loop.truth
    return (
        truth.design == "orthogonal"  # pyright: ignore[reportAttributeAccessIssue]
        and serves_design(loop)
        and has_degrees(loop, truth.features, truth.noise == "unbiased")  # pyright: ignore[reportAttributeAccessIssue]
    )


def _loop(n_real: Any, n_synthetic: Any, noise: Any) -> Loop:
    truth = LinearRegression(np.array([0.5, -1.0]), 2.0, design="orthogonal", noise=noise)
    return Loop(truth, Weighted(n_real, n_synthetic, weight=0.6))


_RISK = Where(
    family=LinearRegression,
    regime=Weighted,
    also=_is_orthogonal,
    assuming="an orthogonal design, listed batches of p rows or more",
)
_REFITTED = Where(
    family=LinearRegression,
    regime=Weighted,
    also=lambda loop: _is_orthogonal(loop) and loop.truth.noise != "known",  # pyright: ignore[reportAttributeAccessIssue]
    assuming="an orthogonal design, listed batches of p rows or more; the noise is refitted",
)
_KNOWN, _MLE = _loop(3, 4, "known"), _loop(3, 4, "mle")
_UNBIASED = _loop(4, 5, "unbiased")
_SCHEDULE = _loop((3, 2, 4, 3), (4, 3, 6, 2), "mle")
_SLIPS = (off_by_one, fewer_draws, fewer_features)


@theorem(
    observable=ExcessRisk(),
    where=_RISK,
    source="he2026",
    derived_here=True,
    proof="algebra:weighted",
    rows=[
        Row(_KNOWN, (1, 2, 4), (*_SLIPS, exchanged, mle_noise), 2**19),
        Row(_KNOWN, (8,), (unweighted,), 2**19),
        Row(_MLE, (2, 4), (*_SLIPS, known_noise), 2**19),
        Row(_SCHEDULE, (2, 3), (fewer_features, exchanged, known_noise), 2**19),
    ],
)
def linearregression_weighted_excess_risk(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sigma_0^2M_t$ with $M_t=pw^2/n_r+(1-w)^2(pV_{t-1}/n_s+M_{t-1})$ for an orthogonal design; with known noise $V=1$ and the limit $p[w^2/n_r+(1-w)^2/n_s]/(1-(1-w)^2)$ is least exactly at $w=\tfrac12(\sqrt{k^2+4k}-k)$, $k=n_r/n_s$: the golden ratio less one at equal sizes."""
    return excess_risk(**_draws(loop, t))


@theorem(
    observable=NoiseVariance(),
    where=_REFITTED,
    source="he2026",
    derived_here=True,
    proof="algebra:weighted",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, exchanged, unbiased_noise), 2**19),
        Row(_UNBIASED, (2, 4), (mle_noise, off_by_one), 2**19),
        Row(_SCHEDULE, (2, 3), (fewer_features, exchanged, unbiased_noise), 2**19),
    ],
)
def linearregression_weighted_noise_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$ with $V_t=K_t[w+(1-w)(V_{t-1}+M_{t-1})-M_t]$, $K=1$ for maximum likelihood (where $V=1-M$) and $1/(1-pw^2/n_r-p(1-w)^2/n_s)$ for the unbiased variance; orthogonal design."""
    return noise_variance(**_draws(loop, t))
