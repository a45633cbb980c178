r"""The lineage law: how many first-generation draws stand behind generation t.

Let $A_{t-1}$ be the number of distinct draws of generation 1 from which the $n_t$ draws of generation
$t$ descend. Looking back one generation throws $A$ balls into $n$ bins and counts the occupied ones,
whatever the labels are. The set of labels alive at generation $t$ therefore has exactly the law of the
set of labels in one i.i.d. sample of random size $A_{t-1}$ from the truth, and
$P(\text{alive}) = 1 - \mathbb E(1-p)^{A_{t-1}}$.

Here are the exact law of $A$, its two-cumulant closure, and bounds. Duality: Möhle 1999.
"""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.categorical.sizes import (
    generations,
    padded_length,
    require,
    schedule,
    take,
)
from modelcollapse.theory.precision import float64

#: Probabilities below this are dropped from the exact law of the number of lineages.
_NEGLIGIBLE = 1e-24


#: The same numbers at generation 0, the truth: as if of infinitely many draws.
_TRUTH = (math.inf, 0.0, math.inf, math.inf)


def _step(state: tuple, n: Any) -> tuple:
    """One generation further back: mean, variance, upper and lower mean-field numbers."""
    mean, variance, upper, lower = state
    single = jnp.log1p(-1 / jnp.maximum(n, 2))
    # Below three bins no pair of bins can both be empty, and the general formula divides by zero.
    bins = jnp.maximum(n, 3)
    double = jnp.log1p(-2 / bins)
    empty = jnp.exp(mean * single + variance * single**2 / 2)
    both_empty = jnp.exp(mean * double + variance * double**2 / 2)
    excess = mean * jnp.log1p(-1 / (bins - 1) ** 2) + variance * (double**2 / 2 - single**2)
    spread = n**2 * empty**2 * jnp.expm1(excess) - n * both_empty + n * empty
    spread = jnp.where(n > 2, spread, n * empty - n**2 * empty**2)
    some = n > 1
    return (
        jnp.where(some, -n * jnp.expm1(mean * single + variance * single**2 / 2), 1.0),
        jnp.where(some, jnp.maximum(spread, 0.0), 0.0),
        jnp.where(some, -n * jnp.expm1(upper * single), 1.0),
        -n * jnp.expm1(-lower / n),
    )


@functools.partial(jax.jit, static_argnames="length")
def _constant(n: Any, length: int) -> tuple:
    def back(state: tuple, _: None) -> tuple:
        return _step(state, n), state

    n = jnp.asarray(n, jnp.float64)
    columns = jax.lax.scan(back, (n, jnp.zeros_like(n), n, n), length=length)[1]
    return tuple(
        jnp.concatenate([jnp.full(1, truth), column])
        for truth, column in zip(_TRUTH, columns, strict=True)
    )


@jax.jit
def _scheduled(sizes: Any, t: Any) -> tuple:
    """Every generation `t` is a lane: it starts when the scan, going back, passes it."""

    def back(state: tuple, here: tuple) -> tuple:
        s, n = here
        start = (n, jnp.zeros_like(n), n, n)
        moved = _step(state, n)
        return tuple(
            jnp.where(s == t, first, jnp.where(s < t, after, before))
            for first, after, before in zip(start, moved, state, strict=True)
        ), None

    sizes = jnp.asarray(sizes, jnp.float64)
    ones = jnp.ones(t.shape)
    order = jnp.arange(sizes.size, 0, -1)
    columns = jax.lax.scan(back, (ones, 0 * ones, ones, ones), (order, sizes[::-1]))[0]
    return tuple(
        jnp.where(t > 0, column, truth) for truth, column in zip(_TRUTH, columns, strict=True)
    )


def numbers(n: Any, t: Any) -> tuple:
    """Mean, variance, upper and lower mean-field numbers of lineages, each of the shape of `t`."""
    t = generations(t)
    require(n, "n", 1)
    if np.ndim(n) == 0:
        return tuple(take(column, t) for column in _constant(n, padded_length(t)))
    lanes = np.pad(t.ravel(), (0, -t.size % 8), mode="edge")
    columns = _scheduled(schedule(n, t), lanes)
    return tuple(take(column, np.arange(t.size)).reshape(t.shape) for column in columns)


