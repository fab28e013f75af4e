"""Heart rate variability: one value every five minutes, in sleep and at rest.

Made of the normal intervals in `heart`, in the counts of the vendor. The spectral
channels are the only ones of the synthetic shirt that round a longer floating point
computation.
"""

from __future__ import annotations

import numpy as np

from hexoframe.simulator.arithmetic import Floats, Ints, covered
from hexoframe.simulator.body import Body
from hexoframe.simulator.heart import Heart
from hexoframe.simulator.recording import Counts

__all__ = ["variability"]

_WINDOW_S = 300
_RATE_HZ = 4  # of the intervals whose spectrum is taken
_POINTS = _WINDOW_S * _RATE_HZ


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
