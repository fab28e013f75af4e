"""Beats in the ECG as NeuroKit2 finds them, in an environment that has it.

It is made and run as the head of test_hrv_witnesses.py says. The figures
stand in test_detector.py too, and are held there by every run of the suite.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis.detector import find_beats
from hexoframe.analysis.ecgparts import lead_of
from hexoframe.analysis.matching import match_ticks
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

pytestmark = pytest.mark.slow
WHY = "{} is not installed: see the head of test_hrv_witnesses.py"


def peaks_of(record):
    """Return the peaks that NeuroKit2 finds in the whole ECG, in ticks."""
    neurokit = pytest.importorskip("neurokit2", reason=WHY.format("neurokit2"))
    ecg = record["ecg"]["ecg_i"].to_numpy(dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = neurokit.ecg_clean(ecg, sampling_rate=256)
        _, found = neurokit.ecg_peaks(clean, sampling_rate=256)
    return record.start_tick + np.asarray(found["ECG_R_Peaks"])


@pytest.fixture
def found():
    pytest.importorskip("sleepecg", reason=WHY.format("sleepecg"))
    return lambda record: find_beats(lead_of(record, "ecg_i"))


def test_neurokit_finds_the_same_beats_of_a_synthetic_shirt(found, tmp_path):
    truth = wear(Shirt(seed=2, duration_s=300, activity="rest"))
    record = hexoframe.open_record(write_export(truth, tmp_path / "a.zip"))
    ours, theirs = found(record), peaks_of(record)
    theirs = theirs[ours.judged.cover(theirs)]
    partner = match_ticks(ours.ticks, theirs, 12)
    assert (partner >= 0).all()
    assert len(theirs) == len(ours.ticks)
    # The filter of theirs moves peaks by a sample at most.
    assert np.abs(theirs[partner] - ours.ticks).max() <= 1


def test_neurokit_finds_most_of_the_good_beats_of_a_real_export(found):
    if "HEXOFRAME_REAL_DATA" not in os.environ:
        pytest.skip("HEXOFRAME_REAL_DATA is unset")
    folder = Path(os.environ["HEXOFRAME_REAL_DATA"]) / "exports"
    record = hexoframe.open_record(folder / "hexoskin-258583")
    beats = record.beats()
    good = beats.index[beats["usable"]].asi8 // 3_906_250
    shares = [
        float((match_ticks(good, peaks, 12) >= 0).mean())
        for peaks in (found(record).ticks, peaks_of(record))
    ]
    assert shares[0] >= 0.99
    # On what is noisy they are no better than ours.
    assert shares[1] <= shares[0] + 0.005
