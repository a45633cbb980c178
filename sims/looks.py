"""Which generations a run looks at, and what it keeps of each."""

import dataclasses
from typing import Any

import numpy as np

from modelcollapse.sims.paths import AbstractForwardPath, AbstractPath

#: Recorded generations from which on not every one is looked at in detail unless that is asked for.
_MANY = 64
#: Blocks that a sample is taken of, unless they are narrow.
_BLOCKS = 4


@dataclasses.dataclass(frozen=True)
class Looks:
    """The recorded generations; and the places among them of those with quantiles and of those with
    skewness and kurtosis, which are the same and more."""

    recorded: np.ndarray
    quantiles: np.ndarray
    detailed: np.ndarray

    @staticmethod
    def of(generations: int, record: Any, quantiles: Any, trajectories: bool) -> "Looks":
        """From the arguments of `simulate`. Raises `ValueError` for those that it does not allow."""
        recorded = _recorded(record, generations)
        usual = _usual(recorded)
        wanted = usual if quantiles is None else _places(quantiles, recorded)
        if trajectories:
            wanted = np.arange(len(recorded))
        return Looks(recorded, wanted, np.union1d(usual, wanted))

    @property
    def slots(self) -> int:
        """Generations whose values are kept, up to a multiple of eight: few numbers are ever compiled."""
        return -(-len(self.quantiles) // 8) * 8

    @property
    def thorough(self) -> bool:
        """All generations are looked at in detail."""
        return len(self.detailed) == len(self.recorded)

    def slotted(self, path: AbstractPath) -> tuple[np.ndarray, np.ndarray]:
        """The generations that `path` looks at, each with the slot that keeps its values; or with `slots`
        if none does but it is looked at in detail, or one more.

        On a forward path, where looking again costs nothing, up to a multiple of eight."""
        again = -len(self.recorded) % 8 if isinstance(path, AbstractForwardPath) else 0
        slot = np.full(len(self.recorded) + again, self.slots + 1)
        slot[self.detailed] = self.slots
        slot[self.quantiles] = np.arange(len(self.quantiles))
        return np.pad(self.recorded, (0, again), mode="edge"), slot


@dataclasses.dataclass(frozen=True)
class Sample:
    """The chains whose values come back: the first `each` of every `stride`-th block, of `blocks` blocks.
    A block hands over its first `kept`."""

    blocks: int
    stride: int
    each: int
    kept: int

    @staticmethod
    def of(chains: int, width: int, size: int) -> "Sample":
        """Some `size` of the chains, or all of them, in blocks of `width`.

        Not of every block, which would be another program for every number of chains; and none of a last
        block that is not full."""
        if size >= chains:
            return Sample(-(-chains // width), 1, width, width)
        full = max(1, chains // width)
        blocks = min(full, max(_BLOCKS, -(-size // width)))
        each = min(width, -(-size // blocks))
        return Sample(blocks, full // blocks, each, min(width, 1 << (each - 1).bit_length()))

    def taken(self, number: int, values: np.ndarray) -> np.ndarray:
        """The values `(chains, ...)` of block `number` that belong to the sample."""
        place, between = divmod(number, self.stride)
        return values[: self.each if place < self.blocks and not between else 0]


def _recorded(record: Any, generations: int) -> np.ndarray:
    """The generations recorded."""
    if record is None:
        spaced = np.geomspace(1, generations, 60) if generations > 60 else range(generations + 1)
        return np.unique(np.concatenate([[0], np.round(np.array(spaced, float))])).astype(np.int64)
    if isinstance(record, str):
        if record != "all":
            raise ValueError(
                f"`record` must be 'all' or a sequence of generations; got {record!r}."
            )
        return np.arange(generations + 1)
    recorded = np.asarray(record)
    if recorded.ndim != 1 or recorded.size == 0 or not np.issubdtype(recorded.dtype, np.integer):
        raise ValueError(f"`record` must be a sequence of whole generations; got {record!r}.")
    if np.any(np.diff(recorded) <= 0) or recorded[0] < 0 or recorded[-1] > generations:
        raise ValueError(
            f"`record` must increase within 0..{generations} (`generations`); got {record!r}."
        )
    return recorded.astype(np.int64)


def _usual(recorded: np.ndarray) -> np.ndarray:
    """Places in `recorded` of the generations that are looked at in detail without being asked for."""
    if len(recorded) <= _MANY:
        return np.arange(len(recorded))
    spaced = np.geomspace(1, len(recorded), 60) - 1
    return np.unique(np.round(spaced).astype(np.int64))


def _places(quantiles: Any, recorded: np.ndarray) -> np.ndarray:
    """Places in `recorded` of the generations whose quantiles are asked for."""
    given = np.asarray(quantiles)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise ValueError(
            f"`quantiles` must be a sequence of whole generations; got {quantiles!r}. Levels are what "
            "`run.quantile` takes."
        )
    wanted = np.unique(given.astype(np.int64))
    places = np.searchsorted(recorded, wanted)
    missing = ~np.isin(wanted, recorded)
    if missing.any():
        asked = wanted[missing][0]
        nearest = recorded[np.abs(recorded - asked).argmin()]
        raise ValueError(
            f"`quantiles` must be generations that are recorded; got {asked}. The nearest is {nearest}; "
            "`record` names those to record."
        )
    return places
