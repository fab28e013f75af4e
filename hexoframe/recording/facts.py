"""What a source says of a record beside its samples, in tables of one fixed shape.

The shapes of ranges, annotations, track, metrics and statistics are written down here
once; every door fills them and every exit reads them. No samples, no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType
from typing import Any

import pandas as pd

from hexoframe.timestamps import Clock, tick_to_time

__all__ = ["SHAPES", "Facts", "cut_facts", "facts_table"]

_TIME = "datetime64[ns, UTC]"
# Column -> dtype; a table whose first column is `time` is indexed by it.
SHAPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ranges": {
            "start": _TIME,
            "end": _TIME,
            "id": "Int64",
            "name": "string",
            "rank": "Int64",
            "trainingroutine": "string",
            "note": "string",
        },
        "annotations": {
            "time": _TIME,
            "id": "Int64",
            "datatype": "Int64",
            "comment": "string",
        },
        "track": {
            "time": _TIME,
            "altitude": "float64",
            "longitude": "float64",
            "latitude": "float64",
            "horizontal_accuracy": "float64",
        },
        "metrics": {
            "id": "Int64",
            "name": "string",
            "value": "float64",
            "unit": "string",
        },
        "statistics": {"name": "string", "value": "string", "unit": "string"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the source says of a record beside its samples.

    A table is None where the source does not know it, and empty where the source knows
    that there is nothing.

    Attributes
    ----------
    info : dict
        Id, user, device, origin and what else the source says; JSON values only.
        `provenance` names the way that each channel came.
    ranges : DataFrame or None
        Activities, with start and end in UTC.
    annotations : DataFrame or None
        Button presses and comments, indexed by `time`.
    track : DataFrame or None
        GPS points, indexed by `time`: m and degrees.
    metrics : DataFrame or None
        Metrics as the service computes them.
    statistics : DataFrame or None
        Metrics as an export prints them, as text.
    """

    info: dict[str, Any] = field(default_factory=dict)
    ranges: pd.DataFrame | None = None
    annotations: pd.DataFrame | None = None
    track: pd.DataFrame | None = None
    metrics: pd.DataFrame | None = None
    statistics: pd.DataFrame | None = None


def facts_table(
    name: str, rows: Iterable[Mapping[str, Any]] = (), *, clock: Clock = 256
) -> pd.DataFrame:
    """Make one of the tables.

    Parameters
    ----------
    name : str
        Key of `SHAPES`.
    rows : iterable of mapping
        Values by column; what is missing becomes a missing value. Times are ticks, or
        anything that pandas takes as a time in UTC.
    clock : {256, 1000}
        Ticks in a second.

    Returns
    -------
    DataFrame
        In the shape of `SHAPES`.
    """
    listed = list(rows)
    columns = {
        column: _column([row.get(column) for row in listed], dtype, clock)
        for column, dtype in SHAPES[name].items()
    }
    table = pd.DataFrame(columns)
    return table.set_index("time") if "time" in table else table


def _column(values: list[Any], dtype: str, clock: Clock) -> pd.Series[Any]:
    if dtype != _TIME:
        return pd.Series(values, dtype=dtype)
    times = pd.Series([_moment(value, clock) for value in values], dtype="object")
    return pd.to_datetime(times, utc=True, format="ISO8601").dt.as_unit("ns")


def _moment(value: Any, clock: Clock) -> Any:
    """Return the time of a tick, be it a float; pandas would take a number for ns."""
    if not isinstance(value, Real):
        return value
    return None if value != value else tick_to_time(value, clock=clock)  # noqa: PLR0124 - NaN


def cut_facts(
    facts: Facts, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> Facts:
    """Return what facts say of a part of the record.

    Parameters
    ----------
    facts : Facts
        Facts of the whole.
    start, end : Timestamp or None
        Span, the end not included; None leaves that side as it is.

    Returns
    -------
    Facts
        Annotations and points of the track in the span, and ranges that reach into it;
        metrics and statistics are those of the whole, so they are left out.
    """
    if start is None and end is None:
        return facts
    ranges = facts.ranges
    if ranges is not None:
        inside = pd.Series(True, index=ranges.index)
        if start is not None:
            inside &= (ranges["end"] > start) | (ranges["start"] >= start)
        if end is not None:
            inside &= ranges["start"] < end
        ranges = ranges[inside].reset_index(drop=True)
    return replace(
        facts,
        ranges=ranges,
        annotations=_cut(facts.annotations, start, end),
        track=_cut(facts.track, start, end),
        metrics=None,
        statistics=None,
    )


def _cut(
    table: pd.DataFrame | None, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> pd.DataFrame | None:
    if table is None:
        return None
    inside = pd.Series(True, index=table.index)
    if start is not None:
        inside &= table.index >= start
    if end is not None:
        inside &= table.index < end
    return table[inside]
