"""When a request is sent again, and how long it waits before.

Counting and waiting are those of urllib3; each attempt is signed and paced anew, which
is why its adapter does not repeat requests by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import urllib3
from urllib3.util.retry import RequestHistory, Retry

from hexoframe.api.http.failures import LINE, PassingError, unreachable
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.links import Origin

__all__ = ["RetryPolicy", "again"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
# urllib3 sends the first repetition at once; with a history of one it waits too.
_BEFORE = (RequestHistory(None, None, None, None, None),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a request is sent again, and how long it waits before.

    Parameters
    ----------
    total : int, default 5
        Times that a request is sent again, before its failure counts.
    unmet : int, default 2
        The same where there is nobody at the other end, so that who is offline hears
        of it soon.
    backoff_s : float, in s, default 0.5
        Half of the first wait; each further one is twice as long.
    jitter_s : float, in s, default 0.5
        Up to so much is added, so that many clients do not come back at once.
    longest_s : float, in s, default 120
        A service that asks for a longer wait is not waited for.
    sleep : callable, default time.sleep
        Waits so many seconds; a test gives one that does not.
    """

    total: int = 5
    unmet: int = 2
    backoff_s: float = 0.5
    jitter_s: float = 0.5
    longest_s: float = 120
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

    Parameters
    ----------
    attempt : callable
        Sends the request and reads the answer; raises PassingError, or what the
        libraries raise where a line fails, for a failure that may pass.
    policy : RetryPolicy
        How often and after which waits.
    limiter : Limiter
        Told where the service asks all callers to wait.
    origin, path : Origin, str
        Of the request, for messages.

    Returns
    -------
    object
        What the attempt returns.

    Raises
    ------
    HexoframeError
        What the last attempt failed with.
    """
    count = policy.begin()
    while True:
        try:
            return attempt()
        except PassingError as error:
            failure = error
        except LINE as error:
            failure = unreachable(error, origin, path)
        # Outside of the handlers: the error shall carry no exception of a library,
        # whose text may hold the query.
        following = _next(count, failure, policy)
        if following is None:
            raise failure.final
        count = following
        wait_s = failure.wait_s
        if wait_s is None:
            wait_s = count.get_backoff_time()
        else:
            limiter.postpone(wait_s)
        kind = type(failure.final).__name__
        _LOG.info("%s on %s%s: again in %.1f s", kind, origin, path, wait_s)
        policy.sleep(wait_s)


def _next(count: Retry, failure: PassingError, policy: RetryPolicy) -> Retry | None:
    """Return the count after a failure, None if it was the last."""
    if failure.wait_s is not None and failure.wait_s > policy.longest_s:
        return None
    tried = len(count.history) - len(_BEFORE)
    if failure.unmet and tried >= policy.unmet:
        return None
    try:
        return count.increment("GET", "/", error=failure)
    except urllib3.exceptions.MaxRetryError:
        return None
