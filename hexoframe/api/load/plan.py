"""Which requests a load needs, worked out before anything is sent. Pure: no network.

A plan is a list of pieces: parts of the binary export (ZIP), and pages of JSON that are
packed, every wanted datatype in each window. Each piece can be asked for, kept and
repeated on its own (`pieces`). Sending is for `transport`, reading for
`hexoframe.formats`.

What the server does at the edges of a window is not documented, so every piece is right
whichever it does. A window reaches from `start` up to, not including, `end`, and is
asked for with just these two: a server that includes `end` sends one tick more, which
the next piece has too, and no window holds more than 65 535 samples of a datatype even
so, which is the lower of the two documented limits.

A part of a record holds the steps that begin in it. A page of JSON holds stamps, and a
rate is stamped at the end of its step, so the last ones come with a page behind the
part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from hexoframe.api.load.chunks import Piece
from hexoframe.api.load.costs import Estimate, cost_of
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
    "Plan",
    "Way",
    "end_of_samples",
    "estimate",
    "make_plan",
    "wanted_datatypes",
]

Way = Literal["auto", "zip", "json"]

MOST_SAMPLES = 65_534
"""Steps of the fastest datatype in a window: a sample more still passes uncut."""

MOST_EVENTS_HZ = 4
"""Events of one datatype in a second that a window is made for; hearts and feet are
slower, and what was thinned nevertheless is noticed and asked again."""

# Channels differ in length by a sample or two, so that one may outlast the record.
_BEYOND_S = 2
# A part of an export that is lost with a connection: some seconds on most lines.
_ZIP_PIECE_BYTES = 48_000_000
# Every sampled channel has a sample on a border between two parts of an export.
_BORDER_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The requests of one load.

    Attributes
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    pieces : tuple of Piece
        Parts of the export first, then pages of JSON, each in order of time.
    json : frozenset of int
        Datatypes that are taken from JSON; all others come with the export.
    wanted : tuple of Datatype
        What is loaded.
    lacking : tuple of Datatype
        What is wanted and comes in no piece, since the way that was named does not
        carry it.
    """

    family: Family
    pieces: tuple[Piece, ...]
    json: frozenset[int]
    wanted: tuple[Datatype, ...]
    lacking: tuple[Datatype, ...] = ()

    def of_kind(self, kind: Literal["zip", "json"]) -> tuple[Piece, ...]:
        """Return the pieces of one kind, in order of time."""
        return tuple(piece for piece in self.pieces if piece.kind == kind)

    def pieces_of(self, row: Datatype) -> tuple[Piece, ...]:
        """Return the pieces that the samples of a datatype are taken from.

        Others may hold it too: an export for which everything was asked has the floored
        volumes, and a part of one ends a state where it was cut.
        """
        kind: Literal["zip", "json"] = "json" if row.id in self.json else "zip"
        if row in self.lacking or row not in self.wanted:
            return ()
        held = [
            p for p in self.of_kind(kind) if not p.datatypes or row.id in p.datatypes
        ]
        return tuple([p for p in held if p.whole] or held)


# -- what is wanted --------------------------------------------------------------------


