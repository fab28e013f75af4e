"""WAV files of an export: header and counts.

Units, channels and the length of the record do not belong here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import FileFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WavHeader", "iter_counts", "parse_counts", "read_wav_header"]

# Enough for the 44 bytes of the service and for chunks that tools insert.
_HEAD_BYTES = 4096
_REST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class WavHeader:
    """Layout of a WAV file.

    Attributes
    ----------
    rate : int
        Rate field: Hz, or the period in s for channels slower than 1 Hz.
    offset : int
        First byte of the samples.
    samples : int
        Whole samples in the file.
    stated : int
        Samples that the header states.
    """

    rate: int
    bits: int
    offset: int
    samples: int
    stated: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Little-endian; the channel table knows whether samples have a sign."""
        return np.dtype("<i2" if self.bits == 16 else "<i4")


def read_wav_header(
    stream: IO[bytes], size: int, *, where: str, allow_cut: bool = False
) -> WavHeader:
    """Read the header of a WAV file of `size` bytes from a stream at its beginning.

    The RIFF size is ignored (some exports are off by 4). A data size of zero, or of all
    ones, is a header that was never completed: then all that follows is samples. So are
    bytes after the data that are not a whole chunk. With `allow_cut`, half a sample at
    the end of a cut file is left out. Source: vendor exports of 2017 to
    2022; RIFF/WAVE, PCM format 1.
    """
    head = stream.read(_HEAD_BYTES)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise FileFormatError(
            f"{where}: not a WAV file: {_shown(head)}, expected b'RIFF....WAVE'; "
            "fetch the export again"
        )
    chunks = dict(_chunks(head))
    if b"fmt " not in chunks or b"data" not in chunks:
        raise FileFormatError(
            f"{where}: a WAV file needs the chunks 'fmt ' and 'data', found "
            f"{sorted(name.decode('latin-1') for name in chunks)}"
        )
    at, _ = chunks[b"fmt "]
    form, tracks, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
    if (form, tracks) != (1, 1) or bits not in (16, 32):
        raise FileFormatError(
            f"{where}: expected PCM (1), 1 track, 16 or 32 bits; found format {form}, "
            f"{tracks} tracks, {bits} bits"
        )
    offset, stated = chunks[b"data"]
    width = bits // 8
    held = _held_bytes(stream, (offset, stated, size), width)
    if held % width and not allow_cut:
        raise FileFormatError(
            f"{where}: the file ends at byte {offset + held}, in the middle of a "
            f"{width}-byte sample; it was cut: fetch it again"
        )
    whole = stated if stated not in (0, 0xFFFFFFFF) else held
    return WavHeader(rate, bits, offset, held // width, max(whole, held) // width)


def _shown(head: bytes) -> str:
    """Say how a file begins that is no WAV."""
    if not head.strip(b"\0"):
        return "found zeros" if head else "found an empty file (0 bytes)"
    return f"it begins with {head[:12]!r}"


def _chunks(head: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield name -> (offset of the content, size) up to the samples."""
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"fmt " and (size < 16 or at + 24 > len(head)):
            return
        yield name, (at + 8, size)
        if name == b"data":
            return
        at += 8 + size + size % 2


def _held_bytes(stream: IO[bytes], layout: tuple[int, int, int], width: int) -> int:
    """Bytes of samples in the file, whatever its header states."""
    offset, stated, size = layout
    rest = max(0, size - offset)
    if stated >= rest:
        return rest
    # Stray bytes, less than a sample: nothing is lost with them.
    if stated and rest - stated < width:
        return stated
    stream.seek(offset + stated)
    left = size - offset - stated
    return stated if _is_chunk(stream.read(8), left) else rest


def _is_chunk(head: bytes, size: int) -> bool:
    """Whether a chunk follows the samples: a name, and a size that fits."""
    if len(head) < 8:
        return False
    name, told = struct.unpack_from("<4sI", head)
    return re.fullmatch(rb"[\w ]{4}", name) is not None and told + 8 <= size


def parse_counts(data: bytes, header: WavHeader, *, where: str) -> NDArray[Any]:
    """Return the counts of a whole file."""
    _require(header, header.samples, len(data) - header.offset, where)
    return np.frombuffer(data, header.dtype, header.samples, header.offset)


def iter_counts(
    stream: IO[bytes], header: WavHeader, rows: int, *, where: str
) -> Iterator[NDArray[Any]]:
    """Yield the counts of a file, `rows` at a time."""
    width = header.dtype.itemsize
    stream.read(header.offset)
    for first in range(0, header.samples, rows):
        end = min(first + rows, header.samples)
        data = stream.read((end - first) * width)
        _require(header, end, first * width + len(data), where)
        yield np.frombuffer(data, header.dtype)
    # The checksum of a ZIP is verified only when a member is read to its very end.
    while stream.read(_REST_BYTES):
        pass


def _require(header: WavHeader, samples: int, held: int, where: str) -> None:
    """Refuse a file that became shorter since its header was read."""
    whole = max(0, held) // header.dtype.itemsize
    if whole < samples:
        raise FileFormatError(
            f"{where}: changed after it was opened: expected {header.samples} samples, "
            f"the file ends after {whole}"
        )
