"""Opening of files: what opens, as what, and what is left out and why."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe import formats, open_record, open_records
from hexoframe.channels import datatypes_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    HexoframeWarning,
    IncompleteDataError,
    MissingFactsWarning,
    MissingSamplesWarning,
    UnknownChannelError,
)
from hexoframe.formats.archive.container import ZipFolder
from hexoframe.recording import scales
from hexoframe.simulator.export import (
    Quirks,
    write_dashboard,
    write_export,
    write_range_export,
)
from hexoframe.simulator.shirt import Shirt, wear

EXPORTS = ("hexoskin-256696", "hexoskin-258583", "astroskin-122445")
START = 426_906_774_784  # 2022-11-04T23:29:49Z
NS = 3_906_250


def wav(counts, rate=1, *, promised=None):
    body = np.asarray(counts, dtype="<i2").tobytes()
    size = len(body) if promised is None else 2 * promised
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    whole = b"WAVE" + head + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def files(*, rate=60, **info):
    """Return a tiny export: ten seconds of one heart rate, which tells it apart."""
    facts = {"start": START, **info}
    return {
        "heart_rate.wav": wav(np.full(10, rate)),
        "RR_interval.csv": (
            b"time [s],RR_interval [s/256](/api/datatype/18/)\r\n0.5,0\r\n1.5,256\r\n"
        ),
        "info.json": json.dumps(facts).encode(),
    }


def folder_of(parent, name, **facts):
    folder = parent / name
    folder.mkdir(parents=True)
    for member, data in files(**facts).items():
        (folder / member).write_bytes(data)
    return folder


def zip_of(path, folders):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as packed:
        for folder, facts in folders.items():
            for member, data in files(**facts).items():
                packed.writestr(f"{folder}/{member}" if folder else member, data)
    return path


def first_rate(record):
    return record["heart_rate"].iloc[0, 0]


def reasons(records, root):
    """Skipped paths below a root, with the reasons."""
    assert list(records.skipped.columns) == ["path", "reason", "foreign"]
    return {
        Path(row.path).relative_to(root).as_posix(): row.reason
        for row in records.skipped.itertuples()
    }


# -- one record ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPORTS)
def test_a_real_export_opens_as_folder_and_as_zip(real_data, tmp_path, name):
    folder = real_data / "exports" / name
    path = tmp_path / "download.bin"  # what a file is called says nothing
    with zipfile.ZipFile(path, "w") as packed:
        for item in folder.iterdir():
            packed.write(item, f"record_1/{item.name}")
    one, other = open_record(folder), open_record(str(path))
    assert list(one) == list(other)
    assert one.id == other.id == int(name.rpartition("-")[2])
    for key in ("ecg", "heart_rate", "rr_interval", "device_position"):
        np.testing.assert_array_equal(one[key].index.asi8, other[key].index.asi8)
        np.testing.assert_array_equal(one[key].to_numpy(), other[key].to_numpy())
        assert one[key].attrs == other[key].attrs
    assert {type(one), type(other)} == {hexoframe.Record}


def test_every_export_of_the_folder_is_found(real_data):
    records = open_records(real_data / "exports")
    assert sorted(records) == ["122445", "256696", "258583"]
    assert records.skipped.empty
    assert len(records[256696]["ecg"]) == 559_312


def test_a_dashboard_file_opens_beside_exports(real_data):
    records = open_records(real_data / "dashboard")
    assert sorted(records) == ["241834", "range-2453736-G01-45359"]
    assert records.skipped.empty


@pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning")
@pytest.mark.parametrize(
    ("family", "quirks"),
    [
        ("hexoskin", Quirks()),
        ("hexoskin", Quirks(lengths_differ=True)),
        ("hexoskin", Quirks(hxd=True, info=False, deflate=False)),
        ("astroskin_256", Quirks(dialect="2017", lengths_differ=True)),
        ("astroskin_256", Quirks(dialect="2017", statistics=False, hxd=True)),
        ("astroskin_1000", Quirks()),
        ("astroskin_1000", Quirks(statistics=False)),
    ],
)
@pytest.mark.parametrize("layout", ["zip", "folder"])
def test_what_a_shirt_recorded_is_what_its_export_opens_as(
    tmp_path, family, quirks, layout
):
    worn = wear(Shirt(family=family, duration_s=90, seed=3, presses=(5.0,)))
    path = write_export(worn, tmp_path / "x", layout=layout, quirks=quirks)
    record = open_record(path, units="raw")
    assert record.family == family
    assert record.start_tick == worn.shirt.start
    rows = {row.api_name: row for row in datatypes_of(family)}
    ns = 1_000_000_000 // worn.clock
    filled = {name: counts for name, counts in worn.sampled.items() if len(counts)}
    for name, counts in filled.items():
        values = record[rows[name].column].iloc[:, 0].dropna()
        # Where lengths differ, it is by at most a sample or an eighth of a second.
        kept = min(len(values), len(counts))
        assert kept >= len(counts) - max(1, worn.clock // 8)
        assert quirks.lengths_differ or kept == len(values) == len(counts)
        np.testing.assert_array_equal(values.to_numpy()[:kept], counts[:kept])
        ticks = worn.ticks(name)[:kept]
        np.testing.assert_array_equal(values.index.asi8[:kept], ticks * ns)
    for name in ("RR_interval", "step", "inspiration"):
        ticks, values = worn.events[name]
        frame = record[name]
        np.testing.assert_array_equal(frame.index.asi8, ticks * ns)
        np.testing.assert_array_equal(frame.iloc[:, 0], values)


def test_the_arguments_reach_the_reader(tmp_path):
    path = folder_of(tmp_path, "record_7", rate=71)
    assert list(open_record(path, channels=["hr"])) == ["heart_rate"]
    assert open_record(path, units="raw").units["heart_rate"] == "count"
    with pytest.warns(HexoframeWarning, match=r"record 7 .*'CHA3000'.* none of .*ppg"):
        assert open_record(path, model="CHA3000").family == "astroskin_256"
    with pytest.raises(ConfigurationError, match="units='mV'"):
        open_record(path, units="mV")
    (path / "info.json").unlink()
    with pytest.raises(FileFormatError, match="start="):
        open_record(path)
    start = pd.Timestamp("2022-11-04T23:29:49Z")
    record = open_record(path, start=start, model="hexoskin")
    assert (record.start, record.start_tick) == (start, START)


def test_a_partial_source_opens_only_on_request(tmp_path):
    path = folder_of(tmp_path, "record_7")
    (path / "heart_rate.wav").write_bytes(wav(np.full(4, 60), promised=10))
    with pytest.raises(IncompleteDataError, match=r"heart_rate\.wav holds 4 of 10"):
        open_record(path)
    with pytest.warns(MissingSamplesWarning):
        record = open_record(path, allow_partial=True)
    assert record.coverage().loc["heart_rate", "lost"] == 6


# -- what opens as nothing -------------------------------------------------------------


def test_a_path_that_does_not_exist_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x\.zip does not exist") as caught:
        open_record(tmp_path / "x.zip")
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("wrong", [12345, None, ["a.zip", "b.zip"]])
def test_what_is_no_path_is_told_where_it_belongs(wrong):
    with pytest.raises(ConfigurationError, match=r"load_record\(\).*open_records\(\)"):
        open_record(wrong)


def test_an_empty_folder_is_refused_as_such(tmp_path):
    with pytest.raises(FileFormatError, match="an empty folder; expected one of"):
        open_record(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("x.zip", b"", "an empty file"),
        (
            "x.txt",
            b"Dear diary,\nnothing to record today.\n",
            "a text that begins with 'Dear diary,'",
        ),
        ("x.csv", b"name,age\nAnn,5\n", "a text that begins with 'name,age'"),
        (
            "x.csv",
            b"time;heart_rate [bpm]\n1;70\n",
            "an aligned file (rate=) is for other",
        ),
        ("x.csv", b'\xef\xbb\xbf"time","ecg_i"\r\n1,7\r\n', "not read back"),
        ("x.txt", "\ufefftime\tecg_i\r\n".encode("utf-16-le"), "not read back"),
        ("x.csv", b"\x00\xff\xfe\x01" * 100, "a file of no known kind"),
        ("x.json", b'{"start": 5}', "a JSON file"),
        ("x.wav", wav([1, 2, 3]), "one WAV file of an export; open its folder"),
        ("x.png", b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_what_was_found(
    tmp_path, name, data, found
):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FileFormatError) as caught:
        open_record(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert found in message
    assert "vendor export (ZIP or folder)" in message
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_of_other_things_is_refused_with_their_names(tmp_path):
    for name in ("b.txt", "a.png"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(FileFormatError, match=r"no recording \(a\.png, b\.txt"):
        open_record(tmp_path)


def test_a_cut_zip_is_refused_as_a_cut_zip(tmp_path):
    path = zip_of(tmp_path / "x.zip", {"record_7": {}})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileFormatError, match=r"x\.zip.*cut: fetch it again"):
        open_record(path)


def test_a_folder_without_permission_is_an_error_that_names_it():
    user = os.geteuid() if hasattr(os, "geteuid") else None
    list(formats.readers())  # modules are imported before the rights are gone
    parent = Path(tempfile.mkdtemp())
    try:
        parent.chmod(0o755)
        locked = folder_of(parent, "record_7")
        folder_of(parent, "record_8", rate=88)
        locked.chmod(0)
        if user == 0:
            os.seteuid(65534)
        if os.access(
            locked, os.R_OK, effective_ids=os.access in os.supports_effective_ids
        ):
            pytest.skip("nothing is locked for this user")
        with pytest.raises((PermissionError, FileFormatError), match="record_7"):
            open_record(locked)
        records = open_records(parent)
        assert list(records) == ["8"]
        assert first_rate(records["8"]) == 88
        assert list(reasons(records, parent)) == ["record_7"]
        assert "ermission" in reasons(records, parent)["record_7"]
    finally:
        if user == 0:
            os.seteuid(0)
        locked.chmod(0o755)
        shutil.rmtree(parent)


@pytest.mark.skipif(
    not os.path.exists("/proc/self/mem"),  # noqa: PTH110
    reason="no file here that cannot be read",
)
def test_a_file_that_the_disk_does_not_give_is_an_error_that_names_it():
    with pytest.raises(FileFormatError, match=r"mem cannot be read \(input/output err"):
        open_record("/proc/self/mem")


@pytest.mark.parametrize("field", [30, 32])  # lengths of extra field and comment
def test_a_member_that_swallows_the_next_ones_is_an_error(tmp_path, field):
    path = zip_of(tmp_path / "x.zip", {"record_7": {}})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    data[first + field] = data.index(b"PK\x01\x02", first + 1) - first
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="table of contents"):
        open_record(path)


def test_the_members_of_a_zip_are_listed_a_few_times_however_many_there_are(
    tmp_path, monkeypatch
):
    listed = []
    sizes = ZipFolder.sizes
    monkeypatch.setattr(
        ZipFolder, "sizes", lambda self: listed.append(1) or sizes(self)
    )
    counts = []
    for more in (5, 300):
        path = zip_of(tmp_path / f"{more}.zip", {"record_7": {}})
        with zipfile.ZipFile(path, "a") as packed:
            for number in range(more):
                packed.writestr(f"record_7/{number}.json", b"")
        listed.clear()
        open_record(path)
        counts.append(len(listed))
    assert counts[0] == counts[1]


# -- several records -------------------------------------------------------------------


def range_zip(path):
    return zip_of(
        path,
        {
            "range_5/record_1": {"rate": 61},
            "range_5/record_2": {"rate": 62},
            "range_5/record_30": {"rate": 63},
        },
    )


def test_an_export_of_several_records_is_refused_with_their_names(tmp_path):
    path = range_zip(tmp_path / "x.zip")
    with pytest.raises(ConfigurationError) as caught:
        open_record(path)
    message = str(caught.value)
    for word in (
        "3 records",
        "record_1, record_2, record_30",
        "open_records",
        "record=",
    ):
        assert word in message


@pytest.mark.parametrize("record", [2, "2", "record_2"])
def test_one_of_several_records_is_picked_by_folder_or_id(tmp_path, record):
    path = range_zip(tmp_path / "x.zip")
    assert first_rate(open_record(path, record=record)) == 62
    with pytest.raises(ConfigurationError, match=r"no record.*record_1, record_2"):
        open_record(path, record=4)


def test_a_record_that_a_file_does_not_hold_is_not_given_another(tmp_path):
    worn = wear(Shirt(duration_s=60, record_id=12))
    path = write_dashboard(worn, tmp_path / "record-12.csv")
    assert open_record(path, record=12).id == 12
    with pytest.raises(ConfigurationError, match="13"):
        open_record(path, record=13)


def test_records_of_a_range_are_a_mapping_from_id(tmp_path):
    records = open_records(range_zip(tmp_path / "x.zip"))
    assert list(records) == ["1", "2", "30"]
    assert len(records) == 3
    assert records.skipped.empty
    assert {key: first_rate(record) for key, record in records.items()} == {
        "1": 61,
        "2": 62,
        "30": 63,
    }
    assert records[30].id == records["30"].id == 30
    assert 30 in records
    assert "30" in records
    assert 4 not in records
    with pytest.raises(KeyError):
        records[4]
    assert "3 records: 1, 2, 30; 0 skipped" in repr(records)


def test_a_range_export_of_shirts_gives_each_of_them(tmp_path):
    worn = [wear(Shirt(duration_s=30, seed=n, record_id=n)) for n in (4, 5)]
    path = write_range_export(worn, tmp_path / "x.zip", range_id=9)
    records = open_records(path, units="raw")
    assert list(records) == ["4", "5"]
    for one in worn:
        rate = records[one.shirt.record_id]["heart_rate"]["heart_rate"]
        np.testing.assert_array_equal(rate, one.sampled["heart_rate"])


def test_records_are_read_when_they_are_touched(tmp_path):
    records = open_records(range_zip(tmp_path / "x.zip"), channels=["heart_rate"])
    record = records[2]
    assert list(record) == ["heart_rate"]
    assert not record.is_read("heart_rate")
    assert first_rate(record) == 62
    assert record.is_read("heart_rate")


def test_everything_below_a_folder_is_found_whatever_it_is(tmp_path):
    folder_of(tmp_path / "a", "record_1", rate=61)
    folder_of(tmp_path / "b" / "c" / "d", "record_2", rate=62)
    zip_of(tmp_path / "record_3.zip", {"record_3": {"rate": 63}})
    zip_of(tmp_path / "b" / "range.zip", {"r/record_4": {}, "r/record_5": {}})
    write_dashboard(
        wear(Shirt(duration_s=60, record_id=6)), tmp_path / "b" / "record-6.csv"
    )
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.zip").write_bytes(b"PK\x03\x04")
    records = open_records(tmp_path)
    assert sorted(records) == ["1", "2", "3", "4", "5", "6"]
    assert list(reasons(records, tmp_path)) == ["notes.txt"]


def test_a_zip_inside_the_folder_of_a_record_is_not_lost(tmp_path):
    folder = folder_of(tmp_path, "record_1", rate=61)
    zip_of(folder / "record_2.zip", {"record_2": {"rate": 62}})
    folder_of(folder / "more", "record_3", rate=63)
    with pytest.warns(hexoframe.errors.SkippedChannelWarning, match=r"record_2\.zip"):
        records = open_records(tmp_path)
    assert sorted(records) == ["1", "2", "3"]


def test_folders_of_the_same_name_are_all_found(tmp_path):
    folder_of(tmp_path / "ann", "export", rate=61)
    folder_of(tmp_path / "bob", "export", rate=62)
    records = open_records(tmp_path)
    assert len(records) == 2
    assert records.skipped.empty
    assert sorted(map(first_rate, records.values())) == [61, 62]
    path = zip_of(tmp_path / "z" / "x.zip", {"a/e": {"rate": 1}, "b/e": {"rate": 2}})
    assert list(map(first_rate, open_records(path).values())) == [1, 2]


def test_what_cannot_be_opened_is_listed_with_path_and_reason(tmp_path):
    folder_of(tmp_path, "record_1")
    (tmp_path / "letter.txt").write_text("Dear Ann")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    broken = folder_of(tmp_path, "record_2")
    (broken / "info.json").write_text("[]")
    short = folder_of(tmp_path, "record_3")
    (short / "heart_rate.wav").write_bytes(wav([60], promised=10))
    zip_of(tmp_path / "evil.zip", {"../record_4": {}})
    records = open_records(tmp_path)
    assert list(records) == ["1"]
    found = reasons(records, tmp_path)
    expected = {
        "cut.zip": "cut",
        "evil.zip": "points outside",
        "letter.txt": "Dear Ann",
        "record_2": "expected an object, found []",
        "record_3": "1 of 10 samples",
    }
    assert found.keys() == expected.keys()
    for name, words in expected.items():
        assert words in found[name]
        assert name in found[name]
    assert "5 skipped" in repr(records)
    assert str(records.skipped["path"].dtype) == "string"
    foreign = records.skipped.loc[records.skipped["foreign"], "path"]
    assert list(foreign) == [str(tmp_path / "letter.txt")]


def test_what_is_no_recording_is_told_from_what_is_a_damaged_one(tmp_path):
    export = zip_of(tmp_path / "x.zip", {"record_1": {"rate": 61}}).read_bytes()
    damaged = {
        "cut.zip": export[: len(export) // 2],
        "no_begin.zip": export[9:],
        "cut_and_renamed": export[: len(export) // 2],
        "empty.txt": b"",
        "ticks.txt": b"437610700800\t1\n",
        "times.txt": b"2024:03:01\t22:00:00:000000\t1\n",
        "values.csv": b"0.004,12\n",
        "ecg.csv": b"time,ecg_i\n2024-03-01T22:00:00Z,1\n",
        "dashboard.csv": b"x;time [s/256],heart_rate [bpm](/api/datatype/19/)\n1,2\n",
        "ecg.parquet": b"PAR1 and no more",
        "HR.wav": b"RIFF and no more",
        "zeros.wav": bytes(99),
    }
    others = {
        "README.md": b"# About",
        "list.md": b"1. Ann\n2. Bob\n",
        "registry.txt": b"9f59e6246b13a858 a.zip\n",
        "people.csv": b"name,age\nAnn,40\n",
        "photo.jpg": b"\xff\xd8\xff\xe0",
        "participants.json": b"{}",
    }
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
    others["people.xlsx"] = sheet.getvalue()
    for name, content in (damaged | others).items():
        # Each in a folder of its own: in one, some would be files of one recording.
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / name).write_bytes(content)
    skipped = open_records(tmp_path / "in").skipped
    found = {
        Path(row.path).relative_to(tmp_path / "in").parts[0]: row.foreign
        for row in skipped.itertuples()
    }
    assert found == dict.fromkeys(damaged, False) | dict.fromkeys(others, True)


def test_a_record_that_is_there_twice_is_opened_once_and_said_to_be(tmp_path):
    folder_of(tmp_path, "record_1", rate=61)
    zip_of(tmp_path / "x.zip", {"record_1": {"rate": 61}})
    records = open_records(tmp_path)
    assert list(records) == ["1"]
    (reason,) = reasons(records, tmp_path).values()
    assert "record 1 was already found in" in reason
    assert str(tmp_path / "record_1") in reason


def test_a_shorter_copy_of_a_record_says_how_much_it_lacks(tmp_path):
    folder_of(tmp_path, "record_1")
    short = folder_of(tmp_path / "z", "record_1")
    (short / "heart_rate.wav").write_bytes(wav([60] * 4))
    records = open_records(tmp_path)
    assert list(records) == ["1"]
    (reason,) = reasons(records, tmp_path).values()
    assert "record 1 was already found in" in reason
    assert reason.endswith("this one is 6 s shorter")


def test_one_id_with_two_starts_is_two_records(tmp_path):
    folder_of(tmp_path / "a", "record_1", rate=61)
    second = folder_of(tmp_path / "b", "record_1", rate=62, start=START + 256 * 3600)
    # The same recording twice is skipped, whichever of the two it is.
    folder_of(tmp_path / "c", "record_1", rate=62, start=START + 256 * 3600)
    records = open_records(tmp_path)
    assert list(records) == ["1", f"1 in {second / 'record_1'}"]
    assert [first_rate(record) for record in records.values()] == [61, 62]
    assert [record.id for record in records.values()] == [1, 1]
    (reason,) = reasons(records, tmp_path).values()
    assert f"record 1 was already found in {second}" in reason


def test_placeholders_alone_are_no_empty_folder(tmp_path):
    (tmp_path / ".ECG_I.wav.icloud").write_bytes(b"bplist00")
    with pytest.raises(FileFormatError, match=r"1 placeholders .*in the cloud"):
        open_record(tmp_path)


def test_a_glob_picks_files_and_folders(tmp_path):
    zip_of(tmp_path / "a" / "one.zip", {"record_1": {}})
    zip_of(tmp_path / "b" / "c" / "two.zip", {"record_2": {}})
    folder_of(tmp_path / "b", "record_3")
    assert list(open_records(f"{tmp_path}/*/*.zip")) == ["1"]
    assert list(open_records(tmp_path / "b" / "record_*")) == ["3"]
    assert sorted(open_records(f"{tmp_path}/**/*.zip")) == ["1", "2"]
    # A pattern that meets the same file in two ways finds it once.
    everything = open_records(f"{tmp_path}/**")
    assert sorted(everything) == ["1", "2", "3"]
    assert everything.skipped.empty
    with pytest.raises(FileNotFoundError, match="nothing matches"):
        open_records(f"{tmp_path}/*.parquet")


def test_a_name_with_the_signs_of_a_pattern_is_a_name_first(tmp_path):
    zip_of(tmp_path / "[x]" / "a.zip", {"record_1": {}})
    assert list(open_records(tmp_path / "[x]")) == ["1"]


def test_a_folder_without_records_is_an_empty_mapping(tmp_path):
    records = open_records(tmp_path)
    assert len(records) == 0
    assert records.skipped.empty
    assert "0 records: none" in repr(records)


@pytest.mark.skipif(os.name == "nt", reason="no symbolic links without rights")
def test_links_that_lead_in_circles_end(tmp_path):
    folder_of(tmp_path / "a", "record_1")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a" / "record_1")
    records = open_records(tmp_path)
    assert list(records) == ["1"]


def test_a_link_that_leads_nowhere_is_listed(tmp_path):
    (tmp_path / "gone.zip").symlink_to(tmp_path / "nowhere.zip")
    records = open_records(tmp_path)
    assert list(reasons(records, tmp_path)) == ["gone.zip"]


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
def test_pipes_and_links_in_circles_are_left_out_of_a_tree_with_a_warning(tmp_path):
    folder = folder_of(tmp_path, "record_1")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero.zip").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.csv")
    os.mkfifo(folder / "ECG_I.wav")
    (folder / "manifest.json").symlink_to("manifest.json")
    with pytest.warns(HexoframeWarning, match=r"left out: .*\(and 2 more") as caught:
        records = open_records(tmp_path)
    assert len(caught) == 1
    assert list(records) == ["1"]
    assert set(reasons(records, tmp_path)) == {
        "loop",
        "pipe.csv",
        "zero.zip",
    }
    assert len(records[1]["heart_rate"]) == 10


# -- hexoframe's own formats -----------------------------------------------------------


@pytest.fixture(scope="module")
def worn():
    return wear(Shirt(duration_s=60, seed=8, record_id=21, presses=(3.0,)))


@pytest.fixture
def original(worn, tmp_path):
    return open_record(write_export(worn, tmp_path / "source.zip"))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_its_own_formats_are_told_apart_and_hold_the_same(original, tmp_path, kind):
    path = getattr(original, f"to_{kind}")(tmp_path / "out")
    again = open_record(path)
    assert list(again) == list(original)
    for name in original:
        one, other = original[name], again[name]
        np.testing.assert_array_equal(one.index.asi8, other.index.asi8)
        assert list(one.dtypes) == list(other.dtypes)
        np.testing.assert_array_equal(one.to_numpy(), other.to_numpy())
    assert again.id == 21
    pd.testing.assert_frame_equal(again.annotations, original.annotations)


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_a_classic_text_folder_is_told_apart(original, tmp_path):
    path = original.to_txt(tmp_path / "out")
    again = open_record(path)
    np.testing.assert_array_equal(
        again["heart_rate"].to_numpy(), original["heart_rate"].to_numpy()
    )
    np.testing.assert_array_equal(again["ecg"].index.asi8, original["ecg"].index.asi8)


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_one_folder_of_every_format_gives_every_record(tmp_path):
    worn = {n: wear(Shirt(duration_s=60, record_id=n)) for n in range(31, 36)}
    write_export(worn[31], tmp_path / "a.zip")
    write_export(worn[32], tmp_path / "b", layout="folder")
    write_dashboard(worn[33], tmp_path / "record-33.csv")
    zipped = open_record(write_export(worn[34], tmp_path.parent / "d.zip"))
    zipped.to_parquet(tmp_path / "d")
    other = open_record(write_export(worn[35], tmp_path.parent / "e.zip"))
    other.to_csv(tmp_path / "e")
    records = open_records(tmp_path)
    assert sorted(records) == ["31", "32", "33", "34", "35"]
    assert records.skipped.empty, records.skipped.to_dict()
    for key, record in records.items():
        rate = record["heart_rate"]["heart_rate"].dropna()
        held = worn[int(key)].sampled["heart_rate"]
        np.testing.assert_array_equal(rate, held[: len(rate)])


# -- anything --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes_are_refused_by_name_and_nothing_is_left_behind(tmp_path, seed):
    dice = np.random.default_rng(seed)
    heads = [
        b"",
        b"PK\x03\x04",
        b"PAR1",
        b"RIFF",
        b"time [s],",
        b"{",
        b"4269067747",
        b"\t",
    ]
    data = heads[seed % len(heads)] + dice.bytes(int(dice.integers(0, 300)))
    name = ["x.zip", "ecg.txt", "ECG_I.csv", "x.parquet", "metadata.json"][seed % 5]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(HexoframeError, match=r"x\.zip|ecg\.txt|ECG_I|parquet|metadata"):
        open_record(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_channel_that_was_left_out_is_an_error_and_not_an_empty_frame(samples):
    record = hexoframe.open_record(
        samples / "hexoskin_10min.zip", channels=["ecg", "ptt"]
    )
    for view in (record, record.between(None, None), record.tz_convert("Asia/Tokyo")):
        assert list(view) == ["ecg", "ptt"]
        with pytest.raises(UnknownChannelError, match="heart_rate was left out"):
            view["heart_rate"]
        with pytest.raises(AttributeError, match="left out by channels="):
            view.heart_rate  # noqa: B018
        with pytest.raises(UnknownChannelError, match="left out"):
            view.to_frame("1s", channels=["cadence"])
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip")
    assert whole["batt"].empty  # the export lacks it, and nobody left it out


def test_a_folder_of_recordings_points_to_open_records(samples, tmp_path):
    for name in ("a.zip", "b.zip"):
        shutil.copy(samples / "hexoskin_10min.zip", tmp_path / name)
    with pytest.raises(
        FileFormatError, match=r"recordings \(a\.zip, b\.zip\).*open_rec"
    ):
        open_record(tmp_path)


@pytest.mark.parametrize("verb", ["to_parquet", "to_csv", "to_txt"])
def test_the_folder_that_one_recording_was_written_into_opens_it(
    samples, tmp_path, verb
):
    record = open_record(samples / "hexoskin_10min.zip", channels=["heart_rate"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFactsWarning)
        getattr(record, verb)(tmp_path / "out")
    assert open_record(tmp_path / "out").heart_rate.equals(record.heart_rate)
    (tmp_path / "out" / "notes.md").write_text("my notes")
    assert len(open_record(tmp_path / "out").heart_rate)


@pytest.mark.parametrize(("count", "more"), [(3, None), (12, "and 2 more")])
def test_a_folder_of_several_recordings_names_them(tmp_path, count, more):
    names = [f"record_{number:02}" for number in range(count)]
    head = "time [s/256],heart_rate [bpm](/api/datatype/19/)\n"
    for name in names:
        (tmp_path / f"{name}.csv").write_text(f"{head}{START},60\n{START + 256},61\n")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(FileFormatError, match="holds recordings") as caught:
        open_record(tmp_path)
    text = str(caught.value)
    assert [name for name in names if name in text] == names[:10]
    assert ("more" in text) is (more is not None)
    assert more is None or more in text


def test_a_model_that_an_export_bears_out_is_not_doubted(samples):
    path = samples / "astroskin_2min.zip"
    assert open_record(path, model="CHA3000").family == "astroskin_256"
    path = samples / "hexoskin_10min.zip"
    assert open_record(path, model="hexoskin").family == "hexoskin"


def test_a_csv_of_ours_is_told_from_its_folder(samples, tmp_path, monkeypatch):
    record = open_record(samples / "hexoskin_10min.zip", channels=["heart_rate"])
    folder = record.to_csv(tmp_path)
    aligned = record.to_csv(tmp_path / "1s.csv", rate="1s")
    assert aligned.read_text().startswith("time,heart_rate [bpm]\n")
    with pytest.raises(FileFormatError, match=r"one file of a recording.*record_3"):
        open_record(folder / "heart_rate.csv")
    # In the folder of the process a path has no parent to be seen.
    monkeypatch.chdir(folder)
    with pytest.raises(FileFormatError) as caught:
        open_record("heart_rate.csv")
    assert f"open its folder {folder} instead" in str(caught.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileFormatError, match=r"metadata\.json, and an aligned file"):
        open_record("1s.csv")
    assert len(open_record(folder)["heart_rate"]) == len(record["heart_rate"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"channels": []}, "at least one"), ({"tz": "Montreal"}, "zone")],
)
def test_arguments_that_mean_nothing_are_refused(samples, wrong, said):
    with pytest.raises(HexoframeError, match=said):
        open_record(samples / "hexoskin_10min.zip", **wrong)


def _writers(record, where, **more):
    return {
        "txt": lambda: record.to_txt(where, **more),
        "csv": lambda: record.to_csv(where, **more),
        "aligned": lambda: record.to_csv(where / "one.csv", rate="1s", **more),
        "parquet": lambda: record.to_parquet(where, **more),
        "mat": lambda: record.to_mat(where / "one.mat", **more),
    }


@pytest.mark.parametrize("kind", ["txt", "csv", "aligned", "parquet", "mat"])
@pytest.mark.parametrize(("channels", "said"), [("ecg", "list"), ([], "at least one")])
def test_no_writer_takes_a_name_for_a_list(samples, tmp_path, kind, channels, said):
    record = open_record(samples / "hexoskin_10min.zip")
    with pytest.raises(ConfigurationError, match=said):
        _writers(record, tmp_path, channels=channels)[kind]()
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
@pytest.mark.parametrize("kind", ["txt", "csv", "aligned", "parquet", "mat"])
def test_a_tilde_is_the_home_for_every_reader_and_writer(
    samples, tmp_path, monkeypatch, kind
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copy(samples / "hexoskin_10min.zip", tmp_path)
    record = open_record("~/hexoskin_10min.zip", channels=["heart_rate", "step"])
    assert len(open_records("~/*.zip")) == len(open_records("~")) == 1
    path = _writers(record, Path("~"))[kind]()
    assert path.exists()
    assert path.is_relative_to(tmp_path)


def _touch_all(samples, _):
    record = open_record(samples / "astroskin_1000_1min.zip")
    return dict(record.items())


def _lose_samples(_, tmp_path):
    folder = folder_of(tmp_path, "record_1")
    cut = files()["heart_rate.wav"][:-4]
    (folder / "heart_rate.wav").write_bytes(cut)
    return open_record(folder, allow_partial=True)


def _say_a_model(samples, _):
    return open_record(samples / "hexoskin_10min.zip", model="CHA3000")


def _write_text(samples, tmp_path):
    return open_record(samples / "hexoskin_10min.csv").to_txt(tmp_path)


def _align(samples, _):
    return open_record(samples / "hexoskin_10min.zip").to_frame(channels=["rmssd"])


def _leave_out(_, tmp_path):
    folder = folder_of(tmp_path, "record_1")
    (folder / "strange.wav").write_bytes(wav([1]))
    return open_record(folder)


@pytest.mark.parametrize(
    "do", [_touch_all, _lose_samples, _say_a_model, _write_text, _align, _leave_out]
)
def test_a_warning_points_at_the_line_of_the_caller(do, samples, tmp_path, monkeypatch):
    monkeypatch.setattr(scales, "_warned", set())
    with pytest.warns(HexoframeWarning) as told:
        do(samples, tmp_path)
    begin = do.__code__.co_firstlineno
    for warning in told:
        assert warning.filename == __file__
        assert begin < warning.lineno <= begin + 4


# -- open files and addresses ----------------------------------------------------------


class Pipe:
    """A binary file that cannot be rewound, as the answer of a server."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.mark.parametrize("name", ["hexoskin_10min.zip", "hexoskin_10min.csv"])
