"""Numbers of recordings as tables, as Python has them."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

import hexoframe

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No server answers: any request fails."""
    monkeypatch.setenv("HEXOFRAME_BASE_URL", "http://127.0.0.1:9")


def as_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


def told_by(text):
    """The rows of a printed table, by their first word."""
    return {line.split()[0]: line.split() for line in text.splitlines() if line}


# -- summary ---------------------------------------------------------------------------


def test_summary_tells_values_shares_and_why_the_vendor_differs(give, samples):
    path = samples / "hexoskin_10min.zip"
    told = give("summary", path, "--weight", "70").stdout
    table = hexoframe.open_record(path).summary(weight=70)
    rows = told_by(told)
    assert rows["metric"][1:] == [
        "value", "unit", "usable", "vendor", "by", "its", "rule",
    ]  # fmt: skip
    mean = table.loc["heart_rate_mean"]
    assert rows["heart_rate_mean"][1:] == [
        f"{mean['value']:.4g}", "bpm", f"{100 * mean['good_share']:.1f}", "%",
        f"{mean['vendor']:.4g}", f"{mean['vendor_rule']:.4g}",
    ]  # fmt: skip
    assert "minute_ventilation_adjusted_mean" in rows
    assert f"heart_rate_mean: {mean['note']}" in told
    assert "needs --height, --age, --sex, --rest-hr, --vo2max of the wearer" in told
    assert "vendor's figure alone" not in told


def test_summary_fits_80_columns_at_a_terminal(terminal, samples):
    child = terminal("summary", samples / "hexoskin_10min.zip")
    lines = child.read().replace("\r", "").splitlines()
    assert any(line.startswith("heart_rate_mean ") for line in lines)
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_summary_for_other_programs_is_that_of_python(give, samples, form):
    path = samples / "hexoskin_10min.zip"
    read = as_csv if form == "--csv" else json.loads
    whole = read(give("summary", path, form).stdout)
    table = hexoframe.open_record(path).summary()
    assert [row["metric"] for row in whole] == list(table.index)
    assert {row["record"] for row in whole} == {"300010"}
    mean = next(row for row in whole if row["metric"] == "heart_rate_mean")
    assert float(mean["value"]) == table.loc["heart_rate_mean", "value"]
    assert mean["note"] == table.loc["heart_rate_mean", "note"]
    tidy = read(give("summary", path, form, "--by", "5min").stdout)
    assert len(tidy) == 2 * len({row["metric"] for row in tidy})
    wide = read(give("summary", path, form, "--by", "5min", "--wide").stdout)
    assert len(wide) == 2
    assert float(wide[1]["steps"]) == 330


def test_summary_by_spans_is_a_row_a_span(give, samples):
    path = samples / "hexoskin_10min.zip"
    lines = give("summary", path, "--by", "5min").stdout.splitlines()
    assert lines[0] == "recording 300010"
    assert lines[1].split()[:4] == ["start", "HR", "usable", "BR"]
    assert lines[2].startswith("2024-03-01 22:00  51.9  96.0 %")
    day = give("summary", path, "--by", "day", "--tz", "Asia/Tokyo").stdout
    assert "2024-03-02  2024-03-02 07:00" in day


def test_summary_of_files_has_no_activities_and_says_the_way_out(give, samples):
    result = give("summary", samples / "hexoskin_10min.zip", "--by", "ranges")
    assert result.exit_code == 1
    told = " ".join(result.stderr.split())
    assert "comes from files, and they hold no activities" in told
    assert "give --by a length such as '5min'" in told


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (["--by", "weeks"], 2, "'weeks' is neither a length of time"),
        (["--height", "175"], 1, "--height 175.0: give a number of m"),
        (["--sex", "x"], 2, "female"),
        (["--min-share", "2"], 1, "give a share above 0, at most 1"),
        (["--tz", "Europe/Pariss"], 1, "Europe/Paris"),
    ],
)
def test_summary_refuses_what_makes_no_sense(give, samples, given, code, told):
    result = give("summary", samples / "hexoskin_10min.zip", *given)
    assert result.exit_code == code
    assert told in " ".join(result.stderr.split())


def test_summary_of_a_record_of_the_service_loads_no_more_than_it_needs(give, service):
    result = give("summary", "41", "--csv")
    mean = next(r for r in as_csv(result.stdout) if r["metric"] == "heart_rate_mean")
    assert float(mean["value"]) > 0
    asked = " ".join(map(str, service.log))
    assert "4113" not in asked  # the ECG


# -- hrv -------------------------------------------------------------------------------


@pytest.fixture
def path(samples):
    return samples / "hexoskin_10min.zip"


