"""Sleep: the hypnogram with the marks of its table, and other channels below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.sleep import summarise_sleep
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.channels import codes_of
from hexoframe.plotting.figures import LINES, SMALL, days, picture, write_beside
from hexoframe.plotting.panels import HALF_HEIGHT, draw_stack, state_spans
from hexoframe.plotting.spans import absent_of, union_of
from hexoframe.plotting.titles import length_text
from hexoframe.plotting.windows import views_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_sleep", "record_sleep"]

# Room for the lengths of the phases, in inches, and with that of the marks.
_LENGTHS, _MARKS = 0.95, 1.55
# Height of the bar of the sleep period, of a row, and the colours of it and of WASO.
_BAR = 0.12
_PERIOD, _WASO = LINES[1], LINES[2]


def plot_sleep(  # noqa: PLR0913  # what is drawn, and how
    frame: pd.DataFrame,
    *others: pd.DataFrame,
    start: Moment | None = None,
    duration: Length | None = None,
    nights: pd.DataFrame | None = None,
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
    nights : DataFrame, optional
        ``record.sleep()``: a row SPT shows each sleep period, from sleep onset to final
        awakening, and the times awake within it (WASO) have a colour of their own.
    shades, ax
        As for `plot_activity`.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The panels; the first one is the hypnogram. Beside its rows stand the minutes in
        the window that were measured.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    views = views_of("plot_sleep", frame, *others, start=start, duration=duration)
    marked = nights is not None and nights["sleep_onset"].notna().any()
    right = _MARKS if marked else _LENGTHS
    figure, axes = draw_stack(
        "plot_sleep", views, shades=shades, ax=ax, right=right, title="Sleep"
    )
    absent = _absent(views[0], shades)
    texts = _lengths(views[0], absent)
    if nights is not None and marked:
        texts = _draw_period(axes[0], views[0], nights, texts, absent)
    write_beside(axes[0], texts)
    return picture(figure, axes)


def record_sleep(request: PictureRequest) -> FigureAxes:
    """Draw the sleep of a record, with position, heart, breathing and activity."""
    keywords, frame = request.keywords(), request.record["sleep_phase"]
    # Without a phase there is nothing to mark, and nothing to warn of.
    known = frame["sleep_phase"].notna().any()
    names = ("sleep_position", "heart_rate", "breathing_rate", "activity")
    others = request.frames(*names) if known else {}
    shades = request.shades("sleep_phase", *others)
    nights = summarise_sleep(request.record) if known else None
    return plot_sleep(frame, *others.values(), nights=nights, shades=shades, **keywords)


def _absent(view: ChannelView, shades: Mapping[str, pd.DataFrame] | None) -> TickSpans:
    """Return the spans in ns in which nothing was measured."""
    spans = (shades or {}).get(view.channel.name, view.gaps)
    edges = absent_of(spans)
    return TickSpans(edges[:, 0], edges[:, 1])


def _measured(edges: NDArray[np.int64], absent: TickSpans) -> int:
    """Return for how many ns of some spans anything was measured."""
    begin, end = edges[:, 0], edges[:, 1]
    return int((end - begin - absent.within(begin, end)).sum())


def _lengths(view: ChannelView, absent: TickSpans) -> list[str]:
    """Return how long each phase was, as text, from the lowest row up."""
    edges, codes = state_spans(view)
    return [
        length_text(_measured(edges[codes == code], absent))
        for code in np.unique(codes)
    ]


def _draw_period(
    axes: Axes,
    view: ChannelView,
    nights: pd.DataFrame,
    texts: list[str],
    absent: TickSpans,
) -> list[str]:
    """Mark the sleep periods in a row of their own; return all texts beside rows."""
    known = nights.dropna(subset=["sleep_onset"])
    periods = union_of(
        known[["sleep_onset", "sleep_offset"]].set_axis(["start", "end"], axis=1)
    )
    window, row = view.window, len(texts)
    shown = np.clip(periods, window.first, window.last)
    _draw_bar(axes, shown, row, _BAR, _PERIOD)
    # Sleep onset and final awakening, where the window shows them.
    inside = periods[(periods > window.first) & (periods < window.last)]
    axes.vlines(
        days(inside), -0.6, row, color=_PERIOD, linewidth=0.8, linestyle=(0, (4, 3))
    )
    edges, codes = state_spans(view)
    phases = np.unique(codes).tolist()
    awake = next(
        code.value
        for code in codes_of(view.channel.datatypes[0].codes)
        if code.name == "awake"
    )
    told = [*texts, length_text(int(np.diff(shown).sum()))]
    if awake in phases:
        place, waking = phases.index(awake), edges[codes == awake]
        # No time awake crosses sleep onset or final awakening.
        waking = waking[TickSpans(periods[:, 0], periods[:, 1]).cover(waking[:, 0])]
        _draw_bar(axes, waking, place, HALF_HEIGHT, _WASO)
        told[place] += f" (WASO {length_text(_measured(waking, absent))})"
    axes.set_yticks(
        range(row + 1),
        [*(label.get_text() for label in axes.get_yticklabels()), "SPT"],
        fontsize=SMALL,
    )
    axes.set_ylim(-0.6, row + 0.6)
    return told


def _draw_bar(
    axes: Axes, edges: NDArray[np.int64], row: int, half: float, colour: str
) -> None:
    begin, end = days(edges[:, 0]), days(edges[:, 1])
    axes.broken_barh(
        list(zip(begin, end - begin, strict=True)),
        (row - half, 2 * half),
        facecolor=colour,
        edgecolor=colour,
        linewidth=0.5,
        zorder=2.5,
    )
