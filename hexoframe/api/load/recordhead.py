"""What the service says of a record beside its samples, request by request.

The record itself, the activities that reach into it, annotations, the track and the
metrics, as the tables of `recording.facts`. Samples come another way (`fetch`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hexoframe.api.load.queries import id_of
from hexoframe.api.load.resources import metrics_frame
from hexoframe.errors import ConfigurationError, HexoframeError, ResponseError
from hexoframe.recording.facts import facts_table
from hexoframe.timestamps import clock_of

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import Transport
    from hexoframe.timestamps import Clock

__all__ = [
    "FACTS",
    "FACT_REQUESTS",
    "RecordHead",
    "fetch_fact",
    "fetch_head",
    "fetch_object",
    "object_path",
]

FACTS = ("ranges", "annotations", "track", "metrics")
"""The tables that are asked for with a record, each by a request or more."""
FACT_REQUESTS = 5
"""Requests that they take at least: the metrics take two."""

# Of these the samples may still come, or change.
_LIVE = frozenset({"realtime", "realtime_complete", "syncing", "queued", "processing"})
# A record that goes on for longer is one whose end nobody reported.
_LONGEST_LIVE_S = 3 * 86_400
# What has a place of its own in a record, or is no plain fact.
_NOT_INFO = frozenset({"user", "device", "start", "end", "metrics", "data_status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """What a record says of itself.

    Attributes
    ----------
    id : int
        Id of the record.
    user : int or None
        Id of its user.
    span : (int, int), in ticks
        Start and end.
    status : str
        As the service has it; ``complete`` when nothing more will come.
    last_modified : str
        When it changed last.
    info : dict
        Plain facts, as `Facts.info` has them.
    """

    id: int
    user: int | None
    span: tuple[int, int]
    status: str
    last_modified: str
    info: dict[str, Any]

    @property
    def clock(self) -> Clock:
        """Ticks in a second."""
        return clock_of(self.span[0])

    @property
    def is_live(self) -> bool:
        """Whether samples are still on their way to the server."""
        return self.status in _LIVE

    @property
    def is_recording(self) -> bool:
        """Whether the recorder still runs; its waveforms come when that is over."""
        return self.status == "realtime"

    @property
    def is_resumable(self) -> bool:
        """Whether what was fetched is worth something while nothing changes."""
        return bool(self.last_modified) and not self.is_live

    @property
    def is_complete(self) -> bool:
        """Whether the record will stay as it is."""
        return self.status == "complete" and bool(self.last_modified)


def object_path(resource: str, number: int | str) -> str:
    """Return the path of one object."""
    return f"/api/{resource}/{number_of(resource, number)}/"


def number_of(resource: str, number: int | str) -> int:
    """Return an id as a number.

    Raises
    ------
    ConfigurationError
        If the id is no whole number.
    """
    try:
        whole = int(number)
    except (TypeError, ValueError, OverflowError):
        whole = -1
    if isinstance(number, bool) or whole < 0 or whole != float(number):
        raise ConfigurationError(
            f"the id of a {resource} is {number!r}: give a whole number such as 37700; "
            f"list_{resource}s() shows them"
        )
    return whole


def fetch_object(
    transport: Transport, resource: str, number: int | str
) -> dict[str, Any]:
    """Ask for one object, such as a record.

    Raises
    ------
    NotFoundError
        If there is none, or it may not be seen.
    ResponseError
        If the answer is no object.
    """
    path = object_path(resource, number)
    told = transport.get_json(path)
    if isinstance(told, dict):
        return told
    raise ResponseError(
        f"{transport.origin}{path} answered no {resource} but a "
        f"{type(told).__name__}; is this a Hexoskin server?"
    )


def fetch_head(transport: Transport, record: int | str) -> RecordHead:
    """Ask for a record.

    Raises
    ------
    NotFoundError
        If there is none, or it may not be seen.
    ResponseError
        If the answer is no record.
    """
    told = fetch_object(transport, "record", record)
    try:
        return _head(told)
    except (KeyError, TypeError, ValueError) as error:
        raise ResponseError(
            f"{transport.origin}{object_path('record', record)} answered no record "
            f"({type(error).__name__}: {error}); is this a Hexoskin server?"
        ) from error


def _head(told: Mapping[str, Any]) -> RecordHead:
    user = told.get("user")
    start = int(told["start"])
    clock_of(start)  # refuses what is no tick
    end = int(told["end"]) if told.get("end") else _now(start)
    plain = {
        name: value
        for name, value in told.items()
        if name not in _NOT_INFO and isinstance(value, str | int | float | bool)
    }
    who = {"user_id": id_of(user), "device": id_of(told.get("device"))}
    if isinstance(user, Mapping):
        who["email"] = user.get("email")
    known = {name: value for name, value in who.items() if value is not None}
    number = id_of(user)
    return RecordHead(
        id=int(told["id"]),
        user=number if isinstance(number, int) else None,
        span=(start, max(start, end)),
        status=str(told.get("status", "")),
        last_modified=str(told.get("last_modified") or ""),
        info={**plain, **known, "id": int(told["id"])},
    )


def _now(start: int) -> int:
    """Return the end of a live record that tells none: this moment."""
    clock = clock_of(start)
    now = int(time.time() * clock)
    if now - start > _LONGEST_LIVE_S * clock:
        raise ValueError("it has no end and began days ago: its recorder may be lost")
    return now


# -- tables ----------------------------------------------------------------------------


def fetch_fact(transport: Transport, name: str, head: RecordHead) -> pd.DataFrame:
    """Ask for one of the tables of `FACTS`.

    Parameters
    ----------
    transport : Transport
        Where to ask.
    name : {"ranges", "annotations", "track", "metrics"}
        Which one.
    head : RecordHead
        Of which record.

    Returns
    -------
    DataFrame
        In the shape of `recording.facts.SHAPES`; empty where there is nothing.

    Raises
    ------
    RequestError
        If the service refuses, fails or cannot be reached.
    ResponseError
        If an answer is not what was asked for.
    """
    asked = {
        "ranges": _ranges,
        "annotations": _annotations,
        "track": _track,
        "metrics": _metrics,
    }[name]
    try:
        return facts_table(name, asked(transport, head), clock=head.clock)
    except HexoframeError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ResponseError(
            f"{transport.origin}: the {name} of record {head.id} make no sense "
            f"({error}); is this a Hexoskin server?"
        ) from error


_Rows = list[dict[str, Any]]
_Query = dict[str, str | int]


def _ranges(transport: Transport, head: RecordHead) -> _Rows:
    """All activities that reach into the record, also those that begin before it."""
    if head.user is None:
        return []
    query: _Query = {
        "user": head.user,
        "start__lte": head.span[1],
        "end__gte": head.span[0],
        "order_by": "start",
    }
    return [
        {**item, "trainingroutine": _routine(item)}
        for item in transport.pages("/api/range/", query)
    ]


def _routine(item: Mapping[str, Any]) -> Any:
    """Return the routine of an activity: in `context` since 3.x, beside it before."""
    context = item.get("context")
    inside = context.get("trainingroutine") if isinstance(context, Mapping) else None
    return inside or item.get("trainingroutine")


def _annotations(transport: Transport, head: RecordHead) -> _Rows:
    if head.user is None:
        return []
    query: _Query = {
        "user": head.user,
        "start__range": f"{head.span[0]},{head.span[1]}",
        "order_by": "start",
    }
    return [
        {
            "time": item.get("start"),
            "id": item.get("id"),
            "datatype": id_of(item.get("datatype")),
            "comment": item.get("annotation"),
        }
        for item in transport.pages("/api/annotation/", query)
        # A user may wear two devices at a time.
        if id_of(item.get("record")) in (None, head.id)
    ]


def _track(transport: Transport, head: RecordHead) -> _Rows:
    query: _Query = {"record": head.id, "order_by": "time"}
    rows = []
    for item in transport.pages("/api/trackpoint/", query):
        longitude, latitude = item.get("position") or (None, None)
        rows.append({**item, "longitude": longitude, "latitude": latitude})
    return rows


def _metrics(transport: Transport, head: RecordHead) -> _Rows:
    """All metrics with one value; histograms are for `Client.list_metrics`."""
    known = [str(item["id"]) for item in transport.pages("/api/metric/")]
    if not known:
        return []
    query: _Query = {"record": head.id, "include_metrics": ",".join(known)}
    table = metrics_frame(transport.get_json("/api/report/", query))
    single = table[table["low"].isna() & table["value"].notna()]
    columns = ["id", "name", "value", "unit"]
    return [
        dict(zip(columns, row, strict=True))
        for row in single[columns].itertuples(index=False)
    ]
