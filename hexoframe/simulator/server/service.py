"""The service without HTTP: answers to requests for lists, objects and changes.

Samples come from `data`, the form of objects from `objects`.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hexoframe.simulator.server.auth import Authenticator, Identity
from hexoframe.simulator.server.catalog import (
    SKIPPED,
    Resource,
    resources,
    schema_of,
)
from hexoframe.simulator.server.data import DataRequest, DataService
from hexoframe.simulator.server.lists import (
    Pairs,
    Relations,
    filtered,
    ids_of,
    key_of,
    ordered,
    page_of,
)
from hexoframe.simulator.server.messages import (
    FIT,
    TCX,
    Answer,
    BadQueryError,
    DeniedError,
    empty,
    error,
    json_answer,
    v1_uris,
)
from hexoframe.simulator.server.objects import ObjectRow, ObjectRows, uri, user_object
from hexoframe.simulator.server.reports import report
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.tcx import Imports, tcx_of
from hexoframe.simulator.server.world import World
from hexoframe.simulator.server.writes import WRITABLE, Kind, ObjectWriter

__all__ = ["ApiRequest", "Service"]

_READONLY = "The scope of this token is readonly."
# Fields that an object does not have under ``/api/v1/``.
_DROPPED: Mapping[str, tuple[str, ...]] = {
    "annotation": ("last_modified",),
    "range": ("activitytype", "context"),
    "record": ("device_start", "importfile", "metrics"),
    "track": ("end_date", "importfile", "start_date"),
    "trainingroutine": ("importfile", "steps"),
    "profile": ("user",),
}


class ApiRequest(NamedTuple):
    """A request after authentication.

    `method` is in upper case, with GET for HEAD; `path` has no query; `body` is of the
    media type `form`, and `content` what it is in JSON, None if it is not; `late` is 1
    for the fault of a repeated page.
    """

    who: Identity
    method: str
    path: str
    query: Pairs
    accept: str
    gzip: bool
    content: Any
    body: bytes
    form: str
    late: int

    @property
    def is_detail(self) -> bool:
        """Whether it is about one object."""
        return self.path.removeprefix("/api/v1").removeprefix("/api").count("/") > 2

    @property
    def v1(self) -> bool:
        """Whether the request uses the old form ``/api/v1/``."""
        return self.path.startswith("/api/v1/")


class Service:
    """Answers for each URL.

    The authenticator lists tokens as resources; `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        world: World,
        switches: Switches,
        authenticator: Authenticator,
        clock: Callable[[], float],
    ) -> None:
        self.world = world
        self.authenticator = authenticator
        self.data = DataService(world, switches, clock)
        self._rows = ObjectRows(world, switches)
        self._float_starts = switches.float_starts
        self._imports = Imports(world, clock, takes_s=switches.import_s)

    # --- root and schemas -----------------------------------------------------------

    def root(self, *, v1: bool) -> Answer:
        """Return the list of all resources."""
        listed = {
            name: {
                "list_endpoint": f"/api/{name}/",
                "schema": f"/api/{name}/schema/",
            }
            for name in (*resources(), *SKIPPED)
        }
        return json_answer(v1_uris(listed) if v1 else listed)

    def schema(self, name: str) -> Answer:
        """Return the schema of a resource."""
        resource = resources().get(name)
        return error(404) if resource is None else json_answer(schema_of(resource))

    # --- lists ----------------------------------------------------------------------

    def listing(self, ask: ApiRequest, name: str) -> Answer:
        """Return the answer of ``/api/<name>/``."""
        resource = resources().get(name)
        if resource is None:
            return error(404)
        refused = _refused(ask, resource, resource.list_methods)
        if refused:
            return refused
        if ask.method != "GET":
            make = self._create if ask.method == "POST" else self._change_many
            return make(ask, name)
        if resource.is_data:
            query = tuple(ask.query)
            user = ask.who.user
            return self.data.answer(
                DataRequest(user, name, query, ask.accept, ask.gzip, ask.v1)
            )
        if name == "report":
            return self._send(report(self.world, ask.who.user, ask.query), ask)
        return self._send(self._list(ask, resource), ask)

    def _send(
        self, content: Any, ask: ApiRequest, status: int = 200, **told: str
    ) -> Answer:
        return json_answer(v1_uris(content) if ask.v1 else content, status, **told)

    def _visible(self, ask: ApiRequest, name: str) -> list[ObjectRow]:
        user = ask.who.user
        if name == "account":
            body = user_object(user, profile=True) | {"is_staff": False}
            return [ObjectRow(str(user.id), user.id, body)]
        if name == "oauth2token":
            found = self.authenticator.tokens_of(user.id)
            return [
                ObjectRow(str(number), user.id, body) for number, body in found.items()
            ]
        sees = self.world.sees[user.id]
        rows = self._rows.of(name)
        return [row for row in rows if row.owner is None or row.owner in sees]

    def _list(self, ask: ApiRequest, resource: Resource) -> dict[str, Any]:
        name = resource.name
        world = self.world
        relations = Relations(
            lambda other: self._visible(ask, other), world.user_id, world.clock
        )
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
        metrics = ids_of(ask.query, "include_metrics", "include_histograms")
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

    def _shown(
        self, name: str, body: Mapping[str, Any], ask: ApiRequest
    ) -> dict[str, Any]:
        shown = {k: v for k, v in body.items() if not k.startswith("_")}
        return _as_v1(name, shown, clock=self.world.clock) if ask.v1 else shown

    def _distances(self, rows: list[ObjectRow]) -> dict[str, Any]:
        seen = dict.fromkeys(row.body["track"] for row in rows)
        tracks = {row.body["resource_uri"]: row.body for row in self._rows.of("track")}
        return {
            "distance": {track: tracks[track]["distance"] for track in seen},
            "total_tracks": len(seen),
        }

    # --- details --------------------------------------------------------------------

    def detail(self, ask: ApiRequest, name: str, key: str) -> Answer:
        """Return the answer of ``/api/<name>/<key>/``."""
        resource = resources().get(name)
        if resource is None or not resource.detail_methods:
            return error(404)
        refused = _refused(ask, resource, resource.detail_methods)
        if refused:
            return refused
        row = next((r for r in self._visible(ask, name) if r.key == key), None)
        if row is None:
            return error(404)
        if ask.method != "GET":
            return self._change(ask, name, row)
        return self._shown_whole(ask, name, row)

    def _shown_whole(self, ask: ApiRequest, name: str, row: ObjectRow) -> Answer:
        if ask.accept == TCX and name in {"record", "range"}:
            return Answer(200, self._tcx(name, int(row.key)), TCX)
        return self._send(self._full(ask, name, row), ask)

    def _tcx(self, name: str, number: int) -> bytes:
        """Return a record or a range as a TCX file."""
        if name == "record":
            record = self.world.records[number]
            whole = record.source.start, record.source.end
            return tcx_of(self.world, whole, [record], None)
        span = self.world.ranges[number]
        found = self.world.records_in(span)
        return tcx_of(self.world, (span.start, span.end), found, span.routine)

    def _full(self, ask: ApiRequest, name: str, row: ObjectRow) -> dict[str, Any]:
        body = dict(row.body)
        if "metrics" in body:
            metrics = ids_of(ask.query, "include_metrics", "include_histograms")
            if name == "range":
                metrics = (*self._rows.default_metrics(row.key), *metrics)
            numbers = dict.fromkeys(metrics)
            body["metrics"] = self._rows.metrics(name, row.key, numbers)
        return self._shown(name, body, ask)

    # --- changes --------------------------------------------------------------------

    def _writer(self, ask: ApiRequest) -> ObjectWriter:
        return ObjectWriter(self.world, ask.who.user, float_starts=self._float_starts)

    def imported(self, ask: ApiRequest, key: str) -> Answer:
        """Return the answer of ``/api/import/<key>/``: how far a file is."""
        if ask.method != "GET":
            return empty(405, Allow="GET")
        found = self._imports.get(ask.who.user.id, key)
        return error(404) if found is None else self._send(found, ask)

    def upload(self, ask: ApiRequest) -> Answer:
        """Take a TCX file, which becomes an activity after a while."""
        if ask.method != "POST":
            return empty(405, Allow="POST")
        if not ask.who.may_write:
            return error(403, _READONLY)
        if ask.form != TCX:
            raise BadQueryError(f"The simulator imports {TCX} only.")
        made = self._imports.add(ask.who.user.id, ask.body)
        return self._send(made, ask, 201, Location=made["resource_uri"])

    def _create(self, ask: ApiRequest, name: str) -> Answer:
        kind = _kind_of(name)
        made = self._writer(ask).create(kind, _content(ask))
        row = next(r for r in self._rows.of(name) if r.key == str(made.id))
        place = f"/api/{'v1/' if ask.v1 else ''}{name}/{made.id}/"
        return self._send(self._shown(name, row.body, ask), ask, 201, Location=place)

    def _change_many(self, ask: ApiRequest, name: str) -> Answer:
        """Change, create and delete the objects of a PATCH of the list."""
        kind = _kind_of(name)
        content = _content(ask)
        objects: Any = content.get("objects")
        gone: Any = content.get("deleted_objects", [])
        if not (_is_list_of(dict, objects) and _is_list_of(str, gone)):
            raise BadQueryError("The body names no list of 'objects'.")
        seen = {row.key for row in self._visible(ask, name)}
        named = [key_of(body.get("resource_uri")) for body in objects]
        if not seen.issuperset({*filter(None, named), *map(key_of, gone)}):
            return error(404)
        writer = self._writer(ask)
        for key, body in zip(named, objects, strict=True):
            if key is None:
                writer.create(kind, body)
            else:
                writer.change(kind, int(key), body)
        for place in gone:
            self.world.delete(kind, int(key_of(place) or 0))
        return empty(202)

    def _change(self, ask: ApiRequest, name: str, row: ObjectRow) -> Answer:
        if name == "oauth2token":
            there = self.authenticator.revoke(ask.who.user.id, int(row.key))
            return empty(204 if there else 404)
        kind = _kind_of(name)
        if ask.method == "DELETE":
            self.world.delete(kind, int(row.key))
            return empty(204)
        self._writer(ask).change(kind, int(row.key), _content(ask))
        changed = next(r for r in self._rows.of(name) if r.key == row.key)
        status = 202 if ask.method == "PATCH" else 200
        return self._send(self._shown(name, changed.body, ask), ask, status)


def _profile_key(body: Mapping[str, Any]) -> str:
    """Return the key of a user's profile."""
    return key_of(body["profile"]) or ""


def _refused(
    ask: ApiRequest, resource: Resource, allowed: tuple[str, ...]
) -> Answer | None:
    """Return the answer that refuses a method or a form, None if allowed."""
    if ask.method.lower() not in allowed:
        return empty(405, Allow=", ".join(method.upper() for method in allowed))
    if ask.method != "GET" and not ask.who.may_write:
        return error(403, _READONLY)
    # One activity comes as TCX; all other resources answer in JSON.
    of_activity = resource.name in {"record", "range"}
    unwritten = {FIT} if of_activity and ask.is_detail else {FIT, TCX}
    if ask.accept in unwritten and (of_activity or resource.is_data):
        return error(501, "The simulator does not write this form.")
    return None


def _kind_of(name: str) -> Kind:
    kind = WRITABLE.get(name)
    if kind is None:
        told = f"The simulator does not do this with '{name}'."
        raise DeniedError(error(501, told))
    return kind


def _is_list_of(kind: type, value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _content(ask: ApiRequest) -> Mapping[str, Any]:
    if not isinstance(ask.content, dict):
        raise BadQueryError("The body is no object in JSON.")
    return ask.content


def _as_v1(resource: str, body: dict[str, Any], *, clock: int) -> dict[str, Any]:
    """Return an object in its old form, which the vendor's reference still prints."""
    old = {k: v for k, v in body.items() if k not in _DROPPED.get(resource, ())}
    if resource == "record":
        start = struct.pack("<Q10sIIII", body["start"], b"HXDEV-AUTO", 0, 0, 0, 0)
        old["data"] = base64.b64encode(start.ljust(60, b"F") + b"\1\0\5\0").decode()
        old |= {"n_uploaded_timelines": 0, "npages": 0}
    elif resource == "annotation":
        modified = datetime.fromisoformat(body["last_modified"])
        old["last_update"] = int(modified.timestamp()) * clock
    elif resource == "range":
        old["duration"] = str(timedelta(seconds=body["duration"]))
    elif resource == "track":
        old["source"] = ""
    elif resource == "trainingroutine":
        old["trainingroutines"] = []
    elif resource == "profile":
        old |= {key: body["fitness"][key] for key in ("height", "weight")}
    elif isinstance(body.get("profile"), dict):
        old["profile"] = _as_v1("profile", body["profile"], clock=clock)
    return old
