"""Cells of any CSV, read by Arrow, and errors that name the broken line.

Hexoframe's own CSV, the dashboard's and the converter's are read with it. What the
columns mean does not belong here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from hexoframe.errors import FileFormatError

__all__ = ["first_bad", "line_number", "read_cells", "stream_cells"]


def read_cells(
    source: Path | bytes,
    types: Mapping[str, pa.DataType],
    *,
    skip: int,
    where: str | None = None,
) -> pa.Table:
    """Read the cells below `skip` lines of heading; `types` name the columns in order.

    An empty cell is null; ``nan`` in a column of floats is NaN.
    """
    try:
        return arrow_csv.read_csv(
            _stream(source),
            read_options=_read_options(types, skip),
            convert_options=_convert_options(types),
        )
    except pa.ArrowInvalid as error:
        message = _broken(source, types, skip) or f"not a CSV: {error}"
        raise FileFormatError(f"{where or str(source)}, {message}") from error


def stream_cells(
    source: Path | bytes,
    types: Mapping[str, pa.DataType],
    *,
    skip: int,
    where: str | None = None,
) -> Iterator[pa.Table]:
    """Yield the tables of `read_cells` block by block; none is empty.

    A broken line is an error only when its block comes.
    """
    try:
        for batch in arrow_csv.open_csv(
            _stream(source),
            read_options=_read_options(types, skip),
            convert_options=_convert_options(types),
        ):
            if len(batch):
                yield pa.Table.from_batches([batch])
    except pa.ArrowInvalid as error:
        message = _broken(source, types, skip) or f"not a CSV: {error}"
        raise FileFormatError(f"{where or str(source)}, {message}") from error


def line_number(source: Path | bytes, row: int, *, skip: int) -> int:
    """Return the line, from 1, of a row of `read_cells`, from 0."""
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
    """Return the first bad row, from 0, of `count` rows that have one, by bisection.

    ``good(n)`` tells whether the first n rows are good.
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


# -- errors ----------------------------------------------------------------------------


def _broken(
    source: Path | bytes, types: Mapping[str, pa.DataType], skip: int
) -> str | None:
    """Describe the first broken line, by a slower second reading."""
    data = source.read_bytes() if isinstance(source, Path) else source
    # The handler of rows gets text, so the bytes must be text.
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
        return f"line {line}, {name}: found {cell[:80]!r}, expected {expected}"
    if refused is not None:
        line = line_number(source, refused.number - 1 - skip, skip=skip)
        return (
            f"line {line}: found {refused.actual_columns} cells "
            f"({refused.text[:80]!r}), expected {refused.expected_columns}"
        )
    return _no_text(data)


def _texts(
    data: bytes, types: Mapping[str, pa.DataType], skip: int
) -> tuple[pa.Table, Any]:
    """Read the cells before the first row that Arrow refuses, and that row."""
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


def _no_text(data: bytes) -> str | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"line {line}: found bytes that are not text, expected UTF-8"
    return None


def _casts(texts: pa.ChunkedArray, kind: pa.DataType, count: int) -> bool:
    """Whether the first cells have a type, by the rules of Arrow."""
    try:
        texts.slice(0, count).cast(pa.string()).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
