r"""Linear regression with normal noise, refitted by ordinary least squares, and its statistic.

Least squares is affine equivariant: a linear change of the regressors, $x\mapsto Bx$ with B
invertible, changes the coefficients by its inverse transpose and leaves fitted values, residuals and
predictions alone. So regressors of any covariance are served by coordinates in which it is the identity,
and there the excess risk of a model is $|\beta_t-\beta_0|^2$.
"""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from modelcollapse.theory.arguments import is_traced, numbers, require, require_number
from modelcollapse.theory.family import AbstractFamily, AbstractStatistic
from modelcollapse.theory.regression.solve import cholesky, solve

Design = Literal["fresh", "orthogonal", "fixed"]
Noise = Literal["known", "mle", "unbiased"]


class RegressionStatistic(AbstractStatistic):
    r"""Row count, Gram matrix, least-squares coefficients and logarithm of the residual mean square of
    a data set, in a model's own coordinates.

    A Gram matrix that is a multiple of the identity may be given as that multiple, a scalar. The
    residual mean square $\frac1n|y-X\hat\beta|^2$ is kept as a logarithm because it may lie hundreds
    of orders of magnitude below one.
    """

    count: Any
    gram: Any
    coefficients: Any
    log_residual: Any

    def combine(self, other: "RegressionStatistic") -> "RegressionStatistic":
        r"""With Gram matrices $G_i$, $G=G_1+G_2$ and gap $g=b_2-b_1$ the coefficients are
        $b_1+G^{-1}G_2g$, and the residual sums of squares add up with $g^\top G_1G^{-1}G_2g$."""
        count = self.count + other.count
        safe = jnp.where(count > 0, count, 1)
        gap = other.coefficients - self.coefficients
        gram = self.gram + other.gram
        if jnp.ndim(gram) == 0:
            step = other.gram / jnp.where(gram > 0, gram, 1) * gap
            between = self.gram * (step * gap).sum()
        else:
            step = solve(gram, other.gram @ gap)
            between = (self.gram @ step * gap).sum()
        log_residual = jnp.logaddexp(
            jnp.logaddexp(
                jnp.log(self.count / safe) + self.log_residual,
                jnp.log(other.count / safe) + other.log_residual,
            ),
            jnp.log(jnp.maximum(between, 0) / safe),
        )
        return RegressionStatistic(count, gram, self.coefficients + step, log_residual)

    def scale(self, weight: Any) -> "RegressionStatistic":
        weight = jnp.asarray(weight, jnp.result_type(self.log_residual))
        return RegressionStatistic(
            self.count * weight, self.gram * weight, self.coefficients, self.log_residual
        )


