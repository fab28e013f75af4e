"""The dashboard's CSV: one table of 1 Hz channels and states, written by the service.

Forms: 2014 (first column ``timestamp``, headings without units), 2016, 2022 (with
adjusted ventilation), the export of a range, and Astroskin (1/1000 s). A heading is
``name [unit](/api/datatype/<id>/)``; the id tells the channel, or else the name. What
spreadsheets, R and others save of it is read if nothing was lost (see `dialect`); so is
a .gz, and a ZIP with one such file in it.

Rules that the files do not state:

* An empty cell is not a sample; ``nan`` is a sample whose value is missing (an unknown
  position).
* In the first row, at the start of the record, channels at 1 Hz have no sample yet. If
  the whole row is ``nan``, as other systems write it, they have none either.
* A state stands in the row of its change only. If it is ``nan`` in most other rows and
  no cell is empty, a system wrote ``nan`` for empty cells, and it is read so.
* Rows are merged by their stamp, since the range export splits one stamp over two rows.
* For some time, minute ventilation had the heading ``[L/min]``. The service never gives
  L/min: such values are read as mL/min. If all of them are below 300, which nobody
  breathes in L/min, the heading may be right for once and the file is refused.
* Counts, flags and codes have no unit that could differ, so the units in their headings
  (``NA``, ``Step``, ``s``) are not checked.

Values are those of the JSON answers; gains do not belong here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from hexoframe.channels.calibration import values_from_json
from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    warn,
)
from hexoframe.formats.dashboard.head import USER, heading_of, key_of
from hexoframe.formats.dashboard.sheet import (
    DashboardFile,
    Sheet,
    find_files,
    only_file,
    read_sheet,
)
from hexoframe.formats.headings import Heading, check_unit, find_row, guess_family
from hexoframe.paths import is_file
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["read", "sniff"]

_NAME = "dashboard CSV"
_MOST_L_PER_MIN = 300


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a known datatype; `number` counts from 0."""

    number: int
    heading: Heading
    row: Datatype


def sniff(path: Path) -> bool:
    """Whether a file is a CSV of the dashboard, judged by its headings."""
    return is_file(path) and bool(find_files(path))


def read(path: Path, options: ReadOptions) -> RecordData:
    """Read a CSV of the dashboard at once, from its first stamp to its last.

    A file name ``record-<id>.csv`` gives ``info["id"]``, ``range-<id>-<code>.csv``
    gives ``info["range_id"]``. Source: files of 2022 (one record, one range of it),
    third-party readers of 2014 to 2016, the vendor's page on the Astroskin CSV.
    """
    source = only_file(path)
    sheet = read_sheet(source)
    family = _family(source, sheet.clock, options)
    columns = _columns(source, family)
    info = _info(source, sheet.cells)
    maker = _FrameMaker(sheet, columns, options, info.get("id"))
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in options.wanted(family).items():
        mine = [column for column in columns if column.row in channel.datatypes]
        if mine:
            channels[name] = maker.channel(channel, mine)
    _report_cut(source, sheet, tuple(channels), options)
    info["provenance"] = dict.fromkeys(channels, _NAME)
    ends = (int(sheet.ticks.max()), *(end for _, end in sheet.lost))
    return RecordData(
        family,
        (int(sheet.ticks.min()), max(ends)),
        channels,
        facts=Facts(info=info),
        scale=options.scale,
    )


def _report_cut(
    source: DashboardFile,
    sheet: Sheet,
    channels: tuple[str, ...],
    options: ReadOptions,
) -> None:
    """Raise for a cut last row, or warn if the caller allows partial records."""
    if sheet.cut is None:
        return
    message = (
        f"{source.file.label}, last line: found {sheet.cut[:80]!r}, expected "
        f"{len(source.head.texts)} cells and the end of the line: the file was cut, "
        "and nothing tells how many rows came after"
    )
    if options.allow_partial:
        warn(message, MissingSamplesWarning)
        return
    raise IncompleteDataError(
        f"{message}; export the file again, or open the rows that are there with "
        "allow_partial=True",
        ledger=dict.fromkeys(channels, Receipt(lost=sheet.lost)),
    )


def _family(source: DashboardFile, clock: Clock, options: ReadOptions) -> Family:
    headings = filter(None, map(heading_of, source.head.texts[source.head.at + 1 :]))
    return guess_family(map(key_of, headings), clock, options.model)


def _columns(source: DashboardFile, family: Family) -> list[_Column]:
    """Return the columns that are channels, and warn of others."""
    columns: dict[Datatype, _Column] = {}
    unknown = []
    for number, text in enumerate(source.head.texts):
        if source.head.is_text(number):
            continue
        heading = heading_of(text)
        row = None if heading is None else find_row(family, key_of(heading))
        if heading is None or row is None:
            unknown.append(text or f"column {number + 1}")
        elif row in columns:
            where = f"{source.file.label}, line {source.head.skip}"
            raise FileFormatError(
                f"{where}: found {row.api_name} twice ({text!r}), expected one column "
                "a channel"
            )
        else:
            columns[row] = _Column(number, heading, row)
    if unknown:
        warn(
            f"{source.file.label}: {', '.join(unknown)} left out: no channel of "
            f"{family}",
            SkippedChannelWarning,
        )
    return list(columns.values())


# -- columns to channels ---------------------------------------------------------------


