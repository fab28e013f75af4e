"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from hexoframe.errors import FileFormatError, HexoframeError, OutputExistsError
from hexoframe.formats.atomic import complete, new_file, new_folder, noting_unchanged
from hexoframe.formats.checksums import SUMS
from hexoframe.opening import open_record


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


# -- killed ----------------------------------------------------------------------------

# What changes a disk, as the interpreter tells it just before.
KILLED_AT = """
import os, signal, sys

def die_at(number):
    left = number

    def hook(event, args):
        nonlocal left
        writes = event == "open" and isinstance(args[2], int) and args[2] & 0o1103
        if writes or event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
"""
exec(KILLED_AT, KILLING := {})  # noqa: S102  # the text is for other processes too

posix = pytest.mark.skipif(os.name == "nt", reason="no process is killed so there")


def killed_at(number, job):
    """Run a job in a child that is killed at that step; False if it came to its end."""
    with warnings.catch_warnings():
        # The child does nothing with the threads of this process.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            KILLING["die_at"](number)
            job()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def hidden(folder):
    return [path.name for path in folder.rglob(".*")]


OLD = {"ecg.csv": "old", "manifest.json": "old", "rr.csv": "old"}
NEW = {"act.csv": "new", "ecg.csv": "new", "manifest.json": "new"}
THEIRS = {"thesis.doc": "theirs", "more": None, "more/own.csv": "theirs"}


def lay_out(target, files):
    shutil.rmtree(target, ignore_errors=True)
    (target / "more").mkdir(parents=True)
    for name, text in {**files, **THEIRS}.items():
        if text is not None:
            (target / name).write_text(text)


# At every step, and at some of them, for a start.
steps = pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.slow), 7])


@posix
@steps
def test_a_folder_is_old_or_new_wherever_its_writer_is_killed(tmp_path, stride):
    target, found = tmp_path / "r", []
    for number in range(1, 1000, stride):
        lay_out(target, OLD)
        if not killed_at(number, lambda: fill(target, NEW, overwrite=True)):
            break
        complete(target)
        state = {name: text for name, text in listing(target).items() if name}
        assert state in ({**OLD, **THEIRS}, {**NEW, **THEIRS})
        found.append("new" if "act.csv" in state else "old")
        # The next writer removes what was left, wherever that was.
        fill(tmp_path / "s", NEW, overwrite=True)
        fill(target, NEW, overwrite=True)
        assert hidden(tmp_path) == []
        assert listing(target) == {**NEW, **THEIRS}
    assert found == sorted(found, reverse=True), "there is one step from old to new"
    assert min(map(found.count, ("old", "new"))) * stride >= 7


@posix
@steps
@pytest.mark.parametrize("old", [OLD, {}])
def test_files_that_join_others_come_together(tmp_path, old, stride):
    target = tmp_path / "r"
    new = {**old, "a.csv": "1", "b.csv": "2", "c.csv": "3"}
    for number in range(1, 1000, stride):
        lay_out(target, old)
        if not killed_at(number, lambda: fill(target, new)):
            break
        complete(target)
        assert listing(target) in ({**old, **THEIRS}, {**new, **THEIRS})
    assert listing(target) == {**new, **THEIRS}
    assert number > 10


@posix
@steps
def test_one_who_completes_may_be_killed_too(tmp_path, stride):
    target = tmp_path / "r"
    for number in range(1, 1000, stride):
        lay_out(target, {**OLD, **NEW})
        pending = target / ".hexoframe-new"
        pending.mkdir()
        for name in ("act.csv", "ecg.csv"):
            (pending / name).write_text("newest")
        journal = {"moved": ["act.csv", "ecg.csv"], "removed": ["rr.csv"]}
        (pending / "journal.json").write_text(json.dumps(journal))
        killed = killed_at(number, lambda: complete(target))
        complete(target)
        expected = {"act.csv": "newest", "ecg.csv": "newest", "manifest.json": "new"}
        assert listing(target) == {**expected, **THEIRS}
        if not killed:
            break
    assert number > 6


