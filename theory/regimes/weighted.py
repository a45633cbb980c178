"""Weighted: fresh real data every generation, with a weight of their own whatever their number."""

from typing import Any, ClassVar

import numpy as np

from modelcollapse.theory.arguments import require_number
from modelcollapse.theory.regimes.abstract import AbstractRegime
from modelcollapse.theory.regimes.schedule import Size, freeze, spread


class Weighted(AbstractRegime):
    r"""`n_real` new real draws with total weight w = `weight`, and `n_synthetic` from the latest model
    with total weight $1-w$, every generation: weighted maximum likelihood.

    With $w=n_r/(n_r+n_s)$ it is [`Fresh`][]. The pooled statistic counts as
    $1/(w^2/n_r+(1-w)^2/n_s)$ draws (Kish's effective size); an unbiased divisor takes one off that.
    """

    n_real: Any
    n_synthetic: Any
    weight: float
    closed: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = False

    def __init__(self, n_real: Size, n_synthetic: Size, weight: float):
        self.n_real = freeze(n_real, "Weighted(n_real=...)")
        self.n_synthetic = freeze(n_synthetic, "Weighted(n_synthetic=...)")
        require_number(weight, "Weighted(weight=...)", 0, most=1, beyond_least=True)
        self.weight = float(weight)

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        return (
            spread(self.n_real, generations, "Weighted(n_real=...)"),
            spread(self.n_synthetic, generations, "Weighted(n_synthetic=...)"),
        )

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        share, rest = self.weight / real.count, (1 - self.weight) / synthetic.count
        effective = 1 / (self.weight * share + (1 - self.weight) * rest)
        return pool, real.scale(effective * share).combine(synthetic.scale(effective * rest))
