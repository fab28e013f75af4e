"""Passwords, signatures and OAuth2: who is let in, and the answers to others."""

from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hexoframe.simulator.server import Switches, serve


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def signed(server, path, *, at=None, secret=None, key=None):
    """Sign as the documentation says: SHA-1 of secret, seconds and complete URL."""
    stamp = str(int(time.time() if at is None else at))
    text = (secret or server.api_secret) + stamp + server.base_url + path
    return {
        "X_HEXOTIMESTAMP": stamp,
        "X_HEXOAPIKEY": key or server.api_key,
        "X_HEXOAPISIGNATURE": hashlib.sha1(
            text.encode(), usedforsecurity=False
        ).hexdigest(),
    }


PATH = "/api/data/?record=300002&datatype=19%2C33"


# --- Basic and signature ------------------------------------------------------------


def test_a_name_and_a_password_do_without_a_signature(server, ask):
    assert ask(server, "/api/account/").status == 200


@pytest.mark.parametrize(
    "proof",
    ["", "Basic", "Basic !!", "Digest abc", "Bearer nothing",
     basic("anna.synthetic@example.org", "wrong"), basic("nobody@example.org", "x")],
)  # fmt: skip
def test_wrong_credentials_give_401_with_an_empty_body(server, ask, proof):
    reply = ask(server, "/api/account/", user="", Authorization=proof)
    assert (reply.status, reply.body) == (401, b"")
    assert reply.headers["WWW-Authenticate"]


def test_a_basic_challenge_names_a_realm(server, ask):
    challenge = ask(server, "/api/account/", user="").headers["WWW-Authenticate"]
    assert challenge.startswith('Basic Realm="')


def test_a_good_signature_over_the_url_on_the_wire_is_accepted(small, ask, short):
    server = small(unsigned_basic=False)
    path = f"/api/data/?record={short.record_id}&datatype=19%2C33"
    assert ask(server, path, **signed(server, path)).status == 200
    assert set(ask(server, path, **signed(server, path)).json()[0]["data"]) == {
        "19", "33",
    }  # fmt: skip


def test_the_comma_itself_has_another_signature_than_its_code(server, ask):
    plain = PATH.replace("%2C", ",")
    assert ask(server, plain, **signed(server, plain)).status == 200
    assert ask(server, plain, **signed(server, PATH)).status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "wrong"}, {"key": "wrong"}, {"at": 0},
        {"late": 900}, {"late": -900},
    ],
)  # fmt: skip
def test_a_bad_signature_is_told_from_a_bad_password(server, ask, change):
    # Of the moment of the request: the tests before this one may take long.
    if "late" in change:
        change = {"at": time.time() + change["late"]}
    reply = ask(server, PATH, **signed(server, PATH, **change))
    assert reply.status == 401
    assert reply.json() == {"error": "API signature failed."}


def test_a_wrong_password_counts_before_a_wrong_signature(server, ask):
    proof = basic(server.username, "wrong")
    told = signed(server, PATH, secret="wrong")  # noqa: S106  # no secret
    reply = ask(server, PATH, user="", Authorization=proof, **told)
    assert (reply.status, reply.body) == (401, b"")


def test_without_a_signature_nothing_is_given_where_it_is_demanded(small, ask):
    reply = ask(small(unsigned_basic=False), "/api/account/")
    assert reply.status == 401
    assert reply.json() == {"error": "API signature failed."}


def test_the_clock_of_the_server_decides_how_old_a_signature_may_be(ask):
    switches = Switches(signature_window_s=10)
    with serve(recordings=(), switches=switches, clock=lambda: 5000.0) as server:
        for at, status in ((4990, 200), (5010, 200), (4989, 401), (5011, 401)):
            told = signed(server, "/api/account/", at=at)
            assert ask(server, "/api/account/", **told).status == status


