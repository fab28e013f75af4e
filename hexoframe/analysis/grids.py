"""Time grids of a record: from when to when the bins of a frame go.

A grid of local days is made of several, since a day on which clocks change has 23 or 25
hours. What goes into a bin does not belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import Grid
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

__all__ = ["Origin", "edges_of", "grids_of"]

Origin = Literal["epoch", "start", "midnight"]
"""Where bins begin: 1970 UTC, the start of the record, or local midnight."""

# About the ticks of a month: more bins are a mistake.
_MOST_BINS = 1_000_000_000
_DAY_NS = 86_400 * 10**9
# Offsets of zones are whole quarters of an hour.
_QUARTER_NS = 900 * 10**9
# Clocks change by an hour: longer bins have one beginning on the clock on the wall.
_HOUR_NS = 4 * _QUARTER_NS


def grids_of(record: RecordData, period: int, origin: Origin) -> list[Grid]:
    """Return the bins that cover the span of a record; one for an empty record.

    Bins of one length are one grid, and each grid begins where the one before ends.
    """
    if origin not in get_args(Origin):
        raise ConfigurationError(
            f"origin={origin!r}: give one of {', '.join(get_args(Origin))}"
        )
    ns = NS_PER_TICK[record.clock]
    start, end = record.start_tick * ns, record.end_tick * ns
    if origin == "midnight" and _QUARTER_NS % period:
        return _local_grids(start, max(start + 1, end), period, record.tz)
    zero = start if origin == "start" else 0
    before = (start - zero) // period
    # The end is not included, but an empty record has a bin too.
    bins = (max(start, end - 1) - zero) // period - before + 1
    if bins > _MOST_BINS:
        raise ConfigurationError(
            f"a grid of {period} ns has {bins} bins in this record, more than "
            f"{_MOST_BINS}: give a longer rate, or cut the record with between()"
        )
    return [Grid(zero + before * period, period, bins)]


def edges_of(grids: Sequence[Grid]) -> NDArray[np.int64]:
    """Return the beginning of each bin of grids in a row, and the end of the last."""
    first, rest = grids[0].edges[:1], (grid.edges[1:] for grid in grids)
    return np.concatenate([first, *rest])


def _local_grids(start: int, end: int, period: int, tz: str) -> list[Grid]:
    """Return bins that begin at local midnight and whole multiples of a length."""
    if _DAY_NS % period and period % _DAY_NS:
        raise ConfigurationError(
            f"origin='midnight' with bins of {period} ns: local days need a rate that "
            "fits into a day, or days into it, such as '5min', '6h', '1D' or '7D'"
        )
    edges = _local_edges(start, end, period, tz)
    first = int(np.searchsorted(edges, start, side="right")) - 1
    last = int(np.searchsorted(edges, end))
    edges = edges[first : last + 1]
    lengths = np.diff(edges)
    changes = np.flatnonzero(np.diff(lengths)) + 1
    runs = zip([0, *changes], [*changes, len(lengths)], strict=True)
    return [Grid(int(edges[a]), int(lengths[a]), int(b - a)) for a, b in runs]


def _local_edges(start: int, end: int, period: int, tz: str) -> NDArray[np.int64]:
    """Return where bins begin, in ns since 1970, from before start to after end."""
    begin, behind = (
        pd.Timestamp(at, unit="ns", tz="UTC").tz_convert(tz).tz_localize(None)
        for at in (start, end)
    )
    walls = pd.date_range(
        # In the hour that comes twice, the clock on the wall goes back.
        begin.normalize(),
        behind.normalize() + pd.Timedelta(max(period, _DAY_NS) + _DAY_NS, unit="ns"),
        freq=pd.Timedelta(period, unit="ns"),
        unit="ns",
    )
    # A midnight that the clocks skip is the moment at which they do.
    both = [
        walls.tz_localize(
            tz, ambiguous=np.full(len(walls), first), nonexistent="shift_forward"
        ).asi8
        for first in (True, False)
    ]
    # Of an hour that comes twice both are hours; a longer bin begins with the first.
    twice = period <= _HOUR_NS
    return np.unique(np.concatenate(both) if twice else np.minimum(*both))
