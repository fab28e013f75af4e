"""Variability of a day in five-minute windows, against libraries that compute it.

These are the extra ``witnesses``; without them their rows are left out, and say so.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from itertools import pairwise

import numpy as np

from hexoframe.analysis.hrv import beats_of_record
from hexoframe.analysis.spectrum import lomb_spectra
from hexoframe.analysis.timedomain import time_domain
from tests.benchmarks.harness import race, timed

WINDOW_S = 300


def windows_of(record, beats):
    """Return when windows begin and end, in ticks, and their beats in s and ms."""
    step = WINDOW_S * record.clock
    lows = np.arange(record.start_tick, record.end_tick - step + 1, step)
    edges = np.searchsorted(beats.ticks, np.append(lows, lows[-1] + step))
    second = (beats.ticks - record.start_tick) / record.clock
    parts = [
        (second[first:last][kept], beats.milliseconds[first:last][kept])
        for first, last in pairwise(edges)
        for kept in [beats.counts[first:last]]
    ]
    return lows, lows + step, [part for part in parts if len(part[0]) > 100]


def by_neurokit(parts):
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            neurokit2.hrv_time({"RRI": ms, "RRI_Time": second}) for second, ms in parts
        ]


def by_astropy(parts):
    from astropy.timeseries import LombScargle

    frequency = np.arange(1, 121) / WINDOW_S
    return [
        LombScargle(second, ms, fit_mean=False, normalization="psd").power(
            frequency,
            method="cython",  # the quickest of its ways for so few beats
        )
        for second, ms in parts
    ]


def bench(world):
    beats = beats_of_record(world.record)
    lows, highs, parts = windows_of(world.record, beats)
    rows = (
        ("neurokit2", time_domain, by_neurokit, "time domain of all windows", 50),
        ("astropy", lomb_spectra, by_astropy, "Lomb-Scargle of all windows", 1),
    )
    for package, ours, theirs, what, target in rows:
        if find_spec(package) is None:
            print(f"{what}: left out, {package} is not installed")
            continue
        yield race(
            timed(lambda ours=ours: ours(beats, lows, highs)),
            timed(lambda theirs=theirs: theirs(parts)),
            rounds=world.rounds,
            what=what,
            against=f"{package}, a window after the other",
            target=target,
        )
