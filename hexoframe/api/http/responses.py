"""The body of an answer: its form, its bytes, and the file that it becomes.

A body that ends early is told from a complete one here. What the bytes mean is not
known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hexoframe.api.http.failures import PassingError, path_of
from hexoframe.api.links import Origin
from hexoframe.errors import ResponseError, UnreachableError

if TYPE_CHECKING:
    import requests

__all__ = ["BINARY", "CSV", "FORMS", "JSON", "OnBytes", "Part", "check_form", "whole"]

JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
# A ZIP may come under either of its names.
FORMS: Mapping[str, frozenset[str]] = {
    JSON: frozenset({JSON}),
    CSV: frozenset({CSV}),
    BINARY: frozenset({BINARY, "application/zip", "application/x-zip-compressed"}),
}
OnBytes = Callable[[int], object]
"""Told of bytes as they come over the wire."""

# What a cut connection loses at most of a body that has arrived.
_PIECE = 1 << 16


def check_form(response: requests.Response, origin: Origin, accept: str) -> None:
    """Raise ResponseError if an answer has another form than was asked for."""
    came = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if came.lower() not in FORMS[accept]:
        raise ResponseError(
            f"{origin}{path_of(response)} answered {came[:60] or 'no type'} where "
            f"{accept} was asked for: a sign-in page of the network, or not a Hexoskin "
            "server? Open the base URL in a browser"
        )


def whole(response: requests.Response, on_bytes: OnBytes | None = None) -> bytes:
    """Return a whole body, uncompressed; one that ends early raises."""
    if on_bytes is None:
        return bytes(response.raw.read(decode_content=True))
    return b"".join(_parts(response, on_bytes))


def _parts(response: requests.Response, on_bytes: OnBytes | None) -> Iterator[bytes]:
    """Return a body in parts, uncompressed, and tell of the bytes of the wire."""
    seen = 0
    for part in response.raw.stream(_PIECE, decode_content=True):
        arrived = response.raw.tell()
        if on_bytes is not None and arrived > seen:
            on_bytes(arrived - seen)
        seen = arrived
        yield part


class Part:
    """A file that grows beside its target until it is complete.

    Parameters
    ----------
    target : Path
        The complete file.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._file = target.with_name(target.name + ".part")
        # The body that the part belongs to, as the service names it.
        self._tag = target.with_name(target.name + ".part.tag")

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest, {} to ask for all."""
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
            # Who wants no more of it says so before the file is touched.
            on_bytes(0)
        begin = self._begin(response)
        with self._file.open("r+b" if begin else "wb") as file:
            file.seek(begin)
            file.truncate()
            for part in _parts(response, on_bytes):
                file.write(part)
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
                    f"{path_of(response)} answered with another part of the file than "
                    "was asked for; try again later"
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
        told = response.headers.get("Content-Length", "")
        plain = "Content-Encoding" not in response.headers
        if plain and told.isdecimal() and length - begin != int(told):
            raise PassingError(
                UnreachableError(
                    f"{path_of(response)} ended after {length - begin} of {told} "
                    "bytes: run the same call again"
                )
            )

    def forget(self) -> None:
        """Remove what there is of the file."""
        self._file.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)


def _is_strong(tag: str) -> bool:
    """Return whether an ETag vouches for every byte."""
    return tag.isascii() and tag.startswith('"') and tag.endswith('"')
