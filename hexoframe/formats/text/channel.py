"""One channel out of one or several classic .txt files, read when it is touched.

Lines become frames here, and repeated, reversed and thinned stamps are found. Which
files there are is decided elsewhere (text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels.calibration import counts_from_values, values_from_json
from hexoframe.errors import FileFormatError, IncompleteDataError
from hexoframe.formats.text.lines import Block, LineFile, blocks
from hexoframe.formats.text.stamps import Stamps
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import empty_frame, make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale

__all__ = ["ChannelFiles", "Part", "Reading", "is_thinned"]

Values = dict[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all channels of a folder are read with."""

    stamps: Stamps
    scale: Scale
    record_id: int | None
    allow_partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file and the columns of a channel that it holds."""

    file: LineFile
    rows: tuple[Datatype, ...]
    physical: bool


@dataclass(slots=True)
class _Tally:
    """What was seen on the way through one file."""

    rows: int = 0
    duplicates: int = 0
    steps: int = 0
    wide: int = 0

    @property
    def thinned(self) -> bool:
        return self.steps > 1 and 2 * self.wide > self.steps


def is_thinned(channel: Channel, ticks: NDArray[np.int64]) -> bool:
    """Whether most stamps lie further apart than the samples of a channel do."""
    tally = _Tally()
    _measure(channel, np.diff(ticks), tally)
    return tally.thinned


def _measure(channel: Channel, steps: NDArray[np.int64], tally: _Tally) -> None:
    if channel.ticks is not None:
        tally.steps += len(steps)
        tally.wide += int((steps >= float(channel.ticks * 3 / 2)).sum())


@dataclass(slots=True)
class ChannelFiles:
    """The files of one channel.

    Attributes
    ----------
    channel : Channel
        The channel.
    parts : tuple of Part
        Its files; several hold a column each. None means that the channel is empty.
    reading : Reading
        How they are read.
    expected : int or None
        Samples that the source held, where the files were found to be thinned.
    """

    channel: Channel
    parts: tuple[Part, ...]
    reading: Reading
    expected: int | None = None
    _receipt: Receipt | None = field(default=None, init=False)
    _is_final: bool = field(default=False, init=False)

    def source(self) -> LazyChannel:
        """Return how the channel is read."""
        several = len(self.parts) > 1
        return LazyChannel(
            read=self.read,
            pieces=None if several else self.pieces,
            receipt=self.receipt,
        )

    def receipt(self) -> Receipt:
        """Return the count of the lines, or of the samples once they were read."""
        if self._receipt is None:
            lines = [part.file.lines() for part in self.parts]
            self._receipt = Receipt(
                samples=max(lines, default=0), expected=self.expected
            )
        return self._receipt

    def read(self) -> pd.DataFrame:
        """Return the whole channel."""
        tallies = [_Tally() for _ in self.parts]
        merged: dict[str, tuple[NDArray[np.int64], NDArray[Any]]] = {}
        for part, tally in zip(self.parts, tallies, strict=True):
            ticks, values = _joined(list(self._clean(part, tally)))
            merged |= {name: (ticks, column) for name, column in values.items()}
        if not any(tally.rows for tally in tallies):
            self._settle(tallies, 0)
            return self._empty()
        if len(self.parts) > 1:
            ticks, values = merge_ticks(merged)
        self._settle(tallies, len(ticks))
        return self._frame(ticks, values)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Yield the channel in pieces, without holding it whole."""
        tallies = [_Tally() for _ in self.parts]
        for part, tally in zip(self.parts, tallies, strict=True):
            for ticks, values in self._clean(part, tally):
                for first in range(0, len(ticks), rows):
                    here = slice(first, first + rows)
                    cut = {name: column[here] for name, column in values.items()}
                    yield self._frame(ticks[here], cut)
        self._settle(tallies, sum(tally.rows for tally in tallies))

    def _frame(self, ticks: NDArray[np.int64], values: Values) -> pd.DataFrame:
        reading = self.reading
        index = ticks_to_index(ticks, clock=reading.stamps.clock)
        return make_frame(
            self.channel,
            index,
            values,
            record_id=reading.record_id,
            scale=reading.scale,
        )

    def _empty(self) -> pd.DataFrame:
        reading = self.reading
        return empty_frame(
            self.channel, record_id=reading.record_id, scale=reading.scale
        )

    def _settle(self, tallies: list[_Tally], rows: int) -> None:
        """Note what reading has shown, and refuse what turned out to be thinned."""
        self._receipt = Receipt(
            samples=rows,
            expected=self.expected,
            duplicates=sum(tally.duplicates for tally in tallies),
        )
        if self.expected is not None or self.reading.allow_partial:
            return
        for part, tally in zip(self.parts, tallies, strict=True):
            if tally.thinned:
                raise IncompleteDataError(
                    f"{part.file.path}: most time stamps lie further apart than "
                    f"{self.channel.ticks} ticks: the service thinned the answer; load "
                    "the record again, or say allow_partial=True",
                    ledger={self.channel.name: self._receipt},
                )

    def _clean(
        self, part: Part, tally: _Tally
    ) -> Iterator[tuple[NDArray[np.int64], Values]]:
        """Yield ticks and the values of the frame, repeated lines left out."""
        before: Block | None = None
        for block in blocks(part.file, self.reading.stamps):
            kept = self._without_repeats(part, (before, block), tally)
            before = _last_line(block)
            if len(kept.ticks):
                tally.rows += len(kept.ticks)
                yield kept.ticks, self._convert(part, kept)

    def _convert(self, part: Part, block: Block) -> Values:
        scale = self.reading.scale
        values: Values = {}
        for row, column in zip(part.rows, block.columns, strict=True):
            if not part.physical:
                values[row.column] = values_from_json(column, row, scale=scale)
            elif scale == "raw":
                # The text names a float32 exactly, and counts are near enough to it.
                values[row.column] = counts_from_values(column, row)
            else:
                values[row.column] = column
            values[row.column] = values[row.column].astype(
                self.channel.dtype, copy=False
            )
        return values

    def _without_repeats(
        self, part: Part, pair: tuple[Block | None, Block], tally: _Tally
    ) -> Block:
        """Leave out lines that repeat the one before; refuse stamps that go back.

        The old script asked for its pages with a border in common, which came twice.
        """
        before, block = pair
        steps = np.diff(block.ticks)
        border = 1 if before is None else int(block.ticks[0] - before.ticks[0])
        if border > 0 and (steps > 0).all():
            _measure(self.channel, steps, tally)
            return block
        if before is not None:
            block = _after(before, block)
            steps = np.diff(block.ticks)
        _measure(self.channel, steps, tally)
        if (steps < 0).any():
            raise _reversed(part.file, block, int((steps < 0).argmax()) + 1)
        same = steps == 0
        equal = same & _equal_neighbours(block.columns)
        # Two events may share a tick, two samples of one signal may not.
        if self.channel.ticks is not None and (same & ~equal).any():
            raise _contradiction(part.file, block, int((same & ~equal).argmax()) + 1)
        tally.duplicates += int(equal.sum())
        keep = np.concatenate([[before is None], ~equal])
        return Block(
            block.line,
            block.ticks[keep],
            tuple(column[keep] for column in block.columns),
        )


