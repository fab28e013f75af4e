"""Whole-number arithmetic and random numbers of the synthetic shirt.

Sines, moving sums and spans of ticks are exact in int64, so they give the same counts
on every platform. (Only if two platforms differed by one bit in an entry of the sine
table within 1e-15 of a half, one count would differ.) Random numbers come from the raw
output of PCG64, which numpy keeps stable, never from the methods of a `Generator`,
which may change. Bodies and channels do not belong here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CYCLE",
    "Dice",
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
    "wobble",
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
_BELL_SD = math.sqrt(8 * (256**2 - 1) / 12)


def blocks(count: int) -> Iterator[tuple[slice, Ints]]:
    """Yield the numbers from 0 to count - 1 in blocks, each with its slice."""
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


# --- random numbers -----------------------------------------------------------------


class Dice:
    """Random numbers for one purpose.

    Each purpose has its own stream, so a setting that changes one signal leaves the
    others as they are.
    """

    def __init__(self, seed: int, purpose: str) -> None:
        words = np.random.SeedSequence([seed, *purpose.encode("ascii")])
        self._raw = np.random.PCG64(words)

    def _words(self, count: int) -> NDArray[np.uint64]:
        return np.asarray(self._raw.random_raw(count), dtype=np.uint64)

    def _pairs(self, count: int) -> NDArray[np.uint64]:
        """Return words of four lanes, each the sum of two bytes."""
        lanes = np.uint64(0x00FF00FF00FF00FF)
        words = self._words(count)
        return (words & lanes) + ((words >> np.uint64(8)) & lanes)

    def below(self, count: int, high: int) -> Ints:
        """Return whole numbers from 0 to high - 1; high is below 2**31."""
        top = (self._words(count) >> np.uint64(32)).astype(np.int64)
        return (top * high) >> 32

    def bell(self, count: int) -> Ints:
        """Return nearly normal whole numbers: mean 0, sd 209, never past 1020."""
        total = (self._pairs(count) * np.uint64(0x0001000100010001)) >> np.uint64(48)
        return total.astype(np.int64) - 1020

    def hiss(self, count: int) -> NDArray[np.int32]:
        """Return the same at half the cost: mean 0, sd 148, never past 510."""
        pairs = self._pairs((count + 1) // 2)
        total = (pairs + (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
        halves = np.empty((len(pairs), 2), dtype=np.int32)
        halves[:, 0] = (total & np.uint64(0xFFFF)).astype(np.int32)
        halves[:, 1] = (total >> np.uint64(32)).astype(np.int32)
        return halves.reshape(-1)[:count] - 510


def wobble(dice: Dice, count: int, *, width: int, sd: float) -> Ints:
    """Return slow noise: white noise under a moving average."""
    noise = run_sum(dice.bell(count + width - 1), width)
    scale = sd / (_BELL_SD * math.sqrt(width))
    slow: Ints = np.rint(noise * scale).astype(np.int64)
    return slow
