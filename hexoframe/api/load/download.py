"""Loads a record: from the cache, from the service, or partly from both.

Joins the steps of a download: head, family, plan, chunks, record. Each step has its own
module; the decisions between cache and service are made here.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from hexoframe.api.http.limiter import REQUESTS_HZ
from hexoframe.api.load.build import build_record
from hexoframe.api.load.chunks import Chunk, ChunkStore
from hexoframe.api.load.fetch import BinaryRefusedError, Fetcher, fetch_samples
from hexoframe.api.load.plan import (
    Estimate,
    Plan,
    Transport,
    cost_of,
    end_of_samples,
    make_plan,
    wanted_datatypes,
)
from hexoframe.api.load.progress import Meter
from hexoframe.api.load.recordhead import (
    FACT_REQUESTS,
    FactTables,
    fetch_head,
    tables_of,
    unknown_tables,
    warn_of_unknown,
)
from hexoframe.api.load.sizes import TABLE_BYTES
from hexoframe.cache import CacheKey
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
from hexoframe.timestamps import tick_to_time
from hexoframe.timestamps.moments import Moment, moment_to_tick

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.api.http.session import ServiceSession
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.cache import Cache, CacheEntry
    from hexoframe.channels import Datatype, Family
    from hexoframe.recording.facts import Facts
    from hexoframe.recording.gaps import Receipt
    from hexoframe.timestamps import Clock

__all__ = [
    "LoadOptions",
    "Refresh",
    "estimate_record",
    "estimate_span",
    "family_of_record",
    "fetch_record",
    "kept_record",
]

_LOG = logging.getLogger(__name__)
Refresh = bool | Literal["tables"]
# Length of the window that shows which channels a device has.
_PROBE_S = 10
# In the facts of a record of which the server gave no binary export.
_EXPORT, _REFUSED = "export", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What a caller wants of a record; see `Client.load_record`.

    Of `reading` the scale and `allow_partial` matter.
    """

    channels: Sequence[str | int] | None = None
    waveforms: bool = True
    start: Moment | None = None
    end: Moment | None = None
    model: str = "auto"
    transport: Transport = "auto"
    reading: ReadOptions

    def __post_init__(self) -> None:
        """Refuse wrong values before any request."""
        if self.transport not in get_args(Transport):
            raise ConfigurationError(
                f"transport={self.transport!r}: give one of "
                f"{', '.join(get_args(Transport))}"
            )
        if self.model != "auto":
            families_of(self.model)

    def window(
        self, span: tuple[int, int], clock: Clock, *, record: int
    ) -> tuple[int, int] | None:
        """Return the wanted part in ticks, None for the whole record.

        TimestampError if a time has no zone, or the part lies outside the record.
        """
        if self.start is None and self.end is None:
            return None
        first, last = span
        behind = end_of_samples(span, clock)
        start, end = (
            other
            if moment is None
            else moment_to_tick(moment, clock=clock, origin=first)
            for moment, other in ((self.start, first), (self.end, behind))
        )
        if end <= start and None not in (self.start, self.end):
            raise TimestampError(
                f"end={self.end} is not later than start={self.start}: exchange them"
            )
        if end <= start or start > last or end <= first:
            times = " to ".join(str(tick_to_time(tick, clock=clock)) for tick in span)
            given = (("start", self.start), ("end", self.end))
            part = ", ".join(f"{name}={at}" for name, at in given if at is not None)
            raise TimestampError(
                f"there is nothing of record {record} with {part}: it goes from {times}"
            )
        return start, end

    def datatypes(self, family: Family) -> tuple[Datatype, ...]:
        """Return the wanted datatypes of a family."""
        return wanted_datatypes(family, self.channels, waveforms=self.waveforms)

    def channel_names(self, family: Family) -> tuple[str, ...]:
        """Return the wanted channels of a family, in the order of the table."""
        return tuple(dict.fromkeys(row.channel for row in self.datatypes(family)))

    def family(self, clock: Clock) -> Family | None:
        """Return the family that the caller named, None for ``auto``."""
        return None if self.model == "auto" else family_of(self.model, clock=clock)


# -- from the cache, or from the service -----------------------------------------------


def kept_record(
    cache: Cache, host: str, record: int, options: LoadOptions
) -> RecordData:
    """Return a record from the cache alone; CacheError if that does not hold it."""
    entries = cache.entries(host, record)
    if options.model == "auto":
        # A family that was found out is preferred to one that a caller gave.
        entries.sort(key=lambda entry: not entry.key.auto)
    for entry in entries:
        held = entry.key
        clock = CLOCK_OF_FAMILY[held.family]
        if options.family(clock) not in (None, held.family):
            continue
        wanted = replace(
            held,
            channels=options.channel_names(held.family),
            window=options.window(held.span, clock, record=record),
            transport=options.transport,
        )
        if held.holds(wanted):
            data = _cut_out(cache, entry, wanted, options)
            _warn_of_refusal(data, options)
            warn_of_unknown(data, part=wanted.window is not None)
            return data
    there = "; ".join(_description(entry.key) for entry in entries) or "nothing"
    raise CacheError(
        f"the cache does not hold what was requested of record {record} of {host}, it "
        f"holds {there}: load it once without offline=True, or take what there is"
    )


