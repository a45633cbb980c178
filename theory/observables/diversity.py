"""Diversity and survival: observables of categorical models."""

import itertools
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import require
from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.observables.abstract import AbstractObservable


class Heterozygosity(AbstractObservable):
    r"""$1-\sum_k p_k^2$ (Gini-Simpson): the chance that two draws differ."""

    families: ClassVar = (Categorical,)
    name: ClassVar[str] = "heterozygosity"

    def __call__(self, model: Any, truth: Any) -> Any:
        return 1 - (model.probabilities**2).sum()


class Support(AbstractObservable):
    """The number of labels with positive probability ("words alive")."""

    families: ClassVar = (Categorical,)
    name: ClassVar[str] = "support"

    def __call__(self, model: Any, truth: Any) -> Any:
        return (model.probabilities > 0).sum().astype(model.probabilities.dtype)


class SurvivingMass(AbstractObservable):
    r"""Original probability of the labels still alive, $\sum_k p_{0,k}\,1\{p_{t,k}>0\}$.

    Not the model's own mass of a fixed set of labels, whose mean is conserved."""

    families: ClassVar = (Categorical,)
    name: ClassVar[str] = "surviving_mass"

    def __call__(self, model: Any, truth: Any) -> Any:
        return jnp.where(model.probabilities > 0, truth.probabilities, 0).sum()


def rank_order(truth: Any) -> np.ndarray:
    """Labels from the most to the least probable under the truth (ties keep their order)."""
    return np.argsort(-np.asarray(truth.probabilities), kind="stable")


def rank_bins(categories: int, bins: int) -> np.ndarray:
    """Edges of at most `bins` groups of ranks, evenly spaced in log rank: `edges[i] <= rank - 1 <
    edges[i + 1]`, from 0 to `categories`."""
    edges = np.unique(np.round(np.geomspace(1, categories + 1, bins + 1)).astype(int))
    return edges - 1


class SurvivalByRank(AbstractObservable):
    """The share of labels alive among each group of original ranks, groups even in log rank."""

    bins: int = 16
    families: ClassVar = (Categorical,)
    name: ClassVar[str] = "survival_by_rank"

    def __check_init__(self):
        require(self.bins, "SurvivalByRank(bins=...)", 1, whole=True)

    def labels(self, truth: Any) -> tuple[str, ...]:
        edges = rank_bins(truth.categories, self.bins)
        return tuple(f"{low + 1}-{high}" for low, high in itertools.pairwise(edges))

    def __call__(self, model: Any, truth: Any) -> Any:
        edges = rank_bins(truth.categories, self.bins)
        # Ranks are sorted inside the trace, so that one compiled program serves every truth.
        order = jnp.argsort(-truth.probabilities, stable=True)
        alive = (model.probabilities[order] > 0).astype(model.probabilities.dtype)
        total = jnp.concatenate([jnp.zeros(1, alive.dtype), jnp.cumsum(alive)])
        return (total[edges[1:]] - total[edges[:-1]]) / (edges[1:] - edges[:-1])


class Frequencies(AbstractObservable):
    r"""$p_{t,k}^m$ for the first labels $k=0,1,\dots$, at most `labels_kept` of them.

    `power` is $m$."""

    power: int = 1
    labels_kept: int = 8
    families: ClassVar = (Categorical,)

    def __check_init__(self):
        require(self.power, "Frequencies(power=...)", 1, whole=True)
        require(self.labels_kept, "Frequencies(labels_kept=...)", 1, whole=True)

    @property
    def name(self) -> str:
        return "frequency" if self.power == 1 else f"frequency^{self.power}"

    def labels(self, truth: Any) -> tuple[str, ...]:
        return tuple(str(k) for k in range(min(truth.categories, self.labels_kept)))

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.probabilities[: self.labels_kept] ** self.power


class Returned(AbstractObservable):
    """The number of labels that were dead at the previous recorded generation and are alive now."""

    families: ClassVar = (Categorical,)
    name: ClassVar[str] = "returned"

    @property
    def across_generations(self) -> bool:
        return True

    def __call__(self, model: Any, truth: Any) -> Any:
        return self.between(truth, model, truth)

    def between(self, earlier: Any, model: Any, truth: Any) -> Any:
        back = (earlier.probabilities == 0) & (model.probabilities > 0)
        return back.sum().astype(model.probabilities.dtype)
