"""The info files of an export, info.json and statistics.csv: id, start, end, facts.

The converter's folders hold the same two files. Samples do not belong here.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, family_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    MissingFactsWarning,
    TimestampError,
    warn,
)
from hexoframe.formats.archive.events import as_utf8
from hexoframe.jsontext import JsonSource
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import clock_of
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = [
    "INFO_FILES",
    "InfoFiles",
    "Statistics",
    "parse_info",
    "parse_statistics",
    "parse_tick",
    "read_info_files",
    "start_tick",
    "stated_end",
]

INFO_FILES = frozenset({"info.json", "statistics.csv"})
"""Names of the files without samples."""

# Facts that RecordData has under names of its own.
_OWN_NAMES = ("uri", "start", "end", "start_date")
# Keys of the start in info.json.
_STARTS = ("start", "start_timestamp")
# Ticks, at most a second, by which two files may print the start differently.
_SAME_START = 256
_LONGEST_S = 10**9  # thirty years
# Real ones have 1 to 2 kB, and 100 bytes an annotation.
_MOST_BYTES = 4 << 20


# -- both files ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InfoFiles:
    """Content of the two files; `info` is empty if there is no info.json.

    `label` is the path of the record, for messages.
    """

    label: str
    info: dict[str, Any]
    statistics: Statistics | None

    def statistic(self, name: str) -> str:
        """Return a value of statistics.csv as printed; empty if it has none."""
        if self.statistics is None:
            return ""
        return self.statistics.table.get(name, ("", ""))[0]

    def named_info(self) -> dict[str, Any]:
        """Return the facts of info.json under the names that all sources use."""
        devices, user = self.info.get("devices") or [], self.info.get("user")
        known = {
            "id": self.record_id,
            "user_id": user if isinstance(user, int | str) else None,
            "device": devices[0] if len(devices) == 1 else None,
        }
        named = {key: value for key, value in known.items() if value is not None}
        kept = {
            key: value
            for key, value in self.info.items()
            if key not in {"user", "start"}
        }
        return {**kept, **named}

    @property
    def record_id(self) -> int | None:
        """Id by statistics.csv, the request or the folder, else by info.json."""
        request = str(self.info.get("request", ""))
        for found in (
            re.search(r"/record/(\d{1,18})/", self.statistic("uri")),
            re.search(r"[?&]record=(\d{1,18})(?!\d)", request),
            re.fullmatch(r"record_(\d{1,18})(?:\.zip)?", PurePath(self.label).name),
        ):
            if found:
                return int(found[1])
        number = self.info.get("id")
        if isinstance(number, str) and re.fullmatch(r"\d{1,18}", number):
            return int(number)
        return number if isinstance(number, int) else None

    def facts(self, names: Iterable[str], *, source: str, clock: Clock) -> Facts:
        """Return info, annotations and statistics of a record.

        `names` are its channels, `source` the name of the format they came in.
        """
        info = {**self.named_info(), "provenance": dict.fromkeys(names, source)}
        if self.statistics is None:
            return Facts(info=info)
        rows = [
            {"name": name, "value": value or None, "unit": unit or None}
            for name, (value, unit) in self.statistics.table.items()
            if name not in _OWN_NAMES
        ]
        try:
            annotations = facts_table(
                "annotations", self.statistics.annotations, clock=clock
            )
        except TimestampError as error:
            raise FileFormatError(
                f"{self.label}/statistics.csv, annotations: {error}"
            ) from error
        return Facts(
            info=info,
            annotations=annotations,
            statistics=facts_table("statistics", rows),
        )


def read_info_files(container: Container, *, start_given: bool = False) -> InfoFiles:
    """Read info.json and statistics.csv, if a record has them.

    A file that cannot be read is left out with a warning if the other one, or the
    caller, tells the start of the record; so are statistics of another record.
    """
    names = {name.lower(): name for name in container.sizes()}
    label = container.label
    info: dict[str, Any] = {}
    statistics, errors = None, []
    if name := names.get("info.json"):
        try:
            info = parse_info(_small(container, name), where=f"{label}/{name}")
        except FileFormatError as error:
            errors.append(error)
    if name := names.get("statistics.csv"):
        where = f"{label}/{name}"
        try:
            statistics = parse_statistics(_small(container, name), where=where)
            statistics = _without_rounded(statistics, where)
        except FileFormatError as error:
            errors.append(error)
    told = start_given or any(key in info for key in _STARTS)
    if statistics is not None:
        told = told or bool(statistics.table.get("start", ("", ""))[0])
    for damage in errors:
        if not told:
            raise damage
        warn(f"{damage}; the file is left out", MissingFactsWarning)
    if statistics is not None and (other := _other_record(statistics, info)):
        warn(f"{label}: {other}; statistics.csv is left out", MissingFactsWarning)
        statistics = None
    return InfoFiles(label, info, statistics)


def _small(container: Container, name: str) -> bytes:
    """Return the content of an info file; one of many megabytes is none."""
    size = container.sizes()[name]
    if size > _MOST_BYTES:
        raise FileFormatError(
            f"{container.label}/{name}: {size:,} bytes, expected at most "
            f"{_MOST_BYTES:,}; fetch the export again"
        )
    return container.read(name)


def _without_rounded(statistics: Statistics, where: str) -> Statistics:
    """Drop start and end that a spreadsheet rounded, with a warning."""
    table = dict(statistics.table)
    rounded = [
        name for name in ("start", "end") if _is_rounded(*table.get(name, ("",)))
    ]
    if not rounded:
        return statistics
    shown = ", ".join(f"{name} {table.pop(name)[0]}" for name in rounded)
    warn(
        f"{where}: a spreadsheet rounded {shown}, which is not used; fetch the export "
        "again",
        MissingFactsWarning,
    )
    return replace(statistics, table=table)


def _is_rounded(text: str, *_: str) -> bool:
    """Whether a number is printed with an exponent and without all of its digits."""
    try:
        exponent = Decimal(text).as_tuple().exponent
    except ArithmeticError:
        return False
    return "e" in text.lower() and isinstance(exponent, int) and exponent > 0


def _other_record(statistics: Statistics, info: dict[str, Any]) -> str:
    """Say why the statistics are of another record than info.json; empty if not."""
    uri = statistics.table.get("uri", ("", ""))[0]
    own = re.search(r"[?&]record=(\d{1,18})(?!\d)", str(info.get("request", "")))
    number = re.search(r"/record/(\d{1,18})/", uri)
    if own and number and own[1] != number[1]:
        return (
            f"info.json is of record {own[1]}, statistics.csv of record {number[1]}: "
            "one of them is not of this record"
        )
    begins = statistics.table.get("start", ("", ""))[0]
    try:
        told = _whole_number(begins)
        start = _whole_number(next(info[key] for key in _STARTS if key in info))
    except (StopIteration, ValueError):
        return ""
    if abs(told - start) > _SAME_START:
        return f"info.json starts at tick {start}, statistics.csv at {told}"
    return ""


# -- start and end ---------------------------------------------------------------------


def start_tick(files: InfoFiles, options: ReadOptions) -> int | None:
    """Return the first tick by info.json, statistics.csv or the caller.

    A `ConfigurationError` tells that the caller's start differs from that of the files,
    or is a time and nothing tells the clock.
    """
    stated = _stated_start(files)
    contradiction = _contradiction(files)
    if options.start is None:
        if contradiction:
            raise FileFormatError(f"{contradiction}; say it with start=")
        return None if stated is None else parse_tick(stated[0], where=stated[1])
    told = None if stated is None or contradiction else _tick_or_none(*stated)
    given = _given_start(options, told)
    if stated is not None and told is not None and given != told:
        raise ConfigurationError(
            f"start={options.start!r} is tick {given}, but {stated[1]} says {told} "
            f"({tick_to_time(told, clock=clock_of(told)).isoformat()}): start= is for "
            "files that do not tell, leave it out"
        )
    return given


def _stated_start(files: InfoFiles) -> tuple[object, str] | None:
    """Return the start as printed, and the place of it for messages."""
    for key in _STARTS:
        if key in files.info:
            return files.info[key], f"{files.label}/info.json, {key!r}"
    text = files.statistic("start")
    return (text, f"{files.label}/statistics.csv, 'start'") if text else None


def _contradiction(files: InfoFiles) -> str:
    """Say if info.json has two starts that differ, as where numbers were rounded."""
    start, posix = files.info.get("start"), files.info.get("timestamp")
    if not isinstance(start, int | float) or not isinstance(posix, int | float):
        return ""
    try:
        seconds = start / clock_of(int(start))
    except ValueError:
        return ""
    if abs(seconds - posix) <= 1:
        return ""
    return (
        f"{files.label}/info.json: 'start' is {start}, which is {seconds:.3f} s since "
        f"1970, and 'timestamp' {posix} s: one of them was changed"
    )


def _tick_or_none(value: object, where: str) -> int | None:
    """Read a start; None if it cannot be read, since start= can replace it."""
    try:
        return parse_tick(value, where=where)
    except FileFormatError:
        return None


def _given_start(options: ReadOptions, told: int | None) -> int:
    """Return the caller's start as a tick, on the clock of the files or the model."""
    if isinstance(options.start, int | np.integer):
        return int(options.start)
    if told is not None:
        return moment_to_tick(options.start, clock=clock_of(told), rounding="exact")
    if options.model is None:
        raise ConfigurationError(
            f"start={options.start!r} needs model=, which says the clock; or give "
            "the start in ticks"
        )
    clock = CLOCK_OF_FAMILY[family_of(options.model)]
    return moment_to_tick(options.start, clock=clock, rounding="exact")


