"""Parts of a figure that adapt to its view: lines, marks, ticks of the time axis.

The only module of pictures that imports matplotlib at its top: the others import it and
this module when they draw.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, Locator

from hexoframe.plotting.decimation import (
    BLOCK_S,
    Band,
    LineSamples,
    block_extremes,
    draw_rows,
    envelope,
    outside,
    pick_rows,
    typical_band,
)
from hexoframe.plotting.figures import EXTREMES, INK, TYPICAL, days, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.backend_bases import RendererBase
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = [
    "EdgeMarks",
    "LiveEnvelope",
    "LiveLine",
    "SparseMarks",
    "WallFormatter",
    "WallLocator",
]

# A vector file is looked at closer than its 72 dots an inch.
_FINER = 4
# Size in points of the dot for a sample alone.
_DOT = 2.4
# Marks nearer to each other than this (in pixels) run into a bar that tells nothing.
_APART = 5.0
# Size in points of the marks at the edges, and their place as a part of the height.
_MARK, _AT = 3.5, 0.985
# A column of a band has at least so many blocks, and so many pixels.
_BLOCKS, _COLUMN = 3, 3.0

_S, _MIN, _HOUR, _DAY = (seconds * 1_000_000_000 for seconds in (1, 60, 3600, 86_400))
_STEPS = (
    *(some * 10**power for power in range(3, 9) for some in (1, 2, 5)),
    *(some * unit for unit in (_S, _MIN) for some in (1, 2, 5, 10, 15, 20, 30)),
    *(some * _HOUR for some in (1, 2, 3, 4, 6, 12)),
    *(some * _DAY for some in (1, 2, 4, 7, 14, 28, 56, 91, 182, 364)),
)
# Zones differ from UTC by whole quarters of an hour.
_GRID = 15 * _MIN
# A label with seconds takes this many inches of the axis.
_LABEL = 0.85
_MOST_TICKS = 9
_MOST_TRIED = 500_000
# Days of matplotlib are exact to a microsecond (in ns).
_PLAY = 1000
_MIDNIGHT = dt.time()


# --- lines and marks ------------------------------------------------------------------


class LiveLine(Line2D):
    """A line of many samples, decimated to the pixels of its axes.

    It is fitted again whenever the view or the size of the axes changes.
    """

    def __init__(self, samples: LineSamples, **style: Any) -> None:
        super().__init__(
            [],
            [],
            marker="o",
            markersize=_DOT,
            markeredgewidth=0,
            solid_joinstyle="round",
            **style,
        )
        self.samples = samples
        self.drawn = draw_rows(samples, np.empty(0, np.int64))
        self._fitted: tuple[float, ...] = ()
        self._ends: Rows | None = None

    def put_on(self, axes: Axes) -> None:
        """Add the line to some axes, whose view says which samples are drawn."""
        axes.add_line(self)
        self.fit(axes)
        axes.update_datalim(self.get_xydata())
        axes.callbacks.connect("xlim_changed", self.fit)

    def fit(self, axes: Axes, finer: int = 1) -> None:
        """Pick the samples for the view, `finer` times as many as its pixels need."""
        left, right = sorted(axes.get_xlim())
        box = axes.bbox
        asked: tuple[float, ...] = (left, right, box.x0, box.x1, finer)
        if asked == self._fitted:
            return
        self._fitted = asked
        rows = pick_rows(self.samples, _edges(asked), self._ends)
        if self._ends is None and len(rows):
            drawn = self.samples.heights[rows]
            self._ends = rows[[int(drawn.argmin()), int(drawn.argmax())]]
        self.drawn = draw_rows(self.samples, rows)
        self.set_data(days(self.drawn.stamps), self.drawn.heights)
        self.set_markevery(self.drawn.lone)  # type: ignore[arg-type]

    @property
    def columns(self) -> Rows:
        """When the pixel columns of the view begin, and the last one ends, in ns."""
        return _edges(self._fitted)

    def draw(self, renderer: RendererBase) -> None:
        """Fit and draw; a figure may be saved at another size than it is shown."""
        self.fit(cast("Axes", self.axes), _finer(renderer))
        super().draw(renderer)


class LiveEnvelope(PolyCollection):
    """The samples of a line in views so long that its waves run together.

    Filled from the lowest to the highest sample of each pixel column, in the place of
    the line. The `typical` range lies on it: two lines, through the medians of the
    lowest and of the highest samples of blocks that do not reach into `absent` spans.
    """

    def __init__(self, line: LiveLine, longest_s: float, absent: Rows) -> None:
        order = line.get_zorder()
        super().__init__(
            [], facecolor=EXTREMES, edgecolor=EXTREMES, linewidth=0.4, zorder=order
        )
        self.typical = LineCollection(
            [], colors=TYPICAL, linewidths=line.get_linewidth(), zorder=order + 0.1
        )
        self.line, self._longest_s, self._absent = line, longest_s, absent
        self._blocks: Band | None = None
        self._fitted: tuple[float, ...] = ()

    def put_on(self, axes: Axes) -> None:
        """Add both to the axes of the line."""
        for one in (self, self.typical):
            axes.add_collection(one, autolim=False)
        self.fit(axes)
        axes.callbacks.connect("xlim_changed", self.fit)

    def fit(self, axes: Axes, finer: int = 1) -> None:
        """Show the envelope in a long view, and the line in a short one."""
        left, right = sorted(axes.get_xlim())
        asked: tuple[float, ...] = (left, right, axes.bbox.width, finer)
        if asked == self._fitted:
            return
        self._fitted = asked
        first, last = nanoseconds(np.array([left, right])).tolist()
        is_long = last - first > self._longest_s * _S
        self.line.set_visible(not is_long)
        for one in (self, self.typical):
            one.set_visible(is_long)
        if is_long:
            self.line.fit(axes, finer)
            bands = envelope(self.line.drawn, self.line.columns)
            self.set_verts([_outline(band) for band in bands])
            self._fit_typical(axes, first, last)

    def _fit_typical(self, axes: Axes, first: int, last: int) -> None:
        if self._blocks is None:
            self._blocks = block_extremes(self.line.samples, self._absent)
        most = (last - first) / (_BLOCKS * BLOCK_S * _S)
        columns = max(1, int(min(axes.bbox.width / _COLUMN, most)))
        edges = first + np.linspace(0, last - first, columns + 1).astype(np.int64)
        self.typical.set_segments(
            [
                np.stack((days(band.stamps), heights), axis=1)
                for band in typical_band(self._blocks, edges)
                for heights in (band.low, band.high)
            ]
        )

    def draw(self, renderer: RendererBase) -> None:
        """Fit and draw; a figure may be saved at another size than it is shown."""
        self.fit(cast("Axes", self.axes), _finer(renderer))
        super().draw(renderer)


def _outline(band: Band) -> NDArray[np.float64]:
    """Return the corners of a band, along its upper side and back."""
    x = days(band.stamps)
    upper, lower = (np.stack((x, y), axis=1) for y in (band.high, band.low))
    return np.concatenate((upper, lower[::-1]))


def _finer(renderer: RendererBase) -> int:
    """Return how many columns are drawn for each dot."""
    return 1 if hasattr(renderer, "buffer_rgba") else _FINER


class EdgeMarks(Line2D):
    """Marks at an edge of a panel where a line or dots lie beyond its limits.

    `absent` are ascending spans in ns without a mark: nothing was measured there.
    """

    def __init__(self, drawn: Line2D, absent: Rows, *, above: bool) -> None:
        super().__init__(
            [],
            [],
            linestyle="none",
            marker="^" if above else "v",
            markersize=_MARK,
            markeredgewidth=0,
            color=INK,
            label="beyond the axis",
            zorder=4,
        )
        self._drawn, self._absent, self._above = drawn, absent, above

    def put_on(self, axes: Axes) -> None:
        """Add the marks to the axes of what is drawn."""
        self.set_transform(axes.get_xaxis_transform())
        axes.add_line(self)
        self.fit()

    @property
    def is_used(self) -> bool:
        """Whether anything lies beyond the limits."""
        return bool(len(self.get_xdata()))  # type: ignore[arg-type]

    def fit(self) -> None:
        """Find what lies beyond the limits in the view."""
        axes = cast("Axes", self.axes)
        (left, right), (low, high) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
        x, y = (np.asarray(one, dtype=np.float64) for one in self._drawn.get_data())
        beyond = (y > high) if self._above else (y < low)
        x = x[beyond & (x >= left) & (x <= right)]
        x = x[outside(nanoseconds(x), self._absent)]
        per_day = axes.bbox.width / max(right - left, np.finfo(np.float64).tiny)
        # One of those that would run into each other.
        cells = np.floor((x - left) * per_day / _APART)
        x = x[np.unique(cells, return_index=True)[1]]
        self.set_data(x, np.full(len(x), _AT if self._above else 1 - _AT))

    def draw(self, renderer: RendererBase) -> None:
        """Fit and draw; limits and view may have changed."""
        self.fit()
        super().draw(renderer)


def _edges(asked: tuple[float, ...]) -> Rows:
    """Return when the pixel columns of a view begin and end, in ns."""
    left, right, begin, end, finer = asked
    columns = max(1, round((np.ceil(end) - np.floor(begin)) * finer))
    borders = np.floor(begin) + np.arange(columns + 1) / finer
    width = max(end - begin, 1.0)
    first, last = nanoseconds(np.array([left, right]))
    inside = np.clip((borders - begin) / width, 0, 1) * float(last - first)
    edges: Rows = first + np.rint(inside).astype(np.int64)
    return edges


class SparseMarks(Line2D):
    """Marks that are drawn where there is room for them, and left out where not.

    `crowd` are the times (in ns) of all marks that share the room, such as the beats
    with and without a flag; by default these marks alone.
    """

    def __init__(
        self, stamps: Rows, values: Any, *, crowd: Rows | None = None, **style: Any
    ) -> None:
        super().__init__(days(stamps), values, linestyle="none", **style)
        self._crowd = days(stamps if crowd is None else crowd)

    def has_room(self) -> bool:
        """Tell whether the marks in view do not run into each other."""
        axes = cast("Axes", self.axes)
        left, right = sorted(axes.get_xlim())
        seen = np.count_nonzero((self._crowd >= left) & (self._crowd <= right))
        return bool(seen * _APART <= axes.bbox.width)

    def draw(self, renderer: RendererBase) -> None:
        """Draw where there is room."""
        if self.has_room():
            super().draw(renderer)


# --- the time axis --------------------------------------------------------------------


class WallLocator(Locator):
    """Puts ticks at round times of the wall clock in a zone.

    An hour that comes twice in autumn has its ticks twice.
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
    """Writes times of a zone, as exactly as the ticks need.

    The date stands below each midnight, and below the first tick if it is `dated`.
    """

    def __init__(self, tz: dt.tzinfo, *, dated: bool = True) -> None:
        self.tz, self._dated = tz, dated

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """Return a time with its date, as shown for the mouse pointer."""
        (wall,) = _times(np.array([x]), self.tz)
        return f"{wall:%Y-%m-%d %H:%M:%S.%f}"[:-3]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks."""
        walls = _times(np.asarray(values, dtype=np.float64), self.tz)
        digits = max(
            (len(f"{w.microsecond:06d}".rstrip("0")) for w in walls), default=0
        )
        seconds = any(wall.second or wall.microsecond for wall in walls)
        form = "%H:%M:%S.%f" if digits else "%H:%M:%S" if seconds else "%H:%M"
        unused = 6 - digits if digits else 0
        labels = [f"{wall:{form}}"[: -unused or None] for wall in walls]
        return [
            f"{label}\n{wall:%Y-%m-%d}"
            if wall.time() == _MIDNIGHT or (self._dated and not place)
            else label
            for place, (label, wall) in enumerate(zip(labels, walls, strict=True))
        ]


def _room(axis: Axis) -> int:
    """Return how many labels an axis has room for."""
    axes = axis.axes
    inches = axes.bbox.width / axes.figure.dpi
    return max(2, min(_MOST_TICKS, int(inches / _LABEL)))


def _wall(stamps: NDArray[np.int64], tz: dt.tzinfo) -> NDArray[np.int64]:
    """Return what wall clocks show at these times, in ns since their 1970."""
    index = pd.DatetimeIndex(stamps.view("datetime64[ns]"), tz="UTC")
    return index.tz_convert(tz).tz_localize(None).asi8


def _times(numbers: NDArray[np.float64], tz: dt.tzinfo) -> list[pd.Timestamp]:
    """Return days of matplotlib as wall-clock times, to a microsecond."""
    stamps = np.rint(nanoseconds(numbers) / 1000).astype(np.int64) * 1000
    return list(pd.DatetimeIndex(_wall(stamps, tz).view("datetime64[ns]")))
