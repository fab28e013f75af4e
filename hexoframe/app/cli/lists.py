"""Prints the lists and facts of commands.

At a terminal they fit its width; in a pipe or file they are whole. There is no pager.
What the cells say is in `hexoframe.app.listing`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from hexoframe.errors import harmless
from hexoframe.texttable import fit_columns, is_terminal, stack_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "show_data",
    "show_frame",
    "show_json",
    "show_lines",
    "table_lines",
    "width",
    "wrapped_lines",
]

# Columns that are aligned to the right, in every table.
_NUMBERS = frozenset(
    {
        "BR",
        "HF",
        "HR",
        "LF",
        "LF/HF",
        "MV",
        "REM",
        "RMSSD",
        "RR (s)",
        "SDNN",
        "SE",
        "SOL",
        "SPT",
        "TIB",
        "TST",
        "WASO",
        "activity",
        "by its rule",
        "pairs",
        "share",
        "channels",
        "correlation",
        "edited",
        "extra",
        "jitter (ms)",
        "mains (mV)",
        "missed",
        "offset (ms)",
        "coverage",
        "duration",
        "flagged",
        "gaps",
        "id",
        "implausible",
        "longest",
        "not worn",
        "rate",
        "record",
        "requests",
        "samples",
        "scored",
        "sensor off",
        "size",
        "steps",
        "time",
        "usable",
        "value",
        "vendor",
        "wakes",
        "worn",
    }
)


def width() -> int | None:
    """Return the columns of the terminal; None without one."""
    if not is_terminal(sys.stdout):
        return None
    import shutil  # noqa: PLC0415  # keeps help quick

    return shutil.get_terminal_size().columns


def show_lines(lines: list[str]) -> None:
    """Print lines."""
    click.echo("\n".join(lines))


def show_frame(
    frame: pd.DataFrame,
    form: str,
    rows: Callable[[pd.DataFrame], list[dict[str, str]]],
    *,
    nothing: str = "none",
) -> None:
    """Print a list in one of the forms of `options.LISTING`.

    `rows` makes those of the table, and `nothing` is what an empty one says. CSV and
    JSON hold the whole frame: times in UTC, lengths in s.
    """
    if form in ("csv", "json"):
        show_data(frame, form)
    elif not len(frame):
        show_lines(wrapped_lines([nothing]))
    else:
        show_lines(table_lines(frame, form, rows))


def table_lines(
    frame: pd.DataFrame, form: str, rows: Callable[[pd.DataFrame], list[dict[str, str]]]
) -> list[str]:
    """Return a list in columns: ``table`` as many as fit the terminal, ``all`` all."""
    if form == "all":
        from hexoframe.app.listing import all_rows  # noqa: PLC0415  # pandas

        numbers = _NUMBERS | {*frame.select_dtypes("number").columns}
        return stack_columns(all_rows(frame), width(), right=numbers)
    hint = "see --all-columns"
    return fit_columns(rows(frame), width(), right=_NUMBERS, hint=hint)


def wrapped_lines(lines: list[str]) -> list[str]:
    """Return lines of prose, wrapped to the terminal."""
    import textwrap  # noqa: PLC0415  # only here

    room = width()
    if room is None:
        return lines
    return [part for line in lines for part in textwrap.wrap(line, room)]


def show_data(frame: pd.DataFrame, form: str) -> None:
    """Print a list for another program, as ``csv`` or ``json``."""
    columns = _for_others(frame)
    if form == "csv":
        import csv  # noqa: PLC0415  # only here

        text = StringIO(newline="")
        write = csv.writer(text, lineterminator="\n").writerows
        write([columns, *zip(*columns.values(), strict=True)])
        click.echo(_for_screen(text.getvalue()), nl=False)
        return
    rows = zip(*columns.values(), strict=True)
    show_json([dict(zip(columns, row, strict=True)) for row in rows])


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    import json  # noqa: PLC0415  # only here

    click.echo(_for_screen(json.dumps(value, indent=1, ensure_ascii=False)))


def _for_screen(text: str) -> str:
    """Return data without control characters, unless another program reads them."""
    return harmless(text, lines=True) if is_terminal(sys.stdout) else text


def _for_others(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns of a frame as plain texts and numbers."""
    columns = {}
    whole = frame if frame.index.name is None else frame.reset_index()
    for name, column in whole.items():
        is_span = column.dtype.kind == "m"
        values = column.astype(object).where(column.notna(), None)
        columns[f"{name}_s" if is_span else str(name)] = list(map(_for_other, values))
    return columns


def _for_other(value: Any) -> Any:
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, tuple):
        from hexoframe.app.listing import joined  # noqa: PLC0415  # pandas

        return joined(value)
    return value if isinstance(value, str | int | float | None) else str(value)
