"""Lists and facts as text."""

from __future__ import annotations

import pandas as pd
import pytest

import hexoframe
from hexoframe.api.load.plan import Estimate
from hexoframe.api.load.resources import records_frame
from hexoframe.app.listing import (
    all_rows,
    cache_rows,
    channel_rows,
    cost_rows,
    costs_frame,
    coverage_frame,
    coverage_rows,
    ecg_rows,
    fact_lines,
    plain,
    record_facts,
    record_rows,
    user_facts,
)

TOLD = {
    "id": 7,
    "start": 437_610_700_801,
    "end": 437_610_700_801 + 26 * 3600 * 256 + 128,
    "status": "complete",
    "device": "/api/device/HXSKIN1200002070/",
    "user": {"id": 11, "email": "a@example.org", "username": "a"},
    "last_modified": "2024-03-02T12:00:00+00:00",
    "start_date": "2024-03-02T22:00:00+00:00",
    "metrics": [],
    "data_status": {"19": True},
}


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT, "", " \n"])
def test_what_is_missing_is_a_dash(value):
    assert plain(value) == "-"


def test_what_would_steer_a_terminal_is_not_shown():
    assert plain("\x1b[2Jname\r\nof\ttwo\x07") == "?[2Jname of two?"
    assert plain("f\u00fcr \u4e2d") == "f\u00fcr \u4e2d"


def test_a_record_is_listed_with_what_the_service_says():
    (row,) = record_rows(records_frame([TOLD]))
    assert row == {
        "id": "7",
        "start (UTC)": "2024-03-02 22:00",
        "duration": "26:00:00",
        "status": "complete",
        "user": "a@example.org",
        "device": "HXSKIN1200002070",
    }


def test_a_record_that_goes_on_has_neither_end_nor_length():
    live = {**TOLD, "end": None, "user": "/api/user/11/", "device": None}
    (row,) = record_rows(records_frame([live]))
    assert (row["duration"], row["user"], row["device"]) == ("-", "11", "-")
    assert "end" not in record_facts(live)


def test_facts_have_times_and_ticks_and_nothing_empty_or_twice():
    assert record_facts(TOLD) == {
        "id": "7",
        "start": "2024-03-02 22:00:00.003 UTC",
        "end": "2024-03-04 00:00:00.503 UTC",
        "duration": "26:00:00",
        "user": "a@example.org (id 11)",
        "device": "HXSKIN1200002070",
        "status": "complete",
        "last_modified": "2024-03-02T12:00:00+00:00",
        "data_status": '{"19": true}',
    }


def test_facts_of_a_user_name_the_server():
    account = {"id": 11, "email": "a@example.org", "first_name": "A", "last_name": None}
    assert user_facts(account, "https://x") == {
        "user": "a@example.org", "id": "11", "name": "A", "server": "https://x",
    }  # fmt: skip


def test_a_list_with_all_columns_has_those_of_its_frame():
    (row,) = all_rows(records_frame([TOLD]))
    assert row == {
        "start": "2024-03-02 22:00:00.003", "id": "7", "duration": "26:00:00",
        "email": "a@example.org", "user": "11", "device": "HXSKIN1200002070",
        "end": "2024-03-04 00:00:00.503", "last_modified": "2024-03-02 12:00:00",
        "clock": "256", "status": "complete",
    }  # fmt: skip
    table = hexoframe.channel_table("hexoskin")
    rows = all_rows(table)
    assert list(rows[0]) == list(table)
    told = {row["channel"]: row for row in rows}
    assert told["cadence"]["void"] == "-"
    assert told["minute_ventilation"]["plausible"] == "0 2000..150000"


def test_a_fact_with_a_word_too_long_for_its_place_is_below_its_name():
    facts = {"user": "anna.synthetic@example.org (id 7)", "status": "complete"}
    assert fact_lines(facts, 32) == [
        "user",
        "  anna.synthetic@example.org (id",
        "  7)",
        "status  complete",
    ]


