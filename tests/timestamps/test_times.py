"""Ticks as UTC time of pandas and back, against datetime and fractions."""

import datetime as dt
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe import timestamps as ts
from hexoframe.errors import ConfigurationError, TimestampError

FIRST = 946_684_800  # 2000-01-01
LAST = 4_102_444_800  # 2100-01-01
CLOCKS = (256, 1000)
NOON = 1_500_000_000

clocks = st.sampled_from(CLOCKS)


@given(st.lists(st.integers(FIRST * 256, LAST * 256), max_size=30), clocks)
def test_ticks_and_index_are_each_other_exactly(numbers, clock):
    ticks = np.array([number // 256 * clock + number % 256 for number in numbers])
    ticks = np.minimum(ticks.astype(np.int64), LAST * clock)
    index = ts.ticks_to_index(ticks, clock=clock)
    assert (index.name, index.unit, str(index.tz)) == ("time", "ns", "UTC")
    nanoseconds = [Fraction(int(tick) * 10**9, clock) for tick in ticks]
    assert index.asi8.tolist() == nanoseconds
    assert ts.index_to_ticks(index, clock=clock).tolist() == ticks.tolist()
    local = index.tz_convert("Australia/Lord_Howe")
    assert ts.index_to_ticks(local, clock=clock).tolist() == ticks.tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_an_index_of_any_unit_gives_its_ticks(unit):
    index = pd.DatetimeIndex(["2020-02-29T12:00:00"], tz="UTC").as_unit(unit)
    second = int(dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC).timestamp())
    for clock in CLOCKS:
        assert ts.index_to_ticks(index, clock=clock).tolist() == [second * clock]
        assert ts.index_to_ticks(index.to_series(), clock=clock)[0] == second * clock


def test_an_index_without_zone_is_refused_and_told_to_get_one():
    with pytest.raises(TimestampError, match="add a zone"):
        ts.index_to_ticks(pd.DatetimeIndex(["2020-01-01"]), clock=256)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (["2020-01-01T00:00:00Z", None], "row 1.*missing"),
        (["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z"], "row 1.*between"),
        (["2020-01-01T00:00:00Z", "1999-12-31T23:59:59Z"], "row 1.*outside"),
        (["2020-01-01T00:00:00Z", "2101-01-01T00:00:00Z"], "row 1.*outside"),
    ],
)
def test_times_that_are_no_ticks_are_refused_with_their_row(times, said):
    index = pd.to_datetime(times, utc=True, format="ISO8601")
    with pytest.raises(TimestampError, match=said):
        ts.index_to_ticks(index, clock=256)


def test_an_index_far_out_of_range_is_refused_before_it_overflows():
    index = pd.DatetimeIndex(np.array([2**60], "M8[s]")).tz_localize("UTC")
    with pytest.raises(TimestampError, match="outside"):
        ts.index_to_ticks(index, clock=256)


def test_numbers_are_no_index():
    with pytest.raises(TimestampError):
        ts.index_to_ticks([384_700_526_436], clock=256)
    with pytest.raises(TimestampError, match="no times"):
        ts.index_to_ticks(["x"], clock=256)


@pytest.mark.parametrize("clock", CLOCKS)
def test_every_phase_goes_through_one_time_and_back(clock):
    for phase in range(clock):
        tick = NOON * clock + phase
        time = ts.tick_to_time(tick, clock=clock)
        assert time.unit == "ns"
        assert time.value == Fraction(tick * 10**9, clock)
        written = dt.datetime.fromtimestamp(tick / clock, dt.UTC)
        truncated = written.replace(
            microsecond=(tick % clock) * 10**6 // clock
        ).isoformat()
        for form in (time, time.isoformat(), written, written.isoformat(), truncated):
            assert ts.time_to_tick(form, clock=clock) == tick


