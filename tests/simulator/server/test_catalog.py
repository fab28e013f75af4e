"""Root, schemas and shapes: compared with what the real service answered."""

from __future__ import annotations

import json

import pytest

from hexoframe.simulator.server import serve
from hexoframe.simulator.server.catalog import resources
from hexoframe.simulator.shirt import Shirt

# The client of the vendor adds these itself; help texts are our own.
NOT_SERVED = {"name", "list_endpoint"}


def said(schema):
    """Return a schema without help texts, and with only the fact of a hidden one."""
    fields = {
        name: {**field, "help_text": field["help_text"] == "__nodoc__"}
        for name, field in schema["fields"].items()
    }
    return {k: v for k, v in schema.items() if k not in NOT_SERVED} | {"fields": fields}


def test_the_root_lists_77_resources_and_what_clients_skip(server, ask):
    listed = ask(server, "/api/", user="").json()
    skipped = {name for name in listed if name.startswith(("import", "studymember"))}
    assert len(skipped) == 3
    assert len(listed.keys() - skipped) == 77
    for name in ("import", "studymember"):
        assert ask(server, listed[name]["schema"]).status == 404
    assert listed["record"] == {
        "list_endpoint": "/api/record/",
        "schema": "/api/record/schema/",
    }
    old = ask(server, "/api/v1/", user="").json()
    assert old["record"]["list_endpoint"] == "/api/v1/record/"
    assert old.keys() == listed.keys()


def test_every_schema_is_that_of_the_real_service(server, ask, real_data):
    real = json.loads((real_data / "api" / "schema-3.3.json").read_text("utf-8"))
    assert real.keys() == resources().keys()
    for name, schema in real.items():
        served = ask(server, f"/api/{name}/schema/").json()
        assert said(served) == said(schema), name
        assert served.keys() == schema.keys() - NOT_SERVED


def test_a_schema_tells_types_methods_filters_and_order(server, ask):
    schema = ask(server, "/api/trackpoint/schema/").json()
    assert schema["allowed_list_http_methods"] == ["get", "post", "patch"]
    assert schema["default_limit"] == 20
    assert schema["filtering"]["track"] == 2
    assert schema["ordering"] == ["id", "track", "time"]
    assert schema["fields"]["track"]["type"] == "related"
    assert schema["fields"]["track"]["related_type"] == "to_one"
    assert schema["fields"]["altitude"]["default"] is None
    assert schema["fields"]["altitude"]["nullable"] is True


def test_an_unknown_resource_has_no_schema(server, ask):
    assert ask(server, "/api/import/schema/").status == 404


def test_every_list_that_may_be_read_answers_well_formed(server, ask):
    for name, resource in resources().items():
        if "get" not in resource.list_methods or name == "report":
            continue
        query = "?record=300002" if "max_values" in resource.fields else ""
        reply = ask(server, f"/api/{name}/{query}")
        assert reply.status == 200, name
        content = reply.json()
        if query:
            assert isinstance(content, list), name
            continue
        assert content.keys() == {"meta", "objects"}, name
        assert {"limit", "next", "offset", "previous", "total_count"} <= content[
            "meta"
        ].keys(), name
        for body in content["objects"]:
            assert not any(key.startswith("_") for key in body), name


# What an object has that the schema of 77 resources does not tell, and the other way.
MORE = {
    "range": {"activityattributes", "context"},
    "metric": {"title"},
    "account": set(),
}
LESS = {
    "metric": {"value"},
    "trackpoint": {"range", "record", "timestamp", "user"},
    "activitytype": {"using"},
    "trainingroutine": {"using"},
}


@pytest.mark.parametrize(
    "name",
    [
        "activityattribute", "activitytype", "annotation", "datatype", "device",
        "metric", "profile", "range", "record", "track", "trackpoint",
        "trainingroutine", "unit", "user",
    ],
)  # fmt: skip
def test_an_object_has_the_fields_of_its_schema(server, ask, name):
    listed = ask(server, f"/api/{name}/?limit=1").objects[0]
    body = ask(server, listed["resource_uri"]).json()
    wanted = set(resources()[name].fields) - LESS.get(name, set())
    assert set(body) == wanted | MORE.get(name, set())


# Fields of another type than the schema tells; real answers have them so too, but for
# the seconds of `duration`, which a newer page tells.
OTHERS = {
    ("profile", "fitness"): dict, ("profile", "unit_system"): str,
    ("range", "duration"): int, ("range", "ranges"): list,
    ("record", "data_status"): dict, ("trainingroutine", "metadata"): dict,
}  # fmt: skip
TYPES = {
    "boolean": bool, "date": str, "datetime": str, "float": (int, float),
    "geometry": list, "integer": int, "string": str, "to_one": (str, dict),
    "to_many": list, "list": list,
}  # fmt: skip


def has_its_type(name, field, value):
    """Return whether a value is as the schema tells; what it does not tell passes."""
    told = resources()[name].fields.get(field)
    if told is None:
        return True
    if value is None:
        return "null" in told.split()
    wanted = OTHERS.get((name, field), TYPES[resources()[name].type_of(field)])
    return isinstance(value, wanted) and (type(value) is bool) is (wanted is bool)


