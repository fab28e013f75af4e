"""Text for a terminal: whether there is one, and rows of cells as aligned lines."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from hexoframe.errors import harmless

__all__ = ["fit_columns", "is_terminal", "set_columns", "stack_columns"]

_GAP = "  "
_CUT = "..."
# A line is not cut to fewer characters than this.
_LEAST = 8


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a service may have none, or closed ones."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def set_columns(
    rows: Sequence[Mapping[str, str]], *, right: Collection[str] = ()
) -> list[str]:
    r"""Return rows as lines under the names of their columns; no lines for no rows.

    Every row has the same columns; those in `right` are aligned to the right.

    Examples
    --------
    >>> print(*set_columns([{"id": "7", "unit": "mV"}], right=["id"]), sep="\n")
    id  unit
     7  mV
    """
    if not rows:
        return []
    table = [
        {name: harmless(text) for name, text in row.items()}
        for row in (dict(zip(rows[0], rows[0], strict=True)), *rows)
    ]
    widths = _widths(table)
    return [
        _GAP.join(
            text.rjust(widths[name]) if name in right else text.ljust(widths[name])
            for name, text in row.items()
        ).rstrip()
        for row in table
    ]


def fit_columns(
    rows: Sequence[Mapping[str, str]],
    width: int | None,
    *,
    right: Collection[str] = (),
    hint: str = "",
) -> list[str]:
    r"""Return rows as lines of at most `width` characters; None: of any number.

    The last columns are left out first, and named in a last line; `hint` says there how
    to see them.

    Examples
    --------
    >>> rows = [{"id": "7", "name": "a long name", "note": "a long note"}]
    >>> print(*fit_columns(rows, 20), sep="\n")
    id  name
    7   a long name
    (no room for note)
    """
    if not rows or width is None:
        return set_columns(rows, right=right)
    names = list(rows[0])
    kept = _kept(_widths([dict(zip(names, names, strict=True)), *rows]), width)
    lines = set_columns(
        [{name: row[name] for name in kept} for row in rows], right=right
    )
    left = names[len(kept) :]
    lines = [_cut(line, width) for line in lines]
    if left:
        note = f"(no room for {', '.join(left)}{hint and f': {hint}'})"
        lines += textwrap.wrap(note, width, break_on_hyphens=False)
    return lines


def stack_columns(
    rows: Sequence[Mapping[str, str]],
    width: int | None,
    *,
    right: Collection[str] = (),
) -> list[str]:
    r"""Return rows as tables of at most `width` characters, one below the other.

    Each begins with the first column; together they have all columns.

    Examples
    --------
    >>> rows = [{"id": "7", "name": "a long name", "note": "a long note"}]
    >>> print(*stack_columns(rows, 20), sep="\n")
    id  name
    7   a long name
    <BLANKLINE>
    id  note
    7   a long note
    """
    if not rows or width is None:
        return set_columns(rows, right=right)
    first, *names = rows[0]
    widths = _widths([dict(zip(rows[0], rows[0], strict=True)), *rows])
    lines: list[str] = []
    while names:
        kept = _kept({name: widths[name] for name in (first, *names)}, width)
        # A table has at least one column of its own, even if a line must be cut.
        kept = kept if len(kept) > 1 else [first, names[0]]
        some = [{name: row[name] for name in kept} for row in rows]
        lines += ["", *(_cut(line, width) for line in set_columns(some, right=right))]
        names = names[len(kept) - 1 :]
    return lines[1:] or set_columns(rows, right=right)


def _widths(table: Sequence[Mapping[str, str]]) -> dict[str, int]:
    return {name: max(len(row[name]) for row in table) for name in table[0]}


def _kept(widths: Mapping[str, int], width: int) -> list[str]:
    """Return the names of the first columns that fit; at least one."""
    kept: list[str] = []
    used = -len(_GAP)
    for name, wide in widths.items():
        used += len(_GAP) + wide
        if kept and used > width:
            break
        kept.append(name)
    return kept


def _cut(line: str, width: int) -> str:
    if len(line) <= max(width, _LEAST):
        return line
    return line[: max(width, _LEAST) - len(_CUT)] + _CUT
