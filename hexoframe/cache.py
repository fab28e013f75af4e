"""Records on disk: what was loaded once is there the next time, for every process.

A record is kept as Parquet with its manifest, beside a note of what it is (host, id,
state on the server, channels, span), and appears whole or not at all. Beside it lie
the finished parts of a download that has not ended. Where a record comes from, and
which requests it takes, is none of this module's business.

The folder is that of the user's caches, or the one that ``HEXOFRAME_CACHE_DIR`` names.
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

from hexoframe.channels import find
from hexoframe.errors import (
    CacheError,
    ConfigurationError,
    FileFormatError,
    HexoframeWarning,
    IncompleteDataError,
    warn,
)
from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import parquet
from hexoframe.recording.data import LazyChannel, RecordData

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from hexoframe.channels import Family
    from hexoframe.recording.facts import Facts

__all__ = ["Cache", "Entry", "Selection", "clear", "folder", "info"]

_LOG = logging.getLogger(__name__)
# One more whenever the same answers of the service would give another record.
_VERSION = 2
_NOTE = "entry.json"
# Channels that are written at a time; more would only wait for each other.
_THREADS = 2
# Who waits longer than this for another load should know what for.
_SOON_S = 3.0
_PARTS, _PARTS_NOTE = ".parts", "selection.json"
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


# -- what is kept ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A part of a record, as it is on the server.

    Attributes
    ----------
    host : str
        Scheme, host and port.
    record : int
        Id of the record.
    last_modified : str
        When it changed last, as the server says it.
    span : (int, int), in ticks
        Start and end of the whole record.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family that it is read as.
    channels : tuple of str
        Channels that were asked for, be they empty; in the order of the table.
    window : (int, int) or None, in ticks
        Span, its end not included; None for the whole record.
    transport : {"auto", "zip", "json"}
        Way that was asked for, since not every way carries everything exactly.
    auto : bool
        Whether the family was found out, and not said by the caller.
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
    def key(self) -> str:
        """Name of the selection among those of its record."""
        text = json.dumps([_VERSION, asdict(replace(self, auto=True))], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def holds(self, other: Selection) -> bool:
        """Whether another selection of the same state can be cut out of this one."""
        same = self == replace(
            other, channels=self.channels, window=self.window, auto=self.auto
        )
        return same and self._spans(other) and set(other.channels) <= {*self.channels}

    def _spans(self, other: Selection) -> bool:
        if self.window is None or self.window == other.window:
            return True
        if other.window is None:
            return False
        return self.window[0] <= other.window[0] and other.window[1] <= self.window[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the cache keeps of a record.

    Attributes
    ----------
    selection : Selection
        What it is.
    folder : Path
        Where it lies.
    """

    selection: Selection
    folder: Path


# -- the cache -------------------------------------------------------------------------


def folder() -> Path:
    """Return the folder of the cache, be it there or not.

    Returns
    -------
    Path
        What ``HEXOFRAME_CACHE_DIR`` names, or the folder for caches of the user.
    """
    named = os.environ.get("HEXOFRAME_CACHE_DIR")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path  # noqa: PLC0415  # only where it is needed

    return user_cache_path("hexoframe", appauthor=False)


