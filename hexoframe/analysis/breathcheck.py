"""Breaths of the device beside those that the signal of its belts shows.

Both are compared where nothing is flagged, the shirt was worn and the belts have a
signal. How breaths are found in the signal is for `beltwave`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.beltwave import BELTS, find_wave_events
from hexoframe.analysis.breaths import (
    LONGEST_S,
    device_events,
    doubted_spans,
    seen_spans,
)
from hexoframe.analysis.matching import match_ticks
from hexoframe.analysis.observed import require_channel
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.beltwave import BreathEvents
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import By, Spans
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["compare_breaths"]

# Device and signal may place one breath so far apart: the top of a signal is flat
# before a slow breath.
_NEAR_S = 0.75
_AGREES_PERCENT = 5.0
# With fewer, one breath more is beyond these percent.
_MANY = 20
# So small a part of the median of its window makes a breath shallow.
_SHALLOW = 0.5
_UNITS = {
    "device_rate": "rpm",
    "waveform_rate": "rpm",
    "difference": "%",
    "offset_ms": "ms",
    "jitter_ms": "ms",
}
_FIGURES = (*_UNITS,)


def compare_breaths(
    record: RecordData,
    by: By = "5min",
    *,
    min_share: float = 0.1,
    origin: Origin = "start",
) -> pd.DataFrame:
    """Return how device and signal agree, as `hexoframe.Record.check_breaths` says.

    Parameters
    ----------
    record : RecordData
        The record.
    by, origin
        Spans, as for `hexoframe.analysis.spans.spans_of`.
    min_share : float, default 0.1
        Share of a span that must be comparable.

    Returns
    -------
    DataFrame
        A row a span.

    Raises
    ------
    ConfigurationError, TimestampError
        If the record has no belts or no events, or an argument is none of these.
    """
    if not 0 <= min_share <= 1:
        raise ConfigurationError(f"min_share={min_share!r}: give a share from 0 to 1")
    spans = spans_of(record, by, origin=origin)
    device = device_events(record)
    if BELTS not in record:
        require_channel(record, BELTS, "breaths are checked")
    waveform = find_wave_events(record)
    clear = _clear_spans(record)
    near = int(_NEAR_S * record.clock)
    matched = match_ticks(device.inspiration, waveform.inspiration, near)
    found = np.zeros(len(waveform.inspiration), np.bool_)
    found[matched[matched >= 0]] = True
    both = _Both(
        record.clock,
        device.inspiration,
        _Side.of(device, matched >= 0, clear),
        _Side.of(waveform, found, clear),
        _offsets(device, waveform, matched) * 1000 / record.clock,
    )
    time = clear.within(spans.starts, spans.ends)
    length = np.maximum(spans.ends - spans.starts, 1)
    table = _table(spans, both, time / length, time / (60 * record.clock), min_share)
    table.attrs = {metadata.KEY: metadata.result_block(_UNITS, record_id=record.id)}
    return table


class _Side(NamedTuple):
    """Inspirations of one source that can be compared; which the other one has too.

    `depths` say how far the signal falls after each, NaN where that is not known.
    """

    ticks: Ticks
    shared: Marks
    depths: Values
    rows: Ticks

    @classmethod
    def of(cls, events: BreathEvents, shared: Marks, clear: TickSpans) -> _Side:
        rows = np.flatnonzero(clear.cover(events.inspiration))
        ticks = events.inspiration
        at = np.searchsorted(events.expiration, ticks, side="right")
        turns = np.append(events.expiration, np.iinfo(np.int64).max)[at]
        turned = turns < np.append(ticks[1:], np.iinfo(np.int64).max)[: len(ticks)]
        depths = events.top - np.append(events.bottom, np.nan)[at]
        depths = np.where(turned, depths, np.nan)
        return cls(ticks[rows], shared[rows], depths[rows], rows)

    def part(self, low: int, high: int) -> _Side:
        """Return those from a row up to another one."""
        rows = slice(low, high)
        return _Side(
            self.ticks[rows], self.shared[rows], self.depths[rows], self.rows[rows]
        )

    def shallow(self) -> Marks:
        """Return which are much shallower than the others."""
        if not len(self.ticks) or np.isnan(self.depths).all():
            return np.zeros(len(self.ticks), np.bool_)
        marks: Marks = self.depths < _SHALLOW * float(np.nanmedian(self.depths))
        return marks


class _Both(NamedTuple):
    """Both sources where they can be compared.

    `events` are all inspirations of the device, and `offsets` by how many ms that of
    the signal is later; NaN where none matches.
    """

    clock: int
    events: Ticks
    device: _Side
    waveform: _Side
    offsets: Values


def _clear_spans(record: RecordData) -> TickSpans:
    """Return the spans in which the belts have a signal and nothing is in doubt."""
    seen = seen_spans(record)
    if seen is None:
        return TickSpans.of(())
    doubts = doubted_spans(record).values()
    bad = TickSpans.of(pair for spans in doubts for pair in spans.pairs())
    behind = np.iinfo(np.int64).max // 2
    good = TickSpans.joined(
        np.append([-behind], bad.ends), np.append(bad.starts, [behind])
    )
    whole = TickSpans.of([(record.start_tick, record.end_tick)])
    return seen.shared(good).shared(whole)


def _offsets(device: BreathEvents, waveform: BreathEvents, matched: Ticks) -> Values:
    """Return signal - device of each inspiration of the device; NaN without a match."""
    offsets = np.full(len(matched), np.nan)
    has = matched >= 0
    offsets[has] = waveform.inspiration[matched[has]] - device.inspiration[has]
    return offsets


def _table(
    spans: Spans, both: _Both, share: Values, minutes: Values, min_share: float
) -> pd.DataFrame:
    device, waveform = both.device, both.waveform
    rows: list[dict[str, Any]] = []
    edges = [spans.rows(side.ticks) for side in (device, waveform)]
    for at in range(len(spans)):
        (low, high), (first, last) = (
            (int(begin[at]), int(end[at])) for begin, end in edges
        )
        ours, theirs = device.part(low, high), waveform.part(first, last)
        offsets = both.offsets[ours.rows]
        rows.append(
            _row(ours, theirs, offsets[~np.isnan(offsets)], float(minutes[at]))
            | _verdict(ours, theirs, both, float(share[at]), min_share)
        )
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.insert(0, "judged_share", share)
    blank = ~(table["judged_share"] >= min_share) | (table["judged_share"] == 0)
    table.loc[blank, list(_FIGURES)] = np.nan
    table["agrees"] = table["agrees"].astype("boolean")
    table["note"] = table["note"].astype("string")
    return spans.labelled(table)


_COLUMNS = ["device", "waveform", "matched", "missed", "extra", "device_rate",
            "waveform_rate", "difference", "offset_ms", "jitter_ms", "agrees",
            "note"]  # fmt: skip


def _row(
    device: _Side, waveform: _Side, offsets: Values, minutes: float
) -> dict[str, Any]:
    """Return the figures of one span."""
    matched, missed = int(device.shared.sum()), int((~waveform.shared).sum())
    seen = matched + missed
    return {
        "device": len(device.ticks),
        "waveform": seen,
        "matched": matched,
        "missed": missed,
        "extra": len(device.ticks) - matched,
        "device_rate": len(device.ticks) / minutes if minutes else np.nan,
        "waveform_rate": seen / minutes if minutes else np.nan,
        "difference": _percent(len(device.ticks), seen),
        "offset_ms": float(np.median(offsets)) if len(offsets) else np.nan,
        "jitter_ms": float(np.std(offsets, ddof=1)) if len(offsets) > 1 else np.nan,
    }


def _percent(ours: int, theirs: int) -> float:
    return 100 * (ours / theirs - 1) if theirs else float("nan")


def _verdict(
    device: _Side, waveform: _Side, both: _Both, share: float, min_share: float
) -> dict[str, Any]:
    """Return whether both agree, and where they do not, why."""
    if not share or share < min_share:
        why = f"only {share:.0%}" if share else "nothing"
        why += " can be compared: flagged, not worn, handled, or without a signal"
        return {"agrees": pd.NA, "note": why}
    missed, extra = ~waveform.shared, ~device.shared
    seen = len(waveform.ticks) - int(missed.sum())
    found = int(device.shared.sum()) + int(missed.sum())
    difference = _percent(len(device.ticks), found)
    if not found:
        return {"agrees": pd.NA, "note": "the belts show no breath"}
    if abs(difference) <= _AGREES_PERCENT:
        return {"agrees": True, "note": ""}
    said = []
    if missed.any():
        said.append(_why_missed(waveform, missed, both))
    if extra.any():
        shallow = int((device.shallow() & extra).sum())
        text = f"the device has {int(extra.sum())} that the belts do not show"
        said.append(text + (f", {shallow} of them shallow" if shallow else ""))
    if max(found, seen) < _MANY:
        said.append(f"one breath of {found} is {100 / found:.0f} %")
    return {"agrees": False, "note": "; ".join(said)}


def _why_missed(waveform: _Side, missed: Marks, both: _Both) -> str:
    """Say which breaths the device missed."""
    text = f"the device missed {int(missed.sum())}"
    ticks = both.events
    at = np.searchsorted(ticks, waveform.ticks[missed])
    padded = np.concatenate(([np.iinfo(np.int64).min // 2], ticks, [1 << 62]))
    silence = (padded[at + 1] - padded[at]) / both.clock
    silent = silence > LONGEST_S
    parts = []
    if silent.any():
        # Before its first breath and behind its last one it is silent without end.
        known = silence[silent & (silence < 10 * 86_400)]
        longest = f" for up to {known.max():.0f} s" if len(known) else ""
        parts.append(f"{int(silent.sum())} while it found none{longest}")
    shallow = int((waveform.shallow()[missed] & ~silent).sum())
    if shallow:
        parts.append(f"{shallow} shallow")
    return text + (f", {' and '.join(parts)}" if parts else "")
