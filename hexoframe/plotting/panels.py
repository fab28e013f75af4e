"""Panels under each other on one time axis: lines, dots, states, flags and shades.

Draws any view of a channel; what only one picture shows is in that picture's module.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.analysis.marks import runs
from hexoframe.channels import codes_of
from hexoframe.plotting.decimation import BLOCK_S, any_outside
from hexoframe.plotting.figures import (
    ABSENT,
    DOUBTFUL,
    EXTREMES,
    FAINT,
    FONT,
    INK,
    LINES,
    NUMBERS,
    SMALL,
    TYPICAL,
    Margins,
    days,
    entitle,
    explain,
    few_ticks,
    label_of,
    label_panels,
    make_panels,
    say,
    say_empty,
    text_width,
    tidy,
)
from hexoframe.plotting.limits import limit_panel
from hexoframe.plotting.spans import absent_of, union_of
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import stamps_of
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from numpy.typing import NDArray

    from hexoframe.plotting.artists import LiveLine
    from hexoframe.plotting.decimation import LineSamples
    from hexoframe.plotting.figures import Given
    from hexoframe.plotting.windows import ChannelView, Window

    Edges = NDArray[np.int64]
    Shades = Mapping[str, pd.DataFrame]

__all__ = [
    "HALF_HEIGHT",
    "draw_line",
    "draw_panel",
    "draw_shade",
    "draw_stack",
    "finish_panels",
    "has_values",
    "margins_for",
    "panel_height",
    "shade_legend",
    "show_time",
    "state_spans",
]

_LINE_WIDTH = 0.8
# Room below zero, as a part of the height.
_ROOM = 0.05
# In longer views (in s) the waves of a single waveform run together.
_LONGEST_S = 300.0
# Heights in inches: a panel, one of codes at least, a row of codes, a panel alone.
_HEIGHT, _LOWEST, _ROW_HEIGHT, _ONLY_HEIGHT = 0.95, 0.5, 0.28, 2.2
# What is right of the panels, in inches: their edge, or the names of lines.
_EDGE, _LINE_NAMES, _BAND_NAMES = 0.3, 1.05, 1.25
HALF_HEIGHT = 0.22
"""Half the height of a bar in its row."""
# Colour and meaning of the shades, by whether anything was measured.
_SHADES = {
    True: (ABSENT, "not measured (no signal, sensor off) or not worn"),
    False: (DOUBTFUL, "doubtful: flagged, clipped, implausible, handled"),
}
_VEIL = 0.8


# --- the stack ------------------------------------------------------------------------


def draw_stack(  # noqa: PLR0913  # each by name
    what: str,
    views: Sequence[ChannelView],
    *,
    shades: Shades | None = None,
    ax: Given | None = None,
    right: float = 0.0,
    marked: bool = False,
    title: str | None = None,
) -> tuple[Figure, list[Axes]]:
    """Draw a panel for each view, from top to bottom, and return figure and panels.

    `what` is the function that draws, for messages; `shades` are spans by channel or
    column, by default those without samples and of implausible values; `right` is the
    least room right of the panels, in inches; above `marked` ones there is room to
    explain marks; the title is the name of the first
    channel by default.
    """
    heights = [panel_height(view) for view in views]
    if len(views) == 1 and not views[0].channel.datatypes[0].codes:
        heights = [_ONLY_HEIGHT]
    margins = margins_for(views)
    margins = margins._replace(right=max(margins.right, right))
    margins = margins.with_marks() if marked else margins
    figure, axes = make_panels(what, heights, ax, margins)
    used: set[bool] = set()
    for one, view in zip(axes, views, strict=True):
        used |= draw_panel(one, view, shades=shades)
    first = views[0]
    show_time(axes, first.window)
    finish_panels(figure, axes, views, used, margins if ax is None else None)
    if ax is None:
        name = title or label_of(first.channel.name)
        entitle(figure, title_of(name, first.window, first.record))
    return figure, axes


def has_values(view: ChannelView, spans: pd.DataFrame) -> bool:
    """Tell whether anything was measured in the window of a view, outside of spans."""
    if view.channel.datatypes[0].codes:
        return bool(_row_names(view))
    absent = absent_of(spans)
    return any(any_outside(one.stamps, absent) for one in view.lines.values())


def panel_height(view: ChannelView, usual: float = _HEIGHT) -> float:
    """Return the height of a panel in inches; one of codes has a row for each."""
    if not view.channel.datatypes[0].codes:
        return usual
    return max(_LOWEST, _ROW_HEIGHT * len(_row_names(view)))


def margins_for(views: Sequence[ChannelView]) -> Margins:
    """Return the room for the labels beside panels."""
    names = NUMBERS
    for view in views:
        if view.channel.datatypes[0].codes:
            texts = _row_names(view).values()
            names = max(names, text_width(texts, SMALL) + 0.12)
    labels = text_width(_panel_label(view) for view in views)
    right = max((_right_of(view) for view in views), default=_EDGE)
    return Margins(_EDGE + labels + names, right, names)


def _right_of(view: ChannelView) -> float:
    if len(view.channel.columns) > 1:
        return _LINE_NAMES
    return _BAND_NAMES if _is_dense(view) else _EDGE


def _is_dense(view: ChannelView) -> bool:
    """Whether there are waves in a view, and so many that they run together."""
    is_wave = view.channel.kind == "waveform" and len(view.channel.columns) == 1
    return is_wave and view.window.seconds > _LONGEST_S and bool(view.lines)


def finish_panels(
    figure: Figure,
    axes: Sequence[Axes],
    views: Sequence[ChannelView],
    used: set[bool],
    margins: Margins | None,
) -> None:
    """Label panels, explain the first envelope, and the shades of a figure of our own.

    Without margins the figure is the caller's.
    """
    label_panels(axes, [_panel_label(view) for view in views], margins)
    bands = (one for one, view in zip(axes, views, strict=True) if _is_dense(view))
    for first in itertools.islice(bands, 1):
        _name_band(first)
    if margins is not None:
        shade_legend(figure, used)


def _panel_label(view: ChannelView) -> str:
    """Return the name of the channel, with the unit in a line of its own."""
    columns = view.channel.columns
    label = label_of(columns[0] if len(columns) == 1 else view.channel.name)
    if len(label) > 16 and " " in label:
        head, _, tail = label.rpartition(" ")
        label = f"{head}\n{tail}"
    return f"{label}\n({view.unit})" if view.unit else label


def show_time(axes: Sequence[Axes], window: Window, *, dated: bool = True) -> None:
    """Give panels the same time axis, in the zone of the window; labels at the last.

    The date stands below midnight, and below the first tick of a `dated` axis.
    """
    from hexoframe.plotting.artists import (  # noqa: PLC0415  # matplotlib
        WallFormatter,
        WallLocator,
    )

    left, right = days(np.array([window.first, window.last]))
    if left == right:
        # There is no time to show.
        for one in axes:
            one.xaxis.set_visible(False)
        return
    for one in axes:
        one.set_xlim(left, right)
    *upper, lowest = axes
    for one in upper:
        # Drawing the same ticks again and again would take most of the time.
        one.xaxis.set_visible(False)
    lowest.xaxis.set_major_locator(WallLocator(window.tz))
    lowest.xaxis.set_major_formatter(WallFormatter(window.tz, dated=dated))
    lowest.set_xlabel(f"time ({window.tz})", fontsize=FONT)


# --- a panel --------------------------------------------------------------------------


def draw_panel(
    axes: Axes, view: ChannelView, *, shades: Shades | None = None
) -> set[bool]:
    """Draw a channel as its kind asks, and return which shades were used."""
    tidy(axes)
    left, right = days(np.array([view.window.first, view.window.last]))
    if left < right:
        axes.set_xlim(left, right)
    row = view.channel.datatypes[0]
    spans = _spans(view, shades)
    used = draw_shade(axes, spans, view.window)
    drawn: object
    if row.codes or row.align == "or":
        drawn = _draw_codes(axes, view)
    else:
        absent, is_wave = absent_of(spans), row.kind == "waveform"
        drawn = _draw_lines(axes, view, absent)
        limit_panel(axes, drawn, union_of(spans), absent, is_wave=is_wave)
        if row.minimum is not None and row.minimum >= 0:
            _keep_above_zero(axes, view)
        if view.is_whole:
            _hold_whole_numbers(axes)
    if not drawn and row.align == "or" and len(view.frame):
        say(axes, f"{view.channel.name}: no flag is set")
    elif not drawn:
        say_empty(axes, _empty_text(view))
    return used


def _spans(view: ChannelView, shades: Shades | None) -> pd.DataFrame:
    """Return the spans to shade: those of the caller, or what the frame tells."""
    names = view.channel.columns
    key = names[0] if len(names) == 1 else view.channel.name
    # The flags of a quality channel are what is drawn, and do not shade themselves.
    if shades is not None and key in shades and view.channel.datatypes[0].align != "or":
        return shades[key]
    return view.doubts


def _empty_text(view: ChannelView) -> str:
    """Say whether a channel is empty, or only in this window."""
    name = view.channel.name
    if not len(view.whole):
        return f"{name}: no samples"
    if not len(view.frame):
        return f"{name}: no samples in this part of time"
    return f"{name}: no measured value"


# --- lines and dots -------------------------------------------------------------------


def _draw_lines(axes: Axes, view: ChannelView, absent: NDArray[np.int64]) -> list[Any]:
    """Draw each column that has samples, and return what is drawn.

    A column is a line; of events, dots; a waveform whose waves run together has the
    typical range of its samples.
    """
    from hexoframe.plotting.artists import LiveEnvelope  # noqa: PLC0415  # matplotlib

    row = view.channel.datatypes[0]
    dots = row.kind == "event" and not row.interval
    if view.is_whole:
        few_ticks(axes.yaxis, whole=True)
    drawn: list[Any] = []
    for place, (column, samples) in enumerate(view.lines.items()):
        label = label_of(column.removeprefix(f"{view.channel.name}_"))
        line: Any
        if dots:
            (line,) = axes.plot(
                days(samples.stamps), samples.heights, ".", color=INK, markersize=2.5
            )
            line.set_label(label)
        else:
            line = draw_line(axes, samples, label, color=LINES[place % len(LINES)])
            if _is_dense(view):
                LiveEnvelope(line, _LONGEST_S, absent).put_on(axes)
        drawn.append(line)
    axes.autoscale_view(scalex=False)
    if len(drawn) > 1:
        _name_lines(axes, drawn)
    return drawn


def draw_line(
    axes: Axes, samples: LineSamples, label: str, *, color: str = INK
) -> LiveLine:
    """Draw samples as a line that fits the view of its panel."""
    from hexoframe.plotting.artists import LiveLine  # noqa: PLC0415  # matplotlib

    line = LiveLine(
        samples, color=color, linewidth=_LINE_WIDTH, label=label, zorder=2.5
    )
    line.put_on(axes)
    return line


def _name_band(axes: Axes) -> None:
    """Say beside the panel what the two colours of a waveform are."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  # an extra
    from matplotlib.patches import Patch  # noqa: PLC0415  # an extra

    text = f"median of the\nextremes in {BLOCK_S} s"
    line = Line2D([], [], color=TYPICAL, linewidth=1.5, label=text)
    _list_beside(axes, [Patch(color=EXTREMES, label="all samples"), line])


