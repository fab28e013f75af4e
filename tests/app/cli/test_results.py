"""``hexoframe hrv``: the same figures as Python has."""

from __future__ import annotations

import csv
import io
import json

import pytest

import hexoframe

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No server answers: any request fails."""
    monkeypatch.setenv("HEXOFRAME_BASE_URL", "http://127.0.0.1:9")


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
