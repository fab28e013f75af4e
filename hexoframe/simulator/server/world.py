"""The world of the simulated service: users, who sees whom, records, ranges, tracks.

Facts and their changes only. The form of objects in answers is in `objects`, filters
are in `lists`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hexoframe.channels import Family
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server.catalog import QUIET_TYPES, ROUTINES
from hexoframe.simulator.server.exports import open_export
from hexoframe.simulator.server.growth import Arrivals, Growth
from hexoframe.simulator.server.signals import RecordSource, SyntheticSource
from hexoframe.simulator.shirt import Recording, Shirt, TrackPoint

__all__ = [
    "MAIN_USER",
    "STATUSES",
    "Range",
    "ServedAnnotation",
    "ServedRecord",
    "Track",
    "User",
    "World",
    "default_shirts",
]

Status = Literal[
    "realtime",
    "realtime_complete",
    "syncing",
    "queued",
    "processing",
    "complete",
    "incomplete",
    "error",
]
# The most severe first: a range has the status of its worst record.
STATUSES: tuple[str, ...] = (
    "error", "incomplete", "realtime", "realtime_complete", "syncing", "queued",
    "processing", "complete", "deleted",
)  # fmt: skip
_UNSYNCED = frozenset({"syncing", "queued", "processing"})
MAIN_USER, _SECOND, _COACH, _STRANGER = 20_001, 20_002, 20_003, 20_004
_FIRST_NEW_ID = 9_000_001


class User(NamedTuple):
    """A person of the synthetic world."""

    id: int
    email: str
    first_name: str
    last_name: str
    weight_kg: float = 70
    height_m: float = 1.75
    gender: str = "F"
    date_of_birth: str = "1980-01-01"

    @property
    def profile_id(self) -> int:
        """Id of the profile; it differs from the user's."""
        return self.id - 51


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRecord:
    """A record and its state on the server."""

    id: int
    user: int
    device: str
    source: RecordSource
    status: Status = "complete"
    last_modified: str = "2024-03-02T12:00:00+00:00"
    arrivals: Arrivals | None = None  # while it grows

    @property
    def end(self) -> int | None:
        """End in ticks; that of what came so far while the record grows."""
        return self.source.end if self.arrivals is None else self.arrivals.end

    @property
    def is_synced(self) -> bool:
        """Whether the service has all of its data."""
        return self.status not in _UNSYNCED and not self.is_live

    @property
    def is_live(self) -> bool:
        """Whether it is being recorded and has no waveforms yet."""
        return self.status == "realtime"


class Range(NamedTuple):
    """An activity of a user, over all records that it overlaps."""

    id: int
    user: int
    start: int
    end: int
    name: str
    routine: int | None
    note: str = ""
    last_modified: str = "2024-03-02T12:00:00+00:00"

    @property
    def activitytype(self) -> int | None:
        """Type of the activity, given by its routine."""
        return None if self.routine is None else ROUTINES[self.routine][2]


class ServedAnnotation(NamedTuple):
    """An annotation of a user at a tick."""

    id: int
    user: int
    tick: int
    datatype: int
    text: str
    record: int | None
    last_modified: str = "2024-03-02T12:00:00+00:00"


class Track(NamedTuple):
    """The GPS track of a range."""

    id: int
    user: int
    range: int
    record: int
    points: tuple[TrackPoint, ...]


_USERS = (
    User(MAIN_USER, "anna.synthetic@example.org", "Anna", "Synthetic"),
    User(_SECOND, "bert.synthetic@example.org", "Bert", "Synthetic", 84, 1.86, "M"),
    User(_COACH, "coach.synthetic@example.org", "Carla", "Coach", 62, 1.68),
    User(_STRANGER, "dora.stranger@example.org", "Dora", "Stranger", 58, 1.61),
)


