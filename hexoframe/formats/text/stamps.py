"""How a folder of classic .txt files stamps its samples: ticks, or text of a zone.

The forms of a stamp and the hours that a zone has twice belong here; lines and files do
not.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.errors import TimestampError
from hexoframe.timestamps import as_ticks, text_to_ticks, ticks_to_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock

__all__ = ["Stamps"]

# Changes of clocks fall on quarters of an hour; what lies two of them before and after
# tells how the repeated hour is entered and left.
_QUARTER = 900
_ABOUT = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """How time stamps are written.

    Attributes
    ----------
    clock : {256, 1000}
        Ticks a second.
    fmt : str or None
        strftime format; None for ticks.
    tz : str
        Zone of the text.
    """

    clock: Clock
    fmt: str | None = None
    tz: str = "UTC"

    @property
    def fields(self) -> int:
        """Fields between tabs that a stamp takes."""
        return 1 if self.fmt is None else 1 + self.fmt.count("\t")

    def write(self, ticks: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        """Return ticks as columns of text that stand side by side."""
        if self.fmt is None:
            return _spelt(ticks)
        return ticks_to_columns(ticks, clock=self.clock, fmt=self.fmt, tz=self.tz)

    def read(self, texts: Any) -> NDArray[np.int64]:
        """Return the ticks of stamps; raises TimestampError with the row, from 0."""
        if self.fmt is None:
            return as_ticks(texts, clock=self.clock)
        return text_to_ticks(texts, clock=self.clock, fmt=self.fmt, tz=self.tz)

    def repeated_hours(self, ends: Sequence[bytes]) -> list[tuple[int, int]]:
        """Return where clocks are put back between two stamps, in s of local time."""
        if self.fmt is None or self.tz == "UTC":
            return []
        try:
            first, last = self._on_the_wall(ends)
        except TimestampError:
            return []  # reading names the broken line
        times = np.arange(first - 86_400, last + 86_400, _QUARTER)
        utc = pd.to_datetime(times, unit="s", utc=True)
        local = utc.tz_convert(self.tz).tz_localize(None)
        wall = np.asarray(local.as_unit("s").asi8)
        return [
            (int(wall[at + 1]) - _ABOUT, int(wall[at]) + _QUARTER + _ABOUT)
            for at in np.flatnonzero(np.diff(wall) < 0)
        ]

    def touch(self, ends: Sequence[bytes], spans: list[tuple[int, int]]) -> bool:
        """Whether what lies between two stamps touches such a time."""
        try:
            first, last = self._on_the_wall(ends)
        except TimestampError:
            return False  # reading names the broken line
        # Within a repeated hour the last stamp may be the smaller one.
        low, high = min(first, last), max(first, last)
        return any(low <= end and high >= begin for begin, end in spans)

    def _on_the_wall(self, ends: Sequence[bytes]) -> tuple[int, int]:
        """Return what the clock on the wall says in two stamps, in s."""
        wall = Stamps(clock=self.clock, fmt=self.fmt)
        first, last = (wall.read(list(ends)) // self.clock).tolist()
        return first, last


@functools.cache
def _four_digits() -> digits.TextTable:
    return digits.TextTable.over(0, 9999, "{:04d}".format)


def _spelt(ticks: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Return ticks as digits; neighbours share all but the last four."""
    upper = ticks // 10_000
    return [digits.integers(upper), _four_digits().take(ticks - upper * 10_000)]
