"""Atomic writing of files and folders: a temporary name, then a rename.

Every writer uses it. Nothing is overwritten unless the caller says so, and a failure
leaves what was there before.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hexoframe.errors import OutputExistsError

__all__ = ["new_file", "new_folder"]


@contextmanager
def new_file(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a path beside `target` that replaces it when the block ends without error.

    The path does not exist yet. A target that exists and may not be overwritten is an
    `OutputExistsError`.
    """
    _refuse(target, overwrite=overwrite)
    with _scratch(target) as folder:
        path = folder / target.name
        yield path
        _refuse(target, overwrite=overwrite)
        path.replace(target)


@contextmanager
def new_folder(
    target: Path, *, overwrite: bool, owned: Callable[[str], bool]
) -> Iterator[Path]:
    """Yield an empty folder whose files move into `target` when the block ends.

    `owned` says whether this writer makes files of a name. Owned files of the target
    that were not written again are removed; files of others are never touched. Nothing
    is written, with an `OutputExistsError`, if owned files exist and may not be
    overwritten, or if another file has the name of a new one.
    """
    old = _owned_files(target, owned)
    if old and not overwrite:
        _refuse(old[0], overwrite=False)
    with _scratch(target) as folder:
        yield folder
        if not target.exists():
            folder.rename(target)
            return
        new = sorted(folder.iterdir())
        # All are checked before the first is moved.
        for path in new:
            mine = overwrite and owned(path.name)
            _refuse(target / path.name, overwrite=mine)
        for path in new:
            path.replace(target / path.name)
        kept = {path.name for path in new}
        for path in old:
            if path.name not in kept:
                path.unlink()


def _owned_files(target: Path, owned: Callable[[str], bool]) -> list[Path]:
    if not target.is_dir():
        _refuse(target, overwrite=False)
        return []
    return sorted(
        path for path in target.iterdir() if path.is_file() and owned(path.name)
    )


def _refuse(target: Path, *, overwrite: bool) -> None:
    if os.path.lexists(target) and not (overwrite and target.is_file()):
        raise OutputExistsError(
            f"{target} exists and was left as it is: choose another place, or say "
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