def stated_end(files: InfoFiles, start: int, clock: Clock) -> int | None:
    """Return the end by statistics.csv, which has a tick or a duration in s."""
    where = f"{files.label}/statistics.csv"
    end, duration = files.statistic("end"), files.statistic("duration")
    if end:
        return max(start, parse_tick(end, where=f"{where}, 'end'"))
    if not duration:
        return None
    try:
        seconds = Decimal(duration)
        # An exponent could ask for any number of digits.
        if not abs(seconds) < _LONGEST_S:
            raise ValueError(f"more than {_LONGEST_S} s")  # noqa: TRY301
        return start + max(0, round(Fraction(seconds) * clock))
    except (ValueError, ArithmeticError) as error:
        raise FileFormatError(
            f"{where}, 'duration': expected seconds, found {duration!r}"
        ) from error


def parse_tick(value: object, *, where: str) -> int:
    """Read a tick exactly; text may have an exponent or a fraction of zeros."""
    try:
        tick = _whole_number(value)
        clock_of(tick)
    except ValueError as error:
        raise FileFormatError(
            f"{where}: expected a time in ticks, found {value!r} ({error}); say it "
            "with start="
        ) from error
    return tick


# -- each file -------------------------------------------------------------------------


def parse_info(data: bytes, *, where: str) -> dict[str, Any]:
    """Read info.json, which must be a JSON object."""
    source = JsonSource(where, advice="fetch the export again")
    if not data.strip(b"\0"):
        raise source.fail("not JSON: the file is empty, or holds zeros only")
    info = source.typed(source.read(data), dict[str, Any])
    source.typed(info, _InfoForm)
    return info


