"""Aligned rows of a record larger than memory, in blocks.

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
    recorded_bins,
    samples_of,
    second_channel,
    warn_of_strays,
    within,
)
from hexoframe.analysis.bins import Grid
from hexoframe.analysis.grids import grids_of
from hexoframe.channels import check_list
from hexoframe.recording.frames import (
    empty_frame,
)
from hexoframe.timestamps.moments import length_ns, period_ns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from hexoframe.analysis.grids import Origin
    from hexoframe.recording.data import RecordData

__all__ = ["align_blocks"]

# All channels of an hour take some 25 MB, those of a day 600.
_LONGEST_NS = 3600 * 10**9
_SECOND_NS = 10**9
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
    period, longest = period_ns("rate", rate), length_ns("max_gap", max_gap)
    check_list(channels)
    keys = record if channels is None else channels
    streams = {key: _Stream(record, key) for key in keys}
    name = second_channel(record)
    seconds = None if name is None or name in streams else _Stream(record, name)
    for block in _blocks(grids_of(record, period, origin), rows):
        placed = {}
        for key, stream in streams.items():
            bridged = bridged_ns(record.channel(key), longest)
            # The first seconds of a block may have begun before it.
            bridged = max(bridged, 2 * _SECOND_NS) if key == name else bridged
            wide = block.wider(-(-bridged // block.period))
            placed[key] = (wide, stream.take(wide))
        recorded = None
        if name in placed:
            recorded = recorded_bins(placed[name][1].begins, block)
        elif seconds is not None:
            before = -(-2 * _SECOND_NS // block.period)
            recorded = recorded_bins(seconds.take(block.wider(before)).begins, block)
        yield align_samples(
            record, placed, block, max_gap=longest, events="table", recorded=recorded
        )


def _blocks(grids: Sequence[Grid], rows: int) -> Iterator[Grid]:
    for grid in grids:
        size = max(1, min(rows, _LONGEST_NS // grid.period))
        for done in range(0, grid.bins, size):
            bins = min(size, grid.bins - done)
            yield Grid(grid.first + done * grid.period, grid.period, bins)


class _Stream:
    """The samples of one channel, read as far as they are needed."""

    def __init__(self, record: RecordData, key: str | int) -> None:
        self._record, self._key = record, key
        self._channel = record.channel(key)
        wave = self._channel.kind == "waveform"
        self._pieces = record.pieces(key, _WAVE_ROWS if wave else _SLOW_ROWS)
        self._held = [samples_of(self._channel, empty_frame(self._channel))]

    def _read(self, until: int) -> None:
        """Read until a step begins at a time or later, or the channel ends."""
        while not any(
            len(each.begins) and each.begins[-1] >= until for each in self._held
        ):
            piece = next(self._pieces, None)
            if piece is None:
                return
            samples = samples_of(self._channel, piece)
            warn_of_strays(self._record, self._key, samples.begins)
            self._held.append(samples)

    def take(self, grid: Grid) -> GridSamples:
        """Return the samples of a grid, and drop those before it."""
        self._read(grid.end)
        held = _joined(self._held)
        state = self._channel.kind == "state"
        first = int(np.searchsorted(held.begins, grid.first))
        self._held = [_rows(held, max(first - state, 0), None)]
        return within(held, grid, state=state)


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
