"""Moments of label frequencies and of diversity under replace: exact, for any schedule of n."""

import functools
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
    FRESH,
    FRESH_SCHEDULE,
    MANY,
    MIXTURE,
    MIXTURE_SCHEDULE,
    REPLACE,
    REPLACE_SCHEDULE,
    SUBSAMPLE,
    SUBSAMPLE_SCHEDULE,
    doubled,
    initial_heterozygosity,
    probabilities,
)
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    fewer_draws,
    off_by_one,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.observables import Frequencies, Heterozygosity
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Replace


def retained(n: Any, t: Any) -> Any:
    r"""$\prod_{s\le t}(1-1/n_s)$, the chance that two draws of generation t have two ancestors."""
    t = generations(t)
    require(n, "n", 1)
    if np.ndim(n) == 0:
        xp = jnp if is_traced(n) else np
        several = xp.where(n > 1, n, 2.0)
        return xp.where(n > 1, xp.exp(t * xp.log1p(-1 / several)), 1.0 * (t == 0))
    return take(_product(schedule(n, t)), t)


@jax.jit
def _product(sizes: Any) -> Any:
    logs = jnp.cumsum(jnp.log1p(-1 / jnp.asarray(sizes)))
    return jnp.exp(jnp.concatenate([jnp.zeros(1), logs]))


@float64
def heterozygosity(n: Any, t: Any, *, initial: Any = 1.0) -> Any:
    r"""$\mathbb E H_t=H_0\prod_{s\le t}(1-1/n_s)$, $H=1-\sum_kp_k^2$.

    **Arguments:** `n`, one number or the sizes of generations 1, 2, ...; generations `t`; `initial`
    value $H_0$. **Returns:** the shape of `t`. Crow and Kimura 1970 (their $2N$ is this $n$).

    ```python
    theory.categorical.moments.heterozygosity(n=20, t=[0, 1, 10], initial=0.66)
    ```
    """
    return initial * retained(n, t)


def stirling(power: int) -> np.ndarray:
    """Stirling numbers of the second kind S(i, j), shape `(power + 1, power + 1)`."""
    table = np.zeros((power + 1, power + 1))
    table[0, 0] = 1.0
    for i in range(1, power + 1):
        for j in range(1, i + 1):
            table[i, j] = j * table[i - 1, j] + table[i - 1, j - 1]
    return table


def occupancy(power: int, n: Any) -> Any:
    r"""$P(i\to j)=S(i,j)\,n(n-1)\cdots(n-j+1)/n^i$: the chance that i balls thrown into n bins
    occupy j of them, shape `(power + 1, power + 1)`.

    Its diagonal holds the eigenvalues $\lambda_j=\prod_{i<j}(1-i/n)$ of drift (Feller 1951).
    """
    steps = jnp.concatenate([jnp.ones(1), jnp.cumprod(1 - jnp.arange(power) / n)])
    gap = np.subtract.outer(np.arange(power + 1), np.arange(power + 1))
    return stirling(power) * steps * jnp.where(gap >= 0, (1.0 * n) ** -np.maximum(gap, 0), 0.0)


@functools.partial(jax.jit, static_argnames="power")
def _frequency(sizes: Any, p: Any, power: int) -> Any:
    def forward(moments: Any, n: Any) -> tuple:
        return occupancy(power, n) @ moments, moments

    flat = jnp.ravel(p)
    start = flat ** jnp.arange(power + 1.0)[:, None]
    last, before = jax.lax.scan(forward, start, jnp.asarray(sizes, flat.dtype))
    values = jnp.concatenate([before, last[None]])[:, power]
    return values.reshape(len(values), *jnp.shape(p))


@float64
def frequency(p: Any, n: Any, t: Any, *, power: Any = 1) -> Any:
    r"""$\mathbb E\,p_t^m=\sum_jP(m\text{ lineages}\to j\text{ ancestors})\,p^j$ with $m$ = `power`.

    The vector of the first m moments is multiplied by [`occupancy`][]$(m,n_s)$ in every generation.
    $m=1$: $p$ (a martingale). $m=2$: $p^2+p(1-p)(1-\prod_s(1-1/n_s))$.

    **Arguments:** `p`, a number or shape `(K,)`; `n` and `t` as for [`heterozygosity`][].
    **Returns:** the shape of `t` followed by that of `p`.
    """
    t = generations(t)
    require(p, "p", 0, 1)
    return take(_frequency(schedule(n, t), p, int(power)), t)


