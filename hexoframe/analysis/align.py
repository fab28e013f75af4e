"""Channels of different rates on one time grid, in the open.

The table names the method of each column; what is filled in between samples is marked,
and no gap longer than a limit is bridged. Nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recorddata import RecordData

__all__ = ["align_frames", "length_ns"]

# More bins than a month has ticks are no grid that somebody wants.
_MOST_BINS = 1_000_000_000
# With so few samples a bin, counting them is quicker than a search for each bin.
_FEW_PER_BIN = 8
# So many equal bins pay for a sum of their own.
_EVEN_RUN = 256

Events = Literal["table", "count", "place"]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Bins of equal length from `first`, in ns since 1970, end not included."""

    first: int
    period: int
    count: int
    limit: int

    @property
    def edges(self) -> NDArray[np.int64]:
        return self.first + self.period * np.arange(self.count + 1, dtype=np.int64)


def align_frames(
    record: RecordData,
    rate: str | pd.Timedelta,
    *,
    channels: Sequence[str | int] | None = None,
    events: Events = "table",
    max_gap: str | pd.Timedelta = "2s",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put channels on one time grid.

    Bins begin at whole multiples of `rate` since 1970 UTC and carry the time of their
    beginning; a sample belongs to the bin that its stamp falls into. Waveforms, rates
    and intervals are averaged, flags joined by OR, states are what holds at the end of
    the bin. "No signal" and intervals of 0 are no measurement and left out. A bin
    without a sample between two samples that lie at most `max_gap` apart is filled and
    marked: waveforms by a straight line, rates with the value before.

    Parameters
    ----------
    record : RecordData
        Where the channels come from.
    rate : str or Timedelta
        Length of a bin, such as ``"1s"`` or ``"40ms"``.
    channels : sequence of str or int, optional
        Channels; all that the record has by default.
    events : {"table", "count", "place"}
        Count events in the bin (column ``<name>_count``), or place the mean of their
        values; "table" counts breaths and steps and places intervals.
    max_gap : str or Timedelta, default "2s"
        Longest distance of samples that is bridged; a channel slower than that is
        bridged from one of its samples to the next.

    Returns
    -------
    frame : DataFrame of float64, shape (bins, columns)
        From the start to the end of the record, further where a sample lies outside;
        NaN where nothing is known.
    made_up : DataFrame of bool, same shape
        True where a value was filled in.

    Raises
    ------
    ConfigurationError
        If `rate` or `max_gap` is no positive length of time, or `channels` no list.
    """
    period, limit = length_ns("rate", rate), length_ns("max_gap", max_gap)
    if events not in ("table", "count", "place"):
        raise ConfigurationError(f"events={events!r}: give one of table, count, place")
    if isinstance(channels, str):
        raise ConfigurationError(
            f"channels={channels!r}: give a list, such as [{channels!r}]"
        )
    given = {key: record[key] for key in (record if channels is None else channels)}
    grid = _grid(record, given.values(), period, limit)
    values: dict[str, NDArray[np.float64]] = {}
    made_up: dict[str, NDArray[np.bool_]] = {}
    known: dict[tuple[int, ...], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    for key, frame in given.items():
        channel = record.channel(key)
        stamps, bounds = _bounds(pd.DatetimeIndex(frame.index).asi8, grid, known)
        for row in channel.datatypes:
            samples = frame[row.column].to_numpy()
            name, column, filled = _column(
                row, channel, samples, (stamps, bounds, grid, events)
            )
            # No beats in a channel that the record lacks are not zero beats.
            values[name] = column if key in record else np.full(grid.count, np.nan)
            made_up[name] = filled
    index = pd.DatetimeIndex(grid.edges[:-1].view("datetime64[ns]"), name="time")
    index = index.tz_localize("UTC").tz_convert(record.tz)
    return (
        pd.DataFrame(values, index=index, copy=False),
        pd.DataFrame(made_up, index=index, copy=False),
    )


def length_ns(name: str, length: Any) -> int:
    """Return a length of time in ns.

    Parameters
    ----------
    name : str
        Argument that it came in, for the message.
    length : str, Timedelta or timedelta
        Length with its unit.

    Returns
    -------
    int, in ns
        Above zero.

    Raises
    ------
    ConfigurationError
        If it is no positive length of time, or a number without a unit.
    """
    hint = f"{name}={length!r}: give a length of time, such as '1s' or '40ms'"
    if not isinstance(length, str | timedelta | np.timedelta64) or _is_bare(length):
        raise ConfigurationError(hint)
    try:
        value = pd.Timedelta(length)
        ns = 0 if pd.isna(value) else int(value.as_unit("ns").value)
    except ValueError as error:
        raise ConfigurationError(hint) from error
    if ns <= 0:
        raise ConfigurationError(f"{name}={length!r}: give a length above zero")
    return ns


def _is_bare(length: Any) -> bool:
    """Whether it is a number without a unit, which pandas would take for ns."""
    text = str(length).strip().lstrip("+-")
    return isinstance(length, str) and text.replace(".", "", 1).isdecimal()


def _grid(
    record: RecordData, given: Iterable[pd.DataFrame], period: int, limit: int
) -> _Grid:
    """Bins that take every sample: some channels go on behind the end of the record."""
    ns = NS_PER_TICK[record.clock]
    stamps = [pd.DatetimeIndex(frame.index).asi8 for frame in given if len(frame)]
    first = min([record.start_tick * ns, *(times[0] for times in stamps)])
    # The last sample of a 1 Hz channel lies on the very end of the record.
    last = max([record.end_tick * ns, *(times[-1] for times in stamps)])
    start = int(first) // period
    if int(last) // period - start > _MOST_BINS:
        raise ConfigurationError(
            f"a grid of {period} ns has {int(last) // period - start + 1} bins in this "
            f"record, more than {_MOST_BINS}: give a longer rate, or cut the record "
            "with between()"
        )
    return _Grid(start * period, period, int(last) // period - start + 1, limit)


def _bounds(
    stamps: NDArray[np.int64],
    grid: _Grid,
    known: dict[tuple[int, ...], tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows at which bins begin; channels that share their stamps share them too."""
    # The stamps are kept with their bounds, so no other array can take their place.
    place = (stamps.__array_interface__["data"][0], *stamps.shape, *stamps.strides)
    if place not in known:
        few = len(stamps) <= _FEW_PER_BIN * grid.count
        rows = _counted_rows(stamps, grid) if few else _rows_from(stamps, grid.edges)
        known[place] = (stamps, rows)
    return known[place]


def _counted_rows(stamps: NDArray[np.int64], grid: _Grid) -> NDArray[np.int64]:
    """First row of each bin, by the number of the bin that each stamp falls into."""
    bins = (stamps - grid.first) // grid.period
    counts = np.bincount(bins, minlength=grid.count)
    rows = np.zeros(grid.count + 1, dtype=np.int64)
    np.cumsum(counts, out=rows[1:])
    return rows


def _rows_from(
    stamps: NDArray[np.int64], edges: NDArray[np.int64]
) -> NDArray[np.int64]:
    """First row at or after each edge: guessed as if all steps were equal, checked.

    Where the guess is wrong, as behind a gap, it is searched for.
    """
    if len(stamps) < 2 or stamps[0] == stamps[-1]:
        found: NDArray[np.int64] = np.searchsorted(stamps, edges)
        return found
    pace = (len(stamps) - 1) / float(stamps[-1] - stamps[0])
    guess = np.ceil((edges - stamps[0]) * pace).clip(0, len(stamps))
    rows: NDArray[np.int64] = guess.astype(np.int64)
    before = stamps[np.maximum(rows - 1, 0)]
    after = stamps[np.minimum(rows, len(stamps) - 1)]
    right = (before < edges) | (rows == 0)
    right &= (after >= edges) | (rows == len(stamps))
    wrong = np.flatnonzero(~right)
    rows[wrong] = np.searchsorted(stamps, edges[wrong])
    return rows


_Place = tuple["NDArray[np.int64]", "NDArray[np.int64]", _Grid, Events]


def _column(
    row: Datatype, channel: Channel, samples: NDArray[np.floating], place: _Place
) -> tuple[str, NDArray[np.float64], NDArray[np.bool_]]:
    stamps, bounds, grid, events = place
    nothing = np.zeros(grid.count, dtype=np.bool_)
    counted = row.align == "count" if events == "table" else events == "count"
    if row.kind == "event" and counted:
        return f"{row.column}_count", np.diff(bounds).astype(np.float64), nothing
    if row.align == "hold":
        return row.column, _hold(samples, bounds), nothing
    # An interval of 0 stands at the first beat and behind a hole, where there was no
    # beat to reach back to.
    void = 0.0 if row.interval else row.void
    if row.align == "or":
        column = _join_flags(samples, bounds)
    else:
        column = _mean(samples, bounds, void)
    if row.kind == "event":
        return row.column, column, nothing
    step = int((row.ticks or 1) * NS_PER_TICK[channel.clock])
    limit = max(grid.limit, step * 3 // 2)
    filled = _fill(column, row, (stamps, samples, grid), limit)
    return row.column, column, filled


def _mean(
    samples: NDArray[np.floating], bounds: NDArray[np.int64], void: float | None
) -> NDArray[np.float64]:
    """Mean of each bin without NaN and without what is no measurement, or NaN."""
    sums, counts = _sums(samples, bounds)
    if np.isnan(sums).any():
        present = ~np.isnan(samples)
        sums, _ = _sums(np.where(present, samples, 0), bounds)
        counts, _ = _sums(present.astype(np.float64), bounds)
    if void is not None:
        rows = np.flatnonzero(samples[bounds[0] : bounds[-1]] == void) + bounds[0]
        bins = np.searchsorted(bounds, rows, side="right") - 1
        nothing = np.bincount(bins, minlength=len(counts))
        counts -= nothing
        sums -= nothing * void
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts, np.nan)


def _sums(
    samples: NDArray[np.floating], bounds: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counts = np.diff(bounds)
    sums = np.zeros(len(counts), dtype=np.float64)
    for first, last in _even_runs(counts):
        size = counts[first]
        rows = samples[bounds[first] : bounds[last]].reshape(-1, size)
        sums[first:last] = rows.sum(axis=1, dtype=np.float64)
        counts[first:last] = 0
    uneven = np.flatnonzero(counts)
    if len(uneven):
        # Every second sum is what lies between one of these bins and the next.
        ends = np.stack((bounds[uneven], bounds[uneven + 1]), axis=1).ravel()[:-1]
        inside = samples[: bounds[uneven[-1] + 1]]
        sums[uneven] = np.add.reduceat(inside, ends, dtype=np.float64)[::2]
    return sums, np.diff(bounds).astype(np.float64)


def _even_runs(counts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Long runs of bins of equally many samples, which sum up at twice the pace."""
    changes = np.flatnonzero(np.diff(counts)) + 1
    ends = np.concatenate(([0], changes, [len(counts)])).tolist()
    return [
        (first, last)
        for first, last in pairwise(ends)
        if last - first >= _EVEN_RUN and counts[first] > 0
    ]


def _join_flags(
    samples: NDArray[np.floating], bounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    column = np.full(len(bounds) - 1, np.nan)
    known = ~np.isnan(samples)
    if not known.all():
        bounds = np.concatenate(([0], np.cumsum(known)))[bounds]
        samples = samples[known]
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled):
        flags = samples[: bounds[filled[-1] + 1]].astype(np.int64)
        column[filled] = np.bitwise_or.reduceat(flags, bounds[filled])
    return column


def _hold(
    samples: NDArray[np.floating], bounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Value of the last change before the end of each bin."""
    column = np.full(len(bounds) - 1, np.nan)
    last = bounds[1:] - 1
    column[last >= 0] = samples[last[last >= 0]]
    return column


def _fill(
    column: NDArray[np.float64],
    row: Datatype,
    source: tuple[NDArray[np.int64], NDArray[np.floating], _Grid],
    limit: int,
) -> NDArray[np.bool_]:
    """Fill empty bins in place and return which ones."""
    stamps, samples, grid = source
    empty = np.flatnonzero(np.isnan(column))
    filled = np.zeros(len(column), dtype=np.bool_)
    at = grid.edges[empty]
    after = np.searchsorted(stamps, at)
    inside = (after > 0) & (after < len(stamps))
    empty, at, after = empty[inside], at[inside], after[inside]
    short = stamps[after] - stamps[after - 1] <= limit
    empty, at, after = empty[short], at[short], after[short]
    if not (_is_known(samples[after - 1], row) & _is_known(samples[after], row)).all():
        # The neighbours that count lie further away; only then all are looked through.
        known = _is_known(samples, row)
        return _fill(column, row, (stamps[known], samples[known], grid), limit)
    before = samples[after - 1].astype(np.float64)
    if row.kind == "waveform":
        share = (at - stamps[after - 1]) / (stamps[after] - stamps[after - 1])
        before = before + share * (samples[after] - before)
    column[empty] = before
    filled[empty] = True
    return filled


def _is_known(samples: NDArray[np.floating], row: Datatype) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = ~np.isnan(samples)
    return known if row.void is None else known & (samples != row.void)
