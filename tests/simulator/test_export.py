"""The files of an export, read back with other means than the package's own."""

from __future__ import annotations

import csv
import io
import json
import struct
import wave
import zipfile
from fractions import Fraction

import numpy as np
import pytest

from hexoframe.errors import ConfigurationError, OutputExistsError
from hexoframe.simulator.export import (
    Quirks,
    export_files,
    write_dashboard,
    write_export,
    write_range_export,
)
from hexoframe.simulator.shirt import Shirt, wear


def members(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_every_channel_as_16_bit_wav(worn, tmp_path):
    path = write_export(worn, tmp_path / "a.zip")
    files = members(path)
    for name, counts in worn.sampled.items():
        content = files[f"record_300001/{name}.wav"]
        with wave.open(io.BytesIO(content)) as wav:
            assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)
            assert wav.getnframes() == len(counts)
            rate = wav.getframerate()
            frames = wav.readframes(len(counts))
        np.testing.assert_array_equal(np.frombuffer(frames, counts.dtype), counts)
        assert len(content) == 44 + 2 * len(counts)
        period = Fraction(worn.rates[name]) / worn.clock
        assert rate == (period if period > 1 else 1 / period)


def test_riff_sizes_of_ventilation_and_tidal_volume_count_4_bytes_too_many(brief):
    def excess(quirks: Quirks) -> dict[str, int]:
        return {
            name: struct.unpack("<I", content[4:8])[0] - (len(content) - 8)
            for name, content in export_files(brief, quirks=quirks)
            if name.endswith(".wav")
        }

    wrong = {name for name, more in excess(Quirks()).items() if more == 4}
    assert wrong == {"minute_ventilation.wav", "tidal_volume.wav"}
    right = {n for n, more in excess(Quirks(dialect="2017")).items() if more == 0}
    assert right == {
        "minute_ventilation_adjusted.wav",
        "tidal_volume_adjusted.wav",
        "systolic_pressure_adjusted.wav",
    }
    assert not any(excess(Quirks(riff_size_off_by_4=False)).values())


def test_series_are_csv_with_crlf_and_exact_decimal_seconds(worn):
    files = dict(export_files(worn))
    for name in ("RR_interval", "inspiration", "step", "sleep_position", "sleep_phase"):
        text = files[f"{name}.csv"].decode()
        assert text.endswith("\r\n")
        assert text.count("\n") == text.count("\r\n")
        rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        ticks = [Fraction(row[0]) * worn.clock + worn.start for row in rows]
        assert ticks == worn.events[name][0].tolist()
        np.testing.assert_array_equal(
            [float(row[1]) for row in rows], worn.events[name][1]
        )
    head = files["RR_interval.csv"].split(b"\r\n")[:2]
    unit = b"s/%d" % worn.clock
    assert head[0] == b"time [s],RR_interval [" + unit + b"](/api/datatype/18/)"
    assert head[1].endswith(b",0")
    assert files["step.csv"].startswith(b"time [s],step [Step](/api/datatype/52/)\r\n")
    assert files["sleep_position.csv"].split(b"\r\n")[1] == b"0.0,nan"


def test_the_pulse_transit_file_of_a_hexoskin_holds_its_header_alone(brief):
    files = dict(export_files(brief))
    assert files["PTT.csv"] == b"time [s],PTT [s/256](/api/datatype/97/)\r\n"
    assert len(files["ECG_II.wav"]) == len(files["ECG_III.wav"]) == 44


def test_what_only_the_service_knows_is_in_no_export(brief):
    assert {"QRS_AMP_CHANNEL_CHAR", "BATT_ST_CHANNEL_CHAR"} <= brief.events.keys()
    assert not [name for name, _ in export_files(brief) if "CHAR" in name]


def test_older_exports_hold_pairs_of_int64(brief):
    files = dict(export_files(brief, quirks=Quirks(hxd=True)))
    ticks, values = brief.events["RR_interval"]
    pairs = np.frombuffer(files["RR_interval.hxd"], "<i8").reshape(-1, 2)
    np.testing.assert_array_equal(pairs[:, 0], ticks - brief.start)
    np.testing.assert_array_equal(pairs[:, 1], values)
    codes = np.frombuffer(files["device_position.hxd"], "<i8").reshape(-1, 2)
    np.testing.assert_array_equal(codes[:, 1], brief.events["device_position"][1][1:-1])
    assert "RR_interval.csv" not in files


def test_files_of_the_export_can_be_left_out(brief):
    names = {n for n, _ in export_files(brief, quirks=Quirks(info=False))}
    assert "info.json" not in names
    names = {n for n, _ in export_files(brief, quirks=Quirks(statistics=False))}
    assert "statistics.csv" not in names


