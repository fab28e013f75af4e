"""De-identification: what goes, what stays, what moves, and what the receipt says."""

from __future__ import annotations

import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hexoframe
from hexoframe.channels import FAMILIES, datatypes_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording import deidentify as module
from hexoframe.recording.data import LazyChannel
from hexoframe.recording.facts import Facts
from tests.named import EMAIL, ID, SERIAL, named_record
from tests.test_record import START, frame_of, refuse, whole_record

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
WEEK = pd.Timedelta(weeks=1)
WEEK_TICKS = 7 * 86_400 * 256


@pytest.fixture
def record(samples):
    return named_record(samples)


def moved(frame, weeks):
    return frame.set_axis(frame.index + weeks * WEEK)


# -- samples ---------------------------------------------------------------------------


@pytest.mark.parametrize("weeks", [-300, 1])
def test_every_sample_keeps_its_value_and_all_times_move_by_the_weeks(samples, weeks):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    whole = record.between(None, "60s")
    safe = whole.deidentify(shift_weeks=weeks)
    assert safe.start_tick == whole.start_tick + weeks * WEEK_TICKS
    assert safe.end_tick == whole.end_tick + weeks * WEEK_TICKS
    assert list(safe) == list(whole)
    for name in whole:
        frame, before = safe[name], whole[name]
        pd.testing.assert_frame_equal(frame, moved(before, weeks), check_freq=False)
        assert frame.attrs["hexoframe"] == {
            **before.attrs["hexoframe"], "record": None
        }  # fmt: skip
        joined = pd.concat(list(safe.pieces(name, 1000)) or [frame])
        pd.testing.assert_frame_equal(joined, frame, check_freq=False)


@pytest.mark.parametrize("name", ["astroskin_2min.zip", "astroskin_1000_1min.zip"])
def test_the_other_models_and_their_clock_move_alike(samples, name):
    whole = hexoframe.open_record(samples / name)
    safe = whole.deidentify(shift_weeks=-52)
    shift = whole.start - safe.start
    assert shift == 52 * WEEK
    for channel in ("ecg", "ppg", "heart_rate", "rr_interval"):
        pd.testing.assert_frame_equal(
            safe[channel], moved(whole[channel], -52), check_freq=False
        )


def test_counts_stay_counts(samples):
    raw = hexoframe.open_record(samples / "hexoskin_10min.zip", units="raw")
    safe = raw.deidentify(shift_weeks=-5)
    assert safe.scale == "raw"
    assert safe["ecg"].attrs["hexoframe"]["scale"] == "raw"
    assert np.array_equal(safe["ecg"].to_numpy(), raw["ecg"].to_numpy())


def test_a_record_without_length_or_channels_is_one_too():
    record = Record("hexoskin", (START, START), {})
    safe = record.deidentify(shift_weeks=-5)
    assert safe.start_tick == safe.end_tick == START - 5 * WEEK_TICKS
    assert len(safe["heart_rate"]) == 0


def test_results_are_those_of_the_record_itself(samples):
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip")
    safe = whole.deidentify(shift_weeks=-7)
    for result in (
        lambda one: one.summary(),
        lambda one: one.summary("1min", wide=True),
        lambda one: one.hrv("1min"),
        lambda one: one.coverage(),
        lambda one: one.gaps(),
        lambda one: one.wear(),
        lambda one: one.beats(),
        lambda one: one.breaths(),
        lambda one: one.bad_spans("ecg"),
        lambda one: one.quality("heart_rate"),
    ):
        ours, theirs = result(safe), result(whole)
        if isinstance(theirs.index, pd.DatetimeIndex):
            theirs = moved(theirs, -7)
        for column in theirs.columns:
            if isinstance(theirs[column].dtype, pd.DatetimeTZDtype):
                theirs[column] -= 7 * WEEK
        pd.testing.assert_frame_equal(ours, theirs, check_freq=False)


def test_nothing_is_read_before_a_channel_is_touched():
    lazy = LazyChannel(read=refuse, pieces=refuse)
    record = Record("hexoskin", (START, START + 256 * 60), {"ecg": lazy})
    safe = record.deidentify(shift_weeks=-2)
    assert not safe.is_read("ecg")
    held = LazyChannel(read=lambda: frame_of("ecg"))
    record = Record("hexoskin", (START, START + 256 * 60), {"ecg": held})
    safe = record.deidentify(shift_weeks=-2)
    pd.testing.assert_frame_equal(
        safe["ecg"].iloc[:5], moved(frame_of("ecg").iloc[:5], -2), check_freq=False
    )


