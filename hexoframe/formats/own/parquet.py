"""hexoframe's own Parquet: one folder a record, one file a channel, and a manifest.

Nothing is lost, and each channel file also opens alone: here, and in pandas, polars and
DuckDB as physical values with a time column. It has the column ``time`` (timestamp, ns,
UTC; delta-packed) and the columns of the channel (float; dictionary or split bytes,
zstd), with null for a missing value. Its footer has the key-value metadata
``hexoframe`` (JSON: the block of the frame, and what the channel table and the record
say), ``hexoframe_receipt`` (JSON: the entry of the manifest), and ``PANDAS_ATTRS`` and
``pandas`` as pandas has them. Manifest and footer have modules of their own.
"""

from __future__ import annotations

import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import channels_of
from hexoframe.errors import FileFormatError
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.own.footer import (
    ATTRS,
    KEY,
    MAGIC,
    RECEIPT_KEY,
    RECORD,
    arrow_fields,
    attrs_of,
    load_footer,
    read_footer,
)
from hexoframe.formats.own.manifest import (
    PARQUET_LAYOUT,
    VERSION,
    EntryCounter,
    read_manifest,
    record_folder,
    record_head,
    replace_facts,
    source_of,
    to_json,
    write_manifest,
)
from hexoframe.formats.own.verify import (
    Fault,
    check_bytes,
    find_faults,
    open_manifest,
    other_bytes,
    raise_faults,
    rescaled,
    same_record,
)
from hexoframe.paths import is_file, is_folder
from hexoframe.recording import frames, metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest import ChannelEntry, Manifest
    from hexoframe.recording.facts import Facts

__all__ = [
    "FrameReader",
    "read",
    "sniff",
    "verify",
    "write",
    "write_channel",
    "write_facts",
]

# Enough of a file to see what it is.
_HEAD = 256
# What a thread decodes at once.
_BATCH_ROWS = 1 << 17
_THREADS = min(4, os.cpu_count() or 1)
_NS_UTC = pd.DatetimeTZDtype("ns", "UTC")
# A row group is what others read at once: 68 minutes of ECG, a few MB of memory.
_GROUP_ROWS = 1 << 20
# What frexp makes of any power of two.
_HALF = 0.5
# Rows that the source gives at once; what is made of them fits into little memory.
_PIECE_ROWS = 1 << 18
# Later versions of pyarrow cut pages at 20 000 rows unless told otherwise, as 17 cannot
# be; a quarter of a million decodes a third faster.
_PAGES = (
    {"max_rows_per_page": 1 << 18}
    if "max_rows_per_page" in inspect.signature(pq.write_table).parameters
    else {}
)


# -- reading ---------------------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a folder that `write` made, its manifest, or a channel file.

    A Parquet file whose footer is damaged counts: `read` says what is wrong with it.
    """
    file = PARQUET_LAYOUT.manifest_at(Path(path))
    if not is_file(file):
        return False
    head = _head(file)
    if not head.startswith(MAGIC):
        return PARQUET_LAYOUT.starts(head)
    try:
        keys = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError):
        return True
    return KEY in keys


def verify(path: Path) -> None:
    """Compare every byte of a record with its manifest; `path` is as for `read`.

    Missing data are an `IncompleteDataError`, other bytes a `FileFormatError`.
    """
    manifest = _manifest(Path(path))
    known = channels_of(manifest.family)
    held = {name: known[name] for name in manifest.channels if name in known}
    faults = find_faults(manifest, held, partial(_find_fault, thorough=True))
    if faults:
        raise_faults(path, manifest, faults, "Write or copy the record again")


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a folder that `write` made, its manifest, or one channel file.

    Manifest, sizes and footers are compared now; samples are read, and their checksum
    compared, when a channel is first touched. With `allow_partial` all bytes are
    compared now, and a channel with a fault is empty and lost in the ledger.
    """
    path = Path(path)
    manifest = _manifest(path)
    return open_manifest(
        path,
        manifest,
        options,
        check=partial(_find_fault, thorough=options.allow_partial),
        lazy=FrameReader(
            held=manifest.scale, wanted=options.scale, record_id=manifest.record_id
        ).lazy,
    )


