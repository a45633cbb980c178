"""Diversity and vocabulary when every draw stays in the training set."""

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
    ACCUMULATE,
    ACCUMULATE_SCHEDULE,
    FIXED_REAL,
    FIXED_REAL_SCHEDULE,
    doubled,
    initial_heterozygosity,
    probabilities,
)
from modelcollapse.theory.ledger import Row, Where, Wrong, ahead, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import Heterozygosity, Support, SurvivingMass
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Accumulate, FixedReal


@float64
def heterozygosity(n: Any, t: Any, *, initial: Any = 1.0) -> Any:
    r"""$\mathbb E H_t=H_0\prod_{s\le t}(1-n_s/N_s^2)$, $N_s=n_1+\dots+n_s$; with constant n
    $H_0\prod_{s\le t}(1-1/(ns^2))$.

    **Arguments:** `n`, one number or the sizes of generations 1, 2, ...; generations `t`; `initial`
    value $H_0$. **Returns:** the shape of `t`.
    """
    t = generations(t)
    return initial * take(_product(schedule(n, t)), t)


@jax.jit
def _product(sizes: Any) -> Any:
    logs = jnp.cumsum(jnp.log1p(-sizes / jnp.cumsum(sizes) ** 2))
    return jnp.exp(jnp.concatenate([jnp.zeros(1), logs]))


@float64
def limit(n: Any, *, initial: Any = 1.0) -> Any:
    r"""$\lim_t\mathbb E H_t=H_0\,\frac{\sin x}{x}$, $x=\pi/\sqrt n$, with constant n.

    To first order $H_0(1-\pi^2/(6n))$, the known $\pi^2/6$ law."""
    require(n, "n", 1)
    xp = jnp if is_traced(n) else np
    return initial * xp.sinc(1 / xp.sqrt(n))


@float64
def first_sample_support(probabilities: Any, n: Any, t: Any, *, mass: bool = False) -> Any:
    r"""$\sum_k1-(1-p_k)^{n_1}$ for every $t\ge1$: what the first n real draws held is never lost,
    and nothing else can appear.

    **Arguments:** `probabilities`, shape `(K,)`; `n`, the number of real draws; with `mass` the sum
    is weighted by $p_k$. **Returns:** the shape of `t`.
    """
    p, t = probabilities, generations(t)
    require(n, "n", 1)
    xp = jnp if is_traced(p, n) else np
    weights = p if mass else xp.where(p > 0, 1.0, 0.0)
    seen = (weights * (1 - (1 - p) ** n)).sum()
    return xp.where(t > 0, seen, weights.sum())


_ACCUMULATE = Where(family=Categorical, regime=Accumulate)
_from_second = Wrong(
    "product started at s = 2",
    lambda predict, loop, t: predict(loop, t) / (1 - 1 / loop.regime.total(1)[0]),
)
_first_order = Wrong(
    "pi^2/6 law at every t",
    lambda predict, loop, t: (
        initial_heterozygosity(loop)
        * (1 - np.pi**2 / (6 * loop.regime.total(1)[0]))
        * np.ones(len(t))
    ),
)


@theorem(
    observable=Heterozygosity(),
    where=_ACCUMULATE,
    source=("gerstgrasser2024", "dey2024"),
    derived_here=True,
    proof="algebra:accumulate",
    rows=[
        Row(
            ACCUMULATE,
            (1, 2, 4, 8),
            (_from_second, _first_order, off_by_one, doubled, fewer_draws),
        ),
        Row(
            ACCUMULATE_SCHEDULE,
            (1, 2, 5, 8),
            (_from_second, off_by_one, doubled, fewer_draws, ahead),
        ),
    ],
)
def categorical_accumulate_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=H_0\prod_{s\le t}(1-n_s/N_s^2)$, $N_s=n_1+\dots+n_s$; with constant n $H_0\prod_{s\le t}(1-1/(ns^2))$, which tends to $H_0\sin(x)/x$, $x=\pi/\sqrt n$: for $n\ge2$ diversity is never lost."""
    return heterozygosity(draws(loop, t), t, initial=initial_heterozygosity(loop))


@theorem(
    observable=Heterozygosity(),
    kind="bound",
    side="lower",
    where=Where(family=Categorical, regime=Accumulate, constant=True),
    source=("gerstgrasser2024", "dey2024"),
    derived_here=True,
    proof="algebra:accumulate_lower",
    rows=[Row(ACCUMULATE, (2, 4, 8), (_from_second, doubled))],
)
def categorical_accumulate_heterozygosity_lower(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t\ge H_0\sin(x)/x$, $x=\pi/\sqrt n$, at every t, and this is the limit: the exact form of the $\pi^2/6$ law."""
    return np.full(len(t), limit(loop.regime.n, initial=initial_heterozygosity(loop)))  # pyright: ignore[reportAttributeAccessIssue]


_KEPT = Where(
    family=Categorical,
    regime=(Accumulate, FixedReal),
    assuming="every draw of the first sample stays in the training set",
)
_KEPT_ROWS = [
    Row(ACCUMULATE, (1, 4, 8), (doubled, fewer_draws)),
    Row(ACCUMULATE_SCHEDULE, (1, 4, 8), (ahead, doubled, fewer_draws)),
    Row(FIXED_REAL, (1, 3, 6), (doubled, fewer_draws)),
    Row(FIXED_REAL_SCHEDULE, (1, 3, 6), (doubled, fewer_draws)),
]


def _first_size(loop: Loop) -> int:
    return int(loop.regime.total(1)[0])


@theorem(
    observable=Support(),
    where=_KEPT,
    source="gerstgrasser2024",
    derived_here=True,
    proof="coq:first_sample_is_kept",
    rows=_KEPT_ROWS,
)
def categorical_kept_support(loop: Loop, t: Any) -> Any:
    r"""Words alive $=\sum_k1-(1-p_k)^{n_1}$ in expectation at every $t\ge1$: no word of the first real sample is ever lost, and no other appears."""
    return first_sample_support(probabilities(loop), _first_size(loop), t)


@theorem(
    observable=SurvivingMass(),
    where=_KEPT,
    source="gerstgrasser2024",
    derived_here=True,
    proof="coq:first_sample_is_kept",
    rows=_KEPT_ROWS,
)
def categorical_kept_mass(loop: Loop, t: Any) -> Any:
    r"""Original mass of the words alive $=\sum_kp_k(1-(1-p_k)^{n_1})$ in expectation at every $t\ge1$."""
    return first_sample_support(probabilities(loop), _first_size(loop), t, mass=True)
