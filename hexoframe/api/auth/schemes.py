"""Credentials: each knows its one host, shows no secret, and is attached nowhere else.

The classes are what `requests` takes as ``auth=``. Where their secrets come from stands
in `sources`; nothing here reads a file or the environment, or asks the network.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from hexoframe.api.auth.tokens import Grant, Keeper, Secret, Token, hidden
from hexoframe.api.links import Origin
from hexoframe.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = [
    "TOKEN_PATH",
    "Bearer",
    "Credential",
    "Nobody",
    "Post",
    "SignedBasic",
    "UnsignedBasic",
]

TOKEN_PATH = "/api/connect/oauth2/token/"  # noqa: S105  # a path, no secret
_EARLY_S = 30.0
Post = Callable[[Mapping[str, str], "UnsignedBasic"], Mapping[str, Any]]
"""Sends a form to the token endpoint and returns its answer."""


class Credential(AuthBase, ABC):
    """What a request to one host is signed with.

    Parameters
    ----------
    base_url : str
        The host that the credential belongs to.
    """

    how_to_mend = "check the credentials"

    def __init__(self, base_url: str) -> None:
        self.origin = Origin.of(base_url)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Attach the credential to a request to its own host.

        Raises
        ------
        ConfigurationError
            If the request goes to another host.
        """
        if not self.origin.owns(request.url or ""):
            raise ConfigurationError(
                f"credentials for {self.origin} are not sent to another host; connect "
                "to that host with credentials of its own"
            )
        self._attach(request)
        return request

    def __repr__(self) -> str:
        """Return kind and host; what else there is stays hidden."""
        return f"<{type(self).__name__} for {self.origin}>"

    @abstractmethod
    def _attach(self, request: PreparedRequest) -> None:
        """Set the headers of a request to the own host."""


class Nobody(Credential):
    """No credential, for who asks nobody."""

    how_to_mend = "log in with hexoframe.login()"

    def _attach(self, request: PreparedRequest) -> None:  # noqa: ARG002  # of its kind
        raise AuthenticationError(
            f"nobody is logged in at {self.origin}: {self.how_to_mend}"
        )


class UnsignedBasic(Credential):
    """User name and password, without a signature.

    Parameters
    ----------
    base_url : str
        The host.
    username : str
        E-mail address.
    password : str or Secret
        May hold colons.
    """

    how_to_mend = (
        "check user name and password (HEXOFRAME_USERNAME, HEXOFRAME_PASSWORD); this "
        "server may want an API key too (HEXOFRAME_API_KEY, HEXOFRAME_API_SECRET)"
    )

    def __init__(self, base_url: str, username: str, password: str | Secret) -> None:
        super().__init__(base_url)
        self.username = username
        self._password = hidden(password)

    def _attach(self, request: PreparedRequest) -> None:
        pair = f"{self.username}:{self._password.reveal()}".encode()
        proof = base64.b64encode(pair).decode("ascii")
        request.headers["Authorization"] = f"Basic {proof}"


class SignedBasic(UnsignedBasic):
    """User name and password, with the X-HEXO signature of an API key.

    The signature is the SHA-1 of secret, seconds since 1970 and the complete URL as it
    goes over the wire.

    Parameters
    ----------
    base_url, username, password
        As for `UnsignedBasic`.
    api_key : str
        Public key.
    api_secret : str or Secret
        Private key.
    clock : callable, default time.time
        Seconds since 1970.

    Notes
    -----
    Source: https://api.hexoskin.com/docs/page/oneauth/
    """

    how_to_mend = (
        "check user name and password (HEXOFRAME_USERNAME, HEXOFRAME_PASSWORD)"
    )

    def __init__(  # noqa: PLR0913  # two pairs, a host and a clock
        self,
        base_url: str,
        username: str,
        password: str | Secret,
        *,
        api_key: str,
        api_secret: str | Secret,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(base_url, username, password)
        self._api_key = hidden(api_key)
        self._api_secret = hidden(api_secret)
        self._clock = clock

    def _attach(self, request: PreparedRequest) -> None:
        super()._attach(request)
        stamp = str(int(self._clock()))
        text = f"{self._api_secret.reveal()}{stamp}{request.url}".encode()
        # The service prescribes SHA-1.
        signature = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        request.headers["X-HEXOTIMESTAMP"] = stamp
        request.headers["X-HEXOAPIKEY"] = self._api_key.reveal()
        request.headers["X-HEXOAPISIGNATURE"] = signature


class Bearer(Credential):
    """An OAuth2 access token, renewed where a refresh token or a password allows it.

    Parameters
    ----------
    base_url : str
        The host.
    token : Token, optional
        The token; None asks for one at the first request.
    grant : Grant
        What new tokens are asked with.
    keeper : Keeper, optional
        Where renewed tokens are kept; None keeps them in memory.
    clock : callable, default time.time
        Seconds since 1970.

    Notes
    -----
    Source: https://api.hexoskin.com/docs/page/oauth2/
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
        keeper: Keeper | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(base_url)
        self._token = token
        self._grant = grant or Grant()
        self.keeper = keeper
        self._clock = clock
        self._renewing = threading.Lock()

    @property
    def token(self) -> Token | None:
        """The token as it is now."""
        return self._token

    @property
    def grant(self) -> Grant:
        """What new tokens are asked with."""
        return self._grant

    @property
    def is_renewable(self) -> bool:
        """Whether there is anything to get another token with."""
        grant = self._grant
        token = self._token
        has_client = grant.client_id is not None and grant.client_secret is not None
        has_user = grant.username is not None and grant.password is not None
        refreshes = token is not None and token.refresh is not None
        return self.keeper is not None or (has_client and (has_user or refreshes))

    @property
    def is_due(self) -> bool:
        """Whether another token should be asked for before the next request."""
        if self._token is None:
            return True
        expires = self._token.expires
        return expires is not None and expires < self._clock() + _EARLY_S

    def _attach(self, request: PreparedRequest) -> None:
        if self._token is None:
            raise AuthenticationError(f"there is no token for {self.origin} yet")
        access = self._token.access.reveal()
        request.headers["Authorization"] = f"Bearer {access}"

    def renew(self, stale: Token | None, post: Post) -> bool:
        """Get another token than `stale`; return whether there is one.

        Threads and processes that find the same token expired get one new token: the
        first asks for it, the others find it.

        Parameters
        ----------
        stale : Token or None
            The token that the service refused.
        post : callable
            Sends a form to the token endpoint.

        Raises
        ------
        AuthenticationError
            If the service refuses to give one.
        """
        with self._renewing:
            if self._token is not None and not _same(self._token, stale):
                return True
            if self.keeper is None:
                return self._ask(post)
            with self.keeper.lock():
                kept = self.keeper.load()
                if kept is not None and not _same(kept, stale):
                    self._token = kept
                    return True
                return self._ask(post)

    def _ask(self, post: Post) -> bool:
        """Ask with the refresh token, then with the password."""
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
            self._take(Token.from_answer(answer, now=self._clock()))
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
                    "scope": "readonly",
                }
            )
        return forms

    def _take(self, token: Token) -> None:
        if token.refresh is None and self._token is not None:
            # A service that does not rotate refresh tokens need not repeat them.
            token = Token(
                access=token.access,
                refresh=self._token.refresh,
                expires=token.expires,
            )
        self._token = token
        if self.keeper is not None:
            self.keeper.save(token)


def _same(one: Token, other: Token | None) -> bool:
    return other is not None and one.access == other.access
