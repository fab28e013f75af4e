"""Filters as queries, and lists of objects as frames, against the simulated service."""

from __future__ import annotations

import contextlib
import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from hexoframe.api.load.resources import (
    annotations_frame,
    check_filters,
    frame_of,
    id_of,
    metrics_frame,
    query_of,
    ranges_frame,
    records_frame,
    users_frame,
)
from hexoframe.errors import ConfigurationError, ResponseError, TimestampError

MAKERS = {
    "record": records_frame,
    "range": ranges_frame,
    "annotation": annotations_frame,
    "user": users_frame,
}


def utc(tick, clock=256):
    """Independent of the package: exact on the grid of whole ns."""
    return pd.Timestamp(tick * 1_000_000_000 // clock, unit="ns", tz="UTC")


# --- queries -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/api/user/1511/", 1511),
        ("/api/v1/device/HXSKIN1200002070/", "HXSKIN1200002070"),
        (7, 7), ("7", 7), (None, None), ({"resource_uri": "/api/user/5/", "id": 5}, 5),
        ({"id": 9}, 9), ("", None),
    ],
)  # fmt: skip
def test_a_related_object_is_its_id(given, wanted):
    assert id_of(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"user": 5}, {"user": "5"}),
        ({"user": "a@b.org"}, {"user": "a@b.org"}),
        ({"user": "/api/user/5/"}, {"user": "5"}),
        ({"device": "/api/device/HXSKIN1200000001/"}, {"device": "HXSKIN1200000001"}),
        ({"status": "complete", "rank": None}, {"status": "complete"}),
        ({"id__in": [1, 2]}, {"id__in": "1,2"}),
        ({"start__range": (1, 2)}, {"start__range": "1,2"}),
        ({"include_autodetected": True}, {"include_autodetected": "true"}),
        ({"start": "2014-10-30T17:42:37Z"}, {"start__gte": "362160884992"}),
        ({"start": "2014-10-30T17:42:37.001Z"}, {"start__gte": "362160884993"}),
        ({"end": "2014-10-30T17:42:37.001Z"}, {"end__lte": "362160884992"}),
        ({"end": 362160884992}, {"end__lte": "362160884992"}),
        ({"end__gt": dt.datetime(2014, 10, 30, 17, 42, 37, tzinfo=dt.UTC)},
         {"end__gt": "362160884992"}),
        ({"last_modified__gte": pd.Timestamp("2024-01-01", tz="UTC")},
         {"last_modified__gte": "2024-01-01T00:00:00+00:00"}),
    ],
)  # fmt: skip
def test_filters_are_written_as_the_service_reads_them(given, wanted):
    assert query_of(clock=256, **given) == wanted


def test_the_clock_of_the_host_counts():
    found = query_of(clock=1000, start="2023-08-07T01:25:18Z")
    assert found == {"start__gte": "1691371518000"}


def test_a_time_without_zone_is_refused():
    with pytest.raises(TimestampError):
        query_of(clock=256, start=dt.datetime(2014, 10, 30))  # noqa: DTZ001
    with pytest.raises(TimestampError):
        query_of(clock=256, end="2014-10-30T17:42:37")


@pytest.mark.parametrize("name", ["password", "api_key", "access_token", "apikey__in"])
def test_no_secret_comes_into_a_query(name):
    with pytest.raises(ConfigurationError) as caught:
        query_of(clock=256, **{name: "hush"})
    assert "hush" not in str(caught.value)


def test_what_has_no_form_in_a_query_is_refused():
    with pytest.raises(ConfigurationError, match="rank is a dict"):
        query_of(clock=256, rank={})


