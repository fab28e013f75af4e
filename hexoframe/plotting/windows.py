"""What a picture shows: a channel in a window of time, its samples, gaps and beats.

Reads frames and records; draws nothing and imports no matplotlib.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import rows_with
from hexoframe.analysis.marks import runs
from hexoframe.channels import FAMILIES, channels_of, codes_of, find
from hexoframe.channels.calibration import implausible, physical, unmeasured
from hexoframe.errors import ConfigurationError, TimestampError, UnknownChannelError
from hexoframe.plotting.decimation import LineSamples, gap_rows
from hexoframe.plotting.figures import label_of, per_unit, unit_of
from hexoframe.recording import metadata
from hexoframe.recording.gaps import Receipt
from hexoframe.recording.survey import survey_channel
from hexoframe.timestamps import NS_PER_TICK
from hexoframe.timestamps.moments import length_ns, moment_to_tick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.data import RecordData
    from hexoframe.recording.gaps import Gap
    from hexoframe.timestamps import Clock

    Rows = NDArray[np.int64]
    from hexoframe.timestamps.moments import Length, Moment

__all__ = [
    "Beats",
    "ChannelView",
    "Window",
    "beats_of",
    "record_window",
    "span_until",
    "stamps_of",
    "view_of",
    "views_of",
    "window_of_table",
]

# Stamps of beats are rounded one by one: their distance may be two ticks off.
_INTERVAL_PLAY = 2
# So many rows tell how far apart the samples of a frame are.
_LOOKED_AT = 1 << 16


class Window(NamedTuple):
    """A span of time in ns since 1970, both ends included, and the zone it is shown in.

    `tz` is what the index of the frame has.
    """

    first: int
    last: int
    tz: dt.tzinfo

    def cut(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a frame in the window, as a view."""
        stamps = stamps_of(frame)
        low = int(np.searchsorted(stamps, self.first))
        high = int(np.searchsorted(stamps, self.last, side="right"))
        return frame.iloc[low:high]

    @property
    def seconds(self) -> float:
        """Length in s."""
        return (self.last - self.first) / 1e9

    @property
    def begin(self) -> pd.Timestamp:
        """Start as a time in the zone."""
        return pd.Timestamp(self.first, unit="ns", tz="UTC").tz_convert(self.tz)


