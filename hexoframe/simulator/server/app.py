"""The service over HTTP: URLs, authentication, journal and faults.

Only this module and `sending` import Flask.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, Response, request

from hexoframe.simulator.server.auth import Authenticator, Identity
from hexoframe.simulator.server.faults import Faults, ServerFault
from hexoframe.simulator.server.journal import Journal, LoggedRequest, RateCounter
from hexoframe.simulator.server.messages import (
    Answer,
    BadQueryError,
    DeniedError,
    WireRequest,
    empty,
    error,
    wanted_form,
)
from hexoframe.simulator.server.sending import Line, Outgoing, spoilt
from hexoframe.simulator.server.service import ApiRequest, Service
from hexoframe.simulator.server.settings import Switches

__all__ = ["Gateway", "make_app"]

_LOG = logging.getLogger(__name__)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
View = Callable[..., Answer]


@dataclass(kw_only=True)
class Gateway:
    """Turns HTTP requests into answers of the service, with faults and the journal."""

    service: Service
    switches: Switches
    authenticator: Authenticator
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Create what depends on the switches."""
        self.line = Line(self.switches.bandwidth, self.stopping)
        self.rate = RateCounter(self.switches.rate_limit)

    def respond(self, view: View) -> Response:
        """Return the response to the current request, faults included."""
        arrived = time.monotonic()
        environ = request.environ
        path = str(environ.get("RAW_URI", request.full_path))
        accept = request.headers.get("Accept", "")
        self.stopping.wait(self.switches.latency_s)
        fault = None
        if self.rate.exceeds():
            seconds = self.switches.rate_retry_after
            answer = _only(429, seconds)
        else:
            fault = self.faults.take(path, accept, request.method)
            environ["hexoframe.fault"] = fault
            answer = spoilt(self._before(view, fault), fault)
        ranges = (request.headers.get("Range", ""), request.headers.get("If-Range", ""))
        out = Outgoing(answer, self.switches, fault=fault, asked=ranges)
        dropped = fault is not None and fault.kind in {"drop", "unheard"}
        self.journal.write(
            LoggedRequest(
                time=arrived,
                method=request.method,
                path=path,
                status=0 if dropped else out.status,
                bytes=0 if dropped else out.size,
                user=environ.get("hexoframe.user"),
                accept=accept,
                range=ranges[0],
            )
        )
        return out.response(self.line)

    def _before(self, view: View, fault: ServerFault | None) -> Answer:
        """Return the answer, or that of a fault in its place."""
        self.service.world.catch_up()
        if not _is_here(request.environ.get("HTTP_HOST", "")):
            return error(421, "this server answers only to names of this machine")
        if fault is not None and fault.kind == "status":
            return _only(fault.status, fault.retry_after)
        if fault is not None and fault.kind == "unheard":
            return empty(500)  # never sent
        if fault is not None and fault.kind == "redirect":
            return empty(302, Location=fault.url + request.environ["RAW_URI"])
        if fault is not None and fault.kind == "expired_token":
            self.authenticator.expire(wire())
        if request.path.startswith("/api") and not request.path.endswith("/"):
            query = request.query_string.decode("ascii", "replace")
            return empty(301, Location=f"{request.path}/{query and '?' + query}")
        return _safely(view)

    def asked(self) -> ApiRequest:
        """Return the current request after authentication."""
        who = self._identify()
        fault = request.environ.get("hexoframe.fault")
        content = None
        if request.method in {"POST", "PUT", "PATCH"}:
            content = request.get_json(force=True, silent=True)
        text = request.query_string.decode("utf-8", "replace")
        return ApiRequest(
            who=who,
            method="GET" if request.method == "HEAD" else request.method,
            path=request.path,
            query=parse_qsl(text, keep_blank_values=True),
            accept=wanted_form(request.headers.get("Accept", "")),
            gzip=self.switches.gzip and request.accept_encodings["gzip"] > 0,
            content=content,
            body=request.get_data(),
            form=request.mimetype,
            late=1 if fault is not None and fault.kind == "repeated_page" else 0,
        )

    def _identify(self) -> Identity:
        who = self.authenticator.identify(wire())
        request.environ["hexoframe.user"] = who.user.email
        return who


