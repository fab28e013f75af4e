"""Sleep: nights and their tables, on phases with known answers and synthetic nights."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    HexoframeWarning,
    TimestampError,
    UnknownChannelError,
)
from hexoframe.record import Record
from hexoframe.recording.belts import Belts
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import Quirks, write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.times import ticks_to_index, time_to_tick
from tests.analysis.nights import NAN, START, frame, one, recording

FIGURES = ["tib", "sol", "spt", "waso", "tst", "se", "sleep_percent", "rem_latency",
           "awakenings", "nrem", "rem", "awake", "undefined"]  # fmt: skip


def figures(row):
    return {name: row[name] for name in FIGURES if not pd.isna(row[name])}


# -- the figures -----------------------------------------------------------------------


def test_a_night_has_the_figures_that_its_phases_give():
    row = one(recording("W10 N30 W5 N15 R20 W2 W3 N10 R5 W20"))
    assert figures(row) == {
        "tib": 120, "sol": 10, "spt": 90, "waso": 10, "tst": 80, "se": 100 * 80 / 120,
        "sleep_percent": 100 * 80 / 90, "rem_latency": 50, "awakenings": 2, "nrem": 55,
        "rem": 25, "awake": 40, "undefined": 0,
    }  # fmt: skip
    assert row["sleep_onset"] == pd.Timestamp("2024-03-01T22:10Z")
    assert row["sleep_offset"] == pd.Timestamp("2024-03-01T23:40Z")
    assert str(row["sleep_onset"].tz) == "Europe/Berlin"
    assert row["undefined_share"] == 0


# Epochs of 20 s at which the phase changes, and the phases: 1440 epochs.
NIGHT = (
    [0, 40, 153, 268, 299, 339, 365, 412, 452, 483, 623, 636, 669, 754, 816, 904, 921,
     926, 979, 1005, 1014, 1054, 1066, 1120, 1133, 1135, 1147, 1313, 1314, 1324, 1440],
    "WNRWNRNWNRWNRNRNWRNWRWNRNWNRNWN"[:29] + "W",
)  # fmt: skip


def night_of_epochs():
    edges, phases = NIGHT
    lengths = np.diff(edges)
    return recording(
        " ".join(f"{p}{n / 3}" for p, n in zip(phases, lengths, strict=True))
    )


def test_figures_are_those_of_yasa():
    # yasa 0.8.1, sleep_statistics(hypnogram, sf_hyp=1 / 20), with NREM as N2. Its
    # latency of REM counts from lights off.
    row = one(night_of_epochs())
    said = {"tib": 480.0, "spt": 428.0, "waso": 40.666666666666664,
            "tst": 387.3333333333333, "nrem": 200.33333333333334, "rem": 187.0,
            "sol": 13.333333333333334, "se": 80.69444444444443,
            "sleep_percent": 90.49844236760123}  # fmt: skip
    assert {name: row[name] for name in said} == pytest.approx(said, rel=1e-12)
    assert row["rem_latency"] == pytest.approx(51.0 - 13.333333333333334, rel=1e-12)


@pytest.mark.parametrize(
    "night",
    ["W10 N30 W5 N15 R20 W25 N10", "?10 W20 N50 -5 W5 R20 ?3 N1", "N60", "R1 W200"],
)
def test_time_in_bed_is_shared_out_and_nothing_is_negative(night):
    row = one(recording(night), min_share=0)
    assert row["tib"] == row["nrem"] + row["rem"] + row["awake"] + row["undefined"]
    assert row["tst"] == row["nrem"] + row["rem"]
    assert row["se"] == pytest.approx(100 * row["tst"] / row["tib"])
    assert row["sleep_percent"] == pytest.approx(100 * row["tst"] / row["spt"])
    assert row["waso"] >= 0
    assert row["spt"] >= row["tst"] + row["waso"]


def test_undefined_time_is_neither_sleep_nor_wake():
    row = one(recording("W10 N30 ?6 N10 -4 R20"))
    assert figures(row) == {
        "tib": 80, "sol": 10, "spt": 70, "waso": 0, "tst": 60, "se": 75,
        "sleep_percent": 100 * 6 / 7, "rem_latency": 50, "awakenings": 0, "nrem": 40,
        "rem": 20, "awake": 10, "undefined": 10,
    }  # fmt: skip
    assert row["undefined_share"] == 1 / 8


def test_awakenings_are_counted_once_across_what_is_undefined():
    assert one(recording("N30 W2 ?1 W2 N30 W1 R20 W9"))["awakenings"] == 2
    # Sleep, something unknown, wake: woken up all the same.
    assert one(recording("N30 ?1 W2 N30"))["awakenings"] == 1
    assert one(recording("W9 N30 ?1 N30 W9"))["awakenings"] == 0


def test_who_never_sleeps_has_no_latency_and_an_efficiency_of_0():
    row = one(recording("W300"))
    assert figures(row) == {
        "tib": 300, "tst": 0, "se": 0, "nrem": 0, "rem": 0, "awake": 300, "undefined": 0
    }  # fmt: skip
    assert pd.isna(row["sleep_onset"])


def test_of_a_night_without_a_phase_nothing_is_said():
    for share in (0, 0.8):
        row = one(recording("?300"), min_share=share)
        assert figures(row) == {
            "tib": 300, "nrem": 0, "rem": 0, "awake": 0, "undefined": 300
        }  # fmt: skip
        assert row["undefined_share"] == 1


def test_a_night_of_which_too_little_is_known_has_minutes_alone():
    record = recording("W10 N50 ?30 N10")
    row = one(record)
    assert figures(row) == {
        "tib": 100, "nrem": 60, "rem": 0, "awake": 10, "undefined": 30
    }  # fmt: skip
    assert one(record, min_share=0.4)["tst"] == 60
    assert one(recording("W10 N70 ?20"))["tst"] == 70
    with pytest.raises(ConfigurationError, match="min_share=80: give a share"):
        record.sleep(min_share=80)


def test_latencies_are_missing_where_falling_asleep_was_not_seen():
    row = one(recording("W5 ?10 N60 R20"))
    assert row[["sol", "rem_latency"]].isna().all()
    assert (row["spt"], row["tst"]) == (80, 80)
    # One epoch more or less is as closely as it is known anyway.
    assert one(recording(f"?{1 / 3} N60 R20"))["sol"] == pytest.approx(1 / 3)
    # Who puts the shirt on late and is awake then is seen to fall asleep.
    assert one(recording("?10 W5 N60 R20"))["sol"] == 15


# -- what the time in bed is -----------------------------------------------------------


def test_the_time_in_bed_is_the_activity_of_sleep():
    record = recording("W10 N80 W10", minutes=200, at=20, ranges=[(10, 130)])
    nights = record.nights()
    assert list(nights)[:4] == ["night", "id", "name", "activity_type"]
    assert nights[["source", "cut"]].iloc[0].tolist() == ["range", ""]
    row = one(record)
    assert (row["tib"], row["sol"], row["undefined"]) == (120, 20, 20)


def test_without_activities_it_is_the_extent_of_the_channel():
    record = recording("-6 W10 N80 W10", minutes=200, at=20)
    nights = record.nights()
    assert list(nights) == ["night", "start", "end", "span_share", "source", "cut"]
    assert nights["source"].tolist() == ["channel"]
    row = one(record)
    # The service opens a night with a missing value.
    assert row["start"] == pd.Timestamp("2024-03-01T22:20Z")
    assert row["end"] == pd.Timestamp("2024-03-02T00:06Z")
    assert (row["tib"], row["undefined"], row["sol"]) == (106, 6, 16)


def test_the_time_in_bed_may_be_given():
    record = recording("W30 N80 W30", ranges=[(0, 140)])
    lights = ("2024-03-01T22:20Z", "2024-03-02T00:00Z")
    row = one(record, lights)
    assert (row["tib"], row["sol"], row["awake"]) == (100, 10, 20)
    assert row["source"] == "given"
    # As everywhere: a tick, or a length behind the start of the record, a minute ahead.
    assert one(record, (START + 20 * 15360, "121min"))["tib"] == 100
    diary = pd.DataFrame(
        {
            "subject": ["a", "a"],
            "start": pd.to_datetime(["2024-03-01T22:20Z", "2024-03-09T22:00Z"]),
            "end": pd.to_datetime(["2024-03-02T00:00Z", "2024-03-10T06:00Z"]),
        }
    )
    table = record.sleep(diary)
    assert table["subject"].tolist() == ["a", "a"]
    assert table["tib"].tolist() == [100, 0]
    # A night of the diary that lies outside of the record stays, and says nothing.
    assert table.loc[1, "span_share"] == 0
    assert table.loc[1, ["tst", "se", "sol", "spt"]].isna().all()
    with pytest.raises(ConfigurationError, match="column 'tst', and the result has"):
        record.sleep(diary.assign(tst=1))
    for wrong in ("22:00", 5, ("2024-03-01T22:00Z",)):
        with pytest.raises(ConfigurationError, match=r"lights off, lights on"):
            record.sleep(wrong)
    with pytest.raises(TimestampError, match="before it starts"):
        record.sleep(lights[::-1])
    with pytest.raises(TimestampError, match=r"2025.*outside of .*2024-03-01 22:59"):
        record.sleep(("2025-03-01T22:20Z", "2025-03-02T00:00Z"))
    with pytest.raises(TimestampError, match="zone"):
        record.sleep(("2024-03-01 22:20", "2024-03-02 00:00"))


def test_a_table_of_nights_may_come_back_with_other_times():
    record = recording("W30 N80 W30", ranges=[(0, 140)])
    nights = record.nights()
    pd.testing.assert_frame_equal(
        record.sleep(nights).drop(columns="source"),
        record.sleep().drop(columns="source"),
    )
    nights["start"] += pd.Timedelta("20min")
    row = one(record, nights)
    assert (row["sol"], row["source"], row["name"]) == (10, "given", "Sleep")


def test_two_nights_in_one_record_are_two_rows():
    evening = 24 * 60
    closed = recording("-1 W9 N80 W10", minutes=2 * evening)["sleep_phase"]
    again = recording("-1 W5 N50 R25 W20", at=evening, minutes=2 * evening)
    both = pd.concat([closed, again["sleep_phase"]])
    both.attrs = closed.attrs
    record = again.replace(sleep_phase=both)
    table = record.sleep()
    assert table["source"].tolist() == ["channel", "channel"]
    assert table["night"].tolist() == [dt.date(2024, 3, 1), dt.date(2024, 3, 2)]
    assert table["tib"].tolist() == [100, 101]
    assert table["tst"].tolist() == [80, 75]
    # A source that writes changes alone has one missing value between them.
    fewer = both.drop(index=both.index[[0, 5]])
    assert record.replace(sleep_phase=fewer).sleep()["tst"].tolist() == [80, 75]
    # With activities, each is a night of its own.
    ranges = [(0, 100), (evening, evening + 101)]
    known = recording("W9", minutes=2 * evening, ranges=ranges).replace(
        sleep_phase=both
    )
    assert known.sleep()["tst"].tolist() == [80, 75]


def test_less_than_an_hour_without_a_phase_is_a_hole_in_the_night():
    assert recording("W10 N80 -59 N80").nights()["source"].tolist() == ["channel"]
    assert len(recording("W10 N80 -60 N80").nights()) == 2


def test_a_night_over_a_change_of_clocks_has_the_time_that_went_by():
    # Clocks in Berlin go from 2 to 3 that night: 22:00 to 06:00 are 7 h.
    start = time_to_tick("2024-03-30T21:00:00Z", clock=256)
    phases = frame("sleep_phase", [0, 30, 400, 420], [6, 2, 6, NAN], start=start)
    for tz in ("Europe/Berlin", "UTC", "Asia/Kolkata"):
        record = Record(
            "hexoskin",
            (start - 256, start + 420 * 15360),
            {"sleep_phase": phases},
            tz=tz,
        )
        row = one(record)
        assert (row["tib"], row["sol"], row["tst"], row["awake"]) == (420, 30, 370, 50)
        assert row["start"] == pd.Timestamp("2024-03-30T21:00Z")
        assert str(row["start"].tz) == tz
    assert row["night"] == dt.date(2024, 3, 30)


def test_a_night_that_the_record_cuts_off_says_at_which_end():
    record = recording("W10 N50 R30 N50 W20", lead=0, ranges=[(0, 160)])
    end = record.end
    late = one(record.between("2024-03-01T22:30Z", None))
    assert (late["cut"], late["span_share"]) == ("start", 130 / 160)
    # The onset of what is left is no onset.
    assert late[["sol", "rem_latency"]].isna().all()
    assert (late["tib"], late["tst"], late["spt"]) == (130, 110, 110)
    early = one(record.between(None, "2024-03-01T23:00Z"))
    assert (early["cut"], early["tib"], early["sol"]) == ("end", 60, 10)
    middle = one(record.between("2024-03-01T22:30Z", "2024-03-01T23:00Z"))
    assert (middle["cut"], middle["se"]) == ("both", 100)
    # Some seconds are none.
    almost = one(record.between("2024-03-01T22:00:20Z", end))
    assert (almost["cut"], almost["sol"]) == ("", pytest.approx(10 - 1 / 3))
    # The channel alone tells it as well.
    alone = recording("W10 N50 R30 N50 W20", lead=0)
    assert one(alone)["cut"] == "start"  # its phases begin with the record itself
    assert one(alone.between(None, "2024-03-01T23:00Z"))["cut"] == "both"
    opened = recording("-1 W9 N50 R30 N50 W20", lead=0)
    assert one(opened)["cut"] == ""


# -- what is missing -------------------------------------------------------------------


def test_a_csv_of_the_dashboard_has_no_phases_and_the_error_says_who_has(real_data):
    record = hexoframe.open_record(real_data / "dashboard" / "record-241834.csv")
    for ask in (record.sleep, record.nights):
        with pytest.raises(ConfigurationError, match=r"no channel sleep_phase") as told:
            ask()
        assert "hexoframe.load_record(id)" in str(told.value)
        assert "CSV of the dashboard never has it" in str(told.value)


def test_a_channel_that_was_left_out_is_another_error():
    record = recording("W10 N50")
    part = record.of(record, left_out=["sleep_phase"])
    with pytest.raises(UnknownChannelError, match="left out"):
        part.sleep()


def test_a_channel_without_a_phase_has_no_night_and_a_warning_says_so():
    record = recording("-100")
    with pytest.warns(HexoframeWarning, match="no night.*in_bed="):
        nights = record.nights()
    assert len(nights) == 0
    with pytest.warns(HexoframeWarning, match="no night"):
        table = record.sleep()
    assert len(table) == 0
    assert {"tst", "se", "waso", "cut"} <= {*table}
    # The activity is a night, of which nothing is known.
    row = one(recording("-100", ranges=[(0, 100)]))
    assert (row["tib"], row["undefined_share"]) == (100, 1)
    assert pd.isna(row["tst"])


def test_seconds_that_the_record_does_not_have_are_undefined():
    rate = np.delete(np.arange(1, 6001), slice(1200, 1800))  # minutes 20 to 30
    held = frame("heart_rate", rate / 60, np.full(len(rate), 55))
    row = one(recording("W10 N90", heart_rate=held), min_share=0)
    assert (row["nrem"], row["undefined"], row["spt"]) == (80, 10, 90)
    assert row["good_share"] == 0.9


def test_the_good_share_is_that_with_a_phase_and_a_usable_heart_rate():
    seconds = np.arange(1, 6001)
    rate = frame("heart_rate", seconds / 60, np.full(6000, 55))
    flags = frame("heart_rate_quality", seconds / 60, np.where(seconds <= 600, 2, 0))
    held = {"heart_rate": rate, "heart_rate_quality": flags}
    row = one(recording("W20 ?10 N70", **held))
    assert row["good_share"] == pytest.approx(0.8)
    assert np.isnan(one(recording("W20 ?10 N70"))["good_share"])


def test_a_shirt_that_lay_on_a_chair_did_not_sleep():
    span = (START, START + 100 * 15360)
    off = ((START + 40 * 15360, START + 50 * 15360),)
    belts = Belts(flat=off, displaced=(), silent=(), measured=(span,))
    row = one(recording("W10 N90", belts=belts))
    assert (row["nrem"], row["undefined"], row["not_worn"]) == (80, 10, 10)
    assert np.isnan(one(recording("W10 N90"))["not_worn"])


def test_changes_of_position_are_those_in_bed():
    position = frame(
        "sleep_position", [0, 5, 15, 30, 40, 90, 95], [5, 1, 2, 2, 3, 5, NAN]
    )
    record = recording("W10 N70", at=10, minutes=100, sleep_position=position)
    assert one(record)["position_changes"] == 2
    assert pd.isna(one(recording("W10 N70"))["position_changes"])


def test_counts_of_the_recorder_give_the_same():
    record = recording("W10 N50 R30 N50 W20")
    phases = record["sleep_phase"]
    phases.attrs["hexoframe"] |= {"scale": "raw"}
    raw = Record("hexoskin", (record.start_tick, record.end_tick),
                 {"sleep_phase": phases}, scale="raw", tz=record.tz)  # fmt: skip
    pd.testing.assert_frame_equal(raw.sleep(), record.sleep())


# -- synthetic nights ------------------------------------------------------------------


def truth(shirt, *, without=()):
    """Return minutes a phase of a night from what the shirt recorded, second by second.

    `without` are spans of seconds that do not count.
    """
    ticks, codes = shirt.events["sleep_phase"]
    seconds = np.full((shirt.end - shirt.start) // shirt.clock, np.nan)
    for tick, code in zip(ticks, codes, strict=True):
        seconds[(int(tick) - shirt.start) // shirt.clock :] = code
    for first, last in without:
        seconds[first:last] = np.nan
    names = {"nrem": 2, "rem": 5, "awake": 6}
    minutes = {name: (seconds == code).sum() / 60 for name, code in names.items()}
    asleep = np.flatnonzero(np.isin(seconds, (2, 5)))
    period = seconds[asleep[0] : asleep[-1] + 1]
    dreams = np.flatnonzero(seconds == 5)
    return minutes | {
        "sol": asleep[0] / 60,
        "spt": len(period) / 60,
        "waso": (period == 6).sum() / 60,
        "tst": len(asleep) / 60,
        "rem_latency": (dreams[0] - asleep[0]) / 60 if len(dreams) else np.nan,
        "undefined": np.isnan(seconds).sum() / 60,
    }


@pytest.mark.parametrize(
    ("family", "spoiled"),
    [
        ("hexoskin", {}),
        ("astroskin_1000", {"lead_off": ((600, 300),)}),
        ("hexoskin", {"gaps": ((900, 120),), "lead_off": ((300, 100),)}),
    ],
)
def test_a_synthetic_night_gives_back_its_sleep(tmp_path, family, spoiled):
    shirt = wear(
        Shirt(seed=6, family=family, duration_s=1800, activity="sleep", **spoiled)
    )
    record = hexoframe.open_record(write_export(shirt, tmp_path / "night.zip"))
    row = one(record)
    wanted = truth(shirt)
    assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
    _, codes = shirt.events["sleep_position"]
    assert row["position_changes"] == len(codes) - 3


@pytest.mark.parametrize(
    "off", [(600, 600), pytest.param((3000, 3600), marks=pytest.mark.slow)]
)
def test_minutes_or_an_hour_with_the_shirt_off_are_no_sleep(tmp_path, off):
    shirt = wear(Shirt(seed=6, duration_s=3 * off[1], activity="sleep", unworn=(off,)))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "night.zip"))
    row = one(record, min_share=0.4)
    wanted = truth(shirt, without=[(off[0], off[0] + off[1])])
    # Both ends of the hour are found to the second or the next.
    assert {name: row[name] for name in wanted} == pytest.approx(
        wanted, abs=2 / 60, nan_ok=True
    )
    assert row["not_worn"] == pytest.approx(off[1] / 60, abs=2 / 60)
    worn = record.wear().query("~worn")
    spans = [
        [int((row[name] - record.start).total_seconds()) for name in ("start", "end")]
        for _, row in worn.iterrows()
    ]
    exact = truth(shirt, without=spans)
    assert {name: row[name] for name in exact} == pytest.approx(
        exact, rel=1e-12, nan_ok=True
    )


@pytest.mark.parametrize("dialect", ["2022", "2017"])
def test_an_export_says_the_same_of_a_night(tmp_path, dialect):
    shirt = wear(Shirt(seed=9, duration_s=1800, activity="sleep"))
    path = tmp_path / "night.zip"
    write_export(shirt, path, quirks=Quirks(dialect=dialect))
    record = hexoframe.open_record(path)
    said = record.statistics.set_index("name")["value"]
    row, held = one(record), record.postures(channel="sleep_position").iloc[0]
    seconds = {
        "Total Sleep Time": row["tst"],
        "SleepTotalTime": row["tst"],
        "Sleep REM Time": row["rem"],
        "Sleep Non REM Time": row["nrem"],
        "Sleep Wake Time": row["awake"],
        "Time To Fall Asleep": row["sol"],
        **{f"SleepPositionP{n}Time": held[f"p{n}"] for n in range(1, 6)},
    }
    told = {name: float(said[name]) for name in seconds if name in said}
    assert len(told) == {"2022": 5, "2017": 6}[dialect]
    assert {name: 60 * seconds[name] for name in told} == pytest.approx(told)
    if dialect == "2017":
        assert row["position_changes"] == float(said["SleepPositionChanges"])


def test_phases_of_the_service_of_a_real_night_are_read_to_the_tick(real_data):
    lines = (real_data / "api" / "values-sleep-phase.txt").read_text().split()
    rows = [line.split(",") for line in lines]
    ticks = np.array([int(tick) for tick, _ in rows])
    codes = np.array([NAN if code == "null" else float(code) for _, code in rows])
    channel = channels_of("hexoskin")["sleep_phase"]
    phases = make_frame(
        channel, ticks_to_index(ticks, clock=256), {"sleep_phase": codes}
    )
    span = (int(ticks[0]), int(ticks[-1]))
    row = one(Record("hexoskin", span, {"sleep_phase": phases}))
    seconds = np.diff(ticks) / 256
    assert row["tib"] == pytest.approx(sum(seconds) / 60)
    assert row["nrem"] == pytest.approx(seconds[codes[:-1] == 2].sum() / 60)
    assert row["rem"] == pytest.approx(seconds[codes[:-1] == 5].sum() / 60)
    assert row["awake"] == pytest.approx(seconds[codes[:-1] == 6].sum() / 60)
    # It begins with 367 s before the wearer lay down, then 42 min awake.
    assert row["sol"] == pytest.approx((ticks[2] - ticks[0]) / 256 / 60)
    assert row["cut"] == ""
