"""What is there and what is missing, in one record over time or in many at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.canvas import (
    axes_given,
    picture,
    pyplot,
    say_empty,
    show_time,
    text_width,
)
from hexoframe.plotting.style import ABSENT, FAINT, FONT, INK, LINES, SMALL, WIDTH
from hexoframe.plotting.windows import record_window
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import ticks_of
from hexoframe.recording.gaps import expected_samples, percent, share
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.recording.gaps import Gap

__all__ = ["plot_coverage"]

_MEANINGS = {
    "samples": "#5f5f5f",
    "no signal or sensor off": ABSENT,
    "lost on the way": LINES[2],
}
# Heights and margins in inches.
_ROW, _CELL = 0.2, 0.3
_TOP, _RIGHT, _EDGE = 0.35, 0.65, 0.15
_BAR = 0.3
# A cell of more percent than this is dark.
_DARK = 50
# Events nearer to each other than this part of the record are drawn as one.
_FINEST = 4000
_WHAT_SHARES_ARE = "Samples in % of those expected; of events, 100 where there are any"
# From so many records on, shares are shades without figures.
_MANY = 40


def plot_coverage(
    records: RecordData | Iterable[RecordData] | Mapping[str, RecordData],
    *,
    ax: Given | None = None,
) -> Picture:
    """Draw what is there and what is missing.

    Parameters
    ----------
    records : Record, or iterable or mapping of them
        Of one record, a bar a channel over time, with its share of the samples that
        were expected (and the number of events); the record is read. Of many, a row a
        record and a column a channel; only channels are read of which neither headers
        nor a manifest say how many samples they have.
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
        return _one(records, ax)
    if isinstance(records, Mapping):
        held = cast("Mapping[str, RecordData]", records)
        return _many(list(held), held.values(), ax)
    every = list(records)
    wrong = [type(one).__name__ for one in every if not isinstance(one, RecordData)]
    if wrong:
        raise ConfigurationError(
            f"plot_coverage needs records, not {wrong[0]}: give a record, or a list of "
            "records"
        )
    return _many([str(one.id or place) for place, one in enumerate(every)], every, ax)


def _panel(
    ax: Given | None, height: float, *, left: float, bottom: float
) -> tuple[Figure, Axes]:
    """Return one panel with room for names; sizes in inches."""
    plt = pyplot()
    if ax is not None:
        (axes,) = axes_given("plot_coverage", ax, 1)
        return cast("Figure", axes.figure), axes
    high = height + bottom + _TOP
    figure = plt.figure(figsize=(WIDTH, high))
    wide = WIDTH - left - _RIGHT
    box = (left / WIDTH, bottom / high, wide / WIDTH, height / high)
    return figure, figure.add_axes(box)


# --- one record ---------------------------------------------------------------------


class _Bar(NamedTuple):
    """A channel over time, in ticks: where it is, its gaps, and its single events."""

    name: str
    there: tuple[int, int] | None
    gaps: tuple[Gap, ...]
    text: str
    events: Sequence[int] = ()


def _bar(record: RecordData, name: str) -> _Bar:
    found = record.survey(name)
    channel = record.channel(name)
    if channel.ticks is not None:
        part = share(found.complete, found.expected)
        there = (record.start_tick, record.end_tick) if found.received else None
        return _Bar(name, there, found.gaps, "-" if part is None else percent(part))
    stamps = ticks_of(record[name], channel)
    text = f"{found.received:,}"
    if channel.kind == "event" and not channel.datatypes[0].interval:
        return _Bar(name, None, found.gaps, text, _apart(stamps))
    there = (int(stamps[0]), int(stamps[-1])) if len(stamps) else None
    return _Bar(name, there, found.gaps, text)


