"""Beats: which RR intervals count, and which two of them are neighbours.

Stamps and intervals are whole ticks here, so that "the second begins where the first
ends" is a comparison of integers. What is computed of them is for `hrv`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hexoframe.analysis.spans import spans_of
from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.channels.calibration import physical, unmeasured
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError, warn
from hexoframe.recording import metadata
from hexoframe.recording.scales import without_warning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.spans import Spans
    from hexoframe.channels import Datatype
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = [
    "RR",
    "Counted",
    "RRSeries",
    "beats_of",
    "counted_beats",
    "rr_channel",
    "vendor_rmssd",
    "vendor_rmssds",
]

Counted = Literal["good", "nn", "all"]

RR = "rr_interval"
"""The channel of the intervals."""
_NN, _QUALITY = "nn_interval", "rr_interval_quality"
_SECOND_NS = 1_000_000_000
# Stamps and intervals are whole ticks; a float of seconds is off by far less.
_RESIDUE = 0.01
# Where no clock is known, ticks are ns, and neighbours may be off by what rounding of
# seconds to a float and of stamps to us makes.
_PLAY_NS = 1000
# No heart waits so long; the sum of intervals in ns must also fit into 64 bits.
_LONGEST_S = 86_400
# Nor does any beat so slowly: such a median is one of milliseconds.
_SLOWEST_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RRSeries:
    """Intervals between beats, in ticks.

    Attributes
    ----------
    ticks : ndarray of int64, shape (n,)
        Stamps of the beats, ascending; an interval ends with its beat.
    intervals : ndarray of int64, shape (n,)
        Time since the beat before; 0 where there is none.
    counts : ndarray of bool, shape (n,)
        Which intervals count.
    clock : int
        Ticks in a second.
    play : int
        By how many ticks two neighbours may be off.
    judged_by : str
        What decides whether an interval counts: ``"quality"`` (the flags, and the
        limits of the channel table), ``"nn"`` (the channel of accepted intervals),
        ``"limits"`` (the limits alone), or ``"none"``.
    """

    ticks: Rows
    intervals: Rows
    counts: Marks
    clock: int
    play: int = 0
    judged_by: str = "quality"

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ticks)

    @property
    def strays(self) -> Marks:
        """Which intervals do not begin at the row before.

        None does in a recording as it was made: stamps were rounded, rows lost or
        thinned.
        """
        reach = self.ticks[1:] - self.intervals[1:]
        marks = np.zeros(len(self), np.bool_)
        off = np.abs(reach - self.ticks[:-1]) > self.play
        marks[1:] = off & (self.intervals[1:] > 0)
        return marks

    @property
    def pairs(self) -> Marks:
        """Which rows form a pair with the row before: both count, and they touch."""
        marks = np.zeros(len(self), np.bool_)
        marks[1:] = self.counts[1:] & self.counts[:-1] & ~self.strays[1:]
        return marks

    @property
    def milliseconds(self) -> NDArray[np.float64]:
        """The intervals in ms."""
        # Whole ticks times 1000 are exact, so that 186 / 256 s is 726.5625 ms.
        ms: NDArray[np.float64] = self.intervals * 1000.0 / self.clock
        return ms

    def covered(self, edges: Rows) -> Rows:
        """Return for how many ticks before each edge an interval that counts ran.

        Of an interval that reaches over the edge, the part before it.
        """
        ends = self.ticks[self.counts]
        # An interval that overlaps the beat before covers no time twice.
        since = np.diff(self.ticks, prepend=np.iinfo(np.int64).min // 2)
        lengths = np.minimum(self.intervals, since)[self.counts]
        sums = np.concatenate(([0], np.cumsum(lengths)))
        beat = np.searchsorted(ends, edges)
        held = np.append(lengths, 0)[beat]
        begins = np.append(ends, 0)[beat] - held
        covered: Rows = sums[beat] + np.clip(edges - begins, 0, held)
        return covered


# -- of a frame ------------------------------------------------------------------------


def beats_of(rr: pd.DataFrame | pd.Series[Any], quality: Any = None) -> RRSeries:
    """Return the beats of a frame or series, as `hexoframe.analysis.hrv` says.

    Parameters
    ----------
    rr : DataFrame of one column or Series, shape (n,), in s
        Intervals at the times of their later beats.
    quality : DataFrame of one column or Series, optional
        Flags of the beats: those without a flag count. Without it, every interval
        within the limits of the channel table does.

    Returns
    -------
    RRSeries
        Rows of NaN and of 0 do not count.

    Raises
    ------
    ConfigurationError, TimestampError
        If `rr` is no such frame, has negative or infinite intervals, times that do not
        ascend, or times or intervals that are no whole ticks. In a frame of a record,
        intervals outside of what the recorder measures are as missing.
    """
    column = _column("rr", rr)
    index = _index("rr", column)
    block = metadata.block_of(rr)
    family = block.get("family", "hexoskin")
    row = channels_of(family)[RR].datatypes[0]
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = physical(row, values, block.get("scale", "physical"))
    if block:
        values = _measured(row, values)
    clock = CLOCK_OF_FAMILY[family] if "family" in block else _clock_of(index, values)
    made = _make(index, values, clock)
    if quality is None:
        plausible = _plausible(row, made)
        return replace(made, counts=made.counts & plausible, judged_by="limits")
    flags = _column("quality", quality)
    unflagged = _unflagged(_index("quality", flags), flags.to_numpy(), index)
    return replace(made, counts=made.counts & unflagged)


def _measured(row: Datatype, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return intervals of a recorder, NaN where the number is no measurement."""
    return np.where(np.isfinite(values) & unmeasured(values, row), np.nan, values)


