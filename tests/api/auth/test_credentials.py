"""Where credentials come from, in which order, and what is kept."""

# ruff: noqa: S106  # the secrets here open nothing

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hexoframe.api.auth.credentials import (
    Given,
    ask_at_terminal,
    base_url_of,
    find_credential,
    keep,
)
from hexoframe.api.auth.schemes import (
    Bearer,
    Grant,
    Secret,
    SignedBasic,
    Token,
    UnsignedBasic,
)
from hexoframe.api.auth.tokenstore import KeyringStore, TokenFile, config_folder
from hexoframe.api.links import ASTROSKIN, HEXOSKIN
from hexoframe.errors import AuthenticationError, ConfigurationError, HexoframeWarning


class FakeKeyring:
    """What the package `keyring` offers, in memory."""

    priority = 1

    def __init__(self):
        self.kept = {}

    def get_password(self, service, user):
        return self.kept.get((service, user))

    def set_password(self, service, user, text):
        self.kept[service, user] = text

    def delete_password(self, service, user):
        del self.kept[service, user]


@pytest.fixture
def keyring(monkeypatch):
    import keyring as package

    fake = FakeKeyring()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(package, name, getattr(fake, name))
    return fake


def environment(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(f"HEXOFRAME_{name}", value)


def kept_token(**more):
    return {"token": "kept", "refresh_token": "next", **more}


# --- the order ----------------------------------------------------------------------


def test_arguments_come_before_the_environment(monkeypatch):
    environment(monkeypatch, USERNAME="env", PASSWORD="env-pw", TOKEN="env-token")
    found = find_credential(given={"username": "arg", "password": "arg-pw"})
    assert type(found) is UnsignedBasic
    assert found.username == "arg"
    assert found._password == Secret("arg-pw")


def test_the_environment_comes_before_keyring_and_file(monkeypatch, keyring):
    keyring.kept["hexoframe", HEXOSKIN] = json.dumps(kept_token())
    environment(monkeypatch, USERNAME="env", PASSWORD="env-pw")
    assert find_credential().username == "env"


def test_the_keyring_comes_before_the_file(keyring):
    keyring.kept["hexoframe", HEXOSKIN] = json.dumps(kept_token(token="ring"))
    TokenFile().write(_origin(HEXOSKIN), kept_token(token="file"))
    assert find_credential().token.access == Secret("ring")
    keyring.kept.clear()
    assert find_credential().token.access == Secret("file")


def test_a_prompt_comes_last():
    asked = []

    def prompt(question, hide):
        asked.append((question, hide))
        return "typed-pw" if hide else "typed@example.org"

    found = find_credential(ask=prompt)
    assert (found.username, found._password) == (
        "typed@example.org",
        Secret("typed-pw"),
    )
    assert [hide for _, hide in asked] == [False, True]
    asked.clear()
    find_credential(given={"username": "known@example.org"}, ask=prompt)
    assert [hide for _, hide in asked] == [True]
    find_credential(given={"token": "t"}, ask=pytest.fail)


def test_without_any_source_the_error_names_the_ways():
    with pytest.raises(AuthenticationError, match=r"hexoframe\.login.*HEXOFRAME_TOKEN"):
        find_credential()


def test_an_empty_answer_is_no_credential():
    with pytest.raises(AuthenticationError, match="nothing was typed"):
        find_credential(ask=lambda *_: "")


def test_without_a_terminal_nobody_is_asked(monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    with pytest.raises(AuthenticationError, match="no terminal"):
        ask_at_terminal("?", True)


# --- what goes together -------------------------------------------------------------

KEYS = {"api_key": "k", "api_secret": "s"}
CLIENT = {"client_id": "c", "client_secret": "x"}
USER = {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (USER, UnsignedBasic),
        (USER | KEYS, SignedBasic),
        (USER | CLIENT, Bearer),
        (USER | CLIENT | KEYS, SignedBasic),
        ({"token": "t"}, Bearer),
        (USER | {"token": "t"}, Bearer),
        (USER | {"token": "", "api_key": None}, UnsignedBasic),
    ],
)
def test_what_is_given_decides_how_requests_are_signed(given, kind):
    assert type(find_credential(given=given)) is kind


def test_keys_of_the_environment_serve_the_user_of_the_arguments(monkeypatch):
    environment(monkeypatch, API_KEY="k", API_SECRET="s", USERNAME="env", PASSWORD="x")
    found = find_credential(given=USER)
    assert type(found) is SignedBasic
    assert found.username == "u"


def test_the_password_of_one_user_is_not_sent_for_another(monkeypatch):
    environment(monkeypatch, USERNAME="env", PASSWORD="env-pw")
    with pytest.raises(AuthenticationError, match="no password"):
        find_credential(given={"username": "another"})
    assert find_credential(given={"username": "env"})._password == Secret("env-pw")


def test_a_token_that_names_no_user_is_not_taken_for_a_named_one(monkeypatch):
    environment(monkeypatch, TOKEN="anybodys")
    with pytest.raises(AuthenticationError, match="no password"):
        find_credential(given={"username": "another"})
    assert find_credential().token.access == Secret("anybodys")


def test_an_environment_for_one_host_is_not_used_for_another(monkeypatch):
    environment(monkeypatch, BASE_URL=HEXOSKIN, USERNAME="env", PASSWORD="env-pw")
    assert find_credential(HEXOSKIN).username == "env"
    with pytest.raises(AuthenticationError, match=r"are for https://api\.hexoskin"):
        find_credential(ASTROSKIN)


@pytest.mark.parametrize(
    ("given", "lacks"),
    [(USER | {"api_key": "k"}, "api_secret"), (USER | {"api_secret": "k"}, "api_key"),
     (USER | {"client_id": "k"}, "client_secret")],
)  # fmt: skip
def test_half_of_a_pair_is_told(given, lacks):
    with pytest.raises(ConfigurationError, match=f"without {lacks}"):
        find_credential(given=given)


def test_a_secret_of_a_wrong_type_is_not_shown():
    with pytest.raises(ConfigurationError) as caught:
        find_credential(given={"username": "u", "password": 123456789})
    assert "123456789" not in str(caught.value)


def test_the_base_url_is_argument_environment_or_production(monkeypatch):
    assert base_url_of() == HEXOSKIN
    environment(monkeypatch, BASE_URL="http://127.0.0.1:8000/")
    assert base_url_of() == "http://127.0.0.1:8000"
    assert base_url_of(ASTROSKIN) == ASTROSKIN


def test_what_is_given_is_not_shown():
    given = Given.of({**USER, "token": "hush", "expires": 5})
    assert "hush" not in repr(given)
    assert "'p'" not in repr(given)


# --- stores -------------------------------------------------------------------------


def _origin(url):
    from hexoframe.api.links import Origin

    return Origin.of(url)


@pytest.mark.skipif(os.name != "posix", reason="rights are bits on POSIX alone")
def test_the_file_is_the_users_own(own_config):
    auth = Bearer(HEXOSKIN, Token(access=Secret("tok")))
    assert keep(auth, [TokenFile()]) == str(own_config / "tokens.json")
    file = own_config / "tokens.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert own_config.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in own_config.iterdir()] == ["tokens.json"]


@pytest.mark.skipif(os.name != "posix", reason="rights are bits on POSIX alone")
def test_a_file_that_others_can_read_is_closed_to_them(own_config):
    TokenFile().write(_origin(HEXOSKIN), kept_token())
    (own_config / "tokens.json").chmod(0o644)
    with pytest.warns(HexoframeWarning, match="could be read by others"):
        find_credential()
    assert (own_config / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_told_and_passed_by(own_config):
    own_config.mkdir()
    (own_config / "tokens.json").write_text("{")
    (own_config / "tokens.json").chmod(0o600)
    with (
        pytest.warns(HexoframeWarning, match="damaged"),
        pytest.raises(AuthenticationError),
    ):
        find_credential()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"%s": {"token": "\\ud800"}}',
        '{"%s": {"token": 5}}',
        '{"%s": {"token": ["hush"]}}',
        '{"%s": {"token": "hush", "expires": "soon"}}',
        '{"%s": {"token": "hush", "expires": 1e999}}',
        '{"%s": "hush"}',
        '"hush"',
    ],
)
def test_kept_values_of_other_types_are_ignored_and_not_shown(
    own_config, keyring, caplog, text
):
    text = text.replace("%s", HEXOSKIN)
    own_config.mkdir(exist_ok=True)
    path = own_config / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    keyring.kept["hexoframe", HEXOSKIN] = text
    with (
        pytest.warns(HexoframeWarning, match="damaged") as caught,
        pytest.raises(AuthenticationError),
    ):
        find_credential()
    assert "hush" not in caplog.text + "".join(str(one.message) for one in caught)


