"""Activity: bouts, steps and bands of cadence, positions, on known answers."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis.activity import BANDS
from hexoframe.channels import channels_of, codes_of
from hexoframe.errors import (
    ConfigurationError,
    UnknownChannelError,
    UnverifiedCalibrationWarning,
)
from hexoframe.record import Record
from hexoframe.recording.belts import Belts
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.times import ticks_to_index

START = 400_000_000_000
EXPORTS = ["hexoskin-256696", "hexoskin-258583", "astroskin-122445"]


def frame(name, seconds, values):
    channel = channels_of("hexoskin")[name]
    ticks = START + np.rint(np.asarray(seconds) * 256).astype(np.int64)
    return make_frame(
        channel, ticks_to_index(ticks, clock=256), {name: np.asarray(values, float)}
    )


def recording(seconds, *, steps=None, off=(), missing=(), **channels):
    """Return a record whose values at 1 Hz are those given, without some seconds."""
    held = {}
    for name, values in channels.items():
        kept = np.setdiff1d(np.arange(len(values)), np.array(missing, int))
        held[name] = frame(name, kept + 1, np.asarray(values, float)[kept])
    if steps is not None:
        held["step"] = frame("step", steps, np.arange(1, len(steps) + 1))
    span = (START, START + 256 * seconds)
    flat = tuple((START + 256 * first, START + 256 * last) for first, last in off)
    belts = Belts(measured=(span,), flat=flat, displaced=()) if off else None
    return Record("hexoskin", span, held, belts=belts)


def seconds_of(table, record):
    return [
        (
            (row.start - record.start).total_seconds(),
            (row.end - record.start).total_seconds(),
        )
        for row in table.itertuples()
    ]


# -- bouts -----------------------------------------------------------------------------


def activity(*parts):
    return np.concatenate([np.full(seconds, value) for seconds, value in parts])


def test_a_bout_is_a_run_of_seconds_at_the_threshold_or_above():
    values = activity((20, 0.0), (60, 0.2), (10, 0.0), (59, 0.3), (1, 0.1), (50, 0.0))
    record = recording(200, activity=values, steps=np.arange(15.0, 200.0, 0.5))
    table = record.activity_bouts(threshold=0.1)
    assert list(table) == ["start", "end", "length", "mean_activity", "max_activity",
                           "steps", "cadence", "good_share"]  # fmt: skip
    # A second with the threshold itself is one, and 60 s are long enough.
    assert seconds_of(table, record) == [(20, 80), (90, 150)]
    assert table["length"].tolist() == [pd.Timedelta("60s")] * 2
    assert table["mean_activity"].tolist() == pytest.approx(
        [0.2, (59 * 0.3 + 0.1) / 60]
    )
    assert table["max_activity"].tolist() == [0.2, 0.3]
    assert table["steps"].tolist() == [120, 120]
    assert table["cadence"].tolist() == [120, 120]
    assert table["good_share"].tolist() == [1, 1]
    assert table.attrs["hexoframe"]["units"]["mean_activity"] == "g"
    longer = record.activity_bouts(threshold=0.1, min_length=61)
    assert len(longer) == 0
    assert longer.dtypes.to_dict() == table.dtypes.to_dict()
    dips = record.activity_bouts(threshold=0.1, max_dip="10s")
    assert seconds_of(dips, record) == [(20, 150)]
    assert seconds_of(
        record.activity_bouts(threshold=0.1, max_dip="9s"), record
    ) == seconds_of(table, record)


def test_a_gap_and_a_shirt_that_was_off_end_a_bout_however_long_a_dip_may_be():
    values = activity((300, 0.5))
    record = recording(300, activity=values, missing=[100], off=[(200, 220)])
    table = record.activity_bouts(threshold=0.1, max_dip="60s")
    assert seconds_of(table, record) == [(0, 100), (101, 200), (220, 300)]
    assert table["steps"].isna().all()  # nothing tells
    assert table["cadence"].isna().all()


def test_what_no_body_does_counts_as_time_and_not_as_activity():
    values = activity((30, 0.5), (15, 9.0), (30, 0.7))
    table = recording(75, activity=values).activity_bouts(threshold=0.1)
    assert table["mean_activity"].tolist() == [pytest.approx(0.6)]
    assert table["max_activity"].tolist() == [0.7]
    assert table["good_share"].tolist() == [60 / 75]


def test_counts_of_the_recorder_give_the_same_bouts():
    values = np.round(256 * activity((20, 0.0), (60, 0.2), (20, 0.0)))
    physical = recording(100, activity=values / 256)
    counts = frame("activity", np.arange(1, 101), values)
    counts.attrs["hexoframe"] |= {"scale": "raw"}
    raw = Record("hexoskin", (START, START + 25_600), {"activity": counts}, scale="raw")
    pd.testing.assert_frame_equal(
        raw.activity_bouts(threshold=0.1), physical.activity_bouts(threshold=0.1)
    )


def test_bouts_are_spans_of_other_results():
    values = activity((20, 0.0), (60, 0.2), (20, 0.0))
    record = recording(100, activity=values, heart_rate=np.arange(51, 151))
    bouts = record.activity_bouts(threshold=0.1)
    wide = record.summary(by=bouts[["start", "end"]], wide=True)
    assert wide["heart_rate_mean"].tolist() == [np.arange(71, 131).mean()]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"threshold": 0}, "threshold=0: give an activity above 0"),
        ({"threshold": "0.1"}, "threshold='0.1'"),
        ({"threshold": 0.1, "min_length": "60"}, "min_length=.60.: give a length"),
        ({"threshold": 0.1, "max_dip": "-1s"}, "max_dip='-1s'"),
    ],
)
def test_arguments_that_are_none_are_refused(wrong, told):
    with pytest.raises(ConfigurationError, match=told):
        recording(100, activity=[0.2] * 100).activity_bouts(**wrong)


def test_a_record_without_the_channel_says_what_it_has():
    record = recording(100, heart_rate=[60] * 100)
    asks = (
        lambda: record.activity_bouts(threshold=1),
        record.steps,
        record.postures,
        record.enmo,
    )
    for ask in asks:
        with pytest.raises(ConfigurationError, match=r"has no channel.*heart_rate"):
            ask()
    left = record.of(record, left_out=["step", "acceleration"])
    for ask in (left.steps, left.enmo):
        with pytest.raises(UnknownChannelError, match="left out"):
            ask()


# -- steps -----------------------------------------------------------------------------


def test_minutes_are_shared_out_to_the_bands_of_cadence():
    rates = [0, 1, 19, 20, 39, 40, 59, 60, 79, 80, 99, 100, 119, 120, 200]
    steps = [
        60 * minute + 60 * (at + 0.5) / rate
        for minute, rate in enumerate(rates)
        for at in range(rate)
    ]
    seconds = 60 * len(rates)
    record = recording(seconds + 30, steps=steps, heart_rate=[60] * (seconds + 30))
    row = record.steps().iloc[0]
    assert row["steps"] == sum(rates)
    # Half a minute at the end belongs to no band.
    assert row["minutes"] == len(rates)
    assert row[list(BANDS)].tolist() == [1, 2, 2, 2, 2, 2, 2, 2]
    assert row["per_minute"] == pytest.approx(sum(rates) / (len(rates) + 0.5))
    minutes = record.steps("1min")
    assert minutes["steps"].tolist() == [*rates, 0]
    assert minutes["minutes"].tolist() == [1] * len(rates) + [0]
    assert minutes[list(BANDS)].sum(axis=1).tolist() == [1] * len(rates) + [0]


def test_minutes_that_were_not_observed_belong_to_no_band():
    record = recording(
        600,
        steps=np.arange(0.25, 600, 0.5),
        heart_rate=[60] * 600,
        missing=range(130, 140),
        off=[(300, 420)],
    )
    row = record.steps().iloc[0]
    assert (row["minutes"], row["fast"]) == (7, 7)
    # What the device counted on the chair are no steps.
    assert row["steps"] == 2 * (600 - 120)
    assert row["good_share"] == (600 - 130) / 600
    parts = record.steps("2min")
    assert parts["good_share"].tolist() == [1, 110 / 120, 0.5, 0.5, 1]
    assert record.steps("1min")["steps"].isna().tolist() == [
        minute in (5, 6) for minute in range(10)
    ]


@pytest.mark.parametrize("name", EXPORTS)
def test_steps_of_an_export_are_those_of_the_vendor(real_data, name):
    record = hexoframe.open_record(real_data / "exports" / name)
    said = record.statistics.set_index("name")["value"]
    vendor = int(said["Steps"] if "Steps" in said else said["step_count"])
    assert record.steps()["steps"].tolist() == [vendor]
    assert record.steps("1min")["steps"].sum() == vendor


# -- positions -------------------------------------------------------------------------


def test_positions_are_measured_to_the_tick():
    rows = [0, 1, 61, 91, 91.5, 100]
    codes = [np.nan, 4, 2, 0, 6, np.nan]
    record = recording(120, heart_rate=[60] * 120)
    record = Record(
        "hexoskin",
        (record.start_tick, record.end_tick),
        {**record, "device_position": frame("device_position", rows, codes)},
    )
    row = record.postures().iloc[0]
    found = {name: row[name] for name in row.index if row[name] and name != "start"}
    assert found.pop("end") == record.end
    assert found.pop("span_share") == 1
    assert np.isnan(found.pop("not_worn"))
    assert found == {
        "z_down": 1,
        "y_down": 0.5,
        "x_down": 8.5 / 60,
        "undefined": 21.5 / 60,
        "changes": 2,
        "undefined_share": 21.5 / 120,
    }
    halves = record.postures("1min")
    assert halves["z_down"].tolist() == [59 / 60, 1 / 60]
    assert halves["changes"].tolist() == [0, 2]
    with pytest.raises(ConfigurationError, match="give one of device_position, sleep"):
        record.postures(channel="sleep_phase")


def held_seconds(recording, name):
    """Return for how long each code held, from what the shirt recorded."""
    ticks, codes = recording.events[name]
    lengths = np.diff(np.append(ticks, recording.end)) / recording.clock
    return {
        int(c): lengths[codes == c].sum() for c in np.unique(codes[~np.isnan(codes)])
    }


@pytest.mark.parametrize(
    "spoiled",
    [
        {"activity": "mixed"},
        {"activity": "walk", "gaps": ((100, 60),), "lead_off": ((300, 60),)},
        {"activity": "sleep", "movement": 0.2, "family": "astroskin_1000"},
    ],
)
def test_a_synthetic_shirt_gives_back_its_steps_and_positions(tmp_path, spoiled):
    shirt = wear(Shirt(seed=8, duration_s=900, **spoiled))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "a.zip"))
    ticks = shirt.events["step"][0] - shirt.start
    assert record.steps()["steps"].tolist() == [len(ticks)]
    minutes = np.bincount(ticks // (60 * shirt.clock), minlength=15)
    assert record.steps("1min")["steps"].tolist() == minutes.tolist()
    for name in ("device_position", "sleep_position"):
        row = record.postures(channel=name).iloc[0]
        codes = codes_of(record.channel(name).datatypes[0].codes)
        truth = held_seconds(shirt, name)
        wanted = {c.name: truth.get(c.value, 0) / 60 for c in codes if c.value}
        assert {key: row[key] for key in wanted} == pytest.approx(wanted, rel=1e-12)
        known = shirt.events[name][1]
        known = known[~np.isnan(known)]
        assert row["changes"] == (np.diff(known) != 0).sum()


def test_only_values_that_are_shown_warn_of_their_scale(tmp_path):
    shirt = wear(Shirt(seed=8, duration_s=120, family="astroskin_1000"))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "a.zip"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record.steps()
        record.postures()
    with pytest.warns(UnverifiedCalibrationWarning, match="scale of acceleration"):
        record.enmo()
    with pytest.warns(UnverifiedCalibrationWarning, match="scale of activity"):
        record.activity_bouts(threshold=1)


def test_steps_and_positions_of_a_shirt_that_was_off_are_not_counted(tmp_path):
    shirt = wear(Shirt(seed=8, duration_s=900, activity="walk", unworn=((300, 300),)))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "a.zip"))
    # The simulated wearer takes no step while the shirt is off.
    assert record.steps()["steps"].tolist() == [len(shirt.events["step"][0])]
    row = record.postures().iloc[0]
    assert row["not_worn"] == pytest.approx(5, abs=2 / 60)
    assert row["undefined"] == pytest.approx(row["not_worn"] + 1 / 60)
    assert row["x_down"] == pytest.approx(15 - row["undefined"])
    bouts = record.activity_bouts(threshold=0.1, max_dip="5s")
    assert len(bouts) == 2


def test_a_dead_belt_leaves_steps_and_positions_as_they_are(tmp_path):
    shirt = wear(Shirt(seed=8, duration_s=600, activity="walk"))
    shirt.sampled["respiration_abdominal"][:] = 0
    record = hexoframe.open_record(write_export(shirt, tmp_path / "a.zip"))
    assert record.steps()["steps"].tolist() == [len(shirt.events["step"][0])]
    assert record.postures()["x_down"].tolist() == [pytest.approx(599 / 60)]