def _name_lines(axes: Axes, lines: Sequence[Any]) -> None:
    """Say beside the panel which line is which."""
    for handle in _list_beside(axes, lines).legend_handles:
        handle.set(linewidth=2.0, marker="")  # type: ignore[union-attr]


def _list_beside(axes: Axes, handles: Sequence[Any]) -> Legend:
    return axes.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.3,
        handlelength=1.0,
        handletextpad=0.4,
        labelspacing=0.2,
    )


def _keep_above_zero(axes: Axes, view: ChannelView) -> None:
    """Leave little room below 0 where values cannot be negative, yet show zeros.

    A caller may draw differences from a mean, which can be negative.
    """
    low, high = axes.get_ylim()
    least = -_ROOM * high
    if low < least and not any((one.heights < 0).any() for one in view.lines.values()):
        axes.set_ylim(least, high)


def _hold_whole_numbers(axes: Axes) -> None:
    """Widen the limits where no two whole numbers lie between them."""
    low, high = axes.get_ylim()
    if math.floor(high) - math.ceil(low) < 1:
        axes.set_ylim(math.floor(low), math.ceil(high))


# --- states and flags: a row for each code, never a number on an axis -----------------


def state_spans(view: ChannelView) -> tuple[Edges, NDArray[np.int64]]:
    """Return from when to when each state holds, in ns and shape (n, 2), and its code.

    A state holds until the next one: the first may have begun before the window, and
    the last holds to its end. Spans with an unknown state are left out.
    """
    window = view.window
    stamps = stamps_of(view.whole)
    values = view.whole[view.channel.columns[0]].to_numpy()
    ends = np.concatenate((stamps[1:], [window.last]))[: len(stamps)]
    edges = np.clip(np.stack((stamps, ends), axis=1), window.first, window.last)
    known = ~np.isnan(values) & (edges[:, 1] > edges[:, 0])
    return edges[known], values[known].astype(np.int64)


