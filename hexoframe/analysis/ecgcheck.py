"""How good the ECG is: beats beside the median beat, lost samples, mains noise.

Only samples are looked at, half an hour at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.detector import check_source, find_beats
from hexoframe.analysis.ecgparts import LOST, lead_of
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.analysis.spans import spans_of
from hexoframe.recording import metadata
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.detector import BeatSource
    from hexoframe.analysis.ecgparts import EcgLead, EcgPart
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import By, Spans
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Numbers = NDArray[np.float64]

__all__ = ["assess_ecg", "median_beat"]

_HALF_S = 0.3
# R waves are looked for so near the time of a beat, where they are sharpest.
_NEAR_S, _WIDTH_S = 0.05, 0.04
# Beats of which the median is taken, at most, and at least from the usable ones.
_MANY, _FEW = 1000, 20
# Beats of half an hour that show how beats scatter.
_SHOWN = 200
_MAINS_HZ, _BESIDE_HZ = (50.0, 60.0), 4.0
_NO_REASON = 255
_UNITS = {"mains_mv": "mV", "mains_hz": "Hz"}


class _Told(NamedTuple):
    """What half an hour of a lead tells."""

    rows: Rows  # of the beats of the record
    correlation: Numbers
    lost: NDArray[np.uint8]
    seconds: Rows  # ticks at which whole seconds begin
    power: Numbers  # (seconds, frequencies), in mV^2
    counts: Numbers  # (reasons, spans), in ticks


def assess_ecg(
    record: RecordData,
    by: By = "1min",
    *,
    source: BeatSource = "device",
    lead: str | int = "ecg_i",
    origin: Origin = "start",
) -> pd.DataFrame:
    """Return how good the ECG is, as `hexoframe.Record.check_ecg` says.

    Parameters
    ----------
    record : RecordData
        The record.
    by, source, lead, origin
        As for `hexoframe.Record.check_ecg`.

    Returns
    -------
    DataFrame
        A row a span, or a row a beat.

    Raises
    ------
    ConfigurationError, TimestampError, UnknownChannelError
        As for `hexoframe.Record.check_ecg`.
    """
    check_source(source)
    each = isinstance(by, str) and by == "beat"
    spans = spans_of(record, None if each else by, origin=origin)
    found = lead_of(record, lead)
    if source == "device":
        beats = beats_of_record(record)
        ticks, usable = beats.ticks, beats.counts
    else:
        ticks = find_beats(found).ticks
        usable = np.ones(len(ticks), np.bool_)
    told = [_part(part, found, ticks, usable, spans) for part in found.parts()]
    table = (
        _of_beats(record, ticks, told)
        if each
        else spans.labelled(_of_spans(ticks, told, spans))
    )
    units = {str(name): _UNITS.get(str(name), "") for name in table}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


def _part(
    part: EcgPart, lead: EcgLead, ticks: Rows, usable: Marks, spans: Spans
) -> _Told:
    first, last = np.searchsorted(ticks, (part.low, part.high))
    rows = np.arange(first, last)
    correlation, lost = _beats(part, lead, ticks[rows], usable[rows])
    seconds, power = _mains(part, lead)
    return _Told(rows, correlation, lost, seconds, power, _lost_in(part, lead, spans))


# -- beats -----------------------------------------------------------------------------


def _beats(
    part: EcgPart, lead: EcgLead, ticks: Rows, usable: Marks
) -> tuple[Numbers, NDArray[np.uint8]]:
    """Return the correlation of beats with the median beat, and why one has none."""
    correlation = np.full(len(ticks), np.nan)
    shapes, chosen, lost = _shapes(part, lead, ticks)
    if len(chosen):
        correlation[chosen] = _like(shapes, _median_beat(shapes, usable[chosen]))
    return correlation, lost


def _shapes(
    part: EcgPart, lead: EcgLead, ticks: Rows
) -> tuple[NDArray[np.float32], Rows, NDArray[np.uint8]]:
    """Return the ECG around beats that are whole, which these are, and why not."""
    lost = np.ones(len(ticks), np.uint8)  # missing
    reach = _reach(lead)
    near, width = (round(each * lead.rate_hz) for each in (_NEAR_S, _WIDTH_S))
    room = reach + max(near, width)
    place = np.searchsorted(part.ticks, ticks)
    inside = np.flatnonzero((place >= room) & (place < len(part.ticks) - room))
    place = place[inside]
    # A hole shifts what lies behind it.
    unbroken = part.ticks[place + room] - part.ticks[place - room]
    is_whole = unbroken == 2 * room * lead.step
    inside, place = inside[is_whole], _sharpest(part, place[is_whole], near, width)
    at = place[:, None] + np.arange(-reach, reach + 1)
    # The gravest reason comes first in `LOST`.
    why = np.where(part.why_lost[at] > 0, part.why_lost[at], _NO_REASON).min(axis=1)
    lost[inside] = np.where(why == _NO_REASON, 0, why)
    kept = why == _NO_REASON
    return part.samples[at[kept]], inside[kept], lost


def _reach(lead: EcgLead) -> int:
    """Return the samples of a beat on either side of its R wave."""
    return round(_HALF_S * lead.rate_hz)


def _sharpest(part: EcgPart, place: Rows, near: int, width: int) -> Rows:
    """Return the rows near some that stand out most from both sides."""
    at = place[:, None] + np.arange(-near, near + 1)
    values = part.samples
    sharpness = np.nan_to_num(2 * values[at] - values[at - width] - values[at + width])
    sharpest: Rows = place + sharpness.argmax(axis=1) - near
    return sharpest


def _median_beat(shapes: NDArray[np.float32], usable: Marks) -> NDArray[np.float32]:
    good = shapes[usable] if usable.sum() >= _FEW else shapes
    stride = -(-len(good) // _MANY)
    level = good[::stride] - good[::stride].mean(axis=1, keepdims=True)
    beat: NDArray[np.float32] = np.median(level, axis=0)
    return beat


def _like(shapes: NDArray[np.float32], beat: NDArray[np.float32]) -> Numbers:
    """Return the correlation of each shape with the median beat."""
    level = shapes - shapes.mean(axis=1, keepdims=True)
    centred = beat - beat.mean()
    size = np.sqrt(np.einsum("ij,ij->i", level, level) * (centred @ centred))
    found = np.full(len(shapes), np.nan)
    np.divide(level @ centred, size, out=found, where=size > 0)
    return found


def median_beat(record: RecordData, lead: str | int = "ecg_i") -> pd.DataFrame:
    """Return the median beat of a record, and how far beats scatter about it.

    Parameters
    ----------
    record : RecordData
        The record.
    lead : str or int, default "ecg_i"
        The lead.

    Returns
    -------
    DataFrame, indexed by ``seconds`` from the R wave
        ``low``, ``median`` and ``high``: the tenth, fiftieth and ninetieth percentile,
        in mV from the mean of each beat, of usable beats (up to 200 an part, evenly
        chosen); NaN without one.

    Raises
    ------
    ConfigurationError, UnknownChannelError
        As for `hexoframe.Record.check_ecg`.
    """
    found = lead_of(record, lead)
    beats = beats_of_record(record)
    ticks = beats.ticks[beats.counts]
    reach = _reach(found)
    some = [np.zeros((0, 2 * reach + 1), np.float32)]
    for part in found.parts():
        first, last = np.searchsorted(ticks, (part.low, part.high))
        stride = -(-max(int(last - first), 1) // _SHOWN)
        shapes, *_ = _shapes(part, found, ticks[first:last:stride])
        some.append(shapes - shapes.mean(axis=1, keepdims=True))
    level = np.concatenate(some)
    levels = (
        np.quantile(level, (0.1, 0.5, 0.9), axis=0)
        if len(level)
        else np.full((3, 2 * reach + 1), np.nan)
    )
    seconds = pd.Index(np.arange(-reach, reach + 1) / found.rate_hz, name="seconds")
    table = dict(zip(("low", "median", "high"), levels, strict=True))
    return pd.DataFrame(table, index=seconds)


# -- samples ---------------------------------------------------------------------------


def _lost_in(part: EcgPart, lead: EcgLead, spans: Spans) -> Numbers:
    """Return for how many ticks each span has samples, then each reason."""
    own = part.own
    ticks, why = part.ticks[own], part.why_lost[own]
    first, last = spans.rows(ticks)
    counts = []
    for place in range(len(LOST) + 1):
        sums = np.concatenate(([0], np.cumsum(why == place)))
        counts.append((sums[last] - sums[first]) * float(lead.step))
    return np.array(counts)


def _mains(part: EcgPart, lead: EcgLead) -> tuple[Rows, Numbers]:
    """Return the power at mains and beside it, of each whole second that can be judged.

    Frequencies come in threes: below, at and above each of 50 and 60 Hz.
    """
    own = part.own
    length = round(lead.rate_hz)
    ticks, values, why = part.ticks[own], part.samples[own], part.why_lost[own]
    count = len(ticks) // length
    used = slice(0, count * length)
    seconds = ticks[used].reshape(count, length)
    lasts = seconds[:, -1] - seconds[:, 0] == (length - 1) * lead.step
    judged = lasts & ~(why[used].reshape(count, length) > 0).any(axis=1)
    samples = values[used].reshape(count, length)[judged]
    samples -= samples.mean(axis=1, keepdims=True)
    window = np.hanning(length + 1)[:-1]
    time = np.arange(length) / lead.rate_hz
    frequencies = [
        mains + beside for mains in _MAINS_HZ for beside in (-_BESIDE_HZ, 0, _BESIDE_HZ)
    ]
    turns = np.exp(-2j * np.pi * np.outer(time, frequencies)) * window[:, None]
    turns *= 2 / window.sum()
    parts = samples @ np.concatenate((turns.real, turns.imag), axis=1).astype(
        np.float32
    )
    half = len(frequencies)
    power: Numbers = (parts[:, :half] ** 2 + parts[:, half:] ** 2).astype(np.float64)
    return seconds[judged, 0] if count else np.zeros(0, np.int64), power


def _amplitude(power: Numbers) -> tuple[float, float]:
    """Return the amplitude of mains noise in mV, and its frequency."""
    if not len(power):
        return np.nan, np.nan
    middle = np.median(power, axis=0).reshape(len(_MAINS_HZ), 3)
    excess = middle[:, 1] - (middle[:, 0] + middle[:, 2]) / 2
    best = int(excess.argmax())
    return float(np.sqrt(max(excess[best], 0.0))), _MAINS_HZ[best]


# -- tables ----------------------------------------------------------------------------


def _of_spans(ticks: Rows, told: list[_Told], spans: Spans) -> pd.DataFrame:
    correlation = np.full(len(ticks), np.nan)
    for each in told:
        correlation[each.rows] = each.correlation
    # A record without length has no part.
    nothing = np.zeros((0, 3 * len(_MAINS_HZ)))
    seconds = np.concatenate([np.zeros(0, np.int64), *(each.seconds for each in told)])
    power = np.concatenate([nothing, *(each.power for each in told)])
    counts = sum((each.counts for each in told), np.zeros((len(LOST) + 1, len(spans))))
    length = (spans.ends - spans.starts).astype(np.float64)
    # What has no sample at all is missing too.
    counts[1] += np.maximum(length - counts.sum(axis=0), 0)
    shares = np.full_like(counts, np.nan)
    np.divide(counts, length, out=shares, where=length > 0)
    whole = np.flatnonzero(~np.isnan(correlation))
    of_beats = zip(*map(np.ndarray.tolist, spans.rows(ticks[whole])), strict=True)
    groups = [correlation[whole[low:high]] for low, high in of_beats]
    of_seconds = zip(*map(np.ndarray.tolist, spans.rows(seconds)), strict=True)
    mains = [_amplitude(power[low:high]) for low, high in of_seconds]
    quantiles = [
        np.quantile(each, (0.5, 0.1)) if len(each) else (np.nan, np.nan)
        for each in groups
    ]
    middle, low_tenth = np.array(quantiles).reshape(-1, 2).T
    amplitude, frequency = np.array(mains).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "beats": [len(each) for each in groups],
            "correlation": middle,
            "correlation_low": low_tenth,
            **dict(zip(LOST, np.minimum(shares[1:], 1), strict=True)),
            "mains_mv": amplitude,
            "mains_hz": frequency,
        }
    )


def _of_beats(record: RecordData, ticks: Rows, told: list[_Told]) -> pd.DataFrame:
    correlation, mains = np.full((2, len(ticks)), np.nan)
    lost = np.zeros(len(ticks), np.uint8)
    for each in told:
        correlation[each.rows] = each.correlation
        lost[each.rows] = each.lost
        if not len(each.seconds):
            continue
        row = np.searchsorted(each.seconds, ticks[each.rows], side="right") - 1
        row = np.maximum(row, 0)
        late = ticks[each.rows] - each.seconds[row]
        near = (late >= 0) & (late < record.clock)
        thirds = each.power.reshape(len(each.power), -1, 3)
        excess = thirds[:, :, 1] - (thirds[:, :, 0] + thirds[:, :, 2]) / 2
        amplitude = np.sqrt(np.maximum(excess.max(axis=1), 0))
        mains[each.rows[near]] = amplitude[row[near]]
    reasons = np.array(["", *LOST], object)
    index = ticks_to_index(ticks, clock=record.clock).tz_convert(record.tz)
    index.name = "time"
    return pd.DataFrame(
        {
            "correlation": correlation,
            "lost": pd.array(reasons[lost], dtype="string"),
            "mains_mv": mains,
        },
        index=index,
    )
