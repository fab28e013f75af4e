"""How much memory the frames of a file may take, so that no small file fills it.

A shirt that lies still for 33 hours, without a signal of heart and breath, is packed to
10 MB by the noise of its accelerometer alone, and takes 800 MB as frames. Real records
of that size take a tenth.
"""

from __future__ import annotations

from collections.abc import Collection

from hexoframe.errors import FileFormatError

__all__ = ["check_memory"]

_FRAME_BYTES = 800 << 20
# How much more for each byte beyond so many.
_PACKED_BYTES = 10 << 20
_RATIO = 400
_STAMP_BYTES = 8


def check_memory(label: str, packed: int, columns: Collection[tuple[int, int]]) -> None:
    """Refuse a file of `packed` bytes whose frames would be larger than any recording.

    `columns` are rows and bytes a row; those with as many rows share their stamps.
    """
    needed = sum(rows * width for rows, width in columns)
    needed += _STAMP_BYTES * sum({rows for rows, _ in columns})
    allowed = _FRAME_BYTES + _RATIO * max(0, packed - _PACKED_BYTES)
    if needed > allowed:
        raise FileFormatError(
            f"{label}: {packed:,} bytes would unpack to frames of {needed:,} bytes, "
            f"more than a recording of that size has (at most {allowed:,}); this is "
            "not a recording"
        )
