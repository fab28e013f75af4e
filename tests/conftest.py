"""What every test stands on: a sealed world, and the ways to real and sample files."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hexoframe.api.auth.schemes import Bearer, Credential, Token
    from hexoframe.api.http.session import ServiceSession
    from hexoframe.client import Client
    from hexoframe.simulator.server import LoggedRequest
    from hexoframe.simulator.server.running import Server
    from hexoframe.simulator.shirt import Recording, Shirt

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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: tests of the pace and of terminals wait a lot."""
    return 2 * (os.cpu_count() or 1)


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
    """Give each test a cache and a pace of its own, no credentials, only loopback.

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
    # Never the pace of the real user, nor one pace for all workers.
    monkeypatch.setenv(
        "HEXOFRAME_STATE_DIR", str(cache.with_name(f"{cache.name}-pace"))
    )


@pytest.fixture(autouse=True)
def fresh_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warn in each test as in a new process: no scale was warned of before."""
    from hexoframe.recording import scales

    monkeypatch.setattr(scales, "_warned", set())


@pytest.fixture
def own_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A config folder of the test's own, and no keyring."""
    monkeypatch.setenv("HEXOFRAME_CONFIG_DIR", str(tmp_path / "config"))
    keyring = pytest.importorskip("keyring")
    from keyring.backends.null import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield tmp_path / "config"
    keyring.set_keyring(before)


# -- the simulated service and its clients ---------------------------------------------


@functools.cache
def _worn(shirt: Shirt) -> Recording:
    from hexoframe.simulator.shirt import wear

    return wear(shirt)


@pytest.fixture(scope="session")
def worn() -> Callable[[Shirt], Recording]:
    """What a shirt records, worn once however many servers show it."""
    return _worn


@contextlib.contextmanager
def _serving(*shirts: Shirt, **more: Any) -> Iterator[Server]:
    pytest.importorskip("flask", reason="the simulated service needs Flask")
    from hexoframe.simulator.server import Switches, serve

    known = {name: more.pop(name) for name in ("exports", "clock") if name in more}
    recordings = [_worn(shirt) for shirt in shirts]
    with serve(recordings=recordings, switches=Switches(**more), **known) as server:
        yield server


@pytest.fixture(scope="session")
def serving() -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """A context manager with a server of some shirts, under given switches."""
    return _serving


@pytest.fixture
def small() -> Iterator[Callable[..., Server]]:
    """A maker of servers with one short record, 41, under given switches."""
    from hexoframe.simulator.shirt import Shirt

    shirt = Shirt(seed=7, duration_s=420, record_id=41, activity="mixed", presses=(5,))
    with contextlib.ExitStack() as running:
        yield lambda **more: running.enter_context(_serving(shirt, **more))


@pytest.fixture
def cleared() -> Iterator[Callable[[Server], Server]]:
    """Empties the journal and the faults of a server, and its faults after the test."""
    with contextlib.ExitStack() as after:

        def clear(server: Server) -> Server:
            server.clear_log()
            server.faults.clear()
            after.callback(server.faults.clear)
            return server

        yield clear


@pytest.fixture
def unpaced() -> Callable[[Server], Server]:
    """Lifts the rate limit of the clients that the code under test makes itself."""
    from hexoframe.api.http.limiter import limiter_for

    def lift(server: Server) -> Server:
        limiter_for(server.base_url).spacing_s = 0
        return server

    return lift


@pytest.fixture
def waits() -> list[float]:
    """The waits before repetitions, none of which took place."""
    return []


def _signed(server: Server, **other: str) -> Credential:
    from hexoframe.api.auth.schemes import SignedBasic

    given = {
        "username": server.username,
        "password": server.password,
        "api_key": server.api_key,
        "api_secret": server.api_secret,
        **other,
    }
    return SignedBasic(server.base_url, **given)


