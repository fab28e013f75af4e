"""Signals for other libraries: at their own rate, with holes named or marked."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.bridges.signals import even_signal
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, UnknownChannelError
from hexoframe.record import Record
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import grid_to_index, ticks_to_index
from tests.test_record import START, frame_at, whole_record


def signal_of(record, key, gaps="raise"):
    return even_signal(record, record.channel(key), gaps)


@pytest.mark.parametrize(
    ("key", "rate"),
    [("ecg_i", 256), ("respiration_abdominal", 128), ("heart_rate", 1)],
)
def test_a_signal_is_every_sample_at_its_own_rate(key, rate):
    record = whole_record(60)
    signal = signal_of(record, key)
    frame = record[key]
    assert signal.rate_hz == rate
    assert signal.samples.dtype == np.float64
    assert np.array_equal(signal.samples, frame[key].to_numpy())
    assert signal.first_tick == frame.index[0].value // 3_906_250


def test_a_step_that_is_no_whole_number_of_ticks_is_even(samples):
    record = hexoframe.open_record(samples / "astroskin_1000_1min.zip")
    signal = signal_of(record, "ppg")
    assert signal.rate_hz == 75
    assert len(signal.samples) == len(record["ppg"]) == 60 * 75


@pytest.mark.parametrize("gaps", ["raise", "fill"])
def test_edges_without_a_value_are_no_hole(gaps):
    record = whole_record(10)
    frame = record["heart_rate"]
    frame.iloc[[0, -1]] = np.nan
    record = record.replace(heart_rate=frame)
    signal = signal_of(record, "heart_rate", gaps)
    assert np.array_equal(signal.samples, frame["heart_rate"].to_numpy()[1:-1])
    assert signal.first_tick == START + 2 * 256


def holed(drop=(2560, 3840), nan=()):
    record = whole_record(60)
    frame = record["ecg"]
    frame = frame.drop(frame.index[slice(*drop)])
    for row in nan:
        frame.iloc[row] = np.nan
    return record.replace(ecg=frame)


def test_a_hole_is_named_with_its_length_and_place():
    with pytest.raises(
        ConfigurationError,
        match=r"ecg_i has a hole of 5\.000 s \(1,280 samples\), from "
        r"2022-11-04 23:29:59\+00:00 on: give gaps='fill'",
    ):
        signal_of(holed(), "ecg_i")
    with pytest.raises(ConfigurationError, match=r"has 2 holes, the longest of 5\.000"):
        signal_of(holed(nan=[100]), "ecg_i")


def test_a_hole_is_filled_with_nan_and_moves_nothing():
    record = holed(nan=[100])
    signal = signal_of(record, "ecg_i", "fill")
    whole = whole_record(60)["ecg"]["ecg_i"].to_numpy().astype(float)
    expected = whole.copy()
    expected[2560:3840] = np.nan
    expected[100] = np.nan
    assert np.array_equal(signal.samples, expected, equal_nan=True)


def test_a_day_of_ticks_drifts_by_no_sample():
    # 13 and 14 ticks in turn: 40/3 on the mean.
    channel = channels_of("astroskin_1000")["ppg"]
    start, count = 1_709_330_400_001, 75 * 86_400
    index = grid_to_index(start, step=channel.ticks, count=count, clock=1000)
    kept = np.r_[:1000, count // 2 : count // 2 + 1000, count - 1000 : count]
    expected = np.full(count, np.nan)
    expected[kept] = kept % 50_000 + 1
    frame = make_frame(channel, index[kept], {"ppg": expected[kept]})
    record = Record("astroskin_1000", (start, start + 86_400_000), {"ppg": frame})
    signal = signal_of(record, "ppg", "fill")
    assert np.array_equal(signal.samples, expected, equal_nan=True)


def test_a_sample_off_the_grid_is_refused():
    ticks = [START + 256, START + 512, START + 768 + 90]
    record = Record(
        "hexoskin", (START, START + 1024), {"heart_rate": frame_at("heart_rate", ticks)}
    )
    with pytest.raises(ConfigurationError, match="not on its grid of 256 ticks"):
        signal_of(record, "heart_rate", "fill")


def test_a_thinned_channel_is_refused_in_any_case():
    ticks = range(START, START + 25_600, 4)
    record = Record(
        "hexoskin", (START, START + 25_600), {"ecg": frame_at("ecg", ticks)}
    )
    for gaps in ("raise", "fill"):
        with pytest.raises(ConfigurationError, match="was thinned"):
            signal_of(record, "ecg_i", gaps)


def test_what_has_no_even_rate_or_no_sample_is_refused():
    record = whole_record(10)
    with pytest.raises(ConfigurationError, match="step has no even rate"):
        signal_of(record, "step")
    with pytest.raises(ConfigurationError, match="sleep_phase has no even rate"):
        signal_of(record, "sleep_phase")
    with pytest.raises(ConfigurationError, match="no sample of acceleration_x: it has"):
        signal_of(record, "acceleration_x")
    with pytest.raises(UnknownChannelError):
        record.to_neurokit("ppg")


def test_a_single_sample_is_a_signal():
    frame = make_frame(
        channels_of("hexoskin")["heart_rate"],
        ticks_to_index([START + 256], clock=256),
        {"heart_rate": np.array([61.0])},
    )
    record = Record("hexoskin", (START, START + 256), {"heart_rate": frame})
    assert signal_of(record, "heart_rate").samples.tolist() == [61.0]
