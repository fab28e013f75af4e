"""Fetches the chunks of a plan: several at a time, each until it is complete.

A window of JSON that the server thinned is requested again in halves; an answer that
makes no sense is requested again; an export other than the requested one is recognised.
What came is in the chunk store; `build` makes frames of it.
"""

from __future__ import annotations

import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn

import numpy as np

from hexoframe.api.http.responses import BINARY, JSON
from hexoframe.api.load.chunks import Chunk, ChunkStore, split
from hexoframe.api.load.threads import Lane, ThreadPool
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, datatypes_of
from hexoframe.errors import (
    FileFormatError,
    HexoframeError,
    IncompleteDataError,
    MissingSamplesWarning,
    RequestError,
    ResponseError,
    ServerError,
    warn,
)
from hexoframe.formats.archive import reader as archive
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.wire.answers import DatatypeSamples, parse_data
from hexoframe.formats.wire.windows import is_thinned, join_windows

if TYPE_CHECKING:
    from hexoframe.api.http.responses import OnBytes
    from hexoframe.api.http.session import ServiceSession
    from hexoframe.api.load.plan import Plan
    from hexoframe.api.load.progress import Meter
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.channels import Datatype, Family
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = [
    "BinaryRefusedError",
    "Fetched",
    "FetchedExport",
    "Fetcher",
    "WindowReader",
    "fetch_samples",
]

_LOG = logging.getLogger(__name__)
_PATH = "/api/data/"
# At the allowed rate there are never more requests in flight.
THREADS = 4
# How often an answer that makes no sense is requested, and one without samples.
_TRIES, _EMPTY_TRIES = 3, 2
# A window as short as this is not thinned because of its length.
_LEAST_TICKS = 64
# A row of JSON takes 20 to 40 bytes, and a server gives 65 536 rows a datatype at most;
# one that leaves none out gives all of the window.
_ROW_BYTES, _MOST_ROWS = 64, 1 << 20
# Beats, breaths and steps come 4 times a second at most.
_MOST_EVENTS_HZ = 16
# All channels of a shirt are 2 to 4 kB a second before they are packed.
_EXPORT_BYTES_S = 16_000
_SPARE_BYTES = 16 << 20
# The slowest channels have a sample every five minutes.
_LONGEST_STEP_S = 300
# Status of a server that has no binary export of a record.
_REFUSALS = frozenset({400, 404, 405, 406, 410, 415, 501})
# Failures of a chunk that allow_partial ignores.
_BEARABLE = (ServerError, ResponseError, IncompleteDataError)


class BinaryRefusedError(Exception):
    """The server has no binary export of this record; the cause says why."""


class _StoppedError(Exception):
    """Another chunk failed, or the user interrupted."""


class _Watch:
    """Measures how long a body took to arrive, from the head of its answer on."""

    def __init__(self) -> None:
        self._begun: float | None = None
        self.took_s: float | None = None

    def look(self) -> None:
        """Note that a part arrived."""
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        self.took_s = now - self._begun


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedExport:
    """A chunk of the binary export, which may hold more than was requested.

    `chunk` is what it holds. The channels of `data` are not read yet.
    """

    chunk: Chunk
    data: RecordData


@dataclass(slots=True)
class Fetched:
    """What a plan brought: exports in order of time, and the chunks that were lost."""

    exports: list[FetchedExport] = field(default_factory=list)
    lost: list[Chunk] = field(default_factory=list)

    def lost_of(self, kind: Literal["zip", "json"]) -> list[Chunk]:
        """Return the lost chunks of one kind, in order of time."""
        lost = [chunk for chunk in self.lost if chunk.kind == kind]
        return sorted(lost, key=lambda chunk: chunk.start)


def fetch_samples(
    session: ServiceSession,
    head: RecordHead,
    chunk: Chunk,
    *,
    on_bytes: OnBytes | None = None,
) -> dict[int, DatatypeSamples]:
    """Return the samples of a window of JSON; a senseless answer is requested again."""
    where = _place(head, chunk)
    for left in reversed(range(_TRIES)):
        try:
            body = session.get_bytes(
                _PATH,
                chunk.query(head.id),
                accept=JSON,
                most_bytes=_most_json(chunk, head.clock),
                on_bytes=on_bytes,
            )
            return parse_data(body, clock=head.clock, where=where, window=chunk.window)
        except ResponseError as error:
            if not left:
                raise
            _LOG.info("%s: requested again", error)
    raise AssertionError  # the last turn returns or raises


