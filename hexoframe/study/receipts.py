"""Receipts: what a study holds of a record, and from where; one JSON file a record.

A receipt is written when all files of its record are there. It is a manifest (see
`hexoframe.formats.own.manifest`), with the source, the measures that the table of the
study shows, and the warnings of the sync. The manifest of a study is a copy of all of
them as a table, and never asked where a receipt says otherwise.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import HexoframeError
from hexoframe.formats.own.manifest import (
    check_version,
    manifest_to_json,
    parse_facts,
    parse_file,
    parse_head,
    to_json,
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
    from hexoframe.formats.own.manifest import ChannelEntry
    from hexoframe.recording.belts import Belts
    from hexoframe.recording.data import RecordData
    from hexoframe.recording.facts import Facts
    from hexoframe.study.storage import Storage

__all__ = [
    "Index",
    "RecordReceipt",
    "StoredFile",
    "StudySource",
    "load_index",
    "read_receipt",
    "receipt_bytes",
    "receipt_to_json",
    "row_of",
    "save_index",
]

_LOG = logging.getLogger(__name__)
_FORMAT = "hexoframe study receipt"
# The checksum is that of the bytes between, so that a task need not write them anew.
_SEAL_BYTES, _END = len(b'{"sha256":"","receipt":') + 64, b"}\n"
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
class _StudyReceiptForm:
    record: int
    source: StudySource
    asked: list[str] | None
    tables: dict[str, StoredFile]
    measures: dict[str, float | None]
    warnings: list[str]
    # Each entry is checked when it is asked for.
    channels: dict[str, Any]
    info: dict[str, Any]
    facts: dict[str, Any]


class RecordReceipt:
    """What a study holds of a record; entries and facts are parsed when asked for.

    Attributes
    ----------
    number : int
        The record in this study: its id, or for one without an id its start.
    head : Head
        Family, scale, span and zone.
    source : StudySource
        Where it came from.
    asked : list of str, or None
        Channels that were asked for; None for all.
    tables : dict of str to StoredFile
        Files of facts, by table.
    measures : dict
        Figures of the table of the study, by name; None where one is not known.
    warnings : list of str
        What the sync warned of.
    """

    def __init__(
        self, held: Any, origin: JsonSource, place: Callable[[str], Path]
    ) -> None:
        if not isinstance(held, dict) or held.get("format") != _FORMAT:
            raise origin.fail(f"no receipt: expected the format {_FORMAT!r}")
        check_version(Path(origin.where), held.get("version"), held.get("hexoframe"))
        self._form = origin.typed(held, _StudyReceiptForm)
        self._origin = origin
        self._place = place
        self._entries: dict[str, ChannelEntry] = {}
        self.head = parse_head(held, origin)
        self.number = self._form.record
        self.source = self._form.source
        self.asked = self._form.asked
        self.tables = self._form.tables
        self.measures = self._form.measures
        self.warnings = self._form.warnings

    @property
    def channels(self) -> list[str]:
        """Names of the channels that have files."""
        return list(self._form.channels)

    @property
    def info(self) -> dict[str, Any]:
        """What the source says of the record, as in `Facts.info`."""
        return self._form.info

    @property
    def bytes(self) -> int:
        """Size of the files of the channels."""
        return sum(entry.get("bytes", 0) for entry in self._form.channels.values())

    def entry(self, name: str) -> ChannelEntry:
        """Return the entry of a channel."""
        if name not in self._entries:
            held = self._form.channels[name]
            file = self._place(sample_key(name, self.number))
            self._entries[name] = parse_file(file, held, self.head, self._origin)
        return self._entries[name]

    def facts(self) -> Facts:
        """Return info and tables of the record."""
        return parse_facts(self._form.info, self._form.facts, self._origin)

    def belts(self) -> Belts | None:
        """Return what the belts say of wear, as the sync found it."""
        for name, held in self._form.channels.items():
            survey = held.get("survey")
            if isinstance(survey, dict) and survey.get("belts"):
                found = self.entry(name).survey
                return None if found is None else found.belts
        return None


def receipt_to_json(
    record: RecordData, files: Mapping[str, Any], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a receipt says; `more` are its other attributes, by name."""
    held = {"format": _FORMAT, **manifest_to_json(record, files), **more}
    known: dict[str, Any] = json.loads(to_json(held, "the receipt of a record"))
    return known


def receipt_bytes(held: Mapping[str, Any]) -> bytes:
    """Return the file of a receipt: what it says, and the checksum of that."""
    said = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()
    return _seal(said) + said + _END


def _seal(said: bytes) -> bytes:
    return b'{"sha256":"%s","receipt":' % hashlib.sha256(said).hexdigest().encode()


def read_receipt(storage: Storage, number: int) -> RecordReceipt:
    """Read a receipt; FileNotFoundError if the study has no such record.

    FileFormatError if it is damaged, or is that of another record.
    """
    key = receipt_key(number)
    origin = JsonSource(
        storage.url(key), advice="remove it, and sync the record into the study again"
    )
    data = storage.read(key)
    said = data[_SEAL_BYTES : -len(_END)]
    if data != _seal(said) + said + _END:
        raise origin.fail("it does not say what was written: its SHA-256 is another")
    receipt = RecordReceipt(
        json.loads(said),
        origin,
        lambda below: storage.path(below) or Path(storage.url(below)),
    )
    if receipt.number != number:
        raise origin.fail(f"it is the receipt of record {receipt.number}, renamed")
    return receipt


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
    names : dict of str to str
        The listing of the receipts that it was made of.
    """

    names: dict[str, str] = field(default_factory=dict)
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


def load_index(storage: Storage, before: Index | None = None) -> Index:
    """Return what the receipts say.

    Those that `before` or the manifest of the study knows in their present state are
    not read.
    """
    names = storage.listing(RECEIPTS)
    if before is not None and before.names == names:
        return before
    kept = before.rows if before is not None else _kept_rows(storage)
    found = Index(names=names)
    for name, stamp in names.items():
        number = number_in(name)
        if number is None:
            continue
        row = kept.get(number)
        if row is not None and row.get(_STAMP) == stamp:
            found.add(number, row)
            continue
        found.changed = True
        try:
            found.add(number, row_of(read_receipt(storage, number)) | {_STAMP: stamp})
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


def row_of(receipt: RecordReceipt) -> dict[str, Any]:
    """Return the row of a receipt: what the table shows, and what a sync compares."""
    head, info, source = receipt.head, receipt.info, receipt.source
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
        "channels": receipt.channels,
        "bytes": receipt.bytes,
        "measures": json.dumps(receipt.measures),
        "warnings": len(receipt.warnings),
        "asked": None if receipt.asked is None else ",".join(receipt.asked),
        **source._asdict(),
        "has_id": info.get("id") is not None,
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
