"""Several records of one user put one behind the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

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

# Of these a record that is put together has the sum; the others are about one record.
_SUMMED = ("ranges", "annotations", "track")


def check_apart(records: Sequence[Mapping[str, Any]]) -> None:
    """Raise if two of some records run at the same time.

    Parameters
    ----------
    records : sequence of dict
        Objects of the resource `record`, by start.

    Raises
    ------
    ConfigurationError
        If so: their samples would be mixed.
    """
    for one, other in pairwise(records):
        # One that tells no end is still being recorded.
        if not one.get("end") or int(other["start"]) < int(one["end"]):
            raise ConfigurationError(
                f"the records {one['id']} and {other['id']} run at the same time, on "
                "two devices: load each with load_record(id, start=..., end=...)"
            )


def join_records(parts: Sequence[RecordData]) -> RecordData:
    """Put records together, in order of time.

    Parameters
    ----------
    parts : sequence of RecordData
        At least one, of one family and scale.

    Returns
    -------
    RecordData
        The one record, or all in one: what lies between them is a gap. Channels are
        read when they are touched.

    Raises
    ------
    ConfigurationError
        If they are of several families.
    """
    first, *others = parts
    if not others:
        return first
    families = {part.family for part in parts}
    if len(families) > 1:
        raise ConfigurationError(
            f"the records {_ids(parts)} are of {', '.join(sorted(families))}, whose "
            "channels differ: load them one by one"
        )
    names = [
        name for name in channels_of(first.family) if any(name in p for p in parts)
    ]
    return RecordData.of(
        first,
        span=(first.start_tick, parts[-1].end_tick),
        channels={name: _source(parts, name) for name in names},
        facts=_facts(parts),
        belts=partial(_belts, parts),
    )


def _belts(parts: Sequence[RecordData]) -> Belts | None:
    """Return what the belts of all records say; None if one has none."""
    found = [part.belts() for part in parts]
    known = [belts for belts in found if belts is not None]
    return join_belts(known) if len(known) == len(found) else None


def _ids(parts: Sequence[RecordData]) -> str:
    return ", ".join(str(part.id) for part in parts)


def _source(records: Sequence[RecordData], name: str) -> LazyChannel:
    parts = [part for part in records if name in part]

    def pieces(rows: int) -> Iterator[pd.DataFrame]:
        for part in parts:
            yield from part.pieces(name, rows)

    def receipt() -> Receipt:
        # Asked for late: parts learn how much they hold when they are read.
        known = [part.receipt(name) for part in parts]
        counts = [one.samples for one in known]
        return Receipt(
            samples=None if None in counts else sum(filter(None, counts)),
            duplicates=sum(one.duplicates for one in known),
            lost=tuple(span for one in known for span in one.lost),
            span=(_span(records[0], name)[0], _span(records[-1], name)[1]),
        )

    return LazyChannel(
        read=lambda: metadata.concat([part[name] for part in parts]),
        pieces=pieces,
        receipt=receipt,
        initial=lambda: [span for part in parts for span in part.initial_spans(name)],
    )


def _span(record: RecordData, name: str) -> tuple[int, int]:
    """Return the ticks that the steps of a channel cover, or would."""
    span = record.receipt(name).span if name in record else None
    return span or (record.start_tick, record.end_tick)


def _facts(parts: Sequence[RecordData]) -> Facts:
    tables = {}
    for table in _SUMMED:
        held = [
            one for part in parts if (one := getattr(part.facts, table)) is not None
        ]
        tables[table] = _table(table, held)
    ways = [part.facts.info.get("provenance", {}) for part in parts]
    info = {
        name: value
        for name, value in parts[0].facts.info.items()
        if all(part.facts.info.get(name) == value for part in parts)
    }
    return Facts(
        info={
            **info,
            "records": [part.id for part in parts],
            "provenance": {name: way for one in ways for name, way in one.items()},
        },
        **tables,
    )


def _table(name: str, held: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return rows of several tables; an activity that spans two records once."""
    if not held:
        return None
    indexed = "time" in SHAPES[name]
    joined = pd.concat(held, ignore_index=not indexed)
    if "id" in joined:
        twice = joined["id"].notna() & joined["id"].duplicated()
        joined = joined[~twice]
    return joined if indexed else joined.reset_index(drop=True)
