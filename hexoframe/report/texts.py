"""Numbers, shares, times and lengths as a reader of a page wants them.

ISO dates, a point before decimals, and a thin space between thousands: a comma means
one thing in English and another in French and German.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.errors import harmless
from hexoframe.plotting.figures import unit_of
from hexoframe.recording.gaps import percent_up

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MISSING",
    "count",
    "doubtful",
    "exact_moment",
    "figure",
    "listed",
    "moment",
    "numbered",
    "share",
    "spaced",
    "time_of_day",
    "told_note",
    "unit_in_words",
    "words",
]

MISSING = "\u2013"
"""Stands where there is no figure."""

# The largest share that is not 100 %.
_NEARLY = 99.9
_THIN = "\u202f"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# Digits behind the point, by unit; other figures have four digits.
_DECIMALS: Mapping[str, int] = MappingProxyType(
    {
        "%": 1,
        "1/min": 1,
        "J": 0,
        "L": 2,
        "L/min": 1,
        "W": 1,
        "bpm": 1,
        "g": 3,
        "m": 0,
        "mL": 0,
        "mV": 3,
        "min": 0,
        "ms": 1,
        "ms^2": 0,
        "rep": 0,
        "rpm": 1,
        "spm": 0,
    }
)
# Arguments that notes name, and what they are.
_ARGUMENT = re.compile(r"\b([a-z_][a-z_0-9]*)=(?=[,; ]|$)")
_LEAST_SHARE = re.compile(r"under the (\S+ %) of min_share")
_ARGUMENTS: Mapping[str, str] = MappingProxyType(
    {"rest_hr": "resting heart rate", "vo2max": "VO2max"}
)
_UNITS: Mapping[str, str] = MappingProxyType(
    {"rpm": "breaths/min", "spm": "steps/min", "rep": "steps", "1/min": "breaths/min"}
)


def unit_in_words(unit: str) -> str:
    """Return a unit as a reader wants it; empty if it is none.

    Examples
    --------
    >>> unit_in_words("rpm"), unit_in_words("ms^2"), unit_in_words("code")
    ('breaths/min', 'ms²', '')
    """
    return _UNITS.get(unit, unit_of(unit))


def spaced(text: str) -> str:
    """Return a text with thin spaces for the commas between thousands."""
    return _THOUSANDS.sub(_THIN, text)


def told_note(note: object) -> str:
    """Return a note of a result for those who do not call its functions.

    Examples
    --------
    >>> told_note("needs weight=, rest_hr= of the wearer; 3 not_worn")
    'needs weight, resting heart rate of the wearer; 3 not worn'
    """
    plain = _ARGUMENT.sub(lambda found: _ARGUMENTS.get(found[1], found[1]), str(note))
    plain = _LEAST_SHARE.sub(r"under the minimum of \1", plain)
    return spaced(plain.replace("not_worn", "not worn"))


def words(value: object) -> str:
    """Return a text of a user or of the service in one harmless line."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124  # NaN
        return MISSING
    return harmless(" ".join(str(value).split())) or MISSING


def listed(parts: list[str]) -> str:
    """Join parts as a sentence does.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = parts or [""]
    return f"{', '.join(first)} and {last}" if first else last


def count(value: Any) -> str:
    """Return a whole number."""
    return MISSING if pd.isna(value) else spaced(f"{int(value):,}")


def figure(value: Any, unit: str = "") -> str:
    """Return a figure with the digits that its unit deserves.

    Examples
    --------
    >>> figure(61.267, "bpm"), figure(0.01234, "s"), figure(0.0001, "g")
    ('61.3', '0.01234', '0.0001')
    """
    if pd.isna(value) or math.isinf(value):
        return MISSING
    decimals = _DECIMALS.get(unit)
    if decimals is None:
        whole = abs(value) >= 1000 or float(value).is_integer()
        return spaced(f"{value:,.0f}" if whole else f"{value:.4g}")
    text = f"{value:,.{decimals}f}"
    # What is not zero does not read as zero.
    return spaced(text if float(text.replace(",", "")) or not value else f"{value:.1g}")


def numbered(value: Any, decimals: int) -> str:
    """Return a figure with that many digits behind the point."""
    return MISSING if pd.isna(value) else spaced(f"{value:,.{decimals}f}")


def share(part: Any) -> str:
    """Return a share in percent, rounded as notes are; only a whole one shows 100 %."""
    if pd.isna(part):
        return MISSING
    return "100 %" if part == 1 else f"{min(100 * float(part), _NEARLY):.1f} %"


def doubtful(part: Any) -> str:
    """Return a share that is doubted in percent, rounded up: only none shows 0 %."""
    return MISSING if pd.isna(part) else percent_up(float(part))


def moment(time: Any) -> str:
    """Return date and time of day in the zone of the time, to the second."""
    if pd.isna(time):
        return MISSING
    # On the clock on the wall: in the hour that comes twice pandas cannot round.
    return f"{time.tz_localize(None).floor('s'):%Y-%m-%d %H:%M:%S}"


def exact_moment(time: pd.Timestamp) -> str:
    """Return date and time of day with thousandths, where there are any."""
    whole = time.tz_localize(None).round("ms")
    return f"{whole:%Y-%m-%d %H:%M:%S.%f}"[:-3].removesuffix(".000")


def time_of_day(time: Any) -> str:
    """Return the time of day, to the minute."""
    return MISSING if pd.isna(time) else f"{time:%H:%M}"
