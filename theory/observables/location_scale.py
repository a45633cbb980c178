"""Observables of location-scale models."""

from typing import Any, ClassVar

import jax.numpy as jnp

from modelcollapse.theory.gaussian.family import Gaussian
from modelcollapse.theory.multivariate.family import MultivariateGaussian
from modelcollapse.theory.observables.abstract import AbstractObservable


class Variance(AbstractObservable):
    r"""$\sigma_t^2$."""

    families: ClassVar = (Gaussian,)
    name: ClassVar[str] = "variance"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.variance


class LogVariance(AbstractObservable):
    r"""$\log(\sigma_t^2/\sigma_0^2)$."""

    families: ClassVar = (Gaussian,)
    name: ClassVar[str] = "log_variance"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.log_variance - truth.log_variance


class MeanError(AbstractObservable):
    r"""$\mu_t-\mu_0$, signed."""

    families: ClassVar = (Gaussian,)
    name: ClassVar[str] = "mean_error"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.mean - truth.mean


class W2Squared(AbstractObservable):
    r"""Squared 2-Wasserstein distance to the truth, $(\mu_t-\mu_0)^2+(\sigma_t-\sigma_0)^2$; in several
    dimensions $\lVert\mu_t-\mu_0\rVert^2+\mathrm{tr}\,\Sigma_t+\mathrm{tr}\,\Sigma_0
    -2\,\mathrm{tr}(\Sigma_0^{1/2}\Sigma_t\Sigma_0^{1/2})^{1/2}$."""

    families: ClassVar = (Gaussian, MultivariateGaussian)
    name: ClassVar[str] = "w2_squared"

    def __call__(self, model: Any, truth: Any) -> Any:
        if isinstance(model, MultivariateGaussian):
            return model.w2_squared(truth)
        return (model.mean - truth.mean) ** 2 + (model.scale - truth.scale) ** 2


class TotalSecondMoment(AbstractObservable):
    r"""$\sigma_t^2+(\mu_t-\mu_0)^2$, the second moment of the model about the true mean; in several
    dimensions $\mathrm{tr}\,\Sigma_t+\lVert\mu_t-\mu_0\rVert^2$."""

    families: ClassVar = (Gaussian, MultivariateGaussian)
    name: ClassVar[str] = "total_second_moment"

    def __call__(self, model: Any, truth: Any) -> Any:
        if isinstance(model, MultivariateGaussian):
            return model.total_variance + ((model.mean - truth.mean) ** 2).sum()
        return model.variance + (model.mean - truth.mean) ** 2


class W2Balance(AbstractObservable):
    r"""$W_2^2(p_t,p_0)+2\sigma_0\sigma_t$, the paired statistic of the $W_2$ identity."""

    families: ClassVar = (Gaussian,)
    name: ClassVar[str] = "w2_balance"

    def __call__(self, model: Any, truth: Any) -> Any:
        w2_squared = (model.mean - truth.mean) ** 2 + (model.scale - truth.scale) ** 2
        return w2_squared + 2 * truth.scale * jnp.asarray(model.scale)
