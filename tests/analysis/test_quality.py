"""Quality: flags by name, and the spans in which a channel is not usable."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.api.load.joining import join_records
from hexoframe.channels import FAMILIES, channels_of, codes_of
from hexoframe.errors import ConfigurationError, UnknownChannelError
from hexoframe.record import Record
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import ticks_to_index

SECOND = 1_667_604_589  # 2022-11-04T23:29:49Z
REASONS = {"no_signal", "clipped", "initial", "unknown"}


def frame_at(name, ticks, columns, *, family="hexoskin", scale="physical"):
    channel = channels_of(family)[name]
    if not isinstance(columns, dict):
        columns = dict.fromkeys(channel.columns, columns)
    values = {key: np.asarray(value, dtype=float) for key, value in columns.items()}
    index = ticks_to_index(np.asarray(ticks, dtype=np.int64), clock=channel.clock)
    return make_frame(channel, index, values, record_id=7, scale=scale)


def seconds_of(name, values, *, family="hexoskin", skip=()):
    """Return a channel at 1 Hz, whose stamps are the ends of its seconds."""
    clock = channels_of(family)[name].clock
    kept = np.setdiff1d(np.arange(len(values)), skip)
    return frame_at(
        name, (SECOND + 1 + kept) * clock, np.asarray(values)[kept], family=family
    )


def record_of(*frames, seconds=10, family="hexoskin", **more):
    clock = 1000 if family == "astroskin_1000" else 256
    span = (SECOND * clock, (SECOND + seconds) * clock)
    channels = {frame.attrs["hexoframe"]["channel"]: frame for frame in frames}
    return Record(family, span, channels, **more)


def at(second):
    return pd.Timestamp(SECOND, unit="s", tz="UTC") + pd.Timedelta(second, "s")


# total_seconds() of pandas 2 knows no ns.
ONE_S = pd.Timedelta("1s")


def spans_of(record, key):
    """Return the spans as (start, end) in s, by reason."""
    found = {}
    for row in record.bad_spans(key).itertuples():
        start, end = ((t - at(0)) / ONE_S for t in (row.start, row.end))
        found.setdefault(row.reason, []).append((start, end))
    return found


# --- flags ----------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_every_bit_of_every_quality_channel_is_a_column_of_its_name(family):
    judges = [c for c in channels_of(family).values() if c.datatypes[0].align == "or"]
    assert judges
    for judge in judges:
        codes = codes_of(judge.datatypes[0].codes)
        values = [0, *(code.value for code in codes), sum(code.value for code in codes)]
        frame = seconds_of(judge.name, values, family=family)
        quality = record_of(frame, family=family).quality(judge.name)
        assert list(quality) == [*(code.name for code in codes), "unknown"]
        assert set(map(str, quality.dtypes)) == {"bool"}
        pd.testing.assert_index_equal(quality.index, frame.index)
        for place, code in enumerate(codes):
            expected = np.zeros(len(values), dtype=bool)
            expected[[place + 1, -1]] = bool(codes)
            assert quality[code.name].tolist() == expected.tolist()
        assert not quality["unknown"].any()


def test_channel_is_judged_by_its_quality_channel():
    record = record_of(
        seconds_of("heart_rate", [80] * 4),
        seconds_of("heart_rate_quality", [0, 10, 32, 0]),
    )
    quality = record.quality("heart_rate")
    assert quality["disconnected"].tolist() == [False, True, False, False]
    assert quality["saturated"].tolist() == [False, True, False, False]
    assert quality["rr_unreliable"].tolist() == [False, False, True, False]
    good = record["heart_rate"][~quality.any(axis=1)]
    assert good.index.tolist() == [at(1), at(4)]
    for key in (19, "HR", "heartrate"):
        pd.testing.assert_frame_equal(record.quality(key), quality)


def test_missing_flags_and_unlisted_bits_are_unknown_and_not_good():
    record = record_of(seconds_of("heart_rate_quality", [0, np.nan, 64, 66]))
    quality = record.quality("heart_rate")
    assert quality["unknown"].tolist() == [False, True, True, True]
    assert quality["disconnected"].tolist() == [False, False, False, True]
    assert spans_of(record, "heart_rate")["unknown"] == [(1, 4)]


def test_column_keeps_the_flags_that_speak_of_it():
    record = record_of(seconds_of("breathing_rate_quality", [1, 2, 12]))
    both = {"thoracic_disconnected", "abdominal_disconnected", "unstable"}
    assert both <= set(record.quality("respiration"))
    assert both <= set(record.quality("breathing_rate"))
    thoracic = record.quality("respiration_thoracic")
    assert not [name for name in thoracic if name.startswith("abdominal")]
    assert {"thoracic_disconnected", "thoracic_baseline", "unstable"} <= set(thoracic)
    assert thoracic["thoracic_disconnected"].tolist() == [True, False, False]
    record = record_of(
        seconds_of("ecg_quality", [1, 8192, 16384], family="astroskin_1000"),
        family="astroskin_1000",
    )
    lead = record.quality("ecg_ii")
    assert lead["la_off"].tolist() == [True, False, False]
    assert lead["lead_ii_disconnected"].tolist() == [False, False, True]
    assert "lead_i_disconnected" not in lead


def test_record_without_the_channel_and_its_quality_has_the_columns_and_no_rows():
    quality = record_of(seconds_of("activity", [0, 1])).quality("heart_rate")
    assert {"disconnected", "initial", "unknown"} <= set(quality)
    assert len(quality) == 0


def test_channel_that_nothing_judges_is_refused_with_those_that_are_judged():
    record = record_of()
    with pytest.raises(
        ConfigurationError, match=r"channel for cadence; .*heart_rate.*rr_int"
    ):
        record.quality("cadence")
    with pytest.raises(UnknownChannelError):
        record.quality("spo2")


def test_times_are_in_the_zone_of_the_record():
    record = record_of(
        seconds_of("heart_rate_quality", [0, 2, 0]), tz="America/Montreal"
    )
    assert str(record.quality("heart_rate").index.tz) == "America/Montreal"
    spans = record.bad_spans("heart_rate")
    assert str(spans["start"].dt.tz) == "America/Montreal"
    assert spans["start"].iloc[0] == at(1)


# --- what the samples tell ------------------------------------------------------------


def test_clipped_samples_and_zero_pads_count_in_the_second_they_lie_in():
    step = 64  # four samples a second
    ticks = SECOND * 256 + np.arange(0, 10 * 256, step)
    ecg = np.zeros(len(ticks))
    ecg[3] = 17.504  # the last sample of the first second
    ecg[4] = -8.704  # the first one of the second second
    ecg[21] = 17.4  # nearly
    belts = {"respiration_thoracic": np.full(len(ticks), 24_000.0)}
    belts["respiration_abdominal"] = belts["respiration_thoracic"].copy()
    belts["respiration_abdominal"][8] = 0
    record = record_of(
        frame_at("ecg", ticks, ecg),
        frame_at("respiration", ticks, belts),
        seconds_of("heart_rate_quality", [0] * 10),
        seconds_of("breathing_rate_quality", [0] * 10),
    )
    clipped = record.quality("ecg")["clipped"]
    assert np.flatnonzero(clipped).tolist() == [0, 1]
    assert np.flatnonzero(record.quality("respiration")["no_signal"]).tolist() == [2]
    assert not record.quality("respiration_thoracic")["no_signal"].any()
    assert np.flatnonzero(
        record.quality("respiration_abdominal")["no_signal"]
    ).tolist() == [2]
    assert spans_of(record, "ecg")["clipped"] == [(0.75, 1.00390625)]


def test_limits_of_the_converter_are_known_in_counts_too():
    ticks = SECOND * 256 + np.arange(256)
    counts = np.full(256, 1400.0)
    counts[10], counts[20], counts[30] = 0, 4095, 4094
    frame = frame_at("ecg", ticks, counts, scale="raw")
    judge = seconds_of("heart_rate_quality", [0])
    raw = record_of(frame, judge, seconds=1, scale="raw")
    assert spans_of(raw, "ecg")["clipped"] == [(10 / 256, 21 / 256)]
    values = (counts * 0.0064 - 8.704).astype(np.float32)
    physical = record_of(frame_at("ecg", ticks, values), judge, seconds=1)
    assert spans_of(physical, "ecg") == spans_of(raw, "ecg")
    assert physical.quality("ecg")["clipped"].tolist() == [True]


def test_clipped_samples_a_second_apart_are_one_span_and_others_two():
    ticks = SECOND * 256 + np.arange(0, 10 * 256)
    values = np.zeros(len(ticks))
    values[[100, 300, 900]] = 17.504
    spans = spans_of(record_of(frame_at("ecg", ticks, values)), "ecg")
    assert spans["clipped"] == [
        (100 / 256, 301 / 256),
        (900 / 256, 901 / 256),
    ]


def test_values_before_the_first_measurement_are_marked_up_to_it_and_no_further():
    rates = [70, 70, 70, 81, 70, 70, 82]
    record = record_of(
        seconds_of("heart_rate", rates),
        seconds_of("heart_rate_quality", [0] * 7),
        seconds_of("breathing_rate", [10] * 7),
        seconds_of("breathing_rate_quality", [0] * 7),
        seconds=7,
    )
    assert record.quality("heart_rate")["initial"].tolist() == [True] * 3 + [False] * 4
    assert spans_of(record, "heart_rate") == {"initial": [(0, 3)]}
    assert record.bad_spans("heart_rate")["absent"].tolist() == [True]
    assert record.quality("breathing_rate")["initial"].all()
    assert spans_of(record, "breathing_rate")["initial"] == [(0, 7)]
    other = record_of(seconds_of("heart_rate", [71, 70, 70]), seconds=3)
    assert "initial" not in spans_of(other, "heart_rate")


def test_part_that_begins_later_has_no_values_before_the_first_measurement():
    record = record_of(
        seconds_of("heart_rate", [70, 70, 80, 70, 70, 80]),
        seconds_of("heart_rate_quality", [0] * 6),
        seconds=6,
    )
    part = record.between(at(3), None)
    assert part["heart_rate"]["heart_rate"].tolist() == [70, 70, 80]
    assert not part.quality("heart_rate")["initial"].any()
    assert part.info["whole_start"] == record.start_tick
    for same in (part.tz_convert("Europe/Paris"), part.between(at(3), at(4))):
        assert not same.quality("heart_rate")["initial"].any()
    # A part that begins with the record still has them.
    first = record.between(None, at(3))
    assert first.quality("heart_rate")["initial"].tolist() == [True, True, False]
    assert "whole_start" not in first.info


def test_part_written_and_read_again_still_knows_that_it_is_one(tmp_path):
    rates = [70] * 20 + [80] * 45 + [70] * 10
    record = record_of(
        seconds_of("heart_rate", rates),
        seconds_of("heart_rate_quality", [0] * len(rates)),
        seconds=len(rates),
    )
    # In the first minute nobody can tell what came before is more of the same.
    for begin, initial in ((15, 5), (66, 0)):
        folder = record.between(at(begin), None).to_parquet(tmp_path, overwrite=True)
        back = hexoframe.open_record(folder)
        assert back["heart_rate"]["heart_rate"].iloc[0] == 70
        assert back.quality("heart_rate")["initial"].sum() == initial


def test_a_cut_keeps_what_the_whole_knows_of_its_first_values():
    record = record_of(
        seconds_of("heart_rate", [70] * 5 + [80, 70, 80]),
        seconds_of("heart_rate_quality", [0] * 8),
        seconds=8,
    )
    part = record.between(at(3), at(8))
    expected = [True] * 2 + [False] * 3
    copy = pickle.loads(pickle.dumps(part))  # noqa: S301 - our own bytes
    for same in (part, part.between(at(3), at(8)), part.tz_convert("Asia/Tokyo"), copy):
        assert same.quality("heart_rate")["initial"].tolist() == expected
        spans = same.bad_spans("heart_rate")
        assert spans["reason"].tolist() == ["initial"]
        assert spans["start"].tolist() == [at(3)]
        assert spans["end"].tolist() == [at(5)]


@pytest.mark.parametrize(("start", "end"), [(0, 3), (2, 4), (1.5, 3.5), (4.5, 8)])
def test_a_part_that_is_cut_within_its_first_values_marks_the_samples_it_has(
    start, end
):
    record = record_of(
        seconds_of("heart_rate", [70] * 6 + [80, 90]),
        seconds_of("heart_rate_quality", [0] * 8),
        seconds=8,
    )
    part = record.between(at(start), at(end))
    stamps = part["heart_rate"].index[part["heart_rate"]["heart_rate"] == 70]
    spans = part.bad_spans("heart_rate")
    assert spans["reason"].tolist() == ["initial"]
    assert spans["start"].tolist() == [stamps[0] - pd.Timedelta("1s")]
    assert spans["end"].tolist() == [stamps[-1]]


def test_records_that_follow_each_other_each_begin_with_no_measurement():
    parts = []
    for second in (SECOND, SECOND + 100):
        stamps = 256 * (second + np.arange(1, 5))
        frames = {
            name: frame_at(name, stamps, values)
            for name, values in (
                ("heart_rate", [70, 70, 80, 70]),
                ("heart_rate_quality", [0] * 4),
            )
        }
        span = (256 * second, 256 * (second + 4))
        parts.append(RecordData("hexoskin", span, frames))
    both = Record.of(join_records(parts))
    assert both.quality("heart_rate")["initial"].tolist() == 2 * [
        True,
        True,
        False,
        False,
    ]


def test_rates_that_nothing_judges_are_unknown_and_begin_with_no_measurement():
    record = record_of(seconds_of("heart_rate", [70, 70, 80]), seconds=3)
    quality = record.quality("heart_rate")
    assert quality["unknown"].all()
    assert quality["initial"].tolist() == [True, True, False]
    good = record["heart_rate"][~quality.any(axis=1)]
    assert len(good) == 0
    assert not quality.drop(columns=["unknown", "initial"]).to_numpy().any()


def test_ventilation_of_nothing_at_the_start_is_no_measurement():
    record = record_of(
        seconds_of("minute_ventilation", [0, 0, 1328, 0, 1328]),
        seconds_of("breathing_rate_quality", [0] * 5),
        seconds=5,
    )
    initial = record.quality("minute_ventilation")["initial"]
    assert initial.tolist() == [True, True, False, False, False]


def test_interval_of_zero_is_no_signal_at_its_beat():
    ticks = SECOND * 256 + np.array([100, 300, 500])
    record = record_of(
        frame_at("rr_interval", ticks, [0, 200 / 256, 200 / 256]),
        frame_at("rr_interval_quality", ticks, [128, 0, 1]),
    )
    quality = record.quality("rr_interval")
    assert quality["no_signal"].tolist() == [True, False, False]
    assert quality["unreliable"].tolist() == [True, False, False]
    assert quality["noisy"].tolist() == [False, False, True]


# --- spans ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["heart_rate", "breathing_rate"])
def test_what_lies_between_start_and_end_of_a_span_is_what_is_flagged(name, samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    flags = record.quality(name)
    spans = record.bad_spans(name)
    spans = spans[spans["reason"].isin(flags.columns)]
    assert len(spans) > 0
    for reason, own in spans.groupby("reason"):
        parts = [record.between(one.start, one.end) for one in own.itertuples()]
        held = [stamp for part in parts for stamp in part[name].index]
        assert held == list(flags.index[flags[reason]]), reason


def test_flag_holds_from_the_beginning_of_its_second_to_its_stamp():
    record = record_of(
        seconds_of("heart_rate_quality", [0, 2, 2, 18, 16, 0, 2, 0, 0, 0])
    )
    assert spans_of(record, "heart_rate") == {
        "disconnected": [(1, 4), (6, 7)],
        "movement": [(3, 5)],
    }
    table = record.bad_spans("heart_rate")
    absent = dict(zip(table["reason"], table["absent"], strict=True))
    assert absent == {"disconnected": True, "movement": False}
    assert table["start"].is_monotonic_increasing


def test_flag_does_not_reach_over_a_gap_of_its_channel():
    flags = seconds_of("heart_rate_quality", [2] * 10, skip=range(3, 7))
    record = record_of(flags)
    assert spans_of(record, "heart_rate")["disconnected"] == [(0, 3), (7, 10)]


def test_gaps_and_zero_pads_are_spans_without_a_measurement():
    ticks = SECOND * 256 + np.r_[0:512:2, 1024:2560:2]
    values = np.full(len(ticks), 24_000.0)
    values[:128] = 0
    record = record_of(frame_at("respiration", ticks, values))
    spans = record.bad_spans("respiration")
    assert spans["absent"].all()
    assert spans_of(record, "respiration") == {
        "no signal": [(0, 1)],
        "missing": [(2, 4)],
    }


def test_spans_of_one_belt_are_not_those_of_the_other():
    ticks = SECOND * 256 + np.arange(0, 2560, 2)
    belts = {name: np.full(1280, 24_000.0) for name in ("thoracic", "abdominal")}
    belts["abdominal"][640:] = 0
    columns = {f"respiration_{name}": values for name, values in belts.items()}
    record = record_of(
        frame_at("respiration", ticks, columns),
        seconds_of("breathing_rate_quality", [0] * 7 + [2] * 3),
    )
    assert spans_of(record, "respiration_thoracic") == {}
    expected = {"no signal": [(5, 10)], "abdominal_disconnected": [(7, 10)]}
    assert spans_of(record, "respiration_abdominal") == expected
    assert spans_of(record, "respiration") == expected


def test_channel_without_a_judge_has_the_spans_that_its_samples_tell():
    ticks = SECOND * 256 + np.arange(0, 2560, 4)
    values = np.zeros(len(ticks))
    values[64:128] = 16
    record = record_of(frame_at("acceleration", ticks, values))
    assert spans_of(record, "acceleration") == {"clipped": [(1, 2)]}


def test_record_without_anything_bad_has_an_empty_table_of_the_same_shape():
    clean = record_of(seconds_of("heart_rate", [81] * 10)).bad_spans("heart_rate")
    marked = record_of(seconds_of("heart_rate", [70] * 10)).bad_spans("heart_rate")
    assert len(clean) == 0
    assert len(marked) == 1
    assert clean.dtypes.astype(str).tolist() == marked.dtypes.astype(str).tolist()
    assert list(clean) == ["start", "end", "reason", "absent"]


def test_beats_that_were_lost_are_a_span():
    ticks = SECOND * 256 + np.array([256, 512, 1536, 1792])
    record = record_of(frame_at("rr_interval", ticks, [0, 1, 1, 1]))
    assert spans_of(record, "rr_interval")["hole"] == [(2, 5)]


# --- a shirt, and real records --------------------------------------------------------


def test_shirt_is_doubted_where_its_settings_say(tmp_path):
    shirt = Shirt(
        seed=5,
        duration_s=240,
        activity="rest",
        gaps=((60.0, 10.0),),
        lead_off=((120.0, 8.0),),
        movement=((180.0, 6.0),),
    )
    archive = write_export(wear(shirt), tmp_path / "a.zip")
    record = hexoframe.open_record(archive)

    def seconds(spans, reason):
        return [tuple(map(round, span)) for span in spans[reason]]

    start = record.start
    rates = {}
    for row in record.bad_spans("heart_rate").itertuples():
        ends = tuple((t - start).total_seconds() for t in (row.start, row.end))
        rates.setdefault(row.reason, []).append(ends)
    assert seconds(rates, "disconnected") == [(60, 70), (120, 128)]
    assert seconds(rates, "movement") == [(180, 186)]
    assert rates["initial"][0][0] == 0
    belts = {}
    for row in record.bad_spans("respiration").itertuples():
        ends = tuple((t - start).total_seconds() for t in (row.start, row.end))
        belts.setdefault(row.reason, []).append(ends)
    assert (60, 70) in seconds(belts, "no signal")
    quality = record.quality("ecg")
    clipped = (quality.index[quality["clipped"]] - start).total_seconds()
    assert set(clipped) <= {*range(61, 71), *range(121, 129)}
    assert len(clipped)


@pytest.mark.parametrize(
    ("name", "initial"), [("hexoskin-256696", 11), ("hexoskin-258583", 9)]
)
def test_real_heart_rate_begins_with_its_default(real_data, name, initial):
    record = hexoframe.open_record(real_data / "exports" / name)
    quality = record.quality("heart_rate")
    assert quality["initial"].sum() == initial
    assert quality["initial"].iloc[:initial].all()
    flags = record["heart_rate_quality"]["heart_rate_quality"].astype(int)
    for code in codes_of("heart_rate_quality"):
        assert quality[code.name].sum() == ((flags & code.value) > 0).sum()
    assert not quality["unknown"].any()


def test_real_respiration_is_marked_where_it_is_zero(real_data):
    record = hexoframe.open_record(real_data / "exports" / "hexoskin-256696")
    frame = record["respiration"]
    zero = (frame == 0).any(axis=1)
    spans = record.bad_spans("respiration")
    pads = spans[spans["reason"] == "no signal"]
    inside = np.zeros(len(frame), dtype=bool)
    for row in pads.itertuples():
        inside |= (frame.index >= row.start) & (frame.index < row.end)
    assert zero[inside].all()
    assert zero.iloc[0]
    assert inside[0]
    assert inside[-1]


def test_real_pulse_oximeter_that_was_off_is_absent_all_along(real_data):
    record = hexoframe.open_record(real_data / "exports" / "astroskin-122445")
    quality = record.quality("spo2")
    # 236 is every flag but the artefacts.
    assert quality["disconnected"].all()
    assert not quality["artefacts"].any()
    spans = record.bad_spans("spo2")
    off = spans[spans["reason"] == "disconnected"]
    assert off["absent"].all()
    assert (off["end"] - off["start"]).sum() == pd.Timedelta(len(quality), "s")


@pytest.mark.parametrize("scale", ["physical", "raw"])
def test_an_interval_that_is_no_measurement_has_its_reason_and_is_not_usable(scale):
    counts = np.array([0.0, 200, -200, 65_535, 200])
    ticks = SECOND * 256 + 200 * np.arange(5)
    unit = 1 if scale == "raw" else 1 / 256
    record = record_of(
        frame_at("rr_interval", ticks, counts * unit, scale=scale),
        frame_at("rr_interval_quality", ticks, np.zeros(5), scale=scale),
        scale=scale,
    )
    quality = record.quality("rr_interval")
    assert quality["no_signal"].tolist() == [True, False, True, True, False]
    assert quality["implausible"].tolist() == [False, False, True, True, False]
    assert record.usable("rr_interval").index.equals(record.rr_interval.index[[1, 4]])
    assert [start for start, _ in spans_of(record, "rr_interval")["implausible"]] == [
        400 / 256
    ]
    # Nor does it go into a mean.
    grid = record.to_frame("10s", channels=["rr_interval"])
    assert grid["rr_interval"].dropna().unique().tolist() == [200 * unit]
