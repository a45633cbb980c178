"""Blocks of chains: the compiled program, its devices, and the fold of the results.

A block is a fixed number of chains that run as one compiled program; each device runs one block at a
time. The host takes the blocks in order and folds them in float64, so a result is bit for bit the
same for any number of devices and of blocks in flight.
"""

import collections
import dataclasses
import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from modelcollapse.sims.observe import Observer, column_names
from modelcollapse.sims.paths import AbstractPath
from modelcollapse.sims.samplers.stream import Stream
from modelcollapse.theory import AbstractFamily, AbstractRegime, x64
from modelcollapse.theory.observables import AbstractObservable

_SIZES = ("n", "n_real", "n_synthetic")
#: Programs that have run, with the shapes of their arguments. To compile one again costs no more than
#: time, should JAX have forgotten it.
_COMPILED: set[tuple[Any, str]] = set()

#: Memory mappings of this process above which programs are forgotten before another is compiled. XLA
#: keeps hundreds for one on the CPU, and Linux grants 65,530: with one more the process dies.
_MOST_MAPPINGS = 40_000
_MAPPINGS = Path("/proc/self/maps")


@dataclasses.dataclass(frozen=True)
class Program:
    """What a block computes. Everything static is here; the arrays are passed when it runs."""

    path: AbstractPath
    observables: tuple[AbstractObservable, ...]
    dtype: str
    width: int
    #: Recorded generations of which chains' values are returned.
    slots: int
    #: Chains of a block, its first, whose values these are.
    kept: int
    #: All generations are looked at in detail.
    thorough: bool
    devices: int


#: Summaries of every recorded generation, and the values of the chains kept at the slots: arrays of
#: shapes (recorded, SUMMARY, columns) and (slots + 1, columns, kept), of which the last means nothing.
Block = tuple[Any, Any]


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
    prepared: Any,
    record: Any,
    first_chain: Any,
    chains: Any,
) -> Block:
    number = first_chain + jnp.arange(program.width, dtype=jnp.uint32)
    # Copies of the first chain fill up the last block.
    number = jnp.where(number < chains, number, first_chain)
    root = Stream.of(words)
    streams = Stream(
        jnp.broadcast_to(root.key0, number.shape), jnp.broadcast_to(root.key1, number.shape)
    ).fold(number)
    observe = Observer(
        program.observables,
        program.dtype,
        program.width,
        program.slots,
        program.thorough,
        truth,
    )
    columns = len(column_names(program.observables, truth))
    # One more, for what is not kept.
    kept = jnp.zeros((program.slots + 1, columns, program.kept), program.dtype)
    kept, summaries = program.path.trace(
        streams, truth, regime, sizes, prepared, record, observe, kept
    )
    return summaries, kept


@functools.lru_cache(maxsize=256)
def _compiled(program: Program) -> Any:
    """The program, jitted over one block a device."""

    def run(*arguments: Any) -> Block:
        truth, regime, words, sizes, prepared, record, first_chains, chains = arguments
        block = _block(
            program, truth, regime, words, sizes, prepared, record, first_chains[0], chains
        )
        return jax.tree.map(lambda part: part[None], block)

    mesh = Mesh(np.array(jax.local_devices()[: program.devices]), ("blocks",))
    everywhere, apart = PartitionSpec(), PartitionSpec("blocks")
    return jax.jit(
        jax.shard_map(
            run,
            mesh=mesh,
            in_specs=(*(everywhere,) * 6, apart, everywhere),
            out_specs=apart,
            check_vma=False,
        )
    )


def run_blocks(
    program: Program,
    truth: AbstractFamily,
    regime: AbstractRegime,
    words: Any,
    sizes: tuple[np.ndarray, np.ndarray],
    record: tuple[np.ndarray, np.ndarray],
    chains: int,
    in_flight: int,
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of every block in order: its number of chains, the summaries `(recorded, SUMMARY, columns)`, and the
    values at the slots, `(chains kept, slots + 1, columns)`.

    `in_flight` calls run at a time, each in a thread of its own: XLA splits no single block of
    this size over processor cores. The caller is in 64-bit mode."""
    compiled = _compiled(program)
    blocks = -(-chains // program.width)
    calls = -(-blocks // program.devices)
    prepared = program.path.prepare(*sizes, record[0])

    def call(number: int) -> Block:
        ids = number * program.devices + np.arange(program.devices)
        first_chains = (ids * program.width).astype(np.uint32)
        # Whether JAX computes in 64 bits is a property of the thread.
        with x64():
            block = compiled(
                truth, regime, words, sizes, prepared, record, first_chains, np.uint32(chains)
            )
            return jax.tree.map(np.asarray, block)

    def opened(number: int, block: Block) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for offset, (summaries, kept) in enumerate(zip(*block, strict=True)):
            first = (number * program.devices + offset) * program.width
            if first < chains:
                live = min(program.width, chains - first)
                yield live, summaries, np.moveaxis(kept, -1, 0)[:live]

    # The first call compiles, so that the others need not.
    shapes = jax.tree.map(np.shape, (truth, regime, sizes, prepared, record))
    known = (program, str(shapes))
    if known not in _COMPILED:
        _make_room()
        yield from opened(0, call(0))
        _COMPILED.add(known)
        start = 1
    else:
        start = 0
    waiting: collections.deque[tuple[int, Any]] = collections.deque()
    with ThreadPoolExecutor(in_flight) as threads:
        try:
            for number in range(start, calls):
                waiting.append((number, threads.submit(call, number)))
                if len(waiting) > in_flight:
                    done, result = waiting.popleft()
                    yield from opened(done, result.result())
            while waiting:
                done, result = waiting.popleft()
                yield from opened(done, result.result())
        finally:
            for _, result in waiting:
                result.cancel()


def _make_room() -> None:
    if _MAPPINGS.exists() and _MAPPINGS.read_bytes().count(b"\n") > _MOST_MAPPINGS:
        jax.clear_caches()
        _COMPILED.clear()
