"""The index of metrics: names, units and rules of the figures of `summary`.

`metrics.csv` has a row a metric, with the names that each dialect of the vendor has for
it. This module reads it once; what a metric is computed from is read in `summary`.
"""

from __future__ import annotations

import csv
import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np
import pandas as pd

from hexoframe.channels import FAMILIES, channels_of

if TYPE_CHECKING:
    from hexoframe.recording.data import RecordData

__all__ = [
    "ENERGY",
    "IndexedMetric",
    "indexed_metrics",
    "metric_table",
    "summary_channels",
    "vendor_figures",
]

ENERGY = "energy_mifflin_keytel"
"""The channel whose samples the vendor's sum of energy has."""


Statistic = Literal["", "duration", "worn", "mean", "min", "max", "total", "count",
                    "rmssd"]  # fmt: skip
Zeros = Literal["", "counted", "left out"]
Needs = Literal["", "weight", "body", "vo2max"]


class IndexedMetric(NamedTuple):
    """One row of the index.

    Attributes
    ----------
    metric, unit : str
        The name in a summary, and the unit of all its figures.
    vendor : tuple of str
        Names in exports and at the service.
    vendor_units : tuple of str
        How the vendor writes the unit.
    channel : str
        Channel of which it is computed; empty for what rests on no channel.
    statistic : str
        What is computed; empty where there is only the vendor's figure.
    divisor : float
        From the unit of the channel to that of the metric.
    zeros, vendor_zeros : {"counted", "left out", ""}
        Whether samples of 0 count, in the figure and in the vendor's rule.
    profile : {"", "weight", "body", "vo2max"}
        What must be known of the wearer.
    limit : float or None
        From here on a maximum is taken for one that the vendor does not print.
    limit_source : str
        What is known of that limit.
    zero_group : str
        Metrics of a group were not computed where the vendor's are all 0 or blank;
        empty where 0 is a figure.
    rule : str
        What is computed, in words.
    """

    metric: str
    unit: str
    vendor: tuple[str, ...]
    vendor_units: tuple[str, ...]
    channel: str
    statistic: Statistic
    divisor: float
    zeros: Zeros
    vendor_zeros: Zeros
    profile: Needs
    limit: float | None
    limit_source: str
    zero_group: str
    rule: str


@functools.cache
def indexed_metrics() -> tuple[IndexedMetric, ...]:
    """Return the rows of the index, in the order of a summary."""
    text = files("hexoframe.analysis").joinpath("metrics.csv").read_text("utf-8")
    return tuple(
        IndexedMetric(
            metric=row["metric"],
            unit=row["unit"],
            vendor=_names(row["vendor"]),
            vendor_units=_names(row["vendor_units"]),
            channel=row["channel"],
            statistic=cast("Statistic", row["statistic"]),
            divisor=float(row["divisor"]),
            zeros=cast("Zeros", row["zeros"]),
            vendor_zeros=cast("Zeros", row["vendor_zeros"]),
            profile=cast("Needs", row["profile"]),
            limit=float(row["limit"]) if row["limit"] else None,
            limit_source=row["limit_source"],
            zero_group=row["zero_group"],
            rule=row["rule"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def summary_channels() -> list[str]:
    """Return the channels that a summary takes, with those of flags and of wear."""
    known = channels_of(FAMILIES[0])
    needed = {one.channel for one in indexed_metrics() if one.channel} | {ENERGY}
    needed |= {known[name].datatypes[0].quality for name in needed}
    needed |= {name for name, one in known.items() if one.datatypes[0].wear == "belt"}
    return [name for name in known if name in needed]


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name for name in cell.split(";") if name)


def metric_table() -> pd.DataFrame:
    """Return the index of metrics, a row a metric.

    Returns
    -------
    DataFrame, indexed by `metric`
        unit; rule, what is computed of usable samples; channel; the vendor's names, as
        exports and the service write them; whether samples of 0 count (`zeros`), also
        in the vendor's rule (`vendor_zeros`); profile, what must be known of the wearer
        (``body`` is weight, height, age, sex and heart rate at rest, ``vo2max`` that
        and the VO2max); limit of the maxima that the vendor prints, and its source.
    """
    table = pd.DataFrame(indexed_metrics())
    table["vendor"] = ["; ".join(names) for names in table["vendor"]]
    columns = ["unit", "rule", "channel", "vendor", "zeros", "vendor_zeros", "profile",
               "limit", "limit_source"]  # fmt: skip
    return table.set_index("metric")[columns]


def vendor_figures(record: RecordData) -> dict[str, float]:
    """Return what the source of a record says of the metrics of the index.

    The statistics of an export, and where there are none the metrics of the service. A
    figure in another unit than that of the index is left out. A 0 that means "not
    computed" is NaN.
    """
    said = _said(record)
    found: dict[str, float] = {}
    for one in indexed_metrics():
        value, unit = next(
            (said[name.lower()] for name in one.vendor if name.lower() in said),
            (np.nan, ""),
        )
        if not np.isnan(value) and (not unit or unit in one.vendor_units):
            found[one.metric] = value
    groups: dict[str, list[str]] = {}
    for one in indexed_metrics():
        if one.zero_group:
            groups.setdefault(one.zero_group, []).append(one.metric)
    for names in groups.values():
        if not any(found.get(name) for name in names):
            found |= {name: np.nan for name in names if name in found}
    return found


def _said(record: RecordData) -> dict[str, tuple[float, str]]:
    """Return the figures of the source by their names in lower case, with units."""
    said: dict[str, tuple[float, str]] = {}
    for table in (record.facts.metrics, record.facts.statistics):
        if table is None:
            continue
        values = pd.to_numeric(table["value"], errors="coerce").astype("float64")
        rows = zip(table["name"], values, table["unit"].fillna(""), strict=True)
        said |= {
            str(name).lower(): (value, str(unit))
            for name, value, unit in rows
            if not np.isnan(value)
        }
    return said
