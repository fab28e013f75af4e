"""Joins several records of one user into one, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.api.http.objects import field_of
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.belts import join_belts
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import SHAPES, Facts
from hexoframe.recording.gaps import Receipt

if TYPE_CHECKING:
    from hexoframe.recording.belts import Belts

__all__ = ["check_apart", "join_records"]

# The rows of all records are joined; the other tables are about one record.
_JOINED_TABLES = ("ranges", "annotations", "track")


def check_apart(records: Sequence[Mapping[str, Any]]) -> None:
    """Raise ConfigurationError if two objects `record`, by start, overlap in time."""
    for one, other in pairwise(records):
        # One without an end is still being recorded.
        if not one.get("end") or int(field_of(other, "start")) < int(one["end"]):
            raise ConfigurationError(
                f"the records {one['id']} and {other['id']} run at the same time, on "
                "two devices: load each with load_record(id, start=..., end=...)"
            )


def join_records(records: Sequence[RecordData]) -> RecordData:
    """Return one record of several in order of time; between them are gaps.

    Channels are read when they are touched. ConfigurationError if families differ.
    """
    first, *others = records
    if not others:
        return first
    families = {one.family for one in records}
    if len(families) > 1:
        ids = ", ".join(str(one.id) for one in records)
        raise ConfigurationError(
            f"the records {ids} are of {', '.join(sorted(families))}, whose "
            "channels differ: load them one by one"
        )
    names = [
        name for name in channels_of(first.family) if any(name in r for r in records)
    ]
    return RecordData.of(
        first,
        span=(first.start_tick, records[-1].end_tick),
        channels={name: _channel(records, name) for name in names},
        facts=_facts(records),
        belts=partial(_belts, records),
    )


def _belts(records: Sequence[RecordData]) -> Belts | None:
    """Return what the belts of all records say; None if one has none."""
    found = [one.belts() for one in records]
    known = [belts for belts in found if belts is not None]
    return join_belts(known) if len(known) == len(found) else None


def _channel(records: Sequence[RecordData], name: str) -> LazyChannel:
    holding = [one for one in records if name in one]

    def pieces(rows: int) -> Iterator[pd.DataFrame]:
        for one in holding:
            yield from one.pieces(name, rows)

    def receipt() -> Receipt:
        # Records learn how much they hold when they are read, so ask them late.
        known = [one.receipt(name) for one in holding]
        counts = [one.samples for one in known]
        return Receipt(
            samples=None if None in counts else sum(filter(None, counts)),
            duplicates=sum(one.duplicates for one in known),
            lost=tuple(span for one in known for span in one.lost),
            span=(
                _span(records[0], name)[0],
                _span(records[-1], name)[1],
            ),
        )

    return LazyChannel(
        read=lambda: metadata.concat([one[name] for one in holding]),
        pieces=pieces,
        receipt=receipt,
        initial=lambda: [span for one in holding for span in one.initial_spans(name)],
    )


def _span(record: RecordData, name: str) -> tuple[int, int]:
    """Return the ticks that a channel covers, or those of the record without it."""
    span = record.receipt(name).span if name in record else None
    return span or (record.start_tick, record.end_tick)


def _facts(records: Sequence[RecordData]) -> Facts:
    tables = {}
    for table in _JOINED_TABLES:
        held = [
            one for rec in records if (one := getattr(rec.facts, table)) is not None
        ]
        tables[table] = _table(table, held)
    provenances = [one.facts.info.get("provenance", {}) for one in records]
    info = {
        name: value
        for name, value in records[0].facts.info.items()
        if all(one.facts.info.get(name) == value for one in records)
    }
    return Facts(
        info={
            **info,
            "records": [one.id for one in records],
            "provenance": {
                name: way for one in provenances for name, way in one.items()
            },
        },
        **tables,
    )


def _table(name: str, held: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return the rows of several tables; an activity that spans two records once."""
    if not held:
        return None
    indexed = "time" in SHAPES[name]
    joined = pd.concat(held, ignore_index=not indexed)
    if "id" in joined:
        twice = joined["id"].notna() & joined["id"].duplicated()
        joined = joined[~twice]
    return joined if indexed else joined.reset_index(drop=True)
