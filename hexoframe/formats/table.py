"""hexoframe's own CSV, and how the cells of any CSV are read.

A record is a folder: one tidy file a channel, whose first column `time` is ISO 8601 in
UTC with all nine decimals, and `metadata.json` with everything that such files cannot
say (units, family, clock, scale, facts, row counts), so that reading gives back what
was written. An aligned frame is one file of the same form.

`read_cells` and its helpers serve the other CSV readers too. What the columns of the
service's or the vendor's files mean is the business of `dashboard` and `converter`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hexoframe.calibration import values_from_counts
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, channels_of, family_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    TimestampError,
)
from hexoframe.facts import SHAPES, Facts, facts_table
from hexoframe.formats.manifest import as_json, package_version
from hexoframe.formats.output import new_file, new_folder
from hexoframe.frames import empty_frame, make_frame, ticks_of, to_raw
from hexoframe.ledger import Receipt
from hexoframe.recorddata import RecordData, Source
from hexoframe.timestamps import NS_PER_TICK, index_to_ticks, time_to_tick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.calibration import Scale
    from hexoframe.channels import Channel, Family
    from hexoframe.formats.options import ReadOptions

__all__ = [
    "METADATA",
    "first_bad",
    "line_number",
    "read",
    "read_cells",
    "sniff",
    "write",
    "write_frame",
]

METADATA = "metadata.json"
_FORMAT = "hexoframe csv"
_VERSION = 1
_ROWS = 1 << 16
_TIME = pa.timestamp("ns", tz="UTC")
_UTC = pd.DatetimeTZDtype("ns", "UTC")
_TEMPLATE = np.frombuffer(b"0000-00-00T00:00:00.000000000Z", np.uint8)
_THOUSAND = np.frombuffer(b"".join(b"%03d" % n for n in range(1000)), "S3")


# -- cells of any CSV ------------------------------------------------------------------


def read_cells(
    source: Path | bytes,
    types: Mapping[str, pa.DataType],
    *,
    skip: int,
    where: str | None = None,
) -> pa.Table:
    """Read the cells below the heading of a CSV.

    Parameters
    ----------
    source : Path or bytes
        File, or its content.
    types : mapping of str to DataType
        Name and type of each column, from left to right.
    skip : int
        Lines of heading.
    where : str, optional
        Name of the source for messages; the path by default.

    Returns
    -------
    pyarrow.Table
        An empty cell is null; ``nan`` in a column of floats is NaN.

    Raises
    ------
    FileFormatError
        If a line has another number of cells, or a cell another type: names the file,
        the line, what was found and what was expected.
    """
    label = where or str(source)
    try:
        return arrow_csv.read_csv(
            _stream(source),
            read_options=_read_options(types, skip),
            convert_options=_convert_options(types),
        )
    except pa.ArrowInvalid as error:
        message = _broken(source, types, skip, label) or f"{label}: no CSV: {error}"
        raise FileFormatError(message) from error


def line_number(source: Path | bytes, row: int, *, skip: int) -> int:
    """Return the line, from 1, that holds a row of `read_cells`; errors need it."""
    with _lines(source) as stream:
        # A carriage return by itself ends a line too.
        lines = (line for part in stream for line in part.splitlines())
        for number, line in enumerate(lines, 1):
            if number <= skip or not line:
                continue
            if row == 0:
                return number
            row -= 1
    raise IndexError(row)


def first_bad(count: int, good: Callable[[int], bool]) -> int:
    """Return the first of `count` rows that spoils the rows up to and with it.

    Parameters
    ----------
    count : int
        Number of rows; taken together they are known to be bad.
    good : callable
        Says of a number n whether the first n rows are good.

    Returns
    -------
    int
        The row, from 0; found by halving, with about log2(`count`) questions.
    """
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


def _stream(source: Path | bytes) -> Any:
    return str(source) if isinstance(source, Path) else pa.BufferReader(source)


def _lines(source: Path | bytes) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _read_options(
    types: Mapping[str, Any], skip: int, *, threads: bool = True
) -> arrow_csv.ReadOptions:
    return arrow_csv.ReadOptions(
        column_names=list(types), skip_rows=skip, use_threads=threads
    )


def _convert_options(types: Mapping[str, pa.DataType]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        column_types=dict(types),
        null_values=[""],
        strings_can_be_null=True,
        timestamp_parsers=[arrow_csv.ISO8601],
    )


def _broken(
    source: Path | bytes, types: Mapping[str, pa.DataType], skip: int, where: str
) -> str | None:
    """Describe the first broken line, by a slower second reading."""
    data = source.read_bytes() if isinstance(source, Path) else source
    # A handler of rows is given text, so the bytes have to be some.
    texts, refused = _texts(data.decode("utf-8", "replace").encode(), types, skip)
    found = [
        (first_bad(len(texts), partial(_casts, texts[name], kind)), name)
        for name, kind in types.items()
        if not _casts(texts[name], kind, len(texts))
    ]
    if found:
        row, name = min(found)
        cell = texts[name][row].as_py().decode("utf-8", "replace")
        expected = "a time" if pa.types.is_timestamp(types[name]) else "a number"
        line = line_number(source, row, skip=skip)
        return f"{where}, line {line}, {name}: found {cell[:80]!r}, expected {expected}"
    if refused is not None:
        line = line_number(source, refused.number - 1 - skip, skip=skip)
        return (
            f"{where}, line {line}: found {refused.actual_columns} cells "
            f"({refused.text[:80]!r}), expected {refused.expected_columns}"
        )
    return _no_text(data, where)


def _texts(
    data: bytes, types: Mapping[str, pa.DataType], skip: int
) -> tuple[pa.Table, Any]:
    """Read the cells in front of the first row that is refused, and that row."""
    refused: list[Any] = []

    def note(row: Any) -> str:
        refused.append(row)
        return "error"

    kinds = dict.fromkeys(types, pa.binary())
    for _ in range(2):
        try:
            texts = arrow_csv.read_csv(
                _stream(data),
                read_options=_read_options(types, skip, threads=False),
                parse_options=arrow_csv.ParseOptions(invalid_row_handler=note),
                convert_options=_convert_options(kinds),
            )
        except pa.ArrowInvalid:
            row = refused[0].number - 1 - skip if refused else 0
            if not row:
                break
            line = line_number(data, row, skip=skip)
            data = b"".join(data.splitlines(keepends=True)[: line - 1])
        else:
            return texts, refused[0] if refused else None
    none = pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
    return none, refused[0] if refused else None


def _no_text(data: bytes, where: str) -> str | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"{where}, line {line}: found bytes that are no text, expected UTF-8"
    return None


def _casts(texts: pa.ChunkedArray, kind: pa.DataType, count: int) -> bool:
    """Whether the first cells are of a type, as the reader itself judges."""
    try:
        texts.slice(0, count).cast(pa.string()).cast(kind)
    except pa.ArrowInvalid:
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
    """Write one tidy CSV a channel, and `metadata.json`.

    The files hold the columns of the frames, in the same units; floats stand in the
    shortest form that reads back to the same float, and a missing value is an empty
    cell. Channels are streamed, so a record may be larger than memory.

    Parameters
    ----------
    record : RecordData
        What to write.
    root : Path
        Folder in which ``record_<id>/`` is made; without an id, the start of the record
        stands in its place.
    channels : sequence of str or int, optional
        Channels; all that the record has by default. One that the record lacks becomes
        a file without rows.
    overwrite : bool, default False
        Whether files of an earlier call may be replaced.

    Returns
    -------
    Path
        The folder with the files.

    Raises
    ------
    OutputExistsError
        If there are such files and they may not be replaced; nothing is written then.
    UnknownChannelError
        If a channel that was asked for is none of the model.
    """
    names = list(record) if channels is None else _names(record, channels)
    target = root / f"record_{_label(record)}"
    with new_folder(target, overwrite=overwrite, owned=_is_ours) as folder:
        held = {name: _write_channel(record, name, folder) for name in names}
        text = as_json(_manifest(record, held), "the facts of the record", indent=2)
        (folder / METADATA).write_text(text + "\n", encoding="utf-8")
    return target


def write_frame(frame: pd.DataFrame, target: Path, *, overwrite: bool = False) -> Path:
    """Write one aligned frame as one CSV.

    Parameters
    ----------
    frame : DataFrame
        Numbers or booleans, with an index of times that know their zone.
    target : Path
        File to write.
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file: `time` in UTC with nine decimals, then the columns under their names.

    Raises
    ------
    ConfigurationError
        If the index is no time with a zone, or a column holds anything else.
    OutputExistsError
        If the file exists and may not be replaced.
    """
    index = _aware(frame.index)
    heading = _heading(frame)
    with new_file(target, overwrite=overwrite) as path, path.open("wb") as file:
        file.write(heading)
        for first in range(0, len(frame), _ROWS):
            part = slice(first, first + _ROWS)
            _write_rows(index[part].asi8, frame.iloc[part], file)
    return target


def _names(record: RecordData, channels: Sequence[str | int]) -> list[str]:
    names = {record.channel(key).name for key in channels}
    return [name for name in channels_of(record.family) if name in names]


def _label(record: RecordData) -> str:
    if record.id is not None:
        return str(record.id)
    return record.start.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")


def _is_ours(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    known = any(stem in channels_of(family) for family in FAMILIES)
    return name == METADATA or (dot + suffix == ".csv" and known)


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write the samples of a channel and return its entry in the manifest."""
    channel = channels_of(record.family)[name]
    path = folder / f"{name}.csv"
    rows, first, last = 0, None, None
    with path.open("wb") as file:
        file.write((",".join(("time", *channel.columns)) + "\n").encode())
        for piece in record.pieces(name, _ROWS):
            ticks = ticks_of(piece, channel)
            _write_rows(ticks * NS_PER_TICK[channel.clock], piece, file)
            rows += len(piece)
            last = int(ticks[-1])
            first = int(ticks[0]) if first is None else first
    raw = record.scale == "raw"
    return {
        "file": path.name,
        "rows": rows,
        "first": first,
        "last": last,
        "bytes": path.stat().st_size,
        "kind": channel.kind,
        "rate_hz": channel.rate_hz,
        "columns": {
            column: {"unit": "count" if raw else unit, "dtype": channel.dtype}
            for column, unit in channel.units.items()
        },
        "receipt": asdict(record.receipt(name)),
    }


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
    # A second is spelt once for all the samples in it.
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


