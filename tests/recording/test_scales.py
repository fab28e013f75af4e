"""The warning of scales that no recording confirms: of what, how, how often."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import HexoframeWarning, UnverifiedCalibrationWarning
from hexoframe.record import Record
from hexoframe.recording import scales
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index

START = 437_610_700_800


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(scales, "_warned", set())


@pytest.fixture
def record(samples):
    """Ten minutes of a Hexoskin: only channels of 5 min are unconfirmed."""
    return hexoframe.open_record(samples / "hexoskin_10min.zip")


def told(do):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        do()
    return [
        str(each.message)
        for each in found
        if issubclass(each.category, UnverifiedCalibrationWarning)
    ]


def test_it_names_in_words_the_channel_that_was_used_and_no_other(record):
    (text,) = told(lambda: record.rmssd)
    assert text == (
        "the scale of heart-rate variability (rmssd) is from the vendor's converters; "
        "no recording of hexoskin confirms it. Compare with a known value, or load "
        "counts with "
        "units='raw'; 'verified' in hexoframe.channel_table('hexoskin') says what "
        "confirms each channel"
    )


def test_each_channel_is_warned_of_once(record):
    assert len(told(lambda: record["rmssd"])) == 1
    assert told(lambda: record[278]) == []
    (other,) = told(lambda: [record["sdnn"], record["rmssd"]])
    assert "(sdnn)" in other
    assert told(lambda: record.usable("sdnn")) == []


@pytest.mark.parametrize(
    "look",
    [
        lambda record: record.heart_rate,
        lambda record: record["ecg"],
        repr,
        lambda record: record._repr_html_(),
        lambda record: record.coverage(),
        lambda record: record.gaps(),
        lambda record: record.wear(),
        lambda record: record.load(),
        lambda record: record.raw("rmssd"),
        lambda record: record.bad_spans("rmssd"),
        lambda record: record["ptt"],
    ],
    ids=["rate", "ecg", "repr", "html", "coverage", "gaps", "wear", "load", "raw",
         "bad_spans", "empty"],
)  # fmt: skip
def test_what_shows_no_such_value_does_not_warn(record, look):
    assert told(lambda: look(record)) == []


def test_counts_have_no_scale_to_warn_of(samples):
    raw = hexoframe.open_record(samples / "hexoskin_10min.zip", units="raw")
    assert told(lambda: raw["rmssd"]) == []


@pytest.mark.parametrize("way", ["to_frame", "to_parquet", "to_csv", "to_txt"])
def test_what_takes_many_channels_warns_once_of_all(record, way, tmp_path):
    arguments = [] if way == "to_frame" else [tmp_path]
    (text,) = told(lambda: getattr(record, way)(*arguments))
    names = "ann, sdnn, rmssd, hrv_lf_normalized, nn_over_rr, hrv_triangular, hrv_lf"
    assert f"the scale of heart-rate variability ({names}, hrv_hf) is" in text
    assert told(lambda: record.rmssd) == []


def test_an_exit_for_some_channels_warns_of_these(record, tmp_path):
    assert told(lambda: record.to_csv(tmp_path / "a", channels=["ecg"])) == []
    (text,) = told(lambda: record.to_csv(tmp_path / "b", channels=["ecg", "ann"]))
    assert "(ann)" in text


def test_a_record_from_our_own_files_warns_too(record, tmp_path):
    told(lambda: record.to_parquet(tmp_path, channels=["rmssd", "heart_rate"]))
    scales._warned.clear()
    (folder,) = tmp_path.iterdir()
    again = hexoframe.open_record(folder)
    assert told(again.coverage) == []
    assert len(told(lambda: again.rmssd)) == 1


def test_a_picture_warns_once_of_what_it_shows(samples):
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs hexoframe[plot]")
    record = hexoframe.open_record(samples / "astroskin_1000_1min.zip")
    (text,) = told(record.plot)
    plt.close("all")
    assert "the scale of ecg, " in text
    assert "heart rate" in text
    assert "heart-rate variability" not in text


def test_a_guess_is_called_so_and_many_names_are_cut():
    family = "astroskin_1000"
    index = ticks_to_index(np.array([START * 4]), clock=1000)
    channels = {
        name: make_frame(channel, index, dict.fromkeys(channel.columns, np.ones(1)))
        for name, channel in channels_of(family).items()
    }
    record = Record(family, (START * 4, START * 4 + 1000), channels)
    (text,) = told(lambda: [record.to_frame("1s")])
    assert text.startswith("the scale of ecg, acceleration, heart rate, ")
    assert " other channels and heart-rate variability (ann, " in text
    assert ") is from the vendor's converters, and that of " in text
    assert " is a guess; no recording of astroskin_1000 confirms it. " in text
    # Counts, flags and codes have no scale.
    for name in ("respiration", "ppg", "quality", "position"):
        assert name not in text


def test_a_warning_made_an_error_is_raised_at_the_use(record):
    with warnings.catch_warnings():
        warnings.simplefilter("error", HexoframeWarning)
        record.coverage()
        with pytest.raises(UnverifiedCalibrationWarning, match="rmssd"):
            record["rmssd"]
