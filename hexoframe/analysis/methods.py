"""The paragraph that a paper says of a recording: versions, channels, rules, shares.

Each figure is from the record or from the tables; nothing is computed here.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.hrv import beats_of_record
from hexoframe.analysis.metrics import indexed_metrics
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.usage import span_samples
from hexoframe.analysis.wear import find_wear, overlap
from hexoframe.recording.facts import inner_fact
from hexoframe.timestamps.moments import length_in_words
from hexoframe.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["describe_methods"]

_MODELS = {"hexoskin": "Hexoskin", "astroskin_256": "Astroskin",
           "astroskin_1000": "Astroskin"}  # fmt: skip
_WORDS = {
    "not_worn": "not worn",
    "initial": "default before the first measurement",
    "flagged": "flagged",
    "clipped": "clipped",
    "implausible": "implausible",
    "handled": "belts displaced",
}
_LAST = (
    "Every value is given with the share of time that it rests on, and none where that "
    "is under 10 % (HRV in windows: 80 %), unless stated otherwise."
)
_RR, _QUALITY = "rr_interval", "rr_interval_quality"


def describe_methods(record: RecordData) -> str:
    """Return a paragraph for the methods of a paper; see `hexoframe.Record.methods`.

    Parameters
    ----------
    record : RecordData
        The record.

    Returns
    -------
    str
        Sentences in one line.
    """
    return " ".join(
        [
            *_source(record),
            *_channels(record),
            *_rules(record),
            *_wear(record),
            *_shares(record),
            *_beats(record),
            _LAST,
        ]
    )


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _name(channel: Channel) -> str:
    return channel.name.replace("_", " ")


def _source(record: RecordData) -> Iterator[str]:
    number = "A recording" if record.name is None else f"Recording {record.name}"
    yield (
        f"{number} ({_MODELS[record.family]}, {record.clock} ticks a second) began "
        f"{record.start.floor('s'):%Y-%m-%d %H:%M:%S} {record.tz} and lasted "
        f"{length_in_words(record.duration)}."
    )
    info = record.facts.info
    algorithms = inner_fact(info, "algo", "algorithms")
    known = algorithms if isinstance(algorithms, dict) else {}
    versions = [f"{str(name).replace('_', ' ')} {one}" for name, one in known.items()]
    if versions:
        yield f"The vendor's algorithms were {_listed(versions)}."
    ways = sorted({str(way) for way in info.get("provenance", {}).values()})
    origin = f" from {_listed(ways)}" if ways else ""
    yield (
        f"It was read{origin} with hexoframe {__version__} (Python "
        f"{platform.python_version()}, pandas {pd.__version__}, numpy "
        f"{np.__version__}); times are exact to the tick, and no sample was "
        "interpolated."
    )
    edited = info.get("edited")
    if edited:
        beats = _edited_beats(info.get("edited_beats", {}))
        yield f"Edited by hand before the analysis: {_listed(edited)}{beats}."


def _edited_beats(marks: dict[str, Any]) -> str:
    """Say which beats a table of corrections has changed."""
    if "all" in marks:
        whose = "the ECG" if marks["all"] == "waveform" else "a table"
        return f"; all beats are those of {whose}"
    counts = {
        "added": sum(map(len, marks.get("added", {}).values())),
        "removed": len(marks.get("removed", ())),
        "changed": len(marks.get("changed", ())),
    }
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f" (beats: {_listed(told)})" if told else ""


def _channels(record: RecordData) -> Iterator[str]:
    rates: dict[str, list[str]] = {}
    for name in record:
        channel = record.channel(name)
        if channel.rate_hz is not None and channel.datatypes[0].align == "mean":
            hertz = channel.rate_hz
            rate = f"at {hertz:g} Hz" if hertz >= 1 else f"every {1 / hertz:g} s"
            rates.setdefault(rate, []).append(_name(channel))
    if rates:
        groups = [f"{_listed(names)} {rate}" for rate, names in rates.items()]
        yield f"Channels: {'; '.join(groups)}."


def _rules(record: RecordData) -> Iterator[str]:
    limits = []
    for channel in _summed_up(record):
        row = channel.datatypes[0]
        if row.plausible:
            low, high = row.plausible[-1]
            zero = " or 0" if len(row.plausible) > 1 else ""
            least = f"{low:g} to" if np.isfinite(low) else "up to"
            limits.append(f"{_name(channel)} {least} {high:g} {row.unit}{zero}")
    plausible = f" ({'; '.join(limits)})" if limits else ""
    yield (
        "A sample counted if it was measured, carried no quality flag of the device, "
        f"was plausible{plausible}, and came from a shirt that was worn."
    )


def _wear(record: RecordData) -> Iterator[str]:
    wear = find_wear(record)
    length = record.end_tick - record.start_tick
    span = (record.start_tick, record.end_tick)
    blind = overlap(span, wear.unknown)
    if length and blind == length:
        yield "Nothing tells whether the shirt was worn, so wear did not count."
        return
    off = overlap(span, wear.not_worn)
    yield (
        "Not worn: both respiratory belts flat (SD below 2 counts around a straight "
        "line in 5 s) for at least 15 s; belts moved by more than 500 counts (SD in 5 "
        "s) mark handling, then and for 45 s. The shirt was not worn for "
        f"{_percent(off, length - blind)} of the time"
        + (f", and unknown for {_percent(blind, length)}." if blind else ".")
    )


def _summed_up(record: RecordData) -> list[Channel]:
    """Return the channels at an even rate that a summary has metrics of."""
    names = dict.fromkeys(one.channel for one in indexed_metrics() if one.channel)
    channels = [record.channel(name) for name in names if name in record]
    return [channel for channel in channels if channel.rate_hz is not None]


def _shares(record: RecordData) -> Iterator[str]:
    spans = spans_of(record)
    told, blind = [], []
    for channel in _summed_up(record):
        samples = span_samples(record, channel.name, spans)
        expected = float(samples.expected[0])
        if not expected:
            continue
        lost = samples.doubted(samples.known & ~samples.usable)
        parts = [
            f"{_WORDS[reason]} {_percent(float(count[0]), expected)}"
            for reason, count in lost.items()
            if count[0]
        ]
        missing = expected - float(samples.count(samples.known)[0])
        if missing > 0:
            parts.append(f"missing {_percent(missing, expected)}")
        why = f" ({', '.join(parts)})" if parts else ""
        share = _percent(1 - float(samples.share[0]), 1)
        told.append(f"{_name(channel)} {share}{why}")
        quality = channel.datatypes[0].quality
        if quality and quality not in record:
            blind.append(_name(channel))
    if told:
        yield f"Left out, as shares of the seconds: {'; '.join(told)}."
    if blind:
        yield f"The source has no quality flags of {_listed(blind)}."


def _beats(record: RecordData) -> Iterator[str]:
    if _RR not in record or _QUALITY not in record or not len(record[_RR]):
        return
    beats = beats_of_record(record)
    span = np.array([record.start_tick, record.end_tick], np.int64)
    before, behind = beats.covered(span).tolist()
    share = _percent(behind - before, record.end_tick - record.start_tick)
    yield (
        f"Of {len(beats):,} RR intervals (resolution {1000 / record.clock:.3g} ms) "
        f"{int(beats.counts.sum()):,} counted, which cover {share} of the time; "
        "differences were taken between true neighbours alone, of which the second "
        f"begins where the first ends, to the tick ({int(beats.pairs.sum()):,} pairs)."
    )


def _percent(part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "less than 0.1 %"
    return f"{share:.1f} %"
