"""Lists of the service: filters as queries, objects as frames, ids of related objects.

Columns and dtypes are fixed by tables, also for an empty list. Related objects, which
the service names by URIs or embeds, become ids. No request is sent here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral
from typing import Any, Literal, NamedTuple

import pandas as pd

from hexoframe.errors import ConfigurationError, ResponseError, TimestampError
from hexoframe.jsontext import JsonSource, shown
from hexoframe.timestamps import (
    Clock,
    clock_of,
    tick_to_time,
    time_to_tick,
)
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import limits

__all__ = [
    "annotations_frame",
    "check_filters",
    "frame_of",
    "id_of",
    "metrics_frame",
    "query_of",
    "ranges_frame",
    "records_frame",
    "users_frame",
]

Row = Mapping[str, Any]
_ANSWER = JsonSource(
    "an object in the answer", ResponseError, advice="is this a Hexoskin server?"
)

# --- queries --------------------------------------------------------------------------

_NEVER = re.compile(r"password|secret|token|api_?key|authorization", re.IGNORECASE)
_MOST_DIGITS = 18  # of an id: such a number fits into 64 bits
_ALWAYS = ("order_by", "offset")
_DATES = frozenset({"last_modified", "created", "start_date", "time"})


def id_of(related: object) -> int | str | None:
    """Return the id of a related object, given as id, URI or the object itself.

    >>> id_of("/api/v1/user/1511/"), id_of("/api/device/HXSKIN1200002070/")
    (1511, 'HXSKIN1200002070')
    """
    if isinstance(related, Mapping):
        related = related.get("resource_uri", related.get("id"))
    if related is None or (isinstance(related, int) and not isinstance(related, bool)):
        return related
    key = str(related).strip().rstrip("/").rpartition("/")[2]
    return int(key) if key.isdecimal() and len(key) <= _MOST_DIGITS else key or None


def query_of(
    *,
    clock: Clock,
    user: int | str | None = None,
    device: str | None = None,
    start: dt.datetime | str | None = None,
    end: dt.datetime | str | None = None,
    **filters: Any,
) -> dict[str, str]:
    """Return filters as a query in the service's notation; None is left out.

    `filters` are fields with or without a look-up, such as ``id__in=[1, 2]``: lists are
    joined, times become ticks (dates for `last_modified` and `created`), bools become
    true and false. A secret is refused, since a query ends up in logs.
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
    """Raise ConfigurationError for filters that the list does not have.

    The service ignores such a filter without a word. `schema` is its answer to
    ``/api/<name>/schema/``.
    """
    said = _ANSWER.typed(schema, dict[str, Any]).get("filtering") or {}
    known = {*_ANSWER.typed(said, dict[str, Any], field="filtering"), *_ALWAYS}
    for given in filters:
        field = given.partition("__")[0]
        if field not in known and not _NEVER.search(given):
            near = get_close_matches(field, known) or sorted(known)
            raise ConfigurationError(
                f"{given} is not a filter of {name}, and the service would ignore it: "
                f"did you mean {' or '.join(near)}?"
            )


def _who(user: int | str) -> int | str | None:
    return user if isinstance(user, str) and "@" in user else id_of(user)


def _tick(time: Any, clock: Clock, rounding: Literal["down", "up"]) -> int:
    # A tick of either clock says itself which it is.
    if isinstance(time, Integral) and limits(256)[0] <= int(time) <= limits(1000)[1]:
        return int(time)
    return moment_to_tick(time, clock=clock, rounding=rounding)


