"""Checksums of files, and their list in a folder that has no manifest.

The list has the form of ``sha256sum``, which can compare it too. A manifest has its own
place for checksums.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from hexoframe.errors import FileFormatError
from hexoframe.paths import is_file

__all__ = [
    "OTHER_BYTES",
    "SUMS",
    "SummedFile",
    "read_sums",
    "sha256_of",
    "write_sums",
]

SUMS = "hexoframe.sha256"
"""Name of the list."""
OTHER_BYTES = (
    f"is not what was written: its SHA-256 is not that of {SUMS}. It was cut or "
    "changed, or is of another recording: write or copy the record again, or take its "
    f"line out of {SUMS} if you changed it on purpose"
)
"""What messages say of a file with other bytes, after its name."""
# Blocks that are made and not written yet.
_WAITING = 2
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\\]+)")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SummedFile:
    """A new file that another thread writes and sums, block by block.

    Both take as long as making the blocks does. Leaving the `with` waits for the
    thread; errors of the disk are raised by `write` or then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sum = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self._path.open("wb")
        self._thread = ThreadPoolExecutor(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for what is not written yet, and close the file."""
        try:
            while self._waiting and kind is None:
                self._waiting.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)
            self._file.close()

    def write(self, block: bytes) -> None:
        """Write a block after those before; wait if too many are waiting."""
        if len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._put, block))

    def _put(self, block: bytes) -> None:
        self._file.write(block)
        self._sum.update(block)

    @property
    def sha256(self) -> str:
        """SHA-256 of all that was written, once the file is closed."""
        return self._sum.hexdigest()


def write_sums(folder: Path, known: Mapping[str, str]) -> None:
    """Write the list of all files of a folder; `known` are sums by name."""
    names = sorted(path.name for path in folder.iterdir())
    sums = {name: known.get(name) or sha256_of(folder / name) for name in names}
    lines = [f"{found}  {name}\n" for name, found in sums.items()]
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
    if not lines:
        raise FileFormatError(
            f"{path} is empty, so it was cut or overwritten: write or copy the record "
            "again, or remove it to go without checksums"
        )
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
