"""The repr of a record, as text and as HTML: a headline, then a row a channel.

Headers and receipts tell most of it. Channels at 1 Hz are small and are read for their
range and, in a notebook, a sparkline; waveforms and events are not read.
"""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.wear import find_wear, overlap
from hexoframe.channels import channels_of
from hexoframe.errors import HexoframeError, HexoframeWarning, harmless
from hexoframe.plotting.decimation import LineSamples, gap_rows
from hexoframe.recording.gaps import expected_samples, percent, percent_up, share
from hexoframe.report.sparkline import COLUMNS, STEPS, line_path
from hexoframe.texttable import fit_columns, set_columns
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["as_html", "as_text"]

_MISSING = "-"
_TITLES = ("channel", "rate", "samples", "coverage", "unit", "range", "columns")
_NARROW = ("channel", "rate", "coverage", "unit", "range", "samples", "columns")
_RIGHT = frozenset({"rate", "samples", "coverage"})


class _Row(NamedTuple):
    """The cells of a channel, and its samples if it is at 1 Hz."""

    cells: dict[str, str]
    samples: LineSamples | None
    flags: bool


def as_text(record: RecordData, width: int | None = None) -> str:
    """Return a headline and a table; channels at 1 Hz are read.

    Where `width` characters are too few for the table, what tells most comes first, and
    the last columns are left out.
    """
    lines = _headline(record)
    units = record.units
    rows = [_row(record, name, units).cells for name in record]
    table = set_columns(rows, right=_RIGHT)
    if width is not None:
        lines = [part for line in lines for part in textwrap.wrap(line, width)]
    if width is not None and max(map(len, table), default=0) > width:
        rows = [{title: cells[title] for title in _NARROW} for cells in rows]
        table = fit_columns(rows, width, right=_RIGHT)
    return "\n".join([*lines, "", *table] if rows else lines)


def as_html(record: RecordData) -> str:
    """Return the same facts as an HTML table, with sparklines of channels at 1 Hz.

    Lines have the colour of the text, for light and dark pages alike.
    """
    head, *rest = (html.escape(line) for line in _headline(record))
    units = record.units
    rows = [_row(record, name, units) for name in record]
    span = (record.start_tick, record.end_tick)
    ns = NS_PER_TICK[record.clock]
    edges = np.linspace(0, (span[1] - span[0]) * ns, COLUMNS + 1).astype(np.int64)
    body = "".join(_html_row(row, edges + span[0] * ns) for row in rows)
    titles = [f"<th{_side(name)}>{name}</th>" for name in _TITLES]
    titles.insert(-1, "<th></th>")
    return (
        f"<div><strong>{head}</strong><br>{'<br>'.join(rest)}"
        '<table style="color:inherit">'
        f"<thead><tr>{''.join(titles)}</tr></thead><tbody>{body}</tbody></table></div>"
    )


# --- facts --------------------------------------------------------------------------


def _headline(record: RecordData) -> list[str]:
    number = record.name or "without id"
    length = _plain(str(record.duration.floor("ms"))).removeprefix("0 days ")
    lines = [
        f"Record {number} ({record.family}, values: {record.scale})",
        f"{_wall(record.start)} to {_wall(record.end)} {record.tz}, {length}",
    ]
    facts = record.facts
    known = [
        f"{label} {harmless(str(facts.info[key]))}"
        for key, label in (("user_id", "user"), ("device", "device"))
        if facts.info.get(key) is not None
    ]
    counts = [
        f"{name}: {len(table)}"
        for name in ("ranges", "annotations", "track")
        if (table := getattr(facts, name)) is not None and len(table)
    ]
    if known or counts:
        lines.append(", ".join(known + counts))
    # A repr reads no waveform: wear is told where it was worked out before.
    return lines if record.known_belts() is None else [*lines, _worn(record)]


def _worn(record: RecordData) -> str:
    wear, whole = find_wear(record), (record.start_tick, record.end_tick)
    clock = record.clock
    off, unknown = (
        round(overlap(whole, spans) / clock) for spans in (wear.not_worn, wear.unknown)
    )
    told = [f"not worn for {_clock(off)}"] if off else []
    told += [f"wear unknown for {_clock(unknown)}"] if unknown else []
    return ", ".join(told) or "worn throughout"


def _clock(seconds: int) -> str:
    return _plain(str(pd.Timedelta(seconds=seconds))).removeprefix("0 days ")


def _row(record: RecordData, name: str, units: Mapping[str, str]) -> _Row:
    channel = channels_of(record.family)[name]
    spread, line = _slow(record, channel)
    receipt = record.receipt(name)
    read = record.is_read(name)
    samples = len(record[name]) if read else receipt.samples
    expected = receipt.expected
    if expected is None:
        expected = expected_samples(channel, record.start_tick, record.end_tick)
    part = None if samples is None else share(samples, expected)
    cells = (
        name,
        _rate(channel),
        "not read" if samples is None else f"{samples:,}",
        _MISSING if part is None else percent(part),
        units[channel.columns[0]],
        spread,
        _short(channel),
    )
    flags = channel.datatypes[0].align == "or"
    return _Row(dict(zip(_TITLES, cells, strict=True)), line, flags)


