"""Beats of the device beside those that are found in the ECG."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.detector import find_beats
from hexoframe.analysis.ecgparts import lead_of
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.analysis.matching import match_ticks
from hexoframe.analysis.spans import spans_of
from hexoframe.recording import metadata
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.detector import Found
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import By, Spans
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Numbers = NDArray[np.float64]

__all__ = ["compare_beats"]

_TOLERANCE_MS = 50
# Less than this of a span is no reason worth a note.
_NOTED = 0.01
_UNITS = {"offset_ms": "ms", "jitter_ms": "ms"}


class _Compared(NamedTuple):
    """Beats of the device and of the ECG, and which of them are the same."""

    device: Rows
    good: Marks
    judged: Marks  # of the device's beats
    partner: Rows  # row of the same beat in the ECG, -1 without
    waveform: Rows
    found: Found


def compare_beats(
    record: RecordData,
    by: By = "5min",
    *,
    lead: str | int = "ecg_i",
    origin: Origin = "start",
) -> pd.DataFrame:
    """Compare the beats of the device with the ECG, as `hexoframe.Record.check_beats`.

    Parameters
    ----------
    record : RecordData
        The record.
    by, lead, origin
        As for `hexoframe.Record.check_beats`.

    Returns
    -------
    DataFrame
        A row a span, or a row a beat.

    Raises
    ------
    ConfigurationError, TimestampError, UnknownChannelError
        As for `hexoframe.Record.check_beats`.
    """
    each = isinstance(by, str) and by == "beat"
    spans = None if each else spans_of(record, by, origin=origin)
    beats = beats_of_record(record)
    found = find_beats(lead_of(record, lead))
    compared = _Compared(
        device=beats.ticks,
        good=beats.counts,
        judged=found.judged.cover(beats.ticks),
        partner=match_ticks(
            beats.ticks, found.ticks, _TOLERANCE_MS * record.clock // 1000
        ),
        waveform=found.ticks,
        found=found,
    )
    if spans is None:
        table = _of_beats(record, compared)
    else:
        table = spans.labelled(_of_spans(record, compared, spans))
    units = {str(name): _UNITS.get(str(name), "") for name in table}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


def _offsets(record: RecordData, compared: _Compared) -> Numbers:
    """Return ECG - device of each beat of the device, in ms; NaN without a match."""
    offsets = np.full(len(compared.device), np.nan)
    matched = compared.partner >= 0
    ticks = compared.waveform[compared.partner[matched]] - compared.device[matched]
    offsets[matched] = ticks * 1000 / record.clock
    return offsets


def _of_spans(record: RecordData, compared: _Compared, spans: Spans) -> pd.DataFrame:
    matched = compared.partner >= 0
    # What matches a beat was looked for there.
    judged = compared.judged | matched
    lone = np.ones(len(compared.waveform), np.bool_)
    lone[compared.partner[matched]] = False

    def count(ticks: Rows, marks: Marks) -> Numbers:
        first, last = spans.rows(ticks[marks])
        return (last - first).astype(np.float64)

    device, good = compared.device, compared.good
    counts = {
        "device": count(device, judged),
        "waveform": count(device, matched) + count(compared.waveform, lone),
        "matched": count(device, matched),
        "extra": count(device, judged & ~matched),
        "missed": count(compared.waveform, lone),
        "good": count(device, judged & good),
    }
    good_matched = count(device, matched & good)
    length = (spans.ends - spans.starts).astype(np.float64)
    table: dict[str, object] = {
        "judged_share": _share(
            compared.found.judged.within(spans.starts, spans.ends), length
        ),
        **{name: each.astype(np.int64) for name, each in counts.items()},
        "matched_share": _share(counts["matched"], counts["device"]),
        "good_matched_share": _share(good_matched, counts["good"]),
    }
    offsets = _offsets(record, compared)
    first, last = spans.rows(device)
    parts = [
        part[~np.isnan(part)]
        for low, high in zip(first.tolist(), last.tolist(), strict=True)
        for part in [offsets[low:high]]
    ]
    table["offset_ms"] = [np.median(part) if len(part) else np.nan for part in parts]
    table["jitter_ms"] = [
        np.std(part, ddof=1) if len(part) > 1 else np.nan for part in parts
    ]
    notes = _notes(compared, spans, length)
    table["note"] = pd.array(notes, dtype="string")
    order = ["judged_share", "device", "waveform", "matched", "extra", "missed"]
    order += ["matched_share", "good", "good_matched_share", "offset_ms", "jitter_ms"]
    return pd.DataFrame(table)[[*order, "note"]]


def _share(part: Rows | Numbers, whole: Numbers) -> Numbers:
    share = np.full(len(whole), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _notes(compared: _Compared, spans: Spans, length: Numbers) -> list[str]:
    """Say of each span why the rest of it was not judged."""
    shares = {
        reason.replace("_", " "): _share(
            each.within(spans.starts, spans.ends), length
        ).tolist()
        for reason, each in compared.found.lost.items()
    }
    return [
        ", ".join(
            f"{reason} {100 * share[row]:.0f} %"
            for reason, share in shares.items()
            if share[row] >= _NOTED
        )
        for row in range(len(spans))
    ]


def _of_beats(record: RecordData, compared: _Compared) -> pd.DataFrame:
    matched = compared.partner >= 0
    lone = np.setdiff1d(np.arange(len(compared.waveform)), compared.partner[matched])
    ticks = np.concatenate((compared.device, compared.waveform[lone]))
    order = np.argsort(ticks, kind="stable")
    match = np.where(matched, "matched", np.where(compared.judged, "extra", ""))
    match = np.where(match == "", "not judged", match)
    more = len(lone)
    columns = {
        "match": np.concatenate((match, np.full(more, "missed"))),
        "offset_ms": np.concatenate(
            (_offsets(record, compared), np.full(more, np.nan))
        ),
        "usable": np.concatenate((compared.good, np.zeros(more, np.bool_))),
    }
    index = ticks_to_index(ticks[order], clock=record.clock).tz_convert(record.tz)
    table = pd.DataFrame({name: each[order] for name, each in columns.items()}, index)
    table["match"] = table["match"].astype("string")
    table.index.name = "time"
    return table
