"""De-identification: a record without what tells who wore the shirt, and its receipt.

`safefacts` decides which facts stay, `shifting` moves the times. What the samples
themselves tell of a body stays: who has the original finds it by its samples.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import PSEUDONYM, RECEIPT, is_pseudonym
from hexoframe.recording.safefacts import Kept, identifiers, safe_facts, safe_titles
from hexoframe.recording.shifting import move_belts, move_channels, move_tables
from hexoframe.timestamps.ticks import told_apart
from hexoframe.timestamps.times import tick_to_time
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from hexoframe.recording.belts import Belts
    from hexoframe.recording.facts import Facts

__all__ = ["deidentify"]

Data = TypeVar("Data", bound=RecordData)
_WEEK_S = 7 * 86_400
# By how much times are moved unless the caller says: from a year to ten.
_WEEKS = (53, 522)
_KEPT: tuple[Kept, ...] = get_args(Kept)
# What samples tell, whatever is removed beside them.
_REMAINS = (
    "who has the original finds it by its samples; weight, age and sex can follow from "
    "adjusted volumes and energy"
)


def deidentify(
    record: Data,
    *,
    pseudonym: str | None = None,
    shift_weeks: int | None = None,
    keep: str | Collection[str] = (),
) -> Data:
    """Return a record without what tells who wore the shirt.

    Parameters
    ----------
    record : RecordData
        The record, which stays as it is.
    pseudonym, shift_weeks, keep
        As for `hexoframe.Record.deidentify`.

    Returns
    -------
    RecordData
        Of the class of `record`. Channels that were not read are moved when they are.

    Raises
    ------
    ConfigurationError
        If an argument is not allowed, or no shift is possible.
    """
    kept = _checked_keep(keep)
    weeks = 0 if "dates" in kept else _weeks(record, shift_weeks)
    if "dates" in kept and shift_weeks is not None:
        raise ConfigurationError(
            f"shift_weeks={shift_weeks!r} and keep='dates' exclude each other: give "
            "one of them"
        )
    name = _checked_pseudonym(record, pseudonym)
    ticks = weeks * _WEEK_S * record.clock
    facts, lost = safe_facts(record.facts, record.family, kept, ticks)
    facts = move_tables(facts, pd.Timedelta(weeks=weeks))
    told = {
        "pseudonym": name,
        "removed": _with_earlier(record.facts, dict(lost)),
        "kept": sorted(kept),
        "dates": _dates(record, weeks),
        "remains": _REMAINS,
    }
    facts.info.update({PSEUDONYM: name, RECEIPT: told})
    known = record.known_belts()

    def belts() -> Belts | None:
        found = record.belts()
        return None if found is None else move_belts(found, ticks)

    return record.of(
        record,
        span=(record.start_tick + ticks, record.end_tick + ticks),
        channels=move_channels(record, ticks),
        facts=facts,
        belts=belts if known is None else move_belts(known, ticks),
    )


# -- arguments -------------------------------------------------------------------------


def _checked_keep(keep: str | Collection[str]) -> frozenset[Kept]:
    named = [keep] if isinstance(keep, str) or keep is None else list(keep)
    if any(each not in _KEPT for each in named):
        raise ConfigurationError(
            f"keep={keep!r}: give one of {', '.join(map(repr, _KEPT))}, or a list of "
            "them. Ids, e-mail, names and what else the source says of a person are "
            "never kept"
        )
    return frozenset(kept for kept in _KEPT if kept in named)


def _checked_pseudonym(record: RecordData, pseudonym: str | None) -> str:
    """Return the pseudonym, or a random one; refuse one that tells who it was."""
    if pseudonym is None:
        return f"P{secrets.token_hex(4)}"
    if not is_pseudonym(pseudonym):
        raise ConfigurationError(
            f"pseudonym={pseudonym!r}: give 1 to 40 letters (a to z), digits, - or _, "
            "the first a letter or a digit, such as 'S01-night1'"
        )
    info = record.facts.info
    dates = {f"{record.start.tz_convert(tz):%Y%m%d}" for tz in ("UTC", record.tz)}
    told = identifiers(info) | dates
    plain = "".join(sign for sign in pseudonym.lower() if sign.isalnum())
    same = {str(info.get(key, "")).lower() for key in ("id", "user_id", "device")}
    if pseudonym.lower() in same - {""} or any(word in plain for word in told):
        raise ConfigurationError(
            f"pseudonym={pseudonym!r} holds an id, a name or the date of the record: "
            "choose another one, or leave it out for a random one"
        )
    return pseudonym


def _weeks(record: RecordData, weeks: int | None) -> int:
    possible = _possible_weeks(record)
    if weeks is None:
        return _random_weeks(record, possible)
    if isinstance(weeks, bool) or not isinstance(weeks, (int, np.integer)) or not weeks:
        raise ConfigurationError(
            f"shift_weeks={weeks!r}: give a whole number of weeks, negative for "
            "earlier, or keep='dates' to leave the dates as they are"
        )
    if weeks not in possible:
        raise ConfigurationError(
            f"shift_weeks={weeks}: a record of {record.start:%Y-%m-%d} can be moved by "
            f"{possible[0]} to {possible[-1]} weeks, since ticks tell their clock only "
            "in the years 2009 to 2050"
        )
    return int(weeks)


def _possible_weeks(record: RecordData) -> range:
    """Return the shifts after which the clock of the ticks can still be told."""
    first, last = told_apart(record.clock)
    week = _WEEK_S * record.clock
    earliest = -((record.start_tick - first) // week)
    latest = (last - 1 - record.end_tick) // week
    return range(earliest, latest + 1)


def _random_weeks(record: RecordData, possible: range) -> int:
    """Choose a shift by chance, into the past if there is enough of it.

    Where it can be, the clocks of the record's zone are changed alike before and after,
    so that the time of day stays.
    """
    least, most = _WEEKS
    past = [weeks for weeks in range(-most, -least + 1) if weeks in possible]
    future = [weeks for weeks in range(least, most + 1) if weeks in possible]
    choice = past if len(past) >= least else past + future
    clock = _WallClock(record)
    alike = [weeks for weeks in choice if not any(clock.later(weeks))]
    choice = alike or choice
    if not choice:
        raise ConfigurationError(
            f"a record of {record.start:%Y-%m-%d} cannot be moved by {least} to {most} "
            "weeks within the years 2009 to 2050: give shift_weeks="
        )
    return secrets.choice(choice)


# -- the receipt -----------------------------------------------------------------------


def _with_earlier(facts: Facts, lost: dict[str, int]) -> dict[str, int]:
    """Add what was removed when the record was de-identified before."""
    receipt = facts.info.get(RECEIPT)
    before = safe_titles(receipt.get("removed") if isinstance(receipt, dict) else None)
    titles = {**before, **lost}
    return {title: before.get(title, 0) + lost.get(title, 0) for title in titles}


def _dates(record: RecordData, weeks: int) -> dict[str, Any]:
    """Say that dates were moved, but not by how much, which would undo it."""
    if not weeks:
        return {"moved": "no"}
    start, end = _WallClock(record).later(weeks)
    told = {
        "moved": "by a whole number of weeks, which no file holds",
        "same": "differences of times to the tick, the day of the week, the time of "
        "day in UTC",
        "zone": record.tz,
        "local_time_later_min": {"start": start, "end": end},
    }
    if record.tz == "UTC":
        told["note"] = (
            "no zone of the wearer was given: on a clock on the wall, times of day may "
            "be an hour off where clocks changed"
        )
    return told


class _WallClock:
    """What a clock in the zone of a record shows at its start and end."""

    def __init__(self, record: RecordData) -> None:
        self._zone = zone_of(record.tz)
        self._times = [
            tick_to_time(tick, clock=record.clock).floor("us").to_pydatetime()
            for tick in (record.start_tick, record.end_tick)
        ]

    def later(self, weeks: int) -> tuple[int, int]:
        """Return how many minutes later it shows both after a shift."""
        by = dt.timedelta(weeks=weeks)
        start, end = (
            self._offset(time + by) - self._offset(time) for time in self._times
        )
        return start, end

    def _offset(self, time: dt.datetime) -> int:
        offset = time.astimezone(self._zone).utcoffset() or dt.timedelta()
        return offset // dt.timedelta(minutes=1)
