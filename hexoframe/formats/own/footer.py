"""The footer of a Parquet channel file: its columns, its keys, and what they say.

Writer and reader share it. Samples are neither read nor written here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe.errors import FileFormatError
from hexoframe.formats.own.manifest import (
    Manifest,
    check_version,
    parse_entry,
    parse_head,
    source_of,
)
from hexoframe.recording import metadata
from hexoframe.recording.facts import PSEUDONYM, Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hexoframe.channels import Channel

__all__ = [
    "ATTRS",
    "KEY",
    "MAGIC",
    "RECEIPT_KEY",
    "RECORD",
    "arrow_fields",
    "attrs_of",
    "load_footer",
    "read_footer",
]

MAGIC = b"PAR1"
# Keys of the footer: for the channel, for its rows, and where pandas looks for the
# attrs of a frame.
KEY = metadata.KEY.encode()
RECEIPT_KEY = b"hexoframe_receipt"
ATTRS = b"PANDAS_ATTRS"
# Which record a row is of, where files of many records are read together.
RECORD = pa.field("record", pa.int64(), nullable=False)
_TIME = pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)


def arrow_fields(channel: Channel) -> list[pa.Field]:
    """Return the columns of the file of a channel."""
    kind = pa.float32() if channel.dtype == "float32" else pa.float64()
    return [_TIME, *(pa.field(name, kind) for name in channel.columns)]


def read_footer(path: Path) -> Manifest:
    """Read a channel file's footer, as the manifest of a record of that channel.

    A file that is damaged, of another program or of a newer version is a
    `FileFormatError`.
    """
    keys = load_footer(path).metadata or {}
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
    source, receipt = source_of(path, KEY), source_of(path, RECEIPT_KEY)
    head = source.read(keys[KEY])
    said = source.typed(head, _Said)
    check_version(path, said.format, said.hexoframe)
    known = parse_head(head, source)
    held = parse_entry(path, receipt.read(keys[RECEIPT_KEY]), known, receipt)
    attrs_of(path, keys)
    return Manifest(
        **known._asdict(), facts=Facts(info=_info(said)), channels={said.channel: held}
    )


class _Said(NamedTuple):
    """What the footer says beside the head of a manifest."""

    format: int
    channel: str
    record: int | None
    provenance: str | None
    hexoframe: Any = None
    edited: bool = False
    pseudonym: str | None = None


def attrs_of(path: Path, keys: Mapping[bytes, bytes]) -> dict[Any, Any]:
    """Return the attrs of the frame in a channel file."""
    source = source_of(path, ATTRS)
    if ATTRS not in keys:
        raise source.fail("is missing")
    attrs = source.typed(source.read(keys[ATTRS]), dict[str, Any])
    source.typed(attrs.get(metadata.KEY, {}), dict[str, Any], field=metadata.KEY)
    return attrs


def load_footer(path: Path) -> pq.FileMetaData:
    """Load the footer as Arrow has it; a damaged one is a `FileFormatError`."""
    try:
        return pq.read_metadata(path)
    except (FileNotFoundError, PermissionError):
        raise
    except UnicodeEncodeError as error:
        raise FileFormatError(
            f"{path} has bytes in its name that are no text, which Arrow cannot open: "
            "give it another name"
        ) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: {_damage(path, error)}") from error


def _info(said: _Said) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if said.record is not None:
        info["id"] = said.record
    if said.provenance is not None:
        info["provenance"] = {said.channel: said.provenance}
    if said.pseudonym is not None:
        info[PSEUDONYM] = said.pseudonym
    if said.edited:
        info["edited"] = [said.channel]
    return info


def _damage(path: Path, error: Exception) -> str:
    """Say how the first and last bytes differ from those of a Parquet file."""
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
