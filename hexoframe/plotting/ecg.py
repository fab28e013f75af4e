"""ECG: a strip on millimetre paper, true to scale, or a long view of every lead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.plotting.beats import beats_of
from hexoframe.plotting.canvas import axes_given, picture, pyplot, say_empty, show_time
from hexoframe.plotting.shading import draw_shade, holes, measured_rows
from hexoframe.plotting.stack import draw_stack
from hexoframe.plotting.style import FONT, INK, PAPER, PAPER_BOLD, SMALL
from hexoframe.plotting.windows import Window, subject_of, window_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hexoframe.plotting.beats import Beats
    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.decimation import Samples
    from hexoframe.plotting.windows import Length, Start, Subject

__all__ = ["plot_ecg"]

MM_PER_S, MM_PER_MV = 25.0, 10.0
_MM_PER_INCH = 25.4
# Longer than this it is no strip; a row of paper is what a page and a notebook hold.
_LONGEST_STRIP_S, _ROW_S = 60.0, 10.0
# Margins of the paper, and between rows, in mm.
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 14.0, 8.0, 9.0, 12.0, 10.0
# A lead is given room for half a millivolt around what it shows, up to this much to
# either side of its middle.
_STEP_MV, _MOST_MV = 0.5, 3.0
# Above and below every lead this much is free, for the marks of beats.
_FREE_MV = 0.2
_NS_PER_S = 1_000_000_000
# How far below the upper edge beats are marked.
_MARK_MM = 1.2


class _Lead(NamedTuple):
    """A lead on the paper: `base` is where its middle lies, in mV from the bottom."""

    name: str
    samples: Samples
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


def plot_ecg(  # noqa: PLR0913  # all that a strip can show, each by name
    frame: pd.DataFrame,
    *,
    start: Start | None = None,
    duration: Length | None = None,
    rr: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    shade: pd.DataFrame | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw ECG.

    Up to a minute is a strip on millimetre paper, 25 mm/s and 10 mm/mV, in rows of 10 s
    with the leads under each other, each on its own middle. Saved at any resolution and
    printed at 100 % it is true to scale. More than a minute is a long view, a panel a
    lead.

    Parameters
    ----------
    frame : DataFrame
        ``record["ecg"]``, or one lead of it.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the first row, such as
        ``"90s"``. By default the whole frame is drawn.
    duration : str or timedelta, optional
        How long; to the last row by default.
    rr : DataFrame, optional
        ``record["rr_interval"]``: each beat is marked at the upper edge.
    quality : DataFrame, optional
        ``record["rr_interval_quality"]``: beats with a flag are marked hollow.
    shade : DataFrame, optional
        Spans that are shaded, as ``record.bad_spans("ecg")`` gives them; by default
        those without samples.
    ax : Axes or sequence of Axes, optional
        Where to draw: one for a strip, which then keeps the proportions of the paper,
        and one a lead for a long view.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The row; an array of rows or panels where there are several.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, the frame is of no channel, or a length of time
        is none.
    TimestampError
        If a time has no zone.
    """
    subject = subject_of(frame, what="plot_ecg")
    window = window_of(subject, start, duration)
    beats = beats_of(rr, quality, window)
    # Counts have no place on paper that is ruled in mV.
    if window.seconds > _LONGEST_STRIP_S or subject.scale != "physical":
        return _long_view(subject, window, beats, shade=shade, ax=ax)
    cut = subject.cut(window)
    lines = cut.lines()
    spans = holes(cut, window, lines) if shade is None else shade
    leads = _leads(cut, spans, lines)
    rows = _rows(window) if ax is None else [window]
    if ax is None:
        figure, axes = _paper(rows, sum(lead.below + lead.above for lead in leads))
    else:
        axes = axes_given("plot_ecg", ax, 1)
        figure = axes[0].figure  # type: ignore[assignment]
        axes[0].set_aspect(MM_PER_MV / (MM_PER_S * 86_400), anchor="W")
    for one, row in zip(axes, rows, strict=True):
        _draw_row(one, leads, row, beats=beats, spans=spans)
    for one in axes[:-1]:
        one.set_xlabel("")
    _say_what(axes[0], subject, beats)
    if any(lead.is_cut for lead in leads):
        _say_cut(axes[-1])
    if not leads:
        say_empty(axes[0], f"{subject.channel.name}: no samples")
    return picture(figure, axes)


# --- the paper ----------------------------------------------------------------------


def _leads(
    subject: Subject, spans: pd.DataFrame, lines: dict[str, Samples]
) -> list[_Lead]:
    """Return leads with samples from top to bottom, each with the room it needs.

    What a loose electrode draws needs none.
    """
    leads = []
    for column, samples in lines.items():
        measured = samples.heights[measured_rows(samples.stamps, spans)]
        shown = measured if len(measured) else samples.heights
        middle = float(np.median(shown))
        below = _room(middle - float(shown.min()), least=_STEP_MV)
        above = _room(float(shown.max()) - middle, least=2 * _STEP_MV)
        name = column.removeprefix(f"{subject.channel.name}_").upper()
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


