"""Survey of a channel: counts its samples and decides what counts as a gap.

Pieces are counted one by one and not kept. `gaps` defines what a gap consists of.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.channels.calibration import unmeasured
from hexoframe.recording.belts import BeltCounter, has_belts
from hexoframe.recording.frames import arrays_of
from hexoframe.recording.gaps import (
    Gap,
    Receipt,
    Survey,
    expected_samples,
    outside,
    samples_before,
)
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale

    # Stamps in ticks; a range where each lies a step behind the one before.
    _Stamps = NDArray[np.int64] | range
    _Rows = NDArray[np.bool_]

__all__ = ["SampleCounter", "survey_channel"]

# Differences of stamps are taken in blocks, so that a day of ECG needs no second copy.
_BLOCK = 1 << 20
# Stamps are compared with a range in blocks that stay in the cache of a core.
_RANGE_BLOCK = 1 << 16
# Tolerance in ticks: stamps of beats are rounded independently.
_INTERVAL_PLAY = 2
_HALF = Fraction(1, 2)
# So many long steps, and more than half: the channel is thinned, these are no gaps.
_THINNED_FROM = 64


def survey_channel(
    channel: Channel,
    frame: pd.DataFrame,
    span: tuple[int, int],
    receipt: Receipt,
    *,
    scale: Scale = "physical",
) -> Survey:
    """Count the samples of a channel that is in memory and find its gaps.

    A stamp that comes twice is counted as a duplicate.
    """
    counter = SampleCounter(channel, scale=scale)
    counter.add(frame)
    return counter.survey(span, receipt)


class SampleCounter:
    """Counts the samples of one channel piece by piece; `survey` gives the result."""

    def __init__(self, channel: Channel, *, scale: Scale = "physical") -> None:
        self._channel = channel
        self._scale: Scale = scale
        self._stamps: list[_Stamps] = []
        self._any_missing, self._all_missing = _Marks(), _Marks()
        self._void = _Marks()
        self._intervals: list[NDArray[np.int64]] = []
        self._belts = BeltCounter(channel) if has_belts(channel) else None

    def add(self, frame: pd.DataFrame) -> bool:
        """Count the next rows of the channel; say if they follow each other evenly."""
        channel = self._channel
        times = frame.index.asi8  # type: ignore[attr-defined]
        stamps = _stamps(channel, times)
        self._stamps.append(stamps)
        columns = arrays_of(frame).values()
        # Two by two, as a ufunc would first copy all columns into one array.
        absent = [np.isnan(column) for column in columns]
        self._any_missing.add(functools.reduce(np.logical_or, absent))
        self._all_missing.add(functools.reduce(np.logical_and, absent))
        row = channel.datatypes[0]
        if row.void is not None:
            void = [column == row.void for column in columns]
            self._void.add(functools.reduce(np.logical_or, void))
        if row.interval:
            self._intervals.append(_intervals(channel, frame, self._scale))
        if self._belts is not None:
            self._belts.add(frame)
        return isinstance(stamps, range)

    def even_step(self) -> int | None:
        """Return the distance of stamps in ticks; None if they are not even."""
        stamps = _joined(self._stamps)
        return stamps.step if isinstance(stamps, range) and len(stamps) > 1 else None

    def survey(self, span: tuple[int, int], receipt: Receipt) -> Survey:
        """Return the result for a record from start to end in ticks."""
        channel, stamps = self._channel, _joined(self._stamps)
        record, span = span, receipt.span or span
        expected = receipt.expected
        if expected is None:
            expected = expected_samples(channel, *span)
        step, repeated = _steps(channel, stamps)
        missing = _missing(channel, (stamps, self._all_missing), span, step)
        gaps = [
            *_not_lost(channel, missing, receipt.lost),
            *_holes(stamps, self._intervals, receipt.lost),
            *_no_signal(channel, stamps, self._void),
            *_lost(channel, span, receipt.lost),
        ]
        return Survey(
            expected=expected,
            received=len(stamps),
            missing=self._any_missing.count,
            complete=_distinct(stamps, self._any_missing),
            duplicates=receipt.duplicates + repeated,
            tick_step=step,
            void=self._void.count,
            gaps=tuple(sorted(gaps, key=lambda gap: gap.start)),
            belts=None if self._belts is None else self._belts.result(record),
        )


def _ns(channel: Channel) -> int:
    return NS_PER_TICK[channel.clock]


def _stamps(channel: Channel, times: NDArray[np.int64]) -> _Stamps:
    """Return times in ticks; a range if each is one step after the one before.

    Nearly every channel is a range, which needs hardly any memory or time.
    """
    ns = _ns(channel)
    step = channel.ticks
    if step is None or step.denominator != 1 or not len(times):
        return times // ns
    steps = (times[at : at + _RANGE_BLOCK + 1] for at in _range_blocks(times))
    if not all((np.diff(some) == int(step) * ns).all() for some in steps):
        return times // ns
    first = int(times[0]) // ns
    return range(first, first + len(times) * int(step), int(step))


def _range_blocks(times: NDArray[np.int64]) -> range:
    return range(0, len(times) - 1, _RANGE_BLOCK)


def _array(stamps: _Stamps) -> NDArray[np.int64]:
    if isinstance(stamps, range):
        return np.arange(stamps.start, stamps.stop, stamps.step)
    return stamps


def _joined(pieces: list[_Stamps]) -> _Stamps:
    """Join stamps; consecutive ranges become one."""
    if not pieces:
        return np.empty(0, dtype=np.int64)
    whole = pieces[0]
    for piece in pieces[1:]:
        if not (
            isinstance(whole, range)
            and isinstance(piece, range)
            and piece.start == whole.stop
        ):
            return np.concatenate([_array(each) for each in pieces])
        whole = range(whole.start, piece.stop, whole.step)
    return whole


class _Marks:
    """Marked rows among all rows that were added; needs no memory without marks."""

    def __init__(self) -> None:
        self.count = 0
        self._length = 0
        self._pieces: list[tuple[int, _Rows]] = []

    def add(self, rows: _Rows) -> None:
        marked = int(np.count_nonzero(rows))
        if marked:
            self._pieces.append((self._length, rows))
        self.count += marked
        self._length += len(rows)

    def rows(self) -> _Rows:
        """Return whether each row is marked."""
        rows = np.zeros(self._length, dtype=np.bool_)
        for first, piece in self._pieces:
            rows[first : first + len(piece)] = piece
        return rows


def _distinct(stamps: _Stamps, left_out: _Marks) -> int:
    """Count the distinct stamps of the rows that are not left out."""
    if isinstance(stamps, range):
        return len(stamps) - left_out.count
    if left_out.count:
        stamps = stamps[~left_out.rows()]
    changes = sum(int((steps != 0).sum()) for _, steps in _blocks(stamps))
    return changes + bool(len(stamps))


def _blocks(stamps: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for first in range(0, len(stamps) - 1, _BLOCK):
        yield first, np.diff(stamps[first : first + _BLOCK + 1])


def _steps(channel: Channel, stamps: _Stamps) -> tuple[int | None, int]:
    """Most frequent difference, and the number of stamps that repeat the one before."""
    if isinstance(stamps, range):
        return (stamps.step if len(stamps) > 1 else None), 0
    repeated = sum(int((steps == 0).sum()) for _, steps in _blocks(stamps))
    if channel.ticks is None or len(stamps) < 2:
        return None, repeated
    values, counts = np.unique(np.diff(stamps[: _BLOCK + 1]), return_counts=True)
    return int(values[np.argmax(counts)]), repeated


def _missing(
    channel: Channel,
    held: tuple[_Stamps, _Marks],
    span: tuple[int, int],
    tick_step: int | None,
) -> Iterator[Gap]:
    """Spans longer than a step and a half between samples, and at both ends.

    A thinned channel has a larger step everywhere (its tick step); only longer spans
    are gaps.
    """
    if channel.ticks is None:
        return
    stamps, absent = held
    if absent.count:
        stamps = _array(stamps)[~absent.rows()]
    start, end = span
    if not len(stamps):
        # A part may lie between two slow values: then no step begins, none is missing.
        if samples := expected_samples(channel, start, end):
            yield Gap(start, end, samples, "missing")
        return
    step, begin = channel.ticks, -channel.lag
    if int(stamps[0]) + begin - start >= step - _HALF:
        yield _gap(step, start, int(stamps[0]) + begin)
    yield from _between(step, stamps, tick_step, begin=begin)
    covered = int(stamps[-1]) + begin + round(step)
    # Recorders write blocks: a fraction of a second at the end is no gap.
    if end - covered >= max(step, channel.clock):
        yield _gap(step, covered, end)


def _between(
    step: Fraction, stamps: _Stamps, tick_step: int | None, *, begin: int
) -> Iterator[Gap]:
    """Yield the spans between samples; a range has none."""
    if isinstance(stamps, range):
        return
    limit = float(step * 3 / 2)
    if _is_thinned(stamps, limit):
        limit = (tick_step or 0) * 3 / 2
    for offset, steps in _blocks(stamps):
        for at in np.flatnonzero(steps > limit) + offset:
            covered = int(stamps[at]) + begin + round(step)
            yield _gap(step, covered, int(stamps[at + 1]) + begin)


def _is_thinned(stamps: NDArray[np.int64], limit: float) -> bool:
    """Whether most steps, and not a few of them by chance, are too long."""
    long = sum(int((steps > limit).sum()) for _, steps in _blocks(stamps))
    return long > max(_THINNED_FROM, len(stamps) // 2)


def _gap(step: Fraction, start: int, end: int) -> Gap:
    return Gap(start, end, max(1, round((end - start) / step)), "missing")


def _not_lost(
    channel: Channel, gaps: Iterator[Gap], lost: tuple[tuple[int, int], ...]
) -> Iterator[Gap]:
    """Yield the parts of the gaps that the transfer does not explain."""
    if channel.ticks is None or not lost:
        yield from gaps
        return
    # If a step is not a whole number of ticks, a gap may begin a tick early.
    play = Fraction(channel.ticks.denominator > 1)
    for gap in gaps:
        for start, end in outside((gap.start, gap.end), lost):
            first = gap.start + play
            before = samples_before(channel.ticks, start - first)
            until = samples_before(channel.ticks, end - first)
            if until > before:
                yield gap._replace(start=start, end=end, samples=until - before)


def _lost(
    channel: Channel, span: tuple[int, int], lost: tuple[tuple[int, int], ...]
) -> Iterator[Gap]:
    """Yield the lost spans, with the number of steps that begin there."""
    step, count = channel.ticks, expected_samples(channel, *span)
    for first, last in lost:
        samples = None
        if step is not None and count is not None:
            before, until = (
                min(max(0, samples_before(step, tick - span[0])), count)
                for tick in (first, last)
            )
            samples = until - before
        yield Gap(first, last, samples, "missing", "transfer")


def _intervals(
    channel: Channel, frame: pd.DataFrame, scale: Scale
) -> NDArray[np.int64]:
    """Return the intervals of events in ticks."""
    row = channel.datatypes[0]
    values = np.nan_to_num(frame[row.column].to_numpy())
    # What is no measurement reaches back to nothing.
    values = np.where(unmeasured(values, row, scale=scale), 0.0, values)
    seconds = values * row.gain if scale == "raw" else values  # a gain is below 1
    ticks: NDArray[np.int64] = np.rint(seconds * channel.clock).astype(np.int64)
    return ticks


def _holes(
    stamps: _Stamps,
    pieces: list[NDArray[np.int64]],
    lost: tuple[tuple[int, int], ...],
) -> Iterator[Gap]:
    """Yield intervals that do not reach back to the event before: beats are missing.

    The parts that the transfer explains are left out.
    """
    if not pieces or isinstance(stamps, range) or len(stamps) < 2:
        return  # events are no range
    intervals = np.concatenate(pieces)
    reach = stamps[1:] - intervals[1:]
    for at in np.flatnonzero(reach - stamps[:-1] > _INTERVAL_PLAY):
        for start, end in outside((int(stamps[at]), int(reach[at])), lost):
            yield Gap(start, end, None, "hole")


def _no_signal(channel: Channel, stamps: _Stamps, marks: _Marks) -> Iterator[Gap]:
    """Yield runs of "no signal" at the edges, or of a second and longer."""
    if not marks.count or channel.ticks is None:
        return
    void = marks.rows()
    step, begin = round(channel.ticks), -channel.lag
    edges = np.flatnonzero(np.diff(void, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        samples = int(last - first)
        at_edge = first == 0 or last == len(void)
        if at_edge or samples * channel.ticks >= channel.clock:
            start, end = int(stamps[first]), int(stamps[last - 1]) + step
            yield Gap(start + begin, end + begin, samples, "no signal")
