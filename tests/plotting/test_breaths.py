"""Breaths as dots: what is drawn, and what is shaded."""

from __future__ import annotations

import numpy as np
import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_breaths
from tests.analysis.lungs import START, breathing_record, channel_frame, flagged

INS, OUTS = np.arange(0, 60, 4.0), np.arange(1.5, 60, 4.0)


def recorded(**more):
    volume = channel_frame("tidal_volume", np.arange(1, 61), np.full(60, 600.0))
    return breathing_record(INS, OUTS, tidal_volume=volume, **more)


def test_each_usable_breath_is_a_dot_and_others_are_shaded(shades):
    record = recorded(breathing_rate_quality=flagged(60, 9))
    _, axes = record.plot("breaths")
    rate, volume, rsa = axes
    (dots,) = rate.lines
    assert np.asarray(dots.get_ydata()).tolist() == [15.0] * 13
    (dots,) = volume.lines
    assert set(np.asarray(dots.get_ydata()).tolist()) == {0.6}
    assert [text.get_text() for text in rsa.texts] == ["no usable breath has one"]
    assert rate.get_ylabel() == "rate\n(breaths/min)"
    assert volume.get_ylabel() == "volume\n(L)"
    (span,) = shades(rate, clock_start=START / 256)["doubtful"]
    assert span == pytest.approx((8, 12), abs=1e-3)


def test_without_volumes_the_amplitude_is_drawn():
    _, axes = breathing_record(INS, OUTS).plot("breaths")
    assert axes[1].get_ylabel() == "amplitude\n(counts)"
    assert set(np.asarray(axes[1].lines[0].get_ydata()).tolist()) == {40.0}


def test_windows_are_levels():
    record = recorded()
    table = record.breathing("30s")
    _, axes = plot_breaths(record.breaths(), table)
    (levels,) = [one for one in axes[0].collections if one.get_label()[0] != "_"]
    heights = [segment[0][1] for segment in levels.get_segments()]
    assert heights == table["rate"].tolist()


def test_the_table_alone_is_drawn_and_others_are_refused():
    table = recorded().breaths()
    _, axes = plot_breaths(table)
    assert len(axes) == 3
    with pytest.raises(ConfigurationError, match="has no column 'rsa'"):
        plot_breaths(table.drop(columns="rsa"))
    with pytest.raises(ConfigurationError, match="no breath was found"):
        plot_breaths(table.iloc[:0])
