"""Studies of many records, made quickly: one record, and links to its files."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hexoframe.study.layout import receipt_key, sample_key
from hexoframe.study.receipts import receipt_bytes


def link_records(root: Path, number: int, numbers: range) -> None:
    """Add records whose files are links to those of a record of the study.

    Their column `record` says the number of the first one.
    """
    held = json.loads((root / receipt_key(number)).read_text("utf-8"))["receipt"]
    for other in numbers:
        for name in held["channels"]:
            target = root / sample_key(name, other)
            os.link(root / sample_key(name, number), target)
        files = {
            name: {**entry, "file": f"record={other}.parquet"}
            for name, entry in held["channels"].items()
        }
        info = {**held["info"], "id": other}
        copy = {**held, "record": other, "channels": files, "info": info, "tables": {}}
        (root / receipt_key(other)).write_bytes(receipt_bytes(copy))
