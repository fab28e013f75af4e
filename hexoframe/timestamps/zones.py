"""Named time zones: offsets, daylight saving time, and the hour that comes twice.

All as numbers, in local seconds or ticks; text is handled by `reading`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
import zoneinfo
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_SECOND = dt.timedelta(seconds=1)
_ENDLESS = 2**62
# Names that mean what the machine is set to.
_OF_THE_MACHINE = frozenset({"localtime", "posixrules"})
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?", re.IGNORECASE)
# So alike is a name that was misspelt; less alike are names of other places.
_ALIKE = 0.75
# So long is an abbreviation such as CEST.
_LONGEST_SHORT = 5
# A machine with fewer zones lacks most of them.
_FEW = 300


def zone_name(tz: Any) -> str:
    """Return the name of a zone, given by it or as an object of zoneinfo or pytz.

    What is no zone with a name is a ConfigurationError.
    """
    name = tz
    if isinstance(tz, dt.tzinfo):
        # pytz says zone where zoneinfo says key; a fixed offset says UTC or UTC+01:00.
        name = getattr(tz, "key", None) or getattr(tz, "zone", None) or str(tz)
    if not isinstance(name, str):
        raise ConfigurationError(
            f"time zone {tz!r}: its name is needed, such as 'America/Montreal' or "
            "'UTC', or a zoneinfo.ZoneInfo"
        )
    _zone_of(name)
    return name


def zone_of(tz: Any) -> dt.tzinfo:
    """Return a zone, given as for `zone_name`."""
    return _zone_of(zone_name(tz))


@functools.lru_cache(maxsize=32)
def _zone_of(tz: str) -> dt.tzinfo:
    """Return a zone by its name; an unknown one is a ConfigurationError."""
    if tz == "UTC":
        return dt.UTC
    try:
        if tz.startswith("right/") or tz in _OF_THE_MACHINE:
            raise ValueError("it counts leap seconds or depends on this machine")  # noqa: TRY301
        return zoneinfo.ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        known = zoneinfo.available_timezones() - _OF_THE_MACHINE
        few = f" (this machine knows {len(known)}; pip install tzdata adds them)"
        raise ConfigurationError(
            f"{tz!r} is no time zone; {_way_out(tz, known)}"
            f"{few if len(known) < _FEW else ''}"
        ) from error


def _way_out(tz: str, known: Iterable[str]) -> str:
    """Return what to say instead of a wrong name."""
    offset = _OFFSET.fullmatch(tz.strip())
    if offset:
        sign, hours = offset.groups()
        # The names of fixed offsets have the other sign.
        fixed = f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
        same = f", or {fixed}, which is UTC{sign}{int(hours):02}:00 all year"
        return (
            "an offset knows no summer time: give a place such as Europe/Paris"
            f"{same if fixed in known else ''}"
        )
    near = ", ".join(_near(tz, known))
    if near:
        return f"give a name such as {near}"
    return (
        "give a region and a city, such as America/Montreal, Europe/Paris or UTC; the "
        "zone of this computer is never assumed"
    )


def _near(tz: str, known: Iterable[str]) -> list[str]:
    """Return the nearest zone names, at most three; the same city alone if there is.

    A region that is left out or wrong does not count.
    """
    cities: dict[str, list[str]] = {}
    for name in sorted(known):
        cities.setdefault(name.rpartition("/")[2].lower(), []).append(name)
    whole = {name.lower(): [name] for name in known}
    wanted = "_".join(tz.split()).lower()
    city = wanted.rpartition("/")[2]
    if wanted in whole:
        return whole[wanted]
    if city in cities:
        return cities[city][:3]
    if tz.isupper() and len(tz) <= _LONGEST_SHORT:
        return []  # an abbreviation is like many names
    forms = {**cities, **whole}
    near = [
        *difflib.get_close_matches(city, cities, n=2, cutoff=_ALIKE),
        *difflib.get_close_matches(wanted, forms, n=2, cutoff=_ALIKE),
    ]
    return list(dict.fromkeys(name for form in near for name in forms[form]))[:3]


def offset_of(text: str) -> int:
    """Return an offset such as -05:00 in s."""
    offset = dt.datetime.strptime(text, "%z").utcoffset() or 0 * _SECOND
    return offset // _SECOND


def offsets(
    minutes: NDArray[np.int64], zone: dt.tzinfo
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offset of local minutes, in s, before and after a change of clocks.

    The first is smaller where the minute is skipped, larger where it comes twice.
    """
    both = np.empty((2, len(minutes)), np.int64)
    for row, minute in enumerate(minutes.tolist()):
        local = dt.datetime.fromtimestamp(minute * 60, dt.UTC)
        for fold in (0, 1):
            offset = local.replace(tzinfo=zone, fold=fold).utcoffset()
            both[fold, row] = (offset or 0 * _SECOND) // _SECOND
    return both[0], both[1]


def second_pass(
    local: NDArray[np.int64],
    twice: NDArray[np.bool_],
    *,
    length: NDArray[np.int64],
    second: int,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows of a repeated hour are its second pass, and which are unknown.

    The order of the stamps decides. `length` (of the repeated time, per row) and
    `second` (one second) are in the unit of `local`.
    """
    later, unknown = np.zeros((2, len(local)), np.bool_)
    steps = np.diff(local)
    together = twice[1:] & twice[:-1] & (np.abs(steps) < length[1:])
    # Stamps that go back elsewhere are not in order, and decide nothing.
    in_order = not (steps[~together] < 0).any()
    onward = steps[steps > 0]
    usual = 10 * int(np.median(onward)) if onward.size else 0
    rows = np.flatnonzero(twice)
    steps = np.concatenate([[_ENDLESS], steps, [_ENDLESS]])  # into each row, and out
    for run in np.split(rows, np.flatnonzero(~together[rows[1:] - 1]) + 1):
        begin, end = int(run[0]), int(run[-1]) + 1
        # A step is no hidden pause if it is usual in this series, or under a second,
        # and far shorter than the time that would be hidden.
        limit = min(max(usual, second), int(length[begin]) // 4)
        switch = _switch(steps[begin : end + 1], limit) if in_order else None
        if switch is None:
            unknown[begin:end] = True
        else:
            later[begin + switch : end] = True
    return later, unknown


def _switch(steps: NDArray[np.int64], limit: int) -> int | None:
    """Return the row of a repeated time at which its second pass begins, if known.

    That is where the stamps go back, or else the only pause: a pass that is missing
    leaves one. `steps` lead into each row, and the last one out of them.
    """
    places = np.flatnonzero(steps < 0)
    if not places.size:
        places = np.flatnonzero(steps > limit)
    return int(places[0]) if places.size == 1 else None
