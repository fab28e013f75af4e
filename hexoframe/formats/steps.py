"""Samples on an even grid, for formats that keep a rate and a start and no stamps.

EDF, WFDB and BIDS share it: where the grid of a record begins, what is missing on it,
and the samples in order with NaN for what is missing. What a format makes of that does
not belong here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.channels.calibration import counts_from_values
from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.recording.frames import arrays_of, ticks_of
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData

    Spans = NDArray[np.int64]

__all__ = [
    "EvenGroup",
    "Hole",
    "SampleStream",
    "Scan",
    "common_origin",
    "counts_to_write",
    "even_groups",
    "is_regular",
    "length_text",
    "scan_channel",
    "warn_of_rounding",
    "whole_channel",
]

_ROWS = 1 << 16
# Rows that are looked at to find the grid: a step of a third of a tick needs three.
_FIRST_ROWS = 4
# How far from a whole number a count may be; the frames keep it better than this.
_PLAY = 1 / 64
_NONE: Spans = np.empty((0, 2), np.int64)


class Hole(NamedTuple):
    """A span without a value, in ticks, end not included.

    `columns` are those that lack a value; `rows` says whether there are rows, with NaN
    in these columns, or none at all.
    """

    channel: str
    columns: tuple[str, ...]
    start: int
    end: int
    rows: bool


def whole_channel(record: RecordData, name: str) -> Channel:
    """Return the entry of a channel with all of its columns."""
    return channels_of(record.family)[name]


def is_regular(channel: Channel) -> bool:
    """Whether a channel has a sample a second or more."""
    return channel.ticks is not None and channel.ticks <= channel.clock


def length_text(ticks: int, clock: int) -> str:
    """Return a length of time for messages: ``180 s``, ``0.0117 s``."""
    return f"{ticks / clock:.4g} s" if ticks < 1000 * clock else f"{ticks // clock} s"


# -- what a channel holds --------------------------------------------------------------


@dataclass(slots=True)
class Scan:
    """What one pass over a channel finds.

    Attributes
    ----------
    rows : int
        Number of rows.
    first, last : int, in ticks
        Begin of the first and of the last step.
    firsts : ndarray of int64
        Begins of the first few steps, which tell the grid.
    gaps : ndarray of int64, shape (n, 2)
        Spans without rows between samples, and at both ends of the record.
    blanks : dict of str to ndarray of int64, shape (n, 2)
        By column, spans whose rows have no value.
    lows, highs : dict of str to float
        Smallest and largest count of each column that has a value.
    rounded : float
        How far counts are from whole numbers, at most.
    """

    rows: int = 0
    first: int = 0
    last: int = 0
    firsts: NDArray[np.int64] = field(default_factory=lambda: _NONE[:, 0])
    gaps: Spans = field(default_factory=lambda: _NONE)
    blanks: dict[str, Spans] = field(default_factory=dict)
    lows: dict[str, float] = field(default_factory=dict)
    highs: dict[str, float] = field(default_factory=dict)
    rounded: float = 0.0

    def holes(self, channel: Channel) -> Iterator[Hole]:
        """Yield the spans without a value; a column without any is none of them."""
        held = tuple(name for name in channel.columns if name in self.lows)
        for start, end in self.gaps.tolist():
            yield Hole(channel.name, held, start, end, rows=False)
        for column in held:
            for start, end in self.blanks.get(column, _NONE).tolist():
                yield Hole(channel.name, (column,), start, end, rows=True)


def scan_channel(record: RecordData, channel: Channel) -> Scan:
    """Read a regular channel once, in pieces, and say what it holds and lacks."""
    step = channel.ticks or Fraction(1)
    scan = Scan()
    gaps: list[Spans] = []
    blanks: dict[str, list[Spans]] = {}
    for piece in record.pieces(channel.name, _ROWS):
        begins = ticks_of(piece, channel) - channel.lag
        before = np.array([scan.last]) if scan.rows else begins[:1]
        steps = np.diff(begins, prepend=before)
        at = np.flatnonzero(steps > float(step * 3 / 2))
        held = np.concatenate((before, begins))[at] + round(step)
        gaps.append(np.stack([held, begins[at]], axis=1))
        _look_at_values(record, channel, (piece, begins), scan, blanks)
        if not scan.rows:
            scan.first, scan.firsts = int(begins[0]), begins[:_FIRST_ROWS]
        scan.rows += len(piece)
        scan.last = int(begins[-1])
    if scan.rows:
        gaps = [_head(record, scan, step), *gaps, _tail(record, scan, step)]
        scan.gaps = np.concatenate(gaps)
    scan.blanks = {name: _touching(spans) for name, spans in blanks.items()}
    return scan


def _look_at_values(
    record: RecordData,
    channel: Channel,
    rows: tuple[pd.DataFrame, NDArray[np.int64]],
    scan: Scan,
    blanks: dict[str, list[Spans]],
) -> None:
    piece, begins = rows
    values = arrays_of(piece)
    for row in channel.datatypes:
        counts = counts_from_values(values[row.column], row, scale=record.scale)
        absent = np.isnan(counts)
        if absent.any():
            edges = np.flatnonzero(np.diff(absent, prepend=False, append=False))
            lasts = begins[edges[1::2] - 1] + round(channel.ticks or 1)
            spans = np.stack([begins[edges[::2]], lasts], axis=1)
            blanks.setdefault(row.column, []).append(spans)
            counts = counts[~absent]
        if len(counts):
            low, high = float(counts.min()), float(counts.max())
            scan.lows[row.column] = min(scan.lows.get(row.column, low), low)
            scan.highs[row.column] = max(scan.highs.get(row.column, high), high)
            off = float(np.abs(counts - np.rint(counts)).max())
            scan.rounded = max(scan.rounded, off if off > _PLAY else 0.0)


def _touching(spans: Iterable[Spans]) -> Spans:
    """Join spans in order where one begins as the one before ends."""
    whole = np.concatenate([*spans])
    apart = whole[1:, 0] != whole[:-1, 1]
    firsts = np.concatenate(([True], apart))
    lasts = np.concatenate((apart, [True]))
    return np.stack([whole[firsts, 0], whole[lasts, 1]], axis=1)


def _head(record: RecordData, scan: Scan, step: Fraction) -> Spans:
    late = scan.first - record.start_tick
    return (
        np.array([[record.start_tick, scan.first]])
        if 2 * late >= 2 * step - 1
        else _NONE
    )


def _tail(record: RecordData, scan: Scan, step: Fraction) -> Spans:
    """Return the missing end; recorders write blocks, so that channels end apart."""
    covered = scan.last + round(step)
    # A value of 1 Hz, and a block of a second, may be one short.
    allowed = 2 * max(round(step), record.clock)
    early = record.end_tick - covered
    return np.array([[covered, record.end_tick]]) if early >= allowed else _NONE


# -- the grid --------------------------------------------------------------------------


def common_origin(record: RecordData, scans: Mapping[Channel, Scan]) -> int:
    """Return the tick on which one grid of all these channels begins.

    It is the start of the record or, in a part that was cut between two values, less
    than a second before; where all channels begin later than a second, the first of
    them decides. ConfigurationError if there is no such tick.
    """
    held = {channel: scan for channel, scan in scans.items() if scan.rows}
    low = min((scan.first for scan in held.values()), default=record.start_tick)
    if 0 <= low - record.start_tick < record.clock:
        low = record.start_tick
    for tick in range(low, low - record.clock, -1):
        if all(_fits(tick, scan.firsts, channel) for channel, scan in held.items()):
            return tick
    raise ConfigurationError(
        f"the channels {', '.join(channel.name for channel in held)} begin at odds "
        "with each other, and one file has one start for all: write those of one rate "
        "alone, with channels="
    )


def _fits(origin: int, begins: NDArray[np.int64], channel: Channel) -> bool:
    return not _numbers(begins, origin, channel.ticks or Fraction(1))[1].any()


def _numbers(
    begins: NDArray[np.int64], origin: int, step: Fraction
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the sample numbers of ticks, and which ticks are off the grid."""
    above, below = step.numerator, step.denominator
    numbers = (2 * below * (begins - origin) + above) // (2 * above)
    on_grid = origin + (2 * above * numbers + below) // (2 * below)
    return numbers, on_grid != begins


