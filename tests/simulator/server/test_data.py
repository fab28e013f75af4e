"""The data resource in JSON and CSV: values, windows, thinning, forms, switches."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import time

import numpy as np
import pytest

from hexoframe.simulator.server import Switches, default_shirts, serve
from hexoframe.simulator.server.catalog import ENDPOINTS
from hexoframe.simulator.server.signals import SyntheticSource
from hexoframe.simulator.shirt import Shirt, wear

CARLA = "coach.synthetic@example.org"


@pytest.fixture(scope="module")
def first():
    """What the first record of the default world holds, known without the server."""
    return wear(default_shirts()[0])


@pytest.fixture(scope="module")
def asleep():
    return wear(default_shirts()[2])


def data_of(ask, server, query, **more):
    """Return the lists of the only user in an answer."""
    reply = ask(server, f"/api/data/?{query}", **more)
    assert reply.status == 200, reply.body[:200]
    (one,) = reply.json()
    return one["data"]


def pairs(ticks, values):
    return [[int(t), v] for t, v in zip(ticks.tolist(), values, strict=True)]


# --- values -------------------------------------------------------------------------


def test_an_answer_has_one_object_a_user_and_a_list_a_datatype(server, ask, first):
    reply = ask(server, "/api/data/?record=300001&datatype=19,33")
    assert reply.headers["Content-Type"] == "application/json"
    (one,) = reply.json()
    assert list(one) == ["data", "user"]
    assert one["user"] == "/api/user/20001/"
    assert list(one["data"]) == ["19", "33"]
    heart = first.sampled["heart_rate"]
    stamps = [first.start + 256 * (n + 1) for n in range(1200)]
    assert one["data"]["19"] == [
        list(p) for p in zip(stamps, heart.tolist(), strict=True)
    ]


# id, channel, gain: what the documents say the JSON is scaled by.
SCALED = [
    (49, "activity", 1 / 256),
    (36, "minute_ventilation", 13.28),
    (37, "tidal_volume", 13.28),
    (4146, "acceleration_Y", 1 / 256),
    (4129, "respiration_thoracic", 1),
    (42, "energy_mifflin_keytel", 1),
    (271, "ANN", 1 / 4096),
]


@pytest.mark.parametrize(("number", "name", "gain"), SCALED)
def test_values_are_scaled_as_the_service_scales_them(
    server, ask, first, number, name, gain
):
    record = first.start
    window = f"record=300001&start={record}&end={record + 256 * 400}"
    data = data_of(ask, server, f"{window}&datatype={number}")[str(number)]
    counts = first.sampled[name][: len(data)].tolist()
    assert len(data) > 0
    assert [value for _, value in data] == [
        c * gain if gain != 1 else c for c in counts
    ]
    assert {type(value) for _, value in data} == {int if gain == 1 else float}


def test_intervals_come_in_seconds_and_counts_as_whole_numbers(server, ask, first):
    data = data_of(ask, server, "record=300001&datatype=18,318,34,1004")
    for key, name, per in (
        ("18", "RR_interval", 256), ("318", "NN_interval", 256),
        ("34", "inspiration", 1), ("1004", "RR_interval_quality", 1),
    ):  # fmt: skip
        ticks, values = first.events[name]
        assert [t for t, _ in data[key]] == ticks.tolist()
        assert [v for _, v in data[key]] == [v / per for v in values.tolist()]
    assert data["18"][0][1] == 0.0
    assert all(isinstance(v, float) for _, v in data["18"])
    assert all(isinstance(v, int) for _, v in data["34"])


def test_raw_ecg_is_counts_from_the_start_of_the_record(server, ask, first):
    window = f"start={first.start}&end={first.start + 255}"
    data = data_of(ask, server, f"record=300001&datatype=4113&{window}")["4113"]
    assert data == pairs(
        np.arange(first.start, first.start + 256), first.sampled["ECG_I"][:256].tolist()
    )


def test_adjusted_volumes_are_not_rounded_as_the_binary_is(server, ask):
    bert = wear(default_shirts()[4])
    data = data_of(ask, server, "record=300011&datatype=38,39", user=CARLA)
    for key, name, unit in (
        ("38", "minute_ventilation", 10), ("39", "tidal_volume", 1),
    ):  # fmt: skip
        wanted = bert.sampled[name] * 13.28 * 84 / 65
        found = np.array([value for _, value in data[key]])
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        floored = bert.sampled[f"{name}_adjusted"]
        # Cut off in the binary, but for the last bit of a float at a whole number.
        np.testing.assert_array_equal(np.floor(found / unit + 1e-9), floored)
        assert (found % unit > 0.01).any()


def test_battery_and_qrs_come_though_no_export_has_them(server, ask, first):
    data = data_of(ask, server, "record=300001&datatype=22,247")
    for key, name in (("22", "QRS_AMP_CHANNEL_CHAR"), ("247", "BATT_ST_CHANNEL_CHAR")):
        ticks, values = first.events[name]
        assert data[key] == pairs(ticks, [int(v) for v in values])


# --- sleep --------------------------------------------------------------------------


def test_sleep_channels_come_as_floats_with_null_at_the_ends_of_each_range(
    server, ask, asleep
):
    data = data_of(ask, server, "record=300003&datatype=269,270,280")
    (span,) = asleep.ranges
    for key, name in (
        ("269", "device_position"), ("270", "sleep_position"), ("280", "sleep_phase"),
    ):  # fmt: skip
        rows = data[key]
        assert rows[0] == [span.start, None]
        assert rows[-1] == [span.end, None]
        assert all(isinstance(t, float) for t, _ in rows)
        assert all(isinstance(v, float) for _, v in rows[1:-1])
        known = {
            t: v for t, v in zip(*asleep.events[name], strict=True) if not math.isnan(v)
        }
        assert {int(t): v for t, v in rows[1:-1]} == known


def test_outside_sleep_and_rest_there_are_no_positions_as_json(server, ask):
    reply = ask(server, "/api/data/?record=300004&datatype=269,270,280")
    assert reply.json() == []
    rest = data_of(ask, server, "record=300002&datatype=270,280")
    assert list(rest) == ["270"]  # a rest has positions, and no phases


def test_a_record_with_one_sleep_gives_positions_of_that_part_alone(server, ask, first):
    rows = data_of(ask, server, "record=300001&datatype=270")["270"]
    span = next(r for r in first.ranges if r.name == "Sleep")
    assert (rows[0][0], rows[-1][0]) == (span.start, span.end)
    assert span.end < first.end


def test_stamps_of_sleep_channels_are_whole_where_the_switch_says_so(small, ask):
    sleep = Shirt(seed=4, duration_s=300, record_id=2, activity="sleep")
    rows = data_of(ask, small(sleep, float_stamps=False), "record=2&datatype=270")[
        "270"
    ]
    assert all(isinstance(tick, int) for tick, _ in rows)
    assert all(isinstance(value, int) for _, value in rows[1:-1])


# --- windows ------------------------------------------------------------------------


def test_start_belongs_to_the_answer_and_end_by_a_switch(small, ask, short):
    start = short.start + 256 * 10
    query = f"record=41&datatype=19&start={start}&end={start + 256 * 5}"
    for inclusive, count in ((True, 6), (False, 5)):
        rows = data_of(ask, small(end_inclusive=inclusive), query)["19"]
        assert rows[0][0] == start
        assert len(rows) == count
        assert rows[-1][0] == start + 256 * (count - 1)


@pytest.mark.parametrize(
    "who", ["20001", "/api/user/20001/", "anna.synthetic@example.org"]
)
def test_a_user_and_a_time_name_the_same_data_as_the_record(server, ask, first, who):
    span = f"start={first.start}&end={first.end}"
    one = data_of(ask, server, f"user={who}&{span}&datatype=19")
    assert one == data_of(ask, server, "record=300001&datatype=19")


def test_a_range_gives_the_data_of_its_time(server, ask, first):
    span = next(r for r in first.ranges if r.name == "Walk")
    rows = data_of(ask, server, f"range={span.id}&datatype=52")["52"]
    ticks = first.events["step"][0]
    inside = ticks[(ticks >= span.start) & (ticks <= span.end)]
    assert [t for t, _ in rows] == inside.tolist()


def test_a_time_over_two_records_joins_them(server, ask):
    one, two = (ask(server, f"/api/record/30000{n}/").json() for n in (1, 2))
    query = f"user=20001&datatype=19&start={one['start']}&end={two['end']}"
    rows = data_of(ask, server, query)["19"]
    assert len(rows) == 1200 + 600
    assert rows[1199][0] == one["end"]
    assert rows[1200][0] == two["start"] + 256


def test_a_start_alone_brings_all_that_came_since(server, ask):
    """Who watches a record asks like this, again and again."""
    record = ask(server, "/api/record/300004/").json()
    late = record["end"] - 256 * 30
    for query in (
        f"start={late}",
        f"user=20001&start={late}",
        f"timestamp__gte={late}",
    ):
        rows = data_of(ask, server, f"{query}&datatype=19")["19"]
        assert [tick for tick, _ in rows] == list(range(late, record["end"] + 1, 256))


def test_all_filters_hold_at_once(server, ask, first):
    half = first.start + 256 * 600
    both = data_of(ask, server, f"record=300001&datatype=19&timestamp__gt={half}")["19"]
    assert both[0][0] == half + 256
    between = f"record=300001&datatype=19&timestamp__range={half},{half + 512}"
    assert len(data_of(ask, server, between)["19"]) == 3
    below = (
        f"record=300001&datatype=19&timestamp__lt={half}&timestamp__gte={half - 512}"
    )
    assert len(data_of(ask, server, below)["19"]) == 2
    # Two records have no moment in common.
    assert ask(server, "/api/data/?record=300001,300002&datatype=19").json() == []


@pytest.mark.parametrize(
    "query",
    [
        "record=300031&datatype=19", "record=999&datatype=19", "user=20004&datatype=19",
        "range=5&datatype=19", "record=300001&datatype=19&start=1&end=2",
        "record=300001&datatype=66", "record=300001&datatype=424242", "hrvhfnorm",
    ],
)  # fmt: skip
def test_nothing_is_an_empty_list_with_status_200(server, ask, query):
    path = f"/api/data/?{query}" if "=" in query else f"/api/{query}/?record=300001"
    reply = ask(server, path)
    assert (reply.status, reply.body) == (200, b"[]")


def test_no_datatype_means_all(server, ask):
    found = set(data_of(ask, server, "record=300002"))
    assert {"19", "33", "4113", "4129", "18", "270", "247"} <= found


@pytest.mark.parametrize(
    "query", ["datatype=ecg", "record=x", "start=now", "timestamp__range=1", "user=",
              "record__near=5", "max_values=many", "timestamp=5"],
)  # fmt: skip
def test_a_value_that_is_none_gives_400(server, ask, query):
    reply = ask(server, f"/api/data/?{query}")
    assert reply.status == 400
    assert list(reply.json()) == ["error"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("datatype=19,33", ["19", "33"]), ("datatype__in=33,19", ["33", "19"]),
        ("datatype=/api/datatype/19/", ["19"]),
        ("datatype__range=33,36", ["33", "34", "35", "36"]),
    ],
)  # fmt: skip
def test_datatypes_are_named_in_several_ways(server, ask, query, wanted):
    found = data_of(ask, server, f"record=300001&{query}")
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("endpoint", sorted(set(ENDPOINTS) - {"data", "datafile"}))
def test_an_endpoint_presets_its_datatypes(server, ask, endpoint):
    numbers = ENDPOINTS[endpoint]
    path = f"/api/{endpoint}/?record=300003"
    if len(numbers) == 1:
        list_ = ",".join(map(str, numbers))
        wanted = ask(server, f"/api/data/?record=300003&datatype={list_}").json()
        assert ask(server, path).json() == wanted
    else:
        reply = ask(server, path).json()
        assert {k for one in reply for k in one["data"]} <= set(map(str, numbers))


def test_datafile_also_names_the_records(server, ask):
    (one,) = ask(server, "/api/datafile/?record=300002&datatype=19").json()
    (record,) = one["record"]
    assert record["resource_uri"] == "/api/record/300002/"
    assert record["end"] - record["start"] == 600 * 256
    assert len(one["data"]["19"]) == 600


def test_the_old_form_of_the_path_is_in_the_answer(server, ask):
    (one,) = ask(server, "/api/v1/data/?record=300002&datatype=19").json()
    assert one["user"] == "/api/v1/user/20001/"


# --- thinning -----------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "step"), [(256, 1), (257, 2), (512, 2), (513, 3)])
def test_more_than_65536_values_are_thinned_to_every_nth(small, ask, seconds, step):
    shirt = Shirt(seed=1, duration_s=seconds, record_id=5)
    rows = data_of(ask, small(shirt), "record=5&datatype=4113")["4113"]
    worn = wear(shirt)
    ecg = worn.sampled["ECG_I"]
    assert step == math.ceil(len(ecg) / 65536)
    assert rows == pairs(np.arange(worn.start, worn.end, step), ecg[::step].tolist())


def test_the_step_counts_what_is_in_the_window(small, ask):
    shirt = Shirt(seed=1, duration_s=600, record_id=5)
    window = f"start={shirt.start}&end={shirt.start + 65_535}"
    rows = data_of(ask, small(shirt), f"record=5&datatype=4113&{window}")["4113"]
    assert len(rows) == 65_536
    late = f"start={shirt.start}&end={shirt.start + 65_536}"
    rows = data_of(ask, small(shirt), f"record=5&datatype=4113&{late}")["4113"]
    assert rows[1][0] - rows[0][0] == 2


def test_the_bound_is_a_switch_and_max_values_lowers_it(small, ask, short):
    server = small(max_values=100)
    rows = data_of(ask, server, "record=41&datatype=19,18")
    assert len(rows["19"]) == math.ceil(420 / 5)
    assert rows["19"][1][0] - rows["19"][0][0] == 5 * 256
    beats = wear(short).events["RR_interval"][0]
    step = math.ceil(len(beats) / 100)
    assert [t for t, _ in rows["18"]] == beats[::step].tolist()
    assert len(data_of(ask, server, "record=41&datatype=19&max_values=10")["19"]) == 10
    many = data_of(ask, server, "record=41&datatype=19&max_values=9999")["19"]
    assert len(many) == 84


def test_the_bound_holds_for_each_record(small, ask):
    shirts = (
        Shirt(record_id=1, duration_s=100),
        Shirt(record_id=2, duration_s=100, start=1_709_331_000 * 256),
    )
    server = small(*shirts, max_values=100)
    span = f"start={shirts[0].start}&end={shirts[1].start + 25_600}"
    assert len(data_of(ask, server, f"user=20001&datatype=19&{span}")["19"]) == 200


# --- forms --------------------------------------------------------------------------


def test_flat_and_no_timestamps_take_the_shape_off(server, ask):
    query = "/api/data/?record=300002&datatype=19,33"
    shaped = ask(server, query).json()[0]["data"]
    flat = ask(server, f"{query}&flat=1").json()
    assert flat == shaped["19"] + shaped["33"]
    bare = ask(server, f"{query}&no_timestamps=1").json()[0]["data"]
    assert bare == {key: [v for _, v in rows] for key, rows in shaped.items()}
    both = ask(server, f"{query}&flat=True&no_timestamps=exact").json()
    assert both == bare["19"] + bare["33"]
    assert ask(server, "/api/data/?record=1&flat=1").json() == []


def test_seconds_instead_of_ticks(server, ask):
    query = "/api/data/?record=300002&datatype=19"
    ticks = ask(server, query).json()[0]["data"]["19"]
    told = ask(server, f"{query}&seconds=1").json()[0]["data"]["19"]
    assert told == [[t / 256, v] for t, v in ticks]


def test_a_datatype_without_samples_is_absent_or_empty(small, ask):
    query = "record=41&datatype=19,66,4114"
    assert list(data_of(ask, small(), query)) == ["19"]
    server = small(empty_channels="empty")
    found = data_of(ask, server, query)
    assert (found["66"], found["4114"]) == ([], [])
    assert ask(server, "/api/data/?record=41&datatype=66").json() == []


def test_a_record_that_is_not_synced_has_no_data(small, ask):
    for switch, wanted in (("nothing", []), ("empty_object", [{}])):
        server = small(unsynced=switch)
        server.world.change_record(41, status="syncing")
        assert ask(server, "/api/data/?record=41&datatype=19").json() == wanted


def test_a_live_record_has_everything_but_waveforms(small, ask):
    server = small()
    server.world.change_record(41, status="realtime")
    assert list(data_of(ask, server, "record=41&datatype=19,18,4113,4129")) == [
        "19",
        "18",
    ]


def test_a_changed_record_is_not_answered_from_what_was_kept(small, ask):
    server = small()
    before = ask(server, "/api/data/?record=41&datatype=19")
    other = Shirt(seed=99, duration_s=420, record_id=41)
    server.world.change_record(41, source=SyntheticSource(other))
    after = ask(server, "/api/data/?record=41&datatype=19")
    assert before.body != after.body
    assert "X-HexoCache" not in after.headers


# --- CSV ----------------------------------------------------------------------------


def table_of(ask, server, query, **more):
    reply = ask(server, f"/api/data/?{query}", Accept="text/csv", **more)
    assert reply.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(reply.body.decode("ascii"))))


def test_csv_is_a_table_with_a_column_a_datatype(server, ask):
    query = "record=300001&datatype=19,36,18"
    head, *rows = table_of(ask, server, query)
    assert head == [
        "time [s/256]",
        "heart_rate [bpm](/api/datatype/19/)",
        "minute_ventilation [mL/min](/api/datatype/36/)",
        "RR_interval [s](/api/datatype/18/)",
    ]
    data = data_of(ask, server, query)
    for column, key in ((1, "19"), (2, "36"), (3, "18")):
        found = [[int(row[0]), json.loads(row[column])] for row in rows if row[column]]
        assert found == data[key]
    assert [int(row[0]) for row in rows] == sorted({int(row[0]) for row in rows})


def test_several_users_are_told_apart(small, ask):
    twins = (Shirt(record_id=1, duration_s=20), Shirt(record_id=2, user_id=7, seed=3))
    server = small(*twins)
    query = "record=1,2&datatype=19"
    answer = ask(server, f"/api/data/?{query}").json()
    assert [one["user"] for one in answer] == ["/api/user/7/", "/api/user/20001/"]
    # They are worn at the same time, and what they have in common is 20 s.
    assert [len(one["data"]["19"]) for one in answer] == [20, 20]
    head, *rows = table_of(ask, server, query)
    assert head[:2] == ["user", "time [s/256]"]
    assert [row[0] for row in rows] == ["/api/user/7/"] * 20 + ["/api/user/20001/"] * 20


def test_csv_may_be_headed_by_uris(small, ask):
    head, *_ = table_of(ask, small(csv_header="uri"), "record=41&datatype=33,19")
    assert head == ["timestamp", "/api/datatype/33/", "/api/datatype/19/"]


def test_csv_is_thinned_like_json(small, ask):
    _, *rows = table_of(ask, small(max_values=100), "record=41&datatype=19")
    assert len(rows) == 84


@pytest.mark.parametrize(
    "path", ["data/?record=300001", "record/300001/", "record/", "range/"]
)
def test_forms_of_activities_are_refused_but_for_tcx_of_one(server, ask, path):
    tcx, fit = "application/vnd.garmin.tcx+xml", "application/vnd.ant.fit"
    assert ask(server, f"/api/{path}", Accept=fit).status == 501
    status = 200 if path == "record/300001/" else 501
    assert ask(server, f"/api/{path}", Accept=tcx).status == status
    assert ask(server, "/api/user/", Accept="application/vnd.ant.fit").status == 200


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "application/json"), ("application/*", "application/json"),
        ("image/png", "application/json"), ("", "application/json"),
        ("text/csv", "text/csv"), ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/csv, application/json", "text/csv"),
        ("text/csv;q=0.1, application/json;q=0.9", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("application/octet-stream, */*;q=0.1", "application/octet-stream"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv;q=much, application/json;q=0.1", "application/json"),
    ],
)  # fmt: skip
def test_the_form_is_what_the_accept_header_likes_best(server, ask, accept, form):
    reply = ask(server, "/api/data/?record=300002&datatype=19", Accept=accept)
    assert reply.headers["Content-Type"].partition(";")[0] == form


# --- compression and what is kept ---------------------------------------------------


def test_an_answer_is_compressed_for_who_accepts_it(server, ask):
    path = "/api/data/?record=300004&datatype=19"
    plain = ask(server, path)
    small_one = ask(server, path, Accept_Encoding="gzip, deflate")
    assert "Content-Encoding" not in plain.headers
    assert small_one.headers["Content-Encoding"] == "gzip"
    assert small_one.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small_one.body) == plain.body
    assert len(small_one.body) < len(plain.body) / 4


@pytest.mark.parametrize("encodings", ["gzip;q=0", "identity", "br", ""])
def test_an_answer_is_not_compressed_for_who_does_not_accept_it(server, ask, encodings):
    path = "/api/data/?record=300004&datatype=19"
    reply = ask(server, path, Accept_Encoding=encodings)
    assert "Content-Encoding" not in reply.headers


def test_compression_is_a_switch(small, ask):
    reply = ask(small(gzip=False), "/api/data/?record=41", Accept_Encoding="gzip")
    assert "Content-Encoding" not in reply.headers


def test_a_second_answer_comes_from_what_was_kept_and_says_so(small, ask):
    server = small()
    before = int(time.time())
    once, twice = (ask(server, "/api/data/?record=41&datatype=19") for _ in range(2))
    assert "X-HexoCache" not in once.headers
    assert before <= int(twice.headers["X-HexoCache"]) <= time.time()
    assert once.body == twice.body


def test_answers_are_rendered_beforehand(small, ask):
    server = small()
    path = "/api/data/?record=41&datatype=19%2C4113"
    size = server.prepare([path])
    reply = ask(server, path, Accept_Encoding="gzip")
    assert "X-HexoCache" in reply.headers
    assert len(reply.body) == size
    assert server.log[-1].bytes == size
    other = ask(server, path, Accept_Encoding="gzip", user=CARLA)
    assert "X-HexoCache" not in other.headers


def test_an_export_is_rendered_beforehand_whether_gzip_is_accepted_or_not(small, ask):
    server = small()
    zip_form = "application/octet-stream"
    size = server.prepare(["/api/data/?record=41"], accept=zip_form, gzip=False)
    for encoding in ("identity", "gzip"):
        path = "/api/data/?record=41"
        reply = ask(server, path, Accept=zip_form, Accept_Encoding=encoding)
        assert "X-HexoCache" in reply.headers
        assert "Content-Encoding" not in reply.headers
        assert len(reply.body) == size


def test_no_more_is_kept_than_the_switch_allows(small, ask):
    server = small(cache_mb=0)
    for _ in range(2):
        reply = ask(server, "/api/data/?record=41&datatype=19")
        assert "X-HexoCache" not in reply.headers


# --- the other host -----------------------------------------------------------------


def test_a_clock_of_1000_ticks_has_its_own_rates_and_units(ask):
    shirt = Shirt(seed=5, family="astroskin_1000", duration_s=60, record_id=9)
    worn = wear(shirt)
    with serve(recordings=[shirt], switches=Switches()) as server:
        data = data_of(ask, server, "record=9&datatype=4113,64,4129,19,36,33,18")
        start = worn.start
        assert start == 1_709_330_400_000
        for key, step, count in (
            ("4113", 4, 15000),
            ("4129", 8, 7500),
            ("19", 1000, 60),
        ):
            ticks = [t for t, _ in data[key]]
            late = 1 if step == 1000 else 0
            assert ticks == [start + step * (n + late) for n in range(count)]
        ppg = [t for t, _ in data["64"]]
        assert ppg == [start + round(n * 40 / 3) for n in range(4500)]
        assert [v for _, v in data["36"]] == worn.sampled["minute_ventilation"].tolist()
        np.testing.assert_allclose(
            [v for _, v in data["33"]], worn.sampled["breathing_rate"] / 10
        )
        np.testing.assert_allclose(
            [v for _, v in data["18"]], worn.events["RR_interval"][1] / 1000
        )
        head, *_ = table_of(ask, server, "record=9&datatype=19")
        assert head[0] == "time [s/1000]"
        body = ask(server, "/api/datatype/4113/").json()
        assert body["hexo_freq"] == 4
        assert (
            ask(server, "/api/record/9/").json()["start_date"].startswith("2024-03-01")
        )
