"""Shows the view of a record on this machine, with every sample of it.

A server on 127.0.0.1 that answers whoever knows the token in its address, under its own
name alone, so that no other page of the browser and no other name for this machine gets
at the samples. It sends the page of `view`, then the samples of the parts that are
zoomed into.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from hexoframe.errors import ConfigurationError
from hexoframe.report.view import fitting_panels, make_page
from hexoframe.report.viewdata import samples_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hexoframe.recording.data import RecordData
    from hexoframe.report.viewdata import Panel

__all__ = ["serve_view"]

_LOGGER = logging.getLogger(__name__)
_HOST = "127.0.0.1"
# Bytes of the page: it opens at once, and the rest comes as it is looked at.
_LARGEST = 12_000_000
# Ticks that one answer spans at most: two hours at 256 Hz.
_MOST_S = 7200
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@contextmanager
def serve_view(
    record: RecordData,
    *,
    channels: Sequence[str | int] | None = None,
    port: int = 0,
) -> Iterator[str]:
    """Serve the view of a record while a block runs.

    Parameters
    ----------
    record : RecordData
        The record.
    channels : sequence of str or int, optional
        As for `hexoframe.Record.explore`.
    port : int, default 0
        Port on 127.0.0.1; 0 takes a free one.

    Yields
    ------
    str
        The address of the page, with the token: who has it may see the samples.

    Raises
    ------
    ConfigurationError
        If the port is not available, or there is nothing to show.
    UnknownChannelError
        If the model has no such channel.
    """
    panels = fitting_panels(record, channels, _LARGEST)
    page = make_page(record, panels, served=True).encode("utf-8")
    token = secrets.token_urlsafe(24)
    try:
        server = _ViewServer((_HOST, port), _ViewHandler)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"port {port} of {_HOST} is not available ({error}): give another one, or "
            "0 for any free one"
        ) from error
    server.show(record, panels, page, token)
    thread = threading.Thread(
        target=server.serve_forever,
        kwargs={"poll_interval": 0.05},
        name="hexoframe view",
        daemon=True,
    )
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}/{token}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _ViewServer(ThreadingHTTPServer):
    """The server of one view."""

    daemon_threads = True
    allow_reuse_address = False

    def show(
        self, record: RecordData, panels: Sequence[Panel], page: bytes, token: str
    ) -> None:
        """Set what is shown, and the token that opens it."""
        self.record, self.page = record, page
        self.sources = {panel.source.key: panel.source for panel in panels}
        self.root = f"/{token}/"
        self.hosts = {f"{name}:{self.server_port}" for name in (_HOST, "localhost")}

    def samples(self, query: str) -> dict[str, Any]:
        """Return the samples that a query asks for; ValueError if it makes no sense."""
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        source = self.sources.get(given.get("key", ""))
        if source is None:
            raise ValueError("the view has no such channel")
        first, last = int(given.get("first", "")), int(given.get("last", ""))
        if not 0 <= last - first <= _MOST_S * self.record.clock:
            raise ValueError(f"at most {_MOST_S} s are sent at once")
        return samples_between(self.record, source, first, last)


class _ViewHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _ViewServer
    server_version, sys_version = "hexoframe", ""
    timeout = 30

    def do_GET(self) -> None:
        """Send the page, or samples; nothing to whoever lacks name or token."""
        if self.headers.get("Host", "") not in self.server.hosts:
            self._send(HTTPStatus.FORBIDDEN, b"not under this name")
            return
        address = urlsplit(self.path)
        root, _, name = address.path.rpartition("/")
        if not hmac.compare_digest(f"{root}/".encode(), self.server.root.encode()):
            self._send(HTTPStatus.NOT_FOUND, b"not found")
        elif name == "":
            self._send(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")
        elif name == "samples":
            self._send_samples(address.query)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"not found")

    def _send_samples(self, query: str) -> None:
        try:
            found = self.server.samples(query)
        except ValueError as error:
            self._send(HTTPStatus.BAD_REQUEST, str(error).encode("utf-8"))
            return
        data = json.dumps(found, separators=(",", ":")).encode("utf-8")
        self._send(HTTPStatus.OK, data, "application/json")

    def _send(
        self, status: HTTPStatus, data: bytes, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
        """Log without the token."""
        text = (format % args).replace(self.server.root, "/.../")
        _LOGGER.debug("%s", text)
