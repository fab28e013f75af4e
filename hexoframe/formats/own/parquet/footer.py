"""What a Parquet file of a channel says of itself, and whether it is what was written.

The keys and columns that writer and reader agree on stand here too. Samples are neither
read nor written here.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.errors import FileFormatError
from hexoframe.formats.own.manifest import (
    Contents,
    Fault,
    check_version,
    parse_about,
    parse_stored,
    reason,
)
from hexoframe.recording import metadata
from hexoframe.recording.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hexoframe.channels import Channel
    from hexoframe.formats.own.manifest import Stored

__all__ = [
    "ATTRS",
    "KEY",
    "MAGIC",
    "RECEIPT_KEY",
    "arrow_fields",
    "check_bytes",
    "find_fault",
    "read_footer",
]

MAGIC = b"PAR1"
# Keys in the footer: what is said of the channel, of its rows, and where pandas looks
# for the attrs of a frame.
KEY = metadata.KEY.encode()
RECEIPT_KEY = b"hexoframe_receipt"
ATTRS = b"PANDAS_ATTRS"
_TIME = pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)


def arrow_fields(channel: Channel) -> list[pa.Field]:
    """Return the columns of the file of a channel."""
    kind = pa.float32() if channel.dtype == "float32" else pa.float64()
    return [_TIME, *(pa.field(name, kind) for name in channel.columns)]


def read_footer(path: Path) -> Contents:
    """Read what a channel file says of itself, as a record of that channel.

    Raises
    ------
    FileFormatError
        If it is no Parquet file, damaged, not ours, written anew by another program,
        or of a newer version.
    """
    keys = _footer(path).metadata or {}
    if KEY not in keys:
        raise FileFormatError(
            f"{path} is a Parquet file, but not one of a hexoframe channel (its footer "
            f"has no key {metadata.KEY!r}): read it with pandas.read_parquet"
        )
    if RECEIPT_KEY not in keys:
        raise FileFormatError(
            f"{path} was written anew by another program, so nothing says whether it "
            "is whole: open the file that hexoframe wrote, or read this one with "
            "pandas.read_parquet"
        )
    try:
        about, counts = json.loads(keys[KEY]), json.loads(keys[RECEIPT_KEY])
        check_version(path, about.get("format"), about.get("hexoframe"))
        return Contents(
            **parse_about(about),
            facts=Facts(info=_own_info(about)),
            channels={str(about["channel"]): parse_stored(path, counts)},
        )
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(
            f"{path}: its metadata {metadata.KEY!r} is damaged: {reason(error)}"
        ) from error


def _own_info(about: Mapping[str, Any]) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if about["record"] is not None:
        info["id"] = int(about["record"])
    if about["provenance"] is not None:
        info["provenance"] = {str(about["channel"]): str(about["provenance"])}
    return info


def find_fault(stored: Stored, channel: Channel, *, thorough: bool) -> Fault | None:
    """Compare a file with what is promised of it.

    Parameters
    ----------
    stored : Stored
        What is promised.
    channel : Channel
        What it should hold.
    thorough : bool
        Whether checksums are compared; otherwise that is left to who reads the file.

    Returns
    -------
    Fault or None
        What is wrong.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    name = stored.path.name
    size = stored.path.stat().st_size
    if stored.size is not None and size < stored.size:
        return Fault(text=f"{name} has {size} of {stored.size} bytes", incomplete=True)
    try:
        footer = _footer(stored.path)
    except FileFormatError as error:
        return Fault(text=str(error))
    rows = footer.num_rows
    if rows != stored.rows:
        text = f"{name} has {rows} rows where {stored.rows} were written"
        return Fault(text=text, incomplete=rows < stored.rows)
    if stored.size is not None and size != stored.size:
        return Fault(text=f"{name} has {size} bytes where {stored.size} were written")
    change = _other_columns(footer, channel)
    if not change and thorough:
        change = _other_bytes(stored)
    return Fault(text=f"{name} {change}") if change else None


def check_bytes(stored: Stored, data: bytes | None = None) -> None:
    """Compare the bytes of a file with its checksum, where there is one.

    Parameters
    ----------
    stored : Stored
        The file.
    data : bytes, optional
        Its bytes, if they were read.

    Raises
    ------
    FileFormatError
        If they differ.
    """
    if text := _other_bytes(stored, data):
        raise FileFormatError(f"{stored.path} {text}; write or copy the record again")


def _other_columns(footer: pq.FileMetaData, channel: Channel) -> str:
    """Say how the columns differ from those of the channel table, if they do."""
    found, wanted = (
        {column.name: str(column.type) for column in columns}
        for columns in (footer.schema.to_arrow_schema(), arrow_fields(channel))
    )
    if found == wanted:
        return ""
    return f"has the columns {found}, but the channel table asks for {wanted}"


def _other_bytes(stored: Stored, data: bytes | None = None) -> str:
    """Say that the bytes are not those that were written, if so."""
    if stored.sha256 is None:
        return ""
    if data is None:
        with stored.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    else:
        found = hashlib.sha256(data).hexdigest()
    if found == stored.sha256:
        return ""
    return "is not what was written: its SHA-256 is not that of the manifest"


def _footer(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (FileNotFoundError, PermissionError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(f"{path}: {_damage(path, error)}") from error


def _damage(path: Path, error: Exception) -> str:
    """Say what stands where a Parquet file begins and ends."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(max(0, size - len(MAGIC)))
        end = file.read(len(MAGIC))
    if start != MAGIC:
        return f"no Parquet file: it begins with {start!r}, not {MAGIC!r}"
    if end != MAGIC:
        return (
            f"a Parquet file without its end: the last of its {size} bytes are "
            f"{end!r}, not {MAGIC!r}; copy it again"
        )
    return f"a Parquet file whose footer is damaged ({error}); copy it again"
