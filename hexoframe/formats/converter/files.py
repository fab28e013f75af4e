"""One file of the converter: what it is, and its columns of numbers.

A name in a heading is looked up before its id, since the C tool gives the adjusted
channels (``minute_ventilation_cl``, ``tidal_volume_ml``) the ids of the others;
``_raw`` in a name means "not adjusted by weight", not counts. Whether numbers are
counts is for `content`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.channels import FAMILIES
from hexoframe.errors import FileFormatError
from hexoframe.formats.cells import first_bad, line_number, read_cells
from hexoframe.formats.dialect import PLAIN, Dialect, find_dialect, split_cells
from hexoframe.formats.headings import Heading, find_row, parse_heading
from hexoframe.formats.textfile import TextFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family

__all__ = [
    "TIME",
    "ConverterColumn",
    "ConverterFile",
    "inspect",
]

TIME = "time [s]"
_TIMES = (TIME, "time..s.")  # R puts dots
_SUFFIXES = (".csv", ".txt")
_TIME_CELL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_NUMBER = re.compile(_TIME_CELL.pattern + "|nan", re.IGNORECASE)
_EPOCH_FROM = 946_684_800  # 2000-01-01 in POSIX seconds; no recording lasts so long
_EXACT = pa.decimal128(28, 9)
# Smaller than ticks, which begin the lines of a classic .txt.
_SECONDS_BELOW = 10_000_000_000

Origin = Literal["service", "heading", "bare"]


# -- a file ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverterFile:
    """Heading, first and last line of one CSV file.

    Attributes
    ----------
    origin : {"service", "heading", "bare"}
        Who wrote the heading: the service, the converter, or nobody.
    headings : tuple of Heading
        One a column of values; a bare file has its name only.
    first, last : tuple of str
        Cells of the first and the last line; empty if there are no samples.
    repeats_last : bool
        Whether the last two lines are the same.
    unended : bool
        Whether the last line has no line feed.
    """

    path: Path
    origin: Origin
    headings: tuple[Heading, ...]
    dialect: Dialect = PLAIN
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    repeats_last: bool = False
    unended: bool = False

    @property
    def skip(self) -> int:
        """Lines above the first row."""
        return self.dialect.header + (self.origin != "bare")

    @property
    def content(self) -> Path | bytes:
        """Path of a file in UTF-8, or else its content in UTF-8."""
        return TextFile(self.path).content(self.dialect.encoding)

    @property
    def saved_again(self) -> bool:
        """Whether another program wrote it: the tools print times with all decimals."""
        times = (cells[0].partition(".")[2] for cells in (self.first, self.last))
        return self.dialect.delimiter != "," or len(set(map(len, times))) > 1

    @property
    def epoch(self) -> bool:
        """Whether the first column is POSIX seconds."""
        time = self.first[0] if self.first else ""
        return _TIME_CELL.fullmatch(time) is not None and Decimal(time) >= _EPOCH_FROM

    def row(self, number: int, family: Family) -> Datatype | None:
        """Return the datatype of a column of values in a family."""
        heading = self.headings[number]
        name = heading.name.removesuffix("_epoch")
        for key in (name, name.removesuffix("_raw"), heading.id):
            if key is not None and (row := find_row(family, key)) is not None:
                return row
        return None

    def known(self) -> bool:
        """Whether a column is a channel of any family."""
        numbers = range(len(self.headings))
        return any(self.row(number, each) for each in FAMILIES for number in numbers)

    def decimals(self, number: int) -> int | None:
        """Return how many decimals the first value of a column has."""
        cell = self.first[number + 1]
        return len(cell.partition(".")[2]) if _NUMBER.fullmatch(cell) else None

    def fail(self, row: int, found: str, expected: str) -> FileFormatError:
        """Return the error for a row of samples, from 0."""
        line = line_number(self.content, row, skip=self.skip)
        return FileFormatError(
            f"{self.path}, line {line}: found {found}, expected {expected}"
        )


def inspect(path: Path) -> ConverterFile | None:
    """Look at the ends of a file; None if it is not a CSV of the converter.

    A file without heading must have two columns of numbers and the name of a channel.
    """
    if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
        return None
    found = find_dialect(TextFile(path).open, _is_top)
    if found is None:
        return None
    # Only empty cells are empty: the tools write nan for a missing value.
    dialect, top, first = found
    index = top[0] == ""
    dialect = replace(dialect, index=index, empty=PLAIN.empty)
    cells = _plain(top, dialect)
    if cells[0] in _TIMES:
        file = _headed(path, cells, dialect, first)
    else:
        file = _bare(path, cells, dialect)
    return file if file is not None and file.known() else None


def _is_top(cells: list[str]) -> bool:
    """Whether a first line has the headings of the converter, or numbers only."""
    if cells[:1] == [""]:
        return cells[1:2] != [] and cells[1] in _TIMES
    if cells[:1] and cells[0] in _TIMES:
        return True
    numbers = [cell.replace(",", ".") for cell in cells if cell]
    return len(numbers) in (2, 3) and all(map(_NUMBER.fullmatch, numbers))


def _plain(cells: list[str], dialect: Dialect) -> tuple[str, ...]:
    """Return cells with a decimal point, and without a row name in front.

    The converter ends some lines with a comma.
    """
    held = cells[dialect.index :]
    if held[-1:] == [""]:
        held = held[:-1]
    if dialect.decimal == ".":
        return tuple(held)
    return tuple(cell.replace(dialect.decimal, ".") for cell in held)


def _headed(
    path: Path, cells: tuple[str, ...], dialect: Dialect, first: list[str]
) -> ConverterFile | None:
    headings = tuple(filter(None, map(parse_heading, cells[1:])))
    if not headings or len(headings) < len(cells) - 1:
        return None
    service = headings[0].id is not None and not headings[0].apart
    origin: Origin = "service" if service else "heading"
    file = ConverterFile(path=path, origin=origin, headings=headings, dialect=dialect)
    samples = _plain(first, dialect)
    return replace(file, first=samples, **_tail(file)) if any(samples) else file


def _bare(path: Path, cells: tuple[str, ...], dialect: Dialect) -> ConverterFile | None:
    heading = parse_heading(path.stem)
    if heading is None or len(cells) not in (2, 3):
        return None
    if dialect.delimiter != "," and not _is_second(cells[0]):
        return None
    file = ConverterFile(path=path, origin="bare", headings=(heading,), dialect=dialect)
    rows = [file.row(0, family) for family in FAMILIES]
    if len(cells) == 3:
        # The third column is the quality of the second (-addquality); no other channel
        # has one.
        names = {row.quality for row in rows if row is not None}
        if names != {f"{row.channel}_quality" for row in rows if row is not None}:
            return None
        heading = (
            Heading(path.stem, names.pop(), None, None, False) if names else heading
        )
        file = replace(file, headings=(*file.headings, heading))
    return replace(file, first=cells, **_tail(file))


def _is_second(cell: str) -> bool:
    return _TIME_CELL.fullmatch(cell) is not None and Decimal(cell) < _SECONDS_BELOW


def _tail(file: ConverterFile) -> dict[str, Any]:
    """Look at the last two lines with a cell."""
    content, dialect = file.content, file.dialect
    if isinstance(content, Path):
        with content.open("rb") as stream:
            stream.seek(max(0, content.stat().st_size - 4096))
            content = stream.read()
    text = content[-4096:].decode("utf-8", "replace")
    empty = f'{dialect.delimiter}" '
    lines = [line for line in text.splitlines() if line.strip(empty)]
    return {
        "last": _plain(split_cells(lines[-1], dialect.delimiter), dialect),
        "repeats_last": len(lines) > 1 and lines[-1] == lines[-2],
        "unended": not text.endswith(("\n", "\r")),
    }


# -- a column --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConverterColumn:
    """One column of values; `number` counts from 0 after the time."""

    file: ConverterFile
    number: int
    row: Datatype

    @property
    def heading(self) -> Heading:
        """Heading of the column."""
        return self.file.headings[self.number]

    @property
    def decimals(self) -> int | None:
        """How many decimals the first value has."""
        return self.file.decimals(self.number)

    def read(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times in ns, exactly as printed, and numbers."""
        file = self.file
        times, numbers = _read(file, self.number)
        if times.null_count or numbers.null_count:
            empty = pc.or_(times.is_null(), numbers.is_null())
            row = pc.index(empty, True).as_py()
            raise file.fail(row, "an empty cell", "'<seconds>,<value>'")
        values = numbers.to_numpy()
        if np.isinf(values).any():
            row = int(np.isinf(values).argmax())
            raise file.fail(row, "an infinite value", "a number")
        keep = len(values) - file.repeats_last
        return _nanoseconds(file, times)[:keep], values[:keep]


