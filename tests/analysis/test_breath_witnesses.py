"""Breaths as other libraries find them, in an environment that has them.

    python -m venv witnesses && witnesses/bin/pip install -e ".[witnesses]"
    witnesses/bin/python -m pytest -m slow -p no:cacheprovider \\
        --confcutdir=tests/analysis tests/analysis/test_breath_witnesses.py

How many they find, with their versions, stands in test_beltwave.py and is held there by
every run of the suite.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hexoframe.analysis.beltwave import find_wave_events
from tests.analysis.lungs import synthetic, weighted_signal

pytestmark = pytest.mark.slow
WHY = "{} is not installed: see the head of this file"
SHIRTS = [(4, "rest"), (3, "walk"), (2, "sleep")]


@pytest.fixture(scope="module", params=SHIRTS, ids=lambda shirt: shirt[1])
def shirt(request, tmp_path_factory):
    """The weighted signal, and where it shows inspirations, in samples."""
    seed, activity = request.param
    _, record = synthetic(
        tmp_path_factory.mktemp("shirt"), seed=seed, duration_s=600, activity=activity
    )
    found = (find_wave_events(record).inspiration - record.start_tick) / 2
    return weighted_signal(record), found


def check(ours, theirs):
    """All of theirs are ours; the rest of ours lie at the ends of the signal."""
    distance = np.abs(ours[None, :] - theirs[:, None])
    assert distance.min(axis=1).max() < 0.5 * 128
    assert len(np.unique(distance.argmin(axis=1))) == len(theirs)
    assert len(ours) - 6 <= len(theirs) <= len(ours)


def test_physio_finds_the_same_breaths(shirt):
    physio = pytest.importorskip("physio", reason=WHY.format("physio"))
    signal, ours = shirt
    _, cycles = physio.compute_respiration(
        -signal, 128.0, parameter_preset="human_belt"
    )
    check(ours, cycles["inspi_index"].to_numpy() + 5)


def test_neurokit_finds_the_same_breaths(shirt):
    neurokit = pytest.importorskip("neurokit2", reason=WHY.format("neurokit2"))
    signal, ours = shirt
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = neurokit.rsp_clean(-signal, sampling_rate=128)
        _, found = neurokit.rsp_peaks(clean, sampling_rate=128)
    troughs = np.asarray(found["RSP_Troughs"], float)
    check(ours, troughs[~np.isnan(troughs)] + 5)
