"""Follows a record while it is recorded: new samples as they come, each once.

A look asks for what came since the last one and, again, for the span before it, since
samples may come late and the border of a window may be included. What was given is
known by its stamp. Status and new samples together tell when a recording is over: a
status may go on to say ``realtime`` for long after a phone stopped. At the end the
record is loaded as a whole and compared, so that all parts together hold what it holds.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from hexoframe.api.load.fetch import WindowReader
from hexoframe.api.load.plan import live_windows
from hexoframe.api.load.recordhead import RecordHead, fetch_head, number_of
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Channel, channels_of, find
from hexoframe.errors import (
    ConfigurationError,
    HexoframeError,
    HexoframeWarning,
    ResponseError,
    UnfinishedRecordWarning,
    UnknownChannelError,
    warn,
)
from hexoframe.formats.wire.answers import DatatypeSamples
from hexoframe.formats.wire.windows import channel_frames, join_windows
from hexoframe.recording.frames import empty_frame, ticks_of
from hexoframe.recording.scales import warn_of_rows, without_warning
from hexoframe.timestamps import clock_of
from hexoframe.timestamps.moments import Length, length_ns, moment_to_tick
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.api.http.session import ServiceSession
    from hexoframe.api.load.download import LoadOptions
    from hexoframe.channels import Datatype, Family
    from hexoframe.recording.data import RecordData

__all__ = ["FollowOptions", "Follower", "LivePart"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_Samples = dict[int, DatatypeSamples]
_NS = 10**9
# A phone uploads every 5 s, and the service allows 5 requests a second to all.
_SHORTEST_S = 0.2
# While nothing comes a wait is twice as long as the one before, up to so many times.
_LONGEST_WAIT = 8
# A rate that lags so far behind the others is still waited for.
_LAGGING_S = 600
# Kinds of channels that a phone sends while it records. States are found afterwards.
_LIVE_KINDS = frozenset({"rate", "event"})
# Looks of other processes are numbered from other ticks on.
_MOST_AHEAD = 100_000
# Records of these do not grow any more.
_FINAL = frozenset({"complete", "incomplete", "error"})


# -- what comes ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class LivePart(Mapping[str, pd.DataFrame]):
    """New samples of a record that is being recorded: a mapping from channel to frame.

    Only channels with new samples are in it. A look-up takes any name or id; a channel
    without new samples is an empty frame there.

    Attributes
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Model of the device.
    record_id : int
        Id of the record.
    frames : dict of str to DataFrame
        The frames, in the order of the channel table; a sample that came late has an
        earlier time than some of the parts before.
    status : str
        What the service says of the record, which may be out of date.
    until : Timestamp or None
        Time of the newest sample that came so far.
    record : Record or None
        The whole record, in the last part alone.
    """

    family: Family
    record_id: int
    frames: Mapping[str, pd.DataFrame]
    status: str
    until: pd.Timestamp | None
    record: Any = None

    @property
    def is_last(self) -> bool:
        """Whether no part follows."""
        return self.record is not None

    @property
    def is_complete(self) -> bool:
        """Whether the service has the whole record, which is `record`."""
        return self.is_last and self.status == "complete"

    @property
    def samples(self) -> int:
        """How many samples are new, in all channels."""
        return sum(map(len, self.frames.values()))

    def __getitem__(self, key: str | int) -> pd.DataFrame:
        """Return the new samples of a channel; UnknownChannelError if there is none."""
        channel = channels_of(self.family)[find(self.family, key).name]
        found = self.frames.get(channel.name)
        if found is not None:
            warn_of_rows(channel.datatypes)
        return (
            empty_frame(channel, record_id=self.record_id) if found is None else found
        )

    def __contains__(self, key: object) -> bool:
        """Whether a channel has new samples."""
        try:
            return find(self.family, key).name in self.frames  # type: ignore[arg-type]
        except LookupError:
            return False

    def __iter__(self) -> Iterator[str]:
        """Names of the channels with new samples."""
        return iter(self.frames)

    def __len__(self) -> int:
        """Count the channels with new samples."""
        return len(self.frames)

    def __repr__(self) -> str:
        """Return how much came, until when, and the status."""
        until = "" if self.until is None else f" to {self.until:%Y-%m-%d %H:%M:%S} UTC"
        last = ", the last part" if self.is_last else ""
        return (
            f"<LivePart of record {self.record_id}: {self.samples} samples of "
            f"{len(self)} channels{until}, {self.status}{last}>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How a record is followed; see `Client.follow`."""

    load: LoadOptions
    every: Length = "15s"
    late: Length = "30s"
    patience: Length = "10min"
    seen: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse wrong values before any request."""
        if not isinstance(self.seen, Mapping):
            raise ConfigurationError(
                f"seen= is a {type(self.seen).__name__}: give frames by channel, such "
                "as {'heart_rate': frame}"
            )
        if self.every_s < _SHORTEST_S:
            raise ConfigurationError(
                f"every={self.every!r}: give {_SHORTEST_S} s or more, as the service "
                "allows five requests a second to all programs of a user"
            )

    @property
    def every_s(self) -> float:
        """Wait between two looks, in s."""
        return length_ns("every", self.every) / _NS

    @property
    def patience_s(self) -> float:
        """How long nothing may come, in s."""
        return length_ns("patience", self.patience) / _NS

    @property
    def late_ns(self) -> int:
        """How far before the newest sample a look begins."""
        return length_ns("late", self.late, least=0)


class _Given:
    """The samples that were given out, by datatype."""

    def __init__(self) -> None:
        self._parts: dict[int, list[DatatypeSamples]] = defaultdict(list)
        self.known: dict[int, NDArray[np.int64]] = {}

    def note(self, number: int, ticks: NDArray[np.int64]) -> None:
        """Note stamps of samples."""
        known = self.known.get(number)
        joined = ticks if known is None else np.concatenate([known, ticks])
        self.known[number] = np.sort(joined)

    def fresh(self, samples: Mapping[int, DatatypeSamples]) -> _Samples:
        """Return the samples that were not given out yet."""
        fresh = _Samples()
        for number, (ticks, values) in samples.items():
            known = self.known.get(number, ticks[:0])
            new = ~np.isin(ticks, known)
            if new.any():
                fresh[number] = DatatypeSamples(ticks[new], values[new])
        return fresh

    def add(self, fresh: Mapping[int, DatatypeSamples]) -> None:
        """Note samples that are given out now."""
        for number, samples in fresh.items():
            self.note(number, samples.ticks)
            self._parts[number].append(samples)

    def samples(self) -> _Samples:
        """Return all samples that came, in order."""
        joined = _Samples()
        for number, parts in self._parts.items():
            ticks = np.concatenate([ticks for ticks, _ in parts])
            values = np.concatenate([values for _, values in parts])
            order = np.argsort(ticks, kind="stable")
            joined[number] = DatatypeSamples(ticks[order], values[order])
        return joined

    @property
    def count(self) -> int:
        """How many samples came."""
        return sum(
            len(part.ticks) for all_of in self._parts.values() for part in all_of
        )

    @property
    def edge(self) -> int | None:
        """The newest stamp."""
        return max(
            (int(one[-1]) for one in self.known.values() if len(one)), default=None
        )


# -- the follower ----------------------------------------------------------------------


class Follower:
    """Follows one record.

    `find_family` asks which model it is of, as soon as there are samples; `load` loads
    the whole record when it is over. Waits are those of the session, so that they can
    be interrupted, and made in tests.
    """

    def __init__(
        self,
        session: ServiceSession,
        record: int | str,
        options: FollowOptions,
        *,
        find_family: Callable[[RecordHead], Family],
        load: Callable[[], RecordData],
    ) -> None:
        self._session = session
        self._record = number_of("record", record)
        self._options = options
        self._find_family = find_family
        self._load = load
        self._every_s, self._patience_s = options.every_s, options.patience_s
        self._late_ns = options.late_ns
        self._given = _Given()
        self._family: Family | None = None
        self._first = 0
        self._looked = False
        self._looks = itertools.count(time.time_ns() % _MOST_AHEAD)

    def parts(self) -> Iterator[LivePart]:
        """Yield the parts as they come, the last one with the whole record."""
        try:
            yield from self._parts()
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(self._account())
            raise

    def _parts(self) -> Iterator[LivePart]:
        head = fetch_head(self._session, self._record)
        self._begin(head)
        status, wait_s, vain_s = head.status, self._every_s, 0.0
        while head.status != "complete":
            fresh = self._bearing(partial(self._look, head), _Samples(), vain_s)
            if fresh:
                # Not before: where a look fails half-way, all of it is asked again.
                self._given.add(fresh)
                self._looked = True
                yield self._part(fresh, head)
            if fresh or head.status != status:
                status, wait_s, vain_s = head.status, self._every_s, 0.0
            elif head.status in _FINAL or vain_s >= self._patience_s:
                self._say_why(head, vain_s)
                break
            self._session.pause(wait_s)
            vain_s += wait_s
            wait_s = min(2 * wait_s, _LONGEST_WAIT * self._every_s)
            head = self._bearing(
                partial(fetch_head, self._session, self._record), head, vain_s
            )
        yield self._last(head)

    def _bearing(self, ask: Callable[[], _T], otherwise: _T, vain_s: float) -> _T:
        """Ask, and go on without an answer for as long as nothing may come."""
        try:
            return ask()
        except HexoframeError as error:
            passing = error.retryable or isinstance(error, ResponseError)
            if not passing or vain_s >= self._patience_s:
                raise
            _LOG.warning("record %s: %s: asked again later", self._record, error)
        return otherwise

    # -- what is said ------------------------------------------------------------------

    def _begin(self, head: RecordHead) -> None:
        """Find the first tick, and note what the caller has; say what will not come."""
        load, usual = self._options.load, self._usual(head)
        self._first = head.span[0]
        if load.start is not None:
            self._first = moment_to_tick(
                load.start, clock=head.clock, origin=head.span[0]
            )
        for key, frame in self._options.seen.items():
            channel = channels_of(usual)[find(usual, key).name]
            index = getattr(frame, "index", None)
            if not isinstance(index, pd.DatetimeIndex):
                raise ConfigurationError(
                    f"seen= takes a frame with times as its index for each channel, "
                    f"and has a {type(frame).__name__} without for {key!r}"
                )
            for row in channel.datatypes:
                if row.id is not None:
                    self._given.note(row.id, ticks_of(frame, channel))
        later = dict.fromkeys(
            row.channel for row in load.datatypes(usual)
            if row.kind in {"waveform", "state"} and row.in_model
        )  # fmt: skip
        if head.status == "complete":
            return
        if not self._rows(usual):
            raise ConfigurationError(
                f"record {head.id} is not complete yet (status {head.status!r}), and "
                f"none of {', '.join(later)} comes until then: name a rate too, such "
                "as heart_rate"
            )
        if later:
            warn(
                f"record {head.id} is not complete yet (status {head.status!r}), and "
                f"the service has no {', '.join(later)} of it until then: the last "
                "part has them, in its record",
                UnfinishedRecordWarning,
            )

    def _say_why(self, head: RecordHead, vain_s: float) -> None:
        why = (
            f"its status is {head.status!r}"
            if head.status in _FINAL
            else f"its status is still {head.status!r}, and nothing came for "
            f"{vain_s:.0f} s: did the phone stop, and is the device not synced yet?"
        )
        warn(
            f"record {head.id} is not complete, and no longer followed: {why}",
            UnfinishedRecordWarning,
        )

    def _account(self) -> str:
        """Return what came so far, in a sentence."""
        edge = self._given.edge
        if edge is None:
            return f"record {self._record}: nothing came yet"
        until = tick_to_time(edge, clock=clock_of(edge))
        return (
            f"record {self._record}: {self._given.count} samples of "
            f"{len(self._given.known)} channels came, to {until:%Y-%m-%d %H:%M:%S} "
            "UTC; the same call begins at the start of the record again, and with "
            "seen= it leaves out what you have"
        )

    # -- one look ----------------------------------------------------------------------

    def _usual(self, head: RecordHead) -> Family:
        """Return the family of the caller, or the usual one that has the channels."""
        load = self._options.load
        usual, *others = [f for f in FAMILIES if CLOCK_OF_FAMILY[f] == head.clock]
        for family in (usual, *others):
            with suppress(UnknownChannelError):
                load.datatypes(family)
                usual = family
                break
        return load.family(head.clock) or usual

    def _look(self, head: RecordHead) -> _Samples:
        """Return the samples that are new."""
        usual = self._usual(head)
        fresh = self._ask(head, self._family or usual)
        if fresh and self._family is None:
            # The channels tell, as soon as there are some.
            self._family = self._find_family(head)
            if self._family != usual:
                fresh |= self._ask(head, self._family, self._first)
        return fresh

    def _ask(
        self, head: RecordHead, family: Family, first: int | None = None
    ) -> _Samples:
        """Return the new samples of the live channels of a family."""
        rows = self._rows(family)
        if not rows:
            return {}
        first = self._from(family) if first is None else first
        end = max(head.span[1], self._given.edge or 0)
        reader = WindowReader(self._session, head, family, empty_tries=1)
        windows = live_windows(family, (first, end), rows, look=next(self._looks))
        found = join_windows(
            [reader.read(window) for window in windows], where=f"record {head.id}"
        )
        return self._given.fresh(self._begun(found.samples, rows))

    def _begun(self, samples: _Samples, rows: Sequence[Datatype]) -> _Samples:
        """Return the samples whose steps begin at the first tick or later.

        A value at 1 Hz is stamped at the end of its second.
        """
        if self._options.load.start is None:
            return samples
        lags = {row.id: Channel(row.channel, (row,)).lag for row in rows}
        kept = _Samples()
        for number, (ticks, values) in samples.items():
            inside = ticks >= self._first + lags[number]
            kept[number] = DatatypeSamples(ticks[inside], values[inside])
        return kept

    def _rows(self, family: Family) -> list[Datatype]:
        """Return the wanted datatypes that come while a record is recorded."""
        return [
            row
            for row in self._options.load.datatypes(family)
            if row.kind in _LIVE_KINDS and row.id is not None and row.json == "exact"
        ]

    def _from(self, family: Family) -> int:
        """Return from where a look asks: a little before the newest stamp.

        It is earlier where a rate lags behind the others. The first look asks for all.
        """
        edge = self._given.edge
        if edge is None or not self._looked:
            return self._first
        clock = CLOCK_OF_FAMILY[family]
        late = self._late_ns // NS_PER_TICK[clock]
        ends = [
            int(known[-1])
            for row in self._rows(family)
            if row.ticks is not None and row.ticks <= clock
            and (known := self._given.known.get(row.id or 0)) is not None
            and known[-1] >= edge - _LAGGING_S * clock
        ]  # fmt: skip
        return max(self._first, min([edge - late, *ends]))

    # -- parts -------------------------------------------------------------------------

    def _part(self, fresh: Mapping[int, DatatypeSamples], head: RecordHead) -> LivePart:
        family = self._family or self._usual(head)
        return LivePart(
            family=family,
            record_id=head.id,
            frames=channel_frames(fresh, family, record_id=head.id),
            status=head.status,
            until=self._until(),
        )

    def _until(self) -> pd.Timestamp | None:
        edge = self._given.edge
        return None if edge is None else tick_to_time(edge, clock=clock_of(edge))

    def _last(self, head: RecordHead) -> LivePart:
        """Return the whole record, with the samples of live channels that did not come.

        Warns where it differs from what was given.
        """
        record = self._load()
        family = record.family
        given = channel_frames(self._given.samples(), family, record_id=head.id)
        frames = {}
        for name in dict.fromkeys(row.channel for row in self._rows(family)):
            with without_warning():
                whole = record[name]
            channel = channels_of(family)[name]
            if name in given:
                _warn_of_changes(given[name], whole, name, head.id)
            rest = self._rest(whole, channel)
            if len(rest):
                frames[name] = rest
        return LivePart(
            family=family,
            record_id=head.id,
            frames=frames,
            status=head.status,
            until=self._until(),
            record=record,
        )

    def _rest(self, whole: pd.DataFrame, channel: Channel) -> pd.DataFrame:
        """Return the rows of a channel that were not given, and note them."""
        ticks = ticks_of(whole, channel)
        numbers = [row.id for row in channel.datatypes if row.id is not None]
        known = [self._given.known[n] for n in numbers if n in self._given.known]
        new = ~np.isin(ticks, np.concatenate([ticks[:0], *known]))
        for number in numbers:
            self._given.note(number, ticks[new])
        return whole[new]


def _warn_of_changes(
    given: pd.DataFrame, whole: pd.DataFrame, name: str, record_id: int
) -> None:
    """Warn where the whole record differs from what was given while it was recorded."""
    there = given.index.isin(whole.index)
    mine = given[there]
    theirs = whole.reindex(mine.index)
    same = (mine.to_numpy() == theirs.to_numpy()) | (
        mine.isna().to_numpy() & theirs.isna().to_numpy()
    )
    changed, gone = int((~same).any(axis=1).sum()), int((~there).sum())
    if changed or gone:
        warn(
            f"record {record_id}: of the samples of {name} that came while it was "
            f"recorded, the whole record has {changed} with another value, and {gone} "
            "not at all: take those of the record",
            HexoframeWarning,
        )
