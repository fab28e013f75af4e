"""Lists of objects: filters, order and pages, as django-tastypie has them.

Which rows a user may see is decided in `service`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hexoframe.simulator.server.catalog import Resource, resources
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.objects import ObjectRow

__all__ = [
    "Page",
    "Pairs",
    "Relations",
    "filtered",
    "ids_of",
    "key_of",
    "ordered",
    "page_of",
]

Pairs = list[tuple[str, str]]
_DEFAULT, _MOST = 20, 1000
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_LOOKUPS = frozenset({*_COMPARE, "in", "range", "isnull", "startswith", "true", "day"})
# Filters with another name than the field of a body.
_HIDDEN = {"timestamp": "_tick", "range": "_range", "record": "_record"}
# Fields whose type differs from the schema.
_KINDS = {("range", "duration"): "integer", ("trackpoint", "timestamp"): "tick"}
# Fields that no row has: flags that are not simulated.
_FLAGS = frozenset({"using"})


class Relations(NamedTuple):
    """What filters look up: rows of a resource, id of a user, clock."""

    rows: Callable[[str], Iterable[ObjectRow]]
    user_id: Callable[[str], int | None]
    clock: int


class Page(NamedTuple):
    """A page of a list: `meta` and rows."""

    meta: dict[str, Any]
    rows: list[ObjectRow]


def key_of(value: Any) -> str | None:
    """Return the key in an object, a URI or an id."""
    if isinstance(value, dict):
        value = value["resource_uri"]
    return None if value is None else str(value).rstrip("/").rpartition("/")[2]


def ids_of(query: Pairs, *names: str) -> tuple[int, ...]:
    """Return the ids listed by some arguments, as ids or URIs."""
    found: list[int] = []
    for name, text in query:
        if name.partition("__")[0] in names:
            keys = [key_of(part) or "" for part in text.split(",")]
            found += [int(key) for key in keys if key.isdecimal()]
    return tuple(dict.fromkeys(found))


# --- filters ------------------------------------------------------------------------


def filtered(
    rows: Iterable[ObjectRow], resource: Resource, query: Pairs, relations: Relations
) -> list[ObjectRow]:
    """Return the rows that pass every filter of a query, in their order.

    Arguments that name no field are ignored; a lookup or value that its field does not
    allow raises `BadQueryError`.
    """
    found = list(rows)
    for name, text in query:
        test = _special(resource, name, text) or _test(resource, name, text, relations)
        if test is not None:
            found = [row for row in found if test(row.body)]
    return found


def _special(
    resource: Resource, name: str, text: str
) -> Callable[[dict[str, Any]], bool] | None:
    """Return the test of a filter that is not a field of the resource."""
    if resource.name == "trackpoint" and name in {"start", "end"}:
        bound = _number(name, text)
        later = name == "start"
        return lambda body: bool(
            body["_tick"] >= bound if later else body["_tick"] <= bound
        )
    if resource.name == "user" and name == "search":
        wanted = text.lower()
        return lambda body: (
            wanted
            in " ".join((body["email"], body["first_name"], body["last_name"])).lower()
        )
    return None


def _test(
    resource: Resource, name: str, text: str, relations: Relations
) -> Callable[[dict[str, Any]], bool] | None:
    field, *rest = name.split("__")
    if field not in resource.fields or field in _FLAGS:
        return None
    lookup = rest.pop() if rest and rest[-1] in _LOOKUPS else "exact"
    allowed = (resource.filtering or {}).get(field)
    if allowed is None:
        raise BadQueryError(f"The field '{field}' cannot be filtered by.")
    if allowed != ("relations",):
        if rest:
            raise BadQueryError(
                f"The field '{field}' cannot be followed to '{'__'.join(rest)}'."
            )
        if lookup not in allowed:
            raise BadQueryError(
                f"The field '{field}' does not know the filter '{lookup}'."
            )
    if rest:
        return _through(field, "__".join([*rest, lookup]), text, relations)
    shown = _HIDDEN.get(field, field)
    kind = _KINDS.get((resource.name, field), resource.type_of(field))

    def parse(part: str) -> Any:
        return _parsed(kind, field, part, relations)

    passes = _lookup(lookup, field, text, parse)
    return lambda body: passes(_comparable(kind, _value(body, field, shown)))


def _value(body: dict[str, Any], field: str, shown: str) -> Any:
    return body[shown] if shown in body else body.get(field, body.get(f"_{field}"))


def _through(
    field: str, rest: str, text: str, relations: Relations
) -> Callable[[dict[str, Any]], bool]:
    """Return a test of the related object, such as ``track__range=5``."""
    resource = resources()[field]
    if rest.partition("__")[0] not in resource.fields:
        raise BadQueryError(f"The field '{field}' cannot be followed to '{rest}'.")
    related = filtered(relations.rows(field), resource, [(rest, text)], relations)
    keys = {row.key for row in related}
    return lambda body: key_of(body.get(field)) in keys


def _lookup(
    lookup: str, field: str, text: str, parse: Callable[[str], Any]
) -> Callable[[Any], bool]:
    """Return the test of one value."""
    if lookup == "isnull":
        null = text.lower() in {"true", "1"}
        return lambda value: (value is None) == null
    if lookup == "startswith":
        return lambda value: str(value).startswith(text)
    if lookup == "range":
        bounds = [parse(part) for part in text.split(",")]
        if len(bounds) != 2:
            raise BadQueryError(f"The filter '{field}__range' takes two values: a,b.")
        return lambda value: value is not None and bounds[0] <= value <= bounds[1]
    if lookup == "in":
        wanted = [parse(part) for part in text.split(",")]
        return lambda value: value in wanted
    bound = parse(text)
    compare: Callable[[Any, Any], bool] = _COMPARE.get(lookup, operator.eq)
    return lambda value: value is not None and compare(value, bound)


def _parsed(kind: str, field: str, text: str, relations: Relations) -> Any:
    """Return the value that a filter compares with."""
    if kind in {"to_one", "to_many"}:
        return _comparable("to_one", _related(field, text, relations))
    if kind in {"integer", "float"} or (kind == "tick" and _is_number(text)):
        return _number(field, text)
    if kind in {"datetime", "tick"}:
        try:
            moment = _moment(text)
        except ValueError:
            raise BadQueryError(f"'{text}' is no date for '{field}'.") from None
        return moment.timestamp() * relations.clock if kind == "tick" else moment
    return text


def _related(field: str, text: str, relations: Relations) -> Any:
    """Return a URI or an id; a user may be given by e-mail."""
    if "," in text:
        raise BadQueryError(f"'{text}' is not one value for '{field}': use __in.")
    if field == "user" and "@" in text:
        return relations.user_id(text) or "nobody"
    return text


def _comparable(kind: str, value: Any) -> Any:
    """Return a value of a body in its form for comparison."""
    if value is None:
        return None
    if kind in {"to_one", "to_many"}:
        key = key_of(value) or ""
        # Ids sort as numbers, names of devices as texts.
        return (0, int(key), "") if key.isdecimal() else (1, 0, key)
    return _moment(value) if kind == "datetime" else value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(field: str, text: str) -> int | float:
    if not _is_number(text):
        raise BadQueryError(f"'{text}' is no number for '{field}'.")
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


# --- order and pages ----------------------------------------------------------------


def ordered(rows: list[ObjectRow], resource: Resource, query: Pairs) -> list[ObjectRow]:
    """Return rows in the order of a query; by default records come newest first."""
    asked = ",".join(text for name, text in query if name == "order_by")
    if not asked and resource.name == "record":
        asked = "-start"
    for column in reversed([part for part in asked.split(",") if part]):
        field = column.removeprefix("-")
        if field not in resource.fields:
            raise BadQueryError(f"There is no field '{field}' to order by.")
        if field not in (resource.ordering or ()):
            raise BadQueryError(f"The field '{field}' cannot be ordered by.")
        kind = resource.type_of(field)

        def rank(
            row: ObjectRow, field: str = field, kind: str = kind
        ) -> tuple[bool, Any]:
            value = _comparable(kind, _value(row.body, field, field))
            return (value is not None, value)

        rows = sorted(rows, key=rank, reverse=column.startswith("-"))
    return rows


def page_of(
    rows: list[ObjectRow],
    path: str,
    query: Pairs,
    *,
    default: int = _DEFAULT,
    late: int = 0,
) -> Page:
    """Return one page of rows, with links to `path`.

    `default` is the limit of a query without one. `late` is by how many pages it begins
    too early: 1 for the fault of a repeated page.
    """
    given = dict(query)
    limit = _whole("limit", given.get("limit", str(default)))
    offset = _whole("offset", given.get("offset", "0"))
    limit = _MOST if limit == 0 else min(limit, _MOST)
    kept = [(k, v) for k, v in query if k not in {"limit", "offset"}]

    def link(to: int) -> str:
        return f"{path}?{urlencode([*kept, ('limit', limit), ('offset', to)])}"

    meta = {
        "limit": limit,
        "next": link(offset + limit) if offset + limit < len(rows) else None,
        "offset": offset,
        "previous": link(offset - limit) if offset - limit >= 0 else None,
        "total_count": len(rows),
    }
    first = max(offset - late * limit, 0)
    return Page(meta, rows[first : first + limit])


def _whole(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise BadQueryError(f"'{text}' is no {name}; give a whole number.") from None
    if number < 0:
        raise BadQueryError(f"'{text}' is no {name}; give a whole number from 0.")
    return number
