r"""Ticks (hexotimestamps), UTC time and text, each into the others, exactly.

A tick is 1/256 s on the Hexoskin server and 1/1000 s on the Astroskin server, counted
from 1970-01-01T00:00:00Z. All arithmetic is on integers: no float ever carries a time,
and ticks -> time -> ticks and ticks -> text -> ticks give back the same ticks. Times
before 2000 or after 2100 are refused: they are counts of another clock.

Which channel has which rate, and which file holds which stamps, does not belong here.
"""

from __future__ import annotations

import calendar
import datetime as dt
import difflib
import functools
import re
import zoneinfo
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.errors import ConfigurationError, TimestampError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = [
    "CLASSIC_FORMAT",
    "NS_PER_TICK",
    "Clock",
    "as_ticks",
    "clock_of",
    "grid",
    "index_to_ticks",
    "text_to_ticks",
    "tick_to_time",
    "ticks_to_bytes",
    "ticks_to_index",
    "ticks_to_text",
    "time_to_tick",
]

Clock = Literal[256, 1000]

NS_PER_TICK: dict[int, int] = {256: 3_906_250, 1000: 1_000_000}
"""Length of a tick of each clock, in ns."""

CLASSIC_FORMAT = "%Y:%m:%d\t%H:%M:%S:%f"
"""How the classic .txt writes a time stamp."""

_FIRST_SECOND = 946_684_800  # 2000-01-01T00:00:00Z
_LAST_SECOND = 4_102_444_800  # 2100-01-01T00:00:00Z
_CLOCK_SECONDS = (1_230_768_000, 2_556_144_000)  # 2009-01-01 to 2051-01-01
_EXACT = 2**53  # every whole number up to this one is a float64
_UTC_INDEX = pd.DatetimeTZDtype("ns", "UTC")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?"
    r"(Z|[+-]\d\d(?::?\d\d)?)",
    re.ASCII,
)
_TOKEN = re.compile(r"%[-_0^#]*\d*[EO]?[A-Za-z%+]|[^%]+|%", re.DOTALL)
_MINUTE_DIRECTIVES = frozenset("aAbBCdDeFgGhHIjklmMnpPRtuUVwWyYzZ")
_SHORTHANDS = {
    "%c": "%a %b %e %X %Y",
    "%D": "%m/%d/%y",
    "%F": "%Y-%m-%d",
    "%n": "\n",
    "%r": "%I:%M:%S %p",
    "%R": "%H:%M",
    "%t": "\t",
    "%T": "%H:%M:%S",
    "%x": "%m/%d/%y",
    "%X": "%H:%M:%S",
}
_SAME = {"e": "d", "h": "b", "k": "H", "l": "I", "P": "p"}
_IGNORED = frozenset("aAgUwW")  # a date is never told by these
_NUMERIC = frozenset({f"%{key}" for key in "YmdHMSfyjIGVu"})


# --- numbers --------------------------------------------------------------------------


def clock_of(tick: Any) -> Clock:
    """Tell the clock of a tick from its size.

    Parameters
    ----------
    tick : int, float or str
        A tick between 2009 and 2050.

    Returns
    -------
    {256, 1000}
        Ticks a second.

    Raises
    ------
    TimestampError
        If the tick lies in these years with neither clock.

    Notes
    -----
    Source: the vendor's loader load_hx_data.py, which decides in the same way.
    """
    number = _whole(tick, "the tick")
    first, last = _CLOCK_SECONDS
    clocks: tuple[Clock, ...] = (256, 1000)
    for clock in clocks:
        if first * clock <= number < last * clock:
            return clock
    raise TimestampError(
        f"{number} is no tick of the years 2009 to 2050: those are {first * 256} to "
        f"{last * 256} at 256 ticks a second (Hexoskin) and {first * 1000} to "
        f"{last * 1000} at 1000 (Astroskin); name the model or the clock"
    )


def as_ticks(values: Any, *, clock: Clock) -> NDArray[np.int64]:
    """Return ticks as int64, whatever form they arrived in.

    Parameters
    ----------
    values : array_like, shape (n,)
        Whole numbers as int, float or text (``"384700526436.0"``,
        ``"3.83013275683e+11"``).
    clock : {256, 1000}
        Ticks a second.

    Returns
    -------
    ndarray of int64, shape (n,)
        The ticks; in the memory of `values` where nothing was to be converted.

    Raises
    ------
    TimestampError
        If a value is missing, no whole number, or outside 2000 to 2100; names the row,
        from 0.
    """
    _check_clock(clock)
    ticks = _whole_numbers(_plain_array(values))
    if ticks.size:
        _check_range(ticks, clock)
    return ticks