@pytest.mark.parametrize("make", [io.BytesIO, Pipe, "file", "at its end"])
def test_an_open_binary_file_is_read_like_its_path(samples, name, make, differences):
    path, some = samples / name, ["heart_rate", "rr_interval"]
    data = path.read_bytes()
    if make == "file":
        stream = path.open("rb")
    elif make == "at its end":
        stream = io.BytesIO()
        stream.write(data)
    else:
        stream = make(data)
    record = open_record(stream, channels=some)
    if make == "file":
        stream.close()
    whole = open_record(path, channels=some)
    assert differences(record, whole) == []
    assert all(record.is_read(name) for name in record)
    assert record.info["provenance"] == whole.info["provenance"]
    assert record.coverage().equals(whole.coverage())


def test_an_open_file_may_be_packed_or_one_channel(samples, tmp_path):
    data = (samples / "hexoskin_10min.csv").read_bytes()
    whole = open_record(samples / "hexoskin_10min.csv").heart_rate
    assert open_record(io.BytesIO(gzip.compress(data))).heart_rate.equals(whole)
    record = open_record(samples / "hexoskin_10min.zip", channels=["heart_rate"])
    one = record.to_parquet(tmp_path) / "heart_rate.parquet"
    alone = open_record(io.BytesIO(one.read_bytes()))
    assert alone.heart_rate.equals(record.heart_rate)
    text = b"437588582400\t70\n437588582656\t71\n"
    with pytest.raises(FileFormatError, match=r"such as ecg\.txt"):
        open_record(io.BytesIO(text))
    named = io.BytesIO(text)
    named.name = "somewhere/heartrate.txt"
    assert len(open_record(named, model="hexoskin").heart_rate) == 2


