"""Observables of multivariate Gaussian models."""

from typing import Any, ClassVar

import jax.numpy as jnp

from modelcollapse.theory.arguments import require
from modelcollapse.theory.multivariate.family import MultivariateGaussian
from modelcollapse.theory.observables.abstract import AbstractObservable


class LogDeterminant(AbstractObservable):
    r"""$\log(\det\Sigma_t/\det\Sigma_0)$; $-\infty$ for a singular model."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "log_determinant"

    def __call__(self, model: Any, truth: Any) -> Any:
        return (model.log_pivots - truth.log_pivots).sum()


class Determinant(AbstractObservable):
    r"""$\det\Sigma_t/\det\Sigma_0$, the generalised variance in units of the truth's."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "determinant"

    def __call__(self, model: Any, truth: Any) -> Any:
        return jnp.exp((model.log_pivots - truth.log_pivots).sum())


class LogPivots(AbstractObservable):
    r"""$\log$ of the squared diagonal of the Cholesky factor of $\Sigma_t$, less the truth's, for the first
    coordinates $k=0,1,\dots$, at most `kept` of them."""

    kept: int = 8
    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "log_pivot"

    def __check_init__(self):
        require(self.kept, "LogPivots(kept=...)", 1, whole=True)

    def labels(self, truth: Any) -> tuple[str, ...]:
        return tuple(str(k) for k in range(min(truth.dimension, self.kept)))

    def __call__(self, model: Any, truth: Any) -> Any:
        return (model.log_pivots - truth.log_pivots)[: self.kept]


class Rank(AbstractObservable):
    r"""The rank of $\Sigma_t$."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "rank"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.spreads.sum().astype(model.log_pivots.dtype)


class TotalVariance(AbstractObservable):
    r"""$\mathrm{tr}\,\Sigma_t$."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "total_variance"

    def __call__(self, model: Any, truth: Any) -> Any:
        return model.total_variance


class SquaredNorm(AbstractObservable):
    r"""$\mathrm{tr}\,\Sigma_t^2$, the squared Frobenius norm."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "squared_norm"

    def __call__(self, model: Any, truth: Any) -> Any:
        return (model.covariance**2).sum()


class EffectiveRank(AbstractObservable):
    r"""The participation ratio $(\mathrm{tr}\,\Sigma_t)^2/\mathrm{tr}\,\Sigma_t^2$, between 1 and $d$: how
    many directions share the variance."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "effective_rank"

    def __call__(self, model: Any, truth: Any) -> Any:
        covariance = model.scaled_covariance
        return jnp.trace(covariance) ** 2 / (covariance**2).sum()


class SquaredMeanError(AbstractObservable):
    r"""$\lVert\mu_t-\mu_0\rVert^2$."""

    families: ClassVar = (MultivariateGaussian,)
    name: ClassVar[str] = "squared_mean_error"

    def __call__(self, model: Any, truth: Any) -> Any:
        return ((model.mean - truth.mean) ** 2).sum()
