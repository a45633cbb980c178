"""The univariate Gaussian and its sufficient statistic."""

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from modelcollapse.theory.arguments import require_number
from modelcollapse.theory.family import AbstractFamily, AbstractStatistic

Estimator = Literal["mle", "unbiased"]


class GaussianStatistic(AbstractStatistic):
    r"""Count, mean and logarithm of the ML variance of a sample, in a model's own coordinates.

    The variance $\frac1n\sum(x-\bar x)^2$ is kept as a logarithm because it may lie hundreds of
    orders of magnitude below one; it is $-\infty$ for fewer than two draws.
    """

    count: Any
    mean: Any
    log_variance: Any

    def combine(self, other: "GaussianStatistic") -> "GaussianStatistic":
        r"""Chan, Golub & LeVeque (1983): $v = w_1v_1 + w_2v_2 + w_1w_2(\bar x_1-\bar x_2)^2$ with
        $w_i = n_i/(n_1+n_2)$."""
        count = self.count + other.count
        safe = jnp.maximum(count, 1)
        mine, theirs = self.count / safe, other.count / safe
        gap = self.mean - other.mean
        log_variance = jnp.logaddexp(
            jnp.logaddexp(jnp.log(mine) + self.log_variance, jnp.log(theirs) + other.log_variance),
            jnp.log(mine * theirs) + 2 * jnp.log(jnp.abs(gap)),
        )
        return GaussianStatistic(count, self.mean - theirs * gap, log_variance)

    def scale(self, weight: Any) -> "GaussianStatistic":
        weight = jnp.asarray(weight, jnp.result_type(self.log_variance))
        return GaussianStatistic(self.count * weight, self.mean, self.log_variance)


class Gaussian(AbstractFamily):
    r"""$N(\mu,\sigma^2)$, refitted by maximum likelihood or with the unbiased variance.

    **Arguments:**

    - `mean`, `variance`: of the model; the variance must be positive and finite.
    - `estimator`: `"mle"` divides the sum of squares by $n$, `"unbiased"` by $n-1$.
    - `log_variance`: give it instead of `variance` where the variance would underflow.

    The state is kept as $\log\sigma^2$, because $\sigma^2$ underflows float32 after about
    $87n$ generations of self-training.
    """

    mean: Any
    log_variance: Any
    estimator: Estimator = eqx.field(static=True)
    minimum_draws: ClassVar[int] = 2

    def __init__(
        self,
        mean: Any = 0.0,
        variance: Any = None,
        *,
        estimator: Estimator = "mle",
        log_variance: Any = None,
    ):
        if estimator not in ("mle", "unbiased"):
            raise ValueError(
                f"`Gaussian(estimator=...)` must be 'mle' or 'unbiased'; got {estimator!r}."
            )
        if variance is not None and log_variance is not None:
            raise ValueError("`Gaussian` takes `variance` or `log_variance`, not both.")
        require_number(mean, "Gaussian(mean=...)")
        if log_variance is None:
            variance = 1.0 if variance is None else variance
            require_number(variance, "Gaussian(variance=...)", 0, beyond_least=True)
            log_variance = (jnp if isinstance(variance, jax.Array) else np).log(variance)
        require_number(log_variance, "Gaussian(log_variance=...)")
        self.mean = mean if isinstance(mean, jax.Array) else np.float64(mean)
        self.log_variance = log_variance
        self.estimator = estimator

    @property
    def variance(self) -> Any:
        return jnp.exp(self.log_variance)

    @property
    def scale(self) -> Any:
        r"""The standard deviation $\sigma$."""
        return jnp.exp(self.log_variance / 2)

    def astype(self, dtype: Any) -> "Gaussian":
        return Gaussian(
            jnp.asarray(self.mean, dtype),
            log_variance=jnp.asarray(self.log_variance, dtype),
            estimator=self.estimator,
        )

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, " n"]:
        return jax.random.normal(key, (n,), jnp.result_type(self.log_variance))

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, " n"]:
        return self.mean + self.scale * self.draw(key, n)

    def express(self, values: Float[Array, "..."], of: "Gaussian") -> Float[Array, "..."]:
        ratio = jnp.exp((of.log_variance - self.log_variance) / 2)
        return (of.mean - self.mean) / self.scale + ratio * values

    def restate(self, statistic: GaussianStatistic, of: "Gaussian") -> GaussianStatistic:
        return GaussianStatistic(
            statistic.count,
            self.express(statistic.mean, of),
            statistic.log_variance + (of.log_variance - self.log_variance),
        )

    def statistic(self, values: Float[Array, " n"], mask: Shaped[Array, " n"]) -> GaussianStatistic:
        weight = mask.astype(values.dtype)
        count = weight.sum()
        # A product with the inverse: XLA makes one of a quotient or not, as the program around it goes.
        share = 1 / jnp.maximum(count, 1)
        mean = jnp.where(weight > 0, weight * values, 0).sum() * share
        squares = jnp.where(weight > 0, weight * (values - mean) ** 2, 0).sum()
        return GaussianStatistic(count, mean, jnp.log(squares * share))

    def fit(self, statistic: GaussianStatistic) -> "Gaussian":
        step = statistic.log_variance
        if self.estimator == "unbiased":
            step = step - jnp.log1p(-1 / statistic.count)
        return Gaussian(
            self.mean + self.scale * statistic.mean,
            log_variance=self.log_variance + step,
            estimator=self.estimator,
        )

    def entropy(self) -> Any:
        r"""$\tfrac12\log(2\pi e\sigma^2)$ nats."""
        return 0.5 * (jnp.log(2 * jnp.pi) + 1 + self.log_variance)

    def kl(self, other: "Gaussian") -> Any:
        r"""$\tfrac12[\sigma^2/\tau^2 + (\mu-\nu)^2/\tau^2 - 1 - \log(\sigma^2/\tau^2)]$ nats,
        for $\sigma,\mu$ of `self` and $\tau,\nu$ of `other`."""
        log_ratio = self.log_variance - other.log_variance
        shift = (self.mean - other.mean) ** 2 * jnp.exp(-other.log_variance)
        return 0.5 * (jnp.expm1(log_ratio) - log_ratio + shift)
