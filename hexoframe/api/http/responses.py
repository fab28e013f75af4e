"""Bodies of answers: their media type, their bytes, and the file that they become.

A body that ends early is recognised here. `hexoframe.formats` knows what bytes mean.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import DecodeError

from hexoframe.api.http.failures import PassingError, path_of
from hexoframe.errors import ResponseError, UnreachableError
from hexoframe.jsontext import shown
from hexoframe.paths import is_file

if TYPE_CHECKING:
    import requests

    from hexoframe.api.links import Origin

__all__ = [
    "BINARY",
    "CSV",
    "FIT",
    "FORMS",
    "JSON",
    "TCX",
    "BodyLimits",
    "OnBytes",
    "PartialFile",
    "check_form",
    "whole",
]

# Unpacks the same more than twice as fast.
quick_zlib: Any
try:
    quick_zlib = import_module("zlib_ng.zlib_ng")
except ModuleNotFoundError:  # there is no wheel for this Python or machine
    quick_zlib = zlib

JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
TCX, FIT = "application/vnd.garmin.tcx+xml", "application/vnd.ant.fit"
# A ZIP has several names.
FORMS: Mapping[str, frozenset[str]] = {
    JSON: frozenset({JSON}),
    CSV: frozenset({CSV}),
    TCX: frozenset({TCX}),
    FIT: frozenset({FIT}),
    BINARY: frozenset({BINARY, "application/zip", "application/x-zip-compressed"}),
}
OnBytes = Callable[[int, int | None], object]
"""Called with the number of bytes as they arrive, before they are uncompressed, and the
number that the answer still has; None if it does not tell its length. The first call,
of no bytes, is that of the head."""

# A broken connection loses at most so many bytes that had arrived.
_READ_BYTES = 1 << 16
_GZIP = frozenset({"gzip", "x-gzip"})
_ENCODINGS = _GZIP | {"", "deflate", "identity"}
# A server sends one; each costs a copy of the rest.
_MOST_MEMBERS = 16
_MOST_DIGITS = 18  # of a length: such a number fits into 64 bits


def check_form(response: requests.Response, origin: Origin, accept: str) -> None:
    """Raise ResponseError if an answer has another media type than requested."""
    came = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if came.lower() not in FORMS[accept]:
        raise ResponseError(
            f"{origin}{path_of(response)} answered {came[:60] or 'no type'} where "
            f"{accept} was requested: a sign-in page of the network, or not a Hexoskin "
            "server? Open the base URL in a browser"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """What a body may take: bytes, as they are uncompressed, and time.

    The least speed is a tenth of a slow line (5 kB/s): four requests share a line, and
    a line may fail for a while. It counts in every period anew, so that a body that
    began quickly cannot drip for hours.
    """

    most_bytes: int
    least_bytes_s: float = 500
    period_s: float = 60


def whole(
    response: requests.Response, limits: BodyLimits, on_bytes: OnBytes | None = None
) -> bytes:
    """Return a whole body, uncompressed; one that ends early raises."""
    if _coding(response) not in _GZIP:
        return b"".join(_stream(response, limits, on_bytes))
    # At once: block by block takes half as long again.
    packed = b"".join(_stream(response, limits, on_bytes, unpack=False))
    return _unzipped(response, packed, limits)


def _unzipped(response: requests.Response, packed: bytes, limits: BodyLimits) -> bytes:
    """Return a body without gzip; one that ends early is as long as it goes.

    Its reader knows what is missing. Damage is an error of the connection.
    """
    members, size = [], 0
    while packed:
        unpacker = quick_zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            members.append(unpacker.decompress(packed, limits.most_bytes - size + 1))
        except quick_zlib.error as error:
            raise DecodeError(f"damaged gzip: {error}") from error
        size += len(members[-1])
        _check_size(response, size, limits)
        packed = unpacker.unused_data
        if packed and len(members) == _MOST_MEMBERS:
            raise DecodeError(f"gzip of more than {_MOST_MEMBERS} members")
    return b"".join(members)


def _stream(
    response: requests.Response,
    limits: BodyLimits,
    on_bytes: OnBytes | None,
    *,
    unpack: bool = True,
) -> Iterator[bytes]:
    """Yield a body block by block, or raise if it breaks a limit."""
    _check_encoding(response)
    total = _number(response.headers.get("Content-Length", ""))
    if on_bytes is not None:
        on_bytes(0, total)
    seen = size = 0
    since, mark = time.monotonic(), 0
    # What one call brings may be a byte: a slow body is noticed at once.
    while block := response.raw.read1(_READ_BYTES, decode_content=unpack):
        arrived = response.raw.tell()
        if on_bytes is not None and arrived > seen:
            on_bytes(arrived - seen, None if total is None else total - arrived)
        seen, size = arrived, size + len(block)
        _check_size(response, size, limits)
        now = time.monotonic()
        if now - since >= limits.period_s:
            if arrived - mark < limits.least_bytes_s * (now - since):
                raise _too_slow(response, arrived - mark, now - since)
            since, mark = now, arrived
        yield block


def _check_size(response: requests.Response, size: int, limits: BodyLimits) -> None:
    if size > limits.most_bytes:
        raise ResponseError(
            f"{path_of(response)} answered more than {limits.most_bytes:,} bytes, "
            "more than such an answer can hold; is this a Hexoskin server?"
        )


def _too_slow(response: requests.Response, came: int, took_s: float) -> PassingError:
    return PassingError(
        UnreachableError(
            f"{path_of(response)} answers too slowly ({came} bytes in the last "
            f"{took_s:.0f} s): try again later, or on a faster network; what came is "
            "kept if there is a cache"
        )
    )


def _coding(response: requests.Response) -> str:
    return response.headers.get("Content-Encoding", "").strip().lower()


def _check_encoding(response: requests.Response) -> None:
    """Refuse a body that is packed more than once, or not as was requested."""
    coding = _coding(response)
    if coding not in _ENCODINGS:
        raise ResponseError(
            f"{path_of(response)} answered in the encoding {shown(coding)} where gzip "
            "was requested; is this a Hexoskin server?"
        )


def _number(text: str) -> int | None:
    """Return the number in a header; None if it is none, or has too many digits."""
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if plain else None


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
        if not (is_file(self._file) and is_file(self._tag)):
            return {}
        try:
            length, tag = self._file.stat().st_size, self._tag.read_text("ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            return {}
        if not length or not _is_strong(tag):
            return {}
        return {"Range": f"bytes={length}-", "If-Range": tag}

    def take(
        self,
        response: requests.Response,
        limits: BodyLimits,
        on_bytes: OnBytes | None,
    ) -> int:
        """Add a body, move the complete file to its place, return its length."""
        if on_bytes is not None:
            on_bytes(
                0, None
            )  # raises, if the download was stopped, before the file changes
        begin = self._begin(response)
        with open(
            self._file, "r+b" if begin else "wb", opener=_for_me
        ) as file:  # with an opener
            file.seek(begin)
            file.truncate()
            rest = replace(limits, most_bytes=max(0, limits.most_bytes - begin))
            try:
                file.writelines(_stream(response, rest, on_bytes))
            except ResponseError:
                self.forget()  # nothing to go on with
                raise
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
            begin = _number(first)
            if self._file.exists() and begin == self._file.stat().st_size:
                return int(begin)
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
            with open(
                self._tag, "w", encoding="ascii", opener=_for_me
            ) as file:  # with an opener
                file.write(tag)
        return 0

    def _check_length(
        self, response: requests.Response, begin: int, length: int
    ) -> None:
        expected = _number(response.headers.get("Content-Length", ""))
        plain = "Content-Encoding" not in response.headers
        if plain and expected not in (None, length - begin):
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


def _for_me(path: str, flags: int) -> int:
    """Open a file that only this user may read, as it holds data of health."""
    return os.open(path, flags, 0o600)


def _is_strong(tag: str) -> bool:
    """Return whether an ETag is strong: the same for equal bytes only."""
    return tag.isascii() and tag.startswith('"') and tag.endswith('"')
