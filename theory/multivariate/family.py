r"""The multivariate Gaussian in triangular form, and its sufficient statistic."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from modelcollapse.theory.arguments import is_traced, numbers, require
from modelcollapse.theory.family import AbstractFamily, AbstractStatistic
from modelcollapse.theory.gaussian.family import Estimator
from modelcollapse.theory.multivariate import triangular
from modelcollapse.theory.multivariate.rotations import singular_values


class MultivariateStatistic(AbstractStatistic):
    r"""Count, mean and ML covariance $F\,\mathrm{diag}(e^{q})F^\top$ of a sample, in a model's own
    coordinates; `factor` is the unit lower triangular $F$, `log_pivots` is $q$.

    A pivot of $-\infty$ says that the sample does not spread in that direction. `draws` is how many
    there are, whatever they count: the covariance of so many has at most rank `draws - 1`.
    """

    count: Any
    draws: Any
    mean: Any
    factor: Any
    log_pivots: Any

    def combine(self, other: "MultivariateStatistic") -> "MultivariateStatistic":
        r"""$S=w_1S_1+w_2S_2+w_1w_2gg^\top$ with $w_i=n_i/(n_1+n_2)$ and $g$ the gap of the means
        (Chan, Golub & LeVeque 1983), decomposed again."""
        count, draws = self.count + other.count, self.draws + other.draws
        safe = jnp.maximum(count, 1)
        mine, theirs, gap = triangular.widest(
            self.count / safe, other.count / safe, self.mean - other.mean
        )
        matrix = mine * self._covariance() + theirs * other._covariance()
        matrix = matrix + mine * theirs * gap[:, None] * gap
        dtype = self.mean.dtype
        allowed = jnp.arange(gap.size) < draws - 1
        factor, log_pivots = triangular.decompose(matrix, allowed, dtype)
        mean = self.mean - (theirs * gap).astype(dtype)
        return MultivariateStatistic(count, draws, mean, factor, log_pivots)

    def scale(self, weight: Any) -> "MultivariateStatistic":
        """The statistic with every draw counted `weight` times."""
        count = self.count * jnp.asarray(weight, jnp.result_type(self.log_pivots))
        return MultivariateStatistic(count, self.draws, self.mean, self.factor, self.log_pivots)

    def _covariance(self) -> Any:
        factor, log_pivots = triangular.widest(self.factor, self.log_pivots)
        return triangular.product(factor * jnp.exp(log_pivots), factor.T)


class MultivariateGaussian(AbstractFamily):
    r"""$N_d(\mu,\Sigma)$, refitted by maximum likelihood or with the unbiased covariance.

    **Arguments:**

    - `mean`: shape `(d,)`; zero by default.
    - `covariance`: shape `(d, d)`, symmetric and positive definite; the identity by default.
    - `estimator`: `"mle"` divides the scatter matrix by $n$, `"unbiased"` by $n-1$.
    - `log_pivots`, `factor`: give these instead of `covariance` for
      $\Sigma=U\,\mathrm{diag}(e^{p})U^\top$, $U$ = `factor` unit lower triangular, shapes `(d,)` and `(d, d)`;
      a pivot may be $-\infty$.

    $e^{p_k}$ is the variance of coordinate $k$ given the coordinates before it. A refit adds an
    independent $\log(\chi^2_{n-1-k}/n)$, $k=0,1,\dots$, to each $p_k$, so under self-training a model
    can shrink by hundreds of orders of magnitude, in each direction at its own pace, without loss of
    digits. From $n\le d$ draws the fit has rank $n-1$, and the last pivots are $-\infty$.
    """

    mean: Any
    log_pivots: Any
    factor: Any
    estimator: Estimator = eqx.field(static=True)
    minimum_draws: ClassVar[int] = 2

    def __init__(
        self,
        mean: Any = None,
        covariance: Any = None,
        *,
        estimator: Estimator = "mle",
        log_pivots: Any = None,
        factor: Any = None,
    ):
        if estimator not in ("mle", "unbiased"):
            raise ValueError(
                f"`MultivariateGaussian(estimator=...)` must be 'mle' or 'unbiased'; got {estimator!r}."
            )
        if covariance is not None and not (log_pivots is None and factor is None):
            raise ValueError(
                "`MultivariateGaussian` takes `covariance`, or `log_pivots` and `factor`, not both."
            )
        if mean is None and covariance is None and log_pivots is None:
            raise ValueError("`MultivariateGaussian` needs `mean` or `covariance`; got neither.")
        given = next(x for x in (mean, covariance, log_pivots) if x is not None)
        dimension = np.shape(given)[0] if np.ndim(given) else 0
        shapes = {
            "mean": (mean, 1),
            "covariance": (covariance, 2),
            "log_pivots": (log_pivots, 1),
            "factor": (factor, 2),
        }
        for name, (value, axes) in shapes.items():
            _check(value, f"MultivariateGaussian({name}=...)", (dimension,) * axes)
        if covariance is not None:
            log_pivots, factor = _decomposed(covariance)
        self.mean = _array(np.zeros(dimension) if mean is None else mean)
        self.log_pivots = _array(np.zeros(dimension) if log_pivots is None else log_pivots)
        self.factor = _array(np.eye(dimension) if factor is None else factor)
        self.estimator = estimator

    @property
    def dimension(self) -> int:
        """The number $d$ of coordinates."""
        return self.mean.shape[-1]

    @property
    def covariance(self) -> Any:
        return triangular.product(self.factor * jnp.exp(self.log_pivots), self.factor.T)

    @property
    def scaled_covariance(self) -> Any:
        r"""$\Sigma$ divided by its largest pivot, for what does not depend on the scale."""
        scaled = jnp.exp(self.log_pivots - self.log_pivots.max())
        return triangular.product(self.factor * scaled, self.factor.T)

    @property
    def total_variance(self) -> Any:
        r"""$\mathrm{tr}\,\Sigma$."""
        return (self.factor**2 * jnp.exp(self.log_pivots)).sum()

    @property
    def log_determinant(self) -> Any:
        r"""$\log\det\Sigma$; $-\infty$ for a singular model."""
        return self.log_pivots.sum()

    @property
    def spreads(self) -> Any:
        r"""Per pivot, whether it is positive."""
        return self.log_pivots > -jnp.inf

    @property
    def log_units(self) -> Any:
        r"""$f$, where $x=\mu+U\,\mathrm{diag}(e^{f/2})z$ defines the own coordinates $z$: the pivots,
        and where a pivot is zero the variance of that coordinate, so that $z$ always spans the space."""
        most = jnp.max(jnp.where(self.spreads, self.log_pivots, -jnp.inf))
        most = jnp.where(most > -jnp.inf, most, 0)
        variance = (
            self.factor**2 * jnp.where(self.spreads, jnp.exp(self.log_pivots - most), 0)
        ).sum(1)
        other = most + jnp.log(jnp.where(variance > 0, variance, 1))
        return jnp.where(self.spreads, self.log_pivots, other)

    def astype(self, dtype: Any) -> "MultivariateGaussian":
        return self._with(
            *(jnp.asarray(x, dtype) for x in (self.mean, self.log_pivots, self.factor))
        )

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        z = jax.random.normal(key, (n, self.dimension), jnp.result_type(self.log_pivots))
        return jnp.where(self.spreads, z, 0)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        return self.mean + self._to_data(self.draw(key, n).T).T

    def express(
        self, values: Float[Array, "*n d"], of: "MultivariateGaussian"
    ) -> Float[Array, "*n d"]:
        shift, matrix = self._change(of)
        return shift + triangular.product(values, matrix.T)

    def restate(
        self, statistic: MultivariateStatistic, of: "MultivariateGaussian"
    ) -> MultivariateStatistic:
        shift, matrix = self._change(of)
        stretch = of.log_units - self.log_units
        factor = triangular.product(matrix, statistic.factor) * jnp.exp(-stretch / 2)
        return MultivariateStatistic(
            statistic.count,
            statistic.draws,
            shift + triangular.product(matrix, statistic.mean),
            triangular.unit(factor),
            statistic.log_pivots + stretch,
        )

    def statistic(
        self, values: Float[Array, "n d"], mask: Shaped[Array, " n"]
    ) -> MultivariateStatistic:
        weight = mask.astype(values.dtype)[:, None]
        count, draws = weight.sum(), (weight > 0).sum()
        share = 1 / jnp.maximum(count, 1)
        mean = jnp.where(weight > 0, weight * values, 0).sum(axis=0) * share
        centred, wide = triangular.widest(jnp.where(weight > 0, values - mean, 0), weight)
        matrix = triangular.product((wide * centred).T, centred) * share
        allowed = jnp.arange(self.dimension) < draws - 1
        factor, log_pivots = triangular.decompose(matrix, allowed, values.dtype)
        return MultivariateStatistic(count, draws, mean, factor, log_pivots)

    def fit(self, statistic: MultivariateStatistic) -> "MultivariateGaussian":
        units = self.log_units
        step = statistic.log_pivots
        if self.estimator == "unbiased":
            step = step - jnp.log1p(-1 / statistic.count).astype(step.dtype)
        inner = triangular.scaled(statistic.factor, units, units)
        return self._with(
            self.mean + self._to_data(statistic.mean),
            units + step,
            triangular.product(self.factor, inner),
        )

    def entropy(self) -> Any:
        r"""$\tfrac12[d\log(2\pi e)+\log\det\Sigma]$ nats; $-\infty$ for a singular model."""
        return (self.dimension * (jnp.log(2 * jnp.pi) + 1) + self.log_determinant) / 2

    def kl(self, other: "MultivariateGaussian") -> Any:
        r"""$\tfrac12[\mathrm{tr}\,T^{-1}\Sigma+(\mu-\nu)^\top T^{-1}(\mu-\nu)-d-\log(\det\Sigma/\det T)]$
        nats, for $\Sigma,\mu$ of `self` and $T,\nu$ of `other`; infinite if either is singular."""
        shift, matrix = other._change(self)
        # The diagonal of T T' is the ratio of the pivots; near one its digits would cancel.
        log_ratios = self.log_pivots - other.log_pivots
        squares = (triangular.below(matrix) ** 2).sum() + (shift**2).sum()
        value = ((jnp.expm1(log_ratios) - log_ratios).sum() + squares) / 2
        both = (self.spreads & other.spreads).all()
        return jnp.where(both, value, jnp.inf)

    def cross_entropy(self, other: "MultivariateGaussian") -> Any:
        r"""$\tfrac12[d\log2\pi+\log\det T+\mathrm{tr}\,T^{-1}\Sigma+(\mu-\nu)^\top T^{-1}(\mu-\nu)]$ nats,
        finite for a singular $\Sigma$ too; infinite for a singular $T$."""
        shift, matrix = other._change(self)
        squares = jnp.where(self.spreads, matrix**2, 0).sum() + (shift**2).sum()
        value = (self.dimension * jnp.log(2 * jnp.pi) + other.log_determinant + squares) / 2
        return jnp.where(other.spreads.all(), value, jnp.inf)

    def w2_squared(self, other: "MultivariateGaussian") -> Any:
        r"""$W_2^2=\lVert\mu-\nu\rVert^2+\mathrm{tr}\,\Sigma+\mathrm{tr}\,T-2\lVert C^\top D\rVert_*$ for
        $\Sigma=CC^\top,\mu$ of `self` and $T=DD^\top,\nu$ of `other`, singular or not;
        $\lVert\cdot\rVert_*$ is the sum of the singular values, here $\mathrm{tr}(T^{1/2}\Sigma T^{1/2})^{1/2}$
        (Olkin & Pukelsheim 1982). The error is a few roundings of $\mathrm{tr}\,\Sigma+\mathrm{tr}\,T$.
        """
        gap, mine, theirs = triangular.widest(self.mean - other.mean, self._root(), other._root())
        # For near models the sum cancels to a small part of its terms: hence wide, and never below zero.
        shared = singular_values(triangular.product(mine.T, theirs)).sum()
        squares = (gap**2).sum() + (mine**2).sum() + (theirs**2).sum()
        return jnp.maximum(squares - 2 * shared, 0)

    def _root(self) -> Any:
        r"""A lower triangular $C$ with $\Sigma=CC^\top$."""
        return self.factor * jnp.exp(self.log_pivots / 2)

    def _with(self, mean: Any, log_pivots: Any, factor: Any) -> "MultivariateGaussian":
        return MultivariateGaussian(
            mean, log_pivots=log_pivots, factor=factor, estimator=self.estimator
        )

    def _to_data(self, own: Float[Array, "d *n"]) -> Any:
        """Deviations from the mean, in the units of the data."""
        units = jnp.exp(self.log_units / 2)
        return triangular.product(self.factor * units, own)

    def _change(self, of: "MultivariateGaussian") -> tuple[Any, Any]:
        """The map $w=s+Tz$ from the own coordinates of `of` to those of `self`: $s$ and $T$."""
        gap = of.mean - self.mean
        both = triangular.inverse_times(self.factor, jnp.column_stack([of.factor, gap]))
        shift = both[:, -1] * jnp.exp(-self.log_units / 2)
        # U_self^-1 U_of, times e^{f_of/2} from the right and e^{-f_self/2} from the left.
        return shift, triangular.scaled(
            triangular.unit(both[:, :-1]), -self.log_units, -of.log_units
        )


def is_regular(loop: Any) -> bool:
    """True unless the loop's truth is a multivariate Gaussian that spreads in fewer than d directions."""
    pivots = getattr(loop.truth, "log_pivots", None)
    return pivots is None or bool(np.isfinite(np.asarray(pivots)).all())


