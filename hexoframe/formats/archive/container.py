"""A ZIP or a folder as named members, read in place.

Nothing is unpacked to disk, so a hostile member name can reach no other file; such
names are refused all the same. What the members mean does not belong here.
"""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Protocol, cast

from hexoframe.errors import FileFormatError

__all__ = ["Container", "Folder", "ZipFolder", "looks_like_zip", "zip_folders"]

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# A day of one 256 Hz lead takes 44 MB. A member of more than half a gigabyte, packed
# more than 200 times, is not a recording.
_BOMB_BYTES = 512 << 20
_BOMB_RATIO = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Header before each member. Only the sizes of its name and extra field are read; the
# table of contents has the rest.
_LOCAL_HEADER = struct.Struct("<26xHH")
# What zipfile raises for a damaged table of contents.
_DAMAGE = (zipfile.BadZipFile, RuntimeError, ValueError, struct.error)


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
    """Whether a file begins as a ZIP does, whole or cut."""
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
        """Name and size of each file, without hidden ones."""
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
        return {name: item.file_size for name, item in self._items().items()}

    def read(self, name: str) -> bytes:
        """Whole content of a member; its checksum is verified."""
        with self.open(name) as stream:
            data = stream.read()
        told = self._items()[name].file_size
        if len(data) != told:
            raise FileFormatError(
                f"{self.label}/{name}: damaged in the ZIP: {told} bytes expected, "
                f"{len(data)} found; fetch the file again"
            )
        return data

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member; its checksum is verified when it is read to its end."""
        where = f"{self.label}/{name}"
        items = self._items()
        if name not in items:
            raise FileFormatError(f"{self.label}: holds no member {name!r}")
        _check_method(items[name], where)
        with self.path.open("rb") as file:
            try:
                yield _open_member(file, items[name])
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise FileFormatError(
                    f"{where}: damaged in the ZIP ({error}); fetch the file again"
                ) from error

    def _items(self) -> Mapping[str, zipfile.ZipInfo]:
        return _contents(self.path).get(self.folder, {})


def _check_method(item: zipfile.ZipInfo, where: str) -> None:
    """Refuse encryption and packing methods that the vendor does not use."""
    if item.flag_bits & 1 or item.compress_type not in _METHODS:
        kind = "encrypted" if item.flag_bits & 1 else f"of method {item.compress_type}"
        raise FileFormatError(
            f"{where}: cannot be unpacked: the member is {kind}; the vendor's exports "
            "are stored or deflated, and not encrypted"
        )


def _open_member(file: BinaryIO, item: zipfile.ZipInfo) -> IO[bytes]:
    """Open a member by its entry in the table of contents.

    `ZipFile.open` would read the table again, which in a range export has thousands of
    members.
    """
    file.seek(item.header_offset)
    head = file.read(_LOCAL_HEADER.size)
    if len(head) < _LOCAL_HEADER.size or not head.startswith(_MAGIC[0]):
        raise zipfile.BadZipFile(f"no member at byte {item.header_offset}")
    name_size, extra_size = _LOCAL_HEADER.unpack(head)
    file.seek(name_size + extra_size, io.SEEK_CUR)
    return cast("IO[bytes]", zipfile.ZipExtFile(file, "r", item))


def zip_folders(path: Path) -> dict[str, list[str]]:
    """Return the folders of a ZIP and the names of the members in each.

    A cut ZIP, a name that points outside its folder and a zip bomb are refused.
    """
    return {folder: list(items) for folder, items in _contents(path).items()}


def _contents(path: Path) -> Mapping[str, Mapping[str, zipfile.ZipInfo]]:
    """Members by folder and name, cached until the file changes."""
    stat = path.stat()
    same = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return _read_contents(path, same)


@functools.lru_cache(maxsize=4)
def _read_contents(
    path: Path,
    _same: tuple[int, ...],
) -> Mapping[str, Mapping[str, zipfile.ZipInfo]]:
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    with _open_zip(path) as archive:
        for pure, item in sorted(_members(archive, path).items()):
            folder = str(pure.parent)
            key = "" if folder == "." else folder
            folders.setdefault(key, {})[pure.name] = item
    return folders


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise FileFormatError(
            f"{path}: a ZIP without its table of contents ({error}); it ends at byte "
            f"{path.stat().st_size} and was probably cut: fetch it again"
        ) from error
    with archive:
        yield archive


def _members(
    archive: zipfile.ZipFile, path: Path
) -> dict[PurePosixPath, zipfile.ZipInfo]:
    items: dict[PurePosixPath, zipfile.ZipInfo] = {}
    size = path.stat().st_size
    for item in archive.infolist():
        pure = PurePosixPath(item.filename)
        if not 0 <= item.header_offset < size or not item.filename:
            raise FileFormatError(
                f"{path}: the member {item.filename!r} has no name or lies outside of "
                f"the file (byte {item.header_offset} of {size}): the ZIP's table of "
                "contents is damaged; fetch the file again"
            )
        _check_member(item, pure, path)
        if item.is_dir() or pure.name.startswith(".") or "__MACOSX" in pure.parts:
            continue
        if pure in items:
            raise FileFormatError(
                f"{path}: the member {item.filename!r} is there twice; fetch the file "
                "again"
            )
        items[pure] = item
    return items


def _check_member(item: zipfile.ZipInfo, pure: PurePosixPath, path: Path) -> None:
    """Refuse names that point outside and sizes that no recording has."""
    if pure.is_absolute() or ".." in pure.parts or "\\" in item.filename:
        raise FileFormatError(
            f"{path}: the member {item.filename!r} points outside its folder; "
            "this is not a vendor export, nothing was read"
        )
    if (
        item.file_size > _BOMB_BYTES
        and item.file_size > _BOMB_RATIO * item.compress_size
    ):
        raise FileFormatError(
            f"{path}: the member {item.filename!r} would unpack from "
            f"{item.compress_size} to {item.file_size} bytes; this is not a recording"
        )