def test_lengths_differ_as_in_real_exports():
    quirks = Quirks(lengths_differ=True)

    def lengths(family):
        recording = wear(Shirt(family=family, duration_s=20))
        files = dict(export_files(recording, quirks=quirks))
        return {
            name: (len(files[f"{name}.wav"]) - 44) // 2 - len(counts)
            for name, counts in recording.sampled.items()
        }

    shorter = {name: less for name, less in lengths("hexoskin").items() if less}
    assert shorter == {
        "ECG_I": -16,
        "respiration_thoracic": -8,
        "respiration_abdominal": -8,
    }
    changed = {name: less for name, less in lengths("astroskin_256").items() if less}
    assert changed == {
        "acceleration_X": -8,
        "acceleration_Y": -8,
        "acceleration_Z": -8,
        "heart_rate": -1,
        "heart_rate_quality": -1,
        "activity": -1,
        "cadence": -1,
        "temperature_celcius": 1,
    }


def test_the_folder_holds_the_files_of_the_zip(brief, tmp_path):
    path = write_export(brief, tmp_path / "a.zip", quirks=Quirks(deflate=False))
    folder = write_export(brief, tmp_path / "b", layout="folder")
    assert folder == tmp_path / "b" / "record_300001"
    unpacked = {f"record_300001/{f.name}": f.read_bytes() for f in folder.iterdir()}
    assert unpacked == members(path)


def test_a_range_holds_a_folder_for_each_record(tmp_path):
    parts = [wear(Shirt(duration_s=5, record_id=n)) for n in (7, 8)]
    files = members(write_range_export(parts, tmp_path / "r.zip", range_id=99))
    assert {name.rsplit("/", 1)[0] for name in files} == {
        "range_99/record_7",
        "range_99/record_8",
    }
    info = json.loads(files["range_99/record_8/info.json"])
    assert info["request"] == "/api/data/?range=99"
    assert info["algo"]["record_id"] == 8


def test_the_same_recording_gives_the_same_zip(brief, tmp_path):
    one = write_export(brief, tmp_path / "one.zip").read_bytes()
    assert one == write_export(brief, tmp_path / "two.zip").read_bytes()


def test_nothing_is_overwritten_unless_asked(brief, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"mine")
    (tmp_path / "record_300001").mkdir()
    (tmp_path / "a.csv").write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="overwrite"):
        write_export(brief, tmp_path / "a.zip")
    with pytest.raises(OutputExistsError, match="record_300001"):
        write_export(brief, tmp_path, layout="folder")
    with pytest.raises(OutputExistsError, match=r"a\.csv"):
        write_dashboard(brief, tmp_path / "a.csv")
    assert (tmp_path / "a.zip").read_bytes() == b"mine"
    write_export(brief, tmp_path, layout="folder", overwrite=True)
    assert (tmp_path / "record_300001" / "info.json").exists()


def test_a_failure_midway_leaves_nothing_behind(tmp_path):
    broken = wear(Shirt(duration_s=10))
    del broken.events["step"]  # the statistics count it, and many files come before
    before = (tmp_path / "kept.zip").write_bytes(b"mine")
    for layout in ("zip", "folder"):
        target = tmp_path / "kept.zip" if layout == "zip" else tmp_path
        with pytest.raises(KeyError):
            write_export(broken, target, layout=layout, overwrite=True)
    assert [f.name for f in tmp_path.iterdir()] == ["kept.zip"]
    assert (tmp_path / "kept.zip").stat().st_size == before


@pytest.mark.parametrize("bad", [{"layout": "tar"}, {"layout": None}])
def test_an_unknown_layout_is_refused(brief, tmp_path, bad):
    with pytest.raises(ConfigurationError, match="layout"):
        write_export(brief, tmp_path / "a.zip", **bad)
    assert not list(tmp_path.iterdir())


def test_the_dashboard_has_a_row_a_second_and_an_empty_first_one(worn, tmp_path):
    path = write_dashboard(worn, tmp_path / "d.csv")
    lines = path.read_text(encoding="ascii").split("\n")
    assert lines[0].startswith(f"time [s/{worn.clock}],breathing_rate [rpm]")
    assert lines[-1] == ""
    rows = list(csv.DictReader(lines))
    times = [float(row[f"time [s/{worn.clock}]"]) for row in rows]
    assert times == [worn.start + n * worn.clock for n in range(601)]
    assert lines[1].startswith(f"{worn.start}.0,,")
    rate = [row["heart_rate [bpm](/api/datatype/19/)"] for row in rows[1:]]
    assert list(map(int, rate)) == worn.sampled["heart_rate"].tolist()
    ml = 1.0 if worn.family == "astroskin_1000" else 13.28
    volume = [row["minute_ventilation [mL/min](/api/datatype/36/)"] for row in rows[1:]]
    wanted = [n * ml for n in worn.sampled["minute_ventilation"].tolist()]
    assert list(map(float, volume)) == wanted
    activity = [float(row["activity [g](/api/datatype/49/)"]) for row in rows[1:]]
    assert activity == (worn.sampled["activity"] / 256).tolist()