@pytest.mark.skipif(os.name == "nt", reason="no pipes there")
def test_a_token_file_that_is_a_pipe_is_not_waited_for(own_config):
    own_config.mkdir(exist_ok=True)
    os.mkfifo(own_config / "tokens.json")
    with pytest.warns(HexoframeWarning, match="cannot be read"):
        assert TokenFile().read(_origin(HEXOSKIN)) == {}


def test_each_host_has_its_own_token():
    store = TokenFile()
    store.write(_origin(HEXOSKIN), kept_token(token="one"))
    store.write(_origin(ASTROSKIN), kept_token(token="two"))
    assert find_credential(HEXOSKIN).token.access == Secret("one")
    assert find_credential(ASTROSKIN).token.access == Secret("two")
    store.write(_origin(HEXOSKIN), {})
    assert find_credential(ASTROSKIN).token.access == Secret("two")
    with pytest.raises(AuthenticationError):
        find_credential(HEXOSKIN)


def test_a_password_is_never_kept(own_config, keyring):
    with pytest.raises(ConfigurationError, match="never is"):
        keep(UnsignedBasic(HEXOSKIN, "me", "pw"))
    grant = Grant(client_id="c", client_secret=Secret("x"), username="u",
                  password=Secret("the-password"))  # fmt: skip
    auth = Bearer(HEXOSKIN, Token(access=Secret("tok")), grant=grant)
    for store in (KeyringStore(), TokenFile()):
        assert keep(auth, [store])
    assert "the-password" not in repr(keyring.kept)
    assert "the-password" not in (own_config / "tokens.json").read_text()


