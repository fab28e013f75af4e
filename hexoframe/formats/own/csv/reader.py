"""Reads the folders that `writer` wrote: a channel is read when it is touched.

A file that lost its end is read up to its last whole line, where that is allowed. What
the manifest says is read in `manifest`, and cells become arrays in `cells`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from hexoframe.errors import FileFormatError, IncompleteDataError, TimestampError
from hexoframe.formats.cells import first_bad, line_number, read_cells, stream_cells
from hexoframe.formats.own.manifest import (
    CSV,
    Fault,
    open_contents,
    read_manifest,
    rescaled,
)
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.timestamps import index_to_ticks, time_to_tick

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest import Stored
    from hexoframe.timestamps import Clock

__all__ = ["read", "sniff"]

_TIME = pa.timestamp("ns", tz="UTC")
_UTC = pd.DatetimeTZDtype("ns", "UTC")
_BLOCK = 1 << 20
# The last line of a file is no longer.
_TAIL = 8192


def sniff(path: Path) -> bool:
    """Whether a path is a folder that `write` made, or its `metadata.json`."""
    file = CSV.manifest_at(path)
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return CSV.starts(stream.read(256))


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a record that `write` wrote; a channel is read when it is touched.

    Parameters
    ----------
    path : Path
        The folder, or its `metadata.json`.
    options : ReadOptions
        What to load and how. Values written as physical are given as counts on
        request, and the other way round.

    Returns
    -------
    RecordData
        Equal to what was written: frames, dtypes, block of facts, info, tables.

    Raises
    ------
    FileFormatError
        If `metadata.json` or a file is not as it was written.
    IncompleteDataError
        If a file is missing or shorter than `metadata.json` says, and partial records
        were not allowed.
    ConfigurationError
        If `options.model` is another than that of the record.

    Warns
    -----
    MissingSamplesWarning
        If `allow_partial` let the record open without some of its samples.
    SkippedChannelWarning
        If the channel table of this version lacks a channel.
    """
    contents = read_manifest(CSV.manifest_at(path), CSV)

    def source(stored: Stored, channel: Channel, fault: Fault | None) -> LazyChannel:
        file = _ChannelFile(
            path=stored.path,
            channel=channel,
            held=stored.rows if fault is None else fault.held,
            promised=stored.rows,
            scales=(contents.scale, options.scale),
            record_id=contents.record_id,
        )
        return LazyChannel(read=file.read, pieces=file.pieces)

    return open_contents(path, contents, options, look=_find_fault, source=source)


# -- what is there ---------------------------------------------------------------------


def _find_fault(stored: Stored, channel: Channel) -> Fault | None:
    """Say whether rows are missing; only a file that lost bytes is read for that."""
    if stored.size is None or stored.path.stat().st_size >= stored.size:
        return None
    with stored.path.open("rb") as file:
        lines = sum(part.count(b"\n") for part in iter(lambda: file.read(_BLOCK), b""))
    held = max(0, lines - 1)
    if held >= stored.rows:
        return None
    after = None
    if held:
        last = _last_tick(stored.path, channel.clock)
        after = last + math.ceil(channel.ticks or 1)
    return Fault(
        text=f"{stored.path.name} holds {held} of {stored.rows} rows",
        incomplete=True,
        held=held,
        lost_from=after,
    )


def _last_tick(path: Path, clock: Clock) -> int:
    """Return the tick of the last whole line."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    line = tail[: tail.rfind(b"\n")].splitlines()[-1]
    text = line.split(b",")[0].decode("ascii", "replace")
    try:
        return time_to_tick(text, clock=clock)
    except TimestampError as error:
        raise FileFormatError(f"{path}, last line: {error}") from error


# -- samples ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChannelFile:
    """The file of one channel.

    Attributes
    ----------
    path : Path
        The file.
    channel : Channel
        What it holds.
    held, promised : int
        Rows that it has, and that the manifest promises.
    scales : (str, str)
        Scale of the file, and the one that is asked for.
    record_id : int or None
        Record of the samples.
    """

    path: Path
    channel: Channel
    held: int
    promised: int
    scales: tuple[Scale, Scale]
    record_id: int | None

    def read(self) -> pd.DataFrame:
        """Read the whole file."""
        if not self.held:
            scale = self.scales[1]
            return empty_frame(self.channel, record_id=self.record_id, scale=scale)
        self._check_heading()
        content = self._content()
        cells = read_cells(content, self._types, skip=1, where=str(self.path))
        self._check_rows(len(cells))
        return self._frame(cells, 0)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read the file a block at a time."""
        if not self.held:
            return
        self._check_heading()
        content = self._content()
        before = 0
        for cells in stream_cells(content, self._types, skip=1, where=str(self.path)):
            frame = self._frame(cells, before)
            before += len(cells)
            for first in range(0, len(frame), rows):
                yield frame.iloc[first : first + rows]
        self._check_rows(before)

    @property
    def _types(self) -> dict[str, pa.DataType]:
        kind = pa.float32() if self.channel.dtype == "float32" else pa.float64()
        return {"time": _TIME, **dict.fromkeys(self.channel.columns, kind)}

    def _content(self) -> Path | bytes:
        """Return the file, or its whole lines where its end is missing."""
        if self.held == self.promised:
            return self.path
        data = self.path.read_bytes()
        return data[: data.rfind(b"\n") + 1]

    def _check_heading(self) -> None:
        with self.path.open("rb") as file:
            found = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n")
        expected = ",".join(self._types)
        if found.replace('"', "") != expected:
            raise FileFormatError(
                f"{self.path}, line 1: found {found[:120]!r}, expected {expected!r}"
            )

    def _check_rows(self, found: int) -> None:
        if found == self.held:
            return
        message = (
            f"{self.path}: {found} rows, but {CSV.manifest} says {self.promised}; "
            "write the record again from its source"
        )
        if found < self.held:
            raise IncompleteDataError(message, ledger={self.channel.name: found})
        raise FileFormatError(message)

    def _frame(self, cells: pa.Table, before: int) -> pd.DataFrame:
        """Make the frame of some rows; `before` is how many rows came before them."""
        index = self._index(cells["time"], before)
        values = {name: cells[name].to_numpy() for name in self.channel.columns}
        held, wanted = self.scales
        frame = make_frame(
            self.channel, index, values, record_id=self.record_id, scale=held
        )
        return rescaled(frame, self.channel, held=held, wanted=wanted)

    def _index(self, times: pa.ChunkedArray, before: int) -> pd.DatetimeIndex:
        if times.null_count:
            row = int(np.argmax(times.is_null().to_numpy()))
            raise self._fail(before + row, "no time", "a time")
        stamps = times.cast(pa.int64()).to_numpy()
        index = pd.DatetimeIndex(stamps, dtype=_UTC, copy=False, name="time")
        clock = self.channel.clock
        if not _on_ticks(index, clock):
            row = first_bad(len(index), lambda n: _on_ticks(index[:n], clock))
            found = index[row].isoformat()
            expected = f"a multiple of 1/{clock} s in the years 2000 to 2100"
            raise self._fail(before + row, found, expected)
        return index

    def _fail(self, row: int, found: str, expected: str) -> FileFormatError:
        line = line_number(self._content(), row, skip=1)
        return FileFormatError(
            f"{self.path}, line {line}, time: found {found}, expected {expected}"
        )


def _on_ticks(index: pd.DatetimeIndex, clock: Clock) -> bool:
    try:
        index_to_ticks(index, clock=clock)
    except TimestampError:
        return False
    return True
