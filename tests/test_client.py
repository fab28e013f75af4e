"""The client against the simulated service: records, lists, errors, and no secret."""

from __future__ import annotations

import io
import logging
import pickle
import re
import traceback
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hexoframe import cache
from hexoframe.api.auth.schemes import UnsignedBasic
from hexoframe.api.http.failures import RetryPolicy
from hexoframe.api.http.limiter import Limiter
from hexoframe.api.http.responses import BINARY
from hexoframe.api.http.session import ServiceSession
from hexoframe.cache import Cache
from hexoframe.channels import channels_of, datatypes_of
from hexoframe.client import Client, connect
from hexoframe.errors import (
    AuthenticationError,
    CacheError,
    ConfigurationError,
    HexoframeError,
    HexoframeWarning,
    IncompleteDataError,
    MissingFactsWarning,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    ServerError,
    TimestampError,
    UnfinishedRecordWarning,
    UnknownChannelError,
    UnreachableError,
)
from hexoframe.opening import open_record
from hexoframe.record import Record
from hexoframe.recording.frames import ticks_of
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.server.world import Range
from hexoframe.simulator.shirt import Shirt

pytestmark = [
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
    pytest.mark.usefixtures("own_config"),
]

WRONG_PASSWORD = "no-password"  # noqa: S105  # nobody's
FAMILIES = ("hexoskin", "astroskin_256", "astroskin_1000")


def shirt(family="hexoskin", **more):
    usual = {"seed": 9, "duration_s": 310, "record_id": 41, "presses": (5,)}
    return Shirt(**{**usual, "family": family, "activity": "sleep", **more})


