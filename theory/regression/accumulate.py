r"""Linear regression under accumulate: least squares on every labelled row so far.

With $N_t=\sum_{s\le t}n_s$ rows, the new share $w_t=n_t/N_t$ and the divisor $c_t=N_t$ (maximum
likelihood) or $N_t-p$ (unbiased), the noise variance is a product of independent factors of mean
$1-pw_t/c_t$ (1 for the first unbiased fit), and the coefficients move by
$\mathbb E\,\sigma_{t-1}^2w_th_t$ in mean square, $h_t=p/(N_t-p-1)$ or, for an orthogonal design, $p/N_t$.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import is_traced, shown
from modelcollapse.theory.gaussian.steps import as_schedule, horizon, pick, prefix_sums
from modelcollapse.theory.ledger import Row, Where, Wrong, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import ExcessRisk, NoiseVariance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Accumulate
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
    require_kind,
    require_rows,
    serves_design,
    spare_rows,
    unbiased_noise,
)


def _log_noise(sizes: Any, features: Any, noise: str) -> Any:
    r"""Logarithms of $\mathbb E\,\sigma_t^2/\sigma_0^2$ from generation 0 on."""
    pooled = jnp.cumsum(sizes)
    if noise == "known":
        return prefix_sums(jnp.zeros_like(pooled))
    divisor = pooled if noise == "mle" else pooled - features
    loss = features * sizes / pooled / divisor
    if noise == "unbiased":
        loss = loss.at[0].set(0.0)
    return prefix_sums(jnp.log1p(-loss))


def _sizes(n: Any, t: Any, features: Any, spare: int) -> Any:
    require_rows(n, 1, 0)
    sizes = as_schedule(n, horizon(t))
    require_rows(sizes[0], features, spare, "n")
    return sizes


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
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sum_{i\le t}w_ih_i\,\mathbb E\,\sigma_{i-1}^2$. With constant n and
    known noise: $\sigma_0^2\sum_{i\le t}p/(i(in-p-1))$ for new Gaussian rows every generation, and
    $h_1\sigma_0^2\sum_{i\le t}1/i^2$ for the same rows for ever, $h_1=p/(n-p-1)$ or $p/n$.

    **Arguments:** rows a generation `n`, a number or, unless the design is fixed, the sizes
    $n_1,\dots,n_T$, of which the first must exceed p by 2 (an orthogonal design: all must be p or
    more); generations `t`; the number `features` of regressors, p; `design`, `noise` and the initial noise
    `variance`. **Returns:** float64, the shape of `t`.
    """
    require_batches(n, features, design)
    sizes = _sizes(n, t, features, spare_rows(design, noise))
    if design == "fixed":
        _require_constant(n)
        n = sizes[0]
    pooled = jnp.cumsum(sizes)
    # The same rows i times over are worth 1/i of their first fit's error.
    free = {"fresh": pooled - features - 1, "orthogonal": pooled}
    scale = free[design] if design in free else pooled / n * (n - features - 1)
    before = jnp.exp(_log_noise(sizes, features, noise))[:-1]
    return variance * pick(prefix_sums(sizes / pooled * features / scale * before), t)


def _require_constant(n: Any) -> None:
    if jnp.ndim(n) > 0 and not is_traced(n) and np.ptp(np.asarray(n)) > 0:
        raise ValueError(
            f"`n` must be the same in all generations of a fixed design; got {shown(n)}."
        )


@float64
def noise_variance(
    n: Any, t: Any, features: Any, *, noise: str = "mle", variance: Any = 1.0
) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-pw_s/c_s)$, without the first factor for the
    unbiased divisor; the same for every design. Arguments as in [`excess_risk`][]."""
    require_kind("fresh", noise)
    sizes = _sizes(n, t, features, int(noise != "known"))
    return variance * pick(jnp.exp(_log_noise(sizes, features, noise)), t)


@float64
def excess_risk_limit(n: Any, features: Any, *, design: str = "fresh", variance: Any = 1.0) -> Any:
    r"""The limit of $\mathbb E|\beta_t-\beta_0|^2$ at constant n and with known noise:
    $\tfrac{\pi^2}6h_1\sigma_0^2$ for the same rows for ever; for new ones
    $\tfrac p{p+1}\sigma_0^2[-\gamma-\psi(1-\tfrac{p+1}n)]$, which is less."""
    require_rows(n, features, spare_rows(design, "known"))
    if design == "fresh":
        share = (features + 1) / n
        return (
            variance
            * features
            / (features + 1)
            * (-np.euler_gamma - jax.scipy.special.digamma(1 - share))
        )
    return variance * np.pi**2 / 6 * features / (n if design == "orthogonal" else n - features - 1)


_COEFFICIENTS = (0.5, -1.0)


def _loop(n: Any, **kinds: Any) -> Loop:
    return Loop(LinearRegression(np.array(_COEFFICIENTS), 2.0, **kinds), Accumulate(n=n))


_RISK = Where(
    family=LinearRegression,
    regime=Accumulate,
    also=has_moments,
    assuming="sizes listed; n_1 > p + 1 and a fixed design's n constant, or an orthogonal design with "
    "every n_t >= p",
)
_REFITTED = Where(
    family=LinearRegression,
    regime=Accumulate,
    also=lambda loop: loop.truth.noise != "known" and serves_design(loop),  # pyright: ignore[reportAttributeAccessIssue]
    assuming="the noise is refitted; a fixed design's n is constant, an orthogonal one's p or more",
)
_FRESH, _FIXED = _loop(14), _loop(14, design="fixed")
_MLE, _UNBIASED = _loop(14, noise="mle"), _loop(14, noise="unbiased")
_ORTHOGONAL = _loop(6, design="orthogonal")
_ORTHOGONAL_MLE = _loop(6, design="orthogonal", noise="mle")
_SCHEDULE = _loop((14, 6, 10, 4), noise="mle")
_SLIPS = (off_by_one, fewer_draws, fewer_features)


def _summed(share: Any) -> Any:
    """The first generation's share times a sum over generations i <= t."""

    def value(predict: Any, loop: Loop, t: Any) -> Any:
        sums = [np.sum(share(np.arange(1, s + 1))) for s in np.asarray(t)]
        return np.asarray(predict(loop, np.ones(1))) * sums

    return value


