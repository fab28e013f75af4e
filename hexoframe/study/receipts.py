"""Receipts: what a study holds of a record, and from where; one JSON file a record.

A receipt is written when all files of its record are there. It is a manifest (see
`hexoframe.formats.own.manifest`), with the source, the measures that the table of the
study shows, and the warnings of the sync. The manifest of a study is a copy of all of
them as a table, and never asked where a receipt says otherwise.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import CLOCK_OF_FAMILY, find
from hexoframe.errors import FileFormatError, HexoframeError
from hexoframe.formats.own.manifest import (
    Manifest,
    check_seal,
    check_version,
    manifest_to_json,
    parse_head,
    parse_manifest,
    sealed,
)
from hexoframe.jsontext import JsonSource
from hexoframe.study.layout import (
    MANIFEST,
    RECEIPTS,
    number_in,
    receipt_key,
    sample_key,
)
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from hexoframe.recording.data import RecordData
    from hexoframe.study.storage import Storage

__all__ = [
    "Index",
    "RecordReceipt",
    "StoredFile",
    "StudySource",
    "load_index",
    "parse_receipt",
    "read_receipt",
    "receipt_text",
    "receipt_to_json",
    "row_of",
    "save_index",
]

_LOG = logging.getLogger(__name__)
_FORMAT = "hexoframe study receipt"
_STAMP = "receipt"
_TIME = pa.timestamp("ns", tz="UTC")
_ROWS = pa.schema(
    {
        "record": pa.int64(),
        "start": _TIME,
        "end": _TIME,
        "start_tick": pa.int64(),
        "end_tick": pa.int64(),
        "clock": pa.int64(),
        "user": pa.int64(),
        "email": pa.string(),
        "device": pa.string(),
        "family": pa.string(),
        "channels": pa.list_(pa.string()),
        "bytes": pa.int64(),
        "measures": pa.string(),
        "warnings": pa.int64(),
        "asked": pa.string(),
        "kind": pa.string(),
        "place": pa.string(),
        "part": pa.string(),
        "state": pa.string(),
        "has_id": pa.bool_(),
        _STAMP: pa.string(),
    }
)


class StudySource(NamedTuple):
    """Where a record came from.

    Attributes
    ----------
    kind
        ``service`` or ``file``.
    place
        Host of the service, or path of the file or folder.
    part
        Name of the record in a file that holds several; "" otherwise.
    state
        What changes with the source: `last_modified` of the service, or size and time
        of the file.
    """

    kind: Literal["service", "file"]
    place: str
    part: str
    state: str


class StoredFile(NamedTuple):
    """Size and checksum of a file beside the channels."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceipt:
    """What a study holds of a record.

    Attributes
    ----------
    number : int
        The record in this study: its id, or for one without an id its start.
    manifest : Manifest
        Family, span, facts and channels.
    asked : list of str, or None
        Channels that were asked for; None for all.
    tables : dict of str to StoredFile
        Files of facts, by table.
    measures : dict
        Figures of the table of the study, by name; None where one is not known.
    warnings : list of str
        What the sync warned of.
    """

    number: int
    manifest: Manifest
    source: StudySource
    asked: list[str] | None
    tables: dict[str, StoredFile]
    measures: dict[str, float | None]
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StudyReceiptForm:
    record: int
    source: StudySource
    asked: list[str] | None
    tables: dict[str, StoredFile]
    measures: dict[str, float | None]
    warnings: list[str]


