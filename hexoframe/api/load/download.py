"""Loads a record: what it is, what is kept of it, what must be asked for.

Decides between the cache and the service, and joins the steps of a download: head,
family, plan, pieces, record. Each step stands in a module of its own.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from hexoframe.api.load.build import assemble
from hexoframe.api.load.chunks import Piece
from hexoframe.api.load.chunkstore import Shelf
from hexoframe.api.load.costs import REQUESTS_HZ, Estimate
from hexoframe.api.load.fetch import BinaryRefusedError, Fetcher, fetch_samples
from hexoframe.api.load.plan import (
    Plan,
    Way,
    end_of_samples,
    estimate,
    make_plan,
    wanted_datatypes,
)
from hexoframe.api.load.progress import Meter
from hexoframe.api.load.recordhead import FACT_REQUESTS, fetch_head
from hexoframe.api.load.tables import (
    Tables,
    tables_of,
    unknown_tables,
    warn_of_unknown,
)
from hexoframe.cache import Selection
from hexoframe.channels import (
    CLOCK_OF_FAMILY,
    FAMILIES,
    channels_of,
    datatypes_of,
    families_of,
    family_of,
)
from hexoframe.errors import (
    CacheError,
    ConfigurationError,
    HexoframeError,
    MissingSamplesWarning,
    ResponseError,
    TimestampError,
    UnfinishedRecordWarning,
    warn,
)
from hexoframe.formats.options import ReadOptions
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import to_raw
from hexoframe.timestamps import tick_to_time, time_to_tick

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import Transport
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.cache import Cache, Entry
    from hexoframe.channels import Family
    from hexoframe.recording.facts import Facts
    from hexoframe.recording.gaps import Receipt
    from hexoframe.timestamps import Clock

__all__ = ["Order", "Refresh", "estimate_record", "fetch_record", "kept_record"]

_LOG = logging.getLogger(__name__)
Moment = int | str | datetime
Refresh = bool | Literal["tables"]
# So long is the look at which channels a device has.
_PROBE_S = 10
# What a record says of itself if the server gave no binary export of it.
_EXPORT, _REFUSED = "export", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a caller wants of a record.

    Attributes
    ----------
    channels : sequence of str or int, or None
        Channels by any of their names or ids; None for all.
    waveforms : bool
        Whether waveforms are wanted where `channels` does not name them.
    start, end : int, str, datetime or None
        Part of the record, `end` not included: ticks, or times with a zone.
    model : str
        ``auto``, or a model that the caller knows it to be.
    transport : {"auto", "zip", "json"}
        Way of the samples.
    options : ReadOptions
        Scale, and whether samples may be missing.
    """

    channels: Sequence[str | int] | None = None
    waveforms: bool = True
    start: Moment | None = None
    end: Moment | None = None
    model: str = "auto"
    transport: Way = "auto"
    options: ReadOptions

    def __post_init__(self) -> None:
        """Refuse what can be refused before anything is asked."""
        if self.transport not in get_args(Way):
            raise ConfigurationError(
                f"transport={self.transport!r}: give one of {', '.join(get_args(Way))}"
            )
        if self.model != "auto":
            families_of(self.model)

    def window(
        self, span: tuple[int, int], clock: Clock, *, record: int
    ) -> tuple[int, int] | None:
        """Return the part that is wanted in ticks; None for the whole record.

        Parameters
        ----------
        span : (int, int), in ticks
            Start and end of the record.
        clock : {256, 1000}
            Ticks in a second.
        record : int
            Id of the record, for messages.

        Raises
        ------
        TimestampError
            If a time has no zone, or the part lies outside the record.
        """
        if self.start is None and self.end is None:
            return None
        first, last = span
        start = first if self.start is None else _tick(self.start, clock)
        behind = end_of_samples(span, clock)
        end = behind if self.end is None else _tick(self.end, clock)
        if end <= start and None not in (self.start, self.end):
            raise TimestampError(
                f"end={self.end} does not lie behind start={self.start}: exchange them"
            )
        if end <= start or start > last or end <= first:
            times = " to ".join(str(tick_to_time(tick, clock=clock)) for tick in span)
            raise TimestampError(
                f"from start={self.start} to end={self.end} there is nothing of record "
                f"{record}, which goes from tick {first} to {last}: {times}"
            )
        return start, end

    def family(self, clock: Clock) -> Family | None:
        """Return the family that the caller says, if so."""
        return None if self.model == "auto" else family_of(self.model, clock=clock)


