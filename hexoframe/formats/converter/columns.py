"""A column of a file: its times, exactly as printed, and its numbers.

What the numbers mean is decided in `judgement` and `channels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import FileFormatError
from hexoframe.formats.cells import first_bad, read_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype
    from hexoframe.formats.converter.files import File
    from hexoframe.formats.headings import Heading

__all__ = ["Column"]

_EXACT = pa.decimal128(28, 9)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of values.

    Attributes
    ----------
    file : File
        Where it stands.
    number : int
        Which of the columns behind the time it is, from 0.
    row : Datatype
        What it holds.
    """

    file: File
    number: int
    row: Datatype

    @property
    def heading(self) -> Heading:
        """What is known of the column."""
        return self.file.headings[self.number]

    @property
    def decimals(self) -> int | None:
        """How many decimals the first value has."""
        return self.file.decimals(self.number)

    def read(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times in ns, as the file counts them, and the numbers.

        Raises
        ------
        FileFormatError
            If a line is broken, or a cell empty or infinite.
        """
        file = self.file
        times, numbers = _read(file, self.number)
        if times.null_count or numbers.null_count:
            empty = pc.or_(times.is_null(), numbers.is_null())
            row = pc.index(empty, True).as_py()
            raise file.fail(row, "an empty cell", "'<seconds>,<value>'")
        values = numbers.to_numpy()
        if np.isinf(values).any():
            row = int(np.isinf(values).argmax())
            raise file.fail(row, "an infinite value", "a number")
        keep = len(values) - file.repeats_last
        return _nanoseconds(file, times)[:keep], values[:keep]


def _read(file: File, number: int) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    names = [
        f"{heading.name} (column {at})" for at, heading in enumerate(file.headings, 2)
    ]
    types = {"time": _EXACT, **dict.fromkeys(names, pa.float64())}
    try:
        cells = read_cells(file.path, types, skip=file.skip)
        return cells["time"], cells.column(number + 1)
    except FileFormatError:
        # More than nine decimals: the surplus is below a nanosecond.
        cells = read_cells(file.path, {**types, "time": pa.string()}, skip=file.skip)
        return _shortened(file, cells["time"]), cells.column(number + 1)


def _shortened(file: File, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    cut = pc.replace_substring_regex(texts, r"^([^.]*\.\d{9})\d+$", r"\1")

    def good(count: int) -> bool:
        try:
            cut.slice(0, count).cast(_EXACT)
        except pa.ArrowInvalid:
            return False
        return True

    if not good(len(cut)):
        row = first_bad(len(cut), good)
        raise file.fail(row, repr(texts[row].as_py())[:40], "seconds")
    return cut.cast(_EXACT)


def _nanoseconds(file: File, times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return decimals with nine places as whole numbers, without any rounding."""
    words = [
        np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in times.chunks
    ]
    low, high = np.concatenate(words).T
    large = np.flatnonzero(high != low >> 63)
    if len(large):
        row = int(large[0])
        raise file.fail(row, f"{times[row].as_py()} s", "seconds of a recording")
    return np.ascontiguousarray(low)
