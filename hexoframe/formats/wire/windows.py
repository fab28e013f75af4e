"""The windows of a record, one JSON answer each, joined and made into frames.

Answers are parsed elsewhere (answers); values become physical in `calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.channels.calibration import values_from_json
from hexoframe.errors import ResponseError, SkippedChannelWarning, warn
from hexoframe.formats.wire.answers import DatatypeSamples
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale

__all__ = ["Joined", "channel_frames", "is_thinned", "join_windows"]

# A server that gives at most 65 535 or 65 536 values and takes every k-th of more never
# gives fewer than this when it thins.
_LEAST_OF_THINNED = 32_768
# As many intervals, none of them back to the event before, are not an accident.
_LONE_INTERVALS = 16
# Stamps of beats and their intervals are rounded separately.
_INTERVAL_PLAY = 2
# Address and length of the stamps of each window, and the same stamps joined.
_Seen = dict[tuple[tuple[int, int], ...], "NDArray[np.int64]"]


# -- joining ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Joined:
    """Joined windows: samples and number of dropped duplicates, by datatype."""

    samples: dict[int, DatatypeSamples]
    duplicates: dict[int, int]


def join_windows(
    windows: Sequence[Mapping[int, DatatypeSamples]], *, where: str
) -> Joined:
    """Join the windows of a record, in their order, to samples in ascending order.

    A server whose windows include their end sends a sample on a border twice, and some
    pages repeat rows: each is kept once, and another value for the same stamp is an
    error. No real file of events has two at one stamp.
    """
    samples: dict[int, DatatypeSamples] = {}
    duplicates: dict[int, int] = {}
    seen: _Seen = {}
    for number in dict.fromkeys(number for window in windows for number in window):
        held = [window[number] for window in windows if number in window]
        kept, dropped = _without_borders([each for each in held if each.ticks.size])
        joined = _concatenated(kept, seen)
        joined, more = _each_stamp_once(joined, f"{where}, datatype {number}")
        samples[number] = joined
        duplicates[number] = dropped + more
    return Joined(samples, duplicates)


def _without_borders(
    windows: list[DatatypeSamples],
) -> tuple[list[DatatypeSamples], int]:
    """Drop the head of each window that ended the window before."""
    kept, dropped = windows[:1], 0
    for before, window in pairwise(windows):
        same = _common(before, window) if window.ticks[0] == before.ticks[-1] else 0
        dropped += same
        ticks, values = window
        kept.append(DatatypeSamples(ticks[same:], values[same:]) if same else window)
    return kept, dropped


def _common(before: DatatypeSamples, window: DatatypeSamples) -> int:
    """Return how many rows at the last stamp of a window begin the next one too."""
    same = int((before.ticks == before.ticks[-1]).sum())
    tail = [column[-same:] for column in before]
    head = [column[:same] for column in window]
    return same if all(map(_equal, tail, head)) else 0


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _concatenated(windows: list[DatatypeSamples], seen: _Seen) -> DatatypeSamples:
    """Concatenate; datatypes that share stamps in every window go on sharing them."""
    if len(windows) == 1:
        return windows[0]
    # Addresses of the data, since a slice of a shared array is an array of its own.
    key = tuple((ticks.ctypes.data, len(ticks)) for ticks, _ in windows)
    if key not in seen:
        seen[key] = np.concatenate([np.empty(0, np.int64), *(t for t, _ in windows)])
    # One that needs float64 makes all of them so.
    values = [v for _, v in windows] or [np.empty(0)]
    return DatatypeSamples(seen[key], np.concatenate(values))


def _ascending(samples: DatatypeSamples) -> DatatypeSamples:
    ticks, values = samples
    if (ticks[1:] >= ticks[:-1]).all():
        return samples
    order = np.argsort(ticks, kind="stable")
    return DatatypeSamples(ticks[order], values[order])


def _each_stamp_once(
    samples: DatatypeSamples, where: str
) -> tuple[DatatypeSamples, int]:
    """Drop rows that repeat a stamp with its value, in any window."""
    if (samples.ticks[1:] > samples.ticks[:-1]).all():
        return samples, 0
    ticks, values = _ascending(samples)
    again = np.flatnonzero(ticks[1:] == ticks[:-1]) + 1
    one, other = values[again - 1], values[again]
    differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
    if differs.any():
        at = again[differs][0]
        raise ResponseError(
            f"{where}: tick {ticks[at]} came with the value {values[at - 1]:g} and "
            f"with {values[at]:g}; did the record change meanwhile? Load it again"
        )
    left = DatatypeSamples(np.delete(ticks, again), np.delete(values, again))
    return left, len(again)


def is_thinned(samples: DatatypeSamples, datatype: Datatype) -> bool:
    """Whether the server seems to have left out samples of an answer.

    The service gives at most 65 536 values a datatype, takes every k-th of more, and
    does not say so. Sampled datatypes then have longer steps than the table. Events
    have no step: a suspicion is as many events as a thinned answer has at least, or
    intervals that never reach back to the event before. The caller settles it by
    asking for shorter windows: what is the same there was whole. Source: API
    documentation, and the real answer for record 43419, whose step is
    ceil(5 115 139 / 65 536) = 79.
    """
    ticks, values = samples
    if datatype.ticks is not None:
        longest = 3 * datatype.ticks
        # Nearly always the first step tells.
        if len(ticks) > 1 and 0 < 2 * int(ticks[1] - ticks[0]) <= longest:
            return False
        steps = np.diff(ticks)
        steps = steps[steps > 0]
        return bool(steps.size) and 2 * int(steps.min()) > longest
    steps = np.diff(ticks)
    if len(ticks) >= _LEAST_OF_THINNED:
        return True
    if not datatype.interval or len(steps) < _LONE_INTERVALS:
        return False
    reach = values[1:] / datatype.json_gain
    return not (np.abs(steps - reach) <= _INTERVAL_PLAY).any()


# -- frames ----------------------------------------------------------------------------


def channel_frames(
    samples: Mapping[int, DatatypeSamples],
    family: Family,
    *,
    scale: Scale = "physical",
    record_id: int | None = None,
) -> dict[str, pd.DataFrame]:
    """Make the frames of joined samples, in the order of the table.

    They equal those of the binary export if both carry a channel exactly
    (`Datatype.carrier`). Frames with the same stamps share their index.
    """
    clock = CLOCK_OF_FAMILY[family]
    indexes: dict[int, tuple[NDArray[np.int64], pd.DatetimeIndex]] = {}
    frames = {}
    used: set[int] = set()
    for name, channel in channels_of(family).items():
        columns = {
            row: samples[row.id]
            for row in channel.datatypes
            if row.id is not None and row.id in samples
        }
        used |= {row.id for row in columns if row.id is not None}
        columns = {row: held for row, held in columns.items() if held.ticks.size}
        if not columns:
            continue
        ticks, values = _merged(channel, columns, scale)
        if id(ticks) not in indexes:  # kept alive beside its index
            indexes[id(ticks)] = (ticks, ticks_to_index(ticks, clock=clock))
        frames[name] = make_frame(
            channel, indexes[id(ticks)][1], values, record_id=record_id, scale=scale
        )
    _warn_of_others(samples, used, family)
    return frames


def _merged(
    channel: Channel, columns: Mapping[Datatype, DatatypeSamples], scale: Scale
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    if len(channel.datatypes) > 1:
        for row, (ticks, _) in columns.items():
            if not (ticks[1:] > ticks[:-1]).all():
                raise ResponseError(
                    f"datatype {row.id} ({row.api_name}) has stamps twice or out of "
                    "order: join the windows before frames are made of them"
                )
    return merge_ticks(
        {
            row.column: (held.ticks, values_from_json(held.values, row, scale=scale))
            for row, held in columns.items()
        }
    )


def _warn_of_others(
    samples: Mapping[int, DatatypeSamples], used: set[int], family: Family
) -> None:
    others = sorted(
        number
        for number, held in samples.items()
        if number not in used and held.ticks.size
    )
    if others:
        warn(
            f"samples of the datatypes {others} left out: no channel of {family}",
            SkippedChannelWarning,
        )
