"""A whole record on one page: a row a group of channels, on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hexoframe.analysis.quality import bad_spans
from hexoframe.channels import datatypes_of
from hexoframe.plotting.canvas import (
    label_rows,
    make_panels,
    picture,
    say_empty,
    show_time,
)
from hexoframe.plotting.shading import shade_legend
from hexoframe.plotting.stack import draw_panel, margins_for, panel_height, panel_label
from hexoframe.plotting.style import DOUBTFUL, FAINT, FONT, INK, SMALL, WIDTH
from hexoframe.plotting.windows import record_window, stamps_of, subject_of
from hexoframe.recording.facts import facts_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start, Subject, Window
    from hexoframe.recording.data import RecordData

__all__ = ["plot_overview"]

# Of these each column has a row: leads hide each other, and belts lie far apart.
_APART = ("ecg", "respiration")
# What a page shows of a record that has it, from top to bottom.
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
    "sleep_phase",
    "sleep_position",
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
    start: Start | None = None,
    duration: Length | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw a record on one page.

    Where nothing was measured, and where the recorder's flags doubt what was, the rows
    are shaded; activities stand above them as bars, and annotations as lines through
    all rows. Waveforms are cut at the limits of nearly all samples, so that a loose
    electrode does not flatten the rest.

    Parameters
    ----------
    record : Record
        What is drawn; the channels shown are read.
    channels : sequence of str or int, optional
        Channels, a row each; by default those of the record that a page is for.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the start of the record,
        such as ``"90s"``.
    duration : str or timedelta, optional
        How long; to the end of the record by default.
    ax : sequence of Axes, optional
        Where to draw: one for activities and annotations, and one a channel.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        The rows; the first one is that of activities and annotations.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, or a length of time is none.
    TimestampError
        If a time has no zone.
    UnknownChannelError
        If the model has no such channel.
    """
    keys = _page(record) if channels is None else list(channels)
    window = record_window(record, start, duration)
    subjects = [subject_of(record[key]) for key in keys]
    lanes = _lanes(_inside(record.facts.ranges, window))
    heights = [_row_height(subject, window) for subject in subjects]
    deep = max(lanes, default=-1) + 1 + _ROOM_FOR_TEXT
    head = _LANE * deep
    marks = record.facts.annotations
    if not lanes and (marks is None or marks.empty):
        head = _NOTHING if subjects else _HEIGHT_EMPTY
    margins = margins_for(subjects, window)
    figure, axes = make_panels("plot_overview", [head, *heights], ax, margins)
    used: set[bool] = set()
    for one, key, subject in zip(axes[1:], keys, subjects, strict=True):
        spans = bad_spans(record, key)
        names = (subject.channel.name, *subject.channel.columns)
        shades = dict.fromkeys(names, spans)
        used |= draw_panel(one, subject, window, shades=shades)
    show_time(axes, window)
    axes[0].set_ylim(deep, 0)
    _draw_ranges(axes[0], _inside(record.facts.ranges, window), window, lanes)
    _draw_annotations(axes, record, window, deep)
    labels = [panel_label(subject) for subject in subjects]
    label_rows(axes[1:], labels, margins if ax is None else None)
    number = "" if record.id is None else f" {record.id}"
    axes[0].set_title(f"Record{number}, {record.family}", loc="left", fontsize=FONT)
    if not subjects:
        axes[0].tick_params(labelsize=SMALL)
        say_empty(axes[0], "the record has none of the channels that are shown here")
    if ax is None:
        shade_legend(figure, used)
    return picture(figure, axes)


def _page(record: RecordData) -> list[str | int]:
    """Return the channels and columns of a page that the record has."""
    keys: list[str | int] = []
    for name in _CHANNELS:
        if name in record:
            columns = record.channel(name).columns
            keys += columns if name in _APART else [name]
    return keys


def _row_height(subject: Subject, window: Window) -> float:
    height = panel_height(subject, window)
    return height if subject.channel.datatypes[0].codes else _ROW_HEIGHT


def _inside(ranges: pd.DataFrame | None, window: Window) -> pd.DataFrame:
    """Ranges that reach into the window."""
    if ranges is None:
        return facts_table("ranges")
    start, end = (
        pd.DatetimeIndex(ranges[name]).as_unit("ns").asi8 for name in ("start", "end")
    )
    return ranges[(start < window.last) & (end > window.first)]


def _lanes(ranges: pd.DataFrame) -> list[int]:
    """Lane of each range, so that those of one lane do not overlap."""
    free: list[pd.Timestamp] = []
    lanes = []
    for start, end in zip(ranges["start"], ranges["end"], strict=True):
        lane = next((at for at, until in enumerate(free) if until <= start), len(free))
        free[lane : lane + 1] = [end]
        lanes.append(lane)
    return lanes


def _draw_ranges(
    axes: Axes, ranges: pd.DataFrame, window: Window, lanes: list[int]
) -> None:
    """Draw activities as bars with their names, where there is room for them."""
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    axes.spines[["left", "right", "top", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([])
    columns = (pd.DatetimeIndex(ranges[name]).asi8 for name in ("start", "end"))
    edges = np.clip(np.stack(tuple(columns), axis=1), window.first, window.last)
    for (start, end), lane, name in zip(edges, lanes, ranges["name"], strict=True):
        begin, finish = days(np.array([start, end]))
        axes.broken_barh(
            [(begin, finish - begin)],
            (lane + 0.1, 0.8),
            facecolor=DOUBTFUL,
            edgecolor=FAINT,
            linewidth=0.6,
        )
        text = "" if pd.isna(name) else str(name)
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
            )


def _draw_annotations(
    axes: Sequence[Axes], record: RecordData, window: Window, height: float
) -> None:
    """Draw annotations as lines through all rows, with a text where there is room."""
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    table = record.facts.annotations
    if table is None or table.empty:
        return
    notes = {row.id: row.note for row in datatypes_of(record.family)}
    table = window.cut(table)
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
        axes[0].plot([at], [height - 0.1], "v", color=FAINT, markersize=4)
        text = notes.get(None if pd.isna(datatype) else int(datatype), "annotation")
        text = text if pd.isna(comment) or not comment else str(comment)
        if at >= free:
            free = at + (len(text) * _LETTER + 0.2) * per_inch
            axes[0].annotate(
                text,
                (at, height - 0.2),
                xytext=(5, 0),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                va="bottom",
                annotation_clip=False,
            )
