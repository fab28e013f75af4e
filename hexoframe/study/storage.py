"""Where a study lies: a folder of this disk, or any place that fsspec knows.

Files have keys, which are paths below the root with ``/``. A file appears whole or not
at all: on a disk by renaming, elsewhere by one PUT. What the files mean does not belong
here. A storage can go to another process; it opens its place there.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from hexoframe.errors import ConfigurationError, HexoframeError, StorageError
from hexoframe.forks import PerProcess
from hexoframe.paths import expanded, is_file, is_folder, writing_to

__all__ = ["DiskStorage", "RemoteStorage", "Storage", "storage_at"]

_SCRATCH = ".scratch"
# What another machine left in the scratch folder is nobody's after a day.
_LEFT_S = 86_400
_OWNER = re.compile(r"(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{8}")
# One letter is a drive of Windows.
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_SECRET = re.compile(
    r"key$|secret|token|password|passwd|credential|connection_string|username|^auth$",
    re.IGNORECASE,
)


class Storage(Protocol):
    """The files below the root of a study."""

    @property
    def root(self) -> str:
        """Path or URL of the root."""

    def url(self, key: str) -> str:
        """Return the path or URL of a file, for other programs."""

    def path(self, key: str) -> Path | None:
        """Return the file as a path of this disk; None if it lies elsewhere."""

    def read(self, key: str) -> bytes:
        """Return a file; FileNotFoundError if there is none."""

    def write(self, key: str, data: bytes) -> None:
        """Write or replace a file as a whole."""

    def put(self, file: Path, key: str) -> None:
        """Move a file of this disk, from `scratch`, to its place as a whole."""

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""

    def listing(self, folder: str) -> dict[str, str]:
        """Return the files of a folder by name, each with a text that changes with it.

        Nothing that an earlier listing remembered is used. Empty without the folder.
        """

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, sorted; hidden ones are not."""

    def scratch(self) -> Any:
        """Return a context with a new folder of this disk, which is removed then."""

    def sweep(self) -> None:
        """Remove what killed processes left in the scratch folder."""

    def without_secrets(self) -> Storage:
        """Return the same place without the keys that were given for it."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the options that hold keys."""


def storage_at(
    root: str | os.PathLike[str], options: Mapping[str, Any] | None = None
) -> Storage:
    """Return the storage at a path or URL; nothing is read or made yet."""
    text = os.fspath(root) if isinstance(root, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise ConfigurationError(
            f"the root of a study is {root!r}: give a folder, or a URL such as "
            "'s3://bucket/study'"
        )
    match = _URL.match(text)
    if match is None:
        if options:
            raise ConfigurationError(
                f"storage_options={sorted(options)} are for a URL, and {text} is a "
                "folder: leave them out"
            )
        place = expanded(text, what="the root of a study").absolute()
        if is_file(place):
            raise ConfigurationError(
                f"{place} is a file, and a study is a folder: give the folder of one, "
                "or a new one; a recording is opened with open_record()"
            )
        return DiskStorage(place)
    parts = urlsplit(text)
    if parts.scheme == "file":
        return storage_at(parts.path)
    if parts.password:
        raise ConfigurationError(
            f"{parts.scheme}://{parts.hostname or ''}{parts.path} holds a password, "
            "which would end up in logs: give it in storage_options=, or in the "
            "environment"
        )
    return RemoteStorage(text.rstrip("/"), dict(options or {}))


class DiskStorage:
    """A folder of this disk, or of one that is mounted."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<{self._root}>"

    @property
    def root(self) -> str:
        """Path of the root."""
        return str(self._root)

    @property
    def secrets(self) -> tuple[str, ...]:
        """A disk has no keys."""
        return ()

    def without_secrets(self) -> DiskStorage:
        """Return this."""
        return self

    def url(self, key: str) -> str:
        """Return the path of a file."""
        return str(self._root / key)

    def path(self, key: str) -> Path:
        """Return the path of a file."""
        return self._root / key

    def read(self, key: str) -> bytes:
        """Return a file; FileNotFoundError if there is none."""
        with _reading(self.url(key)):
            return (self._root / key).read_bytes()

    def write(self, key: str, data: bytes) -> None:
        """Write or replace a file as a whole."""
        file = self._root / _SCRATCH / _own_name()
        with _writing(self._root / key):
            try:
                try:
                    file.write_bytes(data)
                except FileNotFoundError:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(data)
                self._place(file, key)
            except BaseException:
                file.unlink(missing_ok=True)
                raise

    def put(self, file: Path, key: str) -> None:
        """Move a file to its place as a whole."""
        with _writing(self._root / key):
            self._place(file, key)

    def _place(self, file: Path, key: str) -> None:
        target = self._root / key
        try:
            file.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""
        with _writing(self._root / key):
            (self._root / key).unlink(missing_ok=True)

    def listing(self, folder: str) -> dict[str, str]:
        """Return the files of a folder by name, each with its size and time."""
        place = self._root / folder
        if not is_folder(place):
            return {}
        with _reading(self.url(folder)), os.scandir(place) as entries:
            files = [
                (entry.name, entry.stat())
                for entry in entries
                if not entry.name.startswith(".") and entry.is_file()
            ]
        return {n: f"{s.st_size}-{s.st_mtime_ns}" for n, s in sorted(files)}

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder."""
        place = self._root / folder
        if not is_folder(place):
            return []
        with _reading(self.url(folder)), os.scandir(place) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir()
            )

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a hidden folder on the disk of the study, and remove it then."""
        folder = self._root / _SCRATCH / _own_name()
        with _writing(folder):
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what killed processes left; what is in use stays."""
        place = self._root / _SCRATCH
        if not is_folder(place):
            return
        for left in filter(_is_left, place.iterdir()):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


