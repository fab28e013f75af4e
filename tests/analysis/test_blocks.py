"""The aligned frame in blocks, against the same frame in one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hexoframe
from hexoframe.analysis.align import align_frames
from hexoframe.analysis.blocks import align_blocks
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, UnknownChannelError
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index

START = 1_667_604_589 * 256 + 77
CHANNELS = channels_of("hexoskin")
NAMES = (
    "acceleration",  # whose zeros are samples
    "respiration",  # whose zeros are none
    "heart_rate",
    "heart_rate_quality",
    "systolic_pressure",
    "ann",  # each 5 min
    "sdnn",  # whose zeros are none
    "sleep_position",  # a state
    "rr_interval",
    "rr_interval_quality",
    "step",
)


def frame_at(name, ticks, values):
    channel = CHANNELS[name]
    index = ticks_to_index(np.asarray(ticks, dtype=np.int64), clock=256)
    columns = {
        column: np.asarray(values * (place + 1), dtype=channel.dtype)
        for place, column in enumerate(channel.columns)
    }
    return make_frame(channel, index, columns)


def gappy(name, seconds, random):
    """A channel with holes, NaN and zeros, a few samples of it outside the record."""
    channel = CHANNELS[name]
    if channel.ticks is None:
        most = random.integers(seconds + 1)
        places = random.integers(-900, (seconds + 4) * 256, most)
        ticks = START + np.sort(places)
    else:
        step = int(channel.ticks)
        most = seconds * 256 // step
        ahead, behind = random.integers(-1, 4, 2)
        ticks = START + step * np.arange(-ahead, most + behind + 1)
    if channel.datatypes[0].align == "or":
        values = random.integers(0, 64, len(ticks)).astype(float)
    else:
        values = np.rint(random.normal(0, 1000, len(ticks))) / 7
    kept = np.ones(len(ticks), dtype=bool)
    for number in range(random.integers(9)):
        first = random.integers(len(ticks) + 1)
        run = slice(first, first + int(10 ** random.uniform(0, 3.5)))
        if number % 3:
            values[run] = 0 if number % 3 == 1 else np.nan
        else:
            kept[run] = False
    return frame_at(name, ticks[kept], values[kept])


class Streamed:
    """A source that can be read in pieces only, and knows how often it was begun."""

    def __init__(self, frame, most=1 << 20):
        self.frame, self.most = frame, most
        self.begun = self.rows = 0

    def pieces(self, rows):
        self.begun += 1
        for first in range(0, len(self.frame), min(rows, self.most)):
            piece = self.frame.iloc[first : first + min(rows, self.most)]
            self.rows += len(piece)
            yield piece

    def refuse(self):
        pytest.fail("the channel was read whole")

    @property
    def source(self):
        return LazyChannel(read=self.refuse, pieces=self.pieces)


def record_of(frames, seconds, **more):
    span = (START, START + seconds * 256)
    return RecordData("hexoskin", span, frames, **more)


def streamed(frames, seconds, *, most=1 << 20, **more):
    made = {name: Streamed(frame, most) for name, frame in frames.items()}
    sources = {name: one.source for name, one in made.items()}
    return record_of(sources, seconds, **more), made


def assert_blocks_are(blocks, whole, rows):
    frames, masks = zip(*blocks, strict=True)
    lengths = [len(frame) for frame in frames]
    assert set(lengths[:-1]) <= {lengths[0]}
    assert 1 <= lengths[-1] <= lengths[0] <= rows
    for parts, one in zip((frames, masks), whole, strict=True):
        joined = pd.concat(parts)
        pd.testing.assert_frame_equal(joined, one, check_exact=True, check_freq=False)


# Some samples of slow channels lie more than ten seconds outside.
@pytest.mark.filterwarnings("ignore:.*stamped outside the record")
@given(
    seed=st.integers(0, 2**32),
    names=st.sets(st.sampled_from(NAMES), min_size=1),
    seconds=st.sampled_from([0, 1, 20, 400, 1000]),
    rate=st.sampled_from(["40ms", "333ms", "800ms", "1s", "7s", "1min", "5min", "1h"]),
    blocks=st.integers(1, 30),
    max_gap=st.sampled_from(["20ms", "2s", "45s"]),
    most=st.sampled_from([1, 7, 300, 1 << 20]),
    origin=st.sampled_from(["epoch", "start"]),
)
@settings(max_examples=150)
def test_blocks_are_the_rows_of_the_whole(  # drawn one by one
    seed, names, seconds, rate, blocks, max_gap, most, origin
):
    random = np.random.default_rng(seed)
    frames = {name: gappy(name, seconds, random) for name in names}
    how = {"max_gap": max_gap, "origin": origin}
    whole = align_frames(record_of(frames, seconds), rate, **how)
    rows = -(-len(whole[0]) // blocks)
    # So that a long channel does not come in thousands of pieces.
    most = max(most, max(map(len, frames.values())) // 200)
    record, made = streamed(frames, seconds, most=most)
    got = list(align_blocks(record, rate, **how, rows=rows))
    assert_blocks_are(got, whole, rows)
    assert not any(record.is_read(name) for name in record)
    assert {one.begun for one in made.values()} == {1}


def test_last_digit_of_a_mean_does_not_depend_on_the_blocks():
    random = np.random.default_rng(3)
    ticks = START + 256 * np.arange(1, 7201)
    frames = {"tidal_volume": frame_at("tidal_volume", ticks, random.random(7200))}
    whole = align_frames(record_of(frames, 7200), "7s")
    for rows in (90, 256, 257):
        record, _ = streamed(frames, 7200)
        assert_blocks_are(list(align_blocks(record, "7s", rows=rows)), whole, rows)


def test_state_holds_on_through_blocks_without_a_change():
    ticks = [START - 300, START + 256, START + 40 * 256]
    frames = {"sleep_position": frame_at("sleep_position", ticks, np.r_[1.0, 2.0, 3.0])}
    whole = align_frames(record_of(frames, 60), "1s")
    record, _ = streamed(frames, 60)
    blocks = list(align_blocks(record, "1s", rows=5))
    assert_blocks_are(blocks, whole, 5)
    assert blocks[4][0]["sleep_position"].tolist() == [2.0] * 5
    assert blocks[-1][0]["sleep_position"].iloc[-1] == 3


def test_columns_zone_and_channels_that_are_not_there_are_those_of_the_whole():
    random = np.random.default_rng(1)
    frames = {name: gappy(name, 60, random) for name in ("acceleration", "heart_rate")}
    keys = ["step", "hr", 4146, "sleep_phase", "cadence"]
    more = {"tz": "America/Montreal"}
    whole = align_frames(record_of(frames, 60, **more), "1s", channels=keys)
    record, _ = streamed(frames, 60, **more)
    blocks = list(align_blocks(record, "1s", channels=keys, rows=9))
    assert_blocks_are(blocks, whole, 9)
    assert list(blocks[0][0])[:3] == ["step_count", "heart_rate", "acceleration_y"]
    nothing = record_of({}, 60)
    assert_blocks_are(
        list(align_blocks(nothing, "1s")), align_frames(nothing, "1s"), 1 << 16
    )


@pytest.mark.parametrize("name", ["hexoskin_10min.zip", "astroskin_1000_1min.zip"])
@pytest.mark.parametrize("rate", ["40ms", "1s", "1min"])
@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_blocks_of_a_sample_are_the_rows_of_the_whole(samples, name, rate):
    whole = hexoframe.open_record(samples / name).to_frame(rate, mask=True)
    record = hexoframe.open_record(samples / name)
    rows = max(1, len(whole[0]) // 9)
    assert_blocks_are(list(align_blocks(record, rate, rows=rows)), whole, rows)
    waves = [n for n in record if record.channel(n).kind == "waveform"]
    assert not any(record.is_read(name) for name in waves)


def test_what_is_asked_for_in_vain_is_refused_at_the_first_block():
    frame = gappy("heart_rate", 60, np.random.default_rng(1))
    record, _ = streamed({"heart_rate": frame}, 60)
    for wrong in ({"rate": "0s"}, {"rate": "1s", "channels": "ecg"}, {"rate": "1ns"}):
        with pytest.raises(ConfigurationError):
            next(align_blocks(record, **wrong))
    with pytest.raises(UnknownChannelError):
        next(align_blocks(record, "1s", channels=["spo2"]))


# -- what is held ----------------------------------------------------------------------


def test_first_block_is_made_before_the_channels_are_read_to_their_end():
    seconds = 3600
    frames = {
        "acceleration": frame_at(
            "acceleration", START + 4 * np.arange(seconds * 64), np.ones(seconds * 64)
        ),
        "heart_rate": frame_at(
            "heart_rate", START + 256 * np.arange(1, seconds + 1), np.ones(seconds)
        ),
    }
    record, made = streamed(frames, seconds, most=64)
    next(align_blocks(record, "1s", rows=60))
    # A minute and what may be bridged behind it, and no more than a piece too many.
    assert 60 * 64 < made["acceleration"].rows <= 64 * 64
    assert 60 < made["heart_rate"].rows <= 2 * 64


def peak_of(hours):
    """Most memory that the blocks of some hours take, in bytes."""
    rows = 64 * 60
    samples = np.random.default_rng(1).random(rows)

    def pieces(_):
        for minute in range(hours * 60):
            ticks = START + 4 * (minute * rows + np.arange(rows))
            yield frame_at("acceleration", ticks, samples)

    source = LazyChannel(read=lambda: pytest.fail("read whole"), pieces=pieces)
    record = record_of({"acceleration": source}, hours * 3600)
    tracemalloc.start()
    try:
        lengths = [len(frame) for frame, _ in align_blocks(record, "1s")]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert sum(lengths) == hours * 3600 + 1


def test_longer_record_takes_no_more_memory():
    assert peak_of(12) < 1.1 * peak_of(4)