@jax.jit
def _second(sizes: Any, p: Any) -> Any:
    # The recursion of the docstring in H = 1 - S_2, J = 1 - S_3 and H^2: all of them vanish when one
    # label is left, so that no digit is lost on the way there.
    def forward(values: Any, n: Any) -> tuple:
        h, j, squared = values
        l2 = 1 - 1 / n
        l3 = l2 * (1 - 2 / n)
        l4 = l3 * (1 - 3 / n)
        gained = l2 / n * ((8 - 14 / n) * h - (4 - 8 / n) * j)
        return jnp.stack([l2 * h, 3 * l2 / n * h + l3 * j, l4 * squared + gained]), squared

    h = 1 - (p**2).sum()
    start = jnp.stack([h, 1 - (p**3).sum(), h**2])
    last, before = jax.lax.scan(forward, start, jnp.asarray(sizes, start.dtype))
    return jnp.append(before, last[2])


@float64
def heterozygosity_second(probabilities: Any, n: Any, t: Any) -> Any:
    r"""$\mathbb E H_t^2=1-2\,\mathbb E S_2+\mathbb E S_2^2$, $S_m=\sum_kp_{t,k}^m$, by the closed
    linear recursion on $(1,S_2,S_3,S_4,S_2^2)$.

    With $l_k=\prod_{i<k}(1-i/n)$,

    $$\begin{aligned}
    S_2'&=1/n+l_2S_2,\qquad S_3'=1/n^2+3l_2S_2/n+l_3S_3,\\
    S_4'&=1/n^3+7l_2S_2/n^2+6l_3S_3/n+l_4S_4,\\
    (S_2^2)'&=l_4S_2^2+l_3(2S_2+4S_3)/n+l_2(1+6S_2)/n^2+1/n^3.
    \end{aligned}$$

    **Returns:** the shape of `t`.
    """
    t = generations(t)
    return take(_second(schedule(n, t), probabilities), t)


_REPLACE = Where(family=Categorical, regime=Replace)
_decaying = Wrong(
    "mass decays like diversity",
    lambda predict, loop, t: (
        predict(loop, t) * (1 - 1 / loop.regime.total(1)[0]) ** np.asarray(t)[:, None]
    ),
)
_mean_squared = Wrong(
    "square of the mean", lambda predict, loop, t: categorical_replace_heterozygosity(loop, t) ** 2
)


