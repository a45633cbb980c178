"""Diversity with real data: new every generation (fixed counts or a random share), or kept."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.categorical.sizes import (
    draws,
    generations,
    is_traced,
    require,
    schedule,
    take,
)
from modelcollapse.theory.categorical.trials import (
    FIXED_REAL,
    FIXED_REAL_SCHEDULE,
    FRESH,
    FRESH_SCHEDULE,
    MANY,
    MIXTURE,
    MIXTURE_SCHEDULE,
    doubled,
    initial_heterozygosity,
)
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    ahead,
    behind,
    fewer_draws,
    off_by_one,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import Heterozygosity
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import FixedReal, Fresh, Mixture


@jax.jit
def _run(gain: Any, kept: Any) -> Any:
    def forward(value: Any, coefficients: tuple) -> tuple:
        added, factor = coefficients
        value = added + factor * value
        return value, value

    values = jax.lax.scan(forward, jnp.zeros(()), (gain, kept))[1]
    return jnp.concatenate([jnp.zeros(1), values])


def _recursion(gain: Any, kept: Any, t: Any) -> Any:
    """F_t = gain_t + kept_t F_{t-1}, F_0 = 0, for constant coefficients or arrays from t = 1."""
    if np.ndim(gain) == 0:
        return gain * (1 - kept**t) / (1 - kept)
    return take(_run(gain, kept), t)


@float64
def inbreeding(n_real: Any, n_synthetic: Any, t: Any) -> Any:
    r"""$F_t$ with fixed counts: $F_t=\frac1{N_t}+b_t^2(1-1/n_t)F_{t-1}$, $F_0=0$, with n synthetic
    of N draws, $b=n/N$; then $\mathbb E H_t=H_0(1-F_t)$ and $\mathrm{Var}\,p_{t,k}=p_k(1-p_k)F_t$.

    **Arguments:** `n_real`, `n_synthetic`: numbers, or sizes of generations 1, 2, ...;
    generations `t`. **Returns:** the shape of `t`.
    """
    t = generations(t)
    require(n_real, "n_real", 1)
    require(n_synthetic, "n_synthetic", 0)
    if np.ndim(n_real) or np.ndim(n_synthetic):
        n_real = schedule(n_real, t, "n_real")
        n_synthetic = schedule(n_synthetic, t, "n_synthetic", least=0)
    total = n_real + n_synthetic
    share = n_synthetic / total
    return _recursion(1 / total, share**2 - share / total, t)


@float64
def stationary_inbreeding(n_real: Any, n_synthetic: Any) -> Any:
    r"""$F_\infty=\frac1{N(1-b^2)+b}$, $N=n_{\text{real}}+n_{\text{synthetic}}$, b the synthetic share."""
    require(n_real, "n_real", 1)
    require(n_synthetic, "n_synthetic", 0)
    total = n_real + n_synthetic
    share = n_synthetic / total
    # N(1 - b^2) = n_real (1 + b), which does not cancel when b is near one.
    return 1 / (n_real * (1 + share) + share)


@float64
def mixture_inbreeding(n: Any, real_share: Any, t: Any) -> Any:
    r"""$F_t=\frac1{n_t}+(1-1/n_t)(1-a)^2F_{t-1}$, $F_0=0$, where each of n draws is real with
    probability a. With constant n it tends to $1/(n-(n-1)(1-a)^2)$."""
    t = generations(t)
    require(n, "n", 1)
    if np.ndim(n):
        n = schedule(n, t)
    return _recursion(1 / n, (1 - 1 / n) * (1 - real_share) ** 2, t)


@float64
def fixed_real_inbreeding(n_real: Any, n_synthetic: Any, t: Any) -> Any:
    r"""$F_t=\frac1{n_r}+(1-\frac1{n_r})G_t$ for $t\ge1$ with the same $n_r$ real draws for ever:
    $G_1=0$, $G_t=b_t^2\bigl(\frac1{n_t}+(1-\frac1{n_t})G_{t-1}\bigr)$, $b=n/(n_r+n)$.

    $F_0=0$. Generation 1 is fitted to the real draws alone; `n_synthetic[0]` is not used.
    """
    t = generations(t)
    require(n_real, "n_real", 1)
    require(n_synthetic, "n_synthetic", 0)
    # G starts one generation later than the recursion of the other regimes.
    last = np.maximum(t - 1, 0)
    if np.ndim(n_synthetic):
        sizes = schedule(n_synthetic, t, "n_synthetic", least=0)
        n_synthetic = (jnp if is_traced(sizes) else np).append(sizes[1:], sizes[-1])
    share = n_synthetic / (n_real + n_synthetic)
    # b^2/n and b^2(1 - 1/n), written so that n = 0 is allowed.
    gain = share / (n_real + n_synthetic)
    within = _recursion(gain, share**2 - gain, last)
    xp = jnp if is_traced(n_real, within) else np
    return xp.where(t > 0, 1 / n_real + (1 - 1 / n_real) * within, 0.0)


def real_and_synthetic(loop: Loop, t: Any) -> tuple:
    """The loop's `n_real` and `n_synthetic`: numbers if constant, else sizes of generations 1, 2, ..."""
    regime: Any = loop.regime
    if isinstance(regime.n_real, int) and isinstance(regime.n_synthetic, int):
        return regime.n_real, regime.n_synthetic
    return regime.sizes(max(int(generations(t).max()), 1))


