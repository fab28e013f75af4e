"""The files without samples of a classic .txt folder: info, annotations, track.

Dicts and tables become text here, and text becomes dicts and tables.
"""

from __future__ import annotations

import ast
import csv
import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.errors import FileFormatError
from hexoframe.recording.facts import facts_table
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from hexoframe.formats.text.lines import Stamps
    from hexoframe.formats.text.names import Dialect

__all__ = [
    "info_text",
    "parse_info",
    "parse_ranges",
    "parse_track",
    "ranges_text",
    "track_text",
    "user_of",
]

_SEPARATOR = " : "
# Ends a stamp, which may hold any other character, even a line feed.
_RECORD_MARK = b"\x1e"
_RANGES = ("rank", "start", "end", "id", "name", "trainingroutine", "note")
_TRACK = ("altitude", "longitude", "latitude", "horizontal_accuracy")
# How the old script prints the user of a record: <hexoskin.client....user: 1511>
_USER = re.compile(r"<.*\b(?:user|account): (\d+)>")


# -- info ------------------------------------------------------------------------------


def info_text(info: dict[str, Any]) -> str:
    """Return facts as lines ``key : value``.

    Text that would be read as something else (a number, several lines) is a JSON
    string; lists and dicts are JSON.
    """
    return "".join(
        f"{_spelt(key)}{_SEPARATOR}{_spelt(value)}\n" for key, value in info.items()
    )


def user_of(info: Mapping[str, Any], dialect: Dialect) -> dict[str, str]:
    """Return the user of a record as the old script prints it, if that is known.

    The vendor's prints the object that its login left in the cache, an account. The
    port prints a user; it gets one only in place of an account.
    """
    number = info.get("user_id")
    if number is None or (dialect == "port" and "user" not in info):
        return {}
    kind = "account" if dialect == "classic" else "user"
    return {"user": f"<hexoskin.client.{kind}: {number}>"}


