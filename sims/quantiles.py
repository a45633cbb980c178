"""Quantiles: integer histograms whose bins are set by a sample, or by the first block of chains."""

import dataclasses
import numbers

import numpy as np

#: Quantiles at which the edges of a histogram stand: 95 alike and 16 at either end, from 1/96 down.
_TAIL = 2.0 ** -np.arange(8, 0, -0.5) / 96
LEVELS = np.concatenate([[0], _TAIL, np.arange(1, 96) / 96, 1 - _TAIL[::-1], [1]])
#: Intervals between the edges.
BINS = LEVELS.size - 1
#: Counts of a histogram: below, at, between, at, ..., above the edges.
COUNTS = 2 * BINS + 3


@dataclasses.dataclass
class Histogram:
    """Counts of values at and between fixed edges, for many samples side by side.

    `edges` has shape `(..., BINS + 1)`, increasing along the last axis; `counts` has shape
    `(..., COUNTS)`: below the first edge, at it, between it and the next, ..., above the last.
    Values at an edge count apart, so that the quantiles of a discrete observable are exact.
    """

    edges: np.ndarray
    counts: np.ndarray

    @staticmethod
    def around(values: np.ndarray) -> "Histogram":
        """An empty histogram with edges at the quantiles of `values`, shape `(chains, ...)`.

        Infinities and NaN are left aside; a sample without finite values has NaN edges."""
        return Histogram._around(_ordered(values))

    @staticmethod
    def of(values: np.ndarray) -> "Histogram":
        """The histogram of `values`, shape `(chains, ...)`, around themselves."""
        ordered = _ordered(values)
        histogram = Histogram._around(ordered)
        histogram._count(ordered)
        return histogram

    def add(self, values: np.ndarray) -> None:
        """Count `values`, shape `(chains, ...)`; NaN counts as above the last edge."""
        self._count(_ordered(values))

    @staticmethod
    def _around(ordered: np.ndarray) -> "Histogram":
        place = LEVELS * (ordered.shape[-1] - 1)
        below = np.floor(place).astype(np.int64)
        low, high = (
            ordered[..., i].astype(np.float64) for i in (below, np.ceil(place).astype(int))
        )
        with np.errstate(invalid="ignore"):
            edges = low + (high - low) * (place - below)
        # NaN is sorted to the end, as is what is infinite to both.
        for cell in np.argwhere(~np.isfinite(ordered[..., 0] + ordered[..., -1])):
            row = ordered[tuple(cell)].astype(np.float64)
            row = row[np.isfinite(row)]
            edges[tuple(cell)] = np.quantile(row, LEVELS) if row.size else np.nan
        return Histogram(edges, np.zeros((*edges.shape[:-1], COUNTS), np.int64))

    def _count(self, ordered: np.ndarray) -> None:
        rows = ordered.reshape(-1, ordered.shape[-1])
        edges = self.edges.reshape(-1, BINS + 1)
        counts = self.counts.reshape(-1, COUNTS)
        for row, edge, count in zip(rows, edges, counts, strict=True):
            edge = edge.astype(row.dtype)
            below = np.searchsorted(row, edge, side="left")
            up_to = np.searchsorted(row, edge, side="right")
            reached = np.maximum.accumulate(np.stack([below, up_to], axis=1).ravel())
            count += np.diff(reached, prepend=0, append=row.size)


def _ordered(values: np.ndarray) -> np.ndarray:
    """Chains last, in increasing order."""
    return np.sort(np.moveaxis(values, 0, -1), axis=-1)


def quantile(edges: np.ndarray, counts: np.ndarray, level: float) -> np.ndarray:
    """The quantile at `level`, linear between edges; the outermost edge beyond all of them.

    `edges` and `counts` as in [`Histogram`][]. Returns float64 of their leading shape."""
    if not isinstance(level, numbers.Real) or not 0 <= level <= 1:
        raise ValueError(f"`q` must be a number in [0, 1]; got {level!r}.")
    flat_edges, flat_counts = edges.reshape(-1, BINS + 1), counts.reshape(-1, COUNTS)
    result = np.empty(len(flat_edges))
    for i, (edge, count) in enumerate(zip(flat_edges, flat_counts, strict=True)):
        reached = np.cumsum(count)[:-1].astype(np.float64)
        result[i] = np.interp(level * count.sum(), reached, np.repeat(edge, 2))
    return result.reshape(edges.shape[:-1])
