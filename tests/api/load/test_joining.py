"""Several records put one behind the other."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from hexoframe.api.load.joining import check_apart, join_records
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording import metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import ticks_to_index

START = 1_709_330_400 * 256
CHANNELS = channels_of("hexoskin")


def frame_of(name, ticks, values, *, record_id=None):
    channel = CHANNELS[name]
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=256)
    columns = {channel.columns[0]: np.array(values, dtype=np.float64)}
    return make_frame(channel, index, columns, record_id=record_id)


def part_of(number, first, seconds, *, channels=("heart_rate",), **more):
    """A record whose every value is its number."""
    start = START + first * 256
    ticks = start + 256 * np.arange(1, seconds + 1)
    held = {
        name: frame_of(name, ticks, np.full(seconds, number), record_id=number)
        for name in channels
    }
    given = {"family": "hexoskin", "span": (start, start + seconds * 256)}
    info = {
        "id": number,
        "status": "complete",
        "provenance": dict.fromkeys(held, "way"),
    }
    facts = more.pop("facts", Facts(info=info))
    return RecordData(**given, channels=held, facts=facts, **more)


def test_one_record_stays_what_it_is():
    one = part_of(1, 0, 5)
    assert join_records([one]) is one


def test_samples_follow_each_other_and_the_pause_is_a_gap():
    joined = join_records([part_of(1, 0, 5), part_of(2, 60, 4)])
    assert joined["heart_rate"]["heart_rate"].tolist() == [1] * 5 + [2] * 4
    assert (joined.start_tick, joined.end_tick) == (START, START + 64 * 256)
    found = joined.survey("heart_rate")
    assert [(gap.start, gap.end, gap.cause) for gap in found.gaps] == [
        (START + 5 * 256, START + 60 * 256, "recorder")
    ]
    assert (found.expected, found.received) == (64, 9)
    assert joined.receipt("heart_rate").samples == 9


def test_records_that_touch_have_no_gap_between_them():
    joined = join_records([part_of(1, 0, 5), part_of(2, 5, 5)])
    assert joined.survey("heart_rate").gaps == ()
    assert joined["heart_rate"].index.is_monotonic_increasing


def test_a_channel_that_one_record_lacks_is_missing_there():
    both = ("heart_rate", "cadence")
    joined = join_records([part_of(1, 0, 5), part_of(2, 5, 5, channels=both)])
    assert list(joined) == list(both)
    assert len(joined["cadence"]) == 5
    assert joined.survey("cadence").gaps[0].end == START + 5 * 256


def test_it_says_of_which_records_it_is_made():
    joined = join_records(
        [part_of(1, 0, 5), part_of(2, 9, 5, channels=("heart_rate", "cadence"))]
    )
    assert joined.facts.info == {
        "records": [1, 2],
        "status": "complete",
        "provenance": {"heart_rate": "way", "cadence": "way"},
    }
    assert joined.id is None
    # A frame that two records made is of none of them.
    assert metadata.block_of(joined["heart_rate"])["record"] is None


def test_samples_are_read_when_they_are_touched():
    read = []

    def lazy(number, first):
        inner = part_of(number, first, 5)

        def frame():
            read.append(number)
            return inner["heart_rate"]

        span = (inner.start_tick, inner.end_tick)
        receipt = Receipt(samples=5, duplicates=1, lost=((span[0], span[0] + 9),))
        source = LazyChannel(read=frame, receipt=receipt)
        return RecordData("hexoskin", span, {"heart_rate": source}, facts=inner.facts)

    joined = join_records([lazy(1, 0), lazy(2, 60)])
    receipt = joined.receipt("heart_rate")
    assert (receipt.samples, receipt.duplicates) == (10, 2)
    assert len(receipt.lost) == 2
    assert read == []
    assert [len(piece) for piece in joined.pieces("heart_rate", 4)] == [4, 1, 4, 1]
    assert len(joined["heart_rate"]) == 10
    assert read


def test_how_many_samples_there_are_is_unknown_where_one_does_not_know():
    unknown = RecordData(
        "hexoskin",
        (START, START + 1280),
        {"heart_rate": LazyChannel(read=lambda: part_of(1, 0, 5)["heart_rate"])},
    )
    joined = join_records([unknown, part_of(2, 9, 5)])
    assert joined.receipt("heart_rate").samples is None


def unread(number, first):
    """A record that learns how many beats and doubles it has when it is read."""
    start = START + first * 256
    beats = start + 200 * np.arange(1, 6)
    known = []

    def read():
        known.append(Receipt(samples=5, duplicates=2))
        return frame_of("rr_interval", beats, np.ones(5), record_id=number)

    source = LazyChannel(read=read, receipt=lambda: known[-1] if known else Receipt())
    facts = Facts(info={"id": number})
    span = (start, start + 1280)
    return RecordData("hexoskin", span, {"rr_interval": source}, facts=facts)


def test_what_parts_learn_when_they_are_read_the_joined_record_knows():
    parts = [unread(1, 0), unread(2, 60)]
    joined = Record.of(join_records(parts))
    assert re.search(r"^rr_interval +event +not read", str(joined), re.MULTILINE)
    for part in parts:
        part.survey("rr_interval")
    assert not joined.is_read("rr_interval")
    assert joined.receipt("rr_interval")[:3] == (10, None, 4)
    assert re.search(r"^rr_interval +event +10 ", str(joined), re.MULTILINE)


def test_parts_in_memory_are_counted_although_no_header_counts_them():
    parts = [
        RecordData(
            "hexoskin", (START, START + 1280), {"heart_rate": LazyChannel(read=read)}
        )
        for read in [lambda: part_of(1, 0, 5)["heart_rate"]] * 2
    ]
    joined = join_records(parts)
    assert joined.receipt("heart_rate").samples is None
    assert [len(part["heart_rate"]) for part in parts] == [5, 5]
    assert joined.receipt("heart_rate").samples == 10


def test_tables_are_put_together_and_an_activity_over_both_comes_once():
    def facts(number, ids):
        rows = [
            {"id": one, "start": START + one, "end": START + one + 9, "name": str(one)}
            for one in ids
        ]
        marks = [{"id": number, "time": START + number, "datatype": 215}]
        return Facts(
            info={"id": number},
            ranges=facts_table("ranges", rows),
            annotations=facts_table("annotations", marks),
            track=None,
        )

    joined = join_records(
        [
            part_of(1, 0, 5, facts=facts(1, [7, 8])),
            part_of(2, 9, 5, facts=facts(2, [8, 9])),
        ]
    )
    assert joined.facts.ranges["id"].tolist() == [7, 8, 9]
    assert joined.facts.ranges.index.tolist() == [0, 1, 2]
    assert joined.facts.annotations["id"].tolist() == [1, 2]
    assert str(joined.facts.annotations.index.dtype) == "datetime64[ns, UTC]"
    assert joined.facts.track is None
    assert joined.facts.metrics is None, "they are of one record"


def test_rows_without_an_id_are_all_kept():
    points = facts_table("track", [{"time": START}, {"time": START + 1}])
    joined = join_records([part_of(n, n, 1, facts=Facts(track=points)) for n in (1, 2)])
    assert len(joined.facts.track) == 4
    ranges = facts_table("ranges", [{"name": "a"}, {"name": "a"}])
    joined = join_records(
        [part_of(n, n, 1, facts=Facts(ranges=ranges)) for n in (1, 2)]
    )
    assert len(joined.facts.ranges) == 4


def test_scale_zone_and_what_was_left_out_stay():
    more = {"scale": "raw", "tz": "America/Montreal", "left_out": {"ecg"}}
    joined = join_records([part_of(1, 0, 5, **more), part_of(2, 9, 5, **more)])
    assert joined.scale == "raw"
    assert joined.tz == "America/Montreal"
    assert joined.left_out == {"ecg"}
    assert joined.start == pd.Timestamp(START * 3_906_250, tz="UTC")


def test_two_families_are_not_mixed():
    other = RecordData(
        "astroskin_256", (START + 9999, START + 19_999), {}, facts=Facts(info={"id": 2})
    )
    with pytest.raises(ConfigurationError, match=r"1, 2 are of astroskin_256, hexosk"):
        join_records([part_of(1, 0, 5), other])


# -- at the same time ------------------------------------------------------------------


def told(*spans):
    return [{"id": n, "start": s, "end": e} for n, (s, e) in enumerate(spans, 1)]


@pytest.mark.parametrize(
    "spans", [[], [(1, 5)], [(1, 5), (5, 9)], [(1, 5), (6, 9), (9, 12)], [(1, None)]]
)
def test_records_that_follow_each_other_may_be_put_together(spans):
    check_apart(told(*spans))


@pytest.mark.parametrize(
    "spans",
    [
        [(1, 5), (4, 9)],
        [(1, 9), (2, 3)],
        [(1, 2), (3, 9), (5, 6)],
        [(1, 9), (1, 9)],
        [(1, None), (5, 9)],
    ],
)
def test_records_that_run_at_the_same_time_may_not(spans):
    with pytest.raises(ConfigurationError, match="run at the same time"):
        check_apart(told(*spans))
