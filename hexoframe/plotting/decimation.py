"""Decimation: few samples that draw the same picture as all of them.

In each pixel column the first, the lowest, the highest and the last sample are kept, so
that no spike and no edge is lost and every point drawn is a sample. Where there is room
for all samples, all are kept. Arithmetic on arrays only: no channels, no matplotlib.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Values = NDArray[np.floating]

__all__ = [
    "BLOCK_S",
    "Band",
    "DrawnPoints",
    "LineSamples",
    "any_outside",
    "block_extremes",
    "draw_rows",
    "envelope",
    "extremes_outside",
    "gap_rows",
    "outside",
    "pick_rows",
    "typical_band",
]

BLOCK_S = 10
"""Length of a block in s, long enough for a beat and a breath."""

# A decimated column has so many; with fewer, decimation would save nothing.
_PER_COLUMN = 4
# Differences are taken in blocks that stay in the cache, and so are extremes.
_BLOCK = 1 << 16
_TOGETHER = 64


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


class Band(NamedTuple):
    """Ascending stamps in ns, and a lowest and a highest value at each."""

    stamps: Rows
    low: Values
    high: Values


def gap_rows(stamps: Rows, longest: float) -> Rows:
    """Return the rows that lie more than `longest` ns behind the row before."""
    found = [np.empty(0, dtype=np.int64)]
    # Whole numbers are compared faster with one of their kind.
    most = math.floor(longest)
    for first in range(0, len(stamps) - 1, _BLOCK):
        far = np.diff(stamps[first : first + _BLOCK + 1]) > most
        # Few blocks have one, and any() is quicker than a search.
        if far.any():
            found.append(np.flatnonzero(far) + first + 1)
    return np.concatenate(found)


def pick_rows(samples: LineSamples, edges: Rows, ends: Rows | None = None) -> Rows:
    """Return the rows, ascending, that draw the same picture as all rows.

    The pixel columns of the view begin at `edges` (in ns); the last edge ends the view.
    What lies before and behind the view is a column each, so that lines lead out of the
    view, and the limits of what is drawn are those of the data; where the rows of the
    lowest and the highest sample of all are known (`ends`), nothing is searched there.
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
    if ends is not None:
        near = np.array([0, first - 1, last, len(heights) - 1, *ends])
        return np.unique(np.concatenate((inside, near.clip(0, len(heights) - 1))))
    sides = np.unique([0, first]), np.unique([last, len(heights)])
    beside = [_extremes(heights, side) for side in sides]
    return np.unique(np.concatenate((inside, *beside)))


def _extremes(heights: Values, cuts: Rows) -> Rows:
    """Return the first, lowest, highest and last row of columns that are not empty."""
    firsts, lasts = cuts[:-1], cuts[1:]
    # A loop over the pixel columns: numpy has no argmin for parts of an array.
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        # Both from the cache, while the column is in it.
        column = heights[first:last]
        found += [first + int(column.argmin()), first + int(column.argmax())]
    return np.concatenate((firsts, np.array(found, dtype=np.int64), lasts - 1))


