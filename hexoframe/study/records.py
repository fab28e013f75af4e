"""Records of a study: written into it, and opened from it.

Channels first, then tables, then the receipt, so that a record without a receipt is not
there. Which records come in is for `sync`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.analysis.coverage import summarise_coverage
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.usage import span_samples
from hexoframe.channels import channels_of, find
from hexoframe.errors import FileFormatError, HexoframeError, IncompleteDataError
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.own.footer import RECORD
from hexoframe.formats.own.manifest import file_to_json
from hexoframe.formats.own.parquet import FrameReader, write_channel
from hexoframe.jsontext import JsonSource
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.scales import without_warning
from hexoframe.study.layout import (
    TABLES,
    receipt_key,
    result_key,
    sample_key,
    table_key,
)
from hexoframe.study.receipts import (
    RecordReceipt,
    read_receipt,
    receipt_bytes,
    receipt_to_json,
    row_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData
    from hexoframe.study.receipts import StudySource
    from hexoframe.study.storage import Storage

__all__ = ["drop_record", "is_of_reading", "open_stored", "store_record"]

# Channels that are written at a time.
_THREADS = 2
# Channels whose usable share stands in the table of a study.
_JUDGED = ("heart_rate", "breathing_rate")


# -- writing ---------------------------------------------------------------------------


def store_record(  # noqa: PLR0913  # what is kept of it
    storage: Storage,
    record: RecordData,
    number: int,
    *,
    source: StudySource,
    asked: Sequence[str] | None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Write a record into a study, and return its row; the same number is replaced.

    What was finished of the study stays as it was if this fails.
    """
    with storage.scratch() as folder:
        files = _write_channels(record, number, folder)
        tables = _write_tables(record, number, folder)
        what = {
            "record": number,
            "source": list(source),
            "asked": None if asked is None else list(asked),
            "tables": {n: [size, digest] for n, (size, digest) in tables.items()},
            "warnings": list(warnings),
        }
        draft = receipt_to_json(record, files, {**what, "measures": {}})
        origin = JsonSource(storage.url(receipt_key(number)))
        measured = _measures(RecordReceipt(draft, origin, folder.joinpath))
        held = {**draft, "measures": measured}
        # From here on the record of before is not there.
        drop_record(storage, number)
        for name in files:
            storage.put(folder / sample_key(name, number), sample_key(name, number))
        for name in tables:
            storage.put(folder / f"table-{name}.parquet", table_key(name, number))
        storage.write(receipt_key(number), receipt_bytes(held))
    return row_of(RecordReceipt(held, origin, folder.joinpath))


def _write_channels(
    record: RecordData, number: int, folder: Path
) -> dict[str, dict[str, Any]]:
    """Write the channels into a folder, and return their entries of the receipt."""
    names = channels_to_write(record, None)

    def written(name: str) -> dict[str, Any]:
        path = folder / sample_key(name, number)
        path.parent.mkdir(parents=True)
        entry = write_channel(record, name, path, number=number)
        return {**file_to_json(path, record, name), **entry}

    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(names, pool.map(written, names), strict=True))


def _write_tables(
    record: RecordData, number: int, folder: Path
) -> dict[str, tuple[int, str]]:
    """Write the tables of facts that the source knows, for other programs."""
    written = {}
    for name in TABLES:
        table = getattr(record.facts, name)
        if table is None:
            continue
        path = folder / f"table-{name}.parquet"
        whole = table.reset_index() if table.index.name else table
        arrow = pa.Table.from_pandas(whole, preserve_index=False)
        arrow = arrow.replace_schema_metadata(None)
        column = pa.repeat(pa.scalar(number, RECORD.type), len(arrow))
        pq.write_table(arrow.add_column(0, RECORD, column), path, compression="zstd")
        written[name] = (path.stat().st_size, sha256_of(path))
    return written


def drop_record(storage: Storage, number: int) -> None:
    """Remove a record, the receipt first, and what was computed of it."""
    try:
        receipt = read_receipt(storage, number)
    except FileNotFoundError:
        return
    except FileFormatError:
        receipt = None
    storage.remove(receipt_key(number))
    for name in storage.folders("results"):
        storage.remove(result_key(name, number))
    if receipt is not None:
        for name in receipt.channels:
            storage.remove(sample_key(name, number))
        for name in receipt.tables:
            storage.remove(table_key(name, number))


