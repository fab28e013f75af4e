"""Cache of loaded records on disk, shared by all processes of a user.

A record is stored as Parquet with its manifest and a note of its key (host, id, state
on the server, channels, window); it appears whole or not at all. Beside it are the
finished chunks of an unfinished download. Requests to the service belong in `api`.

The folder is that of the user's caches, or the one that ``HEXOFRAME_CACHE_DIR`` names.
What is stored in it is data of health, so nobody else can read it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from hexoframe.channels import CLOCK_OF_FAMILY, Family, find
from hexoframe.errors import (
    CacheError,
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    HexoframeWarning,
    IncompleteDataError,
    OutputError,
    warn,
)
from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import parquet
from hexoframe.jsontext import JsonSource
from hexoframe.paths import expanded, is_file
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.timestamps.ticks import check_tick

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from hexoframe.recording.facts import Facts

__all__ = ["Cache", "CacheEntry", "CacheKey", "clear", "folder", "info"]

_LOG = logging.getLogger(__name__)
# One more whenever the same answers of the service would give another record.
_VERSION = 2
_NOTE = "entry.json"
# Channels that are written at a time; more would only wait for each other.
_THREADS = 2
SILENT_WAIT_S = 3.0
"""A longer wait for another load is announced."""
_CHUNKS, _CHUNKS_NOTE = ".chunks", "key.json"
# Nobody but the user may read what is stored.
_OWN_FOLDER, _OWN_FILE, _OTHERS = 0o700, 0o600, 0o077
# Folders that a warning was given of.
_unusable: set[Path] = set()
_INFO = {
    "record": "Int64",
    "bytes": "int64",
    "complete": "bool",
    "channels": "Int64",
    "host": "string",
    "folder": "string",
    "start": "Int64",
    "end": "Int64",
    "transport": "string",
    "family": "string",
    "last_modified": "string",
}


# -- keys and entries ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """What of a record, in which state on the server, an entry holds.

    `channels` are the requested ones, in the order of the table, even if they have no
    samples. `span` is that of the whole record; `window` is None for all of it, its end
    not included; both in ticks. `transport` matters because not every one carries
    everything exactly. `auto` says that the family was found out, not given.
    """

    host: str
    record: int
    last_modified: str
    span: tuple[int, int]
    family: Family
    channels: tuple[str, ...]
    window: tuple[int, int] | None
    transport: str
    auto: bool

    @property
    def name(self) -> str:
        """Name of the folder of the entry, among those of its record."""
        text = json.dumps([_VERSION, asdict(replace(self, auto=True))], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def holds(self, other: CacheKey) -> bool:
        """Whether what another key stands for can be cut out of an entry with this."""
        same = self == replace(
            other, channels=self.channels, window=self.window, auto=self.auto
        )
        return same and self._spans(other) and set(other.channels) <= {*self.channels}

    def _spans(self, other: CacheKey) -> bool:
        if self.window is None or self.window == other.window:
            return True
        if other.window is None:
            return False
        return self.window[0] <= other.window[0] and other.window[1] <= self.window[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """A stored record: what it holds, and its folder."""

    key: CacheKey
    folder: Path


# -- the cache -------------------------------------------------------------------------


def folder() -> Path:
    """Return the folder of the cache, which may not exist yet.

    Returns
    -------
    Path
        What ``HEXOFRAME_CACHE_DIR`` names, or the folder for caches of the user.
    """
    named = os.environ.get("HEXOFRAME_CACHE_DIR")
    if named:
        return expanded(named, what="HEXOFRAME_CACHE_DIR").absolute()
    from platformdirs import user_cache_path  # noqa: PLC0415  # only if it is needed

    return user_cache_path("hexoframe", appauthor=False)


class Cache:
    """The records in a folder, that of the user by default."""

    def __init__(self, where: Path | None = None) -> None:
        self.folder = folder() if where is None else where.absolute()

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<Cache in {self.folder}>"

    def entries(
        self, host: str | None = None, record: int | None = None
    ) -> list[CacheEntry]:
        """Return the entries of a host, a record or all, the youngest first."""
        hosts = "*" if host is None else _plain(host)
        records = "*" if record is None else str(record)
        notes = self.found(f"records/{hosts}/{records}/*/{_NOTE}")
        found = [(entry, _age(note)) for note in notes if (entry := _read_note(note))]
        found.sort(key=lambda pair: pair[1], reverse=True)
        return [entry for entry, _ in found]

    def found(self, pattern: str) -> list[Path]:
        """Return the paths in the folder that match, sorted."""
        try:
            return sorted(self.folder.glob(pattern))
        except OSError as error:
            raise CacheError(
                f"the cache folder {str(self.folder)[:200]} cannot be read "
                f"({error.strerror}): set HEXOFRAME_CACHE_DIR to one that can"
            ) from error

    def find(self, wanted: CacheKey) -> CacheEntry | None:
        """Return an entry that the wanted can be cut out of; None if there is none."""
        return next(
            (
                entry
                for entry in self.entries(wanted.host, wanted.record)
                if entry.key.holds(wanted)
            ),
            None,
        )

    def known_family(self, host: str, record: int, last_modified: str) -> Family | None:
        """Return the family of a record in this state, if it was found out before."""
        keys = [entry.key for entry in self.entries(host, record)]
        found = (
            one.family
            for one in keys
            if one.auto and one.last_modified == last_modified
        )
        return next(found, None)

    def open(self, entry: CacheEntry, options: ReadOptions) -> RecordData:
        """Open an entry; samples are read when a channel is touched.

        CacheError if files are missing or damaged: here, or when a channel is touched.
        """
        options = replace(options, allow_partial=False)
        where = _samples_of(entry)
        with _reading(where):
            data = parquet.read(where, options)
        held = data.whole().items()
        return RecordData.of(
            data,
            channels={
                name: self._guarded(channel, entry, replace(options, channels=[name]))
                for name, channel in held
            },
            left_out=options.left_out(data.family),
        )

    def _guarded(
        self, channel: LazyChannel, entry: CacheEntry, options: ReadOptions
    ) -> LazyChannel:
        """Return a channel that outlives its entry.

        If the entry was replaced since, the channel is read from the new one; if it is
        gone, the error names the cache as the reason.
        """
        where = _samples_of(entry)

        def read() -> pd.DataFrame:
            try:
                with _reading(where):
                    return channel.read()
            except CacheError as error:
                name, data = self._successor(entry, options, error)
                return data[name]

        def pieces(rows: int) -> Iterator[pd.DataFrame]:
            if channel.pieces is None:
                return
            begun = False
            try:
                with _reading(where):
                    for piece in channel.pieces(rows):
                        begun = True
                        yield piece
            except CacheError as error:
                if begun:
                    raise
                name, data = self._successor(entry, options, error)
                yield from data.pieces(name, rows)

        return replace(channel, read=read, pieces=pieces)

    def _successor(
        self, entry: CacheEntry, options: ReadOptions, error: CacheError
    ) -> tuple[str, RecordData]:
        """Return a channel name and the record that replaced an entry, or raise."""
        other = self.find(entry.key)
        if other is None or other.folder == entry.folder:
            raise error
        data = self.open(other, options)
        window = entry.key.window
        if window not in (None, other.key.window):
            data = data.cut(*window)
        (name,) = options.wanted(data.family)
        return name, data

    def store(
        self,
        key: CacheKey,
        data: RecordData,
        *,
        facts: Callable[[], Facts] | None = None,
    ) -> CacheEntry:
        """Store a record of physical values; entries that it makes needless go.

        Channels are streamed, two at a time. `facts` is called when they are written,
        and replaces the facts of `data`; what it raises leaves the cache as it was.
        """
        target = self._place(key)
        with self.writing():
            self._make(target.parent)
            # Half-written folders of processes that were killed.
            for stale in target.parent.glob(f".{target.name}.*"):
                shutil.rmtree(stale, ignore_errors=True)
            with new_folder(
                target, overwrite=True, owned=lambda name: name == _NOTE
            ) as fresh:
                parquet.write(data, fresh, threads=_THREADS, facts=facts)
                # Arrow holds the memory that it wrote with; the frames need it next.
                pa.default_memory_pool().release_unused()
                note = {"version": _VERSION, **asdict(key)}
                (fresh / _NOTE).write_text(json.dumps(note, indent=1), "utf-8")
                _close_to_others(fresh)
                # The new folder replaces the old one whole.
                shutil.rmtree(target, ignore_errors=True)
        kept = CacheEntry(key=key, folder=target)
        for entry in self.entries(key.host, key.record):
            if entry != kept and _makes_needless(key, entry.key):
                self.forget(entry)
        for chunks in target.parent.glob(f"*{_CHUNKS}"):
            other = _read_key(chunks / _CHUNKS_NOTE)
            if other is None or _makes_needless(key, other):
                shutil.rmtree(chunks, ignore_errors=True)
        return kept

    def replace_facts(self, entry: CacheEntry, facts: Facts) -> None:
        """Replace the facts of an entry; CacheError if it is gone or the disk full."""
        with self.writing(), _undamaged():
            parquet.write_facts(facts, _samples_of(entry))
            _close_to_others(entry.folder)

    def forget(self, entry: CacheEntry) -> None:
        """Remove an entry."""
        # The note first: without it the rest does not count as an entry.
        (entry.folder / _NOTE).unlink(missing_ok=True)
        shutil.rmtree(entry.folder, ignore_errors=True)

    def chunk_folder(self, key: CacheKey, *, fresh: bool = False) -> Path:
        """Return the folder for the chunks of a download, made or (`fresh`) emptied."""
        chunks = self._chunks(key)
        with self.writing():
            if fresh:
                shutil.rmtree(chunks, ignore_errors=True)
            self._make(chunks)
            # Written now, so that an unusable folder is noticed before any request.
            with new_file(chunks / _CHUNKS_NOTE, overwrite=True) as note:
                note.write_text(json.dumps(asdict(key)), "utf-8")
                note.chmod(_OWN_FILE)
        return chunks

    def forget_chunks(self, key: CacheKey) -> None:
        """Remove the chunks of a download."""
        shutil.rmtree(self._chunks(key), ignore_errors=True)

    def warn_unusable(self, text: str) -> None:
        """Warn that the folder cannot be used, once a process; later it is logged."""
        if self.folder in _unusable:
            _LOG.info("%s", text)
            return
        _unusable.add(self.folder)
        warn(text, HexoframeWarning)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an error of the disk in a block that writes into a `CacheError`."""
        try:
            yield
        except CacheError:
            raise
        except OSError as error:
            why = error.__cause__ if isinstance(error, OutputError) else None
            raise CacheError(
                f"the cache folder {self.folder} cannot be used ({why or error}): set "
                "HEXOFRAME_CACHE_DIR to a folder that can be written and has room"
            ) from error

    @contextmanager
    def lock(self, host: str, record: int, *, wait: bool = True) -> Iterator[bool]:
        """Let one thread of one process at a time load a record.

        Yields whether this one has the lock, which it always has after `wait`.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415  # only to load

        file = self.folder / "locks" / f"{_plain(host)}-{record}.lock"
        lock = FileLock(file, mode=_OWN_FILE, thread_local=False)
        with self.writing():
            self._make(file.parent)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if wait:
                    _wait(lock, record)
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def _make(self, folder: Path) -> None:
        """Make a folder of the cache, and close what was open to others before.

        The folder of the cache itself may be one of the user's that holds more, so it
        is closed only if it is made here.
        """
        if not self.folder.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=_OWN_FOLDER, exist_ok=True)
        below = folder.relative_to(self.folder).parts
        _close_if_open(self.folder / below[0])
        for count in range(1, len(below) + 1):
            self.folder.joinpath(*below[:count]).mkdir(mode=_OWN_FOLDER, exist_ok=True)

    def _place(self, key: CacheKey) -> Path:
        return self.folder / "records" / _plain(key.host) / str(key.record) / key.name

    def _chunks(self, key: CacheKey) -> Path:
        place = self._place(key)
        return place.with_name(place.name + _CHUNKS)


# -- for users -------------------------------------------------------------------------


def info() -> pd.DataFrame:
    """Return what the cache holds, one row per entry.

    Returns
    -------
    DataFrame
        record; bytes on disk; complete (False for an unfinished download); number of
        channels; host; folder; start and end in ticks if only a part was loaded;
        transport that was requested; device family; last_modified.
    """
    cache = Cache()
    rows = [_row(entry.key, entry.folder, complete=True) for entry in cache.entries()]
    for chunks in cache.found(f"records/*/*/*{_CHUNKS}"):
        key = _read_key(chunks / _CHUNKS_NOTE)
        if key is not None:
            rows.append(_row(key, chunks, complete=False))
    return pd.DataFrame(rows, columns=list(_INFO)).astype(_INFO)


def clear(record: int | str | None = None) -> int:
    """Remove records from the cache, and what there is of unfinished downloads.

    Parameters
    ----------
    record : int or str, optional
        Id of the record; all by default.

    Returns
    -------
    int
        Bytes that were freed.

    Raises
    ------
    ConfigurationError
        If `record` is not an id.

    Warns
    -----
    HexoframeWarning
        If a record is kept because it is being loaded.
    """
    cache, freed = Cache(), 0
    if record is not None and not str(record).isdecimal():
        raise ConfigurationError(
            f"record={record!r}: give the id of a record, which is a whole number, or "
            "leave it out to clear all"
        )
    name = "*" if record is None else str(int(record))
    for place in cache.found(f"records/*/{name}"):
        if not place.name.isdecimal():
            continue  # not the folder of a record
        with cache.lock(place.parent.name, int(place.name), wait=False) as mine:
            if not mine:
                warn(
                    f"record {place.name} is being loaded and was kept; clear the "
                    "cache again when that is done",
                    HexoframeWarning,
                )
                continue
            freed += _size(place)
            for note in place.glob(f"*/{_NOTE}"):
                note.unlink(missing_ok=True)
            shutil.rmtree(place, ignore_errors=True)
    return freed


# -- files -----------------------------------------------------------------------------


def _wait(lock: BaseFileLock, record: int) -> None:
    """Wait for a lock, and say so if that takes long."""
    from filelock import Timeout  # noqa: PLC0415  # only to load

    try:
        lock.acquire(timeout=SILENT_WAIT_S)
    except Timeout:
        _LOG.warning(
            "record %s is being loaded by another thread or process: this one waits, "
            "and uses what that one loads",
            record,
        )
        lock.acquire()


def _close_if_open(folder: Path) -> None:
    """Close a folder of this user, and all in it, if others could look into it."""
    if os.name != "posix" or not folder.is_dir():
        return
    state = folder.stat()
    if state.st_mode & _OTHERS and state.st_uid == os.geteuid():
        _LOG.info("%s could be read by others; it is closed to them now", folder)
        _close_to_others(folder)


def _close_to_others(folder: Path) -> None:
    """Let only this user read a folder and all in it; Windows has no such bits."""
    if os.name != "posix":
        return
    # The folder last: until then the whole counts as open.
    for where, _, names in os.walk(folder, topdown=False):
        for path, mode in (
            *((Path(where, name), _OWN_FILE) for name in names),
            (Path(where), _OWN_FOLDER),
        ):
            # Another process may remove a file, and one of another user stays as it is.
            with suppress(FileNotFoundError, PermissionError):
                path.chmod(mode)


def _plain(host: str) -> str:
    """Return a host as the name of a folder; such a name stays as it is."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", host)