def _instead(name: str, function: Any) -> Wrong:
    """A wrong F for constant sizes."""
    return Wrong(
        name,
        lambda predict, loop, t: initial_heterozygosity(loop) * (1 - function(loop.regime, t)),
    )


def _mixture_for_fixed(regime: Any, t: Any) -> Any:
    total = regime.n_real + regime.n_synthetic
    return mixture_inbreeding(total, regime.n_real / total, t)


def _linear_share(regime: Any, t: Any) -> Any:
    total = regime.n_real + regime.n_synthetic
    share = regime.n_synthetic / total
    return _recursion(1 / total, share - 1 / total, t)


def _linear_migration(regime: Any, t: Any) -> Any:
    return _recursion(1 / regime.n, (1 - 1 / regime.n) * (1 - regime.real_share), t)


def _stationary_at_once(regime: Any, t: Any) -> Any:
    return np.full(len(t), stationary_inbreeding(regime.n_real, regime.n_synthetic))


def _new_real_draws(regime: Any, t: Any) -> Any:
    return inbreeding(regime.n_real, regime.n_synthetic, t)


@theorem(
    observable=Heterozygosity(),
    where=Where(family=Categorical, regime=Fresh),
    source=("bertrand2024", "crow1970"),
    derived_here=True,
    proof="coq:fresh_heterozygosity",
    rows=[
        Row(
            FRESH,
            (1, 2, 4, 8),
            (
                _instead("b for b^2", _linear_share),
                _instead("each draw real at random", _mixture_for_fixed),
                _instead("stationary value at every t", _stationary_at_once),
                off_by_one,
                doubled,
                fewer_draws,
            ),
            chains=MANY,
        ),
        Row(FRESH_SCHEDULE, (1, 2, 5, 8), (doubled, off_by_one, ahead), MANY),
    ],
)
def categorical_fresh_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=H_0(1-F_t)$, $F_t=\frac1{N_t}+b_t^2(1-1/n_t)F_{t-1}$, $F_0=0$, with n synthetic of N draws, $b=n/N$; with constant sizes $F_\infty=1/(N(1-b^2)+b)$."""
    return initial_heterozygosity(loop) * (1 - inbreeding(*real_and_synthetic(loop, t), t))


@theorem(
    observable=Heterozygosity(),
    where=Where(family=Categorical, regime=Mixture),
    source=("crow1970", "bertrand2024"),
    proof="coq:mixture_heterozygosity",
    rows=[
        Row(
            MIXTURE,
            (1, 2, 4, 8),
            (_instead("1 - a for (1 - a)^2", _linear_migration), off_by_one, doubled, fewer_draws),
        ),
        Row(MIXTURE_SCHEDULE, (2, 3, 5, 8), (ahead, behind, off_by_one, doubled)),
    ],
)
def categorical_mixture_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=H_0(1-F_t)$, $F_t=\frac1{n_t}+(1-1/n_t)(1-a)^2F_{t-1}$, $F_0=0$, where each draw is real with probability a (migration); with constant n $F_\infty=1/(n-(n-1)(1-a)^2)$."""
    regime: Any = loop.regime
    values = mixture_inbreeding(draws(loop, t), regime.real_share, t)
    return initial_heterozygosity(loop) * (1 - values)


@theorem(
    observable=Heterozygosity(),
    where=Where(family=Categorical, regime=FixedReal),
    source=("seddik2024", "bertrand2024"),
    derived_here=True,
    proof="coq:fixed_real_heterozygosity",
    rows=[
        Row(
            FIXED_REAL,
            (1, 2, 4, 8),
            (
                _instead("new real draws each time", _new_real_draws),
                off_by_one,
                doubled,
                fewer_draws,
            ),
        ),
        Row(FIXED_REAL_SCHEDULE, (2, 3, 5, 8), (ahead, behind, doubled)),
    ],
)
def categorical_fixed_real_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=H_0(1-\frac1{n_r})(1-G_t)$ for $t\ge1$ with the same $n_r$ real draws for ever: $G_1=0$, $G_t=b_t^2\bigl(\frac1{n_t}+(1-\frac1{n_t})G_{t-1}\bigr)$, $b=n/(n_r+n)$."""
    regime: Any = loop.regime
    synthetic = regime.n_synthetic
    if not isinstance(synthetic, int):
        synthetic = regime.sizes(max(int(generations(t).max()), 1))[1]
    values = fixed_real_inbreeding(regime.n_real, synthetic, t)
    return initial_heterozygosity(loop) * (1 - values)
