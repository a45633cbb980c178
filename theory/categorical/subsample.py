"""Diversity when the pool keeps everything but the model is fitted to a subsample of it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.categorical import accumulate
from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.categorical.sizes import draws, generations, schedule, take
from modelcollapse.theory.categorical.trials import (
    SUBSAMPLE,
    SUBSAMPLE_SCHEDULE,
    doubled,
    initial_heterozygosity,
)
from modelcollapse.theory.ledger import Row, Where, Wrong, ahead, fewer_draws, off_by_one, theorem
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import Heterozygosity
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import AccumulateSubsample


@jax.jit
def _retained(sizes: Any) -> Any:
    """H_t / H_0 for t = 0, 1, 2, ..."""

    def forward(state: tuple, new: Any) -> tuple:
        different, pool, previous = state
        pairs = (
            pool * (pool - 1) + 2 * new * (pool - 1) + new * (new - 1) * (1 - 1 / previous)
        ) / ((pool + new) * jnp.maximum(pool + new - 1, 1))
        different = different * jnp.where(pool > 0, pairs, 1.0)
        return (different, pool + new, new), different

    sizes = jnp.asarray(sizes, jnp.float64)
    start = (jnp.ones(()), jnp.zeros(()), jnp.ones(()))
    distinct = jax.lax.scan(forward, start, sizes)[1]
    return jnp.concatenate([jnp.ones(1), (1 - 1 / sizes) * distinct])


@float64
def heterozygosity(n: Any, t: Any, *, initial: Any = 1.0) -> Any:
    r"""$\mathbb E H_t=(1-1/n_t)\,D_t$, where $D_t$ is the chance that two distinct members of the
    pool differ: $D_1=H_0$ and, with $N$ pool members before $n$ new ones, fitted to $m$ before,

    $$D' = D\,\frac{N(N-1)+2n(N-1)+n(n-1)(1-1/m)}{(N+n)(N+n-1)}.$$

    A new draw copies a uniformly chosen pool member; two new draws copy the same one with
    probability $1/m$, and not $1/N$ as in accumulate, so diversity falls about twice as far.

    **Arguments:** `n`, one number or the sizes of generations 1, 2, ...; generations `t`; `initial`
    value $H_0$. **Returns:** the shape of `t`.
    """
    t = generations(t)
    return initial * take(_retained(schedule(n, t)), t)


_pool_of_accumulate = Wrong(
    "the pool of accumulate",
    lambda predict, loop, t: (
        (1 - 1 / loop.regime.n)
        * accumulate.heterozygosity(loop.regime.n, t, initial=initial_heterozygosity(loop))
    ),
)


def _as_if_fitted_to_newcomers(predict: Any, loop: Loop, t: Any) -> Any:
    n = loop.regime.total(int(np.max(t))).astype(np.float64)
    pool = np.cumsum(n) - n
    pairs = pool * (pool - 1) + 2 * n * (pool - 1) + n * (n - 1) * (1 - 1 / n)
    factors = np.where(pool > 0, pairs / ((pool + n) * np.maximum(pool + n - 1, 1)), 1.0)
    return initial_heterozygosity(loop) * ((1 - 1 / n) * np.cumprod(factors))[np.asarray(t) - 1]


_new_for_fitted = Wrong("the size of the new draws for that fitted to", _as_if_fitted_to_newcomers)


@theorem(
    observable=Heterozygosity(),
    where=Where(family=Categorical, regime=AccumulateSubsample),
    source=("gerstgrasser2024", "kazdan2024"),
    derived_here=True,
    proof="algebra:subsample",
    rows=[
        Row(SUBSAMPLE, (1, 2, 4, 8), (_pool_of_accumulate, off_by_one, doubled, fewer_draws)),
        Row(SUBSAMPLE_SCHEDULE, (2, 3, 5, 8), (_new_for_fitted, ahead, off_by_one, doubled)),
    ],
)
def categorical_subsample_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=(1-1/n_t)D_t$, where two distinct pool members differ with probability $D_t$: $D_1=H_0$, $D'=D\,\frac{N(N-1)+2n(N-1)+n(n-1)(1-1/m)}{(N+n)(N+n-1)}$ for n draws, from a model fitted to m, joining N."""
    return heterozygosity(draws(loop, t), t, initial=initial_heterozygosity(loop))
