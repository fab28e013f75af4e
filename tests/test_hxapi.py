"""The names of HxApi2_0, against a real server and files written the old way."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime as dt
import hashlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import hexoframe
import hexoframe.hxapi as HxApi  # noqa: N812  # as the scripts call it
from hexoframe.channels import Channel, find
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    HexoframeError,
    NotFoundError,
    RequestError,
    ResponseError,
    ServerError,
    SkippedChannelWarning,
    TimestampError,
)
from hexoframe.formats.text.lines import Stamps
from hexoframe.hxapi.names import DialectDict
from hexoframe.hxapi.samples import SampleQuery, SampleTuples, collect
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.server import ServerFault, Switches, default_shirts, serve
from hexoframe.simulator.server.world import Range
from hexoframe.simulator.shirt import Shirt
from hexoframe.timestamps import ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hexoframe.simulator.server.running import Server

pytest.importorskip("flask", reason="the simulated service needs Flask")

# What gains of the Astroskin rest on is not the subject here.
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)

MIXED, REST, SLEEP, WALK = 300_001, 300_002, 300_003, 300_004
ANNA = 20_001
ANNAS_MAIL = "anna.synthetic@example.org"
MONTREAL = "America/Montreal"
TICK, TEXT = 359840226870, "2014:07:17\t19:38:06:210938"

# The files of the vendor's HxApi2_0, and of its port for a Hexoskin.
FILES = (
    """
    acc ecg resp activity cadence heartrate minuteventilation vt breathingrate
    hr_quality br_quality inspiration expiration batt step rrinterval qrs
    """,
    """
    acc ecg resp temperature ppg activity cadence heartrate minuteventilation vt
    breathingrate hr_quality br_quality spo2_quality spo2 systolicpressure
    inspiration expiration batt step rrinterval qrs ptt
    """,
    """
    acceleration ecg respiration activity cadence heart_rate minute_ventilation vt
    breathing_rate hr_quality br_quality inspiration expiration batt step
    rrinterval qrs nninterval
    """,
)
HEXOSKIN, CHA3000, PORT = map(str.split, FILES)


# -- the world -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    lengths = {MIXED: 600, REST: 300, SLEEP: 300}
    shirts = [
        dataclasses.replace(
            shirt,
            duration_s=lengths.get(shirt.record_id, shirt.duration_s),
            presses=(),
        )
        for shirt in default_shirts()
        if shirt.user_id == ANNA
    ]
    with serve(recordings=shirts, switches=Switches(unsigned_basic=False)) as running:
        yield running


@pytest.fixture
def server(
    shared: Server,
    cleared: Callable[[Server], Server],
    unpaced: Callable[[Server], Server],
) -> Server:
    """Four records of Anna; signatures are wanted."""
    return cleared(unpaced(shared))


@pytest.fixture(autouse=True)
def no_secrets_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEXOFRAME_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """The module as it is after the import."""
    yield
    HxApi.MODEL = "Hexoskin"
    HxApi.DIALECT = "classic"
    HxApi.TIMESTAMP = "Epoch"
    HxApi.TIMESTAMP_FORMAT = "%Y:%m:%d\t%H:%M:%S:%f"
    HxApi.TIMEZONE = "UTC"


@pytest.fixture
def auth(server: Server) -> HxApi.SessionInfo:
    return log_in(server)


def log_in(server: Server, **other: str) -> HxApi.SessionInfo:
    given = {
        "publicKey": server.api_key,
        "privateKey": server.api_secret,
        "username": server.username,
        "password": server.password,
        "base_url": server.base_url,
        **other,
    }
    return HxApi.SessionInfo(**given)


def serve_only(*shirts: Shirt, **switches: Any) -> Any:
    return serve(recordings=shirts, switches=Switches(**switches))


# -- the old way, in plain Python ------------------------------------------------------


def ask(server: Server, path: str, **query: Any) -> Any:
    """Return an answer of the service, signed by hand."""
    url = f"{server.base_url}{path}"
    if query:
        url += f"?{urllib.parse.urlencode(query)}"
    stamp = str(int(time.time()))
    text = f"{server.api_secret}{stamp}{url}"
    proof = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    user = base64.b64encode(f"{server.username}:{server.password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {user}",
        "X-HEXOTIMESTAMP": stamp,
        "X-HEXOAPIKEY": server.api_key,
        "X-HEXOAPISIGNATURE": proof,
        "Accept": "application/json",
    }
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def rows_of(server: Server, record: int, *ids: int) -> list[tuple[Any, ...]]:
    """Return the samples of a record, asked for in windows that are not thinned."""
    told = ask(server, f"/api/record/{record}/")
    clock = 1000 if told["start"] > 1e12 else 256
    rows: list[tuple[Any, ...]] = []
    for first in range(told["start"], told["end"] + 1, 250 * clock):
        last = min(first + 250 * clock, told["end"] + 1) - 1
        answer = ask(
            server,
            "/api/data/",
            record=record,
            datatype=",".join(map(str, ids)),
            start=first,
            end=last,
        )
        data = answer[0]["data"] if answer else {}
        columns = [data.get(str(number), []) for number in ids]
        rows += [
            (cells[0][0], *(value for _, value in cells))
            for cells in zip(*columns, strict=True)
        ]
    return rows


def points_of(server: Server, ranges: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    points: list[dict[str, Any]] = []
    for one in ranges:
        for track in ask(server, "/api/track/", range=one["id"])["objects"]:
            page: Any = {"meta": {"next": f"/api/trackpoint/?track={track['id']}"}}
            while page["meta"]["next"]:
                page = ask(server, page["meta"]["next"])
                points += page["objects"]
    return [
        (p["time"], p["altitude"], *p["position"], p["horizontal_accuracy"])
        for p in sorted(points, key=lambda p: p["time"])
    ]


def ranges_of(server: Server, record: int) -> list[dict[str, Any]]:
    told = ask(server, f"/api/record/{record}/")
    found = ask(server, "/api/range/", limit=1000, order_by="start")["objects"]
    return [r for r in found if r["start"] < told["end"] and r["end"] > told["start"]]


def python_2(value: Any) -> str:
    """Return what str() of Python 2.7 gives for numbers below 1e11."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.12g}"
    return text if "." in text or "e" in text else f"{text}.0"


def old_text(rows: list[tuple[Any, ...]], text: Callable[[Any], str] = python_2) -> str:
    return "".join("\t".join(text(cell) for cell in row) + "\n" for row in rows)


def old_files(
    server: Server, record: int, tables: dict[str, list[int]], *, port: bool = False
) -> dict[str, str]:
    """Return what the old script writes for a record, its faults left out."""
    text, kind = (str, "user") if port else (python_2, "account")
    told = ask(server, f"/api/record/{record}/")
    ranges = ranges_of(server, record)
    files = {
        name: old_text(rows_of(server, record, *ids), text)
        for name, ids in tables.items()
    }
    user = f"<hexoskin.client.{kind}: {told['user']['id']}>"
    files["info"] = "".join(
        f"{key} : {user if key == 'user' else value}\n" for key, value in told.items()
    )
    files["annotations"] = "rank\tstart\tend\tid\tname\ttrainingroutine\tnote\n"
    for r in ranges:
        cells = [r["rank"], r["start"], r["end"], r["id"], r["name"]]
        cells += [r["context"]["trainingroutine"], r["note"]]
        files["annotations"] += "\t".join(map(str, cells)) + "\t\n"
    files["track"] = old_text(points_of(server, ranges), str)
    return files


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  # our own


def texts_in(folder: Path) -> dict[str, str]:
    return {
        file.stem: file.read_bytes().decode()
        for file in sorted(folder.iterdir())
        if file.suffix == ".txt"
    }


# -- a script --------------------------------------------------------------------------

