"""Any channel: its samples, drawn into new axes or those of the caller."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.plotting import plot_channel
from hexoframe.plotting.artists import LiveLine
from hexoframe.recording.frames import empty_frame


def lines_of(axes):
    return [line for line in axes.lines if isinstance(line, LiveLine)]


def test_line_has_the_samples_of_the_frame(frames):
    values = [70, 72, 75, 71, 69]
    figure, axes = plot_channel(frames.regular("heart_rate", values))
    (line,) = lines_of(axes)
    assert axes.figure is figure
    np.testing.assert_allclose(frames.seconds(line.get_xdata()), range(1, 6), atol=1e-5)
    assert line.get_ydata().tolist() == values
    np.testing.assert_allclose(frames.seconds(axes.get_xlim()), [1, 5], atol=1e-5)
    low, high = axes.get_ylim()
    assert low < 69
    assert high > 75


@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_without_samples_says_so(family, texts_of):
    for name, channel in channels_of(family).items():
        figure, axes = plot_channel(empty_frame(channel))
        assert f"{name}: no samples" in texts_of(figure)
        assert not axes.lines
        plt.close(figure)


def test_axes_of_the_caller_are_drawn_on_and_given_back(frames):
    figure, (left, right) = plt.subplots(1, 2)
    given, axes = plot_channel(frames.regular("heart_rate", [70, 80]), ax=right)
    assert given is figure
    assert axes is right
    assert not left.lines
    assert not figure.legends
    assert right.get_ylabel() == "Heart rate\n(bpm)"


def test_wrong_frames_and_axes_are_refused(frames):
    frame = frames.regular("heart_rate", [70, 80])
    with pytest.raises(ConfigurationError, match=r"plot_channel .*DataFrame.* not str"):
        plot_channel("heart_rate")
    with pytest.raises(TimestampError, match="index of times with a zone"):
        plot_channel(frame.reset_index(drop=True))
    with pytest.raises(TimestampError, match="index of times with a zone"):
        plot_channel(frame.tz_localize(None))
    with pytest.raises(ConfigurationError, match=r"\['mine'\].*not those of a channel"):
        plot_channel(pd.DataFrame({"mine": frame["heart_rate"]}))
    with pytest.raises(ConfigurationError, match="give ax= 1 Axes, not 2"):
        plot_channel(frame, ax=plt.subplots(1, 2)[1])
    with pytest.raises(ConfigurationError, match="not 1 of str"):
        plot_channel(frame, ax="here")


def test_frame_is_left_as_it_was(frames):
    frame = frames.regular("respiration", np.r_[np.zeros(99), np.arange(1000)])
    before = frame.copy()
    plot_channel(frame, start="1s", duration="3s")
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == before.attrs