_linear_sum = Wrong("a sum of 1/i for the sum of 1/i^2", _summed(lambda i: 1 / i))
_first_only = Wrong("the first generation's share every time", _summed(np.ones_like))
_same_rows = Wrong("the same rows for ever", _summed(lambda i: 1 / i**2))
_each_share = Wrong(
    "every fit's whole shrinkage, as if nothing were kept",
    lambda predict, loop, t: (
        np.asarray(predict(loop, np.ones(1))) ** t
        * np.exp(-np.log(_variance_of(loop)) * (np.asarray(t) - 1))
    ),
)
_truly_unbiased = Wrong(
    "unbiased, because the first fit is",
    lambda predict, loop, t: np.full(np.shape(t), _variance_of(loop)),
)


def _variance_of(loop: Loop) -> Any:
    return np.exp(np.float64(loop.truth.log_variance))  # pyright: ignore[reportAttributeAccessIssue]


@theorem(
    observable=ExcessRisk(),
    where=_RISK,
    source="gerstgrasser2024",
    derived_here=True,
    proof="algebra:regression_accumulate",
    rows=[
        Row(
            _FRESH,
            (1, 2, 4),
            (*_SLIPS, orthogonal_design, _linear_sum, _first_only, _same_rows),
            2**20,
        ),
        Row(_FIXED, (1, 2, 4), (*_SLIPS, orthogonal_design, _linear_sum), 2**19),
        Row(_ORTHOGONAL, (1, 2, 4), (*_SLIPS, random_design, _linear_sum, _first_only), 2**18),
        Row(_MLE, (2, 4), (*_SLIPS, known_noise), 2**20),
        Row(_ORTHOGONAL_MLE, (2, 4), (*_SLIPS, known_noise), 2**19),
        Row(_SCHEDULE, (2, 3, 4), (fewer_draws, fewer_features, known_noise), 2**20),
    ],
)
def linearregression_accumulate_excess_risk(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2=\sum_{i\le t}w_ih_i\,\mathbb E\,\sigma_{i-1}^2$, $w_i=n_i/N_i$: with known noise $\sigma_0^2\sum_{i\le t}p/(i(in-p-1))$ for new Gaussian rows every generation, and $\sum_{i\le t}1/i^2$ times its first value, $p\sigma_0^2/(n-p-1)$ or, in-sample, $p\sigma_0^2/n$, for the same rows for ever."""
    return excess_risk(design=loop.truth.design, **draws(loop, t, "n"))  # pyright: ignore[reportAttributeAccessIssue]


@theorem(
    observable=NoiseVariance(),
    where=_REFITTED,
    source=("gerstgrasser2024", "kazdan2024"),
    derived_here=True,
    proof="algebra:regression_accumulate",
    rows=[
        Row(_MLE, (1, 2, 4), (*_SLIPS, unbiased_noise, _each_share), 2**18),
        Row(_UNBIASED, (2, 4), (mle_noise, _truly_unbiased), 2**18),
        Row(_ORTHOGONAL_MLE, (2, 4), (*_SLIPS, unbiased_noise, _each_share), 2**18),
        Row(_SCHEDULE, (2, 3), (fewer_draws, fewer_features, unbiased_noise), 2**18),
    ],
)
def linearregression_accumulate_noise_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\sigma_t^2=\sigma_0^2\prod_{s\le t}(1-pn_s/N_s^2)$ for maximum likelihood on all $N_s$ rows so far, for every design; $\prod_{2\le s\le t}(1-pn_s/(N_s(N_s-p)))$ with the divisor $N_s-p$. So the noise does not collapse."""
    return noise_variance(**draws(loop, t, "n"))


_three_halves = Wrong(
    "3/2 for pi^2/6", lambda predict, loop, t: 9 / np.pi**2 * np.asarray(predict(loop, t))
)
_five_quarters = Wrong(
    "5/4 for pi^2/6", lambda predict, loop, t: 7.5 / np.pi**2 * np.asarray(predict(loop, t))
)


@theorem(
    observable=ExcessRisk(),
    kind="bound",
    side="upper",
    where=Where(
        family=LinearRegression, regime=Accumulate, constant=True, also=has_moments,
        assuming="n > p + 1 unless the design is orthogonal",
    ),
    source="gerstgrasser2024",
    proof="algebra:regression_accumulate",
    rows=[
        Row(_ORTHOGONAL, (12,), (_three_halves,), 2**18),
        Row(_FIXED, (4,), (_five_quarters,), 2**19),
    ],
)  # fmt: skip
def linearregression_accumulate_excess_risk_upper(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E|\beta_t-\beta_0|^2\le\tfrac{\pi^2}6\,h\sigma_0^2$ for ever, $h=p/(n-p-1)$ for Gaussian rows, the same or new ones, and $p/n$ for a given design, whether the noise is known or refitted: accumulating data prevents collapse."""
    given = draws(loop, t, "n")
    given.pop("noise")
    design = loop.truth.design  # pyright: ignore[reportAttributeAccessIssue]
    kept = "orthogonal" if design == "orthogonal" else "fixed"
    given.pop("t")
    return np.full(np.shape(t), excess_risk_limit(design=kept, **given))
