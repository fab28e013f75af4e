"""Panels of channels under each other, on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.plotting.bars import draw_codes, row_names
from hexoframe.plotting.canvas import (
    NUMBERS,
    Margins,
    label_rows,
    make_panels,
    picture,
    say_empty,
    show_time,
    text_width,
    tidy,
)
from hexoframe.plotting.shading import draw_shade, holes, measured_rows, shade_legend
from hexoframe.plotting.style import INK, LINES, SMALL, label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.decimation import Samples
    from hexoframe.plotting.windows import Subject, Window

    Lines = Mapping[str, Samples]
    Shades = Mapping[str, pd.DataFrame]

__all__ = ["draw_lines", "draw_panel", "draw_stack"]

_LINE_WIDTH = 0.8
# Of the pixel columns, so many may leave a panel at either side where its limits are
# those of the common and not of every sample.
_LEFT_OUT = 0.01
# What is free above and below lines, as a part of their height.
_ROOM = 0.05
# In inches: a panel, one of codes at least, a row of codes; a panel alone is higher.
_HEIGHT, _LOWEST, _ROW_HEIGHT, _ONLY_HEIGHT = 0.95, 0.5, 0.28, 2.2
# What is right of the panels: their edge, or the names of lines.
_EDGE, _LINE_NAMES = 0.3, 1.05


def draw_stack(  # noqa: PLR0913  # what all stacks share
    what: str,
    subjects: Sequence[Subject],
    window: Window,
    *,
    shades: Shades | None = None,
    ax: Given | None = None,
    right: float = 0.0,
) -> Picture:
    """Draw a panel a frame.

    Parameters
    ----------
    what : str
        Function that draws, for messages.
    subjects : sequence of Subject
        What is drawn, from top to bottom.
    window : Window
        Part of time that is drawn.
    shades : mapping of str to DataFrame, optional
        Spans of a channel or column that are shaded, as `bad_spans` gives them; by
        default those without samples.
    ax : Axes or sequence of Axes, optional
        Where to draw.
    right : float, in inches
        Room that is needed right of the panels.
    """
    heights = [panel_height(subject, window) for subject in subjects]
    if len(subjects) == 1 and not subjects[0].channel.datatypes[0].codes:
        heights = [_ONLY_HEIGHT]
    margins = margins_for(subjects, window)
    margins = margins._replace(right=max(margins.right, right))
    figure, axes = make_panels(what, heights, ax, margins)
    used: set[bool] = set()
    for one, subject in zip(axes, subjects, strict=True):
        used |= draw_panel(one, subject, window, shades=shades)
    show_time(axes, window)
    labels = [panel_label(subject) for subject in subjects]
    label_rows(axes, labels, margins if ax is None else None)
    if ax is None:
        shade_legend(figure, used)
    return picture(figure, axes)


def panel_height(subject: Subject, window: Window) -> float:
    """Height of a panel in inches; one of codes has a row for each."""
    if not subject.channel.datatypes[0].codes:
        return _HEIGHT
    return max(_LOWEST, _ROW_HEIGHT * len(row_names(subject, window)))


def margins_for(subjects: Sequence[Subject], window: Window) -> Margins:
    """Room for the labels beside panels."""
    names = NUMBERS
    for subject in subjects:
        if subject.channel.datatypes[0].codes:
            texts = row_names(subject, window).values()
            names = max(names, text_width(texts, SMALL) + 0.12)
    labels = text_width(panel_label(subject) for subject in subjects)
    lines = [subject for subject in subjects if len(subject.channel.columns) > 1]
    right = _LINE_NAMES if lines else _EDGE
    return Margins(_EDGE + labels + names, right, names)


def panel_label(subject: Subject) -> str:
    """Name of the channel with the unit in a line of its own."""
    label = label_of(subject.channel.name)
    if len(subject.channel.columns) == 1:
        label = label_of(subject.channel.columns[0])
    if len(label) > 16 and " " in label:
        head, _, tail = label.rpartition(" ")
        label = f"{head}\n{tail}"
    return f"{label}\n({subject.unit})" if subject.unit else label


def draw_panel(
    axes: Axes, subject: Subject, window: Window, *, shades: Shades | None = None
) -> set[bool]:
    """Draw a channel as its kind asks, and return which shades were used."""
    tidy(axes)
    row = subject.channel.datatypes[0]
    cut = subject.cut(window)
    lines = {} if row.codes else cut.lines()
    spans = _spans(cut, window, shades, lines)
    used = draw_shade(axes, spans, window)
    if row.codes or row.align == "or":
        drawn = draw_codes(axes, subject, window)
    else:
        drawn = bool(draw_lines(axes, cut, window, lines))
        if shades is not None:
            limit_to_measured(axes, spans, common=row.kind == "waveform")
        if row.minimum is not None and row.minimum >= 0:
            _keep_above_zero(axes, lines)
    if not drawn:
        say_empty(axes, _empty_text(subject, cut))
    return used


def _spans(
    cut: Subject, window: Window, shades: Shades | None, lines: Lines
) -> pd.DataFrame:
    """Spans to shade: those of the caller, or what the frame itself tells."""
    names = cut.channel.columns
    key = names[0] if len(names) == 1 else cut.channel.name
    # The flags of a quality channel are what is drawn, and no shade on themselves.
    if shades is not None and key in shades and cut.channel.datatypes[0].align != "or":
        return shades[key]
    return holes(cut, window, lines)


def _empty_text(subject: Subject, cut: Subject) -> str:
    """Say whether a channel is empty, or only here."""
    name = subject.channel.name
    if not len(subject.frame):
        return f"{name}: no samples"
    if not len(cut.frame):
        return f"{name}: no samples in this part of time"
    flags = cut.channel.datatypes[0].align == "or"
    return f"{name}: no flag is set" if flags else f"{name}: no measured value"


def draw_lines(axes: Axes, subject: Subject, window: Window, lines: Lines) -> list[Any]:
    """Draw every column with samples: a line, or dots for events.

    Returns
    -------
    list of artist
        The lines; empty if no column has a sample.
    """
    from hexoframe.plotting.lines import LiveLine, days  # noqa: PLC0415

    left, right = days(np.array([window.first, window.last]))
    if left < right:
        axes.set_xlim(left, right)
    row = subject.channel.datatypes[0]
    dots = row.kind == "event" and not row.interval
    drawn = []
    for place, (column, samples) in enumerate(lines.items()):
        colour = LINES[place % len(LINES)]
        label = label_of(column.removeprefix(f"{subject.channel.name}_"))
        line: Any
        if dots:
            (line,) = axes.plot(
                days(samples.stamps), samples.heights, ".", color=INK, markersize=2.5
            )
            line.set_label(label)
        else:
            line = LiveLine(
                samples, color=colour, linewidth=_LINE_WIDTH, label=label, zorder=2.5
            )
            line.put_on(axes)
        drawn.append(line)
    axes.autoscale_view(scalex=False)
    if len(drawn) > 1:
        name_lines(axes, drawn)
    return drawn


def name_lines(axes: Axes, lines: Sequence[Any]) -> None:
    """Say in the panel which line is which."""
    legend = axes.legend(
        handles=lines,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.3,
        handlelength=1.0,
        handletextpad=0.4,
        labelspacing=0.2,
    )
    for handle in legend.legend_handles:
        handle.set(linewidth=2.0, marker="")  # type: ignore[union-attr]


def limit_to_measured(axes: Axes, spans: pd.DataFrame, *, common: bool) -> None:
    """Set the limits of a panel to what was measured, be it drawn beyond them.

    A loose electrode swings to the limits of its amplifier and would flatten the rest.
    With `common`, so do the limits of nearly all columns of pixels.
    """
    from hexoframe.plotting.lines import LiveLine, nanoseconds  # noqa: PLC0415

    values = []
    for line in axes.lines:
        if isinstance(line, LiveLine):
            times = nanoseconds(np.asarray(line.get_xdata(), dtype=np.float64))
            drawn = np.asarray(line.get_ydata(), dtype=np.float64)
            values.append(drawn[measured_rows(times, spans) & ~np.isnan(drawn)])
    measured = np.concatenate(values) if values else np.empty(0)
    if not len(measured):
        return
    low, high = float(measured.min()), float(measured.max())
    if common:
        some_low, some_high = np.quantile(measured, [_LEFT_OUT, 1 - _LEFT_OUT])
        # Where hardly more is to be seen, all is.
        if (some_high - some_low) * 2 < high - low:
            room = 0.15 * (some_high - some_low)
            low, high = max(low, some_low - room), min(high, some_high + room)
    # A line that never moves stands in the middle of a range that says so.
    room = _ROOM * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)


def _keep_above_zero(axes: Axes, lines: Lines) -> None:
    """Leave little room below 0 where nothing can be: zeros are still seen there.

    A caller may draw what differs from a mean, which can be below.
    """
    low, high = axes.get_ylim()
    least = -_ROOM * high
    if low < least and not any((each.heights < 0).any() for each in lines.values()):
        axes.set_ylim(least, high)