def test_several_records_in_an_open_file_are_told_by_record(samples):
    data = (samples / "range_2records.zip").read_bytes()
    with pytest.raises(ConfigurationError, match=r"the open file holds 2 records"):
        open_record(io.BytesIO(data))
    some = open_record(io.BytesIO(data), record=300_013, channels=["heart_rate"])
    assert some.id == 300_013


@pytest.mark.parametrize(
    ("stream", "error", "message"),
    [
        (io.BytesIO(b"hello"), FileFormatError, "the open file: a text .*as a ZIP, a"),
        (io.BytesIO(b""), FileFormatError, "the open file: an empty file"),
        (io.BytesIO(b"PK\3\4cut"), FileFormatError, "the open file: a ZIP without"),
        (io.StringIO("a"), ConfigurationError, "open for text.*'rb'"),
        (b"PK", ConfigurationError, r"io\.BytesIO\(content\)"),
    ],
)
def test_an_open_file_that_is_no_recording_says_what_is_taken(stream, error, message):
    with pytest.raises(error, match=message) as caught:
        open_record(stream)
    assert tempfile.gettempdir() not in str(caught.value)


@pytest.mark.parametrize("open_it", [open_record, open_records])
def test_an_address_is_refused_with_the_way_out_and_without_its_secrets(open_it):
    with pytest.raises(ConfigurationError, match="is an address, not") as no:
        open_it("https://me:pw@host.test:8443/a/b.zip?token=abc#x")
    assert "https://host.test/a/b.zip" in str(no.value)
    assert not [word for word in ("pw", "abc", "me:") if word in str(no.value)]


