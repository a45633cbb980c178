"""The abstract observable: numbers read off a model, given the truth."""

import abc
from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from modelcollapse.theory.family import AbstractFamily


class AbstractObservable(eqx.Module):
    """A scalar, or a short vector, read off one generation's model given the truth.

    Instances are frozen and compare by value. `name` is the key under which a run stores it, and a
    vector observable adds a label to each of its components.
    """

    #: The families that it can be read off.
    families: ClassVar[tuple[type[AbstractFamily], ...]]
    #: The name, unique among observables.
    name: ClassVar[str]

    def labels(self, truth: Any) -> tuple[str, ...]:
        """Labels of the components; the empty label alone for a scalar."""
        return ("",)

    def columns(self, truth: Any) -> tuple[str, ...]:
        """The names under which a run stores the components."""
        return tuple(
            f"{self.name}[{label}]" if label else self.name for label in self.labels(truth)
        )

    @property
    def across_generations(self) -> bool:
        """True if the value depends on the chain's previous recorded generation too."""
        return False

    @abc.abstractmethod
    def __call__(self, model: Any, truth: Any) -> Float[Array, "..."]:
        """The value: shape `()`, or `(len(labels),)` for a vector."""

    def between(self, earlier: Any, model: Any, truth: Any) -> Float[Array, "..."]:
        """The value, given also the chain's model at the previous recorded generation."""
        return self(model, truth)
