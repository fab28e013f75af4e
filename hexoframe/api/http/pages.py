"""The pages of a list: each object once, all of them, or an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hexoframe.api.links import Origin
from hexoframe.errors import IncompleteDataError, ResponseError

__all__ = ["MOST_OBJECTS", "Pages"]

_LOG = logging.getLogger(__name__)
MOST_OBJECTS = 1000
"""What the service gives on a page at most."""
_SAME_PAGE_TRIES = 3
Query = Mapping[str, str | int]


class Pages:
    """A walk through the pages of one list.

    Parameters
    ----------
    get_json : callable
        Gets the content of a path and a query.
    origin : Origin
        Decides which links are followed.
    path : str
        Of the list.
    """

    def __init__(
        self, get_json: Callable[[str, Query | None], Any], origin: Origin, path: str
    ) -> None:
        self._get_json = get_json
        self._origin = origin
        self._path = path
        self._seen: set[str] = set()
        self._received = 0

    def objects(self, params: Query, limit: int | None) -> Iterator[dict[str, Any]]:
        """Return the objects, each once."""
        link, given = self._path, 0
        query: Query | None = params
        while True:
            meta, objects = self._page(link, query)
            for item in objects:
                given += 1
                yield item
                if given == limit:
                    return
            following = meta.get("next")
            if following is None:
                break
            link = self._origin.vet(following, seen_at=self._path)
            query = None
        self._check_total(meta, limit)

    def _page(
        self, link: str, query: Query | None
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return `meta` of a page and its objects that did not come before."""
        for _ in range(_SAME_PAGE_TRIES):
            meta, objects = self._parts(self._get_json(link, query))
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

    def _parts(self, content: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        if isinstance(content, dict):
            meta, objects = content.get("meta"), content.get("objects")
            whole = isinstance(objects, list) and all(
                isinstance(item, dict) for item in objects
            )
            if isinstance(meta, dict) and whole:
                return meta, objects  # type: ignore[return-value]
        raise ResponseError(
            f"{self._origin}{self._path} answered no list of objects; is it "
            "the name of a list, such as /api/record/?"
        )

    def _check_total(self, meta: Mapping[str, Any], limit: int | None) -> None:
        total = meta.get("total_count")
        if limit is None and isinstance(total, int) and self._received < total:
            raise IncompleteDataError(
                f"{self._origin}{self._path} holds {total} objects and gave "
                f"{self._received}; try again later"
            )


def _name(item: Mapping[str, Any]) -> str:
    """Return what tells an object from the others of its list."""
    name = item.get("resource_uri") or item.get("id")
    return str(name) if name else json.dumps(item, sort_keys=True)
