"""The time axis: round times of the wall clock, in every zone and at every zoom."""

from __future__ import annotations

import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from hexoframe.plotting import plot_channel
from hexoframe.plotting.figures import days, nanoseconds
from hexoframe.plotting.artists import WallFormatter, WallLocator

ZONES = ("UTC", "America/Montreal", "Asia/Kolkata", "Australia/Lord_Howe")


def axis_of(first, last, zone, *, inches=8.0):
    """Return the labels of an axis, their times in ns, and the date below it."""
    tz = zoneinfo.ZoneInfo(zone)
    figure = plt.figure(figsize=(inches, 1))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(*days(np.array([first.value, last.value])))
    axes.xaxis.set_major_locator(WallLocator(tz))
    formatter = WallFormatter(tz)
    axes.xaxis.set_major_formatter(formatter)
    ticks = np.asarray(axes.get_xticks())
    labels = formatter.format_ticks(ticks)
    plt.close(figure)
    return labels, nanoseconds(ticks), formatter.get_offset()


def on_the_wall(zone, *times):
    return [pd.Timestamp(time, tz=zone).as_unit("ns") for time in times]


@pytest.mark.parametrize(
    ("first", "last", "zone", "labels", "date"),
    [
        (
            "2024-03-01T22:00:00",
            "2024-03-01T22:00:00.020",
            "UTC",
            ["22:00:00.000", "22:00:00.005", "22:00:00.010", "22:00:00.015"],
            "2024-03-01",
        ),
        (
            "2024-03-01T22:00:07",
            "2024-03-01T22:00:17",
            "UTC",
            ["22:00:08", "22:00:10", "22:00:12", "22:00:14", "22:00:16"],
            "2024-03-01",
        ),
        (
            "2024-03-01T21:59:00",
            "2024-03-01T22:08:59",
            "Asia/Kolkata",
            ["22:00", "22:02", "22:04", "22:06", "22:08"],
            "2024-03-01",
        ),
        (
            "2024-03-01T22:00:00",
            "2024-03-02T00:00:00",
            "UTC",
            ["22:00", "22:15", "22:30", "22:45", "23:00", "23:15", "23:30", "23:45"],
            "2024-03-02",
        ),
        (
            "2024-03-01T18:00:00",
            "2024-03-02T06:00:00",
            "America/Montreal",
            ["18:00", "20:00", "22:00", "03-02", "02:00", "04:00", "06:00"],
            "2024-03-02",
        ),
        (
            "2024-02-27T12:00:00",
            "2024-03-02T12:00:00",
            "Asia/Kolkata",
            ["12:00", "02-28", "12:00", "02-29", "12:00", "03-01", "12:00", "03-02"],
            "2024-03-02",
        ),
    ],
)
def test_ticks_are_round_on_the_wall(first, last, zone, labels, date):
    found, _, told = axis_of(*on_the_wall(zone, first, last), zone)
    assert found[: len(labels)] == labels
    assert told == date


def test_hour_that_comes_twice_has_its_ticks_twice():
    zone = "Europe/Paris"
    ends = on_the_wall(zone, "2022-10-30T00:00:00", "2022-10-30T04:00:00")
    labels, stamps, _ = axis_of(*ends, zone)
    assert labels == ["10-30", "01:00", "02:00", "02:00", "03:00", "04:00"]
    assert np.abs(np.diff(stamps) - 3600 * 10**9).max() < 2000


def test_hour_that_is_left_out_has_no_tick():
    zone = "Europe/Paris"
    ends = on_the_wall(zone, "2023-03-26T00:00:00", "2023-03-26T06:00:00")
    labels, stamps, _ = axis_of(*ends, zone)
    assert labels == ["03-26", "01:00", "03:00", "04:00", "05:00", "06:00"]
    assert np.abs(np.diff(stamps) - 3600 * 10**9).max() < 2000


@given(
    st.sampled_from(ZONES),
    st.integers(1_600_000_000, 1_750_000_000),
    st.integers(-3, 6),
    st.integers(1, 99),
)
def test_ticks_are_few_ascend_and_lie_in_the_view(zone, start, power, some):
    first = pd.Timestamp(start, unit="s", tz="UTC").as_unit("ns")
    last = first + pd.Timedelta(some * 10**power, "s")
    labels, stamps, _ = axis_of(first, last, zone)
    assert len(stamps) <= 12
    assert (np.diff(stamps) > 0).all()
    assert (stamps >= first.value - 2000).all()
    assert (stamps <= last.value + 2000).all()
    assert len(labels) == len(stamps)
    assert len(stamps) >= 3
    # Ticks lie evenly, but where clocks were set or days have other lengths.
    steps = np.diff(stamps)
    if last - first < pd.Timedelta("2h"):
        assert np.ptp(steps) < 2000


def test_narrow_axes_have_fewer_labels():
    ends = on_the_wall("UTC", "2024-03-01T22:00", "2024-03-02T06:00")
    wide, *_ = axis_of(*ends, "UTC", inches=8)
    narrow, *_ = axis_of(*ends, "UTC", inches=2.5)
    assert len(narrow) < len(wide)
    assert len(narrow) <= 3


def test_mouse_is_told_date_and_thousandths():
    formatter = WallFormatter(zoneinfo.ZoneInfo("America/Montreal"))
    at = pd.Timestamp("2024-03-02T03:00:00.123Z").as_unit("ns").value
    assert formatter(days(np.array([at]))[0]) == "2024-03-01 22:00:00.123"


def test_picture_says_zone_and_date(frames, texts_of):
    # Clocks in Paris went from 3 to 2 at night, on 2022-10-30.
    start = int(pd.Timestamp("2022-10-29T22:00:00Z").timestamp())
    ticks = (start + np.arange(1, 5 * 3600 + 1)) * 256
    frame = frames.at("heart_rate", ticks, np.full(5 * 3600, 60))
    figure, _ = plot_channel(frame.tz_convert("Europe/Paris"))
    told = list(dict.fromkeys(texts_of(figure)))
    assert "time (Europe/Paris)" in told
    assert "2022-10-30" in told
    assert {"01:00", "02:00", "03:00"} <= set(told)