# -- twice in one folder ---------------------------------------------------------------


def test_a_recording_that_is_there_twice_without_a_common_id_is_told(samples, tmp_path):
    for suffix in ("csv", "zip"):
        shutil.copy(samples / f"hexoskin_10min.{suffix}", tmp_path / f"a.{suffix}")
    with pytest.warns(HexoframeWarning, match=r"a\.csv is the same .* record 300010"):
        records = open_records(tmp_path)
    # Both are there: which one counts is for the caller to say.
    assert len(records) == 2
    (row,) = records.duplicates.to_dict("records")
    assert row == {
        "path": str(tmp_path / "a.csv"),
        "part": "",
        "kept": "300010",
        "how": "samples",
        "left_out": False,
    }
    place = records.place("300010")
    assert place == (tmp_path / "a.zip", "record_300010", 300_010)


def test_a_record_that_is_there_twice_with_its_id_is_a_duplicate_too(samples, tmp_path):
    for name in ("a.zip", "b.zip"):
        shutil.copy(samples / "astroskin_1000_1min.zip", tmp_path / name)
    records = open_records(tmp_path)
    (row,) = records.duplicates.to_dict("records")
    assert (row["path"], row["how"]) == (str(tmp_path / "b.zip"), "id")
    assert (row["part"], row["kept"], row["left_out"]) == (
        "record_300012",
        "300012",
        True,
    )
    assert records.damaged().empty


def test_a_study_in_a_folder_is_left_whole(samples, tmp_path):
    study = hexoframe.open_study(tmp_path / "study")
    study.sync(samples / "astroskin_1000_1min.zip", channels=["heart_rate"])
    shutil.copy(samples / "range_2records.zip", tmp_path)
    records = open_records(tmp_path)
    assert [*records] == ["300013", "300014"]
    assert "is a study: open_study" in records.skipped["reason"].iloc[0]
    with pytest.raises(FileFormatError, match=r"open it with open_study\(\)"):
        open_record(tmp_path / "study")
