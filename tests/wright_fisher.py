"""Small loops enumerated exactly, state by state: an oracle that knows no theorem.

A state is what the regime keeps (its pool) and the model; both are tuples of counts. Nothing here
comes from the package but the nouns."""

import itertools
import math
from collections import defaultdict

import numpy as np
from scipy.stats import binom

from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    FixedReal,
    Fresh,
    Mixture,
    Replace,
)
from modelcollapse.theory.observables import (
    AtMost,
    Frequencies,
    Heterozygosity,
    Power,
    Support,
    SurvivalByRank,
    SurvivingMass,
)


def compositions(n, parts):
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in compositions(n - first, parts - 1):
            yield (first, *rest)


def multinomial(n, p):
    for counts in compositions(n, len(p)):
        ways = math.factorial(n) // math.prod(math.factorial(c) for c in counts)
        yield counts, ways * math.prod(q**c for q, c in zip(p, counts, strict=True))


def subsamples(pool, n):
    for counts in compositions(n, len(pool)):
        ways = math.prod(math.comb(a, c) for a, c in zip(pool, counts, strict=True))
        yield counts, ways / math.comb(sum(pool), n)


def plus(a, b):
    return tuple(x + y for x, y in zip(a, b, strict=True))


def successors(regime, truth, pool, model, n_real, n_synthetic):
    """(pool, counts that the next model is fitted to, probability) of all next states."""
    if isinstance(regime, Mixture):
        share = regime.real_share
        model = tuple(share * p + (1 - share) * q for p, q in zip(truth, model, strict=True))
    nothing = (0,) * len(truth)
    for (drawn, a), (real, b) in itertools.product(
        multinomial(n_synthetic, model), multinomial(n_real, truth)
    ):
        if a * b == 0:
            continue
        if isinstance(regime, Replace | Mixture | Fresh):
            yield nothing, plus(drawn, real), a * b
        elif isinstance(regime, Accumulate):
            yield plus(pool, drawn), plus(pool, drawn), a * b
        elif isinstance(regime, FixedReal):
            kept = plus(pool, real)
            yield kept, plus(kept, drawn), a * b
        elif isinstance(regime, AccumulateSubsample):
            grown = plus(pool, drawn)
            for kept, c in subsamples(grown, n_synthetic):
                if c > 0:
                    yield grown, kept, a * b * c


def enumerate_models(loop, generations):
    """For t = 0..generations the probabilities of all models: arrays `(states, K)` and `(states,)`."""
    truth = tuple(float(p) for p in loop.truth.probabilities)
    real, synthetic = loop.regime.sizes(generations)
    states = {((0,) * len(truth), None): 1.0}
    laws = [(np.array([truth]), np.ones(1))]
    for t in range(generations):
        after = defaultdict(float)
        for (pool, counts), weight in states.items():
            model = truth if counts is None else tuple(c / sum(counts) for c in counts)
            for kept, fitted, chance in successors(
                loop.regime, truth, pool, model, int(real[t]), int(synthetic[t])
            ):
                after[kept, fitted] += weight * chance
        states = after
        models = np.array([np.array(counts) / sum(counts) for _, counts in states])
        laws.append((models, np.array(list(states.values()))))
    return laws


def read(observable, models, truth):
    """The observable of every model, shape `(states, components)`; None if not known here."""
    if isinstance(observable, AtMost):
        values = read(observable.of, models, truth)
        return None if values is None else (values <= observable.threshold) * 1.0
    if isinstance(observable, Power):
        values = read(observable.of, models, truth)
        return None if values is None else values**observable.exponent
    alive = models > 0
    if isinstance(observable, Heterozygosity):
        return 1 - (models**2).sum(axis=1, keepdims=True)
    if isinstance(observable, Support):
        return alive.sum(axis=1, keepdims=True)
    if isinstance(observable, SurvivingMass):
        return (alive * truth).sum(axis=1, keepdims=True)
    if isinstance(observable, Frequencies):
        return models**observable.power
    if isinstance(observable, SurvivalByRank):
        assert len(truth) <= 4, "with so few labels every rank is a group of its own"
        return alive[:, np.argsort(-truth, kind="stable")] * 1.0
    return None


def mean(observable, law, truth):
    """Expectation of the observable under one of `enumerate_models`; None if not known here."""
    models, weights = law
    values = read(observable, models, truth)
    return None if values is None else weights @ values


def two_type(p, sizes, share=0.0):
    """Laws of one label's count at t = 1, 2, ... where each draw is real with probability `share`."""
    law = binom.pmf(np.arange(sizes[0] + 1), sizes[0], p)
    laws = [law]
    for before, n in itertools.pairwise(sizes):
        frequency = np.arange(before + 1) / before
        chance = share * p + (1 - share) * frequency
        law = law @ binom.pmf(np.arange(n + 1), n, chance[:, None])
        laws.append(law)
    return laws


def two_type_fixed_counts(p, n_real, n_synthetic):
    """The same with `n_real[t]` real draws and `n_synthetic[t]` from the latest model."""
    total = np.add(n_real, n_synthetic)
    law = binom.pmf(np.arange(total[0] + 1), total[0], p)
    laws = [law]
    for s in range(1, len(total)):
        real = binom.pmf(np.arange(n_real[s] + 1), n_real[s], p)
        rows = [
            np.convolve(real, binom.pmf(np.arange(n_synthetic[s] + 1), n_synthetic[s], f))
            for f in np.arange(total[s - 1] + 1) / total[s - 1]
        ]
        law = law @ np.array(rows)
        laws.append(law)
    return laws
