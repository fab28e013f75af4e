"""The vendor's export: every sample of real ones, and every way to break one."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import gzip
import json
import shutil
import struct
import tempfile
import warnings
import wave
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import schema
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingFactsWarning,
    MissingSamplesWarning,
    SkippedChannelWarning,
    SourceChangedError,
    TimestampError,
    UnknownChannelError,
)
from hexoframe.formats.archive import reader as archive
from hexoframe.formats.options import ReadOptions
from hexoframe.record import Record

EXPORTS = ("hexoskin-256696", "hexoskin-258583", "astroskin-122445")
NS = 3_906_250  # of a tick of 1/256 s
START = 426_906_774_784  # 2022-11-04T23:29:49Z

# What the files of an export mean, by the facts of the API, not by the channel table:
# column, samples a second, gain, offset, whether the 16 bits have a sign.
ECG, VENTILATION, G = 0.0064, 13.28, 1 / 256
WAVES = {
    "ECG_I": ("ecg_i", 256, ECG, -8.704, True),
    "ECG_II": ("ecg_ii", 256, ECG, -8.704, True),
    "ECG_III": ("ecg_iii", 256, ECG, 0, True),
    "respiration_thoracic": ("respiration_thoracic", 128, 1, 0, False),
    "respiration_abdominal": ("respiration_abdominal", 128, 1, 0, False),
    "acceleration_X": ("acceleration_x", 64, G, 0, True),
    "acceleration_Y": ("acceleration_y", 64, G, 0, True),
    "acceleration_Z": ("acceleration_z", 64, G, 0, True),
    "PPG": ("ppg", 64, 1, 0, False),
    "heart_rate": ("heart_rate", 1, 1, 0, False),
    "heart_rate_quality": ("heart_rate_quality", 1, 1, 0, False),
    "breathing_rate": ("breathing_rate", 1, 1, 0, False),
    "breathing_rate_quality": ("breathing_rate_quality", 1, 1, 0, False),
    "minute_ventilation": ("minute_ventilation", 1, VENTILATION, 0, False),
    "tidal_volume": ("tidal_volume", 1, VENTILATION, 0, False),
    "minute_ventilation_adjusted": ("minute_ventilation_adjusted", 1, 10, 0, False),
    "tidal_volume_adjusted": ("tidal_volume_adjusted", 1, 1, 0, False),
    "energy_mifflin_keytel": ("energy_mifflin_keytel", 1, 1, 0, False),
    "activity": ("activity", 1, G, 0, False),
    "cadence": ("cadence", 1, 1, 0, False),
    "SPO2": ("spo2", 1, 1, 0, False),
    "SPO2_quality": ("spo2_quality", 1, 1, 0, False),
    "temperature": ("temperature", 1, 1, 0, False),
    "temperature_celcius": ("temperature_celsius", 1, G, 0, True),
    "temperature_quality": ("temperature_quality", 1, 1, 0, False),
    "systolic_pressure": ("systolic_pressure", 1, 1, 0, False),
    "systolic_pressure_adjusted": ("systolic_pressure_adjusted", 1, 1, 0, False),
}
# Files that hold the group's columns, and the group.
GROUPS = {"ecg": "ECG_", "respiration": "respiration_", "acceleration": "acceleration_"}
EVENTS = {
    "RR_interval": 1 / 256,
    "NN_interval": 1 / 256,
    "PTT": 1 / 256,
    "RR_interval_quality": 1,
    "inspiration": 1,
    "expiration": 1,
    "step": 1,
    "device_position": 1,
    "sleep_position": 1,
}


# -- real exports, decoded by hand -----------------------------------------------------


def load(path, **options):
    return Record.of(archive.read(Path(path), ReadOptions(**options)))


def wav_counts(path, *, signed):
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        data = file.readframes(file.getnframes())
        rate = file.getframerate()
    counts = np.frombuffer(data, "<i2" if signed else "<u2").astype(np.int64)
    assert len(counts) * 2 + 44 == path.stat().st_size
    return counts, rate


def event_rows(path):
    """Whole ticks since the start, and values, by exact arithmetic on the text."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    ticks = [Fraction(time) * 256 for time, _ in rows]
    assert all(tick.denominator == 1 for tick in ticks)
    return [int(tick) for tick in ticks], [float(value) for _, value in rows]


def first_tick(folder):
    return json.loads((folder / "info.json").read_text())["start"]


def assert_same(left, right):
    """Compare two frames to the last bit."""
    assert list(left.columns) == list(right.columns)
    assert list(left.dtypes) == list(right.dtypes)
    assert (left.index.name, left.index.dtype) == (right.index.name, right.index.dtype)
    np.testing.assert_array_equal(left.index.asi8, right.index.asi8)
    for column in left:
        assert np.array_equal(left[column], right[column], equal_nan=True), column
    assert left.attrs == right.attrs


def joined(frames, like):
    """Put pieces together, each with the block of facts of the whole."""
    frames = list(frames)
    assert all(frame.attrs == like.attrs for frame in frames)
    whole = pd.concat(frames) if frames else like.iloc[:0]
    whole.attrs = like.attrs
    return whole


def vendor_stems(folder):
    """Names of the vendor's files; a converter's copies have no header."""
    stems = {path.stem for path in folder.glob("*.wav")}
    for path in folder.glob("*.csv"):
        if path.read_bytes().startswith(b"time [s],"):
            stems.add(path.stem)
    return stems


@pytest.fixture(scope="module", params=EXPORTS)
def export(request, real_data):
    return real_data / "exports" / request.param


@pytest.fixture(scope="module")
def opened(export):
    return load(export).load()


def test_every_regular_channel_equals_the_bytes_of_its_wav(export, opened):
    start = first_tick(export)
    seen = set()
    for path in sorted(export.glob("*.wav")):
        column, rate, gain, offset, signed = WAVES[path.stem]
        counts, header_rate = wav_counts(path, signed=signed)
        assert header_rate == rate
        if not len(counts):
            continue
        frame = opened[column]
        assert list(frame.columns) == [column]
        dtype = np.float32 if rate > 1 else np.float64
        expected = (counts * gain + offset).astype(dtype)
        np.testing.assert_array_equal(frame[column].to_numpy(), expected)
        assert frame[column].dtype == dtype
        step = 256 // rate
        first = start + (step if rate == 1 else 0)
        ticks = first + step * np.arange(len(counts), dtype=np.int64)
        np.testing.assert_array_equal(frame.index.asi8, ticks * NS)
        seen.add(column)
    assert len(seen) >= 19


def test_every_event_equals_the_text_of_its_file(export, opened):
    start = first_tick(export)
    seen = 0
    for path in sorted(export.glob("*.csv")):
        if path.stem not in EVENTS:
            continue
        frame = opened[path.stem]
        ticks, values = event_rows(path)
        assert frame.index.asi8.tolist() == [(start + tick) * NS for tick in ticks]
        expected = np.array(values) * EVENTS[path.stem]
        np.testing.assert_array_equal(frame.iloc[:, 0].to_numpy(), expected)
        seen += 1
    assert seen >= 8


def test_nothing_in_a_real_export_is_left_out(export, opened):
    named = {*WAVES, *EVENTS}
    assert vendor_stems(export) - named == set()
    columns = {column for name in opened for column in opened[name].columns}
    filled = {
        WAVES[path.stem][0] for path in export.glob("*.wav") if path.stat().st_size > 44
    }
    filled |= {
        path.stem.lower() for path in export.glob("*.csv") if path.stem in EVENTS
    }
    assert columns == filled


def test_a_real_export_opens_without_a_warning(export):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(export)


def test_every_frame_of_a_real_export_is_what_the_schema_says(opened):
    promised = schema(opened.family)
    for name in opened:
        frame = opened[name]
        told = {column: str(dtype) for column, dtype in frame.dtypes.items()}
        assert told == promised[name]
        assert list(told) == list(promised[name])
        assert frame.index.name == "time"
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
        assert frame.index.is_monotonic_increasing


