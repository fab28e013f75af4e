"""A simulated service for the tests, and a bare HTTP client to ask it."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from hexoframe.simulator.server import Switches, serve
from hexoframe.simulator.shirt import Shirt

if TYPE_CHECKING:
    from hexoframe.simulator.server.running import Server

pytest.importorskip("flask", reason="the simulated service needs Flask")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def objects(self) -> list[dict[str, Any]]:
        return self.json()["objects"]


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def exchange(
    server: Server,
    path: str,
    *,
    user: str | None = None,
    method: str = "GET",
    body: object = None,
    **headers: str,
) -> Reply:
    """Ask with bare sockets; `user` is a user name, "" sends no Authorization."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    if user != "" and "Authorization" not in told:
        card = server.credentials[user or server.username]
        told["Authorization"] = basic(card.username, card.password)
    content = None
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
    line = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=20)
    try:
        line.request(method, path, content, told)
        answer = line.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        line.close()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Reply]:
    return exchange


@pytest.fixture(scope="session")
def default_server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture
def server(default_server: Server) -> Iterator[Server]:
    """The default world; journal and faults are empty before and after."""
    default_server.clear_log()
    default_server.faults.clear()
    yield default_server
    default_server.faults.clear()


SHORT = Shirt(seed=7, duration_s=420, record_id=41, activity="mixed", presses=(5,))


@pytest.fixture
def short() -> Shirt:
    """The settings of the only record of `small`: 7 minutes."""
    return SHORT


@pytest.fixture
def small() -> Iterator[Callable[..., Server]]:
    """A maker of servers with one short record under given switches."""
    opened = []

    def make(*recordings: Any, **switches: Any) -> Server:
        context = serve(
            recordings=recordings or (SHORT,), switches=Switches(**switches)
        )
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)