def test_hrv_is_a_table_that_fits_a_terminal(give, path):
    told = give("hrv", path).stdout
    record = hexoframe.open_record(path)
    lines = told.splitlines()
    assert lines[0] == f"recording {record.id}"
    assert lines[1].split() == [
        "start", "share", "pairs", "HR", "SDNN", "RMSSD", "LF", "HF", "LF/HF",
    ]  # fmt: skip
    assert max(map(len, lines[:3])) <= 80
    (first, *_) = record.hrv().to_dict("records")
    row = lines[2].split()
    assert row[0:2] == f"{first['start']:%Y-%m-%d %H:%M}".split()
    assert row[6] == "-" or float(row[6]) == pytest.approx(first["rmssd"], abs=0.05)


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_hrv_for_other_programs_is_the_table_of_python(give, path, form):
    told = give("hrv", path, "--window", "whole", form).stdout
    if form == "--csv":
        (row,) = csv.DictReader(io.StringIO(told))
    else:
        (row,) = json.loads(told)
    record = hexoframe.open_record(path)
    (expected,) = record.hrv(None).to_dict("records")
    assert row["record"] == str(record.id)
    assert float(row["rmssd"]) == expected["rmssd"]
    assert float(row["lf"]) == expected["lf"]
    assert set(row) == {"record", *expected}


def test_rows_without_figures_say_why(give, path):
    told = give("hrv", path, "--window", "1min", "--min-share", "1").stdout
    assert "under the 100 % of min_share" in told


def test_hrv_of_several_recordings_goes_on_after_one_that_has_none(give, path):
    result = give("hrv", "nothing.zip", path)
    assert result.exit_code == 1
    assert "nothing.zip" in result.stderr
    assert "RMSSD" in result.stdout


def test_other_windows_are_refused(give, path):
    result = give("hrv", path, "--window", "often")
    assert result.exit_code == 2
    assert "neither a length of time" in result.stderr


def test_nonlinear_figures_are_added(give, path):
    (row,) = json.loads(
        give("hrv", path, "--window", "whole", "--nonlinear", "--json").stdout
    )
    assert {"sampen", "dfa_a1", "dfa_a2"} <= set(row)


# -- breaths ---------------------------------------------------------------------------


def test_breaths_is_a_row_a_span(give, path):
    told = give("breaths", path).stdout.splitlines()
    row = hexoframe.open_record(path).breathing().iloc[0]
    assert told[1].split() == ["start", "share", "breaths", "BR", "CV", "Ti", "Te",
                               "VT", "MV", "RSA"]  # fmt: skip
    cells = told[2].split()
    assert cells[3] == str(row["n_breaths"])
    assert cells[4] == f"{row['rate']:.1f}"
    assert cells[8:10] == [
        f"{row['tidal_volume'] / 1000:.2f}", f"{row['ventilation'] / 1000:.1f}",
    ]  # fmt: skip


def test_each_breath_is_a_row_and_the_others_are_counted(give, path):
    told = give("breaths", path, "--each").stdout.splitlines()
    table = hexoframe.open_record(path).breaths()
    first = table.iloc[0]
    assert told[2].split()[1:4] == [
        f"{first[name]:.2f}" for name in ("ti", "te", "ttot")
    ]
    assert told[2].split()[5] == f"{first['volume'] / 1000:.2f}"
    notes = " ".join(told[2 + len(table) :])
    assert f"{table['usable'].sum()} of {len(table)} breaths are usable" in notes


def test_the_check_of_breaths_says_how_many_rows_agree(give, path):
    told = give("breaths", path, "--check").stdout
    table = hexoframe.open_record(path).check_breaths()
    assert told.splitlines()[2].split()[3] == str(table["device"].iloc[0])
    agree, known = table["agrees"].sum(), table["agrees"].notna().sum()
    assert f"within 5 % in {agree} of {known} rows" in told


@pytest.mark.parametrize("more", [(), ("--each",), ("--check",)])
def test_breaths_fit_80_columns_at_a_terminal(terminal, path, more):
    child = terminal("breaths", path, *more)
    lines = child.read().replace("\r", "").splitlines()
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_breaths_for_other_programs_are_those_of_python(give, path, form):
    told = give("breaths", path, "--window", "whole", form).stdout
    rows = as_csv(told) if form == "--csv" else json.loads(told)
    table = hexoframe.open_record(path).breathing(None)
    assert [float(row["rate"]) for row in rows] == table["rate"].tolist()
    assert set(rows[0]) == {"record", *table}


def test_each_breath_or_the_check_and_not_both(give, path):
    result = give("breaths", path, "--each", "--check")
    assert result.exit_code == 2
    assert "not both" in result.stderr


