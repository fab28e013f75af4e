r"""Ticks (hexotimestamps), UTC time and text, each into the others, exactly.

A tick is 1/256 s on the Hexoskin server and 1/1000 s on the Astroskin server, counted
from 1970-01-01T00:00:00Z. All arithmetic is on integers: no float ever carries a time,
and ticks -> time -> ticks and ticks -> text -> ticks give back the same ticks. Times
before 2000 or after 2100 are refused: they are counts of another clock.

========== ==================================================================
ticks      the clocks, their limits, evenly spaced ticks
whole      numbers of any form as ticks
times      ticks <-> UTC time of pandas
directives the parts of a strftime format
zones      named zones, and the hour that comes twice in autumn
rows       columns of text as rows of bytes
writing    ticks -> text
reading    text -> ticks
========== ==================================================================

The names below are public. Which channel has which rate, and which file holds which
stamps, does not belong here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hexoframe.timestamps.directives import CLASSIC_FORMAT
from hexoframe.timestamps.ticks import NS_PER_TICK, Clock, grid
from hexoframe.timestamps.times import (
    grid_to_index,
    index_to_ticks,
    tick_to_time,
    ticks_to_index,
    time_to_tick,
)
from hexoframe.timestamps.whole import as_ticks, clock_of

if TYPE_CHECKING:
    from hexoframe.timestamps.reading import text_to_ticks
    from hexoframe.timestamps.writing import (
        ticks_to_bytes,
        ticks_to_columns,
        ticks_to_text,
    )

__all__ = [
    "CLASSIC_FORMAT",
    "NS_PER_TICK",
    "Clock",
    "as_ticks",
    "clock_of",
    "grid",
    "grid_to_index",
    "index_to_ticks",
    "text_to_ticks",
    "tick_to_time",
    "ticks_to_bytes",
    "ticks_to_columns",
    "ticks_to_index",
    "ticks_to_text",
    "time_to_tick",
]

# Opening a record needs no text: these are loaded when they are first used.
_TEXT = {
    "text_to_ticks": "reading",
    "ticks_to_bytes": "writing",
    "ticks_to_columns": "writing",
    "ticks_to_text": "writing",
}


def __getattr__(name: str) -> Any:
    """Import what has to do with text at its first use, and keep it."""
    if name not in _TEXT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_TEXT[name]}"), name)
    globals()[name] = value
    return value
