"""Sleep: the nights of a record, and the table of each from its sleep phases.

The definitions of the columns are data (`definitions.csv`); the docstring of `Record`
repeats them. How long each phase held is counted in `states`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.observed import (
    find_unobserved,
    require_channel,
    unworn_minutes,
)
from hexoframe.analysis.quality import usable_rows
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.states import find_states
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.channels import codes_of
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError, warn
from hexoframe.recording import metadata
from hexoframe.recording.facts import ranges_of_sleep
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.moments import moment_to_tick
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hexoframe.analysis.spans import Spans
    from hexoframe.analysis.states import States
    from hexoframe.recording.data import RecordData

    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["list_nights", "summarise_sleep"]

_PHASE, _POSITION, _PULSE = "sleep_phase", "sleep_position", "heart_rate"
# The recorder scores so many seconds at a time: nothing is known more closely.
_EPOCH_S = 20
# Without a phase for so long, the channel holds two nights.
_APART_S = 3600
_TIMES = ("sleep_onset", "sleep_offset")
_MINUTES = ("tib", "sol", "spt", "waso", "tst", "rem_latency", "nrem", "rem", "awake",
            "undefined", "not_worn")  # fmt: skip
# A share of so much more is the same.
_TINY = 1e-12


class _Codes(NamedTuple):
    """Codes of the phases, by their names in the table."""

    nrem: int
    rem: int
    awake: int

    @property
    def asleep(self) -> list[int]:
        """Codes of sleep."""
        return [self.nrem, self.rem]

    @classmethod
    def of(cls, record: RecordData) -> _Codes:
        """Return the codes of the model of a record."""
        codes = codes_of(record.channel(_PHASE).datatypes[0].codes)
        return cls(**{c.name: c.value for c in codes if c.name in cls._fields})


class _Nights(NamedTuple):
    """The nights of a record.

    `early` and `late` are whether a night begins before the record, or ends behind it.
    """

    spans: Spans
    sources: list[str]
    early: NDArray[np.bool_]
    late: NDArray[np.bool_]

    @property
    def cut(self) -> list[str]:
        """At which end each night is cut off."""
        words = ("", "start", "end", "both")
        return [words[a + 2 * b] for a, b in zip(self.early, self.late, strict=True)]


# -- nights ----------------------------------------------------------------------------


def list_nights(record: RecordData, in_bed: Any = None) -> pd.DataFrame:
    """Return the nights of a record, as `hexoframe.Record.nights` says.

    Parameters
    ----------
    record : RecordData
        The record.
    in_bed : DataFrame, pair of times or None
        As for `hexoframe.Record.sleep`.

    Returns
    -------
    DataFrame
        A row a night.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `hexoframe.Record.sleep`.
    """
    return _night_table(_find_nights(record, in_bed))


def _night_table(nights: _Nights) -> pd.DataFrame:
    table = nights.spans.labels.copy()
    evenings = table["start"] - pd.Timedelta("12h")
    table.insert(0, "night", [time.date() for time in evenings])
    table["source"] = pd.array(nights.sources, dtype="string")
    table["cut"] = pd.array(nights.cut, dtype="string")
    return table


def _find_nights(record: RecordData, in_bed: Any) -> _Nights:
    if in_bed is not None:
        table = _given_table(record, in_bed)
        spans = spans_of(record, table)
        _check_within(record, table, spans)
        return _of_spans(record, spans, table, "given")
    ranges = record.facts.ranges
    asleep = None if ranges is None else ranges_of_sleep(ranges)
    if asleep is not None and len(asleep):
        return _of_spans(record, spans_of(record, "sleep"), asleep, "range")
    return _of_channel(record)


def _given_table(record: RecordData, in_bed: Any) -> pd.DataFrame:
    if isinstance(in_bed, pd.DataFrame):
        # A table of nights may come back, with other times.
        return in_bed.drop(columns=["night", "source", "cut"], errors="ignore")
    if isinstance(in_bed, str) or not hasattr(in_bed, "__len__") or len(in_bed) != 2:
        raise ConfigurationError(
            f"in_bed={in_bed!r}: give a pair of times, (lights off, lights on), or"
            " a DataFrame with the columns start and end, such as a diary"
        )
    ticks = [
        moment_to_tick(one, clock=record.clock, origin=record.start_tick)
        for one in in_bed
    ]
    first, last = ticks_to_index(np.array(ticks, np.int64), clock=record.clock)
    if last < first:
        raise TimestampError(
            f"in_bed= ends ({last}) before it starts ({first}): exchange them"
        )
    return pd.DataFrame({"start": [first], "end": [last]})


def _check_within(record: RecordData, table: pd.DataFrame, spans: Spans) -> None:
    """Refuse nights of which none lies in the record: they are of another one."""
    if len(table) and not spans.labels["span_share"].any():
        first = table.iloc[0]
        raise TimestampError(
            f"in_bed= from {first.start} to {first.end} lies outside of "
            f"{_name(record)}, which is from {record.start} to {record.end}"
        )


def _of_spans(
    record: RecordData, spans: Spans, table: pd.DataFrame, source: str
) -> _Nights:
    play = pd.Timedelta(seconds=_EPOCH_S)
    starts, ends = (
        pd.to_datetime(pd.Series(list(table[name])), utc=True)
        for name in ("start", "end")
    )
    there = spans.ends > spans.starts
    early = (starts < record.start - play).to_numpy(np.bool_) & there
    late = (ends > record.end + play).to_numpy(np.bool_) & there
    return _Nights(spans, [source] * len(spans), early, late)


def _of_channel(record: RecordData) -> _Nights:
    """Return the nights that the channel of phases tells by itself.

    The service writes a missing value where a night begins and where it ends.
    """
    frame = _phases(record)
    channel = record.channel(_PHASE)
    ticks = ticks_of(frame, channel) - channel.lag
    known = ~np.isnan(frame[channel.columns[0]].to_numpy())
    pairs = list(_stretches(record, ticks, known))
    if not pairs:
        warn(
            f"{_name(record)} has no night: its channel {_PHASE} has no phase, and no "
            "activity is sleep. Give its times as in_bed= to have a row",
            HexoframeWarning,
        )
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    table = pd.DataFrame(
        {
            name: ticks_to_index(edges[:, at], clock=record.clock)
            for at, name in enumerate(("start", "end"))
        }
    )
    # Phases at the very edge may have gone on beyond it.
    opened = np.isin(edges[:, 0], ticks[known]) & (edges[:, 0] == record.start_tick)
    closed = np.isin(edges[:, 1], ticks[~known])
    late = (edges[:, 1] == record.end_tick) & ~closed
    return _Nights(spans_of(record, table), ["channel"] * len(table), opened, late)


def _stretches(
    record: RecordData, ticks: Ticks, known: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield from when to when the channel of phases holds a night each."""
    apart, end = _APART_S * record.clock, record.end_tick
    rows = np.flatnonzero(known)
    if not len(rows):
        return
    # A phase holds until the next row, known or not.
    ends = np.append(ticks, end)[rows + 1]
    far = np.flatnonzero(ticks[rows[1:]] - ends[:-1] >= apart)
    for first, last in zip(
        rows[np.append(0, far + 1)], np.append(far, len(rows) - 1), strict=True
    ):
        opener = first > 0 and not known[first - 1] and (
            ticks[first] - ticks[first - 1] < apart
        )  # fmt: skip
        yield int(ticks[first - opener]), int(ends[last])


