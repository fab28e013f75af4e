"""Ticks -> text: a table of what a minute can hold, and strftime once a minute.

What only the machine's own strftime knows (%c, %-d) is formatted once a second.
`hexoframe.digits` joins the columns of text.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from hexoframe import digits
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps.ticks import CLASSIC_FORMAT, as_ticks
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps.ticks import Clock, Halves

# Directives whose meaning Python documents: they can be written and read. What depends
# on the machine, such as %c or flags as in %-d, is written and never read. %s is left
# out: strftime takes it for local time whatever the zone is.
KNOWN = "aAbBdfGHIjmMpSuUVwWyYzZ"
_MACHINE = re.compile(r"[-_0^#]*[EO]?[aAbBcCdeFgGhHIjklmMpPrRSTuUVwWxXyYzZ]")
_SHORTHANDS = {"D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S"}
_TOKEN = re.compile(r"%([-_0^#]*[EO]?.?)|([^%]+)", re.DOTALL)

_Kind = Literal["within", "minute", "second"]


def ticks_to_bytes(
    ticks: Any,
    *,
    clock: Clock,
    fmt: str = CLASSIC_FORMAT,
    tz: str = "UTC",
    halves: Halves = "even",
) -> NDArray[np.uint8]:
    """Return the text of ticks as columns of bytes.

    Parameters
    ----------
    ticks : array_like, shape (n,)
        As for `as_ticks`.
    clock : {256, 1000}
        Ticks a second.
    fmt : str
        A format of ``datetime.strftime``, without ``%s`` (which means local time).
    tz : str, default "UTC"
        Name of the zone that the text is in, such as "America/Montreal".
    halves : {"even", "up"}
        How half a microsecond is rounded: as ``datetime.fromtimestamp`` of Python 3
        does, or as that of Python 2. It matters for 32 of the 256 ticks of a second.

    Returns
    -------
    ndarray of uint8, shape (n, width)
        ASCII, or UTF-8 where `fmt` needs it; shorter texts are filled with NUL bytes,
        possibly in the middle, which `digits.join` drops.

    Raises
    ------
    TimestampError
        As `as_ticks`.
    ConfigurationError
        If `fmt` cannot be written, or there is no such zone.
    """
    checked = as_ticks(ticks, clock=clock)
    return write(checked, clock, fmt=fmt, zone=zone_of(tz), halves=halves)


def ticks_to_text(
    ticks: Any,
    *,
    clock: Clock,
    fmt: str = CLASSIC_FORMAT,
    tz: str = "UTC",
    halves: Halves = "even",
) -> NDArray[np.str_]:
    """Return the text of ticks.

    Parameters
    ----------
    ticks, clock, fmt, tz, halves
        As for `ticks_to_bytes`.

    Returns
    -------
    ndarray of str, shape (n,)
        The texts.

    Raises
    ------
    TimestampError
        As `ticks_to_bytes`.
    ConfigurationError
        As `ticks_to_bytes`.
    """
    return as_text(ticks_to_bytes(ticks, clock=clock, fmt=fmt, tz=tz, halves=halves))


def write(
    ticks: NDArray[np.int64],
    clock: int,
    *,
    fmt: str,
    zone: dt.tzinfo,
    halves: Halves = "even",
) -> NDArray[np.uint8]:
    """Return the text of unchecked ticks of any clock."""
    tables = _tables(ticks, clock, fmt=fmt, zone=zone, halves=halves)
    text = np.empty((len(ticks), sum(table.shape[1] for table, _ in tables)), np.uint8)
    for start in range(0, len(ticks), digits.BLOCK):
        block = text[start : start + digits.BLOCK]
        at = 0
        for table, rows in tables:
            here = rows[start : start + digits.BLOCK]
            digits.paste(block, at, table.take(here, axis=0))
            at += table.shape[1]
    return text


def ticks_to_columns(
    ticks: NDArray[np.int64], *, clock: Clock, fmt: str, tz: str, halves: Halves
) -> list[NDArray[np.uint8]]:
    """Return the text of checked ticks as columns side by side.

    The same bytes as `ticks_to_bytes`, without a copy in between: `digits.join` puts
    them into lines. Give some ten thousand ticks at a time.
    """
    tables = _tables(ticks, clock, fmt=fmt, zone=zone_of(tz), halves=halves)
    return [table.take(rows, axis=0) for table, rows in tables]


def _tables(
    ticks: NDArray[np.int64], clock: int, *, fmt: str, zone: dt.tzinfo, halves: Halves
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Return the distinct texts of each run, and the row of each tick among them."""
    minutes, place = distinct(ticks // (60 * clock))
    found = []
    for kind, run in _runs(fmt):
        if kind == "within":
            found.append((_within_minute(run, clock, halves), ticks % (60 * clock)))
        elif kind == "minute":
            found.append((_of_times(run, minutes * 60, zone), place))
        else:
            seconds, places = distinct(ticks // clock)
            found.append((_of_times(run, seconds, zone), places))
    return found


def _runs(fmt: str) -> list[tuple[_Kind, tuple[FormatPart, ...]]]:
    """Cut a format into runs by what their text depends on.

    That is the tick within its minute, the minute, or (for directives of the machine)
    the second. Literal text belongs to the directives before it.
    """
    kind: _Kind = "minute"
    marked: list[tuple[_Kind, FormatPart]] = []
    for part in format_parts(fmt):
        if part.key:
            kind = "minute" if part.key in KNOWN else "second"
            kind = "within" if part.key in {"S", "f"} else kind
        marked.append((kind, part))
    groups = groupby(marked, key=lambda pair: pair[0])
    return [(kind, tuple(part for _, part in run)) for kind, run in groups]


def _of_times(
    run: tuple[FormatPart, ...], seconds: NDArray[np.int64], zone: dt.tzinfo
) -> NDArray[np.uint8]:
    """Return the texts of some seconds since 1970."""
    fmt = "".join(f"%{key}" if key else text.replace("%", "%%") for key, text in run)
    return digits.texts(_of_time(fmt, second, zone) for second in seconds.tolist())


@functools.lru_cache(maxsize=4096)  # the minutes of a day, which all channels share
def _of_time(fmt: str, second: int, zone: dt.tzinfo) -> str:
    return dt.datetime.fromtimestamp(second, zone).strftime(fmt)


@functools.lru_cache(maxsize=16)
def _within_minute(
    run: tuple[FormatPart, ...], clock: int, halves: Halves
) -> NDArray[np.uint8]:
    """Return the texts of all ticks of a minute, for %S, %f and the text between."""
    second, phase = np.divmod(np.arange(60 * clock), clock)
    micros = np.array([_micros(n, clock, halves) for n in range(clock)])
    columns = {
        "S": digits.integers(second + 100)[:, 1:],
        "f": digits.integers(micros[phase] + 10**6)[:, 1:],
    }
    table = np.concatenate(
        [
            columns[part.key]
            if part.key
            else digits.texts([part.text]).repeat(60 * clock, axis=0)
            for part in run
        ],
        axis=1,
    )
    table.flags.writeable = False
    return table


def _micros(phase: int, clock: int, halves: Halves) -> int:
    """Return the microseconds of a tick within its second, rounded exactly."""
    if halves == "up":
        return (2 * phase * 10**6 + clock) // (2 * clock)
    return round(Fraction(phase * 10**6, clock))  # halves to the even number


# --- formats --------------------------------------------------------------------------


class FormatPart(NamedTuple):
    """A directive of a format, or literal text."""

    key: str  # what follows the % of a directive; empty for text
    text: str


@functools.lru_cache(maxsize=64)
def format_parts(fmt: str) -> tuple[FormatPart, ...]:
    """Cut a format; a directive that cannot be written is a ConfigurationError."""
    if "\0" in fmt or fmt != fmt.encode(errors="replace").decode():
        raise ConfigurationError(
            f"format {fmt!r} holds a NUL or a lone surrogate; remove it"
        )
    found = []
    for key, text in _TOKEN.findall(fmt):
        if text or key == "%":
            found.append(FormatPart("", text or "%"))
        elif key in _SHORTHANDS:
            found.extend(format_parts(_SHORTHANDS[key]))
        elif key and (key in KNOWN or _MACHINE.fullmatch(key)):
            found.append(FormatPart(key, ""))
        else:
            raise ConfigurationError(
                f"format {fmt!r}: '%{key}' is not one of "
                f"{_known()}, nor one that strftime documents"
            )
    return tuple(found)


def check_readable(fmt: str) -> None:
    """Raise ConfigurationError for directives that depend on the machine."""
    for part in format_parts(fmt):
        if part.key and part.key not in KNOWN:
            raise ConfigurationError(
                f"format {fmt!r}: '%{part.key}' depends on the machine that wrote it "
                f"and cannot be read back exactly; spell it out with {_known()}"
            )


def _known() -> str:
    return " ".join("%" + known for known in sorted(KNOWN + "DFRT%"))


# --- rows of bytes: (n, width) uint8, NUL bytes on the right --------------------------


def to_the_left(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move the NUL bytes of each row behind its text."""
    if table.all():
        return table
    there = table != 0
    return fill_rows(table[there], there.sum(axis=1))


def fill_rows(
    stream: NDArray[np.uint8], lengths: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return texts that follow each other in a stream as rows."""
    width = int(lengths.max(initial=0))
    if (lengths == width).all():
        return stream.reshape(len(lengths), width)
    table = np.zeros((len(lengths), width), np.uint8)
    table[np.arange(width) < lengths[:, np.newaxis]] = stream
    return table


def as_bytes(table: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Return rows as an array of byte strings."""
    width = table.shape[1]
    if not width:
        return np.zeros(len(table), "S1")
    return np.ascontiguousarray(table).view(f"S{width}")[:, 0]


def as_text(table: NDArray[np.uint8]) -> NDArray[np.str_]:
    """Return rows as an array of str."""
    coded = as_bytes(to_the_left(table))
    if int(table.max(initial=0)) < 128:
        return coded.astype(np.str_)
    return np.char.decode(coded, "utf-8", "replace")


def distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct values, sorted, and the place of each row among them."""
    if not len(values):
        return values, np.zeros(0, np.int64)
    # Neighbours are mostly equal: only one of each run is sorted.
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate([[0], starts])
    found, places = np.unique(values[starts], return_inverse=True)
    return found, np.repeat(places, np.diff(starts, append=len(values)))
