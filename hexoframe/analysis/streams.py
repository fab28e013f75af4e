"""Windows of one channel of a record larger than memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import (
    empty_frame,
    own_copy,
    slice_steps,
    ticks_of,
)
from hexoframe.timestamps.moments import length_ns
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.moments import Length

__all__ = ["channel_windows"]

_BEHIND_S = 3600


def channel_windows(
    record: RecordData, key: str | int, length: Length
) -> Iterator[pd.DataFrame]:
    """Yield a channel in windows of time, without holding it whole.

    Parameters
    ----------
    record : RecordData
        The record.
    key, length
        As for `hexoframe.Record.windows`.

    Yields
    ------
    DataFrame
        Rows of one window.

    Raises
    ------
    ConfigurationError
        If the length is not above one tick; at once, before the first window.
    """
    channel = record.channel(key)
    ns = length_ns("length", length)
    if ns <= NS_PER_TICK[record.clock]:
        raise ConfigurationError(f"length={length!r}: give a length above one tick")
    windows = _windows(record, key, channel, ns)
    return (own_copy(frame.tz_convert(record.tz)) for frame in windows)


def _windows(
    record: RecordData, key: str | int, channel: Channel, ns: int
) -> Iterator[pd.DataFrame]:
    number, end = 1, _window_end(record, 1, ns)
    # A stamp years behind the record makes no millions of windows.
    limit = record.end_tick + _BEHIND_S * record.clock
    held: list[pd.DataFrame] = []
    for piece in record.pieces(key):
        held.append(piece)
        reached = ticks_of(piece.iloc[-1:], channel)[0] - channel.lag
        while reached >= end and end < limit:
            joined = held[0] if len(held) == 1 else metadata.concat(held)
            yield slice_steps(joined, channel, None, end)
            held = [slice_steps(joined, channel, end, None)]
            number, end = number + 1, _window_end(record, number + 1, ns)
    empty = empty_frame(channel, record_id=record.id, scale=record.scale)
    # Samples may outlast the record: a last window holds them.
    if held or record.end_tick > record.start_tick:
        yield metadata.concat(held or [empty])
    while end < record.end_tick:
        yield empty
        number, end = number + 1, _window_end(record, number + 1, ns)


def _window_end(record: RecordData, number: int, ns: int) -> int:
    """First tick behind a window; a length need not be a whole number of ticks."""
    per_tick = NS_PER_TICK[record.clock]
    return -(-(record.start_tick * per_tick + number * ns) // per_tick)
