"""Channels of a vendor export: how each is read from its files, whole or in pieces.

Which file is which channel, and what the headers promise, is decided in `archive`;
bytes become arrays in `members`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.calibration import values_from_counts
from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import FileFormatError
from hexoframe.formats import members
from hexoframe.frames import make_frame
from hexoframe.ledger import Receipt
from hexoframe.recorddata import Source
from hexoframe.timestamps import grid, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.formats.container import Container
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["Export", "channel_source", "sample_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is known of one record before its samples are read."""

    box: Container
    family: Family
    start: int
    end: int
    options: ReadOptions
    info: dict[str, Any]
    statistics: members.Statistics | None
    waves: dict[str, members.WavHeader]
    indexes: dict[tuple[int, Fraction, int], pd.DatetimeIndex] = field(
        default_factory=dict
    )

    @property
    def clock(self) -> Clock:
        """Ticks in a second."""
        return CLOCK_OF_FAMILY[self.family]

    def index(self, step: Fraction, count: int, first: int) -> pd.DatetimeIndex:
        """Index of a regular channel; channels of one rate and length share it."""
        key = (first, step, count)
        if key not in self.indexes:
            ticks = grid(self.start, step=step, count=count, first=first)
            self.indexes[key] = ticks_to_index(ticks, clock=self.clock)
        return self.indexes[key]


def sample_step(row: Datatype, header: members.WavHeader, where: str) -> Fraction:
    """Ticks from sample to sample, by the table and confirmed by the header."""
    clock = CLOCK_OF_FAMILY[row.family]
    step = row.ticks if row.ticks is not None else Fraction(clock)
    # Channels slower than 1 Hz put their period in seconds into the rate field.
    if Fraction(header.rate) not in (clock / step, step / clock):
        raise FileFormatError(
            f"{where}: the header says {header.rate} Hz, {row.api_name} of "
            f"{row.family} has {float(clock / step):g} Hz; name the right model=, or "
            "leave the channel out with channels="
        )
    return step


def channel_source(
    export: Export,
    channel: Channel,
    files: dict[Datatype, str],
    holes: dict[str, tuple[int, int]],
) -> Source:
    """Say how a channel is read, and what its headers promise."""
    if any(name in export.waves for name in files.values()):
        return _sampled_source(export, channel, files, holes)
    row, name = next(iter(files.items()))
    read_events = _event_reader(export, channel, row, name)
    return Source(read=read_events, receipt=Receipt(samples=_count(export, name)))


def _sampled_source(
    export: Export,
    channel: Channel,
    files: dict[Datatype, str],
    holes: dict[str, tuple[int, int]],
) -> Source:
    waves = {row: export.waves[name] for row, name in files.items()}
    longest = max(waves.values(), key=lambda wave: wave.samples)
    row = next(row for row, wave in waves.items() if wave is longest)
    lost = {holes[name] for name in files.values() if name in holes}
    receipt = Receipt(samples=longest.samples, lost=tuple(sorted(lost)))
    regular = _Regular(export, channel, files, sample_step(row, longest, files[row]))
    return Source(read=regular.read, pieces=regular.pieces, receipt=receipt)


@dataclass(frozen=True, slots=True)
class _Regular:
    """A channel of WAV files that are read together."""

    export: Export
    channel: Channel
    files: dict[Datatype, str]
    step: Fraction

    def read(self) -> pd.DataFrame:
        """Read every file whole."""
        values = {
            row.column: self._convert(
                row, self._counts(self.export.box.read(name), name)
            )
            for row, name in self.files.items()
        }
        count = max(map(len, values.values()))
        index = self.export.index(self.step, count, self.channel.first_sample)
        return self._frame(index, values)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read the files side by side, some rows at a time."""
        first = self.channel.first_sample
        with ExitStack() as stack:
            streams = {
                row: stack.enter_context(
                    _sample_stream(self.export.box, name, self.export.waves[name])
                )
                for row, name in self.files.items()
            }
            while True:
                values = {
                    row.column: self._convert(row, take(rows))
                    for row, take in streams.items()
                }
                count = max(map(len, values.values()))
                if not count:
                    return
                ticks = grid(
                    self.export.start, step=self.step, count=count, first=first
                )
                yield self._frame(
                    ticks_to_index(ticks, clock=self.export.clock), values
                )
                first += count

    def _counts(self, data: bytes, name: str) -> NDArray[Any]:
        header = self.export.waves[name]
        return np.frombuffer(
            data, members.wav_dtype(header), count=header.samples, offset=header.offset
        )

    def _convert(self, row: Datatype, counts: NDArray[Any]) -> NDArray[Any]:
        return values_from_counts(counts, row, scale=self.export.options.scale)

    def _frame(
        self, index: pd.DatetimeIndex, values: dict[str, NDArray[Any]]
    ) -> pd.DataFrame:
        padded = {name: _pad(column, len(index)) for name, column in values.items()}
        return make_frame(
            self.channel,
            index,
            padded,
            record_id=self.export.info.get("id"),
            scale=self.export.options.scale,
        )


def _pad(column: NDArray[Any], count: int) -> NDArray[Any]:
    """Fill up a column that ends before its siblings do."""
    if len(column) == count:
        return column
    padded = np.full(count, np.nan, dtype=column.dtype)
    padded[: len(column)] = column
    return padded


@contextmanager
def _sample_stream(
    box: Container, name: str, header: members.WavHeader
) -> Iterator[Callable[[int], NDArray[Any]]]:
    """Open the samples of one WAV file; the function returns the next ones."""
    dtype = members.wav_dtype(header)
    left = header.samples

    with box.open(name) as stream:
        stream.read(header.offset)

        def take(rows: int) -> NDArray[Any]:
            nonlocal left
            count = min(rows, left)
            left -= count
            return np.frombuffer(stream.read(count * dtype.itemsize), dtype)

        yield take


def _event_reader(
    export: Export, channel: Channel, row: Datatype, name: str
) -> Callable[[], pd.DataFrame]:
    where = f"{export.box.label}/{name}"

    def read_events() -> pd.DataFrame:
        data = export.box.read(name)
        if name.lower().endswith(".hxd"):
            ticks, counts = members.parse_hxd(data, where=where)
        else:
            line = data.partition(b"\n")[0]
            _, unit, _ = members.parse_event_header(line, where=where)
            _check_unit(export, row, unit, where)
            ticks, counts = members.parse_events(data, clock=export.clock, where=where)
        values = values_from_counts(counts, row, scale=export.options.scale)
        return make_frame(
            channel,
            ticks_to_index(ticks + export.start, clock=export.clock),
            {row.column: values},
            record_id=export.info.get("id"),
            scale=export.options.scale,
        )

    return read_events


def _check_unit(export: Export, row: Datatype, unit: str, where: str) -> None:
    """Refuse intervals that are counted in another clock than the record's."""
    match = re.fullmatch(r"s/(\d+)", unit)
    if match and row.unit == "s" and int(match[1]) != export.clock:
        raise FileFormatError(
            f"{where}: values are counted in 1/{match[1]} s, the record in "
            f"1/{export.clock} s; is the model right?"
        )


def _count(export: Export, name: str) -> int:
    """Count events without parsing them."""
    if name.lower().endswith(".hxd"):
        return export.box.sizes()[name] // 16
    data = export.box.read(name)
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return max(0, lines - 1)
