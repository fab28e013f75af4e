"""The front doors for the service: whom they ask as, and what they leave behind."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading

import pytest

import hexoframe
from hexoframe import service
from hexoframe.api.auth.schemes import Bearer
from hexoframe.client import Client
from hexoframe.errors import (
    AuthenticationError,
    CacheError,
    ConfigurationError,
    NotFoundError,
    UnreachableError,
)
from hexoframe.simulator.shirt import Shirt

pytestmark = [
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
    pytest.mark.usefixtures("own_config"),
]
SHIRT = Shirt(seed=5, duration_s=30, record_id=41, activity="sleep")
SOME = ["heart_rate", "rr_interval"]


@pytest.fixture(scope="module")
def running(serving):
    with serving(SHIRT) as server:
        yield server


@pytest.fixture
def server(running, cleared, unpaced):
    yield cleared(unpaced(running))
    service.logout(running.base_url)


@pytest.fixture
def known(server, monkeypatch):
    """The server, and an environment that says who asks it."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


class Answers:
    """Answers to questions at a terminal, and what was asked."""

    def __init__(self, *answers):
        self.left = list(answers)
        self.asked = []

    def __call__(self, question, hide):
        self.asked.append((question, hide))
        return self.left.pop(0)


DOORS = ["list_records", "record_info", "load_record", "load_channel", "load_range",
         "estimate"]  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_each_door_is_the_method_of_the_client_without_the_client(name):
    door = getattr(hexoframe, name)
    method = getattr(Client, name)
    _, *parameters = inspect.signature(method).parameters.values()
    assert list(inspect.signature(door).parameters.values()) == parameters
    assert door.__doc__ == method.__doc__
    assert door.__name__ == name
    assert door.__module__ == "hexoframe.service"


def test_the_doors_ask_as_the_environment_says(known):
    assert hexoframe.list_records()["id"].tolist() == [41]
    with pytest.raises(ConfigurationError, match="offline is not a filter"):
        hexoframe.list_records(offline=True)
    assert hexoframe.record_info(41)["id"] == 41
    record = hexoframe.load_record(41, channels=SOME)
    assert list(record) == SOME
    assert hexoframe.load_channel(41, "heart_rate").equals(record.heart_rate)
    assert hexoframe.estimate(41, channels=SOME).requests == 1
    number = int(known.world.ranges.popitem()[0])
    # As many values as seconds, though the last one is stamped at the end.
    assert len(hexoframe.load_range(number, channels=SOME)["heart_rate"]) == 30
    assert {entry.user for entry in known.log} == {known.username}


def test_nobody_is_asked_where_nobody_is_known(server, monkeypatch):
    monkeypatch.setenv("HEXOFRAME_BASE_URL", server.base_url)
    for call in (hexoframe.list_records, lambda: hexoframe.load_record(41)):
        with pytest.raises(AuthenticationError, match=r"hexoframe\.login"):
            call()
    assert server.log == []


def test_offline_nobody_need_be_known(known, monkeypatch):
    record = hexoframe.load_record(41, channels=SOME)
    for name in ("USERNAME", "PASSWORD", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"HEXOFRAME_{name}")
    known.clear_log()
    kept = hexoframe.load_record(41, channels=SOME, offline=True)
    assert kept.heart_rate.equals(record.heart_rate)
    assert hexoframe.load_channel(41, 19, offline=True).equals(record.heart_rate)
    with pytest.raises(CacheError, match="offline"):
        hexoframe.load_record(42, offline=True)
    assert known.log == []


@pytest.mark.usefixtures("known")
def test_without_a_network_it_is_said_that_the_cache_has_the_record(monkeypatch):
    hexoframe.load_record(41, channels=SOME)

    def unreachable(*_, **__):
        raise UnreachableError("no way")

    monkeypatch.setattr("hexoframe.client.fetch_record", unreachable)
    with pytest.raises(UnreachableError) as caught:
        hexoframe.load_record(41, channels=SOME)
    assert "offline=True" in caught.value.__notes__[0]
    with pytest.raises(UnreachableError) as caught:
        hexoframe.load_record(42)
    assert not hasattr(caught.value, "__notes__")


