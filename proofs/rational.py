r"""Every exact categorical theorem of the ledger in fractions, to be equal to enumeration, not close.

One function a theorem, under its name: `(truth, regime, t)` or, for a law, `(truth, regime, t, at)`,
with `truth` a sequence of fractions, to a fraction or a tuple of them. They restate the formulas of
the theorems' statements and share no code with `theory/`, so that two texts have to agree with the
list of all histories. [`THEOREMS`][] holds them all.

Logarithms are not rational: [`entropy_balance`][] gives the coefficients of $-\log p_{0,k}$.
"""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

Truth = Sequence[Fraction]
Value = Fraction | tuple[Fraction, ...]

#: The theorems, by name.
THEOREMS: dict[str, Callable[..., Any]] = {}


def _state(function: Callable[..., Any]) -> Callable[..., Any]:
    THEOREMS[function.__name__] = function
    return function


def _sizes(regime: Any, t: int) -> list[tuple[int, int]]:
    """(real, synthetic) draws of generations 1, ..., t."""
    return [(int(r), int(s)) for r, s in zip(*regime.sizes(t), strict=True)]


def _draws(regime: Any, t: int) -> list[int]:
    return [synthetic for _, synthetic in _sizes(regime, t)]


def diversity(truth: Truth) -> Fraction:
    r"""$H=1-\sum_kp_k^2$."""
    return 1 - sum((p * p for p in truth), Fraction(0))


@functools.cache
def stirling(i: int, j: int) -> int:
    """The number of ways to part i things into j non-empty sets."""
    if i == j:
        return 1
    return j * stirling(i - 1, j) + stirling(i - 1, j - 1) if 0 < j < i else 0


@functools.cache
def occupied(balls: int, bins: int) -> dict[int, Fraction]:
    r"""$P(i\to j)=S(i,j)\,n(n-1)\cdots(n-j+1)/n^i$: the law of the number of occupied bins."""
    return {
        j: Fraction(stirling(balls, j) * math.perm(bins, j), bins**balls)
        for j in range(min(balls, bins) + 1)
        if stirling(balls, j)
    }


def lineages(start: int, bins: Sequence[int]) -> dict[int, Fraction]:
    """The law of the number left of `start` lineages thrown into each of `bins`, in their order."""
    law = {start: Fraction(1)}
    for n in bins:
        after: dict[int, Fraction] = {}
        for balls, weight in law.items():
            for left, chance in occupied(balls, n).items():
                after[left] = after.get(left, Fraction(0)) + weight * chance
        law = after
    return law


def _power_of_lineages(q: Fraction, regime: Any, t: int) -> Fraction:
    r"""$\mathbb E\,q^{A_{t-1}}$ under replace; at t = 0, of infinitely many, 0 or 1."""
    if t == 0:
        return Fraction(q == 1)
    *before, last = _draws(regime, t)
    law = lineages(last, before[::-1])
    return sum((w * q**a for a, w in law.items()), Fraction(0))


def _alive(truth: Truth, regime: Any, t: int) -> list[Fraction]:
    return [1 - _power_of_lineages(1 - p, regime, t) for p in truth]


def rank_groups(labels: int, groups: int) -> list[int]:
    r"""Edges of at most `groups` groups of ranks, even in log rank: the distinct whole numbers nearest
    to $(K+1)^{i/g}$, $i=0,\dots,g$, less one. Whole numbers alone: r is the nearest when
    $(2r-1)^g<2^g(K+1)^i<(2r+1)^g$, never equal, since odd numbers have no factor two."""
    edges = set()
    for i in range(groups + 1):
        power = 2**groups * (labels + 1) ** i
        edges.add(next(r for r in range(labels + 2) if (2 * r + 1) ** groups > power) - 1)
    return sorted(edges)


