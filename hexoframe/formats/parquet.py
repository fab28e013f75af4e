"""hexoframe's own Parquet: one folder a record, one file a channel, and a manifest.

A record becomes ``record_<id>/`` with ``<channel>.parquet`` for each channel,
``facts_<table>.parquet`` for each table of facts, and ``manifest.json``, which says
what belongs together (manifest). Nothing is lost on the way, and every file also opens
alone: here, and in pandas, polars and DuckDB as physical values with a proper time
column. What a sample means is not decided here.

A channel file has the column ``time`` (timestamp, ns, UTC; delta-packed) and the
columns of the channel (float; dictionary, zstd), where a missing value is null. Its
footer carries, as key-value metadata, ``hexoframe`` (JSON: the block of the frame, and
what the channel table and the record say), ``hexoframe_receipt`` (JSON: rows, first and
last tick, ledger), and ``PANDAS_ATTRS`` and ``pandas`` as pandas has them.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe import frames, metadata
from hexoframe.calibration import Scale, values_from_counts
from hexoframe.channels import CLOCK_OF_FAMILY, channels_of, family_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    MissingFactsWarning,
    MissingSamplesWarning,
    SkippedChannelWarning,
)
from hexoframe.facts import SHAPES, Facts
from hexoframe.formats import manifest
from hexoframe.formats.output import new_folder
from hexoframe.recorddata import RecordData, Source
from hexoframe.timestamps import index_to_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.formats.manifest import Contents, Fault, Stored
    from hexoframe.formats.options import ReadOptions

__all__ = ["read", "sniff", "verify", "write"]

_ATTRS = b"PANDAS_ATTRS"  # where pandas looks for the attrs of a frame
_STARTS_LIKE_MANIFEST = re.compile(
    rb'\s*\{\s*"format"\s*:\s*"' + manifest.FORMAT.encode()
)
# A row group is what others read at once: 68 minutes of ECG, a few MB of memory.
_GROUP_ROWS = 1 << 20
# Later versions of pyarrow cut pages at 20 000 rows unless told otherwise, as 17 cannot
# be; a quarter of a million decodes a third faster.
_PAGES = (
    {"max_rows_per_page": 1 << 18}
    if "max_rows_per_page" in inspect.signature(pq.write_table).parameters
    else {}
)
# What a thread decodes at once.
_BATCH_ROWS = 1 << 16
_THREADS = min(4, os.cpu_count() or 1)
_NS_UTC = pd.DatetimeTZDtype("ns", "UTC")


# --- writing --------------------------------------------------------------------------


def write(
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a record as a folder of Parquet files.

    Channels are streamed in row groups, so a record may be larger than memory.

    Parameters
    ----------
    record : RecordData
        What to write, at the scale that it has.
    root : Path
        Folder in which ``record_<id>`` is made (``record`` where the id is unknown).
    channels : sequence of str or int, optional
        Channels to write, whole, by any of their names or ids; by default all that the
        record has. One that the record lacks becomes a file without rows.
    overwrite : bool, default False
        Whether an older version of the folder may be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UnknownChannelError
        If the model has no such channel.
    OutputExistsError
        If the folder holds a record and `overwrite` is False.
    ConfigurationError
        If `info` or the attrs of a frame hold something that JSON has not.
    """
    names = _names(record, channels)
    target = Path(root) / ("record" if record.id is None else f"record_{record.id}")
    with new_folder(target, overwrite=overwrite, owned=manifest.is_ours) as folder:
        contents = {
            "format": manifest.FORMAT,
            "version": manifest.VERSION,
            "hexoframe": manifest.package_version(),
            **_about(record),
            "info": record.facts.info,
            "facts": _write_facts(record.facts, folder),
            "channels": {name: _write_channel(record, name, folder) for name in names},
        }
        text = manifest.as_json(contents, "info of the record", indent=1)
        (folder / manifest.MANIFEST).write_text(text + "\n", encoding="utf-8")
    return target


def _names(record: RecordData, channels: Sequence[str | int] | None) -> list[str]:
    if channels is None:
        return list(record)
    if isinstance(channels, str):
        raise ConfigurationError(f"channels={channels!r}: give a list: [{channels!r}]")
    wanted = {record.channel(key).name for key in channels}
    return [name for name in channels_of(record.family) if name in wanted]


