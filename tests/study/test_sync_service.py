"""Records come into a study from the service: once, politely, and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import AuthenticationError, ConfigurationError
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.shirt import Shirt

pytestmark = [
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
    pytest.mark.usefixtures("own_config"),
]
DAY = 86_400 * 256
START = 437_610_700_800
SOME = ["heart_rate", "breathing_rate", "rr_interval"]


def shirts(count, **more):
    usual = {"duration_s": 30, "activity": "mixed"}
    return [
        Shirt(seed=n, record_id=100 + n, start=START + n * DAY, **{**usual, **more})
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def world(serving):
    with serving(*shirts(4)) as server:
        yield server


@pytest.fixture
def server(world, cleared):
    return cleared(world)


@pytest.fixture
def client(server, client_of, tmp_path):
    return client_of(server, tmp_path / "cache")


def paths(server):
    return [entry.path for entry in server.log]


def fetched(server, for_data):
    """How often the samples of each record were sent."""
    asked = Counter()
    for entry in for_data(server):
        if entry.status == 200:
            query = parse_qs(urlsplit(entry.path).query)
            asked[int(query["record"][0]), query.get("datatype", [""])[0]] += 1
    return asked


def test_a_query_brings_its_records_and_the_same_again_fetches_nothing(
    server, client, empty, sync, for_data
):
    outcome = sync(empty, client=client, channels=SOME, user=20_001)
    assert outcome.added == [100, 101, 102, 103]
    assert set(fetched(server, for_data).values()) == {1}
    server.clear_log()
    again = sync(empty, client=client, channels=SOME, user=20_001)
    assert for_data(server) == []
    # The list of what changed since, and the schema that says that it may be asked.
    listed = [path for path in paths(server) if path.startswith("/api/record/?")]
    assert len(listed) == 1
    assert "last_modified__gte=2024-03-02T12" in listed[0]
    assert again.unchanged == outcome.added


def test_a_record_of_the_service_is_as_load_record_gives_it(
    client, empty, sync, differences
):
    sync(empty, [100], client=client)
    assert differences(client.load_record(100), empty[100]) == []


def test_the_disk_has_a_record_once(client, empty, sync):
    client.load_record(101, channels=SOME)
    sync(empty, [100, 101], client=client, channels=SOME)
    kept = {entry.key.record for entry in client.cache.entries(client.base_url)}
    # What the user had loaded before stays.
    assert kept == {101}


def test_only_what_changed_is_fetched_anew(server, client, empty, sync, for_data):
    sync(empty, client=client, channels=SOME)
    empty.map("wear", workers=1, progress=False)
    server.world.change_record(102, last_modified="2024-04-01T00:00:00+00:00")
    try:
        server.clear_log()
        outcome = sync(empty, client=client, channels=SOME)
        assert outcome.updated == [102]
        assert {number for number, _ in fetched(server, for_data)} == {102}
        assert empty.results("wear").records == [100, 101, 103]
    finally:
        server.world.change_record(102, last_modified="2024-03-02T12:00:00+00:00")


def test_what_failed_is_a_row_and_is_fetched_by_the_next_sync(
    server, client, empty, sync
):
    server.faults.add(
        ServerFault(kind="status", status=404, times=None, path="record=101")
    )
    outcome = sync(empty, client=client, channels=SOME)
    assert outcome.added == [100, 102, 103]
    (row,) = outcome.failures.to_dict("records")
    assert (row["record"], row["stage"], row["type"]) == (101, "load", "NotFoundError")
    assert sync(empty, client=client, channels=SOME).failures["attempts"].tolist() == [
        2
    ]
    server.faults.clear()
    assert sync(empty, client=client, channels=SOME).added == [101]
    assert empty.failures.empty


def test_ids_that_are_not_there_are_rows(client, empty, sync):
    outcome = sync(empty, [100, 999], client=client, channels=SOME)
    assert outcome.added == [100]
    assert outcome.failures["record"].tolist() == [999]
    assert outcome.failures["stage"].tolist() == ["list"]


def test_a_table_of_list_records_names_the_records(client, empty, sync):
    listed = client.list_records(limit=2)
    assert sync(empty, listed, client=client, channels=SOME).added == [102, 103]


def test_a_record_that_is_not_complete_waits(server, client, empty, sync, for_data):
    server.world.change_record(103, status="processing")
    try:
        outcome = sync(empty, client=client, channels=SOME)
        (row,) = outcome.failures.to_dict("records")
        assert (row["record"], row["type"]) == (103, "UnfinishedRecordError")
        assert row["retryable"]
        assert 103 not in {number for number, _ in fetched(server, for_data)}
    finally:
        server.world.change_record(103, status="complete")
    assert sync(empty, client=client, channels=SOME).added == [103]


def test_a_wrong_password_ends_the_sync_at_once(server, empty, sync, signed, client_of):
    client = client_of(server, auth=signed(server, password="wrong"))  # noqa: S106
    with pytest.raises(AuthenticationError):
        sync(empty, [100, 101], client=client)


def test_a_plan_asks_for_the_list_alone_and_is_near_what_is_fetched(
    serving, client_of, tmp_path, for_data, sync
):
    with serving(*shirts(2, duration_s=300)) as server:
        client = client_of(server, tmp_path / "cache")
        study = hexoframe.open_study(tmp_path / "study")
        plan = study.plan(client=client)
        assert for_data(server) == []
        assert plan.records == 2
        assert plan.table["record"].tolist() == [100, 101]
        server.clear_log()
        sync(study, [100], client=client)
        sync(study, [101], client=client)
        sent = sum(entry.bytes for entry in server.log) / 1e6
        assert plan.megabytes / 1.5 <= sent <= plan.megabytes * 1.5
        assert abs(plan.requests - len(server.log)) <= 4
        assert study.plan(client=client).records == 0


def test_the_user_of_the_environment_is_asked(
    server, empty, sync, monkeypatch, unpaced
):
    for name, value in unpaced(server).environment().items():
        monkeypatch.setenv(name, value)
    assert sync(empty, [100], channels=SOME).added == [100]


def test_an_export_of_a_record_that_the_service_has_is_its_duplicate(
    client, empty, sync, tmp_path, worn
):
    from hexoframe.simulator.export import write_export

    path = write_export(worn(shirts(1)[0]), tmp_path / "in" / "100.zip")
    sync(empty, path, channels=SOME)
    outcome = sync(empty, [100], client=client, channels=SOME)
    assert outcome.updated == [100]
    assert outcome.duplicates["source"].tolist() == [str(path)]
    assert sync(empty, path, channels=SOME).duplicates["how"].tolist() == ["id"]
    assert empty.table()["source"].tolist() == [client.base_url]


# -- killed in the middle --------------------------------------------------------------


SCRIPT = """
import json, sys
import hexoframe
from hexoframe.api.http.limiter import limiter_for
root, options, url = sys.argv[1:]
limiter_for(url).spacing_s = 0
study = hexoframe.open_study(root, storage_options=json.loads(options))
study.sync(channels=["heart_rate", "breathing_rate"], progress=False)
"""


@pytest.fixture(params=["disk", "s3"])
def place(request, tmp_path):
    """Root and options of a study."""
    if request.param == "disk":
        return str(tmp_path / "study"), None
    url, options = request.getfixturevalue("bucket")
    return f"{url}/three-hundred", options


@pytest.mark.slow
# What s3fs and Dask say of themselves is not ours to judge.
@pytest.mark.filterwarnings("default")
def test_three_hundred_records_ten_failing_and_a_kill_in_the_middle(
    serving, place, for_data, request
):
    root, options = place
    study = hexoframe.open_study(root, storage_options=options)
    with serving(*shirts(300, duration_s=20)) as server:
        for number in range(100, 400, 30):
            fault = ServerFault(
                kind="status", status=404, times=None, path=f"record={number}"
            )
            server.faults.add(fault)
        environment = {**os.environ, **server.environment()}
        script = [SCRIPT, root, json.dumps(options), server.base_url]
        command = [sys.executable, "-c", *script]
        running = subprocess.Popen(command, env=environment)
        while len(study) < 140:
            assert running.poll() is None
            time.sleep(0.1)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert len(study) < 290
        subprocess.run(command, env=environment, check=True)
        assert len(study) == 290
        assert study.failures["record"].tolist() == list(range(100, 400, 30))
        assert len(study.verify(progress=False)) == 0
        # A record may have been on its way at the kill; no other is fetched twice.
        twice = [key for key, times in fetched(server, for_data).items() if times > 1]
        assert len({number for number, _ in twice}) <= 1
    assert options or not any(Path(root, ".scratch").iterdir())
    frame = study.map("wear", workers=2, progress=False).frame
    assert frame["record"].nunique() == 290
    assert len(study.table()) == 290
    if find_spec("distributed") is not None:
        cluster = request.getfixturevalue("cluster")
        how = {"overwrite": True, "progress": False, "send_credentials": bool(options)}
        there = study.map("wear", workers=cluster, **how).frame
        pd.testing.assert_frame_equal(frame, there, check_exact=True)


def test_ids_with_filters_are_refused_before_any_request(client, empty, sync, server):
    with pytest.raises(ConfigurationError):
        sync(empty, [100], client=client, user=5)
    assert server.log == []