def test_requests_with_a_signing_auth_gets_in(small, short):
    """The way of the vendor's client: the prepared URL is signed."""
    requests = pytest.importorskip("requests")
    server = small(unsigned_basic=False)

    class Signature(requests.auth.HTTPBasicAuth):
        def __call__(self, request):
            path = request.url.removeprefix(server.base_url)
            for name, value in signed(server, path).items():
                request.headers[name.replace("_", "-")] = value
            return super().__call__(request)

    answer = requests.get(
        f"{server.base_url}/api/data/",
        params={"record": short.record_id, "datatype": "19,33"},
        auth=Signature(server.username, server.password),
        headers={"Accept": "application/json", "Content-type": "application/json"},
        timeout=10,
    )
    assert "%2C" in answer.url
    assert set(answer.json()[0]["data"]) == {"19", "33"}


# --- OAuth2 -------------------------------------------------------------------------

TOKEN = "/api/connect/oauth2/token/"  # noqa: S105  # a path
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def get_token(ask, server, app, *, in_query=False, **form):
    told = FORM | {"Authorization": basic(app[0], app[1])}
    text = urlencode(form)
    path, body = (f"{TOKEN}?{text}", b"") if in_query else (TOKEN, text.encode())
    return ask(server, path, user="", method="POST", body=body, **told)


def password_form(server, user=None):
    card = server.credentials[user or server.username]
    return {
        "grant_type": "password", "username": card.username, "password": card.password,
    }  # fmt: skip


def app_of(server, user=None):
    card = server.credentials[user or server.username]
    return card.client_id, card.client_secret


def bearer(token):
    return {"user": "", "Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("in_query", [False, True])
def test_a_password_becomes_a_token_by_form_or_query(server, ask, in_query):
    reply = get_token(
        ask, server, app_of(server), in_query=in_query, **password_form(server)
    )
    told = reply.json()
    assert set(told) == {
        "access_token", "token_type", "expires_in", "refresh_token", "scope",
    }  # fmt: skip
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    account = ask(server, "/api/account/", **bearer(told["access_token"]))
    assert account.objects[0]["email"] == server.username


def test_a_client_logs_in_its_owner_alone(server, ask):
    other = "bert.synthetic@example.org"
    reply = get_token(ask, server, app_of(server), **password_form(server, other))
    assert (reply.status, reply.json()) == (400, {"error": "invalid_grant"})
    own = get_token(ask, server, app_of(server, other), **password_form(server, other))
    assert own.status == 200


@pytest.mark.parametrize(
    ("app", "form", "status", "error"),
    [
        (("x", "y"), {}, 400, "invalid_client"),
        (None, {"password": "wrong"}, 400, "invalid_grant"),
        (None, {"grant_type": "authorization_code"}, 400, "unauthorized_client"),
        (None, {"grant_type": "refresh_token"}, 400, "invalid_grant"),
    ],
)
def test_a_bad_login_is_told(server, ask, app, form, status, error):
    form = password_form(server) | form
    reply = get_token(ask, server, app or app_of(server), **form)
    assert (reply.status, reply.json()) == (status, {"error": error})


def test_a_token_expires_and_a_refresh_brings_another(ask):
    now = [1000.0]
    switches = Switches(token_lifetime_s=60)
    with serve(recordings=(), switches=switches, clock=lambda: now[0]) as server:
        app = app_of(server)
        old = get_token(ask, server, app, **password_form(server)).json()
        assert old["expires_in"] == 60
        now[0] += 59
        assert ask(server, "/api/account/", **bearer(old["access_token"])).status == 200
        now[0] += 1
        gone = ask(server, "/api/account/", **bearer(old["access_token"]))
        assert gone.status == 401
        assert gone.headers["WWW-Authenticate"].startswith("Bearer")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": old["refresh_token"],
        }
        new = get_token(ask, server, app, **form).json()
        assert new["refresh_token"] != old["refresh_token"]
        assert ask(server, "/api/account/", **bearer(new["access_token"])).status == 200
        # The old refresh token is used up.
        assert get_token(ask, server, app, **form).status == 400


