"""The dialect of a CSV: encoding, delimiter, decimal sign, row of the headings.

Spreadsheets, R and other systems save the vendor's files in their own. It is found
once, from the first lines of a file. What the headings mean does not belong here.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from hexoframe.errors import FileFormatError

__all__ = [
    "PLAIN",
    "Dialect",
    "Opened",
    "find_dialect",
    "last_lines",
    "split_cells",
]

Opened = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens a file from its beginning, unpacked."""

# How other systems write an empty cell. Not ``nan``, which the vendor writes too.
_EMPTY = (
    *("", "NA", "N/A", "#N/A", "#NA", "#NV", "n/a", "<NA>", "null", "NULL"),
    *("None", "NaT"),
)
_DELIMITERS = (",", ";", "\t", "|", " ")
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_COMMA = re.compile(r"\s*[+-]?\d+,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)
_POINT = re.compile(r"\s*[+-]?\d+\.\d+(e[+-]?\d+)?\s*", re.IGNORECASE)
# A heading is shorter; a picture may have no line end at all.
_LINE = 1 << 16
# Lines above the headings: sep=, or empty.
_ABOVE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV is written.

    Attributes
    ----------
    encoding : str
        ``utf-8``, with or without a byte order mark, or one of UTF-16.
    delimiter, decimal : str
        Between two cells, and within a number. Never the same.
    header : int
        Lines above the line of the headings.
    index : bool
        Whether each row begins with its number or name.
    empty : tuple of str
        What an empty cell is.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    header: int = 0
    index: bool = False
    empty: tuple[str, ...] = ("",)


PLAIN = Dialect()
"""The dialect of the vendor, and of hexoframe."""


def find_dialect(
    opened: Opened, is_header: Callable[[list[str]], bool]
) -> tuple[Dialect, list[str], list[str]] | None:
    """Return dialect, cells of the headings and of the first row; None without header.

    A decimal comma shows in the cells of numbers, however far below, if the comma is
    not the delimiter.
    """
    try:
        with opened() as stream:
            encoding = _encoding(stream.read(4))
        errors = "replace" if encoding == "utf-8" else "strict"
        with opened() as stream, io.TextIOWrapper(stream, encoding, errors) as text:
            return _find(_lines(text), encoding, is_header)
    except (UnicodeError, FileFormatError):
        return None  # not a text


def split_cells(line: str, delimiter: str) -> list[str]:
    """Split one line, without white space around its cells; none if it is no text."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def last_lines(content: Path | bytes) -> tuple[str, str]:
    """Return the line before the last, and the last one if it has no line end.

    The second is empty if the file ends with a line end.
    """
    if isinstance(content, Path):
        with content.open("rb") as file:
            file.seek(max(0, content.stat().st_size - _LINE))
            content = file.read()
    lines = content[-_LINE:].splitlines(keepends=True) or [b""]
    if lines[-1].endswith((b"\n", b"\r")):
        return "", ""
    before = lines[-2] if len(lines) > 1 else b""
    return before.decode("utf-8", "replace").rstrip("\r\n"), lines[-1].decode(
        "utf-8", "replace"
    )


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # The first two letters of ASCII text.
    if len(head) == 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    if len(head) == 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be"
    return "utf-8"


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(_LINE):
        yield line.rstrip("\n")


def _find(
    lines: Iterator[str], encoding: str, is_header: Callable[[list[str]], bool]
) -> tuple[Dialect, list[str], list[str]] | None:
    stated: tuple[str, ...] = ()
    header, text = 0, next(lines, "").removeprefix("\ufeff")
    while header < _ABOVE and (not text or _SEP_LINE.fullmatch(text)):
        if match := _SEP_LINE.fullmatch(text):
            stated = (match[1],)
        header, text = header + 1, next(lines, "")
    for delimiter in stated + _DELIMITERS:
        cells = split_cells(text, delimiter)
        if is_header(cells):
            first, decimal = _look_at(text, lines, delimiter)
            dialect = Dialect(
                encoding=encoding,
                delimiter=delimiter,
                decimal=decimal,
                header=header,
                empty=_EMPTY,
            )
            return dialect, cells, first
    return None


def _look_at(top: str, lines: Iterator[str], delimiter: str) -> tuple[list[str], str]:
    """Return the cells of the first row below the top line, and the decimal sign."""
    rows = (split_cells(line, delimiter) for line in lines if line)
    first = next(rows, [])
    # A file without headings begins with numbers.
    seen = chain((split_cells(top, delimiter), first), rows)
    return first, "." if delimiter == "," else _decimal(seen)


def _decimal(rows: Iterable[list[str]]) -> str:
    """Return the decimal sign of the first number with a fraction."""
    for cells in rows:
        if any(map(_COMMA.fullmatch, cells)):
            return ","
        if any(map(_POINT.fullmatch, cells)):
            return "."
    return "."
