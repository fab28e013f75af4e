"""Sleep: the hypnogram, the lengths of its phases, and what is below it."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.plotting import plot_sleep


def names_of(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


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
