"""Lines that hold all their samples and draw what their axes have room for.

matplotlib is imported here at once, so this module is imported when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.lines import Line2D

from hexoframe.plotting.decimation import Samples, draw_rows, pick_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["LiveLine", "SparseMarks", "days", "nanoseconds"]

_NS_PER_DAY = 86_400_000_000_000
# A file of vectors is looked at closer than its 72 dots an inch.
_FINER = 4
# A sample alone is a dot of this size, in points.
_DOT = 2.4
# Marks nearer to each other than this (in pixels) are a bar, and tell nothing.
_APART = 5.0


def days(stamps: Rows) -> NDArray[np.float64]:
    """Return times in ns as matplotlib's days since 1970."""
    whole, rest = np.divmod(stamps, _NS_PER_DAY)
    numbers: NDArray[np.float64] = whole + rest / _NS_PER_DAY
    return numbers


def nanoseconds(numbers: NDArray[np.float64]) -> Rows:
    """Return matplotlib's days since 1970 as whole ns."""
    whole = np.floor(numbers)
    rest = np.rint((numbers - whole) * _NS_PER_DAY)
    stamps: Rows = whole.astype(np.int64) * _NS_PER_DAY + rest.astype(np.int64)
    return stamps


class LiveLine(Line2D):
    """A line of many samples, decimated to the pixels of its axes.

    It is fitted again whenever the view or the size of the axes changes.

    Parameters
    ----------
    samples : Samples
        All samples.
    **style
        As for Line2D.
    """

    def __init__(self, samples: Samples, **style: Any) -> None:
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
        self._fitted: tuple[float, ...] = ()

    def put_on(self, axes: Axes) -> None:
        """Become a line of some axes, whose view says what is drawn."""
        axes.add_line(self)
        self.fit(axes)
        axes.update_datalim(self.get_xydata())
        axes.callbacks.connect("xlim_changed", self.fit)

    def fit(self, axes: Axes, finer: int = 1) -> None:
        """Take the rows that the view of some axes shows."""
        left, right = sorted(axes.get_xlim())
        box = axes.bbox
        asked: tuple[float, ...] = (left, right, box.x0, box.x1, finer)
        if asked == self._fitted:
            return
        self._fitted = asked
        rows = pick_rows(self.samples, _edges(asked))
        drawn = draw_rows(self.samples, rows)
        self.set_data(days(drawn.stamps), drawn.heights)
        self.set_markevery(drawn.lone)  # type: ignore[arg-type]

    def draw(self, renderer: RendererBase) -> None:
        """Draw; a figure may be drawn at another size than it is shown."""
        pixels = hasattr(renderer, "buffer_rgba")
        self.fit(cast("Axes", self.axes), 1 if pixels else _FINER)
        super().draw(renderer)


def _edges(asked: tuple[float, ...]) -> Rows:
    """When the pixel columns of a view begin and end, in ns."""
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

    Parameters
    ----------
    stamps : ndarray of int64, in ns
        Times of the marks.
    values : array_like
        Where they stand.
    crowd : ndarray of int64, in ns, optional
        Times of all marks that need room beside each other; these alone by default.
    **style
        As for Line2D.
    """

    def __init__(
        self, stamps: Rows, values: Any, *, crowd: Rows | None = None, **style: Any
    ) -> None:
        super().__init__(days(stamps), values, linestyle="none", **style)
        self._crowd = days(stamps if crowd is None else crowd)

    def has_room(self) -> bool:
        """Whether the marks in view do not run into each other."""
        axes = cast("Axes", self.axes)
        left, right = sorted(axes.get_xlim())
        seen = np.count_nonzero((self._crowd >= left) & (self._crowd <= right))
        return bool(seen * _APART <= axes.bbox.width)

    def draw(self, renderer: RendererBase) -> None:
        """Draw where there is room."""
        if self.has_room():
            super().draw(renderer)
