"""Headings of the dashboard's CSV, in any dialect: stamps, users and channels.

The rows below do not belong here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hexoframe.channels import FAMILIES
from hexoframe.formats.dialect import Dialect, Opened, find_dialect
from hexoframe.formats.headings import Heading, find_row, parse_heading, plain_name

if TYPE_CHECKING:
    from hexoframe.timestamps import Clock

__all__ = [
    "TIMES",
    "USER",
    "DashboardHead",
    "find_head",
    "heading_of",
    "is_known",
    "key_of",
]

TIMES = "time [s/256], time [s/1000], timestamp"
USER = "user"
_CLOCKS: dict[str, Clock | None] = {
    "time_s_256": 256,
    "time_s_1000": 1000,
    "timestamp": None,
}
# How pandas, R, SAS and others call the column of row numbers.
_ROW_NUMBERS = re.compile(
    r"|unnamed: \d+|x|index|level_0|rn|row|obs|row[._]?(names?|numbers?|id)|\.\.\.1"
    r"|column1|v1|var1",
    re.IGNORECASE,
)
_STAMP = re.compile(r"[\d ,.'\u2019\u00a0\u202f]{9,}|\d[.,]\d+[eE]\+?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardHead:
    """The headings of a file.

    Attributes
    ----------
    texts : list of str
        One a column; empty for row names without a heading.
    at : int
        Column of the stamps.
    """

    dialect: Dialect
    texts: list[str]
    at: int

    @property
    def skip(self) -> int:
        """Lines above the first row."""
        return self.dialect.header + 1

    @property
    def clock(self) -> Clock | None:
        """Ticks per second; None if the heading does not tell."""
        return _CLOCKS[plain_name(self.texts[self.at])]

    def is_text(self, number: int) -> bool:
        """Whether a column is not of numbers: stamps, users and row numbers."""
        return number <= self.at or self.texts[number] == USER


def find_head(opened: Opened) -> DashboardHead | None:
    """Look at the first lines of a file; None if they are not of the dashboard."""
    found = find_dialect(opened, _is_header)
    if found is None:
        return None
    dialect, texts, first = found
    at = _time_column(texts)
    # R leaves the heading of the row names out.
    longer = len(first) == len(texts) + 1
    if longer and _STAMP.match(first[at + 1]) and not _STAMP.match(first[at]):
        texts, at = ["", *texts], at + 1
    numbered = any(text != USER for text in texts[:at])
    return DashboardHead(dialect=replace(dialect, index=numbered), texts=texts, at=at)


def heading_of(text: str) -> Heading | None:
    """Read one heading; None if it has another form."""
    return parse_heading(text, underscored=True)


def key_of(heading: Heading) -> str | int:
    """Return what tells the channel: the id, or else the name."""
    return heading.name if heading.id is None else heading.id


def is_known(text: str) -> bool:
    """Whether a heading is a channel of any family."""
    heading = heading_of(text)
    return heading is not None and any(
        find_row(family, key_of(heading)) is not None for family in FAMILIES
    )


def _is_header(cells: list[str]) -> bool:
    at = _time_column(cells)
    return at >= 0 and any(map(is_known, cells[at + 1 :]))


def _time_column(cells: list[str]) -> int:
    """Return the column of the stamps: after row numbers and the user; -1 for none."""
    for number, cell in enumerate(cells):
        if _is_time(cell):
            return number
        if cell != USER and not _ROW_NUMBERS.fullmatch(cell):
            break
    return -1


def _is_time(cell: str) -> bool:
    name = plain_name(cell)
    return name in _CLOCKS and (name != "timestamp" or cell == name)