class SampleStream:
    """The samples of a channel in the order of a grid, a block at a time.

    Sample k is that whose step begins at ``origin + round(k x step)``.
    """

    def __init__(self, record: RecordData, channel: Channel, origin: int) -> None:
        self._channel = channel
        self._origin = origin
        self._pieces = record.pieces(channel.name, _ROWS)
        self._next = 0
        self._last = -1
        self._numbers = np.empty(0, np.int64)
        self._values: Mapping[str, NDArray[Any]] = {}

    def take(self, count: int) -> dict[str, NDArray[Any]]:
        """Return the next samples by column; NaN where there is none.

        ConfigurationError for a sample off the grid.
        """
        channel, end = self._channel, self._next + count
        taken = {
            name: np.full(count, np.nan, channel.dtype) for name in channel.columns
        }
        while self._fill():
            until = int(np.searchsorted(self._numbers, end))
            for name, column in taken.items():
                column[self._numbers[:until] - self._next] = self._values[name][:until]
            self._numbers = self._numbers[until:]
            self._values = {name: each[until:] for name, each in self._values.items()}
            if len(self._numbers):
                break
        self._next = end
        return taken

    @property
    def position(self) -> int:
        """Number of the sample that is next."""
        return self._next

    def held_until(self) -> int:
        """Return the number after the last sample that was read so far."""
        return self._last + 1

    def _fill(self) -> bool:
        """Read the next piece if nothing is held; say whether something is."""
        if not len(self._numbers):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._numbers, self._values = self._placed(piece), arrays_of(piece)
        return True

    def _placed(self, piece: pd.DataFrame) -> NDArray[np.int64]:
        channel = self._channel
        begins = ticks_of(piece, channel) - channel.lag
        numbers, off = _numbers(begins, self._origin, channel.ticks or Fraction(1))
        wrong = off | (np.diff(numbers, prepend=self._last) <= 0)
        if wrong.any():
            at = int(wrong.argmax())
            time = tick_to_time(int(begins[at]) + channel.lag, clock=channel.clock)
            why = "is off the grid" if off[at] else "comes twice, or before the start"
            raise ConfigurationError(
                f"the sample of {channel.name} at {time} {why} of the file, which has "
                "one start and one rate: where a recorder began anew, write each part "
                "to a file of its own, with gaps='split' (EDF) or between()"
            )
        self._last = int(numbers[-1])
        return numbers