def _column(name: str, given: Any) -> pd.Series[Any]:
    if isinstance(given, pd.DataFrame) and given.shape[1] == 1:
        return given.iloc[:, 0]
    if isinstance(given, pd.Series):
        return given
    columns = f" of {given.shape[1]} columns" if isinstance(given, pd.DataFrame) else ""
    raise ConfigurationError(
        f"{name} is a {type(given).__name__}{columns}: give record[{RR!r}], or a "
        "Series of intervals in s whose index holds the times of the beats"
    )


def _index(name: str, column: pd.Series[Any]) -> pd.DatetimeIndex:
    index = column.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise TimestampError(
            f"{name} has an index of {index.dtype}, not times with a zone: intervals "
            "need the times of their beats, since only these tell which two are "
            "neighbours; pd.to_datetime(seconds, unit='s', utc=True) makes them"
        )
    if index.hasnans:
        row = int(index.isna().argmax())
        raise TimestampError(f"{name}, row {row}: the time is missing; drop such rows")
    return index


def _make(
    index: pd.DatetimeIndex, values: NDArray[np.floating], clock: int
) -> RRSeries:
    """Make beats of ticks; every interval above 0 counts."""
    intervals = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)
    wrong = (intervals < 0) | (intervals > _LONGEST_S)
    if wrong.any():
        row = int(wrong.argmax())
        raise ConfigurationError(
            f"the interval of row {row} ({index[row].isoformat()}) is "
            f"{values[row]:g} s: give intervals in s from 0 (no beat before) to "
            f"{_LONGEST_S}, or NaN"
        )
    usual = float(np.median(intervals[intervals > 0])) if intervals.any() else 0.0
    if usual > _SLOWEST_S:
        raise ConfigurationError(
            f"the median interval is {usual:g} s, which no heart has: give intervals "
            "in s; if yours are in ms, divide them by 1000"
        )
    ticks = _ticks(index.as_unit("ns").asi8, clock)
    stands = np.flatnonzero(np.diff(ticks) <= 0)
    if len(stands):
        row = int(stands[0]) + 1
        what = "come twice" if ticks[row] == ticks[row - 1] else "run backwards"
        raise TimestampError(
            f"the times of beats {what} at row {row} ({index[row].isoformat()} after "
            f"{index[row - 1].isoformat()}): a heart beats once at a time; sort the "
            "rows and drop those that came twice"
        )
    whole = _whole(intervals, clock)
    return RRSeries(
        ticks=ticks,
        intervals=whole,
        counts=whole > 0,
        clock=clock,
        play=_PLAY_NS if clock == _SECOND_NS else 0,
    )


