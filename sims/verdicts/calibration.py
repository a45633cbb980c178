"""Measure the verdict itself: how often it cries wolf, and how often it catches an error.

Chains are drawn directly from a known law, many runs over, and each run is weighed as a judgement
would weigh it. The rates are exact binomial experiments; `beyond` turns them into p-values.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import stats

from modelcollapse.sims.moments import Moments
from modelcollapse.sims.verdicts.null import Null
from modelcollapse.sims.verdicts.pvalue import UNBOUNDED, Bounds, weigh


@dataclasses.dataclass(frozen=True)
class Law:
    """A law of one chain's value: `draw(generator, chains)`, its true mean, and what a judgement
    would know of it."""

    draw: Callable[[np.random.Generator, int], np.ndarray]
    mean: float
    spread: tuple[float, float] | None = None
    bounds: Bounds = UNBOUNDED
    share: bool = False


@dataclasses.dataclass(frozen=True)
class Rates:
    """Counts over runs: how many were weighed, certified and refuted."""

    runs: int
    certified: int
    refuted: int


def measure(
    law: Law,
    *,
    chains: int,
    runs: int,
    alpha: float,
    error: float = 0.0,
    seed: int = 0,
) -> Rates:
    """Weigh `runs` independent runs of so many chains against the prediction `law.mean + error`."""
    generator = np.random.default_rng(seed)
    claimed = law.mean + error
    certified = refuted = 0
    for _ in range(runs):
        evidence = weigh(
            Moments.of(law.draw(generator, chains)),
            Null(claimed, claimed, claimed),
            alpha=alpha,
            spread=law.spread,
            bounds=law.bounds,
            share=law.share,
            epsilon=2.0**-52,
        )
        certified += evidence.certified
        refuted += evidence.certified and evidence.p < alpha
    return Rates(runs, certified, refuted)


def resolution(law: Law, *, chains: int, alpha: float, seed: int = 0) -> float:
    """The smallest absolute error that the verdict claims to catch, from one run."""
    evidence = weigh(
        Moments.of(law.draw(np.random.default_rng(seed), chains)),
        Null(law.mean, law.mean, law.mean),
        alpha=alpha,
        spread=law.spread,
        bounds=law.bounds,
        share=law.share,
        epsilon=2.0**-52,
    )
    return evidence.reach


def beyond(count: int, runs: int, rate: float) -> tuple[float, float]:
    """Exact binomial p-values of a rate being at most, and at least, the one named: small values
    say that the true rate is higher, and lower."""
    return (
        float(stats.binom.sf(count - 1, runs, rate)),
        float(stats.binom.cdf(count, runs, rate)),
    )
