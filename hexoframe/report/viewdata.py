"""What the view of a record shows: its panels, shades, marks, activities and zone.

Everything is in ticks behind the start of what is shown, and JSON values but for the
samples, which `encoding` packs. No page is written here.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.marks import runs
from hexoframe.analysis.quality import bad_spans
from hexoframe.analysis.wear import find_wear
from hexoframe.channels import channels_of, check_list, codes_of, datatypes_of
from hexoframe.channels.calibration import unmeasured
from hexoframe.errors import ConfigurationError, harmless
from hexoframe.plotting.decimation import outside
from hexoframe.plotting.figures import label_of, per_unit, unit_of
from hexoframe.plotting.panels import state_spans
from hexoframe.plotting.spans import absent_of
from hexoframe.plotting.windows import record_window, stamps_of, view_of
from hexoframe.recording.facts import facts_table
from hexoframe.recording.frames import ticks_of
from hexoframe.report.encoding import as_column, as_runs, as_times, envelope
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData
    from hexoframe.report.encoding import Store

    Ticks = NDArray[np.int64]

__all__ = [
    "Panel",
    "Source",
    "chosen_sources",
    "fill_panel",
    "guess_size",
    "panel_of",
    "record_facts",
    "samples_between",
]

# Shown at once, from top to bottom; what else the page holds is a click away.
_SHOWN = (
    "ecg_i",
    "heart_rate",
    "respiration_thoracic",
    "respiration_abdominal",
    "breathing_rate",
    "minute_ventilation",
    "spo2",
    "activity",
    "sleep_phase",
)
# Shown with the phases of a night: by day it says nothing.
_OF_NIGHTS = ("sleep_phase", "sleep_position")
# Held by the page too, where the record has them.
_HELD = ("rr_interval",)
# Of these each column has a panel: leads hide each other, and belts lie far apart.
_APART = ("ecg", "respiration")
# Events that are marked in the panels of a channel.
_BEATS, _BREATHS = "ecg", "respiration"
_INHALING = "inspiration"
# Limits of a panel: those of nearly all values that may be believed, and some room. Of
# a waveform those of nearly all seconds: a beat is high for a few samples only.
_BELIEVED = (0.005, 0.995)
_SECONDS_BELIEVED = (0.01, 0.99)
_ROOM = 0.15
# The size of a channel is guessed from so many parts of it of so many rows.
_PARTS, _PART_ROWS = 8, 1 << 15
# Offsets of a zone are looked at so often; no zone changes between.
_OFFSET_STEP_S = 900


class Source(NamedTuple):
    """A channel, or one column of it, that the view has a panel for."""

    key: str
    channel: Channel
    shown: bool


@dataclass(kw_only=True)
class Panel:
    """A panel as the page reads it, and its packed samples by their ids there."""

    source: Source
    content: dict[str, Any]
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count the bytes of what is told of the samples."""
        self.told = len(json.dumps(self.content))

    @property
    def size(self) -> int:
        """Bytes of the panel in the page."""
        return self.told + sum(map(len, self.texts.values()))

    @property
    def every(self) -> int:
        """Ticks of which it holds the lowest and the highest sample; 0 for each."""
        return int(self.content["every"])

    @property
    def spacing(self) -> float:
        """Ticks between what it holds; 0 for events and states."""
        return self.every or float(self.content["step"])

    def store(self, data: bytes) -> str:
        """Keep packed samples, and return under which name."""
        name = f"{self.source.key}-{len(self.texts)}"
        self.texts[name] = _as_text(data)
        return f"#{name}"


# -- which channels --------------------------------------------------------------------


def chosen_sources(
    record: RecordData, keys: Sequence[str | int] | None
) -> list[Source]:
    """Return the channels that the page holds, in the order of their panels.

    By default the first lead, the belts, what is at 1 Hz, the intervals and the states;
    those that are empty are left out. What was asked for is shown, even if it is empty.
    """
    check_list(keys)
    if keys is not None:
        asked = [
            Source(each.columns[0] if len(each.columns) == 1 else each.name, each, True)
            for key in keys
            for each in _columns(record.channel(key))
        ]
        sources = list({one.key: one for one in asked}.values())
        absent = [one.key for one in sources if one.channel.name not in record]
        if len(absent) == len(sources):
            raise ConfigurationError(
                f"the record has none of the channels {', '.join(absent)}: it has "
                f"{', '.join(record) or 'none at all'}"
            )
        return sources
    known = channels_of(record.family)
    shown = [name for name in _SHOWN if name in record and len(record[name])]
    if _OF_NIGHTS[0] in shown:
        shown += _OF_NIGHTS[1:]
    more = [name for name in record if name in _HELD or _is_held(known[name])]
    sources = [
        Source(name, record.channel(name), name in shown)
        for name in dict.fromkeys([*shown, *more])
        if name in record and len(record[name])
    ]
    if not sources:
        raise ConfigurationError(
            "there is nothing to show: the record has no sample of the channels that "
            f"a view shows; it has {', '.join(record) or 'no channel'}"
        )
    if shown:
        return sources
    return [source._replace(shown=True) for source in sources]


