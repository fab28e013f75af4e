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
from hexoframe.formats.wire.answers import DatatypeSamples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Chunk", "ChunkStore", "split"]

_LOG = logging.getLogger(__name__)
_SUFFIX = {"zip": ".zip", "json": ".arrow"}


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
            found = _digest(path)
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
        fresh.write_text(_digest(path), "ascii")
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
        with ipc.new_file(fresh, table.schema) as writer:
            writer.write_table(table)
        fresh.replace(path)
        self.finish(chunk)

    def get(
        self, chunk: Chunk, datatypes: Collection[int]
    ) -> dict[int, DatatypeSamples]:
        """Return samples of a window of JSON; equal stamps share one array."""
        path = str(self.path(chunk))
        with pa.memory_map(path) as source:
            # Nothing is copied here: the columns are views of the file.
            table = ipc.open_file(source).read_all()
            told = table.schema.metadata
            stamps: dict[str, str] = json.loads(told[b"stamps"])
            even: dict[str, list[int]] = json.loads(told.get(b"even", "{}"))
            wanted = {
                name: stamps[name] for name in map(str, datatypes) if name in stamps
            }
            values = {int(name): _column(table, name, np.float64) for name in wanted}
            ticks = {
                name: np.arange(*even[name], dtype=np.int64)
                if name in even
                else _column(table, name, np.int64)
                for name in {*wanted.values()}
            }
        return {
            int(name): DatatypeSamples(ticks[held], values[int(name)])
            for name, held in wanted.items()
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


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(samples: Mapping[int, DatatypeSamples]) -> pa.Table:
    """Return one row: a list per datatype, and one for each array of uneven stamps."""
    columns: dict[str, Any] = {}
    stamps: dict[str, str] = {}
    even: dict[str, tuple[int, int, int]] = {}
    known: dict[int, str] = {}
    for number, (ticks, values) in samples.items():
        if id(ticks) not in known:
            known[id(ticks)] = name = f"stamps {len(known)}"
            if spacing := _spacing(ticks):
                even[name] = spacing
            else:
                columns[name] = _one(ticks)
        stamps[str(number)] = known[id(ticks)]
        columns[str(number)] = _one(_narrowed(values))
    counts = {str(number): len(held.ticks) for number, held in samples.items()}
    metadata = {b"stamps": stamps, b"even": even, b"counts": counts}
    return pa.table(columns).replace_schema_metadata(
        {name: json.dumps(value).encode() for name, value in metadata.items()}
    )


def _spacing(ticks: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Return start, stop and step of evenly spaced stamps, as `numpy.arange` has it."""
    if len(ticks) < 2:
        return None
    step = int(ticks[1]) - int(ticks[0])
    if not step or (np.diff(ticks) != step).any():
        return None
    return int(ticks[0]), int(ticks[-1]) + step, step


def _narrowed(values: NDArray[np.float64]) -> NDArray[np.floating]:
    """Return float32 if that keeps every bit; half the bytes for most waveforms."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    same = narrow.astype(np.float64).view(np.int64) == values.view(np.int64)
    return narrow if same.all() else values


def _one(values: NDArray[Any]) -> pa.Array:
    offsets = pa.array([0, len(values)], pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(values))


def _column(table: pa.Table, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    held = table.column(name).chunk(0).values.to_numpy(zero_copy_only=False)
    # A copy, since the memory of Arrow is read-only.
    return np.array(held, dtype)