SCRIPT = """
from os.path import expanduser
import sys, HxApi2_0

def main(argv):
    auth = HxApi2_0.SessionInfo(publicKey=argv[1], privateKey=argv[2],
                                username=argv[3], password=argv[4])
    listing = ''
    for r in HxApi2_0.getRecordList(auth, limit="20", user='', deviceFilter=''):
        listing += 'Session ' + str(r['id']) + ' - ' + r['user'].email + '\\n'
    print(listing)
    for key, val in HxApi2_0.getRecordInfo(auth, argv[5]).items():
        print(str(key) + ' : ' + str(val))
    for rec in argv[5].split(','):
        data = HxApi2_0.getRecordData(auth, recordID=rec)
        HxApi2_0.saveTxt(data, expanduser('~') + '/Downloads/HexoskinData/')
    auth.api.clear_resource_cache()

if __name__ == "__main__":
    main(sys.argv)
"""


@pytest.mark.parametrize("port", [False, True])
def test_a_script_with_one_changed_import_writes_the_files_of_the_old_script(
    port, server, tmp_path, monkeypatch, capsys
):
    new = SCRIPT.replace("HxApi2_0\n\ndef", "hexoframe.hxapi as HxApi2_0\n\ndef")
    assert new != SCRIPT
    if port:
        new = new.replace("\ndef", '\nHxApi2_0.DIALECT = "port"\n\ndef')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HEXOFRAME_BASE_URL", server.base_url)
    keys = [server.api_key, server.api_secret, server.username, server.password]
    monkeypatch.setattr("sys.argv", ["script.py", *keys, str(MIXED)])
    exec(compile(new, "script.py", "exec"), {"__name__": "__main__"})  # noqa: S102
    said = capsys.readouterr().out
    assert f"Session {MIXED} - {ANNAS_MAIL}\n" in said
    kind = "user" if port else "account"
    assert f"user : <hexoskin.client.{kind}: {ANNA}>\n" in said
    folder = tmp_path / "Downloads" / "HexoskinData" / ANNAS_MAIL / str(MIXED)
    tables = {**HxApi.raw_datatypes, **HxApi.datatypes}
    assert list(tables) == (PORT if port else HEXOSKIN)
    written, expected = texts_in(folder), old_files(server, MIXED, tables, port=port)
    assert written.keys() == expected.keys()
    for name, text in expected.items():
        assert text, f"{name} is empty, so it shows nothing"
        assert written[name] == text, name


# Python 2 as scripts used it: print, except, dicts, unicode, zip.
PYTHON_2_SCRIPT = """
import HxApi2_0
import sys

def main(argv):
    auth = HxApi2_0.SessionInfo(publicKey=argv[1], privateKey=argv[2],
                                username=argv[3], password=argv[4])
    for r in HxApi2_0.getRecordList(auth, limit="1"):
        print 'Newest: ' + str(r['id']), r[u'user'].email
    record = auth.api.record.get(int(argv[5]))
    try:
        data = HxApi2_0.getRecordData(auth, recordID=record.id, downloadRaw=False)
        for k, v in data.iteritems():
            if k == 'heartrate':
                values = zip(*v)[1]
                print k, len(values), max(values)
        print data.has_key('heartrate')
    except Exception, e:
        print str(e)
    HxApi2_0.saveTxt(data, argv[6])

if __name__ == "__main__":
    main(sys.argv)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("lib2to3") is None, reason="2to3 ended with Python 3.12"
)
def test_a_script_of_python_2_runs_after_2to3_and_the_changed_import(server, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PYTHON_2_SCRIPT)
    convert = [sys.executable, "-W", "ignore", "-m", "lib2to3", "-w", "-n", script]
    subprocess.run(convert, check=True, capture_output=True)
    text = script.read_text()
    changed = text.replace("import HxApi2_0", "import hexoframe.hxapi as HxApi2_0", 1)
    script.write_text(changed)
    keys = [server.api_key, server.api_secret, server.username, server.password]
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *keys, str(REST), tmp_path / "out"],
        env={**os.environ, "HEXOFRAME_BASE_URL": server.base_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rates = [value for _, value in rows_of(server, REST, 19)]
    assert done.stdout.splitlines() == [
        f"Newest: {WALK} {ANNAS_MAIL}",
        f"heartrate {len(rates)} {max(rates)}",
        "True",
    ]
    written = texts_in(tmp_path / "out" / ANNAS_MAIL / str(REST))
    assert written["heartrate"] == old_text(rows_of(server, REST, 19))


@pytest.mark.parametrize(
    ("family", "dialect"),
    [
        ("astroskin_256", "classic"),
        ("astroskin_1000", "port"),
        pytest.param("astroskin_256", "port", marks=pytest.mark.slow),
        pytest.param("astroskin_1000", "classic", marks=pytest.mark.slow),
    ],
)
def test_the_files_of_an_astroskin_are_those_of_the_old_script(
    family, dialect, tmp_path
):
    HxApi.MODEL = "CHA3000"
    HxApi.DIALECT = dialect
    tables = {**HxApi.raw_datatypes, **HxApi.datatypes}
    assert list(tables) == CHA3000
    shirt = Shirt(family=family, record_id=41, duration_s=300, seed=3)
    with serve_only(shirt) as server:
        data = HxApi.getRecordData(log_in(server), 41)
        written = texts_in(HxApi.saveTxt(data, tmp_path))
        expected = old_files(server, 41, tables, port=dialect == "port")
    assert list(data) == [*CHA3000, "annotations", "track", "info"]
    assert written["ecg"].startswith(expected["ecg"][:40])
    assert len(data["ecg"][0]) == 4
    for name in written:
        lines = [line.split("\t") for line in written[name].splitlines()]
        old = [line.split("\t") for line in expected[name].splitlines()]
        assert lines == old, name


# -- what was wrong --------------------------------------------------------------------


def test_no_sample_comes_twice_where_two_answers_meet(auth, server):
    ecg = HxApi.getRecordData(auth, MIXED)["ecg"]
    ticks = [row[0] for row in ecg]
    told = ask(server, f"/api/record/{MIXED}/")
    assert ticks == list(range(told["start"], told["end"]))
    assert len(ticks) > 2 * 65_536


@pytest.mark.parametrize("inclusive", [True, False])
def test_the_last_value_is_there_whatever_the_server_does_with_ends(inclusive):
    shirt = Shirt(record_id=41, duration_s=120)
    with serve_only(shirt, end_inclusive=inclusive) as server:
        auth = log_in(server)
        info = HxApi.getRecordInfo(auth, 41)
        whole = HxApi.getRecordData(auth, 41, downloadRaw=False)["heart_rate"]
        part = HxApi.getUnsubsampledData(
            auth, info["user"], info["start"], info["end"], [19]
        )
    assert [row[0] for row in whole][-1] == info["end"]
    assert len(whole) == 120
    assert part == list(whole)


def stamp_of(tick: int, *, port: bool = False) -> str:
    """Return a time in UTC as the vendor's script writes it, or the port."""
    time = dt.datetime.fromtimestamp(tick / 256, dt.UTC)
    if not port:
        time = time.replace(microsecond=int(tick % 256 * 1e6 / 256 + 0.5))
    return time.strftime("%Y:%m:%d\t%H:%M:%S:%f")


@pytest.mark.parametrize("dialect", ["classic", "port"])
def test_text_stamps_are_rounded_as_each_script_did(dialect, auth, tmp_path):
    HxApi.TIMESTAMP, HxApi.DIALECT = "String", dialect
    HxApi.raw_datatypes, HxApi.datatypes = {"ecg": [4113]}, {}
    data = HxApi.getRecordData(auth, REST)
    start = data["info"]["start"]
    stamps = [stamp_of(start + n, port=dialect == "port") for n in range(256)]
    assert stamps[2][-6:] == {"classic": "007813", "port": "007812"}[dialect]
    assert [row[0] for row in data["ecg"][:256]] == stamps
    written = texts_in(HxApi.saveTxt(data, tmp_path))["ecg"].splitlines()[:256]
    assert [line.rpartition("\t")[0] for line in written] == stamps
    rows = [(start + n, 0) for n in range(256)]
    assert HxApi.convertTimestamps(rows, "String") == [(each, 0) for each in stamps]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a zone of the process")
