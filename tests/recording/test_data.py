"""RecordData: look-up, laziness, and that nobody can change it from outside."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import ConfigurationError, UnknownChannelError
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589
START = SECOND * 256
SPAN = (START, START + 60 * 256)


def frame_of(name, *, family="hexoskin", seconds=60, record_id=7):
    """All samples of a channel, counting up; events at each whole second."""
    channel = channels_of(family)[name]
    clock, step = channel.clock, channel.ticks or channel.clock
    count = int(seconds * clock / step)
    start = SECOND * clock + int(channel.first_sample * step)
    ticks = [start + int(n * step) for n in range(count)]
    values = {
        column: np.arange(count, dtype=channel.dtype) + 1000 * place
        for place, column in enumerate(channel.columns)
    }
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=clock)
    return make_frame(channel, index, values, record_id=record_id)


def refuse(*_args):
    pytest.fail("this was to be done without reading anything")


def record_of(names=("heart_rate", "ecg", "respiration"), **more):
    return RecordData(
        "hexoskin", SPAN, {name: frame_of(name) for name in names}, **more
    )


class Door:
    """A source that counts how often it is read."""

    def __init__(self, frame):
        self.frame, self.reads, self.streamed = frame, 0, 0

    def source(self, **more):
        return LazyChannel(read=self.read, pieces=self.pieces, **more)

    def read(self):
        self.reads += 1
        return self.frame

    def pieces(self, rows):
        for first in range(0, len(self.frame), rows):
            self.streamed += 1
            yield self.frame.iloc[first : first + rows]


# --- facts ----------------------------------------------------------------------------


def test_record_says_what_it_was_told():
    record = record_of(facts=Facts(info={"id": "123"}), tz="America/Montreal")
    assert (record.family, record.clock, record.scale) == ("hexoskin", 256, "physical")
    assert (record.start_tick, record.end_tick) == SPAN
    assert record.start == pd.Timestamp(SECOND, unit="s", tz="UTC")
    assert str(record.start.tz) == record.tz == "America/Montreal"
    assert record.start.unit == "ns"
    assert record.duration == pd.Timedelta("60s")
    assert record.end - record.start == record.duration
    assert record.id == 123
    assert record_of().id is None


def test_record_that_ends_before_it_starts_is_refused():
    with pytest.raises(ConfigurationError, match="cannot end"):
        RecordData("hexoskin", SPAN[::-1], {})
    assert RecordData("hexoskin", (START, START), {}).duration == pd.Timedelta(0)


def test_channel_of_another_model_or_shape_is_refused():
    with pytest.raises(UnknownChannelError):
        RecordData("hexoskin", SPAN, {"spo2": frame_of("spo2", family="astroskin_256")})
    with pytest.raises(ConfigurationError, match="has the columns"):
        RecordData("hexoskin", SPAN, {"ecg": frame_of("heart_rate")})
    micro = frame_of("heart_rate")
    micro.index = micro.index.as_unit("us")
    with pytest.raises(ConfigurationError, match="in ns"):
        RecordData("hexoskin", SPAN, {"heart_rate": micro})


def test_units_are_those_of_the_columns_that_are_there():
    assert record_of().units == {
        "ecg_i": "mV",
        "respiration_thoracic": "count",
        "respiration_abdominal": "count",
        "heart_rate": "bpm",
    }
    assert set(record_of(scale="raw").units.values()) == {"count"}


# --- look-up --------------------------------------------------------------------------


def test_channels_come_in_the_order_of_the_table():
    record = record_of(("step", "heart_rate", "acceleration", "ecg"))
    assert list(record) == ["ecg", "acceleration", "heart_rate", "step"]
    assert list(record.keys()) == list(record)
    assert len(record) == 4
    frames = dict(record.items())
    assert list(frames) == list(record)
    pd.testing.assert_frame_equal(frames["step"], record["step"])


@pytest.mark.parametrize(
    "key", ["heart_rate", "HEART_RATE", "heartrate", "hr", 19, "19"]
)
def test_every_name_of_a_channel_gives_its_frame(key):
    record = record_of()
    pd.testing.assert_frame_equal(record[key], frame_of("heart_rate"))
    assert key in record


@pytest.mark.parametrize("key", ["respiration_abdominal", 4130, "resp_abdo"])
def test_name_of_a_column_gives_that_column_as_a_frame(key):
    frame = record_of()[key]
    whole = frame_of("respiration")
    pd.testing.assert_frame_equal(frame, whole[["respiration_abdominal"]])
    assert frame.attrs["hexoframe"]["units"] == {"respiration_abdominal": "count"}


def test_what_the_record_lacks_is_empty_and_what_the_model_lacks_an_error():
    record = record_of(facts=Facts(info={"id": 7}))
    lacking = record["acceleration_y"]
    assert lacking.shape == (0, 1)
    assert lacking.dtypes.tolist() == [np.float32]
    assert str(lacking.index.dtype) == "datetime64[ns, UTC]"
    assert lacking.attrs["hexoframe"]["record"] == 7
    assert "acceleration" not in record
    assert "spo2" not in record
    for key in ("spo2", 66, "nonsense", 1.5, None):
        with pytest.raises(UnknownChannelError):
            record[key]
        assert key not in record


@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_of_the_model_is_there_or_empty(family):
    record = (
        RecordData(family, (10**12, 10**12), {})
        if family.endswith("1000")
        else (RecordData(family, SPAN, {}))
    )
    for name, channel in channels_of(family).items():
        frame = record[name]
        assert list(frame) == list(channel.columns)
        assert {str(dtype) for dtype in frame.dtypes} == {channel.dtype}
    assert list(record) == []


def test_frames_are_shown_in_the_zone_of_the_record():
    record = record_of(tz="America/Montreal")
    for key in ("ecg", "ecg_i", "acceleration"):
        assert str(record[key].index.dtype) == "datetime64[ns, America/Montreal]"
        assert record[key].index.name == "time"
    utc = record["ecg"].tz_convert("UTC")
    pd.testing.assert_frame_equal(utc, frame_of("ecg"))


def test_frame_in_a_zone_is_held_in_utc():
    local = frame_of("ecg").tz_convert("Asia/Kolkata")
    record = RecordData("hexoskin", SPAN, {"ecg": local})
    pd.testing.assert_frame_equal(record["ecg"], frame_of("ecg"))
    assert str(next(record.pieces("ecg")).index.tz) == "UTC"


def test_records_are_compared_by_identity():
    one, other = record_of(), record_of()
    assert one == one  # noqa: PLR0124 - that is the question
    assert one != other
    assert len({one, other, one}) == 2


# --- nobody changes it ----------------------------------------------------------------


def test_columns_that_a_caller_adds_stay_with_the_caller():
    record = record_of()
    for key in ("heart_rate", "respiration", "respiration_thoracic"):
        frame = record[key]
        frame["extra"] = 1.0
        frame.attrs["hexoframe"]["record"] = "spoilt"
        frame.attrs["mine"] = True
        frame.index.name = "when"
        again = record[key]
        assert "extra" not in again
        assert again.attrs["hexoframe"]["record"] == 7
        assert "mine" not in again.attrs


def test_values_that_a_caller_writes_stay_with_the_caller():
    record = record_of()
    for key in ("heart_rate", "ecg", "respiration_thoracic"):
        frame = record[key]
        frame.iloc[0, 0] = -99
        frame.iloc[:, 0] *= 2
        frame.loc[frame.index[3]] = np.nan
        assert record[key].iloc[0, 0] == 0
        assert record[key].iloc[3, 0] == 3
    piece = next(record.pieces("ecg", 10))
    piece.iloc[0, 0] = -99
    assert record["ecg"].iloc[0, 0] == 0


def test_columns_added_to_a_given_frame_do_not_reach_the_record():
    frame = frame_of("heart_rate")
    record = RecordData("hexoskin", SPAN, {"heart_rate": frame})
    frame["extra"] = 1.0
    assert list(record["heart_rate"]) == ["heart_rate"]


# --- reading --------------------------------------------------------------------------


def test_source_is_read_once_and_at_first_touch():
    door = Door(frame_of("ecg"))
    record = RecordData("hexoskin", SPAN, {"ecg": door.source()})
    assert "ecg" in record
    assert list(record) == ["ecg"]
    assert not record.is_read("ecg")
    assert door.reads == 0
    pd.testing.assert_frame_equal(record["ecg_i"], frame_of("ecg"))
    assert record.is_read(4113)
    record["ecg"]
    assert door.reads == 1


def test_nothing_is_read_to_say_what_there_is():
    source = LazyChannel(read=refuse, pieces=refuse, receipt=Receipt(samples=15_360))
    record = RecordData("hexoskin", SPAN, {"ecg": source, "step": source})
    assert record.units == {"ecg_i": "mV", "step": "count"}
    assert record.receipt("ecg").samples == 15_360
    assert record.receipt("heart_rate") == Receipt(samples=0)
    assert not record.is_read("step")
    assert len(record["heart_rate"]) == 0
    for view in (record.part(START, None), record.whole()):
        RecordData("hexoskin", SPAN, view).receipt("ecg")


def test_receipt_may_learn_while_reading():
    told = [Receipt(), Receipt(duplicates=3)]
    source = LazyChannel(read=lambda: frame_of("step"), receipt=lambda: told[-1])
    record = RecordData("hexoskin", SPAN, {"step": source})
    assert record.survey("step").duplicates == 3
    told.append(Receipt(duplicates=4))
    assert record.receipt("step").duplicates == 4


def test_a_channel_in_memory_is_counted_in_every_view_of_it():
    source = LazyChannel(read=lambda: frame_of("step"))
    record = RecordData("hexoskin", SPAN, {"step": source})
    view = RecordData("hexoskin", SPAN, record.whole(), tz="Europe/Paris")
    assert view.receipt("step").samples is None
    count = len(record["step"])
    assert count
    assert record.receipt("step").samples == view.receipt("step").samples == count
    assert not view.is_read("step")


@pytest.mark.parametrize("rows", [1, 7, 59, 60, 61, 1 << 16])
def test_pieces_are_the_whole_in_order_and_never_empty(rows):
    door = Door(frame_of("heart_rate"))
    streamed = RecordData("hexoskin", SPAN, {"heart_rate": door.source()})
    plain = RecordData("hexoskin", SPAN, {"heart_rate": LazyChannel(read=door.read)})
    held = record_of(("heart_rate",))
    for record in (streamed, plain, held):
        pieces = list(record.pieces("heart_rate", rows))
        assert all(0 < len(piece) <= rows for piece in pieces)
        pd.testing.assert_frame_equal(pd.concat(pieces), frame_of("heart_rate"))
    assert not streamed.is_read("heart_rate")
    assert list(held.pieces("step")) == []


def test_pieces_of_a_channel_in_memory_do_not_go_back_to_the_source():
    door = Door(frame_of("ecg"))
    record = RecordData("hexoskin", SPAN, {"ecg": door.source()})
    record["ecg"]
    assert sum(map(len, record.pieces("ecg", 100))) == len(door.frame)
    assert door.streamed == 0


def test_part_streams_without_reading_the_whole():
    door = Door(frame_of("ecg"))
    source = LazyChannel(read=refuse, pieces=door.pieces)
    record = RecordData("hexoskin", SPAN, {"ecg": source})
    view = RecordData("hexoskin", SPAN, record.part(START + 100, START + 300))
    ticks = np.concatenate(
        [piece.index.asi8 // 3_906_250 for piece in view.pieces("ecg", 64)]
    )
    assert ticks.tolist() == list(range(START + 100, START + 300))


def test_view_of_a_view_reads_through_to_the_source_once():
    door = Door(frame_of("ecg"))
    record = RecordData("hexoskin", SPAN, {"ecg": door.source()})
    outer = RecordData("hexoskin", SPAN, record.part(START + 10, None))
    inner = RecordData("hexoskin", SPAN, outer.part(None, START + 20))
    assert inner["ecg"]["ecg_i"].tolist() == list(range(10, 20))
    assert len(outer["ecg"]) == 60 * 256 - 10
    assert door.reads == 1


# --- survey ---------------------------------------------------------------------------


def test_survey_of_a_record_in_counts_finds_the_same_holes():
    channel = channels_of("hexoskin")["rr_interval"]
    ticks = START + np.array([0, 200, 400, 1400])
    seconds = np.array([0, 200, 200, 200]) / 256
    index = ticks_to_index(ticks, clock=256)
    physical = make_frame(channel, index, {"rr_interval": seconds})
    counts = make_frame(channel, index, {"rr_interval": seconds * 256}, scale="raw")
    surveys = [
        RecordData("hexoskin", SPAN, {"rr_interval": frame}, scale=scale).survey("rr")
        for frame, scale in ((physical, "physical"), (counts, "raw"))
    ]
    assert surveys[0] == surveys[1]
    (hole,) = surveys[0].gaps
    assert (hole.start, hole.end) == (START + 400, START + 1200)


def test_survey_of_what_the_record_lacks_is_all_missing():
    result = record_of().survey("activity")
    assert (result.expected, result.received) == (60, 0)
    assert [gap.samples for gap in result.gaps] == [60]


# --- other processes ------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda record: pickle.loads(pickle.dumps(record)),  # noqa: S301 - our own bytes
    ],
)
def test_record_arrives_in_another_process_with_all_that_it_holds(copied):
    door = Door(frame_of("ecg"))
    facts = Facts(info={"id": 5})
    record = RecordData(
        "hexoskin",
        SPAN,
        {"ecg": door.source(receipt=Receipt(duplicates=2)), "step": frame_of("step")},
        facts=facts,
        tz="Europe/Paris",
    )
    back = copied(record)
    assert list(back) == ["ecg", "step"]
    pd.testing.assert_frame_equal(back["ecg"], record["ecg"])
    assert back["ecg"].attrs == record["ecg"].attrs
    assert (back.id, back.tz, back.start) == (5, "Europe/Paris", record.start)
    assert back.receipt("ecg").duplicates == 2
    assert back.survey("ecg") == record.survey("ecg")
    assert sum(map(len, back.pieces("ecg", 100))) == len(record["ecg"])
    assert list(RecordData("hexoskin", SPAN, back.part(START, None))["step"]) == [
        "step"
    ]


def test_view_arrives_in_another_process_too():
    record = record_of()
    view = RecordData("hexoskin", SPAN, record.part(START + 256, START + 512))
    back = pickle.loads(pickle.dumps(view))  # noqa: S301 - our own bytes
    pd.testing.assert_frame_equal(back["ecg"], view["ecg"])
    assert back.receipt("ecg") == view.receipt("ecg")
