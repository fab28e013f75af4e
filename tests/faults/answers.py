"""A server that lies, and the doors of the service behind it.

`LyingServer` listens on the loopback, passes each request on to the simulator's real
HTTP server, and may spoil the answer: its status, its headers, its body, its pace.
`LIES` holds the ways by name. What is asked of the service stands in `CALLS`.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.client
import json
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import hexoframe.hxapi as HxApi  # noqa: N812  # as the scripts call it
from hexoframe.api.auth.schemes import Bearer, Grant, Secret, UnsignedBasic
from hexoframe.api.http import session, watched
from hexoframe.api.http.failures import RetryPolicy
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.session import ServiceSession
from hexoframe.cache import Cache
from hexoframe.client import Client
from hexoframe.hxapi import sessions
from hexoframe.simulator.server import serve
from hexoframe.simulator.server.running import Server
from tests.faults.damage import (
    BYTES,
    JSON,
    NASTY,
    CannotHitError,
    encoding,
    packed,
)
from tests.faults.doors import RECORD, SOME, Door, looked_at, recording
from tests.faults.verdicts import HangError, Result, judged, listening

USER = 20_001
_LONGEST_WAIT_S = 600


# -- what goes over the wire -----------------------------------------------------------


class Answer(NamedTuple):
    """What the simulator answered."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def with_body(self, body: bytes) -> Answer:
        """Return the answer with another body and the length of that."""
        return self._replace(body=body).with_header("Content-Length", str(len(body)))

    def with_header(self, name: str, *values: str) -> Answer:
        """Return the answer with a header replaced, or left out without a value."""
        kept = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return self._replace(headers=(*kept, *((name, value) for value in values)))

    def head(self, line: str | None = None) -> bytes:
        reason = http.client.responses.get(self.status, "")
        lines = [line or f"HTTP/1.1 {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        text = "\r\n".join([*lines, "Connection: close", "", ""])
        return text.encode("utf-8", "surrogatepass")

    def sent(self) -> Sent:
        yield self.head()
        yield self.body


Sent = Iterator[bytes | float]
"""What is sent, and pauses in s; then the connection is closed."""
LieKind = Callable[[Random, Answer, int], Sent]
"""Spoils an answer; the number says how often it lied before."""


# -- lies: the body --------------------------------------------------------------------


def _of_body(change: Callable[[Random, bytes], bytes]) -> LieKind:
    def lie(rng: Random, answer: Answer, _: int) -> Sent:
        if len(answer.body) < 2:
            return answer.sent()
        body = change(rng, answer.body)
        spoilt = answer.with_body(body)
        if rng.random() < 0.2:
            packed_body = gzip.compress(body)
            spoilt = answer.with_body(packed_body)
            spoilt = spoilt.with_header("Content-Encoding", "gzip")
        return spoilt.sent()

    return lie


def _of_json(change: Callable[[Random, bytes], bytes]) -> LieKind:
    def lie(rng: Random, answer: Answer, _: int) -> Sent:
        try:
            body = change(rng, answer.body)
        except CannotHitError:
            return answer.with_body(rng.choice(NASTY).encode()).sent()
        return answer.with_body(body).sent()

    return lie


def _empty(rng: Random, answer: Answer, _: int) -> Sent:
    return answer.with_body(rng.choice((b"", b" ", b"\n", b"\0"))).sent()


def _page(rng: Random, answer: Answer, _: int) -> Sent:
    page = rng.choice((b"<html>Sign in</html>", b"%PDF-1.4", b"PK\x03\x04"))
    return answer.with_body(page).sent()


def _gzip_bomb(rng: Random, answer: Answer, _: int) -> Sent:
    fill = rng.choice((b"\0", b" ", b"[", b"0,")) * (1 << 19)
    body = b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed(fill, 4000) + bytes(8)
    return answer.with_body(body).with_header("Content-Encoding", "gzip").sent()


def _endless_list(rng: Random, answer: Answer, turn: int) -> Sent:  # noqa: ARG001
    """Give ever new objects, and always a next page."""
    try:
        content = json.loads(answer.body)
        for number, item in enumerate(content["objects"]):
            item["id"] = 10**6 + 1000 * turn + number
            item["resource_uri"] = f"/api/x/{item['id']}/"
        path = answer.path.partition("?")[0]
        content["meta"]["next"] = f"{path}?limit=1000&offset=0"
    except (ValueError, KeyError, TypeError):
        return answer.sent()
    return answer.with_body(json.dumps(content).encode()).sent()


# -- lies: status and headers ----------------------------------------------------------

_NUMBERS = (
    "", "0", "-1", "1", "3.5", "1e308", "1e999", "NaN", "inf", "x", "9" * 5000,
    "\u0663", "1, 2", "0x10", " 7 ", "+5", "99999999999999999999", "\u00b2",
)  # fmt: skip
_DATES = (
    "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday",
    "Fri, 31 Dec 99999 23:59:59 GMT", "Mon, 99 Foo 2024 99:99:99 XYZ",
    "Wed, 21 Oct 2015 07:28:00 +9999", "Sun, 06 Nov 0000 08:49:37 GMT",
)  # fmt: skip
_PLACES = (
    "", " ", "/", "//", "///x", "http://", "http://[", "http://elsewhere.invalid/",
    "https://127.0.0.1/", "javascript:alert(1)", "file:///etc/passwd", "\\\\x\\y", "?",
    "#", "/api/record/../../", "/" + "x" * 100_000, "/api/\u0663/", "http://a:b@c/",
    "http://127.0.0.1:99999/", "http://[::1]:x/", "/\t/", "ftp://x/", "%", "/%zz/%00/",
)  # fmt: skip
_TYPES = (
    "", "text/html", "application/json; charset=utf-7", "application/json;", ";",
    "application/jsonx", "x" * 5000, "application/json, text/html", "a/b/c",
    "application/octet-stream", "application/json; charset=nonsense",
)  # fmt: skip
_CODINGS = (
    "gzip", "deflate", "br", "zstd", "gzip, gzip", "x", "", "identity",
    ", ".join(["gzip"] * 200),
)  # fmt: skip
_RANGES = (
    "", "bytes", "bytes 0-", "bytes 0-9/10", "bytes 5-2/1", "bytes */10", "bytes x-y/z",
    "bytes -1-5/10", "items 0-9/10", f"bytes {'9' * 5000}-9/9", "bytes \u00b2-9/10",
    "bytes 1e9-2e9/3e9", "bytes 0-99999999999999999999/*",
)  # fmt: skip


def _status(rng: Random, answer: Answer, _: int) -> Sent:
    status = rng.choice(
        (100, 102, 201, 202, 203, 204, 205, 206, 226, 300, 304, 305, 400, 401, 402,
         403, 404, 405, 406, 408, 409, 410, 413, 414, 416, 418, 421, 425, 426, 428, 429,
         431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 599, 600, 999)
    )  # fmt: skip
    body = rng.choice((answer.body, b"", b'{"error": 7}', b"[]", NASTY[-3].encode()))
    return answer._replace(status=status).with_body(body).sent()


def _status_line(rng: Random, answer: Answer, _: int) -> Sent:
    line = rng.choice(
        ("HTTP/1.1", "HTTP/1.1 2OO OK", "HTTP/9.9 200 OK", "200", "", "SSH-2.0-x",
         "HTTP/1.1 -5 no", "HTTP/1.1 99999 x", "HTTP/1.0 200", "x" * 100_000)
    )  # fmt: skip
    yield answer.head(line or "\0")
    yield answer.body


def _retry_after(rng: Random, answer: Answer, _: int) -> Sent:
    spoilt = answer._replace(status=rng.choice((429, 503))).with_body(b"")
    return spoilt.with_header("Retry-After", rng.choice((*_NUMBERS, *_DATES))).sent()


def _content_length(rng: Random, answer: Answer, _: int) -> Sent:
    size = len(answer.body)
    near = (str(size - 1), str(size + 1), str(2 * size), str(size) + " ", f"{size}.0")
    values = rng.choice((_NUMBERS, near))
    chosen = rng.sample(values, rng.choice((1, 1, 1, 2)))
    return answer.with_header("Content-Length", *chosen).sent()


def _content_range(rng: Random, answer: Answer, turn: int) -> Sent:
    """Cut the first answer; lie of the range in the next ones."""
    if turn == 0 and rng.random() < 0.7:
        yield answer.head()
        yield answer.body[: len(answer.body) // 2]
        return
    spoilt = answer._replace(status=206)
    yield from spoilt.with_header("Content-Range", rng.choice(_RANGES)).sent()


def _location(rng: Random, answer: Answer, _: int) -> Sent:
    status = rng.choice((301, 302, 303, 307, 308))
    where = rng.choice((_PLACES, (), ("/api/record/41/", "/api/", "x"), _PLACES))
    spoilt = answer._replace(status=status).with_body(b"")
    return spoilt.with_header("Location", *rng.sample(where, min(1, len(where)))).sent()


def _content_type(rng: Random, answer: Answer, _: int) -> Sent:
    values = rng.choice(((), (rng.choice(_TYPES),), _TYPES[:2]))
    return answer.with_header("Content-Type", *values).sent()


def _content_encoding(rng: Random, answer: Answer, _: int) -> Sent:
    return answer.with_header("Content-Encoding", rng.choice(_CODINGS)).sent()


def _etag(rng: Random, answer: Answer, turn: int) -> Sent:
    tags = ("", '"', "x", 'W/"x"', '"\u00e9"', '"' + "x" * 50_000 + '"', '"a" "b"')
    spoilt = answer.with_header("ETag", rng.choice(tags))
    yield spoilt.head()
    yield answer.body[: len(answer.body) // (2 if turn == 0 else 1)]


def _headers(rng: Random, answer: Answer, _: int) -> Sent:
    spoilt = rng.choice(
        (
            lambda: answer._replace(headers=()),
            lambda: answer._replace(headers=answer.headers + (("X", "y"),) * 3000),
            lambda: answer.with_header("X-Long", "y" * 200_000),
            lambda: answer.with_header("X-Odd", "\udcff\u2028"),
            lambda: answer.with_header("Set-Cookie", "a=b; Domain=.x; Expires=never"),
            lambda: answer.with_header(" : ", ""),
            lambda: answer.with_header("Date", "x"),
            lambda: answer.with_header("WWW-Authenticate", "Basic realm=\x1b[31m"),
        )
    )()
    return spoilt.sent()


def _chunks(rng: Random, answer: Answer, _: int) -> Sent:
    spoilt = answer.with_header("Content-Length")
    yield spoilt.with_header("Transfer-Encoding", "chunked").head()
    half = len(answer.body) // 2
    size = rng.choice((b"zz", b"-5", b"", b"fffffffffffffffff", b"5;x=y", b"0", b"1"))
    yield b"%x\r\n%b\r\n" % (half, answer.body[:half])
    yield size + b"\r\n" + answer.body[half:] + rng.choice((b"", b"\r\n0\r\n\r\n"))


# -- lies: the pace --------------------------------------------------------------------


def _cut(rng: Random, answer: Answer, _: int) -> Sent:
    yield answer.head()
    yield answer.body[: rng.randrange(len(answer.body) + 1)]


def _cut_head(rng: Random, answer: Answer, _: int) -> Sent:
    head = answer.head()
    yield head[: rng.randrange(len(head))]


def _silent(rng: Random, answer: Answer, _: int) -> Sent:
    first = rng.choice((b"", b"HTTP", answer.head(), answer.head() + answer.body[:9]))
    yield first
    yield 5.0


def _drip(_: Random, answer: Answer, turn: int) -> Sent:  # noqa: ARG001
    yield answer.head()
    for place in range(len(answer.body)):
        yield answer.body[place : place + 1]
        yield 0.3


def _dripping_head(_: Random, answer: Answer, turn: int) -> Sent:  # noqa: ARG001
    head = answer.with_header("X-Long", "y" * 60_000).head()
    for place in range(len(head)):
        yield head[place : place + 1]
        yield 0.3


def _endless_body(rng: Random, answer: Answer, _: int) -> Sent:
    yield answer.with_header("Content-Length").head()
    piece = rng.choice((b"0,", b"[[", b" ", b"\0")) * (1 << 19)
    yield answer.body[:-1]
    while True:
        yield piece


LIES: dict[str, LieKind] = {
    **{f"body: {name}": _of_body(change) for name, change in BYTES.items()},
    **{f"body: {name}": _of_json(change) for name, change in JSON.items()},
    "body: encoding": _of_body(encoding),
    "body: empty": _empty,
    "body: a page": _page,
    "body: bomb": _gzip_bomb,
    "body: endless": _endless_body,
    "body: endless list": _endless_list,
    "status": _status,
    "status line": _status_line,
    "Retry-After": _retry_after,
    "Content-Length": _content_length,
    "Content-Range": _content_range,
    "Location": _location,
    "Content-Type": _content_type,
    "Content-Encoding": _content_encoding,
    "ETag": _etag,
    "headers": _headers,
    "chunks": _chunks,
    "cut": _cut,
    "cut in the head": _cut_head,
    "silent": _silent,
    "drip": _drip,
    "dripping head": _dripping_head,
}
_RARE = {
    "body: bomb": 0.1, "body: endless": 0.1, "body: endless list": 0.2, "silent": 0.2,
    "drip": 0.1, "dripping head": 0.1,
}  # fmt: skip
_OFTEN = {f"body: {name}": 4.0 for name in JSON}
# JSON has no checksum: a value that was altered and still is one cannot be noticed. The
# lies about status, headers, lengths and ends can, and so can all in a ZIP. A list may
# grow while it is read, but not for ever.
_UNKNOWABLE = frozenset(
    f"body: {name}"
    for name in (
        *JSON, "bits flipped", "block deleted", "block doubled", "blocks swapped",
        "block of zeros", "block of noise", "encoding", "endless list",
    )
)  # fmt: skip


# -- the server ------------------------------------------------------------------------


@dataclass
class Lie:
    """A lie in the answers to one path; `always`, or the first time alone."""

    kind: str
    path: str
    always: bool
    rng: Random
    told: int = 0

    def about(self, path: str) -> bool:
        if self.kind == "body: endless list":
            return path.partition("?")[0] == self.path.partition("?")[0]
        return path == self.path and (self.always or not self.told)


class _NoRequestError(Exception):
    """The other side hung up."""


class LyingServer:
    """Passes requests on to a server, and lies in its answers if it is told to."""

    def __init__(self, base_url: str) -> None:
        self._upstream = urlsplit(base_url)
        self._known: dict[Any, Answer] = {}
        self._lock = threading.Lock()
        self.lie: Lie | None = None
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, _NoRequestError):
            method, path, headers, body = _request(connection)
            answer = self._answer(method, path, headers, body)
            for part in self._sent(path, answer):
                if isinstance(part, float):
                    time.sleep(part)
                elif part:
                    connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            # What the other side still sends must not turn the end into a reset.
            connection.settimeout(0.2)
            while connection.recv(4096):
                pass

    def _sent(self, path: str, answer: Answer) -> Iterable[bytes | float]:
        with self._lock:
            self.asked.append(path)
            lie = self.lie
            if lie is None or not lie.about(path):
                return answer.sent()
            lie.told += 1
            return LIES[lie.kind](lie.rng, answer, lie.told - 1)

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        told = {
            name: headers[name]
            for name in ("accept", "authorization", "content-type", "range", "if-range")
            if name in headers
        }
        key = method, path, tuple(told.items())
        if method == "GET" and key in self._known:
            return self._known[key]
        host = http.client.HTTPConnection(str(self._upstream.netloc), timeout=30)
        with contextlib.closing(host):
            host.request(method, path, body or None, told)
            came = host.getresponse()
            answer = Answer(path, came.status, tuple(came.getheaders()), came.read())
        for name in ("Connection", "Transfer-Encoding", "Date", "Server"):
            answer = answer.with_header(name)
        self._known[key] = answer.with_body(answer.body)
        return self._known[key]


def _request(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    connection.settimeout(10)
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            raise _NoRequestError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    method, path, _ = first.split(" ")
    return method, path, headers, body


# -- the clients -----------------------------------------------------------------------


def nap(seconds: float) -> None:
    """Wait for nothing, as far as time.sleep would wait and anybody would, too."""
    if not 0 <= seconds < math.inf:
        time.sleep(seconds)  # raises
    if seconds > _LONGEST_WAIT_S:
        raise HangError(f"a wait of {seconds:.3g} s")


@dataclass
class World:
    """A simulator and a lying server before it, in the worker that needs them."""

    server: Server
    liar: LyingServer
    running: contextlib.ExitStack
    sane: dict[str, tuple[Any, frozenset[str], list[str]]] = field(default_factory=dict)

    def session(
        self, *, bearer: bool = False, shared: Path | None = None
    ) -> ServiceSession:
        """Return a session without limit, without waits, and with little patience.

        `shared` is a folder through which its pace is shared with other processes.
        """
        card = self.server.credentials[self.server.username]
        url = self.liar.base_url
        if bearer:
            grant = Grant(
                client_id=card.client_id,
                client_secret=Secret(card.client_secret),
                username=card.username,
                password=Secret(card.password),
            )
            auth: Any = Bearer(url, None, grant=grant)
        else:
            auth = UnsignedBasic(url, card.username, card.password)
        return ServiceSession(
            url,
            auth,
            limiter=Limiter("faults", shared, spacing_s=1e-9, sleep=nap),
            timeout=(5, 2),
            limits=replace(session._LISTED, period_s=0.5),
            retries=RetryPolicy(total=2, unmet=1, sleep=nap),
        )


def world() -> World:
    """Return the servers of this process; one that was forked makes its own."""
    return _world_of(os.getpid())


@functools.cache
def _world_of(process: int) -> World:  # noqa: ARG001  # each has its own
    watched.HEAD_S = 2.0
    running = contextlib.ExitStack()
    recordings = [recording(), recording(record=42)]
    server = running.enter_context(serve(recordings=recordings))
    return World(server, LyingServer(server.base_url), running)


# -- what is asked ---------------------------------------------------------------------

Call = Callable[[Client, Path], Any]


def _loaded(**how: Any) -> Call:
    def load(client: Client, _: Path) -> Any:
        return looked_at(client.load_record(RECORD, progress=False, **how))

    return load


def _kept(client: Client, scratch: Path) -> Any:
    """Load a record twice with a cache; the second time it is there."""
    kept = Client(client.session, Cache(scratch / "cache"))
    kept.load_record(RECORD, channels=SOME, progress=False)
    return looked_at(kept.load_record(RECORD, channels=SOME, progress=False))


def _range_of(client: Client) -> int:
    return int(client.list_ranges()["id"].iloc[0])


def _old(work: Callable[[sessions.SessionInfo, Path], Any]) -> Call:
    """Turn a script for HxApi2_0 into a call."""

    def call(client: Client, scratch: Path) -> Any:
        os.environ["HEXOFRAME_CACHE_DIR"] = str(scratch / "cache")
        made, sessions.connect = sessions.connect, lambda *_, **__: client
        try:
            return work(HxApi.SessionInfo(), scratch)
        finally:
            sessions.connect = made

    return call


def _old_save(auth: sessions.SessionInfo, scratch: Path) -> Any:
    """Save a record the old way; what is there then, and nothing beside it."""
    out = scratch / "out" / "txt"
    HxApi.saveTxt(HxApi.getRecordData(auth, RECORD), out)
    strays = {each.name for each in scratch.iterdir()} - {"out", "cache"}
    strays |= {each.name for each in (scratch / "out").iterdir()} - {"txt"}
    return sorted(strays)


def _old_list(auth: sessions.SessionInfo, _: Path) -> Any:
    ranges = HxApi.getRangeList(auth, user=USER)
    return [ranges, HxApi.getTrackPoints(auth, USER, ranges)]


_START = recording().start
CALLS: dict[str, dict[str, Call]] = {
    "service: lists": {
        "records": lambda client, _: client.list_records(),
        "status": lambda client, _: client.list_records(status="complete"),
        "ranges": lambda client, _: client.list_ranges(),
        "users": lambda client, _: client.list_users(),
        "annotations": lambda client, _: client.list_annotations(),
        "metrics": lambda client, _: client.list_metrics(record=RECORD),
        "any": lambda client, _: client.get("datatype"),
    },
    "service: facts": {
        "record": lambda client, _: client.record_info(RECORD),
        "account": lambda client, _: client.account(),
        "estimate": lambda client, _: str(client.estimate(RECORD)),
    },
    "service: record as ZIP": {"ZIP": _loaded(transport="zip"), "kept": _kept},
    "service: record as JSON": {"JSON": _loaded(transport="json")},
    "service: parts": {
        "channel": lambda client, _: client.load_channel(
            RECORD, "heart_rate", progress=False
        ),
        "range": lambda client, _: looked_at(
            client.load_range(_range_of(client), progress=False)
        ),
        "user": lambda client, _: looked_at(
            client.load_user(USER, _START, _START + 1024, progress=False)
        ),
    },
    "service: token": {"record": lambda client, _: client.record_info(RECORD)},
    "hxapi": {
        "info": _old(lambda auth, _: HxApi.getRecordInfo(auth, RECORD)),
        "records": _old(lambda auth, _: HxApi.getRecordList(auth)),
        "ranges": _old(_old_list),
        "data": _old(lambda auth, _: HxApi.getRecordData(auth, RECORD)),
        "span": _old(
            lambda auth, _: HxApi.getData(auth, USER, _START, _START + 1024, False)
        ),
        "one": _old(
            lambda auth, _: HxApi.getUnsubsampledData(
                auth, USER, _START, _START + 1024, [19]
            )
        ),
        "save": _old(_old_save),
    },
}


@dataclass
class ServiceDoor:
    """Some questions to the service, which answers with a lie."""

    name: str
    every: int = 1

    @property
    def kinds(self) -> Mapping[str, float]:
        return dict.fromkeys(LIES, 1.0) | _RARE | _OFTEN

    def prepare(self) -> None:
        recording()

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        here = world()
        name = rng.choice(list(CALLS[self.name]))
        call = CALLS[self.name][name]
        sane, usual, paths = self._sane(here, name, scratch)
        path = rng.choice(paths)
        here.liar.lie = Lie(kind, path, rng.random() < 0.6, Random(rng.random()))
        place = scratch / "asked"
        place.mkdir()
        try:
            with self._client(here) as client:
                result = judged(
                    lambda: call(client, place),
                    sane,
                    usual=usual,
                    blind=lambda _: kind in _UNKNOWABLE,
                )
        finally:
            here.liar.lie = None
        return result

    def _client(self, here: World) -> Client:
        return Client(here.session(bearer=self.name == "service: token"))

    def _sane(
        self, here: World, name: str, scratch: Path
    ) -> tuple[Any, frozenset[str], list[str]]:
        """Return what is found without a lie, the warnings, and the paths asked for."""
        key = f"{self.name} {name}"
        if key not in here.sane:
            place = scratch / "sane"
            place.mkdir()
            here.liar.asked.clear()
            with listening() as told, self._client(here) as client:
                found = CALLS[self.name][name](client, place)
            paths = sorted(set(here.liar.asked))
            here.sane[key] = found, frozenset(told.ours), paths
        return here.sane[key]


def service_doors() -> Iterator[Door]:
    """Yield the doors of the service."""
    for name in CALLS:
        yield ServiceDoor(name)
