"""WFDB records, read by the places of their specification."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError, MissingFactsWarning
from tests.formats.shirts import START, made

pytestmark = [
    pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning"),
    pytest.mark.filterwarnings("ignore::hexoframe.errors.UnverifiedCalibrationWarning"),
]


def read(header):
    """The head, the lines of signals, and digital values by signal."""
    head, *lines = header.read_text().splitlines()
    lines = [line.split(" ", 8) for line in lines if not line.startswith("#")]
    data = header.with_suffix(".dat").read_bytes()
    bits = int(lines[0][1])
    if bits == 16:
        values = np.frombuffer(data, "<i2").astype(int)
    else:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(int)
        values = parts[:, 0] + (parts[:, 1] << 8) + (parts[:, 2] << 16)
        values -= (values >= 1 << 23) * (1 << 24)
    values = values.reshape(-1, len(lines))
    return head.split(), lines, {line[8]: values[:, n] for n, line in enumerate(lines)}


def test_a_record_a_rate_with_the_counts_of_the_recorder(tmp_path):
    record = made()
    folder = record.to_wfdb(tmp_path)
    assert folder == tmp_path / "record_77"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"record_77_{rate}hz.{end}"
        for rate in (1, 64, 128, 256)
        for end in ("hea", "dat")
    )
    head, lines, values = read(folder / "record_77_256hz.hea")
    assert head == [
        "record_77_256hz",
        "1",
        "256",
        "3072",
        "22:00:00.300781",
        "02/03/2024",
    ]
    assert lines[0][:5] == ["record_77_256hz.dat", "16", "156.25(1360)/mV", "16", "0"]
    raw = record.raw("ecg")["ecg_i"].to_numpy()
    assert (values["ECG_I"] == raw).all()
    assert int(lines[0][5]) == raw[0]
    assert (int(lines[0][6]) - int(raw.sum())) % (1 << 16) == 0
    head, lines, values = read(folder / "record_77_128hz.hea")
    assert lines[0][1:3] == ["24", "1.0(0)/count"]
    raw = record.raw("respiration")
    assert (values["respiration_thoracic"] == raw["respiration_thoracic"]).all()


def test_wfdb_found_these_values(tmp_path):
    """wfdb 4.3.1 read them: first, second and last value, and the checksums."""
    folder = made(4, holes=[("ecg", 1, 2.5)]).to_wfdb(tmp_path)
    read_ = {
        256: ([[-8.672], [-8.4352], [3.1744]], [9184]),
        128: ([[20, 21], [57, 58], [18_927, 18_928]], [768, 1280]),
        64: ([[-7.7578125] * 3, [-7.61328125] * 3, [-2.15234375] * 3], [12_800] * 3),
        1: ([[70], [77], [61]], [292]),
    }
    for rate, (rows, sums) in read_.items():
        _, lines, values = read(folder / f"record_77_{rate}hz.hea")
        assert [int(line[6]) for line in lines] == sums
        for place, (line, row) in enumerate(
            zip(lines, np.transpose(rows), strict=True)
        ):
            gain, zero = re.match(r"([\d.]+)\((-?\d+)\)", line[2]).groups()
            found = (values[lines[place][8]][[0, 1, -1]] - int(zero)) / float(gain)
            np.testing.assert_allclose(found, row, rtol=1e-12)


def test_the_exact_tick_of_the_first_sample_is_in_a_comment(tmp_path):
    folder = made().to_wfdb(tmp_path)
    for rate, late in ((256, 0), (1, 256)):
        text = (folder / f"record_77_{rate}hz.hea").read_text()
        assert f"first sample at tick {START + late} of 1/256 s" in text


def test_physical_values_follow_from_gain_and_baseline(tmp_path):
    record = made(family="astroskin_1000", start=1_709_330_400_077)
    for header in record.to_wfdb(tmp_path).glob("*.hea"):
        _, lines, values = read(header)
        for line in lines:
            gain, zero, unit = re.fullmatch(
                r"([\d.e-]+)\((-?\d+)\)/(.+)", line[2]
            ).groups()
            row = record.channel(line[8]).datatypes[0]
            assert unit == row.unit
            physical = (values[line[8]] - int(zero)) / float(gain)
            wanted = record[line[8]].iloc[:, 0].to_numpy()
            np.testing.assert_allclose(
                physical[: len(wanted)], wanted, rtol=1e-6, atol=1e-6
            )


def test_a_hole_holds_the_value_for_missing_samples(tmp_path):
    record = made(60, holes=[(None, 20, 30)])
    head, _, values = read(record.to_wfdb(tmp_path) / "record_77_256hz.hea")
    assert int(head[3]) == 60 * 256
    missing = values["ECG_I"] == -32768
    assert np.flatnonzero(missing).tolist() == list(range(20 * 256, 30 * 256))


def test_a_count_that_16_bits_keep_for_missing_ones_takes_24(tmp_path):
    record = made(3, names=("acceleration",))
    frame = record["acceleration"].copy()
    frame.iloc[5, 0] = -32768 / 256
    record = record.replace(acceleration=frame)
    _, lines, values = read(record.to_wfdb(tmp_path) / "record_77_64hz.hea")
    assert lines[0][1] == "24"
    assert values["acceleration_X"][5] == -32768


@pytest.mark.filterwarnings("default::hexoframe.errors.MissingFactsWarning")
def test_what_has_no_place_is_told(tmp_path):
    with pytest.warns(
        MissingFactsWarning, match="rr_interval, sdnn, ranges, annotations"
    ):
        made().to_wfdb(tmp_path)


def test_files_of_others_in_the_folder_stay(tmp_path):
    folder = made().to_wfdb(tmp_path)
    (folder / "mine.dat").write_bytes(b"mine")
    made(5).to_wfdb(tmp_path, overwrite=True, channels=["ecg"])
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["mine.dat", "record_77_256hz.dat", "record_77_256hz.hea"]


def test_nothing_to_write_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="none of these has a sample"):
        made().to_wfdb(tmp_path, channels=["rr_interval"])


def test_channels_of_a_rate_at_odds_are_refused(tmp_path):
    record = made(10, family="astroskin_256", names=("acceleration", "ppg"))
    ppg = record["ppg"].copy()
    ppg.index = (ppg.index + pd.Timedelta(3_906_250)).rename("time")
    with pytest.raises(ConfigurationError, match="begin at odds with each other"):
        record.replace(ppg=ppg).to_wfdb(tmp_path)


@pytest.mark.slow
def test_a_day_does_not_drift(tmp_path):
    record = made(86_400, names=("ecg",), facts=False)
    head, _, values = read(record.to_wfdb(tmp_path) / "record_77_256hz.hea")
    last = record["ecg"].index[-1]
    first = pd.Timestamp(f"2024-03-02T{head[4]}Z")
    found = (
        first
        + pd.Timedelta(seconds=(int(head[3]) - 1) // 256)
        + pd.Timedelta(255 * 3_906_250)
    )
    assert abs(found - last) < pd.Timedelta("1us")
    assert values["ECG_I"][-1] == record.raw("ecg").iloc[-1, 0]
