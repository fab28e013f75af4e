"""Atomic writing of files and folders: a temporary name, then one rename.

Every writer uses it. Nothing is overwritten unless the caller says so, and a failure
leaves what was there before. If all that was written is there already, the target stays
untouched, which is no failure.

A process may be killed at any point:

* before the rename the target is as it was. The hidden folder of the new files is
  removed by the next writer in that place, once its owner is dead: the owner holds a
  lock in it.
* a folder that exists receives its new files inside one hidden subfolder, with a
  journal of what is to be moved out of it and of what is to be removed. That rename is
  the one step from old to new. Whoever opens or writes the folder next completes a
  journal that was left (`complete`).
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from hexoframe.errors import FileFormatError, OutputError, OutputExistsError
from hexoframe.paths import is_file, is_folder, writing_to

__all__ = [
    "complete",
    "new_file",
    "new_folder",
    "noting_unchanged",
    "protecting",
    "same_bytes",
]

_LOGGER = logging.getLogger(__name__)
_BLOCK = 1 << 20
# Subfolder of a folder whose files are being replaced, and what is in it.
_PENDING = ".hexoframe-new"
_JOURNAL = "journal.json"
_LOCK = ".lock"
# How often a writer gives way to others before its own files come.
_TURNS = 100
# Hidden folders of writers: ".<target>.<eight digits>"; the lock of their owner, and
# what is written.
_SCRATCH = re.compile(r"\..+\.[0-9a-f]{8}")
_NEW = "new"


# -- what is there already -------------------------------------------------------------


def same_bytes(one: Path, other: Path, *, skip: int = 0) -> bool:
    """Whether two files are equal, apart from the first bytes, which are skipped."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as mine, other.open("rb") as theirs:
        mine.seek(skip)
        theirs.seek(skip)
        while block := mine.read(_BLOCK):
            if theirs.read(_BLOCK) != block:
                return False
    return True


_unchanged: ContextVar[list[Path] | None] = ContextVar("unchanged", default=None)


@contextmanager
def noting_unchanged() -> Iterator[list[Path]]:
    """Collect the targets that writers find unchanged while the block runs.

    A writer returns its target in any case; the application tells users the difference.
    """
    targets: list[Path] = []
    token = _unchanged.set(targets)
    try:
        yield targets
    finally:
        _unchanged.reset(token)


def _note_unchanged(target: Path) -> None:
    _LOGGER.info("%s is already there, unchanged", target)
    targets = _unchanged.get()
    if targets is not None:
        targets.append(target)


_protected: ContextVar[Collection[Path]] = ContextVar("protected", default=())


@contextmanager
def protecting(targets: Collection[Path]) -> Iterator[None]:
    """Let no writer replace these targets while the block runs, whatever it is told.

    What one run has just written must not give way to another recording of its name.
    """
    token = _protected.set(targets)
    try:
        yield
    finally:
        _protected.reset(token)


# -- writing ---------------------------------------------------------------------------


@contextmanager
def new_file(
    target: Path, *, overwrite: bool, same: Callable[[Path, Path], bool] = same_bytes
) -> Iterator[Path]:
    """Yield a path beside `target` that replaces it when the block ends without error.

    The path does not exist yet. A target that may not be overwritten stays if it is the
    `same` as the new file, and is an `OutputExistsError` if it differs.
    """
    with writing_to(target), _scratch(target, is_file) as folder:
        # Beside its lock: a target may have any name.
        (folder / _NEW).mkdir()
        path = folder / _NEW / target.name
        yield path
        if not target.is_file():
            _refuse(target)
        overwrite = overwrite and target not in _protected.get()
        if overwrite or not target.exists():
            path.replace(target)
        elif same(target, path):
            _note_unchanged(target)
        else:
            raise _kept(target)


