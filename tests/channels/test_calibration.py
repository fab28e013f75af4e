"""Counts, physical values and JSON values, against numbers worked out by hand."""

from __future__ import annotations

import wave
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import FAMILIES, channels_of, datatypes_of
from hexoframe.channels.calibration import (
    counts_from_values,
    json_from_values,
    unmeasured,
    values_from_counts,
    values_from_json,
)

ROWS = [row for family in FAMILIES for row in datatypes_of(family) if row.in_model]
WAVES = [row for row in ROWS if row.kind == "waveform"]

quiet = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


def row_of(family, name):
    (row,) = [row for row in datatypes_of(family) if row.api_name == name]
    return row


def label(row):
    return f"{row.family}-{row.api_name}"


def all_counts(row):
    if row.signed:
        return np.arange(-32_768, 32_768, dtype=np.int16)
    return np.arange(65_536, dtype=np.uint16)


# --- from counts ----------------------------------------------------------------------


@quiet
@pytest.mark.parametrize(
    ("family", "name", "count", "value"),
    [
        # Real answers of the service: 331 and 43 counts, 5 counts, 186 counts.
        ("hexoskin", "minute_ventilation", 331, 4395.679999999999),
        ("hexoskin", "tidal_volume", 43, 571.04),
        ("hexoskin", "activity", 5, 0.01953125),
        ("hexoskin", "RR_interval", 186, 0.7265625),
        ("hexoskin", "minute_ventilation", 0, 0.0),
        ("hexoskin", "ECG_I", 1360, 0.0),
        ("hexoskin", "ECG_I", 1361, np.float32(0.0064)),
        ("hexoskin", "ECG_I", 0, np.float32(-8.704)),
        ("hexoskin", "ECG_I", 4095, np.float32(17.504)),
        ("astroskin_256", "ECG_II", 1360, 0.0),
        ("astroskin_256", "ECG_III", 0, 0.0),
        ("astroskin_256", "ECG_III", -100, np.float32(-0.64)),
        ("astroskin_1000", "ECG_I", 1500, np.float32(1.5)),
        ("astroskin_1000", "ECG_III", 0, 0.0),
        ("hexoskin", "acceleration_X", -256, -1.0),
        ("hexoskin", "acceleration_Z", 257, 1.00390625),
        ("astroskin_256", "temperature_celcius", 7913, 30.91015625),
        ("astroskin_256", "temperature_celcius", -256, -1.0),
        ("astroskin_256", "temperature", 2273, 2273.0),
        ("astroskin_256", "PPG", 40_000, 40_000.0),
        ("hexoskin", "respiration_thoracic", 65_535, 65_535.0),
        ("hexoskin", "minute_ventilation_adjusted", 1234, 12_340.0),
        ("hexoskin", "tidal_volume_adjusted", 500, 500.0),
        ("hexoskin", "RESP_TMPR", 2866, 28.66),
        ("hexoskin", "ANN", 4096, 1.0),
        ("astroskin_1000", "ANN", 16_000, 1.0),
        ("astroskin_1000", "RR_interval", 727, 0.727),
        ("astroskin_1000", "breathing_rate", 155, 15.5),
        ("hexoskin", "HRV_LF", 12_345, 1234.5),
        ("hexoskin", "heart_rate", 72, 72.0),
    ],
)
def test_count_becomes_the_value_that_was_worked_out_by_hand(
    family, name, count, value
):
    row = row_of(family, name)
    made = values_from_counts(np.array([count]), row)
    assert made.dtype == (np.float32 if row.kind == "waveform" else np.float64)
    assert made[0] == value


@pytest.mark.parametrize("row", ROWS, ids=label)
@quiet
def test_every_count_of_16_bits_becomes_count_times_gain_plus_offset(row):
    counts = all_counts(row)
    made = values_from_counts(counts, row)
    expected = [int(count) * row.gain + row.offset for count in counts[::97]]
    assert np.array_equal(made[::97], np.array(expected).astype(made.dtype))


