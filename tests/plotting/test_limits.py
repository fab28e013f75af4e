"""Limits from the values that may be believed, and marks for what lies beyond."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from hexoframe.plotting import plot_channel
from hexoframe.plotting.artists import EdgeMarks, LiveLine
from hexoframe.plotting.limits import fair_limits, mark_beyond


def spans_of(frames, *spans):
    """Return spans (from, to, absent), in s of the record, as `bad_spans` has them."""
    return pd.DataFrame(
        {
            "start": [frames.time(start) for start, *_ in spans],
            "end": [frames.time(end) for _, end, _ in spans],
            "reason": "movement",
            "absent": [absent for *_, absent in spans],
        }
    )


def marks_of(axes, frames):
    """Return the seconds of the marks at the upper and at the lower edge."""
    found = {"^": [], "v": []}
    for line in axes.lines:
        if isinstance(line, EdgeMarks):
            found[line.get_marker()] += frames.seconds(line.get_xdata()).tolist()
    return found["^"], found["v"]


def test_limits_hold_all_values_unless_a_few_would_flatten_the_others():
    values = np.linspace(60, 100, 1000)
    assert fair_limits(values) == pytest.approx((58, 102))
    # One in a thousand beyond, but not by far.
    assert fair_limits(np.append(values, 120))[1] > 120
    low, high = fair_limits(np.append(values, [-900.0, 2000.0]))
    nearly = np.quantile(values, [0.005, 0.995])
    assert low < nearly[0] < nearly[1] < high
    assert (low, high) == pytest.approx((48, 112), abs=3)
    # 0.5 % at either end may be left out, and not more.
    some = np.concatenate((values, np.full(8, 2000.0)))
    assert fair_limits(some)[1] > 2000


def test_few_values_beside_a_constant_are_what_there_is_to_see():
    assert fair_limits(np.append(np.zeros(10_000), 113.0))[1] > 113
    low, high = fair_limits(np.full(9, 0.8))
    assert low < 0.8 < high < 1


def test_doubtful_values_do_not_set_the_limits_and_are_marked_beyond_them(frames):
    values = np.tile([10_000.0, 14_000.0], 300)
    values[100:110] = 240_000
    values[200:203] = 90_000
    values[300:304] = 0
    shade = spans_of(frames, (100, 110, False), (200, 204, True), (300, 304, False))
    _, axes = plot_channel(frames.regular("minute_ventilation", values), shade=shade)
    low, high = axes.get_ylim()
    assert (low, high) == pytest.approx((9.8, 14.2))
    up, down = marks_of(axes, frames)
    assert up
    # Nothing was measured where the signal was absent.
    assert all(100 <= second <= 111 for second in up)
    assert all(300 <= second <= 305 for second in down)
    (legend,) = axes.figure.legends
    assert legend.get_texts()[0].get_text() == "beyond the axis"
    # The line itself holds every value.
    (line,) = [one for one in axes.lines if isinstance(one, LiveLine)]
    assert np.nanmax(line.get_ydata()) == 240


def test_frame_alone_tells_of_implausible_values(frames, shades):
    values = np.full(600, 12_000.0)
    values[50:60] = 240_000
    _, axes = plot_channel(frames.regular("minute_ventilation", values))
    assert axes.get_ylim()[1] < 15
    ((start, end),) = shades(axes)["doubtful"]
    assert (start, end) == pytest.approx((50, 60), abs=1e-4)


def test_where_all_is_doubtful_the_limits_are_those_of_what_was_measured(frames):
    values = np.tile([60.0, 80.0], 50)
    values[10:20] = 220
    shade = spans_of(frames, (0, 101, False), (9, 21, True))
    _, axes = plot_channel(frames.regular("heart_rate", values), shade=shade)
    assert axes.get_ylim() == pytest.approx((59, 81))
    shade = spans_of(frames, (0, 101, True))
    _, axes = plot_channel(frames.regular("heart_rate", values), shade=shade)
    assert axes.get_ylim()[1] > 220


def test_peaks_of_the_ecg_are_within_the_limits_and_artefacts_are_not(frames):
    beat = np.zeros(256)
    beat[100:104] = [0.5, 1.2, 0.4, -0.2]
    values = np.tile(beat, 400)
    values[5000:5010] = 17.5
    _, axes = plot_channel(frames.regular("ecg", values))
    low, high = axes.get_ylim()
    assert 1.2 < high < 3
    assert -3 < low < -0.2
    up, down = marks_of(axes, frames)
    assert up == pytest.approx([5000 / 256], abs=0.5)
    assert not down


def test_marks_follow_a_zoom_and_dots_have_them_too(frames):
    figure, axes = plt.subplots(figsize=(6, 2))
    (dots,) = axes.plot(frames.days([10, 20, 30]), [1.0, 9.0, -9.0], "o")
    axes.set(xlim=frames.days([0, 40]), ylim=(-2, 2))
    mark_beyond(axes, [dots])
    up, down = marks_of(axes, frames)
    assert (up, down) == (pytest.approx([20], abs=1e-3), pytest.approx([30], abs=1e-3))
    axes.set_xlim(*frames.days([0, 25]))
    figure.canvas.draw()
    up, down = marks_of(axes, frames)
    assert (up, down) == (pytest.approx([20], abs=1e-3), [])
    axes.set_ylim(-10, 10)
    figure.canvas.draw()
    assert marks_of(axes, frames) == ([], [])


def test_marks_that_would_run_into_each_other_are_one(frames):
    figure, axes = plt.subplots(figsize=(6, 2), dpi=100)
    (dots,) = axes.plot(frames.days(np.arange(10_000)), np.full(10_000, 9.0), ".")
    axes.set(xlim=frames.days([0, 10_000]), ylim=(0, 1))
    mark_beyond(axes, [dots])
    up, _ = marks_of(axes, frames)
    assert 50 < len(up) <= axes.bbox.width / 5 + 1
    assert figure is axes.figure
