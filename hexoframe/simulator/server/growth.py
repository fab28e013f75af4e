"""A record that is still being recorded: what of it has come to the server by now.

A phone uploads some seconds at a time, which show a little later; single samples come
later still, and an answer may hold a row twice. When the recording is over, the status
goes on to say ``realtime`` for a while. Time is that of a clock that the caller gives,
so a test makes it. The record itself is a whole one, made beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Arrivals", "Growth"]

_UPLOAD_S = 5
# Odd numbers of 64 bits, by which ticks are spread, for each purpose other ones.
_LATE, _DOUBLED = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_MIX, _SHIFT, _UPPER = np.uint64(0xBF58476D1CE4E5B9), np.uint64(29), np.uint64(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a record comes to the server while it is recorded.

    Lengths are in seconds of the record.

    Parameters
    ----------
    record : int
        Id of the record.
    clock : callable, default time.time
        Present time in s; the recording begins when the server is made.
    speed : float, default 1
        Seconds of the record in a second of the clock.
    begun_s : float, default 0
        How much was recorded before the server was made.
    delay_s : float, default 8
        From an upload, every 5 s, until it shows.
    late : float, default 0
        Share of samples that show `late_s` later, from 0 to below 1.
    late_s : float, default 12
        How much later.
    doubled : float, default 0
        Share of samples that come twice in an answer, from 0 to below 1.
    stale_s : float, default 60
        How long the status says ``realtime`` after the last sample came; infinite for a
        phone that stopped and was never synced.
    processing_s : float, default 30
        How long it says ``processing`` then, before the record is complete.
    open_end : bool, default False
        Whether the record has no `end` until it is complete.

    Raises
    ------
    ConfigurationError
        If a value is not allowed.
    """

    record: int
    clock: Callable[[], float] = time.time
    speed: float = 1
    begun_s: float = 0
    delay_s: float = 8
    late: float = 0
    late_s: float = 12
    doubled: float = 0
    stale_s: float = 60
    processing_s: float = 30
    open_end: bool = False

    def __post_init__(self) -> None:
        """Refuse an impossible value."""
        for name in ("late", "doubled"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}; give a share from 0 to below 1"
                )
        for name in ("begun_s", "delay_s", "late_s", "stale_s", "processing_s"):
            if not getattr(self, name) >= 0:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}; give seconds from 0"
                )
        if not self.speed > 0:
            raise ConfigurationError(f"speed is {self.speed}; give a number above 0")


class Arrivals(NamedTuple):
    """What of a growing record has come, `now_s` after its start.

    `span` is that of the whole record, in ticks of a `clock`th of a second.
    """

    growth: Growth
    span: tuple[int, int]
    clock: int
    now_s: float

    @property
    def status(self) -> Literal["realtime", "processing", "complete"]:
        """The status, which goes stale after the last sample."""
        growth = self.growth
        duration_s = (self.span[1] - self.span[0]) / self.clock
        last = duration_s + growth.delay_s + growth.late_s + growth.stale_s
        if self.now_s < last:
            return "realtime"
        return "complete" if self.now_s >= last + growth.processing_s else "processing"

    @property
    def end(self) -> int | None:
        """The end of the record so far, in ticks: that of the last upload."""
        if self.status == "complete":
            return self.span[1]
        if self.growth.open_end:
            return None
        shown_s = max(0.0, self.now_s - self.growth.delay_s)
        uploaded = int(shown_s // _UPLOAD_S) * _UPLOAD_S * self.clock
        return min(self.span[0] + uploaded, self.span[1])

    def rows(self, datatype: int, ticks: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which samples have come, in order; those that come twice, twice."""
        growth, start = self.growth, self.span[0]
        # An upload ends at a multiple of 5 s, or with the record.
        length = _UPLOAD_S * self.clock
        sent = np.minimum(-(-(ticks - start) // length) * length, self.span[1] - start)
        sent = np.maximum(sent, ticks - start)
        shows_s = sent / self.clock + growth.delay_s
        shows_s += growth.late_s * _chosen(ticks, datatype, growth.late, _LATE)
        rows = np.flatnonzero(shows_s <= self.now_s)
        twice = _chosen(ticks[rows], datatype, growth.doubled, _DOUBLED)
        return np.repeat(rows, 1 + twice)


def _chosen(
    ticks: NDArray[np.int64], datatype: int, share: float, odd: np.uint64
) -> NDArray[np.int64]:
    """Return 1 for a share of the ticks, always the same, and 0 for the others."""
    spread = (ticks.astype(np.uint64) * np.uint64(4096) + np.uint64(datatype)) * odd
    spread = (spread ^ (spread >> _SHIFT)) * _MIX
    return (spread >> _UPPER < share * 2**32).astype(np.int64)