def _manifest(record: RecordData, held: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "hexoframe": package_version(),
        "record": record.id,
        "family": record.family,
        "clock": record.clock,
        "scale": record.scale,
        "tz": record.tz,
        "start": record.start_tick,
        "end": record.end_tick,
        "start_time": record.start.tz_convert("UTC").isoformat(),
        "end_time": record.end.tz_convert("UTC").isoformat(),
        "info": record.facts.info,
        "channels": held,
        "tables": {
            name: _plain_rows(getattr(record.facts, name), shape)
            for name, shape in SHAPES.items()
        },
    }


def _plain_rows(
    table: pd.DataFrame | None, shape: Mapping[str, str]
) -> list[dict[str, Any]] | None:
    if table is None:
        return None
    whole = table.reset_index() if "time" in shape else table
    rows = whole[list(shape)].to_dict(orient="records")
    return [{str(name): _plain(cell) for name, cell in row.items()} for row in rows]


def _plain(cell: Any) -> Any:
    """Return a cell of the tables of facts as a JSON value."""
    if cell is None or pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.tz_convert("UTC").isoformat()
    return cell.item() if isinstance(cell, np.generic) else cell


# -- reading ---------------------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a folder that `write` made, or its `metadata.json`."""
    file = path / METADATA if path.is_dir() else path
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.read(200)
    pattern = rb'\s*\{\s*"format"\s*:\s*"' + _FORMAT.encode() + rb'"'
    return re.match(pattern, head) is not None


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
    """
    file = path / METADATA if path.is_dir() else path
    manifest = _load(file)
    family = _family(manifest, file, options)
    span = (_entry(manifest, "start", int, file), _entry(manifest, "end", int, file))
    entries = _entries(manifest, family, file)
    wanted = options.wanted(family)
    scale: Scale = _one_of(manifest, "scale", ("physical", "raw"), file)
    held = {
        name: _ChannelFile.of(entries[name], file, channel, scale, manifest["record"])
        for name, channel in wanted.items()
        if name in entries
    }
    lost = _check_lengths(held, options, file)
    channels: dict[str, pd.DataFrame | Source] = {
        name: item.source(options.scale, lost.get(name, ()))
        for name, item in held.items()
    }
    return RecordData(
        family,
        span,
        channels,
        facts=_facts(manifest, family, file),
        scale=options.scale,
        tz=_entry(manifest, "tz", str, file),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChannelFile:
    """The file of one channel, and what the manifest says of it.

    `rows` is what the manifest promises, from the first to the last of `ticks`; `held`
    is what the file has. A file that lacks rows is read up to its last whole line.
    """

    path: Path
    channel: Channel
    scale: Scale
    record_id: int | None
    rows: int
    held: int
    ticks: tuple[int, int]
    receipt: Receipt

    @classmethod
    def of(
        cls,
        entry: dict[str, Any],
        manifest: Path,
        channel: Channel,
        scale: Scale,
        record_id: int | None,
    ) -> _ChannelFile:
        """Take the entry of a channel from the manifest and look at its file."""
        name = _entry(entry, "file", str, manifest)
        if Path(name).name != name:
            raise FileFormatError(
                f"{manifest}: the file {name!r} of {channel.name} lies outside the "
                "folder; nothing was read"
            )
        path = manifest.parent / name
        rows = _entry(entry, "rows", int, manifest)
        promised = _entry(entry, "bytes", int, manifest)
        return cls(
            path=path,
            channel=channel,
            scale=scale,
            record_id=record_id,
            rows=rows,
            held=_held(path, rows, promised),
            ticks=(
                _entry(entry, "first", int, manifest) if rows else 0,
                _entry(entry, "last", int, manifest) if rows else 0,
            ),
            receipt=_receipt(_entry(entry, "receipt", dict, manifest), manifest),
        )

    def source(self, scale: Scale, lost: tuple[tuple[int, int], ...]) -> Source:
        """Return how to read the file, at the scale that the caller asks for."""

        def read_all() -> pd.DataFrame:
            return _rescaled(self._read(), self, scale)

        def pieces(rows: int) -> Iterator[pd.DataFrame]:
            for frame in self._stream():
                whole = _rescaled(frame, self, scale)
                for first in range(0, len(whole), rows):
                    yield whole.iloc[first : first + rows]

        known = self.receipt
        receipt = replace(
            known,
            samples=self.held,
            expected=self.rows if lost else known.expected,
            lost=(*known.lost, *lost),
        )
        return Source(read=read_all, pieces=pieces, receipt=receipt)

    @property
    def types(self) -> dict[str, pa.DataType]:
        kind = pa.float32() if self.channel.dtype == "float32" else pa.float64()
        return {"time": _TIME, **dict.fromkeys(self.channel.columns, kind)}

    def content(self) -> Path | bytes:
        """Return the file, or its whole lines where its end is missing."""
        if self.held == self.rows:
            return self.path
        data = self.path.read_bytes() if self.path.exists() else b""
        return data[: data.rfind(b"\n") + 1]

    def _read(self) -> pd.DataFrame:
        if not self.held:
            return self._empty()
        self._check_heading()
        cells = read_cells(self.content(), self.types, skip=1, where=str(self.path))
        self._check_rows(len(cells))
        return self._frame(cells, 0)

    def _stream(self) -> Iterator[pd.DataFrame]:
        """Read the file a block at a time."""
        if not self.held:
            return
        self._check_heading()
        rows = 0
        try:
            batches = arrow_csv.open_csv(
                _stream(self.content()),
                read_options=_read_options(self.types, 1),
                convert_options=_convert_options(self.types),
            )
            for batch in batches:
                if len(batch):
                    yield self._frame(pa.Table.from_batches([batch]), rows)
                rows += len(batch)
        except pa.ArrowInvalid as error:
            message = _broken(self.content(), self.types, 1, str(self.path))
            raise FileFormatError(message or f"{self.path}: no CSV: {error}") from error
        self._check_rows(rows)

    def _check_heading(self) -> None:
        with self.path.open("rb") as file:
            found = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n")
        expected = ",".join(self.types)
        if found.replace('"', "") != expected:
            raise FileFormatError(
                f"{self.path}, line 1: found {found[:120]!r}, expected {expected!r}"
            )

    def _check_rows(self, found: int) -> None:
        if found == self.held:
            return
        message = (
            f"{self.path}: {found} rows, but {METADATA} says {self.rows}; write the "
            "record again from its source"
        )
        if found < self.held:
            raise IncompleteDataError(message, ledger={self.channel.name: found})
        raise FileFormatError(message)

    def _frame(self, cells: pa.Table, before: int) -> pd.DataFrame:
        """Make the frame of some rows; `before` is how many rows came before them."""
        index = self._index(cells["time"], before)
        values = {name: cells[name].to_numpy() for name in self.channel.columns}
        return make_frame(
            self.channel, index, values, record_id=self.record_id, scale=self.scale
        )

    def _index(self, times: pa.ChunkedArray, before: int) -> pd.DatetimeIndex:
        row = 0
        if times.null_count:
            row = int(np.argmax(times.is_null().to_numpy()))
            raise FileFormatError(self._at(before + row, "no time", "a time"))
        stamps = times.cast(pa.int64()).to_numpy()
        index = pd.DatetimeIndex(stamps, dtype=_UTC, copy=False, name="time")
        clock = self.channel.clock
        if not _on_ticks(index, clock):
            row = first_bad(len(index), lambda n: _on_ticks(index[:n], clock))
            found = index[row].isoformat()
            expected = f"a multiple of 1/{clock} s in the years 2000 to 2100"
            raise FileFormatError(self._at(before + row, found, expected))
        return index

    def _at(self, row: int, found: str, expected: str) -> str:
        line = line_number(self.content(), row, skip=1)
        return f"{self.path}, line {line}, time: found {found}, expected {expected}"

    def _empty(self) -> pd.DataFrame:
        return empty_frame(self.channel, record_id=self.record_id, scale=self.scale)

    def last_tick(self) -> int | None:
        """Return the tick of the last whole line; None where there is no row."""
        if not self.held:
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - 8192))
            tail = file.read()
        line = tail[: tail.rfind(b"\n")].splitlines()[-1]
        text = line.split(b",")[0].decode("ascii", "replace")
        try:
            return time_to_tick(text, clock=self.channel.clock)
        except TimestampError as error:
            raise FileFormatError(f"{self.path}, last line: {error}") from error


def _on_ticks(index: pd.DatetimeIndex, clock: Any) -> bool:
    try:
        index_to_ticks(index, clock=clock)
    except TimestampError:
        return False
    return True


def _held(path: Path, rows: int, promised: int) -> int:
    """Count the rows of a file; only one that lost bytes needs to be read for that."""
    if not path.exists():
        return 0
    if path.stat().st_size >= promised:
        return rows
    with path.open("rb") as file:
        lines = sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    return min(rows, max(0, lines - 1))


def _rescaled(frame: pd.DataFrame, file: _ChannelFile, scale: Scale) -> pd.DataFrame:
    if scale == file.scale:
        return frame
    if scale == "raw":
        return to_raw(frame, file.channel)
    values = {
        row.column: values_from_counts(frame[row.column].to_numpy(np.float64), row)
        for row in file.channel.datatypes
    }
    index = pd.DatetimeIndex(frame.index)
    return make_frame(file.channel, index, values, record_id=file.record_id)


def _check_lengths(
    held: dict[str, _ChannelFile],
    options: ReadOptions,
    manifest: Path,
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the spans that files lack; raise unless partial records are allowed."""
    short = {name: item for name, item in held.items() if item.held < item.rows}
    if not short:
        return {}
    told = "; ".join(
        f"{item.path.name} holds {item.held} of {item.rows} rows"
        if item.path.exists()
        else f"{item.path.name} with {item.rows} rows is missing"
        for item in short.values()
    )
    if not options.allow_partial:
        raise IncompleteDataError(
            f"{manifest.parent}: {told}. Write the record again from its source, or "
            "open what is there with allow_partial=True",
            ledger={name: (item.rows, item.held) for name, item in short.items()},
        )
    warnings.warn(f"{manifest.parent}: {told}", MissingSamplesWarning, stacklevel=3)
    return {name: (_lost(item),) for name, item in short.items()}


