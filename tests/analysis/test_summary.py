"""Summary: the vendor's figures by their rules, and the value of usable samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis.metrics import indexed_metrics, metric_table
from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.times import ticks_to_index, time_to_tick

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning",
    "ignore:RMSSD is:hexoframe.errors.HexoframeWarning",
)
START = time_to_tick("2024-03-01T22:00:00Z", clock=256)
# Profiles with which the vendor's figures of energy come out.
PROFILES = {
    "hexoskin-256696": {"weight": 50, "height": 1.55, "age": 20, "sex": "female",
                        "rest_hr": 74, "vo2max": 37.4},
    "hexoskin-258583": {"weight": 84, "height": 1.86, "age": 24, "sex": "male",
                        "rest_hr": 70, "vo2max": 43.9},
    "astroskin-122445": {},
}  # fmt: skip


def recording(facts=None, *, start=START, **columns):
    """Return a record of channels at 1 Hz, given as lists of values."""
    seconds = max(map(len, columns.values()))
    channels = {}
    for name, values in columns.items():
        channel = channels_of("hexoskin")[name]
        ticks = start + 256 * np.arange(1, len(values) + 1)
        index = ticks_to_index(ticks, clock=256)
        column = {channel.columns[0]: np.array(values, np.float64)}
        channels[name] = make_frame(channel, index, column)
    return Record(
        "hexoskin", (start, start + 256 * seconds), channels, facts=facts or Facts()
    )


def said(**statistics):
    rows = [{"name": name.replace("_", " "), "value": str(value), "unit": "bpm"}
            for name, value in statistics.items()]  # fmt: skip
    return Facts(statistics=facts_table("statistics", rows))


def opened(folder, name="x", **settings):
    path = write_export(wear(Shirt(**settings)), folder / f"{name}.zip")
    return hexoframe.open_record(path)


@pytest.fixture
def real(real_data):
    return lambda name: hexoframe.open_record(real_data / "exports" / name)


# -- real exports ----------------------------------------------------------------------


@pytest.mark.parametrize("name", PROFILES)
def test_the_rule_of_the_vendor_gives_the_figures_of_an_export(real, name):
    table = real(name).summary(**PROFILES[name])
    told = table.dropna(subset="vendor")
    if not PROFILES[name]:
        # Without a profile, of the energy only the sum follows from the mean.
        told = told.drop([f"energy_{one}" for one in ("mean", "min", "max")])
        told = told.drop("energy_ecg_mean")
    assert len(told) >= 10
    np.testing.assert_allclose(told["vendor_rule"], told["vendor"], rtol=1e-9)
    for one in indexed_metrics():
        # A maximum that the vendor leaves blank is blank here.
        if one.limit:
            figures = table.loc[one.metric]
            assert np.isnan(figures["vendor"]) == np.isnan(figures["vendor_rule"])
    assert not told["note"].str.contains("not that of its rule").any()


def test_ventilation_is_that_of_a_worn_shirt(real):
    figures = real("hexoskin-256696").summary().loc["minute_ventilation_mean"]
    assert figures["value"] == pytest.approx(21.92, rel=0.01)
    assert figures["vendor"] == 30.937887970615243
    assert figures["n"] == 2076
    assert "65 s not worn" in figures["note"]


def test_rmssd_is_of_true_neighbours_and_the_vendors_closes_holes_up(real):
    figures = real("astroskin-122445").summary().loc["rmssd"]
    assert figures["vendor"] == 63.488402375257536
    assert figures["vendor_rule"] == pytest.approx(63.488402375257536, rel=1e-9)
    assert figures["value"] == pytest.approx(19.10, abs=0.01)
    assert (figures["n"], round(figures["good_share"], 2)) == (116, 0.75)
    assert figures["note"].endswith(
        "counts 2 differences of beats that are no neighbours"
    )
    # What the vendor prints as 0 was not computed.
    few = real("hexoskin-256696").summary().loc["rmssd"]
    assert np.isnan(few["value"])
    assert np.isnan(few["vendor"])
    assert few["n"] == 121
    assert "2.7 %" in few["note"]


def test_zeros_of_the_vendor_that_mean_missing_are_no_figures(real):
    table = real("hexoskin-258583").summary()
    assert not {"sleep_rem_time", "distance", "sleep_wake_time"} & {*table.index}


# -- values and what they rest on ------------------------------------------------------


def test_values_are_of_usable_seconds_and_the_note_says_what_the_vendor_counts():
    flags = [0] * 40 + [2] * 10 + [0] * 50
    rates = [70] * 5 + [60] * 35 + [200] * 10 + [62] * 48 + [20, 230]
    record = recording(
        said(HR_Avg=np.mean(rates)), heart_rate=rates, heart_rate_quality=flags
    )
    table = record.summary()
    figures = table.loc["heart_rate_mean"]
    assert figures["value"] == (60 * 35 + 62 * 48) / 83
    assert (figures["n"], figures["good_share"], figures["unit"]) == (83, 0.83, "bpm")
    assert figures["vendor"] == figures["vendor_rule"] == np.mean(rates)
    assert figures["note"] == (
        "the vendor also counts 5 s of the default before the first measurement, 10 s "
        "flagged and 2 s implausible"
    )
    assert table.loc["heart_rate_max", "value"] == 62
    assert table.loc["heart_rate_max", "vendor_rule"] == 230
    assert table.loc["heart_rate_min", "value"] == 60


def test_too_little_gives_no_value_and_says_why():
    record = recording(heart_rate=[61] * 50, heart_rate_quality=[0] * 4 + [2] * 46)
    figures = record.summary().loc["heart_rate_mean"]
    assert np.isnan(figures["value"])
    assert figures["good_share"] == 0.08
    assert figures["note"].startswith(
        "8 % usable (46 s flagged), under the minimum of 10 %; the vendor also counts"
    )
    assert record.summary(min_share=0.05).loc["heart_rate_mean", "value"] == 61
    with pytest.raises(ConfigurationError, match="min_share=0"):
        record.summary(min_share=0)


def test_zeros_count_where_they_are_measurements():
    record = recording(
        activity=[0.0] * 30 + [0.5] * 10,
        cadence=[0] * 30 + [100] * 10,
        minute_ventilation=[8000] * 30 + [0] * 10,
        tidal_volume=[500] * 30 + [0] * 10,
    )
    table = record.summary()
    assert table.loc["activity_mean", ["value", "vendor_rule"]].tolist() == [0.125, 0.5]
    assert table.loc["activity_mean", "note"] == "the vendor leaves out 30 s of 0"
    assert table.loc["cadence_mean", ["value", "n", "good_share"]].tolist() == [
        100,
        10,
        1,
    ]
    assert table.loc["minute_ventilation_mean", ["value", "vendor_rule"]].tolist() == [
        6,
        8,
    ]
    assert table.loc["tidal_volume_mean", "value"] == 0.5
    still = recording(cadence=[0] * 40).summary().loc["cadence_mean"]
    assert np.isnan(still["value"])
    assert still["note"] == "no usable value above 0"


def test_adjusted_volumes_and_energy_need_what_is_known_of_the_wearer():
    record = recording(minute_ventilation=[9000] * 40, heart_rate=[61] * 40)
    bare = record.summary()
    assert (
        bare.loc["minute_ventilation_adjusted_mean", "note"]
        == "needs weight= of the wearer"
    )
    assert bare.loc["energy_mean", "note"].startswith("needs weight=, height=, age=")
    assert bare.loc[["energy_mean", "tidal_volume_adjusted_mean"], "value"].isna().all()
    heavy = record.summary(weight=130)
    assert heavy.loc["minute_ventilation_adjusted_mean", "value"] == 18
    assert heavy.loc["minute_ventilation_mean", "value"] == 9
    body = {"height": 1.8, "age": 30, "sex": "male", "rest_hr": 80}
    energy = record.summary(weight=80, **body).loc["energy_ecg_mean", "value"]
    # At rest: Mifflin and St Jeor, in W.
    assert energy == pytest.approx(0.048379 * (808 + 1125 - 150 + 5))


def test_a_maximum_that_the_vendor_does_not_print_is_blank_by_a_limit_of_ours():
    record = recording(minute_ventilation=[9000] * 39 + [240_000])
    figures = record.summary().loc["minute_ventilation_max"]
    assert figures["value"] == 9
    assert np.isnan(figures["vendor_rule"])
    assert "no maximum so high" in figures["note"]
    assert "228 L/min between these is ours" in figures["note"]


def test_what_is_not_there_is_said():
    record = recording(heart_rate=[61] * 40)
    table = record.summary()
    assert table.loc["activity_mean", "note"] == "the record has no activity"
    assert table.loc["heart_rate_mean", "note"] == (
        "flags are not known: no heart_rate_quality"
    )
    assert table.loc["rmssd", "note"] == "the record has no rr_interval"
    assert "nothing tells of wear" in table.loc["worn", "note"]
    out = Record.of(record, left_out={"heart_rate"}).summary()
    assert out.loc["heart_rate_mean", "note"] == (
        "heart_rate was left out when the record was opened"
    )
    assert np.isnan(out.loc["heart_rate_mean", "good_share"])


def test_a_figure_in_another_unit_is_not_taken_for_the_vendors():
    facts = Facts(
        statistics=facts_table(
            "statistics", [{"name": "MV Avg", "value": "9000", "unit": "mL/min"}]
        )
    )
    table = recording(facts, minute_ventilation=[9000] * 40).summary()
    assert np.isnan(table.loc["minute_ventilation_mean", "vendor"])


def test_a_figure_that_does_not_follow_its_rule_is_marked():
    table = recording(said(HR_Avg=99.0), heart_rate=[61] * 40).summary()
    assert "not that of its rule" in table.loc["heart_rate_mean", "note"]


def test_metrics_of_the_service_count_where_there_are_no_statistics():
    rows = [{"id": 44, "name": "heartrate_avg", "value": 61.0, "unit": "bpm"},
            {"id": 1032, "name": "SleepTotalTime", "value": 480.0, "unit": "s"},
            {"id": 1033, "name": "SleepPositionP1Time", "value": 0.0, "unit": "s"},
            {"id": 2038, "name": "distance", "value": 0.0, "unit": "m"}]  # fmt: skip
    facts = Facts(metrics=facts_table("metrics", rows))
    table = recording(facts, heart_rate=[61] * 40).summary()
    assert table.loc["heart_rate_mean", "vendor"] == 61
    # A 0 among other figures of sleep is one; without any way, a distance is not.
    assert table.loc["sleep_position_p1_time", "vendor"] == 0
    assert table.loc["sleep_total_time", "note"] == "the vendor's figure alone"
    assert "distance" not in table.index


# -- spans -----------------------------------------------------------------------------


def test_a_row_a_span_and_metric_or_a_row_a_span():
    rates = [60] * 300 + [80] * 300
    record = recording(said(HR_Avg=70), heart_rate=rates, heart_rate_quality=[0] * 600)
    tidy = record.summary(by="5min")
    means = tidy[tidy["metric"] == "heart_rate_mean"]
    assert list(tidy)[:5] == ["start", "end", "span_share", "metric", "value"]
    assert means["value"].tolist() == [60, 80]
    assert means["n"].tolist() == [300, 300]
    # The vendor's figures are of the whole record.
    assert means["vendor"].isna().all()
    assert record.summary(by="1h")["vendor"].notna().any()
    wide = record.summary(by="5min", wide=True)
    assert wide["heart_rate_mean"].tolist() == [60, 80]
    assert wide["heart_rate_good_share"].tolist() == [1, 1]
    assert "energy_mean" not in wide
    assert wide.attrs["hexoframe"]["units"]["heart_rate_mean"] == "bpm"
    assert len(record.summary(wide=True)) == 1


def test_spans_are_the_same_numbers_as_the_part_of_the_record(tmp_path):
    record = opened(tmp_path, seed=3, duration_s=900, movement=0.1, presses=(5.0,))
    table = pd.DataFrame(
        {"phase": ["one", "two", "both"],
         "start": record.start + pd.to_timedelta([10, 400, 10], unit="s"),
         "end": record.start + pd.to_timedelta([400, 900, 900], unit="s")}
    )  # fmt: skip
    found = record.summary(by=table).set_index(["phase", "metric"])
    for row in table.itertuples():
        part = record.between(row.start, row.end).summary()
        mine = found.loc[row.phase].reindex(part.index)
        # The interval that runs over the end of a part has its beat outside.
        mine.loc["rmssd", "good_share"] = part.loc["rmssd", "good_share"]
        for column in ("value", "good_share", "vendor_rule", "n"):
            np.testing.assert_allclose(
                mine[column].astype(float), part[column].astype(float), rtol=1e-12
            )


def test_a_span_outside_the_record_has_no_values():
    record = recording(heart_rate=[61] * 40, heart_rate_quality=[0] * 40)
    table = pd.DataFrame(
        {"start": [record.end], "end": [record.end + pd.Timedelta("1h")]}
    )
    found = record.summary(by=table)
    assert found["value"].drop(0).isna().all()
    assert (found["note"] == "outside the record").all()


def test_a_record_of_a_second_and_one_of_nothing_give_rows_that_say_why():
    one = recording(heart_rate=[61], heart_rate_quality=[2])
    assert "0 % usable" in one.summary().loc["heart_rate_mean", "note"]
    empty = recording(heart_rate=[])
    assert np.isnan(empty.summary().loc["heart_rate_mean", "value"])
    assert len(empty.summary(by="5min"))


@pytest.mark.filterwarnings("ignore:this record has no activities")
def test_no_spans_give_an_empty_table_with_the_same_columns():
    record = recording(Facts(ranges=facts_table("ranges")), heart_rate=[61] * 40)
    empty, one = record.summary(by="ranges"), record.summary(by="5min")
    assert not len(empty)
    assert {*one} <= {*empty}
    assert empty["value"].dtype == one["value"].dtype


# -- wear ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shirt_taken_off_in_the_middle_changes_values_by_its_own_seconds(
    tmp_path, family
):
    settings = {"seed": 4, "duration_s": 600, "activity": "mixed", "family": family}
    worn = opened(tmp_path, "worn", **settings)
    off = opened(tmp_path, "off", unworn=((250, 90),), **settings)
    found, whole = off.summary(), worn.summary()
    assert found.loc["worn", "value"] == pytest.approx(100 - 100 * 90 / 600, abs=0.5)
    table = off.wear()
    away = table[table["worn"].eq(False).fillna(False) | table["handled"]]
    lost = (away["end"] - away["start"]).sum().total_seconds()
    for one in indexed_metrics():
        if one.statistic != "mean" or one.profile:
            continue
        mine = off.usable(one.channel)[one.channel]
        # What is left is what the shirt measures that was never taken off, but for some
        # seconds that the recorder averages over the edges ...
        same = worn[one.channel][one.channel].loc[mine.index]
        assert (mine != same).sum() <= 25
        # ... and its seconds move a mean by no more than their share of its range.
        reach = (same.max() - same.min()) / one.divisor * lost / len(mine)
        figures = found.loc[one.metric]
        assert abs(figures["value"] - whole.loc[one.metric, "value"]) <= reach + 1e-9
        assert whole.loc[one.metric, "n"] - figures["n"] <= lost + 5
    assert "s not worn" in found.loc["heart_rate_mean", "note"]


def test_steps_of_a_shirt_that_was_off_do_not_count(tmp_path):
    record = opened(
        tmp_path, seed=4, duration_s=600, activity="walk", unworn=((300, 100),)
    )
    figures = record.summary().loc["steps"]
    wear = record.wear()
    off = wear[wear["worn"].eq(False).fillna(False)].iloc[0]
    steps = record.step.index
    inside = ((steps >= off["start"]) & (steps < off["end"])).sum()
    assert figures["value"] == len(steps) - inside
    assert figures["vendor_rule"] == len(steps)
    assert figures["good_share"] == pytest.approx(500 / 600, abs=0.01)


# -- what is read ----------------------------------------------------------------------


def test_a_kept_record_gives_its_summary_without_a_waveform(tmp_path):
    opened(tmp_path, seed=2, duration_s=120).to_parquet(tmp_path / "kept")
    kept = hexoframe.open_record(tmp_path / "kept")
    assert kept.summary()["value"].notna().any()
    assert {kept.channel(name).kind for name in kept if kept.is_read(name)} <= {
        "rate", "event",
    }  # fmt: skip
    assert not kept.is_read("nn_interval")
    assert not kept.is_read("minute_ventilation_adjusted")


# -- the index -------------------------------------------------------------------------


def test_the_index_fits_the_channel_table():
    rows = indexed_metrics()
    assert len({one.metric for one in rows}) == len(rows)
    names = [name for one in rows for name in {each.lower() for each in one.vendor}]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        for one in rows:
            if one.channel:
                assert channels_of(family)[one.channel].columns == (one.channel,)
    table = metric_table()
    assert list(table.index) == [one.metric for one in rows]
    assert table.loc["heart_rate_mean", "vendor"] == "HR Avg; heartrate_avg"


def test_the_index_knows_every_metric_of_an_export(samples):
    known = {name.lower() for one in indexed_metrics() for name in one.vendor}
    for name in ("hexoskin_10min.zip", "astroskin_2min.zip"):
        statistics = hexoframe.open_record(samples / name).statistics
        left = {str(one).lower() for one in statistics["name"]} - known
        assert not left - {"uri", "start_date", "start", "end"}


def test_counts_of_the_recorder_give_the_same_numbers(samples):
    path = samples / "hexoskin_10min.zip"
    table = hexoframe.open_record(path).summary()
    raw = hexoframe.open_record(path, units="raw").summary()
    for column in ("value", "vendor_rule", "good_share"):
        np.testing.assert_allclose(raw[column], table[column], rtol=1e-12)
    assert raw["unit"].equals(table["unit"])
