"""Passwords, signatures, OAuth2: who may come in, and what the others are told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from hexoframe.simulator.server import Switches, serve
from hexoframe.simulator.server.messages import WireRequest
from hexoframe.simulator.server.oauth1 import signature


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
        {"at": time.time() + 900}, {"at": time.time() - 900},
    ],
)  # fmt: skip
def test_a_bad_signature_is_told_from_a_bad_password(server, ask, change):
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


# --- OAuth 1 ------------------------------------------------------------------------


def test_the_signature_is_that_of_the_example_in_rfc_5849():
    """The parameters of its body stand in the query here."""
    url = "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2=&a3=2+q"
    told = {
        "realm": "Example", "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7", "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a",
        "oauth_signature": "any",
    }  # fmt: skip
    wire = WireRequest("POST", url, lambda _: "")
    made = signature(
        wire,
        told,
        consumer_secret="j49sk3j29djd",  # noqa: S106  # published
        token_secret="dh893hdasih9",  # noqa: S106  # published
    )
    assert made == "r6/TJjbCOr97/+UU0NsvSne7s5g="


def percent(text):
    return quote(str(text), safe="-._~")


def oauth1(server, method, path, secret="", **told):
    """Return the header that signs a request, put together by hand."""
    key = told.pop("key", server.api_key)
    told = {
        "oauth_consumer_key": key, "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())), "oauth_nonce": "n1",
    } | told  # fmt: skip
    bare, _, query = path.partition("?")
    given = [pair.split("=") for pair in query.split("&") if pair]
    given += [[percent(k), percent(v)] for k, v in told.items()]
    joined = "&".join(f"{k}={v}" for k, v in sorted(given))
    text = f"{method}&{percent(server.base_url + bare)}&{percent(joined)}"
    digest = hmac.digest(
        f"{server.api_secret}&{secret}".encode(), text.encode(), "sha1"
    )
    told["oauth_signature"] = base64.b64encode(digest).decode()
    shown = ",".join(f'{k}="{percent(v)}"' for k, v in told.items())
    return {"user": "", "Authorization": f"OAuth {shown}"}


def form_of(reply):
    assert reply.status == 200, reply.status
    assert reply.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return {k: v for k, (v,) in parse_qs(reply.body.decode()).items()}


REQUEST, ACCESS = "/oauth/request_token", "/oauth/access_token"


def first_step(ask, server, callback="https://a.example/x?y=1"):
    told = oauth1(server, "POST", REQUEST, oauth_callback=callback)
    return form_of(ask(server, REQUEST, method="POST", **told))


def test_three_steps_lead_to_a_token_that_signs_requests(server, ask):
    first = first_step(ask, server)
    assert set(first) == {
        "oauth_token", "oauth_token_secret", "oauth_callback_confirmed",
    }  # fmt: skip
    page = f"/oauth/authorize?oauth_token={first['oauth_token']}"
    assert ask(server, page, user="").status == 401
    back = ask(server, page)
    assert back.status == 302
    assert back.headers["Location"].startswith("https://a.example/x?y=1&")
    told = parse_qs(urlsplit(back.headers["Location"]).query)
    assert told["oauth_token"] == [first["oauth_token"]]
    step = {
        "secret": first["oauth_token_secret"], "oauth_token": first["oauth_token"],
        "oauth_verifier": told["oauth_verifier"][0],
    }  # fmt: skip
    last = form_of(
        ask(server, ACCESS, method="POST", **oauth1(server, "POST", ACCESS, **step))
    )
    assert set(last) == {"oauth_token", "oauth_token_secret", "oauth_authorized_realms"}
    token, secret = last["oauth_token"], last["oauth_token_secret"]
    headers = oauth1(server, "GET", PATH, secret, oauth_token=token)
    assert set(ask(server, PATH, **headers).json()[0]["data"]) == {"19", "33"}
    assert server.log[-1].user == server.username
    # The same header does not fit another URL, nor is the request token used twice.
    assert ask(server, "/api/account/", **headers).status == 401
    again = ask(server, ACCESS, method="POST", **oauth1(server, "POST", ACCESS, **step))
    assert again.status == 401


@pytest.mark.parametrize(
    "change",
    [{"oauth_timestamp": "5"}, {"oauth_signature_method": "PLAINTEXT"},
     {"key": "other"}, {"secret": "other"}],
)  # fmt: skip
def test_a_bad_oauth_1_signature_is_401(server, ask, change):
    told = oauth1(server, "POST", REQUEST, **change)
    reply = ask(server, REQUEST, method="POST", **told)
    assert (reply.status, reply.body) == (401, b"")
    assert reply.headers["WWW-Authenticate"].startswith("OAuth ")


def test_a_token_that_nobody_authorised_opens_nothing(server, ask):
    first = first_step(ask, server)
    step = {
        "secret": first["oauth_token_secret"], "oauth_token": first["oauth_token"],
        "oauth_verifier": "",
    }  # fmt: skip
    told = oauth1(server, "POST", ACCESS, **step)
    assert ask(server, ACCESS, method="POST", **told).status == 401
    unknown = oauth1(server, "GET", "/api/account/")
    assert ask(server, "/api/account/", **unknown).status == 401
    assert ask(server, "/oauth/authorize?oauth_token=none").status == 400
    assert ask(server, REQUEST, method="POST").status == 401


def test_who_has_no_page_to_go_back_to_is_shown_the_verifier(server, ask):
    first = first_step(ask, server, "oob")
    page = ask(server, f"/oauth/authorize?oauth_token={first['oauth_token']}")
    assert page.status == 200
    step = {
        "secret": first["oauth_token_secret"], "oauth_token": first["oauth_token"],
        "oauth_verifier": page.body.decode(),
    }  # fmt: skip
    told = oauth1(server, "POST", ACCESS, **step)
    assert ask(server, ACCESS, method="POST", **told).status == 200


def test_no_secret_shows_in_a_repr(server):
    secrets = {server.password, server.api_secret}
    shown = repr(server) + repr(server.credentials)
    assert not any(secret in shown for secret in secrets)
