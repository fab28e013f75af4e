"""One channel of a classic .txt folder, read from its files when it is touched.

Lines become frames, and repeated, reversed and thinned stamps are found. Which files
belong to the channel is decided elsewhere (reader).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels.calibration import counts_from_values, values_from_json
from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    warn,
)
from hexoframe.formats.checksums import OTHER_BYTES, sha256_of
from hexoframe.formats.text.lines import Block, LineFile, OnBytes, Stamps, blocks
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import empty_frame, make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale

__all__ = ["ChannelFile", "Reading", "TextChannel", "is_thinned"]

Values = dict[str, "NDArray[Any]"]

# What the rounding to 12 digits may change, as a part of the value.
_HALF_OF_THE_LAST_DIGIT = 5.0e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Settings that all channels of a folder share.

    `rounded` tells that values have 12 significant digits, as the vendor's HxApi2_0
    wrote them. `sums` are the checksums of files by name, where hexoframe wrote them.
    `edited` are the channels that a user cleaned before they were written: rows that
    are not there were left out by intention.
    """

    stamps: Stamps
    rounded: bool
    scale: Scale
    record_id: int | None
    allow_partial: bool
    sums: Mapping[str, str]
    edited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFile:
    """One file of a channel, and the columns in it."""

    lines: LineFile
    rows: tuple[Datatype, ...]
    physical: bool


@dataclass(slots=True)
class _Tally:
    """Counts of one file while it is read; `wide` are the steps that are too long."""

    rows: int = 0
    duplicates: int = 0
    steps: int = 0
    wide: int = 0

    @property
    def thinned(self) -> bool:
        return self.steps > 1 and 2 * self.wide > self.steps


def is_thinned(channel: Channel, ticks: NDArray[np.int64]) -> bool:
    """Whether most steps between stamps are longer than the channel's."""
    tally = _Tally()
    _measure(channel, np.diff(ticks), tally)
    return tally.thinned


def _measure(channel: Channel, steps: NDArray[np.int64], tally: _Tally) -> None:
    if channel.ticks is not None:
        tally.steps += len(steps)
        tally.wide += int((steps >= float(channel.ticks * 3 / 2)).sum())