# -- sleep -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """The export of a short synthetic night."""
    from hexoframe.simulator.export import write_export
    from hexoframe.simulator.shirt import Shirt, wear

    shirt = Shirt(seed=6, duration_s=1800, activity="sleep", unworn=((900, 120),))
    return write_export(wear(shirt), tmp_path_factory.mktemp("night") / "night.zip")


def test_sleep_is_a_row_a_night_with_its_notes(give, night):
    told = give("sleep", night, "--tz", "Europe/Berlin").stdout.splitlines()
    row = hexoframe.open_record(night).sleep().iloc[0]
    assert told[1].split() == ["night", "start", "end", "TIB", "SOL", "SPT", "WASO",
                               "TST", "REM", "SE", "wakes", "scored"]  # fmt: skip
    assert told[2].split() == [
        "2024-03-01", "23:00", "23:30", "30", f"{row['sol']:.0f}", f"{row['spt']:.0f}",
        f"{row['waso']:.0f}", f"{row['tst']:.0f}", f"{row['rem']:.0f}",
        f"{row['se']:.1f}", "%", str(row["awakenings"]),
        f"{100 - 100 * row['undefined_share']:.1f}", "%",
    ]  # fmt: skip
    assert told[3:5] == [
        "2024-03-01: 2 min with the shirt off",
        "time in bed: as far as the phases reach, for want of activities",
    ]


def test_sleep_fits_80_columns_at_a_terminal(terminal, night):
    lines = terminal("sleep", night).read().replace("\r", "").splitlines()
    assert any(line.startswith("2024-03-01 ") for line in lines)
    assert [line for line in lines if len(line) > 80 or "no room" in line] == []


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_sleep_for_other_programs_is_that_of_python(give, night, form):
    read = as_csv if form == "--csv" else json.loads
    (row,) = read(give("sleep", night, form).stdout)
    table = hexoframe.open_record(night).sleep()
    assert list(row) == ["record", *table]
    assert float(row["se"]) == table["se"].iloc[0]
    assert row["night"] == "2024-03-01"
    assert row["sleep_onset"] == table["sleep_onset"].iloc[0].isoformat()


def test_the_time_in_bed_may_be_given_as_times_or_ticks(give, night):
    record = hexoframe.open_record(night)
    off, on = record.start_tick + 256 * 60, record.start_tick + 256 * 1200
    bed = ("2024-03-01T22:01:00Z", "2024-03-01T22:20:00Z")
    wanted = record.sleep(bed)["tst"].iloc[0]
    for pair in (bed, (str(off), str(on))):
        (row,) = json.loads(give("sleep", night, "--in-bed", *pair, "--json").stdout)
        assert (row["tib"], row["source"]) == (19, "given")
        assert row["tst"] == wanted


def test_a_csv_of_the_dashboard_says_who_has_phases(give, samples):
    done = give("sleep", samples / "hexoskin_10min.csv")
    assert done.exit_code == 1
    assert "no channel sleep_phase, from which sleep is computed" in done.stderr
    assert "a CSV of the dashboard never has it" in " ".join(done.stderr.split())


# -- beats -----------------------------------------------------------------------------


def test_beats_are_a_row_for_five_minutes_or_each_for_other_programs(give, path):
    table = hexoframe.open_record(path).beats()
    lines = give("beats", path).stdout.splitlines()
    assert lines[1].split()[:3] == ["from", "beats", "usable"]
    first = table[table.index < table.index[0] + pd.Timedelta("5min")]
    assert lines[2].split()[2] == str(len(first))
    assert f"unreliable {first['reason'].str.contains('unreliable').sum()}" in lines[2]
    rows = list(csv.DictReader(io.StringIO(give("beats", path, "--csv").stdout)))
    assert [float(row["rr"] or "nan") for row in rows] == pytest.approx(
        table["rr"].tolist(), nan_ok=True
    )
    assert {"time", *table} < set(rows[0])


def test_beats_are_checked_with_the_ecg(give, path):
    pytest.importorskip("sleepecg", reason="the extra ecg is not installed")
    (row, *_) = json.loads(give("beats", path, "--check", "--json").stdout)
    assert row["matched"] == hexoframe.open_record(path).check_beats()["matched"][0]
    assert "jitter_ms" in give("beats", path, "--check", "--all-columns").stdout
    told = give("beats", path, "--ecg").stdout.splitlines()
    assert told[1].split()[:3] == ["from", "beats", "correlation"]


def test_one_check_at_a_time(give, path):
    result = give("beats", path, "--check", "--ecg")
    assert result.exit_code == 2
    assert "not both" in result.stderr
