"""The functions of the front door that ask the service, and login and logout.

Each is the method of `Client` with its name, for the user who logged in, or else the
user of the environment or of a kept token.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from hexoframe.api.auth.credentials import (
    Prompt,
    ask_at_terminal,
    base_url_of,
    find_credential,
    keep,
)
from hexoframe.api.auth.schemes import Anonymous, Credential
from hexoframe.api.auth.tokenstore import usual_stores
from hexoframe.api.links import Origin
from hexoframe.client import Client, connect
from hexoframe.errors import ConfigurationError
from hexoframe.forks import PerProcess

__all__ = [
    "estimate",
    "list_records",
    "load_channel",
    "load_range",
    "load_record",
    "login",
    "logout",
    "record_info",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Login:
    """The client that `login` made, until the process ends."""

    def __init__(self) -> None:
        self._guard = PerProcess(threading.Lock)
        self._client: Client | None = None

    def use(self, client: Client | None) -> None:
        """Use this client from now on; None uses one of the environment."""
        with self._guard.value:
            before, self._client = self._client, client
        if before is not None:
            before.close()

    @contextmanager
    def client(self, *, offline: bool) -> Iterator[Client]:
        """Yield the client for a call; offline it needs no credential."""
        with self._guard.value:
            known = self._client
        if known is not None:
            yield known
            return
        url = base_url_of()
        with Client.of(url, Anonymous(url)) if offline else connect() as client:
            yield client


_LOGIN = _Login()


def login(
    base_url: str | None = None,
    *,
    keep_token: bool = False,
    ask: Prompt = ask_at_terminal,
    **given: str | None,
) -> Client:
    """Ask for user name and password, test them, and use them in this process.

    Parameters
    ----------
    base_url : str, optional
        As for `connect`.
    keep_token : bool, default False
        Whether the token is kept for other processes and days, in the system's keyring
        or a file that only you can read. A password is never kept, so this needs an
        OAuth2 client (`client_id`, `client_secret`).
    ask : callable, optional
        Asks a question; its second argument says whether the answer is hidden.
    **given
        ``username``, ``password``, ``api_key`` and so on, as for `connect`; values that
        are found nowhere are asked for.

    Returns
    -------
    Client
        The client that `load_record` and the others use from now on.

    Raises
    ------
    AuthenticationError
        If the service does not know this user.
    ConfigurationError
        If there is no token to keep, or it cannot be kept.

    Examples
    --------
    >>> hexoframe.login()  # doctest: +SKIP
    User (e-mail) at https://api.hexoskin.com: ...
    Password of ... (not shown):
    """
    url = base_url_of(base_url)
    credential = find_credential(url, given=given, ask=ask, to_keep=keep_token)
    client = Client.of(url, credential)
    try:
        client.account()
        if keep_token:
            _keep(credential)
    except BaseException:
        client.close()
        raise
    _LOGIN.use(client)
    return client


def _keep(credential: Credential) -> None:
    if keep(credential) is None:
        raise ConfigurationError(
            "the token could not be kept: neither a keyring nor the folder of the "
            "user's settings can be written; set HEXOFRAME_TOKEN instead"
        )


def logout(base_url: str | None = None) -> bool:
    """Forget the user of this process, and the token that was kept.

    Parameters
    ----------
    base_url : str, optional
        As for `connect`.

    Returns
    -------
    bool
        Whether a token had been kept. It stays valid on the server until it expires.

    Raises
    ------
    ConfigurationError
        If the token cannot be removed.
    """
    _LOGIN.use(None)
    origin = Origin.of(base_url_of(base_url))
    kept = [store for store in usual_stores() if store.read(origin)]
    for store in kept:
        if not store.write(origin, {}):
            raise ConfigurationError(
                f"the token in {store.name} could not be removed: remove it by hand, "
                "or revoke it on the server"
            )
    return bool(kept)


def _asking(method: Callable[Concatenate[Client, _P], _T]) -> Callable[_P, _T]:
    """Return a method of `Client` as a function that finds its client itself."""
    # For a list `offline` is a filter, which the service refuses.
    loads = method.__name__.startswith("load_")

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with _LOGIN.client(offline=loads and bool(kwargs.get("offline"))) as client:
            return method(client, *args, **kwargs)

    whole = inspect.signature(method)
    _, *parameters = whole.parameters.values()
    call.__signature__ = whole.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__module__, call.__qualname__ = __name__, method.__name__
    return call


def current_client() -> AbstractContextManager[Client]:
    """Return a context with the client of `login`, or of the environment.

    Raises
    ------
    AuthenticationError
        If no source has credentials.
    """
    return _LOGIN.client(offline=False)


list_records = _asking(Client.list_records)
record_info = _asking(Client.record_info)
load_record = _asking(Client.load_record)
load_channel = _asking(Client.load_channel)
load_range = _asking(Client.load_range)
estimate = _asking(Client.estimate)