@contextmanager
def new_folder(
    target: Path,
    *,
    overwrite: bool,
    owned: Callable[[str], bool],
    same: Callable[[Path, Path], bool] | None = None,
    derived: str | None = None,
) -> Iterator[Path]:
    """Yield an empty folder whose files move into `target` when the block ends.

    `owned` says whether this writer makes files of a name. Owned files of the target
    that were not written again are removed; files of others are never touched.

    Owned files that may not be overwritten stay if their bytes are those of the new
    ones, and what is missing joins them. If bytes differ, `same` may find the target to
    be the same as the new folder. Otherwise nothing moves, with an `OutputExistsError`;
    so too if another file has the name of a new one. The file `derived` follows from
    the others: it is not compared, and replaced whenever others move.
    """
    with writing_to(target), _scratch(target, is_folder) as scratch:
        folder = scratch / _NEW
        folder.mkdir()
        yield folder
        if not target.exists():
            folder.rename(target)
            return
        complete(target)
        old = _files_in(target, owned)
        new = sorted(path.name for path in folder.iterdir())
        overwrite = overwrite and target not in _protected.get()
        # All are checked before the first is moved.
        for name in new:
            if name not in old:
                _refuse(target / name)
        if overwrite:
            moved, removed = new, sorted(set(old).difference(new))
        else:
            moved, removed = _missing(target, folder, (old, new), (same, derived)), []
        if not moved:
            _note_unchanged(target)
            return
        for name in set(new).difference(moved):
            (folder / name).unlink()
        _hand_over(folder, target, moved, removed)


def _files_in(target: Path, owned: Callable[[str], bool]) -> list[str]:
    return sorted(
        path.name for path in target.iterdir() if path.is_file() and owned(path.name)
    )


def _missing(
    target: Path,
    folder: Path,
    names: tuple[list[str], list[str]],
    rules: tuple[Callable[[Path, Path], bool] | None, str | None],
) -> list[str]:
    """Return the new files that the target lacks; refuse one that differs.

    `names` are those of the files in the target and in the new folder; `rules` are
    `same` and `derived`.
    """
    (old, new), (same, derived) = names, rules
    for name in old:
        if name == derived:
            continue
        if name not in new:
            raise _kept(target, name, "would not be written again")
        if not same_bytes(target / name, folder / name):
            if same is not None and old == new and same(target, folder):
                return []
            raise _kept(target, name)
    lacking = [name for name in new if name not in old or name == derived]
    return [] if lacking == [derived] else lacking


def _hand_over(
    folder: Path, target: Path, moved: Iterable[str], removed: Iterable[str]
) -> None:
    """Give new files to a folder in one step, then put them into their places."""
    journal = {"moved": sorted(moved), "removed": sorted(removed)}
    (folder / _JOURNAL).write_text(json.dumps(journal), "utf-8")
    for left in reversed(range(_TURNS)):
        complete(target)
        try:
            folder.rename(target / _PENDING)
        except OSError as error:
            # Another writer was quicker: its files come first. They may be in their
            # places by now.
            taken = error.errno in {errno.EEXIST, errno.ENOTEMPTY}
            if not left or not (taken or os.path.lexists(target / _PENDING)):
                raise
        else:
            break
    complete(target)


def complete(folder: Path) -> None:
    """Complete the replacing of files in a folder, if a writer was killed at it.

    Waits for one that is still at work. FileFormatError if the folder cannot be
    written, or if `new_folder` did not write the journal.
    """
    pending = folder / _PENDING
    try:
        mode = os.lstat(pending).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(mode):
        raise FileFormatError(
            f"{pending} is not what hexoframe writes: remove it, and open the folder "
            "again"
        )
    for left in reversed(range(_TURNS)):
        try:
            _complete_pending(pending)
        except OSError as error:
            if not os.path.lexists(pending):
                return  # another process completed it meanwhile
            # It came, went and came again while the lock was made.
            passing = isinstance(error, FileExistsError | FileNotFoundError)
            if passing and left:
                continue
            raise FileFormatError(
                f"{folder} holds two states of a record, since writing it was "
                f"interrupted, and completing that failed ({error.strerror}): open it "
                "where it can be written, or write the record again to another place"
            ) from error
        return


def _complete_pending(pending: Path) -> None:
    from filelock import FileLock  # noqa: PLC0415  # only if a writer was killed

    with FileLock(pending / _LOCK):
        if (pending / _JOURNAL).exists():
            _follow(pending)
            (pending / _JOURNAL).unlink()
        _remove_emptied(pending)
    if os.name == "nt":
        # There, a lock that is held cannot be removed.
        _remove_emptied(pending)


def _remove_emptied(pending: Path) -> None:
    """Remove a subfolder without a journal; it stays if another process is in it."""
    with suppress(OSError):
        (pending / _LOCK).unlink(missing_ok=True)
        pending.rmdir()


def _follow(pending: Path) -> None:
    """Do what a journal says; all that was done before is done already."""
    moved, removed = _parse_journal(pending / _JOURNAL)
    for name in moved:
        with suppress(FileNotFoundError):
            (pending / name).replace(pending.parent / name)
    for name in removed:
        (pending.parent / name).unlink(missing_ok=True)


