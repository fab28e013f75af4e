"""What is there and what is missing, in one record over time or in many at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import (
    ABSENT,
    FAINT,
    FONT,
    INK,
    LINES,
    SMALL,
    TITLE,
    WIDTH,
    days,
    entitle,
    explain_colours,
    given_axes,
    make_axes,
    picture,
    say_empty,
    text_width,
    write_beside,
)
from hexoframe.plotting.panels import show_time
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import record_window
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import ticks_of
from hexoframe.recording.gaps import (
    Gap,
    expected_samples,
    joined_spans,
    percent,
    percent_up,
    share,
)
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.recording.gaps import Survey

__all__ = ["plot_coverage", "record_coverage"]

_MEANINGS = {
    "samples": "#5f5f5f",
    "no signal or sensor off": ABSENT,
    "lost on the way": LINES[2],
}
# Heights and margins in inches.
_ROW, _CELL = 0.2, 0.3
_TOP, _RIGHT, _EDGE = 0.35 + TITLE, 0.65, 0.15
# Beside bars there is room for "99.9 %, 12.3 % no signal".
_RIGHT_OF_BARS = 1.65
# Gaps in which samples came, and are none of a body.
_SILENT = ("no signal", "sensor off")
# Half the height of a bar in its row.
_BAR = 0.3
# Text is white on the cells of more percent than this.
_DARK = 50
# Events nearer to each other than one in so many parts of their span are drawn as one.
_FINEST = 4000
_WHAT_SHARES_ARE = (
    "Coverage: samples with a signal in % of those expected; of events, 100 if any"
)
# Shares of more records than this are shades without figures.
_MANY = 40


def plot_coverage(
    records: RecordData | Iterable[RecordData] | Mapping[str, RecordData],
    *,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw what is there and what is missing.

    Parameters
    ----------
    records : Record, or iterable or mapping of them
        One record has a bar for each channel over time, with its share of the samples
        that were expected (or the number of events), and the share of its time without
        a signal; the record is read. Many have a row each, and a column for each
        channel, with the share of its samples, and of those with a signal as far as
        that is known: a channel is read only where neither headers nor a manifest say
        how many samples it has.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    fig : Figure
        The figure.
    ax : Axes
        The panel.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, or there is no record.
    """
    if isinstance(records, RecordData):
        return _plot_one(records, ax)
    if isinstance(records, Mapping):
        named = cast("Mapping[str, RecordData]", records)
        return _plot_many(list(named), named.values(), ax)
    every = list(records)
    wrong = [type(one).__name__ for one in every if not isinstance(one, RecordData)]
    if wrong:
        raise ConfigurationError(
            f"plot_coverage needs records, not {wrong[0]}: give a record, or a list of "
            "records"
        )
    names = [one.name or str(place) for place, one in enumerate(every)]
    return _plot_many(names, every, ax)


def record_coverage(request: PictureRequest) -> FigureAxes:
    """Draw the coverage of a whole record."""
    if request.start is not None or request.duration is not None:
        raise ConfigurationError(
            "the coverage is that of a whole record: cut it with between() to see "
            "that of a part"
        )
    return plot_coverage(request.record, ax=request.ax)


def _panel(
    ax: Given | None,
    height: float,
    *,
    left: float,
    bottom: float,
    right: float = _RIGHT,
) -> tuple[Figure, Axes]:
    """Return one panel with room for names; sizes in inches."""
    if ax is not None:
        figure, axes = given_axes("plot_coverage", ax, 1)
    else:
        box = (left, bottom, WIDTH - left - right, height)
        figure, axes = make_axes(WIDTH, height + bottom + _TOP, [box])
    return figure, axes[0]


# --- one record ---------------------------------------------------------------------


class _Bar(NamedTuple):
    """A channel over time, in ticks: its span, its gaps, and its single events."""

    name: str
    there: tuple[int, int] | None
    gaps: tuple[Gap, ...]
    text: str
    events: Sequence[int] = ()


def _bar(record: RecordData, name: str) -> _Bar:
    found = record.survey(name)
    channel = record.channel(name)
    if channel.ticks is not None:
        there = (record.start_tick, record.end_tick) if found.received else None
        return _Bar(name, there, found.gaps, _share_text(record, found))
    stamps = ticks_of(record[name], channel)
    text = f"{found.received:,}"
    if channel.kind == "event" and not channel.datatypes[0].interval:
        return _Bar(name, None, found.gaps, text, _apart(stamps))
    there = (int(stamps[0]), int(stamps[-1])) if len(stamps) else None
    return _Bar(name, there, found.gaps, text)


def _share_text(record: RecordData, found: Survey) -> str:
    """Say how many of the expected samples came, and how long there was no signal."""
    part = share(found.complete, found.expected)
    silent = joined_spans(gap for gap in found.gaps if gap.kind in _SILENT)
    length = sum(end - start for start, end in silent)
    if part is None or not length:
        return "-" if part is None else percent(part)
    absent = sum(
        end - start
        for start, end in joined_spans(gap for gap in found.gaps if gap.kind != "hole")
    )
    whole = record.end_tick - record.start_tick
    told = percent_up(length / whole)
    if absent >= whole or told == "100 %":
        return "no signal"
    return f"{percent(part)}, {told} no signal"


