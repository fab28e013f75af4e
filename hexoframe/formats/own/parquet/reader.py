"""Reads records, and single channel files, that `writer` wrote.

Samples are decoded here, when a channel is touched; what a file promises is read in
`footer` and `manifest`, and what a sample means is not decided here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.channels import channels_of
from hexoframe.errors import FileFormatError
from hexoframe.formats.own.manifest import (
    PARQUET,
    find_faults,
    open_contents,
    read_manifest,
    refuse,
    rescaled,
)
from hexoframe.formats.own.parquet.footer import (
    ATTRS,
    KEY,
    MAGIC,
    check_bytes,
    find_fault,
    read_footer,
)
from hexoframe.recording import frames
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest import Contents, Fault, Stored

__all__ = ["read", "sniff", "verify"]

# What a thread decodes at once.
_BATCH_ROWS = 1 << 17
_THREADS = min(4, os.cpu_count() or 1)
_NS_UTC = pd.DatetimeTZDtype("ns", "UTC")
# Enough of a file to see what it is.
_HEAD = 256


def sniff(path: Path) -> bool:
    """Tell whether a path is a record that `write` made, or a channel file of one.

    Parameters
    ----------
    path : Path
        A folder, a manifest or a file. A Parquet file whose footer is damaged counts,
        so that `read` can say what is wrong with it.

    Returns
    -------
    bool
        Whether `read` takes it.
    """
    file = PARQUET.manifest_at(Path(path))
    if not file.is_file():
        return False
    head = _head(file)
    if not head.startswith(MAGIC):
        return PARQUET.starts(head)
    try:
        keys = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError):
        return True
    return KEY in keys


def verify(path: Path) -> None:
    """Compare every byte of a record with its manifest.

    Parameters
    ----------
    path : Path
        Folder that `write` made, or its manifest.

    Raises
    ------
    IncompleteDataError
        If files, bytes or rows are missing.
    FileFormatError
        If anything else is not what was written.
    """
    contents = _contents(Path(path))
    known = channels_of(contents.family)
    held = {name: known[name] for name in contents.channels if name in known}
    faults = find_faults(contents, held, partial(find_fault, thorough=True))
    if faults:
        refuse(path, contents, faults, "Write or copy the record again")


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a record that `write` made, or one channel file of it.

    The manifest, the sizes and the footers of the files are compared first. Samples
    are read when they are first touched; their checksum is compared then.

    Parameters
    ----------
    path : Path
        The folder, its manifest, or one channel file, which gives a record of that
        channel.
    options : ReadOptions
        What the caller asks. With `allow_partial` all bytes are compared at once, and a
        channel that is damaged or missing is empty and stands as lost in the ledger.

    Returns
    -------
    RecordData
        The record; `info` and the zone are those of the record that was written.

    Raises
    ------
    IncompleteDataError
        If files, bytes or rows are missing.
    FileFormatError
        If a file is damaged, was changed, or is of a newer version of the format.
    ConfigurationError
        If `options.model` is another than that of the record.

    Warns
    -----
    MissingSamplesWarning
        If `allow_partial` let the record open without a channel.
    SkippedChannelWarning
        If the channel table of this version lacks a channel.
    """
    path = Path(path)
    contents = _contents(path)
    reader = _Reader(contents, options.scale)
    return open_contents(
        path,
        contents,
        options,
        look=partial(find_fault, thorough=options.allow_partial),
        source=reader.source,
    )


def _contents(path: Path) -> Contents:
    if not path.is_dir() and not PARQUET.starts(_head(path)):
        return read_footer(path)
    file = PARQUET.manifest_at(path)
    try:
        return read_manifest(file, PARQUET)
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path} has no {file.name}, so nothing says whether the record is whole: "
            "open its .parquet files one by one, or write the record again"
        ) from error


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD)


# -- samples ---------------------------------------------------------------------------


