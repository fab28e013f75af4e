"""The weighted signal of both belts, in pieces: where it was measured, where it turns.

The signal falls while the body inhales, so an inspiration begins at a peak. Which turns
are breaths is decided among their neighbours; tables of breaths are for `breaths`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.analysis.extras import part_of_scipy
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.channels.calibration import physical, unmeasured
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["BELTS", "BreathEvents", "find_wave_events", "measured_spans"]

BELTS = "respiration"
"""The channel of the belts."""
# Vendor documentation: thorax, abdomen.
_WEIGHTS = (0.75, 0.25)
# No breath is quicker than 1 s; steps and heart beats are.
_CUTOFF_HZ = 1.5
# So far to both sides a peak is compared with its surroundings, and so much more is
# read, so that where a piece ends changes nothing.
_NEAR_S, _BESIDE_S = 10, 30
# Vendor documentation: a breath is a change above 10 counts.
_LEAST_COUNTS = 10.0
# And it is so large a part of the larger ones (their upper quartile) around it.
_LEAST_PART, _LARGER, _AROUND = 0.3, 75, 17
_SHORTEST_S = 1
_MOVED_S = 0.2


class BreathEvents(NamedTuple):
    """Where breathing in and breathing out begin, and the counts there.

    Attributes
    ----------
    inspiration, expiration : ndarray of int64, in ticks
        Ascending each; they need not alternate.
    top, bottom : ndarray of float64, in counts
        The signal at these.
    """

    inspiration: Ticks
    top: Values
    expiration: Ticks
    bottom: Values


class _Turns(NamedTuple):
    """Peaks and troughs of the smoothed signal, and when its runs begin."""

    peaks: Ticks
    heights: Values
    prominences: Values
    lows: Ticks
    depths: Values
    runs: Ticks

    def run_of(self, ticks: Ticks) -> Ticks:
        """Return the run that each tick lies in."""
        return np.searchsorted(self.runs, ticks, side="right").astype(np.int64)


class _Samples(NamedTuple):
    """The weighted signal, and which belts it is made of (bits; 0: none)."""

    ticks: Ticks
    signal: Values
    belts: Ticks

    def part(self, first: int | None, last: int | None = None) -> _Samples:
        """Return the samples from a row up to another one, not included."""
        rows = slice(first, last)
        return _Samples(self.ticks[rows], self.signal[rows], self.belts[rows])

    def then(self, other: _Samples) -> _Samples:
        """Return these and those that follow."""
        return _Samples(
            np.concatenate((self.ticks, other.ticks)),
            np.concatenate((self.signal, other.signal)),
            np.concatenate((self.belts, other.belts)),
        )

    def begins(self, step: float) -> Ticks:
        """Return the rows at which a run begins: other belts, or a gap before it."""
        apart = np.diff(self.ticks) * 2 > 3 * step
        apart |= np.diff(self.belts) != 0
        rows: Ticks = np.flatnonzero(np.concatenate(([True], apart)))[: len(self.ticks)]
        return rows


def measured_spans(record: RecordData) -> TickSpans:
    """Return the spans in which a belt has samples with a signal, without any gap."""
    channel = record.channel(BELTS)
    step = float(channel.ticks or 1)
    found = [
        (int(part.ticks[0]), int(part.ticks[-1] + step))
        for piece in record.pieces(BELTS)
        for part in _runs(_weighted(record, channel, piece), step)
    ]
    return TickSpans.of(found)


def find_wave_events(record: RecordData) -> BreathEvents:
    """Return the breaths that the signal of the belts shows; needs scipy.

    A peak is the beginning of an inspiration if it rises by 10 counts and by 30 % of
    the larger peaks (the upper quartile of 17) around it, within 10 s to both sides of
    the signal below 1.5 Hz. The lowest trough up to the next one is the beginning of
    the expiration.
    """
    turns = _find_turns(record)
    ndimage = part_of_scipy("ndimage", "finding breaths in the signal of the belts")
    kept = np.zeros(len(turns.peaks), np.bool_)
    run = turns.run_of(turns.peaks)
    for rows in np.split(np.arange(len(run)), np.flatnonzero(np.diff(run)) + 1):
        heights = turns.prominences[rows]
        if len(heights):
            larger = ndimage.percentile_filter(
                heights, _LARGER, size=_AROUND, mode="reflect"
            )
            kept[rows] = heights >= _LEAST_PART * larger
    peaks, run = turns.peaks[kept], run[kept]
    lows, depths = _lowest(turns, peaks, run)
    return BreathEvents(peaks, turns.heights[kept], lows, depths)


def _lowest(turns: _Turns, peaks: Ticks, run: Ticks) -> tuple[Ticks, Values]:
    """Return the lowest trough between each two peaks of a run."""
    # Each trough belongs to the peak before it.
    owner = np.searchsorted(peaks, turns.lows, side="right") - 1
    inside = owner >= 0
    inside[inside] = run[owner[inside]] == turns.run_of(turns.lows[inside])
    lows, depths, owner = turns.lows[inside], turns.depths[inside], owner[inside]
    order = np.lexsort((lows, depths, owner))
    _, first = np.unique(owner[order], return_index=True)
    rows = order[first]
    return lows[rows], depths[rows]


def _find_turns(record: RecordData) -> _Turns:
    """Find the peaks and troughs of a record, in pieces."""
    channel = record.channel(BELTS)
    step = float(channel.ticks or 1)
    beside = _BESIDE_S * record.clock
    held = _Samples(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    found: list[_Turns] = []
    done = np.iinfo(np.int64).min
    for piece in record.pieces(BELTS):
        held = held.then(_weighted(record, channel, piece))
        until = int(held.ticks[-1]) - beside
        found.append(_turns_of(held, step, record.clock, (done, until)))
        done = max(done, until)
        held = held.part(int(np.searchsorted(held.ticks, done - beside)))
    found.append(_turns_of(held, step, record.clock, (done, np.iinfo(np.int64).max)))
    return _Turns(*(np.concatenate(each) for each in zip(*found, strict=True)))


def _weighted(record: RecordData, channel: Channel, piece: pd.DataFrame) -> _Samples:
    """Return the weighted mean of the belts that have a signal."""
    total, weights = np.zeros(len(piece)), np.zeros(len(piece))
    belts = np.zeros(len(piece), np.int64)
    for bit, row in enumerate(channel.datatypes):
        values = piece[row.column].to_numpy()
        there = ~np.isnan(values) & ~unmeasured(values, row, scale=record.scale)
        weight = np.where(there, _WEIGHTS[bit], 0.0)
        counts = physical(row, values, record.scale).astype(np.float64)
        total += np.where(there, counts, 0.0) * weight
        weights += weight
        belts |= there.astype(np.int64) << bit
    signal = np.divide(total, weights, out=total, where=weights > 0)
    return _Samples(ticks_of(piece, channel), signal, belts)


def _runs(samples: _Samples, step: float) -> Iterator[_Samples]:
    """Yield the runs of samples without a gap, of the same belts."""
    edges = [*samples.begins(step).tolist(), len(samples.ticks)]
    for first, last in pairwise(edges):
        if samples.belts[first]:
            yield samples.part(first, last)


def _turns_of(
    samples: _Samples, step: float, clock: int, kept: tuple[int, int]
) -> _Turns:
    """Return the turns of samples from a tick up to another one, not included."""
    scipy = part_of_scipy("signal", "finding breaths in the signal of the belts")
    rate = clock / step
    smooth = scipy.butter(2, _CUTOFF_HZ, fs=rate, output="sos")
    parts: list[tuple[Any, ...]] = []
    for run in _runs(samples, step):
        if len(run.ticks) < _SHORTEST_S * rate:
            continue
        signal = scipy.sosfiltfilt(smooth, run.signal)
        near = 2 * round(_NEAR_S * rate) + 1
        peaks, facts = scipy.find_peaks(signal, prominence=_LEAST_COUNTS, wlen=near)
        lows, _ = scipy.find_peaks(-signal)
        prominences = facts["prominences"]
        # Smoothing moves turns towards the slower side: the signal itself has them.
        beside = round(_MOVED_S * rate)
        peaks = _highest(run.signal, peaks, beside)
        lows = _highest(-run.signal, lows, beside)
        tops = _within(run.ticks[peaks], kept) & (np.diff(peaks, prepend=-1) > 0)
        feet = _within(run.ticks[lows], kept)
        parts.append((
            run.ticks[peaks][tops], run.signal[peaks][tops], prominences[tops],
            run.ticks[lows][feet], run.signal[lows][feet],
        ))  # fmt: skip
    begins = samples.ticks[samples.begins(step)]
    # What was held from before begins no run, but its first sample looks like it.
    begins = begins[_within(begins, kept)]
    none = np.empty(0, np.int64)
    empty = (none, np.empty(0), np.empty(0), none, np.empty(0))
    peaks, heights, prominences, lows, depths = (
        np.concatenate([first, *(part[at] for part in parts)])
        for at, first in enumerate(empty)
    )
    return _Turns(peaks, heights, prominences, lows, depths, begins)


def _highest(signal: Values, rows: Ticks, beside: int) -> Ticks:
    """Return the highest sample beside each of some rows, the nearest of equal ones."""
    steps = np.array(sorted(range(-beside, beside + 1), key=abs), np.int64)
    around = np.clip(rows[:, None] + steps, 0, len(signal) - 1)
    found: Ticks = around[np.arange(len(rows)), signal[around].argmax(axis=1)]
    return found


def _within(ticks: Ticks, span: tuple[int, int]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (ticks >= span[0]) & (ticks < span[1])
    return inside