def _bearer(server: Server, token: Token | None = None, **more: Any) -> Bearer:
    from hexoframe.api.auth.schemes import Bearer, Grant, Secret

    card = server.credentials[server.username]
    grant = Grant(
        client_id=card.client_id,
        client_secret=Secret(card.client_secret),
        username=card.username,
        password=Secret(card.password),
    )
    return Bearer(server.base_url, token, grant=grant, **more)


@pytest.fixture(scope="session")
def signed() -> Callable[..., Credential]:
    """The signed credentials of the main user of a server, some of them changed."""
    return _signed


@pytest.fixture(scope="session")
def credentials() -> dict[str, Callable[..., Credential]]:
    """The credentials of the main user of a server: signed, and OAuth2."""
    return {"signed": _signed, "bearer": _bearer}


def _new_session(
    server: Server, auth: Credential | None = None, **more: Any
) -> ServiceSession:
    from hexoframe.api.http.failures import RetryPolicy
    from hexoframe.api.http.limiter import Limiter
    from hexoframe.api.http.session import ServiceSession

    policy = {"sleep": lambda _: None, **more.pop("policy", {})}
    return ServiceSession(
        server.base_url,
        auth or _signed(server),
        limiter=more.pop("limiter", None) or Limiter("test", spacing_s=0),
        retries=RetryPolicy(**policy),
        **more,
    )


def _new_client(
    server: Server,
    cache: Path | None = None,
    auth: Credential | None = None,
    **more: Any,
) -> Client:
    from hexoframe.cache import Cache
    from hexoframe.client import Client

    session = _new_session(server, auth, **more)
    return Client(session, None if cache is None else Cache(cache))


@pytest.fixture(scope="session")
def new_client() -> Callable[..., Client]:
    """A maker of clients without limit and without waits, to be closed."""
    return _new_client


def _told(waits: list[float], make: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Yield a maker whose products tell their waits, and are closed in the end."""
    with contextlib.ExitStack() as opened:

        def made(server: Server, *args: Any, **more: Any) -> Any:
            policy = {"sleep": waits.append, **more.pop("policy", {})}
            return opened.enter_context(make(server, *args, policy=policy, **more))

        yield made


@pytest.fixture
def session_of(waits: list[float]) -> Iterator[Callable[..., ServiceSession]]:
    """A maker of sessions without limit, whose waits are told and do not take place."""
    yield from _told(waits, _new_session)


@pytest.fixture
def client_of(waits: list[float]) -> Iterator[Callable[..., Client]]:
    """A maker of clients without limit, whose waits are told and do not take place."""
    yield from _told(waits, _new_client)


def _for_data(server: Server) -> list[LoggedRequest]:
    return [entry for entry in server.log if entry.path.startswith("/api/data/")]


@pytest.fixture(scope="session")
def for_data() -> Callable[[Server], list[LoggedRequest]]:
    """The requests for samples in the log of a server."""
    return _for_data


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in a JSON document, that of the whole first."""
    yield path
    keys: Any = value if isinstance(value, dict) else ()
    for key in range(len(value)) if isinstance(value, list) else keys:
        yield from _places(value[key], (*path, key))


def _changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = _changed(value[path[0]], path[1:], other)
    return copy


def _variants(document: Any, values: Sequence[Any]) -> list[Callable[[], Any]]:
    """Return what makes a document with one of its values replaced, for each pair."""
    return [
        functools.partial(_changed, document, path, value)
        for path in _places(document)
        for value in values
    ]


@pytest.fixture(scope="session")
def variants() -> Callable[..., list[Callable[[], Any]]]:
    """Return a function that damages a JSON document in every place."""
    return _variants


@pytest.fixture(scope="session")
def differences() -> Callable[..., list[str]]:
    """In what two records differ, down to the last bit; [] for nothing.

    Channels and tables that are named in `but=` are not compared; with `only=` nothing
    but the frames of these channels is, be they there or not.
    """
    from tests.differences import differences

    return differences


# -- files -----------------------------------------------------------------------------


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
