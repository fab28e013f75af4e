"""NeuroKit2: signals with their rates, and beats; it is asked itself where it is there.

It is in the extra `witnesses`; tests that need it are marked slow.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import grid_to_index
from tests.test_record import START

WHY = "neurokit2 is not installed: pip install '.[witnesses]'"


def breathing(per_minute, seconds=300):
    """Belts of a steady breath at 128 Hz, beside an ECG at 256 Hz."""
    span = (START, START + seconds * 256)
    channels = {}
    for name, rate in (("ecg", 256), ("respiration", 128)):
        channel = channels_of("hexoskin")[name]
        count = seconds * rate
        phase = np.arange(count) / rate * per_minute / 60 * 2 * np.pi
        values = 30_000 + np.rint(800 * np.sin(phase))
        index = grid_to_index(START, step=channel.ticks, count=count, clock=256)
        columns = dict.fromkeys(channel.columns, values)
        channels[name] = make_frame(channel, index, columns)
    return Record("hexoskin", span, channels)


def flawed(tmp_path):
    shirt = Shirt(seed=4, duration_s=900, activity="rest", lead_off=((430, 40),))
    return hexoframe.open_record(write_export(wear(shirt), tmp_path / "a.zip"))


def test_fifteen_breaths_a_minute_stay_fifteen():
    signal, rate = breathing(15).to_neurokit("respiration_thoracic")
    assert rate == 128
    ups = np.count_nonzero((signal[:-1] < 30_000) & (signal[1:] >= 30_000))
    # The first breath begins at 30 000 itself.
    assert (ups + 1) / (len(signal) / rate / 60) == 15


def test_beats_carry_their_times_so_that_holes_stay_open(tmp_path):
    record = flawed(tmp_path)
    beats = record.to_neurokit("rr_interval")
    rr, times = beats["RRI"], beats["RRI_Time"]
    ours = record.hrv(None, min_share=0, min_pairs=1).iloc[0]
    assert len(rr) == ours["n_beats"]
    assert rr.mean() == pytest.approx(ours["mean_nn"], rel=1e-12)
    touch = np.abs(np.diff(times) * 1000 - rr[1:]) < 1e-6
    assert touch.sum() == ours["n_pairs"] < len(rr) - 1
    rmssd = np.sqrt(np.mean(np.diff(rr)[touch] ** 2))
    assert rmssd == pytest.approx(ours["rmssd"], rel=1e-12)
    # Ticks are exact: 1/256 s is a float.
    assert np.array_equal(times * 256, np.rint(times * 256))


def test_beats_that_count_are_those_of_hrv(tmp_path):
    record = flawed(tmp_path)
    for beats in ("good", "nn", "all"):
        counted = len(record.to_neurokit("rr_interval", beats=beats)["RRI"])
        table = record.hrv(None, beats=beats, min_share=0, min_pairs=1)
        assert counted == table["n_beats"].iloc[0]
    with pytest.raises(ConfigurationError, match="beats='best'"):
        record.to_neurokit("rr_interval", beats="best")


def test_nothing_is_imported(monkeypatch, tmp_path):
    # With None in its place, an import would fail.
    monkeypatch.setitem(sys.modules, "neurokit2", None)
    breathing(15, 5).to_neurokit("ecg")
    flawed(tmp_path).to_neurokit("rr_interval")


def test_several_columns_need_the_name_of_one():
    with pytest.raises(
        ConfigurationError, match="one of respiration_thoracic, respiration_abdominal"
    ):
        breathing(15, 5).to_neurokit("respiration")
    with pytest.raises(ConfigurationError, match="beats='nn' takes the accepted"):
        breathing(15, 5).to_neurokit("nn_interval")
    with pytest.raises(ConfigurationError, match="gaps='split'"):
        breathing(15, 5).to_neurokit("ecg", gaps="split")


# -- asked itself ----------------------------------------------------------------------


@pytest.fixture
def neurokit():
    return pytest.importorskip("neurokit2", reason=WHY)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_neurokit_finds_fifteen_breaths_and_their_length(neurokit):
    signal, rate = breathing(15).to_neurokit("respiration_thoracic")
    _, info = neurokit.rsp_process(signal, sampling_rate=rate)
    intervals = np.diff(info["RSP_Peaks"]) / rate
    assert np.median(intervals) == pytest.approx(4, abs=0.02)
    assert 60 / intervals.mean() == pytest.approx(15, abs=0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_neurokit_computes_the_variability_that_we_do(neurokit, tmp_path):
    record = flawed(tmp_path)
    ours = record.hrv(None, min_share=0, min_pairs=1).iloc[0]
    theirs = neurokit.hrv_time(record.to_neurokit("rr_interval")).iloc[0]
    for name, column in (
        ("HRV_MeanNN", "mean_nn"), ("HRV_SDNN", "sdnn"), ("HRV_RMSSD", "rmssd"),
    ):  # fmt: skip
        assert theirs[name] == pytest.approx(ours[column], rel=1e-9)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["hexoskin-256696", "hexoskin-258583"])
def test_so_it_does_of_real_exports(neurokit, real_data, name):
    record = hexoframe.open_record(real_data / "exports" / name)
    ours = record.hrv(None, min_share=0, min_pairs=1).iloc[0]
    theirs = neurokit.hrv_time(record.to_neurokit("rr_interval")).iloc[0]
    assert theirs["HRV_RMSSD"] == pytest.approx(ours["rmssd"], rel=1e-9)
    assert theirs["HRV_SDNN"] == pytest.approx(ours["sdnn"], rel=1e-9)
