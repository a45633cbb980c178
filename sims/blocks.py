"""Blocks of chains: the compiled program, its devices, and the fold of the results.

A block is a fixed number of chains that run as one compiled program; each device runs one block at a
time. The host takes the blocks in order and folds them in float64, so a result is bit for bit the
same for any number of devices and of blocks in flight.
"""

import collections
import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float

from modelcollapse.sims.observe import observer
from modelcollapse.sims.paths import AbstractPath
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractFamily, AbstractRegime
from modelcollapse.theory.observables import AbstractObservable

_SIZES = ("n", "n_real", "n_synthetic")


@dataclasses.dataclass(frozen=True)
class Program:
    """What a block computes. Everything static is here; the arrays are passed when it runs."""

    path: AbstractPath
    observables: tuple[AbstractObservable, ...]
    dtype: str
    width: int
    devices: int


def bare(regime: AbstractRegime) -> AbstractRegime:
    """The regime without its sample sizes, which are passed as arrays, and with its other numbers
    as arrays: one compiled program serves them all."""
    present = [name for name in _SIZES if hasattr(regime, name)]
    empty = eqx.tree_at(
        lambda r: [getattr(r, name) for name in present],
        regime,
        replace=[None] * len(present),
        is_leaf=lambda leaf: leaf is None or isinstance(leaf, tuple),
    )
    return jax.tree.map(np.float64, empty)


def _block(
    program: Program,
    truth: AbstractFamily,
    regime: AbstractRegime,
    words: Any,
    sizes: Any,
    record: Any,
    first_chain: Any,
) -> Float[Array, "recorded chains columns"]:
    chains = first_chain + jnp.arange(program.width, dtype=jnp.uint32)
    root = Stream.of(words)
    streams = Stream(
        jnp.broadcast_to(root.key0, chains.shape), jnp.broadcast_to(root.key1, chains.shape)
    ).fold(chains)
    observe = observer(program.observables, truth, program.dtype)
    real, synthetic = sizes
    return program.path.trace(streams, truth, regime, real, synthetic, record, observe)


@functools.lru_cache(maxsize=256)
def _compiled(program: Program) -> Any:
    """The program, jitted over one block a device."""

    def run(
        truth: Any, regime: Any, words: Any, sizes: Any, record: Any, first_chains: Any
    ) -> Float[Array, "blocks recorded chains columns"]:
        block = _block(program, truth, regime, words, sizes, record, first_chains[0])
        return block[None]

    if program.devices == 1:
        return jax.jit(run)
    mesh = Mesh(np.array(jax.local_devices()[: program.devices]), ("blocks",))
    everywhere, apart = PartitionSpec(), PartitionSpec("blocks")
    return jax.jit(
        jax.shard_map(
            run,
            mesh=mesh,
            in_specs=(everywhere, everywhere, everywhere, everywhere, everywhere, apart),
            out_specs=apart,
            check_vma=False,
        )
    )


def run_blocks(
    program: Program,
    truth: AbstractFamily,
    regime: AbstractRegime,
    words: Any,
    sizes: Sequence[Any],
    record: Any,
    chains: int,
    in_flight: int,
) -> Iterator[np.ndarray]:
    """The blocks' values in order, shape `(chains of the block, recorded, columns)`.

    Up to `in_flight` calls run ahead of the host. The caller is in 64-bit mode."""
    compiled = _compiled(program)
    blocks = -(-chains // program.width)
    calls = -(-blocks // program.devices)
    waiting: collections.deque[tuple[int, Any]] = collections.deque()

    def finish() -> Iterator[np.ndarray]:
        call, result = waiting.popleft()
        for offset, values in enumerate(np.asarray(result)):
            first = (call * program.devices + offset) * program.width
            if first < chains:
                yield np.moveaxis(values, 1, 0)[: chains - first]

    for call in range(calls):
        ids = call * program.devices + np.arange(program.devices)
        first_chains = (ids * program.width).astype(np.uint32)
        waiting.append((call, compiled(truth, regime, words, tuple(sizes), record, first_chains)))
        if len(waiting) >= in_flight:
            yield from finish()
    while waiting:
        yield from finish()
