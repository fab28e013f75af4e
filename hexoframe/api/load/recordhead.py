"""What the service says of a record beside its samples: its head, and the facts tables.

The head is the object `record`. The tables are activities, annotations, track and
metrics, in the shapes of `recording.facts`; the samples come with `fetch`. A table that
fails does not end a load: a warning says so, and the next load requests it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from hexoframe.api.http.objects import object_of
from hexoframe.api.load.resources import id_of, metrics_frame
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    HexoframeError,
    MissingFactsWarning,
    NotFoundError,
    ResponseError,
    ServerError,
    warn,
)
from hexoframe.jsontext import JsonSource, shown
from hexoframe.recording.facts import facts_table
from hexoframe.timestamps import clock_of
from hexoframe.timestamps.ticks import check_tick, whole_number

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import ServiceSession
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = [
    "FACT_REQUESTS",
    "FactTables",
    "RecordHead",
    "fetch_fact",
    "fetch_head",
    "fetch_object",
    "number_of",
    "object_path",
    "tables_of",
    "unknown_tables",
    "warn_of_unknown",
]

FACTS = ("ranges", "annotations", "track", "metrics")
FACT_REQUESTS = 5
"""Requests that the four tables take at least: the metrics take two."""

# The samples of such a record may still come, or change.
_LIVE = frozenset({"realtime", "realtime_complete", "syncing", "queued", "processing"})
# The end of a record that goes on for longer was never reported.
_LONGEST_LIVE_S = 3 * 86_400
# Not plain facts, or stored elsewhere in a record.
_NOT_INFO = frozenset({"user", "device", "start", "end", "metrics", "data_status"})
# A table may fail like this. Other failures (no network, a wrong password, too many
# requests) concern the whole load, and end it.
_BEARABLE = (NotFoundError, ServerError, ResponseError)
# Metrics are of a whole record, so a part of it has none.
_OF_THE_WHOLE = frozenset({"metrics"})


# -- the head --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """The object `record` of the service.

    `span` is in ticks. `last_modified` is the text of the service, "" if it gives none.
    `info` is as in `Facts.info`.
    """

    id: int
    user: int | None
    span: tuple[int, int]
    status: str
    last_modified: str
    info: dict[str, Any]

    @property
    def clock(self) -> Clock:
        """Ticks per second."""
        return clock_of(self.span[0])

    @property
    def is_live(self) -> bool:
        """Whether samples are still on their way to the server."""
        return self.status in _LIVE

    @property
    def is_recording(self) -> bool:
        """Whether the recorder still runs; waveforms come when it has stopped."""
        return self.status == "realtime"

    @property
    def is_resumable(self) -> bool:
        """Whether finished chunks can be used by a later download."""
        return bool(self.last_modified) and not self.is_live

    @property
    def is_complete(self) -> bool:
        """Whether the record will not change."""
        return self.status == "complete" and bool(self.last_modified)


def object_path(resource: str, number: int | str) -> str:
    """Return the path of one object."""
    return f"/api/{resource}/{number_of(resource, number)}/"


def number_of(resource: str, number: int | str) -> int:
    """Return an id as a number; ConfigurationError if it is not a whole number."""
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
    session: ServiceSession, resource: str, number: int | str
) -> dict[str, Any]:
    """Request one object, such as a record; ResponseError if it is not that object."""
    path = object_path(resource, number)
    found = object_of(session.get_json(path), session.origin, path)
    # A redirect may lead to another one.
    if found.get("id") not in {None, number_of(resource, number)}:
        raise ResponseError(
            f"{session.origin}{path} answered {resource} {shown(found['id'])}; is this "
            "a Hexoskin server?"
        )
    return found


def fetch_head(session: ServiceSession, record: int | str) -> RecordHead:
    """Request a record; ResponseError if the answer is not one."""
    content = fetch_object(session, "record", record)
    source = JsonSource(
        f"{session.origin}{object_path('record', record)} did not answer a record",
        ResponseError,
        advice="is this a Hexoskin server?",
    )
    form = source.typed(content, _RecordForm)
    try:
        return _head(content, form)
    except (ValueError, OverflowError) as error:
        raise source.fail(str(error)) from error


class _RecordForm(NamedTuple):
    """The fields of a record that are used; ticks may be floats."""

    id: int
    start: int | float
    end: int | float | None = None
    status: str | None = None
    last_modified: str | None = None


def _head(content: Mapping[str, Any], form: _RecordForm) -> RecordHead:
    user = content.get("user")
    start = whole_number(form.start, "start")
    clock = clock_of(start)  # raises if it is not a tick
    end = check_tick(whole_number(form.end, "end"), clock) if form.end else _now(start)
    plain = {
        name: value
        for name, value in content.items()
        if name not in _NOT_INFO and isinstance(value, str | int | float | bool)
    }
    who = {"user_id": id_of(user), "device": id_of(content.get("device"))}
    if isinstance(user, Mapping):
        who["email"] = user.get("email")
    known = {name: value for name, value in who.items() if isinstance(value, int | str)}
    number = id_of(user)
    return RecordHead(
        id=form.id,
        user=number if isinstance(number, int) else None,
        span=(start, max(start, end)),
        status=form.status or "",
        last_modified=form.last_modified or "",
        info={**plain, **known, "id": form.id},
    )


def _now(start: int) -> int:
    """Return the present tick, the end of a live record that has none."""
    clock = clock_of(start)
    now = int(time.time() * clock)
    if now - start > _LONGEST_LIVE_S * clock:
        raise ValueError("it has no end and began days ago: its recorder may be lost")
    return now


# -- one table -------------------------------------------------------------------------


def fetch_fact(session: ServiceSession, name: str, head: RecordHead) -> pd.DataFrame:
    """Request one of the tables, in the shape of `recording.facts`, perhaps empty."""
    request = {
        "ranges": _ranges,
        "annotations": _annotations,
        "track": _track,
        "metrics": _metrics,
    }[name]
    try:
        return facts_table(name, request(session, head), clock=head.clock)
    except HexoframeError:
        raise
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ResponseError(
            f"{session.origin}: the {name} of record {head.id} make no sense "
            f"({error}); is this a Hexoskin server?"
        ) from error


_Rows = list[dict[str, Any]]
_Query = dict[str, str | int]


def _ranges(session: ServiceSession, head: RecordHead) -> _Rows:
    """Return all activities that overlap the record, whenever they begin."""
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
        for item in session.pages("/api/range/", query)
    ]


def _routine(item: Mapping[str, Any]) -> Any:
    """Return the routine of an activity: in `context` since 3.x, beside it before."""
    context = item.get("context")
    inside = context.get("trainingroutine") if isinstance(context, Mapping) else None
    return inside or item.get("trainingroutine")


def _annotations(session: ServiceSession, head: RecordHead) -> _Rows:
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
        for item in session.pages("/api/annotation/", query)
        # A user may wear two devices at a time.
        if id_of(item.get("record")) in (None, head.id)
    ]


def _track(session: ServiceSession, head: RecordHead) -> _Rows:
    query: _Query = {"record": head.id, "order_by": "time"}
    source = JsonSource(
        f"{session.origin}: the points of the track of record {head.id} make no sense",
        ResponseError,
        advice="is this a Hexoskin server?",
    )
    rows = []
    for item in session.pages("/api/trackpoint/", query):
        point = source.typed(item, _PointForm)
        longitude, latitude = point.position or (None, None)
        rows.append({**item, "longitude": longitude, "latitude": latitude})
    return rows


class _PointForm(NamedTuple):
    """Longitude and latitude of a point of a track."""

    position: tuple[float, float] | None = None


def _metrics(session: ServiceSession, head: RecordHead) -> _Rows:
    """Return the metrics of one value; `Client.list_metrics` has histograms too."""
    known = [str(item.get("id")) for item in session.pages("/api/metric/")]
    if not known:
        return []
    query: _Query = {"record": head.id, "include_metrics": ",".join(known)}
    table = metrics_frame(session.get_json("/api/report/", query))
    single = table[table["low"].isna() & table["value"].notna()]
    columns = ["id", "name", "value", "unit"]
    return [
        dict(zip(columns, row, strict=True))
        for row in single[columns].itertuples(index=False)
    ]


# -- the tables of a load --------------------------------------------------------------


class FactTables:
    """The tables of one record, received or failed; `names` are some of `FACTS`."""

    def __init__(
        self, session: ServiceSession, head: RecordHead, names: Sequence[str] = FACTS
    ) -> None:
        self._session = session
        self._head = head
        self._names = names
        self._found: dict[str, pd.DataFrame | HexoframeError] = {}

    def requests(self) -> Iterator[Callable[[], None]]:
        """Yield the requests for the tables that were not answered yet."""
        for name in self._names:
            if name not in self._found:
                yield partial(self._request, name)

    def _request(self, name: str) -> None:
        try:
            self._found[name] = fetch_fact(self._session, name, self._head)
        except (AuthenticationError, *_BEARABLE) as error:
            if isinstance(error, AuthenticationError) and error.status != 403:
                raise
            self._found[name] = error

    @property
    def received(self) -> dict[str, pd.DataFrame]:
        """The tables that were received."""
        return {
            name: table
            for name, table in self._found.items()
            if not isinstance(table, HexoframeError)
        }

    def added_to(self, data: RecordData) -> RecordData:
        """Return a record with the received tables, and warn of each that failed."""
        for name, error in self._found.items():
            if isinstance(error, HexoframeError):
                known = getattr(data.facts, name) is not None
                state = "are those that were kept before" if known else "are not known"
                warn(
                    f"the {name} of record {self._head.id} {state}: {error}",
                    MissingFactsWarning,
                )
        return self.merged_into(data)

    def merged_into(self, data: RecordData) -> RecordData:
        """Return a record with the received tables, without a warning."""
        return data.of(data, facts=replace(data.facts, **self.received))  # type: ignore[arg-type]


def tables_of(*, part: bool) -> list[str]:
    """Return the tables that a record, or a part of one, has."""
    return [name for name in FACTS if not (part and name in _OF_THE_WHOLE)]


def unknown_tables(data: RecordData, *, part: bool) -> list[str]:
    """Return the tables that failed when a record, or a part of one, was stored."""
    return [name for name in tables_of(part=part) if getattr(data.facts, name) is None]


def warn_of_unknown(data: RecordData, *, part: bool) -> None:
    """Warn of the tables that a record lacks, and that are not requested offline."""
    for name in unknown_tables(data, part=part):
        warn(
            f"the {name} of record {data.id} did not come when it was loaded: load it "
            "once without offline=True, which requests them again",
            MissingFactsWarning,
        )
