"""Streams of a record larger than memory: aligned rows in blocks, windows of a channel.

Channels are read side by side, and only what the next block needs is held. The values
of a row are for `align`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.align import (
    GridSamples,
    align_samples,
    bridged_ns,
    grid_of,
    length_ns,
    samples_of,
)
from hexoframe.analysis.bins import Grid
from hexoframe.channels import check_list
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import empty_frame, slice_steps, ticks_of
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from hexoframe.analysis.align import Origin
    from hexoframe.analysis.bins import Rows
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["align_blocks", "channel_windows"]

# All channels of an hour take some 25 MB, those of a day 600.
_LONGEST_NS = 3600 * 10**9
# Rows read at a time: some minutes of a waveform; an hour of a slower channel, of which
# there are many.
_WAVE_ROWS, _SLOW_ROWS = 1 << 16, 1 << 12


def align_blocks(  # noqa: PLR0913  # as for align_frames
    record: RecordData,
    rate: str | pd.Timedelta,
    *,
    channels: Sequence[str | int] | None = None,
    max_gap: str | pd.Timedelta = "2s",
    origin: Origin = "epoch",
    rows: int = 1 << 16,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield what `align_frames` returns, in blocks of rows.

    No channel is kept in memory, unless its source can be read only whole.

    Parameters
    ----------
    record, rate, channels, max_gap, origin
        As for `align_frames`.
    rows : int, default 65 536
        Most rows of a block. A block is at most an hour long, but has at least one row.

    Yields
    ------
    frame : DataFrame of float64, shape (rows, columns)
        The next rows; there is at least one block.
    made_up : DataFrame of bool, same shape
        True where a value was filled in.

    Raises
    ------
    ConfigurationError
        As `align_frames` does.
    """
    period, longest = length_ns("rate", rate), length_ns("max_gap", max_gap)
    check_list(channels)
    keys = record if channels is None else channels
    streams = {key: _Stream(record, key) for key in keys}
    size = max(1, min(rows, _LONGEST_NS // period))
    # Samples may begin before the record; the first of each channel starts the grid.
    for stream in streams.values():
        stream.read(0)
    grid = grid_of(record, _ends(streams.values()), period, origin)
    done = 0
    while done < grid.bins:
        block = Grid(grid.first + done * period, period, size)
        placed = {}
        for key, stream in streams.items():
            bridged = bridged_ns(record.channel(key), longest)
            wide = block.wider(-(-bridged // period))
            placed[key] = (wide, stream.take(wide))
        # Samples may outlast the record: the grid ends where the last one read begins.
        grid = grid_of(record, _ends(streams.values()), period, origin)
        block = block._replace(bins=min(size, grid.bins - done))
        yield align_samples(record, placed, block, max_gap=longest, events="table")
        done += block.bins


def _ends(streams: Iterable[_Stream]) -> Iterator[Rows]:
    return (stream.ends for stream in streams)


class _Stream:
    """The samples of one channel, read as far as they are needed.

    `ends` are the beginnings of the first and the last step read, in ns since 1970.
    """

    def __init__(self, record: RecordData, key: str | int) -> None:
        self._channel = record.channel(key)
        wave = self._channel.kind == "waveform"
        self._pieces = record.pieces(key, _WAVE_ROWS if wave else _SLOW_ROWS)
        self._held = [samples_of(self._channel, empty_frame(self._channel))]
        self.ends = self._held[0].begins

    def read(self, until: int) -> None:
        """Read until a step begins at a time or later, or the channel ends."""
        while not (self.ends >= until).any():
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._held.append(samples_of(self._channel, piece))
            self.ends = np.append(self.ends, self._held[-1].begins[[0, -1]])[[0, -1]]

    def take(self, grid: Grid) -> GridSamples:
        """Return the samples of a grid, and drop those before it."""
        self.read(grid.end)
        held = _joined(self._held)
        first, last = np.searchsorted(held.begins, (grid.first, grid.end)).tolist()
        if self._channel.kind == "state":
            first = max(first - 1, 0)  # a state lasts until the next one
        self._held = [_rows(held, first, None)]
        begins, columns = _rows(held, first, last)
        return GridSamples(np.maximum(begins, grid.first), columns)


def _joined(held: Sequence[GridSamples]) -> GridSamples:
    columns = zip(*(each.columns for each in held), strict=True)
    return GridSamples(
        np.concatenate([each.begins for each in held]),
        tuple(np.concatenate(column) for column in columns),
    )


def _rows(samples: GridSamples, first: int, last: int | None) -> GridSamples:
    begins, columns = samples
    return GridSamples(
        begins[first:last], tuple(column[first:last] for column in columns)
    )


# --- windows of one channel -----------------------------------------------------------


def channel_windows(
    record: RecordData, key: str | int, length: str | pd.Timedelta
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
    return (frame.tz_convert(record.tz) for frame in windows)


def _windows(
    record: RecordData, key: str | int, channel: Channel, ns: int
) -> Iterator[pd.DataFrame]:
    number, end = 1, _window_end(record, 1, ns)
    held: list[pd.DataFrame] = []
    for piece in record.pieces(key):
        held.append(piece)
        reached = ticks_of(piece.iloc[-1:], channel)[0] - channel.lag
        while reached >= end:
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
