"""Spans of results: what by= means, to the tick."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from hexoframe.analysis.spans import spans_of
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError
from hexoframe.record import Record
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame, ticks_of
from hexoframe.timestamps.times import ticks_to_index, time_to_tick

START = time_to_tick("2024-03-01T22:00:00Z", clock=256)


def tick(text):
    return time_to_tick(text, clock=256)


def recording(seconds=600, *, start=START, ranges=(), tz="UTC"):
    """Return a record with a heart rate each second and two that outlast it."""
    channel = channels_of("hexoskin")["heart_rate"]
    ticks = start + 256 * np.arange(1, seconds + 3)
    values = {"heart_rate": np.arange(1.0, seconds + 3)}
    facts = Facts(ranges=None if ranges is None else facts_table("ranges", ranges))
    return Record(
        "hexoskin",
        (start, start + 256 * seconds),
        {"heart_rate": make_frame(channel, ticks_to_index(ticks, clock=256), values)},
        facts=facts,
        tz=tz,
    )


def rows(record, spans):
    """Return the heart rates of each span."""
    channel = record.channel("heart_rate")
    frame = RecordData.__getitem__(record, "heart_rate")
    first, last = spans.rows(ticks_of(frame, channel) - channel.lag)
    values = frame["heart_rate"].to_numpy()
    return [values[a:b].tolist() for a, b in zip(first, last, strict=True)]


def test_spans_of_a_length_are_the_windows_of_the_record():
    record = recording(700)
    spans = spans_of(record, "5min")
    windows = record.windows("heart_rate", "5min")
    assert rows(record, spans) == [w["heart_rate"].tolist() for w in windows]
    assert [len(one) for one in rows(record, spans)] == [300, 300, 102]
    assert spans.labels["span_share"].tolist() == [1, 1, pytest.approx(1 / 3)]
    assert list(spans.labels) == ["start", "end", "span_share"]


def test_a_span_holds_what_between_holds():
    ranges = [
        {"id": 7, "name": "Walk", "trainingroutine": "/r/6/", "start": START + 256 * 60,
         "end": START + 256 * 600},
        {"id": 8, "name": "Run", "start": START - 512, "end": START + 256 * 90},
    ]  # fmt: skip
    record = recording(700, ranges=ranges)
    spans = spans_of(record, "ranges")
    # An activity of 540 s has 540 of them, the last one stamped at its end.
    assert [len(one) for one in rows(record, spans)] == [540, 90]
    for range_, found in zip(
        record.ranges.itertuples(), rows(record, spans), strict=True
    ):
        part = record.between(range_.start, range_.end)
        assert found == part["heart_rate"]["heart_rate"].tolist()
    labels = spans.labels
    assert list(labels)[:3] == ["id", "name", "activity_type"]
    assert labels["name"].tolist() == ["Walk", "Run"]
    assert labels["start"].tolist() == [
        record.start + pd.Timedelta("60s"),
        record.start,
    ]
    assert labels["span_share"].tolist() == [1, pytest.approx(90 / 92)]


def test_the_whole_record_is_one_span_with_all_its_samples():
    record = recording(10)
    spans = spans_of(record)
    assert [len(one) for one in rows(record, spans)] == [12]
    assert spans.covers(record).tolist() == [True]
    assert spans.labels["span_share"].tolist() == [1]


def test_spans_begin_with_the_record_or_with_utc():
    record = recording(600, start=START + 256 * 60)
    assert spans_of(record, "5min").starts.tolist() == [
        START + 256 * 60, START + 256 * 360,
    ]  # fmt: skip
    spans = spans_of(record, "5min", origin="epoch")
    assert spans.starts.tolist() == [
        START + 256 * 60, START + 256 * 300, START + 256 * 600,
    ]  # fmt: skip
    assert spans.labels["span_share"].tolist() == pytest.approx([0.8, 1, 0.2])
    assert [len(one) for one in rows(record, spans)] == [240, 300, 62]


def test_a_length_that_is_no_whole_number_of_ticks_leaves_no_sample_out():
    record = recording(60)
    spans = spans_of(record, "7333us")
    assert (spans.starts[1:] == spans.ends[:-1]).all()
    assert sum(map(len, rows(record, spans))) == 62


@pytest.mark.parametrize(
    ("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25), ("2024-06-01", 24)]
)
def test_days_are_those_of_the_zone_over_a_change_of_clocks(day, hours):
    zone = "America/Montreal"
    start = pd.Timestamp(f"{day}T00:00:00", tz=zone) - pd.Timedelta("2h")
    record = recording(hours * 3600 + 3 * 3600, start=tick(start), tz=zone)
    spans = spans_of(record, "day")
    assert ((spans.ends - spans.starts) / 256 / 3600).tolist() == [2, hours, 1]
    middle = dt.date.fromisoformat(day)
    one = dt.timedelta(days=1)
    assert spans.labels["day"].tolist() == [middle - one, middle, middle + one]
    assert spans.labels["span_share"].iloc[1] == 1
    assert str(spans.labels["start"].dt.tz) == zone


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Asia/Beirut", "2024-03-31", 23), ("America/Havana", "2024-11-03", 25)],
)
def test_a_day_may_begin_without_midnight_or_with_two(zone, day, hours):
    noon = pd.Timestamp(f"{day}T12:00:00", tz=zone)
    record = recording(30 * 3600, start=tick(noon - pd.Timedelta("16h")), tz=zone)
    spans = spans_of(record, "day")
    where = [str(one) for one in spans.labels["day"]].index(day)
    assert (spans.ends - spans.starts)[where] == hours * 3600 * 256


def test_a_day_that_ends_at_midnight_makes_no_empty_one():
    record = recording(7200, start=tick("2024-03-01T22:00:00Z"))
    assert spans_of(record, "day").labels["day"].tolist() == [dt.date(2024, 3, 1)]


def test_sleep_is_told_by_the_name_or_the_routine():
    ranges = [
        {"name": "sleep, first night", "start": START, "end": START + 2560},
        {"name": "Walk", "start": START, "end": START + 2560},
        {"name": "Nuit", "trainingroutine": "/api/trainingroutine/12/",
         "start": START + 2560, "end": START + 5120},
    ]  # fmt: skip
    spans = spans_of(recording(ranges=ranges), "sleep")
    assert spans.labels["name"].tolist() == ["sleep, first night", "Nuit"]


def test_an_activity_without_an_end_goes_to_the_end_of_the_record():
    record = recording(100, ranges=[{"name": "Walk", "start": START + 2560}])
    assert spans_of(record, "ranges").ends.tolist() == [record.end_tick]


def test_a_table_keeps_its_rows_and_its_columns():
    record = recording(100)
    table = pd.DataFrame(
        {
            "phase": ["before", "warm-up", "after"],
            "start": record.start + pd.to_timedelta([-60, 10, 500], unit="s"),
            "end": record.start + pd.to_timedelta([-30, 70, 600], unit="s"),
        },
        index=[5, 6, 7],
    )
    spans = spans_of(record, table)
    assert [len(one) for one in rows(record, spans)] == [0, 60, 0]
    assert spans.labels["phase"].tolist() == table["phase"].tolist()
    assert spans.labels["span_share"].tolist() == [0, 1, 0]


def test_labels_stand_before_each_row_of_a_span():
    record = recording(600)
    spans = spans_of(record, "5min")
    table = spans.labelled(pd.DataFrame({"metric": ["a", "b"] * 2, "value": range(4)}))
    assert list(table) == ["start", "end", "span_share", "metric", "value"]
    assert table["start"].tolist() == [record.start] * 2 + [table["end"].iloc[0]] * 2
    with pytest.raises(ConfigurationError, match=r"'value'.*rename"):
        spans_of(
            record,
            pd.DataFrame({"start": [record.start], "end": [record.end], "value": 1}),
        ).labelled(table)


def test_what_has_no_activities_says_why_and_the_way_out():
    with pytest.raises(ConfigurationError, match=r"from files.*'5min'"):
        spans_of(recording(ranges=None), "ranges")
    for by in ("ranges", "sleep"):
        with pytest.warns(HexoframeWarning, match="no activities.*'5min'"):
            spans = spans_of(recording(), by)
        assert not len(spans)
        assert "activity_type" in spans.labels
        assert list(spans.labelled(pd.DataFrame({"value": []})))[-1] == "value"


@pytest.mark.parametrize("by", ["range", "0s", "-5min", "300", "1us", ["start"]])
def test_what_names_no_spans_is_refused_with_the_choices(by):
    with pytest.raises(ConfigurationError, match=r"by=.*give a length"):
        spans_of(recording(), by)


def test_more_spans_than_a_result_can_have_are_refused():
    with pytest.raises(ConfigurationError, match=r"more than 1,000,000.*to_frame"):
        spans_of(recording(5_000), "4ms")
    with pytest.raises(ConfigurationError, match="origin='day'"):
        spans_of(recording(), "5min", origin="day")


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2024-03-01T22:00:00", "2024-03-01T22:01:00Z", "start of row 0.*22:00:00"),
        ("2024-03-01T22:00:00Z", pd.NaT, "end of row 0"),
        ("2024-03-01T22:02:00Z", "2024-03-01T22:01:00Z", "before it starts"),
    ],
)
def test_times_of_a_table_that_mean_nothing_are_refused(start, end, told):
    with pytest.raises(TimestampError, match=told):
        spans_of(recording(), pd.DataFrame({"start": [start], "end": [end]}))


def test_a_table_without_start_and_end_is_refused():
    with pytest.raises(ConfigurationError, match=r"no column 'end'.*start, stop"):
        spans_of(recording(), pd.DataFrame({"start": [1], "stop": [2]}))


def test_a_record_without_length_is_one_whole_span():
    record = recording(0)
    for by in (None, "5min", "day"):
        assert len(spans_of(record, by)) == 1
    assert spans_of(record).labels["span_share"].tolist() == [1]


def test_a_table_of_hexoframe_gives_way_to_the_columns_of_a_result():
    record = recording(120)
    spans = pd.DataFrame({"start": [record.start], "end": [record.end], "steps": [7]})
    with pytest.raises(ConfigurationError, match="'steps', and the result has one too"):
        record.summary(by=spans, wide=True)
    spans.attrs = {"hexoframe": {"units": {"steps": "count"}}}
    table = record.summary(by=spans.assign(bout=1), wide=True)
    assert table["bout"].tolist() == [1]
    # Below 35 bpm no heart rate is plausible.
    assert table["heart_rate_mean"].tolist() == [np.arange(35, 123).mean()]
    assert table.columns.is_unique


def test_whole_is_a_word_for_the_whole_record():
    record = recording(120)
    for by in (None, "whole"):
        spans = spans_of(record, by)
        assert (spans.starts, spans.ends) == (record.start_tick, record.end_tick)
