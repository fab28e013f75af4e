"""Requests to the simulated service, and each fault on the way."""

# ruff: noqa: S106  # the secrets here open nothing

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import logging
import pickle
import socket
import threading
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate

import pytest

from hexoframe.api.auth.schemes import SignedBasic, UnsignedBasic
from hexoframe.api.http.failures import RetryPolicy
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.responses import BINARY, CSV, JSON
from hexoframe.api.http.session import ServiceSession
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    HexoframeError,
    IncompleteDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ResponseError,
    ServerError,
    UnreachableError,
)
from hexoframe.simulator.server import ServerFault, Switches, serve
from hexoframe.simulator.shirt import Shirt
from hexoframe.version import __version__

DATA = ("/api/data/", {"record": 300002, "datatype": "19,33"})
ZIP = ("/api/data/", {"record": 41})


def counted(seen):
    """Keep what is told of the bytes that arrive, and of those still to come."""
    return lambda arrived, left: seen.append((arrived, left))


# --- what is asked for --------------------------------------------------------------


def test_an_object_comes_as_the_service_holds_it(server, session_of):
    told = session_of(server).get_json("/api/record/300002/")
    assert told["id"] == 300002
    assert told["start"] == server.world.records[300002].source.start


def test_a_signature_covers_the_url_on_the_wire(server, session_of):
    told = session_of(server).get_json(*DATA)
    assert set(told[0]["data"]) == {"19", "33"}
    assert server.log[-1].path.endswith("datatype=19%2C33")


def test_json_and_csv_are_asked_for_with_gzip_and_a_zip_without(small, session_of):
    server = small()
    plain = session_of(server).get_bytes(*ZIP)
    assert server.log[-1].bytes < len(plain) / 2
    archive = session_of(server).get_bytes(*ZIP, accept=BINARY)
    assert server.log[-1].bytes == len(archive)
    assert archive.startswith(b"PK")
    text = session_of(server).get_bytes(*ZIP, accept=CSV)
    assert server.log[-1].bytes < len(text)


def test_the_user_agent_names_the_version():
    heads = []

    def answer(line: socket.socket) -> None:
        heads.append(line.recv(65536).decode())
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 2\r\n\r\n[]")  # fmt: skip

    with _bare_server(answer) as url:
        session = ServiceSession(url, UnsignedBasic(url, "a@b.c", "pw"))
        assert session.get_json("/api/") == []
    assert f"User-Agent: hexoframe/{__version__}\r\n" in heads[0]


@pytest.mark.parametrize("accept", [JSON, BINARY, CSV])
def test_bytes_are_counted_as_they_come_over_the_wire(small, session_of, accept):
    server, seen = small(), []
    body = session_of(server).get_bytes(*ZIP, accept=accept, on_bytes=counted(seen))
    sent = server.log[-1].bytes
    assert sum(arrived for arrived, _ in seen) == sent
    # What is still to come is known from the first block on.
    assert [left for _, left in seen] == [
        sent - arrived for arrived in accumulate(arrived for arrived, _ in seen)
    ]
    assert body == session_of(server).get_bytes(*ZIP, accept=accept)


def test_an_unknown_form_is_refused_before_anything_is_sent(server, session_of):
    with pytest.raises(ConfigurationError, match="text/plain"):
        session_of(server).get_bytes(*DATA, accept="text/plain")
    assert server.log == []


def test_credentials_of_another_host_are_refused(server):
    other = UnsignedBasic("https://api.hexoskin.com", "a@b.c", "pw")
    with pytest.raises(ConfigurationError, match=r"api\.hexoskin\.com"):
        ServiceSession(server.base_url, other)


