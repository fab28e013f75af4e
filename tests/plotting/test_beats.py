"""The picture of beats: intervals, what is usable of them, and their ECG."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis.ecgcheck import median_beat
from hexoframe.errors import ConfigurationError
from hexoframe.plotting import plot_beats
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from tests.analysis.hearts import flags_of, known_heart, record_of, rr_of


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    shirt = Shirt(seed=2, duration_s=300, activity="rest", unworn=((100, 60),))
    path = tmp_path_factory.mktemp("beats") / "a.zip"
    return hexoframe.open_record(write_export(wear(shirt), path)).load()


def drawn(axes, label):
    (line,) = [line for line in axes.lines if str(line.get_label()).startswith(label)]
    return np.asarray(line.get_ydata(), dtype=float)


def test_usable_doubtful_and_edited_beats_are_told_apart(to_days):
    rr = rr_of(known_heart(60))
    given = record_of(rr, flags_of(rr, np.where(np.arange(60) % 10 == 3, 1, 0)))
    table = given.beats()
    table.loc[table.index[20], "usable"] = False
    table = given.replace(beats=table).beats()
    _, axes = plot_beats(table)
    doubtful = table.index[~table["usable"] & table["rr"].notna()]
    (rug,) = [line for line in axes[0].lines if line.get_marker() == "|"]
    assert rug.get_label() == f"not usable ({len(doubtful)})"
    np.testing.assert_allclose(rug.get_xdata(), to_days(doubtful), atol=1e-8)
    low, high = axes[0].get_ylim()
    # Below all that is usable.
    least = (table.loc[table["usable"], "rr"].min() - low) / (high - low)
    assert max(rug.get_ydata()) < least
    np.testing.assert_allclose(drawn(axes[0], "edited"), table["rr"].iloc[[20]])
    # Lines lead from a beat to its neighbour alone.
    lines = np.asarray(axes[0].lines[0].get_ydata(), dtype=float).reshape(-1, 3)
    assert len(lines) == table["pair"].sum()
    np.testing.assert_allclose(lines[:, 1], table.loc[table["pair"], "rr"])
    assert np.isnan(lines[:, 2]).all()


def test_beats_of_a_record_stand_over_their_correlation_and_median_beat(record, shades):
    figure, axes = record.plot("beats")
    found = record.check_ecg("beat")["correlation"].dropna()
    dots = np.concatenate([line.get_ydata() for line in axes[1].lines[:2]])
    assert np.nansum(dots) == pytest.approx(found.sum())
    shape = median_beat(record)
    np.testing.assert_allclose(drawn(axes[2], "median"), shape["median"])
    assert shape["median"].idxmax() == 0
    assert (shape["low"] <= shape["high"]).all()
    # The chair, as wear says; pictures count days.
    (off,) = record.wear().query("worn == False")[["start", "end"]].to_numpy()
    (span,) = shades(axes[0])["absent"]
    assert span[1] - span[0] == pytest.approx((off[1] - off[0]).total_seconds())
    assert figure is axes[0].figure


def test_a_record_without_ecg_says_so(texts_of):
    figure, _ = record_of(rr_of(known_heart(60))).plot("beats")
    assert {"no ECG of these beats", "no ECG"} <= set(texts_of(figure))


def test_what_is_no_table_of_beats_is_refused(record):
    table = record.beats()
    with pytest.raises(ConfigurationError, match="no column 'rr'"):
        plot_beats(table.drop(columns="rr"))
    with pytest.raises(ConfigurationError, match="no row"):
        plot_beats(table.iloc[:0])
    with pytest.raises(ConfigurationError, match="without a zone"):
        plot_beats(table.set_axis(pd.DatetimeIndex(table.index).tz_localize(None)))
