"""Metrics of a part of a record: in a record or range, and in a report."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import datatypes_of
from hexoframe.simulator.server.catalog import METRICS, UNITS, Metric
from hexoframe.simulator.server.signals import RecordSource, Series

__all__ = ["metric_object", "report_item", "unit_object"]

if TYPE_CHECKING:
    from numpy.typing import NDArray

Window = tuple[int, int]
_LITRES = frozenset({"minute_ventilation", "tidal_volume"})
_JOULE_PER_CAL = 4184


def unit_object(number: int) -> dict[str, Any]:
    """Return the object of a unit."""
    short, long, remark = UNITS[number]
    return {
        "id": number,
        "info": remark,
        "resource_uri": f"/api/unit/{number}/",
        "si_long": long,
        "si_short": short,
    }


def metric_object(
    number: int, sources: list[RecordSource], window: Window
) -> dict[str, Any]:
    """Return a metric in the form of a record or a range."""
    metric = METRICS[number]
    unit = unit_object(metric.unit)
    del unit["info"]
    body: dict[str, Any] = {
        "id": number,
        "name": metric.name,
        "resource_uri": f"/api/metric/{number}/",
        "title": metric.title,
        "unit": unit,
    }
    if metric.edges:
        return body | _histogram(metric, sources, window)
    value = _value(metric, sources, window)
    return body | {"value": value, "zones": list(metric.zones)}


def report_item(
    number: int, sources: list[RecordSource], window: Window
) -> dict[str, Any]:
    """Return a metric in the form of a report, without its subject."""
    metric = METRICS[number]
    body: dict[str, Any] = {
        "metric": f"/api/metric/{number}/",
        "name": metric.name,
        "outputtype": "value",
        "title": metric.title,
        "uri": f"/api/metric/{number}/",
    }
    if metric.edges:
        return body | _histogram(metric, sources, window)
    value = _value(metric, sources, window)
    zone = None if value is None else int(np.searchsorted(metric.zones, value, "right"))
    return body | {
        "unit": UNITS[metric.unit][0],
        "value": value,
        "zone": zone,
        "zones": list(metric.zones),
    }


def _histogram(
    metric: Metric, sources: list[RecordSource], window: Window
) -> dict[str, Any]:
    edges = list(metric.edges)
    values = _values(metric.how.partition(" ")[2], sources, window)
    counts, _ = np.histogram(values[values > 0], bins=edges)
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    whole = all(isinstance(edge, int) for edge in edges)
    return {
        "data1": {
            "bin_edge": edges,
            "count": len(middles),
            "unit": UNITS[metric.unit][0],
            "value": [int(m) if whole and m % 1 == 0 else m for m in middles],
        },
        "data2": {"count": len(middles), "unit": "rep", "value": counts.tolist()},
    }


def _value(metric: Metric, sources: list[RecordSource], window: Window) -> float | None:
    verb, _, what = metric.how.partition(" ")
    if not verb:
        return None
    if verb == "code":
        name, *codes = what.split()
        return _seconds_in(name, [int(c) for c in codes], sources, window)
    values = _values(what, sources, window)
    if verb == "count":
        return len(values)
    if verb == "kcal":
        return float(values.sum()) / _JOULE_PER_CAL
    return _summary(verb, values[values > 0] / (1000 if what in _LITRES else 1))


def _summary(verb: str, values: NDArray[Any]) -> float | None:
    if not len(values):
        return None
    if verb == "avg":
        return float(values.mean())
    return float(values.max() if verb == "max" else values.min())


def _series(name: str, source: RecordSource) -> Series | None:
    number = next(
        (r.id for r in datatypes_of(source.family) if r.api_name == name), None
    )
    return None if number is None else source.series(number)


def _values(name: str, sources: list[RecordSource], window: Window) -> NDArray[Any]:
    parts: list[NDArray[Any]] = [np.empty(0)]
    for source in sources:
        series = _series(name, source)
        if series is not None:
            inside = (series.ticks >= window[0]) & (series.ticks <= window[1])
            parts.append(series.values[inside].astype(np.float64))
    return np.concatenate(parts)


def _seconds_in(
    name: str, codes: list[int], sources: list[RecordSource], window: Window
) -> float:
    total = 0.0
    for source in sources:
        series = _series(name, source)
        if series is None or len(series.ticks) < 2:
            continue
        edges = np.clip(series.ticks, *window)
        held = np.isin(series.values[:-1], codes)
        total += float(np.diff(edges)[held].sum()) / source.clock
    return total
