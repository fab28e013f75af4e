"""Spans in ticks that do not overlap, and arithmetic of many at once.

What they are spans of is for the modules that make them. A few spans as pairs are
handled in `hexoframe.recording.gaps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]
    Ticks = NDArray[np.int64]

__all__ = ["TickSpans"]


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
        return cls.joined(edges[:, 0], edges[:, 1])

    @classmethod
    def joined(cls, starts: Ticks, ends: Ticks) -> TickSpans:
        """Return the same of arrays."""
        lasting = starts < ends
        order = np.argsort(starts[lasting], kind="stable")
        starts = starts[lasting][order]
        reached = np.maximum.accumulate(ends[lasting][order])
        first = np.ones(len(starts), np.bool_)
        first[1:] = starts[1:] > reached[:-1]
        last = np.append(first[1:], first[:1])
        return cls(starts[first], reached[last])

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

    def shared(self, other: TickSpans) -> TickSpans:
        """Return what lies in these and in other spans."""
        edges = np.unique(np.concatenate([*self, *other]))
        kept = self.cover(edges[:-1]) & other.cover(edges[:-1])
        return self.joined(edges[:-1][kept], edges[1:][kept])
