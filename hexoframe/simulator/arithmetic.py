"""Whole-number arithmetic of the synthetic shirt: sines, moving sums, spans of ticks.

What is here knows nothing of bodies or channels, and takes no chance (see `chance`).
All of it is exact in int64, so that it gives the same counts on every platform; were
two platforms to differ by one bit in an entry of the sine table that lies within 1e-15
of a half, one count would differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CYCLE",
    "Flags",
    "Floats",
    "Ints",
    "blocks",
    "box_sum",
    "covered",
    "inside",
    "run_sum",
    "sine",
    "smooth",
    "union",
]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_CYCLE_BITS = 36
CYCLE = 1 << _CYCLE_BITS  # one beat, breath or step in units of phase
_TABLE_BITS = 12
_SINE = np.rint(
    np.sin(np.arange(1 << _TABLE_BITS) * (2 * math.pi / (1 << _TABLE_BITS))) * 4096
).astype(np.int64)
_BLOCK = 1 << 18


def blocks(count: int) -> Iterator[tuple[slice, Ints]]:
    """Yield the numbers from 0 to count - 1 in blocks: where they stand, and they."""
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        yield slice(first, last), np.arange(first, last, dtype=np.int64)


def sine(phase: Ints) -> Ints:
    """Return 4096 x the sine of a phase."""
    found: Ints = _SINE[
        (phase >> (_CYCLE_BITS - _TABLE_BITS)) & ((1 << _TABLE_BITS) - 1)
    ]
    return found


# --- moving sums --------------------------------------------------------------------


def run_sum(values: Ints, width: int) -> Ints:
    """Return the sum of each run of `width` values."""
    total = np.concatenate([[0], np.cumsum(values)])
    sums: Ints = total[width:] - total[:-width]
    return sums


def box_sum(values: Ints, width: int) -> Ints:
    """Return the sum of `width` values around each value; the ends are repeated."""
    before = width // 2
    return run_sum(np.pad(values, (before, width - 1 - before), mode="edge"), width)


def smooth(values: Ints, width: int) -> Ints:
    """Return two centred moving averages, one on the other."""
    return box_sum(box_sum(values, width) // width, width) // width


# --- spans: arrays (n, 2) of first tick and tick past the last ----------------------


def covered(spans: Ints, count: int, unit: int) -> Flags:
    """Return which of `count` periods of `unit` ticks a span touches."""
    change = np.zeros(count + 1, dtype=np.int64)
    np.add.at(change, np.minimum(spans[:, 0] // unit, count), 1)
    np.add.at(change, np.minimum(-(-spans[:, 1] // unit), count), -1)
    return np.cumsum(change[:count]) > 0


def inside(ticks: Ints, spans: Ints, margin: int = 0) -> Flags:
    """Return which ticks lie in a span that is widened by `margin` on both sides."""
    opened = np.searchsorted(spans[:, 0] - margin, ticks, side="right")
    closed = np.searchsorted(spans[:, 1] + margin, ticks, side="right")
    return opened > closed


def union(spans: Ints) -> Ints:
    """Return overlapping spans as one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    if not len(spans):
        return spans
    reach = np.maximum.accumulate(spans[:, 1])
    fresh = np.append(True, spans[1:, 0] > reach[:-1])
    last = np.append(np.flatnonzero(fresh)[1:] - 1, len(spans) - 1)
    return np.stack([spans[fresh, 0], reach[last]], axis=1)
