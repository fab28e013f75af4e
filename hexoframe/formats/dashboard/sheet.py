"""Cells of the dashboard's CSV and the ticks of its rows, in any dialect.

A row that was cut is told apart here, empty rows are left out. Which columns are which
channels does not belong here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.container import looks_like_zip
from hexoframe.formats.archive.tables import find_tables
from hexoframe.formats.cells import Place, read_cells
from hexoframe.formats.dashboard.head import (
    TIMES,
    USER,
    DashboardHead,
    find_head,
    is_known,
)
from hexoframe.formats.dashboard.stamps import read_stamps
from hexoframe.formats.dialect import last_lines, split_cells
from hexoframe.formats.textfile import TextFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock

__all__ = ["DashboardFile", "Sheet", "find_files", "only_file", "read_sheet"]

_CUT_NUMBER = re.compile(r"[.,+-]$|[eE][+-]?$")


@dataclass(frozen=True, slots=True)
class DashboardFile:
    """A file and its headings."""

    file: TextFile
    head: DashboardHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Cells of a file, and ticks of its rows.

    Attributes
    ----------
    cut : str or None
        What is left of a last row that was cut.
    """

    place: Place
    cells: pa.Table
    ticks: NDArray[np.int64]
    clock: Clock
    cut: str | None

    @property
    def lost(self) -> tuple[tuple[int, int], ...]:
        """Span in ticks of the row that was cut; rows after it left no trace."""
        if self.cut is None:
            return ()
        end = int(self.ticks.max())
        return ((end, end + self.clock),)


def find_files(path: Path) -> list[DashboardFile]:
    """Return the files of the dashboard in a path; more than one only in a ZIP."""
    files = [TextFile(path)]
    if looks_like_zip(path):
        files = [TextFile(path, folder, name) for folder, name in find_tables(path)]
    heads = ((file, find_head(file.open)) for file in files)
    return [DashboardFile(file, head) for file, head in heads if head is not None]


def only_file(path: Path) -> DashboardFile:
    """Return the one file of the dashboard in a path."""
    files = find_files(path)
    if not files:
        raise FileFormatError(
            f"{path}: found no heading of the dashboard, expected one of {TIMES} as "
            "the first, and names of channels"
        )
    if len(files) > 1:
        names = ", ".join(each.file.name for each in files[:5])
        raise FileFormatError(
            f"{path}: found {len(files)} CSVs of the dashboard ({names}), expected "
            "one: unpack the ZIP, and open its folder with open_records()"
        )
    return files[0]


def read_sheet(source: DashboardFile) -> Sheet:
    """Read all cells, and stamps as text, since a float may round them."""
    head = source.head
    content = source.file.content(head.dialect.encoding)
    content, cut = _without_cut_row(head, content)
    cells, place = _cells(source, content)
    stamps = cells.column(head.at)
    ticks, clock = read_stamps(stamps, head.clock, head.dialect.decimal, place)
    return Sheet(place=place, cells=cells, ticks=ticks, clock=clock, cut=cut)


def _without_cut_row(
    head: DashboardHead, content: Path | bytes
) -> tuple[Path | bytes, str | None]:
    """Return the content without a last row that was cut, and what is left of it."""
    before, last = last_lines(content)
    if not last.strip() or not _is_cut(head, before, last):
        return content, None
    data = content.read_bytes() if isinstance(content, Path) else content
    ends = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    return data[:ends], last


def _is_cut(head: DashboardHead, before: str, last: str) -> bool:
    """Whether a last line without a line end shows that it was cut.

    A whole number may have lost digits without a trace.
    """
    delimiter = head.dialect.delimiter
    cells, others = split_cells(last, delimiter), split_cells(before, delimiter)
    width = len(head.texts)
    if len(cells) < width or last.count('"') % 2 or _CUT_NUMBER.search(cells[-1]):
        return True
    # The line before may be that of the headings.
    if len(others) != width or not others[-1][:1].isdigit():
        return False
    # The service writes channels of one rate in one row, and each in its own form.
    emptied = cells[-2] and others[-2] and not cells[-1]
    shortened = delimiter == "," and "." in others[-1] and cells[-1].isdigit()
    return bool(emptied or shortened)


def _cells(source: DashboardFile, content: Path | bytes) -> tuple[pa.Table, Place]:
    head, label = source.head, source.file.label
    # Headings may repeat, numbers do not.
    types = {
        f"column {number + 1} ({text})": _type(head, number)
        for number, text in enumerate(head.texts)
    }
    cells = read_cells(
        content, types, skip=head.skip, where=label, dialect=head.dialect
    )
    place = Place(label=label, content=content, skip=head.skip)
    if cells.column(head.at).null_count:
        cells, place = _without_empty_rows(head, cells, place)
    if not len(cells):
        raise FileFormatError(f"{label}: no rows below the headings, expected samples")
    for number, text in enumerate(head.texts):
        if pa.types.is_floating(cells.schema.types[number]):
            _refuse_infinite(place, cells.column(number), text)
    return cells, place


def _type(head: DashboardHead, number: int) -> pa.DataType:
    if head.is_text(number):
        return pa.string()
    # What is left out may be anything.
    return pa.float64() if is_known(head.texts[number]) else pa.binary()


def _without_empty_rows(
    head: DashboardHead, cells: pa.Table, place: Place
) -> tuple[pa.Table, Place]:
    """Leave out rows without any cell, as spreadsheets add them below the last."""
    full = np.zeros(len(cells), dtype=bool)
    for number, text in enumerate(head.texts):
        if number >= head.at or text == USER:
            full |= cells.column(number).is_valid().to_numpy()
    kept = np.flatnonzero(full)
    return cells.take(pa.array(kept)), replace(place, rows=kept)


def _refuse_infinite(place: Place, column: pa.ChunkedArray, text: str) -> None:
    infinite = pc.is_inf(column).fill_null(False)
    if pc.any(infinite).as_py():
        row = pc.index(infinite, True).as_py()
        at = f", {text}"
        raise place.fail(row, "an infinite value", "a number or nan", column=at)