@pytest.mark.parametrize("size", [65_535, 65_536, 200_000])
@pytest.mark.parametrize("name", ["ECG_I", "acceleration_X", "PPG", "ECG_III"])
def test_long_arrays_are_converted_like_short_ones(name, size):
    row = row_of("astroskin_256", name)
    pattern = np.random.default_rng(1).integers(0, 65_536, size).astype(np.uint16)
    signed = pattern.astype(np.int64)
    if row.signed:
        signed = np.where(signed > 32_767, signed - 65_536, signed)
    expected = (signed * row.gain + row.offset).astype(np.float32)
    for counts in (pattern, pattern.view(np.int16), pattern.astype(">u2")):
        assert np.array_equal(values_from_counts(counts, row), expected)
    pieces = [values_from_counts(part, row) for part in np.array_split(pattern, 9)]
    assert np.array_equal(np.concatenate(pieces), expected)


def test_signedness_is_that_of_the_table_and_not_of_the_array():
    ppg, acceleration = (
        row_of("astroskin_256", name) for name in ("PPG", "acceleration_X")
    )
    below = np.array([-1], dtype=np.int16)
    assert values_from_counts(below, ppg)[0] == 65_535
    assert values_from_counts(below, ppg, scale="raw")[0] == 65_535
    assert values_from_counts(below.view(np.uint16), acceleration)[0] == -1 / 256
    # Wider counts say themselves what they are.
    assert values_from_counts(np.array([70_000], np.int32), ppg)[0] == 70_000


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_raw_counts_come_as_they_are_and_warn_of_nothing(row, recwarn):
    counts = np.array([0, 1, 2273], dtype=np.int16)
    made = values_from_counts(counts, row, scale="raw")
    assert made.tolist() == [0.0, 1.0, 2273.0]
    assert made.dtype == (np.float32 if row.kind == "waveform" else np.float64)
    assert not recwarn.list


@quiet
def test_shape_stays_and_the_input_is_left_alone():
    row = row_of("hexoskin", "ECG_I")
    counts = np.arange(12, dtype=np.int16).reshape(3, 4)
    before = counts.copy()
    assert values_from_counts(counts, row).shape == (3, 4)
    assert values_from_counts(counts[:, ::2], row).shape == (3, 2)
    assert np.array_equal(counts, before)
    identity = row_of("hexoskin", "respiration_thoracic")
    whole = np.arange(3, dtype=np.float32)
    made = values_from_counts(whole, identity)
    made[0] = 99
    assert whole[0] == 0


def test_table_that_is_shared_cannot_be_changed_through_a_result():
    row = row_of("hexoskin", "ECG_I")
    counts = np.full(70_000, 1360, dtype=np.int16)
    first = values_from_counts(counts, row)
    first[:] = 99
    assert values_from_counts(counts, row).max() == 0


# --- and back -------------------------------------------------------------------------


@pytest.mark.parametrize("row", WAVES, ids=label)
@quiet
def test_float32_gives_back_each_of_the_65536_counts(row):
    counts = all_counts(row)
    back = counts_from_values(values_from_counts(counts, row), row)
    assert back.dtype == np.float64
    assert np.array_equal(back, counts.astype(np.float64))
    assert not np.signbit(back[counts == 0]).any()


@pytest.mark.parametrize("row", ROWS, ids=label)
@quiet
def test_counts_survive_the_way_through_physical_and_json_values(row):
    counts = all_counts(row)[::13]
    physical = values_from_counts(counts, row)
    carried = json_from_values(physical, row)
    assert np.array_equal(carried, counts * row.json_gain)
    assert np.array_equal(values_from_json(carried, row), physical)
    assert np.array_equal(values_from_json(carried, row, scale="raw"), counts)
    raw = values_from_counts(counts, row, scale="raw")
    assert np.array_equal(json_from_values(raw, row, scale="raw"), carried)
    assert np.array_equal(counts_from_values(raw, row, scale="raw"), counts)


@pytest.mark.parametrize("row", WAVES, ids=label)
@quiet
def test_json_values_in_float32_become_the_same_as_in_float64(row):
    carried = json_from_values(values_from_counts(all_counts(row)[::13], row), row)
    narrow = carried.astype(np.float32)
    same = narrow == carried
    for scale in ("physical", "raw"):
        wide = values_from_json(carried, row, scale=scale)
        assert np.array_equal(
            values_from_json(narrow, row, scale=scale)[same], wide[same]
        )


