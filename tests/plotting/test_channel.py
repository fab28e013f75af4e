"""Any channel: lines that break at gaps, dots that are never joined, states, flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import hexoframe
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


def test_line_is_broken_at_a_gap_and_the_gap_is_shaded(frames, shades):
    frame = frames.regular("heart_rate", range(70, 90), skip=range(8, 12))
    _, axes = plot_channel(frame)
    (line,) = lines_of(axes)
    heights = line.get_ydata()
    assert np.flatnonzero(np.isnan(heights)).tolist() == [8]
    assert heights[7] == 77
    assert heights[9] == 82
    ((start, end),) = shades(axes)["absent"]
    assert (start, end) == pytest.approx((8, 12), abs=1e-5)


def test_no_signal_is_shaded_and_not_drawn(frames, shades):
    values = np.full(1280, 24_000.0)
    values[256:512] = 0
    _, axes = plot_channel(frames.regular("respiration", values))
    thoracic, abdominal = lines_of(axes)
    for line in (thoracic, abdominal):
        assert np.nanmin(line.get_ydata()) == 24_000
        assert np.isnan(line.get_ydata()).sum() == 1
    ((start, end),) = shades(axes)["absent"]
    assert (start, end) == pytest.approx((2, 4), abs=1e-5)


def test_spans_of_the_caller_are_shaded_by_what_they_mean(frames, shades):
    spans = pd.DataFrame(
        {
            "start": [
                frames.time(2),
                frames.time(3),
                frames.time(4.5),
                frames.time(50),
            ],
            "end": [frames.time(4), frames.time(5), frames.time(6), frames.time(60)],
            "reason": ["disconnected", "movement", "movement", "movement"],
            "absent": [True, False, False, False],
        }
    )
    figure, axes = plot_channel(frames.regular("heart_rate", [80] * 10), shade=spans)
    found = shades(axes)
    assert np.array(found["absent"]) == pytest.approx(np.array([(2, 4)]), abs=1e-5)
    # Spans that overlap are one; those outside are none.
    assert np.array(found["doubtful"]) == pytest.approx(np.array([(3, 6)]), abs=1e-5)
    (legend,) = figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == [
        "nothing measured: no samples, no signal, sensor off",
        "doubtful: flagged or clipped",
    ]


def test_limits_are_those_of_what_was_measured(frames):
    values = np.full(2560, 1.0)
    values[256:512] = 17.5
    values[1024] = 2.0
    spans = pd.DataFrame(
        {
            "start": [frames.time(0.9)],
            "end": [frames.time(2.1)],
            "reason": ["disconnected"],
            "absent": [True],
        }
    )
    _, axes = plot_channel(frames.regular("ecg", values), shade=spans)
    (line,) = lines_of(axes)
    assert np.nanmax(line.get_ydata()) == 17.5
    assert axes.get_ylim()[1] < 3


def test_axis_of_what_cannot_be_negative_begins_at_zero(frames):
    _, axes = plot_channel(frames.regular("cadence", [0] * 9))
    low, high = axes.get_ylim()
    # A line of zeros stands a little above the axis, so that it is seen.
    assert -0.06 * high < low < 0
    least, most = plot_channel(frames.regular("cadence", [0, 113] * 9))[1].get_ylim()
    assert (least < 0, most > 113) == (True, True)
    change = plot_channel(frames.regular("cadence", [-9, 0] * 9))[1]
    assert change.get_ylim()[0] < -9


def test_events_are_dots_and_never_joined(frames):
    ticks = frames.second * 256 + np.array([100, 900, 1700, 9000])
    _, axes = plot_channel(frames.at("inspiration", ticks, [5, 6, 7, 8]))
    (dots,) = axes.lines
    assert dots.get_linestyle() == "None"
    assert dots.get_ydata().tolist() == [5, 6, 7, 8]
    expected = np.array([100, 900, 1700, 9000]) / 256
    np.testing.assert_allclose(frames.seconds(dots.get_xdata()), expected, atol=1e-5)


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


def test_states_are_bars_from_change_to_change(frames):
    seconds = np.array([0, 10, 30, 50, 70])
    ticks = (frames.second + seconds) * 256
    frame = frames.at("sleep_phase", ticks, [np.nan, 6, 2, 5, np.nan])
    _, axes = plot_channel(frame)
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["NREM", "REM", "Awake"]
    bars = {}
    for collection in axes.collections:
        for path in collection.get_paths():
            if len(path.vertices) > 2:
                x = frames.seconds(path.vertices[:, 0])
                row = round(path.vertices[:, 1].mean(), 6)
                bars[names[round(row)]] = (round(x.min(), 3), round(x.max(), 3))
    assert bars == {"Awake": (10, 30), "NREM": (30, 50), "REM": (50, 70)}


def test_part_of_a_night_begins_with_the_state_that_holds(frames):
    ticks = (frames.second + np.array([0, 60])) * 256
    frame = frames.at("sleep_position", ticks, [4, 2])
    _, axes = plot_channel(frame, start="20s", duration="20s")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["P4"]
    ((path,),) = [c.get_paths() for c in axes.collections if len(c.get_paths())]
    x = frames.seconds(path.vertices[:, 0])
    assert (x.min(), x.max()) == pytest.approx((20, 40), abs=1e-5)


def test_flags_are_rows_of_their_names_and_bars_of_their_seconds(frames):
    values = [0, 2, 2, 18, 0, 0, 16, 0, 64, 0]
    _, axes = plot_channel(frames.regular("heart_rate_quality", values))
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["64", "Movement", "Disconnected"]
    bars = {name: [] for name in names}
    for collection in axes.collections:
        for path in collection.get_paths():
            x = frames.seconds(path.vertices[:, 0])
            bars[names[round(path.vertices[:, 1].mean())]].append(
                (round(x.min(), 3), round(x.max(), 3))
            )
    assert bars == {
        "Disconnected": [(1, 4)],
        "Movement": [(3, 4), (6, 7)],
        "64": [(8, 9)],
    }


def test_label_has_the_name_and_the_unit(frames):
    for name, label in (
        ("heart_rate", "Heart rate\n(bpm)"),
        ("minute_ventilation", "Minute\nventilation\n(mL/min)"),
        ("ecg", "ECG I\n(mV)"),
        ("respiration", "Respiration\n(counts)"),
        ("resp_tmpr", "Resp tmpr\n(°C)"),
        ("heart_rate_quality", "Heart rate\nquality"),
    ):
        _, axes = plot_channel(frames.regular(name, [1.0] * 300))
        assert axes.get_ylabel() == label


def test_lines_of_several_columns_are_named(frames):
    _, axes = plot_channel(frames.regular("acceleration", np.arange(640) % 7))
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["X", "Y", "Z"]
    lightness = [
        sum(plt.matplotlib.colors.to_rgb(line.get_color())) for line in lines_of(axes)
    ]
    # A grey print tells them apart.
    assert np.diff(lightness).min() > 0.3


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
        ({"start": "tomorrow"}, ConfigurationError),
        ({"start": 90}, TimestampError),
        ({"duration": "soon"}, ConfigurationError),
        ({"duration": 90}, ConfigurationError),
        ({"duration": "-3s"}, ConfigurationError),
    ],
)
def test_wrong_time_is_refused(frames, wrong, error):
    with pytest.raises(error):
        plot_channel(frames.regular("heart_rate", [70] * 10), **wrong)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_without_samples_says_so(family, texts_of):
    for name, channel in channels_of(family).items():
        figure, axes = plot_channel(empty_frame(channel))
        assert f"{name}: no samples" in texts_of(figure)
        assert not axes.lines
        plt.close(figure)


def test_channel_without_a_measured_value_says_so(frames, texts_of):
    figure, _ = plot_channel(frames.regular("heart_rate", [np.nan] * 5))
    assert "heart_rate: no measured value" in texts_of(figure)
    figure, _ = plot_channel(frames.regular("respiration", [0] * 500))
    assert "respiration: no measured value" in texts_of(figure)
    figure, _ = plot_channel(frames.regular("heart_rate_quality", [0] * 5))
    assert "heart_rate_quality: no flag is set" in texts_of(figure)
    frame = frames.regular("heart_rate", [80] * 5)
    figure, _ = plot_channel(frame, start="60s", duration="60s")
    assert "heart_rate: no samples in this part of time" in texts_of(figure)


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
