"""The categorical model over K labels, with its counts."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, Shaped

from modelcollapse.theory.arguments import require, require_probabilities
from modelcollapse.theory.family import AbstractFamily, AbstractStatistic


class CategoricalStatistic(AbstractStatistic):
    """Counts of the K labels, whole numbers unless they are weighted, and their sum."""

    count: Any
    counts: Any

    def combine(self, other: "CategoricalStatistic") -> "CategoricalStatistic":
        return CategoricalStatistic(self.count + other.count, self.counts + other.counts)

    def scale(self, weight: Any) -> "CategoricalStatistic":
        weight = jnp.asarray(weight)
        return CategoricalStatistic(self.count * weight, self.counts * weight[..., None])


class Categorical(AbstractFamily):
    r"""Probabilities over $K$ labels, refitted by maximum likelihood: $\hat p = X/n$.

    **Arguments:**

    - `probabilities`: shape `(K,)`, non-negative, summing to one to 1e-6 (they are normalised,
      except in a JAX array, which is kept as it is).

    A label that no draw produced gets probability exactly zero and never returns under self-training.
    """

    probabilities: Any
    minimum_draws: ClassVar[int] = 1

    def __init__(self, probabilities: Any):
        require_probabilities(probabilities, "Categorical(probabilities=...)")
        if not isinstance(probabilities, jax.Array):
            probabilities = np.array(probabilities, dtype=np.float64)
            probabilities = probabilities / probabilities.sum()
        self.probabilities = probabilities

    @staticmethod
    def from_counts(counts: Any) -> "Categorical":
        """The empirical law of a real data set given by its counts, shape `(K,)`."""
        counts = np.asarray(counts, dtype=np.float64)
        if counts.ndim != 1 or not np.all(np.isfinite(counts)) or np.any(counts < 0):
            raise ValueError(
                "`from_counts(counts)` must be finite, non-negative and one-dimensional."
            )
        if counts.sum() <= 0:
            raise ValueError(f"`from_counts(counts)` must have a positive sum; got {counts.sum()}.")
        return Categorical(counts / counts.sum())

    @staticmethod
    def zipf(categories: int, exponent: float = 1.0) -> "Categorical":
        r"""Zipf's law $p_r \propto r^{-b}$ for ranks $r = 1..K$."""
        require(categories, "zipf(categories=...)", 1, whole=True)
        require(exponent, "zipf(exponent=...)", finite=True)
        weights = np.arange(1, int(categories) + 1, dtype=np.float64) ** -exponent
        return Categorical(weights / weights.sum())

    @property
    def categories(self) -> int:
        """The number $K$ of labels."""
        return self.probabilities.shape[-1]

    def astype(self, dtype: Any) -> "Categorical":
        return Categorical(jnp.asarray(self.probabilities, dtype))

    def draw(self, key: PRNGKeyArray, n: int) -> Int[Array, " n"]:
        """Inverse-CDF draws: labels `0..K-1`."""
        cumulative = jnp.cumsum(self.probabilities)
        # The last partial sum, not 1, bounds the draw: rounding must not create a label beyond K.
        u = jax.random.uniform(key, (n,), cumulative.dtype) * cumulative[-1]
        return jnp.searchsorted(cumulative, u, side="right").astype(jnp.int32)

    def sample(self, key: PRNGKeyArray, n: int) -> Int[Array, " n"]:
        return self.draw(key, n)

    def express(self, values: Shaped[Array, "..."], of: "Categorical") -> Shaped[Array, "..."]:
        return values

    def restate(self, statistic: CategoricalStatistic, of: "Categorical") -> CategoricalStatistic:
        return statistic

    def statistic(
        self, values: Int[Array, " n"], mask: Shaped[Array, " n"]
    ) -> CategoricalStatistic:
        weight = mask.astype(jnp.int32) if mask.dtype == jnp.bool_ else mask
        counts = jnp.zeros(self.categories, weight.dtype).at[values].add(weight)
        return CategoricalStatistic(weight.sum(dtype=weight.dtype), counts)

    def fit(self, statistic: CategoricalStatistic) -> "Categorical":
        dtype = jnp.result_type(self.probabilities)
        return Categorical(statistic.counts.astype(dtype) / statistic.count.astype(dtype))

    def entropy(self) -> Any:
        r"""$-\sum p\log p$ nats."""
        return -jax.scipy.special.xlogy(self.probabilities, self.probabilities).sum()

    def kl(self, other: "Categorical") -> Any:
        r"""$\sum p\log(p/q)$ nats; infinite where $q = 0 < p$."""
        terms = jax.scipy.special.rel_entr(self.probabilities, other.probabilities)
        return terms.sum()
