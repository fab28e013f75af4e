"""Beats in the ECG, found by sleepecg (extra ``ecg``) part by part.

Only samples that can be judged are searched. Comparison with the beats of the device is
for `beatcheck`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hexoframe.analysis.ecgparts import LOST
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from hexoframe.analysis.ecgparts import EcgLead, EcgPart

    Rows = NDArray[np.int64]
    Signal = NDArray[np.float64]
    Detect = Callable[[Signal, float], Rows]

__all__ = ["BeatSource", "Found", "check_source", "find_beats"]

BeatSource = Literal["device", "waveform"]

# Stretches that can be judged are searched as one, so that the thresholds of the
# detector need not learn anew behind each hole; a straight line of this length joins
# them. Longer ones let it search for beats that are not there.
_BRIDGE_S = 0.3
# So near the edge of a stretch a QRS may be cut, and a T or P wave stands alone.
_EDGE_S = 0.3
# The C code of sleepecg (0.5.9 and 0.6) reads the first two seconds whether or not
# there are so many, and keeps room for one interval in 0.2 s: a short signal ends in
# memory of others. A level tail of this length keeps it within its own.
_TAIL_S = 4.0
# A stretch must hold some beats.
_SHORTEST_S = 2.0
# The detector may take a P wave, which stands out less than the QRS behind it.
_NEAR_S, _WIDTH_S, _SHARPER = 0.2, 0.04, 1.5
# After an artefact the thresholds stay high for long: where no beat was found for so
# many usual intervals (the lower quartile of those around, at most 0.8 s), the detector
# looks again, and takes what is not much less sharp than the other beats.
_SILENT, _AROUND, _USUAL_S, _AS_SHARP = 2.5, 15, 0.8, 0.3
# No two beats are so close: a part and the next may see one beat a sample apart.
_APART_S = 0.1


def check_source(source: str) -> None:
    """Refuse what is no source of beats."""
    if source not in get_args(BeatSource):
        raise ConfigurationError(
            f"source={source!r}: give one of {', '.join(get_args(BeatSource))}"
        )


class Found(NamedTuple):
    """Beats of a lead.

    Attributes
    ----------
    ticks : ndarray of int64, shape (n,)
        When the R waves peak, to the sample.
    judged : TickSpans
        Where beats were looked for; those near an edge are not counted.
    lost : dict of str to TickSpans
        Where not, by the reason, which is one of `hexoframe.analysis.ecgparts.LOST`.
    """

    ticks: Rows
    judged: TickSpans
    lost: dict[str, TickSpans]


def find_beats(lead: EcgLead) -> Found:
    """Return the beats of a lead.

    Raises ConfigurationError if sleepecg is not installed.
    """
    detect = _detector()
    apart = round(_APART_S * lead.record.clock)
    beats: list[Rows] = []
    judged: list[Rows] = []
    lost: dict[str, list[Rows]] = {reason: [] for reason in LOST}
    last = np.iinfo(np.int64).min // 2
    for part in lead.parts():
        stretches = _stretches(part, lead)
        found = part.ticks[_beats_of_part(part, stretches, lead, detect)]
        # A part begins where the one before has ended, give or take a sample.
        earliest = max(part.low - apart, last + apart)
        found = found[(found >= earliest) & (found < part.high)]
        if len(found):
            last = int(found[-1])
            beats.append(found)
        edge = round(_EDGE_S * lead.record.clock)
        first, end = part.ticks[stretches[:, 0]], part.ticks[stretches[:, 1] - 1]
        judged.append(_own(part, first + edge, end + lead.step - edge))
        for reason, edges in _lost_edges(part, lead.step):
            lost[reason].append(_own(part, *edges))
    return Found(
        np.concatenate([np.zeros(0, np.int64), *beats]),
        _joined(judged),
        {reason: _joined(some) for reason, some in lost.items()},
    )


def _detector() -> Detect:
    try:
        detect: Any = importlib.import_module("sleepecg").detect_heartbeats
    except ImportError as error:
        raise ConfigurationError(
            "finding beats in the ECG needs sleepecg: install it with pip install "
            "'hexoframe[ecg]'"
        ) from error

    def found(signal: Signal, rate: float) -> Rows:
        tail = np.full(round(_TAIL_S * rate), signal[-1])
        beats: Rows = detect(np.concatenate((signal, tail)), rate)
        return beats[beats < len(signal)].astype(np.int64)

    return found


def _own(part: EcgPart, starts: Rows, ends: Rows) -> Rows:
    """Return spans as far as they lie in the part itself, shape (n, 2)."""
    return np.stack((np.maximum(starts, part.low), np.minimum(ends, part.high)), axis=1)


def _joined(parts: list[Rows]) -> TickSpans:
    edges = np.concatenate([np.zeros((0, 2), np.int64), *parts])
    return TickSpans.joined(edges[:, 0], edges[:, 1])


def _lost_edges(part: EcgPart, step: int) -> Iterator[tuple[str, tuple[Rows, Rows]]]:
    for place, reason in enumerate(LOST, start=1):
        rows = _runs(part.why_lost == place)
        yield reason, (part.ticks[rows[:, 0]], part.ticks[rows[:, 1] - 1] + step)


def _runs(marks: NDArray[np.bool_]) -> Rows:
    """Return the first row of each run of marked rows, and the row behind it."""
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False))
    return edges.reshape(-1, 2)


def _stretches(part: EcgPart, lead: EcgLead) -> Rows:
    """Return rows, shape (n, 2), of what can be judged without a hole in it."""
    usable = part.why_lost == 0
    whole = np.diff(part.ticks, prepend=part.ticks[:1]) == lead.step
    begins = usable & ~(whole & np.concatenate(([False], usable[:-1])))
    first = np.flatnonzero(begins)
    ends = usable & np.concatenate((begins[1:] | ~usable[1:], [True]))[: len(usable)]
    rows = np.stack((first, np.flatnonzero(ends) + 1), axis=1)
    return rows[rows[:, 1] - rows[:, 0] >= _SHORTEST_S * lead.rate_hz]


def _beats_of_part(
    part: EcgPart, stretches: Rows, lead: EcgLead, detect: Detect
) -> Rows:
    """Return the rows of the beats of a part, and of the seconds around it."""
    if not len(stretches):
        return np.zeros(0, np.int64)
    rate = lead.rate_hz
    signal, places = _bridged(part, stretches, round(_BRIDGE_S * rate))
    beats = _at_the_top(signal, detect(signal, rate), rate)
    beats = _with_silent(signal, beats, rate, detect)
    # Back from the joined signal to the rows of the part.
    which = np.searchsorted(places, beats, side="right") - 1
    rows: Rows = (beats - places[which] + stretches[which, 0]).astype(np.int64)
    edge = round(_EDGE_S * rate)
    first, last = stretches[which, 0] + edge, stretches[which, 1] - edge
    kept: Rows = rows[(rows >= first) & (rows < last)]
    return kept


def _bridged(part: EcgPart, stretches: Rows, length: int) -> tuple[Signal, Rows]:
    """Return stretches as one signal, and where in it each begins."""
    joined: list[Signal] = []
    for first, last in stretches.tolist():
        stretch = part.samples[first:last].astype(np.float64)
        if joined:
            joined.append(np.linspace(joined[-1][-1], stretch[0], length + 2)[1:-1])
        joined.append(stretch)
    sizes = np.array([len(each) for each in joined], np.int64)
    begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.concatenate(joined), begins[::2]


def _with_silent(signal: Signal, beats: Rows, rate: float, detect: Detect) -> Rows:
    """Add beats where none was found for long, with thresholds that begin anew."""
    if len(beats) <= _AROUND:
        return beats
    edges = np.concatenate(([0], beats, [len(signal)]))
    intervals = np.diff(edges)
    around = np.pad(intervals, _AROUND // 2, mode="edge")
    usual = np.quantile(sliding_window_view(around, _AROUND), 0.25, axis=1)
    usual = np.minimum(usual, _USUAL_S * rate)
    silent = np.flatnonzero(intervals > _SILENT * usual)
    least = _AS_SHARP * float(np.median(_sharpness(signal, beats, rate)))
    near, added = round(_NEAR_S * rate), [beats]
    for first, last in zip(edges[silent], edges[silent + 1], strict=True):
        part = signal[first + near : last - near]
        if len(part) < _SHORTEST_S / 2 * rate or (part == part[0]).all():
            continue
        found = _at_the_top(part, detect(part, rate), rate) + first + near
        added.append(found[_sharpness(signal, found, rate) >= least])
    return np.unique(np.concatenate(added))


def _sharpness(signal: Signal, at: Rows, rate: float) -> Signal:
    """Return by how much samples stand out from those on both sides of them."""
    width, end = round(_WIDTH_S * rate), len(signal) - 1
    sides = signal[np.maximum(at - width, 0)] + signal[np.minimum(at + width, end)]
    sharpness: Signal = signal[at] - sides / 2
    return sharpness


def _at_the_top(signal: Signal, beats: Rows, rate: float) -> Rows:
    """Move beats to what stands out more sharply nearby, if anything does."""
    near = round(_NEAR_S * rate)
    room = round(_WIDTH_S * rate) + near
    inside = (beats >= room) & (beats < len(signal) - room)
    at = beats[inside, None] + np.arange(-near, near + 1)
    sharpness = _sharpness(signal, at, rate)
    best = sharpness.argmax(axis=1)
    highest = np.take_along_axis(sharpness, best[:, None], axis=1)[:, 0]
    moved = beats.astype(np.int64)
    sharper = highest > _SHARPER * sharpness[:, near]
    moved[inside] += np.where(sharper, best - near, 0)
    return np.unique(moved)
