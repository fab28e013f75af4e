"""Observed time: when the recorder ran and the shirt was not off, in ticks.

What a result counts in time (minutes of a phase, steps a minute) counts here alone.
Spans of wear are found in `wear`, gaps in `hexoframe.recording.survey`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.tickspans import TickSpans
from hexoframe.analysis.wear import find_wear
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = [
    "find_unobserved",
    "lost_spans",
    "require_channel",
    "unworn_minutes",
    "unworn_spans",
]

# Channels of a recorder end a second or two apart.
_PLAY_S = 2


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
    """Return the minutes of spans with the shirt off; NaN where nothing tells."""
    wear = find_wear(record)
    off = TickSpans.of(wear.not_worn).within(starts, ends)
    unknown = TickSpans.of(wear.unknown).within(starts, ends)
    return np.where(unknown == ends - starts, np.nan, off / (60 * record.clock))


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
    return TickSpans.of((gap.start, gap.end) for gap in gaps)


def _unrecorded_spans(record: RecordData) -> TickSpans:
    """Return the spans in which no channel at 1 Hz has a sample."""
    end = record.end_tick
    common: TickSpans | None = None
    for name in record:
        if record.channel(name).rate_hz != 1:
            continue
        found = lost_spans(record, name)
        common = found if common is None else common.shared(found)
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
