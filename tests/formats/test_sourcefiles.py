"""Files of an open record: what happens when they move, change or are replaced."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

import hexoframe
from hexoframe.errors import HexoframeError, SourceChangedError
from hexoframe.formats.sourcefiles import SourceFiles

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.MissingFactsWarning",
    "ignore::hexoframe.errors.SkippedChannelWarning",
)
CHANNELS = ["heart_rate", "breathing_rate", "rr_interval"]
INFO = b'{"start": 426906774784}'
KINDS = ("export", "zip", "parquet", "csv", "txt", "converter", "dashboard")


def wav(value):
    body = np.full(20, value, "<i2").tobytes()
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 1, 2, 2, 16)
    whole = b"WAVE" + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def seconds(value):
    """Return twenty lines of the converter."""
    lines = (f"{at}.000000,{value}.000\n" for at in range(1, 21))
    return "time [s],heart_rate [bpm]\n" + "".join(lines)


def write_export(folder, value):
    folder.mkdir(parents=True)
    (folder / "heart_rate.wav").write_bytes(wav(value))
    (folder / "breathing_rate.wav").write_bytes(wav(value))
    (folder / "info.json").write_bytes(INFO)
    return folder


def write_zip(folder, value):
    made = write_export(folder / "record_1", value)
    with zipfile.ZipFile(folder / "record.zip", "w") as archive:
        for path in made.iterdir():
            archive.write(path, f"record_1/{path.name}")
    return folder / "record.zip"


def write_converter(folder, value):
    folder.mkdir(parents=True)
    (folder / "heart_rate.csv").write_text(seconds(value))
    breaths = seconds(value).replace("heart_rate [bpm]", "breathing_rate [rpm]")
    (folder / "breathing_rate.csv").write_text(breaths)
    (folder / "info.json").write_bytes(INFO)
    return folder


def write_dashboard(folder, value):
    folder.mkdir(parents=True)
    start = 426_906_774_784
    rows = (f"{start + 256 * at},{value},{value}\n" for at in range(1, 21))
    head = (
        "time [s/256],heart_rate [bpm](/api/datatype/19/),"
        "breathing_rate [rpm](/api/datatype/33/)\n"
    )
    (folder / "record-1.csv").write_text(head + "".join(rows))
    return folder / "record-1.csv"


def write(kind, folder, value):
    """Write a recording whose heart rate and breathing rate are one value."""
    made = {
        "export": write_export,
        "zip": write_zip,
        "converter": write_converter,
        "dashboard": write_dashboard,
    }
    if kind in made:
        return made[kind](folder, value)
    record = hexoframe.open_record(write_export(folder / "source", value))
    return getattr(record, f"to_{kind}")(folder / "out")


def value_of(record, name):
    (value,) = set(record[name].iloc[:, 0])
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_can_be_read_after_the_process_moved_to_another_folder(
    kind, tmp_path, monkeypatch
):
    place = write(kind, tmp_path / "a", 60)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(place.parent)
    record = hexoframe.open_record(place.name)
    records = hexoframe.open_records(place.name)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert value_of(record, "heart_rate") == 60
    assert value_of(next(iter(records.values())), "breathing_rate") == 60


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["renamed", "written over"])
def test_a_record_never_joins_the_samples_of_two_recordings(kind, how, tmp_path):
    place, other = write(kind, tmp_path / "a", 60), write(kind, tmp_path / "b", 90)
    record = hexoframe.open_record(place)
    part = record.between(None, record.end)
    assert value_of(record, "heart_rate") == 60
    if how == "renamed":
        place.rename(tmp_path / "old")
        other.rename(place)
    elif place.is_dir():
        for path in other.iterdir():
            shutil.copyfile(path, place / path.name)
    else:
        shutil.copyfile(other, place)
    if kind == "dashboard":  # was read whole when it was opened
        assert value_of(record, "breathing_rate") == 60
        return
    for one in (record, part):
        with pytest.raises(SourceChangedError, match="open the record again") as caught:
            one["breathing_rate"]
        assert isinstance(caught.value, HexoframeError)
        assert str(place) in str(caught.value)
        with pytest.raises(SourceChangedError, match="replaced or changed"):
            list(one.pieces("breathing_rate"))
    assert value_of(record, "heart_rate") == 60  # was read before
    assert value_of(hexoframe.open_record(place), "breathing_rate") == 90


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dashboard"])
def test_a_file_that_is_gone_is_named_with_the_way_out(kind, tmp_path):
    place = write(kind, tmp_path / "a", 60)
    record = hexoframe.open_record(place)
    place.rename(tmp_path / "old")
    with pytest.raises(SourceChangedError, match=r"is gone since.*open the record aga"):
        record["breathing_rate"]


def test_what_lies_beside_the_samples_may_change(tmp_path):
    place = write("export", tmp_path / "a", 60)
    (place / "notes.txt").write_text("one")
    record = hexoframe.open_record(place)
    (place / "notes.txt").write_text("another note")
    (place / "new.txt").write_text("a new one")
    assert value_of(record, "heart_rate") == 60


def test_parquet_that_was_written_again_with_the_same_samples_is_the_same(tmp_path):
    place = write("parquet", tmp_path / "a", 60)
    record = hexoframe.open_record(place)
    shutil.copytree(place, tmp_path / "copy")
    shutil.rmtree(place)
    (tmp_path / "copy").rename(place)
    assert value_of(record, "breathing_rate") == 60


def test_one_parquet_file_is_watched_without_a_manifest(tmp_path):
    place = write("parquet", tmp_path / "a", 60) / "heart_rate.parquet"
    other = write("parquet", tmp_path / "b", 90) / "heart_rate.parquet"
    record = hexoframe.open_record(place)
    other.replace(place)
    with pytest.raises(SourceChangedError, match="replaced or changed"):
        record["heart_rate"]


def test_a_change_while_a_channel_is_streamed_is_noticed(tmp_path):
    place = write("csv", tmp_path / "a", 60)
    pieces = hexoframe.open_record(place).pieces("heart_rate", 5)
    next(pieces)
    with (place / "heart_rate.csv").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(SourceChangedError, match=r"heart_rate\.csv"):
        list(pieces)


def test_a_change_that_keeps_size_and_time_is_told_by_the_inode(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (one, two):
        path.write_bytes(b"same")
        os.utime(path, ns=(0, 0))
    files = SourceFiles([one, Path("nowhere")])
    files._check([one, Path("nowhere")])
    two.replace(one)
    with pytest.raises(SourceChangedError, match="one was replaced"):
        files._check([one])
