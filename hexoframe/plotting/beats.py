"""Beats: intervals and what is usable of them, and how alike they are in the ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.wear import find_wear
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import (
    FAINT,
    FONT,
    INK,
    LINES,
    WIDTH,
    days,
    explain_marks,
    given_axes,
    picture,
    pyplot,
    say_empty,
    tidy,
)
from hexoframe.plotting.panels import draw_shade, shade_legend, show_time
from hexoframe.plotting.windows import Window, record_window, stamps_of
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.recording.data import RecordData

__all__ = ["plot_beats", "record_beats"]

_HEIGHT = 4.1
_NEEDED = ("rr", "usable", "pair", "edited")
# So many points are drawn as pixels also in a vector file.
_MANY = 5000
# Intervals beyond these parts of all are left out of the limits, if they are doubtful.
_TAILS = (0.001, 0.999)


def plot_beats(
    table: pd.DataFrame,
    likeness: pd.DataFrame | None = None,
    shape: pd.DataFrame | None = None,
    *,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw the intervals of beats, and how alike their ECG is.

    Parameters
    ----------
    table : DataFrame
        ``record.beats()``: lines lead from one usable beat to its neighbour; beats that
        are not usable, and those that were edited, are marked.
    likeness : DataFrame, optional
        ``record.check_ecg("beat")``: the correlation of each beat with the median beat.
    shape : DataFrame, optional
        What `hexoframe.analysis.ecgcheck.median_beat` returns: the median beat.
    shade : DataFrame, optional
        Spans that are shaded (start, end, absent), such as ``record.bad_spans("ecg")``.
    ax : sequence of three Axes, optional
        Where to draw.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        Intervals, correlation, median beat.

    Raises
    ------
    ConfigurationError
        If `table` is no such table, or `ax` not three Axes.
    """
    lacks = [name for name in _NEEDED if name not in table]
    if lacks:
        raise ConfigurationError(
            f"the table has no column {lacks[0]!r}: give what record.beats() returns"
        )
    if not len(table):
        raise ConfigurationError("the table has no row: give beats, as record.beats()")
    index = pd.DatetimeIndex(table.index)
    if index.tz is None:
        raise ConfigurationError(
            "the table has times without a zone: give what record.beats() returns"
        )
    stamps = stamps_of(table)
    window = Window(int(stamps[0]), int(stamps[-1]), index.tz)
    return _draw(table, likeness, shape, window=window, shade=shade, ax=ax)


def record_beats(request: PictureRequest) -> FigureAxes:
    """Draw the beats of a record."""
    window = record_window(request.record, request.start, request.duration)
    table, likeness, shape = request.beats()
    shade = _not_worn(request.record)
    return _draw(table, likeness, shape, window=window, shade=shade, ax=request.ax)


def _not_worn(record: RecordData) -> pd.DataFrame:
    spans = np.array(find_wear(record).not_worn, np.int64).reshape(-1, 2)
    edges = {
        name: ticks_to_index(spans[:, at], clock=record.clock)
        for at, name in enumerate(("start", "end"))
    }
    return pd.DataFrame(edges).assign(absent=True)


def _draw(  # noqa: PLR0913  # each by name
    table: pd.DataFrame,
    likeness: pd.DataFrame | None,
    shape: pd.DataFrame | None,
    *,
    window: Window,
    shade: pd.DataFrame | None,
    ax: Given | None,
) -> FigureAxes:
    figure, axes = _new_axes() if ax is None else given_axes("plot_beats", ax, 3)
    for one in axes:
        tidy(one)
    show_time(axes[:2], window)
    used: set[bool] = set()
    for one in axes[:2]:
        used |= set() if shade is None else draw_shade(one, shade, window)
    _draw_intervals(axes[0], table)
    _draw_likeness(axes[1], table, likeness)
    _draw_shape(axes[2], shape)
    if ax is None:
        shade_legend(figure, used)
    return picture(figure, axes)


def _new_axes() -> tuple[Figure, list[Axes]]:
    figure: Figure = pyplot().figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.14, "top": 0.84}
    grid = figure.add_gridspec(
        2, 2, width_ratios=(2.2, 1.0), height_ratios=(1.3, 1.0), wspace=0.24,
        hspace=0.22, **room,
    )  # fmt: skip
    first = figure.add_subplot(grid[0, 0])
    second = figure.add_subplot(grid[1, 0], sharex=first)
    return figure, [first, second, figure.add_subplot(grid[:, 1])]