def test_four_threads_share_a_session(server, session_of):
    session, found = session_of(server), []

    def load():
        found.append([session.get_json(*DATA) for _ in range(5)])

    threads = [threading.Thread(target=load) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    assert all(told == found[0][0] for some in found for told in some)


# --- faults -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served():
    """Servers that send whole answers, and in chunks without a length."""
    shirt = Shirt(seed=7, duration_s=420, record_id=41, activity="mixed")
    with (
        serve(recordings=[shirt]) as plain,
        serve(recordings=[shirt], switches=Switches(chunked=True)) as chunked,
    ):
        yield {False: plain, True: chunked}


PASSING = {
    "429 with Retry-After": ({"kind": "status", "status": 429, "retry_after": 3}, 3),
    "429 without": ({"kind": "status", "status": 429}, None),
    "500": ({"kind": "status", "status": 500}, None),
    "503 with Retry-After": ({"kind": "status", "status": 503, "retry_after": 2}, 2),
    "dropped": ({"kind": "drop"}, None),
    "cut": ({"kind": "cut", "share": 0.4}, None),
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("accept", [JSON, CSV, BINARY])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_fault_that_passes_leaves_no_trace(
    served, session_of, waits, name, accept, chunked
):
    server = served[chunked]
    whole = session_of(server).get_bytes(*ZIP, accept=accept)
    fault, asked = PASSING[name]
    server.faults.add(ServerFault(**fault, times=2))
    assert session_of(server).get_bytes(*ZIP, accept=accept) == whole
    assert server.faults.pending == ()
    assert len(waits) == 2
    if asked is not None:
        assert waits == [asked, asked]
    else:
        assert 1 <= waits[0] <= 1.5
        assert 2 <= waits[1] <= 2.5


def test_a_date_in_retry_after_is_a_wait_until_then(server, session_of, waits):
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.faults.add(ServerFault(kind="status", status=429, retry_after=then))
    session_of(server).get_json(*DATA)
    assert 25 < waits[0] <= 31


LASTING = {
    "429": ({"kind": "status", "status": 429}, RateLimitedError, 429),
    "500": ({"kind": "status", "status": 500}, ServerError, 500),
    "dropped": ({"kind": "drop"}, UnreachableError, None),
    "cut": ({"kind": "cut"}, UnreachableError, None),
    "JSON cut short": ({"kind": "truncated"}, ResponseError, None),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_ends_in_its_error(server, session_of, waits, name):
    fault, kind, status = LASTING[name]
    server.faults.add(ServerFault(**fault, times=None))
    with pytest.raises(kind) as caught:
        session_of(server, policy={"total": 3}).get_json("/api/record/", {"limit": 5})
    assert type(caught.value) is kind
    assert getattr(caught.value, "status", None) == status
    assert len(waits) == 3
    assert len(server.log) == 4
    # No exception of a library hangs on it: their texts hold the query.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_an_answer_that_will_not_change_is_not_asked_for_again(
    server, session_of, waits, status
):
    server.faults.add(ServerFault(kind="status", status=status, times=None))
    with pytest.raises(RequestError) as caught:
        session_of(server).get_json(*DATA)
    assert caught.value.status == status
    assert len(server.log) == 1
    assert waits == []


def test_a_wait_that_is_too_long_is_left_to_the_caller(server, session_of, waits):
    server.faults.add(ServerFault(kind="status", status=429, retry_after=3600))
    with pytest.raises(RateLimitedError) as caught:
        session_of(server).get_json(*DATA)
    assert caught.value.retry_after == 3600
    assert "for 3600 s" in str(caught.value)
    assert waits == []


def test_a_slow_body_arrives_whole(small, session_of):
    server = small()
    whole = session_of(server).get_bytes("/api/record/41/")
    server.faults.add(ServerFault(kind="drip", bytes_per_s=len(whole) * 4))
    assert session_of(server).get_bytes("/api/record/41/") == whole


def test_a_silent_line_is_an_error_in_time(server, session_of, waits):
    server.faults.add(ServerFault(kind="drip", bytes_per_s=1, times=None))
    with pytest.raises(UnreachableError, match="fell silent"):
        session_of(server, timeout=(1, 0.2), policy={"total": 1}).get_json(*DATA)
    assert len(waits) == 1


@pytest.mark.parametrize("keep_body", [False, True])
def test_another_form_than_was_asked_for_is_an_error(server, session_of, keep_body):
    server.faults.add(
        ServerFault(kind="content_type", content_type="text/html", keep_body=keep_body)
    )
    with pytest.raises(ResponseError, match="text/html where application/json"):
        session_of(server).get_json(*DATA)


def test_a_web_page_in_place_of_a_zip_is_no_zip(small, session_of, tmp_path):
    server = small()
    server.faults.add(ServerFault(kind="content_type"))
    with pytest.raises(ResponseError, match="sign-in page"):
        session_of(server).download(*ZIP, target=tmp_path / "a.zip")
    assert list(tmp_path.glob("a.zip*")) == []


def test_a_redirect_to_another_host_is_refused(server, session_of):
    with _bare_server(lambda line: line.close()) as url:
        server.faults.add(ServerFault(kind="redirect", url=url))
        with pytest.raises(ResponseError, match="another host are refused") as caught:
            session_of(server).get_json("/api/record/", {"user": "someone@example.org"})
    assert "someone" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://[::1]:x", "http://[", "http://127.0.0.1:999999"]
)
def test_a_redirect_that_is_no_url_is_refused(session_of, url):
    def answer(line):
        line.recv(65_536)
        line.sendall(f"HTTP/1.1 302 Found\r\nLocation: {url}\r\n\r\n".encode())
        line.close()

    with _bare_server(answer) as host:
        session = session_of(_At(host), UnsignedBasic(host, "a@b.c", "pw"))
        with pytest.raises(ResponseError, match="a link"):
            session.get_json("/api/record/")


def test_a_redirect_without_the_query_of_the_request_is_refused(session_of):
    def answer(line):
        line.recv(65_536)
        line.sendall(b"HTTP/1.1 302 Found\r\nLocation: ?\r\n\r\n")
        line.close()

    with _bare_server(answer) as host:
        session = session_of(_At(host), UnsignedBasic(host, "a@b.c", "pw"))
        with pytest.raises(ResponseError, match="without the query") as caught:
            session.get_json("/api/record/", {"user": "someone@example.org"})
    assert "someone" not in str(caught.value)


def test_a_list_without_an_end_is_left(session_of):
    pages = itertools.count()

    def answer(line):
        line.recv(65_536)
        first = 10 * next(pages)
        objects = [{"id": first + number} for number in range(10)]
        meta = {"total_count": 20, "next": "/api/record/?limit=1000&offset=0"}
        body = json.dumps({"meta": meta, "objects": objects}).encode()
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        line.close()

    with _bare_server(answer) as host:
        session = session_of(_At(host), UnsignedBasic(host, "a@b.c", "pw"))
        with pytest.raises(ResponseError, match=r"goes on after 130 objects.* of 20"):
            list(session.pages("/api/record/"))


def test_a_redirect_within_the_host_is_followed(server, session_of):
    told = session_of(server).get_json("/api/record/300002")  # the slash is missing
    assert told["id"] == 300002
    assert [entry.status for entry in server.log] == [301, 200]


def test_a_circle_of_redirects_ends(server, session_of):
    server.faults.add(ServerFault(kind="redirect", url=server.base_url, times=None))
    with pytest.raises(ResponseError, match="circle"):
        session_of(server).get_json(*DATA)
    assert len(server.log) <= 6


def test_a_refused_connection_is_told_soon(session_of, waits):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        session = session_of(_At(url), UnsignedBasic(url, "a@b.c", "pw"))
        with pytest.raises(UnreachableError, match=r"refused.*check the network"):
            session.get_json("/api/record/", {"user": "someone@example.org"})
    assert len(waits) == 2


def test_a_line_that_was_there_a_moment_ago_is_given_time_to_come_back(waits, signed):
    shirt = Shirt(seed=7, duration_s=30, record_id=41)
    with contextlib.ExitStack() as running:
        server = running.enter_context(serve(recordings=[shirt]))
        port = int(server.base_url.rpartition(":")[2])

        def sleep(seconds):
            waits.append(seconds)
            if len(waits) == 4:
                running.enter_context(serve(recordings=[shirt], port=port))

        with ServiceSession(
            server.base_url,
            signed(server),
            limiter=Limiter("test", spacing_s=0),
            retries=RetryPolicy(sleep=sleep),
        ) as session:
            session.get_json("/api/record/41/")
            running.close()
            assert session.get_json("/api/record/41/")["id"] == 41
            assert len(waits) == 4
            running.close()
            with pytest.raises(UnreachableError, match="check the network"):
                session.get_json("/api/record/41/")
            assert len(waits) == 4 + 5


# --- five messages ------------------------------------------------------------------


def test_five_failures_have_five_messages(server, session_of, credentials):
    signed = credentials["signed"]
    user = server.username
    stranger = next(n for n in server.world.users.values() if n.email != user).email
    failures = {
        "wrong id": (signed(server), "/api/record/999999/"),
        "no rights": (signed(server), "/api/record/300002/"),
        "wrong password": (signed(server, password="nope-nope"), "/api/record/300002/"),
        "wrong key": (signed(server, api_secret="nope-nope"), "/api/record/300002/"),
    }
    told = {}
    for name, (auth, path) in failures.items():
        if name == "no rights":
            server.faults.add(ServerFault(kind="status", status=403))
        with pytest.raises(RequestError) as caught:
            session_of(server, auth).get_json(path)
        told[name] = caught.value
    url = "http://127.0.0.1:9"
    with pytest.raises(UnreachableError) as caught:
        session_of(_At(url), UnsignedBasic(url, "a@b.c", "pw")).get_json(
            "/api/record/1/"
        )
    told["no network"] = caught.value
    texts = {name: str(error) for name, error in told.items()}
    assert len(set(texts.values())) == 5
    assert "check the id" in texts["wrong id"]
    assert "ask its owner" in texts["no rights"]
    assert "check user name and password" in texts["wrong password"]
    assert "HEXOFRAME_API_KEY" in texts["wrong key"]
    assert "check the network" in texts["no network"]
    assert [type(error) for error in told.values()] == [
        NotFoundError, AuthenticationError, AuthenticationError, AuthenticationError,
        UnreachableError,
    ]  # fmt: skip
    assert stranger not in " ".join(texts.values())


def test_errors_survive_pickling(server, session_of):
    server.faults.add(ServerFault(kind="status", status=429, retry_after=3600))
    with pytest.raises(RateLimitedError) as caught:
        session_of(server).get_json(*DATA)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (type(again), str(again)) == (RateLimitedError, str(caught.value))
    assert (again.status, again.retry_after) == (429, 3600)


# --- tokens -------------------------------------------------------------------------


def test_the_first_request_gets_a_token(server, session_of, credentials):
    auth = credentials["bearer"](server)
    assert session_of(server, auth).get_json("/api/record/300002/")["id"] == 300002
    assert [entry.method for entry in server.log] == ["POST", "GET"]


def test_a_token_that_ends_is_renewed_in_mid_download(server, session_of, credentials):
    session = session_of(server, credentials["bearer"](server))
    whole = session.get_bytes(*DATA)
    server.faults.add(ServerFault(kind="expired_token", skip=1))
    assert [session.get_bytes(*DATA) for _ in range(3)] == [whole] * 3
    statuses = [(entry.method, entry.status) for entry in server.log]
    assert statuses.count(("GET", 401)) == 1
    assert statuses.count(("POST", 200)) == 2


def test_a_refused_new_token_is_an_error_and_no_circle(server, session_of, credentials):
    session = session_of(server, credentials["bearer"](server))
    session.get_json("/api/record/300002/")
    server.faults.add(
        ServerFault(kind="expired_token", path="/api/record/", times=None)
    )
    with pytest.raises(AuthenticationError, match=r"hexoframe\.login") as caught:
        session.get_json("/api/record/300002/")
    assert caught.value.status == 401


def test_a_token_is_renewed_before_it_ends(small, session_of, credentials):
    now = [1_700_000_000.0]
    server = small(clock=lambda: now[0], token_lifetime_s=600)
    session = session_of(server, credentials["bearer"](server, now=lambda: now[0]))
    session.get_json("/api/record/41/")
    now[0] += 590
    session.get_json("/api/record/41/")
    assert [entry.status for entry in server.log] == [200] * 4
    assert [entry.method for entry in server.log] == ["POST", "GET", "POST", "GET"]


def test_threads_that_find_a_token_expired_get_one_new_token(
    server, session_of, credentials
):
    session = session_of(server, credentials["bearer"](server))
    session.get_json(*DATA)
    server.clear_log()
    server.faults.add(ServerFault(kind="expired_token"))
    whole, found = session.get_json(*DATA), []
    server.faults.add(ServerFault(kind="expired_token"))
    threads = [
        threading.Thread(target=lambda: found.append(session.get_json(*DATA)))
        for _ in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [whole] * 6
    assert sum(entry.method == "POST" for entry in server.log) == 2


@pytest.mark.parametrize(
    ("wrong", "text"),
    [("client_secret", "HEXOFRAME_CLIENT_ID"), ("password", "check user name")],
)
def test_a_refused_login_says_what_to_check(
    server, session_of, wrong, text, credentials
):
    from dataclasses import replace

    from hexoframe.api.auth.schemes import Bearer, Secret

    grant = replace(credentials["bearer"](server).grant, **{wrong: Secret("nope")})
    with pytest.raises(AuthenticationError, match=text):
        session_of(server, Bearer(server.base_url, grant=grant)).get_json(*DATA)


# --- pages --------------------------------------------------------------------------


def test_all_pages_are_walked(small, session_of):
    server = small()
    given = list(session_of(server).pages("/api/datatype/"))
    wanted = session_of(server).get_json("/api/datatype/", {"limit": 1000})["objects"]
    assert given == wanted


def _walk(session, size):
    """Walk in pages of another size than the largest."""
    from hexoframe.api.http.session import PagedList

    pages = PagedList(session.get_json, session.origin, "/api/metric/")
    return list(pages.objects({"limit": size, "order_by": "id"}, None))


def test_pages_of_any_size_give_the_same_objects(server, session_of):
    wanted = _walk(session_of(server), 1000)
    assert len(wanted) > 20
    for size in (1, 7, 20):
        assert _walk(session_of(server), size) == wanted


def test_a_limit_ends_the_walk_early(server, session_of):
    given = list(session_of(server).pages("/api/metric/", limit=3))
    assert len(given) == 3
    assert len(server.log) == 1
    with pytest.raises(ConfigurationError, match="limit is 0"):
        session_of(server).pages("/api/metric/", limit=0)


def test_a_page_that_comes_twice_is_asked_for_again(server, session_of):
    wanted = _walk(session_of(server), 7)
    server.faults.add(ServerFault(kind="repeated_page", skip=1))
    assert _walk(session_of(server), 7) == wanted


def test_a_page_that_comes_again_and_again_is_an_error(server, session_of):
    server.faults.add(ServerFault(kind="repeated_page", skip=1, times=None))
    with pytest.raises(ResponseError, match="again and again"):
        _walk(session_of(server), 7)
    assert len(server.log) < 8


def test_a_next_link_to_another_host_is_refused(server, session_of):
    server.faults.add(ServerFault(kind="foreign_next", url="http://127.0.0.1:9"))
    with pytest.raises(ResponseError, match=r"link to http://127\.0\.0\.1:9"):
        _walk(session_of(server), 7)


def test_a_list_that_ends_early_is_an_error(server, session_of, monkeypatch):
    session = session_of(server)
    honest = session.get_json

    def short(path, params=None):
        told = honest(path, params)
        told["meta"]["total_count"] += 1
        return told

    monkeypatch.setattr(session, "get_json", short)
    with pytest.raises(IncompleteDataError, match="holds"):
        list(session.pages("/api/metric/"))


@pytest.mark.parametrize("path", ["/api/record/300002/", "/api/"])
def test_what_is_no_list_is_no_list(server, session_of, path):
    with pytest.raises(ResponseError, match="not a list of objects"):
        list(session_of(server).pages(path))


# --- downloads ----------------------------------------------------------------------


@pytest.mark.parametrize("http_ranges", [True, False])
def test_a_cut_download_goes_on_where_it_was(small, session_of, tmp_path, http_ranges):
    server = small(http_ranges=http_ranges)
    whole = session_of(server).get_bytes(*ZIP, accept=BINARY)
    server.clear_log()
    server.faults.add(ServerFault(kind="cut", share=0.5, times=2))
    target, seen = tmp_path / "deep" / "a.zip", []
    length = session_of(server).download(*ZIP, target=target, on_bytes=counted(seen))
    assert target.read_bytes() == whole
    assert length == len(whole)
    assert [path.name for path in target.parent.iterdir()] == ["a.zip"]
    ranges = [entry.range for entry in server.log]
    if http_ranges:
        first, second, third = ranges
        assert first == ""
        assert 0 < _begin(second) < _begin(third) < len(whole)
        assert len(whole) // 2 - _begin(second) < 1 << 16  # a piece at most is lost
        assert sum(arrived for arrived, _ in seen) == len(whole)
        assert seen[-1][1] == 0
    else:
        assert ranges == ["", "", ""]
        assert sum(arrived for arrived, _ in seen) >= len(whole)


def test_another_process_goes_on_with_a_part(small, session_of, tmp_path):
    server = small()
    whole = session_of(server).get_bytes(*ZIP, accept=BINARY)
    server.faults.add(ServerFault(kind="cut", share=0.7))
    with pytest.raises(UnreachableError):
        session_of(server, policy={"total": 0}).download(
            *ZIP, target=tmp_path / "a.zip"
        )
    assert not (tmp_path / "a.zip").exists()
    server.clear_log()
    session_of(server).download(*ZIP, target=tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == whole
    (entry,) = server.log
    assert entry.bytes == len(whole) - _begin(entry.range)
    assert 0 < entry.bytes < len(whole) / 2


@pytest.mark.parametrize("left", ["other tag", "no tag", "whole", "too long"])
def test_a_part_of_anything_else_is_not_gone_on_with(small, session_of, tmp_path, left):
    server = small()
    whole = session_of(server).get_bytes(*ZIP, accept=BINARY)
    server.faults.add(ServerFault(kind="cut", share=0.7))
    target = tmp_path / "a.zip"
    with pytest.raises(UnreachableError):
        session_of(server, policy={"total": 0}).download(*ZIP, target=target)
    part, tag = tmp_path / "a.zip.part", tmp_path / "a.zip.part.tag"
    if left == "other tag":
        part.write_bytes(b"x" * 100)
        tag.write_text('"another"')
    elif left == "no tag":
        part.write_bytes(b"x" * 100)
        tag.unlink()
    else:
        part.write_bytes(whole + (b"x" if left == "too long" else b""))
    session_of(server).download(*ZIP, target=target)
    assert target.read_bytes() == whole
    assert [path.name for path in tmp_path.glob("a.zip*")] == ["a.zip"]


def test_a_compressed_answer_becomes_a_plain_file(small, session_of, tmp_path):
    server, seen = small(), []
    server.faults.add(ServerFault(kind="cut", share=0.5))
    target = tmp_path / "a.csv"
    session_of(server).download(*ZIP, target=target, accept=CSV, on_bytes=counted(seen))
    assert target.read_bytes() == session_of(server).get_bytes(*ZIP, accept=CSV)


def test_a_full_disk_is_no_fault_of_the_line(small, session_of, tmp_path, waits):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        session_of(small()).download(*ZIP, target=tmp_path / "file" / "a.zip")
    assert waits == []


# --- secrets ------------------------------------------------------------------------


def test_no_secret_and_no_query_is_told(
    server, session_of, credentials, caplog, tmp_path
):
    caplog.set_level(logging.DEBUG)
    told = []

    def note(action):
        try:
            told.append(repr(action()))
        except HexoframeError as error:
            told.append("".join(traceback.format_exception(error)))
            told.append(repr(error))
            told.append(pickle.dumps(error).decode("latin-1"))

    query = {"user": "someone@example.org"}
    auths = [
        credentials["signed"](server),
        credentials["signed"](server, password="wrong-password-1"),
        credentials["signed"](server, api_secret="wrong-secret-1"),
        credentials["bearer"](server),
    ]
    for auth in auths:
        session = session_of(server, auth, policy={"total": 1})
        told += [repr(auth), str(auth), repr(vars(auth)), repr(session)]
        told.append(repr(vars(session)))
        for fault in (None, "expired_token", "cut", "drop", "status", "redirect"):
            if fault:
                server.faults.add(ServerFault(kind=fault, times=2))
            note(lambda t=session: t.get_json("/api/record/", query))
            server.faults.clear()
        note(lambda t=session: t.get_json("/api/record/1/", query))
        note(lambda t=session: t.download(*DATA, target=tmp_path / "a.zip"))
    token = auths[-1].token
    card = server.credentials[server.username]
    hidden = [
        card.password, card.client_secret, server.api_secret, server.api_key,
        token.access.reveal(), token.refresh.reveal(), "wrong-password-1",
        "wrong-secret-1",
        base64.b64encode(f"{card.username}:{card.password}".encode()).decode(),
    ]  # fmt: skip
    ours = [
        r.getMessage() for r in caplog.records if r.name.startswith("hexoframe.api")
    ]
    assert ours
    files = [
        p.read_bytes().decode("latin-1") for p in tmp_path.rglob("*") if p.is_file()
    ]
    everything = "\n".join([*told, caplog.text, *files])
    assert [secret for secret in hidden if secret in everything] == []
    shown = "\n".join([line for line in told if "objects" not in line] + ours)
    assert "someone" not in shown
    assert "?" not in "\n".join(ours)
    urls = "\n".join(entry.path for entry in server.log)
    assert [secret for secret in hidden if secret in urls] == []


def test_netrc_and_proxies_of_the_environment_do_not_count_on_loopback(
    server, session_of, monkeypatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    session_of(server).get_json("/api/record/300002/")
    assert server.log[-1].user == server.username


def test_a_server_without_tls_is_no_https_server(server, session_of, waits):
    url = server.base_url.replace("http:", "https:")
    with pytest.raises(UnreachableError, match=r"no connection to https://.*SSL"):
        session_of(_At(url), UnsignedBasic(url, "a@b.c", "pw")).get_json("/api/")
    assert len(waits) == 2
    assert server.log == []


def test_cookies_are_not_kept(session_of):
    heads = []

    def answer(line: socket.socket) -> None:
        heads.append(line.recv(65536).decode())
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     b"Set-Cookie: sessionid=1; Path=/\r\nConnection: close\r\n"
                     b"Content-Length: 2\r\n\r\n[]")  # fmt: skip

    with _bare_server(answer) as url:
        session = session_of(_At(url), SignedBasic(
            url, "a@b.c", "pw", api_key="k", api_secret="s"))  # fmt: skip
        session.get_json("/api/")
        session.get_json("/api/")
    assert len(heads) == 2
    assert "Cookie" not in heads[1]


# --- help ---------------------------------------------------------------------------


def _begin(wanted: str) -> int:
    return int(wanted.removeprefix("bytes=").removesuffix("-"))


class _At:
    """What `connect` needs of a server: where it is."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url


class _bare_server:  # noqa: N801  # used like a function
    """A socket that answers each connection with a function."""

    def __init__(self, answer):
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line:
                self._answer(line)

    def __enter__(self):
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


def test_the_data_of_the_answers_is_json(server, session_of):
    assert json.loads(session_of(server).get_bytes(*DATA)) == session_of(
        server
    ).get_json(*DATA)
