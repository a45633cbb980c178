"""Regimes in which real data come in: new every generation, at random, or the same for ever."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import require_number
from modelcollapse.theory.regimes.abstract import AbstractRegime
from modelcollapse.theory.regimes.schedule import Size, freeze, spread


class Fresh(AbstractRegime):
    """`n_real` new real draws and `n_synthetic` from the latest model, pooled, every generation."""

    n_real: Any
    n_synthetic: Any
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = False

    def __init__(self, n_real: Size, n_synthetic: Size):
        self.n_real = freeze(n_real, "Fresh(n_real=...)")
        self.n_synthetic = freeze(n_synthetic, "Fresh(n_synthetic=...)", at_least=0)

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        return (
            spread(self.n_real, generations, "Fresh(n_real=...)"),
            spread(self.n_synthetic, generations, "Fresh(n_synthetic=...)", at_least=0),
        )

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        return pool, real.combine(synthetic)


class Mixture(AbstractRegime):
    """`n` draws a generation, each one real with probability `real_share`, else synthetic
    (population genetics: migration from a fixed source)."""

    n: Any
    real_share: float
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = True
    grows: ClassVar[bool] = False

    def __init__(self, n: Size, real_share: float):
        self.n = freeze(n, "Mixture(n=...)")
        require_number(real_share, "Mixture(real_share=...)", 0, most=1)
        self.real_share = float(real_share)

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        n = spread(self.n, generations, "Mixture(n=...)")
        return np.zeros_like(n), n

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        return pool, synthetic


class FixedReal(AbstractRegime):
    """The same `n_real` real draws for ever, pooled with `n_synthetic` from the latest model.

    Generation 1 is fitted to the real draws alone."""

    n_real: int
    n_synthetic: Any
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = False

    def __init__(self, n_real: int, n_synthetic: Size):
        self.n_real = freeze(n_real, "FixedReal(n_real=...)")
        if not isinstance(self.n_real, int):
            raise ValueError(f"`FixedReal(n_real=...)` must be one number; got {n_real!r}.")
        self.n_synthetic = freeze(n_synthetic, "FixedReal(n_synthetic=...)", at_least=0)

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        synthetic = spread(self.n_synthetic, generations, "FixedReal(n_synthetic=...)", at_least=0)
        real = np.zeros_like(synthetic)
        real[:1], synthetic[:1] = self.n_real, 0
        return real, synthetic

    def total(self, generations: int) -> np.ndarray:
        real, synthetic = self.sizes(generations)
        return np.cumsum(real) + synthetic

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        kept = jax.tree.map(lambda new, old: jnp.where(first, new, old), real, pool)
        return kept, kept.combine(synthetic)
