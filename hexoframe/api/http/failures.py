"""What a refused, failed or missing answer means, and what to do about it.

Every message of a failed request is made here: it names host and path, never a query,
and nothing that a credential holds. Whether a request is sent again is decided in
`retries`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.util.retry import Retry

from hexoframe.api.auth.schemes import Credential
from hexoframe.api.links import Origin
from hexoframe.errors import (
    AuthenticationError,
    HexoframeError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ServerError,
    UnreachableError,
)

__all__ = [
    "LINE",
    "PassingError",
    "path_of",
    "raise_status",
    "refused_grant",
    "told",
    "unreachable",
]

_ERRORS: Mapping[int, type[RequestError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitedError,
}
_PASSING = frozenset({429, 500, 502, 503, 504})
# What the libraries raise where a line fails. No plain OSError: that would be the disk.
LINE = (requests.RequestException, urllib3.exceptions.HTTPError)
_SILENT = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)
_NEVER_THERE = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.SSLError,
)
# Where the ids of what was asked for can be seen.
_LISTED = {
    "record": "; list_records() shows the records that can be loaded",
    "range": "; connect().list_ranges() shows the ranges that can be loaded",
}


class PassingError(Exception):
    """A failure that may pass.

    Attributes
    ----------
    final : HexoframeError
        The error that it is if it does not pass.
    wait_s : float or None, in s
        How long the service asks callers to wait.
    unmet : bool
        Whether there was nobody at the other end of the line.
    """

    def __init__(
        self,
        final: HexoframeError,
        *,
        wait_s: float | None = None,
        unmet: bool = False,
    ) -> None:
        super().__init__()
        self.final = final
        self.wait_s = wait_s
        self.unmet = unmet


def raise_status(
    response: requests.Response, origin: Origin, auth: Credential
) -> NoReturn:
    """Raise the error of an answer whose status is no success."""
    status = response.status_code
    kind = _ERRORS.get(status, ServerError if status >= 500 else RequestError)
    wait_s = _retry_after(response)
    said = told(response)
    if status == 429 and wait_s and not said:
        said = f"for {wait_s:.0f} s"
    message = _message(origin, path_of(response), status, said, auth)
    error = kind(message, status=status, retry_after=wait_s)
    if status in _PASSING:
        raise PassingError(error, wait_s=wait_s)
    raise error


def unreachable(error: BaseException, origin: Origin, path: str) -> PassingError:
    """Return the failure of a line as an error of this package."""
    chain = _chain(error)
    if any(isinstance(each, _SILENT) for each in chain):
        final = UnreachableError(
            f"{origin}{path} fell silent in mid-answer: try again later"
        )
        return PassingError(final)
    never = any(isinstance(each, _NEVER_THERE) for each in chain)
    what = "no connection to" if never else "no complete answer from"
    final = UnreachableError(
        f"{what} {origin} ({_reason(chain[-1])}): check the network, the base URL and "
        "any proxy, then run the same call again"
    )
    return PassingError(final, unmet=never)


def path_of(response: requests.Response) -> str:
    """Return the path of an answer, which a message may name."""
    return urlsplit(response.url).path


def _retry_after(response: requests.Response) -> float | None:
    """Return the wait that an answer asks for, in s: given as seconds, or a date."""
    try:
        asked = Retry().get_retry_after(response.raw)
    except urllib3.exceptions.InvalidHeader:
        return None
    return None if asked is None else float(asked)


def told(response: requests.Response) -> str:
    """Return what an answer says of its failure, shortened; "" for nothing."""
    try:
        content = json.loads(response.content)
    except (ValueError, *LINE):
        return ""
    if not isinstance(content, dict):
        return ""
    text = content.get("error", content.get("error_message", ""))
    return " ".join(str(text).split())[:200]


def _message(
    origin: Origin, path: str, status: int, said: str, auth: Credential
) -> str:
    """Return what a status means and what to do about it."""
    quoted = f" ({said})" if said else ""
    place = f"{origin}{path}"
    if status == 401 and "signature" in said.lower():
        return (
            f"{origin} refuses the API key{quoted}: check HEXOFRAME_API_KEY and "
            "HEXOFRAME_API_SECRET, and that the clock of this computer is right"
        )
    known = {
        401: f"{origin} does not know this user{quoted}: {auth.how_to_mend}",
        403: f"{place} is not open to this user{quoted}: ask its owner to share it, or "
        "log in as another user",
        404: f"{place} does not exist, or this user may not see it: check the id"
        + _LISTED.get(place.removeprefix(f"{origin}/api/").partition("/")[0], ""),
        429: f"{origin} asks for fewer requests{quoted}: wait some minutes, or as "
        "long as it says, and see "
        "that no other program asks with the same user",
    }
    if status in known:
        return known[status]
    verb = "failed" if status >= 500 else "refused the request"
    then = ": try again later" if status >= 500 else ""
    return f"{place} {verb} with status {status}{quoted}{then}"


def refused_grant(origin: Origin, grant: str, told: str) -> str:
    """Return why the token endpoint gives no token, and what to do about it."""
    said = f" ({told})" if told else ""
    if told == "invalid_client":
        return (
            f"{origin} does not know the OAuth2 client{said}: check "
            "HEXOFRAME_CLIENT_ID and HEXOFRAME_CLIENT_SECRET"
        )
    if grant == "refresh_token":
        return (
            f"{origin} does not renew the token{said}: log in again with "
            "hexoframe.login()"
        )
    return (
        f"{origin} gives no token{said}: check user name and password; an OAuth2 "
        "client for passwords serves the user who owns it alone"
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what is inside of it, the innermost last."""
    chain = [error]
    while True:
        inner: Any = getattr(chain[-1], "reason", None)
        if not isinstance(inner, BaseException):
            args = chain[-1].args
            inner = next((arg for arg in args if isinstance(arg, BaseException)), None)
        inner = chain[-1].__cause__ if inner is None else inner
        if inner is None or inner in chain:
            return chain
        chain.append(inner)


def _reason(error: BaseException) -> str:
    """Return what an innermost error is, without its text, which may hold a URL."""
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}"
    return kind