def _read(file: ConverterFile, number: int) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    names = [
        f"{heading.name} (column {at})" for at, heading in enumerate(file.headings, 2)
    ]
    rows: dict[str, pa.DataType] = {"row": pa.string()} if file.dialect.index else {}
    types = {**rows, "time": _EXACT, **dict.fromkeys(names, pa.float64())}
    try:
        times, numbers = _cells(file, types, names[number])
    except FileFormatError:
        # More than nine decimals: the surplus is below a nanosecond.
        texts = {**types, "time": pa.string()}
        times, numbers = _cells(file, texts, names[number])
        times = _shortened(file, times)
    return times, numbers


def _cells(
    file: ConverterFile, types: dict[str, pa.DataType], name: str
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Read times and one column, without the empty rows that spreadsheets add below."""
    content, where = file.content, str(file.path)
    table = read_cells(
        content, types, skip=file.skip, where=where, dialect=file.dialect
    )
    times, numbers = table["time"], table[name]
    if times.null_count:
        full = pc.or_(times.is_valid(), numbers.is_valid()).to_numpy()
        held = int(np.flatnonzero(full)[-1]) + 1 if full.any() else 0
        times, numbers = times.slice(0, held), numbers.slice(0, held)
    return times, numbers


def _shortened(file: ConverterFile, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    if file.dialect.decimal != ".":
        texts = pc.replace_substring(texts, file.dialect.decimal, ".")
    cut = pc.replace_substring_regex(texts, r"^([^.]*\.\d{9})\d+$", r"\1")

    def good(count: int) -> bool:
        try:
            cut.slice(0, count).cast(_EXACT)
        except pa.ArrowInvalid:
            return False
        return True

    if not good(len(cut)):
        row = first_bad(len(cut), good)
        raise file.fail(row, repr(texts[row].as_py())[:40], "seconds")
    return cut.cast(_EXACT)


def _nanoseconds(file: ConverterFile, times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return decimals with nine places as whole numbers, without any rounding."""
    words = [
        np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in times.chunks
    ]
    low, high = np.concatenate(words).T
    large = np.flatnonzero(high != low >> 63)
    if len(large):
        row = int(large[0])
        raise file.fail(row, f"{times[row].as_py()} s", "seconds of a recording")
    return np.ascontiguousarray(low)
