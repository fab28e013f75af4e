"""Creates and changes annotations and ranges, within what the service allows.

The `world` stores and deletes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from hexoframe.simulator.server.catalog import ROUTINES, rows_by_id
from hexoframe.simulator.server.lists import key_of
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.world import Range, ServedAnnotation, User, World

__all__ = ["WRITABLE", "Kind", "ObjectWriter"]

Kind = Literal["annotation", "range"]
WRITABLE: Mapping[str, Kind] = {"annotation": "annotation", "range": "range"}
_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    "annotation": ("start", "user", "datatype"),
    "range": ("name", "user", "start", "end"),
}


class ObjectWriter:
    """Creates and changes annotations and ranges for a user.

    A missing field or an impossible value raises `BadQueryError`. With `float_starts` a
    fraction of a tick is dropped.
    """

    def __init__(self, world: World, asking: User, *, float_starts: bool) -> None:
        self._world = world
        self._asking = asking
        self._float_starts = float_starts

    def create(self, kind: Kind, content: Mapping[str, Any]) -> Any:
        """Store a new object and return it."""
        missing = [name for name in _NEEDED[kind] if content.get(name) is None]
        if missing:
            told = {name: ["This field is required."] for name in missing}
            raise BadQueryError("fields are missing", fields=told)
        blank: Any = ServedAnnotation(0, 0, 0, 4096, "", None)
        if kind == "range":
            blank = Range(0, 0, 0, 0, "", None)
        return self._world.put(kind, self._filled(blank, content))

    def change(self, kind: Kind, number: int, content: Mapping[str, Any]) -> Any:
        """Change the given fields of an object and return it."""
        world = self._world
        held: Mapping[int, Any] = (
            world.annotations if kind == "annotation" else world.ranges
        )
        return world.put(kind, self._filled(held[number], content))

    def _filled(self, thing: Any, content: Mapping[str, Any]) -> Any:
        """Return a copy with the values of a request body."""
        world = self._world
        known: dict[str, Any] = {}
        if "user" in content:
            known["user"] = self._user(content["user"])
        ticks = {"start": "tick" if isinstance(thing, ServedAnnotation) else "start"}
        if isinstance(thing, Range):
            ticks["end"] = "end"
            context = content.get("context") or {}
            if context.get("trainingroutine") is not None:
                known["routine"] = _routine(context["trainingroutine"])
            known |= {
                name: content[name] for name in ("name", "note") if name in content
            }
        else:
            if "annotation" in content:
                known["text"] = str(content["annotation"])
            if "datatype" in content:
                known["datatype"] = _datatype(world, content["datatype"])
            if content.get("record") is not None:
                known["record"] = _id("record", content["record"])
        for name, stored in ticks.items():
            if name in content:
                known[stored] = self._tick(name, content[name])
        filled = thing._replace(**known)
        if isinstance(filled, Range) and filled.end < filled.start:
            raise _bad("end", f"{filled.end} lies before the start {filled.start}.")
        return filled

    def _user(self, value: Any) -> int:
        world = self._world
        number = world.user_id(value) if isinstance(value, str) else _id("user", value)
        if number is None or number not in world.sees[self._asking.id]:
            raise _bad("user", f"There is no user {value!r}.")
        return number

    def _tick(self, name: str, value: Any) -> int:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, float) and math.isfinite(value) and self._float_starts:
            return int(value)
        if not plain:
            raise _bad(name, f"{value!r} is no whole number.")
        return int(value)


def _datatype(world: World, value: Any) -> int:
    number = _id("datatype", value)
    if number not in rows_by_id(world.family):
        raise _bad("datatype", f"There is no datatype {value!r}.")
    return number


def _routine(value: Any) -> int:
    number = _id("trainingroutine", value)
    if number not in ROUTINES:
        raise _bad("trainingroutine", f"There is no training routine {value!r}.")
    return number


def _id(name: str, value: Any) -> int:
    key = key_of(value) or ""
    if not key.isdecimal():
        raise _bad(name, f"{value!r} is no URI and no id.")
    return int(key)


def _bad(name: str, text: str) -> BadQueryError:
    return BadQueryError(text, fields={name: [text]})
