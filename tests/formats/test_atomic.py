"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from hexoframe.errors import HexoframeError, OutputExistsError
from hexoframe.formats.atomic import new_file, new_folder, noting_unchanged


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


def stamps(folder):
    """When the folder and everything below it was last written."""
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


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


@pytest.mark.parametrize("new", ["new", "older", "ol", ""])
def test_an_existing_file_that_differs_is_refused_and_stays(tmp_path, new):
    target = tmp_path / "x.mat"
    target.write_text("old")
    before = stamps(tmp_path / "x.mat")
    with (
        pytest.raises(
            OutputExistsError, match=r"x\.mat exists, differs.*overwrite=True"
        ) as caught,
        noting_unchanged() as unchanged,
        new_file(target, overwrite=False) as path,
    ):
        path.write_text(new)
    assert stamps(tmp_path / "x.mat") == before
    assert unchanged == []
    assert isinstance(caught.value, FileExistsError)
    assert isinstance(caught.value, HexoframeError)
    assert listing(tmp_path) == {"x.mat": "old"}


def test_an_equal_file_is_left_as_it_is_which_is_noted_and_logged(tmp_path, caplog):
    caplog.set_level("INFO", "hexoframe")
    target = tmp_path / "x.mat"
    target.write_bytes(bytes(3 << 20))
    before = stamps(target)
    with noting_unchanged() as unchanged, new_file(target, overwrite=False) as path:
        path.write_bytes(bytes(3 << 20))
    assert unchanged == [target]
    assert stamps(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["x.mat"]
    assert caplog.messages == [f"{target} is already there, unchanged"]
    # Nobody has to listen, and who may overwrite does.
    with new_file(target, overwrite=False) as path:
        path.write_bytes(bytes(3 << 20))
    with noting_unchanged() as unchanged, new_file(target, overwrite=True) as path:
        path.write_bytes(bytes(3 << 20))
    assert unchanged == []
    assert stamps(target) != before


def test_a_file_of_equal_size_is_compared_to_its_last_byte(tmp_path):
    target = tmp_path / "x.mat"
    target.write_bytes(bytes(3 << 20))

    def write():
        with new_file(target, overwrite=False) as path:
            path.write_bytes(bytes((3 << 20) - 1) + b"1")

    with pytest.raises(OutputExistsError):
        write()
    assert target.read_bytes() == bytes(3 << 20)


def test_a_format_may_say_what_an_equal_file_is(tmp_path):
    target = tmp_path / "x.mat"
    target.write_text("monday: 1")

    def same(old, new):
        return old.read_text().split()[1] == new.read_text().split()[1]

    def write(text):
        with new_file(target, overwrite=False, same=same) as path:
            path.write_text(text)

    write("tuesday: 1")
    with pytest.raises(OutputExistsError):
        write("monday: 2")
    assert target.read_text() == "monday: 1"


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


def fill(target, files, *, overwrite=False, fail=False, same=None):
    with new_folder(target, overwrite=overwrite, owned=owned, same=same) as folder:
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


def test_owned_files_that_differ_are_refused_and_nothing_moves(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "1", "rr.csv": "old"})
    before = stamps(tmp_path / "r")
    with pytest.raises(
        OutputExistsError, match=r"rr\.csv exists, differs.*overwrite=True"
    ):
        fill(tmp_path / "r", {"act.csv": "new", "ecg.csv": "1", "rr.csv": "new"})
    assert stamps(tmp_path / "r") == before


def test_an_owned_file_that_would_not_be_written_again_is_refused(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "1", "rr.csv": "1"})
    before = stamps(tmp_path / "r")
    with pytest.raises(
        OutputExistsError, match=r"rr\.csv exists, would not.*overwrite=True"
    ):
        fill(tmp_path / "r", {"ecg.csv": "1"})
    assert stamps(tmp_path / "r") == before


def test_a_folder_with_equal_files_is_left_as_it_is_which_is_noted(tmp_path):
    files = {"ecg.csv": "1", "manifest.json": "2"}
    fill(tmp_path / "r", files)
    (tmp_path / "r" / "thesis.doc").write_text("theirs")
    # An interrupted run from before left this behind.
    (tmp_path / ".r.0123abcd").mkdir()
    before = stamps(tmp_path / "r")
    with noting_unchanged() as unchanged:
        fill(tmp_path / "r", files)
    assert unchanged == [tmp_path / "r"]
    assert stamps(tmp_path / "r") == before
    with noting_unchanged() as unchanged:
        fill(tmp_path / "r", files, overwrite=True)
    assert unchanged == []


def test_missing_files_join_equal_ones(tmp_path):
    fill(tmp_path / "r", {"ecg.csv": "1"})
    before = stamps(tmp_path / "r" / "ecg.csv")
    with noting_unchanged() as unchanged:
        fill(tmp_path / "r", {"ecg.csv": "1", "rr.csv": "2", "manifest.json": "3"})
    assert unchanged == []
    assert stamps(tmp_path / "r" / "ecg.csv") == before
    assert listing(tmp_path / "r") == {
        "ecg.csv": "1",
        "manifest.json": "3",
        "rr.csv": "2",
    }


@pytest.mark.parametrize(
    ("old", "new", "stays"),
    [
        ({"ecg.csv": "one"}, {"ecg.csv": "ONE"}, True),
        ({"ecg.csv": "one"}, {"ecg.csv": "two"}, False),
        # Files written by two versions make no whole.
        ({"ecg.csv": "one"}, {"ecg.csv": "ONE", "rr.csv": "2"}, False),
        ({"ecg.csv": "one", "rr.csv": "2"}, {"ecg.csv": "ONE"}, False),
    ],
)
def test_a_format_may_say_what_an_equal_folder_is(tmp_path, old, new, stays):
    fill(tmp_path / "r", old)
    before = stamps(tmp_path / "r")

    def same(one, other):
        mine, theirs = (listing(folder) for folder in (one, other))
        return mine["ecg.csv"].lower() == theirs["ecg.csv"].lower()

    if stays:
        with noting_unchanged() as unchanged:
            fill(tmp_path / "r", new, same=same)
        assert unchanged == [tmp_path / "r"]
    else:
        with pytest.raises(OutputExistsError, match=r"ecg\.csv exists|rr\.csv exists"):
            fill(tmp_path / "r", new, same=same)
    assert stamps(tmp_path / "r") == before


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
