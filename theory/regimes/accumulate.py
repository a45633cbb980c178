"""Accumulate: every draw ever made stays in the training set, or in the pool it is drawn from."""

from typing import Any, ClassVar

import numpy as np

from modelcollapse.theory.regimes.abstract import AbstractRegime
from modelcollapse.theory.regimes.schedule import Size, freeze, spread


class Accumulate(AbstractRegime):
    """`n` new draws a generation join all earlier ones; the model is fitted to everything."""

    n: Any
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = True

    def __init__(self, n: Size):
        self.n = freeze(n, "Accumulate(n=...)")

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        n = spread(self.n, generations, "Accumulate(n=...)")
        return np.zeros_like(n), n

    def total(self, generations: int) -> np.ndarray:
        return np.cumsum(super().total(generations))

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        pool = pool.combine(synthetic)
        return pool, pool


class AccumulateSubsample(AbstractRegime):
    """`n` new draws a generation join the pool; the model is fitted to `n` of the pool, drawn
    uniformly without replacement (a fixed compute budget)."""

    n: Any
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = True
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = True

    def __init__(self, n: Size):
        self.n = freeze(n, "AccumulateSubsample(n=...)")

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        n = spread(self.n, generations, "AccumulateSubsample(n=...)")
        return np.zeros_like(n), n

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        pool = pool.combine(synthetic)
        return pool, pool.subsample(synthetic.count)