def _phases(record: RecordData) -> pd.DataFrame:
    """Return the channel of phases, which the record must have."""
    return require_channel(
        record,
        _PHASE,
        "sleep is computed",
        "the service scores it where an activity is sleep, and of such a record "
        "hexoframe.load_record(id) and the binary export have it; a CSV of the "
        "dashboard never has it. Activity and sleep_position alone say nothing of "
        "sleep",
    )


def _name(record: RecordData) -> str:
    return "the record" if record.id is None else f"record {record.id}"


# -- the table -------------------------------------------------------------------------


def summarise_sleep(
    record: RecordData, in_bed: Any = None, *, min_share: float = 0.8
) -> pd.DataFrame:
    """Return the sleep of each night, as `hexoframe.Record.sleep` says.

    Parameters
    ----------
    record : RecordData
        The record.
    in_bed : DataFrame, pair of times or None
        As for `hexoframe.Record.sleep`.
    min_share : float, default 0.8
        Least share of the time in bed that has a phase.

    Returns
    -------
    DataFrame
        A row a night.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `hexoframe.Record.sleep`.
    """
    if not 0 <= min_share <= 1:
        raise ConfigurationError(f"min_share={min_share!r}: give a share from 0 to 1")
    _phases(record)
    nights = _find_nights(record, in_bed)
    codes, clock = _Codes.of(record), record.clock
    unobserved = find_unobserved(record)
    states = find_states(record, _PHASE).without(unobserved)
    starts, ends = nights.spans.starts, nights.spans.ends
    found = [
        _sleep_of(states.cut(start, end), codes, clock, early=early)
        for start, end, early in zip(starts, ends, nights.early.tolist(), strict=True)
    ]
    minutes = {
        name: states.ticks_in(starts, ends, [code])
        for name, code in codes._asdict().items()
    }
    tib = ends - starts
    minutes["undefined"] = tib - sum(minutes.values(), np.zeros(len(tib), np.int64))
    table = _table_of(record, found)
    table.insert(0, "tib", tib / (60 * clock))
    for name, ticks in minutes.items():
        table[name] = ticks / (60 * clock)
    table["not_worn"] = unworn_minutes(record, starts, ends)
    table["position_changes"] = _position_changes(record, starts, ends)
    with np.errstate(invalid="ignore"):
        table["undefined_share"] = minutes["undefined"] / tib
        good = _good(record, states.spans([*codes]), nights.spans)
        table["good_share"] = good / tib
    blank = ~(table["undefined_share"] <= 1 - min_share + _TINY)
    # Where nothing is known, neither zero minutes of sleep nor anything else is.
    blank |= table["undefined_share"] == 1
    table.loc[blank, list(_Sleep._fields)] = pd.NA
    labels = _night_table(nights)
    twice = [name for name in labels if name in table]
    if twice:
        raise ConfigurationError(
            f"in_bed= has the column {twice[0]!r}, and the result has one too: rename "
            "yours"
        )
    table = pd.concat([labels, table], axis=1)
    units = {**dict.fromkeys(_MINUTES, "min"), "se": "%", "sleep_percent": "%"}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


