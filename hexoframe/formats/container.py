"""A vendor export as named members, whether it is a ZIP or its unpacked folder.

Members are read in place and nothing is ever unpacked to disk, so a hostile name can
reach no other file; names that try are refused all the same. What the members mean is
the business of `archive`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from hexoframe.errors import FileFormatError

__all__ = ["Container", "Folder", "ZipFolder", "looks_like_zip", "zip_folders"]

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# A day of one 256 Hz lead takes 44 MB. A member that would unfold to more than half a
# gigabyte at more than 200 times its packed size is no recording.
_BOMB_BYTES = 512 << 20
_BOMB_RATIO = 200


class Container(Protocol):
    """The members of one record."""

    @property
    def label(self) -> str:
        """Name for messages."""

    def sizes(self) -> dict[str, int]:
        """Name and size in bytes of each member, sorted by name."""

    def read(self, name: str) -> bytes:
        """Whole content of a member."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a member as a stream of bytes."""


def looks_like_zip(path: Path) -> bool:
    """Whether a file begins as a ZIP does, be it whole or cut."""
    with path.open("rb") as file:
        return file.read(4) in _MAGIC


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one folder."""

    path: Path

    @property
    def label(self) -> str:
        """Path of the folder."""
        return str(self.path)

    def sizes(self) -> dict[str, int]:
        """Name and size of each file, hidden ones left out."""
        return {
            path.name: path.stat().st_size
            for path in sorted(self.path.iterdir())
            if path.is_file() and not path.name.startswith(".")
        }

    def read(self, name: str) -> bytes:
        """Whole content of a file."""
        return (self.path / name).read_bytes()

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        return (self.path / name).open("rb")


@dataclass(frozen=True, slots=True)
class ZipFolder:
    """The members of one folder in a ZIP file."""

    path: Path
    folder: str

    @property
    def label(self) -> str:
        """Path of the ZIP and the folder in it."""
        return f"{self.path}/{self.folder}" if self.folder else str(self.path)

    def sizes(self) -> dict[str, int]:
        """Name and size of each member."""
        with _open_zip(self.path) as archive:
            return {
                PurePosixPath(item.filename).name: item.file_size
                for item in _members(archive, self.path)
                if _folder_of(item) == self.folder
            }

    def read(self, name: str) -> bytes:
        """Whole content of a member; its checksum is verified."""
        with self.open(name) as stream:
            return stream.read()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member; its checksum is verified when it is read to its end."""
        where = f"{self.path}/{self.folder}/{name}"
        full = str(PurePosixPath(self.folder) / name)
        try:
            with _open_zip(self.path) as archive, archive.open(full) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise FileFormatError(
                f"{where}: damaged in the ZIP ({error}); fetch the file again"
            ) from error
        except (RuntimeError, NotImplementedError) as error:
            raise FileFormatError(
                f"{where}: cannot be unpacked ({error}); the vendor's exports are "
                "deflated and not encrypted"
            ) from error


def zip_folders(path: Path) -> dict[str, list[str]]:
    """Return the folders of a ZIP and the names of the members in each.

    Raises
    ------
    FileFormatError
        If the file is no whole ZIP, a member's name leaves its folder, or a member
        would unfold to a size that no recording has.
    """
    folders: dict[str, list[str]] = {}
    with _open_zip(path) as archive:
        for item in _members(archive, path):
            folders.setdefault(_folder_of(item), []).append(
                PurePosixPath(item.filename).name
            )
    return folders


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FileFormatError(
            f"{path}: a ZIP without its table of contents ({error}); it ends at byte "
            f"{path.stat().st_size} and was probably cut: fetch it again"
        ) from error
    with archive:
        yield archive


def _members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    items = []
    for item in archive.infolist():
        pure = PurePosixPath(item.filename)
        if pure.is_absolute() or ".." in pure.parts or "\\" in item.filename:
            raise FileFormatError(
                f"{path}: the member {item.filename!r} points outside its folder; "
                "this is no export of the vendor, nothing was read"
            )
        if (
            item.file_size > _BOMB_BYTES
            and item.file_size > _BOMB_RATIO * item.compress_size
        ):
            raise FileFormatError(
                f"{path}: the member {item.filename!r} would unfold from "
                f"{item.compress_size} to {item.file_size} bytes; this is no recording"
            )
        hidden = pure.name.startswith(".") or "__MACOSX" in pure.parts
        if not item.is_dir() and not hidden:
            items.append(item)
    return sorted(items, key=lambda item: item.filename)


def _folder_of(item: zipfile.ZipInfo) -> str:
    folder = str(PurePosixPath(item.filename).parent)
    return "" if folder == "." else folder
