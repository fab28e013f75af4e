"""Intervals between beats: tachogram and Poincare plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.analysis.beats import beats_of as series_of
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.channels.calibration import unmeasured
from hexoframe.plotting.decimation import LineSamples
from hexoframe.plotting.figures import (
    FAINT,
    FONT,
    INK,
    LINES,
    MANY,
    SMALL,
    WIDTH,
    draw_rug,
    entitle,
    explain_marks,
    few_ticks,
    given_axes,
    label_of,
    picture,
    pyplot,
    room_for_rugs,
    say_empty,
    tidy,
)
from hexoframe.plotting.limits import fair_limits, mark_beyond
from hexoframe.plotting.panels import draw_line, draw_shade, shade_legend, show_time
from hexoframe.plotting.spans import absent_of
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import beats_of, views_of
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.analysis.beats import RRSeries
    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import Beats, ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_rr", "record_rr"]

_RR = "rr_interval"
_HEIGHT = 4.0
# Colours of the rugs of flagged beats, by the gravest of their flags.
_RUGS = (LINES[2], LINES[1])


def plot_rr(  # noqa: PLR0913  # each by name
    frame: pd.DataFrame,
    *,
    start: Moment | None = None,
    duration: Length | None = None,
    quality: pd.DataFrame | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw intervals over time, and each interval against the one before.

    A line joins the intervals of beats that follow each other and have no flag. The
    limits are those of nearly all of them; marks at the edges tell where others lie
    beyond.

    Parameters
    ----------
    frame : DataFrame
        ``record["rr_interval"]`` or ``record["nn_interval"]``.
    start, duration
        The part of the frame, as for `plot_channel`.
    quality : DataFrame, optional
        ``record["rr_interval_quality"]``: beats with a flag are marked at the foot of
        the tachogram, a row for each flag, and faint in the Poincare plot.
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
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    (view,) = views_of("plot_rr", frame, start=start, duration=duration)
    counted = series_of(view.frame, quality)
    return _draw(view, quality, shade=shade, counted=counted, ax=ax)


def record_rr(request: PictureRequest) -> FigureAxes:
    """Draw the RR intervals of a record, or the intervals of the channel asked for."""
    keywords, record = request.keywords(), request.record
    key = _RR if request.key == "rr" else request.key
    quality = request.frame("rr_interval_quality")
    if record.channel(key).name != _RR or _RR not in record:
        return plot_rr(record[key], quality=quality, **keywords)
    start, duration = keywords["start"], keywords["duration"]
    (view,) = views_of("plot_rr", record[key], start=start, duration=duration)
    # As `Record.hrv` counts them: of a shirt that was worn.
    ns = NS_PER_TICK[record.clock]
    part = record.cut(-(-view.window.first // ns), view.window.last // ns + 1)
    counted = beats_of_record(part)
    return _draw(view, quality, shade=None, counted=counted, ax=keywords["ax"])


def _draw(
    view: ChannelView,
    quality: pd.DataFrame | None,
    *,
    shade: pd.DataFrame | None,
    counted: RRSeries,
    ax: Given | None,
) -> FigureAxes:
    beats = beats_of(view.frame, quality, view.window)
    spans = view.gaps if shade is None else shade
    figure, axes = _new_axes() if ax is None else given_axes("plot_rr", ax, 2)
    used = _draw_tachogram(axes[0], view, beats, spans)
    _draw_poincare(axes[1], view, beats)
    _draw_ellipse(axes[1], view, counted)
    _explain_poincare(axes[1])
    if ax is None:
        shade_legend(figure, used)
        name = f"{label_of(view.channel.name)}s"
        entitle(figure, title_of(name, view.window, view.record))
    return picture(figure, axes)


def _new_axes() -> tuple[Figure, list[Axes]]:
    figure: Figure = pyplot().figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.175, "top": 0.76, "wspace": 0.22}
    made = figure.subplots(1, 2, width_ratios=(2.1, 1.0), gridspec_kw=room)
    return figure, list(made)


def _draw_tachogram(
    axes: Axes, view: ChannelView, beats: Beats, spans: pd.DataFrame
) -> set[bool]:
    """Draw the intervals over time, and return which shades were used."""
    tidy(axes)
    show_time([axes], view.window)
    used = draw_shade(axes, spans, view.window)
    axes.set_ylabel(view.axis_label, fontsize=FONT)
    (samples,) = view.lines.values() or (None,)
    if samples is None:
        say_empty(axes, f"{view.channel.name}: no intervals")
        return used
    sure = _kept(samples, _flags_at(beats, samples.stamps) == 0)
    line = draw_line(axes, sure, label_of(view.channel.name))
    some = sure if len(sure.stamps) else samples
    axes.set_ylim(fair_limits(some.heights))
    _mark_flagged(axes, view, beats)
    mark_beyond(axes, [line], absent_of(spans))
    return used


def _kept(samples: LineSamples, keep: NDArray[np.bool_]) -> LineSamples:
    """Return some of the samples, with a break wherever others are left out."""
    apart = ~np.append(False, keep[:-1])
    apart[samples.breaks] = True
    stamps, heights = samples.stamps[keep], samples.heights[keep]
    return LineSamples(stamps, heights, np.flatnonzero(apart[keep]))


def _flags_at(beats: Beats, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the gravest flags of some of the beats."""
    return beats.flags[np.searchsorted(beats.stamps, stamps)]


