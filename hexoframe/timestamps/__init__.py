r"""Ticks (hexotimestamps), UTC time and text: each into the others, exactly.

A tick is 1/256 s on the Hexoskin server and 1/1000 s on the Astroskin server, counted
from 1970-01-01T00:00:00Z. All arithmetic is on integers: no float ever carries a time,
and ticks -> time -> ticks and ticks -> text -> ticks give back the same ticks. Times
before 2000 or after 2100 are refused: they are counts of another clock.

======= =====================================================================
ticks   the clocks, their limits, evenly spaced ticks, numbers of any form
times   ticks <-> UTC time of pandas
writing ticks -> text; the directives of a format
reading text -> ticks
zones   named time zones, and the hour that comes twice in autumn
moments times and lengths of time as users give them
======= =====================================================================

The names below are public. The rates of channels and the formats of files do not belong
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.timestamps.ticks import (
    CLASSIC_FORMAT,
    NS_PER_TICK,
    Clock,
    Halves,
    as_ticks,
    clock_of,
    grid,
)
from hexoframe.timestamps.times import (
    grid_to_index,
    index_to_ticks,
    tick_to_time,
    ticks_to_index,
    time_to_tick,
)

if TYPE_CHECKING:
    from hexoframe.timestamps.reading import text_to_ticks
    from hexoframe.timestamps.writing import (
        ticks_to_bytes,
        ticks_to_columns,
        ticks_to_text,
    )
else:

    def __getattr__(name: str) -> object:
        """Import the functions of text at their first use: a record needs none."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from hexoframe.timestamps import reading, writing  # noqa: PLC0415

        home = reading if name == "text_to_ticks" else writing
        return globals().setdefault(name, getattr(home, name))


__all__ = [
    "CLASSIC_FORMAT",
    "NS_PER_TICK",
    "Clock",
    "Halves",
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