def test_the_first_value_at_1_hz_lies_a_second_after_the_start(opened):
    assert opened["heart_rate"].index[0] == opened.start + pd.Timedelta("1s")
    assert opened["ecg"].index[0] == opened.start
    assert opened["acceleration"].index[0] == opened.start


def test_the_start_is_the_time_that_info_says_as_text(export, opened):
    text = json.loads((export / "info.json").read_text())["start_date"]
    told = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    # Printed to the microsecond; a tick is 3906.25 of them.
    assert abs(opened.start.to_pydatetime(warn=False) - told) <= dt.timedelta(
        microseconds=1
    )


def test_pieces_and_windows_of_a_real_export_equal_the_whole(export, opened):
    for name in opened:
        fresh = load(export)
        pieces = list(fresh.pieces(name, 10_007))
        assert not fresh.is_read(name)
        assert all(0 < len(piece) <= 10_007 for piece in pieces)
        whole = opened[name]
        assert_same(joined(pieces, whole), whole)
        assert_same(joined(load(export).windows(name, "97s"), whole), whole)


def test_counts_of_a_real_export_are_those_of_its_bytes(export):
    record = load(export, scale="raw")
    for path in sorted(export.glob("*.wav")):
        column, _, _, _, signed = WAVES[path.stem]
        counts, _ = wav_counts(path, signed=signed)
        if len(counts):
            np.testing.assert_array_equal(record[column][column], counts)
            assert record.units[column] == "count"
    _, values = event_rows(export / "RR_interval.csv")
    np.testing.assert_array_equal(record["rr_interval"]["rr_interval"], values)


def test_physical_values_of_a_real_export_lead_back_to_its_counts(export, opened):
    counts = load(export, scale="raw")
    for name in opened:
        assert_same(opened.raw(name), counts[name])


def test_a_zip_of_a_real_export_gives_the_same_record(export, opened, tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for item in export.iterdir():
            packed.write(item, f"record_1/{item.name}")
    record = load(path)
    assert list(record) == list(opened)
    for name in record:
        assert_same(record[name], opened[name])
        pieces = load(path, channels=[name]).pieces(name, 50_021)
        assert_same(joined(pieces, opened[name]), opened[name])
    pd.testing.assert_frame_equal(record.annotations, opened.annotations)
    pd.testing.assert_frame_equal(record.statistics, opened.statistics)
    assert record.info == opened.info
    pd.testing.assert_frame_equal(record.coverage(), opened.coverage())


def test_the_hexoskin_record_has_its_samples_its_start_and_its_button(real_data):
    record = load(real_data / "exports" / "hexoskin-256696")
    assert record.family == "hexoskin"
    assert len(record["ecg"]) == 559_312
    assert record.start == pd.Timestamp("2022-11-04T23:29:49Z")
    assert list(record["ecg"].columns) == ["ecg_i"]
    (button,) = record.annotations.itertuples()
    assert button.Index == pd.Timestamp(426_906_777_876 * NS, tz="UTC")
    assert (button.id, button.datatype, button.comment) == (112046, 215, "")
    assert record.id == 256696
    assert record.info["user_id"] == 21885
    assert record.info["device"] == "HXSKIN1200008564"
    assert record.info["provenance"]["ecg"] == "vendor export"
    table = record.statistics.set_index("name")
    assert table.loc["Steps", "value"] == "2789" == f"{len(record['step'])}"
    assert table.loc["Act Max", "unit"] == "g"
    assert float(table.loc["Act Max", "value"]) == record["activity"].max().item()


def test_the_hole_of_180_seconds_in_the_beats_is_a_gap(real_data):
    folder = real_data / "exports" / "hexoskin-258583"
    record = load(folder)
    ticks, values = event_rows(folder / "RR_interval.csv")
    # From the event before to where the interval begins.
    holes = [
        (before, tick - int(value))
        for before, tick, value in zip(ticks[:-1], ticks[1:], values[1:], strict=True)
        if tick - int(value) - before > 2
    ]
    first, last = max(holes, key=lambda hole: hole[1] - hole[0])
    assert 178 * 256 < last - first < 182 * 256
    gaps = record.gaps("rr_interval")
    longest = gaps.loc[gaps["length"].idxmax()]
    start = first_tick(folder)
    assert longest["start"].value == (start + first) * NS
    assert longest["end"].value == (start + last) * NS
    assert longest["cause"] == "recorder"
    assert len(gaps) == len(holes)


def test_the_astroskin_record_has_three_leads_and_an_unsigned_ppg(real_data):
    folder = real_data / "exports" / "astroskin-122445"
    record = load(folder, scale="raw")
    assert record.family == "astroskin_256"
    ecg = record["ecg"]
    np.testing.assert_array_equal(ecg["ecg_iii"], ecg["ecg_i"] - ecg["ecg_ii"])
    assert len(ecg) == 33_024
    assert record["ppg"]["ppg"].min() >= 0
    assert record["ppg"]["ppg"].max() > 32_767
    # A converter wrote the same samples as text, with the sign that they do not have.
    with (folder / "PPG.csv").open() as file:
        rows = [line.split(",") for line in file]
    signed = np.array([float(value) for _, value in rows])
    np.testing.assert_array_equal(record["ppg"]["ppg"], signed % 65_536)
    times = [int(Fraction(time) * 256) * NS for time, _ in rows]
    assert (record["ppg"].index.asi8 - record.start.value).tolist() == times
    leads = load(folder)["ecg"].astype("float64")
    np.testing.assert_allclose(
        leads["ecg_iii"], leads["ecg_i"] - leads["ecg_ii"], atol=2e-6
    )


def test_channels_of_the_astroskin_record_keep_their_own_lengths(real_data):
    record = load(real_data / "exports" / "astroskin-122445")
    lengths = {
        "heart_rate": 128,
        "spo2": 129,
        "temperature_celsius": 130,
        "acceleration": 8248,
        "ppg": 8256,
    }
    assert {name: len(record[name]) for name in lengths} == lengths
    assert record.temperature_celsius.iloc[0, 0] == 7913 / 256
    assert record.end == record.start + pd.Timedelta("129s")


# -- exports made by hand --------------------------------------------------------------


def wav(counts, rate=256, *, promised=None, bits=16, after=b""):
    kind = np.asarray(counts, dtype="<i4" if bits == 32 else "<i8").astype(
        "<i4" if bits == 32 else "<i2"
    )
    body = kind.tobytes()
    width = bits // 8
    size = len(body) if promised is None else promised * width
    head = b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, rate, rate * width, width, bits
    )
    whole = head + b"data" + struct.pack("<I", size) + body + after
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def events(name, number, unit, rows):
    lines = [f"time [s],{name} [{unit}](/api/datatype/{number}/)", *rows]
    return "\r\n".join([*lines, ""]).encode()


def info(**facts):
    return json.dumps({"start": START, "user": 5, **facts}).encode()


def statistics(*, end=None, start=START, notes=b""):
    row = (
        f"/api/record/77/,2022-11-04 23:29:49,{start},{'' if end is None else end},1.5"
    )
    table = f"uri,start_date,start,end,Act Max\r\nna,na,na,na,g\r\n{row}\r\n"
    return table.encode() + notes


def ten_seconds():
    """Return a small record of 10 s: counts that say where they come from."""
    return {
        "ECG_I.wav": wav(1000 + np.arange(2560) % 3000),
        "respiration_thoracic.wav": wav(20_000 + np.arange(1280), 128),
        "respiration_abdominal.wav": wav(40_000 + np.arange(1280), 128),
        "acceleration_X.wav": wav(np.arange(640) - 320, 64),
        "acceleration_Y.wav": wav(np.arange(640), 64),
        "acceleration_Z.wav": wav(np.full(640, -256), 64),
        "heart_rate.wav": wav(60 + np.arange(10), 1),
        "RR_interval.csv": events(
            "RR_interval", 18, "s/256", ["0.5,0", "1.5,256", "2.25,192"]
        ),
        "info.json": info(),
    }


