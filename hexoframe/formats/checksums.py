"""Checksums of files, and their list in a folder that has no manifest.

The list has the form of ``sha256sum``, which can compare it too. A manifest has its own
place for checksums.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hexoframe.errors import FileFormatError
from hexoframe.paths import is_file

__all__ = ["OTHER_BYTES", "SUMS", "read_sums", "sha256_of", "write_sums"]

SUMS = "hexoframe.sha256"
"""Name of the list."""
OTHER_BYTES = (
    f"is not what was written: its SHA-256 is not that of {SUMS}. It was cut or "
    "changed, or is of another recording: write or copy the record again, or take its "
    f"line out of {SUMS} if you changed it on purpose"
)
"""What messages say of a file with other bytes, after its name."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\\]+)")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write the list of all files of a folder."""
    names = sorted(path.name for path in folder.iterdir())
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_bytes("".join(lines).encode())


def read_sums(folder: Path) -> Mapping[str, str] | None:
    """Return the checksum of each file in the list; None if there is no list.

    FileFormatError if it is damaged.
    """
    path = folder / SUMS
    if not os.path.lexists(path):
        return None
    if not is_file(path):
        raise FileFormatError(f"{path} is no file, but a folder, a link or a device")
    try:
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read: {error.strerror}") from error
    found = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise FileFormatError(
                f"{path}, line {number}: found {line[:80]!r}, expected a SHA-256 and "
                f"the name of a file: write the record again, or remove {SUMS} if you "
                "trust the files"
            )
        found[match[2]] = match[1]
    return found
