"""Breaths: a row a breath, from the events of the device or the signal of the belts.

A breath goes from the beginning of an inspiration to that of the next one. Figures of
spans are for `breathing`, the comparison of both sources for `breathcheck`, volumes by
a calibration for `volumes`. Definitions of the columns are data (`definitions.csv`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from hexoframe.analysis.beats import RR, counted_beats
from hexoframe.analysis.beltwave import (
    BELTS,
    BreathEvents,
    find_wave_events,
    measured_spans,
)
from hexoframe.analysis.observed import lost_spans, require_channel
from hexoframe.analysis.quality import bad_spans, usable_rows
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.channels.calibration import implausible, physical
from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.recording import metadata
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.volumes import VolumeCalibration
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

BreathSource = Literal["device", "waveform"]

__all__ = [
    "LONGEST_S",
    "BreathSource",
    "Breaths",
    "breath_volumes",
    "device_events",
    "doubted_spans",
    "find_breaths",
    "list_breaths",
    "respiratory_arrhythmia",
    "seen_spans",
]

_IN, _OUT = "inspiration", "expiration"
_RATE, _RATE_QUALITY, _VOLUME = (
    "breathing_rate",
    "breathing_rate_quality",
    "tidal_volume",
)
_STEP = "step"
LONGEST_S = 15.0
"""What is longer is no breath, unless the caller says so: under 4 a minute."""
# Reasons of `bad_spans` that are none against a breath: those of a mean of breaths.
_OF_THE_RATE = frozenset({"initial", "implausible"})
_OF_GAPS = frozenset({"missing", "no signal", "hole"})
# Vendor documentation; in real records volumes change 0.3 to 0.7 s after the turn.
_DECIDES_S = 0.75
# With fewer beats there is no shortest and longest of a breath.
_LEAST_BEATS = 3
_UNITS = {
    "ti": "s",
    "te": "s",
    "ttot": "s",
    "amplitude": "count",
    "volume": "mL",
    "rsa": "ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaths:
    """Breaths in ticks, in order; one ends where the next begins, or before.

    Attributes
    ----------
    starts, turns, ends : ndarray of int64, shape (n,)
        Beginning of the inspiration, of the expiration, and of the next inspiration;
        without an expiration, the turn is the end.
    amplitudes : ndarray of float64, shape (n,), in counts
        How far the weighted signal falls; NaN without an expiration.
    reasons : ndarray of str, shape (n,)
        Why a breath is not usable; empty where it is.
    clock : int
        Ticks in a second.
    """

    starts: Ticks
    turns: Ticks
    ends: Ticks
    amplitudes: Values
    reasons: NDArray[np.object_]
    clock: int

    def __len__(self) -> int:
        """Count the breaths."""
        return len(self.starts)

    @property
    def usable(self) -> Marks:
        """Which breaths are usable."""
        marks: Marks = self.reasons == ""
        return marks


# -- events ----------------------------------------------------------------------------


def device_events(record: RecordData) -> BreathEvents:
    """Return the breaths that the device found, which the record must have."""
    found: list[Any] = []
    for name in (_IN, _OUT):
        hint = "a CSV of the dashboard never has it; the binary export (ZIP) has it"
        if BELTS in record:
            hint += ", and source='waveform' finds breaths in the signal of the belts"
        frame = require_channel(record, name, "breaths are made", hint)
        channel = record.channel(name)
        row = channel.datatypes[0]
        counts = frame[row.column].to_numpy(np.float64)
        found += [ticks_of(frame, channel), physical(row, counts, record.scale)]
    return BreathEvents(*found)


def _events(record: RecordData, source: BreathSource) -> BreathEvents:
    if source not in get_args(BreathSource):
        raise ConfigurationError(
            f"source={source!r}: give one of {', '.join(get_args(BreathSource))}"
        )
    if source == "device":
        return device_events(record)
    if BELTS not in record:
        require_channel(record, BELTS, "breaths are found")
    return find_wave_events(record)


# -- which are usable ------------------------------------------------------------------


def find_breaths(
    record: RecordData,
    source: BreathSource = "device",
    *,
    longest_s: float = LONGEST_S,
) -> Breaths:
    """Return the breaths of a record, and which of them are usable.

    Parameters
    ----------
    record : RecordData
        The record.
    source : {"device", "waveform"}
        The events of the device, or the signal of the belts (needs scipy).
    longest_s : float, in s, default 15.0
        Longer ones are not usable.

    Returns
    -------
    Breaths
        In order. Those of which inspirations follow each other.

    Raises
    ------
    ConfigurationError
        If the record has no such channels, or an argument is none of these.
    """
    if not isinstance(longest_s, int | float) or not longest_s > 0:
        raise ConfigurationError(f"longest_s={longest_s!r}: give a time above 0, in s")
    events = _events(record, source)
    _warn_of_no_flags(record)
    starts, ends = events.inspiration[:-1], events.inspiration[1:]
    at = np.searchsorted(events.expiration, starts, side="right")
    turns, bottom = (
        np.append(each, last)[at]
        for each, last in (
            (events.expiration, np.iinfo(np.int64).max),
            (events.bottom, np.nan),
        )
    )
    turned = turns < ends
    breaths = Breaths(
        starts=starts,
        turns=np.where(turned, turns, ends),
        ends=ends,
        amplitudes=np.where(turned, events.top[:-1] - bottom, np.nan),
        reasons=np.full(len(starts), "", object),
        clock=record.clock,
    )
    _judge(record, breaths, turned, longest_s)
    return breaths


def _judge(
    record: RecordData, breaths: Breaths, turned: Marks, longest_s: float
) -> None:
    """Set the reasons of breaths; the first one that holds stays."""
    starts, ends = breaths.starts, breaths.ends
    length = (ends - starts) / breaths.clock
    found: dict[str, Marks] = {}
    seen = seen_spans(record)
    if seen is not None:
        found["gap"] = seen.within(starts, ends) < ends - starts
    for reason, spans in doubted_spans(record).items():
        found[reason] = spans.within(starts, ends) > 0
    found["no expiration"] = ~turned
    found["long"] = length > longest_s
    with np.errstate(divide="ignore"):
        rate = 60 / length
    odd = implausible(record.channel(_RATE).datatypes[0], rate)
    odd |= ~(breaths.amplitudes > 0)
    volumes = breath_volumes(record, breaths)
    odd |= implausible(record.channel(_VOLUME).datatypes[0], volumes)
    found["implausible"] = odd
    for reason, marks in found.items():
        breaths.reasons[marks & breaths.usable] = reason


def seen_spans(record: RecordData) -> TickSpans | None:
    """Return the spans in which breaths could be seen; None where nothing tells.

    Where the record has no belts, its rate of breathing tells of missing seconds.
    """
    if BELTS in record:
        return measured_spans(record)
    if _RATE not in record:
        return None
    lost = lost_spans(record, _RATE)
    edges = np.concatenate(([record.start_tick], lost.ends))
    # The last breath may outlast the record by a little.
    behind = np.iinfo(np.int64).max // 2
    return TickSpans.joined(edges, np.append(lost.starts, behind))


def doubted_spans(record: RecordData) -> dict[str, TickSpans]:
    """Return the spans in which breaths are in doubt, by the reason.

    They are ``not_worn``, ``handled``, and ``flagged`` for flags of either belt.
    """
    table = bad_spans(record, _RATE)
    table = table[~table["reason"].isin(_OF_THE_RATE | _OF_GAPS)]
    ns = NS_PER_TICK[record.clock]
    starts, ends = (
        pd.DatetimeIndex(table[name]).as_unit("ns").asi8 // ns
        for name in ("start", "end")
    )
    of_wear = table["reason"].isin(["not_worn", "handled"])
    kind = table["reason"].where(of_wear, "flagged").to_numpy()
    return {
        reason: TickSpans.joined(starts[kind == reason], ends[kind == reason])
        for reason in ("not_worn", "handled", "flagged")
    }


def _warn_of_no_flags(record: RecordData) -> None:
    if _RATE_QUALITY not in record:
        warn(
            "there are no quality flags of breathing (breathing_rate_quality), so no "
            "breath is left out for them; the binary export has the flags",
            HexoframeWarning,
        )


# -- volumes and arrhythmia ------------------------------------------------------------


def breath_volumes(record: RecordData, breaths: Breaths) -> Values:
    """Return the tidal volume of breaths by the device, in mL; NaN where it is not.

    The device gives the volume of the last inspiration each second, and decides that an
    expiration began 0.75 s after it did: the value of the first second from then on is
    that of the breath, unless the next expiration began by then.
    """
    nothing = np.full(len(breaths), np.nan)
    if _VOLUME not in record or not len(record[_VOLUME]):
        return nothing
    frame, channel = record[_VOLUME], record.channel(_VOLUME)
    row = channel.datatypes[0]
    values = physical(row, frame[row.column].to_numpy(np.float64), record.scale)
    stamps = ticks_of(frame, channel)
    known = breaths.turns + int(_DECIDES_S * breaths.clock)
    at = np.searchsorted(stamps, known)
    stamps = np.append(stamps, np.iinfo(np.int64).max)[at]
    values = np.append(values, np.nan)[at]
    # Breaths follow each other: the next one may have turned by then.
    turn = np.append(breaths.turns[1:], np.iinfo(np.int64).max)[: len(at)]
    own = (stamps - known < breaths.clock) & (stamps < turn) & (values > 0)
    return np.where(own, values, nothing)


def respiratory_arrhythmia(record: RecordData, breaths: Breaths) -> Values:
    """Return the respiratory sinus arrhythmia of each breath, in ms.

    The longest RR interval that ends in the expiration less the shortest one that ends
    in the inspiration, and 0 where that is negative. NaN unless intervals that count
    cover all of the breath, at least three of them, and one in each part.
    """
    if RR not in record or not len(breaths):
        return np.full(len(breaths), np.nan)
    series = counted_beats(record, "good", usable_rows(record, RR))
    low, middle, high = (
        np.searchsorted(series.ticks, edge)
        for edge in (breaths.starts, breaths.turns, breaths.ends)
    )
    both = series.covered(np.concatenate((breaths.starts, breaths.ends)))
    covered = both[len(breaths) :] - both[: len(breaths)]
    enough = (covered == breaths.ends - breaths.starts) & (high - low >= _LEAST_BEATS)
    enough &= (middle > low) & (high > middle)
    found = np.full(len(breaths), np.nan)
    if not enough.any():
        return found
    ms = np.append(series.milliseconds, 0.0)
    shortest, longest = (
        # Every other result is of what lies between two parts.
        step.reduceat(ms, np.stack((first, last), axis=1)[enough].ravel())[::2]
        for step, first, last in (
            (np.minimum, low, middle),
            (np.maximum, middle, high),
        )
    )
    found[enough] = np.maximum(longest - shortest, 0.0)
    return found


# -- the table -------------------------------------------------------------------------


def list_breaths(
    record: RecordData,
    source: BreathSource = "device",
    *,
    calibration: VolumeCalibration | None = None,
    longest_s: float = LONGEST_S,
) -> pd.DataFrame:
    """Return the breaths of a record, as `hexoframe.Record.breaths` says.

    Parameters
    ----------
    record : RecordData
        The record.
    source : {"device", "waveform"}
        Where breaths come from.
    calibration : VolumeCalibration, optional
        What makes volumes of amplitudes; by default volumes are those of the device.
    longest_s : float, in s, default 15.0
        Longer ones are not usable.

    Returns
    -------
    DataFrame
        A row a breath.

    Raises
    ------
    ConfigurationError
        If the record has no such channels, the calibration is of another record, or an
        argument is none of these.
    """
    breaths = find_breaths(record, source, longest_s=longest_s)
    starts, turns, ends = breaths.starts, breaths.turns, breaths.ends
    clock = breaths.clock
    if calibration is None:
        volumes = breath_volumes(record, breaths)
    else:
        volumes = calibration.volumes(record, breaths)
    turned = turns < ends
    ti = np.where(turned, (turns - starts) / clock, np.nan)
    ttot = (ends - starts) / clock
    times = {
        name: pd.Series(ticks_to_index(ticks, clock=record.clock).tz_convert(record.tz))
        for name, ticks in (("start", starts), (_OUT, turns), ("end", ends))
    }
    table = pd.DataFrame(
        {
            "start": times["start"],
            _OUT: times[_OUT].where(turned),
            "end": times["end"],
            "ti": ti,
            "te": np.where(turned, (ends - turns) / clock, np.nan),
            "ttot": ttot,
            "duty_cycle": ti / ttot,
            "amplitude": breaths.amplitudes,
            "volume": volumes,
            "rsa": respiratory_arrhythmia(record, breaths),
            "moving": _moving(record, breaths),
            "usable": breaths.usable,
            "reason": pd.array(breaths.reasons, dtype="string"),
        }
    )
    table.attrs = {metadata.KEY: metadata.result_block(_UNITS, record_id=record.id)}
    return table


def _moving(record: RecordData, breaths: Breaths) -> Any:
    """Return whether a step was taken in each breath; NA without the channel."""
    if _STEP not in record:
        return pd.array([pd.NA] * len(breaths), dtype="boolean")
    steps = ticks_of(record[_STEP], record.channel(_STEP))
    first, last = (np.searchsorted(steps, at) for at in (breaths.starts, breaths.ends))
    return pd.array(last > first, dtype="boolean")
