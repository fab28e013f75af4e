"""The clocks that count ticks, their limits, and evenly spaced ticks.

Only int and int64 come in here: other forms of numbers are for `whole`, time is for
`times`, text for `reading` and `writing`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hexoframe.errors import ConfigurationError, TimestampError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Clock = Literal[256, 1000]

NS_PER_TICK: dict[int, int] = {256: 3_906_250, 1000: 1_000_000}
"""Length of a tick of each clock, in ns."""

_YEARS = (
    946_684_800,
    4_102_444_800,
)  # the seconds 2000-01-01 and 2100-01-01 begin with


def check_clock(clock: Any) -> None:
    """Raise ConfigurationError for a clock that is none."""
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
    """Return what an error says of a time that no tick has."""
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
