"""What was expected of a channel, what came, and where the holes are.

A *receipt* is what a door says of a channel before its samples are read; a *survey* is
what the samples themselves say. Both count in ticks. Nothing here reads a file; the
tables that a user sees are made from surveys by the record.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.calibration import Scale
    from hexoframe.channels import Channel

    _Stamps = NDArray[np.int64] | range
    _Rows = NDArray[np.bool_]

__all__ = [
    "RULES",
    "Gap",
    "Receipt",
    "Survey",
    "expected_samples",
    "narrow",
    "sensor_off",
    "survey",
]

RULES = 1
"""Number of the rules by which a survey counts: one more with each change of them, so
that what was found by older rules is not taken for true."""
# Differences of stamps are taken in blocks, so that a day of ECG needs no second copy.
_BLOCK = 1 << 20
# Whether stamps are a range is asked in blocks that stay in the cache of a core.
_RANGE_BLOCK = 1 << 16
# Two ticks of play: stamps of beats are rounded on their own.
_INTERVAL_PLAY = 2
_HALF = Fraction(1, 2)
# So many long steps, and most of all, are a thinned channel and not single holes.
_THINNED_FROM = 64


class Receipt(NamedTuple):
    """What a door knows of a channel before its samples are read.

    Attributes
    ----------
    samples : int or None
        Rows that headers or the manifest promise; None if only reading tells.
    expected : int or None
        Rows that the source should hold, where the door knows better than the span of
        the record.
    duplicates : int
        Rows that were dropped because their stamp came twice.
    lost : tuple of (int, int)
        Spans in ticks, end not included, that the source holds and that did not come.
    span : (int, int) or None
        Ticks that the steps of the channel cover; None for the span of the record. A
        part of a record may begin and end within a step.
    """

    samples: int | None = None
    expected: int | None = None
    duplicates: int = 0
    lost: tuple[tuple[int, int], ...] = ()
    span: tuple[int, int] | None = None


class Gap(NamedTuple):
    """A span without samples, in ticks, end not included.

    `kind` is ``missing`` (no sample), ``no signal`` (the value that means so),
    ``sensor off`` (the quality flags say that an electrode, belt or sensor was off) or
    ``hole`` (intervals that do not reach back to the event before). `cause` is
    ``recorder`` for what the device did not record and ``transfer`` for what the source
    holds and did not come.
    """

    start: int
    end: int
    samples: int | None
    kind: Literal["missing", "no signal", "sensor off", "hole"]
    cause: Literal["recorder", "transfer"] = "recorder"


class Survey(NamedTuple):
    """What the samples of one channel say.

    Attributes
    ----------
    expected : int or None
        Rows in the span of the record; None for events and states.
    received : int
        Rows that came.
    missing : int
        Rows with a missing value in any column.
    complete : int
        Stamps with a value in every column, each counted once.
    duplicates : int
        Rows dropped or still there whose stamp came before.
    tick_step : int or None
        Most frequent difference of stamps in ticks; None for events and states and for
        fewer than two rows.
    void : int
        Rows with a value that means "no signal" in any column.
    gaps : tuple of Gap
        Holes, in order.
    """

    expected: int | None
    received: int
    missing: int
    complete: int
    duplicates: int
    tick_step: int | None
    void: int
    gaps: tuple[Gap, ...]


def expected_samples(channel: Channel, start: int, end: int) -> int | None:
    """Return how many samples a channel has from `start` to `end`.

    A waveform has one at the start itself; a channel at 1 Hz or slower has its first
    one a step later and its last one at the end.

    Parameters
    ----------
    channel : Channel
        The channel.
    start, end : int, in ticks
        Span of the record.

    Returns
    -------
    int or None
        None for events and states.
    """
    if channel.ticks is None:
        return None
    steps = (end - start) / channel.ticks
    whole = steps.numerator // steps.denominator
    if channel.first_sample:
        return max(0, whole)
    return max(0, whole + (steps != whole))


def narrow(
    channel: Channel, receipt: Receipt, span: tuple[int, int], part: tuple[int, int]
) -> Receipt:
    """Return what is left of a receipt in a part of the record.

    Parameters
    ----------
    channel : Channel
        The channel.
    receipt : Receipt
        Receipt of the whole.
    span, part : (int, int), in ticks
        Start and end of the whole, and of the part: the end is not included.

    Returns
    -------
    Receipt
        How many stamps of the channel fall into the part, and what was lost there.
        Duplicates are those of the whole, as nobody knows where they were.
    """
    start, end = part
    lost = tuple(
        (max(first, start), min(last, end))
        for first, last in receipt.lost
        if first < end and last > start
    )
    left = receipt._replace(samples=None, expected=None, lost=lost)
    if channel.ticks is None:
        return left
    origin, whole_end = receipt.span or span
    step, offset = channel.ticks, channel.first_sample
    count = expected_samples(channel, origin, whole_end) or 0
    first_stamp = origin + offset * step
    before = min(max(0, _samples_before(step, start - first_stamp)), count)
    until = min(max(before, _samples_before(step, end - first_stamp)), count)
    first = origin + round(before * step)
    last = whole_end if until == count else origin + round(until * step)
    return left._replace(expected=until - before, span=(first, max(first, last)))


def survey(
    channel: Channel,
    frame: pd.DataFrame,
    span: tuple[int, int],
    receipt: Receipt,
    *,
    scale: Scale = "physical",
) -> Survey:
    """Count the samples of a channel and find its holes.

    Parameters
    ----------
    channel : Channel
        The channel.
    frame : DataFrame
        Its samples.
    span : (int, int), in ticks
        Start and end of the record.
    receipt : Receipt
        What the door said of it.
    scale : {"physical", "raw"}
        What the values are.

    Returns
    -------
    Survey
        Counts and gaps; a stamp that comes twice is counted as a duplicate.
    """
    stamps = _stamps(channel, frame.index.asi8)  # type: ignore[attr-defined]
    span = receipt.span or span
    expected = receipt.expected
    if expected is None:
        expected = expected_samples(channel, *span)
    void = _void(channel, frame)
    step, repeated = _steps(channel, stamps)
    any_missing, all_missing = _missing_rows(frame)
    missing = _missing(channel, (stamps, all_missing), span, step)
    gaps = [
        *_not_lost(channel, missing, receipt.lost),
        *_holes(stamps, _intervals(channel, frame, scale)),
        *_no_signal(channel, stamps, void),
        *_lost(channel, receipt.lost),
    ]
    return Survey(
        expected=expected,
        received=len(frame),
        missing=int(any_missing.sum()),
        complete=_distinct(stamps, any_missing),
        duplicates=receipt.duplicates + repeated,
        tick_step=step,
        void=0 if void is None else int(void.sum()),
        gaps=tuple(sorted(gaps, key=lambda gap: gap.start)),
    )


def sensor_off(
    channel: Channel, judge: Channel, flags: pd.DataFrame, mask: int
) -> Iterator[Gap]:
    """Yield the spans in which the quality flags say that a sensor was off.

    Parameters
    ----------
    channel : Channel
        The channel that is judged.
    judge : Channel
        The channel of the flags, at a regular rate.
    flags : DataFrame
        Its samples: each stands at the end of the time that it judges.
    mask : int
        Flags that say so.

    Yields
    ------
    Gap
        In order; `samples` is how many the channel has there.
    """
    if judge.ticks is None or not len(flags) or not mask:
        return
    values = np.nan_to_num(flags[judge.columns[0]].to_numpy()).astype(np.int64)
    stamps = flags.index.asi8 // _ns(judge)  # type: ignore[attr-defined]
    edges = np.flatnonzero(np.diff((values & mask) != 0, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        start = int(stamps[first]) - round(judge.ticks)
        end = int(stamps[last - 1])
        yield Gap(start, end, expected_samples(channel, start, end), "sensor off")


def _ns(channel: Channel) -> int:
    return NS_PER_TICK[channel.clock]


def _stamps(channel: Channel, times: NDArray[np.int64]) -> _Stamps:
    """Return times in ticks; a range where each follows a step after the one before.

    Of a range hardly anything need be computed, and nearly every channel is one.
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


