"""What one file of the converter is, by its heading, its first and its last lines.

The name in a heading goes before its id, since the C tool gives the adjusted channels
(``minute_ventilation_cl``, ``tidal_volume_ml``) the ids of the others; ``_raw`` in a
name means "not adjusted by weight", not counts. The samples between are not read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hexoframe.channels import FAMILIES
from hexoframe.errors import FileFormatError
from hexoframe.formats.cells import line_number
from hexoframe.formats.headings import Heading, find_row, parse_heading

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family

__all__ = ["TIME", "File", "inspect"]

TIME = "time [s]"
_SUFFIXES = (".csv", ".txt")
_TIME_CELL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_NUMBER = re.compile(_TIME_CELL.pattern + "|nan", re.IGNORECASE)
_EPOCH_FROM = 946_684_800  # 2000-01-01 in POSIX seconds; no recording lasts so long

Origin = Literal["service", "heading", "bare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One CSV file: what its heading and its first and last lines say.

    Attributes
    ----------
    origin : {"service", "heading", "bare"}
        Whose heading it has, or that it has none.
    headings : tuple of Heading
        What is known of each column of values; of a bare file, the name.
    first, last : tuple of str
        Cells of the first and the last line; empty if there are no samples.
    repeats_last : bool
        Whether the last two lines are the same.
    unended : bool
        Whether the last line lacks its end.
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


def inspect(path: Path) -> File | None:
    """Look at a file; None if it is no CSV of the converter.

    One without heading is recognised by two columns of numbers and the name of a
    channel, which only its file name can say.
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


def _headed(path: Path, cells: tuple[str, ...], rest: list[str]) -> File | None:
    headings = tuple(filter(None, map(parse_heading, cells[1:])))
    if not headings or len(headings) < len(cells) - 1:
        return None
    service = headings[0].id is not None and not headings[0].apart
    origin: Origin = "service" if service else "heading"
    file = File(path=path, origin=origin, headings=headings)
    return replace(file, first=_cells(rest[0]), **_tail(path)) if rest else file


def _bare(path: Path, cells: tuple[str, ...]) -> File | None:
    heading = parse_heading(path.stem)
    if heading is None or len(cells) not in (2, 3):
        return None
    file = File(path=path, origin="bare", headings=(heading,))
    rows = [file.row(0, family) for family in FAMILIES]
    if len(cells) == 3:
        # The third column judges the second (-addquality); no other channel has one.
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
