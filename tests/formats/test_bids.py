"""BIDS datasets: names, tables without a header, n/a for what is missing."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError, MissingFactsWarning, OutputExistsError
from hexoframe.formats.bids import write_study
from tests.formats.shirts import START, made

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


def physio(folder, rate, stem="sub-01_task-rest"):
    path = folder / f"{stem}_recording-{rate}hz_physio.tsv.gz"
    beside = path.with_name(path.name.replace(".tsv.gz", ".json"))
    told = json.loads(beside.read_text())
    text = gzip.decompress(path.read_bytes()).decode()
    table = pd.read_csv(
        io.StringIO(text),
        sep="\t",
        header=None,
        names=told["Columns"],
        na_values="n/a",
        keep_default_na=False,
    )
    return told, table, text


def test_a_table_a_rate_without_a_header_line(tmp_path):
    record = made()
    folder = record.to_bids(tmp_path, subject="01", task="rest")
    assert folder == tmp_path / "sub-01" / "beh"
    told, table, text = physio(folder, 256)
    assert text.splitlines()[0] == str(record["ecg"]["ecg_i"].to_numpy()[0])
    assert (told["SamplingFrequency"], told["StartTime"]) == (256, 0)
    assert told["ecg_i"] == {"Description": "ECG_I of the hexoskin", "Units": "mV"}
    assert (
        table["ecg_i"].astype(np.float32) == record["ecg"]["ecg_i"].to_numpy()
    ).all()
    told, table, _ = physio(folder, 1)
    assert told["StartTime"] == 1
    assert told["HexoframeFirstTick"] == START + 256
    assert table["heart_rate"].tolist() == record["heart_rate"]["heart_rate"].tolist()


def test_a_hole_is_rows_of_n_a(tmp_path):
    record = made(60, holes=[("respiration", 20, 30)])
    _, table, text = physio(record.to_bids(tmp_path, subject="01", task="rest"), 128)
    missing = table["respiration_thoracic"].isna()
    assert np.flatnonzero(missing).tolist() == list(range(20 * 128, 30 * 128))
    assert text.splitlines()[20 * 128] == "n/a\tn/a"


def test_events_are_in_a_table_with_a_header_and_exact_onsets(tmp_path):
    record = made()
    folder = record.to_bids(tmp_path, subject="01", task="rest")
    path = folder / "sub-01_task-rest_events.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    assert list(table) == ["onset", "duration", "trial_type", "value"]
    beats = table[table["trial_type"] == "RR_interval [s]"]
    seconds = (record["rr_interval"].index - record.start).total_seconds()
    assert beats["onset"].tolist() == [f"{at:.8f}".rstrip("0") for at in seconds]
    assert (
        beats["value"].astype(float).tolist()
        == record["rr_interval"].iloc[:, 0].tolist()
    )
    sleep = table[table["trial_type"] == "activity"].iloc[0]
    assert sleep.tolist() == ["0.390625", "3.125", "activity", "Sleep"]
    notes = table[table["trial_type"] == "note"]
    assert notes["value"].tolist() == ["up", "Grüße: 3 Äpfel"]
    assert table["onset"].astype(float).is_monotonic_increasing


def test_the_dataset_says_what_it_is_and_when_it_was_recorded(tmp_path):
    made().to_bids(tmp_path, subject="01", task="rest")
    described = json.loads((tmp_path / "dataset_description.json").read_text())
    assert described["BIDSVersion"] == "1.10.0"
    assert (tmp_path / "participants.tsv").read_text() == "participant_id\nsub-01\n"
    lines = (tmp_path / "sub-01" / "sub-01_scans.tsv").read_text().splitlines()
    assert lines[:2] == [
        "filename\tacq_time",
        "beh/sub-01_task-rest_recording-256hz_physio.tsv.gz\t2024-03-02T22:00:00.300781Z",
    ]


def test_another_subject_joins_and_the_own_words_of_a_table_stay(tmp_path):
    made().to_bids(tmp_path, subject="01", task="rest")
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-01\t33\n")
    (tmp_path / "dataset_description.json").write_text('{"Name": "mine"}')
    made(5).to_bids(tmp_path, subject="02", task="rest", session="a")
    text = (tmp_path / "participants.tsv").read_text()
    assert text == "participant_id\tage\nsub-01\t33\nsub-02\tn/a\n"
    assert (tmp_path / "dataset_description.json").read_text() == '{"Name": "mine"}'
    assert (tmp_path / "sub-02" / "ses-a" / "sub-02_ses-a_scans.tsv").exists()


def test_a_run_replaces_its_own_files_alone(tmp_path):
    for run in (1, 11):
        made().to_bids(tmp_path, subject="01", task="rest", run=run)
    with pytest.raises(OutputExistsError):
        made(5).to_bids(tmp_path, subject="01", task="rest", run=1)
    few = made(5, names=("ecg",), facts=False)
    folder = few.to_bids(tmp_path, subject="01", task="rest", run=1, overwrite=True)
    names = [path.name for path in folder.iterdir()]
    assert sum("_run-1_" in name for name in names) == 2
    assert sum("_run-11_" in name for name in names) == 10


def test_a_study_numbers_the_recordings_of_a_subject(tmp_path):
    subjects = pd.DataFrame(
        {"age": [41, 29, 50], "sex": ["F", "M", "F"]}, ["a", "b", "c"]
    )
    pairs = [("b", made(5)), ("a", made(6)), ("b", made(7, start=START + 9999))]
    assert (
        write_study(pairs, tmp_path / "out", participants=subjects) == tmp_path / "out"
    )
    text = (tmp_path / "out" / "participants.tsv").read_text()
    assert text == "participant_id\tage\tsex\nsub-b\t29\tM\nsub-a\t41\tF\n"
    found = sorted((tmp_path / "out").rglob("*_recording-256hz_physio.json"))
    assert [path.name.split("_recording")[0] for path in found] == [
        "sub-a_task-recording_run-1",
        "sub-b_task-recording_run-1",
        "sub-b_task-recording_run-2",
    ]
    scans = pd.read_csv(tmp_path / "out" / "sub-b" / "sub-b_scans.tsv", sep="\t")
    assert scans["acq_time"].nunique() == 2


def test_the_same_record_gives_the_same_bytes(tmp_path):
    one, two = (
        made().to_bids(tmp_path / name, subject="01", task="rest") for name in "ab"
    )
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_nothing_names_a_person_or_a_device(tmp_path):
    record = made()
    record.facts.info.update(user_id=987654321, email="a@b.c", device="HXSN-1")
    record.to_bids(tmp_path, subject="01", task="rest")
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            assert not any(word in data for word in (b"987654321", b"a@b.c", b"HXSN"))


@pytest.mark.parametrize(
    "how",
    [
        {"subject": "a b"},
        {"task": "at_rest"},
        {"session": ""},
        {"run": 0},
        {"run": "1"},
    ],
)
def test_labels_with_other_signs_are_refused(tmp_path, how):
    with pytest.raises(ConfigurationError, match=r"letters and digits|a number from 1"):
        made(3).to_bids(tmp_path, **how)
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_place_is_told(tmp_path, samples):
    import hexoframe

    record = hexoframe.open_record(
        samples / "hexoskin_10min.zip", channels=["heart_rate"]
    )
    with pytest.warns(MissingFactsWarning, match="left out, .*: statistics"):
        record.to_bids(tmp_path)