def _makes_needless(kept: CacheKey, other: CacheKey) -> bool:
    """Whether another entry of a record is of no use beside one that is kept."""
    return kept.last_modified != other.last_modified or kept.holds(other)


def _samples_of(entry: CacheEntry) -> Path:
    """Return the folder of the Parquet files of an entry."""
    return entry.folder / f"record_{entry.key.record}"


def _age(note: Path) -> int:
    """Return when a note was written, in ns; 0 if it was removed meanwhile."""
    try:
        return note.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read_note(note: Path) -> CacheEntry | None:
    key = _read_key(note)
    return None if key is None else CacheEntry(key=key, folder=note.parent)


def _read_key(note: Path) -> CacheKey | None:
    """Return the key in a note; None if it is damaged or of another version."""
    source = JsonSource(str(note), CacheError)
    try:
        if not is_file(note):
            raise source.fail("is no file")
        content = source.read(note.read_bytes())
        if isinstance(content, dict) and content.get("version", _VERSION) != _VERSION:
            return None
        key = source.typed(content, CacheKey)
        for name in key.channels:
            find(key.family, name)
        for tick in (*key.span, *(key.window or ())):
            check_tick(tick, CLOCK_OF_FAMILY[key.family])
    except (OSError, HexoframeError) as error:
        _LOG.warning("%s does not describe a record (%s); it is ignored", note, error)
        return None
    return key


