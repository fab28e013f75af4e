"""HTTP messages: a request as it came over the wire, an answer before it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "ACTIVITY_FILES",
    "BINARY",
    "CSV",
    "EDF",
    "JSON",
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
# Forms of records and ranges that the simulator does not write.
ACTIVITY_FILES = frozenset(
    {"application/vnd.ant.fit", "application/vnd.garmin.tcx+xml"}
)
_FORMS = frozenset({JSON, CSV, BINARY, EDF, *ACTIVITY_FILES})
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
        """Scheme, in small letters, and proof."""
        scheme, _, proof = self.header("Authorization").partition(" ")
        return scheme.lower(), proof.strip()


class BadQueryError(Exception):
    """The query asks for what the resource cannot do: status 400, with this text.

    `fields` maps fields of a body to what is wrong with them.
    """

    def __init__(
        self, text: str, *, fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(text)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers.

    `size` is the length of the body before compression; `ranged` says that parts of it
    may be asked for.
    """

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    ranged: bool = False


class DeniedError(Exception):
    """The request does not pass; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def wanted_form(accept: str) -> str:
    """Return the form that an Accept header likes best; it is JSON without a known one.

    The first of several that it likes equally wins.
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
    """Return the answer that the service gives with a status of failure."""
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
