"""Corrections of beats: a table of beats becomes the channels of a record.

Beats that were added, taken away or changed are told from those of the record, and
nothing is corrected that the table does not say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from hexoframe.analysis.beats import RR
from hexoframe.analysis.beattable import (
    EDITED,
    PAUSE_S,
    QUALITY,
    beat_table,
    flags_of_beats,
)
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps.times import index_to_ticks, ticks_to_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]

    Data = TypeVar("Data", bound=RecordData)

__all__ = ["BEAT_CHANNELS", "correct_beats"]

_NN = "nn_interval"
BEAT_CHANNELS = (RR, QUALITY, _NN)
"""Channels that a table of beats becomes."""
_UNRELIABLE = 128
_HAND = "hand"
# An interval that was written as a decimal is off by far less.
_RESIDUE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The rows of a table beside those of the record."""

    ticks: Rows
    old: Rows  # row of the same beat in the record, -1 where there is none
    before: Marks  # the beat before is the one of the record as well
    intervals: Rows  # of the record, 0 where there is none
    is_hole: Marks  # an added beat that says itself that it has none before it

    @property
    def added(self) -> Marks:
        return self.old < 0


def correct_beats(record: Data, table: pd.DataFrame) -> Data:
    """Return a record with the beats of a table.

    Parameters
    ----------
    record : RecordData
        The record.
    table : DataFrame
        As for `hexoframe.Record.replace`.

    Returns
    -------
    RecordData
        Of the class of `record`, with other intervals, flags and, where it has them,
        accepted intervals. Its info says under `EDITED` which beats were edited.

    Raises
    ------
    ConfigurationError
        If an interval does not begin at the beat before, a beat is called usable that
        cannot be, or a column holds something else.
    TimestampError
        If the times have no zone, run backwards, come twice, or are no ticks.
    """
    ticks = _ticks_of(record, table)
    own = _own_table(record)
    rows = _beside(record, ticks, own, table)
    intervals = _intervals(record, rows, table)
    flags = _flags(record, rows, own, table)
    changed = _changed(record, rows, intervals, flags)
    made = record.replaced(_channels(record, rows, intervals, flags, changed))
    _check_usable(made, rows, own, table)
    info = {**made.facts.info, EDITED: _marks(record, rows, own, table, changed)}
    return made.of(made, facts=replace(made.facts, info=info))


def _own_table(record: RecordData) -> pd.DataFrame:
    """Return the beats of the record; none where it has no such channel."""
    if RR in record:
        return beat_table(record)
    record[RR]  # it may say that it was left out
    nothing = record.replaced({RR: record[RR]})
    return beat_table(nothing)


def _ticks_of(record: RecordData, table: pd.DataFrame) -> Rows:
    if not isinstance(table, pd.DataFrame):
        raise ConfigurationError(
            f"beats is a {type(table).__name__}: give a DataFrame as record.beats() "
            "returns"
        )
    index = table.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise TimestampError(
            f"beats has an index of {index.dtype}, not times with a zone: of a file, "
            "pd.to_datetime(table['time'], utc=True, format='ISO8601') makes them"
        )
    ticks = index_to_ticks(index, clock=record.clock)
    back = np.flatnonzero(np.diff(ticks) <= 0)
    if len(back):
        row = int(back[0]) + 1
        raise TimestampError(
            f"the beats of row {row - 1} and {row} ({index[row].isoformat()}) do not "
            "follow each other: sort the table with sort_index(), and keep one row a "
            "beat"
        )
    outside = (ticks < record.start_tick) | (ticks > record.end_tick)
    if outside.any():
        raise TimestampError(
            f"the beat at {index[int(outside.argmax())].isoformat()} lies outside the "
            f"record, which goes from {record.start} to {record.end}: give its zone"
        )
    return ticks


def _beside(
    record: RecordData, ticks: Rows, own: pd.DataFrame, table: pd.DataFrame
) -> _Rows:
    known = index_to_ticks(own.index, clock=record.clock)
    place = np.searchsorted(known, ticks)
    there = np.zeros(len(ticks), np.bool_)
    there[place < len(known)] = (
        known[place[place < len(known)]] == ticks[place < len(known)]
    )
    old = np.where(there, place, -1)
    before = np.zeros(len(ticks), np.bool_)
    before[1:] = there[1:] & there[:-1] & (old[1:] == old[:-1] + 1)
    before[:1] = there[:1] & (old[:1] == 0)
    seconds = own["rr"].to_numpy(dtype=np.float64)
    intervals = np.zeros(len(ticks), np.int64)
    intervals[there] = np.rint(np.nan_to_num(seconds) * record.clock)[old[there]]
    is_hole = np.zeros(len(ticks), np.bool_)
    if "rr" in table and "source" in table:
        found = (table["source"] == "waveform").fillna(value=False).to_numpy(np.bool_)
        is_hole = ~there & found & table["rr"].isna().to_numpy()
    return _Rows(
        ticks=ticks, old=old, before=before, intervals=intervals, is_hole=is_hole
    )


