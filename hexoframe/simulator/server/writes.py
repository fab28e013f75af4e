"""Creates and changes annotations and ranges, within what the service allows.

The `world` stores and deletes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hexoframe.simulator.server.catalog import ROUTINES, rows_by_id
from hexoframe.simulator.server.lists import key_of
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.world import Range, ServedAnnotation, User, World

__all__ = ["WRITABLE", "Kind", "change", "create"]

Kind = Literal["annotation", "range"]
WRITABLE: Mapping[str, Kind] = {"annotation": "annotation", "range": "range"}
_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    "annotation": ("start", "user", "datatype"),
    "range": ("name", "user", "start", "end"),
}


def create(world: World, kind: Kind, content: Mapping[str, Any], asking: User) -> Any:
    """Store a new annotation or range and return it.

    A missing field or an impossible value raises `BadQueryError`.
    """
    missing = [name for name in _NEEDED[kind] if content.get(name) is None]
    if missing:
        told = {name: ["This field is required."] for name in missing}
        raise BadQueryError("fields are missing", fields=told)
    blank: Any = ServedAnnotation(0, 0, 0, 4096, "", None)
    if kind == "range":
        blank = Range(0, 0, 0, 0, "", None)
    return world.put(kind, _filled(world, blank, content, asking))


def change(
    world: World, kind: Kind, number: int, *, content: Mapping[str, Any], asking: User
) -> Any:
    """Change the given fields of an annotation or a range and return it."""
    there: Any = (world.annotations if kind == "annotation" else world.ranges)[number]
    return world.put(kind, _filled(world, there, content, asking))


def _filled(world: World, thing: Any, content: Mapping[str, Any], asking: User) -> Any:
    """Return a copy with the values of a request body."""
    known: dict[str, Any] = {}
    if "user" in content:
        known["user"] = _user(world, content["user"], asking)
    ticks = {"start": "tick" if isinstance(thing, ServedAnnotation) else "start"}
    if isinstance(thing, Range):
        ticks["end"] = "end"
        context = content.get("context") or {}
        if context.get("trainingroutine") is not None:
            known["routine"] = _routine(context["trainingroutine"])
        known |= {name: content[name] for name in ("name", "note") if name in content}
    else:
        if "annotation" in content:
            known["text"] = str(content["annotation"])
        if "datatype" in content:
            known["datatype"] = _datatype(world, content["datatype"])
        if content.get("record") is not None:
            known["record"] = _id("record", content["record"])
    for name, stored in ticks.items():
        if name in content:
            known[stored] = _tick(name, content[name])
    return thing._replace(**known)


def _user(world: World, value: Any, asking: User) -> int:
    number = world.user_id(value) if isinstance(value, str) else _id("user", value)
    if number not in world.sees[asking.id]:
        raise _bad("user", f"There is no user {value!r}.")
    return number


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


def _tick(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _bad(name, f"{value!r} is no whole number.")
    return value


def _bad(name: str, text: str) -> BadQueryError:
    return BadQueryError(text, fields={name: [text]})