def _lost(file: _ChannelFile) -> tuple[int, int]:
    """Return the span of the rows that are missing."""
    first, last = file.ticks
    held = file.last_tick()
    if held is not None:
        first = held + math.ceil(file.channel.ticks or 1)
    return min(first, last), last + 1


# -- the manifest ----------------------------------------------------------------------


def _load(file: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileFormatError(f"{file}: no JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise FileFormatError(f"{file}: expected the format {_FORMAT!r} of hexoframe")
    version = _entry(manifest, "version", int, file)
    if version != _VERSION:
        raise FileFormatError(
            f"{file}: version {version}, this hexoframe reads {_VERSION}; read it with "
            "the hexoframe that wrote it, or a newer one"
        )
    record_id = manifest.setdefault("record", None)
    if record_id is not None and not isinstance(record_id, int):
        raise FileFormatError(f"{file}: record is {record_id!r}, expected an id")
    return manifest


def _entry(held: dict[str, Any], key: str, kind: type, file: Path) -> Any:
    value = held.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise FileFormatError(
            f"{file}: {key!r} is {str(value)[:60]!r}, expected {kind.__name__}"
        )
    return value


def _one_of(held: dict[str, Any], key: str, choices: Sequence[str], file: Path) -> Any:
    value = held.get(key)
    if value not in choices:
        raise FileFormatError(
            f"{file}: {key!r} is {value!r}, expected one of {', '.join(choices)}"
        )
    return value


def _family(manifest: dict[str, Any], file: Path, options: ReadOptions) -> Family:
    family: Family = _one_of(manifest, "family", FAMILIES, file)
    clock = _entry(manifest, "clock", int, file)
    if options.model is not None and family_of(options.model, clock=clock) != family:
        raise ConfigurationError(
            f"model={options.model!r}, but {file} says {family}: leave model= out"
        )
    return family


def _entries(manifest: dict[str, Any], family: Family, file: Path) -> dict[str, Any]:
    held = _entry(manifest, "channels", dict, file)
    known = channels_of(family)
    unknown = [name for name in held if name not in known]
    if unknown:
        warnings.warn(
            f"{file.parent}: {', '.join(unknown)} left out: no channel of {family}",
            SkippedChannelWarning,
            stacklevel=3,
        )
    return {name: _entry(held, name, dict, file) for name in held if name in known}


def _receipt(entry: dict[str, Any], file: Path) -> Receipt:
    try:
        return Receipt(
            expected=None if entry["expected"] is None else int(entry["expected"]),
            duplicates=int(entry["duplicates"]),
            lost=tuple(map(_pair, entry["lost"])),
            span=None if entry["span"] is None else _pair(entry["span"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{file}: broken receipt {entry}: {error!r}") from error


def _pair(ticks: Any) -> tuple[int, int]:
    first, last = ticks
    return int(first), int(last)


def _facts(manifest: dict[str, Any], family: Family, file: Path) -> Facts:
    tables = _entry(manifest, "tables", dict, file)
    clock = CLOCK_OF_FAMILY[family]
    made = {}
    for name in SHAPES:
        rows = tables.get(name)
        try:
            made[name] = None if rows is None else facts_table(name, rows, clock=clock)
        except (AttributeError, TypeError, ValueError) as error:
            raise FileFormatError(f"{file}: broken table {name!r}: {error}") from error
    return Facts(info=_entry(manifest, "info", dict, file), **made)
