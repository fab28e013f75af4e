"""ENMO: closed forms, gaps, and pieces that epochs lie across."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.record import Record
from hexoframe.recording.belts import Belts
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.times import ticks_to_index

START = 400_000_000_000
# Gains that no real data confirm are none of this file's concern.
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
AXES = ("acceleration_x", "acceleration_y", "acceleration_z")


def recording(*axes, family="hexoskin", missing=(), off=(), scale="physical"):
    """Return a record of three axes in g, from the start on, without some samples."""
    channel = channels_of(family)["acceleration"]
    start = START if family == "hexoskin" else 1_700_000_000_000
    clock, step = CLOCK_OF_FAMILY[family], int(channel.ticks)
    rows = np.setdiff1d(np.arange(len(axes[0])), np.array(missing, int))
    index = ticks_to_index(start + rows * step, clock=clock)
    values = {
        name: np.asarray(axis, float)[rows]
        for name, axis in zip(AXES, axes, strict=True)
    }
    span = (start, start + len(axes[0]) * step)
    belts = None
    if off:
        flat = tuple((start + clock * a, start + clock * b) for a, b in off)
        belts = Belts(measured=(span,), flat=flat, displaced=())
    frame = make_frame(channel, index, values, scale=scale)
    return Record(family, span, {"acceleration": frame}, belts=belts, scale=scale)


def test_a_shirt_at_rest_has_none_however_it_lies():
    count = 64 * 60
    for direction in np.eye(3):
        table = recording(*(np.full(count, value) for value in direction)).enmo()
        assert table["enmo"].tolist() == [0] * 12
        assert table["good_share"].tolist() == [1] * 12
    # Less than 1 g is none either.
    fall = recording(*(np.full(count, 0.3) for _ in range(3))).enmo()
    assert (fall["enmo"] == 0).all()


def test_noise_of_a_sensor_at_rest_gives_what_theory_says():
    dice = np.random.default_rng(1)
    noise = dice.normal(0, 0.02, (3, 64 * 600))
    noise[2] += 1
    table = recording(*noise).enmo("1min")
    # Half of a normal distribution along gravity: SD / sqrt(2 pi); what is across adds
    # variance / 1 g to the mean of the length, half of it above.
    wanted = 0.02 / np.sqrt(2 * np.pi) + 0.02**2 / 2
    assert table["enmo"].mean() == pytest.approx(wanted, rel=0.02)


def test_a_turning_shirt_has_only_what_the_turning_adds():
    time = np.arange(64 * 60) / 64
    # Slowly: gravity alone, in changing directions.
    turn = 2 * np.pi * 0.2 * time
    slow = recording(np.cos(turn), np.sin(turn), np.zeros(len(time))).enmo()
    assert slow["enmo"].max() < 1e-6
    # Round a vertical axis at a distance: 0.75 g outward give a length of 1.25 g.
    fast = recording(
        0.75 * np.cos(turn), 0.75 * np.sin(turn), np.ones(len(time))
    ).enmo()
    assert fast["enmo"].to_numpy() == pytest.approx(0.25, rel=1e-5)


def test_bouncing_upright_has_the_mean_of_half_a_sine():
    time = np.arange(64 * 60) / 64
    table = recording(
        np.zeros(len(time)), 1 + 0.5 * np.sin(2 * np.pi * 2 * time), np.zeros(len(time))
    ).enmo()
    assert table["enmo"].to_numpy() == pytest.approx(0.5 / np.pi, rel=0.005)


@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
def test_an_epoch_with_a_gap_says_nothing(family):
    rate = 64 if family == "hexoskin" else 50
    flat = np.full(rate * 20, 1.5)
    zero = np.zeros(rate * 20)
    record = recording(flat, zero, zero, family=family, missing=[rate * 7])
    table = record.enmo()
    assert table["enmo"].isna().tolist() == [False, True, False, False]
    assert table["good_share"].iloc[1] == pytest.approx(1 - 1 / (5 * rate))
    enough = record.enmo(min_share=0.9)
    assert enough["enmo"].tolist() == [0.5] * 4


def test_samples_of_nothing_clipped_ones_and_a_shirt_that_was_off_are_left_out():
    count = 64 * 30
    x = np.full(count, 1.5)
    y, z = np.zeros(count), np.zeros(count)
    x[:64] = 0  # a hole that the export fills up
    y[64 * 6] = 4095 / 256  # the largest that the sensor shows
    z[64 * 11] = np.nan
    record = recording(x, y, z, off=[(18, 27)])
    shares = record.enmo()["good_share"].tolist()
    assert shares == pytest.approx([0.8, 319 / 320, 319 / 320, 0.6, 0, 0.6])
    assert record.enmo()["enmo"].isna().all()
    half = record.enmo(min_share=0.5)["enmo"]
    assert half.isna().tolist() == [False] * 4 + [True, False]
    assert half.dropna().tolist() == [0.5] * 5


def test_counts_give_the_same_as_physical_values():
    dice = np.random.default_rng(2)
    counts = dice.integers(-600, 600, (3, 64 * 30))
    raw = recording(*counts, scale="raw").enmo()
    physical = recording(*(counts / 256)).enmo()
    pd.testing.assert_frame_equal(raw, physical)


@pytest.mark.parametrize("origin", ["start", "epoch"])
def test_epochs_across_pieces_are_those_of_the_whole_at_once(monkeypatch, origin):
    dice = np.random.default_rng(3)
    axes = dice.normal(0, 1, (3, 64 * 101))
    record = recording(*axes)
    pieces = Record.pieces
    monkeypatch.setattr(Record, "pieces", lambda self, key: pieces(self, key, 999))
    table = record.enmo("7s", origin=origin)
    length = np.sqrt((axes.astype("float32").astype(float) ** 2).sum(axis=0))
    begins = record["acceleration"].index.asi8
    zero = begins[0] if origin == "start" else 0
    bins = (begins - zero) // 7_000_000_000
    wanted = pd.Series(np.maximum(length - 1, 0)).groupby(bins).mean()
    whole = pd.Series(length).groupby(bins).size() == 64 * 7
    assert table["enmo"].isna().tolist() == (~whole).tolist()
    assert table["enmo"].dropna().to_numpy() == pytest.approx(
        wanted[whole].to_numpy(), rel=1e-9
    )
    assert (table.index.asi8 == zero + wanted.index.to_numpy() * 7_000_000_000).all()
    assert table.attrs["hexoframe"]["units"] == {"enmo": "g"}


def test_epochs_may_begin_at_midnight_where_the_wearer_is():
    # 45 min beyond the hour: an epoch of an hour begins at 18:15 in UTC.
    record = recording(*np.ones((3, 64 * 7200))).tz_convert("Asia/Kathmandu")
    table = record.enmo("1h", origin="midnight", min_share=0)
    assert {(time.minute, time.second) for time in table.index} == {(0, 0)}
    assert table["enmo"].to_numpy() == pytest.approx(3**0.5 - 1)
    counts = table["good_share"] * 64 * 3600
    assert counts.sum() == pytest.approx(64 * 7200)


def test_arguments_that_are_none_are_refused():
    record = recording(*np.ones((3, 64)))
    for wrong, told in [
        ({"epoch": "5"}, "epoch=.5.: give a length"),
        ({"epoch": "1ms"}, "at least one sample of 64 Hz"),
        ({"min_share": 2}, "min_share=2"),
        ({"origin": "noon"}, "origin=.noon."),
    ]:
        with pytest.raises(ConfigurationError, match=told):
            record.enmo(**wrong)


def test_a_walk_has_more_than_sleep_and_a_chair_has_none(tmp_path):
    def of(activity, **more):
        shirt = wear(Shirt(seed=4, duration_s=300, activity=activity, **more))
        path = tmp_path / f"{activity}{len(more)}.zip"
        return hexoframe.open_record(write_export(shirt, path)).enmo()

    walk, sleep = of("walk")["enmo"], of("sleep")["enmo"]
    assert walk.median() > 20 * sleep.median()
    assert sleep.median() < 0.005
    chair = of("walk", unworn=((60, 120),))
    assert chair["enmo"].isna().sum() >= 23
