"""Copies of the slow channels, many records in a file, for programs that scan them all.

A file for each record costs a query its opening; a part holds up to 64 records, one row
group each. The parts are copies: the study never reads a record from them, and one that
is no longer true of its records is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import channels_of, find
from hexoframe.errors import ConfigurationError, FileFormatError, UnknownChannelError
from hexoframe.study.layout import read_json, sample_key, slow_folder, write_json

if TYPE_CHECKING:
    from hexoframe.study.receipts import Index
    from hexoframe.study.storage import Storage

__all__ = ["channel_paths", "compact"]

_RECORDS = 64
_INDEX = "index.json"


class _Part(NamedTuple):
    """A compacted file: its name, and the receipt of each of its records."""

    file: str
    records: dict[str, str]


def compact(storage: Storage, index: Index) -> dict[str, int]:
    """Compact every channel that is no waveform; return the records of each.

    Parts that are full and still true stay. A part is written before the index names
    it, and removed after it is no longer named.
    """
    done = {}
    for name in sorted(
        {name for row in index.rows.values() for name in row["channels"]}
    ):
        if not _is_waveform(name, index):
            done[name] = _compact_channel(storage, index, name)
    return done


def _is_waveform(name: str, index: Index) -> bool:
    families = {row["family"] for row in index.rows.values() if name in row["channels"]}
    known = (channels_of(family).get(name) for family in sorted(families))
    return any(channel is None or channel.kind == "waveform" for channel in known)


def _stamps(index: Index, name: str) -> dict[int, str]:
    """Return the records that have a channel, each with the stamp of its receipt."""
    return {
        number: row["receipt"]
        for number, row in sorted(index.rows.items())
        if name in row["channels"]
    }


def _compact_channel(storage: Storage, index: Index, name: str) -> int:
    wanted, parts = _stamps(index, name), _parts(storage, name)
    true = [part for part in parts if _is_true(part, wanted)]
    kept = [part for part in true if len(part.records) == _RECORDS]
    inside = {int(number) for part in kept for number in part.records}
    left = [number for number in wanted if number not in inside]
    least = sum(-(-len(some) // _RECORDS) for _, some in _by_family(index, wanted))
    held = {int(number) for part in parts for number in part.records}
    if len(true) == len(parts) <= least and held == {*wanted}:
        return len(wanted)
    taken = [part.file for part in parts]
    fresh = []
    for family, numbers in _by_family(index, left):
        for at in range(0, len(numbers), _RECORDS):
            group = tuple(numbers[at : at + _RECORDS])
            file = _free_name(taken)
            taken.append(file)
            _write_part(storage, name, (family, group), file)
            fresh.append(_Part(file, {str(n): wanted[n] for n in group}))
    listed = [part._asdict() for part in (*kept, *fresh)]
    write_json(storage, f"{slow_folder(name)}/{_INDEX}", {"parts": listed})
    for part in parts:
        if part not in kept:
            storage.remove(f"{slow_folder(name)}/{part.file}")
    return len(wanted)


def _by_family(index: Index, numbers: Iterable[int]) -> Iterator[tuple[Any, list[int]]]:
    """Yield records by family: the columns of a channel may differ between them."""
    listed = list(numbers)
    for family in sorted({index.rows[number]["family"] for number in listed}):
        yield family, [n for n in listed if index.rows[n]["family"] == family]


def _free_name(taken: list[str]) -> str:
    return next(
        name
        for at in range(len(taken) + 1)
        if (name := f"part-{at:05d}.parquet") not in taken
    )


def _write_part(
    storage: Storage, name: str, group: tuple[Any, tuple[int, ...]], file: str
) -> None:
    family, numbers = group
    columns = ["time", *channels_of(family)[name].columns, "record"]
    with storage.scratch() as folder:
        path = folder / file
        writer = None
        for number in numbers:
            table = _channel_table(storage, name, number, columns)
            if writer is None:
                writer = pq.ParquetWriter(
                    path,
                    table.schema,
                    # A copy for speed: unpacked twice as fast as zstd.
                    compression="lz4",
                    use_dictionary=columns[1:],
                    column_encoding={"time": "DELTA_BINARY_PACKED"},
                )
            # One row group a record: its bounds tell a reader what to leave out.
            writer.write_table(table, row_group_size=max(1, len(table)))
        if writer is not None:
            writer.close()
        storage.put(path, f"{slow_folder(name)}/{file}")


def _channel_table(
    storage: Storage, name: str, number: int, columns: list[str]
) -> pa.Table:
    key = sample_key(name, number)
    try:
        table = pq.read_table(pa.BufferReader(storage.read(key)), columns=columns)
    except pa.ArrowException as error:
        raise FileFormatError(
            f"{storage.url(key)} is damaged ({error}): verify() lists such files; sync "
            "the record again"
        ) from error
    return table.replace_schema_metadata(None)


def _parts(storage: Storage, name: str) -> list[_Part]:
    try:
        held, source = read_json(storage, f"{slow_folder(name)}/{_INDEX}")
    except FileNotFoundError:
        return []
    return source.typed(held.get("parts"), list[_Part], field="parts")


def _is_true(part: _Part, stamps: Mapping[int, str]) -> bool:
    """Whether a part still is a copy of what the study has of its records."""
    return all(stamps.get(int(n)) == stamp for n, stamp in part.records.items())


def channel_paths(storage: Storage, index: Index, key: str | int) -> list[str]:
    """Return the files that together hold a channel of all records, each record once.

    Parts that are true, then the files of the records that are in none.
    """
    families = {row["family"] for row in index.rows.values()}
    name = _name_of(key, sorted(families))
    wanted = _stamps(index, name)
    parts = [part for part in _parts(storage, name) if _is_true(part, wanted)]
    inside = {int(number) for part in parts for number in part.records}
    singles = [sample_key(name, number) for number in wanted if number not in inside]
    keys = [*(f"{slow_folder(name)}/{part.file}" for part in parts), *singles]
    return [storage.url(each) for each in keys]


def _name_of(key: str | int, families: list[Any]) -> str:
    if not families:
        raise ConfigurationError("the study has no record: sync() brings some")
    errors = []
    for family in families:
        try:
            return find(family, key).name
        except UnknownChannelError as error:
            errors.append(error)
    raise errors[0]
