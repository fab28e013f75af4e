"""Paths: homes that nobody has, links in circles, pipes, long names and full disks."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path

import pytest

import hexoframe
from hexoframe.errors import ConfigurationError, FileFormatError, OutputError
from hexoframe.paths import check_path, expanded, is_file, is_folder, writing_to

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such files there")
NOBODY = "~a-user-that-nobody-has/records"


def loop(folder):
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def device(folder):
    (folder / "zero").symlink_to("/dev/zero")
    return folder / "zero"


def long_name(folder):
    return folder / ("n" * 300)


def bound(folder):
    # The name of a socket may have 108 characters.
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(folder)
        try:
            made.bind("sock")
        finally:
            os.chdir(here)
    return folder / "sock"


ODD = {
    loop: "links lead in a circle",
    pipe: "is a pipe, a socket or a device",
    device: "is a pipe, a socket or a device",
    bound: "is a pipe, a socket or a device",
    long_name: "choose a shorter name",
}


@pytest.mark.parametrize("make", ODD)
def test_what_is_no_file_and_no_folder_is_refused_with_the_reason(make, tmp_path):
    path = make(tmp_path)
    assert not is_file(path)
    assert not is_folder(path)
    with pytest.raises(FileFormatError, match=ODD[make]):
        check_path(path)
    with pytest.raises(FileFormatError, match=ODD[make]):
        hexoframe.open_record(path)


def test_files_and_folders_are_told_apart(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "there").symlink_to("file")
    (tmp_path / "gone").symlink_to("nothing")
    assert is_file(tmp_path / "there")
    assert is_folder(tmp_path)
    check_path(tmp_path / "there")
    check_path(tmp_path)
    with pytest.raises(FileNotFoundError, match="is a link to nothing"):
        check_path(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check_path(tmp_path / "file" / "below")
    with pytest.raises(FileFormatError, match="null"):
        check_path(tmp_path / "a\0b")


def test_a_path_with_a_nul_is_refused():
    with pytest.raises(ConfigurationError, match=r"cache= 'a\\x00b' holds a NUL"):
        expanded("a\0b", what="cache=")


def test_the_home_of_nobody_is_refused_by_name(monkeypatch):
    assert expanded("~/x") == Path.home() / "x"
    with pytest.raises(ConfigurationError, match="give the whole path"):
        expanded(NOBODY)
    with pytest.raises(ConfigurationError, match="a-user-that-nobody-has"):
        hexoframe.open_records(NOBODY)
    monkeypatch.setenv("HEXOFRAME_CACHE_DIR", NOBODY)
    with pytest.raises(ConfigurationError, match="HEXOFRAME_CACHE_DIR"):
        hexoframe.cache.info()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ENAMETOOLONG, errno.EROFS])
def test_an_error_of_the_disk_has_its_way_out(code):
    with (
        pytest.raises(OutputError, match=r"out cannot be written \(.*\): \w+") as told,
        writing_to(Path("out")),
    ):
        raise OSError(code, os.strerror(code))
    assert told.value.__cause__.errno == code


def test_other_errors_stay_what_they_are():
    for error in (PermissionError(13, "no"), KeyError("a"), OutputError("x")):
        with pytest.raises(type(error)) as told, writing_to(Path("out")):
            raise error
        assert told.value is error


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
@pytest.mark.parametrize("kind", ["txt", "csv", "parquet", "mat"])
def test_a_disk_that_takes_no_more_is_said_by_every_writer(kind, tmp_path, samples):
    resource = pytest.importorskip("resource")
    record = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=["cadence"])
    record.load()
    target = tmp_path / ("a.mat" if kind == "mat" else "out")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on files is the nearest to a full disk that a test can have.
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        with pytest.raises(OutputError, match="cannot be written"):
            getattr(record, f"to_{kind}")(target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []
