"""``hexoframe study``: what each command prints, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

import hexoframe

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "data" / "samples"
SOME = ("--channels", "heart_rate,rr_interval,rr_interval_quality")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "study"
    study = hexoframe.open_study(root)
    study.sync(SAMPLES / "range_2records.zip", progress=False)
    return root


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / "study")


def test_files_come_in_and_a_damaged_one_is_told(give, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(SAMPLES / "range_2records.zip", tmp_path / "in")
    whole = (SAMPLES / "astroskin_1000_1min.zip").read_bytes()
    (tmp_path / "in" / "cut.zip").write_bytes(whole[: len(whole) // 2])
    result = give("study", "sync", "new", tmp_path / "in", *SOME)
    assert result.stdout.split() == ["300013", "300014"]
    assert "cut.zip" in result.stderr
    assert "1 of 3 recordings failed" in result.stderr
    assert result.exit_code == 1
    (tmp_path / "in" / "cut.zip").unlink()
    again = give("study", "sync", "new", tmp_path / "in", *SOME)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "2 unchanged" in again.stderr
    other = give("study", "sync", "new", SAMPLES / "range_2records.zip", *SOME)
    assert "is the same recording as record 300013" in " ".join(other.stderr.split())


def test_records_of_the_service_come_in_after_a_plan(give, service):
    planned = give("study", "plan", "new", "--csv", *SOME)
    assert [row["record"] for row in csv.DictReader(io.StringIO(planned.stdout))] == [
        "41",
        "42",
    ]
    assert give("study", "sync", "new", "41", *SOME).stdout.split() == ["41"]
    assert "1 of 2 records to come" in give("study", "plan", "new", *SOME).stdout
    result = give("study", "sync", "new", "41", "999", *SOME)
    assert result.exit_code == 1
    assert "999" in result.stderr
    assert service.log


def test_the_table_shows_how_good_the_records_are(give, root, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("record,subject\n300013,S1\n300014,S2\n", "utf-8")
    told = give("study", "subjects", root, people)
    assert told.stdout == "2 of 2 records have a subject.\n"
    lines = give("study", "table", root).stdout.splitlines()
    assert lines[0].split()[:2] == ["record", "subject"]
    assert lines[2].split()[:2] == ["300014", "S2"]
    rows = json.loads(give("study", "table", root, "--json").stdout)
    assert rows[0]["record"] == 300_013
    assert rows[0]["worn"] == 1.0


def test_a_verb_is_mapped_and_its_failures_are_told(give, root):
    result = give("study", "map", root, "summary", "--wide", "--csv", "--workers", 1)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["record"] for row in rows] == ["300013", "300014"]
    assert float(rows[0]["heart_rate_mean"]) > 90
    told = give("study", "map", root, "summary", "--wide", "--workers", 1).stdout
    heading, first, *_ = told.splitlines()
    assert heading.split()[:4] == ["record", "start", "HR", "usable"]
    assert first.split()[3] == f"{float(rows[0]['heart_rate_mean']):.1f}"
    failed = give("study", "map", root, "sleep", "--workers", 1)
    assert failed.exit_code == 1
    assert "2 of 2 records failed" in failed.stderr
    wrong = give("study", "map", root, "sumary")
    assert wrong.exit_code == 1
    assert "give one of" in wrong.stderr


def test_compact_paths_and_verify(give, root):
    assert "channels of up to 2 records" in give("study", "compact", root).stdout
    (path,) = give("study", "paths", root, "heart_rate").stdout.split()
    assert path.endswith("part-00000.parquet")
    assert give("study", "verify", root).stdout == "Every file is as it was written.\n"
    (root / "samples" / "channel=ecg" / "record=300013.parquet").unlink()
    result = give("study", "verify", root)
    assert result.exit_code == 1
    assert "is missing" in result.stdout
    assert "remove its receipt, receipts/NUMBER.json" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["table", "verify", "compact"])
def test_a_root_that_is_no_study_is_told(give, command):
    result = give("study", command, "typo")
    assert result.exit_code == 1
    assert "there is no study at" in result.stderr
    assert "hexoframe study sync" in result.stderr
    other = give("study", command, SAMPLES)
    assert "is no study: it has no study.json" in " ".join(other.stderr.split())


def test_filters_go_without_paths(give):
    result = give("study", "sync", "new", "data", "--user", "5")
    assert result.exit_code == 2
    assert "go without PATH and ID" in result.stderr
