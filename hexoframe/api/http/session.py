"""Requests to one host: paced, signed, repeated, redirected within the host alone.

A `ServiceSession` returns bytes, JSON or the items of a list, or raises an error of
`hexoframe.errors`, never that of a library. `hexoframe.formats` knows what the
bytes mean, `load` which requests a record needs.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests

from hexoframe.api.auth.schemes import TOKEN_PATH, Bearer, Credential, UnsignedBasic
from hexoframe.api.http.failures import (
    CONNECTION,
    PassingError,
    RetryPolicy,
    again,
    error_text,
    path_of,
    raise_status,
    refused_change,
    refused_grant,
    unreachable,
)
from hexoframe.api.http.limiter import Limiter, limiter_for
from hexoframe.api.http.objects import PageMeta, object_of, page_of
from hexoframe.api.http.responses import (
    BINARY,
    FORMS,
    JSON,
    BodyLimits,
    OnBytes,
    PartialFile,
    check_form,
    whole,
)
from hexoframe.api.http.watched import WatchedAdapter
from hexoframe.api.links import Origin
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    HexoframeError,
    IncompleteDataError,
    NotFoundError,
    RequestError,
    ResponseError,
)
from hexoframe.forks import PerProcess
from hexoframe.jsontext import JsonSource
from hexoframe.version import __version__

__all__ = ["PagedList", "Params", "ServiceSession"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
Params = Mapping[str, str | int]
_MOST_REDIRECTS = 3
_MOST_OBJECTS = 1000  # that the service puts on a page
# An object has 1 to 3 kB, a page of 1000 some MB.
_MOST_LISTED = 24 << 20
_MOST_GRANTED = 1 << 16
_MOST_DOWNLOADED = 8 << 30
_LISTED = BodyLimits(most_bytes=_MOST_LISTED)
_SAME_PAGE_TRIES = 3
# Objects that were added while the pages came, and those that they moved.
_MORE_THAN_TOLD = 100
# As long as the retries of one request take, and once more.
_LATELY_S = 60
_USUAL = RetryPolicy()
# What the service answers when it did what was asked.
_GIVEN: Mapping[str, frozenset[int]] = {
    "GET": frozenset({200, 206}),
    "POST": frozenset({200, 201, 202}),
    "PATCH": frozenset({200, 202, 204}),
    "DELETE": frozenset({200, 202, 204}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request, however often it is sent; `body` is a form, or bytes."""

    url: str
    method: str = "GET"
    params: Mapping[str, str] | None = None
    accept: str = JSON
    headers: Mapping[str, str] | None = None
    body: Mapping[str, str] | bytes | None = None
    auth: Credential

    @property
    def path(self) -> str:
        """The path without the query, for messages."""
        return urlsplit(self.url).path