def test_losses_and_gaps_of_a_source_move_too():
    data = whole_record(60)
    first = data.start_tick + 2560
    receipt = data.receipt("ecg")._replace(
        lost=((first, first + 512),), span=(data.start_tick, data.end_tick)
    )
    held = LazyChannel(
        read=lambda: data["ecg"],
        receipt=receipt,
        survey=data.survey("ecg"),
    )
    rate = LazyChannel(
        read=lambda: data["heart_rate"], initial=lambda: [(first, first + 256)]
    )
    channels = {**data.whole(), "ecg": held, "heart_rate": rate}
    record = data.of(data, channels=channels)
    safe = record.deidentify(shift_weeks=3)
    by = 3 * WEEK_TICKS
    known = safe.receipt("ecg")
    assert known.lost == ((first + by, first + 512 + by),)
    assert known.span == (data.start_tick + by, data.end_tick + by)
    assert safe.initial_spans("heart_rate") == [(first + by, first + 256 + by)]
    kept, own = safe.kept_survey("ecg"), data.survey("ecg")
    assert kept._replace(gaps=(), belts=None) == own._replace(gaps=(), belts=None)
    assert [(gap.start - by, gap.end - by) for gap in kept.gaps] == [
        (gap.start, gap.end) for gap in own.gaps
    ]


def test_a_part_of_a_record_and_a_part_of_a_safe_one_are_the_same(samples):
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip")
    one = whole.between("60s", "90s").deidentify(shift_weeks=-9)
    other = whole.deidentify(shift_weeks=-9).between("60s", "90s")
    assert one.start_tick == other.start_tick
    for name in whole:
        pd.testing.assert_frame_equal(one[name], other[name], check_freq=False)
    assert one.info["whole_start"] == whole.start_tick - 9 * WEEK_TICKS
    assert one.belts() == other.belts()


# -- facts -----------------------------------------------------------------------------


def test_only_known_facts_pass(record):
    safe = record.deidentify(pseudonym="S01", shift_weeks=-60)
    by = -60 * WEEK_TICKS
    start = record.start_tick
    info = dict(safe.facts.info)
    receipt = info.pop("deidentified")
    assert info == {
        "decoder_version": "0.9.1",
        "status": "complete",
        "algo": {"algorithms": {"ecg": "2.1.1"}},
        "provenance": {"ecg": "vendor export", "heart_rate": "unknown source"},
        "edited": ["heart_rate"],
        "edited_beats": {
            "added": {"hand": [start + 11 + by]},
            "changed": [start + 300 + by],
            "removed": [start + 501 + by],
        },
        "whole_start": start - 25_600 + by,
        "pseudonym": "S01",
    }
    assert safe.id is None
    assert safe.name == safe.pseudonym == "S01"
    assert receipt["pseudonym"] == "S01"
    # The record itself is as it was.
    assert record.id == ID
    assert record.info["email"] == EMAIL


def test_activities_keep_their_times_and_whether_they_are_sleep(record):
    safe = record.deidentify(shift_weeks=-60)
    ranges = safe.facts.ranges
    assert ranges["name"].tolist() == ["sleep", "activity"]
    assert ranges["trainingroutine"].fillna("").tolist() == [
        "/api/trainingroutine/12/", "",
    ]  # fmt: skip
    assert ranges[["id", "note"]].isna().all(axis=None)
    assert ranges["rank"].iloc[0] == 1
    before = record.facts.ranges
    assert (ranges["start"] == before["start"] - 60 * WEEK).all()
    assert ranges["end"].iloc[0] == before["end"].iloc[0] - 60 * WEEK
    assert pd.isna(ranges["end"].iloc[1])
    assert ranges.dtypes.equals(before.dtypes.drop("of"))


def test_presses_keep_their_times_and_lose_their_words(record):
    safe = record.deidentify(shift_weeks=-60).facts
    before = record.facts
    assert (safe.annotations.index == before.annotations.index - 60 * WEEK).all()
    assert safe.annotations["datatype"].tolist() == [215, 215]
    assert safe.annotations[["id", "comment"]].isna().all(axis=None)
    assert safe.annotations.dtypes.equals(before.annotations.dtypes.drop("of"))
    assert safe.track is None
    assert safe.metrics["name"].tolist() == ["heartrate_avg"]
    assert safe.statistics["name"].tolist() == ["HR Avg"]


