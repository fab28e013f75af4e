"""The report resource: metrics of records, ranges, or hours of a user."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hexoframe.simulator.server.catalog import METRICS
from hexoframe.simulator.server.dataquery import user_of
from hexoframe.simulator.server.lists import Pairs, ids_of
from hexoframe.simulator.server.messages import BadQueryError
from hexoframe.simulator.server.metrics import report_item
from hexoframe.simulator.server.objects import uri
from hexoframe.simulator.server.world import ServedRecord, User, World

__all__ = ["report"]


class _ReportRow(NamedTuple):
    """The subject of a report row: URI, records, window in ticks."""

    about: dict[str, str]
    records: list[ServedRecord]
    window: tuple[int, int]


def report(world: World, asking: User, query: Pairs) -> dict[str, Any]:
    """Return the answer of ``/api/report/``.

    The query has `include_metrics`, and `record`, `range`, or `start`, `end` and
    perhaps `user`.
    """
    numbers = [n for n in ids_of(query, "include_metrics") if n in METRICS]
    data = []
    for about, records, window in _parts(world, asking, query):
        sources = [record.source for record in records if record.is_synced]
        user = uri("user", records[0].user) if records else None
        span = {"end": window[1], "start": window[0], "user": user}
        data.append(
            [
                report_item(number, sources, window) | about | {"timerange": span}
                for number in numbers
            ]
        )
    return {
        "count": len(data),
        "data": data,
        "name": "",
        "outputtype": "list",
        "report": "/api/templatereport/None/",
        "title": "",
    }


def _parts(world: World, asking: User, query: Pairs) -> list[_ReportRow]:
    sees = world.sees[asking.id]
    parts = []
    for number in ids_of(query, "record"):
        record = world.records.get(number)
        if record and record.user in sees:
            window = (record.source.start, record.source.end)
            parts.append(
                _ReportRow({"record": uri("record", number)}, [record], window)
            )
    for number in ids_of(query, "range"):
        span = world.ranges.get(number)
        if span and span.user in sees:
            about = {"range": uri("range", number)}
            window = (span.start, span.end)
            parts.append(_ReportRow(about, world.records_in(span), window))
    given = dict(query)
    if parts or not {"start", "end"} <= given.keys():
        return parts
    user = user_of(world, given.get("user", str(asking.id)))
    hour = 3600 * world.clock
    first = math.floor(_tick(given["start"]) / hour) * hour
    last = math.ceil(_tick(given["end"]) / hour) * hour
    records = [
        record
        for record in world.records_of({user} & sees)
        if record.source.start <= last and record.source.end >= first
    ]
    return [_ReportRow({}, records, (first, last))]


def _tick(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise BadQueryError(f"'{text}' is no tick.") from None