# -- figures of the table --------------------------------------------------------------


@without_warning()
def _measures(receipt: RecordReceipt) -> dict[str, float | None]:
    """Return what the table of a study says of a record; waveforms are not read."""
    record = _record_of(receipt, None)
    coverage = summarise_coverage(record)
    figures: dict[str, Any] = {
        f"coverage_{name}": share
        for name, share in coverage["share"].items()
        if record.channel(str(name)).kind in ("waveform", "rate")
        and record.channel(str(name)).datatypes[0].unit != "bits"
    }
    for name in _JUDGED:
        if name in record:
            samples = span_samples(record, name, spans_of(record))
            figures[f"good_{name}"] = samples.share[0]
    worn = coverage["not_worn"].dropna()
    figures["worn"] = 1 - worn.iloc[0] if len(worn) else None
    return {name: _plain(figure) for name, figure in figures.items()}


def _plain(figure: Any) -> float | None:
    return None if figure is None or np.isnan(figure) else float(figure)


# -- opening ---------------------------------------------------------------------------


def open_stored(
    storage: Storage, number: int, *, channels: Sequence[str | int] | None = None
) -> Record:
    """Open a record of a study; samples are read when a channel is touched.

    FileNotFoundError if the study has no such record, UnknownChannelError if its model
    has none of a name.
    """
    receipt = read_receipt(storage, number)
    family = receipt.head.family
    left_out: set[str] = set()
    if channels is not None:
        left_out = {*channels_of(family)} - {find(family, key).name for key in channels}
    return _record_of(receipt, storage, left_out=left_out)


def _record_of(
    receipt: RecordReceipt,
    storage: Storage | None,
    *,
    left_out: Collection[str] = (),
) -> Record:
    """Return a record whose files are where its receipt says, or in a storage."""
    head, known = receipt.head, channels_of(receipt.head.family)
    number = receipt.info.get("id")
    reader = FrameReader(held=head.scale, wanted=head.scale, record_id=number)
    # Other names are those of a newer hexoframe.
    names = [n for n in receipt.channels if n in known and n not in left_out]
    return Record(
        head.family,
        head.span,
        {name: _channel(receipt, reader, known[name], storage) for name in names},
        facts=receipt.facts,
        scale=head.scale,
        tz=head.tz,
        left_out=left_out,
        belts=receipt.belts,
    )


def _channel(
    receipt: RecordReceipt,
    reader: FrameReader,
    channel: Channel,
    storage: Storage | None,
) -> LazyChannel:
    """Return a channel of which nothing is read, not even its entry."""
    name, number = channel.name, receipt.number
    load = None
    if storage is not None and storage.path("") is None:
        load = partial(storage.read, sample_key(name, number))

    def held() -> LazyChannel:
        return reader.lazy(receipt.entry(name), channel, load=load)

    def read() -> pd.DataFrame:
        with _reading(number, name):
            return held().read()

    def pieces(rows: int) -> Iterator[pd.DataFrame]:
        with _reading(number, name):
            made = held().pieces
            if made is not None:
                yield from made(rows)

    return LazyChannel(
        read=read,
        pieces=pieces,
        receipt=lambda: receipt.entry(name).receipt,
        survey=lambda: receipt.entry(name).survey,
    )


_TOLD = "hexoframe_study_record"


def is_of_reading(error: BaseException | None) -> bool:
    """Whether an error came from reading the files of a study, however it was chained.

    Such a record cannot be loaded; who asked for the samples made no mistake.
    """
    while error is not None:
        if hasattr(error, _TOLD):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def _reading(number: int, name: str) -> Iterator[None]:
    try:
        with _gone_is_incomplete(number, name):
            yield
    except (HexoframeError, OSError) as error:
        setattr(error, _TOLD, number)
        raise


@contextmanager
def _gone_is_incomplete(number: int, name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise IncompleteDataError(
            f"the samples of {name} of record {number} are gone from the study, and "
            "its receipt says that they were there: verify() lists such files; remove "
            f"{receipt_key(number)}, and sync the record again"
        ) from error
