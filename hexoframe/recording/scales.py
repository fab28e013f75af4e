"""Warns of scales that no recording confirms, once a channel.

The channel table says what confirms a gain. Warned of is what a user takes out of a
record: a frame, a picture or a file; not what is read to count samples or flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import UnverifiedCalibrationWarning, warn

if TYPE_CHECKING:
    from hexoframe.channels import Datatype
    from hexoframe.recording.data import RecordData

__all__ = ["one_warning", "warn_of_rows", "warn_of_scales", "without_warning"]

# Units of values that are counts, flags or codes as they are.
_COUNTED = ("count", "bits", "code")
# What is computed over so many seconds is the variability of the heart rate.
_VARIABILITY_S = 300
_MOST_NAMES = 8
_SOURCES = {"vendor": "is from the vendor's converters", "guess": "is a guess"}
_warned: set[tuple[str, str]] = set()
# Rows that one warning will name; None: each is warned of at once.
_waiting: ContextVar[list[Datatype] | None] = ContextVar("_waiting", default=None)


def warn_of_scales(record: RecordData, keys: Iterable[str | int] | None = None) -> None:
    """Warn of the channels of a record whose scale is taken but was never confirmed.

    `keys` are those whose values the user gets; all by default. Channels that were
    warned of before in this process, and those without a sample, are left out.
    """
    if record.scale == "raw":
        return
    rows = [
        row
        for key in (record if keys is None else keys)
        for row in record.channel(key).datatypes
        if record.receipt(row.channel).samples != 0
    ]
    warn_of_rows(rows)


def warn_of_rows(datatypes: Iterable[Datatype]) -> None:
    """Warn of datatypes whose values the user gets, as `warn_of_scales` does."""
    rows = [row for row in datatypes if _is_unverified(row)]
    waiting = _waiting.get()
    if waiting is None:
        _warn(rows)
    else:
        waiting += rows


@contextmanager
def one_warning() -> Iterator[None]:
    """Warn once, at the end, of all that is taken in the block."""
    rows: list[Datatype] = []
    outer = _waiting.get()
    if outer is not None:  # that one will warn
        yield
        return
    before = _waiting.set(rows)
    try:
        yield
    finally:
        _waiting.reset(before)
    _warn(rows)


@contextmanager
def without_warning() -> Iterator[None]:
    """Warn of nothing that is read in the block: no value of it is shown."""
    before = _waiting.set([])
    try:
        yield
    finally:
        _waiting.reset(before)


def _is_unverified(row: Datatype) -> bool:
    """Whether the gain rests on vendor code or a guess alone."""
    return row.in_model and row.verified in _SOURCES and row.unit not in _COUNTED


def _warn(rows: Iterable[Datatype]) -> None:
    new = {
        (row.family, row.channel): row
        for row in rows
        if (row.family, row.channel) not in _warned
    }
    if not new:
        return
    _warned.update(new)
    parts = [
        f"{_in_words(some)} {says}"
        for verified, says in _SOURCES.items()
        if (some := [row for row in new.values() if row.verified == verified])
    ]
    family, _ = next(iter(new))
    warn(
        f"the scale of {', and that of '.join(parts)}; no recording of {family} "
        "confirms it. Compare with a known value, or load counts with units='raw'; "
        f"'verified' in hexoframe.channel_table({family!r}) says what confirms each "
        "channel",
        UnverifiedCalibrationWarning,
    )


def _in_words(rows: list[Datatype]) -> str:
    """Return the names of channels, those of heart-rate variability together."""
    variability = [row.channel for row in rows if _is_variability(row)]
    names = [row.channel.replace("_", " ") for row in rows if not _is_variability(row)]
    if len(names) > _MOST_NAMES:
        left = len(names) - _MOST_NAMES
        names[_MOST_NAMES:] = [f"{left} other channel{'s' if left > 1 else ''}"]
    if variability:
        names.append(f"heart-rate variability ({', '.join(variability)})")
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _is_variability(row: Datatype) -> bool:
    seconds = CLOCK_OF_FAMILY[row.family] * _VARIABILITY_S
    return row.ticks is not None and row.ticks >= seconds
