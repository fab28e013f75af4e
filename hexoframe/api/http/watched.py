"""Connections that hang up on a server whose headers drip.

The time limit of a connection counts each silence anew, so a head of an answer that
comes byte by byte would hold a load for hours. Bodies are watched in `responses`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["HEAD_S", "WatchedAdapter"]

HEAD_S = 60.0
"""A head may take so long beside the silence that a connection allows before it."""


class _Watched:
    """A connection that is closed if the head of an answer takes too long."""

    sock: socket.socket | None
    timeout: Any

    def getresponse(self, *given: Any, **more: Any) -> Any:
        """Return the answer when its head is there."""
        silence = self.timeout if isinstance(self.timeout, int | float) else HEAD_S
        late = threading.Event()
        watch = threading.Timer(HEAD_S + silence, _hang_up, (self.sock, late))
        watch.daemon = True
        watch.start()
        try:
            answer = super().getresponse(*given, **more)  # type: ignore[misc]
        finally:
            watch.cancel()
        # To the parser, a connection that ended is the end of the head.
        if late.is_set():
            answer.close()
            raise TimeoutError("the head of the answer took too long")
        return answer


def _hang_up(sock: socket.socket | None, late: threading.Event) -> None:
    late.set()
    # That of the class, as a TLS socket would drop its state under the reader.
    with contextlib.suppress(OSError):
        if sock is not None:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _PlainConnection(_Watched, HTTPConnection):
    """Without TLS, to this machine."""


class _SafeConnection(_Watched, HTTPSConnection):
    """With TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class WatchedAdapter(HTTPAdapter):
    """Sends requests over connections that hang up on a head that drips."""

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        """Make the pools of these connections."""
        super().init_poolmanager(*given, **more)
        pools = {"http": _PlainPool, "https": _SafePool}
        self.poolmanager.pool_classes_by_scheme = pools
