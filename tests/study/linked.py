"""Studies of many records, made quickly: one record, and links to its files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.formats.checksums import sha256_of
from hexoframe.study.layout import receipt_key, sample_key
from hexoframe.study.receipts import receipt_bytes


def link_records(
    root: Path, number: int, numbers: range, *, own: tuple[str, ...] = ()
) -> None:
    """Add records whose files are links to those of a record of the study.

    Their column `record` says the number of the first one, but for the channels that
    are named in `own`, which have files of their own.
    """
    text = (root / receipt_key(number)).read_text("utf-8")
    held = json.loads(text)["receipt"]
    tables = {name: pq.read_table(root / sample_key(name, number)) for name in own}
    for other in numbers:
        files = {}
        for name, entry in held["channels"].items():
            target = root / sample_key(name, other)
            files[name] = {**entry, "file": target.name}
            if name in own:
                files[name] |= _written(tables[name], other, target)
            else:
                os.link(root / sample_key(name, number), target)
        info = {**held["info"], "id": other}
        copy = {**held, "record": other, "channels": files, "info": info, "tables": {}}
        (root / receipt_key(other)).write_bytes(receipt_bytes(copy))


def _written(table: pa.Table, number: int, target: Path) -> dict[str, object]:
    """Write a channel with another number, and return what the receipt says of it."""
    at = table.column_names.index("record")
    column = pa.repeat(pa.scalar(number, pa.int64()), len(table))
    table = table.set_column(at, table.schema.field(at), column)
    pq.write_table(
        table,
        target,
        compression="zstd",
        use_dictionary=[name for name in table.column_names if name != "time"],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
    )
    return {"bytes": target.stat().st_size, "sha256": sha256_of(target)}
