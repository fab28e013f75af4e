"""Activity: panels of its own on one time axis, and shades in theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_activity
from hexoframe.plotting.artists import LiveLine


def test_activity_stands_above_what_is_given_beside_it(frames):
    activity = frames.regular("activity", np.linspace(0, 0.4, 60))
    cadence = frames.regular("cadence", np.full(60, 110))
    steps = frames.at(
        "step", (frames.second + np.arange(1, 50)) * 256, np.full(49, 22_000.0)
    )
    figure, axes = plot_activity(activity, cadence, steps)
    labels = [one.get_ylabel() for one in axes]
    assert labels == ["Activity\n(g)", "Cadence\n(steps/min)", "Step\n(counts)"]
    assert len(axes[2].lines) == 1
    assert axes[2].lines[0].get_linestyle() == "None"
    # Only the lowest panel carries the time axis.
    assert [one.xaxis.get_visible() for one in axes] == [False, False, True]
    assert axes[2].get_xlabel() == "time (UTC)"
    assert len(figure.axes) == 3


def test_zoom_of_one_panel_is_the_zoom_of_all(frames):
    activity = frames.regular("activity", np.arange(600) % 7)
    cadence = frames.regular("cadence", np.arange(600) % 9)
    _, axes = plot_activity(activity, cadence)
    axes[0].set_xlim(*frames.days([100, 200]))
    (line,) = [one for one in axes[1].lines if isinstance(one, LiveLine)]
    assert axes[1].get_xlim() == axes[0].get_xlim()
    x = frames.seconds(line.get_xdata())
    assert ((x > 100) & (x < 200)).sum() >= 99


def test_as_many_axes_as_panels_are_needed(frames):
    activity = frames.regular("activity", np.arange(60))
    with pytest.raises(ConfigurationError, match="plot_activity draws 2 panels here"):
        plot_activity(activity, activity, ax=plt.subplots()[1])
    axes = plt.subplots(2)[1]
    drawn = plot_activity(activity, activity, ax=axes)[1]
    assert list(drawn) == list(axes)


def test_spans_are_shaded_in_the_panel_of_their_channel(frames, shades):
    activity = frames.regular("activity", np.arange(60) % 5)
    cadence = frames.regular("cadence", np.arange(60) % 5)
    spans = pd.DataFrame(
        {
            "start": [frames.time(10)],
            "end": [frames.time(20)],
            "reason": ["x"],
            "absent": [False],
        }
    )
    _, axes = plot_activity(activity, cadence, shades={"cadence": spans})
    assert shades(axes[0]) == {}
    ((start, end),) = shades(axes[1])["doubtful"]
    assert (start, end) == pytest.approx((10, 20), abs=1e-4)