def test_a_refresh_token_that_does_not_rotate_is_used_again(small, ask):
    server = small(refresh_rotates=False)
    app = app_of(server)
    first = get_token(ask, server, app, **password_form(server)).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    access = {first["access_token"]}
    for _ in range(3):
        told = get_token(ask, server, app, **form).json()
        assert told["refresh_token"] == first["refresh_token"]
        access.add(told["access_token"])
    assert len(access) == 4


def test_a_code_from_the_authorize_page_becomes_a_token_once(server, ask):
    app = server.oauth_client("authorization_code")
    back = "http://127.0.0.1:9/done"
    query = urlencode(
        {"response_type": "code", "client_id": app.client_id, "redirect_uri": back,
         "scope": "readwrite", "state": "s1"}
    )  # fmt: skip
    assert ask(server, f"/api/connect/oauth2/auth/?{query}", user="").status == 401
    page = ask(server, f"/api/connect/oauth2/auth/?{query}")
    assert page.status == 302
    assert page.headers["Location"].startswith(f"{back}?")
    told = parse_qs(urlsplit(page.headers["Location"]).query)
    assert told["state"] == ["s1"]
    form = {"grant_type": "authorization_code", "code": told["code"][0]}
    form["redirect_uri"] = back
    token = get_token(ask, server, app, **form).json()
    assert token["scope"] == "readwrite"
    assert get_token(ask, server, app, **form).status == 400


def test_a_code_is_bound_to_its_redirect(server, ask):
    app = server.oauth_client("authorization_code")
    query = {"response_type": "code", "client_id": app.client_id}
    query["redirect_uri"] = "https://a.example/x"
    page = ask(server, f"/api/connect/oauth2/auth/?{urlencode(query)}")
    code = parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code}
    form["redirect_uri"] = "https://b.example/x"
    assert get_token(ask, server, app, **form).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://example.org/x"},
        {"client_id": "?"},
        {"response_type": "x"},
    ],
)
def test_the_authorize_page_refuses_what_is_not_safe(server, ask, change):
    app = server.oauth_client("authorization_code")
    query = {"response_type": "code", "client_id": app.client_id}
    query |= {"redirect_uri": "https://a.example/x"} | change
    assert ask(server, f"/api/connect/oauth2/auth/?{urlencode(query)}").status == 400


def test_an_implicit_token_stands_in_the_fragment(server, ask):
    app = server.oauth_client("implicit")
    query = {"response_type": "token", "client_id": app.client_id, "state": "s2"}
    query["redirect_uri"] = "myapp://done"
    page = ask(server, f"/api/connect/oauth2/auth/?{urlencode(query)}")
    told = parse_qs(urlsplit(page.headers["Location"]).fragment)
    assert set(told) == {"access_token", "token_type", "expires_in", "scope", "state"}
    reply = ask(server, "/api/account/", **bearer(told["access_token"][0]))
    assert reply.status == 200


def test_a_readonly_token_changes_nothing(server, ask):
    form = password_form(server)
    new = {"annotation": "", "datatype": 4096, "start": 1, "user": 20001}
    for scope, status in (("readonly", 403), ("readwrite", 201)):
        told = get_token(ask, server, app_of(server), scope=scope, **form).json()
        headers = bearer(told["access_token"])
        reply = ask(server, "/api/annotation/", method="POST", body=new, **headers)
        assert reply.status == status


def test_a_token_is_listed_and_revoked(small, ask):
    server = small()
    told = get_token(ask, server, app_of(server), **password_form(server)).json()
    (token,) = ask(server, "/api/oauth2token/").objects
    assert set(token) == {
        "client", "expires_in", "resource_uri", "scopes", "token_type", "user",
    }  # fmt: skip
    assert ask(server, token["resource_uri"], method="DELETE").status == 204
    assert ask(server, "/api/account/", **bearer(told["access_token"])).status == 401


def test_no_secret_shows_in_a_repr(server):
    secrets = {server.password, server.api_secret}
    shown = repr(server) + repr(server.credentials)
    assert not any(secret in shown for secret in secrets)
