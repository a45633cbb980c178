"""Entropy and Kullback-Leibler divergences, for every family that knows its own."""

from typing import Any, ClassVar

from modelcollapse.theory.categorical.family import Categorical
from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.multivariate.family import MultivariateGaussian
from modelcollapse.theory.observables.abstract import AbstractObservable


class Entropy(AbstractObservable):
    r"""$H(p_t)$ in nats."""

    families: ClassVar = (Gaussian, MultivariateGaussian, Categorical)
    name: ClassVar[str] = "entropy"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.entropy()


class KLToTruth(AbstractObservable):
    r"""$\mathrm{KL}(p_t\,\|\,p_0)$ in nats."""

    families: ClassVar = (Gaussian, MultivariateGaussian, Categorical)
    name: ClassVar[str] = "kl_to_truth"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.kl(truth)


class KLFromTruth(AbstractObservable):
    r"""$\mathrm{KL}(p_0\,\|\,p_t)$ in nats: the excess loss of the model on real data.

    Infinite for a categorical model that has lost a label, and for a singular covariance."""

    families: ClassVar = (Gaussian, MultivariateGaussian, Categorical)
    name: ClassVar[str] = "kl_from_truth"

    def __call__(self, model: Any, truth: Any) -> Any:
        return truth.kl(model)


class CrossEntropy(AbstractObservable):
    r"""$-\mathbb E_{x\sim p_t}\log p_0(x) = H(p_t)+\mathrm{KL}(p_t\|p_0)$ in nats: how surprising
    the model's output is to the truth."""

    families: ClassVar = (Gaussian, MultivariateGaussian, Categorical)
    name: ClassVar[str] = "cross_entropy"

    def __call__(self, model: Any, truth: Any) -> Any:
        if isinstance(model, MultivariateGaussian):
            # Finite for a singular model too, whose entropy and divergence are not.
            return model.cross_entropy(truth)
        return model.entropy() + model.kl(truth)
