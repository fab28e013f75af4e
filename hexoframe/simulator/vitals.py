"""What the device works out once a second: rates, volumes, pressure, skin, quality.

Sample n is what is known after n seconds, from the beats, breaths and steps that were
seen until then. The signals themselves are drawn elsewhere; what comes every five
minutes in `hrv`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import numpy as np

from hexoframe.simulator.arithmetic import Flags, Ints, box_sum, covered, union
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import ML_OF_COUNT, Breathing
from hexoframe.simulator.device import datatypes
from hexoframe.simulator.gait import Gait
from hexoframe.simulator.heart import Heart
from hexoframe.simulator.pulse import transit
from hexoframe.simulator.recording import Counts

__all__ = ["per_second"]


def per_second(
    body: Body, heart: Heart, breathing: Breathing, *, gait: Gait
) -> dict[str, Counts]:
    """Return all channels at 1 Hz; sample n is what is known after n seconds."""
    rate = _known_heart_rate(body, heart)
    found = {
        "heart_rate": rate,
        "heart_rate_quality": _heart_rate_quality(body),
        "cadence": _cadence(body, gait),
        "activity": _activity(body, gait),
        "energy_mifflin_keytel": _energy(body, rate),
        **_volumes(body, breathing),
        "breathing_rate_quality": _breathing_quality(body),
        **_pressure(body, heart),
    }
    if body.device.has_finger_clip:
        found |= _skin(body)
    if "ECG_quality" in body.device.channels:
        found["ECG_quality"] = _ecg_quality(body)
    rows = datatypes(body.shirt.family)
    return {
        name: values.astype(np.int16) if rows[name].signed else values.astype(np.uint16)
        for name, values in found.items()
    }


def _touched(body: Body, spans: Ints) -> Flags:
    """Return which seconds a span touches."""
    return covered(spans, len(body.seconds), body.clock)


def _known_heart_rate(body: Body, heart: Heart) -> Ints:
    """Return the mean of the last 16 good intervals; 70 before there are three."""
    good = heart.good
    total, count = _last_mean(body, heart.ticks[good], heart.interval[good], last=16)
    rate = (120 * body.clock * count + total) // np.maximum(2 * total, 1)
    return np.where(count < 3, 70, np.clip(rate, 30, 220))


def _heart_rate_quality(body: Body) -> Ints:
    unsure = body.dice("rate quality").below(len(body.seconds), 3) == 0
    quality = np.where(_touched(body, body.moving), 0x10 + 0x20 * unsure, 0)
    return np.where(_touched(body, body.loose), quality | 0x02 | 0x08, quality)


def _ecg_quality(body: Body) -> Ints:
    artefact = 0x400 | 0x800 | 0x1000
    electrodes, leads, cut = 0x01 | 0x02 | 0x04, 0x80 | 0x100 | 0x200, 0xE000
    quality = np.where(_touched(body, body.moving), artefact, 0)
    off = quality | electrodes | leads | cut
    return np.where(_touched(body, body.loose), off, quality)


def _cadence(body: Body, gait: Gait) -> Ints:
    """Return the mean of the last four steps of a walk; 0 where none came for 2 s."""
    pause = 2 * body.clock
    gap = np.diff(gait.ticks, prepend=-pause)
    run = np.maximum.accumulate(np.where(gap >= pause, np.arange(len(gap)), 0))
    upto = np.searchsorted(gait.ticks, body.seconds, side="right") - 1
    last = np.maximum(upto, 0)
    if not len(run):
        return np.zeros(len(last), dtype=np.int64)
    first = np.maximum(last - 4, run[last])
    length = np.maximum(gait.ticks[last] - gait.ticks[first], 1)
    rate = (120 * body.clock * (last - first) + length) // (2 * length)
    idle = (upto < 0) | (last - first < 2)
    return np.where(idle | (body.seconds - gait.ticks[last] >= pause), 0, rate)


def _activity(body: Body, gait: Gait) -> Ints:
    """Return the mean norm of the last second above 2.65 Hz, without sensor noise."""
    width = 11 if body.device.acceleration == 4 else 9
    square = np.zeros(len(gait.axes["acceleration_X"]), dtype=np.int64)
    for axis in gait.axes.values():
        counts = axis.astype(np.int64)
        square += (counts * width - box_sum(counts, width)) ** 2
    norm = np.rint(np.sqrt(square)).astype(np.int64)
    rate = body.clock // body.device.acceleration
    whole = norm[: len(norm) // rate * rate].reshape(-1, rate)
    mean: Ints = whole[: len(body.seconds)].sum(axis=1) // (rate * width)
    return np.maximum(mean - 4, 0)


def _volumes(body: Body, breathing: Breathing) -> dict[str, Ints]:
    """Return rate and volumes; 10 breaths a minute and 0 mL until they are known."""
    device = body.device
    length, count = _last_mean(body, breathing.cycle_end, breathing.cycle, last=7)
    volume, _ = _last_mean(body, breathing.cycle_end, breathing.volume, last=7)
    known = count >= 2
    double = 2 * np.maximum(length, 1)
    per_minute = 60 * body.clock * device.per_rpm
    rate = (2 * per_minute * count + length) // double
    size = ML_OF_COUNT / device.volume  # counts of tidal_volume in one of the belts
    minute = _times(120 * body.clock * volume, size)
    upto = np.searchsorted(breathing.expiration, body.seconds, side="right") - 1
    depth = np.append(_times(_depths(breathing), size), 0)
    tidal = np.where(upto < 0, 0, depth[upto])
    ventilation = np.where(known, (minute + length) // double, 0)
    # For each of 65 kg; the ventilation comes in counts of 10 mL.
    adjusted = device.volume * body.shirt.weight_kg / 65
    return {
        "breathing_rate": np.where(known, rate, 10 * device.per_rpm),
        "minute_ventilation": ventilation,
        "minute_ventilation_adjusted": _times(ventilation, adjusted / 10),
        "tidal_volume": tidal,
        "tidal_volume_adjusted": _times(tidal, adjusted),
    }


def _times(values: Ints, factor: Fraction) -> Ints:
    """Return whole numbers times a fraction, cut off."""
    return values * factor.numerator // factor.denominator


def _depths(breathing: Breathing) -> Ints:
    """Return the counts from each reported expiration up to its inspiration."""
    begun = np.searchsorted(breathing.inspiration, breathing.expiration) - 1
    return cast("Ints", breathing.top[begun] - breathing.bottom)


def _breathing_quality(body: Body) -> Ints:
    """Return flags: no signal, baseline changed after it, all of them at the end."""
    quality = np.zeros(len(body.seconds), dtype=np.int64)
    back = np.concatenate([np.zeros((1, 1), np.int64), body.off[:, 1:]])
    for flags, first, last in ((0x08, 4, 8), (0x0C, 2, 4), (0x0F, 0, 2)):
        spans = np.concatenate([back + first * body.clock, back + last * body.clock], 1)
        quality[_touched(body, union(spans))] = flags
    quality[_touched(body, body.off)] = 0x03
    quality[-1:] = 0x0F
    return quality


def _energy(body: Body, rate: Ints) -> Ints:
    """Return whole watts: Keytel by heart rate, at least Mifflin's resting rate.

    A man of 35 years and 1.75 m (Mifflin et al., 1990; Keytel et al., 2005).
    """
    weight = body.shirt.weight_kg
    rest = (100 * weight + 10_938 - 1750 + 50) * 4184 // (10 * 86_400)
    joule_a_minute = 6309 * rate + 1988 * weight + 2017 * 35 - 550_969
    return np.maximum(joule_a_minute // 600, rest)


def _pressure(body: Body, heart: Heart) -> dict[str, Ints]:
    """Return systolic pressure from the last transit time; a Hexoskin gives zeros."""
    upto = np.searchsorted(heart.ticks, body.seconds, side="right") - 1
    if not body.device.has_finger_clip or not len(heart.ticks):
        pressure = np.zeros(len(body.seconds), dtype=np.int64)
    else:
        micro = transit(body, heart)[upto] * 1_000_000 // body.clock
        pressure = np.where(upto < 0, 0, 120 + (212_000 - micro) // 1200)
    return {"systolic_pressure": pressure, "systolic_pressure_adjusted": pressure}


def _skin(body: Body) -> dict[str, Ints]:
    """Return oxygen saturation and skin temperature."""
    seconds = len(body.seconds)
    off = _touched(body, body.off)
    dice = body.dice("skin")
    at = body.seconds
    asleep = body.at((body.of_state("phase") > 0).astype(np.int64), at)
    oxygen = 9750 - 80 * asleep + body.at(body.wobble(dice, width=120, sd=60), at)
    warm = np.rint(2.6 * np.exp2(np.arange(seconds) / -240.0) * 256).astype(np.int64)
    celsius = 33 * 256 + 200 - warm + body.at(body.wobble(dice, width=1200, sd=40), at)
    return {
        "SPO2": np.where(off, 100, np.clip((oxygen + 50) // 100, 88, 100)),
        "SPO2_quality": np.where(off, 0xEC, 0),
        # A thermistor: fewer counts where it is warmer.
        "temperature": 2300
        - (celsius - 33 * 256) * 26 // 256
        + dice.bell(seconds) // 150,
        "temperature_celcius": celsius,
        "temperature_quality": np.zeros(seconds, dtype=np.int64),
    }


def _last_mean(body: Body, ends: Ints, values: Ints, *, last: int) -> tuple[Ints, Ints]:
    """Return sum and number of the last (at most) `last` values at each second."""
    total = np.concatenate([[0], np.cumsum(values)])
    upto = np.searchsorted(ends, body.seconds, side="right")
    first = np.maximum(upto - last, 0)
    return total[upto] - total[first], upto - first