def _last_line(block: Block) -> Block:
    return Block(
        block.line + len(block.ticks) - 1,
        block.ticks[-1:],
        tuple(column[-1:] for column in block.columns),
    )


def _after(before: Block, block: Block) -> Block:
    return Block(
        before.line,
        np.concatenate([before.ticks, block.ticks]),
        tuple(
            np.concatenate(columns)
            for columns in zip(before.columns, block.columns, strict=True)
        ),
    )


def _joined(
    cleaned: list[tuple[NDArray[np.int64], Values]],
) -> tuple[NDArray[np.int64], Values]:
    if not cleaned:
        return np.zeros(0, np.int64), {}
    names = cleaned[0][1]
    return (
        np.concatenate([ticks for ticks, _ in cleaned]),
        {
            name: np.concatenate([values[name] for _, values in cleaned])
            for name in names
        },
    )


def _equal_neighbours(columns: tuple[NDArray[np.float64], ...]) -> NDArray[np.bool_]:
    """Whether all values of a line equal those of the line before; NaN equals NaN."""
    equal = np.ones(len(columns[0]) - 1, dtype=np.bool_)
    for column in columns:
        both_missing = np.isnan(column[1:]) & np.isnan(column[:-1])
        equal &= (column[1:] == column[:-1]) | both_missing
    return equal


def _reversed(file: LineFile, block: Block, row: int) -> FileFormatError:
    return FileFormatError(
        f"{file.path}: line {block.line + row}: tick {block.ticks[row]} comes after "
        f"{block.ticks[row - 1]}; the time stamps of a file must not go back: were two "
        "files joined, or is tz= another one?"
    )


def _contradiction(file: LineFile, block: Block, row: int) -> FileFormatError:
    pair = [[float(column[at]) for column in block.columns] for at in (row - 1, row)]
    return FileFormatError(
        f"{file.path}: line {block.line + row}: tick {block.ticks[row]} comes twice, "
        f"with the values {pair[0]} and {pair[1]}; a sample has one value: remove the "
        "wrong line"
    )
