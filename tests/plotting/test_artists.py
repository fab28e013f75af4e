"""Lines that fit their axes at every zoom, and round times in any zone."""

from __future__ import annotations

import io
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from hexoframe.plotting import plot_channel
from hexoframe.plotting.artists import LiveLine, SparseMarks, WallFormatter, WallLocator
from hexoframe.plotting.decimation import LineSamples, gap_rows
from hexoframe.plotting.figures import days, nanoseconds

STEP = 3_906_250
START = 1_667_604_589 * 10**9
HOUR = 256 * 3600
ZONES = ("UTC", "America/Montreal", "Asia/Kolkata", "Australia/Lord_Howe")


def samples_of(values, *, skip=()):
    rows = np.setdiff1d(np.arange(len(values)), skip)
    stamps = START + rows * STEP
    heights = np.asarray(values, dtype=np.float32)[rows]
    return LineSamples(stamps, heights, gap_rows(stamps, 1.5 * STEP))


def heart_like(count):
    chance = np.random.default_rng(1)
    values = chance.normal(0, 0.05, count)
    values[::230] += 1.2
    values[count // 3] = 6
    return values


def live(samples, *, width=6.0, dpi=100, **style):
    figure = plt.figure(figsize=(width, 2), dpi=dpi)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(*days(samples.stamps[[0, -1]]))
    line = LiveLine(samples, **style)
    line.put_on(axes)
    axes.autoscale_view(scalex=False)
    return figure, axes, line


def points(line):
    """Return stamps and heights of what is drawn, without the breaks."""
    stamps, heights = nanoseconds(np.asarray(line.get_xdata())), line.get_ydata()
    known = ~np.isnan(heights)
    return stamps[known], heights[known]


def extremes(axes, stamps, heights):
    """Lowest and highest height in each pixel column of a panel."""
    numbers = days(stamps)
    left, right = axes.get_xlim()
    seen = (numbers >= left) & (numbers <= right)
    x = axes.transData.transform(np.stack((numbers, heights), axis=1)[seen])[:, 0]
    columns = np.floor(x + 1e-6).astype(int)
    order = np.argsort(columns, kind="stable")
    columns, heights = columns[order], heights[seen][order]
    first = np.flatnonzero(np.diff(columns, prepend=-1))
    lowest = np.minimum.reduceat(heights, first)
    highest = np.maximum.reduceat(heights, first)
    return columns[first], lowest, highest


def picture_of(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="raw")
    return np.frombuffer(buffer.getvalue(), dtype=np.uint8)


@pytest.mark.parametrize("part", [(0.0, 1.0), (0.2, 0.7), (0.5, 0.51)])
def test_every_pixel_column_has_the_true_extremes_at_every_zoom(part):
    samples = samples_of(heart_like(HOUR), skip=range(5000, 90_000))
    _, axes, line = live(samples)
    first, last = days(samples.stamps[[0, -1]])
    axes.set_xlim(first + part[0] * (last - first), first + part[1] * (last - first))
    drawn = extremes(axes, *points(line))
    true = extremes(axes, samples.stamps, samples.heights)
    # A sample on the border of two columns may count in either.
    near = np.isin(true[0], drawn[0])
    assert near.mean() > 0.99
    same = [
        (few == full).mean() > 0.98
        for few, full in zip(
            (drawn[1], drawn[2]), (true[1][near], true[2][near]), strict=True
        )
    ]
    assert all(same)
    assert drawn[1].min() == true[1].min()
    assert drawn[2].max() == true[2].max()


def test_picture_is_that_of_all_samples():
    values = heart_like(HOUR)
    style = {"color": "black", "linewidth": 0.8}
    few, axes, _ = live(samples_of(values), **style)
    limits = axes.get_ylim()
    full = plt.figure(figsize=(6, 2), dpi=100)
    other = full.add_axes((0.1, 0.1, 0.8, 0.8))
    other.plot(days(START + np.arange(HOUR) * STEP), values, **style)
    other.set_xlim(axes.get_xlim())
    other.set_ylim(limits)
    difference = picture_of(few).astype(int) - picture_of(full)
    assert (np.abs(difference) > 64).mean() < 0.002


def test_zoom_shows_every_sample_where_there_is_room_and_few_where_not():
    samples = samples_of(heart_like(HOUR))
    _, axes, line = live(samples)
    assert len(line.get_xdata()) < 4 * 480 + 10
    first = START + 1000 * 256 * STEP
    axes.set_xlim(*days(np.array([first, first + 2 * 256 * STEP])))
    stamps, heights = points(line)
    # matplotlib's days are exact to a microsecond.
    inside = (stamps > first - 2000) & (stamps < first + 512 * STEP + 2000)
    assert inside.sum() == 513
    rows = np.round((stamps[inside] - START) / STEP).astype(int)
    np.testing.assert_array_equal(np.diff(rows), 1)
    np.testing.assert_array_equal(heights[inside], samples.heights[rows])
    axes.set_xlim(*days(samples.stamps[[0, -1]]))
    assert len(line.get_xdata()) < 4 * 480 + 10


def test_limits_of_the_data_do_not_shrink_with_the_view():
    samples = samples_of(heart_like(HOUR))
    _, axes, _ = live(samples)
    first = START + 1000 * 256 * STEP
    axes.set_xlim(*days(np.array([first, first + 256 * STEP])))
    axes.relim()
    assert axes.dataLim.ymax == samples.heights.max()
    np.testing.assert_allclose(
        [axes.dataLim.xmin, axes.dataLim.xmax], days(samples.stamps[[0, -1]])
    )


def test_saving_at_a_higher_resolution_draws_more_columns():
    figure, _, line = live(samples_of(heart_like(HOUR)))
    figure.savefig(io.BytesIO(), dpi=100)
    coarse = len(line.get_xdata())
    figure.savefig(io.BytesIO(), dpi=400)
    assert len(line.get_xdata()) > 3 * coarse


def test_file_of_vectors_is_finer_than_its_dots():
    figure, _, line = live(samples_of(heart_like(HOUR)))
    figure.savefig(io.BytesIO(), format="svg")
    assert len(line.get_xdata()) > 4 * 3 * 6 * 0.8 * 72


def test_sample_alone_between_gaps_is_a_dot():
    values = np.zeros(100)
    samples = samples_of(values, skip=[*range(10, 50), *range(51, 100)])
    figure, axes, line = live(samples, color="black")
    drawn = np.asarray(line.get_xdata())[line.get_markevery()]
    np.testing.assert_allclose(drawn, days(START + np.array([50]) * STEP))
    axes.set_axis_off()
    axes.set_xlim(*days(START + np.array([40, 60]) * STEP))
    assert (picture_of(figure) < 100).any()


def test_marks_are_drawn_where_there_is_room_for_all_of_them():
    figure = plt.figure(figsize=(6, 2), dpi=100)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    beats = START + np.arange(3600) * 10**9
    marks = SparseMarks(beats, np.zeros(3600), marker="v")
    some = SparseMarks(beats[:2], np.zeros(2), crowd=beats, marker="v")
    for line in (marks, some):
        axes.add_line(line)
    axes.set_xlim(*days(beats[[0, -1]]))
    assert not marks.has_room()
    assert not some.has_room()
    empty = picture_of(figure)
    axes.set_xlim(*days(beats[[0, 30]]))
    assert marks.has_room()
    assert some.has_room()
    assert (picture_of(figure) != empty).any()


# --- the time axis --------------------------------------------------------------------


def axis_of(first, last, zone, *, inches=8.0):
    """Return the labels of an axis, and their times in ns."""
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
    return labels, nanoseconds(ticks)


def on_the_wall(zone, *times):
    return [pd.Timestamp(time, tz=zone).as_unit("ns") for time in times]


@pytest.mark.parametrize(
    ("first", "last", "zone", "labels"),
    [
        (
            "2024-03-01T22:00:00",
            "2024-03-01T22:00:00.020",
            "UTC",
            [
                "22:00:00.000\n2024-03-01",
                "22:00:00.005",
                "22:00:00.010",
                "22:00:00.015",
            ],
        ),
        (
            "2024-03-01T22:00:07",
            "2024-03-01T22:00:17",
            "UTC",
            ["22:00:08\n2024-03-01", "22:00:10", "22:00:12", "22:00:14", "22:00:16"],
        ),
        (
            "2024-03-01T21:59:00",
            "2024-03-01T22:08:59",
            "Asia/Kolkata",
            ["22:00\n2024-03-01", "22:02", "22:04", "22:06", "22:08"],
        ),
        (
            "2024-03-01T22:00:00",
            "2024-03-02T00:00:00",
            "UTC",
            [
                *("22:00\n2024-03-01", "22:15", "22:30", "22:45"),
                *("23:00", "23:15", "23:30", "23:45", "00:00\n2024-03-02"),
            ],
        ),
        (
            "2024-03-01T18:00:00",
            "2024-03-02T06:00:00",
            "America/Montreal",
            [
                *("18:00\n2024-03-01", "20:00", "22:00"),
                *("00:00\n2024-03-02", "02:00", "04:00", "06:00"),
            ],
        ),
        (
            "2024-02-27T12:00:00",
            "2024-03-02T12:00:00",
            "Asia/Kolkata",
            [
                *("12:00\n2024-02-27", "00:00\n2024-02-28", "12:00"),
                *("00:00\n2024-02-29", "12:00", "00:00\n2024-03-01", "12:00"),
                *("00:00\n2024-03-02", "12:00"),
            ],
        ),
    ],
)
def test_ticks_are_round_on_the_wall_and_dated_at_the_start_and_at_midnight(
    first, last, zone, labels
):
    found, _ = axis_of(*on_the_wall(zone, first, last), zone)
    assert found[: len(labels)] == labels


def test_axis_that_is_not_dated_has_dates_at_midnight_alone():
    zone = zoneinfo.ZoneInfo("UTC")
    times = on_the_wall("UTC", "2024-03-01T22:00", "2024-03-01T23:00", "2024-03-02")
    numbers = days(np.array([time.value for time in times]))
    found = WallFormatter(zone, dated=False).format_ticks(numbers)
    assert found == ["22:00", "23:00", "00:00\n2024-03-02"]


def test_hour_that_comes_twice_has_its_ticks_twice():
    zone = "Europe/Paris"
    ends = on_the_wall(zone, "2022-10-30T00:00:00", "2022-10-30T04:00:00")
    labels, stamps = axis_of(*ends, zone)
    first, *others = labels
    assert first == "00:00\n2022-10-30"
    assert others == ["01:00", "02:00", "02:00", "03:00", "04:00"]
    assert np.abs(np.diff(stamps) - 3600 * 10**9).max() < 2000


def test_hour_that_is_left_out_has_no_tick():
    zone = "Europe/Paris"
    ends = on_the_wall(zone, "2023-03-26T00:00:00", "2023-03-26T06:00:00")
    labels, stamps = axis_of(*ends, zone)
    first, *others = labels
    assert first == "00:00\n2023-03-26"
    assert others == ["01:00", "03:00", "04:00", "05:00", "06:00"]
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
    labels, stamps = axis_of(first, last, zone)
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
    assert "01:00\n2022-10-30" in told
    assert {"02:00", "03:00", "04:00"} <= set(told)
