"""A channel of the converter's files, read when it is touched.

Times become ticks here and numbers become samples, once `judgement` has said whether
they are counts. Nothing is known here of other files than those of the channel.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.channels.calibration import counts_from_values, values_from_counts
from hexoframe.errors import FileFormatError
from hexoframe.formats.converter.scale import form_of
from hexoframe.formats.headings import check_unit
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import NS_PER_TICK, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.converter.columns import Column
    from hexoframe.formats.converter.folder import Export

__all__ = ["source_of"]

_PLAY_NS = 1000
_SIXTEEN_BITS = 1 << 16


def source_of(
    export: Export,
    channel: Channel,
    columns: Collection[Column],
    lost: tuple[tuple[int, int], ...],
) -> LazyChannel:
    """Return how to read a channel, and what its files lack."""
    scale = export.options.scale

    def read_all() -> pd.DataFrame:
        parts = {
            column.row.column: _samples(column, export.start, scale)
            for column in columns
        }
        ticks, values = merge_ticks(parts)
        return make_frame(
            channel,
            ticks_to_index(ticks, clock=export.clock),
            values,
            record_id=export.said.record_id,
            scale=scale,
        )

    repeated = any(column.file.repeats_last for column in columns)
    return LazyChannel(
        read=read_all, receipt=Receipt(duplicates=int(repeated), lost=lost)
    )


def _samples(
    column: Column, start: int, scale: Scale
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Read one column: ticks, and values at the scale that was asked for."""
    row = column.row
    if not column.file.first:
        none = np.empty(0, dtype=np.float64)
        return np.empty(0, dtype=np.int64), values_from_counts(none, row, scale=scale)
    _check_heading(column)
    nanoseconds, numbers = column.read()
    ticks = _ticks(column, start, nanoseconds)
    _check_steps(column, ticks)
    if form_of(column, numbers) == "values":
        counts = counts_from_values(numbers, row)
    else:
        counts = _unwrapped(column, numbers)
    return ticks, values_from_counts(counts, row, scale=scale)


def _check_heading(column: Column) -> None:
    """Refuse a unit that is not the table's, and intervals of another clock."""
    where = f"{column.file.path}, line 1"
    heading, row = column.heading, column.row
    parts = re.fullmatch(r"s/(\d+)", heading.unit or "")
    if parts and row.unit == "s" and int(parts[1]) == CLOCK_OF_FAMILY[row.family]:
        return
    if not check_unit(heading, row, where):
        raise FileFormatError(
            f"{where}: found the unit [{heading.unit}] for {row.api_name}, expected "
            f"[{row.unit}]"
        )


def _ticks(
    column: Column, start: int, nanoseconds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return ticks since 1970; a time may lie a microsecond off its tick."""
    row, file = column.row, column.file
    clock = CLOCK_OF_FAMILY[row.family]
    length = NS_PER_TICK[clock]
    since = nanoseconds - start * length if file.epoch else nanoseconds
    # Samples at 75 Hz lie between two ticks: there the number of the sample is exact.
    above, below = 1, 1
    if row.ticks is not None and row.ticks.denominator > 1:
        above, below = row.ticks.numerator, row.ticks.denominator
    step = above * length
    numbers = (2 * since * below + step) // (2 * step)
    off = np.abs(since * below - numbers * step) > _PLAY_NS * below
    if off.any():
        at = int(np.argmax(off))
        found = f"{nanoseconds[at] / 1e9:.9f} s"
        step_s = above / below / clock
        expected = f"a multiple of {step_s:.9g} s; is the model right?"
        raise file.fail(at, found, expected)
    return start + (2 * numbers * above + below) // (2 * below)


def _check_steps(column: Column, ticks: NDArray[np.int64]) -> None:
    """Refuse samples out of order, and a rate that is not the table's."""
    row, file = column.row, column.file
    steps = np.diff(ticks)
    # Two events may share a tick.
    back = np.flatnonzero(steps < (row.ticks is not None))
    if len(back):
        at = int(back[0])
        raise file.fail(at + 1, "a time that is not later", "ascending times")
    # A gap of the recorder is longer than a step; steps that are all longer are none.
    if row.ticks is not None and len(steps) and steps.min() > row.ticks + 1:
        raise FileFormatError(
            f"{file.path}: found samples {steps.min()} ticks apart, expected "
            f"{float(row.ticks):g} for {row.api_name} of {row.family}; is the model "
            "right?"
        )


def _unwrapped(column: Column, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read 16-bit counts that were printed with the wrong sign."""
    row = column.row
    if row.ticks is None:
        return numbers
    outside = (numbers < -_SIXTEEN_BITS // 2) | (numbers >= _SIXTEEN_BITS)
    if outside.any():
        at = int(outside.argmax())
        raise column.file.fail(at, f"{numbers[at]:.10g}", "a count of 16 bits")
    if row.signed:
        return np.where(numbers >= _SIXTEEN_BITS // 2, numbers - _SIXTEEN_BITS, numbers)
    return np.where(numbers < 0, numbers + _SIXTEEN_BITS, numbers)
