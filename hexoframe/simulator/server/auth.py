"""Authentication: passwords, the X-HEXO signature, OAuth2 clients and tokens.

OAuth 1 is in `oauth1`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from hexoframe.simulator.server.messages import (
    Answer,
    DeniedError,
    WireRequest,
    empty,
    error,
    json_answer,
)
from hexoframe.simulator.server.oauth1 import OAuth1, made_up
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import User

__all__ = ["Authenticator", "Credentials", "Identity", "OAuthClient"]

_CODE_LIFETIME_S = 600
_REALM = {"WWW_Authenticate": 'Basic Realm="Hexoskin API"'}


class Credentials(NamedTuple):
    """Login of a user; the OAuth2 client is for the grant "password"."""

    username: str
    password: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Return the user name alone."""
        return f"Credentials(username={self.username!r}, ...)"


class OAuthClient(NamedTuple):
    """An application; it has one grant type, and for "password" one user."""

    client_id: str
    client_secret: str
    grant: str
    owner: int | None


class Identity(NamedTuple):
    """The user of a request, and whether it may write."""

    user: User
    may_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _IssuedToken:
    id: int
    user: int
    client: str
    scope: str
    access: str
    refresh: str
    expires: float


class _GrantCode(NamedTuple):
    user: int
    client: str
    redirect: str
    scope: str
    expires: float


