"""Breaths: rate, tidal volume and arrhythmia of each, with the windows behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import (
    INK,
    LINES,
    Margins,
    days,
    entitle,
    explain_marks,
    label_panels,
    make_panels,
    per_unit,
    picture,
    say_empty,
    tidy,
    unit_of,
)
from hexoframe.plotting.limits import fair_limits, mark_beyond
from hexoframe.plotting.panels import draw_shade, shade_legend, show_time
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import record_window, window_of_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import Window

__all__ = ["plot_breaths", "record_breaths"]

_HEIGHT = 1.25
# Dots are explained below the shades.
_MARGINS = Margins(left=1.45, right=0.2).with_marks()
_NEEDED = ("start", "end", "ttot", "amplitude", "volume", "rsa", "usable", "reason")
# Reasons that say that nothing of a body was measured.
_ABSENT = ("gap", "not_worn")
# With more breaths, dots are smaller.
_MANY = 2000


def plot_breaths(
    table: pd.DataFrame,
    windows: pd.DataFrame | None = None,
    *,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw each usable breath as a dot: its rate, volume and arrhythmia.

    Parameters
    ----------
    table : DataFrame
        ``record.breaths()``. Breaths that are not usable are shaded.
    windows : DataFrame, optional
        ``record.breathing()``: means of windows, each a line as long as the window.
    ax : sequence of three Axes, optional
        Where to draw.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        Rate (60 / ttot), tidal volume in L (amplitude where there is none), arrhythmia.

    Raises
    ------
    ConfigurationError
        If `table` is no such table or has no row, or `ax` not three Axes.
    """
    lacks = [name for name in _NEEDED if name not in table]
    if lacks:
        raise ConfigurationError(
            f"the table has no column {lacks[0]!r}: give what record.breaths() returns"
        )
    if not len(table):
        raise ConfigurationError("the table has no row: no breath was found")
    return _draw(table, windows, window_of_table(table, "record.breaths()"), None, ax)


def record_breaths(request: PictureRequest) -> FigureAxes:
    """Draw the breaths of a record, with means of five minutes."""
    window = record_window(request.record, request.start, request.duration)
    return _draw(*request.breaths(), window, request.record.name, request.ax)


def _draw(
    table: pd.DataFrame,
    windows: pd.DataFrame | None,
    window: Window,
    record: object,
    ax: Given | None,
) -> FigureAxes:
    panels = _panels(table)
    figure, axes = make_panels("plot_breaths", [_HEIGHT] * len(panels), ax, _MARGINS)
    for one in axes:
        tidy(one)
    show_time(axes, window)
    shades = table.loc[~table["usable"], ["start", "end"]].assign(
        absent=table["reason"].isin(_ABSENT).astype(bool)
    )
    used: set[bool] = set()
    marks: list[Any] = []
    for one, panel in zip(axes, panels, strict=True):
        values = panel.shown
        used |= draw_shade(one, shades, window)
        known = table["usable"].to_numpy(np.bool_) & values.notna().to_numpy(np.bool_)
        if not known.any():
            say_empty(one, "no usable breath has one")
            continue
        drawn = _dots(one, table.loc[known, "start"], values[known].to_numpy())
        one.set_ylim(0, fair_limits(values[known].to_numpy(np.float64))[1])
        mark_beyond(one, drawn)
        if windows is not None:
            drawn += _levels(one, windows, panel)
        marks = marks or drawn
    label_panels(axes, [one.label for one in panels], _MARGINS if ax is None else None)
    if ax is None:
        if marks:
            explain_marks(axes[0], marks)
        shade_legend(figure, used)
        entitle(figure, title_of("Breaths", window, record))
    return picture(figure, axes)


class _BreathPanel(NamedTuple):
    """A quantity of breaths as it is shown: its label, and its column of windows.

    `per` are how many of the table's unit are one of the unit that is shown.
    """

    label: str
    shown: pd.Series[Any]
    column: str
    per: float = 1.0


def _panels(table: pd.DataFrame) -> tuple[_BreathPanel, _BreathPanel, _BreathPanel]:
    rate = _BreathPanel(f"rate\n({unit_of('rpm')})", 60 / table["ttot"], "rate")
    per = per_unit("mL")
    depth = _BreathPanel(
        f"volume\n({unit_of('mL')})", table["volume"] / per, "tidal_volume", per
    )
    if not (table["volume"].notna() & table["usable"]).any():
        depth = _BreathPanel("amplitude\n(counts)", table["amplitude"], "amplitude")
    return rate, depth, _BreathPanel("RSA\n(ms)", table["rsa"], "rsa")


def _stamps(column: pd.Series[Any]) -> NDArray[np.float64]:
    return days(pd.DatetimeIndex(column).as_unit("ns").asi8)


def _dots(axes: Axes, starts: pd.Series[Any], values: NDArray[np.float64]) -> list[Any]:
    size = 2.4 if len(values) <= _MANY else 1.2
    drawn: list[Any] = axes.plot(
        _stamps(starts),
        values,
        linestyle="",
        marker="o",
        markersize=size,
        markeredgewidth=0,
        color=INK,
        alpha=0.6,
        label="a breath",
    )
    return drawn


def _levels(axes: Axes, windows: pd.DataFrame, panel: _BreathPanel) -> list[Any]:
    """Draw the mean of each window as a level from its start to its end."""
    known = windows[windows[panel.column].notna()]
    if not len(known):
        return []
    level: Any = axes.hlines(
        known[panel.column].to_numpy() / panel.per,
        _stamps(known["start"]),
        _stamps(known["end"]),
        color=LINES[2],
        linewidth=2.0,
        label="mean of a window",
        zorder=3,
    )
    return [level]
