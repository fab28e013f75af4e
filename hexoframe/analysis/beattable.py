"""A row a beat: its interval, whether it is usable, and where it comes from.

Which intervals count is for `beats`, finding beats in the ECG for `detector`, and what
a corrected table changes for `corrections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hexoframe.analysis.beats import RR, RRSeries
from hexoframe.analysis.detector import check_source, find_beats
from hexoframe.analysis.ecgparts import lead_of
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.analysis.quality import doubted_rows
from hexoframe.channels import codes_of
from hexoframe.channels.calibration import implausible
from hexoframe.recording import metadata
from hexoframe.timestamps.times import index_to_ticks, ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hexoframe.analysis.detector import BeatSource
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = [
    "EDITED",
    "PAUSE_S",
    "QUALITY",
    "UNITS",
    "beat_table",
    "flags_of_beats",
]

QUALITY = "rr_interval_quality"
EDITED = "edited_beats"
"""Key of the info under which a record says which beats were edited."""
PAUSE_S = 4
"""After a longer pause a recorder begins anew: a beat there has none before it."""
UNITS = {
    "rr": "s",
    "quality": "bits",
    "usable": "",
    "pair": "",
    "reason": "",
    "source": "",
    "edited": "",
}


def beat_table(
    record: RecordData, source: BeatSource = "device", *, lead: str | int = "ecg_i"
) -> pd.DataFrame:
    """Return the beats of a record, a row a beat, as `hexoframe.Record.beats` says.

    Parameters
    ----------
    record : RecordData
        The record.
    source, lead
        As for `hexoframe.Record.beats`.

    Returns
    -------
    DataFrame
        The beats; units are in ``frame.attrs["hexoframe"]["units"]``.

    Raises
    ------
    ConfigurationError, UnknownChannelError
        As for `hexoframe.Record.beats`.
    """
    check_source(source)
    if source == "waveform":
        return _of_waveform(record, lead)
    beats = beats_of_record(record)
    flags = flags_of_beats(record, beats.ticks)
    reasons = {"no beat before": beats.intervals == 0, **_flagged(record, flags)}
    doubted = doubted_rows(record, RR)
    reasons |= {name: doubted[name] for name in doubted if name != "flagged"}
    if QUALITY in record and len(record[QUALITY]):
        reasons["no flags"] = flags < 0
    known = np.logical_or.reduce(list(reasons.values()))
    reasons["flagged"] = ~beats.counts & ~known
    return _table(record, beats, reasons, flags)


def flags_of_beats(record: RecordData, ticks: Rows) -> Rows:
    """Return the flags of beats; -1 where a beat has none."""
    flags = np.full(len(ticks), -1, np.int64)
    frame = record[QUALITY]
    values = frame.iloc[:, 0].to_numpy()
    known = ~np.isnan(values)
    judged = index_to_ticks(frame.index[known], clock=record.clock)
    if not len(judged):
        return flags
    row = np.minimum(np.searchsorted(judged, ticks), len(judged) - 1)
    there = judged[row] == ticks
    flags[there] = values[known][row[there]].astype(np.int64)
    return flags


def _flagged(record: RecordData, flags: Rows) -> dict[str, Marks]:
    codes = codes_of(record.channel(QUALITY).datatypes[0].codes)
    set_bits = np.maximum(flags, 0)
    known = sum(code.value for code in codes)
    marks = {code.name: (set_bits & code.value) != 0 for code in codes}
    return {**marks, "unknown flag": (set_bits & ~known) != 0}


def _of_waveform(record: RecordData, lead: str | int) -> pd.DataFrame:
    found = find_beats(lead_of(record, lead))
    ticks, judged = found.ticks, found.judged
    intervals = np.diff(ticks, prepend=ticks[:1])
    # A hole between two beats may hide others.
    before = np.concatenate((ticks[:1], ticks[:-1]))
    hidden = (ticks - before) - judged.within(before, ticks)
    is_whole = (hidden == 0) & (intervals <= PAUSE_S * record.clock)
    intervals = np.where(is_whole, intervals, 0)
    row = record.channel(RR).datatypes[0]
    reasons = {
        "no beat before": intervals == 0,
        "implausible": implausible(row, intervals / record.clock) & (intervals > 0),
    }
    counts = ~np.logical_or.reduce(list(reasons.values()))
    beats = RRSeries(
        ticks=ticks, intervals=intervals, counts=counts, clock=record.clock
    )
    flags = np.full(len(ticks), -1, np.int64)
    return _table(record, beats, reasons, flags, source="waveform")


def _table(
    record: RecordData,
    beats: RRSeries,
    reasons: Mapping[str, Marks],
    flags: Rows,
    *,
    source: str = "",
) -> pd.DataFrame:
    intervals = np.where(beats.intervals > 0, beats.intervals / beats.clock, np.nan)
    index = ticks_to_index(beats.ticks, clock=record.clock).tz_convert(record.tz)
    edited, sources = _edits(record, beats.ticks)
    if source:
        edited[:], sources[:] = False, source
    table = pd.DataFrame(
        {
            "rr": intervals,
            "quality": pd.array(np.maximum(flags, 0), dtype="Int64"),
            "usable": beats.counts,
            "pair": beats.pairs,
            "reason": pd.array(_texts(reasons, ~beats.counts), dtype="string"),
            "source": sources,
            "edited": edited,
        },
        index=index,
    )
    table.loc[flags < 0, "quality"] = pd.NA
    table["source"] = table["source"].astype("string")
    table.index.name = "time"
    table.attrs = {metadata.KEY: metadata.result_block(UNITS, record_id=record.id)}
    return table


def _texts(reasons: Mapping[str, Marks], doubtful: Marks) -> NDArray[np.object_]:
    """Return the reasons of each beat in one text."""
    texts = np.full(len(doubtful), "", object)
    for name, marks in reasons.items():
        chosen = marks & doubtful
        texts[chosen] = [f"{text}; {name}" if text else name for text in texts[chosen]]
    return texts


def _edits(record: RecordData, ticks: Rows) -> tuple[Marks, NDArray[np.object_]]:
    """Return which beats were edited, and where each comes from."""
    sources = np.full(len(ticks), "device", object)
    marks = record.facts.info.get(EDITED, {})
    if "all" in marks:
        sources[:] = marks["all"]
        return np.ones(len(ticks), np.bool_), sources
    edited = np.isin(ticks, np.array(marks.get("changed", ()), np.int64))
    for source, added in marks.get("added", {}).items():
        found = np.isin(ticks, np.array(added, np.int64))
        sources[found] = source
        edited |= found
    return edited, sources