def test_filters_find_what_they_should(server, session_of):
    session = session_of(server)
    records = {r.id: r for r in server.world.records.values()}
    sees = server.world.sees[20001]
    seen = sorted(i for i, r in records.items() if r.user in sees)

    def found(**given):
        query = query_of(clock=256, **given)
        return sorted(records_frame(session.pages("/api/record/", query))["id"])

    assert found() == seen
    assert len(seen) > 1
    one = records[seen[0]]
    at = utc(one.source.start)
    assert found(user=server.username) == [i for i in seen if records[i].user == 20001]
    assert found(device=one.device) == [
        i for i in seen if records[i].device == one.device
    ]
    assert found(start=at) == [
        i for i in seen if records[i].source.start >= one.source.start
    ]
    assert found(start=at, end=utc(one.source.end)) == [
        i for i in seen
        if records[i].source.start >= one.source.start
        and records[i].source.end <= one.source.end
    ]  # fmt: skip
    assert found(id__in=seen[:2]) == seen[:2]
    assert found(user=999) == []


def test_an_end_before_its_start_is_refused():
    with pytest.raises(TimestampError, match=r"end=.*lies before start="):
        query_of(clock=256, start="2024-03-02T00:00Z", end="2024-03-01T00:00Z")
    tick = 437_588_582_400
    assert query_of(clock=256, start=tick, end=tick) == {
        "start__gte": str(tick),
        "end__lte": str(tick),
    }


def test_a_tick_of_another_clock_and_one_of_numpy_are_ticks():
    tick = np.int64(1_709_330_400_000)
    assert query_of(clock=256, start=tick) == {"start__gte": "1709330400000"}


@pytest.mark.parametrize("length", ["60s", 60, pd.Timedelta("60s")])
def test_a_length_has_no_start_to_count_from_in_a_list(length):
    with pytest.raises(TimestampError, match="here is none: give a time with its zone"):
        query_of(clock=256, start=length)


def test_a_filter_that_a_list_lacks_is_refused():
    schema = {"filtering": {"user": ["exact"], "id": ["exact", "in"], "start": ["gte"]}}
    check_filters("record", {"id__in": [1], "user": 3, "order_by": "start"}, schema)
    with pytest.raises(ConfigurationError, match=r"usr is not a filter.*mean user"):
        check_filters("record", {"usr": 3}, schema)
    with pytest.raises(ConfigurationError, match=r"xyz__in is no.*id or offset or or"):
        check_filters("record", {"xyz__in": 3}, schema)


# --- frames -------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_is_a_frame_of_its_objects(server, session_of, name):
    objects = list(session_of(server).pages(f"/api/{name}/"))
    frame = MAKERS[name](objects)
    assert len(objects) > 0
    assert frame["id"].tolist() == [item["id"] for item in objects]
    if "start" in objects[0]:
        assert frame.index.name == "start"
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
        assert frame.index.tolist() == [utc(item["start"]) for item in objects]


@pytest.mark.parametrize("name", MAKERS)
def test_an_empty_list_has_the_same_columns_and_dtypes(server, session_of, name):
    full = MAKERS[name](session_of(server).pages(f"/api/{name}/"))
    empty = MAKERS[name]([])
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert empty.columns.tolist() == full.columns.tolist()
    assert (empty.index.name, empty.index.dtype) == (full.index.name, full.index.dtype)


def test_a_record_is_told_in_full(server, session_of):
    item = session_of(server).get_json("/api/record/300002/")
    row = records_frame([item]).iloc[0]
    assert row["user"] == item["user"]["id"]
    assert row["email"] == item["user"]["email"]
    assert row["device"] == item["device"].rstrip("/").rpartition("/")[2]
    assert row["end"] == utc(item["end"])
    assert row["duration"] == utc(item["end"]) - utc(item["start"])
    assert row["last_modified"] == pd.Timestamp(item["last_modified"])
    assert (row["status"], row["clock"]) == (item["status"], 256)


def test_records_of_the_other_clock_have_its_times():
    item = {"id": 1, "start": 1_691_371_518_001, "end": 1_691_371_519_001}
    row = records_frame([item])
    assert row.index[0] == pd.Timestamp("2023-08-07T01:25:18.001Z")
    assert row["duration"].iloc[0] == pd.Timedelta("1s")
    assert row["clock"].iloc[0] == 1000


