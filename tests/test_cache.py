"""Records on disk: found again, kept apart, mended, and never in the way."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hexoframe import cache
from hexoframe.api.auth.schemes import UnsignedBasic
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.session import ServiceSession
from hexoframe.api.load import plan
from hexoframe.api.load.chunks import ChunkStore
from hexoframe.cache import Cache
from hexoframe.client import Client
from hexoframe.errors import (
    AuthenticationError,
    CacheError,
    ConfigurationError,
    HexoframeError,
    HexoframeWarning,
    ServerError,
    UnfinishedRecordWarning,
)
from hexoframe.formats.own import parquet
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.server.signals import SyntheticSource
from hexoframe.simulator.shirt import Shirt

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
SHIRT = Shirt(seed=5, duration_s=120, record_id=41, presses=(5,), activity="sleep")
OTHER = Shirt(seed=6, duration_s=60, record_id=42, start=SHIRT.start + 86_400 * 256)
HEAD = "/api/record/41/"
LATER = "2025-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def running(serving):
    with serving(SHIRT, OTHER) as server:
        yield server


@pytest.fixture
def server(running):
    running.clear_log()
    running.faults.clear()
    before = dict(running.world.records)
    yield running
    running.faults.clear()
    for number, record in before.items():
        running.world.change_record(
            number, status=record.status, last_modified=record.last_modified
        )


@pytest.fixture
def folder():
    """The folder that HEXOFRAME_CACHE_DIR names in this test."""
    return cache.folder()


@pytest.fixture
def load(server, client_of, folder):
    """Load a record through the cache, and forget the requests of before."""

    def load(record=41, **how):
        server.clear_log()
        return client_of(server, folder).load_record(record, **how)

    return load


@pytest.fixture(scope="module")
def whole(running, new_client):
    with new_client(running) as client:
        return client.load_record(41)


def asked(server):
    return [entry.path for entry in server.log]


def entries():
    return Cache().entries()


# -- found again -----------------------------------------------------------------------


def test_a_second_load_costs_one_request_and_reads_no_sample(
    load, server, whole, differences
):
    load()
    again = load()
    assert asked(server) == [HEAD]
    assert not any(again.is_read(name) for name in again)
    assert differences(again, whole) == []
    assert again.info == whole.info
    assert again.statistics.equals(whole.statistics)


def test_the_table_of_a_kept_record_reads_no_waveform(load, whole):
    load()
    kept = load()
    assert kept.coverage().equals(whole.coverage())
    assert kept.gaps().equals(whole.gaps())
    assert repr(kept) == repr(whole)
    waveforms = [name for name in kept if kept.channel(name).kind == "waveform"]
    assert waveforms
    assert not any(kept.is_read(name) for name in waveforms)


def test_a_first_load_hands_out_what_it_kept(load):
    record = load()
    assert not any(record.is_read(name) for name in record)


def test_a_record_that_changed_is_fetched_again_and_the_old_one_goes(
    load, server, whole, differences
):
    load()
    (before,) = entries()
    server.world.change_record(41, last_modified=LATER)
    record = load()
    assert len(asked(server)) > 5
    assert differences(record, whole) == []
    (after,) = entries()
    assert after.key.last_modified == LATER
    assert not before.folder.exists()
    load()
    assert asked(server) == [HEAD]


@pytest.mark.parametrize("status", ["processing", "incomplete", "error", "realtime"])
def test_a_record_that_may_still_change_is_not_kept(load, server, status):
    server.world.change_record(41, status=status)
    for _ in range(2):
        with pytest.warns(UnfinishedRecordWarning, match="load it again"):
            load(channels=["heart_rate"])
        assert len(asked(server)) > 1
        assert entries() == []
    assert cache.info().empty, "parts of it are left"


@pytest.mark.parametrize(
    ("status", "kept"), [("incomplete", True), ("error", True), ("processing", False)]
)
def test_a_load_of_an_odd_record_goes_on_while_nothing_changes(
    load, server, monkeypatch, status, kept
):
    monkeypatch.setattr(plan, "MOST_SAMPLES", 2000)
    wanted = {"channels": ["ecg"], "transport": "json"}
    whole = load(**wanted)["ecg"]
    server.world.change_record(41, status=status, last_modified=LATER)
    server.faults.add(
        ServerFault(kind="status", status=403, path="/api/data/", skip=8, times=None)
    )
    with (
        pytest.warns(UnfinishedRecordWarning),
        pytest.raises(AuthenticationError) as caught,
    ):
        load(**wanted)
    told = "downloaded is kept" if kept else "starts anew"
    assert any(told in note for note in caught.value.__notes__)
    before = {path for path in asked(server) if "/api/data/" in path}
    server.faults.clear()
    with pytest.warns(UnfinishedRecordWarning):
        again = load(**wanted)["ecg"]
    after = {path for path in asked(server) if "/api/data/" in path}
    # The model and seven pages came; three of these may not have been put away when
    # the fourth thread failed.
    assert len(before - after) >= 4 if kept else before < after
    assert again.equals(whole) if kept else again.empty
    if kept:
        assert list(cache.info()["complete"]) == [True], "the load of before"


def test_a_record_without_a_state_is_not_kept(load, server):
    server.world.change_record(41, last_modified="")
    load(channels=["heart_rate"])
    assert entries() == []


def test_refresh_fetches_what_is_there(load, server, whole, differences):
    load()
    record = load(refresh=True)
    assert len(asked(server)) > 5
    assert differences(record, whole) == []
    assert len(entries()) == 1


def test_a_refresh_that_fails_leaves_what_was_there(load, server, whole, differences):
    load()
    server.faults.add(
        ServerFault(kind="status", status=500, accept="octet-stream", times=None)
    )
    with pytest.raises(ServerError):
        load(refresh=True)
    assert differences(load(offline=True), whole) == []


def test_records_of_two_hosts_are_kept_apart(server, serving, client_of, folder):
    here = client_of(server, folder).load_record(41)
    with serving(Shirt(seed=8, duration_s=60, record_id=41)) as other:
        there = client_of(other, folder).load_record(41)
    assert len(entries()) == 2
    assert len(here["heart_rate"]) == 120
    assert len(there["heart_rate"]) == 60
    assert len(client_of(server, folder).load_record(41)["heart_rate"]) == 120


def test_the_model_is_found_out_anew_where_the_record_changed(
    serving, worn, client_of, folder
):
    with serving(SHIRT) as server:
        client = client_of(server, folder)
        assert client.load_record(41, waveforms=False).family == "hexoskin"
        source = SyntheticSource(worn(replace(SHIRT, family="astroskin_256")))
        server.world.change_record(41, source=source, last_modified=LATER)
        assert client.load_record(41, waveforms=False).family == "astroskin_256"


# -- a part of what is kept ------------------------------------------------------------

START = SHIRT.start
PARTS = {
    "some channels": {"channels": ["ecg", "RR_interval", 19]},
    "no waveforms": {"waveforms": False},
    "a part": {"start": START + 256 * 20, "end": START + 256 * 61 + 7},
    "from a time on": {"start": START + 256 * 20},
    "up to a time": {"end": START + 256 * 60},
    "a part of some channels": {
        "channels": ["device_position", "respiration"],
        "start": START + 256 * 20,
        "end": START + 256 * 60,
    },
    "counts": {"units": "raw"},
    "counts of a part": {"units": "raw", "channels": ["ecg"], "end": START + 5120},
    "a model that was found out": {"model": "Hexoskin"},
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_what_is_kept_needs_no_samples_of_the_service(
    load, server, client_of, differences, part
):
    load()
    kept = load(**PARTS[part])
    assert asked(server) == [HEAD]
    fresh = client_of(server).load_record(41, **PARTS[part])
    names = set(kept) | set(fresh)
    assert differences(kept, fresh, only=names) == []
    assert kept.left_out == fresh.left_out
    assert kept.scale == fresh.scale
    assert (kept.start_tick, kept.end_tick) == (fresh.start_tick, fresh.end_tick)
    assert kept.annotations.equals(fresh.annotations)
    assert len(entries()) == 1


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_kept_too_and_found_again(load, server, client_of, differences, part):
    first = load(**PARTS[part])
    again = load(**PARTS[part])
    assert asked(server) == [HEAD]
    fresh = client_of(server).load_record(41, **PARTS[part])
    for kept in (first, again):
        assert differences(kept, fresh, only=set(kept) | set(fresh)) == []
        assert list(kept) == list(fresh)


def test_what_is_wider_than_what_is_kept_is_fetched(load, server):
    load(channels=["heart_rate"], end=START + 256 * 30)
    for wider in (
        {"channels": ["heart_rate", "ecg"], "end": START + 256 * 30},
        {"channels": ["heart_rate"], "end": START + 256 * 31},
        {"channels": ["heart_rate"]},
    ):
        load(**wider)
        assert len(asked(server)) > 1


def test_a_way_that_was_named_is_not_answered_by_what_came_another(load, server):
    load(transport="zip")
    floored = load(transport="zip")["minute_ventilation_adjusted"]
    assert asked(server) == [HEAD]
    exact = load(transport="json")["minute_ventilation_adjusted"]
    assert len(asked(server)) > 1
    assert not floored.equals(exact)


def test_another_model_is_not_answered_by_what_was_read_as_one(load, server):
    load()
    with pytest.warns(HexoframeWarning, match="is it of another model"):
        record = load(model="astroskin_256")
    assert len(asked(server)) > 1
    assert record.family == "astroskin_256"
    # Who says nothing gets what was found out, and not what another said.
    assert load().family == "hexoskin"
    assert asked(server) == [HEAD]
    assert load(offline=True).family == "hexoskin"
    assert load(offline=True, channels=["ecg"]).family == "hexoskin"
    assert set(cache.info()["family"]) == {"hexoskin", "astroskin_256"}


def test_a_part_may_be_given_as_lengths_behind_the_start(load, server):
    part = load(channels=["heart_rate"], start="10s", end=60)
    assert (part.start_tick, part.end_tick) == (START + 2560, START + 256 * 60)
    assert len(part.heart_rate) == 50
    # It is the part that ticks name, and nothing is loaded twice.
    load(channels=["heart_rate"], start=START + 2560, end=START + 256 * 60)
    assert asked(server) == [HEAD]


def test_what_a_wider_load_replaced_can_still_be_read(load, whole):
    some = load(channels=["ecg", "heart_rate"], end=START + 256 * 60)
    load()
    assert len(entries()) == 1
    assert some["ecg"].equals(whole["ecg"].iloc[: 256 * 60])
    assert [len(piece) for piece in some.pieces("heart_rate", 20)] == [20, 20, 20]
    assert some.coverage().loc["ecg", "received"] == 256 * 60


def test_what_was_removed_is_said_when_it_is_touched(load):
    record = load()
    cache.clear()
    with pytest.raises(CacheError, match="load it again"):
        record["ecg"]


def test_what_was_replaced_by_another_state_is_no_other_record(load, server):
    record = load(channels=["ecg"])
    server.world.change_record(41, last_modified=LATER)
    load()
    with pytest.raises(CacheError, match="load it again"):
        record["ecg"]


def test_a_record_from_a_cache_that_a_relative_path_names_outlives_a_move(
    server, client_of, whole, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", "kept")
    record = client_of(server, cache.folder()).load_record(41, channels=["heart_rate"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert not record.is_read("heart_rate")
    assert record["heart_rate"].equals(whole["heart_rate"])


# -- offline ---------------------------------------------------------------------------


def test_offline_nobody_is_asked(load, server, whole, differences):
    load()
    record = load(offline=True)
    assert asked(server) == []
    assert differences(record, whole) == []


@pytest.mark.parametrize("part", PARTS)
def test_offline_a_part_is_cut_out_of_what_is_kept(load, server, differences, part):
    online = load(**PARTS[part])
    load()
    record = load(offline=True, **PARTS[part])
    assert asked(server) == []
    assert differences(record, online, only=set(record) | set(online)) == []


def test_offline_the_state_of_the_record_is_that_of_the_load(load, server):
    load()
    server.world.change_record(41, last_modified=LATER)
    assert load(offline=True).info["last_modified"] != LATER


def test_offline_what_is_not_there_is_said(load):
    load(channels=["heart_rate"])
    for more in ({}, {"channels": ["ecg"]}, {"transport": "json"}):
        with pytest.raises(CacheError, match=r"it holds \['heart_rate'\]: load"):
            load(**{"offline": True, **more})
    with pytest.raises(CacheError, match=r"of record 42 .* it holds nothing: load"):
        load(offline=True, record=42)


def test_offline_without_a_cache_is_a_contradiction(server, client_of):
    with pytest.raises(ConfigurationError, match="cache"):
        client_of(server).load_record(41, offline=True)


def test_offline_nothing_can_be_fetched_again(load, server):
    load()
    for refresh in (True, "tables"):
        with pytest.raises(ConfigurationError, match="leave one out"):
            load(offline=True, refresh=refresh)
    assert not asked(server)


# -- damage ----------------------------------------------------------------------------


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_the_end(path):
    body = bytearray(path.read_bytes())
    body[-20:-8] = b"x" * 12
    path.write_bytes(body)


DAMAGE = {
    "a file is gone": ("ecg.parquet", Path.unlink),
    "a file is empty": ("ecg.parquet", lambda path: path.write_bytes(b"")),
    "a file is cut": ("heart_rate.parquet", cut_in_half),
    "a footer is spoilt": ("rr_interval.parquet", spoil_the_end),
    "a file is another": (
        "heart_rate.parquet",
        lambda path: shutil.copy(path.with_name("cadence.parquet"), path),
    ),
    "the manifest is gone": ("manifest.json", Path.unlink),
    "the manifest is cut": ("manifest.json", cut_in_half),
    "the manifest is of another": (
        "manifest.json",
        lambda path: path.write_text(path.read_text().replace("hexoskin", "astro")),
    ),
    "the note is cut": ("entry.json", cut_in_half),
    "the note is gone": ("entry.json", Path.unlink),
    "the note is of a later version": (
        "entry.json",
        lambda path: path.write_text(json.dumps({"version": 99})),
    ),
    "the folder is gone": ("record_41", shutil.rmtree),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_fetched_again(
    load, server, folder, whole, differences, damage
):
    load()
    name, spoil = DAMAGE[damage]
    (path,) = folder.rglob(name)
    spoil(path)
    record = load(allow_partial=True)
    assert len(asked(server)) > 5
    assert differences(record, whole) == []
    assert len(entries()) == 1
    load()
    assert asked(server) == [HEAD]


def test_a_byte_that_changed_within_is_noticed_when_it_is_read(load, folder, whole):
    load()
    (path,) = folder.rglob("ecg.parquet")
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1
    path.write_bytes(body)
    record = load()
    assert record["heart_rate"].equals(whole["heart_rate"])
    with pytest.raises(CacheError, match="refresh=True"):
        record["ecg"]
    assert load(refresh=True)["ecg"].equals(whole["ecg"])


def test_offline_what_is_damaged_is_an_error(load, folder):
    load()
    (path,) = folder.rglob("ecg.parquet")
    cut_in_half(path)
    with pytest.raises(CacheError, match="refresh=True"):
        load(offline=True)


def test_strangers_in_the_folder_are_no_records(load, folder):
    load()
    (folder / "records" / "stray").mkdir()
    (folder / "records" / "stray" / "notes").mkdir()
    (folder / "records" / "stray" / "notes" / "a.txt").write_text("mine")
    assert len(cache.info()) == 1
    cache.clear()
    assert (folder / "records" / "stray" / "notes" / "a.txt").exists()


def test_what_a_killed_process_left_half_written_goes_with_the_next_load(load):
    load()
    (entry,) = entries()
    left = entry.folder.with_name(f".{entry.folder.name}.12ab34cd")
    left.mkdir()
    (left / "ecg.parquet").write_bytes(b"half")
    load(refresh=True)
    assert not left.exists()


# -- a folder that cannot be used ------------------------------------------------------


def a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    return tmp_path / "file"


def a_path_below_a_file(tmp_path):
    return a_file_in_the_way(tmp_path) / "deep" / "cache"


def a_path_of_the_system(tmp_path):
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc")
    return Path("/proc/nowhere") / tmp_path.name


UNUSABLE = [a_file_in_the_way, a_path_below_a_file, a_path_of_the_system]


@pytest.mark.parametrize("place", UNUSABLE)
def test_a_folder_that_cannot_be_written_costs_one_warning_and_no_record(
    server, whole, client_of, tmp_path, differences, monkeypatch, place
):
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(place(tmp_path)))
    with pytest.warns(HexoframeWarning) as caught:
        record = client_of(server, cache.folder()).load_record(41)
    told = [str(each.message) for each in caught]
    assert len(told) == 1
    assert "HEXOFRAME_CACHE_DIR" in told[0]
    assert differences(record, whole) == []
    assert cache.info().empty


@pytest.mark.parametrize("place", UNUSABLE)
def test_with_the_real_pace_there_is_one_warning_too(
    server, tmp_path, monkeypatch, place
):
    folder = place(tmp_path)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(folder))
    kept = Cache()
    limiter = Limiter("test", tmp_path / "pace", spacing_s=0.001)
    auth = UnsignedBasic(server.base_url, server.username, server.password)
    with (
        Client(ServiceSession(server.base_url, auth, limiter=limiter), kept) as client,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        for _ in range(2):
            client.load_record(41, channels=["heart_rate"])
    assert [each.category for each in caught] == [HexoframeWarning]
    assert "HEXOFRAME_CACHE_DIR" in str(caught[0].message)


@pytest.fixture
def small_disk(tmp_path):
    """A maker of disks with little room."""
    mounted = []

    def make(kilobytes):
        where = tmp_path / "disk"
        where.mkdir()
        how = [
            "/bin/mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={kilobytes}k",
            "tmpfs",
            str(where),
        ]
        done = subprocess.run(how, check=False, capture_output=True)
        if done.returncode:
            pytest.skip("this user cannot mount a small disk")
        mounted.append(where)
        return where

    yield make
    for where in mounted:
        subprocess.run(["/bin/umount", "--lazy", str(where)], check=True)


@pytest.mark.parametrize("kilobytes", [4, 100, 250])
def test_a_full_disk_costs_one_warning_and_no_record(
    server, whole, client_of, small_disk, differences, monkeypatch, kilobytes
):
    where = small_disk(kilobytes)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(where))
    with pytest.warns(HexoframeWarning, match="room") as caught:
        record = client_of(server, where).load_record(41)
    assert len(caught) == 1
    assert differences(record, whole) == []
    assert entries() == []


def test_what_a_folder_holds_that_can_only_be_read_is_not_fetched_again(
    server, client_of, small_disk, monkeypatch, differences, whole, caplog
):
    where = small_disk(8000)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", str(where))
    client_of(server, where).load_record(41)
    how = ["/bin/mount", "-o", "remount,ro", str(where)]
    subprocess.run(how, check=True, capture_output=True)
    server.clear_log()
    with pytest.warns(HexoframeWarning, match="HEXOFRAME_CACHE_DIR"):
        record = client_of(server, where).load_record(41)
    assert asked(server) == [HEAD]
    assert differences(record, whole) == []
    # The warning comes once a process; the log has it again.
    with caplog.at_level("INFO"):
        client_of(server, where).load_record(41, refresh=True)
    assert "HEXOFRAME_CACHE_DIR" in caplog.text
    assert any("octet" in entry.accept for entry in server.log)


def test_without_room_for_what_is_not_kept_the_error_says_what_to_set(
    server, client_of, small_disk, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk(20)))
    with pytest.raises(CacheError, match=r"No space left.*TMPDIR"):
        client_of(server).load_record(41)


def no_room(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("what", ["a chunk", "the record"])
def test_a_disk_that_fills_up_costs_one_warning_and_no_record(
    load, folder, whole, differences, monkeypatch, what
):
    finish = ChunkStore.finish

    def finish_elsewhere(store, chunk):
        here = store.path(chunk).is_relative_to(folder)
        return no_room() if here else finish(store, chunk)

    if what == "a chunk":
        monkeypatch.setattr(ChunkStore, "finish", finish_elsewhere)
    else:
        monkeypatch.setattr(parquet, "write", no_room)
    with pytest.warns(HexoframeWarning, match="No space left") as caught:
        record = load()
    assert len(caught) == 1
    assert differences(record, whole) == []
    assert entries() == []


def test_what_came_is_not_asked_for_again_where_the_record_cannot_be_kept(
    load, server, whole, differences, monkeypatch, for_data, caplog
):
    monkeypatch.setattr(parquet, "write", no_room)
    with pytest.warns(HexoframeWarning, match="The record is not kept"):
        record = load()
    paths = [entry.path for entry in for_data(server)]
    assert len(paths) == len(set(paths)) > 1
    assert differences(record, whole) == []
    # The warning comes once a process; the log has it again.
    with caplog.at_level("INFO"):
        load()
    assert "The record is not kept" in caplog.text
    # The chunks are there; which model it is was not kept.
    assert [entry.path.count("=4114%2C4115") for entry in for_data(server)] == [1]


# -- what there is, and away with it ---------------------------------------------------


def test_an_empty_cache_has_columns_and_dtypes():
    told = cache.info()
    assert told.empty
    assert dict(told.dtypes.astype(str)) == {
        "record": "Int64",
        "bytes": "int64",
        "complete": "bool",
        "channels": "Int64",
        "host": "string",
        "folder": "string",
        "start": "Int64",
        "end": "Int64",
        "transport": "string",
        "family": "string",
        "last_modified": "string",
    }
    assert cache.clear() == 0
    assert not list(Cache().folder.rglob("*.parquet"))


def test_info_tells_each_entry(load, server):
    load()
    load(42, channels=["ecg"], end=OTHER.start + 2560)
    told = cache.info().set_index("record")
    assert told["host"].tolist() == [server.base_url] * 2
    assert told["complete"].all()
    assert told.loc[42, "channels"] == 1
    assert (told.loc[42, "start"], told.loc[42, "end"]) == (
        OTHER.start,
        OTHER.start + 2560,
    )
    assert pd.isna(told.loc[41, "start"])
    for _, row in told.iterrows():
        files = [path for path in Path(row["folder"]).rglob("*") if path.is_file()]
        assert row["bytes"] == sum(path.stat().st_size for path in files)
    assert dict(told.dtypes) == dict(cache.info().set_index("record").dtypes)


def test_info_tells_of_a_download_that_did_not_end(load, server, monkeypatch):
    monkeypatch.setattr(plan, "ZIP_CHUNK_BYTES", 100_000)
    server.faults.add(ServerFault(kind="status", path="datatype=38", times=None))
    with pytest.raises(ServerError):
        load()
    told = cache.info()
    assert told["complete"].tolist() == [False]
    assert told["record"].tolist() == [41]
    assert cache.clear() > 0
    assert cache.info().empty


def test_clear_removes_one_record_or_all(load):
    load()
    load(42)
    size = cache.info().set_index("record")["bytes"]
    assert cache.clear(42) >= size[42]
    assert cache.info()["record"].tolist() == [41]
    assert cache.clear("41") >= size[41]
    assert cache.info().empty
    load(42)
    assert cache.clear() > 0
    assert cache.info().empty
    assert not list(Cache().folder.rglob("*.parquet"))


def test_clear_of_no_record_says_what_an_id_is():
    with pytest.raises(ConfigurationError, match="whole number"):
        cache.clear("all")


def test_a_record_that_is_being_loaded_is_not_cleared_under_its_hands(
    load, server, whole, differences
):
    load(42)
    server.faults.add(
        ServerFault(kind="drip", accept="octet-stream", bytes_per_s=400_000)
    )
    done = []
    loading = threading.Thread(target=lambda: done.append(load()))
    loading.start()
    while not list(Cache().folder.glob("records/*/41/*.chunks")):
        assert loading.is_alive()
    with pytest.warns(HexoframeWarning, match="record 41 is being loaded"):
        cache.clear()
    loading.join()
    assert cache.info()["record"].tolist() == [41]
    assert differences(done[0], whole) == []


def test_lists_are_fit_for_json_and_names_of_folders_hold_no_url(load, folder):
    load()
    for path in folder.rglob("*"):
        assert not set(path.name) & set('<>:"|?*'), path
    (entry,) = entries()
    assert "@" not in (entry.folder / "entry.json").read_text()


def test_the_cache_counts_the_loads_of_threads_as_one(
    server, client_of, folder, whole, differences, for_data
):
    records = []
    threads = [
        threading.Thread(
            target=lambda: records.append(client_of(server, folder).load_record(41))
        )
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(records) == 4
    for record in records:
        assert differences(record, whole) == []
    heads = [path for path in asked(server) if path == HEAD]
    assert len(heads) == 4
    paths = [entry.path for entry in for_data(server)]
    assert len(paths) == len(set(paths)), "a chunk was fetched twice"
    assert len(entries()) == 1


def test_who_waits_for_another_load_is_told(load, folder, monkeypatch, caplog, server):
    monkeypatch.setattr(cache, "SILENT_WAIT_S", 0.05)
    done = []
    with Cache(folder).lock(server.base_url, 41):
        loading = threading.Thread(target=lambda: done.append(load()))
        loading.start()
        while "record 41 is being loaded by another" not in caplog.text:
            assert loading.is_alive()
    loading.join()
    assert len(done) == 1


def test_raw_counts_out_of_the_cache_are_whole_numbers(load):
    load()
    counts = load(units="raw", channels=["ecg"])["ecg"].to_numpy()
    assert np.array_equal(counts, np.rint(counts))


def test_loading_leaves_the_filters_of_warnings_as_they_were(load):
    before = list(warnings.filters)
    threads = [threading.Thread(target=load, kwargs={"refresh": True}) for _ in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert warnings.filters == before


# -- what others can see ---------------------------------------------------------------

posix = pytest.mark.skipif(os.name != "posix", reason="no such permissions")


def modes(folder):
    """The permissions of all folders and of all files in one."""
    paths = [folder, *folder.rglob("*")]
    return {
        kind: {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_dir() == kind}
        for kind in (True, False)
    }


@posix
@pytest.mark.parametrize("way", ["zip", "json"])
def test_nobody_else_sees_what_is_kept(load, way):
    load(channels=["heart_rate"], transport=way)
    where = cache.folder()
    assert modes(where) == {True: {0o700}, False: {0o600}}


@posix
def test_nobody_else_sees_an_unfinished_download(server, client_of, tmp_path):
    where = tmp_path / "kept"
    fault = ServerFault(kind="cut", share=0.5, accept="octet-stream", times=None)
    server.faults.add(fault)
    with pytest.raises(HexoframeError):
        client_of(server, where).load_record(41, transport="zip")
    server.faults.clear()
    assert list(where.rglob("*.part"))
    assert modes(where) == {True: {0o700}, False: {0o600}}


@posix
def test_a_cache_that_others_could_read_is_closed_to_them(load):
    load(channels=["heart_rate"])
    where = cache.folder()
    (where / "mine.txt").write_text("mine")
    for path in (where, *where.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    load(channels=["rr_interval"])
    for name in ("records", "locks"):
        assert modes(where / name) == {True: {0o700}, False: {0o600}}
    # The folder may be one of the user's, who shares it.
    assert stat.S_IMODE(where.stat().st_mode) == 0o755
    assert stat.S_IMODE((where / "mine.txt").stat().st_mode) == 0o644


def test_a_folder_that_cannot_be_read_is_said(monkeypatch):
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", "y" * 5000)
    for use in (cache.info, cache.clear, cache.Cache().entries):
        with pytest.raises(CacheError, match=r"cache folder /.*y+ cannot be read"):
            use()


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_a_link_in_a_circle_is_counted_as_a_link(load, folder):
    load()
    (path,) = folder.rglob("entry.json")
    before = cache.info()["bytes"].tolist()
    (path.parent / "circle").symlink_to("circle")
    assert cache.info()["bytes"].tolist() == [before[0] + len("circle")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_in_the_cache_are_not_waited_for(load, folder, whole, differences):
    load()
    for note in list(folder.rglob("entry.json")):
        note.unlink()
        os.mkfifo(note)
    assert cache.info().empty
    assert differences(load(), whole) == []


NOTES = {
    "a list": "[]",
    "a text for a number": {"record": "41"},
    "a number for a text": {"host": 5},
    "an object for a list": {"channels": {}},
    "a tick of no year": {"span": [1, 2]},
    "a span that is too short": {"span": [1]},
    "a family that nobody makes": {"family": "polar"},
    "a channel that no model has": {"channels": ["aura"]},
    "a window of floats": {"window": [1.5, 2.5]},
    "no number": '{"version": 2, "record": NaN}',
    "a number of 5000 digits": '{"version": 2, "record": ' + "9" * 5000 + "}",
    "half a character": '{"version": 2, "host": "\\ud800"}',
    "many brackets": "[" * 100_000,
}


def test_notes_that_make_no_sense_spoil_no_list(
    load, server, folder, whole, differences, caplog
):
    load()
    (path,) = folder.rglob("entry.json")
    right = json.loads(path.read_text())
    for number, note in enumerate(NOTES.values()):
        other = path.parent.parent / f"other {number}"
        other.mkdir()
        text = json.dumps(right | note) if isinstance(note, dict) else note
        (other / "entry.json").write_text(text)
    assert list(cache.info()["record"]) == [41]
    for number, name in enumerate(NOTES):
        told = f"other {number}/entry.json does not describe a record"
        assert told in caplog.text, name
    assert differences(load(), whole) == []
    assert asked(server)[-1] == HEAD