class Authenticator:
    """Identifies the user of a request and issues tokens.

    `clock` gives seconds since 1970, for signatures and expiry.
    """

    def __init__(
        self, users: Iterable[User], switches: Switches, clock: Callable[[], float]
    ) -> None:
        self._switches = switches
        self._clock = clock
        self._lock = threading.Lock()
        self._serial = itertools.count(1)
        self._users = {user.email: user for user in users}
        self._by_id = {user.id: user for user in self._users.values()}
        self.api_key = made_up("key", length=22)
        self.api_secret = made_up("secret", length=22)
        self.credentials = {
            name: Credentials(
                name,
                made_up("password", name),
                made_up("client", name),
                made_up("client secret", name, length=40),
            )
            for name in self._users
        }
        self.clients = {
            card.client_id: OAuthClient(
                card.client_id, card.client_secret, "password", self._users[name].id
            )
            for name, card in self.credentials.items()
        }
        for grant in ("authorization_code", "implicit"):
            app = OAuthClient(
                made_up("client", grant), made_up("secret", grant, length=40),
                grant, None,
            )  # fmt: skip
            self.clients[app.client_id] = app
        self.oauth1 = OAuth1(
            (self.api_key, self.api_secret), switches.signature_window_s, clock
        )
        self._tokens: dict[str, _IssuedToken] = {}
        self._codes: dict[str, _GrantCode] = {}

    def client_for(self, grant: str) -> OAuthClient:
        """Return the application with a grant type."""
        return next(app for app in self.clients.values() if app.grant == grant)

    # --- requests -------------------------------------------------------------------

    def identify(self, wire: WireRequest) -> Identity:
        """Return the user of a request, or raise `DeniedError`."""
        scheme, proof = wire.authorization
        if scheme == "bearer":
            return self._bearer(proof)
        if scheme == "oauth":
            return Identity(self._by_id[self.oauth1.identify(wire)], may_write=True)
        user = self.basic_user(wire)
        header = wire.header
        if not header("X-HEXOAPISIGNATURE") and not header("X-HEXOAPIKEY"):
            if not self._switches.unsigned_basic:
                raise DeniedError(error(401, "API signature failed."))
        elif not self._is_signed(wire):
            raise DeniedError(error(401, "API signature failed."))
        return Identity(user, may_write=True)

    def basic_user(self, wire: WireRequest) -> User:
        """Return the user of a name and a password, signed or not."""
        name, password = _split_basic(wire)
        card = self.credentials.get(name)
        if card is None or card.password != password:
            raise DeniedError(empty(401, **_REALM))
        return self._users[name]

    def _is_signed(self, wire: WireRequest) -> bool:
        stamp = wire.header("X-HEXOTIMESTAMP")
        if wire.header("X-HEXOAPIKEY") != self.api_key or not stamp.isdecimal():
            return False
        if abs(self._clock() - int(stamp)) > self._switches.signature_window_s:
            return False
        text = f"{self.api_secret}{stamp}{wire.url}".encode()
        # The service prescribes SHA-1.
        wanted = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        return wire.header("X-HEXOAPISIGNATURE").lower() == wanted

    def _bearer(self, access: str) -> Identity:
        with self._lock:
            token = self._tokens.get(access)
        if token is None or token.expires <= self._clock():
            challenge = 'Bearer error="invalid_token"'
            raise DeniedError(empty(401, WWW_Authenticate=challenge))
        return Identity(self._by_id[token.user], token.scope == "readwrite")

    def expire(self, wire: WireRequest) -> None:
        """Expire the token of a request now, if it has one."""
        _, access = wire.authorization
        with self._lock:
            if access in self._tokens:
                self._tokens[access] = replace(self._tokens[access], expires=0)

    # --- tokens ---------------------------------------------------------------------

    def authorize(self, query: Mapping[str, str], user: User) -> Answer:
        """Return the redirect with a code or a token for a logged-in user."""
        app = self.clients.get(query.get("client_id", ""))
        redirect = query.get("redirect_uri", "")
        kind = {"code": "authorization_code", "token": "implicit"}.get(
            query.get("response_type", "")
        )
        if app is None or kind != app.grant:
            return error(400, "unauthorized_client")
        if not _is_safe(redirect):
            return error(400, "invalid redirect_uri")
        scope = query.get("scope") or "readonly"
        if kind == "implicit":
            told = self._grant(app, user.id, scope)
            del told["refresh_token"]
            back = f"{redirect}#{urlencode(told | {'state': query.get('state', '')})}"
            return empty(302, Location=back)
        code = made_up("code", str(next(self._serial)), str(self._clock()))
        with self._lock:
            self._codes[code] = _GrantCode(
                user.id, app.client_id, redirect, scope,
                self._clock() + _CODE_LIFETIME_S,
            )  # fmt: skip
        joint = "&" if urlsplit(redirect).query else "?"
        told = {"code": code, "state": query.get("state", "")}
        return empty(302, Location=f"{redirect}{joint}{urlencode(told)}")

    def token(self, form: Mapping[str, str], wire: WireRequest) -> Answer:
        """Return the answer of the token endpoint."""
        name, secret = _split_basic(wire)
        app = self.clients.get(name)
        if app is None or app.client_secret != secret:
            # 400 and not 401: the vendor's clients then fall back to signed Basic.
            return json_answer({"error": "invalid_client"}, 400)
        grant = form.get("grant_type", "")
        if grant not in {app.grant, "refresh_token"} or app.grant == "implicit":
            return json_answer({"error": "unauthorized_client"}, 400)
        give = {
            "password": self._by_password,
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
        }[grant]
        told = give(app, form)
        if told is None:
            return json_answer({"error": "invalid_grant"}, 400)
        return json_answer(told, Cache_Control="no-store")

    def _by_password(
        self, app: OAuthClient, form: Mapping[str, str]
    ) -> dict[str, Any] | None:
        card = self.credentials.get(form.get("username", ""))
        if card is None or card.password != form.get("password"):
            return None
        user = self._users[card.username].id
        if user != app.owner:
            return None  # such a client works for its owner only
        return self._grant(app, user, form.get("scope") or "readonly")

    def _by_code(
        self, app: OAuthClient, form: Mapping[str, str]
    ) -> dict[str, Any] | None:
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.client != app.client_id:
            return None
        if code.redirect != form.get("redirect_uri") or code.expires <= self._clock():
            return None
        return self._grant(app, code.user, code.scope)

    def _by_refresh(
        self, app: OAuthClient, form: Mapping[str, str]
    ) -> dict[str, Any] | None:
        asked = form.get("refresh_token", "")
        with self._lock:
            old = next((t for t in self._tokens.values() if t.refresh == asked), None)
            if old is None or old.client != app.client_id:
                return None
            if self._switches.refresh_rotates:
                self._tokens[old.access] = replace(old, refresh="")
        told = self._grant(app, old.user, old.scope)
        if not self._switches.refresh_rotates:
            with self._lock:
                fresh = self._tokens[told["access_token"]]
                self._tokens[fresh.access] = replace(fresh, refresh=asked)
                self._tokens[old.access] = replace(old, refresh="")
            told["refresh_token"] = asked
        return told

    def _grant(self, app: OAuthClient, user: int, scope: str) -> dict[str, Any]:
        number = next(self._serial)
        lifetime = self._switches.token_lifetime_s
        token = _IssuedToken(
            id=number,
            user=user,
            client=app.client_id,
            scope="readwrite" if "readwrite" in scope else "readonly",
            access=made_up("access", str(number), str(self._clock())),
            refresh=made_up("refresh", str(number), str(self._clock())),
            expires=self._clock() + lifetime,
        )
        with self._lock:
            self._tokens[token.access] = token
        return {
            "access_token": token.access,
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "refresh_token": token.refresh,
            "scope": token.scope,
        }

    # --- as resources ---------------------------------------------------------------

    def tokens_of(self, user: int) -> dict[int, dict[str, Any]]:
        """Return the objects of the resource `oauth2token` for a user."""
        with self._lock:
            found = [token for token in self._tokens.values() if token.user == user]
        return {
            token.id: {
                "client": token.client,
                "expires_in": max(int(token.expires - self._clock()), 0),
                "resource_uri": f"/api/oauth2token/{token.id}/",
                "scopes": token.scope,
                "token_type": "Bearer",
                "user": f"/api/user/{user}/",
            }
            for token in found
        }

    def revoke(self, user: int, number: int) -> bool:
        """Remove a token of a user; return whether it was there."""
        with self._lock:
            for access, token in self._tokens.items():
                if (token.id, token.user) == (number, user):
                    del self._tokens[access]
                    return True
        return False


def _is_safe(redirect: str) -> bool:
    """Return whether the service redirects there: https, or http to the loopback."""
    parts = urlsplit(redirect)
    if parts.scheme == "http":
        return parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return bool(parts.scheme)


def _split_basic(wire: WireRequest) -> tuple[str, str]:
    """Return name and password, or two empty texts; a password may hold colons."""
    scheme, proof = wire.authorization
    try:
        text = base64.b64decode(proof, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, password = text.partition(":")
    return (name, password) if scheme == "basic" else ("", "")
