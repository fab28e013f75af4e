"""Times as days of matplotlib, and the axes that a user gives."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

import hexoframe
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import days, nanoseconds

START = 1_667_604_589 * 10**9


def test_days_and_nanoseconds_are_each_others_inverse_to_a_microsecond():
    stamps = START + np.arange(0, 10**9, 1_234_567)
    assert np.abs(nanoseconds(days(stamps)) - stamps).max() < 1000


@pytest.mark.parametrize("projection", ["polar", "3d"])
@pytest.mark.parametrize("what", ["heart_rate", "coverage", "device_position"])
def test_axes_that_are_not_plain_are_refused(samples, what, projection):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    axes = plt.figure().add_subplot(projection=projection)
    with pytest.raises(ConfigurationError, match=r"not on (polar|3d) ones.*subplots"):
        record.plot(what, ax=axes)
    plt.close("all")
