"""Whether two recordings are one and the same, met in two files or formats.

A ZIP and a CSV of the same minutes differ in channels, digits and id. What they share
are the span and the samples at 1 Hz. Nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

__all__ = ["same_recording", "same_span"]

# Some formats print the start of a record in whole seconds.
_NEAR_S = 1
# Fewer samples in common say nothing.
_LEAST = 10
# Text formats round what binary ones hold.
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6


def same_span(
    one: tuple[int, int], other: tuple[int, int], *, clocks: tuple[int, int]
) -> bool:
    """Whether two spans of ticks begin and end within a second of each other."""
    mine, theirs = clocks
    return all(
        abs(a * theirs - b * mine) < _NEAR_S * mine * theirs
        for a, b in zip(one, other, strict=True)
    )


def same_recording(one: RecordData, other: RecordData) -> bool:
    """Whether two records have the same span and equal samples at 1 Hz.

    Reads the channels at 1 Hz that both have. Samples that never change are no sign:
    two recorders that nobody wears give the same. Adjusted volumes are left out, since
    they depend on the weight that a profile had when the file was made.
    """
    spans = [(each.start_tick, each.end_tick) for each in (one, other)]
    if not same_span(spans[0], spans[1], clocks=(one.clock, other.clock)):
        return False
    told = [
        _equal(mine, theirs)
        for mine, theirs in _shared(one, other)
        if len(mine) >= _LEAST and (_moves(mine) or _moves(theirs))
    ]
    return bool(told) and all(told)


def _shared(
    one: RecordData, other: RecordData
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the values of both records at the seconds that both have."""
    known = channels_of(one.family)
    names = [
        name
        for name in one
        if name in other and known[name].rate_hz == 1 and "adjusted" not in name
    ]
    for name in names:
        (mine, values), (theirs, others) = (_seconds(r, name) for r in (one, other))
        shift = _shift(mine, theirs)
        _, left, right = np.intersect1d(
            mine, theirs + shift, assume_unique=True, return_indices=True
        )
        there = ~(np.isnan(values[left]) | np.isnan(others[right]))
        yield values[left][there], others[right][there]


def _seconds(
    record: RecordData, name: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the second of each row since 1970, and its physical value."""
    channel = channels_of(record.family)[name]
    row = channel.datatypes[0]
    frame = record[name]
    values = frame[row.column].to_numpy(np.float64)
    if record.scale == "raw":
        values = values * row.gain + row.offset
    seconds, first = np.unique(
        ticks_of(frame, channel) // record.clock, return_index=True
    )
    return seconds, values[first]


def _shift(mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> int:
    """Return the difference of the first seconds, which rounding may have made."""
    if not len(mine) or not len(theirs):
        return 0
    apart = int(mine[0] - theirs[0])
    return apart if abs(apart) <= _NEAR_S else 0


def _moves(values: NDArray[np.float64]) -> bool:
    return bool(len(values)) and bool((values != values[0]).any())


def _equal(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> bool:
    return bool(np.allclose(mine, theirs, rtol=_RELATIVE, atol=_ABSOLUTE))
