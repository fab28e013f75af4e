"""Files appear whole or not at all: a temporary name beside the target, then a rename.

Every writer goes through here. Nothing is overwritten unless the caller says so, and a
failure leaves what was there before.
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
    """Yield a temporary path that becomes `target` when the block ends well.

    Parameters
    ----------
    target : Path
        File to write; its folder is made if it does not exist.
    overwrite : bool
        Whether an existing file may be replaced.

    Yields
    ------
    Path
        A file that does not exist yet, in a folder of its own beside the target.

    Raises
    ------
    OutputExistsError
        If the target exists and may not be replaced; nothing is written then.
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
    """Yield an empty temporary folder whose files move into `target` at the end.

    Parameters
    ----------
    target : Path
        Folder to write.
    overwrite : bool
        Whether files in an existing folder may be replaced.
    owned : callable
        Says of a file name whether this writer makes such files. Where files are
        replaced, owned ones that were not written anew are removed, so that no old
        channel stays beside new ones; files of others are left alone.

    Yields
    ------
    Path
        Empty folder beside the target.

    Raises
    ------
    OutputExistsError
        If the target holds owned files and they may not be replaced, or a file of
        others under the name of a new one; nothing is written then.
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
        # All are looked at before the first is moved.
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
    """Make a folder on the same disk, and remove whatever is left of it."""
    made = [path for path in target.parents if not path.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputExistsError(
            f"{target.parent} is no folder, or a file is in its way: choose another "
            "place"
        ) from error
    # It may become the target itself, so it has the permissions of any new folder and
    # not those of tempfile, which lets only the owner in.
    folder = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for path in made:
            # Only an empty folder goes so: neither the target nor others are in it.
            with suppress(OSError):
                path.rmdir()