def _description(held: CacheKey) -> str:
    """Return what an entry holds, in the words of a call."""
    every, names = len(channels_of(held.family)), list(held.channels)
    some = f"{len(names)} of {every} channels" if len(names) > 3 else f"{names}"
    text = "all channels" if len(names) == every else some
    if held.window is not None:
        text += " of start={}, end={}".format(*held.window)
    return text if held.transport == "auto" else f"{text}, transport={held.transport!r}"


def fetch_record(  # noqa: PLR0913  # where from, what, and how
    session: ServiceSession,
    record: int | str,
    options: LoadOptions,
    *,
    cache: Cache | None,
    refresh: Refresh = False,
    progress: bool | None = None,
) -> RecordData:
    """Return a record from the service, or from the cache if that is up to date.

    From a cache channels are read when they are touched. `refresh` fetches again what
    the cache has: all, or the tables beside the samples.
    """
    head = fetch_head(session, record)
    load = _Load(session, head, options, progress=progress)
    if head.status != "complete":
        _warn_of_status(head)
    if cache is None or not head.is_resumable:
        return load.into_memory()
    try:
        with cache.lock(load.host, head.id):
            return load.through(cache, refresh=refresh)
    except CacheError as error:
        cache.warn_unusable(f"{error}. The record is loaded, and not kept")
    kept = None if refresh is True else load.kept_already(cache, refresh=refresh)
    return load.into_memory() if kept is None else kept


def family_of_record(
    session: ServiceSession, head: RecordHead, options: LoadOptions
) -> Family:
    """Return the family of a record; a request tells where the clock does not."""
    family, _, _ = _Load(session, head, options, progress=False).family(None)
    return family


def estimate_record(
    session: ServiceSession,
    record: int | str,
    options: LoadOptions,
    *,
    cache: Cache | None,
) -> Estimate:
    """Return what `fetch_record` would cost; one or two requests are sent for it.

    The requests for the head and the tables count. It is one if the cache has it all.
    """
    head = fetch_head(session, record)
    return _Load(session, head, options, progress=False).estimate(cache)


def estimate_span(
    family: Family, span: tuple[int, int], options: LoadOptions
) -> Estimate:
    """Return about what `fetch_record` would cost of such a record; asks nobody.

    A request that finds out the family is counted where there are several of one clock.
    """
    rows = options.datatypes(family)
    window = options.window(span, CLOCK_OF_FAMILY[family], record=0)
    plan = make_plan(family, span, rows, window=window, transport=options.transport)
    cost = _with_tables(cost_of(family, plan.chunks))
    clocks = [CLOCK_OF_FAMILY[each] for each in FAMILIES]
    probed = options.model == "auto" and clocks.count(CLOCK_OF_FAMILY[family]) > 1
    return replace(cost, requests=cost.requests + probed)


def _with_tables(samples: Estimate) -> Estimate:
    """Return the cost of samples with that of the head and the tables."""
    requests = samples.requests + FACT_REQUESTS + 1
    return replace(
        samples,
        requests=requests,
        megabytes=samples.megabytes + TABLE_BYTES / 1e6,
        minutes=max(samples.minutes, requests / REQUESTS_HZ / 60),
    )


def _cut_out(
    cache: Cache, entry: CacheEntry, wanted: CacheKey, options: LoadOptions
) -> RecordData:
    """Open an entry and cut it to the wanted channels and window."""
    reading = replace(options.reading, channels=wanted.channels)
    data = cache.open(entry, reading)
    if wanted.window in (None, entry.key.window):
        return data
    return data.cut(*wanted.window)


