"""The objects of the world in the form of answers, resource by resource.

A row is the body of a detail answer with its owner. Keys that begin with "_" are for
filters and are never sent. The old form ``/api/v1/`` is made in `service`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from hexoframe.simulator.server.catalog import (
    ACTIVITYTYPES,
    ATTRIBUTES,
    METRICS,
    ROUTINES,
    UNITS,
    datatype_objects,
)
from hexoframe.simulator.server.metrics import metric_object, unit_object
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import (
    STATUSES,
    Range,
    ServedAnnotation,
    ServedRecord,
    Track,
    User,
    World,
)

__all__ = ["ObjectRow", "ObjectRows", "iso", "microseconds", "uri", "user_object"]

_EARTH_M = 6_371_000.0


class ObjectRow(NamedTuple):
    """One object: its key in URIs, its owner (None: everybody), its body."""

    key: str
    owner: int | None
    body: dict[str, Any]


def uri(resource: str, key: object) -> str:
    """Return the URI of an object."""
    return f"/api/{resource}/{key}/"


def microseconds(tick: int, clock: int) -> datetime:
    """Return the moment of a tick in UTC."""
    since = timedelta(microseconds=round(Fraction(tick * 1_000_000, clock)))
    return datetime.fromtimestamp(0, tz=UTC) + since


def iso(tick: int, clock: int) -> str:
    """Return the whole second of a tick, as `start_date` has it."""
    return datetime.fromtimestamp(tick // clock, tz=UTC).isoformat()


def user_object(user: User, *, profile: bool = False) -> dict[str, Any]:
    """Return a user; the profile is a URI or an object."""
    return {
        "email": user.email,
        "first_name": user.first_name,
        "id": user.id,
        "last_name": user.last_name,
        "profile": _profile(user) if profile else uri("profile", user.profile_id),
        "resource_uri": uri("user", user.id),
        "username": user.email,
    }


def _profile(user: User) -> dict[str, Any]:
    return {
        "date_of_birth": user.date_of_birth,
        "fitness": {
            "fitness_percentile": 50,
            "height": user.height_m,
            "hr_max": 185,
            "hr_recov": 0,
            "hr_rest": 60,
            "vo2_max": 42,
            "weight": user.weight_kg,
        },
        "gender": user.gender,
        "id": user.profile_id,
        "preferences": None,
        "resource_uri": uri("profile", user.profile_id),
        "unit_system": "metric",
    }


class ObjectRows:
    """The rows of each resource, for the world as it is now."""

    def __init__(self, world: World, switches: Switches) -> None:
        self._world = world
        self._newer = switches.newer_record_fields
        self._datatype_id = switches.datatype_id
        self._kept: dict[str, tuple[int, list[ObjectRow]]] = {}
        self._makers: Mapping[str, Callable[[], Iterable[ObjectRow]]] = {
            "activityattribute": self._attributes,
            "activitytype": self._activitytypes,
            "annotation": self._annotations,
            "datatype": self._datatypes,
            "device": self._devices,
            "metric": self._metrics,
            "profile": self._profiles,
            "range": self._ranges,
            "record": self._records,
            "track": self._tracks,
            "trackpoint": self._trackpoints,
            "trainingroutine": self._routines,
            "unit": self._units,
            "user": self._users,
        }

    def of(self, resource: str) -> list[ObjectRow]:
        """Return all rows of a resource; most resources have none.

        They are cached until the world changes: copy a body before changing it.
        """
        version = self._world.version
        since, rows = self._kept.get(resource, (-1, []))
        if since == version:
            return rows
        make = self._makers.get(resource)
        rows = list(make()) if make else []
        self._kept[resource] = (version, rows)
        return rows

    # --- without owner --------------------------------------------------------------

    def _datatypes(self) -> Iterator[ObjectRow]:
        for body in datatype_objects(self._world.family):
            key = body["dataid"]
            named = {"id": key} if self._datatype_id else {}
            yield ObjectRow(str(key), None, body | named)

    def _units(self) -> Iterator[ObjectRow]:
        for number in UNITS:
            yield ObjectRow(str(number), None, unit_object(number))

    def _metrics(self) -> Iterator[ObjectRow]:
        for number, metric in METRICS.items():
            body = {
                "description": "",
                "id": number,
                "name": metric.name,
                "resource_uri": uri("metric", number),
                "title": metric.title,
                "type": "histogram" if metric.edges else "value",
                "unit": unit_object(metric.unit),
                "writable": False,
            }
            yield ObjectRow(str(number), None, body)

    def _attributes(self) -> Iterator[ObjectRow]:
        for number in ATTRIBUTES:
            body = _attribute(number)
            del body["value"]
            yield ObjectRow(str(number), None, body)

    def _activitytypes(self) -> Iterator[ObjectRow]:
        for number, (name, base, category, metrics) in ACTIVITYTYPES.items():
            body = {
                "base": base,
                "category": category,
                "default_metrics": [uri("metric", m) for m in metrics],
                "description": "",
                "id": number,
                "name": name,
                "resource_uri": uri("activitytype", number),
                "user": None,
            }
            yield ObjectRow(str(number), None, body)

    def _routines(self) -> Iterator[ObjectRow]:
        for number, (name, text, activitytype, metadata) in ROUTINES.items():
            body: dict[str, Any] = {
                "activitytype": uri("activitytype", activitytype),
                "application_metadata": None,
                "description": text,
                "id": number,
                "importfile": None,
                "last_used": None,
                "metadata": metadata,
                "name": name,
                "resource_uri": uri("trainingroutine", number),
                "steps": [],
                "user": None,
            }
            yield ObjectRow(str(number), None, body)

    # --- people and devices ---------------------------------------------------------

    def _users(self) -> Iterator[ObjectRow]:
        for user in self._world.users.values():
            yield ObjectRow(str(user.id), user.id, user_object(user, profile=True))

    def _profiles(self) -> Iterator[ObjectRow]:
        for user in self._world.users.values():
            body = _profile(user) | {"user": uri("user", user.id)}
            yield ObjectRow(str(user.profile_id), user.id, body)

    def _devices(self) -> Iterator[ObjectRow]:
        seen = set()
        for record in self._world.records.values():
            if (record.device, record.user) in seen:
                continue
            seen.add((record.device, record.user))
            yield ObjectRow(record.device, record.user, _device(record.device))

    # --- records, ranges, annotations, tracks ---------------------------------------

    def _records(self) -> Iterator[ObjectRow]:
        for record in self._world.records.values():
            yield ObjectRow(str(record.id), record.user, self._record(record))

    def _record(self, record: ServedRecord) -> dict[str, Any]:
        source = record.source
        body: dict[str, Any] = {
            "data_status": {},
            "dev_id": "F" * 32,
            "device": uri("device", record.device),
            "device_start": source.start,
            "end": record.end,
            "firmware_rev": "1.0.5",
            "id": record.id,
            "importfile": None,
            "last_modified": record.last_modified,
            "metrics": [],
            "resource_uri": uri("record", record.id),
            "soft_protocole": 0,
            "soft_uid": "HXDEV-AUTO",
            "start": source.start,
            "start_date": iso(source.start, source.clock),
            "status": record.status,
            "user": user_object(self._world.users[record.user]),
        }
        if self._newer:
            body["algo"] = {"ecg": "2.1.1", "respiration": "2.2.0"}
            end = source.start if record.end is None else record.end
            body["duration"] = (end - source.start) / source.clock
            body["garment"] = "SNX334000"
        return body

    def _ranges(self) -> Iterator[ObjectRow]:
        for span in self._world.ranges.values():
            yield ObjectRow(str(span.id), span.user, self.range(span))

    def range(self, span: Range) -> dict[str, Any]:
        """Return the body of a range."""
        clock = self._world.clock
        kind = span.activitytype
        routine = None if span.routine is None else uri("trainingroutine", span.routine)
        activity = None if kind is None else uri("activitytype", kind)
        return {
            "activityattributes": [_attribute(number) for number in ATTRIBUTES],
            "activitytype": activity,
            "context": {"activitytype": activity, "trainingroutine": routine},
            "created": iso(span.end, clock),
            "duration": (span.end - span.start) // clock,
            "end": span.end,
            "id": span.id,
            "labels": [],
            "last_modified": span.last_modified,
            "metrics": [],
            "name": span.name,
            "note": span.note,
            "parent": None,
            "ranges": [],
            "rank": 0,
            "resource_uri": uri("range", span.id),
            "start": span.start,
            "start_date": iso(span.start, clock),
            "status": self._status(span),
            "trainingroutine": routine,
            "user": uri("user", span.user),
        }

    def _status(self, span: Range) -> str:
        found = {record.status for record in self._world.records_in(span)}
        return next((status for status in STATUSES if status in found), "empty")

    def _annotations(self) -> Iterator[ObjectRow]:
        for mark in self._world.annotations.values():
            yield ObjectRow(str(mark.id), mark.user, self.annotation(mark))

    def annotation(self, mark: ServedAnnotation) -> dict[str, Any]:
        """Return the body of an annotation."""
        return {
            "annotation": mark.text,
            "datatype": uri("datatype", mark.datatype),
            "id": mark.id,
            "last_modified": mark.last_modified,
            "record": None if mark.record is None else uri("record", mark.record),
            "resource_uri": uri("annotation", mark.id),
            "start": mark.tick,
            "start_date": iso(mark.tick, self._world.clock),
            "user": uri("user", mark.user),
        }

    def _tracks(self) -> Iterator[ObjectRow]:
        clock = self._world.clock
        for track in self._world.tracks.values():
            body = {
                "area": None,
                "distance": _metres(track),
                "end_date": iso(track.points[-1].tick, clock),
                "id": track.id,
                "importfile": None,
                "name": "",
                "range": uri("range", track.range),
                "resource_uri": uri("track", track.id),
                "start_date": iso(track.points[0].tick, clock),
                "user": uri("user", track.user),
            }
            yield ObjectRow(str(track.id), track.user, body)

    def _trackpoints(self) -> Iterator[ObjectRow]:
        for track in self._world.tracks.values():
            for number, point in enumerate(track.points):
                key = track.id * 100_000 + number
                when = microseconds(point.tick, self._world.clock)
                body = {
                    "_range": uri("range", track.range),
                    "_record": uri("record", track.record),
                    "_tick": point.tick,
                    "_user": uri("user", track.user),
                    "altitude": point.altitude,
                    "course": None,
                    "horizontal_accuracy": point.horizontal_accuracy,
                    "id": key,
                    "position": [point.longitude, point.latitude],
                    "resource_uri": uri("trackpoint", key),
                    "speed": 1.3,
                    "time": when.replace(tzinfo=None).isoformat(),
                    "track": uri("track", track.id),
                    "vertical_accuracy": None,
                }
                yield ObjectRow(str(key), track.user, body)

    # --- with metrics ---------------------------------------------------------------

    def metrics(self, resource: str, key: str, numbers: Iterable[int]) -> list[Any]:
        """Return the existing metrics of a record or a range."""
        known = [number for number in numbers if number in METRICS]
        if resource == "record":
            record = self._world.records[int(key)]
            records, window = [record], (record.source.start, record.source.end)
        else:
            span = self._world.ranges[int(key)]
            records, window = self._world.records_in(span), (span.start, span.end)
        sources = [record.source for record in records if record.is_synced]
        return [metric_object(number, sources, window) for number in known]

    def default_metrics(self, range_key: str) -> tuple[int, ...]:
        """Return the metrics that a range always has."""
        kind = self._world.ranges[int(range_key)].activitytype
        return () if kind is None else ACTIVITYTYPES[kind][3]


def _attribute(number: int) -> dict[str, Any]:
    name, unit = ATTRIBUTES[number]
    return {
        "attrtype": "user",
        "id": number,
        "name": name,
        "resource_uri": uri("activityattribute", number),
        "unit": unit_object(unit),
        "user": None,
        "value": None,
    }


def _device(name: str) -> dict[str, Any]:
    serial = int("".join(filter(str.isdigit, name))[-8:] or 0)
    return {
        "batt_end": 0,
        "batt_start": 0,
        "bt_addr": "00:00:00:00:00:00",
        "bt_info": "",
        "charge_time": 0,
        "created": "2024-01-01T00:00:00+00:00",
        "deviceid": name,
        "fw_end": "1.0.5",
        "fw_start": "1.0.5",
        "hw_rev": "1",
        "id": serial,
        "last_modified": "2024-01-01T00:00:00+00:00",
        "mcu_info": "",
        "model": 1,
        "purchase_order": 0,
        "resource_uri": uri("device", name),
        "serial": serial,
        "status": 0,
    }


def _metres(track: Track) -> float:
    """Return the length of a track, great circle by great circle."""
    places = np.radians([(p.latitude, p.longitude) for p in track.points])
    step = np.diff(places, axis=0)
    across = np.cos(places[:-1, 0]) * np.cos(places[1:, 0])
    half = np.sin(step[:, 0] / 2) ** 2 + across * np.sin(step[:, 1] / 2) ** 2
    return float((2 * _EARTH_M * np.arcsin(np.sqrt(half))).sum())