def default_shirts(family: Family = "hexoskin") -> tuple[Shirt, ...]:
    """Return the records of the default world.

    Anna has a mixed record with a track, a rest, a sleep and a walk of more than a
    thousand track points; Bert has two records with gaps, the coach and the stranger
    one each.

    Parameters
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device and server.

    Returns
    -------
    tuple of Shirt
        The settings of each record.
    """
    clock = 1000 if family == "astroskin_1000" else 256
    day = 86_400 * clock
    first = 1_709_330_400 * clock

    def shirt(number: int, **settings: Any) -> Shirt:
        usual = {
            "seed": number,
            "family": family,
            "record_id": 300_000 + number,
            "user_id": MAIN_USER,
            "start": first + number * day,
        }
        return Shirt(**(usual | settings))

    bert = {"user_id": _SECOND, "device": "HXSKIN1200009002", "weight_kg": 84}
    return (
        shirt(1, duration_s=1200, presses=(30, 700.5), track=True),
        shirt(2, duration_s=600, activity="rest"),
        shirt(3, duration_s=1800, activity="sleep"),
        shirt(4, duration_s=5400, activity="walk", track=True),
        shirt(11, duration_s=900, gaps=((300, 60),), lead_off=((100, 20),), **bert),
        shirt(12, duration_s=300.25, start=first + 12 * day + 89, movement=0.2, **bert),
        shirt(21, duration_s=300, user_id=_COACH, device="HXSKIN1200009003"),
        shirt(31, duration_s=300, user_id=_STRANGER, device="HXSKIN1200009004"),
    )


