"""What the annotations of hexoframe's EDF say: events, facts, and what is filled.

========================= ==========================================================
``RR_interval 0.75 s``    an event, a state, or a value slower than 1 Hz, by its API
                          name; ``nan`` for a state that is not known
``activity: Sleep``       an activity, with its duration
``note 215 #9: text``     an annotation of the record: datatype, id and comment
``BAD_gap ecg``           the channel has no samples there: they are filled
``BAD_nan ecg_ii``        there are rows, which have no value in this column
``padding heart_rate``    filled, before its first or after its last sample
``hexoframe {...}``       family, start and end in ticks, and what the rest cannot say
``hexoframe sha256 ...``  see `seal`
========================= ==========================================================

Bytes are for `tals`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Family, find
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import FileFormatError, UnknownChannelError
from hexoframe.formats.decimals import SECOND
from hexoframe.formats.edf.tals import Tals
from hexoframe.jsontext import JsonSource
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.timestamps.ticks import NS_PER_TICK, check_tick
from hexoframe.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = [
    "BLANK",
    "GAP",
    "OWN",
    "PADDING",
    "Filled",
    "Notes",
    "ReadNotes",
    "Said",
    "facts_of",
    "nearest_ticks",
    "own_note",
    "read_notes",
    "said_by",
]

GAP, BLANK, PADDING = "BAD_gap", "BAD_nan", "padding"
OWN = "hexoframe"
"""Begin of the own annotation, and equipment in the field for the recording."""
_ACTIVITY = "activity: "
_NOTE = re.compile(
    r"note(?: (?P<datatype>\d{1,18}))?(?: #(?P<id>\d{1,18}))?(?:: (?P<comment>.*))?",
    re.DOTALL,
)
_VALUE = (
    r"^(?P<name>[A-Za-z][A-Za-z0-9_]*) (?P<value>nan|-?[0-9][0-9.e+-]*)(?: [^ ]+)?$"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_UNPRINTED = ("count", "bits", "code", "1")
VERSION = 1


class Filled(NamedTuple):
    """A span in which digital values stand for nothing: ticks, end not included."""

    kind: str
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What hexoframe's own annotation says of a record.

    Attributes
    ----------
    start, end : int, in ticks
        Span of the record, which may begin and end within a data record.
    id : int or None
        Id of the record.
    pseudonym : str or None
        Name of a record that was de-identified.
    empty : list of str
        Channels that the record has, without a sample.
    edited : list of str
        Channels that were edited before they were written.
    tables : list of str
        Tables of facts that are known, even if they are empty.
    """

    family: Family
    start: int
    end: int
    id: int | None = None
    pseudonym: str | None = None
    empty: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


# -- writing ---------------------------------------------------------------------------


