"""Quality of a channel: its flags by name, and the spans of bad data with reasons.

Flags are decoded by the table of codes. Further reasons come from the samples: "no
signal", clipping at the limits of the A/D converter, the placeholder before the first
measurement, implausible values, and the belts, which tell when nobody wore the shirt.
What is left is usable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import BLOCK
from hexoframe.analysis.marks import runs, sample_limits
from hexoframe.analysis.wear import find_wear
from hexoframe.channels import channels_of, codes_of
from hexoframe.channels.calibration import implausible, physical, unmeasured
from hexoframe.errors import ConfigurationError
from hexoframe.recording.survey import survey_channel
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Code
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = [
    "bad_spans",
    "decode_quality",
    "doubted_rows",
    "implausible_rows",
    "measured_rows",
    "usable_rows",
    "worn_rows",
]

# What is no flag of the device.
_REASONS = frozenset({"initial", "clipped", "implausible", "not_worn", "handled"})
_SPANS = {
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "reason": "string",
    "absent": "bool",
}
# Clipped samples at most so far apart are one span, such as the two sides of a beat.
_CLIPPED_APART_NS = 1_000_000_000
_SECOND_NS = 1_000_000_000


class _Span(NamedTuple):
    """A span in ns since 1970, end not included."""

    start: int
    end: int
    reason: str
    absent: bool


def decode_quality(record: RecordData, key: str | int) -> pd.DataFrame:
    """Return the quality flags of a channel by name.

    Parameters
    ----------
    record : RecordData
        The record.
    key : str or int
        A channel with a quality channel, the quality channel itself, or a column: then
        flags of other columns (the other belt, another lead) are left out.

    Returns
    -------
    DataFrame of bool, on the times of the quality channel
        A column a flag, as `hexoframe.code_table` names them. Then, where the channel
        can have it: ``no_signal`` (the value that means so) and ``clipped`` (a sample
        at the limit of the converter), True if any sample of the second is such;
        ``initial``, the value that the recorder gives until its first measurement (70
        bpm, 10 rpm, no ventilation); ``implausible``, a value outside the limits of the
        channel table; ``not_worn``, and ``handled`` for what the belts measure, as in
        `Record.wear`. ``unknown`` is True where flags are missing or
        have a bit that the table does not know. Every column is a reason for doubt:
        ``~quality.any(axis=1)`` are the good rows. A record may have a rate or events
        without their quality channel, as a CSV of the dashboard: then every row is
        ``unknown``. Without either there is no row.

    Raises
    ------
    UnknownChannelError, ConfigurationError
        If the model has no such channel, or no quality channel for it.
    """
    channel = record.channel(key)
    judge = _judge(record, channel)
    if judge is None:
        judged = ", ".join(_judged(record))
        raise ConfigurationError(
            f"{record.family} has no quality channel for {channel.name}; it has one "
            f"for: {judged}"
        )
    index, values = _verdicts(record, channel, judge)
    columns = _flags(values, judge, channel)
    if channel.name != judge.name:
        columns |= _told_by_samples(record, channel, index)
        columns |= _told_by_belts(record, channel, index, _step_ns(judge))
    columns["unknown"] = _unknown(values, judge)
    return pd.DataFrame(columns, index=index)


def _verdicts(
    record: RecordData, channel: Channel, judge: Channel
) -> tuple[pd.DatetimeIndex, NDArray[np.floating]]:
    """Return the times and flags of the quality channel; NaN where it is absent."""
    judged = channel.kind != "waveform" and channel.name in record
    if judged and judge.name not in record:
        times = pd.DatetimeIndex(record[channel.name].index)
        return times, np.full(len(times), np.nan)
    frame = record[judge.name]
    return pd.DatetimeIndex(frame.index), frame[judge.columns[0]].to_numpy()


def bad_spans(record: RecordData, key: str | int) -> pd.DataFrame:
    """Return the spans of bad data of a channel, a row a span.

    Parameters
    ----------
    record : RecordData
        The record.
    key : str or int
        Channel, or one column of it.

    Returns
    -------
    DataFrame
        start and end, in the zone of the record: where the first step begins and the
        last one ends (`Record.between` gives the samples); for events the first and the
        last one, which may be the same. reason: the name of a flag, ``unknown``,
        ``initial``, ``clipped``, ``implausible``, ``not_worn`` or ``handled`` as in
        `decode_quality`, or ``missing``, ``no signal`` or ``hole`` as in `Record.gaps`.
        absent: True where nothing was measured (of a body), False where the measurement
        is doubtful. Spans of different reasons overlap.

    Raises
    ------
    UnknownChannelError
        If the model has no such channel.
    """
    channel = record.channel(key)
    spans = [*_doubted(record, channel), *_gaps(record, channel)]
    return _span_table(record, spans)


def _span_table(record: RecordData, spans: list[_Span]) -> pd.DataFrame:
    table = pd.DataFrame(sorted(spans), columns=list(_SPANS))
    for column in ("start", "end"):
        stamps = table[column].to_numpy().astype(np.int64)
        index = pd.DatetimeIndex(stamps.view("datetime64[ns]"), tz="UTC")
        table[column] = index.tz_convert(record.tz)
    zoned = {name: str(table[name].dtype) for name in ("start", "end")}
    return table.astype({**_SPANS, **zoned})


def usable_rows(record: RecordData, key: str | int) -> Marks:
    """Return which rows of a channel are usable, a bool a row of its frame.

    Usable is what was measured, is not flagged, not clipped and plausible, while the
    shirt was worn, as far as the record tells; where the belts cannot tell, wear does
    not count. A row of several columns is usable if all of them are.
    """
    usable = measured_rows(record, key)
    for marks in doubted_rows(record, key).values():
        usable &= ~marks
    return usable


def measured_rows(record: RecordData, key: str | int) -> Marks:
    """Return which rows of a channel have a value in each column.

    The value for "no signal", and an interval of 0, are none.
    """
    values = record[key].to_numpy()
    measured: Marks = ~np.isnan(values).any(axis=1)
    for at, row in enumerate(record.channel(key).datatypes):
        measured &= ~unmeasured(values[:, at], row, scale=record.scale)
    return measured


def doubted_rows(record: RecordData, key: str | int) -> dict[str, Marks]:
    """Return which rows of a channel are in doubt, by the reason.

    Reasons are those of `decode_quality`; all flags, and flags that are not known, are
    ``flagged``. A row may have several reasons; those that no row has are left out.
    """
    channel = record.channel(key)
    spans: dict[str, list[_Span]] = {}
    for span in _doubted(record, channel):
        reason = span.reason if span.reason in _REASONS else "flagged"
        spans.setdefault(reason, []).append(span)
    begins = _begins(record, channel)
    return {reason: _rows_in(begins, channel, some) for reason, some in spans.items()}


def worn_rows(record: RecordData, key: str | int) -> Marks:
    """Return which rows of a channel are not of a shirt that was off.

    Where nothing tells whether it was worn, rows count.
    """
    channel = record.channel(key)
    spans = [span for span in _wear_spans(record, channel) if span.absent]
    return ~_rows_in(_begins(record, channel), channel, spans)


def _begins(record: RecordData, channel: Channel) -> Rows:
    """Return when the steps of the rows of a channel begin, in ns."""
    stamps: Rows = pd.DatetimeIndex(record[channel.name].index).asi8
    return stamps - channel.lag * NS_PER_TICK[record.clock] if channel.lag else stamps


def _rows_in(begins: Rows, channel: Channel, spans: list[_Span]) -> Marks:
    """Return which rows of a channel lie in spans."""
    # Events are moments, and a span of them has both its ends.
    side: Literal["left", "right"] = "right" if channel.kind == "event" else "left"
    first = np.searchsorted(begins, [span.start for span in spans])
    last = np.searchsorted(begins, [span.end for span in spans], side=side)
    marks = np.zeros(len(begins), np.bool_)
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        marks[low:high] = True
    return marks


def _doubted(record: RecordData, channel: Channel) -> Iterator[_Span]:
    """Yield the spans of all reasons but gaps."""
    yield from _flagged(record, channel)
    yield from _initial_spans(record, channel)
    yield from _clipped_spans(record, channel)
    yield from _implausible_spans(record, channel)
    yield from _wear_spans(record, channel)


# --- flags --------------------------------------------------------------------------


def _judge(record: RecordData, channel: Channel) -> Channel | None:
    """Return the quality channel of a channel; a quality channel is its own."""
    row = channel.datatypes[0]
    if row.align == "or":
        return channel
    return record.channel(row.quality) if row.quality else None


def _judged(record: RecordData) -> list[str]:
    channels = channels_of(record.family).values()
    return [channel.name for channel in channels if channel.datatypes[0].quality]


def _codes(judge: Channel, channel: Channel) -> list[Code]:
    """Return the flags about the columns of a channel."""
    codes = codes_of(judge.datatypes[0].codes)
    # All flags count for a rate: they are about the columns it is computed from.
    spoken_of = {code.column for code in codes} & set(channel.columns)
    if not spoken_of:
        return list(codes)
    return [code for code in codes if code.column in spoken_of or not code.column]


def _flags(
    values: NDArray[np.floating], judge: Channel, channel: Channel
) -> dict[str, Marks]:
    bits = np.nan_to_num(values).astype(np.int64)
    return {code.name: (bits & code.value) != 0 for code in _codes(judge, channel)}


def _unknown(values: NDArray[np.floating], judge: Channel) -> Marks:
    """Where flags are missing, or have a bit that the table does not know."""
    known = sum(code.value for code in codes_of(judge.datatypes[0].codes))
    bits = np.nan_to_num(values).astype(np.int64)
    unknown: Marks = np.isnan(values) | ((bits & ~known) != 0)
    return unknown


def _flagged(record: RecordData, channel: Channel) -> Iterator[_Span]:
    judge = _judge(record, channel)
    if judge is None or judge.name not in record:
        return
    frame = record[judge.name]
    values = frame[judge.columns[0]].to_numpy()
    stamps = pd.DatetimeIndex(frame.index).asi8
    step = _step_ns(judge)
    flags = _flags(values, judge, channel)
    for code in _codes(judge, channel):
        for start, end in runs(stamps, flags[code.name], step):
            yield _Span(start - step, end, code.name, code.sensor_off)
    for start, end in runs(stamps, _unknown(values, judge), step):
        yield _Span(start - step, end, "unknown", absent=False)


def _step_ns(channel: Channel) -> int:
    """Distance of samples in ns; 0 for events, which have no length."""
    return round((channel.ticks or 0) * NS_PER_TICK[channel.clock])


# --- what the samples themselves tell -----------------------------------------------


def _told_by_samples(
    record: RecordData, channel: Channel, times: pd.DatetimeIndex
) -> dict[str, Marks]:
    """Columns that the samples add to the flags, at the times of the flags."""
    row = channel.datatypes[0]
    stamps = times.asi8
    told: dict[str, Marks] = {}
    if row.interval or row.void is not None:
        told["no_signal"] = _seconds(record, channel, stamps, _void(record, channel))
    if sample_limits(row, record.scale):
        told["clipped"] = _seconds(record, channel, stamps, _clipped(record, channel))
    if row.initial is not None:
        told["initial"] = np.zeros(len(stamps), dtype=np.bool_)
        ns = NS_PER_TICK[record.clock]
        for first, last in record.initial_spans(channel.name):
            told["initial"] |= (stamps >= first * ns) & (stamps <= last * ns)
    if any(row.plausible for row in channel.datatypes):
        marks = implausible_rows(record, channel)
        told["implausible"] = _seconds(record, channel, stamps, marks)
    return told


def _told_by_belts(
    record: RecordData, channel: Channel, times: pd.DatetimeIndex, step: int
) -> dict[str, Marks]:
    """Columns of wear, at the times of the flags, which end a step or are moments."""
    stamps = times.asi8
    reasons = (
        ("not_worn", "handled") if _is_of_belts(record, channel) else ("not_worn",)
    )
    told = {reason: np.zeros(len(stamps), dtype=np.bool_) for reason in reasons}
    for span in _wear_spans(record, channel):
        begun = stamps > span.start if step else stamps >= span.start
        told[span.reason] |= begun & (stamps - step < span.end)
    return told


def _wear_spans(record: RecordData, channel: Channel) -> Iterator[_Span]:
    wear, ns = find_wear(record), NS_PER_TICK[record.clock]
    for start, end in wear.not_worn:
        yield _Span(start * ns, end * ns, "not_worn", absent=True)
    if _is_of_belts(record, channel):
        for start, end in wear.handled:
            yield _Span(start * ns, end * ns, "handled", absent=False)


def _is_of_belts(record: RecordData, channel: Channel) -> bool:
    """Whether a channel is measured by the belts: their flags judge it too."""
    judges = {
        row.quality
        for one in channels_of(record.family).values()
        for row in one.datatypes
        if row.wear == "belt"
    }
    return channel.datatypes[0].quality in judges


def implausible_rows(record: RecordData, channel: Channel) -> Marks:
    """Return which rows have a value outside the limits of the table."""
    frame = record[channel.name]
    marks = np.zeros(len(frame), dtype=np.bool_)
    for row in channel.datatypes:
        values = physical(row, frame[row.column].to_numpy(), record.scale)
        marks |= implausible(row, values)
    return marks


def _implausible_spans(record: RecordData, channel: Channel) -> Iterator[_Span]:
    if not any(row.plausible for row in channel.datatypes):
        return
    stamps = pd.DatetimeIndex(record[channel.name].index).asi8
    step = _step_ns(channel)
    for start, end in runs(stamps, implausible_rows(record, channel), step):
        yield _Span(start - step, end, "implausible", absent=False)


def _seconds(
    record: RecordData, channel: Channel, judging: Rows, marks: Marks
) -> Marks:
    """Rows of the quality channel whose second holds a marked sample."""
    marked = pd.DatetimeIndex(record[channel.name].index).asi8[marks]
    # A sample of a waveform begins its step, and flags end their second; everything
    # else has the same stamp as its flags.
    wave = channel.kind == "waveform"
    rows = np.searchsorted(judging, marked, side="right" if wave else "left")
    inside = rows < len(judging)
    rows, marked = rows[inside], marked[inside]
    near = judging[rows] - marked <= (_SECOND_NS if wave else 0)
    told = np.zeros(len(judging), dtype=np.bool_)
    told[rows[near]] = True
    return told


def _void(record: RecordData, channel: Channel) -> Marks:
    frame = record[channel.name]
    marks = np.zeros(len(frame), dtype=np.bool_)
    for row in channel.datatypes:
        values = frame[row.column].to_numpy()
        marks |= unmeasured(values, row, scale=record.scale)
    return marks


def _clipped(record: RecordData, channel: Channel) -> Marks:
    frame = record[channel.name]
    marks = np.zeros(len(frame), dtype=np.bool_)
    for row in channel.datatypes:
        limits = sample_limits(row, record.scale)
        if limits is None:
            continue
        samples = frame[row.column].to_numpy()
        # The lower limit may be the value for "no signal".
        low, high = limits[0] if row.void is None else row.void, limits[1]
        for first in range(0, len(samples), BLOCK):
            block = samples[first : first + BLOCK]
            # Most blocks have none, and minimum and maximum are quicker to compare.
            if np.fmin.reduce(block) < low or np.fmax.reduce(block) > high:
                marks[first : first + BLOCK] |= (block < low) | (block > high)
    return marks


def _clipped_spans(record: RecordData, channel: Channel) -> Iterator[_Span]:
    if sample_limits(channel.datatypes[0], record.scale) is None:
        return
    marked = pd.DatetimeIndex(record[channel.name].index).asi8[
        _clipped(record, channel)
    ]
    everywhere = np.ones(len(marked), dtype=np.bool_)
    for start, end in runs(marked, everywhere, _CLIPPED_APART_NS):
        yield _Span(start, end + _step_ns(channel), "clipped", absent=False)


def _initial_spans(record: RecordData, channel: Channel) -> Iterator[_Span]:
    ns, step = NS_PER_TICK[record.clock], _step_ns(channel)
    for first, last in record.initial_spans(channel.name):
        start = max(first * ns - step, record.start_tick * ns)
        yield _Span(start, last * ns, "initial", absent=True)


def _gaps(record: RecordData, channel: Channel) -> Iterator[_Span]:
    if channel.name not in record:
        return
    whole = channels_of(record.family)[channel.name]
    if channel.columns == whole.columns:
        gaps = record.survey(channel.name).gaps
    else:
        span = (record.start_tick, record.end_tick)
        frame = record[channel.columns[0]]
        receipt = record.receipt(channel.name)
        gaps = survey_channel(channel, frame, span, receipt, scale=record.scale).gaps
    ns = NS_PER_TICK[record.clock]
    for gap in gaps:
        # The flags name the sensor that was off.
        if gap.kind != "sensor off":
            yield _Span(gap.start * ns, gap.end * ns, gap.kind, absent=True)