@theorem(
    observable=Frequencies(),
    where=Where(
        family=Categorical,
        also=lambda loop: loop.regime.pooled,
        assuming="maximum likelihood on a pooled sample, every draw with mean p",
    ),
    source=("feller1951", "alemohammad2024"),
    proof="coq:pooled_martingale",
    rows=[
        *(
            Row(loop, (1, 3), (_decaying,), MANY)
            for loop in (REPLACE, REPLACE_SCHEDULE, FRESH, FRESH_SCHEDULE)
        ),
        *(
            Row(loop, (1, 3), (_decaying,))
            for loop in (
                *(ACCUMULATE, ACCUMULATE_SCHEDULE, SUBSAMPLE, SUBSAMPLE_SCHEDULE),
                *(MIXTURE, MIXTURE_SCHEDULE, FIXED_REAL, FIXED_REAL_SCHEDULE),
            )
        ),
    ],
)
def categorical_pooled_frequency(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,p_{t,k}=p_k$: the mean mass of any fixed set of labels is conserved (under replace and accumulate frequencies are a martingale). What decays is the number of labels alive and their original mass."""
    return np.tile(_kept(loop), (len(generations(t)), 1))


def _frequency_spread(power: int) -> Any:
    def spread(loop: Loop, t: Any) -> tuple:
        first, second, third = (
            frequency(_kept(loop), draws(loop, t), t, power=power * m) for m in (1, 2, 3)
        )
        variance = second - first**2
        central = third - 3 * first * second + 2 * first**3
        positive = np.where(variance > 0, variance, 1.0)
        return variance, np.where(variance > 0, central / positive**1.5, 0.0)

    return spread


def _kept(loop: Loop) -> np.ndarray:
    return probabilities(loop)[: Frequencies().labels_kept]


_DRIFT_ROWS = [
    Row(REPLACE, (1, 2, 4), (off_by_one, doubled, fewer_draws), MANY),
    Row(REPLACE_SCHEDULE, (2, 5, 8), (off_by_one, doubled, fewer_draws), MANY),
]


@theorem(
    observable=Frequencies(power=2),
    where=_REPLACE,
    source=("feller1951", "crow1970"),
    spread=_frequency_spread(2),
    proof="coq:frequency_squared",
    rows=_DRIFT_ROWS,
)
def categorical_replace_frequency_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,p_{t,k}^2=p_k^2+p_k(1-p_k)\bigl(1-\prod_{s\le t}(1-1/n_s)\bigr)$."""
    return frequency(_kept(loop), draws(loop, t), t, power=2)


@theorem(
    observable=Frequencies(power=3),
    where=_REPLACE,
    source=("feller1951", "cannings1974"),
    spread=_frequency_spread(3),
    proof="coq:frequency_cubed",
    rows=_DRIFT_ROWS,
)
def categorical_replace_frequency_cubed(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,p_{t,k}^3=\sum_jP(3\to j)\,p_k^j$, where $3\to j$ is a chain of occupancy steps $S(i,j)\,n(n-1)\cdots(n-j+1)/n^i$ over $n_t,\dots,n_1$; with constant n, $p-\tfrac32pq\lambda_2^t+(p^3-p+\tfrac32pq)\lambda_3^t$, $\lambda_2=1-1/n$, $\lambda_3=\lambda_2(1-2/n)$."""
    return frequency(_kept(loop), draws(loop, t), t, power=3)


@theorem(
    observable=Heterozygosity(),
    where=_REPLACE,
    source=("crow1970", "seddik2024"),
    proof="coq:heterozygosity_decay",
    rows=[
        Row(REPLACE, (1, 2, 4, 8), (off_by_one, doubled, fewer_draws), MANY),
        Row(REPLACE_SCHEDULE, (1, 2, 5, 8), (off_by_one, doubled, fewer_draws), MANY),
    ],
)
def categorical_replace_heterozygosity(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t=H_0\prod_{s\le t}(1-1/n_s)$, $H=1-\sum_kp_k^2$."""
    return heterozygosity(draws(loop, t), t, initial=initial_heterozygosity(loop))


@theorem(
    observable=Heterozygosity(),
    gives="second moment",
    where=_REPLACE,
    source=("crow1970", "ewens2004"),
    derived_here=True,
    proof="algebra:diversity_squared",
    rows=[
        Row(REPLACE, (1, 2, 4, 8), (off_by_one, doubled, fewer_draws, _mean_squared), MANY),
        Row(
            REPLACE_SCHEDULE, (1, 2, 5, 8), (off_by_one, doubled, fewer_draws, _mean_squared), MANY
        ),
    ],
)
def categorical_replace_heterozygosity_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E H_t^2=1-2\mathbb E S_2+\mathbb E S_2^2$, $S_m=\sum_kp_{t,k}^m$, by the closed linear recursion on $(1,S_2,S_3,S_4,S_2^2)$: with $l_k=\prod_{i<k}(1-i/n)$, $S_2'=1/n+l_2S_2$, $S_3'=1/n^2+3l_2S_2/n+l_3S_3$, $S_4'=1/n^3+7l_2S_2/n^2+6l_3S_3/n+l_4S_4$, $(S_2^2)'=l_4S_2^2+l_3(2S_2+4S_3)/n+l_2(1+6S_2)/n^2+1/n^3$."""
    return heterozygosity_second(probabilities(loop), draws(loop, t), t)