def test_a_keyring_that_keeps_nothing_leaves_the_token_to_the_file(own_config):
    auth = Bearer(HEXOSKIN, Token(access=Secret("tok")))
    assert keep(auth) == str(own_config / "tokens.json")


def test_a_keyring_is_taken_where_there_is_one(own_config, keyring):
    assert keyring.kept == {}
    assert keep(Bearer(HEXOSKIN, Token(access=Secret("tok")))) == "the system keyring"
    assert not (own_config / "tokens.json").exists()
    assert find_credential().token.access == Secret("tok")


def test_a_keyring_that_fails_is_an_empty_one(monkeypatch, caplog):
    import keyring as package

    def fail(*words):
        raise RuntimeError(f"dbus says no to {words}")

    for name in ("get_password", "set_password"):
        monkeypatch.setattr(package, name, fail)
    caplog.set_level("DEBUG")
    assert keep(Bearer(HEXOSKIN, Token(access=Secret("hush")))).endswith("tokens.json")
    assert "RuntimeError" in caplog.text
    assert "hush" not in caplog.text


def test_without_the_extra_there_is_no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert KeyringStore().read(_origin(HEXOSKIN)) == {}


def test_the_keyring_may_hold_what_the_user_put_there(keyring):
    keyring.kept["hexoframe", HEXOSKIN] = json.dumps(USER | KEYS)
    assert type(find_credential()) is SignedBasic
    keyring.kept["hexoframe", HEXOSKIN] = "no json"
    with pytest.raises(AuthenticationError):
        find_credential()


def test_no_store_is_written_by_a_search(own_config, keyring):
    find_credential(given=USER)
    assert keyring.kept == {}
    assert not own_config.exists()


