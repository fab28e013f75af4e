"""The SHA-256 of a file of hexoframe, in its last annotation.

It is that of the whole file with zeros in its own place, so that headers, samples and
annotations are all vouched for. Other programs see one annotation more.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BLANK_SEAL", "is_unbroken", "seal"]

_BEGIN = "hexoframe sha256 "
# As the whole text of an annotation; within that of another it is no sum.
_MARK = b"\x14" + _BEGIN.encode()
_DIGITS = 64
BLANK_SEAL = _BEGIN + "0" * _DIGITS
"""Text of the annotation before the sum is known."""
_BLOCK = 1 << 20


def seal(path: Path, tail: int) -> None:
    """Put the sum into the annotation, which is in the last `tail` bytes of a file."""
    with path.open("r+b") as file:
        place = _place(file, tail)
        if place is None:
            raise AssertionError(f"{path} has no annotation for its sum")
        total = _sum(file, place)
        file.seek(place)
        file.write(total)


def is_unbroken(path: Path, tail: int) -> bool | None:
    """Whether a file is as it was sealed; None if it has no sum."""
    with path.open("rb") as file:
        place = _place(file, tail)
        if place is None:
            return None
        file.seek(place)
        held = file.read(_DIGITS)
        return held == _sum(file, place)


def _place(file: BinaryIO, tail: int) -> int | None:
    """Return where the digits of the sum are."""
    size = file.seek(0, 2)
    begin = max(0, size - tail)
    file.seek(begin)
    at = file.read().rfind(_MARK)
    return None if at < 0 else begin + at + len(_MARK)


def _sum(file: BinaryIO, place: int) -> bytes:
    total = hashlib.sha256()
    file.seek(0)
    at = 0
    while block := file.read(_BLOCK):
        low, high = place - at, place + _DIGITS - at
        if low < len(block) and high > 0:
            low, high = max(low, 0), min(high, len(block))
            block = block[:low] + b"0" * (high - low) + block[high:]
        total.update(block)
        at += len(block)
    return total.hexdigest().encode()
