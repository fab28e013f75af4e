"""Packed samples come back to the last bit, as an independent reader has them."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import channels_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.report.encoding import as_column, as_times, pack
from tests.report.unpacking import numbers_of, ticks_of_times, values_of

NONE = -1


def store(data):
    return base64.b64encode(data).decode()


def there_and_back(values, row, scale="physical"):
    packed = as_column(values, row, scale=scale).packed(store)
    return values_of(packed, {}), packed


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_256", "astroskin_1000"])
def test_each_count_of_each_channel_comes_back_to_the_last_bit(family):
    chance = np.random.default_rng(5)
    for channel in channels_of(family).values():
        for row in channel.datatypes:
            least = -(2**15) if row.signed else 0
            counts = chance.integers(least, least + 2**16, 400)
            values = values_from_counts(counts.astype(np.float64), row)
            values[7:9] = np.nan
            found, packed = there_and_back(values, row)
            assert packed["form"] != "f64", row.column
            assert found.dtype == values.dtype
            np.testing.assert_array_equal(found, values)


@given(st.lists(st.integers(0, 2**31 - 1), max_size=60))
def test_any_whole_numbers_come_back(numbers):
    packed = pack(np.array(numbers, np.int64), store)
    assert numbers_of(packed, {}).tolist() == numbers


@given(st.lists(st.sampled_from([NONE, 0, 1, 65_533, 65_534]), max_size=30))
def test_missing_numbers_stay_missing_beside_the_greatest(numbers):
    packed = pack(np.array(numbers, np.int64), store, missing=NONE)
    found = numbers_of(packed, {})
    wanted = [np.nan if number == NONE else number for number in numbers]
    np.testing.assert_array_equal(found, np.array(wanted, np.float64))


@given(st.lists(st.floats(width=32), max_size=30))
def test_values_that_no_count_gives_are_kept_as_they_are(values):
    row = channels_of("hexoskin")["ecg"].datatypes[0]
    given_values = np.array(values, np.float32)
    found, packed = there_and_back(given_values, row)
    np.testing.assert_array_equal(found.astype(np.float32), given_values)
    if packed["form"] != "f64":
        counts = (given_values.astype(np.float64) + 8.704) / 0.0064
        counts = counts[np.isfinite(counts)]
        assert np.allclose(counts, np.rint(counts), atol=1e-2)


def test_one_value_off_its_count_by_a_bit_keeps_the_column_whole():
    row = channels_of("hexoskin")["ecg"].datatypes[0]
    values = values_from_counts(np.arange(1000.0, 1100.0), row)
    assert there_and_back(values, row)[1]["form"] == "u16"
    values[50] = np.nextafter(values[50], np.float32(9))
    found, packed = there_and_back(values, row)
    assert packed["form"] == "f64"
    np.testing.assert_array_equal(found, values)


def test_raw_counts_need_no_gain():
    row = channels_of("hexoskin")["ecg"].datatypes[0]
    counts = np.array([1360, 1365, np.nan, 1200], np.float32)
    found, packed = there_and_back(counts, row, scale="raw")
    assert (packed["gain"], packed["offset"]) == (1.0, 0.0)
    np.testing.assert_array_equal(found, counts)


@pytest.mark.parametrize("name", ["ecg", "heart_rate", "rr_interval", "ppg"])
def test_ticks_come_back_with_their_holes(name):
    channel = channels_of("astroskin_1000")[name]
    step = round(channel.ticks or 700)
    ticks = np.arange(0, 300 * step, step, dtype=np.int64)
    ticks = np.concatenate((ticks[:100], ticks[150:] + 3)) - 40
    times = as_times(ticks, channel, store)
    assert ticks_of_times(times, {}).tolist() == ticks.tolist()
    if name in {"ecg", "heart_rate"}:
        assert times["runs"] == [-40, 100, 150 * step - 37, 150]


def test_ticks_that_move_at_each_sample_come_back():
    channel = channels_of("hexoskin")["heart_rate"]
    ticks = np.cumsum(256 + np.arange(20_000) % 3)
    times = as_times(ticks, channel, store)
    assert "ticks" in times
    assert ticks_of_times(times, {}).tolist() == ticks.tolist()


def test_nothing_comes_back_as_nothing():
    channel = channels_of("hexoskin")["heart_rate"]
    none = np.zeros(0)
    assert len(there_and_back(none, channel.datatypes[0])[0]) == 0
    assert len(ticks_of_times(as_times(np.zeros(0, np.int64), channel, store), {})) == 0
