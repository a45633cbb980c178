"""Observables made from other observables."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp

from modelcollapse.theory.observables.abstract import AbstractObservable


class Power(AbstractObservable):
    """Another scalar observable to the power `exponent`."""

    of: AbstractObservable
    exponent: float = eqx.field(converter=float)

    @property
    def families(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.of.families

    @property
    def name(self) -> str:
        return f"{self.of.name}^{self.exponent:g}"

    @property
    def across_generations(self) -> bool:
        return self.of.across_generations

    def __call__(self, model: Any, truth: Any) -> Any:
        return self.of(model, truth) ** self.exponent

    def between(self, earlier: Any, model: Any, truth: Any) -> Any:
        return self.of.between(earlier, model, truth) ** self.exponent


class AtMost(AbstractObservable):
    """1 if another scalar observable is at most `threshold`, else 0.

    Its mean over chains is a binomial proportion, so a predicted law can be tested exactly."""

    of: AbstractObservable
    threshold: float = eqx.field(converter=float)

    @property
    def families(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.of.families

    @property
    def name(self) -> str:
        return f"{self.of.name}<={self.threshold!r}"

    @property
    def across_generations(self) -> bool:
        return self.of.across_generations

    def __call__(self, model: Any, truth: Any) -> Any:
        return self._indicator(self.of(model, truth))

    def between(self, earlier: Any, model: Any, truth: Any) -> Any:
        return self._indicator(self.of.between(earlier, model, truth))

    def _indicator(self, value: Any) -> Any:
        value = jnp.asarray(value)
        return (value <= self.threshold).astype(value.dtype)
