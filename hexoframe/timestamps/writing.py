"""Ticks as text: a table of what a minute can hold, and strftime once a minute.

What only the machine's own strftime knows (%c, %-d) is asked of it once a second.

How a format is cut is for `directives`, putting columns into a file for `digits`.
"""

from __future__ import annotations

import datetime as dt
import functools
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hexoframe import digits
from hexoframe.timestamps.directives import CLASSIC_FORMAT, KNOWN, Part, parts
from hexoframe.timestamps.rows import as_text, distinct
from hexoframe.timestamps.whole import as_ticks
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps.ticks import Clock

_Kind = Literal["within", "minute", "second"]


def ticks_to_bytes(
    ticks: Any, *, clock: Clock, fmt: str = CLASSIC_FORMAT, tz: str = "UTC"
) -> NDArray[np.uint8]:
    """Return the text of ticks as columns of bytes.

    Microseconds are rounded half to even, as ``datetime.fromtimestamp`` does.

    Parameters
    ----------
    ticks : array_like, shape (n,)
        What `as_ticks` takes.
    clock : {256, 1000}
        Ticks a second.
    fmt : str
        What ``datetime.strftime`` takes, but for ``%s``, which it takes for local time.
    tz : str, default "UTC"
        Name of the zone that the text is in, such as "America/Montreal".

    Returns
    -------
    ndarray of uint8, shape (n, width)
        ASCII, or UTF-8 where `fmt` needs it; NUL bytes fill shorter texts up, possibly
        in the middle, and `digits.join` drops them.

    Raises
    ------
    TimestampError
        As `as_ticks`.
    ConfigurationError
        If `fmt` cannot be written, or there is no such zone.
    """
    return write(as_ticks(ticks, clock=clock), clock, fmt=fmt, zone=zone_of(tz))


def ticks_to_text(
    ticks: Any, *, clock: Clock, fmt: str = CLASSIC_FORMAT, tz: str = "UTC"
) -> NDArray[np.str_]:
    """Return the text of ticks.

    Parameters
    ----------
    ticks, clock, fmt, tz
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
    return as_text(ticks_to_bytes(ticks, clock=clock, fmt=fmt, tz=tz))


def write(
    ticks: NDArray[np.int64], clock: int, *, fmt: str, zone: dt.tzinfo
) -> NDArray[np.uint8]:
    """Return the text of ticks of any clock, unchecked."""
    parts = _tables(ticks, clock, fmt=fmt, zone=zone)
    text = np.empty((len(ticks), sum(table.shape[1] for table, _ in parts)), np.uint8)
    for start in range(0, len(ticks), digits.BLOCK):
        block = text[start : start + digits.BLOCK]
        at = 0
        for table, rows in parts:
            here = rows[start : start + digits.BLOCK]
            digits.paste(block, at, table.take(here, axis=0))
            at += table.shape[1]
    return text


def ticks_to_columns(
    ticks: NDArray[np.int64], *, clock: Clock, fmt: str, tz: str
) -> list[NDArray[np.uint8]]:
    """Return the text of checked ticks as columns that stand side by side.

    What `ticks_to_bytes` returns, for `digits.join` to put into lines without a copy in
    between; some ten thousand ticks at a time.
    """
    parts = _tables(ticks, clock, fmt=fmt, zone=zone_of(tz))
    return [table.take(rows, axis=0) for table, rows in parts]


def _tables(
    ticks: NDArray[np.int64], clock: int, *, fmt: str, zone: dt.tzinfo
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Return the different texts of each run, and which of them each tick has."""
    minutes, place = distinct(ticks // (60 * clock))
    found = []
    for kind, run in _runs(fmt):
        if kind == "within":
            found.append((_within_minute(run, clock), ticks % (60 * clock)))
        elif kind == "minute":
            found.append((_of_times(run, minutes * 60, zone), place))
        else:
            seconds, places = distinct(ticks // clock)
            found.append((_of_times(run, seconds, zone), places))
    return found


def _runs(fmt: str) -> list[tuple[_Kind, tuple[Part, ...]]]:
    """Cut a format into runs by what their text depends on.

    That is the tick within its minute, the minute, or (for what only the machine's own
    strftime knows) the second. Text that stands for itself belongs to the directives
    before it.
    """
    kind: _Kind = "minute"
    marked: list[tuple[_Kind, Part]] = []
    for part in parts(fmt):
        if part.key:
            kind = "minute" if part.key in KNOWN else "second"
            kind = "within" if part.key in {"S", "f"} else kind
        marked.append((kind, part))
    groups = groupby(marked, key=lambda pair: pair[0])
    return [(kind, tuple(part for _, part in run)) for kind, run in groups]


def _of_times(
    run: tuple[Part, ...], seconds: NDArray[np.int64], zone: dt.tzinfo
) -> NDArray[np.uint8]:
    """Return the texts of some seconds since 1970."""
    fmt = "".join(f"%{key}" if key else text.replace("%", "%%") for key, text in run)
    times = (dt.datetime.fromtimestamp(second, zone) for second in seconds.tolist())
    return digits.texts(time.strftime(fmt) for time in times)


@functools.lru_cache(maxsize=16)
def _within_minute(run: tuple[Part, ...], clock: int) -> NDArray[np.uint8]:
    """Return the texts of all ticks of a minute, for %S, %f and what is between."""
    second, phase = np.divmod(np.arange(60 * clock), clock)
    # round() of a Fraction is exact, and takes halves to the even number.
    micros = np.array([round(Fraction(n * 10**6, clock)) for n in range(clock)])
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
