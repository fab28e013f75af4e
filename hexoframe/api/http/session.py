"""Requests to the service: paced, signed, repeated where that helps.

Bytes, JSON and pages of lists come out of here, or an error of `hexoframe.errors`; no
exception of a library does. What the bytes mean is not known here, nor is which
requests a record needs.
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
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from hexoframe.api.auth.schemes import TOKEN_PATH, Bearer, Credential, UnsignedBasic
from hexoframe.api.http.failures import (
    PassingError,
    path_of,
    raise_status,
    refused_grant,
    told,
)
from hexoframe.api.http.limiter import Limiter, limiter_for
from hexoframe.api.http.pages import MOST_OBJECTS, Pages
from hexoframe.api.http.responses import (
    BINARY,
    CSV,
    FORMS,
    JSON,
    OnBytes,
    Part,
    check_form,
    whole,
)
from hexoframe.api.http.retries import RetryPolicy, again
from hexoframe.api.links import Origin
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    RequestError,
    ResponseError,
)
from hexoframe.version import __version__

__all__ = ["BINARY", "CSV", "JSON", "OnBytes", "Params", "RetryPolicy", "Transport"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
Params = Mapping[str, str | int]
_MOST_REDIRECTS = 3
# As long as the retries of one request take, and once more.
_LATELY_S = 60
_USUAL = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request, however often it is sent."""

    url: str
    params: Mapping[str, str] | None = None
    accept: str = JSON
    headers: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    auth: Credential

    @property
    def path(self) -> str:
        """What a message may say of it: no query."""
        return urlsplit(self.url).path