def test_text_stamps_are_in_utc_wherever_the_computer_stands(
    auth, server, tmp_path, monkeypatch
):
    HxApi.TIMESTAMP = "String"
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        data = HxApi.getRecordData(auth, REST)
        written = texts_in(HxApi.saveTxt(data, tmp_path))
        assert dt.datetime.fromtimestamp(0).hour == 9  # noqa: DTZ006  # local, indeed
    time.tzset()
    for name, ids in (("heartrate", [19]), ("resp", [4129, 4130]), ("ecg", [4113])):
        rows = [
            (stamp_of(tick), *values) for tick, *values in rows_of(server, REST, *ids)
        ]
        assert data[name] == rows
        assert written[name] == old_text(rows)
    # These were ticks in the old script too.
    assert written["annotations"] == old_files(server, REST, {})["annotations"]


def test_text_stamps_of_the_server_of_1000_ticks_are_right():
    HxApi.MODEL = "CHA3000"
    HxApi.TIMESTAMP = "String"
    HxApi.TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
    shirt = Shirt(family="astroskin_1000", record_id=41, duration_s=10)
    with serve_only(shirt) as server:
        data = HxApi.getRecordData(log_in(server), 41)
    assert data["ecg"][0][0] == "2024-03-01 22:00:00.000000"
    assert data["ecg"][1][0] == "2024-03-01 22:00:00.004000"
    assert data["heartrate"][0][0] == "2024-03-01 22:00:01.000000"


def test_text_stamps_can_be_in_a_zone(auth):
    HxApi.TIMESTAMP = "String"
    HxApi.TIMEZONE = MONTREAL
    data = HxApi.getRecordData(auth, MIXED, downloadRaw=False)
    assert data["heart_rate"][0][0] == "2024:03:02\t17:00:01:000000"


def test_all_activities_that_overlap_a_record_come_with_it():
    shirt = Shirt(record_id=41, duration_s=120, activity="rest")
    with serve_only(shirt) as server:
        auth = log_in(server)
        start, end = (HxApi.getRecordInfo(auth, 41)[key] for key in ("start", "end"))
        spans = [(start - 9000, start + 256), (end - 256, end + 9000)]
        spans += [(start + 256 * n, start + 256 * (n + 1)) for n in range(60)]
        spans += [(start - 9000, start), (end, end + 9000)]
        for first, last in spans:
            server.world.put("range", Range(0, ANNA, first, last, "Bout", None))
        data = HxApi.getRecordData(auth, 41, downloadRaw=False)
        listed = HxApi.getRangeList(auth, limit="50", start=start, end=end)
    found = [(one["start"], one["end"]) for one in data["annotations"]]
    assert {*spans[:-2]} < {*found}
    assert not {*spans[-2:]} & {*found}
    assert [first for first, _ in found] == sorted(first for first, _ in found)
    assert len(listed) == 50


def test_all_points_of_a_track_come(auth, server):
    data = HxApi.getRecordData(auth, WALK, downloadRaw=False)
    points = points_of(server, ranges_of(server, WALK))
    assert len(points) > 1000
    assert data["track"] == points
    assert HxApi.getTrackPoints(auth, ANNA, data["annotations"]) == points
    assert HxApi.getTrackPoints(auth, ANNA, []) == []
    # Two tracks, in the order of the ranges.
    earlier = ranges_of(server, MIXED)
    ids = [one["id"] for one in [*data["annotations"], *earlier]]
    both = HxApi.getTrackPoints(auth, "", ids)
    assert both == points + points_of(server, earlier)
    assert len(both) > len(points)


def test_a_point_without_a_position_is_a_point_in_time(auth, monkeypatch):
    session = auth.api.client.session
    points = type(session).pages

    def pages(self, path, query, **how):
        for item in points(self, path, query, **how):
            lost = "position" in item and item["time"].endswith("5")
            yield item | {"position": None} if lost else item

    before = HxApi.getRecordData(auth, MIXED, downloadRaw=False)["track"]
    monkeypatch.setattr(type(session), "pages", pages)
    after = HxApi.getRecordData(auth, MIXED, downloadRaw=False)["track"]
    assert len(after) == len(before)
    for one, other in zip(after, before, strict=True):
        nowhere = other[0].endswith("5")
        assert one == ((*other[:2], None, None, other[4]) if nowhere else other)
    assert sum(one[2] is None for one in after) > 0


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ("record", "start"),
        ("record", "user"),
        ("range", "end"),
        ("track", "range"),
        ("track", "id"),
    ],
)
def test_an_object_that_lacks_a_field_is_an_error_that_names_it(
    auth, server, monkeypatch, resource, field
):
    kind = type(auth.api.client.session)

    def without(item):
        mine = item.get("resource_uri", "").split("/")[-3:-2] == [resource]
        return {k: v for k, v in item.items() if k != field} if mine else item

    pages, one = kind.pages, kind.get_json
    monkeypatch.setattr(
        kind,
        "pages",
        lambda self, *args, **how: map(without, pages(self, *args, **how)),
    )
    monkeypatch.setattr(
        kind,
        "get_json",
        lambda self, *args: (
            without(found) if isinstance(found := one(self, *args), dict) else found
        ),
    )
    ask, number = HxApi.getRecordData, MIXED
    if resource == "range":
        ask, number = HxApi.getRangeData, ranges_of(server, MIXED)[0]["id"]
    with pytest.raises(ResponseError, match=f"without '{field}'|field '{field}'"):
        ask(auth, number, downloadRaw=False)


def test_a_track_of_another_range_is_an_error(auth, monkeypatch):
    kind = type(auth.api.client.session)
    pages = kind.pages

    def strays(self, path, *query, **how):
        for item in pages(self, path, *query, **how):
            yield item | {"range": "/api/range/7/"} if "/track/" in path else item

    monkeypatch.setattr(kind, "pages", strays)
    with pytest.raises(ResponseError, match="a track of range 7"):
        HxApi.getRecordData(auth, MIXED, downloadRaw=False)


# -- what is loaded --------------------------------------------------------------------


def test_without_raw_data_the_waveforms_stay_away(auth):
    data = HxApi.getRecordData(auth, str(MIXED), downloadRaw=False)
    assert list(data) == [*HEXOSKIN[3:], "annotations", "track", "info"]


def test_tables_may_be_edited(auth, server):
    HxApi.raw_datatypes.clear()
    HxApi.raw_datatypes["ecg"] = 4113  # as the older scripts have it
    for name in list(HxApi.datatypes):
        if name != "rrinterval":
            del HxApi.datatypes[name]
    HxApi.datatypes["status"] = ["1004"]
    HxApi.datatypes["volume"] = [38]
    data = HxApi.getRecordData(auth, REST)
    assert list(data)[:-3] == ["ecg", "rrinterval", "status", "volume"]
    for name, number in (("ecg", 4113), ("status", 1004), ("volume", 38)):
        assert data[name] == rows_of(server, REST, number)


def test_tables_may_be_replaced(auth, server):
    HxApi.raw_datatypes = {}
    HxApi.datatypes = {"z_first": [4147, 4145]}
    data = HxApi.getRecordData(auth, REST)
    assert data["z_first"] == rows_of(server, REST, 4147, 4145)


def test_without_any_table_nothing_is_loaded_but_the_facts(auth):
    HxApi.raw_datatypes, HxApi.datatypes = {}, {}
    data = HxApi.getRecordData(auth, REST)
    assert list(data) == ["annotations", "track", "info"]


def test_channels_of_one_rate_may_stand_side_by_side(auth, server):
    HxApi.raw_datatypes, HxApi.datatypes = {}, {"both": [19, 33], "beats": [18, 1004]}
    data = HxApi.getRecordData(auth, REST)
    assert data["both"] == rows_of(server, REST, 19, 33)
    assert data["beats"] == rows_of(server, REST, 18, 1004)


