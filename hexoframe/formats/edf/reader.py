"""Reads EDF and EDF+ of the vendor and of hexoframe as a record.

Headers and annotations are read when a record is opened, samples when a channel is
touched. What is filled in a file of hexoframe is left out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, families_of, find
from hexoframe.channels.calibration import counts_from_values
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeWarning,
    MissingFactsWarning,
    SkippedChannelWarning,
    TimestampError,
    UnknownChannelError,
    warn,
)
from hexoframe.formats.edf.header import EdfHeader
from hexoframe.formats.edf.notes import (
    BLANK,
    OWN,
    ReadNotes,
    Said,
    facts_of,
    own_note,
    read_notes,
)
from hexoframe.formats.edf.records import DataRecords, read_annotations, read_onsets
from hexoframe.formats.edf.seal import is_unbroken
from hexoframe.formats.edf.signals import (
    Scaling,
    family_of_file,
    rows_of_file,
    scaling_of,
)
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.paths import is_file
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import PSEUDONYM
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import NS_PER_TICK, check_tick, grid
from hexoframe.timestamps.times import grid_to_index, tick_to_time, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["read", "sniff"]

_MARK = b"0       "
_BOM = b"\xef\xbb\xbf"
_NAME = "EDF"
_ID = re.compile(r"\bhexoskin_record_id=(\d{1,18})\b")


def sniff(path: Path) -> bool:
    """Whether a file is an EDF, but for a sound one of another maker."""
    if not is_file(path):
        return False
    with path.open("rb") as file:
        head = file.read(len(_BOM) + len(_MARK))
    if not head.removeprefix(_BOM).startswith(_MARK):
        return False
    try:
        header = EdfHeader.read(path)
    except FileFormatError:
        return True
    return OWN in header.recording or any(
        rows_of_file(header, family) for family in FAMILIES
    )


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a file of the vendor or of hexoframe; one of another maker is refused.

    Source: two files of the vendor as readers of others describe them: labels of id and
    name, data records of a second, ids in the fields for patient and recording.
    """
    sources = SourceFiles([path])
    with path.open("rb") as stream:
        if stream.read(len(_BOM)) == _BOM:
            raise FileFormatError(
                f"{path} begins with a mark of byte order, so a text editor has saved "
                "it anew, which destroys the samples: fetch or copy the file again"
            )
    file = _File.open(path, options)
    wanted = options.wanted(file.family)
    _tell_of_unknown(file)
    lost = file.lost()
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in wanted.items():
        held = file.channel(channel, options.scale, lost)
        if held is not None:
            channels[name] = held
    return RecordData(
        file.family,
        file.span(),
        sources.guard(channels, [path]),
        facts=facts_of(file.notes, file.info(channels), file.clock),
        scale=options.scale,
    )