def _about(record: RecordData) -> dict[str, Any]:
    """Return what the manifest and every channel file say of the record."""
    return {
        "family": record.family,
        "clock": record.clock,
        "scale": record.scale,
        "span": [record.start_tick, record.end_tick],
        "tz": record.tz,
    }


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write one file and return its entry in the manifest."""
    channel = channels_of(record.family)[name]
    path = folder / manifest.file_of(name)
    pieces = record.pieces(name, _GROUP_ROWS)
    first = next(pieces, None)
    schema = _schema(record, channel, {} if first is None else first.attrs)
    receipt = asdict(record.receipt(name))
    counts = {"rows": 0, "first": None, "last": None, "receipt": receipt}
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=list(channel.columns),
        column_encoding={"time": "DELTA_BINARY_PACKED"},
        **_PAGES,
    ) as writer:
        for table in _row_groups(_tables(first, pieces, channel, schema)):
            _count(counts, table, channel)
            writer.write_table(table, row_group_size=_GROUP_ROWS)
        text = manifest.as_json(counts, f"the receipt of {name}")
        writer.add_key_value_metadata({manifest.RECEIPT_KEY: text.encode()})
    return {**manifest.fingerprint(path), **counts}


def _schema(
    record: RecordData, channel: Channel, attrs: Mapping[Any, Any]
) -> pa.Schema:
    """Return the columns of a channel file, and what it says of itself."""
    block = metadata.make_block(channel, record_id=record.id, scale=record.scale)
    about = block | _about(record) | _about_channel(record, channel)
    texts = {
        manifest.KEY: manifest.as_json(about, f"the provenance of {channel.name}"),
        _ATTRS: manifest.as_json(
            {metadata.KEY: block, **attrs}, f"attrs of the frame {channel.name}"
        ),
    }
    sample = pa.Table.from_pandas(frames.empty_frame(channel)).schema.metadata
    keys = {key: text.encode() for key, text in texts.items()}
    keys[b"pandas"] = sample[b"pandas"]
    kind = pa.float32() if channel.dtype == "float32" else pa.float64()
    fields = [manifest.TIME, *(pa.field(name, kind) for name in channel.columns)]
    return pa.schema(fields, metadata=keys)


def _about_channel(record: RecordData, channel: Channel) -> dict[str, Any]:
    rows = channel.datatypes
    return {
        "format": manifest.VERSION,
        "hexoframe": manifest.package_version(),
        "provenance": record.facts.info.get("provenance", {}).get(channel.name),
        "ids": {row.column: row.id for row in rows},
        "api_names": {row.column: row.api_name for row in rows},
        "gain": {row.column: row.gain for row in rows},
        "offset": {row.column: row.offset for row in rows},
    }


def _tables(
    first: pd.DataFrame | None,
    rest: Iterable[pd.DataFrame],
    channel: Channel,
    schema: pa.Schema,
) -> Iterator[pa.Table]:
    if first is None:
        return
    yield _table(first, channel, schema)
    for piece in rest:
        yield _table(piece, channel, schema)


def _table(frame: pd.DataFrame, channel: Channel, schema: pa.Schema) -> pa.Table:
    frames.check_frame(frame, channel)
    stamps = pd.DatetimeIndex(frame.index).as_unit("ns").asi8
    columns = [frame[name].to_numpy() for name in channel.columns]
    arrays = [pa.array(values, from_pandas=True) for values in columns]
    time = pa.array(stamps).view(manifest.TIME.type)
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


def _count(counts: dict[str, Any], table: pa.Table, channel: Channel) -> None:
    """Take the rows of one more table into account."""
    column = table.column("time")
    ends = _index(np.array([column[0].value, column[-1].value], dtype=np.int64))
    first, last = index_to_ticks(ends, clock=channel.clock).tolist()
    if counts["first"] is None:
        counts["first"] = first
    counts["last"] = last
    counts["rows"] += len(table)


def _write_facts(facts: Facts, folder: Path) -> dict[str, Any]:
    """Write the tables that the source knows; None stays None."""
    entries: dict[str, Any] = {}
    for name in SHAPES:
        table: pd.DataFrame | None = getattr(facts, name)
        entries[name] = None
        if table is not None:
            path = folder / manifest.file_of(manifest.facts_key(name))
            table.to_parquet(path, engine="pyarrow", compression="zstd")
            entries[name] = {**manifest.fingerprint(path), "rows": len(table)}
    return entries


# --- opening --------------------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Tell whether a path is a record that `write` made, or a channel file of one.

    Parameters
    ----------
    path : Path
        A folder, a manifest or a file. A Parquet file whose footer is damaged counts,
        so that `read` can say what is wrong with it.

    Returns
    -------
    bool
        Whether `read` takes it.
    """
    file = _manifest_of(Path(path))
    try:
        with file.open("rb") as stream:
            start = stream.read(256)
    except OSError:
        return False
    if not start.startswith(manifest.MAGIC):
        return _STARTS_LIKE_MANIFEST.match(start) is not None
    try:
        keys = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError):
        return True
    return manifest.KEY in keys