def _apart(stamps: NDArray[np.int64]) -> list[int]:
    """Leave out events that no picture can tell from the one before."""
    if not len(stamps):
        return []
    step = max(int(stamps[-1] - stamps[0]) // _FINEST, 1)
    firsts = np.unique(stamps // step, return_index=True)[1]
    apart: list[int] = stamps[firsts].tolist()
    return apart


def _plot_one(record: RecordData, ax: Given | None) -> FigureAxes:
    bars = [_bar(record, name) for name in record]
    left = text_width(record, SMALL) + _EDGE
    high = _ROW * max(len(bars), 2)
    figure, axes = _panel(ax, high, left=left, bottom=0.68, right=_RIGHT_OF_BARS)
    window = record_window(record, None, None)
    show_time([axes], window)
    drawn = _draw_bars(axes, bars, NS_PER_TICK[record.clock])
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars], fontsize=SMALL)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=SMALL, color=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    write_beside(axes, [bar.text for bar in bars])
    if not bars:
        say_empty(axes, "the record has no channels")
    if ax is None:
        explain_colours(figure, [(_MEANINGS[name], name) for name in drawn])
        entitle(figure, title_of("Coverage", window, record.name))
    return picture(figure, [axes])


def _draw_bars(axes: Axes, bars: list[_Bar], ns: int) -> list[str]:
    """Draw the bars, and return which meanings occur."""
    spans: dict[str, list[tuple[int, int, int]]] = {name: [] for name in _MEANINGS}
    for row, bar in enumerate(bars):
        for start, end in _spans_between(bar.there, bar.gaps):
            spans["samples"].append((row, start, end))
        spans["samples"] += [(row, tick, tick) for tick in bar.events]
        for gap in bar.gaps:
            if gap.cause == "transfer":
                spans["lost on the way"].append((row, gap.start, gap.end))
            elif gap.kind in _SILENT:
                spans["no signal or sensor off"].append((row, gap.start, gap.end))
    for name, some in spans.items():
        _draw_spans(axes, np.array(some).reshape(-1, 3), _MEANINGS[name], ns)
    return [name for name, some in spans.items() if some]


def _spans_between(
    there: tuple[int, int] | None, gaps: Iterable[Gap]
) -> list[tuple[int, int]]:
    """Return what is left of a span without the gaps that have no samples."""
    if there is None:
        return []
    spans, begin = [], there[0]
    for gap in gaps:
        if gap.kind in ("missing", "hole"):
            if gap.start > begin:
                spans.append((begin, gap.start))
            begin = max(begin, gap.end)
    return [*spans, (begin, there[1])] if there[1] > begin else spans


def _draw_spans(axes: Axes, spans: NDArray[Any], colour: str, ns: int) -> None:
    """Draw (row, start, end) as bars."""
    from matplotlib.collections import PolyCollection  # noqa: PLC0415  # an extra

    whole = spans.astype(np.int64)
    row, begin, end = whole[:, 0], days(whole[:, 1] * ns), days(whole[:, 2] * ns)
    low, high = row - _BAR, row + _BAR
    corners = [(begin, low), (end, low), (end, high), (begin, high)]
    shapes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    bars = PolyCollection(
        list(shapes), facecolors=colour, edgecolors=colour, linewidths=0.4
    )
    axes.add_collection(bars, autolim=False)


# --- many records -------------------------------------------------------------------


def _plot_many(
    names: list[str], records: Iterable[RecordData], ax: Given | None
) -> FigureAxes:
    shares: list[dict[str, float]] = []
    known: dict[str, Channel] = {}
    for record in records:
        known |= channels_of(record.family)
        shares.append({name: _share_of(record, name) for name in record})
    if not shares:
        raise ConfigurationError("plot_coverage: there is no record to draw")
    columns = [name for name in known if any(name in share for share in shares)]
    table = np.array([[row.get(name, np.nan) for name in columns] for row in shares])
    table = table.reshape(len(names), len(columns))
    cell = min(_CELL, 12.0 / len(names))
    high = max(1.0, cell * len(names))
    left, below = text_width(names, SMALL) + 0.4, text_width(columns, SMALL) + _EDGE
    figure, axes = _panel(ax, high, left=left, bottom=below)
    _draw_table(axes, table)
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=SMALL)
    every = max(1, len(names) // _MANY)
    axes.set_yticks(range(0, len(names), every), names[::every], fontsize=SMALL)
    axes.tick_params(length=0)
    axes.set_ylabel("record", fontsize=FONT)
    if ax is None:
        entitle(figure, _WHAT_SHARES_ARE)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return picture(figure, [axes])


def _share_of(record: RecordData, name: str) -> float:
    """Return received of expected samples in percent; of events, 100 if any."""
    channel = record.channel(name)
    known = record.kept_survey(name)
    receipt = record.receipt(name)
    is_held = record.is_read(name) or receipt.samples is None
    if known is None and (is_held or receipt.lost):
        known = record.survey(name)
    samples = known.complete - known.void if known else receipt.samples or 0
    if channel.ticks is None:
        return 100.0 if samples else 0.0
    expected = known.expected if known else receipt.expected
    if expected is None:
        expected = expected_samples(channel, record.start_tick, record.end_tick)
    return 100.0 * (share(samples, expected) or 0.0)


def _draw_table(axes: Axes, table: NDArray[np.float64]) -> None:
    """Shade each share, and write it where there is room."""
    shown = np.ma.masked_invalid(table)
    tall, wide = table.shape
    axes.pcolormesh(
        np.arange(wide + 1) - 0.5,
        np.arange(tall + 1) - 0.5,
        shown,
        cmap="Greys",
        vmin=-15,
        vmax=135,
        edgecolors="white",
        linewidth=0.8,
    )
    axes.set_ylim(tall - 0.5, -0.5)
    if len(table) > _MANY:
        return
    for row, column in np.argwhere(~np.isnan(table)):
        share = table[row, column]
        axes.text(
            column,
            row,
            f"{int(share)}",
            ha="center",
            va="center",
            fontsize=SMALL - 1,
            color="white" if share > _DARK else INK,
        )