def _apart(stamps: NDArray[np.int64]) -> list[int]:
    """Leave out events that no picture can tell from the one before."""
    if not len(stamps):
        return []
    step = max(int(stamps[-1] - stamps[0]) // _FINEST, 1)
    firsts = np.unique(stamps // step, return_index=True)[1]
    apart: list[int] = stamps[firsts].tolist()
    return apart


def _one(record: RecordData, ax: Given | None) -> Picture:
    bars = [_bar(record, name) for name in record]
    left = text_width(record, SMALL) + _EDGE
    figure, axes = _panel(ax, _ROW * max(len(bars), 2), left=left, bottom=0.55)
    show_time([axes], record_window(record, None, None))
    drawn = _draw_bars(axes, bars, NS_PER_TICK[record.clock])
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars], fontsize=SMALL)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=SMALL, color=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for row, bar in enumerate(bars):
        axes.text(
            1.005,
            row,
            bar.text,
            transform=axes.get_yaxis_transform(),
            fontsize=SMALL,
            va="center",
            color=INK,
        )
    if not bars:
        say_empty(axes, "the record has no channels")
    if ax is None and drawn:
        _legend(figure, drawn)
    return picture(figure, [axes])


def _draw_bars(axes: Axes, bars: list[_Bar], ns: int) -> list[str]:
    """Draw the bars, and return which meanings occur."""
    spans: dict[str, list[tuple[int, int, int]]] = {name: [] for name in _MEANINGS}
    for row, bar in enumerate(bars):
        for start, end in _pieces(bar.there, bar.gaps):
            spans["samples"].append((row, start, end))
        spans["samples"] += [(row, tick, tick) for tick in bar.events]
        for gap in bar.gaps:
            if gap.cause == "transfer":
                spans["lost on the way"].append((row, gap.start, gap.end))
            elif gap.kind in ("no signal", "sensor off"):
                spans["no signal or sensor off"].append((row, gap.start, gap.end))
    for name, some in spans.items():
        _draw_spans(axes, np.array(some).reshape(-1, 3), _MEANINGS[name], ns)
    return [name for name, some in spans.items() if some]


def _pieces(
    there: tuple[int, int] | None, gaps: Iterable[Gap]
) -> list[tuple[int, int]]:
    """Return what is left of a span without the gaps in which no samples are."""
    if there is None:
        return []
    pieces, begin = [], there[0]
    for gap in gaps:
        if gap.kind in ("missing", "hole"):
            if gap.start > begin:
                pieces.append((begin, gap.start))
            begin = max(begin, gap.end)
    return [*pieces, (begin, there[1])] if there[1] > begin else pieces


def _draw_spans(axes: Axes, spans: NDArray[Any], colour: str, ns: int) -> None:
    """Draw (row, start, end) as bars."""
    from matplotlib.collections import PolyCollection  # noqa: PLC0415

    from hexoframe.plotting.lines import days  # noqa: PLC0415

    whole = spans.astype(np.int64)
    row, begin, end = whole[:, 0], days(whole[:, 1] * ns), days(whole[:, 2] * ns)
    low, high = row - _BAR, row + _BAR
    corners = [(begin, low), (end, low), (end, high), (begin, high)]
    shapes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    bars = PolyCollection(
        list(shapes), facecolors=colour, edgecolors=colour, linewidths=0.4
    )
    axes.add_collection(bars, autolim=False)


def _legend(figure: Figure, names: list[str]) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415

    figure.legend(
        handles=[Patch(facecolor=_MEANINGS[name], label=name) for name in names],
        loc="upper right",
        ncols=3,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.4,
    )


# --- many records -------------------------------------------------------------------


def _many(names: list[str], records: Iterable[RecordData], ax: Given | None) -> Picture:
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
    axes.set_title(_WHAT_SHARES_ARE, loc="left", fontsize=FONT)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return picture(figure, [axes])


def _share_of(record: RecordData, name: str) -> float:
    """Share of the expected samples in percent; of events, whether there are any."""
    channel = record.channel(name)
    known = record.kept_survey(name)
    receipt = record.receipt(name)
    if known is None and (receipt.samples is None or receipt.lost):
        known = record.survey(name)
    samples = known.complete if known else receipt.samples or 0
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
