"""Channels on one grid, against pandas and against naive loops over bins."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hexoframe
from hexoframe.analysis.align import align_frames
from hexoframe.analysis.blocks import align_blocks
from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    HexoframeWarning,
    UnknownChannelError,
)
from hexoframe.record import Record
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589
START = SECOND * 256
TICK = 3_906_250
NS = 10**9
RATES = ("1s", "40ms", "100ms", "250ms", "333ms", "2s", "1min", "7s")


def frame_at(name, ticks, values, *, family="hexoskin"):
    channel = channels_of(family)[name]
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=channel.clock)
    values = np.asarray(values, dtype=channel.dtype)
    return make_frame(channel, index, dict.fromkeys(channel.columns, values))


def begins_of(frame, name):
    """The frame on the times at which its steps begin."""
    ends = {"heart_rate": "1s", "heart_rate_quality": "1s", "cadence": "1s"}
    return frame.set_axis(
        frame.index - pd.Timedelta({**ends, "ann": "5min"}.get(name, "0s"))
    )


def record_of(frames, *, start=START, seconds=60, ticks=None, **more):
    end = start + (seconds * 256 if ticks is None else ticks)
    return RecordData("hexoskin", (start, end), frames, **more)


def waveform(name, *, start=START, seconds=60, seed=0, kept=1.0):
    step = int(channels_of("hexoskin")[name].ticks)
    ticks = np.arange(start, start + seconds * 256, step)
    random = np.random.default_rng(seed)
    ticks = ticks[random.random(len(ticks)) < kept]
    return frame_at(name, ticks, random.normal(0, 1, len(ticks)))


def bin_of(time_ns, rate):
    return time_ns // pd.Timedelta(rate).value


def naive_bins(frame, grid, rate):
    """Samples that are no NaN, bin by bin."""
    bins = {bin_of(time.value, rate): [] for time in grid}
    for time, value in zip(frame.index, frame.iloc[:, 0], strict=True):
        if not math.isnan(value):
            bins[bin_of(time.value, rate)].append(float(value))
    return list(bins.values())


def same(one, other):
    return np.array_equal(
        np.asarray(one, dtype=float), np.asarray(other, dtype=float), equal_nan=True
    )


# --- the grid -------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [*RATES, "1h", "1D"])
@pytest.mark.parametrize("late", [0, 1, 100, 255])
def test_bins_begin_at_whole_multiples_and_cover_the_record(rate, late):
    record = record_of({}, start=START + late, ticks=15_360)
    frame, made_up = align_frames(record, rate)
    length = pd.Timedelta(rate).value
    bins = frame.index.asi8
    assert (bins % length == 0).all()
    assert (np.diff(bins) == length).all()
    assert bins[0] <= (START + late) * TICK < bins[0] + length
    last = (START + late + 15_360) * TICK - 1
    assert bins[-1] <= last < bins[-1] + length
    assert frame.index.name == "time"
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert made_up.index.equals(frame.index)


@pytest.mark.parametrize("zone", ["America/Montreal", "Asia/Kolkata"])
def test_zone_changes_the_labels_and_nothing_else(zone):
    frames = {"ecg": waveform("ecg"), "heart_rate": waveform("heart_rate")}
    utc, _ = align_frames(record_of(frames), "1min")
    local, mask = align_frames(record_of(frames, tz=zone), "1min")
    assert str(local.index.dtype) == f"datetime64[ns, {zone}]"
    assert str(mask.index.tz) == zone
    pd.testing.assert_frame_equal(local.tz_convert("UTC"), utc)


def test_samples_outside_the_record_are_left_out():
    # Real exports hold a 1 Hz sample or two behind the end of the record.
    ticks = START + 256 * np.arange(-1, 63)
    frame = frame_at("cadence", ticks, np.arange(64))
    aligned, _ = align_frames(record_of({"cadence": frame}), "1s")
    assert aligned["cadence"].tolist() == list(range(2, 62))
    assert aligned.index[0].value == START * TICK


@pytest.mark.parametrize("hours", [27, 30 * 365 * 24])
def test_a_stamp_far_outside_the_record_is_told_and_makes_no_rows(hours):
    ticks = START + 256 * np.arange(1, 61)
    rate = frame_at("heart_rate", ticks, np.full(60, 70))
    far = START + hours * 3600 * 256
    beats = frame_at("rr_interval", [*ticks.tolist(), far], np.full(61, 0.8))
    record = record_of({"heart_rate": rate, "rr_interval": beats})
    with pytest.warns(HexoframeWarning, match="rr_interval: 1 samples are stamped out"):
        aligned, _ = align_frames(record, "1s")
    assert len(aligned) == 60
    blocks = align_blocks(record, "1s")
    with pytest.warns(HexoframeWarning, match="rr_interval: 1 samples are stamped out"):
        assert sum(len(block) for block, _ in blocks) == 60


def test_a_marker_at_the_end_makes_no_row_of_its_own():
    clock = 256
    rate = frame_at("heart_rate", START + clock * np.arange(1, 61), np.full(60, 70))
    place = frame_at("device_position", [START, START + 60 * clock], [1, 2])
    steps = frame_at("step", [START + 300], [1])
    record = record_of({"heart_rate": rate, "device_position": place, "step": steps})
    aligned, _ = align_frames(record, "1s")
    assert len(aligned) == 60
    assert aligned["step_count"].sum() == 1
    assert aligned["device_position"].eq(1).all()


def test_a_count_is_unknown_where_nothing_was_recorded():
    seconds = np.setdiff1d(np.arange(1, 61), np.arange(21, 41))
    rate = frame_at("heart_rate", START + 256 * seconds, np.full(40, 70))
    steps = frame_at("step", START + 256 * np.array([5, 50]) - 128, [1, 2])
    record = record_of({"heart_rate": rate, "step": steps})
    counts = align_frames(record, "1s", channels=["step"])[0]["step_count"]
    assert counts.isna().sum() == 19
    assert counts.iloc[21:40].isna().all()
    assert counts.sum() == 2
    whole = align_frames(record, "1min", channels=["step"], origin="start")
    assert whole[0]["step_count"].tolist() == [2]


@pytest.mark.parametrize(
    "arguments",
    [
        {"rate": "abc"},
        {"rate": "0s"},
        {"rate": "-1s"},
        {"rate": 1},
        {"rate": "1000"},
        {"rate": None},
        {"rate": "NaT"},
        {"rate": "1s", "max_gap": "0s"},
        {"rate": 64},
        {"rate": True},
        {"rate": "3Hz"},
        {"rate": "0Hz"},
        {"rate": "1s", "max_gap": -2},
        {"rate": "1s", "events": "sum"},
        {"rate": "1s", "channels": "ecg"},
    ],
    ids=str,
)
def test_argument_that_is_not_allowed_is_refused(arguments):
    record = Record("hexoskin", (START, START + 256), {"ecg": waveform("ecg")})
    with pytest.raises(ConfigurationError):
        record.to_frame(**arguments)
    with pytest.raises(UnknownChannelError):
        record.to_frame("1s", channels=["spo2"])


@pytest.mark.parametrize(
    "rate", ["1s", "00:00:01", pd.Timedelta("1s"), dt.timedelta(seconds=1)], ids=repr
)
def test_length_may_be_text_or_a_timedelta(rate):
    record = record_of({"heart_rate": waveform("heart_rate")})
    frame, _ = align_frames(record, rate, max_gap=pd.Timedelta("2s"))
    pd.testing.assert_frame_equal(frame, align_frames(record, "1s")[0])


# --- means ----------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ["ecg", "acceleration", "heart_rate", "ann"])
@pytest.mark.parametrize("late", [0, 77])
def test_mean_of_whole_numbers_is_that_of_pandas_to_the_last_bit(rate, name, late):
    start = START + late
    step = int(channels_of("hexoskin")[name].ticks)
    ticks = np.arange(start, start + 600 * 256, step)
    counts = np.random.default_rng(5).integers(-2000, 2000, len(ticks))
    frame = frame_at(name, ticks, counts)
    aligned, made_up = align_frames(
        record_of({name: frame}, start=start, seconds=600), rate
    )
    placed = begins_of(frame, name).astype("float64")
    # What begins before the bins of the record is not of it.
    first = start * TICK // pd.Timedelta(rate).value * pd.Timedelta(rate).value
    placed = placed[placed.index >= pd.Timestamp(first, tz="UTC")]
    expected = placed.resample(rate, origin="epoch").mean()
    for column in frame:
        real = aligned[column][~made_up[column]].dropna()
        known = expected[column].dropna()
        assert real.index.equals(known.index)
        assert (real.to_numpy() == known.to_numpy()).all()
        assert real.dtype == np.float64


@given(data=st.data(), rate=st.sampled_from(RATES))
@settings(max_examples=60)
def test_mean_is_the_exact_one_but_for_rounding(data, rate):
    values = data.draw(
        st.lists(st.floats(-1e4, 1e4, width=32) | st.just(math.nan), max_size=200)
    )
    steps = data.draw(
        st.lists(
            st.sampled_from([1, 1, 1, 30, 400]),
            min_size=len(values),
            max_size=len(values),
        )
    )
    ticks = START + np.cumsum(np.array(steps, dtype=np.int64))
    frame = frame_at("ecg", ticks, values)
    aligned, made_up = align_frames(record_of({"ecg": frame}, seconds=10), rate)
    bins = naive_bins(frame, aligned.index, rate)
    assert len(bins) == len(aligned)
    for inside, got, filled in zip(
        bins, aligned["ecg_i"], made_up["ecg_i"], strict=True
    ):
        if inside:
            exact = math.fsum(inside) / len(inside)
            scale = max(map(abs, inside))
            assert abs(got - exact) <= 1e-12 * scale
            assert not filled
        else:
            assert math.isnan(got) is not filled


# --- filling --------------------------------------------------------------------------


def naive_fill(frame, grid, rate, limit_ns, step_ns=None):
    """Value and mask of every bin from loops over bins and samples.

    A waveform is bridged by a line; a rate has a step, which it fills.
    """
    times = [time.value for time in frame.index]
    samples = frame.iloc[:, 0].astype("float64").tolist()
    known = [(t, v) for t, v in zip(times, samples, strict=True) if not math.isnan(v)]
    values, filled = [], []
    for edge, inside in zip(grid, naive_bins(frame, grid, rate), strict=True):
        before = [sample for sample in known if sample[0] < edge.value]
        after = [sample for sample in known if sample[0] >= edge.value]
        if inside:
            values.append(math.fsum(inside) / len(inside))
            filled.append(False)
        elif before and after and after[0][0] - before[-1][0] <= limit_ns:
            (t0, v0), (t1, v1) = before[-1], after[0]
            share = 0 if step_ns else (edge.value - t0) / (t1 - t0)
            values.append(v0 + share * (v1 - v0))
            filled.append(True)
        elif before and step_ns and edge.value < before[-1][0] + step_ns:
            values.append(before[-1][1])
            filled.append(True)
        else:
            values.append(math.nan)
            filled.append(False)
    return values, filled


@given(
    name=st.sampled_from(["ecg", "respiration", "heart_rate"]),
    steps=st.lists(st.sampled_from([1, 1, 2, 5, 12]), min_size=1, max_size=40),
    missing=st.sets(st.integers(0, 39), max_size=10),
    rate=st.sampled_from(["40ms", "100ms", "333ms", "1s"]),
    max_gap=st.sampled_from(["20ms", "500ms", "2s", "5s"]),
    late=st.integers(0, 300),
)
@settings(max_examples=80)
def test_empty_bins_are_filled_only_between_samples_that_lie_near(
    name, steps, missing, rate, max_gap, late
):
    channel = channels_of("hexoskin")[name]
    ticks = START + late + np.cumsum(steps) * 50
    values = np.arange(1, len(steps) + 1, dtype=float) ** 2  # 0 is no breath
    values[[at for at in missing if at < len(steps)]] = np.nan
    frame = frame_at(name, ticks, values)
    record = record_of({name: frame}, start=START - 256, seconds=40)
    aligned, made_up = align_frames(record, rate, max_gap=max_gap)
    step_ns = int(channel.ticks) * TICK
    limit = max(pd.Timedelta(max_gap).value, step_ns * 3 // 2)
    step = None if channel.kind == "waveform" else step_ns
    placed = begins_of(frame, name)
    expected, filled = naive_fill(placed, aligned.index, rate, limit, step)
    column = channel.columns[0]
    np.testing.assert_allclose(aligned[column], expected, rtol=1e-12, atol=1e-12)
    assert made_up[column].tolist() == filled
    assert made_up[column].dtype == np.bool_


@given(
    values=st.lists(
        st.sampled_from([0.0, 0.0, 0.0, math.nan, math.nan, 1.0, 4.0, 9.0]),
        min_size=1,
        max_size=150,
    ),
    rate=st.sampled_from(["20ms", "40ms", "100ms", "333ms"]),
    max_gap=st.sampled_from(["20ms", "50ms", "100ms", "2s"]),
    late=st.integers(0, 300),
)
@settings(max_examples=150)
def test_bridge_goes_from_measurement_to_measurement_over_what_is_none(
    values, rate, max_gap, late
):
    ticks = START + late + 2 * np.arange(len(values))
    frame = frame_at("respiration", ticks, values)
    record = record_of({"respiration": frame}, seconds=3)
    aligned, made_up = align_frames(record, rate, max_gap=max_gap)
    measured = frame.replace(0.0, math.nan)
    limit = max(pd.Timedelta(max_gap).value, 3 * TICK)
    expected, filled = naive_fill(measured, aligned.index, rate, limit)
    for column in frame:
        np.testing.assert_allclose(aligned[column], expected, rtol=1e-12, atol=1e-12)
        assert made_up[column].tolist() == filled


def test_waveform_is_bridged_by_a_line_and_a_rate_by_the_value_before():
    ecg = frame_at("ecg", [START, START + 128], [0.0, 1.0])
    heart = frame_at("heart_rate", [START + 256, START + 512], [60.0, 80.0])
    record = record_of({"ecg": ecg, "heart_rate": heart}, seconds=3)
    aligned, made_up = align_frames(record, "125ms")
    assert aligned["ecg_i"].tolist()[:5] == [0, 0.25, 0.5, 0.75, 1]
    assert made_up["ecg_i"].tolist()[:5] == [False, True, True, True, False]
    assert aligned["heart_rate"].iloc[:16].tolist() == [60.0] * 8 + [80.0] * 8
    assert made_up["heart_rate"].tolist()[:9] == [False, *[True] * 7, False]
    # Nothing is known behind the second that the last one sums up.
    assert len(aligned) == 24
    assert aligned["heart_rate"].iloc[16:].isna().all()
    assert aligned["ecg_i"].iloc[5:].isna().all()


@pytest.mark.parametrize(("max_gap", "filled"), [("2s", 1), ("1.999999s", 0)])
def test_gap_as_long_as_the_limit_is_bridged_and_no_longer_one(max_gap, filled):
    heart = frame_at("heart_rate", [START + 256, START + 768], [60.0, 80.0])
    record = record_of({"heart_rate": heart}, seconds=3)
    aligned, made_up = align_frames(record, "1s", max_gap=max_gap)
    assert made_up["heart_rate"].tolist() == [False, bool(filled), False]
    between = [60.0] if filled else [math.nan]
    assert same(aligned["heart_rate"], [60.0, *between, 80.0])


def test_slow_channel_fills_the_time_that_it_sums_up_and_no_hole():
    five_minutes = 76_800
    ticks = [START + five_minutes * n for n in (1, 2, 4)]
    record = record_of({"ann": frame_at("ann", ticks, [0.8, 0.9, 1.0])}, seconds=1300)
    aligned, made_up = align_frames(record, "1s", max_gap="2s")
    expected = [0.8] * 300 + [0.9] * 300 + [math.nan] * 300 + [1.0] * 300
    assert same(aligned["ann"], expected + [math.nan] * 100)
    assert made_up["ann"].sum() == 3 * 299


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
def test_value_stands_in_the_row_of_the_time_that_it_sums_up():
    # Beats of 600 ms in the first five minutes, of 1 s in the next five.
    beats = START + np.r_[np.arange(500) * 153.6, 76_800 + np.arange(300) * 256]
    ann = frame_at("ann", [START + 76_800, START + 153_600], [0.6, 1.0])
    heart = frame_at(
        "heart_rate",
        START + 256 * np.arange(1, 601),
        np.repeat([100.0, 60.0], 300),
    )
    rr = frame_at(
        "rr_interval", beats.astype(np.int64), np.repeat([0.6, 1.0], [500, 300])
    )
    frames = {"rr_interval": rr, "heart_rate": heart, "ann": ann}
    # 22:00:00, so that rows of five minutes are those of the recorder.
    late = -START % 76_800
    moved = {
        name: frame.set_axis(frame.index + pd.Timedelta(late * TICK))
        for name, frame in frames.items()
    }
    record = Record("hexoskin", (START + late, START + late + 153_600), moved)
    rows = record.to_frame("5min")
    assert len(rows) == 2
    assert rows["ann"].tolist() == [0.6, 1.0]
    assert rows["heart_rate"].tolist() == [100.0, 60.0]
    np.testing.assert_allclose(rows["rr_interval"], [0.6, 1.0])
    (one, other) = (
        record.between(time, time + pd.Timedelta("5min")) for time in rows.index
    )
    assert (one["ann"]["ann"].tolist(), other["ann"]["ann"].tolist()) == ([0.6], [1.0])


# --- flags, states, events ------------------------------------------------------------


@given(
    values=st.lists(
        st.integers(0, 63).map(float) | st.just(math.nan), min_size=1, max_size=60
    ),
    rate=st.sampled_from(["1s", "2s", "7s", "1min"]),
    late=st.integers(0, 255),
)
@settings(max_examples=60)
def test_flags_of_a_bin_are_joined_by_or(values, rate, late):
    ticks = START + late + 256 * np.arange(1, len(values) + 1)
    frame = frame_at("heart_rate_quality", ticks, values)
    record = record_of({"heart_rate_quality": frame}, seconds=62)
    aligned, made_up = align_frames(record, rate)
    for inside, got, filled in zip(
        naive_bins(begins_of(frame, "heart_rate_quality"), aligned.index, rate),
        aligned["heart_rate_quality"],
        made_up["heart_rate_quality"],
        strict=True,
    ):
        joined = 0
        for value in inside:
            joined |= int(value)
        if inside:
            assert got == joined
        else:
            assert filled or math.isnan(got)


@given(
    changes=st.lists(
        st.tuples(st.integers(1, 900), st.sampled_from([1.0, 2.0, 5.0, math.nan])),
        max_size=20,
    ),
    rate=st.sampled_from(["100ms", "1s", "7s"]),
)
@settings(max_examples=60)
def test_state_is_what_holds_at_the_end_of_the_bin(changes, rate):
    ticks = START + np.cumsum([step for step, _ in changes], dtype=np.int64)
    frame = frame_at("sleep_position", ticks, [value for _, value in changes])
    record = record_of({"sleep_position": frame}, seconds=75)
    aligned, made_up = align_frames(record, rate)
    length = pd.Timedelta(rate).value
    for edge, got in aligned["sleep_position"].items():
        before = frame[frame.index.asi8 < edge.value + length]["sleep_position"]
        expected = before.iloc[-1] if len(before) else math.nan
        assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert not made_up["sleep_position"].any()


@given(
    steps=st.lists(st.integers(0, 700), max_size=30),
    rate=st.sampled_from(["100ms", "1s", "7s"]),
)
@settings(max_examples=60)
def test_events_are_counted_and_placed(steps, rate):
    ticks = START + np.cumsum(steps, dtype=np.int64)
    seconds = np.arange(1, len(steps) + 1) / 256
    frames = {name: frame_at(name, ticks, seconds) for name in ("rr_interval", "step")}
    record = record_of(frames, seconds=90)
    aligned, made_up = align_frames(record, rate)
    assert list(aligned) == ["rr_interval", "step_count"]
    bins = naive_bins(frames["step"], aligned.index, rate)
    assert aligned["step_count"].tolist() == [len(inside) for inside in bins]
    assert aligned["step_count"].sum() == len(steps)
    means = [math.fsum(inside) / len(inside) if inside else math.nan for inside in bins]
    np.testing.assert_allclose(aligned["rr_interval"], means, rtol=1e-12)
    assert not made_up.to_numpy().any()
    counted, _ = align_frames(record, rate, events="count")
    assert list(counted) == ["rr_interval_count", "step_count"]
    placed, _ = align_frames(record, rate, events="place")
    assert list(placed) == ["rr_interval", "step"]
    np.testing.assert_allclose(placed["step"], means, rtol=1e-12)


def test_channel_that_the_record_lacks_is_unknown_and_not_zero():
    record = record_of({"ecg": waveform("ecg")})
    aligned, made_up = align_frames(
        record, "1s", channels=["step", "cadence", "sleep_phase", "ecg"]
    )
    assert list(aligned) == ["step_count", "cadence", "sleep_phase", "ecg_i"]
    assert aligned[["step_count", "cadence", "sleep_phase"]].isna().all(axis=None)
    assert not made_up[["step_count", "cadence", "sleep_phase"]].any(axis=None)
    empty = frame_at("step", [], [])
    aligned, _ = align_frames(record_of({"step": empty}), "1s")
    assert (aligned["step_count"] == 0).all()


# --- the whole ------------------------------------------------------------------------


def test_columns_are_those_asked_for_in_that_order():
    frames = {name: waveform(name) for name in ("ecg", "acceleration", "heart_rate")}
    record = Record("hexoskin", (START, START + 15_360), frames)
    aligned = record.to_frame("1s", channels=["hr", 4146, "ecg"])
    assert list(aligned) == ["heart_rate", "acceleration_y", "ecg_i"]
    assert list(record.to_frame()) == [
        "ecg_i",
        "acceleration_x",
        "acceleration_y",
        "acceleration_z",
        "heart_rate",
    ]
    assert {str(dtype) for dtype in record.to_frame().dtypes} == {"float64"}
    both = record.to_frame("1s", mask=True)
    assert isinstance(both, tuple)
    assert {str(dtype) for dtype in both[1].dtypes} == {"bool"}
    assert list(both[0]) == list(both[1])


def test_columns_of_one_channel_keep_their_own_samples():
    channel = channels_of("hexoskin")["acceleration"]
    index = ticks_to_index(START + 4 * np.arange(640), clock=256)
    values = {
        column: np.full(640, place, dtype=np.float32)
        for place, column in enumerate(channel.columns)
    }
    values["acceleration_y"][:64] = np.nan
    record = record_of({"acceleration": make_frame(channel, index, values)}, seconds=10)
    aligned, made_up = align_frames(record, "1s")
    assert aligned["acceleration_x"].iloc[:10].tolist() == [0] * 10
    assert aligned["acceleration_z"].iloc[:10].tolist() == [2] * 10
    assert math.isnan(aligned["acceleration_y"].iloc[0])
    assert aligned["acceleration_y"].iloc[1:10].tolist() == [1] * 9
    assert not made_up.any(axis=None)


def test_channels_on_different_stamps_do_not_borrow_each_other_bins():
    one = waveform("heart_rate", kept=0.7, seed=1)
    other = waveform("cadence", kept=0.7, seed=2)
    whole = {"start": START - 256, "seconds": 61}
    frames = {"heart_rate": one, "cadence": other}
    both, _ = align_frames(record_of(frames, **whole), "1s")
    for name, frame in (("heart_rate", one), ("cadence", other)):
        alone, _ = align_frames(record_of({name: frame}, **whole), "1s")
        assert same(both[name], alone[name])
        real = begins_of(frame, name)[name].resample("1s").mean().dropna()
        assert same(alone[name].loc[real.index], real)


def test_frames_of_the_record_stay_as_they_were():
    frames = {"ecg": waveform("ecg", kept=0.5), "heart_rate": waveform("heart_rate")}
    before = {name: frame.copy() for name, frame in frames.items()}
    record = record_of(frames)
    align_frames(record, "40ms")
    for name, frame in before.items():
        pd.testing.assert_frame_equal(record[name], frame)


def test_empty_record_gives_empty_columns():
    aligned, made_up = align_frames(record_of({"ecg": frame_at("ecg", [], [])}), "1s")
    assert aligned["ecg_i"].isna().all()
    assert not made_up["ecg_i"].any()
    nothing, _ = align_frames(record_of({}), "1s")
    assert nothing.shape == (60, 0)


# --- long records, where equal bins are summed up together ----------------------------


@settings(max_examples=25)
@given(st.data())
def test_long_runs_of_equal_bins_and_what_is_between_them_are_means_all_the_same(data):
    seconds = data.draw(st.integers(560, 900))
    holes = data.draw(
        st.lists(st.tuples(st.integers(0, 890 * 64), st.integers(1, 3000)), max_size=4)
    )
    offset = data.draw(st.integers(0, 255))
    kept = np.ones(seconds * 64, dtype=bool)
    for first, length in holes:
        kept[first : first + length] = False
    channel = channels_of("hexoskin")["acceleration"]
    start = 1_667_604_589 * 256 + offset
    ticks = (start + 4 * np.arange(seconds * 64))[kept]
    values = np.random.default_rng(seconds).normal(size=len(ticks)).astype(np.float32)
    frame = make_frame(
        channel,
        ticks_to_index(ticks, clock=256),
        {name: values * (place + 1) for place, name in enumerate(channel.columns)},
    )
    record = Record("hexoskin", (start, start + seconds * 256), {"acceleration": frame})
    ours = record.to_frame("1s", max_gap="1ms")
    theirs = frame.astype("float64").resample("1s").mean().reindex(ours.index)
    pd.testing.assert_frame_equal(
        ours, theirs, check_freq=False, rtol=1e-12, atol=1e-15
    )


# --- what is no measurement -----------------------------------------------------------


def test_no_signal_and_intervals_of_no_length_are_no_part_of_a_mean():
    breath = np.r_[np.full(128, 20_000.0), np.zeros(64), np.full(64, 24_000.0)]
    record = record_of(
        {
            "respiration": frame_at("respiration", START + 2 * np.arange(256), breath),
            "rr_interval": frame_at(
                "rr_interval",
                START + np.array([10, 200, 300]),
                np.array([0.0, 190 / 256, 100 / 256]),
            ),
            "activity": frame_at(
                "activity", START + 256 * np.arange(1, 3), np.zeros(2)
            ),
            "systolic_pressure": frame_at(
                "systolic_pressure", START + 256 * np.arange(1, 3), [0.0, 120.0]
            ),
        },
        seconds=2,
    )
    frame, _ = align_frames(record, "1s")
    assert frame["respiration_thoracic"].tolist()[:2] == [20_000, 24_000]
    assert frame["rr_interval"].tolist()[:2] == [190 / 256, 100 / 256]
    assert frame["activity"].tolist() == [0, 0]  # a zero that was measured
    assert np.isnan(frame["systolic_pressure"].iloc[0])
    assert frame["systolic_pressure"].iloc[1] == 120


def test_variability_that_could_not_be_computed_is_no_part_of_a_mean():
    stamps = START + 76_800 * np.arange(1, 7)
    values = np.array([0, 0.04, 0.06, 0, 0, 0.02])
    record = record_of(
        {
            "sdnn": frame_at("sdnn", stamps, values),
            "nn_over_rr": frame_at("nn_over_rr", stamps, 100 * values),
        },
        seconds=1800,
    )
    hour, _ = align_frames(record, "1h")
    assert np.nanmean(hour["sdnn"]) == pytest.approx(0.04)
    seconds, made_up = align_frames(record, "1s")
    at = (seconds.index.asi8 - START * 3_906_250) // (300 * 10**9)
    shown = [seconds["sdnn"][at == number].dropna() for number in range(6)]
    assert [set(rows) for rows in shown] == [
        set() if value == 0 else {value} for value in values
    ]
    # A value stands in the rows of its five minutes, and in no others.
    assert [len(rows) for rows in shown] == [0, 300, 300, 0, 0, 300]
    assert not made_up["sdnn"][seconds["sdnn"].isna()].any()
    # That no beat of the five minutes was a normal one is a share like others.
    assert (seconds["nn_over_rr"] == 0).any()


def test_grid_of_more_bins_than_anybody_wants_is_refused():
    record = record_of({}, seconds=60)
    with pytest.raises(ConfigurationError, match=r"60000000000 bins.*longer rate"):
        align_frames(record, "1ns")


@pytest.mark.parametrize(
    "export", ["hexoskin-256696", "hexoskin-258583", "astroskin-122445"]
)
def test_real_recorders_sum_up_the_second_before_a_stamp(real_data, export):
    """Activity fits the spread of the acceleration in its own row, and in no other."""
    record = hexoframe.open_record(real_data / "exports" / export)
    activity = record.to_frame("1s", channels=["activity"])["activity"]
    length = np.sqrt((record["acceleration"] ** 2).sum(axis=1))
    spread = length.resample("1s").std()
    fit = {
        lag: activity.shift(lag).corr(spread.reindex(activity.index))
        for lag in range(-3, 4)
    }
    assert max(fit, key=fit.get) == 0, fit
    assert fit[0] > 0.8


@pytest.mark.parametrize("rate", [*RATES, "5min"])
@pytest.mark.parametrize("late", [0, 1, 77, 255])
def test_rows_may_begin_with_the_record(rate, late):
    start = START + late
    ticks = start + 4 * np.arange(-64, 600 * 64)
    values = np.random.default_rng(late).integers(-2000, 2000, len(ticks))
    frame = frame_at("acceleration", ticks, values)
    record = record_of({"acceleration": frame}, start=start, seconds=600)
    aligned, made_up = align_frames(record, rate, origin="start")
    first = pd.Timestamp(start * TICK, tz="UTC")
    assert first in aligned.index
    inside = frame[frame.index >= first].astype("float64")
    expected = inside.resample(rate, origin=first).mean()
    real = aligned[~made_up.any(axis=1)]
    pd.testing.assert_frame_equal(
        real, expected.dropna(), check_freq=False, check_names=False
    )


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
def test_rows_of_five_minutes_of_the_recorder_hold_its_values_once():
    start = START + 777 * 256 + 13
    ann = frame_at("ann", start + 76_800 * np.arange(1, 4), [0.6, 0.8, 1.0])
    record = Record("hexoskin", (start, start + 1000 * 256), {"ann": ann})
    frame, made_up = record.to_frame("5min", origin="start", mask=True)
    assert same(frame["ann"], [0.6, 0.8, 1.0, math.nan])
    assert not made_up["ann"].any()
    assert frame.index[0] == record.start
    windows = [window["ann"].tolist() for window in record.windows("ann", "5min")]
    assert windows == [[0.6], [0.8], [1.0], []]
    with pytest.raises(ConfigurationError, match="origin='end': give one of epoch, st"):
        record.to_frame("5min", origin="end")