def _missing_rows(frame: pd.DataFrame) -> tuple[_Rows, _Rows]:
    """Return the rows that lack a value in any column, and those that lack them all."""
    lacks = [np.isnan(frame[column].to_numpy()) for column in frame.columns]
    return np.logical_or.reduce(lacks), np.logical_and.reduce(lacks)


def _distinct(stamps: _Stamps, left_out: _Rows) -> int:
    """How many different stamps the rows have that are not left out."""
    if isinstance(stamps, range):
        return len(stamps) - int(left_out.sum())
    if left_out.any():
        stamps = stamps[~left_out]
    changes = sum(int((steps != 0).sum()) for _, steps in _blocks(stamps))
    return changes + bool(len(stamps))


def _samples_before(step: Fraction, ticks: int | Fraction) -> int:
    """How many samples lie before so many ticks after the first one."""
    # A stamp is the whole tick next to its place, so half a tick decides.
    return math.ceil((ticks - _HALF) / step)


def _blocks(stamps: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for first in range(0, len(stamps) - 1, _BLOCK):
        yield first, np.diff(stamps[first : first + _BLOCK + 1])


def _steps(channel: Channel, stamps: _Stamps) -> tuple[int | None, int]:
    """Most frequent difference, and how many stamps repeat the one before."""
    if isinstance(stamps, range):
        return (stamps.step if len(stamps) > 1 else None), 0
    repeated = sum(int((steps == 0).sum()) for _, steps in _blocks(stamps))
    if channel.ticks is None or len(stamps) < 2:
        return None, repeated
    values, counts = np.unique(np.diff(stamps[: _BLOCK + 1]), return_counts=True)
    return int(values[np.argmax(counts)]), repeated


def _missing(
    channel: Channel,
    held: tuple[_Stamps, _Rows],
    span: tuple[int, int],
    tick_step: int | None,
) -> Iterator[Gap]:
    """Spans longer than a step and a half between samples, and at both ends.

    A thinned channel has a larger step all over, which its tick step says once; only
    what is longer than that is a gap of its own.
    """
    if channel.ticks is None:
        return
    stamps, absent = held
    if absent.any():
        stamps = np.asarray(stamps, dtype=np.int64)[~absent]
    start, end = span
    if not len(stamps):
        if end > start:
            samples = expected_samples(channel, start, end)
            yield Gap(start, end, samples, "missing")
        return
    step = channel.ticks
    # A waveform's sample begins its step, a rate's sample ends it.
    begin = round(-channel.first_sample * step)
    if int(stamps[0]) + begin - start >= step - _HALF:
        yield _gap(step, start, int(stamps[0]) + begin)
    yield from _between(step, stamps, tick_step, begin=begin)
    covered = int(stamps[-1]) + begin + round(step)
    # Recorders write blocks: a fraction of a second at the end is no hole.
    if end - covered >= max(step, channel.clock):
        yield _gap(step, covered, end)


def _between(
    step: Fraction, stamps: _Stamps, tick_step: int | None, *, begin: int
) -> Iterator[Gap]:
    """Yield the spans between samples; there are none in a range."""
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
    """Parts of the gaps that the transfer does not explain."""
    if channel.ticks is None or not lost:
        yield from gaps
        return
    # What was lost are stamps; the stamp of a rate ends the step that it stands for.
    shift = round(channel.first_sample * channel.ticks)
    # Where a step is no whole number of ticks, a gap may begin a tick early.
    play = Fraction(channel.ticks.denominator > 1)
    for gap in gaps:
        left = [(gap.start + shift, gap.end + shift)]
        for first, last in lost:
            left = [
                piece
                for start, end in left
                for piece in ((start, min(end, first)), (max(start, last), end))
                if piece[0] < piece[1]
            ]
        for start, end in left:
            first_stamp = gap.start + shift + play
            before = _samples_before(channel.ticks, start - first_stamp)
            until = _samples_before(channel.ticks, end - first_stamp)
            if until > before:
                yield gap._replace(
                    start=start - shift, end=end - shift, samples=until - before
                )


def _lost(channel: Channel, lost: tuple[tuple[int, int], ...]) -> Iterator[Gap]:
    for first, last in lost:
        samples = expected_samples(channel, first, last)
        yield Gap(first, last, samples, "missing", "transfer")


def _intervals(
    channel: Channel, frame: pd.DataFrame, scale: Scale
) -> NDArray[np.int64] | None:
    """Ticks back to the event before; None for channels that do not say it."""
    row = channel.datatypes[0]
    if not row.interval:
        return None
    values = np.nan_to_num(frame[row.column].to_numpy())
    seconds = values * row.gain if scale == "raw" else values
    ticks: NDArray[np.int64] = np.rint(seconds * channel.clock).astype(np.int64)
    return ticks


def _holes(stamps: _Stamps, intervals: NDArray[np.int64] | None) -> Iterator[Gap]:
    """Intervals that do not reach back to the event before: beats were lost between."""
    if intervals is None or isinstance(stamps, range) or len(stamps) < 2:
        return  # events are no range
    reach = stamps[1:] - intervals[1:]
    for at in np.flatnonzero(reach - stamps[:-1] > _INTERVAL_PLAY):
        yield Gap(int(stamps[at]), int(reach[at]), None, "hole")


def _void(channel: Channel, frame: pd.DataFrame) -> _Rows | None:
    rows = channel.datatypes
    if rows[0].void is None or not len(frame):
        return None
    void = np.zeros(len(frame), dtype=np.bool_)
    for row in rows:
        void |= frame[row.column].to_numpy() == row.void
    return void


def _no_signal(channel: Channel, stamps: _Stamps, void: _Rows | None) -> Iterator[Gap]:
    """Yield runs of "no signal" at the edges, or of a second and longer."""
    if void is None or not void.any() or channel.ticks is None:
        return
    edges = np.flatnonzero(np.diff(void, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        samples = int(last - first)
        at_edge = first == 0 or last == len(void)
        if at_edge or samples * channel.ticks >= channel.clock:
            end = int(stamps[last - 1]) + round(channel.ticks)
            yield Gap(int(stamps[first]), end, samples, "no signal")
