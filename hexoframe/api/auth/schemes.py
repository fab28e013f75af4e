"""Ways to log in: signed or unsigned password, OAuth2 token; secrets that stay hidden.

A credential knows its one host and refuses to be attached to a request to another. The
classes are what `requests` takes as ``auth=``. No file, environment variable or network
is read here; `credentials` finds the secrets.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from requests.auth import AuthBase

from hexoframe.api.links import Origin
from hexoframe.errors import AuthenticationError, ConfigurationError, ResponseError
from hexoframe.forks import PerProcess

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = [
    "READONLY",
    "SCOPES",
    "TOKEN_PATH",
    "Anonymous",
    "Bearer",
    "Credential",
    "Grant",
    "Post",
    "Secret",
    "SignedBasic",
    "Token",
    "TokenKeeper",
    "UnsignedBasic",
]

READONLY = "readonly"
"""Scope of a token that changes nothing, which is what is asked for by default."""
SCOPES = (READONLY, "readwrite")
"""All scopes of tokens."""
TOKEN_PATH = "/api/connect/oauth2/token/"  # noqa: S105  # a path, no secret
_EARLY_S = 30.0  # a token is renewed so long before it expires
Post = Callable[[Mapping[str, str], "UnsignedBasic"], Mapping[str, Any]]
"""Sends a form to the token endpoint and returns its answer."""


# --- secrets and tokens ---------------------------------------------------------------


class Secret:
    """A text that no repr, pickle or hash gives away; `reveal` returns it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text.isprintable():
            # A line break would split the header, and the error that the library
            # raises then repeats the secret.
            raise ConfigurationError(
                "a password, key or token holds a line break or another character that "
                "cannot be typed (it is not shown); give it again without"
            )
        self._text = text

    def __repr__(self) -> str:
        """Return stars, the same number for every secret."""
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        """Return whether two secrets hold the same text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Return a hash that differs from that of the text."""
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file like any other."""
        raise ConfigurationError(
            "credentials cannot be pickled, since the pickle would hold a secret; "
            "connect again in the other process, which finds them as this one did"
        )

    def reveal(self) -> str:
        """Return the text."""
        return self._text


def _hidden(text: str | Secret) -> Secret:
    return text if isinstance(text, Secret) else Secret(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An OAuth2 token.

    `expires` is in s since 1970, `scope` is ``readonly`` or ``readwrite``; None if
    unknown.
    """

    access: Secret
    refresh: Secret | None = None
    expires: float | None = None
    scope: str | None = None

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], *, now: float) -> Token:
        """Return the token in an answer of the token endpoint, or ResponseError."""
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        lifetime = answer.get("expires_in")
        if not isinstance(access, str) or not access:
            raise ResponseError(
                "the token endpoint answered without an access_token; is this a "
                "Hexoskin server?"
            )
        known = isinstance(lifetime, int | float)
        scope = answer.get("scope")
        return cls(
            access=Secret(access),
            refresh=Secret(refresh) if refresh and isinstance(refresh, str) else None,
            expires=now + float(lifetime or 0) if known else None,
            scope=scope if isinstance(scope, str) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What new tokens are requested with: an OAuth2 client, and the user who owns it.

    The password lives in memory only, as long as the credential does. `scope` is what
    tokens are asked for, ``readonly`` without one.
    """

    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    scope: str | None = None


@dataclass(slots=True, kw_only=True)
class TokenKeeper:
    """Loads and saves the token of one host, which another process may have renewed."""

    load: Callable[[], Token | None]
    save: Callable[[Token], None]
    lock: Callable[[], Any] = field(default=threading.Lock)


# --- credentials ----------------------------------------------------------------------


class Credential(AuthBase, ABC):
    """Signs the requests to one host."""

    how_to_mend = "check the credentials"
    reads_only = False
    """Whether it is known that nothing can be changed with it."""

    def __init__(self, base_url: str) -> None:
        self.origin = Origin.of(base_url)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request; ConfigurationError if it goes to another host."""
        if not self.origin.owns(request.url or ""):
            raise ConfigurationError(
                f"credentials for {self.origin} are not sent to another host; connect "
                "to that host with credentials of its own"
            )
        self._attach(request)
        return request

    def __repr__(self) -> str:
        """Return kind and host, and no secret."""
        return f"<{type(self).__name__} for {self.origin}>"

    @abstractmethod
    def _attach(self, request: PreparedRequest) -> None:
        """Set the headers of a request to the own host."""


class Anonymous(Credential):
    """No credential; used offline."""

    how_to_mend = "log in with hexoframe.login()"

    def _attach(self, request: PreparedRequest) -> None:  # noqa: ARG002  # of its kind
        raise AuthenticationError(
            f"nobody is logged in at {self.origin}: {self.how_to_mend}"
        )


class UnsignedBasic(Credential):
    """User name (an e-mail address) and password, without a signature."""

    how_to_mend = (
        "check user name and password (HEXOFRAME_USERNAME, HEXOFRAME_PASSWORD); this "
        "server may want an API key too (HEXOFRAME_API_KEY, HEXOFRAME_API_SECRET)"
    )

    def __init__(self, base_url: str, username: str, password: str | Secret) -> None:
        super().__init__(base_url)
        self.username = username
        self._password = _hidden(password)

    def _attach(self, request: PreparedRequest) -> None:
        pair = f"{self.username}:{self._password.reveal()}".encode()
        proof = base64.b64encode(pair).decode("ascii")
        request.headers["Authorization"] = f"Basic {proof}"


class SignedBasic(UnsignedBasic):
    """User name and password, with the X-HEXO signature of an API key.

    The signature is the SHA-1 of secret, seconds since 1970 and the complete URL as it
    is sent. Source: https://api.hexoskin.com/docs/page/oneauth/
    """

    how_to_mend = (
        "check user name and password (HEXOFRAME_USERNAME, HEXOFRAME_PASSWORD)"
    )

    def __init__(  # noqa: PLR0913  # two pairs, a host and a time
        self,
        base_url: str,
        username: str,
        password: str | Secret,
        *,
        api_key: str,
        api_secret: str | Secret,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(base_url, username, password)
        self._api_key = _hidden(api_key)
        self._api_secret = _hidden(api_secret)
        self._now = now

    def _attach(self, request: PreparedRequest) -> None:
        super()._attach(request)
        stamp = str(int(self._now()))
        text = f"{self._api_secret.reveal()}{stamp}{request.url}".encode()
        # The service prescribes SHA-1.
        signature = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        request.headers["X-HEXOTIMESTAMP"] = stamp
        request.headers["X-HEXOAPIKEY"] = self._api_key.reveal()
        request.headers["X-HEXOAPISIGNATURE"] = signature


class Bearer(Credential):
    """An OAuth2 access token, renewed by its refresh token or the password of a grant.

    Without a token one is requested before the first request; without a keeper renewed
    tokens stay in memory. Source: https://api.hexoskin.com/docs/page/oauth2/
    """

    how_to_mend = (
        "the token has expired or was revoked: log in again with hexoframe.login(), or "
        "renew HEXOFRAME_TOKEN"
    )

    def __init__(
        self,
        base_url: str,
        token: Token | None = None,
        *,
        grant: Grant | None = None,
        keeper: TokenKeeper | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(base_url)
        self._token = token
        self._grant = grant or Grant()
        self.keeper = keeper
        self._now = now
        self._renewing = PerProcess(threading.Lock)

    @property
    def token(self) -> Token | None:
        """The current token."""
        return self._token

    @property
    def grant(self) -> Grant:
        """What new tokens are requested with."""
        return self._grant

    @property
    def reads_only(self) -> bool:  # type: ignore[override]  # asked of the token
        """Whether the token, or the one that would be requested, is read-only."""
        scope = self._scope if self._token is None else self._token.scope
        return scope == READONLY

    @property
    def _scope(self) -> str:
        return self._grant.scope or READONLY

    @property
    def is_renewable(self) -> bool:
        """Whether there is any way to get another token."""
        grant = self._grant
        token = self._token
        has_client = grant.client_id is not None and grant.client_secret is not None
        has_user = grant.username is not None and grant.password is not None
        refreshes = token is not None and token.refresh is not None
        return self.keeper is not None or (has_client and (has_user or refreshes))

    @property
    def is_due(self) -> bool:
        """Whether the token should be renewed before the next request."""
        if self._token is None:
            return True
        expires = self._token.expires
        return expires is not None and expires < self._now() + _EARLY_S

    def _attach(self, request: PreparedRequest) -> None:
        if self._token is None:
            raise AuthenticationError(f"there is no token for {self.origin} yet")
        access = self._token.access.reveal()
        request.headers["Authorization"] = f"Bearer {access}"

    def renew(self, stale: Token | None, post: Post) -> bool:
        """Replace the token that the service refused; return whether that worked.

        Of threads and processes with the same expired token the first requests a new
        one, and the others find it. AuthenticationError if the service refuses.
        """
        with self._renewing.value:
            if self._token is not None and not _same(self._token, stale):
                return True
            if self.keeper is None:
                return self._request(post)
            with self.keeper.lock():
                kept = self.keeper.load()
                if kept is not None and not _same(kept, stale):
                    self._token = kept
                    return True
                return self._request(post)

    def _request(self, post: Post) -> bool:
        """Request a token by the refresh token, then by the password."""
        grant = self._grant
        if grant.client_id is None or grant.client_secret is None:
            return False
        client = UnsignedBasic(str(self.origin), grant.client_id, grant.client_secret)
        forms = self._forms()
        for left, form in zip(range(len(forms) - 1, -1, -1), forms, strict=True):
            try:
                answer = post(form, client)
            except AuthenticationError:
                if left:
                    continue
                raise
            self._take(Token.from_answer(answer, now=self._now()))
            return True
        return False

    def _forms(self) -> list[dict[str, str]]:
        forms = []
        if self._token is not None and self._token.refresh is not None:
            refresh = self._token.refresh.reveal()
            forms.append({"grant_type": "refresh_token", "refresh_token": refresh})
        if self._grant.username is not None and self._grant.password is not None:
            forms.append(
                {
                    "grant_type": "password",
                    "username": self._grant.username,
                    "password": self._grant.password.reveal(),
                    "scope": self._scope,
                }
            )
        return forms

    def _take(self, token: Token) -> None:
        if token.refresh is None and self._token is not None:
            # A service that does not rotate refresh tokens may send them once only.
            token = replace(token, refresh=self._token.refresh)
        self._token = token
        if self.keeper is not None:
            self.keeper.save(token)


def _same(one: Token, other: Token | None) -> bool:
    return other is not None and one.access == other.access
