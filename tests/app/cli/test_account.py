"""Credentials: from the environment, a kept token, or a prompt at the terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import hexoframe

LOGIN = ("USERNAME", "PASSWORD", "API_KEY", "API_SECRET")
# A terminal of its own has no keyring, on whatever machine.
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


@pytest.fixture
def stranger(service, monkeypatch):
    """No user name and password in the environment; the API key is there."""
    for name in LOGIN[:2]:
        monkeypatch.delenv(f"HEXOFRAME_{name}")
    return service


@pytest.fixture
def owner(service, monkeypatch):
    """The user has an OAuth2 client, and no API key."""
    card = service.credentials[service.username]
    for name in LOGIN[2:]:
        monkeypatch.delenv(f"HEXOFRAME_{name}")
    monkeypatch.setenv("HEXOFRAME_CLIENT_ID", card.client_id)
    monkeypatch.setenv("HEXOFRAME_CLIENT_SECRET", card.client_secret)
    return service


def everything_below(folder):
    return b"".join(
        path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    )


def test_whoami_shows_the_user_whom_the_service_knows(give, service):
    told = give("whoami").stdout
    assert re.search(rf"^user +{service.username}$", told, re.MULTILINE)
    assert service.base_url in told


def test_without_a_terminal_the_message_says_what_to_set(give, stranger):
    result = give("whoami")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD" in line
    assert stranger.log == []


def test_at_a_terminal_a_command_asks_and_the_password_is_not_shown(
    terminal, stranger, tmp_path
):
    child = terminal("download", "41", "--no-waveforms", "--to", "out", **NO_KEYRING)
    child.expect("User .*: ")
    child.sendline(stranger.username)
    child.expect(r"Password of .* \(not shown\): ")
    child.sendline(stranger.password)
    told = child.read()
    child.close()
    assert child.exitstatus == 0
    assert stranger.password not in told
    assert stranger.password.encode() not in everything_below(tmp_path)
    hexoframe_made = tmp_path / "out" / stranger.username / "41"
    assert (hexoframe_made / "heartrate.txt").exists()


@pytest.mark.parametrize("ending", ["", None])
@pytest.mark.parametrize("point", ["User .*: ", r"Password of .* \(not shown\): "])
def test_an_empty_answer_is_an_error_in_a_line(terminal, stranger, ending, point):
    child = terminal("whoami", **NO_KEYRING)
    if point.startswith("Password"):
        child.expect("User .*: ")
        child.sendline(stranger.username)
    child.expect(point)
    if ending is None:
        child.sendeof()
    else:
        child.sendline(ending)
    told = child.read()
    child.close()
    assert child.exitstatus == 1
    said = "hexoframe: nothing was typed; user name and password are both needed"
    assert told.strip().splitlines() == [said]
    assert told.startswith("\r\n")
    assert stranger.log == []


def test_ctrl_c_at_a_question_is_told_in_a_line_of_its_own(terminal, stranger):
    for question in ("User .*: ", r"Password of .* \(not shown\): "):
        child = terminal("download", "41", **NO_KEYRING)
        if question.startswith("Password"):
            child.expect("User .*: ")
            child.sendline(stranger.username)
        child.expect(question)
        child.sendintr()
        *_, last = child.read().splitlines()
        child.close()
        assert child.exitstatus == 130
        assert last.startswith("hexoframe: interrupted: ")


def test_login_keeps_a_token_which_other_commands_use(
    give, owner, own_config, monkeypatch
):
    result = give("login")
    assert result.exit_code == 0, result.stderr
    assert owner.username in result.stdout
    for name in (*LOGIN, "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"HEXOFRAME_{name}", raising=False)
    assert owner.username in give("whoami").stdout
    kept = everything_below(own_config)
    assert owner.password.encode() not in kept
    assert give("logout").stdout == "The token was removed.\n"
    assert give("logout").stdout == "No token was kept.\n"
    assert give("whoami").exit_code == 1
    hexoframe.logout()


def test_login_at_a_terminal_asks_for_both_and_keeps_the_token(
    terminal, owner, own_config, monkeypatch
):
    for name in LOGIN[:2]:
        monkeypatch.delenv(f"HEXOFRAME_{name}")
    child = terminal("login", **NO_KEYRING)
    child.expect("User .*: ")
    child.sendline(owner.username)
    child.expect(r"\(not shown\): ")
    child.sendline(owner.password)
    told = child.read()
    child.close()
    assert child.exitstatus == 0, told
    assert owner.password not in told
    assert owner.password.encode() not in everything_below(own_config)
    assert "A token is kept" in told
    if sys.platform != "win32":
        assert (own_config / "tokens.json").stat().st_mode & 0o077 == 0


def test_login_asks_for_no_password_of_which_nothing_could_be_kept(terminal, stranger):
    child = terminal("login", **NO_KEYRING)
    told = " ".join(child.read().split())
    child.close()
    assert child.exitstatus == 1
    assert "Password" not in told
    assert "HEXOFRAME_CLIENT_ID" in told
    assert stranger.log == []


@pytest.mark.usefixtures("service")
def test_login_with_a_password_alone_keeps_nothing_and_says_what_to_do(
    give, own_config
):
    result = give("login")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "HEXOFRAME_CLIENT_ID" in result.stderr
    assert "client_id=" not in result.stderr
    assert everything_below(own_config) == b""


def test_a_wrong_password_is_told_in_a_line_and_not_repeated(
    give, service, monkeypatch
):
    monkeypatch.setenv("HEXOFRAME_PASSWORD", "wrong-and-secret")
    result = give("whoami")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "wrong-and-secret" not in line
    assert len(service.log) == 1
