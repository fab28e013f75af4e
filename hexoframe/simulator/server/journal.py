"""The log of requests, which also counts them for the rate limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import NamedTuple

__all__ = ["Journal", "LoggedRequest", "RateCounter"]


class LoggedRequest(NamedTuple):
    """One request as it arrived, and its answer.

    Attributes
    ----------
    time : float, in s
        When it arrived, on the clock of ``time.monotonic``.
    method, path : str
        The path as on the wire, with the query.
    status : int
        0 if the connection was closed without an answer.
    bytes : int
        Length of the body as sent: compressed, and cut by a fault.
    user : str or None
        User name; None before authentication.
    accept : str
        Accept header.
    range : str
        Range header.
    """

    time: float
    method: str
    path: str
    status: int
    bytes: int
    user: str | None
    accept: str
    range: str


class Journal:
    """All requests, in the order of their answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LoggedRequest] = []

    def write(self, entry: LoggedRequest) -> None:
        """Add a request."""
        with self._lock:
            self._entries.append(entry)

    def read(self) -> list[LoggedRequest]:
        """Return a copy of the entries."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()


class RateCounter:
    """Counts the requests of the last second."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()

    def exceeds(self) -> bool:
        """Count a request and return whether it exceeds the limit."""
        if self._limit is None:
            return False
        now = time.monotonic()
        with self._lock:
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            self._recent.append(now)
            return len(self._recent) > self._limit
