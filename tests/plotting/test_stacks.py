"""Respiration, sleep and activity: panels of their own on one time axis."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_activity, plot_respiration, plot_sleep
from hexoframe.plotting.artists import LiveLine, SparseMarks


def belts_of(frames, seconds=60):
    time = np.arange(seconds * 128) / 128
    ticks = frames.second * 256 + np.arange(seconds * 128) * 2
    wave = 24_000 + 50 * np.sin(2 * np.pi * time / 4)
    columns = {"respiration_thoracic": wave, "respiration_abdominal": wave - 9000}
    return frames.at("respiration", ticks, columns)


def events_of(frames, name, seconds):
    ticks = frames.second * 256 + np.rint(np.asarray(seconds) * 256).astype(int)
    return frames.at(name, ticks, np.full(len(ticks), 22_000.0))


def marks_of(axes):
    return {
        line.get_label(): line for line in axes.lines if isinstance(line, SparseMarks)
    }


def names_of(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


# --- respiration ----------------------------------------------------------------------


def test_belts_and_tidal_volume_have_panels_with_their_units(frames):
    volume = frames.regular("tidal_volume", np.full(60, 500))
    figure, axes = plot_respiration(belts_of(frames), tidal_volume=volume)
    assert len(axes) == 3
    assert [one.get_ylabel() for one in axes] == [
        "Respiration\nthoracic\n(counts)",
        "Respiration\nabdominal\n(counts)",
        "Tidal volume\n(mL)",
    ]
    assert len({one.get_xlim() for one in axes}) == 1
    assert len(figure.axes) == 3
    for one, value in zip(axes, (24_000, 15_000, 500), strict=True):
        (line,) = [line for line in one.lines if isinstance(line, LiveLine)]
        assert np.median(line.get_ydata()) == pytest.approx(value, abs=1)


def test_breaths_are_marked_on_the_belts_where_they_begin(frames):
    inhale, exhale = [1.0, 5.0, 9.0], [3.0, 7.0, 11.0]
    _, axes = plot_respiration(
        belts_of(frames),
        inspiration=events_of(frames, "inspiration", inhale),
        expiration=events_of(frames, "expiration", exhale),
    )
    for one, low in zip(axes, (0, 9000), strict=True):
        marks = marks_of(one)
        begins, ends = marks["inhaling begins"], marks["exhaling begins"]
        np.testing.assert_allclose(
            frames.seconds(begins.get_xdata()), inhale, atol=1e-4
        )
        np.testing.assert_allclose(frames.seconds(ends.get_xdata()), exhale, atol=1e-4)
        np.testing.assert_allclose(begins.get_ydata(), 24_050 - low)
        np.testing.assert_allclose(ends.get_ydata(), 23_950 - low)
    told = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert told == ["inhaling begins", "exhaling begins"]


def test_breath_in_a_gap_has_no_mark(frames):
    belts = belts_of(frames)
    belts.iloc[20 * 128 : 40 * 128] = 0
    inspiration = events_of(frames, "inspiration", [10, 30, 50])
    _, axes = plot_respiration(belts, inspiration=inspiration)
    x = marks_of(axes[0])["inhaling begins"].get_xdata()
    np.testing.assert_allclose(frames.seconds(x), [10, 50], atol=1e-4)


def test_breaths_without_room_are_neither_drawn_nor_explained(frames):
    many = events_of(frames, "inspiration", np.arange(0.1, 59, 0.1))
    _, axes = plot_respiration(belts_of(frames), inspiration=many)
    assert not marks_of(axes[0])["inhaling begins"].has_room()
    assert axes[0].get_legend() is None
    axes[0].set_xlim(*frames.days([10, 13]))
    assert marks_of(axes[0])["inhaling begins"].has_room()


def test_breaths_of_a_shirt_are_marked_where_it_breathed(shirt, record):
    _, axes = record.plot("respiration", start="10s", duration="40s")
    marks = marks_of(axes[0])["inhaling begins"].get_xdata()
    ticks = np.rint(np.asarray(marks) * 86_400 * 256).astype(int)
    first, last = shirt.start + 10 * 256, shirt.start + 50 * 256
    true = shirt.breaths[(shirt.breaths >= first) & (shirt.breaths <= last)]
    # The device finds a turn of the belts within half a second.
    assert len(ticks) >= 6
    nearest = np.abs(ticks[:, None] - true[None, :]).min(axis=1)
    assert nearest.max() <= 128


# --- sleep ----------------------------------------------------------------------------


def test_hypnogram_has_a_row_a_phase_and_the_length_of_each(frames, texts_of):
    seconds = np.array([0, 600, 4200, 5400, 7200, 9000])
    ticks = (frames.second + seconds) * 256
    phases = frames.at("sleep_phase", ticks, [6, 2, 5, 2, 6, np.nan])
    figure, axes = plot_sleep(phases)
    assert names_of(axes) == ["NREM", "REM", "Awake"]
    told = texts_of(figure)
    for length in ("40 min", "20 min", "1 h 30 min"):
        assert length in told


def test_other_channels_stand_below_the_hypnogram(frames):
    ticks = (frames.second + np.array([0, 60])) * 256
    phases = frames.at("sleep_phase", ticks, [2, 5])
    position = frames.at("sleep_position", ticks, [1, 4])
    rate = frames.regular("heart_rate", np.full(60, 55))
    _, axes = plot_sleep(phases, position, rate, duration="100s")
    labels = [one.get_ylabel() for one in axes]
    assert labels == ["Sleep phase", "Sleep position", "Heart rate\n(bpm)"]
    assert names_of(axes[1]) == ["P1", "P4"]
    assert frames.seconds(axes[0].get_xlim()) == pytest.approx((0, 100), abs=1e-4)


def test_night_without_phases_says_so(frames, texts_of):
    phases = frames.at("sleep_phase", [frames.second * 256], [np.nan])
    figure, _ = plot_sleep(phases.iloc[:0])
    assert "sleep_phase: no samples" in texts_of(figure)
    figure, _ = plot_sleep(phases)
    assert "sleep_phase: no measured value" in texts_of(figure)


def test_short_phases_are_told_in_seconds(frames, texts_of):
    ticks = (frames.second + np.array([0, 20, 200])) * 256
    figure, _ = plot_sleep(frames.at("sleep_phase", ticks, [6, 2, np.nan]))
    told = texts_of(figure)
    assert "20 s" in told
    assert "3 min 00 s" in told


# --- activity -------------------------------------------------------------------------


def test_activity_stands_above_what_is_given_beside_it(frames):
    activity = frames.regular("activity", np.linspace(0, 0.4, 60))
    cadence = frames.regular("cadence", np.full(60, 110))
    steps = events_of(frames, "step", np.arange(1, 50))
    figure, axes = plot_activity(activity, cadence, steps)
    labels = [one.get_ylabel() for one in axes]
    assert labels == ["Activity\n(g)", "Cadence\n(spm)", "Step\n(counts)"]
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