def _tick(moment: Moment, clock: Clock) -> int:
    if isinstance(moment, int):
        return moment
    return time_to_tick(moment, clock=clock, rounding="up")


# -- from the cache, or from the service -----------------------------------------------


def kept_record(cache: Cache, host: str, record: int, order: Order) -> RecordData:
    """Return a record from the cache without asking the service.

    Parameters
    ----------
    cache : Cache
        Where to look.
    host : str
        Scheme, host and port.
    record : int
        Id of the record.
    order : Order
        What is wanted of it.

    Raises
    ------
    CacheError
        If the cache does not hold it.
    """
    entries = cache.entries(host, record)
    if order.model == "auto":
        # What was found out goes before what a caller said once.
        entries.sort(key=lambda entry: not entry.selection.auto)
    for entry in entries:
        held = entry.selection
        clock = CLOCK_OF_FAMILY[held.family]
        family = order.family(clock)
        if family not in (None, held.family):
            continue
        wanted = replace(
            held,
            channels=_channels(held.family, order),
            window=order.window(held.span, clock, record=record),
            transport=order.transport,
        )
        if held.holds(wanted):
            data = _cut_out(cache, entry, wanted, order)
            _warn_of_refusal(data, order)
            warn_of_unknown(data, part=wanted.window is not None)
            return data
    there = "; ".join(_told(entry.selection) for entry in entries) or "nothing"
    raise CacheError(
        f"the cache does not hold what was asked for of record {record} of {host}, it "
        f"holds {there}: load it once without offline=True, or take what there is"
    )


def _told(held: Selection) -> str:
    """Say what an entry holds, in the words of a call."""
    every, names = len(channels_of(held.family)), list(held.channels)
    some = f"{len(names)} of {every} channels" if len(names) > 3 else f"{names}"
    told = "all channels" if len(names) == every else some
    if held.window is not None:
        told += " of start={}, end={}".format(*held.window)
    return told if held.transport == "auto" else f"{told}, transport={held.transport!r}"


def fetch_record(  # noqa: PLR0913  # where from, what, and how
    transport: Transport,
    record: int | str,
    order: Order,
    *,
    cache: Cache | None,
    refresh: Refresh = False,
    progress: bool | None = None,
) -> RecordData:
    """Return a record from the service, or from the cache if that has it as it is now.

    Parameters
    ----------
    transport : Transport
        Where to ask.
    record : int or str
        Id of the record.
    order : Order
        What is wanted of it.
    cache : Cache or None
        Where it is looked for and kept.
    refresh : bool or "tables", default False
        Whether what the cache has is fetched again: all, or what stands beside the
        samples.
    progress : bool or None
        Whether a bar is drawn; None where stderr is a terminal or a
        notebook.

    Returns
    -------
    RecordData
        The record. From a cache its channels are read when they are touched.

    Raises
    ------
    RequestError
        If the service refuses, fails or cannot be reached.
    IncompleteDataError
        If samples that the source holds did not come, and that was not allowed.
    TimestampError
        If the part that is wanted lies outside the record.
    UnknownChannelError
        If the model has no such channel.
    """
    head = fetch_head(transport, record)
    load = _Load(transport, head, order, progress=progress)
    if head.status != "complete":
        _warn_of_status(head)
    if cache is None or not head.is_resumable:
        return load.into_memory()
    try:
        with cache.lock(load.host, head.id):
            return load.through(cache, refresh=refresh)
    except CacheError as error:
        transport.limiter.warn_of_folder(f"{error}. The record is loaded, and not kept")
    kept = None if refresh is True else load.kept_already(cache, refresh=refresh)
    return load.into_memory() if kept is None else kept


def _cut_out(cache: Cache, entry: Entry, wanted: Selection, order: Order) -> RecordData:
    """Open an entry and cut it to what is wanted."""
    options = replace(order.options, channels=wanted.channels)
    data = cache.open(entry, options)
    if wanted.window in (None, entry.selection.window):
        return data
    return data.cut(*wanted.window)


def _channels(family: Family, order: Order) -> tuple[str, ...]:
    rows = wanted_datatypes(family, order.channels, waveforms=order.waveforms)
    return tuple(dict.fromkeys(row.channel for row in rows))


