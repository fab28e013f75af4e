"""Channels that the device computes: once a second, and HRV every five minutes.

Sample n is what is known after n seconds (or windows), from the beats, breaths and
steps seen until then. Waveforms are drawn elsewhere.
"""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import numpy as np

from hexoframe.simulator.arithmetic import (
    Flags,
    Floats,
    Ints,
    box_sum,
    covered,
    union,
)
from hexoframe.simulator.body import Body
from hexoframe.simulator.breathing import ML_OF_COUNT, Breathing
from hexoframe.simulator.device import datatypes
from hexoframe.simulator.gait import Gait
from hexoframe.simulator.heart import Heart, transit
from hexoframe.simulator.recording import Counts

__all__ = ["per_second", "variability"]

_WINDOW_S = 300
_RATE_HZ = 4  # of the intervals whose spectrum is taken
_POINTS = _WINDOW_S * _RATE_HZ


def per_second(
    body: Body, heart: Heart, breathing: Breathing, *, gait: Gait
) -> dict[str, Counts]:
    """Return all channels at 1 Hz."""
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
    return np.where(_touched(body, body.doubted), quality | 0x02 | 0x08, quality)


def _ecg_quality(body: Body) -> Ints:
    artefact = 0x400 | 0x800 | 0x1000
    electrodes, leads, cut = 0x01 | 0x02 | 0x04, 0x80 | 0x100 | 0x200, 0xE000
    quality = np.where(_touched(body, body.moving), artefact, 0)
    off = quality | electrodes | leads | cut
    return np.where(_touched(body, body.doubted), off, quality)


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
    """Return rate and volumes: 10 breaths a minute and 0 mL until known."""
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
    """Return whole numbers times a fraction, rounded down."""
    return values * factor.numerator // factor.denominator


def _depths(breathing: Breathing) -> Ints:
    """Return the depth in counts of each reported expiration."""
    begun = np.searchsorted(breathing.inspiration, breathing.expiration) - 1
    return cast("Ints", breathing.top[begun] - breathing.bottom)


def _breathing_quality(body: Body) -> Ints:
    """Return flags: no signal, changed baseline after it, all of them at the end."""
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


# --- heart rate variability ---------------------------------------------------------
# The spectral channels are the only ones of the synthetic shirt that round a longer
# floating point computation.


def variability(body: Body, heart: Heart) -> dict[str, Counts]:
    """Return the HRV channels: 0 outside sleep and rest and below 129 good beats."""
    window = _WINDOW_S * body.clock
    count = body.duration // window
    quiet = [b for b in body.plan if b.state == "sleep"]
    if body.shirt.activity == "rest":
        quiet = list(body.plan)
    if not count or not quiet:
        return {}
    normal = heart.normal
    ticks, values = heart.ticks[normal], heart.interval[normal]
    part = (ticks - 1) // window
    stats = _time_domain(body, part, values, count=count)
    everything = np.bincount((heart.ticks - 1) // window, minlength=count)[:count]
    beats = np.bincount(part, minlength=count)[:count]
    stats["NN_over_RR"] = 10_000 * beats / np.maximum(everything, 1)
    stats |= _spectra(body, ticks, values, count=count)
    spans = np.array([b[:2] for b in quiet], dtype=np.int64) * body.clock
    known = (beats > 128) & covered(spans, count, window)
    return {
        name: np.where(known, np.minimum(np.rint(value), 65_535), 0).astype(np.uint16)
        for name, value in stats.items()
    }


def _time_domain(
    body: Body, part: Ints, values: Ints, *, count: int
) -> dict[str, Floats]:
    """Return ANN, SDNN and RMSSD in 1/16 ticks and the triangular index in 1/100."""
    beats = np.maximum(np.bincount(part, minlength=count)[:count], 1)

    def mean(of: Ints) -> Floats:
        total = np.bincount(part, weights=of.astype(np.float64), minlength=count)
        return total[:count] / beats

    step = np.diff(values, prepend=values[:1])
    # Bins of 1/128 s, the usual width of the triangular index.
    bins = values * 128 // body.clock
    width = int(bins.max(initial=0)) + 1
    table = np.bincount(part * width + bins, minlength=count * width)[: count * width]
    highest = table.reshape(count, width).max(axis=1)
    average = mean(values)
    return {
        "ANN": 16 * average,
        "SDNN": 16 * np.sqrt(np.maximum(mean(values**2) - average**2, 0)),
        "RMSSD": 16 * np.sqrt(mean(step**2)),
        "HRV_triangular": 100 * beats / np.maximum(highest, 1),
    }


def _spectra(body: Body, ticks: Ints, values: Ints, *, count: int) -> dict[str, Floats]:
    """Return LF and HF power in 1/10 ms2 and LF in normalised units x 100."""
    if not len(ticks):
        return {}
    grid = np.arange(count * _POINTS) * (body.clock / _RATE_HZ)
    ms = np.interp(grid, ticks, values * (1000 / body.clock)).reshape(count, _POINTS)
    ms -= ms.mean(axis=1, keepdims=True)
    taper = np.hanning(_POINTS)
    power = np.abs(np.fft.rfft(ms * taper, axis=1)) ** 2 * 2
    power /= _POINTS * (taper**2).sum()
    hertz = np.fft.rfftfreq(_POINTS, 1 / _RATE_HZ)
    low = power[:, (hertz >= 0.04) & (hertz < 0.15)].sum(axis=1)
    high = power[:, (hertz >= 0.15) & (hertz < 0.4)].sum(axis=1)
    return {
        "HRV_LF": 10 * low,
        "HRV_HF": 10 * high,
        "HRV_LF_normalized": 10_000 * low / np.maximum(low + high, 1e-9),
    }
