"""Which events of one source are those of another.

Arrays of ticks alone: what they are events of is for the callers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["match_ticks"]


def match_ticks(device: Rows, waveform: Rows, tolerance: int) -> Rows:
    """Return the row of `waveform` that each event of `device` matches, -1 without one.

    Both are ascending ticks. Two events match if each is the nearest to the other, and
    they are at most `tolerance` ticks apart.
    """
    partner = np.full(len(device), -1, np.int64)
    if not len(device) or not len(waveform):
        return partner
    there, back = _nearest(device, waveform), _nearest(waveform, device)
    mutual = back[there] == np.arange(len(device))
    near = np.abs(waveform[there] - device) <= tolerance
    partner[mutual & near] = there[mutual & near]
    return partner


def _nearest(ticks: Rows, others: Rows) -> Rows:
    """Return the row of the nearest of others; of two, the earlier."""
    after = np.minimum(np.searchsorted(others, ticks), len(others) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(ticks - others[before]) <= np.abs(others[after] - ticks)
    return np.where(is_before, before, after)
