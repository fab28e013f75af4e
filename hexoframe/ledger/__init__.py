"""What was expected of a channel, what came, and where the holes are.

A *receipt* is what a door says of a channel before its samples are read; a *survey* is
what the samples themselves say. `terms` has both and their gaps, `watch` counts
samples, `sensors` reads what quality flags say of another channel. Nothing here reads a
file; the tables that a user sees are made from surveys by the record.
"""

from hexoframe.ledger.sensors import beyond, sensor_off
from hexoframe.ledger.terms import (
    RULES,
    Gap,
    Receipt,
    Survey,
    expected_samples,
    joined_spans,
    narrow,
    percent,
    percent_up,
    share,
)
from hexoframe.ledger.watch import Watch, survey

__all__ = [
    "RULES",
    "Gap",
    "Receipt",
    "Survey",
    "Watch",
    "beyond",
    "expected_samples",
    "joined_spans",
    "narrow",
    "percent",
    "percent_up",
    "sensor_off",
    "share",
    "survey",
]
