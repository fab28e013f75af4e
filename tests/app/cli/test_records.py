"""What the service has, on the command line: as Python lists it."""

from __future__ import annotations

import csv
import io
import json
import re

import pandas as pd
import pytest

import hexoframe

pytestmark = pytest.mark.usefixtures("service")


def as_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


# -- records ---------------------------------------------------------------------------


def test_records_are_listed_the_newest_first(give):
    result = give("records")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows = result.stdout.splitlines()
    assert head.split("  ")[0].strip() == "id"
    assert [row.split()[0] for row in rows] == ["42", "41"]
    assert "2024-03-02 22:00  00:01:00  complete" in rows[1]


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_records_for_other_programs_are_those_of_python(give, form):
    told = give("records", form).stdout
    rows = as_csv(told) if form == "--csv" else json.loads(told)
    expected = hexoframe.list_records().reset_index()
    assert [int(row["id"]) for row in rows] == expected["id"].tolist()
    columns = [name.replace("duration", "duration_s") for name in expected]
    assert list(rows[0]) == columns
    for name in ("start", "end", "last_modified"):
        times = pd.to_datetime([row[name] for row in rows], format="ISO8601")
        assert times.tolist() == expected[name].tolist()
    lengths = [float(row["duration_s"]) for row in rows]
    assert lengths == expected["duration"].dt.total_seconds().tolist()


def test_ranges_are_listed_as_python_lists_them(give):
    with hexoframe.connect() as client:
        expected = client.list_ranges().reset_index()
    head, *rows = give("ranges").stdout.splitlines()
    assert head.split() == ["id", "name", "start", "(UTC)", "duration", "user"]
    assert [int(row.split()[0]) for row in rows] == expected["id"].tolist()
    told = json.loads(give("ranges", "--json").stdout)
    assert [row["name"] for row in told] == expected["name"].tolist()
    lengths = [row["duration_s"] for row in told]
    assert lengths == expected["duration"].dt.total_seconds().tolist()
    assert len(lengths) > 1
    (row,) = as_csv(give("ranges", "--csv", "--limit", 1).stdout)
    assert int(row["id"]) == expected["id"][0]
    start = expected["start"].iloc[0].isoformat()
    (row,) = as_csv(give("ranges", "--csv", "--start", start).stdout)
    assert int(row["id"]) == expected["id"][0]


def test_a_range_that_does_not_exist_is_told_with_the_list_of_those_that_do(give):
    result = give("range", "999")
    assert result.exit_code == 1
    assert "'hexoframe ranges' shows the ranges" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--limit", "1"], ["42"]),
        (["--start", "2024-03-03T00:00:00Z"], ["42"]),
        (["--end", "2024-03-03T00:00:00+00:00"], ["41"]),
        (["--start", "437610700801"], ["42"]),
        (["--device", "HXSKIN1200000000"], []),
        (["--status", "complete", "--limit", "1"], ["42"]),
        (["--user", "20001"], ["42", "41"]),
    ],
    ids=" ".join,
)
def test_the_filters_are_those_of_list_records(give, arguments, ids):
    result = give("records", "--csv", *arguments)
    assert result.exit_code == 0
    assert [row["id"] for row in as_csv(result.stdout)] == ids


def test_no_record_is_said_so(give):
    result = give("records", "--device", "HXSKIN1200000000")
    assert (result.exit_code, result.stdout) == (
        0,
        "There is no such record that you may see.\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [["--start", "2024-03-03"], ["--end", "noon"], ["--start", "17"], ["--limit", "0"],
     ["--csv", "--json"], ["--all-columns", "--csv"]],
    ids=" ".join,
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_wrong_usage(give, service, arguments):
    result = give("records", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert service.log == []


# -- info and estimate -----------------------------------------------------------------


def test_info_shows_what_the_service_says(give):
    told = give("info", "41").stdout
    assert re.search(r"^start +2024-03-02 22:00:00 UTC$", told, re.MULTILINE)
    # Ticks are for programs.
    assert "437610700800" not in told
    assert "437610700800" in give("info", "41", "--json").stdout
    assert json.loads(give("info", "41", "--json").stdout) == hexoframe.record_info(41)


@pytest.mark.parametrize(
    ("number", "said"), [("999", "does not exist"), ("x", "whole")]
)
def test_info_of_no_record_is_an_error_that_says_what_to_do(give, number, said):
    result = give("info", number)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert "'hexoframe records'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_estimate_is_that_of_python_and_skips_bad_ids(give):
    result = give("estimate", "41", "999", "42", "--no-waveforms", "--csv")
    assert result.exit_code == 1
    rows = as_csv(result.stdout)
    assert [row["record"] for row in rows] == ["41", "42"]
    for row in rows:
        cost = hexoframe.estimate(row["record"], waveforms=False)
        assert int(row["requests"]) == cost.requests
        assert float(row["megabytes"]) == cost.megabytes
    one, last = result.stderr.splitlines()
    assert one.startswith("hexoframe: record 999 of http")
    assert last == "hexoframe: 1 of 3 records failed"


def test_estimate_of_a_window_costs_less(give):
    def megabytes(*more):
        (row,) = as_csv(give("estimate", "41", "--csv", *more).stdout)
        return float(row["megabytes"])

    assert megabytes("--end", "2024-03-02T22:00:10Z") < megabytes()
    assert megabytes("--channels", "heart_rate, 33") < megabytes("--channels", "ecg")
