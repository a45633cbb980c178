"""What is left of a vocabulary: labels alive, their original mass, and survival by rank."""

import functools
import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.categorical import lineage
from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.categorical.sizes import draws, generations, is_traced, take
from modelcollapse.theory.categorical.trials import (
    ACCUMULATE,
    ACCUMULATE_SCHEDULE,
    FIXED_REAL,
    FIXED_REAL_SCHEDULE,
    MANY,
    REPLACE,
    REPLACE_SCHEDULE,
    doubled,
    one_too_many,
    probabilities,
)
from modelcollapse.theory.ledger import (
    Row,
    Where,
    fewer_draws,
    off_by_one,
    scaled,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import (
    AtMost,
    Returned,
    Support,
    SurvivalByRank,
    SurvivingMass,
    rank_bins,
)
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Accumulate, FixedReal, Replace


def _sums(terms: Any, edges: tuple) -> Any:
    return jnp.stack([terms[a:b].sum() for a, b in itertools.pairwise(edges)])


@functools.partial(jax.jit, static_argnames=("edges", "poisson"))
def _by_closure(p: Any, weights: Any, mean: Any, variance: Any, edges: tuple, poisson: bool) -> Any:
    logs = -p if poisson else lineage.log_absence(p)
    weights = jnp.where(p > 0, weights, 0.0)

    def one(cumulants: tuple) -> Any:
        exponent = lineage.closed_exponent(logs, *cumulants)
        return _sums(-weights * jnp.expm1(exponent), edges)

    first = ~jnp.isfinite(mean)
    # One generation after another: a matrix of generations by labels would not fit the memory.
    values = jax.lax.map(one, (jnp.where(first, 1.0, mean), variance))
    return jnp.where(first[:, None], _sums(weights, edges), values)


@functools.partial(jax.jit, static_argnames="edges")
def _by_law(p: Any, weights: Any, law: Any, t: Any, edges: tuple) -> Any:
    logs = lineage.log_absence(p)
    weights = jnp.where(p > 0, weights, 0.0)

    def one(lineages: Any) -> Any:
        return _sums(-weights * jnp.expm1(lineages * logs), edges)

    values = law @ jax.lax.map(one, jnp.arange(law.shape[1], dtype=law.dtype))
    return jnp.where((t > 0)[:, None], values, _sums(weights, edges))


def grouped(p: Any, weights: Any, n: Any, t: Any, edges: tuple, method: str) -> Any:
    r"""$\sum_k w_kP(\text{label }k\text{ alive at }t)$ over the groups `edges[i]:edges[i + 1]`.

    `method`: `"closure"`, `"exact"`, `"lower"` or `"upper"`. **Returns:** the shape of `t`
    followed by the number of groups.
    """
    t = generations(t)
    lanes = np.pad(t.ravel(), (0, -t.size % 8), mode="edge")
    if method == "exact":
        law = lineage.law(n, lanes)
        width = 1 << max(4, (law.shape[1] - 1).bit_length())
        law = np.pad(law, ((0, 0), (0, width - law.shape[1])))
        values = _by_law(p, weights, law, lanes, edges)
    elif method in ("closure", "lower", "upper"):
        mean, variance, upper, lower = lineage.numbers(n, lanes)
        if method != "closure":
            mean, variance = (upper if method == "upper" else lower), 0.0 * variance
        values = _by_closure(p, weights, mean, variance, edges, poisson=method == "lower")
    else:
        raise ValueError(f'`method` must be "closure" or "exact"; got {method!r}.')
    return take(values, np.arange(t.size)).reshape(*t.shape, len(edges) - 1)


@float64
def support(probabilities: Any, n: Any, t: Any, *, method: str = "closure") -> Any:
    r"""Expected number of labels alive, $\sum_k 1-\mathbb E(1-p_k)^{A_{t-1}}$.

    **Arguments:** `probabilities`, shape `(K,)`; `n`, one number or the sizes of generations
    1, 2, ...; generations `t`; `method`: `"closure"` (any size; relative error about
    $7\cdot10^{-3}(t/n)^2$), `"exact"` (n up to some thousands), or the bounds `"lower"` and
    `"upper"`. **Returns:** the shape of `t`.

    ```python
    theory.categorical.survival.support([0.5, 0.3, 0.2], n=20, t=[1, 10, 100])
    ```
    """
    size = np.size(probabilities)
    return grouped(probabilities, np.ones(size), n, t, (0, size), method)[..., 0]


@float64
def surviving_mass(probabilities: Any, n: Any, t: Any, *, method: str = "closure") -> Any:
    r"""Expected original mass of the labels alive, $\sum_k p_k(1-\mathbb E(1-p_k)^{A_{t-1}})$.

    Arguments and shape as for [`support`][].
    """
    edges = (0, np.size(probabilities))
    return grouped(probabilities, probabilities, n, t, edges, method)[..., 0]


@float64
def by_rank(probabilities: Any, n: Any, t: Any, bins: Any = 16, *, method: str = "closure") -> Any:
    r"""Expected share of labels alive in groups of original ranks, groups even in log rank.

    **Returns:** the shape of `t` followed by the number of groups (at most `bins`; the same groups
    as the observable `SurvivalByRank(bins)`).
    """
    # Only a trace needs JAX's own sort, which is slow to compile.
    p = -(jnp if is_traced(probabilities) else np).sort(-probabilities)
    edges = rank_bins(p.size, int(bins))
    sums = grouped(p, np.ones(p.size), n, t, tuple(int(e) for e in edges), method)
    return sums / np.diff(edges)


@float64
def support_cdf(probabilities: Any, n: Any, t: Any, at: Any) -> Any:
    r"""$P(\text{at most }m\text{ labels alive})$, by inclusion and exclusion over the $2^K$ subsets:

    $$\sum_{j\le m}(-1)^{m-j}\binom{K-j-1}{m-j}\sum_{|S|=j}\mathbb E\,p(S)^{A_{t-1}}.$$

    At $m=1$ it is the chance of total collapse, $\sum_k\mathbb E\,p_k^{A_{t-1}}$.

    **Arguments:** `probabilities`, shape `(K,)`, K at most 12 (`ValueError` beyond); `at`, one
    number m. **Returns:** the shape of `t`.
    """
    p, most, t = probabilities, int(np.floor(at)), generations(t)
    categories = np.size(p)
    if categories > 12:
        raise ValueError(
            f"`support_cdf(probabilities=...)` takes at most 12 labels; got {categories}."
        )
    members = (np.arange(1 << categories)[:, None] >> np.arange(categories)) & 1
    sign = np.zeros(categories + 1)
    for j in range(min(most, categories - 1) + 1):
        sign[j] = (-1) ** (most - j) * math.comb(categories - j - 1, most - j)
    if most >= categories:
        sign = np.eye(categories + 1)[categories]
    xp = jnp if is_traced(p) else np
    outside = xp.clip((1 - members) @ p, 0.0, 1.0)
    inside = 1 - lineage.alive(outside, n, t, method="exact")
    return xp.where(t > 0, inside @ sign[members.sum(axis=1)], 1.0 * ((p > 0).sum() <= most))


def _is_moderate(loop: Loop) -> bool:
    n: Any = loop.regime.n  # pyright: ignore[reportAttributeAccessIssue]
    if callable(n):
        return False
    largest = int(np.max(n))
    return largest <= 4096 and largest * probabilities(loop).size <= 2**24


_MODERATE = Where(
    family=Categorical,
    regime=Replace,
    also=_is_moderate,
    assuming="n at most 4096, n times labels at most 2^24, schedules listed (else the law is long to compute)",
)
_SLIPS = (off_by_one, one_too_many, doubled, fewer_draws)
_ROWS = [
    Row(REPLACE, (1, 2, 4), _SLIPS, MANY),
    Row(REPLACE_SCHEDULE, (2, 5, 8), (off_by_one, doubled, fewer_draws), MANY),
]
_regained = scaled(0.99, "one chain in a hundred regains a word")
_SOURCES = ("mohle1999", "cannings1974")


@theorem(
    observable=Support(),
    where=_MODERATE,
    source=_SOURCES,
    derived_here=True,
    proof="coq:weighted_survival",
    rows=_ROWS,
)
def categorical_replace_support(loop: Loop, t: Any) -> Any:
    r"""Words alive $=\sum_k1-\mathbb E(1-p_k)^{A_{t-1}}$ in expectation, with the exact law of the number A of lineages: $A_0=n_t$ balls fall into $n_{t-1}$ bins, the occupied ones into $n_{t-2}$ bins, ..., into $n_1$."""
    return support(probabilities(loop), draws(loop, t), t, method="exact")


@theorem(
    observable=SurvivingMass(),
    where=_MODERATE,
    source=_SOURCES,
    derived_here=True,
    proof="coq:weighted_survival",
    rows=_ROWS,
)
def categorical_replace_surviving_mass(loop: Loop, t: Any) -> Any:
    r"""Original mass of the words alive $=\sum_kp_k\bigl(1-\mathbb E(1-p_k)^{A_{t-1}}\bigr)$ in expectation, with the exact law of the number A of lineages."""
    return surviving_mass(probabilities(loop), draws(loop, t), t, method="exact")


@theorem(
    observable=SurvivalByRank(),
    where=_MODERATE,
    source=_SOURCES,
    derived_here=True,
    proof="coq:weighted_survival",
    rows=_ROWS,
)
def categorical_replace_survival_by_rank(loop: Loop, t: Any) -> Any:
    r"""The mean of $1-\mathbb E(1-p_k)^{A_{t-1}}$ over each group of original ranks, with the exact law of the number A of lineages."""
    return by_rank(probabilities(loop), draws(loop, t), t, SurvivalByRank().bins, method="exact")


@theorem(
    observable=Support(),
    gives="cdf",
    where=Where(
        family=Categorical,
        regime=Replace,
        also=lambda loop: _is_moderate(loop) and probabilities(loop).size <= 12,
        assuming="at most 12 labels, n at most 4096, schedules listed",
    ),
    source=_SOURCES,
    derived_here=True,
    proof="algebra:support_law",
    rows=[
        Row(REPLACE, (2, 4, 8), _SLIPS, MANY, at=(1.0, 2.0, 3.0)),
        Row(REPLACE_SCHEDULE, (2, 5, 8), _SLIPS[:1] + _SLIPS[2:], MANY, at=(1.0, 2.0, 3.0)),
    ],
)
def categorical_replace_support_law(loop: Loop, t: Any, at: float) -> Any:
    r"""$P(\text{at most }m\text{ words alive})=\sum_{j\le m}(-1)^{m-j}\binom{K-j-1}{m-j}\sum_{|S|=j}\mathbb E\,p(S)^{A_{t-1}}$; at $m=1$ total collapse, $\sum_k\mathbb E\,p_k^{A_{t-1}}$."""
    return support_cdf(probabilities(loop), draws(loop, t), t, at)


@theorem(
    observable=AtMost(Returned(), 0.0),
    where=Where(
        family=Categorical,
        regime=(Replace, Accumulate, FixedReal),
        assuming="words come from the models' own output and one first real sample only",
    ),
    source="mohle1999",
    proof="coq:lost_stays_lost_in_closed_regimes",
    rows=[
        *(Row(loop, (2, 4, 8), (_regained,), MANY) for loop in (REPLACE, REPLACE_SCHEDULE)),
        *(Row(loop, (2, 4, 8), (_regained,)) for loop in (ACCUMULATE, ACCUMULATE_SCHEDULE)),
        *(Row(loop, (2, 4, 8), (_regained,)) for loop in (FIXED_REAL, FIXED_REAL_SCHEDULE)),
    ],
)
def categorical_lost_stays_lost(loop: Loop, t: Any) -> Any:
    r"""A word that the model has lost never returns: the number of words dead at one generation and alive at a later one is zero, always."""
    return np.ones(len(t))