def _row(key: CacheKey, where: Path, *, complete: bool) -> dict[str, Any]:
    start, end = key.window or (None, None)
    return {
        "host": key.host,
        "record": key.record,
        "complete": complete,
        "channels": len(key.channels),
        "start": start,
        "end": end,
        "transport": key.transport,
        "family": key.family,
        "last_modified": key.last_modified,
        "bytes": _size(where),
        "folder": str(where),
    }


def _size(where: Path) -> int:
    """Return the bytes of all files; those that are removed meanwhile do not count."""
    total = 0
    for folder, _, names in os.walk(where):
        for name in names:
            with suppress(FileNotFoundError):
                # A link counts itself, wherever it leads.
                total += (Path(folder) / name).lstat().st_size
    return total


@contextmanager
def _reading(where: Path) -> Iterator[None]:
    """Turn the error of a damaged or missing file into a `CacheError`."""
    try:
        with _undamaged():
            yield
    except CacheError:
        raise
    except OSError as error:
        raise CacheError(
            f"{where} cannot be read ({type(error).__name__}): the cache was cleared "
            "or refreshed since the record was loaded, so load it again"
        ) from error


@contextmanager
def _undamaged() -> Iterator[None]:
    """Turn the error of a damaged file into a `CacheError`."""
    try:
        yield
    except CacheError:
        raise
    except (FileFormatError, IncompleteDataError) as error:
        raise CacheError(
            f"the cache is damaged: {error}; load the record with refresh=True"
        ) from error
