"""hexoframe's own CSV: one folder a record, one tidy file a channel, and a manifest.

The first column `time` is ISO 8601 in UTC with nine decimals; floats have the shortest
form that reads back to the same float; a missing value is an empty cell. One aligned
frame can be written as one file, which is not read back. The manifest has a module of
its own, and CSVs of the service and the vendor are other formats.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    TimestampError,
)
from hexoframe.formats.atomic import new_file, new_folder, same_bytes
from hexoframe.formats.cells import first_bad, line_number, read_cells, stream_cells
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.own.manifest import (
    CSV_LAYOUT,
    EntryCounter,
    read_manifest,
    record_folder,
    write_manifest,
)
from hexoframe.formats.own.verify import (
    Fault,
    open_manifest,
    other_bytes,
    rescaled,
    same_record,
)
from hexoframe.paths import is_file
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.timestamps.times import index_to_ticks, time_to_tick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest import ChannelEntry
    from hexoframe.timestamps import Clock

__all__ = ["read", "sniff", "write", "write_frame"]

_TIME = pa.timestamp("ns", tz="UTC")
_UTC = pd.DatetimeTZDtype("ns", "UTC")
_BLOCK = 1 << 20
# The last line of a file is no longer.
_TAIL = 8192
_ROWS = 1 << 16
_TEMPLATE = np.frombuffer(b"0000-00-00T00:00:00.000000000Z", np.uint8)
_THOUSAND = np.frombuffer(b"".join(b"%03d" % n for n in range(1000)), "S3")


# -- reading ---------------------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a folder that `write` made, or its manifest."""
    file = CSV_LAYOUT.manifest_at(path)
    if not is_file(file):
        return False
    with file.open("rb") as stream:
        return CSV_LAYOUT.starts(stream.read(256))


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a folder that `write` made, or its manifest.

    A channel is read, and its checksum compared, when it is touched. With
    `allow_partial` all are compared now: a file that lost its end is read up to its
    last whole line, and one of other bytes is empty and lost in the ledger.
    """
    manifest = read_manifest(CSV_LAYOUT.manifest_at(path), CSV_LAYOUT)

    def lazy(entry: ChannelEntry, channel: Channel, fault: Fault | None) -> LazyChannel:
        file = _ChannelFile(
            entry=entry,
            channel=channel,
            held=entry.rows if fault is None else fault.held,
            scales=(manifest.scale, options.scale),
            record_id=manifest.record_id,
        )
        return LazyChannel(read=file.read, pieces=file.pieces)

    check = partial(_find_fault, thorough=options.allow_partial)
    return open_manifest(path, manifest, options, check=check, lazy=lazy)


def _find_fault(
    entry: ChannelEntry, channel: Channel, *, thorough: bool
) -> Fault | None:
    """Say whether rows are missing, which only a file that lost bytes is read for.

    Checksums are compared if `thorough`.
    """
    if entry.size is None or entry.path.stat().st_size >= entry.size:
        change = other_bytes(entry) if thorough else ""
        return Fault(text=f"{entry.path.name} {change}") if change else None
    with entry.path.open("rb") as file:
        blocks = iter(lambda: file.read(_BLOCK), b"")
        lines = sum(block.count(b"\n") for block in blocks)
    held = max(0, lines - 1)
    if held >= entry.rows:
        return None
    after = None
    if held:
        last = _last_tick(entry.path, channel.clock)
        after = last + math.ceil(channel.ticks or 1)
    return Fault(
        text=f"{entry.path.name} holds {held} of {entry.rows} rows",
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


# -- reading samples -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChannelFile:
    """The file of one channel, of whose rows some are `held`.

    `scales` are the scale of the file and the one that the caller wants.
    """

    entry: ChannelEntry
    channel: Channel
    held: int
    scales: tuple[Scale, Scale]
    record_id: int | None

    def read(self) -> pd.DataFrame:
        """Read the whole file."""
        self._check_bytes()
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
        self._check_bytes()
        if not self.held:
            return
        for frame in self._frames():
            for first in range(0, len(frame), rows):
                yield frame.iloc[first : first + rows]

    def _frames(self) -> Iterator[pd.DataFrame]:
        self._check_heading()
        content = self._content()
        before = 0
        for cells in stream_cells(content, self._types, skip=1, where=str(self.path)):
            yield self._frame(cells, before)
            before += len(cells)
        self._check_rows(before)

    @property
    def path(self) -> Path:
        """The file."""
        return self.entry.path

    @property
    def _types(self) -> dict[str, pa.DataType]:
        kind = pa.float32() if self.channel.dtype == "float32" else pa.float64()
        return {"time": _TIME, **dict.fromkeys(self.channel.columns, kind)}

    def _content(self) -> Path | bytes:
        """Return the file, or its whole lines if its end is missing."""
        if self.held == self.entry.rows:
            return self.path
        data = self.path.read_bytes()
        return data[: data.rfind(b"\n") + 1]

    def _check_bytes(self) -> None:
        """Refuse other bytes than were written, by the first line that is wrong."""
        # What is missing or cut was said when the record was opened.
        if self.held != self.entry.rows or not is_file(self.path):
            return
        if not (change := other_bytes(self.entry)):
            return
        for _ in self._frames():
            pass
        raise FileFormatError(
            f"{self.path} {change}; write or copy the record again. If you changed it "
            f"on purpose, take its sha256 out of {CSV_LAYOUT.manifest}, and the one of "
            "the whole at its end"
        )

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
            f"{self.path}: {found} rows, but {CSV_LAYOUT.manifest} says "
            f"{self.entry.rows}; write the record again from its source"
        )
        if found < self.held:
            raise IncompleteDataError(message, ledger={self.channel.name: found})
        raise FileFormatError(message)

    def _frame(self, cells: pa.Table, before: int) -> pd.DataFrame:
        """Make the frame of some rows, which come after `before` others."""
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


# -- writing ---------------------------------------------------------------------------


def write(
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a record in the units of its frames, as `Record.to_csv` tells.

    Channels are streamed; one that the record lacks becomes a file without rows.
    """
    names = channels_to_write(record, channels)
    target = record_folder(record, root)
    owned = CSV_LAYOUT.owns
    with new_folder(target, overwrite=overwrite, owned=owned, same=_same) as folder:
        entries = {name: _write_channel(record, name, folder) for name in names}
        write_manifest(CSV_LAYOUT, record, entries, folder)
    return target


