"""Bodies of answers: their media type, their bytes, and the file that they become.

A body that ends early is recognised here. `hexoframe.formats` knows what bytes mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from urllib3.exceptions import DecodeError

from hexoframe.api.http.failures import PassingError, path_of
from hexoframe.errors import ResponseError, UnreachableError

if TYPE_CHECKING:
    import requests

    from hexoframe.api.links import Origin

__all__ = [
    "BINARY",
    "CSV",
    "FORMS",
    "JSON",
    "OnBytes",
    "PartialFile",
    "check_form",
    "whole",
]

JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
# A ZIP has several names.
FORMS: Mapping[str, frozenset[str]] = {
    JSON: frozenset({JSON}),
    CSV: frozenset({CSV}),
    BINARY: frozenset({BINARY, "application/zip", "application/x-zip-compressed"}),
}
OnBytes = Callable[[int, int | None], object]
"""Called with the number of bytes as they arrive, before they are uncompressed, and the
number that the answer still has; None if it does not tell its length."""

# A broken connection loses at most so many bytes that had arrived.
_READ_BYTES = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS


def check_form(response: requests.Response, origin: Origin, accept: str) -> None:
    """Raise ResponseError if an answer has another media type than requested."""
    came = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if came.lower() not in FORMS[accept]:
        raise ResponseError(
            f"{origin}{path_of(response)} answered {came[:60] or 'no type'} where "
            f"{accept} was requested: a sign-in page of the network, or not a Hexoskin "
            "server? Open the base URL in a browser"
        )


def whole(response: requests.Response, on_bytes: OnBytes | None = None) -> bytes:
    """Return a whole body, uncompressed; one that ends early raises."""
    if response.headers.get("Content-Encoding", "").strip().lower() != "gzip":
        return b"".join(_stream(response, on_bytes))
    # At once: block by block takes half as long again.
    return _unzipped(b"".join(_stream(response, on_bytes, unpack=False)))


def _unzipped(packed: bytes) -> bytes:
    """Return a body without gzip; one that ends early is as long as it goes.

    Its reader knows what is missing. Damage is an error of the connection.
    """
    members = []
    while packed:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            members.append(unpacker.decompress(packed))
        except zlib.error as error:
            raise DecodeError(f"damaged gzip: {error}") from error
        packed = unpacker.unused_data
    return b"".join(members)


def _stream(
    response: requests.Response, on_bytes: OnBytes | None, *, unpack: bool = True
) -> Iterator[bytes]:
    """Yield a body block by block, uncompressed if `unpack`."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    seen = 0
    for block in response.raw.stream(_READ_BYTES, decode_content=unpack):
        arrived = response.raw.tell()
        if on_bytes is not None and arrived > seen:
            on_bytes(arrived - seen, None if total is None else total - arrived)
        seen = arrived
        yield block


class PartialFile:
    """A file ``<target>.part`` that grows beside its target until it is complete.

    Beside it lies the ETag of the body, so that another process can go on with it.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._file = target.with_name(target.name + ".part")
        self._tag = target.with_name(target.name + ".part.tag")

    def headers(self) -> dict[str, str]:
        """Return the headers that request the rest, {} to request all."""
        try:
            length, tag = self._file.stat().st_size, self._tag.read_text("ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            return {}
        if not length or not _is_strong(tag):
            return {}
        return {"Range": f"bytes={length}-", "If-Range": tag}

    def take(self, response: requests.Response, on_bytes: OnBytes | None) -> int:
        """Add a body, move the complete file to its place, return its length."""
        if on_bytes is not None:
            on_bytes(
                0, None
            )  # raises, if the download was stopped, before the file changes
        begin = self._begin(response)
        with self._file.open("r+b" if begin else "wb") as file:
            file.seek(begin)
            file.truncate()
            for block in _stream(response, on_bytes):
                file.write(block)
            length = file.tell()
        self._check_length(response, begin, length)
        self._file.replace(self._target)
        self._tag.unlink(missing_ok=True)
        return length

    def _begin(self, response: requests.Response) -> int:
        """Return where the body begins in the file."""
        if response.status_code == 206:
            span = response.headers.get("Content-Range", "")
            first = span.removeprefix("bytes ").partition("-")[0]
            begin = int(first) if first.isdecimal() else -1
            if self._file.exists() and begin == self._file.stat().st_size:
                return begin
            self.forget()
            raise PassingError(
                ResponseError(
                    f"{path_of(response)} answered with other bytes of the file than "
                    "were requested; try again later"
                )
            )
        self.forget()
        self._target.parent.mkdir(parents=True, exist_ok=True)
        tag = response.headers.get("ETag", "")
        ranged = response.headers.get("Accept-Ranges", "").lower() == "bytes"
        if ranged and _is_strong(tag) and "Content-Encoding" not in response.headers:
            self._tag.write_text(tag, "ascii")
        return 0

    def _check_length(
        self, response: requests.Response, begin: int, length: int
    ) -> None:
        expected = response.headers.get("Content-Length", "")
        plain = "Content-Encoding" not in response.headers
        if plain and expected.isdecimal() and length - begin != int(expected):
            raise PassingError(
                UnreachableError(
                    f"{path_of(response)} ended after {length - begin} of {expected} "
                    "bytes: run the same call again"
                )
            )

    def forget(self) -> None:
        """Remove the file and its ETag."""
        self._file.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)


def _is_strong(tag: str) -> bool:
    """Return whether an ETag is strong: the same for equal bytes only."""
    return tag.isascii() and tag.startswith('"') and tag.endswith('"')
