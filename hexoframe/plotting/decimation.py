"""Few samples that draw the same picture as all of them.

In each pixel column the first, the lowest, the highest and the last sample are kept, so
that no spike and no edge is lost and every point that is drawn is a sample. Where there
is room for all samples, all are kept. Everything here is arithmetic on arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Values = NDArray[np.floating]

__all__ = ["Drawn", "Samples", "draw_rows", "gap_rows", "pick_rows"]

# As many as a decimated column has: below, decimation would save nothing.
_PER_COLUMN = 4
# Differences are taken in blocks that stay in the cache.
_BLOCK = 1 << 16


class Samples(NamedTuple):
    """Samples of one line.

    Attributes
    ----------
    stamps : ndarray of int64, shape (n,), in ns
        Ascending.
    heights : ndarray, shape (n,)
        Values, without NaN.
    breaks : ndarray of int64
        Rows that are not joined with the row before, ascending.
    """

    stamps: Rows
    heights: Values
    breaks: Rows


class Drawn(NamedTuple):
    """Points of a line; NaN stands between two that are not joined.

    `lone` are the points with no line to either side, which only a dot can show.
    """

    stamps: Rows
    heights: Values
    lone: Rows


def gap_rows(stamps: Rows, longest: float) -> Rows:
    """Return the rows that lie more than `longest` ns behind the row before."""
    found = [np.empty(0, dtype=np.int64)]
    for first in range(0, len(stamps) - 1, _BLOCK):
        far = np.diff(stamps[first : first + _BLOCK + 1]) > longest
        # Hardly a block has one, and a glance is quicker than a search.
        if far.any():
            found.append(np.flatnonzero(far) + first + 1)
    return np.concatenate(found)


def pick_rows(samples: Samples, edges: Rows) -> Rows:
    """Return the rows that draw the same picture as all rows.

    Parameters
    ----------
    samples : Samples
        All samples of a line.
    edges : ndarray of int64, shape (columns + 1,), in ns
        When each pixel column of the view begins, and when the last one ends.

    Returns
    -------
    ndarray of int64
        Ascending: of each column the first, lowest, highest and last row, or all where
        there is room. The same of what lies before and behind the view, so that lines
        lead out of it, and the limits of what is drawn are those of the data.
    """
    stamps, heights, _ = samples
    if not len(stamps):
        return np.empty(0, dtype=np.int64)
    cuts = np.searchsorted(stamps, edges)
    cuts[-1] = np.searchsorted(stamps, edges[-1], side="right")
    first, last = int(cuts[0]), int(cuts[-1])
    if last - first <= _PER_COLUMN * (len(edges) - 1):
        inside = np.arange(first, last)
    else:
        inside = _extremes(heights, np.unique(cuts))
    # Each side of the view is a column of its own.
    sides = np.unique([0, first]), np.unique([last, len(heights)])
    beside = [_extremes(heights, side) for side in sides]
    return np.unique(np.concatenate((inside, *beside)))


def _extremes(heights: Values, cuts: Rows) -> Rows:
    """First, lowest, highest and last row of each column; no column is empty."""
    firsts, lasts = cuts[:-1], cuts[1:]
    # A loop over the columns of a picture: numpy has no argmin for parts of an array.
    columns = list(zip(firsts.tolist(), lasts.tolist(), strict=True))
    lowest = [first + int(heights[first:last].argmin()) for first, last in columns]
    highest = [first + int(heights[first:last].argmax()) for first, last in columns]
    found = np.array(lowest + highest, dtype=np.int64)
    return np.concatenate((firsts, found, lasts - 1))


def draw_rows(samples: Samples, rows: Rows) -> Drawn:
    """Return the points of some rows, with NaN where they are not joined."""
    stamps, heights = samples.stamps[rows], samples.heights[rows]
    piece = np.searchsorted(samples.breaks, rows, side="right")
    new = np.flatnonzero(np.diff(piece)) + 1
    borders = np.concatenate(([0], new, [len(rows)]))
    single = np.flatnonzero(np.diff(borders) == 1)
    # Each NaN before a piece moves its points back by one.
    lone = borders[:-1][single] + single
    return Drawn(
        np.insert(stamps, new, stamps[new]),
        np.insert(heights, new, np.nan),
        lone if len(rows) else np.empty(0, dtype=np.int64),
    )