def test_the_config_folder_is_the_users_unless_named(monkeypatch):
    import platformdirs

    monkeypatch.delenv("HEXOFRAME_CONFIG_DIR")
    assert config_folder() == platformdirs.user_config_path("hexoframe", False)


# --- over real sockets --------------------------------------------------------------


def test_a_login_is_kept_and_renewed_from_day_to_day(server, session_of, credentials):
    first = credentials["bearer"](server)
    session_of(server, first).get_json("/api/account/")
    assert keep(first)

    later = find_credential(server.base_url)
    assert later.token == first.token
    from hexoframe.simulator.server import ServerFault

    server.faults.add(ServerFault(kind="expired_token"))
    session_of(server, later).get_json("/api/account/")
    assert later.token != first.token
    assert find_credential(server.base_url).token == later.token


def test_a_token_that_another_process_renewed_is_found(server, session_of, credentials):
    first = credentials["bearer"](server)
    session_of(server, first).get_json("/api/account/")
    keep(first)
    one, two = (find_credential(server.base_url) for _ in range(2))
    from hexoframe.simulator.server import ServerFault

    server.faults.add(ServerFault(kind="expired_token"))
    session_of(server, one).get_json("/api/account/")
    server.clear_log()
    session_of(server, two).get_json("/api/account/")
    assert two.token == one.token
    assert [(e.method, e.status) for e in server.log] == [("GET", 401), ("GET", 200)]


def test_the_environment_of_the_simulator_is_enough(server, session_of, monkeypatch):
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    found = find_credential()
    assert type(found) is SignedBasic
    session_of(server, found).get_json("/api/account/")
    assert server.log[-1].user == server.username


@pytest.mark.usefixtures("own_config")
@pytest.mark.parametrize("named", [None, "https://astro.hexoskin.com"])
def test_the_environment_is_not_for_a_host_that_only_an_argument_names(
    monkeypatch, named
):
    environment(monkeypatch, USERNAME="env", PASSWORD="env-secret", TOKEN="env-token")
    if named:
        environment(monkeypatch, BASE_URL=named)
    usual = named or "https://api.hexoskin.com"
    assert find_credential(usual).origin.host in usual
    for url in ("https://evil.example.org", "https://sapi.hexoskin.com"):
        with pytest.raises(AuthenticationError) as caught:
            find_credential(url)
        assert f"those that are set are for {usual}" in str(caught.value)
        assert f"set HEXOFRAME_BASE_URL={url}" in str(caught.value)
        assert "env-" not in str(caught.value)
        given = {"username": "arg", "password": "arg-pw"}
        assert find_credential(url, given=given).origin.host in url


def test_importing_the_client_asks_for_no_keyring_and_no_folder():
    code = (
        "import sys, hexoframe.api.auth.credentials, hexoframe.api.http.session;"
        "assert not {'keyring', 'platformdirs', 'filelock'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the scope ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "wanted", "taken"),
    [
        (None, None, True),
        (None, "readonly", True),
        (None, "readwrite", False),
        ("readonly", "readwrite", False),
        ("readwrite", "readwrite", True),
        ("readwrite", None, True),
    ],
)
def test_a_kept_token_is_taken_if_it_has_the_scope(own_config, kept, wanted, taken):
    del own_config
    store = TokenFile()
    more = {} if kept is None else {"scope": kept}
    assert store.write(_origin(HEXOSKIN), kept_token(**more))
    given = {"client_id": "c", "client_secret": "s", "scope": wanted}
    if taken:
        found = find_credential(given=given, stores=[store])
        assert found.token.access == Secret("kept")
        assert found.reads_only == ((kept or wanted) == "readonly")
    else:
        with pytest.raises(AuthenticationError, match="no credentials"):
            find_credential(given=given, stores=[store])


def test_a_token_is_kept_with_its_scope(own_config):
    del own_config
    store = TokenFile()
    token = Token(access=Secret("a"), scope="readwrite")
    grant = Grant(client_id="c", client_secret=Secret("s"), username="u")
    keep(Bearer(HEXOSKIN, token, grant=grant), [store])
    found = find_credential(stores=[store])
    assert found.token.scope == "readwrite"
    assert not found.reads_only