def folder_of(parent, files, name="record_77"):
    folder = parent / name
    folder.mkdir(parents=True)
    for member, data in files.items():
        (folder / member).write_bytes(data)
    return folder


def zip_of(parent, files, *, folder="record_77", name="x.zip", method=8):
    path = parent / name
    with zipfile.ZipFile(path, "w", method) as packed:
        for member, data in files.items():
            packed.writestr(f"{folder}/{member}" if folder else member, data)
    return path


@pytest.fixture(params=["folder", "zip"])
def made(request, tmp_path):
    """Return a function that writes files as a folder, and as a ZIP."""

    def make(files):
        kind = folder_of if request.param == "folder" else zip_of
        return kind(tmp_path, files)

    return make


def changed(**files):
    """Return the small record with some files replaced, or left out for None."""
    named = {name.replace("__", "."): data for name, data in files.items()}
    whole = {**ten_seconds(), **named}
    return {name: data for name, data in whole.items() if data is not None}


def test_a_small_record_is_what_it_was_made_of(made):
    record = load(made(ten_seconds()))
    assert record.id == 77
    assert (record.start_tick, record.end_tick) == (START, START + 2560)
    ecg = record["ecg"]["ecg_i"].to_numpy()
    assert ecg.dtype == np.float32
    counts = 1000 + np.arange(2560) % 3000
    np.testing.assert_array_equal(ecg, ((counts - 1360) * 0.0064).astype(np.float32))
    assert record["respiration"].iloc[5].tolist() == [20_005, 40_005]
    assert record["acceleration"].iloc[0].tolist() == [-1.25, 0, -1]
    assert record["heart_rate"].index[0].value == (START + 256) * NS
    rr = record["rr_interval"]
    assert rr["rr_interval"].tolist() == [0, 1, 0.75]
    assert rr.index.asi8.tolist() == [(START + t) * NS for t in (128, 384, 576)]
    assert not len(record.gaps())


def test_a_channel_that_was_left_out_is_not_in_the_record(made):
    path = made(ten_seconds())
    record = load(path, channels=["acceleration_Y", 19, "RR_interval"])
    assert list(record) == ["acceleration", "heart_rate", "rr_interval"]
    assert record.end_tick == START + 2560
    with pytest.raises(UnknownChannelError, match="heart_rate"):
        load(path, channels=["heart_rat"])
    with pytest.raises(ConfigurationError, match=r"channels='ecg'"):
        load(path, channels="ecg")


def test_headers_are_enough_to_open_and_samples_are_read_when_touched(made):
    record = load(made(ten_seconds()))
    assert not any(record.is_read(name) for name in record)
    assert record.receipt("ecg").samples == 2560
    assert record.receipt("rr_interval").samples == 3
    len(record["ecg"])
    assert [name for name in record if record.is_read(name)] == ["ecg"]


def test_channels_of_one_rate_and_length_share_their_index(made):
    files = changed(cadence__wav=wav(np.zeros(10), 1))
    record = load(made(files))
    first, second = record["heart_rate"].index, record["cadence"].index
    assert np.shares_memory(first.asi8, second.asi8)


def test_wavs_of_differing_length_are_padded_within_a_channel_only(made):
    path = made(changed(acceleration_Z__wav=wav(np.full(639, -256), 64)))
    record = load(path)
    frame = record["acceleration"]
    assert len(frame) == 640
    assert frame["acceleration_z"].isna().sum() == 1
    assert np.isnan(frame["acceleration_z"].iloc[-1])
    assert frame["acceleration_x"].notna().all()
    for rows in (1, 71, 639, 640, 1000):
        assert_same(joined(load(path).pieces("acceleration", rows), frame), frame)


def test_a_header_without_samples_is_no_channel_of_a_hexoskin(made):
    record = load(made(changed(ECG_II__wav=wav([]), ECG_III__wav=wav([]))))
    assert record.family == "hexoskin"
    assert list(record["ecg"].columns) == ["ecg_i"]


def test_an_event_file_with_its_header_only_is_an_empty_channel(made):
    record = load(made(changed(PTT__csv=events("PTT", 97, "s/256", []))))
    assert "ptt" in record
    assert record["ptt"].empty
    assert str(record["ptt"].dtypes.iloc[0]) == "float64"


def test_a_lead_that_only_an_astroskin_fills_tells_the_model(made):
    files = changed(
        ECG_II__wav=wav(np.full(2560, 1000)), ECG_III__wav=wav(np.full(2560, -7))
    )
    record = load(made(files))
    assert record.family == "astroskin_256"
    assert record["ecg"].iloc[0]["ecg_iii"] == np.float32(-7 * 0.0064)
    assert record["ecg"].iloc[0]["ecg_ii"] == np.float32((1000 - 1360) * 0.0064)


@pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"  # no real record is known
)
def test_the_clock_of_the_start_tells_the_newer_astroskin(made):
    start = 1_667_604_589_000
    files = {
        "ECG_I.wav": wav(np.arange(2500), 250, bits=32),
        "ECG_II.wav": wav([], 250, bits=32),
        "ECG_III.wav": wav([], 250, bits=32),
        "acceleration_X.wav": wav(np.arange(500), 50),
        "acceleration_Y.wav": wav(np.arange(500), 50),
        "acceleration_Z.wav": wav(np.arange(500), 50),
        "PPG.wav": wav(np.arange(750), 75),
        "heart_rate.wav": wav(np.arange(10), 1),
        "RR_interval.csv": events("RR_interval", 18, "s/1000", ["1.234,987"]),
        "info.json": info(start=start),
    }
    record = load(made(files))
    assert record.family == "astroskin_1000"
    ms = 1_000_000
    assert record["ecg"].index.asi8[:3].tolist() == [
        (start + at) * ms for at in (0, 4, 8)
    ]
    # 75 Hz in ticks of 1 ms: n x 40/3, rounded, without drift.
    expected = [(start + round(Fraction(40 * n, 3))) * ms for n in range(750)]
    assert record["ppg"].index.asi8.tolist() == expected
    assert record["rr_interval"].index.asi8.tolist() == [(start + 1234) * ms]
    assert record["rr_interval"]["rr_interval"].tolist() == [0.987]
    np.testing.assert_allclose(
        record["ecg"]["ecg_i"], np.arange(2500) / 1000, rtol=1e-6
    )


def test_events_of_the_older_files_are_pairs_of_ticks(made):
    pairs = struct.pack("<6q", 128, 0, 384, 256, 576, 192)
    old = load(made(changed(RR_interval__csv=None, RR_interval__hxd=pairs)))
    frame = old["rr_interval"]
    assert frame["rr_interval"].tolist() == [0, 1, 0.75]
    assert frame.index.asi8.tolist() == [(START + t) * NS for t in (128, 384, 576)]
    assert old.receipt("rr_interval").samples == 3


@pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"  # no real record is known
)
def test_a_slow_channel_has_its_period_in_the_rate_field(made):
    files = {"ECG_I.wav": wav(np.zeros(256 * 1000)), "info.json": info()}
    files["ANN.wav"] = wav([4096, 2048, 1024], 300)
    frame = load(made(files))["ann"]
    assert frame["ann"].tolist() == [1, 0.5, 0.25]
    step = 300 * 256
    assert frame.index.asi8.tolist() == [(START + step * n) * NS for n in (1, 2, 3)]


