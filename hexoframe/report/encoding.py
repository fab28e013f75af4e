"""Samples in few bytes: what the script of a page decodes, to the last bit.

Whole counts are kept as differences in zigzag form, the low bytes of all before the
high ones, deflated; the page adds up and applies gain and offset as the frames do.
Values that no count gives are kept as they are. ``assets/decode.js`` is the other half;
no channel is chosen and no page written here.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels.calibration import counts_from_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale

    Ticks = NDArray[np.int64]
    # Takes packed bytes, and returns the text under which a page finds them.
    Store = Callable[[bytes], str]

__all__ = ["Column", "as_column", "as_runs", "as_times", "envelope", "pack"]

# In so many rows, which are those of a waveform, nothing repeats but a byte: searching
# for more takes five times as long and finds 2 % at most.
_LONG = 1 << 16
_LEVEL, _WINDOW, _MEMORY = 6, 15, 9
# Converted in blocks that stay in the cache of a core: a day needs no further copy.
_BLOCK = 1 << 16
# The greatest number stands for a missing value, in either width.
_WIDTHS: dict[str, type[np.unsignedinteger[Any]]] = {"u16": np.uint16, "u32": np.uint32}
# The least count, which no recorder gives, stands for NaN.
_MISSING = np.iinfo(np.int32).min
# So many runs of equal steps are written as such; more are written as differences.
_MOST_RUNS = 4096


class Column(NamedTuple):
    """Values of one column as counts, or as they are where no count gives them.

    `counts` are int32 with `_MISSING` for NaN; None where `values` must be kept.
    """

    values: NDArray[np.floating]
    counts: NDArray[np.int32] | None
    gain: float
    offset: float
    single: bool

    def packed(self, store: Store) -> dict[str, Any]:
        """Return the column as the page reads it."""
        if self.counts is None:
            kept = pack(self.values.astype(np.float64), store)
            return {**kept, "gain": 1.0, "offset": 0.0, "single": False}
        scaling = {"gain": self.gain, "offset": self.offset, "single": self.single}
        return {**pack(self.counts, store, missing=_MISSING), **scaling}

    def envelope(self, starts: Ticks) -> tuple[Column, Column]:
        """Return lowest and highest of the rows from each start to the next."""
        if self.counts is None:
            least, most = envelope(self.values, starts)
            return self._replace(values=least), self._replace(values=most)
        # A missing value is the least of all, and must win on neither side.
        none = np.int32(np.iinfo(np.int32).max)
        high = np.where(self.counts == _MISSING, none, self.counts)
        low = np.minimum.reduceat(high, starts)
        low[low == none] = _MISSING
        return (
            self._replace(counts=low),
            self._replace(counts=np.maximum.reduceat(self.counts, starts)),
        )


def as_column(
    values: NDArray[np.floating], datatype: Datatype, *, scale: Scale
) -> Column:
    """Return the values of a frame as counts if the page gets the same from these.

    Each value is checked: one that differs in its last bit keeps the column as it is.
    """
    physical = scale == "physical"
    gain, offset = (datatype.gain, datatype.offset) if physical else (1.0, 0.0)
    plain = Column(values, None, gain, offset, values.dtype == np.float32)
    counts = np.empty(len(values), np.int32)
    for first in range(0, len(values), _BLOCK):
        block = values[first : first + _BLOCK]
        if np.isinf(block).any():
            return plain
        found = counts_from_values(block, datatype, scale=scale)
        missing = np.isnan(block)
        whole = np.where(missing, 0.0, found)
        if not np.all(np.abs(whole) < 2**31 - 1):
            return plain
        number = whole.astype(np.int32)
        again = (number * np.float64(gain) + offset).astype(values.dtype)
        if not np.array_equal(again[~missing], block[~missing]):
            return plain
        number[missing] = _MISSING
        counts[first : first + _BLOCK] = number
    return plain._replace(counts=counts)


def envelope(
    values: NDArray[np.floating], starts: Ticks
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the lowest and the highest of the rows from each start to the next."""
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def as_times(ticks: Ticks, channel: Channel, store: Store) -> dict[str, Any]:
    """Return ascending ticks as the page reads them: runs of equal steps, or each."""
    step = channel.ticks
    if step is not None and step.denominator == 1:
        times = as_runs(ticks, int(step))
        if len(times["runs"]) < 2 * _MOST_RUNS:
            return times
    return {"ticks": pack(ticks, store)}


def as_runs(ticks: Ticks, step: int) -> dict[str, Any]:
    """Return ascending ticks as runs of equal steps: begin and count of each."""
    new = np.flatnonzero(np.diff(ticks, prepend=ticks[:1] - step) != step)
    first = np.concatenate(([0], new)) if len(ticks) else new
    counts = np.diff(np.concatenate((first, [len(ticks)])))
    runs = np.stack((ticks[first], counts), axis=1)
    return {"step": step, "runs": runs.ravel().tolist()}


def pack(
    numbers: NDArray[Any], store: Store, *, missing: int | None = None
) -> dict[str, Any]:
    """Return numbers as the page reads them: whole ones as differences, deflated.

    `missing` is the whole number that stands for none.
    """
    if numbers.dtype.kind == "f":
        raw = numbers.astype("<f8")
        return _stored("f64", 0, raw.view(np.uint8).reshape(-1, 8), store)
    least, most = _ends(numbers, missing)
    if most - least >= 2**32 - 1:
        # Ticks of more than 49 days; doubles hold them to the tick.
        return pack(numbers.astype(np.float64), store)
    form = "u16" if most - least < 2**16 - 1 else "u32"
    width = _WIDTHS[form]
    size = width().itemsize
    above = np.empty(len(numbers), width)
    for first in range(0, len(numbers), _BLOCK):
        block = numbers[first : first + _BLOCK]
        part = block.astype(np.int64) - least
        if missing is not None:
            part[block == missing] = np.iinfo(width).max
        above[first : first + _BLOCK] = part
    # Differences wrap round, as the sums of the page do.
    steps = np.diff(above, prepend=width(0))
    signs = (steps.view(f"i{size}") >> (8 * size - 1)).view(width)
    steps <<= width(1)
    steps ^= signs
    rows = steps.astype(f"<u{size}", copy=False).view(np.uint8).reshape(-1, size)
    return _stored(form, least, rows, store)


def _ends(numbers: NDArray[Any], missing: int | None) -> tuple[int, int]:
    """Return the least and the greatest number that is not missing; 0 without any."""
    limits = np.iinfo(numbers.dtype)
    known = True if missing is None else numbers != missing
    least = int(np.min(numbers, where=known, initial=limits.max))
    most = int(np.max(numbers, where=known, initial=limits.min))
    return (least, most) if least <= most else (0, 0)


def _stored(
    form: str, base: int, rows: NDArray[np.uint8], store: Store
) -> dict[str, Any]:
    """Deflate bytes, the first byte of all rows before the second ones."""
    planes = np.ascontiguousarray(rows.T)
    strategy = zlib.Z_RLE if len(rows) > _LONG else zlib.Z_DEFAULT_STRATEGY
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, strategy)
    data = deflate.compress(planes.tobytes()) + deflate.flush()
    return {"form": form, "n": len(rows), "base": base, "data": store(data)}
