"""Failed requests: the error that each one means, and the retries.

Messages name host and path, never a query or anything of a credential. urllib3 counts
the retries and their delays; it sends none by itself, since each attempt is signed anew
and waits for the limiter.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.util.retry import RequestHistory, Retry

from hexoframe.errors import (
    AuthenticationError,
    HexoframeError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ResponseError,
    ServerError,
    UnreachableError,
)
from hexoframe.jsontext import JsonSource

if TYPE_CHECKING:
    from hexoframe.api.auth.schemes import Credential
    from hexoframe.api.http.limiter import Limiter
    from hexoframe.api.links import Origin

__all__ = [
    "CONNECTION",
    "PassingError",
    "RetryPolicy",
    "again",
    "error_text",
    "path_of",
    "raise_status",
    "refused_change",
    "refused_grant",
    "unreachable",
]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_ERRORS: Mapping[int, type[RequestError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitedError,
}
_LOGIN = "/api/connect/"
_MOST_EXPLAINED = 1 << 14  # bytes
_PASSING = frozenset({429, 500, 502, 503, 504})
# What the libraries raise for a broken connection. No plain OSError: that is the disk.
CONNECTION = (requests.RequestException, urllib3.exceptions.HTTPError)
_SILENT = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)
_NO_CONNECTION = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.SSLError,
)
# A longer wait is announced.
_SILENT_S = 3.0
# The lists that show valid ids.
_LISTED = {
    "record": "; list_records() shows the records that can be loaded",
    "range": "; connect().list_ranges() shows the ranges that can be loaded",
}
# Path of one object.
_ONE = re.compile(r"/api/(?:v1/)?([a-z_]+)/(\d+)/")
# urllib3 sends the first repetition at once; with a history of one it waits too.
_BEFORE = (RequestHistory(None, None, None, None, None),)


class PassingError(Exception):
    """A failure that may pass; `final` is the error to raise if it does not.

    `wait_s` is the wait that the service asks for; `unmet` says that no connection was
    made at all, `unheard` that the request was not acted on: it may be sent again even
    if it must not be acted on twice.
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

    @property
    def unheard(self) -> bool:
        """Whether the service cannot have acted on the request."""
        return self.unmet or isinstance(self.final, RateLimitedError)


# --- the error of an answer -----------------------------------------------------------


def raise_status(
    response: requests.Response, origin: Origin, auth: Credential
) -> NoReturn:
    """Raise the error of an answer whose status is not a success."""
    status = response.status_code
    kind = _ERRORS.get(status, ServerError if status >= 500 else RequestError)
    wait_s = _retry_after(response)
    said = error_text(response)
    if status == 429 and wait_s and not said:
        said = f"for {wait_s:.0f} s"
    path = path_of(response)
    # A login changes nothing.
    changes = response.request.method != "GET" and not path.startswith(_LOGIN)
    if changes and status == 403:
        message = refused_change(origin, path, said)
    else:
        message = _message(origin, path, status, said, auth)
    error = kind(message, status=status, retry_after=wait_s)
    if status in _PASSING:
        raise PassingError(error, wait_s=wait_s)
    raise error


def unreachable(error: BaseException, origin: Origin, path: str) -> PassingError:
    """Return the failure that an error of a connection means."""
    chain = _chain(error)
    if any(isinstance(each, _SILENT) for each in chain):
        final = UnreachableError(
            f"{origin}{path} fell silent in mid-answer: try again later"
        )
        return PassingError(final)
    never = any(isinstance(each, _NO_CONNECTION) for each in chain)
    what = "no connection to" if never else "no complete answer from"
    final = UnreachableError(
        f"{what} {origin} ({_reason(chain[-1])}): check the network, the base URL and "
        "any proxy, then run the same call again"
    )
    return PassingError(final, unmet=never)


def path_of(response: requests.Response) -> str:
    """Return the path of an answer, without the query."""
    return urlsplit(response.url).path


def _retry_after(response: requests.Response) -> float | None:
    """Return the wait that an answer asks for, in s; it may be given as a date."""
    try:
        asked = Retry().get_retry_after(response.raw)
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        # No number, too many digits, or a date that no calendar has.
        return None
    return None if asked is None else float(asked)


def error_text(response: requests.Response) -> str:
    """Return the explanation in a failed answer, shortened; "" for none."""
    try:
        # An explanation that is longer does not help.
        body = response.raw.read(_MOST_EXPLAINED, decode_content=True)
        content = JsonSource("the answer", ResponseError).read(body)
    except (ResponseError, *CONNECTION):
        return ""
    if not isinstance(content, dict):
        return ""
    text = content.get("error", content.get("error_message", ""))
    return " ".join(str(text).split())[:200]