def _ticks(stamps: Rows, clock: int) -> Rows:
    """Return stamps in ns as ticks; refuse those between two."""
    step = _SECOND_NS // clock
    ticks: Rows = (stamps + step // 2) // step
    off = np.abs(stamps - ticks * step) > _RESIDUE * step
    if off.any():
        row = int(off.argmax())
        raise TimestampError(
            f"row {row}: {pd.Timestamp(int(stamps[row]), unit='ns', tz='UTC')} is no "
            f"whole tick of 1/{clock} s: the times were rounded, and nothing tells "
            "which beats are neighbours; take the times of the source"
        )
    return ticks


def _whole(intervals: NDArray[np.floating], clock: int) -> Rows:
    """Return intervals in s as ticks; refuse those between two."""
    scaled = intervals * clock
    whole: Rows = np.rint(scaled).astype(np.int64)
    off = np.abs(scaled - whole) > _RESIDUE
    if clock != _SECOND_NS and off.any():
        row = int(off.argmax())
        raise ConfigurationError(
            f"the interval of row {row}, {intervals[row]:g} s, is no whole number of "
            f"ticks of 1/{clock} s ({scaled[row]:.3f}): give the intervals as the "
            "source has them, in s"
        )
    return whole


def _clock_of(index: pd.DatetimeIndex, values: NDArray[np.floating]) -> int:
    """Return the clock whose ticks all stamps and intervals are; ns without one."""
    stamps = index.as_unit("ns").asi8
    known = values[np.isfinite(values)]
    for clock in sorted(set(CLOCK_OF_FAMILY.values())):
        step = _SECOND_NS // clock
        scaled = known * clock
        if (stamps % step == 0).all() and (
            np.abs(scaled - np.rint(scaled)) <= _RESIDUE
        ).all():
            return clock
    return _SECOND_NS


def _plausible(row: Datatype, made: RRSeries) -> Marks:
    """Return which intervals lie within the limits of the channel table."""
    seconds = made.intervals / made.clock
    marks = np.zeros(len(made), np.bool_)
    for low, high in row.plausible:
        marks |= (seconds >= low) & (seconds <= high)
    return marks


def _unflagged(
    judged: pd.DatetimeIndex, flags: NDArray[Any], index: pd.DatetimeIndex
) -> Marks:
    """Return which beats have a row of flags, and none is set."""
    stamps, at = index.as_unit("ns").asi8, judged.as_unit("ns").asi8
    marks: Marks = flags == 0
    # Nearly always: then each beat has its row, and nothing must be looked up.
    if np.array_equal(at, stamps):
        return marks
    found: Marks = np.isin(stamps, at[marks]) & ~np.isin(stamps, at[~marks])
    return found


# -- of a record -----------------------------------------------------------------------


def counted_beats(record: RecordData, counted: Counted, kept: Marks) -> RRSeries:
    """Return the beats of a record.

    Parameters
    ----------
    record : RecordData
        The record.
    counted : {"good", "nn", "all"}
        Which intervals above 0 count: those without a flag, those of the channel of
        accepted intervals, or all.
    kept : ndarray of bool, shape (n,)
        Which rows of the channel may count at all.

    Returns
    -------
    RRSeries
        Without a channel of flags, plausible intervals count as good, and a warning
        says so.

    Raises
    ------
    ConfigurationError
        If the record has no channel of intervals.
    """
    with without_warning():
        made = _all_beats(record)
        made = replace(made, counts=made.counts & kept)
        if counted == "good":
            return _good_beats(record, made)
        if counted == "all":
            return replace(made, judged_by="none")
        accepted = pd.DatetimeIndex(rr_channel(record, _NN).index).asi8
        stamps = pd.DatetimeIndex(record[RR].index).asi8
        return replace(
            made, counts=made.counts & np.isin(stamps, accepted), judged_by="nn"
        )


def rr_channel(record: RecordData, name: str) -> pd.DataFrame:
    """Return a channel of intervals, which the record must have."""
    frame = record[name]  # it may say that it was left out
    if name not in record:
        who = "the record" if record.id is None else f"record {record.id}"
        raise ConfigurationError(
            f"{who} has no channel {name}, from which variability is computed: a CSV "
            "of the dashboard never has it. The binary export (ZIP) of the record has "
            "it, and so has hexoframe.load_record(id)"
        )
    return frame


def _all_beats(record: RecordData) -> RRSeries:
    frame = rr_channel(record, RR)
    row = record.channel(RR).datatypes[0]
    values = physical(row, frame[row.column].to_numpy(), record.scale)
    values = _measured(row, values)
    return _make(pd.DatetimeIndex(frame.index), values, record.clock)


def _good_beats(record: RecordData, made: RRSeries) -> RRSeries:
    flags = record[_QUALITY]
    if not len(flags):
        if len(made):
            warn(
                "there are no quality flags of the RR intervals (old .txt files have "
                "none), so every plausible interval counts as good: differences may be "
                "those of artefacts. The binary export has the flags",
                HexoframeWarning,
            )
        return replace(made, judged_by="limits")
    beats, judged = (pd.DatetimeIndex(record[name].index) for name in (RR, _QUALITY))
    # A beat whose flags were lost is not good; the spans of flags do not tell of it.
    unflagged = _unflagged(judged, flags.iloc[:, 0].to_numpy(), beats)
    return replace(made, counts=made.counts & unflagged)


def vendor_rmssd(record: RecordData) -> float:
    """Return the RMSSD of a record by the rule of the vendor, in ms.

    The vendor takes the intervals without a flag one after the other, and counts their
    differences also across holes; the exports print the same to the last digit. It is
    here for comparison: differences of beats that are no neighbours are no variability.

    Parameters
    ----------
    record : RecordData
        The record.

    Returns
    -------
    float
        NaN with fewer than two such intervals, or without intervals or flags.
    """
    found, _ = vendor_rmssds(record, spans_of(record))
    return float(found[0])


def vendor_rmssds(
    record: RecordData, spans: Spans
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `vendor_rmssd` of each span, and the number of its differences."""
    nothing = np.full(len(spans), np.nan)
    if RR not in record or _QUALITY not in record:
        return nothing, np.zeros(len(spans))
    with without_warning():
        made = _all_beats(record)
        beats, judged = (
            pd.DatetimeIndex(record[name].index) for name in (RR, _QUALITY)
        )
        flags = record[_QUALITY].iloc[:, 0].to_numpy()
    kept = made.counts & _unflagged(judged, flags, beats)
    first, last = spans.rows(made.ticks[kept])
    # The first beat of a span has nothing before it.
    first = np.minimum(first + 1, last)
    steps = np.diff(made.intervals[kept], prepend=0)
    squares = np.concatenate(([0], np.cumsum(steps**2)))
    n = (last - first).astype(np.float64)
    mean = np.divide(squares[last] - squares[first], n, out=nothing, where=n > 0)
    return np.sqrt(mean) * 1000 / made.clock, n
