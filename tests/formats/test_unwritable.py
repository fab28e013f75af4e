"""Places where nothing can be written: what is said, and what is left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import hexoframe
from hexoframe.errors import CacheError, HexoframeError, OutputError
from hexoframe.formats.atomic import new_file, new_folder

WRITERS = ("to_parquet", "to_csv", "to_txt", "to_mat", "to_csv(rate)")


@pytest.fixture
def record(samples):
    return hexoframe.open_record(
        samples / "hexoskin_10min.zip", channels=["heart_rate"]
    )


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder in which nobody, not even root, can make anything."""
    folder, make = tmp_path / "locked", Path.mkdir
    folder.mkdir()

    def refuse(path, *args, **more):
        if folder in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        make(path, *args, **more)

    monkeypatch.setattr(Path, "mkdir", refuse)
    return folder


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("below", ["", "new/"])
def test_a_folder_without_permission_is_named_with_the_way_out(
    record, locked, writer, below
):
    target = locked / f"{below}out"
    write = getattr(record, writer.removesuffix("(rate)"))
    how = {"rate": "60s"} if writer.endswith("(rate)") else {}
    with pytest.raises(OutputError, match="allow writing there, or choose") as caught:
        write(target, **how)
    error = caught.value
    assert isinstance(error, HexoframeError)
    assert isinstance(error, OSError)
    assert error.errno == errno.EACCES
    assert str(target) in str(error)
    assert "permission denied" in str(error)
    assert list(locked.iterdir()) == []


def test_a_place_where_no_folder_stays_is_given_up(tmp_path, monkeypatch):
    """Such as below /proc on Linux, where making one fails without end."""
    make = Path.mkdir

    def lose(path, *args, **more):
        if path.name.startswith(".out.mat."):
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        make(path, *args, **more)

    monkeypatch.setattr(Path, "mkdir", lose)
    with (
        pytest.raises(OutputError, match="choose another place"),
        new_file(tmp_path / "out.mat", overwrite=False),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_picture_has_the_same_message(record, locked):
    pytest.importorskip("matplotlib")
    from hexoframe.app.pictures import Drawing

    with pytest.raises(OutputError, match="permission denied"):
        Drawing(what="heart_rate", file=locked / "a.png").save("1", record)


@pytest.mark.parametrize("make", ["file", "folder"])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, make):
    target = tmp_path / "a"
    how = {"overwrite": False}
    if make == "folder":
        how["owned"] = bool
    with (
        pytest.raises(OutputError, match=r"a cannot be written .*make room, or"),
        (new_file if make == "file" else new_folder)(target, **how),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_a_file_that_is_read_meanwhile_passes(tmp_path):
    other = PermissionError(errno.EACCES, "Permission denied", "/elsewhere/source.wav")
    with (
        pytest.raises(PermissionError) as caught,
        new_file(tmp_path / "a", overwrite=False),
    ):
        raise other
    assert caught.value is other


def test_the_cache_says_what_the_system_says(record, locked):
    from hexoframe.cache import Cache

    with (
        pytest.raises(CacheError, match="HEXOFRAME_CACHE_DIR") as caught,
        Cache(locked).writing(),
    ):
        record.to_parquet(locked / "records")
    assert "Permission denied" in str(caught.value)
    assert "choose another place" not in str(caught.value)
