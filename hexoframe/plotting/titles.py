"""Titles of pictures: what is shown, of which record, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from hexoframe.errors import harmless

if TYPE_CHECKING:
    from hexoframe.plotting.windows import Window

__all__ = ["length_text", "title_of"]

# Windows shorter than this (in s) are told to the thousandth, where they need it.
_SHORT_S = 60
# Lengths below this (in ns) are told with parts of a second.
_FEW_NS = 10_000_000_000


def title_of(what: str, window: Window, record: object = None) -> str:
    """Return the title of a picture; without a length of time, only what it shows."""
    number = "" if record is None else f", record {harmless(str(record))}"
    if window.first == window.last:
        return f"{what}{number}"
    unit = "ms" if window.seconds < _SHORT_S else "s"
    first, last = (
        pd.Timestamp(stamp, unit="ns", tz="UTC").round(unit).tz_convert(window.tz)
        for stamp in (window.first, window.last)
    )
    begin, end = (_clock(time) for time in (first, last))
    if first.date() != last.date():
        end = f"{last:%Y-%m-%d} {end}"
    length = length_text(window.last - window.first)
    return f"{what}{number}: {first:%Y-%m-%d} {begin} to {end} ({length})"


def length_text(ns: int) -> str:
    """Write a length of time, as exactly as a reader needs it."""
    if ns < _FEW_NS:
        return f"{ns / 1e9:.3g} s"
    minutes, seconds = divmod(round(ns / 1e9), 60)
    if minutes < 10:
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    hours, minutes = divmod(round(ns / 60e9), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _clock(time: pd.Timestamp) -> str:
    """Write the time of day, with thousandths where there are any."""
    text = f"{time:%H:%M:%S.%f}"[:-3]
    return text.removesuffix(".000")
