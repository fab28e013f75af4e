"""The data resource and its derived endpoints: JSON, CSV, binary export and EDF.

Queries are parsed in `dataquery`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import Datatype
from hexoframe.digits import floats, integers, join, texts
from hexoframe.simulator.server.catalog import rows_by_id
from hexoframe.simulator.server.dataquery import Asked, RecordWindow, parse_query
from hexoframe.simulator.server.edf import edf_file
from hexoframe.simulator.server.lists import Pairs
from hexoframe.simulator.server.messages import BINARY, CSV, EDF, Answer, error
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.signals import EVER, Cut, Series, pack, state_block
from hexoframe.simulator.server.world import ServedRecord, User, World

__all__ = ["DataRequest", "DataService"]

if TYPE_CHECKING:
    from numpy.typing import NDArray

# gzip level: half the time of the default 6 for 3 % more bytes.
_LEVEL = 4


class DataRequest(NamedTuple):
    """A request for data: all that its answer depends on, except the world."""

    user: User
    endpoint: str
    query: tuple[tuple[str, str], ...]
    accept: str
    gzip: bool
    v1: bool


class DataService:
    """Answers requests for data, and caches the answers.

    `clock` gives seconds since 1970, for X-HexoCache.
    """

    def __init__(
        self, world: World, switches: Switches, clock: Callable[[], float]
    ) -> None:
        self._world = world
        self._switches = switches
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[float, Answer]] = OrderedDict()
        self._bytes = 0

    def answer(self, request: DataRequest) -> Answer:
        """Return the answer to a request, rendered now or from the cache."""
        if request.accept in {BINARY, EDF}:
            request = request._replace(gzip=False)  # a ZIP is compressed already
        key = (self._world.version, request)
        with self._lock:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
        if found:
            since, answer = found
            told = {**answer.headers, "X-HexoCache": str(int(since))}
            return replace(answer, headers=told)
        answer = self._compress(request, self._render(request))
        self._keep(key, answer)
        return answer

    def _keep(self, key: Any, answer: Answer) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = (self._clock(), answer)
            self._bytes += len(answer.body)
            while self._bytes > self._switches.cache_mb * 1_000_000:
                _, (_, old) = self._kept.popitem(last=False)
                self._bytes -= len(old.body)

    def _compress(self, request: DataRequest, answer: Answer) -> Answer:
        if not request.gzip or answer.status != 200:
            return answer
        told = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return replace(
            answer, body=gzip.compress(answer.body, _LEVEL, mtime=0), headers=told
        )

    def _render(self, request: DataRequest) -> Answer:
        query: Pairs = list(request.query)
        asked = parse_query(
            self._world,
            self._switches,
            request.user,
            endpoint=request.endpoint,
            query=query,
        )
        if request.accept in {BINARY, EDF} and not self._switches.binary:
            return error(400, "The binary forms are not available.")
        if request.accept == BINARY:
            return self._binary(asked)
        if request.accept == EDF:
            return self._edf(asked)
        return self._csv(asked) if request.accept == CSV else self._json(asked, request)

    # --- series ---------------------------------------------------------------------

    def _series(self, part: RecordWindow, datatype: int, asked: Asked) -> Series | None:
        """Return the thinned values of one datatype in one part."""
        record = part.record
        row = rows_by_id(self._world.family).get(datatype)
        live = record.is_live and row is not None and row.kind != "waveform"
        if row is None or not (record.is_synced or live):
            return None
        growing = record.arrivals
        if growing is not None and row.kind == "state":
            return None  # the server finds states when all is there
        whole = row.kind == "state"
        window = EVER if whole else (part.first, part.last)
        series = record.source.series(datatype, window)
        if series is None:
            return None
        if whole:
            series = self._states(record, series)
        ticks = series.ticks
        first = 0 if part.first is None else np.searchsorted(ticks, part.first, "left")
        last = (
            len(ticks) if part.last is None
            else np.searchsorted(ticks, part.last, "right")
        )  # fmt: skip
        ticks, values = ticks[first:last], series.values[first:last]
        if growing is not None:
            come = growing.rows(datatype, ticks)
            ticks, values = ticks[come], values[come]
        step = max(-(-len(ticks) // asked.max_values), 1)
        return Series(ticks[::step], values[::step])

    def _states(self, record: ServedRecord, series: Series) -> Series:
        """Return the parts of a state that lie in ranges of sleep or rest."""
        blocks = [
            state_block(series, first, last, clock=record.source.clock)
            for first, last in self._world.quiet_parts(record)
        ]
        return Series(
            np.concatenate([series.ticks[:0], *(b.ticks for b in blocks)]),
            np.concatenate([series.values[:0], *(b.values for b in blocks)]),
        )

    def _by_user(self, asked: Asked) -> Iterator[tuple[int, dict[int, list[Series]]]]:
        """Yield for each user the series by datatype, one a record."""
        users = dict.fromkeys(part.record.user for part in asked.parts)
        for user in users:
            parts = [part for part in asked.parts if part.record.user == user]
            numbers = asked.datatypes or tuple(rows_by_id(self._world.family))
            found: dict[int, list[Series]] = {}
            for number in numbers:
                pieces = [self._series(part, number, asked) for part in parts]
                found[number] = [s for s in pieces if s is not None and len(s.ticks)]
            if any(found.values()):
                yield user, found

    # --- JSON -----------------------------------------------------------------------

    def _json(self, asked: Asked, request: DataRequest) -> Answer:
        base = "/api/v1" if request.v1 else "/api"
        objects: list[bytes] = []
        flat: list[bytes] = []
        for user, found in self._by_user(asked):
            lists: dict[int, bytes] = {}
            for number, series in found.items():
                if series or self._switches.empty_channels == "empty":
                    inner = [self._values(number, one, asked) for one in series]
                    lists[number] = b", ".join(inner)
            flat += filter(None, lists.values())
            data = b", ".join(
                b'"%d": [%b]' % (number, inner) for number, inner in lists.items()
            )
            more = b""
            if request.endpoint == "datafile":
                mine = [p.record for p in asked.parts if p.record.user == user]
                more = b'"record": %b, ' % _records(mine, base)
            owner = f"{base}/user/{user}/".encode("ascii")
            objects.append(b'{"data": {%b}, %b"user": "%b"}' % (data, more, owner))
        waits = any(not part.record.is_synced for part in asked.parts)
        if asked.flat:
            objects = flat
        elif not objects and waits and self._switches.unsynced == "empty_object":
            objects = [b"{}"]
        return Answer(200, b"[%b]" % b", ".join(objects))

    def _values(self, number: int, series: Series, asked: Asked) -> bytes:
        """Return the values of one series as JSON, without the brackets around."""
        row = rows_by_id(self._world.family)[number]
        floating = row.kind == "state" and self._switches.float_stamps
        ticks, values = series
        shown = (
            _codes(values, floating=floating) if row.kind == "state"
            else integers(values) if values.dtype.kind == "i"
            else floats(values)
        )  # fmt: skip
        if asked.no_timestamps:
            return join([shown], newline=b", ").removesuffix(b", ")
        stamps = (
            floats(ticks / self._world.clock) if asked.seconds
            else floats(ticks) if floating
            else integers(ticks)
        )  # fmt: skip
        pairs = join([stamps, shown], separator=b", ", newline=b"], [")
        return b"[" + pairs.removesuffix(b", [")

    # --- CSV ------------------------------------------------------------------------

    def _csv(self, asked: Asked) -> Answer:
        tables = list(self._by_user(asked))
        numbers = [
            number for number in asked.datatypes or rows_by_id(self._world.family)
            if any(found[number] for _, found in tables)
        ]  # fmt: skip
        several = len(tables) > 1
        lines = [",".join([*(["user"] if several else []), *self._heads(numbers)])]
        for user, found in tables:
            cells = self._cells([found[number] for number in numbers], asked)
            lead = f"/api/user/{user}/," if several else ""
            lines += [f"{lead}{line}" for line in cells]
        text = "".join(f"{line}\n" for line in lines)
        return Answer(200, text.encode("ascii"), f"{CSV}; charset=utf-8")

    def _heads(self, numbers: list[int]) -> list[str]:
        uris = {number: f"/api/datatype/{number}/" for number in numbers}
        if self._switches.csv_header == "uri":
            return ["timestamp", *uris.values()]
        rows = rows_by_id(self._world.family)
        return [
            f"time [s/{self._world.clock}]",
            *(
                f"{rows[n].api_name} [{_printed_unit(rows[n])}]({uris[n]})"
                for n in numbers
            ),
        ]

    def _cells(self, columns: list[list[Series]], asked: Asked) -> list[str]:
        """Return the rows of a table: one for each tick that any column has."""
        stamps = np.unique(np.concatenate([s.ticks for c in columns for s in c]))
        shown: list[Any] = stamps.tolist()
        if asked.seconds:
            shown = (stamps / self._world.clock).tolist()
        table = [list(map(str, shown))]
        for column in columns:
            texts = [""] * len(stamps)
            for series in column:
                places = np.searchsorted(stamps, series.ticks).tolist()
                values = series.values.tolist()
                for place, value in zip(places, values, strict=True):
                    texts[place] = repr(value)
            table.append(texts)
        return list(map(",".join, zip(*table, strict=True)))

    # --- the binary export and EDF --------------------------------------------------

    def _binary(self, asked: Asked) -> Answer:
        parts, cut = self._cut(asked)
        body = self._given(parts, cut) or self._packed(parts, cut)
        return _file_answer(body, BINARY, f"{_stem(parts, cut)}.zip")

    def _edf(self, asked: Asked) -> Answer:
        parts, cut = self._cut(asked)
        if len(parts) > 1:
            return error(501, "The simulator writes EDF of one record only.")
        if not parts:
            return error(404)
        record = parts[0].record
        files = record.source.members(cut, self._switches.quirks)
        body = edf_file(record, self._world.users[record.user], files)
        return _file_answer(body, EDF, f"{_stem(parts, cut)}.edf")

    def _cut(self, asked: Asked) -> tuple[list[RecordWindow], Cut]:
        """Return the records whose files are wanted, and how to cut them."""
        names = None
        if asked.datatypes and self._switches.zip_by_datatype:
            rows = rows_by_id(self._world.family)
            names = frozenset(rows[n].api_name for n in asked.datatypes if n in rows)
        window = asked.window if self._switches.zip_cut else (None, None)
        parts = [part for part in asked.parts if part.record.is_synced]
        return parts, Cut(*window, names, asked.range_id)

    def _given(self, parts: list[RecordWindow], cut: Cut) -> bytes | None:
        """Return the bytes of a given ZIP, if all of it is wanted."""
        if cut.names is None and cut.range_id in self._world.archives:
            given = self._world.archives[cut.range_id]()
            return bytes(given)
        if len(parts) == 1 and cut.is_whole:
            return parts[0].record.source.archive()
        return None

    def _packed(self, parts: list[RecordWindow], cut: Cut) -> bytes:
        top = "" if cut.range_id is None else f"range_{cut.range_id}/"
        quirks = self._switches.quirks
        return pack(
            (
                (f"{top}record_{part.record.id}/{file}", content)
                for part in parts
                for file, content in part.record.source.members(cut, quirks)
            ),
            deflate=quirks.deflate,
        )


def _stem(parts: list[RecordWindow], cut: Cut) -> str:
    """Return the name of the file to save, without suffix."""
    if cut.range_id is not None:
        return f"range_{cut.range_id}"
    return f"record_{parts[0].record.id}" if parts else "record"


def _file_answer(body: bytes, form: str, name: str) -> Answer:
    told = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    }
    return Answer(200, body, form, told, ranged=True)


def _codes(values: NDArray[Any], *, floating: bool) -> NDArray[np.uint8]:
    """Return the codes of a state, null for nan."""
    plain = values.tolist()
    return texts(
        "null" if code != code else repr(code if floating else int(code))  # noqa: PLR0124  # nan
        for code in plain
    )


def _records(records: list[ServedRecord], base: str) -> bytes:
    """Return the records of an answer as `datafile` lists them."""
    content = json.dumps(
        [
            {
                "end": record.source.end,
                "id": record.id,
                "resource_uri": f"{base}/record/{record.id}/",
                "start": record.source.start,
            }
            for record in records
        ]
    )
    return content.encode("ascii")


_UNITS = {"": "NA", "bits": "NA", "code": "NA", "count": "NA", "degC": "C"}


def _printed_unit(row: Datatype) -> str:
    """Return a unit as the service prints it."""
    # A gain without a part in the answers means that they hold counts, as for the ECG.
    counts = row.json_gain == 1 and (row.gain != 1 or row.offset != 0)
    return "NA" if counts else _UNITS.get(row.unit, row.unit)
