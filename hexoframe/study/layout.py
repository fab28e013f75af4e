"""Where each file of a study lies: the keys, and the note that makes a root a study.

::

    study.json                                  format, version, who made it
    samples/channel=ecg/record=300001.parquet   time, values, record
    slow/channel=heart_rate/part-00000.parquet  copies of up to 64 records, by compact()
    slow/channel=heart_rate/index.json          which files the parts are copies of
    tables/ranges/record=300001.parquet         also annotations, statistics, metrics
    receipts/300001.json                        written last: the record is whole
    manifest.parquet                            the receipts as a table, for speed alone
    subjects.parquet                            who wore the shirt
    duplicates/<key>.json, syncs/<key>.json     sources met twice; what was asked for
    results/<name>/record=300001.parquet        of map(), with about.json
    failures/<name>/record=300001.json          of map(), and of sync under ``sync``
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.formats.kinds import STUDY_FORMAT, STUDY_NOTE
from hexoframe.jsontext import JsonSource
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.study.storage import Storage

__all__ = [
    "MANIFEST",
    "RECEIPTS",
    "SUBJECTS",
    "SYNC",
    "TABLES",
    "VERSION",
    "check_name",
    "check_root",
    "failure_key",
    "key_of_source",
    "make_root",
    "number_in",
    "read_json",
    "receipt_key",
    "result_folder",
    "result_key",
    "sample_key",
    "slow_folder",
    "table_key",
    "write_json",
]

VERSION = 1
MANIFEST, SUBJECTS = "manifest.parquet", "subjects.parquet"
RECEIPTS = "receipts"
TABLES = ("ranges", "annotations", "statistics", "metrics")
"""Facts that have files of their own, for other programs."""
SYNC = "sync"
"""Name of the failures of `sync`; no result may have it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]{0,99}")
_NUMBER = re.compile(r"(?:record=)?(-?\d+)\.(?:json|parquet)")
_SHOWN = 5


def sample_key(channel: str, number: int) -> str:
    """Return the key of the samples of a channel."""
    return f"samples/channel={channel}/record={number}.parquet"


def slow_folder(channel: str) -> str:
    """Return the folder of the compacted files of a channel."""
    return f"slow/channel={channel}"


def table_key(table: str, number: int) -> str:
    """Return the key of a table of facts."""
    return f"tables/{table}/record={number}.parquet"


def receipt_key(number: int) -> str:
    """Return the key of a receipt."""
    return f"{RECEIPTS}/{number}.json"


def result_folder(name: str) -> str:
    """Return the folder of the results of a name."""
    return f"results/{name}"


def result_key(name: str, number: int) -> str:
    """Return the key of the result of a record."""
    return f"results/{name}/record={number}.parquet"


def failure_key(name: str, what: int | str) -> str:
    """Return the key of a failure, of a record or of a source without a number."""
    of = f"record={what}" if isinstance(what, int) else f"source={what}"
    return f"failures/{name}/{of}.json"


def number_in(file: str) -> int | None:
    """Return the number of the record that a file name says; None if it says none."""
    match = _NUMBER.fullmatch(file)
    return None if match is None else int(match[1])


def key_of_source(*what: object) -> str:
    """Return a short name for a source, the same in each run."""
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def check_name(name: str) -> str:
    """Return the name of a result, or refuse what is none for a folder."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == SYNC:
        raise ConfigurationError(
            f"name={name!r} is no name for results: give up to 100 letters, digits and "
            f"any of . _ = , + -, beginning with a letter or a digit, but not {SYNC!r}"
        )
    return name


# -- JSON ------------------------------------------------------------------------------


def read_json(storage: Storage, key: str) -> tuple[dict[str, Any], JsonSource]:
    """Return a JSON object of the study, with its source for messages."""
    source = JsonSource(storage.url(key))
    held = source.read(storage.read(key))
    if not isinstance(held, dict):
        raise source.fail("expected an object")
    return held, source


def write_json(storage: Storage, key: str, held: Any) -> None:
    """Write a JSON object of the study."""
    text = json.dumps(held, ensure_ascii=False, indent=1) + "\n"
    storage.write(key, text.encode())


# -- the root --------------------------------------------------------------------------


def check_root(storage: Storage) -> bool:
    """Return whether there is a study; False where it can be begun.

    ConfigurationError if the root holds something else, FileFormatError if it is of a
    newer version.
    """
    try:
        held, _ = read_json(storage, STUDY_NOTE)
    except FileNotFoundError:
        pass
    else:
        _check_version(storage, held)
        return True
    others = [*storage.folders(""), *storage.listing("")]
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise ConfigurationError(
            f"{storage.root} is no study: it has no {STUDY_NOTE}, and holds "
            f"{', '.join(others[:_SHOWN])}{more}. Give the folder of a study, or a "
            "new or empty one; the recordings in a folder come into a study with "
            "sync(folder)"
        )
    return False


def _check_version(storage: Storage, held: dict[str, Any]) -> None:
    where, version = storage.url(STUDY_NOTE), held.get("version")
    if held.get("format") != STUDY_FORMAT or not isinstance(version, int):
        raise FileFormatError(
            f"{where} is no note of a study: expected the format {STUDY_FORMAT!r} and "
            "its version"
        )
    if version > VERSION:
        raise FileFormatError(
            f"{where} is of version {version} (written by hexoframe "
            f"{held.get('hexoframe')}); this hexoframe, {__version__}, reads versions "
            f"up to {VERSION}: upgrade with pip install --upgrade hexoframe"
        )


def make_root(storage: Storage) -> None:
    """Make the root a study, unless it is one."""
    if check_root(storage):
        return
    made = datetime.now(UTC).isoformat(timespec="seconds")
    note = {"format": STUDY_FORMAT, "version": VERSION, "hexoframe": __version__}
    write_json(storage, STUDY_NOTE, {**note, "made": made})