def refused_change(origin: Origin, path: str, said: str = "") -> str:
    """Return why a user may not change something, and what to do about it."""
    quoted = f" ({said})" if said else ""
    return (
        f"{origin}{path} may not be changed with these credentials{quoted}, and "
        "nothing was. A token of OAuth2 is read-only unless it was requested with "
        "scope='readwrite': connect so, or get a HEXOFRAME_TOKEN of that scope. What "
        "belongs to another user, that user must change"
    )


def _message(
    origin: Origin, path: str, status: int, said: str, auth: Credential
) -> str:
    """Return what a status means and what to do about it."""
    quoted = f" ({said})" if said else ""
    place = f"{origin}{path}"
    one = _ONE.fullmatch(path)
    name = one[1] if one else ""
    what = f"{name} {one[2]} of {origin}" if one else place
    if status == 401 and "signature" in said.lower():
        return (
            f"{origin} refuses the API key{quoted}: check HEXOFRAME_API_KEY and "
            "HEXOFRAME_API_SECRET, and that the clock of this computer is right"
        )
    known = {
        401: f"{origin} does not know this user{quoted}: {auth.how_to_mend}",
        403: f"{what} is not open to this user{quoted}: ask its owner to share it, or "
        "log in as another user",
        404: f"{what} does not exist, or this user may not see it: check the id"
        + _LISTED.get(name, ""),
        429: f"{origin} asks for fewer requests{quoted}: wait some minutes, or as "
        "long as it says, and check that no other program sends requests as the same "
        "user",
    }
    if status in known:
        return known[status]
    verb = "failed" if status >= 500 else "refused the request"
    then = ": try again later" if status >= 500 else ""
    return f"{place} {verb} with status {status}{quoted}{then}"


def refused_grant(origin: Origin, grant: str, text: str) -> str:
    """Return why the token endpoint gives no token, and what to do about it."""
    said = f" ({text})" if text else ""
    if text == "invalid_client":
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
        "client for passwords only serves the user who owns it"
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and those inside it, the innermost last."""
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
    """Return the type of an error, without its text, which may hold a URL."""
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}"
    return kind


# --- another attempt ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a request is sent again, and how long it waits before."""

    total: int = 5  # repetitions before a failure counts
    unmet: int = 2  # the same while no connection is made: who is offline hears it soon
    backoff_s: float = 0.5  # half of the first wait; each further one is twice as long
    jitter_s: float = 0.5  # at most added, so that clients do not all return at once
    longest_s: float = 120  # a service that asks for a longer wait is not waited for
    sleep: Callable[[float], object] = time.sleep

    def begin(self) -> Retry:
        """Return the count for one request."""
        return Retry(
            total=self.total,
            backoff_factor=self.backoff_s,
            backoff_jitter=self.jitter_s,
            backoff_max=self.longest_s,
            history=_BEFORE,
        )


def again(
    attempt: Callable[[], _T],
    policy: RetryPolicy,
    *,
    limiter: Limiter,
    origin: Origin,
    path: str,
) -> _T:
    """Run an attempt until it succeeds, fails for good, or the policy ends.

    A PassingError or an error of the connection is a failure that may pass. Where the
    service asks for a wait or for fewer requests, the limiter holds back all of them.
    """
    count = policy.begin()
    while True:
        try:
            return attempt()
        except PassingError as error:
            failure = error
        except CONNECTION as error:
            failure = unreachable(error, origin, path)
        # Raised outside of the handlers, so that the error carries no exception of a
        # library, whose text may hold the query.
        following = _next(count, failure, policy)
        if following is None:
            raise failure.final
        count = following
        if isinstance(failure.final, RateLimitedError):
            limiter.slow_down()
        wait_s = failure.wait_s
        if wait_s is None:
            wait_s = count.get_backoff_time()
        else:
            limiter.postpone(wait_s)
        kind = type(failure.final).__name__
        level = logging.WARNING if wait_s > _SILENT_S else logging.INFO
        _LOG.log(level, "%s on %s%s: again in %.1f s", kind, origin, path, wait_s)
        policy.sleep(wait_s)


def _next(count: Retry, failure: PassingError, policy: RetryPolicy) -> Retry | None:
    """Return the count after a failure, None if that was the last attempt."""
    if failure.wait_s is not None and failure.wait_s > policy.longest_s:
        return None
    tried = len(count.history) - len(_BEFORE)
    if failure.unmet and tried >= policy.unmet:
        return None
    try:
        return count.increment("GET", "/", error=failure)
    except urllib3.exceptions.MaxRetryError:
        return None