def test_channels_of_several_rates_stand_side_by_side_on_all_their_stamps(auth, server):
    HxApi.raw_datatypes, HxApi.datatypes = {}, {"mixed": [53, 52]}
    mixed = HxApi.getRecordData(auth, MIXED)["mixed"]
    cadence = dict(rows_of(server, MIXED, 53))
    steps = dict(rows_of(server, MIXED, 52))
    ticks = sorted({*cadence, *steps})
    assert mixed == [(tick, cadence.get(tick), steps.get(tick)) for tick in ticks]


def test_a_lead_alone_has_its_own_samples():
    def load(**_: Any) -> RecordData:
        index = ticks_to_index([TICK, TICK + 1, TICK + 2], clock=256)
        leads = {"ecg_i": [0, np.nan, np.nan], "ecg_iii": [0.0064, 0.0128, np.nan]}
        columns = {name: np.array(lead, "float32") for name, lead in leads.items()}
        frame = make_frame(find("astroskin_256", "ecg"), index, columns)
        return RecordData("astroskin_256", (TICK, TICK + 2), {"ecg": frame})

    names = {"three": [4113, 4114, 4115], "third": [4115], "first": 4113}
    query = SampleQuery(names=names, stamps=lambda clock: Stamps(clock=clock))
    data = collect(load, query, clock=256)
    # A stamp of which no lead knows anything belongs to all of them.
    nothing = (TICK + 2, None)
    assert data["third"] == [(TICK, 1), (TICK + 1, 2), nothing]
    assert data["first"] == [(TICK, 1360), nothing]
    assert data["three"] == [
        (TICK, 1360, None, 1),
        (TICK + 1, None, None, 2),
        (*nothing, None, None),
    ]
    written = b"".join(data["first"].lines("classic")).decode()
    assert written == old_text(list(data["first"]))


def test_channels_of_an_astroskin_may_be_added_without_naming_the_model():
    HxApi.raw_datatypes, HxApi.datatypes = {"ppg": [64]}, {"heart_rate": [19]}
    shirt = Shirt(family="astroskin_256", record_id=41, duration_s=60)
    with serve_only(shirt) as server:
        data = HxApi.getRecordData(log_in(server), 41)
        assert data["ppg"] == rows_of(server, 41, 64)
        assert data["heart_rate"] == rows_of(server, 41, 19)


def test_a_hexoskin_has_nothing_in_the_channels_of_an_astroskin(auth, server):
    HxApi.raw_datatypes, HxApi.datatypes = {"ppg": [64]}, {"heart_rate": [19]}
    data = HxApi.getRecordData(auth, REST)
    assert data["ppg"] == []
    assert data["heart_rate"] == rows_of(server, REST, 19)


def test_what_is_no_channel_is_empty_and_named(auth, tmp_path):
    HxApi.raw_datatypes = {}
    HxApi.datatypes = {"button_annot": [212], "heart_rate": [19]}
    with pytest.warns(SkippedChannelWarning, match="212 of 'button_annot'") as warned:
        data = HxApi.getRecordData(auth, REST)
    assert warned[0].filename == __file__
    assert data["button_annot"] == []
    assert len(data["heart_rate"]) == 300
    assert texts_in(HxApi.saveTxt(data, tmp_path))["button_annot"] == ""
    HxApi.datatypes = {"annot": 208}
    with pytest.warns(SkippedChannelWarning, match="208 of 'annot'"):
        assert HxApi.getRecordData(auth, REST)["annot"] == []


@pytest.mark.parametrize(
    "whose", [ANNA, str(ANNA), ANNAS_MAIL, f"/api/user/{ANNA}/", "", "object"]
)
def test_data_of_a_user_between_two_moments(auth, server, whose):
    info = HxApi.getRecordInfo(auth, REST)
    user = info["user"] if whose == "object" else whose
    start, end = info["start"] + 100 * 256, info["start"] + 110 * 256
    HxApi.raw_datatypes = {}
    HxApi.datatypes = {"heart_rate": [19], "rrinterval": [18]}
    data = HxApi.getData(auth, user, str(start), float(end))
    assert list(data) == ["heart_rate", "rrinterval"]
    for name, number in (("heart_rate", 19), ("rrinterval", 18)):
        rows = rows_of(server, REST, number)
        assert data[name] == [row for row in rows if start <= row[0] <= end]
    assert len(data["heart_rate"]) == 11


def test_a_span_has_what_is_stamped_in_it_and_no_more(auth, server):
    """Elsewhere a part has the steps that begin in it, and the state that holds."""
    origin = HxApi.getRecordInfo(auth, MIXED)["start"]
    names = {"ann": 271, "heart_rate": 19, "ecg": 4113, "position": 269}
    HxApi.raw_datatypes, HxApi.datatypes = {}, names
    whole = HxApi.getRecordData(auth, MIXED)
    lengths = []
    for first, last in ((300, 301), (299, 300), (301, 599), (0, 300), (590, 999)):
        span = (origin + first * 256, origin + last * 256)
        data = HxApi.getData(auth, ANNA, *span)
        for name, number in names.items():
            # JSON has positions in sleep and rest alone, so of these the whole is.
            rows = whole[name] if name == "position" else rows_of(server, MIXED, number)
            inside = [row for row in rows if span[0] <= row[0] <= span[1]]
            assert data[name] == inside, (name, first)
        lengths.append((len(data["ann"]), len(data["position"])))
    assert [ann for ann, _ in lengths] == [1, 1, 0, 1, 1]
    assert 0 in [changes for _, changes in lengths]


def test_what_is_asked_for_along_changes_no_rows(auth):
    origin = HxApi.getRecordInfo(auth, MIXED)["start"]
    states = {"position": 269, "phase": 280}
    HxApi.raw_datatypes = {}
    for first, last in ((250, 301), (301, 599), (0, 300)):
        span = (origin + first * 256, origin + last * 256)
        HxApi.datatypes = states
        alone = HxApi.getData(auth, ANNA, *span)
        HxApi.datatypes = {**states, "heart_rate": 19, "ann": 271}
        along = HxApi.getData(auth, ANNA, *span)
        for name in states:
            assert alone[name] == along[name], (name, first)


def test_a_record_that_ended_before_the_span_has_nothing_to_do_with_it():
    """Though a rate that is stamped at the start of the span has begun before it."""
    later = Shirt(record_id=41, duration_s=400)
    before = Shirt(
        family="astroskin_256",
        record_id=42,
        duration_s=60,
        start=later.start - 120 * 256,
        device="AXSKIN1200009001",
    )
    with serve_only(before, later) as server:
        auth = log_in(server)
        info = HxApi.getRecordInfo(auth, 41)
        HxApi.raw_datatypes, HxApi.datatypes = {}, {"heart_rate": 19, "sdnn": 272}
        data = HxApi.getData(auth, info["user"], info["start"], info["end"])
        assert data["heart_rate"] == rows_of(server, 41, 19)
        assert data["sdnn"] == rows_of(server, 41, 272)
        assert len(data["sdnn"]) == 1


def test_data_of_one_datatype(auth, server):
    info = HxApi.getRecordInfo(auth, REST)
    span = info["start"], info["end"]
    for ids in ([4129, 4130], ["4130"], 4129):
        data = HxApi.getUnsubsampledData(auth, ANNA, *span, ids)
        wanted = ids if isinstance(ids, list) else [ids]
        assert data == rows_of(server, REST, *map(int, wanted))


def test_two_records_follow_each_other(auth, server):
    start = HxApi.getRecordInfo(auth, MIXED)["start"]
    end = HxApi.getRecordInfo(auth, REST)["end"]
    data = HxApi.getUnsubsampledData(auth, ANNA, start, end, [49])
    assert data == rows_of(server, MIXED, 49) + rows_of(server, REST, 49)


def test_where_there_is_no_record_the_data_are_empty(auth):
    assert HxApi.getUnsubsampledData(auth, ANNA, 359840227126, 359840821814, [19]) == []
    data = HxApi.getData(auth, ANNA, 359840227126, 359840821814)
    assert list(data) == HEXOSKIN
    assert all(samples == [] for samples in data.values())