class Notes:
    """Collects annotations of a record, with times in ns."""

    def __init__(self, clock: int) -> None:
        self._ns = NS_PER_TICK[clock]
        self._times: list[NDArray[np.int64]] = []
        self._lengths: list[NDArray[np.int64]] = []
        self._texts: list[Any] = []

    def add(self, time: int, text: str, length: int = -1) -> None:
        """Add one, in ns; control characters of the text become spaces."""
        self._add([time], pa.array([_CONTROL.sub(" ", text)]), [length])

    def _add(self, times: Any, texts: Any, lengths: Any) -> None:
        self._times.append(np.asarray(times, np.int64))
        self._lengths.append(np.asarray(lengths, np.int64))
        self._texts.append(texts.cast(pa.string()))

    def add_values(self, record: RecordData, channel: Channel) -> None:
        """Add the rows of a channel of one column, with physical values."""
        row, frame = channel.datatypes[0], record[channel.name]
        values = frame[row.column].to_numpy()
        if record.scale == "raw":
            values = values_from_counts(values, row)
        unit = "" if row.unit in _UNPRINTED else f" {row.unit}"
        numbers = pc.if_else(
            pa.array(np.isnan(values)), "nan", pa.array(values).cast(pa.string())
        )
        texts = pc.binary_join_element_wise(f"{row.api_name} ", numbers, unit, "")
        times = pd.DatetimeIndex(frame.index).asi8
        self._add(times, texts, np.full(len(values), -1))

    def add_facts(self, facts: Facts) -> None:
        """Add activities and annotations."""
        ranges, marks = facts.ranges, facts.annotations
        for row in () if ranges is None else ranges.to_dict("records"):
            if pd.isna(row["start"]):
                continue
            ends = pd.notna(row["end"]) and row["end"] >= row["start"]
            length = row["end"].value - row["start"].value if ends else -1
            name = "" if pd.isna(row["name"]) else row["name"]
            self.add(row["start"].value, f"{_ACTIVITY}{name}", length)
        for row in () if marks is None else marks.reset_index().to_dict("records"):
            text = "note"
            text += f" {row['datatype']}" if pd.notna(row["datatype"]) else ""
            text += f" #{row['id']}" if pd.notna(row["id"]) else ""
            text += f": {row['comment']}" if pd.notna(row["comment"]) else ""
            if pd.notna(row["time"]):
                self.add(row["time"].value, text)

    def add_filled(self, spans: Iterable[Filled]) -> None:
        """Add what is filled."""
        for span in spans:
            length = (span.end - span.start) * self._ns
            self.add(span.start * self._ns, f"{span.kind} {span.name}", length)

    def tals(self, second: int) -> Tals:
        """Return all, with onsets from the second in which a file starts, in ns."""
        return Tals(
            np.concatenate(self._times) - second,
            np.concatenate(self._lengths),
            pa.concat_arrays(self._texts),
        )


def said_by(record: RecordData, empty: Iterable[str]) -> str:
    """Return hexoframe's own annotation of a record."""
    facts = record.facts
    told = {
        "version": VERSION,
        "hexoframe": __version__,
        "family": record.family,
        "start": record.start_tick,
        "end": record.end_tick,
        "id": record.id,
        "pseudonym": record.pseudonym,
        "empty": list(empty),
        "edited": list(facts.info.get("edited", ())),
        "tables": [
            name
            for name in ("ranges", "annotations")
            if getattr(facts, name) is not None
        ],
    }
    held = {key: value for key, value in told.items() if value not in ([], None)}
    return f"{OWN} {json.dumps(held, separators=(',', ':'))}"


# -- reading ---------------------------------------------------------------------------


@dataclass(slots=True)
class ReadNotes:
    """What the annotations of a file say.

    Attributes
    ----------
    said : Said or None
        None for a file of others.
    rows : dict of str to (ticks, values)
        Rows of channels that are no signals; physical values.
    filled : list of Filled
        What stands for nothing.
    ranges, marks : list of dict
        Rows of the tables of activities and annotations.
    """

    said: Said | None = None
    rows: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(
        default_factory=dict
    )
    filled: list[Filled] = field(default_factory=list)
    ranges: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)


def own_note(tals: Tals, path: Path) -> Said | None:
    """Return what hexoframe's own annotation says; None if there is none."""
    at = pc.index(pc.starts_with(tals.texts, f"{OWN} {{"), value=True).as_py()
    if at < 0:
        return None
    told = tals.texts[at].as_py()
    source = JsonSource(
        f"{path}, annotation {OWN!r}", advice="write or copy the file again"
    )
    held = source.read(told.removeprefix(f"{OWN} "))
    said = source.typed(held, Said)
    if said.family not in FAMILIES:
        raise FileFormatError(
            f"{path} is of the family {said.family!r}, which is unknown"
        )
    for tick in (said.start, said.end):
        check_tick(tick, CLOCK_OF_FAMILY[said.family], where=f"{path}: ")
    if said.end < said.start:
        raise FileFormatError(f"{path}: its record ends ({said.end}) before it starts")
    return said


