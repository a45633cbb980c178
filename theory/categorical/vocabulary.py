r"""Words alive when real data come in every generation: the lineage law with killing.

Of the A distinct draws of a generation from which generation t descends, the real ones are *source
draws* and the synthetic ones fall into the bins of the generation before. With L source draws in all
(every draw of generation 1 is one), $P(\text{alive at }t)=1-\mathbb E(1-p)^L$.

A share $b$ of a training set is synthetic: exactly $n_s$ of N with fixed counts (the ancestors are a
uniform subset, so their synthetic number is hypergeometric), or each draw by itself (binomial).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.categorical.fresh import real_and_synthetic
from modelcollapse.theory.categorical.lineage import log_absence
from modelcollapse.theory.categorical.sizes import (
    draws,
    generations,
    is_traced,
    require,
    schedule,
    take,
)
from modelcollapse.theory.categorical.trials import (
    FRESH,
    FRESH_SCHEDULE,
    MANY,
    MIXTURE,
    MIXTURE_SCHEDULE,
    doubled,
    probabilities,
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
from modelcollapse.theory.observables import Support
from modelcollapse.theory.precision import float64
from modelcollapse.theory.regimes import Fresh, Mixture


def _occupied(n: int, width: int) -> np.ndarray:
    """P(a balls thrown into n bins occupy j), shape `(width, width)`."""
    bins = np.arange(width)
    table = np.zeros((width, width))
    table[0, 0] = 1.0
    for balls in range(1, width):
        table[balls] = table[balls - 1] * np.minimum(bins / n, 1.0)
        table[balls, 1:] += table[balls - 1, :-1] * np.maximum(1 - bins[:-1] / n, 0.0)
    return table


def _synthetic(n_real: int, n_synthetic: int, width: int) -> np.ndarray:
    """P(b of a distinct draws are synthetic), fixed counts, shape `(width, width)` over (a, b)."""
    total = n_real + n_synthetic
    b = np.arange(width)
    table = np.zeros((width, width))
    table[0, 0] = 1.0
    for a in range(1, min(total, width - 1) + 1):
        left = total - (a - 1)
        real_left = np.maximum(n_real - (a - 1 - b), 0)
        table[a] = table[a - 1] * real_left / left
        table[a, 1:] += table[a - 1, :-1] * np.maximum(n_synthetic - b[:-1], 0) / left
    return table


def _binomial(share: float, width: int) -> np.ndarray:
    """The same when each draw is synthetic with probability `share`."""
    table = np.zeros((width, width))
    table[0, 0] = 1.0
    for a in range(1, width):
        table[a] = table[a - 1] * (1 - share)
        table[a, 1:] += table[a - 1, :-1] * share
    return table


@jax.jit
def _alive(p: Any, occupied: Any, synthetic: Any, total: Any) -> Any:
    """P(alive) of each label at t = 0, 1, 2, ..., shape `(generations, labels)`.

    The tables of every generation, or one that serves them all, come first in `occupied` and
    `synthetic`; `total` holds the training sizes."""
    width = occupied.shape[-1]
    counts = jnp.arange(float(width))
    real = jnp.maximum(counts[:, None] - counts, 0.0)

    def one(log_q: Any) -> Any:
        def forward(value: Any, s: Any) -> tuple:
            # Tables of this generation, and the bins of the generation before.
            here = jnp.minimum(s, synthetic.shape[0] - 1)
            before = jnp.minimum(s - 1, occupied.shape[0] - 1)
            value = (synthetic[here] * jnp.exp(real * log_q)) @ (occupied[before] @ value)
            return value, value[total[s]]

        first = jnp.exp(counts * log_q)
        rest = jax.lax.scan(forward, first, jnp.arange(1, total.size))[1]
        return jnp.concatenate([first[total[:1]], rest])

    absent = jax.lax.map(one, log_absence(p)).T
    return jnp.concatenate([jnp.where(p > 0, 1.0, 0.0)[None], 1 - absent])


def _exact(p: Any, t: np.ndarray, total: Any, tables: Any, constant: bool) -> Any:
    """P(alive), the shape of `t` followed by `(K,)`; `tables(s, width)` belongs to generation s + 1."""
    total = np.asarray(total).astype(np.int64)
    width = 32 * (int(total.max()) // 32 + 1)
    pairs = [tables(s, width) for s in range(1 if constant else total.size)]
    occupied, synthetic = (np.stack(column) for column in zip(*pairs, strict=True))
    return take(_alive(p, occupied, synthetic, total), t)


@float64
def fresh_alive(p: Any, n_real: Any, n_synthetic: Any, t: Any) -> Any:
    r"""Exact $P(\text{alive at }t)$ of labels of probability `p`, shape `(K,)`, with fixed counts.

    Meant for up to some hundreds of draws. **Returns:** the shape of `t` followed by `(K,)`.
    """
    t = generations(t)
    require(p, "p", 0, 1)
    real, synthetic = (
        schedule(n_real, t, "n_real"),
        schedule(n_synthetic, t, "n_synthetic", least=0),
    )
    total = real + synthetic
    constant = np.ndim(n_real) == 0 and np.ndim(n_synthetic) == 0

    def tables(s: int, width: int) -> tuple:
        return _occupied(int(total[s]), width), _synthetic(int(real[s]), int(synthetic[s]), width)

    return _exact(p, t, total, tables, constant)


@float64
def mixture_alive(p: Any, n: Any, real_share: Any, t: Any) -> Any:
    r"""Exact $P(\text{alive at }t)$ of labels of probability `p`, shape `(K,)`, where each of n draws
    is real with probability `real_share`. As [`fresh_alive`][] otherwise."""
    t = generations(t)
    require(p, "p", 0, 1)
    total = schedule(n, t)

    def tables(s: int, width: int) -> tuple:
        return _occupied(int(total[s]), width), _binomial(1 - float(real_share), width)

    return _exact(p, t, total, tables, np.ndim(n) == 0)


@jax.jit
def _sources(total: Any, share: Any, t: Any) -> Any:
    def back(state: tuple, here: tuple) -> tuple:
        s, n, synthetic = here
        balls, sources = state
        ancestors = jnp.where(s == t, n, -n * jnp.expm1(balls * jnp.log1p(-1 / n)))
        # A single bin is occupied as soon as there is any ball.
        ancestors = jnp.where((s < t) & (n == 1), jnp.minimum(balls, 1.0), ancestors)
        thrown = jnp.where(s == 1, 0.0, synthetic) * ancestors
        inside = s <= t
        return (
            jnp.where(inside, thrown, balls),
            jnp.where(inside, sources + ancestors - thrown, sources),
        ), None

    zero = jnp.zeros(t.shape)
    order = jnp.arange(total.size, 0, -1)
    sources = jax.lax.scan(back, (zero, zero), (order, total[::-1], share[::-1]))[0][1]
    return jnp.where(t > 0, sources, jnp.inf)


def _mean_field(total: Any, share: Any, t: np.ndarray) -> Any:
    lanes = np.pad(t.ravel(), (0, -t.size % 8), mode="edge")
    return take(_sources(total, share, lanes), np.arange(t.size)).reshape(t.shape)


@float64
def fresh_sources(n_real: Any, n_synthetic: Any, t: Any) -> Any:
    r"""The mean-field number of source draws behind generation t, fixed counts: from $a=N_t$,
    $L\mathrel{+}=a(1-b)$ and $a\mapsto N'(1-(1-1/N')^{ab})$ back to generation 1, where
    $L\mathrel{+}=a$.

    By Jensen's inequality $\mathbb E L\le L$, and $P(\text{alive})\le1-(1-p)^L$.
    **Returns:** the shape of `t`; infinity at t = 0.
    """
    t = generations(t)
    real, synthetic = (
        schedule(n_real, t, "n_real"),
        schedule(n_synthetic, t, "n_synthetic", least=0),
    )
    return _mean_field(1.0 * (real + synthetic), synthetic / (real + synthetic), t)


@float64
def mixture_sources(n: Any, real_share: Any, t: Any) -> Any:
    r"""As [`fresh_sources`][], where each of n draws is real with probability `real_share`."""
    t = generations(t)
    total = schedule(n, t)
    xp = jnp if is_traced(real_share) else np
    return _mean_field(total, xp.broadcast_to(1 - real_share, total.shape), t)


@float64
def support(probabilities: Any, sources: Any) -> Any:
    r"""$\sum_k1-(1-p_k)^L$ for numbers L of source draws: labels alive, or their upper bound.

    **Returns:** the shape of `sources`.
    """
    return _expected(probabilities, sources)


@jax.jit
def _expected(p: Any, sources: Any) -> Any:
    logs = log_absence(p)
    finite = jnp.isfinite(sources)

    def one(number: Any) -> Any:
        return -jnp.expm1(number * logs).sum()

    values = jax.lax.map(one, jnp.where(finite, sources, 1.0).ravel()).reshape(sources.shape)
    return jnp.where(finite, values, (p > 0).sum())


def _work(loop: Loop) -> int:
    """Table entries times labels that the exact law needs; a huge number if sizes are not listed."""
    regime: Any = loop.regime
    sizes = [
        getattr(regime, name) for name in ("n", "n_real", "n_synthetic") if hasattr(regime, name)
    ]
    if any(callable(size) for size in sizes):
        return 2**62
    largest = sum(int(np.max(size)) for size in sizes)
    generations = max(np.size(size) for size in sizes)
    return largest**2 * max(generations, probabilities(loop).size)


def _moderate(regime: type) -> Where:
    return Where(
        family=Categorical,
        regime=regime,
        also=lambda loop: _work(loop) <= 2**24,
        assuming="(draws a generation)^2 times labels at most 2^24, schedules listed (else long to compute)",
    )


_counts_for_random = Wrong(
    "each draw real at random",
    lambda predict, loop, t: mixture_alive(
        probabilities(loop),
        loop.regime.total(1)[0],
        loop.regime.n_real / loop.regime.total(1)[0],
        t,
    ).sum(axis=-1),
)
_mean_field_slip = Wrong(
    "mean field for the law", lambda predict, loop, t: categorical_real_support_upper(loop, t)
)
_no_synthetic = Wrong(
    "all draws real",
    lambda predict, loop, t: support(
        probabilities(loop), loop.regime.total(int(np.max(t)))[np.asarray(t) - 1]
    ),
)
_SOURCES = ("mohle1999", "crow1970")


@theorem(
    observable=Support(),
    where=_moderate(Fresh),
    source=_SOURCES,
    derived_here=True,
    proof="algebra:killing",
    rows=[
        Row(
            FRESH,
            (2, 3, 4, 8),
            (_counts_for_random, _mean_field_slip, _no_synthetic, off_by_one, doubled, fewer_draws),
            chains=MANY,
        ),
        Row(FRESH_SCHEDULE, (2, 4, 6, 8), (_mean_field_slip, off_by_one, doubled, ahead), MANY),
    ],
)
def categorical_fresh_support(loop: Loop, t: Any) -> Any:
    r"""Words alive $=\sum_k1-\mathbb E(1-p_k)^L$ in expectation, L the number of real draws behind generation t: of A ancestors a hypergeometric number is real and counts; the others fall into the bins of the generation before; all of generation 1 is real."""
    alive = fresh_alive(probabilities(loop), *real_and_synthetic(loop, t), t)
    return alive.sum(axis=-1)


@theorem(
    observable=Support(),
    where=_moderate(Mixture),
    source=_SOURCES,
    derived_here=True,
    proof="algebra:killing",
    rows=[
        Row(
            MIXTURE,
            (2, 3, 4, 8),
            (_mean_field_slip, _no_synthetic, off_by_one, doubled, fewer_draws),
        ),
        Row(MIXTURE_SCHEDULE, (2, 3, 5, 8), (ahead, behind, _no_synthetic, off_by_one, doubled)),
    ],
)
def categorical_mixture_support(loop: Loop, t: Any) -> Any:
    r"""Words alive $=\sum_k1-\mathbb E(1-p_k)^L$ in expectation, L the number of real draws behind generation t: of A ancestors a binomial number is real and counts; the others fall into the bins of the generation before; all of generation 1 is real."""
    regime: Any = loop.regime
    return mixture_alive(probabilities(loop), draws(loop, t), regime.real_share, t).sum(axis=-1)


@theorem(
    observable=Support(),
    kind="bound",
    side="upper",
    where=Where(family=Categorical, regime=(Fresh, Mixture)),
    source=_SOURCES,
    derived_here=True,
    proof="algebra:real_support_upper",
    rows=[
        Row(FRESH, (2, 4, 8), (fewer_draws,), MANY),
        Row(FRESH_SCHEDULE, (2, 5, 8), (ahead,), MANY),
        Row(MIXTURE, (2, 3, 4), (fewer_draws,)),
        Row(MIXTURE_SCHEDULE, (2, 3, 5), (ahead,)),
    ],
)
def categorical_real_support_upper(loop: Loop, t: Any) -> Any:
    r"""Words alive $\le\sum_k1-(1-p_k)^L$ with the mean-field number of source draws: from $a=N_t$, $L\mathrel{+}=a(1-b)$ and $a\mapsto N'(1-(1-1/N')^{ab})$ back to generation 1, where $L\mathrel{+}=a$; b is the synthetic share. Close when sizes are large (Jensen's inequality)."""
    regime: Any = loop.regime
    if isinstance(regime, Mixture):
        return support(probabilities(loop), mixture_sources(draws(loop, t), regime.real_share, t))
    return support(probabilities(loop), fresh_sources(*real_and_synthetic(loop, t), t))
