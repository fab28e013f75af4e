"""Ticks: the clocks that count them, their limits, and numbers of any form as ticks.

Integers only; nothing is rounded. Time of pandas is for `times`, text for `writing` and
`reading`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import ConfigurationError, TimestampError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Clock = Literal[256, 1000]
Halves = Literal["even", "up"]

NS_PER_TICK: dict[int, int] = {256: 3_906_250, 1000: 1_000_000}
"""Length of a tick of each clock, in ns."""

CLASSIC_FORMAT = "%Y:%m:%d\t%H:%M:%S:%f"
"""How the classic .txt writes a time stamp."""

NOT_ARROW = (pa.ArrowException, OverflowError, UnicodeError)
"""What pyarrow raises for values that it cannot take or convert."""

_YEARS = (946_684_800, 4_102_444_800)  # begin of 2000 and of 2100, in s
_CLOCK_SECONDS = (1_230_768_000, 2_556_144_000)  # 2009-01-01 to 2051-01-01
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_DECIMAL = pa.decimal128(38, 18)  # 20 digits before the point: more than int64 has

# --- clocks and limits ----------------------------------------------------------------


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
    number = whole_number(tick, "the tick")
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


def told_apart(clock: Clock) -> tuple[int, int]:
    """Return the first tick by which `clock_of` tells a clock, and the one behind."""
    first, last = _CLOCK_SECONDS
    return first * clock, last * clock


def check_clock(clock: Any) -> None:
    """Raise ConfigurationError unless the clock is 256 or 1000."""
    if clock not in NS_PER_TICK:
        raise ConfigurationError(
            f"clock {clock!r}: 256 (Hexoskin) and 1000 (Astroskin) ticks a second are "
            "allowed"
        )


def limits(clock: Clock) -> tuple[int, int]:
    """Return the first and the last tick of 2000 to 2100."""
    return _YEARS[0] * clock, _YEARS[1] * clock


def check_tick(tick: int, clock: Clock, *, where: str = "") -> int:
    """Return a tick, or raise TimestampError if it lies outside 2000 to 2100."""
    first, last = limits(clock)
    if not first <= tick <= last:
        raise TimestampError(
            f"{where}tick {tick} lies outside the years 2000 to 2100, which at {clock} "
            f"ticks a second are {first} to {last}; check the clock (256 Hexoskin, "
            "1000 Astroskin)"
        )
    return tick


def check_ticks(ticks: NDArray[np.int64], clock: Clock) -> None:
    """Raise TimestampError for the first tick outside 2000 to 2100."""
    first, last = limits(clock)
    if ticks.size and (int(ticks.min()) < first or int(ticks.max()) > last):
        row = int(((ticks < first) | (ticks > last)).argmax())
        check_tick(int(ticks[row]), clock, where=f"row {row}: ")


def between_ticks(clock: Clock) -> str:
    """Return the message for a time between two ticks."""
    return (
        f"lies between two ticks of 1/{clock} s; check the model and its clock "
        "(256 Hexoskin, 1000 Astroskin)"
    )


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
    above, below = int(step.numerator), int(step.denominator)
    end = 2 * above * (int(first) + int(count)) + below
    if max(end, abs(int(start)) + end // (2 * below)) >= 2**63:
        raise TimestampError(
            f"{count} samples of {step} ticks from tick {start} on do not fit into "
            "int64; check start, step and count"
        )
    numbers = np.arange(first, first + count, dtype=np.int64)
    if below == 1:  # nearly always, and twice as quick
        numbers *= above
    else:
        numbers *= 2 * above
        numbers += below
        numbers //= 2 * below
    numbers += start
    return numbers


# --- numbers of any form --------------------------------------------------------------


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
        The ticks; they share the memory of `values` if nothing was converted.

    Raises
    ------
    TimestampError
        If a value is missing, no whole number, or outside 2000 to 2100; names the row,
        from 0.
    """
    check_clock(clock)
    ticks = _of_numbers(values)
    if ticks is None:
        ticks = _converted(values)
    check_ticks(ticks, clock)
    return ticks


def _of_numbers(values: Any) -> NDArray[np.int64] | None:
    """Return an array of integers, or of floats that are whole; None for all else."""
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        return None
    if values.dtype.kind == "i":
        return values.astype(np.int64, copy=False)
    if values.dtype != np.float64:
        return None
    with np.errstate(invalid="ignore"):  # NaN and what is too large differ below
        ticks = values.astype(np.int64)
    return ticks if (ticks == values).all() else None


def _converted(values: Any) -> NDArray[np.int64]:
    """Return values as int64; casts refuse to round."""
    try:
        array = to_arrow(values)
        _check_type(array.type)
        if is_text(array.type):
            text = array.cast(pa.large_string())
            array = pc.ascii_trim_whitespace(text).cast(_DECIMAL)
        ticks: NDArray[np.int64] = array.cast(pa.int64()).to_numpy()
    except NOT_ARROW:  # a wrong value, or a rare form: converted one by one
        listed = values.to_pylist() if hasattr(values, "to_pylist") else values
        numbers = [whole_number(each, f"row {row}") for row, each in enumerate(listed)]
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


def whole_number(value: Any, where: str) -> int:
    """Return one whole number exactly; `where` begins the error message."""
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


def to_arrow(values: Any) -> Any:
    """Return values as a chunked array; refuse missing values and two dimensions."""
    column = hasattr(values, "__len__") and not isinstance(values, str | bytes)
    if not column or getattr(values, "ndim", 1) != 1:
        raise TimestampError(
            f"{type(values).__name__} of shape {np.shape(values)}; one dimension is "
            "allowed, such as a list"
        )
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pa.array(values, from_pandas=True)
    array = (
        values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    )
    if array.null_count:
        row = int(array.is_null().to_numpy().argmax())
        raise TimestampError(
            f"row {row}: None is a missing time stamp; drop or fill such rows"
        )
    if pa.types.is_dictionary(array.type):
        return array.cast(array.type.value_type)
    return array


def is_text(kind: Any) -> bool:
    """Whether an Arrow type holds str or bytes."""
    names = "string", "large_string", "binary", "large_binary"
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)
