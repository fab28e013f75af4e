"""Activity: how much the wearer moved, and what went with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.plotting.stack import draw_stack
from hexoframe.plotting.windows import subject_of, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start

__all__ = ["plot_activity"]


def plot_activity(
    frame: pd.DataFrame,
    *others: pd.DataFrame,
    start: Start | None = None,
    duration: Length | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw activity, and other channels below it.

    Parameters
    ----------
    frame : DataFrame
        ``record["activity"]``.
    *others : DataFrame
        Frames of other channels, such as ``record["cadence"]``, ``record["step"]`` and
        ``record["device_position"]``, a panel each.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default the whole frame is drawn.
    duration : str or timedelta, optional
        How long; to the last row of the first frame by default.
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
    ConfigurationError
        If matplotlib is not installed, a frame is of no channel, or a length of time is
        none.
    TimestampError
        If a time has no zone.
    """
    subject = subject_of(frame, what="plot_activity")
    window = window_of(subject, start, duration)
    panels = [subject, *(subject_of(other) for other in others)]
    return draw_stack("plot_activity", panels, window, shades=shades, ax=ax)
