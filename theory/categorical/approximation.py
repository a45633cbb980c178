"""Survival for any n: the two-cumulant closure with its envelope, and bounds that hold throughout."""

from typing import Any

import numpy as np

from modelcollapse.theory.categorical import fluctuation, survival
from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.categorical.sizes import draws, generations
from modelcollapse.theory.categorical.trials import (
    LARGER,
    LARGER_SCHEDULE,
    MANY,
    REPLACE,
    REPLACE_SCHEDULE,
    doubled,
    one_too_many,
    probabilities,
)
from modelcollapse.theory.ledger import Row, Where, Wrong, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import Support, SurvivalByRank, SurvivingMass, rank_bins
from modelcollapse.theory.regimes import Replace


def envelope(loop: Loop, t: Any) -> np.ndarray:
    r"""Largest relative error claimed for the closure: $0.015\,x^2(1+2x)$, $x=\sum_{s\le t}1/n_s$;
    zero at t = 1, where it is exact.

    Found by comparison with the exact law, not proved: with constant n from 1 to 3000 the error stays
    below $0.0072x^2$ at $x\le0.2$ and below $0.016x^2$ up to $x=3$. Worst are schedules that end small: a
    last generation of m draws after many of more than 100 m has up to $0.0137x^2(1+2x)$, at
    $x\approx1.34/m$, $p\approx3/m$.
    """
    t = generations(t)
    sizes = loop.regime.total(max(int(t.max()), 1)).astype(np.float64)
    x = np.concatenate([[0.0], np.cumsum(1 / sizes)])[t]
    return np.where(t > 1, 0.015 * x**2 * (1 + 2 * x), 0.0)


def _support_sub_gamma(loop: Loop, t: Any) -> Any:
    p = probabilities(loop)
    return fluctuation.sub_gamma(p, np.ones(p.size), draws(loop, t), t, (0, p.size))


def _mass_sub_gamma(loop: Loop, t: Any) -> Any:
    p = probabilities(loop)
    return fluctuation.sub_gamma(p, p, draws(loop, t), t, (0, p.size))


def _rank_sub_gamma(loop: Loop, t: Any) -> Any:
    p = -np.sort(-probabilities(loop))
    edges = rank_bins(p.size, SurvivalByRank().bins)
    sizes = np.diff(edges)
    return fluctuation.sub_gamma(p, np.repeat(1 / sizes, sizes), draws(loop, t), t, edges)


_kimura = Wrong(
    "plain diffusion clock",
    lambda predict, loop, t: (
        -np.expm1(-2 * probabilities(loop) * loop.regime.n / np.asarray(t)[:, None])
    ).sum(axis=1),
)
_no_variance = Wrong(
    "variance of A dropped",
    lambda predict, loop, t: survival.support(
        probabilities(loop), draws(loop, t), t, method="upper"
    ),
)
_SLIPS = (off_by_one, one_too_many, doubled, fewer_draws)
_REPLACE = Where(family=Categorical, regime=Replace)
_SOURCES = ("mohle1999", "griffiths1984")
_ROWS = [
    Row(LARGER, (1, 2, 4), _SLIPS, MANY),
    Row(LARGER_SCHEDULE, (2, 3, 5), (off_by_one, doubled, fewer_draws), MANY),
]


@theorem(
    observable=Support(),
    kind="asymptotic",
    envelope=envelope,
    sub_gamma=_support_sub_gamma,
    where=_REPLACE,
    source=_SOURCES,
    derived_here=True,
    rows=[
        Row(LARGER, (1, 2, 4), (*_SLIPS, _kimura), MANY),
        Row(LARGER, (4, 6), (_no_variance,), MANY),
        Row(LARGER_SCHEDULE, (2, 3, 5), (off_by_one, doubled, fewer_draws), MANY),
    ],
)
def categorical_replace_support_closure(loop: Loop, t: Any) -> Any:
    r"""Words alive $\approx\sum_k1-e^{k_1l_k+k_2l_k^2/2}$, $l_k=\log(1-p_k)$, with the mean $k_1$ and variance $k_2$ of the number of lineages by the two-cumulant recursion; for every n, with relative error at most $0.015x^2(1+2x)$, $x=\sum_{s\le t}1/n_s$."""
    return survival.support(probabilities(loop), draws(loop, t), t)


@theorem(
    observable=SurvivingMass(),
    kind="asymptotic",
    envelope=envelope,
    sub_gamma=_mass_sub_gamma,
    where=_REPLACE,
    source=_SOURCES,
    derived_here=True,
    rows=_ROWS,
)
def categorical_replace_surviving_mass_closure(loop: Loop, t: Any) -> Any:
    r"""Original mass of the words alive $\approx\sum_kp_k\bigl(1-e^{k_1l_k+k_2l_k^2/2}\bigr)$, as for the words themselves, with the same envelope."""
    return survival.surviving_mass(probabilities(loop), draws(loop, t), t)


@theorem(
    observable=SurvivalByRank(),
    kind="asymptotic",
    envelope=envelope,
    sub_gamma=_rank_sub_gamma,
    where=_REPLACE,
    source=_SOURCES,
    derived_here=True,
    rows=_ROWS,
)
def categorical_replace_survival_by_rank_closure(loop: Loop, t: Any) -> Any:
    r"""The mean of $1-e^{k_1l_k+k_2l_k^2/2}$ over each group of original ranks, as for the words themselves, with the same envelope."""
    return survival.by_rank(probabilities(loop), draws(loop, t), t, SurvivalByRank().bins)


@theorem(
    observable=Support(),
    kind="bound",
    side="lower",
    sub_gamma=_support_sub_gamma,
    where=_REPLACE,
    source="suresh2024",
    proof="algebra:support_lower",
    rows=[
        Row(LARGER, (2, 4, 6), (off_by_one, doubled), MANY),
        Row(LARGER_SCHEDULE, (2, 3, 5), (off_by_one, doubled), MANY),
    ],
)
def categorical_replace_support_lower(loop: Loop, t: Any) -> Any:
    r"""Words alive $\ge\sum_k1-e^{-p_kx_{t-1}}$, $x_0=n_t$, $x\mapsto n(1-e^{-x/n})$ with $n=n_{t-1},\dots,n_1$; with constant n $x_{t-1}=ng_t$, $g_1=1$, $g_{t+1}=1-e^{-g_t}$."""
    return survival.support(probabilities(loop), draws(loop, t), t, method="lower")


@theorem(
    observable=Support(),
    kind="bound",
    side="upper",
    sub_gamma=_support_sub_gamma,
    where=_REPLACE,
    source="mohle1999",
    derived_here=True,
    proof="algebra:support_upper",
    rows=[
        Row(REPLACE, (2, 3, 4), (fewer_draws, one_too_many), MANY),
        Row(REPLACE_SCHEDULE, (2, 5, 8), (fewer_draws,), MANY),
    ],
)
def categorical_replace_support_upper(loop: Loop, t: Any) -> Any:
    r"""Words alive $\le\sum_k1-(1-p_k)^{a_{t-1}}$, $a_0=n_t$, $a\mapsto n(1-(1-1/n)^a)$ with $n=n_{t-1},\dots,n_1$ (Jensen's inequality twice, on the lineages)."""
    return survival.support(probabilities(loop), draws(loop, t), t, method="upper")
