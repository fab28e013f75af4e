"""Records that grow in made time, what users write, files of activities."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server import Growth, ServerFault, Switches, serve
from hexoframe.simulator.shirt import Shirt

pytest.importorskip("flask", reason="the simulated service needs Flask")

MINUTE = Shirt(seed=1, duration_s=60, record_id=41, presses=(20,), track=True)
TCX = "application/vnd.garmin.tcx+xml"
SPACE = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"


class MadeTime:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def made():
    return MadeTime()


@pytest.fixture
def growing(made):
    """A maker of servers with one growing record."""
    opened = []

    def make(switches=None, **how):
        context = serve(
            recordings=[MINUTE],
            growing=[Growth(record=41, clock=made, **how)],
            switches=Switches(**(switches or {})),
            clock=made,
        )
        opened.append(context)
        return context.__enter__()

    yield make
    for context in opened:
        context.__exit__(None, None, None)


def samples(server, ask, *numbers):
    query = f"record=41&datatype={','.join(map(str, numbers))}"
    answer = ask(server, f"/api/data/?{query}").json()
    return answer[0]["data"] if answer else {}


# -- a record that grows ---------------------------------------------------------------


def test_samples_come_five_seconds_at_a_time_and_a_little_later(growing, made, ask):
    server = growing(delay_s=8)
    counts = []
    for made.now in (0, 12.9, 13, 17.9, 18, 67, 68):
        counts.append(len(samples(server, ask, 19).get("19", [])))
    assert counts == [0, 0, 5, 5, 10, 55, 60]


def test_waveforms_and_states_come_when_the_record_is_complete(growing, made, ask):
    server = growing(stale_s=0, late_s=0, processing_s=10)
    made.now = 60
    assert samples(server, ask, 4113, 269, 19).keys() == {"19"}
    made.now = 70
    assert ask(server, "/api/record/41/").json()["status"] == "processing"
    assert samples(server, ask, 4113, 19) == {}
    made.now = 78
    assert ask(server, "/api/record/41/").json()["status"] == "complete"
    assert len(samples(server, ask, 4113)["4113"]) == 60 * 256


def test_a_status_goes_stale_for_ever_if_a_phone_stops(growing, made, ask):
    server = growing(stale_s=float("inf"))
    made.now = 1e6
    assert ask(server, "/api/record/41/").json()["status"] == "realtime"
    assert len(samples(server, ask, 19)["19"]) == 60


def test_the_end_follows_the_uploads_or_stays_open(growing, made, ask):
    server = growing(delay_s=8)
    made.now = 31
    record = ask(server, "/api/record/41/").json()
    assert record["end"] == record["start"] + 20 * 256
    other = growing(open_end=True)
    assert ask(other, "/api/record/41/").json()["end"] is None


def test_activities_and_button_presses_are_there_at_the_end(growing, made, ask):
    server = growing()
    for path in ("range", "annotation", "track"):
        assert ask(server, f"/api/{path}/").objects == []
    made.now = 1000
    for path in ("range", "annotation", "track"):
        assert ask(server, f"/api/{path}/").objects


def test_a_tenth_of_the_samples_comes_late_and_a_tenth_twice(growing, made, ask):
    server = growing(late=0.1, doubled=0.1, late_s=10, stale_s=1e6)
    made.now = 68
    ticks = [tick for tick, _ in samples(server, ask, 4145, 19, 36, 49)["19"]]
    assert 0 < len(ticks) - len(set(ticks)) < 20
    assert 40 <= len(set(ticks)) < 60
    assert ticks == sorted(ticks)
    made.now = 78
    assert len({tick for tick, _ in samples(server, ask, 19)["19"]}) == 60


def test_a_minute_of_the_record_passes_in_a_second_with_speed(growing, made, ask):
    server = growing(speed=60)
    made.now = 1
    assert len(samples(server, ask, 19)["19"]) == 50


@pytest.mark.parametrize(
    "how",
    [{"late": 1}, {"doubled": -0.1}, {"delay_s": -1}, {"speed": 0}, {"stale_s": -1}],
)
def test_impossible_growth_is_refused(how):
    with pytest.raises(ConfigurationError, match=next(iter(how))):
        Growth(record=41, **how)


def test_a_record_that_is_not_there_cannot_grow():
    with (
        pytest.raises(ConfigurationError, match="record 42 cannot grow"),
        serve(recordings=[MINUTE], growing=[Growth(record=42)]),
    ):
        pass


def test_the_command_can_have_a_record_that_begins_now(ask):
    from hexoframe.simulator.server import _live

    before = time.time()
    with serve(**_live(True, ())) as server:
        record = ask(server, "/api/record/300099/").json()
        assert record["status"] == "realtime"
        assert 0 <= record["start"] / 256 - int(before) <= time.time() - before + 1
        assert ask(server, "/api/record/").json()["meta"]["total_count"] == 5


# -- what users write ------------------------------------------------------------------


NEW = {"name": "x", "user": 20001, "start": 437587200000, "end": 437587205000}


def test_a_range_that_ends_before_it_starts_is_refused(server, ask):
    body = NEW | {"end": NEW["start"] - 1}
    reply = ask(server, "/api/range/", method="POST", body=body)
    assert reply.status == 400
    assert "before the start" in reply.json()["error"]["end"][0]
    made = ask(server, "/api/range/", method="POST", body=NEW).json()
    path = f"/api/range/{made['id']}/"
    change = {"end": NEW["start"] - 1}
    assert ask(server, path, method="PATCH", body=change).status == 400
    assert ask(server, path).json()["end"] == NEW["end"]
    assert ask(server, path, method="DELETE").status == 204


def test_a_float_start_is_refused_unless_a_switch_lets_it_in(small, ask):
    body = NEW | {"start": NEW["start"] + 0.75, "end": NEW["end"] + 0.75}
    assert ask(small(), "/api/range/", method="POST", body=body).status == 400
    reply = ask(small(float_starts=True), "/api/range/", method="POST", body=body)
    assert reply.status == 201
    assert (reply.json()["start"], reply.json()["end"]) == (NEW["start"], NEW["end"])


def test_a_datatype_has_an_id_beside_its_dataid_by_a_switch(small, ask):
    assert "id" not in ask(small(), "/api/datatype/19/").json()
    found = ask(small(datatype_id=True), "/api/datatype/?limit=0").objects
    assert all(one["id"] == one["dataid"] for one in found)


def test_the_newest_example_of_the_vendor_gets_all_its_answers(small, ask):
    """What it sends, in its order: crawl, lists, a range with float times, a delete."""
    server = small(datatype_id=True, float_starts=True)
    listed = ask(server, "/api/").json()
    crawled = {name for name in listed if not name.startswith(("import", "studym"))}
    assert all(ask(server, listed[name]["schema"]).status == 200 for name in crawled)
    user = ask(server, "/api/account/").objects[0]
    assert ask(server, "/api/record/").objects
    assert ask(server, "/api/user/").objects
    page = ask(server, "/api/datatype/").json()
    second = ask(server, page["meta"]["next"]).json()
    assert len(page["objects"] + second["objects"]) == 40
    assert len(ask(server, "/api/datatype/?limit=45").objects) == 45
    gone = ask(server, page["objects"][5]["resource_uri"], method="DELETE")
    assert gone.status == 405
    start = 1_764_432_000.123456 * 256
    new = {"name": "a", "start": start, "end": start + 5000}
    for named in (user["resource_uri"], user):
        reply = ask(server, "/api/range/", method="POST", body={**new, "user": named})
        assert reply.status == 201
        made = reply.json()
        place = made["resource_uri"]
        whole = ask(server, place, method="PUT", body={**made, "name": "b"})
        assert whole.json() == {**made, "name": "b"}
        part = ask(server, place, method="PATCH", body={"name": "c"})
        assert part.json()["name"] == "c"
        assert ask(server, place, method="DELETE").status == 204
        assert ask(server, place).status == 404
    numbers = []
    while True:
        numbers += [one["id"] for one in page["objects"]]
        if page["meta"]["next"] is None:
            break
        page = ask(server, page["meta"]["next"]).json()
    assert len(numbers) == page["meta"]["total_count"] == len(set(numbers))
    start = ask(server, "/api/record/41/").json()["start"]
    given = f"record=41&datatype__in=19,33&start={start}&end={start + 153600}"
    for form in ("json", "octet-stream", "x-edf"):
        reply = ask(server, f"/api/data/?{given}", Accept=f"application/{form}")
        assert reply.status == 200
    assert ask(server, f"/api/data/?{given}", Accept="text/csv").status == 200
    # The poller names neither a record nor a user.
    polled = f"datatype__in=19%2C33&start={start}&end={start + 153600}"
    (answer,) = ask(server, f"/api/data/?{polled}").json()
    assert answer["data"].keys() == {"19", "33"}


def test_csv_heads_the_ecg_as_counts(server, ask):
    start = ask(server, "/api/record/300001/").json()["start"]
    path = f"/api/data/?record=300001&datatype=4113,49&end={start + 300}"
    body = ask(server, path, Accept="text/csv").body.decode()
    head = body.splitlines()[0]
    assert "ECG_I [NA](/api/datatype/4113/)" in head
    assert "activity [g](/api/datatype/49/)" in head


def test_a_lost_answer_is_acted_on_and_an_unheard_request_is_not(server, ask):
    server.faults.add(
        ServerFault(kind="unheard", method="POST"),
        ServerFault(kind="drop", method="POST"),
    )
    before = server.world.ranges.keys()
    for more in (0, 1):
        with pytest.raises(ConnectionError):
            ask(server, "/api/range/", method="POST", body=NEW)
        assert len(server.world.ranges) == len(before) + more
    (number,) = server.world.ranges.keys() - before
    assert ask(server, f"/api/range/{number}/", method="DELETE").status == 204


# -- files of activities ---------------------------------------------------------------


def test_an_activity_comes_as_tcx_with_its_heart_rates_and_places(server, ask):
    span = next(r for r in ask(server, "/api/range/").objects if r["name"] == "Walk")
    reply = ask(server, span["resource_uri"], Accept=TCX)
    assert reply.headers["Content-Type"] == TCX
    top = ET.fromstring(reply.body)  # noqa: S314  # from our own server
    rates = [int(one.text) for one in top.iter(f"{SPACE}Value")]
    record = next(
        r for r in ask(server, "/api/record/").objects
        if r["start"] <= span["start"] < r["end"]
    )  # fmt: skip
    query = f"record={record['id']}&datatype=19&start={span['start'] + 1}"
    rows = ask(server, f"/api/data/?{query}&end={span['end']}").json()[0]["data"]["19"]
    assert np.array_equal(rates, [value for _, value in rows if value > 0])
    assert len(list(top.iter(f"{SPACE}Position"))) > 60


def test_an_uploaded_file_becomes_an_activity_after_a_while(growing, made, ask):
    server = growing(begun_s=1000, switches={"import_s": 4})
    span = ask(server, "/api/range/").objects[0]
    body = ask(server, span["resource_uri"], Accept=TCX).body
    reply = ask(server, "/api/import/", method="POST", body=body, Content_Type=TCX)
    assert (reply.status, reply.json()["progress"]) == (201, 0)
    place = reply.json()["resource_uri"]
    made.now += 1
    assert ask(server, place).json()["progress"] == 0.25
    made.now += 3
    (result,) = ask(server, place).json()["results"]
    assert ask(server, place).json()["results"] == [result]
    there = ask(server, result["resource_uri"]).json()
    assert there["name"] == "Imported"
    assert span["start"] <= there["start"] < there["end"] <= span["end"]
    other = server.credentials["coach.synthetic@example.org"].username
    assert ask(server, place, user=other).status == 404


def test_a_file_that_is_no_tcx_ends_with_an_error(growing, made, ask):
    server = growing()
    reply = ask(server, "/api/import/", method="POST", body=b"<a/>", Content_Type=TCX)
    made.now += 10
    (result,) = ask(server, reply.json()["resource_uri"]).json()["results"]
    assert result == {"error": "The file is no TCX: it has no point"}
    wrong = ask(server, "/api/import/", method="POST", body=b"{}")
    assert wrong.status == 400
    assert ask(server, "/api/import/").status == 405
    assert ask(server, "/api/import/99/").status == 404