class ServiceSession:
    """Sends requests to one host; safe for use by several threads.

    `auth` belongs to the same host, or ConfigurationError. `timeout`, in s, is for the
    connection and for each silence after it; `limits` are those of a list.
    """

    def __init__(  # noqa: PLR0913  # where to, who asks, and four policies
        self,
        base_url: str,
        auth: Credential,
        *,
        limiter: Limiter | None = None,
        timeout: tuple[float, float] = (10, 60),
        retries: RetryPolicy = _USUAL,
        limits: BodyLimits = _LISTED,
    ) -> None:
        self.origin = Origin.of(base_url)
        if auth.origin != self.origin:
            raise ConfigurationError(
                f"the credentials are for {auth.origin}, and the requests go to "
                f"{self.origin}; give credentials of that host"
            )
        self.auth = auth
        self.limiter = limiter or limiter_for(str(self.origin))
        self._timeout = timeout
        self._retries = retries
        self._limits = limits
        # Sockets are not shared with a forked child.
        self._connections = PerProcess(_connections)
        self._answered_at = -math.inf

    def __repr__(self) -> str:
        """Return the host."""
        return f"<ServiceSession with {self.origin}>"

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._connections.value.close()

    def pause(self, seconds: float) -> None:
        """Wait between two requests, as before a repetition."""
        self._retries.sleep(seconds)

    # --- requests -------------------------------------------------------------------

    def get_json(self, path: str, params: Params | None = None) -> Any:
        """Return the content of an answer in JSON; ResponseError if it is not JSON."""

        def read(answer: requests.Response) -> Any:
            body = whole(answer, self._limits)
            source = JsonSource(
                f"{self.origin}{path_of(answer)} answered {len(body)} bytes that are "
                "not complete JSON",
                ResponseError,
                advice="try again later",
            )
            try:
                # Servers in Python print NaN where a metric has no value.
                return source.read(body, nan_is_null=True)
            except ResponseError as error:
                failure = error
            raise PassingError(failure)

        return self._get(path, params, JSON, read)

    def get_object(self, path: str) -> dict[str, Any]:
        """Return one object of the service; ResponseError if it is not one."""
        return object_of(self.get_json(path), self.origin, path)

    def get_bytes(
        self,
        path: str,
        params: Params | None = None,
        *,
        accept: str = JSON,
        most_bytes: int = _MOST_LISTED,
        on_bytes: OnBytes | None = None,
    ) -> bytes:
        """Return the body of an answer, uncompressed, of the media type `accept`.

        More than `most_bytes` are a ResponseError. `on_bytes` counts bytes again if
        they are sent again.
        """
        limits = replace(self._limits, most_bytes=most_bytes)

        def read(answer: requests.Response) -> bytes:
            return whole(answer, limits, on_bytes)

        return self._get(path, params, accept, read)

    def download(  # noqa: PLR0913  # what, where to, and how much
        self,
        path: str,
        params: Params | None = None,
        *,
        target: Path,
        most_bytes: int = _MOST_DOWNLOADED,
        accept: str = BINARY,
        on_bytes: OnBytes | None = None,
    ) -> int:
        """Write a body to a file that appears when it is complete; return its length.

        A body that ends early is resumed if the service supports ranges and the body
        has not changed, by the next call or another process too. The caller prevents
        two calls for one target at a time. More than `most_bytes` are a ResponseError.
        """
        partial = PartialFile(target)
        limits = replace(self._limits, most_bytes=most_bytes)
        rest = partial.headers if accept == BINARY else None

        def fetch() -> int:
            return self._get(
                path,
                params,
                accept,
                lambda answer: partial.take(answer, limits, on_bytes),
                headers=rest,
            )

        try:
            return fetch()
        except RequestError as error:
            if error.status != 416:
                raise
        # No such range: the partial file may be complete, or of another body.
        partial.forget()
        return fetch()

    def pages(
        self, path: str, params: Params | None = None, *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the objects of a list, requesting pages as they are needed.

        An object that two pages hold comes once. ResponseError if an answer is not a
        list or a page repeats; IncompleteDataError if objects are missing at the end.
        """
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ConfigurationError(
                f"limit is {limit!r}; give a whole number from 1, or None for all"
            )
        size = _MOST_OBJECTS if limit is None else min(limit, _MOST_OBJECTS)
        walk = PagedList(self.get_json, self.origin, path)
        return walk.objects({**(params or {}), "limit": size}, limit)

    # --- changes --------------------------------------------------------------------

    def create(
        self,
        path: str,
        content: Mapping[str, Any],
        find: Callable[[], dict[str, Any] | None],
    ) -> tuple[dict[str, Any], bool]:
        """Create an object of a list, once however often the answer is lost.

        After a lost answer nothing is sent again before `find` has looked whether the
        object is there. Returns the object, and whether it was made by another request
        than the first, whose answer was lost. AuthenticationError for a read-only
        token.
        """
        body, lost, resent = json.dumps(content).encode("ascii"), False, False

        def attempt() -> dict[str, Any]:
            nonlocal lost, resent
            found = find() if lost else None
            if found is None:
                try:
                    found = self._change("POST", path, body)
                except PassingError as failure:
                    lost = lost or not failure.unheard
                    raise
                resent = lost
                # It is there now, whatever comes.
                lost = True
            # An answer may name the new object, or say nothing of it.
            found = found or find()
            if found is None:
                raise ResponseError(
                    f"{self.origin}{path} took a new object, and does not hold it; is "
                    "this a Hexoskin server?"
                )
            return found

        try:
            return self._again(attempt, path), resent
        except HexoframeError as error:
            if lost:
                error.add_note(
                    "whether it was made is not known: the same call looks for it "
                    "before anything is sent again"
                )
            raise

    def patch(self, path: str, content: Mapping[str, Any]) -> None:
        """Change fields of an object; the same change may be sent again."""
        body = json.dumps(content).encode("ascii")
        self._again(lambda: self._change("PATCH", path, body), path)

    def delete(self, path: str) -> None:
        """Delete an object; if the answer to that was lost, it may be gone already."""
        lost = False

        def attempt() -> None:
            nonlocal lost
            try:
                self._change("DELETE", path, b"")
            except PassingError as failure:
                lost = lost or not failure.unheard
                raise
            except NotFoundError:
                if not lost:
                    raise

        self._again(attempt, path)

    def upload(self, path: str, body: bytes, *, form: str) -> dict[str, Any]:
        """Send a file; it is not sent again if the answer is lost, as it may be there.

        ResponseError if the answer names no object.
        """

        def attempt() -> dict[str, Any] | None:
            try:
                return self._change("POST", path, body, form=form)
            except PassingError as error:
                if error.unheard:
                    raise
                failure = error.final
            failure.add_note(
                "whether the file was taken is not known: look for its activity with "
                "list_ranges() before you send it again"
            )
            raise failure

        return object_of(self._again(attempt, path), self.origin, path)

    def _change(
        self, method: str, path: str, body: bytes, *, form: str = JSON
    ) -> dict[str, Any] | None:
        """Send a change once, and return the object in the answer, or that it names.

        PassingError where none came: it says whether the service may have acted.
        """
        url = f"{self.origin}{self.origin.vet(path)}"
        if self.auth.reads_only:
            raise AuthenticationError(
                refused_change(self.origin, path, "its scope is readonly"), status=403
            )
        self._renew_if_due()
        request = _Request(
            url=url,
            method=method,
            headers={"Content-Type": form} if body else None,
            body=body or None,
            auth=self.auth,
        )
        try:
            with contextlib.closing(self._answer(request)) as answer:
                content = whole(answer, self._limits)
                place = answer.headers.get("Location")
        except CONNECTION as error:
            failure = unreachable(error, self.origin, path)
        else:
            if not content.strip():
                return None if place is None else self.get_object(place)
            source = JsonSource(
                f"{self.origin}{path} answered {len(content)} bytes that are not JSON",
                ResponseError,
                advice="is this a Hexoskin server?",
            )
            try:
                return object_of(source.read(content), self.origin, path)
            except ResponseError as error:
                # Cut on its way: the service has done what was asked.
                failure = PassingError(error)
        # Raised out of the handler, so that it carries no exception of a library.
        raise failure

    # --- how a request is sent ------------------------------------------------------

    def _get(
        self,
        path: str,
        params: Params | None,
        accept: str,
        read: Callable[[requests.Response], _T],
        *,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> _T:
        """Send a request until it is answered, and return what `read` makes of it."""
        if accept not in FORMS:
            raise ConfigurationError(
                f"accept is {accept!r}; give one of {', '.join(FORMS)}"
            )
        url = f"{self.origin}{self.origin.vet(path)}"
        query = {name: str(value) for name, value in (params or {}).items()}
        self._renew_if_due()

        def attempt() -> _T:
            more = headers() if headers is not None else None
            request = _Request(
                url=url, params=query, accept=accept, headers=more, auth=self.auth
            )
            with contextlib.closing(self._answer(request)) as answer:
                check_form(answer, self.origin, accept)
                return read(answer)

        return self._again(attempt, urlsplit(url).path)

    def _again(self, attempt: Callable[[], _T], path: str) -> _T:
        policy = self._retries
        if time.monotonic() - self._answered_at < _LATELY_S:
            # A host that answered a moment ago is likely to come back.
            policy = replace(policy, unmet=policy.total)
        return again(
            attempt,
            policy,
            limiter=self.limiter,
            origin=self.origin,
            path=path,
        )

    def _answer(self, request: _Request) -> requests.Response:
        """Return the answer, after a new token or a redirect if need be."""
        renewed = False
        for _ in range(_MOST_REDIRECTS + 2):
            token = self.auth.token if isinstance(self.auth, Bearer) else None
            response = self._send(request)
            if response.status_code in _GIVEN[request.method]:
                return response
            with contextlib.closing(response):
                if response.is_redirect and request.method == "GET":
                    request = self._redirected(request, response)
                    continue
                if (
                    response.status_code != 401
                    or renewed
                    or not isinstance(self.auth, Bearer)
                    or not self.auth.renew(token, self._post_form)
                ):
                    raise_status(response, self.origin, request.auth)
                renewed = True
        raise ResponseError(
            f"{self.origin}{request.path} redirects in a circle; is this a Hexoskin "
            "server?"
        )

    def _redirected(self, request: _Request, response: requests.Response) -> _Request:
        """Return the request of a redirect, which must stay within the host."""
        where = self.origin.vet(response.headers["Location"], seen_at=request.path)
        asked, told = (
            sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True))
            for url in (response.url, where)
        )
        if asked and asked != told:
            # Without its filters it would be another list, or other samples.
            raise ResponseError(
                f"{self.origin}{request.path} redirects to {urlsplit(where).path} "
                "without the query of the request; is this a Hexoskin server?"
            )
        return _Request(
            url=f"{self.origin}{where}",
            accept=request.accept,
            headers=request.headers,
            auth=request.auth,
        )

    def _send(self, request: _Request) -> requests.Response:
        headers = {
            "Accept": request.accept,
            # A ZIP is compressed already, and ranges count its own bytes.
            "Accept-Encoding": "identity" if request.accept == BINARY else "gzip",
            **(request.headers or {}),
        }
        # The signature holds the time, so the request is signed after the wait.
        self.limiter.wait()
        connections = self._connections.value
        prepared = connections.prepare_request(
            requests.Request(
                request.method,
                request.url,
                params=request.params,
                data=request.body,
                headers=headers,
                auth=request.auth,
            )
        )
        # No proxy for a server on this machine.
        proxies = {"no_proxy": self.origin.host} if self.origin.is_loopback else {}
        settings = connections.merge_environment_settings(
            prepared.url or request.url, proxies, True, None, None
        )
        response = connections.send(
            prepared, timeout=self._timeout, allow_redirects=False, **settings
        )
        self._answered_at = time.monotonic()
        _LOG.debug("%s %s%s", response.status_code, self.origin, request.path)
        return response

    # --- tokens ---------------------------------------------------------------------

    def _renew_if_due(self) -> None:
        auth = self.auth
        if isinstance(auth, Bearer) and auth.is_due and auth.is_renewable:
            auth.renew(auth.token, self._post_form)

    def _post_form(
        self, form: Mapping[str, str], client: UnsignedBasic
    ) -> Mapping[str, Any]:
        """Return the answer of the token endpoint to a form."""
        url = f"{self.origin}{TOKEN_PATH}"
        request = _Request(url=url, method="POST", body=form, auth=client)
        grant = form["grant_type"]

        def attempt() -> Mapping[str, Any]:
            with contextlib.closing(self._send(request)) as answer:
                if answer.status_code in {400, 401}:
                    raise AuthenticationError(
                        refused_grant(self.origin, grant, error_text(answer)),
                        status=answer.status_code,
                    )
                if answer.status_code != 200:
                    raise_status(answer, self.origin, client)
                check_form(answer, self.origin, JSON)
                return self._grant(
                    whole(answer, replace(self._limits, most_bytes=_MOST_GRANTED))
                )

        _LOG.info("requesting a token of %s (%s)", self.origin, grant)
        return self._again(attempt, TOKEN_PATH)

    def _grant(self, body: bytes) -> Mapping[str, Any]:
        # What is wrong with it is not said: it may hold a token.
        with contextlib.suppress(ResponseError):
            content = JsonSource("", ResponseError).read(body)
            if isinstance(content, dict):
                return content
        raise ResponseError(
            f"{self.origin}{TOKEN_PATH} did not answer a JSON object; is this a "
            "Hexoskin server?"
        )


class _Unled(requests.Session):
    """Follows no link: requests would look at each even if it is told not to."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Return None: `ServiceSession` judges the links."""
        return


def _connections() -> requests.Session:
    session = _Unled()
    adapter = WatchedAdapter(pool_connections=2, pool_maxsize=8, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"hexoframe/{__version__}"
    # No cookies: they would identify a user beside the credential.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


# --- pages of a list ------------------------------------------------------------------


class PagedList:
    """The pages of one list: each object once, all of them, or an error."""

    def __init__(
        self, get_json: Callable[[str, Params | None], Any], origin: Origin, path: str
    ) -> None:
        self._get_json = get_json
        self._origin = origin
        self._path = path
        self._seen: set[str] = set()
        self._received = 0

    def objects(self, params: Params, limit: int | None) -> Iterator[dict[str, Any]]:
        """Yield the objects, each once."""
        link, given = self._path, 0
        query: Params | None = params
        while True:
            meta, objects = self._page(link, query)
            for item in objects:
                given += 1
                yield item
                if given == limit:
                    return
            # An empty page ends a list whatever it says of a next one.
            if meta.next is None or not objects:
                break
            self._check_end(meta)
            link = self._origin.vet(meta.next, seen_at=self._path)
            query = None
        self._check_total(meta, limit)

    def _page(
        self, link: str, query: Params | None
    ) -> tuple[PageMeta, list[dict[str, Any]]]:
        """Return `meta` of a page, and its objects that are new."""
        for _ in range(_SAME_PAGE_TRIES):
            content = self._get_json(link, query)
            meta, objects = page_of(content, self._origin, self._path)
            fresh = {_name(item): item for item in objects}
            news = [item for name, item in fresh.items() if name not in self._seen]
            if news or not objects:
                self._received += len(objects)
                self._seen.update(fresh)
                return meta, news
            _LOG.info("%s%s gave a page again", self._origin, self._path)
        raise ResponseError(
            f"{self._origin}{self._path} gives one page again and again, after "
            f"{len(self._seen)} objects; try again later"
        )

    def _check_end(self, meta: PageMeta) -> None:
        """Refuse a list that goes on behind the end that it tells."""
        total = meta.total_count
        if total is not None and self._received > total + _MORE_THAN_TOLD:
            raise ResponseError(
                f"{self._origin}{self._path} goes on after {self._received} objects, "
                f"where it told of {total}; is this a Hexoskin server?"
            )

    def _check_total(self, meta: PageMeta, limit: int | None) -> None:
        total = meta.total_count
        if limit is None and total is not None and self._received < total:
            raise IncompleteDataError(
                f"{self._origin}{self._path} holds {total} objects and gave "
                f"{self._received}; try again later"
            )


def _name(item: Mapping[str, Any]) -> str:
    """Return what distinguishes an object from the others of its list."""
    name = item.get("resource_uri") or item.get("id")
    return str(name) if name else json.dumps(item, sort_keys=True)
