r"""Words alive with real data, in balls: the lineage law with killing, and its mean field."""

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb

from modelcollapse.proofs.certified.balls import ball, sizes_of
from modelcollapse.proofs.certified.categorical import throw

Times = Sequence[int]


def _choose(above: int, below: int) -> Any:
    return arb(above).bin(below) if 0 <= below <= above else arb(0)


def _present(
    p: float, totals: Sequence[int], split: Callable[[int, int, int], Any], last: int
) -> Any:
    r"""$1-\mathbb E(1-p)^L$: weights over the number of ancestors are carried back, each real one times
    $1-p$."""
    q = 1 - ball(p)
    weights = [arb(0)] * totals[last - 1] + [arb(1)]
    for s in range(last, 1, -1):
        synthetic = [arb(0)] * len(weights)
        for a, weight in enumerate(weights):
            if weight != 0:
                for b in range(a + 1):
                    synthetic[b] += weight * split(s, a, b) * q ** (a - b)
        weights = throw(synthetic, totals[s - 2])
    return 1 - sum((w * q**a for a, w in enumerate(weights)), arb(0))


def _table(p: Sequence[float], t: Times, totals: Sequence[int], split: Any) -> list[Any]:
    return [_present(q, totals, split, s) if s else arb(int(q > 0)) for s in t for q in p]


def fresh_alive(p: Sequence[float], n_real: Any, n_synthetic: Any, t: Times) -> list[Any]:
    """A hypergeometric number of the ancestors is synthetic."""
    reals, others = sizes_of(n_real, max(t)), sizes_of(n_synthetic, max(t))
    totals = [a + b for a, b in zip(reals, others, strict=True)]

    def split(s: int, a: int, b: int) -> Any:
        ways = _choose(reals[s - 1], a - b) * _choose(others[s - 1], b)
        return ways / _choose(totals[s - 1], a)

    return _table(p, t, totals, split)


def mixture_alive(p: Sequence[float], n: Any, real_share: float, t: Times) -> list[Any]:
    """A binomial number of the ancestors is synthetic."""
    share = ball(real_share)

    def split(s: int, a: int, b: int) -> Any:
        return _choose(a, b) * (1 - share) ** b * share ** (a - b)

    return _table(p, t, sizes_of(n, max(t)), split)


def _sources(totals: Sequence[int], shares: Sequence[Any], t: Times) -> list[Any]:
    values = []
    for last in t:
        if last == 0:
            values.append(arb.pos_inf())
            continue
        ancestors, total = arb(totals[last - 1]), arb(0)
        for s in range(last, 1, -1):
            balls = ancestors * shares[s - 1]
            total += ancestors - balls
            n = totals[s - 2]
            ancestors = n * (1 - (1 - arb(1) / n) ** balls) if n > 1 else balls.min(arb(1))
        values.append(total + ancestors)
    return values


def fresh_sources(n_real: Any, n_synthetic: Any, t: Times) -> list[Any]:
    """The mean field with a fixed share."""
    reals, others = sizes_of(n_real, max(t)), sizes_of(n_synthetic, max(t))
    totals = [a + b for a, b in zip(reals, others, strict=True)]
    return _sources(totals, [arb(b) / n for b, n in zip(others, totals, strict=True)], t)


def mixture_sources(n: Any, real_share: float, t: Times) -> list[Any]:
    """The mean field with a random share."""
    sizes = sizes_of(n, max(t))
    return _sources(sizes, [1 - ball(real_share)] * len(sizes), t)


def support(probabilities: Sequence[float], sources: Sequence[float]) -> list[Any]:
    r"""$\sum_k1-(1-p_k)^L$."""
    logs = [(1 - ball(q)).log() for q in probabilities]
    return [sum((1 - (ball(x) * g).exp() for g in logs), arb(0)) for x in sources]
