"""Makes a record of the pieces that came: each channel from where it is exact.

A channel is made when it is read, from all its pieces at once, and counted on the way.
Nothing is asked of the network here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.errors import IncompleteDataError, ResponseError
from hexoframe.formats.wire.answers import DatatypeSamples as Samples
from hexoframe.formats.wire.windows import Joined, channel_frames, join_windows
from hexoframe.recording import metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import empty_frame, slice_ticks, ticks_of
from hexoframe.recording.gaps import Receipt

if TYPE_CHECKING:
    from hexoframe.api.load.chunks import Piece
    from hexoframe.api.load.chunkstore import Shelf
    from hexoframe.api.load.fetch import Export, Fetched
    from hexoframe.api.load.plan import Plan
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.channels import Channel

__all__ = ["assemble"]

BY_EXPORT = "API, binary export"
BY_PAGES = "API, JSON"
# Pages of a waveform that are joined at a time: some megabytes.
_PAGES_IN_TURN = 4


def assemble(
    plan: Plan,
    fetched: Fetched,
    shelf: Shelf,
    *,
    head: RecordHead,
    allow_partial: bool = False,
) -> RecordData:
    """Make a record of what a plan brought.

    Parameters
    ----------
    plan : Plan
        What was asked for.
    fetched : Fetched
        The exports that came.
    shelf : Shelf
        Where the pages of JSON lie; channels are read from it when they are touched.
    head : RecordHead
        The record.
    allow_partial : bool, default False
        Whether samples may be missing that the source holds.

    Returns
    -------
    RecordData
        The channels that have samples, and those of which samples were lost. A part
        that begins or ends within the record is not cut. Of the tables of `Facts` it
        has the statistics of an export alone.

    Raises
    ------
    IncompleteDataError
        If an export ends before the record, or a channel of it before the others.
    """
    pages = _Pages(plan, fetched, shelf, head)
    makers = {**pages.makers(), **_from_exports(plan, fetched, head)}
    family = plan.family
    ways = {name: maker.way for name, maker in makers.items()}
    ordered = {name: ways[name] for name in channels_of(family) if name in ways}
    facts = Facts(
        info={**_export_info(fetched), **head.info, "provenance": ordered},
        statistics=_statistics(fetched),
    )
    lost = {name: maker.lost for name, maker in makers.items() if maker.lost}
    if lost and not allow_partial:
        raise _incomplete(head, lost)
    channels = {name: maker.source() for name, maker in makers.items()}
    return RecordData(family, head.span, channels, facts=facts)


def _incomplete(
    head: RecordHead, lost: Mapping[str, tuple[tuple[int, int], ...]]
) -> IncompleteDataError:
    told = "; ".join(
        f"{name} lacks {(last - first) / head.clock:.1f} s from tick {first}"
        for name, spans in lost.items()
        for first, last in spans
    )
    return IncompleteDataError(
        f"record {head.id}: the service sent less than the record holds: {told}. Load "
        "it again with refresh=True, with transport='json', or what there is with "
        "allow_partial=True",
        ledger=dict(lost),
    )


def _export_info(fetched: Fetched) -> dict[str, Any]:
    """Return what exports say of themselves, such as the versions of algorithms."""
    first = next((export.data.facts.info for export in fetched.exports), {})
    # These are about the file: when it was made for whom, where it was cut.
    return {
        name: value
        for name, value in first.items()
        if name not in {"provenance", "request", "timestamp", "start_date"}
    }


def _statistics(fetched: Fetched) -> pd.DataFrame | None:
    """Return the statistics of the whole record, if it came whole."""
    wholes = (export.data.facts for export in fetched.exports if export.piece.whole)
    return next((facts.statistics for facts in wholes), None)


# -- one channel -----------------------------------------------------------------------


class _Indexes:
    """Lets channels with the same stamps share one index."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int], pd.DatetimeIndex] = {}

    def shared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with an index that others may have too."""
        if not len(frame):
            return frame
        index = pd.DatetimeIndex(frame.index)
        stamps = index.asi8
        key = (len(stamps), int(stamps[0]), int(stamps[-1]))
        known = self._known.setdefault(key, index)
        if known is index or not np.array_equal(known.asi8, stamps):
            return frame
        return frame.set_axis(known)


@dataclass(slots=True, kw_only=True)
class _Maker:
    """How one channel is made; remembers what was counted when it was.

    Attributes
    ----------
    channel : Channel
        The channel, whole.
    way : str
        How it came.
    parts : callable
        Yields the channel in parts, in order of time, each with how many rows were
        dropped before it because they came twice; takes how many rows a part may have,
        where the source can choose.
    record_id : int
        Id of the record.
    indexes : _Indexes
        Those of the channels that were read before.
    samples : int or None
        How many rows there are, if that is known beforehand.
    lost : tuple of (int, int), in ticks
        What the source holds and did not come.
    """

    channel: Channel
    way: str
    parts: Callable[[int], Iterator[tuple[pd.DataFrame, int]]]
    record_id: int
    indexes: _Indexes
    samples: int | None = None
    lost: tuple[tuple[int, int], ...] = ()
    _duplicates: int = field(default=0, init=False)

    def source(self) -> LazyChannel:
        """Return it as the source of a record."""
        return LazyChannel(read=self._read, pieces=self._pieces, receipt=self._receipt)

    def _receipt(self) -> Receipt:
        return Receipt(
            samples=self.samples, duplicates=self._duplicates, lost=self.lost
        )

    def _read(self) -> pd.DataFrame:
        frames = list(self._pieces(sys.maxsize))
        if not frames:
            return empty_frame(self.channel, record_id=self.record_id)
        return self.indexes.shared(metadata.concat(frames))

    def _pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Yield the channel, and count it on the way."""
        samples = duplicates = 0
        for frame, dropped in self.parts(rows):
            samples, duplicates = samples + len(frame), duplicates + dropped
            for first in range(0, len(frame), rows):
                yield frame.iloc[first : first + rows]
        self.samples, self._duplicates = samples, duplicates