def test_hidden_folders_of_the_living_and_of_others_stay(tmp_path):
    for name in (".other.0123abcd", ".git", ".x.mat.backup"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("theirs")
    (tmp_path / ".empty.0123abcd").mkdir()
    before = listing(tmp_path)
    with new_file(tmp_path / "x.mat", overwrite=False) as mine:
        mine.write_text("1")
        # Another thread; another process is told apart by the same lock.
        other = threading.Thread(
            target=lambda: fill(tmp_path / "r", {"ecg.csv": "1"}, overwrite=True)
        )
        other.start()
        other.join()
        assert mine.read_text() == "1"
    new = {"x.mat": "1", "r": None, "r/ecg.csv": "1"}
    assert listing(tmp_path) == {**before, **new}


@pytest.mark.parametrize(
    ("journal", "message"),
    [
        ('{"moved": ["a"], "removed": ["../mine"]}', "outside of its folder"),
        ('{"moved": ["../mine"], "removed": []}', "outside of its folder"),
        ('{"moved": [".bashrc"], "removed": []}', "outside of its folder"),
        ('{"moved": [1], "removed": []}', "outside of its folder"),
        ('{"moved": []}', "damaged"),
        ("[" * 10_000, "damaged"),
        ("[]", "damaged"),
    ],
)
def test_a_journal_from_elsewhere_is_not_followed(tmp_path, journal, message):
    (tmp_path / "mine").write_text("mine")
    pending = tmp_path / "r" / ".hexoframe-new"
    pending.mkdir(parents=True)
    (pending / "journal.json").write_text(journal)
    with pytest.raises(FileFormatError, match=message):
        complete(tmp_path / "r")
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(FileFormatError, match=message):
        open_record(tmp_path / "r")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_a_journal_is_not_waited_for(tmp_path):
    pending = tmp_path / "r" / ".hexoframe-new"
    pending.mkdir(parents=True)
    os.mkfifo(pending / "journal.json")
    with pytest.raises(FileFormatError, match="is no file"):
        complete(tmp_path / "r")


@pytest.mark.skipif(os.name == "nt", reason="no symbolic links without rights")
def test_a_link_is_no_place_of_new_files(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".hexoframe-new").symlink_to(tmp_path / "mine")
    with pytest.raises(FileFormatError, match="is not what hexoframe writes"):
        complete(tmp_path / "r")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes anywhere")
def test_two_states_that_cannot_be_completed_are_refused(tmp_path):
    target = tmp_path / "r"
    (target / ".hexoframe-new").mkdir(parents=True)
    (target / ".hexoframe-new").chmod(0o500)
    with pytest.raises(FileFormatError, match="holds two states of a record"):
        complete(target)


@pytest.mark.slow
def test_two_writers_of_one_folder_leave_it_to_one_of_them(tmp_path):
    target = tmp_path / "r"
    states = [{f"{n}.csv": str(n), "manifest.json": str(n)} for n in range(4)]

    def write(files):
        for _ in range(25):
            fill(target, files, overwrite=True)

    threads = [threading.Thread(target=write, args=(files,)) for files in states]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert listing(target) in states
    assert hidden(tmp_path) == []


# -- killed while a record is written --------------------------------------------------

# A process that does nothing but fork: what Arrow's threads hold is not inherited.
WRITERS = """
import json, os, sys, warnings
from pathlib import Path
import pandas, pyarrow, pyarrow.csv, pyarrow.parquet, filelock
from hexoframe import open_record
from hexoframe.formats import archive, atomic, mat, text
from hexoframe.formats.own import csv, parquet
from hexoframe.formats.text import writer
warnings.simplefilter("ignore")

def write(sample, verb, scale, seconds, target, more, kill):
    record = open_record(sample, units=scale, channels=["acceleration", "heart_rate"])
    record = record.between(record.start, record.start + pandas.Timedelta(seconds, "s"))
    for name in record:
        record[name]
    if kill:
        die_at(kill)
    getattr(record, verb)(target, overwrite=True, **more)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            write(**json.loads(line))
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
# Verb and the two states: scale, length in s, options.
REPLACED = {
    "parquet, units": ("to_parquet", ("raw", 8, {}), ("physical", 8, {})),
    "parquet, length": ("to_parquet", ("physical", 20, {}), ("physical", 8, {})),
    "csv, to physical": ("to_csv", ("raw", 8, {}), ("physical", 8, {})),
    "csv, to raw": ("to_csv", ("physical", 8, {}), ("raw", 8, {})),
    "csv, length": ("to_csv", ("physical", 8, {}), ("physical", 20, {})),
    "csv at a rate": (
        "to_csv",
        ("physical", 8, {"rate": "1s"}),
        ("physical", 20, {"rate": "2s"}),
    ),
    "txt, dialect": (
        "to_txt",
        ("physical", 8, {"dialect": "classic"}),
        ("physical", 20, {"dialect": "port"}),
    ),
    "txt, length": ("to_txt", ("physical", 20, {}), ("physical", 8, {})),
    "txt, formatted": (
        "to_txt",
        ("physical", 8, {}),
        ("physical", 8, {"timestamps": "string"}),
    ),
    "txt, physical": (
        "to_txt",
        ("raw", 8, {"units": "classic"}),
        ("physical", 8, {"units": "physical"}),
    ),
    "mat, units": ("to_mat", ("raw", 8, {}), ("physical", 20, {})),
}


@posix
@pytest.mark.slow
@pytest.mark.parametrize("case", REPLACED)
def test_a_record_is_old_or_new_wherever_its_writer_is_killed(case, tmp_path, samples):
    verb, *states = REPLACED[case]
    if verb == "to_mat":
        pytest.importorskip("scipy")
    one_file = verb == "to_mat" or "rate" in states[0][2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_AT + WRITERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as writers:
        assert writers.stdout.readline() == "ready\n"

        def write(root, state, kill=0):
            target = root / "x.out" if one_file else root
            scale, seconds, more = state
            job = {"sample": str(samples / "hexoskin_10min.zip"), "verb": verb}
            job |= {"scale": scale, "seconds": seconds, "more": more, "kill": kill}
            writers.stdin.write(json.dumps({**job, "target": str(target)}) + "\n")
            writers.stdin.flush()
            return int(writers.stdout.readline())

        def content(root):
            """What opening gives, or the bytes of a file that is not opened."""
            if one_file:
                # The head of a MATLAB file has the time of writing.
                return (root / "x.out").read_bytes()[116 if verb == "to_mat" else 0 :]
            (manifest,) = (
                path
                for path in root.rglob("*")
                if path.name in {"manifest.json", "metadata.json", SUMS}
                and not any(part[0] == "." for part in path.relative_to(root).parts)
            )
            folder = manifest.parent
            how = {"model": "hexoskin"} if manifest.name == SUMS else {}
            record = open_record(folder, tz="UTC", **how)
            frames = {name: record[name].to_csv() for name in record}
            # Both states may open alike, and the manifest tells which is there.
            told = manifest.read_text()
            if not how:
                told = json.loads(told)["scale"]
            return told, record.start_tick, record.end_tick, frames

        expected = []
        for number, state in enumerate(states):
            assert write(tmp_path / str(number), state) == 0
            expected.append(content(tmp_path / str(number)))
        assert expected[0] != expected[1]
        found = []
        for kill in range(1, 1000):
            place = tmp_path / "here"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(tmp_path / "0", place)
            code = write(place, states[1], kill)
            if not code:
                break
            assert code == -signal.SIGKILL
            found.append(expected.index(content(place)))
            assert write(place, states[1]) == 0
            assert hidden(place) == []
            assert content(place) == expected[1]
    assert found == sorted(found), "there is one step from old to new"
    assert set(found) == {0, 1}
