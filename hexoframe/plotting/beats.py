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
    MANY,
    WIDTH,
    days,
    draw_rug,
    entitle,
    explain_marks,
    given_axes,
    picture,
    pyplot,
    room_for_rugs,
    say_empty,
    tidy,
)
from hexoframe.plotting.limits import fair_limits, mark_beyond
from hexoframe.plotting.panels import draw_shade, shade_legend, show_time
from hexoframe.plotting.spans import absent_of
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import Window, record_window, stamps_of
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.recording.data import RecordData

__all__ = ["plot_beats", "record_beats"]

_HEIGHT = 4.5
_NEEDED = ("rr", "usable", "pair", "edited")
_TITLE = "Beats"


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
        are not usable are marked at the foot of the panel, and those that were edited
        where they are.
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
    title = title_of(_TITLE, window)
    return _draw(table, likeness, shape, window=window, shade=shade, ax=ax, title=title)


def record_beats(request: PictureRequest) -> FigureAxes:
    """Draw the beats of a record."""
    window = record_window(request.record, request.start, request.duration)
    table, likeness, shape = request.beats()
    shade, ax = _not_worn(request.record), request.ax
    title = title_of(_TITLE, window, request.record.name)
    return _draw(table, likeness, shape, window=window, shade=shade, ax=ax, title=title)


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
    title: str,
) -> FigureAxes:
    figure, axes = _new_axes() if ax is None else given_axes("plot_beats", ax, 3)
    for one in axes:
        tidy(one)
    show_time(axes[:2], window)
    used: set[bool] = set()
    for one in axes[:2]:
        used |= set() if shade is None else draw_shade(one, shade, window)
    none = np.empty((0, 2), np.int64)
    _draw_intervals(axes[0], table, none if shade is None else absent_of(shade))
    _draw_likeness(axes[1], table, likeness)
    _draw_shape(axes[2], shape)
    if ax is None:
        shade_legend(figure, used)
        entitle(figure, title)
    return picture(figure, axes)


def _new_axes() -> tuple[Figure, list[Axes]]:
    figure: Figure = pyplot().figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.155, "top": 0.81}
    grid = figure.add_gridspec(
        2, 2, width_ratios=(2.2, 1.0), height_ratios=(1.3, 1.0), wspace=0.24,
        hspace=0.22, **room,
    )  # fmt: skip
    first = figure.add_subplot(grid[0, 0])
    second = figure.add_subplot(grid[1, 0], sharex=first)
    return figure, [first, second, figure.add_subplot(grid[:, 1])]


def _draw_intervals(axes: Axes, table: pd.DataFrame, absent: NDArray[np.int64]) -> None:
    axes.set_ylabel("RR interval (s)", fontsize=FONT)
    x, rr = days(stamps_of(table)), table["rr"].to_numpy(dtype=np.float64)
    usable, edited = (table[name].to_numpy(np.bool_) for name in ("usable", "edited"))
    known = ~np.isnan(rr)
    if not known.any():
        say_empty(axes, "no intervals")
        return
    line, dots, mark = _draw_line(axes, x, rr, table["pair"].to_numpy(np.bool_), usable)
    marks: list[Any] = [mark]
    axes.set_ylim(fair_limits(rr[usable] if usable.any() else rr[known]))
    doubtful = known & ~usable
    if doubtful.any():
        name = f"not usable ({int(doubtful.sum()):,})"
        stamps = stamps_of(table)[doubtful]
        marks += draw_rug(axes, stamps, color=LINES[2], label=name)
        room_for_rugs(axes, 1)
    if edited.any():
        shown = edited & known
        marks += axes.plot(
            x[shown], rr[shown], marker="D", color="none", markersize=4.5,
            markeredgecolor=LINES[1], markeredgewidth=0.9, label="edited", zorder=4,
            linestyle="none", rasterized=len(rr) > MANY,
        )  # fmt: skip
    mark_beyond(axes, [line, dots], absent)
    explain_marks(axes, marks)


def _draw_line(
    axes: Axes,
    x: NDArray[np.float64],
    rr: NDArray[np.float64],
    pair: NDArray[np.bool_],
    usable: NDArray[np.bool_],
) -> tuple[Line2D, Line2D, Line2D]:
    """Draw usable intervals, joined where they are neighbours; and a mark of both."""
    first = np.flatnonzero(pair)
    # A break after each pair, so that no line leads over a hole.
    ends = np.stack((first - 1, first, first), axis=1).ravel()
    heights = rr[ends]
    heights[2::3] = np.nan
    many = len(rr) > MANY
    (line,) = axes.plot(
        x[ends], heights, color=INK, linewidth=0.6, zorder=3, rasterized=many
    )
    (dots,) = axes.plot(
        x[usable], rr[usable], ".", color=INK, markersize=2.2, markeredgewidth=0,
        zorder=3, rasterized=many,
    )  # fmt: skip
    # The dots are too small to be seen in a legend.
    (mark,) = axes.plot(
        [], [], "o-", color=INK, markersize=3, linewidth=0.6, label="usable"
    )
    return line, dots, mark


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
    many = len(found) > MANY
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
