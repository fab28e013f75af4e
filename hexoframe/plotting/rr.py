"""Intervals between beats: tachogram and Poincare plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hexoframe.plotting.beats import beats_of
from hexoframe.plotting.canvas import (
    axes_given,
    picture,
    pyplot,
    say_empty,
    show_time,
    tidy,
)
from hexoframe.plotting.shading import draw_shade, holes, shade_legend
from hexoframe.plotting.stack import draw_lines
from hexoframe.plotting.style import FAINT, FONT, INK, SMALL, WIDTH
from hexoframe.plotting.windows import subject_of, window_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.plotting.beats import Beats
    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start, Subject

__all__ = ["plot_rr"]

_HEIGHT = 3.0
# So many points are drawn as pixels also in a file of vectors.
_MANY = 5000


def plot_rr(  # noqa: PLR0913  # each by name
    frame: pd.DataFrame,
    *,
    start: Start | None = None,
    duration: Length | None = None,
    quality: pd.DataFrame | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw intervals over time, and each interval against the one before.

    Parameters
    ----------
    frame : DataFrame
        ``record["rr_interval"]`` or ``record["nn_interval"]``.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default the whole frame is drawn.
    duration : str or timedelta, optional
        How long; to the last row by default.
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
    ConfigurationError
        If matplotlib is not installed, a frame is of no channel, or a length of time is
        none.
    TimestampError
        If a time has no zone.
    """
    subject = subject_of(frame, what="plot_rr")
    window = window_of(subject, start, duration)
    cut = subject.cut(window)
    figure, axes = _panels(ax)
    beats = beats_of(cut.frame, quality, window)
    tidy(axes[0])
    show_time([axes[0]], window)
    lines = cut.lines()
    spans = holes(cut, window, lines) if shade is None else shade
    used = draw_shade(axes[0], spans, window)
    axes[0].set_ylabel(subject.axis_label, fontsize=FONT)
    if draw_lines(axes[0], cut, window, lines):
        _mark_flagged(axes[0], cut, beats)
    else:
        say_empty(axes[0], f"{subject.channel.name}: no intervals")
    _poincare(axes[1], cut, beats)
    if ax is None:
        shade_legend(figure, used)
    return picture(figure, axes)


def _panels(ax: Given | None) -> tuple[Figure, list[Axes]]:
    plt = pyplot()
    if ax is not None:
        axes = axes_given("plot_rr", ax, 2)
        return cast("Figure", axes[0].figure), axes
    figure = plt.figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.19, "top": 0.84, "wspace": 0.22}
    made = figure.subplots(1, 2, width_ratios=(2.6, 1.0), gridspec_kw=room)
    return figure, list(made)


def _mark_flagged(axes: Axes, subject: Subject, beats: Beats) -> None:
    """Mark beats by the gravest of their flags."""
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    values = subject.frame.iloc[:, 0].to_numpy()
    for some, name, style in beats.marked():
        shown = some & (values > 0)
        axes.plot(
            days(beats.stamps[shown]),
            values[shown],
            linestyle="none",
            label=name,
            markeredgewidth=0.8,
            zorder=3,
            rasterized=int(shown.sum()) > _MANY,
            **style,
        )
    if beats.marked():
        handles = [line for line in axes.lines if line.get_linestyle() == "None"]
        axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=len(handles),
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.1,
        )


def _poincare(axes: Axes, subject: Subject, beats: Beats) -> None:
    """Draw each interval against the one before it, where they follow each other."""
    tidy(axes)
    unit = f" ({subject.unit})" if subject.unit else ""
    axes.set_xlabel(f"interval n{unit}", fontsize=FONT)
    axes.set_ylabel(f"interval n + 1{unit}", fontsize=FONT)
    (samples,) = subject.lines().values() or (None,)
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
