r"""The Gaussian with weighted fresh real data: weight w on $n_r$ real draws, $1-w$ on $n_s$ synthetic ones.

In units of $\sigma_0^2$, exactly and for any schedule,
$M_t=w^2/n_r+(1-w)^2(V_{t-1}/n_s+M_{t-1})$ and $V_t=K_t[w+(1-w)(V_{t-1}+M_{t-1})-M_t]$, where K is 1 (MLE) or
$1/(1-q)$, $q=w^2/n_r+(1-w)^2/n_s$ (unbiased: Kish's effective size is $1/q$).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import is_traced, shown
from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.recursion import affine_recursion
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    has_degrees,
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
from modelcollapse.theory.regimes import Weighted


def weighted_states(
    n_real: Any, n_synthetic: Any, weight: Any, t: Any, parameters: Any, noise: str
) -> Any:
    """(M, V) at the generations `t` for a fit of `parameters` means, each of which costs as much: 1 for
    the Gaussian, p for a regression with an orthogonal design. A core."""
    real, synthetic = (as_schedule(n, horizon(t)) for n in (n_real, n_synthetic))
    require_draws(real, 1, "n_real")
    require_draws(synthetic, 1, "n_synthetic")
    rest = 1 - weight
    from_real, from_latest = parameters * weight**2 / real, parameters * rest**2 / synthetic
    if noise == "unbiased":
        lost = from_real + from_latest
        if not is_traced(lost) and np.max(np.asarray(lost)) >= 1:
            raise ValueError(
                f"`weight` must leave p (w^2/n_real + (1-w)^2/n_synthetic), p = {parameters:g}, below 1 "
                f"for an unbiased divisor; got {shown(weight)}."
            )
    moved = [rest**2 * jnp.ones_like(real), from_latest]
    if noise == "known":
        kept, fed = [jnp.zeros_like(real), jnp.ones_like(real)], jnp.zeros_like(real)
    else:
        correction = 1 / (1 - from_real - from_latest) if noise == "unbiased" else 1.0
        kept = [correction * (rest - part) for part in moved]
        fed = correction * (weight - from_real)
    stacked = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in (moved, kept)]
    matrices = jnp.stack(stacked, axis=-2)
    shifts = jnp.stack(jnp.broadcast_arrays(from_real, fed), axis=-1)
    return pick(affine_recursion(matrices, shifts, jnp.array([0.0, 1.0])), t)


@float64
def variance(
    n_real: Any,
    n_synthetic: Any,
    weight: Any,
    t: Any,
    *,
    estimator: str = "mle",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2V_t$ by the recursion above; for the MLE $V=1-M$.

    **Arguments:** `n_real` and `n_synthetic` draws a generation, numbers or schedules (at generation
    1 all are real); the `weight` of the real draws, $0<w\le1$; generations `t`; the initial
    `variance`. **Returns:** float64, the shape of `t`.
    """
    require_estimator(estimator)
    return variance * weighted_states(n_real, n_synthetic, weight, t, 1.0, estimator)[..., 1]


@float64
def mean_error_second_moment(
    n_real: Any,
    n_synthetic: Any,
    weight: Any,
    t: Any,
    *,
    estimator: str = "mle",
    variance: Any = 1.0,
) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$; for the MLE
    $M_t=q+(1-w)^2(1-1/n_s)M_{t-1}$. Arguments as in [`variance`][]."""
    require_estimator(estimator)
    return variance * weighted_states(n_real, n_synthetic, weight, t, 1.0, estimator)[..., 0]


@float64
def stationary_mean_error(
    n_real: Any, n_synthetic: Any, weight: Any, *, variance: Any = 1.0
) -> Any:
    r"""The limit of $\mathbb E(\mu_t-\mu_0)^2$ for the MLE,
    $\sigma_0^2q/(1-(1-w)^2(1-1/n_s))$. Constant sizes."""
    require_draws(n_real, 1, "n_real")
    require_draws(n_synthetic, 1, "n_synthetic")
    rest = 1 - weight
    noise = weight**2 / n_real + rest**2 / n_synthetic
    return variance * noise / (1 - rest**2 * (1 - 1 / n_synthetic))


@float64
def optimal_weight(n_real: Any, n_synthetic: Any) -> Any:
    r"""$w^*=\tfrac12(\sqrt{k^2+4k}-k)$, $k=n_r/n_s$ (He, Xu & Cheng 2026): the weight of least error where
    the noise of the synthetic draws stays what it was; $(\sqrt5-1)/2$, the golden ratio less one, at
    equal sizes.

    It minimises $[w^2/n_r+(1-w)^2/n_s]/(1-(1-w)^2)$, whose value there is $w^*/n_r$: the stationary error
    of a mean whose variance is known or each batch's own unbiased one, and of a regression with an
    orthogonal design and known noise, exactly. Not with `estimator="unbiased"`, whose pooled variance
    exceeds the truth's."""
    require_draws(n_real, 1, "n_real")
    require_draws(n_synthetic, 1, "n_synthetic")
    k = n_real / n_synthetic
    return 2 * k / (jnp.sqrt(k**2 + 4 * k) + k)


