"""Search for credentials, and which of them may be kept.

Sources, in this order: arguments, ``HEXOFRAME_*`` variables, the system keyring, the
token file, and a prompt that does not echo, which only `hexoframe.login` opens. Tokens
may be kept; a password never is. `schemes` attaches credentials to requests.
"""

from __future__ import annotations

import getpass
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

from hexoframe.api.auth.schemes import (
    READONLY,
    SCOPES,
    Bearer,
    Credential,
    Grant,
    Secret,
    SignedBasic,
    Token,
    TokenKeeper,
    UnsignedBasic,
)
from hexoframe.api.auth.tokenstore import TokenStore, usual_stores
from hexoframe.api.links import HEXOSKIN, Origin
from hexoframe.errors import AuthenticationError, ConfigurationError
from hexoframe.texttable import is_terminal

__all__ = [
    "Given",
    "Prompt",
    "ask_at_terminal",
    "base_url_of",
    "find_credential",
    "keep",
]

_LOG = logging.getLogger(__name__)
Prompt = Callable[[str, bool], str]
"""Asks a question; the second argument says whether the answer is hidden."""


# --- the values of a source -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Given:
    """The values that one source has. `token` `expires` in s since 1970.

    `scope` is that of the token, or of those that are requested.
    """

    username: str | None = None
    password: Secret | None = None
    api_key: str | None = None
    api_secret: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    token: Secret | None = None
    refresh_token: Secret | None = None
    expires: float | None = None
    scope: str | None = None

    _HIDDEN: ClassVar[frozenset[str]] = frozenset(
        {"password", "api_secret", "client_secret", "token", "refresh_token"}
    )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Given:
        """Return the values of a mapping; empty ones do not count."""
        taken: dict[str, Any] = {}
        for each in fields(cls):
            value = values.get(each.name)
            if value is None or value == "":
                continue
            taken[each.name] = _checked(each.name, value, cls._HIDDEN)
        return cls(**taken)

    def __repr__(self) -> str:
        """Return the names of the values, not the values."""
        there = [each.name for each in fields(self) if getattr(self, each.name)]
        return f"<Given: {', '.join(there) or 'nothing'}>"

    @property
    def signs_in(self) -> bool:
        """Whether there is a token, or user name and password."""
        pair = self.username is not None and self.password is not None
        return self.token is not None or pair

    def filled(self, other: Given, names: Iterable[str]) -> Given:
        """Return a copy with the missing values taken from another source."""
        missing = [name for name in names if getattr(self, name) is None]
        return replace(self, **{name: getattr(other, name) for name in missing})


def _checked(name: str, value: Any, secret: frozenset[str]) -> Any:
    if name == "expires":
        if type(value) not in {int, float}:
            raise ConfigurationError(
                f"expires is a {type(value).__name__}; give the seconds since 1970"
            )
        return float(value)
    if isinstance(value, Secret) and name in secret:
        return value
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{name} is a {type(value).__name__}; give a text (the value is not shown)"
        )
    if name == "scope" and value not in SCOPES:
        raise ConfigurationError(f"scope={value!r}: give {' or '.join(SCOPES)}")
    return Secret(value) if name in secret else value


def base_url_of(base_url: str | None = None) -> str:
    """Return the base URL: the argument, HEXOFRAME_BASE_URL, or the Hexoskin server."""
    return str(Origin.of(base_url or os.environ.get("HEXOFRAME_BASE_URL") or HEXOSKIN))


def _from_environment(origin: Origin) -> Given:
    """Return the HEXOFRAME_* variables, unless they are for another host.

    They are for that of HEXOFRAME_BASE_URL, without it for the default one: a base URL
    that a script was given must not draw a password out of the environment.
    """
    names = [each.name for each in fields(Given) if each.name != "expires"]
    given = Given.of({n: os.environ.get(f"HEXOFRAME_{n.upper()}") for n in names})
    host = Origin.of(base_url_of())
    if host == origin:
        return given
    if given != Given():
        _LOG.info("HEXOFRAME_* is for %s, not for %s", host, origin)
    return Given()