@pytest.mark.parametrize("width", [None, 80, 40])
def test_facts_are_wrapped_behind_their_names(width):
    lines = fact_lines(record_facts(TOLD), width)
    assert width is None or all(len(line) <= width for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(
        f"{name} {text}" for name, text in record_facts(TOLD).items()
    )


def test_costs_are_added_up_where_there_are_several():
    cost = Estimate(requests=9, megabytes=1.5, minutes=0.03, unpacked_megabytes=2.0)
    one = {"record": "7", "requests": "9", "size": "1.5 MB", "time": "00:00:02"}
    assert cost_rows(costs_frame({"7": cost})) == [one]
    *_, total = cost_rows(costs_frame({"7": cost, "8": cost}))
    assert total == {
        "record": "all", "requests": "18", "size": "3.0 MB", "time": "00:00:04",
    }  # fmt: skip


def test_coverage_is_told_as_the_record_has_it(samples):
    record = hexoframe.open_record(
        samples / "hexoskin_10min.zip", channels=["ecg", "rr_interval"]
    )
    frame = coverage_frame(record)
    pd.testing.assert_frame_equal(
        frame.drop(columns="record").set_index("channel"), record.coverage()
    )
    assert set(frame["record"]) == {record.id}
    ecg, beats = coverage_rows(frame)
    told = record.coverage().loc["ecg"]
    assert ecg["rate"] == "256 Hz"
    assert ecg["samples"] == f"{told['received']:,}"
    assert ecg["gaps"] == str(told["gaps"])
    assert (beats["rate"], beats["coverage"]) == ("event", "-")
    assert list(ecg)[:6] == [
        "channel", "coverage", "gaps", "flagged", "implausible", "not worn",
    ]  # fmt: skip
    # Neither the flags nor the belts were read.
    assert (ecg["flagged"], ecg["implausible"], ecg["not worn"]) == ("-", "-", "-")


def test_channels_are_told_with_rate_and_unit():
    rows = channel_rows(hexoframe.channel_table("hexoskin"))
    (found,) = [row for row in rows if row["column"] == "ecg_i"]
    assert found == {
        "channel": "ecg", "verified": "document", "unit": "mV", "rate": "256 Hz",
        "id": "4113", "model": "hexoskin", "column": "ecg_i",
    }  # fmt: skip
    assert list(found)[:2] == ["channel", "verified"]
    assert "1/300 Hz" in {row["rate"] for row in rows}


def test_the_cache_tells_what_is_whole_and_what_is_not():
    held = pd.DataFrame(
        {
            "record": [7, 8], "bytes": [3_833_764, 10], "complete": [True, False],
            "channels": [38, 2], "start": [pd.NA, 5], "host": ["https://x"] * 2,
        }
    )  # fmt: skip
    one, other = cache_rows(held)
    assert (one["size"], one["state"], one["part"]) == ("3.8 MB", "complete", "whole")
    assert (other["state"], other["part"]) == ("not finished", "a part")


def test_notes_of_many_rows_are_told_together():
    from hexoframe.app.listing import notes_of

    starts = pd.date_range("2024-03-01", periods=20, freq="5min", tz="UTC")
    table = pd.DataFrame({"start": starts, "note": "", "rmssd": 20.0})
    assert notes_of(table, "rmssd") == []
    table.loc[3, "note"] = "too short"
    assert notes_of(table, "rmssd") == ["2024-03-01 00:15: too short"]
    table["note"] = ["near"] * 15 + ["no interval counts"] * 5
    assert notes_of(table, "rmssd") == ["15 rows: near", "5 rows: no interval counts"]
    table["note"] = [f"covered {each} %" for each in range(20)]
    table.loc[:7, "rmssd"] = float("nan")
    (line,) = notes_of(table, "rmssd")
    assert line == "8 of 20 rows have no figures, and 20 a note: see --all-columns"


@pytest.mark.parametrize(
    ("length", "starts"),
    [
        ("5min", ["2024-03-01 22:10", "2024-03-01 22:15"]),
        ("90s", ["2024-03-01 22:10:09", "2024-03-01 22:11:39"]),
    ],
)
def test_spans_that_share_a_minute_show_their_second(length, starts):
    begin = pd.Timestamp("2024-03-01T22:10:09.96875Z")
    figures = dict.fromkeys(hexoframe.analysis.definitions("check_ecg")["name"], 0)
    table = pd.DataFrame(
        [
            {**figures, "start": begin + number * pd.Timedelta(length)}
            for number in (0, 1)
        ]
    )
    assert [row["from"] for row in ecg_rows(table)] == starts
