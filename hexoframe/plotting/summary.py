"""The summary of a record: means with their ranges, an activity or a span each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import (
    FAINT,
    FONT,
    INK,
    LINES,
    SMALL,
    WIDTH,
    Margins,
    entitle,
    explain_marks,
    few_ticks,
    label_of,
    label_panels,
    make_panels,
    picture,
    say_empty,
    text_width,
    tidy,
    unit_of,
)
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import record_window, window_of_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import Window
    from hexoframe.recording.data import RecordData

__all__ = ["plot_summary", "record_summary"]

_HEIGHT = 1.05
_MARGINS = Margins(left=1.75, right=0.25)
# Spans of one length: the shortest of these that gives no more of them.
_LENGTHS = ("5min", "15min", "1h", "6h", "24h")
_MOST = 24
# With more spans there is no room for numbers and shares.
_NUMBERED = 12
_WELL_USABLE = 0.8
_LONGEST_NAME = 16


class _MetricPanel(NamedTuple):
    """What a panel shows: a metric, and the metrics of its range if it has one."""

    metric: str
    low: str = ""
    high: str = ""
    digits: int = 0


_PANELS = (
    _MetricPanel("heart_rate_mean", "heart_rate_min", "heart_rate_max"),
    _MetricPanel("breathing_rate_mean", "breathing_rate_min", "breathing_rate_max"),
    _MetricPanel(
        "minute_ventilation_mean",
        "minute_ventilation_min",
        "minute_ventilation_max",
        digits=1,
    ),
    _MetricPanel("activity_mean", "activity_min", "activity_max", digits=2),
    _MetricPanel("steps"),
    _MetricPanel("rmssd", digits=1),
)


def plot_summary(table: pd.DataFrame, *, ax: Given | None = None) -> FigureAxes:
    """Draw the means of spans beside each other, with their ranges and shares.

    Parameters
    ----------
    table : DataFrame
        ``record.summary(by=...)``, such as by ``"ranges"``.
    ax : Axes or sequence of Axes, optional
        Where to draw: one for each of the metrics of which a span has a value (heart
        rate, breathing rate, ventilation, activity, steps, RMSSD, in this order).

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        A panel a metric: dots are means of usable samples, or sums and RMSSD; lines go
        from the least to the greatest. A dot is open where less than 80 % of the span
        are usable; of up to 12 spans, that share stands below.

    Raises
    ------
    ConfigurationError
        If `table` is no such table, or `ax` are not so many Axes.
    """
    lacks = {"metric", "value", "good_share", "start", "end"} - {*table}
    if lacks:
        raise ConfigurationError(
            f"the table has no column {min(lacks)!r}: give what "
            "record.summary(by='ranges') or by='5min' returns"
        )
    return _draw(table, None, None, ax)


def record_summary(request: PictureRequest) -> FigureAxes:
    """Draw the summary of a record: of its activities, or else of equal spans."""
    window = record_window(request.record, request.start, request.duration)
    table = request.summary(_spans(request.part()))
    return _draw(table, window, request.record.name, request.ax)


def _draw(
    table: pd.DataFrame, window: Window | None, record: object, ax: Given | None
) -> FigureAxes:
    spans = _names(table)
    if not spans:
        raise ConfigurationError(
            "the table has no row: give spans that the record has, as by='5min'"
        )
    held = dict(list(table.groupby("metric", sort=False)))
    panels = [
        panel
        for panel in _PANELS
        if panel.metric in held and held[panel.metric]["value"].notna().any()
    ]
    heights = [_HEIGHT] * max(len(panels), 1)
    figure, axes = make_panels("plot_summary", heights, ax, _MARGINS)
    marks: list[Any] = []
    for one, panel in zip(axes, panels, strict=False):
        tidy(one)
        if not panel.digits:
            few_ticks(one.yaxis, whole=True)
        drawn = _draw_panel(one, panel, held)
        marks = marks or drawn
    if not panels:
        tidy(axes[0])
        say_empty(axes[0], "no span has enough usable samples")
    _name_spans(axes, spans, _when(table))
    labels = [_label(panel, held) for panel in panels] or [""]
    label_panels(axes, labels, _MARGINS if ax is None else None)
    if ax is None:
        source = "record.summary(by='5min')"
        when = window_of_table(table, source) if window is None else window
        entitle(figure, title_of("Summary", when, record))
    if marks and ax is None:
        explain_marks(axes[0], marks)
    return picture(figure, axes)


def _spans(record: RecordData) -> str:
    ranges = record.facts.ranges
    if ranges is not None and len(ranges):
        return "ranges"
    fits = (
        length for length in _LENGTHS if record.duration <= _MOST * pd.Timedelta(length)
    )
    return next(fits, "day")


# -- the spans -------------------------------------------------------------------------


def _names(table: pd.DataFrame) -> list[str]:
    """Return what the spans are called, in lines: a name, a day, or when they begin."""
    spans = table[table["metric"] == table["metric"].iloc[0]] if len(table) else table
    own = [
        name for name in spans.columns[: spans.columns.get_loc("start")] if name != "id"
    ]
    starts = pd.DatetimeIndex(spans["start"]).tz_localize(None)
    # As below the axes of time: the date once, and where another day begins.
    new = np.append(True, np.diff(starts.normalize().asi8) != 0)[: len(starts)]
    times = [
        f"{start:%H:%M}\n{start:%Y-%m-%d}" if dated else f"{start:%H:%M}"
        for start, dated in zip(starts, new, strict=True)
    ]
    if not own:
        return times
    names = [_short(each) for each in spans[own[0]]]
    if own[0] == "day":
        return names
    return [
        f"{name}\n{time}" if name else time
        for name, time in zip(names, times, strict=True)
    ]


def _short(value: Any) -> str:
    text = "" if pd.isna(value) else str(value)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def _when(table: pd.DataFrame) -> str:
    """Say what the times below the panels are."""
    zone = pd.DatetimeIndex(table["start"]).tz
    length = (table["end"] - table["start"]).iloc[0]
    is_named = table.columns[0] != "start"
    minutes = "" if is_named else f", spans of {length / pd.Timedelta('1min'):.3g} min"
    return f"start ({zone}){minutes}"


def _name_spans(axes: Sequence[Axes], spans: Sequence[str], when: str) -> None:
    """Write the names of spans below the lowest panel."""
    *upper, lowest = axes
    for one in upper:
        one.tick_params(axis="x", labelbottom=False)
    for one in axes:
        one.set_xlim(-0.6, len(spans) - 0.4)
    room = (WIDTH - _MARGINS.left - _MARGINS.right) / len(spans)
    if text_width(spans, SMALL) <= 0.95 * room:
        lowest.set_xticks(range(len(spans)), spans, fontsize=SMALL)
    else:
        lines = [name.replace("\n", " ") for name in spans]
        lowest.set_xticks(
            range(len(spans)),
            lines,
            fontsize=SMALL,
            rotation=40,
            ha="right",
            rotation_mode="anchor",
        )
    lowest.set_xlabel(when, fontsize=FONT)


# -- a panel ---------------------------------------------------------------------------


def _label(panel: _MetricPanel, held: dict[Any, pd.DataFrame]) -> str:
    name = label_of(panel.metric.removesuffix("_mean"))
    head, _, tail = name.rpartition(" ")
    unit = unit_of(str(held[panel.metric]["unit"].iloc[0]))
    text = f"{head}\n{tail}" if head and len(name) > len("heart rate") else name
    return text if panel.metric == "steps" else f"{text}\n({unit})"


def _draw_panel(
    axes: Axes, panel: _MetricPanel, held: dict[Any, pd.DataFrame]
) -> list[Any]:
    """Draw a metric of all spans, and return the marks to be explained."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  # an extra

    rows = held[panel.metric]
    values = rows["value"].to_numpy(np.float64)
    shares = rows["good_share"].to_numpy(np.float64)
    places = np.arange(len(values))
    tops = values
    if panel.low:
        lows, tops = (
            held[name]["value"].to_numpy(np.float64) for name in (panel.low, panel.high)
        )
        axes.vlines(places, lows, tops, color=LINES[1], linewidth=2.2, alpha=0.55)
    good = shares >= _WELL_USABLE
    common: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "markersize": 5.5,
        "color": INK,
    }
    axes.plot(places[good], values[good], **common)
    axes.plot(places[~good], values[~good], markerfacecolor="white", **common)
    low = 0.0 if not panel.low else float(np.nanmin(lows))
    high = float(np.nanmax(tops))
    room = 0.18 * (high - low) or 1.0
    numbered = len(values) <= _NUMBERED
    axes.set_ylim(low - room * (1.6 if numbered else 0.5), high + room)
    # No tick stands in the room below 0.
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= high + room])
    if numbered:
        _write_numbers(axes, panel, values, shares)
    least = Line2D([], [], color=LINES[1], linewidth=2.2, alpha=0.55)
    least.set_label(" least to greatest")
    full, empty = Line2D([], [], **common), Line2D([], [], **common)
    full.set_label("mean of usable samples")
    told = " (grey: the share)" if numbered else ""
    empty.set(markerfacecolor="white", label=f"under 80 % usable{told}")
    return [full, empty, least] if panel.low else [full, empty]


def _write_numbers(
    axes: Axes,
    panel: _MetricPanel,
    values: np.ndarray[Any, Any],
    shares: np.ndarray[Any, Any],
) -> None:
    """Write each value beside its dot, and the usable share below."""
    for place, (value, share) in enumerate(zip(values, shares, strict=True)):
        if np.isnan(value):
            axes.text(
                place,
                0.5,
                "too little",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="center",
                fontsize=SMALL,
                color=FAINT,
            )
        else:
            axes.annotate(
                f"{value:,.{panel.digits}f}",
                (place, value),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL,
                color=INK,
            )
        if not np.isnan(share):
            axes.text(
                place,
                0.02,
                f"{share:.0%}",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=SMALL,
                color=FAINT,
            )
