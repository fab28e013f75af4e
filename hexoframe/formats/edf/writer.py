"""Writes a record as EDF+C, and a recording with holes as several files.

Every channel of 1 Hz and more is a signal of digital counts; events, states and slower
channels are annotations. Data records last a second and are written in blocks, so that
a record of any length takes little memory.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.edf.header import (
    ANNOTATIONS,
    EdfHeader,
    SignalHeader,
    english_day,
)
from hexoframe.formats.edf.notes import (
    BLANK,
    GAP,
    OWN,
    PADDING,
    Filled,
    Notes,
    said_by,
)
from hexoframe.formats.edf.seal import BLANK_SEAL, seal
from hexoframe.formats.edf.signals import signal_of
from hexoframe.formats.edf.tals import PackedAnnotations
from hexoframe.formats.holes import check_gaps, parts_between, refuse_holes
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.steps import (
    SampleStream,
    Scan,
    common_origin,
    counts_to_write,
    is_regular,
    scan_channel,
    warn_of_rounding,
    whole_channel,
)
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.formats.holes import Gaps
    from hexoframe.formats.steps import Hole
    from hexoframe.recording.data import RecordData

__all__ = ["SUFFIX", "write"]

SUFFIX = ".edf"
# Data records that are put together at a time: less than a MB of all channels.
_BLOCK = 512
# The longest text of the field for the recording.
_FIELD = 80


def write(
    record: RecordData,
    path: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
    gaps: Gaps = "raise",
) -> Path:
    """Write the file `path`, or a folder of files, as `Record.to_edf` tells."""
    check_gaps(gaps)
    names = channels_to_write(record, channels)
    if gaps == "split":
        return _write_parts(record, path, names, overwrite=overwrite)
    content = _Content.of(record, names)
    if gaps == "raise":
        refuse_holes(record, content.holes(), ("fill", "split"))
    with new_file(path, overwrite=overwrite) as target:
        content.write(target)
    warn_of_rounding("EDF", content.rounded)
    return path


def _write_parts(
    record: RecordData, path: Path, names: Sequence[str], *, overwrite: bool
) -> Path:
    folder = path.with_suffix("") if path.suffix.lower() == SUFFIX else path
    own = re.compile(rf"{re.escape(folder.name)}-\d{{3,}}{re.escape(SUFFIX)}")
    owned: Callable[[str], bool] = lambda name: own.fullmatch(name) is not None  # noqa: E731
    parts = parts_between(record, [whole_channel(record, name) for name in names])
    rounded: dict[str, float] = {}
    with new_folder(folder, overwrite=overwrite, owned=owned) as target:
        for number, part in enumerate(parts, 1):
            content = _Content.of(part, names)
            content.write(target / f"{folder.name}-{number:03d}{SUFFIX}")
            rounded |= content.rounded
    warn_of_rounding("EDF", rounded)
    return folder


@dataclass(frozen=True, slots=True)
class _EdfSignal:
    """A column that becomes a signal: its samples and where they lie."""

    row: Datatype
    header: SignalHeader

    def digital(
        self, values: NDArray[np.floating], record: RecordData
    ) -> NDArray[np.int16]:
        """Return digital values; what is missing is the digital minimum."""
        counts = counts_to_write(values, self.row, record) + self.shift
        made: NDArray[np.int16] = np.where(
            np.isnan(counts), self.header.low, counts
        ).astype("<i2")
        return made

    @property
    def shift(self) -> int:
        """What is added to a count to make its digital value."""
        return -(1 << 15) if not self.row.signed and self.header.low < 0 else 0


@dataclass(frozen=True, slots=True)
class _Content:
    """What goes into one file."""

    record: RecordData
    scans: dict[Channel, Scan]
    others: list[Channel]
    origin: int

    @classmethod
    def of(cls, record: RecordData, names: Sequence[str]) -> _Content:
        """Look at all channels once."""
        channels = [whole_channel(record, name) for name in names]
        signals = [each for each in channels if is_regular(each)]
        scans = {channel: scan_channel(record, channel) for channel in signals}
        held = {channel: scan for channel, scan in scans.items() if scan.lows}
        others = [channel for channel in channels if channel not in held]
        return cls(record, held, others, common_origin(record, held))

    @property
    def clock(self) -> int:
        """Ticks in a second."""
        return self.record.clock

    @property
    def records(self) -> int:
        """Number of data records."""
        ends = [
            scan.last + round(channel.ticks or 1)
            for channel, scan in self.scans.items()
        ]
        end = max(ends, default=self.record.end_tick)
        return max(1, math.ceil((end - self.origin) / self.clock))

    @property
    def rounded(self) -> dict[str, float]:
        """How far counts are from whole numbers, by channel."""
        return {channel.name: scan.rounded for channel, scan in self.scans.items()}

    def holes(self) -> Iterator[Hole]:
        """Yield the spans without a value; those at the end are no holes in a row."""
        for channel, scan in self.scans.items():
            covered = scan.last + round(channel.ticks or 1)
            for hole in scan.holes(channel):
                # Two columns of one channel may end apart, as channels may.
                at_end = hole.rows and hole.end >= covered
                if not at_end or hole.end - hole.start >= 2 * self.clock:
                    yield hole

    # -- writing -------------------------------------------------------------------

    def write(self, target: Path) -> None:
        """Write the file, in blocks of data records."""
        signals = {channel: self._signals(channel) for channel in self.scans}
        packed = self._annotations()
        header = self._header(
            [each for some in signals.values() for each in some], packed
        )
        self._write_records(target, header, signals, packed)
        seal(target, header.record_bytes)

    def _write_records(
        self,
        target: Path,
        header: EdfHeader,
        signals: Mapping[Channel, Sequence[_EdfSignal]],
        packed: PackedAnnotations,
    ) -> None:
        streams = {
            channel: SampleStream(self.record, channel, self.origin)
            for channel in signals
        }
        with target.open("wb") as file:
            file.write(header.to_bytes())
            for first in range(0, header.records, _BLOCK):
                count = min(_BLOCK, header.records - first)
                columns = []
                for channel, some in signals.items():
                    samples = some[0].header.samples
                    taken = streams[channel].take(count * samples)
                    columns += [
                        each.digital(taken[each.row.column], self.record).reshape(
                            count, -1
                        )
                        for each in some
                    ]
                columns.append(packed.take(count))
                file.write(np.concatenate(columns, axis=1).tobytes())

    def _signals(self, channel: Channel) -> list[_EdfSignal]:
        scan = self.scans[channel]
        samples = round(self.clock / (channel.ticks or 1))
        return [
            _EdfSignal(
                row,
                signal_of(row, samples, scan.lows[row.column], scan.highs[row.column]),
            )
            for row in channel.datatypes
            if row.column in scan.lows
        ]

    def _header(
        self, signals: Sequence[_EdfSignal], packed: PackedAnnotations
    ) -> EdfHeader:
        start = dt.datetime.fromtimestamp(self.origin // self.clock, tz=dt.UTC)
        annotations = SignalHeader(
            label=ANNOTATIONS,
            physical_low="-1",
            physical_high="1",
            low=-(1 << 15),
            high=(1 << 15) - 1,
            samples=packed.samples,
        )
        return EdfHeader(
            # Code, sex, birth date and name; of a person nothing is ever written.
            patient=f"{self.record.pseudonym or 'X'} X X X",
            recording=self._recording(start),
            start=start,
            reserved="EDF+C",
            records=self.records,
            duration=Fraction(1),
            signals=(*(each.header for each in signals), annotations),
        )

    def _recording(self, start: dt.datetime) -> str:
        record = self.record
        text = f"Startdate {english_day(start)} X X {OWN} tick={record.start_tick}"
        if record.id is not None:
            # As the vendor has it; the own annotation says it where this is too long.
            longer = f"{text} hexoskin_record_id={record.id}"
            text = longer if len(longer) <= _FIELD else text
        return text

    def _annotations(self) -> PackedAnnotations:
        second = self.origin - self.origin % self.clock
        ns = NS_PER_TICK[self.clock]
        notes = Notes(self.clock)
        empty = [
            each.name
            for each in self.others
            if is_regular(each) or not len(self.record[each.name])
        ]
        notes.add(self.origin * ns, said_by(self.record, empty))
        end = self.origin + self.records * self.clock
        notes.add(end * ns, BLANK_SEAL)
        notes.add_facts(self.record.facts)
        notes.add_filled(self._filled())
        for channel in self.others:
            if not is_regular(channel):
                notes.add_values(self.record, channel)
        return PackedAnnotations(
            notes.tals(second * ns),
            start=(self.origin - second) * ns,
            records=self.records,
        )

    def _filled(self) -> Iterator[Filled]:
        """Yield what is filled, within the file."""
        end = self.origin + self.records * self.clock
        for channel, scan in self.scans.items():
            covered = scan.last + round(channel.ticks or 1)
            gaps = {
                (hole.start, hole.end) for hole in scan.holes(channel) if not hole.rows
            }
            edges = [(self.origin, scan.first), (covered, end)]
            for start, stop in edges:
                if start < stop:
                    at_edge = any(low < stop and start < high for low, high in gaps)
                    kind = GAP if at_edge else PADDING
                    yield Filled(kind, channel.name, start, stop)
            for hole in scan.holes(channel):
                if hole.rows:
                    yield Filled(BLANK, hole.columns[0], hole.start, hole.end)
                elif scan.first <= hole.start < covered:
                    yield Filled(GAP, channel.name, hole.start, hole.end)
