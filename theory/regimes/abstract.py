"""The abstract regime: how a generation's training set is put together."""

import abc
from typing import Any

import equinox as eqx
import numpy as np


class AbstractRegime(eqx.Module):
    """How real data and the models' own output are pooled into each generation's training set.

    A regime is written once, for every family: it pools *mergeable statistics*, anything with a
    method `combine` (and `scale`, where draws are weighted), and never looks inside them. Generation 0 is the truth, so at generation 1 the
    "latest model" is the truth itself and every first training set is real.
    """

    #: True if only the latest model's output enters, so that what is lost stays lost.
    closed: eqx.AbstractClassVar[bool]
    #: True if the fitted model is maximum likelihood on a pooled sample, weighted or not, whose every
    #: draw comes, in expectation, from a model with the truth's mean parameter.
    pooled: eqx.AbstractClassVar[bool]
    #: True if the regime needs the data themselves, not only their sufficient statistic.
    needs_samples: eqx.AbstractClassVar[bool]
    #: True if each draw is real or synthetic at random.
    random_mixture: eqx.AbstractClassVar[bool]
    #: True if the pool takes in every draw ever made.
    grows: eqx.AbstractClassVar[bool]

    @abc.abstractmethod
    def sizes(self, generations: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws from the truth and from the latest model at t = 1..generations, two int64 arrays.

        With `random_mixture` the first array is zero and the second counts all draws."""

    @abc.abstractmethod
    def update(self, pool: Any, synthetic: Any, real: Any, first: Any) -> tuple[Any, Any]:
        """The new pool and the training set, from the old pool and this generation's draws.

        `first` is true at generation 1, when the old pool is empty. A regime that keeps nothing
        from one generation to the next returns the pool it was given."""

    def total(self, generations: int) -> np.ndarray:
        """Draws in each training set at t = 1..generations, int64."""
        real, synthetic = self.sizes(generations)
        return real + synthetic