def test_a_list_of_records_that_is_not_there_is_an_error(auth, monkeypatch):
    def moved(*_, **__):
        raise NotFoundError("http://127.0.0.1/ does not exist", status=404)

    monkeypatch.setattr(type(auth.api.client.session), "pages", moved)
    with pytest.raises(NotFoundError):
        HxApi.getData(auth, ANNA, 359840227126, 359840821814)


def test_a_range_brings_what_lies_in_it(auth, server, tmp_path):
    walk = HxApi.getRecordData(auth, MIXED, downloadRaw=False)["annotations"][1]
    data = HxApi.getRangeData(auth, str(walk["id"]), downloadRaw=False)
    rows = rows_of(server, MIXED, 53)
    inside = [row for row in rows if walk["start"] <= row[0] <= walk["end"]]
    assert 100 < len(inside) < len(rows)
    assert data["cadence"] == inside
    assert data["info"]["name"] == "Walk"
    assert [one["id"] for one in data["annotations"]] == [walk["id"]]
    assert data["track"] == points_of(server, [walk])
    folder = HxApi.saveTxt(data, tmp_path)
    assert folder == tmp_path / ANNAS_MAIL / str(walk["id"])
    assert f"user : <hexoskin.client.account: {ANNA}>\n" in texts_in(folder)["info"]


def test_a_wrong_id_says_so(auth):
    for call in (HxApi.getRecordData, HxApi.getRecordInfo, HxApi.getRangeData):
        with pytest.raises(NotFoundError):
            call(auth, 999)
        with pytest.raises(ConfigurationError, match="'first'"):
            call(auth, "first")


def test_a_span_that_is_none_says_so(auth):
    with pytest.raises(ConfigurationError, match="start='today'"):
        HxApi.getData(auth, ANNA, "today", 437610700800)
    with pytest.raises(TimestampError):
        HxApi.getData(auth, ANNA, 5, 437610700800)


# -- lists and objects -----------------------------------------------------------------


def test_records_are_listed_the_newest_first(auth):
    listed = HxApi.getRecordList(auth)
    assert [one["id"] for one in listed] == [WALK, SLEEP, REST, MIXED]
    assert {one["user"].email for one in listed} == {ANNAS_MAIL}
    assert len(HxApi.getRecordList(auth, limit="2")) == 2
    assert len(HxApi.getRecordList(auth, 0, ANNAS_MAIL)) == 4
    assert len(HxApi.getRecordList(auth, limit="2000", userFilter=ANNA)) == 4
    assert HxApi.getRecordList(auth, user=str(ANNA + 1)) == []
    assert HxApi.getRecordList(auth, deviceFilter="HXSKIN1200000000") == []
    assert len(HxApi.getRecordList(auth, deviceFilter="HXSKIN1200009001")) == 4


def test_a_list_is_not_cut_at_a_thousand():
    with serve_only(Shirt(record_id=41, duration_s=60)) as server:
        for number in range(1100):
            start = TICK + 512 * number
            server.world.put("range", Range(0, ANNA, start, start + 256, "Bout", None))
        auth = log_in(server)
        assert len(HxApi.getRangeList(auth)) == 20
        assert len(HxApi.getRangeList(auth, limit="1050")) == 1050
        whole = HxApi.getRangeList(auth, limit="0", user=ANNA, end=TICK + 10**6)
    assert len(whole) == 1100
    assert whole[0]["start"] == TICK


def test_ranges_are_listed_by_their_span(auth):
    first, *_, last = HxApi.getRangeList(auth, limit="0")
    after = HxApi.getRangeList(auth, start=str(first["start"] + 1), limit=0)
    before = HxApi.getRangeList(auth, end=float(last["end"] - 1), limit=0)
    assert last in after
    assert first not in after
    assert first in before
    assert last not in before
    with pytest.raises(ConfigurationError, match="end='noon'"):
        HxApi.getRangeList(auth, end="noon")


def test_ranges_are_listed_by_type(auth):
    sleeps = HxApi.getRangeList(auth, user=ANNA, activitytype="12")
    assert sleeps
    assert {one["name"] for one in sleeps} == {"Sleep"}


@pytest.mark.parametrize("limit", ["all", "-1", None, "1.5"])
def test_a_limit_that_is_none_says_so(auth, limit):
    with pytest.raises(ConfigurationError, match="limit="):
        HxApi.getRecordList(auth, limit=limit)


def test_the_facts_of_a_record_are_as_the_service_has_them(auth, server):
    info = HxApi.getRecordInfo(auth, str(REST))
    told = ask(server, f"/api/record/{REST}/")
    assert list(info) == list(told)
    assert {**info, "user": None} == {**told, "user": None}
    assert str(info["user"]) == f"<hexoskin.client.account: {ANNA}>"
    HxApi.DIALECT = "port"
    other = HxApi.getRecordInfo(auth, REST)["user"]
    assert str(other) == f"<hexoskin.client.user: {ANNA}>"
    assert info["user"].first_name == info["user"]["first_name"] == "Anna"
    assert info["device"] == "/api/device/HXSKIN1200009001/"
    with pytest.raises(AttributeError, match="no 'shoe_size'; it has email"):
        _ = info["user"].shoe_size
    assert info["user"].get("shoe_size") is None


def test_what_a_range_refers_to_is_fetched_when_it_is_wanted(auth, server):
    walk = HxApi.getRangeList(auth, limit="0")[1]
    server.clear_log()
    assert str(walk["activitytype"]) == "<hexoskin.client.activitytype: 10>"
    assert walk["user"].id == ANNA
    assert walk["context"]["trainingroutine"] == "/api/trainingroutine/6/"
    assert server.log == []
    assert walk["user"].email == ANNAS_MAIL
    assert walk["user"]["last_name"] == "Synthetic"
    assert walk["activitytype"].fields["name"] == "running"
    assert len(server.log) == 2


def test_objects_can_be_copied_and_pickled(auth):
    walk = HxApi.getRangeList(auth, limit="1")[0]
    for other in (copy.deepcopy(walk), pickled(walk)):
        assert other["user"].email == ANNAS_MAIL
        assert str(other["user"]) == str(walk["user"])


# -- auth.api, as the vendor's client has it -------------------------------------------


def test_a_script_may_ask_for_resources_as_of_the_vendors_client(auth, server):
    (user,) = auth.api.account.list()
    assert str(user) == f"<hexoskin.client.account: {ANNA}>"
    assert (user.email, user["first_name"]) == (ANNAS_MAIL, "Anna")
    records = auth.api.record.list()
    assert [one.id for one in records] == [WALK, SLEEP, REST, MIXED]
    assert records[0].user.email == ANNAS_MAIL
    assert str(records[0]) == f"<hexoskin.client.record: {WALK}>"
    listed = records.response.result["objects"]
    assert [one["id"] for one in listed] == [WALK, SLEEP, REST, MIXED]
    assert listed[0]["user"].email == ANNAS_MAIL
    record = auth.api.record.get(REST)
    told = ask(server, f"/api/record/{REST}/")
    assert {**record.fields, "user": None} == {**told, "user": None}
    assert (record.start, record.end) == (told["start"], told["end"])
    assert auth.api.record.get(record.resource_uri) == record
    assert auth.api.record.get(str(REST), force_refresh=True) == record
    assert auth.api.user.get(ANNA).email == ANNAS_MAIL
    assert auth.api.user.get(record.user).id == ANNA
    assert auth.api.datatype.get(19).name == "heart_rate"
    device = auth.api.device.get("HXSKIN1200009001")
    assert str(device) == "<hexoskin.client.device: HXSKIN1200009001>"


