"""Calibration of volumes: the line, and that it is carried nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError, TimestampError
from tests.analysis.lungs import breathing_record, flagged, synthetic

INS, OUTS = np.arange(0, 60, 4.0), np.arange(1.5, 60, 4.0)
DROPS = 30.0 + 5 * (np.arange(len(OUTS)) % 5)


def recorded(**more):
    return breathing_record(INS, OUTS, drop=DROPS, **more)


def pairs(record, seconds, volumes):
    start = [record.start + pd.Timedelta(f"{s[0]}s") for s in seconds]
    end = [record.start + pd.Timedelta(f"{s[1]}s") for s in seconds]
    return pd.DataFrame({"start": start, "end": end, "volume": volumes})


def test_pairs_give_the_line_through_zero():
    record = recorded()
    # Two breaths, one, and one with room around it.
    counts = np.array([DROPS[0] + DROPS[1], DROPS[3], DROPS[5]])
    given = 20 * counts + np.array([10.0, -20.0, 5.0])
    table = pairs(record, [(0, 8), (12, 16), (19, 25)], given)
    made = record.calibrate(table)
    slope, *_ = np.linalg.lstsq(counts[:, None], given, rcond=None)
    assert made.slope == pytest.approx(slope[0], rel=1e-12)
    off = given - made.slope * counts
    assert made.residual == pytest.approx(np.sqrt(off @ off / 2), rel=1e-12)
    assert (made.n, made.left_out, made.method) == (3, 0, "spirometer")
    assert (made.record_id, made.family) == (7, "hexoskin")
    volumes = record.breaths(calibration=made)["volume"]
    np.testing.assert_allclose(volumes, made.slope * DROPS[: len(volumes)], rtol=1e-12)
    mean = record.breathing(None, calibration=made)["tidal_volume"].iloc[0]
    assert mean == pytest.approx(volumes.mean(), rel=1e-12)


def test_rows_with_doubtful_breaths_are_left_out():
    spans = [(4 * at, 4 * at + 4) for at in range(5)]
    record = recorded(breathing_rate_quality=flagged(60, 9))
    made = record.calibrate(pairs(record, spans, 20 * DROPS[:5]))
    assert (made.n, made.left_out) == (4, 1)
    assert made.slope == pytest.approx(20, rel=1e-12)
    with pytest.raises(ConfigurationError, match="2 of the 3 rows of volumes= hold"):
        record.calibrate(pairs(record, spans[:3], 20 * DROPS[:3]))


def test_a_weight_is_the_rule_of_the_vendor():
    made = recorded().calibrate(weight=50)
    assert made.slope == pytest.approx(13.28 * 50 / 65)
    assert (made.method, made.n) == ("weight", 0)
    assert np.isnan(made.residual)


def test_a_calibration_is_not_carried_to_another_record():
    made = recorded().calibrate(weight=50)
    with pytest.raises(ConfigurationError, match=r"is of record 7 .* this is record 8"):
        recorded(number=8).breaths(calibration=made)
    assert recorded().between("8s", "30s").breaths(calibration=made)["usable"].all()


def test_a_calibration_holds_until_the_shirt_is_taken_off(tmp_path):
    _, record = synthetic(tmp_path, seed=6, duration_s=600, unworn=((250, 90),))
    breaths = record.breaths()
    second = (breaths["start"] - record.start).dt.total_seconds()
    good = breaths[breaths["usable"] & (second < 200)].iloc[:6]
    table = good[["start", "end"]].assign(volume=15 * good["amplitude"])
    made = record.calibrate(table)
    assert made.slope == pytest.approx(15, rel=1e-12)
    known = record.breaths(calibration=made)["volume"].notna()
    assert known[second < 240].all()
    assert not known[second > 250].any()
    with pytest.raises(ConfigurationError, match="is of record"):
        record.between("400s", None).breaths(calibration=made)
    later = breaths[breaths["usable"] & (second > 450)].iloc[:6]
    both = pd.concat([table, later[["start", "end"]].assign(volume=500.0)])
    with pytest.raises(
        ConfigurationError, match="before and after the shirt was taken"
    ):
        record.calibrate(both)


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({}, ConfigurationError, "and not both"),
        ({"weight": -3}, ConfigurationError, "weight=-3: give the weight"),
        ({"volumes": pd.DataFrame({"start": []})}, ConfigurationError, "column 'end'"),
        (
            {"volumes": pd.DataFrame({"start": ["2024-03-01 22:00"], "end": [""],
                                      "volume": [500.0]})},
            TimestampError, "start of row 0",
        ),
        (
            {"volumes": pd.DataFrame({"start": [0], "end": [1], "volume": [0.0]})},
            ConfigurationError, "volumes=, row 0: the volume is",
        ),
    ],
)  # fmt: skip
def test_what_is_no_calibration_is_refused(given, error, told):
    with pytest.raises(error, match=told):
        recorded().calibrate(**given)
