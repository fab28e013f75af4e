"""What every test stands on: a sealed world, and the ways to real and sample files."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

REAL_DATA = "HEXOFRAME_REAL_DATA"
SAMPLES = Path(__file__).parents[1] / "data" / "samples"

# How long a machine takes says nothing about the code, so neither a deadline nor slow
# data makes a test fail. Where CI is set, every run draws the same examples.
settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", settings.get_profile("local"), derandomize=True, database=None
)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def _check_host(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return
    try:
        if ipaddress.ip_address(name.partition("%")[0]).is_loopback:
            return
    except ValueError:
        pass  # a name, and not that of this machine
    # No ordinary exception: code that copes with a dead network cannot take it for one.
    pytest.fail(f"the test asked for the host {name!r}; only loopback is open to tests")


def _only_to_loopback(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of sockets whose last argument is the address."""

    def guarded(sock: socket.socket, *args: Any) -> Any:
        if sock.family in {socket.AF_INET, socket.AF_INET6}:
            _check_host(args[-1][0])
        return method(sock, *args)

    return guarded


@pytest.fixture(autouse=True)
def sealed_world(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Give each test a cache of its own, no credentials, no network but loopback.

    A test marked `live` keeps the credentials and the network.
    """
    cache = tmp_path_factory.mktemp("cache")
    if request.node.get_closest_marker("live") is None:
        for name in list(os.environ):
            if name.startswith("HEXOFRAME_") and name != REAL_DATA:
                monkeypatch.delenv(name)
        for name in ("connect", "connect_ex", "sendto"):
            method = getattr(socket.socket, name)
            monkeypatch.setattr(socket.socket, name, _only_to_loopback(method))
        look_up = socket.getaddrinfo

        def look_up_loopback(
            host: str | bytes | None, *args: Any, **kwargs: Any
        ) -> Any:
            _check_host(host)
            return look_up(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", look_up_loopback)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(cache))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real recordings, which the project itself does not hold."""
    named = os.environ.get(REAL_DATA)
    if not named:
        pytest.skip(f"{REAL_DATA} is unset: it names the folder of real recordings")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"{REAL_DATA} names {named!r}, which is no folder")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of sample records, which the synthetic shirt made."""
    if not SAMPLES.is_dir():
        pytest.fail(f"the checkout lacks {SAMPLES}")
    return SAMPLES
