"""The best and the worst minute of an ECG, from a table of its minutes.

The table is that of `hexoframe.Record.check_ecg`; no sample is looked at here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.report.texts import doubtful, listed, numbered

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["BEST", "WORST", "chosen_minutes", "told_minute", "usable_share"]

BEST = "the highest correlation with the median beat, where nothing is lost"
"""What makes a minute the best one."""
WORST = (
    "the lowest correlation, of minutes with shirt and electrodes on; one without a "
    "whole beat is worse than any"
)
"""What makes a minute the worst one."""

_REASONS = {
    "missing": "missing",
    "sensor_off": "with an electrode off",
    "not_worn": "with the shirt off",
    "saturated": "saturated",
    "flat": "flat",
}
# A minute without an ECG for more than this, for such a reason, is no bad ECG.
_MOST_ABSENT = 0.5
_ABSENT = ("missing", "sensor_off", "not_worn")
# Less mains noise than half a step of the converter is not told.
_LEAST_MAINS_MV = 0.003
# A minute of which the record has less is not a whole one.
_WHOLE = 0.999


def usable_share(minutes: pd.DataFrame) -> float:
    """Return the part of all minutes that is neither lost nor saturated nor flat."""
    length = (minutes["end"] - minutes["start"]).dt.total_seconds().to_numpy()
    length = length * minutes["span_share"].to_numpy()
    if not length.sum():
        return float("nan")
    return float((length * (1 - _lost(minutes))).sum() / length.sum())


def chosen_minutes(minutes: pd.DataFrame) -> tuple[int | None, int | None]:
    """Return the rows of the best and of the worst minute, None where there is none.

    Minutes that the record does not fill are left out, unless there is no other.
    """
    filled = minutes["span_share"].to_numpy() >= _WHOLE
    rows = np.flatnonzero(filled if filled.any() else np.ones(len(minutes), np.bool_))
    lost = _lost(minutes)
    correlation = minutes["correlation"].to_numpy(np.float64)
    known = rows[~np.isnan(correlation[rows])]
    whole = known[lost[known] == 0]
    best = whole if len(whole) else known
    absent = minutes[list(_ABSENT)].to_numpy().max(axis=1, initial=0.0)
    shown = rows[absent[rows] <= _MOST_ABSENT]
    # Without a whole beat there is no correlation, which is worse than any.
    badness = np.stack((np.nan_to_num(correlation, nan=-2.0), -lost), axis=1)
    worst = shown[np.lexsort((badness[shown, 1], badness[shown, 0]))]
    return (
        int(best[correlation[best].argmax()]) if len(best) else None,
        int(worst[0]) if len(worst) else None,
    )


def told_minute(row: pd.Series[Any]) -> str:
    """Say how good a minute is, in a sentence."""
    if np.isnan(row["correlation"]):
        told = "No whole beat"
    else:
        told = (
            f"{int(row['beats'])} beats, median correlation "
            f"{numbered(row['correlation'], 2)} with the median beat"
        )
    lost = [
        f"{doubtful(row[name])} {text}"
        for name, text in _REASONS.items()
        if row[name] > 0
    ]
    if lost:
        told += f"; {listed(lost)}"
    if row["mains_mv"] >= _LEAST_MAINS_MV:
        told += (
            f"; mains {numbered(row['mains_mv'], 3)} mV at "
            f"{numbered(row['mains_hz'], 0)} Hz"
        )
    return f"{told}."


def _lost(minutes: pd.DataFrame) -> NDArray[np.float64]:
    lost: NDArray[np.float64] = minutes[list(_REASONS)].sum(axis=1).to_numpy(np.float64)
    return np.minimum(lost, 1.0)
