"""What a frame is of, which part of it is asked for, and its samples as lines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.align import length_ns
from hexoframe.analysis.bins import rows_with
from hexoframe.channels import FAMILIES, channels_of, find
from hexoframe.errors import ConfigurationError, TimestampError, UnknownChannelError
from hexoframe.plotting.decimation import Samples, gap_rows
from hexoframe.plotting.style import label_of, unit_of
from hexoframe.recording import metadata
from hexoframe.timestamps import NS_PER_TICK, time_to_tick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

    Rows = NDArray[np.int64]
    Start = str | dt.datetime | dt.timedelta | pd.Timestamp | pd.Timedelta
    Length = str | dt.timedelta | pd.Timedelta

__all__ = [
    "Subject",
    "Window",
    "record_window",
    "stamps_of",
    "subject_of",
    "window_of",
]

# Two ticks of play: stamps of beats are rounded on their own.
_INTERVAL_PLAY = 2
# So many rows tell how far apart the samples of a frame are.
_LOOKED_AT = 1 << 16


class Window(NamedTuple):
    """A part of time in ns since 1970, both ends included, and the zone it is shown in.

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


class Subject(NamedTuple):
    """A frame and what the channel table says of it."""

    frame: pd.DataFrame
    channel: Channel
    scale: str
    record: int | None

    @property
    def label(self) -> str:
        """Name of the channel for a reader."""
        return label_of(self.channel.name)

    @property
    def unit(self) -> str:
        """Unit of the values for a reader; empty where there is none."""
        physical = self.scale == "physical"
        return unit_of(self.channel.datatypes[0].unit if physical else "count")

    @property
    def axis_label(self) -> str:
        """Name and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def cut(self, window: Window) -> Subject:
        """Return the part in a window."""
        return self._replace(frame=window.cut(self.frame))

    def lines(self) -> dict[str, Samples]:
        """Return the samples of each column that has any."""
        lines = {row.column: self._line(row) for row in self.channel.datatypes}
        return {column: line for column, line in lines.items() if len(line.stamps)}

    def _line(self, row: Datatype) -> Samples:
        stamps = stamps_of(self.frame)
        values = self.frame[row.column].to_numpy()
        left_out = [
            rows_with(values, value)
            for value in (np.nan, row.empty)
            if value is not None
        ]
        stamps, values = _without(stamps, values, np.unique(np.concatenate(left_out)))
        return Samples(stamps, values, self._breaks(row, stamps, values))

    def _breaks(
        self, row: Datatype, stamps: Rows, values: NDArray[np.floating]
    ) -> Rows:
        """Rows that must not be joined with the row before."""
        if row.kind != "event":
            return gap_rows(stamps, 1.5 * self.step_ns())
        if not row.interval:
            return np.arange(1, len(stamps))
        tick = NS_PER_TICK[self.channel.clock]
        # Counts of intervals are ticks.
        per_value = 1e9 if self.scale == "physical" else tick
        reach = stamps - np.rint(values * per_value).astype(np.int64)
        return np.flatnonzero(reach[1:] - stamps[:-1] > _INTERVAL_PLAY * tick) + 1

    def step_ns(self) -> float:
        """Return the distance of samples; a frame may hold fewer than its channel."""
        stamps = stamps_of(self.frame)[:_LOOKED_AT]
        step = float((self.channel.ticks or 0) * NS_PER_TICK[self.channel.clock])
        return max(step, float(np.median(np.diff(stamps)))) if len(stamps) > 2 else step


def stamps_of(frame: pd.DataFrame) -> Rows:
    """Return the times of a frame in ns since 1970."""
    index = pd.DatetimeIndex(frame.index)
    # The conversion makes a copy, even of what needs none.
    return (index if index.unit == "ns" else index.as_unit("ns")).asi8


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


def subject_of(frame: pd.DataFrame, *, what: str = "a frame") -> Subject:
    """Return what a frame is of.

    The block of facts of the frame says it; where an operation of pandas has lost that,
    the name of its first column does.

    Raises
    ------
    TimestampError
        If its index holds no times with a zone.
    ConfigurationError
        If it is no frame, or of no channel.
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
    return Subject(frame, channel, block.get("scale", "physical"), block.get("record"))


