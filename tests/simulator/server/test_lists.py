"""Lists, details, filters, order, pages, changes: as the API reference has them."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest

ANNA, BERT, CARLA, DORA = (
    "anna.synthetic@example.org",
    "bert.synthetic@example.org",
    "coach.synthetic@example.org",
    "dora.stranger@example.org",
)


def ids(reply):
    return [body["id"] for body in reply.objects]


# --- who sees what ------------------------------------------------------------------


def test_everybody_sees_his_own_records_and_the_coach_those_of_two_athletes(
    server, ask
):
    seen = {user: set(ids(ask(server, "/api/record/", user=user)))
            for user in (ANNA, BERT, CARLA, DORA)}  # fmt: skip
    assert seen[ANNA] == {300001, 300002, 300003, 300004}
    assert seen[BERT] == {300011, 300012}
    assert seen[CARLA] == seen[ANNA] | seen[BERT] | {300021}
    assert seen[DORA] == {300031}
    assert ids(ask(server, "/api/user/", user=CARLA)) == [20001, 20002, 20003]


@pytest.mark.parametrize("path", ["/api/record/300031/", "/api/user/20004/"])
def test_what_may_not_be_seen_is_not_there(server, ask, path):
    assert ask(server, path, user=DORA).status == 200
    reply = ask(server, path)
    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize(
    "path",
    ["/api/record/999/", "/api/nothing/", "/api/record/x/y/", "/", "/api/data/1/"],
)
def test_what_does_not_exist_gives_404(server, ask, path):
    assert ask(server, path).status == 404


def test_the_same_path_without_its_slash_is_sent_to_the_right_one(server, ask):
    reply = ask(server, "/api/record?limit=3")
    assert reply.status == 301
    assert reply.headers["Location"] == "/api/record/?limit=3"


# --- pages --------------------------------------------------------------------------


def test_a_list_has_20_objects_a_page_and_relative_links_that_keep_the_filters(
    server, ask
):
    track = max(ask(server, "/api/track/").objects, key=lambda t: t["distance"])["id"]
    page = ask(server, f"/api/trackpoint/?track={track}").json()
    assert page["meta"] | {"total_count": 0, "distance": 0} == {
        "limit": 20,
        "next": f"/api/trackpoint/?track={track}&limit=20&offset=20",
        "offset": 0,
        "previous": None,
        "total_count": 0,
        "distance": 0,
        "total_tracks": 1,
    }
    assert len(page["objects"]) == 20
    assert list(page["meta"]["distance"]) == [f"/api/track/{track}/"]


def test_following_the_links_brings_each_of_1080_track_points_once(server, ask):
    track = max(ask(server, "/api/track/").objects, key=lambda t: t["distance"])["id"]
    path = f"/api/trackpoint/?track={track}&limit=500"
    seen: list[int] = []
    back: list[str | None] = []
    while path:
        page = ask(server, path).json()
        seen += [point["id"] for point in page["objects"]]
        back.append(page["meta"]["previous"])
        path = page["meta"]["next"]
    assert len(seen) == len(set(seen)) == page["meta"]["total_count"] == 1080
    starts = [b and dict(parse_qsl(urlsplit(b).query))["offset"] for b in back]
    assert starts == [None, "0", "500"]


@pytest.mark.parametrize("limit", ["0", "1000", "1001", "5000"])
def test_no_page_holds_more_than_1000_objects(server, ask, limit):
    page = ask(server, f"/api/trackpoint/?limit={limit}").json()
    assert page["meta"]["limit"] == 1000
    assert len(page["objects"]) == 1000


def test_a_page_past_the_end_is_empty(server, ask):
    page = ask(server, "/api/record/?offset=40").json()
    assert page["objects"] == []
    assert page["meta"]["next"] is None
    assert page["meta"]["previous"] == "/api/record/?limit=20&offset=20"


def test_previous_is_null_where_it_would_begin_before_the_first(server, ask):
    assert ask(server, "/api/record/?offset=5").json()["meta"]["previous"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=ten", "limit=-1", "offset=x", "offset=-20", "limit=", "order_by=status",
        "order_by=nothing", "status=complete", "start__in=1,2", "start__startswith=4",
        "start=soon", "last_modified__gte=tomorrow", "start__range=5", "user__email=x",
        "start__range=1,2,3", "id=300001,300002", "user=20001,20002",
    ],
)  # fmt: skip
def test_a_query_that_a_list_does_not_know_gives_400_and_says_why(server, ask, query):
    reply = ask(server, f"/api/record/?{query}")
    assert reply.status == 400
    assert list(reply.json()) == ["error"]
    assert isinstance(reply.json()["error"], str)
    assert reply.headers["Content-Type"] == "application/json"


def test_an_argument_that_is_no_field_is_passed_over(server, ask):
    assert len(ask(server, "/api/record/?api_version=3&_=17").objects) == 4


@pytest.mark.parametrize(
    "query",
    ["track__name=x", "track__nothing=1", "time__gte=noon", "timestamp__gt=noon",
     "start=noon", "order_by=altitude"],
)  # fmt: skip
def test_a_query_that_track_points_do_not_know_gives_400(server, ask, query):
    assert ask(server, f"/api/trackpoint/?{query}").status == 400


# --- filters and order --------------------------------------------------------------


def test_records_come_newest_first_and_order_by_turns_them(server, ask):
    assert ids(ask(server, "/api/record/")) == [300004, 300003, 300002, 300001]
    assert ids(ask(server, "/api/record/?order_by=start"))[0] == 300001
    both = ids(ask(server, "/api/record/?order_by=user,-id", user=CARLA))
    assert both == [300004, 300003, 300002, 300001, 300012, 300011, 300021]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("id=300002", {300002}),
        ("id__in=300001,300011,300031", {300001, 300011}),
        ("id__gt=300011", {300012, 300021}),
        ("id__gte=300011", {300011, 300012, 300021}),
        ("id__lt=300002", {300001}),
        ("id__lte=300002", {300001, 300002}),
        ("id__range=300002,300003", {300002, 300003}),
        ("user=20002", {300011, 300012}),
        ("user=/api/user/20002/", {300011, 300012}),
        ("user=/api/v1/user/20002/", {300011, 300012}),
        (f"user={BERT}", {300011, 300012}),
        ("user=bert.synthetic%40example.org", {300011, 300012}),
        ("user=nobody@example.org", set()),
        ("user__in=20002,20003", {300011, 300012, 300021}),
        ("user=20004", set()),
        ("device=HXSKIN1200009002", {300011, 300012}),
        ("device=/api/device/HXSKIN1200009003/", {300021}),
        ("user=20001&id__gt=300002", {300003, 300004}),
        ("last_modified__gte=2024-03-02T12:00:00", {300001, 300002, 300003, 300004,
                                                    300011, 300012, 300021}),
        ("last_modified__lt=2024-03-02T12:00:00%2B00:00", set()),
    ],
)  # fmt: skip
def test_a_filter_leaves_what_it_names(server, ask, query, wanted):
    assert set(ids(ask(server, f"/api/record/?{query}", user=CARLA))) == wanted


def test_order_by_may_be_given_several_times(server, ask):
    twice = ids(ask(server, "/api/record/?order_by=user&order_by=-id", user=CARLA))
    once = ids(ask(server, "/api/record/?order_by=user,-id", user=CARLA))
    assert twice == once


def test_ranges_are_found_by_their_length_in_seconds(server, ask):
    lengths = {b["id"]: b["duration"] for b in ask(server, "/api/range/").objects}
    half = sorted(lengths.values())[2]
    for lookup, passes in (
        ("duration__gte", lambda n: n >= half), ("duration__lt", lambda n: n < half),
        ("duration", lambda n: n == half),
    ):  # fmt: skip
        found = ask(server, f"/api/range/?{lookup}={half}").objects
        assert {b["id"] for b in found} == {k for k, n in lengths.items() if passes(n)}
    wrong = ask(server, "/api/range/?duration__gt=long")
    assert wrong.status == 400


@pytest.mark.parametrize(
    "path",
    ["activitytype/?using=1", "trainingroutine/?using=true", "metric/?show_all=1",
     "range/?include_autodetected=true", "range/?include_autodetected__true=1",
     "range/?show_all=1", "activitytype/?show_all=1"],
)  # fmt: skip
def test_a_flag_leaves_every_object(server, ask, path):
    bare = ask(server, f"/api/{path.partition('?')[0]}").json()["meta"]["total_count"]
    assert ask(server, f"/api/{path}").json()["meta"]["total_count"] == bare > 0


def test_start_and_end_filter_by_ticks(server, ask):
    starts = {b["id"]: b["start"] for b in ask(server, "/api/record/").objects}
    second = starts[300002]
    assert ids(ask(server, f"/api/record/?start__gte={second}&order_by=id")) == [
        300002, 300003, 300004,
    ]  # fmt: skip
    assert ids(ask(server, f"/api/record/?start={second}")) == [300002]
    assert ids(
        ask(server, f"/api/record/?start__range={second},{starts[300003]}&order_by=id")
    ) == [300002, 300003]


def test_a_filter_goes_through_a_relation_where_the_schema_allows_it(server, ask):
    tracks = ask(server, "/api/track/").objects
    span = tracks[0]["range"]
    found = ask(server, f"/api/trackpoint/?track__range__in={span}&limit=1000").objects
    assert {point["track"] for point in found} == {tracks[0]["resource_uri"]}
    jogs = ask(server, "/api/range/?trainingroutine__activitytype=10").objects
    assert {body["name"] for body in jogs} == {"Walk"}


def test_track_points_are_found_by_record_and_by_time(server, ask):
    every = ask(server, "/api/trackpoint/?record=300004&limit=0").objects
    assert len(every) == 1000
    record = ask(server, "/api/record/300004/").json()
    half = (record["start"] + record["end"]) // 2
    path = f"/api/trackpoint/?record=300004&start={half}&end={record['end']}&limit=0"
    late = ask(server, path).objects
    assert len(late) == 540
    moment = datetime.fromisoformat(late[0]["time"] + "+00:00").timestamp()
    assert moment == half / 256
    for after in (f"timestamp__gte={half}", f"timestamp__gte={late[0]['time']}"):
        path = f"/api/trackpoint/?record=300004&{after}&limit=0"
        assert ask(server, path).objects == late


def test_isnull_and_startswith_and_search_filter_too(server, ask):
    assert len(ask(server, "/api/range/?activitytype__isnull=true").objects) == 0
    assert len(ask(server, "/api/range/?activitytype__isnull=false").objects) == 5
    people = "/api/user/?{}=bert"
    for lookup in ("email__startswith", "search"):
        assert ids(ask(server, people.format(lookup), user=CARLA)) == [20002]


# --- objects ------------------------------------------------------------------------


def test_a_record_tells_its_user_device_and_times(server, ask):
    body = ask(server, "/api/record/300012/", user=BERT).json()
    assert body["user"]["email"] == BERT
    assert body["user"]["profile"] == "/api/profile/19951/"
    assert body["device"] == "/api/device/HXSKIN1200009002/"
    assert body["start"] % 256 == 89
    assert body["end"] - body["start"] == 300.25 * 256
    # start_date is the whole second before the start.
    moment = datetime.fromisoformat(body["start_date"]).timestamp()
    assert moment == body["start"] // 256
    assert body["start_date"].endswith("+00:00")
    assert ask(server, body["device"], user=BERT).json()["deviceid"].endswith("9002")


def test_a_range_has_its_context_and_the_metrics_of_its_activity(server, ask):
    listed = ask(server, "/api/range/?order_by=id").objects
    assert [body["name"] for body in listed] == [
        "Sleep",
        "Walk",
        "Rest",
        "Sleep",
        "Walk",
    ]
    assert all("ranges" not in body for body in listed)
    walk = ask(server, listed[1]["resource_uri"]).json()
    assert walk["context"] == {
        "activitytype": "/api/activitytype/10/",
        "trainingroutine": "/api/trainingroutine/6/",
    }
    assert [m["id"] for m in walk["metrics"]] == [44, 71, 139]
    assert walk["ranges"] == []
    assert walk["duration"] == (walk["end"] - walk["start"]) // 256


def test_metrics_are_those_of_the_samples(server, ask):
    path = "/api/record/300001/?include_metrics=44,46,71&include_histograms=45"
    metrics = {m["id"]: m for m in ask(server, path).json()["metrics"]}
    data = ask(server, "/api/data/?record=300001&datatype=19,52").json()[0]["data"]
    heart = [value for _, value in data["19"]]
    assert metrics[44]["value"] == pytest.approx(sum(heart) / len(heart))
    assert metrics[46]["value"] == max(heart)
    assert metrics[71]["value"] == len(data["52"])
    edges = metrics[45]["data1"]["bin_edge"]
    assert edges == list(range(20, 221, 20))
    assert metrics[45]["data2"]["value"] == [
        sum(low <= value < high for value in heart) for low, high in pairwise(edges)
    ]


def test_a_report_brings_the_metrics_of_a_record_and_of_a_time(server, ask):
    one = ask(server, "/api/report/?include_metrics=44,45&record=300001").json()
    assert one["count"] == 1
    assert [item["metric"] for item in one["data"][0]] == [
        "/api/metric/44/", "/api/metric/45/",
    ]  # fmt: skip
    record = ask(server, "/api/record/300001/").json()
    span = f"user={ANNA}&start={record['start'] + 9}&end={record['end']}"
    hours = ask(server, f"/api/report/?include_metrics=44&{span}").json()
    timerange = hours["data"][0][0]["timerange"]
    assert timerange["start"] % (3600 * 256) == timerange["end"] % (3600 * 256) == 0
    assert timerange["start"] <= record["start"] < record["end"] <= timerange["end"]
    assert hours["data"][0][0]["value"] == one["data"][0][0]["value"]


def test_a_report_of_a_time_is_that_of_who_asks_or_of_a_user(server, ask):
    record = ask(server, "/api/record/300011/", user=BERT).json()
    span = f"start={record['start']}&end={record['end']}"
    path = f"/api/report/?include_metrics=44&{span}"
    value = ask(server, path, user=BERT).json()["data"][0][0]["value"]
    assert value > 30
    for who in (BERT, "20002", "/api/user/20002/"):
        named = ask(server, f"{path}&user={who}", user=CARLA).json()["data"][0][0]
        assert named["value"] == value
        assert named["timerange"]["user"] == "/api/user/20002/"
    for nobody in ("nobody@example.org", DORA, "20004"):
        (row,) = ask(server, f"{path}&user={nobody}", user=CARLA).json()["data"]
        assert row[0]["value"] is None
    for wrong in ("user=bert", "start=noon"):
        assert ask(server, f"{path}&{wrong}", user=CARLA).status == 400


def test_a_report_of_a_range_brings_its_metrics(server, ask):
    (walk, *_) = (b for b in ask(server, "/api/range/").objects if b["name"] == "Walk")
    path = f"/api/report/?include_metrics=44,71&range={walk['id']}"
    (row,) = ask(server, path).json()["data"]
    detail = ask(server, walk["resource_uri"]).json()["metrics"]
    assert {m["range"] for m in row} == {walk["resource_uri"]}
    known = {m["name"]: m["value"] for m in detail}
    assert {m["name"]: m["value"] for m in row}.items() <= known.items()


def test_the_account_is_one_object_with_its_profile(server, ask):
    page = ask(server, "/api/account/", user=CARLA).json()
    assert page["meta"]["limit"] == page["meta"]["total_count"] == 1
    (body,) = page["objects"]
    assert body["email"] == CARLA
    assert body["profile"]["fitness"]["weight"] == 62
    assert body["id"] != body["profile"]["id"]


def test_the_button_of_the_device_is_an_annotation(server, ask):
    marks = ask(server, "/api/annotation/?record=300001&order_by=start").objects
    record = ask(server, "/api/record/300001/").json()
    assert [m["start"] - record["start"] for m in marks] == [30 * 256, 179328]
    assert {m["datatype"] for m in marks} == {"/api/datatype/215/"}


def test_the_datatype_list_tells_cadence_at_4_hz_which_it_is_not(server, ask):
    body = ask(server, "/api/datatype/53/").json()
    assert (body["name"], body["hexo_freq"]) == ("cadence", 64)
    assert ask(server, "/api/datatype/18/").json()["hexo_freq"] is None


def test_newer_fields_of_a_record_are_a_switch(small, ask, short):
    path = f"/api/record/{short.record_id}/"
    plain = ask(small(), path).json()
    newer = ask(small(newer_record_fields=True), path).json()
    assert newer.keys() - plain.keys() == {"algo", "duration", "garment"}
    assert newer["duration"] == 420


# --- changes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/record/300001/"), ("PUT", "/api/record/"),
        ("DELETE", "/api/record/"), ("POST", "/api/data/"),
        ("DELETE", "/api/user/20001/"),
        ("GET", "/api/createuser/"), ("PATCH", "/api/account/"),
    ],
)  # fmt: skip
def test_a_method_that_the_schema_does_not_allow_gives_405(server, ask, method, path):
    reply = ask(server, path, method=method, body={})
    assert (reply.status, reply.body) == (405, b"")
    assert method not in reply.headers["Allow"]


def test_an_annotation_is_made_changed_and_deleted(small, ask):
    server = small()
    new = {"annotation": "Hey", "datatype": 4096, "start": 123456, "user": ANNA}
    made = ask(server, "/api/annotation/", method="POST", body=new)
    assert made.status == 201
    path = made.headers["Location"]
    assert made.json()["resource_uri"] == path
    assert made.json()["start_date"] == "1970-01-01T00:08:02+00:00"
    changed = ask(server, path, method="PATCH", body={"annotation": "Ho"})
    assert changed.status == 202
    assert ask(server, path).json()["annotation"] == "Ho"
    assert ask(server, path, method="DELETE").status == 204
    assert ask(server, path).status == 404
    assert ask(server, path, method="PUT", body=new).status == 404


def test_a_patch_of_a_list_makes_changes_and_deletes(small, ask):
    server = small()
    new = {"annotation": "one", "datatype": 4096, "start": 5, "user": ANNA}
    one, two = (
        ask(server, "/api/annotation/", method="POST", body=new).json()["resource_uri"]
        for _ in range(2)
    )
    body = {
        "objects": [{"resource_uri": one, "annotation": "changed"}, new | {"start": 6}],
        "deleted_objects": [two],
    }
    reply = ask(server, "/api/annotation/", method="PATCH", body=body)
    assert (reply.status, reply.body) == (202, b"")
    found = ask(server, "/api/annotation/?datatype=4096&order_by=start").objects
    assert [(m["annotation"], m["start"]) for m in found] == [
        ("changed", 5),
        ("one", 6),
    ]
    assert found[0]["resource_uri"] == one


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"objects": 5}, 400), ({"objects": ["x"]}, 400),
        ({"objects": [], "deleted_objects": 1}, 400), ({"objects": [{}]}, 400),
        ({"objects": [{"resource_uri": "/api/annotation/7/"}]}, 404),
        ({"objects": [], "deleted_objects": ["/api/annotation/7/"]}, 404),
    ],
)  # fmt: skip
def test_a_patch_of_a_list_that_cannot_be_is_refused(server, ask, body, status):
    reply = ask(server, "/api/annotation/", method="PATCH", body=body)
    assert reply.status == status


def test_a_range_needs_name_user_start_and_end(small, ask, short):
    server = small()
    reply = ask(server, "/api/range/", method="POST", body={"name": "bike"})
    assert reply.status == 400
    assert set(reply.json()["error"]) == {"user", "start", "end"}
    whole = {
        "name": "bike",
        "user": 20001,
        "start": short.start,
        "end": short.start + 9,
    }
    whole["context"] = {"trainingroutine": "/api/trainingroutine/1/"}
    made = ask(server, "/api/range/", method="POST", body=whole).json()
    assert made["context"]["activitytype"] == "/api/activitytype/1/"
    assert made["status"] == "complete"
    far = whole | {"start": 1, "end": 2}
    assert (
        ask(server, "/api/range/", method="POST", body=far).json()["status"] == "empty"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", 20004),
        ("user", "x"),
        ("start", "now"),
        ("datatype", 3),
        ("record", "?"),
    ],
)
def test_an_annotation_with_an_impossible_value_is_refused(server, ask, field, value):
    new = {"annotation": "", "datatype": 4096, "start": 1, "user": 20001, field: value}
    reply = ask(server, "/api/annotation/", method="POST", body=new)
    assert reply.status == 400
    assert list(reply.json()["error"]) == [field]


def test_a_body_that_is_no_json_is_refused(server, ask):
    reply = ask(server, "/api/annotation/", method="POST", body=b"{")
    assert reply.status == 400


def test_what_the_simulator_does_not_do_is_said_with_501(server, ask):
    for method, path in (
        ("POST", "createuser/"), ("PATCH", "track/"), ("PUT", "profile/19950/"),
        ("DELETE", "record/300001/"),
    ):  # fmt: skip
        reply = ask(server, f"/api/{path}", method=method, body={"email": "x"})
        assert reply.status == 501
        assert "error_message" in reply.json()


def test_a_record_that_changes_tells_it(small, ask, short):
    server = small()
    path = f"/api/record/{short.record_id}/"
    server.world.change_record(
        short.record_id, status="processing", last_modified="2025-01-01T00:00:00+00:00"
    )
    body = ask(server, path).json()
    assert (body["status"], body["last_modified"][:4]) == ("processing", "2025")
    assert ask(server, "/api/range/").objects[0]["status"] == "processing"