def test_all_figures_that_the_vendor_is_known_to_give_stay(samples):
    from hexoframe.analysis.metrics import indexed_metrics
    from hexoframe.recording.facts import facts_table

    units = {
        name: one.vendor_units[0] if one.vendor_units else None
        for one in indexed_metrics()
        for name in one.vendor
    }
    rows = [{"name": name, "value": "1.5", "unit": units[name]} for name in units]
    table = facts_table("statistics", rows)
    record = named_record(samples)
    facts = Facts(info={}, statistics=table)
    safe = record.of(record, facts=facts).deidentify()
    assert safe.facts.statistics.equals(table)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_channel_of_a_model_holds_places_or_the_profile(family):
    # If one does some day, de-identification must leave it out.
    roles = {row.role for row in datatypes_of(family) if row.in_model}
    assert not roles & {"position", "profile"}


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "algo", "provenance", "edited", "edited_beats", "whole_start",
             "status", "decoder_version", "model", "pseudonym", "deidentified",
             "devices", "Zhivago"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats()
            | st.just("Zhivago"),
            lambda inner: st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["Zhivago", "added", "removed", "algorithms", "ecg",
                                 "all", "hrv"]),
                inner, max_size=3),
            max_leaves=6,
        ),
    )
)  # fmt: skip
def test_whatever_a_source_says_nothing_of_it_passes_and_nothing_escapes(info):
    data = whole_record(2)
    info = {**info, "id": None}
    safe = data.of(data, facts=Facts(info=info)).deidentify()
    assert "Zhivago" not in json.dumps(safe.facts.info)


def test_what_is_named_in_keep_stays(record):
    safe = record.deidentify(keep=["dates", "device", "annotations", "ranges", "track"])
    assert safe.start_tick == record.start_tick
    assert safe.facts.info["device"] == SERIAL
    assert safe.facts.info["devices"] == record.facts.info["devices"]
    assert safe.facts.track.equals(record.facts.track.drop(columns="of"))
    for name in ("name", "note", "trainingroutine"):
        assert safe.facts.ranges[name].equals(record.facts.ranges[name])
    assert safe.facts.annotations["comment"].equals(record.facts.annotations["comment"])
    assert safe.id is None
    assert safe.info["deidentified"]["kept"] == [
        "annotations", "dates", "device", "ranges", "track",
    ]  # fmt: skip
    assert safe.info["deidentified"]["dates"] == {"moved": "no"}


# -- names and shifts ------------------------------------------------------------------


def test_names_and_shifts_are_by_chance(record):
    safe = [record.deidentify() for _ in range(20)]
    names = {one.pseudonym for one in safe}
    assert len(names) == 20
    assert all(re.fullmatch(r"P[0-9a-f]{8}", name) for name in names)
    weeks = {(record.start - one.start) / WEEK for one in safe}
    assert len(weeks) > 10
    assert all(week == int(week) and 53 <= week <= 522 for week in weeks)


@pytest.mark.parametrize(
    "name",
    ["", "a/b", "..", "../x", "S 01", "é1", "x" * 41, "-a", 7,
     f"S{ID}", "JANE01", "s-doe-secret", f"id{SERIAL}", "n20240301", "lab_Quintana"],
)  # fmt: skip
def test_a_pseudonym_that_no_file_takes_or_that_tells_is_refused(record, name):
    with pytest.raises(ConfigurationError, match="pseudonym="):
        record.deidentify(pseudonym=name)


def test_a_short_id_is_no_pseudonym_either():
    data = whole_record(2)
    with pytest.raises(ConfigurationError, match="holds an id"):
        data.deidentify(pseudonym="7")
    assert data.deidentify(pseudonym="S7").name == "S7"


@pytest.mark.parametrize("weeks", [0, 1.5, "3", True, 10_000, -2000, float("nan")])
def test_a_shift_that_is_none_or_leads_too_far_is_refused(record, weeks):
    with pytest.raises(ConfigurationError, match="shift_weeks="):
        record.deidentify(shift_weeks=weeks)


@pytest.mark.parametrize(
    "keep", ["id", ["user"], ["dates", "email"], "name", None, [["dates"]], [1]]
)
def test_ids_and_names_cannot_be_kept(record, keep):
    with pytest.raises(ConfigurationError, match="never kept"):
        record.deidentify(keep=keep)
    with pytest.raises(ConfigurationError, match="exclude each other"):
        record.deidentify(keep="dates", shift_weeks=-4)


def test_the_limits_of_the_clock_are_the_limits_of_a_shift():
    data = whole_record(2)
    early, late = (dt.date(2009, 1, 1), dt.date(2051, 1, 1))
    day = data.start.date()
    back, on = (day - early).days // 7, (late - day).days // 7
    for weeks in (-back, on):
        safe = data.deidentify(shift_weeks=weeks)
        assert hexoframe.timestamps.clock_of(safe.start_tick) == 256
        assert hexoframe.timestamps.clock_of(safe.end_tick) == 256
    for weeks in (-back - 1, on + 1):
        with pytest.raises(ConfigurationError, match=f"by {-back} to {on} weeks"):
            data.deidentify(shift_weeks=weeks)


