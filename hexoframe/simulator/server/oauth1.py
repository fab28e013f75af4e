"""OAuth 1: a token in three steps, and requests signed with it (RFC 5849).

The parameters of the signature are in the header Authorization; the body of a request
is not signed. OAuth 2 and passwords are in `auth`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import re
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from hexoframe.simulator.server.messages import (
    Answer,
    DeniedError,
    WireRequest,
    empty,
    error,
)

__all__ = ["OAuth1", "made_up", "signature"]

_FORM = "application/x-www-form-urlencoded"
_CHALLENGE = {"WWW_Authenticate": 'OAuth realm="Hexoskin API"'}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def signature(
    wire: WireRequest,
    told: Mapping[str, str],
    *,
    consumer_secret: str,
    token_secret: str,
) -> str:
    """Return the HMAC-SHA1 of a request in Base64.

    `told` holds the parameters of the header Authorization; realm and signature are
    ignored.
    """
    parts = urlsplit(wire.url)
    given = parse_qsl(parts.query, keep_blank_values=True) + [
        pair for pair in told.items() if pair[0] not in {"realm", "oauth_signature"}
    ]
    pairs = sorted((_code(name), _code(value)) for name, value in given)
    host = parts.hostname or ""
    if parts.port not in {None, _DEFAULT_PORTS.get(parts.scheme)}:
        host = f"{host}:{parts.port}"
    place = f"{parts.scheme}://{host}{parts.path}"
    text = "&".join(
        [
            wire.method.upper(),
            _code(place),
            _code("&".join(f"{name}={value}" for name, value in pairs)),
        ]
    )
    key = f"{_code(consumer_secret)}&{_code(token_secret)}"
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def _code(text: str) -> str:
    return quote(text, safe="-._~")


class _Pending(NamedTuple):
    """A request token: its secret, the callback, and its user once known."""

    secret: str
    callback: str
    verifier: str = ""
    user: int | None = None


class OAuth1:
    """Issues tokens and checks signatures.

    `consumer` is key and secret of the only application. A time stamp may differ from
    `clock` (seconds since 1970) by `window_s` seconds.
    """

    def __init__(
        self, consumer: tuple[str, str], window_s: float, clock: Callable[[], float]
    ) -> None:
        self._consumer = consumer
        self._window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._serial = itertools.count(1)
        self._pending: dict[str, _Pending] = {}
        self._tokens: dict[str, tuple[str, int]] = {}

    def identify(self, wire: WireRequest) -> int:
        """Return the id of the user who signed a request, or raise `DeniedError`."""
        told = _told(wire)
        with self._lock:
            secret, user = self._tokens.get(told.get("oauth_token", ""), ("", 0))
        self._check(wire, told, secret)
        if not user:
            raise DeniedError(empty(401, **_CHALLENGE))
        return user

    def _check(self, wire: WireRequest, told: Mapping[str, str], secret: str) -> None:
        stamp = told.get("oauth_timestamp", "")
        wanted = signature(
            wire, told, consumer_secret=self._consumer[1], token_secret=secret
        )
        if (
            told.get("oauth_consumer_key") != self._consumer[0]
            or told.get("oauth_signature_method") != "HMAC-SHA1"
            or not stamp.isdecimal()
            or abs(self._clock() - int(stamp)) > self._window_s
            or told.get("oauth_signature") != wanted
        ):
            raise DeniedError(empty(401, **_CHALLENGE))

    # --- the three steps ------------------------------------------------------------

    def request_token(self, wire: WireRequest) -> Answer:
        """Return the answer of the first step: a token without a user."""
        told = _told(wire)
        self._check(wire, told, "")
        number = str(next(self._serial))
        token = made_up("oauth1 request", number)
        fresh = _Pending(
            made_up("oauth1 request secret", number), told.get("oauth_callback", "oob")
        )
        with self._lock:
            self._pending[token] = fresh
        return _form(
            oauth_token=token,
            oauth_token_secret=fresh.secret,
            oauth_callback_confirmed="true",
        )

    def authorize(self, query: Mapping[str, str], user: int) -> Answer:
        """Return the answer of the second step: the user is redirected back."""
        token = query.get("oauth_token", "")
        with self._lock:
            known = self._pending.get(token)
            if known is None:
                return error(400, "unknown oauth_token")
            verifier = made_up("oauth1 verifier", token, length=12)
            self._pending[token] = known._replace(user=user, verifier=verifier)
        told = urlencode({"oauth_token": token, "oauth_verifier": verifier})
        if known.callback == "oob":
            return Answer(200, verifier.encode("ascii"), "text/plain; charset=utf-8")
        joint = "&" if urlsplit(known.callback).query else "?"
        return empty(302, Location=f"{known.callback}{joint}{told}")

    def access_token(self, wire: WireRequest) -> Answer:
        """Return the answer of the last step: the token that signs requests."""
        told = _told(wire)
        asked = told.get("oauth_token", "")
        with self._lock:
            known = self._pending.get(asked, _Pending("", ""))
        self._check(wire, told, known.secret)
        if known.user is None or told.get("oauth_verifier") != known.verifier:
            raise DeniedError(empty(401, **_CHALLENGE))
        token, secret = made_up("oauth1", asked), made_up("oauth1 secret", asked)
        with self._lock:
            self._pending.pop(asked, None)
            self._tokens[token] = (secret, known.user)
        return _form(
            oauth_token=token,
            oauth_token_secret=secret,
            oauth_authorized_realms="readwrite",
        )


def _told(wire: WireRequest) -> dict[str, str]:
    """Return the parameters of the header Authorization."""
    scheme, proof = wire.authorization
    if scheme != "oauth":
        raise DeniedError(empty(401, **_CHALLENGE))
    return {name: unquote(text) for name, text in re.findall(r'(\w+)="([^"]*)"', proof)}


def _form(**told: str) -> Answer:
    return Answer(200, urlencode(told).encode("ascii"), _FORM)


def made_up(*words: str, length: int = 30) -> str:
    """Return a secret made from some words, the same in every run.

    It opens nothing but a server on the loopback of this machine.
    """
    text = "hexoframe simulator " + " ".join(words)
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(digest + digest).decode("ascii").lower()[:length]
