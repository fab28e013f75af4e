"""Paths on the user's disk: home folders, what lies there, and errors of the disk.

Links in circles, pipes and names longer than the disk allows are told apart here. What
files mean does not belong here.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    OutputError,
)

__all__ = [
    "check_path",
    "expanded",
    "is_file",
    "is_folder",
    "reading_from",
    "writing_to",
]

# What a disk says, and what to do about it.
_WAYS_OUT = {
    errno.ENOSPC: "make room, or choose another place",
    errno.EDQUOT: "make room, or choose another place",
    errno.EFBIG: "choose a disk that takes larger files",
    errno.EROFS: "choose another folder",
    errno.EIO: "check the disk, or choose another one",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "the links lead in a circle; choose another folder",
}
_REFUSED = "allow writing there, or choose another place"


def expanded(path: str | os.PathLike[str], *, what: str = "the path") -> Path:
    """Return a path with its ``~`` replaced; `what` names it in messages."""
    if "\0" in str(path):
        raise ConfigurationError(f"{what} {str(path)!r} holds a NUL: no disk has it")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(
            f"{what} {str(path)!r} begins with the home folder of a user that this "
            "machine does not know: give the whole path"
        ) from error


def is_file(path: Path) -> bool:
    """Whether a path is a file; pipes, devices and broken links are none."""
    return os.path.isfile(path)  # noqa: PTH113  # that of Path raises for long names


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; a link that leads nowhere is none."""
    return os.path.isdir(path)  # noqa: PTH112  # that of Path raises for long names


def check_path(path: Path) -> None:
    """Refuse what is neither a file nor a folder, with the reason.

    FileNotFoundError if there is nothing, FileFormatError for links in circles, names
    that are too long, pipes, sockets and devices.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        kind = "is a link to nothing" if os.path.lexists(path) else "does not exist"
        raise FileNotFoundError(
            f"{path} {kind} (looked in {os.path.realpath(path.parent)})"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        number = getattr(error, "errno", None) or 0
        way = _WAYS_OUT.get(number, "give the path of a file or a folder")
        raise FileFormatError(
            f"{_short(path)} cannot be opened ({why}): {way}"
        ) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise FileFormatError(
            f"{path} is a pipe, a socket or a device, not a file: save what comes from "
            "it to a file, and open that"
        )


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 200 else f"{text[:200]}..."


@contextmanager
def reading_from(source: Path) -> Iterator[None]:
    """Turn an error of the disk in a block that reads into a FileFormatError.

    That something is not there, or may not be read, stays as it is.
    """
    try:
        yield
    except OSError as error:
        usual = HexoframeError | FileNotFoundError | PermissionError
        if isinstance(error, usual):
            raise
        why = error.strerror or str(error)
        way = _WAYS_OUT.get(error.errno or 0, "give the path of a file or a folder")
        raise FileFormatError(
            f"{_short(source)} cannot be read ({why[:1].lower()}{why[1:]}): {way}"
        ) from error


@contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """Turn an error of the disk in a block that writes `target` into an OutputError."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{_short(target)} cannot be written: its name holds bytes that are no "
            "text; choose another name"
        ) from error
    except OSError as error:
        refused = isinstance(error, PermissionError)
        way = _REFUSED if refused else _WAYS_OUT.get(error.errno or 0)
        known = isinstance(error, HexoframeError) or way is None
        # What may not be read is another file.
        if known or (refused and not _concerns(error.filename, target)):
            raise
        why = os.strerror(error.errno or 0)
        told = OutputError(
            f"{_short(target)} cannot be written ({why[:1].lower()}{why[1:]}): {way}; "
            "what was there before is left as it was"
        )
        told.errno = error.errno
        raise told from error


def _concerns(name: object, target: Path) -> bool:
    """Whether a file is the target, in it, above it, or hidden beside it."""
    if not isinstance(name, str):
        return False
    path = Path(name)
    hidden = any(part.startswith(f".{target.name}.") for part in path.parts)
    return hidden or path == target or target in path.parents or path in target.parents
