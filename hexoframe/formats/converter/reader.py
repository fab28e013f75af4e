"""Reads a folder of converter files, or one of them, as a record.

A channel is read when it is touched: times become ticks and numbers become samples
here. What the files are, and from when to when they go, does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.channels.calibration import counts_from_values, values_from_counts
from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.siblings import Events
from hexoframe.formats.converter.content import content_of
from hexoframe.formats.converter.files import inspect
from hexoframe.formats.converter.folder import (
    check_events,
    check_lengths,
    examine,
    find_ends,
    find_files,
    last_end,
    match,
)
from hexoframe.formats.headings import check_unit
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.paths import is_file, is_folder
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.converter.files import ConverterColumn
    from hexoframe.formats.converter.folder import ConverterFolder
    from hexoframe.formats.options import ReadOptions

__all__ = ["read", "sniff"]

_NAME = "converter CSV"
_SAMPLE_SUFFIXES = (".wav", ".hxd")
_PLAY_NS = 1000
_SIXTEEN_BITS = 1 << 16


def sniff(path: Path) -> bool:
    """Whether a path is a CSV of the converter, or a folder of such without WAVs."""
    if is_file(path):
        return inspect(path) is not None
    items = [item for item in path.iterdir() if is_file(item)]
    if any(item.suffix.lower() in _SAMPLE_SUFFIXES for item in items):
        return False
    return any(inspect(item) for item in items)


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a folder of converter CSVs, or one of them; one of a record is enough.

    The start comes from the caller, the files beside it (info.json, statistics.csv,
    POSIX seconds); the end is that of the longest waveform or the last event. Source:
    files of 2017 beside the WAVs they were made from; the vendor's converters of 2014
    (MATLAB) and 2015 (C). Epoch files without ``info.json`` are read with 256 ticks a
    second unless the model says otherwise: the C tool refuses the other clock.
    """
    sources = SourceFiles([path] if is_file(path) else path.iterdir())
    folder = examine(
        path if is_folder(path) else path.parent, find_files(path), options
    )
    columns = match(folder)
    wanted = options.wanted(folder.family)
    ends = find_ends(folder, columns)
    end = last_end(folder, ends)
    lost = check_events(folder, _events(folder, columns, wanted), end)
    lost |= {row: (span,) for row, span in check_lengths(folder, ends, end).items()}
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in wanted.items():
        mine = [columns[row] for row in channel.datatypes if row in columns]
        if mine:
            spans = {span for each in mine for span in lost.get(each.row, ())}
            channels[name] = _lazy_channel(folder, channel, mine, tuple(sorted(spans)))
    return RecordData(
        folder.family,
        (folder.start, end),
        sources.guard(channels, (column.file.path for column in columns.values())),
        facts=folder.info.facts(channels, source=_NAME, clock=folder.clock),
        scale=options.scale,
    )


def _events(
    folder: ConverterFolder,
    columns: Mapping[Datatype, ConverterColumn],
    wanted: Collection[str],
) -> dict[Datatype, Events]:
    """Read the columns of events; what is wrong with one is said when it is touched."""
    found = {}
    for row, column in columns.items():
        if row.ticks is None and row.channel in wanted and column.file.first:
            try:
                nanoseconds, numbers = column.read()
                ticks = _ticks(column, folder.start, nanoseconds)
            except FileFormatError:
                continue
            found[row] = Events(ticks - folder.start, numbers)
    return found


# -- a channel -------------------------------------------------------------------------


def _lazy_channel(
    folder: ConverterFolder,
    channel: Channel,
    columns: Collection[ConverterColumn],
    lost: tuple[tuple[int, int], ...],
) -> LazyChannel:
    scale = folder.options.scale

    def read_all() -> pd.DataFrame:
        samples = {
            column.row.column: _samples(column, folder.start, scale)
            for column in columns
        }
        ticks, values = merge_ticks(samples)
        return make_frame(
            channel,
            ticks_to_index(ticks, clock=folder.clock),
            values,
            record_id=folder.info.record_id,
            scale=scale,
        )

    repeated = any(column.file.repeats_last for column in columns)
    return LazyChannel(
        read=read_all, receipt=Receipt(duplicates=int(repeated), lost=lost)
    )


def _samples(
    column: ConverterColumn, start: int, scale: Scale
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
    if content_of(column, numbers) == "values":
        counts = counts_from_values(numbers, row)
    else:
        counts = _unwrapped(column, numbers)
    return ticks, values_from_counts(counts, row, scale=scale)


def _check_heading(column: ConverterColumn) -> None:
    """Refuse a unit that is not the table's, and intervals of another clock."""
    where = f"{column.file.path}, line 1"
    heading, row = column.heading, column.row
    per_second = re.fullmatch(r"s/(\d+)", heading.unit or "")
    clock = CLOCK_OF_FAMILY[row.family]
    if per_second and row.unit == "s" and int(per_second[1]) == clock:
        return
    if not check_unit(heading, row, where):
        raise FileFormatError(
            f"{where}: found the unit [{heading.unit}] for {row.api_name}, expected "
            f"[{row.unit}]"
        )


def _ticks(
    column: ConverterColumn, start: int, nanoseconds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return ticks since 1970; a time may lie a microsecond off its tick."""
    row, file = column.row, column.file
    clock = CLOCK_OF_FAMILY[row.family]
    length = NS_PER_TICK[clock]
    since = nanoseconds - start * length if file.epoch else nanoseconds
    # Samples at 75 Hz lie between two ticks; the number of the sample is exact.
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
        expected = (
            f"a multiple of {step_s:.9g} s; is the model right, or did a spreadsheet "
            "round the times?"
        )
        raise file.fail(at, found, expected)
    return start + (2 * numbers * above + below) // (2 * below)


def _check_steps(column: ConverterColumn, ticks: NDArray[np.int64]) -> None:
    """Refuse samples out of order, and a rate that is not the table's."""
    row, file = column.row, column.file
    steps = np.diff(ticks)
    # Two events may share a tick.
    back = np.flatnonzero(steps < (row.ticks is not None))
    if len(back):
        at = int(back[0])
        expected = "ascending times; did a spreadsheet round or sort them?"
        raise file.fail(at + 1, "a time that is not later", expected)
    # A gap of the recorder makes some steps longer, another rate makes all longer.
    if row.ticks is not None and len(steps) and steps.min() > row.ticks + 1:
        raise FileFormatError(
            f"{file.path}: found samples {steps.min()} ticks apart, expected "
            f"{float(row.ticks):g} for {row.api_name} of {row.family}; is the model "
            "right?"
        )


def _unwrapped(
    column: ConverterColumn, numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
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
