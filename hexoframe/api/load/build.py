"""Builds a record from the chunks that came.

Each channel is taken from the form (binary or JSON) that has it exactly. Its frame is
made when it is first read, from all its chunks, and its samples are counted then. No
request is sent here.
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
from hexoframe.formats.wire.answers import DatatypeSamples
from hexoframe.formats.wire.windows import Joined, channel_frames, join_windows
from hexoframe.recording import metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import empty_frame, slice_ticks, ticks_of
from hexoframe.recording.gaps import Receipt

if TYPE_CHECKING:
    from hexoframe.api.load.chunks import Chunk, ChunkStore
    from hexoframe.api.load.fetch import Fetched, FetchedExport
    from hexoframe.api.load.plan import Plan
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.channels import Channel

__all__ = ["build_record"]

_BY_EXPORT = "API, binary export"
_BY_JSON = "API, JSON"
# Windows of a waveform that are joined at a time: some megabytes.
WINDOWS_IN_TURN = 4


def build_record(
    plan: Plan,
    fetched: Fetched,
    store: ChunkStore,
    *,
    head: RecordHead,
    allow_partial: bool = False,
) -> RecordData:
    """Build the record of a plan: the channels that have samples, or lost some.

    A part that starts or ends within the record is not cut. Of the facts tables there
    are only the statistics of an export. IncompleteDataError if samples are missing at
    the end of an export or a channel, unless `allow_partial`.
    """
    family = plan.family
    makers = {
        **_JsonChannels(plan, fetched, store, head).makers(),
        **_from_exports(plan, fetched, head),
    }
    provenance = {
        name: makers[name].provenance for name in channels_of(family) if name in makers
    }
    facts = Facts(
        info={**_export_info(fetched), **head.info, "provenance": provenance},
        statistics=_statistics(fetched),
    )
    lost = {name: maker.lost for name, maker in makers.items() if maker.lost}
    if lost and not allow_partial:
        raise _incomplete(head, lost)
    channels = {name: maker.channel_data() for name, maker in makers.items()}
    return RecordData(family, head.span, channels, facts=facts)


def _incomplete(
    head: RecordHead, lost: Mapping[str, tuple[tuple[int, int], ...]]
) -> IncompleteDataError:
    listed = "; ".join(
        f"{name} lacks {(last - first) / head.clock:.1f} s from tick {first}"
        for name, spans in lost.items()
        for first, last in spans
    )
    return IncompleteDataError(
        f"record {head.id}: the service sent less than the record holds: {listed}. "
        "Load it again with refresh=True, with transport='json', or what there is with "
        "allow_partial=True",
        ledger=dict(lost),
    )


def _export_info(fetched: Fetched) -> dict[str, Any]:
    """Return the facts in an export about the record, not about the file itself."""
    first = next((export.data.facts.info for export in fetched.exports), {})
    return {
        name: value
        for name, value in first.items()
        if name not in {"provenance", "request", "timestamp", "start_date"}
    }


def _statistics(fetched: Fetched) -> pd.DataFrame | None:
    """Return the statistics in an export of the whole record."""
    wholes = (export.data.facts for export in fetched.exports if export.chunk.whole)
    return next((facts.statistics for facts in wholes), None)


# -- one channel -----------------------------------------------------------------------


class _Indexes:
    """Lets channels with the same stamps share one index."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int], pd.DatetimeIndex] = {}

    def shared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with the index of an earlier one, if they are equal."""
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
    """Makes one channel, and counts its rows on the way.

    `rows` yields the channel in order of time, each frame with how many rows were
    dropped before it because they came twice; it takes how many rows a frame may have,
    if the source can choose. `samples` is None until the count is known. `lost` are the
    spans, in ticks, that the source holds and that did not come.
    """

    channel: Channel
    provenance: str
    rows: Callable[[int], Iterator[tuple[pd.DataFrame, int]]]
    record_id: int
    indexes: _Indexes
    samples: int | None = None
    lost: tuple[tuple[int, int], ...] = ()
    _duplicates: int = field(default=0, init=False)

    def channel_data(self) -> LazyChannel:
        """Return the channel for a record."""
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
        samples = duplicates = 0
        for frame, dropped in self.rows(rows):
            samples, duplicates = samples + len(frame), duplicates + dropped
            if 0 < len(frame) <= rows:
                yield frame
                continue
            for first in range(0, len(frame), rows):
                yield frame.iloc[first : first + rows]
        self.samples, self._duplicates = samples, duplicates


# -- channels of the binary export -----------------------------------------------------


def _from_exports(plan: Plan, fetched: Fetched, head: RecordHead) -> dict[str, _Maker]:
    """Return the makers of the channels that come with the export."""
    came = replace(
        plan, chunks=tuple(e.chunk for e in fetched.exports) + plan.of_kind("json")
    )
    by_chunk = {export.chunk: export for export in fetched.exports}
    indexes = _Indexes()
    makers = {}
    for name, channel in channels_of(plan.family).items():
        rows = [row for row in channel.datatypes if row in plan.wanted]
        if not rows or any(row.id in plan.json for row in rows):
            continue
        exports = [by_chunk[chunk] for chunk in came.chunks_of(rows[0])]
        held = [
            e.data for e in exports if name in e.data and e.data.receipt(name).samples
        ]
        missed = _missed(channel, fetched.lost_of("zip"), head)
        if not held and not missed:
            continue
        lost = [*_short(channel, exports, head), *missed]
        makers[name] = _Maker(
            channel=channel,
            provenance=_BY_EXPORT,
            rows=partial(_export_rows, channel, held),
            record_id=head.id,
            indexes=indexes,
            samples=held[0].receipt(name).samples if len(held) == 1 else None,
            lost=tuple(sorted(lost)),
        )
    return makers


def _missed(
    channel: Channel, lost: Sequence[Chunk], head: RecordHead
) -> tuple[tuple[int, int], ...]:
    """Return the spans of a channel in the chunks that did not come."""
    start, end = head.span
    numbers = {row.id for row in channel.datatypes if row.in_model}
    spans = [
        (chunk.start, min(chunk.end, end))
        if chunk.kind == "zip"
        # JSON holds stamps, and a sample at 1 Hz or slower is stamped after its step.
        else (
            max(chunk.start - channel.lag, start),
            min(chunk.end, end + 1) - channel.lag,
        )
        for chunk in lost
        if numbers and (not chunk.datatypes or numbers & {*chunk.datatypes})
    ]
    return tuple((first, last) for first, last in spans if first < last)


def _short(
    channel: Channel, exports: Sequence[FetchedExport], head: RecordHead
) -> Iterator[tuple[int, int]]:
    """Yield the spans that a channel lacks at the end of exports.

    The end that an export states is that of the whole record, so each channel is
    compared with the requested window, and with the record.
    """
    step = channel.ticks
    if step is None:
        return
    clock = CLOCK_OF_FAMILY[channel.datatypes[0].family]
    for export in exports:
        data, chunk = export.data, export.chunk
        count = data.receipt(channel.name).samples if channel.name in data else 0
        if not count and len(exports) == 1:
            continue  # the recorder has no such channel
        end = min(chunk.end, head.span[1])
        last = data.start_tick + round((count or 0) * step)
        # Exports start where all channels have a sample, which may be later.
        if end - last > clock + step:
            yield last, end


def _export_rows(
    channel: Channel, held: Sequence[RecordData], rows: int
) -> Iterator[tuple[pd.DataFrame, int]]:
    """Yield the rows of a channel; those that two exports hold come once."""
    if len(held) == 1:
        yield from ((frame, 0) for frame in held[0].pieces(channel.name, rows))
        return
    before = None
    for data in held:
        # As one piece: a look-up by name would keep the frame in memory.
        for frame in data.pieces(channel.name, sys.maxsize):
            fresh = frame if before is None else _behind(before, frame, channel)
            yield fresh, len(frame) - len(fresh)
            before = frame


def _behind(
    before: pd.DataFrame, frame: pd.DataFrame, channel: Channel
) -> pd.DataFrame:
    """Return the rows of a frame that the frame before it does not hold."""
    if not len(before) or not len(frame) or frame.index[0] > before.index[-1]:
        return frame
    first = int(ticks_of(frame.iloc[:1], channel)[0])
    last = int(ticks_of(before.iloc[-1:], channel)[0])
    tail = slice_ticks(before, channel, first, None)
    twice = slice_ticks(frame, channel, None, last + 1)
    if not tail.index.equals(twice.index) or not np.array_equal(
        tail.to_numpy(), twice.to_numpy(), equal_nan=True
    ):
        raise ResponseError(
            f"{channel.name}: two exports differ in the samples that both hold, ticks "
            f"{first} to {last}; did the record change meanwhile? Load it again with "
            "refresh=True"
        )
    return frame.iloc[len(twice) :]


# -- channels of JSON ------------------------------------------------------------------


class _JsonChannels:
    """Makes channels of windows of JSON: waveforms in turns, all others together.

    So a day of a waveform is never in memory beside the frame that is made of it.
    """

    def __init__(
        self, plan: Plan, fetched: Fetched, store: ChunkStore, head: RecordHead
    ) -> None:
        self._plan = plan
        self._lost = fetched.lost_of("json")
        self._chunks = [c for c in plan.of_kind("json") if c not in self._lost]
        self._store = store
        self._head = head
        self._guard = threading.Lock()
        self._slight: dict[str, tuple[pd.DataFrame, int]] = {}

    def makers(self) -> dict[str, _Maker]:
        """Return the makers of the channels that have samples, or lost some."""
        counts = self._store.counts(self._chunks)
        indexes = _Indexes()
        makers = {}
        for name, channel in channels_of(self._plan.family).items():
            lost = _missed(channel, self._lost, self._head)
            numbers = self._numbers(channel)
            if lost or any(counts[number] for number in numbers):
                turns = self._in_turns if channel.kind == "waveform" else self._at_once
                makers[name] = _Maker(
                    channel=channel,
                    provenance=_BY_JSON,
                    rows=partial(turns, channel),
                    record_id=self._head.id,
                    indexes=indexes,
                    lost=lost,
                )
        return makers

    def _numbers(self, *channels: Channel) -> frozenset[int]:
        """Return the datatypes of channels that are taken from JSON."""
        wanted = {row for channel in channels for row in channel.datatypes}
        return self._plan.json & {row.id for row in wanted & {*self._plan.wanted}}

    def _in_turns(self, channel: Channel, _: int) -> Iterator[tuple[pd.DataFrame, int]]:
        """Yield a channel, a few windows at a time."""
        numbers = self._numbers(channel)
        ends: dict[int, DatatypeSamples] = {}
        for first in range(0, len(self._chunks), WINDOWS_IN_TURN):
            chunks = self._chunks[first : first + WINDOWS_IN_TURN]
            windows = [self._store.get(chunk, numbers) for chunk in chunks]
            # The last rows of the windows before are joined again, so that a row at the
            # border is dropped if it came twice; then they go, as they were yielded.
            joined = self._joined([ends, *windows])
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
        """Yield a channel whole; all but waveforms are made together."""
        # One of the threads that write channels makes them for all.
        with self._guard:
            if not self._slight:
                self._slight = self._made()
        if channel.name in self._slight:
            yield self._slight[channel.name]

    def _made(self) -> dict[str, tuple[pd.DataFrame, int]]:
        known = channels_of(self._plan.family)
        slight = [channel for channel in known.values() if channel.kind != "waveform"]
        numbers = self._numbers(*slight)
        joined = self._joined([self._store.get(c, numbers) for c in self._chunks])
        dropped = joined.duplicates
        return {
            name: (frame, max(dropped[n] for n in self._numbers(known[name])))
            for name, frame in self._frames(joined.samples).items()
        }

    def _joined(self, windows: Sequence[Mapping[int, DatatypeSamples]]) -> Joined:
        where = f"record {self._head.id}"
        return join_windows(windows, where=where)

    def _frames(
        self, samples: Mapping[int, DatatypeSamples]
    ) -> dict[str, pd.DataFrame]:
        return channel_frames(samples, self._plan.family, record_id=self._head.id)


def _rows_from(samples: DatatypeSamples, first: int) -> DatatypeSamples:
    ticks, values = samples
    return DatatypeSamples(ticks[first:], values[first:])


def _end(samples: DatatypeSamples) -> DatatypeSamples:
    """Return the rows at the last stamp."""
    ticks = samples.ticks
    return _rows_from(samples, int(np.searchsorted(ticks, ticks[-1])))
