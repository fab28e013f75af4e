"""RecordData: the channels of one record, with look-up, facts and ledger.

The ledger is what was expected of each channel and what came: receipts and surveys.

Channels are frames, or lazy channels that are read when they are first touched. Every
reader makes a RecordData and every writer takes one. The methods for users belong in
`record`, reading and writing of files in `formats`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from hexoframe.channels import (
    CLOCK_OF_FAMILY,
    FAMILIES,
    channels_of,
    codes_of,
    find,
)
from hexoframe.errors import (
    ConfigurationError,
    HexoframeWarning,
    UnknownChannelError,
    warn,
)
from hexoframe.forks import PerProcess
from hexoframe.recording import frames, metadata
from hexoframe.recording.belts import BeltCounter, cut_belts, has_belts
from hexoframe.recording.facts import PSEUDONYM, Facts, cut_facts, is_pseudonym
from hexoframe.recording.gaps import Gap, Receipt, Survey, beyond, narrow, sensor_off
from hexoframe.recording.survey import survey_channel
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from hexoframe.channels import Channel, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.belts import Belts
    from hexoframe.timestamps.ticks import Clock

__all__ = ["LazyChannel", "RecordData", "warn_of_model"]

# A part that begins so early may hold values from before the first measurement.
_STARTING_S = 60
# So far outside a record a corrected delay may bring samples; a wrong zone more.
_NEAR_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyChannel:
    """A channel that is read when it is touched.

    Attributes
    ----------
    read : callable
        Returns the whole frame in UTC.
    pieces : callable or None
        Takes a number of rows and yields the same frame in pieces of at most as many,
        in order, without holding it whole.
    receipt : Receipt or callable
        What is known without reading; a callable where reading tells more (repeated
        lines of a text).
    survey : Survey, callable or None
        An earlier survey of all samples, if it was kept, or what returns it.
    initial : callable or None
        Returns `RecordData.initial_spans` where the source knows what came before its
        first row; otherwise the samples tell.
    """

    read: Callable[[], pd.DataFrame]
    pieces: Callable[[int], Iterator[pd.DataFrame]] | None = None
    receipt: Receipt | Callable[[], Receipt] = field(default_factory=Receipt)
    survey: Survey | Callable[[], Survey | None] | None = None
    initial: Callable[[], list[tuple[int, int]]] | None = None

    def known(self) -> Receipt:
        """Return what is known so far."""
        return self.receipt() if callable(self.receipt) else self.receipt


def _channel_locks() -> defaultdict[str, threading.RLock]:
    """Return a lock for each channel, so that threads read it once."""
    return defaultdict(threading.RLock)


class RecordData(Mapping[str, pd.DataFrame]):
    """The channels of one record as DataFrames, each at its own rate.

    Parameters
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family, which decides the clock and the channels.
    span : (int, int), in ticks
        Start and end of the record.
    channels : mapping of str to DataFrame or LazyChannel
        Channels of the source, by the names of the table.
    facts : Facts or callable, optional
        What the source says beside the samples; a callable is called when they are
        first asked for.
    scale : {"physical", "raw"}
        Whether values are physical values or raw counts.
    tz : str, default "UTC"
        Zone in which frames are shown.
    left_out : collection of str
        Channels that the caller did not want. Asking for one is an error; a channel
        that the source does not have is an empty frame.
    belts : Belts or callable, optional
        What the belts say of wear, for a record whose manifest or whole knows more than
        its own channels; by default these tell.

    Raises
    ------
    ConfigurationError
        If the span runs backwards, or a frame does not fit the table.
    UnknownChannelError
        If the family has no such channel.
    """

    def __init__(  # noqa: PLR0913  # what a record is, each by name
        self,
        family: Family,
        span: tuple[int, int],
        channels: Mapping[str, pd.DataFrame | LazyChannel],
        *,
        facts: Facts | Callable[[], Facts] | None = None,
        scale: Scale = "physical",
        tz: str = "UTC",
        left_out: Collection[str] = (),
        belts: Belts | Callable[[], Belts | None] | None = None,
    ) -> None:
        if span[1] < span[0]:
            raise ConfigurationError(
                f"a record cannot end ({span[1]}) before it starts ({span[0]})"
            )
        self._family = family
        self._span = (int(span[0]), int(span[1]))
        self._facts = facts or Facts()
        self._scale = scale
        self._tz = tz
        self._left_out = frozenset(left_out)
        self._belts = belts
        self._known_belts: Belts | None = None
        self._sources: dict[str, LazyChannel] = {}
        self._frames: dict[str, pd.DataFrame] = {}
        self._locks = PerProcess(_channel_locks)
        given = {find(family, name).name: held for name, held in channels.items()}
        for name in channels_of(family):
            if name in given:
                self._hold(name, given[name])

    @classmethod
    def of(  # noqa: PLR0913  # what a record is, each by name
        cls,
        data: RecordData,
        *,
        span: tuple[int, int] | None = None,
        channels: Mapping[str, pd.DataFrame | LazyChannel] | None = None,
        facts: Facts | None = None,
        scale: Scale | None = None,
        tz: str | None = None,
        left_out: Collection[str] | None = None,
        belts: Belts | Callable[[], Belts | None] | None = None,
    ) -> Self:
        """Return a changed copy of a record, of the class that is called.

        No sample is read or copied. What is not given comes from `data`; channels named
        in `left_out` are dropped.
        """
        out = data.left_out if left_out is None else frozenset(left_out)
        held = data.whole() if channels is None else channels
        copy = cls(
            data.family,
            span or (data.start_tick, data.end_tick),
            {name: each for name, each in held.items() if name not in out},
            facts=data.facts if facts is None else facts,
            scale=scale or data.scale,
            tz=tz or data.tz,
            left_out=out,
            # Belts that are left out can tell no more.
            belts=belts or data._belts or (data.belts if out > data.left_out else None),
        )
        if belts is None and span is None:
            copy._known_belts = data._known_belts
        return copy

    def _hold(self, name: str, held: pd.DataFrame | LazyChannel) -> None:
        if isinstance(held, LazyChannel):
            self._sources[name] = held
            return
        frames.check_frame(held, channels_of(self._family)[name])
        self._sources[name] = LazyChannel(
            read=lambda: held, receipt=Receipt(samples=len(held))
        )
        self._frames[name] = frames.own_copy(held.tz_convert("UTC"))

    # -- facts ---------------------------------------------------------------------

    @property
    def family(self) -> Family:
        """Device family: hexoskin, astroskin_256 or astroskin_1000."""
        return self._family

    @property
    def clock(self) -> Clock:
        """Ticks in a second: 256 or 1000."""
        return CLOCK_OF_FAMILY[self._family]

    @property
    def scale(self) -> Scale:
        """Whether frames hold physical values or raw counts."""
        return self._scale

    @property
    def tz(self) -> str:
        """Zone in which frames are shown."""
        return self._tz

    @property
    def left_out(self) -> frozenset[str]:
        """Channels that the caller excluded when the record was opened."""
        return self._left_out

    @property
    def facts(self) -> Facts:
        """What the source says beside the samples."""
        if callable(self._facts):
            self._facts = self._facts()
        return self._facts

    @property
    def id(self) -> int | None:
        """Id of the record at the service, where the source says it."""
        number = self.facts.info.get("id")
        return None if number is None else int(number)

    @property
    def pseudonym(self) -> str | None:
        """Name in the place of all ids, of a record that was de-identified."""
        given = self.facts.info.get(PSEUDONYM)
        return given if is_pseudonym(given) else None

    @property
    def name(self) -> str | None:
        """What files and pictures call the record: its pseudonym or id, if any."""
        return self.pseudonym or (None if self.id is None else str(self.id))

    @property
    def start_tick(self) -> int:
        """First tick of the record."""
        return self._span[0]

    @property
    def end_tick(self) -> int:
        """Tick at which the record ends."""
        return self._span[1]

    @property
    def start(self) -> pd.Timestamp:
        """Start of the record, in the zone of the record."""
        return tick_to_time(self.start_tick, clock=self.clock).tz_convert(self._tz)

    @property
    def end(self) -> pd.Timestamp:
        """End of the record, in the zone of the record."""
        return tick_to_time(self.end_tick, clock=self.clock).tz_convert(self._tz)

    @property
    def duration(self) -> pd.Timedelta:
        """Length of the record."""
        return self.end - self.start

    @property
    def units(self) -> dict[str, str]:
        """Unit of every column that the record holds."""
        return {
            column: unit if self._scale == "physical" else "count"
            for name in self._sources
            for column, unit in self.channel(name).units.items()
        }

    # -- look-up -------------------------------------------------------------------

    def channel(self, key: str | int) -> Channel:
        """Return the entry of a channel in the table.

        Parameters
        ----------
        key : str or int
            Name or id, in any of the forms that `find` knows.

        Returns
        -------
        Channel
            The channel, narrowed to one column if `key` names one.

        Raises
        ------
        UnknownChannelError
            If the model has no such channel.
        """
        return find(self._family, key)

    def __getitem__(self, key: str | int) -> pd.DataFrame:
        """Return the frame of a channel; empty if the record does not have it."""
        wanted = self.channel(key)
        frame = self._frame(wanted.name)
        if self._tz != "UTC":
            frame = frame.tz_convert(self._tz)
        return frames.own_copy(frames.pick_columns(frame, wanted))

    def _frame(self, name: str) -> pd.DataFrame:
        """Return the whole frame of a channel in UTC; it is read once."""
        if name not in self._frames:
            source = self._sources.get(name)
            if name in self._left_out:
                raise UnknownChannelError(
                    f"{name} was left out by channels= when the record was opened: "
                    "open it again with this channel"
                )
            if source is None:
                return self._empty(name)
            with self._locks.value[name]:
                if name not in self._frames:
                    self._frames[name] = source.read()
        return self._frames[name]

    def _empty(self, name: str) -> pd.DataFrame:
        whole = channels_of(self._family)[name]
        return frames.empty_frame(whole, record_id=self.id, scale=self._scale)

    def get(self, key: str | int, default: Any = None) -> Any:
        """Return the frame of a channel, or the default if the source has none."""
        return self[key] if key in self else default  # noqa: SIM401  # that is this

    def __contains__(self, key: object) -> bool:
        """Whether the source has the channel, even if it is empty."""
        try:
            return self.channel(key).name in self._sources  # type: ignore[arg-type]
        except LookupError:
            return False

    def __iter__(self) -> Iterator[str]:
        """Names of the channels of the source, in the order of the table."""
        return iter(self._sources)

    def __len__(self) -> int:
        """Count the channels of the source."""
        return len(self._sources)

    def __eq__(self, other: object) -> bool:
        """Compare by identity; compare frames to compare samples."""
        return self is other

    __hash__ = object.__hash__

    # -- reading -------------------------------------------------------------------

    def is_read(self, key: str | int) -> bool:
        """Whether the samples of a channel are in memory."""
        return self.channel(key).name in self._frames

    def receipt(self, key: str | int) -> Receipt:
        """Return what is known of a channel without reading it."""
        name = self.channel(key).name
        source = self._sources.get(name)
        if source is None:
            return Receipt(samples=0)
        known = source.known()
        if known.samples is None and name in self._frames:
            return known._replace(samples=len(self._frames[name]))
        return known

    def pieces(self, key: str | int, rows: int = 1 << 16) -> Iterator[pd.DataFrame]:
        """Yield a channel in pieces; what was not read before is not kept.

        Parameters
        ----------
        key : str or int
            Name or id of the channel.
        rows : int, default 65 536
            Most rows of a piece.

        Yields
        ------
        DataFrame
            Consecutive rows in UTC; no piece is empty.
        """
        wanted = self.channel(key)
        for piece in self._pieces(wanted.name, rows):
            yield frames.own_copy(frames.pick_columns(piece, wanted))

    def _pieces(self, name: str, rows: int) -> Iterator[pd.DataFrame]:
        source = self._sources.get(name)
        if name in self._frames or source is None or source.pieces is None:
            frame = self._frame(name)
            for first in range(0, len(frame), rows):
                yield frame.iloc[first : first + rows]
        else:
            yield from source.pieces(rows)

    def kept_survey(self, key: str | int) -> Survey | None:
        """Return the survey of a channel that its source kept, or None.

        It has no gaps of the kind ``sensor off``: those come from another channel.
        """
        source = self._sources.get(self.channel(key).name)
        if source is None:
            return None
        return source.survey() if callable(source.survey) else source.survey

    def survey(self, key: str | int) -> Survey:
        """Count the samples of a channel and find its gaps.

        Reads the channel, unless its source kept an earlier survey.
        """
        name = self.channel(key).name
        channel = channels_of(self._family)[name]
        found = self.kept_survey(name) or survey_channel(
            channel,
            self._frame(name),
            self._span,
            self.receipt(name),
            scale=self._scale,
        )
        gaps = sorted(
            (*found.gaps, *beyond(channel, self._sensor_off(channel), found.gaps)),
            key=lambda gap: gap.start,
        )
        return found._replace(gaps=tuple(gaps))

    def _sensor_off(self, channel: Channel) -> Iterator[Gap]:
        """Yield the spans in which the quality channel says that a sensor was off."""
        row = channel.datatypes[0]
        judged = bool(row.quality) and row.quality in self
        if judged and row.kind in ("waveform", "rate"):
            judge = self.channel(row.quality)
            codes = codes_of(judge.datatypes[0].codes)
            mask = sum(code.value for code in codes if code.sensor_off)
            yield from sensor_off(channel, judge, self._frame(judge.name), mask)

    def belts(self) -> Belts | None:
        """Return what the belts say of wear; None if the record has no pair of belts.

        Reads the waveforms of the belts, unless the record was kept with the answer.
        """
        if self.given_belts() is None:
            self._known_belts = self._find_belts()
        return self._known_belts

    def given_belts(self) -> Belts | None:
        """Return the same if it is known from elsewhere than the record's own samples.

        The whole tells it of a part, and a manifest of what it kept.
        """
        if self._known_belts is None:
            self._known_belts = self._belts() if callable(self._belts) else self._belts
        return self._known_belts

    def known_belts(self) -> Belts | None:
        """Return the same if it is known by now; reads nothing."""
        if self._known_belts is not None or callable(self._belts):
            return self._known_belts
        kept = (self.kept_survey(name) for name in self)
        told = (found.belts for found in kept if found is not None)
        return self._belts or next((belts for belts in told if belts is not None), None)

    def _find_belts(self) -> Belts | None:
        channels = channels_of(self._family)
        name = next((name for name in self if has_belts(channels[name])), None)
        if name is None:
            return None
        kept = self.kept_survey(name)
        if kept is not None and kept.belts is not None:
            return kept.belts
        counter = BeltCounter(channels[name])
        for piece in self.pieces(name):
            counter.add(piece)
        return counter.result(self._span)

    def initial_spans(self, key: str | int) -> list[tuple[int, int]]:
        """Return where a channel holds the value from before the first measurement.

        A recorder gives a fixed value (70 bpm, 10 rpm) until it has measured for the
        first time. A part of a record takes this from the whole. In a record that was
        loaded as a part, such values count if the part begins in the first minute.

        Returns
        -------
        list of (int, int), in ticks
            First and last stamp; one pair for each of the records that were joined.
        """
        channel = channels_of(self._family)[self.channel(key).name]
        source = self._sources.get(channel.name)
        initial = channel.datatypes[0].initial
        if source is None or initial is None:
            return []
        if source.initial is not None:
            return source.initial()
        frame = self._frame(channel.name)
        other = np.flatnonzero(frame[channel.columns[0]].to_numpy() != initial)
        count = int(other[0]) if len(other) else len(frame)
        if not count:
            return []
        first, last = map(int, frames.ticks_of(frame.iloc[[0, count - 1]], channel))
        begun = self.facts.info.get("whole_start", self.start_tick)
        return [(first, last)] if first - begun <= _STARTING_S * self.clock else []

    # -- views ---------------------------------------------------------------------

    def part(self, start: int | None, end: int | None) -> dict[str, LazyChannel]:
        """Return every channel cut to a span of ticks, still unread where it was.

        Rows whose steps begin from `start` up to, not including, `end`; None keeps that
        side whole.
        """
        return {name: self._part(name, (start, end)) for name in self._sources}

    def _part(self, name: str, part: tuple[int | None, int | None]) -> LazyChannel:
        channel = channels_of(self._family)[name]
        start, end = part

        def read() -> pd.DataFrame:
            whole = self._frame(name)
            cut = frames.slice_steps(whole, channel, start, end)
            if channel.kind != "state" or start is None:
                return cut
            return frames.carry_in(whole, cut, channel, start)

        def pieces(rows: int) -> Iterator[pd.DataFrame]:
            for piece in self.pieces(name, rows):
                cut = frames.slice_steps(piece, channel, start, end)
                if len(cut):
                    yield cut

        def receipt() -> Receipt:
            known = self._sources[name].known()
            if start is None and end is None:
                return known
            left = narrow(channel, known, self._span, part)
            if name in self._frames:
                return left._replace(samples=len(read()))
            # Without gaps, the number of samples of a part is known.
            known_whole = self._is_known_whole(name)
            return left._replace(samples=left.expected if known_whole else None)

        if channel.kind == "state":
            return LazyChannel(read=read, receipt=receipt)
        return LazyChannel(
            read=read,
            pieces=pieces,
            receipt=receipt,
            initial=partial(self._initial_part, name, part),
        )

    def _initial_part(
        self, name: str, part: tuple[int | None, int | None]
    ) -> list[tuple[int, int]]:
        lag = self.channel(name).lag
        step, spans = lag or 1, []
        low, high = (None if tick is None else tick + lag for tick in part)
        for first, last in self.initial_spans(name):
            # Both are stamps of samples, even if the part is cut between two.
            before = 0 if low is None else max(0, -((first - low) // step))
            end = last + 1 if high is None else min(last + 1, high)
            left = range(first + before * step, end, step)
            if left:
                spans.append((left[0], left[-1]))
        return spans

    def _is_known_whole(self, name: str) -> bool:
        """Whether a kept survey says that no sample is missing."""
        found = self.kept_survey(name)
        return (
            found is not None
            and found.received == found.expected
            and not any(gap.kind == "missing" for gap in found.gaps)
        )

    def whole(self) -> dict[str, LazyChannel]:
        """Return every channel as a lazy channel that reads from this record."""
        return {
            name: LazyChannel(
                read=lambda name=name: self._frame(name),  # type: ignore[misc]
                pieces=lambda rows, name=name: self.pieces(name, rows),  # type: ignore[misc]
                receipt=partial(self.receipt, name),
                survey=source.survey,
                initial=partial(self.initial_spans, name),
            )
            for name, source in self._sources.items()
        }

    def replaced(self, given: Mapping[str, pd.DataFrame]) -> Self:
        """Return the record with other frames in the place of some channels.

        What was known of the source of a channel (lost spans, duplicates) stays. The
        info says which channels were edited. A frame that does not fit the channel
        table, or has another scale, is a `ConfigurationError`.
        """
        channels: dict[str, pd.DataFrame | LazyChannel] = dict(self.whole())
        edited = dict.fromkeys(self.facts.info.get("edited", ()))
        provenance = dict(self.facts.info.get("provenance", {}))
        tells_wear = False
        for key, frame in given.items():
            channel = channels_of(self._family)[self.channel(key).name]
            frames.check_frame(frame, channel)
            metadata.check_scale(frame, self._scale, channel.name)
            frames.check_samples(frame, channel)
            self._check_inside(frame, channel)
            own = frames.own_copy(frame.tz_convert("UTC"))
            own.attrs = {
                metadata.KEY: metadata.make_block(
                    channel, record_id=self.id, scale=self._scale
                )
            }
            receipt = self.receipt(channel.name)._replace(samples=len(own))
            channels[channel.name] = LazyChannel(
                read=partial(frames.own_copy, own), receipt=receipt
            )
            if channel.name not in edited:
                way = provenance.get(channel.name)
                provenance[channel.name] = f"{way}, edited" if way else "edited"
            edited[channel.name] = None
            tells_wear = tells_wear or has_belts(channel)
        if not given:
            return self.of(self)
        changed = {"edited": list(edited), "provenance": provenance}
        info = {**self.facts.info, **changed}
        copy = self.of(
            self,
            channels=channels,
            facts=replace(self.facts, info=info),
            left_out=self._left_out - edited.keys(),
        )
        if tells_wear:
            # Other belts tell another story.
            copy._belts = copy._known_belts = None  # noqa: SLF001  # of this class
        return copy

    def _check_inside(self, frame: pd.DataFrame, channel: Channel) -> None:
        """Refuse rows that lie outside the record, as after a mistake with a zone."""
        if not len(frame):
            return
        first, last = map(int, frames.ticks_of(frame.iloc[[0, -1]], channel))
        near = max(_NEAR_S * self.clock, channel.lag)
        low, high = self.start_tick - near, self.end_tick + near
        if low <= first and last <= high:
            return
        # Samples of the source may outlast its record.
        held = self._frame(channel.name)
        if len(held):
            ends = frames.ticks_of(held.iloc[[0, -1]], channel).tolist()
            low, high = min(low, *ends), max(high, *ends)
        for tick in (first, last):
            if not low <= tick <= high:
                time = tick_to_time(tick, clock=self.clock).tz_convert(self._tz)
                raise ConfigurationError(
                    f"the frame of {channel.name} has a row at {time}, and the record "
                    f"goes from {self.start} to {self.end}: is the zone of its times "
                    "right?"
                )

    def cut(self, start: int | None, end: int | None) -> Self:
        """Return the record cut to a span of ticks; what was not read stays so.

        Rows whose steps begin from `start` up to, not including, `end`, and the facts
        of that span. None, or a tick on the edge or outside, keeps that side whole. A
        state channel begins with the state that holds at `start`.
        """
        low, high = self._span
        first = low if start is None else min(max(start, low), high)
        last = high if end is None else min(max(end, low), high)
        # Samples may outlast the record; where it goes on to its end they belong to it.
        kept = (None if first == low else first, None if last == high else last)
        bounds = [
            None if tick is None else tick_to_time(tick, clock=self.clock)
            for tick in (start, end)
        ]
        return self.of(
            self,
            span=(first, max(first, last)),
            channels=self.part(*kept),
            facts=self._cut_facts(bounds, late=first > low),
            belts=partial(self._cut_belts, *kept),
        )

    def _cut_belts(self, start: int | None, end: int | None) -> Belts | None:
        belts = self.belts()
        return None if belts is None else cut_belts(belts, start, end)

    def _cut_facts(self, bounds: list[pd.Timestamp | None], *, late: bool) -> Facts:
        """Cut the facts; a part that begins later keeps the start of the whole."""
        facts = cut_facts(self.facts, *bounds)
        if not late:
            return facts
        return replace(facts, info={"whole_start": self.start_tick, **facts.info})

    def __getstate__(self) -> dict[str, Any]:
        """Read everything, so that a record can go to another process."""
        for name in self._sources:
            self._frame(name)
        known = {
            name: (source.known(), self.initial_spans(name))
            for name, source in self._sources.items()
        }
        changed = {
            "_sources": known,
            "_belts": self.belts(),
            "_facts": self.facts,
            "_locks": None,
        }
        return {**self.__dict__, **changed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a record whose frames are all in memory."""
        self.__dict__.update(state)
        self._locks = PerProcess(_channel_locks)
        self._sources = {
            name: LazyChannel(
                read=lambda name=name: self._frames[name],  # type: ignore[misc]
                receipt=receipt,
                initial=lambda initial=initial: initial,  # type: ignore[misc]
            )
            for name, (receipt, initial) in state["_sources"].items()
        }


def warn_of_model(data: RecordData, said: str | None) -> None:
    """Warn if a record has no channel that only the model named by the caller has.

    `said` is the `model=` of the caller; nothing is checked if it is None or ``auto``.
    """
    own = _own_channels(data.family) - data.left_out
    if said in (None, "auto") or not own or own & {*data}:
        return
    name = data.name or "without id"
    warn(
        f"record {name} is read as {data.family}, since model={said!r} was given, and "
        f"has none of the channels of that model ({', '.join(sorted(own))}): is it of "
        "another model? Leave model= out, and hexoframe finds out",
        HexoframeWarning,
    )


def _own_channels(family: Family) -> set[str]:
    """Return the channels that the usual family of the same clock does not have."""
    clock = CLOCK_OF_FAMILY[family]
    usual = next(other for other in FAMILIES if CLOCK_OF_FAMILY[other] == clock)
    return set() if usual == family else {*channels_of(family)} - {*channels_of(usual)}
