"""Chunks: what one request for samples brings, and the store of finished ones on disk.

The key of a chunk is the same in another process and on another day, so a download that
was interrupted goes on where it was. No request is sent here, and no frame is made.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from hexoframe.errors import ConfigurationError
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.wire.answers import DatatypeSamples
from hexoframe.paths import is_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Chunk", "ChunkStore", "split"]

# Mode of a file that only the user may read.
_OWN = 0o600
_LOG = logging.getLogger(__name__)
_SUFFIX = {"zip": ".zip", "json": ".samples.arrow"}
# Key of the metadata that says what is where.
_CONTENT = b"content"


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
        window = "whole" if self.whole else f"{self.start}-{self.end}"
        return f"{self.kind}-{window}-{_digest_of(self.datatypes)}"

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


@functools.lru_cache
def _digest_of(datatypes: tuple[int, ...]) -> str:
    listed = ",".join(map(str, datatypes)) or "all"
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


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
        if not (is_file(path) and is_file(self._checksum(path))):
            return False
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
        with ipc.new_file(fresh, table.schema) as writer:
            writer.write_table(table)
        fresh.chmod(_OWN)
        fresh.replace(path)
        self.finish(chunk)

    def get(
        self, chunk: Chunk, datatypes: Collection[int]
    ) -> dict[int, DatatypeSamples]:
        """Return samples of a window of JSON; equal stamps share one array.

        Values are ``float32`` where that holds them exactly.
        """
        path = str(self.path(chunk))
        with pa.memory_map(path) as source:
            # Nothing is copied here: the columns are views of the file.
            table = ipc.open_file(source).read_all()
            content = json.loads(table.schema.metadata[_CONTENT])
            held: dict[str, _SampleRows] = {
                name: _SampleRows(*content["lists"][name])
                for name in map(str, datatypes)
                if name in content["lists"]
            }
            ticks = {
                each.stamps: _stamps(table, content["stamps"][each.stamps])
                for each in held.values()
            }
            return {
                int(name): DatatypeSamples(ticks[each.stamps], _values(table, each))
                for name, each in held.items()
            }

    def counts(self, chunks: Iterable[Chunk]) -> Counter[int]:
        """Return how many samples of each datatype some windows of JSON hold."""
        total: Counter[int] = Counter()
        for chunk in chunks:
            with pa.memory_map(str(self.path(chunk))) as source:
                content = json.loads(ipc.open_file(source).schema.metadata[_CONTENT])
            lists = {
                name: _SampleRows(*held) for name, held in content["lists"].items()
            }
            total.update({int(name): held.rows for name, held in lists.items()})
        return total

    def _checksum(self, path: Path) -> Path:
        return path.with_name(f"{path.name}.sha256")


class _SampleRows(NamedTuple):
    """Where the samples of a datatype are: rows of a column, and number of the stamps.

    `wide` is the first row in ``float64``, if ``float32`` does not hold them exactly.
    """

    stamps: int
    first: int
    rows: int
    wide: int | None


def _table(samples: Mapping[int, DatatypeSamples]) -> pa.Table:
    """Return a list of the values of all datatypes, and one of stamps, in one row.

    Most values are whole numbers of 16 bits or fractions of a power of two, and most
    stamps are evenly spaced: that takes 4 bytes a sample, and nothing is compressed.
    """
    values = np.concatenate([np.empty(0), *(held.values for held in samples.values())])
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    exact = narrow.astype(np.float64).view(np.int64) == values.view(np.int64)
    wide, stamps = _Stack(), _Stack()
    lists: dict[int, _SampleRows] = {}
    spans: list[tuple[int, ...]] = []
    known: dict[int, int] = {}
    first = 0
    for number, (ticks, some) in samples.items():
        if id(ticks) not in known:
            known[id(ticks)] = len(spans)
            spans.append(_spacing(ticks) or (stamps.add(ticks), len(ticks)))
        end = first + len(some)
        at = None if exact[first:end].all() else wide.add(some)
        lists[number] = _SampleRows(known[id(ticks)], first, len(some), at)
        first = end
    table = pa.table(
        {
            "ticks": _one(stamps.joined(np.int64)),
            "float32": _one(narrow),
            "float64": _one(wide.joined(np.float64)),
        }
    )
    content = json.dumps({"lists": lists, "stamps": spans})
    return table.replace_schema_metadata({_CONTENT: content.encode()})


class _Stack:
    """Arrays that will stand one after the other."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []
        self._rows = 0

    def add(self, array: NDArray[Any]) -> int:
        """Add an array and return its first row."""
        first = self._rows
        self._arrays.append(array)
        self._rows += len(array)
        return first

    def joined(self, dtype: type[np.generic]) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype), *self._arrays])


def _spacing(ticks: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Return start, stop and step of evenly spaced stamps, as `numpy.arange` has it."""
    if len(ticks) < 2:
        return None
    step = int(ticks[1]) - int(ticks[0])
    if not step or (np.diff(ticks) != step).any():
        return None
    return int(ticks[0]), int(ticks[-1]) + step, step


def _stamps(table: pa.Table, span: Sequence[int]) -> NDArray[np.int64]:
    """Return stamps that are evenly spaced, or those of some rows."""
    if len(span) == 3:
        return np.arange(*span, dtype=np.int64)
    first, rows = span
    return _rows(table, "ticks", first, rows).copy()


def _values(table: pa.Table, held: _SampleRows) -> NDArray[np.floating[Any]]:
    if held.wide is None:
        return _rows(table, "float32", held.first, held.rows).copy()
    return _rows(table, "float64", held.wide, held.rows).copy()


def _one(values: NDArray[Any]) -> pa.Array:
    offsets = pa.array([0, len(values)], pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(values))


def _rows(table: pa.Table, name: str, first: int, rows: int) -> NDArray[Any]:
    """Return some rows of a column, as a view that cannot be written."""
    values: NDArray[Any] = table.column(name).chunk(0).values.to_numpy()
    return values[first : first + rows]
