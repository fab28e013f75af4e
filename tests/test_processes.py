"""Processes that load: killed, interrupted, side by side; real files, a real pace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hexoframe.api.load import plan
from hexoframe.cache import Cache
from hexoframe.client import connect
from hexoframe.opening import open_record
from hexoframe.simulator.shirt import Shirt

pytestmark = [
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
    pytest.mark.usefixtures("own_config"),
]
# Four parts of the export besides its states; four pages of ECG.
SHIRT = Shirt(seed=3, duration_s=1000, record_id=41, presses=(5,))
CHUNK_BYTES = 300_000
PROBE = "datatype=4114%2C4115%2C64"

# What a user would write, but for the size of the parts.
SCRIPT = """
import sys, warnings
import hexoframe
from hexoframe.api.load import plan
from hexoframe.api.http.limiter import Limiter
plan.ZIP_CHUNK_BYTES = {chunk_bytes}
warnings.simplefilter("ignore")
client = hexoframe.connect()
if {hurried}:
    client.session.limiter = Limiter("test", spacing_s=0)
print("begun", flush=True)
record = client.load_record(41, transport={way!r}, channels={channels!r})
record.to_parquet(sys.argv[1])
"""


@pytest.fixture
def begin(tmp_path):
    """Start a process that loads the record and writes it into a folder."""
    begun = []

    def begin(server, way, *, folder="out", **other):
        usual = {"chunk_bytes": CHUNK_BYTES, "channels": None, "hurried": True}
        code = SCRIPT.format(way=way, **{**usual, **other})
        environment = {
            **os.environ,
            **(server if isinstance(server, dict) else server.environment()),
            "PYTHONPATH": str(Path(plan.__file__).parents[2]),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / folder)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout.readline() == "begun\n", process.communicate()
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def ended(process):
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@pytest.fixture(scope="module")
def whole(serving, new_client):
    """The record by each way, and the paths of its chunks."""
    loaded = {}
    with serving(SHIRT) as server, new_client(server) as client:
        for way in ("zip", "json"):
            server.clear_log()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(plan, "ZIP_CHUNK_BYTES", CHUNK_BYTES)
                record = client.load_record(41, transport=way)
            loaded[way] = (record, {entry.path for entry in chunks(server)})
    return loaded


def chunks(server):
    data = [entry for entry in server.log if entry.path.startswith("/api/data/")]
    return [entry for entry in data if PROBE not in entry.path]


def finished():
    """How many chunks are in the store."""
    # Folders come and go meanwhile, which a walk passes over.
    found = (names for _, _, names in os.walk(Cache().folder))
    return sum(name.endswith(".sha256") for names in found for name in names)


def begin_anew(server):
    """Forget the requests so far, also that of a dead process that comes late.

    What follows need not be caught in its middle, so the line is quick from now on.
    """
    known = -1
    while known != len(server.log):
        known = len(server.log)
        time.sleep(0.2)
    server.clear_log()
    server._gateway.line.bandwidth = None


def wait_for(happened, process):
    limit = time.monotonic() + 30
    while not happened():
        assert process.poll() is None, "it ended too soon"
        assert time.monotonic() < limit, "it did not come so far"
        time.sleep(0.005)


# A line so slow that a download can be caught in its middle.
SLOW = {"zip": {"bandwidth": 600_000}, "json": {"bandwidth": 1_500_000}}


@pytest.mark.parametrize("way", ["zip", "json"])
def test_a_download_that_was_killed_goes_on_in_another_process(
    serving, begin, whole, differences, tmp_path, way
):
    record, paths = whole[way]
    with serving(SHIRT, **SLOW[way]) as server:
        first = begin(server, way)
        wait_for(lambda: finished() >= 2, first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        kept = finished()
        assert 2 <= kept < len(paths)
        begin_anew(server)
        ended(begin(server, way))
        again = [entry.path for entry in chunks(server)]
    assert len(again) == len(paths) - kept, "only what is missing is fetched"
    assert len(set(again)) == len(again)
    assert set(again) < paths
    assert differences(open_record(tmp_path / "out" / "record_41"), record) == []
    assert finished() == 0
    assert Cache().entries()[0].key.record == 41


@pytest.mark.slow
def test_a_part_of_the_export_that_was_cut_off_goes_on_in_its_middle(
    serving, begin, whole, differences, tmp_path
):
    record, _ = whole["zip"]

    def half_a_part():
        parts = Cache().folder.rglob("*.part")
        return any(path.stat().st_size > 40_000 for path in parts)

    with serving(SHIRT, bandwidth=300_000) as server:
        first = begin(server, "zip")
        wait_for(half_a_part, first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        begin_anew(server)
        ended(begin(server, "zip"))
        resumed = [entry for entry in chunks(server) if entry.range]
    assert [entry.status for entry in resumed] == [206]
    assert differences(open_record(tmp_path / "out" / "record_41"), record) == []


@pytest.mark.slow
def test_pages_of_a_slow_line_come_in_order_and_a_killed_load_keeps_them(
    serving, begin, whole
):
    with serving(SHIRT, bandwidth=120_000) as server:
        first = begin(server, "json")
        wait_for(lambda: finished() >= 2, first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        kept = finished()
        begun = [entry.path for entry in chunks(server)]
    assert 2 <= kept < len(whole["json"][1])
    assert len(begun) <= kept + 1, "one page at a time"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["zip", "json"])
def test_a_download_that_is_killed_again_and_again_comes_to_its_end(
    serving, begin, whole, differences, tmp_path, way
):
    record, paths = whole[way]
    with serving(SHIRT, **SLOW[way]) as server:
        for number in range(1, len(paths)):
            process = begin(server, way)
            wait_for(lambda number=number: finished() >= number, process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        ended(begin(server, way))
        asked = [entry.path for entry in chunks(server)]
    # A chunk that was on its way when the process died is asked for once more.
    assert len(asked) <= len(paths) + 4 * (len(paths) - 1)
    assert differences(open_record(tmp_path / "out" / "record_41"), record) == []


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_writes_the_cache_leaves_no_half_record(
    serving, begin, whole, differences, tmp_path
):
    record, _ = whole["zip"]

    def half_written():
        return list(Cache().folder.glob("records/*/41/.*/**/*.parquet"))

    with serving(SHIRT) as server:
        for _ in range(4):
            process = begin(server, "zip")
            wait_for(half_written, process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert Cache().entries() == []
        server.clear_log()
        ended(begin(server, "zip"))
        assert chunks(server) == [], "all chunks were there"
    assert differences(open_record(tmp_path / "out" / "record_41"), record) == []
    assert not list(Cache().folder.glob("records/*/41/.*"))


# -- Ctrl-C ----------------------------------------------------------------------------

# A server that says nothing for a while, a slow line, and one that asks for a wait.
STUCK = {
    "silence": {"latency_s": 20},
    "a slow line": {"bandwidth": 20_000},
    "a wait": {"rate_limit": 1, "rate_retry_after": 60},
}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize("way", ["zip", "json"])
@pytest.mark.parametrize(
    "stuck",
    [
        "silence",
        pytest.param("a slow line", marks=pytest.mark.slow),
        pytest.param("a wait", marks=pytest.mark.slow),
    ],
)
def test_an_interrupt_ends_a_download_at_once(serving, begin, stuck, way):
    with serving(SHIRT, **STUCK[stuck]) as server:
        process = begin(server, way)
        if stuck != "silence":
            wait_for(lambda: len(server.log) > 1, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        # No measure of time, but far below what the server makes it wait.
        _, errors = process.communicate(timeout=8)
    assert "KeyboardInterrupt" in errors
    assert process.returncode != 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize("way", ["zip", "json"])
def test_an_interrupted_download_goes_on(
    serving, begin, whole, differences, tmp_path, way
):
    record, paths = whole[way]
    with serving(SHIRT, **SLOW[way]) as server:
        process = begin(server, way)
        wait_for(lambda: finished() >= 1, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=8)
        assert "KeyboardInterrupt" in errors
        kept = finished()
        assert kept >= 1
        begin_anew(server)
        ended(begin(server, way))
        assert len(chunks(server)) == len(paths) - kept
    assert differences(open_record(tmp_path / "out" / "record_41"), record) == []


# -- side by side ----------------------------------------------------------------------

# A server in a process of its own, whose clock no client holds up.
SERVER = """
import json, sys
from hexoframe.simulator.server import serve
from hexoframe.simulator.shirt import Shirt
settings = json.loads(sys.argv[1])
with serve(recordings=[Shirt(**settings)]) as server:
    print(json.dumps(server.environment()), flush=True)
    sys.stdin.readline()
    log = [(entry.path, entry.time) for entry in server.log]
    print(json.dumps({"log": log, "most": server.most_in_a_second()}), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["zip", "json"])