def _tell_of_unknown(file: _File) -> None:
    unknown = [
        signal.label
        for at, signal in enumerate(file.header.signals)
        if at not in file.rows and not signal.is_annotations
    ]
    if unknown:
        shown = ", ".join(map(repr, unknown[:6])) + (" ..." if len(unknown) > 6 else "")
        warn(
            f"{file.path}: the signals {shown} are left out: no channel of "
            f"{file.family} has such a name and rate, or another signal has it already",
            SkippedChannelWarning,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """An open file: its headers, where its samples lie, and what it says.

    Attributes
    ----------
    data : DataRecords
        The data records that are there in full.
    onsets : ndarray of int64, in ticks
        When each data record begins.
    rows : dict of int to Datatype
        By the number of the signal, those that are known.
    """

    path: Path
    header: EdfHeader
    family: Family
    data: DataRecords
    onsets: NDArray[np.int64]
    rows: Mapping[int, Datatype]
    notes: ReadNotes

    @classmethod
    def open(cls, path: Path, options: ReadOptions) -> _File:
        """Read headers and annotations."""
        header = EdfHeader.read(path)
        data = DataRecords.of(path, header, partial_too=options.allow_partial)
        tals = read_annotations(data)
        said = own_note(tals, path)
        if said is not None and data.count == header.records:
            _check_seal(path, header, partial_too=options.allow_partial)
        elif said is None and f" {OWN} tick=" in header.recording:
            _warn_of_own(path)
        family = _family(header, said, options, path)
        clock = CLOCK_OF_FAMILY[family]
        onsets = read_onsets(data, clock)
        begin = int(header.start.timestamp()) * clock
        if said is not None:
            _check_start(said, options, clock)
        elif options.start is not None:
            begin = _begin(begin, int(onsets[0]), options, clock)
        elif not onsets[0]:
            _warn_of_start(path)
        try:
            check_tick(begin, clock)
        except TimestampError as error:
            raise FileFormatError(f"{path}: {error}") from error
        return cls(
            path=path,
            header=header,
            family=family,
            data=data,
            onsets=onsets + begin,
            rows=rows_of_file(header, family),
            notes=read_notes(tals, family, begin * NS_PER_TICK[clock], path),
        )

    @property
    def clock(self) -> Clock:
        """Ticks in a second."""
        return CLOCK_OF_FAMILY[self.family]

    @property
    def step(self) -> int:
        """Length of a data record in ticks."""
        return round(self.header.duration * self.clock)

    def span(self) -> tuple[int, int]:
        """Start and end of the record."""
        said = self.notes.said
        if said is not None:
            return said.start, said.end
        end = int(self.onsets[-1]) if len(self.onsets) else 0
        missing = max(0, self.header.records - self.data.count)
        return int(self.onsets[0]), end + self.step * (1 + missing)

    def info(self, names: Mapping[str, object]) -> dict[str, Any]:
        """Return what the file says of the record."""
        said = self.notes.said
        found = _ID.search(self.header.recording)
        number = said.id if said is not None else int(found[1]) if found else None
        info: dict[str, Any] = {} if number is None else {"id": number}
        if said is not None and said.pseudonym is not None:
            info[PSEUDONYM] = said.pseudonym
        if said is not None and said.edited:
            info["edited"] = said.edited
        return {**info, "provenance": dict.fromkeys(names, _NAME)}

    def lost(self) -> tuple[tuple[int, int], ...]:
        """Return the span of the data records that are missing at the end."""
        missing = self.header.records - self.data.count
        if missing <= 0:
            return ()
        end = int(self.onsets[-1]) + self.step
        return ((end, end + missing * self.step),)

    # -- channels ------------------------------------------------------------------

    def channel(
        self, channel: Channel, scale: Scale, lost: tuple[tuple[int, int], ...]
    ) -> LazyChannel | None:
        """Return a channel as far as the file has it."""
        number = self.info({}).get("id")
        signals = {row: at for at, row in self.rows.items() if row in channel.datatypes}
        if signals:
            return _SignalFiles.of(self, channel, signals, scale).lazy(lost)
        if channel.name in self.notes.rows:
            ticks, values = self.notes.rows[channel.name]
            index = ticks_to_index(ticks, clock=self.clock)
            row = channel.datatypes[0]
            if scale == "raw":
                values = counts_from_values(values, row)
            frame = make_frame(
                channel, index, {row.column: values}, record_id=number, scale=scale
            )
            receipt = Receipt(samples=len(frame), lost=lost)
            return LazyChannel(read=lambda: frame, receipt=receipt)
        said = self.notes.said
        if said is not None and channel.name in said.empty:
            nothing = empty_frame(channel, record_id=number, scale=scale)
            return LazyChannel(read=lambda: nothing, receipt=Receipt(samples=0))
        return None


def _warn_of_own(path: Path) -> None:
    warn(
        f"{path} says that hexoframe wrote it, but the annotation {OWN!r} is missing "
        "or changed: it is read as a file of others, and what is filled as samples",
        MissingFactsWarning,
    )


def _check_seal(path: Path, header: EdfHeader, *, partial_too: bool) -> None:
    """Refuse a file of hexoframe that is not as it was written, or warn of it."""
    if is_unbroken(path, header.record_bytes):
        return
    text = (
        f"{path} is not as hexoframe wrote it: its SHA-256 is not the one in its last "
        "annotation"
    )
    if not partial_too:
        raise FileFormatError(
            f"{text}; write or copy the record again, or open it with "
            "allow_partial=True if another program changed it on purpose"
        )
    warn(f"{text}; any of its values may be another one", HexoframeWarning)


def _family(
    header: EdfHeader, said: Said | None, options: ReadOptions, path: Path
) -> Family:
    if said is None:
        return family_of_file(header, options.model, path)
    if options.model is not None and said.family not in families_of(options.model):
        raise ConfigurationError(
            f"{path} says that it is of {said.family}, not of {options.model!r}: leave "
            "model= out"
        )
    return said.family


def _check_start(said: Said, options: ReadOptions, clock: Clock) -> None:
    """Refuse another start than the file says exactly."""
    if options.start is not None:
        given = moment_to_tick(options.start, clock=clock)
        if given != said.start:
            raise ConfigurationError(
                f"start={options.start!r} is tick {given}, but the file says that its "
                f"record starts at tick {said.start}: leave start= out"
            )


def _begin(stated: int, onset: int, options: ReadOptions, clock: Clock) -> int:
    """Return the tick from which a file counts, as the caller says its start."""
    given = moment_to_tick(options.start, clock=clock)
    if not 0 <= given - stated - onset < clock:
        told = tick_to_time(stated + onset, clock=clock)
        raise ConfigurationError(
            f"start={options.start!r} is tick {given}, but the file starts within the "
            f"second of {told}: leave start= out, or give the right one"
        )
    return given - onset


def _warn_of_start(path: Path) -> None:
    warn(
        f"{path} says its start in whole seconds only, so all times may be up to a "
        "second early: the vendor's export has the exact start, and so do EDF files of "
        "hexoframe; start= says it where it is known",
        MissingFactsWarning,
    )


# -- samples ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignalFiles:
    """The signals of one channel, which are read together.

    `left_out` are spans of samples (number of the first, number after the last) that
    stand for nothing; `blank` the same by column.
    """

    file: _File
    channel: Channel
    signals: Mapping[Datatype, int]
    scalings: Mapping[Datatype, Scaling]
    left_out: NDArray[np.int64]
    blank: Mapping[str, NDArray[np.int64]]
    scale: Scale

    @classmethod
    def of(
        cls,
        file: _File,
        channel: Channel,
        signals: Mapping[Datatype, int],
        scale: Scale,
    ) -> _SignalFiles:
        """Find scales and what is filled."""
        scalings = {
            row: scaling_of(file.header.signals[at], row, file.path)
            for row, at in signals.items()
        }
        spans: dict[str, list[tuple[int, int]]] = {}
        for filled in file.notes.filled:
            try:
                named = find(file.family, filled.name)
            except UnknownChannelError:
                continue
            if named.name == channel.name:
                # A span without rows is of all columns.
                key = named.columns[0] if filled.kind == BLANK else ""
                spans.setdefault(key, []).append((filled.start, filled.end))
        numbered = {key: _numbered(file, channel, each) for key, each in spans.items()}
        return cls(
            file=file,
            channel=channel,
            signals=signals,
            scalings=scalings,
            left_out=numbered.pop("", np.empty((0, 2), np.int64)),
            blank=numbered,
            scale=scale,
        )

    @property
    def samples(self) -> int:
        """Samples of a signal in a data record."""
        return self.file.header.signals[next(iter(self.signals.values()))].samples

    def lazy(self, lost: tuple[tuple[int, int], ...]) -> LazyChannel:
        """Return the channel, still unread."""
        total = self.file.data.count * self.samples
        receipt = Receipt(samples=total - _covered(self.left_out, total), lost=lost)
        return LazyChannel(read=self.read, pieces=self.pieces, receipt=receipt)

    def read(self) -> pd.DataFrame:
        """Read all samples."""
        return self._frame(0, self.file.data.count)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read at most so many samples at a time, a data record at least."""
        count = max(1, rows // self.samples)
        for first in range(0, self.file.data.count, count):
            frame = self._frame(first, min(first + count, self.file.data.count))
            for at in range(0, len(frame), rows):
                yield frame.iloc[at : at + rows]

    def _frame(self, first: int, last: int) -> pd.DataFrame:
        file, channel = self.file, self.channel
        base, count = first * self.samples, (last - first) * self.samples
        columns = {}
        digital = file.data.values([*self.signals.values()], first, last)
        for row, at in self.signals.items():
            values = self.scalings[row].values(digital[at], row, self.scale)
            if row.column in self.blank:
                values[_marked(self.blank[row.column], base, count)] = np.nan
            columns[row.column] = values
        index = self._index(first, last)
        if _covered(self.left_out - base, count):
            held = ~_marked(self.left_out, base, count)
            index = index[held]
            columns = {name: values[held] for name, values in columns.items()}
        return make_frame(
            channel,
            index,
            columns,
            record_id=file.info({}).get("id"),
            scale=self.scale,
        )

    def _index(self, first: int, last: int) -> pd.DatetimeIndex:
        """Return the times of the samples of some data records."""
        file, channel = self.file, self.channel
        onsets, step = file.onsets[first:last], Fraction(channel.ticks or 1)
        if int(onsets[-1] - onsets[0]) == (last - first - 1) * file.step:
            # Data records of whole ticks follow each other: one grid is quicker.
            begin, count = int(onsets[0]) + channel.lag, (last - first) * self.samples
            return grid_to_index(begin, step=step, count=count, clock=file.clock)
        steps = grid(channel.lag, step=step, count=self.samples)
        ticks = (onsets[:, None] + steps).reshape(-1)
        return ticks_to_index(ticks, clock=file.clock)


def _numbered(
    file: _File, channel: Channel, spans: list[tuple[int, int]]
) -> NDArray[np.int64]:
    """Return spans of ticks as numbers of samples, counted through the file."""
    step = Fraction(channel.ticks or 1)
    offset = np.array(spans) - int(file.onsets[0])
    above, below = step.numerator, step.denominator
    numbers: NDArray[np.int64] = (2 * below * offset + above) // (2 * above)
    return numbers[np.argsort(numbers[:, 0])]


def _covered(spans: NDArray[np.int64], count: int) -> int:
    """Return how many of `count` samples lie in spans, which are in order."""
    inside = np.clip(spans, 0, count)
    reached = np.maximum.accumulate(np.concatenate(([0], inside[:, 1])))[:-1]
    return int(np.maximum(inside[:, 1] - np.maximum(inside[:, 0], reached), 0).sum())


def _marked(spans: NDArray[np.int64], base: int, count: int) -> NDArray[np.bool_]:
    """Return which of `count` samples from number `base` on lie in a span."""
    inside = np.clip(spans - base, 0, count)
    steps = np.zeros(count + 1, np.int64)
    np.add.at(steps, inside[:, 0], 1)
    np.add.at(steps, inside[:, 1], -1)
    marks: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
    return marks
