"""Facts: what a source says of a record beside its samples, in tables of fixed shape.

The shapes of ranges, annotations, track, metrics and statistics are defined here once;
every reader fills them and every writer uses them. No samples, no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType
from typing import Any

import pandas as pd

from hexoframe.jsontext import JsonSource
from hexoframe.timestamps.ticks import Clock
from hexoframe.timestamps.times import tick_to_time

__all__ = [
    "PSEUDONYM",
    "RECEIPT",
    "SHAPES",
    "Facts",
    "check_info",
    "cut_facts",
    "facts_table",
    "inner_fact",
    "is_pseudonym",
    "ranges_of_sleep",
    "shown_table",
]

PSEUDONYM = "pseudonym"
"""The fact that names a record whose own ids were removed."""
RECEIPT = "deidentified"
"""The fact that says what was removed from such a record."""
_TIME = "datetime64[ns, UTC]"
# What any disk takes as a name.
_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
# In the name of an activity or of its routine; the service numbers that of sleep 12.
_SLEEP = "sleep|/trainingroutine/12/"
# Column -> dtype; a table whose first column is `time` is indexed by it.
SHAPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ranges": {
            "id": "Int64",
            "name": "string",
            "rank": "Int64",
            "trainingroutine": "string",
            "note": "string",
            "start": _TIME,
            "end": _TIME,
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
        `provenance` names how each channel arrived.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownInfo:
    """The facts that the package itself reads, by their names in `Facts.info`."""

    id: int | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    whole_start: int = 0
    edited: list[str] = field(default_factory=list)
    pseudonym: str | None = None
    deidentified: dict[str, Any] = field(default_factory=dict)


def is_pseudonym(name: object) -> bool:
    """Whether a name can stand for a record, also in the name of a folder."""
    return isinstance(name, str) and _PSEUDONYM.fullmatch(name) is not None


def check_info(info: dict[str, Any], source: JsonSource, *, field: str = "") -> None:
    """Refuse facts that the package reads if they have another type."""
    source.typed(info, _KnownInfo, field=field)


def inner_fact(info: Mapping[str, Any], *names: str) -> Any:
    """Return a fact within facts; None where the source has none, or another kind.

    Examples
    --------
    >>> inner_fact({"algo": {"ecg": "2.1"}}, "algo", "ecg"), inner_fact({}, "a", "b")
    ('2.1', None)
    """
    held: Any = info
    for name in names:
        held = held.get(name) if isinstance(held, Mapping) else None
    return held


def facts_table(
    name: str, rows: Iterable[Mapping[str, Any]] = (), *, clock: Clock = 256
) -> pd.DataFrame:
    """Make the table of `SHAPES` called `name`; absent values are missing values.

    Times are ticks, or what pandas takes as a time in UTC.
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
    """Return the time of a tick, even a float; pandas would take a number for ns."""
    if not isinstance(value, Real):
        return value
    return None if value != value else tick_to_time(value, clock=clock)  # noqa: PLR0124 - NaN


def shown_table(facts: Facts, name: str, tz: str) -> pd.DataFrame:
    """Return a copy of a table in a time zone; empty where the source has none."""
    held: pd.DataFrame | None = getattr(facts, name)
    table = facts_table(name) if held is None else held.copy()
    if isinstance(table.index, pd.DatetimeIndex):
        return table.tz_convert(tz)
    for column in table.columns:
        if isinstance(table[column].dtype, pd.DatetimeTZDtype):
            table[column] = table[column].dt.tz_convert(tz)
    return table


def ranges_of_sleep(ranges: pd.DataFrame) -> pd.DataFrame:
    """Return the activities that are sleep, as their names or routines say."""
    names = ranges["name"].fillna("") + " " + ranges["trainingroutine"].fillna("")
    asleep = names.str.contains(_SLEEP, case=False).astype(bool)
    return ranges[asleep].reset_index(drop=True)


def cut_facts(
    facts: Facts, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> Facts:
    """Return the facts of a part of the record; None leaves a side as it is.

    Annotations and points of the track in the span, and ranges that reach into it;
    metrics and statistics describe the whole and are dropped.
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
