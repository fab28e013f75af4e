"""Intervals between beats: tachogram and Poincare plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels.calibration import unmeasured
from hexoframe.plotting.figures import (
    FAINT,
    FONT,
    INK,
    LINES,
    WIDTH,
    days,
    explain_marks,
    given_axes,
    label_of,
    picture,
    pyplot,
    say_empty,
    tidy,
)
from hexoframe.plotting.panels import draw_lines, draw_shade, shade_legend, show_time
from hexoframe.plotting.windows import beats_of, views_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import Beats, ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_rr", "record_rr"]

_HEIGHT = 3.0
# So many points are drawn as pixels also in a vector file.
_MANY = 5000
# How beats are marked by the gravest of their flags; shapes tell in any print.
_MARKS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "color": LINES[2], "markersize": 2.2},
    {"marker": "x", "color": LINES[1], "markersize": 3.2},
)


def plot_rr(  # noqa: PLR0913  # each by name
    frame: pd.DataFrame,
    *,
    start: Moment | None = None,
    duration: Length | None = None,
    quality: pd.DataFrame | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw intervals over time, and each interval against the one before.

    Parameters
    ----------
    frame : DataFrame
        ``record["rr_interval"]`` or ``record["nn_interval"]``.
    start, duration
        The part of the frame, as for `plot_channel`.
    quality : DataFrame, optional
        ``record["rr_interval_quality"]``: beats with a flag are marked, and faint in
        the Poincare plot.
    shade : DataFrame, optional
        Spans that are shaded; by default those without beats.
    ax : sequence of two Axes, optional
        Where to draw.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        Tachogram and Poincare plot.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    (view,) = views_of("plot_rr", frame, start=start, duration=duration)
    beats = beats_of(view.frame, quality, view.window)
    spans = view.gaps if shade is None else shade
    figure, axes = _new_axes() if ax is None else given_axes("plot_rr", ax, 2)
    used = _draw_tachogram(axes[0], view, beats, spans)
    _draw_poincare(axes[1], view, beats)
    if ax is None:
        shade_legend(figure, used)
    return picture(figure, axes)


def record_rr(request: PictureRequest) -> FigureAxes:
    """Draw the RR intervals of a record, or the intervals of the channel asked for."""
    keywords = request.keywords()
    name = "rr_interval" if request.key == "rr" else request.key
    quality = request.frame("rr_interval_quality")
    return plot_rr(request.record[name], quality=quality, **keywords)


def _new_axes() -> tuple[Figure, list[Axes]]:
    figure: Figure = pyplot().figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.19, "top": 0.84, "wspace": 0.22}
    made = figure.subplots(1, 2, width_ratios=(2.6, 1.0), gridspec_kw=room)
    return figure, list(made)


def _draw_tachogram(
    axes: Axes, view: ChannelView, beats: Beats, spans: pd.DataFrame
) -> set[bool]:
    """Draw the intervals over time, and return which shades were used."""
    tidy(axes)
    show_time([axes], view.window)
    used = draw_shade(axes, spans, view.window)
    axes.set_ylabel(view.axis_label, fontsize=FONT)
    if draw_lines(axes, view):
        _mark_flagged(axes, view, beats)
    else:
        say_empty(axes, f"{view.channel.name}: no intervals")
    return used


def _mark_flagged(axes: Axes, view: ChannelView, beats: Beats) -> None:
    """Mark beats by the gravest of their flags."""
    values = view.frame.iloc[:, 0].to_numpy()
    drawn = ~unmeasured(values, view.channel.datatypes[0], scale=view.scale)
    marks = []
    for place, (flag, name) in enumerate(beats.names.items()):
        flagged = beats.flags == flag
        if not flagged.any():
            continue
        shown = flagged & drawn
        marks += axes.plot(
            days(beats.stamps[shown]),
            values[shown],
            linestyle="none",
            label=label_of(name),
            markeredgewidth=0.8,
            zorder=3,
            rasterized=int(shown.sum()) > _MANY,
            **_MARKS[place % len(_MARKS)],
        )
    if marks:
        explain_marks(axes, marks)


def _draw_poincare(axes: Axes, view: ChannelView, beats: Beats) -> None:
    """Draw each interval against the one before it, where they follow each other."""
    tidy(axes)
    unit = f" ({view.unit})" if view.unit else ""
    axes.set_xlabel(f"interval n{unit}", fontsize=FONT)
    axes.set_ylabel(f"interval n + 1{unit}", fontsize=FONT)
    (samples,) = view.lines.values() or (None,)
    if samples is None or len(samples.stamps) < 2:
        say_empty(axes, "no two intervals")
        axes.set_xticks([])
        return
    follows = np.ones(len(samples.stamps), dtype=np.bool_)
    follows[0] = False
    follows[samples.breaks] = False
    second = np.flatnonzero(follows)
    flagged = beats.flags[np.searchsorted(beats.stamps, samples.stamps)] != 0
    doubtful = flagged[second] | flagged[second - 1]
    values = samples.heights
    _dots(axes, values, second[doubtful], {"color": FAINT, "alpha": 0.35})
    _dots(axes, values, second[~doubtful], {"color": INK})
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.05 * high
    axes.plot((low, high), (low, high), color=FAINT, linewidth=0.6, zorder=1)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(low - room, high + room)
    axes.set_aspect("equal", anchor="W")


def _dots(
    axes: Axes, values: NDArray[np.floating], rows: Any, style: dict[str, Any]
) -> None:
    axes.plot(
        values[rows - 1],
        values[rows],
        ".",
        markersize=2.5,
        markeredgewidth=0,
        rasterized=len(rows) > _MANY,
        **style,
    )
