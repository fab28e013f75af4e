"""Search for secrets in all bytes of files, packed ones too, and in their names.

What a format of later days packs with gzip, zlib, bzip2, xz, zstd, ZIP or base64 is
unpacked without being told, and numbers are looked for in the forms that a disk knows.
"""

from __future__ import annotations

import base64
import bz2
import io
import lzma
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_DEEPEST = 6
_STREAMS = {
    b"\x1f\x8b\x08": lambda data: zlib.decompressobj(wbits=31).decompress(data),
    b"BZh": lambda data: bz2.BZ2Decompressor().decompress(data),
    b"\xfd7zXZ\x00": lambda data: lzma.LZMADecompressor().decompress(data),
    b"\x28\xb5\x2f\xfd": lambda data: pa.CompressedInputStream(
        pa.BufferReader(data), "zstd"
    ).read(),
    b"\x78\x01": lambda data: zlib.decompressobj().decompress(data),
    b"\x78\x5e": lambda data: zlib.decompressobj().decompress(data),
    b"\x78\x9c": lambda data: zlib.decompressobj().decompress(data),
    b"\x78\xda": lambda data: zlib.decompressobj().decompress(data),
}
# A page holds its samples so.
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{60,}={0,2}")
_BEGIN = re.compile(b"|".join(map(re.escape, _STREAMS)))
_FAILURES = (
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    lzma.LZMAError,
    pa.ArrowException,
)


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of all below a path, and what is packed in it."""
    paths = sorted(root.rglob("*")) if root.is_dir() else [root]
    for path in paths:
        where = str(path.relative_to(root.parent))
        yield f"the name {where}", where.encode()
        if path.is_file():
            yield from unpacked(where, path.read_bytes())


def unpacked(where: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield bytes, and what is packed in them, to any depth that is sane."""
    yield where, data
    if depth == _DEEPEST:
        return
    if data.startswith(b"PAR1"):
        yield from _of_parquet(where, data)
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                inner = f"{where} > {name}"
                yield inner, name.encode()
                yield from unpacked(inner, archive.read(name), depth + 1)
    for found in _BASE64.finditer(data):
        inside = base64.b64decode(found[0][: len(found[0]) // 4 * 4])
        yield from unpacked(f"{where} > base64 {found.start()}", inside, depth + 1)
    for found in _BEGIN.finditer(data):
        try:
            inside = _STREAMS[found[0]](data[found.start() :])
        except _FAILURES:
            continue  # two bytes that only look so
        if inside:
            yield from unpacked(f"{where} > {found.start()}", inside, depth + 1)


def _of_parquet(where: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield keys, names and values of a Parquet file, each as plain bytes."""
    file = pq.ParquetFile(pa.BufferReader(data))
    yield f"{where} > footer", repr(file.metadata.to_dict()).encode()
    for key, value in (file.metadata.metadata or {}).items():
        yield f"{where} > {key!r}", key + b" " + value
    table = file.read()
    yield f"{where} > schema", table.schema.to_string().encode()
    for name in table.column_names:
        values = table[name].to_numpy()
        inside = (
            repr(values.tolist()).encode()
            if values.dtype == object
            else values.tobytes()
        )
        yield f"{where} > column {name}", inside


def spellings(secret: Any) -> Iterator[bytes]:
    """Yield the forms in which a file may hold a text or number."""
    text = str(secret)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp1252"):
        yield text.encode(encoding, "ignore")
        yield text.lower().encode(encoding, "ignore")
    yield ascii(text)[1:-1].encode()
    if isinstance(secret, bool | str):
        return
    kinds = "qd" if isinstance(secret, int) else "df"
    for kind in kinds:
        # A whole number of few digits is found by chance in four bytes, not in eight.
        yield from (struct.pack(f"{order}{kind}", secret) for order in "<>")


def leaks(found: Iterable[tuple[str, bytes]], secrets: Iterable[Any]) -> list[str]:
    """Say which secret is where."""
    forms = [
        (secret, form)
        for secret in secrets
        for form in dict.fromkeys(spellings(secret))
        if len(form) > 3
    ]
    return [
        f"{secret!r} in {where}"
        for where, data in found
        for secret, form in forms
        if form in data
    ]
