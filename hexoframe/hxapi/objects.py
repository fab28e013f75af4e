"""Objects of the service as the vendor's client shows them.

What an object refers to (its user, its activity) is an object itself, with attributes,
and is fetched when more of it is asked for than its id. Lists of objects and samples do
not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Fetch", "Related", "linked"]

Fetch = Callable[[str], Mapping[str, Any]]
"""Takes the URI of an object and returns it."""

# Devices have names, and the vendor's client takes what ends in a number alone.
_URI = re.compile(r"/api/(?:v1/)?(\w+)/(\d+)/")


class Related(dict[str, Any]):
    """An object that another refers to: ``user.email`` and ``user["email"]``.

    Its text is that of the vendor's client, ``<hexoskin.client.user: 1511>``.

    Parameters
    ----------
    resource : str
        Name of its resource.
    fields : mapping
        What is known of it, `id` and `resource_uri` at least.
    fetch : callable, optional
        Fetches the rest of it; None if all is known.
    """

    # Looked up on the class while a copy or a pickle is put together.
    _resource = ""
    _fetch: Fetch | None = None

    def __init__(
        self, resource: str, fields: Mapping[str, Any], fetch: Fetch | None = None
    ) -> None:
        super().__init__(fields)
        self._resource = resource
        self._fetch = fetch

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
        return f"<hexoskin.client.{self._resource}: {dict.get(self, 'id')}>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        """Take all of the object along into a pickle or a copy."""
        return type(self), (self._resource, dict(self.fields))

    def _complete(self) -> bool:
        """Fetch what is not known; return whether there was anything to fetch."""
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            self.update(linked(fetch(self["resource_uri"]), fetch))
        return fetch is not None


def linked(item: Mapping[str, Any], fetch: Fetch) -> dict[str, Any]:
    """Return an object of the service with what it refers to as objects.

    Parameters
    ----------
    item : mapping
        The object as the service gives it.
    fetch : callable
        Fetches what it refers to, once that is asked for.

    Returns
    -------
    dict
        The same keys in the same order.
    """
    return {
        key: value if key == "resource_uri" else _linked(value, fetch)
        for key, value in item.items()
    }


def _linked(value: Any, fetch: Fetch) -> Any:
    embedded = isinstance(value, Mapping)
    uri = value.get("resource_uri") if embedded else value
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        return value
    resource, number = found.groups()
    if embedded:
        return Related(resource, linked(value, fetch))
    return Related(resource, {"id": int(number), "resource_uri": uri}, fetch)
