"""A record loaded the classic way: what scripts around the old client have always done.

One group of datatypes a request, in windows of 65 535 samples; a new connection for
each; `json.loads`; columns told apart with `zip(*rows)`, once for the stamps and once
for the values of each datatype; rows as tuples in lists that grow window by window.
The pause of 0.2 s after each request is left out. This is for comparison alone, and
nothing of the package is used in it. Source: public copies of the vendor's HxApi2_0 and
its client.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import requests

WINDOW = 65_535
_WAIT_S = 60


class Group(NamedTuple):
    """Datatypes that are asked for together; without ticks, in one request."""

    ids: tuple[int, ...]
    ticks: int | None


GROUPS = {
    "acceleration": Group((4145, 4146, 4147), 4),
    "ecg": Group((4113,), 1),
    "respiration": Group((4129, 4130), 2),
    "activity": Group((49,), 256),
    "cadence": Group((53,), 256),
    "heart_rate": Group((19,), 256),
    "minute_ventilation": Group((36,), 256),
    "vt": Group((37,), None),
    "breathing_rate": Group((33,), 256),
    "hr_quality": Group((1000,), 256),
    "br_quality": Group((1001,), 256),
    "inspiration": Group((34,), 256),
    "expiration": Group((35,), 256),
    "batt": Group((247,), 256),
    "step": Group((52,), None),
    "rrinterval": Group((18,), 256),
    "qrs": Group((22,), 256),
    "nninterval": Group((318,), 256),
}


def load(base_url, auth, record_id):
    """Return the rows of each group: (tick, value, ...) as tuples."""
    info = _get(base_url, auth, f"record/{record_id}")
    rows = {name: [] for name in GROUPS}
    for name, query in queries(record_id, info["start"], info["end"]):
        answer = _get(base_url, auth, "data", query)
        lists = answer[0].get("data", {}) if answer else {}
        rows[name] += _rows([lists.get(str(one), []) for one in GROUPS[name].ids])
    return rows


def queries(record_id, start, end):
    """Yield the name of a group and a query, for each window of each group."""
    for name, (ids, ticks) in GROUPS.items():
        length = end - start if ticks is None else WINDOW * ticks
        for first in range(start, end, length):
            yield (
                name,
                {
                    "record": record_id,
                    "start": first,
                    "end": min(first + length, end),
                    "datatype": ",".join(map(str, ids)),
                },
            )


def _get(base_url, auth, resource, query=None):
    answer = requests.get(
        f"{base_url}/api/{resource}/",
        params=query,
        auth=auth,
        headers={"Accept": "application/json"},
        timeout=_WAIT_S,
    )
    answer.raise_for_status()
    return json.loads(answer.content)


def _rows(columns):
    """Return rows with the stamps of the first column, as many as the shortest has."""
    stamps = _column(columns[0], 0)
    values = [_column(column, 1) for column in columns]
    return list(zip(stamps, *values, strict=False))


def _column(rows, number):
    return list(zip(*rows, strict=True))[number] if rows else ()
