"""The two summaries of an export against the recording."""

from __future__ import annotations

import csv
import io
import json
import statistics

import pytest

from hexoframe.simulator.export import (
    Quirks,
    export_files,
)
from hexoframe.simulator.shirt import Shirt, wear


def test_info_json_has_the_keys_of_its_year(brief):
    files = dict(export_files(brief))
    text = files["info.json"].decode()
    info = json.loads(text)
    assert info["start"] == brief.start
    assert info["timestamp"] == 1_709_330_400.0
    assert info["start_date"] == "2024-03-01T22:00:00"
    assert info["request"] == "/api/data/?record=300001"
    assert info["user"] == 20_001
    assert info["devices"] == ["HXSKIN1200009001"]
    assert info["algo"]["record_id"] == 300_001
    assert '\n    "start": ' in text
    older = dict(export_files(brief, quirks=Quirks(dialect="2017")))["info.json"]
    assert "devices" not in json.loads(older)
    assert json.loads(older)["request"] == "/api/v1/data/?record=300001"


def test_a_start_between_seconds_is_rounded_half_to_even_in_the_date():
    shirt = Shirt(duration_s=2, start=382_085_877_327 + 40_000_000_000)
    info = json.loads(dict(export_files(wear(shirt)))["info.json"])
    # phase 79 of 256: 0.30859375 s
    assert info["start_date"].endswith(".308594")
    assert info["timestamp"] == shirt.start / 256


def test_statistics_are_those_of_the_recording(brief):
    text = dict(export_files(brief))["statistics.csv"].decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in rows] == [56, 56, 56, 1, 5, 5]
    found = dict(zip(rows[0], rows[2], strict=True))
    moving = [n for n in brief.sampled["activity"].tolist() if n]
    assert float(found["Act Avg"]) == pytest.approx(statistics.mean(moving) / 256)
    assert float(found["Act Max"]) == max(moving) / 256
    assert float(found["HR Avg"]) == pytest.approx(
        statistics.mean(brief.sampled["heart_rate"].tolist())
    )
    assert found["HR Max"] == str(max(brief.sampled["heart_rate"].tolist()))
    assert float(found["MV Max"]) == pytest.approx(
        max(brief.sampled["minute_ventilation"].tolist()) * 13.28 / 1000
    )
    assert float(found["Tidalvolume Adjusted Max"]) == pytest.approx(
        max(brief.sampled["tidal_volume"].tolist()) * 13.28 * 70 / 65 / 1000
    )
    assert int(found["Steps"]) == len(brief.events["step"][0])
    assert (found["start"], found["end"]) == (str(brief.start), str(brief.end))


def test_annotations_follow_the_statistics_as_a_second_table(brief):
    text = dict(export_files(brief))["statistics.csv"]
    tick = brief.start + 12 * 256 + 128
    assert text.endswith(
        b'\r\n"\n-----List of annotations"\r\n'
        b"uri,start_date,start,datatype,comment\r\n"
        b"/api/annotation/3000010/,2024-03-01 22:00:12.500000,%d,215,b''\r\n" % tick
    )
    calm = wear(Shirt(duration_s=10))
    assert b"annotations" not in dict(export_files(calm))["statistics.csv"]


def test_statistics_of_a_still_body_leave_out_what_did_not_happen():
    still = wear(Shirt(duration_s=60, activity="sleep", seed=3))
    text = dict(export_files(still, quirks=Quirks(dialect="2017")))["statistics.csv"]
    rows = list(csv.reader(io.StringIO(text.decode(), newline="")))
    found = dict(zip(rows[0], rows[2], strict=True))
    assert found["cadence_avg"] == found["cadence_min"] == ""
    assert found["step_count"] == "0"
    assert found["duration"] == "60.0"