def test_threads_and_processes_load_one_record_once_and_keep_the_pace(
    whole, differences, tmp_path, begin, monkeypatch, way
):
    record, _ = whole[way]
    # Enough for several chunks; more would make the pace a test of this machine.
    some = ["ecg", "heart_rate"]
    how = {"channels": some, "chunk_bytes": 100_000, "hurried": False}
    monkeypatch.setattr(plan, "ZIP_CHUNK_BYTES", how["chunk_bytes"])
    records = []

    def load():
        with connect() as client:
            records.append(client.load_record(41, transport=way, channels=some))

    settings = {"seed": 3, "duration_s": 1000, "record_id": 41, "presses": (5,)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        environment = json.loads(server.stdout.readline())
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        processes = [
            begin(environment, way, folder=name, **how) for name in ("one", "two")
        ]
        threads = [threading.Thread(target=load) for _ in range(4)]
        for each in threads:
            each.start()
        for each in (*threads, *processes):
            each.join() if isinstance(each, threading.Thread) else ended(each)
        told, _ = server.communicate("\n", timeout=30)
    report = json.loads(told)
    asked = [path for path, _ in report["log"]]
    samples = [p for p in asked if p.startswith("/api/data/") and PROBE not in p]
    assert len(samples) >= 3
    assert len(samples) == len(set(samples)), "each chunk is fetched once"
    assert asked.count("/api/record/41/") == 6
    assert report["most"] <= 5
    assert len(records) == 4
    written = [open_record(tmp_path / name / "record_41") for name in ("one", "two")]
    for loaded in (*records, *written):
        assert list(loaded) == some
        assert differences(loaded, record, only=some) == []
    assert len(Cache().entries()) == 1