def _array(value: Any) -> Any:
    return value if isinstance(value, jax.Array) else np.asarray(value, dtype=np.float64)


def _check(value: Any, name: str, shape: tuple[int, ...]) -> None:
    if value is None or is_traced(value):
        return
    values = numbers(value, name)
    if values.shape != shape or shape[0] < 1:
        wanted = "(d,)" if len(shape) == 1 else "(d, d)"
        raise ValueError(
            f"`{name}` must have shape {wanted} with the same d >= 1 throughout; got {values.shape}."
        )
    if "log_pivots" in name:
        if np.isnan(values).any() or (values == np.inf).any():
            raise ValueError(f"`{name}` must be finite or -inf; got {values.tolist()!r:.60}.")
        return
    require(values, name, finite=True)
    if "factor" in name and (np.triu(values) != np.eye(shape[0])).any():
        raise ValueError(f"`{name}` must be unit lower triangular; got {values.tolist()!r:.60}.")


def _decomposed(covariance: Any) -> tuple[Any, Any]:
    """Log pivots and factor; `ValueError` unless the matrix is symmetric and positive definite."""
    if is_traced(covariance):
        root = jnp.linalg.cholesky(covariance)
        return 2 * jnp.log(jnp.diagonal(root)), root / jnp.diagonal(root)
    matrix = np.asarray(covariance, dtype=np.float64)
    name, shown = "MultivariateGaussian(covariance=...)", f"{matrix.tolist()!r:.60}"
    deviations = np.sqrt(np.abs(np.diagonal(matrix)))
    if (np.abs(matrix - matrix.T) > 1e-6 * np.outer(deviations, deviations)).any():
        raise ValueError(f"`{name}` must be symmetric; got {shown}.")
    matrix = (matrix + matrix.T) / 2
    try:
        root = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError(f"`{name}` must be positive definite; got {shown}.") from None
    log_pivots, factor = 2 * np.log(np.diagonal(root)), root / np.diagonal(root)
    if isinstance(covariance, jax.Array):
        return jnp.asarray(log_pivots, covariance.dtype), jnp.asarray(factor, covariance.dtype)
    return log_pivots, factor
