"""Time domain: every span at once gives what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.analysis.beats import beats_of
from hexoframe.analysis.timedomain import time_domain
from tests.analysis.hearts import SECOND, flags_of, known_heart, rr_of

START = SECOND * 256


def by_hand(beats, low, high):
    """Return the figures of one span, beat by beat."""
    rows = np.flatnonzero((beats.ticks >= low) & (beats.ticks < high))
    ms = beats.intervals * 1000 / 256
    kept = [row for row in rows if beats.counts[row]]
    pairs = [
        row
        for row in kept
        if row > rows[0]
        and beats.counts[row - 1]
        and beats.ticks[row] - beats.intervals[row] == beats.ticks[row - 1]
    ]
    steps = np.array([ms[row] - ms[row - 1] for row in pairs])
    sums = np.array([ms[row] + ms[row - 1] for row in pairs])
    nn = ms[kept]
    bins = np.bincount((nn * 128 // 1000).astype(int))
    return {
        "n_beats": len(kept),
        "n_pairs": len(pairs),
        "mean_nn": nn.mean(),
        "mean_hr": 60_000 / nn.mean(),
        "sdnn": nn.std(ddof=1),
        "rmssd": np.sqrt(np.mean(steps**2)),
        "pnn50": 100 * np.mean(np.abs(steps) > 50),
        "sd1": steps.std(ddof=1) / np.sqrt(2),
        "sd2": sums.std(ddof=1) / np.sqrt(2),
        "triangular_index": len(kept) / bins.max(),
    }


def test_spans_that_overlap_are_each_as_alone():
    rr = rr_of(known_heart(600))
    lost = rr.drop(rr.index[[50, 51, 300]])
    beats = beats_of(lost, flags_of(lost, np.arange(len(lost)) % 17 == 3))
    lows = START + np.array([0, 20_000, 20_001, 10_000])
    highs = lows + np.array([30_000, 50_000, 900, 10_000])
    found = time_domain(beats, lows, highs)
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        for name, expected in by_hand(beats, low, high).items():
            assert found[name][row] == pytest.approx(expected, rel=1e-12), name


def test_a_difference_of_fifty_ms_is_not_above_it():
    # 13 ticks are 50.8 ms and 12 ticks 46.9 ms; on the other clock 50 is 50.
    for family, low, high in (("hexoskin", 12, 13), ("astroskin_1000", 50, 51)):
        for step, share in ((low, 0), (high, 100)):
            beats = beats_of(rr_of([800, 800 + step] if family != "hexoskin" else
                                   [200, 200 + step], family=family))  # fmt: skip
            low_tick = int(beats.ticks[0])
            found = time_domain(
                beats, np.array([low_tick]), np.array([int(beats.ticks[-1]) + 1])
            )
            assert found["pnn50"].item() == share


def test_spans_without_beats_are_empty():
    beats = beats_of(rr_of([200, 200]))
    found = time_domain(beats, np.array([0, START]), np.array([10, START]))
    assert found["n_beats"].tolist() == [0, 0]
    assert np.isnan(found["rmssd"]).all()