def _manifest(path: Path) -> Manifest:
    if not is_folder(path) and not PARQUET_LAYOUT.starts(_head(path)):
        return read_footer(path)
    file = PARQUET_LAYOUT.manifest_at(path)
    try:
        return read_manifest(file, PARQUET_LAYOUT)
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path} has no {file.name}, so nothing says whether the record is whole: "
            "open its .parquet files one by one, or write the record again"
        ) from error


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD)


def _find_fault(
    entry: ChannelEntry, channel: Channel, *, thorough: bool
) -> Fault | None:
    """Compare a file with its entry; checksums only if `thorough`."""
    name = entry.path.name
    size = entry.path.stat().st_size
    if entry.size is not None and size < entry.size:
        return Fault(text=f"{name} has {size} of {entry.size} bytes", incomplete=True)
    try:
        footer = load_footer(entry.path)
    except FileFormatError as error:
        return Fault(text=str(error))
    rows = footer.num_rows
    if rows != entry.rows:
        text = f"{name} has {rows} rows where {entry.rows} were written"
        return Fault(text=text, incomplete=rows < entry.rows)
    if entry.size is not None and size != entry.size:
        return Fault(text=f"{name} has {size} bytes where {entry.size} were written")
    change = _other_columns(footer, channel)
    if not change and thorough:
        change = other_bytes(entry)
    return Fault(text=f"{name} {change}") if change else None


def _other_columns(footer: pq.FileMetaData, channel: Channel) -> str:
    """Say how the columns differ from those of the channel table, if they do."""
    found, wanted = (
        {column.name: str(column.type) for column in columns}
        for columns in (footer.schema.to_arrow_schema(), arrow_fields(channel))
    )
    if found.get(RECORD.name) == str(RECORD.type):
        del found[RECORD.name]
    if found == wanted:
        return ""
    return f"has the columns {found}, but the channel table asks for {wanted}"


# -- reading samples -------------------------------------------------------------------


