"""What frames may take: a day that is flat opens, a bomb does not."""

from __future__ import annotations

import json
import struct
import zipfile

import pytest

import hexoframe
from hexoframe.errors import FileFormatError, MissingFactsWarning
from hexoframe.formats.memory import check_memory
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import parquet

DAY = 86_400
START = 426_906_774_784  # 2022-11-04T23:29:49Z


def test_a_day_without_any_signal_is_a_recording():
    rates = [256, 256, 256, 128, 128, 64, 64, 64, *[1] * 15]
    check_memory("day", 200_000, [(rate * DAY, 4) for rate in rates])
    # Two days of noise of an accelerometer that lies still: 86 bytes a second.
    check_memory("two", 2 * DAY * 86, [(rate * 2 * DAY, 4) for rate in rates])


def test_more_than_a_recording_of_that_size_is_refused():
    rows = 250_000_000
    with pytest.raises(FileFormatError, match=r"762,000 bytes would unpack .*3,000,0"):
        check_memory("bomb.zip", 762_000, [(rows, 4)])


def forged(path, members):
    """Write a ZIP whose table of contents promises other sizes than it holds."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("record_77/info.json", json.dumps({"start": START}))
        for name, (data, told) in members.items():
            made.writestr(f"record_77/{name}", data)
            made.filelist[-1].file_size = told
    return path


def wav_head(samples, rate=256):
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVE" + head + b"data" + struct.pack("<I", 2 * samples)
    return b"RIFF" + struct.pack("<I", len(body) + 2 * samples) + body


def test_waveforms_that_would_fill_the_memory_are_refused_before_they_are_read(
    tmp_path,
):
    samples = 200_000_000
    told = 44 + 2 * samples
    names = ("ECG_I.wav", "ECG_II.wav", "ECG_III.wav")
    path = forged(
        tmp_path / "a.zip", {name: (wav_head(samples), told) for name in names}
    )
    with pytest.raises(FileFormatError, match=r"would unpack to frames of 4,000,000"):
        hexoframe.open_record(path)


def test_a_packed_text_that_is_a_bomb_is_refused(tmp_path):
    for name in ("RR_interval.csv", "statistics.csv"):
        path = forged(tmp_path / f"{name}.zip", {name: (b"a" * 9000, 300 << 20)})
        with pytest.raises(FileFormatError, match=rf"{name}' would unpack from"):
            hexoframe.open_record(path)
    path = forged(tmp_path / "in.zip", {"inner.zip": (b"PK\3\4" * 9, 400 << 20)})
    with pytest.raises(FileFormatError, match=r"inner.zip' would unpack"):
        hexoframe.open_record(path)


def test_statistics_of_many_megabytes_are_left_out(tmp_path, samples):
    with zipfile.ZipFile(samples / "hexoskin_10min.zip") as packed:
        packed.extractall(tmp_path)
    (folder,) = (path.parent for path in tmp_path.rglob("info.json"))
    (folder / "statistics.csv").write_bytes(b"uri," * (2 << 20))
    with pytest.warns(MissingFactsWarning, match=r"8,388,608 bytes, expected at most"):
        assert hexoframe.open_record(folder).id is not None


def test_a_parquet_file_that_unpacks_to_a_bomb_is_refused(tmp_path, samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=["cadence"])
    folder = record.to_parquet(tmp_path)
    path = folder / "manifest.json"
    held = json.loads(path.read_text())
    held["channels"]["cadence"] |= {"rows": 400_000_000, "step": None}
    del held["sha256"]  # that of the manifest itself
    path.write_text(json.dumps(held))
    with pytest.raises(FileFormatError, match=r"frames of 6,400,000,000 bytes"):
        parquet.read(folder, ReadOptions())