def _draw_intervals(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_ylabel("RR interval (s)", fontsize=FONT)
    x, rr = days(stamps_of(table)), table["rr"].to_numpy(dtype=np.float64)
    usable, edited = (table[name].to_numpy(np.bool_) for name in ("usable", "edited"))
    known = ~np.isnan(rr)
    if not known.any():
        say_empty(axes, "no intervals")
        return
    low, high = _limits(rr[known], rr[usable])
    marks = _draw_line(axes, x, rr, table["pair"].to_numpy(np.bool_), usable)
    doubtful = known & ~usable & (rr >= low) & (rr <= high)
    outside = int((known & ~usable).sum() - doubtful.sum())
    name = "not usable" + (f" ({outside:,} outside)" if outside else "")
    style: dict[str, Any] = {"linestyle": "none", "rasterized": len(rr) > _MANY}
    if (known & ~usable).any():
        marks += axes.plot(
            x[doubtful], rr[doubtful], marker="x", color=LINES[2], markersize=3.0,
            markeredgewidth=0.7, label=name, zorder=2, **style,
        )  # fmt: skip
    if edited.any():
        shown = edited & known
        marks += axes.plot(
            x[shown], rr[shown], marker="D", color="none", markersize=4.5,
            markeredgecolor=LINES[1], markeredgewidth=0.9, label="edited", zorder=4,
            **style,
        )  # fmt: skip
    axes.set_ylim(low, high)
    explain_marks(axes, marks)


def _limits(
    known: NDArray[np.float64], usable: NDArray[np.float64]
) -> tuple[float, float]:
    """Return limits that hold all usable intervals, and most of the others."""
    low, high = np.quantile(known, _TAILS)
    if len(usable):
        low, high = usable.min(), usable.max()
    room = 0.08 * (high - low) or 0.05 * high
    return float(low - room), float(high + room)


def _draw_line(
    axes: Axes,
    x: NDArray[np.float64],
    rr: NDArray[np.float64],
    pair: NDArray[np.bool_],
    usable: NDArray[np.bool_],
) -> list[Any]:
    """Draw usable intervals, joined where they are neighbours."""
    first = np.flatnonzero(pair)
    # A break after each pair, so that no line leads over a hole.
    ends = np.stack((first - 1, first, first), axis=1).ravel()
    heights = rr[ends]
    heights[2::3] = np.nan
    many = len(rr) > _MANY
    axes.plot(x[ends], heights, color=INK, linewidth=0.6, zorder=3, rasterized=many)
    axes.plot(
        x[usable], rr[usable], ".", color=INK, markersize=2.2, markeredgewidth=0,
        zorder=3, rasterized=many,
    )  # fmt: skip
    # The dots are too small to be seen in a legend.
    return axes.plot(
        [], [], "o-", color=INK, markersize=3, linewidth=0.6, label="usable"
    )


def _draw_likeness(
    axes: Axes, table: pd.DataFrame, likeness: pd.DataFrame | None
) -> None:
    axes.set_ylabel("correlation with\nthe median beat", fontsize=FONT)
    if likeness is None or likeness["correlation"].isna().all():
        say_empty(axes, "no ECG of these beats")
        return
    x, found = days(stamps_of(likeness)), likeness["correlation"].to_numpy()
    usable = np.isin(
        stamps_of(likeness), stamps_of(table)[table["usable"].to_numpy(np.bool_)]
    )
    many = len(found) > _MANY
    for rows, colour in ((~usable, LINES[2]), (usable, INK)):
        axes.plot(
            x[rows], found[rows], ".", color=colour, markersize=2.2, markeredgewidth=0,
            rasterized=many,
        )  # fmt: skip
    axes.axhline(0, color=FAINT, linewidth=0.5, zorder=1)
    axes.set_ylim(min(-0.05, float(np.nanmin(found))), 1.03)


def _draw_shape(axes: Axes, shape: pd.DataFrame | None) -> None:
    axes.set_xlabel("time from the R wave (s)", fontsize=FONT)
    axes.set_ylabel("ECG (mV)", fontsize=FONT)
    if shape is None or shape["median"].isna().all():
        say_empty(axes, "no usable beat in the ECG" if shape is not None else "no ECG")
        return
    seconds = shape.index.to_numpy(dtype=np.float64)
    band = axes.fill_between(
        seconds,
        shape["low"].to_numpy(),
        shape["high"].to_numpy(),
        color=LINES[1],
        alpha=0.25,
        linewidth=0,
        label="80 % of beats",
    )
    (line,) = axes.plot(seconds, shape["median"], color=INK, label="median")
    axes.set_xlim(seconds[0], seconds[-1])
    explain_marks(axes, [line, band])
