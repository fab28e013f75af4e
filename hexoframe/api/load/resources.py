"""Lists of objects as frames; no request is made here.

Columns and dtypes stand in tables and are the same for an empty list. Related objects,
which the service names by URIs or embeds, become ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from hexoframe.api.load.queries import id_of
from hexoframe.errors import ResponseError
from hexoframe.timestamps import (
    NS_PER_TICK,
    clock_of,
    tick_to_time,
)

__all__ = [
    "annotations_frame",
    "frame_of",
    "metrics_frame",
    "ranges_frame",
    "records_frame",
    "users_frame",
]

Row = Mapping[str, Any]
_TIME, _SPAN = "datetime64[ns, UTC]", "timedelta64[ns]"
_TEXT, _ID, _NUMBER = "string", "Int64", "float64"

_RECORDS = {
    "start": _TIME,
    "id": "int64",
    "duration": _SPAN,
    "user": _ID,
    "email": _TEXT,
    "end": _TIME,
    "last_modified": _TIME,
    "clock": _ID,
    "device": _TEXT,
    "status": _TEXT,
}
_RANGES = {
    "start": _TIME,
    "id": "int64",
    "user": _ID,
    "name": _TEXT,
    "end": _TIME,
    "duration": _SPAN,
    "status": _TEXT,
    "rank": _ID,
    "activitytype": _ID,
    "trainingroutine": _ID,
    "note": _TEXT,
    "last_modified": _TIME,
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
# Types of a schema; what is in none of them stays as it came.
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


# --- frames ---------------------------------------------------------------------------


def records_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return records as a frame.

    Parameters
    ----------
    objects : iterable of dict
        Objects of the resource `record`.

    Returns
    -------
    DataFrame
        A row a record in the order given, index `start` (UTC, ns): id, duration, user,
        email, end, last_modified, clock (ticks a second), device, status.

    Raises
    ------
    ResponseError
        If an object is no record.
    """
    return _frame([_record(item) for item in objects], _RECORDS, index="start")


def ranges_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return ranges (activities) as a frame.

    Parameters
    ----------
    objects : iterable of dict
        Objects of the resource `range`.

    Returns
    -------
    DataFrame
        A row a range, index `start` (UTC, ns): id, user, name, end, duration, status,
        rank, activitytype, trainingroutine, note, last_modified.

    Raises
    ------
    ResponseError
        If an object is no range.
    """
    return _frame([_range(item) for item in objects], _RANGES, index="start")


def annotations_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return annotations as a frame.

    Parameters
    ----------
    objects : iterable of dict
        Objects of the resource `annotation`.

    Returns
    -------
    DataFrame
        A row an annotation, index `start` (UTC, ns): id, user, record, datatype,
        annotation (its text), last_modified.

    Raises
    ------
    ResponseError
        If an object is no annotation.
    """
    rows = [
        {
            **item,
            "user": id_of(item.get("user")),
            "record": id_of(item.get("record")),
            "datatype": id_of(item.get("datatype")),
            "start": _moment(item.get("start")),
        }
        for item in objects
    ]
    return _frame(rows, _ANNOTATIONS, index="start")


def users_frame(objects: Iterable[Row]) -> pd.DataFrame:
    """Return users as a frame.

    Parameters
    ----------
    objects : iterable of dict
        Objects of the resource `user`.

    Returns
    -------
    DataFrame
        A row a user: id, username, email, first_name, last_name, profile (its id).

    Raises
    ------
    ResponseError
        If an object is no user.
    """
    rows = [{**item, "profile": id_of(item.get("profile"))} for item in objects]
    return _frame(rows, _USERS)


def metrics_frame(report: Row | Iterable[Row]) -> pd.DataFrame:
    """Return metrics as a frame; a histogram has a row a bin.

    Parameters
    ----------
    report : dict or iterable of dict
        Answer of the resource `report`, or the `metrics` of a record or a range.

    Returns
    -------
    DataFrame
        id, name, title, value and unit; low, high and bin_unit of a bin, NaN where the
        metric is no histogram; record and range that it is about.

    Raises
    ------
    ResponseError
        If the answer holds no metrics.
    """
    items: Any = report
    if isinstance(report, Mapping):
        data = report.get("data")
        if not isinstance(data, list):
            raise ResponseError(
                "the report holds no list `data`; is it an answer of /api/report/?"
            )
        items = [item for part in data for item in part]
    return _frame([row for item in items for row in _metric(item)], _METRICS)