class _Sleep(NamedTuple):
    """What one night says, in minutes and ticks; None where there is no such thing.

    It means nothing if too little of a night is known; minutes a phase still do.
    """

    sleep_onset: int | None
    sleep_offset: int | None
    sol: float | None
    spt: float | None
    waso: float | None
    tst: float
    se: float | None
    sleep_percent: float | None
    rem_latency: float | None
    awakenings: int | None


def _sleep_of(night: States, codes: _Codes, clock: int, *, early: bool) -> _Sleep:
    """Return the sleep of one night; `early` if its start is cut off."""
    begins, ends = night.edges[:-1], night.edges[1:]
    length, minute = ends - begins, 60 * clock
    rows = np.flatnonzero(np.isin(night.codes, codes.asleep))
    in_bed = int(length.sum())
    if not len(rows):
        efficiency = 0.0 if in_bed else None
        return _Sleep(None, None, None, None, None, 0.0, efficiency, None, None, None)
    first, last = int(rows[0]), int(rows[-1])
    onset, offset = int(begins[first]), int(ends[last])
    period, asleep = offset - onset, int(length[rows].sum())
    inside = night.codes[first : last + 1]
    waking = inside == codes.awake
    scored = inside[waking | np.isin(inside, codes.asleep)]
    woken = (scored[1:] == codes.awake) & (scored[:-1] != codes.awake)
    # When sleep began is known only from a phase right before it.
    blind = first > 0 and night.codes[first - 1] not in codes
    vague = early or (blind and length[first - 1] > _EPOCH_S * clock)
    dreams = begins[first:][night.codes[first:] == codes.rem]
    return _Sleep(
        sleep_onset=onset,
        sleep_offset=offset,
        sol=None if vague else (onset - int(night.edges[0])) / minute,
        spt=period / minute,
        waso=int(length[first : last + 1][waking].sum()) / minute,
        tst=asleep / minute,
        se=100 * asleep / in_bed,
        sleep_percent=100 * asleep / period,
        rem_latency=None if vague or not len(dreams) else (int(dreams[0]) - onset)
        / minute,
        awakenings=int(woken.sum()),
    )  # fmt: skip


def _table_of(record: RecordData, found: list[_Sleep]) -> pd.DataFrame:
    """Return a row a night; what there is no such thing of is missing."""
    columns: dict[str, Any] = {}
    for name in _Sleep._fields:
        values = [getattr(each, name) for each in found]
        if name in _TIMES:
            ticks = [record.start_tick if tick is None else tick for tick in values]
            times = ticks_to_index(np.array(ticks, np.int64), clock=record.clock)
            known = np.array([tick is not None for tick in values], np.bool_)
            columns[name] = pd.Series(times.tz_convert(record.tz)).where(known)
        else:
            dtype = "Int64" if name == "awakenings" else "float64"
            columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def _position_changes(record: RecordData, starts: Ticks, ends: Ticks) -> Any:
    if _POSITION not in record:
        return pd.array([pd.NA] * len(starts), dtype="Int64")
    codes = codes_of(record.channel(_POSITION).datatypes[0].codes)
    states = find_states(record, _POSITION).without(find_unobserved(record))
    counts = states.changes(starts, ends, [code.value for code in codes])
    return pd.array(counts, dtype="Int64")


def _good(record: RecordData, scored: TickSpans, spans: Spans) -> Values:
    """Return the ticks of each night with a phase and a usable heart rate."""
    if _PULSE not in record:
        return np.full(len(spans), np.nan)
    channel = record.channel(_PULSE)
    ends = ticks_of(record[_PULSE], channel)[usable_rows(record, _PULSE)]
    seconds = TickSpans.joined(ends - channel.lag, ends)
    return seconds.shared(scored).within(spans.starts, spans.ends).astype(np.float64)
