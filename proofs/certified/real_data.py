r"""The Gaussian with real data, and under accumulate-subsample: pairs (M, V) in balls.

$M=\mathbb E(\mu_t-\mu_0)^2$ and $V=\mathbb E\,\sigma_t^2$ in units of $\sigma_0^2$, one step of the regime's
definition at a time. Arguments as in `theory/gaussian/`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb

from modelcollapse.proofs.certified.balls import ball, sizes_of

Pair = tuple[Any, Any]


def _corrected(total: int, estimator: str) -> Any:
    return arb(total) / (total if estimator == "mle" else total - 1)


def fresh_step(now: Pair, real: int, synthetic: int, estimator: str) -> Pair:
    """One fit to new real draws and the latest model's."""
    error, spread = now
    total = real + synthetic
    b = arb(synthetic) / total
    after = b**2 * error + (1 - b + b * spread) / total
    return after, _corrected(total, estimator) * (1 - b + b * (spread + error) - after)


def mixture_step(now: Pair, n: int, real_share: float, estimator: str) -> Pair:
    """One fit to draws that are real with the chance given."""
    error, spread = now
    a = ball(real_share)
    mixed = a + (1 - a) * spread + a * (1 - a) * error
    return (1 - a) ** 2 * error + mixed / n, (1 - arb(1) / n) * _corrected(n, estimator) * mixed


def fixed_step(now: Pair, real: int, synthetic: int, estimator: str) -> Pair:
    """One fit around given real draws, about their mean and in units of their variance."""
    gap, spread = now
    total = real + synthetic
    b = arb(synthetic) / total
    after = b**2 * gap + b * spread / total
    return after, _corrected(total, estimator) * (1 - b + b * (spread + gap) - after)


def fixed_point(step: Callable[[Pair], Pair]) -> Pair:
    """The pair that an affine step leaves in place, solved from its values at three points."""
    zero, one = arb(0), arb(1)
    (c0, d0), (c1, d1), (c2, d2) = step((zero, zero)), step((one, zero)), step((zero, one))
    mm, vm, mv, vv = c1 - c0, d1 - d0, c2 - c0, d2 - d0
    determinant = (1 - mm) * (1 - vv) - mv * vm
    return (c0 * (1 - vv) + mv * d0) / determinant, (d0 * (1 - mm) + vm * c0) / determinant


def _rows(steps: Sequence[Callable[[Pair], Pair]]) -> list[Pair]:
    rows: list[Pair] = [(arb(0), arb(1))]
    for step in steps:
        rows.append(step(rows[-1]))
    return rows


def _at(rows: list[Pair], t: Sequence[int], variance: float) -> list[Pair]:
    return [(ball(variance) * rows[s][0], ball(variance) * rows[s][1]) for s in t]


def fresh(
    n_real: Any, n_synthetic: Any, t: Sequence[int], estimator: str = "mle", variance: float = 1.0
) -> list[Pair]:
    """(M, V) of the pooled sample."""
    pairs = zip(sizes_of(n_real, max(t)), sizes_of(n_synthetic, max(t)), strict=True)
    steps = [lambda now, r=r, k=k: fresh_step(now, r, k, estimator) for r, k in pairs]
    return _at(_rows(steps), t, variance)


def mixture(
    n: Any, real_share: float, t: Sequence[int], estimator: str = "mle", variance: float = 1.0
) -> list[Pair]:
    """(M, V) of draws that are real at random."""
    sizes = sizes_of(n, max(t))
    steps = [lambda now, k=k: mixture_step(now, k, real_share, estimator) for k in sizes]
    return _at(_rows(steps), t, variance)


def _about_the_truth(inside: Pair, n_real: int) -> Pair:
    own = arb(1) / n_real
    return own + (1 - own) * inside[0], (1 - own) * inside[1]


def fixed_real(
    n_real: int, n_synthetic: Any, t: Sequence[int], estimator: str = "mle", variance: float = 1.0
) -> list[Pair]:
    """(M, V) about the truth, from the pair about the real draws."""
    inside: list[Pair] = [(arb(0), _corrected(n_real, estimator))]
    for k in sizes_of(n_synthetic, max(t))[1:]:
        inside.append(fixed_step(inside[-1], n_real, k, estimator))
    rows = [(arb(0), arb(1)), *(_about_the_truth(pair, n_real) for pair in inside)]
    return _at(rows, t, variance)


def stationary(
    regime: str, first: int, second: Any, estimator: str = "mle", variance: float = 1.0
) -> Pair:
    """(M, V) in the end, for constant sizes: of `fresh`, `mixture` or `fixed_real`."""
    step = {"fresh": fresh_step, "mixture": mixture_step, "fixed_real": fixed_step}[regime]
    pair = fixed_point(lambda now: step(now, first, second, estimator))
    if regime == "fixed_real":
        pair = _about_the_truth(pair, first)
    return ball(variance) * pair[0], ball(variance) * pair[1]


def subsample(
    n: Any, t: Sequence[int], estimator: str = "mle", variance: float = 1.0
) -> list[Pair]:
    """(M, V) of a model fitted to a subsample of the pool."""
    pool, moved, q = 0, arb(0), arb(1)
    b, f = arb(0), arb(1)
    rows: list[Pair] = [(arb(0), arb(1))]
    for k in sizes_of(n, max(t)):
        pool += k
        w, gap = arb(k) / pool, b + f / k
        moved = moved + w**2 * gap * q
        q = q * (1 - w + w * f * (1 - arb(1) / k) + w * (1 - w) * gap)
        b = arb(pool - k) / (k * (pool - 1))
        f = 1 - b if estimator == "mle" else arb(pool) / (pool - 1)
        rows.append((moved + b * q, f * q))
    return _at(rows, t, variance)
