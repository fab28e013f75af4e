"""Frames have the columns, dtypes and index of the table, and share what they can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hexoframe
from hexoframe.channels import FAMILIES, channels_of, find
from hexoframe.errors import ConfigurationError
from hexoframe.recording import frames
from hexoframe.timestamps import ticks_to_index

START = 1_667_604_589 * 256


def frame_of(name, ticks, values=None):
    channel = find("hexoskin", name)
    ticks = np.asarray(ticks, dtype=np.int64)
    if values is None:
        values = np.arange(len(ticks), dtype=channel.dtype)
    columns = dict.fromkeys(channel.columns, values)
    return frames.make_frame(channel, ticks_to_index(ticks, clock=256), columns)


@pytest.mark.parametrize("family", FAMILIES)
def test_frames_of_every_channel_equal_the_schema(family):
    schema = hexoframe.schema(family)
    assert list(schema) == list(channels_of(family))
    for name, channel in channels_of(family).items():
        index = ticks_to_index(
            1_667_604_589 * channel.clock + np.arange(2), clock=channel.clock
        )
        full = frames.make_frame(
            channel, index, {column: np.array([1, 2]) for column in channel.columns}
        )
        for frame in (full, frames.empty_frame(channel)):
            assert {
                column: str(dtype) for column, dtype in frame.dtypes.items()
            } == schema[name]
            assert str(frame.index.dtype) == "datetime64[ns, UTC]"
            assert frame.index.name == "time"
            frames.check_frame(frame, channel)
            assert frame.attrs["hexoframe"]["channel"] == name


def test_column_that_is_not_given_is_missing():
    channel = find("hexoskin", "acceleration")
    index = ticks_to_index([START, START + 4], clock=256)
    frame = frames.make_frame(channel, index, {"acceleration_y": np.array([1.0, 2.0])})
    assert frame["acceleration_y"].tolist() == [1, 2]
    assert frame[["acceleration_x", "acceleration_z"]].isna().all(axis=None)
    assert (frame.dtypes == np.float32).all()


def test_frames_share_their_index_and_their_samples():
    channel = find("hexoskin", "heart_rate")
    index = ticks_to_index(START + 256 * np.arange(5), clock=256)
    samples = np.arange(5, dtype=np.float64)
    one = frames.make_frame(channel, index, {"heart_rate": samples})
    two = frames.make_frame(find("hexoskin", "cadence"), index, {"cadence": samples})
    assert one.index is two.index
    assert np.shares_memory(one["heart_rate"].to_numpy(), samples)


def test_ticks_come_back_exactly():
    ticks = START + np.cumsum(np.random.default_rng(0).integers(1, 999, 1000))
    frame = frame_of("rr_interval", ticks)
    channel = find("hexoskin", "rr_interval")
    assert np.array_equal(frames.ticks_of(frame, channel), ticks)
    local = frame.tz_convert("Australia/Lord_Howe")
    assert np.array_equal(frames.ticks_of(local, channel), ticks)


def shifted(frame, **changes):
    frame = frame.copy()
    frame.index = pd.DatetimeIndex(frame.index, **changes)
    return frame


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda frame: frame.rename(columns={"heart_rate": "hr"}), "has the columns"),
        (lambda frame: frame.assign(extra=1.0), "has the columns"),
        (lambda frame: frame.astype("float32"), "holds float64"),
        (lambda frame: frame.astype("int64"), "holds float64"),
        (lambda frame: frame.reset_index(drop=True), "DatetimeIndex"),
        (lambda frame: frame.tz_localize(None), "time zone"),
        (
            lambda frame: shifted(frame, dtype="datetime64[us, UTC]"),
            "needs times in ns",
        ),
        (lambda frame: frame.rename_axis("when"), "named 'time', not 'when'"),
        (lambda frame: frame.iloc[::-1], "run backwards"),
    ],
)
def test_frame_that_is_not_what_the_table_says_is_refused(spoil, text):
    channel = find("hexoskin", "heart_rate")
    good = frame_of("heart_rate", START + 256 * np.arange(1, 6))
    frames.check_frame(good, channel)
    with pytest.raises(ConfigurationError, match=text):
        frames.check_frame(spoil(good), channel)


def test_stamp_that_comes_twice_is_no_reason_to_refuse_a_frame():
    frame = frame_of("heart_rate", [START, START, START + 256])
    frames.check_frame(frame, find("hexoskin", "heart_rate"))


@given(
    steps=st.lists(st.integers(0, 5), max_size=40),
    start=st.integers(-10, 130),
    length=st.integers(0, 140),
)
def test_slice_holds_the_rows_from_start_up_to_end(steps, start, length):
    ticks = START + np.cumsum(np.array(steps, dtype=np.int64))
    frame = frame_of("rr_interval", ticks)
    channel = find("hexoskin", "rr_interval")
    first, last = START + start, START + start + length
    cut = frames.slice_ticks(frame, channel, first, last)
    kept = [int(tick) for tick in ticks if first <= tick < last]
    assert frames.ticks_of(cut, channel).tolist() == kept
    left = frames.slice_ticks(frame, channel, None, first)
    rest = frames.slice_ticks(frame, channel, last, None)
    assert len(left) + len(cut) + len(rest) == len(frame)
    assert len(frames.slice_ticks(frame, channel, None, None)) == len(frame)


def test_slice_is_a_view_of_the_samples():
    frame = frame_of("ecg", START + np.arange(100))
    cut = frames.slice_ticks(frame, find("hexoskin", "ecg"), START + 10, START + 20)
    assert np.shares_memory(cut["ecg_i"].to_numpy(), frame["ecg_i"].to_numpy())


def test_slice_in_another_zone_is_the_same_slice():
    frame = frame_of("ecg", START + np.arange(100)).tz_convert("Asia/Kolkata")
    cut = frames.slice_ticks(frame, find("hexoskin", "ecg"), START + 10, START + 20)
    assert cut["ecg_i"].tolist() == list(range(10, 20))


def test_raw_frame_holds_counts_and_leaves_the_frame_alone():
    channel = find("hexoskin", "ecg")
    counts = np.array([1360, 0, 4095, -1])
    values = (counts * 0.0064 - 8.704).astype(np.float32)
    frame = frame_of("ecg", START + np.arange(5), np.append(values, np.float32("nan")))
    raw = frames.to_raw(frame, channel)
    assert raw["ecg_i"].dtype == np.float32
    assert raw["ecg_i"].tolist()[:4] == counts.tolist()
    assert np.isnan(raw["ecg_i"].iloc[4])
    assert frame["ecg_i"].iloc[1] == np.float32(-8.704)
    assert raw.index.equals(frame.index)


def test_picked_columns_leave_the_frame_alone():
    frame = frame_of("acceleration", START + 4 * np.arange(3))
    picked = frames.pick_columns(frame, find("hexoskin", "acceleration_z"))
    assert list(picked) == ["acceleration_z"]
    assert list(frame.attrs["hexoframe"]["units"]) == list(frame)
    whole = find("hexoskin", "acceleration")
    assert frames.pick_columns(frame, whole) is frame
    plain = frame.copy()
    plain.attrs = {}
    assert frames.pick_columns(plain, find("hexoskin", 4146)).attrs == {}


@given(
    st.lists(st.sets(st.integers(0, 60), max_size=30), min_size=1, max_size=3).filter(
        any
    )
)
def test_columns_meet_on_the_union_of_their_stamps(stamps):
    parts = {
        f"column{number}": (
            np.array(sorted(part), dtype=np.int64),
            np.array([tick * 10 + number for tick in sorted(part)], dtype=np.float32),
        )
        for number, part in enumerate(stamps)
    }
    ticks, merged = frames.merge_ticks(parts)
    union = sorted(set().union(*stamps))
    assert ticks.tolist() == union
    for number, part in enumerate(stamps):
        column = merged[f"column{number}"]
        assert column.dtype == np.float32
        expected = [tick * 10 + number if tick in part else None for tick in union]
        assert [None if np.isnan(v) else v for v in column.tolist()] == expected


def test_columns_with_the_same_stamps_are_not_copied():
    ticks, samples = np.arange(5), np.ones(5, dtype=np.float32)
    both, merged = frames.merge_ticks({"a": (ticks, samples), "b": (ticks, samples)})
    assert both is ticks
    assert merged["a"] is samples
