"""What users write: checked first, made once, refused with the way out."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from hexoframe.api.auth.schemes import Bearer, Grant, Secret, Token
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    HexoframeWarning,
    NotFoundError,
    RequestError,
    ResponseError,
    ServerError,
    TimestampError,
    UnreachableError,
)
from hexoframe.simulator.server import ServerFault, Switches, serve
from hexoframe.simulator.shirt import Shirt

pytest.importorskip("flask", reason="the simulated service needs Flask")

START = "2024-05-01T10:00:00Z"
END = "2024-05-01T10:30:00Z"
TICK = 1_714_557_600 * 256


@pytest.fixture(scope="module")
def running(worn):
    shirt = Shirt(seed=7, duration_s=60, record_id=41)
    with serve(recordings=[worn(shirt)], switches=Switches()) as server:
        yield server


@pytest.fixture
def server(running, cleared):
    server = cleared(running)
    before = {"range": server.world.ranges, "annotation": server.world.annotations}
    yield server
    for kind, there in before.items():
        for number in list(getattr(server.world, f"{kind}s")):
            if number not in there:
                server.world.delete(kind, number)


@pytest.fixture
def client(server, client_of):
    return client_of(server)


def made_in(server):
    """Name and span of all ranges that were written."""
    return sorted(
        (span.name, span.start, span.end)
        for span in server.world.ranges.values()
        if span.start >= TICK
    )


def written(server):
    return [entry for entry in server.log if entry.method != "GET"]


def table(count, **more):
    first = pd.Timestamp(START)
    return pd.DataFrame(
        {
            "name": [f"trial {n}" for n in range(count)],
            "start": [first + n * pd.Timedelta("1min") for n in range(count)],
            "end": [first + n * pd.Timedelta("1min 30s") + pd.Timedelta("1s")
                    for n in range(1, count + 1)],
            **more,
        }
    )  # fmt: skip


# -- one object ------------------------------------------------------------------------


def test_a_range_is_made_changed_and_deleted(client):
    made = client.create_range("Walk", START, END, note=" slow ", trainingroutine=6)
    assert (made["name"], made["note"]) == ("Walk", "slow")
    assert (made["start"], made["end"]) == (TICK, TICK + 1800 * 256)
    assert made["context"]["trainingroutine"] == "/api/trainingroutine/6/"
    assert made["user"] == "/api/user/20001/"
    changed = client.update_range(made["id"], name="Run", end=TICK + 256)
    differs = {name for name in made if made[name] != changed[name]}
    assert differs == {"name", "end", "duration", "created", "metrics"}
    assert (changed["name"], changed["end"]) == ("Run", TICK + 256)
    assert client.delete_range(made["id"]) == changed
    with pytest.raises(NotFoundError):
        client.update_range(made["id"], name="x")


def test_an_annotation_is_made_changed_and_deleted(client):
    made = client.create_annotation("dizzy", START, record=41)
    assert (made["annotation"], made["start"]) == ("dizzy", TICK)
    assert made["datatype"] == "/api/datatype/4098/"
    assert made["record"] == "/api/record/41/"
    changed = client.update_annotation(made["id"], annotation="fine", datatype="stop")
    assert (changed["annotation"], changed["datatype"]) == (
        "fine",
        "/api/datatype/4097/",
    )
    assert client.delete_annotation(made["id"]) == changed
    assert client.list_annotations(start=START).empty


def test_a_change_sends_only_what_differs(server, client):
    made = client.create_range("Walk", START, END)
    server.clear_log()
    assert client.update_range(made["id"], name="Walk", start=TICK) == made
    assert written(server) == []
    client.update_range(made["id"], note="x")
    assert len(written(server)) == 1
    assert server.world.ranges[made["id"]].name == "Walk"


def test_times_are_rounded_so_that_they_lie_in_the_range(client):
    made = client.create_range(
        "x", "2024-05-01T10:00:00.001Z", "2024-05-01T10:00:01.001Z"
    )
    assert (made["start"], made["end"]) == (TICK, TICK + 257)
    mark = client.create_annotation("x", "2024-05-01T10:00:00.0039Z")
    assert mark["start"] == TICK


def test_a_dry_run_sends_nothing(server, client):
    content = client.create_range("Walk", START, END, dry_run=True)
    assert content == {
        "name": "Walk",
        "note": "",
        "start": TICK,
        "end": TICK + 1800 * 256,
        "user": "/api/user/20001/",
    }
    made = client.create_range("Walk", START, END)
    assert client.create_range("Walk", START, END, dry_run=True)["id"] == made["id"]
    assert client.update_range(made["id"], name="x", dry_run=True)["name"] == "x"
    assert client.delete_range(made["id"], dry_run=True)["id"] == made["id"]
    mark = client.create_annotation("a", START, dry_run=True)
    assert "id" not in mark
    assert [entry.method for entry in written(server)] == ["POST"]


def test_an_equal_object_is_returned_and_not_made_again(server, client):
    first = client.create_range("Walk", START, END)
    assert client.create_range("Walk ", TICK, END)["id"] == first["id"]
    other = client.create_range("Walk", START, END, note="other")
    assert other["id"] != first["id"]
    mark = client.create_annotation("a", START)
    assert client.create_annotation("a", START) == mark
    assert client.create_annotation("a", START, datatype="start") != mark
    assert len(written(server)) == 4


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"name": ""}, ConfigurationError, "name of the range is empty"),
        ({"name": 5}, ConfigurationError, "is a int: give a text"),
        ({"name": None}, ConfigurationError, "a new range needs name"),
        ({"start": "2024-05-01 10:00"}, TimestampError, "start of the range"),
        ({"start": "90s"}, TimestampError, "start of the range.*here is none"),
        ({"end": START}, TimestampError, "cannot end"),
        ({"end": 1}, TimestampError, "end of the range"),
        ({"trainingroutine": "sleep"}, ConfigurationError, "trainingroutine"),
        ({"trainingroutine": 1.5}, ConfigurationError, "give an id"),
        ({"user": -1}, ConfigurationError, "user of the range is -1"),
        ({"note": b"x"}, ConfigurationError, "note of the range"),
        ({"user": True}, ConfigurationError, "user of the range is True"),
        ({"name": "a\ud800"}, ConfigurationError, "half a character at place 1"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_sent(
    server, client, how, error, said
):
    given = {"name": "x", "start": START, "end": END} | how
    with pytest.raises(error, match=said):
        client.create_range(**given)
    assert written(server) == []


def test_a_change_that_would_end_a_range_before_it_starts_is_refused(server, client):
    made = client.create_range("x", START, END)
    server.clear_log()
    with pytest.raises(TimestampError, match="cannot end"):
        client.update_range(made["id"], end=TICK - 1)
    assert written(server) == []


def test_what_the_service_refuses_is_told_in_its_words(client):
    with pytest.raises(RequestError, match=r"status 400 .*no training routine"):
        client.create_range("x", START, END, trainingroutine=999)


def test_what_the_service_makes_otherwise_is_told(server, client, monkeypatch):
    put = server.world.put
    monkeypatch.setattr(
        server.world,
        "put",
        lambda kind, thing: put(kind, thing._replace(name=thing.name[:3])),
    )
    with pytest.warns(HexoframeWarning, match=r"another content .* name='lon'"):
        client.create_range("long name", START, END)


# -- tables ----------------------------------------------------------------------------


def test_a_table_is_made_row_by_row_after_one_look(server, client):
    frame = table(
        5, note=["a", "", None, "b", "c"], trainingroutine=[6, None, 1, 12, 6]
    )
    server.clear_log()
    done = client.create_ranges(frame)
    assert done["state"].tolist() == ["made"] * 5
    assert done["name"].tolist() == frame["name"].tolist()
    assert done["start"].tolist() == frame["start"].tolist()
    assert done["trainingroutine"].tolist() == [6, pd.NA, 1, 12, 6]
    assert done["id"].is_unique
    assert len(made_in(server)) == 5
    methods = [entry.method for entry in server.log]
    # The account, the clock, what is there, and one request a row.
    assert methods == [*["GET"] * 3, *["POST"] * 5]
    again = client.create_ranges(frame)
    assert again["state"].tolist() == ["there"] * 5
    assert again["id"].tolist() == done["id"].tolist()
    assert len(made_in(server)) == 5


def test_a_list_of_the_client_can_be_written_again(client):
    client.create_ranges(table(3))
    listed = client.list_ranges(start=START)
    for number in listed["id"]:
        client.delete_range(number)
    assert client.create_ranges(listed)["state"].tolist() == ["made"] * 3
    client.create_annotation("a", START)
    marks = client.list_annotations(start=START)
    assert client.create_annotations(marks)["state"].tolist() == ["there"]


def test_a_dry_run_of_a_table_shows_what_would_be_made(server, client):
    client.create_ranges(table(2))
    server.clear_log()
    shown = client.create_ranges(table(3), dry_run=True)
    assert shown["state"].tolist() == ["there", "there", "to make"]
    assert shown["id"].isna().tolist() == [False, False, True]
    assert written(server) == []


def test_an_index_that_is_a_column_too_is_left_out(client):
    frame = table(2)
    again = frame.set_index(pd.Index(frame["start"], name="start"))
    assert client.create_ranges(again)["state"].tolist() == ["made", "made"]


def test_an_empty_table_makes_nothing(client):
    assert client.create_ranges(table(0)).empty
    assert list(client.create_ranges(table(0))) == [
        "id", "name", "start", "end", "note", "trainingroutine", "activitytype",
        "user", "state",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.rename(columns={"end": "stop"}), "'stop' is no column"),
        (lambda f: f.drop(columns="end"), "has no end"),
        (lambda f: f.assign(notes="x"), "did you mean note"),
        (lambda f: f.assign(name=["a", "", "c"]), "row 1 of the table: name"),
        (lambda f: f.assign(end=f["start"]), "row 0 of the table: a range cannot end"),
        (lambda f: f.assign(start=f["start"].dt.tz_localize(None)), "row 0"),
        (lambda f: f.assign(start=[*f["start"][:2], pd.NaT]), "row 2.*needs start"),
        (lambda f: pd.concat([f, f[1:2]]), "rows 1 and 3 of the table are equal"),
        (lambda f: f.to_dict(), "is a DataFrame, not a dict"),
        (lambda f: f[["name", "name", "start", "end"]], "the column name twice"),
        (lambda f: f.assign(name=[["a"], "b", "c"]), "row 0 .* is a list: give a text"),
        (lambda f: f.assign(start=[1.5, 2, 3]), "row 0 of the table: start"),
        (lambda f: f.assign(user="x@example.org"), "row 0 .*user of the range"),
        (lambda f: f.assign(trainingroutine=[6, -1, 6]), "row 1 .*give an id"),
    ],
)
def test_a_table_with_one_wrong_row_makes_nothing(server, client, change, said):
    with pytest.raises((ConfigurationError, TimestampError), match=said):
        client.create_ranges(change(table(3)))
    assert written(server) == []


def test_a_failure_in_a_table_says_which_were_made_and_the_next_call_goes_on(
    server, client
):
    server.faults.add(ServerFault(kind="status", status=400, method="POST", skip=3))
    with pytest.raises(RequestError) as failed:
        client.create_ranges(table(6))
    (note,) = failed.value.__notes__
    ids = sorted(n for n, r in server.world.ranges.items() if r.start >= TICK)
    assert note.startswith(
        f"row 3 of 6 failed: 3 ranges were made before it (ids "
        f"{', '.join(map(str, ids))})"
    )
    done = client.create_ranges(table(6))
    assert done["state"].tolist() == ["there"] * 3 + ["made"] * 3
    assert len(made_in(server)) == 6


# -- lost answers ----------------------------------------------------------------------


def test_fifty_lost_answers_while_writing_make_no_double(server, client):
    """Lost before and after they were acted on, cut, garbled, refused by a proxy."""
    faults = [
        ServerFault(kind="drop", method="POST"),
        ServerFault(kind="unheard", method="POST"),
        ServerFault(kind="cut", method="POST"),
        ServerFault(kind="truncated", method="POST"),
        ServerFault(kind="status", status=503, method="POST"),
    ]
    server.faults.add(*(faults * 10))
    frame = table(60)
    done = client.create_ranges(frame)
    assert not server.faults.pending
    assert len(written(server)) > 50
    expected = [
        (row.name, row.start.value * 256 // 10**9, row.end.value * 256 // 10**9)
        for row in frame.itertuples(index=False)
    ]
    assert made_in(server) == sorted(expected)
    assert done["state"].tolist() == ["made"] * 60
    assert done["id"].is_unique


@pytest.mark.parametrize("kind", ["drop", "unheard", "cut", "truncated"])
def test_a_lost_answer_is_looked_up_before_it_is_sent_again(server, client, kind):
    server.faults.add(ServerFault(kind=kind, method="POST"))
    client.create_annotation("a", START)
    sent = [entry.method for entry in server.log]
    assert sent.count("POST") == (2 if kind == "unheard" else 1)
    assert len(client.list_annotations(start=START)) == 1


def test_no_look_up_asks_the_same_as_another(server, client):
    """A service that caches its answers would say that nothing is there yet."""
    server.faults.add(*[ServerFault(kind="unheard", method="POST")] * 3)
    client.create_range("x", START, END)
    asked = [e.path for e in server.log if "start__range" in e.path]
    assert len(asked) == len(set(asked)) == 4 + 1


def test_lost_answers_to_changes_and_deletes_end_in_the_same_state(server, client):
    made = client.create_range("x", START, END)
    server.faults.add(
        ServerFault(kind="drop", method="PATCH"),
        ServerFault(kind="unheard", method="PATCH"),
        ServerFault(kind="drop", method="DELETE"),
    )
    assert client.update_range(made["id"], name="y")["name"] == "y"
    client.delete_range(made["id"])
    assert made_in(server) == []
    assert not server.faults.pending


def test_a_service_that_never_answers_says_what_is_not_known(server, client):
    server.faults.add(ServerFault(kind="drop", method="POST", times=None))
    server.faults.add(ServerFault(kind="drop", path="start__range", skip=1, times=None))
    with pytest.raises(UnreachableError) as failed:
        client.create_range("x", START, END)
    assert "whether it was made is not known" in failed.value.__notes__[0]
    server.faults.clear()
    client.create_range("x", START, END)
    assert len(made_in(server)) == 1


def test_a_service_that_acts_after_the_second_request_leaves_one_object(
    server, client, monkeypatch
):
    """Too slow: the first request is acted on when the second was sent already."""
    server.faults.add(ServerFault(kind="unheard", method="POST"))
    put, seen = server.world.put, []

    def slow(kind, thing):
        seen.append(put(kind, thing))
        if len(seen) == 1:
            put(kind, thing)  # that of the first request
        return seen[-1]

    monkeypatch.setattr(server.world, "put", slow)
    client.create_range("x", START, END)
    assert len(made_in(server)) == 1


def test_a_refused_range_is_not_sent_again(server, client):
    server.faults.add(ServerFault(kind="status", status=400, method="POST", times=None))
    with pytest.raises(RequestError):
        client.create_range("x", START, END)
    assert len(written(server)) == 1


def test_a_service_that_asks_for_fewer_requests_is_heard(server, client, waits):
    fault = ServerFault(kind="status", status=429, retry_after=7, method="POST")
    server.faults.add(fault)
    client.create_range("x", START, END)
    assert waits == [7]
    # It acted on nothing, so nothing was looked up in between.
    assert [e.method for e in server.log][-2:] == ["POST", "POST"]


def test_an_answer_without_a_body_is_looked_up(server, client, monkeypatch):
    from hexoframe.simulator.server.messages import empty
    from hexoframe.simulator.server.service import Service

    create = Service._create

    def bodyless(self, ask, name):
        made = create(self, ask, name)
        place = made.headers["Location"] if where else None
        return empty(201, **({"Location": place} if place else {}))

    monkeypatch.setattr(Service, "_create", bodyless)
    for where in (True, False):
        made = client.create_range(f"x{where}", START, END)
        assert made["id"] in server.world.ranges


def test_a_service_that_fails_for_good_is_told(server, client):
    server.faults.add(ServerFault(kind="status", status=500, method="POST", times=None))
    with pytest.raises(ServerError):
        client.create_range("x", START, END)
    assert made_in(server) == []


def test_a_redirect_of_a_change_is_not_followed(server, client):
    server.faults.add(ServerFault(kind="redirect", url=server.base_url, method="POST"))
    with pytest.raises(RequestError, match="status 302"):
        client.create_range("x", START, END)
    assert made_in(server) == []


# -- read-only -------------------------------------------------------------------------


def bearer(server, scope, *, known=True):
    """A credential with a token of that scope, which it knows of or not."""
    card = server.credentials[server.username]
    grant = Grant(
        client_id=card.client_id,
        client_secret=Secret(card.client_secret),
        username=card.username,
        password=Secret(card.password),
        scope=scope,
    )
    credential = Bearer(server.base_url, grant=grant)
    if known:
        return credential
    from hexoframe.api.http.limiter import Limiter
    from hexoframe.api.http.session import ServiceSession

    limiter = Limiter("t", spacing_s=0)
    with ServiceSession(server.base_url, credential, limiter=limiter) as session:
        session.get_object("/api/")
    access = credential.token.access
    return Bearer(server.base_url, Token(access=access))


MARKS = pd.DataFrame({"annotation": ["y"], "start": [START]})
# Each takes a client and the ids of a range and an annotation.
WRITES = {
    "create_range": lambda c, *_: c.create_range("y", START, END),
    "create_ranges": lambda c, *_: c.create_ranges(table(2)),
    "update_range": lambda c, span, _: c.update_range(span, name="y"),
    "delete_range": lambda c, span, _: c.delete_range(span),
    "create_annotation": lambda c, *_: c.create_annotation("y", START),
    "create_annotations": lambda c, *_: c.create_annotations(MARKS),
    "update_annotation": lambda c, _, mark: c.update_annotation(mark, annotation="y"),
    "delete_annotation": lambda c, _, mark: c.delete_annotation(mark),
    "upload_tcx": lambda c, *_: c.upload_tcx("activity.tcx"),
}


def test_there_is_no_other_write():
    from hexoframe.client import Client

    verbs = ("create", "update", "delete", "upload")
    assert {name for name in dir(Client) if name.startswith(verbs)} == WRITES.keys()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_is_refused_under_a_readonly_token(
    server, client_of, tmp_path, monkeypatch, write, known
):
    owner = client_of(server)
    span, mark = (
        owner.create_range("x", START, END),
        owner.create_annotation("x", START),
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "activity.tcx").write_text("<TrainingCenterDatabase/>")
    reader = client_of(server, None, bearer(server, "readonly", known=known))
    server.clear_log()
    with pytest.raises(AuthenticationError, match="scope='readwrite'") as refused:
        write(reader, span["id"], mark["id"])
    assert refused.value.status == 403
    # A token whose scope is known is not even sent.
    sent = [e for e in written(server) if "oauth2" not in e.path]
    assert len(sent) == (0 if known else 1)
    assert server.world.ranges[span["id"]].name == "x"
    assert server.world.annotations[mark["id"]].text == "x"


def test_a_readwrite_token_writes(server, client_of):
    writer = client_of(server, None, bearer(server, "readwrite"))
    made = writer.create_range("x", START, END)
    assert writer.delete_range(made["id"])["name"] == "x"


def test_the_scope_comes_from_the_caller_or_the_environment(server, monkeypatch):
    from hexoframe.client import connect

    card = server.credentials[server.username]
    given = {
        "username": card.username,
        "password": card.password,
        "client_id": card.client_id,
        "client_secret": card.client_secret,
    }
    with connect(server.base_url, **given) as client:
        assert client.session.auth.reads_only
    with connect(server.base_url, **given, scope="readwrite") as client:
        assert not client.session.auth.reads_only
    monkeypatch.setenv("HEXOFRAME_BASE_URL", server.base_url)
    monkeypatch.setenv("HEXOFRAME_SCOPE", "readwrite")
    with connect(server.base_url, **given) as client:
        assert not client.session.auth.reads_only
    with pytest.raises(ConfigurationError, match="scope='write'"):
        connect(server.base_url, **given, scope="write")


# -- files -----------------------------------------------------------------------------


def test_an_activity_is_downloaded_sent_and_there(server, client, tmp_path):
    (number, *_) = client.list_ranges()["id"]
    path = client.download_activity(number, tmp_path)
    assert path == tmp_path / f"range_{number}.tcx"
    assert b"TrainingCenterDatabase" in path.read_bytes()
    assert client.download_activity(number, path) == path
    deep = tmp_path / "a" / "b.c"
    assert client.download_activity(number, deep).parent == deep
    shutil.rmtree(tmp_path / "a")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    server._gateway.service._imports._takes_s = 0
    (result,) = client.upload_tcx(path)
    assert server.world.ranges[result["id"]].name == "Imported"


def test_an_upload_waits_until_its_progress_is_one(server, client, waits, tmp_path):
    (number, *_) = client.list_ranges()["id"]
    path = client.download_activity(number, tmp_path)
    imports = server._gateway.service._imports
    clock = iter([0, 1, 2, 3, 4.0, 5.0])
    imports._clock, imports._takes_s = lambda: next(clock), 3
    (result,) = client.upload_tcx(path)
    assert result["resource_uri"] == f"/api/range/{result['id']}/"
    assert waits == [1, 2, 4]


def test_a_file_that_the_service_cannot_read_is_told(server, client, tmp_path):
    path = tmp_path / "a.tcx"
    path.write_text("<TrainingCenterDatabase/>")
    server._gateway.service._imports._takes_s = 0
    with pytest.raises(ResponseError, match=r"made no activity of a.tcx: .*no point"):
        client.upload_tcx(path)
    path.write_text("{}")
    with pytest.raises(Exception, match="is not a TCX file"):
        client.upload_tcx(path)
    with pytest.raises(FileNotFoundError):
        client.upload_tcx(tmp_path / "b.tcx")


def test_a_lost_upload_is_not_sent_again(server, client, tmp_path):
    path = tmp_path / "a.tcx"
    path.write_text("<TrainingCenterDatabase/>")
    server.faults.add(ServerFault(kind="drop", method="POST"))
    with pytest.raises(UnreachableError) as lost:
        client.upload_tcx(path)
    assert "whether the file was taken is not known" in lost.value.__notes__[0]
    assert len(written(server)) == 1


def test_a_file_of_an_activity_is_checked_and_kept(client, tmp_path):
    (number, *_) = client.list_ranges()["id"]
    with pytest.raises(ConfigurationError, match="format='gpx'"):
        client.download_activity(number, format="gpx")
    with pytest.raises(ServerError, match="501"):
        client.download_activity(number, tmp_path, format="fit")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"is a file that is not .tcx"):
        client.download_activity(number, tmp_path / "out")
    (tmp_path / f"range_{number}.tcx").write_text("mine")
    with pytest.raises(FileExistsError):
        client.download_activity(number, tmp_path)
    client.download_activity(number, tmp_path, overwrite=True)
    with pytest.raises(NotFoundError):
        client.download_activity(5, tmp_path)


def test_a_fit_file_is_known_by_its_mark(client, tmp_path, monkeypatch):
    head = b"\x0e\x10\x4c\x08\x00\x00\x00\x00.FIT\x00\x00"
    asked = []

    def get_bytes(path, *, accept, **_):
        asked.append((path, accept))
        return head if len(asked) == 1 else b"<html>"

    monkeypatch.setattr(client.session, "get_bytes", get_bytes)
    path = client.download_activity(5, tmp_path, format="fit")
    assert path.read_bytes() == head
    assert asked == [("/api/range/5/", "application/vnd.ant.fit")]
    with pytest.raises(ResponseError, match="6 bytes that are not FIT"):
        client.download_activity(5, tmp_path, format="fit")


def test_what_is_sent_holds_no_float(client):
    """A tick that went through a table of pandas is a whole number in the request."""
    bodies = []
    send = client.session._change
    client.session._change = lambda *a, **k: (bodies.append(a[2]), send(*a, **k))[1]
    frame = table(1).assign(start=np.float64(TICK), trainingroutine=6.0)
    client.create_ranges(frame)
    (content,) = map(json.loads, bodies)
    assert content["start"] == TICK
    assert isinstance(content["start"], int)
    assert content["context"] == {"trainingroutine": "/api/trainingroutine/6/"}
