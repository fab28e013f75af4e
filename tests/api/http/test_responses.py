"""Bodies that are bombs, that drip, or whose headers make no sense."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import socket
import threading
import time
import zlib

import pytest
import urllib3

from hexoframe.api.auth.schemes import UnsignedBasic
from hexoframe.api.http import responses, watched
from hexoframe.api.http.failures import RetryPolicy
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.responses import BINARY, BodyLimits, whole
from hexoframe.api.http.session import ServiceSession
from hexoframe.errors import (
    HexoframeError,
    RateLimitedError,
    ResponseError,
    UnreachableError,
)

PATH = "/api/record/41/"


class Raw:
    """A server that sends what it is told, and then hangs up."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pieces, self.pause_s, self.asked = [], 0.0, 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line):
        with line:
            line.recv(1 << 16)
            self.asked += 1
            try:
                for piece in self.pieces:
                    line.sendall(piece)
                    time.sleep(self.pause_s)
            except OSError:
                return

    def close(self):
        self._listener.close()

    def says(self, body, *, status="200 OK", form="application/json", **headers):
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {form}", "Connection: close"]
        lines += [
            f"{name.replace('_', '-')}: {value}" for name, value in headers.items()
        ]
        self.pieces = ["\r\n".join([*lines, "", ""]).encode(), body]


@pytest.fixture
def raw():
    server = Raw()
    yield server
    server.close()


def session_at(raw, **more):
    policy = RetryPolicy(total=0, sleep=lambda _: None)
    return ServiceSession(
        raw.url,
        UnsignedBasic(raw.url, "a", "b"),
        limiter=Limiter("raw", spacing_s=0),
        retries=policy,
        **more,
    )


def bomb(megabytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = packer.compress(b" " * (1 << 20))
    parts = [block, *(packer.compress(b" " * (1 << 20)) for _ in range(megabytes - 1))]
    return b"".join([*parts, packer.flush()])


def test_an_answer_that_unpacks_to_more_than_it_can_hold_is_refused(raw, tmp_path):
    raw.says(bomb(8), Content_Encoding="gzip")
    small = BodyLimits(most_bytes=1 << 20)
    with session_at(raw, limits=small) as session:
        with pytest.raises(ResponseError, match="more than 1,048,576 bytes"):
            session.get_json(PATH)
        with pytest.raises(ResponseError, match="more than 4,000 bytes"):
            session.get_bytes(PATH, most_bytes=4000)
        raw.says(
            b"PK" * 9000, form="application/zip", Accept_Ranges="bytes", ETag='"a"'
        )
        target = tmp_path / "a.zip"
        with pytest.raises(ResponseError, match="more than 5,000 bytes"):
            session.download(PATH, target=target, accept=BINARY, most_bytes=5000)
        assert list(tmp_path.iterdir()) == []


class Packed:
    """An answer with a body in gzip."""

    url = PATH
    headers = {"Content-Encoding": "gzip"}  # noqa: RUF012

    def __init__(self, body):
        self.raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=self.headers, preload_content=False
        )

    def whole(self, most_bytes=1 << 20, on_bytes=None):
        return whole(self, BodyLimits(most_bytes=most_bytes), on_bytes)


@pytest.fixture(params=[responses.quick_zlib, zlib], ids=lambda each: each.__name__)
def unpacker(request, monkeypatch):
    """The quick library, where there is a wheel of it, and the standard one."""
    monkeypatch.setattr(responses, "quick_zlib", request.param)


@pytest.mark.usefixtures("unpacker")
def test_a_packed_body_is_unpacked_whole_however_it_was_packed():
    text = bytes(range(256)) * 4000
    parts = text[:500_000], text[500_000:], b""
    assert Packed(gzip.compress(text)).whole(len(text)) == text
    assert Packed(b"".join(map(gzip.compress, parts))).whole() == text
    assert Packed(b"").whole() == b""
    seen = []
    body = gzip.compress(text)
    whole_of = Packed(body).whole(on_bytes=lambda came, _: seen.append(came))
    assert (whole_of, sum(seen)) == (text, len(body))


@pytest.mark.usefixtures("unpacker")
def test_members_of_a_packed_body_count_together():
    twice = gzip.compress(b" " * 600_000) * 2
    assert len(Packed(twice).whole(1_200_000)) == 1_200_000
    with pytest.raises(ResponseError, match="more than 1,199,999 bytes"):
        Packed(twice).whole(1_199_999)
    with pytest.raises(urllib3.exceptions.DecodeError, match="members"):
        Packed(gzip.compress(b"") * 50_000).whole(2 << 20)


@pytest.mark.usefixtures("unpacker")
def test_a_packed_body_that_ends_early_is_as_long_as_it_goes():
    text = b"[{" * 50_000
    packed = gzip.compress(text)
    assert text.startswith(Packed(packed[:-30]).whole())
    assert len(Packed(packed[:40]).whole()) < len(text)


@pytest.mark.usefixtures("unpacker")
def test_a_damaged_packed_body_is_an_error_of_the_line(raw):
    packed = gzip.compress(b"[{" * 50_000)
    for damaged in (packed[:-6] + b"odd bytes", b"[" + packed, packed + b"more"):
        with pytest.raises(urllib3.exceptions.DecodeError):
            Packed(damaged).whole()
    raw.says(b"[" + packed, Content_Encoding="gzip")
    with session_at(raw) as session, pytest.raises(UnreachableError):
        session.get_bytes(PATH)