def _safely(view: View) -> Answer:
    """Return the answer of a view, or that of its error."""
    try:
        return view()
    except DeniedError as denied:
        return denied.answer
    except BadQueryError as bad:
        return error(400, bad.fields or str(bad))
    except Exception:  # noqa: BLE001  # logged, and answered as the service does
        _LOG.exception("the simulator failed on %s %s", request.method, request.path)
        return error(500)


def wire() -> WireRequest:
    """Return the current request as it came over the wire, undecoded."""
    raw = str(request.environ["RAW_URI"])
    host = str(request.environ.get("HTTP_HOST", ""))
    url = raw if "://" in raw else f"{request.scheme}://{host}{raw}"
    return WireRequest(request.method, url, lambda name: request.headers.get(name, ""))


def _is_here(host: str) -> bool:
    """Whether a Host header names this machine, as those of its own programs do.

    A page of the web may let its name lead here, so that a browser lets it read the
    answers; the name in its requests is still that of the page.
    """
    try:
        name = urlsplit(f"//{host}").hostname
        return name in {None, "localhost"} or ip_address(name or "").is_loopback
    except ValueError:
        return False


def _only(status: int, retry_after: int | str | None) -> Answer:
    answer = error(status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def make_app(gateway: Gateway) -> Flask:
    """Return the application: every URL of the service, current and old form."""
    app = Flask("hexoframe simulator", static_folder=None)
    app.url_map.strict_slashes = False
    views = {
        base + path: view
        for base in ("/api/", "/api/v1/")
        for path, view in _api_views(gateway).items()
    }
    for path, view in (views | _oauth1_views(gateway.authenticator)).items():

        def run(view: View = view, **named: Any) -> Response:
            return gateway.respond(lambda: view(**named))

        app.add_url_rule(
            path,
            endpoint=path,
            view_func=run,
            methods=_METHODS,
            provide_automatic_options=False,
        )
    app.register_error_handler(404, lambda _: gateway.respond(lambda: error(404)))
    app.register_error_handler(405, lambda _: gateway.respond(lambda: empty(405)))
    return app


def _api_views(gateway: Gateway) -> dict[str, View]:
    """Return the view of each path below ``/api/``."""
    service, authenticator = gateway.service, gateway.authenticator

    def root() -> Answer:
        return service.root(v1=request.path.startswith("/api/v1/"))

    def schema(name: str) -> Answer:
        gateway.asked()
        return service.schema(name)

    def authorize() -> Answer:
        return authenticator.authorize(request.args, authenticator.basic_user(wire()))

    def token() -> Answer:
        if request.method != "POST":
            return empty(405, Allow="POST")
        # The vendor's clients send either a form or a query.
        return authenticator.token({**request.args, **request.form}, wire())

    return {
        "": root,
        "connect/oauth2/auth/": authorize,
        "connect/oauth2/token/": token,
        "import/": lambda: service.upload(gateway.asked()),
        "import/<key>/": lambda key: service.imported(gateway.asked(), key),
        "<name>/schema/": schema,
        "<name>/": lambda name: service.listing(gateway.asked(), name),
        "<name>/<key>/": lambda name, key: service.detail(gateway.asked(), name, key),
    }


def _oauth1_views(authenticator: Authenticator) -> dict[str, View]:
    def authorize() -> Answer:
        return authenticator.oauth1.authorize(
            request.args, authenticator.basic_user(wire()).id
        )

    return {
        "/oauth/request_token": lambda: authenticator.oauth1.request_token(wire()),
        "/oauth/authorize": authorize,
        "/oauth/access_token": lambda: authenticator.oauth1.access_token(wire()),
    }