@dataclass(frozen=True, kw_only=True)
class _Download:
    """A record whose samples are there, and whose tables may still be on their way.

    `lost` says that samples did not come; `finish` waits for the tables.
    """

    whole: RecordData
    window: tuple[int, int] | None
    lost: bool
    tables: FactTables
    finish: Callable[[], None]

    @property
    def data(self) -> RecordData:
        """The wanted part, without the tables."""
        return _cut(self.whole, self.window)

    @cached_property
    def complete(self) -> RecordData:
        """The wanted part with the tables, after waiting for them."""
        self.finish()
        return _cut(self.tables.added_to(self.whole), self.window)

    def facts(self) -> Facts:
        """Return the facts of the wanted part, after waiting for the tables."""
        return self.complete.facts


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a folder for the chunks of a load that is not kept."""
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
        session: ServiceSession,
        head: RecordHead,
        options: LoadOptions,
        *,
        progress: bool | None,
    ) -> None:
        self._session = session
        self._head = head
        self._options = options
        self._progress = progress
        self._window = options.window(head.span, head.clock, record=head.id)
        self.host = str(session.origin)

    # -- with a cache, or without ----------------------------------------------------

    def through(self, cache: Cache, *, refresh: Refresh) -> RecordData:
        """Load the record into the cache, unless it is there, and open it there."""
        family, auto, _ = self.family(cache)
        wanted = self._key(family, auto=auto)
        kept = None if refresh is True else self._kept(cache, wanted, refresh)
        if kept is not None:
            return kept
        folder = cache.chunk_folder(wanted, fresh=refresh is True)
        with cache.writing(), self._download(family, folder) as download:
            if download.lost:
                # A record that lacks samples is for this caller, who was warned.
                return self._in_memory(download.complete)
            if self._head.is_complete:
                return self._stored(cache, wanted, download)
            data = self._in_memory(download.complete)
        cache.forget_chunks(wanted)
        return data

    def _stored(
        self, cache: Cache, wanted: CacheKey, download: _Download
    ) -> RecordData:
        """Store a record and open it in the cache, or return it from memory instead."""
        try:
            entry = cache.store(wanted, download.data, facts=download.facts)
            return _cut_out(cache, entry, wanted, self._options)
        except CacheError as error:
            cache.warn_unusable(f"{error}. The record is not kept")
        return self._in_memory(download.complete)

    def kept_already(self, cache: Cache, *, refresh: Refresh) -> RecordData | None:
        """Open the record in a cache that cannot be written."""
        family, auto, _ = self.family(cache)
        wanted = self._key(family, auto=auto)
        entry = cache.find(wanted) if self._head.is_complete else None
        if entry is None:
            return None
        try:
            return self._completed(cache, entry, wanted, refresh)
        except CacheError as error:
            _LOG.warning("%s", error)
            return None

    def _kept(
        self, cache: Cache, wanted: CacheKey, refresh: Refresh
    ) -> RecordData | None:
        """Open the record in the cache; damaged entries are removed."""
        while (entry := cache.find(wanted)) is not None:
            try:
                data = self._completed(cache, entry, wanted, refresh)
            except CacheError as error:
                _LOG.warning("%s: fetched again", error)
                cache.forget(entry)
            else:
                _warn_of_refusal(data, self._options)
                return data
        return None

    def _completed(
        self, cache: Cache, entry: CacheEntry, wanted: CacheKey, refresh: Refresh
    ) -> RecordData:
        """Open an entry, and request the tables that it lacks, or all of them anew."""
        data = _cut_out(cache, entry, wanted, self._options)
        part = wanted.window is not None
        names = tables_of(part=part) if refresh else unknown_tables(data, part=part)
        tables = FactTables(self._session, self._head, names)
        for request in tables.requests():
            request()
        if tables.received:
            self._keep_tables(cache, tables)
        if not names:
            return data
        # Only the facts are cut: another cut of the samples would lose their ledger.
        return data.of(data, facts=_cut(tables.added_to(data), wanted.window).facts)

    def _keep_tables(self, cache: Cache, tables: FactTables) -> None:
        """Store tables in all entries of the record."""
        host, head = self.host, self._head
        for entry in cache.entries(host, head.id):
            if entry.key.last_modified == head.last_modified:
                self._keep_beside(cache, entry, tables)

    def _keep_beside(self, cache: Cache, entry: CacheEntry, tables: FactTables) -> None:
        """Store tables in one entry, or warn; the entry stays as it was then."""
        try:
            data = tables.merged_into(cache.open(entry, ReadOptions()))
            cache.replace_facts(entry, _cut(data, entry.key.window).facts)
        except CacheError as error:
            cache.warn_unusable(f"{error}. The tables are not kept")

    def into_memory(self) -> RecordData:
        """Load the record without a cache."""
        family, _, _ = self.family(None)
        with _scratch() as folder, self._download(family, folder) as download:
            return self._in_memory(download.complete)

    def family(self, cache: Cache | None) -> tuple[Family, bool, bool]:
        """Return the family, whether it was found out, and whether by a request."""
        head = self._head
        named = self._options.family(head.clock)
        if named is not None:
            return named, False, False
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

    def _key(self, family: Family, *, auto: bool) -> CacheKey:
        return CacheKey(
            host=self.host,
            record=self._head.id,
            last_modified=self._head.last_modified,
            span=self._head.span,
            family=family,
            auto=auto,
            channels=self._options.channel_names(family),
            window=self._window,
            transport=self._options.transport,
        )

    def estimate(self, cache: Cache | None) -> Estimate:
        """Return what the load would cost."""
        family, auto, probed = self.family(cache)
        wanted = self._key(family, auto=auto)
        if cache is not None and self._head.is_complete and cache.find(wanted):
            return Estimate(
                requests=1, megabytes=0.0, minutes=0.0, unpacked_megabytes=0.0
            )
        chunks = self.plan(family).chunks
        probe = (self._probe()[0],) if probed else ()
        return _with_tables(cost_of(family, (*probe, *chunks)))

    # -- the download ----------------------------------------------------------------

    def _probed(self) -> Family:
        """Find out the family by requesting channels that not every family has."""
        chunk, usual, telling = self._probe()
        found = fetch_samples(self._session, self._head, chunk)
        there = [number for number, samples in found.items() if len(samples.ticks)]
        return next((telling[n] for n in there if n in telling), usual)

    def _probe(self) -> tuple[Chunk, Family, dict[int, Family]]:
        """Return that request, the usual family, and the others by their channels."""
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
        chunk = Chunk(
            kind="json",
            datatypes=tuple(telling),
            start=start,
            end=start + _PROBE_S * clock,
        )
        return chunk, usual, telling

    def plan(self, family: Family) -> Plan:
        """Return the requests for the samples."""
        options, head = self._options, self._head
        rows = options.datatypes(family)
        if head.is_recording and options.channels is None:
            # A phone sends waveforms when the recording is over.
            rows = tuple(row for row in rows if row.kind != "waveform")
        transport = options.transport
        if transport == "auto" and head.is_live:
            transport = "json"
        return make_plan(
            family, head.span, rows, window=self._window, transport=transport
        )

    @contextmanager
    def _download(self, family: Family, folder: Path) -> Iterator[_Download]:
        """Fetch the chunks that the folder lacks; tables still come in the block."""
        head, store = self._head, ChunkStore(folder)
        allow_partial = self._options.reading.allow_partial
        plan = self.plan(family)
        tables = FactTables(self._session, head)
        with Meter(f"record {head.id}", family, show=self._progress) as meter:
            fetcher = Fetcher(
                self._session,
                head,
                family,
                store=store,
                meter=meter,
                allow_partial=allow_partial,
            )
            try:
                fetched = fetcher.run(plan, tables.requests())
            except BinaryRefusedError as error:
                plan = self._without_export(family, plan, error)
                head = replace(head, info={**head.info, _EXPORT: _REFUSED})
                fetched = fetcher.run(plan, tables.requests())
        try:
            data = build_record(
                plan, fetched, store, head=head, allow_partial=allow_partial
            )
            _warn_of_refusal(data, self._options)
            yield _Download(
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
        if self._options.transport == "zip":
            raise ResponseError(
                f"record {head.id}: the server gives no binary export ({cause}); load "
                "it with transport='json' or 'auto'"
            ) from cause
        _LOG.info("record %s: no binary export (%s), JSON instead", head.id, cause)
        return make_plan(
            family, head.span, plan.wanted, window=self._window, transport="json"
        )

    def _in_memory(self, data: RecordData) -> RecordData:
        """Return a record with all frames in memory, in the wanted scale."""
        wanted = set(self._options.channel_names(data.family))
        scale = self._options.reading.scale
        loaded: dict[str, pd.DataFrame] = {
            name: data[name] if scale == "physical" else to_raw(data[name], channel)
            for name, channel in channels_of(data.family).items()
            if name in data
        }
        return RecordData.of(
            data,
            channels={
                name: _loaded_channel(frame, data.receipt(name))
                for name, frame in loaded.items()
            },
            scale=scale,
            left_out=set(channels_of(data.family)) - wanted,
        )


def _loaded_channel(frame: pd.DataFrame, receipt: Receipt) -> LazyChannel:
    return LazyChannel(read=lambda: frame, receipt=receipt)


# -- warnings --------------------------------------------------------------------------


def _warn_of_status(head: RecordHead) -> None:
    """Warn that a record is not complete on the service either."""
    live = " Waveforms come when the recording is over." if head.is_recording else ""
    warn(
        f"record {head.id} is not complete on the service (status {head.status!r}): "
        f"samples may be missing or still come.{live} It is not kept; load it again "
        "when list_records() shows it as complete",
        UnfinishedRecordWarning,
    )


def _warn_of_refusal(data: RecordData, options: LoadOptions) -> None:
    """Warn of what a record lacks because the server gave no binary export."""
    if data.facts.info.get(_EXPORT) != _REFUSED:
        return
    fewer = {
        row.channel for row in options.datatypes(data.family) if row.carrier == "binary"
    }
    if fewer:
        names = ", ".join(name for name in channels_of(data.family) if name in fewer)
        warn(
            f"record {data.id}: the server gave no binary export, and JSON has these "
            f"channels in part or not at all: {names}; refresh=True asks for it again",
            MissingSamplesWarning,
        )