class Cache:
    """The records in a folder.

    Parameters
    ----------
    where : Path, optional
        The folder; that of the user unless given.
    """

    def __init__(self, where: Path | None = None) -> None:
        self.folder = folder() if where is None else where

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<Cache in {self.folder}>"

    def entries(
        self, host: str | None = None, record: int | None = None
    ) -> list[Entry]:
        """Return what is kept, the youngest first.

        Parameters
        ----------
        host : str, optional
            Of this host only.
        record : int, optional
            Of this record only.
        """
        hosts = "*" if host is None else _plain(host)
        records = "*" if record is None else str(record)
        notes = self.folder.glob(f"records/{hosts}/{records}/*/{_NOTE}")
        found = [(entry, _age(note)) for note in notes if (entry := _read_note(note))]
        found.sort(key=lambda pair: pair[1], reverse=True)
        return [entry for entry, _ in found]

    def find(self, wanted: Selection) -> Entry | None:
        """Return an entry that a selection can be cut out of; None if there is none."""
        return next(
            (
                entry
                for entry in self.entries(wanted.host, wanted.record)
                if entry.selection.holds(wanted)
            ),
            None,
        )

    def known_family(self, host: str, record: int, state: str) -> Family | None:
        """Return the family of a record, where it was found out before.

        Parameters
        ----------
        host, record
            Which record.
        state : str
            When it changed last.
        """
        held = [entry.selection for entry in self.entries(host, record)]
        found = (one.family for one in held if one.auto and one.last_modified == state)
        return next(found, None)

    def open(self, entry: Entry, options: ReadOptions) -> RecordData:
        """Open an entry; samples are read when a channel is touched.

        Parameters
        ----------
        entry : Entry
            What to open.
        options : ReadOptions
            Channels and scale.

        Raises
        ------
        CacheError
            If files are missing or damaged: here, or when a channel is touched.
        """
        options = replace(options, allow_partial=False)
        where = _samples_of(entry)
        with _reading(where):
            data = parquet.read(where, options)
        held = data.whole().items()
        return RecordData.of(
            data,
            channels={
                name: self._guarded(source, entry, replace(options, channels=[name]))
                for name, source in held
            },
            left_out=options.left_out(data.family),
        )

    def _guarded(
        self, source: LazyChannel, entry: Entry, options: ReadOptions
    ) -> LazyChannel:
        """Return the source of a channel that outlives its entry.

        What replaced the entry since holds the channel too; where nothing does, the
        error says that the cache is to blame.
        """
        where = _samples_of(entry)

        def read() -> pd.DataFrame:
            try:
                with _reading(where):
                    return source.read()
            except CacheError as error:
                name, data = self._successor(entry, options, error)
                return data[name]

        def pieces(rows: int) -> Iterator[pd.DataFrame]:
            if source.pieces is None:
                return
            begun = False
            try:
                with _reading(where):
                    for piece in source.pieces(rows):
                        begun = True
                        yield piece
            except CacheError as error:
                if begun:
                    raise
                name, data = self._successor(entry, options, error)
                yield from data.pieces(name, rows)

        return replace(source, read=read, pieces=pieces)

    def _successor(
        self, entry: Entry, options: ReadOptions, error: CacheError
    ) -> tuple[str, RecordData]:
        """Return a channel, and what holds it in place of an entry that went."""
        other = self.find(entry.selection)
        if other is None or other.folder == entry.folder:
            raise error
        data = self.open(other, options)
        window = entry.selection.window
        if window not in (None, other.selection.window):
            data = data.cut(*window)
        (name,) = options.wanted(data.family)
        return name, data

    def store(
        self,
        selection: Selection,
        data: RecordData,
        *,
        facts: Callable[[], Facts] | None = None,
    ) -> Entry:
        """Keep a record; other states of it, and parts of this one, are removed.

        Parameters
        ----------
        selection : Selection
            What the record is.
        data : RecordData
            The record, with physical values. Channels are streamed, two at a time.
        facts : callable, optional
            Returns what is said beside the samples, once these are written; the facts
            of `data` by default. What it raises leaves the cache as it was.

        Raises
        ------
        CacheError
            If the disk does not take it.
        """
        target = self._place(selection)
        with self.writing():
            # What a process that was killed left behind, half written.
            for stale in target.parent.glob(f".{target.name}.*"):
                shutil.rmtree(stale, ignore_errors=True)
            with new_folder(
                target, overwrite=True, owned=lambda name: name == _NOTE
            ) as fresh:
                parquet.write(data, fresh, threads=_THREADS, facts=facts)
                # Arrow keeps for itself what it wrote with; the frames need room next.
                pa.default_memory_pool().release_unused()
                note = {"version": _VERSION, **asdict(selection)}
                (fresh / _NOTE).write_text(json.dumps(note, indent=1), "utf-8")
                # What is fetched again is replaced as a whole.
                shutil.rmtree(target, ignore_errors=True)
        kept = Entry(selection=selection, folder=target)
        for entry in self.entries(selection.host, selection.record):
            if entry != kept and _makes_needless(selection, entry.selection):
                self.forget(entry)
        for parts in target.parent.glob(f"*{_PARTS}"):
            other = _read_selection(parts / _PARTS_NOTE)
            if other is None or _makes_needless(selection, other):
                shutil.rmtree(parts, ignore_errors=True)
        return kept

    def replace_facts(self, entry: Entry, facts: Facts) -> None:
        """Keep other tables beside the samples of an entry.

        Raises
        ------
        CacheError
            If the disk does not take it, or the entry went.
        """
        with self.writing(), _undamaged():
            parquet.write_facts(facts, _samples_of(entry))

    def forget(self, entry: Entry) -> None:
        """Remove an entry."""
        # First the note: without it the rest is no entry, whatever happens.
        (entry.folder / _NOTE).unlink(missing_ok=True)
        shutil.rmtree(entry.folder, ignore_errors=True)

    def parts(self, selection: Selection, *, fresh: bool = False) -> Path:
        """Return the folder for the finished parts of a download, which is made.

        Parameters
        ----------
        selection : Selection
            What is loaded.
        fresh : bool, default False
            Whether parts from before are of no use.

        Raises
        ------
        CacheError
            If it cannot be made.
        """
        parts = self._parts(selection)
        with self.writing():
            if fresh:
                shutil.rmtree(parts, ignore_errors=True)
            parts.mkdir(parents=True, exist_ok=True)
            # What cannot be written is to be noticed before anything is asked for.
            with new_file(parts / _PARTS_NOTE, overwrite=True) as note:
                note.write_text(json.dumps(asdict(selection)), "utf-8")
        return parts

    def forget_parts(self, selection: Selection) -> None:
        """Remove the finished parts of a download."""
        shutil.rmtree(self._parts(selection), ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what the disk raises while a block writes into a `CacheError`."""
        try:
            yield
        except CacheError:
            raise
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.folder} cannot be used ({error}): set "
                "HEXOFRAME_CACHE_DIR to a folder that can be written and has room"
            ) from error

    @contextmanager
    def lock(self, host: str, record: int, *, wait: bool = True) -> Iterator[bool]:
        """Let one thread of one process at a time load a record.

        Parameters
        ----------
        host : str
            Scheme, host and port.
        record : int
            Id of the record.
        wait : bool, default True
            Whether to wait while another has it.

        Yields
        ------
        bool
            Whether the block has it; always True where it waited.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415  # only to load

        file = self.folder / "locks" / f"{_plain(host)}-{record}.lock"
        lock = FileLock(file, thread_local=False)
        with self.writing():
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if wait:
                    _wait(lock, record)
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def _place(self, selection: Selection) -> Path:
        record = (
            self.folder / "records" / _plain(selection.host) / str(selection.record)
        )
        return record / selection.key

    def _parts(self, selection: Selection) -> Path:
        place = self._place(selection)
        return place.with_name(place.name + _PARTS)


def info() -> pd.DataFrame:
    """Return what the cache holds, a row an entry.

    Returns
    -------
    DataFrame
        record; bytes on disk; complete (False for the parts of a download that has not
        ended); how many channels; host; folder; start and end in ticks where only a
        part was loaded; transport that was asked for; device family; last_modified.
    """
    cache = Cache()
    rows = [
        _row(entry.selection, entry.folder, complete=True) for entry in cache.entries()
    ]
    for parts in sorted(cache.folder.glob(f"records/*/*/*{_PARTS}")):
        selection = _read_selection(parts / _PARTS_NOTE)
        if selection is not None:
            rows.append(_row(selection, parts, complete=False))
    return pd.DataFrame(rows, columns=list(_INFO)).astype(_INFO)


def clear(record: int | str | None = None) -> int:
    """Remove records from the cache, and parts of downloads that have not ended.

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
        If `record` is no id.

    Warns
    -----
    HexoframeWarning
        If a record is being loaded, and so was kept.
    """
    cache, freed = Cache(), 0
    if record is not None and not str(record).isdecimal():
        raise ConfigurationError(
            f"record={record!r}: give the id of a record, which is a whole number, or "
            "leave it out to clear all"
        )
    name = "*" if record is None else str(int(record))
    for place in sorted(cache.folder.glob(f"records/*/{name}")):
        if not place.name.isdecimal():
            continue  # the service did not name it
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
    """Take a lock when it is free, and say so if that is not soon."""
    from filelock import Timeout  # noqa: PLC0415  # only to load

    try:
        lock.acquire(timeout=_SOON_S)
    except Timeout:
        _LOG.warning(
            "record %s is being loaded by another thread or process: this one waits, "
            "and takes what that one brings",
            record,
        )
        lock.acquire()


def _plain(host: str) -> str:
    """Return a host as the name of a folder; one that is such a name stays as it is."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", host)


def _makes_needless(kept: Selection, other: Selection) -> bool:
    """Whether another selection of a record is of no use beside one that is kept."""
    return kept.last_modified != other.last_modified or kept.holds(other)


def _samples_of(entry: Entry) -> Path:
    """Return the folder of the Parquet files of an entry."""
    return entry.folder / f"record_{entry.selection.record}"


def _age(note: Path) -> int:
    """Return when a note was written; 0 for one that went meanwhile."""
    try:
        return note.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read_note(note: Path) -> Entry | None:
    selection = _read_selection(note)
    return None if selection is None else Entry(selection=selection, folder=note.parent)


def _read_selection(file: Path) -> Selection | None:
    """Return the selection that a note tells; None for one of another version."""
    try:
        told: dict[str, Any] = json.loads(file.read_bytes())
        if told.pop("version", _VERSION) != _VERSION:
            return None
        window = told.pop("window")
        told |= {"channels": tuple(told["channels"]), "span": tuple(told["span"])}
        selection = Selection(**told, window=None if window is None else tuple(window))
        for name in selection.channels:
            find(selection.family, name)
    except (OSError, ValueError, KeyError, TypeError, LookupError) as error:
        _LOG.warning("%s tells of no record (%s); it is not used", file, error)
        return None
    return selection


def _row(selection: Selection, where: Path, *, complete: bool) -> dict[str, Any]:
    start, end = selection.window or (None, None)
    return {
        "host": selection.host,
        "record": selection.record,
        "complete": complete,
        "channels": len(selection.channels),
        "start": start,
        "end": end,
        "transport": selection.transport,
        "family": selection.family,
        "last_modified": selection.last_modified,
        "bytes": _size(where),
        "folder": str(where),
    }


def _size(where: Path) -> int:
    """Return the bytes of all files; what goes meanwhile counts as nothing."""
    total = 0
    for folder, _, names in os.walk(where):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).stat().st_size
    return total


@contextmanager
def _reading(where: Path) -> Iterator[None]:
    """Turn what a damaged or missing file raises into a `CacheError`."""
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
    """Turn what a damaged file raises into a `CacheError`."""
    try:
        yield
    except CacheError:
        raise
    except (FileFormatError, IncompleteDataError) as error:
        raise CacheError(
            f"the cache is damaged: {error}; load the record with refresh=True"
        ) from error