# -- channels of the binary export -----------------------------------------------------


def _from_exports(plan: Plan, fetched: Fetched, head: RecordHead) -> dict[str, _Maker]:
    """Return the channels that come with the export."""
    came = replace(
        plan, pieces=tuple(e.piece for e in fetched.exports) + plan.of_kind("json")
    )
    by_piece = {export.piece: export for export in fetched.exports}
    indexes = _Indexes()
    makers = {}
    for name, channel in channels_of(plan.family).items():
        rows = [row for row in channel.datatypes if row in plan.wanted]
        if not rows or any(row.id in plan.json for row in rows):
            continue
        parts = [by_piece[piece] for piece in came.pieces_of(rows[0])]
        held = [
            p.data for p in parts if name in p.data and p.data.receipt(name).samples
        ]
        missed = _missed(channel, fetched.lost_of("zip"), head)
        if not held and not missed:
            continue
        lost = [*_short(channel, parts, head), *missed]
        makers[name] = _Maker(
            channel=channel,
            way=BY_EXPORT,
            parts=partial(_export_parts, channel, held),
            record_id=head.id,
            indexes=indexes,
            samples=held[0].receipt(name).samples if len(held) == 1 else None,
            lost=tuple(sorted(lost)),
        )
    return makers


def _missed(
    channel: Channel, lost: Sequence[Piece], head: RecordHead
) -> tuple[tuple[int, int], ...]:
    """Return the spans of a channel that pieces held which did not come."""
    start, end = head.span
    numbers = {row.id for row in channel.datatypes if row.in_model}
    spans = [
        (piece.start, min(piece.end, end))
        if piece.kind == "zip"
        # A page holds stamps, and a sample at 1 Hz or slower ends its step.
        else (
            max(piece.start - channel.lag, start),
            min(piece.end, end + 1) - channel.lag,
        )
        for piece in lost
        if numbers and (not piece.datatypes or numbers & {*piece.datatypes})
    ]
    return tuple((first, last) for first, last in spans if first < last)


def _short(
    channel: Channel, parts: Sequence[Export], head: RecordHead
) -> Iterator[tuple[int, int]]:
    """Yield the span that a channel lacks at the end of a part that goes on.

    What a part of the export says of its own end is about the whole record, so each
    channel is held against the window that was asked for, and against the record.
    """
    step = channel.ticks
    if step is None:
        return
    clock = CLOCK_OF_FAMILY[channel.datatypes[0].family]
    for part in parts:
        data, piece = part.data, part.piece
        count = data.receipt(channel.name).samples if channel.name in data else 0
        if not count and len(parts) == 1:
            continue  # the recorder has no such channel
        end = min(piece.end, head.span[1])
        last = data.start_tick + round((count or 0) * step)
        # Windows are cut where all channels have a sample, which may be later.
        if end - last > clock + step:
            yield last, end


def _export_parts(
    channel: Channel, held: Sequence[RecordData], rows: int
) -> Iterator[tuple[pd.DataFrame, int]]:
    """Yield the parts of a channel; rows that two parts hold are kept once."""
    if len(held) == 1:
        yield from ((frame, 0) for frame in held[0].pieces(channel.name, rows))
        return
    before = None
    for data in held:
        # In one piece, and not by look-up, which would keep it for good.
        for part in data.pieces(channel.name, sys.maxsize):
            cut = part if before is None else _behind(before, part, channel)
            yield cut, len(part) - len(cut)
            before = part


