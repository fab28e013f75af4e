"""Connections: kept alive, closed when asked, closed at the end."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server import ServerFault, serve
from hexoframe.simulator.server.listener import Listener

ROOT = "/api/"


@pytest.fixture
def line(server):
    opened = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    yield opened
    opened.close()


def get(line, path=ROOT, method="GET", body=None, **headers):
    line.request(method, path, body, headers)
    answer = line.getresponse()
    return answer, answer.read()


def test_one_connection_carries_many_requests_of_every_method(line):
    line.connect()
    first = line.sock
    for method, path, body, status in (
        ("GET", ROOT, None, 200), ("HEAD", ROOT, None, 200),
        ("POST", "/api/annotation/", b'{"a": 1}', 401),
        ("POST", "/api/connect/oauth2/token/", b"grant_type=password", 400),
        ("DELETE", "/api/record/1/", None, 401), ("GET", "/nowhere", None, 404),
        ("GET", ROOT, None, 200),
    ):  # fmt: skip
        answer, content = get(line, path, method, body)
        assert (method, answer.status) == (method, status)
        assert answer.getheader("Connection") is None
        assert method != "HEAD" or content == b""
        assert line.sock is first


def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(line):
    answer, _ = get(line, "/api/data/", "POST", b"GET /api/ HTTP/1.1\r\n\r\n" * 50)
    assert answer.status == 401
    answer, content = get(line)
    assert answer.status == 200
    assert len(json.loads(content)) == 80


def test_a_body_in_chunks_is_read_to_its_end(line):
    answer, _ = get(line, "/api/data/", "POST", iter([b"one", b"two"]))
    assert answer.status == 401
    assert get(line)[0].status == 200


def test_who_asks_to_close_is_told_so(line):
    answer, _ = get(line, Connection="close")
    assert answer.getheader("Connection") == "close"
    assert line.sock is None


def test_an_old_client_gets_a_whole_body_and_a_closed_connection(small):
    """HTTP/1.0 knows no chunks."""
    server = small(chunked=True)
    place = (urlsplit(server.base_url).hostname, urlsplit(server.base_url).port)
    with socket.create_connection(place, timeout=10) as raw:
        raw.sendall(b"GET /api/ HTTP/1.0\r\n\r\n")
        text = b""
        while part := raw.recv(65536):
            text += part
    head, _, body = text.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert len(json.loads(body)) == 80


def test_requests_sent_ahead_are_answered_in_their_order(server):
    place = (urlsplit(server.base_url).hostname, urlsplit(server.base_url).port)
    with socket.create_connection(place, timeout=10) as raw:
        raw.sendall(
            b"GET /nowhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
            b"GET /api/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        text = b""
        while part := raw.recv(65536):
            text += part
    assert [bit[:3] for bit in text.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200"]


def test_a_connection_that_a_fault_closed_is_not_used_again(server, line):
    line.connect()
    server.faults.add(ServerFault(kind="drop"))
    with pytest.raises(http.client.RemoteDisconnected):
        get(line)
    assert get(line)[0].status == 200  # on a connection of its own


@pytest.mark.parametrize("port", ["taken", 99_999, -1])
def test_a_port_that_cannot_be_had_is_an_error_that_names_it(server, port):
    wanted = urlsplit(server.base_url).port if port == "taken" else port
    with (
        pytest.raises(ConfigurationError, match=f"port {wanted} .* 0 for any free one"),
        serve(recordings=(), port=wanted),
    ):
        pass


def test_open_connections_end_with_the_server():
    before = threading.active_count()
    with serve(recordings=()) as server:
        line = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
        assert get(line)[0].status == 200
        assert threading.active_count() > before
        assert line.sock is not None
        held = line.sock
    assert threading.active_count() == before
    assert held.recv(1) == b""
    line.close()


def test_a_failure_of_the_application_closes_the_connection_alone(capsys):
    """Nothing of the service raises there; what would, must not stop the others."""

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/bad":
            raise ValueError("broken")
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    listener = Listener(app, 0, None)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    line = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)
    with pytest.raises(http.client.RemoteDisconnected):
        get(line, "/bad")
    assert get(line, "/good")[1] == b"ok"
    line.close()
    listener.shutdown()
    thread.join()
    listener.hang_up()
    assert "broken" in capsys.readouterr().err
