"""Spans of time in ns: what they cover together, and what nothing was measured in.

Arithmetic on tables and arrays; no channels, no matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["absent_of", "union_of"]


def union_of(spans: pd.DataFrame) -> Rows:
    """Return spans in ns that do not overlap, ascending, in shape (n, 2)."""
    starts, ends = (
        pd.DatetimeIndex(spans[name]).as_unit("ns").asi8 for name in ("start", "end")
    )
    if not len(starts):
        return np.empty((0, 2), dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    starts, reached = starts[order], np.maximum.accumulate(ends[order])
    new = np.concatenate(([True], starts[1:] > reached[:-1]))
    last = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(starts) - 1]))
    return np.stack((starts[new], reached[last]), axis=1)


def absent_of(spans: pd.DataFrame) -> Rows:
    """Return the spans in which nothing was measured, as `union_of` does."""
    return union_of(spans[spans["absent"].to_numpy()])