class LinearRegression(AbstractFamily):
    r"""$y=x^\top\beta+\sigma\varepsilon$, refitted by ordinary least squares on labels that the latest
    model gives to n rows.

    **Arguments:**

    - `coefficients`: $\beta$, shape `(p,)`, in coordinates in which the regressors have the
      identity as their covariance.
    - `variance`: of the noise, $\sigma^2$, positive and finite.
    - `design`: where the rows come from. `"fresh"`: new rows $x\sim N(0,I_p)$ every generation.
      `"fixed"`: the rows of generation 1 are drawn so and used for ever (replace and accumulate,
      constant n). `"orthogonal"`: n given rows with $X^\top X=nI$. Any given design
      of full rank is orthogonal in its own coordinates, in which $|\beta_t-\beta_0|^2$ is its
      in-sample risk $|X(\beta_t-\beta_0)|^2/n$.
    - `noise`: `"known"` keeps $\sigma^2$, as the theorems of the literature do; `"mle"` refits it as the
      residual sum of squares over n, `"unbiased"` over $n-p$.
    - `log_variance`: give it instead of `variance` where the variance would underflow.
    - `gram`: for a fixed design, $X^\top X/n$ of its rows; zero until they are drawn.

    Of fewer than p rows (p + 1 where the noise is refitted) there is no fit. The raw path draws a
    whole data set of the largest size; so an orthogonal or fixed design needs a constant n there.
    """

    coefficients: Any
    log_variance: Any
    gram: Any
    design: Design = eqx.field(static=True)
    noise: Noise = eqx.field(static=True)

    def __init__(
        self,
        coefficients: Any,
        variance: Any = None,
        *,
        design: Design = "fresh",
        noise: Noise = "known",
        log_variance: Any = None,
        gram: Any = None,
    ):
        if design not in ("fresh", "orthogonal", "fixed"):
            raise ValueError(
                "`LinearRegression(design=...)` must be 'fresh', 'orthogonal' or 'fixed'; "
                f"got {design!r}."
            )
        if noise not in ("known", "mle", "unbiased"):
            raise ValueError(
                "`LinearRegression(noise=...)` must be 'known', 'mle' or 'unbiased'; "
                f"got {noise!r}."
            )
        if variance is not None and log_variance is not None:
            raise ValueError("`LinearRegression` takes `variance` or `log_variance`, not both.")
        if not is_traced(coefficients):
            name = "LinearRegression(coefficients=...)"
            values = numbers(coefficients, name)
            if values.ndim != 1:
                raise ValueError(f"`{name}` must have shape (p,); got shape {values.shape}.")
            require(values, name, finite=True)
            coefficients = coefficients if isinstance(coefficients, jax.Array) else values
        if log_variance is None:
            variance = 1.0 if variance is None else variance
            require_number(variance, "LinearRegression(variance=...)", 0, beyond_least=True)
            log_variance = (jnp if isinstance(variance, jax.Array) else np).log(variance)
        require_number(log_variance, "LinearRegression(log_variance=...)")
        self.coefficients = coefficients
        self.log_variance = log_variance
        if design == "fixed":
            order = coefficients.shape[-1]
            gram = np.zeros((order, order)) if gram is None else gram
        self.gram = gram if design == "fixed" else None
        self.design = design
        self.noise = noise

    @property
    def features(self) -> int:
        """The number $p$ of regressors."""
        return self.coefficients.shape[-1]

    @property
    def minimum_draws(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.features + (self.noise != "known")

    @property
    def variance(self) -> Any:
        return jnp.exp(self.log_variance)

    @property
    def scale(self) -> Any:
        r"""The standard deviation $\sigma$ of the noise."""
        return jnp.exp(self.log_variance / 2)

    def _with(self, coefficients: Any, log_variance: Any, gram: Any) -> "LinearRegression":
        return LinearRegression(
            coefficients,
            log_variance=log_variance,
            design=self.design,
            noise=self.noise,
            gram=gram,
        )

    def astype(self, dtype: Any) -> "LinearRegression":
        return self._with(
            jnp.asarray(self.coefficients, dtype),
            jnp.asarray(self.log_variance, dtype),
            None if self.gram is None else jnp.asarray(self.gram, dtype),
        )

    def _rows(self, key: PRNGKeyArray, n: int) -> Float[Array, "n p"]:
        dtype = jnp.result_type(self.log_variance)
        if self.design == "fresh":
            return jax.random.normal(key, (n, self.features), dtype)
        orthogonal = jnp.asarray(_orthogonal(n, self.features), dtype)
        if self.design == "orthogonal":
            return orthogonal
        drawn = jax.random.normal(key, (n, self.features), dtype)
        # Rows with the same Gram matrix differ by a rotation, which normal noise does not see.
        is_drawn = jnp.trace(self.gram) > 0
        gram = jnp.where(is_drawn, self.gram, jnp.eye(self.features, dtype=dtype))
        return jnp.where(is_drawn, orthogonal @ cholesky(gram).T, drawn)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n columns"]:
        r"""Rows $(x,(y-x^\top\beta)/\sigma)$, shape `(n, p + 1)`."""
        for_rows, for_noise = jax.random.split(key)
        rows = self._rows(for_rows, n)
        noise = jax.random.normal(for_noise, (n, 1), rows.dtype)
        return jnp.concatenate([rows, noise], axis=1)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n columns"]:
        """Rows $(x,y)$, shape `(n, p + 1)`."""
        values = self.draw(key, n)
        rows, noise = values[:, :-1], values[:, -1]
        label = rows @ self.coefficients + self.scale * noise
        return jnp.concatenate([rows, label[:, None]], axis=1)

    def express(
        self, values: Float[Array, "... columns"], of: "LinearRegression"
    ) -> Float[Array, "... columns"]:
        rows, residual = values[..., :-1], values[..., -1]
        shift = rows @ (of.coefficients - self.coefficients) / self.scale
        residual = shift + jnp.exp((of.log_variance - self.log_variance) / 2) * residual
        return jnp.concatenate([rows, residual[..., None]], axis=-1)

    def restate(
        self, statistic: RegressionStatistic, of: "LinearRegression"
    ) -> RegressionStatistic:
        ratio = jnp.exp((of.log_variance - self.log_variance) / 2)
        shift = (of.coefficients - self.coefficients) / self.scale
        return RegressionStatistic(
            statistic.count,
            statistic.gram,
            shift + ratio * statistic.coefficients,
            statistic.log_residual + (of.log_variance - self.log_variance),
        )

    def statistic(
        self, values: Float[Array, "n columns"], mask: Shaped[Array, " n"]
    ) -> RegressionStatistic:
        weight = mask.astype(values.dtype)
        rows, residual = values[:, :-1], values[:, -1]
        weighted = jnp.where(weight[:, None] > 0, weight[:, None] * rows, 0)
        gram = weighted.T @ rows
        coefficients = solve(gram, weighted.T @ residual)
        squares = (residual - rows @ coefficients) ** 2
        count = weight.sum()
        mean_square = jnp.where(weight > 0, weight * squares, 0).sum() * (1 / jnp.maximum(count, 1))
        return RegressionStatistic(count, gram, coefficients, jnp.log(mean_square))

    def fit(self, statistic: RegressionStatistic) -> "LinearRegression":
        log_variance = self.log_variance
        if self.noise != "known":
            log_variance = log_variance + statistic.log_residual
        if self.noise == "unbiased":
            log_variance = log_variance - jnp.log1p(-self.features / statistic.count)
        return self._with(
            self.coefficients + self.scale * statistic.coefficients,
            log_variance,
            statistic.gram / statistic.count if self.design == "fixed" else None,
        )

    def entropy(self) -> Any:
        r"""$\tfrac12\log(2\pi e\sigma^2)$ nats, of the label given the row."""
        return 0.5 * (jnp.log(2 * jnp.pi) + 1 + self.log_variance)

    def kl(self, other: "LinearRegression") -> Any:
        r"""$\tfrac12[\sigma^2/\tau^2+|\beta-\gamma|^2/\tau^2-1-\log(\sigma^2/\tau^2)]$ nats, of the
        label given the row, averaged over rows of identity covariance; $\sigma,\beta$ of `self` and
        $\tau,\gamma$ of `other`."""
        log_ratio = self.log_variance - other.log_variance
        gap = ((self.coefficients - other.coefficients) ** 2).sum()
        return 0.5 * (jnp.expm1(log_ratio) - log_ratio + gap * jnp.exp(-other.log_variance))


def _orthogonal(n: int, columns: int) -> np.ndarray:
    """Rows whose Gram matrix is n times the identity, from cosines of whole frequencies."""
    place = np.pi * (np.arange(n) + 0.5) / max(n, 1)
    cosines = np.sqrt(2) * np.cos(place[:, None] * np.arange(columns))
    cosines[:, :1] = 1
    return cosines
