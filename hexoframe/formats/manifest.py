"""What a Parquet folder promises, and whether its files keep it.

The manifest of a record and the footer of a channel file are read here, and files are
compared with them: there or not, size, rows, columns, checksum. Samples are neither
written nor read here (parquet).
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from hexoframe import metadata
from hexoframe.calibration import Scale
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, channels_of
from hexoframe.errors import ConfigurationError, FileFormatError, IncompleteDataError
from hexoframe.facts import SHAPES
from hexoframe.ledger import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hexoframe.channels import Channel, Family

__all__ = [
    "FORMAT",
    "KEY",
    "MAGIC",
    "MANIFEST",
    "RECEIPT_KEY",
    "TIME",
    "VERSION",
    "Contents",
    "Fault",
    "Stored",
    "as_json",
    "check_bytes",
    "facts_key",
    "file_of",
    "find_faults",
    "fingerprint",
    "is_ours",
    "lost",
    "open_file",
    "open_manifest",
    "package_version",
    "refuse",
    "summary",
]

MANIFEST = "manifest.json"
FORMAT = "hexoframe record"
VERSION = 1
MAGIC = b"PAR1"
TIME = pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False)
# Keys in the footer of a channel file: what is said of the channel, and of its rows.
KEY = metadata.KEY.encode()
RECEIPT_KEY = b"hexoframe_receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One file, as the manifest or its own footer describes it.

    Attributes
    ----------
    path : Path
        The file.
    rows : int
        Rows that were written.
    size, sha256 : int and str, or None
        Bytes that were written; None for a file that is opened without its manifest.
    first, last : int or None, in ticks
        Stamps of the first and the last row of a channel; None without rows.
    receipt : Receipt
        What is known of a channel without reading it.
    """

    path: Path
    rows: int
    size: int | None = None
    sha256: str | None = None
    first: int | None = None
    last: int | None = None
    receipt: Receipt = field(default_factory=Receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a manifest, or the footer of one channel file, promises."""

    family: Family
    scale: Scale
    span: tuple[int, int]
    tz: str
    info: dict[str, Any]
    channels: dict[str, Stored]
    facts: dict[str, Stored] = field(default_factory=dict)


class Fault(NamedTuple):
    """What is wrong with a file, and whether it is that something is missing."""

    text: str
    incomplete: bool = False


# --- names and marks ------------------------------------------------------------------


def file_of(name: str) -> str:
    """Return the file name of a channel."""
    return f"{name}.parquet"


def facts_key(name: str) -> str:
    """Return what a table of facts is called beside the channels."""
    return f"facts_{name}"


def is_ours(name: str) -> bool:
    """Whether a file name is one that a record folder has."""
    return name in _own_names()


@functools.cache
def _own_names() -> frozenset[str]:
    channels = {name for family in FAMILIES for name in channels_of(family)}
    tables = {facts_key(name) for name in SHAPES}
    return frozenset({MANIFEST, *map(file_of, channels | tables)})


def package_version() -> str:
    """Return the version of hexoframe."""
    # By name, as the front door stands above this module.
    return str(import_module("hexoframe").__version__)


def as_json(value: Any, what: str, *, indent: int | None = None) -> str:
    """Return the JSON text of a value.

    Raises
    ------
    ConfigurationError
        If the value holds something that JSON has not, such as a time or NaN.
    """
    try:
        return json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{what} cannot be written as JSON ({error}): keep to text, finite "
            "numbers, true, false, null, lists and dictionaries"
        ) from error


def fingerprint(path: Path) -> dict[str, Any]:
    """Return name, size and checksum of a file for the manifest."""
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


# --- what is promised -----------------------------------------------------------------


def open_manifest(path: Path) -> Contents:
    """Read a manifest.

    Raises
    ------
    FileFormatError
        If it is missing, damaged, of another kind or of a newer version.
    """
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path.parent} has no {path.name}, so nothing says whether the record is "
            "whole: open its .parquet files one by one, or write the record again"
        ) from error
    except ValueError as error:
        raise FileFormatError(f"{path} is no JSON text: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FileFormatError(
            f"{path} is no manifest of a record: it should be an object whose "
            f'"format" is "{FORMAT}"'
        )
    _check_version(path, manifest.get("version"), manifest.get("hexoframe"))
    try:
        return _contents(path.parent, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} is damaged: {_reason(error)}") from error


def open_file(path: Path) -> Contents:
    """Read what a channel file says of itself.

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
        _check_version(path, about.get("format"), about.get("hexoframe"))
        name = str(about["channel"])
        return Contents(
            **_common(about),
            info=_own_info(about, name),
            channels={name: Stored(path=path, **_counts(counts))},
        )
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(
            f"{path}: its metadata {metadata.KEY!r} is damaged: {_reason(error)}"
        ) from error


def _contents(folder: Path, manifest: dict[str, Any]) -> Contents:
    channels = {
        name: Stored(**_on_disk(folder, name, entry), **_counts(entry))
        for name, entry in manifest["channels"].items()
    }
    facts = {
        name: _stored_facts(folder, name, entry)
        for name, entry in manifest["facts"].items()
        if entry is not None and name in SHAPES
    }
    info = dict(manifest["info"])
    return Contents(**_common(manifest), info=info, channels=channels, facts=facts)


def _stored_facts(folder: Path, name: str, entry: Mapping[str, Any]) -> Stored:
    place = _on_disk(folder, facts_key(name), entry)
    return Stored(**place, rows=int(entry["rows"]))


def _common(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what manifest and footer say in the same words."""
    family = about["family"]
    if family not in FAMILIES:
        raise ValueError(f"the family is {family!r}, not one of {', '.join(FAMILIES)}")
    if about["clock"] != CLOCK_OF_FAMILY[family]:
        raise ValueError(f"the clock of {family} is not {about['clock']!r}")
    if about["scale"] not in get_args(Scale):
        raise ValueError(f"the scale is {about['scale']!r}")
    start, end = about["span"]
    return {
        "family": family,
        "scale": about["scale"],
        "span": (int(start), int(end)),
        "tz": str(about["tz"]),
    }


def _own_info(about: Mapping[str, Any], name: str) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if about["record"] is not None:
        info["id"] = int(about["record"])
    if about["provenance"] is not None:
        info["provenance"] = {name: str(about["provenance"])}
    return info


def _on_disk(folder: Path, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    # No other name, so that a manifest cannot point out of its folder.
    own, named = file_of(name), entry["file"]
    if named != own:
        raise ValueError(f"the file of {name} is {named!r}, not {own!r}")
    return {
        "path": folder / own,
        "size": int(entry["bytes"]),
        "sha256": str(entry["sha256"]),
    }


def _counts(entry: Mapping[str, Any]) -> dict[str, Any]:
    rows, told = int(entry["rows"]), entry["receipt"]
    receipt = Receipt(
        samples=rows,
        expected=None if told["expected"] is None else int(told["expected"]),
        duplicates=int(told["duplicates"]),
        lost=tuple((int(first), int(last)) for first, last in told["lost"]),
    )
    first, last = entry["first"], entry["last"]
    if rows:
        first, last = int(first), int(last)
    return {"rows": rows, "receipt": receipt, "first": first, "last": last}


def _check_version(path: Path, version: Any, writer: Any) -> None:
    if not isinstance(version, int) or version < 1:
        raise FileFormatError(f"{path}: the version of the format is {version!r}")
    if version > VERSION:
        raise FileFormatError(
            f"{path} is of version {version} of the format (written by hexoframe "
            f"{writer}); this hexoframe, {package_version()}, reads versions up to "
            f"{VERSION}: upgrade with pip install --upgrade hexoframe"
        )


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error)


# --- what is there --------------------------------------------------------------------


def find_faults(
    contents: Contents, wanted: Mapping[str, Channel], *, thorough: bool
) -> dict[str, Fault]:
    """Compare files with what is promised of them.

    Parameters
    ----------
    contents : Contents
        What is promised.
    wanted : mapping of str to Channel
        Channels to look at; the tables of facts are looked at in any case.
    thorough : bool
        Whether checksums of channels are compared; otherwise that is left to who
        reads them.

    Returns
    -------
    dict of str to Fault
        What is wrong, by channel and `facts_key`; empty if all is well.
    """
    faults = {
        name: _fault(contents.channels[name], channel, thorough=thorough)
        for name, channel in wanted.items()
    } | {
        facts_key(name): _fault(stored, None, thorough=True)
        for name, stored in contents.facts.items()
    }
    return {name: fault for name, fault in faults.items() if fault is not None}


def _fault(stored: Stored, channel: Channel | None, *, thorough: bool) -> Fault | None:
    name = stored.path.name
    try:
        size = stored.path.stat().st_size
    except FileNotFoundError:
        return Fault(f"{name} is missing", incomplete=True)
    if stored.size is not None and size < stored.size:
        return Fault(f"{name} has {size} of {stored.size} bytes", incomplete=True)
    try:
        footer = _footer(stored.path)
    except FileFormatError as error:
        return Fault(str(error))
    rows = footer.num_rows
    if rows != stored.rows:
        text = f"{name} has {rows} rows where {stored.rows} were written"
        return Fault(text, incomplete=rows < stored.rows)
    change = _change(stored, footer, channel)
    if not change and thorough:
        change = _other_bytes(stored)
    return Fault(f"{name} {change}") if change else None


def _change(stored: Stored, footer: pq.FileMetaData, channel: Channel | None) -> str:
    """Say how a file differs from what was written; empty if it does not."""
    size = stored.path.stat().st_size
    if stored.size is not None and size != stored.size:
        return f"has {size} bytes where {stored.size} were written"
    if channel is None:
        return ""
    fields = footer.schema.to_arrow_schema()
    found = {column.name: str(column.type) for column in fields}
    kind = "float" if channel.dtype == "float32" else "double"
    wanted = {TIME.name: str(TIME.type), **dict.fromkeys(channel.columns, kind)}
    if found != wanted:
        return f"has the columns {found}, but the channel table asks for {wanted}"
    return ""


def _other_bytes(stored: Stored, data: bytes | None = None) -> str:
    if stored.sha256 is None:
        return ""
    found = _sha256(stored.path) if data is None else hashlib.sha256(data).hexdigest()
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


def refuse(
    path: Path, contents: Contents, faults: Mapping[str, Fault], advice: str
) -> NoReturn:
    """Raise for faults: `IncompleteDataError` if all that is wrong is missing data."""
    message = f"{path}: {summary(faults)}. {advice}"
    if not all(fault.incomplete for fault in faults.values()):
        raise FileFormatError(message)
    ledger = {
        name: lost(stored) if name in faults else stored.receipt
        for name, stored in contents.channels.items()
    }
    raise IncompleteDataError(message, ledger=ledger)


def summary(faults: Mapping[str, Fault], most: int = 3) -> str:
    """Return the first faults in words, and how many more there are."""
    texts = [fault.text for fault in faults.values()]
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def lost(stored: Stored) -> Receipt:
    """Return the receipt of a channel of which nothing can be read."""
    known = stored.receipt
    spans = known.lost
    if stored.first is not None and stored.last is not None:
        spans = tuple(sorted((*spans, (stored.first, stored.last + 1))))
    expected = stored.rows if known.expected is None else known.expected
    return Receipt(samples=0, expected=expected, lost=spans)
