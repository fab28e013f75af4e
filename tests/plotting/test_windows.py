"""Which part of a frame is drawn, of which channel, and which samples are joined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.plotting import plot_channel
from hexoframe.plotting.artists import LiveLine


def lines_of(axes):
    return [line for line in axes.lines if isinstance(line, LiveLine)]


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        (None, None, (1, 600)),
        ("90s", None, (91, 600)),
        (pd.Timedelta("2min"), "30s", (121, 151)),
        ("0s", "30s", (1, 31)),
        (pd.Timestamp("2022-11-04T23:31:49Z"), "1min", (120, 180)),
        ("2022-11-05T00:31:49+01:00", pd.Timedelta("5s"), (120, 125)),
    ],
)
def test_start_is_a_time_or_a_length_behind_the_first_row(
    frames, start, duration, expected
):
    frame = frames.regular("heart_rate", np.arange(600) % 90)
    _, axes = plot_channel(frame, start=start, duration=duration)
    limits = frames.seconds(axes.get_xlim())
    assert limits == pytest.approx(expected, abs=1e-4)
    (line,) = lines_of(axes)
    x = frames.seconds(line.get_xdata())
    assert x.min() >= expected[0] - 1e-4
    assert x.max() <= expected[1] + 1e-4


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"start": "2022-11-04 23:31:49"}, TimestampError),
        ({"start": pd.Timestamp("2022-11-04T23:31:49")}, TimestampError),
        ({"start": "tomorrow"}, TimestampError),
        ({"start": 1_667_604_589}, TimestampError),
        ({"duration": "soon"}, ConfigurationError),
        ({"duration": 0}, ConfigurationError),
        ({"duration": "-3s"}, ConfigurationError),
    ],
)
def test_wrong_time_is_refused(frames, wrong, error):
    with pytest.raises(error):
        plot_channel(frames.regular("heart_rate", [70] * 10), **wrong)


@pytest.mark.parametrize("what", ["ecg", "heart_rate", "overview", None])
def test_a_part_outside_the_record_is_refused_with_its_span(samples, what):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    for start in ("2h", record.end, record.start - pd.Timedelta("1h")):
        with pytest.raises(
            TimestampError, match=r"nothing of the record at .*22:00:00"
        ):
            record.plot(what, start=start, duration="10s")


def test_one_sample_is_a_dot_in_the_middle(frames):
    _, axes = plot_channel(frames.regular("heart_rate", [80]))
    (line,) = lines_of(axes)
    assert line.get_ydata()[line.get_markevery()].tolist() == [80]
    assert frames.seconds(axes.get_xlim()) == pytest.approx((0.5, 1.5), abs=1e-4)


def test_frame_that_lost_its_facts_is_known_by_its_columns(frames):
    frame = frames.regular("heart_rate", np.arange(60))
    smooth = frame.rolling(5).mean()
    smooth.attrs = {}
    _, axes = plot_channel(smooth)
    assert axes.get_ylabel() == "Heart rate\n(bpm)"
    (line,) = lines_of(axes)
    np.testing.assert_allclose(line.get_ydata(), np.arange(2, 58))


def test_frame_of_fewer_samples_is_still_joined(frames):
    frame = frames.regular("ecg", np.sin(np.arange(2560)))
    for fewer in (frame.iloc[::16], frame.resample("1s").mean()):
        _, axes = plot_channel(fewer)
        (line,) = lines_of(axes)
        assert len(line.get_ydata()) == len(fewer)
        assert not np.isnan(line.get_ydata()).any()


def test_intervals_are_joined_from_beat_to_beat_and_not_over_lost_beats(frames):
    ticks = frames.second * 256 + np.array([256, 512, 768, 2048, 2304])
    _, axes = plot_channel(frames.at("rr_interval", ticks, [0, 1, 1, 1, 1]))
    (line,) = lines_of(axes)
    x, y = frames.seconds(line.get_xdata()), line.get_ydata()
    # The first beat has no interval; beats were lost between 3 s and 7 s.
    assert y[~np.isnan(y)].tolist() == [1, 1, 1, 1]
    np.testing.assert_allclose(x[~np.isnan(y)], [2, 3, 8, 9], atol=1e-5)
    assert np.flatnonzero(np.isnan(y)).tolist() == [2]


def test_intervals_in_counts_are_joined_alike(frames):
    ticks = frames.second * 256 + np.array([256, 512, 768, 2048, 2304])
    frame = frames.at("rr_interval", ticks, [0, 256, 256, 256, 256], scale="raw")
    _, axes = plot_channel(frame)
    (line,) = lines_of(axes)
    assert np.flatnonzero(np.isnan(line.get_ydata())).tolist() == [2]
    assert axes.get_ylabel() == "RR interval\n(counts)"
