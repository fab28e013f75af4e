"""Tachogram and Poincare plot: what follows what, and which beats are doubted."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_rr
from hexoframe.plotting.artists import EdgeMarks, LiveLine

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


def rugs_of(axes):
    """Marks of flagged beats at the foot of the tachogram."""
    return [line for line in axes.lines if line.get_marker() == "|"]


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
    marks = {line.get_label(): line for line in rugs_of(tachogram)}
    assert list(marks) == ["Noisy (1)", "Unreliable (2)"]
    noisy, unreliable = (frames.seconds(mark.get_xdata()) for mark in marks.values())
    np.testing.assert_allclose(noisy, [420 / 256], atol=1e-5)
    # The first beat has no interval to be marked.
    np.testing.assert_allclose(unreliable, [680 / 256, 1800 / 256], atol=1e-5)
    told = [text.get_text() for text in tachogram.get_legend().get_texts()]
    assert told == list(marks)


def test_rugs_lie_below_the_curve_and_the_curve_leaves_flagged_beats_out(frames):
    rr, quality = frames_of(frames, [128, 0, 1, 0, 0, 128, 0])
    figure, (tachogram, _) = plot_rr(rr, quality=quality)
    figure.canvas.draw()
    (line,) = [line for line in tachogram.lines if isinstance(line, LiveLine)]
    y = np.asarray(line.get_ydata())
    # None of them follows another without a flagged or a lost beat between.
    expected = [INTERVALS[1], np.nan, INTERVALS[3], np.nan, INTERVALS[4], np.nan]
    np.testing.assert_array_equal(y, [*expected, INTERVALS[6]])
    low, high = tachogram.get_ylim()
    least = (np.nanmin(y) - low) / (high - low)
    for mark in rugs_of(tachogram):
        assert max(mark.get_ydata()) < least - 0.03


def test_interval_that_nobody_has_is_beyond_the_axis_and_marked_there(frames):
    rr = np.full(2000, 0.8)
    rr[1::2] = 0.9
    rr[[500, 1200]] = 2.4, 0.31
    ticks = frames.second * 256 + np.cumsum(np.rint(rr * 256).astype(int))
    _, (tachogram, _) = plot_rr(
        frames.at("rr_interval", ticks, np.rint(rr * 256) / 256)
    )
    low, high = tachogram.get_ylim()
    assert 0.7 < low < 0.8
    assert 0.9 < high < 1.0
    up, down = [one for one in tachogram.lines if isinstance(one, EdgeMarks)]
    for mark, row, at in ((up, 500, 1), (down, 1200, 0)):
        x = frames.seconds(mark.get_xdata())
        second = ticks[row] / 256 - frames.second
        np.testing.assert_allclose(x, [second], atol=1e-3)
        assert mark.get_ydata()[0] == pytest.approx(at, abs=0.02)


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
    (marks,) = rugs_of(tachogram)
    assert len(marks.get_xdata()) == 1
    assert len(dots_of(poincare)[0]) == 2
    _, (tachogram, _) = plot_rr(rr, quality=quality.iloc[:0])
    assert not rugs_of(tachogram)


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
    assert not rugs_of(tachogram)
    assert poincare.get_xlim()[1] < 2
