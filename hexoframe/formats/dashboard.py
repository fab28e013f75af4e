"""The dashboard's CSV: one table of 1 Hz channels and states, written by the service.

Dialects: 2014 (first column ``timestamp``, headings without units), 2016, 2022 (with
adjusted ventilation), the export of a range, and Astroskin (1/1000 s). A heading is
``name [unit](/api/datatype/<id>/)``; the id tells the channel, or else the name.

Rules that the files do not state:

* An empty cell is not a sample; ``nan`` is a sample whose value is missing (an unknown
  position).
* Rows are merged by their stamp, since the range export splits one stamp over two rows.
* For some time, minute ventilation had the heading ``[L/min]``. The service never gives
  L/min: such values are read as mL/min. If all of them are below 300, which nobody
  breathes in L/min, the heading may be right for once and the file is refused.
* Counts, flags and codes have no unit that could differ, so the units in their headings
  (``NA``, ``Step``, ``s``) are not checked.

Values are those of the JSON answers; gains do not belong here.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.channels import FAMILIES
from hexoframe.channels.calibration import values_from_json
from hexoframe.errors import (
    FileFormatError,
    SkippedChannelWarning,
    TimestampError,
    warn,
)
from hexoframe.formats.cells import first_bad, line_number, read_cells
from hexoframe.formats.headings import (
    Heading,
    check_unit,
    find_row,
    guess_family,
    parse_heading,
)
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import as_ticks, clock_of, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["read", "sniff"]

_NAME = "dashboard CSV"
_CLOCKS: dict[str, Clock | None] = {
    "time [s/256]": 256,
    "time [s/1000]": 1000,
    "timestamp": None,
}
_USER = "user"
_MOST_L_PER_MIN = 300


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a known datatype; `number` counts from 0."""

    number: int
    heading: Heading
    row: Datatype


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Cells of a file, and ticks of its rows."""

    path: Path
    cells: pa.Table
    ticks: NDArray[np.int64]


def sniff(path: Path) -> bool:
    """Whether a file is a CSV of the dashboard, judged by its headings."""
    if not path.is_file():
        return False
    headings = _heading_cells(path)
    at = _time_column(headings)
    if at is None:
        return False
    return any(
        find_row(family, _key_of(heading)) is not None
        for text in headings[at + 1 :]
        if (heading := parse_heading(text)) is not None
        for family in FAMILIES
    )


def read(path: Path, options: ReadOptions) -> RecordData:
    """Read a CSV of the dashboard at once, from its first stamp to its last.

    A file name ``record-<id>.csv`` gives ``info["id"]``, ``range-<id>-<code>.csv``
    gives ``info["range_id"]``. Source: files of 2022 (one record, one range of it),
    third-party readers of 2014 to 2016, the vendor's page on the Astroskin CSV.
    """
    texts = _heading_cells(path)
    at = _time_column(texts)
    if at is None:
        raise FileFormatError(
            f"{path}, line 1: found {','.join(texts)[:80]!r}, expected "
            f"one of {', '.join(_CLOCKS)} as the first heading"
        )
    sheet, clock = _sheet(path, texts, at)
    family = _family(texts, at, clock, options)
    columns = _columns(path, texts, at, family)
    wanted = options.wanted(family)
    info = _info(sheet, texts)
    maker = _FrameMaker(sheet, options, info.get("id"))
    channels: dict[str, pd.DataFrame | LazyChannel] = {
        name: maker.channel(channel, mine)
        for name, channel in wanted.items()
        if (mine := [column for column in columns if column.row in channel.datatypes])
    }
    info["provenance"] = dict.fromkeys(channels, _NAME)
    return RecordData(
        family,
        (int(sheet.ticks.min()), int(sheet.ticks.max())),
        channels,
        facts=Facts(info=info),
        scale=options.scale,
    )


def _heading_cells(path: Path) -> list[str]:
    with path.open("rb") as file:
        line = file.readline(1 << 16).decode("utf-8-sig", "replace")
    try:
        cells = next(csv.reader([line.rstrip("\r\n")]), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def _time_column(headings: list[str]) -> int | None:
    """Return the column of the stamps: the first, or the one after the user."""
    at = 1 if headings[:1] == [_USER] else 0
    return at if len(headings) > at and headings[at] in _CLOCKS else None


def _key_of(heading: Heading) -> str | int:
    return heading.name if heading.id is None else heading.id


def _sheet(path: Path, texts: list[str], at: int) -> tuple[_Sheet, Clock]:
    """Read all cells: stamps as text, since a float may round them."""
    texts_at = {at, *(number for number, text in enumerate(texts) if text == _USER)}
    # Headings may repeat, numbers do not.
    types = {
        f"column {number + 1} ({text})": pa.string()
        if number in texts_at
        else pa.float64()
        for number, text in enumerate(texts)
    }
    cells = read_cells(path, types, skip=1)
    if not len(cells):
        raise FileFormatError(f"{path}: no rows below the headings, expected samples")
    for number, text in enumerate(texts):
        if number not in texts_at:
            _refuse_infinite(path, cells.column(number), text)
    stamps = _as_bytes(path, cells.column(at))
    clock = _CLOCKS[texts[at]] or _clock_of(path, stamps[0])
    ticks = _ticks(path, stamps, clock)
    _refuse_rounded(path, stamps, ticks)
    return _Sheet(path, cells, ticks), clock


def _fail(
    path: Path, row: int, found: str, expected: str, *, column: str = ""
) -> FileFormatError:
    place = f"{path}, line {line_number(path, row, skip=1)}{column}"
    return FileFormatError(f"{place}: found {found}, expected {expected}")


def _refuse_infinite(path: Path, column: pa.ChunkedArray, text: str) -> None:
    infinite = pc.is_inf(column).fill_null(False)
    if pc.any(infinite).as_py():
        row = pc.index(infinite, True).as_py()
        at = f", {text}"
        raise _fail(path, row, "an infinite value", "a number or nan", column=at)


def _as_bytes(path: Path, column: pa.ChunkedArray) -> NDArray[np.bytes_]:
    """Return texts as an array of bytes, without a Python object for each row."""
    if column.null_count:
        row = pc.index(column.is_null(), True).as_py()
        raise _fail(path, row, "no stamp", "a tick")
    width = pc.max(pc.binary_length(column)).as_py()
    padded = pc.ascii_rpad(column, width, padding="\0")
    data = b"".join(
        chunk.buffers()[2].to_pybytes()[: len(chunk) * width] for chunk in padded.chunks
    )
    return np.frombuffer(data, dtype=f"S{width}")


def _clock_of(path: Path, stamp: bytes) -> Clock:
    try:
        return clock_of(stamp.decode("utf-8", "replace"))
    except TimestampError as error:
        line = line_number(path, 0, skip=1)
        raise FileFormatError(f"{path}, line {line}: {error}") from error


def _ticks(path: Path, stamps: NDArray[np.bytes_], clock: Clock) -> NDArray[np.int64]:
    def good(count: int) -> bool:
        try:
            as_ticks(stamps[:count], clock=clock)
        except TimestampError:
            return False
        return True

    try:
        return as_ticks(stamps, clock=clock)
    except TimestampError as error:
        row = first_bad(len(stamps), good)
        found = stamps[row].decode("utf-8", "replace")[:40]
        expected = f"a tick of 1/{clock} s in the years 2000 to 2100"
        raise _fail(path, row, repr(found), expected) from error


def _refuse_rounded(
    path: Path, stamps: NDArray[np.bytes_], ticks: NDArray[np.int64]
) -> None:
    """Refuse stamps that a spreadsheet rounded to a few digits.

    A channel that never changes would else be read as a few samples.
    """
    again = np.flatnonzero(np.diff(ticks) == 0) + 1
    # Before the E are the digits that were kept, and the point.
    kept = np.char.find(np.char.upper(stamps[again]), b"E") - 1
    cut = again[(kept >= 0) & (kept < len(str(ticks[0])))]
    if len(cut):
        found = stamps[cut[0]].decode("utf-8", "replace")
        expected = (
            "a stamp of its own: a spreadsheet rounds stamps when it saves a file; "
            "fetch the file again"
        )
        raise _fail(path, int(cut[0]), f"{found!r} as in the line before", expected)


def _family(texts: list[str], at: int, clock: Clock, options: ReadOptions) -> Family:
    headings = filter(None, map(parse_heading, texts[at + 1 :]))
    return guess_family(map(_key_of, headings), clock, options.model)


def _columns(path: Path, texts: list[str], at: int, family: Family) -> list[_Column]:
    """Return the columns that are channels, and warn of others."""
    columns: dict[Datatype, _Column] = {}
    unknown = []
    for number, text in enumerate(texts):
        if number == at or text == _USER:
            continue
        heading = parse_heading(text)
        row = None if heading is None else find_row(family, _key_of(heading))
        if heading is None or row is None:
            unknown.append(text or f"column {number + 1}")
        elif row in columns:
            raise FileFormatError(
                f"{path}, line 1: found {row.api_name} twice ({text!r}), expected one "
                "column a channel"
            )
        else:
            columns[row] = _Column(number, heading, row)
    if unknown:
        warn(
            f"{path}: {', '.join(unknown)} left out: no channel of {family}",
            SkippedChannelWarning,
        )
    return list(columns.values())


# -- columns to channels ---------------------------------------------------------------


class _FrameMaker:
    """Makes the frames of one file; channels with the same stamps share an index."""

    def __init__(
        self, sheet: _Sheet, options: ReadOptions, record_id: int | None
    ) -> None:
        self._sheet = sheet
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
        receipt = Receipt(samples=len(frame), duplicates=dropped)
        return LazyChannel(read=lambda: frame, receipt=receipt)

    def _samples(
        self, column: _Column
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """Return ticks and values of a column, and how many cells repeat."""
        cells = self._sheet.cells.column(column.number)
        rows = np.flatnonzero(cells.is_valid().to_numpy())
        values = cells.to_numpy()[rows]
        where = f"{self._sheet.path}, line 1"
        if not check_unit(column.heading, column.row, where):
            _refuse_litres(values, column, where)
        ticks = self._sheet.ticks[rows]
        if (np.diff(ticks) > 0).all():
            return ticks, values, 0
        return self._merged(column, rows, values)

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
            other = line_number(self._sheet.path, int(rows[at - 1]), skip=1)
            raise _fail(
                self._sheet.path,
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


def _refuse_litres(values: NDArray[np.float64], column: _Column, where: str) -> None:
    """Refuse a heading in L/min whose values could be L/min."""
    most = np.nanmax(values, initial=0.0)
    if 0 < most < _MOST_L_PER_MIN:
        raise FileFormatError(
            f"{where}: found [{column.heading.unit}] for {column.row.api_name} and "
            f"values up to {most:g}, which fit L/min and mL/min; the service gives "
            f"[{column.row.unit}]: write that into the heading if it is so"
        )


def _info(sheet: _Sheet, texts: list[str]) -> dict[str, Any]:
    info: dict[str, Any] = {}
    for key, pattern in (("id", r"record-(\d+)\b.*"), ("range_id", r"range-(\d+)\b.*")):
        match = re.fullmatch(pattern, sheet.path.stem)
        if match:
            info[key] = int(match[1])
    if _USER in texts:
        info["user_id"] = _user_id(sheet, texts.index(_USER))
    return info


def _user_id(sheet: _Sheet, number: int) -> int:
    users = pc.unique(sheet.cells.column(number).drop_null()).to_pylist()
    match = (
        re.fullmatch(r"(?:/api/(?:v\d+/)?user/)?(\d+)/?", users[0]) if users else None
    )
    if len(users) != 1 or match is None:
        raise FileFormatError(
            f"{sheet.path}: found the users {users[:5]}, expected one user; make a "
            "file of each and open them one by one"
        )
    return int(match[1])
