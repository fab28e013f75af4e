"""Moments and lengths of time in every form that users write them.

Each argument that is a time (``start=``, ``end=``, ``--start``) or a length of time
(``rate=``, ``length=``) is decoded here, so that all take the same forms. Columns of
times are for `times` and `reading`.
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.timestamps.ticks import NS_PER_TICK, Clock, limits
from hexoframe.timestamps.times import time_to_tick

Moment = int | float | str | dt.datetime | dt.timedelta | np.timedelta64
"""A time with a zone, a tick, or a length behind the start of the record.

A length is text with a unit (``"90s"``), a timedelta, or a number of seconds.
"""
Length = int | float | str | dt.timedelta | np.timedelta64
"""A length of time: text with a unit, a timedelta, or a number of seconds."""

_NS = 10**9
# A number and a unit: no ISO 8601 time begins so.
_WITH_UNIT = re.compile(r"[+-]?\s*(\d+\.?\d*|\.\d+)\s*[^\W\d_]+(?!-).*", re.DOTALL)
_BARE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_HERTZ = re.compile(r"(\d+\.?\d*|\.\d+)\s*(k?)hz", re.IGNORECASE)
# From here on a number is seconds since 1970, and no record lasts so long: 1 Jan 2000.
_MOST_SECONDS = 946_684_800


def moment_to_tick(
    moment: Any,
    *,
    clock: Clock,
    origin: int | None = None,
    rounding: Literal["exact", "down", "up"] = "up",
) -> int:
    """Return the tick of a moment as a user gave it.

    `origin` is the tick at which the record starts; None where there is no record that
    a length could count from. What is no moment is a `TimestampError`.
    """
    if _is_number(moment):
        first, last = limits(clock)
        if moment == moment // 1 and first <= moment <= last:
            return int(moment)
        if abs(moment) >= _MOST_SECONDS or moment != moment:  # noqa: PLR0124  # NaN
            raise TimestampError(
                f"{moment!r} is neither a tick of 1/{clock} s nor a number of seconds "
                "behind the start of a record: for seconds since 1970 give "
                "pandas.Timestamp(seconds, unit='s', tz='UTC')"
            )
    elif isinstance(moment, str) and _BARE.fullmatch(moment.strip()):
        raise TimestampError(
            f"{moment!r} has no unit: give '{moment.strip()}s', the number itself for "
            "seconds, or a time with its zone"
        )
    elif not _is_length(moment):
        try:
            return time_to_tick(moment, clock=clock, rounding=rounding)
        except TimestampError as error:
            if origin is None or not isinstance(moment, str) or moment[:1].isdigit():
                raise
            raise TimestampError(
                f"{error}; a length behind the start of the record is text such as "
                "'90s'"
            ) from error
    if origin is None:
        raise TimestampError(
            f"{moment!r} counts from the start of a record, and here is none: give a "
            "time with its zone, such as '2022-11-04T23:29:49Z', or a tick"
        )
    try:
        ns = length_ns("it", moment, least=0)
    except ConfigurationError as error:
        raise TimestampError(
            f"{moment!r} is no time behind the start of a record: give a length such "
            "as '90s' (not below zero), or a time with its zone"
        ) from error
    per_tick = NS_PER_TICK[clock]
    return origin + (ns // per_tick if rounding == "down" else -(-ns // per_tick))


def length_ns(name: str, length: Any, *, least: int = 1) -> int:
    """Return a length of time in ns; below `least` it is a `ConfigurationError`.

    A number is seconds; text needs a unit. `name` is the argument, for the message.
    """
    hint = f"{name}={length!r}: give a length of time, such as '1s' or '40ms'"
    try:
        ns = _whole_ns(length)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(hint) from error
    if ns < least:
        raise ConfigurationError(f"{name}={length!r}: give a length above zero")
    return ns


def period_ns(name: str, rate: Any) -> int:
    """Return the length of a bin in ns, given as such or as a rate such as ``64Hz``.

    A bare number is refused, since it could be either.
    """
    if _is_number(rate):
        raise ConfigurationError(
            f"{name}={rate!r}: seconds, or Hz? Give a length of time such as "
            f"'{rate}s', or '{rate}Hz'"
        )
    match = _HERTZ.fullmatch(rate.strip()) if isinstance(rate, str) else None
    if match is None:
        return length_ns(name, rate)
    hertz = Fraction(match[1]) * (1000 if match[2] else 1)
    if not hertz or (_NS / hertz).denominator != 1:
        raise ConfigurationError(
            f"{name}={rate!r}: the bins would not be whole nanoseconds long; give a "
            "rate such as '64Hz', or a length of time such as '20ms'"
        )
    return int(_NS / hertz)


def _is_number(value: Any) -> bool:
    # A bool is a number to Python, and a timedelta64 to numpy.
    return isinstance(value, Real) and not isinstance(value, (bool, np.timedelta64))


def _is_length(moment: Any) -> bool:
    if isinstance(moment, str):
        return _WITH_UNIT.fullmatch(moment.strip()) is not None
    return isinstance(moment, (dt.timedelta, np.timedelta64))


def _whole_ns(length: Any) -> int:
    """Return ns, rounded; what is no length is a TypeError, ValueError or Overflow."""
    if _is_number(length):
        # As a fraction: the nanoseconds of a float would be rounded twice.
        return round(Fraction(str(length)) * _NS)
    if not isinstance(length, (str, dt.timedelta, np.timedelta64)):
        raise TypeError
    if isinstance(length, str) and _BARE.fullmatch(length.strip()):
        raise ValueError  # pandas would take it for ns
    value = pd.Timedelta(length)
    if pd.isna(value):
        raise ValueError
    return int(value.as_unit("ns").value)


def length_in_words(length: pd.Timedelta) -> str:
    """Return a length to the second, with its units.

    Examples
    --------
    >>> length_in_words(pd.Timedelta("1h 30s")), length_in_words(pd.Timedelta(0))
    ('1 h 30 s', '0 s')
    """
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"h": hours, "min": minutes, "s": seconds}
    return " ".join(f"{n} {unit}" for unit, n in parts.items() if n) or "0 s"
