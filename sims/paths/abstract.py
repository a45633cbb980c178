"""The abstract path: how a block of chains gets from the truth to the recorded generations."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from modelcollapse.sims.samplers.stream import Stream

#: `observe(earlier, model)` maps two batched models to the columns of all observables, (chains, columns).
Observe = Callable[[Any, Any], Float[Array, "chains columns"]]

#: Tags that keep a generation's uses of its stream apart.
REAL, SYNTHETIC, POOL = 1, 2, 3


class AbstractPath(eqx.Module):
    """A way to draw a loop's chains. Paths of one loop have the same law, not the same numbers.

    A path holds only static numbers; everything that may vary without compiling again is an
    argument. All methods run in 64-bit mode on arrays whose leading axis is `chains`.
    """

    @abc.abstractmethod
    def width(self, chains: int) -> int:
        """Chains to a block, a power of two, in a run of `chains` chains. Neither devices nor the
        chains in flight may enter, or results would depend on them."""

    @abc.abstractmethod
    def bytes_per_chain(self) -> int:
        """Memory that one chain of a block takes, roughly."""

    @abc.abstractmethod
    def trace(
        self,
        streams: Stream,
        truth: Any,
        regime: Any,
        real: Int[Array, " all_generations"],
        synthetic: Int[Array, " all_generations"],
        record: Int[Array, " recorded"],
        observe: Observe,
    ) -> Float[Array, "recorded chains columns"]:
        """The observables at the generations `record` (increasing).

        `streams` holds one stream a chain; `real[t]` and `synthetic[t]` are the draws of
        generation t from the truth and from the latest model."""


class AbstractForwardPath(AbstractPath):
    """A path that steps from one generation to the next."""

    @abc.abstractmethod
    def start(self, truth: Any, chains: int) -> Any:
        """The state of `chains` chains at generation 0."""

    @abc.abstractmethod
    def step(
        self,
        state: Any,
        streams: Stream,
        truth: Any,
        regime: Any,
        t: Int[Array, ""],
        real: Int[Array, ""],
        synthetic: Int[Array, ""],
    ) -> Any:
        """The state at generation `t`, from the one before it and generation t's streams."""

    @abc.abstractmethod
    def models(self, state: Any, truth: Any) -> Any:
        """The chains' models, batched along the leading axis."""

    def trace(
        self,
        streams: Stream,
        truth: Any,
        regime: Any,
        real: Int[Array, " all_generations"],
        synthetic: Int[Array, " all_generations"],
        record: Int[Array, " recorded"],
        observe: Observe,
    ) -> Float[Array, "recorded chains columns"]:
        state = self.start(truth, streams.key0.shape[0])

        def advance(t: Any, state: Any) -> Any:
            return self.step(state, streams.fold(t), truth, regime, t, real[t], synthetic[t])

        def to_next(carry: Any, until: Any) -> Any:
            state, earlier, t = carry
            state = jax.lax.fori_loop(t + 1, until + 1, advance, state)
            model = self.models(state, truth)
            return (state, model, until), observe(earlier, model)

        first = self.models(state, truth)
        carry = (state, first, jnp.zeros((), record.dtype))
        return jax.lax.scan(to_next, carry, record)[1]