def grid(
    start: int, *, step: Fraction | int, count: int, first: int = 0
) -> NDArray[np.int64]:
    """Return the ticks of evenly spaced samples.

    Parameters
    ----------
    start : int
        Tick of sample 0.
    step : Fraction or int, in ticks
        From one sample to the next, exactly: 75 Hz at 1000 ticks a second is
        ``Fraction(40, 3)``.
    count : int
        How many samples.
    first : int, default 0
        Number of the first sample that is returned.

    Returns
    -------
    ndarray of int64, shape (count,)
        ``start + round(n * step)`` for n from `first`, halves rounded up.

    Raises
    ------
    ConfigurationError
        If `step` is no positive exact number, or `count` or `first` is negative.
    TimestampError
        If a tick does not fit into int64.
    """
    if not isinstance(step, int | Fraction | np.integer) or step <= 0:
        raise ConfigurationError(
            f"step {step!r}: a positive int or Fraction is needed, since a float "
            "drifts, such as Fraction(40, 3) for 75 Hz at 1000 ticks a second"
        )
    if count < 0 or first < 0:
        raise ConfigurationError(f"count {count}, first {first}: both are 0 or more")
    exact = Fraction(step) if isinstance(step, Fraction) else Fraction(int(step))
    above, below = exact.numerator, exact.denominator
    end = 2 * above * (int(first) + int(count)) + below
    if max(end, abs(int(start)) + end // (2 * below)) >= 2**63:
        raise TimestampError(
            f"{count} samples of {step} ticks from tick {start} on do not fit into "
            "int64; check start, step and count"
        )
    numbers = np.arange(first, first + count, dtype=np.int64)
    if below == 1:
        numbers *= above
    else:
        numbers *= 2 * above
        numbers += below
        numbers //= 2 * below
    numbers += start
    return numbers


# --- time -----------------------------------------------------------------------------


def ticks_to_index(ticks: Any, *, clock: Clock) -> pd.DatetimeIndex:
    """Return ticks as the index of a frame.

    Parameters
    ----------
    ticks : array_like, shape (n,)
        What `as_ticks` takes.
    clock : {256, 1000}
        Ticks a second.

    Returns
    -------
    DatetimeIndex, shape (n,)
        In UTC, unit ns, with the name ``time``.

    Raises
    ------
    TimestampError
        As `as_ticks`.
    """
    nanoseconds = as_ticks(ticks, clock=clock) * NS_PER_TICK[clock]
    # Integers with this dtype are ns of UTC: no parsing, no localising and no copy.
    return pd.DatetimeIndex(nanoseconds, dtype=_UTC_INDEX, copy=False, name="time")


def index_to_ticks(index: Any, *, clock: Clock) -> NDArray[np.int64]:
    """Return the ticks of an index.

    Parameters
    ----------
    index : DatetimeIndex, or Series or list of aware datetimes, shape (n,)
        Of any time zone and any unit.
    clock : {256, 1000}
        Ticks a second.

    Returns
    -------
    ndarray of int64, shape (n,)
        The ticks.

    Raises
    ------
    TimestampError
        If a time is naive, missing, between two ticks, or outside 2000 to 2100.
    """
    _check_clock(clock)
    times = _aware_index(index)
    if not len(times):
        return np.zeros(0, np.int64)
    if times.hasnans:
        row = int(times.isna().argmax())
        raise TimestampError(f"row {row}: the time is missing (NaT); drop such rows")
    units = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
    counts = np.asarray(times.asi8)
    factor = units[times.unit]
    inside = (counts >= _FIRST_SECOND * 10**9 // factor) & (
        counts <= _LAST_SECOND * 10**9 // factor
    )
    if not inside.all():
        row = int(inside.argmin())
        raise TimestampError(
            f"row {row}: {times[row]} lies outside the years 2000 to 2100; check the "
            "unit of the time stamps"
        )
    nanoseconds = counts * factor
    # Not divmod, which takes three times as long.
    ticks = nanoseconds // NS_PER_TICK[clock]
    wrong = ticks * NS_PER_TICK[clock] != nanoseconds
    if wrong.any():
        row = int(wrong.argmax())
        raise TimestampError(_off_grid(f"row {row}: {times[row].isoformat()}", clock))
    return ticks


def tick_to_time(tick: Any, *, clock: Clock) -> pd.Timestamp:
    """Return the time of one tick.

    Parameters
    ----------
    tick : int, float or str
        A whole number.
    clock : {256, 1000}
        Ticks a second.

    Returns
    -------
    Timestamp
        In UTC, unit ns.

    Raises
    ------
    TimestampError
        If `tick` is no whole number or lies outside 2000 to 2100.
    """
    _check_clock(clock)
    number = _in_range(_whole(tick, "the tick"), clock)
    return pd.Timestamp(number * NS_PER_TICK[clock], unit="ns", tz="UTC")


def time_to_tick(
    time: Any, *, clock: Clock, rounding: Literal["exact", "down", "up"] = "exact"
) -> int:
    """Return the tick of one time.

    Parameters
    ----------
    time : datetime, Timestamp or str
        An aware time, or ISO 8601 text that ends with ``Z`` or an offset.
    clock : {256, 1000}
        Ticks a second.
    rounding : {"exact", "down", "up"}, default "exact"
        What to do with a time between two ticks. "exact" takes only a time that a
        tick has when it is written in microseconds.

    Returns
    -------
    int
        The tick.

    Raises
    ------
    TimestampError
        If the time is naive, missing, outside 2000 to 2100, no time at all, or, with
        "exact", between two ticks.
    ConfigurationError
        If `rounding` is none of the three.
    """
    _check_clock(clock)
    if rounding not in {"exact", "down", "up"}:
        raise ConfigurationError(
            f"rounding {rounding!r}: 'exact', 'down' and 'up' are allowed"
        )
    nanoseconds = _nanoseconds(time)
    length = NS_PER_TICK[clock]
    tick, rest = divmod(nanoseconds, length)
    if rest and rounding == "up":
        tick += 1
    elif rest and rounding == "exact":
        tick += 2 * rest > length
        # Only what is rounded to microseconds may be off, and by less than one.
        distance = abs(nanoseconds - tick * length)
        if nanoseconds % 1000 or distance > 1000:
            raise TimestampError(_off_grid(repr(str(time)), clock))
    return _in_range(int(tick), clock)


def _aware_index(index: Any) -> pd.DatetimeIndex:
    try:
        times = pd.DatetimeIndex(index)
    except (TypeError, ValueError, OverflowError) as error:
        raise TimestampError(
            f"{type(index).__name__} holds no times of one zone ({error}); give a "
            "DatetimeIndex in UTC, or use as_ticks for numbers"
        ) from error
    if times.tz is None and len(times):
        raise TimestampError(
            f"naive times (the first is {times[0]}) are refused, since nothing says "
            "where their clock stood: add a zone with .tz_localize('UTC')"
        )
    return times


def _nanoseconds(time: Any) -> int:
    """Return whole ns since 1970 of one aware time."""
    if isinstance(time, str):
        return _iso_nanoseconds(time)
    if isinstance(time, np.datetime64):
        time = pd.Timestamp(time)
    if not isinstance(time, dt.datetime) or time is pd.NaT:
        raise TimestampError(
            f"{time!r} is no time: give an aware datetime, a Timestamp or text such as "
            "'2022-11-04T23:29:49Z'"
        )
    if time.utcoffset() is None:
        raise TimestampError(
            f"{time} is naive and refused, since nothing says where its clock stood: "
            "add a zone, as in datetime(..., tzinfo=timezone.utc) or "
            ".tz_localize('America/Montreal')"
        )
    utc = time.astimezone(dt.UTC)
    delta = utc.replace(tzinfo=None) - dt.datetime(1970, 1, 1)  # noqa: DTZ001 - UTC
    whole = (delta.days * 86_400 + delta.seconds) * 10**9 + delta.microseconds * 1000
    return whole + getattr(time, "nanosecond", 0)


def _iso_nanoseconds(text: str) -> int:
    match = _ISO.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError("the form is YYYY-MM-DDThh:mm:ss[.fraction]Z")  # noqa: TRY301
        whole = dt.datetime.fromisoformat(match[1] + match[3])
    except ValueError as error:
        raise TimestampError(
            f"{text!r} is no ISO 8601 time with a zone ({error}): add Z for UTC, or an "
            "offset such as -05:00"
        ) from error
    return _nanoseconds(whole) + int((match[2] or "0").ljust(9, "0"))


# --- checks ---------------------------------------------------------------------------


def _check_clock(clock: Any) -> None:
    if clock not in NS_PER_TICK:
        raise ConfigurationError(
            f"clock {clock!r}: 256 (Hexoskin) and 1000 (Astroskin) ticks a second are "
            "allowed"
        )


def _check_range(ticks: NDArray[np.int64], clock: Clock) -> None:
    first, last = _FIRST_SECOND * clock, _LAST_SECOND * clock
    if int(ticks.min()) < first or int(ticks.max()) > last:
        row = int(((ticks < first) | (ticks > last)).argmax())
        raise TimestampError(f"row {row}: {_outside(int(ticks[row]), clock)}")


def _in_range(tick: int, clock: Clock) -> int:
    if not _FIRST_SECOND * clock <= tick <= _LAST_SECOND * clock:
        raise TimestampError(_outside(tick, clock))
    return tick


def _outside(tick: int, clock: Clock) -> str:
    return (
        f"tick {tick} lies outside the years 2000 to 2100, which at {clock} ticks a "
        f"second are {_FIRST_SECOND * clock} to {_LAST_SECOND * clock}; check the "
        "clock (256 Hexoskin, 1000 Astroskin)"
    )


def _off_grid(what: str, clock: Clock) -> str:
    return (
        f"{what} lies between two ticks of 1/{clock} s; check the model and its clock "
        "(256 Hexoskin, 1000 Astroskin)"
    )


def _plain_array(values: Any) -> NDArray[Any]:
    """Return one dimension of numbers, texts or objects, without missing values."""
    if type(values).__module__.partition(".")[0] == "pyarrow":
        if getattr(values, "null_count", 0):
            row = values.is_null().to_numpy(zero_copy_only=False).argmax()
            raise TimestampError(_missing(int(row), None))
        values = values.to_numpy(zero_copy_only=False)
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        missing = np.asarray(pd.isna(values))
        if missing.any():
            row = int(missing.argmax())
            raise TimestampError(_missing(row, None))
        values = values.to_numpy()
    array = np.asarray(values)
    if array.ndim > 1:
        raise TimestampError(f"ticks of shape {array.shape}; one dimension is allowed")
    return array.reshape(-1)


def _missing(row: int, value: Any) -> str:
    return f"row {row}: {value!r} is a missing time stamp; drop or fill such rows"


def _whole_numbers(array: NDArray[Any]) -> NDArray[np.int64]:
    """Return the values of an array as int64, each of them exactly."""
    kind = array.dtype.kind
    if kind == "i" or (kind == "u" and array.dtype.itemsize < 8):
        return array.astype(np.int64, copy=False)
    if kind == "f":
        return _from_floats(array)
    if kind in "SU":
        return _from_texts(array)
    if not array.size:
        return np.zeros(0, np.int64)
    if kind in "uO":
        numbers = [_whole(value, f"row {row}") for row, value in enumerate(array)]
        return _from_python(numbers)
    raise TimestampError(
        f"values of type {array.dtype} are no ticks; whole numbers are (for times use "
        "index_to_ticks)"
    )


def _from_python(numbers: list[int]) -> NDArray[np.int64]:
    for row, number in enumerate(numbers):
        if abs(number) >= 2**63:
            raise TimestampError(f"row {row}: {number} is no tick of 2000 to 2100")
    return np.array(numbers, np.int64)


def _from_floats(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.itemsize < 8:
        raise TimestampError(
            f"values of type {array.dtype} cannot hold a tick exactly; read the time "
            "stamps as int64 or float64"
        )
    # NaN fails each comparison, so it is refused here too.
    good = (np.abs(array) <= _EXACT) & (np.trunc(array) == array)
    if not good.all():
        row = int(good.argmin())
        _whole(array[row].item(), f"row {row}")
    return array.astype(np.int64)


def _from_texts(array: NDArray[Any]) -> NDArray[np.int64]:
    """Read numeric text: plain digits by columns, the other forms one by one."""
    try:
        column = array.astype("S") if array.dtype.kind == "U" else array
    except UnicodeEncodeError:
        column = np.char.encode(array, "utf-8")
    width = column.dtype.itemsize
    table = np.ascontiguousarray(column).view(np.uint8).reshape(len(array), width)
    lengths = np.count_nonzero(table, axis=1)
    ticks = np.empty(len(array), np.int64)
    done = np.zeros(len(array), np.bool_)
    for length in np.unique(lengths).tolist():
        if 1 <= length <= 18:
            rows = np.flatnonzero(lengths == length)
            numbers, valid = digits.decode_integers(table[rows, :length])
            ticks[rows] = numbers
            done[rows] = valid
    _read_the_rest(column, ticks, ~done)
    return ticks


def _read_the_rest(
    column: NDArray[np.bytes_], ticks: NDArray[np.int64], rest: NDArray[np.bool_]
) -> None:
    """Fill in the ticks of those texts that are no plain digits."""
    rows = np.flatnonzero(rest)
    if not rows.size or _read_short_floats(column, ticks, rows):
        return
    forms, first, place = np.unique(
        column[rows], return_index=True, return_inverse=True
    )
    numbers = [
        _whole(form.decode(errors="replace"), f"row {row}")
        for form, row in zip(forms.tolist(), rows[first].tolist(), strict=True)
    ]
    ticks[rows] = _from_python(numbers)[place]


def _read_short_floats(
    column: NDArray[np.bytes_], ticks: NDArray[np.int64], rows: NDArray[np.intp]
) -> bool:
    """Fill in the ticks of texts such as 3.83013275683e+11; say whether that was right.

    A decimal of up to 15 digits that becomes a whole float64 is that whole number:
    two decimals of 15 digits never become the same float64.
    """
    texts = np.ascontiguousarray(column[rows])
    table = texts.view(np.uint8).reshape(len(texts), -1)
    digit = (table - np.uint8(48)) <= 9
    mark = np.isin(table, np.frombuffer(b"+-.eE\0", np.uint8))
    if not (digit | mark).all() or np.count_nonzero(digit, axis=1).max() > 15:
        return False
    try:
        numbers = texts.astype(np.float64)
    except ValueError:
        return False  # read one by one, the wrong one is found and named
    if not ((np.abs(numbers) <= _EXACT) & (np.trunc(numbers) == numbers)).all():
        return False
    ticks[rows] = numbers.astype(np.int64)
    return True


def _whole(value: Any, where: str) -> int:
    """Return one number exactly, or say why it is none."""
    if isinstance(value, str | bytes):
        return _whole_text(value, where)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        raise TimestampError(
            f"{where}: {value!r} is a missing time stamp; drop or fill such rows"
        )
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError  # noqa: TRY301
        exact = Fraction(value.item() if isinstance(value, np.generic) else value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TimestampError(f"{where}: {value!r} is no whole number") from error
    if exact.denominator != 1 or (isinstance(value, float) and abs(exact) > _EXACT):
        raise TimestampError(
            f"{where}: {value!r} is no whole number of ticks; a tick is never rounded "
            "here, so check where the stamp was computed"
        )
    return exact.numerator


def _whole_text(value: str | bytes, where: str) -> int:
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    try:
        if _NUMBER.fullmatch(text) is None:
            raise InvalidOperation  # noqa: TRY301
        exact = Decimal(text.strip())
    except InvalidOperation as error:
        raise TimestampError(
            f"{where}: {text!r} is no tick; a whole number is needed, such as "
            "'384700526436', '384700526436.0' or '3.83013275683e+11'"
        ) from error
    if exact != exact.to_integral_value() or abs(exact) >= 2**63:
        raise TimestampError(f"{where}: {text!r} is no whole number of ticks")
    return int(exact)


# --- text: writing --------------------------------------------------------------------


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
        What ``datetime.strftime`` takes; ``%s`` is the second since 1970 UTC.
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
        As `as_ticks`, or if there is no such zone.
    ConfigurationError
        If `fmt` cannot be written.
    """
    numbers = as_ticks(ticks, clock=clock)
    zone = _zone(tz)
    parts = [_part(piece, numbers, clock=clock, zone=zone) for piece in _pieces(fmt)]
    width = sum(table.shape[1] for table, _ in parts)
    text = np.empty((len(numbers), width), np.uint8)
    for start in range(0, len(numbers), digits.BLOCK):
        block = text[start : start + digits.BLOCK]
        at = 0
        for table, rows in parts:
            here = rows[start : start + digits.BLOCK]
            digits.paste(block, at, table.take(here, axis=0))
            at += table.shape[1]
    return text


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
    table = _to_the_left(ticks_to_bytes(ticks, clock=clock, fmt=fmt, tz=tz))
    if not table.size:
        return np.full(len(table), "", np.str_)
    coded = _as_strings(table)
    if int(table.max()) < 128:
        return coded.astype(np.str_)
    return np.char.decode(coded, "utf-8")


class _Piece(NamedTuple):
    """A part of a format whose text depends on one thing."""

    kind: Literal["minute", "second", "phase", "epoch", "constant"]
    fmt: str


@functools.lru_cache(maxsize=64)
def _pieces(fmt: str) -> tuple[_Piece, ...]:
    """Cut a format where the text begins to depend on something else."""
    if "\0" in fmt:
        raise ConfigurationError(f"format {fmt!r} holds a NUL character; remove it")
    try:
        fmt.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"format {fmt!r} is no valid text: {error}") from error
    pieces: list[_Piece] = []
    for mark in _TOKEN.findall(_TOKEN.sub(_spelt_out, fmt)):
        kind = _kind(mark)
        last = pieces[-1].kind if pieces else None
        if kind == "constant" and last in {"phase", "minute", "second"}:
            # strftime gets ASCII only: what else it takes depends on the machine.
            kind = last if mark.isascii() else "constant"
        if kind == last and kind != "epoch":
            pieces[-1] = _Piece(kind, pieces[-1].fmt + mark)
        else:
            pieces.append(_Piece(kind, mark))
    return tuple(pieces)


def _spelt_out(mark: re.Match[str]) -> str:
    return "%H:%M:%S" if mark[0] == "%T" else mark[0]


def _kind(mark: str) -> Any:
    """Say what the text of a directive depends on."""
    if not mark.startswith("%") or mark == "%%":
        return "constant"
    if mark in {"%S", "%f"}:
        return "phase"
    if mark == "%s":
        return "epoch"
    return "minute" if mark[-1] in _MINUTE_DIRECTIVES else "second"


def _part(
    piece: _Piece, ticks: NDArray[np.int64], *, clock: Clock, zone: dt.tzinfo
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the different texts of a piece, and which one each tick has."""
    if piece.kind == "constant":
        text = piece.fmt.replace("%%", "%")
        return digits.texts([text]), np.zeros(len(ticks), np.int64)
    if piece.kind == "phase":
        return _phase_table(piece.fmt, clock), ticks % (60 * clock)
    seconds = 60 if piece.kind == "minute" else 1
    moments, rows = _distinct(ticks // (seconds * clock))
    if piece.kind == "epoch":
        return digits.integers(moments), rows
    return digits.texts(_strftime(moments * seconds, piece.fmt, zone)), rows


def _strftime(seconds: NDArray[np.int64], fmt: str, zone: dt.tzinfo) -> list[str]:
    try:
        return [
            dt.datetime.fromtimestamp(second, zone).strftime(fmt)
            for second in seconds.tolist()
        ]
    except ValueError as error:
        raise ConfigurationError(
            f"format {fmt!r} cannot be written on this machine: {error}"
        ) from error


@functools.lru_cache(maxsize=16)
def _phase_table(fmt: str, clock: Clock) -> NDArray[np.uint8]:
    """Return the texts of all ticks of a minute, for %S, %f and what is between."""
    ticks = np.arange(60 * clock)
    columns = []
    for mark in _TOKEN.findall(fmt):
        if mark == "%S":
            column = digits.integers(ticks // clock + 100)[:, 1:]
        elif mark == "%f":
            column = digits.integers(_micros(clock)[ticks % clock] + 10**6)[:, 1:]
        else:
            column = digits.texts([mark.replace("%%", "%")]).repeat(len(ticks), axis=0)
        columns.append(column)
    table = np.concatenate(columns, axis=1)
    table.flags.writeable = False
    return table


@functools.cache
def _micros(clock: Clock) -> NDArray[np.int64]:
    """Return the microsecond of each tick of a second, rounded half to even."""
    micros, rest = np.divmod(np.arange(clock, dtype=np.int64) * 10**6, clock)
    micros += (2 * rest > clock) | ((2 * rest == clock) & (micros % 2 == 1))
    micros.flags.writeable = False
    return micros


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct values, sorted, and the place of each row among them.

    Rows that follow each other are mostly equal, so only one of each run is sorted.
    """
    if not len(values):
        return values, np.zeros(0, np.int64)
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate([[0], starts])
    distinct, places = np.unique(values[starts], return_inverse=True)
    return distinct, np.repeat(places, np.diff(starts, append=len(values)))


# --- text: reading --------------------------------------------------------------------


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
        The format that the stamps were written with. Numbers have the width that
        ``strftime`` gives them; ``%f`` may be shorter.
    tz : str, default "UTC"
        Name of the zone that the stamps are in; an offset in the text (``%z``) comes
        first.

    Returns
    -------
    ndarray of int64, shape (n,)
        The ticks. Microseconds may be rounded or cut off: the nearest tick is taken.

    Raises
    ------
    TimestampError
        If a stamp does not fit the format, does not exist (a month 13, the hour that
        the clocks skip in spring), is ambiguous (the hour that they repeat in autumn,
        where the order of the stamps does not tell which of the two it is), lies
        between two ticks, or outside 2000 to 2100; names the row, from 0, and the text.
    ConfigurationError
        If a stamp of this format does not say a date, or `fmt` cannot be read.
    """
    _check_clock(clock)
    layout, zone = _layout(fmt), _zone(tz)
    table = _text_table(text)
    if not len(table):
        return np.zeros(0, np.int64)
    stamps = _read(table, layout)
    parts = _parts_of_a_second(stamps, clock)
    local = stamps.seconds * clock + parts
    ticks = local - _offsets(stamps, local, zone=zone, clock=clock) * clock
    stamps.refuse(
        (ticks < _FIRST_SECOND * clock) | (ticks > _LAST_SECOND * clock),
        "lies outside the years 2000 to 2100",
    )
    return ticks


class _Layout(NamedTuple):
    """How a format is read."""

    fmt: str
    pattern: re.Pattern[str]
    date: Literal["month", "day of year", "week", "epoch"]
    columns: tuple[tuple[str, int, int], ...]  # (directive or literal, start, stop)
    width: int  # of the whole text; 0 where it varies


class _Stamps(NamedTuple):
    """Stamps that are read, but not yet put on the clock of UTC."""

    table: NDArray[np.uint8]  # (n, width)
    fields: dict[str, NDArray[np.int64]]  # of each distinct text, seconds apart
    place: NDArray[np.int64]  # (n,): the distinct text of each row
    names: list[str]  # of zones; fields["Z"] counts them
    seconds: NDArray[np.int64]  # (n,): local, since 1970
    micros: NDArray[np.int64]  # (n,)

    def refuse(self, wrong: NDArray[np.bool_], why: str) -> None:
        """Raise for the first row that is wrong, if there is one."""
        if wrong.any():
            raise _refusal(self.table, int(wrong.argmax()), why)


def _refusal(table: NDArray[np.uint8], row: int, why: str) -> TimestampError:
    text = table[row].tobytes().rstrip(b"\0").decode(errors="replace")
    return TimestampError(f"row {row}: {text!r} {why}")


@functools.lru_cache(maxsize=64)
def _layout(fmt: str) -> _Layout:
    """Prepare to read a format."""
    marks = _TOKEN.findall(_expanded(fmt))
    pattern, seen = "", set()
    for mark in marks:
        if not mark.startswith("%") or mark == "%%":
            pattern += re.escape(mark.replace("%%", "%"))
            continue
        key, expression = _directive(mark, fmt)
        if key in seen:
            raise ConfigurationError(
                f"format {fmt!r} cannot be read: %{key} is in it twice; name each part "
                "of a time once"
            )
        seen.add(key)
        pattern += f"(?P<{key}>{expression})"
    columns = tuple(_fixed_columns(marks))
    whole = len(columns) == len(marks) and bool(columns)
    return _Layout(
        fmt=fmt,
        pattern=re.compile(pattern, re.ASCII),
        date=_date_form(seen, fmt),
        columns=columns,
        width=columns[-1][2] if whole else 0,
    )


def _expanded(fmt: str) -> str:
    """Write out the directives that stand for several others."""
    for _ in range(2):  # %c holds %X
        fmt = "".join(_SHORTHANDS.get(mark, mark) for mark in _TOKEN.findall(fmt))
    return fmt


def _directive(mark: str, fmt: str) -> tuple[str, str]:
    """Return the name under which a directive is read, and what its text looks like."""
    match = re.fullmatch(r"%([-_0^#]?)[EO]?([A-Za-z])", mark)
    expressions = _expressions()
    if match is None or match[2] not in expressions:
        raise ConfigurationError(
            f"format {fmt!r} cannot be read: {mark!r} is none of "
            f"{' '.join('%' + key for key in expressions)}; write the stamps in "
            "another format, such as the classic one"
        )
    expression = expressions[match[2]]
    if match[1] == "-":
        expression = expression.replace(r"\d\d", r"\d{1,2}")
    if match[1] == "_":
        expression = expression.replace(r"\d\d", r"[ \d]\d")
    return _SAME.get(match[2], match[2]), expression


@functools.cache
def _expressions() -> dict[str, str]:
    """Return what the text of each directive that can be read looks like."""
    two = dict.fromkeys("mdHMSIyUW", r"\d\d")
    names = {
        "b": list(calendar.month_abbr),
        "B": list(calendar.month_name),
        "a": list(calendar.day_abbr),
        "A": list(calendar.day_name),
    }
    spelt = {
        key: "(?i:" + "|".join(re.escape(name) for name in values if name) + ")"
        for key, values in names.items()
    }
    return {
        **two,
        **spelt,
        **dict.fromkeys("ekl", r"[ \d]\d"),
        **dict.fromkeys("pP", "(?i:am|pm)"),
        **dict.fromkeys("uw", r"\d"),
        **dict.fromkeys("Vg", r"\d\d"),
        **dict.fromkeys("YG", r"\d{4}"),
        "h": spelt["b"],
        "f": r"\d{1,6}",
        "j": r"\d{3}",
        "s": r"\d{9,10}",
        "z": r"Z|[+-]\d\d:?[0-5]\d",
        "Z": r"[A-Za-z]+|[+-]\d{4}|[+-]\d\d",
    }


def _date_form(seen: set[str], fmt: str) -> Any:
    """Say which directives give the date, and refuse a format that lacks one."""
    year = bool(seen & {"Y", "y"})
    forms = {
        "epoch": "s" in seen,
        "month": year and bool(seen & {"m", "b", "B"}) and "d" in seen,
        "day of year": year and "j" in seen,
        "week": seen >= {"G", "V", "u"},
    }
    if "I" in seen and not seen & {"H", "p", "s"}:
        raise ConfigurationError(
            f"format {fmt!r} cannot be read: %I alone does not say whether it is "
            "morning; add %p, or use %H"
        )
    for form, there in forms.items():
        if there:
            return form
    raise ConfigurationError(
        f"format {fmt!r} cannot be read: it does not say the whole date; %Y %m %d, "
        "%Y %j or %G %V %u do"
    )


def _fixed_columns(marks: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the bytes of each mark, as far as all texts have them in one place."""
    at = 0
    for mark in marks:
        if mark.startswith("%") and mark != "%%":
            width = _widths().get(mark, 0)
            if not width:
                return
            text = mark
        else:
            text = mark.replace("%%", "%")
            width = len(text.encode())
        yield text, at, at + width
        at += width


@functools.cache
def _widths() -> dict[str, int]:
    """Return the directives whose text always has the same length in bytes."""
    widths = {f"%{key}": 2 for key in "mdHMSIyekluwpPVUWg"}
    widths |= {"%Y": 4, "%G": 4, "%f": 6, "%j": 3, "%u": 1, "%w": 1, "%l": 2}
    for key, names in (("b", calendar.month_abbr), ("a", calendar.day_abbr)):
        lengths = {len(name.encode()) for name in names if name}
        if len(lengths) == 1:
            widths[f"%{key}"] = lengths.pop()
    return widths


def _read(table: NDArray[np.uint8], layout: _Layout) -> _Stamps:
    """Read all stamps; what the stamps of a minute share is read once."""
    seconds, micros, rest = _read_seconds(table, layout)
    texts, place = _distinct(_as_strings(rest))
    width = rest.shape[1]
    fields, names, unread = _read_fields(
        texts.view(np.uint8).reshape(-1, width), layout
    )
    wrong = np.zeros(len(texts), np.bool_)
    wrong[unread] = True
    moments = np.zeros(len(texts), np.int64)
    stamps = _Stamps(table, fields, place, names, seconds, micros)
    stamps.refuse(wrong[place], f"does not fit the format {layout.fmt!r}")
    moments = _moments(stamps, layout)
    stamps.refuse(seconds > 59, f"has a second outside 0 to 59 ({layout.fmt!r})")
    return stamps._replace(
        seconds=moments[place] + seconds,
        micros=micros + fields["f"][place] if "f" in fields else micros,
    )


def _read_seconds(
    table: NDArray[np.uint8], layout: _Layout
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Read %S and %f where they have their place, and return the texts without them."""
    spans = {key: (a, b) for key, a, b in layout.columns if key in {"%S", "%f"}}
    values = {key: np.zeros(len(table), np.int64) for key in ("%S", "%f")}
    rest = table
    if spans and max(b for _, b in spans.values()) <= table.shape[1]:
        valid = np.ones(len(table), np.bool_)
        for key, (start, stop) in spans.items():
            values[key], good = digits.decode_integers(table[:, start:stop])
            valid &= good
        rest = table.copy()
        for key, (start, stop) in spans.items():
            if valid.all():
                rest[:, start:stop] = ord("0")
            else:  # the others are read one by one, with their seconds
                rest[valid, start:stop] = ord("0")
                values[key][~valid] = 0
    return values["%S"], values["%f"], rest


def _read_fields(
    table: NDArray[np.uint8], layout: _Layout
) -> tuple[dict[str, NDArray[np.int64]], list[str], list[int]]:
    """Read every directive of some texts.

    Returns the values, the names of zones, and the texts that do not fit the format.
    """
    fields = {
        key: np.zeros(len(table), np.int64)
        for key in layout.pattern.groupindex
        if key not in _IGNORED
    }
    fits = _read_columns(table, layout, fields)
    names: dict[str, int] = {}
    unread = []
    for row in np.flatnonzero(~fits).tolist():
        text = table[row].tobytes().rstrip(b"\0").decode(errors="replace")
        match = layout.pattern.fullmatch(text)
        if match is None:
            unread.append(row)
            continue
        for key, values in fields.items():
            values[row] = (
                names.setdefault(match[key], len(names))
                if key == "Z"
                else _number(key, match[key])
            )
    return fields, list(names), unread


def _read_columns(
    table: NDArray[np.uint8], layout: _Layout, fields: dict[str, NDArray[np.int64]]
) -> NDArray[np.bool_]:
    """Fill in the fields of a format that is all digits, and say which texts fit."""
    numeric = all(
        key in _NUMERIC or key == "%" or key[0] != "%" for key, _, _ in layout.columns
    )
    if not layout.width or not numeric or layout.width > table.shape[1]:
        return np.zeros(len(table), np.bool_)
    fits: NDArray[np.bool_] = (table[:, layout.width :] == 0).all(axis=1)
    for key, start, stop in layout.columns:
        found = table[:, start:stop]
        if key in _NUMERIC:
            values, valid = digits.decode_integers(found)
            fields[key[1]][:] = values
        else:
            valid = (found == np.frombuffer(key.encode(), np.uint8)).all(axis=1)
        fits &= valid
    return fits


def _number(key: str, text: str) -> int:
    """Return the number that a directive's text stands for."""
    if key == "f":
        return int(text.ljust(6, "0"))
    if key in {"b", "B"}:
        names = calendar.month_abbr if key == "b" else calendar.month_name
        return [name.lower() for name in names].index(text.lower())
    if key == "p":
        return int(text.lower() == "pm")
    if key == "z":
        if text == "Z":
            return 0
        seconds = int(text[1:3]) * 3600 + int(text[-2:]) * 60
        return -seconds if text[0] == "-" else seconds
    return int(text)


def _moments(stamps: _Stamps, layout: _Layout) -> NDArray[np.int64]:
    """Return the local second since 1970 of each distinct text."""
    fields = stamps.fields
    if layout.date == "epoch":
        return fields["s"]

    def check(what: str, values: Any, *, first: Any, last: Any) -> None:
        wrong = (values < first) | (values > last)
        if wrong.any():
            row = int(wrong[stamps.place].argmax())
            value = int(values[stamps.place[row]])
            raise _refusal(
                stamps.table, row, f"is no time of 2000 to 2100: {what} {value}"
            )

    zero = np.zeros(1, np.int64)
    day = _days(fields, layout, check)
    if "H" in fields:
        hour = fields["H"]
    else:
        hour = fields.get("I", zero)
        if "I" in fields:
            check("hour", hour, first=1, last=12)
        hour = hour % 12 + 12 * fields.get("p", zero)
    minute, second = fields.get("M", zero), fields.get("S", zero)
    for what, values, last in (
        ("hour", hour, 23),
        ("minute", minute, 59),
        ("second", second, 59),
    ):
        check(what, np.broadcast_to(values, day.shape), first=0, last=last)
    return day * 86_400 + hour * 3600 + minute * 60 + second


def _days(
    fields: dict[str, NDArray[np.int64]], layout: _Layout, check: Callable[..., None]
) -> NDArray[np.int64]:
    """Return the days since 1970."""
    if layout.date == "week":
        check("year", fields["G"], first=1999, last=2101)
        fourth = _month_starts((fields["G"] - 1970) * 12) + 3  # always in week 1
        monday = fourth - (fourth + 3) % 7 + (fields["V"] - 1) * 7
        thursday = (monday + 3).astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
        check("weekday", fields["u"], first=1, last=7)
        check(
            "week", fields["V"], first=1, last=np.where(thursday == fields["G"], 53, 0)
        )
        return monday + fields["u"] - 1
    if "Y" in fields:
        year = fields["Y"]
    else:
        year = fields["y"] + np.where(fields["y"] < 69, 2000, 1900)  # as strptime
    check("year", year, first=1999, last=2101)
    if layout.date == "day of year":
        start = _month_starts((year - 1970) * 12)
        check(
            "day", fields["j"], first=1, last=_month_starts((year - 1969) * 12) - start
        )
        return start + fields["j"] - 1
    month = next(fields[key] for key in "mbB" if key in fields)
    check("month", month, first=1, last=12)
    months = (year - 1970) * 12 + month - 1
    start = _month_starts(months)
    check("day", fields["d"], first=1, last=_month_starts(months + 1) - start)
    return start + fields["d"] - 1


def _month_starts(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the day since 1970 on which a month since 1970 begins."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)


def _parts_of_a_second(stamps: _Stamps, clock: Clock) -> NDArray[np.int64]:
    """Return the tick next to each microsecond, refusing what is 1 us or more away."""
    parts = (stamps.micros * clock + 500_000) // 10**6
    distance = np.abs(parts * 10**6 - stamps.micros * clock)  # in us, times the clock
    stamps.refuse(
        distance > clock,
        f"lies between two ticks of 1/{clock} s; check the model and its clock "
        "(256 Hexoskin, 1000 Astroskin)",
    )
    return parts


# --- text: zones ----------------------------------------------------------------------


@functools.lru_cache(maxsize=32)
def _zone(tz: Any) -> dt.tzinfo:
    """Return a zone by its name."""
    if tz == "UTC":
        return dt.UTC
    if not isinstance(tz, str):
        raise TimestampError(
            f"time zone {tz!r}: its name is needed, such as 'America/Montreal' or 'UTC'"
        )
    try:
        if tz.startswith("right/") or tz in {"localtime", "posixrules"}:
            raise ValueError("it counts leap seconds or depends on this machine")  # noqa: TRY301
        return zoneinfo.ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        known = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(tz, known, n=3)
        hint = (
            f"nearest: {', '.join(near)}"
            if near
            else "give a name such as 'America/Montreal', or 'UTC'"
            if known
            else "this machine has no zones: pip install tzdata, or use 'UTC'"
        )
        raise TimestampError(f"{tz!r} is no time zone; {hint}") from error


def _offsets(
    stamps: _Stamps, local: NDArray[np.int64], *, zone: dt.tzinfo, clock: Clock
) -> NDArray[np.int64]:
    """Return how many seconds local time is ahead of UTC at each stamp."""
    fields, place = stamps.fields, stamps.place
    if "s" in fields:
        return np.zeros(1, np.int64)
    if "z" in fields:
        return fields["z"][place]
    if zone is dt.UTC and "Z" not in fields:
        return np.zeros(1, np.int64)
    minutes, at = _distinct(stamps.seconds // 60)
    both = _zone_offsets(minutes, zone)
    first, second = both[:, 0], both[:, 1]
    stamps.refuse(
        (first < second)[at],
        f"does not exist in {zone}: the clocks are put forward over it; check tz=",
    )
    decided = later = np.zeros(len(local), np.bool_)
    twice = (first > second)[at]
    if "Z" in fields:
        decided, later = _named_offsets(stamps, minutes, at=at, zone=zone)
    if (twice & ~decided).any():
        length = (first - second)[at] * clock
        ordered = _second_pass(stamps, local, twice=twice, length=length, second=clock)
        later = np.where(decided, later, ordered)
    return np.where(later, second[at], first[at])


def _zone_offsets(minutes: NDArray[np.int64], zone: dt.tzinfo) -> NDArray[np.int64]:
    """Return the offset of local minutes, in s, before and after a change of clocks.

    The first is smaller where the minute is skipped, larger where it comes twice.
    """
    offsets = []
    for local in _local_times(minutes, zone):
        both = local.utcoffset(), local.replace(fold=1).utcoffset()
        offsets.append(
            [offset // dt.timedelta(seconds=1) for offset in both if offset is not None]
        )
    return np.array(offsets, np.int64).reshape(-1, 2)


def _local_times(minutes: NDArray[np.int64], zone: dt.tzinfo) -> Iterator[dt.datetime]:
    for minute in minutes.tolist():
        yield dt.datetime.fromtimestamp(minute * 60, dt.UTC).replace(tzinfo=zone)


def _named_offsets(
    stamps: _Stamps,
    minutes: NDArray[np.int64],
    *,
    at: NDArray[np.int64],
    zone: dt.tzinfo,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell by the name of the zone in the text whether a minute is the second of two.

    Returns where the name decides it, and where it is the second.
    """
    count = len(stamps.names)
    pairs, rows = _distinct(at * count + stamps.fields["Z"][stamps.place])
    fits = []
    for local, pair in zip(
        _local_times(minutes[pairs // count], zone), pairs.tolist(), strict=True
    ):
        name = stamps.names[pair % count]
        both = local, local.replace(fold=1)
        fits.append([_is_named(time, name) for time in both])
    first, second = np.array(fits, np.bool_).T
    stamps.refuse(
        ~(first | second)[rows],
        f"names a zone that {zone} is not in at that time; check tz=",
    )
    return (first != second)[rows], (second & ~first)[rows]


def _is_named(time: dt.datetime, name: str) -> bool:
    return name == time.tzname() or (
        name in {"UTC", "GMT", "Z"} and not time.utcoffset()
    )


def _second_pass(
    stamps: _Stamps,
    local: NDArray[np.int64],
    *,
    twice: NDArray[np.bool_],
    length: NDArray[np.int64],
    second: int,
) -> NDArray[np.bool_]:
    """Tell by the order of the stamps which of a repeated hour are the second time.

    `length` is how long the repeated time is, at each row, and `second` a second; both
    in ticks.
    """
    steps = np.diff(local)
    together = twice[1:] & twice[:-1] & (np.abs(steps) < length[1:])
    rows = np.flatnonzero(twice)
    begins = rows[~np.concatenate([[False], together])[rows]]
    ends = rows[~np.concatenate([together, [False]])[rows]] + 1
    # Stamps that go back elsewhere are in no order that could tell anything.
    sorted_else = not (steps[~together] < 0).any()
    onward = steps[steps > 0]
    usual = 10 * int(np.median(onward)) if onward.size else 0
    later = np.zeros(len(local), np.bool_)
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        # A step is no hidden pause if it is usual in this series, or under a second,
        # and far shorter than the time that would be hidden.
        limit = min(max(usual, second), int(length[begin]) // 4)
        passes = (
            _passes(steps, begin=begin, end=end, limit=limit) if sorted_else else None
        )
        if passes is None:
            raise _refusal(
                stamps.table,
                begin,
                "is ambiguous: the clocks are put back over it, and the order of the "
                "stamps does not tell which of the two times it is; stamps in UTC, "
                "with their offset (%z) or as ticks avoid this",
            )
        later[begin:end] = passes
    return later


def _passes(
    steps: NDArray[np.int64], *, begin: int, end: int, limit: int
) -> NDArray[np.bool_] | None:
    """Return which rows of one repeated time are its second pass, if that is known."""
    inner = steps[begin : end - 1]
    number = np.arange(end - begin)
    later: NDArray[np.bool_]
    back = np.flatnonzero(inner < 0)
    if back.size:
        later = number > back[0]
        return later if back.size == 1 else None
    enters = begin > 0 and int(steps[begin - 1]) <= limit
    leaves = end <= len(steps) and int(steps[end - 1]) <= limit
    pauses = np.flatnonzero(inner > limit)
    if enters and leaves and pauses.size == 1:
        later = number > pauses[0]
        return later
    if pauses.size or enters == leaves:
        return None
    return np.full(end - begin, leaves)


# --- text: bytes in rows --------------------------------------------------------------


def _as_strings(table: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Return rows of bytes as an array of byte strings."""
    width = table.shape[1]
    if not width:
        return np.zeros(len(table), "S1")
    return np.ascontiguousarray(table).view(f"S{width}")[:, 0]


def _to_the_left(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move the NUL bytes of each row behind its text."""
    if table.all():
        return table
    there = table != 0
    lengths = there.sum(axis=1)
    return _fill(table[there], lengths)


def _fill(data: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return texts that follow each other as rows, NUL bytes on their right."""
    width = int(lengths.max(initial=0))
    if (lengths == width).all():
        return data.reshape(len(lengths), width)
    table = np.zeros((len(lengths), width), np.uint8)
    table[np.arange(width) < lengths[:, np.newaxis]] = data
    return table


def _text_table(text: Any) -> NDArray[np.uint8]:
    """Return texts of any kind as rows of bytes, NUL bytes on their right."""
    if isinstance(text, str | bytes):
        text = [text]
    if isinstance(text, pd.Series | pd.Index):
        # The strings of pandas 3 give themselves to pyarrow; objects do not.
        text = text.to_numpy() if text.dtype == object else text.array
    if hasattr(text, "__arrow_array__"):
        import pyarrow as pa  # noqa: PLC0415 - slow, and needed here only

        text = pa.array(text)
    if type(text).__module__.partition(".")[0] == "pyarrow":
        return _from_arrow(text)
    array = text if isinstance(text, np.ndarray) else np.asarray(text, dtype=object)
    if array.dtype == np.uint8 and array.ndim == 2:
        return _to_the_left(array)
    if array.ndim != 1:
        raise TimestampError(f"texts of shape {array.shape}; one dimension is allowed")
    if array.dtype.kind == "U":
        try:
            array = array.astype("S")
        except UnicodeEncodeError:
            array = np.char.encode(array, "utf-8")
    if array.dtype.kind == "S":
        width = array.dtype.itemsize
        return np.ascontiguousarray(array).view(np.uint8).reshape(len(array), width)
    return _from_objects(array.tolist())


def _from_objects(values: list[Any]) -> NDArray[np.uint8]:
    if not values:
        return np.zeros((0, 0), np.uint8)
    kinds = set(map(type, values))
    if all(issubclass(kind, str) for kind in kinds):
        data = "\0".join(values).encode(errors="replace")
    elif all(issubclass(kind, bytes) for kind in kinds):
        data = b"\0".join(values)
    else:
        data = b"\0".join(_coded(value, row) for row, value in enumerate(values))
    stream = np.frombuffer(data + b"\0", np.uint8)
    ends = np.flatnonzero(stream == 0)
    if len(ends) != len(values):
        row = next(row for row, value in enumerate(values) if _has_nul(value))
        raise TimestampError(f"row {row}: {values[row]!r} holds a NUL character")
    return _fill(stream[stream != 0], np.diff(ends, prepend=-1) - 1)


def _coded(value: Any, row: int) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(errors="replace")
    raise TimestampError(
        f"row {row}: {value!r} is no text; missing stamps are to be dropped, and "
        "numbers are read with as_ticks"
    )


def _has_nul(value: str | bytes) -> bool:
    return "\0" in value if isinstance(value, str) else b"\0" in value


def _from_arrow(array: Any) -> NDArray[np.uint8]:
    """Return the rows of a pyarrow array, through its buffers."""
    import pyarrow as pa  # noqa: PLC0415 - slow, and needed here only

    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else array
    if array.null_count:
        row = int(array.is_null().to_numpy(zero_copy_only=False).argmax())
        raise TimestampError(f"row {row}: the stamp is missing; drop such rows")
    if not len(array):
        return np.zeros((0, 0), np.uint8)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not any(check(array.type) for check in _text_types()):
        raise TimestampError(
            f"values of type {array.type} are no text; numbers are read with as_ticks, "
            "times with index_to_ticks"
        )
    array = array.cast(pa.large_binary())
    _, offsets, data = array.buffers()
    count = array.offset + len(array) + 1
    bounds = np.frombuffer(offsets, np.int64, count)[array.offset :]
    stream = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    return _fill(stream, np.diff(bounds))


def _text_types() -> list[Callable[[Any], bool]]:
    import pyarrow as pa  # noqa: PLC0415 - slow, and needed here only

    names = "string large_string string_view binary large_binary fixed_size_binary"
    return [getattr(pa.types, f"is_{name}") for name in names.split()]