def _row_names(view: ChannelView) -> dict[int, str]:
    """Return the codes that occur in a window by value, from the lowest row up.

    A flag is a bit; a value that the table does not know is called by its number.
    """
    row = view.channel.datatypes[0]
    codes = {code.value: code.name for code in codes_of(row.codes)}
    if row.align == "or":
        values = view.frame[row.column].dropna().to_numpy()
        bits = int(np.bitwise_or.reduce(values.astype(np.int64), initial=0))
        # From the top down in the order of the table.
        places = range(bits.bit_length() - 1, -1, -1)
        present = [1 << place for place in places if bits >> place & 1]
    else:
        present = np.unique(state_spans(view)[1]).tolist()
    return {value: label_of(codes.get(value, str(value))) for value in present}


def _draw_codes(axes: Axes, view: ChannelView) -> bool:
    """Draw states or flags as bars, a row for each that occurs; False if none does."""
    names = _row_names(view)
    if view.channel.datatypes[0].align == "or":
        _draw_rows(axes, _flag_spans(view, names))
    else:
        _draw_states(axes, view, list(names))
    axes.set_yticks(range(len(names)), list(names.values()), fontsize=SMALL)
    axes.set_ylim(-0.6, max(len(names), 1) - 0.4)
    axes.tick_params(axis="y", length=0)
    return bool(names)