class _InfoForm(NamedTuple):
    """The keys of info.json that are used; times are checked where they are."""

    id: int | str | None = None
    devices: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Content of statistics.csv.

    Attributes
    ----------
    table : dict of str to (str, str)
        Value and unit by name, as printed.
    annotations : list of dict
        id, time (tick), datatype, comment.
    """

    table: dict[str, tuple[str, str]]
    annotations: list[dict[str, Any]]


def parse_statistics(data: bytes, *, where: str) -> Statistics:
    """Read both tables of statistics.csv, in the dialects of 2017 and 2021.

    What spreadsheets make of them is read as well: semicolons or tabs, decimal commas,
    empty cells at the ends, a column of row numbers, no row of units, a row a name.
    """
    rows = _rows(data, where)
    if rows and rows[0][:1] == [""] and rows[0][1:2] == ["uri"]:
        rows = [row[1:] for row in rows]
    first = [row[0] for row in rows[:2]]
    if first == ["uri", "start_date"]:
        names, *others = (list(cells) for cells in zip_longest(*rows, fillvalue=""))
        rows = [names, *others[-2:]]
    if len(rows) > 1 and rows[1][0].startswith("/api/"):
        rows.insert(1, [""] * len(rows[1]))
    if len(rows) < 3 or not len(rows[0]) == len(rows[1]) == len(rows[2]):
        raise FileFormatError(
            f"{where}: expected a row of names, one of units and one of values of the "
            f"same length; found rows of {[len(row) for row in rows[:3]]} cells"
        )
    names, units, values = rows[:3]
    if "uri" not in names:
        raise FileFormatError(
            f"{where}: expected the column 'uri', found {', '.join(names[:5])[:80]!r}; "
            "fetch the export again"
        )
    table = {
        name: (value, "" if unit == "na" else unit)
        for name, unit, value in zip(names, units, values, strict=True)
    }
    return Statistics(table, _annotations(rows[3:], where))


def _rows(data: bytes, where: str) -> list[list[str]]:
    """Return the rows that hold anything, all of the first table as long as it."""
    text = as_utf8(data).decode("utf-8", "replace")
    text = re.sub(r"\Asep=.\r?\n", "", text)
    head = text.partition("\n")[0]
    comma = max(",;\t", key=head.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=comma)
        rows = [row for row in lines if any(row)]
    except csv.Error as error:
        raise FileFormatError(f"{where}: not a table: {error}") from error
    if comma != ",":
        rows = [[_with_point(cell) for cell in row] for row in rows]
    if rows and not any(row[-1] for row in rows):
        width = max(at + 1 for row in rows for at, cell in enumerate(row) if cell)
        rows = [row[:width] for row in rows]
    return rows


def _with_point(cell: str) -> str:
    """Return a decimal comma as a point."""
    return re.sub(r"\A(-?\d+),(\d+(?:[eE][-+]?\d+)?)\Z", r"\1.\2", cell)


def _annotations(rows: list[list[str]], where: str) -> list[dict[str, Any]]:
    headers = [at for at, row in enumerate(rows) if row[:1] == ["uri"]]
    if not headers:
        return []
    names = _stripped(rows[headers[0]])
    found = []
    for row in rows[headers[0] + 1 :]:
        # A spreadsheet makes all rows equally long.
        cells = row[: len(names)] if not any(row[len(names) :]) else row
        if len(cells) != len(names):
            raise FileFormatError(
                f"{where}: expected an annotation {names}, found {row}"
            )
        found.append(_annotation(dict(zip(names, cells, strict=True)), where))
    return found


def _stripped(row: list[str]) -> list[str]:
    """Return a row without the empty cells at its end."""
    filled = [at for at, cell in enumerate(row) if cell]
    return row[: filled[-1] + 1] if filled else []


def _annotation(cells: dict[str, str], where: str) -> dict[str, Any]:
    try:
        return {
            "id": _last_number(cells["uri"]),
            "time": _whole_number(cells["start"]),
            "datatype": _whole_number(cells["datatype"]),
            "comment": _comment(cells["comment"]),
        }
    except (KeyError, ValueError) as error:
        raise FileFormatError(f"{where}: broken annotation {cells}: {error}") from error


def _whole_number(value: object) -> int:
    """Return an int64, or raise ValueError."""
    if isinstance(value, str) and _is_rounded(value):
        raise ValueError(f"{value} was rounded, by a spreadsheet perhaps")
    try:
        number = Decimal(value)  # type: ignore[arg-type]
        if abs(number) < 1 << 63 and number == int(number):
            return int(number)
    except (ArithmeticError, TypeError, ValueError):
        pass
    raise ValueError(f"{value!r} is not a whole number")


def _last_number(uri: str) -> int | None:
    match = re.search(r"(?<!\d)(\d{1,18})/?$", uri)
    return None if match is None else int(match[1])


def _comment(text: str) -> str:
    """Decode the bytes literal that the export prints."""
    if re.fullmatch(r"b(['\"]).*\1", text, flags=re.DOTALL):
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return text
