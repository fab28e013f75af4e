"""Respiration: belts, and breaths where they begin."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.plotting import plot_respiration
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


def test_belts_and_tidal_volume_have_panels_with_their_units(frames):
    volume = frames.regular("tidal_volume", np.full(60, 500))
    figure, axes = plot_respiration(belts_of(frames), tidal_volume=volume)
    assert len(axes) == 3
    assert [one.get_ylabel() for one in axes] == [
        "Respiration\nthoracic\n(counts)",
        "Respiration\nabdominal\n(counts)",
        "Tidal volume\n(L)",
    ]
    assert len({one.get_xlim() for one in axes}) == 1
    assert len(figure.axes) == 3
    for one, value in zip(axes, (24_000, 15_000, 0.5), strict=True):
        (line,) = [line for line in one.lines if isinstance(line, LiveLine)]
        assert np.median(line.get_ydata()) == pytest.approx(value, rel=1e-4)


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
