"""Records of the service: over the network, from the cache, at the pace of the host.

The simulated server runs in a process of its own and has rendered every answer before
it is asked in earnest. A load over the network is made in a fresh process, after that
of a minute, which warms it up. At most 8 hours of the record are loaded so, and 2 hours
at the pace of the host. The classic way runs once as it is, since that takes minutes:
the collector of garbage walks all rows again and again, so that its time grows with the
square of the length. Without the collector it grows with the length.

Where the time of a load by JSON goes, in ns of a processor a sample (4 hours, a busy
machine): fetched 8, unpacked 15, parsed and checked 51, kept until all is there 17,
made into frames 8, written as Parquet 24, read back 3, all else 20; beside it a tenth
of a second whatever the length. The parser, simdjson, holds the lock of Python: these
35 are the least that the clock can show, on however many processors.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from unittest import mock
from urllib.parse import urlencode

import pandas as pd

import hexoframe
from hexoframe.simulator.shirt import Shirt
from tests.benchmarks import child as here
from tests.benchmarks import classic
from tests.benchmarks.harness import child, paired, race, seconds, timed
from tests.benchmarks.serving import Served

_NIGHT_S, _WALK_S, _MINUTE_S = 8 * 3600, 2 * 3600, 60
_WARM_UP, _LOADED, _KEPT = "1", "2", "3"
_PER_S, _BYTES_PER_S = 5, 6_250_000
_JSON = "application/json"


def bench(world):
    night = min(world.seconds, _NIGHT_S)
    shirts = [
        _shirt(_WARM_UP, _MINUTE_S),
        _shirt(_LOADED, night),
        _shirt(_KEPT, world.seconds),
    ]
    with Served(shirts) as server:
        loads = _Loads(server, world, shirts[1])
        yield from _against_the_classic_way(loads, _length(night))
        yield from _second_load(world, server)
    yield from _at_the_pace_of_the_host(world)


def _shirt(record, length):
    return {
        "seed": 1,
        "duration_s": length,
        "activity": "day",
        "movement": 0.02,
        "record_id": int(record),
    }


def _length(span):
    return f"{span // 3600} h" if span % 3600 == 0 else f"{span} s"


@contextlib.contextmanager
def _new_cache(world, environment):
    """Name a cache folder that is empty in the environment of a server."""
    folder = tempfile.mkdtemp(dir=world.folder)
    yield {**environment, "HEXOFRAME_CACHE_DIR": folder}
    shutil.rmtree(folder)


# --- a load over the network --------------------------------------------------------


class _Loads:
    """Every way of loading the record, in fresh processes, in turn."""

    def __init__(self, server, world, shirt):
        self.server = server
        self.world = world
        self._fetch(_classic_requests(Shirt(**shirt)))
        # The first time the server renders what it is asked for.
        self._requests = {way: self._requests_of(way) for way in ("auto", "json")}
        rounds = [
            {
                "auto": self._load("auto"),
                "json": self._load("json"),
                "off": self._classic("off"),
            }
            for _ in range(world.rounds)
        ]
        slow = self._classic("on")
        self._rounds = [found | {"on": slow} for found in rounds]
        if any(
            found[way]["values"] < slow["values"] for found in rounds for way in found
        ):
            raise RuntimeError(f"the loads do not bring the same: {self._rounds}")

    def _once(self, *arguments):
        with _new_cache(self.world, self.server.environment) as environment:
            return child(*arguments, environment=environment)

    def _load(self, transport):
        return self._once("ask", _LOADED, _WARM_UP, transport)

    def _classic(self, collection):
        return self._once("ask_classic", _LOADED, _WARM_UP, collection)

    def _fetch(self, requests):
        path = self.world.folder / "requests.json"
        path.write_text(json.dumps(requests))
        return self._once("fetch", str(path))

    def _requests_of(self, transport):
        self.server.happened()
        self._load(transport)
        return [
            (path, accept)
            for path, accept in self.server.happened().paths
            if "/api/data/" in path and f"record={_LOADED}&" in f"{path}&"
        ]

    def compare(self, way, other, figure="seconds", **about):
        """Compare two ways of "auto", "json", and the classic one, "on" or "off"."""
        pairs = [(found[way][figure], found[other][figure]) for found in self._rounds]
        return paired(pairs, **about)

    def fetched(self, way, **about):
        """Compare what the line takes with the load that it is a part of."""
        pairs = [
            (self._fetch(self._requests[way])["seconds"], found[way]["seconds"])
            for found in self._rounds
        ]
        return paired(pairs, **about)


def _classic_requests(shirt):
    start, end = shirt.start, shirt.start + shirt.duration_ticks
    return [
        (f"/api/data/?{urlencode(query)}", _JSON)
        for _, query in classic.queries(_LOADED, start, end)
    ]


def _against_the_classic_way(loads, length):
    for way, targets, most in (("auto", (40, 8), 0.2), ("json", (6, 6), None)):
        what = f"{length} from the service, {way}"
        for other, target in zip(("on", "off"), targets, strict=True):
            yield loads.compare(
                way,
                other,
                what=f"{what}, cold cache",
                against=f"the classic way, garbage collection {other}",
                target=target,
            )
        yield loads.compare(
            way,
            "off",
            figure="cpu",
            what=f"{what}, time of all processors",
            against="the classic way, garbage collection off",
        )
        yield loads.compare(
            way,
            "on",
            figure="peak",
            what=f"{what}, peak memory",
            against="the classic way, whole processes",
            unit="MB",
            target=most,
            at_most=True,
        )
        yield loads.fetched(
            way,
            what=f"{length}, {way}, answers fetched and dropped",
            against="the load that they are for: the share of server and line",
            at_most=True,
        )


# --- the cache ----------------------------------------------------------------------


def _second_load(world, server):
    with (
        _new_cache(world, server.environment) as environment,
        mock.patch.dict(os.environ, environment),
        here.client() as client,
    ):
        default = world.folder / "default of the service"
        default.mkdir()
        first = _load(client, _KEPT)
        if len(first["ecg"]) != world.seconds * 256:
            raise RuntimeError(f"the record is not whole: {len(first['ecg'])} samples")
        for name in first:
            first[name].to_parquet(default / f"{name}.parquet")
        del first

        def look():
            record = _load(client, _KEPT)
            return repr(record), record.coverage()

        for what, work, target in (
            ("Record, table, coverage", look, 10),
            ("every channel touched", lambda: _load(client, _KEPT).load(), 2),
        ):
            yield race(
                timed(work),
                timed(lambda: [pd.read_parquet(path) for path in default.iterdir()]),
                rounds=world.rounds + 2,
                what=f"{_length(world.seconds)} from the cache, {what}",
                against="pandas.read_parquet of each default file",
                target=target,
            )


def _load(client, record, **how):
    return client.load_record(record, progress=False, **how)


# --- the pace -----------------------------------------------------------------------


def _at_the_pace_of_the_host(world):
    length = min(world.seconds, _WALK_S)
    slow = {"latency_s": 0.2, "bandwidth": _BYTES_PER_S}
    with Served([_shirt(_LOADED, length)], **slow) as server:
        _paced(world, server)
        *_, asked = rounds = [_paced(world, server) for _ in range(world.rounds)]
    yield paired(
        [(taken, bound) for taken, bound, _ in rounds],
        what=f"{_length(length)}, JSON, 200 ms latency, 50 Mbit/s",
        against=asked[-1],
        target=1.1,
        at_most=True,
    )


def _paced(world, server):
    """Return what a load takes, the least that limit and line allow, and why."""
    with (
        _new_cache(world, server.environment) as environment,
        mock.patch.dict(os.environ, environment),
        hexoframe.connect() as client,
    ):
        server.happened()
        taken = seconds(lambda: _load(client, _LOADED, transport="json").load())
        asked = server.happened()
    bound = max(asked.requests / _PER_S, asked.bytes / _BYTES_PER_S)
    told = f"{asked.requests} requests at 5 a second, {asked.bytes / 1e6:.1f} MB"
    return taken, bound, f"the longer of {told}"
