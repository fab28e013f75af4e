"""The aligned frame of a record in blocks of rows, for a record larger than memory.

All channels are gone through side by side, and of each only what the next block needs
is held. What stands in a row does not belong here (align).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.align import (
    Samples,
    align_samples,
    bridged_ns,
    grid_of,
    length_ns,
    samples_of,
)
from hexoframe.analysis.bins import Grid
from hexoframe.channels import check_list
from hexoframe.recording.frames import empty_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from hexoframe.analysis.align import Origin
    from hexoframe.analysis.bins import Rows
    from hexoframe.recording.data import RecordData

__all__ = ["align_blocks"]

# Samples of all channels in so long a block take some 25 MB, those of a day 600.
_LONGEST_NS = 3600 * 10**9
# Rows that are read at a time, of a waveform and of a slower channel: a few minutes of
# the one, and an hour of the other, of which there are many.
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
    record : RecordData
        Where the channels come from.
    rate : str or Timedelta
        Length of a bin, such as ``"1s"`` or ``"40ms"``.
    channels : sequence of str or int, optional
        Channels; all that the record has by default.
    max_gap : str or Timedelta, default "2s"
        Longest distance of samples that is bridged.
    origin : {"epoch", "start"}
        Where bins begin: 1970 UTC, or the start of the record.
    rows : int, default 65 536
        Most rows of a block, which is not longer than an hour either, unless one row
        is.

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
    # A sample may lie before the record: the first of each says where the grid begins.
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
        # Behind the record it goes on as far as was read by now.
        grid = grid_of(record, _ends(streams.values()), period, origin)
        block = block._replace(bins=min(size, grid.bins - done))
        yield align_samples(record, placed, block, max_gap=longest, events="table")
        done += block.bins


def _ends(streams: Iterable[_Stream]) -> Iterator[Rows]:
    return (stream.ends for stream in streams)


class _Stream:
    """The samples of one channel, read as far as they are needed.

    Attributes
    ----------
    ends : ndarray of int64, in ns since 1970
        When the first and the last step begin of those that were read.
    """

    def __init__(self, record: RecordData, key: str | int) -> None:
        self._channel = record.channel(key)
        wave = self._channel.kind == "waveform"
        self._pieces = record.pieces(key, _WAVE_ROWS if wave else _SLOW_ROWS)
        self._held = [samples_of(self._channel, empty_frame(self._channel))]
        self.ends = self._held[0].begins

    def read(self, until: int) -> None:
        """Read until a step begins at some time, or later, or the channel ends."""
        while not (self.ends >= until).any():
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._held.append(samples_of(self._channel, piece))
            self.ends = np.append(self.ends, self._held[-1].begins[[0, -1]])[[0, -1]]

    def take(self, grid: Grid) -> Samples:
        """Return the samples of a grid, and forget those before it."""
        self.read(grid.end)
        held = _joined(self._held)
        first, last = np.searchsorted(held.begins, (grid.first, grid.end)).tolist()
        if self._channel.kind == "state":
            first = max(first - 1, 0)  # it holds on
        self._held = [_rows(held, first, None)]
        begins, columns = _rows(held, first, last)
        return Samples(np.maximum(begins, grid.first), columns)


def _joined(parts: Sequence[Samples]) -> Samples:
    columns = zip(*(part.columns for part in parts), strict=True)
    return Samples(
        np.concatenate([part.begins for part in parts]),
        tuple(np.concatenate(column) for column in columns),
    )


def _rows(samples: Samples, first: int, last: int | None) -> Samples:
    begins, columns = samples
    return Samples(begins[first:last], tuple(column[first:last] for column in columns))
