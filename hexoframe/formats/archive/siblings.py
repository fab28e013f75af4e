"""Files of one record counted against each other: what is missing, what was cut.

The relations hold in every real export that is known and in those of the simulator:

* each beat of RR_interval has one row in RR_interval_quality, at the same time;
* the beats of NN_interval are beats of RR_interval;
* inspiration and expiration take turns;
* states begin with nan at the start of the record and end with nan;
* the steps of statistics.csv are the last count of step.

Only times and counts are compared; files are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.channels import channels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family

__all__ = [
    "EventLoss",
    "Events",
    "asked_for",
    "differ",
    "find_lost_events",
    "find_missing",
    "lost_end",
]

# (witness, file that has the same events): each event of the witness has its twin.
_TWINS = (
    ("rr_interval_quality", "rr_interval"),
    ("rr_interval", "rr_interval_quality"),
)
# (witness, file that goes on as long): a few more events of the witness are usual.
_ALIKE = (
    ("nn_interval", "rr_interval"),
    ("inspiration", "expiration"),
    ("expiration", "inspiration"),
)
# Files whose absence the other one tells. Old exports have no quality of the beats.
_ABSENT = (*_TWINS[:1], *_ALIKE)
_MORE = 2
# Names of a count of all events in statistics.csv, in both dialects.
_PLAY = 1
_COUNTS = {"step": ("Steps", "step_count")}
_COUNT = re.compile(r"[0-9]{1,18}")
_QUALITY = "_quality"


class Events(NamedTuple):
    """Events of one file: ticks since the start of the record, and values."""

    ticks: NDArray[np.int64]
    values: NDArray[np.float64]


class EventLoss(NamedTuple):
    """What a file of events lacks.

    Attributes
    ----------
    spans : tuple of (int, int)
        Where events are lost, in ticks since the start of the record, end not included.
    reason : str
        What tells so, for messages.
    """

    spans: tuple[tuple[int, int], ...]
    reason: str


# -- files that are not there ----------------------------------------------------------


def asked_for(request: object) -> frozenset[int]:
    """Return the datatypes that an export was asked for; empty if for all."""
    found = re.findall(r"[?&]datatype(?:__in)?=([\d,]+)", str(request))
    return frozenset(
        int(number) for text in found for number in re.findall(r"\d+", text)
    )


def find_missing(
    family: Family,
    held: Collection[Datatype],
    sizes: Mapping[Datatype, int],
    asked: Collection[int],
) -> dict[Datatype, Datatype]:
    """Return the datatypes that are missing, each with the one that tells so.

    One column of a channel tells of the others, a quality channel of its channel, and
    an event file of those that go with it. `held` are the datatypes that have a file,
    also one without samples, `sizes` the samples in it. A channel of which nothing
    tells was not recorded, and one that was not asked for is not missing.
    """
    # A lead that the model does not have tells of the one that it has.
    filled = {row for row in held if sizes.get(row, 0) or not row.in_model}
    return {
        row: witness
        for witness in sorted(filled, key=lambda row: row.column)
        for row in _told_by(family, witness, sizes.get(witness, 0))
        if row not in held and (not asked or row.id in asked)
    }


def _told_by(family: Family, witness: Datatype, size: int) -> Iterator[Datatype]:
    channels = channels_of(family)
    if witness.channel in channels:
        yield from channels[witness.channel].datatypes
    if size and witness.column.endswith(_QUALITY):
        judged = channels.get(witness.column.removesuffix(_QUALITY))
        yield from judged.datatypes if judged is not None else ()
    if size > _MORE:
        for name, other in _ABSENT:
            if name == witness.column:
                yield from channels[other].datatypes


# -- events that are not there ---------------------------------------------------------


def differ(sizes: Mapping[str, int]) -> bool:
    """Whether files of the same events, by column, hold different numbers of them."""
    return any(
        sizes.get(name, size) != size
        for name, other in _TWINS
        if (size := sizes.get(other)) is not None
    )


def find_lost_events(
    events: Mapping[Datatype, Events],
    end: int,
    *,
    counts: Mapping[str, str],
) -> dict[Datatype, EventLoss]:
    """Return what files of events lack, by what the others say.

    Parameters
    ----------
    events : mapping of Datatype to Events
        Every file of the record that could be read.
    end : int
        End of the record, in ticks since its start.
    counts : mapping of str to str
        Statistics of the record as printed; empty if they may be of another span.

    Returns
    -------
    dict of Datatype to EventLoss
        Only files that lack something.
    """
    named = {row.column: row for row in events}
    lost: dict[Datatype, EventLoss] = {}
    for name, column in (*_TWINS, *_ALIKE):
        if name in named and column in named and named[column] not in lost:
            row, witness = named[column], named[name]
            compare = _twins if (name, column) in _TWINS else _alike
            if loss := compare(events[row], events[witness], end, witness.api_name):
                lost[row] = loss
    for row, own in events.items():
        loss = _of_state(row, own, end) or _of_count(row, own, end, counts)
        if loss is not None:
            lost[row] = loss
    return lost


def _twins(own: Events, other: Events, end: int, name: str) -> EventLoss | None:
    """Compare a file with one of the same events."""
    absent = other.ticks[~np.isin(other.ticks, own.ticks)]
    if not len(absent):
        return None
    return EventLoss(
        _spans(own.ticks, absent, end),
        f"{len(absent)} of the {len(other.ticks)} events of {name} are not in it",
    )


def _alike(own: Events, other: Events, end: int, name: str) -> EventLoss | None:
    """Compare a file with one that begins as early and goes on as long."""
    ticks = own.ticks
    first, last = (ticks[0], ticks[-1]) if len(ticks) else (end, end)
    sides = other.ticks[other.ticks < first], other.ticks[other.ticks > last]
    absent = np.concatenate(
        [side for side in sides if len(side) > _MORE] or [ticks[:0]]
    )
    if not len(absent):
        return None
    return EventLoss(
        _spans(ticks, absent, end),
        f"{len(absent)} events of {name} lie before its first or after its last one",
    )


def _spans(
    ticks: NDArray[np.int64], absent: NDArray[np.int64], end: int
) -> tuple[tuple[int, int], ...]:
    """Return the spans between the events held that absent ones fall into."""
    places = np.unique(np.searchsorted(ticks, absent))
    edges = np.concatenate([[0], ticks, [max(end, int(absent[-1]) + 1)]])
    return tuple((int(edges[at]), int(edges[at + 1])) for at in places)


def _of_state(row: Datatype, own: Events, end: int) -> EventLoss | None:
    """Tell a state that is open at its end, where the file began with nan."""
    ticks, values = own
    if row.kind != "state" or not len(ticks) or ticks[0] or not np.isnan(values[0]):
        return None
    if len(ticks) > 1 and np.isnan(values[-1]):
        return None
    return lost_end(own, end, "its last row is not nan, as where a record ends")


def _of_count(
    row: Datatype, own: Events, end: int, counts: Mapping[str, str]
) -> EventLoss | None:
    """Compare a running count with that of statistics.csv."""
    told = [counts.get(name, "") for name in _COUNTS.get(row.column, ())]
    whole = max((int(text) for text in told if _COUNT.fullmatch(text)), default=0)
    last = int(own.values.max(initial=0, where=np.isfinite(own.values)))
    if whole - last <= _PLAY:
        return None
    return lost_end(own, end, f"it counts to {last}, statistics.csv to {whole}")


def lost_end(own: Events, end: int, reason: str) -> EventLoss:
    """Return the loss of all that follows the last event of a file."""
    last = int(own.ticks[-1]) if len(own.ticks) else 0
    return EventLoss(((last, max(end, last + 1)),), reason)