@quiet
@pytest.mark.parametrize(
    ("name", "carried", "value"),
    [
        ("ECG_I", 1360.0, 0.0),
        ("ECG_I", 1715.0, np.float32(2.272)),
        ("minute_ventilation", 4395.679999999999, 4395.679999999999),
        ("minute_ventilation", 20_637.12, 20_637.12),
        ("activity", 0.01953125, 0.01953125),
        ("RR_interval", 0.7265625, 0.7265625),
        ("respiration_thoracic", 24_445.0, 24_445.0),
        ("heart_rate", 72.0, 72.0),
        ("minute_ventilation_adjusted", 12_345.678, 12_345.678),
    ],
)
def test_json_value_is_read_as_what_the_service_means_by_it(name, carried, value):
    row = row_of("hexoskin", name)
    assert values_from_json(np.array([carried]), row)[0] == value
    assert json_from_values(np.array([value]), row)[0] == carried


@pytest.mark.parametrize("row", ROWS, ids=label)
@quiet
def test_missing_stays_missing(row):
    nothing = np.array([np.nan, np.nan])
    for scale in ("physical", "raw"):
        for convert in (values_from_json, json_from_values, counts_from_values):
            assert np.isnan(convert(nothing, row, scale=scale)).all()


def test_fraction_of_a_count_is_kept_where_the_service_does_not_round():
    row = row_of("hexoskin", "minute_ventilation_adjusted")
    unrounded = np.array([12_345.6, 12_340.0])
    assert counts_from_values(unrounded, row).tolist() == pytest.approx([1234.56, 1234])
    assert counts_from_values(unrounded, row)[0] != 1235
    assert values_from_json(unrounded, row).tolist() == unrounded.tolist()


@given(st.integers(0, 65_535))
def test_json_value_is_the_float_product_of_count_and_gain(count):
    row = row_of("hexoskin", "minute_ventilation")
    physical = values_from_counts(np.array([count], np.uint16), row)
    assert json_from_values(physical, row)[0] == count * 13.28
    assert abs(Fraction(physical[0]) - count * Fraction(1328, 100)) < Fraction(1, 10**9)


# --- real counts ----------------------------------------------------------------------


def counts_of(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def test_third_lead_of_the_real_astroskin_record_is_the_difference_in_mv(real_data):
    folder = real_data / "exports" / "astroskin-122445"
    counts = {
        name: counts_of(folder / f"ECG_{name}.wav") for name in ("I", "II", "III")
    }
    shortest = min(map(len, counts.values()))
    leads = {
        name: values_from_counts(
            part[:shortest], row_of("astroskin_256", f"ECG_{name}")
        )
        for name, part in counts.items()
    }
    difference = leads["I"].astype(float) - leads["II"]
    assert shortest > 30_000
    assert np.abs(leads["III"] - difference).max() < 1e-5


def test_real_temperature_is_one_of_a_body(real_data):
    path = real_data / "exports" / "astroskin-122445" / "temperature_celcius.wav"
    values = values_from_counts(
        counts_of(path), row_of("astroskin_256", "temperature_celcius")
    )
    assert values.max() == 7913 / 256
    assert values.min() > 10
    assert np.median(values) == pytest.approx(21, abs=2)


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_256", "astroskin_1000"])
@pytest.mark.parametrize("scale", ["physical", "raw"])
def test_an_interval_outside_its_limits_is_no_measurement(family, scale):
    counts = np.array([-1, 0, 1, 186, 65_534, 65_535, 65_536, np.nan])
    row = channels_of(family)["rr_interval"].datatypes[0]
    values = counts if scale == "raw" else counts * row.gain
    assert unmeasured(values, row, scale=scale).tolist() == [
        *(True, True, False, False, False, True, True, False),
    ]


def test_no_signal_is_no_measurement_and_other_values_are():
    rows = {
        name: channels_of("hexoskin")[name].datatypes[0]
        for name in ("respiration", "sdnn", "heart_rate")
    }
    values = np.array([0.0, 1.0, np.nan])
    found = {name: unmeasured(values, row).tolist() for name, row in rows.items()}
    assert found == {
        "respiration": [True, False, False],
        "sdnn": [True, False, False],
        "heart_rate": [False, False, False],
    }
