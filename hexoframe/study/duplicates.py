"""Recordings that a study met twice: found by span and samples, kept once, listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from hexoframe.errors import HexoframeError
from hexoframe.recording.sameness import same_recording, same_span
from hexoframe.study.layout import key_of_source, read_json, write_json
from hexoframe.study.records import open_stored

if TYPE_CHECKING:
    from hexoframe.recording.data import RecordData
    from hexoframe.study.receipts import Index, StudySource
    from hexoframe.study.storage import Storage

__all__ = [
    "Duplicate",
    "duplicates_frame",
    "find_twin",
    "forget_duplicate",
    "keep_duplicate",
    "kept_duplicates",
]

_FOLDER = "duplicates"
_COLUMNS = {"record": "int64", "source": "string", "part": "string", "how": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A source whose recording the study has from another one.

    Attributes
    ----------
    record : int
        The record that is kept.
    source, part, state : str
        Where it was met again, as in `StudySource`.
    how : str
        Known by its ``id``, or by its ``samples``.
    """

    record: int
    source: str
    part: str
    state: str
    how: Literal["id", "samples"]


def find_twin(storage: Storage, index: Index, record: RecordData) -> int | None:
    """Return the record of a study that is the same as one that comes in, if any.

    Spans equal to within a second, and equal samples at 1 Hz; see `sameness`.
    """
    span = (record.start_tick, record.end_tick)
    for number in index.begun_near(span[0], record.clock):
        row = index.rows[number]
        there = (row["start_tick"], row["end_tick"])
        if not same_span(span, there, clocks=(record.clock, row["clock"])):
            continue
        if record.id is not None and row["has_id"] and record.id != number:
            continue
        try:
            if same_recording(record, open_stored(storage, number)):
                return number
        except HexoframeError:
            continue  # damaged: verify() says so
    return None


def keep_duplicate(storage: Storage, found: Duplicate) -> None:
    """Note a duplicate in the study."""
    key = key_of_source(found.source, found.part)
    write_json(storage, f"{_FOLDER}/{key}.json", asdict(found))


def kept_duplicates(storage: Storage) -> dict[tuple[str, str], Duplicate]:
    """Return the duplicates of a study, by source and part."""
    found = {}
    for name in storage.listing(_FOLDER):
        held, source = read_json(storage, f"{_FOLDER}/{name}")
        one = source.typed(held, Duplicate)
        found[one.source, one.part] = one
    return found


def forget_duplicate(storage: Storage, source: StudySource) -> None:
    """Remove the note of a source that is the original now."""
    key = key_of_source(source.place, source.part)
    storage.remove(f"{_FOLDER}/{key}.json")


def duplicates_frame(found: Mapping[Any, Duplicate] | list[Duplicate]) -> pd.DataFrame:
    """Return duplicates as a table: the record that is kept, and the other source."""
    listed = found.values() if isinstance(found, Mapping) else found
    rows = [(one.record, one.source, one.part, one.how) for one in listed]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    return table.sort_values(["record", "source"], ignore_index=True)
