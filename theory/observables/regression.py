"""Observables of linear regression."""

from typing import Any, ClassVar

from modelcollapse.theory.observables.abstract import AbstractObservable
from modelcollapse.theory.regression.family import LinearRegression


class ExcessRisk(AbstractObservable):
    r"""$|\beta_t-\beta_0|^2$: how much worse the model predicts a true label than the truth does, in
    mean square, for rows of identity covariance (for an orthogonal design: over its own rows)."""

    families: ClassVar = (LinearRegression,)
    name: ClassVar[str] = "excess_risk"

    def __call__(self, model: Any, truth: Any) -> Any:
        return ((model.coefficients - truth.coefficients) ** 2).sum()


class NoiseVariance(AbstractObservable):
    r"""$\sigma_t^2$."""

    families: ClassVar = (LinearRegression,)
    name: ClassVar[str] = "noise_variance"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.variance


class LogNoiseVariance(AbstractObservable):
    r"""$\log(\sigma_t^2/\sigma_0^2)$."""

    families: ClassVar = (LinearRegression,)
    name: ClassVar[str] = "log_noise_variance"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.log_variance - truth.log_variance
