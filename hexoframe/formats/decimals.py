"""Times as exact decimal numbers of seconds, and columns of text as lines.

A tick of either clock has at most eight decimals, so none is ever rounded, and no float
carries a time. Dates are for `hexoframe.timestamps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["DIGITS", "SECOND", "decimal_seconds", "lines_of"]

DIGITS = 9
"""Decimals of a nanosecond."""
SECOND = 10**DIGITS


def decimal_seconds(times: NDArray[np.int64], *, signed: bool = True) -> pa.Array:
    """Return times in ns as text in s, in the shortest exact form: ``-0.00390625``."""
    parts = (pa.array(each) for each in np.divmod(np.abs(times), SECOND))
    whole, part = (each.cast(pa.string()) for each in parts)
    decimals = pc.utf8_rtrim(pc.utf8_lpad(part, DIGITS, "0"), "0")
    point = pc.if_else(pc.equal(decimals, ""), "", ".")
    sign = pc.if_else(pa.array((times < 0) & signed), "-", "")
    return pc.binary_join_element_wise(sign, whole, point, decimals, "")


def lines_of(columns: Iterable[pa.Array], between: str = "\t") -> bytes:
    """Return a line a row of columns of text."""
    lines = pc.binary_join_element_wise(*columns, between)
    ended = pc.binary_join_element_wise(lines, "\n", "").cast(pa.large_string())
    _, ends, data = pa.concat_arrays([ended]).buffers()
    if data is None:
        return b""
    last = int(np.frombuffer(ends, np.int64, len(ended) + 1)[-1])
    return bytes(memoryview(data)[:last])