def test_the_values_of_objects_have_the_types_that_their_schema_tells(server, ask):
    coach = "coach.synthetic@example.org"
    values = [
        (name, field, value)
        for name, resource in resources().items()
        if "get" in resource.list_methods and not resource.is_data and name != "report"
        for body in ask(server, f"/api/{name}/?limit=30", user=coach).objects
        for field, value in body.items()
    ]
    assert len(values) > 1000
    assert [told for told in values if not has_its_type(*told)] == []


# --- the answers that the vendor's reference prints ---------------------------------


def alike(real, ours, where="answer"):
    """Compare key sets and types, lists element by element as far as both go.

    null goes with everything; where the real one has a whole number, so have we.
    """
    if real is None or ours is None:
        return
    if isinstance(real, dict):
        assert isinstance(ours, dict), where
        assert real.keys() == ours.keys(), where
        for key in real:
            alike(real[key], ours[key], f"{where}.{key}")
    elif isinstance(real, list):
        assert isinstance(ours, list), where
        for place, (one, other) in enumerate(zip(real, ours, strict=False)):
            alike(one, other, f"{where}[{place}]")
    elif isinstance(real, float):
        assert type(ours) in {int, float}, where
    else:
        assert type(real) is type(ours), where
    if isinstance(real, str) and real.startswith("/api/"):
        assert ours.split("/")[:4] == real.split("/")[:4], where


LATER = 1_709_420_000 * 256


@pytest.fixture(scope="module")
def old_server():
    """Serve a record of more than 65536 samples and one with sleep."""
    shirts = (
        Shirt(seed=3, duration_s=300, record_id=1, activity="walk", track=True),
        Shirt(seed=4, duration_s=300, record_id=2, activity="sleep", start=LATER),
    )
    with serve(recordings=shirts) as running:
        yield running


def real_answer(real_data, name):
    return json.loads((real_data / "api" / f"answer-{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("account", "account/"),
        ("data-19-33-record-37700", "data/?record=1&datatype=19,33"),
        ("data-4113-record-43419", "data/?record=1&datatype=4113"),
        ("tidalvolume-record-37700", "tidalvolume/?record=1"),
        ("datatype-list", "datatype/"),
        ("range-61495", "range/100/"),
        ("record-37700", "record/1/"),
        ("report-metrics-record-37700", "report/?include_metrics=1,45&record=1"),
        ("track-list", "track/"),
        ("trainingroutine-1", "trainingroutine/1/"),
    ],
)
def test_an_answer_of_the_old_form_has_the_keys_and_types_of_the_real_one(
    old_server, ask, real_data, name, path
):
    real = real_answer(real_data, name)
    ours = ask(old_server, f"/api/v1/{path}").json()
    if name.startswith(("data-", "tidal")):  # keys are ids, and they are the same
        assert real[0]["data"].keys() == ours[0]["data"].keys()
    alike(real, ours)


def test_the_record_list_has_the_keys_of_the_real_one(old_server, ask, real_data):
    real = real_answer(real_data, "record-list")
    ours = ask(old_server, "/api/v1/record/").json()
    for body in ours["objects"]:
        del body["last_modified"]  # the reference prints it with the detail alone
    alike(real, ours)


def test_a_datatype_has_the_keys_of_the_real_one(old_server, ask, real_data):
    real = real_answer(real_data, "datatype-208")
    real["hexo_freq"] = real.pop("freq")  # its name until 2014
    alike(real, ask(old_server, "/api/v1/datatype/208/").json())


def test_the_datatype_list_names_all_of_2015(old_server, ask, real_data):
    real = json.loads(
        (real_data / "api" / "datatype-list-2015.json").read_text("utf-8")
    )
    ours = ask(old_server, "/api/v1/datatype/?limit=1000").json()
    assert ours["meta"]["limit"] == 1000
    known = {body["dataid"]: body for body in ours["objects"]}
    for body in real["objects"]:
        served = known[body["dataid"]]
        assert served.keys() == body.keys()
        assert (served["name"], served["hexo_freq"]) == (
            body["name"],
            body["hexo_freq"],
        )


def test_a_made_annotation_has_the_keys_of_the_real_one(old_server, ask, real_data):
    real = real_answer(real_data, "annotation-post-201")
    new = {"annotation": "Hey", "datatype": 4096, "start": 123456, "user": 20001}
    made = ask(old_server, "/api/v1/annotation/", method="POST", body=new)
    assert made.status == 201
    alike(real, made.json())


def test_sleep_positions_have_the_form_of_the_real_ones(ask, real_data, small):
    real = real_answer(real_data, "sleepposition-range")
    sleep = Shirt(seed=4, duration_s=300, record_id=2, activity="sleep")
    server = small(sleep, float_stamps=False)
    ours = ask(server, "/api/v1/sleepposition/?range=200").json()
    first = ours[0]["data"]["270"][1]
    assert [type(x) for x in first] == [type(x) for x in real[0]["data"]["270"][0]]
    alike(real, ours)


def test_sleep_values_have_the_form_of_the_real_ones(old_server, ask, real_data):
    """Two nulls at the ends; then a second after the start the first position."""
    text = (real_data / "api" / "values-sleep-position.txt").read_text().split()
    real = [
        (int(tick), json.loads(value))
        for tick, value in (line.split(",") for line in text)
    ]
    ours = ask(old_server, "/api/sleepposition/?range=200").json()[0]["data"]["270"]
    for rows in (real, ours):
        assert rows[0][1] is rows[-1][1] is None
        assert rows[1][0] - rows[0][0] == 256
        assert all(isinstance(value, float) for _, value in rows[1:-1])
