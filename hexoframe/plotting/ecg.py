"""ECG: a strip on millimetre paper, true to scale, or a long view of every lead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.quality import bad_spans
from hexoframe.plotting.decimation import outside
from hexoframe.plotting.figures import (
    FONT,
    INK,
    PAPER,
    PAPER_BOLD,
    SMALL,
    days,
    entitle,
    explain_marks,
    given_axes,
    make_axes,
    picture,
    say_empty,
)
from hexoframe.plotting.panels import draw_shade, draw_stack, show_time
from hexoframe.plotting.spans import absent_of
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import Window, beats_of, view_of, views_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.decimation import LineSamples
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.panels import Shades
    from hexoframe.plotting.windows import Beats, ChannelView
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_ecg", "record_ecg"]

MM_PER_S, MM_PER_MV = 25.0, 10.0
_MM_PER_INCH = 25.4
# The longest strip, and a row of its paper, which fits a page and a notebook.
_LONGEST_STRIP_S, _ROW_S = 60.0, 10.0
# Margins of the paper, and between rows, in mm.
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 14.0, 8.0, 14.0, 15.0, 10.0
# The room of a lead, above and below its middle, is a multiple of this up to that.
_STEP_MV, _MOST_MV = 0.5, 3.0
# Above and below every lead this much is free, for the marks of beats.
_FREE_MV = 0.2
# Height of the paper without a lead, in mV.
_EMPTY_MV = 1.5
_NS_PER_S = 1_000_000_000
_RATE = "heart_rate"
# How far below the upper edge beats are marked.
_MARK_MM = 1.2


def plot_ecg(  # noqa: PLR0913  # all that a strip can show, each by name
    frame: pd.DataFrame,
    *,
    start: Moment | None = None,
    duration: Length | None = None,
    rr: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    rate: pd.DataFrame | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw ECG.

    Up to a minute is a strip on millimetre paper, 25 mm/s and 10 mm/mV, in rows of 10 s
    with the leads under each other, each on its own middle. Saved at any resolution and
    printed at 100 % it is true to scale. More than a minute is a long view, a panel for
    each lead. Where more than five minutes are in view, beats run together: then the
    panel shows the envelope of all samples, and in it the typical range, from the
    median of the lowest to that of the highest samples of 10 s.

    Parameters
    ----------
    frame : DataFrame
        ``record["ecg"]``, or one lead of it.
    start, duration
        The part of the frame, as for `plot_channel`.
    rr : DataFrame, optional
        ``record["rr_interval"]``: each beat is marked at the upper edge.
    quality : DataFrame, optional
        ``record["rr_interval_quality"]``: beats with a flag are marked hollow.
    rate : DataFrame, optional
        ``record["heart_rate"]``: drawn in a panel below a long view.
    shade : DataFrame, optional
        Spans that are shaded, as ``record.bad_spans("ecg")`` gives them; by default
        those without samples.
    ax : Axes or sequence of Axes, optional
        Where to draw: one for a strip, which then keeps the proportions of the paper,
        and one for each lead of a long view, and for the rate.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The row; an array of rows or panels where there are several.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `plot_channel`.
    """
    (view,) = views_of("plot_ecg", frame, start=start, duration=duration)
    beats = beats_of(rr, quality, view.window)
    shades = None if shade is None else dict.fromkeys(view.channel.columns, shade)
    if _is_strip(view):
        return _draw_strip(view, beats, shades, ax)
    return _draw_long_view(view, beats, rate, shades, ax)


def record_ecg(request: PictureRequest) -> FigureAxes:
    """Draw the ECG of a record, with its beats, shaded by its quality."""
    record, given = request.record, request.keywords()
    start, duration, ax = given["start"], given["duration"], given["ax"]
    (view,) = views_of("plot_ecg", record[request.key], start=start, duration=duration)
    rr, quality = (request.frame(f"rr_interval{end}") for end in ("", "_quality"))
    beats = beats_of(rr, quality, view.window)
    shades = dict.fromkeys(view.channel.columns, bad_spans(record, request.key))
    if _is_strip(view):
        return _draw_strip(view, beats, shades, ax)
    rate = request.frame(_RATE) if len(view.frame) else None
    if rate is not None:
        shades |= request.shades(_RATE)
    return _draw_long_view(view, beats, rate, shades, ax)


def _is_strip(view: ChannelView) -> bool:
    # Counts have no place on paper that is ruled in mV.
    return view.window.seconds <= _LONGEST_STRIP_S and view.scale == "physical"


