"""Gait: steps, and the acceleration that goes with them.

The three axes hold gravity (by the position of the body), the bounce of each step, and
restlessness. Cadence and activity are computed in `vitals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hexoframe.simulator.arithmetic import (
    CYCLE,
    Ints,
    blocks,
    inside,
    sine,
    smooth,
    union,
    wobble,
)
from hexoframe.simulator.body import Body, Phase
from hexoframe.simulator.plan import UPRIGHT
from hexoframe.simulator.recording import Counts

__all__ = ["Gait", "step_phase"]

# Gravity in 1/256 g for each code of device_position, as worn: never quite upright.
_GRAVITY = {
    1: (20, 248, -58), 2: (-14, -250, 50), 3: (30, -40, 250), 4: (-24, 30, -252),
    5: (246, 30, 60), 6: (-240, 34, -82),
}  # fmt: skip
_ON_A_CHAIR = 3
# Counts of the three axes at a step: (multiple of the stride, counts, cosine). The high
# multiples are the jolt of the heel.
_BOUNCE: Mapping[str, tuple[tuple[int, int, bool], ...]] = {
    "acceleration_X": ((2, -66, True), (4, -50, True), (6, -46, True),
                       (8, -34, True), (10, -26, False), (14, -16, True)),
    "acceleration_Y": ((1, 28, False), (3, 16, True), (5, 20, False),
                       (7, 16, True), (10, 14, False)),
    "acceleration_Z": ((2, 32, False), (4, 34, True), (6, 28, False),
                       (8, 22, True), (11, 14, True)),
}  # fmt: skip


def step_phase(body: Body) -> Phase:
    """Return the phase of walking; a whole number is a heel strike."""
    dice = body.dice("cadence")
    rate = body.of_state("cadence")
    rate = rate * (1000 + body.wobble(dice, width=40, sd=22)) // 1000
    still = union(np.concatenate([body.off, body.unworn]))
    return body.phase(np.where(inside(body.grid, still, body.cell), 0, rate))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gait:
    """Steps, and the acceleration that goes with them."""

    ticks: Ints
    axes: dict[str, Counts]

    @classmethod
    def of(cls, body: Body) -> Gait:
        """Return the gait of a body."""
        step = body.device.acceleration
        phase = step_phase(body)
        ticks = np.unique(phase.ticks(phase.cycles()) // step * step)
        ticks = ticks[(ticks >= 0) & (ticks < body.samples(step) * step)]
        return cls(ticks=ticks, axes=_acceleration(body, phase))

    def events(self) -> dict[str, tuple[Ints, Ints]]:
        """Return the events as the files hold them, by API name."""
        return {"step": (self.ticks, np.arange(1, len(self.ticks) + 1))}


def _bounce(harmonics: tuple[tuple[int, int, bool], ...], stride: Ints) -> Ints:
    """Return 16 x the counts of an axis at phases of the stride (two steps)."""
    total = np.zeros(len(stride), dtype=np.int64)
    for multiple, counts, cosine in harmonics:
        total += sine(multiple * stride + cosine * (CYCLE // 4)) * counts
    return total // 256


def _acceleration(body: Body, steps: Phase) -> dict[str, Counts]:
    """Return the counts of the three axes."""
    step = body.device.acceleration
    count = body.samples(step)
    walking = body.glide((steps.rate[: body.cells] > 0) * np.int64(1000), 1)
    force = 1000 + body.wobble(body.dice("force"), width=3, sd=150)
    walking = walking * force // 1000
    chance = np.where(body.position == UPRIGHT, 24, 1)  # of 1000 moments
    move = body.dice("restless").below(body.cells, 1000) < chance
    restless = smooth(move * np.int64(1000), 3)
    axes: dict[str, Counts] = {}
    for axis, (name, harmonics) in enumerate(_BOUNCE.items()):
        dice = body.dice(name)
        pull = {code: vector[axis] * 16 for code, vector in _GRAVITY.items()}
        level = body.by_position(pull, smooth_s=1)
        level += body.wobble(dice, width=20, sd=30)
        shrug = restless * body.wobble(dice, width=2, sd=300) // 1000
        signal = np.empty(count, dtype=np.int16)
        for block, index in blocks(count):
            ticks = index * step
            unrest = 24 + np.abs(body.at(shrug, ticks))
            value = body.lerp(level + shrug, ticks)
            value += dice.bell(len(ticks)) * unrest // 209
            if (stride := body.at(walking, ticks)).any():
                value += _bounce(harmonics, steps.at(ticks) // 2) * stride // 1000
            signal[block] = (value + 8) // 16
        for span in body.moving // step:
            part = signal[span[0] : span[1]]
            part += wobble(dice, len(part), width=7, sd=70).astype(np.int16)
        for span in body.unworn // step:
            part = signal[span[0] : span[1]]
            part[:] = _GRAVITY[_ON_A_CHAIR][axis] + dice.bell(len(part)) // 512
        axes[name] = signal
    return axes