def wanted_datatypes(
    family: Family,
    channels: Iterable[str | int] | None = None,
    *,
    waveforms: bool = True,
) -> tuple[Datatype, ...]:
    """Return the datatypes that a load is about.

    Parameters
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    channels : iterable of str or int, optional
        Channels, by any of their names or ids; each is loaded whole. None is all.
    waveforms : bool, default True
        Whether waveforms are wanted where `channels` does not name them. Without them
        a datatype that has no id is left out too, unless it is named: it comes with the
        whole export only, and that is mostly waveforms.

    Returns
    -------
    tuple of Datatype
        In the order of the table.

    Raises
    ------
    UnknownChannelError
        If the family has no such channel.
    ConfigurationError
        If `channels` is one text, or empty.
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
    """Whether a channel can be had without the bytes of the waveforms."""
    has_id = all(row.id is not None for row in channel.datatypes)
    return channel.kind != "waveform" and has_id


# -- the plan --------------------------------------------------------------------------


def make_plan(
    family: Family,
    span: tuple[int, int],
    wanted: Sequence[Datatype],
    *,
    window: tuple[int, int] | None = None,
    transport: Way = "auto",
) -> Plan:
    """Work out the requests of a load.

    Parameters
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    span : (int, int), in ticks
        Start and end of the record. A sample at the end belongs to it: a value at 1 Hz
        stands at the end of its second.
    wanted : sequence of Datatype
        What to load, as of `wanted_datatypes`.
    window : (int, int), in ticks, optional
        Part of the record to load, its end not included. Pieces may reach beyond it
        (the binary export is cut where every channel has a sample), so cut the frames.
    transport : {"auto", "zip", "json"}
        ``auto`` takes each datatype from where it is exact and complete, and what both
        ways carry from the one that is sooner done; the others take all that their way
        carries and list the rest as lacking. A live record, and a server that refuses
        the binary export, need ``json``.

    Returns
    -------
    Plan
        Empty where record and window do not meet.

    Raises
    ------
    ConfigurationError
        If the record ends before it starts, the window is empty, or `transport` is
        none of these.
    """
    first, last = _bounds(span, window)
    if first >= last:
        return Plan(family=family, pieces=(), json=frozenset(), wanted=tuple(wanted))
    by_zip, by_json = _ways(family, span, (first, last), wanted, transport=transport)
    # What outlasts the record belongs to its last page.
    behind = end_of_samples(span, CLOCK_OF_FAMILY[family])
    json_last = behind if last == span[1] + 1 else last
    pieces = [
        *_zip_pieces(family, span, (first, last), by_zip),
        *_earlier_states(span, first, by_json),
        *_json_part(family, (first, json_last), behind, by_json),
    ]
    taken = {*by_zip, *by_json}
    return Plan(
        family=family,
        pieces=tuple(pieces),
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
            f"the window from {window[0]} to {window[1]} is empty: its end must lie "
            "behind its start"
        )
    # A part that goes on to the end of the record has what is stamped there too.
    last = end + 1 if window[1] >= end else window[1]
    return max(start, window[0]), last


_Rows = tuple[Datatype, ...]


def end_of_samples(span: tuple[int, int], clock: Clock) -> int:
    """Return the tick behind the last sample that a record may have.

    Parameters
    ----------
    span : (int, int), in ticks
        Start and end of the record.
    clock : {256, 1000}
        Ticks in a second.
    """
    return span[1] + _BEYOND_S * clock + 1


def _ways(
    family: Family,
    span: tuple[int, int],
    bounds: tuple[int, int],
    wanted: Sequence[Datatype],
    *,
    transport: Way,
) -> tuple[_Rows, _Rows]:
    """Return what comes with the export and what comes as JSON."""
    if transport == "zip":
        return tuple(row for row in wanted if row.binary != "absent"), ()
    if transport == "json":
        return (), tuple(row for row in wanted if row.json != "absent")
    if transport != "auto":
        raise ConfigurationError(
            f"transport={transport!r}: give 'auto', 'zip' or 'json'"
        )
    if all(row.carrier != "binary" for row in wanted):
        as_json = cost_of(family, tuple(_json_pages(family, bounds, wanted)))
        # The server may not cut its export, by time or by datatype: then all comes.
        whole = Piece(kind="zip", datatypes=(), start=span[0], end=span[1] + 1)
        if as_json.minutes <= cost_of(family, (whole,)).minutes:
            return (), tuple(wanted)
    return (
        tuple(row for row in wanted if row.carrier != "json"),
        tuple(row for row in wanted if row.carrier == "json"),
    )


def _zip_pieces(
    family: Family,
    span: tuple[int, int],
    bounds: tuple[int, int],
    rows: Sequence[Datatype],
) -> Iterator[Piece]:
    """Yield parts of the export; states come whole, since a cut would end them."""
    whole = _zip_part(family, span, rows, (span[0], span[1] + 1))
    states = tuple(row for row in rows if row.kind == "state")
    sampled = tuple(row for row in rows if row.kind != "state")
    edges = _edges(family, span, bounds, sampled)
    if len(edges) == 2 and (edges[0], edges[-1]) == (whole.start, whole.end):
        if rows:
            yield whole
        return
    if states:
        yield _zip_part(family, span, states, (whole.start, whole.end))
    if sampled:
        parts = sampled if whole.datatypes else rows
        for window in pairwise(edges):
            yield _zip_part(family, span, parts, window)


def _zip_part(
    family: Family,
    span: tuple[int, int],
    rows: Sequence[Datatype],
    window: tuple[int, int],
) -> Piece:
    """Return a part of the export, named by ids unless all is wanted or has none."""
    ids = tuple(row.id for row in rows if row.id is not None)
    every = {row for row in wanted_datatypes(family) if row.carrier != "json"}
    return Piece(
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
    """Return where parts of an export begin and end: where all of it has a sample."""
    start, behind = span[0], span[1] + 1
    if not rows:
        return [start, behind]
    clock = CLOCK_OF_FAMILY[family]
    cell = max(clock, *(math.ceil(row.ticks or 0) for row in rows))
    first = start + (bounds[0] - start) // cell * cell
    last = min(start - (start - bounds[1]) // cell * cell, behind)
    cost = cost_of(family, (_zip_part(family, span, rows, (first, last)),))
    parts = max(1, math.ceil(cost.megabytes * 1e6 / _ZIP_PIECE_BYTES))
    border = _BORDER_S * clock
    size = -(-(last - first) // (parts * border)) * border
    begin = start - (start - first) // border * border + size
    # No part is made of the tick behind the last step alone.
    return [first, *range(begin, last - 1, size), last]


def _json_part(
    family: Family, bounds: tuple[int, int], behind: int, rows: Sequence[Datatype]
) -> Iterator[Piece]:
    """Yield pages of JSON, and the last rates, which are stamped behind the part."""
    first, last = bounds
    lags = {row.id: Channel(row.channel, (row,)).lag for row in rows if row.id}
    late = tuple(number for number, lag in lags.items() if lag)
    end = min(last + max(lags.values(), default=0), behind)
    if len(late) == len(lags):
        # Where all is late, the last page may go on as well.
        yield from _json_pages(family, (first, end), rows)
        return
    yield from _json_pages(family, bounds, rows)
    if last < end:
        yield Piece(kind="json", datatypes=late, start=last, end=end)


def _json_pages(
    family: Family, bounds: tuple[int, int], rows: Sequence[Datatype]
) -> Iterator[Piece]:
    """Yield pages of JSON: everything in each window, the fastest says how long."""
    ids = tuple(row.id for row in rows if row.id is not None)
    if not ids:
        return
    length = min(_longest_window(row, CLOCK_OF_FAMILY[family]) for row in rows)
    first, last = bounds
    for begin in range(first, last, length):
        end = min(begin + length, last)
        yield Piece(kind="json", datatypes=ids, start=begin, end=end)


def _earlier_states(
    span: tuple[int, int], first: int, rows: Sequence[Datatype]
) -> Iterator[Piece]:
    """Yield the page that tells the states in which a part of a record begins."""
    states = tuple(row.id for row in rows if row.kind == "state" and row.id is not None)
    if states and span[0] < first:
        # A day has some thousand changes, so no page of them is too long.
        yield Piece(kind="json", datatypes=states, start=span[0], end=first)


def _longest_window(row: Datatype, clock: int) -> int:
    step = Fraction(clock, MOST_EVENTS_HZ) if row.ticks is None else row.ticks
    return math.floor(MOST_SAMPLES * step)


def estimate(plan: Plan) -> Estimate:
    """Return what a plan costs, from bytes a sample and the limit of requests.

    Parameters
    ----------
    plan : Plan
        The requests.

    Returns
    -------
    Estimate
        Requests, megabytes, minutes.
    """
    return cost_of(plan.family, plan.pieces)