def test_lists_take_the_filters_of_the_service(auth):
    user = auth.api.user.get(ANNA)
    for filters in ({"user": ANNA}, {"user": user}, {"user": user.resource_uri}):
        assert len(auth.api.record.list(filters)) == 4
    two = auth.api.record.list({"user": ANNA}, id__in=[REST, WALK])
    assert {one.id for one in two} == {REST, WALK}
    walk = auth.api.range.list(order_by="start")[1]
    assert walk.activitytype.fields["name"] == "running"
    (track,) = auth.api.track.list(range__in=walk.id)
    points = auth.api.trackpoint.list(track=track.id, limit=0, order_by="time")
    assert len(points.response.result["objects"]) > 20
    with pytest.raises(RequestError, match="shoe_size"):
        auth.api.record.list(order_by="shoe_size")


def test_lists_go_on_page_by_page(auth, server):
    whole = ask(server, "/api/datatype/", limit=1000)["objects"]
    datatypes = auth.api.datatype.list()
    assert len(datatypes) == 20
    assert datatypes.nexturl.startswith("/api/datatype/?")
    datatypes.load_next()
    assert len(datatypes) == 40
    assert datatypes[39].dataid == whole[39]["dataid"]
    server.clear_log()
    some = [one.name for _, one in zip(range(50), datatypes.iter_all(), strict=False)]
    assert some == [one["name"] for one in whole[:50]]
    assert len(server.log) == 1
    assert datatypes.prefetch_all() is datatypes
    assert datatypes == whole
    assert datatypes.nexturl is None
    with pytest.raises(StopIteration):
        datatypes.load_next()
    assert len(auth.api.datatype.list(limit=45)) == 45


def test_data_come_whole_where_the_service_would_thin_them(auth, server):
    (found,) = auth.api.data.list(record=MIXED, datatype=4113)
    assert found.user == f"/api/user/{ANNA}/"
    assert len(found.data[4113]) > 2 * 65_536
    assert found.data[4113][:9] == rows_of(server, MIXED, 4113)[:9]


def test_data_are_found_in_the_places_where_scripts_look(auth, server):
    rows = {number: rows_of(server, REST, number) for number in (19, 18)}
    record = auth.api.record.get(REST)
    span = {"start": record.start, "end": record.end}
    for which in (
        {"record": REST},
        {"record": record},
        {"record": REST, **span},
        {"user": record.user, **span},
        {"user": ANNA, **span},
        span,
    ):
        result = auth.api.data.list(which, datatype__in=(19, 18))
        assert len(result) == 1
        assert result[0].data == rows
        (told,) = result.response.result
        assert told["user"] == f"/api/user/{ANNA}/"
        assert told["data"]["19"] == rows[19]
    times, values = zip(*result[0].data[19], strict=True)
    assert (times[0], values[0]) == rows[19][0]
    first, last = rows[19][100][0], rows[19][110][0]
    part = auth.api.data.list(record=REST, start=first, end=last, datatype="19")
    assert part[0].data == {19: rows[19][100:111]}
    later = auth.api.data.list(record=REST, start=first, datatype="19")
    assert later[0].data == {19: rows[19][100:]}
    sleep = auth.api.range.list(order_by="start")[0]
    inside = auth.api.data.list(range=sleep.id, datatype=33)[0].data[33]
    known = rows_of(server, MIXED, 33)
    assert inside == [row for row in known if sleep.start <= row[0] <= sleep.end]
    assert inside


def test_data_may_be_flat(auth, server):
    rows = rows_of(server, REST, 19)
    flat = auth.api.data.list(record=REST, datatype=19, flat=True)
    assert flat == rows
    assert flat.response.result == rows
    values = auth.api.data.list(record=REST, datatype=19, flat=1, no_timestamps=True)
    assert values == [value for _, value in rows]


def test_where_there_are_no_data_the_list_is_empty(auth):
    nothing = auth.api.data.list(
        user=ANNA, start=359840227126, end=359840821814, datatype=19
    )
    assert nothing == nothing.response.result == []
    far = auth.api.data.list(record=REST, start=1, end=5, datatype=19)
    assert far == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"record": REST}, "datatype=None: give the ids"),
        ({"record": REST, "datatype": ()}, "give the ids"),
        ({"record": REST, "datatype": "heart"}, "'heart'"),
        ({"datatype": 19}, "needs record=, range=, or user="),
        ({"user": ANNA, "start": 5, "datatype": 19}, "needs record="),
        ({"record": REST, "datatype": 19, "subsample": 5}, "has no subsample"),
        ({"record": REST, "datatype": 19, "format": "text/csv"}, "only JSON"),
    ],
)
def test_data_that_are_not_described_say_what_is_missing(auth, given, why):
    with pytest.raises(ConfigurationError, match=why):
        auth.api.data.list(**given)


def test_what_the_api_does_not_offer_is_named(auth):
    with pytest.raises(AttributeError, match="offers clear_resource_cache"):
        _ = auth.api.nonsense
    with pytest.raises(AttributeError, match="hexoframe only reads"):
        _ = auth.api.range.create
    with pytest.raises(AttributeError, match="of all resources but data"):
        _ = auth.api.data.get
    with pytest.raises(ConfigurationError, match="only JSON"):
        auth.api.record.list(format="application/octet-stream")
    with pytest.raises(ConfigurationError, match="'first'"):
        auth.api.record.get("first")
    with pytest.raises(NotFoundError):
        auth.api.record.get(999)


# -- time stamps -----------------------------------------------------------------------


def test_time_stamps_of_lists_are_converted():
    rows = [(TICK, 70), (TICK + 256.0, None)]
    later = TEXT.replace(":06:", ":07:")
    converted = HxApi.convertTimestamps(rows, "String")
    assert converted == [(TEXT, 70), (later, None)]
    assert HxApi.convertTimestamps([TICK], "String") == [TEXT]
    assert HxApi.convertTimestamps([(TICK,)], "String") == [TEXT]
    assert HxApi.convertTimestamps(rows, "Epoch") is rows
    assert HxApi.convertTimestamps([], "String") == []
    assert HxApi.convertTimestamps(np.array(rows[:1]), "String") == [(TEXT, 70)]
    HxApi.TIMESTAMP_FORMAT = "%H:%M"
    HxApi.TIMEZONE = MONTREAL
    assert HxApi.convertTimestamps([[TICK, 70]], "String") == [("15:38", 70)]
    assert HxApi.convertTimestamps([(1_691_371_518_000, 1)], "String") == [("21:25", 1)]


def test_time_stamps_of_samples_are_converted_both_ways(auth):
    info = HxApi.getRecordInfo(auth, REST)
    samples = HxApi.getUnsubsampledData(auth, ANNA, info["start"], info["end"], 19)
    text = HxApi.convertTimestamps(samples, "String")
    assert text == HxApi.convertTimestamps(list(samples), "String")
    assert HxApi.convertTimestamps(text, "Epoch") == samples
    assert text[0] == ("2024:03:03\t22:00:01:000000", 70)


def test_a_form_of_time_stamps_that_is_none_says_so():
    with pytest.raises(ConfigurationError, match="'Seconds': give 'Epoch' or 'String'"):
        HxApi.convertTimestamps([(TICK, 70)], "Seconds")
    with pytest.raises(ConfigurationError, match="arr='noon'"):
        HxApi.convertTimestamps([("noon", 70)], "String")


# -- settings --------------------------------------------------------------------------


def test_the_model_sets_the_tables():
    assert HxApi.MODEL == "Hexoskin"
    assert HxApi.raw_datatypes == {
        "acc": [4145, 4146, 4147],
        "ecg": [4113],
        "resp": [4129, 4130],
    }
    assert HxApi.datatypes["heartrate"] == [19]
    del HxApi.datatypes["heartrate"]
    HxApi.MODEL = "CHA3000"
    assert HxApi.raw_datatypes["ecg"] == [4113, 4114, 4115]
    assert HxApi.raw_datatypes["temperature"] == [81]
    assert HxApi.datatypes["heartrate"] == [19]
    HxApi.MODEL = "Hexoskin"
    assert list(HxApi.datatypes) == HEXOSKIN[3:]
    HxApi.DIALECT = "port"
    assert [*HxApi.raw_datatypes, *HxApi.datatypes] == PORT
    assert HxApi.datatypes["nninterval"] == [318]
    HxApi.MODEL = "CHA3000"
    assert [*HxApi.raw_datatypes, *HxApi.datatypes] == CHA3000