def _written(name: str, value: Any, clock: Clock) -> str:
    if _NEVER.search(name):
        raise ConfigurationError(
            f"{name} does not belong in a query, which ends up in logs; give "
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


# --- frames ---------------------------------------------------------------------------

_TIME, _SPAN = "datetime64[ns, UTC]", "timedelta64[ns]"
_TEXT, _ID, _NUMBER = "string", "Int64", "float64"

_RECORDS = {
    "start": _TIME,
    "id": "int64",
    "duration": _SPAN,
    "email": _TEXT,
    "user": _ID,
    "device": _TEXT,
    "end": _TIME,
    "last_modified": _TIME,
    "clock": _ID,
    "status": _TEXT,
}
_RANGES = {
    "start": _TIME,
    "id": "int64",
    "name": _TEXT,
    "note": _TEXT,
    "status": _TEXT,
    "rank": _ID,
    "activitytype": _ID,
    "trainingroutine": _ID,
    "last_modified": _TIME,
    "end": _TIME,
    "user": _ID,
    "duration": _SPAN,
}
_USERS = {
    "id": "int64",
    "username": _TEXT,
    "email": _TEXT,
    "first_name": _TEXT,
    "last_name": _TEXT,
    "profile": _ID,
}
_ANNOTATIONS = {
    "start": _TIME,
    "id": "int64",
    "user": _ID,
    "record": _ID,
    "datatype": _ID,
    "annotation": _TEXT,
    "last_modified": _TIME,
}
_METRICS = {
    "id": "int64",
    "name": _TEXT,
    "title": _TEXT,
    "value": _NUMBER,
    "unit": _TEXT,
    "low": _NUMBER,
    "high": _NUMBER,
    "bin_unit": _TEXT,
    "record": _ID,
    "range": _ID,
}
_EXPECTED = {
    _TIME: "a tick or an ISO time",
    _SPAN: "a length of time",
    _TEXT: "a text",
    _ID: "a whole number",
    "int64": "a whole number",
    _NUMBER: "a number",
    "boolean": "true or false",
}
_WHOLE = frozenset({_ID, "int64"})
_LIMIT = 1 << 63
# Types of a schema; values of other types stay as they are.
_SCHEMA = {
    "integer": _ID,
    "float": _NUMBER,
    "boolean": "boolean",
    "string": _TEXT,
    "datetime": _TIME,
    "date": _TEXT,
}
_TICKS = frozenset({"start", "end", "device_start"})
_URI = re.compile(r"/api/(?:v1/)?[a-z_0-9]+/([^/]+)/")


def records_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return records as a frame, in the order given; see `Client.list_records`."""
    return _frame([_record(item) for item in objects], _RECORDS, index="start")


def ranges_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return ranges (activities) as a frame; see `Client.list_ranges`."""
    return _frame([_range(item) for item in objects], _RANGES, index="start")


def annotations_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return annotations as a frame; see `Client.list_annotations`."""
    rows = [
        {
            **item,
            "user": id_of(item.get("user")),
            "record": id_of(item.get("record")),
            "datatype": id_of(item.get("datatype")),
            "start": item.get("start"),
        }
        for item in objects
    ]
    return _frame(rows, _ANNOTATIONS, index="start")


def users_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return users as a frame; see `Client.list_users`."""
    rows = [{**item, "profile": id_of(item.get("profile"))} for item in objects]
    return _frame(rows, _USERS)


def metrics_frame(report: Row | Iterable[Row]) -> pd.DataFrame:
    """Return metrics as a frame, a histogram as a row per bin; see `list_metrics`.

    `report` is an answer of the resource `report`, or the `metrics` of a record.
    """
    items: Any = report
    if isinstance(report, Mapping):
        data = _ANSWER.typed(report.get("data"), list[list[Any]], field="data")
        items = [item for group in data for item in group]
    items = _ANSWER.typed(items, list[dict[str, Any]], field="metrics")
    return _frame([row for item in items for row in _metric(item)], _METRICS)


def frame_of(objects: Iterable[Row], schema: Row | None = None) -> pd.DataFrame:
    """Return the objects of any resource as a frame, with a column per field.

    The schema (``/api/<resource>/schema/``) gives columns and dtypes, the objects
    without it. Times are UTC in ns; lists and embedded objects stay as they are.
    """
    rows = [{name: _plain(name, item[name]) for name in item} for item in objects]
    said = {} if schema is None else _ANSWER.typed(schema, dict[str, Any])
    kinds = said.get("fields", {})
    fields = _ANSWER.typed(kinds, dict[str, dict[str, Any]], field="fields")
    columns = {
        name: _SCHEMA.get(str(field.get("type")), "object")
        for name, field in fields.items()
    }
    columns |= {name: _TIME for name in columns if name in _TICKS}
    for row in rows:
        for name in row:
            columns.setdefault(name, "")
    for name in [name for name, dtype in columns.items() if not dtype]:
        columns[name] = _TIME if name in _TICKS else _guessed(rows, name)
    return _frame(rows, columns)


def _guessed(rows: list[dict[str, Any]], name: str) -> str:
    """Return the dtype that fits the values of a column."""
    kinds = {type(row[name]) for row in rows if row.get(name) is not None}
    for allowed, dtype in (
        ({bool}, "boolean"),
        ({int}, _ID),
        ({int, float}, _NUMBER),
        ({str}, _TEXT),
    ):
        if kinds and kinds <= allowed:
            return dtype
    return "object"


def _plain(name: str, value: Any) -> Any:
    if name in _TICKS and isinstance(value, int | float):
        return value
    if isinstance(value, Mapping) and "resource_uri" in value:
        return id_of(value)
    if name != "resource_uri" and isinstance(value, str) and _URI.fullmatch(value):
        return id_of(value)
    return value


def _frame(
    rows: list[dict[str, Any]], columns: Mapping[str, str], *, index: str | None = None
) -> pd.DataFrame:
    """Return rows as a frame of fixed columns and dtypes."""
    made = {}
    for name, dtype in columns.items():
        values = [row.get(name) for row in rows]
        try:
            made[name] = _column(values, dtype)
        except (TypeError, ValueError, OverflowError) as error:
            wrong = next((v for v in values if not _fits(v, dtype)), values)
            raise _ANSWER.fail(
                f"{name}: expected {_EXPECTED[dtype]}, found {shown(wrong)}"
            ) from error
    frame = pd.DataFrame(made, columns=pd.Index(list(columns)))
    return frame if index is None else frame.set_index(index)


def _fits(value: Any, dtype: str) -> bool:
    try:
        _column([value], dtype)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _column(values: list[Any], dtype: str) -> pd.Series[Any]:
    if dtype == _TIME:
        times = [_moment(value) for value in values]
        # The unit that to_datetime gives depends on the values.
        return pd.Series(pd.DatetimeIndex(times, dtype=_TIME))
    if dtype == _SPAN:
        return pd.Series(pd.to_timedelta(values), dtype=_SPAN)
    if dtype == _TEXT:
        values = [None if value is None else str(value) for value in values]
    if dtype in _WHOLE and not all(map(_is_whole, values)):
        raise ValueError("not all are whole numbers of 64 bits")
    return pd.Series(values, dtype=dtype)


def _is_whole(value: Any) -> bool:
    """Whether a number fits into int64; pandas casts floats that do not, to others."""
    if isinstance(value, bool):
        return False
    return not isinstance(value, float) or (value.is_integer() and abs(value) < _LIMIT)


def _moment(value: Any) -> pd.Timestamp | None:
    """Return the time of a tick or of ISO text, which is UTC if it has no zone."""
    if value is None or value == "" or isinstance(value, pd.Timestamp):
        return value or None
    if isinstance(value, str):
        moment = pd.Timestamp(value)
        moment = moment.tz_localize("UTC") if moment.tz is None else moment
        return moment.tz_convert("UTC").as_unit("ns")
    return tick_to_time(value, clock=clock_of(value)) if value else None


class _SpanForm(NamedTuple):
    """Start and end of an object, in ticks."""

    start: int | float | None = None
    end: int | float | None = None


def _span(item: Row) -> pd.Timedelta | None:
    """Return end - start, exactly; None without an end."""
    start, end = _ANSWER.typed(item, _SpanForm)
    if not start or not end:
        return None
    try:
        clock = clock_of(start)
        return tick_to_time(end, clock=clock) - tick_to_time(start, clock=clock)
    except TimestampError as error:
        raise _ANSWER.fail(f"start, end: {error}") from error


def _clock(start: Any) -> Clock:
    try:
        return clock_of(start)
    except TimestampError as error:
        raise _ANSWER.fail(f"start: {error}") from error


def _record(item: Row) -> dict[str, Any]:
    user = item.get("user")
    start = item.get("start")
    return {
        **item,
        "user": id_of(user),
        "email": user.get("email") if isinstance(user, Mapping) else None,
        "device": id_of(item.get("device")),
        "duration": _span(item),
        "clock": _clock(start) if start else None,
    }


def _range(item: Row) -> dict[str, Any]:
    # Since 3.x the activity is in `context`; before, beside it.
    context = _ANSWER.typed(item.get("context") or {}, dict[str, Any], field="context")
    activity = {
        name: id_of(context.get(name) or item.get(name))
        for name in ("activitytype", "trainingroutine")
    }
    return {
        **item,
        **activity,
        "user": id_of(item.get("user")),
        "duration": _span(item),
    }


def _metric(item: Row) -> list[dict[str, Any]]:
    unit = item.get("unit")
    row = {
        "id": id_of(item.get("metric", item.get("resource_uri"))),
        "name": item.get("name"),
        "title": item.get("title"),
        "value": item.get("value"),
        "unit": unit.get("si_short") if isinstance(unit, Mapping) else unit,
        "record": id_of(item.get("record")),
        "range": id_of(item.get("range")),
    }
    bins, counts = item.get("data1"), item.get("data2")
    if not isinstance(bins, Mapping) or not isinstance(counts, Mapping):
        return [row]
    edges = _ANSWER.typed(bins.get("bin_edge", []), list[Any], field="data1.bin_edge")
    values = _ANSWER.typed(counts.get("value", []), list[Any], field="data2.value")
    if len(edges) != len(values) + 1:
        raise ResponseError(
            f"the histogram {item.get('name')!r} has {len(edges)} edges for "
            f"{len(values)} bins; one more edge than bins is needed"
        )
    row |= {"unit": counts.get("unit"), "bin_unit": bins.get("unit")}
    return [
        {**row, "value": value, "low": low, "high": high}
        for value, low, high in zip(values, edges[:-1], edges[1:], strict=True)
    ]
