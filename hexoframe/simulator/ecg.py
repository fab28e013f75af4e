"""The ECG: one shape a beat on a wandering baseline, with artefacts and lost contact.

Three leads as counts; a Hexoskin has the first only. The times of the beats come from
`heart`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.simulator.arithmetic import CYCLE, Ints, blocks, sine, wobble
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import breath_phase
from hexoframe.simulator.device import Device
from hexoframe.simulator.gait import step_phase
from hexoframe.simulator.heart import Heart
from hexoframe.simulator.recording import Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_ecg"]


class _Wave(NamedTuple):
    """A Gaussian wave: mV, seconds after R, width before and after its top in s."""

    mv: float
    centre: float
    rise: float
    fall: float


_LEADS: Mapping[str, tuple[_Wave, ...]] = {
    "ECG_I": (
        _Wave(0.11, -0.155, 0.026, 0.022), _Wave(-0.07, -0.023, 0.007, 0.006),
        _Wave(1.05, 0.0, 0.0092, 0.0092), _Wave(-0.20, 0.025, 0.007, 0.010),
        _Wave(0.27, math.nan, 0.052, 0.034),
    ),
    "ECG_II": (
        _Wave(0.15, -0.155, 0.026, 0.022), _Wave(-0.09, -0.023, 0.007, 0.006),
        _Wave(1.32, 0.0, 0.0096, 0.0096), _Wave(-0.17, 0.026, 0.007, 0.010),
        _Wave(0.34, math.nan, 0.052, 0.034),
    ),
}  # fmt: skip
_PACES = 24  # shapes of a beat, one per 50 ms of pace from 0.4 s
_BEFORE_S, _AFTER_S = 0.26, 0.52


def draw_ecg(body: Body, heart: Heart) -> dict[str, Counts]:
    """Return the counts of the leads; a lead that is not measured is empty."""
    one = _draw_lead(body, heart, "ECG_I")
    if "ECG_II" not in body.device.channels:
        empty = np.empty(0, dtype=np.int16)
        return {"ECG_I": one, "ECG_II": empty, "ECG_III": empty.copy()}
    two = _draw_lead(body, heart, "ECG_II")
    return {"ECG_I": one, "ECG_II": two, "ECG_III": one - two}


def _draw_lead(body: Body, heart: Heart, lead: str) -> NDArray[np.int16]:
    """Return one lead: rest level, wander and hiss, then a shape on every beat."""
    device = body.device
    offsets, shapes = _beat_shapes(lead, device)
    pad = len(offsets)
    count = body.samples(device.ecg)
    canvas = np.zeros(count + 2 * pad, dtype=np.int16)
    signal = canvas[pad : pad + count]
    _background(body, lead, signal)
    rows = np.clip((heart.pace * 20 // body.clock) - 8, 0, _PACES - 1)
    place = heart.ticks // device.ecg + pad
    # A shape overlaps the next beat but not the third. With every third beat in one
    # assignment, no sample is indexed twice.
    for first in range(3):
        for row in range(first, len(place), 3 * 1024):
            part = slice(row, row + 3 * 1024, 3)
            scaled = shapes[rows[part]] * heart.amplitude[part, None].astype(np.int32)
            counts = ((scaled + 8000) // 16_000).astype(np.int16)
            canvas[place[part, None] + offsets] += counts
    _shake(body, lead, signal)
    _lose_contact(body, lead, signal)
    np.clip(signal, *device.rails, out=signal)
    return signal


def _beat_shapes(lead: str, device: Device) -> tuple[Ints, NDArray[np.int32]]:
    """Return sample offsets, and one shape per pace in 1/16 counts."""
    step = device.ecg / device.clock
    offsets = np.arange(-int(_BEFORE_S / step), int(_AFTER_S / step) + 1)
    seconds = offsets * step
    shapes = np.zeros((_PACES, len(offsets)))
    for row, pace in enumerate(0.4 + 0.05 * np.arange(_PACES)):
        # QT follows the cube root of the interval (Fridericia, 1920); T ends with it.
        top_of_t = 0.40 * pace ** (1 / 3) - 0.04 - 0.085
        for wave in _LEADS[lead]:
            late = seconds - (top_of_t if math.isnan(wave.centre) else wave.centre)
            width = np.where(late < 0, wave.rise, wave.fall)
            shapes[row] += wave.mv * np.exp(-0.5 * (late / width) ** 2)
    counts = np.rint(shapes * float(device.per_mv) * 16).astype(np.int32)
    return offsets, counts


def _background(body: Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Fill a lead with its signal between beats."""
    device = body.device
    dice = body.dice(f"{lead} background")
    walk = body.walking  # 1000 where the body walks
    micro = body.wobble(dice, width=24, sd=22) * (1000 + 2 * walk) // 1000
    micro += 45 * sine(breath_phase(body).at(body.grid)) // 4096
    wander = micro * int(device.per_mv * 64) // 1000  # 64 to a count
    step = step_phase(body)
    for block, index in blocks(len(signal)):
        ticks = index * device.ecg
        level = body.lerp(wander, ticks)
        if (stride := body.at(walk, ticks)).any():
            sway = sine(step.at(ticks) - CYCLE // 5) * stride
            level += sway // 4096 * int(device.per_mv * 4) // 1000  # up to 62 uV
        # sd 7 uV, never past 25: less than what a QRS loses beside its top.
        hiss = (dice.hiss(len(ticks)) * int(device.per_mv) + 10_512) // 21_023
        signal[block] = device.rest + (level + 32) // 64 + hiss


def _shake(body: Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Add movement artefacts: large slow swings and muscle noise."""
    dice = body.dice(f"{lead} movement")
    count = int(body.device.per_mv)
    for span in body.moving // body.device.ecg:
        part = signal[span[0] : span[1]]
        swing = wobble(dice, len(part), width=36, sd=0.45 * count)
        muscle = dice.bell(len(part)) * count // 3000
        part += (swing + muscle).astype(np.int16)


def _lose_contact(body: Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Replace the lead, where contact is lost, by mains hum between the rails."""
    dice = body.dice(f"{lead} contact")
    low, high = body.device.rails
    for span in body.loose // body.device.ecg:
        part = signal[span[0] : span[1]]
        ticks = np.arange(span[0], span[1], dtype=np.int64) * body.device.ecg
        hum = sine(ticks * (60 * CYCLE // body.clock)) * (high - low) // (8 * 4096)
        drift = wobble(dice, len(part), width=400, sd=0.6 * (high - low))
        part[:] = np.clip((low + high) // 2 + hum + drift, low, high)
