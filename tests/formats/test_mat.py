"""MATLAB files: what another reader finds in them."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    OutputExistsError,
    UnknownChannelError,
)
from hexoframe.formats import mat
from hexoframe.record import Record
from hexoframe.recording.facts import Facts
from hexoframe.recording.frames import make_frame

scipy_io = pytest.importorskip("scipy.io", reason="to_mat needs scipy")

START = 426_906_774_784  # 2022-11-04T23:29:49Z
EPOCH = 1_667_604_589


def frame(name, ticks, **columns):
    index = pd.to_datetime(np.asarray(ticks) * 3_906_250, unit="ns", utc=True)
    channel = channels_of("hexoskin")[name]
    values = {key: np.asarray(column, float) for key, column in columns.items()}
    return make_frame(channel, index.as_unit("ns").rename("time"), values, record_id=77)


@pytest.fixture
def record():
    acceleration = frame(
        "acceleration",
        START + 4 * np.arange(640),
        acceleration_x=np.arange(640) / 256,
        acceleration_y=np.full(640, np.nan),
        acceleration_z=-np.ones(640),
    )
    channels = {
        "acceleration": acceleration,
        "heart_rate": frame(
            "heart_rate", START + 256 * np.arange(1, 11), heart_rate=60 + np.arange(10)
        ),
        "rr_interval": frame("rr_interval", [START + 129], rr_interval=[0.75]),
        "ptt": frame("ptt", [], ptt=[]),
    }
    info = {"id": 77, "device": "HX1", "algo": {"id": 3}, "start_date": None}
    return Record("hexoskin", (START, START + 2560), channels, facts=Facts(info=info))


def loaded(path):
    return scipy_io.loadmat(path, simplify_cells=True, appendmat=False)


def test_each_channel_is_a_struct_of_time_tick_and_columns(record, tmp_path):
    path = record.to_mat(tmp_path / "new" / "x.mat")
    assert path == tmp_path / "new" / "x.mat"
    found = loaded(path)
    names = {name for name in found if not name.startswith("__")}
    assert names == {"acceleration", "heart_rate", "rr_interval", "ptt", "info"}
    heart = found["heart_rate"]
    assert heart["tick"].tolist() == [START + 256 * n for n in range(1, 11)]
    assert heart["tick"].dtype == np.int64
    assert heart["time"].tolist() == [float(EPOCH + n) for n in range(1, 11)]
    assert heart["heart_rate"].tolist() == [60.0 + n for n in range(10)]
    assert (heart["unit"], heart["rate_hz"]) == ("bpm", 1)
    moved = found["acceleration"]
    np.testing.assert_array_equal(moved["acceleration_x"], np.arange(640) / 256)
    assert moved["acceleration_x"].dtype == np.float32
    assert np.isnan(moved["acceleration_y"]).all()
    assert (moved["unit"], moved["rate_hz"]) == ("g", 64)


def test_events_have_the_exact_tick_and_no_rate(record, tmp_path):
    found = loaded(record.to_mat(tmp_path / "x.mat"))
    beat = found["rr_interval"]
    assert (int(beat["tick"]), float(beat["time"])) == (START + 129, EPOCH + 129 / 256)
    assert np.isnan(beat["rate_hz"])
    assert found["ptt"]["tick"].size == 0


def test_columns_lie_upright_as_matlab_has_them(record, tmp_path):
    path = record.to_mat(tmp_path / "x.mat")
    plain = scipy_io.loadmat(path, appendmat=False)
    assert plain["heart_rate"]["tick"][0, 0].shape == (10, 1)
    assert plain["rr_interval"]["tick"][0, 0].shape == (1, 1)


def test_facts_that_matlab_can_hold_come_along(record, tmp_path):
    info = loaded(record.to_mat(tmp_path / "x.mat"))["info"]
    assert info["id"] == 77
    assert info["device"] == "HX1"
    assert (info["start"], info["end"]) == (START, START + 2560)
    assert (info["model"], info["clock"], info["values"]) == (
        "hexoskin",
        256,
        "physical",
    )
    assert "algo" not in info
    assert "start_date" not in info


def test_a_record_of_counts_says_so(record, tmp_path):
    counts = {"heart_rate": record.raw("heart_rate")}
    raw = Record("hexoskin", (START, START + 2560), counts, scale="raw")
    found = loaded(raw.to_mat(tmp_path / "x.mat"))
    assert found["heart_rate"]["unit"] == "count"
    assert found["info"]["values"] == "raw"


def test_the_zone_of_the_record_changes_no_time(record, tmp_path):
    there = loaded(record.tz_convert("America/Montreal").to_mat(tmp_path / "x.mat"))
    here = loaded(record.to_mat(tmp_path / "y.mat"))
    np.testing.assert_array_equal(
        there["heart_rate"]["time"], here["heart_rate"]["time"]
    )
    np.testing.assert_array_equal(
        there["heart_rate"]["tick"], here["heart_rate"]["tick"]
    )


def test_only_the_channels_that_were_asked_for_are_written(record, tmp_path):
    found = loaded(record.to_mat(tmp_path / "x.mat", channels=[19]))
    names = {name for name in found if not name.startswith("__")}
    assert names == {"heart_rate", "info"}
    with pytest.raises(UnknownChannelError):
        record.to_mat(tmp_path / "y.mat", channels=["heart_rat"])
    assert [path.name for path in tmp_path.iterdir()] == ["x.mat"]


def test_two_leads_of_one_channel_do_not_replace_each_other(record, tmp_path):
    keys = ["acceleration_x", "acceleration_z"]
    found = loaded(record.to_mat(tmp_path / "x.mat", channels=keys))
    assert {"acceleration_x", "acceleration_z"} <= found["acceleration"].keys()


def test_the_file_has_the_name_that_was_given(record, tmp_path):
    assert record.to_mat(tmp_path / "x").name == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_existing_file_stays_unless_it_may_go(record, tmp_path):
    path = record.to_mat(tmp_path / "x.mat", channels=[19])
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match=r"x\.mat exists, differs.*overwrite="):
        record.to_mat(path)
    assert path.read_bytes() == before
    record.to_mat(path, overwrite=True)
    assert "acceleration" in loaded(path)
    assert [item.name for item in tmp_path.iterdir()] == ["x.mat"]


def test_the_same_file_of_another_day_is_left_as_it_is(record, tmp_path):
    path = record.to_mat(tmp_path / "x.mat")
    data = path.read_bytes()
    head, day, _ = data[:116].partition(b"Created on: ")
    assert day
    other = (head + day + b"Mon Jan  1 00:00:00 2024").ljust(116) + data[116:]
    path.write_bytes(other)
    before = path.stat().st_mtime_ns
    assert record.to_mat(path) == path
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (other, before)


def test_a_channel_too_large_for_the_format_is_refused(record, tmp_path, monkeypatch):
    # 640 rows of two times 8 bytes and three times 4.
    monkeypatch.setattr(mat, "_LARGEST", 640 * 28 - 1)
    with pytest.raises(ConfigurationError, match=r"acceleration takes 17920 bytes"):
        record.to_mat(tmp_path / "x.mat")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(mat, "_LARGEST", 640 * 28)
    assert record.to_mat(tmp_path / "x.mat").is_file()


def test_without_scipy_the_extra_is_named(record, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ConfigurationError, match=r"hexoframe\[mat\]"):
        record.to_mat(tmp_path / "x.mat")
    assert list(tmp_path.iterdir()) == []


def test_channels_that_were_edited_are_named(record, tmp_path):
    clean = record.replace(heart_rate=record.heart_rate.iloc[:10])
    info = loaded(clean.to_mat(tmp_path / "a.mat"))["info"]
    assert np.ravel(info["edited"]).tolist() == ["heart_rate"]
    assert "edited" not in loaded(record.to_mat(tmp_path / "b.mat"))["info"]