class _FrameMaker:
    """Makes the frames of one file; channels with the same stamps share an index."""

    def __init__(
        self,
        sheet: Sheet,
        columns: list[_Column],
        options: ReadOptions,
        record_id: int | None,
    ) -> None:
        self._sheet = sheet
        cells = {column: sheet.cells.column(column.number) for column in columns}
        self._nan_first = _begins_with_nan(cells)
        self._filled = _is_filled(cells)
        self._options = options
        self._record_id = record_id
        self._indexes: list[tuple[NDArray[np.int64], pd.DatetimeIndex]] = []

    def channel(self, channel: Channel, columns: list[_Column]) -> LazyChannel:
        """Return a channel, with the number of repeated cells that were dropped."""
        samples = {}
        dropped = 0
        for column in columns:
            ticks, values, repeated = self._samples(column)
            converted = values_from_json(values, column.row, scale=self._options.scale)
            samples[column.row.column] = (ticks, converted)
            dropped += repeated
        ticks, merged = merge_ticks(samples)
        frame = make_frame(
            channel,
            self._index(ticks, channel.clock),
            merged,
            record_id=self._record_id,
            scale=self._options.scale,
        )
        receipt = Receipt(samples=len(frame), duplicates=dropped, lost=self._sheet.lost)
        return LazyChannel(read=lambda: frame, receipt=receipt)

    def _samples(
        self, column: _Column
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """Return ticks and values of a column, and how many cells repeat."""
        cells = self._sheet.cells.column(column.number)
        rows = np.flatnonzero(self._is_sample(cells, column.row.kind))
        values = cells.to_numpy()[rows]
        place = self._sheet.place
        where = f"{place.label}, line {place.skip}"
        if not check_unit(column.heading, column.row, where):
            _refuse_litres(values, column, where)
        ticks = self._sheet.ticks[rows]
        if (np.diff(ticks) > 0).all():
            return ticks, values, 0
        return self._merged(column, rows, values)

    def _is_sample(self, cells: pa.ChunkedArray, kind: str) -> NDArray[np.bool_]:
        """Return which cells of a column hold a sample, a missing value or a number."""
        full: NDArray[np.bool_] = cells.is_valid().to_numpy()
        if self._filled:
            full = ~np.isnan(cells.to_numpy())
        if self._nan_first:
            # The vendor writes it there for states, which are unknown at the start.
            full = full.copy()
            full[0] = kind != "rate"
        return full

    def _merged(
        self, column: _Column, rows: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """Sort cells by their stamps and drop repeated ones."""
        order = np.argsort(self._sheet.ticks[rows], kind="stable")
        rows, values = rows[order], values[order]
        ticks = self._sheet.ticks[rows]
        again = np.flatnonzero(np.diff(ticks) == 0) + 1
        one, two = values[again - 1], values[again]
        differ = again[(one != two) & ~(np.isnan(one) & np.isnan(two))]
        if len(differ):
            at = differ[np.argmin(rows[differ])]
            other = self._sheet.place.line(int(rows[at - 1]))
            raise self._sheet.place.fail(
                int(rows[at]),
                f"{values[at]:g} for {column.row.api_name} at tick {ticks[at]}",
                f"{values[at - 1]:g}, which line {other} says for the same tick",
            )
        return np.delete(ticks, again), np.delete(values, again), len(again)

    def _index(self, ticks: NDArray[np.int64], clock: Clock) -> pd.DatetimeIndex:
        for known, index in self._indexes:
            if np.array_equal(known, ticks):
                return index
        index = ticks_to_index(ticks, clock=clock)
        self._indexes.append((ticks, index))
        return index


def _begins_with_nan(cells: dict[_Column, pa.ChunkedArray]) -> bool:
    """Whether the first row is nan in every column."""
    firsts = (column[0].as_py() for column in cells.values())
    return all(first is not None and np.isnan(first) for first in firsts)


def _is_filled(cells: dict[_Column, pa.ChunkedArray]) -> bool:
    """Whether empty cells were written as nan, which shows where a state stands."""
    if any(each.null_count for each in cells.values()):
        return False
    return any(
        2 * pc.sum(pc.is_nan(each)).as_py() > len(each)
        for column, each in cells.items()
        if column.row.kind == "state"
    )


def _refuse_litres(values: NDArray[np.float64], column: _Column, where: str) -> None:
    """Refuse a heading in L/min whose values could be L/min."""
    most = np.nanmax(values, initial=0.0)
    if 0 < most < _MOST_L_PER_MIN:
        raise FileFormatError(
            f"{where}: found [{column.heading.unit}] for {column.row.api_name} and "
            f"values up to {most:g}, which fit L/min and mL/min; the service gives "
            f"[{column.row.unit}]: write that into the heading if it is so"
        )


def _info(source: DashboardFile, cells: pa.Table) -> dict[str, Any]:
    info: dict[str, Any] = {}
    for key, pattern in (("id", r"record-(\d+)\b.*"), ("range_id", r"range-(\d+)\b.*")):
        match = re.fullmatch(pattern, source.file.stem)
        if match:
            info[key] = int(match[1])
    if USER in source.head.texts:
        users = cells.column(source.head.texts.index(USER))
        info["user_id"] = _user_id(users, source.file.label)
    return info


def _user_id(column: pa.ChunkedArray, label: str) -> int:
    users = pc.unique(column.drop_null()).to_pylist()
    match = (
        re.fullmatch(r"(?:/api/(?:v\d+/)?user/)?(\d+)/?", users[0]) if users else None
    )
    if len(users) != 1 or match is None:
        raise FileFormatError(
            f"{label}: found the users {users[:5]}, expected one user; make a file of "
            "each and open them one by one"
        )
    return int(match[1])
