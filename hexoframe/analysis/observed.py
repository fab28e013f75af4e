"""Observed time: when the recorder ran and the shirt was not off, in ticks.

What a result counts in time (minutes of a phase, steps a minute) counts here alone.
Spans of wear are found in `wear`, gaps in `hexoframe.recording.survey`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.wear import find_wear
from hexoframe.errors import ConfigurationError
from hexoframe.recording.gaps import joined_spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = [
    "TickSpans",
    "find_unobserved",
    "lost_spans",
    "require_channel",
    "unworn_minutes",
    "unworn_spans",
]

# Channels of a recorder end a second or two apart.
_PLAY_S = 2


class TickSpans(NamedTuple):
    """Spans in ticks in order, end not included, that do not overlap or touch.

    Attributes
    ----------
    starts, ends : ndarray of int64, shape (n,)
        First tick, and the tick at which the span ends.
    """

    starts: Ticks
    ends: Ticks

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> TickSpans:
        """Return spans in order; those that overlap or touch are joined."""
        edges = np.array(list(pairs), np.int64).reshape(-1, 2)
        edges = edges[edges[:, 0] < edges[:, 1]]
        edges = edges[np.argsort(edges[:, 0], kind="stable")]
        reached = np.maximum.accumulate(edges[:, 1])
        first = np.ones(len(edges), np.bool_)
        first[1:] = edges[1:, 0] > reached[:-1]
        last = np.append(first[1:], np.ones(len(edges[:1]), np.bool_))
        return cls(edges[first, 0], reached[last])

    def pairs(self) -> list[tuple[int, int]]:
        """Return the spans as pairs of first tick and end."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    def within(self, starts: Ticks, ends: Ticks) -> Ticks:
        """Return for how many ticks each of other spans lies in these."""
        shared: Ticks = self._before(ends) - self._before(starts)
        return shared

    def _before(self, ticks: Ticks) -> Ticks:
        """Ticks of the spans before each of some ticks."""
        lengths = np.concatenate(([0], np.cumsum(self.ends - self.starts)))
        row = np.searchsorted(self.starts, ticks, side="right")
        if not len(self.starts):
            return np.zeros(len(ticks), np.int64)
        beyond = np.maximum(self.ends[np.maximum(row - 1, 0)] - ticks, 0)
        before: Ticks = lengths[row] - np.where(row > 0, beyond, 0)
        return before

    def cover(self, ticks: Ticks) -> Marks:
        """Return which ticks lie in a span."""
        row = np.searchsorted(self.starts, ticks, side="right")
        inside: Marks = row > np.searchsorted(self.ends, ticks, side="right")
        return inside


def find_unobserved(record: RecordData) -> TickSpans:
    """Return the spans of which a record tells nothing of its wearer.

    The shirt was off, or no channel at 1 Hz has a sample: the recorder did not run, or
    what it recorded did not come. Where nothing tells of wear, the time counts.
    """
    return TickSpans.of(
        [*unworn_spans(record).pairs(), *_unrecorded_spans(record).pairs()]
    )


def unworn_spans(record: RecordData) -> TickSpans:
    """Return the spans in which the shirt of a record was off."""
    return TickSpans.of(find_wear(record).not_worn)


def unworn_minutes(record: RecordData, starts: Ticks, ends: Ticks) -> Values:
    """Return the minutes of spans with the shirt off; NaN where no belts tell."""
    if record.belts() is None:
        return np.full(len(starts), np.nan)
    minutes: Values = unworn_spans(record).within(starts, ends) / (60 * record.clock)
    return minutes


def require_channel(
    record: RecordData, name: str, purpose: str, hint: str = ""
) -> pd.DataFrame:
    """Return a channel, which the record must have for a purpose."""
    frame = record[name]  # it may say that it was left out
    if name in record:
        return frame
    who = "the record" if record.id is None else f"record {record.id}"
    raise ConfigurationError(
        f"{who} has no channel {name}, from which {purpose}: "
        + (hint or f"it has {', '.join(record) or 'none'}")
    )


def lost_spans(record: RecordData, name: str) -> TickSpans:
    """Return the spans in which samples of a channel are missing."""
    gaps = (gap for gap in record.survey(name).gaps if gap.kind == "missing")
    return TickSpans.of(joined_spans(gaps))


def _unrecorded_spans(record: RecordData) -> TickSpans:
    """Return the spans in which no channel at 1 Hz has a sample."""
    end = record.end_tick
    common: TickSpans | None = None
    for name in record:
        if record.channel(name).rate_hz != 1:
            continue
        found = lost_spans(record, name)
        common = found if common is None else _both(common, found)
        if not len(common.starts):
            break
    if common is None:
        return TickSpans.of(())
    play = _PLAY_S * record.clock
    return TickSpans.of(
        (first, last)
        for first, last in common.pairs()
        if last < end or last - first > play
    )


def _both(one: TickSpans, other: TickSpans) -> TickSpans:
    """Return what lies in both of two lists of spans."""
    edges = np.unique(np.concatenate([*one, *other]))
    kept = one.cover(edges[:-1]) & other.cover(edges[:-1])
    return TickSpans.of(zip(edges[:-1][kept], edges[1:][kept], strict=True))
