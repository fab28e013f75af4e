"""Chunks: what one request for samples brings, and the store of finished ones on disk.

The key of a chunk is the same in another process and on another day, so a download that
was interrupted goes on where it was. No request is sent here, and no frame is made.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from hexoframe.errors import ConfigurationError
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.wire.answers import DatatypeSamples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

__all__ = ["Chunk", "ChunkStore", "split"]

# Mode of a file that only the user may read.
_OWN = 0o600
_LOG = logging.getLogger(__name__)
_SUFFIX = {"zip": ".zip", "json": ".arrow"}
_OPTIONS = ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One request for samples, from tick `start` up to, not including, `end`.

    `kind` is the binary export (zip) or JSON. No `datatypes` means all of the record,
    which only the export can give. `whole` is the whole record: its request names no
    window, so that the server can send an export that it has ready.
    """

    kind: Literal["zip", "json"]
    datatypes: tuple[int, ...]
    start: int
    end: int
    whole: bool = False

    @property
    def key(self) -> str:
        """Name among the chunks of the record, fit for a file name."""
        listed = ",".join(map(str, self.datatypes)) or "all"
        digest = hashlib.sha256(listed.encode()).hexdigest()[:12]
        window = "whole" if self.whole else f"{self.start}-{self.end}"
        return f"{self.kind}-{window}-{digest}"

    @property
    def window(self) -> tuple[int, int]:
        """First and last tick in an answer, if the server includes the end or not."""
        return (self.start, self.end)

    def query(self, record: int) -> dict[str, str]:
        """Return the query for the data resource."""
        query = {"record": str(record)}
        if self.datatypes:
            query["datatype"] = ",".join(map(str, self.datatypes))
        if not self.whole:
            query |= {"start": str(self.start), "end": str(self.end)}
        return query


def split(chunk: Chunk, count: int = 2) -> tuple[Chunk, ...]:
    """Divide a window of JSON that the server thinned, leaving no gap."""
    length = chunk.end - chunk.start
    if chunk.kind != "json":
        raise ConfigurationError(
            "the server does not thin the binary export, so it is not split: make a "
            "plan with a window"
        )
    if not 2 <= count <= length:
        raise ConfigurationError(
            f"a window of {length} ticks cannot be split into {count}: give from 2 to "
            f"{length}"
        )
    edges = [chunk.start + length * number // count for number in range(count + 1)]
    return tuple(replace(chunk, start=begin, end=end) for begin, end in pairwise(edges))


# -- on disk ---------------------------------------------------------------------------


class ChunkStore:
    """The finished chunks in a folder that exists, each with its checksum.

    The checksum is written last, and compared when another process finds the chunk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: set[str] = set()

    def path(self, chunk: Chunk) -> Path:
        """Return the file of a chunk, which may not exist yet."""
        return self._folder / f"{chunk.key}{_SUFFIX[chunk.kind]}"

    def has(self, chunk: Chunk) -> bool:
        """Whether a chunk is there and undamaged."""
        path = self.path(chunk)
        if path.name in self._checked:
            return True
        try:
            expected = self._checksum(path).read_text("ascii")
            found = sha256_of(path)
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        if expected != found:
            _LOG.warning("%s is damaged: it is fetched again", path.name)
            self.drop(chunk)
            return False
        self._checked.add(path.name)
        return True

    def finish(self, chunk: Chunk) -> None:
        """Mark the file of a chunk as complete, by its checksum."""
        path = self.path(chunk)
        checksum = self._checksum(path)
        fresh = checksum.with_name(f"{checksum.name}.new")
        fresh.write_text(sha256_of(path), "ascii")
        fresh.chmod(_OWN)
        fresh.replace(checksum)
        self._checked.add(path.name)

    def drop(self, chunk: Chunk) -> None:
        """Remove a chunk."""
        path = self.path(chunk)
        self._checked.discard(path.name)
        self._checksum(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def put(self, chunk: Chunk, samples: Mapping[int, DatatypeSamples]) -> None:
        """Store the samples of a window of JSON."""
        path = self.path(chunk)
        fresh = path.with_name(f"{path.name}.new")
        table = _table(samples)
        with ipc.new_file(fresh, table.schema, options=_OPTIONS) as writer:
            writer.write_table(table)
        fresh.chmod(_OWN)
        fresh.replace(path)
        self.finish(chunk)

    def get(
        self, chunk: Chunk, datatypes: Collection[int]
    ) -> dict[int, DatatypeSamples]:
        """Return samples of a window of JSON; equal stamps share one array."""
        path = str(self.path(chunk))
        with pa.memory_map(path) as source:
            schema = ipc.open_file(source).schema
            stamps: dict[str, str] = json.loads(schema.metadata[b"stamps"])
            wanted = {
                name: stamps[name] for name in map(str, datatypes) if name in stamps
            }
            fields = sorted(map(schema.get_field_index, {*wanted, *wanted.values()}))
            options = ipc.IpcReadOptions(included_fields=fields)
            if not fields:
                return {}
            table = ipc.open_file(source, options=options).read_all()
            columns = {name: _column(table, name) for name in table.column_names}
        return {
            int(name): DatatypeSamples(columns[t], columns[name])
            for name, t in wanted.items()
        }

    def counts(self, chunks: Iterable[Chunk]) -> Counter[int]:
        """Return how many samples of each datatype some windows of JSON hold."""
        total: Counter[int] = Counter()
        for chunk in chunks:
            with pa.memory_map(str(self.path(chunk))) as source:
                counts = json.loads(ipc.open_file(source).schema.metadata[b"counts"])
            total.update({int(name): count for name, count in counts.items()})
        return total

    def _checksum(self, path: Path) -> Path:
        return path.with_name(f"{path.name}.sha256")


def _table(samples: Mapping[int, DatatypeSamples]) -> pa.Table:
    """Return one row: a list per datatype, and one for each array of stamps."""
    columns: dict[str, Any] = {}
    stamps: dict[str, str] = {}
    known: dict[int, str] = {}
    for number, (ticks, values) in samples.items():
        if id(ticks) not in known:
            known[id(ticks)] = name = f"stamps {len(known)}"
            columns[name] = _one(ticks)
        stamps[str(number)] = known[id(ticks)]
        columns[str(number)] = _one(values)
    counts = {str(number): len(held.ticks) for number, held in samples.items()}
    metadata = {b"stamps": stamps, b"counts": counts}
    return pa.table(columns).replace_schema_metadata(
        {name: json.dumps(value).encode() for name, value in metadata.items()}
    )


def _one(values: Any) -> pa.Array:
    offsets = pa.array([0, len(values)], pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(values))


def _column(table: pa.Table, name: str) -> Any:
    held = table.column(name).chunk(0).values.to_numpy(zero_copy_only=False)
    # A copy, since the memory of Arrow is read-only.
    return np.array(held)