def _slow(record: RecordData, channel: Channel) -> tuple[str, LineSamples | None]:
    """Return the range and the samples of a channel at 1 Hz; nothing for others."""
    if channel.kind != "rate" or channel.rate_hz != 1:
        return "", None
    try:
        frame = record[channel.name]
    except (HexoframeError, HexoframeWarning, OSError):
        # A repr never fails; reading the channel gives the error.
        return "cannot be read", None
    values = frame[channel.columns[0]].to_numpy()
    known = ~np.isnan(values)
    if not known.any():
        return _MISSING, None
    stamps = frame.index.asi8[known]  # type: ignore[attr-defined]
    values = values[known]
    if channel.datatypes[0].align == "or":
        values = (values != 0).astype(np.float64)
        text = _flagged(float(values.mean()))
    else:
        text = _span(_measured(record, channel, stamps, values))
    step = float((channel.ticks or 0) * NS_PER_TICK[channel.clock])
    return text, LineSamples(stamps, values, gap_rows(stamps, 1.5 * step))


def _measured(
    record: RecordData,
    channel: Channel,
    stamps: NDArray[np.int64],
    values: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Return the values of a rate without those that are not measurements."""
    ns, void = NS_PER_TICK[record.clock], channel.datatypes[0].void
    edges: list[int] = []
    for first, last in record.initial_spans(channel.name):
        edges.append(int(np.searchsorted(stamps, first * ns)))
        edges.append(int(np.searchsorted(stamps, last * ns, side="right")))
    parts = np.split(values, edges)[::2]
    kept = np.concatenate(parts) if len(parts) > 1 else values
    return kept if void is None else kept[kept != void]


def _span(values: NDArray[np.floating]) -> str:
    """Format the least and the greatest of some values, if there are any."""
    if not len(values):
        return "none measured"
    ends = [_number(float(end)) for end in (values.min(), values.max())]
    return " to ".join(dict.fromkeys(ends))


def _flagged(part: float) -> str:
    return f"{percent_up(part)} flagged" if part else "none flagged"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _wall(time: pd.Timestamp) -> str:
    """Format date and time of day, with thousandths where there are any."""
    # On the clock on the wall: in the hour that comes twice pandas cannot round.
    return _plain(f"{time.tz_localize(None).floor('ms'):%Y-%m-%d %H:%M:%S.%f}")


def _plain(text: str) -> str:
    """Cut a text of microseconds to thousandths, and to seconds where these are 0."""
    seconds, _, fraction = text.partition(".")
    return seconds if not fraction.strip("0") else f"{seconds}.{fraction[:3]}"


def _short(channel: Channel) -> str:
    """Return the names of several columns, their common part once."""
    if len(channel.columns) == 1:
        return ""
    first, *rest = channel.columns
    return ", ".join([first, *(name.removeprefix(channel.name) for name in rest)])


def _rate(channel: Channel) -> str:
    if channel.rate_hz is None:
        return channel.kind
    if channel.rate_hz >= 1:
        return f"{channel.rate_hz:g} Hz"
    return f"1/{1 / channel.rate_hz:g} Hz"


# --- HTML ---------------------------------------------------------------------------


def _html_row(row: _Row, edges: NDArray[np.int64]) -> str:
    name, *others = row.cells.items()
    cells = [f"<td{_side(title)}>{html.escape(text)}</td>" for title, text in others]
    line = _line(name[1], row, edges)
    cells.insert(-1, f"<td>{line}</td>")
    title = f"<th{_side(name[0])}>{html.escape(name[1])}</th>"
    return f"<tr>{title}{''.join(cells)}</tr>"


def _side(title: str) -> str:
    """Return the style of a cell; notebooks override the style of a whole table."""
    side: Literal["left", "right"] = "right" if title in _RIGHT else "left"
    wrap = "" if title == "columns" else ";white-space:nowrap"
    return f' style="text-align:{side}{wrap}"'


def _line(name: str, row: _Row, edges: NDArray[np.int64]) -> str:
    """Draw values between their limits; for flags, the share that is set."""
    if row.samples is None:
        return ""
    if row.flags:
        return _sparkline(name, _shares(row.samples, edges), edges, (0.0, 1.0))
    low, high = float(row.samples.heights.min()), float(row.samples.heights.max())
    if low == high:  # in the middle
        low, high = low - 1, high + 1
    return _sparkline(name, row.samples, edges, (low, high))


def _shares(samples: LineSamples, edges: NDArray[np.int64]) -> LineSamples:
    """Return the mean of each column of the sparkline that has a sample."""
    rows = np.searchsorted(samples.stamps, edges)
    rows[-1] = len(samples.stamps)
    sums = np.concatenate(([0.0], np.cumsum(samples.heights)))[rows]
    counts = np.diff(rows)
    filled = np.flatnonzero(counts)
    gaps = np.flatnonzero(np.diff(filled) > 1) + 1
    return LineSamples(edges[filled], np.diff(sums)[filled] / counts[filled], gaps)


def _sparkline(
    name: str,
    samples: LineSamples,
    edges: NDArray[np.int64],
    limits: tuple[float, float],
) -> str:
    """Draw samples as a line of whole steps, broken where samples are missing."""
    path = line_path(samples, edges, limits)
    # A notebook shrinks images to the width that the text of the table leaves.
    width, least = 2 * COLUMNS, COLUMNS
    return (
        f'<svg width="{width}" height="18" style="min-width:{least}px" '
        'preserveAspectRatio="none" '
        f'viewBox="0 -1 {COLUMNS} {STEPS + 2}" role="img" aria-label="{name}">'
        f'<path d="{path}" fill="none" stroke="currentColor" '
        'stroke-linecap="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
