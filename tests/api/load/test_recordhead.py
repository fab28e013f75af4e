"""What the service says of a record beside its samples."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from hexoframe.api.load.recordhead import (
    FACT_REQUESTS,
    FACTS,
    fetch_fact,
    fetch_head,
    number_of,
    object_path,
)
from hexoframe.errors import ConfigurationError, ResponseError
from hexoframe.recording.facts import SHAPES, facts_table

START = 1_709_330_400 * 256
RECORD = {
    "id": 41,
    "user": {"id": 20_001, "resource_uri": "/api/user/20001/", "email": "a@b.org"},
    "device": "/api/device/HXSKIN1200009001/",
    "start": START,
    "end": START + 2560,
    "status": "complete",
    "last_modified": "2024-03-02T12:00:00+00:00",
    "metrics": [],
    "data_status": {"raw": 1},
    "firmware_rev": "1.0.5",
    "soft_uid": None,
}


class Answering:
    """A session whose answers are given."""

    origin = "https://test.example"

    def __init__(self, answer=None, **lists):
        self.answer = answer
        self.lists = lists
        self.asked = []

    def get_json(self, path, query=None):
        self.asked.append((path, query))
        return self.answer

    def pages(self, path, query=None):
        self.asked.append((path, query))
        yield from self.lists[path.strip("/").rpartition("/")[2]]


def head_of(**other):
    return fetch_head(Answering({**RECORD, **other}), 41)


# -- the record ------------------------------------------------------------------------


def test_a_record_says_what_it_is():
    head = head_of()
    assert (head.id, head.user, head.clock) == (41, 20_001, 256)
    assert head.span == (START, START + 2560)
    assert head.is_complete
    assert not head.is_live
    assert head.info == {
        "id": 41,
        "status": "complete",
        "last_modified": "2024-03-02T12:00:00+00:00",
        "firmware_rev": "1.0.5",
        "user_id": 20_001,
        "device": "HXSKIN1200009001",
        "email": "a@b.org",
    }


@pytest.mark.parametrize(
    "user", ["/api/user/20001/", "/api/v1/user/20001/", 20_001, {"id": 20_001}]
)
def test_a_user_is_known_in_every_form(user):
    assert head_of(user=user).user == 20_001


def test_without_a_user_nothing_of_a_user_is_asked_for():
    head = head_of(user=None)
    assert head.user is None
    session = Answering()
    for name in ("ranges", "annotations"):
        assert fetch_fact(session, name, head).empty
    assert session.asked == []


@pytest.mark.parametrize(
    ("status", "live", "complete"),
    [
        ("complete", False, True),
        ("realtime", True, False),
        ("realtime_complete", True, False),
        ("syncing", True, False),
        ("queued", True, False),
        ("processing", True, False),
        ("incomplete", False, False),
        ("error", False, False),
        ("", False, False),
    ],
)
def test_only_a_complete_record_stays_as_it_is(status, live, complete):
    head = head_of(status=status)
    assert (head.is_live, head.is_complete) == (live, complete)


def test_what_does_not_say_when_it_changed_may_change():
    assert not head_of(last_modified=None).is_complete
    assert not head_of(last_modified="").is_complete


def test_ticks_may_come_as_floats():
    head = head_of(start=float(START), end=float(START + 2560))
    assert head.span == (START, START + 2560)
    assert isinstance(head.span[0], int)


def test_a_thousand_ticks_a_second_are_known_by_their_size():
    start = 1_709_330_400_000
    assert head_of(start=start, end=start + 9000).clock == 1000


@pytest.mark.parametrize("end", [None, 0])
def test_a_live_record_without_an_end_ends_now(end):
    start = int((time.time() - 60) * 256)
    head = head_of(start=start, end=end, status="realtime")
    assert 60 * 256 <= head.span[1] - start <= 90 * 256


def test_a_record_without_an_end_that_began_days_ago_makes_no_sense():
    with pytest.raises(ResponseError, match="recorder may be lost"):
        head_of(end=None, status="realtime")


def test_another_record_than_the_one_that_was_asked_for_is_refused():
    with pytest.raises(ResponseError, match="/api/record/42/ answered record 41"):
        fetch_head(Answering(RECORD), 42)


def test_an_end_before_the_start_is_no_span():
    assert head_of(end=START - 5).span == (START, START)


@pytest.mark.parametrize(
    "answer", [[], "text", 7, None, {}, {"meta": {}, "objects": []}, {"error": "x"}]
)
def test_what_is_no_record_is_said(answer):
    with pytest.raises(ResponseError, match=r"/api/record/41/ did not answer a record"):
        fetch_head(Answering(answer), 41)


@pytest.mark.parametrize("start", ["soon", None, {}, 12])
def test_a_start_that_is_no_tick_is_said(start):
    with pytest.raises(ResponseError):
        fetch_head(Answering({**RECORD, "start": start}), 41)


# -- ids -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [41, "41", 41.0, " 41 "])
def test_an_id_is_a_whole_number_in_any_form(number):
    assert number_of("record", number) == 41
    assert object_path("record", number) == "/api/record/41/"


@pytest.mark.parametrize(
    "number", ["", "x", "4/1", "../user", "41?x=1", None, True, -1, 4.5, float("nan"),
               float("inf"), [41]],
)  # fmt: skip
def test_what_is_no_id_becomes_no_path(number):
    with pytest.raises(ConfigurationError, match="list_records"):
        object_path("record", number)


# -- tables ----------------------------------------------------------------------------

RANGES = [
    {
        "id": 1,
        "name": "New form",
        "start": START,
        "end": START + 256,
        "rank": 0,
        "context": {
            "trainingroutine": "/api/trainingroutine/12/",
            "activitytype": None,
        },
        "note": None,
    },
    {
        "id": 2,
        "name": "Old form",
        "start": START + 256.0,
        "end": START + 512.0,
        "rank": None,
        "trainingroutine": "/api/v1/trainingroutine/6/",
        "note": "n",
    },
    {"id": 3, "name": "None", "start": START, "end": START, "context": {}},
]
MARKS = [
    {"id": 1, "start": START + 1, "datatype": 215, "annotation": "", "record": None},
    {"id": 2, "start": START + 2, "datatype": "/api/datatype/4098/", "annotation": "x",
     "record": "/api/record/41/"},
    {"id": 3, "start": START + 3, "datatype": 215, "annotation": "of another device",
     "record": "/api/record/42/"},
]  # fmt: skip
POINTS = [
    {"id": 1, "time": "2024-03-01T22:00:01", "position": [-73.5, 45.5], "altitude": 30,
     "horizontal_accuracy": 4},
    {"id": 2, "time": "2024-03-01T22:00:02.5", "position": None, "altitude": None},
]  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_table_without_rows_has_its_columns_and_dtypes(name):
    session = Answering(
        {"data": [[]]}, range=[], annotation=[], trackpoint=[], metric=[{"id": 1}]
    )
    table = fetch_fact(session, name, head_of())
    assert table.equals(facts_table(name))
    assert table.dtypes.to_dict() == facts_table(name).dtypes.to_dict()


def test_activities_of_both_forms_are_read():
    session = Answering(range=RANGES)
    table = fetch_fact(session, "ranges", head_of())
    assert table["id"].tolist() == [1, 2, 3]
    assert table["trainingroutine"].fillna("").str.extract(r"(\d+)/?$")[0].fillna(
        ""
    ).tolist() == ["12", "6", ""]
    assert table["start"].iloc[1] == pd.Timestamp("2024-03-01T22:00:01Z")
    assert list(table.columns) == list(SHAPES["ranges"])
    ((path, query),) = session.asked
    assert path == "/api/range/"
    # Those that begin before it and those that end behind it reach into it too.
    assert query["start__lte"] == START + 2560
    assert query["end__gte"] == START


def test_marks_of_another_record_are_left_out():
    table = fetch_fact(Answering(annotation=MARKS), "annotations", head_of())
    assert table["id"].tolist() == [1, 2]
    assert table["datatype"].tolist() == [215, 4098]
    assert table["comment"].tolist() == ["", "x"]
    assert table.index[0] == pd.Timestamp(START * 3_906_250 + 3_906_250, tz="UTC")


def test_points_without_a_position_are_points_in_time():
    table = fetch_fact(Answering(trackpoint=POINTS), "track", head_of())
    assert table["longitude"].tolist()[0] == -73.5
    assert table["latitude"].tolist()[0] == 45.5
    assert table.iloc[1].isna().all()
    assert str(table.index.dtype) == "datetime64[ns, UTC]"
    assert table.index[1] == pd.Timestamp("2024-03-01T22:00:02.5Z")


def test_metrics_with_one_value_are_taken_and_histograms_left():
    report = {
        "data": [
            [
                {"metric": "/api/metric/44/", "name": "hr", "value": 61.5,
                 "unit": {"si_short": "bpm"}},
                {"metric": "/api/metric/46/", "name": "none", "value": None},
                {"metric": "/api/metric/45/", "name": "histo",
                 "data1": {"bin_edge": [0, 1, 2]}, "data2": {"value": [3, 4]}},
            ]
        ]
    }  # fmt: skip
    session = Answering(report, metric=[{"id": 44}, {"id": 45}, {"id": 46}])
    table = fetch_fact(session, "metrics", head_of())
    assert table.to_dict("records") == [
        {"id": 44, "name": "hr", "value": 61.5, "unit": "bpm"}
    ]
    assert session.asked[-1] == (
        "/api/report/",
        {"record": 41, "include_metrics": "44,45,46"},
    )


def test_a_service_without_metrics_is_not_asked_for_a_report():
    session = Answering(metric=[])
    assert fetch_fact(session, "metrics", head_of()).empty
    assert len(session.asked) == 1


def test_the_tables_take_as_many_requests_as_is_said():
    session = Answering(
        {"data": []}, range=[], annotation=[], trackpoint=[], metric=[{"id": 1}]
    )
    for name in FACTS:
        fetch_fact(session, name, head_of())
    assert len(session.asked) == FACT_REQUESTS


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("ranges", [{"id": "one", "start": START, "end": START}]),
        ("ranges", [{"id": 1, "start": "soon", "end": START}]),
        ("annotations", [{"id": 1, "start": START, "datatype": "/api/datatype/x/"}]),
        ("track", [{"time": "yesterday", "position": [1, 2]}]),
        ("track", [{"time": "2024-03-01T22:00:01", "position": ["west", "north"]}]),
        ("track", [{"time": "2024-03-01T22:00:01", "position": [1, 2, 3]}]),
    ],
)
def test_a_table_that_makes_no_sense_is_an_error_of_the_answer(name, rows):
    session = Answering(range=rows, annotation=rows, trackpoint=rows)
    with pytest.raises(ResponseError, match=r"of record 41 make no sense"):
        fetch_fact(session, name, head_of())


def test_a_report_that_is_none_is_an_error_of_the_answer():
    for answer in ({}, {"data": None}, {"data": [7]}, {"data": [[7]]}):
        with pytest.raises(ResponseError):
            fetch_fact(Answering(answer, metric=[{"id": 1}]), "metrics", head_of())
