"""OAuth 1: the three steps and the signature."""

from __future__ import annotations

import base64
import hmac
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from hexoframe.simulator.server.messages import WireRequest
from hexoframe.simulator.server.oauth1 import signature


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


PATH = "/api/data/?record=300002&datatype=19%2C33"
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
