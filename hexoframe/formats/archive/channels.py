"""Channels of a vendor export: how each is read from its files, whole or in pieces.

Counts become values in physical units and a frame here. Which file is which channel is
decided in `reader`, how long it should be in `lengths`; files are parsed in `wav` and
`events`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import FileFormatError, TimestampError
from hexoframe.formats.archive.events import count_events, parse_event_file
from hexoframe.formats.archive.lengths import sample_step
from hexoframe.formats.archive.wav import iter_counts, parse_counts
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import grid_to_index, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.timestamps import Clock

__all__ = ["Export", "channel_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What the channels of one record share before their samples are read.

    Attributes
    ----------
    box : Container
        The files.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Family of the device.
    start : int
        First tick.
    waves : mapping of str to WavHeader
        Headers by the name of their file.
    holes : mapping of str to (int, int)
        First tick that a file lacks and the first behind, by the name of the file.
    scale : {"physical", "raw"}
        Scale of the values.
    record_id : int or None
        Id of the record.
    """

    box: Container
    family: Family
    start: int
    waves: Mapping[str, WavHeader]
    holes: Mapping[str, tuple[int, int]]
    scale: Scale
    record_id: int | None
    _indexes: dict[tuple[int, Fraction, int], pd.DatetimeIndex] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def clock(self) -> Clock:
        """Ticks in a second."""
        return CLOCK_OF_FAMILY[self.family]

    def index(self, step: Fraction, count: int, first: int) -> pd.DatetimeIndex:
        """Index of a regular channel; channels of one rate and length share it."""
        key = (first, step, count)
        if key not in self._indexes:
            self._indexes[key] = self.new_index(step, count, first)
        return self._indexes[key]

    def new_index(self, step: Fraction, count: int, first: int) -> pd.DatetimeIndex:
        """Index of some samples of a regular channel."""
        return grid_to_index(
            self.start, step=step, count=count, first=first, clock=self.clock
        )

    def frame(
        self, channel: Channel, index: pd.DatetimeIndex, counts: Mapping[Datatype, Any]
    ) -> pd.DataFrame:
        """Frame of a channel; a column that ends before its siblings is filled up."""
        columns = {
            row.column: _pad(
                values_from_counts(column, row, scale=self.scale), len(index)
            )
            for row, column in counts.items()
        }
        return make_frame(
            channel, index, columns, record_id=self.record_id, scale=self.scale
        )


def channel_source(
    export: Export, channel: Channel, files: dict[Datatype, str]
) -> LazyChannel:
    """Say how a channel is read, and what its headers promise."""
    if any(name in export.waves for name in files.values()):
        return _sampled_source(export, channel, files)
    return _event_source(export, channel, *next(iter(files.items())))


def _sampled_source(
    export: Export, channel: Channel, files: dict[Datatype, str]
) -> LazyChannel:
    row, name = max(files.items(), key=lambda item: export.waves[item[1]].samples)
    longest = export.waves[name]
    lost = {export.holes[name] for name in files.values() if name in export.holes}
    receipt = Receipt(samples=longest.samples, lost=tuple(sorted(lost)))
    step = sample_step(row, longest, f"{export.box.label}/{name}")
    regular = _Regular(export, channel, files, step)
    return LazyChannel(read=regular.read, pieces=regular.pieces, receipt=receipt)


@dataclass(frozen=True, slots=True)
class _Regular:
    """A channel of WAV files that are read together."""

    export: Export
    channel: Channel
    files: dict[Datatype, str]
    step: Fraction

    def read(self) -> pd.DataFrame:
        """Read every file whole."""
        box = self.export.box
        counts = {
            row: parse_counts(
                box.read(name), self.export.waves[name], where=f"{box.label}/{name}"
            )
            for row, name in self.files.items()
        }
        length = max(map(len, counts.values()))
        index = self.export.index(self.step, length, self.channel.first_sample)
        return self.export.frame(self.channel, index, counts)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read the files side by side, some rows at a time."""
        first = self.channel.first_sample
        with ExitStack() as stack:
            files = [self._iter(stack, name, rows) for name in self.files.values()]
            ended = np.empty(0, dtype="<i2")
            for arrays in zip_longest(*files, fillvalue=ended):
                counts = dict(zip(self.files, arrays, strict=True))
                length = max(map(len, arrays))
                index = self.export.new_index(self.step, length, first)
                yield self.export.frame(self.channel, index, counts)
                first += length

    def _iter(self, stack: ExitStack, name: str, rows: int) -> Iterator[NDArray[Any]]:
        box = self.export.box
        stream = stack.enter_context(box.open(name))
        header = self.export.waves[name]
        return iter_counts(stream, header, rows, where=f"{box.label}/{name}")


def _pad(column: NDArray[Any], count: int) -> NDArray[Any]:
    """Fill up a column that ends before its siblings do."""
    if len(column) == count:
        return column
    padded = np.full(count, np.nan, dtype=column.dtype)
    padded[: len(column)] = column
    return padded


def _event_source(
    export: Export, channel: Channel, row: Datatype, name: str
) -> LazyChannel:
    where = f"{export.box.label}/{name}"
    # A day of events is a few megabytes: they are unpacked once, which verifies their
    # checksum and their end when the record is opened, and parsed when touched.
    data = export.box.read(name)

    def read_events() -> pd.DataFrame:
        ticks, counts = parse_event_file(data, row, where=where)
        try:
            index = ticks_to_index(ticks + export.start, clock=export.clock)
        except TimestampError as error:
            raise FileFormatError(f"{where}: {error}") from error
        return export.frame(channel, index, {row: counts})

    receipt = Receipt(samples=count_events(data, where=where))
    return LazyChannel(read=read_events, receipt=receipt)
