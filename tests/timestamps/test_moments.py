"""Moments and lengths of time in every form that users write them."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.record import Record
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index
from hexoframe.timestamps.moments import length_ns, moment_to_tick, period_ns
from hexoframe.timestamps.zones import zone_name

START = 426_906_774_784  # 2022-11-04T23:29:49Z
MINUTE = START + 60 * 256
BEGIN = pd.Timestamp("2022-11-04T23:29:49Z")
# One minute behind the start.
FORMS = {
    "text with a unit": "60s",
    "text with two units": "0min 60s",
    "int": 60,
    "float": 60.0,
    "int of numpy": np.int64(60),
    "float of numpy": np.float32(60),
    "Timedelta": pd.Timedelta("1min"),
    "timedelta": dt.timedelta(minutes=1),
    "timedelta of numpy": np.timedelta64(1, "m"),
    "tick": MINUTE,
    "tick of numpy": np.int64(MINUTE),
    "Timestamp": pd.Timestamp("2022-11-04T23:30:49Z"),
    "Timestamp in us": pd.Timestamp("2022-11-04T23:30:49Z").as_unit("us"),
    "datetime": dt.datetime(2022, 11, 4, 23, 30, 49, tzinfo=dt.UTC),
    "local time": pd.Timestamp("2022-11-04 19:30:49", tz="America/Montreal"),
    "ISO 8601": "2022-11-04T23:30:49Z",
    "ISO 8601 with an offset": "2022-11-04 19:30:49-04:00",
    "ISO 8601 in lower case": "2022-11-04t23:30:49z",
}


@pytest.fixture
def record():
    channel = channels_of("hexoskin")["heart_rate"]
    ticks = START + 256 * np.arange(1, 301)
    index = ticks_to_index(ticks, clock=256)
    frame = make_frame(channel, index, {"heart_rate": np.arange(300.0)})
    return Record("hexoskin", (START, START + 300 * 256), {"heart_rate": frame})


@pytest.mark.parametrize("moment", FORMS.values(), ids=FORMS)
def test_a_moment_is_the_same_tick_in_every_form(moment):
    assert moment_to_tick(moment, clock=256, origin=START) == MINUTE


@pytest.mark.parametrize("moment", FORMS.values(), ids=FORMS)
def test_every_argument_takes_every_form(record, moment):
    late = record.between(moment, None)
    assert (late.start_tick, len(late.heart_rate)) == (MINUTE, 240)
    assert len(record.between(None, moment).heart_rate) == 60
    pytest.importorskip("matplotlib")
    from hexoframe.plotting.windows import record_window, span_until

    assert record_window(record, moment, None).first == MINUTE * 3_906_250
    begin, length = span_until(record, None, moment, None)
    assert (begin, length) == (BEGIN, pd.Timedelta("60s"))


@pytest.mark.parametrize(
    "length",
    ["30s", 30, 30.0, np.int64(30), np.timedelta64(30, "s"), pd.Timedelta("30s")],
    ids=repr,
)
def test_a_length_is_the_same_in_every_form(record, length):
    assert length_ns("it", length) == 30 * 10**9
    assert [len(each) for each in record.windows("heart_rate", length)] == [30] * 10
    pytest.importorskip("matplotlib")
    from hexoframe.plotting.windows import record_window

    assert record_window(record, None, length).seconds == 30


def test_a_picture_ends_where_it_is_told(record):
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot as plt

    figure, axes = record.plot("heart_rate", start="60s", end=200)
    plt.close(figure)
    ends = [pd.Timestamp(limit, unit="D", tz="UTC") for limit in axes.get_xlim()]
    for end, second in zip(ends, (60, 200), strict=True):
        assert abs(end - BEGIN - pd.Timedelta(second, "s")) < pd.Timedelta("10ms")


def test_a_number_of_seconds_is_as_exact_as_it_is_written():
    assert length_ns("it", 0.1) == 100_000_000
    assert length_ns("it", 1 / 256) == 3_906_250
    # Between two ticks the later one is taken, as for a time.
    assert moment_to_tick(0.001, clock=256, origin=START) == START + 1
    assert moment_to_tick("1ms", clock=256, origin=START, rounding="down") == START


@pytest.mark.parametrize("moment", ["60s", 60, 0, pd.Timedelta("1s")], ids=repr)
def test_a_length_needs_a_record_to_count_from(moment):
    with pytest.raises(TimestampError, match="here is none: give a time with its zone"):
        moment_to_tick(moment, clock=256)


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (1_667_604_589, r"unit='s', tz='UTC'"),
        (float("nan"), "neither a tick"),
        ("60", "'60s', the number itself"),
        (-1, "not below zero"),
        ("-1s", "not below zero"),
        ("3 bananas", "no time behind the start"),
        (np.datetime64("2022-11-04T23:30"), r"numpy, which has no zone.*tz='UTC'"),
        (dt.date(2022, 11, 4), "is a day, not a time"),
        ("2022-11-04", "is a day, not a time"),
        ("2022-11-04z", "is a day, not a time"),
        ("2022-11-04T23:30", "no ISO 8601 time with a zone"),
        (True, "is no time"),
        (None, "is no time"),
        (pd.NaT, "is no time"),
        (np.datetime64("NaT"), "is no time"),
        (pd.Timestamp("2022-11-04T23:30"), "naive and refused"),
    ],
)
def test_what_is_no_moment_is_refused_with_the_way_out(moment, message):
    with pytest.raises(TimestampError, match=message):
        moment_to_tick(moment, clock=256, origin=START)


def test_an_end_and_a_duration_are_too_much(record):
    with pytest.raises(ConfigurationError, match="give one of the two"):
        record.plot("heart_rate", end="60s", duration="10s")
    with pytest.raises(TimestampError, match="does not lie behind the start"):
        record.plot("heart_rate", start="60s", end=60)


@pytest.mark.parametrize(
    ("rate", "ns"),
    [("64Hz", 15_625_000), ("1 hz", 10**9), ("0.5Hz", 2 * 10**9), ("2kHz", 500_000)],
)
def test_a_rate_may_be_in_hz(record, rate, ns):
    assert period_ns("rate", rate) == ns
    if ns >= 10**9:
        assert record.to_frame(rate).equals(record.to_frame(pd.Timedelta(ns, "ns")))


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("3Hz", "whole nanoseconds"),
        ("75Hz", "whole nanoseconds"),
        ("0Hz", "whole nanoseconds"),
        (64, r"seconds, or Hz\? .*'64s', or '64Hz'"),
        ("64", "give a length of time"),
    ],
)
def test_a_rate_that_is_none_or_could_be_two_is_refused(record, rate, message):
    with pytest.raises(ConfigurationError, match=message):
        record.to_frame(rate)


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
@pytest.mark.parametrize(
    "zone", ["Europe/Paris", zoneinfo.ZoneInfo("Europe/Paris")], ids=["name", "object"]
)
def test_a_zone_is_given_by_its_name_or_as_an_object(record, zone, tmp_path):
    shown = record.tz_convert(zone)
    assert shown.tz == "Europe/Paris"
    assert str(shown.heart_rate.index.tz) == "Europe/Paris"
    # The name goes on: into files, and to text.
    path = record.to_txt(tmp_path, timestamps="string", tz=zone)
    again = hexoframe.open_record(path, tz=zone, model="hexoskin")
    assert again.heart_rate.index.equals(record.heart_rate.index)


def test_utc_has_many_objects_and_one_name():
    objects = (dt.UTC, zoneinfo.ZoneInfo("UTC"), BEGIN.tz, BEGIN.as_unit("us").tz)
    assert {zone_name(each) for each in objects} == {"UTC"}


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("local", "the zone of this computer is never assumed"),
        (dt.timezone(dt.timedelta(hours=1)), "an offset knows no summer time"),
        (None, "its name is needed"),
        (["UTC"], "its name is needed"),
    ],
)
def test_a_zone_without_a_name_is_refused_with_the_reason(record, zone, message):
    with pytest.raises(ConfigurationError, match=message):
        record.tz_convert(zone)