def test_a_record_of_the_first_years_moves_forward():
    first = int(dt.datetime(2009, 3, 1, tzinfo=dt.UTC).timestamp()) * 256
    record = Record("hexoskin", (first, first + 2560), {})
    weeks = {(record.deidentify().start - record.start) / WEEK for _ in range(20)}
    assert all(53 <= week <= 522 for week in weeks)


@pytest.mark.parametrize("name", ["../x", "a/b", "", 7, None])
def test_a_pseudonym_that_a_file_makes_up_leads_nowhere(tmp_path, name):
    data = whole_record(2)
    odd = data.of(data, facts=Facts(info={"pseudonym": name}))
    assert odd.name is None
    assert odd.to_csv(tmp_path / "out").parent == tmp_path / "out"


# -- clocks that are changed -----------------------------------------------------------


def test_the_day_of_the_week_and_the_time_of_day_stay_in_the_zone():
    local = whole_record(60).tz_convert("America/Montreal")
    for _ in range(20):
        safe = local.deidentify()
        assert safe.tz == "America/Montreal"
        assert safe.start.day_of_week == local.start.day_of_week
        assert safe.start.time() == local.start.time()
        assert safe.end.time() == local.end.time()
        told = safe.info["deidentified"]["dates"]
        assert told["zone"] == "America/Montreal"
        assert told["local_time_later_min"] == {"start": 0, "end": 0}


@pytest.mark.parametrize(("weeks", "minutes"), [(-10, 0), (2, -60), (60, -60), (21, 0)])
def test_a_shift_over_a_change_of_clocks_is_told_and_moves_no_tick(weeks, minutes):
    # 2022-11-04 19:29:49 in Montreal, two days before the clocks go back.
    local = whole_record(60).tz_convert("America/Montreal")
    safe = local.deidentify(shift_weeks=weeks)
    later = safe.start.tz_localize(None) - local.start.tz_localize(None) - weeks * WEEK
    assert later == pd.Timedelta(minutes=minutes)
    told = safe.info["deidentified"]["dates"]
    assert told["local_time_later_min"] == {"start": minutes, "end": minutes}
    assert np.array_equal(
        np.diff(safe["ecg"].index.asi8), np.diff(local["ecg"].index.asi8)
    )


def test_a_night_in_which_clocks_change_is_told_at_both_ends():
    # 2022-11-06: in Montreal the clocks go back at 06:00 UTC.
    start = int(dt.datetime(2022, 11, 6, 3, tzinfo=dt.UTC).timestamp()) * 256
    record = Record("hexoskin", (start, start + 6 * 3600 * 256), {})
    safe = record.tz_convert("America/Montreal").deidentify(shift_weeks=-4)
    told = safe.info["deidentified"]["dates"]
    assert told["local_time_later_min"] == {"start": 0, "end": 60}


# -- the receipt -----------------------------------------------------------------------


def test_the_receipt_says_what_was_removed_and_no_old_value(record):
    safe = record.deidentify(shift_weeks=-60)
    receipt = safe.info["deidentified"]
    assert receipt["removed"] == {
        "record id": 3,
        "user id": 2,
        "e-mail": 1,
        "device serial": 2,
        "request": 1,
        "dates": 5,
        "other facts": 14,
        "ids of activities": 1,
        "names of activities": 2,
        "notes of activities": 1,
        "ids of annotations": 1,
        "comments of annotations": 1,
        "points of the GPS track": 1,
        "metrics": 3,
        "statistics": 2,
    }
    text = json.dumps(receipt)
    assert "60" not in text.replace(safe.pseudonym, "")
    assert set(receipt) == {"pseudonym", "removed", "kept", "dates", "remains"}


def test_a_second_time_adds_to_the_receipt_and_moves_again(record):
    once = record.deidentify(pseudonym="S01", shift_weeks=-60)
    twice = once.deidentify(pseudonym="T99", shift_weeks=-3)
    assert twice.start == record.start - 63 * WEEK
    assert twice.info["deidentified"]["removed"] == (
        once.info["deidentified"]["removed"] | {"names of activities": 4}
    )
    assert "S01" not in json.dumps(twice.facts.info)


def test_the_module_keeps_what_the_command_offers():
    from hexoframe.app.choices import KEPT_FACTS

    assert module._KEPT == KEPT_FACTS


def test_a_record_that_was_joined_is_moved_whole(samples):
    records = hexoframe.open_records(samples / "range_2records.zip")
    for record in records.values():
        safe = record.deidentify(shift_weeks=-100)
        assert safe.start == record.start - 100 * WEEK
        assert safe["heart_rate"].equals(moved(record["heart_rate"], -100))
