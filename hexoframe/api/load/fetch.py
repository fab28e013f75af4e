"""Fetches the pieces of a plan: several at a time, each until it is whole.

A page that the server thinned is asked for again in smaller windows, an answer that
makes no sense is asked for again, and an export that is not what was asked for is told
from one that is. What came is kept on the `shelf`; frames are made of it in `assemble`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn

import numpy as np

from hexoframe.api.http.session import BINARY, JSON
from hexoframe.api.load.chunks import Piece, split
from hexoframe.api.load.threads import Crew
from hexoframe.channels import CLOCK_OF_FAMILY, datatypes_of
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
from hexoframe.formats.wire.answers import DatatypeSamples as Samples
from hexoframe.formats.wire.answers import parse_data
from hexoframe.formats.wire.windows import is_thinned, join_windows

if TYPE_CHECKING:
    from hexoframe.api.http.session import OnBytes, Transport
    from hexoframe.api.load.chunkstore import Shelf
    from hexoframe.api.load.plan import Plan
    from hexoframe.api.load.progress import Meter
    from hexoframe.api.load.recordhead import RecordHead
    from hexoframe.channels import Datatype, Family
    from hexoframe.recording.data import RecordData

__all__ = ["BinaryRefusedError", "Export", "Fetched", "Fetcher", "fetch_samples"]

_LOG = logging.getLogger(__name__)
_PATH = "/api/data/"
# More than these are never in flight at the allowed pace.
_THREADS = 4
# How often an answer that makes no sense is asked for, and one without samples.
_TRIES, _EMPTY_TRIES = 3, 2
# A window so short that is thinned still is no matter of its length.
_LEAST_TICKS = 64
# Channels of the longest step have a sample each five minutes.
_LONGEST_STEP_S = 300
# What a server says that has no binary form for a record that it does have.
_REFUSALS = frozenset({400, 404, 405, 406, 410, 415, 501})
# Failures of one piece that a caller who allows parts may go on without.
_BEARABLE = (ServerError, ResponseError, IncompleteDataError)


class BinaryRefusedError(Exception):
    """The server has no binary export of this record; the cause says why."""


class _StoppedError(Exception):
    """Another piece failed, or the user interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A part of the binary export that came.

    Attributes
    ----------
    piece : Piece
        What it holds, which may be more than was asked for.
    data : RecordData
        Its channels, not read yet.
    """

    piece: Piece
    data: RecordData


@dataclass(slots=True)
class Fetched:
    """What a plan brought.

    Attributes
    ----------
    exports : list of Export
        Parts of the binary export, in order of time.
    lost : list of Piece
        Pieces that did not come, where the caller allowed it.
    """

    exports: list[Export] = field(default_factory=list)
    lost: list[Piece] = field(default_factory=list)

    def lost_of(self, kind: Literal["zip", "json"]) -> list[Piece]:
        """Return the pieces of one kind that did not come, in order of time."""
        lost = [piece for piece in self.lost if piece.kind == kind]
        return sorted(lost, key=lambda piece: piece.start)


def fetch_samples(
    transport: Transport,
    head: RecordHead,
    piece: Piece,
    *,
    on_bytes: OnBytes | None = None,
) -> dict[int, Samples]:
    """Return the answer to a page of JSON; one that makes no sense is asked for again.

    Parameters
    ----------
    transport : Transport
        Where to ask.
    head : RecordHead
        The record.
    piece : Piece
        The page.
    on_bytes : callable, optional
        Told of bytes as they come.

    Raises
    ------
    RequestError
        If the service refuses, fails or cannot be reached.
    ResponseError
        If the answer still makes no sense.
    """
    where = told(head, piece)
    for left in reversed(range(_TRIES)):
        try:
            body = transport.get_bytes(
                _PATH, piece.query(head.id), accept=JSON, on_bytes=on_bytes
            )
            return parse_data(body, clock=head.clock, where=where, window=piece.window)
        except ResponseError as error:
            if not left:
                raise
            _LOG.info("%s: asked again", error)
    raise AssertionError  # the last turn returns or raises


def told(head: RecordHead, piece: Piece) -> str:
    """Return which part of which record a piece is, for messages."""
    return f"record {head.id}, ticks {piece.start} to {piece.end}"


class Fetcher:
    """Fetches the pieces of one record.

    Parameters
    ----------
    transport : Transport
        Where to ask.
    head : RecordHead
        The record.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    shelf : Shelf
        Where finished pieces are kept.
    meter : Meter
        Told of what comes.
    allow_partial : bool
        Whether a piece that does not come is a matter for a warning.
    """

    def __init__(  # noqa: PLR0913  # what a download is, each by name
        self,
        transport: Transport,
        head: RecordHead,
        family: Family,
        *,
        shelf: Shelf,
        meter: Meter,
        allow_partial: bool = False,
    ) -> None:
        self._transport = transport
        self._head = head
        self._family: Family = family
        self._clock = CLOCK_OF_FAMILY[family]
        self._rows: Mapping[int | None, Datatype] = {
            row.id: row for row in datatypes_of(family)
        }
        self._shelf = shelf
        self._meter = meter
        self._allow_partial = allow_partial
        self._crew = Crew()
        self._guard = threading.Lock()

    def run(self, plan: Plan, then: Iterable[Callable[[], object]] = ()) -> Fetched:
        """Fetch every piece of a plan that the shelf lacks.

        Parameters
        ----------
        plan : Plan
            What to fetch.
        then : iterable of callable
            Other requests, begun when all pieces are; `finish` waits for them.

        Returns
        -------
        Fetched
            The exports that came; pages lie on the shelf.

        Raises
        ------
        BinaryRefusedError
            If the server has no binary export of the record.
        IncompleteDataError
            If the server thins even the shortest window.
        HexoframeError
            If a request fails; what was finished before stays on the shelf.
        """
        self._meter.plan(plan.pieces)
        done = Fetched()
        exports, pages = plan.of_kind("zip"), plan.of_kind("json")
        jobs: list[Callable[[], object]] = []
        if exports:
            jobs.append(lambda: self._exports(exports, done))
        jobs += [partial(self._page, page, done) for page in pages]
        self._crew = Crew()
        with self._explaining():
            self._crew.run(jobs, _THREADS, then=then)
        return done

    def finish(self) -> None:
        """Wait for the requests that were begun after the pieces.

        Raises
        ------
        HexoframeError
            If one fails; all pieces stay on the shelf.
        """
        with self._explaining():
            self._crew.finish()

    def stop(self) -> None:
        """Begin no more requests."""
        self._crew.stopped.set()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Say on an error what is kept, and what a later call needs to go on."""
        try:
            yield
        except HexoframeError as error:
            self._explain(error)
            raise

    def _explain(self, error: HexoframeError) -> None:
        error.add_note(
            f"record {self._head.id}: the pieces that were finished are kept where "
            "there is a cache, and the same call goes on there"
            if self._head.is_resumable
            else f"record {self._head.id}: nothing is kept of a record that still "
            "changes (see its status), and the same call begins anew"
        )
        if isinstance(error, IncompleteDataError) and error.resume is None:
            error.resume = {
                "record": self._head.id,
                "host": str(self._transport.origin),
            }

    # -- bytes ---------------------------------------------------------------------

    def _took(self, piece: Piece) -> Callable[[int], None]:
        stopped = self._crew.stopped

        def took(length: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            self._meter.took(piece, length)

        return took

    def _name(self, piece: Piece) -> str:
        return told(self._head, piece)

    def _bear(self, piece: Piece, error: HexoframeError, done: Fetched) -> None:
        """Go on without a piece, or raise."""
        if not (self._allow_partial and isinstance(error, _BEARABLE)):
            raise error
        warn(
            f"{self._name(piece)} did not come: {error}",
            MissingSamplesWarning,
        )
        with self._guard:
            done.lost.append(piece)

    # -- pages of JSON -------------------------------------------------------------

    def _page(self, piece: Piece, done: Fetched) -> None:
        if not self._shelf.has(piece):
            try:
                self._shelf.put(piece, self._unthinned(piece, self._ask(piece)))
            except HexoframeError as error:
                self._bear(piece, error, done)
        self._meter.finished(piece)

    def _ask(self, piece: Piece) -> dict[int, Samples]:
        """Return the answer to a piece."""
        took = self._took(piece)
        for _ in range(_EMPTY_TRIES):
            found = fetch_samples(self._transport, self._head, piece, on_bytes=took)
            found = {n: found[n] for n in piece.datatypes if n in found}
            # Nothing at all may be so, or a server that is not itself: ask once more.
            if any(len(samples.ticks) for samples in found.values()):
                return found
        return {}

    def _unthinned(self, piece: Piece, found: dict[int, Samples]) -> dict[int, Samples]:
        """Return the answer to a piece with all that the server left out of it."""
        thinned = [n for n in found if is_thinned(found[n], self._rows[n])]
        if not thinned:
            return found
        if piece.end - piece.start < 2 * _LEAST_TICKS:
            self._refuse_thinned(piece, thinned)
        halves = split(replace(piece, datatypes=tuple(sorted(thinned))))
        answers = [self._ask(half) for half in halves]
        # What parts of the window hold too, and no more, was whole.
        joined = self._joined(answers, piece)
        whole = {n for n in thinned if n in joined and _same(found[n], joined[n])}
        rest = [
            self._unthinned(half, {n: s for n, s in answer.items() if n not in whole})
            for half, answer in zip(halves, answers, strict=True)
        ]
        return found | self._joined(rest, piece)

    def _joined(
        self, answers: Sequence[Mapping[int, Samples]], piece: Piece
    ) -> dict[int, Samples]:
        return join_windows(answers, self._family, where=self._name(piece)).samples

    def _refuse_thinned(self, piece: Piece, thinned: Sequence[int]) -> NoReturn:
        names = [self._rows[number].api_name for number in thinned]
        raise IncompleteDataError(
            f"{self._name(piece)}: the server leaves out samples of "
            f"{', '.join(names)} even in a window of {piece.end - piece.start} ticks; "
            "load them with transport='zip', or what there is with allow_partial=True",
            ledger=dict.fromkeys(names, piece.window),
        )

    # -- the binary export ---------------------------------------------------------

    def _exports(self, pieces: Sequence[Piece], done: Fetched) -> None:
        """Fetch the parts of the export, one by one: a part may turn out to be all."""
        for piece in pieces:
            if not any(_covers(export.piece, piece) for export in done.exports):
                self._next_export(piece, done)
            self._meter.finished(piece)

    def _next_export(self, piece: Piece, done: Fetched) -> None:
        try:
            done.exports.append(self._export(piece))
        except HexoframeError as error:
            self._bear(piece, error, done)
        except BinaryRefusedError as refused:
            # Who gave one part has a binary form: this is a failure.
            cause = refused.__cause__
            if not done.exports or not isinstance(cause, HexoframeError):
                raise
            self._bear(piece, cause, done)

    def _export(self, piece: Piece) -> Export:
        data = self._archive(piece)
        kind = self._judge(piece, data)
        if kind == "odd":
            # A part in a place that it does not tell is of no use; the whole has one.
            _LOG.info("%s: not cut as was asked for, all is fetched", self._name(piece))
            piece = self._whole(piece)
            data, kind = self._archive(piece), "whole"
        if kind == "whole":
            piece = self._whole(piece)
        if piece.datatypes and self._holds_more(piece, data):
            piece = replace(piece, datatypes=())
        return Export(piece=piece, data=data)

    def _whole(self, piece: Piece) -> Piece:
        first, last = self._head.span
        return replace(piece, start=first, end=last + 1, whole=True)

    def _archive(self, piece: Piece) -> RecordData:
        """Return a part of the export, fetched again where it is damaged."""
        path = self._shelf.path(piece)
        for left in reversed(range(_TRIES)):
            if not self._shelf.has(piece):
                self._download(piece)
            try:
                data = self._read(piece)
            except FileFormatError as error:
                self._shelf.drop(piece)
                if not left:
                    raise ResponseError(
                        f"{self._name(piece)}: the service sent a damaged export "
                        f"({error}); try again later, or with transport='json'"
                    ) from error
                _LOG.info("%s is damaged (%s): asked again", path.name, error)
                continue
            self._shelf.finish(piece)
            return data
        raise AssertionError  # the last turn returns or raises

    def _download(self, piece: Piece) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._transport.download(
                    _PATH,
                    piece.query(self._head.id),
                    target=self._shelf.path(piece),
                    accept=BINARY,
                    on_bytes=self._took(piece),
                )
            except RequestError as error:
                if error.status in _REFUSALS:
                    raise BinaryRefusedError from error
                raise
            except ResponseError as error:
                # A page of the network, or a server that knows no binary form.
                if not left:
                    raise BinaryRefusedError from error
                _LOG.info("%s: asked again", error)
            else:
                return

    def _read(self, piece: Piece) -> RecordData:
        """Open an export; how long its channels should be is judged in `assemble`."""
        path = self._shelf.path(piece)
        if archive.is_empty(path):
            raise BinaryRefusedError from ResponseError(
                f"{self._name(piece)}: the export is empty"
            )
        return archive.read(path, ReadOptions(model=self._family), judge=False)

    def _judge(self, piece: Piece, data: RecordData) -> Literal["cut", "whole", "odd"]:
        """Tell whether an export was cut as it was asked for, or not at all."""
        first, last = self._head.span
        if piece.whole:
            return "whole"
        if data.start_tick == first and samples_end(data) >= last - self._clock:
            return "whole"
        # Parts begin at the start of a cell of the slowest channel at the earliest.
        cell = self._clock * _LONGEST_STEP_S
        if piece.start - cell <= data.start_tick <= piece.start + cell and (
            piece.start == first or data.start_tick != first
        ):
            return "cut"
        return "odd"

    def _holds_more(self, piece: Piece, data: RecordData) -> bool:
        """Whether an export holds waveforms and rates that were not asked for."""
        asked = {self._rows[number].channel for number in piece.datatypes}
        return any(
            data.channel(name).kind in {"waveform", "rate"} and name not in asked
            for name in data
        )


def samples_end(data: RecordData) -> int:
    """Return the tick behind the last sample, whatever a part says of its end."""
    ends = [
        data.start_tick + round(count * ticks)
        for name in data
        if (ticks := data.channel(name).ticks) is not None
        and (count := data.receipt(name).samples)
    ]
    return max(ends, default=data.start_tick)


def _covers(have: Piece, wanted: Piece) -> bool:
    """Whether a part of the export that came makes another needless."""
    if not have.whole:
        return False
    return not have.datatypes or (
        bool(wanted.datatypes) and set(wanted.datatypes) <= set(have.datatypes)
    )


def _same(one: Samples, other: Samples) -> bool:
    return np.array_equal(one.ticks, other.ticks) and np.array_equal(
        one.values, other.values, equal_nan=True
    )
