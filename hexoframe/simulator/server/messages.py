"""HTTP messages: a request as it came over the wire, an answer before it is sent.

What an answer says does not belong here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "BINARY",
    "CSV",
    "EDF",
    "FIT",
    "JSON",
    "TCX",
    "Answer",
    "BadQueryError",
    "DeniedError",
    "WireRequest",
    "empty",
    "error",
    "json_answer",
    "v1_uris",
    "wanted_form",
]

JSON = "application/json"
CSV = "text/csv"
BINARY = "application/octet-stream"
EDF = "application/x-edf"
TCX, FIT = "application/vnd.garmin.tcx+xml", "application/vnd.ant.fit"
_FORMS = frozenset({JSON, CSV, BINARY, EDF, TCX, FIT})
_ANY = frozenset({"*/*", "application/*"})
_SORRY = "Sorry, this request could not be processed. Please try again later."


class WireRequest(NamedTuple):
    """A request as it came over the wire.

    `url` is complete; `header` gives the value of a header, "" where there is none.
    """

    method: str
    url: str
    header: Callable[[str], str]

    @property
    def authorization(self) -> tuple[str, str]:
        """Scheme, in lower case, and credentials."""
        scheme, _, proof = self.header("Authorization").partition(" ")
        return scheme.lower(), proof.strip()


class BadQueryError(Exception):
    """A query that the resource does not allow: status 400, with this text.

    `fields` maps fields of a body to their errors.
    """

    def __init__(
        self, text: str, *, fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(text)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers; `ranged` allows requests for a part of the body."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    ranged: bool = False


class DeniedError(Exception):
    """The request is refused with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def wanted_form(accept: str) -> str:
    """Return the form that an Accept header prefers, the first of equals.

    Without a known form it is JSON.
    """
    best, most = JSON, 0.0
    for part in accept.lower().split(","):
        named, *parameters = (word.strip() for word in part.split(";"))
        form = JSON if named in _ANY else named
        if form in _FORMS and (quality := _quality(parameters)) > most:
            best, most = form, quality
    return best


def _quality(parameters: list[str]) -> float:
    given = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 0.0


def json_answer(content: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    body = json.dumps(content).encode("ascii")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, headers=named)


def empty(status: int, **headers: str) -> Answer:
    """Return an answer without a body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, b"", "text/html; charset=utf-8", named)


def error(status: int, text: object = None) -> Answer:
    """Return the answer of the service for an error status."""
    if status >= 500:
        return json_answer({"error_message": text or _SORRY}, status)
    if text is None:
        return empty(status)
    return json_answer({"error": text}, status)


def v1_uris(content: Any) -> Any:
    """Return an answer with every URI in the old form ``/api/v1/``."""
    if isinstance(content, dict):
        return {v1_uris(key): v1_uris(value) for key, value in content.items()}
    if isinstance(content, list):
        return [v1_uris(item) for item in content]
    if isinstance(content, str) and content.startswith("/api/"):
        return f"/api/v1/{content.removeprefix('/api/')}"
    return content
