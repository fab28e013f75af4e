"""Beats of the device beside those of the ECG."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear

pytest.importorskip("sleepecg", reason="the extra ecg is not installed")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    shirt = Shirt(seed=2, duration_s=900, activity="rest", lead_off=((400, 60),))
    path = tmp_path_factory.mktemp("check") / "a.zip"
    return hexoframe.open_record(write_export(wear(shirt), path)).load()


def test_a_device_that_is_right_matches_without_offset(record):
    table = record.check_beats()
    assert (table["device"] == table["waveform"]).all()
    assert (table["matched"] == table["device"]).all()
    for name in ("extra", "missed", "offset_ms", "jitter_ms"):
        assert (table[name] == 0).all()
    assert (table[["matched_share", "good_matched_share"]] == 1).all(axis=None)
    # A minute without contact, in whole seconds, and one around it.
    assert table["note"].tolist() == ["", "sensor off 21 %", ""]
    assert table["judged_share"].iloc[1] == pytest.approx(1 - 62.6 / 300, abs=1.1 / 300)


def test_beats_that_were_moved_added_and_lost_are_told(record):
    beats = record.beats()
    rows = np.arange(100, 110)
    times = beats.index.to_series()
    # 10 ticks later (39 ms), 25 ticks later (98 ms); one lost, one too many.
    times.iloc[100] += pd.Timedelta(10 * 3_906_250, unit="ns")
    times.iloc[102] += pd.Timedelta(25 * 3_906_250, unit="ns")
    table = pd.DataFrame(index=pd.DatetimeIndex(times)).drop(index=times.iloc[104])
    extra = times.iloc[106] + pd.Timedelta(100 * 3_906_250, unit="ns")
    table = pd.concat([table, pd.DataFrame(index=[extra])]).sort_index()
    edited = record.replace(beats=table)
    (row,) = edited.check_beats(None).to_dict("records")
    (right,) = record.check_beats(None).to_dict("records")
    assert row["extra"] == 2
    assert row["missed"] == 2
    assert row["matched"] == right["matched"] - 2
    assert row["device"] == right["device"]
    assert row["jitter_ms"] == pytest.approx(
        39.0625 / np.sqrt(row["matched"]), rel=0.01
    )
    each = edited.check_beats("beat")
    found = each[each.index >= times.iloc[rows[0] - 1]].iloc[:12]
    assert found["match"].tolist() == [
        "matched", "matched", "matched", "missed", "extra", "matched", "missed",
        "matched", "matched", "extra", "matched", "matched",
    ]  # fmt: skip
    assert found["offset_ms"].iloc[1] == -39.0625
    # Each beat of the device, in order, and those that it missed.
    assert len(each) == len(edited.beats()) + 2
    assert each.index.is_monotonic_increasing


def test_beats_of_the_ecg_may_take_the_place_of_those_of_the_device(record):
    found = record.beats("waveform")
    assert set(found["source"]) == {"waveform"}
    assert found["quality"].isna().all()
    # No interval runs over what could not be judged.
    hole = found["rr"].isna()
    assert np.flatnonzero(hole).tolist() == [
        0,
        int(np.argmax(found.index.to_series().diff())),
    ]
    edited = record.replace(beats=found)
    beats = edited.beats()
    pd.testing.assert_series_equal(beats["rr"], found["rr"])
    pd.testing.assert_series_equal(beats["usable"], found["usable"])
    rmssd = [each.hrv()["rmssd"].iloc[-1] for each in (record, edited)]
    assert rmssd[0] == pytest.approx(rmssd[1], rel=0.02)


@pytest.mark.parametrize(
    ("name", "good", "matched", "offset", "jitter"),
    [
        ("astroskin-122445", 119, 119, -3.90625, 9.2),
        ("hexoskin-258583", 2300, 2291, -3.90625, 9.0),
        ("hexoskin-256696", 127, 125, 3.90625, 12.8),
    ],
)
def test_good_beats_of_real_exports_are_in_the_ecg(
    real_data, name, good, matched, offset, jitter
):
    record = hexoframe.open_record(real_data / "exports" / name)
    (row,) = record.check_beats(None).to_dict("records")
    assert row["good"] == good
    assert row["good_matched_share"] == pytest.approx(matched / good, abs=0.001)
    assert row["good_matched_share"] >= 0.97
    assert row["offset_ms"] == offset
    assert row["jitter_ms"] == pytest.approx(jitter, abs=0.5)
