"""Activity: how much the wearer moved, with steps and positions below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.plotting.figures import picture
from hexoframe.plotting.panels import draw_stack
from hexoframe.plotting.windows import views_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_activity", "record_activity"]


def plot_activity(
    frame: pd.DataFrame,
    *others: pd.DataFrame,
    start: Moment | None = None,
    duration: Length | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw activity, and other channels below it.

    Parameters
    ----------
    frame : DataFrame
        ``record["activity"]``.
    *others : DataFrame
        Frames of other channels, such as ``record["cadence"]``, ``record["step"]`` and
        ``record["device_position"]``, a panel each.
    start, duration
        The part of the first frame, as for `plot_channel`.
    shades : mapping of str to DataFrame, optional
        Spans that are shaded, by channel, as ``record.bad_spans(channel)`` gives them;
        by default those without samples.
    ax : Axes or sequence of Axes, optional
        Where to draw: one for each frame.

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
    views = views_of("plot_activity", frame, *others, start=start, duration=duration)
    return picture(*draw_stack("plot_activity", views, shades=shades, ax=ax))


def record_activity(request: PictureRequest) -> FigureAxes:
    """Draw the activity of a record, with what else it knows about movement."""
    keywords, frame = request.keywords(), request.record[request.key]
    # Beside no activity, they are no picture of it.
    names = ("cadence", "step", "device_position") if len(frame) else ()
    others = request.frames(*names)
    shades = request.shades(str(request.key), *others)
    return plot_activity(frame, *others.values(), shades=shades, **keywords)
