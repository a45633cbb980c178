r"""The categorical model's theory functions in balls, from the formulas of their docstrings.

Arguments as of the functions of the same name in `theory/categorical/`; `p` is a list of floats, taken
exactly, and `t` a list of whole numbers. Nothing here is shared with `theory/`.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from flint import arb

from modelcollapse.proofs.certified.balls import ball, products, sizes_of
from modelcollapse.proofs.rational import rank_groups

Times = Sequence[int]


# Diversity.


def heterozygosity(n: Any, t: Times, initial: float = 1.0) -> list[Any]:
    r"""$H_0\prod(1-1/n_s)$."""
    table = products([1 - arb(1) / k for k in sizes_of(n, max(t))])
    return [ball(initial) * table[s] for s in t]


def accumulate_heterozygosity(n: Any, t: Times, initial: float = 1.0) -> list[Any]:
    r"""$H_0\prod(1-n_s/N_s^2)$."""
    sizes = sizes_of(n, max(t))
    pooled = itertools.accumulate(sizes)
    table = products([1 - arb(k) / arb(total) ** 2 for k, total in zip(sizes, pooled, strict=True)])
    return [ball(initial) * table[s] for s in t]


def accumulate_limit(n: int, initial: float = 1.0) -> Any:
    r"""$H_0\sin(x)/x$, $x=\pi/\sqrt n$."""
    x = arb.pi() / arb(n).sqrt()
    return ball(initial) * x.sin() / x


def subsample_heterozygosity(n: Any, t: Times, initial: float = 1.0) -> list[Any]:
    r"""$(1-1/n_t)D_t$ by pairs."""
    different, pool, fitted, rows = ball(initial), 0, 1, [ball(initial)]
    for k in sizes_of(n, max(t)):
        if pool:
            same_parent = arb(k * (k - 1)) * (1 - arb(1) / fitted)
            pairs = pool * (pool - 1) + 2 * k * (pool - 1) + same_parent
            different = different * pairs / ((pool + k) * (pool + k - 1))
        pool, fitted = pool + k, k
        rows.append((1 - arb(1) / k) * different)
    return [rows[s] for s in t]


def inbreeding(n_real: Any, n_synthetic: Any, t: Times) -> list[Any]:
    r"""$F_t=1/N+b^2(1-1/n)F_{t-1}$."""
    rows = [arb(0)]
    for r, k in zip(sizes_of(n_real, max(t)), sizes_of(n_synthetic, max(t)), strict=True):
        kept = arb(k * (k - 1)) / arb(r + k) ** 2
        rows.append(arb(1) / (r + k) + kept * rows[-1])
    return [rows[s] for s in t]


def stationary_inbreeding(n_real: int, n_synthetic: int) -> Any:
    """The fixed point of the recursion."""
    total = n_real + n_synthetic
    return (arb(1) / total) / (1 - arb(n_synthetic * (n_synthetic - 1)) / arb(total) ** 2)


def mixture_inbreeding(n: Any, real_share: float, t: Times) -> list[Any]:
    r"""$F_t=1/n+(1-1/n)(1-a)^2F_{t-1}$."""
    rows = [arb(0)]
    for k in sizes_of(n, max(t)):
        rows.append(arb(1) / k + (1 - arb(1) / k) * (1 - ball(real_share)) ** 2 * rows[-1])
    return [rows[s] for s in t]


def fixed_real_inbreeding(n_real: int, n_synthetic: Any, t: Times) -> list[Any]:
    r"""$F_t=1/n_r+(1-1/n_r)G_t$."""
    inside = [arb(0)]
    for k in sizes_of(n_synthetic, max(t))[1:]:
        inside.append((arb(k) / (n_real + k) ** 2) * (1 + (k - 1) * inside[-1]))
    own = arb(1) / n_real
    rows = [arb(0), *(own + (1 - own) * gap for gap in inside)]
    return [rows[s] for s in t]


# Moments.


def throw(weights: Sequence[Any], n: int) -> list[Any]:
    """The law of the occupied ones of n bins, from that of the number of balls."""
    top = min(len(weights) - 1, n)
    row, mixed = [arb(1)] + [arb(0)] * top, [arb(0)] * (top + 1)
    for balls, weight in enumerate(weights):
        if balls:
            row = [
                row[j] * j / n + (row[j - 1] * (n - j + 1) / n if j else 0) for j in range(top + 1)
            ]
        if weight != 0:
            mixed = [m + weight * r for m, r in zip(mixed, row, strict=True)]
    return mixed


def lineages(n: Any, last: int, start: int | None = None) -> list[Any]:
    """The law of $A_{t-1}$; of `start` lineages thrown through all sizes, if given."""
    sizes = sizes_of(n, last)
    first, bins = (sizes[-1], sizes[:-1]) if start is None else (start, sizes)
    weights = [arb(0)] * first + [arb(1)]
    for k in reversed(bins):
        weights = throw(weights, k)
    return weights


def law(n: Any, t: Times) -> list[Any]:
    """The probabilities of 0, 1, ..., max(n) lineages, one generation after another."""
    width = max(sizes_of(n, max(t))) + 1
    rows = []
    for s in t:
        weights = lineages(n, s) if s else []
        rows += [*weights, *[arb(0)] * (width - len(weights))]
    return rows


def frequency(p: Sequence[float], n: Any, t: Times, power: int) -> list[Any]:
    r"""$\sum_jP(m\to j)\,p^j$."""
    values = []
    for s in t:
        weights = lineages(n, s, start=power)
        values += [sum((w * ball(q) ** j for j, w in enumerate(weights)), arb(0)) for q in p]
    return values


def heterozygosity_second(p: Sequence[float], n: Any, t: Times) -> list[Any]:
    """The recursion of power sums."""
    s2, s3, s4 = (sum((ball(q) ** m for q in p), arb(0)) for m in (2, 3, 4))
    squared = s2**2
    rows = [1 - 2 * s2 + squared]
    for size in sizes_of(n, max(t)):
        k = arb(size)
        l2 = 1 - 1 / k
        l3 = l2 * (1 - 2 / k)
        l4 = l3 * (1 - 3 / k)
        s2, s3, s4, squared = (
            1 / k + l2 * s2,
            1 / k**2 + 3 * l2 * s2 / k + l3 * s3,
            1 / k**3 + 7 * l2 * s2 / k**2 + 6 * l3 * s3 / k + l4 * s4,
            l4 * squared + l3 * (2 * s2 + 4 * s3) / k + l2 * (1 + 6 * s2) / k**2 + 1 / k**3,
        )
        rows.append(1 - 2 * s2 + squared)
    return [rows[s] for s in t]


# Lineages.


def numbers(n: Any, s: int) -> tuple[Any, Any, Any, Any]:
    """Mean and variance of the closure, and the upper and lower mean-field numbers; s from 1."""
    *before, last = sizes_of(n, s)
    mean, spread, upper, lower = arb(last), arb(0), arb(last), arb(last)
    for k in reversed(before):
        if k == 1:
            mean, spread, upper = arb(1), arb(0), arb(1)
            lower = 1 - (-lower).exp()
            continue
        one = (1 - arb(1) / k).log()
        e1 = (mean * one + spread * one**2 / 2).exp()
        two = (1 - arb(2) / k).log() if k > 2 else arb(0)
        e2 = (mean * two + spread * two**2 / 2).exp() if k > 2 else arb(0)
        mean, spread = k * (1 - e1), k**2 * (e2 - e1**2) - k * e2 + k * e1
        upper, lower = k * (1 - (upper * one).exp()), k * (1 - (-lower / k).exp())
    return mean, spread, upper, lower


def cumulants(n: Any, t: Times) -> list[tuple[Any, Any]]:
    """Mean and variance by the closure."""
    return [numbers(n, s)[:2] if s else (arb.pos_inf(), arb(0)) for s in t]


def clock(t: Times) -> list[Any]:
    r"""$g_{t+1}=1-e^{-g_t}$."""
    rows = [arb.pos_inf(), arb(1)]
    for _ in range(max(t)):
        rows.append(1 - (-rows[-1]).exp())
    return [rows[s] for s in t]


def _closed(q: Any, mean: Any, spread: Any) -> Any:
    """$\\log E q^A$ by two cumulants, monotone as the docstring says."""
    logs = q.log()
    turned = logs.max(-mean / spread) if spread > 0 else logs
    return (mean * turned + spread * turned**2 / 2).min(logs)


def alive(p: Sequence[float], n: Any, t: Times, method: str) -> list[Any]:
    """P(alive) of each label in each generation; p below one."""
    values = []
    for s in t:
        if s == 0:
            values += [arb(int(q > 0)) for q in p]
            continue
        mean, spread, upper, lower = numbers(n, s)
        weights = lineages(n, s) if method == "exact" else []
        for q in map(ball, p):
            if method == "exact":
                absent = sum((w * (1 - q) ** a for a, w in enumerate(weights)), arb(0))
            elif method == "closure":
                absent = _closed(1 - q, mean, spread).exp()
            elif method == "upper":
                absent = (upper * (1 - q).log()).exp()
            else:
                absent = (-q * (lower if method == "lower" else lower.max(arb(1)))).exp()
            values.append(1 - absent)
    return values


def sandwich(p: Sequence[float], n: Any, t: Times) -> list[Any]:
    """The lower bounds and then the upper ones."""
    return alive(p, n, t, "lower") + alive(p, n, t, "upper")


def grouped(p: Sequence[float], n: Any, t: Times, method: str, what: str) -> list[Any]:
    """Support, surviving mass, or the share alive by rank. Lower bounds count one lineage at least."""
    p = sorted(p, reverse=True)
    method = "at least one" if method == "lower" else method
    table = alive(p, n, t, method)
    edges = rank_groups(len(p), 16) if what == "rank" else [0, len(p)]
    values = []
    for row in (table[i : i + len(p)] for i in range(0, len(table), len(p))):
        for low, high in itertools.pairwise(edges):
            terms = [ball(q) * a if what == "mass" else a for q, a in zip(p, row, strict=True)]
            total = sum(terms[low:high], arb(0))
            values.append(total / (high - low) if what == "rank" else total)
    return values


def support_cdf(p: Sequence[float], n: Any, t: Times, at: int) -> list[Any]:
    """Inclusion and exclusion over all sets of labels."""
    values = []
    for s in t:
        if s == 0:
            values.append(arb(int(len(p) <= at)))
            continue
        weights, total = lineages(n, s), arb(0)
        for j in range(at + 1):
            inside = arb(0)
            for members in itertools.combinations(p, j):
                chance = sum(map(ball, members), arb(0))
                inside += sum((w * chance**a for a, w in enumerate(weights)), arb(0))
            sign = (-1) ** (at - j) * math.comb(len(p) - j - 1, at - j) if at < len(p) else 0
            total += sign * inside
        values.append(total if at < len(p) else arb(1))
    return values


def first_sample_support(p: Sequence[float], n: int, t: Times, mass: bool = False) -> list[Any]:
    r"""$\sum_kw_k(1-(1-p_k)^n)$ from generation 1 on."""
    weights = [ball(q) if mass else arb(1) for q in p]
    seen = sum((w * (1 - (1 - ball(q)) ** n) for w, q in zip(weights, p, strict=True)), arb(0))
    return [seen if s else sum(weights, arb(0)) for s in t]
