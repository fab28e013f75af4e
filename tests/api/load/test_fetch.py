"""Fetching the chunks of a plan: all comes that was asked for, or is asked again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hexoframe.api.load import plan as planning
from hexoframe.api.load.build import build_record
from hexoframe.api.load.chunks import Chunk, ChunkStore
from hexoframe.api.load.fetch import BinaryRefusedError, Fetcher, fetch_samples
from hexoframe.api.load.plan import make_plan, wanted_datatypes
from hexoframe.api.load.progress import Meter
from hexoframe.api.load.recordhead import fetch_head
from hexoframe.errors import (
    IncompleteDataError,
    MissingSamplesWarning,
    NotFoundError,
    ResponseError,
    ServerError,
)
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.server.data import DataService
from hexoframe.simulator.shirt import Shirt

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
SHIRT = Shirt(seed=3, duration_s=1230, record_id=41, activity="mixed")
SECOND = 256
START, END = SHIRT.start, SHIRT.start + 1230 * SECOND


@pytest.fixture(scope="module")
def running(serving):
    with serving(SHIRT) as server:
        yield server


@pytest.fixture
def server(running, cleared):
    return cleared(running)


class Fetching:
    """A fetcher with a store, and what it asked for."""

    def __init__(self, server, session, folder, **how):
        self.server = server
        self.head = fetch_head(session, 41)
        self.store = ChunkStore(folder)
        self.how = how
        self.session = session

    def plan(self, channels=None, **how):
        wanted = wanted_datatypes("hexoskin", channels)
        return make_plan("hexoskin", self.head.span, wanted, **how)

    def run(self, plan, then=()):
        self.server.clear_log()
        meter = Meter("test", "hexoskin", show=False)
        fetcher = Fetcher(
            self.session,
            self.head,
            "hexoskin",
            store=self.store,
            meter=meter,
            **self.how,
        )
        return fetcher.run(plan, then)

    def record(self, plan, fetched):
        return build_record(plan, fetched, self.store, head=self.head)

    @property
    def asked(self):
        return [entry.path for entry in self.server.log if "/data/" in entry.path]


@pytest.fixture
def fetching(server, session_of, tmp_path):
    return Fetching(server, session_of(server), tmp_path)


@pytest.fixture
def parts(monkeypatch):
    """Parts of the export of five minutes each."""
    monkeypatch.setattr(planning, "ZIP_CHUNK_BYTES", 100_000)


in_parts = pytest.mark.usefixtures("parts")


# -- what is on the store --------------------------------------------------------------


@in_parts
def test_what_is_on_the_shelf_is_not_asked_for(fetching):
    plan = fetching.plan()
    first = fetching.run(plan)
    assert len(fetching.asked) == len(plan.chunks) == 7
    again = fetching.run(plan)
    assert fetching.asked == []
    assert [export.chunk for export in again.exports] == [
        e.chunk for e in first.exports
    ]


@in_parts
def test_only_what_the_shelf_lacks_is_asked_for(fetching):
    plan = fetching.plan()
    fetching.run(plan)
    export, page = plan.of_kind("zip")[2], plan.of_kind("json")[0]
    for chunk in (export, page):
        fetching.store.drop(chunk)
    fetching.run(plan)
    assert len(fetching.asked) == 2


def test_an_export_that_was_damaged_on_disk_is_asked_for_again(fetching):
    plan = fetching.plan(["ecg"], transport="zip")
    (chunk,) = plan.chunks
    fetching.run(plan)
    path = fetching.store.path(chunk)
    whole = path.read_bytes()
    # Whole by its checksum, and yet no ZIP: somebody finished what was not.
    path.write_bytes(whole[: len(whole) // 2])
    fetching.store.finish(chunk)
    fetching.run(plan)
    assert len(fetching.asked) == 1
    assert path.read_bytes() == whole


def test_other_requests_are_sent_meanwhile(fetching):
    done = []
    fetching.run(
        fetching.plan(["heart_rate"]), [lambda: done.append(1), lambda: done.append(2)]
    )
    assert sorted(done) == [1, 2]
    fetching.run(make_plan("hexoskin", (0, 0), ()), [lambda: done.append(3)])
    assert done[-1] == 3


# -- exports that are not what was asked for -------------------------------------------


@pytest.fixture
def cut_elsewhere(monkeypatch):
    """A service that moves every window of an export that does not begin the record."""

    def move(seconds):
        plain = DataService._binary

        def moved(self, asked):
            first, last = asked.window
            if first is not None and first > START + 300 * SECOND:
                first -= seconds * SECOND
            return plain(self, replace(asked, window=(first, last)))

        monkeypatch.setattr(DataService, "_binary", moved)

    return move


@in_parts
@pytest.mark.parametrize(
    ("seconds", "whole"),
    [
        pytest.param(400, True, id="elsewhere: it is of no use and all is fetched"),
        pytest.param(299, False, id="a little before: it is fine"),
    ],
)
def test_a_chunk_of_the_export_may_begin_up_to_a_slow_sample_earlier(
    serving, session_of, tmp_path, cut_elsewhere, client_of, seconds, whole
):
    with serving(SHIRT, cache_mb=0) as server:
        right = client_of(server).load_record(41, transport="zip")
        cut_elsewhere(seconds)
        fetching = Fetching(server, session_of(server), tmp_path)
        plan = fetching.plan(transport="zip")
        fetched = fetching.run(plan)
        record = fetching.record(plan, fetched)
    assert fetched.exports[-1].chunk.whole is whole
    for name in record if whole else ("ecg", "heart_rate", "rr_interval"):
        assert record[name].equals(right[name]), name


def test_a_record_without_any_sample_has_no_export(serving, session_of, tmp_path):
    with serving(SHIRT) as server:
        server.world.change_record(41, status="processing")
        fetching = Fetching(server, session_of(server), tmp_path)
        with pytest.raises(BinaryRefusedError) as caught:
            fetching.run(fetching.plan(transport="zip"))
    assert "empty" in str(caught.value.__cause__)


@in_parts
def test_a_refusal_after_the_first_part_is_a_failure(server, fetching):
    server.faults.add(
        ServerFault(
            kind="status", status=404, accept="octet-stream", skip=1, times=None
        )
    )
    with pytest.raises(NotFoundError):
        fetching.run(fetching.plan(transport="zip"))


# -- pages of JSON ---------------------------------------------------------------------

PAGE = Chunk(kind="json", datatypes=(19,), start=START, end=START + 60 * SECOND)


@pytest.fixture
def answers(server, session_of, monkeypatch):
    """A session whose answers for data are given, one after the other."""

    def make(*bodies):
        session = session_of(server)
        left = list(bodies)
        asked = []

        def get_bytes(path, query, **_):
            asked.append((path, query))
            return left.pop(0)

        monkeypatch.setattr(session, "get_bytes", get_bytes)
        return session, asked

    return make


def body(*rows, datatype=19):
    inner = ", ".join(f"[{tick}, {value}]" for tick, value in rows)
    return f'[{{"data": {{"{datatype}": [{inner}]}}, "user": "/api/user/1/"}}]'.encode()


GOOD = body((START + SECOND, 70))
SENSELESS = {
    "cut": GOOD[:-9],
    "a web page": b"<html>",
    "an object": b"{}",
    "of another window": body((START + 61 * SECOND, 70)),
    "of another clock": body((1_709_330_400_000, 70)),
    "of two users": GOOD[:-1] + b", " + GOOD[1:],
    "words for numbers": body((START, '"70"')),
    "nothing at all": b"",
}


@pytest.mark.parametrize("what", SENSELESS)
def test_an_answer_that_makes_no_sense_is_asked_for_again(
    answers, server, session_of, what
):
    head = fetch_head(session_of(server), 41)
    session, asked = answers(SENSELESS[what], SENSELESS[what], GOOD)
    found = fetch_samples(session, head, PAGE)
    assert found[19].values.tolist() == [70]
    assert len(asked) == 3
    session, asked = answers(*[SENSELESS[what]] * 3)
    with pytest.raises(ResponseError, match="record 41, ticks"):
        fetch_samples(session, head, PAGE)
    assert len(asked) == 3


def test_an_answer_without_any_sample_is_asked_for_once_more(server, answers, tmp_path):
    for bodies, count in (
        ([b"[]", GOOD], 1),
        ([b"[{}]", b"[]"], 0),
        ([body(), body()], 0),
        ([GOOD], 1),
    ):
        session, asked = answers(*bodies)
        fetching = Fetching(server, session, tmp_path / str(len(bodies[0]) + count))
        fetching.store._folder.mkdir(exist_ok=True)
        plan = fetching.plan(
            ["heart_rate"], transport="json", window=(PAGE.start, PAGE.end)
        )
        fetching.run(plan)
        assert len(asked) == len(bodies)
        assert fetching.store.counts(plan.chunks)[19] == count


def test_datatypes_that_were_not_asked_for_are_passed_over(server, answers, tmp_path):
    more = GOOD.replace(b'"data": {', b'"data": {"36": [[%d, 1]], ' % (START + SECOND))
    session, _ = answers(more)
    fetching = Fetching(server, session, tmp_path)
    plan = fetching.plan(
        ["heart_rate"], transport="json", window=(PAGE.start, PAGE.end)
    )
    fetching.run(plan)
    assert fetching.store.counts(plan.chunks) == {19: 1}


# -- thinned ---------------------------------------------------------------------------


def test_a_thinned_page_is_asked_for_in_halves_until_it_is_whole(
    serving, session_of, tmp_path, for_data
):
    with serving(SHIRT, max_values=5000) as server:
        fetching = Fetching(server, session_of(server), tmp_path)
        plan = fetching.plan(
            ["ecg"], transport="json", window=(START, START + 60 * SECOND)
        )
        fetching.run(plan)
        # 15 360 samples: thinned in one, in two, and whole in four.
        assert len(for_data(server)) == 1 + 2 + 4
        ticks = fetching.store.get(plan.chunks[0], [4113])[4113].ticks
    # The sample at the end of the window is there, as this service includes it.
    assert np.array_equal(ticks, START + np.arange(60 * SECOND + 1))


def test_only_what_was_thinned_is_asked_for_again(
    serving, session_of, tmp_path, for_data
):
    with serving(SHIRT, max_values=10_000) as server:
        fetching = Fetching(server, session_of(server), tmp_path)
        channels = ["ecg", "acceleration", "heart_rate"]
        plan = fetching.plan(
            channels, transport="json", window=(START, START + 60 * SECOND)
        )
        fetching.run(plan)
        asked = [entry.path for entry in for_data(server)]
    halves = [path for path in asked if "datatype=4113&" in path]
    # The last heart rate is stamped behind the window and comes with a page of its own.
    whole, behind = sorted({*asked} - {*halves}, key=len, reverse=True)
    assert "4145" in whole
    assert "datatype=19&" in behind
    assert len(halves) == 2
    assert len(asked) == 4


def test_events_that_only_seem_thinned_are_asked_for_in_halves_once(
    server, answers, tmp_path
):
    """Thirty intervals, none of which reaches back to the beat before."""
    ticks = [START + SECOND * n for n in range(1, 31)]
    lone = [(tick, 0.25) for tick in ticks]
    middle = START + 30 * SECOND
    session, asked = answers(
        body(*lone, datatype=18),
        body(*[row for row in lone if row[0] <= middle], datatype=18),
        body(*[row for row in lone if row[0] >= middle], datatype=18),
    )
    fetching = Fetching(server, session, tmp_path)
    plan = fetching.plan(
        ["rr_interval"], transport="json", window=(START, START + 60 * SECOND)
    )
    fetching.run(plan)
    assert len(asked) == 3
    found = fetching.store.get(plan.chunks[0], [18])[18]
    assert found.ticks.tolist() == ticks


def test_a_window_of_which_samples_lack_whatever_its_length_is_refused(
    serving, session_of, tmp_path
):
    with serving(SHIRT, max_values=10) as server:
        plan_of = {"transport": "json", "window": (START, START + 2 * SECOND)}
        fetching = Fetching(server, session_of(server), tmp_path)
        with pytest.raises(
            IncompleteDataError, match="ECG_I even in a window"
        ) as caught:
            fetching.run(fetching.plan(["ecg"], **plan_of))
        assert caught.value.resume["record"] == 41
        allowed = Fetching(server, session_of(server), tmp_path, allow_partial=True)
        plan = allowed.plan(["ecg"], **plan_of)
        with pytest.warns(MissingSamplesWarning, match="did not come"):
            fetched = allowed.run(plan)
        assert fetched.lost == list(plan.chunks)


# -- failures --------------------------------------------------------------------------


def test_a_failure_ends_what_is_on_its_way(server, fetching):
    """One page comes so slowly that all others have failed long before its end."""
    plan = fetching.plan(["ecg"], transport="json")
    # The first shows that the line is quick enough for several.
    first, second, *_ = plan.chunks
    slow = f"start={second.start}&"
    server.faults.add(
        ServerFault(kind="drip", bytes_per_s=60_000, path=slow),
        ServerFault(kind="status", status=500, path="/api/data/", skip=1, times=None),
    )
    with pytest.raises(ServerError) as caught:
        fetching.run(plan)
    assert [chunk for chunk in plan.chunks if fetching.store.has(chunk)] == [first]
    assert any("goes on there" in note for note in caught.value.__notes__)


def test_a_failure_of_another_request_ends_the_download_too(fetching):
    def fail():
        raise NotFoundError("no such table", status=404)

    with pytest.raises(NotFoundError, match="no such table"):
        fetching.run(fetching.plan(["ecg"], transport="json"), [fail])
    # The fetcher of another run is not held up by it.
    fetching.run(fetching.plan(["heart_rate"], transport="json"))
    assert fetching.asked