class Transport:
    """Everything that is sent to one host.

    Safe for use by several threads.

    Parameters
    ----------
    base_url : str
        Such as ``https://api.hexoskin.com``.
    auth : Credential
        Of the same host.
    limiter : Limiter, optional
        Paces the requests; that of this process for the host unless given.
    timeout : tuple of (float, float), in s, default (10, 60)
        For the connection, and for each silence after it.
    retries : RetryPolicy
        When a request is sent again.

    Raises
    ------
    ConfigurationError
        If the credential belongs to another host.
    """

    def __init__(
        self,
        base_url: str,
        auth: Credential,
        *,
        limiter: Limiter | None = None,
        timeout: tuple[float, float] = (10, 60),
        retries: RetryPolicy = _USUAL,
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
        self._session = _session()
        self._answered_at = -math.inf

    def __repr__(self) -> str:
        """Return the host."""
        return f"<Transport to {self.origin}>"

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    # --- what is asked for ----------------------------------------------------------

    def get_json(self, path: str, params: Params | None = None) -> Any:
        """Return the content of an answer in JSON.

        Parameters
        ----------
        path : str
            Such as ``/api/record/37700/``.
        params : mapping, optional
            The query.

        Raises
        ------
        RequestError
            If the service refuses, fails or cannot be reached.
        ResponseError
            If the answer is no JSON.
        """

        def read(answer: requests.Response) -> Any:
            body = whole(answer)
            try:
                return json.loads(body)
            except ValueError:
                error = ResponseError(
                    f"{self.origin}{path_of(answer)} answered {len(body)} bytes that "
                    "are no complete JSON; try again later"
                )
            raise PassingError(error)

        return self._get(path, params, JSON, read)

    def get_bytes(
        self,
        path: str,
        params: Params | None = None,
        *,
        accept: str = JSON,
        on_bytes: OnBytes | None = None,
    ) -> bytes:
        """Return the body of an answer, uncompressed.

        Parameters
        ----------
        path, params
            As for `get_json`.
        accept : {JSON, CSV, BINARY}
            The form that is asked for; an answer in another is an error.
        on_bytes : callable, optional
            Told of bytes as they come over the wire, again if they come again.

        Raises
        ------
        RequestError
            If the service refuses, fails or cannot be reached.
        ResponseError
            If the answer has another form.
        """
        return self._get(path, params, accept, lambda answer: whole(answer, on_bytes))

    def download(
        self,
        path: str,
        params: Params | None = None,
        *,
        target: Path,
        accept: str = BINARY,
        on_bytes: OnBytes | None = None,
    ) -> int:
        """Write the body of an answer to a file, which appears when it is complete.

        A body that ends early goes on where it ended, if the service offers parts of a
        body that has not changed, and begins anew if not; that holds for the next call
        and another process too, by ``<target>.part`` beside the file. Two calls for one
        target at a time are the caller's to prevent.

        Parameters
        ----------
        path, params, accept, on_bytes
            As for `get_bytes`.
        target : Path
            The file; one that exists is replaced.

        Returns
        -------
        int
            Length of the file in bytes.

        Raises
        ------
        RequestError
            If the service refuses, fails or cannot be reached.
        ResponseError
            If the answer has another form.
        """
        part = Part(target)
        rest = part.headers if accept == BINARY else None

        def fetch() -> int:
            return self._get(
                path,
                params,
                accept,
                lambda answer: part.take(answer, on_bytes),
                headers=rest,
            )

        try:
            return fetch()
        except RequestError as error:
            if error.status != 416:
                raise
        # Nothing is left to ask for: the part may be whole, or of another body.
        part.forget()
        return fetch()

    def pages(
        self, path: str, params: Params | None = None, *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Return the objects of a list, page by page as they are needed.

        An object that a border of pages brings twice comes once.

        Parameters
        ----------
        path, params
            As for `get_json`.
        limit : int, optional
            How many objects at most; None for all.

        Raises
        ------
        RequestError
            If the service refuses, fails or cannot be reached.
        ResponseError
            If an answer is no list, or a page comes again and again.
        IncompleteDataError
            If fewer objects came than the list holds.
        """
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ConfigurationError(
                f"limit is {limit!r}; give a whole number from 1, or None for all"
            )
        size = MOST_OBJECTS if limit is None else min(limit, MOST_OBJECTS)
        walk = Pages(self.get_json, self.origin, path)
        return walk.objects({**(params or {}), "limit": size}, limit)

    # --- how it is sent -------------------------------------------------------------

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
            ask = _Ask(
                url=url, params=query, accept=accept, headers=more, auth=self.auth
            )
            with contextlib.closing(self._answer(ask)) as answer:
                check_form(answer, self.origin, accept)
                return read(answer)

        return self._again(attempt, urlsplit(url).path)

    def _again(self, attempt: Callable[[], _T], path: str) -> _T:
        policy = self._retries
        if time.monotonic() - self._answered_at < _LATELY_S:
            # A line that was there a moment ago is likely to come back.
            policy = replace(policy, unmet=policy.total)
        return again(
            attempt,
            policy,
            limiter=self.limiter,
            origin=self.origin,
            path=path,
        )

    def _answer(self, ask: _Ask) -> requests.Response:
        """Return the answer, after a new token or a redirect where need be."""
        renewed = False
        for _ in range(_MOST_REDIRECTS + 2):
            token = self.auth.token if isinstance(self.auth, Bearer) else None
            response = self._send(ask)
            if response.status_code in {200, 206}:
                return response
            with contextlib.closing(response):
                if response.is_redirect:
                    ask = self._redirected(ask, response)
                    continue
                if (
                    response.status_code != 401
                    or renewed
                    or not isinstance(self.auth, Bearer)
                    or not self.auth.renew(token, self._post_form)
                ):
                    raise_status(response, self.origin, ask.auth)
                renewed = True
        raise ResponseError(
            f"{self.origin}{ask.path} redirects in a circle; is this a Hexoskin server?"
        )

    def _redirected(self, ask: _Ask, response: requests.Response) -> _Ask:
        """Return a request as a redirect within the host wants it."""
        where = self.origin.vet(response.headers["Location"], seen_at=ask.path)
        return _Ask(
            url=f"{self.origin}{where}",
            accept=ask.accept,
            headers=ask.headers,
            auth=ask.auth,
        )

    def _send(self, ask: _Ask) -> requests.Response:
        headers = {
            "Accept": ask.accept,
            # A ZIP is compressed already, and its parts are counted in its own bytes.
            "Accept-Encoding": "identity" if ask.accept == BINARY else "gzip",
            **(ask.headers or {}),
        }
        # The signature carries the time, so a request that waited is signed after it.
        self.limiter.wait()
        request = self._session.prepare_request(
            requests.Request(
                "GET" if ask.form is None else "POST",
                ask.url,
                params=ask.params,
                data=ask.form,
                headers=headers,
                auth=ask.auth,
            )
        )
        # What goes to this machine must not go through a proxy first.
        proxies = {"no_proxy": self.origin.host} if self.origin.is_loopback else {}
        settings = self._session.merge_environment_settings(
            request.url or ask.url, proxies, True, None, None
        )
        response = self._session.send(
            request, timeout=self._timeout, allow_redirects=False, **settings
        )
        self._answered_at = time.monotonic()
        _LOG.debug("%s %s%s", response.status_code, self.origin, ask.path)
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
        ask = _Ask(url=f"{self.origin}{TOKEN_PATH}", form=form, auth=client)
        grant = form["grant_type"]

        def attempt() -> Mapping[str, Any]:
            with contextlib.closing(self._send(ask)) as answer:
                if answer.status_code in {400, 401}:
                    raise AuthenticationError(
                        refused_grant(self.origin, grant, told(answer)),
                        status=answer.status_code,
                    )
                if answer.status_code != 200:
                    raise_status(answer, self.origin, client)
                check_form(answer, self.origin, JSON)
                return self._grant(whole(answer))

        _LOG.info("asking %s for a token (%s)", self.origin, grant)
        return self._again(attempt, TOKEN_PATH)

    def _grant(self, body: bytes) -> Mapping[str, Any]:
        with contextlib.suppress(ValueError):
            content = json.loads(body)
            if isinstance(content, dict):
                return content
        raise ResponseError(
            f"{self.origin}{TOKEN_PATH} answered no JSON object; is this a Hexoskin "
            "server?"
        )


def _session() -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=8, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"hexoframe/{__version__}"
    # A cookie would be a second way to be known, which no credential decides about.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
