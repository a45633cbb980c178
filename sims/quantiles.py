"""Streamed quantiles: integer histograms whose bins are set by the first block of chains."""

import dataclasses

import numpy as np

#: Bins of a histogram, besides one below and one above.
BINS = 128


@dataclasses.dataclass
class Histogram:
    """Counts of values between fixed edges, for many samples side by side.

    `edges` has shape `(..., BINS + 1)`, increasing along the last axis; `counts` has shape
    `(..., BINS + 2)`: below the first edge, between edges, above the last.
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
                [np.quantile(row, levels) if row.size else np.full(BINS + 1, np.nan) for row in rows]
            ).reshape(*ordered.shape[:-1], BINS + 1)
        else:
            edges = np.moveaxis(np.quantile(ordered, levels, axis=-1), 0, -1)
        return Histogram(edges, np.zeros((*edges.shape[:-1], BINS + 2), np.int64))

    def add(self, values: np.ndarray) -> None:
        """Count `values`, shape `(chains, ...)`; NaN counts as above the last edge."""
        ordered = np.sort(np.moveaxis(values, 0, -1), axis=-1).reshape(-1, values.shape[0])
        edges = self.edges.reshape(-1, BINS + 1)
        counts = self.counts.reshape(-1, BINS + 2)
        for row, edge, count in zip(ordered, edges, counts, strict=True):
            below = np.searchsorted(row, edge.astype(row.dtype), side="left")
            count += np.diff(below, prepend=0, append=row.size)


def quantile(edges: np.ndarray, counts: np.ndarray, level: float) -> np.ndarray:
    """The quantile at `level`, linear within its bin; infinite outside of all edges.

    `edges` and `counts` as in [`Histogram`][]. Returns float64 of their leading shape."""
    if not 0 <= level <= 1:
        raise ValueError(f"`q` must be in [0, 1]; got {level}.")
    flat_edges, flat_counts = edges.reshape(-1, BINS + 1), counts.reshape(-1, BINS + 2)
    result = np.empty(len(flat_edges))
    for i, (edge, count) in enumerate(zip(flat_edges, flat_counts, strict=True)):
        reached = np.cumsum(count)[:-1].astype(np.float64)
        target = level * count.sum()
        if target > reached[-1]:
            # Values at or above the last edge, which for most samples is their largest value.
            result[i] = edge[-1]
        else:
            result[i] = np.interp(target, reached, edge)
    return result.reshape(edges.shape[:-1])
