"""Ticks as UTC time of pandas, and time as ticks.

Text here is ISO 8601 alone; other formats are for `writing` and `reading`.
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.timestamps.ticks import (
    NS_PER_TICK,
    Clock,
    as_ticks,
    between_ticks,
    check_clock,
    check_tick,
    check_ticks,
    grid,
    whole_number,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UTC_INDEX = pd.DatetimeTZDtype("ns", "UTC")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?[0-5]\d)?)",
    re.ASCII | re.IGNORECASE,
)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d(?::?[0-5]\d)?)?", re.ASCII | re.IGNORECASE
)


def ticks_to_index(ticks: Any, *, clock: Clock) -> pd.DatetimeIndex:
    """Return ticks as the index of a frame.

    Parameters
    ----------
    ticks : array_like, shape (n,)
        As for `as_ticks`.
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


def grid_to_index(
    start: int, *, step: Fraction | int, count: int, first: int = 0, clock: Clock
) -> pd.DatetimeIndex:
    """Return the index of evenly spaced samples.

    The same as `ticks_to_index` of `grid`, without a second pass over the samples where
    the step is a whole number of ticks.

    Parameters
    ----------
    start, step, count, first
        As for `grid`.
    clock : {256, 1000}
        Ticks a second.

    Returns
    -------
    DatetimeIndex, shape (count,)
        In UTC, unit ns, with the name ``time``.

    Raises
    ------
    ConfigurationError
        As `grid`.
    TimestampError
        As `ticks_to_index`.
    """
    step = Fraction(step)
    if step.denominator != 1 or step <= 0 or min(count - 1, first) < 0:
        ticks = grid(start, step=step, count=count, first=first)
        return ticks_to_index(ticks, clock=clock)
    pace = step.numerator
    begin = start + first * pace
    as_ticks([begin, begin + (count - 1) * pace], clock=clock)
    ns = NS_PER_TICK[clock]
    nanoseconds = np.arange(begin * ns, (begin + count * pace) * ns, pace * ns)
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
    check_clock(clock)
    times = _aware_index(index)
    if times.hasnans:
        row = int(times.isna().argmax())
        raise TimestampError(f"row {row}: the time is missing (NaT); drop such rows")
    nanoseconds = np.asarray(times.asi8)
    # Not divmod, which takes three times as long.
    ticks = nanoseconds // NS_PER_TICK[clock]
    check_ticks(ticks, clock)
    wrong = ticks * NS_PER_TICK[clock] != nanoseconds
    if wrong.any():
        row = int(wrong.argmax())
        raise TimestampError(
            f"row {row}: {times[row].isoformat()} {between_ticks(clock)}"
        )
    return ticks


def _aware_index(index: Any) -> pd.DatetimeIndex:
    try:
        times = pd.DatetimeIndex(index).as_unit("ns")
    except (TypeError, ValueError, OverflowError) as error:
        raise TimestampError(
            f"{type(index).__name__} holds no times of one zone, or times far outside "
            f"2000 to 2100 ({error}); give a DatetimeIndex in UTC, or use as_ticks for "
            "numbers"
        ) from error
    if times.tz is None and len(times):
        raise TimestampError(
            f"naive times (the first is {times[0]}) are refused, since nothing says "
            "where their clock stood: add a zone with .tz_localize('UTC')"
        )
    return times


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
    check_clock(clock)
    number = check_tick(whole_number(tick, "the tick"), clock)
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
        What to do with a time between two ticks. "exact" accepts only the time of a
        tick, possibly rounded to microseconds.

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
        If `rounding` is not one of the three.
    """
    check_clock(clock)
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
        # Only times rounded to microseconds may differ, by one at most.
        if nanoseconds % 1000 or abs(nanoseconds - tick * length) > 1000:
            raise TimestampError(f"{str(time)!r} {between_ticks(clock)}")
    return check_tick(int(tick), clock)


def _nanoseconds(time: Any) -> int:
    """Return whole ns since 1970 of one aware time."""
    moment = _from_iso(time) if isinstance(time, str) else time
    if isinstance(moment, np.datetime64) and not np.isnat(moment):
        raise TimestampError(
            f"{moment} is a time of numpy, which has no zone, and refused, since "
            "nothing says where its clock stood: give pandas.Timestamp("
            f"'{moment}', tz='UTC'), or another zone"
        )
    if isinstance(moment, dt.date) and not isinstance(moment, dt.datetime):
        return _nanoseconds(moment.isoformat())  # refused as text of a day is
    if not isinstance(moment, dt.datetime) or pd.isna(moment):
        raise TimestampError(
            f"{time!r} is no time: give an aware datetime, a Timestamp or text such as "
            "'2022-11-04T23:29:49Z'"
        )
    if moment.utcoffset() is None:
        raise TimestampError(
            f"{time} is naive and refused, since nothing says where its clock stood: "
            "add a zone, as in datetime(..., tzinfo=timezone.utc) or "
            ".tz_localize('America/Montreal')"
        )
    try:
        return int(pd.Timestamp(moment.astimezone(dt.UTC)).as_unit("ns").value)
    except (ValueError, OverflowError) as error:
        raise TimestampError(f"{time} lies outside the years 2000 to 2100") from error


def _from_iso(text: str) -> pd.Timestamp:
    day = _DATE.fullmatch(text.strip())
    if day is not None:
        # As an end, a day could mean with or without that day.
        raise TimestampError(
            f"{text!r} is a day, not a time with its zone: write "
            f"{day[1]}T00:00:00{day[2] or 'Z'} for its start"
            f"{'' if day[2] else ' in UTC'}"
        )
    try:
        if _ISO.fullmatch(text.strip()) is None:
            raise ValueError("the form is YYYY-MM-DDThh:mm:ss[.fraction]Z")  # noqa: TRY301
        return pd.Timestamp(text.strip().upper().replace(",", "."))
    except ValueError as error:
        raise TimestampError(
            f"{text!r} is no ISO 8601 time with a zone ({error}): add Z for UTC, or an "
            "offset such as -05:00"
        ) from error