def test_a_live_record_has_no_end_yet():
    frame = records_frame([{"id": 1, "start": 359_840_226_870, "end": None}])
    assert frame["end"].isna().all()
    assert frame["duration"].isna().all()
    assert str(frame["duration"].dtype) == "timedelta64[ns]"


@pytest.mark.parametrize(
    ("file", "make"),
    [("answer-record-list.json", records_frame), ("answer-track-list.json", frame_of),
     ("answer-datatype-list.json", frame_of)],
)  # fmt: skip
def test_real_lists_are_frames(real_data, file, make):
    content = json.loads((real_data / "api" / file).read_text())
    assert len(make(content["objects"])) == len(content["objects"])


def test_a_real_range_of_the_old_form_has_its_routine(real_data):
    item = json.loads((real_data / "api" / "answer-range-61495.json").read_text())
    row = ranges_frame([item]).iloc[0]
    assert (row["trainingroutine"], row["user"]) == (1, 36)
    assert row["duration"] == pd.Timedelta(361_010_731_008 - 361_010_729_472, "s") / 256
    plain = metrics_frame(item["metrics"])
    assert plain["id"].tolist() == [44, 139]
    assert plain["unit"].tolist() == ["bpm", "Cal"]
    assert plain["value"].iloc[0] == 69.3333333333333


def test_the_context_of_a_range_is_its_activity(server, session_of):
    objects = list(session_of(server).pages("/api/range/"))
    frame = ranges_frame(objects)
    for item, routine in zip(objects, frame["trainingroutine"], strict=True):
        wanted = item["context"]["trainingroutine"]
        assert (wanted is None) == (routine is pd.NA)
        assert wanted is None or wanted == f"/api/trainingroutine/{routine}/"


def test_a_report_is_a_frame_with_a_row_a_bin(server, session_of):
    query = {"include_metrics": "44,45,71", "record": 300002}
    report = session_of(server).get_json("/api/report/", query)
    frame = metrics_frame(report)
    items = {item["name"]: item for part in report["data"] for item in part}
    plain = frame[frame["id"] == 44].iloc[0]
    assert plain["value"] == items["heartrate_avg"]["value"]
    assert pd.isna(plain["low"])
    bins = frame[frame["id"] == 45]
    histogram = next(item for item in items.values() if "data1" in item)
    assert bins["value"].tolist() == histogram["data2"]["value"]
    assert bins["low"].tolist() == histogram["data1"]["bin_edge"][:-1]
    assert bins["high"].tolist() == histogram["data1"]["bin_edge"][1:]
    assert (frame["record"] == 300002).all()
    assert metrics_frame([]).dtypes.to_dict() == frame.dtypes.to_dict()


def test_a_histogram_without_its_edges_is_told():
    wrong = {"name": "h", "data1": {"bin_edge": [1, 2]}, "data2": {"value": [1, 2]}}
    with pytest.raises(ResponseError, match="2 edges for 2 bins"):
        metrics_frame([wrong])


def test_what_is_no_report_is_told():
    with pytest.raises(ResponseError, match="data"):
        metrics_frame({"meta": {}})


# --- any resource -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["record", "range", "track", "metric", "device", "unit", "datatype", "team"]
)
def test_a_schema_gives_one_shape_to_full_and_empty(server, session_of, name):
    session = session_of(server)
    schema = session.get_json(f"/api/{name}/schema/")
    objects = list(session.pages(f"/api/{name}/"))
    full, empty = frame_of(objects, schema), frame_of([], schema)
    known = [column for column in full.columns if column in schema["fields"]]
    assert empty.columns.tolist() == known
    assert empty.dtypes.to_dict() == full[known].dtypes.to_dict()
    assert len(full) == len(objects)


