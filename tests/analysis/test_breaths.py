"""A row a breath: times, volumes, arrhythmia, and what makes a breath usable."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import (
    ConfigurationError,
    HexoframeWarning,
    UnverifiedCalibrationWarning,
)
from hexoframe.recording.frames import make_frame
from tests.analysis.lungs import (
    START,
    belts_of,
    breathing_record,
    channel_frame,
    flagged,
    sine_belts,
    synthetic,
)

INS, OUTS = np.arange(0, 60, 4.0), np.arange(1.5, 60, 4.0)


def reasons(record, **more):
    return record.breaths(**more)["reason"].tolist()


# -- times -----------------------------------------------------------------------------


def test_a_breath_goes_from_inspiration_to_inspiration():
    table = breathing_record([2, 5, 9.5], [3, 6.25], drop=[40, 55]).breaths()
    start = pd.Timestamp("2024-03-01T22:00:00Z")
    assert table["start"].tolist() == [start + pd.Timedelta(f"{s}s") for s in (2, 5)]
    assert table["expiration"].iloc[1] == start + pd.Timedelta("6.25s")
    assert table["end"].iloc[1] == start + pd.Timedelta("9.5s")
    assert table[["ti", "te", "ttot"]].to_numpy().tolist() == [
        [1.0, 2.0, 3.0],
        [1.25, 3.25, 4.5],
    ]
    assert table["duty_cycle"].tolist() == [1 / 3, 1.25 / 4.5]
    assert table["amplitude"].tolist() == [40, 55]
    assert table["usable"].all()
    assert table["moving"].isna().all()
    assert table["volume"].isna().all()
    assert table["rsa"].isna().all()


def test_times_are_in_the_zone_of_the_record():
    table = breathing_record(INS, OUTS).tz_convert("Asia/Kolkata").breaths()
    for name in ("start", "expiration", "end"):
        assert str(table[name].dtype) == "datetime64[ns, Asia/Kolkata]"


@pytest.mark.parametrize("events", [[], [3]])
def test_without_a_whole_breath_there_is_no_row(events):
    table = breathing_record(events, []).breaths()
    assert len(table) == 0
    assert "usable" in table


def test_a_record_without_breaths_says_where_they_are():
    with pytest.raises(ConfigurationError, match=r"no channel inspiration.*\(ZIP\)"):
        breathing_record([], [], inspiration=None).breaths()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"source": "belts"}, "source='belts': give one of device, waveform"),
        ({"longest_s": 0}, "longest_s=0: give a time above 0"),
        ({"source": "waveform"}, "no channel respiration"),
    ],
)
def test_arguments_that_are_none_are_refused(more, told):
    with pytest.raises(ConfigurationError, match=told):
        breathing_record(INS, OUTS).breaths(**more)


def test_a_breath_in_which_a_step_was_taken_is_moving():
    steps = channel_frame("step", [5, 9.9, 12], [1, 2, 3])
    table = breathing_record(INS, OUTS, step=steps).breaths()
    assert table["moving"].tolist()[:5] == [False, True, True, True, False]


# -- why a breath is not usable --------------------------------------------------------


def test_breaths_in_flagged_seconds_are_left_out():
    record = breathing_record(INS, OUTS, breathing_rate_quality=flagged(60, 9, 31))
    marked = [at for at, why in enumerate(reasons(record)) if why == "flagged"]
    assert marked == [2, 7]
    assert set(reasons(record)) == {"", "flagged"}


def test_no_breath_goes_across_a_gap_of_the_belts():
    belts = belts_of(*sine_belts(60))
    second = np.arange(len(belts)) / 128
    hole = belts[(second < 13) | (second >= 13.1)]
    record = breathing_record(INS, OUTS, respiration=hole)
    assert [at for at, why in enumerate(reasons(record)) if why] == [3]
    assert reasons(record)[3] == "gap"


def test_no_breath_goes_across_zeros_of_both_belts_and_one_dead_belt_is_no_gap():
    thorax, abdomen = sine_belts(60)
    dead = breathing_record(INS, OUTS, respiration=belts_of(thorax, 0 * abdomen))
    assert set(reasons(dead)) == {""}
    thorax[21 * 128 : 22 * 128] = 0
    off = breathing_record(INS, OUTS, respiration=belts_of(thorax, 0 * abdomen))
    assert [at for at, why in enumerate(reasons(off)) if why == "gap"] == [5]


def test_without_belts_missing_seconds_of_the_rate_are_gaps():
    stamps = np.array([s for s in range(1, 61) if not 30 <= s < 40])
    rate = channel_frame("breathing_rate", stamps, 0 * stamps + 15)
    found = reasons(breathing_record(INS, OUTS, breathing_rate=rate))
    assert [at for at, why in enumerate(found) if why == "gap"] == [7, 8, 9]


def test_an_inspiration_without_expiration_is_no_breath():
    table = breathing_record([0, 4, 8], [1, 9]).breaths()
    assert table["reason"].tolist() == ["", "no expiration"]
    assert table.loc[1, ["ti", "te", "amplitude"]].isna().all()
    assert table["expiration"].isna().tolist() == [False, True]


def test_long_breaths_are_left_out_unless_asked_for():
    record = breathing_record([0, 4, 24, 28], [1, 5, 25])
    assert reasons(record) == ["", "long", ""]
    assert reasons(record, longest_s=20) == ["", "", ""]


def test_a_breath_that_nobody_has_is_implausible():
    ins, outs = [0, 4, 4.5, 8, 12], [1, 4.25, 5, 9]
    record = breathing_record(ins, outs, drop=[40, 40, 40, -3])
    assert reasons(record) == ["", "implausible", "", "implausible"]
    volume = channel_frame("tidal_volume", np.arange(1, 61), [7000] + 59 * [600])
    record = breathing_record([0, 4, 8], [0.25, 5], tidal_volume=volume)
    assert reasons(record) == ["implausible", ""]


def test_without_flags_breaths_count_and_a_warning_says_so():
    record = breathing_record(INS, OUTS, breathing_rate_quality=None)
    with pytest.warns(HexoframeWarning, match="no quality flags of breathing"):
        assert record.breaths()["usable"].all()


# -- volumes ---------------------------------------------------------------------------


def test_a_volume_is_that_of_the_first_second_that_can_know_it():
    # Stamps end their seconds; the turn at 1.5 s is decided at 2.25 s.
    values = 100.0 * np.arange(1, 61)
    volume = channel_frame("tidal_volume", np.arange(1, 61), values)
    table = breathing_record(INS, OUTS, tidal_volume=volume).breaths()
    assert table["volume"].tolist()[:3] == [300, 700, 1100]


def test_a_volume_is_missing_where_the_next_turn_came_first_or_it_was_not_told():
    stamps = np.array([s for s in range(1, 61) if s not in (11, 12)])
    values = np.where(stamps == 7, 0.0, 500.0)
    volume = channel_frame("tidal_volume", stamps, values)
    ins, outs = [0, 1, 2.5, 4, 8, 12], [0.5, 1.3, 3, 5.5, 9.5]
    table = breathing_record(ins, outs, tidal_volume=volume).breaths()
    assert table["volume"].isna().tolist() == [True, True, False, True, True]
    assert table["volume"].tolist()[2] == 500


def test_counts_give_the_same_volumes_as_physical_values():
    counts = np.full(60, 43.0)
    channel = breathing_record(INS, OUTS).channel("tidal_volume")
    index = channel_frame("tidal_volume", np.arange(1, 61), counts).index
    raw = make_frame(channel, index, {"tidal_volume": counts}, scale="raw")
    record = breathing_record(INS, OUTS)
    frames = {
        name: make_frame(
            record.channel(name),
            record[name].index,
            {name: record[name][name].to_numpy()},
            scale="raw",
        )
        for name in record
    }
    again = type(record)(
        "hexoskin", (START, START + 15360), {**frames, "tidal_volume": raw},
        scale="raw",
    )  # fmt: skip
    assert set(again.breaths()["volume"].dropna()) == {43 * 13.28}


# -- arrhythmia ------------------------------------------------------------------------


def beats(ticks):
    ticks = np.asarray(ticks)
    ms = np.diff(ticks, prepend=ticks[0]) / 256
    rr = channel_frame("rr_interval", ticks / 256, ms)
    quality = channel_frame("rr_interval_quality", ticks / 256, 0 * ms)
    return rr, quality


def test_arrhythmia_is_longest_of_expiration_less_shortest_of_inspiration():
    # Intervals that end in [4, 5.6): 200, 190; in [5.6, 8): 230, 250.
    ticks = np.cumsum([0, 256, 256, 256, 250, 200, 190, 230, 250, 200, 250, 250])
    rr, quality = beats(ticks)
    record = breathing_record(
        [4, 8, 12], [5.6, 9], rr_interval=rr, rr_interval_quality=quality
    )
    inside = [t / 256 for t in ticks if 1024 <= t < 2048]
    assert [bool(s < 5.6) for s in inside] == [True, True, False, False]
    assert record.breaths()["rsa"].iloc[0] == (250 - 190) * 1000 / 256
    # Behind the last beat nothing is covered.
    assert np.isnan(record.breaths()["rsa"].iloc[1])


def test_arrhythmia_needs_beats_that_count_all_through_the_breath():
    ticks = 200 * np.arange(60)
    rr, quality = beats(ticks)
    good = {"rr_interval": rr, "rr_interval_quality": quality}
    assert (breathing_record(INS, OUTS, **good).breaths()["rsa"].iloc[1:11] == 0).all()
    flags = quality.copy()
    flags.iloc[8] = 1  # at 6.25 s, in the second breath
    doubted = {"rr_interval": rr, "rr_interval_quality": flags}
    table = breathing_record(INS, OUTS, **doubted).breaths()
    assert table["rsa"].isna().tolist()[:4] == [False, True, False, False]
    lost = {"rr_interval": rr.drop(rr.index[8]), "rr_interval_quality": quality}
    table = breathing_record(INS, OUTS, **lost).breaths()
    assert table["rsa"].isna().tolist()[:4] == [False, True, False, False]


def test_an_arrhythmia_against_the_breath_is_none():
    # Longer intervals while inhaling than while exhaling.
    lengths = [191, 191, 191, 191, 260, 260, 260, 180, 180, 180, 200, 200]
    rr, quality = beats(np.cumsum([0, *lengths]))
    record = breathing_record(
        [4, 8], [6.1, 9], rr_interval=rr, rr_interval_quality=quality
    )
    assert record.breaths()["rsa"].tolist() == [0.0]


# -- synthetic shirts ------------------------------------------------------------------


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
def test_a_synthetic_shirt_gives_back_its_breaths(tmp_path, family):
    recording, record = synthetic(tmp_path, seed=4, duration_s=120, family=family)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnverifiedCalibrationWarning)
        table = record.breaths()
    step = 10**9 // record.clock
    assert table["start"].astype("int64").tolist() == [
        tick * step for tick in recording.breaths[:-1].tolist()
    ]
    # The device doubts its belts for the first 5 s.
    assert table["reason"].tolist() == ["flagged"] + [""] * (len(table) - 1)
    # The volume that the device tells is the fall of its belts.
    known = table["volume"].notna()
    assert known.mean() > 0.9
    size = 13.28 if family == "hexoskin" else 1
    counts = table["volume"] / size
    if family == "hexoskin":
        assert np.abs(counts - table["amplitude"])[known].max() <= 1


def test_holes_lead_off_a_dead_belt_and_a_shirt_off_leave_the_other_breaths(tmp_path):
    recording, record = synthetic(
        tmp_path, seed=6, duration_s=600, gaps=((100, 30),), lead_off=((200, 60),),
        unworn=((300, 90),),
    )  # fmt: skip
    belts = record["respiration"].copy()
    belts["respiration_abdominal"] = np.float32(0)
    record = record.replace(respiration=belts)
    table = record.breaths()
    second = (table["start"] - record.start).dt.total_seconds()
    ends = (table["end"] - record.start).dt.total_seconds()
    across = (second < 100) & (ends > 130)
    assert table.loc[across, "reason"].tolist() == ["gap"]
    # A shirt that is pulled off and on moves its belts a while before and after.
    quiet = (second > 8) & (ends < 95) | (second > 139) & (ends < 290) | (second > 445)
    assert table.loc[quiet, "usable"].mean() >= 0.99
    assert not table.loc[(second < 390) & (ends > 300), "usable"].any()
    # And the belts show the same breaths.
    seen = record.breaths("waveform")
    kept = seen.loc[seen["usable"], "start"].astype("int64").to_numpy() / 1e9
    true = (recording.breaths / 256)[:-1][quiet.to_numpy()]
    near = np.abs(kept[:, None] - true[None, :]).min(axis=0) < 0.3
    assert near.mean() >= 0.97


@pytest.mark.slow
def test_two_hours_with_the_shirt_off_for_one_give_back_the_breaths(tmp_path):
    recording, record = synthetic(
        tmp_path, seed=9, duration_s=7200, gaps=((600, 180),), lead_off=((1200, 300),),
        unworn=((2400, 3600),),
    )  # fmt: skip
    table = record.breaths()
    assert len(table) == len(recording.breaths) - 1
    second = (table["start"] - record.start).dt.total_seconds()
    ends = (table["end"] - record.start).dt.total_seconds()
    off = (ends > 2400) & (second < 6000)
    assert not table.loc[off, "usable"].any()
    # For 45 s and more after it, the belts that were pulled at are in doubt.
    quiet = (ends < 2390) | (second > 6060)
    assert table.loc[quiet, "usable"].mean() >= 0.99
    check = record.check_breaths()
    assert check["agrees"].dropna().all()
    assert check["matched"].sum() >= 0.99 * check["waveform"].sum()
