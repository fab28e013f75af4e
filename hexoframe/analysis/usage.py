"""Samples of a channel in spans: how many are usable, and why the others are not.

Arithmetic on the rows of one channel at an even rate; what is made of them is for
`summary` and `methods`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.quality import doubted_rows, measured_rows
from hexoframe.channels.calibration import physical
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hexoframe.analysis.spans import Spans
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["REASONS", "ChosenRows", "SpanSamples", "count_rows", "span_samples"]

# So many spans are counted in one pass; each of fewer is quicker alone.
_MANY = 500

REASONS = ("not_worn", "initial", "flagged", "clipped", "implausible", "handled")
"""Why samples are not usable; of several, the first that holds tells."""


def span_samples(record: RecordData, name: str, spans: Spans) -> SpanSamples:
    """Return the samples of a channel of one column, and those of each span.

    The channel has an even rate; samples are in the unit of the table.
    """
    channel = record.channel(name)
    row = channel.datatypes[0]
    frame = record[name]
    values = frame[row.column].to_numpy(np.float64)
    doubts = doubted_rows(record, name)
    usable = measured_rows(record, name)
    for marks in doubts.values():
        usable &= ~marks
    begins = ticks_of(frame, channel) - channel.lag
    first, last = spans.rows(begins)
    step = int(channel.ticks or 1)
    origin = int(begins[0]) if len(begins) else record.start_tick
    # A step that the record cuts short gives no sample.
    cut = (spans.ends == record.end_tick) * (step - 1)
    before = -((origin - spans.starts) // step)
    behind = -((origin - (spans.ends - cut)) // step)
    return SpanSamples(
        numbers=physical(row, values, record.scale).astype(np.float64),
        usable=usable,
        doubts=doubts,
        first=first,
        last=last,
        expected=np.maximum(behind - before, 0).astype(np.float64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSamples:
    """Samples of a channel, in the unit of the table, and those of each span."""

    numbers: Values
    usable: Marks
    doubts: Mapping[str, Marks]
    first: Rows
    last: Rows
    expected: Values

    @property
    def known(self) -> Marks:
        """Which rows hold a number, whatever it means."""
        known: Marks = ~np.isnan(self.numbers)
        return known

    @property
    def share(self) -> Values:
        """Share of the expected samples that is usable."""
        return self.share_of(self.usable)

    def share_of(self, marks: Marks) -> Values:
        """Share of the expected samples that is marked; a channel may be longer."""
        some = self.expected > 0
        share = np.divide(
            self.count(marks), self.expected, out=np.zeros(len(some)), where=some
        )
        return np.minimum(share, 1.0)

    def count(self, marks: Marks) -> Values:
        """Count marked rows of each span."""
        return count_rows(marks, self.first, self.last)

    def doubted(self, marks: Marks) -> dict[str, Values]:
        """Count marked rows of each span by the first of `REASONS` that they have."""
        counts, rest = {}, marks.copy()
        for reason in REASONS:
            if reason in self.doubts:
                counts[reason] = self.count(rest & self.doubts[reason])
                rest &= ~self.doubts[reason]
        return counts

    def chosen(self, marks: Marks) -> ChosenRows:
        """Return the marked rows of each span."""
        rows = np.flatnonzero(marks)
        first, last = (np.searchsorted(rows, at) for at in (self.first, self.last))
        return ChosenRows(rows, first, last)


class ChosenRows(NamedTuple):
    """Rows of a channel that count, ascending, and which of them a span has."""

    rows: Rows
    first: Rows
    last: Rows

    @property
    def n(self) -> Values:
        """How many rows of each span count."""
        n: Values = (self.last - self.first).astype(np.float64)
        return n

    def reduced(self, numbers: Values, how: str) -> Values:
        """Return mean, minimum or maximum of each span; NaN of none."""
        if not len(self.first):
            return np.empty(0)
        # A row more, since a span may begin behind the last one.
        inside = np.append(numbers[self.rows], 0.0)
        step = {"mean": np.add, "min": np.minimum, "max": np.maximum}[how]
        edges = np.stack((self.first, self.last), axis=1).ravel()
        # Every other result is of what lies between two spans.
        found = step.reduceat(inside, edges)[::2]
        if how == "mean":
            found = found / np.maximum(self.n, 1)
        return np.where(self.n > 0, found, np.nan)


def count_rows(marks: Marks, first: Rows, last: Rows) -> Values:
    """Count marked rows of each span."""
    if len(first) > _MANY:
        sums = np.concatenate(([0], np.cumsum(marks)))
        counts: Values = (sums[last] - sums[first]).astype(np.float64)
        return counts
    each = [
        np.count_nonzero(marks[low:high])
        for low, high in zip(first.tolist(), last.tolist(), strict=True)
    ]
    return np.array(each, np.float64)
