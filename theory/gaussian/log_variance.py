"""The exact law of the log-variance of a Gaussian under replace.

$\\log(\\sigma_t^2/\\sigma_0^2)$ is a sum of independent steps $\\log(\\chi^2_{\\nu_s}/c_s)$, so its
cumulants add up and its characteristic function is a product of gamma functions.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.gaussian.log_gamma import digamma_less_log, log_gamma_ratio
from modelcollapse.theory.gaussian.moments import raw_moments, variance_and_skewness
from modelcollapse.theory.gaussian.steps import (
    as_schedule,
    horizon,
    padded,
    require_draws,
    require_estimator,
    size_of,
    total,
)
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    fewer_draws,
    half_exponent,
    off_by_one,
    other_estimator,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import LogVariance
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Replace

# exp(-33) = 5e-15: the probability that the inversion of the law may leave out on either side.
_NEGLIGIBLE = 33.0
# Enough for n = 2 and t = 1, the widest and slowest case.
_NODES = 640
_BISECTIONS = 60
# Most complex numbers in one array of intermediate results.
_ELEMENTS = 1 << 21


def drift(n: Any, estimator: str = "mle") -> Any:
    r"""$L=\psi(\nu/2)+\log(2/c)$, the mean step of $\log\sigma^2$; a core, for use in others."""
    require_estimator(estimator)
    half = (n - 1) / 2
    step = digamma_less_log(half)
    return step + jnp.log1p(-1 / n) if estimator == "mle" else step


@float64
def lyapunov_exponent(n: Any, *, estimator: str = "mle") -> Any:
    r"""$L=\lim_t\tfrac1t\log(\sigma_t^2/\sigma_0^2)=\psi(\nu/2)+\log(2/c)<0$, almost surely."""
    require_draws(n, 2)
    return drift(n, estimator)


@float64
def half_life(n: Any, *, estimator: str = "mle") -> Any:
    r"""Generations $\log4/|L|$ in which a typical $\sigma_t$ (its geometric mean) halves."""
    require_draws(n, 2)
    return -math.log(4) / drift(n, estimator)


@float64
def collapse_time(epsilon: Any, n: Any, *, estimator: str = "mle") -> Any:
    r"""Mean of the first $t$ with $\sigma_t<\epsilon\sigma_0$, approximately
    $(2\log(1/\epsilon)+0.5826\sqrt{\psi_1(\nu/2)})/|L|$, with Siegmund's overshoot correction."""
    require_draws(n, 2)
    overshoot = 0.5826 * jnp.sqrt(jax.scipy.special.polygamma(1, (n - 1) / 2))
    return (-2 * jnp.log(epsilon) + overshoot) / -drift(n, estimator)


@float64
def cumulant(n: Any, t: Any, order: Any, *, estimator: str = "mle") -> Any:
    r"""Cumulant of $\log(\sigma_t^2/\sigma_0^2)$: $\sum_{s\le t}L_s$ for order 1, and
    $\sum_{s\le t}\psi^{(j-1)}(\nu_s/2)$ for order $j\ge2$, whatever the estimator.

    **Arguments:** draws a generation `n >= 2`, a number or a schedule; generations `t`; `order`, a
    whole number from 1. **Returns:** float64, the shape of `t`.
    """
    require_draws(n, 2)
    j = int(order)
    if j == 1:
        return total(lambda size: drift(size, estimator), n, t)
    require_estimator(estimator)
    return total(lambda size: jax.scipy.special.polygamma(j - 1, (size - 1) / 2), n, t)


