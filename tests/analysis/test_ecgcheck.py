"""How good the ECG is, on signals whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis.ecgcheck import _like, _median_beat, median_beat
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    shirt = Shirt(seed=2, duration_s=240, activity="rest")
    path = tmp_path_factory.mktemp("ecg") / "a.zip"
    return hexoframe.open_record(write_export(wear(shirt), path)).load()


def with_ecg(record, change):
    """Return the record with another ECG: `change` gets seconds and mV."""
    frame = record["ecg"]
    values = frame["ecg_i"].to_numpy().copy()
    seconds = np.arange(len(values)) / 256
    made = make_frame(
        channels_of("hexoskin")["ecg"], frame.index, {"ecg_i": change(seconds, values)}
    )
    return record.replace(ecg=made)


def test_a_clean_ecg_looks_like_its_median_beat(plain):
    table = plain.check_ecg()
    assert (table["correlation"] > 0.99).all()
    assert (table["correlation_low"] <= table["correlation"]).all()
    lost = ["missing", "sensor_off", "not_worn", "saturated", "flat"]
    assert (table[lost] == 0).all(axis=None)
    assert (table["mains_mv"] < 0.005).all()
    # Those within 0.4 s of the edges are not whole.
    beats = plain["rr_interval"].index
    near = (beats - plain.start).total_seconds()
    assert table["beats"].sum() == ((near > 0.39) & (near < 240 - 0.39)).sum()


def test_the_correlation_is_that_of_numpy():
    shapes = np.random.default_rng(0).normal(size=(50, 154)).astype(np.float32)
    beat = _median_beat(shapes, np.ones(50, np.bool_))
    level = shapes - shapes.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(beat, np.median(level, axis=0), rtol=1e-6)
    wanted = [np.corrcoef(shape, beat)[0, 1] for shape in shapes]
    np.testing.assert_allclose(_like(shapes, beat), wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hertz", [50, 60])
def test_mains_noise_is_measured(plain, hertz):
    def hum(seconds, ecg):
        hummed = 0.1 * np.sin(2 * np.pi * hertz * seconds + 1)
        return ecg + np.where(seconds >= 120, hummed, 0)

    table = with_ecg(plain, hum).check_ecg()
    assert (table["mains_mv"].iloc[:2] < 0.005).all()
    np.testing.assert_allclose(table["mains_mv"].iloc[2:], 0.1, rtol=0.05)
    assert (table["mains_hz"].iloc[2:] == hertz).all()
    each = with_ecg(plain, hum).check_ecg("beat")
    late = each.index > plain.start + np.timedelta64(121, "s")
    assert each["mains_mv"][late].median() == pytest.approx(0.1, rel=0.1)


def test_what_was_lost_is_told_by_its_reason(plain):
    def spoil(seconds, ecg):
        ecg[(seconds >= 10) & (seconds < 22)] = np.nan
        ecg[(seconds >= 70) & (seconds < 76)] = 17.504
        ecg[(seconds >= 130) & (seconds < 148)] = 0.5
        return ecg

    record = with_ecg(plain, spoil)
    table = record.check_ecg()
    assert table["missing"].tolist() == pytest.approx([0.2, 0, 0, 0])
    assert table["saturated"].tolist() == pytest.approx([0, 0.1, 0, 0])
    assert table["flat"].tolist() == pytest.approx([0, 0, 0.3, 0])
    each = record.check_ecg("beat")
    assert set(each["lost"]) == {"", "missing", "saturated", "flat"}
    assert (each["correlation"].isna() == (each["lost"] != "")).all()
    # Samples that are not there are missing as well.
    cut = record.replace(ecg=record["ecg"].dropna())
    assert cut.check_ecg()["missing"].tolist() == pytest.approx([0.2, 0, 0, 0])


def test_noise_is_unlike_the_median_beat(plain):
    dice = np.random.default_rng(1)

    def noise(seconds, ecg):
        return np.where(seconds >= 180, ecg + dice.normal(scale=1, size=len(ecg)), ecg)

    table = with_ecg(plain, noise).check_ecg()
    assert (table["correlation"].iloc[:3] > 0.99).all()
    assert table["correlation"].iloc[3] < 0.5


def test_beats_may_be_those_of_the_ecg(plain):
    pytest.importorskip("sleepecg", reason="the extra ecg is not installed")
    found = plain.check_ecg(source="waveform")
    np.testing.assert_allclose(
        found["correlation"], plain.check_ecg()["correlation"], atol=0.002
    )


def test_other_words_are_refused(plain):
    with pytest.raises(ConfigurationError, match="give one of device, waveform"):
        plain.check_ecg(source="ecg")
    with pytest.raises(ConfigurationError, match="by="):
        plain.check_ecg("beats")


def test_a_record_without_length_has_tables_without_figures(plain):
    moment = plain.cut(plain.start_tick, plain.start_tick)
    assert moment.check_ecg("beat").empty
    assert moment.check_ecg()["beats"].sum() == 0
    (row,) = moment.check_ecg(None).to_dict("records")
    assert row["beats"] == 0
    assert np.isnan(row["correlation"])
    beat = median_beat(moment)
    assert beat["median"].isna().all()
    assert list(beat.index) == list(median_beat(plain).index)
