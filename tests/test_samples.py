"""The sample files: their checksums, how they are rebuilt, and what is in them."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
NOT_DATA = {"README.md", "make_samples.py", "registry.txt", "__pycache__"}


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location(
        "make_samples", SAMPLES / "make_samples.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def registered() -> dict[str, str]:
    lines = (SAMPLES / "registry.txt").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_every_sample_has_the_registered_checksum():
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in SAMPLES.iterdir()
        if path.name not in NOT_DATA
    }
    assert found == registered()


def test_the_script_rebuilds_the_same_bytes(builder, tmp_path):
    assert builder.build(tmp_path) == registered()
    for name in registered():
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name


def test_the_samples_stay_small():
    assert sum((SAMPLES / name).stat().st_size for name in registered()) < 3_000_000


def test_sample_zips_do_not_depend_on_the_zlib_in_use():
    for name in registered():
        if name.endswith(".zip"):
            with zipfile.ZipFile(SAMPLES / name) as archive:
                assert {m.compress_type for m in archive.infolist()} == {0}


def read(name: str, member: str) -> bytes:
    with zipfile.ZipFile(SAMPLES / name) as archive:
        return archive.read(member)


def test_the_hexoskin_sample_shows_a_button_press_and_a_hole_in_rr():
    rows = list(
        csv.reader(
            io.StringIO(
                read("hexoskin_10min.zip", "record_300010/RR_interval.csv").decode()
            )
        )
    )[1:]
    zeros = [float(second) for second, value in rows if value == "0"]
    assert len(zeros) == 3  # the first beat, and those after the gap and the loose lead
    assert zeros[0] < 2
    assert 312 < zeros[1] < 315
    assert 338 < zeros[2] < 340
    text = read("hexoskin_10min.zip", "record_300010/statistics.csv")
    assert text.rstrip().endswith(b",215,b''")
    assert read("hexoskin_10min.zip", "record_300010/ECG_II.wav")[44:] == b""


def test_the_dashboard_sample_agrees_with_the_zip():
    with (SAMPLES / "hexoskin_10min.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))[1:]
    for title, name, gain in (
        ("heart_rate [bpm](/api/datatype/19/)", "heart_rate", 1),
        ("minute_ventilation [mL/min](/api/datatype/36/)", "minute_ventilation", 13.28),
        ("activity [g](/api/datatype/49/)", "activity", 1 / 256),
    ):
        content = read("hexoskin_10min.zip", f"record_300010/{name}.wav")
        counts = np.frombuffer(content[44:], "<u2")
        assert [float(row[title]) for row in rows] == (counts * gain).tolist()
    start = json.loads(read("hexoskin_10min.zip", "record_300010/info.json"))["start"]
    assert int(rows[0]["time [s/256]"]) == start + 256


@pytest.mark.parametrize(
    ("name", "folder", "rate"),
    [
        ("astroskin_2min.zip", "record_300011", 256),
        ("astroskin_1000_1min.zip", "record_300012", 250),
    ],
)
def test_the_astroskin_samples_have_three_leads(name, folder, rate):
    leads = [
        np.frombuffer(read(name, f"{folder}/ECG_{lead}.wav")[44:], "<i2").astype(int)
        for lead in ("I", "II", "III")
    ]
    np.testing.assert_array_equal(leads[2], leads[0] - leads[1])
    head = read(name, f"{folder}/ECG_I.wav")[24:28]
    assert int.from_bytes(head, "little") == rate


def test_the_range_sample_holds_two_records_with_time_between_them():
    starts = [
        json.loads(
            read("range_2records.zip", f"range_400013/record_{number}/info.json")
        )["start"]
        for number in (300_013, 300_014)
    ]
    assert starts[1] - starts[0] == 50 * 256
