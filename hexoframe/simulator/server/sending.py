"""From an answer to bytes on the wire: byte ranges, chunks, bandwidth, faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from flask import Response

from hexoframe.simulator.server.faults import ServerFault
from hexoframe.simulator.server.messages import Answer
from hexoframe.simulator.server.settings import Switches

__all__ = ["Line", "Outgoing", "spoilt"]

_PIECE = 16_384
_PAGE = b"<!DOCTYPE html><title>Sign in</title><p>Please sign in to the network.</p>"


class Line:
    """The line that all answers share; `stopping` ends every wait.

    `bandwidth` is in bytes per s; None is no bound.
    """

    def __init__(self, bandwidth: float | None, stopping: threading.Event) -> None:
        self.bandwidth = bandwidth
        self._stopping = stopping
        self._lock = threading.Lock()
        self._free = 0.0

    def wait(self, seconds: float) -> None:
        """Wait; if the server stops meanwhile, abort the connection."""
        if seconds > 0 and self._stopping.wait(seconds):
            raise ConnectionAbortedError

    def carry(self, size: int) -> None:
        """Wait until `size` bytes have passed."""
        if self.bandwidth is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free = max(self._free, now) + size / self.bandwidth
            late = self._free - now
        self.wait(late)


def spoilt(answer: Answer, fault: ServerFault | None) -> Answer:
    """Return an answer as changed by a fault."""
    if fault is None:
        return answer
    if fault.kind == "content_type":
        body = answer.body if fault.keep_body else _PAGE
        told = answer.headers if fault.keep_body else {}
        return Answer(200, body, fault.content_type, told)
    if fault.kind == "truncated":
        return replace(answer, body=answer.body[: int(len(answer.body) * fault.share)])
    if fault.kind == "foreign_next" and answer.body.startswith(b'{"meta"'):
        content = json.loads(answer.body)
        path = content["meta"]["next"] or "/api/record/?offset=20"
        content["meta"]["next"] = fault.url + path
        return replace(answer, body=json.dumps(content).encode("ascii"))
    return answer


class Outgoing:
    """An answer with the Range and If-Range of its request (`asked`) and its fault."""

    def __init__(
        self,
        answer: Answer,
        switches: Switches,
        *,
        fault: ServerFault | None,
        asked: tuple[str, str],
    ) -> None:
        self._headers = dict(answer.headers)
        self._fault = fault
        self._chunked = switches.chunked
        self.status = answer.status
        self._type = answer.content_type
        self._body = answer.body
        if answer.ranged and answer.status == 200 and switches.http_ranges:
            self._headers["Accept-Ranges"] = "bytes"
            self._take_part(*asked)
        cut = fault is not None and fault.kind == "cut"
        share = fault.share if fault is not None and cut else 1.0
        self.size = int(len(self._body) * share)

    def _take_part(self, wanted: str, condition: str) -> None:
        """Keep the part named by a Range header; ignore an unknown form of it."""
        whole = len(self._body)
        unit, _, span = wanted.partition("=")
        first, _, last = span.strip().partition("-")
        if unit.strip() != "bytes" or "," in span or not (first + last).isdecimal():
            return
        if condition and condition != self._headers.get("ETag"):
            return
        begin = int(first) if first else max(whole - int(last), 0)
        end = min(int(last), whole - 1) if first and last else whole - 1
        if begin >= whole or begin > end:
            self.status = 416
            self._headers["Content-Range"] = f"bytes */{whole}"
            self._body = b""
            return
        self.status = 206
        self._headers["Content-Range"] = f"bytes {begin}-{end}/{whole}"
        self._body = self._body[begin : end + 1]

    def response(self, line: Line) -> Response:
        """Return the response; its body is sent at the speed of the line."""
        told = dict(self._headers)
        kind = self._fault.kind if self._fault else ""
        if kind not in {"cut", "drip", "drop", "unheard"} and line.bandwidth is None:
            body: bytes | Iterator[bytes] = self._body
            if self._chunked and self._body:
                body = iter([self._body])
        else:
            body = self._pieces(line, kind)
            if not self._chunked:
                told["Content-Length"] = str(len(self._body))
        return Response(body, self.status, told, content_type=self._type)

    def _pieces(self, line: Line, kind: str) -> Iterator[bytes]:
        if kind in {"drop", "unheard"}:
            raise ConnectionAbortedError
        piece, pause = _PIECE, 0.0
        if kind == "drip" and self._fault is not None:
            piece = max(int(self._fault.bytes_per_s / 20), 1)
            pause = piece / self._fault.bytes_per_s
        for place in range(0, self.size, piece):
            part = self._body[place : min(place + piece, self.size)]
            line.wait(pause)
            line.carry(len(part))
            yield part
        if kind == "cut":
            raise ConnectionAbortedError
