"""Plan of a load: which requests bring the samples, and what they cost. No network.

A plan is a list of chunks: spans of the binary export (ZIP), and windows of JSON that
hold every wanted datatype. Each can be requested, stored and repeated on its own.

How the server treats the edges of a window is not documented, so a chunk is correct
whether `end` is included or not. A window reaches from `start` up to, not including,
`end`, and these two are what is sent: a server that includes `end` sends one tick more,
which the next chunk has too. Even so no window holds more than 65 535 samples of a
datatype, the lower of the two documented limits.

A part of a record holds the sampling steps that begin in it. JSON holds stamps, and a
rate is stamped at the end of its step, so the last ones come in a window after the
part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from hexoframe.api.http.limiter import REQUESTS_HZ
from hexoframe.api.load.chunks import Chunk
from hexoframe.api.load.sizes import (
    ANSWER_BYTES,
    EXPORT_BYTES,
    FILE_BYTES,
    LIST_BYTES,
    size_of,
)
from hexoframe.channels import (
    CLOCK_OF_FAMILY,
    Channel,
    Datatype,
    Family,
    channels_of,
    check_list,
    find,
)
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps import Clock

__all__ = [
    "Estimate",
    "Plan",
    "Transport",
    "cost_of",
    "end_of_samples",
    "live_windows",
    "make_plan",
    "wanted_datatypes",
]

Transport = Literal["auto", "zip", "json"]
"""Where samples are taken from: the binary export, JSON, or each where it is exact."""

MOST_SAMPLES = 65_534
"""Steps of the fastest datatype in a window: one sample more is not thinned yet."""

MOST_EVENTS_HZ = 4
"""Events of one datatype per second that a window allows for. Hearts and feet are
slower; where a window is thinned nevertheless, it is requested again in halves."""

ZIP_CHUNK_BYTES = 48_000_000
"""Size of a chunk of the export before compression, which a broken connection may cost:
some seconds on most lines."""

# Channels differ in length by a sample or two, so one may last longer than the record.
_BEYOND_S = 2
# No wait between two looks at a live record is as long.
_AHEAD_S = 86_400
# Every sampled channel has a sample at a border between two chunks of the export.
_BORDER_S = 300

# Uncompressed files of the export: bytes of a sample, and of an event, which are about
# one a second. Other borders would give the chunks of an interrupted load other keys.
_SAMPLE_BYTES, _EVENT_BYTES, _EVENTS_HZ = 2, 16, 1
_BANDWIDTH = 6_250_000  # bytes per second, a line of 50 Mbit/s


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The requests of one load, and which datatypes come from where.

    Chunks of the export come first, then windows of JSON, each in order of time. `json`
    holds the datatypes that are taken from JSON. `lacking` are wanted, but the chosen
    transport does not carry them.
    """

    family: Family
    chunks: tuple[Chunk, ...]
    json: frozenset[int]
    wanted: tuple[Datatype, ...]
    lacking: tuple[Datatype, ...] = ()

    def of_kind(self, kind: Literal["zip", "json"]) -> tuple[Chunk, ...]:
        """Return the chunks of one kind, in order of time."""
        return tuple(chunk for chunk in self.chunks if chunk.kind == kind)

    def chunks_of(self, row: Datatype) -> tuple[Chunk, ...]:
        """Return the chunks that the samples of a datatype are taken from.

        Others may hold it too: a whole export has the floored volumes, and a chunk of
        one ends a state at its border.
        """
        kind: Literal["zip", "json"] = "json" if row.id in self.json else "zip"
        if row in self.lacking or row not in self.wanted:
            return ()
        held = [
            c for c in self.of_kind(kind) if not c.datatypes or row.id in c.datatypes
        ]
        return tuple([c for c in held if c.whole] or held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a load costs, before it starts.

    Attributes
    ----------
    requests : int
        Requests to the service.
    megabytes : float
        As sent: JSON with gzip, the export as a ZIP. By how much a recording compresses
        is not known beforehand: less moves in a night than on a walk. Most loads are
        within a factor of 1.5.
    minutes : float
        The longer of two times: that of the requests at the allowed rate, and that of
        the bytes at 50 Mbit/s.
    unpacked_megabytes : float
        JSON before gzip.
    """

    requests: int
    megabytes: float
    minutes: float
    unpacked_megabytes: float

    def __repr__(self) -> str:
        """Return the most important numbers, rounded."""
        wait = (
            f"{self.minutes * 60:.0f} s"
            if self.minutes < 1
            else (f"{self.minutes:.1f} min")
        )
        return f"<Estimate: {self.requests} requests, {self.megabytes:.1f} MB, {wait}>"


# -- what is wanted --------------------------------------------------------------------


def wanted_datatypes(
    family: Family,
    channels: Iterable[str | int] | None = None,
    *,
    waveforms: bool = True,
) -> tuple[Datatype, ...]:
    """Return the datatypes of a load, in the order of the table.

    `channels` are names or ids; None is all, with or without waveforms. Without them a
    datatype that has no id is left out too, unless its channel is named: it comes with
    the whole export only, and that is mostly waveforms.
    """
    if channels is not None and not isinstance(channels, str):
        channels = tuple(channels)
    check_list(channels)
    known = channels_of(family)
    if channels is None:
        names = {n for n in known if waveforms or _is_slight(known[n])}
    else:
        names = {find(family, key).name for key in channels}
    return tuple(row for n in known if n in names for row in known[n].datatypes)


def _is_slight(channel: Channel) -> bool:
    """Whether a channel comes without the bytes of the waveforms."""
    has_id = all(row.id is not None for row in channel.datatypes)
    return channel.kind != "waveform" and has_id


# -- the plan --------------------------------------------------------------------------


def make_plan(
    family: Family,
    span: tuple[int, int],
    wanted: Sequence[Datatype],
    *,
    window: tuple[int, int] | None = None,
    transport: Transport = "auto",
) -> Plan:
    """Work out the requests of a load; none if record and window do not meet.

    `span` is that of the record, in ticks; a sample at its end belongs to it, since a
    value at 1 Hz is stamped at the end of its second. `window` is the part to load, its
    end not included; chunks may reach beyond it, so cut the frames.

    ``auto`` takes each datatype from where it is exact and complete, and what both
    carry from the one that is sooner done; ``zip`` and ``json`` take all that they
    carry. A live record, and a server that refuses the binary export, need ``json``.
    """
    first, last = _bounds(span, window)
    if first >= last:
        return Plan(family=family, chunks=(), json=frozenset(), wanted=tuple(wanted))
    by_zip, by_json = _split(family, span, (first, last), wanted, transport=transport)
    # The last window holds the samples that lie beyond the end of the record.
    behind = end_of_samples(span, CLOCK_OF_FAMILY[family])
    json_last = behind if last == span[1] + 1 else last
    chunks = [
        *_zip_chunks(family, span, (first, last), by_zip),
        *_earlier_states(span, first, by_json),
        *_json_chunks(family, (first, json_last), behind, by_json),
    ]
    taken = {*by_zip, *by_json}
    return Plan(
        family=family,
        chunks=tuple(chunks),
        json=frozenset(row.id for row in by_json if row.id is not None),
        wanted=tuple(wanted),
        lacking=tuple(row for row in wanted if row not in taken),
    )


def _bounds(span: tuple[int, int], window: tuple[int, int] | None) -> tuple[int, int]:
    start, end = span
    if end < start:
        raise ConfigurationError(
            f"a record cannot end ({end}) before it starts ({start})"
        )
    if window is None:
        return start, end + 1
    if window[1] <= window[0]:
        raise ConfigurationError(
            f"the window from {window[0]} to {window[1]} is empty: its end must be "
            "later than its start"
        )
    # A part that reaches the end of the record has the sample that is stamped there.
    last = end + 1 if window[1] >= end else window[1]
    return max(start, window[0]), last


_Rows = tuple[Datatype, ...]
_Alike = tuple[str, tuple[int, ...]]


def end_of_samples(span: tuple[int, int], clock: Clock) -> int:
    """Return the tick after the last sample that a record may have."""
    return span[1] + _BEYOND_S * clock + 1


def _split(
    family: Family,
    span: tuple[int, int],
    bounds: tuple[int, int],
    wanted: Sequence[Datatype],
    *,
    transport: Transport,
) -> tuple[_Rows, _Rows]:
    """Return the datatypes that come with the export, and those that come as JSON."""
    if transport == "zip":
        return tuple(row for row in wanted if row.binary != "absent"), ()
    if transport == "json":
        return (), tuple(row for row in wanted if row.json != "absent")
    if transport != "auto":
        raise ConfigurationError(
            f"transport={transport!r}: give 'auto', 'zip' or 'json'"
        )
    if all(row.carrier != "binary" for row in wanted):
        as_json = cost_of(family, tuple(_json_windows(family, bounds, wanted)))
        # A server may ignore time and datatypes, and send the whole export.
        whole = Chunk(kind="zip", datatypes=(), start=span[0], end=span[1] + 1)
        if as_json.minutes <= cost_of(family, (whole,)).minutes:
            return (), tuple(wanted)
    return (
        tuple(row for row in wanted if row.carrier != "json"),
        tuple(row for row in wanted if row.carrier == "json"),
    )


def _zip_chunks(
    family: Family,
    span: tuple[int, int],
    bounds: tuple[int, int],
    rows: Sequence[Datatype],
) -> Iterator[Chunk]:
    """Yield chunks of the export; states come whole, since a border would end them."""
    whole = _zip_chunk(family, span, rows, (span[0], span[1] + 1))
    states = tuple(row for row in rows if row.kind == "state")
    sampled = tuple(row for row in rows if row.kind != "state")
    edges = _edges(family, span, bounds, sampled)
    if len(edges) == 2 and (edges[0], edges[-1]) == (whole.start, whole.end):
        if rows:
            yield whole
        return
    if states:
        yield _zip_chunk(family, span, states, (whole.start, whole.end))
    if sampled:
        asked = sampled if whole.datatypes else rows
        for window in pairwise(edges):
            yield _zip_chunk(family, span, asked, window)


def _zip_chunk(
    family: Family,
    span: tuple[int, int],
    rows: Sequence[Datatype],
    window: tuple[int, int],
) -> Chunk:
    """Return a chunk of the export; without ids if all is wanted or one has no id."""
    ids = tuple(row.id for row in rows if row.id is not None)
    every = {row for row in wanted_datatypes(family) if row.carrier != "json"}
    return Chunk(
        kind="zip",
        datatypes=() if len(ids) < len(rows) or every <= set(rows) else ids,
        start=window[0],
        end=window[1],
        whole=window == (span[0], span[1] + 1),
    )


def _edges(
    family: Family,
    span: tuple[int, int],
    bounds: tuple[int, int],
    rows: Sequence[Datatype],
) -> list[int]:
    """Return the borders of chunks of the export: all channels have a sample there."""
    start, behind = span[0], span[1] + 1
    if not rows:
        return [start, behind]
    clock = CLOCK_OF_FAMILY[family]
    cell = max(clock, *(math.ceil(row.ticks or 0) for row in rows))
    first = start + (bounds[0] - start) // cell * cell
    last = min(start - (start - bounds[1]) // cell * cell, behind)
    whole = _file_bytes(family, _zip_chunk(family, span, rows, (first, last)))
    count = max(1, math.ceil(whole / ZIP_CHUNK_BYTES))
    border = _BORDER_S * clock
    size = -(-(last - first) // (count * border)) * border
    begin = start - (start - first) // border * border + size
    # The tick after the last step is not a chunk of its own.
    return [first, *range(begin, last - 1, size), last]


def _json_chunks(
    family: Family, bounds: tuple[int, int], behind: int, rows: Sequence[Datatype]
) -> Iterator[Chunk]:
    """Yield windows of JSON, and one for the last rates, stamped after the part."""
    first, last = bounds
    lags = {row.id: Channel(row.channel, (row,)).lag for row in rows if row.id}
    late = tuple(number for number, lag in lags.items() if lag)
    end = min(last + max(lags.values(), default=0), behind)
    if len(late) == len(lags):
        # If all are stamped late, the last window is simply longer.
        yield from _json_windows(family, (first, end), rows)
        return
    yield from _json_windows(family, bounds, rows)
    if last < end:
        yield Chunk(kind="json", datatypes=late, start=last, end=end)


def _json_windows(
    family: Family, bounds: tuple[int, int], rows: Sequence[Datatype]
) -> Iterator[Chunk]:
    """Yield windows with all datatypes, as long as the fastest of them allows."""
    ids = tuple(row.id for row in rows if row.id is not None)
    if not ids:
        return
    length = min(_longest_window(row, CLOCK_OF_FAMILY[family]) for row in rows)
    first, last = bounds
    for begin in range(first, last, length):
        end = min(begin + length, last)
        yield Chunk(kind="json", datatypes=ids, start=begin, end=end)


def _earlier_states(
    span: tuple[int, int], first: int, rows: Sequence[Datatype]
) -> Iterator[Chunk]:
    """Yield the window from which the states at the start of a part are known."""
    states = tuple(row.id for row in rows if row.kind == "state" and row.id is not None)
    if states and span[0] < first:
        # A day has some thousand changes, so no window of them is too long.
        yield Chunk(kind="json", datatypes=states, start=span[0], end=first)


def _longest_window(row: Datatype, clock: int) -> int:
    step = Fraction(clock, MOST_EVENTS_HZ) if row.ticks is None else row.ticks
    return math.floor(MOST_SAMPLES * step)


def live_windows(
    family: Family, span: tuple[int, int], rows: Sequence[Datatype], *, look: int
) -> tuple[Chunk, ...]:
    """Return windows of JSON from the first tick of a span on, the last one open.

    A record that is still recorded may hold samples behind the end that the service
    tells, so the last window reaches a day farther. The service caches answers, so each
    `look` asks with another end.
    """
    first, end = span
    *before, last = _json_windows(family, (first, max(end, first + 1)), rows)
    ahead = last.end + _AHEAD_S * CLOCK_OF_FAMILY[family] + look
    return (*before, replace(last, end=ahead))


# -- what it costs ---------------------------------------------------------------------


def cost_of(family: Family, chunks: Sequence[Chunk]) -> Estimate:
    """Return what some chunks cost; `sizes` has what a sample takes."""
    sent = unpacked = 0.0
    for (kind, ids), (count, length) in _alike(chunks).items():
        rows = _held(family, ids)
        if kind == "zip":
            sent += count * (EXPORT_BYTES + FILE_BYTES * len(rows))
        else:
            sent += count * (ANSWER_BYTES + LIST_BYTES * len(rows))
        for row in rows:
            size = size_of(row)
            samples = _samples(row, length, hz=size.hz)
            sent += samples * (size.binary if kind == "zip" else size.json)
            unpacked += samples * (size.plain if kind == "json" else 0)
    return Estimate(
        requests=len(chunks),
        megabytes=sent / 1e6,
        minutes=max(len(chunks) / REQUESTS_HZ, sent / _BANDWIDTH) / 60,
        unpacked_megabytes=unpacked / 1e6,
    )


def _alike(
    chunks: Sequence[Chunk],
) -> dict[_Alike, tuple[int, int]]:
    """Return count and ticks of the chunks with the same kind and datatypes."""
    counts, lengths = Counter[_Alike](), Counter[_Alike]()
    for chunk in chunks:
        counts[chunk.kind, chunk.datatypes] += 1
        lengths[chunk.kind, chunk.datatypes] += chunk.end - chunk.start
    return {key: (counts[key], lengths[key]) for key in counts}


def _file_bytes(family: Family, chunk: Chunk) -> float:
    """Return the length of the files in a chunk of the export, uncompressed."""
    return sum(
        _samples(row, chunk.end - chunk.start, hz=_EVENTS_HZ)
        * (_EVENT_BYTES if row.ticks is None else _SAMPLE_BYTES)
        for row in _held(family, chunk.datatypes)
    )


def _held(family: Family, ids: tuple[int, ...]) -> list[Datatype]:
    """Return the datatypes that a chunk holds; without ids it is a whole export."""
    return [
        row
        for channel in channels_of(family).values()
        for row in channel.datatypes
        if (row.id in ids if ids else row.binary != "absent")
    ]


def _samples(row: Datatype, length: int, *, hz: float) -> float:
    """Return about how many samples there are in some ticks, at `hz` if events."""
    if row.ticks is None:
        return length * hz / CLOCK_OF_FAMILY[row.family]
    return float(length / row.ticks)