class _Reader:
    """Makes the frames of a record; channels with equal stamps share one index.

    Where the manifest says that stamps are even, they are computed and not decoded: the
    checksum beside it says that the file is the one that it speaks of, whose own footer
    must have the same first and last stamp.
    """

    def __init__(self, contents: Contents, scale: Scale) -> None:
        self._contents = contents
        self._scale = scale
        self._indexes: dict[tuple[int, int, int], pd.DatetimeIndex] = {}
        self._even: dict[tuple[int, int, int], pd.DatetimeIndex] = {}

    def source(
        self, stored: Stored, channel: Channel, fault: Fault | None
    ) -> LazyChannel:
        if fault is not None:
            nothing = frames.empty_frame(
                channel, record_id=self._contents.record_id, scale=self._scale
            )
            return LazyChannel(read=lambda: nothing)
        return LazyChannel(
            read=lambda: self._read(stored, channel),
            pieces=lambda rows: self._pieces(stored, channel, rows),
        )

    def _read(self, stored: Stored, channel: Channel) -> pd.DataFrame:
        data = stored.path.read_bytes()
        check = partial(check_bytes, stored, data)
        dtypes: dict[str, str] = dict.fromkeys(channel.columns, channel.dtype)
        with _decoding(stored, check):
            if stored.step is None or stored.sha256 is None:
                dtypes = {"time": "int64", **dtypes}
                footer, columns = _decode(pa.py_buffer(data), dtypes, check)
                index = self._shared(columns.pop("time"))
            else:
                spaced = partial(self._spaced, stored, NS_PER_TICK[channel.clock])
                footer, columns = _decode(pa.py_buffer(data), dtypes, check, spaced)
                _check_ends(footer, stored, NS_PER_TICK[channel.clock])
                index = spaced()
        return self._frame(footer, channel, index, columns)

    def _spaced(self, stored: Stored, ns: int) -> pd.DatetimeIndex:
        """Return the index of a channel with even stamps, made once for all alike."""
        first, step = stored.first * ns, (stored.step or 0) * ns
        key = (stored.rows, first, step)
        if key not in self._even:
            self._even[key] = _index(np.arange(first, first + stored.rows * step, step))
        return self._even[key]

    def _pieces(
        self, stored: Stored, channel: Channel, rows: int
    ) -> Iterator[pd.DataFrame]:
        check = partial(check_bytes, stored)
        check()
        with _decoding(stored, check), pq.ParquetFile(stored.path) as file:
            footer = file.metadata
            for batch in file.iter_batches(batch_size=rows, use_threads=False):
                if len(batch):
                    # A copy, as Arrow hands out views that nobody may write to.
                    columns = {
                        name: _values(batch, name).copy() for name in batch.schema.names
                    }
                    index = _index(columns.pop("time"))
                    yield self._frame(footer, channel, index, columns)

    def _shared(self, stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
        """Return the index of a channel before this one, where it is the same."""
        if not len(stamps):
            return _index(stamps)
        key = (len(stamps), int(stamps[0]), int(stamps[-1]))
        known = self._indexes.get(key)
        if known is None or not np.array_equal(known.asi8, stamps):
            known = self._indexes[key] = _index(stamps)
        return known

    def _frame(
        self,
        footer: pq.FileMetaData,
        channel: Channel,
        index: pd.DatetimeIndex,
        columns: dict[str, NDArray[Any]],
    ) -> pd.DataFrame:
        held = self._contents.scale
        frame = frames.make_frame(channel, index, columns, scale=held)
        frame.attrs = json.loads(footer.metadata[ATTRS])
        return rescaled(frame, channel, held=held, wanted=self._scale)


def _index(stamps: NDArray[np.int64]) -> pd.DatetimeIndex:
    # Integers with this dtype are ns of UTC: no parsing, no localising and no copy.
    return pd.DatetimeIndex(stamps, dtype=_NS_UTC, copy=False, name="time")


def _decode(
    data: pa.Buffer, dtypes: Mapping[str, str], *aside: Callable[[], object]
) -> tuple[pq.FileMetaData, dict[str, NDArray[Any]]]:
    """Return the footer and some columns of a file, the time as int64.

    What is to be done `aside` is done by the same threads; its errors go before those
    of decoding.

    Arrays of the final size are filled in steps that fit into the cache of a core, by
    a few threads: Arrow's own arrays grow by doubling, which costs twice the memory.
    """
    footer = pq.read_metadata(pa.BufferReader(data))
    groups = range(footer.num_row_groups)
    starts = np.cumsum([0, *(footer.row_group(group).num_rows for group in groups)])
    columns = {name: np.empty(footer.num_rows, dtype) for name, dtype in dtypes.items()}

    def fill(group: int) -> None:
        at = int(starts[group])
        with pq.ParquetFile(pa.BufferReader(data), metadata=footer) as file:
            for batch in file.iter_batches(
                batch_size=_BATCH_ROWS,
                row_groups=[group],
                columns=list(columns),
                use_threads=False,
            ):
                for name, values in columns.items():
                    values[at : at + len(batch)] = _values(batch, name)
                at += len(batch)

    tasks: list[Callable[[], object]] = [*aside]
    tasks += [partial(fill, group) for group in groups]
    if len(groups) <= 1:
        for task in tasks:
            task()
        return footer, columns
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
    return footer, columns


def _check_ends(footer: pq.FileMetaData, stored: Stored, ns: int) -> None:
    """Refuse a manifest whose first or last stamp is not that of the file."""
    first, last = (
        footer.row_group(group).column(0).statistics
        for group in (0, footer.num_row_groups - 1)
    )
    found = (first.min_raw // ns, last.max_raw // ns)
    if found != (stored.first, stored.last):
        raise FileFormatError(
            f"{stored.path} has stamps from tick {found[0]} to {found[1]}, its "
            f"manifest says {stored.first} to {stored.last}; write or copy the record "
            "again"
        )


def _values(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of a batch, as a view where nothing is missing."""
    values: NDArray[Any] = batch.column(name).to_numpy(zero_copy_only=False)
    return values.view(np.int64) if name == "time" else values


@contextmanager
def _decoding(stored: Stored, check: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        check()  # bytes that are not those that were written say more
        raise FileFormatError(
            f"{stored.path}: the samples cannot be decoded ({error}); write or copy "
            "the record again"
        ) from error