def test_a_converters_copy_beside_a_wav_is_not_read_and_not_missed(made):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = load(made(changed(ECG_I__csv=b"0.00000000,1.00000000\n" * 3)))
    assert len(record["ecg"]) == 2560


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "acceleration_Z.csv",
            b"time [s],acceleration_Z [G](/api/datatype/4147/)\n1,2\n",
        ),
        ("acceleration_Z.csv", b"0.0,1.0\n0.5,1.0\n"),
        ("heart_rate.csv", b"time [s],heart_rate [bpm](/api/datatype/19/)\n1.0,60\n"),
    ],
)
def test_samples_as_text_are_left_out_with_a_warning(made, name, data):
    files = changed(acceleration_Z__wav=None, heart_rate__wav=None)
    files[name] = data
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = load(made(files))
    said = [(each.category, str(each.message)) for each in caught]
    assert [name in text for kind, text in said if kind is SkippedChannelWarning] == [
        True
    ]
    # An axis that is there in another form is warned of as that, and once.
    gone = [text for kind, text in said if kind is MissingSamplesWarning]
    assert len(gone) == (name == "heart_rate.csv")
    assert all(
        "acceleration_Z missing, acceleration_Y is there" in text for text in gone
    )
    assert len(record["acceleration_x"]) == 640
    assert record["acceleration_z"]["acceleration_z"].isna().all()
    assert lost_of(record, "acceleration") == [(0, 2560, 640)]
    assert record["heart_rate"].empty
    if name == "heart_rate.csv":
        assert lost_of(record, "heart_rate") == [(0, 2560, 10)]
    else:
        assert "heart_rate" not in record


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"hello"),
        ("unknown.wav", wav([1, 2])),
        ("unknown.csv", b"time [s],unknown [x]\n1.0,2\n"),
        ("NN_interval.txt", b"time"),
        ("PPG.hxd", bytes(16)),
        ("minute_ventilation_cl.wav", wav(np.arange(10), 1)),
    ],
)
def test_a_file_that_no_channel_takes_is_left_out_with_a_warning(made, name, data):
    files = changed(minute_ventilation_adjusted__wav=wav(np.arange(10), 1))
    files[name] = data
    with pytest.warns(SkippedChannelWarning, match=name.replace(".", r"\.")):
        load(made(files))


def test_info_may_be_missing_where_statistics_say_the_start(made):
    notes = (
        b'"\r\n-----List of annotations"\r\nuri,start_date,start,datatype,comment\r\n'
        + f"/api/annotation/9/,x,{START + 300},4098,".encode()
        + b"\"b'caf\\xc3\\xa9, two'\"\r\n"
    )
    files = changed(info__json=None, statistics__csv=statistics(notes=notes))
    record = load(made(files))
    assert record.start_tick == START
    (row,) = record.annotations.itertuples()
    assert row.Index.value == (START + 300) * NS
    assert row.comment == "café, two"
    assert record.statistics.to_dict("records") == [
        {"name": "Act Max", "value": "1.5", "unit": "g"}
    ]


def test_the_older_key_of_info_says_the_start(made):
    files = changed(info__json=json.dumps({"start_timestamp": START}).encode())
    assert load(made(files)).start_tick == START


@pytest.mark.parametrize(
    "start", [float(START), f"{START}", f"{START}.0", "4.26906774784e11"]
)
def test_the_start_may_be_written_as_any_whole_number(made, start):
    assert load(made(changed(info__json=info(start=start)))).start_tick == START


@pytest.mark.parametrize(
    "start", [None, "soon", START + 0.5, [START], {}, True, 0, 12345, -START, 1e300]
)
def test_a_start_that_is_no_tick_is_refused_with_file_and_value(made, start):
    path = made(changed(info__json=info(start=start)))
    with pytest.raises(FileFormatError, match=r"info\.json, 'start'") as caught:
        load(path)
    assert repr(start) in str(caught.value)
    assert "start=" in str(caught.value)


@pytest.mark.parametrize("column", ["start", "end"])
@pytest.mark.parametrize("value", ["na", "426906774784.5", "nan"])
def test_statistics_that_say_no_tick_are_refused_with_the_value(made, column, value):
    files = changed(info__json=None, statistics__csv=statistics(**{column: value}))
    with pytest.raises(FileFormatError, match=rf"statistics\.csv, '{column}'.*{value}"):
        load(made(files))


def test_a_record_without_a_start_says_how_to_give_one(made):
    path = made(changed(info__json=None))
    with pytest.raises(FileFormatError, match=r"record_77: neither info\.json.*start="):
        load(path)
    assert load(path, start=START).start_tick == START
    record = load(path, start="2022-11-04T23:29:49Z", model="hexoskin")
    assert record.start_tick == START
    with pytest.raises(ConfigurationError, match="model="):
        load(path, start="2022-11-04T23:29:49Z")
    with pytest.raises(TimestampError):
        load(path, start="2022-11-04T23:29:49", model="hexoskin")


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({}, r"info\.json, 'start'"),
        (
            {"info__json": json.dumps({"start_timestamp": START}).encode()},
            r"info\.json, 'start_timestamp'",
        ),
        (
            {"info__json": None, "statistics__csv": statistics()},
            r"statistics\.csv, 'start'",
        ),
    ],
)
def test_a_start_is_refused_where_the_files_say_another(made, files, place):
    path = made(changed(**files))
    names_both = (
        rf"{START + 256}\b.*record_77/{place} says {START} \(2022-11-04T23:29:49"
    )
    with pytest.raises(ConfigurationError, match=names_both):
        load(path, start=START + 256)
    with pytest.raises(ConfigurationError, match=f"'2022-11-04T23:29:50Z'.*{START}"):
        load(path, start="2022-11-04T23:29:50Z")
    with pytest.raises(ConfigurationError, match="says"):
        load(path, start=1_667_604_589_000)  # the same time on the other clock


@pytest.mark.parametrize(
    "start",
    [
        START,
        "2022-11-04T23:29:49Z",
        "2022-11-05T00:29:49+01:00",
        dt.datetime(2022, 11, 4, 23, 29, 49, tzinfo=dt.UTC),
    ],
)
def test_a_start_that_the_files_say_as_well_is_taken_whatever_its_form(made, start):
    path = made(ten_seconds())
    assert load(path, start=start).start_tick == START
    assert load(path, start=start, model="hexoskin").start_tick == START


def test_a_start_helps_where_that_of_the_files_cannot_be_read(made):
    path = made(changed(info__json=info(start="soon")))
    assert load(path, start=START + 5).start_tick == START + 5
    with pytest.raises(ConfigurationError, match="model="):
        load(path, start="2022-11-04T23:29:49Z")


def test_info_that_is_no_object_is_refused_by_name(made):
    path = made(changed(info__json=b"[1, 2]"))
    with pytest.raises(
        FileFormatError, match=r"record_77/info\.json: expected an object, found \[1"
    ):
        load(path)


def test_info_keeps_the_facts_of_the_file(made):
    files = changed(info__json=info(devices=["HX1"], algo={"id": 3}, id="mine"))
    record = load(made(files))
    assert record.id == 77
    assert record.info["device"] == "HX1"
    assert record.info["user_id"] == 5
    assert record.info["algo"] == {"id": 3}


# -- what is lost is said --------------------------------------------------------------


def lost_of(record, name):
    gaps = record.gaps(name)
    lost = gaps[gaps["cause"] == "transfer"]
    return [
        (
            start.value // NS - record.start_tick,
            end.value // NS - record.start_tick,
            samples,
        )
        for start, end, samples in zip(
            lost["start"], lost["end"], lost["samples"], strict=True
        )
    ]


@pytest.mark.parametrize("kept", [0, 1, 2000, 2559])
def test_a_wav_that_holds_less_than_it_promises_is_incomplete(made, kept):
    path = made(changed(ECG_I__wav=wav(np.full(kept, 1360), promised=2560)))
    with pytest.raises(
        IncompleteDataError,
        match=rf"record_77: ECG_I\.wav holds {kept} of 2560 samples",
    ) as caught:
        load(path)
    assert caught.value.ledger == {"ECG_I.wav": (START + kept, START + 2560)}
    with pytest.warns(MissingSamplesWarning, match=r"ECG_I\.wav"):
        record = load(path, allow_partial=True)
    assert len(record["ecg"]) == kept
    assert record.end_tick == START + 2560
    assert lost_of(record, "ecg") == [(kept, 2560, 2560 - kept)]
    assert record.coverage().loc["ecg", "lost"] == 2560 - kept
    assert record.coverage().loc["ecg", "expected"] == 2560
    assert lost_of(record, "acceleration") == []