@dataclass(slots=True)
class TextChannel:
    """One channel and its files: none if it is empty, several with a column each.

    `expected` is the number of samples at the source, if the files are thinned.
    """

    channel: Channel
    files: tuple[ChannelFile, ...]
    reading: Reading
    expected: int | None = None
    _receipt: Receipt | None = field(default=None, init=False)

    @property
    def is_edited(self) -> bool:
        """Whether a user cleaned the channel before it was written."""
        return self.channel.name in self.reading.edited

    def lazy(self) -> LazyChannel:
        """Return the channel, unread."""
        several = len(self.files) > 1
        return LazyChannel(
            read=self.read,
            pieces=None if several else self.pieces,
            receipt=self.receipt,
        )

    def receipt(self) -> Receipt:
        """Return the number of lines or, after reading, of samples."""
        if self._receipt is None:
            lines = [file.lines.count() for file in self.files]
            self._receipt = Receipt(
                samples=max(lines, default=0), expected=self.expected
            )
        return self._receipt

    def read(self) -> pd.DataFrame:
        """Return the whole channel."""
        tallies = [_Tally() for _ in self.files]
        merged: dict[str, tuple[NDArray[np.int64], NDArray[Any]]] = {}
        for file, tally in zip(self.files, tallies, strict=True):
            # One pass for the samples and the checksum.
            digest = hashlib.sha256() if self._sum_of(file) else None
            seen = None if digest is None else digest.update
            ticks, values = _joined(list(self._clean(file, tally, seen)))
            if digest is not None:
                self._compare(file, digest.hexdigest())
            merged |= {name: (ticks, column) for name, column in values.items()}
        if not any(tally.rows for tally in tallies):
            self._settle(tallies, 0)
            return self._empty()
        if len(self.files) > 1:
            ticks, values = merge_ticks(merged)
        self._settle(tallies, len(ticks))
        return self._frame(ticks, values)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Yield the channel in pieces of at most `rows`."""
        self._verify()
        tallies = [_Tally() for _ in self.files]
        for file, tally in zip(self.files, tallies, strict=True):
            for ticks, values in self._clean(file, tally):
                for first in range(0, len(ticks), rows):
                    here = slice(first, first + rows)
                    cut = {name: column[here] for name, column in values.items()}
                    yield self._frame(ticks[here], cut)
        self._settle(tallies, sum(tally.rows for tally in tallies))

    def _sum_of(self, file: ChannelFile) -> str | None:
        return self.reading.sums.get(file.lines.path.name)

    def _verify(self) -> None:
        """Refuse other bytes than were written, by the first line that is wrong."""
        for file in self.files:
            known = self._sum_of(file)
            if known is not None and (found := sha256_of(file.lines.path)) != known:
                deque(self._clean(file, _Tally()), maxlen=0)
                self._compare(file, found)

    def _compare(self, file: ChannelFile, found: str) -> None:
        """Refuse a file whose checksum is not that of the list."""
        if found == self._sum_of(file):
            return
        text = f"{file.lines.path} {OTHER_BYTES}"
        if not self.reading.allow_partial:
            raise FileFormatError(text)
        warn(text, MissingSamplesWarning)

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
        """Keep the counts of a reading, and refuse a file that was thinned."""
        self._receipt = Receipt(
            samples=rows,
            expected=self.expected,
            duplicates=sum(tally.duplicates for tally in tallies),
        )
        if self.expected is not None or self.reading.allow_partial or self.is_edited:
            return
        for file, tally in zip(self.files, tallies, strict=True):
            if tally.thinned:
                raise IncompleteDataError(
                    f"{file.lines.path}: most time stamps lie further apart than "
                    f"{self.channel.ticks} ticks: the service thinned the answer; load "
                    "the record again, or say allow_partial=True",
                    ledger={self.channel.name: self._receipt},
                )

    def _clean(
        self, file: ChannelFile, tally: _Tally, on_bytes: OnBytes | None = None
    ) -> Iterator[tuple[NDArray[np.int64], Values]]:
        """Yield ticks and values of the frame, without repeated lines."""
        before: Block | None = None
        for block in blocks(file.lines, self.reading.stamps, on_bytes):
            kept = self._without_repeats(file, (before, block), tally)
            before = _last_line(block)
            if len(kept.ticks):
                tally.rows += len(kept.ticks)
                yield kept.ticks, self._convert(file, kept)

    def _convert(self, file: ChannelFile, block: Block) -> Values:
        scale = self.reading.scale
        values: Values = {}
        rounded = self.reading.rounded and not file.physical
        for row, read in zip(file.rows, block.columns, strict=True):
            column = _all_digits(read, row) if rounded else read
            if not file.physical:
                values[row.column] = values_from_json(column, row, scale=scale)
            elif scale == "raw":
                # The text is exactly a float32, which is near enough to its count.
                values[row.column] = counts_from_values(column, row)
            else:
                values[row.column] = column
            values[row.column] = values[row.column].astype(
                self.channel.dtype, copy=False
            )
        return values

    def _without_repeats(
        self, file: ChannelFile, pair: tuple[Block | None, Block], tally: _Tally
    ) -> Block:
        """Drop lines that repeat the one before; refuse stamps that go back.

        The windows of the old script shared their border, which came twice.
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
            raise _reversed(file.lines, block, int((steps < 0).argmax()) + 1)
        same = steps == 0
        equal = same & _equal_neighbours(block.columns)
        # Two events may share a tick, two samples of one signal may not.
        if self.channel.ticks is not None and (same & ~equal).any():
            raise _contradiction(file.lines, block, int((same & ~equal).argmax()) + 1)
        tally.duplicates += int(equal.sum())
        keep = np.concatenate([[before is None], ~equal])
        return Block(
            block.line,
            block.ticks[keep],
            tuple(column[keep] for column in block.columns),
        )


def _all_digits(values: NDArray[np.float64], row: Datatype) -> NDArray[np.float64]:
    """Return values of 12 digits with the digits behind them, where a count has those.

    4395.68 is 331 x 13.28, which is 4395.679999999999. Values that are not rounded to
    counts at the source keep their 12 digits.
    """
    if row.binary != "exact":
        return values
    exact: NDArray[np.float64] = np.rint(values / row.json_gain) * row.json_gain
    near = np.abs(exact - values) <= _HALF_OF_THE_LAST_DIGIT * np.abs(values)
    return np.where(near, exact, values)


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
    """Whether each line has the values of the line before; NaN equals NaN."""
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
