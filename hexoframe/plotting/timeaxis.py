"""The time axis: ticks at round times of the clock on the wall, in any zone.

An hour that comes twice in autumn has its ticks twice. matplotlib is imported here at
once, so this module is imported when something is drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import Formatter, Locator

from hexoframe.plotting.lines import days, nanoseconds

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from matplotlib.axis import Axis
    from numpy.typing import NDArray

__all__ = ["WallFormatter", "WallLocator"]

_S, _MIN, _HOUR, _DAY = (seconds * 1_000_000_000 for seconds in (1, 60, 3600, 86_400))
_STEPS = (
    *(some * 10**power for power in range(3, 9) for some in (1, 2, 5)),
    *(some * unit for unit in (_S, _MIN) for some in (1, 2, 5, 10, 15, 20, 30)),
    *(some * _HOUR for some in (1, 2, 3, 4, 6, 12)),
    *(some * _DAY for some in (1, 2, 4, 7, 14, 28, 56, 91, 182, 364)),
)
# Clocks are set to whole quarters of an hour.
_GRID = 15 * _MIN
# A label with seconds takes this many inches of the axis.
_LABEL = 0.85
_MOST_TICKS = 9
_MOST_TRIED = 500_000
# Days of matplotlib are exact to a microsecond.
_PLAY = 1000


class WallLocator(Locator):
    """Finds round times of a zone.

    Parameters
    ----------
    tz : tzinfo
        The zone.
    """

    def __init__(self, tz: dt.tzinfo) -> None:
        self.tz = tz

    def __call__(self) -> list[float]:
        """Return the ticks of the view."""
        low, high = self.axis.get_view_interval()  # type: ignore[union-attr]
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return ticks between two days of matplotlib, as many as have room."""
        ends = nanoseconds(np.sort(np.array([vmin, vmax], dtype=np.float64)))
        first, last = int(ends[0]) - _PLAY, int(ends[1]) + _PLAY
        room = _room(self.axis)  # type: ignore[arg-type]
        step = next(
            (step for step in _STEPS if last - first - 2 * _PLAY <= room * step),
            _STEPS[-1],
        )
        grid = math.gcd(step, _GRID)
        if (last - first) // grid > _MOST_TRIED:
            return []
        tried = np.arange(-(-first // grid), last // grid + 1) * grid
        ticks: list[float] = days(tried[_wall(tried, self.tz) % step == 0]).tolist()
        return ticks


class WallFormatter(Formatter):
    """Writes times of a zone, as exactly as the ticks need, and their date once.

    Parameters
    ----------
    tz : tzinfo
        The zone.
    """

    def __init__(self, tz: dt.tzinfo) -> None:
        self.tz = tz
        self._offset = ""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """Return a time with its date, as for the place of a mouse."""
        (wall,) = _times(np.array([x]), self.tz)
        return f"{wall:%Y-%m-%d %H:%M:%S.%f}"[:-3]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks; midnight is labelled with its day."""
        walls = _times(np.asarray(values, dtype=np.float64), self.tz)
        self._offset = f"{walls[-1]:%Y-%m-%d}" if len(walls) else ""
        digits = max(
            (len(f"{w.microsecond:06d}".rstrip("0")) for w in walls), default=0
        )
        seconds = any(wall.second or wall.microsecond for wall in walls)
        form = "%H:%M:%S.%f" if digits else "%H:%M:%S" if seconds else "%H:%M"
        unused = 6 - digits if digits else 0
        return [
            f"{wall:%m-%d}"
            if wall == wall.normalize()
            else f"{wall:{form}}"[: -unused or None]
            for wall in walls
        ]

    def get_offset(self) -> str:
        """Return the date of the last tick."""
        return self._offset


def _room(axis: Axis) -> int:
    """How many labels an axis has room for."""
    axes = axis.axes
    inches = axes.bbox.width / axes.figure.dpi
    return max(2, min(_MOST_TICKS, int(inches / _LABEL)))


def _wall(stamps: NDArray[np.int64], tz: dt.tzinfo) -> NDArray[np.int64]:
    """Return what clocks on the wall show, in ns since their 1970."""
    index = pd.DatetimeIndex(stamps.view("datetime64[ns]"), tz="UTC")
    return index.tz_convert(tz).tz_localize(None).asi8


def _times(numbers: NDArray[np.float64], tz: dt.tzinfo) -> list[pd.Timestamp]:
    """Return days of matplotlib as times on the wall, to a microsecond."""
    stamps = np.rint(nanoseconds(numbers) / 1000).astype(np.int64) * 1000
    return list(pd.DatetimeIndex(_wall(stamps, tz).view("datetime64[ns]")))