class FrameReader:
    """Makes the frames of a record; channels with equal stamps share one index.

    Stamps that are even by the manifest are computed and not decoded: its checksum
    vouches for the file, and the first and last stamp in the footer are compared.
    Values are written at the scale `held`, and wanted at another.
    """

    def __init__(
        self, *, held: Scale, wanted: Scale, record_id: int | None = None
    ) -> None:
        self._held: Scale = held
        self._scale: Scale = wanted
        self._record_id = record_id
        self._indexes: dict[tuple[int, int, int], pd.DatetimeIndex] = {}
        self._even: dict[tuple[int, int, int], pd.DatetimeIndex] = {}

    def lazy(
        self,
        entry: ChannelEntry,
        channel: Channel,
        fault: Fault | None = None,
        *,
        load: Callable[[], bytes] | None = None,
    ) -> LazyChannel:
        """Return a channel that is read when touched; it is empty after a fault.

        `load` returns the bytes of a file that is not on this disk.
        """
        if fault is not None:
            nothing = frames.empty_frame(
                channel, record_id=self._record_id, scale=self._scale
            )
            return LazyChannel(read=lambda: nothing)
        return LazyChannel(
            read=lambda: self._read(entry, channel, load or entry.path.read_bytes),
            pieces=lambda rows: self._pieces(entry, channel, rows, load),
        )

    def _read(
        self, entry: ChannelEntry, channel: Channel, load: Callable[[], bytes]
    ) -> pd.DataFrame:
        data = load()
        check = partial(check_bytes, entry, data)
        dtypes: dict[str, str] = dict.fromkeys(channel.columns, channel.dtype)
        with _decoding(entry, check):
            if entry.step is None or entry.sha256 is None:
                dtypes = {"time": "int64", **dtypes}
                footer, columns = _decode(pa.py_buffer(data), dtypes, check)
                index = self._shared(columns.pop("time"))
            else:
                spaced = partial(self._spaced, entry, NS_PER_TICK[channel.clock])
                footer, columns = _decode(pa.py_buffer(data), dtypes, check, spaced)
                _check_ends(footer, entry, NS_PER_TICK[channel.clock])
                index = spaced()
        return self._frame((entry.path, footer), channel, index, columns)

    def _spaced(self, entry: ChannelEntry, ns: int) -> pd.DatetimeIndex:
        """Return the index of a channel with even stamps, made once for all alike."""
        first, step = entry.first * ns, (entry.step or 0) * ns
        key = (entry.rows, first, step)
        if key not in self._even:
            self._even[key] = _index(np.arange(first, first + entry.rows * step, step))
        return self._even[key]

    def _pieces(
        self,
        entry: ChannelEntry,
        channel: Channel,
        rows: int,
        load: Callable[[], bytes] | None,
    ) -> Iterator[pd.DataFrame]:
        data = None if load is None else load()
        check = partial(check_bytes, entry, data)
        check()
        source = entry.path if data is None else pa.BufferReader(data)
        names = ["time", *channel.columns]
        with _decoding(entry, check), pq.ParquetFile(source) as file:
            footer = file.metadata
            for batch in file.iter_batches(
                batch_size=rows, columns=names, use_threads=False
            ):
                if len(batch):
                    # A copy, as the views that Arrow hands out are read-only.
                    columns = {name: _values(batch, name).copy() for name in names}
                    index = _index(columns.pop("time"))
                    yield self._frame((entry.path, footer), channel, index, columns)

    def _shared(self, stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
        """Return the index of an earlier channel if it is the same."""
        if not len(stamps):
            return _index(stamps)
        key = (len(stamps), int(stamps[0]), int(stamps[-1]))
        known = self._indexes.get(key)
        if known is None or not np.array_equal(known.asi8, stamps):
            known = self._indexes[key] = _index(stamps)
        return known

    def _frame(
        self,
        file: tuple[Path, pq.FileMetaData],
        channel: Channel,
        index: pd.DatetimeIndex,
        columns: dict[str, NDArray[Any]],
    ) -> pd.DataFrame:
        path, footer = file
        held = self._held
        frame = frames.make_frame(channel, index, columns, scale=held)
        frame.attrs = attrs_of(path, footer.metadata or {})
        return rescaled(frame, channel, held=held, wanted=self._scale)


def _index(stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
    # Integers with this dtype are ns of UTC: no parsing, no localising and no copy.
    return pd.DatetimeIndex(stamps, dtype=_NS_UTC, copy=False, name="time")


def _decode(
    data: pa.Buffer, dtypes: Mapping[str, str], *aside: Callable[[], object]
) -> tuple[pq.FileMetaData, dict[str, NDArray[Any]]]:
    """Return the footer and some columns of a file, the time as int64.

    The tasks `aside` run in the same threads; their errors come before those of
    decoding. Arrays of the final size are filled in steps that fit into the cache of a
    core: Arrow's own arrays grow by doubling, which costs twice the memory.
    """
    footer = pq.read_metadata(pa.BufferReader(data))
    groups = range(footer.num_row_groups)
    starts = np.cumsum([0, *(footer.row_group(group).num_rows for group in groups)])
    columns = {name: np.empty(footer.num_rows, dtype) for name, dtype in dtypes.items()}

    def fill(group: int) -> None:
        at = int(starts[group])
        with pq.ParquetFile(pa.BufferReader(data), metadata=footer) as file:
            for batch in file.iter_batches(
                batch_size=_BATCH_ROWS,
                row_groups=[group],
                columns=list(columns),
                use_threads=False,
            ):
                for name, values in columns.items():
                    values[at : at + len(batch)] = _values(batch, name)
                at += len(batch)

    tasks: list[Callable[[], object]] = [*aside]
    tasks += [partial(fill, group) for group in groups]
    if len(groups) <= 1:
        for task in tasks:
            task()
        return footer, columns
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
    return footer, columns


def _check_ends(footer: pq.FileMetaData, entry: ChannelEntry, ns: int) -> None:
    """Refuse a manifest whose first or last stamp is not that of the file."""
    first, last = (
        footer.row_group(group).column(0).statistics
        for group in (0, footer.num_row_groups - 1)
    )
    found = (first.min_raw // ns, last.max_raw // ns)
    if found != (entry.first, entry.last):
        raise FileFormatError(
            f"{entry.path} has stamps from tick {found[0]} to {found[1]}, its "
            f"manifest says {entry.first} to {entry.last}; write or copy the record "
            "again"
        )


def _values(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of a batch, as a view if nothing is missing."""
    values: NDArray[Any] = batch.column(name).to_numpy(zero_copy_only=False)
    return values.view(np.int64) if name == "time" else values


@contextmanager
def _decoding(entry: ChannelEntry, check: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        check()  # changed bytes are the better explanation
        raise FileFormatError(
            f"{entry.path}: the samples cannot be decoded ({error}); write or copy "
            "the record again"
        ) from error


# -- writing ---------------------------------------------------------------------------


def write(  # noqa: PLR0913  # what is written, where, and how
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
    threads: int = 1,
    facts: Callable[[], Facts] | None = None,
) -> Path:
    """Write a record at its scale, as `Record.to_parquet` tells.

    Channels are streamed in row groups; one that the record lacks becomes a file
    without rows. With `threads` above 1, that many channels are read at a time.
    `facts` is called after the samples are written, and replaces those of the record.
    """
    names = channels_to_write(record, channels)
    target = record_folder(record, root)
    owned = PARQUET_LAYOUT.owns
    with new_folder(target, overwrite=overwrite, owned=owned, same=_same) as folder:
        with ThreadPoolExecutor(threads) as pool:
            written = pool.map(lambda name: _write_channel(record, name, folder), names)
            entries = dict(zip(names, written, strict=True))
        told = record if facts is None else record.of(record, facts=facts())
        write_manifest(PARQUET_LAYOUT, told, entries, folder)
    return target


def _same(folder: Path, fresh: Path) -> bool:
    """Whether a folder from before holds the record that was written anew."""
    return same_record(PARQUET_LAYOUT, (folder, fresh), _same_file)


def _same_file(old: ChannelEntry, new: ChannelEntry) -> bool:
    """Whether a file is as its manifest says, and holds the same as a new one."""
    if old.sha256 is None or other_bytes(old):
        return False
    if old.sha256 == new.sha256:
        return True
    # Another version of hexoframe or Arrow writes other bytes for the same samples.
    columns, *told = _footer_says(old.path)
    return [columns, *told] == _footer_says(new.path) and all(
        np.array_equal(_column_bits(old.path, name), _column_bits(new.path, name))
        for name in columns
    )


def _footer_says(path: Path) -> list[dict[str, Any]]:
    """Return columns, head and attrs of a file without the version of hexoframe."""
    footer = load_footer(path)
    columns = {each.name: str(each.type) for each in footer.schema.to_arrow_schema()}
    keys = footer.metadata or {}
    head = source_of(path, KEY).read(keys.get(KEY, b"{}"))
    if isinstance(head, dict):
        head.pop("hexoframe", None)
    return [columns, head, attrs_of(path, keys)]


def _column_bits(path: Path, name: str) -> NDArray[Any]:
    """Return a column as integers of the same bits; nulls all have those of one NaN."""
    column = pq.read_table(path, columns=[name]).column(name)
    values: NDArray[Any] = column.to_numpy()
    return values.view(f"i{values.dtype.itemsize}")


def write_facts(facts: Facts, folder: Path) -> None:
    """Replace the facts in a folder that `write` made; the samples stay."""
    replace_facts(PARQUET_LAYOUT, facts, folder)


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write one file into a record folder and return its entry of the manifest."""
    return write_channel(record, name, folder / PARQUET_LAYOUT.file_of(name))


def write_channel(
    record: RecordData, name: str, path: Path, *, number: int | None = None
) -> dict[str, Any]:
    """Write the file of a channel and return its entry of the manifest.

    With `number` it has a column ``record`` that is this number in every row.
    """
    channel = channels_of(record.family)[name]
    counter = EntryCounter(record, name)
    pieces = counter.count(record.pieces(name, min(_PIECE_ROWS, _GROUP_ROWS)))
    first = next(pieces, None)
    schema = _schema(record, channel, {} if first is None else first.attrs)
    if number is not None:
        schema = schema.append(RECORD)
    whole = pieces if first is None else chain([first], pieces)
    split = _split_columns(channel)
    with pq.ParquetWriter(
        # Arrow takes a path such as a:b/c for a URL.
        path.absolute(),
        schema,
        compression="zstd",
        use_dictionary=[
            field.name
            for field in schema
            if field.name != "time" and field.name not in split
        ],
        column_encoding={"time": "DELTA_BINARY_PACKED", **split},
        **_PAGES,
    ) as writer:
        for table in _row_groups(_table(piece, schema, number) for piece in whole):
            writer.write_table(table, row_group_size=_GROUP_ROWS)
        entry = counter.entry()
        text = to_json(entry, f"the receipt of {name}")
        writer.add_key_value_metadata({RECEIPT_KEY: text.encode()})
    return {"sha256": sha256_of(path), **entry}


def _split_columns(channel: Channel) -> dict[str, str]:
    """Return the encoding of columns that are not written as a dictionary.

    Counts times a power of two have zeros behind their first bits: with their bytes
    split they are written twice as fast, and into 5 to 40 % less, as a dictionary of
    thousands of values takes (five waveforms of three real records). In mV, such as an
    ECG, they take twice as much.
    """
    return {
        row.column: "BYTE_STREAM_SPLIT"
        for row in channel.datatypes
        if row.kind == "waveform"
        and row.offset == 0
        and math.frexp(row.gain)[0] == _HALF
    }


def _schema(
    record: RecordData, channel: Channel, attrs: Mapping[Any, Any]
) -> pa.Schema:
    """Return the columns of a channel file, with the keys of its footer."""
    block = metadata.make_block(channel, record_id=record.id, scale=record.scale)
    head = {**block, **record_head(record), **_channel_head(record, channel)}
    texts = {
        KEY: to_json(head, f"the provenance of {channel.name}"),
        ATTRS: to_json(
            {metadata.KEY: block, **attrs}, f"attrs of the frame {channel.name}"
        ),
    }
    keys = {key: text.encode() for key, text in texts.items()}
    keys[b"pandas"] = _told_to_pandas(channel)
    return pa.schema(arrow_fields(channel), metadata=keys)


@functools.cache
def _told_to_pandas(channel: Channel) -> bytes:
    """Return what pandas writes beside a frame of a channel, so that it reads one."""
    sample = pa.Table.from_pandas(frames.empty_frame(channel)).schema.metadata
    told: bytes = sample[b"pandas"]
    return told


def _channel_head(record: RecordData, channel: Channel) -> dict[str, Any]:
    rows = channel.datatypes
    return {
        "format": VERSION,
        "provenance": record.facts.info.get("provenance", {}).get(channel.name),
        "edited": channel.name in record.facts.info.get("edited", ()),
        "pseudonym": record.pseudonym,
        "ids": {row.column: row.id for row in rows},
        "api_names": {row.column: row.api_name for row in rows},
        "gain": {row.column: row.gain for row in rows},
        "offset": {row.column: row.offset for row in rows},
    }


def _table(frame: pd.DataFrame, schema: pa.Schema, number: int | None) -> pa.Table:
    stamps = pd.DatetimeIndex(frame.index).asi8
    time = pa.array(stamps).view(schema.field(0).type)
    arrays = [
        # Without a look for NaN the samples are not copied.
        pa.array(values, from_pandas=bool(np.isnan(values).any()))
        for values in frames.arrays_of(frame).values()
    ]
    if number is not None:
        arrays.append(pa.repeat(pa.scalar(number, RECORD.type), len(frame)))
    return pa.Table.from_arrays([time, *arrays], schema=schema)


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join small tables, since every table that is written becomes a row group."""
    held: list[pa.Table] = []
    rows = 0
    for table in tables:
        if held and rows + len(table) > _GROUP_ROWS:
            yield pa.concat_tables(held)
            held, rows = [], 0
        held.append(table)
        rows += len(table)
    if held:
        yield pa.concat_tables(held)
