"""Gaps in the samples of a channel, and what is counted of them; all in ticks.

A *receipt* is what a source says of a channel before its samples are read; a *survey*
is what the samples themselves say, and is made in `survey`. Spans in which a sensor was
off come from the quality flags of another channel. The tables that a user sees are made
by the record.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hexoframe.timestamps import NS_PER_TICK

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

RULES = 3
"""Number of the rules by which a survey counts: one more with each change of them, so
that what was found by older rules is not taken for true."""
_HALF = Fraction(1, 2)


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
        Spans in ticks, end not included, that the source holds and that did not come:
        of time, as gaps are, so that the last stamp of a rate ends its span.
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


def joined_spans(gaps: Iterable[Gap]) -> list[tuple[int, int]]:
    """Return the spans of gaps in order; those that overlap or touch are one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((gap.start, gap.end) for gap in gaps):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def outside(
    span: tuple[int, int], holes: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the parts of a span that no hole covers."""
    left = [span]
    for first, last in holes:
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
    """Return what of some spans lies in a part, whose sides may be open (None)."""
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
    """Return which part of the expected samples there is; None where nobody knows."""
    if expected is None:
        return None
    return min(1.0, samples / expected) if expected else 1.0


def percent(part: float) -> str:
    """Write a share as percent, cut, not rounded: only what is whole shows 100 %."""
    return "100 %" if part == 1.0 else f"{int(part * 1000) / 10:.1f} %"


def percent_up(part: float) -> str:
    """Write a share of what is in doubt as percent, rounded up: only none shows 0 %."""
    return f"{math.ceil(part * 1000) / 10:g} %"


def narrow(
    channel: Channel,
    receipt: Receipt,
    span: tuple[int, int],
    part: tuple[int | None, int | None],
) -> Receipt:
    """Return what is left of a receipt in a part of the record.

    Parameters
    ----------
    channel : Channel
        The channel.
    receipt : Receipt
        Receipt of the whole.
    span : (int, int), in ticks
        Start and end of the whole.
    part : (int or None, int or None), in ticks
        Start and end of the part, which is not included; None is an open side.

    Returns
    -------
    Receipt
        How many steps of the channel begin in the part, and what was lost there.
        Duplicates are those of the whole, as nobody knows where they were.
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
    # A stamp is the whole tick next to its place, so half a tick decides.
    return math.ceil((ticks - _HALF) / step)


# -- what the quality flags of another channel say -------------------------------------


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
    stamps = flags.index.asi8 // NS_PER_TICK[judge.clock]  # type: ignore[attr-defined]
    edges = np.flatnonzero(np.diff((values & mask) != 0, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        start = int(stamps[first]) - round(judge.ticks)
        end = int(stamps[last - 1])
        yield Gap(start, end, expected_samples(channel, start, end), "sensor off")


def beyond(
    channel: Channel, spans: Iterable[Gap], known: Iterable[Gap]
) -> Iterator[Gap]:
    """Yield the parts of some spans that no known gap covers.

    Flags say again, to the second, what the samples told: a moment without a signal is
    one gap and not two.

    Parameters
    ----------
    channel : Channel
        The channel that lacks samples there.
    spans : iterable of Gap
        What the flags say.
    known : iterable of Gap
        What the samples say.

    Yields
    ------
    Gap
        In order.
    """
    holes = joined_spans(known)
    starts, ends = [start for start, _ in holes], [end for _, end in holes]
    for span in spans:
        near = slice(bisect_right(ends, span.start), bisect_left(starts, span.end))
        for start, end in outside((span.start, span.end), holes[near]):
            samples = expected_samples(channel, start, end)
            yield span._replace(start=start, end=end, samples=samples)
