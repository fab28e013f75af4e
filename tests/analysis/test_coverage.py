"""Coverage and gaps of a record, against counts made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.channels import channels_of
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import tick_to_time, ticks_to_index

START = 1_667_604_589 * 256  # 2022-11-04T23:29:49Z


def frame_at(name, ticks):
    channel = channels_of("hexoskin")[name]
    # The first count of respiration would say "no signal" if it were 0.
    values = np.arange(len(ticks)) + (name == "respiration")
    index = ticks_to_index(np.array(ticks, dtype=np.int64), clock=256)
    return make_frame(channel, index, dict.fromkeys(channel.columns, values))


def frame_of(name, seconds=60):
    channel = channels_of("hexoskin")[name]
    step = int(channel.ticks)
    first = START + channel.first_sample * step
    return frame_at(name, range(first, first + seconds * 256, step))


def time_at(tick):
    return tick_to_time(tick, clock=256)


COVERAGE = {
    "kind": "string",
    "rate_hz": "float64",
    "unit": "string",
    "expected": "Int64",
    "received": "int64",
    "share": "float64",
    "missing": "int64",
    "duplicates": "int64",
    "tick_step": "Int64",
    "gaps": "int64",
    "longest_gap": "timedelta64[ns]",
    "lost": "Int64",
    "no_signal": "int64",
    "sensor_off": "float64",
    "flagged": "float64",
    "implausible": "float64",
    "not_worn": "float64",
}
GAPS = {
    "channel": "string",
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "length": "timedelta64[ns]",
    "samples": "Int64",
    "kind": "string",
    "cause": "string",
}


@pytest.mark.parametrize("names", [[], ["ecg"], ["ecg", "step", "sleep_phase"]])
def test_tables_have_one_shape_also_for_empty_records(names):
    empty = Record("hexoskin", (START, START + 2560), {})
    channels = {name: empty[name] for name in names}
    for record in (
        Record("hexoskin", (START, START + 2560), channels),
        Record("hexoskin", (START, START), channels),
    ):
        table = record.coverage()
        assert {name: str(dtype) for name, dtype in table.dtypes.items()} == COVERAGE
        assert table.index.name == "channel"
        assert table.index.tolist() == names
        gaps = record.gaps()
        assert {name: str(dtype) for name, dtype in gaps.dtypes.items()} == GAPS


def test_coverage_counts_what_was_made():
    heart = frame_of("heart_rate").drop(index=time_at(START + 2560)).copy()
    heart.iloc[30, 0] = np.nan
    quality = frame_of("heart_rate_quality")
    quality["heart_rate_quality"] = np.where(np.arange(60) < 15, 2.0, 4.0)
    belts = frame_of("respiration")
    belts.iloc[:256] = 0
    lost = ((START + 2560, START + 3072),)
    record = Record(
        "hexoskin",
        (START, START + 60 * 256),
        {
            "heart_rate": heart,
            "heart_rate_quality": quality,
            "respiration": belts,
            "ecg": LazyChannel(
                read=lambda: frame_of("ecg").drop(
                    index=frame_of("ecg").index[2560:3072]
                ),
                receipt=Receipt(lost=lost, duplicates=4),
            ),
            "step": LazyChannel(
                read=lambda: frame_at("step", [START + 1]), receipt=Receipt(lost=lost)
            ),
        },
    )
    table = record.coverage()
    heart_row = table.loc["heart_rate"]
    assert heart_row["expected"] == 60
    assert heart_row["received"] == 59
    assert heart_row["missing"] == 1
    assert heart_row["share"] == 58 / 60
    # One row that is missing lies within the 15 s of the sensor, the other does not.
    assert heart_row["gaps"] == 2
    assert heart_row["longest_gap"] == pd.Timedelta("15s")
    assert (heart_row["sensor_off"], heart_row["flagged"]) == (0.25, 1)
    ecg = table.loc["ecg"]
    assert (ecg["lost"], ecg["duplicates"], ecg["gaps"]) == (512, 4, 1)
    assert ecg["share"] == (15_360 - 512) / 15_360
    assert ecg["tick_step"] == 1
    assert table.loc["respiration", "no_signal"] == 256
    assert pd.isna(table.loc["respiration", "sensor_off"])
    # How many steps were lost nobody knows, and none is no answer.
    assert pd.isna(table.loc["step", "lost"])
    assert pd.isna(table.loc["step", "expected"])
    assert table["unit"].to_dict()["ecg"] == "mV"


def test_a_moment_without_a_signal_is_one_gap_and_not_two():
    belts = frame_of("respiration")
    second = (belts.index - time_at(START)) // pd.Timedelta("1s")
    belts.loc[(second >= 10) & (second < 20)] = 0
    belts.loc[(second >= 41) & (second < 43)] = 0
    quality = frame_of("breathing_rate_quality")
    flagged = np.zeros(60)
    flagged[9:22] = 3  # from a second before the zeros to two seconds after them
    flagged[40:45] = 1
    flagged[50:52] = 2
    quality["breathing_rate_quality"] = flagged
    record = Record(
        "hexoskin",
        (START, START + 60 * 256),
        {"respiration": belts, "breathing_rate_quality": quality},
    )
    gaps = record.gaps("respiration")
    told = [
        (kind, (start - time_at(START)).total_seconds(), length.total_seconds())
        for kind, start, length in zip(
            gaps["kind"], gaps["start"], gaps["length"], strict=True
        )
    ]
    assert told == [
        ("sensor off", 9, 1),
        ("no signal", 10, 10),
        ("sensor off", 20, 2),
        ("sensor off", 40, 1),
        ("no signal", 41, 2),
        ("sensor off", 43, 2),
        ("sensor off", 50, 2),
    ]
    assert gaps["samples"].tolist() == [128, 1280, 256, 128, 256, 256, 256]
    row = record.coverage().loc["respiration"]
    assert (row["gaps"], row["longest_gap"]) == (3, pd.Timedelta("13s"))


def test_one_belt_off_is_a_sensor_off():
    quality = frame_of("breathing_rate_quality")
    flags = np.repeat([0, 1, 2, 3, 12, 16], 10)
    quality["breathing_rate_quality"] = flags.astype(float)
    channels = {name: frame_of(name) for name in ("respiration", "breathing_rate")}
    record = Record(
        "hexoskin",
        (START, START + 60 * 256),
        {**channels, "breathing_rate_quality": quality},
    )
    table = record.coverage().loc[list(channels)]
    assert table["sensor_off"].tolist() == [0.5, 0.5]
    assert table["flagged"].tolist() == [50 / 60] * 2


def test_duplicates_do_not_make_a_channel_look_whole():
    ticks = [START + 256 * n for n in (1, 1, 2, 3, 4, 4, 7, 8, 9, 10)]
    frame = frame_at("heart_rate", ticks)
    record = Record("hexoskin", (START, START + 2560), {"heart_rate": frame})
    row = record.coverage().loc["heart_rate"]
    assert (row["received"], row["duplicates"], row["share"]) == (10, 2, 0.8)


def test_gaps_lists_every_hole_in_the_zone_of_the_record():
    kept = [START + 256 * n for n in range(1, 61) if not 20 <= n < 25]
    record = Record(
        "hexoskin",
        (START, START + 60 * 256),
        {"heart_rate": frame_at("heart_rate", kept), "ecg": frame_of("ecg")},
        tz="Asia/Kolkata",
    )
    table = record.gaps()
    assert len(table) == 1
    row = table.iloc[0]
    assert row["channel"] == "heart_rate"
    assert row["start"] == time_at(START + 19 * 256)
    assert row["end"] == time_at(START + 24 * 256)
    assert str(table["start"].dtype) == "datetime64[ns, Asia/Kolkata]"
    assert (row["length"], row["samples"]) == (pd.Timedelta("5s"), 5)
    assert (row["kind"], row["cause"]) == ("missing", "recorder")
    assert len(record.gaps("hr")) == 1
    assert record.gaps("ecg_i").empty
    assert len(record.gaps("activity")) == 1


def test_spans_with_a_sensor_off_stand_among_the_gaps():
    flags = np.zeros(60)
    flags[[0, 10, 11, 12, 59]] = [6, 2, 3, 18, 34]  # all with "disconnected"
    flags[30] = 4  # mains noise, with the electrodes on
    quality = frame_of("heart_rate_quality")
    quality["heart_rate_quality"] = flags
    channels = {"ecg": frame_of("ecg"), "heart_rate_quality": quality}
    record = Record("hexoskin", (START, START + 60 * 256), channels)
    gaps = record.gaps("ecg")
    seconds = [(gap.start - record.start).total_seconds() for gap in gaps.itertuples()]
    assert seconds == [0, 10, 59]
    assert gaps["length"].dt.total_seconds().tolist() == [1, 3, 1]
    assert gaps["samples"].tolist() == [256, 768, 256]
    assert set(gaps["kind"]) == {"sensor off"}
    assert set(gaps["cause"]) == {"recorder"}
    assert record.gaps("heart_rate_quality").empty
    row = record.coverage().loc["ecg"]
    assert (row["sensor_off"], row["flagged"]) == (5 / 60, 6 / 60)
    assert row["share"] == 1  # the samples came
