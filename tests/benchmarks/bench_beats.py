"""Beats in the ECG of a day, and how good it is, against libraries that do the same.

sleepecg is the extra ``ecg``, and NeuroKit2 is in ``witnesses``; without them their
rows are left out, and say so.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np

from tests.benchmarks.harness import Row, child, race, seconds, timed

HOUR_S = 3600


def ecg_of(record):
    """Return the lead as other libraries want it, in float64."""
    return record["ecg"]["ecg_i"].to_numpy().astype(np.float64)


def hour_by_neurokit(ecg, beats):
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return neurokit2.ecg_quality(
            ecg, rpeaks=beats, sampling_rate=256, method="averageQRS"
        )


def bench(world):
    record = world.record
    record.belts()  # a record of the cache or of Parquet knows when it was worn
    if find_spec("neurokit2") is None:
        print("check_ecg of a day: left out, neurokit2 is not installed")
    else:
        ecg = ecg_of(record)[: HOUR_S * 256]
        ticks = record.beats().index.asi8 // 3_906_250 - record.start_tick
        beats = ticks[(ticks > 256) & (ticks < len(ecg) - 256)]
        hours = world.seconds / HOUR_S
        yield race(
            timed(record.check_ecg),
            lambda: hours * seconds(lambda: hour_by_neurokit(ecg, beats)),
            rounds=world.rounds,
            what="check_ecg of a day",
            against="neurokit2 ecg_quality of an hour, scaled",
            target=50,
        )
    if find_spec("sleepecg") is None:
        print("check_beats of a day: left out, sleepecg is not installed")
        return
    from sleepecg import detect_heartbeats

    yield race(
        timed(record.check_beats),
        timed(lambda: detect_heartbeats(ecg_of(record), 256)),
        rounds=world.rounds,
        what="check_beats of a day",
        against="sleepecg on the whole array",
        target=1.5,
        at_most=True,
    )
    kept = str(record.to_parquet(world.folder / "kept", overwrite=True))
    ours, theirs = child("check_beats", kept), child("find_beats", kept)
    yield Row(
        what="memory of check_beats of a day",
        against="sleepecg on the whole array",
        new=ours["peak"] - ours["libraries"],
        old=theirs["peak"] - theirs["libraries"],
        unit="MB",
        target=0.1,
        at_most=True,
    )
