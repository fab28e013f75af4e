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
    IncompleteDataError,
    MissingFactsWarning,
    MissingSamplesWarning,
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
    nearest_ticks,
    own_note,
    read_notes,
)
from hexoframe.formats.edf.signals import (
    Scaling,
    family_of_file,
    rows_of_file,
    scaling_of,
)
from hexoframe.formats.edf.tals import Tals, parse, record_onsets
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.paths import is_file
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.ticks import NS_PER_TICK, check_tick, grid
from hexoframe.timestamps.times import tick_to_time, ticks_to_index

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
    data : memmap of int16, shape (records, values a record)
        The data records that are there in full.
    onsets : ndarray of int64, in ticks
        When each data record begins.
    rows : dict of int to Datatype
        By the number of the signal, those that are known.
    """

    path: Path
    header: EdfHeader
    family: Family
    data: NDArray[np.int16]
    onsets: NDArray[np.int64]
    rows: Mapping[int, Datatype]
    notes: ReadNotes

    @classmethod
    def open(cls, path: Path, options: ReadOptions) -> _File:
        """Read headers and annotations."""
        header = EdfHeader.read(path)
        data = _data_records(path, header, partial_too=options.allow_partial)
        tals = _annotations(path, header, data)
        said = own_note(tals.texts, path)
        family = _family(header, said, options, path)
        clock = CLOCK_OF_FAMILY[family]
        onsets = _onsets(path, header, data, clock)
        stated = int(header.start.timestamp()) * clock
        begin = _begin(stated, int(onsets[0]), options, clock)
        if begin is None:
            begin = stated
            if said is None and not header.reserved.startswith("EDF+"):
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
        missing = max(0, self.header.records - len(self.data))
        return int(self.onsets[0]), end + self.step * (1 + missing)

    def info(self, names: Mapping[str, object]) -> dict[str, Any]:
        """Return what the file says of the record."""
        said = self.notes.said
        found = _ID.search(self.header.recording)
        number = said.id if said is not None else int(found[1]) if found else None
        info: dict[str, Any] = {} if number is None else {"id": number}
        if said is not None and said.edited:
            info["edited"] = said.edited
        return {**info, "provenance": dict.fromkeys(names, _NAME)}

    def lost(self) -> tuple[tuple[int, int], ...]:
        """Return the span of the data records that are missing at the end."""
        missing = self.header.records - len(self.data)
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


def _begin(stated: int, onset: int, options: ReadOptions, clock: Clock) -> int | None:
    """Return the tick from which a file counts, if the caller says its start."""
    if options.start is None:
        return None
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


def _data_records(
    path: Path, header: EdfHeader, *, partial_too: bool
) -> NDArray[np.int16]:
    """Return the data records as a map of the file; one that is cut is incomplete."""
    size = path.stat().st_size - header.size
    held, rest = divmod(size, header.record_bytes)
    expected = header.records
    if expected == -1:
        expected = held
    if held > expected or (rest and held == expected):
        raise FileFormatError(
            f"{path} has {size:,} bytes of samples, and its header claims {expected:,} "
            f"data records of {header.record_bytes:,} bytes; fetch or copy the file "
            "again"
        )
    if held < expected or rest:
        text = f"{path} holds {held} of {expected} data records: it was cut"
        if not partial_too or not held:
            raise IncompleteDataError(
                f"{text}; fetch or copy the file again"
                + (", or open what is there with allow_partial=True" if held else "")
            )
        warn(f"{text}; the rest is listed as lost", MissingSamplesWarning)
    if not held:
        raise FileFormatError(
            f"{path} has headers and no samples; fetch the file again"
        )
    width = header.record_bytes // 2
    mapped: NDArray[np.int16] = np.memmap(
        path, "<i2", mode="r", offset=header.size, shape=(held, width)
    )
    return mapped


def _places(header: EdfHeader) -> list[tuple[int, int]]:
    """Return where the samples of each signal begin and end in a data record."""
    ends = np.cumsum([signal.samples for signal in header.signals]).tolist()
    return [
        (end - each.samples, end)
        for each, end in zip(header.signals, ends, strict=True)
    ]


def _annotations(path: Path, header: EdfHeader, data: NDArray[np.int16]) -> Tals:
    texts = [
        np.ascontiguousarray(data[:, first:last]).tobytes()
        for signal, (first, last) in zip(header.signals, _places(header), strict=True)
        if signal.is_annotations and header.reserved.startswith("EDF+")
    ]
    return parse(b"\0".join(texts), path)


def _onsets(
    path: Path, header: EdfHeader, data: NDArray[np.int16], clock: Clock
) -> NDArray[np.int64]:
    """Return when each data record begins, in ticks from the second of the header."""
    step = header.duration * clock
    if step.denominator != 1:
        raise FileFormatError(
            f"{path}: its data records last {header.duration} s, which is no whole "
            f"number of ticks of 1/{clock} s"
        )
    if not header.reserved.startswith("EDF+"):
        return grid(0, step=step, count=len(data))
    place = next(
        (
            place
            for signal, place in zip(header.signals, _places(header), strict=True)
            if signal.is_annotations
        ),
        None,
    )
    if place is None:
        raise FileFormatError(f"{path} calls itself EDF+ and has no annotations")
    told = np.ascontiguousarray(data[:, place[0] : place[1]])
    if header.reserved.startswith("EDF+C"):
        first = record_onsets([told[0].tobytes()], path)
        begin = int(nearest_ticks(first, clock)[0])
        return grid(begin, step=step, count=len(data))
    onsets = nearest_ticks(record_onsets([row.tobytes() for row in told], path), clock)
    if (np.diff(onsets) < int(step)).any():
        at = int((np.diff(onsets) < int(step)).argmax()) + 1
        raise FileFormatError(
            f"{path}: data record {at} begins before the one before it ends, so its "
            "order is unknown; fetch or copy the file again"
        )
    return onsets


# -- samples ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignalFiles:
    """The signals of one channel, which are read together.

    `left_out` are spans of samples (number of the first, number after the last) that
    stand for nothing; `blank` the same by column.
    """

    file: _File
    channel: Channel
    scalings: Mapping[Datatype, tuple[slice, Scaling]]
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
        places = _places(file.header)
        scalings = {
            row: (
                slice(*places[at]),
                scaling_of(file.header.signals[at], row, file.path),
            )
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
            scalings=scalings,
            left_out=numbered.pop("", np.empty((0, 2), np.int64)),
            blank=numbered,
            scale=scale,
        )

    @property
    def samples(self) -> int:
        """Samples of a signal in a data record."""
        place, _ = next(iter(self.scalings.values()))
        return int(place.stop - place.start)

    def lazy(self, lost: tuple[tuple[int, int], ...]) -> LazyChannel:
        """Return the channel, still unread."""
        total = len(self.file.data) * self.samples
        mask = _marked(self.left_out, 0, total)
        receipt = Receipt(samples=total - int(mask.sum()), lost=lost)
        return LazyChannel(read=self.read, pieces=self.pieces, receipt=receipt)

    def read(self) -> pd.DataFrame:
        """Read all samples."""
        return self._frame(0, len(self.file.data))

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read at most so many samples at a time, a data record at least."""
        count = max(1, rows // self.samples)
        for first in range(0, len(self.file.data), count):
            frame = self._frame(first, min(first + count, len(self.file.data)))
            for at in range(0, len(frame), rows):
                yield frame.iloc[at : at + rows]

    def _frame(self, first: int, last: int) -> pd.DataFrame:
        file, channel = self.file, self.channel
        begins = file.onsets[first:last, None]
        steps = grid(0, step=Fraction(channel.ticks or 1), count=self.samples)
        ticks = (begins + steps + channel.lag).reshape(-1)
        base = first * self.samples
        columns = {}
        for row, (place, scaling) in self.scalings.items():
            digital = file.data[first:last, place].reshape(-1)
            values = scaling.values(digital, row, self.scale)
            if row.column in self.blank:
                values[_marked(self.blank[row.column], base, len(values))] = np.nan
            columns[row.column] = values
        gone = _marked(self.left_out, base, len(ticks))
        if gone.any():
            ticks = ticks[~gone]
            columns = {name: values[~gone] for name, values in columns.items()}
        return make_frame(
            channel,
            ticks_to_index(ticks, clock=file.clock),
            columns,
            record_id=file.info({}).get("id"),
            scale=self.scale,
        )


def _numbered(
    file: _File, channel: Channel, spans: list[tuple[int, int]]
) -> NDArray[np.int64]:
    """Return spans of ticks as numbers of samples, counted through the file."""
    step = Fraction(channel.ticks or 1)
    offset = np.array(spans) - int(file.onsets[0])
    above, below = step.numerator, step.denominator
    numbers: NDArray[np.int64] = (2 * below * offset + above) // (2 * above)
    return numbers[np.argsort(numbers[:, 0])]


def _marked(spans: NDArray[np.int64], base: int, count: int) -> NDArray[np.bool_]:
    """Return which of `count` samples from number `base` on lie in a span."""
    inside = np.clip(spans - base, 0, count)
    steps = np.zeros(count + 1, np.int64)
    np.add.at(steps, inside[:, 0], 1)
    np.add.at(steps, inside[:, 1], -1)
    marks: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
    return marks
