"""One channel, whatever its kind: a line, dots, states or flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.plotting.stack import draw_stack
from hexoframe.plotting.windows import subject_of, window_of

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start

__all__ = ["plot_channel"]


def plot_channel(
    frame: pd.DataFrame,
    *,
    start: Start | None = None,
    duration: Length | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw a channel.

    Waveforms and rates are lines, with a break where samples are missing; intervals are
    joined from beat to beat; other events are dots and never joined; states and flags
    are bars, a row a code. Long lines are decimated to the pixels, and drawn in full
    where there is room.

    Parameters
    ----------
    frame : DataFrame
        Frame of a channel, such as ``record["heart_rate"]``.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default the whole frame is drawn.
    duration : str or timedelta, optional
        How long; to the last row by default.
    shade : DataFrame, optional
        Spans that are shaded, as ``record.bad_spans(...)`` gives them; by default
        those without samples.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    fig : Figure
        The figure.
    ax : Axes
        The panel.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, the frame is of no channel, or a length of time
        is none.
    TimestampError
        If a time has no zone.
    """
    subject = subject_of(frame, what="plot_channel")
    window = window_of(subject, start, duration)
    names = [subject.channel.name, *subject.channel.columns]
    shades = None if shade is None else dict.fromkeys(names, shade)
    return draw_stack("plot_channel", [subject], window, shades=shades, ax=ax)
