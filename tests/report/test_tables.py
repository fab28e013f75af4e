from __future__ import annotations

import numpy as np
import pandas as pd

from hexoframe.analysis import definitions
from hexoframe.report import tables
from tests.analysis.nights import recording

THIN, NONE = "\u202f", "\u2013"


def named(table):
    """Rows by the names of their columns."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_the_summary_has_ours_the_vendors_and_the_rule_and_why_a_figure_is_missing():
    frame = pd.DataFrame(
        {
            "value": [61.267, np.nan, np.nan],
            "unit": ["bpm", "L/min", "W"],
            "good_share": [0.8999, 0.05, np.nan],
            "n": pd.array([1234, 5, pd.NA], dtype="Int64"),
            "vendor": [70.0, 22.25, np.nan],
            "vendor_rule": [70.04, np.nan, np.nan],
            "note": [
                "the vendor also counts 1,234 s not worn",
                "5 % usable",
                "needs it",
            ],
        },
        index=pd.Index(["heart_rate_mean", "minute_ventilation_mean", "energy_mean"]),
    )
    table = tables.summary_table(frame)
    first, second = named(table)
    assert first == {
        "metric": "Heart rate mean", "value": "61.3", "unit": "bpm", "usable": "90.0 %",
        "n": f"1{THIN}234", "vendor": "70.0", "vendor's rule": "70.0",
        "note": f"the vendor also counts 1{THIN}234 s not worn",
    }  # fmt: skip
    assert (second["value"], second["vendor"], second["note"]) == (
        NONE, "22.2", "5 % usable",
    )  # fmt: skip
    assert table.notes == ["No figure of energy mean: needs it."]


def test_variability_of_the_record_and_of_each_activity_with_its_note():
    figures = ("mean_hr", "mean_nn", "sdnn", "rmssd", "pnn50", "sd1", "sd2", "lf", "hf")
    whole = pd.DataFrame(
        {"n_beats": [3000], "n_pairs": [2900], "good_share": [0.437], "lf_hf": [1.234],
         **{name: [12.345] for name in figures}, "note": [""]}
    )  # fmt: skip
    part = whole.assign(
        name="Walk", start=pd.Timestamp("2024-03-01T22:05Z"), rmssd=np.nan,
        note="1,000 beats are too few",
    )  # fmt: skip
    table = tables.hrv_table(whole, part, definitions("hrv"))
    first, second = named(table)
    assert (first["span"], first["beats"], first["covered"]) == (
        "whole record", f"3{THIN}000", "43.7 %",
    )  # fmt: skip
    assert (first["RMSSD"], first["LF"], first["LF/HF"]) == ("12.3", "12", "1.23")
    assert (second["span"], second["RMSSD"]) == ("Walk, 22:05", NONE)
    first, second = table.notes
    assert first == f"Walk, 22:05: 1{THIN}000 beats are too few."
    assert "RMSSD: root of the mean square of the differences of pairs;" in second
    assert ("RMSSD", "ms") in [(each.name, each.unit) for each in table.columns]


def test_volumes_are_in_litres_for_readers():
    names = ("rate", "ti", "te", "ttot_cv", "duty_cycle", "rsa")
    frame = pd.DataFrame(
        {"n_breaths": [10], "good_share": [0.9], "tidal_volume": [512.0],
         "ventilation": [7654.0], **{name: [1.0] for name in names}, "note": [""]}
    )  # fmt: skip
    table = tables.breathing_table(frame, None, definitions("breathing"))
    (row,) = named(table)
    assert (row["tidal volume"], row["ventilation"]) == ("0.51", "7.7")
    units = {each.name: each.unit for each in table.columns}
    assert (units["tidal volume"], units["ventilation"]) == ("L", "L/min")


def test_nights_have_their_minutes_and_definitions():
    record = recording("W10 N30 R20 W5 N30 W5", minutes=110)
    table = tables.sleep_table(record.sleep(), definitions("sleep"))
    (row,) = named(table)
    assert row["night"] == "2024-03-01"
    assert [row[name] for name in ("SOL", "TST", "WASO", "NREM", "REM")] == [
        "10", "80", "5", "60", "20",
    ]  # fmt: skip
    assert any("WASO: wake after sleep onset" in note for note in table.notes)


def test_a_shirt_that_was_off_is_a_row_and_one_that_never_was_has_no_table(few_minutes):
    table = tables.doubtful_wear_table(few_minutes.wear())
    states = [row["state"] for row in named(table)]
    assert "not worn" in states
    assert "handled" in states
    worn = few_minutes.between("0s", "60s").wear()
    assert tables.doubtful_wear_table(worn) is None
    blind = few_minutes.wear().assign(worn=pd.NA, handled=False, reason="no belts")
    told = tables.doubtful_wear_table(blind.astype({"worn": "boolean"}))
    assert {row["state"] for row in named(told)} == {"not known"}


def test_channels_and_receipts_have_what_came_and_what_confirms_the_scale(few_minutes):
    coverage = few_minutes.coverage()
    rows = {row["channel"]: row for row in named(tables.coverage_table(coverage))}
    assert (rows["ecg"]["rate"], rows["ecg"]["came"]) == ("256 Hz", "100 %")
    assert rows["rr interval"]["rate"] == "event"
    channels = {name: few_minutes.channel(name) for name in few_minutes}
    digests = dict.fromkeys(few_minutes, "0" * 64)
    receipts = named(tables.receipt_table(coverage, channels, digests))
    found = {row["channel"]: row for row in receipts}
    assert found["ecg"]["received"] == f"61{THIN}440"
    assert found["ecg"]["unit"] == "mV"
    assert found["heart rate"]["scale confirmed by"] == "recordings"


def test_many_rows_are_cut_and_counted():
    times = pd.date_range("2024-03-01", periods=50, freq="1s", tz="UTC", name="time")
    frame = pd.DataFrame({"comment": ["a", None, "", None, *["b"] * 46]}, index=times)
    frame["datatype"] = pd.array([215, 215, 215, pd.NA, *[1] * 46], dtype="Int64")
    table = tables.annotation_table(frame.astype({"comment": "string"}), {215: "press"})
    assert len(table.rows) == 40
    told = [row["annotation"] for row in named(table)]
    assert told[:5] == ["a", "press", "press", NONE, "b"]
    assert table.notes == ["10 more annotations are left out."]
