"""Corrections of beats: what a table may say, what follows, and what is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, TimestampError
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps import ticks_to_index
from tests.analysis.hearts import (
    SECOND,
    flags_of,
    frame_of,
    known_heart,
    record_of,
    rr_of,
)

START = SECOND * 256


NO_FLAGS = "ignore:there are no quality flags"


def at(*ticks):
    """Times of ticks from the start of the record."""
    return ticks_to_index(START + np.array(ticks), clock=256)


def ticks_of(table):
    return (table.index.asi8 // 3_906_250 - START).tolist()


@pytest.fixture
def record():
    """Ten beats of 200 ticks; the fourth is flagged. All but two are accepted."""
    intervals = [0, *[200] * 9]
    stamps = 100 + np.arange(10) * 200
    rr = rr_of(intervals, stamps)
    flags = flags_of(rr, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    nn = frame_of("nn_interval", stamps[[1, 2, *range(4, 10)]], [200 / 256] * 8)
    return record_of(rr, flags, seconds=10, nn_interval=nn)


def test_a_table_that_says_nothing_new_changes_no_sample(record):
    same = record.replace(beats=record.beats())
    for name in record:
        pd.testing.assert_frame_equal(same[name], record[name])
    assert not same.beats()["edited"].any()
    assert same.info["edited_beats"] == {"added": {}, "changed": [], "removed": []}


def test_a_beat_that_was_no_beat_is_left_out_and_the_next_interval_grows(record):
    table = record.beats()
    edited = record.replace(beats=table.drop(table.index[5]).drop(columns="rr"))
    beats = edited.beats()
    assert ticks_of(beats) == [100, 300, 500, 700, 900, 1300, 1500, 1700, 1900]
    assert (beats["rr"] * 256).tolist()[1:] == [200, 200, 200, 200, 400, 200, 200, 200]
    assert np.flatnonzero(beats["edited"]).tolist() == [5]
    assert edited.info["edited_beats"]["removed"] == [START + 1100]
    # The accepted intervals follow.
    nn = edited["nn_interval"]
    assert ticks_of(nn) == [300, 500, 900, 1300, 1500, 1700, 1900]
    assert (nn.iloc[:, 0] * 256).tolist() == [200, 200, 200, 400, 200, 200, 200]
    # The record itself stays as it was.
    assert len(record.beats()) == 10


def test_rows_left_out_without_a_word_are_refused(record):
    table = record.beats()
    for chosen in (table[table["usable"]], table.drop(table.index[5])):
        with pytest.raises(
            ConfigurationError, match="a beat between them was left out"
        ):
            record.replace(beats=chosen)
    # NaN leaves a hole: no pair, and no interval.
    holed = table.drop(table.index[5])
    holed.loc[holed.index[5], "rr"] = np.nan
    beats = record.replace(beats=holed).beats()
    assert np.isnan(beats["rr"].iloc[5])
    assert beats["reason"].iloc[5] == "no beat before"
    # So does the distance itself.
    holed.loc[holed.index[5], "rr"] = 400 / 256
    assert record.replace(beats=holed).beats()["rr"].iloc[5] == 400 / 256


def test_a_missed_beat_is_added_by_its_time_alone(record):
    table = pd.concat([record.beats(), pd.DataFrame(index=at(1180))]).sort_index()
    edited = record.replace(beats=table)
    beats = edited.beats()
    assert (beats["rr"] * 256).tolist()[5:8] == [200, 80, 120]
    assert beats["source"].tolist()[5:8] == ["device", "hand", "device"]
    assert beats["edited"].tolist() == [row in {6, 7} for row in range(11)]
    # 80 ticks are 0.3125 s, and plausible; 50 are not.
    assert beats["usable"].tolist()[6]
    assert edited.info["edited_beats"]["added"] == {"hand": [START + 1180]}
    near = pd.concat([record.beats(), pd.DataFrame(index=at(1150))]).sort_index()
    doubtful = record.replace(beats=near).beats().iloc[6]
    assert (doubtful["usable"], doubtful["reason"]) == (False, "implausible")


def test_a_beat_that_is_moved_takes_both_its_intervals_with_it(record):
    table = record.beats()
    times = table.index.to_series()
    times.iloc[6] = at(1310)[0]
    beats = record.replace(beats=table.set_axis(pd.DatetimeIndex(times))).beats()
    assert (beats["rr"] * 256).tolist()[5:9] == [200, 210, 190, 200]
    assert np.flatnonzero(beats["edited"]).tolist() == [6, 7]


def test_a_beat_that_must_not_count_keeps_its_row(record):
    table = record.beats()
    table.loc[table.index[6], "usable"] = False
    table.loc[table.index[3], "usable"] = True
    edited = record.replace(beats=table)
    beats = edited.beats()
    assert beats["usable"].tolist() == [row not in {0, 6} for row in range(10)]
    assert beats["reason"].iloc[6] == "unreliable"
    assert beats["quality"].tolist() == [0, 0, 0, 0, 0, 0, 128, 0, 0, 0]
    assert np.flatnonzero(beats["edited"]).tolist() == [3, 6]
    assert ticks_of(edited["nn_interval"]) == [
        tick for tick in range(300, 2000, 200) if tick != 1300
    ]
    assert (beats["rr"] * 256).tolist()[1:] == [200] * 9


def test_what_cannot_be_usable_is_not_called_so(record):
    table = record.beats()
    table.loc[table.index[0], "usable"] = True
    with pytest.raises(ConfigurationError, match="cannot be: no beat before"):
        record.replace(beats=table)


def test_corrections_of_corrections_add_up(record):
    table = record.beats()
    table.loc[table.index[6], "usable"] = False
    once = record.replace(beats=table)
    table = once.beats()
    twice = once.replace(beats=table.drop(table.index[8]).drop(columns="rr"))
    marks = twice.info["edited_beats"]
    assert marks["changed"] == [START + 1300, START + 1900]
    assert marks["removed"] == [START + 1700]
    assert twice.info["edited"] == ["rr_interval", "rr_interval_quality", "nn_interval"]


def test_variability_follows_the_corrections():
    stamps = np.cumsum(known_heart(500))
    wrong = np.insert(stamps, 100, stamps[99] + 95)
    given = record_of(rr_of(np.diff(wrong, prepend=0), wrong))
    truth = record_of(rr_of(known_heart(500), stamps))
    assert given.hrv(None)["rmssd"].item() > truth.hrv(None)["rmssd"].item() + 1
    table = given.beats()
    mended = given.replace(beats=table.drop(table.index[100]).drop(columns="rr"))
    for counted in ("good", "all"):
        found = mended.hrv(None, beats=counted)["rmssd"].item()
        assert found == truth.hrv(None, beats=counted)["rmssd"].item()


@pytest.mark.parametrize("way", ["to_parquet", "to_csv"])
def test_corrections_are_kept_in_files(record, way, tmp_path):
    table = pd.concat([record.beats(), pd.DataFrame(index=at(1180))]).sort_index()
    table.loc[table.index[2], "usable"] = False
    edited = record.replace(beats=table)
    read = hexoframe.open_record(getattr(edited, way)(tmp_path))
    assert read.info["edited_beats"] == edited.info["edited_beats"]
    pd.testing.assert_frame_equal(read.beats(), edited.beats())


def test_a_table_comes_back_from_csv(record, tmp_path):
    table = pd.concat([record.beats(), pd.DataFrame(index=at(1180))]).sort_index()
    table.to_csv(tmp_path / "beats.csv", index_label="time")
    read = pd.read_csv(tmp_path / "beats.csv")
    with pytest.raises(TimestampError, match="format='ISO8601'"):
        record.replace(beats=read.set_index("time"))
    times = pd.to_datetime(read["time"], utc=True, format="ISO8601")
    read = read.drop(columns="time").set_axis(pd.DatetimeIndex(times))
    pd.testing.assert_frame_equal(
        record.replace(beats=read).beats(), record.replace(beats=table).beats()
    )


def test_a_pause_of_more_than_four_seconds_begins_anew():
    stamps = [0, 200, 200 + 1024, 400 + 1024, 400 + 1024 + 1025]
    made = record_of(rr_of([0, 200], [0, 200]), seconds=60)
    table = pd.DataFrame(index=at(*stamps))
    beats = made.replace(beats=table).beats()
    assert (beats["rr"].fillna(0) * 256).tolist() == [0, 200, 1024, 200, 0]


@pytest.mark.filterwarnings("ignore:the scale of", NO_FLAGS)
def test_other_clocks_and_counts_are_kept_to_the_tick():
    rr = rr_of([0, 786, 801, 793], [100, 886, 1687, 2480], family="astroskin_1000")
    made = record_of(rr, family="astroskin_1000")
    table = made.beats()
    table.loc[table.index[2], "usable"] = False
    edited = made.replace(beats=table)
    pd.testing.assert_frame_equal(edited["rr_interval"], made["rr_interval"])
    channel = channels_of("hexoskin")["rr_interval"]
    values = {channel.columns[0]: np.array([0.0, 200, 200])}
    raw = make_frame(channel, at(0, 200, 400), values, scale="raw")
    span = (START, START + 2560)
    counts = hexoframe.Record("hexoskin", span, {"rr_interval": raw}, scale="raw")
    table = counts.beats()
    assert table["rr"].tolist()[1:] == [200 / 256, 200 / 256]
    mended = counts.replace(beats=table.drop(table.index[1]).drop(columns="rr"))
    assert mended["rr_interval"].iloc[:, 0].tolist() == [0, 400]


@pytest.mark.filterwarnings(NO_FLAGS)
def test_a_record_without_flags_gets_them_only_if_a_beat_is_flagged(record):
    rr = record["rr_interval"]
    plain = record_of(rr, False, seconds=10)
    table = plain.beats()
    assert "rr_interval_quality" not in plain.replace(beats=table)
    table.loc[table.index[6], "usable"] = False
    beats = plain.replace(beats=table).beats()
    assert beats["usable"].tolist() == [row not in {0, 6} for row in range(10)]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda _: "beats.csv", ConfigurationError, "beats is a str"),
        (lambda table: table.iloc[::-1], TimestampError, "do not follow each other"),
        (lambda table: pd.concat([table, table.iloc[-1:]]), TimestampError, "follow"),
        (lambda table: table.tz_localize(None), TimestampError, "with a zone"),
        (lambda table: table.shift(freq="1h"), TimestampError, "lies outside"),
        (lambda table: table.shift(freq="1ms"), TimestampError, "tick"),
        (lambda table: table.assign(rr=0.7), ConfigurationError, "no whole number"),
        (lambda table: table.assign(quality=1.5), ConfigurationError, "quality is 1.5"),
    ],
)
def test_a_table_that_means_nothing_is_refused(record, change, error, says):
    with pytest.raises(error, match=says):
        record.replace(beats=change(record.beats()))


def test_beats_and_their_channel_are_not_given_at_once(record):
    with pytest.raises(ConfigurationError, match="both say what the beats are"):
        record.replace(beats=record.beats(), rr_interval=record["rr_interval"])


def test_the_methods_say_what_was_edited(record):
    table = pd.concat([record.beats(), pd.DataFrame(index=at(1180))]).sort_index()
    told = record.replace(beats=table).methods()
    assert "rr interval quality and nn interval" in told.replace("_", " ")
    assert "(beats: 1 added and 1 changed)." in told
    other = pd.DataFrame(index=at(*range(50, 2000, 210)))
    assert "all beats are those of a table" in record.replace(beats=other).methods()
