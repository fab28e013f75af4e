"""Text -> ticks: seconds by columns where they have a fixed place, the rest once each.

An ambiguous hour (the one that comes twice when daylight saving time ends) is resolved
or refused here; `zones` finds it. Numbers as text are handled by `ticks`.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe import digits
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.timestamps.ticks import (
    CLASSIC_FORMAT,
    NOT_ARROW,
    Clock,
    between_ticks,
    check_clock,
    is_text,
    limits,
    to_arrow,
)
from hexoframe.timestamps.writing import (
    as_bytes,
    as_text,
    check_readable,
    distinct,
    fill_rows,
    format_parts,
    to_the_left,
    write,
)
from hexoframe.timestamps.zones import offset_of, offsets, second_pass, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_WIDTHS = {"Y": 4, "G": 4, "f": 6, "j": 3, "u": 1, "w": 1} | dict.fromkeys(
    "dHImMSUVWy", 2
)
_FORMS = {key: rf"\d{{{width}}}" for key, width in _WIDTHS.items()} | {
    "f": r"\d{1,6}",
    "z": r"Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d",
    "Z": r"[A-Za-z]+|[+-]\d{4}|[+-]\d\d",
}
_DATES = ("Ymd", "Ybd", "YBd", "ymd", "ybd", "yBd", "Yj", "yj", "GVu")
_LIMITS = {
    "Y": ("year", 1999, 2101),
    "m": ("month", 1, 12),
    "H": ("hour", 0, 23),
    "I": ("hour", 1, 12),
    "M": ("minute", 0, 59),
}


def text_to_ticks(
    text: Any, *, clock: Clock, fmt: str = CLASSIC_FORMAT, tz: str = "UTC"
) -> NDArray[np.int64]:
    """Read time stamps that were written with a format, to the exact tick.

    Parameters
    ----------
    text : list, ndarray, Series, Index or pyarrow array of str or bytes, shape (n,)
        The stamps; or ``(n, width)`` uint8 columns as `ticks_to_bytes` makes them.
    clock : {256, 1000}
        Ticks a second.
    fmt : str
        Format of the stamps. Numbers have the width that ``strftime`` gives them;
        ``%f`` may be shorter.
    tz : str, default "UTC"
        Name of the zone of the stamps; an offset in the text (``%z``) has priority.

    Returns
    -------
    ndarray of int64, shape (n,)
        The nearest ticks: microseconds may be rounded or cut off.

    Raises
    ------
    TimestampError
        If a stamp does not fit the format, does not exist (a month 13, the hour that
        the clocks skip in spring), is ambiguous (the hour that they repeat in autumn,
        where the order of the stamps does not tell which of the two it is), lies
        between two ticks, or outside 2000 to 2100; names the row, from 0, and the text.
    ConfigurationError
        If `fmt` cannot be read, does not give a whole date, or there is no such zone.
    """
    check_clock(clock)
    layout, zone = _layout(fmt), zone_of(tz)
    table = text_rows(text)
    if not len(table):
        return np.zeros(0, np.int64)
    stamps = _read(table, layout)
    local = stamps.seconds * clock + _phases(stamps, clock)
    ticks = local - _offsets(stamps, local, zone=zone, clock=clock) * clock
    first, last = limits(clock)
    _refuse(
        stamps.table,
        (ticks < first) | (ticks > last),
        "lies outside the years 2000 to 2100",
    )
    return ticks


# --- formats --------------------------------------------------------------------------


class _Layout(NamedTuple):
    """A format, prepared for reading."""

    fmt: str
    keys: tuple[str, ...]  # of its directives
    needed: str  # those that give the minute; the others repeat something
    pattern: str  # with a group for each directive
    spans: dict[str, slice]  # the bytes of %S and %f, where their place is fixed


@functools.lru_cache(maxsize=64)
def _layout(fmt: str) -> _Layout:
    """Prepare to read a format."""
    check_readable(fmt)
    keys = [part.key for part in format_parts(fmt) if part.key]
    needed = _needed(keys, fmt)
    pattern = "".join(
        f"(?P<{key}>{_FORMS.get(key, '[^|]+?')})" if key else re.escape(text)
        for key, text in format_parts(fmt)
    )
    spans, at = {}, 0
    for key, text in format_parts(fmt):
        width = _WIDTHS.get(key, 0) if key else len(text.encode())
        if not width:
            break  # what follows has no fixed place
        if key in {"S", "f"}:
            spans[key] = slice(at, at + width)
        at += width
    return _Layout(fmt, tuple(keys), needed, rf"(?s)\A{pattern}\z", spans)


def _needed(keys: list[str], fmt: str) -> str:
    """Return the directives that give the minute; raise if one is missing."""
    seen = set(keys)
    date = next((letters for letters in _DATES if seen >= set(letters)), None)
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if date is None:
        why = "it does not say the whole date; %Y %m %d, %Y %j or %G %V %u do"
    elif twice is not None:
        why = f"%{twice} is in it twice; name each part of a time once"
    elif "H" not in seen and ("I" in seen) != ("p" in seen):
        why = "only %I and %p together say the hour; use both, or %H"
    else:
        hour = "H" if "H" in seen else "Ip" if "I" in seen else ""
        return date + hour + "M" * ("M" in seen)
    raise ConfigurationError(f"format {fmt!r} cannot be read: {why}")


# --- stamps ---------------------------------------------------------------------------


class _Stamps(NamedTuple):
    """Stamps as read, in local time."""

    table: NDArray[np.uint8]  # (n, width)
    seconds: NDArray[np.int64]  # (n,): local, since 1970
    micros: NDArray[np.int64]  # (n,)
    offsets: NDArray[np.int64] | None  # (n,): %z
    names: NDArray[np.str_] | None  # (n,): %Z


def _refuse(table: NDArray[np.uint8], wrong: NDArray[np.bool_], why: str) -> None:
    """Raise TimestampError for the first wrong row, if there is one."""
    if wrong.any():
        row = int(wrong.argmax())
        text = as_text(table[row : row + 1])[0]
        raise TimestampError(f"row {row}: {str(text)!r} {why}")


def _read(table: NDArray[np.uint8], layout: _Layout) -> _Stamps:
    """Read all stamps; the part that the stamps of a minute share is read once."""
    numbers, rest = _lift_seconds(table, layout.spans)
    texts, place = distinct(as_bytes(rest))
    groups = pc.extract_regex(pa.array(texts), pattern=layout.pattern)
    fits = groups.is_valid().to_numpy(zero_copy_only=False)
    _refuse(table, ~fits[place], f"does not fit the format {layout.fmt!r}")
    fields = dict(zip(layout.keys, groups.flatten(), strict=True))
    for key in numbers.keys() & fields.keys():
        found = fields.pop(key).cast(pa.string())
        found = pc.utf8_rpad(found, width=_WIDTHS[key], padding="0")
        numbers[key] = numbers[key] + found.cast(pa.int64()).to_numpy()[place]
    _refuse(table, numbers["S"] > 59, "has a second outside 0 to 59")
    ahead = _each(fields.pop("z"), offset_of)[place] if "z" in fields else None
    names = _each(fields.pop("Z"), str)[place] if "Z" in fields else None
    minutes = _minutes(fields, table, place=place, needed=layout.needed)
    seconds = minutes * 60 + numbers["S"]
    return _Stamps(table, seconds, numbers["f"], ahead, names)


def _lift_seconds(
    table: NDArray[np.uint8], spans: dict[str, slice]
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.uint8]]:
    """Read %S and %f by columns, and return the texts with zeros in their place.

    Texts without digits there are not changed, and their numbers are 0.
    """
    lifted = {key: np.zeros(len(table), np.int64) for key in "Sf"}
    if max((span.stop for span in spans.values()), default=0) > table.shape[1]:
        return lifted, table
    read = {key: digits.decode_integers(table[:, span]) for key, span in spans.items()}
    valid = np.ones(len(table), np.bool_)
    for _, good in read.values():
        valid &= good
    rows = slice(None) if valid.all() else valid
    rest = table.copy()
    for key, span in spans.items():
        rest[rows, span] = ord("0")
        lifted[key][rows] = read[key][0][rows]
    return lifted, rest


def _each(texts: Any, function: Callable[[str], Any]) -> NDArray[Any]:
    """Apply a function to texts, once for each distinct one."""
    coded = texts.dictionary_encode()
    values = [function(text.decode()) for text in coded.dictionary.to_pylist()]
    found: NDArray[Any] = np.array(values)[coded.indices.to_numpy()]
    return found


def _minutes(
    fields: dict[str, Any],
    table: NDArray[np.uint8],
    *,
    place: NDArray[np.int64],
    needed: str,
) -> NDArray[np.int64]:
    """Return the local minute since 1970 of each row."""
    coded = pc.binary_join_element_wise(*fields.values(), b"|").dictionary_encode()
    place = coded.indices.to_numpy()[place]
    dates = [date.decode(errors="replace") for date in coded.dictionary.to_pylist()]
    words = [dict(zip(fields, date.split("|"), strict=True)) for date in dates]
    times = pd.to_datetime(
        pd.Index(["|".join(word[key] for key in needed) for word in words]),
        format="|".join(f"%{key}" for key in needed),
        errors="coerce",
    )
    missing = ~((times.year >= 1999) & (times.year <= 2101))[place]
    if missing.any():
        _refuse(table, missing, _why(words[place[missing.argmax()]]))
    minutes: NDArray[np.int64] = np.asarray(times.as_unit("s").asi8) // 60
    # pandas takes day 366 of every year, and the weekday is not checked yet.
    fmt = "|".join(f"%{key}" for key in fields)
    spelt = as_text(write(minutes * 60, 1, fmt=fmt, zone=dt.UTC))
    wrong = np.char.lower(spelt) != [date.lower() for date in dates]
    _refuse(table, wrong[place], "is no time that exists")
    return minutes.take(place)


def _why(date: dict[str, str]) -> str:
    """Say what is wrong with a date that pandas refuses."""
    for key, (name, first, last) in _LIMITS.items():
        if key in date and not first <= int(date[key]) <= last:
            return f"is no time of 2000 to 2100: {name} {int(date[key])}"
    if "d" in date:
        return f"is no time of 2000 to 2100: day {int(date['d'])}"
    return "is no time of 2000 to 2100"


def _phases(stamps: _Stamps, clock: Clock) -> NDArray[np.int64]:
    """Return the nearest tick; refuse microseconds that are too far from one."""
    phases = (stamps.micros * clock + 500_000) // 10**6
    distance = np.abs(phases * 10**6 - stamps.micros * clock)  # in us, times the clock
    _refuse(stamps.table, distance > clock, between_ticks(clock))
    return phases


def _offsets(
    stamps: _Stamps, local: NDArray[np.int64], *, zone: dt.tzinfo, clock: Clock
) -> NDArray[np.int64]:
    """Return the offset of local time from UTC at each stamp, in s."""
    if stamps.offsets is not None:
        return stamps.offsets
    if zone is dt.UTC and stamps.names is None:
        return np.zeros(1, np.int64)
    minutes, place = distinct(stamps.seconds // 60)
    first, second = (offset[place] for offset in offsets(minutes, zone))
    _refuse(
        stamps.table,
        first < second,
        f"does not exist in {zone}: the clocks are put forward over it; check tz=",
    )
    twice, later = first > second, np.zeros(len(local), np.bool_)
    if stamps.names is not None:
        is_first, is_second = (
            as_text(write(stamps.seconds - offset, 1, fmt="%Z", zone=zone))
            == stamps.names
            for offset in (first, second)
        )
        _refuse(
            stamps.table,
            ~(is_first | is_second),
            f"names a zone that {zone} is not in at that time; check tz=",
        )
        later = is_second & ~is_first
        twice &= is_first == is_second
    if twice.any():
        length = (first - second) * clock
        ordered, unknown = second_pass(local, twice, length=length, second=clock)
        _refuse(
            stamps.table,
            unknown,
            "is ambiguous: the clocks are put back over it, and the order of the "
            "stamps does not tell which of the two times it is; stamps in UTC, with "
            "their offset (%z) or as ticks avoid this",
        )
        later |= ordered
    return np.where(later, second, first)


# --- texts of any form ----------------------------------------------------------------


def text_rows(text: Any) -> NDArray[np.uint8]:
    """Return texts of any form as rows of bytes."""
    if isinstance(text, np.ndarray) and text.dtype == np.uint8 and text.ndim == 2:
        return to_the_left(text)
    try:
        array = to_arrow(text)
    except NOT_ARROW as error:
        raise _no_text(text) from error
    if not len(array):
        return np.zeros((0, 0), np.uint8)
    if not is_text(array.type):
        raise TimestampError(
            f"values of type {array.type} are no text; numbers are read with as_ticks, "
            "times with index_to_ticks"
        )
    coded = array.cast(pa.large_binary()).combine_chunks()
    _, offsets, data = coded.buffers()
    count = coded.offset + len(coded) + 1
    bounds = np.frombuffer(offsets, np.int64, count)[coded.offset :]
    stream = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    if not stream.all():
        at = int(stream.argmin()) + bounds[0]
        row = int(np.searchsorted(bounds, at, side="right")) - 1
        raise TimestampError(f"row {row}: {coded[row].as_py()!r} holds a NUL character")
    return fill_rows(stream, np.diff(bounds))


def _no_text(values: Any) -> TimestampError:
    """Return the error that names the first value that is no text."""
    for row, value in enumerate(values):
        try:
            pa.array([value], pa.binary())
        except NOT_ARROW:
            return TimestampError(
                f"row {row}: {value!r} is no text; drop missing stamps, and read "
                "numbers with as_ticks"
            )
    return TimestampError(f"{type(values).__name__} is no column of text")
