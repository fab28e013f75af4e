"""Sleep: the hypnogram with the length of each phase, and other channels below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.plotting.figures import picture, write_beside
from hexoframe.plotting.panels import draw_stack, state_spans
from hexoframe.plotting.windows import views_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_sleep", "record_sleep"]

# Room for the lengths of the phases, in inches.
_LENGTHS = 0.95


def plot_sleep(
    frame: pd.DataFrame,
    *others: pd.DataFrame,
    start: Moment | None = None,
    duration: Length | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw a hypnogram with the length of each phase, and other channels below it.

    Parameters
    ----------
    frame : DataFrame
        ``record["sleep_phase"]``.
    *others : DataFrame
        Frames of other channels, such as ``record["sleep_position"]``, a panel each.
    start, duration
        The part of the hypnogram, as for `plot_channel`.
    shades, ax
        As for `plot_activity`.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The panels; the first one is the hypnogram.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    views = views_of("plot_sleep", frame, *others, start=start, duration=duration)
    figure, axes = draw_stack("plot_sleep", views, shades=shades, ax=ax, right=_LENGTHS)
    _write_lengths(axes[0], views[0])
    return picture(figure, axes)


def record_sleep(request: PictureRequest) -> FigureAxes:
    """Draw the sleep of a record, with position, heart, breathing and activity."""
    keywords, frame = request.keywords(), request.record["sleep_phase"]
    others = request.frames(
        "sleep_position", "heart_rate", "breathing_rate", "activity"
    )
    shades = request.shades(*others)
    return plot_sleep(frame, *others.values(), shades=shades, **keywords)


def _write_lengths(axes: Axes, view: ChannelView) -> None:
    """Write beside each phase how long it was."""
    edges, codes = state_spans(view)
    lengths = edges[:, 1] - edges[:, 0]
    phases = np.unique(codes)
    write_beside(axes, [_length(int(lengths[codes == code].sum())) for code in phases])


def _length(ns: int) -> str:
    """Write a length of time, as exactly as a reader needs it."""
    minutes, seconds = divmod(round(ns / 1e9), 60)
    if minutes < 10:
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    hours, minutes = divmod(round(ns / 60e9), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