def _most_json(chunk: Chunk, clock: Clock) -> int:
    """Return the bytes that a window of JSON can have at most."""
    span = chunk.end - chunk.start + 1
    shortest = _steps(clock)
    rows = sum(
        min(_MOST_ROWS, span / shortest.get(number, clock / _MOST_EVENTS_HZ) + 1)
        for number in chunk.datatypes
    )
    return _SPARE_BYTES + int(rows) * _ROW_BYTES


@functools.cache
def _steps(clock: Clock) -> Mapping[int | None, float]:
    """Return the shortest step of each datatype, in ticks, in any family of a clock."""
    steps: dict[int | None, float] = {}
    for family in FAMILIES:
        for row in datatypes_of(family) if CLOCK_OF_FAMILY[family] == clock else ():
            if row.ticks is not None:
                steps[row.id] = min(float(row.ticks), steps.get(row.id, math.inf))
    return steps


def _most_zip(head: RecordHead) -> int:
    """Return the bytes that an export of a record can have at most."""
    seconds = (head.span[1] - head.span[0]) / head.clock
    return _SPARE_BYTES + int(seconds * _EXPORT_BYTES_S)


def _place(head: RecordHead, chunk: Chunk) -> str:
    """Return record and ticks of a chunk, for messages."""
    return f"record {head.id}, ticks {chunk.start} to {chunk.end}"


class WindowReader:
    """Reads windows of JSON of one record, and what the server left out of them.

    `watching` returns what counts the bytes of a chunk. A window without any sample is
    requested `empty_tries` times.
    """

    def __init__(
        self,
        session: ServiceSession,
        head: RecordHead,
        family: Family,
        *,
        watching: Callable[[Chunk], OnBytes | None] = lambda _: None,
        empty_tries: int = _EMPTY_TRIES,
    ) -> None:
        self._session = session
        self._head = head
        self._rows: Mapping[int | None, Datatype] = {
            row.id: row for row in datatypes_of(family)
        }
        self._watching = watching
        self._empty_tries = empty_tries

    def read(
        self, chunk: Chunk, on_bytes: OnBytes | None = None
    ) -> dict[int, DatatypeSamples]:
        """Return all samples of a chunk, by datatype, perhaps some twice.

        IncompleteDataError if the server leaves some out of the shortest window.
        """
        return self._unthinned(chunk, self._request(chunk, on_bytes))

    def _request(
        self, chunk: Chunk, took: OnBytes | None = None
    ) -> dict[int, DatatypeSamples]:
        """Return the samples of a chunk, thinned or not."""
        took = took or self._watching(chunk)
        for _ in range(self._empty_tries):
            found = fetch_samples(self._session, self._head, chunk, on_bytes=took)
            found = {n: found[n] for n in chunk.datatypes if n in found}
            # No sample at all may be right, or a fault of the server: try once more.
            if any(len(samples.ticks) for samples in found.values()):
                return found
        return {}

    def _unthinned(
        self, chunk: Chunk, found: dict[int, DatatypeSamples]
    ) -> dict[int, DatatypeSamples]:
        """Return the samples of a chunk with those that the server left out."""
        thinned = [n for n in found if is_thinned(found[n], self._rows[n])]
        if not thinned:
            return found
        if chunk.end - chunk.start < 2 * _LEAST_TICKS:
            self._refuse_thinned(chunk, thinned)
        halves = split(replace(chunk, datatypes=tuple(sorted(thinned))))
        answers = [self._request(half) for half in halves]
        # A datatype of which the halves hold no more samples was complete.
        joined = self._joined(answers, chunk)
        whole = {n for n in thinned if n in joined and _same(found[n], joined[n])}
        rest = [
            self._unthinned(half, {n: s for n, s in answer.items() if n not in whole})
            for half, answer in zip(halves, answers, strict=True)
        ]
        return found | self._joined(rest, chunk)

    def _joined(
        self, answers: Sequence[Mapping[int, DatatypeSamples]], chunk: Chunk
    ) -> dict[int, DatatypeSamples]:
        return join_windows(answers, where=_place(self._head, chunk)).samples

    def _refuse_thinned(self, chunk: Chunk, thinned: Sequence[int]) -> NoReturn:
        names = [self._rows[number].api_name for number in thinned]
        raise IncompleteDataError(
            f"{_place(self._head, chunk)}: the server leaves out samples of "
            f"{', '.join(names)} even in a window of {chunk.end - chunk.start} ticks; "
            "load them with transport='zip', or what there is with allow_partial=True",
            ledger=dict.fromkeys(names, chunk.window),
        )