def test_names_of_both_dialects_answer(auth):
    renamed = {"acc": "acceleration", "resp": "respiration", "heartrate": "heart_rate"}
    renamed |= {"minuteventilation": "minute_ventilation"}
    renamed |= {"breathingrate": "breathing_rate"}
    for dialect, pairs in (
        ("classic", renamed.items()),
        ("port", [(port, classic) for classic, port in renamed.items()]),
    ):
        HxApi.DIALECT = dialect
        data = HxApi.getRecordData(auth, REST)
        for own, other in pairs:
            assert data[other] is data[own]
            assert data.get(other) is data[own]
            assert own in data
            assert other in data
            assert own in list(data)
            assert other not in list(data)
            tables = {**HxApi.raw_datatypes, **HxApi.datatypes}
            assert own in tables
            table = HxApi.raw_datatypes if own[0] in "ar" else HxApi.datatypes
            assert table[other] == table[own]
        with pytest.raises(KeyError, match="'pulse'"):
            data["pulse"]


def test_a_key_keeps_its_name_whichever_dialect_changes_it():
    data = DialectDict({"heartrate": [1], "vt": [2], "mine": [3]})
    data["heart_rate"] = [4]
    assert data == {"heartrate": [4], "vt": [2], "mine": [3]}
    assert data.setdefault("heart_rate", [5]) == [4]
    data.update({"heart_rate": [6]}, breathing_rate=[7])
    assert list(data) == ["heartrate", "vt", "mine", "breathing_rate"]
    assert data["breathingrate"] == [7]
    del data["breathingrate"]
    assert data.pop("heart_rate") == [6]
    assert data.pop("heart_rate", None) is None
    assert data.get("heart_rate", 0) == 0
    joined = data | {"acc": [8]}
    assert joined["acceleration"] == [8]
    for other in (joined.copy(), copy.deepcopy(joined), pickled(joined)):
        assert other == {"vt": [2], "mine": [3], "acc": [8]}
        assert other["acceleration"] == [8]
    assert "acc" not in data
    with pytest.raises(KeyError):
        del data["heart_rate"]


def test_settings_that_are_none_say_so():
    with pytest.raises(ConfigurationError, match="'Hexoskin' or 'CHA3000'"):
        HxApi.MODEL = "Astroskin"
    with pytest.raises(ConfigurationError, match="'classic' or 'port'"):
        HxApi.DIALECT = "snake"
    with pytest.raises(ConfigurationError, match="'Epoch' or 'String'"):
        HxApi.TIMESTAMP = "Text"
    with pytest.raises(ConfigurationError, match="'Montreal' is no time zone"):
        HxApi.TIMEZONE = "Montreal"
    with pytest.raises(ConfigurationError, match="%s"):
        HxApi.TIMESTAMP_FORMAT = "%s"
    assert (HxApi.MODEL, HxApi.TIMESTAMP) == ("Hexoskin", "Epoch")
    assert (HxApi.TIMEZONE, HxApi.TIMESTAMP_FORMAT[:2]) == ("UTC", "%Y")


def test_every_datatype_of_the_tables_has_a_rate_for_who_looks():
    for model in ("Hexoskin", "CHA3000"):
        HxApi.MODEL = model
        for ids in {**HxApi.raw_datatypes, **HxApi.datatypes}.values():
            for number in ids:
                assert HxApi.dataSampleRate[number] in (1, 2, 4, 256, [])
    assert HxApi.dataSampleRate[4113] == 1
    assert HxApi.dataSampleRate[37] == []


# -- samples ---------------------------------------------------------------------------


def heart_rates(count: int = 3000, *, missing: tuple[int, ...] = ()) -> SampleTuples:
    """Return heart rates of 60, 61, 62, ... at each second from TICK on."""
    channel = find("hexoskin", "heart_rate")
    values = 60.0 + np.arange(count) % 100
    values[list(missing)] = np.nan
    index = ticks_to_index(TICK + 256 * np.arange(count), clock=256)
    frame = make_frame(channel, index, {"heart_rate": values})
    source = LazyChannel(read=lambda: frame)
    return SampleTuples(channel, source, stamps=Stamps(clock=256), scale="physical")


def listed(count: int = 3000) -> list[tuple[int, int]]:
    return [(TICK + 256 * n, 60 + n % 100) for n in range(count)]


def test_samples_are_like_the_list_of_their_tuples():
    samples, rows = heart_rates(), listed()
    assert len(samples) == 3000
    assert list(samples) == rows
    assert samples == rows
    assert rows == samples
    assert samples != rows[:-1]
    assert samples != [*rows[:-1], (0, 0)]
    assert samples == heart_rates()
    assert samples != tuple(rows)
    for key in (0, 1, 1023, 1024, 2999, -1, -3000):
        assert samples[key] == rows[key]
    for key in (
        slice(5),
        slice(-5, None),
        slice(1000, 2100),
        slice(None, None, -7),
        slice(9, 3),
    ):
        assert isinstance(samples[key], SampleTuples)
        assert samples[key] == rows[key]
    assert list(reversed(samples)) == rows[::-1]
    assert rows[7] in samples
    assert samples.index(rows[7]) == 7
    assert list(zip(*samples, strict=True)) == list(zip(*rows, strict=True))
    assert [type(cell) for cell in samples[0]] == [int, int]
    assert samples[5:5] == []
    assert not samples[5:5]
    for wrong in (3000, -3001):
        with pytest.raises(IndexError):
            samples[wrong]
    with pytest.raises(TypeError):
        hash(samples)


def test_samples_show_the_first_of_them_and_how_many_there_are():
    channel = find("hexoskin", "heart_rate")
    ticks = 437588582400 + 256 * np.arange(5)
    index = ticks_to_index(ticks, clock=256)
    frame = make_frame(channel, index, {"heart_rate": np.arange(70.0, 75)})
    samples = SampleTuples(
        channel,
        LazyChannel(read=lambda: frame),
        stamps=Stamps(clock=256),
        scale="physical",
    )
    assert repr(samples) == (
        "<5 samples (time, heart_rate): [(437588582400, 70), (437588582656, 71), "
        "(437588582912, 72), ...]>"
    )
    assert repr(samples[:1]) == "<1 samples (time, heart_rate): [(437588582400, 70)]>"


def test_a_missing_value_is_none():
    samples = heart_rates(4, missing=(1,))
    assert samples == [*listed(1), (TICK + 256, None), *listed(4)[2:]]


def test_samples_become_arrays_as_the_list_does():
    samples, rows = heart_rates(), listed()
    array = np.array(samples)
    assert array.dtype == np.int64
    assert np.array_equal(array, np.array(rows))
    assert np.array(samples, dtype=float).dtype == np.float64
    assert np.array(heart_rates(3, missing=(1,))).tolist()[1] == [TICK + 256, None]
    assert np.array(samples[:0]).shape == (0,)
    assert pd.DataFrame(samples).equals(pd.DataFrame(rows))
    with pytest.raises(ValueError, match="only be copied"):
        np.asarray(samples, copy=False)


def test_samples_of_many_blocks_are_whole():
    samples, rows = heart_rates(200_000), listed(200_000)
    assert samples == rows
    assert np.array_equal(np.array(samples), np.array(rows))
    assert b"".join(samples.lines("classic")).decode() == old_text(rows)


def test_samples_can_be_copied_and_pickled():
    for other in (copy.deepcopy(heart_rates()), pickled(heart_rates())):
        assert other == listed()


