"""Panels: lines that break at gaps, dots that are not joined, codes and shades."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from hexoframe.plotting import plot_channel
from hexoframe.plotting.artists import LiveEnvelope, LiveLine


def lines_of(axes):
    return [line for line in axes.lines if isinstance(line, LiveLine)]


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
        "not measured (no signal, sensor off) or not worn",
        "doubtful: flagged, clipped, implausible, handled",
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
        ("minute_ventilation", "Minute\nventilation\n(L/min)"),
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


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("heart_rate", [70, 71, 70]),
        ("cadence", [0, 1, 0]),
        ("breathing_rate", [9, 9, 9]),
    ],
)
def test_ticks_of_whole_numbers_are_whole_numbers(frames, name, values):
    figure, axes = plot_channel(frames.regular(name, values * 20))
    figure.canvas.draw()
    told = [
        text.get_text().replace("\N{MINUS SIGN}", "-")
        for text in axes.get_yticklabels()
    ]
    assert len(told) >= 2
    assert all(text.lstrip("-").isdigit() for text in told)


def test_counts_have_whole_ticks_and_nothing_is_to_be_added_to_them(frames):
    ticks = frames.second * 256 + np.arange(2560)
    frame = frames.at("ecg", ticks, 24_000 + np.arange(2560) % 2, scale="raw")
    figure, axes = plot_channel(frame)
    figure.canvas.draw()
    assert axes.yaxis.get_offset_text().get_text() == ""
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert {"24000", "24001"} <= set(shown)


def test_volumes_are_drawn_in_litres_and_frames_keep_millilitres(frames):
    frame = frames.regular("tidal_volume", [500.0, 750.0] * 30)
    _, axes = plot_channel(frame)
    assert axes.get_ylabel() == "Tidal volume\n(L)"
    assert set(lines_of(axes)[0].get_ydata()) == {0.5, 0.75}
    assert set(frame["tidal_volume"]) == {500, 750}
    raw = frames.at("tidal_volume", [frames.second * 256], [43.0], scale="raw")
    assert plot_channel(raw)[1].get_ylabel() == "Tidal volume\n(counts)"


def test_hours_of_a_waveform_are_an_envelope_and_a_zoom_is_the_line(frames):
    values = np.zeros(3600 * 128)
    values[::128] = 200.0
    values[1::128] = -100.0
    values[900 * 128] = 999.0
    columns = {"respiration_thoracic": values + 24_000}
    ticks = frames.second * 256 + np.arange(len(values)) * 2
    frame = frames.at("respiration", ticks, columns)[["respiration_thoracic"]]
    figure, axes = plot_channel(frame)
    (line,) = lines_of(axes)
    (fill,) = [one for one in axes.collections if isinstance(one, LiveEnvelope)]
    assert (line.get_visible(), fill.get_visible()) == (False, True)
    # No spike is lost: the fill holds all samples, the lines what is typical.
    heights = np.concatenate([path.vertices[:, 1] for path in fill.get_paths()])
    assert (heights.min(), heights.max()) == (23_900, 24_999)
    segments = fill.typical.get_segments()
    assert {float(y) for segment in segments for y in segment[:, 1]} == {23_900, 24_200}
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["all samples", "median of the\nextremes in 10 s"]
    axes.set_xlim(*frames.days([1000, 1060]))
    figure.canvas.draw()
    assert (line.get_visible(), fill.get_visible()) == (True, False)
    assert not fill.typical.get_visible()


def test_envelope_is_not_drawn_over_a_hole(frames):
    ticks = frames.second * 256 + np.arange(3600 * 128) * 2
    kept = np.r_[0 : 1000 * 128, 2000 * 128 : len(ticks)]
    wave = 24_000 + 50 * np.sin(np.arange(len(ticks)) / 60)
    frame = frames.at("respiration", ticks[kept], {"respiration_thoracic": wave[kept]})
    _, axes = plot_channel(frame[["respiration_thoracic"]])
    (fill,) = [one for one in axes.collections if isinstance(one, LiveEnvelope)]
    spans = [frames.seconds(path.vertices[:, 0]) for path in fill.get_paths()]
    for span in (
        *spans,
        *(frames.seconds(s[:, 0]) for s in fill.typical.get_segments()),
    ):
        assert span.max() < 1015 or span.min() > 1985
    assert len(spans) == 2
