"""Chance for the synthetic shirt: the same seed gives the same numbers for ever.

Chance comes from the raw output of PCG64, which numpy keeps stable, and never from the
methods of a `Generator`, which may change. Every purpose has a stream of its own, so
that a setting that changes one signal leaves the others as they are. What the numbers
are used for does not belong here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.simulator.arithmetic import Ints, run_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Dice", "wobble"]

_BELL_SD = math.sqrt(8 * (256**2 - 1) / 12)


class Dice:
    """Chance for one purpose: a stream of its own, from raw PCG64 output only."""

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
