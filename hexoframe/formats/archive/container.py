"""A ZIP or a folder as named members, read in place.

Nothing is unpacked to disk, so a hostile member name can reach no other file; such
names are refused all the same. A ZIP inside the ZIP is unpacked in memory, and a member
packed with gzip appears under its own name. What the members mean does not belong here.
"""

from __future__ import annotations

import functools
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, Protocol, cast

from hexoframe.errors import FileFormatError
from hexoframe.formats.sourcefiles import state_of
from hexoframe.paths import is_file

__all__ = [
    "Container",
    "Folder",
    "ZipFolder",
    "gunzipped",
    "inner_zips",
    "looks_like_zip",
    "most_unpacked",
    "placeholder_of",
    "zip_folders",
]

# Begins each member in the table of contents.
_ENTRY = b"PK\x01\x02"
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# A day of one 256 Hz lead takes 44 MB. A member of more than half a gigabyte, packed
# more than 200 times, is not a recording.
_BOMB_BYTES = 512 << 20
_BOMB_RATIO = 200
# Text is held in memory: events of a day take 2 MB, and are packed 3 to 8 times.
_TEXT_BYTES = 8 << 20
_TEXT_RATIO = 40
# A ZIP hardly packs what is packed already.
_INNER_BYTES = 16 << 20
_INNER_RATIO = 4
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Header before each member. Only the sizes of its name and extra field are read; the
# table of contents has the rest.
_LOCAL_HEADER = struct.Struct("<26xHH")
# Ends of names that stand for a file which is not there, or not whole: of browsers, of
# sync programs and, behind a leading dot, of iCloud.
_UNFINISHED = (
    ".crdownload",
    ".download",
    ".filepart",
    ".icloud",
    ".opdownload",
    ".part",
    ".partial",
    ".tmp",
)
_GZIP = ".gz"
_PACKED = (".csv", ".hxd", ".json", ".wav")
_UTF8 = 0x800  # the flag of a name in that coding
_TEXTS = frozenset({".csv", ".hxd", ".json", ".txt"})
_BLOCK = 1 << 20
_GZIP_DAMAGE = (gzip.BadGzipFile, zlib.error, EOFError)
# What zipfile raises for a damaged table of contents.
_DAMAGE = (zipfile.BadZipFile, RuntimeError, ValueError, struct.error)


class Container(Protocol):
    """The members of one record."""

    @property
    def label(self) -> str:
        """Name for messages."""

    def sizes(self) -> dict[str, int]:
        """Name and size in bytes of each member, sorted by name."""

    def packed_size(self) -> int:
        """Bytes that the members take on the disk together."""

    def file_of(self, name: str) -> Path:
        """File of the disk that a member is in."""

    def read(self, name: str) -> bytes:
        """Whole content of a member."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a member as a stream of bytes."""

    def beside(self) -> list[str]:
        """Names of the files in the folder above, sorted; hidden ones left out."""


