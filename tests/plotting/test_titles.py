"""Titles: what is shown, of which record, from when to when."""

from __future__ import annotations

import zoneinfo

import pandas as pd
import pytest

from hexoframe.plotting.titles import length_text, title_of
from hexoframe.plotting.windows import Window


def window(start, end, zone="UTC"):
    first, last = (pd.Timestamp(each, tz="UTC").as_unit("ns") for each in (start, end))
    return Window(first.value, last.value, zoneinfo.ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "end", "zone", "title"),
    [
        (
            "2024-03-01T22:00:00",
            "2024-03-02T06:00:00",
            "UTC",
            "ECG, record 7: 2024-03-01 22:00:00 to 2024-03-02 06:00:00 (8 h 00 min)",
        ),
        (
            "2024-03-01T22:00:00",
            "2024-03-02T06:00:00",
            "Asia/Kolkata",
            "ECG, record 7: 2024-03-02 03:30:00 to 11:30:00 (8 h 00 min)",
        ),
        (
            "2024-03-01T22:00:00.0039",
            "2024-03-01T22:00:10",
            "UTC",
            "ECG, record 7: 2024-03-01 22:00:00.004 to 22:00:10 (10 s)",
        ),
        (
            "2024-03-01T22:00:00.4",
            "2024-03-01T22:05:00.6",
            "UTC",
            "ECG, record 7: 2024-03-01 22:00:00 to 22:05:01 (5 min 00 s)",
        ),
    ],
)
def test_title_has_dates_in_the_zone_and_the_length(start, end, zone, title):
    assert title_of("ECG", window(start, end, zone), 7) == title


def test_title_without_a_length_or_a_record_is_what_is_shown():
    moment = window("2024-03-01", "2024-03-01")
    assert title_of("ECG", moment) == "ECG"
    assert title_of("ECG", moment, "a\x1b[2Jb") == r"ECG, record a\x1b[2Jb"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (2.5, "2.5 s"), (59, "59 s"), (599, "9 min 59 s"),
        (600, "10 min"), (90_000, "25 h 00 min"),
    ],
)  # fmt: skip
def test_length_is_as_exact_as_a_reader_needs_it(seconds, text):
    assert length_text(round(seconds * 1e9)) == text
