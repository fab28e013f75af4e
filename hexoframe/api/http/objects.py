"""Objects of the service, typed at the door: pages of lists, and single objects.

The fields that the package reads are checked here, for every list and every look-up;
all other fields stay as they came. What they mean does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hexoframe.errors import ResponseError
from hexoframe.jsontext import JsonSource, shown

__all__ = ["PageMeta", "field_of", "object_of", "page_of"]

_ADVICE = "is this a Hexoskin server?"
_OBJECT = re.compile(r"/api/(?:v1/)?([a-z_]+)/(?!schema/)")
_ANY = dict[str, Any]
Number = int | float


class PageMeta(NamedTuple):
    """What a page says of its list; `Origin.vet` judges the links."""

    next: str | None = None
    previous: str | None = None
    total_count: int | None = None


class _Numbered(NamedTuple):
    id: int


class _Timed(NamedTuple):
    """A record or a range; ticks may be floats, and absent while it goes on."""

    id: int
    start: Number | None = None
    end: Number | None = None
    status: str | None = None
    context: dict[str, Any] | None = None


class _Point(NamedTuple):
    time: str | None = None
    altitude: Number | None = None
    position: tuple[float, float] | None = None
    horizontal_accuracy: Number | None = None


_FORMS: Mapping[str, Any] = MappingProxyType(
    {
        "account": _Numbered,
        "annotation": _Numbered,
        "metric": _Numbered,
        "range": _Timed,
        "record": _Timed,
        "track": _Numbered,
        "trackpoint": _Point,
        "user": _Numbered,
    }
)


def page_of(content: Any, origin: object, path: str) -> tuple[PageMeta, list[Any]]:
    """Return what a page says of its list, and its objects."""
    source = JsonSource(f"{origin}{path}", ResponseError, advice=_ADVICE)
    if isinstance(content, dict):
        meta, objects = content.get("meta"), content.get("objects")
        listed: list[Any] = objects if isinstance(objects, list) else [None]
        if isinstance(meta, dict) and all(isinstance(one, dict) for one in listed):
            kind = _form_of(path)
            for number, one in enumerate(listed):
                source.typed(one, kind, field=f"objects[{number}]")
            return source.typed(meta, PageMeta, field="meta"), listed
    raise ResponseError(
        f"the answer of {origin}{path} is not a list of objects; is it the name of a "
        "list, such as /api/record/?"
    )


def object_of(content: Any, origin: object, path: str) -> dict[str, Any]:
    """Return an object of the service; ResponseError if a field has another type."""
    named = _OBJECT.match(path)
    what = f"a {named[1]}" if named else "an object"
    where = f"{origin}{path} did not answer {what}"
    source = JsonSource(where, ResponseError, advice=_ADVICE)
    source.typed(content, _form_of(path))
    return source.typed(content, dict[str, Any])


def field_of(item: Mapping[str, Any], name: str) -> Any:
    """Return a field that an object must have; ResponseError if it is left out."""
    try:
        held = item[name]
    except KeyError:
        held = None
    if held is None:
        which = item.get("resource_uri", item.get("id"))
        raise ResponseError(
            f"the service describes {shown(which)} without {name!r}; {_ADVICE}"
        )
    return held


def _form_of(path: str) -> Any:
    """Return the form of the objects at a path; a schema is any object."""
    named = _OBJECT.match(path)
    return _FORMS.get(named[1], _ANY) if named else _ANY
