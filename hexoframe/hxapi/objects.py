"""Objects of the service and lists of them, as the vendor's client shows them.

Related objects (the user of a record, the activity of a range) have attributes, and are
fetched when more than their id is read. Samples do not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hexoframe.api.http.objects import field_of
from hexoframe.api.load.recordhead import number_of
from hexoframe.api.load.resources import id_of
from hexoframe.errors import ConfigurationError, ResponseError, harmless
from hexoframe.jsontext import shown

if TYPE_CHECKING:
    from hexoframe.api.http.session import ServiceSession

__all__ = [
    "ObjectSource",
    "Related",
    "key_of",
    "linked",
    "list_objects",
    "tick_of",
    "track_points",
]

# Ids that one query names, so that its URL stays short enough for every proxy.
_MOST_IDS = 100
# Devices have names; the vendor's client links objects with a number only.
_URI = re.compile(r"/api/(?:v1/)?(\w+)/(\d+)/")


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """Where objects come from.

    `account` is the id of the user that the login belongs to, if that user is called an
    account, as in the vendor's client of 2015.
    """

    session: ServiceSession
    account: int | None = None

    def name(self, resource: str, number: object) -> str:
        """Return what the vendor's client calls an object of a resource."""
        own = resource == "user" and self.account is not None
        return "account" if own and number == self.account else resource


class Related(dict[str, Any]):
    """An object of the service: ``user.email`` and ``user["email"]``.

    `fields` holds `id` and `resource_uri` at least; `source` has the rest, and is None
    if there is no more. Its text is that of the vendor's client,
    ``<hexoskin.client.user: 1511>``.
    """

    # Looked up on the class while a copy or a pickle is put together.
    _resource = ""
    _source: ObjectSource | None = None

    def __init__(
        self,
        resource: str,
        fields: Mapping[str, Any],
        source: ObjectSource | None = None,
    ) -> None:
        super().__init__(fields)
        self._resource = resource
        self._source = source

    @property
    def fields(self) -> dict[str, Any]:
        """All fields, as the vendor's client calls them."""
        self._complete()
        return self

    def __missing__(self, key: str) -> Any:
        """Fetch the object and return one of its fields."""
        if self._complete() and key in self:
            return self[key]
        raise KeyError(key)

    def __getattr__(self, name: str) -> Any:
        """Return a field."""
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{self} has no {name!r}; it has {', '.join(sorted(self))}"
            ) from None

    def __repr__(self) -> str:
        """Return what the vendor's client prints."""
        key = "deviceid" if self._resource == "device" else "id"
        number = harmless(str(dict.get(self, key)))
        return f"<hexoskin.client.{self._resource}: {number}>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle or copy the whole object."""
        return type(self), (self._resource, dict(self.fields))

    def _complete(self) -> bool:
        """Fetch the missing fields; return whether anything was fetched."""
        source, self._source = self._source, None
        if source is not None:
            found = source.session.get_object(self["resource_uri"])
            self.update(linked(found, source))
        return source is not None


def linked(item: Mapping[str, Any], source: ObjectSource) -> dict[str, Any]:
    """Return an object with its references as `Related`, in the same order."""
    return {
        key: value if key == "resource_uri" else _linked(value, source)
        for key, value in item.items()
    }


def _linked(value: Any, source: ObjectSource) -> Any:
    embedded = isinstance(value, Mapping)
    uri = value.get("resource_uri") if embedded else value
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        return value
    resource, number = found[1], int(found[2])
    name = source.name(resource, number)
    if embedded:
        return Related(name, linked(value, source))
    return Related(name, {"id": number, "resource_uri": uri}, source)


# -- arguments -------------------------------------------------------------------------


def key_of(resource: str, value: Any) -> int:
    """Return the id in a number, a text, a URI or an object."""
    return number_of(resource, id_of(value) or "")


def tick_of(name: str, value: Any) -> int:
    """Return a tick given as a number or a text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not number.is_integer():
        raise ConfigurationError(
            f"{name}={value!r}: give a whole number of ticks since 1970, as `start` of "
            "a record has"
        )
    return int(number)


# -- lists -----------------------------------------------------------------------------


def list_objects(
    source: ObjectSource, resource: str, filters: Mapping[str, Any], limit: Any = 0
) -> list[dict[str, Any]]:
    """Return at most `limit` objects of a resource, all for 0.

    Filters that are "" or None are left out of the query.
    """
    query = {key: value for key, value in filters.items() if value not in ("", None)}
    try:
        most = int(limit)
    except (TypeError, ValueError):
        most = -1
    if most < 0:
        raise ConfigurationError(
            f"limit={limit!r}: give a whole number, such as '100', or '0' for all"
        )
    found = source.session.pages(f"/api/{resource}/", query, limit=most or None)
    return [linked(item, source) for item in found]


def track_points(
    source: ObjectSource, user: Any, ranges: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """Return the points of all tracks of some ranges, range by range.

    Each has time, altitude, longitude, latitude and accuracy. An empty `user` is any.
    """
    ids = [key_of("range", item) for item in ranges]
    tracks: list[dict[str, Any]] = []
    for first in range(0, len(ids), _MOST_IDS):
        named = ",".join(map(str, ids[first : first + _MOST_IDS]))
        filters = {"user": id_of(user), "range__in": named, "order_by": "start_date"}
        tracks += list_objects(source, "track", filters)
    tracks.sort(key=lambda track: _place_in(ids, track))
    return [
        (
            point.get("time"),
            point.get("altitude"),
            *(point.get("position") or (None, None)),
            point.get("horizontal_accuracy"),
        )
        for track in tracks
        for point in list_objects(
            source, "trackpoint", {"track": field_of(track, "id"), "order_by": "time"}
        )
    ]


def _place_in(ids: Sequence[int], track: Mapping[str, Any]) -> int:
    """Return which of the ranges a track is of."""
    found = id_of(field_of(track, "range"))
    if found not in ids:
        raise ResponseError(
            f"the service gave a track of range {shown(found)} where those of "
            f"{shown(list(ids))} were requested; is this a Hexoskin server?"
        )
    return ids.index(found)
