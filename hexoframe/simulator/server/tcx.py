"""Activities as TCX files, in both directions: written of a range, read when uploaded.

A file holds heart rate and places; the rest of a record is in the data resource. Source
of the form: TrainingCenterDatabase v2 of Garmin.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from hexoframe.simulator.server.catalog import ACTIVITYTYPES, ROUTINES
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.objects import microseconds, uri
from hexoframe.simulator.server.world import Range, ServedRecord, World

__all__ = ["Imports", "tcx_of"]

_SPACE = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
_SPORTS = {"running": "Running", "cycling": "Biking"}
_HEART_RATE, _ENERGY = 19, 42
_KCAL_J = 4184


# --- written --------------------------------------------------------------------------


def tcx_of(
    world: World,
    span: tuple[int, int],
    records: Iterable[ServedRecord],
    routine: int | None,
) -> bytes:
    """Return a span of records as a file of one activity with one lap.

    It has a point for each heart rate, at the end of its second, with the place of that
    moment where there is a track.
    """
    clock = world.clock
    kind = "" if routine is None else ACTIVITYTYPES[ROUTINES[routine][2]][2]
    top = ET.Element("TrainingCenterDatabase", {"xmlns": _SPACE})
    activity = ET.SubElement(
        ET.SubElement(top, "Activities"), "Activity", Sport=_SPORTS.get(kind, "Other")
    )
    begun = _moment(span[0], clock)
    _add(activity, "Id", begun)
    lap = ET.SubElement(activity, "Lap", StartTime=begun)
    _add(lap, "TotalTimeSeconds", (span[1] - span[0]) / clock)
    _add(lap, "DistanceMeters", 0.0)
    points = [point for record in records for point in _points(world, record, span)]
    _add(lap, "Calories", round(sum(one.joule for one in points) / _KCAL_J))
    _add(lap, "Intensity", "Active")
    _add(lap, "TriggerMethod", "Manual")
    track = ET.SubElement(lap, "Track")
    for one in points:
        point = ET.SubElement(track, "Trackpoint")
        _add(point, "Time", _moment(one.tick, clock))
        if one.place is not None:
            place = ET.SubElement(point, "Position")
            _add(place, "LatitudeDegrees", one.place.latitude)
            _add(place, "LongitudeDegrees", one.place.longitude)
            _add(point, "AltitudeMeters", one.place.altitude)
        _add(ET.SubElement(point, "HeartRateBpm"), "Value", one.heart_rate)
    return bytes(ET.tostring(top, encoding="UTF-8", xml_declaration=True))


class _TcxPoint(NamedTuple):
    tick: int
    heart_rate: int
    joule: float
    place: Any


def _points(
    world: World, record: ServedRecord, span: tuple[int, int]
) -> Iterator[_TcxPoint]:
    """Yield the heart rates of a record whose seconds lie in a span."""
    series = record.source.series(_HEART_RATE, span)
    if series is None or not record.is_synced:
        return
    energy = record.source.series(_ENERGY, span)
    spent = (
        dict(zip(*(part.tolist() for part in energy), strict=True)) if energy else {}
    )
    places = {point.tick // world.clock: point for point in record.source.track}
    for tick, value in zip(series.ticks.tolist(), series.values.tolist(), strict=True):
        if span[0] < tick <= span[1] and value > 0:
            place = places.get(tick // world.clock)
            yield _TcxPoint(tick, int(value), spent.get(tick, 0.0), place)


def _add(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


def _moment(tick: int, clock: int) -> str:
    text = microseconds(tick, clock).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


# --- read -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    user: int
    begun: float
    span: tuple[int, int] | None
    problem: str = ""


class Imports:
    """The uploaded files, whose activities are there after a while.

    `clock` gives seconds since 1970, `takes_s` how long a file takes.
    """

    def __init__(
        self, world: World, clock: Callable[[], float], *, takes_s: float
    ) -> None:
        self._world = world
        self._clock = clock
        self._takes_s = takes_s
        self._lock = threading.Lock()
        self._ids = itertools.count(7001)
        self._uploads: dict[int, _Upload] = {}
        self._made: dict[int, int] = {}

    def add(self, user: int, body: bytes) -> dict[str, Any]:
        """Take a file and return its object, whose progress is 0."""
        if not body:
            raise BadQueryError("There is no file in the body.")
        try:
            span, problem = _span_of(body, self._world.clock), ""
        except (ET.ParseError, ValueError) as error:
            span, problem = None, f"The file is no TCX: {error}"
        with self._lock:
            number = next(self._ids)
            self._uploads[number] = _Upload(
                user=user, begun=self._clock(), span=span, problem=problem
            )
        return self._object(number, 0.0, [])

    def get(self, user: int, key: str) -> dict[str, Any] | None:
        """Return the object of an upload; None if there is none of this user."""
        with self._lock:
            number = int(key) if key.isdecimal() else 0
            upload = self._uploads.get(number)
            if upload is None or upload.user != user:
                return None
            passed = self._clock() - upload.begun
            if passed < self._takes_s:
                return self._object(number, passed / self._takes_s, [])
            if upload.span is None:
                return self._object(number, 1, [{"error": upload.problem}])
            if number not in self._made:
                start, end = upload.span
                made = self._world.put(
                    "range", Range(0, user, start, end, "Imported", None)
                )
                self._made[number] = made.id
            result = {"id": self._made[number], "rank": 0}
            place = {"resource_uri": uri("range", self._made[number])}
            return self._object(number, 1, [result | place])

    def _object(
        self, number: int, progress: float, results: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            "id": number,
            "progress": progress,
            "resource_uri": uri("import", number),
            "results": results,
        }


def _span_of(body: bytes, clock: int) -> tuple[int, int]:
    """Return first and last tick of a file."""
    top = ET.fromstring(body)  # noqa: S314  # sent by the tests of this machine
    times = [one.text or "" for one in top.iter(f"{{{_SPACE}}}Time")]
    if not times:
        raise ValueError("it has no point")
    moments = [datetime.fromisoformat(text) for text in times]
    ticks = sorted(
        int((one if one.tzinfo else one.replace(tzinfo=UTC)).timestamp() * clock)
        for one in moments
    )
    return ticks[0], ticks[-1]
