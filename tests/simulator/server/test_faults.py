"""Faults on demand, one by one; limits, latency, bandwidth, the journal."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import threading
import time
import zipfile
from urllib.parse import urlencode, urlsplit

import pytest

from hexoframe.api.http.limiter import SPACING_S
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server import ServerFault, Switches, serve
from hexoframe.simulator.shirt import Shirt

DATA = "/api/data/?record=300002&datatype=19"
ZIP = {"Accept": "application/octet-stream"}


# --- which requests -----------------------------------------------------------------


def test_a_fault_hits_the_next_matching_requests_and_then_no_more(server, ask):
    server.faults.add(
        ServerFault(kind="status", status=503, times=2, path="/api/data/")
    )
    found = [ask(server, path).status for path in ("/api/record/", DATA, DATA, DATA)]
    assert found == [200, 503, 503, 200]
    assert server.faults.pending == ()


def test_a_fault_may_let_requests_pass_first(server, ask):
    server.faults.add(ServerFault(kind="status", skip=2))
    assert [ask(server, DATA).status for _ in range(4)] == [200, 200, 500, 200]


def test_a_fault_may_be_meant_for_one_form(server, ask):
    server.faults.add(ServerFault(kind="status", accept="octet-stream"))
    assert ask(server, DATA).status == 200
    assert ask(server, DATA, **ZIP).status == 500


def test_a_fault_without_number_stays_until_it_is_cleared(server, ask):
    server.faults.add(ServerFault(kind="status", times=None))
    assert {ask(server, DATA).status for _ in range(5)} == {500}
    server.faults.clear()
    assert ask(server, DATA).status == 200


def test_several_faults_wait_in_order(server, ask):
    server.faults.add(
        ServerFault(kind="status", status=429), ServerFault(kind="status", status=500)
    )
    assert [ask(server, DATA).status for _ in range(3)] == [429, 500, 200]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "explosion"}, {"kind": "cut", "share": 1}, {"kind": "status", "times": 0},
     {"kind": "drop", "skip": -1}, {"kind": "drip", "bytes_per_s": 0}],
)  # fmt: skip
def test_an_impossible_fault_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        ServerFault(**wrong)


# --- each kind ----------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", [None, 3, "Sun, 22 Nov 2026 14:00:00 GMT"])
def test_429_comes_with_and_without_retry_after(server, ask, retry_after):
    server.faults.add(ServerFault(kind="status", status=429, retry_after=retry_after))
    reply = ask(server, DATA)
    assert (reply.status, reply.body) == (429, b"")
    wanted = None if retry_after is None else str(retry_after)
    assert reply.headers["Retry-After"] == wanted


def test_500_says_sorry_in_json(server, ask):
    server.faults.add(ServerFault(kind="status"))
    reply = ask(server, DATA)
    assert reply.status == 500
    assert list(reply.json()) == ["error_message"]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("accept", ["application/json", "application/octet-stream"])
def test_a_connection_is_cut_within_the_body(small, ask, accept, chunked):
    server = small(chunked=chunked)
    path = "/api/data/?record=41"
    whole = ask(server, path, Accept=accept).body
    server.faults.add(ServerFault(kind="cut", share=0.25))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, path, Accept=accept)
    assert caught.value.partial == whole[: len(whole) // 4]
    assert server.log[-1].bytes == len(whole) // 4
    assert ask(server, path, Accept=accept).body == whole


def test_a_connection_is_dropped_before_a_byte_is_sent(server, ask):
    server.faults.add(ServerFault(kind="drop"))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, DATA)
    assert (server.log[-1].status, server.log[-1].bytes) == (0, 0)


def test_a_body_drips(server, ask):
    whole = ask(server, DATA).body
    server.faults.add(ServerFault(kind="drip", bytes_per_s=len(whole) * 4))
    begun = time.monotonic()
    assert ask(server, DATA).body == whole
    assert 0.2 < time.monotonic() - begun < 2


def test_a_server_stops_while_a_body_drips(ask):
    with serve(recordings=[Shirt(duration_s=60, record_id=1)]) as server:
        server.faults.add(ServerFault(kind="drip", bytes_per_s=10))
        failed = []

        def load():
            try:
                ask(server, "/api/data/?record=1&datatype=19")
            except (http.client.IncompleteRead, ConnectionError) as error:
                failed.append(error)

        thread = threading.Thread(target=load)
        thread.start()
        while not server.log:
            time.sleep(0.01)
        begun = time.monotonic()
    thread.join()
    assert time.monotonic() - begun < 5
    assert len(failed) == 1


def test_a_web_page_comes_instead_of_data(server, ask):
    server.faults.add(ServerFault(kind="content_type"))
    reply = ask(server, DATA)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.body.startswith(b"<!DOCTYPE")


def test_the_right_body_comes_under_a_wrong_name(server, ask):
    whole = ask(server, DATA)
    fault = ServerFault(kind="content_type", content_type="text/plain", keep_body=True)
    server.faults.add(fault)
    reply = ask(server, DATA)
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.body == whole.body


def test_a_zip_is_truncated_though_its_length_is_right(server, ask):
    server.faults.add(ServerFault(kind="truncated", share=0.9))
    reply = ask(server, "/api/data/?record=300002", **ZIP)
    assert reply.status == 200
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(reply.body))


def test_json_is_truncated_too(server, ask):
    server.faults.add(ServerFault(kind="truncated"))
    with pytest.raises(json.JSONDecodeError):
        ask(server, DATA).json()


def test_a_token_expires_in_the_middle(server, ask):
    card = server.credentials[server.username]
    form = {
        "grant_type": "password", "username": card.username, "password": card.password,
    }  # fmt: skip
    line = http.client.HTTPConnection(urlsplit(server.base_url).netloc)
    proof = base64.b64encode(f"{card.client_id}:{card.client_secret}".encode()).decode()
    line.request(
        "POST", f"/api/connect/oauth2/token/?{urlencode(form)}",
        headers={"Authorization": f"Basic {proof}"},
    )  # fmt: skip
    token = json.loads(line.getresponse().read())["access_token"]
    line.close()
    headers = {"user": "", "Authorization": f"Bearer {token}"}
    server.faults.add(ServerFault(kind="expired_token", skip=1))
    assert [ask(server, DATA, **headers).status for _ in range(3)] == [200, 401, 401]


def test_a_page_is_repeated(server, ask):
    path = "/api/trackpoint/?limit=10&offset=10"
    first = ask(server, "/api/trackpoint/?limit=10").objects
    second = ask(server, path)
    server.faults.add(ServerFault(kind="repeated_page"))
    again = ask(server, path)
    assert again.objects == first
    assert again.json()["meta"] == second.json()["meta"]
    assert ask(server, path).objects == second.objects


def test_a_redirect_points_to_another_host(server, ask):
    server.faults.add(ServerFault(kind="redirect", url="http://127.0.0.9:1"))
    reply = ask(server, DATA)
    assert reply.status == 302
    assert reply.headers["Location"] == f"http://127.0.0.9:1{DATA}"


def test_a_next_link_points_to_another_host(server, ask):
    server.faults.add(ServerFault(kind="foreign_next", url="http://elsewhere.invalid"))
    reply = ask(server, "/api/trackpoint/?limit=10")
    assert reply.json()["meta"]["next"] == (
        "http://elsewhere.invalid/api/trackpoint/?limit=10&offset=10"
    )
    assert len(reply.objects) == 10


# --- limits, latency, the line ------------------------------------------------------


def test_more_than_five_requests_in_a_second_give_429(ask):
    switches = Switches(rate_limit=5, rate_retry_after=2)
    with serve(recordings=(), switches=switches) as server:
        found = [ask(server, "/api/record/") for _ in range(7)]
        assert [reply.status for reply in found] == [200] * 5 + [429] * 2
        assert found[-1].headers["Retry-After"] == "2"
        time.sleep(1.05)
        assert ask(server, "/api/record/").status == 200


def test_one_request_each_fifth_of_a_second_passes(ask):
    with serve(recordings=(), switches=Switches(rate_limit=5)) as server:
        found = []
        for _ in range(8):
            found.append(ask(server, "/api/record/").status)
            time.sleep(SPACING_S)
    assert set(found) == {200}


def test_latency_delays_each_answer_and_not_one_after_the_other(small, ask):
    server = small(latency_s=0.3)
    begun = time.monotonic()
    threads = [
        threading.Thread(target=ask, args=(server, "/api/record/")) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.3 <= time.monotonic() - begun < 0.9


def test_all_answers_share_one_line(small, ask):
    server = small()
    size = len(ask(server, "/api/data/?record=41&datatype=4129").body)
    slow = small(bandwidth=size * 4)
    begun = time.monotonic()
    threads = [
        threading.Thread(target=ask, args=(slow, "/api/data/?record=41&datatype=4129"))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.7 < time.monotonic() - begun < 2.5


def test_answers_come_in_chunks_where_the_switch_says_so(small, ask):
    plain = ask(small(), "/api/data/?record=41&datatype=19")
    reply = ask(small(chunked=True), "/api/data/?record=41&datatype=19")
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in reply.headers
    assert reply.body == plain.body


@pytest.mark.parametrize(
    "wrong",
    [{"latency_s": -1}, {"bandwidth": 0}, {"rate_limit": 0}, {"max_values": 0},
     {"empty_channels": "null"}, {"csv_header": "x"}, {"unsynced": ""}],
)  # fmt: skip
def test_an_impossible_switch_is_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Switches(**wrong)


# --- the journal --------------------------------------------------------------------


def test_the_journal_tells_each_request_as_it_was_on_the_wire(server, ask):
    path = "/api/data/?record=300002&datatype=19%2C33"
    reply = ask(server, path)
    ask(server, "/api/account/", user="")
    first, second = server.log
    assert (first.method, first.path, first.status) == ("GET", path, 200)
    assert (first.bytes, first.user) == (len(reply.body), server.username)
    assert first.time <= second.time <= time.monotonic()
    assert (second.status, second.user) == (401, None)
    server.clear_log()
    assert server.log == []


def test_the_journal_knows_the_busiest_second(ask):
    with serve(recordings=()) as server:
        assert server.most_in_a_second() == 0
        for pause in (0, 0, 1.05, 0, 0, 0):
            time.sleep(pause)
            ask(server, "/api/", user="")
        assert server.most_in_a_second() == 4


def test_a_fault_of_the_service_itself_is_told_and_logged(
    small, ask, caplog, monkeypatch
):
    server = small()
    monkeypatch.setattr(type(server.world), "records_of", None)
    reply = ask(server, "/api/data/?record=41")
    assert reply.status == 500
    assert "the simulator failed on GET /api/data/" in caplog.text


def test_the_server_listens_on_the_loopback_alone(server):
    parts = urlsplit(server.base_url)
    assert parts.hostname == "127.0.0.1"
    with socket.create_connection((parts.hostname, parts.port), timeout=5):
        pass