def test_without_a_schema_the_objects_tell():
    frame = frame_of([
        {"id": 1, "user": "/api/user/7/", "x": 1.5, "on": True, "start": 359840226870,
         "resource_uri": "/api/thing/1/", "unit": {"resource_uri": "/api/unit/3/"}},
        {"id": 2, "user": None, "x": None, "on": None, "start": None, "more": [1]},
    ])  # fmt: skip
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "id": "Int64", "user": "Int64", "x": "float64",
        "on": "boolean", "start": "datetime64[ns, UTC]", "resource_uri": "string",
        "unit": "Int64", "more": "object",
    }  # fmt: skip
    assert frame["user"].tolist() == [7, pd.NA]
    assert frame["start"].iloc[0] == utc(359840226870)
    assert frame["resource_uri"].iloc[0] == "/api/thing/1/"


def test_a_value_of_a_wrong_type_is_no_frame():
    with pytest.raises(
        ResponseError, match='id: expected a whole number, found "many"'
    ):
        records_frame([{"id": "many", "start": 359840226870}])
    late = {"id": 1, "start": 359840226870, "last_modified": "soon"}
    with pytest.raises(
        ResponseError, match="last_modified: expected a tick or an ISO time"
    ):
        records_frame([late])


def test_objects_are_not_changed(server, session_of):
    objects = list(session_of(server).pages("/api/record/"))
    before = json.dumps(objects)
    records_frame(objects)
    frame_of(objects)
    assert json.dumps(objects) == before


ODD = [
    *(None, True, "", "abc", "1", -1, 0, 1.5, 1e308, -1e308, 2**62, [], [1], [[]]),
    *({}, {"a": 1}, "9" * 40, {"resource_uri": [1]}, "9999-12-31T00:00:00Z", "NaT"),
    *([2, 1], "/api/user/x/", f"/api/user/{'9' * 5000}/", 4e11, {"id": {"a": 2}}),
]
TICK = 359840226870
DOORS = {
    "records": (
        lambda item: records_frame([item]),
        {"id": 1, "start": TICK, "end": TICK + 9, "user": {"id": 1, "email": "a"},
         "device": "/api/device/HX/", "status": "complete",
         "last_modified": "2014-01-01T00:00:00"},
    ),
    "ranges": (
        lambda item: ranges_frame([item]),
        {"id": 1, "name": "a", "note": "", "rank": 1, "start": TICK, "end": TICK + 9,
         "context": {"activitytype": "/api/activitytype/12/"}, "status": "x",
         "user": "/api/user/1/", "last_modified": None},
    ),
    "annotations": (
        lambda item: annotations_frame([item]),
        {"id": 1, "start": TICK, "user": "/api/user/1/", "record": "/api/record/3/",
         "datatype": "/api/datatype/3/", "annotation": "hi"},
    ),
    "metrics": (
        metrics_frame,
        {"data": [[
            {"metric": "/api/metric/12/", "name": "a", "value": 1.5,
             "unit": {"si_short": "x"}, "record": 1},
            {"metric": 3, "data1": {"bin_edge": [1, 2], "unit": "a"},
             "data2": {"value": [1], "unit": "b"}},
        ]]},
    ),
    "objects": (lambda item: frame_of([item]), {"id": 1, "start": TICK, "x": 1.5}),
    "schema": (
        lambda item: frame_of([{"id": 1, "when": "2014-01-01"}], item),
        {"fields": {"id": {"type": "integer"}, "when": {"type": "datetime"}}},
    ),
    "filters": (lambda item: check_filters("x", {"id": 1}, item),
                {"filtering": {"id": 1}}),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_no_value_of_an_answer_ends_in_an_error_of_python(door, variants):
    read, item = DOORS[door]
    read(item)
    for make in variants(item, ODD):
        damaged = make()
        # The session refuses objects that are none.
        if isinstance(damaged, dict) or door in {"metrics", "schema", "filters"}:
            with contextlib.suppress(ResponseError, ConfigurationError):
                read(damaged)


def test_a_record_that_ends_out_of_time_is_refused():
    with pytest.raises(ResponseError, match=r"start, end: tick 4611686018427387904"):
        records_frame([{"id": 1, "start": TICK, "end": 2**62}])
