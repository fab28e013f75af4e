"""Spans of time for results: `by=` as half-open spans of ticks with names.

A span takes the samples whose steps begin in it, as `Record.between` and
`Record.windows` do. What is computed of them belongs in the module of the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.grids import edges_of, grids_of
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError, warn
from hexoframe.recording import metadata
from hexoframe.recording.facts import ranges_of_sleep
from hexoframe.timestamps.moments import length_ns, moment_to_tick
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index, time_to_tick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.bins import Grid
    from hexoframe.analysis.grids import Origin
    from hexoframe.recording.data import RecordData

    Ticks = NDArray[np.int64]
    By = str | pd.Timedelta | pd.DataFrame | None

__all__ = ["Spans", "spans_of", "window_length_s", "window_spans"]

# A result has a row a span: more are a mistake.
_MOST_SPANS = 1_000_000
_DAY_NS = 86_400 * 10**9
_OPEN_LEFT, _OPEN_RIGHT = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_OWN = ("start", "end", "span_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Half-open spans of a record, in ticks, cut to the record.

    Attributes
    ----------
    starts, ends : ndarray of int64, shape (n,)
        First tick, and the tick at which the span ends.
    lows, highs : ndarray of int64, shape (n,)
        Steps that begin from `lows` up to, not including, `highs` belong to the span:
        the same ticks, but without a limit at the edges of the record, since samples
        may outlast it.
    yields : bool
        Whether labels that a result has too give way to those of the result.
    labels : DataFrame, shape (n, columns)
        What identifies each span (``id``, ``name`` and ``activity_type`` of a range,
        ``day``, or the caller's columns), then ``start``, ``end`` in the zone of the
        record, and ``span_share``: the part of the span that lies in the record.
    """

    starts: Ticks
    ends: Ticks
    lows: Ticks
    highs: Ticks
    yields: bool = False
    labels: pd.DataFrame

    def __len__(self) -> int:
        """Count the spans."""
        return len(self.starts)

    def rows(self, begins: Ticks) -> tuple[Ticks, Ticks]:
        """Return the first row of each span and the row behind its last one.

        `begins` are the ticks at which the steps of the rows begin, ascending: the
        stamps less the lag of the channel.
        """
        first = np.searchsorted(begins, self.lows).astype(np.int64)
        last = np.searchsorted(begins, self.highs).astype(np.int64)
        return first, np.maximum(first, last)

    def covers(self, record: RecordData) -> NDArray[np.bool_]:
        """Return which spans are the whole record."""
        whole: NDArray[np.bool_] = (self.starts == record.start_tick) & (
            self.ends == record.end_tick
        )
        return whole

    def labelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return results with the labels of their spans before them.

        `table` has the same number of rows for each span, span by span.
        """
        twice = [name for name in self.labels if name in table]
        if twice and not self.yields:
            raise ConfigurationError(
                f"by= has the column {twice[0]!r}, and the result has one too: rename "
                "yours"
            )
        each = len(table) // len(self) if len(self) else 0
        places = np.repeat(np.arange(len(self)), each)
        labels = self.labels.drop(columns=twice).iloc[places].reset_index(drop=True)
        return pd.concat([labels, table.reset_index(drop=True)], axis=1)


def spans_of(record: RecordData, by: By = None, *, origin: Origin = "start") -> Spans:
    """Return the spans that `by` names, cut to the record.

    Parameters
    ----------
    record : RecordData
        The record.
    by : str, Timedelta, DataFrame or None
        None or ``"whole"`` is the whole record; a length of time such as ``"5min"``;
        ``"ranges"`` the activities of the record and ``"sleep"`` those of sleep;
        ``"day"`` the days of the zone in which the record is shown, of 23 or 25 hours
        where clocks change. A DataFrame has columns ``start`` and ``end`` of times with
        a zone; its other columns stay as labels. Spans of ranges and of a table may
        overlap.
    origin : {"start", "epoch", "midnight"}
        Where spans of equal length begin: with the record, at whole multiples in UTC,
        or at midnight in the zone of the record.

    Returns
    -------
    Spans
        In the order of the record or of the table. The last span of equal length, a
        range that reaches out of the record, and the first and last day are kept as
        far as they lie in the record, and ``span_share`` says how far. A row of a table
        that lies outside stays, with a share of 0. A record of which the source says
        that it has no activity gives no span, and a warning.

    Raises
    ------
    ConfigurationError
        If `by` is none of these, `origin` another word, there would be more than a
        million spans, or the source of the record does not know activities.
    TimestampError
        If a time of a table has no zone or is missing, or a span ends before it starts.
    """
    if isinstance(by, pd.DataFrame):
        return _of_table(record, by)
    if by is None or by == "whole":
        whole = np.array([[record.start_tick, record.end_tick]], np.int64)
        return _spans(record, whole, pd.DataFrame(index=range(1)))
    if isinstance(by, str) and by in _KINDS:
        return _KINDS[by](record)
    return _of_length(record, by, origin)


def window_spans(record: RecordData, window: By, origin: Origin) -> Spans:
    """Return `spans_of`; messages name the argument as results with windows call it."""
    try:
        return spans_of(record, window, origin=origin)
    except (ConfigurationError, TimestampError) as error:
        raise type(error)(str(error).replace("by=", "window=")) from error


def window_length_s(window: By) -> float | None:
    """Return the length of windows in s; None for spans that are not of one length."""
    if window is None or isinstance(window, pd.DataFrame):
        return None
    try:
        return length_ns("window", window) / 1e9
    except ConfigurationError:
        return None  # the name of spans: others were refused before


def _of_length(record: RecordData, by: Any, origin: Origin) -> Spans:
    try:
        period = length_ns("by", by)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"by={by!r}: give a length of time such as '5min', one of "
            f"{', '.join(_KINDS)}, whole, or a DataFrame with the columns start and end"
        ) from error
    ns = NS_PER_TICK[record.clock]
    if period <= ns:
        raise ConfigurationError(f"by={by!r}: give a length above one tick")
    grids = grids_of(record, period, origin)
    bins = sum(grid.bins for grid in grids)
    if bins > _MOST_SPANS:
        raise ConfigurationError(
            f"by={by!r} makes {bins:,} spans of this record, more than "
            f"{_MOST_SPANS:,}: give a longer time; to_frame makes a table of samples"
        )
    wanted = _between_edges(record, grids)
    return _spans(record, wanted, pd.DataFrame(index=range(bins)))


def _between_edges(record: RecordData, grids: list[Grid]) -> Ticks:
    """Return the spans of grids that follow each other, shape (n, 2)."""
    # A length need not be a whole number of ticks: a span begins with the next one.
    ticks = -(-edges_of(grids) // NS_PER_TICK[record.clock])
    return np.stack((ticks[:-1], ticks[1:]), axis=1)


def _of_days(record: RecordData) -> Spans:
    wanted = _between_edges(record, grids_of(record, _DAY_NS, "midnight"))
    times = ticks_to_index(wanted[:, 0], clock=record.clock).tz_convert(record.tz)
    return _spans(record, wanted, pd.DataFrame({"day": times.date}))


def _of_ranges(record: RecordData) -> Spans:
    ranges = record.facts.ranges
    return _of_activities(record, ranges, "activities")


def _of_sleep(record: RecordData) -> Spans:
    ranges = record.facts.ranges
    asleep = None if ranges is None else ranges_of_sleep(ranges)
    return _of_activities(record, asleep, "activities of sleep")


_KINDS = {"ranges": _of_ranges, "sleep": _of_sleep, "day": _of_days}


def _of_activities(record: RecordData, ranges: pd.DataFrame | None, what: str) -> Spans:
    name = "this record" if record.id is None else f"record {record.id}"
    if ranges is None:
        raise ConfigurationError(
            f"{name} comes from files, and they hold no activities: load it from the "
            "service, which has them, or give by= a length such as '5min', or a "
            "DataFrame with the columns start and end"
        )
    if not len(ranges):
        warn(
            f"{name} has no {what}, so there is no row: ask for a length such as "
            "'5min', or give a DataFrame with the columns start and end",
            HexoframeWarning,
        )
    # An activity that still goes on has no end, and is one to the end of the record.
    wanted = np.stack(
        [
            np.array(
                [
                    edge
                    if pd.isna(time)
                    else time_to_tick(time, clock=record.clock, rounding="up")
                    for time in ranges[column]
                ],
                np.int64,
            )
            for column, edge in (("start", record.start_tick), ("end", record.end_tick))
        ],
        axis=1,
    )
    labels = ranges[["id", "name", "trainingroutine"]]
    labels = labels.rename(columns={"trainingroutine": "activity_type"})
    return _spans(record, wanted, labels.reset_index(drop=True))


def _of_table(record: RecordData, table: pd.DataFrame) -> Spans:
    lacks = [name for name in ("start", "end") if name not in table]
    if lacks:
        raise ConfigurationError(
            f"the table given as by= has no column {lacks[0]!r}: it needs start and "
            f"end, and has {', '.join(map(str, table.columns)) or 'none'}"
        )
    wanted = np.array(
        [
            [
                _tick(record, time, f"{column} of row {row}")
                for column, time in zip(("start", "end"), pair, strict=True)
            ]
            for row, pair in enumerate(zip(table["start"], table["end"], strict=True))
        ],
        np.int64,
    ).reshape(-1, 2)
    others = [name for name in table if name not in _OWN]
    made = _spans(record, wanted, table[others].reset_index(drop=True))
    # A table of hexoframe, such as bouts, names its own figures as other results do.
    return replace(made, yields=bool(metadata.block_of(table)))


def _tick(record: RecordData, time: Any, what: str) -> int:
    try:
        return moment_to_tick(time, clock=record.clock, origin=record.start_tick)
    except TimestampError as error:
        raise TimestampError(f"by=, {what}: {error}") from error


def _spans(record: RecordData, wanted: Ticks, labels: pd.DataFrame) -> Spans:
    """Cut spans of ticks, shape (n, 2), to the record."""
    low, high = record.start_tick, record.end_tick
    starts, ends = wanted[:, 0], wanted[:, 1]
    back = np.flatnonzero(ends < starts)
    if len(back):
        row = int(back[0])
        first, last = ticks_to_index(wanted[row], clock=record.clock)
        raise TimestampError(
            f"span {row} of by= ends ({last}) before it starts ({first}): exchange them"
        )
    kept = np.clip(wanted, low, high)
    length, inside = ends - starts, kept[:, 1] - kept[:, 0]
    # A record or span without length is whole, if it is there at all.
    there = (starts >= low) & (ends <= high)
    share = np.where(length > 0, inside / np.maximum(length, 1), there.astype(float))
    empty = share == 0
    lows = np.where((starts <= low) & ~empty, _OPEN_LEFT, kept[:, 0])
    highs = np.where((ends >= high) & ~empty, _OPEN_RIGHT, kept[:, 1])
    highs = np.where(empty, lows, highs)
    times = {
        name: ticks_to_index(kept[:, at], clock=record.clock).tz_convert(record.tz)
        for at, name in enumerate(("start", "end"))
    }
    return Spans(
        starts=kept[:, 0],
        ends=kept[:, 1],
        lows=lows,
        highs=highs,
        labels=labels.assign(**times, span_share=share),
    )
