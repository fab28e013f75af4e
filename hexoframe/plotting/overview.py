"""A whole record on one page: a row for each group of channels, on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.quality import bad_spans
from hexoframe.channels import datatypes_of
from hexoframe.errors import harmless
from hexoframe.plotting.figures import (
    DOUBTFUL,
    FAINT,
    INK,
    LINE,
    SMALL,
    WIDTH,
    days,
    entitle,
    label_of,
    make_panels,
    picture,
    say_empty,
)
from hexoframe.plotting.panels import (
    draw_panel,
    finish_panels,
    has_values,
    margins_for,
    panel_height,
    show_time,
)
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import record_window, stamps_of, view_of
from hexoframe.recording.facts import facts_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import ChannelView, Window
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.moments import Length, Moment

__all__ = ["plot_overview", "record_overview"]

# Of these each column has a row: leads hide each other, and belts lie far apart.
_APART = ("ecg", "respiration")
# By day the recorder takes the way the wearer stands and sits for a position in bed.
_PHASE, _POSITION = "sleep_phase", "sleep_position"
# Channels shown if the record has values of them, from top to bottom.
_CHANNELS = (
    "ecg",
    "heart_rate",
    "respiration",
    "breathing_rate",
    "minute_ventilation",
    "spo2",
    "temperature_celsius",
    "acceleration",
    "activity",
    "cadence",
    _PHASE,
    _POSITION,
)
_ROW_HEIGHT, _HEIGHT_EMPTY = 0.75, 1.0
# Height of a lane of activities, and width of a letter, in inches.
_LANE, _LETTER = 0.2, 0.062
_LEGIBLE = 4
_NOTHING, _ROOM_FOR_TEXT = 0.02, 1.1


def plot_overview(
    record: RecordData,
    *,
    channels: Sequence[str | int] | None = None,
    start: Moment | None = None,
    duration: Length | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw a record on one page.

    Rows are shaded where nothing was measured, and where the recorder's flags doubt the
    values. Activities are bars above the rows, and annotations lines through all of
    them. The limits of a row are those of nearly all values that may be believed, and
    marks at its edges tell where others lie beyond.

    Parameters
    ----------
    record : Record
        What is drawn; the channels shown are read.
    channels : sequence of str or int, optional
        Channels, a row each; by default a choice of those that have values then; the
        sleep position only where a sleep phase is known.
    start, duration
        The part of the record, as for `Record.plot`.
    ax : sequence of Axes, optional
        Where to draw: one for activities and annotations, and one for each channel.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        The rows; the first one is that of activities and annotations.

    Raises
    ------
    ConfigurationError, TimestampError, UnknownChannelError
        As for `Record.plot`.
    """
    window = record_window(record, start, duration)
    keys = _usual_keys(record) if channels is None else channels
    rows = [
        _OverviewRow(view_of(record[key], window), bad_spans(record, key))
        for key in keys
    ]
    lacking: list[str] = []
    if channels is None:
        rows, lacking = _with_values(rows)
    views = [row.view for row in rows]
    head = _read_head(record, window)
    margins = margins_for(views)
    if lacking:
        margins = margins._replace(bottom=margins.bottom + LINE)
    heights = [head.inches(alone=not views)]
    heights += [panel_height(view, _ROW_HEIGHT) for view in views]
    figure, axes = make_panels("plot_overview", heights, ax, margins)
    used: set[bool] = set()
    for one, row in zip(axes[1:], rows, strict=True):
        names = (row.view.channel.name, *row.view.channel.columns)
        shades = dict.fromkeys(names, row.spans)
        used |= draw_panel(one, row.view, shades=shades)
    show_time(axes, window)
    if lacking and views:
        _say_below(axes[-1], f"nothing measured: {', '.join(lacking)}")
    _draw_ranges(axes[0], head, window)
    _draw_annotations(axes, head)
    if ax is None:
        family = record.family.partition("_")[0].capitalize()
        entitle(figure, title_of(f"{family} overview", window, record.name))
    if not views:
        axes[0].tick_params(labelsize=SMALL)
        say_empty(axes[0], "the record has none of the channels that are shown here")
    finish_panels(figure, axes[1:], views, used, margins if ax is None else None)
    return picture(figure, axes)


def record_overview(request: PictureRequest) -> FigureAxes:
    """Draw a record on one page."""
    return plot_overview(
        request.record,
        start=request.start,
        duration=request.duration,
        ax=request.ax,
    )


class _OverviewRow(NamedTuple):
    """A channel or column, and its bad spans."""

    view: ChannelView
    spans: pd.DataFrame

    @property
    def name(self) -> str:
        """Name for a reader."""
        columns = self.view.channel.columns
        return label_of(columns[0] if len(columns) == 1 else self.view.channel.name)


def _usual_keys(record: RecordData) -> list[str | int]:
    """Return the channels and columns that are shown if anything was measured."""
    keys: list[str | int] = []
    for name in _CHANNELS:
        if name in record:
            keys += record.channel(name).columns if name in _APART else [name]
    return keys


