"""Writes hexoframe's CSV: a tidy file a channel, or one file of an aligned frame.

The first column `time` is ISO 8601 in UTC with all nine decimals; floats stand in the
shortest form that reads back to the same float, and a missing value is an empty cell.
Nothing is read here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.options import chosen
from hexoframe.formats.own.manifest import CSV, Tally, target_of, write_manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.recording.data import RecordData

__all__ = ["write", "write_frame"]

_ROWS = 1 << 16
_TEMPLATE = np.frombuffer(b"0000-00-00T00:00:00.000000000Z", np.uint8)
_THOUSAND = np.frombuffer(b"".join(b"%03d" % n for n in range(1000)), "S3")


def write(
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one tidy CSV a channel, and `metadata.json`, which is the manifest.

    The files hold the columns of the frames, in the same units. Channels are streamed,
    so a record may be larger than memory.

    Parameters
    ----------
    record : RecordData
        What to write.
    root : Path
        Folder in which ``record_<id>/`` is made; without an id, the start of the record
        stands in its place.
    channels : sequence of str or int, optional
        Channels; all that the record has by default. One that the record lacks becomes
        a file without rows.
    overwrite : bool, default False
        Whether files of an earlier call may be replaced.

    Returns
    -------
    Path
        The folder with the files.

    Raises
    ------
    OutputExistsError
        If there are such files and they may not be replaced; nothing is written then.
    UnknownChannelError
        If a channel that was asked for is none of the model.
    ConfigurationError
        If `info` holds something that JSON has not, or a frame is not what the channel
        table says.
    TimestampError
        If a stamp lies between two ticks.
    """
    names = chosen(record, channels)
    target = target_of(record, root)
    with new_folder(target, overwrite=overwrite, owned=CSV.owns) as folder:
        promises = {name: _write_channel(record, name, folder) for name in names}
        write_manifest(CSV, record, promises, folder)
    return target


def write_frame(
    blocks: Iterable[pd.DataFrame], target: Path, *, overwrite: bool = False
) -> Path:
    """Write one aligned frame as one CSV.

    Parameters
    ----------
    blocks : iterable of DataFrame
        The frame, in blocks of rows that follow each other: numbers or booleans, with
        an index of times that know their zone. They are taken one after the other, so
        the frame may be larger than memory.
    target : Path
        File to write.
    overwrite : bool, default False
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file: `time` in UTC with nine decimals, then the columns under their names.

    Raises
    ------
    ConfigurationError
        If an index is no time with a zone, or a column holds anything else.
    OutputExistsError
        If the file exists and may not be replaced.
    """
    with new_file(target, overwrite=overwrite) as path, path.open("wb") as file:
        for block in blocks:
            index, heading = _aware(block.index), _heading(block)
            if not file.tell():
                file.write(heading)
            for first in range(0, len(block), _ROWS):
                part = slice(first, first + _ROWS)
                _write_rows(index[part].asi8, block.iloc[part], file)
    return target


def _write_channel(record: RecordData, name: str, folder: Path) -> dict[str, Any]:
    """Write one file and return what the manifest promises of it."""
    channel = channels_of(record.family)[name]
    tally = Tally(record, name)
    with (folder / CSV.file_of(name)).open("wb") as file:
        file.write((",".join(("time", *channel.columns)) + "\n").encode())
        for piece in tally.watch(record.pieces(name, _ROWS)):
            _write_rows(pd.DatetimeIndex(piece.index).asi8, piece, file)
    return tally.promise()


def _write_rows(stamps: NDArray[np.int64], frame: pd.DataFrame, file: BinaryIO) -> None:
    columns = [
        pa.array(frame.iloc[:, number].to_numpy(), from_pandas=True)
        for number in range(frame.shape[1])
    ]
    names = [str(number) for number in range(len(columns) + 1)]
    rows = pa.table([_iso_texts(stamps), *columns], names=names)
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    arrow_csv.write_csv(rows, file, options)


def _iso_texts(stamps: NDArray[np.int64]) -> pa.Array:
    """Return ns since 1970 as text of 30 bytes each, all decimals written out."""
    seconds, rest = np.divmod(stamps, 10**9)
    # A second is spelt once for all the samples in it.
    first = np.flatnonzero(np.diff(seconds, prepend=seconds[:1] - 1))
    spelt = np.datetime_as_string(seconds[first].astype("M8[s]")).astype("S19")
    counts = np.diff(first, append=len(seconds))
    table = np.tile(_TEMPLATE, (len(stamps), 1))
    table[:, :19] = spelt.repeat(counts).view(np.uint8).reshape(-1, 19)
    for place in (26, 23, 20):
        rest, three = np.divmod(rest.astype(np.int32), 1000)
        table[:, place : place + 3] = _THOUSAND[three].view(np.uint8).reshape(-1, 3)
    offsets = np.arange(0, table.size + 1, table.shape[1], dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(stamps), pa.py_buffer(offsets), pa.py_buffer(table)
    )


def _aware(index: pd.Index[Any]) -> pd.DatetimeIndex:
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None or index.hasnans:
        raise ConfigurationError(
            f"the index is {type(index).__name__} of {index.dtype}; times with a zone, "
            "none missing, are needed: frame.tz_localize('UTC') adds one"
        )
    return index.as_unit("ns")


def _heading(frame: pd.DataFrame) -> bytes:
    for number, name in enumerate(frame.columns):
        dtype = frame.dtypes.iloc[number]
        if not isinstance(dtype, np.dtype) or dtype.kind not in "fiub":
            raise ConfigurationError(
                f"column {name!r} holds {dtype}; numbers and booleans are written: "
                "drop it, or convert it with astype"
            )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["time", *map(str, frame.columns)])
    return text.getvalue().encode()