def test_login_asks_tests_and_is_used_from_then_on(server):
    answers = Answers(server.username, server.password)
    client = hexoframe.login(server.base_url, ask=answers)
    assert [hide for _, hide in answers.asked] == [False, True]
    assert all(server.base_url in text or server.username in text
               for text, _ in answers.asked)  # fmt: skip
    assert len(server.log) == 1, "it is tested once"
    assert client.account()["email"] == server.username
    assert hexoframe.load_record(41, channels=SOME).id == 41
    assert server.password not in repr(client)
    hexoframe.logout(server.base_url)
    with pytest.raises(AuthenticationError):
        hexoframe.connect(server.base_url)


def test_a_login_that_fails_leaves_things_as_they_were(server):
    hexoframe.login(server.base_url, ask=Answers(server.username, server.password))
    with pytest.raises(AuthenticationError, match="does not know this user"):
        hexoframe.login(server.base_url, ask=Answers(server.username, "wrong"))
    assert hexoframe.record_info(41)["id"] == 41
    with pytest.raises(AuthenticationError, match="nothing was typed"):
        hexoframe.login(server.base_url, ask=Answers("", ""))


def test_without_a_terminal_a_login_says_what_to_set(server, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(AuthenticationError, match="HEXOFRAME_PASSWORD"):
        hexoframe.login(server.base_url)


def test_a_password_is_not_kept(server, own_config):
    with pytest.raises(ConfigurationError, match="password never is"):
        hexoframe.login(
            server.base_url,
            keep_token=True,
            ask=Answers(server.username, server.password),
        )
    assert not own_config.exists()


def test_a_token_is_kept_also_where_an_api_key_is_known(server, own_config):
    known = server.credentials[server.username]
    hexoframe.login(
        server.base_url,
        keep_token=True,
        username=server.username,
        password=server.password,
        api_key=server.api_key,
        api_secret=server.api_secret,
        client_id=known.client_id,
        client_secret=known.client_secret,
    )
    assert (own_config / "tokens.json").exists()


def test_a_kept_token_serves_other_processes_until_it_is_forgotten(
    server, own_config, monkeypatch
):
    oauth = server.credentials[server.username]
    hexoframe.login(
        server.base_url,
        keep_token=True,
        ask=Answers(server.username, server.password),
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
    )
    kept = (own_config / "tokens.json").read_text()
    assert server.password not in kept
    # What this process knows is forgotten; the token lies where others find it.
    service._LOGIN.use(None)
    code = "import hexoframe; print(hexoframe.record_info(41)['id'])"
    monkeypatch.setenv("HEXOFRAME_BASE_URL", server.base_url)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout == "41\n", done.stderr
    with hexoframe.connect() as client:
        assert isinstance(client.session.auth, Bearer)
    assert hexoframe.logout(server.base_url) is True
    assert hexoframe.logout(server.base_url) is False
    with pytest.raises(AuthenticationError):
        hexoframe.list_records()
    assert oauth.client_secret not in (own_config / "tokens.json").read_text()


def test_doors_close_the_connections_that_they_opened(known, monkeypatch):
    closed = []
    monkeypatch.setattr(Client, "close", lambda client: closed.append(client))  # noqa: PLW0108  # bound
    hexoframe.record_info(41)
    with pytest.raises(NotFoundError):
        hexoframe.record_info(1)
    assert len(closed) == 2
    assert known.log


def test_the_connection_of_a_login_stays_open(server, monkeypatch):
    hexoframe.login(server.base_url, ask=Answers(server.username, server.password))
    closed = []
    with monkeypatch.context() as patch:
        patch.setattr(Client, "close", lambda client: closed.append(client))  # noqa: PLW0108  # bound
        hexoframe.record_info(41)
    assert closed == []


@pytest.mark.usefixtures("known")
def test_threads_may_use_the_doors_side_by_side():
    records = []
    threads = [
        threading.Thread(
            target=lambda: records.append(hexoframe.load_record(41, channels=SOME))
        )
        for _ in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [record.id for record in records] == [41] * 3


def test_importing_the_front_door_opens_no_connection_and_no_folder(tmp_path):
    code = "import sys, hexoframe; print({'requests', 'pandas'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path)},
    )
    assert done.stdout == "set()\n"
    assert not list(tmp_path.iterdir())
