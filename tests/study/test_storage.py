"""Places of a study: a disk, and what fsspec opens; S3 over real HTTP (moto)."""

from __future__ import annotations

import os
import pickle
import uuid
from pathlib import Path

import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError, StorageError
from hexoframe.study.storage import DiskStorage, RemoteStorage, storage_at
from tests.study import jobs
from tests.study.conftest import KEYS

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


@pytest.fixture(params=["disk", "memory"])
def storage(request, tmp_path):
    if request.param == "disk":
        return storage_at(tmp_path / "root")
    pytest.importorskip("fsspec", reason="needs hexoframe[s3]")
    return storage_at(f"memory://{uuid.uuid4().hex}/root")


def test_a_file_is_what_was_written_last(storage):
    assert storage.listing("a/b") == {}
    with pytest.raises(FileNotFoundError):
        storage.read("a/b/c.json")
    storage.write("a/b/c.json", b"1")
    stamp = storage.listing("a/b")["c.json"]
    storage.write("a/b/c.json", b"12")
    assert storage.read("a/b/c.json") == b"12"
    assert storage.listing("a/b")["c.json"] != stamp
    with storage.scratch() as folder:
        (folder / "x").write_bytes(b"123")
        storage.put(folder / "x", "a/d/x.parquet")
    assert not folder.exists()
    assert storage.read("a/d/x.parquet") == b"123"
    assert storage.folders("a") == ["b", "d"]
    storage.remove("a/b/c.json")
    storage.remove("a/b/c.json")
    assert storage.listing("a/b") == {}


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    storage = DiskStorage(tmp_path)
    storage.write("a.json", b"old")

    def fail(_, target):
        raise OSError(5, os.strerror(5), str(target))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match=r"a\.json cannot be written"):
        storage.write("a.json", b"new")
    monkeypatch.undo()
    assert storage.read("a.json") == b"old"
    assert list((tmp_path / ".scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("root", "options", "said"),
    [
        ("", None, "the root of a study is ''"),
        ("folder", {"key": "x"}, r"storage_options=\['key'\] are for a URL"),
        ("s3://me:word@bucket/x", None, "holds a password"),
        ("nosuch://bucket/x", None, "(needs fsspec|cannot be opened)"),
    ],
)
def test_roots_that_cannot_be_are_refused_without_their_secrets(root, options, said):
    with pytest.raises(ConfigurationError, match=said) as told:
        storage_at(root, options).listing("")
    assert "word" not in str(told.value).replace("password", "")


def test_keys_do_not_travel_to_workers_unless_told_to():
    storage = RemoteStorage("s3://bucket/x", {**KEYS, "endpoint_url": "http://x"})
    assert storage.secrets == ("key", "secret")
    assert "of-nobody" not in repr(storage)
    assert b"of-nobody" not in pickle.dumps(storage.without_secrets())


# -- S3 --------------------------------------------------------------------------------


@pytest.fixture
def remote(bucket):
    url, options = bucket
    return hexoframe.open_study(f"{url}/{uuid.uuid4().hex}", storage_options=options)


s3 = pytest.mark.slow


@s3
def test_a_study_in_a_bucket_is_that_of_a_disk(
    remote, samples, sync, study, differences
):
    files = [
        samples / name
        for name in (
            "range_2records.zip",
            "astroskin_1000_1min.zip",
            "hexoskin_10min.csv",
        )
    ]
    assert len(sync(remote, files).added) == 4
    assert sync(remote, files).unchanged == list(study)
    for number in study:
        assert differences(study[number], remote[number]) == []
    pd.testing.assert_frame_equal(remote.table(), study.table())
    for function in (jobs.ecg_and_windows, jobs.windows):
        mine = study.map(function, workers=2, progress=False).frame
        theirs = remote.map(function, workers=2, progress=False).frame
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    remote.compact()
    assert remote.paths("heart_rate")[0].startswith("s3://lab/")
    assert len(remote.verify(progress=False)) == 0


@s3
def test_a_resumed_run_sees_what_another_process_wrote_since(remote, samples, sync):
    sync(remote, samples / "range_2records.zip")
    calls = []

    def count(record):
        calls.append(record.id)
        return {"n": record.id}

    def run(**how):
        remote.map(count, name="count", workers=1, progress=False, **how)

    run(records=[300_013])
    # This one has listed the folder; another process has a file system of its own.
    assert remote.results("count").records == [300_013]
    options = {**remote._storage._options, "skip_instance_cache": True}
    other = hexoframe.open_study(remote.root, storage_options=options)
    other.map(count, name="count", workers=1, progress=False)
    assert calls == [300_013, 300_014]
    run()
    assert calls == [300_013, 300_014]


@s3
def test_keys_are_refused_for_an_executor(remote, samples, sync):
    from concurrent.futures import ThreadPoolExecutor

    sync(remote, samples / "range_2records.zip")
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
            remote.map(jobs.rate, workers=pool, progress=False)
        sent = remote.map(
            jobs.rate, workers=pool, send_credentials=True, progress=False
        )
    assert sent.records == [300_013, 300_014]


@s3
def test_a_lost_connection_in_the_middle_loses_nothing_that_was_finished(
    remote, samples, sync, monkeypatch
):
    fs, _ = remote._storage._fs
    usual, left = fs.put_file, [40]

    def cut(*args, **how):
        left[0] -= 1
        if left[0] == 0:
            raise ConnectionResetError(104, "Connection reset by peer")
        return usual(*args, **how)

    monkeypatch.setattr(fs, "put_file", cut)
    with pytest.raises(StorageError, match="check the network"):
        sync(remote, samples / "range_2records.zip")
    monkeypatch.undo()
    assert list(remote) == [300_013]
    assert sync(remote, samples / "range_2records.zip").added == [300_014]
    assert len(remote.verify(progress=False)) == 0


@s3
def test_a_bucket_that_is_not_there_is_told(bucket, samples, sync):
    _, options = bucket
    study = hexoframe.open_study("s3://nobody/x", storage_options=options)
    with pytest.raises(StorageError, match="no such bucket"):
        sync(study, samples / "range_2records.zip")