# -- intervals -------------------------------------------------------------------------


def _intervals(record: RecordData, rows: _Rows, table: pd.DataFrame) -> Rows:
    """Return the intervals in ticks that a table says; 0 where no beat is before."""
    distance = np.diff(rows.ticks, prepend=rows.ticks[:1])
    # As a recorder does after a pause.
    distance[distance > PAUSE_S * record.clock] = 0
    computed = np.where(rows.before, rows.intervals, distance)
    computed[rows.is_hole] = 0
    if "rr" not in table:
        return computed
    given = _given(record, table)
    was = np.where(rows.intervals > 0, rows.intervals, -1)
    # Of a beat that is new, or has a new one before it, the times decide.
    new_before = np.concatenate(([False], rows.added[:-1]))
    decided = rows.added | (new_before & (given == was))
    cut_off = ~decided & (given < 0)
    # Of what was before the first row, nothing is known.
    cut_off[:1] |= ~rows.before[:1]
    kept = decided | cut_off | (given == computed)
    if not kept.all():
        _refuse(table, int(np.argmin(kept)), given / record.clock)
    return np.where(cut_off, 0, computed)


def _given(record: RecordData, table: pd.DataFrame) -> Rows:
    """Return the column of intervals in ticks; -1 where it has none."""
    seconds = pd.to_numeric(table["rr"]).to_numpy(dtype=np.float64, na_value=np.nan)
    seconds = np.where(seconds == 0, np.nan, seconds)
    scaled = seconds * record.clock
    known = ~np.isnan(scaled)
    whole = np.rint(np.where(known, scaled, -1.0))
    wrong = known & ((np.abs(scaled - whole) > _RESIDUE) | ~(scaled > 0))
    wrong |= np.isinf(scaled)
    if wrong.any():
        row = int(wrong.argmax())
        raise ConfigurationError(
            f"beats: the interval at {table.index[row].isoformat()} is "
            f"{seconds[row]:g} s, no whole number of ticks of 1/{record.clock} s: "
            "leave the column rr out, and intervals are those between the rows"
        )
    return whole.astype(np.int64)


def _refuse(table: pd.DataFrame, row: int, given: NDArray[np.float64]) -> None:
    apart = (table.index[row] - table.index[row - 1]).total_seconds()
    raise ConfigurationError(
        f"beats: the interval at {table.index[row].isoformat()} is {given[row]:g} s, "
        f"and the row before lies {apart:g} s earlier, so that a beat between them was "
        "left out. If it was no beat, leave the column rr out (intervals are then "
        "those between the rows), or write the distance; if it was one that must not "
        "count, keep its row with usable=False; NaN leaves a hole"
    )


# -- flags -----------------------------------------------------------------------------


def _flags(
    record: RecordData, rows: _Rows, own: pd.DataFrame, table: pd.DataFrame
) -> Rows:
    """Return the flags that a table says; -1 where a beat has none."""
    was = flags_of_beats(record, rows.ticks)
    judged = bool((flags_of_beats(record, _all_ticks(record, own)) >= 0).any())
    flags = was.copy()
    flags[rows.added] = 0 if judged else -1
    if "quality" in table:
        given = pd.to_numeric(table["quality"]).to_numpy(dtype=np.float64, na_value=-1)
        given = np.nan_to_num(given, nan=-1.0)
        wrong = (given != np.rint(given)) | (given < -1)
        if wrong.any():
            row = int(wrong.argmax())
            raise ConfigurationError(
                f"beats: quality is {given[row]:g} at {table.index[row].isoformat()}: "
                "give flags of hexoframe.code_table('rr_interval_quality'), or 0"
            )
        flags = np.where((given >= 0) & ~rows.is_hole, given, flags).astype(np.int64)
    said, usable = _said_usable(rows, own, table)
    flags[said & ~usable] = np.maximum(flags[said & ~usable], 0) | _UNRELIABLE
    cleared = said & usable & (flags > 0)
    flags[cleared] = 0
    # Without a row of flags a beat would not count where others have one.
    if (flags > 0).any() and not judged:
        flags = np.maximum(flags, 0)
    return flags


def _all_ticks(record: RecordData, own: pd.DataFrame) -> Rows:
    return index_to_ticks(own.index, clock=record.clock)


