"""States over time: how long each code of a channel held in spans, to the tick.

A state holds until the next row. What phases and positions mean belongs in `sleep` and
`activity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.tickspans import TickSpans
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

    Ticks = NDArray[np.int64]

__all__ = ["UNKNOWN", "States", "find_states"]

UNKNOWN = -1
"""The code of a state that is not known; none of the table is negative."""


class States(NamedTuple):
    """The states of a record one after the other; together they cover it.

    Attributes
    ----------
    edges : ndarray of int64, shape (n + 1,)
        Ticks at which each state begins, and at which the last one ends.
    codes : ndarray of int64, shape (n,)
        Codes of the table, or `UNKNOWN`. Neighbours differ.
    """

    edges: Ticks
    codes: Ticks

    def ticks_in(self, starts: Ticks, ends: Ticks, codes: list[int]) -> Ticks:
        """Return for how many ticks of each span one of some codes held."""
        return self.spans(codes).within(starts, ends)

    def spans(self, codes: list[int]) -> TickSpans:
        """Return when one of some codes held."""
        held = np.isin(self.codes, codes)
        return TickSpans.joined(self.edges[:-1][held], self.edges[1:][held])

    def changes(self, starts: Ticks, ends: Ticks, known: list[int]) -> Ticks:
        """Return how often the state changed in each span from a known one to another.

        Time between two known states in which none is known is no change by itself.
        """
        rows = np.flatnonzero(np.isin(self.codes, known))
        moved = self.codes[rows][1:] != self.codes[rows][:-1]
        # A change belongs to a span only if the state before it reaches into the span.
        reach, begin = self.edges[rows[:-1] + 1][moved], self.edges[rows[1:]][moved]
        first = np.searchsorted(reach, starts, side="right")
        counts: Ticks = np.searchsorted(begin, ends) - first
        return np.maximum(counts, 0)

    def cut(self, start: int, end: int) -> States:
        """Return the states of a part; none for a part without length."""
        if start >= end:
            return States(self.edges[:0], self.codes[:0])
        first = int(np.searchsorted(self.edges, start, side="right")) - 1
        last = int(np.searchsorted(self.edges, end, side="left"))
        edges = np.clip(self.edges[first : last + 1], start, end)
        return States(edges, self.codes[first:last])

    def without(self, spans: TickSpans) -> States:
        """Return the states with `UNKNOWN` in some spans."""
        if not len(spans.starts):
            return self
        low, high = self.edges[0], self.edges[-1]
        edges = np.unique(np.clip(np.concatenate([self.edges, *spans]), low, high))
        rows = np.searchsorted(self.edges, edges[:-1], side="right") - 1
        codes = np.where(spans.cover(edges[:-1]), UNKNOWN, self.codes[rows])
        return _joined(edges, codes)


def find_states(record: RecordData, key: str) -> States:
    """Return the states of a channel over a record.

    Unknown is what a missing value or no row tells of, and what did not come.
    """
    channel = record.channel(key)
    frame = record[key]
    low, high = record.start_tick, record.end_tick
    values = frame[channel.columns[0]].to_numpy()
    codes = np.where(np.isnan(values), UNKNOWN, np.nan_to_num(values)).astype(np.int64)
    begins = np.clip(ticks_of(frame, channel) - channel.lag, low, high)
    edges = np.concatenate(([low], begins, [high]))
    codes = np.concatenate(([UNKNOWN], codes))
    lasting = edges[1:] > edges[:-1]
    kept = np.append(edges[:-1][lasting], high)
    states = _joined(kept, codes[lasting])
    lost = record.survey(channel.name).gaps
    return states.without(TickSpans.of((gap.start, gap.end) for gap in lost))


def _joined(edges: Ticks, codes: Ticks) -> States:
    """Join neighbours of the same code."""
    fresh = np.ones(len(codes), np.bool_)
    fresh[1:] = codes[1:] != codes[:-1]
    return States(np.append(edges[:-1][fresh], edges[-1:]), codes[fresh])