def test_the_dashboard_shows_a_position_in_the_row_of_its_change(brief, tmp_path):
    path = write_dashboard(brief, tmp_path / "d.csv")
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [
        (float(row["time [s/256]"]), row["sleep_position [NA](/api/datatype/270/)"])
        for row in rows
        if row["sleep_position [NA](/api/datatype/270/)"]
    ]
    ticks, codes = brief.events["sleep_position"]
    wanted = zip(ticks.tolist(), map(repr, codes.tolist()), strict=True)
    assert shown == list(wanted)[:-1]
    assert shown[0][1] == "nan"


# --- against real exports -----------------------------------------------------------


def test_the_export_has_the_files_of_a_real_one(real_data, brief):
    real = {f.name for f in (real_data / "exports" / "hexoskin-256696").iterdir()}
    names = {name for name, _ in export_files(brief)}
    assert real <= names
    hrv = {"ANN", "SDNN", "RMSSD", "NN_over_RR", "HRV_LF", "HRV_HF",
           "HRV_LF_normalized", "HRV_triangular"}  # fmt: skip
    assert names - real == {f"{name}.wav" for name in hrv} | {"sleep_phase.csv"}


def test_the_export_of_2017_has_the_files_of_a_real_one(real_data):
    folder = real_data / "exports" / "astroskin-122445"
    real = {f.name for f in folder.iterdir() if f.suffix == ".wav"}
    worn = wear(Shirt(family="astroskin_256", duration_s=20, activity="walk"))
    ours = {n for n, _ in export_files(worn) if n.endswith(".wav")}
    assert ours - real == {
        "energy_mifflin_keytel.wav",
        "systolic_pressure_adjusted.wav",
    }
    assert not real - ours


@pytest.mark.parametrize(
    ("record", "dialect"), [("hexoskin-256696", "2022"), ("astroskin-122445", "2017")]
)
def test_facts_and_headers_are_those_of_a_real_export(real_data, record, dialect):
    folder = real_data / "exports" / record
    family = "hexoskin" if dialect == "2022" else "astroskin_256"
    worn = wear(Shirt(family=family, duration_s=20, activity="walk", presses=(3,)))
    files = dict(export_files(worn, quirks=Quirks(dialect=dialect)))
    real = (folder / "statistics.csv").read_bytes().replace(b"\r\n", b"\n").split(b"\n")
    ours = files["statistics.csv"].replace(b"\r\n", b"\n").split(b"\n")
    assert ours[:2] == real[:2]
    if dialect == "2022":
        assert ours[3:6] == real[3:6]
    info = json.loads((folder / "info.json").read_bytes())
    mine = json.loads(files["info.json"])
    assert mine.keys() == info.keys()
    assert mine["algo"].keys() == info["algo"].keys()
    assert mine["algo"]["algorithms"] == info["algo"]["algorithms"]
    for name in ("RR_interval", "RR_interval_quality", "inspiration", "expiration",
                 "step", "sleep_position", "device_position"):  # fmt: skip
        head = (folder / f"{name}.csv").read_bytes().split(b"\n")[0].rstrip(b"\r")
        assert files[f"{name}.csv"].split(b"\r\n")[0] == head
    for path in folder.glob("*.wav"):
        content = path.read_bytes()
        mine_head = files[path.name][:44]
        # All of the header but the two sizes, then whether the RIFF size is wrong.
        assert mine_head[8:40] == content[8:40], path.name
        excess = [
            struct.unpack("<I", c[4:8])[0] - len(c) + 8
            for c in (content, files[path.name])
        ]
        assert excess[0] == excess[1], path.name


def test_the_dashboard_header_is_that_of_a_real_one(real_data, brief, tmp_path):
    real = (real_data / "dashboard" / "record-241834.csv").read_bytes().split(b"\n")
    ours = write_dashboard(brief, tmp_path / "d.csv").read_bytes().split(b"\n")
    assert ours[0] == real[0]
    pattern = [cell == b"" for cell in real[1].split(b",")]
    assert [cell == b"" for cell in ours[1].split(b",")] == pattern
    assert ours[1].split(b",")[0].endswith(b".0")
