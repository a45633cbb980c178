r"""Exact enumeration: the law of a small categorical loop, every sample counted, in fractions.

With $K$ labels and a handful of draws, all possible histories can be listed. The probabilities here
are `fractions.Fraction`s and nothing is rounded, so a formula that agrees at a few sizes agrees
exactly. Loops are followed by the definition of their regime, not by any theorem.

An entry `proof="enumeration:law"` in the ledger points to the function of that name: the theorem was
compared with it, for every small loop of [`LOOPS`][] that it speaks about. The theorem's side of the
comparison, in fractions too, is in `rational`.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    FixedReal,
    Fresh,
    Loop,
    Mixture,
    Replace,
)

Counts = tuple[int, ...]
Model = tuple[Fraction, ...]

#: Generations up to which the loops below are followed.
LAST = 3

#: Small loops whose truths and shares are exact in binary, with constant sizes and with schedules. Some
#: schedules end in four draws or more: up to three lineages, bins of different sizes commute.
LOOPS = tuple(
    Loop(Categorical(truth), regime)
    for truth in ([0.5, 0.25, 0.25], [0.0625, 0.5, 0.4375], [0.3125, 0.6875])
    for regime in (
        Replace(4),
        Replace((3, 5, 2)),
        Replace((2, 3, 5)),
        Accumulate(2),
        Accumulate((2, 1, 3)),
        AccumulateSubsample(2),
        AccumulateSubsample((2, 3, 1)),
        Fresh(1, 2),
        Fresh((1, 2, 1), (2, 1, 2)),
        Fresh((1, 1, 1), (1, 2, 4)),
        Mixture(3, 0.25),
        Mixture((2, 4, 3), 0.625),
        Mixture((2, 3, 5), 0.25),
        FixedReal(2, 2),
        FixedReal(3, (1, 2, 3)),
    )
)


def compositions(n: int, parts: int) -> list[Counts]:
    """Every way to write `n` as an ordered sum of `parts` counts."""
    if parts == 1:
        return [(n,)]
    return [(k, *rest) for k in range(n + 1) for rest in compositions(n - k, parts - 1)]


def multinomial(n: int, model: Model) -> dict[Counts, Fraction]:
    """The law of the counts of `n` draws from `model`."""
    law = {}
    for counts in compositions(n, len(model)):
        ways = math.factorial(n)
        chance = Fraction(1)
        for k, p in zip(counts, model, strict=True):
            ways //= math.factorial(k)
            chance *= p**k
        if chance:
            law[counts] = ways * chance
    return law


def hypergeometric(n: int, pool: Counts) -> dict[Counts, Fraction]:
    """The law of the counts of `n` draws from `pool` without replacement."""
    total = math.comb(sum(pool), n)
    return {
        counts: Fraction(ways, total)
        for counts in compositions(n, len(pool))
        if (ways := math.prod(math.comb(m, k) for m, k in zip(pool, counts, strict=True)))
    }


def law(truth: Sequence[Fraction], regime: Any, t: int) -> dict[Model, Fraction]:
    """The exact law of the fitted model $p_t$.

    **Arguments:** `truth`, probabilities of K labels as fractions that sum to one; a `regime` of
    the theory with small sizes; the generation `t`. **Returns:** probabilities by model.
    Raises `ValueError` for a regime that it does not know.
    """
    models: dict[Model, Fraction] = defaultdict(Fraction)
    for (_, model), weight in _states(truth, regime, t).items():
        models[model] += weight
    return dict(models)


def returned(truth: Sequence[Fraction], regime: Any, t: int) -> Fraction:
    """The probability that a label dead at generation t - 1 is alive at generation t, for t from 1.

    Arguments as for [`law`][]."""
    return sum(
        (
            weight * chance
            for (pool, model), weight in _states(truth, regime, t - 1).items()
            for (_, after), chance in _steps(truth, regime, pool, model, t)
            if any(new and not old for old, new in zip(model, after, strict=True))
        ),
        Fraction(0),
    )


def _states(truth: Sequence[Fraction], regime: Any, t: int) -> dict[tuple[Counts, Model], Fraction]:
    """The law of (pool, model) at generation t."""
    start = ((0,) * len(truth), tuple(Fraction(p) for p in truth))
    states: dict[tuple[Counts, Model], Fraction] = {start: Fraction(1)}
    for s in range(1, t + 1):
        after: dict[tuple[Counts, Model], Fraction] = defaultdict(Fraction)
        for (pool, model), weight in states.items():
            for state, chance in _steps(truth, regime, pool, model, s):
                after[state] += weight * chance
        states = dict(after)
    return states


def _steps(
    truth: Sequence[Fraction], regime: Any, pool: Counts, model: Model, t: int
) -> list[tuple[tuple[Counts, Model], Fraction]]:
    """Every (pool, model) at generation t, with its probability given those before."""
    real, synthetic = (int(size[-1]) for size in regime.sizes(t))
    return _step(regime, tuple(truth), pool, model, real, synthetic, t)


def _step(
    regime: Any, truth: Model, pool: Counts, model: Model, real: int, synthetic: int, t: int
) -> list[tuple[tuple[Counts, Model], Fraction]]:
    """Every (pool, model) one generation on, with its probability."""
    nothing = (0,) * len(truth)
    match regime:
        case Replace():
            return [((nothing, _fit(x)), w) for x, w in multinomial(synthetic, model).items()]
        case Mixture():
            share = Fraction(regime.real_share)
            mixed = tuple(share * q + (1 - share) * p for q, p in zip(truth, model, strict=True))
            return [((nothing, _fit(x)), w) for x, w in multinomial(synthetic, mixed).items()]
        case Accumulate():
            grown = [(_add(pool, x), w) for x, w in multinomial(synthetic, model).items()]
            return [((x, _fit(x)), w) for x, w in grown]
        case AccumulateSubsample():
            grown = [(_add(pool, x), w) for x, w in multinomial(synthetic, model).items()]
            return [
                ((x, _fit(kept)), w * chance)
                for x, w in grown
                for kept, chance in hypergeometric(synthetic, x).items()
            ]
        case Fresh():
            return [
                ((nothing, _fit(_add(x, y))), w * v)
                for x, w in multinomial(real, truth).items()
                for y, v in multinomial(synthetic, model).items()
            ]
        case FixedReal():
            if t == 1:
                return [((x, _fit(x)), w) for x, w in multinomial(real, truth).items()]
            draws = multinomial(synthetic, model).items()
            return [((pool, _fit(_add(pool, x))), w) for x, w in draws]
    raise ValueError(f"`law(regime=...)` must be one of the six regimes; got {regime!r}.")


def _add(x: Counts, y: Counts) -> Counts:
    return tuple(a + b for a, b in zip(x, y, strict=True))


def _fit(counts: Counts) -> Model:
    return tuple(Fraction(k, sum(counts)) for k in counts)


def expectation(law: dict[Any, Fraction], of: Callable[[Any], Any]) -> Any:
    """The mean of a function under a law; exact if the function is."""
    return sum(weight * of(outcome) for outcome, weight in law.items())


def alive(law: dict[Model, Fraction]) -> dict[frozenset[int], Fraction]:
    """The law of the set of labels with positive probability."""
    sets: dict[frozenset[int], Fraction] = defaultdict(Fraction)
    for model, weight in law.items():
        sets[frozenset(k for k, p in enumerate(model) if p)] += weight
    return dict(sets)


def ancestors(sizes: Sequence[int]) -> dict[int, Fraction]:
    """The law of how many draws of generation 1 have descendants among those of the last generation.

    `sizes` are n_1, ..., n_t. Every map from children to parents is counted.
    """
    law = {sizes[-1]: Fraction(1)}
    for bins in reversed(sizes[:-1]):
        back: dict[int, Fraction] = defaultdict(Fraction)
        for balls, weight in law.items():
            for parents in itertools.product(range(bins), repeat=balls):
                back[len(set(parents))] += weight / bins**balls
        law = dict(back)
    return law


def distinct(truth: Sequence[Fraction], draws: int) -> dict[frozenset[int], Fraction]:
    """The law of the set of labels in `draws` independent draws from the truth."""
    return alive({_fit(x): w for x, w in multinomial(draws, tuple(truth)).items()})