@float64
def cumulants(n: Any, t: Any) -> Any:
    r"""Mean and variance of $A_{t-1}$ by the two-cumulant closure.

    With $s_r=\log(1-r/n)$ and $A$ replaced by a normal of its own mean $k_1$ and variance $k_2$,
    $E_r=\mathbb E(1-r/n)^A=e^{k_1s_r+k_2s_r^2/2}$ and

    $$k_1' = n(1-E_1),\qquad k_2' = n^2(E_2-E_1^2)-nE_2+nE_1.$$

    **Arguments:** `n`, one number, or the sizes of generations 1, 2, ... (then the walk back starts
    from $n_t$); generations `t`. **Returns:** (mean, variance), each of the shape of `t`; at t = 0,
    where the model is the truth itself, (infinity, 0).

    The relative error of the mean is below $3.2\cdot10^{-3}(t/n)^2$ (n = 20, 40, 80 and t up to 2n; at
    small t/n much less), found by comparison with the exact law, not proved.
    """
    return numbers(n, t)[:2]


@float64
def clock(t: Any) -> Any:
    r"""The branching clock: $g_1=1$, $g_{t+1}=1-e^{-g_t}$; about $2/t$; infinity at t = 0.

    $A_{t-1}\approx n g_t$, and
    $2/(t+1+(H_t-1)/3)\le g_t\le 2/(t+1)$ with $H_t$ the harmonic number.
    """
    t = generations(t)
    return take(_clock(padded_length(t)), t)


@functools.partial(jax.jit, static_argnames="length")
def _clock(length: int) -> Any:
    g = jax.lax.scan(lambda g, _: (-jnp.expm1(-g), g), jnp.ones(()), length=length)[1]
    return jnp.concatenate([jnp.full(1, jnp.inf), g])


@float64
def sandwich(p: Any, n: Any, t: Any) -> Any:
    r"""Bounds of $P(\text{alive at }t)$ that hold for all $p$, $n$ and $t$.

    $$1-e^{-p\,x_{t-1}}\le P\le 1-(1-p)^{a_{t-1}},$$

    $x_0=a_0=n_t$, $x\mapsto n(1-e^{-x/n})$, $a\mapsto n(1-(1-1/n)^a)$ with $n=n_{t-1},\dots,n_1$. With
    constant $n$ the left side is $1-e^{-npg_t}$ (Suresh et al. 2024, Theorem 1); the right side is
    Jensen's inequality twice.

    **Returns:** (lower, upper), each of the shape of `t` followed by that of `p`.
    """
    require(p, "p", 0, 1)
    _, _, upper, lower = (_outer(number, p) for number in numbers(n, t))
    return _between(p, upper, lower)


def _outer(number: Any, p: Any) -> Any:
    """`number` with as many axes more as `p` has."""
    return number.reshape(np.shape(number) + (1,) * np.ndim(p))


@jax.jit
def _between(p: Any, upper: Any, lower: Any) -> tuple:
    first = ~jnp.isfinite(lower)
    upper, lower = jnp.where(first, 1.0, upper), jnp.where(first, 1.0, lower)
    truth = jnp.where(p > 0, 1.0, 0.0)
    return (
        jnp.where(first, truth, -jnp.expm1(-p * lower)),
        jnp.where(first, truth, -jnp.expm1(upper * log_absence(p))),
    )


def log_absence(p: Any) -> Any:
    r"""$\log(1-p)$, finite with a finite slope at p = 1, where it stands for a sure label."""
    return jnp.where(p < 1, jnp.log1p(-jnp.where(p < 1, p, 0.5)), -1e3)


def closed_exponent(logs: Any, mean: Any, variance: Any) -> Any:
    r"""$\log\mathbb E e^{lA}$ for $l\le0$, by two cumulants, kept monotone in $l$.

    Beyond $l=-k_1/k_2$ the parabola would rise again; and $A\ge1$.
    """
    turn = -mean / jnp.where(variance > 0, variance, 1.0)
    inside = jnp.where(variance > 0, jnp.maximum(logs, turn), logs)
    return jnp.minimum(mean * inside + variance * inside**2 / 2, logs)