def test_a_record_of_one_cut_wav_knows_how_long_it_should_be(made):
    path = made(
        {"ECG_I.wav": wav(np.full(1000, 1360), promised=2560), "info.json": info()}
    )
    with pytest.raises(IncompleteDataError, match="1000 of 2560"):
        load(path)
    with pytest.warns(MissingSamplesWarning):
        record = load(path, allow_partial=True)
    assert record.end_tick == START + 2560
    assert lost_of(record, "ecg") == [(1000, 2560, 1560)]


def test_a_cut_channel_at_1_hz_names_the_seconds_that_are_gone(made):
    path = made(changed(heart_rate__wav=wav(np.full(4, 60), 1, promised=10)))
    with pytest.raises(IncompleteDataError, match=r"heart_rate\.wav holds 4 of 10"):
        load(path)
    with pytest.warns(MissingSamplesWarning):
        record = load(path, allow_partial=True)
    assert lost_of(record, "heart_rate") == [(1024, 2560, 6)]


def test_a_cut_channel_that_is_not_asked_for_stops_nobody(made):
    path = made(changed(ECG_I__wav=wav(np.full(5, 1360), promised=2560)))
    assert len(load(path, channels=["heart_rate"])["heart_rate"]) == 10


def test_a_channel_two_seconds_shorter_than_the_others_is_incomplete(made):
    path = made(changed(ECG_I__wav=wav(np.full(2048, 1360))))
    with pytest.raises(IncompleteDataError, match=r"ECG_I\.wav.* 2\.0 s before"):
        load(path)
    with pytest.warns(MissingSamplesWarning):
        record = load(path, allow_partial=True)
    assert lost_of(record, "ecg") == [(2048, 2560, 512)]


def test_a_second_channel_of_a_frame_that_is_short_is_incomplete(made):
    path = made(changed(acceleration_Y__wav=wav(np.zeros(500), 64)))
    with pytest.raises(IncompleteDataError, match=r"acceleration_Y\.wav"):
        load(path)
    with pytest.warns(MissingSamplesWarning):
        record = load(path, allow_partial=True)
    frame = record["acceleration"]
    assert len(frame) == 640
    assert frame["acceleration_y"].isna().sum() == 140
    assert lost_of(record, "acceleration") == [(2000, 2560, 140)]


def test_waveforms_that_end_long_before_the_other_channels_are_incomplete(made):
    files = {
        "ECG_I.wav": wav(np.full(1280, 1360)),
        "heart_rate.wav": wav(np.full(10, 60), 1),
        "info.json": info(),
    }
    with pytest.raises(IncompleteDataError, match=r"ECG_I\.wav"):
        load(made(files))


@pytest.mark.parametrize("seconds", [9, 10, 11])
def test_a_second_more_or_less_at_1_hz_is_usual(made, seconds):
    record = load(made(changed(heart_rate__wav=wav(np.full(seconds, 60), 1))))
    assert len(record["heart_rate"]) == seconds
    assert record.end_tick == START + 2560


def test_statistics_that_end_long_after_the_data_make_it_incomplete(made):
    end = START + 60 * 256
    path = made(changed(statistics__csv=statistics(end=end)))
    with pytest.raises(IncompleteDataError, match=r"ECG_I\.wav.* 50\.0 s before"):
        load(path)
    with pytest.warns(MissingSamplesWarning):
        record = load(path, allow_partial=True)
    assert record.end_tick == end
    assert lost_of(record, "ecg") == [(2560, 60 * 256, 50 * 256)]
    assert record.coverage().loc["heart_rate", "lost"] == 50


@pytest.mark.parametrize("late", [0, 16, 200, -3000])
def test_statistics_that_end_within_a_second_or_earlier_change_nothing(made, late):
    end = START + 2560 + late
    record = load(made(changed(statistics__csv=statistics(end=end))))
    assert record.end_tick == START + 2560


def test_statistics_with_a_duration_are_believed_as_well(made):
    table = b"uri,duration\r\n,s\r\n/api/record/77/,60.0\r\n"
    with pytest.raises(IncompleteDataError, match=r"50\.0 s before"):
        load(made(changed(statistics__csv=table)))


def test_a_duration_that_is_no_number_is_refused(made):
    table = b"uri,duration\r\n,s\r\n/api/record/77/,long\r\n"
    with pytest.raises(FileFormatError, match=r"statistics\.csv, 'duration'.*'long'"):
        load(made(changed(statistics__csv=table)))


# -- files are counted against each other ----------------------------------------------


def test_beats_that_were_cut_are_counted_against_their_quality(real_data):
    path = real_data / "faults" / "rr_cut"
    with pytest.raises(IncompleteDataError) as caught:
        load(path)
    assert "RR_interval.csv lacks events from 93.5 s to 274.0 s" in str(caught.value)
    assert "202 of the 301 events of RR_interval_quality" in str(caught.value)
    with pytest.warns(MissingSamplesWarning, match=r"RR_interval\.csv lacks events"):
        record = load(path, allow_partial=True)
    assert len(record["rr_interval"]) == 99
    assert len(record["rr_interval_quality"]) == 301
    # From the last beat at 93.54296875 s to the end at 274 s.
    assert lost_of(record, "rr_interval") == [(23_947, 70_144, pd.NA)]
    assert lost_of(record, "rr_interval_quality") == []
    assert pd.isna(record.coverage().loc["rr_interval", "lost"])


def test_a_cut_channel_of_events_that_is_not_asked_for_stops_nobody(real_data):
    path = real_data / "faults" / "rr_cut"
    record = load(path, channels=["rr_interval_quality", "heart_rate"])
    assert len(record["rr_interval_quality"]) == 301


BEATS = [f"{second}.5,256" for second in range(10)]


def beats(*, lines=slice(None)):
    rows = [BEATS[0].replace("256", "0"), *BEATS[1:]]
    return {
        "RR_interval.csv": events("RR_interval", 18, "s/256", rows[lines]),
        "RR_interval_quality.csv": events("RR_interval_quality", 1004, "NA", rows),
    }


def test_beats_lost_in_the_middle_are_one_gap_and_no_hole_of_the_recorder(made):
    path = made({**ten_seconds(), **beats(lines=slice(0, 10, 9))})
    with pytest.raises(IncompleteDataError, match="8 of the 10 events"):
        load(path)
    with pytest.warns(MissingSamplesWarning, match="8 of the 10 events"):
        record = load(path, allow_partial=True)
    (gap,) = record.gaps("rr_interval").itertuples()
    assert (gap.kind, gap.cause) == ("missing", "transfer")
    assert lost_of(record, "rr_interval") == [(128, 2432, pd.NA)]


@pytest.mark.parametrize("cut", [b"6.5,25", b"6.5,beat\r\n7.5,256\r\n", bytes(40)])
def test_a_damaged_event_file_is_read_up_to_there_on_request(made, cut):
    data = beats(lines=slice(0, 6))["RR_interval.csv"] + cut
    path = made(changed(RR_interval__csv=data))
    with pytest.warns(MissingSamplesWarning, match=r"RR_interval\.csv lacks events"):
        record = load(path, allow_partial=True)
    assert len(record["rr_interval"]) == 6
    assert lost_of(record, "rr_interval") == [(5 * 256 + 128, 2560, pd.NA)]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", IncompleteDataError, r"empty \(0 bytes\)"),
        (b"time", FileFormatError, "line 1: expected .* found 'time'"),
        (b"<html>login</html>", FileFormatError, "found '<html>"),
        (b"0.5,0\r\n1.5,256\r\n", FileFormatError, "as a converter writes it"),
        (b"time [s];RR [s/256]\r\n", FileFormatError, "as a spreadsheet saves it"),
        (bytes(500), FileFormatError, "found zeros"),
    ],
)
@pytest.mark.parametrize("name", ["RR_interval.csv", "device_position.csv"])
def test_an_event_file_that_is_none_is_an_error_as_a_wav_is(
    made, name, data, error, said
):
    files = ten_seconds()
    files[name] = data
    path = made(files)
    with pytest.raises(error, match=rf"{name.replace('.', '[.]')}.*{said}") as caught:
        load(path)
    assert "allow_partial=True" in str(caught.value)
    assert len(load(path, channels=["ecg"])["ecg"]) == 2560
    with pytest.warns(MissingSamplesWarning, match=said):
        record = load(path, allow_partial=True)
    channel = name.removesuffix(".csv").lower()
    assert record[channel].empty
    assert lost_of(record, channel) == [(0, 2560, pd.NA)]
    assert len(record["ecg"]) == 2560


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_event_file_with_a_byte_order_mark_is_simply_read(made, encoding):
    text = ten_seconds()["RR_interval.csv"].decode()
    record = load(made(changed(RR_interval__csv=text.encode(encoding))))
    assert record.receipt("rr_interval").samples == 3
    assert record["rr_interval"]["rr_interval"].tolist() == [0, 1, 0.75]


