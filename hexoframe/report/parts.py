"""What a page is made of: figures, tables, texts, and sections that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

__all__ = [
    "PageCell",
    "PageColumn",
    "PageFigure",
    "PagePart",
    "PageSection",
    "PageTable",
    "PageText",
]


class PageColumn(NamedTuple):
    """Heading of a column: its name, its unit, and whether it holds numbers."""

    name: str
    unit: str = ""
    kind: Literal["number", "text", "note", "hash"] = "number"


class PageCell(NamedTuple):
    """A cell with more than a text: a link, or a small picture."""

    text: str
    link: str = ""
    picture: Markup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """Rows of texts under headings; the first cell of a row names it."""

    title: str
    columns: Sequence[PageColumn]
    rows: Sequence[Sequence[str | PageCell]]
    notes: Sequence[str] = ()
    part: Literal["table"] = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigure:
    """A figure as markup that was made here, with its title and its caption."""

    title: str
    markup: Markup
    caption: str = ""
    part: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """A paragraph: to be quoted, or why there is nothing to show."""

    text: str
    kind: Literal["quote", "absent"]
    part: Literal["text"] = "text"


PagePart = PageFigure | PageTable | PageText


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSection:
    """A part of a page with a heading; `key` is its anchor."""

    key: str
    title: str
    lead: str = ""
    parts: Sequence[PagePart] = field(default=())