def test_raw_counts_give_the_same_tuples():
    row = find("hexoskin", "activity").datatypes[0]
    channel = Channel("activity", (row,))
    index = ticks_to_index([TICK], clock=256)
    for scale, value in (("raw", 5.0), ("physical", 5 / 256)):
        frame = make_frame(channel, index, {"activity": np.array([value])}, scale=scale)
        source = LazyChannel(read=lambda frame=frame: frame)
        samples = SampleTuples(channel, source, stamps=Stamps(clock=256), scale=scale)
        assert samples == [(TICK, 0.01953125)]


# -- files -----------------------------------------------------------------------------


@pytest.fixture
def small(auth) -> dict[str, Any]:
    """Heart rates of a record, and what comes with them."""
    HxApi.raw_datatypes, HxApi.datatypes = {}, {"heart_rate": [19]}
    return HxApi.getRecordData(auth, REST)


def test_edited_data_are_written_as_they_are(small, tmp_path):
    small["heart_rate"] = small["heart_rate"][10:12]
    small["mine"] = [(1, 2.5, None), ["a", np.float64(0.1)], (1 / 3, 2.0)]
    small["annotations"][0]["note"] = "two\nlines\tand a tab"
    folder = HxApi.saveTxt(small, str(tmp_path) + "/")
    written = texts_in(folder)
    assert folder == tmp_path / ANNAS_MAIL / str(REST)
    assert written["annotations"].splitlines()[1].endswith("two lines and a tab\t")
    assert written["heart_rate"] == old_text(list(small["heart_rate"]))
    assert written["mine"] == "1\t2.5\tNone\na\t0.1\n0.333333333333\t2.0\n"
    HxApi.DIALECT = "port"
    written = texts_in(HxApi.saveTxt(small, tmp_path))["mine"]
    assert written == "1\t2.5\tNone\na\t0.1\n0.3333333333333333\t2.0\n"


def test_ranges_of_older_answers_are_written_too(small, tmp_path):
    first = dict(small["annotations"][0])
    del first["context"]
    older = {**first, "trainingroutine": "/api/v1/trainingroutine/1/"}
    small["annotations"] = [older, {**older, "trainingroutine": None}]
    lines = texts_in(HxApi.saveTxt(small, tmp_path))["annotations"].splitlines()
    assert lines[1].split("\t")[5] == "/api/v1/trainingroutine/1/"
    assert lines[2].split("\t")[5] == "None"
    small["annotations"] = []
    text = texts_in(HxApi.saveTxt(small, tmp_path))["annotations"]
    assert text == "rank\tstart\tend\tid\tname\ttrainingroutine\tnote\n"


def test_files_are_replaced_and_those_of_others_stay(small, tmp_path):
    folder = HxApi.saveTxt(small, tmp_path)
    (folder / "heart_rate.txt").write_text("old")
    (folder / "notes.txt").write_text("mine")
    (folder / "ecg.txt").write_text("of another day")
    HxApi.saveTxt(small, tmp_path)
    written = texts_in(folder)
    assert written["heart_rate"] == old_text(list(small["heart_rate"]))
    assert (written["notes"], written["ecg"]) == ("mine", "of another day")


def test_a_failure_leaves_no_half_folder(small, tmp_path):
    folder = HxApi.saveTxt(small, tmp_path)
    before = texts_in(folder)
    small["heart_rate"] = [(1, 2)]
    small["wrong"] = [(1, 2), 3]
    with pytest.raises(ConfigurationError, match=r"data\['wrong'\]\[1\] is 3"):
        HxApi.saveTxt(small, tmp_path)
    assert texts_in(folder) == before


@pytest.mark.parametrize("info", [None, {}, {"id": 5}, {"user": {"email": "a@b.c"}}])
def test_data_that_do_not_say_whose_they_are_say_so(info, tmp_path):
    data = {"heart_rate": [(1, 2)]} | ({} if info is None else {"info": info})
    with pytest.raises(ConfigurationError, match=r"data\['info'\] has no"):
        HxApi.saveTxt(data, tmp_path)


def test_a_name_never_leads_out_of_the_folder(tmp_path):
    data = {"info": {"id": "..", "user": {"email": "../../x@y.z"}}}
    folder = HxApi.saveTxt(data, tmp_path / "in")
    assert folder.resolve().is_relative_to(tmp_path / "in")
    assert (folder / "info.txt").read_text().startswith("id : ..\n")


def test_what_is_written_opens_as_a_record(auth, tmp_path):
    data = HxApi.getRecordData(auth, REST)
    folder = HxApi.saveTxt(data, tmp_path)
    assert "_frame" not in vars(data["ecg"]), "what is only written is not kept"
    record = hexoframe.open_record(folder)
    assert (record.id, record.info["user_id"]) == (REST, ANNA)
    assert record["heart_rate"]["heart_rate"].iloc[0] == 70
    assert record.ranges["name"].tolist() == ["Rest"]


# -- logging in ------------------------------------------------------------------------


def test_wrong_credentials_are_told_apart(server):
    with pytest.raises(ConfigurationError, match=r"login_invalid.*user name and pass"):
        log_in(server, password="wrong")  # noqa: S106
    with pytest.raises(ValueError, match="key_invalid"):
        log_in(server, privateKey="wrong")


def test_a_login_can_be_tried_again(auth, server):
    assert HxApi.test_auth(auth.api) == ""
    server.faults.add(ServerFault(kind="status", status=401))
    assert HxApi.test_auth(auth.api) == "login_invalid"


def test_a_server_that_fails_is_no_wrong_login(auth, server):
    server.faults.add(ServerFault(kind="status", status=501, times=99))
    with pytest.raises(ServerError):
        HxApi.test_auth(auth.api)
    server.faults.clear()
    server.faults.add(ServerFault(kind="status", status=403))
    with pytest.raises(AuthenticationError, match="not open"):
        HxApi.test_auth(auth.api)


def test_credentials_come_from_the_environment_too(server, monkeypatch):
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    assert HxApi.getRecordInfo(HxApi.SessionInfo(), REST)["id"] == REST
    wrong = HxApi.SessionInfo(username="null", password="")
    assert wrong.api.client.base_url == server.base_url


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("api", "https://api.hexoskin.com"),
        ("sapi", "https://sapi.hexoskin.com"),
        ("lapi", "https://lapi.hexoskin.com:4433"),
        ("astro", "https://astro.hexoskin.com"),
    ],
)
def test_servers_have_the_names_of_the_old_script(name, url, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "hexoframe.hxapi.sessions.test_auth", lambda api: asked.append(api) or ""
    )
    for named in ({"base_url": name}, {"database": name}):
        auth = HxApi.SessionInfo("key", "secret", "a@b.c", "pass", **named)
        assert auth.api.client.base_url == url
        assert asked.pop() is auth.api


def test_an_unknown_server_says_which_there_are(server):
    with pytest.raises(ConfigurationError, match="'dapi', 'lapi'"):
        log_in(server, base_url="production")


def test_no_secret_is_shown(auth, server):
    shown = f"{auth!r} {auth.api!r} {vars(auth)}"
    assert server.base_url in shown
    for secret in (server.password, server.api_secret, server.api_key):
        assert secret not in shown


def test_what_is_no_login_says_so():
    with pytest.raises(ConfigurationError, match="auth is a str"):
        HxApi.getRecordList("key")


def test_the_cache_can_be_cleared(auth):
    HxApi.getRecordData(auth, REST, downloadRaw=False)
    assert len(hexoframe.cache.info()) == 1
    HxApi.clearCache(auth)
    assert hexoframe.cache.info().empty


def test_a_second_load_asks_for_no_sample(auth, server):
    first = HxApi.getRecordData(auth, REST)
    server.clear_log()
    second = HxApi.getRecordData(auth, REST)
    assert "/api/data/" not in {entry.path.partition("?")[0] for entry in server.log}
    assert second["ecg"] == first["ecg"]


def test_every_name_is_there():
    for name in HxApi.__all__:
        assert hasattr(HxApi, name)


def test_errors_are_those_of_the_package(auth):
    with pytest.raises(HexoframeError):
        HxApi.getRecordData(auth, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HxApi.getRecordData(auth, REST, downloadRaw=False)