def frame_of(objects: Iterable[Row], schema: Row | None = None) -> pd.DataFrame:
    """Return the objects of any resource as a frame.

    Parameters
    ----------
    objects : iterable of dict
        Objects of one resource.
    schema : dict, optional
        Answer of ``/api/<resource>/schema/``: its fields are the columns, with one
        dtype each, also where there are no objects. Without it the objects tell.

    Returns
    -------
    DataFrame
        A column a field; times in UTC, ns, related objects by id, lists and embedded
        objects as they came.

    Raises
    ------
    ResponseError
        If a value does not fit the type that the schema gives.
    """
    rows = [{name: _plain(name, item[name]) for name in item} for item in objects]
    fields = schema.get("fields", {}) if schema is not None else {}
    columns = {name: _SCHEMA.get(told.get("type"), "object") for name, told in
               fields.items()}  # fmt: skip
    columns |= {name: _TIME for name in columns if name in _TICKS}
    for row in rows:
        for name in row:
            columns.setdefault(name, "")
    for name in [name for name, dtype in columns.items() if not dtype]:
        columns[name] = _TIME if name in _TICKS else _guessed(rows, name)
    return _frame(rows, columns)


def _guessed(rows: list[dict[str, Any]], name: str) -> str:
    """Return the dtype of a column from its values."""
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
        return _moment(value)
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
            raise ResponseError(
                f"the answer has a {name!r} that is no {dtype} "
                f"({type(error).__name__}); is this a Hexoskin server?"
            ) from error
    frame = pd.DataFrame(made, columns=pd.Index(list(columns)))
    return frame if index is None else frame.set_index(index)


def _column(values: list[Any], dtype: str) -> pd.Series[Any]:
    if dtype == _TIME:
        times = [_moment(value) for value in values]
        # to_datetime of texts, or of an empty list, has a unit of its own choice.
        return pd.Series(pd.DatetimeIndex(times, dtype=_TIME))
    if dtype == _SPAN:
        return pd.Series(pd.to_timedelta(values), dtype=_SPAN)
    if dtype == _TEXT:
        values = [None if value is None else str(value) for value in values]
    return pd.Series(values, dtype=dtype)


def _moment(value: Any) -> pd.Timestamp | None:
    """Return the time of a tick or of ISO text, which is UTC where it names no zone."""
    if value is None or value == "" or isinstance(value, pd.Timestamp):
        return value or None
    if isinstance(value, str):
        moment = pd.Timestamp(value)
        moment = moment.tz_localize("UTC") if moment.tz is None else moment
        return moment.tz_convert("UTC").as_unit("ns")
    return tick_to_time(value, clock=clock_of(value)) if value else None


def _span(item: Row) -> pd.Timedelta | None:
    """Return end - start, exactly; None while there is no end."""
    start, end = item.get("start"), item.get("end")
    if not start or not end:
        return None
    return pd.Timedelta(int(end - start) * NS_PER_TICK[clock_of(start)], unit="ns")


def _record(item: Row) -> dict[str, Any]:
    user = item.get("user")
    start = item.get("start")
    return {
        **item,
        "user": id_of(user),
        "email": user.get("email") if isinstance(user, Mapping) else None,
        "device": id_of(item.get("device")),
        "duration": _span(item),
        "clock": clock_of(start) if start else None,
    }


def _range(item: Row) -> dict[str, Any]:
    # Since 3.x the activity stands in `context`; before, beside it.
    context = item.get("context") or {}
    about = {
        name: id_of(context.get(name) or item.get(name))
        for name in ("activitytype", "trainingroutine")
    }
    return {**item, **about, "user": id_of(item.get("user")), "duration": _span(item)}


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
    edges, values = bins.get("bin_edge", ()), counts.get("value", ())
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
