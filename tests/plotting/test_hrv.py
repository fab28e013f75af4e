"""Variability over time and its spectrum; SD1 and SD2 in the Poincare plot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse

from hexoframe.analysis import compute_hrv_spectrum
from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_hrv, plot_rr
from tests.analysis.hearts import SECOND, flags_of, known_heart, record_of, rr_of


@pytest.fixture(scope="module")
def known():
    """Twenty-six minutes of beats, of which the second five minutes are flagged."""
    rr = rr_of(known_heart())
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    flags = np.where((second >= 300) & (second < 600), 1, 0)
    return record_of(rr, flags_of(rr, flags))


def levels(line):
    """Return (start, end, level) of each window of a line, in s of the record."""
    x, y = line.get_data()
    known = ~np.isnan(np.asarray(y, dtype=float))
    seconds = (np.asarray(x)[known] - SECOND / 86_400) * 86_400
    heights = np.asarray(y)[known]
    return list(zip(seconds[::2], seconds[1::2], heights[::2], strict=True))


def test_each_window_is_a_level_as_long_as_it_lasts(known):
    table = known.hrv()
    _, axes = known.plot("hrv")
    (rmssd,) = axes[0].lines
    counted = table[table["rmssd"].notna()]
    for drawn, (_, row) in zip(levels(rmssd), counted.iterrows(), strict=True):
        begin = (row["start"] - known.start).total_seconds()
        assert drawn == pytest.approx((begin, begin + 300, row["rmssd"]), abs=1e-3)
    assert [line.get_label() for line in axes[1].lines] == ["LF", "HF"]
    for line, name in zip(axes[1].lines, ("lf", "hf"), strict=True):
        found = [level for *_, level in levels(line)]
        np.testing.assert_allclose(found, counted[name])
    assert axes[0].get_ylabel() == "RMSSD (ms)"
    assert axes[1].get_ylabel() == "LF and HF (ms²)"


def test_windows_without_figures_are_shaded(known, shades, texts_of):
    figure, axes = known.plot("hrv")
    for panel in axes[:2]:
        spans = np.array(shades(panel)["doubtful"])
        np.testing.assert_allclose(spans, [(300, 600), (1500, 1562.47)], atol=0.05)
    assert "too few beats that count" in texts_of(figure)


def test_the_spectrum_is_that_of_the_record(known):
    _, axes = known.plot("hrv")
    line = axes[2].lines[0]
    spectrum = compute_hrv_spectrum(known.rr_interval, known.rr_interval_quality)
    np.testing.assert_allclose(line.get_xdata(), spectrum.index)
    np.testing.assert_allclose(line.get_ydata(), spectrum["psd"], rtol=1e-9)
    told = [text.get_text() for text in axes[2].texts]
    (row,) = known.hrv(None).to_dict("records")
    assert f"LF\n{row['lf']:.0f} ms²" in told
    assert f"HF\n{row['hf']:.0f} ms²" in told


def test_a_part_is_drawn_of_its_own_beats(known):
    _, axes = known.plot("hrv", start="600s", duration="10min")
    part = known.between(
        known.start + pd.Timedelta("600s"), known.start + pd.Timedelta("1200s")
    )
    found = [level for *_, level in levels(axes[0].lines[0])]
    np.testing.assert_allclose(found, part.hrv()["rmssd"])


def test_a_record_without_figures_says_so(texts_of):
    record = record_of(rr_of([200] * 30))
    with pytest.raises(ConfigurationError, match="no window has enough beats"):
        record.plot("hrv")
    spectrum = compute_hrv_spectrum(record.rr_interval)
    figure, _ = plot_hrv(record.hrv(), spectrum)
    told = texts_of(figure)
    assert told.count("no window has enough beats") == 2
    assert "no spectrum" in told


def test_a_table_of_ones_own_is_drawn(known):
    table = known.hrv("10min")
    spectrum = compute_hrv_spectrum(known.rr_interval)
    _, axes = plot_hrv(table, spectrum)
    assert len(levels(axes[0].lines[0])) == table["rmssd"].notna().sum()
    with pytest.raises(ConfigurationError, match="no column 'rmssd'"):
        plot_hrv(table[["start", "end"]], spectrum)
    with pytest.raises(ConfigurationError, match="no row"):
        plot_hrv(table.iloc[:0], spectrum)


def test_the_ellipse_is_sd1_and_sd2_of_the_table(known):
    (row,) = known.hrv(None).to_dict("records")
    for _, (_, poincare) in (
        known.plot("rr"),
        plot_rr(known.rr_interval, quality=known.rr_interval_quality),
    ):
        (ellipse,) = [one for one in poincare.patches if isinstance(one, Ellipse)]
        assert ellipse.get_width() == pytest.approx(2 * row["sd2"] / 1000)
        assert ellipse.get_height() == pytest.approx(2 * row["sd1"] / 1000)
        assert ellipse.get_angle() == 45
        told = [text.get_text() for text in poincare.get_legend().get_texts()]
        assert f"SD1 {row['sd1']:.1f} ms, SD2 {row['sd2']:.1f} ms" in told
        assert "neighbours" in told


def test_flagged_outliers_do_not_make_the_others_a_dot(texts_of):
    intervals = known_heart(300)
    intervals[100] = 500
    rr = rr_of(intervals)
    flags = np.zeros(300)
    flags[100] = 128
    figure, (_, poincare) = plot_rr(rr, quality=flags_of(rr, flags))
    low, high = poincare.get_xlim()
    assert high < 1
    assert low > 0.6
    assert "a beat is flagged (2 outside)" in texts_of(figure)
