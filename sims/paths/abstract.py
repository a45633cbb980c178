"""The abstract path: how a block of chains gets from the truth to the recorded generations."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from modelcollapse.sims.samplers.stream import Stream

#: `observe(kept, slot, models)` reads all observables off the two batched models, an earlier one and the
#: present one, that `models()` returns. It returns `kept` with values of chains at `slot`, unless there is
#: none, and a summary of those of all chains. A fourth argument is a truth for each chain;
#: `per_chain=False`, if both models are those of all chains.
Observe = Callable[..., tuple[Any, Any]]

#: Tags that keep a generation's uses of its stream apart.
REAL, SYNTHETIC, POOL = 1, 2, 3


class AbstractPath(eqx.Module):
    """A way to draw a loop's chains. Paths of one loop have the same law, not the same numbers.

    A path holds only static numbers; everything that may vary without compiling again is an
    argument. All methods run in 64-bit mode on arrays whose leading axis is `chains`.
    """

    @abc.abstractmethod
    def width(self, chains: int) -> int:
        """Chains to a block, a power of two or a multiple of 16, in a run of `chains` chains. Neither
        devices nor the chains in flight may enter, or results would depend on them."""

    @abc.abstractmethod
    def bytes_per_chain(self) -> int:
        """Memory that one chain of a block takes, roughly."""

    def bytes_per_block(self) -> int:
        """Memory that a block takes besides, however many chains it has."""
        return 0

    def prepare(self, real: np.ndarray, synthetic: np.ndarray, recorded: np.ndarray) -> Any:
        """What the host works out beforehand from the draws of generations 0, 1, ... and from the
        generations looked at. A forward path's arrays have the generation as leading axis."""
        return ()

    @abc.abstractmethod
    def trace(
        self,
        streams: Stream,
        truth: Any,
        regime: Any,
        sizes: tuple[Int[Array, " generations"], Int[Array, " generations"]],
        prepared: Any,
        record: tuple[Int[Array, " recorded"], Int[Array, " recorded"]],
        observe: Observe,
        kept: Any,
    ) -> tuple[Any, Any]:
        """Looks at the generations `record[0]` (increasing), each with its slot `record[1]`. Returns
        `kept` and the stacked summaries.

        `streams` holds one stream a chain; `sizes` are the draws of generations 0, 1, ... from the
        truth and from the latest model."""


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
        prepared: Any,
    ) -> Any:
        """The state at generation `t`, from the one before it; `streams` are the chains', below
        which those of generation t stand at `streams.fold(t)`."""

    def unroll(self) -> int:
        """Generations to one turn of the loop, where it pays to turn less often."""
        return 1

    @abc.abstractmethod
    def models(self, state: Any, truth: Any) -> Any:
        """The chains' models, batched along the leading axis."""

    def look(
        self, observe: Observe, kept: Any, slot: Any, models: Callable[[], Any], truth: Any
    ) -> tuple[Any, Any]:
        """What `observe` makes of an earlier model and of the present one, which `models()` returns."""
        return observe(kept, slot, models)

    def trace(
        self,
        streams: Stream,
        truth: Any,
        regime: Any,
        sizes: tuple[Int[Array, " generations"], Int[Array, " generations"]],
        prepared: Any,
        record: tuple[Int[Array, " recorded"], Int[Array, " recorded"]],
        observe: Observe,
        kept: Any,
    ) -> tuple[Any, Any]:
        def advance(t: Any, state: Any) -> Any:
            real, synthetic, here = jax.tree.map(lambda of: of[t], (*sizes, prepared))
            return self.step(state, streams, truth, regime, t, real, synthetic, here)

        def to_next(carry: Any, here: Any) -> Any:
            (state, earlier, t, kept), (until, slot) = carry, here
            state = unrolled(t + 1, until + 1, advance, state, self.unroll())
            kept, summary = self.look(
                observe, kept, slot, lambda: (earlier, self.models(state, truth)), truth
            )
            return (state, self.models(state, truth), until, kept), summary

        state = self.start(truth, streams.key0.shape[0])
        carry = (state, self.models(state, truth), jnp.zeros((), record[0].dtype), kept)
        (*_, kept), summaries = jax.lax.scan(to_next, carry, record)
        return kept, summaries


def unrolled(
    start: Any, stop: Any, body: Callable[[Any, Any], Any], state: Any, unroll: int
) -> Any:
    """`jax.lax.fori_loop` with `unroll` steps to a turn, for ends that only the running program knows."""

    def turn(i: Any, state: Any) -> Any:
        for step in range(unroll):
            state = body(start + unroll * i + step, state)
        return state

    rest = start
    if unroll > 1:
        turns = (stop - start) // unroll
        state, rest = jax.lax.fori_loop(0, turns, turn, state), start + unroll * turns
    return jax.lax.fori_loop(rest, stop, body, state)
