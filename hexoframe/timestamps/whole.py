"""Whole numbers out of whatever form they arrive in: int, float, text, Decimal, Arrow.

What the numbers mean as time is for `times`; nothing is rounded here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import TimestampError
from hexoframe.timestamps.rows import NOT_ARROW, is_text, to_arrow
from hexoframe.timestamps.ticks import Clock, check_clock, check_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLOCK_SECONDS = (1_230_768_000, 2_556_144_000)  # 2009-01-01 to 2051-01-01
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_DECIMAL = pa.decimal128(38, 18)  # 20 digits before the point: more than int64 has


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
    number = whole(tick, "the tick")
    first, last = _CLOCK_SECONDS
    clocks: tuple[Clock, ...] = get_args(Clock)
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
    values : array_like or pyarrow array, shape (n,)
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
    check_clock(clock)
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind == "i":
        ticks = values.astype(np.int64, copy=False)
    else:
        ticks = _converted(values)
    check_ticks(ticks, clock)
    return ticks


def _converted(values: Any) -> NDArray[np.int64]:
    """Return values as int64; each cast refuses what it would have to round."""
    try:
        array = to_arrow(values)
        _check_type(array.type)
        if is_text(array.type):
            text = array.cast(pa.large_string())
            array = pc.ascii_trim_whitespace(text).cast(_DECIMAL)
        ticks: NDArray[np.int64] = array.cast(pa.int64()).to_numpy()
    except NOT_ARROW:  # a wrong value, or a rare form: looked at one by one
        listed = values.to_pylist() if hasattr(values, "to_pylist") else values
        numbers = [whole(value, f"row {row}") for row, value in enumerate(listed)]
        return np.array(numbers, np.int64)
    return ticks


def _check_type(kind: Any) -> None:
    types = pa.types
    if types.is_float16(kind) or types.is_float32(kind):
        raise TimestampError(
            f"values of type {kind} (float32 or less) cannot hold a tick exactly; read "
            "the time stamps as int64 or float64"
        )
    checks = types.is_integer, types.is_floating, types.is_decimal, types.is_null
    if not is_text(kind) and not any(check(kind) for check in checks):
        raise TimestampError(
            f"values of type {kind} are no ticks; one dimension of whole numbers is "
            "(for times use index_to_ticks)"
        )


def whole(value: Any, where: str) -> int:
    """Return one number exactly, or say why it is none."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    if isinstance(text, str) and _NUMBER.fullmatch(text) is None:
        raise TimestampError(
            f"{where}: {text!r} is no tick; a whole number is needed, such as "
            "'384700526436', '384700526436.0' or '3.83013275683e+11'"
        )
    if pd.api.types.is_scalar(value) and pd.isna(value):
        raise TimestampError(
            f"{where}: {value!r} is a missing time stamp; drop or fill such rows"
        )
    try:
        if isinstance(value, bool):
            raise TypeError  # noqa: TRY301
        exact = Fraction(text.item() if isinstance(text, np.number) else text)
    except (TypeError, ValueError, OverflowError) as error:
        raise TimestampError(f"{where}: {value!r} is no whole number") from error
    if exact.denominator != 1:
        raise TimestampError(
            f"{where}: {value!r} is no whole number of ticks; a tick is never rounded "
            "here, so check where the stamp was computed"
        )
    if abs(exact) >= 2**63:
        raise TimestampError(f"{where}: {value!r} is no tick of 2000 to 2100")
    return exact.numerator