def _draw_states(axes: Axes, view: ChannelView, present: list[int]) -> None:
    edges, codes = state_spans(view)
    _draw_rows(axes, [edges[codes == code] for code in present])
    # A thin line leads from one state to the next, where they follow each other.
    height = np.searchsorted(present, codes)
    follow = np.flatnonzero(edges[1:, 0] == edges[:-1, 1])
    low = np.minimum(height[follow], height[follow + 1])
    high = np.maximum(height[follow], height[follow + 1])
    axes.vlines(days(edges[follow, 1]), low, high, color=FAINT, linewidth=0.6)


def _flag_spans(view: ChannelView, present: Iterable[int]) -> list[Edges]:
    """Return from when to when each flag was set."""
    channel = view.channel
    values = np.nan_to_num(view.frame[channel.columns[0]].to_numpy())
    bits = values.astype(np.int64)
    # A flag is about the step before its stamp; at an event it has no length.
    step = round((channel.ticks or 0) * NS_PER_TICK[channel.clock])
    stamps = stamps_of(view.frame)
    spans = [list(runs(stamps, (bits & value) != 0, step)) for value in present]
    return [np.array(one) - [step, 0] for one in spans]


def _draw_rows(axes: Axes, rows: Iterable[Edges]) -> None:
    for row, edges in enumerate(rows):
        begin, end = days(edges[:, 0]), days(edges[:, 1])
        axes.broken_barh(
            list(zip(begin, end - begin, strict=True)),
            (row - HALF_HEIGHT, 2 * HALF_HEIGHT),
            facecolor=INK,
            edgecolor=INK,
            linewidth=0.5,
        )


# --- shades: where nothing was measured, and where values are in doubt ----------------


def draw_shade(axes: Axes, spans: pd.DataFrame, window: Window) -> set[bool]:
    """Shade spans (start, end, absent) that reach into a window, over a whole panel.

    Returns which shades were used: True for absent.
    """
    used = set()
    for absent in (False, True):
        edges = union_of(spans[spans["absent"].to_numpy() == absent])
        inside = (edges[:, 1] >= window.first) & (edges[:, 0] <= window.last)
        edges = np.clip(edges[inside], window.first, window.last)
        if not len(edges):
            continue
        used.add(absent)
        begin, end = days(edges[:, 0]), days(edges[:, 1])
        colour, _ = _SHADES[absent]
        axes.broken_barh(
            list(zip(begin, end - begin, strict=True)),
            (0, 1),
            transform=axes.get_xaxis_transform(),
            facecolor=colour,
            # A span narrower than a pixel is still seen.
            edgecolor=colour,
            linewidth=0.5,
            # Lines drawn where nothing was measured lie under a veil.
            alpha=_VEIL if absent else None,
            zorder=2.8 if absent else 0.1,
            label=f"_{'absent' if absent else 'doubtful'}",
        )
    return used


def shade_legend(figure: Figure, used: set[bool]) -> None:
    """Say above the panels what the shades mean that were used, and edge marks."""
    from matplotlib.patches import Patch  # noqa: PLC0415  # an extra

    from hexoframe.plotting.artists import EdgeMarks  # noqa: PLC0415  # matplotlib

    marks = (line for panel in figure.axes for line in panel.lines)
    beyond = (one for one in marks if isinstance(one, EdgeMarks) and one.is_used)
    shades = (_SHADES[absent] for absent in _SHADES if absent in used)
    handles = [Patch(facecolor=colour, label=text) for colour, text in shades]
    explain(figure, [*itertools.islice(beyond, 1), *handles])
