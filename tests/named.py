"""A record in which everything that may name a person does, and its secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

import hexoframe
from hexoframe.recording.facts import Facts, facts_table

if TYPE_CHECKING:
    from pathlib import Path

    from hexoframe.record import Record

ID, USER = 918273645546372819, 817263544536271809
IDS = (
    ID, USER, ID + 2, 716253443526170809, 615243332415060708, 514233221304958607,
    413222110293847566,
)  # fmt: skip
EMAIL, SERIAL = "jane.q.doe@secret-lab.example", "HXSKIN1299887766"
LATITUDE, LONGITUDE, ALTITUDE = 45.50169012345, -73.56725345612, 233.70801


def named_facts(start: int, clock: int = 256) -> Facts:
    """Return facts that say of a person all that a source may say, and more."""
    second = [start + clock * n for n in range(10)]
    info = {
        "id": ID,
        "user": USER,
        "user_id": USER,
        "email": EMAIL,
        "device": SERIAL,
        "devices": [SERIAL, "HXSKIN1200777666"],
        "request": f"/api/data/?record={ID}&user={USER}",
        "start": start,
        "timestamp": start / clock,
        "start_date": "2024-03-01T22:00:00",
        "last_modified": "2024-03-09T08:07:06.543210",
        "device_start": start - 7777,
        "resource_uri": f"/api/record/{ID}/",
        "firmware": "fw-88112233-B",
        "hardware": {"board": "PCB-55443322", "battery": ["BAT-99887700"]},
        "first_name": "Jane",
        "last_name": "Quintana-Doe",
        "date_of_birth": "1980-04-12",
        "comment": "the patient of Dr Zhivago in ward seven",
        "source": "/home/zhivago/study7/jane/record.zip",
        "host": "https://astro.secret-lab.example:8443",
        "records": [ID, ID + 2],
        "range_id": 716253443526170809,
        "decoder_version": "0.9.1",
        "status": "complete",
        "algo": {
            "record_id": ID,
            "created": "2020-11-23T22:09:30.415432",
            "algorithms": {
                "ecg": "2.1.1",
                "of jane": "1.0",
                "hrv": "written for Zhivago",
            },
            "id": 615243332415060708,
        },
        "provenance": {
            "ecg": "vendor export",
            "heart_rate": "/home/zhivago/study7/jane/record.zip",
            "of Jane": "vendor export",
        },
        "edited": ["heart_rate", "by Zhivago"],
        "edited_beats": {
            "added": {"seen by Zhivago": [start + 11]},
            "changed": [start + 300],
            "removed": [start + 501],
        },
        "whole_start": start - 25_600,
        "Jane Quintana-Doe": {"Zhivago": "Zhivago"},
        "deidentified": {"removed": {"of Zhivago": 1}, "pseudonym": "Zhivago"},
    }
    ranges = [
        {
            "id": 514233221304958607,
            "name": "Sleep at 12 Privet Drive",
            "rank": 1,
            "trainingroutine": "/api/trainingroutine/12/",
            "note": "snores, says her husband Rudolf",
            "start": second[1],
            "end": second[8],
        },
        {"name": "Run with Rudolf", "trainingroutine": "plan of Rudolf",
         "start": second[2]},
    ]  # fmt: skip
    annotations = [
        {"time": second[3], "id": 413222110293847566, "datatype": 215,
         "comment": "took 20 mg of Zhivagolol"},
        {"time": second[4], "datatype": 215, "comment": None},
    ]  # fmt: skip
    track = [
        {
            "time": second[5],
            "altitude": ALTITUDE,
            "longitude": LONGITUDE,
            "latitude": LATITUDE,
            "horizontal_accuracy": 5.0,
        }
    ]
    metrics = [
        {"id": 44, "name": "heartrate_avg", "value": 71.5, "unit": "bpm"},
        {"id": 45, "name": "weight of Jane", "value": 61.25, "unit": "kg"},
        {"id": 46, "name": "duration", "value": float(start), "unit": "s"},
        {"id": 47, "name": "energy_avg", "value": 80.5, "unit": "Zhivago"},
    ]
    statistics = [
        {"name": "HR Avg", "value": "71.5", "unit": "bpm"},
        {"name": "Sleep Total Time", "value": "with Rudolf", "unit": "s"},
        {"name": "born 19800412", "value": "1", "unit": None},
    ]
    tables = {
        "ranges": ranges,
        "annotations": annotations,
        "track": track,
        "metrics": metrics,
        "statistics": statistics,
    }
    made = {
        name: facts_table(name, rows, clock=clock).assign(of="Zhivago")  # type: ignore[arg-type]
        for name, rows in tables.items()
    }
    for table in made.values():
        table.attrs["of"] = "Zhivago"
    return Facts(info=info, **made)


def named_record(samples: Path, seconds: int = 20, **more: Any) -> Record:
    """Return the beginning of the sample record, with those facts."""
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip", **more)
    part = whole.between(None, f"{seconds}s")
    return part.of(part, facts=named_facts(part.start_tick))


def secrets_of(record: Record) -> list[Any]:
    """Return what nobody may find of such a record, wherever it is written."""
    start, end = record.start_tick, record.end_tick
    begin = record.start.tz_convert("UTC")
    dates = [
        begin.strftime(form)
        for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%y", "%d-%b-%Y", "%d/%m/%Y",
                     "%m/%d/%Y", "%Y:%m:%d")
    ]  # fmt: skip
    texts = [
        EMAIL, "jane", "doe@", SERIAL, "HXSKIN", "Zhivago", "Rudolf", "Privet",
        "study7", "secret-lab", "Quintana", "1980-04", "19800412", "PCB-", "BAT-99",
        "fw-881", "22:09:30", "/home/", "ward seven", "snores", "2024-03-09",
        "45.5016", "-73.567", "233.708",
    ]  # fmt: skip
    ticks = [start, end, start + 11, start + 300, start - 25_600, start - 7777]
    stamps = [pd.Timestamp(begin).value, begin.value // 1_000_000]
    places = [LATITUDE, LONGITUDE, ALTITUDE]
    return [*texts, *dates, *IDS, *ticks, *stamps, *places, float(start)]


def with_attrs(record: Record) -> Record:
    """Return the record as one of files whose frames say more than they should."""
    frame = record["heart_rate"]
    frame.attrs |= {"of": "Jane Quintana-Doe", "lab": {"host": "secret-lab"}}
    held = {**record.whole(), "heart_rate": replace(record.whole()["heart_rate"],
            read=lambda: frame, pieces=None)}  # fmt: skip
    return record.of(record, channels=held)