@functools.cache
def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]+", ".", socket.gethostname()) or "host"


def _own_name() -> str:
    """Return a name in the scratch folder that says who works there."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"


def _is_left(path: Path) -> bool:
    """Whether no process works on what is in the scratch folder any more."""
    owner = _OWNER.fullmatch(path.name)
    if owner is not None and owner["host"] == _host() and os.name == "posix":
        try:
            os.kill(int(owner["pid"]), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > _LEFT_S
    return False


class RemoteStorage:
    """A place that fsspec opens, such as a bucket of S3."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self._url = url
        self._options = dict(options)
        # Connections are of a process; a copy in another one makes its own.
        self._opened: PerProcess[list[Any]] = PerProcess(list)

    def __repr__(self) -> str:
        """Return where it is, and no option."""
        return f"<{self._url}>"

    @property
    def root(self) -> str:
        """URL of the root."""
        return self._url

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the options that hold keys."""
        return tuple(sorted(filter(_SECRET.search, self._options)))

    def without_secrets(self) -> RemoteStorage:
        """Return the same place without the keys: workers have their own."""
        kept = {n: v for n, v in self._options.items() if n not in self.secrets}
        return RemoteStorage(self._url, kept)

    def url(self, key: str) -> str:
        """Return the URL of a file."""
        return f"{self._url}/{key}"

    def path(self, key: str) -> None:
        """Return None: it is not on this disk."""
        del key

    @property
    def _fs(self) -> tuple[Any, str]:
        """The file system and the path of the root in it, opened in this process."""
        opened = self._opened.value
        if not opened:
            opened.append(_open_url(self._url, self._options))
        fs, root = opened[0]
        return fs, root

    def read(self, key: str) -> bytes:
        """Return a file; FileNotFoundError if there is none."""
        fs, root = self._fs
        with _asking(self.url(key)):
            data: bytes = fs.cat_file(f"{root}/{key}")
            return data

    def write(self, key: str, data: bytes) -> None:
        """Write or replace a file by one PUT."""
        fs, root = self._fs
        with _asking(self.url(key), writing=True):
            _make_folder(fs, f"{root}/{key}")
            fs.pipe_file(f"{root}/{key}", data)

    def put(self, file: Path, key: str) -> None:
        """Send a file to its place; a large one appears when all of it is there."""
        fs, root = self._fs
        with _asking(self.url(key), writing=True):
            _make_folder(fs, f"{root}/{key}")
            fs.put_file(str(file), f"{root}/{key}")
        file.unlink()

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""
        fs, root = self._fs
        with _asking(self.url(key), writing=True), suppress(FileNotFoundError):
            fs.rm_file(f"{root}/{key}")

    def listing(self, folder: str) -> dict[str, str]:
        """Return the files of a folder by name, each with its size and tag."""
        return {
            name: f"{item.get('size')}-{_tag(item)}"
            for name, item in self._items(folder)
            if item["type"] == "file"
        }

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder."""
        return [
            name for name, item in self._items(folder) if item["type"] == "directory"
        ]

    def _items(self, folder: str) -> list[tuple[str, dict[str, Any]]]:
        fs, root = self._fs
        where = f"{root}/{folder}" if folder else root
        with _asking(self.url(folder)):
            # A listing from before knows nothing of what others wrote since.
            fs.invalidate_cache()
            try:
                listed = fs.ls(where, detail=True)
            except FileNotFoundError:
                return []
        named = [(PurePosixPath(item["name"]).name, item) for item in listed]
        # A bucket may list the folder itself.
        own = PurePosixPath(where).name
        kept = [
            (name, item)
            for name, item in named
            if not name.startswith(".")
            and not (name == own and item["name"].strip("/") == where.strip("/"))
        ]
        return sorted(kept, key=lambda pair: pair[0])

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a temporary folder of this disk."""
        with tempfile.TemporaryDirectory(prefix="hexoframe-") as folder:
            yield Path(folder)

    def sweep(self) -> None:
        """Nothing is left: a file that did not arrive whole is not there."""


def _open_url(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    scheme = urlsplit(url).scheme
    try:
        import fsspec  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ConfigurationError(
            f"{url} needs fsspec: pip install 'hexoframe[s3]', which brings it"
        ) from error
    try:
        fs, root = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{url} cannot be opened ({error}): install what fsspec needs for "
            f"{scheme}:// (pip install 'hexoframe[s3]' for s3://), and check "
            "storage_options="
        ) from error
    return fs, str(root).rstrip("/")


def _make_folder(fs: Any, path: str) -> None:
    """Make the folder of a file where the file system has real ones."""
    if fs.protocol in {"memory", "file"} or "sftp" in fs.protocol:
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)


def _tag(item: Mapping[str, Any]) -> str:
    """Return what changes with the content of a file, as far as its place tells it."""
    for name in ("ETag", "etag", "md5Hash", "LastModified", "mtime", "created"):
        if item.get(name):
            return str(item[name]).strip('"')
    return ""


# -- errors ----------------------------------------------------------------------------


@contextmanager
def _reading(where: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, HexoframeError):
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StorageError(
            f"{where} cannot be read ({why.lower()}): what was finished stays; go on "
            "with the same call when it can"
        ) from error


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turn an error of the disk into a `StorageError`."""
    try:
        with writing_to(target):
            yield
    except StorageError:
        raise
    except OSError as error:
        told = str(error) if isinstance(error, HexoframeError) else _plain(error)
        raise StorageError(
            f"{told.partition('; what was there')[0]}. What was finished before stays "
            "in the study, and the same call goes on there"
        ) from error


def _plain(error: OSError) -> str:
    return f"{error.filename or 'the study'}: {error.strerror or error}"


@contextmanager
def _asking(where: str, *, writing: bool = False) -> Iterator[None]:
    """Turn what a file system raises into a `StorageError`, without its arguments."""
    try:
        yield
    except (FileNotFoundError, HexoframeError):
        if writing:
            raise StorageError(
                f"{where} cannot be written: there is no such bucket or folder; make "
                "it first, and check the URL"
            ) from None
        raise
    except Exception as error:
        # Libraries of clouds have trees of errors of their own.
        verb = "written" if writing else "read"
        refused = isinstance(error, PermissionError)
        way = (
            "check the keys and the rights of this user"
            if refused
            else "check the network, and go on with the same call"
        )
        raise StorageError(
            f"{where} cannot be {verb} ({type(error).__name__}): {way}. What was "
            "finished before stays in the study"
        ) from error
