"""The front doors for the service: an id in, a Record out.

Each function is the method of `Client` that has its name, for the user whom `login`
made known, or whom the environment or a kept token names.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from hexoframe.api.auth.credentials import (
    Prompt,
    ask_at_terminal,
    base_url_of,
    find_credential,
    keep,
)
from hexoframe.api.auth.schemes import Credential, Nobody
from hexoframe.api.auth.tokenstore import usual_stores
from hexoframe.api.links import Origin
from hexoframe.client import Client, connect
from hexoframe.errors import ConfigurationError

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


class _Known:
    """The client that `login` made, for as long as the process runs."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._client: Client | None = None

    def become(self, client: Client | None) -> None:
        """Ask as this client from now on; None asks as the environment says."""
        with self._guard:
            before, self._client = self._client, client
        if before is not None:
            before.close()

    @contextmanager
    def client(self, *, offline: bool) -> Iterator[Client]:
        """Yield the client to ask with; where nobody is asked, nobody is known."""
        with self._guard:
            known = self._client
        if known is not None:
            yield known
            return
        url = base_url_of()
        with Client.of(url, Nobody(url)) if offline else connect() as client:
            yield client


_KNOWN = _Known()


def login(
    base_url: str | None = None,
    *,
    keep_token: bool = False,
    ask: Prompt = ask_at_terminal,
    **given: str | None,
) -> Client:
    """Ask who you are, test it, and use it for all that follows in this process.

    Parameters
    ----------
    base_url : str, optional
        As for `connect`.
    keep_token : bool, default False
        Whether the token is kept for other processes and days, in the system's keyring
        or a file that only you can read. A password is never kept, so this needs an
        OAuth2 client (`client_id`, `client_secret`).
    ask : callable, optional
        Asks a question; its second argument says whether the answer must not be seen.
    **given
        ``username``, ``password``, ``api_key`` and so on, as for `connect`; what is
        missing and found nowhere else is asked for.

    Returns
    -------
    Client
        The client that `load_record` and the others use from now on.

    Raises
    ------
    AuthenticationError
        If the service does not know this user.
    ConfigurationError
        If there is no token to keep, or no place takes it.

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
    _KNOWN.become(client)
    return client


def _keep(credential: Credential) -> None:
    if keep(credential) is None:
        raise ConfigurationError(
            "the token could not be kept: neither a keyring nor the folder of the "
            "user's settings can be written; set HEXOFRAME_TOKEN instead"
        )


def logout(base_url: str | None = None) -> bool:
    """Forget who you are: in this process, and the token that was kept.

    Parameters
    ----------
    base_url : str, optional
        As for `connect`.

    Returns
    -------
    bool
        Whether a token had been kept. It stays valid on the server until it expires.
    """
    _KNOWN.become(None)
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
    # A list has no such argument, which the service is to say.
    loads = method.__name__.startswith("load_")

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with _KNOWN.client(offline=loads and bool(kwargs.get("offline"))) as client:
            return method(client, *args, **kwargs)

    whole = inspect.signature(method)
    _, *parameters = whole.parameters.values()
    call.__signature__ = whole.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__module__, call.__qualname__ = __name__, method.__name__
    return call


list_records = _asking(Client.list_records)
record_info = _asking(Client.record_info)
load_record = _asking(Client.load_record)
load_channel = _asking(Client.load_channel)
load_range = _asking(Client.load_range)
estimate = _asking(Client.estimate)
