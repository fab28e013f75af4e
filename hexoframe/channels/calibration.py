"""Calibration: raw counts, physical values, values of the JSON API; what none can be.

Gains come from the channel table; whole arrays go in and come out. File formats,
indexes and records do not belong here. `scale` is "physical" (the unit of the row) or
"raw" (counts) throughout; waveforms are float32 and the rest float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hexoframe.channels import Datatype

__all__ = [
    "Scale",
    "counts_from_values",
    "implausible",
    "json_from_values",
    "physical",
    "unmeasured",
    "values_from_counts",
    "values_from_json",
]

Scale = Literal["physical", "raw"]

# Converted in blocks that fit into the cache of a core: a day of samples needs no
# float64 copy.
_BLOCK = 1 << 16
# How far from a whole number a count may be. The float32 of a waveform keeps a count
# of 16 bits to 0.002 at the worst gain of the table; a rate may be a true fraction.
_PLAY_OF_WAVEFORMS = 1 / 256
_PLAY = 1e-3


def values_from_counts(
    counts: NDArray[Any], datatype: Datatype, *, scale: Scale = "physical"
) -> NDArray[Any]:
    """Convert counts of a binary export: raw x gain + offset in float64, then cast.

    16-bit counts of either signedness are read as the table says.
    """
    dtype = _dtype(datatype)
    if counts.dtype.kind in "iu" and counts.dtype.itemsize == 2:
        native = counts.astype(counts.dtype.newbyteorder("="), copy=False)
        counts = native.view(np.int16 if datatype.signed else np.uint16)
    if scale == "raw":
        return counts.astype(dtype)
    if _is_identity(datatype):
        return counts.astype(dtype)
    return _in_blocks(counts, dtype, lambda some: _scaled(some, datatype))


def values_from_json(
    values: NDArray[np.floating[Any]], datatype: Datatype, *, scale: Scale = "physical"
) -> NDArray[Any]:
    """Convert values of JSON and CSV answers; missing ones are NaN."""
    dtype = _dtype(datatype)
    scaling = (datatype.json_gain, 0.0)
    if scale == "raw":
        return _in_blocks(values, dtype, lambda v: _to_counts(v, datatype, scaling))
    if _json_is_physical(datatype):
        return values.astype(dtype)
    return _in_blocks(
        values,
        dtype,
        lambda some: _scaled(_to_counts(some, datatype, scaling), datatype),
    )


def counts_from_values(
    values: NDArray[Any], datatype: Datatype, *, scale: Scale = "physical"
) -> NDArray[np.float64]:
    """Return the counts behind values of a frame; NaN stays NaN.

    Values that no count gives (some channels are unrounded in JSON) stay fractions.
    """
    if scale == "raw":
        return values.astype(np.float64)
    scaling = (datatype.gain, datatype.offset)
    return _in_blocks(
        values,
        np.float64,
        lambda v: _to_counts(v, datatype, scaling),
    )


def json_from_values(
    values: NDArray[Any], datatype: Datatype, *, scale: Scale = "physical"
) -> NDArray[np.float64]:
    """Return the values that JSON answers carry: counts x json_gain in float64."""
    if scale == "physical" and _json_is_physical(datatype):
        return values.astype(np.float64)
    return counts_from_values(values, datatype, scale=scale) * datatype.json_gain


def unmeasured(
    values: NDArray[Any], datatype: Datatype, *, scale: Scale = "physical"
) -> NDArray[np.bool_]:
    """Mark the values that are no measurement by the table; NaN is not marked.

    That is "no signal", or an interval outside of its limits.
    """
    marks = np.zeros(values.shape, np.bool_)
    if datatype.interval:
        unit = datatype.gain if scale == "raw" else 1.0
        if datatype.minimum is not None:
            marks |= values * unit <= datatype.minimum
        if datatype.maximum is not None:
            marks |= values * unit > datatype.maximum + datatype.gain / 2
    elif datatype.void is not None:
        marks = values == datatype.void
    return marks


def physical(
    row: Datatype, values: NDArray[np.floating[Any]], scale: Scale
) -> NDArray[np.floating[Any]]:
    """Return values of a frame in the unit of the table."""
    return values if scale == "physical" else values * row.gain + row.offset


def implausible(row: Datatype, values: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Mark physical values outside of the limits of the table; NaN is not marked."""
    if not row.plausible:
        return np.zeros(len(values), np.bool_)
    inside = np.isnan(values)
    for low, high in row.plausible:
        inside |= (values >= low) & (values <= high)
    outside_all: NDArray[np.bool_] = ~inside
    return outside_all


def _dtype(datatype: Datatype) -> type[np.float32 | np.float64]:
    return np.float32 if datatype.kind == "waveform" else np.float64


def _is_identity(datatype: Datatype) -> bool:
    return datatype.gain == 1.0 and datatype.offset == 0.0


def _json_is_physical(datatype: Datatype) -> bool:
    return datatype.json_gain == datatype.gain and datatype.offset == 0.0


def _in_blocks(
    values: NDArray[Any],
    dtype: type[np.float32 | np.float64],
    convert: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[Any]:
    """Convert an array in blocks that stay in the cache of a core."""
    made = np.empty(values.shape, dtype)
    flat, source = made.reshape(-1), values.reshape(-1)
    for first in range(0, values.size, _BLOCK):
        # Nothing is computed in float32, whatever the samples come in.
        block = source[first : first + _BLOCK].astype(np.float64, copy=False)
        flat[first : first + _BLOCK] = convert(block)
    return made


def _scaled(counts: NDArray[Any], datatype: Datatype) -> NDArray[np.float64]:
    """Return counts as physical values."""
    values: NDArray[np.float64] = counts * np.float64(datatype.gain)
    values += datatype.offset
    return values


def _to_counts(
    values: NDArray[np.float64], datatype: Datatype, scaling: tuple[float, float]
) -> NDArray[np.float64]:
    gain, offset = scaling
    play = _PLAY_OF_WAVEFORMS if datatype.kind == "waveform" else _PLAY
    counts = (values - offset) / gain
    whole = np.rint(counts) + 0.0  # no count is -0.0
    return np.where(np.abs(counts - whole) < play, whole, counts)
