"""What the page of a study shows: rows of its table, and heart rates as small lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hexoframe.recording import metadata

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.record import Record

__all__ = ["heart_rate_line", "rows_of_page"]

# Columns that say who wore the shirt, which one, and where the files were.
_WHO = ("user", "email", "device", "source")
# A line has so many points: one for each of its columns.
_POINTS = 60


def rows_of_page(table: pd.DataFrame, *, identify: bool) -> pd.DataFrame:
    """Return the columns of `Study.table` that a page has room for.

    Without `identify`, those that name people and devices are left out, also where the
    table of subjects brought them.
    """
    hidden = () if identify else (*_WHO, *(f"subjects_{name}" for name in _WHO))
    kept = [
        name
        for name in map(str, table)
        if name not in hidden and name != "end" and not name.startswith("coverage_")
    ]
    rows = table[kept].copy()
    rows.attrs = {
        metadata.KEY: metadata.result_block({"megabytes": "MB"}, record_id=None)
    }
    return rows


def heart_rate_line(record: Record) -> pd.Series[Any] | None:
    """Return means of usable heart rates, a few for the whole record; None without."""
    seconds = math.ceil(record.duration.total_seconds() / _POINTS)
    if "heart_rate" not in record or not seconds:
        return None
    frame = record.to_frame(
        f"{seconds}s",
        channels=["heart_rate"],
        usable=True,
        max_gap="1s",
        origin="start",
    )
    return frame["heart_rate"]
