"""Times as days of matplotlib."""

from __future__ import annotations

import numpy as np

from hexoframe.plotting.figures import days, nanoseconds

START = 1_667_604_589 * 10**9


def test_days_and_nanoseconds_are_each_others_inverse_to_a_microsecond():
    stamps = START + np.arange(0, 10**9, 1_234_567)
    assert np.abs(nanoseconds(days(stamps)) - stamps).max() < 1000
