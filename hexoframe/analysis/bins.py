"""Bins of equal length: which rows fall into them, and the sums of these.

Arithmetic on arrays alone; the meaning of values and empty bins are for `align`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["BLOCK", "Grid", "bin_rows", "bin_sums", "ranges", "rows_with"]

# With so few samples per bin, counting is quicker than a search for each bin.
_FEW_PER_BIN = 8
# Every so many bins the row is searched for; those between are guessed.
_GUESSED = 64
# From so many equal bins on, a sum of their own is quicker.
_EVEN_RUN = 256
BLOCK = 1 << 16
"""Samples of a block that stays in the cache of a core."""


class Grid(NamedTuple):
    """Bins of equal length from `first`, in ns since 1970, end not included."""

    first: int
    period: int
    bins: int

    def begin(self, bins: Rows) -> Rows:
        """Return when bins begin."""
        return self.first + self.period * bins

    def wider(self, bins: int) -> Grid:
        """Return the grid with `bins` more bins on each side."""
        return Grid(self.first - bins * self.period, self.period, self.bins + 2 * bins)

    def behind(self, times: Rows) -> Rows:
        """Return the first bin that begins at each time or later."""
        return -((self.first - times) // self.period)

    @property
    def end(self) -> int:
        """When the last bin ends."""
        return self.first + self.period * self.bins

    @property
    def edges(self) -> Rows:
        """When each bin begins, and when the last one ends."""
        return self.begin(np.arange(self.bins + 1, dtype=np.int64))


def bin_rows(stamps: Rows, grid: Grid, known: list[tuple[Rows, Rows]]) -> Rows:
    """Return the first row at or after each edge of a grid.

    Bin `i` has the rows from the `i`-th number up to, not including, the next. `stamps`
    ascend, none outside the grid. `known` holds results for other channels, which often
    have the same stamps; this one is added.
    """
    if len(stamps) > _FEW_PER_BIN * grid.bins:
        return _guessed_rows(stamps, grid.edges)
    for held, rows in known:
        if np.array_equal(held, stamps):
            return rows
    rows = np.zeros(grid.bins + 1, dtype=np.int64)
    inside = (stamps - grid.first) // grid.period
    np.cumsum(np.bincount(inside, minlength=grid.bins), out=rows[1:])
    known.append((stamps, rows))
    return rows


def _guessed_rows(stamps: Rows, edges: Rows) -> Rows:
    """First row at or after each edge: some are searched for, the others interpolated.

    Steps are mostly equal. Each guess is checked; where it is wrong by more than a row,
    as around a gap, the edge is searched for as well.
    """
    bins = np.arange(len(edges))
    found = np.append(bins[:-1:_GUESSED], bins[-1])
    guess = np.interp(bins, found, np.searchsorted(stamps, edges[found]))
    rows: Rows = np.rint(guess).astype(np.int64)
    amiss = _amiss(stamps, edges, rows)
    rows += amiss
    moved = np.flatnonzero(amiss)
    wrong = moved[_amiss(stamps, edges[moved], rows[moved]) != 0]
    rows[wrong] = np.searchsorted(stamps, edges[wrong])
    return rows


def _amiss(stamps: Rows, edges: Rows, rows: Rows) -> Rows:
    """1 where a row lies before its edge, -1 where the row before it does not."""
    last = len(stamps) - 1
    early = (rows <= last) & (stamps[np.minimum(rows, last)] < edges)
    late = (rows > 0) & (stamps[np.maximum(rows - 1, 0)] >= edges)
    return early.astype(np.int64) - late


def bin_sums(samples: NDArray[np.floating], rows: Rows) -> NDArray[np.float64]:
    """Return the sum of the samples of each bin in float64; 0 for an empty one.

    `rows` are those of `bin_rows`. A NaN among the samples gives NaN.
    """
    counts = np.diff(rows)
    sums = np.zeros(len(counts), dtype=np.float64)
    for first, last, even in _runs(counts):
        inside = samples[rows[first] : rows[last]]
        # float32 added up as float64 hardly ever rounds. float64 does, so their order
        # must not depend on the neighbouring bins.
        if even and samples.dtype == np.float32:
            equal = inside.reshape(last - first, -1)
            sums[first:last] = equal.sum(axis=1, dtype=np.float64)
        else:
            filled = np.flatnonzero(counts[first:last]) + first
            starts = rows[filled] - rows[first]
            sums[filled] = np.add.reduceat(inside, starts, dtype=np.float64)
    return sums


def _runs(counts: Rows) -> Iterator[tuple[int, int, bool]]:
    """Yield (first, last, even) for runs of bins with samples.

    Bins with equally many samples are added up at twice the speed.
    """
    changes = np.flatnonzero(np.diff(counts)) + 1
    edges = np.concatenate(([0], changes, [len(counts)]))
    long = np.diff(edges) >= _EVEN_RUN
    even = np.flatnonzero(long & (counts[edges[:-1]] > 0))
    done = 0
    for first, last in zip(edges[even].tolist(), edges[even + 1].tolist(), strict=True):
        if counts[done:first].any():
            yield done, first, False
        yield first, last, True
        done = last
    if counts[done:].any():
        yield done, len(counts), False


def rows_with(samples: NDArray[np.floating], value: float) -> Rows:
    """Return the rows that hold a value, which may be NaN."""
    found = [np.empty(0, dtype=np.int64)]
    for first in range(0, len(samples), BLOCK):
        block = samples[first : first + BLOCK]
        equal = np.isnan(block) if np.isnan(value) else block == value
        # Most blocks have none, and any() is quicker than a search.
        if equal.any():
            found.append(np.flatnonzero(equal) + first)
    return np.concatenate(found)


def ranges(firsts: Rows, lasts: Rows) -> Rows:
    """Concatenate many ranges of numbers; the end of each is not included."""
    lengths = lasts - firsts
    before = np.cumsum(lengths) - lengths
    numbers: Rows = np.repeat(firsts - before, lengths)
    numbers += np.arange(len(numbers))
    return numbers
