"""Parses the query of a data request: users, records, time window, datatypes.

All filters apply at once: several records or ranges give their common time only.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from hexoframe.simulator.server.catalog import ENDPOINTS, rows_by_id
from hexoframe.simulator.server.lists import Pairs, key_of
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import ServedRecord, User, World

__all__ = ["Asked", "RecordWindow", "parse_query", "user_of"]

_BOUNDS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


class RecordWindow(NamedTuple):
    """A record and the window wanted of it, in ticks, both ends included."""

    record: ServedRecord
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A parsed data request.

    `parts` are the visible records, by user and start. `datatypes` keep the order of
    the request, and are empty if it named none. `range_id` is set if it named exactly
    one range; `window` includes the ranges, None is open.
    """

    parts: tuple[RecordWindow, ...]
    datatypes: tuple[int, ...]
    range_id: int | None
    window: tuple[int | None, int | None]
    flat: bool
    no_timestamps: bool
    seconds: bool
    max_values: int


@dataclass(frozen=True, slots=True)
class _TickWindow:
    first: float = -math.inf
    last: float = math.inf

    def meets(self, first: float = -math.inf, last: float = math.inf) -> _TickWindow:
        return _TickWindow(max(self.first, first), min(self.last, last))

    @property
    def ticks(self) -> tuple[int | None, int | None]:
        return (
            None if math.isinf(self.first) else int(self.first),
            None if math.isinf(self.last) else int(self.last),
        )


def parse_query(
    world: World, switches: Switches, user: User, *, endpoint: str, query: Pairs
) -> Asked:
    """Parse a query; `endpoint` is ``data`` or one that presets its datatypes.

    A value that its filter does not take raises `BadQueryError`.
    """
    flags = {name: text for name, text in query if text}
    chosen = _Choice(world, user, switches)
    for name, text in query:
        chosen.narrow(name, text)
    datatypes = _datatypes(world, query) or ENDPOINTS[endpoint]
    bound = switches.max_values
    if "max_values" in flags:
        bound = max(min(bound, _whole("max_values", flags["max_values"])), 1)
    return Asked(
        parts=tuple(chosen.parts()),
        datatypes=datatypes,
        range_id=chosen.ranges[0] if len(chosen.ranges) == 1 else None,
        window=chosen.window.ticks,
        flat="flat" in flags,
        no_timestamps="no_timestamps" in flags,
        seconds="seconds" in flags,
        max_values=bound,
    )


def user_of(world: World, text: str) -> int:
    """Return the id of a user named by URI, id or e-mail; 0 if unknown.

    A text in none of these forms raises `BadQueryError`.
    """
    number = world.user_id(text)
    if number is None:
        raise BadQueryError(f"'{text}' is no user: give a URI, an id or an e-mail.")
    return number


class _Choice:
    """Users, records and window, narrowed filter by filter."""

    def __init__(self, world: World, user: User, switches: Switches) -> None:
        self._world = world
        self._asking = user.id
        self._sees = world.sees[user.id]
        self._late = 0 if switches.end_inclusive else 1
        self._users: set[int] | None = None
        self._records: set[int] | None = None
        self.ranges: list[int] = []
        self.window = _TickWindow()

    def narrow(self, name: str, text: str) -> None:
        """Apply one pair of the query."""
        field, _, lookup = name.partition("__")
        if field == "user":
            self._of({user_of(self._world, text)})
        elif field == "record":
            records = self._world.records
            self._take_records(_chosen(records, name, lookup, text=text))
        elif field == "range":
            self._take_ranges(_chosen(self._world.ranges, name, lookup, text=text))
        elif name == "start":
            self.window = self.window.meets(first=_whole(name, text))
        elif name == "end":
            self.window = self.window.meets(last=_whole(name, text) - self._late)
        elif field == "timestamp":
            self._between(name, lookup, text)

    def _of(self, users: set[int]) -> None:
        self._users = users if self._users is None else self._users & users

    def _take_records(self, numbers: list[int]) -> None:
        found = [
            self._world.records[n]
            for n in numbers
            if n in self._world.records and self._world.records[n].user in self._sees
        ]
        self._of({record.user for record in found})
        mine = {record.id for record in found}
        if len(numbers) > 1:
            for record in found:
                source = record.source
                self.window = self.window.meets(source.start, source.end)
        self._records = mine if self._records is None else self._records | mine

    def _take_ranges(self, numbers: list[int]) -> None:
        ranges = self._world.ranges
        found = [
            ranges[n] for n in numbers if n in ranges and ranges[n].user in self._sees
        ]
        self._of({span.user for span in found})
        for span in found:
            self.ranges.append(span.id)
            self.window = self.window.meets(span.start, span.end - self._late)

    def _between(self, name: str, lookup: str, text: str) -> None:
        if lookup == "range":
            bounds = [_whole(name, part) for part in text.split(",")]
            if len(bounds) != 2:
                raise BadQueryError(f"The filter '{name}' takes two values: a,b.")
            self.window = self.window.meets(bounds[0], bounds[1] - self._late)
        elif lookup in _BOUNDS:
            tick = _whole(name, text)
            if lookup.startswith("g"):
                self.window = self.window.meets(first=tick + (lookup == "gt"))
            else:
                self.window = self.window.meets(last=tick - (lookup == "lt"))
        else:
            raise BadQueryError(f"There is no filter '{name}'.")

    def parts(self) -> Iterable[RecordWindow]:
        """Yield the chosen records, each with the window."""
        users = {self._asking} if self._users is None else self._users & self._sees
        first, last = self.window.ticks
        for user in sorted(users):
            for record in self._world.records_of([user]):
                if self._records is not None and record.id not in self._records:
                    continue
                source = record.source
                early = last is not None and last < source.start
                if early or (first is not None and first > source.end):
                    continue
                yield RecordWindow(record, first, last)


def _chosen(known: Iterable[int], name: str, lookup: str, *, text: str) -> list[int]:
    """Return the ids that pass a filter on ids, in the order of the request."""
    if lookup in {"", "exact", "in"}:
        return [_whole(name, key_of(part) or "") for part in text.split(",")]
    if lookup == "range":
        low, _, high = text.partition(",")
        bounds = _whole(name, low), _whole(name, high)
        return [number for number in known if bounds[0] <= number <= bounds[1]]
    if lookup in _BOUNDS:
        bound = _whole(name, text)
        return [number for number in known if _BOUNDS[lookup](number, bound)]
    raise BadQueryError(f"There is no filter '{name}'.")


def _datatypes(world: World, query: Pairs) -> tuple[int, ...]:
    chosen: list[int] = []
    for name, text in query:
        field, _, lookup = name.partition("__")
        if field == "datatype" and text:
            known = rows_by_id(world.family)
            chosen += _chosen(known, name, lookup, text=text)
    return tuple(dict.fromkeys(chosen))


def _whole(name: str, text: str) -> int:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else int(float(text))
    except (ValueError, OverflowError):
        raise BadQueryError(f"'{text}' is no whole number for '{name}'.") from None
