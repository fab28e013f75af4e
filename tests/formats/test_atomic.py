"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from hexoframe.errors import HexoframeError, OutputExistsError
from hexoframe.formats.atomic import new_file, new_folder


def listing(folder):
    """Everything below a folder, hidden files too, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def owned(name):
    return name.endswith(".csv") or name == "manifest.json"


class Broken(Exception):  # noqa: N818  # what some writer raises
    pass


# -- one file --------------------------------------------------------------------------


def test_a_new_file_appears_when_the_block_ends_and_not_before(tmp_path):
    target = tmp_path / "a" / "b" / "x.mat"
    with new_file(target, overwrite=False) as path:
        assert not path.exists()
        assert path.name == "x.mat"
        path.write_text("new")
        assert not target.exists()
    assert listing(tmp_path) == {"a": None, "a/b": None, "a/b/x.mat": "new"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_not_there_after_a_failure(tmp_path, overwrite):
    def write():
        with new_file(tmp_path / "x.mat", overwrite=overwrite) as path:
            path.write_text("half")
            raise Broken

    with pytest.raises(Broken):
        write()
    assert listing(tmp_path) == {}


def test_folders_made_for_a_file_go_with_its_failure(tmp_path):
    (tmp_path / "mine").mkdir()

    def write():
        with new_file(tmp_path / "mine" / "a" / "b" / "x.mat", overwrite=False) as path:
            path.write_text("half")
            raise Broken

    with pytest.raises(Broken):
        write()
    assert listing(tmp_path) == {"mine": None}


def test_an_existing_file_is_refused_before_anything_is_written(tmp_path):
    target = tmp_path / "x.mat"
    target.write_text("old")
    with (
        pytest.raises(
            OutputExistsError, match=r"x\.mat exists.*overwrite=True"
        ) as caught,
        new_file(target, overwrite=False),
    ):
        pytest.fail("the block must not run")
    assert isinstance(caught.value, FileExistsError)
    assert isinstance(caught.value, HexoframeError)
    assert listing(tmp_path) == {"x.mat": "old"}


def test_an_existing_file_is_replaced_on_request(tmp_path):
    target = tmp_path / "x.mat"
    target.write_text("old")
    with new_file(target, overwrite=True) as path:
        path.write_text("new")
        assert target.read_text() == "old"
    assert listing(tmp_path) == {"x.mat": "new"}


def test_a_failure_midway_leaves_the_old_file(tmp_path):
    target = tmp_path / "x.mat"
    target.write_text("old")

    def write():
        with new_file(target, overwrite=True) as path:
            path.write_text("half")
            raise Broken

    with pytest.raises(Broken):
        write()
    assert listing(tmp_path) == {"x.mat": "old"}


def test_a_file_that_appeared_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "x.mat"

    def write():
        with new_file(target, overwrite=False) as path:
            path.write_text("mine")
            target.write_text("theirs")

    with pytest.raises(OutputExistsError):
        write()
    assert listing(tmp_path) == {"x.mat": "theirs"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_never_replaced_by_a_file(tmp_path, overwrite):
    (tmp_path / "x.mat").mkdir()
    (tmp_path / "x.mat" / "precious").write_text("old")
    with (
        pytest.raises(OutputExistsError),
        new_file(tmp_path / "x.mat", overwrite=overwrite),
    ):
        pytest.fail("the block must not run")
    assert listing(tmp_path) == {"x.mat": None, "x.mat/precious": "old"}


@pytest.mark.skipif(os.name == "nt", reason="no symbolic links without rights")
def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "x.mat").symlink_to(tmp_path / "elsewhere")
    for overwrite in (False, True):
        with (
            pytest.raises(OutputExistsError),
            new_file(tmp_path / "x.mat", overwrite=overwrite),
        ):
            pytest.fail("the block must not run")
    assert not (tmp_path / "elsewhere").exists()


def test_a_parent_that_is_a_file_is_an_error_and_stays(tmp_path):
    (tmp_path / "a").write_text("old")
    with (
        pytest.raises(OSError, match="a"),
        new_file(tmp_path / "a" / "x.mat", overwrite=True),
    ):
        pytest.fail("the block must not run")
    assert listing(tmp_path) == {"a": "old"}


# -- a folder --------------------------------------------------------------------------


def fill(target, files, *, overwrite=False, fail=False):
    with new_folder(target, overwrite=overwrite, owned=owned) as folder:
        assert list(folder.iterdir()) == []
        for name, text in files.items():
            (folder / name).write_text(text)
        if fail:
            raise Broken


def test_a_new_folder_appears_whole(tmp_path):
    fill(tmp_path / "a" / "record_1", {"ecg.csv": "1", "manifest.json": "2"})
    assert listing(tmp_path) == {
        "a": None,
        "a/record_1": None,
        "a/record_1/ecg.csv": "1",
        "a/record_1/manifest.json": "2",
    }


def test_a_folder_is_not_there_after_a_failure_nor_are_its_parents(tmp_path):
    with pytest.raises(Broken):
        fill(tmp_path / "a" / "record_1", {"ecg.csv": "1"}, fail=True)
    assert listing(tmp_path) == {}


def test_owned_files_are_refused_before_anything_is_written(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "old"})
    with pytest.raises(OutputExistsError, match=r"ecg\.csv exists"):
        fill(tmp_path / "r", {"rr.csv": "new"})
    assert listing(tmp_path) == {"r": None, "r/ecg.csv": "old"}


def test_replacing_removes_owned_files_of_before_and_keeps_those_of_others(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "old", "rr.csv": "old", "manifest.json": "old"})
    (tmp_path / "r" / "thesis.doc").write_text("theirs")
    (tmp_path / "r" / "more").mkdir()
    (tmp_path / "r" / "more" / "own.csv").write_text("theirs")
    fill(tmp_path / "r", {"ecg.csv": "new", "manifest.json": "new"}, overwrite=True)
    assert listing(tmp_path) == {
        "r": None,
        "r/ecg.csv": "new",
        "r/manifest.json": "new",
        "r/more": None,
        "r/more/own.csv": "theirs",
        "r/thesis.doc": "theirs",
    }


def test_a_folder_with_files_of_others_only_is_filled(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.doc").write_text("theirs")
    fill(tmp_path / "r", {"ecg.csv": "new"})
    assert listing(tmp_path) == {
        "r": None,
        "r/ecg.csv": "new",
        "r/thesis.doc": "theirs",
    }


def test_a_failure_midway_leaves_the_old_folder(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "old", "rr.csv": "old"})
    before = listing(tmp_path)
    with pytest.raises(Broken):
        fill(tmp_path / "r", {"ecg.csv": "half"}, overwrite=True, fail=True)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_of_others_under_a_new_name_is_not_replaced(tmp_path, overwrite):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "notes.txt").write_text("theirs")
    with pytest.raises(OutputExistsError, match=r"notes\.txt"):
        fill(tmp_path / "r", {"ecg.csv": "1", "notes.txt": "2"}, overwrite=overwrite)
    assert listing(tmp_path) == {"r": None, "r/notes.txt": "theirs"}


def test_a_folder_in_the_place_of_a_file_stops_all_of_them(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "old"})
    (tmp_path / "r" / "rr.csv").mkdir()
    before = listing(tmp_path)
    with pytest.raises(OutputExistsError, match=r"rr\.csv"):
        fill(tmp_path / "r", {"ecg.csv": "new", "rr.csv": "new"}, overwrite=True)
    assert listing(tmp_path) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "r").write_text("theirs")
    for overwrite in (False, True):
        with pytest.raises(OutputExistsError):
            fill(tmp_path / "r", {"ecg.csv": "1"}, overwrite=overwrite)
    assert listing(tmp_path) == {"r": "theirs"}


# -- permissions -----------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no umask there")
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_permissions_are_those_that_the_user_set(tmp_path, mask):
    old = os.umask(mask)
    try:
        fill(tmp_path / "r", {"ecg.csv": "1"})
        with new_file(tmp_path / "x.mat", overwrite=False) as path:
            path.write_text("1")
        assert os.umask(mask) == mask
    finally:
        os.umask(old)
    modes = {
        name: stat.S_IMODE((tmp_path / name).stat().st_mode)
        for name in ("r", "r/ecg.csv", "x.mat")
    }
    assert modes == {
        "r": 0o777 & ~mask,
        "r/ecg.csv": 0o666 & ~mask,
        "x.mat": 0o666 & ~mask,
    }


def test_the_umask_of_the_process_is_never_touched(tmp_path, monkeypatch):
    # It belongs to all threads, and files of others would be made with it.
    def refuse(mask):
        pytest.fail(f"umask({mask})")

    monkeypatch.setattr(os, "umask", refuse)
    fill(tmp_path / "r", {"ecg.csv": "1"})
    with new_file(tmp_path / "x.mat", overwrite=False) as path:
        path.write_text("1")


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path):
    (tmp_path / "a").write_text("mine")
    for target in (tmp_path / "a" / "b.csv", tmp_path / "a" / "b" / "c.csv"):
        refused = pytest.raises(OutputExistsError, match="file is in its way")
        with refused, new_file(target, overwrite=False):
            pass
    assert (tmp_path / "a").read_text() == "mine"
