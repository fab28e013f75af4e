"""Times as exact decimal numbers of seconds, for formats whose times are text.

A tick of either clock has at most eight decimals, so none is ever rounded, and no float
carries a time. Dates are for `hexoframe.timestamps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DIGITS", "SECOND", "decimal_seconds"]

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