@dataclass(frozen=True, kw_only=True)
class _Coming:
    """A record whose samples are there, and whose tables may still be on their way.

    Attributes
    ----------
    whole : RecordData
        The samples, and what is known so far beside them.
    window : (int, int) or None, in ticks
        The part that is wanted.
    lost : bool
        Whether samples did not come.
    tables : Tables
        The tables that came by now.
    finish : callable
        Waits for the tables.
    """

    whole: RecordData
    window: tuple[int, int] | None
    lost: bool
    tables: Tables
    finish: Callable[[], None]

    @property
    def data(self) -> RecordData:
        """The part that is wanted, with what is known so far beside the samples."""
        return _cut(self.whole, self.window)

    @cached_property
    def complete(self) -> RecordData:
        """The part that is wanted, with the tables that came; waits for them."""
        self.finish()
        return _cut(self.tables.added_to(self.whole), self.window)

    def facts(self) -> Facts:
        """Return the facts of the part that is wanted; waits for the tables."""
        return self.complete.facts


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a folder for the pieces of a load that is not kept."""
    try:
        with tempfile.TemporaryDirectory(
            prefix="hexoframe-", ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
    except HexoframeError:
        raise
    except OSError as error:
        where = tempfile.tempdir or "of the system"
        raise CacheError(
            f"the folder for temporary files {where} cannot be used ({error}): set "
            "TMPDIR to a folder that can be written and has room for a record"
        ) from error


def _cut(data: RecordData, window: tuple[int, int] | None) -> RecordData:
    return data if window is None else data.cut(*window)


class _Load:
    """One load of one record."""

    def __init__(
        self,
        transport: Transport,
        head: RecordHead,
        order: Order,
        *,
        progress: bool | None,
    ) -> None:
        self._transport = transport
        self._head = head
        self._order = order
        self._progress = progress
        self._window = order.window(head.span, head.clock, record=head.id)
        self.host = str(transport.origin)

    # -- with a cache, or without ----------------------------------------------------

    def through(self, cache: Cache, *, refresh: Refresh) -> RecordData:
        """Load the record into the cache, if it is not there, and open it there."""
        family, auto, _ = self._family(cache)
        wanted = self._selection(family, auto=auto)
        kept = None if refresh is True else self._kept(cache, wanted, refresh)
        if kept is not None:
            return kept
        parts = cache.parts(wanted, fresh=refresh is True)
        with cache.writing(), self._download(family, parts) as coming:
            if coming.lost:
                # What lacks samples is for this caller alone, who was told of it.
                return self._shown(coming.complete)
            if self._head.is_complete:
                return self._stored(cache, wanted, coming)
            data = self._shown(coming.complete)
        cache.forget_parts(wanted)
        return data

    def _stored(self, cache: Cache, wanted: Selection, coming: _Coming) -> RecordData:
        """Keep what came and open it there; where that fails, what came is enough."""
        try:
            entry = cache.store(wanted, coming.data, facts=coming.facts)
            return _cut_out(cache, entry, wanted, self._order)
        except CacheError as error:
            self._transport.limiter.warn_of_folder(f"{error}. The record is not kept")
        return self._shown(coming.complete)

    def kept_already(self, cache: Cache, *, refresh: Refresh) -> RecordData | None:
        """Open what a cache has that cannot be written."""
        family, auto, _ = self._family(cache)
        wanted = self._selection(family, auto=auto)
        entry = cache.find(wanted) if self._head.is_complete else None
        if entry is None:
            return None
        try:
            return self._completed(cache, entry, wanted, refresh)
        except CacheError as error:
            _LOG.warning("%s", error)
            return None

    def _kept(
        self, cache: Cache, wanted: Selection, refresh: Refresh
    ) -> RecordData | None:
        """Open what the cache has; what is damaged is removed."""
        while (entry := cache.find(wanted)) is not None:
            try:
                data = self._completed(cache, entry, wanted, refresh)
            except CacheError as error:
                _LOG.warning("%s: fetched again", error)
                cache.forget(entry)
            else:
                _warn_of_refusal(data, self._order)
                return data
        return None

    def _completed(
        self, cache: Cache, entry: Entry, wanted: Selection, refresh: Refresh
    ) -> RecordData:
        """Open an entry, and ask for the tables that it lacks or that are to be new."""
        data = _cut_out(cache, entry, wanted, self._order)
        part = wanted.window is not None
        names = tables_of(part=part) if refresh else unknown_tables(data, part=part)
        tables = Tables(self._transport, self._head, names)
        for request in tables.requests():
            request()
        if tables.came:
            self._keep_tables(cache, tables)
        if not names:
            return data
        # Of the samples nothing is cut again, as what is known of them would be lost.
        return data.of(data, facts=_cut(tables.added_to(data), wanted.window).facts)

    def _keep_tables(self, cache: Cache, tables: Tables) -> None:
        """Keep tables beside the samples of all that is kept of the record."""
        host, head = self.host, self._head
        for entry in cache.entries(host, head.id):
            if entry.selection.last_modified == head.last_modified:
                self._keep_beside(cache, entry, tables)

    def _keep_beside(self, cache: Cache, entry: Entry, tables: Tables) -> None:
        """Keep tables beside the samples of one entry; where that fails, say so."""
        try:
            data = tables.merged_into(cache.open(entry, ReadOptions()))
            cache.replace_facts(entry, _cut(data, entry.selection.window).facts)
        except CacheError as error:
            # The entry is as good as it was, and what came is for this caller.
            self._transport.limiter.warn_of_folder(f"{error}. The tables are not kept")

    def into_memory(self) -> RecordData:
        """Load the record without a cache."""
        family, _, _ = self._family(None)
        with _scratch() as folder, self._download(family, folder) as coming:
            return self._shown(coming.complete)

    def _family(self, cache: Cache | None) -> tuple[Family, bool, bool]:
        """Return the family, whether it was found out, and whether that took asking."""
        head = self._head
        said = self._order.family(head.clock)
        if said is not None:
            return said, False, False
        families = [
            family for family in FAMILIES if CLOCK_OF_FAMILY[family] == head.clock
        ]
        if len(families) == 1:
            return families[0], True, False
        if cache is not None:
            kept = cache.known_family(self.host, head.id, head.last_modified)
            if kept is not None:
                return kept, True, False
        return self._probed(), True, True

    def _selection(self, family: Family, *, auto: bool) -> Selection:
        return Selection(
            host=self.host,
            record=self._head.id,
            last_modified=self._head.last_modified,
            span=self._head.span,
            family=family,
            auto=auto,
            channels=_channels(family, self._order),
            window=self._window,
            transport=self._order.transport,
        )

    def estimate(self, cache: Cache | None) -> Estimate:
        """Return what the load would cost."""
        family, auto, asked = self._family(cache)
        wanted = self._selection(family, auto=auto)
        if cache is not None and self._head.is_complete and cache.find(wanted):
            return Estimate(
                requests=1, megabytes=0.0, minutes=0.0, unpacked_megabytes=0.0
            )
        data = estimate(self.plan(family))
        requests = data.requests + FACT_REQUESTS + 1 + asked
        return replace(
            data,
            requests=requests,
            minutes=max(data.minutes, requests / REQUESTS_HZ / 60),
        )

    # -- the download ----------------------------------------------------------------

    def _probed(self) -> Family:
        """Find out the family by asking for what only some devices of a clock have."""
        clock = self._head.clock
        usual, *others = [f for f in FAMILIES if CLOCK_OF_FAMILY[f] == clock]
        known = {row.id for row in datatypes_of(usual) if row.in_model}
        telling = {
            row.id: family
            for family in others
            for row in datatypes_of(family)
            if row.in_model and row.id is not None and row.id not in known
        }
        start = self._head.span[0]
        page = Piece(
            kind="json",
            datatypes=tuple(telling),
            start=start,
            end=start + _PROBE_S * clock,
        )
        found = fetch_samples(self._transport, self._head, page)
        there = [number for number, samples in found.items() if len(samples.ticks)]
        return next((telling[n] for n in there if n in telling), usual)

    def plan(self, family: Family) -> Plan:
        """Return the requests for the samples."""
        order, head = self._order, self._head
        rows = wanted_datatypes(family, order.channels, waveforms=order.waveforms)
        if head.is_recording and order.channels is None:
            # A phone sends them when the recording is over.
            rows = tuple(row for row in rows if row.kind != "waveform")
        way = order.transport
        if way == "auto" and head.is_live:
            way = "json"
        return make_plan(family, head.span, rows, window=self._window, transport=way)

    @contextmanager
    def _download(self, family: Family, folder: Path) -> Iterator[_Coming]:
        """Fetch the samples that the folder lacks; tables still come in the block."""
        order, head, shelf = self._order, self._head, Shelf(folder)
        plan = self.plan(family)
        tables = Tables(self._transport, head)
        title = f"record {head.id}"
        with Meter(title, family, show=self._progress) as meter:
            fetcher = Fetcher(
                self._transport,
                head,
                family,
                shelf=shelf,
                meter=meter,
                allow_partial=order.options.allow_partial,
            )
            try:
                fetched = fetcher.run(plan, tables.requests())
            except BinaryRefusedError as error:
                plan = self._without_export(family, plan, error)
                head = replace(head, info={**head.info, _EXPORT: _REFUSED})
                fetched = fetcher.run(plan, tables.requests())
        try:
            data = assemble(
                plan,
                fetched,
                shelf,
                head=head,
                allow_partial=order.options.allow_partial,
            )
            _warn_of_refusal(data, order)
            yield _Coming(
                whole=data,
                window=self._window,
                lost=bool(fetched.lost),
                tables=tables,
                finish=fetcher.finish,
            )
        finally:
            fetcher.stop()

    def _without_export(
        self, family: Family, plan: Plan, refused: BinaryRefusedError
    ) -> Plan:
        """Return a plan that takes everything from JSON."""
        cause = refused.__cause__ or refused
        head = self._head
        if self._order.transport == "zip":
            raise ResponseError(
                f"record {head.id}: the server gives no binary export ({cause}); load "
                "it with transport='json' or 'auto'"
            ) from cause
        _LOG.info("record %s: no binary export (%s), JSON instead", head.id, cause)
        return make_plan(
            family, head.span, plan.wanted, window=self._window, transport="json"
        )

    def _shown(self, data: RecordData) -> RecordData:
        """Return a record in memory as the caller wants it."""
        wanted = set(_channels(data.family, self._order))
        scale = self._order.options.scale
        loaded: dict[str, pd.DataFrame] = {
            name: data[name] if scale == "physical" else to_raw(data[name], channel)
            for name, channel in channels_of(data.family).items()
            if name in data
        }
        return RecordData.of(
            data,
            channels={
                name: _in_memory(frame, data.receipt(name))
                for name, frame in loaded.items()
            },
            scale=scale,
            left_out=set(channels_of(data.family)) - wanted,
        )


def _warn_of_status(head: RecordHead) -> None:
    """Say that a record is not all there on the service either."""
    live = " Waveforms come when the recording is over." if head.is_recording else ""
    warn(
        f"record {head.id} is not complete on the service (status {head.status!r}): "
        f"samples may be missing or still come.{live} It is not kept; load it again "
        "when list_records() shows it as complete",
        UnfinishedRecordWarning,
    )


def _warn_of_refusal(data: RecordData, order: Order) -> None:
    """Say what a record lacks because the server gave no binary export of it."""
    if data.facts.info.get(_EXPORT) != _REFUSED:
        return
    rows = wanted_datatypes(data.family, order.channels, waveforms=order.waveforms)
    fewer = {row.channel for row in rows if row.carrier == "binary"}
    if fewer:
        names = ", ".join(name for name in channels_of(data.family) if name in fewer)
        warn(
            f"record {data.id}: the server gave no binary export, and JSON has these "
            f"channels in part or not at all: {names}; refresh=True asks for it again",
            MissingSamplesWarning,
        )


def _in_memory(frame: pd.DataFrame, receipt: Receipt) -> LazyChannel:
    return LazyChannel(read=lambda: frame, receipt=receipt)


# -- what it would cost ----------------------------------------------------------------


def estimate_record(
    transport: Transport,
    record: int | str,
    order: Order,
    *,
    cache: Cache | None,
) -> Estimate:
    """Return what a load would cost, after asking what the record is.

    Parameters
    ----------
    transport, record, order, cache
        As for `fetch_record`.

    Returns
    -------
    Estimate
        Requests, megabytes, minutes: of the samples, of the facts beside them, and of
        the questions that come before. One request where the cache has it all.
    """
    head = fetch_head(transport, record)
    return _Load(transport, head, order, progress=False).estimate(cache)
