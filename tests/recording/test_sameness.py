"""One recording in two files is told from two recordings."""

from __future__ import annotations

import pytest

from hexoframe.opening import open_record
from hexoframe.recording.sameness import same_recording, same_span


@pytest.fixture(scope="module")
def both(samples):
    return [
        open_record(samples / f"hexoskin_10min.{suffix}") for suffix in ("zip", "csv")
    ]


def test_a_zip_and_a_csv_of_the_same_minutes_are_the_same(both):
    exported, dashboard = both
    assert dashboard.id is None
    assert same_recording(exported, dashboard)
    assert same_recording(dashboard, exported)


def test_one_other_value_makes_another_recording(both):
    exported, dashboard = both
    rate = dashboard.heart_rate
    rate.iloc[300] += 1
    assert not same_recording(exported, dashboard.replace(heart_rate=rate))


def test_another_span_is_another_recording(both):
    exported, dashboard = both
    assert not same_recording(exported, dashboard.between(None, "300s"))


def test_values_that_never_change_say_nothing(both):
    # Two recorders on a table give 70 bpm, both of them, whatever they are.
    exported, dashboard = both
    flat = {name: dashboard[name] * 0 + 70 for name in ("heart_rate",)}
    some = [name for name in exported if name != "heart_rate"]
    one, other = (
        record.replace(**flat).of(record.replace(**flat), left_out=some)
        for record in (exported.replace(heart_rate=flat["heart_rate"]), dashboard)
    )
    assert not same_recording(one, other)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((1000, 2000), True),
        ((1000 + 255, 2000 - 255), True),
        ((1000 + 256, 2000), False),
        ((1000, 2000 + 256), False),
    ],
)
def test_spans_within_a_second_are_the_same(other, same):
    assert same_span((1000, 2000), other, clocks=(256, 256)) is same


def test_spans_of_two_clocks_are_compared_as_times():
    assert same_span((2560, 5120), (10_000, 20_000), clocks=(256, 1000))
    assert not same_span((2560, 5120), (11_000, 20_000), clocks=(256, 1000))
