"""Recordings and channels at a glance, as Python has them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import hexoframe

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No server answers: any request fails."""
    monkeypatch.setenv("HEXOFRAME_BASE_URL", "http://127.0.0.1:9")


def as_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


# -- show ------------------------------------------------------------------------------


def test_show_tells_span_and_coverage(give, samples):
    path = samples / "hexoskin_10min.zip"
    told = give("show", path, "--no-waveforms").stdout
    record = hexoframe.open_record(path)
    assert told.startswith("\n".join(str(record).splitlines()[:2]))
    lines = told.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("channel "))
    rows = [line.split()[0] for line in lines[first + 1 :]]
    assert rows == [n for n in record if record.channel(n).kind != "waveform"]
    assert lines[first].split()[1:7] == [
        "coverage", "gaps", "flagged", "implausible", "not", "worn",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_show_for_other_programs_is_the_coverage_of_python(give, samples, form):
    path = samples / "range_2records.zip"
    told = give("show", path, form).stdout
    rows = as_csv(told) if form == "--csv" else json.loads(told)
    records = hexoframe.open_records(path)
    for number, record in records.items():
        table = record.coverage()
        mine = [row for row in rows if str(row["record"]) == number]
        assert [row["channel"] for row in mine] == list(table.index)
        assert [int(row["received"]) for row in mine] == table["received"].tolist()
        seconds = table["longest_gap"].dt.total_seconds()
        assert [float(row["longest_gap_s"]) for row in mine] == seconds.tolist()


def test_show_of_nothing_is_an_error(give):
    result = give("show", "nothing.zip")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing.zip does not exist" in result.stderr


def test_show_takes_the_id_of_a_record(give, service):
    result = give("show", "42", "--channels", "heart_rate")
    assert result.exit_code == 0
    assert result.stdout.startswith("Record 42 ")
    assert service.log
    service.clear_log()
    again = give("show", "42", "--channels", "heart_rate", "--offline")
    assert again.stdout == result.stdout
    assert service.log == []


def test_show_takes_a_path_that_looks_like_an_id(give, samples):
    Path("42").write_bytes((samples / "hexoskin_10min.zip").read_bytes())
    assert give("show", "42", "--channels", "heart_rate").exit_code == 0


# -- channels --------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["Hexoskin", "cha3000", "astroskin_1000"])
def test_channels_are_those_of_python(give, model):
    rows = as_csv(give("channels", "--model", model, "--csv").stdout)
    table = hexoframe.channel_table(model)
    assert [row["api_name"] for row in rows] == table["api_name"].tolist()
    assert [float(row["gain"]) for row in rows] == table["gain"].tolist()
    # The name of the model alone says the same.
    assert as_csv(give("channels", model, "--csv").stdout) == rows


def test_channels_say_first_what_confirms_their_scale(give):
    head, *rows = give("channels", "hexoskin").stdout.splitlines()
    assert head.split()[:3] == ["channel", "verified", "unit"]
    told = {row.split()[0]: row.split()[1] for row in rows}
    assert (told["heart_rate"], told["ecg"]) == ("real", "document")
    assert told["rmssd"] == "vendor"


def test_a_model_that_does_not_exist_is_told_with_those_that_do(give):
    result = give("channels", "ecg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'ecg' is not one of 'hexoskin'" in result.stderr.lower()


def test_limits_of_a_channel_are_told_as_the_table_has_them(give):
    rows = as_csv(give("channels", "hexoskin", "--csv").stdout)
    limits = {row["channel"]: row["plausible"] for row in rows}
    assert limits["minute_ventilation"] == "0 2000..150000"
    assert (limits["breathing_rate"], limits["ecg"]) == ("..60", "")


def test_a_value_that_is_missing_is_null_in_json_and_empty_in_csv(give):
    told = json.loads(give("channels", "--model", "hexoskin", "--json").stdout)
    rows = as_csv(give("channels", "--model", "hexoskin", "--csv").stdout)
    missing = hexoframe.channel_table("hexoskin")["void"].isna().tolist()
    assert [row["void"] is None for row in told] == missing
    assert [row["void"] == "" for row in rows] == missing