def _with_values(rows: list[_OverviewRow]) -> tuple[list[_OverviewRow], list[str]]:
    """Return the rows in which anything was measured, and the names of the others.

    The sleep position is neither where no sleep phase is known.
    """
    measured = {row.name: has_values(row.view, row.spans) for row in rows}
    if not measured.get(label_of(_PHASE)):
        measured.pop(label_of(_POSITION), None)
    shown = [row for row in rows if measured.get(row.name)]
    return shown, [name for name, known in measured.items() if not known]


def _say_below(axes: Axes, text: str) -> None:
    """Say something below the name of the time axis."""
    axes.set_xlabel(f"{axes.get_xlabel()}\n{text}")


# --- activities and annotations -------------------------------------------------------


class _Head(NamedTuple):
    """What the uppermost row shows: activities in lanes, and annotations."""

    ranges: pd.DataFrame
    lanes: list[int]
    annotations: pd.DataFrame
    notes: dict[int | None, str]
    is_empty: bool

    @property
    def deep(self) -> float:
        """Height in lanes."""
        return max(self.lanes, default=-1) + 1 + _ROOM_FOR_TEXT

    def inches(self, *, alone: bool) -> float:
        """Return the height in inches; alone, the row has room to say so."""
        if not self.is_empty:
            return _LANE * self.deep
        return _HEIGHT_EMPTY if alone else _NOTHING


def _read_head(record: RecordData, window: Window) -> _Head:
    facts = record.facts
    ranges = _inside(facts.ranges, window)
    lanes = _lanes(ranges)
    marks = facts.annotations
    none = marks is None or marks.empty
    notes = {row.id: row.note for row in datatypes_of(record.family)}
    shown = facts_table("annotations") if marks is None else window.cut(marks)
    return _Head(ranges, lanes, shown, notes, is_empty=none and not lanes)


def _inside(ranges: pd.DataFrame | None, window: Window) -> pd.DataFrame:
    """Return the ranges that reach into the window."""
    if ranges is None:
        return facts_table("ranges")
    start, end = (
        pd.DatetimeIndex(ranges[name]).as_unit("ns").asi8 for name in ("start", "end")
    )
    return ranges[(start < window.last) & (end > window.first)]


def _lanes(ranges: pd.DataFrame) -> list[int]:
    """Return the lane of each range; those of one lane do not overlap."""
    free: list[pd.Timestamp] = []
    lanes = []
    for start, end in zip(ranges["start"], ranges["end"], strict=True):
        lane = next((at for at, until in enumerate(free) if until <= start), len(free))
        free[lane : lane + 1] = [end]
        lanes.append(lane)
    return lanes


def _draw_ranges(axes: Axes, head: _Head, window: Window) -> None:
    """Draw activities as bars with their names, where there is room for them."""
    ranges = head.ranges
    axes.set_ylim(head.deep, 0)
    axes.spines[["left", "right", "top", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([])
    columns = (pd.DatetimeIndex(ranges[name]).asi8 for name in ("start", "end"))
    edges = np.clip(np.stack(tuple(columns), axis=1), window.first, window.last)
    for (start, end), lane, name in zip(edges, head.lanes, ranges["name"], strict=True):
        begin, finish = days(np.array([start, end]))
        axes.broken_barh(
            [(begin, finish - begin)],
            (lane + 0.1, 0.8),
            facecolor=DOUBTFUL,
            edgecolor=FAINT,
            linewidth=0.6,
        )
        text = "" if pd.isna(name) else harmless(str(name))
        wide = WIDTH * (end - start) / max(window.last - window.first, 1)
        letters = int(wide / _LETTER)
        if len(text) > letters:
            text = f"{text[: letters - 1]}…" if letters >= _LEGIBLE else ""
        if text:
            axes.text(
                (begin + finish) / 2,
                lane + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=SMALL,
                color=INK,
                parse_math=False,  # a name may hold a dollar sign
            )


def _draw_annotations(axes: Sequence[Axes], head: _Head) -> None:
    """Draw annotations as lines through all rows, with a text where there is room."""
    table = head.annotations
    told = days(stamps_of(table))
    for one in axes[1:]:
        for at in told:
            one.axvline(at, color=FAINT, linewidth=0.7, linestyle=(0, (4, 2)), zorder=2)
    free = -np.inf
    left, right = axes[0].get_xlim()
    per_inch = (right - left) / WIDTH
    for at, comment, datatype in zip(
        told, table["comment"], table["datatype"], strict=True
    ):
        axes[0].plot([at], [head.deep - 0.1], "v", color=FAINT, markersize=4)
        key = None if pd.isna(datatype) else int(datatype)
        text = head.notes.get(key, "annotation")
        text = text if pd.isna(comment) or not comment else harmless(str(comment))
        if at >= free:
            free = at + (len(text) * _LETTER + 0.2) * per_inch
            axes[0].annotate(
                text,
                (at, head.deep - 0.2),
                xytext=(5, 0),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                va="bottom",
                annotation_clip=False,
                parse_math=False,
            )
