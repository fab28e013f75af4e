"""The service without HTTP: what a user gets for a resource, an object, a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hexoframe.simulator.server.answers import (
    Answer,
    BadQueryError,
    empty,
    error,
    json_answer,
    v1_uris,
)
from hexoframe.simulator.server.auth import Doorkeeper, Identity
from hexoframe.simulator.server.catalog import METRICS, Resource, resources, schema_of
from hexoframe.simulator.server.data import DataRequest, DataService
from hexoframe.simulator.server.lists import (
    Pairs,
    Relations,
    filtered,
    key_of,
    ordered,
    page_of,
)
from hexoframe.simulator.server.metrics import report_item
from hexoframe.simulator.server.objects import Row, Rows, uri, user_object
from hexoframe.simulator.server.oldform import as_v1
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import World
from hexoframe.simulator.server.writes import WRITABLE, change, create

__all__ = ["Ask", "Service"]


class Ask(NamedTuple):
    """A request after authentication.

    Attributes
    ----------
    who : Identity
        User, and whether he may write.
    method : str
        In capitals; HEAD counts as GET.
    path : str
        Without query.
    query : list of (str, str)
        The query.
    accept : str
        ``application/octet-stream``, ``text/csv``, ``application/json`` or another.
    gzip : bool
        Whether the answer may be compressed.
    content : object
        The body, read as JSON; None without one.
    late : int
        1 for the fault of a repeated page.
    """

    who: Identity
    method: str
    path: str
    query: Pairs
    accept: str
    gzip: bool
    content: Any
    late: int

    @property
    def v1(self) -> bool:
        """Whether the old form is asked for."""
        return self.path.startswith("/api/v1/")


class Service:
    """Answers for each URL.

    Parameters
    ----------
    world : World
        All objects.
    switches : Switches
        Readings of what is unclear.
    doorkeeper : Doorkeeper
        For tokens and clients as resources.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        world: World,
        switches: Switches,
        doorkeeper: Doorkeeper,
        clock: Callable[[], float],
    ) -> None:
        self.world = world
        self.doorkeeper = doorkeeper
        self.data = DataService(world, switches, clock)
        self._rows = Rows(world, newer_record_fields=switches.newer_record_fields)

    # --- root and schemas -----------------------------------------------------------

    def root(self, *, v1: bool) -> Answer:
        """Return the list of all resources."""
        listed = {
            name: {
                "list_endpoint": f"/api/{name}/",
                "schema": f"/api/{name}/schema/",
            }
            for name in resources()
        }
        return json_answer(v1_uris(listed) if v1 else listed)

    def schema(self, name: str) -> Answer:
        """Return the schema of a resource."""
        resource = resources().get(name)
        return error(404) if resource is None else json_answer(schema_of(resource))

    # --- lists ----------------------------------------------------------------------

    def listing(self, ask: Ask, name: str) -> Answer:
        """Return the answer of ``/api/<name>/``."""
        resource = resources().get(name)
        if resource is None:
            return error(404)
        refused = _refused(ask, resource.list_methods)
        if refused:
            return refused
        if ask.method != "GET":
            return self._create(ask, name)
        if "datatype" in resource.fields and "max_values" in resource.fields:
            query = tuple(ask.query)
            user = ask.who.user
            return self.data.answer(
                DataRequest(user, name, query, ask.accept, ask.gzip, ask.v1)
            )
        if name == "report":
            return self._send(self._report(ask), ask)
        return self._send(self._list(ask, resource), ask)

    def _send(self, content: Any, ask: Ask, status: int = 200, **told: str) -> Answer:
        return json_answer(v1_uris(content) if ask.v1 else content, status, **told)

    def _visible(self, ask: Ask, name: str) -> list[Row]:
        user = ask.who.user
        if name == "account":
            body = user_object(user, profile=True) | {"is_staff": False}
            return [Row(str(user.id), user.id, body)]
        if name == "oauth2token":
            found = self.doorkeeper.tokens_of(user.id)
            return [Row(str(number), user.id, body) for number, body in found.items()]
        sees = self.world.sees[user.id]
        rows = self._rows.of(name)
        return [row for row in rows if row.owner is None or row.owner in sees]

    def _list(self, ask: Ask, resource: Resource) -> dict[str, Any]:
        name = resource.name

        def user_id(email: str) -> int | None:
            found = self.world.user_by_name(email)
            return found.id if found else None

        relations = Relations(lambda other: self._visible(ask, other), user_id)
        rows = filtered(self._visible(ask, name), resource, ask.query, relations)
        rows = ordered(rows, resource, ask.query)
        page = page_of(
            rows,
            f"/api/{name}/",
            ask.query,
            default=1 if name == "account" else 20,
            late=ask.late,
        )
        meta = page.meta | (self._distances(page.rows) if name == "trackpoint" else {})
        metrics = _numbers(ask.query, "include_metrics", "include_histograms")
        objects = []
        for row in page.rows:
            body = dict(row.body)
            if name == "user":
                body["profile"] = uri("profile", _profile_key(body))
            if name == "range":
                del body["ranges"]
            if metrics and "metrics" in body:
                body["metrics"] = self._rows.metrics(name, row.key, metrics)
            objects.append(self._shown(name, body, ask))
        return {"meta": meta, "objects": objects}

    def _shown(self, name: str, body: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
        shown = {k: v for k, v in body.items() if not k.startswith("_")}
        return as_v1(name, shown, clock=self.world.clock) if ask.v1 else shown

    def _distances(self, rows: list[Row]) -> dict[str, Any]:
        seen = dict.fromkeys(row.body["track"] for row in rows)
        tracks = {row.body["resource_uri"]: row.body for row in self._rows.of("track")}
        return {
            "distance": {track: tracks[track]["distance"] for track in seen},
            "total_tracks": len(seen),
        }

    # --- details --------------------------------------------------------------------

    def detail(self, ask: Ask, name: str, key: str) -> Answer:
        """Return the answer of ``/api/<name>/<key>/``."""
        resource = resources().get(name)
        if resource is None or not resource.detail_methods:
            return error(404)
        refused = _refused(ask, resource.detail_methods)
        if refused:
            return refused
        row = next((r for r in self._visible(ask, name) if r.key == key), None)
        if row is None:
            return error(404)
        if ask.method != "GET":
            return self._change(ask, name, row)
        return self._send(self._full(ask, name, row), ask)

    def _full(self, ask: Ask, name: str, row: Row) -> dict[str, Any]:
        body = dict(row.body)
        if "metrics" in body:
            metrics = _numbers(ask.query, "include_metrics", "include_histograms")
            if name == "range":
                metrics = (*self._rows.default_metrics(row.key), *metrics)
            numbers = dict.fromkeys(metrics)
            body["metrics"] = self._rows.metrics(name, row.key, numbers)
        return self._shown(name, body, ask)

    # --- changes --------------------------------------------------------------------

    def _create(self, ask: Ask, name: str) -> Answer:
        kind = WRITABLE.get(name)
        if kind is None or ask.method != "POST":
            return error(501, f"The simulator does not do this with '{name}'.")
        made = create(self.world, kind, _content(ask), ask.who.user)
        row = next(r for r in self._rows.of(name) if r.key == str(made.id))
        place = f"/api/{'v1/' if ask.v1 else ''}{name}/{made.id}/"
        return self._send(self._shown(name, row.body, ask), ask, 201, Location=place)

    def _change(self, ask: Ask, name: str, row: Row) -> Answer:
        if name == "oauth2token":
            there = self.doorkeeper.revoke(ask.who.user.id, int(row.key))
            return empty(204 if there else 404)
        kind = WRITABLE.get(name)
        if kind is None:
            return error(501, f"The simulator does not do this with '{name}'.")
        if ask.method == "DELETE":
            self.world.delete(kind, int(row.key))
            return empty(204)
        user = ask.who.user
        content = _content(ask)
        change(self.world, kind, int(row.key), content=content, asking=user)
        changed = next(r for r in self._rows.of(name) if r.key == row.key)
        status = 202 if ask.method == "PATCH" else 200
        return self._send(self._shown(name, changed.body, ask), ask, status)

    # --- reports --------------------------------------------------------------------

    def _report(self, ask: Ask) -> dict[str, Any]:
        numbers = [n for n in _numbers(ask.query, "include_metrics") if n in METRICS]
        data = []
        for about, records, window in self._report_parts(ask):
            sources = [record.source for record in records if record.is_synced]
            user = uri("user", records[0].user) if records else None
            span = {"end": window[1], "start": window[0], "user": user}
            data.append(
                [
                    report_item(number, sources, window) | about | {"timerange": span}
                    for number in numbers
                ]
            )
        return {
            "count": len(data),
            "data": data,
            "name": "",
            "outputtype": "list",
            "report": "/api/templatereport/None/",
            "title": "",
        }

    def _report_parts(self, ask: Ask) -> list[tuple[dict[str, str], list[Any], Any]]:
        """Return what a report is about: URI, records, window."""
        sees = self.world.sees[ask.who.user.id]
        parts: list[tuple[dict[str, str], list[Any], Any]] = []
        for number in _numbers(ask.query, "record"):
            record = self.world.records.get(number)
            if record and record.user in sees:
                window = (record.source.start, record.source.end)
                parts.append(({"record": uri("record", number)}, [record], window))
        for number in _numbers(ask.query, "range"):
            span = self.world.ranges.get(number)
            if span and span.user in sees:
                records = self.world.records_in(span)
                about = {"range": uri("range", number)}
                parts.append((about, records, (span.start, span.end)))
        given = dict(ask.query)
        if {"user", "start", "end"} <= given.keys() and not parts:
            hour = 3600 * self.world.clock
            found = self.world.user_by_name(given["user"])
            user = found.id if found else int(key_of(given["user"]) or 0)
            first = math.floor(_tick(given["start"]) / hour) * hour
            last = math.ceil(_tick(given["end"]) / hour) * hour
            records = [
                record
                for record in self.world.records_of({user} & sees)
                if record.source.start <= last and record.source.end >= first
            ]
            parts.append(({}, records, (first, last)))
        return parts


def _profile_key(body: Mapping[str, Any]) -> str:
    """Return the key of the profile that a user has."""
    return key_of(body["profile"]) or ""


def _refused(ask: Ask, allowed: tuple[str, ...]) -> Answer | None:
    """Return why a method is refused, None if it is not."""
    if ask.method.lower() not in allowed:
        return empty(405, Allow=", ".join(method.upper() for method in allowed))
    if ask.method != "GET" and not ask.who.may_write:
        return error(403, "The scope of this token is readonly.")
    return None


def _content(ask: Ask) -> Mapping[str, Any]:
    if not isinstance(ask.content, dict):
        raise BadQueryError("The body is no object in JSON.")
    return ask.content


def _numbers(query: Pairs, *names: str) -> tuple[int, ...]:
    """Return the ids that some arguments list, as ids or URIs."""
    found: list[int] = []
    for name, text in query:
        if name.partition("__")[0] in names:
            keys = [key_of(part) or "" for part in text.split(",")]
            found += [int(key) for key in keys if key.isdecimal()]
    return tuple(dict.fromkeys(found))


def _tick(text: str) -> int:
    try:
        return int(float(text))
    except ValueError:
        raise BadQueryError(f"'{text}' is no tick.") from None