def _columns(channel: Channel) -> list[Channel]:
    if channel.name not in _APART:
        return [channel]
    return [channel.only(row) for row in channel.datatypes]


def _is_held(channel: Channel) -> bool:
    """Whether a page holds a channel by default: what is at 1 Hz, and states."""
    row = channel.datatypes[0]
    if row.kind == "state":
        return True
    return row.kind == "rate" and row.align != "or" and channel.ticks == channel.clock


# -- a panel ---------------------------------------------------------------------------


def panel_of(
    record: RecordData, source: Source, beats: Callable[[], pd.DataFrame]
) -> Panel:
    """Return the panel of a channel, without its samples.

    `beats` returns the beats of the record, which are marked over an ECG.
    """
    spans = _doubts(record, source)
    channel, row = source.channel, source.channel.datatypes[0]
    unit = row.unit if record.scale == "physical" else "count"
    content = {
        "key": source.key,
        "label": label_of(source.key),
        "unit": unit_of(unit),
        "factor": 1 / per_unit(unit),
        "shown": source.shown,
        "tall": row.kind == "waveform",
        "step": float(channel.ticks or 0),
        "every": 0,
        "spans": _spans(record, spans),
    }
    if row.codes:
        return Panel(
            source=source,
            content={**content, "style": "rows", "rows": _rows(record, channel)},
        )
    content["style"] = "dots" if row.kind == "event" else "line"
    content["limits"] = _limits(record, channel, spans)
    content["marks"] = _marks(record, channel, beats)
    return Panel(source=source, content=content)


def fill_panel(record: RecordData, panel: Panel, every: int = 0) -> None:
    """Give a panel its samples: all, or lowest and highest of each `every` ticks.

    Then each column becomes two: the lowest and the highest.
    """
    if panel.content["style"] == "rows":
        return
    panel.texts.clear()
    channel = panel.source.channel
    panel.content |= _samples(record, channel, panel.store, every=every)
    panel.content["every"] = every


def guess_size(record: RecordData, panel: Panel, every: int = 0) -> float:
    """Return about how many bytes `fill_panel` will add to the page.

    From a few parts of the channel: packing a week to find that it is too large would
    take minutes.
    """
    channel = panel.source.channel
    if panel.content["style"] == "rows":
        return 0.0
    frame = record[channel.name]
    rows = min(_PART_ROWS, len(frame))
    parts = _PARTS if len(frame) > rows else 1
    starts = np.arange(0, rows, max(round(every / (channel.ticks or 1)), 1))
    size = 0
    for first in np.linspace(0, len(frame) - rows, parts).astype(int).tolist():
        for row in channel.datatypes:
            values = frame[row.column].to_numpy()[first : first + rows]
            column = as_column(values, row, scale=record.scale)
            kept = column.envelope(starts) if every and rows else (column,)
            size += sum(len(one.packed(_as_text)["data"]) for one in kept)
    return size * len(frame) / max(parts * rows, 1)


def samples_between(
    record: RecordData, source: Source, first: int, last: int
) -> dict[str, Any]:
    """Return the samples of a panel from one tick up to another, both behind the start.

    In the form of a panel, with the packed samples in it.
    """
    origin = record.start_tick
    part = record.cut(max(origin + first, origin), min(origin + last, record.end_tick))
    return _samples(part, source.channel, _as_text, origin=origin)


def _as_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _samples(
    record: RecordData,
    channel: Channel,
    store: Store,
    *,
    every: int = 0,
    origin: int | None = None,
) -> dict[str, Any]:
    """Return times and columns of a channel; ticks are behind `origin`."""
    begin = record.start_tick if origin is None else origin
    frame = record[channel.name]
    ticks = ticks_of(frame, channel) - begin
    rows = []
    for row in channel.datatypes:
        values = frame[row.column].to_numpy()
        if every:
            # "No signal" is no lowest value.
            nothing = unmeasured(values, row, scale=record.scale)
            values = np.where(nothing, values.dtype.type(np.nan), values)
        rows.append((row, as_column(values, row, scale=record.scale)))
    if every and len(ticks):
        blocks = ticks // every
        starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
        times = as_runs(blocks[starts] * every, every)
        pairs = [(row, part) for row, one in rows for part in one.envelope(starts)]
    else:
        times, pairs = as_times(ticks, channel, store), rows
    return {
        # Samples may lie before the start of their record, and behind its end.
        "extent": [int(ticks[0]), int(ticks[-1])] if len(ticks) else None,
        "times": times,
        "columns": [
            {
                "name": row.column,
                "label": label_of(row.column.removeprefix(f"{channel.name}_")),
                **one.packed(store),
                **_nothing(row, record, counted=one.counts is not None),
            }
            for row, one in pairs
        ],
    }


