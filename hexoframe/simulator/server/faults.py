"""Faults on demand: which answers of the simulated service go wrong, and how.

A fault waits in the queue until a request matches it; `app` and `sending` carry it out.
A new kind of fault is a value of `kind` here and a branch there.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from typing import Literal, get_args

from hexoframe.errors import ConfigurationError

__all__ = ["Faults", "Kind", "ServerFault"]

Kind = Literal[
    "status",
    "drop",
    "unheard",
    "cut",
    "drip",
    "content_type",
    "truncated",
    "expired_token",
    "repeated_page",
    "redirect",
    "foreign_next",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFault:
    """One way to go wrong, for some requests.

    Parameters
    ----------
    kind : str
        ``status``: only a status, with the body that the service gives with it;
        ``drop``: the connection closes before a byte is sent, and the request was
        acted on: the answer is lost;
        ``unheard``: the same, and nothing was done;
        ``cut``: the connection closes within the body;
        ``drip``: the body comes slowly;
        ``content_type``: a web page comes instead, with status 200;
        ``truncated``: the body ends early and Content-Length agrees with that;
        ``expired_token``: the token of the request is no longer valid;
        ``repeated_page``: a list gives the objects of the page before;
        ``redirect``: the answer points to `url`;
        ``foreign_next``: the `next` link of a list points to `url`.
    times : int or None, default 1
        How many matching requests go wrong; None is all.
    skip : int, default 0
        How many matching requests are answered normally first.
    path : str, default ""
        Text that the path with its query contains; "" matches every request.
    accept : str, default ""
        Text that the Accept header contains, such as ``octet-stream``.
    method : str, default ""
        Only requests of this method, such as ``POST``.
    status : int, default 500
        For ``status``.
    retry_after : int or str, optional
        Retry-After for ``status``: seconds, or a date as HTTP writes it.
    share : float, default 0.5
        For ``cut`` and ``truncated``: the part of the body that is sent.
    bytes_per_s : float, default 1000
        For ``drip``.
    content_type : str, default "text/html"
        For ``content_type``.
    keep_body : bool, default False
        For ``content_type``: the right body with the wrong type.
    url : str
        For ``redirect`` and ``foreign_next``: scheme and host (the path follows).

    Raises
    ------
    ConfigurationError
        If a value is not allowed.
    """

    kind: Kind
    times: int | None = 1
    skip: int = 0
    path: str = ""
    accept: str = ""
    method: str = ""
    status: int = 500
    retry_after: int | str | None = None
    share: float = 0.5
    bytes_per_s: float = 1000
    content_type: str = "text/html; charset=utf-8"
    keep_body: bool = False
    url: str = "http://elsewhere.invalid"

    def __post_init__(self) -> None:
        """Refuse an impossible fault."""
        if self.kind not in get_args(Kind):
            raise ConfigurationError(
                f"kind is {self.kind!r}; give one of {', '.join(get_args(Kind))}"
            )
        if not 0 <= self.share < 1:
            raise ConfigurationError(
                f"share is {self.share}; give a part of the body, from 0 to below 1"
            )
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ConfigurationError(
                f"times is {self.times} and skip is {self.skip}; give whole numbers, "
                "times from 1, skip from 0"
            )
        if not self.bytes_per_s > 0:
            raise ConfigurationError(f"bytes_per_s is {self.bytes_per_s}; give above 0")

    def matches(self, path: str, accept: str, method: str) -> bool:
        """Return whether the path, Accept header and method of a request match."""
        named = self.path in path and self.accept in accept
        return named and self.method in {"", method}


class Faults:
    """The queue of faults; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[ServerFault] = []

    def add(self, *faults: ServerFault) -> None:
        """Add faults; a request takes the first one that it matches."""
        with self._lock:
            self._waiting += faults

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._waiting.clear()

    @property
    def pending(self) -> tuple[ServerFault, ...]:
        """The faults that still wait."""
        with self._lock:
            return tuple(self._waiting)

    def take(self, path: str, accept: str, method: str = "GET") -> ServerFault | None:
        """Return the fault of a request, if any, and count it down."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if not fault.matches(path, accept, method):
                    continue
                if fault.skip:
                    self._waiting[place] = dataclasses.replace(
                        fault, skip=fault.skip - 1
                    )
                    continue
                if fault.times == 1:
                    del self._waiting[place]
                elif fault.times is not None:
                    self._waiting[place] = dataclasses.replace(
                        fault, times=fault.times - 1
                    )
                return fault
        return None