def verify(path: Path) -> None:
    """Compare every byte of a record with its manifest.

    Parameters
    ----------
    path : Path
        Folder that `write` made, or its manifest.

    Raises
    ------
    IncompleteDataError
        If files, bytes or rows are missing.
    FileFormatError
        If anything else is not what was written.
    """
    file = _manifest_of(Path(path))
    contents = manifest.open_manifest(file)
    known = channels_of(contents.family)
    wanted = {name: known[name] for name in contents.channels if name in known}
    faults = manifest.find_faults(contents, wanted, thorough=True)
    if faults:
        advice = "Write or copy the record again"
        manifest.refuse(file.parent, contents, faults, advice)


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a record that `write` made, or one channel file of it.

    The manifest, the sizes and the footers of the files are compared first. Samples
    are read when they are first touched; their checksum is compared then.

    Parameters
    ----------
    path : Path
        The folder, its manifest, or one channel file, which gives a record of that
        channel.
    options : ReadOptions
        What the caller asks. With `allow_partial` all bytes are compared at once, and a
        channel that is damaged or missing is empty and stands as lost in the ledger.

    Returns
    -------
    RecordData
        The record; `info` and the zone are those of the record that was written.

    Raises
    ------
    IncompleteDataError
        If files, bytes or rows are missing.
    FileFormatError
        If a file is damaged, was changed, or is of a newer version of the format.
    ConfigurationError
        If `options.model` is another than that of the record.

    Warns
    -----
    MissingSamplesWarning, MissingFactsWarning
        If `allow_partial` let the record open without a channel or a table of facts.
    SkippedChannelWarning
        If the channel table of this version lacks a channel.
    """
    path = Path(path)
    contents = _open(path)
    _check_model(path, contents, options)
    wanted = _wanted(path, contents, options)
    faults = manifest.find_faults(contents, wanted, thorough=options.allow_partial)
    if faults and not options.allow_partial:
        advice = "Write or copy the record again, or go on with allow_partial=True"
        manifest.refuse(path, contents, faults, advice)
    _warn(path, faults)
    reader = _Reader(contents, options.scale)
    return RecordData(
        contents.family,
        contents.span,
        {
            name: reader.nothing(channel) if name in faults else reader.source(channel)
            for name, channel in wanted.items()
        },
        facts=_read_facts(contents, faults),
        scale=options.scale,
        tz=contents.tz,
    )


def _open(path: Path) -> Contents:
    file = _manifest_of(path)
    if file != path:
        return manifest.open_manifest(file)
    with file.open("rb") as stream:
        start = stream.read(256)
    if _STARTS_LIKE_MANIFEST.match(start):
        return manifest.open_manifest(file)
    return manifest.open_file(file)


def _manifest_of(path: Path) -> Path:
    return path / manifest.MANIFEST if path.is_dir() else path


def _check_model(path: Path, contents: Contents, options: ReadOptions) -> None:
    if options.model is None:
        return
    clock = CLOCK_OF_FAMILY[contents.family]
    if family_of(options.model, clock=clock) != contents.family:
        raise ConfigurationError(
            f"{path} is a record of {contents.family}, not of {options.model!r}: leave "
            "model= out"
        )


def _wanted(path: Path, contents: Contents, options: ReadOptions) -> dict[str, Channel]:
    """Return the channels to load; warn of those that the table does not have."""
    known = channels_of(contents.family)
    strangers = [name for name in contents.channels if name not in known]
    if strangers and options.channels is None:
        warnings.warn(
            f"{path}: left out {', '.join(strangers)}, which the channel table of "
            f"{contents.family} does not have; a newer hexoframe may",
            SkippedChannelWarning,
            stacklevel=3,
        )
    wanted = options.wanted(contents.family)
    return {name: wanted[name] for name in wanted if name in contents.channels}


def _warn(path: Path, faults: Mapping[str, Fault]) -> None:
    tables = {manifest.facts_key(name) for name in SHAPES} & faults.keys()
    for names, category in (
        (faults.keys() - tables, MissingSamplesWarning),
        (tables, MissingFactsWarning),
    ):
        found = {name: fault for name, fault in faults.items() if name in names}
        if found:
            text = f"{path}: went on without {', '.join(found)}"
            text += f": {manifest.summary(found)}"
            warnings.warn(text, category, stacklevel=3)


# --- reading --------------------------------------------------------------------------


def _read_facts(contents: Contents, faults: Mapping[str, Fault]) -> Facts:
    tables = {
        name: _facts_table(name, stored.path)
        for name, stored in contents.facts.items()
        if manifest.facts_key(name) not in faults
    }
    return Facts(info=contents.info, **tables)


def _facts_table(name: str, path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path, engine="pyarrow")
    # Another version of pandas may have another idea of the dtype of a column.
    wrong = {
        column: dtype
        for column, dtype in SHAPES[name].items()
        if column in table and str(table[column].dtype) != dtype
    }
    return table.astype(wrong) if wrong else table


class _Reader:
    """Makes the frames of a record; channels with equal stamps share one index."""

    def __init__(self, contents: Contents, scale: Scale) -> None:
        self._contents = contents
        self._scale = scale
        self._indexes: dict[tuple[int, int, int], pd.DatetimeIndex] = {}

    def source(self, channel: Channel) -> Source:
        stored = self._contents.channels[channel.name]
        return Source(
            read=lambda: self._read(stored, channel),
            pieces=lambda rows: self._pieces(stored, channel, rows),
            receipt=stored.receipt,
        )

    def nothing(self, channel: Channel) -> Source:
        """Return an empty channel in the place of one that cannot be read."""
        number = self._contents.info.get("id")
        frame = frames.empty_frame(channel, record_id=number, scale=self._scale)
        receipt = manifest.lost(self._contents.channels[channel.name])
        return Source(read=lambda: frame, receipt=receipt)

    def _read(self, stored: Stored, channel: Channel) -> pd.DataFrame:
        data = stored.path.read_bytes()
        manifest.check_bytes(stored, data)
        with _decoding(stored):
            footer, columns = _decode(pa.py_buffer(data), channel)
        index = self._shared(columns.pop(manifest.TIME.name))
        return self._frame(footer, channel, index, columns)

    def _pieces(
        self, stored: Stored, channel: Channel, rows: int
    ) -> Iterator[pd.DataFrame]:
        manifest.check_bytes(stored)
        with _decoding(stored), pq.ParquetFile(stored.path) as file:
            footer = file.metadata
            for batch in file.iter_batches(batch_size=rows, use_threads=False):
                if len(batch):
                    # A copy, as Arrow hands out views that nobody may write to.
                    columns = {
                        name: _values(batch, name).copy() for name in batch.schema.names
                    }
                    index = _index(columns.pop(manifest.TIME.name))
                    yield self._frame(footer, channel, index, columns)

    def _shared(self, stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
        """Return the index of a channel before this one, where it is the same."""
        if not len(stamps):
            return _index(stamps)
        key = (len(stamps), int(stamps[0]), int(stamps[-1]))
        known = self._indexes.get(key)
        if known is None or not np.array_equal(known.asi8, stamps):
            known = self._indexes[key] = _index(stamps)
        return known

    def _frame(
        self,
        footer: pq.FileMetaData,
        channel: Channel,
        index: pd.DatetimeIndex,
        columns: dict[str, NDArray[Any]],
    ) -> pd.DataFrame:
        attrs = json.loads(footer.metadata[_ATTRS])
        number = attrs.get(metadata.KEY, {}).get("record")
        stored = self._contents.scale
        if (stored, self._scale) == ("raw", "physical"):
            columns = {
                row.column: values_from_counts(columns[row.column], row)
                for row in channel.datatypes
            }
            return frames.make_frame(channel, index, columns, record_id=number)
        frame = frames.make_frame(
            channel, index, columns, record_id=number, scale=stored
        )
        frame.attrs = attrs
        return frame if stored == self._scale else frames.to_raw(frame, channel)


def _index(stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
    # Integers with this dtype are ns of UTC: no parsing, no localising and no copy.
    return pd.DatetimeIndex(stamps, dtype=_NS_UTC, copy=False, name="time")


def _decode(
    data: pa.Buffer, channel: Channel
) -> tuple[pq.FileMetaData, dict[str, NDArray[Any]]]:
    """Return the footer and the columns of a file, the time as int64.

    Arrays of the final size are filled in steps that fit into the cache of a core, by
    a few threads: Arrow's own arrays grow by doubling, which costs twice the memory.
    """
    footer = pq.read_metadata(pa.BufferReader(data))
    groups = range(footer.num_row_groups)
    starts = np.cumsum([0, *(footer.row_group(group).num_rows for group in groups)])
    dtypes = {
        manifest.TIME.name: "int64",
        **dict.fromkeys(channel.columns, channel.dtype),
    }
    columns = {name: np.empty(footer.num_rows, dtype) for name, dtype in dtypes.items()}

    def fill(group: int) -> None:
        at = int(starts[group])
        with pq.ParquetFile(pa.BufferReader(data), metadata=footer) as file:
            for batch in file.iter_batches(
                batch_size=_BATCH_ROWS, row_groups=[group], use_threads=False
            ):
                for name, values in columns.items():
                    values[at : at + len(batch)] = _values(batch, name)
                at += len(batch)

    if len(groups) <= 1:
        for group in groups:
            fill(group)
        return footer, columns
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(fill, groups))
    return footer, columns


def _values(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of a batch, as a view where nothing is missing."""
    values: NDArray[Any] = batch.column(name).to_numpy(zero_copy_only=False)
    return values.view(np.int64) if name == manifest.TIME.name else values


@contextmanager
def _decoding(stored: Stored) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(
            f"{stored.path}: the samples cannot be decoded ({error}); write or copy "
            "the record again"
        ) from error
