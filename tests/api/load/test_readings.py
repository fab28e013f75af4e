"""Whatever the service means where its documentation is unclear, a load is the same."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hexoframe.api.load import plan
from hexoframe.channels import channels_of
from hexoframe.errors import (
    IncompleteDataError,
    MissingSamplesWarning,
    UnfinishedRecordWarning,
)
from hexoframe.simulator.shirt import Shirt

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
# Ten minutes and a bit: three parts of the export besides its states, three pages of
# ECG; off the body and with a lead off for a while, so that there is something to keep.
SHIRT = Shirt(
    seed=3,
    duration_s=620.5,
    record_id=41,
    activity="mixed",
    presses=(5, 400),
    lead_off=((100, 20),),
    gaps=((410, 30),),
    track=True,
)
WAYS = ("auto", "zip", "json")
# The tables of an export's statistics come with a whole export alone.
BUT = ("statistics",)

READINGS = {
    "end is not included": {"end_inclusive": False},
    "empty lists for empty channels": {"empty_channels": "empty"},
    "the export is not cut": {"zip_cut": False},
    "the export has all channels": {"zip_by_datatype": False},
    "the export is neither": {"zip_cut": False, "zip_by_datatype": False},
    "no parts of bodies": {"http_ranges": False},
    "chunks": {"chunked": True},
    "no gzip": {"gzip": False},
    "chunks without gzip": {"chunked": True, "gzip": False},
    "65 535 values": {"max_values": 65_535},
    "65 535 values, end not included": {"max_values": 65_535, "end_inclusive": False},
    "5000 values": {"max_values": 5000},
    "whole stamps of states": {"float_stamps": False},
    "newer fields of a record": {"newer_record_fields": True},
    "signed requests alone": {"unsigned_basic": False},
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(plan, "ZIP_CHUNK_BYTES", 400_000)


@pytest.fixture(scope="module")
def whole(serving, new_client):
    """The record by each way, where the service is as it is by default."""
    with serving(SHIRT) as server, new_client(server) as client:
        return {way: client.load_record(41, transport=way) for way in WAYS}


START = SHIRT.start
SECOND = 256


def at(second, ticks=0):
    return START + round(second * SECOND) + ticks


# Off the grid of seconds, on it, on it in a gap, from a border of parts to the end.
WINDOWS = {
    "off the grid": (at(100, 3), at(330, 77)),
    "on whole seconds": (at(60), at(420)),
    "one second": (at(250), at(251)),
    "a tick": (at(250, 6), at(250, 7)),
    "to the end": (at(300), None),
    "to the very end": (at(310), at(SHIRT.duration_s)),
    "from the start": (None, at(301)),
    "beyond both ends": (at(-100), at(900)),
}
CHOICES = {
    "waveforms": ["ecg", "acceleration"],
    "rates": ["heart_rate", "minute_ventilation_adjusted", "tidal_volume"],
    "events": ["rr_interval", "inspiration", "step", "qrs"],
    "states": ["device_position", "sleep_phase"],
    "slow": ["ann", "hrv_lf"],
    "mixed": ["ecg_i", 19, "RR_interval", "sleep_position"],
}


def test_the_ways_differ_only_where_the_table_says_so(whole, differences):
    channels = channels_of("hexoskin").values()
    absent = {c.name for c in channels if c.datatypes[0].binary != "exact"}
    ranged = {c.name for c in channels if c.datatypes[0].json != "exact"}
    assert "device_position" in ranged
    assert "qrs_amp_channel_char" in absent
    assert differences(whole["zip"], whole["json"], but=absent | ranged | {*BUT}) == []
    assert differences(whole["auto"], whole["zip"], but=absent | {*BUT}) == []
    assert differences(whole["auto"], whole["json"], but=ranged | {*BUT}) == []
    assert set(whole["auto"]) == set(whole["json"]) >= set(whole["zip"])


@pytest.mark.parametrize(
    "way", ["auto", "json", pytest.param("zip", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("reading", READINGS)
def test_a_whole_record_is_the_same_under_every_reading(
    serving, client_of, whole, differences, reading, way
):
    with serving(SHIRT, **READINGS[reading]) as server:
        loaded = client_of(server).load_record(41, transport=way)
    assert differences(loaded, whole[way], but=BUT) == []
    # What came twice at the borders of pieces is counted, and says how it came.
    mine, theirs = (each.coverage().drop(columns="duplicates") for each in
                    (loaded, whole[way]))  # fmt: skip
    assert mine.equals(theirs)
    if way == "zip":
        ways = set(loaded.info["provenance"].values())
        assert ways == {"API, binary export"}


@pytest.mark.parametrize(
    "way", ["zip", "json", pytest.param("auto", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_part_of_a_record_is_what_the_whole_holds_there(
    serving, client_of, whole, differences, window, way
):
    start, end = WINDOWS[window]
    with serving(SHIRT) as server:
        loaded = client_of(server).load_record(41, start=start, end=end, transport=way)
    part = whole[way].cut(start, end)
    assert (loaded.start_tick, loaded.end_tick) == (part.start_tick, part.end_tick)
    assert differences(loaded, part, only=part) == []
    assert set(loaded) <= set(part)
    assert loaded.ranges.equals(part.ranges)
    assert loaded.annotations.equals(part.annotations)
    assert loaded.track.equals(part.track)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("choice", CHOICES)
def test_some_channels_are_those_of_the_whole(
    serving, client_of, whole, differences, choice, way
):
    wanted = CHOICES[choice]
    names = [name for name in whole[way] if name in
             {whole[way].channel(key).name for key in wanted}]  # fmt: skip
    with serving(SHIRT) as server:
        client = client_of(server)
        loaded = client.load_record(41, channels=wanted, transport=way)
        start, end = WINDOWS["on whole seconds"]
        part = client.load_record(
            41, channels=wanted, transport=way, start=start, end=end
        )
    assert list(loaded) == names
    assert differences(loaded, whole[way], only=names) == []
    assert differences(part, whole[way].cut(start, end), only=names) == []


@pytest.mark.parametrize("ticks", [256, 259, 153_599, 153_600, 153_601, 196_602])
def test_a_record_of_any_length_has_its_end(
    serving, client_of, differences, monkeypatch, ticks
):
    # Two periods of the slowest channel, and three pages of ECG, to the tick.
    length = Fraction(ticks, 256)
    shirt = Shirt(seed=3, duration_s=length, record_id=41, activity="rest")
    with serving(shirt) as server:
        client = client_of(server)
        in_parts = [client.load_record(41, transport=way) for way in ("auto", "json")]
        monkeypatch.setattr(plan, "ZIP_CHUNK_BYTES", 48_000_000)
        in_one = client.load_record(41)
    assert len(in_one["ecg"]) == ticks
    states = {"device_position", "sleep_position", "sleep_phase"}
    for record in in_parts:
        assert differences(record, in_one, but={*BUT, *states}) == []


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reading", READINGS)
def test_every_part_and_choice_is_the_same_under_every_reading(
    serving, client_of, whole, differences, reading, way
):
    with serving(SHIRT, **READINGS[reading]) as server:
        client = client_of(server)
        for start, end in WINDOWS.values():
            for wanted in (*CHOICES.values(), None):
                loaded = client.load_record(
                    41, channels=wanted, start=start, end=end, transport=way
                )
                part = whole[way].cut(start, end)
                keys = part if wanted is None else wanted
                names = [part.channel(key).name for key in keys]
                assert differences(loaded, part, only=names) == [], (start, wanted)


# -- what only some readings have ------------------------------------------------------


def test_where_the_export_is_not_cut_it_is_fetched_once(serving, client_of, for_data):
    with serving(SHIRT, zip_cut=False, zip_by_datatype=False) as server:
        client_of(server).load_record(41, model="Hexoskin", transport="zip")
        assert len(for_data(server)) == 1


def test_where_the_export_is_cut_its_parts_are_fetched_one_by_one(
    serving, client_of, for_data
):
    with serving(SHIRT) as server:
        client_of(server).load_record(41, model="Hexoskin", transport="zip")
        windows = [entry.path for entry in for_data(server) if "start=" in entry.path]
        states = [entry.path for entry in for_data(server) if "269" in entry.path]
    assert len(windows) == 3
    assert len(states) == 1
    assert "start=" not in states[0]


def test_without_a_binary_form_the_record_comes_as_json(
    serving, client_of, whole, differences
):
    with serving(SHIRT, binary=False) as server:
        client = client_of(server)
        with pytest.warns(MissingSamplesWarning, match=r"device_pos.*refresh=True"):
            loaded = client.load_record(41)
        assert differences(loaded, whole["json"], but=BUT) == []
        with pytest.warns(MissingSamplesWarning, match=r"no binary.*: sleep_phase;"):
            client.load_record(41, channels=["ecg", "sleep_phase"])
        # Nothing lacks where JSON has it all.
        client.load_record(41, channels=["ecg", "heart_rate"])


@pytest.mark.parametrize("cap", [600, 900, 1200])
def test_thinned_beats_are_noticed_by_their_intervals(
    serving, client_of, whole, differences, cap
):
    names = ["rr_interval", "heart_rate", "nn_interval"]
    assert len(whole["json"]["rr_interval"]) > 600
    with serving(SHIRT, max_values=cap) as server:
        loaded = client_of(server).load_record(41, channels=names, transport="json")
    assert differences(loaded, whole["json"], only=names) == []


def test_a_service_that_thins_the_shortest_window_is_no_source(
    serving, client_of, for_data
):
    with serving(SHIRT, max_values=20) as server:
        client = client_of(server)
        with pytest.raises(IncompleteDataError, match="transport='zip'") as caught:
            client.load_record(41, channels=["ecg"], transport="json", end=at(10))
        assert caught.value.resume == {"record": 41, "host": server.base_url}
        assert "ECG_I" in caught.value.ledger
        # It does not go on for ever before it says so.
        assert len(for_data(server)) < 40


@pytest.mark.parametrize("unsynced", ["nothing", "empty_object"])
@pytest.mark.parametrize("status", ["syncing", "queued", "processing"])
def test_a_record_that_is_not_synced_is_empty_and_not_kept(
    serving, client_of, tmp_path, unsynced, status
):
    with serving(SHIRT, unsynced=unsynced) as server:
        server.world.change_record(41, status=status)
        client = client_of(server, tmp_path)
        with pytest.warns(UnfinishedRecordWarning, match=status):
            record = client.load_record(41)
        assert len(record) == 0
        assert record.info["status"] == status
        assert len(record["ecg"]) == 0
        assert not list(tmp_path.rglob("*.parquet"))
        server.world.change_record(41, status="complete")
        assert len(client.load_record(41, channels=["heart_rate"])["heart_rate"]) == 620