def test_empty_lines_at_the_end_of_an_event_file_are_no_events(made):
    data = ten_seconds()["RR_interval.csv"] + b"\r\n\r\n"
    record = load(made(changed(RR_interval__csv=data)))
    assert record.receipt("rr_interval").samples == len(record["rr_interval"]) == 3


@pytest.mark.parametrize("data", [b"", bytes(60), b"<html>"])
def test_a_wav_that_is_none_is_a_stated_loss_on_request(made, data):
    path = made(changed(heart_rate__wav=data))
    with pytest.warns(MissingSamplesWarning, match=r"heart_rate\.wav: not a WAV"):
        record = load(path, allow_partial=True)
    assert record["heart_rate"].empty
    assert lost_of(record, "heart_rate") == [(0, 2560, 10)]


def test_a_wav_cut_in_the_middle_of_a_sample_is_read_up_to_it_on_request(made):
    data = ten_seconds()["ECG_I.wav"][: 44 + 2001]
    path = made(changed(ECG_I__wav=data))
    with pytest.warns(MissingSamplesWarning, match="1000 of 2560 samples"):
        record = load(path, allow_partial=True)
    assert len(record["ecg"]) == 1000
    assert lost_of(record, "ecg") == [(1000, 2560, 1560)]


def said_once(make):
    """Return a record and the one warning that it came with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = make()
    (message,) = caught
    return record, message


@pytest.mark.parametrize(
    ("gone", "channel", "lost", "witness"),
    [
        ("acceleration_Y", "acceleration", [(0, 2560, 640)], "acceleration_"),
        ("respiration_thoracic", "respiration", [(0, 2560, 1280)], "respiration_"),
        ("heart_rate", "heart_rate", [(0, 2560, 10)], "heart_rate_quality"),
        ("RR_interval", "rr_interval", [(0, 2560, pd.NA)], "RR_interval_quality"),
        ("ECG_I", "ecg", [(0, 2560, 2560)], "ECG_II"),
    ],
)
def test_a_file_of_which_another_tells_is_missing(made, gone, channel, lost, witness):
    files = {
        **ten_seconds(),
        **beats(),
        "heart_rate_quality.wav": wav(np.zeros(10), 1),
        "ECG_II.wav": wav([]),
    }
    files = {
        name: data for name, data in files.items() if not name.startswith(gone + ".")
    }
    record, message = said_once(lambda: load(made(files)))
    assert message.category is MissingSamplesWarning
    assert f"{gone} missing, {witness}" in str(message.message)
    assert lost_of(record, channel) == lost
    assert channel in record.coverage().index
    assert channel not in record.info["provenance"] or len(record[channel])


def test_a_channel_without_a_trace_was_never_recorded(made):
    whole = ten_seconds()
    left = {
        name: data
        for name, data in whole.items()
        if not name.startswith(("ECG", "acceleration", "RR"))
    }
    record = load(made(left))
    assert list(record) == ["respiration", "heart_rate"]
    assert (record.gaps()["cause"] != "transfer").all()


def test_what_an_export_was_not_asked_for_is_not_missing(made):
    asked = info(request="/api/data/?record=77&datatype=4145,19")
    gone = {"acceleration_Y__wav": None, "acceleration_Z__wav": None}
    record = load(made(changed(info__json=asked, **gone)))
    assert record["acceleration"]["acceleration_y"].isna().all()
    assert lost_of(record, "acceleration") == []


@pytest.mark.parametrize(
    "placeholder",
    [
        ".RR_interval.csv.icloud",
        "RR_interval.csv.icloud",
        "RR_interval.csv.crdownload",
        "RR_interval.csv.part",
        "RR_INTERVAL.CSV.PARTIAL",
    ],
)
@pytest.mark.parametrize("data", [b"", b"bplist00..."])
def test_a_placeholder_stands_for_a_missing_file(made, placeholder, data):
    files = changed(RR_interval__csv=None)
    files[placeholder] = data
    record, message = said_once(lambda: load(made(files)))
    assert message.category is MissingSamplesWarning
    assert f"{placeholder} stands for a file" in str(message.message)
    assert record["rr_interval"].empty
    assert lost_of(record, "rr_interval") == [(0, 2560, pd.NA)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("RR_interval (1).csv", "not named as a channel of hexoskin"),
        ("notes.tmp", "not named as a channel of hexoskin"),
        ("PPG.hxd", "no channel of hexoskin"),
        ("hr.wav", "a second file of its channel"),
        ("NN_interval.txt", "not in the vendor's format"),
    ],
)
def test_what_is_left_out_is_so_for_a_true_reason(made, name, reason):
    files = {**ten_seconds(), name: wav(np.zeros(10), 1)}
    record, message = said_once(lambda: load(made(files)))
    assert message.category is SkippedChannelWarning
    assert str(message.message).endswith(f"{name} left out: {reason}")
    # A channel with a trace was recorded, and is lost.
    assert ("nn_interval" in record) == (name == "NN_interval.txt")


def test_the_rest_of_a_download_beside_its_file_is_no_loss(made):
    files = ten_seconds()
    files["RR_interval.csv.part"] = b"time"
    assert len(load(made(files))["rr_interval"]) == 3


def test_a_placeholder_of_info_is_named_where_the_start_is_missing(made):
    files = changed(info__json=None)
    files[".info.json.icloud"] = b"bplist00"
    with pytest.raises(
        FileFormatError, match=r"\.info\.json\.icloud stands for a file"
    ):
        load(made(files))


def test_a_file_beside_the_record_folder_is_named_and_not_read(real_data):
    outer = real_data / "faults" / "rr_beside_record_folder"
    (folder,) = outer.iterdir()
    for path in (outer, folder, folder / "record_1"):
        record, message = said_once(lambda path=path: load(path))
        assert message.category is SkippedChannelWarning
        assert "RR_interval.csv beside the folder record_1 left out" in str(
            message.message
        )
        assert list(record) == ["heart_rate"]


def test_a_file_beside_the_record_folder_of_a_zip_is_named_too(tmp_path):
    path = zip_of(tmp_path, ten_seconds(), folder="range_1/record_77")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("range_1/step.csv", events("step", 52, "Step", ["0.5,1"]))
        packed.writestr("range_1/notes.csv", b"a,b\n")
    record, message = said_once(lambda: load(path))
    assert "step.csv beside the folder record_77" in str(message.message)
    assert "notes" not in str(message.message)
    assert "step" not in record


def test_files_of_a_record_above_are_not_beside_the_one_below(tmp_path):
    outer = folder_of(tmp_path, ten_seconds(), "record_1")
    folder_of(outer, ten_seconds(), "record_2")
    assert load(outer / "record_2").id == 2


# -- other containers ------------------------------------------------------------------


def test_names_in_upper_case_are_those_of_the_vendor(made):
    files = {name.upper(): data for name, data in ten_seconds().items()}
    files["STATISTICS.CSV"] = statistics(end=START + 2560)
    record = load(made(files))
    assert record.start_tick == START
    assert len(record["ecg"]) == 2560
    assert len(record["acceleration"].dropna()) == 640
    assert len(record["rr_interval"]) == 3
    assert record.statistics["name"].tolist() == ["Act Max"]


def test_members_packed_with_gzip_are_read_under_their_own_name(made):
    files = ten_seconds()
    packed = {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
    record = load(made(packed))
    assert len(record["ecg"]) == 2560
    assert record["rr_interval"]["rr_interval"].tolist() == [0, 1, 0.75]
    assert record.start_tick == START


def test_a_cut_gzip_says_so(made):
    files = changed(RR_interval__csv=None)
    files["RR_interval.csv.gz"] = gzip.compress(ten_seconds()["RR_interval.csv"])[:-9]
    path = made(files)
    with pytest.raises(FileFormatError, match=r"RR_interval\.csv\.gz: damaged"):
        load(path)
    with pytest.warns(MissingSamplesWarning, match=r"RR_interval\.csv\.gz: damaged"):
        record = load(path, allow_partial=True)
    assert lost_of(record, "rr_interval") == [(0, 2560, pd.NA)]


def test_a_zip_with_backslashes_opens(real_data):
    path = real_data / "faults" / "backslash.zip"
    assert list(archive.parts(path)) == ["record_1"]
    assert len(load(path)["heart_rate"]) == 274


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_in_a_zip_opens(tmp_path, method):
    whole = load(zip_of(tmp_path, ten_seconds()))
    outer = zip_of(
        tmp_path,
        {"record_77.zip": (tmp_path / "x.zip").read_bytes(), "readme.txt": b"x"},
        folder="sent",
        name="outer.zip",
        method=method,
    )
    assert list(archive.parts(outer)) == ["record_77"]
    record = load(outer)
    assert record.id == 77
    for name in whole:
        assert_same(record[name], whole[name])
    assert_same(joined(load(outer).pieces("ecg", 999), record["ecg"]), whole["ecg"])


def test_two_zips_in_a_zip_are_two_records(tmp_path):
    inner = {}
    for number in (1, 2):
        zip_of(tmp_path, ten_seconds(), folder="", name="one.zip")
        inner[f"record_{number}.zip"] = (tmp_path / "one.zip").read_bytes()
    outer = zip_of(tmp_path, inner, folder="", name="outer.zip")
    assert list(archive.parts(outer)) == ["record_1", "record_2"]


def test_a_cut_zip_in_a_zip_is_refused_as_such(tmp_path):
    data = zip_of(tmp_path, ten_seconds()).read_bytes()
    outer = zip_of(tmp_path, {"in.zip": data[:-30]}, folder="", name="outer.zip")
    with pytest.raises(FileFormatError, match=r"outer\.zip/in\.zip: .*cut"):
        load(outer)


# -- what is damaged is refused --------------------------------------------------------


@pytest.mark.parametrize("kept", [45, 1001, -1])
def test_a_wav_cut_in_the_middle_of_a_sample_is_refused(made, kept):
    data = ten_seconds()["ECG_I.wav"][:kept]
    with pytest.raises(FileFormatError, match=rf"ECG_I\.wav.* byte {len(data)}\b.*cut"):
        load(made(changed(ECG_I__wav=data)))


@pytest.mark.parametrize("data", [b"", b"RIFF", b"<html>not found</html>"])
def test_a_wav_that_is_none_is_refused_by_name(made, data):
    with pytest.raises(FileFormatError, match=r"record_77/heart_rate\.wav: not a WAV"):
        load(made(changed(heart_rate__wav=data)))


def test_a_rate_that_the_model_does_not_have_is_refused_with_both_rates(made):
    path = made(changed(ECG_I__wav=wav(np.zeros(2500), 250)))
    with pytest.raises(FileFormatError, match=r"record_77/ECG_I\.wav.* 250 Hz.*256 Hz"):
        load(path)
    # The message names this way out.
    assert len(load(path, channels=["heart_rate"])["heart_rate"]) == 10


def test_samples_beyond_a_small_data_size_are_not_lost(made):
    counts = np.arange(2560)
    path = made(changed(ECG_I__wav=wav(counts, promised=2400)))
    raw = load(path, scale="raw")["ecg"]["ecg_i"]
    np.testing.assert_array_equal(raw, counts)


def test_what_follows_the_samples_is_no_sample(made):
    note = b"LIST" + struct.pack("<I", 8) + b"INFOabcd"
    path = made(changed(ECG_I__wav=wav(np.arange(2560), after=note)))
    record = load(path, scale="raw")
    np.testing.assert_array_equal(record["ecg"]["ecg_i"], np.arange(2560))
    pieces = pd.concat(load(path, scale="raw").pieces("ecg", 999))
    np.testing.assert_array_equal(pieces["ecg_i"], np.arange(2560))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1.5", r"line 3: expected 'seconds,value'"),
        ("1.5,beat", r"line 3: expected 'seconds,value'"),
        ("1.5001,256", r"line 3: 1\.5001 s is not a multiple of 1/256 s"),
        ("nan,256", r"line 3: nan s is not a multiple"),
    ],
)
def test_a_broken_event_is_refused_with_file_and_line(made, row, expected):
    data = events("RR_interval", 18, "s/256", ["0.5,0", row, "2.25,192"])
    record = load(made(changed(RR_interval__csv=data)))
    with pytest.raises(
        FileFormatError, match=rf"record_77/RR_interval\.csv, {expected}"
    ):
        len(record["rr_interval"])
    # The other channels are as good as before.
    assert len(record["ecg"]) == 2560


def test_a_cut_event_file_is_refused(made):
    data = events("RR_interval", 18, "s/256", ["0.5,0", "1.5,256"])[:-4]
    # When the record is opened: a hole must not wait until the channel is touched.
    with pytest.raises(FileFormatError, match=r"RR_interval\.csv, line 3.*cut"):
        load(made(changed(RR_interval__csv=data)))


@pytest.mark.parametrize("unit", ["s/1000", "s", "ms", "NA"])
def test_intervals_in_another_unit_than_the_clock_are_refused(made, unit):
    data = events("RR_interval", 18, unit, ["0.5,0", "1.5,1000"])
    record = load(made(changed(RR_interval__csv=data)))
    with pytest.raises(FileFormatError, match=rf"RR_interval\.csv, line 1.*'{unit}'"):
        len(record["rr_interval"])


def test_the_unit_of_2017_for_breaths_is_read_as_counts(made):
    data = events("inspiration", 34, "s", ["1.5,27649"])
    record = load(made(changed(inspiration__csv=data)))
    assert record["inspiration"]["inspiration"].tolist() == [27649]


@pytest.mark.parametrize(
    ("name", "number"), [("RR_interval_quality", 1004), ("RR_interval", 318)]
)
def test_a_file_with_the_header_of_another_channel_is_refused(made, name, number):
    data = events(name, number, "s/256", ["0.5,129"])
    record = load(made(changed(RR_interval__csv=data)))
    with pytest.raises(FileFormatError, match=rf"RR_interval\.csv, line 1.*{number}"):
        len(record["rr_interval"])


def test_a_hxd_cut_in_the_middle_of_a_pair_is_refused(made):
    with pytest.raises(FileFormatError, match=r"RR_interval\.hxd.* byte 40\b"):
        load(made(changed(RR_interval__csv=None, RR_interval__hxd=bytes(40))))


@pytest.mark.parametrize("name", ["ECG_I.wav", "RR_interval.csv", "info.json"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wrong_checksum_is_found_whole_and_in_pieces(tmp_path, name, method):
    path = zip_of(tmp_path, ten_seconds(), method=method)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    while (
        data[entry + 46 :][: len(f"record_77/{name}")] != f"record_77/{name}".encode()
    ):
        entry = data.index(b"PK\x01\x02", entry + 4)
    data[entry + 16] ^= 0xFF
    path.write_bytes(data)
    key = {"ECG_I.wav": "ecg"}.get(name, "rr_interval")
    with pytest.raises(FileFormatError, match=name.replace(".", r"\.")):
        load(path)[key]
    with pytest.raises(FileFormatError, match=name.replace(".", r"\.")):
        list(load(path).pieces(key, 1000))


def test_a_file_that_shrinks_after_opening_is_refused(tmp_path):
    folder = folder_of(tmp_path, ten_seconds())
    records = load(folder), load(folder)
    path = folder / "ECG_I.wav"
    path.write_bytes(path.read_bytes()[:2001])
    with pytest.raises(SourceChangedError, match=r"ECG_I\.wav.*changed since"):
        len(records[0]["ecg"])
    with pytest.raises(SourceChangedError, match=r"ECG_I\.wav.*changed since"):
        list(records[1].pieces("ecg", 100))


@pytest.mark.parametrize("tick", [1 << 60, -(1 << 60), (1 << 63) - 1])
def test_an_event_far_outside_of_any_record_is_refused_with_its_file(made, tick):
    data = struct.pack("<2q", tick, 1)
    record = load(made(changed(RR_interval__csv=None, RR_interval__hxd=data)))
    with pytest.raises(FileFormatError, match=r"record_77/RR_interval\.hxd: row 0"):
        len(record["rr_interval"])


def test_an_annotation_of_another_century_is_refused_with_its_file(made):
    notes = (
        b"uri,start_date,start,datatype,comment\r\n"
        b"/api/annotation/9/,x,906777876,215,b''\r\n"
    )
    path = made(changed(statistics__csv=statistics(notes=notes)))
    with pytest.raises(
        FileFormatError, match=r"statistics\.csv, annotations: .*906777876"
    ):
        load(path)


def test_reading_leaves_no_file_behind(made, tmp_path):
    path = made(ten_seconds())
    before = sorted(tmp_path.rglob("*"))
    load(path).load()
    list(load(path).pieces("ecg", 100))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_wrong_model_is_refused(made):
    path = made(changed(ECG_II__wav=wav([]), ECG_III__wav=wav([])))
    with pytest.raises(ConfigurationError, match="astroskin_1000"):
        load(path, model="astroskin_1000")
    with pytest.raises(ConfigurationError, match="unknown model"):
        load(path, model="garmin")
    assert load(path, model="CHA3000").family == "astroskin_256"


# -- finding records -------------------------------------------------------------------


def range_files(folders):
    return {
        f"{folder}/{name}": data
        for folder in folders
        for name, data in ten_seconds().items()
    }


def test_a_range_export_lists_its_records_and_part_picks_one(tmp_path):
    names = ["range_5/record_1", "range_5/record_2"]
    path = zip_of(tmp_path, range_files(names), folder="")
    assert list(archive.parts(path)) == ["record_1", "record_2"]
    with pytest.raises(
        ConfigurationError, match=r"x\.zip holds 2 records: record_1, record_2.*record="
    ):
        load(path)
    data = archive.read(path, ReadOptions(), part="record_2")
    assert (data.id, len(data["ecg"])) == (2, 2560)
    with pytest.raises(ConfigurationError, match=r"no record 'record_3'.*record_1"):
        archive.read(path, ReadOptions(), part="record_3")


def test_an_unpacked_range_export_lists_the_same_records(tmp_path):
    for name in ("record_1", "record_2"):
        folder_of(tmp_path / "range_5", ten_seconds(), name)
    assert list(archive.parts(tmp_path / "range_5")) == ["record_1", "record_2"]
    assert list(archive.parts(tmp_path)) == ["record_1", "record_2"]


@pytest.mark.parametrize("packed", [True, False])
def test_records_in_folders_of_the_same_name_are_all_found(tmp_path, packed):
    if packed:
        path = zip_of(tmp_path, range_files(["a/export", "b/export"]), folder="")
    else:
        path = tmp_path
        for name in ("a", "b"):
            folder_of(tmp_path / name, ten_seconds(), "export")
    assert list(archive.parts(path)) == ["a/export", "b/export"]
    assert len(archive.read(path, ReadOptions(), part="b/export")["ecg"]) == 2560


def test_files_at_the_top_of_a_zip_are_a_record(tmp_path):
    path = zip_of(tmp_path, ten_seconds(), folder="", name="record_9.zip")
    record = load(path)
    assert record.id == 9
    assert len(record["ecg"]) == 2560


@pytest.mark.parametrize(
    ("files", "is_export"),
    [
        ({}, False),
        ({"ECG_I.wav": wav([1])}, True),
        ({"RR_interval.hxd": bytes(16)}, True),
        ({"ECG_I.wav": b"no wav"}, False),
        ({"ECG_I.csv": b"0.0,1.0\n"}, False),
        ({"._RR_interval.hxd": b"\x00\x05\x16\x07"}, False),
        ({"notes.txt": b"RIFF"}, False),
    ],
)
def test_a_folder_is_an_export_by_what_its_files_hold(tmp_path, files, is_export):
    folder = folder_of(tmp_path, files)
    assert archive.sniff(folder) is is_export
    assert archive.sniff(tmp_path) is is_export
    if not is_export:
        with pytest.raises(FileFormatError, match="not a vendor export"):
            archive.parts(folder)


def test_a_zip_without_a_record_is_refused(tmp_path):
    path = zip_of(tmp_path, {"notes.txt": b"hello"})
    with pytest.raises(FileFormatError, match=r"x\.zip: not a vendor export"):
        load(path)


def test_an_empty_folder_is_no_export(tmp_path):
    assert archive.sniff(tmp_path) is False
    with pytest.raises(FileFormatError, match="expected WAV"):
        load(tmp_path)


def test_a_hostile_zip_is_refused_by_the_reader_too(tmp_path):
    path = zip_of(tmp_path, {**ten_seconds(), "../evil.wav": wav([1])})
    with pytest.raises(FileFormatError, match="points outside"):
        load(path)
    assert list(tmp_path.iterdir()) == [path]


# -- anything --------------------------------------------------------------------------

COUNTS = st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=300)


@given(
    counts=COUNTS,
    ticks=st.lists(st.integers(0, 256 * 40), max_size=20).map(sorted),
    rows=st.integers(1, 120),
)
def test_any_record_comes_back_sample_by_sample(counts, ticks, rows):
    lines = [f"{tick / 256},{at}" for at, tick in enumerate(ticks)]
    files = {
        "ECG_I.wav": wav(counts),
        "RR_interval.csv": events("RR_interval", 18, "s/256", lines),
        "info.json": info(),
    }
    with scratch() as parent:
        for path in (folder_of(parent, files), zip_of(parent, files)):
            record = load(path, scale="raw")
            ecg = record["ecg"]
            assert ecg["ecg_i"].tolist() == counts
            assert (ecg.index.asi8 // NS - START).tolist() == list(range(len(counts)))
            assert not (ecg.index.asi8 % NS).any()
            pieces = load(path, scale="raw").pieces("ecg", rows)
            assert_same(joined(pieces, ecg), ecg)
            beats = record["rr_interval"]
            assert (beats.index.asi8 // NS - START).tolist() == ticks
            assert beats["rr_interval"].tolist() == list(range(len(ticks)))


@contextlib.contextmanager
def scratch():
    folder = tempfile.mkdtemp()
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


@given(
    name=st.sampled_from(
        ["ECG_I.wav", "RR_interval.csv", "info.json", "statistics.csv"]
    ),
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, 60),
)
def test_any_damage_is_refused_as_such_or_harmless(name, places, cut):
    files = changed(statistics__csv=statistics(end=START + 2560))
    data = bytearray(files[name])
    for place, value in places:
        data[place % min(len(data), 200)] = value
    files[name] = bytes(data[: len(data) - cut])
    known = (FileFormatError, IncompleteDataError, TimestampError, ConfigurationError)
    with scratch() as parent, warnings.catch_warnings():
        warnings.simplefilter("ignore", SkippedChannelWarning)
        warnings.simplefilter("ignore", MissingFactsWarning)
        said = str(parent)
        try:
            load(folder_of(parent, files)).load()
        except known as error:
            said = str(error)
        assert str(parent) in said