def _behind(before: pd.DataFrame, part: pd.DataFrame, channel: Channel) -> pd.DataFrame:
    """Return the rows of a part that the part before it does not hold."""
    if not len(before) or not len(part) or part.index[0] > before.index[-1]:
        return part
    first = int(ticks_of(part.iloc[:1], channel)[0])
    last = int(ticks_of(before.iloc[-1:], channel)[0])
    tail = slice_ticks(before, channel, first, None)
    twice = slice_ticks(part, channel, None, last + 1)
    if not tail.index.equals(twice.index) or not np.array_equal(
        tail.to_numpy(), twice.to_numpy(), equal_nan=True
    ):
        raise ResponseError(
            f"{channel.name}: two parts of the export differ in what they both hold, "
            f"ticks {first} to {last}; did the record change meanwhile? Load it again "
            "with refresh=True"
        )
    return part.iloc[len(twice) :]


# -- channels of JSON ------------------------------------------------------------------


class _Pages:
    """Joins pages when a channel is asked for: waveforms in turns, the rest at once.

    So a day of a waveform is never held beside the frame that is made of it.
    """

    def __init__(
        self, plan: Plan, fetched: Fetched, shelf: Shelf, head: RecordHead
    ) -> None:
        pages = plan.of_kind("json")
        self._plan = plan
        self._lost = fetched.lost_of("json")
        self._pieces = [page for page in pages if page not in self._lost]
        self._shelf = shelf
        self._head = head
        self._guard = threading.Lock()
        self._slight: dict[str, tuple[pd.DataFrame, int]] = {}

    def makers(self) -> dict[str, _Maker]:
        """Return the channels that have samples, or lost some."""
        there = self._shelf.counts(self._pieces)
        indexes = _Indexes()
        makers = {}
        for name, channel in channels_of(self._plan.family).items():
            lost = _missed(channel, self._lost, self._head)
            numbers = self._numbers(channel)
            if lost or any(there[number] for number in numbers):
                turns = self._in_turns if channel.kind == "waveform" else self._at_once
                makers[name] = _Maker(
                    channel=channel,
                    way=BY_PAGES,
                    parts=partial(turns, channel),
                    record_id=self._head.id,
                    indexes=indexes,
                    lost=lost,
                )
        return makers

    def _numbers(self, *channels: Channel) -> frozenset[int]:
        """Return the datatypes of channels that are taken from pages."""
        wanted = {row for channel in channels for row in channel.datatypes}
        return self._plan.json & {row.id for row in wanted & {*self._plan.wanted}}

    def _in_turns(self, channel: Channel, _: int) -> Iterator[tuple[pd.DataFrame, int]]:
        """Yield a channel, a few pages at a time."""
        numbers = self._numbers(channel)
        ends: dict[int, Samples] = {}
        for first in range(0, len(self._pieces), _PAGES_IN_TURN):
            pieces = self._pieces[first : first + _PAGES_IN_TURN]
            pages = [self._shelf.get(piece, numbers) for piece in pieces]
            # What ended the pages before comes again, so that a row of a border that
            # these have too is dropped, and then goes: it was yielded.
            joined = self._joined([ends, *pages])
            fresh = {
                number: _rows_from(held, len(ends[number].ticks))
                if number in ends
                else held
                for number, held in joined.samples.items()
            }
            frame = self._frames(fresh).get(channel.name)
            dropped = max((joined.duplicates.get(n, 0) for n in numbers), default=0)
            if frame is not None:
                yield frame, dropped
            ends |= {n: _end(held) for n, held in fresh.items() if len(held.ticks)}

    def _at_once(self, channel: Channel, _: int) -> Iterator[tuple[pd.DataFrame, int]]:
        """Yield a channel whole; all that are no waveforms are made together."""
        # Of the threads that write channels, one makes what all take.
        with self._guard:
            if not self._slight:
                self._slight = self._made()
        if channel.name in self._slight:
            yield self._slight[channel.name]

    def _made(self) -> dict[str, tuple[pd.DataFrame, int]]:
        known = channels_of(self._plan.family)
        slight = [channel for channel in known.values() if channel.kind != "waveform"]
        numbers = self._numbers(*slight)
        joined = self._joined([self._shelf.get(p, numbers) for p in self._pieces])
        dropped = joined.duplicates
        return {
            name: (frame, max(dropped[n] for n in self._numbers(known[name])))
            for name, frame in self._frames(joined.samples).items()
        }

    def _joined(self, pages: Sequence[Mapping[int, Samples]]) -> Joined:
        where = f"record {self._head.id}"
        return join_windows(pages, self._plan.family, where=where)

    def _frames(self, samples: Mapping[int, Samples]) -> dict[str, pd.DataFrame]:
        return channel_frames(samples, self._plan.family, record_id=self._head.id)


def _rows_from(samples: Samples, first: int) -> Samples:
    ticks, values = samples
    return Samples(ticks[first:], values[first:])


def _end(samples: Samples) -> Samples:
    """Return the rows at the last stamp."""
    ticks = samples.ticks
    return _rows_from(samples, int(np.searchsorted(ticks, ticks[-1])))
