"""Sleep: the hypnogram, the lengths of its phases, and what is below it."""

from __future__ import annotations

import matplotlib.colors as mcolors
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

import hexoframe
from hexoframe.plotting import plot_sleep
from hexoframe.plotting.figures import LINES
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear


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


def night(frames, *seconds):
    """Return the table of one night with its sleep onset and final awakening."""
    times = pd.to_datetime([frames.second + s for s in seconds], unit="s", utc=True)
    return pd.DataFrame({"sleep_onset": times[:1], "sleep_offset": times[1:]})


def bars(axes, colour):
    """Return left and right ends of the bars of a colour, in days, row by row."""
    wanted = mcolors.to_rgba(colour)
    found = [one for one in axes.collections if isinstance(one, PolyCollection)]
    return [
        path.get_extents().get_points()
        for one in found
        if tuple(one.get_facecolor()[0]) == wanted
        for path in one.get_paths()
    ]


def test_sleep_period_and_waso_are_marked_where_the_table_has_them(frames, texts_of):
    seconds = np.array([0, 600, 4200, 5400, 7200, 9000])
    ticks = (frames.second + seconds) * 256
    phases = frames.at("sleep_phase", ticks, [6, 2, 6, 5, 6, np.nan])
    figure, axes = plot_sleep(phases, nights=night(frames, 600, 7200))
    assert names_of(axes) == ["NREM", "REM", "Awake", "SPT"]
    ((left, low), (right, high)) = bars(axes, LINES[1])[0]
    assert frames.seconds((left, right)) == pytest.approx((600, 7200), abs=1e-3)
    assert low < 3 < high
    # What was awake before sleep onset or behind the final awakening is none of it.
    (((left, _), (right, _)),) = bars(axes, LINES[2])
    assert frames.seconds((left, right)) == pytest.approx((4200, 5400), abs=1e-3)
    told = texts_of(figure)
    assert "1 h 00 min (WASO 20 min)" in told
    assert "1 h 50 min" in told


def test_a_night_without_sleep_has_no_marks(frames):
    ticks = (frames.second + np.array([0, 600])) * 256
    phases = frames.at("sleep_phase", ticks, [6, np.nan])
    none = night(frames, 0, 600).assign(sleep_onset=pd.NaT, sleep_offset=pd.NaT)
    _, axes = plot_sleep(phases, nights=none)
    assert names_of(axes) == ["Awake"]


def test_marks_go_on_beyond_a_part_of_the_night(frames, texts_of):
    ticks = (frames.second + np.array([0, 600, 1200])) * 256
    phases = frames.at("sleep_phase", ticks, [6, 2, np.nan])
    nights = night(frames, 600, 1200)
    figure, axes = plot_sleep(phases, nights=nights, start="700s", duration="100s")
    assert names_of(axes) == ["NREM", "SPT"]
    assert texts_of(figure).count("1 min 40 s") == 2


def test_lengths_leave_out_what_was_not_measured(frames, texts_of):
    ticks = (frames.second + np.array([0, 600, 7200])) * 256
    phases = frames.at("sleep_phase", ticks, [6, 2, np.nan])
    times = pd.to_datetime(
        [frames.second + s for s in (1800, 3600)], unit="s", utc=True
    )
    off = pd.DataFrame(
        {"start": times[:1], "end": times[1:], "reason": "not_worn", "absent": True}
    )
    figure, _ = plot_sleep(phases, shades={"sleep_phase": off})
    assert "1 h 20 min" in texts_of(figure)


def test_picture_of_a_record_has_the_marks_of_its_table(tmp_path, texts_of):
    shirt = wear(Shirt(seed=6, duration_s=1200, activity="sleep"))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "night.zip"))
    row = record.sleep().iloc[0]
    figure, axes = record.plot("sleep")
    assert names_of(axes[0])[-1] == "SPT"
    told = f"(WASO {60 * row['waso']:.0f} s)"
    assert any(told in text for text in texts_of(figure))