def _spelt(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return str(value)
    # The space of a separator may follow.
    marks = (_SEPARATOR, *"\n\r")
    odd = value.startswith('"') or any(mark in f"{value} " for mark in marks)
    return json.dumps(value) if odd or _value(value) != value else value


def parse_info(text: str) -> dict[str, Any]:
    """Read what `info_text` or an old script wrote, as JSON values.

    A line without a separator continues the value before it.
    """
    rows: list[list[str]] = []
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        key, separator, value = _split(line)
        if separator:
            rows.append([key, value])
        elif rows:
            rows[-1][1] += f"\n{line}"
    info = {str(_value(key)): _value(value) for key, value in rows}
    user = _USER.fullmatch(str(info.get("user", "")))
    if user and "user_id" not in info:
        info["user_id"] = int(user[1])
    return info


def _split(line: str) -> tuple[str, str, str]:
    """Split at the first separator that is not inside a quoted key."""
    at = 0
    if line.startswith('"'):
        try:
            _, at = json.JSONDecoder().raw_decode(line)
        except ValueError:
            at = 0
    key, separator, value = line[at:].partition(_SEPARATOR)
    return line[:at] + key, separator, value


def _value(text: str) -> Any:
    """Return the JSON value of a text, or the text itself."""
    named = {"None": None, "True": True, "False": False}
    if text in named:
        return named[text]
    if text[:1] in {'"', "{", "["}:
        return _structure(text)
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # 007 and 1.10 are not numbers but versions and the like.
        if str(number) == text and math.isfinite(number):
            return number
    return text


def _structure(text: str) -> Any:
    """Read JSON, or the same as Python prints it."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
            # Half a character, or endless nesting, could not be written again.
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        return value
    return text


# -- annotations.txt: the ranges -------------------------------------------------------


def ranges_text(ranges: pd.DataFrame, stamps: Stamps) -> str:
    """Return the ranges as rows with a last tab; `stamps` writes their times.

    Tabs and line breaks in names and notes become spaces, as else the file could not be
    read.
    """
    columns = [
        _stamp_texts(ranges[name], stamps)
        if name in {"start", "end"}
        else [_cell(value) for value in ranges[name]]
        for name in _RANGES
    ]
    rows = ["\t".join(row) + "\t\n" for row in zip(*columns, strict=True)]
    return "\t".join(_RANGES) + "\n" + "".join(rows)


def _stamp_texts(times: pd.Series[Any], stamps: Stamps) -> list[str]:
    """Return times as stamps, rounded to the nearest tick."""
    there = times.notna().to_numpy()
    index = pd.DatetimeIndex(times[there]).as_unit("ns")
    length = NS_PER_TICK[stamps.clock]
    ticks = (np.asarray(index.asi8) + length // 2) // length
    texts = np.full(len(times), "None", dtype=object)
    lines = digits.join([stamps.write(ticks)], newline=_RECORD_MARK)
    texts[there] = lines.decode().split(_RECORD_MARK.decode())[:-1]
    return [str(text) for text in texts]


def _cell(value: Any) -> str:
    return "None" if pd.isna(value) else re.sub(r"[\t\r\n]", " ", str(value))


def parse_ranges(text: str, stamps: Stamps, *, where: str) -> pd.DataFrame:
    """Read what `ranges_text` or an old script wrote, with a header or without.

    Times are ticks, or written as the samples are (`stamps`).
    """
    text = text.replace("\r\n", "\n")
    header = text.startswith("rank\t")
    body = text.partition("\n")[2] if header else text
    # A note may have several lines. Rows end with a tab, if they have one at all.
    mark = "\t\n" if "\t\n" in body else "\n"
    lines = body.removesuffix(mark).split(mark) if body else []
    stamps = _written(lines, stamps)
    numbers = 1 + header + np.cumsum([0, *(line.count("\n") + 1 for line in lines)])
    rows = [
        _range(line, stamps, where=f"{where}: line {number}")
        for line, number in zip(lines, numbers.tolist(), strict=False)
    ]
    return facts_table("ranges", rows, clock=stamps.clock)


def _written(lines: list[str], stamps: Stamps) -> Stamps:
    """Return how times are written; the old script always wrote ticks."""
    start = lines[0].partition("\t")[2].partition("\t")[0] if lines else ""
    is_tick = start.partition(".")[0].isdecimal()
    return replace(stamps, fmt=None) if is_tick else stamps


def _range(line: str, stamps: Stamps, *, where: str) -> dict[str, Any]:
    """Read one row; surplus fields belong to the note."""
    width = stamps.fields
    fields = line.split("\t")
    # The last tab ends the row, unless it is the one before an empty note.
    if len(fields) > 5 + 2 * width and not fields[-1]:
        fields.pop()
    if len(fields) < 5 + 2 * width:
        raise FileFormatError(
            f"{where}: found {line!r}, expected {5 + 2 * width} fields split by tabs: "
            f"{', '.join(_RANGES)}"
        )
    bounds = ["\t".join(fields[at : at + width]) for at in (1, 1 + width)]
    number, name, routine, *note = fields[1 + 2 * width :]
    try:
        start, end = _bounds(bounds, stamps)
        row = {"rank": fields[0], "id": number}
        whole = {key: _whole(value) for key, value in row.items()}
    except ValueError as error:
        raise FileFormatError(f"{where}: {error} in {line!r}") from error
    texts = {"name": name, "trainingroutine": routine, "note": "\t".join(note)}
    said = {key: None if value == "None" else value for key, value in texts.items()}
    return {**whole, "start": start, "end": end, **said}


def _bounds(texts: list[str], stamps: Stamps) -> list[pd.Timestamp | None]:
    known = [text for text in texts if text != "None"]
    index = iter(ticks_to_index(stamps.read(known), clock=stamps.clock))
    return [None if text == "None" else next(index) for text in texts]


def _whole(text: str) -> int | None:
    """Return a whole number, which the API may give as a float."""
    if text == "None":
        return None
    number = float(text)
    if not number.is_integer():
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


# -- track -----------------------------------------------------------------------------


def track_text(track: pd.DataFrame) -> str:
    """Return GPS points: time in UTC without a zone, as in the API, and values."""
    times = pd.DatetimeIndex(track.index).tz_convert("UTC").tz_localize(None)
    stamps = [time.to_pydatetime(warn=False).isoformat() for time in times]
    values = [
        ["None" if np.isnan(value) else repr(value) for value in track[name].tolist()]
        for name in _TRACK
    ]
    return "".join("\t".join(row) + "\n" for row in zip(stamps, *values, strict=True))


def parse_track(text: str, *, where: str) -> pd.DataFrame:
    """Read what `track_text` or an old script wrote."""
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    rows = [
        _point(fields, where=f"{where}: line {number}")
        for number, fields in enumerate(
            csv.reader(lines.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE), 1
        )
        if lines
    ]
    return facts_table("track", rows)


def _point(fields: list[str], *, where: str) -> dict[str, Any]:
    if fields and not fields[-1]:
        fields = fields[:-1]
    try:
        time = dt.datetime.fromisoformat(fields[0])
        values = [None if text == "None" else float(text) for text in fields[1:]]
        named = dict(zip(_TRACK, values, strict=True))
    except (ValueError, IndexError) as error:
        raise FileFormatError(
            f"{where}: found {fields!r}, expected an ISO time, {', '.join(_TRACK)}, "
            "split by tabs"
        ) from error
    utc = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    return {"time": utc.isoformat(), **named}
