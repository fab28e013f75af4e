"""Record: views, windows, tables and looks, without reading more than is asked for."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hexoframe
from hexoframe.channels import FAMILIES, channels_of, datatypes_of
from hexoframe.errors import (
    ConfigurationError,
    OutputExistsError,
    TimestampError,
    UnknownChannelError,
)
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589  # 2022-11-04T23:29:49Z
START = SECOND * 256
TICK = 3_906_250
ZONES = ("America/Montreal", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe")


def frame_at(name, ticks, values=None, *, family="hexoskin"):
    channel = channels_of(family)[name]
    if values is None:
        # The first count of respiration would say "no signal" if it were 0.
        values = np.arange(len(ticks)) + (name == "respiration")
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=channel.clock)
    columns = {
        column: values + 1000 * place for place, column in enumerate(channel.columns)
    }
    return make_frame(channel, index, columns, record_id=7)


def frame_of(name, seconds=60):
    channel = channels_of("hexoskin")[name]
    step = int(channel.ticks)
    first = START + channel.first_sample * step
    return frame_at(name, range(first, first + seconds * 256, step))


def whole_record(seconds=60, **more):
    names = ("ecg", "respiration", "heart_rate", "heart_rate_quality")
    channels = {name: frame_of(name, seconds) for name in names}
    channels["step"] = frame_at("step", [START + 100, START + 5000, START + 5001])
    more = {"facts": Facts(info={"id": 7}), **more}
    return Record("hexoskin", (START, START + seconds * 256), channels, **more)


def refuse(*_args):
    pytest.fail("this was to be done without reading anything")


def ticks_in(frame):
    return (pd.DatetimeIndex(frame.index).asi8 // TICK).tolist()


def time_at(tick):
    return pd.Timestamp(tick * TICK, unit="ns", tz="UTC")


# --- names ----------------------------------------------------------------------------


def test_no_public_name_of_a_record_is_that_of_a_channel():
    taken = {name for name in dir(Record) if not name.startswith("_")}
    for family in FAMILIES:
        for row in datatypes_of(family):
            names = {row.channel, row.column, *row.names, *row.classic_names}
            assert not names & taken


def test_channels_are_attributes_items_and_listed():
    record = whole_record()
    for frame in (record.heart_rate, record[19], record["heartrate"], record.hr):
        pd.testing.assert_frame_equal(frame, frame_of("heart_rate"))
    pd.testing.assert_frame_equal(record.respiration_thoracic, record[4129])
    assert {*record, "coverage", "to_txt", "between"} <= set(dir(record))
    assert "activity" not in dir(record)
    assert len(record.activity) == 0
    assert hasattr(record, "ecg")
    assert not hasattr(record, "no_such_thing")
    assert not hasattr(record, "spo2")
    with pytest.raises(AttributeError, match="did you mean heart_rate"):
        _ = record.hart_rate
    with pytest.raises(AttributeError):
        _ = record._nothing


@pytest.mark.parametrize("family", FAMILIES)
def test_no_channel_hides_behind_a_verb_of_the_record(family):
    names = {
        name
        for channel in channels_of(family).values()
        for name in (channel.name, *channel.columns)
    }
    assert not names & set(dir(Record))


def test_front_door_names_the_same_class():
    assert hexoframe.Record is Record
    data = RecordData("hexoskin", (START, START + 256), {}, tz="Asia/Kolkata")
    assert isinstance(Record.of(data), Record)
    assert Record.of(data).tz == "Asia/Kolkata"


def test_record_over_data_copies_and_reads_nothing():
    source = LazyChannel(read=refuse, pieces=refuse, receipt=Receipt(samples=5))
    data = RecordData("hexoskin", (START, START + 256), {"ecg": source}, scale="raw")
    record = Record.of(data)
    assert list(record) == ["ecg"]
    assert (record.scale, record.receipt("ecg").samples) == ("raw", 5)


def test_load_reads_everything_and_returns_the_record():
    record = Record(
        "hexoskin",
        (START, START + 60 * 256),
        {
            name: LazyChannel(read=lambda n=name: frame_of(n))
            for name in ("ecg", "cadence")
        },
    )
    assert not record.is_read("ecg")
    assert record.load() is record
    assert record.is_read("ecg")
    assert record.is_read("cadence")


# --- raw ------------------------------------------------------------------------------


def test_counts_are_those_behind_the_values():
    counts = np.array([1360, 0, 4095, 1361])
    values = (counts * 0.0064 - 8.704).astype(np.float32)
    frame = frame_at("ecg", START + np.arange(4), values)
    record = Record("hexoskin", (START, START + 4), {"ecg": frame}, tz="Europe/Paris")
    for key in ("ecg", "ecg_i", 4113):
        raw = record.raw(key)
        assert raw["ecg_i"].tolist() == counts.tolist()
        assert raw["ecg_i"].dtype == np.float32
        assert str(raw.index.tz) == "Europe/Paris"
        assert raw.attrs["hexoframe"]["units"] == {"ecg_i": "count"}
    assert record["ecg"]["ecg_i"].iloc[0] == 0
    in_counts = Record("hexoskin", (START, START + 4), {"ecg": raw}, scale="raw")
    assert in_counts.raw("ecg")["ecg_i"].tolist() == counts.tolist()
    assert in_counts["ecg"]["ecg_i"].tolist() == counts.tolist()
    assert record.raw("acceleration_x").shape == (0, 1)
    with pytest.raises(UnknownChannelError):
        record.raw("spo2")


# --- between --------------------------------------------------------------------------


@given(
    first=st.integers(-300, 60 * 256 - 1),
    length=st.integers(300, 3000),
    plus=st.integers(0, 1),
)
@settings(max_examples=60)
def test_part_holds_what_begins_from_start_up_to_end_to_the_tick(first, length, plus):
    record = whole_record()
    # A nanosecond past a tick leaves that tick out.
    start = time_at(START + first) + pd.Timedelta(plus, unit="ns")
    end = time_at(START + first + length) + pd.Timedelta(plus, unit="ns")
    part = record.between(start, end)
    assert list(part) == list(record)
    low, high = START, START + 60 * 256
    begin, behind = START + first + plus, START + first + length + plus
    for name in record:
        # A value at 1 Hz is stamped at the end of the second that it sums up.
        step = 256 if record.channel(name).kind == "rate" else 0
        kept = [
            tick
            for tick in ticks_in(record[name])
            if (begin <= tick - step or begin <= low)
            and (tick - step < behind or behind >= high)
        ]
        assert ticks_in(part[name]) == kept
    assert part.start_tick == min(max(START + first + plus, low), high)
    assert part.end_tick == min(max(START + first + length + plus, low), high)


@pytest.mark.parametrize(
    "start",
    [
        "2022-11-04T23:29:59Z",
        "2022-11-04T19:29:59-04:00",
        "2022-11-05 04:59:59+05:30",
        dt.datetime(2022, 11, 4, 23, 29, 59, tzinfo=dt.UTC),
        pd.Timestamp("2022-11-04T19:29:59", tz="America/Montreal"),
    ],
    ids=str,
)
def test_same_moment_cuts_alike_however_it_is_written(start):
    part = whole_record().between(start, None)
    assert part.start_tick == START + 2560
    assert ticks_in(part["ecg"])[0] == START + 2560


@pytest.mark.parametrize(
    "moment",
    [
        "2022-11-04T23:29:59",
        "2022-11-04",
        "yesterday",
        "",
        dt.datetime(2022, 11, 4, 23, 30),  # noqa: DTZ001 - that is the point
        pd.Timestamp("2022-11-04T23:29:59"),
        pd.NaT,
        True,
        -5,
        "5",
        "-5s",
        "5 bananas",
        1_667_604_589,
        float("nan"),
        dt.date(2022, 11, 4),
        np.datetime64("2022-11-04T23:29:59"),
        "2300-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
    ],
    ids=str,
)
def test_time_without_zone_or_sense_is_refused(moment):
    for span in ((moment, None), (None, moment)):
        with pytest.raises(TimestampError):
            whole_record().between(*span)


def test_part_that_runs_backwards_is_refused():
    record = whole_record()
    with pytest.raises(TimestampError, match="lies before"):
        record.between(record.end, record.start)


def test_open_side_keeps_every_row_also_one_behind_the_end():
    # Real exports hold a sample more in some channels than the record has seconds.
    span = (START, START + 60 * 256)
    record = Record("hexoskin", span, {"cadence": frame_of("cadence", 61)})
    assert len(record.between(None, None)["cadence"]) == 61
    assert len(record.between(record.start, None)["cadence"]) == 61
    # A time at the end or behind it cuts nothing off.
    assert len(record.between(None, record.end)["cadence"]) == 61
    assert len(record.between(None, record.end - pd.Timedelta("1s"))["cadence"]) == 59


def test_a_minute_has_sixty_values_a_second_wherever_it_begins():
    record = whole_record()
    for first in (0, 100, 256, 1000):
        start = time_at(START + first)
        part = record.between(start, start + pd.Timedelta("30s"))
        stamps = ticks_in(part["heart_rate"])
        assert len(stamps) == 30
        assert stamps[0] == START + -(-first // 256) * 256 + 256
        row = part.coverage().loc["heart_rate"]
        assert (row["expected"], row["received"], row["share"]) == (30, 30, 1)
        assert (part.gaps()["kind"] == "sensor off").all()
        assert len(part["ecg"]) == 30 * 256


def test_part_of_a_part_and_of_a_zone():
    record = whole_record(tz="Asia/Kolkata")
    part = record.between(time_at(START + 256), None).between(
        None, time_at(START + 512)
    )
    assert ticks_in(part["ecg"]) == list(range(START + 256, START + 512))
    assert part.tz == "Asia/Kolkata"
    assert str(part["ecg"].index.tz) == "Asia/Kolkata"
    assert part.id == 7


def test_cut_record_has_no_gap_where_it_was_cut():
    record = whole_record()
    middle = time_at(START + 30 * 256 + 100)
    for part in (record.between(None, middle), record.between(middle, None)):
        table = part.coverage()
        sampled = table[table["expected"].notna()]
        assert (sampled["expected"] == sampled["received"]).all()
        assert (sampled["share"] == 1).all()
        gaps = part.gaps()
        assert (gaps["kind"] == "sensor off").all()  # as its made-up flags say
    shares = [
        part.coverage()["expected"].sum()
        for part in (record.between(None, middle), record.between(middle, None))
    ]
    assert sum(shares) == record.coverage()["expected"].sum()


def test_cutting_reads_nothing():
    source = LazyChannel(read=refuse, pieces=refuse, receipt=Receipt(samples=60))
    record = Record("hexoskin", (START, START + 15_360), {"heart_rate": source})
    part = record.between(time_at(START + 256), None)
    assert "heart_rate" in part
    assert not part.is_read("heart_rate")
    assert part.receipt("heart_rate").expected == 59


# --- zones ----------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_other_zone_shows_the_same_moments(zone):
    record = whole_record()
    local = record.tz_convert(zone)
    assert local.tz == zone
    for name in record:
        assert str(local[name].index.dtype) == f"datetime64[ns, {zone}]"
        assert ticks_in(local[name]) == ticks_in(record[name])
        assert np.array_equal(local[name].to_numpy(), record[name].to_numpy())
    assert local.start == record.start
    assert (local.start_tick, local.end_tick) == (record.start_tick, record.end_tick)
    assert record["ecg"].index.tz is not None
    assert str(record["ecg"].index.tz) == "UTC"
    back = local.tz_convert("UTC")["ecg"]
    pd.testing.assert_frame_equal(back, record["ecg"])


def test_hour_that_comes_twice_stays_in_order():
    # Clocks in Paris went back at 2022-10-30T01:00Z.
    change = 1_667_091_600 * 256
    frame = frame_at("heart_rate", change + 256 * np.arange(-1800, 1800))
    record = Record(
        "hexoskin", (change - 1801 * 256, change + 1800 * 256), {"heart_rate": frame}
    )
    local = record.tz_convert("Europe/Paris")["heart_rate"]
    assert local.index.is_monotonic_increasing
    assert ticks_in(local) == ticks_in(frame)
    assert [str(time.time()) for time in local.index[[0, 1800]]] == [
        "02:30:00",
        "02:00:00",
    ]
    assert len({time.utcoffset() for time in local.index[[0, -1]]}) == 2


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "", None, 3, "/etc/passwd", "localtime", "right/UTC"]
)
def test_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(ConfigurationError, match="time zone"):
        whole_record().tz_convert(zone)


def test_zone_that_is_nearly_right_is_named():
    with pytest.raises(ConfigurationError, match="such as America/Montreal"):
        whole_record().tz_convert("Montreal")


def test_tables_of_facts_follow_the_zone():
    facts = Facts(
        ranges=facts_table("ranges", [{"start": START, "end": None}]),
        annotations=facts_table("annotations", [{"time": START + 1}]),
    )
    record = whole_record(facts=facts).tz_convert("Asia/Kolkata")
    assert str(record.ranges["start"].dtype) == "datetime64[ns, Asia/Kolkata]"
    assert record.ranges["start"].iloc[0] == time_at(START)
    assert pd.isna(record.ranges["end"].iloc[0])
    assert str(record.annotations.index.tz) == "Asia/Kolkata"
    notes = record.annotations
    notes["extra"] = 1
    assert "extra" not in record.annotations
    assert str(facts.ranges["start"].dtype) == "datetime64[ns, UTC]"
    for name in ("track", "metrics", "statistics"):
        assert getattr(record, name).empty
        assert getattr(record.facts, name) is None


def test_info_says_the_facts_of_the_record_itself():
    facts = Facts(info={"id": 7, "device": "X", "start": "nonsense"})
    record = whole_record(facts=facts)
    assert record.info == {
        "id": 7,
        "device": "X",
        "model": "hexoskin",
        "clock": 256,
        "start": START,
        "end": START + 60 * 256,
        "units": "physical",
    }
    record.info["device"] = "Y"
    assert record.info["device"] == "X"


# --- windows --------------------------------------------------------------------------


def streaming(frame, rows):
    def pieces(_rows):
        for first in range(0, len(frame), rows):
            yield frame.iloc[first : first + rows]

    return LazyChannel(read=refuse, pieces=pieces)


@given(
    steps=st.lists(st.sampled_from([1, 2, 2, 100, 3000]), max_size=80),
    late=st.integers(0, 600),
    length_ms=st.sampled_from([50, 100, 333, 1000, 7000, 10**6]),
    rows=st.sampled_from([1, 3, 1000]),
)
@settings(max_examples=40)
def test_windows_follow_each_other_and_together_are_the_whole(
    steps, late, length_ms, rows
):
    ticks = START + late + np.cumsum(np.array(steps, dtype=np.int64))
    frame = frame_at("rr_interval", ticks)
    span = (START, START + 2560)
    record = Record("hexoskin", span, {"rr_interval": streaming(frame, rows)})
    windows = list(record.windows("rr_interval", pd.Timedelta(length_ms, unit="ms")))
    numbers = [(int(tick) - START) * 1000 // (256 * length_ms) for tick in ticks]
    last = max([*numbers, -(-10_000 // length_ms) - 1])
    assert len(windows) == last + 1
    for number, window in enumerate(windows):
        expected = [
            int(tick) for tick, n in zip(ticks, numbers, strict=True) if n == number
        ]
        assert ticks_in(window) == expected
        assert window.attrs["hexoframe"]["channel"] == "rr_interval"
        assert window.dtypes.tolist() == [np.float64]
    joined = pd.concat([window for window in windows if len(window)] or windows[:1])
    assert joined.equals(frame)
    assert not record.is_read("rr_interval")


@pytest.mark.parametrize("name", ["ecg", "respiration", "heart_rate", "step"])
@pytest.mark.parametrize("length", ["1s", "7s", "1min", "1h"])
def test_windows_of_a_record_in_memory_are_its_rows(name, length):
    record = whole_record()
    windows = list(record.windows(name, length))
    joined = pd.concat([window for window in windows if len(window)])
    pd.testing.assert_frame_equal(joined, record[name])
    assert len(windows) >= -(-pd.Timedelta("60s") // pd.Timedelta(length))


def test_window_without_samples_is_empty_and_counted():
    ticks = [START + 10, START + 5 * 256 + 1]
    record = Record(
        "hexoskin", (START, START + 2560), {"step": frame_at("step", ticks)}
    )
    assert [len(window) for window in record.windows("step", "1s")] == (
        [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    )


def test_windows_of_what_the_record_lacks_are_empty_frames_of_its_kind():
    record = whole_record(tz="Asia/Kolkata", scale="raw")
    windows = list(record.windows("acceleration_y", "30s"))
    assert [window.shape for window in windows] == [(0, 1), (0, 1)]
    for window in windows:
        assert str(window.index.dtype) == "datetime64[ns, Asia/Kolkata]"
        block = window.attrs["hexoframe"]
        assert (block["record"], block["scale"]) == (7, "raw")


def test_rows_behind_the_end_of_the_record_are_in_a_window_of_their_own():
    span = (START, START + 60 * 256)
    record = Record("hexoskin", span, {"cadence": frame_of("cadence", 63)})
    windows = list(record.windows("cadence", "30s"))
    assert [len(window) for window in windows] == [30, 30, 3]


def test_windows_narrow_to_a_column_and_show_the_zone():
    record = whole_record(tz="Europe/Paris")
    window = next(record.windows("respiration_abdominal", "1s"))
    assert list(window) == ["respiration_abdominal"]
    assert len(window) == 128
    assert str(window.index.tz) == "Europe/Paris"


@pytest.mark.parametrize(
    "length", ["0s", "-1s", "1ms", "abc", "", "5", 0, -1.0, True, None, "NaT", ["1s"]]
)
def test_length_that_is_none_is_refused_before_the_first_window(length):
    record = whole_record()
    with pytest.raises(ConfigurationError, match="length="):
        record.windows("ecg", length)
    with pytest.raises(UnknownChannelError):
        record.windows("spo2", "1s")


def test_long_window_over_many_pieces_holds_each_row_once():
    frame = frame_of("ecg", 20)
    record = Record("hexoskin", (START, START + 5120), {"ecg": streaming(frame, 7)})
    (window,) = record.windows("ecg", "1h")
    pd.testing.assert_frame_equal(window, frame)


# --- the whole ------------------------------------------------------------------------


def test_record_and_its_views_travel():
    record = whole_record(tz="Europe/Paris")
    for one in (
        record,
        record.between(time_at(START + 256), None),
        record.tz_convert("UTC"),
    ):
        back = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes
        assert type(back) is Record
        assert back.info == one.info
        for name in one:
            pd.testing.assert_frame_equal(back[name], one[name])
        pd.testing.assert_frame_equal(back.coverage(), one.coverage())


def test_values_that_a_caller_writes_reach_no_view():
    record = whole_record()
    views = [record.between(time_at(START + 256), None), record.tz_convert("UTC")]
    for one in (record, *views):
        frame = one["ecg"]
        frame.iloc[:, :] = -99
    window = next(record.windows("ecg", "1s"))
    window.iloc[:, :] = -99
    assert record["ecg"]["ecg_i"].tolist() == list(range(15_360))


def test_columns_that_a_caller_adds_reach_no_view():
    record = whole_record()
    local = record.tz_convert("Europe/Paris")
    for frame in (local["ecg"], next(record.windows("ecg", "1s")), record["ecg"]):
        frame["extra"] = 1.0
    for one in (record, local, record.between(record.start, None)):
        assert list(one["ecg"]) == ["ecg_i"]


def test_real_record_keeps_every_row_in_windows_and_parts(real_data):
    record = hexoframe.open_record(real_data / "exports" / "astroskin-122445")
    for name in record:
        whole = record[name]
        windows = list(record.windows(name, "10s"))
        assert sum(map(len, windows)) == len(whole), name
        assert len(record.between(None, None)[name]) == len(whole), name
        middle = record.start + pd.Timedelta("60.3s")
        parts = (record.between(None, middle), record.between(middle, None))
        # The state that holds at the cut stands at the beginning of the second part.
        carried = record.channel(name).kind == "state"
        rows = sum(len(part[name]) for part in parts)
        assert rows == len(whole) + carried, name
    aligned, _ = record.to_frame("1s", mask=True)
    last = record["temperature_celsius"].index[-1] - pd.Timedelta("1s")
    assert aligned.index[-1] >= last.floor("1s")


# --- facts of a part ------------------------------------------------------------------


def test_part_of_a_record_keeps_the_facts_of_its_span_only():
    ranges = [
        {"name": "before", "start": START, "end": START + 2560},
        {"name": "into", "start": START + 100, "end": START + 2561},
        {"name": "within", "start": START + 3000, "end": START + 4000},
        {"name": "after", "start": START + 5120, "end": START + 6000},
    ]
    marks = [{"time": START + at, "datatype": 215} for at in (2559, 2560, 5119, 5120)]
    points = [{"time": START + at, "altitude": 1.0} for at in (0, 5000)]
    facts = Facts(
        info={"id": 7, "deep": {"a": 1}},
        ranges=facts_table("ranges", ranges),
        annotations=facts_table("annotations", marks),
        track=facts_table("track", points),
        statistics=facts_table("statistics", [{"name": "HR Avg", "value": "60"}]),
    )
    record = whole_record(facts=facts)
    part = record.between(time_at(START + 2560), time_at(START + 5120))
    assert part.ranges["name"].tolist() == ["into", "within"]
    assert ticks_in(part.annotations) == [START + 2560, START + 5119]
    assert ticks_in(part.track) == [START + 5000]
    assert part.statistics.empty  # they are those of the whole
    assert len(record.annotations) == 4
    pd.testing.assert_frame_equal(record.between(None, None).ranges, record.ranges)


def test_info_is_the_callers_own():
    record = whole_record(facts=Facts(info={"id": 7, "provenance": {"ecg": "here"}}))
    record.info["provenance"]["ecg"] = "there"
    assert record.info["provenance"] == {"ecg": "here"}


def test_get_gives_the_default_where_the_record_lacks_a_channel():
    record = whole_record()
    assert record.get("spo2") is None
    assert record.get("sleep_phase", "nothing") == "nothing"
    pd.testing.assert_frame_equal(record.get("heartrate"), record["heart_rate"])


def test_pieces_of_one_column_have_that_column():
    record = whole_record()
    pieces = list(record.pieces("respiration_abdominal", rows=1000))
    assert {tuple(piece.columns) for piece in pieces} == {("respiration_abdominal",)}
    assert sum(map(len, pieces)) == len(record["respiration"])


def test_part_of_a_state_begins_with_the_state_that_holds():
    states = frame_at(
        "sleep_position",
        [START, START + 256, START + 5000],
        np.array([np.nan, 4.0, 2.0]),
    )
    record = Record("hexoskin", (START, START + 60 * 256), {"sleep_position": states})
    part = record.between(time_at(START + 1000), time_at(START + 6000))
    for held in (
        part["sleep_position"],
        pd.concat(list(part.pieces("sleep_position"))),
    ):
        assert ticks_in(held) == [START + 1000, START + 5000]
        assert held["sleep_position"].tolist() == [4, 2]
    assert part["sleep_position"].attrs == states.attrs
    exact = record.between(time_at(START + 256), None)
    assert ticks_in(exact["sleep_position"]) == [START + 256, START + 5000]
    early = record.between(None, time_at(START + 300))
    assert ticks_in(early["sleep_position"]) == [START, START + 256]


def test_part_of_what_is_in_memory_says_how_many_samples_it_has():
    record = whole_record()
    part = record.between(time_at(START + 2560), time_at(START + 5120))
    assert "2,560" in repr(part)
    assert "not read" not in repr(part)


def test_names_are_offered_in_brackets():
    assert whole_record()._ipython_key_completions_() == list(whole_record())


@pytest.mark.parametrize(
    ("start", "end"), [(-600, -1), (61, 70), (61, None), (None, -1)]
)
def test_span_outside_the_record_is_refused_with_the_span_of_the_record(start, end):
    record = whole_record()
    moments = [None if at is None else time_at(START + at * 256) for at in (start, end)]
    with pytest.raises(TimestampError, match=r"outside.*23:29:49.*23:30:49"):
        record.between(*moments)
    assert len(record.between(None, time_at(START))["ecg"]) == 0
    assert len(record.between(time_at(START + 60 * 256), None)["heart_rate"]) == 0


# -- exits -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
@pytest.mark.parametrize(
    ("verb", "name", "how"),
    [
        ("to_txt", "out", {}),
        ("to_txt", "out", {"timestamps": "string", "tz": "Asia/Tokyo"}),
        ("to_csv", "out", {}),
        ("to_csv", "out.csv", {"rate": "1s"}),
        ("to_parquet", "out", {}),
        ("to_mat", "out.mat", {}),
    ],
    ids=str,
)
def test_writing_again_what_is_there_returns_the_path_and_says_so_in_the_log(
    tmp_path, caplog, verb, name, how
):
    if verb == "to_mat":
        pytest.importorskip("scipy", reason="scipy writes MAT files")
    caplog.set_level("INFO", "hexoframe")
    record = whole_record()
    path = getattr(record, verb)(tmp_path / name, **how)
    files = [path] if path.is_file() else sorted(path.iterdir())
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    assert caplog.messages == []
    assert getattr(record, verb)(tmp_path / name, **how) == path
    assert caplog.messages == [f"{path} is already there, unchanged"]
    # Half of it is not the same.
    half = record.between(None, record.start + pd.Timedelta("30s"))
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        getattr(half, verb)(tmp_path / name, **how)
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    assert getattr(half, verb)(tmp_path / name, overwrite=True, **how) == path


# -- what a user changes ---------------------------------------------------------------


@pytest.fixture
def worn_record(samples):
    return hexoframe.open_record(samples / "hexoskin_10min.zip")


UNVERIFIED = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning",
    "ignore::hexoframe.errors.MissingFactsWarning",
)


@UNVERIFIED
def test_a_users_cleaning_leaves_the_record_as_it_is(worn_record, tmp_path):
    before = worn_record.heart_rate["heart_rate"].to_numpy().copy()
    rate = worn_record.heart_rate
    rate.loc[rate["heart_rate"] > 60, "heart_rate"] = np.nan
    rate["more"] = 1
    (first, *_) = worn_record.windows("heart_rate", "5min")
    first.iloc[:, 0] = -1.0
    for piece in worn_record.pieces("heart_rate"):
        piece.iloc[:, 0] = -2.0
    part = worn_record.between(worn_record.start, None).heart_rate
    part.iloc[:, 0] = -3.0
    stats = worn_record.statistics
    stats.iloc[:, 1] = "changed"
    assert worn_record.heart_rate["heart_rate"].to_numpy().tolist() == before.tolist()
    assert not (worn_record.statistics.iloc[:, 1] == "changed").any()
    again = hexoframe.open_record(worn_record.to_parquet(tmp_path))
    assert again.heart_rate["heart_rate"].to_numpy().tolist() == before.tolist()


def test_a_frame_that_is_given_stays_the_givers(worn_record):
    frame = worn_record.heart_rate
    record = Record("hexoskin", (worn_record.start_tick, worn_record.end_tick), {})
    record = record.replace(heart_rate=frame)
    frame.iloc[:, 0] = 1.0
    assert record.heart_rate["heart_rate"].max() > 1


def test_a_channel_cannot_be_set_and_the_message_says_how_to_go_on(worn_record):
    with pytest.raises(AttributeError, match=r"record\.replace\(heart_rate=frame\)"):
        worn_record.heart_rate = worn_record.heart_rate
    with pytest.raises(AttributeError, match=r"record\.replace\(heart_rate=frame\)"):
        worn_record.hr = 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hart_rate", "did you mean heart_rate"),
        ("note", "nothing called 'note'"),
        ("start", "start of a record cannot be set"),
        ("between", "between of a record cannot be set"),
        ("info", "info of a record cannot be set"),
    ],
)
def test_nothing_else_of_a_record_can_be_set(worn_record, name, message):
    with pytest.raises(AttributeError, match=message):
        setattr(worn_record, name, 5)
    with pytest.raises(AttributeError, match=message):
        setattr(worn_record.between("60s", None), name, 5)


@UNVERIFIED
def test_a_cleaned_channel_is_in_every_view_and_every_file(worn_record, tmp_path):
    rate = worn_record.heart_rate
    clean = rate[rate["heart_rate"] < 75]
    assert 100 < len(clean) < len(rate)
    record = worn_record.replace(heart_rate=clean)
    assert len(worn_record.heart_rate) == len(rate)
    assert record.heart_rate.equals(clean)
    assert record.info["edited"] == ["heart_rate"]
    assert "edited" not in worn_record.info
    assert record.coverage().loc["heart_rate", "received"] == len(clean)
    assert len(record.usable("heart_rate")) <= len(clean)
    half = record.between(None, record.start + pd.Timedelta("5min"))
    assert half.info["edited"] == ["heart_rate"]
    for path in (record.to_parquet(tmp_path / "a"), record.to_csv(tmp_path / "b")):
        again = hexoframe.open_record(path)
        assert again.heart_rate.equals(clean)
        assert again.info["edited"] == ["heart_rate"]
    text = hexoframe.open_record(record.to_txt(tmp_path / "c"))
    assert text.heart_rate["heart_rate"].tolist() == clean["heart_rate"].tolist()
    assert pickle.loads(pickle.dumps(record)).heart_rate.equals(clean)  # noqa: S301


def test_wear_follows_belts_that_were_replaced(worn_record):
    belts = worn_record.respiration
    assert worn_record.wear()["worn"].all()
    still = belts.copy()
    still.iloc[128 * 100 : 128 * 200] = np.float32(20_000)
    found = worn_record.replace(respiration=still).wear()
    assert found["worn"].tolist().count(False) == 1
    assert worn_record.wear()["worn"].all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.rename(columns={"heart_rate": "hr"}), "heart_rate"),
        (lambda f: f.astype("float32"), "float64"),
        (lambda f: f.tz_localize(None), "time zone"),
        (lambda f: f.set_axis(f.index.as_unit("us").rename("time")), "ns"),
        (lambda f: f.iloc[::-1], "backwards"),
        (lambda f: f.reset_index(drop=True), "DatetimeIndex"),
        (lambda f: f.rename_axis("when"), "named 'time'"),
        (lambda f: pd.concat([f, f.iloc[:1]]).sort_index(), "two rows at .*duplicated"),
        (lambda f: f.replace(f.iloc[0, 0], np.inf), "infinite value at .* is NaN"),
        (lambda f: f.shift(freq="-5h"), "a row at .* the zone of its times"),
        (lambda f: f.shift(freq="5h"), "the record goes from"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_the_reason(
    worn_record, spoil, message
):
    with pytest.raises(ConfigurationError, match=message):
        worn_record.replace(heart_rate=spoil(worn_record.heart_rate))


def test_a_frame_between_two_ticks_is_refused_when_it_is_given(worn_record):
    with pytest.raises(TimestampError, match=r"row 0: .* between two ticks"):
        worn_record.replace(heart_rate=worn_record.heart_rate.shift(freq="1ms"))


def test_two_events_may_share_a_tick(worn_record):
    steps = worn_record.step
    both = pd.concat([steps, steps.iloc[:1]]).sort_index()
    assert len(worn_record.replace(step=both).step) == len(steps) + 1


@UNVERIFIED
def test_an_edited_channel_says_so_in_provenance_and_an_empty_edit_does_not(
    worn_record,
):
    assert "edited" not in worn_record.replace().info
    once = worn_record.replace(heart_rate=worn_record.heart_rate)
    twice = once.replace(heart_rate=once.heart_rate, ann=once.ann)
    assert twice.info["edited"] == ["heart_rate", "ann"]
    told = twice.info["provenance"]
    assert told["heart_rate"] == told["ann"] == "vendor export, edited"
    assert told["step"] == "vendor export"
    none = Record("hexoskin", (once.start_tick, once.end_tick), {})
    given = none.replace(heart_rate=once.heart_rate)
    assert given.info["provenance"] == {"heart_rate": "edited"}


@UNVERIFIED
def test_rows_that_were_left_out_by_intention_are_not_called_thinned(
    worn_record, tmp_path
):
    record = worn_record.replace(
        heart_rate=worn_record.heart_rate.iloc[::2],
        rr_interval=worn_record.rr_interval.iloc[::3],
    )
    some = ["heart_rate", "rr_interval", "step"]
    for write in (record.to_parquet, record.to_csv, record.to_txt):
        again = hexoframe.open_record(write(tmp_path / write.__name__, channels=some))
        assert [len(again[name]) for name in some] == [
            len(record[name]) for name in some
        ]
        assert again.info["edited"] == ["heart_rate", "rr_interval"]
        told = again.info["provenance"]
        assert told["heart_rate"].endswith(", edited")
        assert not told["step"].endswith("edited")
    alone = hexoframe.open_record(
        tmp_path / "to_parquet" / "record_300010" / "heart_rate.parquet"
    )
    assert alone.info["edited"] == ["heart_rate"]
    assert alone.info["provenance"]["heart_rate"] == "vendor export, edited"


def test_quality_and_results_follow_an_edited_channel(worn_record):
    rate = worn_record.breathing_rate
    changed = rate.copy()
    changed.iloc[200] = 250.0
    wild = worn_record.replace(breathing_rate=changed)
    assert not worn_record.quality("breathing_rate")["implausible"].any()
    assert wild.quality("breathing_rate")["implausible"].sum() == 1
    gone, kept = wild.usable("breathing_rate"), worn_record.usable("breathing_rate")
    assert kept.index.difference(gone.index).tolist() == [rate.index[200]]
    grid = wild.to_frame("1s", channels=["breathing_rate"])
    assert grid["breathing_rate"].max() == 250.0
    assert wild.coverage().loc["breathing_rate", "implausible"] == pytest.approx(
        1 / 599
    )


def test_a_frame_of_another_scale_is_refused(worn_record):
    with pytest.raises(ConfigurationError, match="raw values and the record physical"):
        worn_record.replace(ecg=worn_record.raw("ecg"))
    with pytest.raises(UnknownChannelError, match="heartbeat"):
        worn_record.replace(heartbeat=worn_record.heart_rate)


def test_eight_threads_read_a_channel_once():
    reads = []
    gate = threading.Barrier(8)
    frame = empty_frame(channels_of("hexoskin")["heart_rate"])

    def read():
        reads.append(1)
        time.sleep(0.05)
        return frame

    record = Record(
        "hexoskin", (START, START + 256), {"heart_rate": LazyChannel(read=read)}
    )

    def touch(_):
        gate.wait(5)
        return len(record.heart_rate)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(touch, range(8))) == [0] * 8
    assert reads == [1]


@pytest.mark.parametrize("second", [-1800, 0, 1800])
def test_the_hour_that_comes_twice_can_be_shown(second):
    # 2024-11-03 06:00 UTC is the second 01:00 in Montreal.
    start = int(pd.Timestamp("2024-11-03T06:00Z").timestamp()) * 256 + second * 256 + 77
    frame = make_frame(
        channels_of("hexoskin")["heart_rate"],
        ticks_to_index(start + 256 * np.arange(1, 61), clock=256),
        {"heart_rate": np.full(60, 70.0)},
    )
    record = Record("hexoskin", (start, start + 60 * 256), {"heart_rate": frame})
    shown = record.tz_convert("America/Montreal")
    assert "2024-11-03 01:" in repr(shown) or "2024-11-03 00:" in repr(shown)
    assert "01:" in shown._repr_html_() or "00:" in shown._repr_html_()
    assert len(shown.to_frame("1s")) == 61


def test_a_stamp_years_behind_the_record_makes_no_millions_of_windows():
    ticks = [START + 256 * at for at in range(1, 11)] + [
        START + 30 * 365 * 86_400 * 256
    ]
    record = Record(
        "hexoskin", (START, START + 2560), {"cadence": frame_at("cadence", ticks)}
    )
    windows = list(record.windows("cadence", "5s"))
    # Those of an hour behind the record, and the stamp in the last one.
    assert len(windows) <= 2 + 3600 // 5 + 1
    assert sum(map(len, windows)) == 11
    assert [len(window) for window in windows[:2]] == [5, 5]


@pytest.mark.parametrize("make", [pd.DataFrame, np.asarray])
def test_a_record_is_no_table_and_says_how_to_make_one(worn_record, make):
    with pytest.raises(ConfigurationError, match=r"record\.to_frame\('1s'\)"):
        make(worn_record)


def test_an_aligned_frame_has_its_units(worn_record, tmp_path):
    frame = worn_record.to_frame("10s", channels=["heart_rate", "ecg", "step"])
    told = frame.attrs["hexoframe"]
    assert told["units"] == {"heart_rate": "bpm", "ecg_i": "mV", "step_count": "count"}
    assert told["record"] == 300_010
    assert frame.iloc[:3].attrs == frame.attrs
    json.dumps(told)
    frame.to_parquet(tmp_path / "a.parquet")
    assert pd.read_parquet(tmp_path / "a.parquet").attrs == frame.attrs
    # The same units head the columns of the file.
    path = worn_record.to_csv(tmp_path / "a.csv", rate="10s", channels=list(frame))
    back = pd.read_csv(path, index_col="time", parse_dates=True)
    assert list(back) == [f"{name} [{unit}]" for name, unit in told["units"].items()]
    np.testing.assert_allclose(back.to_numpy(), frame.to_numpy(), rtol=1e-12)
    raw = worn_record.of(
        worn_record, scale="raw", channels={"ecg": worn_record.raw("ecg")}
    )
    units = raw.to_frame("10s").attrs["hexoframe"]["units"]
    assert units == {"ecg_i": "count"}