@dataclass(frozen=True, eq=False)
class ChannelView:
    """A frame, what the channel table says about it, and the window that is drawn.

    `whole` is all of the frame, `frame` its rows in the window; samples and gaps are
    those in the window, too.
    """

    whole: pd.DataFrame
    channel: Channel
    scale: Scale
    record: int | None
    window: Window

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Rows in the window."""
        return self.window.cut(self.whole)

    @cached_property
    def lines(self) -> dict[str, LineSamples]:
        """Samples of each column that has any."""
        lines = {row.column: self._line(row) for row in self.channel.datatypes}
        return {column: line for column, line in lines.items() if len(line.stamps)}

    @cached_property
    def doubts(self) -> pd.DataFrame:
        """Spans without samples and of implausible values, in the form of `bad_spans`.

        The frame alone tells them; flags are in another one.
        """
        channel = self.channel
        step = round((channel.ticks or 0) * NS_PER_TICK[channel.clock])
        stamps = stamps_of(self.frame)
        found: list[tuple[int, int]] = []
        for row in (row for row in channel.datatypes if row.plausible):
            values = physical(row, self.frame[row.column].to_numpy(), self.scale)
            # Values below 0 are differences, such as from a mean, and no measurements.
            if not (values < 0).any():
                found += runs(stamps, implausible(row, values), step)
        if not found:
            return self.gaps
        edges = np.array(found, dtype=np.int64) - np.array([step, 0])
        doubted = _span_table(edges, ["implausible"] * len(edges), absent=False)
        return pd.concat([self.gaps, doubted], ignore_index=True)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Spans without samples, in the form of `bad_spans`."""
        ns = NS_PER_TICK[self.channel.clock]
        span = (self.window.first // ns, -(-self.window.last // ns))
        gaps: tuple[Gap, ...] = ()
        if not self._is_complete():
            found = survey_channel(
                self.channel, self.frame, span, Receipt(), scale=self.scale
            )
            gaps = found.gaps
        ticks = [(gap.start, gap.end) for gap in gaps]
        edges = np.array(ticks, dtype=np.int64).reshape(-1, 2) * ns
        return _span_table(edges, [gap.kind for gap in gaps], absent=True)

    @property
    def unit(self) -> str:
        """Unit in which values are shown; empty where there is none."""
        return unit_of(self._table_unit)

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers in the unit that is shown."""
        if self.scale != "physical":
            return True
        return per_unit(self._table_unit) == 1 and all(
            row.gain % 1 == 0 and row.offset % 1 == 0 for row in self.channel.datatypes
        )

    @property
    def _table_unit(self) -> str:
        row = self.channel.datatypes[0]
        return row.unit if self.scale == "physical" else "count"

    @property
    def axis_label(self) -> str:
        """Name and unit for a reader."""
        label = label_of(self.channel.name)
        return f"{label} ({self.unit})" if self.unit else label

    def columns(self) -> list[ChannelView]:
        """Return each column as a view of its own."""
        return [
            replace(
                self, whole=self.whole[[row.column]], channel=self.channel.only(row)
            )
            for row in self.channel.datatypes
        ]

    def _line(self, row: Datatype) -> LineSamples:
        stamps = stamps_of(self.frame)
        values = self.frame[row.column].to_numpy()
        left_out = [rows_with(values, np.nan)]
        if row.interval:
            left_out.append(np.flatnonzero(unmeasured(values, row, scale=self.scale)))
        elif row.void is not None:
            left_out.append(rows_with(values, row.void))
        stamps, values = _without(stamps, values, np.unique(np.concatenate(left_out)))
        breaks, per = self._breaks(row, stamps, values), per_unit(self._table_unit)
        # Most are shown in the unit of the table, and are not copied.
        return LineSamples(stamps, values if per == 1 else values / per, breaks)

    def _breaks(
        self, row: Datatype, stamps: Rows, values: NDArray[np.floating]
    ) -> Rows:
        """Return the rows that must not be joined with the row before."""
        if row.kind != "event":
            return gap_rows(stamps, 1.5 * _step_ns(self.channel, self.frame))
        if not row.interval:
            return np.arange(1, len(stamps))
        tick = NS_PER_TICK[self.channel.clock]
        # Counts of intervals are ticks.
        per_value = 1e9 if self.scale == "physical" else tick
        reach = stamps - np.rint(values * per_value).astype(np.int64)
        return np.flatnonzero(reach[1:] - stamps[:-1] > _INTERVAL_PLAY * tick) + 1

    def _is_complete(self) -> bool:
        """Tell whether the lines reach through the window with every row of the frame.

        False for codes and events, whose gaps only a survey finds.
        """
        rows = len(self.frame)
        channel = self.channel
        if channel.ticks is None or not rows or channel.datatypes[0].codes:
            return False
        whole = [
            len(line.stamps) == rows and not len(line.breaks)
            for line in self.lines.values()
        ]
        step, stamps = _step_ns(channel, self.frame), stamps_of(self.frame)
        begin = stamps[0] - channel.first_sample * step
        end = stamps[-1] + (1 - channel.first_sample) * step
        reaches = begin - self.window.first < step / 2
        reaches &= self.window.last - end < step / 2
        return len(whole) == len(channel.columns) and all(whole) and bool(reaches)


def _span_table(edges: Rows, reasons: list[str], *, absent: bool) -> pd.DataFrame:
    starts, ends = (
        pd.to_datetime(edges[:, 0], utc=True),
        pd.to_datetime(edges[:, 1], utc=True),
    )
    return pd.DataFrame(
        {"start": starts, "end": ends, "reason": reasons, "absent": absent}
    )


def stamps_of(frame: pd.DataFrame) -> Rows:
    """Return the times of a frame in ns since 1970."""
    index = pd.DatetimeIndex(frame.index)
    # The conversion makes a copy, even of what needs none.
    return (index if index.unit == "ns" else index.as_unit("ns")).asi8


def _step_ns(channel: Channel, frame: pd.DataFrame) -> float:
    """Return the distance of samples; a frame may hold fewer than its channel."""
    stamps = stamps_of(frame)[:_LOOKED_AT]
    step = float((channel.ticks or 0) * NS_PER_TICK[channel.clock])
    return max(step, float(np.median(np.diff(stamps)))) if len(stamps) > 2 else step


def _without(
    stamps: Rows, values: NDArray[np.floating], rows: Rows
) -> tuple[Rows, NDArray[np.floating]]:
    """Leave out some rows; those at the ends, where most are, without a copy."""
    place = np.arange(len(rows))
    head = int(np.count_nonzero(rows == place))
    tail = int(np.count_nonzero(rows[head:] - place[head:] == len(values) - len(rows)))
    whole = slice(head, len(values) - tail)
    inner = rows[head : len(rows) - tail] - head
    stamps, values = stamps[whole], values[whole]
    if len(inner):
        known = np.ones(len(values), dtype=np.bool_)
        known[inner] = False
        stamps, values = stamps[known], values[known]
    return stamps, values


# --- which channel --------------------------------------------------------------------


def view_of(
    frame: pd.DataFrame, window: Window | None = None, *, what: str = "a frame"
) -> ChannelView:
    """Return a frame as a view of its channel; without a window, all of it.

    The facts in the frame name the channel; where an operation of pandas has lost them,
    the first column does. `what` is what needs the frame, for messages.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ConfigurationError(
            f"{what} is needed as a DataFrame, such as record['ecg'], not "
            f"{type(frame).__name__}"
        )
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise TimestampError(
            f"{what} needs an index of times with a zone, as record['ecg'] has it, not "
            f"{index.dtype}"
        )
    block = metadata.block_of(frame)
    channel = _channel(block, list(frame.columns), what)
    scale: Scale = "physical" if block.get("scale", "physical") == "physical" else "raw"
    if window is None:
        window = _whole_window(channel, frame, index.tz)
    return ChannelView(frame, channel, scale, block.get("record"), window)


def views_of(
    what: str,
    *frames: pd.DataFrame,
    start: Moment | None,
    duration: Length | None,
) -> list[ChannelView]:
    """Return frames as views of the part of the first one that is asked for.

    `start` is a time with a zone or a length behind its first row; without a duration
    the window ends at its last row. `what` is the function that draws, for messages.
    """
    first = view_of(frames[0], what=what)
    window = _part(first.window, start, duration, first.channel.clock)
    others = (view_of(frame, window) for frame in frames[1:])
    return [replace(first, window=window), *others]


def _channel(block: dict[str, Any], columns: list[str], what: str) -> Channel:
    for whole in _candidates(block, columns):
        if set(columns) <= set(whole.columns):
            rows = [row for row in whole.datatypes if row.column in columns]
            return whole._replace(datatypes=tuple(rows))
    raise ConfigurationError(
        f"{what} has the columns {columns}, which are not those of a channel: give a "
        "frame of a record, such as record['ecg']"
    )


def _candidates(block: dict[str, Any], columns: list[str]) -> Iterator[Channel]:
    """Yield the channel that the facts name, then those that have the first column."""
    family, name = block.get("family"), str(block.get("channel"))
    if family in FAMILIES and name in channels_of(family):
        yield channels_of(family)[name]
    for one in FAMILIES:
        try:
            yield channels_of(one)[find(one, str(columns[0])).name]
        except (UnknownChannelError, IndexError):
            continue


# --- which window ---------------------------------------------------------------------


def record_window(
    record: RecordData, start: Moment | None, duration: Length | None
) -> Window:
    """Return the part of a record that is asked for; with neither, all of it.

    `start` is a time with a zone or a length behind the start of the record.
    """
    ns = NS_PER_TICK[record.clock]
    tz = record.start.tzinfo
    assert tz is not None  # noqa: S101  # a record's times have a zone
    whole = Window(record.start_tick * ns, record.end_tick * ns, tz)
    part = _part(whole, start, duration, record.clock)
    if start is not None and (part.first >= whole.last or part.last <= whole.first):
        raise TimestampError(
            f"there is nothing of the record at {start}: it goes from {record.start} "
            f"to {record.end}"
        )
    return part


def window_of_table(table: pd.DataFrame, source: str) -> Window:
    """Return the window that the rows (start, end) of a result span.

    `source` is the call that returns such a table.
    """
    starts, ends = (pd.DatetimeIndex(table[name]) for name in ("start", "end"))
    tz = starts.tz
    if tz is None:
        raise ConfigurationError(
            f"the table has times without a zone: give what {source} returns"
        )
    first, last = starts.as_unit("ns").asi8.min(), ends.as_unit("ns").asi8.max()
    return Window(int(first), int(last), tz)


def span_until(
    record: RecordData, start: Moment | None, end: Moment, duration: Length | None
) -> tuple[pd.Timestamp, pd.Timedelta]:
    """Return start and duration of the part of a record that ends at `end`.

    A ConfigurationError if a duration is given too, TimestampError if nothing is left.
    """
    if duration is not None:
        raise ConfigurationError(
            f"end={end!r} and duration={duration!r}: give one of the two"
        )
    window = record_window(record, start, None)
    tick = moment_to_tick(end, clock=record.clock, origin=record.start_tick)
    length = tick * NS_PER_TICK[record.clock] - window.first
    if length <= 0:
        raise TimestampError(
            f"the end {end} does not lie behind the start {window.begin}: exchange "
            "them, or give a time within the record"
        )
    return window.begin, pd.Timedelta(length, unit="ns")


def _whole_window(channel: Channel, frame: pd.DataFrame, tz: dt.tzinfo) -> Window:
    """Return the window from the first row of a frame to its last one."""
    stamps = stamps_of(frame)
    if not len(stamps):
        return Window(0, 0, tz)
    first, last = int(stamps[0]), int(stamps[-1])
    if first == last:
        # A moment has no width; its sample stands for a step.
        half = int(_step_ns(channel, frame) or 1e9) // 2
        first, last = first - half, last + half
    return Window(first, last, tz)


def _part(
    whole: Window, start: Moment | None, duration: Length | None, clock: Clock
) -> Window:
    first, last, tz = whole
    if start is not None:
        first = _start_ns(start, first, clock)
        last = max(first, last)
    if duration is not None:
        last = first + length_ns("duration", duration)
    return Window(first, last, tz)


def _start_ns(start: Moment, origin: int, clock: Clock) -> int:
    """Return a start in ns since 1970: a time, or a length behind `origin`."""
    ns = NS_PER_TICK[clock]
    return moment_to_tick(start, clock=clock, origin=-(-origin // ns)) * ns


# --- beats ----------------------------------------------------------------------------


class Beats(NamedTuple):
    """Times of beats, the gravest flag of each (or 0), and the names of the flags."""

    stamps: Rows
    flags: Rows
    names: dict[int, str]


def beats_of(
    rr: pd.DataFrame | None, quality: pd.DataFrame | None, window: Window
) -> Beats:
    """Return the beats in a window: the stamps of the intervals `rr`.

    `quality` has the flags of the beats; without it no beat has any.
    """
    none = np.empty(0, dtype=np.int64)
    if rr is None:
        return Beats(none, none, {})
    stamps = stamps_of(view_of(rr, window, what="rr").frame)
    flags = np.zeros(len(stamps), dtype=np.int64)
    if quality is None or not len(stamps):
        return Beats(stamps, flags, {})
    view = view_of(quality, window, what="quality")
    codes = codes_of(view.channel.datatypes[0].codes)
    names = {code.value: code.name for code in codes}
    bits = np.nan_to_num(view.whole.iloc[:, 0].to_numpy()).astype(np.int64)
    judged = stamps_of(view.whole)
    at = np.searchsorted(judged, stamps)
    at = np.minimum(at, max(len(judged) - 1, 0))
    found = judged[at] == stamps if len(judged) else np.zeros(len(stamps), bool)
    for value in names:
        flags[found] = np.where(bits[at[found]] & value, value, flags[found])
    return Beats(stamps, flags, names)