def _nothing(row: Datatype, record: RecordData, *, counted: bool) -> dict[str, Any]:
    """Return what values of a column are no measurement, in the numbers it is kept in.

    Such a value is a hole in the line; the cursor still reads it.
    """
    raw = counted or record.scale == "raw"
    per_count = 1.0 if raw else row.gain
    if row.interval:
        low, high = row.minimum, row.maximum
        return {
            "above": None if low is None else round(low / row.gain) * per_count,
            "upto": None if high is None else round(high / row.gain) * per_count,
        }
    if row.void is None:
        return {}
    count = round((row.void - row.offset) / row.gain)
    return {"void": count if raw else row.void}


def _limits(
    record: RecordData, channel: Channel, spans: pd.DataFrame
) -> list[float] | None:
    """Return the limits of nearly all values that may be believed; None without any."""
    frame = record[channel.name]
    columns = [frame[row.column].to_numpy() for row in channel.datatypes]
    stamps = stamps_of(frame)
    quantiles = _BELIEVED
    if channel.kind == "waveform" and len(frame):
        starts = np.arange(0, len(frame), max(round(channel.rate_hz or 1), 1))
        columns = [end for values in columns for end in envelope(values, starts)]
        stamps, quantiles = stamps[starts], _SECONDS_BELIEVED
    # Where nothing may be believed, what was measured decides, or what there is.
    for left_out in (spans.assign(absent=True), spans, spans.iloc[:0]):
        kept = outside(stamps, absent_of(left_out))
        values = np.concatenate([one[kept] for one in columns])
        values = values[np.isfinite(values)]
        if len(values):
            break
    else:
        return None
    low, high = np.quantile(values, quantiles)
    room = _ROOM * (high - low) or 1.0
    return [float(low - room), float(high + room)]


# -- states and flags ------------------------------------------------------------------


