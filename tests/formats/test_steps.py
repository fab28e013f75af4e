"""Samples on an even grid: what is missing on it, and where it begins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.formats.holes import parts_between
from hexoframe.formats.steps import (
    SampleStream,
    common_origin,
    even_groups,
    length_text,
    scan_channel,
    whole_channel,
)
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from tests.formats.shirts import START, frame_of, made

MS = 1_709_330_400_077


def scanned(record, name):
    return scan_channel(record, whole_channel(record, name))


@pytest.mark.parametrize("name", ["ecg", "acceleration", "heart_rate"])
@pytest.mark.parametrize("hole", [(0, 3), (5, 8), (17, 20)])
def test_a_scan_finds_the_gaps_that_a_record_tells(name, hole):
    record = made(20, names=(name,), holes=[(None, *hole)])
    told = record.gaps(name)
    spans = [
        [int((time - record.start).total_seconds() * 256) + START for time in row]
        for row in zip(told["start"], told["end"], strict=True)
    ]
    assert scanned(record, name).gaps.tolist() == spans


def test_a_channel_may_end_two_seconds_early_without_a_gap():
    record = made(20, names=("heart_rate",))
    for rows, gaps in ((1, 0), (2, 1)):
        short = record.replace(heart_rate=record["heart_rate"].iloc[:-rows])
        assert len(scanned(short, "heart_rate").gaps) == gaps


def test_runs_without_a_value_are_found_across_pieces():
    seconds = 600  # more than a piece of 65 536 rows
    ticks = START + np.arange(seconds * 256)
    values = np.zeros(seconds * 256)
    values[65_500:65_600] = np.nan
    frame = frame_of("hexoskin", "ecg", ticks, {"ecg_i": values})
    record = Record("hexoskin", (START, START + seconds * 256), {"ecg": frame})
    scan = scanned(record, "ecg")
    assert scan.blanks["ecg_i"].tolist() == [[START + 65_500, START + 65_600]]


def test_a_step_of_a_third_of_a_tick_keeps_its_grid():
    record = made(
        9, family="astroskin_1000", start=MS, names=("ppg",), holes=[(None, 3, 5)]
    )
    channel = channels_of("astroskin_1000")["ppg"]
    scan = scanned(record, "ppg")
    assert scan.gaps.tolist() == [[MS + 3000, MS + 5000]]
    stream = SampleStream(record, channel, common_origin(record, {channel: scan}))
    values = np.concatenate([stream.take(100)["ppg"] for _ in range(7)])
    assert np.flatnonzero(np.isnan(values)).tolist() == [
        *range(225, 375),
        *range(675, 700),
    ]
    assert (values[~np.isnan(values)] == record["ppg"]["ppg"].to_numpy()).all()


def test_channels_of_a_rate_are_a_group_on_one_grid():
    record = made(
        10, family="astroskin_256", names=("ecg", "ppg", "acceleration", "rr_interval")
    )
    channels = [whole_channel(record, name) for name in record]
    groups, others = even_groups(record, channels)
    assert [(group.rate, [each.name for each in group.scans]) for group in groups] == [
        (256, ["ecg"]),
        (64, ["acceleration", "ppg"]),
    ]
    assert [each.name for each in others] == ["rr_interval"]
    assert [group.samples for group in groups] == [2560, 640]
    last = [block[-1] for block in groups[1].blocks(100)]
    assert (np.concatenate(last) == record["ppg"]["ppg"].to_numpy()).all()


def test_two_samples_at_one_time_are_refused():
    whole = made(5, names=("ecg",))["ecg"]
    twice = pd.concat([whole, whole.iloc[[7]]]).sort_index()
    twice.attrs = whole.attrs
    record = Record("hexoskin", (START, START + 1280), {"ecg": twice})
    stream = SampleStream(record, whole_channel(record, "ecg"), START)
    with pytest.raises(ConfigurationError, match="comes twice"):
        stream.take(1280)


def test_a_late_part_is_not_read_in_crumbs():
    whole = made(60, names=("ecg",))["ecg"]
    asked = []

    def pieces(rows):
        asked.append(rows)
        for at in range(0, len(whole), rows):
            yield whole.iloc[at : at + rows]

    lazy = LazyChannel(read=lambda: whole, pieces=pieces)
    record = Record("hexoskin", (START, START + 60 * 256), {"ecg": lazy})
    part = record.cut(START + 50 * 256, None)
    channel = whole_channel(part, "ecg")
    assert (
        common_origin(part, {channel: scan_channel(part, channel)}) == START + 50 * 256
    )
    assert min(asked) >= 1 << 16


def test_parts_hold_what_happens_in_a_hole_of_all_channels():
    record = made(60, holes=[(None, 20, 40)])
    channels = [whole_channel(record, name) for name in record]
    one, two = parts_between(record, channels)
    assert (one.end_tick, two.start_tick) == (START + 40 * 256, START + 40 * 256)
    late = one["rr_interval"].index[-1]
    assert late > record.start + pd.Timedelta("38s")


@pytest.mark.parametrize(
    ("ticks", "text"), [(46_080, "180 s"), (3, "0.01172 s"), (256 * 5000, "5000 s")]
)
def test_lengths_are_told_in_seconds(ticks, text):
    assert length_text(ticks, 256) == text