def outside(stamps: Rows, spans: Rows) -> NDArray[np.bool_]:
    """Tell which times lie outside of ascending spans, whose ends belong to them."""
    if not len(spans):
        return np.ones(len(stamps), dtype=np.bool_)
    at = np.searchsorted(spans[:, 0], stamps, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (stamps <= spans[at, 1])
    return ~inside


def any_outside(stamps: Rows, spans: Rows) -> bool:
    """Tell whether any of ascending times lies outside of ascending spans."""
    firsts = np.searchsorted(stamps, spans[:, 0])
    lasts = np.searchsorted(stamps, spans[:, 1], side="right")
    return int((lasts - firsts).sum()) < len(stamps)


def extremes_outside(samples: LineSamples, edges: Rows, spans: Rows) -> Values:
    """Return the lowest and the highest samples of columns, outside of spans.

    The columns begin at `edges`; what lies before or behind all of them belongs to the
    first or the last one.
    """
    # The end of a span belongs to it.
    begins, ends = spans[:, 0], spans[:, 1] + 1
    borders = np.unique(np.concatenate((edges, begins, ends)))
    first, last = int(samples.stamps[0]), int(samples.stamps[-1]) + 1
    borders = np.unique(
        np.append(borders[(borders > first) & (borders < last)], (first, last))
    )
    cuts = np.searchsorted(samples.stamps, borders)
    kept = (np.diff(cuts) > 0) & outside(borders[:-1], spans)
    heights, parts = samples.heights, np.stack((cuts[:-1], cuts[1:]), axis=1)[kept]
    if not len(parts):
        return heights[:0]
    # The parts between those kept are reduced as well, and are left out.
    rows = parts.ravel()[: -1 if parts[-1, 1] == len(heights) else None]
    both = (one.reduceat(heights, rows)[::2] for one in (np.minimum, np.maximum))
    return np.concatenate(list(both))


def block_extremes(samples: LineSamples, absent: Rows) -> Band:
    """Return blocks of `BLOCK_S`: their starts, their lowest and highest samples.

    Blocks without a sample, and those that reach into `absent` spans, are left out.
    """
    step = BLOCK_S * 1_000_000_000
    begins = np.arange(samples.stamps[0], samples.stamps[-1] + 1, step)
    cuts = np.searchsorted(samples.stamps, begins)
    filled = np.diff(cuts, append=len(samples.stamps)) > 0
    firsts, heights = cuts[filled], samples.heights
    low, high = (np.empty(len(firsts), heights.dtype) for _ in range(2))
    for at in range(0, len(firsts), _TOGETHER):
        some = slice(at, at + _TOGETHER)
        # Both from the cache, while the blocks are in it.
        part = heights[
            firsts[at] : firsts[at + _TOGETHER]
            if at + _TOGETHER < len(firsts)
            else None
        ]
        np.minimum.reduceat(part, firsts[some] - firsts[at], out=low[some])
        np.maximum.reduceat(part, firsts[some] - firsts[at], out=high[some])
    begins = begins[filled]
    # The last span that begins before a block ends must end before the block begins.
    ends = np.append(np.iinfo(np.int64).min, np.maximum.accumulate(absent[:, 1]))
    kept = ends[np.searchsorted(absent[:, 0], begins + step)] < begins
    return Band(begins[kept], low[kept], high[kept])


def envelope(drawn: DrawnPoints, edges: Rows) -> list[Band]:
    """Return runs of columns: their middles, lowest and highest points.

    A column without a point ends a run.
    """
    known = ~np.isnan(drawn.heights)
    stamps, heights = drawn.stamps[known], drawn.heights[known]
    column, inside = _columns(stamps, edges)
    firsts = np.flatnonzero(np.diff(column, prepend=-1))
    if not len(firsts):
        return []
    low, high = (
        one.reduceat(heights[inside], firsts) for one in (np.minimum, np.maximum)
    )
    return _bands(edges, column[firsts], low, high)


def typical_band(blocks: Band, edges: Rows) -> list[Band]:
    """Return runs of columns: their middles, and the medians of the blocks in them.

    A column without a block ends a run. Of an even number of blocks the median is the
    greater one of the two in the middle.
    """
    column, inside = _columns(blocks.stamps, edges)
    firsts = np.flatnonzero(np.diff(column, prepend=-1))
    if not len(firsts):
        return []
    median = firsts + np.diff(firsts, append=len(column)) // 2
    low, high = (
        one[inside][np.lexsort((one[inside], column))][median]
        for one in (blocks.low, blocks.high)
    )
    bands = _bands(edges, column[firsts], low, high)
    return [_to_edges(band, edges) for band in bands]


def _to_edges(band: Band, edges: Rows) -> Band:
    """Lengthen a band from the middles of its columns to where they begin and end."""
    first, last = np.searchsorted(edges, band.stamps[[0, -1]], side="right")
    return Band(
        np.concatenate((edges[[first - 1]], band.stamps, edges[[last]])),
        *(np.concatenate((one[:1], one, one[-1:])) for one in (band.low, band.high)),
    )


def _columns(stamps: Rows, edges: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the columns of the times that lie in any, and which ones do."""
    column = np.searchsorted(edges, stamps, side="right") - 1
    inside = (column >= 0) & (column < len(edges) - 1)
    return column[inside], inside


def _bands(edges: Rows, columns: Rows, low: Values, high: Values) -> list[Band]:
    """Cut a band into runs of columns that follow each other."""
    middles = ((edges[:-1] + edges[1:]) // 2)[columns]
    runs = np.flatnonzero(np.diff(columns) > 1) + 1
    parts = (np.split(each, runs) for each in (middles, low, high))
    return [Band(*run) for run in zip(*parts, strict=True)]


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