class Fetcher:
    """Fetches the chunks of one record into a store, and tells a progress meter.

    With `allow_partial` a chunk that cannot be had is lost with a warning.
    """

    def __init__(  # noqa: PLR0913  # what a download is, each by name
        self,
        session: ServiceSession,
        head: RecordHead,
        family: Family,
        *,
        store: ChunkStore,
        meter: Meter,
        allow_partial: bool = False,
    ) -> None:
        self._session = session
        self._head = head
        self._family: Family = family
        self._clock = CLOCK_OF_FAMILY[family]
        self._rows: Mapping[int | None, Datatype] = {
            row.id: row for row in datatypes_of(family)
        }
        self._store = store
        self._meter = meter
        self._allow_partial = allow_partial
        self._windows = WindowReader(session, head, family, watching=self._took)
        self._pool = ThreadPool()
        self._lane = Lane(THREADS)
        self._guard = threading.Lock()

    def run(self, plan: Plan, then: Iterable[Callable[[], object]] = ()) -> Fetched:
        """Fetch every chunk of a plan that the store lacks.

        The requests in `then` start when all chunks have; `finish` waits for them.
        BinaryRefusedError if the server has no export of the record. After any other
        error the finished chunks stay in the store.
        """
        self._meter.plan(plan.chunks)
        done = Fetched()
        exports, windows = plan.of_kind("zip"), plan.of_kind("json")
        jobs: list[Callable[[], object]] = []
        if exports:
            jobs.append(lambda: self._exports(exports, done))
        jobs += [
            partial(self._window, number, window, done)
            for number, window in enumerate(windows)
        ]
        self._pool, self._lane = ThreadPool(), Lane(THREADS)
        with self._explaining():
            self._pool.run(jobs, THREADS, then=then)
        return done

    def finish(self) -> None:
        """Wait for the requests in `then`; if one fails, all chunks are kept."""
        with self._explaining():
            self._pool.finish()

    def stop(self) -> None:
        """Start no more requests."""
        self._pool.stopped.set()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Add to an error what is kept, and what a later call needs to go on."""
        try:
            yield
        except HexoframeError as error:
            self._explain(error)
            raise

    def _explain(self, error: HexoframeError) -> None:
        error.add_note(
            f"record {self._head.id}: what was downloaded is kept if there is a cache, "
            "and the same call goes on there"
            if self._head.is_resumable
            else f"record {self._head.id}: nothing is kept of a record that still "
            "changes (see its status), and the same call starts anew"
        )
        if isinstance(error, IncompleteDataError) and error.resume is None:
            error.resume = {
                "record": self._head.id,
                "host": str(self._session.origin),
            }

    # -- bytes ---------------------------------------------------------------------

    def _took(self, chunk: Chunk, watch: _Watch | None = None) -> OnBytes:
        stopped = self._pool.stopped

        def took(length: int, left: int | None) -> None:
            if stopped.is_set():
                raise _StoppedError
            if watch is not None:
                watch.look()
            self._meter.took(chunk, length, left)

        return took

    def _place(self, chunk: Chunk) -> str:
        return _place(self._head, chunk)

    def _lose(self, chunk: Chunk, error: HexoframeError, done: Fetched) -> None:
        """Go on without a chunk, or raise."""
        if not (self._allow_partial and isinstance(error, _BEARABLE)):
            raise error
        warn(
            f"{self._place(chunk)} did not come: {error}",
            MissingSamplesWarning,
        )
        with self._guard:
            done.lost.append(chunk)

    # -- windows of JSON -----------------------------------------------------------

    def _window(self, number: int, chunk: Chunk, done: Fetched) -> None:
        if not self._store.has(chunk):
            try:
                self._store.put(chunk, self._in_turn(number, chunk))
            except HexoframeError as error:
                self._lose(chunk, error, done)
        self._meter.finished(chunk)

    def _in_turn(self, number: int, chunk: Chunk) -> dict[int, DatatypeSamples]:
        """Return the samples of a chunk, whose window has that number."""
        watch = _Watch()
        if not self._lane.enter(number, self._pool.stopped):
            self._lane.leave(None)
            raise _StoppedError
        try:
            return self._windows.read(chunk, self._took(chunk, watch))
        finally:
            self._lane.leave(watch.took_s)

    # -- the binary export ---------------------------------------------------------

    def _exports(self, chunks: Sequence[Chunk], done: Fetched) -> None:
        """Fetch the chunks of the export one by one: the first may hold all."""
        for chunk in chunks:
            if not any(_covers(export.chunk, chunk) for export in done.exports):
                self._next_export(chunk, done)
            self._meter.finished(chunk)

    def _next_export(self, chunk: Chunk, done: Fetched) -> None:
        try:
            done.exports.append(self._export(chunk))
        except HexoframeError as error:
            self._lose(chunk, error, done)
        except BinaryRefusedError as refused:
            # A server that sent one chunk has an export, so this is a failure.
            cause = refused.__cause__
            if not done.exports or not isinstance(cause, HexoframeError):
                raise
            self._lose(chunk, cause, done)

    def _export(self, chunk: Chunk) -> FetchedExport:
        data = self._archive(chunk)
        kind = self._cut_of(chunk, data)
        if kind == "odd":
            # Nothing says where the samples of this export belong; in a whole one it
            # is known.
            _LOG.info("%s: another span came, all is fetched", self._place(chunk))
            chunk = self._whole(chunk)
            data, kind = self._archive(chunk), "whole"
        if kind == "whole":
            chunk = self._whole(chunk)
        if chunk.datatypes and self._holds_more(chunk, data):
            chunk = replace(chunk, datatypes=())
        return FetchedExport(chunk=chunk, data=data)

    def _whole(self, chunk: Chunk) -> Chunk:
        first, last = self._head.span
        return replace(chunk, start=first, end=last + 1, whole=True)

    def _archive(self, chunk: Chunk) -> RecordData:
        """Return a chunk of the export, fetched again if it is damaged."""
        path = self._store.path(chunk)
        for left in reversed(range(_TRIES)):
            if not self._store.has(chunk):
                self._download(chunk)
            try:
                data = self._read(chunk)
            except FileFormatError as error:
                self._store.drop(chunk)
                if not left:
                    raise ResponseError(
                        f"{self._place(chunk)}: the service sent a damaged export "
                        f"({error}); try again later, or with transport='json'"
                    ) from error
                _LOG.info("%s is damaged (%s): requested again", path.name, error)
                continue
            self._store.finish(chunk)
            return data
        raise AssertionError  # the last turn returns or raises

    def _download(self, chunk: Chunk) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._session.download(
                    _PATH,
                    chunk.query(self._head.id),
                    target=self._store.path(chunk),
                    most_bytes=_most_zip(self._head),
                    accept=BINARY,
                    on_bytes=self._took(chunk),
                )
            except RequestError as error:
                if error.status in _REFUSALS:
                    raise BinaryRefusedError from error
                raise
            except ResponseError as error:
                # A sign-in page of the network, or a server without binary exports.
                if not left:
                    raise BinaryRefusedError from error
                _LOG.info("%s: requested again", error)
            else:
                return

    def _read(self, chunk: Chunk) -> RecordData:
        """Open an export; `build` checks the length of its channels."""
        path = self._store.path(chunk)
        if archive.is_empty(path):
            raise BinaryRefusedError from ResponseError(
                f"{self._place(chunk)}: the export is empty"
            )
        return archive.read(path, ReadOptions(model=self._family), judge=False)

    def _cut_of(
        self, chunk: Chunk, data: RecordData
    ) -> Literal["requested", "whole", "odd"]:
        """Tell if an export holds the requested span, the whole record, or neither."""
        first, last = self._head.span
        if chunk.whole:
            return "whole"
        if data.start_tick == first and _samples_end(data) >= last - self._clock:
            return "whole"
        # A server cuts where the slowest channel has a sample, which may be earlier.
        cell = self._clock * _LONGEST_STEP_S
        if chunk.start - cell <= data.start_tick <= chunk.start + cell and (
            chunk.start == first or data.start_tick != first
        ):
            return "requested"
        return "odd"

    def _holds_more(self, chunk: Chunk, data: RecordData) -> bool:
        """Whether an export holds waveforms and rates that were not requested."""
        requested = {self._rows[number].channel for number in chunk.datatypes}
        return any(
            data.channel(name).kind in {"waveform", "rate"} and name not in requested
            for name in data
        )


def _samples_end(data: RecordData) -> int:
    """Return the tick after the last sample, whatever the export says of its end."""
    ends = [
        data.start_tick + round(count * ticks)
        for name in data
        if (ticks := data.channel(name).ticks) is not None
        and (count := data.receipt(name).samples)
    ]
    return max(ends, default=data.start_tick)


def _covers(have: Chunk, wanted: Chunk) -> bool:
    """Whether an export that came makes another chunk unnecessary."""
    if not have.whole:
        return False
    return not have.datatypes or (
        bool(wanted.datatypes) and set(wanted.datatypes) <= set(have.datatypes)
    )


def _same(one: DatatypeSamples, other: DatatypeSamples) -> bool:
    return np.array_equal(one.ticks, other.ticks) and np.array_equal(
        one.values, other.values, equal_nan=True
    )
