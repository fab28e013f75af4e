"""What a request brings to prove who sent it, and how secrets are made up.

All secrets are made from a text, the same in every run: they open nothing but a server
on the loopback of this machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from hexoframe.simulator.server.answers import Answer

__all__ = ["DeniedError", "Header", "Wire", "made_up", "split_basic"]

Header = Callable[[str], str]


class Wire(NamedTuple):
    """A request as it came over the wire.

    `url` is complete; `header` gives the value of a header, "" where there is none.
    """

    method: str
    url: str
    header: Header

    @property
    def authorization(self) -> tuple[str, str]:
        """Scheme, in small letters, and proof."""
        scheme, _, proof = self.header("Authorization").partition(" ")
        return scheme.lower(), proof.strip()


class DeniedError(Exception):
    """The request does not pass; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def split_basic(wire: Wire) -> tuple[str, str]:
    """Return name and password, or two empty texts; a password may hold colons."""
    scheme, proof = wire.authorization
    try:
        text = base64.b64decode(proof, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, password = text.partition(":")
    return (name, password) if scheme == "basic" else ("", "")


def made_up(*words: str, length: int = 30) -> str:
    """Return a secret of small letters and digits that some words stand for."""
    text = "hexoframe simulator " + " ".join(words)
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(digest + digest).decode("ascii").lower()[:length]