def _rows(record: RecordData, channel: Channel) -> list[dict[str, Any]]:
    """Return a row for each state or flag that occurs: from when to when it holds."""
    row = channel.datatypes[0]
    names = {code.value: code.name for code in codes_of(row.codes)}
    ns, origin = NS_PER_TICK[record.clock], record.start_tick
    frame = record[channel.name]
    held: dict[int, NDArray[np.int64]] = {}
    if row.align == "or":
        stamps, step = stamps_of(frame), round((channel.ticks or 0) * ns)
        bits = np.nan_to_num(frame[row.column].to_numpy()).astype(np.int64)
        for place in range(int(bits.max(initial=0)).bit_length()):
            value = 1 << place
            spans = list(runs(stamps, (bits & value) != 0, step))
            if spans:
                held[value] = np.array(spans) - [step, 0]
    else:
        edges, codes = state_spans(view_of(frame, record_window(record, None, None)))
        held = {int(code): edges[codes == code] for code in np.unique(codes)}
    return [
        {
            "name": label_of(names.get(value, str(value))),
            "start": (edges[:, 0] // ns - origin).tolist(),
            "end": (edges[:, 1] // ns - origin).tolist(),
        }
        for value, edges in held.items()
    ]


# -- shades and marks ------------------------------------------------------------------


def _doubts(record: RecordData, source: Source) -> pd.DataFrame:
    """Return the spans of a channel in doubt; none where the record lacks it."""
    # The flags of a quality channel are what is drawn, and do not shade themselves.
    if source.channel.name in record and source.channel.datatypes[0].align != "or":
        return bad_spans(record, source.key)
    return bad_spans(record, source.key).iloc[:0]


def _spans(record: RecordData, spans: pd.DataFrame) -> dict[str, Any]:
    """Return spans of `bad_spans` in ticks, with their reasons."""
    ns, origin = NS_PER_TICK[record.clock], record.start_tick
    reasons = list(dict.fromkeys(spans["reason"].tolist()))
    place = {reason: at for at, reason in enumerate(reasons)}
    start, end = (
        pd.DatetimeIndex(spans[name]).as_unit("ns").asi8 for name in ("start", "end")
    )
    return {
        "start": (start // ns - origin).tolist(),
        "end": (-(-end // ns) - origin).tolist(),
        "why": [place[reason] for reason in spans["reason"]],
        "absent": spans["absent"].astype(int).tolist(),
        "reasons": [reason.replace("_", " ") for reason in reasons],
    }


def _marks(
    record: RecordData, channel: Channel, beats: Callable[[], pd.DataFrame]
) -> dict[str, Any] | None:
    """Return the beats over an ECG, or the breaths over a belt; None for the rest.

    Ticks are differences, which are short numbers.
    """
    origin = record.start_tick
    if channel.name == _BEATS and "rr_interval" in record:
        table = beats()
        ticks = stamps_of(table) // NS_PER_TICK[record.clock] - origin
        bad = np.flatnonzero(~table["usable"].to_numpy())
        reasons = [
            str(one).replace("_", " ") for one in table["reason"].to_numpy()[bad]
        ]
        known = {reason: at for at, reason in enumerate(dict.fromkeys(reasons))}
        return {
            "label": "beat",
            "steps": np.diff(ticks, prepend=0).tolist(),
            "bad": bad.tolist(),
            "why": [known[reason] for reason in reasons],
            "reasons": list(known),
        }
    if channel.name == _BREATHS and _INHALING in record:
        ticks = ticks_of(record[_INHALING], record.channel(_INHALING)) - origin
        steps = np.diff(ticks, prepend=0).tolist()
        return {
            "label": "start of inhaling",
            "steps": steps,
            "bad": [],
            "why": [],
            "reasons": [],
        }
    return None


# -- the record ------------------------------------------------------------------------


def record_facts(record: RecordData) -> dict[str, Any]:
    """Return what the page says of the record; who wore it is not in it."""
    wear = find_wear(record)
    number = "" if record.name is None else f" {record.name}"
    return {
        "title": f"Record{number}",
        "family": record.family,
        "clock": record.clock,
        "origin": record.start_tick,
        "length": record.end_tick - record.start_tick,
        "tz": record.tz,
        "offsets": _offsets(record),
        "ranges": _ranges(record),
        "annotations": _annotations(record),
        "wear": {
            "not worn": _relative(wear.not_worn, record),
            "unknown": _relative(wear.unknown, record),
        },
    }


def _relative(spans: Iterable[tuple[int, int]], record: RecordData) -> list[list[int]]:
    origin = record.start_tick
    return [[first - origin, last - origin] for first, last in spans]


def _offsets(record: RecordData) -> list[list[int]]:
    """Return the offsets of the zone from UTC in s, each with the tick it begins at."""
    clock = record.clock
    first = record.start_tick // clock // _OFFSET_STEP_S * _OFFSET_STEP_S
    last = record.end_tick // clock + _OFFSET_STEP_S
    seconds = np.arange(first, last + 1, _OFFSET_STEP_S)
    utc = pd.to_datetime(seconds, unit="s", utc=True)
    local = utc.tz_convert(record.tz).tz_localize(None)
    found = ((local - utc.tz_localize(None)) // pd.Timedelta(1, "s")).to_numpy()
    new = np.concatenate(([0], np.flatnonzero(np.diff(found)) + 1))
    return [
        [int(seconds[at]) * clock - record.start_tick, int(found[at])] for at in new
    ]


def _ranges(record: RecordData) -> list[dict[str, Any]]:
    table = record.facts.ranges
    if table is None:
        return []
    ns = NS_PER_TICK[record.clock]
    known = table.dropna(subset=["start", "end"])
    start, end = (
        pd.DatetimeIndex(known[name]).as_unit("ns").asi8 // ns - record.start_tick
        for name in ("start", "end")
    )
    names = ["" if pd.isna(name) else harmless(str(name)) for name in known["name"]]
    return [
        {"name": name, "start": int(first), "end": int(last)}
        for name, first, last in zip(names, start, end, strict=True)
    ]


def _annotations(record: RecordData) -> list[dict[str, Any]]:
    table = record.facts.annotations
    shown = facts_table("annotations") if table is None else table
    notes = {row.id: row.note for row in datatypes_of(record.family)}
    ticks = stamps_of(shown) // NS_PER_TICK[record.clock] - record.start_tick
    found = []
    columns = zip(ticks, shown["comment"], shown["datatype"], strict=True)
    for tick, comment, datatype in columns:
        said = "" if pd.isna(comment) else harmless(str(comment))
        kind = "" if pd.isna(datatype) else notes.get(int(datatype), "")
        found.append({"tick": int(tick), "text": said or kind or "annotation"})
    return found