def _parse_journal(path: Path) -> tuple[list[str], list[str]]:
    """Return the names to move and to remove; only plain names are taken."""
    if os.path.lexists(path) and not is_file(path):
        raise FileFormatError(f"{path} is no file, but a folder, a link or a device")
    try:
        held = json.loads(path.read_bytes())
        moved, removed = list(held["moved"]), list(held["removed"])
        plain = all(
            isinstance(name, str) and name == Path(name).name and name[0] != "."
            for name in (*moved, *removed)
        )
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise FileFormatError(
            f"{path} is damaged ({type(error).__name__}): write the record again to "
            "another place"
        ) from error
    if not plain:
        raise FileFormatError(
            f"{path} names files outside of its folder, so hexoframe did not write it: "
            f"remove {path.parent}"
        )
    return moved, removed


def _refuse(path: Path) -> None:
    """Refuse to write where something is that no writer may replace."""
    if os.path.lexists(path):
        raise OutputExistsError(
            f"{path} exists, is not a file of this writer, and was left as it is: "
            "choose another place"
        )


def _kept(
    target: Path, name: str = "", why: str = "differs from what would be written"
) -> OutputExistsError:
    path = target / name
    if target in _protected.get():
        return OutputExistsError(
            f"{path} was just written from another recording, which has no id or the "
            "same one, and was left as it is: write one of the two into another folder"
        )
    return OutputExistsError(
        f"{path} exists, {why}, and was left as it is: choose another place, or say "
        "overwrite=True to replace what this writer made"
    )


# -- hidden folders --------------------------------------------------------------------


@contextmanager
def _scratch(target: Path, fits: Callable[[Path], bool]) -> Iterator[Path]:
    """Make a hidden folder on the disk of the target, and remove it at the end.

    A target that is there and does not fit, a folder where a file is written, is
    refused.
    """
    if not fits(target):
        _refuse(target)
    made = [path for path in target.parents if not path.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputExistsError(
            f"{target.parent} is no folder, or a file is in its way: choose another "
            "place"
        ) from error
    _sweep(target)
    # What is made in it may become the target, so it gets the permissions of any new
    # folder: one of tempfile could be read by its owner only.
    folder = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    try:
        with _owning(folder):
            try:
                yield folder
            finally:
                _remove(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for path in made:
            # Only an empty folder goes: it holds neither the target nor other files.
            with suppress(OSError):
                path.rmdir()


@contextmanager
def _owning(folder: Path) -> Iterator[None]:
    """Make a hidden folder with a lock, which the system releases with the process."""
    from filelock import FileLock  # noqa: PLC0415  # only to write

    lock = FileLock(folder / _LOCK, thread_local=False)
    turns = 0
    while not lock.is_locked:
        try:
            folder.mkdir(exist_ok=True)
            lock.acquire()
        except (FileNotFoundError, FileExistsError) as error:
            # A process that sweeps at this moment may take the folder for one left;
            # not again and again.
            turns += 1
            if turns == _TURNS:
                raise OutputError(
                    f"nothing can be written into {folder.parent}: choose another place"
                ) from error
    try:
        yield
    finally:
        lock.release()


def _sweep(target: Path) -> None:
    """Remove the hidden folders that killed writers left, never one in use."""
    with os.scandir(target.parent) as entries:
        left = [
            Path(entry.path)
            for entry in entries
            if _SCRATCH.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]
    for folder in left:
        if (folder / _LOCK).exists():
            _remove_if_left(folder)
        elif folder.name.startswith(f".{target.name}."):
            # The writer was killed before it made the lock: nothing is in it.
            with suppress(OSError):
                folder.rmdir()


def _remove_if_left(folder: Path) -> None:
    from filelock import FileLock, Timeout  # noqa: PLC0415  # only to write

    try:
        with FileLock(folder / _LOCK, timeout=0, thread_local=False):
            _LOGGER.info("%s was left by a writer that was killed: removed", folder)
            _remove(folder)
    except (Timeout, OSError) as error:
        _LOGGER.debug("%s stays (%s)", folder, type(error).__name__)


def _remove(folder: Path) -> None:
    """Remove a hidden folder, its lock last: a kill before leaves it to be swept."""
    shutil.rmtree(folder / _NEW, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