def placeholder_of(name: str) -> str | None:
    """Return the file that a name stands for, if that file is not there or not whole.

    ``.RR_interval.csv.icloud`` and ``RR_interval.csv.part`` stand for
    ``RR_interval.csv``.
    """
    for end in _UNFINISHED:
        if name.lower().endswith(end):
            return name[: -len(end)].removeprefix(".") or None
    return None


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
        """Name and size of each file; of hidden ones, only placeholders."""
        return {
            path.name: path.stat().st_size
            for path in sorted(self.path.iterdir())
            if is_file(path) and not _is_hidden(path.name)
        }

    def packed_size(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes().values())

    def file_of(self, name: str) -> Path:
        """File that the member is."""
        return self.path / name

    def read(self, name: str) -> bytes:
        """Whole content of a file."""
        return (self.path / name).read_bytes()

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        return (self.path / name).open("rb")

    def beside(self) -> list[str]:
        """Names of the files in the folder above; none if it cannot be listed."""
        own = self.path.resolve()
        try:
            items = list(own.parent.iterdir()) if own.parent != own else []
        except PermissionError:
            return []
        names = (item.name for item in items if not item.name.startswith("."))
        return sorted(name for name in names if is_file(own.parent / name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and placeholder_of(name) is None


@dataclass(frozen=True, slots=True)
class ZipFolder:
    """The members of one folder in a ZIP file, or in a ZIP inside it (`inner`)."""

    path: Path
    folder: str
    inner: str = ""

    @property
    def label(self) -> str:
        """Path of the ZIP and the folder in it."""
        return "/".join(filter(None, (str(self.path), self.inner, self.folder)))

    def sizes(self) -> dict[str, int]:
        """Name and size of each member."""
        return {name: item.file_size for name, item in self._items().items()}

    def packed_size(self) -> int:
        """Bytes of all members in the ZIP; no more than the file itself has."""
        told = sum(item.compress_size for item in self._items().values())
        return min(told, self.path.stat().st_size)

    def file_of(self, name: str) -> Path:  # noqa: ARG002  # all are in one file
        """File of the ZIP."""
        return self.path

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
        with _open_source(self.path, self.inner) as file:
            try:
                yield _open_member(file, items[name])
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise FileFormatError(
                    f"{where}: damaged in the ZIP ({error}); fetch the file again"
                ) from error

    def beside(self) -> list[str]:
        """Names of the members in the folder above; none for the top of the ZIP."""
        if not self.folder:
            return []
        above = str(PurePosixPath(self.folder).parent)
        folders = _contents(self.path, self.inner)
        return list(folders.get("" if above == "." else above, {}))

    def _items(self) -> Mapping[str, zipfile.ZipInfo]:
        return _contents(self.path, self.inner).get(self.folder, {})


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


def zip_folders(path: Path, inner: str = "") -> dict[str, list[str]]:
    """Return the folders of a ZIP and the names of the members in each.

    `inner` names a ZIP inside it. A cut ZIP, a name that points outside its folder and
    a zip bomb are refused.
    """
    return {folder: list(items) for folder, items in _contents(path, inner).items()}


def inner_zips(path: Path) -> list[str]:
    """Return the members of a ZIP that are ZIP files by name and content."""
    names = (
        (folder, name)
        for folder, items in _contents(path).items()
        for name in items
        if name.lower().endswith(".zip")
    )
    found = []
    for folder, name in sorted(names):
        with ZipFolder(path, folder).open(name) as stream:
            if stream.read(4) in _MAGIC:
                found.append(f"{folder}/{name}" if folder else name)
    return found


def _contents(
    path: Path, inner: str = ""
) -> Mapping[str, Mapping[str, zipfile.ZipInfo]]:
    """Members by folder and name, cached until the file changes."""
    return _read_contents(path, inner, state_of(path))


@functools.lru_cache(maxsize=4)
def _read_contents(
    path: Path, inner: str, _same: tuple[int, ...]
) -> Mapping[str, Mapping[str, zipfile.ZipInfo]]:
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    label = f"{path}/{inner}" if inner else str(path)
    with _open_source(path, inner) as file, _open_zip(file, label) as archive:
        for pure, item in sorted(_members(archive, file, label).items()):
            folder = str(pure.parent)
            key = "" if folder == "." else folder
            folders.setdefault(key, {})[pure.name] = item
    return folders


def _open_source(path: Path, inner: str) -> BinaryIO:
    """Open a ZIP file, or the one inside it in memory."""
    return (
        io.BytesIO(_unpacked(path, inner, state_of(path))) if inner else path.open("rb")
    )


# Records of one inner ZIP are read one after the other.
@functools.lru_cache(maxsize=1)
def _unpacked(path: Path, inner: str, _same: tuple[int, ...]) -> bytes:
    folder, _, name = inner.rpartition("/")
    return ZipFolder(path, folder).read(name)


@contextmanager
def _open_zip(file: BinaryIO, label: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise FileFormatError(
            f"{label}: a ZIP without its table of contents ({error}); it ends at byte "
            f"{_size(file)} and was probably cut: fetch it again"
        ) from error
    with archive:
        yield archive


def _size(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


def _members(
    archive: zipfile.ZipFile, file: BinaryIO, label: str
) -> dict[PurePosixPath, zipfile.ZipInfo]:
    items: dict[PurePosixPath, zipfile.ZipInfo] = {}
    size = _size(file)
    for item in archive.infolist():
        # Some programs of Windows write its own separator.
        name = item.filename.replace("\\", "/")
        pure = PurePosixPath(name)
        if not 0 <= item.header_offset < size or not name:
            raise FileFormatError(
                f"{label}: the member {item.filename!r} has no name or lies outside of "
                f"the file (byte {item.header_offset} of {size}): the ZIP's table of "
                "contents is damaged; fetch the file again"
            )
        if _ENTRY in item.comment or _ENTRY in item.extra:
            raise FileFormatError(
                f"{label}: the member {item.filename!r} swallows the one behind it in "
                "the ZIP's table of contents, which is damaged; fetch the file again"
            )
        _check_name(file, item, label)
        _check_member(item, pure, label)
        if name.endswith("/") or _is_hidden(pure.name) or "__MACOSX" in pure.parts:
            continue
        if pure in items:
            raise FileFormatError(
                f"{label}: the member {item.filename!r} is there twice; fetch the file "
                "again"
            )
        items[pure] = item
    return items


def _check_name(file: BinaryIO, item: zipfile.ZipInfo, label: str) -> None:
    """Refuse a member whose name is another one at its place than in the table.

    Names have no checksum, but stand in a ZIP twice. A damaged one would make a file of
    the recording one that means nothing.
    """
    file.seek(item.header_offset)
    head = file.read(_LOCAL_HEADER.size)
    if len(head) < _LOCAL_HEADER.size or not head.startswith(_MAGIC[0]):
        return  # said when the member is opened, if it is needed
    coding = "utf-8" if item.flag_bits & _UTF8 else "cp437"
    there = file.read(_LOCAL_HEADER.unpack(head)[0]).decode(coding, "replace")
    if there != item.orig_filename:
        raise FileFormatError(
            f"{label}: the member {item.filename!r} is called {there!r} at its place: "
            "the ZIP is damaged; fetch it again"
        )


def _check_member(item: zipfile.ZipInfo, pure: PurePosixPath, label: str) -> None:
    """Refuse names that point outside and sizes that no recording has."""
    drive = PureWindowsPath(item.filename).anchor
    if pure.is_absolute() or drive or ".." in pure.parts:
        raise FileFormatError(
            f"{label}: the member {item.filename!r} points outside its folder; "
            "this is not a vendor export, nothing was read"
        )
    if item.file_size > most_unpacked(pure.name, item.compress_size):
        raise FileFormatError(
            f"{label}: the member {item.filename!r} would unpack from "
            f"{item.compress_size} to {item.file_size} bytes; this is not a recording"
        )


def most_unpacked(name: str, packed: int) -> int:
    """Return the size that a member of that name and packed size can have at most."""
    end = PurePosixPath(name).suffix.lower()
    if end == ".zip":
        return _INNER_BYTES + _INNER_RATIO * packed
    if end in _TEXTS:
        return min(_BOMB_BYTES, _TEXT_BYTES + _TEXT_RATIO * packed)
    return max(_BOMB_BYTES, _BOMB_RATIO * packed)


# -- members that are packed one by one ------------------------------------------------


def gunzipped(container: Container) -> Container:
    """Return a container whose members with .gz appear unpacked, if it has any."""
    names = container.sizes()
    packed = {
        name[: -len(_GZIP)]: name
        for name in names
        if name.lower().endswith(tuple(end + _GZIP for end in _PACKED))
    }
    packed = {name: given for name, given in packed.items() if name not in names}
    return _Gunzipped(container, packed) if packed else container


@dataclass(frozen=True, slots=True)
class _Gunzipped:
    """A container in which some members, by the name without .gz, are unpacked."""

    container: Container
    packed: Mapping[str, str]
    _unpacked: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    @property
    def label(self) -> str:
        """Name for messages."""
        return self.container.label

    def sizes(self) -> dict[str, int]:
        """Name and size of each member; packed ones are unpacked once for it."""
        for name in self.packed:
            if name not in self._unpacked:
                self._unpacked[name] = self._measure(name)
        hidden = set(self.packed.values())
        plain = self.container.sizes().items()
        rest = {name: size for name, size in plain if name not in hidden}
        return dict(sorted({**rest, **self._unpacked}.items()))

    def packed_size(self) -> int:
        """Bytes that the members take on the disk together."""
        return self.container.packed_size()

    def _measure(self, name: str) -> int:
        size, given = 0, self.packed[name]
        limit = most_unpacked(name, self.container.sizes()[given])
        with self.container.open(given) as raw, gzip.open(raw) as stream:
            while block := _next_block(stream):
                size += len(block)
                if size > limit:
                    raise FileFormatError(
                        f"{self.label}/{given}: unpacks to more than {limit} bytes; "
                        "this is not a recording"
                    )
        return size

    def file_of(self, name: str) -> Path:
        """File of the disk that a member is in, packed or not."""
        return self.container.file_of(self.packed.get(name, name))

    def read(self, name: str) -> bytes:
        """Whole content of a member; its checksum is verified."""
        if name not in self.packed:
            return self.container.read(name)
        with self.open(name) as stream:
            return stream.read()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member as a stream of bytes."""
        given = self.packed.get(name)
        if given is None:
            with self.container.open(name) as stream:
                yield stream
            return
        with self.container.open(given) as raw:
            try:
                with gzip.open(raw) as stream:
                    yield cast("IO[bytes]", stream)
            except _GZIP_DAMAGE as error:
                raise FileFormatError(
                    f"{self.label}/{given}: damaged ({error}); fetch the file again"
                ) from error

    def beside(self) -> list[str]:
        """Names of the files in the folder above."""
        return self.container.beside()


def _next_block(stream: gzip.GzipFile) -> bytes:
    """Read a block; nothing where the file is damaged, which reading it reports."""
    try:
        return stream.read(_BLOCK)
    except _GZIP_DAMAGE:
        return b""
