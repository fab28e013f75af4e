"""Align channels of different rates on one time grid.

The channel table names the method of each column; filled bins are marked, and no gap
longer than a limit is bridged. Streaming of a large record is for `blocks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import Grid, bin_rows, bin_sums, ranges, rows_with
from hexoframe.analysis.grids import grids_of
from hexoframe.channels import check_list
from hexoframe.channels.calibration import unmeasured
from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.recording import metadata
from hexoframe.timestamps.moments import length_ns, period_ns
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from hexoframe.analysis.bins import Rows
    from hexoframe.analysis.grids import Origin
    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData

__all__ = [
    "GridSamples",
    "align_frames",
    "align_samples",
    "bridged_ns",
    "recorded_bins",
    "samples_of",
    "second_channel",
    "warn_of_strays",
    "within",
]

# A larger frame is a mistake, or needs a larger machine than most.
_MOST_GB = 16
# Channels of a recorder end a second or two apart; a stamp so far away is damage.
_STRAY_NS = 10_000_000_000
_SECOND_NS = 1_000_000_000

Events = Literal["table", "count", "place"]


class GridSamples(NamedTuple):
    """Samples of a channel to be put on a grid: an array of values a column.

    `begins` is when their steps begin, ascending, in ns since 1970.
    """

    begins: Rows
    columns: tuple[NDArray[np.floating], ...]


class _Place(NamedTuple):
    """Where the steps of a channel begin and how long they are, in ns.

    `rows` are those of each bin (`bin_rows`); samples at most `limit` apart are
    bridged.
    """

    begins: Rows
    rows: Rows
    grid: Grid
    step: int
    limit: int


def align_frames(  # noqa: PLR0913  # each is a question of its own
    record: RecordData,
    rate: str | pd.Timedelta,
    *,
    channels: Sequence[str | int] | None = None,
    events: Events = "table",
    max_gap: str | pd.Timedelta = "2s",
    origin: Origin = "epoch",
    kept: Callable[[RecordData, str | int], NDArray[np.bool_]] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put channels on one time grid.

    Bins begin at whole multiples of `rate` since the origin, and carry the time of
    their beginning. A sample belongs to the bin in which its step begins: at its stamp,
    or one step before it for a value at 1 Hz or slower. Waveforms, rates and intervals
    are averaged, flags joined by OR; a state is the one at the end of the bin. "No
    signal" and intervals outside of the limits of the table (0, 65 535 counts) are not
    measurements and left out. An empty bin between
    two samples at most `max_gap` apart is filled and marked: waveforms by a straight
    line, rates with the value before. A rate always fills its own step.

    Parameters
    ----------
    record : RecordData
        The record.
    rate : str or Timedelta
        Length of a bin, such as ``"1s"`` or ``"40ms"``, or its rate, ``"64Hz"``.
    channels : sequence of str or int, optional
        Channels; all that the record has by default.
    events : {"table", "count", "place"}
        Count events in the bin (column ``<name>_count``), or place the mean of their
        values; "table" counts breaths and steps and places intervals.
    max_gap : str or Timedelta, default "2s"
        Longest distance of samples that is bridged; a channel slower than that is
        bridged from one of its samples to the next.
    origin : {"epoch", "start", "midnight"}
        Where bins begin: 1970 UTC, the start of the record, or midnight in its zone.
    kept : callable, optional
        Says of a record and a channel which rows count; all by default. Flags and
        states all count.

    Returns
    -------
    frame : DataFrame of float64, shape (bins, columns)
        From the start to the end of the record; NaN where nothing is known, also for
        counts. Samples outside of it are left out; a warning tells of those more than
        ten seconds away. Its attrs have the unit of each column.
    made_up : DataFrame of bool, same shape
        True where a value was filled in.

    Raises
    ------
    ConfigurationError
        If `rate` or `max_gap` is not a positive length of time, `channels` not a list,
        or `events` or `origin` another word.
    """
    period, longest = period_ns("rate", rate), length_ns("max_gap", max_gap)
    if events not in ("table", "count", "place"):
        raise ConfigurationError(f"events={events!r}: give one of table, count, place")
    check_list(channels)
    keys = record if channels is None else channels
    given = {
        key: samples_of(record.channel(key), _frame(record, key, kept)) for key in keys
    }
    grids = grids_of(record, period, origin)
    columns = sum(len(samples.columns) for samples in given.values())
    _check_size(grids, max(columns, 1))
    for key, samples in given.items():
        warn_of_strays(record, key, samples.begins)
    name = second_channel(record)
    seconds = None
    if name is not None:
        seconds = samples_of(record.channel(name), record[name]).begins
    parts = []
    for grid in grids:
        placed = {}
        for key, samples in given.items():
            channel = record.channel(key)
            # Samples next to the record may still be bridged to, and reach into it.
            wide = grid.wider(-(-bridged_ns(channel, longest) // grid.period))
            placed[key] = (wide, within(samples, wide, state=channel.kind == "state"))
        recorded = None if seconds is None else recorded_bins(seconds, grid)
        parts.append(
            align_samples(
                record, placed, grid, max_gap=longest, events=events, recorded=recorded
            )
        )
    if len(parts) == 1:
        return parts[0]
    frames, marks = zip(*parts, strict=True)
    return pd.concat(frames), pd.concat(marks)


def _frame(
    record: RecordData,
    key: str | int,
    kept: Callable[[RecordData, str | int], NDArray[np.bool_]] | None,
) -> pd.DataFrame:
    frame = record[key]
    if kept is None or record.channel(key).datatypes[0].align not in ("mean", "count"):
        return frame
    return frame[kept(record, key)]


def align_samples(  # noqa: PLR0913  # what goes where, and how
    record: RecordData,
    placed: Mapping[str | int, tuple[Grid, GridSamples]],
    grid: Grid,
    *,
    max_gap: int,
    events: Events,
    recorded: NDArray[np.bool_] | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put samples on a grid; result and `events` as for `align_frames`.

    Counts are unknown in bins that are not `recorded`; None if that is not known.

    `placed` holds samples by channel with the bins that they lie in: those of `grid`
    and, where the record goes on, as many on both sides as `bridged_ns` takes.
    """
    values: dict[str, NDArray[np.float64]] = {}
    units: dict[str, str] = {}
    made_up: dict[str, NDArray[np.bool_]] = {}
    known: dict[Grid, list[tuple[Rows, Rows]]] = {}
    for key, (wide, (begins, columns)) in placed.items():
        channel = record.channel(key)
        rows = bin_rows(begins, wide, known.setdefault(wide, []))
        limit = bridged_ns(channel, max_gap)
        place = _Place(begins, rows, wide, _step_ns(channel), limit)
        before = (grid.first - wide.first) // grid.period
        wanted = slice(before, before + grid.bins)
        for row, samples in zip(channel.datatypes, columns, strict=True):
            if row.interval:
                none = unmeasured(samples, row, scale=record.scale)
                samples = np.where(none, np.nan, samples)  # noqa: PLW2901  # its own copy
            name, column, filled = _column(row, samples, place, events)
            column = column[wanted]
            if name != row.column and recorded is not None:
                column[~recorded] = np.nan
            # A channel that the record does not have is unknown, not zero beats.
            there = column if key in record else np.full(grid.bins, np.nan)
            values[name], made_up[name] = there, filled[wanted]
            own = record.scale == "physical" and name == row.column
            units[name] = row.unit if own else "count"
    index = pd.DatetimeIndex(grid.edges[:-1].view("datetime64[ns]"), name="time")
    index = index.tz_localize("UTC").tz_convert(record.tz)
    frame = pd.DataFrame(values, index=index, copy=False)
    frame.attrs[metadata.KEY] = metadata.result_block(
        units, record_id=record.id, scale=record.scale
    )
    return frame, pd.DataFrame(made_up, index=index, copy=False)


def samples_of(channel: Channel, frame: pd.DataFrame) -> GridSamples:
    """Return the samples of a frame of a channel, without a copy of the values."""
    begins: Rows = pd.DatetimeIndex(frame.index).asi8
    if channel.lag:
        begins = begins - channel.lag * NS_PER_TICK[channel.clock]
    return GridSamples(
        begins, tuple(frame[name].to_numpy() for name in channel.columns)
    )


def _check_size(grids: Sequence[Grid], columns: int) -> None:
    """Refuse bins that do not fit into memory."""
    bins = sum(grid.bins for grid in grids)
    gigabytes = bins * columns * 8 / 1e9
    if gigabytes > _MOST_GB:
        raise ConfigurationError(
            f"a grid of {grids[0].period} ns has {bins} bins and {columns} columns in "
            f"this record, {gigabytes:.0f} GB of memory; at most {_MOST_GB} are made: "
            "give a longer rate or fewer channels, cut the record with between(), or "
            "write it with to_csv(rate=...), which takes little memory"
        )


def within(samples: GridSamples, grid: Grid, *, state: bool) -> GridSamples:
    """Return the samples whose steps begin in a grid.

    A state lasts until the next one, so the last one from before begins with the grid.
    """
    begins, columns = samples
    first, last = np.searchsorted(begins, (grid.first, grid.end)).tolist()
    if state and first and not (first < len(begins) and begins[first] == grid.first):
        first -= 1
    if last - first == len(begins) and (not len(begins) or begins[0] >= grid.first):
        return samples
    return GridSamples(
        np.maximum(begins[first:last], grid.first),
        tuple(column[first:last] for column in columns),
    )


def warn_of_strays(record: RecordData, key: str | int, begins: Rows) -> None:
    """Warn of samples so far outside the record that its length does not explain them.

    Channels end within a second or two of each other; a stamp hours away is damage.
    """
    ns = NS_PER_TICK[record.clock]
    near = max(_STRAY_NS, _step_ns(record.channel(key)))
    low, high = record.start_tick * ns - near, record.end_tick * ns + near
    first, last = np.searchsorted(begins, (low, high)).tolist()
    strays = len(begins) - (last - first)
    if strays:
        one = begins[0] if first else begins[-1]
        warn(
            f"{record.channel(key).name}: {strays:,} samples are stamped outside the "
            f"record ({record.start} to {record.end}), such as "
            f"{pd.Timestamp(int(one), tz='UTC')}, and were left out",
            HexoframeWarning,
        )


def second_channel(record: RecordData) -> str | None:
    """Return a channel at 1 Hz, which tells when the recorder wrote; None without."""
    channels = ((name, record.channel(name)) for name in record)
    return next(
        (name for name, one in channels if one.kind == "rate" and one.rate_hz == 1),
        None,
    )


def recorded_bins(begins: Rows, grid: Grid) -> NDArray[np.bool_]:
    """Return the bins in which a second was written, given when seconds begin.

    Elsewhere the number of beats, breaths and steps is not known.
    """
    # A second covers the bins that begin before it ends and end after it begins. One
    # more is covered, as channels at 1 Hz may be a sample short.
    first = np.clip((begins - grid.first) // grid.period, 0, grid.bins)
    last = np.clip(grid.behind(begins + 2 * _SECOND_NS), 0, grid.bins)
    change = np.bincount(first, minlength=grid.bins + 1)
    change -= np.bincount(last, minlength=grid.bins + 1)
    found: NDArray[np.bool_] = np.cumsum(change[:-1]) > 0
    return found


def _step_ns(channel: Channel) -> int:
    """Distance of samples in ns; a tick for events, which have no rate."""
    return int((channel.ticks or 1) * NS_PER_TICK[channel.clock])


def bridged_ns(channel: Channel, max_gap: int) -> int:
    """Return the longest distance of samples, in ns, that is bridged in a channel."""
    return max(max_gap, _step_ns(channel) * 3 // 2)


def _column(
    row: Datatype, samples: NDArray[np.floating], place: _Place, events: Events
) -> tuple[str, NDArray[np.float64], NDArray[np.bool_]]:
    """Return the name of a column, its value in each bin, and which are filled in."""
    nothing = np.zeros(place.grid.bins, dtype=np.bool_)
    counted = row.align == "count" if events == "table" else events == "count"
    if row.kind == "event" and counted:
        counts = np.diff(place.rows).astype(np.float64)
        return f"{row.column}_count", counts, nothing
    if row.align == "hold":
        return row.column, _hold(samples, place.rows), nothing
    if row.align == "or":
        column = _join_flags(samples, place.rows)
    else:
        column = _mean(samples, place.rows, row.void)
    if row.kind == "event":
        return row.column, column, nothing
    return row.column, column, _fill(column, row, samples, place)


def _mean(
    samples: NDArray[np.floating], rows: Rows, void: float | None
) -> NDArray[np.float64]:
    """Mean of each bin without NaN and without `void`; NaN if nothing is left."""
    counts = np.diff(rows)
    if counts.max() <= 1:
        return _single(samples, counts, void)
    sums = bin_sums(samples, rows)
    if np.isnan(sums).any():
        missing = rows_with(samples, np.nan)
        present = samples.copy()
        present[missing] = 0
        sums = bin_sums(present, rows)
        counts -= _count(missing, rows)
    if void is not None:
        nothing = _count(rows_with(samples, void), rows)
        counts -= nothing
        sums -= nothing * void
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts, np.nan)


def _single(
    samples: NDArray[np.floating], counts: Rows, void: float | None
) -> NDArray[np.float64]:
    """Mean of bins with at most one sample: the sample itself."""
    column = np.full(len(counts), np.nan)
    column[counts == 1] = samples
    if void is not None:
        column[column == void] = np.nan
    return column


def _count(some: Rows, rows: Rows) -> Rows:
    """Count how many of some rows lie in each bin."""
    counts: Rows = np.diff(np.searchsorted(some, rows))
    return counts


def _join_flags(samples: NDArray[np.floating], rows: Rows) -> NDArray[np.float64]:
    column = np.full(len(rows) - 1, np.nan)
    known = ~np.isnan(samples)
    if not known.all():
        rows = np.concatenate(([0], np.cumsum(known)))[rows]
        samples = samples[known]
    filled = np.flatnonzero(np.diff(rows))
    if len(filled):
        flags = samples.astype(np.int64)
        column[filled] = np.bitwise_or.reduceat(flags, rows[filled])
    return column


def _hold(samples: NDArray[np.floating], rows: Rows) -> NDArray[np.float64]:
    """Value of the last change before the end of each bin."""
    column = np.full(len(rows) - 1, np.nan)
    last = rows[1:] - 1
    column[last >= 0] = samples[last[last >= 0]]
    return column


def _fill(
    column: NDArray[np.float64],
    row: Datatype,
    samples: NDArray[np.floating],
    place: _Place,
) -> NDArray[np.bool_]:
    """Fill empty bins in place and return which ones."""
    grid, begins = place.grid, place.begins
    filled = np.zeros(len(column), dtype=np.bool_)
    firsts, lasts = _empty_runs(column)
    if not len(firsts):
        return filled
    before, after = _neighbours(samples, place.rows, (firsts, lasts), row.void)
    # Behind the last measurement there is none to bridge to.
    tail = lasts == len(column)
    near = ~tail & (begins[after] - begins[before] <= place.limit)
    if row.kind == "rate":
        covered = grid.behind(begins[before] + place.step)
        lasts = np.where(near, lasts, np.clip(covered, firsts, lasts))
    else:
        lasts = np.where(near, lasts, firsts)
    bins, lengths = ranges(firsts, lasts), lasts - firsts
    before, after = np.repeat(before, lengths), np.repeat(after, lengths)
    values = samples[before].astype(np.float64)
    if row.kind == "waveform":
        way = grid.begin(bins) - begins[before]
        share = way / (begins[after] - begins[before])
        values += share * (samples[after] - values)
    column[bins] = values
    filled[bins] = True
    return filled


def _empty_runs(column: NDArray[np.float64]) -> tuple[Rows, Rows]:
    """First bin of each empty run, and the bin behind it; none at the head."""
    empty = np.isnan(column)
    edges = np.flatnonzero(np.diff(empty, append=False)) + 1
    edges = edges[int(empty[0]) :]
    return edges[::2], edges[1::2]


def _neighbours(
    samples: NDArray[np.floating],
    rows: Rows,
    runs: tuple[Rows, Rows],
    void: float | None,
) -> tuple[Rows, Rows]:
    """Rows of the last measurement before each run and of the first one behind it.

    If the row next to the run is void, another row of the same bin is not: the bin has
    a value. A run up to the end has nothing behind it: its row before is returned.
    """
    firsts, lasts = runs
    ended = lasts == len(rows) - 1
    lasts = np.where(ended, firsts - 1, lasts)
    before, after = rows[firsts] - 1, rows[lasts]
    off = ~_is_known(samples[before], void)
    known = _known_rows(samples, rows, firsts[off] - 1, void)
    before[off] = known[np.searchsorted(known, before[off]) - 1]
    off = ~_is_known(samples[after], void)
    known = _known_rows(samples, rows, lasts[off], void)
    after[off] = known[np.searchsorted(known, after[off])]
    return before, after


def _known_rows(
    samples: NDArray[np.floating], rows: Rows, bins: Rows, void: float | None
) -> Rows:
    """Rows of the measurements in some bins."""
    inside = ranges(rows[bins], rows[bins + 1])
    return inside[_is_known(samples[inside], void)]


def _is_known(samples: NDArray[np.floating], void: float | None) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = ~np.isnan(samples)
    return known if void is None else known & (samples != void)
