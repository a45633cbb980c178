"""Streamed quantiles: integer histograms whose bins are set by the first block of chains."""

import dataclasses

import numpy as np

#: Intervals between the edges of a histogram.
BINS = 128
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
        ordered = np.sort(np.moveaxis(values.astype(np.float64), 0, -1), axis=-1)
        ordered[~np.isfinite(ordered)] = np.nan
        levels = np.linspace(0, 1, BINS + 1)
        if np.isnan(ordered).any():
            flat = ordered.reshape(-1, ordered.shape[-1])
            rows = [row[np.isfinite(row)] for row in flat]
            edges = np.array(
                [
                    np.quantile(row, levels) if row.size else np.full(BINS + 1, np.nan)
                    for row in rows
                ]
            ).reshape(*ordered.shape[:-1], BINS + 1)
        else:
            edges = np.moveaxis(np.quantile(ordered, levels, axis=-1), 0, -1)
        return Histogram(edges, np.zeros((*edges.shape[:-1], COUNTS), np.int64))

    def add(self, values: np.ndarray) -> None:
        """Count `values`, shape `(chains, ...)`; NaN counts as above the last edge."""
        ordered = np.sort(np.moveaxis(values, 0, -1), axis=-1).reshape(-1, values.shape[0])
        edges = self.edges.reshape(-1, BINS + 1)
        counts = self.counts.reshape(-1, COUNTS)
        for row, edge, count in zip(ordered, edges, counts, strict=True):
            edge = edge.astype(row.dtype)
            below = np.searchsorted(row, edge, side="left")
            up_to = np.searchsorted(row, edge, side="right")
            reached = np.maximum.accumulate(np.stack([below, up_to], axis=1).ravel())
            count += np.diff(reached, prepend=0, append=row.size)


def quantile(edges: np.ndarray, counts: np.ndarray, level: float) -> np.ndarray:
    """The quantile at `level`, linear between edges; the outermost edge beyond all of them.

    `edges` and `counts` as in [`Histogram`][]. Returns float64 of their leading shape."""
    if not 0 <= level <= 1:
        raise ValueError(f"`q` must be in [0, 1]; got {level}.")
    flat_edges, flat_counts = edges.reshape(-1, BINS + 1), counts.reshape(-1, COUNTS)
    result = np.empty(len(flat_edges))
    for i, (edge, count) in enumerate(zip(flat_edges, flat_counts, strict=True)):
        reached = np.cumsum(count)[:-1].astype(np.float64)
        result[i] = np.interp(level * count.sum(), reached, np.repeat(edge, 2))
    return result.reshape(edges.shape[:-1])
