"""Breathing of spans: figures by hand, and what they rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.errors import ConfigurationError, TimestampError
from tests.analysis.lungs import breathing_record, channel_frame, flagged

LENGTHS = np.array([3.0, 4.0, 5.0] * 5)
INS = np.concatenate(([0.0], np.cumsum(LENGTHS)))
OUTS = INS[:-1] + 1.5


def test_figures_are_those_of_the_breaths():
    volume = channel_frame("tidal_volume", np.arange(1, 61), np.full(60, 600.0))
    record = breathing_record(INS, OUTS, tidal_volume=volume)
    (row,) = record.breathing(None).to_dict("records")
    assert (row["n_breaths"], row["n_volumes"], row["n_rsa"]) == (15, 15, 0)
    assert row["good_share"] == 1
    assert row["rate"] == 15
    assert (row["ti"], row["te"], row["ttot"]) == (1.5, 2.5, 4.0)
    spread = np.std(LENGTHS, ddof=1)
    assert row["ttot_sd"] == pytest.approx(spread, rel=1e-12)
    assert row["ttot_cv"] == pytest.approx(25 * spread, rel=1e-12)
    assert row["duty_cycle"] == pytest.approx(np.mean(1.5 / LENGTHS), rel=1e-12)
    assert (row["amplitude"], row["tidal_volume"]) == (40, 600)
    assert row["ventilation"] == pytest.approx(600 * 15, rel=1e-12)
    assert np.isnan(row["rsa"])
    assert row["note"] == ""


def test_a_window_has_the_breaths_that_begin_in_it():
    table = breathing_record(INS, OUTS).breathing("20s", min_share=0.5, min_breaths=3)
    assert table["n_breaths"].tolist() == [6, 5, 4]
    assert table["good_share"].tolist() == [1, 1, 1]
    starts = [INS[:-1][(INS[:-1] >= low) & (INS[:-1] < low + 20)] for low in (0, 20)]
    for row, begins in enumerate(starts):
        mean = LENGTHS[np.isin(INS[:-1], begins)].mean()
        assert table["ttot"].iloc[row] == pytest.approx(mean, rel=1e-12)


def test_what_is_not_usable_is_left_out_and_told():
    record = breathing_record(INS, OUTS, breathing_rate_quality=flagged(60, 1, 13))
    row = record.breathing(None).iloc[0]
    assert row["n_breaths"] == 13
    assert row["good_share"] == pytest.approx(54 / 60)
    assert row["note"] == "left out: 2 flagged"


def test_too_little_has_no_figures_and_a_note():
    flags = flagged(60, *range(20))
    table = breathing_record(
        INS, OUTS, breathing_rate_quality=flags
    ).breathing("30s")  # fmt: skip
    assert table["rate"].isna().tolist() == [True, False]
    assert table["note"].iloc[0] == (
        "2 usable breaths, under 5; left out: 6 flagged"
    )  # fmt: skip
    half = flagged(60, *range(16))
    table = breathing_record(
        INS, OUTS, breathing_rate_quality=half
    ).breathing("1min")  # fmt: skip
    assert table["note"].iloc[0] == (
        "usable breaths cover 68%, under 80%; left out: 5 flagged"
    )
    assert np.isnan(table["rate"].iloc[0])
    few = breathing_record(INS[:4], OUTS[:3]).breathing(None)
    assert few["note"].iloc[0] == "3 usable breaths, under 5"


def test_a_few_volumes_are_no_mean():
    volume = channel_frame("tidal_volume", [3, 8, 11], [600.0, 600.0, 600.0])
    row = breathing_record(INS, OUTS, tidal_volume=volume).breathing(None).iloc[0]
    assert 0 < row["n_volumes"] < 5
    assert np.isnan(row["tidal_volume"])
    assert np.isnan(row["ventilation"])
    assert row["rate"] == 15


def test_spans_may_be_a_table_and_overlap():
    record = breathing_record(INS, OUTS)
    start = record.start
    spans = pd.DataFrame(
        {
            "start": [start, start + pd.Timedelta("10s")],
            "end": [start + pd.Timedelta("30s"), start + pd.Timedelta("50s")],
            "task": ["a", "b"],
        }
    )
    table = record.breathing(spans)
    assert table["task"].tolist() == ["a", "b"]
    assert table["n_breaths"].tolist() == [
        int(((INS[:-1] >= low) & (INS[:-1] < high)).sum())
        for low, high in ((0, 30), (10, 50))
    ]


def test_no_breath_at_all_is_a_row_without_figures():
    table = breathing_record([], []).breathing()
    assert table["n_breaths"].tolist() == [0]
    assert table["rate"].isna().all()


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"min_share": 2}, ConfigurationError, "min_share=2: give a share"),
        ({"min_breaths": 1}, ConfigurationError, "min_breaths=1: give 2 or more"),
        ({"window": "nights"}, ConfigurationError, "window='nights': give a length"),
        (
            {"window": pd.DataFrame({"start": ["2024-03-01"], "end": ["2024-03-02"]})},
            TimestampError,
            "window=, start of row 0",
        ),
    ],
)
def test_arguments_that_are_none_are_refused(more, error, told):
    with pytest.raises(error, match=told):
        breathing_record(INS, OUTS).breathing(**more)