@float64
def mean(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\log(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}L_s$."""
    return cumulant(n, t, 1, estimator=estimator)


@float64
def second_moment(n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\log^2(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}\psi_1(\nu_s/2)+(\sum_{s\le t}L_s)^2$."""
    return cumulant(n, t, 2) + cumulant(n, t, 1, estimator=estimator) ** 2


def _centred_cgf(n: Any, t: Any, z: Any) -> Any:
    """Cumulant generating function of the log-variance less its mean, generations `t` of shape
    `(T, 1)`, at `z` of shape `(T, points)`."""

    def step(size: Any, z: Any) -> Any:
        half = (jnp.asarray(size)[..., None, None] - 1) / 2
        return log_gamma_ratio(half, z) - z * digamma_less_log(half)

    if jnp.ndim(n) == 0:
        return t * step(n, z)
    generation = jnp.arange(1, jnp.shape(n)[0] + 1)[:, None, None]
    block = max(1, _ELEMENTS // (jnp.shape(n)[0] * z.shape[1]))
    return jnp.concatenate(
        [
            jnp.sum(jnp.where(generation <= t[i : i + block], step(n, z[i : i + block]), 0), axis=0)
            for i in range(0, z.shape[0], block)
        ]
    )


def _in_blocks(
    function: Callable[[Any, Any], Any], n: Any, steps: Any, values: Any, estimator: str
) -> Any:
    """`function(inverter, values)` over flat arrays, one inverter a generation and a block of values
    at a time."""
    if jnp.ndim(n) == 1 and not isinstance(steps, Tracer):
        n = as_schedule(n, horizon(steps))
    inside = jnp.where(steps > 0, steps, 1)
    count = inside.size
    if isinstance(inside, Tracer):
        index = np.arange(count)
    else:
        inside, index = np.unique(np.asarray(inside), return_inverse=True)
        # Padded to powers of four, so that few shapes are ever compiled.
        inside = np.resize(inside, padded(inside.size, 4))
    generation = jnp.asarray(inside)
    inverter = _inverter(n, generation, cumulant(n, generation, 1, estimator=estimator))
    block = _ELEMENTS // _NODES
    size = padded(count, 4)
    index, values = index[np.arange(size) % count], values[np.arange(size) % count]
    blocks = [
        function(
            jax.tree.map(lambda part, i=i: part[index[i : i + block]], inverter),
            values[i : i + block],
        )
        for i in range(0, size, block)
    ]
    return jnp.concatenate(blocks)[:count]


def _flat(t: Any, other: Any) -> tuple[Any, Any, tuple[int, ...]]:
    t, other = jnp.broadcast_arrays(jnp.asarray(t), jnp.asarray(other))
    return jnp.ravel(t), jnp.ravel(other), t.shape


@float64
def characteristic_function(u: Any, n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$\mathbb E\,e^{iu\log(\sigma_t^2/\sigma_0^2)}=\prod_{s\le t}(2/c_s)^{iu}\,
    \Gamma(\nu_s/2+iu)/\Gamma(\nu_s/2)$, complex128; `u` and `t` broadcast."""
    require_draws(n, 2)
    steps, points, shape = _flat(t, u)
    centre = cumulant(n, steps, 1, estimator=estimator)
    centred = _centred_cgf(n, steps[:, None], 1j * points[:, None])[:, 0]
    return jnp.reshape(jnp.exp(centred + 1j * points * centre), shape)


def _reach(n: Any, t: Any) -> tuple[Any, Any]:
    """How far from its mean the law reaches to the left and to the right, by Chernoff's bound."""
    smallest = (jnp.min(n) - 1) / 2
    deviation = jnp.sqrt(jnp.maximum(cumulant(n, t, 2), 1e-300))
    normal = jnp.sqrt(2 * _NEGLIGIBLE) / deviation
    factors = 2.0 ** -jnp.arange(10.0)
    right = normal[..., None] * factors
    left = right * smallest / (right + smallest)
    column = t[..., None]
    to_left = (_NEGLIGIBLE + _centred_cgf(n, column, -left)) / left
    to_right = (_NEGLIGIBLE + _centred_cgf(n, column, right)) / right
    return jnp.min(to_left, axis=-1), jnp.min(to_right, axis=-1)


@jax.jit
def _inverter(n: Any, t: Any, centre: Any) -> Any:
    """What the inversion needs to know, for generations `t` of shape `(T,)`: the mean, the reach to
    the left and to the right, the nodes `(T, nodes)` and the transform there."""
    left, right = _reach(n, t)
    spacing = 2 * jnp.pi / (left + right)
    u = (jnp.arange(_NODES) + 0.5) * spacing[:, None]
    return centre, left, right, u, jnp.exp(_centred_cgf(n, t[:, None], 1j * u))


@jax.jit
def _probability(inverter: Any, x: Any) -> tuple[Any, Any]:
    """The distribution function and the density at `x`, shape `(T,)`."""
    centre, left, right, u, transform = inverter
    y = x - centre
    turned = transform * jnp.exp(-1j * u * jnp.clip(y, -left, right)[:, None])
    spacing = 2 * u[:, 0]
    below = 0.5 - spacing / jnp.pi * jnp.sum(jnp.imag(turned) / u, axis=-1)
    density = spacing / jnp.pi * jnp.sum(jnp.real(turned), axis=-1)
    below = jnp.where(y <= -left, 0.0, jnp.where(y >= right, 1.0, jnp.clip(below, 0, 1)))
    return below, jnp.where((y <= -left) | (y >= right), 0.0, jnp.maximum(density, 0))


@float64
def cdf(x: Any, n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""$P(\log(\sigma_t^2/\sigma_0^2)\le x)=\tfrac12-\tfrac1\pi\int_0^\infty
    \operatorname{Im}[e^{-iux}\varphi_t(u)]\,du/u$, absolute error below 1e-10.

    Gil-Pelaez by the midpoint rule, whose step is set from Chernoff bounds of both tails: the rule
    is then exact up to their mass. `x` and `t` broadcast; `n` is a number or a schedule.
    """
    require_draws(n, 2)
    steps, points, shape = _flat(t, x)
    below = _in_blocks(
        lambda inverter, y: _probability(inverter, y)[0], n, steps, points, estimator
    )
    below = jnp.where(steps > 0, below, jnp.where(points >= 0, 1.0, 0.0))
    return jnp.reshape(below, shape)


@float64
def quantile(p: Any, n: Any, t: Any, *, estimator: str = "mle") -> Any:
    r"""The $p$-quantile of $\log(\sigma_t^2/\sigma_0^2)$, $0<p<1$, by bisection of [`cdf`][] and a
    last Newton step, which also carries derivatives. `p` and `t` broadcast."""
    require_draws(n, 2)
    steps, level, shape = _flat(t, p)
    if not isinstance(p, Tracer) and not np.all((np.asarray(p) > 0) & (np.asarray(p) < 1)):
        raise ValueError(f"`p` must lie strictly between 0 and 1; got {p}.")
    value = _in_blocks(_invert, n, steps, level, estimator)
    return jnp.reshape(jnp.where(steps > 0, value, 0.0), shape)


def _invert(inverter: Any, level: Any) -> Any:
    fixed = jax.lax.stop_gradient(inverter)
    centre, left, right, *_ = fixed
    low, high = centre - left, centre + right
    # A loop of Python runs op by op and compiles nothing anew.
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = _probability(fixed, middle)[0] < jax.lax.stop_gradient(level)
        low, high = jnp.where(above, middle, low), jnp.where(above, high, middle)
    x = jax.lax.stop_gradient((low + high) / 2)
    below, density = _probability(inverter, x)
    safe = jnp.where(density > 0, density, 1)
    newton = jnp.where(density > 0, (below - level) / jax.lax.stop_gradient(safe), 0)
    # A step beyond the last bracket would be rounding error in a tail of tiny density.
    return x - jnp.where(jnp.abs(newton) < 1e-6, newton, 0)


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {"n": size_of(loop, t), "t": t, "estimator": loop.truth.estimator}  # pyright: ignore[reportAttributeAccessIssue]


def _cumulants(loop: Loop, t: Any, orders: int) -> list[Any]:
    return [np.asarray(cumulant(order=j, **_draws(loop, t))) for j in range(1, orders + 1)]


def _spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    _, second, third = _cumulants(loop, t, 3)
    return second, np.divide(third, second**1.5, out=np.zeros_like(second), where=second > 0)


def _spread_of_square(loop: Loop, t: Any) -> tuple[Any, Any]:
    moments = [np.asarray(m) for m in raw_moments(_cumulants(loop, t, 6))]
    return variance_and_skewness(moments[2], moments[4], moments[6])


_WHERE = Where(family=Gaussian, regime=Replace)
_MLE = Loop(Gaussian(), Replace(n=5))
_UNBIASED = Loop(Gaussian(estimator="unbiased"), Replace(n=5))
_LONG = Loop(Gaussian(), Replace(n=10))
_SCHEDULE = Loop(Gaussian(1.0, 4.0), Replace(n=(4, 7, 5, 9)))
_ALL = (other_estimator, off_by_one, half_exponent, fewer_draws)
_log_of_mean = Wrong(
    "the logarithm of the mean variance",
    lambda predict, loop, t: np.log1p(-1 / loop.regime.n) * np.asarray(t),
)
_variance_alone = Wrong(
    "the squared mean forgotten", lambda predict, loop, t: cumulant(order=2, **_draws(loop, t))
)


@theorem(
    observable=LogVariance(),
    where=_WHERE,
    source=("suresh2024", "shumailov2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(_MLE, (1, 3, 10), (*_ALL, _log_of_mean)),
        Row(_UNBIASED, (1, 3, 10), _ALL),
        Row(_LONG, (10, 30), (other_estimator, off_by_one, half_exponent)),
        Row(_LONG, (100, 1000), (other_estimator, half_exponent)),
        Row(_SCHEDULE, (1, 2, 4), (other_estimator, off_by_one, fewer_draws)),
    ],
    spread=_spread,
)
def gaussian_replace_log_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}[\psi(\nu_s/2)+\log(2/c_s)]$, $\nu=n-1$, $c=n$ for maximum likelihood and $c=\nu$ for the unbiased variance; its variance is $\sum_{s\le t}\psi_1(\nu_s/2)$."""
    return mean(**_draws(loop, t))


@theorem(
    observable=LogVariance(),
    gives="second moment",
    where=_WHERE,
    source=("suresh2024", "shumailov2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(_MLE, (1, 3, 10), (*_ALL, _variance_alone), 2**18),
        Row(_UNBIASED, (1, 3, 10), (*_ALL, _variance_alone), 2**18),
        Row(_SCHEDULE, (1, 2, 4), (other_estimator, off_by_one, fewer_draws), 2**18),
    ],
    spread=_spread_of_square,
)
def gaussian_replace_log_variance_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log^2(\sigma_t^2/\sigma_0^2)=\sum_{s\le t}\psi_1(\nu_s/2)+\big(\sum_{s\le t}[\psi(\nu_s/2)+\log(2/c_s)]\big)^2$."""
    return second_moment(**_draws(loop, t))


def _at(x: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in x)


@theorem(
    observable=LogVariance(),
    gives="cdf",
    where=_WHERE,
    source=("gilpelaez1951", "suresh2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(_MLE, (1, 3, 10), _ALL, 2**18, at=_at((-1.5, -0.5, 0.0))),
        Row(_UNBIASED, (1, 3, 10), _ALL, 2**19, at=_at((-1.5, -0.5, 0.0))),
        Row(
            _SCHEDULE,
            (1, 2, 4),
            (other_estimator, off_by_one, fewer_draws),
            2**18,
            at=_at((-1.0, 0.0)),
        ),
    ],
)
def gaussian_replace_log_variance_cdf(loop: Loop, t: Any, x: Any) -> Any:
    r"""$P(\log(\sigma_t^2/\sigma_0^2)\le x)$ is that of a sum of independent $\log(\chi^2_{\nu_s}/c_s)$, $s\le t$, whose characteristic function is $\prod_{s\le t}(2/c_s)^{iu}\,\Gamma(\nu_s/2+iu)/\Gamma(\nu_s/2)$."""
    x, t = np.asarray(x, dtype=np.float64), np.asarray(t, dtype=np.float64)
    if x.ndim:
        return cdf(x, **_draws(loop, t[:, None]))
    return cdf(x, **_draws(loop, t))
