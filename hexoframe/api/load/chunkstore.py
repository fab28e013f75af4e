"""The finished pieces of a download on disk, each with its checksum.

A piece is there or it is not: its checksum is written last, and compared by the first
who finds it on another day. So a download that was killed goes on where it was. Nothing
is asked of the network here, and no frame is made.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from hexoframe.formats.wire.answers import DatatypeSamples as Samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hexoframe.api.load.chunks import Piece

__all__ = ["Shelf"]

_LOG = logging.getLogger(__name__)
_SUFFIX = {"zip": ".zip", "json": ".arrow"}
_OPTIONS = ipc.IpcWriteOptions(compression="lz4")


class Shelf:
    """The finished pieces in a folder.

    Parameters
    ----------
    folder : Path
        A folder that exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._proved: set[str] = set()

    def path(self, piece: Piece) -> Path:
        """Return where the file of a piece is, or belongs."""
        return self._folder / f"{piece.key}{_SUFFIX[piece.kind]}"

    def has(self, piece: Piece) -> bool:
        """Whether a piece is there, whole."""
        path = self.path(piece)
        if path.name in self._proved:
            return True
        try:
            told = self._mark(path).read_text("ascii")
            found = _digest(path)
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        if told != found:
            _LOG.warning("%s is damaged: it is fetched again", path.name)
            self.drop(piece)
            return False
        self._proved.add(path.name)
        return True

    def finish(self, piece: Piece) -> None:
        """Say that the file of a piece is whole."""
        path = self.path(piece)
        mark = self._mark(path)
        fresh = mark.with_name(f"{mark.name}.new")
        fresh.write_text(_digest(path), "ascii")
        fresh.replace(mark)
        self._proved.add(path.name)

    def drop(self, piece: Piece) -> None:
        """Remove a piece."""
        path = self.path(piece)
        self._proved.discard(path.name)
        self._mark(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def put(self, piece: Piece, samples: Mapping[int, Samples]) -> None:
        """Keep the samples of a page of JSON."""
        path = self.path(piece)
        fresh = path.with_name(f"{path.name}.new")
        table = _table(samples)
        with ipc.new_file(fresh, table.schema, options=_OPTIONS) as writer:
            writer.write_table(table)
        fresh.replace(path)
        self.finish(piece)

    def get(self, piece: Piece, datatypes: Collection[int]) -> dict[int, Samples]:
        """Return samples of a page of JSON, of some datatypes.

        Datatypes with the same stamps share the array of them.
        """
        path = str(self.path(piece))
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
            int(name): Samples(columns[t], columns[name]) for name, t in wanted.items()
        }

    def counts(self, pieces: Iterable[Piece]) -> Counter[int]:
        """Return how many samples of each datatype some pages of JSON hold."""
        total: Counter[int] = Counter()
        for piece in pieces:
            with pa.memory_map(str(self.path(piece))) as source:
                told = json.loads(ipc.open_file(source).schema.metadata[b"counts"])
            total.update({int(name): count for name, count in told.items()})
        return total

    def _mark(self, path: Path) -> Path:
        return path.with_name(f"{path.name}.sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(samples: Mapping[int, Samples]) -> pa.Table:
    """Return samples as one row: a list a datatype, and one for each set of stamps."""
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
    about = {b"stamps": stamps, b"counts": counts}
    return pa.table(columns).replace_schema_metadata(
        {name: json.dumps(told).encode() for name, told in about.items()}
    )


def _one(values: Any) -> pa.Array:
    offsets = pa.array([0, len(values)], pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(values))


def _column(table: pa.Table, name: str) -> Any:
    held = table.column(name).chunk(0).values.to_numpy(zero_copy_only=False)
    # A copy, since the memory belongs to Arrow, which lets nobody write.
    return np.array(held)
