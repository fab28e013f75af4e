"""Coverage of a record: what was expected and what came, per channel and per gap.

The tables of `Record.coverage` and `Record.gaps`. What counts as a gap is decided in
`hexoframe.recording.survey`, where samples are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.quality import implausible_rows
from hexoframe.analysis.wear import find_wear, overlap
from hexoframe.channels import codes_of
from hexoframe.recording.gaps import joined_spans, share
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["list_gaps", "summarise_coverage"]

_COVERAGE = {
    "channel": "string",
    "share": "float64",
    "gaps": "int64",
    "flagged": "float64",
    "implausible": "float64",
    "not_worn": "float64",
    "sensor_off": "float64",
    "longest_gap": "timedelta64[ns]",
    "expected": "Int64",
    "received": "int64",
    "missing": "int64",
    "lost": "Int64",
    "no_signal": "int64",
    "duplicates": "int64",
    "tick_step": "Int64",
    "kind": "string",
    "rate_hz": "float64",
    "unit": "string",
}
_GAPS = {
    "channel": "string",
    "length": "timedelta64[ns]",
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "samples": "Int64",
    "kind": "string",
    "cause": "string",
}


def summarise_coverage(record: RecordData) -> pd.DataFrame:
    """Return what was expected and what came, a row a channel; reads the record.

    Parameters
    ----------
    record : RecordData
        The record.

    Returns
    -------
    DataFrame, indexed by `channel`
        As `hexoframe.Record.coverage` describes it.
    """
    names = {record.channel(name).datatypes[0].quality for name in record}
    shares = {quality: _quality_shares(record, quality) for quality in names}
    units = record.units
    not_worn = _not_worn_share(record)
    rows = []
    for name in record:
        channel = record.channel(name)
        row = {**_coverage_row(record, channel), "unit": units[channel.columns[0]]}
        row |= shares[channel.datatypes[0].quality]
        rows.append(row | {"implausible": _implausible(record, channel)} | not_worn)
    table = pd.DataFrame(rows, columns=list(_COVERAGE)).astype(_COVERAGE)
    return table.set_index("channel")


def _coverage_row(record: RecordData, channel: Channel) -> dict[str, Any]:
    found = record.survey(channel.name)
    # Samples and flags may tell of the same gap: it counts once.
    spans = joined_spans(found.gaps)
    longest = max((end - start for start, end in spans), default=0)
    lost = [gap.samples for gap in found.gaps if gap.cause == "transfer"]
    return {
        "channel": channel.name,
        "kind": channel.kind,
        "rate_hz": channel.rate_hz,
        "expected": found.expected,
        "received": found.received,
        "share": share(found.complete, found.expected),
        "missing": found.missing,
        "duplicates": found.duplicates,
        "tick_step": found.tick_step,
        "gaps": len(spans),
        "longest_gap": pd.Timedelta(longest * NS_PER_TICK[record.clock], unit="ns"),
        # The number of events in a lost span is not known.
        "lost": None if None in lost else sum(filter(None, lost)),
        "no_signal": found.void,
    }


def _quality_shares(record: RecordData, name: str) -> dict[str, float | None]:
    """Share of a quality channel's rows with a sensor off, and with any flag."""
    if not name or name not in record:
        return {"sensor_off": None, "flagged": None}
    row = record.channel(name).datatypes[0]
    off = sum(code.value for code in codes_of(row.codes) if code.sensor_off)
    flags = record[name][row.column].dropna().to_numpy().astype(np.int64)
    if not len(flags):
        return {"sensor_off": None, "flagged": None}
    return {
        "sensor_off": float(np.mean((flags & off) != 0)) if off else None,
        "flagged": float(np.mean(flags != 0)),
    }


def _implausible(record: RecordData, channel: Channel) -> float | None:
    """Return the share of rows with a value outside the limits of the table."""
    limited = [row for row in channel.datatypes if row.plausible]
    frame = record[channel.name] if limited else ()
    if not len(frame):
        return None
    return float(np.mean(implausible_rows(record, channel)))


def _not_worn_share(record: RecordData) -> dict[str, float | None]:
    """Return for which share of its time the record was not worn, as far as known."""
    span = (record.start_tick, record.end_tick)
    length, wear = span[1] - span[0], find_wear(record)
    if overlap(span, wear.unknown) == length:
        return {"not_worn": None}
    return {"not_worn": overlap(span, wear.not_worn) / length}


def list_gaps(record: RecordData, key: str | int | None = None) -> pd.DataFrame:
    """Return every gap of a record, or of one channel, a row a gap.

    Parameters
    ----------
    record : RecordData
        The record; its channels are read.
    key : str or int, optional
        Channel; all of the record by default.

    Returns
    -------
    DataFrame
        As `hexoframe.Record.gaps` describes it.
    """
    names = list(record) if key is None else [record.channel(key).name]
    clock = record.clock
    rows = [
        {
            "channel": name,
            "start": tick_to_time(gap.start, clock=clock),
            "end": tick_to_time(gap.end, clock=clock),
            "length": pd.Timedelta(
                (gap.end - gap.start) * NS_PER_TICK[clock], unit="ns"
            ),
            "samples": gap.samples,
            "kind": gap.kind,
            "cause": gap.cause,
        }
        for name in names
        for gap in record.survey(name).gaps
    ]
    table = pd.DataFrame(rows, columns=list(_GAPS)).astype(_GAPS)
    for column in ("start", "end"):
        table[column] = table[column].dt.tz_convert(record.tz)
    return table
