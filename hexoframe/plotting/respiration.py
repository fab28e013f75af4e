"""Respiration: both belts, where breaths begin and end, and how deep they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.plotting.figures import INK, LINES, explain_marks, picture
from hexoframe.plotting.panels import draw_stack
from hexoframe.plotting.windows import stamps_of, view_of, views_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_respiration", "record_respiration"]

# A breath further from the samples of its belt is not marked.
_NEAR_NS = 1_000_000_000


def plot_respiration(  # noqa: PLR0913  # all that there is of breathing, each by name
    frame: pd.DataFrame,
    *,
    start: Moment | None = None,
    duration: Length | None = None,
    inspiration: pd.DataFrame | None = None,
    expiration: pd.DataFrame | None = None,
    tidal_volume: pd.DataFrame | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw the belts, a panel each, with the breaths marked, and the tidal volume.

    The signal of a belt falls while the body inhales: where inhaling begins is a peak.

    Parameters
    ----------
    frame : DataFrame
        ``record["respiration"]``, or one belt of it.
    start, duration
        The part of the frame, as for `plot_channel`.
    inspiration, expiration : DataFrame, optional
        Where inhaling and exhaling begin: marked on each belt, where there is room.
    tidal_volume : DataFrame, optional
        Drawn in a panel of its own.
    shades : mapping of str to DataFrame, optional
        Spans that are shaded, by column, as ``record.bad_spans(column)`` gives them; by
        default those without samples.
    ax : sequence of Axes, optional
        Where to draw: one for each belt, and one for the tidal volume.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The panels.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    (view,) = views_of("plot_respiration", frame, start=start, duration=duration)
    belts = view.columns()
    views = list(belts)
    if tidal_volume is not None:
        views.append(view_of(tidal_volume, view.window, what="tidal_volume"))
    marked = inspiration is not None or expiration is not None
    figure, axes = draw_stack(
        "plot_respiration", views, shades=shades, ax=ax, marked=marked
    )
    for one, belt in zip(axes, belts, strict=False):
        _mark(one, belt, inspiration, inhaling=True)
        _mark(one, belt, expiration, inhaling=False)
    _explain(axes[0])
    return picture(figure, axes)


def record_respiration(request: PictureRequest) -> FigureAxes:
    """Draw the respiration of a record, with all that it knows about breaths."""
    keywords, frame = request.keywords(), request.record[request.key]
    return plot_respiration(
        frame,
        inspiration=request.frame("inspiration"),
        expiration=request.frame("expiration"),
        tidal_volume=request.frame("tidal_volume"),
        shades=request.shades(*frame.columns, "tidal_volume"),
        **keywords,
    )


def _mark(
    axes: Axes, belt: ChannelView, events: pd.DataFrame | None, *, inhaling: bool
) -> None:
    """Mark breaths on the next sample of the belt, as an event has no height there."""
    from hexoframe.plotting.artists import SparseMarks  # noqa: PLC0415  # matplotlib

    if events is None or not belt.lines:
        return
    stamps = stamps_of(view_of(events, belt.window).frame)
    (samples,) = belt.lines.values()
    rows = np.searchsorted(samples.stamps, stamps)
    rows = np.minimum(rows, len(samples.stamps) - 1)
    near = np.abs(samples.stamps[rows] - stamps) < _NEAR_NS
    marks = SparseMarks(
        stamps[near],
        samples.heights[rows[near]],
        marker="^" if inhaling else "v",
        markersize=4.5,
        color=INK if inhaling else LINES[2],
        markeredgecolor=INK,
        markeredgewidth=0.5,
        label="inhaling begins" if inhaling else "exhaling begins",
        zorder=3,
    )
    axes.add_line(marks)


def _explain(axes: Axes) -> None:
    """Say what the marks mean, where they are drawn."""
    from hexoframe.plotting.artists import SparseMarks  # noqa: PLC0415  # matplotlib

    marks = [
        line for line in axes.lines if isinstance(line, SparseMarks) and line.has_room()
    ]
    if marks:
        explain_marks(axes, marks)
