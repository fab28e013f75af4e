"""The heart: its beats and intervals, and the pulse at the finger.

The rate follows the state of the body, breathing (sinus arrhythmia) and slower waves; a
beat is where its phase passes a whole number. The ECG is drawn in `ecg`, heart rate and
variability are computed in `vitals`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hexoframe.simulator.arithmetic import CYCLE, Flags, Ints, blocks, inside, sine
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import breath_phase
from hexoframe.simulator.recording import Counts

__all__ = ["Heart", "draw_ppg", "pulse_events", "transit"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heart:
    """The beats that show in the ECG; ticks count from the start of the record."""

    ticks: Ints
    interval: Ints  # as in the file: 0 for the first and after a gap
    quality: Ints
    pace: Ints  # ticks since the last true beat: sets the shape of QRS-T
    amplitude: Ints  # 1000 is usual

    @classmethod
    def of(cls, body: Body) -> Heart:
        """Return the beats of a body."""
        step = body.device.ecg
        phase = body.phase(_heart_rate(body))
        ticks = phase.ticks(phase.cycles()) // step * step
        pace = np.diff(ticks, prepend=ticks[0] - body.clock)
        # A peak needs neighbours on both sides, even in a file that ends early.
        margin = body.clock // 8
        seen = (ticks >= margin) & (ticks < body.duration - margin)
        seen &= ~inside(ticks, body.loose, body.clock // 10)
        swing = sine(breath_phase(body).at(ticks[seen])) * 40 // 4096
        chance = body.dice("beat amplitude").bell(len(ticks))[seen] // 12
        order = np.flatnonzero(seen)
        lost = np.diff(order, prepend=order[:1] - 1) > 1
        interval = np.diff(ticks[seen], prepend=ticks[seen][:1])
        interval[interval > 4 * body.clock] = 0
        return cls(
            ticks=ticks[seen],
            interval=interval,
            quality=_beat_quality(body, ticks[seen], lost),
            pace=pace[seen],
            amplitude=1000 + swing + chance,
        )

    @property
    def good(self) -> Flags:
        """Which intervals count for the heart rate."""
        return (self.interval > 0) & (self.quality < 128)

    @property
    def normal(self) -> Flags:
        """Which intervals are normal to normal."""
        normal: Flags = self.good & (self.quality == 0)
        return normal

    def events(self) -> dict[str, tuple[Ints, Ints]]:
        """Return the events as the files hold them, by API name."""
        normal = self.normal
        return {
            "RR_interval": (self.ticks, self.interval),
            "RR_interval_quality": (self.ticks, self.quality),
            "NN_interval": (self.ticks[normal], self.interval[normal]),
        }


def _heart_rate(body: Body) -> Ints:
    """Return beats per 1000 minutes: target, sinus arrhythmia, slower waves."""
    dice = body.dice("heart rate")
    person = 940 + dice.below(1, 120)[0]
    target = body.target("heart", smooth_s=15) * person // 1000
    sway = 900 + body.wobble(dice, width=80, sd=250)
    depth = body.target("vagal") * np.clip(sway, 200, 1600) // 1000
    # The heart is quickest towards the end of inhaling, at 0.37 of the cycle.
    sinus = depth * sine(breath_phase(body).at(body.grid) - CYCLE // 8) // 4096
    mayer = body.phase(6000 + body.wobble(dice, width=40, sd=900))
    waves = body.target("vagal") * sine(mayer.at(body.grid)) // (2 * 4096)
    drift = body.wobble(dice, width=7200, sd=40)
    drift += body.wobble(dice, width=240, sd=14)
    drift += body.wobble(dice, width=36, sd=8)
    rate: Ints = target * (1000 + sinus + waves + drift) // 1000
    return np.clip(rate, 36_000, 150_000)


def _beat_quality(body: Body, ticks: Ints, lost: Flags) -> Ints:
    """Return 0 good, 1 in noise, 128 unreliable, 129 both."""
    quality = np.zeros(len(ticks), dtype=np.int64)
    quality[ticks < 10 * body.clock] = 128
    quality[lost] = 129
    noisy = inside(ticks, body.moving)
    bad = body.dice("beat quality").below(len(ticks), 3) == 0
    quality[noisy] = np.where(bad[noisy], 129, 1)
    return quality


# --- the pulse, for which only an Astroskin has a sensor ----------------------------


def transit(body: Body, heart: Heart) -> Ints:
    """Return ticks from each R peak to its pulse: about 0.21 s."""
    micro = 212_000 + body.wobble(body.dice("transit"), width=160, sd=5000)
    sway = 3000 * sine(breath_phase(body).at(heart.ticks)) // 4096
    return (body.at(micro, heart.ticks) + sway) * body.clock // 1_000_000


def pulse_events(body: Body, heart: Heart) -> dict[str, tuple[Ints, Ints]]:
    """Return PTT at each beat; the series of a Hexoskin is empty."""
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
