"""Several answers of the data resource put together, and what the server left out.

Arrays in, arrays out: answers are read in `answers`, frames are made in `frames`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.errors import ResponseError
from hexoframe.formats.wire.answers import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family

__all__ = ["Joined", "is_thinned", "join_pages"]

# A server that gives at most 65 535 or 65 536 values and takes every k-th of more never
# gives fewer than this when it thins.
_LEAST_OF_THINNED = 32_768
# So many intervals, none of which reaches back to the event before, are no accident.
_LONE_INTERVALS = 16
# Stamps of beats and their intervals are rounded on their own.
_INTERVAL_PLAY = 2
# Where stamps lie in memory and how many, page for page; and the same joined.
_Seen = dict[tuple[tuple[int, int], ...], "NDArray[np.int64]"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Pages put together.

    Attributes
    ----------
    samples : dict of int to Samples
        Samples by datatype, in ascending order of their stamps.
    duplicates : dict of int to int
        How many rows were dropped because a page before had them, by datatype.
    """

    samples: dict[int, Samples]
    duplicates: dict[int, int]


def join_pages(
    pages: Sequence[Mapping[int, Samples]], family: Family, *, where: str
) -> Joined:
    """Put the pages of a record together.

    Where one page ends the next begins, and a server whose windows include their end
    sends the sample of the border twice. It is kept once. Events may share a stamp: of
    them only the rows of a border that both pages have are dropped.

    Parameters
    ----------
    pages : sequence of mapping of int to Samples
        Pages in the order of their windows; they need not hold the same datatypes.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family, whose table says what is sampled and what is an event.
    where : str
        What was asked for, for messages.

    Returns
    -------
    Joined
        Samples in ascending order, and how many were dropped.

    Raises
    ------
    ResponseError
        If two pages have different values for one stamp of a sampled datatype.
    """
    steps = {
        row.id: row.ticks
        for channel in channels_of(family).values()
        for row in channel.datatypes
    }
    samples: dict[int, Samples] = {}
    duplicates: dict[int, int] = {}
    seen: _Seen = {}
    for number in dict.fromkeys(number for page in pages for number in page):
        parts = [page[number] for page in pages if number in page]
        kept, dropped = _without_borders([p for p in parts if p.ticks.size])
        joined = _concatenated(kept, seen)
        if steps.get(number) is not None:
            joined, more = _each_stamp_once(joined, f"{where}, datatype {number}")
            dropped += more
        samples[number] = _ascending(joined)
        duplicates[number] = dropped
    return Joined(samples, duplicates)


def _without_borders(parts: list[Samples]) -> tuple[list[Samples], int]:
    """Take from each page the head that ended the page before."""
    kept, dropped = parts[:1], 0
    for before, part in pairwise(parts):
        same = _common(before, part) if part.ticks[0] == before.ticks[-1] else 0
        dropped += same
        ticks, values = part
        kept.append(Samples(ticks[same:], values[same:]) if same else part)
    return kept, dropped


def _common(before: Samples, part: Samples) -> int:
    """Return how many rows at the last stamp of a page begin the next page too."""
    same = int((before.ticks == before.ticks[-1]).sum())
    tail = [column[-same:] for column in before]
    head = [column[:same] for column in part]
    return same if all(map(_equal, tail, head)) else 0


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _concatenated(parts: list[Samples], seen: _Seen) -> Samples:
    """Concatenate pages; datatypes that share stamps in every page go on sharing."""
    if len(parts) == 1:
        return parts[0]
    # Addresses of the data, since a slice of a shared array is an array of its own.
    key = tuple((ticks.ctypes.data, len(ticks)) for ticks, _ in parts)
    if key not in seen:
        seen[key] = np.concatenate([np.empty(0, np.int64), *(t for t, _ in parts)])
    return Samples(seen[key], np.concatenate([np.empty(0), *(v for _, v in parts)]))


def _ascending(samples: Samples) -> Samples:
    ticks, values = samples
    if (ticks[1:] >= ticks[:-1]).all():
        return samples
    order = np.argsort(ticks, kind="stable")
    return Samples(ticks[order], values[order])


def _each_stamp_once(samples: Samples, where: str) -> tuple[Samples, int]:
    """Drop rows that repeat a stamp with its value, wherever they came from."""
    if (samples.ticks[1:] > samples.ticks[:-1]).all():
        return samples, 0
    ticks, values = _ascending(samples)
    again = np.flatnonzero(ticks[1:] == ticks[:-1]) + 1
    one, other = values[again - 1], values[again]
    differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
    if differs.any():
        at = again[differs][0]
        raise ResponseError(
            f"{where}: tick {ticks[at]} came with the value {values[at - 1]:g} and "
            f"with {values[at]:g}; did the record change meanwhile? Load it again"
        )
    return Samples(np.delete(ticks, again), np.delete(values, again)), len(again)


def is_thinned(samples: Samples, datatype: Datatype) -> bool:
    """Whether an answer looks as if the server left out samples.

    The service answers at most 65 536 values a datatype, takes every k-th of more, and
    says nothing of it. Of a sampled datatype the stamps then lie further apart than the
    table says. Events have no step: as many as a thinned answer has at least, or
    intervals of which none reaches back to the event before, are a suspicion. It is
    settled by asking for parts of the window: what is the same there was whole.

    Parameters
    ----------
    samples : Samples
        Samples of one answer.
    datatype : Datatype
        Row of the channel table.

    Returns
    -------
    bool
        False for fewer than two samples.

    Notes
    -----
    Source: API documentation, and the real answer for record 43419, whose step is
    ceil(5 115 139 / 65 536) = 79.
    """
    ticks, values = samples
    steps = np.diff(ticks)
    if datatype.ticks is not None:
        steps = steps[steps > 0]
        return bool(steps.size) and 2 * int(steps.min()) > 3 * datatype.ticks
    if len(ticks) >= _LEAST_OF_THINNED:
        return True
    if not datatype.interval or len(steps) < _LONE_INTERVALS:
        return False
    reach = values[1:] / datatype.json_gain
    return not (np.abs(steps - reach) <= _INTERVAL_PLAY).any()