class World:
    """All objects of the service; they are changed by its methods only.

    A synthetic record belongs to its `user_id`; exports are visible to the main user.
    """

    def __init__(
        self,
        recordings: Iterable[Shirt | Recording],
        exports: Iterable[Any],
        growing: Iterable[Growth] = (),
    ) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self.users = {user.id: user for user in _USERS}
        self.sees = {user: {user} for user in self.users}
        self.sees[_COACH] |= {MAIN_USER, _SECOND}
        self.records: dict[int, ServedRecord] = {}
        self.archives: dict[int, Any] = {}
        self._made: dict[str, Any] | None = None
        self._ids = itertools.count(_FIRST_NEW_ID)
        self._given_ranges: list[Range] = []
        for item in recordings:
            source = SyntheticSource(item)
            shirt = source.shirt
            self._add(shirt.record_id, shirt.user_id, shirt.device, source)
        for path in exports:
            self._add_export(Path(path))
        families = {record.source.family for record in self.records.values()}
        clocks = {record.source.clock for record in self.records.values()}
        if len(clocks) > 1:
            raise ConfigurationError(
                "the records count 256 and 1000 ticks a second: one server counts one "
                "way, so start two"
            )
        self.clock = clocks.pop() if clocks else 256
        self.family: Family = (
            "astroskin_1000" if self.clock == 1000
            else "hexoskin" if families <= {"hexoskin"} else "astroskin_256"
        )  # fmt: skip
        self._growing = [(growth, growth.clock()) for growth in growing]
        for growth, _ in self._growing:
            if growth.record not in self.records:
                raise ConfigurationError(
                    f"record {growth.record} cannot grow, as there is none; there are "
                    f"{', '.join(map(str, self.records))}"
                )
        self.catch_up()

    def _add(self, number: int, user: int, device: str, source: RecordSource) -> None:
        if number in self.records:
            raise ConfigurationError(
                f"two records have the id {number}; give one id each"
            )
        self.records[number] = ServedRecord(
            id=number, user=user, device=device, source=source
        )
        if user not in self.users:
            # The main user and the coach see users who came with a record.
            self.users[user] = User(user, f"user{user}@example.org", "User", str(user))
            self.sees[user] = {user}
            self.sees[MAIN_USER].add(user)
            self.sees[_COACH].add(user)

    def _add_export(self, path: Path) -> None:
        given = open_export(path)
        for source in given.records:
            self._add(source.record_id, source.user_id, source.device, source)
        if given.range_id is not None:
            user = given.records[0].user_id
            first = min(source.start for source in given.records)
            last = max(source.end for source in given.records)
            self._given_ranges.append(
                Range(given.range_id, user, first, last, "Given", None)
            )
            self.archives[given.range_id] = given.archive

    # --- look-up --------------------------------------------------------------------

    def user_by_name(self, name: str) -> User | None:
        """Return the user with a user name (an e-mail address)."""
        return next((u for u in self.users.values() if u.email == name), None)

    def user_id(self, named: str) -> int | None:
        """Return the id of a user given by URI, id or e-mail.

        It is 0 for an unknown e-mail, None for a text in none of these forms.
        """
        if "@" in named:
            found = self.user_by_name(named)
            return found.id if found else 0
        key = named.rstrip("/").rpartition("/")[2]
        return int(key) if key.isdecimal() else None

    def records_of(self, users: Iterable[int]) -> list[ServedRecord]:
        """Return the records of some users, by start."""
        wanted = set(users)
        with self.lock:
            found = [r for r in self.records.values() if r.user in wanted]
        return sorted(found, key=lambda record: (record.source.start, record.id))

    def _made_objects(self) -> dict[str, dict[int, Any]]:
        """Return ranges, annotations and tracks by id, after making all records."""
        with self.lock:
            if self._made is None:
                self._made = {"range": {}, "annotation": {}, "track": {}}
                self._made["range"] |= {r.id: r for r in self._given_ranges}
                whole = (r for r in self.records.values() if r.arrivals is None)
                for record in whole:
                    self._add_objects_of(record)
            return self._made

    def _add_objects_of(self, record: ServedRecord) -> None:
        made = self._made_objects()
        source = record.source
        for mark in source.annotations:
            made["annotation"][mark.id] = ServedAnnotation(
                mark.id, record.user, mark.tick, mark.datatype, mark.comment, record.id
            )
        for act in source.ranges:
            made["range"][act.id] = Range(
                act.id, record.user, act.start, act.end, act.name,
                act.trainingroutine, act.note,
            )  # fmt: skip
            points = tuple(p for p in source.track if act.start <= p.tick < act.end)
            if points:
                made["track"][act.id] = Track(
                    act.id, record.user, act.id, record.id, points
                )

    @property
    def ranges(self) -> dict[int, Range]:
        """All ranges by id."""
        with self.lock:
            return dict(self._made_objects()["range"])

    @property
    def annotations(self) -> dict[int, ServedAnnotation]:
        """All annotations by id."""
        with self.lock:
            return dict(self._made_objects()["annotation"])

    @property
    def tracks(self) -> dict[int, Track]:
        """All tracks by id."""
        with self.lock:
            return dict(self._made_objects()["track"])

    def quiet_parts(self, record: ServedRecord) -> Iterator[tuple[int, int]]:
        """Yield the parts of a record within a range of sleep or rest."""
        start, end = record.source.start, record.source.end
        for span in sorted(self.ranges.values(), key=lambda r: r.start):
            if span.user != record.user or span.activitytype not in QUIET_TYPES:
                continue
            if span.start < end and span.end > start:
                yield max(span.start, start), min(span.end, end)

    def records_in(self, span: Range) -> list[ServedRecord]:
        """Return the records that a range overlaps."""
        return [
            record
            for record in self.records_of([span.user])
            if record.source.start <= span.end and record.source.end >= span.start
        ]

    # --- changes --------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the growing records have what came since the last call.

        When one is complete, its activities, annotations and tracks are there too.
        """
        with self.lock:
            grown = {pair: self._arrivals(*pair) for pair in self._growing}
            for (growth, begun), arrivals in grown.items():
                number, whole = growth.record, arrivals.status == "complete"
                if arrivals == self.records[number].arrivals:
                    continue
                kept = None if whole else arrivals
                self.change_record(number, status=arrivals.status, arrivals=kept)
                if whole:
                    self._growing.remove((growth, begun))
                if whole and self._made is not None:
                    self._add_objects_of(self.records[number])

    def _arrivals(self, growth: Growth, begun: float) -> Arrivals:
        """Return what has come of a growing record, at quarters of a second."""
        source = self.records[growth.record].source
        now_s = growth.begun_s + (growth.clock() - begun) * growth.speed
        span = source.start, source.end
        return Arrivals(growth, span, source.clock, math.floor(4 * now_s) / 4)

    def change_record(self, number: int, **changes: Any) -> None:
        """Change fields of a record, such as `status` or `source`."""
        with self.lock:
            self.records[number] = dataclasses.replace(self.records[number], **changes)
            if "source" in changes:
                self._made = None
            self.version += 1

    def put(self, kind: Literal["range", "annotation"], thing: Any) -> Any:
        """Store a range or an annotation; id 0 gets a new id."""
        with self.lock:
            if not thing.id:
                thing = thing._replace(id=next(self._ids))
            self._made_objects()[kind][thing.id] = thing
            self.version += 1
            return thing

    def delete(self, kind: Literal["range", "annotation"], number: int) -> None:
        """Remove a range or an annotation."""
        with self.lock:
            del self._made_objects()[kind][number]
            self.version += 1
