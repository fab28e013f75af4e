"""What credentials attach, to whom, and what they show."""

# ruff: noqa: S106  # the secrets here open nothing

from __future__ import annotations

import base64
import copy
import hashlib
import pickle

import pytest
import requests

from hexoframe.api.auth.schemes import (
    Bearer,
    Grant,
    Secret,
    SignedBasic,
    Token,
    UnsignedBasic,
)
from hexoframe.api.links import HEXOSKIN
from hexoframe.errors import AuthenticationError, ConfigurationError, ResponseError

URL = f"{HEXOSKIN}/api/data/?record=1&datatype=19,33"


def attached(auth, url=URL):
    return requests.Request("GET", url, auth=auth).prepare()


def make_signed(**more):
    return SignedBasic(
        HEXOSKIN, "me@example.org", "pass:word é", api_key="pub", api_secret="priv",
        **more,
    )  # fmt: skip


def test_basic_carries_name_and_password_colons_included():
    sent = attached(UnsignedBasic(HEXOSKIN, "me@example.org", "pass:word é"))
    proof = base64.b64decode(sent.headers["Authorization"].removeprefix("Basic "))
    assert proof.decode() == "me@example.org:pass:word é"
    assert not [name for name in sent.headers if name.upper().startswith("X-HEXO")]


def test_a_signature_is_the_sha1_of_secret_time_and_url():
    sent = attached(make_signed(now=lambda: 1_414_690_957.9))
    assert sent.url.endswith("datatype=19,33")
    wanted = hashlib.sha1(f"priv1414690957{sent.url}".encode()).hexdigest()  # noqa: S324
    assert sent.headers["X-HEXOAPISIGNATURE"] == wanted
    assert sent.headers["X-HEXOTIMESTAMP"] == "1414690957"
    assert sent.headers["X-HEXOAPIKEY"] == "pub"


def test_a_token_is_carried_alone():
    sent = attached(Bearer(HEXOSKIN, Token(access=Secret("tok"))))
    assert sent.headers["Authorization"] == "Bearer tok"
    assert not [name for name in sent.headers if name.upper().startswith("X-HEXO")]


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/api/", "http://api.hexoskin.com/api/",
     "https://api.hexoskin.com:8443/", "https://astro.hexoskin.com/api/"],
)  # fmt: skip
@pytest.mark.parametrize(
    "auth", [make_signed(), Bearer(HEXOSKIN, Token(access=Secret("tok")))]
)
def test_no_credential_is_attached_to_another_host(auth, url):
    with pytest.raises(ConfigurationError, match="not sent to another host"):
        attached(auth, url)


def test_http_is_for_the_loopback_alone():
    with pytest.raises(ConfigurationError, match="in the open"):
        UnsignedBasic("http://api.hexoskin.com", "me", "pw")
    UnsignedBasic("http://127.0.0.1:8000", "me", "pw")


def test_a_bearer_without_a_token_attaches_nothing():
    with pytest.raises(AuthenticationError):
        attached(Bearer(HEXOSKIN))


@pytest.mark.parametrize("form", [repr, str, "{}".format, lambda x: repr(vars(x))])
def test_no_form_of_a_credential_shows_a_secret(form):
    grant = Grant(client_id="id", client_secret=Secret("hush1"), username="u",
                  password=Secret("hush2"))  # fmt: skip
    token = Token(access=Secret("hush3"), refresh=Secret("hush4"))
    for auth in (
        UnsignedBasic(HEXOSKIN, "me", "hush5"),
        SignedBasic(HEXOSKIN, "me", "hush5", api_key="hush6", api_secret="hush7"),
        Bearer(HEXOSKIN, token, grant=grant),
    ):
        assert "hush" not in form(auth)


@pytest.mark.parametrize("act", [pickle.dumps, copy.deepcopy])
def test_credentials_are_not_pickled(act):
    for auth in (make_signed(), UnsignedBasic(HEXOSKIN, "me", "pw"), Secret("pw")):
        with pytest.raises(ConfigurationError, match="cannot be pickled") as caught:
            act(auth)
        assert "priv" not in str(caught.value)


@pytest.mark.parametrize("text", ["line\nbreak", "tail\r\n", "nul\0", "\ttab"])
def test_a_secret_that_would_break_a_header_is_refused_unseen(text):
    with pytest.raises(ConfigurationError) as caught:
        Secret(text)
    assert text.strip() not in str(caught.value)


def test_secrets_are_equal_by_their_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


# --- tokens -------------------------------------------------------------------------

ANSWER = {"access_token": "new", "refresh_token": "next", "expires_in": 600}


def make_bearer(token=None, **grant):
    return Bearer(HEXOSKIN, token, grant=Grant(**grant), now=lambda: 1000.0)


def test_an_answer_becomes_a_token():
    token = Token.from_answer(ANSWER, now=1000)
    assert token == Token(access=Secret("new"), refresh=Secret("next"), expires=1600)


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 5}])
def test_an_answer_without_token_is_none(answer):
    with pytest.raises(ResponseError):
        Token.from_answer(answer, now=0)


def test_a_token_is_renewed_by_its_refresh_token_before_the_password():
    forms = []

    def post(form, client):
        forms.append(dict(form))
        assert client.username == "id"
        if form["grant_type"] == "refresh_token":
            raise AuthenticationError("invalid_grant")
        return ANSWER

    old = Token(access=Secret("old"), refresh=Secret("prev"))
    auth = make_bearer(
        old, client_id="id", client_secret=Secret("s"), username="u",
        password=Secret("p"),
    )  # fmt: skip
    assert auth.renew(old, post)
    assert [form["grant_type"] for form in forms] == ["refresh_token", "password"]
    assert auth.token.access == Secret("new")


def test_a_refresh_token_that_is_not_repeated_stays():
    old = Token(access=Secret("old"), refresh=Secret("prev"))
    auth = make_bearer(old, client_id="id", client_secret=Secret("s"))
    assert auth.renew(old, lambda *_: {"access_token": "new"})
    assert auth.token.refresh == Secret("prev")


def test_a_token_that_another_thread_renewed_is_not_asked_for_again():
    auth = make_bearer(Token(access=Secret("newer")))
    assert auth.renew(Token(access=Secret("old")), pytest.fail)


def test_a_bare_token_cannot_be_renewed():
    token = Token(access=Secret("t"))
    auth = make_bearer(token)
    assert not auth.is_renewable
    assert not auth.renew(token, pytest.fail)
