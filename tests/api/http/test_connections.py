"""Connections: the head of an answer must arrive in time."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import requests

from hexoframe.api.http.connections import HEAD_TIMEOUTS, open_session

SILENCE_S = 0.1
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: " + b"y" * 600 + b"\r\n\r\n"


@pytest.fixture
def answering():
    """Start a server that sends pieces with pauses; returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(pieces, pause_s):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
            except OSError:
                return  # the other side has hung up

    def begin(pieces, pause_s):
        threading.Thread(target=serve, args=(pieces, pause_s), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    listener.close()


def test_a_head_that_drips_ends_as_a_silence_does(answering):
    drops = [HEAD[at : at + 1] for at in range(len(HEAD))]
    url = answering(drops, SILENCE_S / 10)
    begun = time.monotonic()
    with open_session() as session, pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=SILENCE_S)
    taken = time.monotonic() - begun
    assert HEAD_TIMEOUTS * SILENCE_S <= taken < 600 * SILENCE_S / 10


def test_a_body_may_take_longer_than_a_head(answering):
    url = answering([HEAD, b"o", b"k", b""], 0.8 * SILENCE_S)
    with open_session() as session:
        answer = session.get(url, timeout=SILENCE_S, stream=True)
        time.sleep(HEAD_TIMEOUTS * SILENCE_S)
        assert answer.content == b"ok"
