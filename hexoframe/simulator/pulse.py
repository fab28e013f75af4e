"""The pulse: when it arrives at the finger, and what the PPG shows of it.

Only an Astroskin has the sensor. When the heart beats stands in `heart`; the pressure
that is told from the transit time in `vitals`.
"""

from __future__ import annotations

import numpy as np

from hexoframe.simulator.arithmetic import Ints, blocks, sine
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import breath_phase
from hexoframe.simulator.heart import Heart
from hexoframe.simulator.recording import Counts

__all__ = ["draw_ppg", "pulse_events", "transit"]


def transit(body: Body, heart: Heart) -> Ints:
    """Return ticks from each R peak to its pulse: about 0.21 s."""
    micro = 212_000 + body.wobble(body.dice("transit"), width=160, sd=5000)
    sway = 3000 * sine(breath_phase(body).at(heart.ticks)) // 4096
    return (body.at(micro, heart.ticks) + sway) * body.clock // 1_000_000


def pulse_events(body: Body, heart: Heart) -> dict[str, tuple[Ints, Ints]]:
    """Return PTT at each beat; a Hexoskin has the series, and nothing in it."""
    part = slice(None if body.device.has_finger_clip else 0)
    return {"PTT": (heart.ticks[part], transit(body, heart)[part])}


def draw_ppg(body: Body, heart: Heart) -> dict[str, Counts]:
    """Return the finger pulse: one wave from foot to foot, around 32768."""
    if not body.device.has_finger_clip:
        return {}
    step = body.device.steps["PPG"]
    table = _pulse_wave()
    far = np.int64(1 << 40)
    feet = np.concatenate([[-far], heart.ticks + transit(body, heart), [far]])
    length = np.clip(np.diff(feet), 1, body.clock * 6 // 5)
    height = np.concatenate([[0], heart.amplitude * 9, [0]])
    count = body.samples(step)
    signal = np.empty(count, dtype=np.uint16)
    dice = body.dice("PPG")
    drift = body.wobble(dice, width=30, sd=260)
    for block, index in blocks(count):
        ticks = index * step.numerator // step.denominator
        beat = np.searchsorted(feet, ticks, side="right") - 1
        late = np.minimum((ticks - feet[beat]) * 1024 // length[beat], 1024)
        value = 29_800 + body.lerp(drift, ticks) + dice.bell(len(ticks)) // 30
        signal[block] = value + table[late] * height[beat] // 4096
    for span in body.off * step.denominator // step.numerator:
        part_off = signal[span[0] : span[1]]
        part_off[:] = np.where(dice.below(len(part_off), 2) == 0, 18, 65_517)
    return {"PPG": signal}


def _pulse_wave() -> Ints:
    """Return one pulse from foot to foot: 1025 values, in 1/4096."""
    part = np.arange(1025) / 1024
    wave = np.exp(-0.5 * ((part - 0.17) / 0.085) ** 2)
    wave += 0.36 * np.exp(-0.5 * ((part - 0.46) / 0.10) ** 2)
    wave += 0.30 * np.exp(-0.5 * ((part - 0.60) / 0.22) ** 2)
    wave -= np.interp(part, (0, 1), wave[[0, -1]])
    table: Ints = np.rint(wave * 4096).astype(np.int64)
    return table