def _same(folder: Path, fresh: Path) -> bool:
    """Whether a folder from before holds the record that was written anew."""

    def same_file(old: ChannelEntry, new: ChannelEntry) -> bool:
        return old.size == new.size and same_bytes(old.path, new.path)

    return same_record(CSV_LAYOUT, (folder, fresh), same_file)


def write_frame(
    blocks: Iterable[pd.DataFrame], target: Path, *, overwrite: bool = False
) -> Path:
    """Write one aligned frame, which comes in consecutive `blocks` of rows.

    The blocks hold numbers or booleans on an index of times with a zone; anything else
    is a `ConfigurationError`. They are taken one by one: the whole need not fit into
    memory.
    """
    with new_file(target, overwrite=overwrite) as path, path.open("wb") as file:
        for block in blocks:
            index, heading = _aware(block.index), _heading(block)
            if not file.tell():
                file.write(heading)
            for first in range(0, len(block), _ROWS):
                rows = slice(first, first + _ROWS)
                _write_rows(index[rows].asi8, block.iloc[rows], file)
    return target


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write one file and return its entry of the manifest."""
    channel = channels_of(record.family)[name]
    counter = EntryCounter(record, name)
    path = folder / CSV_LAYOUT.file_of(name)
    with path.open("wb") as file:
        file.write((",".join(("time", *channel.columns)) + "\n").encode())
        for piece in counter.count(record.pieces(name, _ROWS)):
            _write_rows(pd.DatetimeIndex(piece.index).asi8, piece, file)
    return {"sha256": sha256_of(path), **counter.entry()}


def _write_rows(stamps: NDArray[np.int64], frame: pd.DataFrame, file: BinaryIO) -> None:
    columns = [
        pa.array(frame.iloc[:, number].to_numpy(), from_pandas=True)
        for number in range(frame.shape[1])
    ]
    names = [str(number) for number in range(len(columns) + 1)]
    rows = pa.table([_iso_texts(stamps), *columns], names=names)
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    arrow_csv.write_csv(rows, file, options)


def _iso_texts(stamps: NDArray[np.int64]) -> pa.Array:
    """Return ns since 1970 as text of 30 bytes each, all decimals written out."""
    seconds, rest = np.divmod(stamps, 10**9)
    # Each second is written once for all samples in it.
    first = np.flatnonzero(np.diff(seconds, prepend=seconds[:1] - 1))
    spelt = np.datetime_as_string(seconds[first].astype("M8[s]")).astype("S19")
    counts = np.diff(first, append=len(seconds))
    table = np.tile(_TEMPLATE, (len(stamps), 1))
    table[:, :19] = spelt.repeat(counts).view(np.uint8).reshape(-1, 19)
    for place in (26, 23, 20):
        rest, three = np.divmod(rest.astype(np.int32), 1000)
        table[:, place : place + 3] = _THOUSAND[three].view(np.uint8).reshape(-1, 3)
    offsets = np.arange(0, table.size + 1, table.shape[1], dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(stamps), pa.py_buffer(offsets), pa.py_buffer(table)
    )


def _aware(index: pd.Index[Any]) -> pd.DatetimeIndex:
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None or index.hasnans:
        raise ConfigurationError(
            f"the index is {type(index).__name__} of {index.dtype}; times with a zone, "
            "none missing, are needed: frame.tz_localize('UTC') adds one"
        )
    return index.as_unit("ns")


def _heading(frame: pd.DataFrame) -> bytes:
    for number, name in enumerate(frame.columns):
        dtype = frame.dtypes.iloc[number]
        if not isinstance(dtype, np.dtype) or dtype.kind not in "fiub":
            raise ConfigurationError(
                f"column {name!r} holds {dtype}; numbers and booleans are written: "
                "drop it, or convert it with astype"
            )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["time", *map(str, frame.columns)])
    return text.getvalue().encode()
