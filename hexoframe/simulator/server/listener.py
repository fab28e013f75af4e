"""The listening socket and its connections: keep-alive, optional TLS, orderly shutdown.

werkzeug's own server closes each connection after one answer, and ends the process if
the port is taken.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["HOST", "Listener"]

HOST = "127.0.0.1"
_BACKLOG = 128
_LAST_PORT = 65_535
_PATIENCE_S = 5.0


class _Handler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    # Head and body are sent separately; the body must not wait for the acknowledgement
    # of the head.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.request_version != "HTTP/1.1":
            self.close_connection = True
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._content(environ))
        head: list[Any] = []

        def start_response(status: str, headers: Any, _: Any = None) -> Any:
            head[:] = status, headers
            return self.wfile.write

        parts = self.server.app(environ, start_response)
        try:
            self._send(iter(parts), head)
        except ConnectionError:
            self.close_connection = True
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def _content(self, environ: dict[str, Any]) -> bytes:
        """Return the whole body, so that the next request starts after it."""
        if environ.get("wsgi.input_terminated"):
            return bytes(environ["wsgi.input"].read())
        told = environ.get("CONTENT_LENGTH") or "0"
        return self.rfile.read(int(told)) if told.isdecimal() else b""

    def _send(self, parts: Iterator[bytes], head: list[Any]) -> None:
        # Nothing is sent before the first part: a fault may raise in its place.
        first = next(parts, b"")
        status, headers = head
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        sized = any(name.lower() == "content-length" for name, _ in headers)
        bare = self.command == "HEAD" or code in {"204", "304"}
        chunked = not (sized or bare or self.close_connection)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for part in itertools.chain([first], parts):
            if chunked and part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            elif part:
                self.wfile.write(part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # its name
        """Print nothing: the journal has more."""


class Listener(ThreadedWSGIServer):
    """The server on a port of the loopback, 0 for a free one; one thread a connection.

    `certificate` is a PEM file with private key and certificate, for TLS.
    """

    def __init__(self, app: Flask, port: int, certificate: str | None) -> None:
        self._lock = threading.Lock()
        self._open: dict[Any, threading.Thread] = {}
        with _bound(port) as bound:
            super().__init__(
                HOST, port, app, _Handler, ssl_context=_tls(certificate),
                fd=bound.fileno(),
            )  # fmt: skip

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer the requests of a connection in its own thread."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="hexoframe simulator: connection",
            daemon=True,
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close all open connections."""
        with self._lock:
            still = dict(self._open)
        for connection in still:
            with contextlib.suppress(OSError):  # its other end was quicker
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still.values():
            thread.join(_PATIENCE_S)


def _bound(port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        raise ConfigurationError(
            f"port {port} does not exist: give 1 to {_LAST_PORT}, or 0 for any free one"
        )
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} is not available: {error.strerror}; give another, or 0 for "
            "any free one"
        ) from error


def _tls(certificate: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except OSError as error:
        raise ConfigurationError(
            f"{certificate} cannot be served with: {error}; give a PEM file with a "
            "private key and its certificate"
        ) from error
    return context
