"""Atomic writing of files and folders: a temporary name, then a rename.

Every writer uses it. Nothing is overwritten unless the caller says so, and a failure
leaves what was there before. If all that was written is there already, the target stays
untouched, which is no failure.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from hexoframe.errors import OutputExistsError
from hexoframe.formats.unwritable import explaining

__all__ = ["new_file", "new_folder", "noting_unchanged", "protecting", "same_bytes"]

_LOGGER = logging.getLogger(__name__)
_BLOCK = 1 << 20


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


@explaining
@contextmanager
def new_file(
    target: Path, *, overwrite: bool, same: Callable[[Path, Path], bool] = same_bytes
) -> Iterator[Path]:
    """Yield a path beside `target` that replaces it when the block ends without error.

    The path does not exist yet. A target that may not be overwritten stays if it is the
    `same` as the new file, and is an `OutputExistsError` if it differs.
    """
    if not target.is_file():
        _refuse(target)
    with _scratch(target) as folder:
        path = folder / target.name
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


@explaining
@contextmanager
def new_folder(
    target: Path,
    *,
    overwrite: bool,
    owned: Callable[[str], bool],
    same: Callable[[Path, Path], bool] | None = None,
) -> Iterator[Path]:
    """Yield an empty folder whose files move into `target` when the block ends.

    `owned` says whether this writer makes files of a name. Owned files of the target
    that were not written again are removed; files of others are never touched.

    Owned files that may not be overwritten stay if their bytes are those of the new
    ones, and what is missing joins them. If bytes differ, `same` may find the target to
    be the same as the new folder. Otherwise nothing moves, with an `OutputExistsError`;
    so too if another file has the name of a new one.
    """
    if not target.is_dir():
        _refuse(target)
    with _scratch(target) as folder:
        yield folder
        if not target.exists():
            folder.rename(target)
            return
        old = _files_in(target, owned)
        new = sorted(path.name for path in folder.iterdir())
        overwrite = overwrite and target not in _protected.get()
        # All are checked before the first is moved.
        for name in new:
            if name not in old:
                _refuse(target / name)
        moved = new if overwrite else _missing(target, folder, (old, new), same)
        for name in moved:
            (folder / name).replace(target / name)
        for name in set(old).difference(new) if overwrite else ():
            (target / name).unlink()
        if not (overwrite or moved):
            _note_unchanged(target)


def _files_in(target: Path, owned: Callable[[str], bool]) -> list[str]:
    return sorted(
        path.name for path in target.iterdir() if path.is_file() and owned(path.name)
    )


def _missing(
    target: Path,
    folder: Path,
    names: tuple[list[str], list[str]],
    same: Callable[[Path, Path], bool] | None,
) -> list[str]:
    """Return the new files that the target lacks; refuse one that differs.

    `names` are those of the files in the target and in the new folder.
    """
    old, new = names
    for name in old:
        if name not in new:
            raise _kept(target, name, "would not be written again")
        if not same_bytes(target / name, folder / name):
            if same is not None and old == new and same(target, folder):
                return []
            raise _kept(target, name)
    return [name for name in new if name not in old]


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


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Make a folder on the disk of the target, and remove it at the end."""
    made = [path for path in target.parents if not path.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputExistsError(
            f"{target.parent} is no folder, or a file is in its way: choose another "
            "place"
        ) from error
    # It may become the target, so it gets the permissions of any new folder: one of
    # tempfile could be read by its owner only.
    folder = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for path in made:
            # Only an empty folder goes: it holds neither the target nor other files.
            with suppress(OSError):
                path.rmdir()