@pytest.mark.parametrize(
    "text",
    [
        "2022-11-04T23:29:49Z",
        "2022-11-04 19:29:49-04:00",
        "2022-11-05T04:59:49.000000000+0530",
        "2022-11-04T23:29:49,0+00",
    ],
)
def test_iso_text_with_a_zone_is_a_time(text):
    second = int(dt.datetime(2022, 11, 4, 23, 29, 49, tzinfo=dt.UTC).timestamp())
    assert ts.time_to_tick(text, clock=256) == second * 256


@pytest.mark.parametrize(
    "time",
    [
        "2022-11-04T23:29:49",
        "2022-11-04",
        "2022-13-04T23:29:49Z",
        "2022-11-04T24:00:00Z",
        "now",
        dt.datetime(2022, 11, 4),  # noqa: DTZ001 - naive
        pd.Timestamp("2022-11-04"),
        np.datetime64("2022-11-04"),
        pd.NaT,
        None,
        384_700_526_436,
        dt.date(2022, 11, 4),
        "2022-11-04T23:29:49.1Z",
        "2022-11-04T23:29:49.003906251Z",
        "1999-11-04T23:29:49Z",
        dt.datetime(9999, 1, 1, tzinfo=dt.UTC),
    ],
    ids=repr,
)
def test_a_time_that_is_no_exact_aware_tick_is_refused(time):
    with pytest.raises(TimestampError):
        ts.time_to_tick(time, clock=256)


@pytest.mark.parametrize("day", ["2022-11-04", "2022-11-04Z", "2022-11-04-05:00"])
def test_a_day_is_refused_with_a_form_that_is_taken(day):
    with pytest.raises(TimestampError, match="is a day") as caught:
        ts.time_to_tick(day, clock=256)
    (form,) = re.findall(r"write (\S+)", str(caught.value))
    hours = 5 if day.endswith("-05:00") else 0
    expected = dt.datetime(2022, 11, 4, hours, tzinfo=dt.UTC).timestamp() * 256
    assert ts.time_to_tick(form, clock=256) == expected


def test_a_naive_time_is_told_to_get_a_zone():
    with pytest.raises(TimestampError, match="add a zone"):
        ts.time_to_tick(pd.Timestamp("2022-11-04"), clock=256)


@given(st.integers(FIRST * 10**6, (LAST - 1) * 10**6), clocks)
def test_times_between_ticks_are_rounded_only_on_request(micros, clock):
    time = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    exact = Fraction(micros * clock, 10**6)
    assert ts.time_to_tick(time, clock=clock, rounding="down") == exact.__floor__()
    assert ts.time_to_tick(time, clock=clock, rounding="up") == exact.__ceil__()


def test_a_rounding_of_another_name_is_refused():
    with pytest.raises(ConfigurationError, match="nearest"):
        ts.time_to_tick("2022-11-04T23:29:49.1Z", clock=256, rounding="nearest")


# --- grids as an index ----------------------------------------------------------------


@given(
    st.integers(NOON, NOON + 10**8),
    st.fractions(1, 80_000, max_denominator=4),
    st.integers(0, 40),
    st.integers(0, 5),
    st.sampled_from(CLOCKS),
)
def test_index_of_a_grid_is_the_index_of_its_ticks(start, step, count, first, clock):
    index = ts.grid_to_index(
        start * clock + 3, step=step, count=count, first=first, clock=clock
    )
    ticks = ts.grid(start * clock + 3, step=step, count=count, first=first)
    pd.testing.assert_index_equal(index, ts.ticks_to_index(ticks, clock=clock))


def test_grid_that_leaves_the_years_is_refused_as_an_index():
    last = 4_102_444_800 * 256
    for start, count in ((last - 256, 3), (0, 2), (last + 1, 1)):
        with pytest.raises(TimestampError):
            ts.grid_to_index(start, step=256, count=count, clock=256)
    assert len(ts.grid_to_index(last - 256, step=256, count=2, clock=256)) == 2
    with pytest.raises(ConfigurationError, match="count"):
        ts.grid_to_index(last, step=256, count=-1, clock=256)
    with pytest.raises(ConfigurationError, match="step"):
        ts.grid_to_index(last, step=0, count=1, clock=256)
