"""The page of a study: a row a record, with a sparkline and a link to its report.

Takes plain tables; where they come from, and the reports of the records, belong to
others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.plotting.decimation import LineSamples, gap_rows
from hexoframe.plotting.figures import label_of
from hexoframe.recording import metadata
from hexoframe.report.html import check_target, fill, write_page
from hexoframe.report.parts import PageCell, PageColumn, PageSection, PageTable
from hexoframe.report.receipts import versions
from hexoframe.report.sparkline import COLUMNS, STEPS, line_path
from hexoframe.report.texts import (
    MISSING,
    count,
    figure,
    moment,
    share,
    unit_in_words,
    words,
)
from hexoframe.timestamps.moments import length_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from markupsafe import Markup

__all__ = ["write_study_page"]

# A sample so many usual steps behind the one before is not joined to it.
_APART = 1.5
_SHARES = re.compile(r"(?:.*_)?share|(?:not_)?worn|(?:good|coverage)_.*")
# Links lead to files beside the page: no scheme, no host, no way up to the root.
_FOREIGN = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]|.*[\x00-\x20\x7f]", re.DOTALL)


def write_study_page(  # noqa: PLR0913  # what a row is made of, each by name
    table: pd.DataFrame,
    path: str | Path,
    *,
    title: str = "Study",
    links: Mapping[Any, str] | None = None,
    lines: Mapping[Any, pd.Series[Any]] | None = None,
    line_name: str = "heart rate (bpm)",
    overwrite: bool = False,
) -> Path:
    """Write a page with a row for each record of a study.

    Parameters
    ----------
    table : DataFrame, indexed by record
        Columns of facts and results; the units are those of
        ``table.attrs["hexoframe"]["units"]``. Columns called ``worn``, ``..._share``,
        ``good_...`` and ``coverage_...`` are parts of 1, written in percent.
    path : str or Path
        File to write, ending in .html.
    title : str, default "Study"
        Heading of the page.
    links : mapping of record to str, optional
        The report of a record, as a path from the folder of the page.
    lines : mapping of record to Series, optional
        What the sparkline of a record shows, indexed by time: its heart rate, a value a
        minute, say. NaN and gaps break the line. All have the same limits.
    line_name : str, default "heart rate (bpm)"
        What that is, with its unit.
    overwrite : bool, default False
        Whether a file from before may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        If jinja2 is not installed, the path does not end in .html, or a link leads
        elsewhere than to a file beside the page.
    OutputExistsError
        If the file has other content and `overwrite` was not given.
    """
    target = check_target(path)
    links, lines = dict(links or {}), dict(lines or {})
    for record, link in links.items():
        if _FOREIGN.match(link) or ".." in link.split("/"):
            raise ConfigurationError(
                f"links[{record!r}]={link!r} leads away from the page: give the path "
                "of a file in its folder or below, such as 'reports/record_12.html'"
            )
    section = PageSection(
        key="records",
        title="Records",
        parts=[_rows(table, links, lines, line_name)],
    )
    page = fill(
        "study.html.j2",
        title=words(title),
        sentence=_sentence(table),
        sections=[section],
        versions=versions(),
    )
    return write_page(page, target, overwrite=overwrite)


def _sentence(table: pd.DataFrame) -> str:
    """Say how many records there are, how long they are, and whose."""
    many = len(table)
    told = f"{count(many)} record{'s' * (many != 1)}"
    if "subject" in table:
        people = int(table["subject"].nunique())
        told += f" of {count(people)} subject{'s' * (people != 1)}"
    if "duration" in table and pd.api.types.is_timedelta64_dtype(table["duration"]):
        told += f", {length_in_words(pd.Timedelta(table['duration'].sum()))} in all"
    return f"{told}."


def _rows(
    table: pd.DataFrame,
    links: Mapping[Any, str],
    lines: Mapping[Any, pd.Series[Any]],
    line_name: str,
) -> PageTable:
    units = metadata.block_of(table).get("units", {})
    names = [str(name) for name in table]
    columns = [PageColumn("record", kind="text")]
    if lines:
        columns.append(PageColumn(line_name, kind="text"))
    columns += [_heading(table[name], name, units.get(name, "")) for name in names]
    limits = _limits(lines)
    rows: list[list[str | PageCell]] = []
    for place, record in enumerate(table.index):
        text = words(record)
        row: list[str | PageCell] = [PageCell(text, link=links.get(record, ""))]
        if lines:
            row.append(_line(lines.get(record), limits, f"{line_name} of {text}"))
        row += [
            _cell(table[name].iloc[place], name, units.get(name, "")) for name in names
        ]
        rows.append(row)
    notes = (
        [f"{line_name}: from {limits[0]:g} to {limits[1]:g}, each over its own time."]
        if lines
        else []
    )
    return PageTable(title="A row a record", columns=columns, rows=rows, notes=notes)


def _heading(column: pd.Series[Any], name: str, unit: str) -> PageColumn:
    numbers = pd.api.types.is_numeric_dtype(column) and not (
        pd.api.types.is_bool_dtype(column)
    )
    zone = getattr(column.dtype, "tz", None)
    shown = str(zone) if zone is not None else unit_in_words(unit)
    return PageColumn(label_of(name), shown, kind="number" if numbers else "text")


def _cell(value: Any, name: str, unit: str) -> str:
    """Return a value as its kind asks."""
    if isinstance(value, pd.Timedelta):
        return length_in_words(value)
    if isinstance(value, pd.Timestamp):
        return moment(value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return count(value)
    if isinstance(value, float | np.floating):
        return share(value) if _SHARES.fullmatch(name) else figure(value, unit)
    return words(value)


# -- sparklines ------------------------------------------------------------------------


def _limits(lines: Mapping[Any, pd.Series[Any]]) -> tuple[float, float]:
    """Return the limits of all lines, so that they can be compared."""
    values = [line.to_numpy(np.float64) for line in lines.values()]
    every = np.concatenate(values) if values else np.empty(0)
    every = every[np.isfinite(every)]
    if not len(every):
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    return (low, high) if low < high else (low - 1, high + 1)


def _line(
    line: pd.Series[Any] | None, limits: tuple[float, float], label: str
) -> PageCell:
    from markupsafe import Markup, escape  # noqa: PLC0415  # comes with jinja2

    if line is None:
        return PageCell(MISSING)
    values = line.to_numpy(np.float64)
    known = np.isfinite(values)
    if not known.any():
        return PageCell(MISSING)
    whole = pd.DatetimeIndex(line.index).as_unit("ns").asi8
    step = float(np.median(np.diff(whole))) if len(whole) > 1 else 1e9
    stamps = whole[known]
    samples = LineSamples(stamps, values[known], gap_rows(stamps, _APART * step))
    edges = np.linspace(0, max(int(whole[-1] - whole[0]), 1), COLUMNS + 1)
    path = line_path(samples, edges.astype(np.int64) + whole[0], limits)
    picture: Markup = Markup(  # made here
        '<svg class="spark" viewBox="0 -1 {wide} {high}" preserveAspectRatio="none" '
        'role="img" aria-label="{label}"><path d="{path}" '
        'vector-effect="non-scaling-stroke"/></svg>'
    ).format(wide=COLUMNS, high=STEPS + 2, label=escape(label), path=path)
    return PageCell(label, picture=picture)
