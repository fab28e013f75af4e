"""Minutes are chosen by hand-made tables whose best and worst row are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.report.ecgminutes import chosen_minutes, told_minute, usable_share

NAN = float("nan")


def table(*rows, length="1min"):
    """Rows of (correlation, missing, not worn, saturated)."""
    start = pd.date_range("2024-03-01", periods=len(rows), freq="1min", tz="UTC")
    columns = np.array(rows, dtype=float).reshape(len(rows), 4).T
    correlation, missing, not_worn, saturated = columns
    return pd.DataFrame(
        {
            "start": start,
            "end": start + pd.Timedelta(length),
            "span_share": 1.0,
            "beats": 60,
            "correlation": correlation,
            "missing": missing,
            "sensor_off": 0.0,
            "not_worn": not_worn,
            "saturated": saturated,
            "flat": 0.0,
            "mains_mv": 0.0,
            "mains_hz": 50.0,
        }
    )


@pytest.mark.parametrize(
    ("rows", "best", "worst"),
    [
        # The highest correlation with nothing lost; a lost part disqualifies.
        ([(0.9, 0, 0, 0), (0.99, 0, 0, 0.01), (0.5, 0, 0, 0)], 0, 2),
        # Without a whole beat: worse than any.
        ([(0.9, 0, 0, 0), (-0.9, 0, 0, 0), (NAN, 0, 0, 1)], 0, 2),
        # A shirt on a chair and a gap show no bad ECG.
        ([(0.9, 0, 0, 0), (NAN, 0, 1, 0), (NAN, 1, 0, 0), (0.7, 0, 0, 0)], 0, 3),
        # Of two alike, the one with more lost.
        ([(NAN, 0, 0, 0.8), (NAN, 0, 0, 0.9), (0.7, 0, 0, 0)], 2, 1),
        # All have lost a part: the highest of them.
        ([(0.8, 0, 0, 0.1), (0.9, 0, 0, 0.2)], 1, 0),
        ([(NAN, 0, 1, 0)], None, None),
        ([(NAN, 0, 0, 1)], None, 0),
        ([(0.9, 0, 0, 0)], 0, 0),
        ([], None, None),
    ],
)
def test_the_best_and_the_worst_minute_are_found(rows, best, worst):
    assert chosen_minutes(table(*rows)) == (best, worst)


def test_a_minute_that_the_record_does_not_fill_is_left_out_if_there_is_another():
    minutes = table((0.9, 0, 0, 0), (0.99, 0, 0, 0))
    minutes.loc[1, "span_share"] = 0.5
    assert chosen_minutes(minutes) == (0, 0)
    assert chosen_minutes(minutes.iloc[1:].reset_index(drop=True)) == (0, 0)


def test_an_electrode_that_is_off_shows_no_bad_ecg():
    minutes = table((0.9, 0, 0, 0), (NAN, 0, 0, 0))
    minutes.loc[1, "sensor_off"] = 1.0
    assert chosen_minutes(minutes) == (0, 0)


def test_the_usable_share_counts_a_cut_minute_by_its_length():
    minutes = table((0.9, 0, 0, 0), (0.9, 0, 0, 1), (NAN, 0.5, 0.5, 0.5))
    minutes.loc[1, "span_share"] = 0.5
    # 60 s of 60 + 30 + 60; more lost than there is counts once.
    assert usable_share(minutes) == pytest.approx(60 / 150)
    assert np.isnan(usable_share(table()))


def test_what_is_said_of_a_minute():
    (row,) = (row for _, row in table((0.876, 0, 0, 0.25)).iterrows())
    told = told_minute(row)
    assert told == (
        "60 beats, median correlation 0.88 with the median beat; 25 % saturated."
    )
    (row,) = (row for _, row in table((NAN, 0, 0, 1)).iterrows())
    assert told_minute(row) == "No whole beat; 100 % saturated."