def receipt_to_json(
    record: RecordData, files: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Return a receipt that `read_receipt` reads; `more` are its other attributes."""
    number = more.pop("number")
    held = {"format": _FORMAT, **manifest_to_json(record, files)}
    return json.loads(sealed({**held, "record": number, **more}))  # type: ignore[no-any-return]


def receipt_text(held: Mapping[str, Any]) -> bytes:
    """Return the bytes of a receipt."""
    return (json.dumps(held, ensure_ascii=False) + "\n").encode()


def read_receipt(
    storage: Storage, number: int, *, channels: Collection[str | int] | None = None
) -> RecordReceipt:
    """Read a receipt; FileNotFoundError if the study has no such record.

    With `channels`, names or ids, the entries of the others are left out.
    """
    key = receipt_key(number)
    source = _source_of(storage, key)
    held = source.read(storage.read(key))
    return parse_receipt(held, source, storage, channels=channels)


def parse_receipt(
    held: Any,
    source: JsonSource,
    storage: Storage,
    *,
    folder: Path | None = None,
    channels: Collection[str | int] | None = None,
) -> RecordReceipt:
    """Return a receipt; its channel files lie in the storage, or in `folder`."""
    if not isinstance(held, dict) or held.get("format") != _FORMAT:
        raise source.fail(f"no receipt: expected the format {_FORMAT!r}")
    check_version(Path(source.where), held.get("version"), held.get("hexoframe"))
    form = source.typed(held, _StudyReceiptForm)

    def place(name: str) -> Path:
        key = sample_key(name, form.record)
        if folder is not None:
            return folder / key
        return storage.path(key) or Path(storage.url(key))

    wanted = None
    if channels is not None:
        family = parse_head(held, source).family
        # What the belts say of wear concerns every channel.
        wanted = {find(family, key).name for key in channels} | _with_belts(held)
    manifest = parse_manifest(held, source, place, channels=wanted)
    return RecordReceipt(
        number=form.record,
        manifest=manifest,
        source=form.source,
        asked=form.asked,
        tables=form.tables,
        measures=form.measures,
        warnings=form.warnings,
    )


def _with_belts(held: Mapping[str, Any]) -> set[str]:
    entries = held.get("channels")
    return {
        name
        for name, entry in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(entry, dict) and (entry.get("survey") or {}).get("belts")
    }


def _source_of(storage: Storage, key: str) -> JsonSource:
    return JsonSource(
        storage.url(key), advice="remove it, and sync the record into the study again"
    )


# -- all receipts as a table -----------------------------------------------------------


@dataclass(slots=True)
class Index:
    """A row of facts of every record, by its number; see `load_index`.

    Attributes
    ----------
    rows : dict of int to dict
        Facts by record; each has the keys of `row_of`.
    changed : bool
        Whether the manifest of the study says something else.
    damaged : dict of int to str
        Receipts that cannot be read, with the reason.
    """

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: bool = False
    damaged: dict[int, str] = field(default_factory=dict)
    _begun: dict[int, set[int]] = field(default_factory=dict)

    def add(self, number: int, row: dict[str, Any]) -> None:
        """Add or replace the row of a record."""
        self.drop(number)
        self.rows[number] = row
        self._begun.setdefault(_second(row), set()).add(number)

    def drop(self, number: int) -> None:
        """Forget a record."""
        row = self.rows.pop(number, None)
        if row is not None:
            self._begun[_second(row)].discard(number)

    def begun_near(self, tick: int, clock: int) -> Iterator[int]:
        """Yield the records that begin within a second or two of a tick."""
        second = tick // clock
        for near in (second - 1, second, second + 1):
            yield from sorted(self._begun.get(near, ()))


def _second(row: Mapping[str, Any]) -> int:
    return int(row["start_tick"] // row["clock"])


def load_index(storage: Storage) -> Index:
    """Return what the receipts say; the manifest saves reading those it knows."""
    names = storage.listing(RECEIPTS)
    kept = _kept_rows(storage)
    found = Index()
    for name, stamp in names.items():
        number = number_in(name)
        if number is None:
            continue
        row = kept.get(number)
        if row is not None and row[_STAMP] == stamp:
            found.add(number, row)
            continue
        found.changed = True
        try:
            found.add(number, _row_in(storage, number) | {_STAMP: stamp})
        except FileNotFoundError:
            continue  # removed since
        except HexoframeError as error:
            found.damaged[number] = str(error)
    found.changed = found.changed or kept.keys() != found.rows.keys()
    return found


def save_index(storage: Storage, index: Index) -> None:
    """Write the manifest of the study."""
    rows = sorted(index.rows.items())
    listed = [{"record": number, **row} for number, row in rows]
    table = pa.Table.from_pylist(listed, schema=_ROWS)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    storage.write(MANIFEST, sink.getvalue())
    index.changed = False


def _kept_rows(storage: Storage) -> dict[int, dict[str, Any]]:
    try:
        table = pq.read_table(pa.BufferReader(storage.read(MANIFEST)))
        rows = table.select(_ROWS.names).to_pylist()
        return {row.pop("record"): row for row in rows if row[_STAMP]}
    except FileNotFoundError:
        return {}
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        _LOG.warning(
            "%s cannot be read (%s): it is made anew of the receipts",
            storage.url(MANIFEST),
            error,
        )
        return {}


def _row_in(storage: Storage, number: int) -> dict[str, Any]:
    key = receipt_key(number)
    source = _source_of(storage, key)
    held = source.read(storage.read(key))
    check_version(Path(source.where), held.get("version"), held.get("hexoframe"))
    check_seal(held, source)
    if held.get("record") != number:
        raise FileFormatError(
            f"{source.where} is the receipt of record {held.get('record')}: it was "
            "renamed; sync the record again"
        )
    return row_of(held, source)


def row_of(held: Mapping[str, Any], source: JsonSource) -> dict[str, Any]:
    """Return the row of a receipt: what the table shows, and what a sync compares."""
    head, form = parse_head(held, source), source.typed(held, _StudyReceiptForm)
    info, channels = held.get("info", {}), held.get("channels", {})
    clock = CLOCK_OF_FAMILY[head.family]
    start, end = (tick_to_time(tick, clock=clock) for tick in head.span)
    user = info.get("user_id")
    return {
        "start": start,
        "end": end,
        "start_tick": head.span[0],
        "end_tick": head.span[1],
        "clock": clock,
        "user": user if isinstance(user, int) else None,
        "email": _text(info.get("email")),
        "device": _text(info.get("device")),
        "family": head.family,
        "channels": list(channels),
        "bytes": sum(entry.get("bytes", 0) for entry in channels.values()),
        "measures": json.dumps(form.measures),
        "warnings": len(form.warnings),
        "asked": None if form.asked is None else ",".join(form.asked),
        "kind": form.source.kind,
        "place": form.source.place,
        "part": form.source.part,
        "state": form.source.state,
        "has_id": info.get("id") is not None,
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
