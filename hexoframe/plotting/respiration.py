"""Respiration: both belts, where breaths begin and end, and how deep they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.plotting.canvas import picture
from hexoframe.plotting.stack import draw_stack
from hexoframe.plotting.style import INK, LINES, SMALL
from hexoframe.plotting.windows import stamps_of, subject_of, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.decimation import Samples
    from hexoframe.plotting.windows import Length, Start, Window

__all__ = ["plot_respiration"]


def plot_respiration(  # noqa: PLR0913  # all that there is of breathing, each by name
    frame: pd.DataFrame,
    *,
    start: Start | None = None,
    duration: Length | None = None,
    inspiration: pd.DataFrame | None = None,
    expiration: pd.DataFrame | None = None,
    tidal_volume: pd.DataFrame | None = None,
    shades: Mapping[str, pd.DataFrame] | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw the belts, a panel each, with the breaths marked, and the tidal volume.

    The signal of a belt falls while the body inhales: where inhaling begins is a peak.

    Parameters
    ----------
    frame : DataFrame
        ``record["respiration"]``, or one belt of it.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default the whole frame is drawn.
    duration : str or timedelta, optional
        How long; to the last row by default.
    inspiration, expiration : DataFrame, optional
        Where inhaling and exhaling begin: marked on each belt, where there is room.
    tidal_volume : DataFrame, optional
        Drawn in a panel of its own.
    shades : mapping of str to DataFrame, optional
        Spans that are shaded, by column, as ``record.bad_spans(column)`` gives them; by
        default those without samples.
    ax : sequence of Axes, optional
        Where to draw: one a belt, and one for the tidal volume.

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
    subject = subject_of(frame, what="plot_respiration")
    window = window_of(subject, start, duration)
    panels = [
        subject._replace(
            frame=subject.frame[[row.column]], channel=subject.channel.only(row)
        )
        for row in subject.channel.datatypes
    ]
    belts = len(panels)
    if tidal_volume is not None:
        panels.append(subject_of(tidal_volume, what="tidal_volume"))
    figure, axes = draw_stack("plot_respiration", panels, window, shades=shades, ax=ax)
    every = list(np.ravel(axes))
    for one, panel in zip(every[:belts], panels, strict=False):
        for samples in panel.cut(window).lines().values():
            _mark(one, samples, inspiration, window, inhaling=True)
            _mark(one, samples, expiration, window, inhaling=False)
    _explain(every[0])
    return picture(figure, every)


def _mark(
    axes: Axes,
    samples: Samples,
    events: pd.DataFrame | None,
    window: Window,
    *,
    inhaling: bool,
) -> None:
    """Mark breaths on the belt: on its next sample, since a mark has no height."""
    from hexoframe.plotting.lines import SparseMarks  # noqa: PLC0415

    if events is None:
        return
    stamps = stamps_of(window.cut(subject_of(events).frame))
    rows = np.searchsorted(samples.stamps, stamps)
    rows = np.minimum(rows, len(samples.stamps) - 1)
    # No mark in a gap, where there is no belt to stand on.
    near = np.abs(samples.stamps[rows] - stamps) < 1_000_000_000
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
    from hexoframe.plotting.lines import SparseMarks  # noqa: PLC0415

    marks = [
        line for line in axes.lines if isinstance(line, SparseMarks) and line.has_room()
    ]
    if marks:
        axes.legend(
            handles=marks,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=2,
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.1,
        )
