"""Stamps of the dashboard's CSV: text to ticks, and what other programs made of them.

A stamp is a whole number, in whatever form: with a fraction of zero, an exponent, or a
sign between thousands. What was rounded is refused, since nothing brings it back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import FileFormatError, TimestampError
from hexoframe.formats.cells import (
    EXPORT_AGAIN,
    Place,
    first_bad,
    what_a_spreadsheet_did,
)
from hexoframe.timestamps.ticks import as_ticks, clock_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock

__all__ = ["read_stamps"]

_GROUPED = re.compile(
    r"\s*\d{1,3}(?P<sign>[ ,.'\u2019\u00a0\u202f])\d{3}(?:(?P=sign)\d{3}){2,3}"
    r"(?:[.,]0*)?\s*"
)
# Stamps that all end on so many zeros were rounded: a tick in a million does.
_ZEROS = 6
# ... if most of them repeat: rows are a second apart, 256 or 1000 ticks.
_ZEROS_REPEATED = {256: 3, 1000: 4}
# ... or if rows, a second apart before, have uneven steps.
_ROWS_UNEVEN = 10
_ROWS_LOOKED_AT = 1000
# A number of 32 bits keeps 24 of the 39 to 41 bits of a tick.
_SINGLE = 1 << 15


def read_stamps(
    column: pa.ChunkedArray, clock: Clock | None, decimal: str, place: Place
) -> tuple[NDArray[np.int64], Clock]:
    """Return the ticks of stamps, and their clock if the heading does not tell it."""
    if column.null_count:
        row = pc.index(column.is_null(), True).as_py()
        raise place.fail(row, "no stamp", "a tick")
    texts = _as_bytes(_plain(column, decimal, place))
    if clock is None:
        clock = _clock_of(texts, place)
    ticks = _ticks(texts, clock, place)
    _refuse_rounded(texts, ticks, clock, place)
    return ticks, clock


def _plain(column: pa.ChunkedArray, decimal: str, place: Place) -> pa.ChunkedArray:
    """Write stamps with a point, and without signs between thousands."""
    first = column[0].as_py()
    if match := _GROUPED.fullmatch(first):
        sign = match["sign"]
        if sign == decimal:
            raise place.fail(
                0,
                repr(first),
                f"a tick: {sign!r} stands between thousands and is the decimal sign "
                f"too, so values cannot be told; {EXPORT_AGAIN}",
            )
        column = pc.replace_substring(column, sign, "")
    return column if decimal == "." else pc.replace_substring(column, decimal, ".")


def _as_bytes(column: pa.ChunkedArray) -> NDArray[np.bytes_]:
    """Return texts as an array of bytes, without a Python object for each row."""
    width = pc.max(pc.binary_length(column)).as_py()
    padded = pc.ascii_rpad(column, width, padding="\0")
    data = b"".join(
        chunk.buffers()[2].to_pybytes()[: len(chunk) * width]
        for chunk in padded.chunks
        if len(chunk)
    )
    return np.frombuffer(data, dtype=f"S{width}")


def _text(stamp: bytes) -> str:
    return stamp.decode("utf-8", "replace")


def _clock_of(stamps: NDArray[np.bytes_], place: Place) -> Clock:
    try:
        return clock_of(_text(stamps[0]))
    except TimestampError as error:
        if did := what_a_spreadsheet_did(_text(stamps[0])):
            raise _damaged(stamps, 0, did, place) from error
        raise FileFormatError(
            f"{place.label}, line {place.line(0)}: {error}"
        ) from error


def _ticks(stamps: NDArray[np.bytes_], clock: Clock, place: Place) -> NDArray[np.int64]:
    def good(count: int) -> bool:
        try:
            as_ticks(stamps[:count], clock=clock)
        except TimestampError:
            return False
        return True

    try:
        return as_ticks(stamps, clock=clock)
    except TimestampError as error:
        row = first_bad(len(stamps), good)
        if did := what_a_spreadsheet_did(_text(stamps[row])):
            raise _damaged(stamps, row, did, place) from error
        found = repr(_text(stamps[row])[:40])
        expected = f"a tick of 1/{clock} s in the years 2000 to 2100"
        raise place.fail(row, found, expected) from error


def _damaged(
    stamps: NDArray[np.bytes_], row: int, did: str, place: Place
) -> FileFormatError:
    found = repr(_text(stamps[row])[:40])
    return place.fail(row, found, f"a tick: {did}; {EXPORT_AGAIN}")


# -- rounded stamps --------------------------------------------------------------------


def _refuse_rounded(
    stamps: NDArray[np.bytes_], ticks: NDArray[np.int64], clock: Clock, place: Place
) -> None:
    """Refuse stamps that a spreadsheet rounded to a few digits.

    A channel that never changes would else be read as a few samples.
    """
    again = np.flatnonzero(np.diff(ticks) == 0) + 1
    # Before the E are the digits that were kept, and the point.
    kept = np.char.find(np.char.upper(stamps[again]), b"E") - 1
    digits = len(str(ticks[0]))
    cut = again[(kept >= 0) & (kept < digits)]
    if len(cut):
        step = int(10 ** (digits - kept[(kept >= 0) & (kept < digits)].max()))
    elif (found := _step_of_rounding(ticks, len(again), clock)) is not None:
        step = found
    else:
        return
    row = int(cut[0] if len(cut) else again[0] if len(again) else 0)
    before = " as in the line before" if len(again) else ""
    raise place.fail(
        row,
        f"{_text(stamps[row])!r}{before}",
        f"a stamp of its own: all are rounded to {step:,} ticks ({step / clock:,.2f} "
        "s), as a spreadsheet does when it saves a file, and nothing brings them back; "
        f"{EXPORT_AGAIN}",
    )


def _step_of_rounding(
    ticks: NDArray[np.int64], repeated: int, clock: Clock
) -> int | None:
    """Return to how many ticks whole numbers were rounded; None if they were not."""
    few = int(np.gcd.reduce(ticks[:_ROWS_LOOKED_AT]))
    if few % 10 and few % _SINGLE:
        return None
    common = int(np.gcd.reduce(ticks))
    zeros = len(str(common)) - len(str(common).rstrip("0"))
    mostly = 2 * repeated > len(ticks)
    if mostly and zeros < _ZEROS_REPEATED[clock] and common % _SINGLE == 0:
        return _SINGLE
    alone = len(ticks) == 1
    rounded = (
        (mostly and zeros >= _ZEROS_REPEATED[clock])
        or (zeros >= _ZEROS and not alone)
        or (zeros > 0 and clock == 256 and _uneven(ticks))
    )
    # Spreadsheets show six digits; further zeros are chance.
    return 10 ** min(zeros, len(str(common)) - _ZEROS) if rounded else None


def _uneven(ticks: NDArray[np.int64]) -> bool:
    """Whether most rows are no whole seconds apart, and not evenly."""
    steps = np.diff(ticks)
    if len(steps) < _ROWS_UNEVEN:
        return False
    _, counts = np.unique(steps, return_counts=True)
    return bool(2 * (steps % 256 != 0).sum() > len(steps) > 1.1 * counts.max())
