"""Gap, Receipt and Survey of a channel, and arithmetic of spans; all in ticks.

A *receipt* is what a source says of a channel before its samples are read; a *survey*
is what the samples themselves say. What counts as a gap is decided in `survey`. Spans
with a sensor off come from the quality flags of another channel. `analysis.coverage`
makes the tables for users.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hexoframe.recording.belts import Belts
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from hexoframe.channels import Channel

__all__ = [
    "RULES",
    "Gap",
    "Receipt",
    "Survey",
    "beyond",
    "expected_samples",
    "joined_spans",
    "narrow",
    "outside",
    "percent",
    "percent_up",
    "samples_before",
    "sensor_off",
    "share",
]

RULES = 5
"""Version of the rules of a survey; a kept survey of older rules is not used."""
_HALF = Fraction(1, 2)


class Receipt(NamedTuple):
    """What is known of a channel before its samples are read.

    Attributes
    ----------
    samples : int or None
        Rows that headers or the manifest say; None if only reading tells.
    expected : int or None
        Rows that the source should hold, where that is known better than from the span
        of the record.
    duplicates : int
        Rows that were dropped because their stamp came twice.
    lost : tuple of (int, int)
        Spans in ticks, end not included, that the source holds and that did not come.
        They are spans of time, as gaps are: the last stamp of a rate ends its span.
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

    `kind` is ``missing`` (no sample), ``no signal`` (the value that means so), ``sensor
    off`` (by the quality flags: an electrode, belt or sensor) or ``hole`` (intervals
    that do not reach back to the event before). `cause` is ``recorder`` for what the
    device did not record and ``transfer`` for what the source holds and did not come.
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
        Rows whose stamp came before, dropped or not.
    tick_step : int or None
        Most frequent difference of stamps in ticks; None for events and states and for
        fewer than two rows.
    void : int
        Rows with a value that means "no signal" in any column.
    gaps : tuple of Gap
        In order.
    """

    expected: int | None
    received: int
    missing: int
    complete: int
    duplicates: int
    tick_step: int | None
    void: int
    gaps: tuple[Gap, ...]
    belts: Belts | None = None


def expected_samples(channel: Channel, start: int, end: int) -> int | None:
    """Return the number of samples from `start` to `end`; None for events and states.

    A waveform has one at the start itself; a channel at 1 Hz or slower has its first
    one a step later and its last one at the end.
    """
    if channel.ticks is None:
        return None
    steps = (end - start) / channel.ticks
    whole = steps.numerator // steps.denominator
    if channel.first_sample:
        return max(0, whole)
    return max(0, whole + (steps != whole))


def joined_spans(gaps: Iterable[Gap]) -> list[tuple[int, int]]:
    """Return the spans of gaps in order; those that overlap or touch are joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((gap.start, gap.end) for gap in gaps):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def outside(
    span: tuple[int, int], gaps: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the parts of a span that no gap covers."""
    left = [span]
    for first, last in gaps:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, first)), (max(start, last), end))
            if piece[0] < piece[1]
        ]
    return left


def _within(
    spans: Iterable[tuple[int, int]], part: tuple[int | None, int | None]
) -> list[tuple[int, int]]:
    """Cut spans to a part, whose sides may be open (None)."""
    low, high = part
    cut = (
        (
            start if low is None else max(start, low),
            end if high is None else min(end, high),
        )
        for start, end in spans
    )
    return [(start, end) for start, end in cut if start < end]


def share(samples: int, expected: int | None) -> float | None:
    """Return samples / expected, at most 1; None if the expected are unknown."""
    if expected is None:
        return None
    return min(1.0, samples / expected) if expected else 1.0


def percent(part: float) -> str:
    """Format a share as percent, cut, not rounded: only a whole one shows 100 %."""
    return "100 %" if part == 1.0 else f"{int(part * 1000) / 10:.1f} %"


def percent_up(part: float) -> str:
    """Format a doubtful share as percent, rounded up: only none shows 0 %."""
    return f"{math.ceil(part * 1000) / 10:g} %"


def narrow(
    channel: Channel,
    receipt: Receipt,
    span: tuple[int, int],
    part: tuple[int | None, int | None],
) -> Receipt:
    """Return the receipt of a part of the record (end not included, None is open).

    `expected` are the steps of the channel that begin in the part. Duplicates stay
    those of the whole, since their place is not known.
    """
    start, end = part
    lost = tuple(_within(receipt.lost, part))
    left = receipt._replace(samples=None, expected=None, lost=lost)
    if channel.ticks is None:
        return left
    origin, whole_end = receipt.span or span
    step = channel.ticks
    count = expected_samples(channel, origin, whole_end) or 0
    before, until = (
        open_side
        if tick is None
        else min(max(0, samples_before(step, tick - origin)), count)
        for tick, open_side in ((start, 0), (end, count))
    )
    until = max(before, until)
    first = origin + round(before * step)
    last = whole_end
    if end is not None and end < whole_end:
        last = min(last, origin + round(until * step))
    return left._replace(expected=until - before, span=(first, max(first, last)))


def samples_before(step: Fraction, ticks: int | Fraction) -> int:
    """Return how many samples lie before so many ticks after the first one."""
    # A stamp is rounded to the nearest tick, so half a tick decides.
    return math.ceil((ticks - _HALF) / step)


# -- what the quality flags of another channel say -------------------------------------


def sensor_off(
    channel: Channel, judge: Channel, flags: pd.DataFrame, mask: int
) -> Iterator[Gap]:
    """Yield the spans in which the flags of `judge` say that a sensor was off.

    `flags` are samples at a regular rate, each at the end of the time that it judges;
    `mask` are the bits that count. `samples` of a gap are those of `channel` there.
    """
    if judge.ticks is None or not len(flags) or not mask:
        return
    values = np.nan_to_num(flags[judge.columns[0]].to_numpy()).astype(np.int64)
    stamps = flags.index.asi8 // NS_PER_TICK[judge.clock]  # type: ignore[attr-defined]
    edges = np.flatnonzero(np.diff((values & mask) != 0, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        start = int(stamps[first]) - round(judge.ticks)
        end = int(stamps[last - 1])
        yield Gap(start, end, expected_samples(channel, start, end), "sensor off")


def beyond(
    channel: Channel, spans: Iterable[Gap], known: Iterable[Gap]
) -> Iterator[Gap]:
    """Yield the parts of `spans` that no known gap covers, in order.

    Flags repeat, to the second, what the samples told: one gap must not count twice.
    """
    gaps = joined_spans(known)
    starts, ends = [start for start, _ in gaps], [end for _, end in gaps]
    for span in spans:
        near = slice(bisect_right(ends, span.start), bisect_left(starts, span.end))
        for start, end in outside((span.start, span.end), gaps[near]):
            samples = expected_samples(channel, start, end)
            yield span._replace(start=start, end=end, samples=samples)
