"""What a sync from the service would cost, from the list of records alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from hexoframe.api.load.download import LoadOptions, estimate_span
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES
from hexoframe.formats.options import ReadOptions
from hexoframe.timestamps.times import time_to_tick

if TYPE_CHECKING:
    from hexoframe.api.load.plan import Estimate
    from hexoframe.channels import Family

__all__ = ["StudyPlan", "plan_of", "size_of_record"]

_COLUMNS = {
    "record": "int64",
    "start": "datetime64[ns, UTC]",
    "duration": "timedelta64[ns]",
    "requests": "int64",
    "megabytes": "float64",
    "there": "bool",
}


class Selected(Protocol):
    """What is taken of each record."""

    @property
    def channels(self) -> tuple[str | int, ...] | None:
        """Channels by name or id; None for all."""

    @property
    def waveforms(self) -> bool:
        """Whether waveforms are taken if `channels` does not name them."""

    @property
    def model(self) -> str | None:
        """Model of the devices, if the caller named one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """What a sync would fetch, as `Study.plan` returns it.

    Attributes
    ----------
    records : int
        Records that the study lacks, or that changed.
    requests : int
        Requests to the service for them.
    megabytes : float
        As sent; for most studies within a factor of 1.5.
    hours : float
        At the allowed pace and 50 Mbit/s.
    table : DataFrame
        A row a record: record, start, duration, requests, megabytes, and whether it is
        `there` already, which costs nothing.
    """

    records: int
    requests: int
    megabytes: float
    hours: float
    table: pd.DataFrame

    def __repr__(self) -> str:
        """Return the most important numbers, rounded."""
        wait = f"{self.hours * 60:.1f} min" if self.hours < 1 else f"{self.hours:.1f} h"
        return (
            f"<Plan: {self.records} of {len(self.table)} records, {self.requests} "
            f"requests, {self.megabytes:.1f} MB, {wait}>"
        )


def plan_of(rows: list[dict[str, Any]], there: set[int], wanted: Selected) -> StudyPlan:
    """Return the plan for records of a list; those that are `there` cost nothing."""
    listed, requests, minutes, megabytes = [], 0, 0.0, 0.0
    for row in rows:
        held = int(row["id"]) in there
        cost = None if held else _estimate(row, wanted)
        listed.append(
            (
                row["id"],
                row["start"],
                row["duration"],
                0 if cost is None else cost.requests,
                0.0 if cost is None else cost.megabytes,
                held,
            )
        )
        if cost is not None:
            requests += cost.requests
            megabytes += cost.megabytes
            minutes += cost.minutes
    table = pd.DataFrame(listed, columns=list(_COLUMNS)).astype(_COLUMNS)
    return StudyPlan(
        records=int((~table["there"]).sum()),
        requests=requests,
        megabytes=megabytes,
        hours=minutes / 60,
        table=table,
    )


def size_of_record(row: Mapping[str, Any], wanted: Selected) -> float:
    """Return the bytes that are expected of a record of a list."""
    return 1e6 * _estimate(row, wanted).megabytes


def _estimate(row: Mapping[str, Any], wanted: Selected) -> Estimate:
    # The list does not tell the model: the usual one of the clock.
    clock = 256 if pd.isna(row["clock"]) else int(row["clock"])
    family = next(one for one in FAMILIES if CLOCK_OF_FAMILY[one] == clock)
    start = time_to_tick(row["start"], clock=CLOCK_OF_FAMILY[family])
    end = start
    if not pd.isna(row["end"]):
        end = time_to_tick(row["end"], clock=CLOCK_OF_FAMILY[family])
    options = LoadOptions(
        channels=wanted.channels,
        waveforms=wanted.waveforms,
        model=wanted.model or "auto",
        reading=ReadOptions(),
    )
    named: Family = options.family(CLOCK_OF_FAMILY[family]) or family
    return estimate_span(named, (start, max(start, end)), options)
