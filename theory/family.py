"""The abstract family: a parametric law together with its estimator."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, Shaped


class AbstractStatistic(eqx.Module):
    """A mergeable sufficient statistic of a sample, in the coordinates of some model.

    One whose draws can be weighted also has `scale(weight)`: the statistic with every draw counted
    `weight` times."""

    count: eqx.AbstractVar[Any]

    @abc.abstractmethod
    def combine(self, other: Any) -> Any:
        """The statistic of both samples pooled. Both must be in the same coordinates."""


class AbstractFamily(eqx.Module):
    r"""One generation's model $p_\theta$, which is also the recipe for fitting the next one.

    Samples and statistics live in the model's *own coordinates*: a location-scale family draws
    standardised residuals, so that no digits are lost when the scale has shrunk by hundreds of
    orders of magnitude; a categorical model draws labels, and every model shares them.
    `express` and `restate` change from one model's coordinates to another's.
    """

    #: Fewest draws from which the family can be fitted.
    minimum_draws: eqx.AbstractClassVar[int]

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, n: int) -> Shaped[Array, "n *event"]:
        """`n` i.i.d. draws in the model's own coordinates."""

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray, n: int) -> Shaped[Array, "n *event"]:
        """`n` i.i.d. draws in the units of the data."""

    @abc.abstractmethod
    def express(self, values: Shaped[Array, "..."], of: Any) -> Shaped[Array, "..."]:
        """Draws given in the coordinates of the model `of`, in the coordinates of `self`."""

    @abc.abstractmethod
    def restate(self, statistic: Any, of: Any) -> Any:
        """A statistic given in the coordinates of the model `of`, in the coordinates of `self`."""

    @abc.abstractmethod
    def statistic(
        self, values: Shaped[Array, "n *event"], mask: Shaped[Array, " n"]
    ) -> AbstractStatistic:
        """Sufficient statistic of the draws `values` (own coordinates) where `mask` is true; weights
        in its place count each draw that many times."""

    @abc.abstractmethod
    def fit(self, statistic: Any) -> "AbstractFamily":
        """The next model, estimated from a statistic in the coordinates of `self`."""

    @abc.abstractmethod
    def astype(self, dtype: Any) -> "AbstractFamily":
        """The same model with its floating-point leaves as JAX arrays of type `dtype`."""

    @abc.abstractmethod
    def entropy(self) -> Float[Array, ""]:
        """Entropy in nats (differential entropy for a density)."""

    @abc.abstractmethod
    def kl(self, other: Any) -> Float[Array, ""]:
        r"""$\mathrm{KL}(p_{\text{self}}\,\|\,p_{\text{other}})$ in nats."""
