"""Channels of a vendor export: how each is read from its files, whole or in pieces.

Which file is which channel, and what the headers promise, is decided in `archive`;
bytes become arrays in `members`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.calibration import values_from_counts
from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import FileFormatError, TimestampError
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

__all__ = ["Export", "channel_source", "has_step", "sample_step"]

_REST = 1 << 16


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
    step = _table_step(row)
    if not has_step(row, header):
        rate = float(CLOCK_OF_FAMILY[row.family] / step)
        raise FileFormatError(
            f"{where}: the header says {header.rate} Hz, {row.api_name} of "
            f"{row.family} has {rate:g} Hz; name the right model=, or "
            "leave the channel out with channels="
        )
    return step


def has_step(row: Datatype, header: members.WavHeader) -> bool:
    """Whether a header has the rate that the table says."""
    period = _table_step(row) / CLOCK_OF_FAMILY[row.family]
    # Channels slower than 1 Hz put their period in seconds into the rate field.
    return Fraction(header.rate) in (1 / period, period)


def _table_step(row: Datatype) -> Fraction:
    """Step of a WAV; where the table knows none, exports have 1 Hz."""
    if row.ticks is not None:
        return row.ticks
    return Fraction(CLOCK_OF_FAMILY[row.family])


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
        _check_size(self.export.box, name, header, len(data) - header.offset)
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
            data = stream.read(count * dtype.itemsize)
            done = (header.samples - left - count) * dtype.itemsize
            _check_size(
                box, name, header, done + len(data), count=header.samples - left
            )
            # A checksum is verified only when a member is read to its very end.
            while not left and stream.read(_REST):
                pass
            return np.frombuffer(data, dtype)

        yield take


def _check_size(
    box: Container,
    name: str,
    header: members.WavHeader,
    held: int,
    *,
    count: int | None = None,
) -> None:
    """Refuse a file that holds less than when it was opened."""
    samples = header.samples if count is None else count
    width = members.wav_dtype(header).itemsize
    if held < samples * width:
        raise FileFormatError(
            f"{box.label}/{name}: changed after it was opened: expected "
            f"{header.samples} samples, the file ends after {max(0, held) // width}"
        )


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
            _check_header(row, members.parse_event_header(line, where=where), where)
            ticks, counts = members.parse_events(data, clock=export.clock, where=where)
        values = values_from_counts(counts, row, scale=export.options.scale)
        try:
            index = ticks_to_index(ticks + export.start, clock=export.clock)
        except TimestampError as error:
            raise FileFormatError(f"{where}: {error}") from error
        return make_frame(
            channel,
            index,
            {row.column: values},
            record_id=export.info.get("id"),
            scale=export.options.scale,
        )

    return read_events


def _check_header(row: Datatype, head: tuple[str, str, int | None], where: str) -> None:
    """Refuse another datatype, and intervals in another unit than the record's tick."""
    name, unit, number = head
    is_row = number == row.id
    if number is None or row.id is None:
        is_row = name.lower() in (*row.names, *row.aliases)
    if not is_row:
        raise FileFormatError(
            f"{where}, line 1: the header is that of {name} (datatype {number}), "
            f"expected {row.api_name} ({row.id}); was the file renamed?"
        )
    clock = CLOCK_OF_FAMILY[row.family]
    if row.unit == "s" and unit != f"s/{clock}":
        raise FileFormatError(
            f"{where}, line 1: values are counted in {unit!r}, the record in "
            f"'s/{clock}'; is the model right, and is this the vendor's own file?"
        )


def _count(export: Export, name: str) -> int:
    """Count events without parsing them."""
    if name.lower().endswith(".hxd"):
        return export.box.sizes()[name] // 16
    return max(0, export.box.read(name).count(b"\n") - 1)
