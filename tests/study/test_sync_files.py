"""Records come into a study from files: whole, once, and resumed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import hexoframe
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeWarning,
    IncompleteDataError,
    StorageError,
    UnknownChannelError,
)
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
SOME = ["ecg", "heart_rate", "breathing_rate"]
NUMBERS = [300_012, 300_013, 300_014, 20_240_301_220_000]


def export(path, **more):
    shirt = Shirt(**{"duration_s": 30, "record_id": 7, "seed": 3, **more})
    return write_export(wear(shirt), path, overwrite=True)


def test_records_of_a_study_are_those_of_their_files_to_the_last_bit(
    study, samples, differences
):
    assert list(study) == NUMBERS
    both = hexoframe.open_records(samples / "range_2records.zip")
    for number in (300_013, 300_014):
        assert differences(both[number], study[number]) == []
    one = hexoframe.open_record(samples / "astroskin_1000_1min.zip")
    assert differences(one, study[300_012]) == []


def test_what_a_record_says_of_itself_survives(study, samples):
    record = hexoframe.open_records(samples / "range_2records.zip")[300_013]
    kept = study[300_013]
    assert kept.info == record.info
    pd.testing.assert_frame_equal(kept.coverage(), record.coverage())
    pd.testing.assert_frame_equal(kept.wear(), record.wear())
    pd.testing.assert_frame_equal(kept.annotations, record.annotations)


def test_opening_a_record_reads_no_sample_and_its_channels_when_touched(study):
    record = study[300_013]
    assert not any(record.is_read(name) for name in record)
    assert len(record.heart_rate) == 30
    assert record.is_read("heart_rate")
    assert not record.is_read("ecg")


def test_some_channels_have_the_wear_of_the_whole(study):
    part = study.open(300_013, channels=["rr_interval", "rr_interval_quality"])
    assert list(part) == ["rr_interval", "rr_interval_quality"]
    pd.testing.assert_frame_equal(
        part.wear()[["start", "end", "worn"]],
        study[300_013].wear()[["start", "end", "worn"]],
    )
    with pytest.raises(UnknownChannelError, match="left out"):
        part["ecg"]


def test_other_programs_read_record_and_exact_times_from_the_files(study):
    where = Path(study.root)
    paths = study.paths("ecg")
    assert paths == [
        str(where / f"samples/channel=ecg/record={n}.parquet") for n in NUMBERS[:3]
    ]
    rows = duckdb.read_parquet(paths[1:])
    counts = dict(rows.aggregate("record, count(*)").fetchall())
    assert counts == {300_013: 30 * 256 - 16, 300_014: 30 * 256 - 16}
    frame = pl.read_parquet(paths[1])
    assert frame.schema["time"] == pl.Datetime("ns", "UTC")
    ticks = frame["time"].to_physical().to_numpy()
    assert (np.diff(ticks) == 3_906_250).all()
    # One constant column costs next to nothing.
    column = pq.read_metadata(paths[1]).row_group(0).column(2)
    assert column.path_in_schema == "record"
    assert column.total_compressed_size < 200


def test_a_channel_file_of_a_study_opens_alone(study):
    record = hexoframe.open_record(study.paths("heart_rate")[1])
    assert record.id == 300_013
    assert list(record.heart_rate.columns) == ["heart_rate"]
    assert record.heart_rate.equals(study[300_013].heart_rate)


def test_the_same_sync_again_takes_nothing_anew(study, samples, sync):
    before = {path: path.stat().st_mtime_ns for path in Path(study.root).rglob("*")}
    files = [samples / name for name in ("range_2records.zip", "hexoskin_10min.csv")]
    outcome = sync(study, files)
    assert outcome.unchanged == [300_013, 300_014, 20_240_301_220_000]
    assert (outcome.added, outcome.updated) == ([], [])
    after = {path: path.stat().st_mtime_ns for path in Path(study.root).rglob("*")}
    assert {p for p in after if after[p] != before.get(p)} <= {
        Path(study.root, ".scratch")
    }


def test_a_file_that_changed_replaces_its_record_and_what_was_computed_of_it(
    empty, tmp_path, sync
):
    export(tmp_path / "a.zip")
    export(tmp_path / "b.zip", record_id=8)
    sync(empty, tmp_path / "*.zip", channels=SOME)
    empty.map("coverage", workers=1, progress=False)
    export(tmp_path / "a.zip", seed=4)
    outcome = sync(empty, tmp_path / "*.zip", channels=SOME)
    assert (outcome.updated, outcome.unchanged) == ([7], [8])
    assert empty.results("coverage").records == [8]
    fresh = hexoframe.open_record(tmp_path / "a.zip")
    assert empty[7].ecg.equals(fresh.ecg)
    assert len(empty.verify(progress=False)) == 0


def test_a_zip_and_a_csv_of_the_same_minutes_are_one_record(
    empty, samples, tmp_path, sync
):
    for suffix in ("csv", "zip"):
        shutil.copy(samples / f"hexoskin_10min.{suffix}", tmp_path / f"a.{suffix}")
    outcome = sync(empty, tmp_path, channels=["heart_rate", "breathing_rate"])
    assert outcome.added == [300_010]
    row = empty.duplicates.iloc[0]
    assert (row["record"], row["how"]) == (300_010, "samples")
    assert row["source"] == str(tmp_path / "a.csv")
    again = sync(empty, tmp_path, channels=["heart_rate", "breathing_rate"])
    assert again.unchanged == [300_010]
    assert len(again.duplicates) == 1


def test_an_export_takes_the_place_of_its_csv_that_came_first(empty, samples, sync):
    some = ["heart_rate", "breathing_rate"]
    sync(empty, samples / "hexoskin_10min.csv", channels=some)
    assert list(empty) == [20_240_301_220_000]
    outcome = sync(empty, samples / "hexoskin_10min.zip", channels=some)
    assert list(empty) == [300_010]
    assert outcome.duplicates["source"].tolist() == [
        str(samples / "hexoskin_10min.csv")
    ]
    assert len(empty.verify(progress=False)) == 0


def test_two_recordings_of_one_id_are_not_mixed(empty, tmp_path, sync):
    export(tmp_path / "a" / "x.zip")
    sync(empty, tmp_path / "a")
    export(tmp_path / "b" / "x.zip", start=437_610_700_800 + 86_400 * 256)
    outcome = sync(empty, tmp_path / "b")
    assert outcome.failures["type"].tolist() == ["ConfigurationError"]
    assert "another recording" in outcome.failures["message"].iloc[0]
    assert empty[7].ecg.equals(hexoframe.open_record(tmp_path / "a" / "x.zip").ecg)


def test_an_export_that_is_there_twice_is_no_failure(empty, tmp_path, sync):
    path = export(tmp_path / "in" / "a.zip")
    shutil.copy(path, tmp_path / "in" / "b.zip")
    outcome = sync(empty, tmp_path / "in", channels=["heart_rate"])
    assert outcome.failures.empty
    assert outcome.added == [7]
    assert outcome.duplicates["source"].tolist() == [str(tmp_path / "in" / "b.zip")]


def test_files_that_were_moved_are_the_originals_still(empty, tmp_path, sync):
    export(tmp_path / "a" / "x.zip")
    sync(empty, tmp_path / "a", channels=["heart_rate"])
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert sync(empty, tmp_path / "b", channels=["heart_rate"]).updated == [7]
    assert sync(empty, tmp_path / "b", channels=["heart_rate"]).unchanged == [7]
    assert empty.duplicates.empty


def test_records_without_an_id_that_begin_in_one_second_are_two(
    empty, tmp_path, samples, sync
):
    shutil.copy(samples / "hexoskin_10min.csv", tmp_path / "a.csv")
    text = (samples / "hexoskin_10min.csv").read_text("utf-8").splitlines()
    # Half of it: another span, so another recording.
    (tmp_path / "b.csv").write_text("\n".join(text[:301]) + "\n", "utf-8")
    sync(empty, tmp_path)
    assert list(empty) == [20_240_301_220_000, 2_024_030_122_000_001]
    assert sync(empty, tmp_path).unchanged == [*empty]


def test_a_damaged_file_is_a_row_until_it_is_whole(empty, tmp_path, sync):
    path = export(tmp_path / "x" / "a.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (path.parent / "letter.txt").write_text("Dear Anna", "utf-8")
    for attempts in (1, 2):
        outcome = sync(empty, path.parent)
        (row,) = outcome.failures.to_dict("records")
        assert (row["source"], row["stage"]) == (str(path), "load")
        assert row["attempts"] == attempts
        assert outcome.ignored == 1
    assert len(empty.failures) == 1
    path.write_bytes(whole)
    assert sync(empty, path.parent).added == [7]
    assert len(empty.failures) == 0


def test_channels_that_come_later_join_those_that_are_there(empty, tmp_path, sync):
    path = export(tmp_path / "a.zip")
    sync(empty, path, channels=["heart_rate"])
    assert [*empty[7]] == ["heart_rate"]
    assert sync(empty, path, channels=["heart_rate"]).unchanged == [7]
    assert sync(empty, path, channels=["ecg"]).updated == [7]
    assert [*empty[7]] == ["ecg", "heart_rate"]
    assert sync(empty, path, waveforms=False).updated == [7]
    assert sync(empty, path, channels=["ecg", "activity"]).unchanged == [7]
    sync(empty, path)
    assert sync(empty, path, channels=["heart_rate"]).unchanged == [7]
    assert len([*empty[7]]) > 20


@pytest.mark.parametrize(
    ("what", "how", "said"),
    [
        ([7, "a.zip"], {}, "ids, or paths, but not both"),
        ("a.zip", {"user": 5}, "user= is a filter of the service"),
        ([7], {"user": 5}, "one or the other"),
        ("a.zip", {"channels": "ecg"}, r"give a list, \['ecg'\]"),
        (1.5, {}, "give ids, or paths"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(empty, sync, what, how, said):
    with pytest.raises((ConfigurationError, TypeError), match=said):
        sync(empty, what, **how)


# -- the root --------------------------------------------------------------------------


def test_a_root_that_is_no_study_says_what_it_holds(tmp_path, samples):
    with pytest.raises(ConfigurationError, match=r"is no study: it has no study\.json"):
        hexoframe.open_study(samples)
    new = hexoframe.open_study(tmp_path / "typo")
    assert "new" in repr(new)
    for ask in (new.table, new.verify, new.compact, lambda: new.map("wear")):
        with pytest.raises(ConfigurationError, match=r"there is no study at .*typo"):
            ask()
    assert not (tmp_path / "typo").exists()


def test_a_study_of_a_newer_version_is_not_touched(study):
    note = Path(study.root, "study.json")
    note.write_text(note.read_text("utf-8").replace('"version": 1', '"version": 9'))
    with pytest.raises(FileFormatError, match=r"version 9 .*upgrade with pip"):
        hexoframe.open_study(study.root)


def test_a_full_disk_loses_nothing_that_was_finished(
    empty, tmp_path, monkeypatch, sync
):
    for number in (7, 8, 9):
        export(tmp_path / "in" / f"{number}.zip", record_id=number, seed=number)
    usual, left = Path.replace, [3]

    def full(self, target):
        left[0] -= "record=8" in str(target)
        if left[0] == 0:
            raise OSError(28, os.strerror(28), str(target))
        return usual(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match=r"no space left.*same call goes on there"):
        sync(empty, tmp_path / "in", channels=SOME)
    monkeypatch.undo()
    kept = list(empty)
    assert kept == [7]
    outcome = sync(empty, tmp_path / "in", channels=SOME)
    assert (outcome.unchanged, outcome.added) == ([7], [8, 9])
    assert len(empty.verify(progress=False)) == 0
    assert not any(Path(empty.root, ".scratch").iterdir())


def test_what_a_killed_process_left_is_swept(study, samples, sync):
    scratch = Path(study.root, ".scratch")
    scratch.mkdir(exist_ok=True)
    host = os.uname().nodename.replace("_", ".")
    left = scratch / f"{host}-999999999-0123abcd"
    left.mkdir()
    mine = scratch / f"{host}-{os.getpid()}-0123abcd"
    mine.mkdir()
    sync(study, samples / "range_2records.zip")
    assert not left.exists()
    assert mine.exists()


# -- what is there ---------------------------------------------------------------------


def test_the_table_says_how_good_each_record_is_and_reads_no_sample(study):
    shutil.rmtree(Path(study.root, "samples"))
    table = study.table()
    assert list(table.index) == NUMBERS
    row = table.loc[300_013]
    assert row["model"] == "hexoskin"
    assert row["duration"] == pd.Timedelta("30s")
    assert row["worn"] == 1.0
    assert row["good_heart_rate"] == pytest.approx(19 / 30)
    assert row["coverage_ecg"] == pytest.approx((30 * 256 - 16) / (30 * 256))
    assert table.loc[NUMBERS[3]].isna()["coverage_ecg"]


def test_the_manifest_is_made_anew_of_the_receipts(study):
    table = study.table()
    manifest = Path(study.root, "manifest.parquet")
    for damage in (b"no Parquet", None):
        if damage is None:
            manifest.unlink()
        else:
            manifest.write_bytes(damage)
        again = hexoframe.open_study(study.root).table()
        pd.testing.assert_frame_equal(again, table)


def test_a_damaged_receipt_is_told_and_leaves_the_others(study):
    receipt = Path(study.root, "receipts", "300013.json")
    receipt.write_bytes(receipt.read_bytes().replace(b"hexoskin", b"hexoskim", 1))
    fresh = hexoframe.open_study(study.root)
    with pytest.warns(HexoframeWarning, match=r"300013 is left out.*SHA-256"):
        assert 300_013 not in fresh.table().index
    (fault,) = fresh.verify(progress=False).query(
        "record == 300013 and file.str.contains('receipts')"
    )["fault"]
    assert "SHA-256" in fault


def test_verify_finds_each_file_that_is_not_as_it_was_written(study):
    assert len(study.verify(progress=False)) == 0
    samples = Path(study.root, "samples")
    changed = samples / "channel=ecg" / "record=300013.parquet"
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    (samples / "channel=heart_rate" / "record=300014.parquet").unlink()
    shutil.copy(changed, samples / "channel=ecg" / "record=5.parquet")
    faults = study.verify(progress=False).set_index("record")["fault"]
    assert faults[300_013] == "is not what was written (SHA-256)"
    assert faults[300_014] == "is missing"
    assert "no receipt names it" in faults[5]
    with pytest.raises(FileFormatError, match="SHA-256"):
        _ = study[300_013].ecg
    with pytest.raises(IncompleteDataError, match="record 300014 are gone"):
        _ = study[300_014].heart_rate


def test_a_file_is_no_root_and_no_list_is_no_work(samples, empty, sync):
    with pytest.raises(ConfigurationError, match="is a file, and a study is a folder"):
        hexoframe.open_study(samples / "hexoskin_10min.zip")
    with pytest.raises(ConfigurationError, match="the root of a study is None"):
        hexoframe.open_study(None)
    assert sync(empty, []).added == []


def test_a_record_that_is_not_there_is_a_key_error(study):
    for key in (5, "abc"):
        with pytest.raises(KeyError):
            study[key]
    with pytest.raises(ConfigurationError, match="no record 5"):
        study.open(5)
    assert 300_013 in study
    assert study.get(5) is None


# -- subjects --------------------------------------------------------------------------


def test_subjects_come_by_record_or_by_user_and_stand_in_every_table(study, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("record;subject;group\n300013;S1;rest\n300014;S2;walk\n", "utf-8")
    study.subjects = path
    subjects = hexoframe.open_study(study.root).subjects
    assert subjects.loc[300_014].tolist() == ["S2", "walk"]
    assert subjects.loc[300_012].isna().all()
    assert study.table().columns[:2].tolist() == ["subject", "group"]
    study.subjects = pd.DataFrame({"user": [20_001], "subject": ["Anna"]})
    assert study.subjects["subject"].loc[300_012] == "Anna"
    assert pd.isna(study.subjects["subject"].loc[NUMBERS[3]])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": ["a"]}, "must be record .* user .* or email"),
        ({"record": [1, 1]}, "two rows of record 1"),
        ({"record": ["x"]}, "give whole numbers"),
        ({"user": [None]}, "no user"),
    ],
)
def test_subjects_that_fit_no_record_are_refused(study, table, said):
    with pytest.raises(ConfigurationError, match=said):
        study.subjects = pd.DataFrame(table)


def test_subjects_of_records_that_are_not_there_are_told(study):
    with pytest.warns(HexoframeWarning, match="record 3000013 of the subjects"):
        study.subjects = pd.DataFrame({"record": [3_000_013], "subject": ["S1"]})


# -- compaction ------------------------------------------------------------------------


def scanned(study, channel):
    rows = duckdb.read_parquet(study.paths(channel)).order("record, time").arrow()
    table = rows.read_all() if hasattr(rows, "read_all") else rows
    return table.to_pandas()


def test_compacted_files_hold_the_same_rows_one_row_group_a_record(study):
    before = scanned(study, "heart_rate")
    done = study.compact()
    assert done["heart_rate"] == 4
    assert "ecg" not in done
    paths = study.paths("heart_rate")
    # One part a family: the columns of a channel may differ between them.
    assert [Path(path).name for path in paths] == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    groups = sum(pq.read_metadata(path).num_row_groups for path in paths)
    assert groups == 4
    pd.testing.assert_frame_equal(scanned(study, "heart_rate"), before)
    written = {path: Path(path).stat().st_mtime_ns for path in paths}
    study.compact()
    assert {
        path: Path(path).stat().st_mtime_ns for path in study.paths("heart_rate")
    } == written


def test_records_that_came_since_are_read_once_from_files_of_their_own(
    study, tmp_path, sync
):
    study.compact()
    sync(study, export(tmp_path / "a.zip"))
    names = [Path(path).name for path in study.paths("heart_rate")]
    assert names == ["part-00000.parquet", "part-00001.parquet", "record=7.parquet"]
    study.compact()
    assert len(scanned(study, "heart_rate")["record"].unique()) == 5


def test_a_part_that_is_no_longer_true_is_left_out(study, tmp_path, sync):
    path = export(tmp_path / "a.zip")
    sync(study, path)
    study.compact()
    export(path, seed=4)
    sync(study, path)
    rows = scanned(study, "heart_rate")
    fresh = hexoframe.open_record(path).heart_rate
    found = rows.loc[rows["record"] == 7, "heart_rate"].to_numpy()
    np.testing.assert_array_equal(found, fresh["heart_rate"].to_numpy())
    assert rows["record"].nunique() == 5