@float64
def alive(p: Any, n: Any, t: Any, *, method: str = "closure") -> Any:
    r"""$P(\text{alive at }t)=1-\mathbb E(1-p)^{A_{t-1}}$ for a label, or a set of labels, of
    original probability $p$.

    **Arguments:** `p`; `n` and `t` as in [`cumulants`][]; `method`: `"closure"` or `"exact"`.
    **Returns:** the shape of `t` followed by that of `p`.
    """
    require(p, "p", 0, 1)
    if method == "closure":
        mean, variance, _, _ = (_outer(number, p) for number in numbers(n, t))
        return _by_closure(p, mean, variance)
    if method == "exact":
        t = generations(t)
        return _by_law(p, law(n, t), _outer(t, p))
    raise ValueError(f'`method` must be "closure" or "exact"; got {method!r}.')


@jax.jit
def _by_closure(p: Any, mean: Any, variance: Any) -> Any:
    first = ~jnp.isfinite(mean)
    exponent = closed_exponent(log_absence(p), jnp.where(first, 1.0, mean), variance)
    return jnp.where(first, jnp.where(p > 0, 1.0, 0.0), -jnp.expm1(exponent))


@jax.jit
def _by_law(p: Any, law: Any, t: Any) -> Any:
    present = -jnp.expm1(jnp.arange(law.shape[-1]) * log_absence(p)[..., None])
    inside = jnp.tensordot(law, present, axes=(-1, -1))
    return jnp.where(t > 0, inside, jnp.where(p > 0, 1.0, 0.0))


def thrown(low: int, weights: np.ndarray, n: int) -> tuple[int, np.ndarray]:
    """The law of the number of occupied bins when a random number of balls falls into `n` bins.

    **Arguments:** `weights[i]` is the probability of `low + i` balls.
    **Returns:** the same for the occupied bins, trimmed at 1e-24.
    """
    high = low + len(weights) - 1
    top = min(high, n)
    stay = np.arange(top + 2) / n
    advance = 1 - (np.arange(top + 2) - 1) / n
    row = np.zeros(top + 2)
    row[0] = 1.0
    mixed = np.zeros(top + 2)
    first = last = 0
    if low == 0:
        mixed[0] += weights[0]
    for balls in range(1, high + 1):
        last = min(last + 1, top)
        moved = row[first : last + 1] * stay[first : last + 1]
        if first == 0:
            moved[1:] += row[:last] * advance[1 : last + 1]
        else:
            moved += row[first - 1 : last] * advance[first : last + 1]
        row[first : last + 1] = moved
        # Probabilities too small to matter would slow the sweep as subnormal numbers.
        while first < last and row[first] < _NEGLIGIBLE:
            row[first] = 0.0
            first += 1
        while last > first and row[last] < _NEGLIGIBLE:
            row[last] = 0.0
            last -= 1
        if balls >= low:
            mixed[first : last + 1] += weights[balls - low] * row[first : last + 1]
    kept = np.nonzero(mixed >= _NEGLIGIBLE)[0]
    return int(kept[0]), mixed[kept[0] : kept[-1] + 1]


def law(n: Any, t: Any) -> np.ndarray:
    r"""The exact law of $A_{t-1}$, for $n$ up to some thousands.

    **Arguments:** as for [`cumulants`][]. **Returns:** the shape of `t` followed by `1 + max(n)`:
    probabilities of 0, 1, 2, ... lineages (all zero at t = 0, where there are infinitely many).
    """
    t = generations(t)
    sizes = schedule(n, t).astype(np.int64)
    last = max(int(t.max()), 1)
    out = np.zeros((t.size, int(sizes[:last].max()) + 1))
    if np.ndim(n) == 0:
        low, weights = int(sizes[0]), np.ones(1)
        for s in range(1, last + 1):
            if s > 1:
                low, weights = thrown(low, weights, int(sizes[0]))
            out[t.ravel() == s, low : low + len(weights)] = weights
    else:
        for lane, end in enumerate(t.ravel()):
            if end > 0:
                low, weights = int(sizes[end - 1]), np.ones(1)
                for size in sizes[: end - 1][::-1]:
                    low, weights = thrown(low, weights, int(size))
                out[lane, low : low + len(weights)] = weights
    return out.reshape(*t.shape, -1)