@pytest.fixture(scope="module", params=FAMILIES)
def boxed(request, serving):
    """A server with one record of each family."""
    with serving(shirt(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def default_world(serving):
    """Four users, eight records, a coach."""
    from hexoframe.simulator.server import default_shirts

    with serving(*default_shirts()) as server:
        yield server


@pytest.fixture
def world(default_world, cleared):
    return cleared(default_world)


# -- what a record is ------------------------------------------------------------------


def truth(recording):
    """Ticks and values of each datatype, worked out from what the shirt recorded."""
    shirt = recording.shirt
    rows = {row.api_name: row for row in datatypes_of(shirt.family) if row.in_model}
    for name, counts in recording.sampled.items():
        if name not in rows:
            assert not len(counts), "the shirt records what the device does not have"
            continue
        row, step = rows[name], recording.rates[name]
        first = 1 if step >= recording.clock else 0
        places = [(n + first) * step for n in range(len(counts))]
        # Half a tick is rounded up, as a recorder does.
        ticks = np.array([recording.start + int(place + 0.5) for place in places])
        values = counts.astype(np.float64) * row.gain + row.offset
        base = {
            "minute_ventilation_adjusted": "minute_ventilation",
            "tidal_volume_adjusted": "tidal_volume",
        }.get(name)
        if base is not None:
            gain = rows[base].gain
            plain = recording.sampled[base].astype(np.float64)
            values = plain * (gain * shirt.weight_kg / 65)
        kind = np.float32 if row.kind == "waveform" else np.float64
        yield row, ticks, values.astype(kind)
    for name, (ticks, values) in recording.events.items():
        if name in rows and rows[name].kind == "event":
            row = rows[name]
            yield row, ticks, values * row.gain + row.offset


def test_a_record_holds_what_the_shirt_recorded(boxed, client_of, worn):
    recording = worn(shirt(boxed.world.family))
    record = client_of(boxed).load_record(41)
    assert (record.start_tick, record.end_tick) == (recording.start, recording.end)
    nanoseconds = 3_906_250 if recording.clock == 256 else 1_000_000
    compared = set()
    for row, ticks, values in truth(recording):
        frame = record[row.id if row.id is not None else row.channel]
        if row.column not in frame:
            continue
        there = frame[row.column].to_numpy()
        assert frame.index.asi8.tolist() == (ticks * nanoseconds).tolist(), row
        assert there.dtype == values.dtype
        # Adjusted volumes are a product of four numbers, and so rounded in some order.
        exact = "adjusted" not in row.column
        assert np.allclose(there, values, rtol=0 if exact else 1e-15, atol=0), row
        compared.add(row.column)
    assert len(compared) > 30
    index = record["ecg"].index
    assert str(index.dtype) == "datetime64[ns, UTC]"
    assert index.name == "time"


def test_a_record_tells_who_and_when_and_how(boxed, client_of):
    record = client_of(boxed).load_record(41)
    assert isinstance(record, Record)
    told = record.info
    assert told["id"] == record.id == 41
    assert told["email"] == boxed.username
    assert told["user_id"] == 20_001
    assert told["device"] == "HXSKIN1200009001"
    assert told["status"] == "complete"
    assert told["model"] == boxed.world.family
    assert set(told["provenance"]) == set(record)
    ways = told["provenance"]
    assert ways["ecg"] == "API, binary export"
    assert ways["minute_ventilation_adjusted"] == "API, JSON"
    assert list(record.ranges["name"]) == ["Sleep"]
    assert len(record.annotations) == 1
    assert record.annotations["datatype"].tolist() == [215]
    assert "heartrate_avg" in set(record.metrics["name"])


def test_the_export_that_a_user_downloads_opens_as_the_record_that_is_loaded(
    boxed, client_of, tmp_path, differences
):
    client = client_of(boxed)
    client.session.download(
        "/api/data/", {"record": 41}, target=tmp_path / "41.zip", accept=BINARY
    )
    opened = open_record(tmp_path / "41.zip")
    loaded = client.load_record(41, transport="zip")
    headers_alone = {name for name in opened if not len(opened[name])}
    assert differences(opened, loaded, but={*headers_alone, "ranges", "track",
                       "metrics", "annotations"}) == []  # fmt: skip
    exact = [
        name
        for name in loaded
        if all(row.binary == "exact" for row in loaded.channel(name).datatypes)
    ]
    assert differences(opened, client.load_record(41), only=exact) == []


def test_all_points_of_a_track_come_beyond_the_thousand_of_a_page(world, client_of):
    record = client_of(world).load_record(300_004, channels=["heart_rate"])
    points = sum(len(track.points) for track in world.world.tracks.values()
                 if track.record == 300_004)  # fmt: skip
    assert len(record.track) == points > 1000
    pages = [entry for entry in world.log if "trackpoint" in entry.path]
    assert len(pages) == -(-points // 1000)


def test_activities_that_reach_beyond_the_record_belong_to_it(serving, client_of):
    one = shirt()
    with serving(one) as server:
        start = one.start
        for span in ((-9000, 100), (40_000, 99_000), (-9000, 99_000), (99_000, 99_999)):
            server.world.put(
                "range",
                Range(0, 20_001, start + span[0], start + span[1], str(span), None),
            )
        record = client_of(server).load_record(41, channels=["heart_rate"])
    names = set(record.ranges["name"])
    assert names == {"Sleep", "(-9000, 100)", "(40000, 99000)", "(-9000, 99000)"}


def test_annotations_of_another_device_are_not_those_of_the_record(serving, client_of):
    one = shirt()
    other = shirt(record_id=42, device="HXSKIN1200009002", presses=(7, 9), seed=2)
    with serving(one, other) as server:
        record = client_of(server).load_record(41, channels=["heart_rate"])
    assert len(record.annotations) == 1


# -- the model -------------------------------------------------------------------------


def test_the_model_is_found_out(boxed, client_of):
    record = client_of(boxed).load_record(41)
    assert record.family == boxed.world.family
    assert ("spo2" in record) == (record.family != "hexoskin")


NAMES = {
    "Hexoskin": {"hexoskin", "astroskin_256"},
    "CHA3000": {"astroskin_256", "astroskin_1000"},
    "astroskin": {"astroskin_256", "astroskin_1000"},
    "astroskin_256": {"astroskin_256", "hexoskin"},
    "astroskin_1000": {"astroskin_1000"},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_is_said_is_believed_where_the_clock_allows_it(
    boxed, client_of, for_data, name
):
    client = client_of(boxed)
    boxed.clear_log()
    family = boxed.world.family
    if family not in NAMES[name] and not (name == "CHA3000" and family == "hexoskin"):
        if name == "astroskin" and family == "hexoskin":
            pytest.skip("the clock of a Hexoskin allows it")
        with pytest.raises(ConfigurationError, match="leave model= out"):
            client.load_record(41, model=name)
        return
    record = client.load_record(41, model=name, channels=["heart_rate"])
    assert record.clock == boxed.world.clock
    assert record.family == {"Hexoskin": "hexoskin"}.get(name, record.family)
    assert not any("datatype=4114" in entry.path for entry in for_data(boxed))


def test_an_unknown_model_is_refused_before_anything_is_asked(world, client_of):
    with pytest.raises(ConfigurationError, match="cha3000"):
        client_of(world).load_record(300_001, model="fitbit")
    assert world.log == []


def test_a_record_that_begins_with_the_shirt_off_is_known_all_the_same(
    serving, client_of
):
    off = shirt("astroskin_256", gaps=((0, 60),))
    with serving(off) as server:
        assert client_of(server).load_record(41).family == "astroskin_256"


# -- what a caller may want ------------------------------------------------------------


def test_counts_are_what_the_recorder_counted(boxed, client_of, worn):
    recording = worn(shirt(boxed.world.family))
    for way in ("zip", "json"):
        record = client_of(boxed).load_record(41, units="raw", transport=way)
        assert record.scale == "raw"
        assert set(record.units.values()) == {"count"}
        for name in ("ECG_I", "respiration_thoracic", "acceleration_X", "activity"):
            counts = record[name].iloc[:, 0].to_numpy()
            assert np.array_equal(counts, recording.sampled[name]), (way, name)


def test_without_waveforms_a_record_is_there_in_a_few_requests(
    world, client_of, for_data
):
    record = client_of(world).load_record(300_003, waveforms=False)
    kinds = {record.channel(name).kind for name in record}
    assert kinds == {"rate", "event", "state"}
    assert sum(entry.bytes for entry in for_data(world)) < 300_000
    with pytest.raises(UnknownChannelError, match="left out"):
        record["ecg"]
    some = client_of(world).load_record(
        300_003, waveforms=False, channels=["ecg", "heart_rate"]
    )
    assert list(some) == ["ecg", "heart_rate"]


def test_one_channel_comes_as_a_frame(world, client_of):
    client = client_of(world)
    whole = client.load_record(300_002)
    for key in ("heart_rate", "RR_interval", 19, "heartrate", "ecg_i"):
        assert client.load_channel(300_002, key).equals(whole[key])
    part = client.load_channel(
        300_002, "ecg", start=whole.start, end=whole.start_tick + 9
    )
    assert len(part) == 9
    assert client.load_channel(300_002, "ptt").empty


MOMENTS = [
    lambda tick: tick,
    lambda tick: pd.Timestamp(tick * 3_906_250, tz="UTC"),
    lambda tick: pd.Timestamp(tick * 3_906_250, tz="UTC").isoformat(),
    lambda tick: datetime.fromtimestamp(tick / 256, UTC),
    lambda tick: pd.Timestamp(tick * 3_906_250, tz="America/Montreal"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_part_is_said_in_any_way_that_names_a_moment(world, client_of, moment):
    start = world.world.records[300_002].source.start
    frame = client_of(world).load_channel(
        300_002, "ecg", start=moment(start + 512), end=moment(start + 1024)
    )
    assert frame.index[0].value == (start + 512) * 3_906_250
    assert len(frame) == 512


def test_a_part_outside_of_the_record_is_an_error(world, client_of):
    source = world.world.records[300_002].source
    client = client_of(world)
    for start, end in (
        (source.end + 1, None),
        (None, source.start),
        ("2001-01-01T00:00Z", "2001-01-02T00:00Z"),
    ):
        with pytest.raises(TimestampError, match="nothing of record 300002"):
            client.load_record(300_002, start=start, end=end)
    for end in (source.start + 9, source.start):
        with pytest.raises(TimestampError, match="is not later than start"):
            client.load_record(300_002, start=source.start + 9, end=end)
    with pytest.raises(TimestampError, match="zone"):
        client.load_record(300_002, start="2024-03-03T22:00")
    with pytest.raises(TimestampError):
        client.load_record(300_002, start=datetime(2024, 3, 3, 22))  # noqa: DTZ001


WRONG = {
    "a text for the channels": ({"channels": "ecg"}, ConfigurationError, r"\['ecg'\]"),
    "no channel": ({"channels": []}, ConfigurationError, "leave it out"),
    "an unknown channel": ({"channels": ["egc"]}, UnknownChannelError, "did you mean"),
    "a channel of another": ({"channels": ["ppg"]}, UnknownChannelError, "astroskin"),
    "a way": ({"transport": "ftp"}, ConfigurationError, "auto, zip, json"),
    "units": ({"units": "volts"}, ConfigurationError, "physical, raw"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_wanted_is_an_error_that_says_what_can(world, client_of, what):
    how, error, text = WRONG[what]
    with pytest.raises(error, match=text):
        client_of(world).load_record(300_002, **how)


@pytest.mark.parametrize("number", ["abc", "", True, None, -1, 1.5, "1.5"])
def test_what_is_no_id_is_not_asked_for(world, client_of, number):
    with pytest.raises(ConfigurationError, match="whole number"):
        client_of(world).load_record(number)
    assert world.log == []


def test_an_id_may_be_text(world, client_of):
    assert client_of(world).load_record("300002", channels=["ecg"]).id == 300_002
    assert client_of(world).record_info("300002")["id"] == 300_002


# -- records that are not finished -----------------------------------------------------


def test_a_record_in_real_time_has_no_waveforms_yet(serving, client_of, tmp_path):
    with serving(shirt()) as server:
        server.world.change_record(41, status="realtime")
        with pytest.warns(UnfinishedRecordWarning, match=r"when the recording is over"):
            record = client_of(server, tmp_path).load_record(41)
        assert len(record["heart_rate"]) == 310
        assert "ecg" not in record
        assert not any("octet" in entry.accept for entry in server.log)
        with pytest.warns(UnfinishedRecordWarning):
            ecg = client_of(server).load_record(41, channels=["ecg"])["ecg"]
        assert len(ecg) == 0
        assert Cache(tmp_path).entries() == []


@pytest.mark.parametrize("status", ["realtime_complete", "incomplete", "error"])
def test_a_record_in_an_odd_state_is_loaded_and_not_kept(
    serving, client_of, tmp_path, status
):
    with serving(shirt()) as server:
        server.world.change_record(41, status=status)
        with pytest.warns(UnfinishedRecordWarning, match=status) as caught:
            record = client_of(server, tmp_path).load_record(41)
        assert "Waveforms" not in str(caught[0].message)
        assert len(record["ecg"]) == 310 * 256
        assert Cache(tmp_path).entries() == []


# -- several records -------------------------------------------------------------------

FIRST = shirt(duration_s=120, record_id=51)
PAUSE = 60 * 256
SECOND = shirt(
    seed=3, duration_s=180, record_id=52, start=FIRST.start + 120 * 256 + PAUSE
)
ALSO = shirt(seed=4, duration_s=60, record_id=53, device="HXSKIN1200009002",
             start=SECOND.start + 5 * 256)  # fmt: skip


@pytest.fixture(scope="module")
def two(serving):
    with serving(FIRST, SECOND) as server:
        first, last = FIRST.start + 30 * 256, SECOND.start + 50 * 256
        server.world.put("range", Range(77, 20_001, first, last, "Both", None))
        server.world.put(
            "range", Range(78, 20_001, FIRST.start + 2560, FIRST.start + 5120, "A", 6)
        )
        server.world.put("range", Range(79, 20_001, 1000, 2000, "Nowhere", None))
        yield server


def test_a_range_over_one_record_is_its_part(two, client_of, differences):
    client = client_of(two)
    record = client.load_range(78)
    part = client.load_record(51).cut(FIRST.start + 2560, FIRST.start + 5120)
    assert record.id == 51
    assert differences(record, part, only=set(record) | set(part)) == []
    # Ten seconds have ten values, each stamped at the end of its second.
    stamps = ticks_of(record["heart_rate"], record.channel("heart_rate"))
    assert stamps.tolist() == [FIRST.start + 256 * n for n in range(11, 21)]
    assert "A" in set(record.ranges["name"])


def test_a_range_over_two_records_holds_both_and_the_pause_is_a_gap(
    two, client_of, tmp_path
):
    client = client_of(two, tmp_path)
    record = client.load_range(77)
    one = client.load_record(51, start=FIRST.start + 30 * 256)
    other = client.load_record(52, end=SECOND.start + 50 * 256)
    assert (record.start_tick, record.end_tick) == (
        FIRST.start + 30 * 256,
        SECOND.start + 50 * 256,
    )
    assert record.info["records"] == [51, 52]
    for name in set(one) | set(other):
        pair = [each[name] for each in (one, other)]
        assert len(record[name]) == sum(map(len, pair)), name
        assert record[name].iloc[: len(pair[0])].equals(pair[0]), name
        assert record[name].iloc[len(pair[0]) :].equals(pair[1]), name
    gaps = record.gaps().query("channel == 'ecg' and kind == 'missing'")
    assert (gaps["end"] - gaps["start"]).tolist() == [pd.Timedelta("60s")]
    # A step that ends where the range does is not in it, and so does not lack.
    gaps = record.gaps().query("channel == 'heart_rate' and kind == 'missing'")
    assert (gaps["end"] - gaps["start"]).tolist() == [pd.Timedelta("60s")]
    assert gaps["cause"].tolist() == ["recorder"]
    assert list(record.ranges["id"]).count(77) == 1
    assert len(record.annotations) == 1, "the press of the second alone lies in it"
    copy = open_record(record.to_parquet(tmp_path / "out"))
    assert len(copy["ecg"]) == len(record["ecg"])


def test_all_of_a_user_comes_as_one(two, client_of):
    client = client_of(two)
    start, end = FIRST.start - 999, SECOND.start + 9_999_999
    for who in (20_001, "20001", two.username, "/api/user/20001/"):
        record = client.load_user(who, start, end, channels=["ecg", "heart_rate"])
        assert len(record["ecg"]) == 300 * 256
        assert len(record["heart_rate"]) == 300
        assert list(record) == ["ecg", "heart_rate"]
    times = [pd.Timestamp(tick * 3_906_250, tz="UTC") for tick in (start, end)]
    assert len(client.load_user(20_001, *times, channels=["ecg"])["ecg"]) == 300 * 256


def test_a_status_that_no_record_has_is_said(two, client_of):
    client = client_of(two)
    with pytest.warns(HexoframeWarning, match=r"status 'done'; .* others: complete$"):
        none = client.list_records(status="done")
    assert len(none) == 0
    assert none.dtypes.to_dict() == client.list_records().dtypes.to_dict()
    assert len(client.list_records(status="complete")) == 2


def test_what_the_cache_has_of_a_record_is_said_where_it_has_not_what_is_asked_for(
    two, client_of, tmp_path
):
    client = client_of(two, tmp_path)
    part = {"start": FIRST.start + 2560, "end": FIRST.start + 5120}
    client.load_record(51, channels=["ecg", "heart_rate"], **part)
    says = (
        rf"it holds \['ecg', 'heart_rate'\] of start={part['start']}, "
        rf"end={part['end']}: load"
    )
    with pytest.raises(CacheError, match=says):
        client.load_record(51, offline=True)
    assert len(client.load_record(51, channels=["ecg"], offline=True, **part)["ecg"])
    with pytest.raises(CacheError, match="it holds nothing: load"):
        client.load_record(52, offline=True)
    two.faults.add(ServerFault(kind="drop", times=None))
    try:
        with pytest.raises(UnreachableError) as caught:
            client.load_record(51)
        assert "it holds ['ecg'" in caught.value.__notes__[-1]
        with pytest.raises(UnreachableError) as caught:
            client.load_record(51, channels=["ecg"], **part)
        assert "opens it without a request" in caught.value.__notes__[-1]
    finally:
        two.faults.clear()


def test_offline_no_range_and_no_user_is_known(two, client_of):
    client = client_of(two)
    two.clear_log()
    with pytest.raises(ConfigurationError, match=r"load_record\(id, offline"):
        client.load_range(78, offline=True)
    with pytest.raises(ConfigurationError, match=r"load_record\(id, offline"):
        client.load_user(20_001, FIRST.start, SECOND.start, offline=True)
    assert not two.log


def test_a_range_has_a_start_and_an_end_of_its_own(two, client_of):
    with pytest.raises(ConfigurationError, match=r"between\(\).*load_user"):
        client_of(two).load_range(78, start="60s")


def test_a_range_without_a_record_is_said(two, client_of):
    with pytest.raises(NotFoundError, match="range 79"):
        client_of(two).load_range(79)
    with pytest.raises(NotFoundError, match="range 7777 of http"):
        client_of(two).load_range(7777)
    with pytest.raises(NotFoundError, match="list_records"):
        client_of(two).load_user(20_002, FIRST.start, SECOND.start)


def test_records_of_two_devices_at_one_time_are_not_mixed(serving, client_of):
    with (
        serving(FIRST, SECOND, ALSO) as server,
        pytest.raises(
            ConfigurationError, match="records 52 and 53 run at the same time"
        ),
    ):
        client_of(server).load_user(20_001, FIRST.start, SECOND.start + 9999)


def test_records_of_two_models_are_not_mixed(serving, client_of):
    other = shirt("astroskin_256", record_id=54, start=SECOND.start)
    with (
        serving(FIRST, other) as server,
        pytest.raises(ConfigurationError, match="channels differ"),
    ):
        client_of(server).load_user(20_001, FIRST.start, SECOND.start + 9999)


# -- what it would cost ----------------------------------------------------------------

COSTS = [
    {},
    {"transport": "zip"},
    {"transport": "json"},
    {"channels": ["heart_rate"]},
    {"waveforms": False},
    {"channels": ["ecg"], "transport": "json"},
    {"channels": ["ecg", "sleep_phase"], "start": 437_783_500_800 + 2_560_000},
    {"model": "Hexoskin"},
]


@pytest.mark.parametrize("how", COSTS)
@pytest.mark.parametrize("number", [300_001, 300_003])
def test_an_estimate_is_the_number_of_requests_that_are_sent(
    world, client_of, number, how
):
    if "start" in how:
        how = {**how, "start": world.world.records[number].source.start + 76_800}
    client = client_of(world)
    told = client.estimate(number, **how)
    world.clear_log()
    client.load_record(number, **how)
    assert len(world.log) == told.requests
    assert told.minutes >= told.requests / 5 / 60
    # Whether there is a track, and how long it is, nobody says beforehand.
    track = "/api/trackpoint/"
    sent = sum(e.bytes for e in world.log if not e.path.startswith(track)) / 1e6
    assert sent / 1.5 < told.megabytes < sent * 1.5


LOADS = [
    {},
    {"transport": "zip"},
    {"transport": "json"},
    {"waveforms": False},
    {"waveforms": False, "transport": "zip"},
    {"waveforms": False, "transport": "json"},
    {"channels": ["heart_rate"]},
    {"channels": ["heart_rate"], "transport": "zip"},
    {"channels": ["ecg"]},
    {"channels": ["ecg"], "transport": "json"},
    {"channels": ["respiration"], "transport": "zip"},
    {"channels": ["rr_interval"]},
]


def check_estimates(client, server, loads):
    """Compare what loads are said to cost with what the server sent for them."""
    for how in loads:
        told = client.estimate(41, **how)
        server.clear_log()
        client.load_record(41, **how)
        sent = sum(entry.bytes for entry in server.log) / 1e6
        assert sent / 1.5 < told.megabytes < sent * 1.5, (how, told, sent)


@pytest.mark.parametrize("activity", ["walk", "sleep"])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_estimate_is_within_half_of_the_bytes_that_are_sent(
    serving, client_of, family, activity
):
    # What moves most, and what moves least.
    with serving(shirt(family, duration_s=600, activity=activity)) as server:
        check_estimates(client_of(server), server, LOADS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "activity"), [(3600, "mixed"), (8 * 3600, "sleep"), (86_400, "day")]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_estimate_of_an_hour_a_night_and_a_day_is_within_half(
    serving, client_of, family, seconds, activity
):
    with serving(shirt(family, duration_s=seconds, activity=activity)) as server:
        pages = [how for how in LOADS if how.get("transport") == "json"]
        # A day of pages takes minutes, and is like a night of them.
        loads = [how for how in LOADS if seconds < 86_400 or how not in pages]
        check_estimates(client_of(server), server, loads)


def test_an_estimate_of_what_is_kept_is_one_request(world, client_of, tmp_path):
    client = client_of(world, tmp_path)
    client.load_record(300_002)
    for how in ({}, {"channels": ["ecg"]}):
        told = client.estimate(300_002, **how)
        assert (told.requests, told.megabytes) == (1, 0)


# -- lists -----------------------------------------------------------------------------


def coach(server):
    card = server.credentials["coach.synthetic@example.org"]
    return UnsignedBasic(server.base_url, card.username, card.password)


def test_records_are_listed_the_newest_first(world, client_of):
    frame = client_of(world).list_records()
    assert frame["id"].tolist() == [300_004, 300_003, 300_002, 300_001]
    assert frame.index.name == "start"
    assert frame.index.is_monotonic_decreasing
    newest = frame.iloc[0]
    assert newest["duration"] == pd.Timedelta("90min")
    assert newest["end"] == frame.index[0] + pd.Timedelta("90min")
    assert (newest["user"], newest["email"]) == (20_001, world.username)
    assert newest["clock"] == 256


def test_a_coach_sees_the_records_of_athletes(world, client_of):
    client = client_of(world, None, coach(world))
    assert len(client.list_records()) == 7
    assert len(client.list_users()) == 3
    bert = client.list_records(user="bert.synthetic@example.org")
    assert bert["id"].tolist() == [300_012, 300_011]
    assert client.load_record(300_011, channels=["ecg"]).info["user_id"] == 20_002
    with pytest.raises(NotFoundError):
        client.record_info(300_031)


DAY = pd.Timestamp("2024-03-04T22:00Z")
FILTERS = {
    "limit": ({"limit": 2}, [4, 3]),
    "start": ({"start": DAY}, [4, 3]),
    "start as text": ({"start": DAY.isoformat()}, [4, 3]),
    "start as a tick": ({"start": DAY.value // 3_906_250}, [4, 3]),
    "end": ({"end": DAY + pd.Timedelta("30min")}, [3, 2, 1]),
    "both": ({"start": DAY, "end": DAY + timedelta(days=1)}, [3]),
    "another zone": (
        {"start": datetime(2024, 3, 4, 17, tzinfo=timezone(-timedelta(hours=5)))},
        [4, 3],
    ),
    "device": ({"device": "HXSKIN1200009001"}, [4, 3, 2, 1]),
    "another device": ({"device": "HXSKIN1200009002"}, []),
    "ids": ({"id__in": [300_001, 300_003]}, [3, 1]),
    "order": ({"order_by": "start"}, [1, 2, 3, 4]),
    "user": ({"user": 20_001, "limit": 1}, [4]),
    "e-mail of nobody": ({"user": "nobody@example.org"}, []),
    "status": ({"status": "complete", "limit": 3}, [4, 3, 2]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_list_of_records_is_filtered(world, client_of, name):
    how, expected = FILTERS[name]
    frame = client_of(world).list_records(**how)
    assert (frame["id"] - 300_000).tolist() == expected
    whole = client_of(world).list_records()
    assert frame.dtypes.to_dict() == whole.dtypes.to_dict()
    assert frame.index.dtype == whole.index.dtype
    assert frame.index.name == whole.index.name == "start"


def test_a_status_is_sought_beyond_the_first_page(world, client_of):
    world.world.change_record(300_001, status="incomplete")
    try:
        found = client_of(world).list_records(status="incomplete", limit=1)
    finally:
        world.world.change_record(300_001, status="complete")
    assert found["id"].tolist() == [300_001]


def test_a_time_without_a_zone_is_never_local(world, client_of):
    with pytest.raises(TimestampError, match="zone"):
        client_of(world).list_records(start="2024-03-04")
    with pytest.raises(TimestampError):
        client_of(world).list_ranges(end=datetime(2024, 3, 4))  # noqa: DTZ001


def test_the_clock_of_an_unknown_server_is_asked_for_once(serving, client_of):
    with serving(shirt("astroskin_1000")) as server:
        client = client_of(server)
        start = pd.Timestamp("2024-03-01T21:00Z")
        for _ in range(2):
            assert len(client.list_records(start=start)) == 1
            assert len(client.list_records(start=start + pd.Timedelta("2h"))) == 0
        assert client.list_records()["clock"].tolist() == [1000]
        assert (
            len([e for e in server.log if e.path.endswith("/api/record/?limit=1")]) == 1
        )


def test_ranges_users_annotations_and_metrics_are_listed(world, client_of):
    client = client_of(world)
    ranges = client.list_ranges(limit=3)
    assert ranges["name"].tolist()[0] == "Walk"
    assert ranges.index.is_monotonic_decreasing
    marks = client.list_annotations(record=300_001)
    assert len(marks) == 2
    assert marks.index.is_monotonic_increasing
    later = client.list_annotations(start=marks.index[1])
    assert later["id"].tolist() == [marks["id"].iloc[1]]
    earlier = client.list_annotations(end=marks.index[0])
    assert earlier["id"].tolist() == [marks["id"].iloc[0]]
    assert client.list_users()["email"].tolist() == [world.username]
    metrics = client.list_metrics(record=300_001)
    assert {"heartrate_avg", "heartrate_histo"} <= set(metrics["name"])
    of_range = client.list_metrics(range=int(ranges["id"].iloc[0]), metrics=[44, 46])
    assert set(of_range["id"]) == {44, 46}
    for wrong in ({}, {"record": 1, "range": 2}):
        with pytest.raises(ConfigurationError, match="one of the two"):
            client.list_metrics(**wrong)


NOTHING = {
    "list_records": {"user": 20_002},
    "list_ranges": {"user": 20_002},
    "list_annotations": {"user": 20_002},
    "list_users": {"id": 1},
    "list_metrics": {"record": 1},
}


@pytest.mark.parametrize("method", NOTHING)
def test_an_empty_list_keeps_columns_and_dtypes(world, client_of, method):
    client = client_of(world)
    empty = getattr(client, method)(**NOTHING[method])
    some = {"record": 300_001} if method == "list_metrics" else {}
    full = getattr(client, method)(**some)
    assert len(empty) == 0 < len(full)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert empty.index.name == full.index.name


def test_any_list_of_the_service_comes_as_a_frame(world, client_of):
    client = client_of(world)
    devices = client.get("device")
    assert devices["deviceid"].tolist() == ["HXSKIN1200009001"]
    assert len(client.get("record", limit=3)) == 3
    assert client.get("/api/record/", id=300_001)["user"].tolist() == [20_001]
    types = client.get("activitytype", id__in=[1, 12])
    assert types["id"].tolist() == [1, 12]
    none = client.get("activitytype", id=0)
    assert none.dtypes.to_dict() == types.dtypes.to_dict()
    assert str(client.get("record")["start"].dtype) == "datetime64[ns, UTC]"
    with pytest.raises(NotFoundError):
        client.get("nosuch")
    for name in ("data", "heartrate", "report"):
        with pytest.raises(ResponseError, match="not a list of objects"):
            client.get(name)
    assert not any("/api/data/?" in entry.path for entry in world.log)


def test_a_filter_that_the_service_refuses_is_said(world, client_of):
    with pytest.raises(HexoframeError, match="400"):
        client_of(world).list_records(order_by="nosuch")
    with pytest.raises(ConfigurationError, match="logs"):
        client_of(world).list_records(password=WRONG_PASSWORD)
    with pytest.raises(ConfigurationError, match="limit is 0"):
        client_of(world).list_records(limit=0)


# -- errors ----------------------------------------------------------------------------


def unsigned(server, **other):
    given = {"username": server.username, "password": server.password, **other}
    return UnsignedBasic(server.base_url, **given)


@pytest.fixture
def refusals(world, client_of, signed):
    """The error of each way in which a load is refused before it begins."""

    class Gone:
        base_url = "http://127.0.0.1:9"
        username, password, api_key, api_secret = world.username, "p", "k", "s"

    few = {"policy": {"total": 1}}
    clients = {
        "a wrong id": (client_of(world), 999_999),
        "no rights": (client_of(world), 300_031),
        "a wrong password": (
            client_of(world, None, signed(world, password=WRONG_PASSWORD)),
            300_001,
        ),
        "a wrong key": (
            client_of(world, None, signed(world, api_secret=WRONG_PASSWORD)),
            300_001,
        ),
        "no network": (client_of(Gone, **few), 300_001),
    }
    caught = {}
    for name, (client, number) in clients.items():
        with pytest.raises(HexoframeError) as error:
            client.load_record(number)
        caught[name] = error.value
    world.faults.add(ServerFault(kind="status", status=403, path="/api/record/300001/"))
    with pytest.raises(AuthenticationError) as error:
        client_of(world).load_record(300_001)
    caught["no rights, said so"] = error.value
    return caught


def test_each_refusal_has_its_kind_and_says_what_to_do(refusals):
    expected = {
        "a wrong id": (NotFoundError, "list_records"),
        "no rights": (NotFoundError, "may not see it"),
        "no rights, said so": (AuthenticationError, "ask its owner to share it"),
        "a wrong password": (AuthenticationError, "HEXOFRAME_PASSWORD"),
        "a wrong key": (AuthenticationError, "HEXOFRAME_API_SECRET"),
        "no network": (UnreachableError, "check the network"),
    }
    assert expected.keys() == refusals.keys()
    for name, (kind, advice) in expected.items():
        error = refusals[name]
        assert type(error) is kind, name
        assert advice in str(error), name
        assert "/?" not in str(error), "a message holds no query"
    # The service does not tell an id that is not there from one that may not be seen.
    told = {re.sub(r"\d+", "", str(error)) for error in refusals.values()}
    assert len(told) == 5
    assert str(refusals["a wrong id"]) != str(refusals["no rights"])


ERRORS = [
    ServerError("the message", status=503, retry_after=2.5),
    RateLimitedError("the message", status=429, retry_after=60),
    AuthenticationError("the message", status=401),
    UnreachableError("the message"),
    ResponseError("the message"),
    IncompleteDataError("the message", ledger={"ecg": [(1, 2)]}, resume={"record": 4}),
    TimestampError("the message"),
    CacheError("the message"),
    UnknownChannelError("the message"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_goes_to_another_process_with_all_that_it_knows(error):
    error.add_note("and a note")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert type(copy) is type(error)
    assert str(copy) == "the message"
    assert copy.__notes__ == ["and a note"]
    assert vars(copy) == vars(error)


def test_errors_of_real_loads_go_to_another_process(world, client_of, refusals):
    world.faults.add(
        ServerFault(kind="status", status=500, accept="octet-stream", times=None)
    )
    with pytest.raises(ServerError) as caught:
        client_of(world).load_record(300_001)
    assert caught.value.__notes__
    for error in (*refusals.values(), caught.value):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert (str(copy), vars(copy)) == (str(error), vars(error))


# -- secrets ---------------------------------------------------------------------------


def everything_of(error):
    """All text that an error could show, its causes and contexts too."""
    seen, text, left = set(), [], [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        text += [
            repr(one),
            str(one.args),
            str(vars(one)),
            *traceback.format_exception(one),
        ]
        left += [one.__cause__, one.__context__]
    return "\n".join(text)


SESSION_FAULTS = [
    ServerFault(kind="status", status=500, path="/api/record/300001/"),
    ServerFault(kind="drop", path="/api/annotation/"),
    ServerFault(kind="cut", accept="octet-stream"),
    ServerFault(kind="truncated", path="datatype=38"),
    ServerFault(kind="redirect", path="/api/trackpoint/"),
    ServerFault(kind="content_type", path="/api/range/"),
]
CALLS = [
    lambda client: client.load_record(300_001),
    Client.list_records,
    Client.account,
    lambda client: client.estimate(300_001),
    lambda client: client.load_record(999_999),
    lambda client: client.list_records(order_by="nosuch"),
    lambda client: client.load_record(300_001, offline=True, transport="json"),
]


def told_by(calls, client):
    """All that some calls show, whether they succeed or fail."""
    for call in calls:
        try:
            yield repr(call(client))
        except HexoframeError as error:
            yield everything_of(error)


def tokens_of(auth):
    token = getattr(auth, "token", None)
    held = () if token is None else (token.access, token.refresh)
    return {each.reveal() for each in held if each is not None}


@pytest.mark.parametrize("kind", ["signed", "bearer"])
def test_no_secret_is_shown_anywhere_in_a_whole_session(
    serving, client_of, credentials, caplog, tmp_path, kind
):
    caplog.set_level(logging.DEBUG)
    wrong = {"password": "wrong-password-9", "api_secret": "wrong-secret-9"}
    with serving(shirt(record_id=300_001)) as server:
        auth = credentials[kind](server)
        client = client_of(server, tmp_path, auth)
        server.faults.add(*SESSION_FAULTS)
        with pytest.warns(MissingFactsWarning) as warned:
            record = client.load_record(300_001)
        shown = [str(each.message) for each in warned]
        secrets = {
            server.password,
            server.api_secret,
            *wrong.values(),
            *tokens_of(auth),
        }
        secrets.add(server.credentials[server.username].client_secret)
        if kind == "bearer":
            server.faults.add(ServerFault(kind="expired_token", path="/api/record/"))
        shown += told_by(CALLS, client)
        secrets |= tokens_of(auth)
        for name, value in wrong.items():
            other = client_of(
                server, None, credentials["signed"](server, **{name: value})
            )
            shown += told_by([Client.account], other)
        server.faults.add(ServerFault(kind="drop", times=None))
        shown += told_by(
            [lambda client: client.load_record(300_001, refresh=True)], client
        )
        shown += map(repr, (client, client.session, client.cache, auth, record))
        shown += [str(record.info), *(entry.path for entry in server.log)]
    shown += [caplog.text, *(str(entry.__dict__) for entry in caplog.records)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "manifest.json" for path in files)
    assert len(caplog.records) > 20
    assert len(secrets) == (5 if kind == "signed" else 9)
    everything = "\n".join(shown).encode() + b"".join(map(Path.read_bytes, files))
    for secret in secrets:
        assert len(secret) > 6
        assert secret.encode() not in everything


def test_no_secret_is_kept_in_the_cache_of_a_client_of_the_environment(
    serving, monkeypatch
):
    with serving(shirt(duration_s=20)) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with connect() as client:
            client.load_record(41, channels=["heart_rate"])
            assert repr(client) == f"<Client of {server.base_url}>"
        held = b"".join(
            path.read_bytes() for path in cache.folder().rglob("*") if path.is_file()
        )
        assert len(held) > 1000
        for name in ("password", "api_key", "api_secret"):
            assert getattr(server, name).encode() not in held


# -- connecting ------------------------------------------------------------------------


def test_a_client_is_made_of_arguments_or_of_the_environment(serving, monkeypatch):
    with serving(shirt(duration_s=20), unsigned_basic=False) as server:
        given = {name: getattr(server, name) for name in
                 ("username", "password", "api_key", "api_secret")}  # fmt: skip
        with connect(server.base_url, **given) as client:
            assert client.account()["email"] == server.username
        with pytest.raises(AuthenticationError, match="HEXOFRAME_USERNAME"):
            connect(server.base_url)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with connect() as client:
            assert client.base_url == server.base_url
            assert client.account()["email"] == server.username
        with (
            connect(password=WRONG_PASSWORD) as client,
            pytest.raises(AuthenticationError, match="does not know this user"),
        ):
            client.account()


def test_a_client_keeps_its_records_where_it_is_told(serving, tmp_path):
    with serving(shirt(duration_s=20)) as server:
        given = {"username": server.username, "password": server.password}
        with connect(server.base_url, cache=tmp_path / "mine", **given) as client:
            client.load_record(41, channels=["heart_rate"])
        with connect(server.base_url, cache=str(tmp_path / "mine"), **given) as client:
            assert (
                client.load_record(41, channels=["heart_rate"], offline=True).id == 41
            )
        with connect(server.base_url, cache=False, **given) as client:
            client.load_record(41, channels=["heart_rate"])
            assert client.cache is None
    assert cache.info().empty
    assert len(Cache(tmp_path / "mine").entries()) == 1


def test_clients_of_one_host_share_their_pace_wherever_they_keep_records(tmp_path):
    given = {"username": "u@example.org", "password": "p"}
    urls = ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:2"]
    clients = [
        connect(url, cache=tmp_path / str(number), **given)
        for number, url in enumerate(urls)
    ]
    one, same, other = (client.session.limiter for client in clients)
    assert one is same
    assert one is not other
    for client in clients:
        client.close()


def test_an_answer_that_is_no_record_is_said(world, client_of):
    world.faults.add(
        ServerFault(kind="truncated", path="/api/record/300001/", share=0, times=None)
    )
    with pytest.raises(ResponseError, match="not complete JSON"):
        client_of(world).load_record(300_001)


def test_several_threads_may_use_one_client(world, client_of, tmp_path, differences):
    client = client_of(world, tmp_path)
    numbers = [300_001, 300_002, 300_003] * 2
    with ThreadPoolExecutor(6) as pool:
        loaded = list(pool.map(client.load_record, numbers))
    for one, other in zip(loaded[:3], loaded[3:], strict=True):
        assert differences(one, other) == []
        assert one.id == other.id
    assert len(client.cache.entries()) == 3


def test_what_a_service_changes_meanwhile_is_not_mixed(
    serving, client_of, tmp_path, differences
):
    """A download that goes on after the record changed begins anew."""
    with serving(shirt()) as server:
        client = client_of(server, tmp_path)
        server.faults.add(
            ServerFault(kind="status", status=500, path="datatype=38", times=None)
        )
        with pytest.raises(ServerError):
            client.load_record(41)
        server.faults.clear()
        server.world.change_record(41, last_modified="2030-01-01T00:00:00+00:00")
        server.clear_log()
        record = client.load_record(41)
        exports = [entry for entry in server.log if "octet" in entry.accept]
        assert len(exports) == 1, "the export of before is not used"
        assert differences(record, client_of(server).load_record(41)) == []
        assert not list(tmp_path.rglob("*.chunks")), "nor is it left lying about"


def test_a_zip_that_the_service_makes_badly_is_refused_and_json_is_advised(
    serving, client_of, monkeypatch
):
    from hexoframe.simulator.server.data import DataService

    good = DataService._binary

    def bad(self, asked):
        answer = good(self, asked)
        held = io.BytesIO(answer.body)
        out = io.BytesIO()
        with zipfile.ZipFile(held) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                body = old.read(name)
                # The half of one waveform is missing, in an archive that is whole.
                cut = body[: len(body) // 2] if name.endswith("ECG_I.wav") else body
                new.writestr(name, cut)
        return type(answer)(200, out.getvalue(), answer.content_type, {}, ranged=True)

    monkeypatch.setattr(DataService, "_binary", bad)
    with serving(shirt()) as server:
        client = client_of(server)
        with pytest.raises(IncompleteDataError, match="transport='json'") as caught:
            client.load_record(41)
        assert list(caught.value.ledger) == ["ecg"]
        assert len(client.load_record(41, transport="json")["ecg"]) == 310 * 256
        record = client.load_record(41, allow_partial=True)
    assert len(record["ecg"]) < 310 * 256
    lost = record.gaps().query("cause == 'transfer'")
    assert set(lost["channel"]) == {"ecg"}
    assert record.coverage().loc["ecg", "lost"] > 0
    assert channels_of("hexoskin").keys() >= set(record)


def test_a_session_of_another_host_is_no_client():
    auth = UnsignedBasic("http://127.0.0.1:1", "u", "p")
    with pytest.raises(ConfigurationError, match="credentials"):
        Client(
            ServiceSession(
                "http://127.0.0.1:2",
                auth,
                limiter=Limiter("t", spacing_s=0),
                retries=RetryPolicy(),
            )
        )


def test_records_that_the_service_changed_since_a_time_are_listed(
    default_world, client_of
):
    client = client_of(default_world)
    every = client.list_records()
    assert (every["last_modified"] == pd.Timestamp("2024-03-02T12:00Z")).all()
    since = client.list_records(changed_since="2024-03-02T13:00:00+01:00")
    assert since["id"].tolist() == every["id"].tolist()
    assert len(client.list_records(changed_since="2024-03-02T12:00:01Z")) == 0
    with pytest.raises(TimestampError):
        client.list_records(changed_since="2024-03-02T12:00:00")
