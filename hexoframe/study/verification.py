"""Compares every file of a study with its receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from hexoframe.errors import HexoframeError
from hexoframe.study.layout import (
    RECEIPTS,
    number_in,
    receipt_key,
    sample_key,
    table_key,
)
from hexoframe.study.progress import StudyBar
from hexoframe.study.receipts import read_receipt

if TYPE_CHECKING:
    from hexoframe.study.storage import Storage

__all__ = ["find_faults_of_study"]

_COLUMNS = {"record": "Int64", "file": "string", "fault": "string"}
_Row = tuple[int | None, str, str]


def find_faults_of_study(
    storage: Storage, *, progress: bool | None = None
) -> pd.DataFrame:
    """Return a row for each file that is not as its receipt says; none if all are.

    All bytes are read. Files of records without a receipt are listed too: what a run
    that ended early left, which the next sync of the record replaces.
    """
    names = storage.listing(RECEIPTS)
    numbers = sorted(n for name in names if (n := number_in(name)) is not None)
    rows: list[_Row] = []
    known: set[str] = set()
    with StudyBar("verify", [1.0] * len(numbers), show=progress) as bar:
        for number in numbers:
            rows += _record_faults(storage, number, known)
            bar.finished(1.0)
    rows += _left_over(storage, known, set(numbers))
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def _record_faults(storage: Storage, number: int, known: set[str]) -> Iterator[_Row]:
    try:
        receipt = read_receipt(storage, number)
    except (HexoframeError, FileNotFoundError) as error:
        yield number, storage.url(receipt_key(number)), str(error)
        return
    told = {
        sample_key(name, number): receipt.entry(name).sha256
        for name in receipt.channels
    }
    told |= {
        table_key(name, number): file.sha256 for name, file in receipt.tables.items()
    }
    for key, digest in told.items():
        known.add(key)
        try:
            data = storage.read(key)
        except FileNotFoundError:
            yield number, storage.url(key), "is missing"
            continue
        if hashlib.sha256(data).hexdigest() != digest:
            yield number, storage.url(key), "is not what was written (SHA-256)"


def _left_over(storage: Storage, known: set[str], numbers: set[int]) -> Iterator[_Row]:
    keys = (
        f"{folder}/{below}/{name}"
        for folder in ("samples", "tables")
        for below in storage.folders(folder)
        for name in storage.listing(f"{folder}/{below}")
    )
    for key in keys:
        if key in known:
            continue
        number = number_in(key.rpartition("/")[2])
        why = "belongs to no record: no receipt names it"
        if number in numbers:
            why = "is not in the receipt of its record"
        yield number, storage.url(key), why
