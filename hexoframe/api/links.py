"""Hosts: scheme, name and port, and which links of an answer may be followed.

A link in an answer is data from outside, and `Origin.vet` alone decides about it. No
request is sent here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from hexoframe.errors import ConfigurationError, ResponseError
from hexoframe.timestamps import Clock

__all__ = ["ASTROSKIN", "CLOCK_OF_HOST", "HEXOSKIN", "Origin"]

HEXOSKIN = "https://api.hexoskin.com"
ASTROSKIN = "https://astro.hexoskin.com"
CLOCK_OF_HOST: Mapping[str, Clock] = MappingProxyType({HEXOSKIN: 256, ASTROSKIN: 1000})
"""Ticks per second of the known servers."""
_PORTS = {"https": 443, "http": 80}
# Browsers and libraries disagree about these characters, so such a link is refused.
_ODD = re.compile(r"[\x00-\x20\\\x7f]")


class Origin(NamedTuple):
    """Scheme, host and port: what credentials belong to.

    The host is in lower case, an IPv6 address without brackets; the port is always set.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, base_url: str) -> Origin:
        """Return the origin of a base URL, which may end in ``/`` or ``/api/``.

        Raises ConfigurationError unless it is https (http for the loopback only), with
        no user, path or query.
        """
        # The text may hold a password, so messages do not repeat it.
        try:
            parts = urlsplit(base_url.strip())
            origin = cls.from_parts(parts)
        except ValueError:
            origin = None
        if origin is None or _ODD.search(base_url.strip()):
            raise ConfigurationError(
                "the base URL is not the URL of a server; give one such as "
                f"{HEXOSKIN} or {ASTROSKIN}"
            )
        extra = parts.username or parts.password or parts.query or parts.fragment
        if extra or parts.path.rstrip("/") not in {"", "/api"}:
            raise ConfigurationError(
                f"the base URL of {parts.hostname} holds a user, a path or a query; "
                f"give scheme and host alone, such as {origin}"
            )
        if parts.scheme == "http" and not origin.is_loopback:
            raise ConfigurationError(
                f"{origin} would send credentials in the open; use https://"
                f"{parts.hostname} (http is for servers on this machine)"
            )
        return origin

    @classmethod
    def from_parts(cls, parts: SplitResult) -> Origin | None:
        """Return the origin of a split URL; None unless it is http or https."""
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        host = parts.hostname.rstrip(".")
        return cls(parts.scheme, host, parts.port or _PORTS[parts.scheme])

    def __str__(self) -> str:
        """Return the URL, without the usual port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _PORTS[self.scheme]
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def owns(self, url: str) -> bool:
        """Return whether an absolute URL leads to this origin."""
        try:
            return self.from_parts(urlsplit(url)) == self
        except ValueError:
            return False

    def vet(self, link: object, *, seen_at: str = "/") -> str:
        """Return path and query of a link in an answer, if it leads to this origin.

        A relative link starts from `seen_at`. ResponseError if it leads to another host
        or is not a link.
        """
        if not isinstance(link, str) or not link or _ODD.search(link):
            raise ResponseError(
                f"{self} answered with something that is not a link "
                f"({type(link).__name__}) in the place of one; nothing was sent there. "
                "Is this a Hexoskin server?"
            )
        try:
            parts = urlsplit(urljoin(f"{self}{seen_at}", link))
            there = self.from_parts(parts)
        except ValueError:
            parts, there = urlsplit(""), None
        if there != self or parts.username is not None:
            where = "nowhere" if there is None else str(there)
            raise ResponseError(
                f"{self} answered with a link to {where}; links to another host are "
                "refused, since credentials belong to one host. If the service moved, "
                "give its new base URL"
            )
        return parts.path + (f"?{parts.query}" if parts.query else "")
