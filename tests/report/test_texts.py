from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hexoframe.report.texts import (
    count,
    exact_moment,
    figure,
    listed,
    moment,
    numbered,
    share,
    spaced,
    unit_in_words,
    words,
)

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (61.267, "bpm", "61.3"),
        (12345.6, "ms^2", f"12{THIN}346"),
        (0.00049, "g", "0.0005"),
        (0.0, "g", "0.000"),
        (-0.00001, "g", "-1e-05"),
        (0.0123456, "s", "0.01235"),
        (2184.0, "s", f"2{THIN}184"),
        (float("nan"), "ms", "\u2013"),
        (float("inf"), "ms", "\u2013"),
        (pd.NA, "ms", "\u2013"),
    ],
)
def test_a_figure_has_the_digits_of_its_unit_and_never_a_comma(value, unit, text):
    assert figure(value, unit) == text


def test_a_thin_space_takes_the_place_of_a_comma_between_thousands_alone():
    text = "1,234,567 beats, 12,34 and 0,5, 1,2345; a,b"
    assert spaced(text) == f"1{THIN}234{THIN}567 beats, 12,34 and 0,5, 1,2345; a,b"


def test_counts_shares_and_numbers():
    assert count(np.int64(1_234_567)) == f"1{THIN}234{THIN}567"
    assert (count(pd.NA), share(np.nan), numbered(np.nan, 1)) == ("\u2013",) * 3
    # Cut, not rounded: only a whole one is 100 %.
    assert (share(0.99999), share(1.0)) == ("99.9 %", "100 %")
    assert numbered(1234.56, 1) == f"1{THIN}234.6"


def test_a_moment_is_an_iso_date_on_the_clock_on_the_wall():
    time = pd.Timestamp("2022-11-06T05:30:00.9Z").tz_convert("America/Montreal")
    assert moment(time) == "2022-11-06 01:30:00"
    assert moment(time + pd.Timedelta("1h")) == "2022-11-06 01:30:00"
    assert moment(pd.NaT) == "\u2013"


def test_an_exact_moment_has_thousandths_where_there_are_any():
    time = pd.Timestamp("2022-11-06T05:30:00.99609375Z").tz_convert("Asia/Kolkata")
    assert exact_moment(time) == "2022-11-06 11:00:00.996"
    assert exact_moment(time.ceil("s")) == "2022-11-06 11:00:01"


def test_words_are_one_line_without_control_characters():
    assert words(" a\n\tb\x1b[2J\u202e ") == "a b\\x1b[2J\\u202e"
    assert [words(each) for each in (None, pd.NA, pd.NaT, np.nan, "")] == ["\u2013"] * 5


def test_units_and_lists():
    assert [unit_in_words(each) for each in ("rpm", "spm", "rep", "degC", "code")] == [
        "breaths/min", "steps/min", "steps", "°C", "",
    ]  # fmt: skip
    assert [listed(each) for each in ([], ["a"], ["a", "b"])] == ["", "a", "a and b"]
