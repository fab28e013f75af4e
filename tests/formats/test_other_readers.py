"""EDF, WFDB and BIDS as the programs of others read them, where these are installed.

    python -m venv readers && readers/bin/pip install -e ".[readers]"
    readers/bin/python -m pytest -m slow -p no:cacheprovider \
        --confcutdir=tests/formats tests/formats/test_other_readers.py

HEXOFRAME_REAL_DATA names the folder of real exports; without it the samples alone are
read. What these programs found, with their versions, stands in edf/test_writer.py and
test_wfdb.py and is held there by every run of the suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.formats.bids import write_study
from tests.formats.shirts import START, made

pytestmark = [
    pytest.mark.slow,
    # Readers warn of their own future, and hexoframe of scales.
    pytest.mark.filterwarnings("ignore"),
]
WHY = "{} is not installed: see the head of this file"
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
REAL = Path(os.environ.get("HEXOFRAME_REAL_DATA", "none")) / "exports"
SOURCES = sorted([*SAMPLES.glob("*min.zip"), *REAL.glob("*skin-*")])


def reader(name):
    return pytest.importorskip(name, reason=WHY.format(name))


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


@pytest.fixture
def record(source):
    return hexoframe.open_record(source)


def columns(record, label):
    """Physical values, counts and shift of the column that a signal holds."""
    key = label.partition(":")[0]
    channel = record.channel(key)
    (row,) = channel.datatypes
    values = record[key].iloc[:, 0].to_numpy()
    counts = record.raw(key).iloc[:, 0].to_numpy(np.float64)
    return row, values, counts


def test_edfio_reads_counts_values_start_and_annotations(record, tmp_path):
    edfio = reader("edfio")
    file = edfio.read_edf(record.to_edf(tmp_path / "a.edf"))
    assert file.reserved == "EDF+C"
    for signal in file.signals:
        row, values, counts = columns(record, signal.label)
        shift = 32_768 if not row.signed and signal.digital_min < 0 else 0
        known = ~np.isnan(values)
        n = len(values)
        digital = signal.digital[:n].astype(int)
        assert (digital[known] + shift == counts[known]).all(), signal.label
        wanted = counts * row.gain + row.offset
        np.testing.assert_allclose(signal.data[:n][known], wanted[known], atol=1e-9)
    start = pd.Timestamp(f"{file.startdate}T{file.starttime}Z")
    assert abs(start - record.start) < pd.Timedelta("1us")
    beats = [each for each in file.annotations if each.text.startswith("RR_interval ")]
    onsets = (record["rr_interval"].index - record.start).total_seconds()
    np.testing.assert_allclose([beat.onset for beat in beats], onsets, atol=1e-9)


def test_pyedflib_reads_the_same(record, tmp_path):
    pyedflib = reader("pyedflib")
    file = pyedflib.EdfReader(str(record.to_edf(tmp_path / "a.edf")))
    for place, label in enumerate(file.getSignalLabels()):
        row, values, counts = columns(record, label)
        shift = 32_768 if not row.signed and file.getDigitalMinimum(place) < 0 else 0
        known = ~np.isnan(values)
        n = len(values)
        digital = file.readSignal(place, digital=True)[:n]
        assert (digital[known] + shift == counts[known]).all(), label
        wanted = counts * row.gain + row.offset
        physical = file.readSignal(place)[:n]
        np.testing.assert_allclose(physical[known], wanted[known], atol=1e-9)
    # In units of 100 ns, cut.
    part = record.start_tick % record.clock
    assert file.starttime_subsecond == part * 10**7 // record.clock
    onsets, _, texts = file.readAnnotations()
    beats = np.char.startswith(texts.astype(str), "RR_interval ")
    wanted = (record["rr_interval"].index - record.start).total_seconds()
    np.testing.assert_allclose(onsets[beats], wanted, atol=2e-7)
    file.close()


def test_mne_reads_the_same_in_volts(record, tmp_path):
    mne = reader("mne")
    path = record.to_edf(tmp_path / "a.edf", channels=["ecg"])
    raw = mne.io.read_raw_edf(path, verbose="error")
    for label in raw.ch_names:
        row, values, counts = columns(record, label)
        found = raw.get_data(picks=[label])[0][: len(values)]
        known = ~np.isnan(values)
        wanted = (counts * row.gain + row.offset) / 1000
        np.testing.assert_allclose(found[known], wanted[known], atol=1e-12)
    assert raw.info["sfreq"] == record.channel("ecg").rate_hz
    # It drops the fraction of the start, which the own annotation and edfio keep.
    assert raw.info["meas_date"] == record.start.floor("s").to_pydatetime()


def test_mne_sees_as_bad_what_is_filled(tmp_path):
    mne = reader("mne")
    record = made(60, holes=[("ecg", 20, 30), ("ecg", 40, 40.5)])
    path = record.to_edf(tmp_path / "a.edf", gaps="fill", channels=["ecg"])
    raw = mne.io.read_raw_edf(path, verbose="error")
    bad = [each for each in raw.annotations if each["description"].startswith("BAD_")]
    assert [(each["onset"], each["duration"]) for each in bad] == [(20, 10), (40, 0.5)]
    kept = raw.get_data(reject_by_annotation="omit")[0]
    assert len(kept) == len(record["ecg"])


def test_wfdb_reads_equal_physical_values(record, tmp_path):
    wfdb = reader("wfdb")
    for header in record.to_wfdb(tmp_path).glob("*.hea"):
        found = wfdb.rdrecord(str(header.with_suffix("")))
        first = record[found.sig_name[0]].index[0]
        stated = pd.Timestamp(found.base_datetime, tz="UTC")
        assert abs(stated - first) < pd.Timedelta("1us")
        for place, name in enumerate(found.sig_name):
            row, values, counts = columns(record, name)
            n = len(values)
            assert (np.isnan(found.p_signal[:n, place]) == np.isnan(values)).all()
            assert np.isnan(found.p_signal[n:, place]).all()
            wanted = counts * row.gain + row.offset
            np.testing.assert_allclose(
                found.p_signal[:n, place], wanted, rtol=1e-14, atol=1e-14
            )


def test_wfdb_does_not_drift_over_a_day(tmp_path):
    wfdb = reader("wfdb")
    record = made(86_400, names=("ecg",), facts=False)
    folder = record.to_wfdb(tmp_path)
    found = wfdb.rdrecord(str(folder / "record_77_256hz"))
    assert (found.fs, found.sig_len) == (256, 86_400 * 256)
    last = pd.Timestamp(found.base_datetime, tz="UTC") + pd.Timedelta(
        (found.sig_len - 1) * 3_906_250
    )
    assert abs(last - record["ecg"].index[-1]) < pd.Timedelta("1us")
    assert START + found.sig_len - 1 == record.end_tick - 1
    np.testing.assert_allclose(found.p_signal[:, 0], record["ecg"]["ecg_i"], atol=1e-6)


def test_the_validator_of_bids_finds_no_error(tmp_path):
    beside = Path(sys.executable).with_name("bids-validator-deno")
    program = str(beside) if beside.exists() else shutil.which("bids-validator-deno")
    if program is None:
        pytest.skip(WHY.format("bids-validator-deno"))
    pairs = [
        (f"{number:02d}", hexoframe.open_record(path))
        for number, path in enumerate(SOURCES)
    ]
    pairs += [("00", made(60, holes=[(None, 20, 30)]))]
    subjects = pd.DataFrame({"age": 30}, [subject for subject, _ in pairs[:-1]])
    dataset = write_study(pairs, tmp_path / "out", participants=subjects)
    made().to_bids(dataset, subject="x", session="1", task="rest")
    done = subprocess.run(
        [program, "--ignoreWarnings", str(dataset)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BIDS compatible" in done.stdout + done.stderr
