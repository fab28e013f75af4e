"""Loads against a service that fails: complete and equal, or the right error."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from hexoframe.api.load import fetch, plan
from hexoframe.cache import Cache
from hexoframe.errors import (
    AuthenticationError,
    CacheError,
    ConfigurationError,
    HexoframeWarning,
    MissingFactsWarning,
    MissingSamplesWarning,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnreachableError,
    UnverifiedCalibrationWarning,
)
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.server.world import Range, ServedAnnotation
from hexoframe.simulator.shirt import Shirt

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
# Five minutes and a bit: two parts of the export besides its states, two pages of ECG.
SHIRT = Shirt(
    seed=3,
    duration_s=310.5,
    record_id=41,
    activity="mixed",
    presses=(5, 250),
    track=True,
)
WAYS = ("auto", "zip", "json")
# One of each kind, and one that is exact in JSON alone; all channels are for the tests
# of what the service may mean.
SOME = ("ecg", "heart_rate", "minute_ventilation_adjusted", "rr_interval", 269)
# What says which device it is, and is asked for anew by each load that has to know.
PROBE = "datatype=4114%2C4115%2C64"


@pytest.fixture(scope="module")
def running(serving):
    with serving(SHIRT) as server:
        yield server


@pytest.fixture(scope="module")
def whole(running, new_client):
    """The record as each way brings it where nothing fails, and how many chunks."""
    with new_client(running) as client:
        records = {}
        for way in WAYS:
            running.clear_log()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(plan, "ZIP_CHUNK_BYTES", 100_000)
                record = client.load_record(41, channels=SOME, transport=way)
            records[way] = (record, len(_chunks(running.log)))
    return records


@pytest.fixture
def server(running, whole, monkeypatch):
    assert set(whole) == set(WAYS)
    monkeypatch.setattr(plan, "ZIP_CHUNK_BYTES", 100_000)
    running.clear_log()
    running.faults.clear()
    yield running
    running.faults.clear()


def _chunks(log):
    """The requests for chunks in a log."""
    data = [entry for entry in log if entry.path.startswith("/api/data/")]
    return [entry for entry in data if PROBE not in entry.path]


def test_the_record_of_these_tests_comes_in_several_chunks(whole):
    assert {way: count for way, (_, count) in whole.items()} == {
        "auto": 4,  # states, two parts of the export, one page
        "zip": 3,
        "json": 2,
    }


# -- faults that pass ------------------------------------------------------------------

PLACES = {
    "head": {"path": "/api/record/41/"},
    "annotations": {"path": "/api/annotation/"},
    "track": {"path": "/api/trackpoint/"},
    "report": {"path": "/api/report/"},
    "probe": {"path": PROBE},
    "export": {"accept": "octet-stream"},
    "page": {"path": "datatype=", "accept": "json", "skip": 1},
}
PASSING = {
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "429": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 3},
    "drop": {"kind": "drop"},
    "cut": {"kind": "cut"},
    "cut before the body": {"kind": "cut", "share": 0},
    "drip": {"kind": "drip", "bytes_per_s": 20_000_000},
    "truncated": {"kind": "truncated"},
    "truncated to nothing": {"kind": "truncated", "share": 0},
    "repeated page": {"kind": "repeated_page"},
}
# A page of the network in place of samples: asked for again.
ODD_SAMPLES = {
    "sign-in page": {"kind": "content_type"},
    "right body, wrong name": {"kind": "content_type", "keep_body": True},
    "redirect": {"kind": "redirect"},
}


def _passing():
    """Every fault where samples come, and the usual ones elsewhere."""
    for place in PLACES:
        kinds = {kind: PASSING[kind] for kind in ("500", "429", "cut", "truncated")}
        if place in {"export", "page"}:
            kinds = PASSING | ODD_SAMPLES
        elif place == "head":
            kinds = PASSING
        for kind in kinds:
            yield pytest.param(place, kinds[kind], id=f"{place}: {kind}")


@pytest.mark.parametrize(("place", "fault"), list(_passing()))
def test_a_fault_that_passes_leaves_no_trace(
    server, whole, client_of, tmp_path, differences, place, fault
):
    way = "json" if place == "page" else "auto"
    server.faults.add(ServerFault(**fault, **PLACES[place]))
    record = client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
    assert not server.faults.pending, "the fault did not happen"
    assert differences(record, whole[way][0]) == []
    server.clear_log()
    again = client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
    assert [entry.path for entry in server.log] == ["/api/record/41/"]
    assert differences(again, whole[way][0]) == []


def test_a_wait_that_the_service_asks_for_is_kept(server, client_of, waits):
    fault = {"kind": "status", "status": 429, "retry_after": 7}
    server.faults.add(ServerFault(**fault, path="/api/record/41/"))
    client_of(server).load_record(41, channels=["heart_rate"])
    assert waits == [7]


def test_a_token_that_expires_in_mid_download_is_renewed(
    server, whole, client_of, tmp_path, differences, credentials
):
    server.faults.add(ServerFault(kind="expired_token", accept="octet-stream", skip=1))
    auth = credentials["bearer"](server)
    record = client_of(server, tmp_path, auth).load_record(41, channels=SOME)
    assert not server.faults.pending
    asked = [entry for entry in server.log if "oauth2/token" in entry.path]
    assert len(asked) == 2
    assert differences(record, whole["auto"][0]) == []


# -- faults that stay ------------------------------------------------------------------

STAYING = {
    "500": ({"kind": "status", "status": 500}, ServerError),
    "429": ({"kind": "status", "status": 429}, RateLimitedError),
    "429 for an hour": (
        {"kind": "status", "status": 429, "retry_after": 3600},
        RateLimitedError,
    ),
    "401": ({"kind": "status", "status": 401}, AuthenticationError),
    "403": ({"kind": "status", "status": 403}, AuthenticationError),
    "drop": ({"kind": "drop"}, UnreachableError),
    "cut": ({"kind": "cut"}, UnreachableError),
    "truncated": ({"kind": "truncated"}, ResponseError),
}
ODD_STAYING = {
    "404": ({"kind": "status", "status": 404}, NotFoundError),
    "sign-in page": ({"kind": "content_type"}, ResponseError),
    "redirect": ({"kind": "redirect"}, ResponseError),
}


def _staying():
    for place, way in (
        ("export", "auto"),
        ("export", "zip"),
        ("page", "json"),
        ("head", "auto"),
        ("probe", "auto"),
    ):
        for kind, (fault, error) in (STAYING | ODD_STAYING).items():
            if place in {"head", "probe"} and kind not in {"500", "404", "truncated"}:
                continue
            # The first chunk comes and is kept; the probe is a page too.
            skip = {"export": 1, "page": 2}.get(place, 0)
            made = {**PLACES[place], **fault, "skip": skip, "times": None}
            marks = [pytest.mark.slow] if way == "zip" else []
            name = f"{place}, {way}: {kind}"
            yield pytest.param(made, error, way, id=name, marks=marks)


@pytest.mark.parametrize(("fault", "error", "way"), list(_staying()))
def test_a_fault_that_stays_is_the_right_error_and_the_same_call_goes_on_later(
    server, whole, client_of, tmp_path, differences, fault, error, way
):
    record, count = whole[way]
    server.faults.add(ServerFault(**fault))
    with pytest.raises(error) as caught:
        client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
    finished = len(list(tmp_path.rglob("*.sha256")))
    if "octet-stream" in fault.get("accept", ""):
        # Pages of JSON come side by side, so that the first may be lost with another.
        assert finished
    if fault["skip"]:
        assert any("goes on there" in note for note in caught.value.__notes__)
    server.faults.clear()
    server.clear_log()
    again = client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
    assert len(_chunks(server.log)) == count - finished
    assert differences(again, record) == []
    assert not list(tmp_path.rglob("*.sha256")), "the chunks of a record are removed"


@pytest.mark.parametrize("kind", ["404", "sign-in page", "redirect"])
def test_a_service_without_binary_export_gives_the_record_as_json(
    server, whole, client_of, tmp_path, differences, kind
):
    fault, _ = ODD_STAYING[kind]
    server.faults.add(ServerFault(**fault, accept="octet-stream", times=None))
    for turn in (1, 2):
        server.clear_log()
        # A record of the cache that lacks something says so as loudly as a new one.
        with pytest.warns(MissingSamplesWarning, match=r"no binary .*device_position"):
            record = client_of(server, tmp_path).load_record(41, channels=SOME)
        assert differences(record, whole["json"][0]) == []
        assert (len(server.log) == 1) == (turn == 2)
    server.faults.clear()
    healed = client_of(server, tmp_path).load_record(41, channels=SOME, refresh=True)
    assert differences(healed, whole["auto"][0]) == []


@pytest.mark.parametrize("kind", ["404", "sign-in page", "redirect"])
def test_without_binary_export_a_load_by_zip_says_what_to_do(server, client_of, kind):
    fault, _ = ODD_STAYING[kind]
    server.faults.add(ServerFault(**fault, accept="octet-stream", times=None))
    with pytest.raises(ResponseError, match="transport='json'"):
        client_of(server).load_record(41, channels=SOME, transport="zip")


# -- tables beside the samples ---------------------------------------------------------

TABLES = {
    "ranges": "/api/range/",
    "annotations": "/api/annotation/",
    "track": "/api/trackpoint/",
    "metrics": "/api/report/",
}


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        *(("annotations", kind) for kind in ("404", "500", "403", "truncated")),
        *((table, "redirect") for table in TABLES),
    ],
)
def test_a_table_that_does_not_come_is_said_and_asked_for_the_next_time(
    server, whole, client_of, tmp_path, differences, table, kind
):
    fault, _ = (STAYING | ODD_STAYING)[kind]
    server.faults.add(ServerFault(**fault, path=TABLES[table], times=None))
    for _ in range(2):
        with pytest.warns(MissingFactsWarning, match=f"the {table} of record 41"):
            record = client_of(server, tmp_path).load_record(41, channels=SOME)
        assert differences(record, whole["auto"][0], but=(table,)) == []
        assert getattr(record.facts, table) is None
        assert len(getattr(record, table)) == 0
    server.faults.clear()
    server.clear_log()
    record = client_of(server, tmp_path).load_record(41, channels=SOME)
    assert differences(record, whole["auto"][0]) == []
    assert _chunks(server.log) == [], "samples that were kept are asked for again"


def test_tables_are_asked_for_after_the_samples(
    server, client_of, tmp_path, monkeypatch
):
    monkeypatch.setattr(fetch, "THREADS", 1)
    client_of(server, tmp_path).load_record(41, channels=SOME, transport="json")
    asked = [entry.path for entry in server.log]
    samples = [at for at, path in enumerate(asked) if "/api/data/" in path]
    tables = [
        at for at, path in enumerate(asked) for name in TABLES.values() if name in path
    ]
    assert len(tables) >= len(TABLES)
    assert max(samples) < min(tables)


@pytest.mark.parametrize("window", [None, (SHIRT.start + 5120, SHIRT.start + 51200)])
@pytest.mark.parametrize("status", [403, 500])
def test_a_record_without_a_table_is_kept_and_gets_it_later(
    server, client_of, tmp_path, differences, window, status
):
    start, end = window or (None, None)

    def load(**how):
        client = client_of(server, tmp_path)
        return client.load_record(41, channels=SOME, start=start, end=end, **how)

    missing = pytest.warns(MissingFactsWarning, match="the annotations of record 41")
    whole = load(refresh=True)
    server.faults.add(
        ServerFault(
            kind="status", status=status, path=TABLES["annotations"], times=None
        )
    )
    with missing:
        load(refresh=True)
    server.clear_log()
    with missing:
        record = load()
    assert {entry.path.split("?")[0] for entry in server.log} == {
        "/api/record/41/",
        TABLES["annotations"],
    }
    assert record.facts.annotations is None
    server.clear_log()
    with missing:
        assert differences(load(offline=True), whole, but=("annotations",)) == []
    assert not server.log
    server.faults.clear()
    assert differences(load(), whole) == []
    server.clear_log()
    assert differences(load(), whole) == []
    assert len(server.log) == 1, "only whether the record changed"


def test_a_table_that_comes_later_and_cannot_be_kept_costs_no_samples(
    server, client_of, tmp_path, differences, monkeypatch
):
    client = client_of(server, tmp_path)
    whole = client.load_record(41, channels=SOME)
    server.faults.add(
        ServerFault(kind="status", path=TABLES["annotations"], times=None)
    )
    with pytest.warns(MissingFactsWarning, match="annotations"):
        client.load_record(41, channels=SOME, refresh=True)
    server.faults.clear()
    server.clear_log()

    def full(*_, **__):
        raise CacheError("no room")

    monkeypatch.setattr(Cache, "replace_facts", full)
    with pytest.warns(HexoframeWarning, match=r"no room\. The tables are not kept"):
        record = client.load_record(41, channels=SOME)
    assert differences(record, whole) == []
    assert _chunks(server.log) == []
    with pytest.warns(MissingFactsWarning, match="annotations"):
        kept = client.load_record(41, channels=["heart_rate"], offline=True)
    assert kept.heart_rate.equals(whole.heart_rate), "the entry is still there"


def test_tables_alone_are_fetched_anew_and_kept_in_all_that_is_kept(
    serving, client_of, tmp_path, differences
):
    part = {"start": SHIRT.start + 5120, "end": SHIRT.start + 51200}

    def load(**how):
        return client_of(server, tmp_path).load_record(41, channels=SOME, **how)

    with serving(SHIRT) as server:
        before = load(), load(**part, transport="json")
        assert len(Cache(tmp_path).entries()) == 2
        user, late = 20_001, SHIRT.start + 60_000
        for tick in (late, SHIRT.start + 6_000):
            mark = ServedAnnotation(0, user, tick, 4098, "added later", None)
            server.world.put("annotation", mark)
            server.world.put("range", Range(0, user, tick, tick + 256, "Later", None))
        # It is no change of the record, so a load of what is kept does not see it.
        assert differences(load(), before[0]) == []
        server.clear_log()
        anew = load(refresh="tables")
        assert _chunks(server.log) == []
        assert not anew.is_read("ecg")
        fresh = client_of(server, tmp_path / "other").load_record(41, channels=SOME)
        assert differences(anew, fresh) == []
        assert len(anew.annotations) == len(before[0].annotations) + 2
        assert len(anew.ranges) == len(before[0].ranges) + 2
        # What is known of the samples is not forgotten.
        assert anew.kept_survey("ecg") == before[0].kept_survey("ecg") is not None
        server.clear_log()
        assert differences(load(), fresh) == []
        cut = load(**part, transport="json")
        assert len(server.log) == 2, "only whether the record changed"
    assert len(cut.annotations) == len(before[1].annotations) + 1
    assert "Later" in set(cut.ranges["name"])
    assert differences(cut, before[1], but=("annotations", "ranges")) == []
    offline = load(**part, transport="json", offline=True)
    assert differences(offline, cut) == []


def test_tables_of_a_part_of_what_is_kept_whole_are_those_of_the_part(
    serving, client_of, tmp_path, differences
):
    part = {"start": SHIRT.start + 5120, "end": SHIRT.start + 51200}
    with serving(SHIRT) as server:
        client = client_of(server, tmp_path)
        client.load_record(41, channels=SOME)
        kept = client.load_record(41, channels=SOME, refresh="tables", **part)
        fresh = client_of(server).load_record(41, channels=SOME, **part)
        whole = client.load_record(41, channels=SOME, offline=True)
    assert differences(kept, fresh) == []
    assert len(whole.metrics) > 0
    assert kept.facts.metrics is None


def test_an_entry_that_is_damaged_keeps_no_tables_from_the_others(
    serving, client_of, tmp_path
):
    part = {"start": SHIRT.start + 5120, "end": SHIRT.start + 51200}
    with serving(SHIRT) as server:
        before = client_of(server, tmp_path).load_record(41, channels=SOME)
        client_of(server, tmp_path).load_record(
            41, channels=SOME, transport="json", **part
        )
        youngest = Cache(tmp_path).entries()[0]
        assert youngest.key.window is not None
        next(youngest.folder.rglob("manifest.json")).write_text("{")
        mark = ServedAnnotation(
            0, 20_001, SHIRT.start + 6000, 4098, "added later", None
        )
        server.world.put("annotation", mark)
        client = client_of(server, tmp_path)
        with pytest.warns(HexoframeWarning, match=r"damaged.*are not kept"):
            client.load_record(41, channels=SOME, refresh="tables")
        kept = client.load_record(41, channels=SOME, offline=True)
    assert len(kept.annotations) == len(before.annotations) + 1


def test_new_tables_that_a_full_disk_does_not_take_are_said_to_be_that(
    server, client_of, tmp_path, monkeypatch, differences
):
    client = client_of(server, tmp_path)
    before = client.load_record(41, channels=SOME)
    replace = Path.replace

    def full(path, target):
        if Path(target).name == "manifest.json":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.warns(HexoframeWarning, match=r"No space left.*tables are not kept"):
        record = client.load_record(41, channels=SOME, refresh="tables")
    assert differences(record, before) == []
    assert (
        differences(client.load_record(41, channels=SOME, offline=True), before) == []
    )


def test_a_table_that_does_not_come_anew_is_said_to_be_the_one_before(
    server, client_of, tmp_path, differences
):
    client = client_of(server, tmp_path)
    before = client.load_record(41, channels=SOME)
    server.faults.add(ServerFault(kind="status", path=TABLES["ranges"], times=None))
    with pytest.warns(MissingFactsWarning, match="ranges of record 41 are those that"):
        record = client.load_record(41, channels=SOME, refresh="tables")
    assert differences(record, before) == []


def test_a_refresh_of_something_else_is_refused(server, client_of):
    with pytest.raises(ConfigurationError, match=r"refresh='samples'.*'tables'"):
        client_of(server).load_record(41, refresh="samples")


@pytest.mark.parametrize("kind", ["429", "401", "drop"])
def test_a_table_whose_failure_is_that_of_the_service_ends_the_load(
    server, whole, client_of, tmp_path, differences, kind
):
    fault, error = STAYING[kind]
    server.faults.add(ServerFault(**fault, path="/api/annotation/", times=None))
    with pytest.raises(error):
        client_of(server, tmp_path).load_record(41, channels=SOME)
    server.faults.clear()
    record = client_of(server, tmp_path).load_record(41, channels=SOME)
    assert differences(record, whole["auto"][0]) == []


def test_a_list_that_leads_to_another_host_is_not_followed(server, client_of):
    server.faults.add(
        ServerFault(
            kind="foreign_next", path="/api/annotation/", url="http://127.0.0.9:1"
        )
    )
    with pytest.warns(MissingFactsWarning, match="another host"):
        record = client_of(server).load_record(41, channels=SOME)
    assert record.facts.annotations is None


# -- with leave to lose something ------------------------------------------------------


@pytest.mark.parametrize("kind", ["500", "truncated"])
@pytest.mark.parametrize(
    ("place", "way", "skip"),
    [("export", "zip", 0), ("export", "zip", 1), ("export", "zip", 2),
     ("page", "json", 0), ("page", "json", 1), ("page", "auto", 0)],
)  # fmt: skip
def test_with_leave_to_lose_what_is_lost_stands_in_coverage_and_is_not_kept(
    server, whole, client_of, tmp_path, differences, place, way, skip, kind
):
    fault, _ = STAYING[kind]
    where = {
        "export": {"accept": "octet-stream"},
        "page": {"path": "datatype=", "accept": "json"},
    }[place]
    # The probe is a page too, and comes first.
    skip += place == "page"
    server.faults.add(ServerFault(**{**where, **fault, "skip": skip, "times": None}))
    with pytest.warns(MissingSamplesWarning, match="did not come"):
        record = client_of(server, tmp_path).load_record(
            41, channels=SOME, transport=way, allow_partial=True
        )
    gaps = record.gaps()
    assert "transfer" in set(gaps["cause"])
    full = whole[way][0]
    short = {name for name in full if len(record[name]) < len(full[name])}
    assert short, "nothing was lost"
    assert short <= set(gaps.loc[gaps["cause"] == "transfer", "channel"])
    for name in set(full) - short:
        assert record[name].equals(full[name])
    for gap in gaps[gaps["cause"] == "transfer"].itertuples():
        came, held = (
            len(each.between(gap.start, gap.end)[gap.channel])
            for each in (record, full)
        )
        if record.channel(gap.channel).ticks is not None:
            assert gap.samples == held > 0
            # A page that came has the waveform's sample on the border of the next.
            assert came <= (record.channel(gap.channel).kind == "waveform")
    server.faults.clear()
    healed = client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
    assert differences(healed, full) == []


def test_leave_to_lose_something_is_not_leave_to_lose_all(server, client_of):
    server.faults.add(ServerFault(kind="drop", path="/api/data/", times=None))
    with pytest.raises(UnreachableError):
        client_of(server).load_record(41, channels=SOME, allow_partial=True)


def test_a_load_without_faults_warns_of_nothing(server, client_of, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", HexoframeWarning)
        warnings.simplefilter("ignore", UnverifiedCalibrationWarning)
        for way in WAYS:
            client_of(server, tmp_path).load_record(41, channels=SOME, transport=way)
