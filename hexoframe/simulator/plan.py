"""The wearer's day: activities, sleep phases and body positions, in whole seconds.

Heart rate, breathing and gait of each activity belong to `body`, its trace in the files
to `marks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hexoframe.simulator.arithmetic import Dice
from hexoframe.simulator.settings import Shirt

__all__ = ["UPRIGHT", "Bout", "plan_of", "positions_of", "with_phases"]

UPRIGHT = 6  # code of device_position: the device hangs with its wire up
_Parts = tuple[tuple[str, int], ...]  # states, and their shares of a turn in 1/100
_TURNS: Mapping[str, _Parts] = {
    "rest": (("sit", 100),),
    "walk": (("walk", 100),),
    "sleep": (("sleep", 100),),
    "mixed": (("sleep", 45), ("sit", 15), ("walk", 30), ("stand", 10)),
}
_HOUR_UP = (("sit", 38), ("stand", 7), ("walk", 12), ("sit", 33), ("walk", 4),
            ("stand", 6))  # fmt: skip


class Bout(NamedTuple):
    """A stretch of one state, in whole seconds since the start of the record."""

    start: int
    end: int
    state: str


def plan_of(shirt: Shirt) -> tuple[Bout, ...]:
    """Return the activities of the record; "sleep" is not yet cut into phases."""
    seconds = -(-shirt.duration_ticks // shirt.clock)
    plan: list[Bout] = []
    for length, parts in _turns(shirt, seconds):
        start = plan[-1].end if plan else 0
        shares = np.cumsum([0, *(share for _, share in parts)])
        edges = [start + int(length * share) // 100 for share in shares]
        plan += [
            Bout(first, min(last, seconds), name)
            for (name, _), first, last in zip(parts, edges, edges[1:], strict=False)
            if first < min(last, seconds)
        ]
    return tuple(plan)


def _turns(shirt: Shirt, seconds: int) -> list[tuple[int, _Parts]]:
    """Return the length in s and the parts of each turn."""
    if shirt.activity == "day":
        dice = Dice(shirt.seed, "day")
        turns: list[tuple[int, _Parts]] = []
        for hour in range(-(-seconds // 3600)):
            if hour % 24 < 16:
                turns.append((3600, _another_hour(dice)))
            elif hour % 24 == 16:
                turns.append((8 * 3600, _TURNS["sleep"]))
        return turns
    if shirt.activity == "mixed":
        turn = min(seconds, 3600)
        return [(turn, _TURNS["mixed"])] * -(-seconds // turn)
    return [(seconds, _TURNS[shirt.activity])]


def _another_hour(dice: Dice) -> _Parts:
    """Return the usual hour, with varied lengths of its parts."""
    names, usual = zip(*_HOUR_UP, strict=True)
    lengths = np.array(usual) * (40 + dice.below(len(usual), 120))
    shares = np.diff(np.cumsum([0, *lengths]) * 100 // int(lengths.sum()))
    return tuple(zip(names, map(int, shares), strict=True))


def with_phases(plan: tuple[Bout, ...], shirt: Shirt) -> tuple[Bout, ...]:
    """Return the plan with each sleep cut into awake, NREM and REM."""
    dice = Dice(shirt.seed, "sleep phases")
    bouts: list[Bout] = []
    for bout in plan:
        bouts += _night(bout, dice) if bout.state == "sleep" else [bout]
    return tuple(bouts)


def _night(sleep: Bout, dice: Dice) -> list[Bout]:
    """Return the phases of one sleep on a grid of 20 s: cycles of up to 90 min."""
    epochs = max((sleep.end - sleep.start) // 20, 1)
    cycle = min(max(epochs * 9 // 10, 6), 270)
    parts = [("awake", max(min(epochs // 10, 36), 1))]
    done = parts[0][1]
    while done < epochs:
        jitter = 85 + dice.below(3, 30)
        # REM grows through the night, deep sleep makes room for it.
        rem = cycle * (12 + 12 * done // epochs) // 100
        lengths = (cycle - rem - cycle // 24, rem, cycle // 24)
        parts += [
            (state, max(int(length * share) // 100, 1))
            for state, length, share in zip(
                ("nrem", "rem", "awake"), lengths, jitter, strict=True
            )
        ]
        done = sum(length for _, length in parts)
    edges = np.minimum(np.cumsum([0, *(n for _, n in parts)]), epochs) * 20
    edges = np.where(edges == epochs * 20, sleep.end - sleep.start, edges)
    return [
        Bout(sleep.start + int(first), sleep.start + int(last), state)
        for (state, _), first, last in zip(parts, edges, edges[1:], strict=False)
        if first < last
    ]


def positions_of(plan: tuple[Bout, ...], shirt: Shirt) -> tuple[tuple[int, int], ...]:
    """Return (second, device_position) at each change; the first is second 1."""
    dice = Dice(shirt.seed, "positions")
    changes: list[tuple[int, int]] = []
    for bout in plan:
        second = max(bout.start, 1)
        if bout.state != "sleep":
            changes.append((second, UPRIGHT))
            continue
        typical = min(1800, (bout.end - bout.start) // 2)
        code = int(dice.below(1, 4)[0])
        while second < bout.end:
            changes.append((second, code + 1))
            second += max(typical * (60 + int(dice.below(1, 80)[0])) // 100, 5)
            code = (code + 1 + int(dice.below(1, 3)[0])) % 4
    kept = [c for c, before in zip(changes, [(0, 0), *changes], strict=False)
            if c[1] != before[1]]  # fmt: skip
    return tuple(c for c in kept if c[0] * shirt.clock < shirt.duration_ticks)