# --- tokens and their stores ----------------------------------------------------------


def _token_of(given: Given) -> Token | None:
    if given.token is None:
        return None
    return Token(
        access=given.token,
        refresh=given.refresh_token,
        expires=given.expires,
        scope=given.scope,
    )


def _kept_values(token: Token, grant: Grant) -> dict[str, Any]:
    """Return the values for a store: never the password of the grant."""
    refresh, secret = token.refresh, grant.client_secret
    values = {
        "token": token.access.reveal(),
        "refresh_token": None if refresh is None else refresh.reveal(),
        "expires": token.expires,
        "client_id": grant.client_id,
        "client_secret": None if secret is None else secret.reveal(),
        "username": grant.username,
        "scope": token.scope if token.scope in SCOPES else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _keeper(store: TokenStore, origin: Origin, grant: Grant) -> TokenKeeper:
    def save(token: Token) -> None:
        if not store.write(origin, _kept_values(token, grant)):
            _LOG.warning("the renewed token could not be kept in %s", store.name)

    return TokenKeeper(
        load=lambda: _token_of(Given.of(store.read(origin))),
        save=save,
        lock=store.lock,
    )


def keep(
    credential: Credential, stores: Iterable[TokenStore] | None = None
) -> str | None:
    """Save a token, and from now on its successors, in the first store that takes it.

    Returns the name of the store, None if none took it. ConfigurationError for a
    password, which is never stored.
    """
    if not isinstance(credential, Bearer) or credential.token is None:
        raise ConfigurationError(
            "only a token can be kept, and a password never is: log in with an OAuth2 "
            "client (client_id=, client_secret=), or set HEXOFRAME_USERNAME and "
            "HEXOFRAME_PASSWORD in the environment"
        )
    values = _kept_values(credential.token, credential.grant)
    for store in usual_stores() if stores is None else stores:
        if store.write(credential.origin, values):
            credential.keeper = _keeper(store, credential.origin, credential.grant)
            return store.name
    return None


# --- the search -----------------------------------------------------------------------


def ask_at_terminal(question: str, hide: bool) -> str:  # noqa: FBT001  # see Prompt
    """Ask at the terminal; a hidden answer is not echoed.

    AuthenticationError without a terminal; EOFError if the user ends the input.
    """
    if not is_terminal(sys.stdin):
        raise AuthenticationError(
            "there is no terminal to ask at: set HEXOFRAME_USERNAME and "
            "HEXOFRAME_PASSWORD, or HEXOFRAME_TOKEN"
        )
    try:
        return _ask_hidden(question) if hide else _ask_openly(question)
    except (KeyboardInterrupt, EOFError):
        # The next message starts a new line.
        sys.stderr.write("\n")
        raise


def _ask_openly(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


def _ask_hidden(question: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(question)
        except getpass.GetPassWarning:
            raise AuthenticationError(
                "this terminal would show the password: set HEXOFRAME_PASSWORD instead"
            ) from None


_KEYS = ("api_key", "api_secret", "client_id", "client_secret", "scope")


@dataclass(kw_only=True)
class _Search:
    """Collects values from the sources, called in order of precedence."""

    origin: Origin
    to_keep: bool
    found: Given = field(default_factory=Given)
    store: TokenStore | None = None

    @property
    def complete(self) -> bool:
        """Whether no more sources are needed."""
        return self.found.signs_in

    def look(self, given: Given, store: TokenStore | None = None) -> None:
        """Take from a source what is missing and belongs to the same user."""
        if self.found.signs_in:
            if store is None:
                self.found = self.found.filled(given, _KEYS)
            return
        # Never the name of one user with the secret of another.
        mine, theirs = self.found.username, given.username
        if mine is not None and theirs is not None and mine != theirs:
            return
        wanted, scope = self.found.scope, given.scope or READONLY
        # A token without a user name may belong to another user, and one that was
        # requested for reading cannot write.
        unnamed = mine is not None and theirs is None
        if unnamed or (store is not None and wanted not in {None, scope}):
            given = replace(given, token=None, refresh_token=None, expires=None)
        names = [each.name for each in fields(Given)]
        self.found = self.found.filled(given, names)
        if self.found.signs_in and given.token is not None:
            self.store = store

    def ask(self, prompt: Prompt) -> None:
        """Ask for user name and password."""
        nothing = "nothing was typed; user name and password are both needed"
        try:
            question = f"User (e-mail) at {self.origin}: "
            name = self.found.username or prompt(question, False)
            password = name and prompt(f"Password of {name} (not shown): ", True)
        except EOFError:
            raise AuthenticationError(nothing) from None
        if not password:
            raise AuthenticationError(nothing)
        self.found = replace(self.found, username=name, password=Secret(password))

    def credential(self) -> Credential:
        """Return the credential made of the values, or AuthenticationError."""
        given, url = self.found, str(self.origin)
        _check_pair(given, "api_key", "api_secret")
        _check_pair(given, "client_id", "client_secret")
        grant = Grant(
            client_id=given.client_id,
            client_secret=given.client_secret,
            username=given.username,
            password=given.password,
            scope=given.scope,
        )
        if given.token is not None:
            store = self.store
            keeper = None if store is None else _keeper(store, self.origin, grant)
            return Bearer(url, _token_of(given), grant=grant, keeper=keeper)
        if given.username is None or given.password is None:
            raise self._nothing()
        if self.to_keep and given.client_id is not None:
            return Bearer(url, grant=grant)
        if given.api_key is not None and given.api_secret is not None:
            return SignedBasic(
                url,
                given.username,
                given.password,
                api_key=given.api_key,
                api_secret=given.api_secret,
            )
        if given.client_id is not None:
            return Bearer(url, grant=grant)
        return UnsignedBasic(url, given.username, given.password)

    def _nothing(self) -> AuthenticationError:
        lacks = "password" if self.found.username else "credentials"
        text = (
            f"no {lacks} for {self.origin}: call hexoframe.login(), give username= and "
            "password= or token=, or set HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD, or "
            "HEXOFRAME_TOKEN"
        )
        host = Origin.of(base_url_of())
        if host != self.origin:
            text += (
                f" (those that are set are for {host}: set HEXOFRAME_BASE_URL="
                f"{self.origin} if they are for this one)"
            )
        return AuthenticationError(text)


def _check_pair(given: Given, one: str, other: str) -> None:
    there = [getattr(given, name) is not None for name in (one, other)]
    if any(there) and not all(there):
        has, lacks = (one, other) if there[0] else (other, one)
        raise ConfigurationError(
            f"{has} is given without {lacks}; give both (arguments, or "
            f"HEXOFRAME_{one.upper()} and HEXOFRAME_{other.upper()}), or neither"
        )


def find_credential(
    base_url: str | None = None,
    *,
    given: Mapping[str, str | Secret | None] | None = None,
    stores: Iterable[TokenStore] | None = None,
    ask: Prompt | None = None,
    to_keep: bool = False,
) -> Credential:
    """Return the credential for a host, from `given` or the other sources in turn.

    In order of preference: a token, an API key (a signature), an OAuth2 client, user
    name and password alone; with `to_keep` the OAuth2 client comes before the API key,
    since only a token may be kept. AuthenticationError if no source has any;
    ConfigurationError for half of a pair, a value that is not a text, or plain http.
    """
    origin = Origin.of(base_url_of(base_url))
    search = _Search(origin=origin, to_keep=to_keep)
    search.look(Given.of(given or {}))
    search.look(_from_environment(origin))
    for store in usual_stores() if stores is None else stores:
        if search.complete:
            break
        search.look(Given.of(store.read(origin)), store)
    if ask is not None and not search.complete:
        search.ask(ask)
    return search.credential()
