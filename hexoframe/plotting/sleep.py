"""Sleep: the hypnogram, how long each phase was, and what went with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.plotting.bars import state_spans
from hexoframe.plotting.canvas import picture
from hexoframe.plotting.stack import draw_stack
from hexoframe.plotting.style import INK, SMALL
from hexoframe.plotting.windows import subject_of, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start, Subject, Window

__all__ = ["plot_sleep"]

# Room for the lengths of the phases, in inches.
_LENGTHS = 0.95


def plot_sleep(
    frame: pd.DataFrame,
    *others: pd.DataFrame,
    start: Start | None = None,
    duration: Length | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw a hypnogram with the length of each phase, and other channels below it.

    Parameters
    ----------
    frame : DataFrame
        ``record["sleep_phase"]``.
    *others : DataFrame
        Frames of other channels, such as ``record["sleep_position"]``, a panel each.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default all of the hypnogram is drawn.
    duration : str or timedelta, optional
        How long; to the last row of the hypnogram by default.
    shades : mapping of str to DataFrame, optional
        Spans that are shaded, by channel, as ``record.bad_spans(channel)`` gives them.
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
    subject = subject_of(frame, what="plot_sleep")
    window = window_of(subject, start, duration)
    panels = [subject, *(subject_of(other) for other in others)]
    figure, axes = draw_stack(
        "plot_sleep", panels, window, shades=shades, ax=ax, right=_LENGTHS
    )
    every = list(np.ravel(axes))
    _say_lengths(every[0], subject, window)
    return picture(figure, every)


def _say_lengths(axes: Axes, subject: Subject, window: Window) -> None:
    """Write beside each phase how long it was."""
    edges, codes = state_spans(subject, window)
    lengths = edges[:, 1] - edges[:, 0]
    for row, code in enumerate(np.unique(codes)):
        text = _length(int(lengths[codes == code].sum()))
        axes.text(
            1.005,
            row,
            text,
            transform=axes.get_yaxis_transform(),
            fontsize=SMALL,
            color=INK,
            va="center",
        )


def _length(ns: int) -> str:
    """Write a length of time, as exactly as a reader needs it."""
    minutes, seconds = divmod(round(ns / 1e9), 60)
    if minutes < 10:
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    hours, minutes = divmod(round(ns / 60e9), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
