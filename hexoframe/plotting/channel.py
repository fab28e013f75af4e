"""Any channel: lines, dots, states or flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.analysis.quality import bad_spans
from hexoframe.plotting.figures import picture
from hexoframe.plotting.panels import draw_stack
from hexoframe.plotting.windows import views_of

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_channel", "record_channel"]


def plot_channel(
    frame: pd.DataFrame,
    *,
    start: Moment | None = None,
    duration: Length | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw a channel.

    Waveforms and rates are lines, with a break where samples are missing; intervals are
    joined from beat to beat; other events are dots and never joined; states and flags
    are bars, a row for each code. Long lines are decimated to the pixels, and drawn in
    full where there is room.

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
        If matplotlib is not installed, the frame is not of a channel, ``ax`` is not as
        many axes as there are panels, or a length of time is not valid.
    TimestampError
        If a time has no zone.
    """
    (view,) = views_of("plot_channel", frame, start=start, duration=duration)
    names = [view.channel.name, *view.channel.columns]
    shades = None if shade is None else dict.fromkeys(names, shade)
    return picture(*draw_stack("plot_channel", [view], shades=shades, ax=ax))


def record_channel(request: PictureRequest) -> FigureAxes:
    """Draw any channel of a record, shaded by its quality."""
    keywords, spans = request.keywords(), bad_spans(request.record, request.key)
    return plot_channel(request.record[request.key], shade=spans, **keywords)