def test_the_usual_limits_leave_room_for_a_page_of_a_thousand_objects(raw):
    objects = [{"id": number, "note": "x" * 3000} for number in range(1000)]
    page = {"meta": {"next": None, "total_count": 1000}, "objects": objects}
    raw.says(gzip.compress(json.dumps(page).encode()), Content_Encoding="gzip")
    with session_at(raw) as session:
        assert len(list(session.pages("/api/record/"))) == 1000


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "x\\r\\ny"])
def test_a_body_packed_twice_or_otherwise_is_refused(raw, coding):
    body = gzip.compress(gzip.compress(b"{}"))
    raw.says(body, Content_Encoding=coding)
    with (
        session_at(raw) as session,
        pytest.raises(ResponseError, match="in the encoding"),
    ):
        session.get_json(PATH)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_drips_is_given_up(raw, chunked):
    if chunked:
        raw.says(b"", Transfer_Encoding="chunked")
        raw.pieces += [b"1\r\n \r\n"] * 1000
    else:
        raw.says(b"", Content_Length=1_000_000)
        # What begins quickly may drip all the same.
        raw.pieces += [b" " * 40_000, *[b" "] * 1000]
    raw.pause_s = 0.02
    limits = BodyLimits(most_bytes=1 << 20, least_bytes_s=500, period_s=0.2)
    started = time.monotonic()
    with (
        session_at(raw, limits=limits) as session,
        pytest.raises(UnreachableError, match="answers too slowly"),
    ):
        session.get_json(PATH)
    assert time.monotonic() - started < 5


def test_headers_that_drip_are_given_up(raw, monkeypatch):
    monkeypatch.setattr(watched, "HEAD_S", 0.1)
    raw.says(b"{}")
    head, body = raw.pieces
    raw.pieces = [head[:-4], *[b"\r\nX: y"] * 1000, b"\r\n\r\n", body]
    raw.pause_s = 0.02
    started = time.monotonic()
    with (
        session_at(raw, timeout=(1, 0.1)) as session,
        pytest.raises(UnreachableError, match="fell silent"),
    ):
        session.get_json(PATH)
    assert time.monotonic() - started < 5


def test_a_slow_but_honest_line_brings_all(raw):
    body = json.dumps({"id": 41, "note": "x" * 3000}).encode()
    raw.says(b"", Content_Length=len(body))
    # 5 kB/s, and three limits of time.
    raw.pieces += [body[at : at + 100] for at in range(0, len(body), 100)]
    raw.pause_s = 0.02
    limits = BodyLimits(most_bytes=1 << 20, period_s=0.2)
    with session_at(raw, limits=limits) as session:
        assert session.get_json(PATH)["id"] == 41


HEADERS = {
    "length of 5000 digits": {"Content_Length": "9" * 5000},
    "length in other digits": {
        "Content_Length": "\u0661\u0662".encode().decode("latin")
    },
    "negative length": {"Content_Length": "-5"},
    "range of 5000 digits": {"Content_Range": f"bytes {'9' * 5000}-"},
    "no range": {"Content_Range": "lines 1-2"},
    "odd tag": {"ETag": '"\xe9"', "Accept_Ranges": "bytes"},
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("status", ["200 OK", "206 Partial Content"])
def test_headers_that_make_no_sense_are_no_escape(raw, tmp_path, name, status):
    raw.says(b"PK", status=status, form="application/zip", **HEADERS[name])
    with session_at(raw) as session, contextlib.suppress(HexoframeError):
        session.download(PATH, target=tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        ("7", 7.0),
        ("9" * 5000, None),
        ("soon", None),
        ("Mon, 99 Foo 99999 99:99:99 GMT", None),
        ("-5", None),
        ("1e308", None),
    ],
)
def test_a_wait_that_makes_no_sense_is_none(raw, asked, wait_s):
    raw.says(b"{}", status="429 Slow down", Retry_After=asked)
    with session_at(raw) as session, pytest.raises(RateLimitedError) as caught:
        session.get_json(PATH)
    assert caught.value.retry_after == wait_s


def test_an_explanation_that_is_a_bomb_is_not_read(raw):
    raw.says(bomb(8), status="404 Gone", Content_Encoding="gzip")
    with session_at(raw) as session, pytest.raises(HexoframeError, match="not exist"):
        session.get_json(PATH)


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"a": "\\ud800"}', '{"a": 1e999}'],
)
def test_an_answer_that_no_program_can_use_is_refused(raw, body):
    raw.says(body.encode())
    with (
        session_at(raw) as session,
        pytest.raises(ResponseError, match="not complete JSON: not JSON: "),
    ):
        session.get_json(PATH)


def test_what_an_explanation_says_is_not_obeyed(raw):
    raw.says(json.dumps({"error": "no\x1b[2J\nway"}).encode(), status="400 Bad")
    with (
        session_at(raw) as session,
        pytest.raises(HexoframeError, match=r"no\\x1b\[2J way"),
    ):
        session.get_json(PATH)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ([], "is not a list of objects"),
        ({"meta": [], "objects": []}, "is not a list of objects"),
        ({"meta": {}, "objects": {"a": 1}}, "is not a list of objects"),
        ({"meta": {"total_count": "5"}, "objects": []}, "meta.total_count: expected a"),
        ({"meta": {"next": 5}, "objects": []}, "meta.next: expected a text, found 5"),
        ({"meta": {}, "objects": [{}]}, r"objects\[0\]\.id is missing"),
        ({"meta": {}, "objects": [{"id": "7"}]}, 'id: expected a whole number.*"7"'),
        (
            {"meta": {}, "objects": [{"id": 7, "start": [1]}]},
            r"start: expected a whole number or a number or null, found \[1\]",
        ),
    ],
)
def test_a_page_of_other_types_is_refused_by_field_and_value(raw, page, says):
    raw.says(json.dumps(page).encode())
    with session_at(raw) as session, pytest.raises(ResponseError, match=says):
        list(session.pages("/api/record/"))
