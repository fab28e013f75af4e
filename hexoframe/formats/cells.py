"""Cells of any CSV, read by Arrow, and errors that name the broken line.

Hexoframe's own CSV, the dashboard's and the converter's are read with it. What a
spreadsheet did to a cell is said here; what the columns mean does not belong here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from hexoframe.errors import FileFormatError
from hexoframe.formats.dialect import PLAIN, Dialect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "EXPORT_AGAIN",
    "Place",
    "first_bad",
    "line_number",
    "read_cells",
    "stream_cells",
    "what_a_spreadsheet_did",
]

EXPORT_AGAIN = (
    "export the file again and leave it as it is, or open the vendor's ZIP of the "
    "record"
)
"""The way out where a spreadsheet lost something."""

_DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?!\d).*|\d{1,2}[-./ ]+[^\W\d_]{3}.*"
    r"|[^\W\d_]{3,}[-./ ]+\d.*"
)
_NOT_SHOWN = re.compile(r"#+|#[^\W_][\w/]*[!?]?")
_OTHER_SIGNS = re.compile(
    r"[+-]?\d[\d ,.'\u2019\u00a0\u202f]*\d([eE][+-]?\d+)?", re.ASCII
)


def read_cells(
    source: Path | bytes,
    types: Mapping[str, pa.DataType],
    *,
    skip: int,
    where: str | None = None,
    dialect: Dialect = PLAIN,
) -> pa.Table:
    """Read the cells below `skip` lines of heading; `types` name the columns in order.

    An empty cell is null; ``nan`` in a column of floats is NaN.
    """
    try:
        return arrow_csv.read_csv(
            _stream(source),
            read_options=_read_options(types, skip),
            parse_options=arrow_csv.ParseOptions(delimiter=dialect.delimiter),
            convert_options=_convert_options(types, dialect),
        )
    except pa.ArrowInvalid as error:
        message = _broken(source, types, skip, dialect)
        message = message or f"not a CSV: {error}"
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
            convert_options=_convert_options(types, PLAIN),
        ):
            if len(batch):
                yield pa.Table.from_batches([batch])
    except pa.ArrowInvalid as error:
        message = _broken(source, types, skip, PLAIN) or f"not a CSV: {error}"
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
    if isinstance(source, Path) and _is_utf8(str(source)):
        return str(source)
    # Arrow itself opens no other names.
    data = source.read_bytes() if isinstance(source, Path) else source
    return pa.BufferReader(data)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines(source: Path | bytes) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _read_options(
    types: Mapping[str, Any], skip: int, *, threads: bool = True
) -> arrow_csv.ReadOptions:
    return arrow_csv.ReadOptions(
        column_names=list(types), skip_rows=skip, use_threads=threads
    )


def _convert_options(
    types: Mapping[str, pa.DataType], dialect: Dialect
) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        column_types=dict(types),
        null_values=list(dialect.empty),
        strings_can_be_null=True,
        decimal_point=dialect.decimal,
        timestamp_parsers=[arrow_csv.ISO8601],
    )


# -- errors ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the rows of `read_cells` stand in a file.

    Attributes
    ----------
    label : str
        The file, for messages.
    rows : ndarray of int or None
        Rows that were kept, by their numbers; None for all.
    """

    label: str
    content: Path | bytes
    skip: int
    rows: NDArray[np.int64] | None = None

    def line(self, row: int) -> int:
        """Return the line of a row, from 1."""
        number = row if self.rows is None else int(self.rows[row])
        return line_number(self.content, number, skip=self.skip)

    def fail(
        self, row: int, found: str, expected: str, *, column: str = ""
    ) -> FileFormatError:
        """Return the error for a row."""
        return FileFormatError(
            f"{self.label}, line {self.line(row)}{column}: found {found}, expected "
            f"{expected}"
        )


def what_a_spreadsheet_did(cell: str) -> str | None:
    """Say what a spreadsheet made of the number in a cell; None for other text."""
    if _DATE.fullmatch(cell.strip()):
        return "a spreadsheet made a date of it"
    if _NOT_SHOWN.fullmatch(cell.strip()):
        return "a spreadsheet had no room for the number, or could not compute it"
    return None


def _what_became(cell: str, dialect: Dialect) -> str:
    """Return the end of a message on a cell that should be a number."""
    did = what_a_spreadsheet_did(cell)
    if did is None and _OTHER_SIGNS.fullmatch(cell.strip()):
        did = (
            "a spreadsheet put a sign between thousands, or the decimal sign is not "
            f"the {dialect.decimal!r} of the file"
        )
    return f": {did}; {EXPORT_AGAIN}" if did else ""


def _broken(
    source: Path | bytes,
    types: Mapping[str, pa.DataType],
    skip: int,
    dialect: Dialect,
) -> str | None:
    """Describe the first broken line, by a slower second reading."""
    data = source.read_bytes() if isinstance(source, Path) else source
    # The handler of rows gets text, so the bytes must be text.
    text = data.decode("utf-8", "replace").encode()
    texts, refused = _texts(text, types, skip, dialect)
    found = [
        (first_bad(len(texts), partial(_casts, texts[name], kind, dialect)), name)
        for name, kind in types.items()
        if not _casts(texts[name], kind, dialect, len(texts))
    ]
    if found:
        row, name = min(found)
        cell = texts[name][row].as_py().decode("utf-8", "replace")
        expected = "a time" if pa.types.is_timestamp(types[name]) else "a number"
        line = line_number(source, row, skip=skip)
        why = "" if expected == "a time" else _what_became(cell, dialect)
        return f"line {line}, {name}: found {cell[:80]!r}, expected {expected}{why}"
    if refused is not None:
        line = line_number(source, refused.number - 1 - skip, skip=skip)
        return (
            f"line {line}: found {refused.actual_columns} cells "
            f"({refused.text[:80]!r}), expected {refused.expected_columns}"
            f"{_why_more(refused, dialect)}"
        )
    return _no_text(data)


def _why_more(refused: Any, dialect: Dialect) -> str:
    """Say why a row may have too many cells."""
    more = refused.actual_columns > refused.expected_columns
    if not more or dialect.delimiter != ",":
        return ""
    return (
        "; if the comma is the decimal sign too, its cells cannot be told apart: save "
        "the file with semicolons or with a decimal point"
    )


def _texts(
    data: bytes,
    types: Mapping[str, pa.DataType],
    skip: int,
    dialect: Dialect,
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
                parse_options=arrow_csv.ParseOptions(
                    delimiter=dialect.delimiter, invalid_row_handler=note
                ),
                convert_options=_convert_options(kinds, dialect),
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


def _casts(
    texts: pa.ChunkedArray, kind: pa.DataType, dialect: Dialect, count: int
) -> bool:
    """Whether the first cells have a type, by the rules of Arrow."""
    cells = texts.slice(0, count)
    if pa.types.is_binary(kind):
        return True
    try:
        cells = cells.cast(pa.string())
        if dialect.decimal != "." and not pa.types.is_string(kind):
            # A cast knows the point only; one that is there already is wrong.
            cells = pc.replace_substring(cells, ".", "?")
            cells = pc.replace_substring(cells, dialect.decimal, ".")
        cells.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
