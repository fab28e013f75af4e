"""Results as tables of Arrow, and tables of many records as one frame."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.errors import ConfigurationError
from hexoframe.formats.own.footer import RECORD
from hexoframe.recording import metadata
from hexoframe.recording.data import RecordData

__all__ = ["joined_frame", "notes_of", "read_table", "result_bytes", "result_frame"]

_NOTES = b"hexoframe_result"
# Characters of an error of Arrow, which may hold the whole value.
_SHOWN = 120


def result_frame(value: Any, number: int, function: str) -> pd.DataFrame:
    """Return what a function returned as rows of one record."""
    if isinstance(value, pd.Series):
        value = dict(zip(value.index.map(str), value, strict=True))
    if isinstance(value, Mapping) and value and not isinstance(value, RecordData):
        frame = pd.DataFrame([{str(name): each for name, each in value.items()}])
    elif isinstance(value, pd.DataFrame):
        frame = _flat(value)
    else:
        empty = isinstance(value, Mapping) and not value
        what = "None" if value is None else f"a value of type {type(value).__name__}"
        what = "a dict without a key" if empty else what
        forgot = "; is a return missing?" if value is None else "."
        raise ConfigurationError(
            f"{function} returned {what}{forgot} It returns a dict or a Series for one "
            "row of a record, or a DataFrame for several"
        )
    return _without_record(frame, number, function)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose index, if it says anything, is a column."""
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    flat = frame.reset_index(drop=True) if plain else frame.reset_index()
    flat.columns = pd.Index([str(name) for name in flat.columns])
    return flat


def _without_record(frame: pd.DataFrame, number: int, function: str) -> pd.DataFrame:
    names = frame.columns.tolist()
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(
            f"{function} returned two columns {twice!r}: give each its own name"
        )
    if RECORD.name in names:
        if not (frame[RECORD.name] == number).all():
            raise ConfigurationError(
                f"{function} returned a column 'record' that is not the number of the "
                f"record, {number}: that name is the study's, so give yours another"
            )
        frame = frame.drop(columns=RECORD.name)
    return frame


def result_bytes(frame: pd.DataFrame, number: int, warnings: Sequence[str]) -> bytes:
    """Return the Parquet file of a result, with its units and warnings beside it."""
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as error:
        raise ConfigurationError(
            f"the result cannot be written as Parquet ({str(error)[:_SHOWN]}): keep to "
            "numbers, texts, times and booleans, one type a column"
        ) from error
    for at, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table.schema.field(at).type):
            values = table.column(at).combine_chunks().dictionary_decode()
            table = table.set_column(at, name, values)
    column = pa.repeat(pa.scalar(number, RECORD.type), len(table))
    table = table.add_column(0, RECORD, column)
    notes = {
        "units": metadata.block_of(frame).get("units", {}),
        "warnings": list(warnings),
    }
    keys = {**(table.schema.metadata or {}), _NOTES: json.dumps(notes).encode()}
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(keys), sink, compression="zstd")
    return sink.getvalue()


def read_table(data: bytes) -> pa.Table:
    """Return the table in a Parquet file."""
    # Without the detour over datasets, which takes ten times as long.
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        return file.read(use_threads=False)


def notes_of(table: pa.Table) -> dict[str, Any]:
    """Return units and warnings of a result."""
    held = json.loads((table.schema.metadata or {}).get(_NOTES, b"{}"))
    return held if isinstance(held, dict) else {}


def joined_frame(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Return the rows of all tables, in their order, with a column `record` first.

    A column that some lack is missing there; whole and other numbers become the latter.
    """
    if not tables:
        return pd.DataFrame({RECORD.name: pd.Series(dtype="int64")})
    told = next((table for table in tables if len(table)), tables[0])
    try:
        whole = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        # Texts in one record, numbers in another: as Python has them.
        frames = [table.to_pandas(ignore_metadata=True) for table in tables]
        frame: pd.DataFrame = pd.concat(frames, ignore_index=True)
    else:
        frame = _to_pandas(whole.replace_schema_metadata(told.schema.metadata))
    units = notes_of(told).get("units")
    if units:
        frame.attrs[metadata.KEY] = {"units": units}
    return frame


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = table.to_pandas(use_threads=False)
    except (pa.ArrowException, TypeError, ValueError):
        # Promoted columns no longer fit the dtypes that one of the tables had.
        plain: pd.DataFrame = table.to_pandas(use_threads=False, ignore_metadata=True)
        return plain
    return frame
