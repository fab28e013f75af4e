"""The connections to a host; an answer on them must begin in time.

A timeout of a socket counts each silence alone, so that a head that drips, a byte
before each timeout, could hold a request for days. Here the whole head has a limit. The
pace of a body is judged in `responses`.
"""

from __future__ import annotations

import http.client
import io
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import connection, connectionpool, poolmanager

from hexoframe.version import __version__

if TYPE_CHECKING:
    import socket

    import urllib3

__all__ = ["HEAD_TIMEOUTS", "open_session"]

HEAD_TIMEOUTS = 2
"""The head of an answer takes at most so many timeouts of the socket."""


class _TimedReader(io.RawIOBase):
    """The bytes of a socket; reading after the `deadline`, if there is one, raises."""

    def __init__(self, raw: io.RawIOBase, deadline: float | None) -> None:
        super().__init__()
        self._raw = raw
        self.deadline = deadline

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what there is, waiting as long as the socket does."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimeoutError("the head of the answer takes too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let the socket go."""
        self._raw.close()
        super().close()


class _TimedFiles:
    """Stands for a socket where an answer takes its file from."""

    def __init__(self, sock: socket.socket) -> None:
        silence = sock.gettimeout()
        limit = None if silence is None else time.monotonic() + HEAD_TIMEOUTS * silence
        self.reader = _TimedReader(sock.makefile("rb", buffering=0), limit)

    def makefile(self, _: str) -> io.BufferedReader:
        """Return the file."""
        return io.BufferedReader(self.reader)


class _TimedAnswer(http.client.HTTPResponse):
    """An answer whose head must arrive in time."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        self._files = _TimedFiles(sock)
        super().__init__(self._files, *args, **more)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self._files.reader.deadline = None


class _Http(connection.HTTPConnection):
    response_class = _TimedAnswer


class _Https(connection.HTTPSConnection):
    response_class = _TimedAnswer


class _HttpPool(connectionpool.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(connectionpool.HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    """Uses these connections, to a host and to a proxy."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make the pools to hosts."""
        super().init_poolmanager(*args, **more)
        _use(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **more: Any) -> urllib3.ProxyManager:
        """Return the pools to a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **more)
        _use(manager)
        return manager


def _use(manager: urllib3.PoolManager) -> None:
    # A SOCKS proxy has connections of its own.
    if manager.pool_classes_by_scheme is poolmanager.pool_classes_by_scheme:
        manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


def open_session() -> requests.Session:
    """Return a session that keeps some connections open, and no cookies."""
    session = requests.Session()
    adapter = _Adapter(pool_connections=2, pool_maxsize=8, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"hexoframe/{__version__}"
    # They would identify a user beside the credential.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
