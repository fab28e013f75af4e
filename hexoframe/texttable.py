"""Rows of text set in columns, as wide as they may be.

Text comes in and lines of text go out; what the cells say is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

__all__ = ["fit_columns", "set_columns"]

_GAP = "  "
_CUT = "..."
# Fewer characters than this tell nothing.
_LEAST = 8


def set_columns(
    rows: Sequence[Mapping[str, str]], *, right: Collection[str] = ()
) -> list[str]:
    r"""Set rows in columns under their names.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Cells by the name of their column; every row has the same ones.
    right : collection of str
        Columns that are aligned to the right, as numbers are.

    Returns
    -------
    list of str
        The names, then a line a row; none for no rows.

    Examples
    --------
    >>> print(*set_columns([{"id": "7", "unit": "mV"}], right=["id"]), sep="\n")
    id  unit
     7  mV
    """
    if not rows:
        return []
    table = [dict(zip(rows[0], rows[0], strict=True)), *rows]
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
) -> list[str]:
    r"""Set rows in columns that fit a width; the last ones are left out first.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Cells by the name of their column, the most important column first.
    width : int or None
        Characters in a line; None for any number.
    right : collection of str
        As for `set_columns`.

    Returns
    -------
    list of str
        As for `set_columns`, and a last line with what was left out, if anything.

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
    if left:
        lines.append(f"(no room for {', '.join(left)})")
    return [_cut(line, width) for line in lines]


def _widths(table: Sequence[Mapping[str, str]]) -> dict[str, int]:
    return {name: max(len(row[name]) for row in table) for name in table[0]}


def _kept(widths: Mapping[str, int], width: int) -> list[str]:
    """Names of the first columns that fit side by side, the first one always."""
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
