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
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe import metadata
from hexoframe.api.fetch import samples_end
from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.errors import IncompleteDataError, ResponseError
from hexoframe.facts import Facts
from hexoframe.formats.wire import channel_frames, join_pages
from hexoframe.frames import empty_frame, slice_ticks, ticks_of
from hexoframe.ledger import Receipt
from hexoframe.recorddata import RecordData, Source

if TYPE_CHECKING:
    from hexoframe.api.about import RecordHead
    from hexoframe.api.fetch import Export, Fetched
    from hexoframe.api.pieces import Piece
    from hexoframe.api.plan import Plan
    from hexoframe.api.shelf import Shelf
    from hexoframe.channels import Channel

__all__ = ["assemble"]

BY_EXPORT = "API, binary export"
BY_PAGES = "API, JSON"


def assemble(  # noqa: PLR0913  # all that a download brought
    plan: Plan,
    fetched: Fetched,
    shelf: Shelf,
    *,
    head: RecordHead,
    tables: Mapping[str, pd.DataFrame | None],
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
    tables : mapping of str to DataFrame or None
        The tables of `Facts` that came; None where the service did not say.
    allow_partial : bool, default False
        Whether samples may be missing that the source holds.

    Returns
    -------
    RecordData
        The channels that have samples, and those of which samples were lost. A part
        that begins or ends within the record is not cut.

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
        **tables,
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
    way : str
        How it came.
    make : callable
        Returns the frame, and how many rows were dropped because they came twice.
    indexes : _Indexes
        Those of the channels that were read before.
    stream : callable or None
        Yields the frame in pieces of so many rows, where it need not be made whole.
    samples : int or None
        How many rows there are, if that is known beforehand.
    lost : tuple of (int, int), in ticks
        What the source holds and did not come.
    """

    way: str
    make: Callable[[], tuple[pd.DataFrame, int]]
    indexes: _Indexes
    stream: Callable[[int], Iterator[pd.DataFrame]] | None = None
    samples: int | None = None
    lost: tuple[tuple[int, int], ...] = ()
    _duplicates: int = field(default=0, init=False)

    def source(self) -> Source:
        """Return it as the source of a record."""
        return Source(
            read=lambda: self.indexes.shared(self._made()),
            pieces=self._pieces,
            receipt=self._receipt,
        )

    def _receipt(self) -> Receipt:
        return Receipt(
            samples=self.samples, duplicates=self._duplicates, lost=self.lost
        )

    def _made(self) -> pd.DataFrame:
        frame, self._duplicates = self.make()
        self.samples = len(frame)
        return frame

    def _pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        if self.stream is not None:
            yield from self.stream(rows)
            return
        frame = self._made()
        for first in range(0, len(frame), rows):
            yield frame.iloc[first : first + rows]


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
        single = held[0] if len(held) == 1 else None
        makers[name] = _Maker(
            way=BY_EXPORT,
            make=partial(_joined, channel, held, record_id=head.id),
            indexes=indexes,
            stream=None if single is None else partial(single.pieces, name),
            samples=None if single is None else single.receipt(name).samples,
            lost=tuple(sorted(lost)),
        )
    return makers


def _missed(
    channel: Channel, lost: Sequence[Piece], head: RecordHead
) -> tuple[tuple[int, int], ...]:
    """Return the windows of the pieces with a channel that did not come."""
    numbers = {row.id for row in channel.datatypes if row.in_model}
    return tuple(
        (piece.start, min(piece.end, head.span[1]))
        for piece in lost
        if numbers and (not piece.datatypes or numbers & {*piece.datatypes})
    )


def _short(
    channel: Channel, parts: Sequence[Export], head: RecordHead
) -> Iterator[tuple[int, int]]:
    """Yield the spans that a channel lacks at the end of a part that goes on.

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
        if end - last > clock + step and samples_end(data) > data.start_tick:
            yield last, end


def _joined(
    channel: Channel, held: Sequence[RecordData], *, record_id: int
) -> tuple[pd.DataFrame, int]:
    """Put the parts of a channel together; rows that two parts hold are kept once."""
    # In one piece each, and not by look-up, which would keep them for good.
    frames = [f for data in held for f in data.pieces(channel.name, sys.maxsize)]
    if not frames:
        return empty_frame(channel, record_id=record_id), 0
    if len(frames) == 1:
        return frames[0], 0
    kept, dropped = [frames[0]], 0
    for before, part in pairwise(frames):
        cut = _behind(before, part, channel)
        dropped += len(part) - len(cut)
        kept.append(cut)
    return metadata.concat([frame for frame in kept if len(frame)]), dropped


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
    """Joins pages when a channel is asked for: waveforms one by one, the rest at once.

    A day of one waveform is as much as is held beside the frame that is made of it.
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
            numbers = {row.id for row in channel.datatypes if row in self._plan.wanted}
            lost = _missed(channel, self._lost, self._head)
            if lost or any(there[number] for number in self._plan.json & numbers):
                makers[name] = _Maker(
                    way=BY_PAGES,
                    make=lambda name=name: self._take(name),  # type: ignore[misc]
                    indexes=indexes,
                    lost=lost,
                )
        return makers

    def _take(self, name: str) -> tuple[pd.DataFrame, int]:
        """Return the frame of a channel, and how many rows were dropped."""
        channels = channels_of(self._plan.family)
        if channels[name].kind == "waveform":
            return self._made([name])[name]
        # Of the threads that write channels, one makes what all take.
        with self._guard:
            if not self._slight:
                self._slight = self._made(
                    [other for other in channels if channels[other].kind != "waveform"]
                )
        return self._slight[name]

    def _made(self, names: Sequence[str]) -> dict[str, tuple[pd.DataFrame, int]]:
        channels = channels_of(self._plan.family)
        ids = {
            name: [row.id for row in channels[name].datatypes if row.id is not None]
            for name in names
        }
        wanted = self._plan.json & {
            number for listed in ids.values() for number in listed
        }
        joined = join_pages(
            [self._shelf.get(piece, wanted) for piece in self._pieces],
            self._plan.family,
            where=f"record {self._head.id}",
        )
        frames = channel_frames(
            joined.samples, self._plan.family, record_id=self._head.id
        )
        dropped = joined.duplicates
        return {
            name: (
                frames[name]
                if name in frames
                else empty_frame(channels[name], record_id=self._head.id),
                max((dropped.get(number, 0) for number in ids[name]), default=0),
            )
            for name in names
        }
