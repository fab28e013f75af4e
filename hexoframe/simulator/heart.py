"""The heart: its rate, its beats, and the intervals that the device reports.

The rate follows the state of the body, breathing (sinus arrhythmia) and slower waves;
beats are where its phase passes a whole number. How beats look is drawn in `ecg` and
`pulse`; heart rate and variability as channels are made in `vitals` and `hrv`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hexoframe.simulator.arithmetic import CYCLE, Flags, Ints, inside, sine
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import breath_phase

__all__ = ["Heart"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heart:
    """The beats that show in the ECG; ticks count from the start of the record."""

    ticks: Ints
    interval: Ints  # as in the file: 0 for the first and after a hole
    quality: Ints
    pace: Ints  # ticks since the beat before, seen or not: the shape of QRS-T
    amplitude: Ints  # 1000 is usual

    @classmethod
    def of(cls, body: Body) -> Heart:
        """Return the beats of a body."""
        step = body.device.ecg
        phase = body.phase(_heart_rate(body))
        ticks = phase.ticks(phase.cycles()) // step * step
        pace = np.diff(ticks, prepend=ticks[0] - body.clock)
        # A peak needs neighbours on both sides, also where a file is cut a bit short.
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
        """Which intervals count: for the heart rate."""
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
