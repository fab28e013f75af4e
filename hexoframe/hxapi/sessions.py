"""The session of a script: its login and its server.

Requests are sent by `hexoframe.client`; which requests does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hexoframe import cache
from hexoframe.client import Client, connect
from hexoframe.errors import AuthenticationError, ConfigurationError
from hexoframe.hxapi.objects import ObjectSource
from hexoframe.hxapi.resources import (
    RESOURCES,
    DataAccess,
    ObjectAccess,
)

__all__ = ["Api", "SessionInfo", "client_of", "test_auth"]

_SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "api": "https://api.hexoskin.com",
        "sapi": "https://sapi.hexoskin.com",
        "dapi": "https://dapi.hexoskin.com",
        "lapi": "https://lapi.hexoskin.com:4433",
        "astro": "https://astro.hexoskin.com",
    }
)
# What the old script takes for "not given".
_NOT_GIVEN = frozenset({"", "null", None})
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "login_invalid": "the service does not know this user name and password",
        "key_invalid": "the service refuses publicKey and privateKey",
    }
)


class Api:
    """What a script finds as ``auth.api``: the resources of the vendor's client.

    ``auth.api.record.get(37700)``, ``auth.api.range.list(user=1511)``. The client sends
    the requests; `own_id` is the id of the user, known after `test_auth`.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.own_id: int | None = None

    def __repr__(self) -> str:
        """Return the server, and no secret."""
        return f"<Api of {self.client.base_url}>"

    def clear_resource_cache(self) -> None:
        """Remove all records from the cache on this computer."""
        cache.clear()

    def __getattr__(self, name: str) -> ObjectAccess | DataAccess:
        """Return a resource."""
        if name in RESOURCES or name == "data":
            source = ObjectSource(self.client.session, self.own_id)
            if name == "data":
                return DataAccess(source, self.client)
            return ObjectAccess(name, source)
        raise AttributeError(
            f"auth.api has no {name!r}: it offers clear_resource_cache(), client, and "
            f"data, {', '.join(RESOURCES)}; auth.api.client.get({name!r}) returns any "
            "resource as a DataFrame"
        )


class SessionInfo:
    """The login of a script; the first request is sent here, to try it.

    Parameters
    ----------
    publicKey, privateKey : str
        API key, and what it is signed with.
    username, password : str
        E-mail address and password. What is left out comes from ``HEXOFRAME_*``
        variables, the keyring or the token file.
    base_url : str, optional
        ``"api"``, ``"sapi"``, ``"dapi"``, ``"lapi"`` or ``"astro"``, or the base URL of
        a server; ``HEXOFRAME_BASE_URL`` or api.hexoskin.com unless given.
    database : str, optional
        Another name of `base_url`.

    Raises
    ------
    ConfigurationError
        If the service refuses the login (the old script raised ValueError, which this
        is too), or there is no such server.
    """

    def __init__(  # noqa: PLR0913  # the order of the old script
        self,
        publicKey: str = "null",
        privateKey: str = "null",
        username: str = "null",
        password: str = "null",  # noqa: S107  # stands for none
        base_url: str | None = None,
        *,
        database: str | None = None,
    ) -> None:
        given = {
            "username": username,
            "password": password,
            "api_key": publicKey,
            "api_secret": privateKey,
        }
        there = {
            name: value for name, value in given.items() if value not in _NOT_GIVEN
        }
        self.api = Api(connect(_server(base_url or database), **there))
        refused = test_auth(self.api)
        if refused:
            raise ConfigurationError(
                f"{refused}: {_REFUSED[refused]} at {self.api.client.base_url}: check "
                "what SessionInfo was given, and the HEXOFRAME_* variables"
            )

    def __repr__(self) -> str:
        """Return the server, and no secret."""
        return f"<SessionInfo of {self.api.client.base_url}>"


def _server(name: str | None) -> str | None:
    if name is None or "://" in name:
        return name
    if name not in _SERVERS:
        raise ConfigurationError(
            f"base_url={name!r}: give one of {', '.join(map(repr, _SERVERS))}, or a "
            "URL such as 'https://api.hexoskin.com'"
        )
    return _SERVERS[name]


def test_auth(api: Api) -> str:
    """Try a login.

    Parameters
    ----------
    api : Api
        ``auth.api``.

    Returns
    -------
    str
        "" if it works, "login_invalid" if user or password are wrong, "key_invalid" if
        the signature is.

    Raises
    ------
    HexoframeError
        If the service cannot be asked, or refuses for another reason.
    """
    try:
        api.own_id = api.client.account()["id"]
    except AuthenticationError as error:
        if error.status != 401:
            raise
        # The status is one for both; only the service's own words, which the message
        # quotes, tell them apart.
        by_key = "API signature failed" in str(error)
        return "key_invalid" if by_key else "login_invalid"
    return ""


def client_of(auth: Any) -> Client:
    """Return the client of a `SessionInfo`; anything else is refused."""
    if not isinstance(auth, SessionInfo):
        raise ConfigurationError(
            f"auth is a {type(auth).__name__}; give what SessionInfo(publicKey=..., "
            "privateKey=..., username=..., password=...) returns"
        )
    return auth.api.client
