"""Matching of events: mutual nearest ones, within a tolerance."""

from __future__ import annotations

import numpy as np

from hexoframe.analysis.matching import match_ticks


def test_two_beats_match_if_each_is_the_nearest_to_the_other():
    device = np.array([0, 100, 108, 200, 300, 413])
    waveform = np.array([3, 107, 212, 250, 400])
    # 100 is nearer to nothing, 212 is 12 ticks away, 413 is 13.
    assert match_ticks(device, waveform, 12).tolist() == [0, -1, 1, 2, -1, -1]
    assert match_ticks(device, waveform[:0], 12).tolist() == [-1] * 6
    assert match_ticks(device[:0], waveform, 12).tolist() == []