def _draw_strip(
    view: ChannelView, beats: Beats, shades: Shades | None, ax: Given | None
) -> FigureAxes:
    """Draw a strip on paper."""
    spans = view.gaps if shades is None else shades[view.channel.columns[0]]
    leads = _leads(view, spans)
    rows = _rows(view.window) if ax is None else [view.window]
    figure, axes = _new_paper(rows, leads) if ax is None else _given_paper(ax)
    for one, row in zip(axes, rows, strict=True):
        _draw_paper(one, row, _height(leads), spans, dated=one is axes[-1])
        _draw_leads(one, leads)
        _mark_beats(one, beats, row)
    _say_what(axes, view, leads)
    if ax is None:
        entitle(figure, title_of("ECG", view.window, view.record))
    return picture(figure, axes)


def _draw_long_view(
    view: ChannelView,
    beats: Beats,
    rate: pd.DataFrame | None,
    shades: Shades | None,
    ax: Given | None,
) -> FigureAxes:
    """Draw a panel for each lead with samples, and the rate of the heart.

    Beats are marked on the first panel, where there is room.
    """
    columns = view.channel.columns
    shown = columns if len(columns) == 1 else tuple(view.lines) or columns[:1]
    views = [lead for lead in view.columns() if lead.channel.columns[0] in shown]
    if rate is not None:
        views.append(view_of(rate, view.window, what="rate"))
    figure, axes = draw_stack("plot_ecg", views, shades=shades, ax=ax)
    _mark_beats(axes[0], beats, view.window)
    return picture(figure, axes)


# --- what is read ---------------------------------------------------------------------


class _Lead(NamedTuple):
    """A lead on the paper: `base` is where its middle lies, in mV from the bottom."""

    name: str
    samples: LineSamples
    middle: float
    below: float
    above: float
    base: float = 0.0

    @property
    def is_cut(self) -> bool:
        """Whether samples lie beyond the room of the lead."""
        low, high = self.samples.heights.min(), self.samples.heights.max()
        return bool(
            low < self.middle - self.below - 1e-6
            or high > self.middle + self.above + 1e-6
        )


def _leads(view: ChannelView, spans: pd.DataFrame) -> list[_Lead]:
    """Return leads with samples from top to bottom, each with the room it needs.

    Samples of spans in which nothing was measured get no room, as those of a loose
    electrode.
    """
    leads = []
    for column, samples in view.lines.items():
        measured = samples.heights[outside(samples.stamps, absent_of(spans))]
        shown = measured if len(measured) else samples.heights
        middle = float(np.median(shown))
        below = _room(middle - float(shown.min()), least=_STEP_MV)
        above = _room(float(shown.max()) - middle, least=2 * _STEP_MV)
        name = column.removeprefix(f"{view.channel.name}_").upper()
        leads.append(_Lead(name, samples, middle, below, above))
    placed: list[_Lead] = []
    height = 0.0
    for lead in reversed(leads):
        placed.insert(0, lead._replace(base=height + lead.below))
        height += lead.below + lead.above
    return placed


def _room(reach: float, *, least: float) -> float:
    needed = math.ceil((reach + _FREE_MV) / _STEP_MV) * _STEP_MV
    return min(max(needed, least), _MOST_MV)


def _height(leads: Sequence[_Lead]) -> float:
    """Return the height of a row in mV."""
    return sum(lead.below + lead.above for lead in leads) or _EMPTY_MV


def _rows(window: Window) -> list[Window]:
    """Cut a strip into rows of paper."""
    step = round(_ROW_S * _NS_PER_S)
    begins = range(window.first, max(window.last, window.first + 1), step)
    return [
        window._replace(first=first, last=min(first + step, window.last))
        for first in begins
    ]


# --- the paper ------------------------------------------------------------------------


