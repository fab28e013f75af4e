"""States, button presses, activities, GPS track and battery of a recording.

They follow the plan of the day and the settings. Events of beats, breaths and steps
come from `heart`, `breathing` and `gait`.
"""

from __future__ import annotations

import math

import numpy as np

from hexoframe.simulator.arithmetic import CYCLE, Floats, Ints, sine, wobble
from hexoframe.simulator.body import STATES, Body
from hexoframe.simulator.heart import Heart
from hexoframe.simulator.recording import Activity, Annotation, TrackPoint
from hexoframe.simulator.settings import whole_ticks

__all__ = ["activities", "button_presses", "service_only", "state_codes", "track"]

_BUTTON = 215  # datatype of an annotation that the button of the device made
_ROUTINES = {"sleep": (12, "Sleep"), "rest": (1016, "Rest"), "walk": (6, "Walk")}


def state_codes(body: Body) -> dict[str, tuple[Ints, Floats]]:
    """Return positions and sleep phases, with nan at both ends as in real records."""
    seconds = [second for second, _ in body.positions]
    ticks = np.array([0, *(s * body.clock for s in seconds), body.duration])
    device = [code for _, code in body.positions]
    asleep = [min(code, 5) for code in device]
    codes = {
        "device_position": (ticks, np.array([math.nan, *device, math.nan])),
        "sleep_position": (ticks, np.array([math.nan, *asleep, math.nan])),
    }
    if phases := _sleep_phases(body):
        when, what = zip(*phases, strict=True)
        codes["sleep_phase"] = (np.array(when, dtype=np.int64), np.array(what))
    return codes


def _sleep_phases(body: Body) -> list[tuple[int, float]]:
    """Return tick and code of each change; nan opens and closes each sleep."""
    phases: list[tuple[int, float]] = []
    for bout in body.bouts:
        if not (code := STATES[bout.state].phase):
            continue
        start = bout.start * body.clock
        end = min(bout.end * body.clock, body.duration)
        if phases and phases[-1][0] == start:
            phases.pop()
        else:
            phases.append((start, math.nan))
            start += body.clock
        if start < end:
            phases.append((start, code))
        phases.append((end, math.nan))
    return phases


def service_only(body: Body, heart: Heart) -> dict[str, tuple[Ints, Ints]]:
    """Return the channels that the service has and no export holds."""
    size = heart.amplitude * int(body.device.per_mv) * 105 // 100_000
    minute = np.arange(0, body.duration, 60 * body.clock, dtype=np.int64)
    charge = 2600 - minute // (60 * body.clock) // 8  # 300 counts in 40 hours
    return {
        "QRS_AMP_CHANNEL_CHAR": (heart.ticks, size),
        "BATT_ST_CHANNEL_CHAR": (minute, np.maximum(charge, 2300)),
    }


def button_presses(body: Body) -> tuple[Annotation, ...]:
    """Return an annotation for each press of the button."""
    return tuple(
        Annotation(
            body.shirt.record_id * 10 + number,
            body.start + whole_ticks("presses", press, body.clock),
            _BUTTON,
            "",
        )
        for number, press in enumerate(body.shirt.presses)
    )


def activities(body: Body) -> tuple[Activity, ...]:
    """Return sleep, rest and walks as the service lists them."""
    start = body.start
    named = [
        (bout, "rest" if body.shirt.activity == "rest" else bout.state)
        for bout in body.plan
    ]
    return tuple(
        Activity(
            body.shirt.record_id * 100 + number,
            start + bout.start * body.clock,
            min(start + bout.end * body.clock, start + body.duration),
            _ROUTINES[kind][1],
            _ROUTINES[kind][0],
            "",
        )
        for number, (bout, kind) in enumerate(named)
        if kind in _ROUTINES
    )


def track(body: Body) -> tuple[TrackPoint, ...]:
    """Return a fix every 5 s of each walk: 1.3 m/s along a winding path."""
    seconds = np.concatenate(
        [np.empty(0, dtype=np.int64)]
        + [np.arange(b.start, b.end, 5) for b in body.plan if b.state == "walk"]
    )
    dice = body.dice("track")
    turn = np.cumsum(wobble(dice, max(len(seconds), 1), width=12, sd=60))
    heading = turn[: len(seconds)] * (CYCLE // 3600)
    north = np.cumsum(sine(heading + CYCLE // 4)) * 650 // 4096  # cm
    east = np.cumsum(sine(heading)) * 650 // 4096
    height = 300 + turn[: len(seconds)] // 40
    return tuple(
        TrackPoint(
            body.start + int(s) * body.clock,
            round(45.5 + int(n) / 11_132_000, 7),
            round(-73.6 + int(e) / 7_800_000, 7),
            int(h) / 10,
            5.0,
        )
        for s, n, e, h in zip(seconds, north, east, height, strict=True)
    )
