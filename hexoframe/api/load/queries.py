"""Filters as the service reads them, and ids from what it calls related objects."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.timestamps import Clock, time_to_tick

__all__ = ["check_filters", "id_of", "query_of"]

_NEVER = re.compile(r"password|secret|token|api_?key|authorization", re.IGNORECASE)
_ALWAYS = ("order_by", "offset")
_DATES = frozenset({"last_modified", "created", "start_date", "time"})


def id_of(related: object) -> int | str | None:
    """Return the id of a related object.

    Parameters
    ----------
    related : int, str, dict or None
        An id, a URI such as ``/api/device/HXSKIN1200002070/``, or the object itself.

    Returns
    -------
    int, str or None
        A number where it is one; devices have names. None stays None.

    Examples
    --------
    >>> id_of("/api/v1/user/1511/"), id_of("/api/device/HXSKIN1200002070/")
    (1511, 'HXSKIN1200002070')
    """
    if isinstance(related, Mapping):
        related = related.get("resource_uri", related.get("id"))
    if related is None or isinstance(related, int):
        return related
    key = str(related).strip().rstrip("/").rpartition("/")[2]
    return int(key) if key.isdecimal() else key or None


def query_of(
    *,
    clock: Clock,
    user: int | str | None = None,
    device: str | None = None,
    start: dt.datetime | str | None = None,
    end: dt.datetime | str | None = None,
    **filters: Any,
) -> dict[str, str]:
    """Return the query of filters, as the service writes it.

    Parameters
    ----------
    clock : {256, 1000}
        Ticks a second of the host.
    user : int or str, optional
        Id, e-mail address or URI.
    device : str, optional
        Id such as ``HXSKIN1200002070``, or URI.
    start : datetime, Timestamp or str, optional
        Only what begins then or later; with a time zone.
    end : datetime, Timestamp or str, optional
        Only what ends then or before; with a time zone.
    **filters
        Fields of the resource, with a look-up or without, such as ``id__in=[1, 2]``:
        lists are joined, times become ticks (dates for `last_modified` and `created`),
        bools become true and false.

    Returns
    -------
    dict of str to str
        Without what is None.

    Raises
    ------
    TimestampError
        If a time has no zone, or `end` lies before `start`.
    ConfigurationError
        If a filter would put a secret into a URL, or has no form in a query.
    """
    given = {
        "user": None if user is None else _who(user),
        "device": None if device is None else id_of(device),
        "start__gte": None if start is None else _tick(start, clock, "up"),
        "end__lte": None if end is None else _tick(end, clock, "down"),
        **filters,
    }
    first, last = given["start__gte"], given["end__lte"]
    if isinstance(first, int) and isinstance(last, int) and last < first:
        raise TimestampError(
            f"end={end} lies before start={start}: exchange them, or leave one out"
        )
    return {
        name: _written(name, value, clock)
        for name, value in given.items()
        if value is not None
    }


def check_filters(
    name: str, filters: Mapping[str, Any], schema: Mapping[str, Any]
) -> None:
    """Refuse filters that a list does not have: the service would pass over them.

    Parameters
    ----------
    name : str
        Name of the list.
    filters : mapping
        Filters, with a look-up or without.
    schema : mapping
        What the service says of the list.

    Raises
    ------
    ConfigurationError
        If a filter is none of the list.
    """
    known = {*schema.get("filtering", ()), *_ALWAYS}
    for given in filters:
        field = given.partition("__")[0]
        if field not in known and not _NEVER.search(given):
            near = get_close_matches(field, known) or sorted(known)
            raise ConfigurationError(
                f"{given} is no filter of {name}, and would be passed over: did you "
                f"mean {' or '.join(near)}?"
            )


def _who(user: int | str) -> int | str | None:
    return user if isinstance(user, str) and "@" in user else id_of(user)


def _tick(time: Any, clock: Clock, rounding: str) -> int:
    if isinstance(time, int):
        return time  # a tick already
    return time_to_tick(time, clock=clock, rounding=rounding)  # type: ignore[arg-type]


def _written(name: str, value: Any, clock: Clock) -> str:
    if _NEVER.search(name):
        raise ConfigurationError(
            f"{name} does not belong into a query, which ends in logs; give "
            "credentials to hexoframe.connect() or in HEXOFRAME_* variables"
        )
    if isinstance(value, list | tuple | set | frozenset | range):
        return ",".join(_written(name, each, clock) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        if name.partition("__")[0] in _DATES:
            return value.isoformat()
        return str(time_to_tick(value, clock=clock, rounding="down"))
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigurationError(
        f"{name} is a {type(value).__name__}; give a text, a number, a time or a list"
    )