@float64
def optimal_weight_mle(n_real: Any, n_synthetic: Any) -> Any:
    r"""The weight of least [`stationary_mean_error`][] under maximum likelihood: with
    $r=1-1/n_s$ and $k=n_r/n_s$ the root $u=1-w$ in (0, 1) of $(1-u)(1-ru)=ku$. Synthetic draws are a little
    less noisy than real ones there, so it is below [`optimal_weight`][]; alike as $n_s$ grows."""
    require_draws(n_real, 1, "n_real")
    require_draws(n_synthetic, 1, "n_synthetic")
    r, k = 1 - 1 / n_synthetic, n_real / n_synthetic
    middle = 1 + r + k
    return 1 - 2 / (middle + jnp.sqrt(middle**2 - 4 * r))


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {
        "n_real": size_of(loop, t, "n_real"),
        "n_synthetic": size_of(loop, t, "n_synthetic"),
        "weight": loop.regime.weight,  # pyright: ignore[reportAttributeAccessIssue]
        "t": t,
        "estimator": loop.truth.estimator,  # pyright: ignore[reportAttributeAccessIssue]
        "variance": initial_variance(loop),
    }


def _loop(n_real: Any, n_synthetic: Any, **kinds: Any) -> Loop:
    return Loop(Gaussian(1.0, 4.0, **kinds), Weighted(n_real, n_synthetic, weight=0.6))


def reweighted(name: str, weight: Any) -> Wrong:
    """The prediction for another weight, from (real, synthetic, weight)."""

    def value(predict: Any, loop: Loop, t: Any) -> Any:
        regime = loop.regime
        real, synthetic = (np.ravel(regime.sizes(1)[i])[0] for i in (0, 1))
        other = Weighted(regime.n_real, regime.n_synthetic, weight(real, synthetic, regime.weight))  # pyright: ignore[reportAttributeAccessIssue]
        return predict(Loop(loop.truth, other), t)

    return Wrong(name, value)


#: All draws counted alike.
unweighted = reweighted(
    "all draws counted alike", lambda real, synthetic, w: real / (real + synthetic)
)
#: The weights exchanged.
exchanged = reweighted("the weights exchanged", lambda real, synthetic, w: 1 - w)


def _true_noise(predict: Any, loop: Loop, t: Any) -> Any:
    states = float64(weighted_states)
    given = _draws(loop, t)
    parts = [given[name] for name in ("n_real", "n_synthetic", "weight", "t")]
    return given["variance"] * states(*parts, 1.0, "known")[..., 0]


_fixed_noise = Wrong("synthetic draws with the true variance", _true_noise)


_WHERE = Where(
    family=Gaussian,
    regime=Weighted,
    also=lambda loop: has_degrees(loop, 1, loop.truth.estimator == "unbiased"),  # pyright: ignore[reportAttributeAccessIssue]
    assuming="w^2/n_r + (1-w)^2/n_s < 1, listed, for the unbiased variance",
)
_MLE, _UNBIASED = _loop(3, 4), _loop(4, 5, estimator="unbiased")
_SCHEDULE = _loop((3, 2, 4, 3), (4, 3, 6, 2))
_SLIPS = (off_by_one, fewer_draws)


@theorem(
    observable=Variance(),
    where=_WHERE,
    source=("he2026", "alemohammad2024"),
    derived_here=True,
    proof="algebra:weighted",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, other_estimator, unweighted, exchanged), 2**19),
        Row(_UNBIASED, (2, 4), (other_estimator, off_by_one), 2**19),
        Row(_SCHEDULE, (1, 2, 3), (other_estimator, fewer_draws, exchanged), 2**19),
    ],
)
def gaussian_weighted_variance(loop: Loop, t: Any) -> Any:
    r"""$V_t=\mathbb E\,\sigma_t^2/\sigma_0^2$ and $M_t=\mathbb E(\mu_t-\mu_0)^2/\sigma_0^2$ follow $M_t=w^2/n_r+(1-w)^2(V_{t-1}/n_s+M_{t-1})$, $V_t=K_t[w+(1-w)(V_{t-1}+M_{t-1})-M_t]$, $K=1$ for maximum likelihood (where $V=1-M$) and $1/(1-w^2/n_r-(1-w)^2/n_s)$ for the unbiased variance."""
    return variance(**_draws(loop, t))


@theorem(
    observable=MeanError(),
    gives="second moment",
    where=_WHERE,
    source="he2026",
    derived_here=True,
    proof="algebra:weighted",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, exchanged), 2**18),
        Row(_MLE, (2, 4), (_fixed_noise, unweighted), 2**20),
        Row(_UNBIASED, (2, 4), (fewer_draws, exchanged), 2**18),
        Row(_SCHEDULE, (1, 2, 3), (fewer_draws, exchanged), 2**19),
    ],
)
def gaussian_weighted_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2M_t$ with $M_t=w^2/n_r+(1-w)^2(V_{t-1}/n_s+M_{t-1})$; for maximum likelihood $M_t=q+(1-w)^2(1-1/n_s)M_{t-1}$, $q=w^2/n_r+(1-w)^2/n_s$, with the limit $q/(1-(1-w)^2(1-1/n_s))$, least near $w=\tfrac12(\sqrt{k^2+4k}-k)$, $k=n_r/n_s$: the golden ratio less one at equal sizes."""
    return mean_error_second_moment(**_draws(loop, t))
