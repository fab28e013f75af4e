"""Wear: spans with their witnesses, on synthetic shirts and real exports."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis.wear import find_wear
from hexoframe.channels import FAMILIES, datatypes_of
from hexoframe.channels.calibration import implausible
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

OFF = ((300, 200), (700, 25))
# Gains that no real data confirm are none of this file's concern.
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


def opened(folder, **settings):
    shirt = Shirt(seed=5, duration_s=900, **settings)
    path = write_export(wear(shirt), folder / f"{len(list(folder.iterdir()))}.zip")
    return hexoframe.open_record(path)


@pytest.fixture(scope="module")
def taken_off(tmp_path_factory):
    """A shirt that was taken off twice, which no flag tells."""
    return opened(tmp_path_factory.mktemp("wear"), unworn=OFF)


def in_seconds(table, record):
    return [
        (
            (row.start - record.start).total_seconds(),
            (row.end - record.start).total_seconds(),
        )
        for row in table.itertuples()
    ]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activity", ["mixed", "sleep", "walk"])
def test_a_shirt_on_a_chair_is_found_at_both_ends(tmp_path, family, activity):
    record = opened(tmp_path, family=family, activity=activity, unworn=OFF)
    table = record.wear()
    off = in_seconds(table[table["worn"].eq(False).fillna(False)], record)
    assert len(off) == 2
    wanted = [(start, start + length) for start, length in OFF]
    assert np.abs(np.array(off) - np.array(wanted)).max() <= 2
    # The device flags none of it.
    rate = record.heart_rate_quality["heart_rate_quality"]
    inside = record.quality("heart_rate")["not_worn"]
    assert inside.sum() == pytest.approx(225, abs=2)
    assert (rate[inside] == 0).all()


def test_spans_follow_each_other_and_cover_the_record(taken_off):
    table = taken_off.wear()
    assert table["start"].iloc[0] == taken_off.start
    assert table["end"].iloc[-1] == taken_off.end
    assert (
        table["start"].iloc[1:].to_numpy() == table["end"].iloc[:-1].to_numpy()
    ).all()
    assert table.dtypes.astype(str).to_dict() == {
        "start": "datetime64[ns, UTC]",
        "end": "datetime64[ns, UTC]",
        "worn": "boolean",
        "handled": "bool",
        "reason": "string",
        "ecg_in_doubt": "float64",
        "activity": "float64",
        "position": "string",
    }
    off = table[~table["worn"].astype(bool)]
    assert off["reason"].tolist() == ["belts flat", "belts flat"]
    # It lies still, but for the seconds at either end, which it shares with the hands.
    assert (off["activity"] < 0.01).all()
    # What is pulled at is marked, and no span that was off is.
    assert table.loc[table["handled"], "reason"].unique().tolist() == [
        "belts displaced"
    ]
    assert not off["handled"].any()


def test_a_whole_night_is_worn(tmp_path):
    record = opened(tmp_path, activity="sleep")
    table = record.wear()
    assert table["worn"].tolist() == [True]
    assert table["reason"].tolist() == [""]


def test_seconds_on_the_chair_are_not_usable(taken_off):
    table = taken_off.usable("heart_rate")
    stamps = (table.index - taken_off.start).total_seconds()
    for start, length in OFF:
        assert not ((stamps > start) & (stamps <= start + length)).any()
    assert len(taken_off.heart_rate) - len(table) == pytest.approx(225 + 11, abs=6)
    worn = taken_off.heart_rate[~taken_off.quality("heart_rate").any(axis=1)]
    assert table.equals(worn)


@pytest.mark.parametrize(
    "key", ["minute_ventilation", "breathing_rate", "tidal_volume"]
)
def test_what_the_belts_measure_is_not_usable_while_they_are_pulled(taken_off, key):
    quality = taken_off.quality(key)
    assert quality["handled"].sum() > 90
    assert "handled" not in taken_off.quality("heart_rate")
    spans = taken_off.bad_spans(key)
    assert {"not_worn", "handled"} <= set(spans["reason"])
    assert spans.loc[spans["reason"] == "not_worn", "absent"].all()
    assert not spans.loc[spans["reason"] == "handled", "absent"].any()


def test_a_grid_of_usable_samples_leaves_the_chair_out(taken_off):
    frame = taken_off.to_frame(
        "1min", origin="start", channels=["heart_rate", "ecg", "step"], usable=True
    )
    # Minutes 5 to 7 lie on the chair.
    assert frame[["heart_rate", "ecg_i"]].iloc[5:8].isna().all(axis=None)
    assert frame["heart_rate"].iloc[10:11].notna().all()
    plain = taken_off.to_frame("1min", origin="start", channels=["heart_rate", "ecg"])
    assert plain.notna().all(axis=None)


def test_coverage_has_the_share_that_was_not_worn(taken_off):
    coverage = taken_off.coverage()
    assert coverage["not_worn"].unique().tolist() == [
        pytest.approx(225 / 900, abs=2e-3)
    ]
    assert coverage.loc["heart_rate", "implausible"] == 0
    assert np.isnan(coverage.loc["ecg", "implausible"])


def test_the_repr_tells_it_where_it_is_known(taken_off, tmp_path):
    fresh = hexoframe.open_record(taken_off.to_parquet(tmp_path))
    assert "not worn for 00:03:45" in repr(fresh)
    assert "not worn" in fresh._repr_html_()
    assert not fresh.is_read("respiration")


def test_it_is_kept_beside_the_samples(taken_off, tmp_path):
    wanted = taken_off.wear()
    for path in (
        taken_off.to_parquet(tmp_path / "a"),
        taken_off.to_csv(tmp_path / "b"),
    ):
        again = hexoframe.open_record(path)
        assert again.wear().equals(wanted)
        assert not again.is_read("respiration")
        # Also for channels that do not tell it.
        rate = hexoframe.open_record(path, channels=["heart_rate"])
        assert find_wear(rate).not_worn == find_wear(taken_off).not_worn


def test_a_part_has_the_verdict_of_the_whole(taken_off, tmp_path):
    part = taken_off.between(
        taken_off.start + pd.Timedelta("310s"), taken_off.start + pd.Timedelta("320s")
    )
    # Ten seconds alone would be a breath that is held.
    assert part.wear()["worn"].tolist() == [False]
    assert hexoframe.open_record(part.to_parquet(tmp_path)).wear()["worn"].tolist() == [
        False
    ]


def test_copies_zones_and_processes_keep_it(taken_off):
    wanted = taken_off.wear()
    away = taken_off.tz_convert("Asia/Tokyo").wear()
    assert (away["start"] == wanted["start"]).all()
    assert str(away["start"].dtype) == "datetime64[ns, Asia/Tokyo]"
    assert pickle.loads(pickle.dumps(taken_off)).wear().equals(wanted)  # noqa: S301
    without = taken_off.of(taken_off, left_out={"respiration"})
    assert without.wear().equals(wanted)


def test_without_belts_nothing_is_known_and_nothing_doubted(samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.csv")
    table = record.wear()
    assert table["worn"].isna().all()
    assert table["reason"].tolist() == ["no belts"]
    assert record.coverage()["not_worn"].isna().all()
    assert not record.quality("heart_rate")["not_worn"].any()


def test_a_held_breath_in_sleep_needs_a_witness(tmp_path):
    record = opened(tmp_path, activity="sleep", unworn=((400, 30),))
    assert not record.wear()["worn"].all()
    ranges = facts_table("ranges")
    ranges.loc[0, ["start", "end", "name"]] = [record.start, record.end, "Sleep"]
    asleep = record.of(record, facts=Facts(info=record.facts.info, ranges=ranges))
    assert asleep.wear()["worn"].all()
    longer = opened(tmp_path, activity="sleep", unworn=((400, 61),))
    asleep = longer.of(longer, facts=Facts(info=longer.facts.info, ranges=ranges))
    assert not asleep.wear()["worn"].all()


# -- limits ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("heart_rate", [35, 60, 220], [0, 34, 221]),
        ("breathing_rate", [0, 2, 60], [61, 200]),
        ("minute_ventilation", [0, 2000, 150_000], [1999, 150_001, 262_000]),
        ("tidal_volume", [0, 100, 6000], [99, 6001]),
        ("cadence", [0, 30, 220], [1, 29, 221]),
        ("activity", [0, 4], [4.01]),
        ("rr_interval", [0.3, 1, 2], [0.29, 2.01]),
        ("spo2", [0, 50, 100], [1, 49, 101]),
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_values_outside_the_limits_are_implausible(family, name, good, bad):
    row = next(row for row in datatypes_of(family) if row.column == name)
    values = np.array([*good, np.nan, *bad], float)
    wanted = [False] * (len(good) + 1) + [True] * len(bad)
    assert implausible(row, values).tolist() == wanted


def test_every_limit_has_a_source_and_holds_for_all_families():
    limits = [
        {row.api_name: row.plausible for row in datatypes_of(family) if row.plausible}
        for family in FAMILIES
    ]
    assert limits[0] == limits[1] == limits[2]
    assert len(limits[0]) == 12
    for family in FAMILIES:
        for row in datatypes_of(family):
            assert bool(row.plausible) == bool(row.plausible_source)
            assert all(low <= high for low, high in row.plausible)


def test_the_channel_table_tells_the_limits_as_text():
    table = hexoframe.channel_table("hexoskin").set_index("api_name")
    assert table.loc["minute_ventilation", "plausible"] == "0 2000..150000"
    assert table.loc["breathing_rate", "plausible"] == "..60"
    assert table.loc["RR_interval", "plausible"] == "0 0.3..2"
    assert table.loc["ECG_I", "plausible"] == ""


# -- real recordings -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("hexoskin-256696", ("2022-11-05 00:05:00", "2022-11-05 00:06:05")),
        ("hexoskin-258583", ("2022-12-09 23:30:02", "2022-12-09 23:37:31")),
    ],
)
def test_real_shirts_are_off_when_they_lie_quiet(real_data, name, off):
    record = hexoframe.open_record(real_data / "exports" / name)
    table = record.wear()
    (found,) = table[~table["worn"].astype(bool)].itertuples()
    for edge, wanted in zip((found.start, found.end), off, strict=True):
        assert abs(edge - pd.Timestamp(wanted, tz="UTC")) <= pd.Timedelta("5s")
    first = record.between(None, record.start + pd.Timedelta("25min")).wear()
    assert first["worn"].all()


def test_real_ventilation_is_that_of_the_worn_shirt(real_data):
    record = hexoframe.open_record(real_data / "exports" / "hexoskin-256696")
    usable = record.usable("minute_ventilation")["minute_ventilation"].mean() / 1000
    assert usable == pytest.approx(21.92, rel=0.01)
    unflagged = record.minute_ventilation[
        ~record.quality("minute_ventilation")
        .drop(columns=["not_worn", "handled", "implausible"])
        .any(axis=1)
    ]
    assert unflagged["minute_ventilation"].mean() / 1000 == pytest.approx(
        29.20, rel=1e-3
    )


def test_real_belts_that_never_moved_say_nothing(real_data):
    record = hexoframe.open_record(real_data / "exports" / "astroskin-122445")
    table = record.wear()
    assert table["worn"].isna().all()
    assert table["reason"].tolist() == ["belts never moved"]
    assert record.coverage()["not_worn"].isna().all()
    assert "wear unknown for 00:02:09" in repr(record)
    assert not record.quality("rr_interval")["not_worn"].any()


@pytest.mark.parametrize("name", ["hexoskin-256696", "hexoskin-258583"])
def test_the_last_seconds_beside_a_real_shirt_that_was_off_are_handled(real_data, name):
    record = hexoframe.open_record(real_data / "exports" / name)
    last = record.wear().iloc[-1]
    assert last["end"] == record.end
    assert last["handled"]
    usable = record.usable("minute_ventilation")
    assert not (usable.index > last["start"] + pd.Timedelta("1s")).any()
