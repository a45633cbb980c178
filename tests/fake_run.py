"""A run without an engine: chains of the Gaussian under replace, drawn by NumPy from the theory of chi-squared variances."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np

from modelcollapse.sims.moments import Moments
from modelcollapse.theory import Gaussian, Loop, Replace
from modelcollapse.theory.ledger import (
    Row,
    Theorem,
    Where,
    fewer_draws,
    half_exponent,
    off_by_one,
    other_estimator,
)
from modelcollapse.theory.observables import AtMost, LogVariance, Variance


@dataclasses.dataclass
class FakeRun:
    loop: Any
    observables: tuple
    generations: np.ndarray
    chains: int
    cells: dict
    data: Any = dataclasses.field(
        default_factory=lambda: SimpleNamespace(attrs={"dtype": "float64"})
    )

    def moments(self, column, generation):
        return self.cells[column, generation]


def gaussian_run(loop, generations, chains, observables, seed=0):
    """Variance, log-variance and proportions of them, for constant n and the MLE."""
    rng = np.random.default_rng(seed)
    n, log_variance, cells = loop.regime.n, np.zeros(chains), {}
    for t in range(max(generations) + 1):
        if t:
            log_variance = log_variance + np.log(rng.chisquare(n - 1, chains) / n)
        if t in generations:
            for observable in observables:
                values = read(observable, log_variance)
                cells[observable.name, t] = Moments.of(values)
    return FakeRun(loop, tuple(observables), np.array(generations), chains, cells)


def read(observable, log_variance):
    if isinstance(observable, AtMost):
        return (read(observable.of, log_variance) <= observable.threshold).astype(float)
    return np.exp(log_variance) if isinstance(observable, Variance) else log_variance


LOOP = Loop(Gaussian(), Replace(n=10))


def mean_variance(loop, t):
    n = loop.regime.n
    shrink = 1 - 1 / n if loop.truth.estimator == "mle" else 1.0
    return shrink ** np.asarray(t, dtype=float)


def spread(loop, t):
    n, t = loop.regime.n, np.asarray(t, dtype=float)
    first = (n - 1) / n
    second = first * (n + 1) / n
    third = second * (n + 3) / n
    variance = second**t - first ** (2 * t)
    return variance, (third**t - 3 * first**t * second**t + 2 * first ** (3 * t)) / variance**1.5


def make(name="gaussian_replace_variance", predict=mean_variance, **changes):
    """A theorem outside of the ledger."""
    fields = {
        "statement": "a test",
        "observable": Variance(),
        "gives": "mean",
        "kind": "exact",
        "where": Where(family=Gaussian, regime=Replace),
        "source": (),
        "rows": (ROW,),
        "spread": spread,
    }
    return Theorem(name=name, predict=predict, **(fields | changes))


ROW = Row(LOOP, (1, 2, 3), (other_estimator, off_by_one, half_exponent), chains=60_000)
STRICT = dataclasses.replace(ROW, wrong=(*ROW.wrong, fewer_draws))
__all__ = ["LOOP", "ROW", "STRICT", "FakeRun", "LogVariance", "gaussian_run", "make"]
