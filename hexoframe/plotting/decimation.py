"""Decimation: few samples that draw the same picture as all of them.

In each pixel column the first, the lowest, the highest and the last sample are kept, so
that no spike and no edge is lost and every point drawn is a sample. Where there is room
for all samples, all are kept. Arithmetic on arrays only: no channels, no matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Values = NDArray[np.floating]

__all__ = ["DrawnPoints", "LineSamples", "draw_rows", "gap_rows", "pick_rows"]

# A decimated column has so many; with fewer, decimation would save nothing.
_PER_COLUMN = 4
# Differences are taken in blocks that stay in the cache.
_BLOCK = 1 << 16


class LineSamples(NamedTuple):
    """Samples of one line: ascending stamps in ns, and heights without NaN.

    `breaks` are the rows, ascending, that are not joined with the row before.
    """

    stamps: Rows
    heights: Values
    breaks: Rows


class DrawnPoints(NamedTuple):
    """Points of a line, with NaN between two that are not joined.

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
        # Few blocks have one, and any() is quicker than a search.
        if far.any():
            found.append(np.flatnonzero(far) + first + 1)
    return np.concatenate(found)


def pick_rows(samples: LineSamples, edges: Rows) -> Rows:
    """Return the rows, ascending, that draw the same picture as all rows.

    The pixel columns of the view begin at `edges` (in ns); the last edge ends the view.
    What lies before and behind the view is a column each, so that lines lead out of the
    view, and the limits of what is drawn are those of the data.
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
    sides = np.unique([0, first]), np.unique([last, len(heights)])
    beside = [_extremes(heights, side) for side in sides]
    return np.unique(np.concatenate((inside, *beside)))


def _extremes(heights: Values, cuts: Rows) -> Rows:
    """Return the first, lowest, highest and last row of columns that are not empty."""
    firsts, lasts = cuts[:-1], cuts[1:]
    # A loop over the pixel columns: numpy has no argmin for parts of an array.
    columns = list(zip(firsts.tolist(), lasts.tolist(), strict=True))
    lowest = [first + int(heights[first:last].argmin()) for first, last in columns]
    highest = [first + int(heights[first:last].argmax()) for first, last in columns]
    found = np.array(lowest + highest, dtype=np.int64)
    return np.concatenate((firsts, found, lasts - 1))


def draw_rows(samples: LineSamples, rows: Rows) -> DrawnPoints:
    """Return the points of some rows, with NaN where they are not joined."""
    stamps, heights = samples.stamps[rows], samples.heights[rows]
    piece = np.searchsorted(samples.breaks, rows, side="right")
    new = np.flatnonzero(np.diff(piece)) + 1
    borders = np.concatenate(([0], new, [len(rows)]))
    single = np.flatnonzero(np.diff(borders) == 1)
    # Each NaN before a piece moves its points back by one.
    lone = borders[:-1][single] + single
    return DrawnPoints(
        np.insert(stamps, new, stamps[new]),
        np.insert(heights, new, np.nan),
        lone if len(rows) else np.empty(0, dtype=np.int64),
    )
