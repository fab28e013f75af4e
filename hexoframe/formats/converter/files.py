"""One file of the converter: what it is, and its columns, counts or physical values.

A name in a heading is looked up before its id, since the C tool gives the adjusted
channels (``minute_ventilation_cl``, ``tidal_volume_ml``) the ids of the others;
``_raw`` in a name means "not adjusted by weight", not counts. Values are not converted
here.
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
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.formats.cells import first_bad, line_number, read_cells
from hexoframe.formats.headings import Heading, find_row, parse_heading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family

__all__ = [
    "TIME",
    "Content",
    "ConverterColumn",
    "ConverterFile",
    "content_of",
    "inspect",
]

TIME = "time [s]"
_SUFFIXES = (".csv", ".txt")
_TIME_CELL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_NUMBER = re.compile(_TIME_CELL.pattern + "|nan", re.IGNORECASE)
_EPOCH_FROM = 946_684_800  # 2000-01-01 in POSIX seconds; no recording lasts so long
_EXACT = pa.decimal128(28, 9)

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
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    repeats_last: bool = False
    unended: bool = False

    @property
    def skip(self) -> int:
        """Lines of heading."""
        return 0 if self.origin == "bare" else 1

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
        line = line_number(self.path, row, skip=self.skip)
        return FileFormatError(
            f"{self.path}, line {line}: found {found}, expected {expected}"
        )


def inspect(path: Path) -> ConverterFile | None:
    """Look at the ends of a file; None if it is not a CSV of the converter.

    A file without heading must have two columns of numbers and the name of a channel.
    """
    if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
        return None
    with path.open("rb") as stream:
        head = stream.read(1 << 14).decode("utf-8-sig", "replace")
    lines = [line for line in head.splitlines() if line]
    cells = _cells(lines[0]) if lines else ()
    if cells[:1] == (TIME,):
        file = _headed(path, cells, lines[1:])
    elif all(map(_NUMBER.fullmatch, cells)):
        file = _bare(path, cells)
    else:
        return None
    return file if file is not None and file.known() else None


def _cells(line: str) -> tuple[str, ...]:
    """Cells of a line; the converter ends some lines with a comma."""
    return tuple(cell.strip() for cell in line.removesuffix(",").split(","))


def _headed(
    path: Path, cells: tuple[str, ...], rest: list[str]
) -> ConverterFile | None:
    headings = tuple(filter(None, map(parse_heading, cells[1:])))
    if not headings or len(headings) < len(cells) - 1:
        return None
    service = headings[0].id is not None and not headings[0].apart
    origin: Origin = "service" if service else "heading"
    file = ConverterFile(path=path, origin=origin, headings=headings)
    return replace(file, first=_cells(rest[0]), **_tail(path)) if rest else file


def _bare(path: Path, cells: tuple[str, ...]) -> ConverterFile | None:
    heading = parse_heading(path.stem)
    if heading is None or len(cells) not in (2, 3):
        return None
    file = ConverterFile(path=path, origin="bare", headings=(heading,))
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
    return replace(file, first=cells, **_tail(path))


def _tail(path: Path) -> dict[str, Any]:
    """Look at the last two lines."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        text = stream.read().decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line]
    return {
        "last": _cells(lines[-1]),
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
    types = {"time": _EXACT, **dict.fromkeys(names, pa.float64())}
    try:
        cells = read_cells(file.path, types, skip=file.skip)
        return cells["time"], cells.column(number + 1)
    except FileFormatError:
        # More than nine decimals: the surplus is below a nanosecond.
        cells = read_cells(file.path, {**types, "time": pa.string()}, skip=file.skip)
        return _shortened(file, cells["time"]), cells.column(number + 1)


def _shortened(file: ConverterFile, texts: pa.ChunkedArray) -> pa.ChunkedArray:
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


# -- counts or physical values ---------------------------------------------------------

Content = Literal["counts", "values"]

_C_DECIMALS = 5
_HARDLY = 1e-6
_WHOLE = 1e-3
_SIXTEEN_BITS = 1 << 16


def content_of(column: ConverterColumn, numbers: NDArray[np.float64]) -> Content:
    """Return whether a column holds counts or physical values; no file states it.

    The first rule that applies decides:

    1. the gain of the channel is 1: both are the same;
    2. the service's heading, or values without decimals: counts;
    3. a value that is not whole: physical;
    4. 5 decimals, or the C tool's heading: physical;
    5. whole values with other decimals: physical only if each one is a whole count
       times the gain and counts would hardly all come out so (gains of 1 and more),
       counts if physical values would hardly all be whole (gains below 1); "hardly" is
       a chance below one in a million over the different values;
    6. otherwise the other files of the folder, since one tool wrote them; if they do
       not tell either, that is a `ConfigurationError`.
    """
    content = _own_content(column, numbers) or _content_of_others(column)
    if content is None:
        raise ConfigurationError(
            f"{column.file.path}: nothing tells whether {column.row.api_name} holds "
            f"counts or {column.row.unit} ({len(numbers)} values, all whole). Put it "
            "beside other files of the same conversion, such as ECG_I.csv or "
            "acceleration_X.csv, which tell, or open the WAV files that it was made "
            "from"
        )
    return content


def _own_content(
    column: ConverterColumn, numbers: NDArray[np.float64]
) -> Content | None:
    """Apply rules 1 to 5 to one column; None if it fits both."""
    row, origin = column.row, column.file.origin
    if row.gain == 1.0 and row.offset == 0.0:
        return "counts"
    if origin == "service" or column.decimals == 0:
        return "counts"
    known = numbers[~np.isnan(numbers)]
    if (known != np.rint(known)).any():
        return "values"
    if origin == "heading" or column.decimals == _C_DECIMALS:
        return "values"
    return _content_of_whole(row, known)


def _content_of_whole(row: Datatype, known: NDArray[np.float64]) -> Content | None:
    """Weigh whole numbers: counts always are, physical values seldom."""
    kinds = np.unique(known)
    if row.offset == 0.0:
        # Zero is the same in both.
        kinds = kinds[kinds != 0]
        if not len(kinds):
            return "counts"
    counts = (kinds - row.offset) / row.gain
    possible = (np.abs(counts - np.rint(counts)) < _WHOLE).all() and (
        np.abs(counts) < _SIXTEEN_BITS
    ).all()
    if not possible:
        return "counts"
    chance = min(row.gain, 1 / row.gain) ** len(kinds)
    if chance > _HARDLY:
        return None
    return "counts" if row.gain < 1 else "values"


def _content_of_others(column: ConverterColumn) -> Content | None:
    """Return what the other bare files of the folder hold."""
    own = column.file.path
    for path in sorted(own.parent.iterdir()):
        other = inspect(path) if path.is_file() and path != own else None
        if other is None or other.origin != "bare" or not other.first:
            continue
        row = other.row(0, column.row.family)
        # Copies of event files have no decimals, whatever the tool.
        if row is None or row.gain == 1.0 or other.decimals(0) == 0:
            continue
        witness = ConverterColumn(other, 0, row)
        _, numbers = witness.read()
        # All zero tells nothing of the tool.
        content = _own_content(witness, numbers) if numbers.any() else None
        if content is not None:
            return content
    return None
