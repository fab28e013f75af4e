"""A simulated service, and transports to it that wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from hexoframe.api.auth.schemes import Bearer, Credential
from hexoframe.api.auth.tokens import Grant, Secret
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.session import RetryPolicy, Transport
from hexoframe.simulator.server import Switches, serve
from hexoframe.simulator.shirt import Shirt

if TYPE_CHECKING:
    from pathlib import Path

    from hexoframe.simulator.server.running import Server

pytest.importorskip("flask", reason="the simulated service needs Flask")

SHORT = Shirt(seed=7, duration_s=420, record_id=41, activity="mixed", presses=(5,))


@pytest.fixture(autouse=True)
def no_secrets_of_others(own_config: Path) -> Path:
    """Neither the user's config folder nor the user's keyring."""
    return own_config


@pytest.fixture(scope="session")
def default_server() -> Iterator[Server]:
    with serve(switches=Switches(unsigned_basic=False)) as running:
        yield running


@pytest.fixture
def server(default_server: Server) -> Iterator[Server]:
    """The default world; signatures are wanted; journal and faults are empty."""
    default_server.clear_log()
    default_server.faults.clear()
    yield default_server
    default_server.faults.clear()


@pytest.fixture
def small() -> Iterator[Callable[..., Server]]:
    """A maker of servers with one short record, 41, under given switches."""
    opened = []

    def make(**more: Any) -> Server:
        known = {"recordings", "clock"}
        given = {name: more.pop(name) for name in known & more.keys()}
        context = serve(
            recordings=given.pop("recordings", [SHORT]),
            switches=Switches(**more),
            **given,
        )
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)


def bearer(server: Server, **more: Any) -> Bearer:
    card = server.credentials[server.username]
    grant = Grant(
        client_id=card.client_id,
        client_secret=Secret(card.client_secret),
        username=card.username,
        password=Secret(card.password),
    )
    return Bearer(server.base_url, more.pop("token", None), grant=grant, **more)


@pytest.fixture
def credentials(
    signed: Callable[..., Credential],
) -> dict[str, Callable[..., Credential]]:
    return {"signed": signed, "bearer": bearer}


@pytest.fixture
def connect(
    waits: list[float], signed: Callable[..., Credential]
) -> Iterator[Callable[..., Transport]]:
    """A maker of transports without limit and without waits."""
    opened: list[Transport] = []

    def make(server: Server, auth: Credential | None = None, **more: Any) -> Transport:
        policy = more.pop("policy", {})
        made = Transport(
            server.base_url,
            auth or signed(server),
            limiter=more.pop("limiter", None) or Limiter("test", spacing_s=0),
            retries=RetryPolicy(sleep=waits.append, **policy),
            **more,
        )
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.close()
