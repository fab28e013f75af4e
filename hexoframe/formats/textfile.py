"""A text file by itself, packed in a .gz, or as a member of a ZIP.

Its content is handed on in UTF-8. What the text means does not belong here.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hexoframe.errors import FileFormatError

if TYPE_CHECKING:
    from hexoframe.formats.archive.container import ZipFolder

__all__ = ["TextFile"]

# Half a gigabyte of text is not a table at 1 Hz.
_MOST_BYTES = 512 << 20
# A month at 1 Hz; such a table is packed 6 to 15 times.
_SMALL_BYTES = 128 << 20
_RATIO = 16
_HEAD_BYTES = 8 << 20
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 14


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file.

    Attributes
    ----------
    path : Path
        The file, or the ZIP that it is in.
    folder : ZipFolder or None
        The folder of a ZIP in which it is the member `name`.
    """

    path: Path
    folder: ZipFolder | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """Name for messages."""
        if self.folder is None:
            return str(self.path)
        return f"{self.folder.label}/{self.name}"

    @property
    def stem(self) -> str:
        """Name without its suffixes."""
        return (self.name or self.path.name).partition(".")[0]

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the file, unpacked; of a .gz only the beginning."""
        if self.folder is not None:
            return self.folder.open(self.name)
        if _is_gzip(self.path):
            return io.BytesIO(_gunzipped(self.path, _HEAD_BYTES)[0])
        return self.path.open("rb")

    @property
    def _most(self) -> int:
        """Bytes that a packed file can have at most as text."""
        if self.folder is None:
            packed = self.path.stat().st_size
        else:
            packed = self.folder.packed_size()
        return min(_MOST_BYTES, max(_SMALL_BYTES, _RATIO * packed))

    def content(self, encoding: str) -> Path | bytes:
        """Return the path of a file in UTF-8, or else its content in UTF-8."""
        if self.folder is not None:
            with self.open() as stream:
                data = stream.read(self._most + 1)
        elif _is_gzip(self.path):
            data, wrong = _gunzipped(self.path, self._most)
            if wrong is not None:
                raise FileFormatError(
                    f"{self.label}: the .gz {wrong}, after {len(data):,} bytes of text "
                    "or more; fetch the file again"
                )
        elif encoding == "utf-8":
            return self.path
        else:
            data = self.path.read_bytes()
        if len(data) > self._most and (self.folder or _is_gzip(self.path)):
            raise FileFormatError(
                f"{self.label}: unpacks to more than {self._most >> 20} MB; this is "
                "not a CSV of a recording"
            )
        return data if encoding == "utf-8" else _to_utf_8(data, encoding, self.label)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _gunzipped(path: Path, most: int) -> tuple[bytes, str | None]:
    """Return the content of a .gz, at most a block too much, and what is wrong."""
    data = bytearray()
    try:
        with gzip.open(path) as stream:
            while len(data) <= most and (block := stream.read1(_BLOCK)):
                data += block
    except EOFError:
        return bytes(data), "ends in the middle"
    except (gzip.BadGzipFile, zlib.error) as error:
        return bytes(data), f"is damaged ({error})"
    return bytes(data), None


def _to_utf_8(data: bytes, encoding: str, label: str) -> bytes:
    # The last character of a cut file may be half of one.
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        return decoder.decode(data).encode()
    except UnicodeError as error:
        raise FileFormatError(f"{label}: is not whole {encoding}: {error}") from error