def _said_usable(
    rows: _Rows, own: pd.DataFrame, table: pd.DataFrame
) -> tuple[Marks, Marks]:
    """Return of which beats a table says something new of use, and what."""
    nothing = np.zeros(len(rows.ticks), np.bool_)
    if "usable" not in table:
        return nothing, nothing
    column = table["usable"].astype("boolean")
    usable = column.fillna(value=False).to_numpy(np.bool_)
    was = np.zeros(len(rows.ticks), np.bool_)
    was[~rows.added] = own["usable"].to_numpy(np.bool_)[rows.old[~rows.added]]
    said = column.notna().to_numpy() & (rows.added | (usable != was))
    # Of a beat that was added, only that it must not count.
    said &= ~(rows.added & (usable | rows.is_hole))
    return said, usable


def _check_usable(
    made: RecordData, rows: _Rows, own: pd.DataFrame, table: pd.DataFrame
) -> None:
    """Refuse a beat that a table calls usable, and that still is not."""
    said, usable = _said_usable(rows, own, table)
    newly = said & usable
    if not newly.any():
        return
    beats = beat_table(made)
    wrong = newly & ~beats["usable"].to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise ConfigurationError(
            f"beats: the beat at {table.index[row].isoformat()} is said to be usable, "
            f"and cannot be: {beats['reason'].iloc[row]}. Leave it out, or mend what "
            "its reason says"
        )


# -- channels --------------------------------------------------------------------------


def _changed(record: RecordData, rows: _Rows, intervals: Rows, flags: Rows) -> Marks:
    """Return which beats of the record have another interval or other flags."""
    was = np.maximum(flags_of_beats(record, rows.ticks), 0)
    other = (intervals != rows.intervals) | (np.maximum(flags, 0) != was)
    changed: Marks = ~rows.added & other
    return changed


def _marks(
    record: RecordData,
    rows: _Rows,
    own: pd.DataFrame,
    table: pd.DataFrame,
    changed: Marks,
) -> dict[str, Any]:
    """Return what to keep of the corrections, and of those before them."""
    ticks = rows.ticks
    sources = np.full(len(ticks), _HAND, object)
    if "source" in table:
        given = table["source"].astype("string").fillna(_HAND)
        sources = np.where(given == "device", _HAND, given).astype(object)
    if len(ticks) and rows.added.mean() > 0.5 and len(set(sources)) == 1:
        return {"all": str(sources[0])}
    kept = ~rows.added
    touched, origin = changed.copy(), np.full(len(ticks), "device", object)
    touched[kept] |= own["edited"].to_numpy(np.bool_)[rows.old[kept]]
    origin[kept] = own["source"].to_numpy(dtype=object)[rows.old[kept]]
    origin[rows.added] = sources[rows.added]
    foreign = origin != "device"
    before = record.facts.info.get(EDITED, {}).get("removed", [])
    gone = np.setdiff1d(_all_ticks(record, own), ticks)
    removed = sorted({*before, *gone.tolist()} - {*ticks.tolist()})
    return {
        "added": {
            str(name): ticks[foreign & (origin == name)].tolist()
            for name in dict.fromkeys(origin[foreign])
        },
        "changed": ticks[touched & ~foreign].tolist(),
        "removed": removed,
    }


def _channels(
    record: RecordData, rows: _Rows, intervals: Rows, flags: Rows, changed: Marks
) -> dict[str, pd.DataFrame]:
    channels = {RR: _frame(record, RR, rows.ticks, intervals)}
    judged = flags >= 0
    if judged.any() or QUALITY in record:
        channels[QUALITY] = _frame(record, QUALITY, rows.ticks[judged], flags[judged])
    if _NN in record:
        channels[_NN] = _accepted(record, rows, intervals, flags, changed)
    return channels


def _frame(record: RecordData, name: str, ticks: Rows, counts: Rows) -> pd.DataFrame:
    channel = record.channel(name)
    values = values_from_counts(counts, channel.datatypes[0], scale=record.scale)
    index = ticks_to_index(ticks, clock=record.clock)
    return make_frame(
        channel,
        index,
        {channel.columns[0]: values},
        record_id=record.id,
        scale=record.scale,
    )


def _accepted(
    record: RecordData, rows: _Rows, intervals: Rows, flags: Rows, changed: Marks
) -> pd.DataFrame:
    """Return the accepted intervals: those of the device, and of edited beats."""
    edited = rows.added | changed
    frame = record[_NN].tz_convert("UTC")
    stamps = index_to_ticks(frame.index, clock=record.clock)
    kept = frame[np.isin(stamps, rows.ticks[~edited])]
    taken = edited & (flags <= 0) & (intervals > 0)
    new = _frame(record, _NN, rows.ticks[taken], intervals[taken])
    joined = pd.concat([kept, new]) if len(new) else kept
    joined = joined.sort_index()
    joined.attrs = dict(new.attrs)
    return joined
