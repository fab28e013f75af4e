"""Writes a record as a folder of Parquet files.

A channel file has the column ``time`` (timestamp, ns, UTC; delta-packed) and the
columns of the channel (float; dictionary, zstd), where a missing value is null. Its
footer carries, as key-value metadata, ``hexoframe`` (JSON: the block of the frame, and
what the channel table and the record say), ``hexoframe_receipt`` (JSON: rows, first and
last tick, ledger), and ``PANDAS_ATTRS`` and ``pandas`` as pandas has them. Nothing is
read here.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import channels_of
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.options import chosen
from hexoframe.formats.own.manifest import (
    PARQUET,
    VERSION,
    Tally,
    about_record,
    as_json,
    rewrite_facts,
    target_of,
    write_manifest,
)
from hexoframe.formats.own.parquet.footer import ATTRS, KEY, RECEIPT_KEY, arrow_fields
from hexoframe.recording import frames, metadata

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData
    from hexoframe.recording.facts import Facts

__all__ = ["write", "write_facts"]

# A row group is what others read at once: 68 minutes of ECG, a few MB of memory.
_GROUP_ROWS = 1 << 20
# So many at a time come from the source: what is made of them fits into little memory.
_PIECE_ROWS = 1 << 18
# Later versions of pyarrow cut pages at 20 000 rows unless told otherwise, as 17 cannot
# be; a quarter of a million decodes a third faster.
_PAGES = (
    {"max_rows_per_page": 1 << 18}
    if "max_rows_per_page" in inspect.signature(pq.write_table).parameters
    else {}
)


def write(  # noqa: PLR0913  # what is written, where, and how
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
    threads: int = 1,
    facts: Callable[[], Facts] | None = None,
) -> Path:
    """Write a record as a folder of Parquet files.

    Channels are streamed in row groups, so a record may be larger than memory.

    Parameters
    ----------
    record : RecordData
        What to write, at the scale that it has.
    root : Path
        Folder in which ``record_<id>`` is made; without an id, the start of the record
        stands in its place.
    channels : sequence of str or int, optional
        Channels to write, whole, by any of their names or ids; by default all that the
        record has. One that the record lacks becomes a file without rows.
    overwrite : bool, default False
        Whether an older version of the folder may be replaced.
    threads : int, default 1
        How many channels are written at a time; above 1 the sources of the record must
        be fit to be read so.
    facts : callable, optional
        Returns what is said beside the samples, once these are written, for a record
        of which that is not known before; the facts of the record by default.

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
        If `info` or the attrs of a frame hold something that JSON has not, or a frame
        is not what the channel table says.
    TimestampError
        If a stamp lies between two ticks.
    """
    names = chosen(record, channels)
    target = target_of(record, root)
    with new_folder(target, overwrite=overwrite, owned=PARQUET.owns) as folder:
        with ThreadPoolExecutor(threads) as pool:
            written = pool.map(lambda name: _write_channel(record, name, folder), names)
            promises = dict(zip(names, written, strict=True))
        told = record if facts is None else record.of(record, facts=facts())
        write_manifest(PARQUET, told, promises, folder)
    return target


def write_facts(facts: Facts, folder: Path) -> None:
    """Replace what is said beside the samples of a record that `write` wrote.

    Parameters
    ----------
    facts : Facts
        Info and tables.
    folder : Path
        Folder of the record.

    Raises
    ------
    FileFormatError
        If it holds no such record.
    """
    rewrite_facts(PARQUET, facts, folder)


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write one file and return what the manifest promises of it."""
    channel = channels_of(record.family)[name]
    path = folder / PARQUET.file_of(name)
    tally = Tally(record, name)
    pieces = tally.watch(record.pieces(name, min(_PIECE_ROWS, _GROUP_ROWS)))
    first = next(pieces, None)
    schema = _schema(record, channel, {} if first is None else first.attrs)
    tables = (_table(piece, schema) for piece in _with_first(first, pieces))
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=list(channel.columns),
        column_encoding={"time": "DELTA_BINARY_PACKED"},
        **_PAGES,
    ) as writer:
        for table in _row_groups(tables):
            writer.write_table(table, row_group_size=_GROUP_ROWS)
        promise = tally.promise()
        text = as_json(promise, f"the receipt of {name}")
        writer.add_key_value_metadata({RECEIPT_KEY: text.encode()})
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, **promise}


def _schema(
    record: RecordData, channel: Channel, attrs: Mapping[Any, Any]
) -> pa.Schema:
    """Return the columns of a channel file, and what it says of itself."""
    block = metadata.make_block(channel, record_id=record.id, scale=record.scale)
    about = {**block, **about_record(record), **_about_channel(record, channel)}
    texts = {
        KEY: as_json(about, f"the provenance of {channel.name}"),
        ATTRS: as_json(
            {metadata.KEY: block, **attrs}, f"attrs of the frame {channel.name}"
        ),
    }
    sample = pa.Table.from_pandas(frames.empty_frame(channel)).schema.metadata
    keys = {key: text.encode() for key, text in texts.items()}
    keys[b"pandas"] = sample[b"pandas"]
    return pa.schema(arrow_fields(channel), metadata=keys)


def _about_channel(record: RecordData, channel: Channel) -> dict[str, Any]:
    rows = channel.datatypes
    return {
        "format": VERSION,
        "provenance": record.facts.info.get("provenance", {}).get(channel.name),
        "ids": {row.column: row.id for row in rows},
        "api_names": {row.column: row.api_name for row in rows},
        "gain": {row.column: row.gain for row in rows},
        "offset": {row.column: row.offset for row in rows},
    }


def _with_first(
    first: pd.DataFrame | None, rest: Iterable[pd.DataFrame]
) -> Iterable[pd.DataFrame]:
    return rest if first is None else chain([first], rest)


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    stamps = pd.DatetimeIndex(frame.index).asi8
    time = pa.array(stamps).view(schema.field(0).type)
    columns = (frame[name].to_numpy() for name in frame.columns)
    arrays = [pa.array(values, from_pandas=True) for values in columns]
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
