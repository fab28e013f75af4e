"""Worn or not: when a body was in the shirt, and when somebody handled it.

The belts decide (`hexoframe.recording.belts`): both are flat in a shirt on a chair, and
the device flags nothing. ECG, movement and the position of the device are witnesses.
The channel table has the limits of single values that no body can have.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.channels import channels_of, codes_of
from hexoframe.channels.calibration import physical
from hexoframe.recording.facts import ranges_of_sleep
from hexoframe.recording.frames import ticks_of
from hexoframe.recording.gaps import outside
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

    Spans = tuple[tuple[int, int], ...]

__all__ = ["Wear", "find_wear", "overlap", "wear_table"]

_TABLE = {
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "reason": "string",
    "ecg_in_doubt": "float64",
    "activity": "float64",
    "position": "string",
    "worn": "boolean",
    "handled": "bool",
}
# So large a part of a span must the ECG be in doubt to say that the shirt is off: on 15
# real records it was in 68 to 100 % of the seconds off, and in at most 0.2 % worn.
_ECG_SHARE = 0.5
# In sleep a breath may be held: flat belts of less need the ECG as a second witness.
_APNOEA_S = 60
# Without samples for less than this there is no verdict of its own.
_SHORT_S = 15
# Beside a shirt that was off, so short an end of the record is no time of wear.
_EDGE_S = 60


class Wear(NamedTuple):
    """Spans in ticks, end not included; all else was worn and not handled.

    Attributes
    ----------
    not_worn
        The shirt was off.
    handled
        The belts were displaced: the shirt was put on, taken off or tugged at. What
        lies in `not_worn` is left out.
    unknown
        Nothing tells: no belts, a gap, or the spans of `silent`.
    silent
        The belts never moved in this record, and the ECG does not say that the shirt
        was off: they may have been unplugged.
    """

    not_worn: Spans
    handled: Spans
    unknown: Spans
    silent: Spans


def find_wear(record: RecordData) -> Wear:
    """Return when the shirt of a record was worn, from its belts and its ECG."""
    belts = record.belts()
    span = (record.start_tick, record.end_tick)
    if belts is None:
        return Wear((), (), (span,) if span[0] < span[1] else (), ())
    asleep = _sleep_spans(record)

    @functools.cache
    def ecg() -> _Witness:
        return _Witness(record, "ecg")

    def is_off(flat: tuple[int, int]) -> bool:
        doubt = ecg().share(flat)
        return doubt is not None and doubt >= _ECG_SHARE

    def may_be_apnoea(flat: tuple[int, int]) -> bool:
        short = flat[1] - flat[0] < _APNOEA_S * record.clock
        return short and overlap(flat, asleep) > 0

    off = [flat for flat in belts.flat if not may_be_apnoea(flat) or is_off(flat)]
    unplugged = [flat for flat in belts.silent if not is_off(flat)]
    off += [flat for flat in belts.silent if flat not in unplugged]
    # What never moved tells nothing of the rest of the record either.
    silent = outside(span, off) if unplugged else []
    shortest = _SHORT_S * record.clock
    gaps = [] if silent else outside(span, belts.measured)
    blind = [gap for gap in gaps if gap[1] - gap[0] >= shortest]
    near = _EDGE_S * record.clock
    pulled = [
        *belts.displaced,
        # Whoever takes the shirt off just before the end handles it until then.
        *((last, span[1]) for _, last in off if 0 < span[1] - last < near),
        *((span[0], first) for first, _ in off if 0 < first - span[0] < near),
    ]
    return Wear(
        not_worn=tuple(sorted(off)),
        handled=tuple(rest for one in sorted(pulled) for rest in outside(one, off)),
        unknown=tuple(sorted([*blind, *silent])),
        silent=tuple(silent),
    )


def wear_table(record: RecordData) -> pd.DataFrame:
    """Return when the shirt was worn, a row a span, as `hexoframe.Record.wear` says.

    Parameters
    ----------
    record : RecordData
        The record. Its belts are read unless it was kept with what they say.

    Returns
    -------
    DataFrame
        Spans that cover the record.
    """
    wear = find_wear(record)
    witnesses = [_Witness(record, kind) for kind in ("ecg", "movement")]
    position = _Position(record)
    rows = [
        (
            first,
            last,
            state.reason,
            *(witness.share((first, last)) for witness in witnesses),
            position.most((first, last)),
            state.worn,
            state.handled,
        )
        for first, last, state in _states(record, wear)
    ]
    table = pd.DataFrame(rows, columns=list(_TABLE))
    for column in ("start", "end"):
        ticks = table[column].to_numpy().astype(np.int64)
        index = ticks_to_index(ticks, clock=record.clock)
        table[column] = index.tz_convert(record.tz)
    zoned = {name: str(table[name].dtype) for name in ("start", "end")}
    return table.astype({**_TABLE, **zoned})


class _State(NamedTuple):
    worn: bool | None
    handled: bool
    reason: str


def _states(record: RecordData, wear: Wear) -> Iterator[tuple[int, int, _State]]:
    """Yield spans that cover the record, each with its state."""
    start, end = record.start_tick, record.end_tick
    edges = {start, end}
    for spans in wear:
        edges.update(tick for span in spans for tick in span if start < tick < end)
    has_belts = record.belts() is not None
    held: tuple[int, int, _State] | None = None
    for first, last in pairwise(sorted(edges)):
        state = _state(wear, (first, last), has_belts=has_belts)
        if held is not None and held[2] == state:
            held = (held[0], last, state)
            continue
        if held is not None:
            yield held
        held = (first, last, state)
    if held is not None:
        yield held


def _state(wear: Wear, span: tuple[int, int], *, has_belts: bool) -> _State:
    if overlap(span, wear.not_worn):
        return _State(worn=False, handled=False, reason="belts flat")
    handled = overlap(span, wear.handled) > 0
    if overlap(span, wear.silent):
        return _State(worn=None, handled=handled, reason="belts never moved")
    if overlap(span, wear.unknown):
        reason = "belts have a gap" if has_belts else "no belts"
        return _State(worn=None, handled=handled, reason=reason)
    reason = "belts displaced" if handled else ""
    return _State(worn=True, handled=handled, reason=reason)


def overlap(span: tuple[int, int], spans: Iterable[tuple[int, int]]) -> int:
    """Return for how many ticks a span lies in others, which do not overlap."""
    shared = (min(span[1], last) - max(span[0], first) for first, last in spans)
    return sum(ticks for ticks in shared if ticks > 0)


def _sleep_spans(record: RecordData) -> list[tuple[int, int]]:
    ranges = record.facts.ranges
    if ranges is None or not len(ranges):
        return []
    asleep = ranges_of_sleep(ranges).dropna(subset=["start", "end"])
    first, last = (
        pd.DatetimeIndex(asleep[name]).asi8 // NS_PER_TICK[record.clock]
        for name in ("start", "end")
    )
    return list(zip(first.tolist(), last.tolist(), strict=True))


# -- witnesses -------------------------------------------------------------------------


def _witness_of(record: RecordData, kind: str) -> Channel | None:
    """Return the channel of a record that the table calls such a witness."""
    known = channels_of(record.family)
    return next(
        (known[name] for name in record if known[name].datatypes[0].wear == kind), None
    )


class _Witness:
    """A channel at 1 Hz that tells something of wear: a mean, or a share of flags."""

    def __init__(self, record: RecordData, kind: str) -> None:
        channel = _witness_of(record, kind)
        self._ticks = np.zeros(0, np.int64)
        self._sums = np.zeros(1)
        if channel is None:
            return
        frame = record[channel.name]
        row = channel.datatypes[0]
        values = physical(row, frame[row.column].to_numpy(), record.scale)
        mask = sum(code.value for code in codes_of(row.codes) if code.unworn)
        if mask:
            values = (np.nan_to_num(values).astype(np.int64) & mask != 0).astype(float)
        there = ~np.isnan(values)
        # A value at 1 Hz sums up the second before its stamp.
        self._ticks = ticks_of(frame, channel)[there] - channel.lag
        self._sums = np.concatenate(([0.0], np.cumsum(values[there])))

    def share(self, span: tuple[int, int]) -> float | None:
        """Return the mean over the seconds that begin in a span; None without any."""
        first, last = np.searchsorted(self._ticks, span)
        if last <= first:
            return None
        return float((self._sums[last] - self._sums[first]) / (last - first))


class _Position:
    """How the device lay."""

    def __init__(self, record: RecordData) -> None:
        channel = _witness_of(record, "position")
        self._ticks = np.zeros(0, np.int64)
        self._names: list[str] = []
        if channel is None:
            return
        frame = record[channel.name]
        names = {code.value: code.name for code in codes_of(channel.datatypes[0].codes)}
        values = np.nan_to_num(frame[channel.columns[0]].to_numpy()).astype(np.int64)
        self._ticks = ticks_of(frame, channel)
        self._names = [names.get(value, str(value)) for value in values.tolist()]

    def most(self, span: tuple[int, int]) -> str | None:
        """Return the position that was held longest in a span; None where not known."""
        if not self._names:
            return None
        ends = np.append(self._ticks[1:], np.iinfo(np.int64).max)
        held = np.minimum(ends, span[1]) - np.maximum(self._ticks, span[0])
        longest: dict[str, int] = {}
        for row in np.flatnonzero(held > 0).tolist():
            name = self._names[row]
            longest[name] = longest.get(name, 0) + int(held[row])
        return max(longest, key=longest.__getitem__, default=None)