def _rows(window: Window) -> list[Window]:
    """Cut a strip into rows of paper."""
    step = round(_ROW_S * _NS_PER_S)
    begins = range(window.first, max(window.last, window.first + 1), step)
    return [
        window._replace(first=first, last=min(first + step, window.last))
        for first in begins
    ]


def _paper(rows: list[Window], height_mv: float) -> tuple[Figure, list[Axes]]:
    """Make a figure whose axes are as wide and high as the paper is."""
    widths = [max(row.seconds, 1.0) * MM_PER_S for row in rows]
    high = max(height_mv, 1.5) * MM_PER_MV
    wide = _LEFT + max(widths) + _RIGHT
    tall = _TOP + len(rows) * high + (len(rows) - 1) * _BETWEEN + _BOTTOM
    figure = pyplot().figure(figsize=(wide / _MM_PER_INCH, tall / _MM_PER_INCH))
    axes = []
    for place, width in enumerate(widths):
        bottom = tall - _TOP - (place + 1) * high - place * _BETWEEN
        box = (_LEFT / wide, bottom / tall, width / wide, high / tall)
        axes.append(figure.add_axes(box))
    return figure, axes


def _draw_row(
    axes: Axes,
    leads: list[_Lead],
    row: Window,
    *,
    beats: Beats,
    spans: pd.DataFrame,
) -> None:
    from matplotlib.transforms import Affine2D  # noqa: PLC0415

    from hexoframe.plotting.lines import LiveLine  # noqa: PLC0415

    show_time([axes], row)
    axes.tick_params(labelsize=SMALL, length=2, width=0.6)
    for spine in axes.spines.values():
        spine.set(color=PAPER_BOLD, linewidth=0.8)
    height = sum(lead.below + lead.above for lead in leads) or 1.5
    draw_shade(axes, spans, row)
    _rule(axes, row, height)
    for lead in leads:
        line = LiveLine(lead.samples, color=INK, linewidth=0.8, zorder=2.5)
        # The samples stay what they are; the paper is moved under them.
        moved = Affine2D().translate(0, lead.base - lead.middle)
        line.set_transform(moved + axes.transData)
        line.set_label(lead.name)
        line.put_on(axes)
    axes.set_ylim(0, height)
    _name_leads(axes, leads)
    _mark_beats(axes, beats, row)


def _rule(axes: Axes, row: Window, height: float) -> None:
    """Rule the paper: a thin line each mm, a bold one each 5 mm."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    from hexoframe.plotting.lines import days  # noqa: PLC0415

    mm_s, mm_mv = round(_NS_PER_S / MM_PER_S), 1 / MM_PER_MV
    across = np.arange(row.first, row.last + 1, mm_s)
    up = np.arange(round(height / mm_mv) + 1) * mm_mv
    left, right = days(np.array([row.first, row.last]))
    for every, colour, order in ((1, PAPER, 0.5), (5, PAPER_BOLD, 0.6)):
        lines = [((x, 0.0), (x, height)) for x in days(across[::every])]
        lines += [((left, y), (right, y)) for y in up[::every]]
        ruled = LineCollection(lines, colors=colour, linewidths=0.5, zorder=order)
        axes.add_collection(ruled, autolim=False)


def _name_leads(axes: Axes, leads: list[_Lead]) -> None:
    """One lead has an axis in mV; of several, each has its name beside it."""
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


def _mark_beats(axes: Axes, beats: Beats, row: Window) -> None:
    """Mark each beat at the upper edge, hollow where it has a flag."""
    from hexoframe.plotting.lines import SparseMarks  # noqa: PLC0415

    inches = axes.bbox.height / axes.figure.dpi
    axes_mm = inches * _MM_PER_INCH
    inside = (beats.stamps >= row.first) & (beats.stamps <= row.last)
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


def _say_what(axes: Axes, subject: Subject, beats: Beats) -> None:
    """Say above the paper what is drawn, and at which scale."""
    record = "" if subject.record is None else f", record {subject.record}"
    text = f"ECG{record}   {MM_PER_S:g} mm/s   {MM_PER_MV:g} mm/mV"
    axes.set_title(text, loc="left", fontsize=FONT)
    handles = [line for line in axes.lines if str(line.get_label()).startswith("R ")]
    if handles and len(beats.stamps):
        axes.legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=2,
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.1,
        )


def _say_cut(axes: Axes) -> None:
    """Say below the paper that not all samples are on it."""
    axes.annotate(
        "samples leave the paper",
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -28),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
    )


# --- the long view ------------------------------------------------------------------


def _long_view(
    subject: Subject,
    window: Window,
    beats: Beats,
    *,
    shade: pd.DataFrame | None,
    ax: Given | None,
) -> Picture:
    """Draw a panel a lead; beats are marked where there is room for them."""
    shown = subject.channel.columns
    if len(shown) > 1:
        shown = tuple(subject.cut(window).lines()) or shown[:1]
    leads = [
        subject._replace(
            frame=subject.frame[[row.column]], channel=subject.channel.only(row)
        )
        for row in subject.channel.datatypes
        if row.column in shown
    ]
    shades = None if shade is None else dict.fromkeys(shown, shade)
    figure, axes = draw_stack("plot_ecg", leads, window, shades=shades, ax=ax)
    _mark_beats(np.ravel(axes)[0], beats, window)
    return figure, axes
