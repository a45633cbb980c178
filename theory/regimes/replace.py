"""Replace: each generation sees only the latest model's output."""

from typing import Any, ClassVar

import numpy as np

from modelcollapse.theory.regimes.abstract import AbstractRegime
from modelcollapse.theory.regimes.schedule import Size, freeze, spread


class Replace(AbstractRegime):
    """`n` draws from the latest model, nothing else (fully synthetic; "discard")."""

    n: Any
    closed: ClassVar[bool] = True
    pooled: ClassVar[bool] = True
    needs_samples: ClassVar[bool] = False
    random_mixture: ClassVar[bool] = False
    grows: ClassVar[bool] = False

    def __init__(self, n: Size):
        self.n = freeze(n, "Replace(n=...)")

    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        n = spread(self.n, generations, "Replace(n=...)")
        return np.zeros_like(n), n

    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        return pool, synthetic