def counts_to_write(
    values: NDArray[np.floating], row: Datatype, record: RecordData
) -> NDArray[np.float64]:
    """Return whole counts behind values of a frame; NaN stays NaN."""
    return np.rint(counts_from_values(values, row, scale=record.scale))


def warn_of_rounding(form: str, rounded: Mapping[str, float]) -> None:
    """Warn of the channels whose counts were rounded, and by how much."""
    told = [f"{name} by up to {off:.2g}" for name, off in rounded.items() if off]
    if told:
        warn(
            f"{form} holds whole counts, so these values were rounded to them (in "
            f"counts): {', '.join(told)}. Parquet and CSV hold them as they are",
            HexoframeWarning,
        )


# -- channels of one rate --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvenGroup:
    """The channels of one rate that have samples, on one grid.

    Attributes
    ----------
    scans : dict of Channel to Scan
        What each holds.
    origin : int, in ticks
        Begin of the first step of the grid.
    """

    record: RecordData
    scans: dict[Channel, Scan]
    origin: int

    @property
    def step(self) -> Fraction:
        """Ticks from sample to sample."""
        return Fraction(next(iter(self.scans)).ticks or 1)

    @property
    def rate(self) -> int:
        """Samples in a second."""
        return round(self.record.clock / self.step)

    @property
    def first(self) -> int:
        """Stamp of the first sample of the grid."""
        return self.origin + next(iter(self.scans)).lag

    @property
    def samples(self) -> int:
        """Samples from the begin of the grid to the last one."""
        last = max(scan.last for scan in self.scans.values())
        return round((last - self.origin) / self.step) + 1

    @property
    def rows(self) -> list[tuple[Datatype, Channel]]:
        """The columns that have a value, with their channels."""
        return [
            (row, channel)
            for channel, scan in self.scans.items()
            for row in channel.datatypes
            if row.column in scan.lows
        ]

    def blocks(self, size: int = _ROWS) -> Iterator[list[NDArray[Any]]]:
        """Yield the samples in blocks, an array for each of `rows`."""
        streams = {
            channel: SampleStream(self.record, channel, self.origin)
            for channel in self.scans
        }
        for begin in range(0, self.samples, size):
            count = min(size, self.samples - begin)
            taken = {channel: stream.take(count) for channel, stream in streams.items()}
            yield [taken[channel][row.column] for row, channel in self.rows]


def even_groups(
    record: RecordData, channels: Iterable[Channel]
) -> tuple[list[EvenGroup], list[Channel]]:
    """Return the channels that have samples by rate, and the others.

    Others are events, states, channels slower than 1 Hz, and those without a sample.
    """
    by_step: dict[Fraction, dict[Channel, Scan]] = {}
    others = []
    for channel in channels:
        scan = scan_channel(record, channel) if is_regular(channel) else Scan()
        if scan.lows:
            by_step.setdefault(Fraction(channel.ticks or 1), {})[channel] = scan
        else:
            others.append(channel)
    groups = [
        EvenGroup(record, scans, common_origin(record, scans))
        for scans in by_step.values()
    ]
    return groups, others