def _mark_flagged(axes: Axes, view: ChannelView, beats: Beats) -> None:
    """Mark beats at the foot of the panel, by the gravest of their flags."""
    values = view.frame.iloc[:, 0].to_numpy()
    drawn = ~unmeasured(values, view.channel.datatypes[0], scale=view.scale)
    marks: list[Artist] = []
    for place, (flag, name) in enumerate(beats.names.items()):
        shown = (beats.flags == flag) & drawn
        if shown.any():
            label = f"{label_of(name)} ({int(shown.sum()):,})"
            colour = _RUGS[place % len(_RUGS)]
            stamps = beats.stamps[shown]
            marks += draw_rug(axes, stamps, len(marks), color=colour, label=label)
    if marks:
        room_for_rugs(axes, len(marks))
        explain_marks(axes, marks)


def _draw_poincare(axes: Axes, view: ChannelView, beats: Beats) -> None:
    """Draw each interval against the one before it, where they follow each other."""
    tidy(axes)
    unit = f" ({view.unit})" if view.unit else ""
    axes.set_xlabel(f"interval n{unit}", fontsize=FONT)
    axes.set_ylabel(f"interval n + 1{unit}", fontsize=FONT)
    (samples,) = view.lines.values() or (None,)
    if samples is None or len(samples.stamps) < 2:
        say_empty(axes, "no two intervals")
        axes.set_xticks([])
        return
    follows = np.ones(len(samples.stamps), dtype=np.bool_)
    follows[0] = False
    follows[samples.breaks] = False
    second = np.flatnonzero(follows)
    flagged = _flags_at(beats, samples.stamps) != 0
    doubtful = flagged[second] | flagged[second - 1]
    values = samples.heights
    sure = second[~doubtful]
    # A few flagged intervals would make all others a dot.
    shown = np.concatenate((sure, sure - 1)) if len(sure) else slice(None)
    low, high = fair_limits(values[shown])
    few_ticks(axes.xaxis)
    inside = (values >= low) & (values <= high)
    for rows, name, style in (
        (second[doubtful], "a beat is flagged", {"color": FAINT, "alpha": 0.35}),
        (sure, "neighbours", {"color": INK}),
    ):
        beyond = int(np.count_nonzero(~(inside[rows] & inside[rows - 1])))
        label = f"{name} ({beyond} outside)" if beyond else name
        _dots(axes, values, rows, {**style, "label": label})
    axes.plot((low, high), (low, high), color=FAINT, linewidth=0.6, zorder=1)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal", anchor="NW")


def _draw_ellipse(axes: Axes, view: ChannelView, counted: RRSeries) -> None:
    """Draw SD1 and SD2 around the mean of the pairs of neighbours that count."""
    from matplotlib.patches import Ellipse  # noqa: PLC0415  # an extra

    pairs = np.flatnonzero(counted.pairs)
    if len(pairs) < 2:
        return
    ms = counted.milliseconds
    first, second = ms[pairs - 1], ms[pairs]
    across, along = (
        float(np.std(each, ddof=1) / np.sqrt(2))
        for each in (second - first, second + first)
    )
    # From ms to the unit of the axes.
    unit = 1 / 1000 if view.scale == "physical" else counted.clock / 1000
    centre = (float(first.mean()) * unit, float(second.mean()) * unit)
    ellipse = Ellipse(
        centre,
        2 * along * unit,
        2 * across * unit,
        angle=45,
        facecolor="none",
        edgecolor=LINES[1],
        linewidth=1.2,
        zorder=4,
        label=f"SD1 {across:.1f} ms, SD2 {along:.1f} ms",
    )
    axes.add_patch(ellipse)
    for length, sign in ((along, 1), (across, -1)):
        step = length * unit / np.sqrt(2)
        axes.plot(
            (centre[0] - step, centre[0] + step),
            (centre[1] - sign * step, centre[1] + sign * step),
            color=LINES[1],
            linewidth=0.9,
            zorder=4,
        )


def _explain_poincare(axes: Axes) -> None:
    """Say above the plot what its points are, and how wide they scatter."""
    handles, names = axes.get_legend_handles_labels()
    told = [
        (handle, name)
        for handle, name in zip(handles, names, strict=True)
        # A line without a point explains nothing.
        if not hasattr(handle, "get_xdata") or len(handle.get_xdata())
    ]
    if told:
        axes.legend(
            *zip(*told, strict=True),
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.4,
            handlelength=1.2,
            labelspacing=0.15,
            markerscale=2.0,
        )


def _dots(
    axes: Axes, values: NDArray[np.floating], rows: Any, style: dict[str, Any]
) -> None:
    axes.plot(
        values[rows - 1],
        values[rows],
        ".",
        markersize=2.5,
        markeredgewidth=0,
        rasterized=len(rows) > MANY,
        **style,
    )