def read_notes(tals: Tals, family: Family, second: int, path: Path) -> ReadNotes:
    """Return what annotations say of a record of a family.

    `second` is the time of the second in which the file starts, in ns. In a file of
    others every text is an annotation of the record.
    """
    notes = ReadNotes(said=own_note(tals, path))
    times = tals.onsets + second
    left = np.ones(len(times), np.bool_)
    if notes.said is not None:
        left = _take_values(notes, family, times, tals.texts)
    for at in np.flatnonzero(left):
        text, time, length = (
            tals.texts[int(at)].as_py(),
            int(times[at]),
            int(tals.durations[at]),
        )
        if notes.said is None:
            notes.marks.append({"time": _moment(time), "comment": text})
        else:
            _take(notes, text, (time, length), CLOCK_OF_FAMILY[family])
    return notes


def nearest_ticks(times: NDArray[np.int64], clock: int) -> NDArray[np.int64]:
    """Return the ticks nearest to times in ns."""
    seconds, nanos = np.divmod(times, SECOND)
    ticks: NDArray[np.int64] = seconds * clock + (nanos * clock + SECOND // 2) // SECOND
    return ticks


def _moment(time: int) -> pd.Timestamp:
    return pd.Timestamp(time, unit="ns", tz="UTC")


def _take_values(
    notes: ReadNotes,
    family: Family,
    times: NDArray[np.int64],
    texts: Any,
) -> NDArray[np.bool_]:
    """Take the annotations that are rows of channels; say which are left."""
    found = pc.extract_regex(texts, _VALUE)
    fits = ~found.is_null().to_numpy(zero_copy_only=False)
    parts = {each.name: found.field(at) for at, each in enumerate(found.type)}
    names = pc.dictionary_encode(parts["name"].fill_null(""))
    codes = names.indices.to_numpy()
    left = np.ones(len(texts), np.bool_)
    for code, name in enumerate(names.dictionary.to_pylist()):
        try:
            channel = find(family, name) if name else None
        except UnknownChannelError:
            channel = None
        if channel is None or channel.datatypes[0].api_name != name:
            continue
        rows = np.flatnonzero((codes == code) & fits)
        said = parts["value"].take(pa.array(rows)).to_pylist()
        values = _numbers(said)
        if values is not None:
            ticks = nearest_ticks(times[rows], channel.clock)
            order = np.argsort(ticks, kind="stable")
            notes.rows[channel.name] = ticks[order], values[order]
            left[rows] = False
    return left


def _numbers(texts: list[str]) -> NDArray[np.float64] | None:
    try:
        return np.array(texts, np.float64)
    except ValueError:
        return None


def _take(notes: ReadNotes, text: str, span: tuple[int, int], clock: int) -> None:
    """Take one annotation of hexoframe; `span` is its time and duration, in ns."""
    time, length = span
    kind, _, name = text.partition(" ")
    if kind == OWN:
        return
    if kind in {GAP, BLANK, PADDING} and length > 0:
        start, end = nearest_ticks(np.array([time, time + length]), clock).tolist()
        notes.filled.append(Filled(kind, name, start, end))
    elif text.startswith(_ACTIVITY):
        end = {"end": _moment(time + length)} if length >= 0 else {}
        name = text.removeprefix(_ACTIVITY)
        notes.ranges.append({"name": name, "start": _moment(time), **end})
    elif (note := _NOTE.fullmatch(text)) is not None:
        told = {
            key: each if key == "comment" else int(each)
            for key, each in note.groupdict().items()
            if each is not None
        }
        notes.marks.append({"time": _moment(time), **told})
    else:
        notes.marks.append({"time": _moment(time), "comment": text})


def facts_of(notes: ReadNotes, info: Mapping[str, Any], clock: Any) -> Facts:
    """Return the facts of a record: its info, activities and annotations."""
    known = None if notes.said is None else notes.said.tables
    tables: dict[str, pd.DataFrame | None] = {}
    for name, rows in (("ranges", notes.ranges), ("annotations", notes.marks)):
        is_known = bool(rows) or known is None or name in known
        is_known = is_known and not (known is None and name == "ranges")
        tables[name] = facts_table(name, rows, clock=clock) if is_known else None
    return Facts(info=dict(info), **tables)
