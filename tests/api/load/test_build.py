"""A record made of chunks: each channel once, whole, and from where it is exact."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from hexoframe.api.load import build as making
from hexoframe.api.load import plan as planning
from hexoframe.api.load.build import build_record
from hexoframe.api.load.chunks import Chunk, ChunkStore
from hexoframe.api.load.fetch import Fetched, FetchedExport, Fetcher
from hexoframe.api.load.plan import Plan, make_plan, wanted_datatypes
from hexoframe.api.load.progress import Meter
from hexoframe.api.load.recordhead import fetch_head
from hexoframe.channels import channels_of
from hexoframe.errors import IncompleteDataError, ResponseError
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.shirt import Shirt
from hexoframe.timestamps import ticks_to_index

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
# Six pages of ECG, and five parts of the export.
SHIRT = Shirt(seed=3, duration_s=1300, record_id=41, activity="mixed")
START = SHIRT.start
CHANNELS = channels_of("hexoskin")


@pytest.fixture(scope="module")
def fetched(serving, new_client, tmp_path_factory):
    """Plan, what came, and store of a record, by way and end rule."""
    made = {}
    for inclusive in (True, False):
        with (
            serving(SHIRT, end_inclusive=inclusive) as server,
            new_client(server) as client,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(planning, "ZIP_CHUNK_BYTES", 300_000)
            head = fetch_head(client.session, 41)
            for way in ("zip", "json"):
                wanted = wanted_datatypes("hexoskin")
                plan = make_plan("hexoskin", head.span, wanted, transport=way)
                store = ChunkStore(tmp_path_factory.mktemp("store"))
                fetcher = Fetcher(
                    client.session,
                    head,
                    "hexoskin",
                    store=store,
                    meter=Meter("test", "hexoskin", show=False),
                )
                made[way, inclusive] = (plan, fetcher.run(plan), store, head)
    return made


def record_of(fetched, way, *, inclusive=True):
    plan, came, store, head = fetched[way, inclusive]
    return build_record(plan, came, store, head=head)


# -- borders ---------------------------------------------------------------------------


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("turn", [1, 2, 5, 100])
def test_however_many_pages_are_joined_at_a_time_the_channel_is_the_same(
    fetched, monkeypatch, turn, inclusive
):
    usual = record_of(fetched, "json", inclusive=inclusive)
    frames = {name: usual[name] for name in usual}
    duplicates = {name: usual.receipt(name).duplicates for name in usual}
    monkeypatch.setattr(making, "WINDOWS_IN_TURN", turn)
    other = record_of(fetched, "json", inclusive=inclusive)
    for name in other:
        assert other[name].equals(frames[name]), name
        assert other.receipt(name).duplicates == duplicates[name], name
        assert other.receipt(name).samples == len(frames[name])
    assert len(frames["ecg"]) == 1300 * 256


def test_samples_of_a_border_that_came_twice_are_counted(fetched):
    plan, *_ = fetched["json", True]
    borders = len(plan.chunks) - 1
    assert borders == 5
    twice = record_of(fetched, "json", inclusive=True)
    once = record_of(fetched, "json", inclusive=False)
    for name in ("ecg", "respiration", "acceleration", "heart_rate"):
        assert twice[name].equals(once[name])
        assert once.receipt(name).duplicates == 0
    # A page ends where the next begins, where the ECG has a sample.
    assert twice.receipt("ecg").duplicates == borders
    assert twice.survey("ecg").duplicates == borders


@pytest.mark.parametrize("rows", [1, 1000, 65_536, 10**9])
@pytest.mark.parametrize("way", ["zip", "json"])
def test_a_channel_in_pieces_is_the_channel(fetched, way, rows):
    names = ["heart_rate", "rr_interval"] if rows == 1 else ["ecg", "heart_rate"]
    whole = record_of(fetched, way)
    streamed = record_of(fetched, way)
    for name in names:
        pieces = list(streamed.pieces(name, rows))
        assert all(0 < len(piece) <= rows for piece in pieces)
        assert pd.concat(pieces).equals(whole[name])
        assert not streamed.is_read(name)
        assert streamed.receipt(name).samples == len(whole[name])


def test_channels_may_be_read_by_several_threads(fetched):
    usual = record_of(fetched, "json")
    frames = {name: usual[name] for name in usual}
    record = record_of(fetched, "json")
    found = {}

    def read(names):
        for name in names:
            found[name] = pd.concat(list(record.pieces(name, 9999)))

    names = list(record)
    threads = [threading.Thread(target=read, args=(names[n::3],)) for n in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found.keys() == frames.keys()
    for name, frame in found.items():
        assert frame.equals(frames[name]), name


def test_channels_with_the_same_stamps_share_their_index(fetched):
    for way in ("zip", "json"):
        record = record_of(fetched, way)
        rates = ["heart_rate", "breathing_rate", "activity", "cadence"]
        first = record[rates[0]].index
        assert len(first) == 1300
        for name in rates[1:]:
            assert np.shares_memory(record[name].index.asi8, first.asi8), (way, name)


def test_each_channel_says_how_it_came(fetched):
    for way, told in (("zip", "API, binary export"), ("json", "API, JSON")):
        record = record_of(fetched, way)
        assert record.facts.info["provenance"] == dict.fromkeys(record, told)
    info = record_of(fetched, "zip").facts.info
    # What an export says of its file is about one part of it.
    assert not {"request", "timestamp"} & set(info)
    assert info["id"] == 41
    assert info["decoder_version"]


# -- parts of an export that do not go together ----------------------------------------


def frame_of(name, first, values):
    channel = CHANNELS[name]
    step = int(channel.ticks)
    ticks = START + (first + np.arange(len(values))) * step
    index = ticks_to_index(ticks, clock=256)
    columns = {channel.columns[0]: np.array(values, dtype=np.float64)}
    return make_frame(channel, index, columns, record_id=41)


def made_of(parts, *, seconds=20, allow_partial=False, tmp_path):
    """Make a record of parts: (first second, values of the heart rate)."""
    row = CHANNELS["heart_rate"].datatypes[0]
    chunks, exports = [], []
    for number, (first, values) in enumerate(parts):
        following = parts[number + 1][0] if number + 1 < len(parts) else seconds
        chunk = Chunk(
            kind="zip",
            datatypes=(19,),
            start=START + first * 256,
            end=START + following * 256 + (following == seconds),
        )
        start = START + first * 256
        held = {"heart_rate": frame_of("heart_rate", first + 1, values)}
        data = RecordData(
            "hexoskin",
            (start, start + len(values) * 256),
            held,
            facts=Facts(info={"id": 41}),
        )
        chunks.append(chunk)
        exports.append(FetchedExport(chunk=chunk, data=data))
    plan = Plan(
        family="hexoskin", chunks=tuple(chunks), json=frozenset(), wanted=(row,)
    )

    class Head:
        id, clock, span = 41, 256, (START, START + seconds * 256)
        info = {"id": 41}  # noqa: RUF012  # not changed

    fetched = Fetched(exports=exports)
    return build_record(
        plan,
        fetched,
        ChunkStore(tmp_path),
        head=Head,
        allow_partial=allow_partial,
    )


def values_of(record):
    return record["heart_rate"]["heart_rate"].tolist()


def test_parts_that_meet_are_put_together(tmp_path):
    record = made_of([(0, [1] * 10), (10, [2] * 10)], tmp_path=tmp_path)
    assert values_of(record) == [1] * 10 + [2] * 10
    assert record.receipt("heart_rate").duplicates == 0
    assert record.receipt("heart_rate").lost == ()


def test_parts_that_hold_the_same_rows_give_them_once(tmp_path):
    record = made_of(
        [(0, list(range(13))), (10, list(range(10, 20)))], tmp_path=tmp_path
    )
    assert values_of(record) == list(range(20))
    assert record.receipt("heart_rate").duplicates == 3


def test_missing_values_in_what_two_parts_hold_are_no_difference(tmp_path):
    nan = float("nan")
    record = made_of(
        [(0, [1] * 9 + [nan, nan]), (10, [nan] + [2] * 9)], tmp_path=tmp_path
    )
    assert len(record["heart_rate"]) == 20


def test_parts_that_differ_in_what_both_hold_are_not_mixed(tmp_path):
    record = made_of([(0, [1] * 13), (10, [2] * 10)], tmp_path=tmp_path)
    with pytest.raises(ResponseError, match="did the record change meanwhile"):
        record["heart_rate"]


@pytest.mark.parametrize(
    ("parts", "lost"),
    [
        ([(0, [1] * 10), (10, [2] * 5)], [(15, 20)]),
        ([(0, [1] * 5), (10, [2] * 10)], [(5, 10)]),
        ([(0, [1] * 5), (10, [2] * 5)], [(5, 10), (15, 20)]),
        ([(0, []), (10, [2] * 10)], [(0, 10)]),
        ([(0, [1] * 10), (10, [])], [(10, 20)]),
    ],
)
def test_a_part_that_ends_too_early_is_an_error_or_stands_in_the_ledger(
    tmp_path, parts, lost
):
    spans = [(START + a * 256, START + b * 256) for a, b in lost]
    with pytest.raises(IncompleteDataError, match="heart_rate lacks") as caught:
        made_of(parts, tmp_path=tmp_path)
    assert caught.value.ledger == {"heart_rate": tuple(spans)}
    record = made_of(parts, allow_partial=True, tmp_path=tmp_path)
    assert record.receipt("heart_rate").lost == tuple(spans)
    found = record.survey("heart_rate")
    assert found.received == sum(len(values) for _, values in parts)
    causes = {gap.cause for gap in found.gaps}
    assert causes == {"transfer"}


def test_a_second_too_few_is_how_recorders_are(tmp_path):
    record = made_of([(0, [1] * 10), (10, [2] * 8)], tmp_path=tmp_path)
    assert len(record["heart_rate"]) == 18
    assert record.receipt("heart_rate").lost == ()


def test_a_channel_that_no_part_holds_is_not_in_the_record(tmp_path):
    record = made_of([(0, []), (10, [])], tmp_path=tmp_path)
    assert list(record) == []
