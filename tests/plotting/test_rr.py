"""Tachogram and Poincare plot: what follows what, and which beats are doubted."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_rr
from hexoframe.plotting.artists import LiveLine

# Beats 3 and 4 have lost beats between them.
TICKS = np.array([0, 200, 420, 680, 1800, 2010, 2240])
INTERVALS = np.array([0, 200, 220, 260, 190, 210, 230]) / 256


def frames_of(frames, flags=(0, 0, 0, 0, 0, 0, 0)):
    at = frames.second * 256 + TICKS
    return (
        frames.at("rr_interval", at, INTERVALS),
        frames.at("rr_interval_quality", at, flags),
    )


def dots_of(axes):
    """Points of the Poincare plot, the faint and the others."""
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    return [list(zip(*line.get_data(), strict=True)) for line in dots]


def test_intervals_stand_at_their_beats(frames):
    rr, quality = frames_of(frames)
    _, (tachogram, _) = plot_rr(rr, quality=quality)
    (line,) = [line for line in tachogram.lines if isinstance(line, LiveLine)]
    x, y = frames.seconds(line.get_xdata()), line.get_ydata()
    known = ~np.isnan(y)
    np.testing.assert_allclose(x[known], TICKS[1:] / 256, atol=1e-5)
    np.testing.assert_array_equal(y[known], INTERVALS[1:])
    assert np.flatnonzero(~known).tolist() == [3]
    assert tachogram.get_ylabel() == "RR interval (s)"


def test_lost_beats_are_shaded(frames, shades):
    rr, _ = frames_of(frames)
    _, (tachogram, _) = plot_rr(rr)
    ((start, end),) = shades(tachogram)["absent"]
    assert (start, end) == pytest.approx((680 / 256, 1610 / 256), abs=1e-4)


def test_beats_are_marked_by_the_gravest_of_their_flags(frames):
    rr, quality = frames_of(frames, [128, 0, 1, 129, 128, 0, 0])
    _, (tachogram, _) = plot_rr(rr, quality=quality)
    marks = {
        line.get_label(): (frames.seconds(line.get_xdata()), line.get_ydata())
        for line in tachogram.lines
        if line.get_linestyle() == "None"
    }
    assert set(marks) == {"Noisy", "Unreliable"}
    np.testing.assert_allclose(marks["Noisy"][0], [420 / 256], atol=1e-5)
    np.testing.assert_array_equal(marks["Noisy"][1], [220 / 256])
    # The first beat has no interval to be marked.
    np.testing.assert_allclose(
        marks["Unreliable"][0], [680 / 256, 1800 / 256], atol=1e-5
    )
    told = [text.get_text() for text in tachogram.get_legend().get_texts()]
    assert told == ["Noisy", "Unreliable"]


def test_points_are_intervals_that_follow_each_other(frames):
    rr, quality = frames_of(frames)
    _, (_, poincare) = plot_rr(rr, quality=quality)
    faint, sure = dots_of(poincare)
    s = INTERVALS
    assert faint == []
    assert sure == [(s[1], s[2]), (s[2], s[3]), (s[4], s[5]), (s[5], s[6])]
    assert poincare.get_xlabel() == "interval n (s)"
    assert poincare.get_ylabel() == "interval n + 1 (s)"
    assert poincare.get_xlim() == poincare.get_ylim()


def test_points_with_a_doubted_interval_are_faint(frames):
    rr, quality = frames_of(frames, [0, 0, 0, 0, 0, 1, 0])
    _, (_, poincare) = plot_rr(rr, quality=quality)
    faint, sure = dots_of(poincare)
    s = INTERVALS
    assert faint == [(s[4], s[5]), (s[5], s[6])]
    assert sure == [(s[1], s[2]), (s[2], s[3])]


def test_flags_of_other_beats_are_not_taken(frames):
    rr, quality = frames_of(frames, [128] * 7)
    some = quality.iloc[[2]]
    _, (tachogram, poincare) = plot_rr(rr, quality=some)
    (marks,) = [line for line in tachogram.lines if line.get_linestyle() == "None"]
    assert len(marks.get_xdata()) == 1
    assert len(dots_of(poincare)[0]) == 2
    _, (tachogram, _) = plot_rr(rr, quality=quality.iloc[:0])
    assert not [one for one in tachogram.lines if one.get_linestyle() == "None"]


def test_intervals_of_a_shirt_are_those_between_its_beats(shirt, record):
    _, (tachogram, _) = record.plot("rr")
    (line,) = [line for line in tachogram.lines if isinstance(line, LiveLine)]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    known = ~np.isnan(y)
    found = dict(zip(np.rint(x[known] * 86_400 * 256), y[known], strict=True))
    true = dict(zip(shirt.beats[1:], np.diff(shirt.beats) / 256, strict=True))
    assert len(found) > 150
    same = [abs(true[tick] - value) < 1e-9 for tick, value in found.items()]
    # Behind a hole the device counts from the beat before it saw.
    assert np.mean(same) > 0.97


def test_no_intervals_are_said_to_be_none(frames, texts_of):
    rr, _ = frames_of(frames)
    figure, _ = plot_rr(rr.iloc[:0])
    told = texts_of(figure)
    assert "rr_interval: no intervals" in told
    assert "no two intervals" in told
    figure, _ = plot_rr(rr.iloc[:1])
    assert "rr_interval: no intervals" in texts_of(figure)


def test_two_axes_are_drawn_on(frames):
    rr, _ = frames_of(frames)
    figure, axes = plt.subplots(2)
    given, drawn = plot_rr(rr, ax=axes)
    assert given is figure
    assert list(drawn) == list(axes)
    with pytest.raises(ConfigurationError, match="plot_rr draws 2 panels here"):
        plot_rr(rr, ax=axes[0])


def test_intervals_that_are_no_measurement_are_in_neither_picture(frames):
    at = frames.second * 256 + TICKS
    wrong = INTERVALS.copy()
    wrong[[2, 5]] = 65_535 / 256, -1.0
    quality = frames.at("rr_interval_quality", at, [0, 0, 1, 0, 0, 1, 0])
    rr = frames.at("rr_interval", at, wrong)
    _, (tachogram, poincare) = plot_rr(rr, quality=quality)
    (line,) = [line for line in tachogram.lines if isinstance(line, LiveLine)]
    known = line.get_ydata()[~np.isnan(line.get_ydata())]
    np.testing.assert_array_equal(known, INTERVALS[[1, 3, 4, 6]])
    marked = [one for one in tachogram.lines if one.get_linestyle() == "None"]
    assert not any(len(one.get_xdata()) for one in marked)
    assert poincare.get_xlim()[1] < 2