@_state
def categorical_replace_support(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_k1-\mathbb E(1-p_k)^{A_{t-1}}$."""
    return sum(_alive(truth, regime, t), Fraction(0))


@_state
def categorical_replace_surviving_mass(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_kp_k(1-\mathbb E(1-p_k)^{A_{t-1}})$."""
    alive = _alive(truth, regime, t)
    return sum((p * a for p, a in zip(truth, alive, strict=True)), Fraction(0))


@_state
def categorical_replace_survival_by_rank(truth: Truth, regime: Any, t: int) -> tuple:
    """The mean of P(alive) over each group of ranks."""
    alive = _alive(sorted(truth, reverse=True), regime, t)
    edges = rank_groups(len(truth), 16)
    return tuple(
        sum(alive[low:high], Fraction(0)) / (high - low) for low, high in itertools.pairwise(edges)
    )


@_state
def categorical_replace_support_law(truth: Truth, regime: Any, t: int, at: float) -> Fraction:
    r"""$P(\text{at most }m\text{ alive})=\sum_{j\le m}(-1)^{m-j}\binom{K-j-1}{m-j}\sum_{|S|=j}
    \mathbb E\,p(S)^{A_{t-1}}$, for m below K."""
    most, labels = math.floor(at), len(truth)
    if most >= labels:
        return Fraction(1)
    total = Fraction(0)
    for j in range(most + 1):
        inside = sum(
            (_power_of_lineages(sum(s, Fraction(0)), regime, t))
            for s in itertools.combinations(truth, j)
        )
        total += (-1) ** (most - j) * math.comb(labels - j - 1, most - j) * inside
    return total


@_state
def categorical_lost_stays_lost(truth: Truth, regime: Any, t: int) -> Fraction:
    """The probability that no label has returned."""
    return Fraction(1)


@_state
def categorical_pooled_frequency(truth: Truth, regime: Any, t: int) -> tuple:
    r"""$p_k$."""
    return tuple(truth)


@_state
def entropy_balance(truth: Truth, regime: Any, t: int) -> tuple:
    r"""The coefficients of $-\log p_{0,k}$ in $\mathbb E[H(p_t)+\mathrm{KL}(p_t\|p_0)]$, and in
    $H(p_0)$: the sum of the two on the left is $-\sum_kp_{t,k}\log p_{0,k}$."""
    return tuple(truth)


def _moment(p: Fraction, power: int, regime: Any, t: int) -> Fraction:
    law = lineages(power, _draws(regime, t)[::-1])
    return sum((w * p**j for j, w in law.items()), Fraction(0))


@_state
def categorical_replace_frequency_squared(truth: Truth, regime: Any, t: int) -> tuple:
    r"""$p_k^2+p_k(1-p_k)(1-\prod_{s\le t}(1-1/n_s))$."""
    lost = 1 - math.prod(1 - Fraction(1, n) for n in _draws(regime, t))
    return tuple(p**2 + p * (1 - p) * lost for p in truth)


@_state
def categorical_replace_frequency_cubed(truth: Truth, regime: Any, t: int) -> tuple:
    r"""$\sum_jP(3\to j)\,p_k^j$; with constant n $p-\tfrac32pq\lambda_2^t
    +(p^3-p+\tfrac32pq)\lambda_3^t$. `ValueError` if the two differ."""
    chained = tuple(_moment(p, 3, regime, t) for p in truth)
    if isinstance(regime.n, int):
        second = 1 - Fraction(1, regime.n)
        third = second * (1 - Fraction(2, regime.n))
        closed = tuple(
            p
            - Fraction(3, 2) * p * (1 - p) * second**t
            + (p**3 - p + Fraction(3, 2) * p * (1 - p)) * third**t
            for p in truth
        )
        if closed != chained:
            raise ValueError(f"the closed form and the chain differ: {closed} and {chained}.")
    return chained


@_state
def categorical_replace_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$H_0\prod_{s\le t}(1-1/n_s)$."""
    return diversity(truth) * math.prod(1 - Fraction(1, n) for n in _draws(regime, t))


@_state
def categorical_replace_heterozygosity_squared(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$1-2\mathbb ES_2+\mathbb ES_2^2$ by the recursion on $(1,S_2,S_3,S_4,S_2^2)$."""
    s2, s3, s4 = (sum((p**m for p in truth), Fraction(0)) for m in (2, 3, 4))
    squared = s2**2
    for size in _draws(regime, t):
        n = Fraction(size)
        l2 = 1 - 1 / n
        l3 = l2 * (1 - 2 / n)
        l4 = l3 * (1 - 3 / n)
        s2, s3, s4, squared = (
            1 / n + l2 * s2,
            1 / n**2 + 3 * l2 * s2 / n + l3 * s3,
            1 / n**3 + 7 * l2 * s2 / n**2 + 6 * l3 * s3 / n + l4 * s4,
            l4 * squared + l3 * (2 * s2 + 4 * s3) / n + l2 * (1 + 6 * s2) / n**2 + 1 / n**3,
        )
    return 1 - 2 * s2 + squared


@_state
def categorical_accumulate_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$H_0\prod_{s\le t}(1-n_s/N_s^2)$."""
    pooled = itertools.accumulate(_draws(regime, t))
    kept = (1 - Fraction(n, total**2) for n, total in zip(_draws(regime, t), pooled, strict=True))
    return diversity(truth) * math.prod(kept)


@_state
def categorical_subsample_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$(1-1/n_t)D_t$, $D'=D\,[N(N-1)+2n(N-1)+n(n-1)(1-1/m)]/[(N+n)(N+n-1)]$."""
    different, pool, fitted = diversity(truth), 0, 0
    for n in _draws(regime, t):
        if pool:
            pairs = pool * (pool - 1) + 2 * n * (pool - 1) + n * (n - 1) * (1 - Fraction(1, fitted))
            different *= pairs / ((pool + n) * (pool + n - 1))
        pool, fitted = pool + n, n
    return different * (1 - Fraction(1, fitted)) if t else different


@_state
def categorical_fresh_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$H_0(1-F_t)$, $F_t=1/N_t+b_t^2(1-1/n_t)F_{t-1}$."""
    lost = Fraction(0)
    for real, synthetic in _sizes(regime, t):
        total = real + synthetic
        kept = Fraction(synthetic * (synthetic - 1), total**2)
        lost = Fraction(1, total) + kept * lost
    return diversity(truth) * (1 - lost)


@_state
def categorical_mixture_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$H_0(1-F_t)$, $F_t=1/n_t+(1-1/n_t)(1-a)^2F_{t-1}$."""
    lost = Fraction(0)
    for n in _draws(regime, t):
        lost = Fraction(1, n) + (1 - Fraction(1, n)) * (1 - Fraction(regime.real_share)) ** 2 * lost
    return diversity(truth) * (1 - lost)


@_state
def categorical_fixed_real_heterozygosity(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$H_0(1-1/n_r)(1-G_t)$, $G_1=0$, $G_t=b_t^2(1/n_t+(1-1/n_t)G_{t-1})$."""
    if t == 0:
        return diversity(truth)
    gap, real = Fraction(0), regime.n_real
    for n in _draws(regime, t)[1:]:
        gap = Fraction(n, (real + n) ** 2) * (1 + (n - 1) * gap)
    return diversity(truth) * (1 - Fraction(1, real)) * (1 - gap)


def _seen(truth: Truth, regime: Any, t: int) -> list[Fraction]:
    first = int(regime.total(1)[0])
    return [1 - (1 - p) ** first if t else Fraction(p > 0) for p in truth]


@_state
def categorical_kept_support(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_k1-(1-p_k)^{n_1}$."""
    return sum(_seen(truth, regime, t), Fraction(0))


@_state
def categorical_kept_mass(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_kp_k(1-(1-p_k)^{n_1})$."""
    seen = _seen(truth, regime, t)
    return sum((p * s for p, s in zip(truth, seen, strict=True)), Fraction(0))


def _absent(p: Fraction, split: Callable[..., Any], totals: Sequence[int]) -> Fraction:
    r"""$\mathbb E(1-p)^L$ with `split(s, a)` the law of how many of a ancestors in generation s are
    synthetic."""

    @functools.cache
    def behind(s: int, ancestors: int) -> Fraction:
        if s == 1:
            return (1 - p) ** ancestors
        return sum(
            (
                chance
                * (1 - p) ** (ancestors - synthetic)
                * sum(w * behind(s - 1, a) for a, w in occupied(synthetic, totals[s - 2]).items())
                for synthetic, chance in split(s, ancestors)
            ),
            Fraction(0),
        )

    return behind(len(totals), totals[-1])


def _alive_with_real(truth: Truth, split: Callable[..., Any], totals: Sequence[int]) -> Fraction:
    absent = (_absent(p, split, totals) if totals else Fraction(p == 0) for p in truth)
    return sum((1 - a for a in absent), Fraction(0))


@_state
def categorical_fresh_support(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_k1-\mathbb E(1-p_k)^L$, with a hypergeometric number of the ancestors synthetic."""
    sizes = _sizes(regime, t)

    def split(s: int, ancestors: int) -> list[tuple[int, Fraction]]:
        real, synthetic = sizes[s - 1]
        ways = math.comb(real + synthetic, ancestors)
        return [
            (b, Fraction(math.comb(real, ancestors - b) * math.comb(synthetic, b), ways))
            for b in range(min(ancestors, synthetic) + 1)
        ]

    return _alive_with_real(truth, split, [sum(pair) for pair in sizes])


@_state
def categorical_mixture_support(truth: Truth, regime: Any, t: int) -> Fraction:
    r"""$\sum_k1-\mathbb E(1-p_k)^L$, with a binomial number of the ancestors synthetic."""
    share = 1 - Fraction(regime.real_share)

    def split(s: int, ancestors: int) -> list[tuple[int, Fraction]]:
        return [
            (b, math.comb(ancestors, b) * share**b * (1 - share) ** (ancestors - b))
            for b in range(ancestors + 1)
        ]

    return _alive_with_real(truth, split, _draws(regime, t))