def _channel(block: dict[str, Any], columns: list[str], what: str) -> Channel:
    family, name = block.get("family"), block.get("channel")
    if family in FAMILIES:
        whole = channels_of(family).get(str(name))
        if whole and set(columns) <= set(whole.columns):
            rows = [row for row in whole.datatypes if row.column in columns]
            return whole._replace(datatypes=tuple(rows))
    for one in FAMILIES:
        try:
            whole = channels_of(one)[find(one, str(columns[0])).name]
        except (UnknownChannelError, IndexError):
            continue
        if set(columns) <= set(whole.columns):
            rows = [row for row in whole.datatypes if row.column in columns]
            return whole._replace(datatypes=tuple(rows))
    raise ConfigurationError(
        f"{what} has the columns {columns}, which are not those of a channel: give a "
        "frame of a record, such as record['ecg']"
    )


def window_of(subject: Subject, start: Start | None, duration: Length | None) -> Window:
    """Return the part of a frame that is asked for; with neither, all of it.

    Parameters
    ----------
    subject : Subject
        What is looked at.
    start : str, datetime or timedelta, optional
        A time with a zone, or a length of time behind the first row.
    duration : str or timedelta, optional
        Length; up to the last row by default.

    Raises
    ------
    TimestampError
        If `start` is a time without a zone.
    ConfigurationError
        If a length of time is none.
    """
    stamps = stamps_of(subject.frame)
    tz = pd.DatetimeIndex(subject.frame.index).tz
    assert tz is not None  # noqa: S101  # subject_of has looked
    first = int(stamps[0]) if len(stamps) else 0
    last = int(stamps[-1]) if len(stamps) else 0
    if len(stamps) and first == last:
        # A moment has no width; its sample stands for a step.
        half = int(subject.step_ns() or 1e9) // 2
        first, last = first - half, last + half
    if start is not None:
        first = start_ns(start, first, subject.channel.clock)
        last = max(first, last)
    if duration is not None:
        last = first + length_ns("duration", duration)
    return Window(first, last, tz)


def record_window(
    record: RecordData, start: Start | None, duration: Length | None
) -> Window:
    """Return the part of a record that is asked for; with neither, all of it.

    Parameters
    ----------
    record : RecordData
        What is looked at.
    start : str, datetime or timedelta, optional
        A time with a zone, or a length of time behind the start of the record.
    duration : str or timedelta, optional
        Length; up to the end of the record by default.

    Raises
    ------
    TimestampError
        If `start` is a time without a zone, or the part lies outside the record.
    ConfigurationError
        If a length of time is none.
    """
    ns = NS_PER_TICK[record.clock]
    tz = record.start.tzinfo
    assert tz is not None  # noqa: S101  # a record's times have a zone
    first, last = record.start_tick * ns, record.end_tick * ns
    if start is not None:
        first = start_ns(start, first, record.clock)
        last = max(first, last)
    if duration is not None:
        last = first + length_ns("duration", duration)
    begin, end = record.start_tick * ns, record.end_tick * ns
    if start is not None and (first >= end or last <= begin):
        raise TimestampError(
            f"there is nothing of the record at {start}: it goes from {record.start} "
            f"to {record.end}"
        )
    return Window(first, last, tz)


def start_ns(start: Start, origin: int, clock: Clock) -> int:
    """Return a start in ns since 1970: a time, or a length behind `origin`."""
    if isinstance(start, dt.timedelta) or (
        isinstance(start, str) and not set("-:") & set(start)
    ):
        return origin + length_ns("start", start, least=0)
    tick = time_to_tick(start, clock=clock, rounding="up")
    return tick * NS_PER_TICK[clock]