def _new_paper(
    rows: Sequence[Window], leads: Sequence[_Lead]
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a row of paper below the other, true to scale."""
    widths = [max(row.seconds, 1.0) * MM_PER_S for row in rows]
    high = max(_height(leads), _EMPTY_MV) * MM_PER_MV
    wide = _LEFT + max(widths) + _RIGHT
    tall = _TOP + len(rows) * high + (len(rows) - 1) * _BETWEEN + _BOTTOM
    boxes = [
        (_LEFT, tall - _TOP - (place + 1) * high - place * _BETWEEN, width, high)
        for place, width in enumerate(widths)
    ]
    return make_axes(wide, tall, boxes, per_inch=_MM_PER_INCH)


def _given_paper(given: Given) -> tuple[Figure, list[Axes]]:
    """Give the axes of the caller the proportions of the paper."""
    figure, axes = given_axes("plot_ecg", given, 1)
    axes[0].set_aspect(MM_PER_MV / (MM_PER_S * 86_400), anchor="W")
    return figure, axes


def _draw_paper(
    axes: Axes, row: Window, height: float, spans: pd.DataFrame, *, dated: bool
) -> None:
    """Draw a row of paper: a thin line each mm, a bold one each 5 mm; shades; time."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  # an extra

    show_time([axes], row, dated=dated)
    axes.tick_params(labelsize=SMALL, length=2, width=0.6)
    for spine in axes.spines.values():
        spine.set(color=PAPER_BOLD, linewidth=0.8)
    draw_shade(axes, spans, row)
    mm_s, mm_mv = round(_NS_PER_S / MM_PER_S), 1 / MM_PER_MV
    across = np.arange(row.first, row.last + 1, mm_s)
    up = np.arange(round(height / mm_mv) + 1) * mm_mv
    left, right = days(np.array([row.first, row.last]))
    for every, colour, order in ((1, PAPER, 0.5), (5, PAPER_BOLD, 0.6)):
        lines = [((x, 0.0), (x, height)) for x in days(across[::every])]
        lines += [((left, y), (right, y)) for y in up[::every]]
        ruled = LineCollection(lines, colors=colour, linewidths=0.5, zorder=order)
        axes.add_collection(ruled, autolim=False)
    axes.set_ylim(0, height)


# --- what is drawn on it --------------------------------------------------------------


def _draw_leads(axes: Axes, leads: Sequence[_Lead]) -> None:
    """Draw each lead at its place on the paper, and name it."""
    from matplotlib.transforms import Affine2D  # noqa: PLC0415  # an extra

    from hexoframe.plotting.artists import LiveLine  # noqa: PLC0415  # matplotlib

    for lead in leads:
        line = LiveLine(lead.samples, color=INK, linewidth=0.8, zorder=2.5)
        # The samples keep their values; the line is moved to its place.
        moved = Affine2D().translate(0, lead.base - lead.middle)
        line.set_transform(moved + axes.transData)
        line.set_label(lead.name)
        line.put_on(axes)
    _name_leads(axes, leads)


def _name_leads(axes: Axes, leads: Sequence[_Lead]) -> None:
    """Give a single lead an axis in mV, and write the name of each of several."""
    if len(leads) != 1:
        axes.set_yticks([lead.base for lead in leads], [lead.name for lead in leads])
        axes.tick_params(axis="y", length=0, labelsize=FONT)
        return
    (lead,) = leads
    low, high = lead.middle - lead.below, lead.middle + lead.above
    values = np.arange(math.ceil(low), math.floor(high) + 1)
    places = (values - lead.middle + lead.base).tolist()
    axes.set_yticks(places, [f"{value:g}" for value in values])
    axes.set_ylabel(f"ECG {lead.name} (mV)", fontsize=SMALL)


def _mark_beats(axes: Axes, beats: Beats, window: Window) -> None:
    """Mark each beat at the upper edge, hollow where it has a flag."""
    from hexoframe.plotting.artists import SparseMarks  # noqa: PLC0415  # matplotlib

    inches = axes.bbox.height / axes.figure.dpi
    axes_mm = inches * _MM_PER_INCH
    inside = (beats.stamps >= window.first) & (beats.stamps <= window.last)
    flagged = beats.flags != 0
    for some, face, name in (
        (inside & ~flagged, INK, "R peak"),
        (inside & flagged, "white", "R peak, flagged"),
    ):
        if some.any():
            marks = SparseMarks(
                beats.stamps[some],
                np.full(int(some.sum()), 1.0 - _MARK_MM / axes_mm),
                crowd=beats.stamps,
                marker="v",
                markersize=4.5,
                color=INK,
                markerfacecolor=face,
                markeredgewidth=0.7,
                transform=axes.get_xaxis_transform(),
                label=name,
                zorder=3,
            )
            axes.add_line(marks)


def _say_what(axes: Sequence[Axes], view: ChannelView, leads: Sequence[_Lead]) -> None:
    """Say at which scale the ECG is drawn, and whether samples leave the paper."""
    text = f"{MM_PER_S:g} mm/s   {MM_PER_MV:g} mm/mV"
    axes[0].set_title(text, loc="left", fontsize=FONT)
    marks = [line for line in axes[0].lines if str(line.get_label()).startswith("R ")]
    if marks:
        explain_marks(axes[0], marks, side="right")
    for one in axes[:-1]:
        one.set_xlabel("")
    if any(lead.is_cut for lead in leads):
        axes[-1].annotate(
            "samples leave the paper",
            (1, 0),
            xycoords="axes fraction",
            xytext=(0, -24),
            textcoords="offset points",
            ha="right",
            fontsize=SMALL,
            color=INK,
        )
    for one in () if leads else axes:
        say_empty(one, f"{view.channel.name}: no samples")
