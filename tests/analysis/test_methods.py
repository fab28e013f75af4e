"""The paragraph for a paper: every figure in it is from the record."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis.methods import describe_methods
from hexoframe.record import Record
from hexoframe.recording.facts import Facts
from hexoframe.version import __version__

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


def test_methods_say_versions_channels_rules_and_what_was_left_out(samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    text = record.methods()
    assert "\n" not in text
    assert text.startswith(
        "Recording 300010 (Hexoskin, 256 ticks a second) began 2024-03-01 22:00:00 UTC "
        "and lasted 10 min."
    )
    assert f"hexoframe {__version__}" in text
    assert f"numpy {np.__version__}" in text
    assert "ecg 2.1.1" in text
    assert "ecg at 256 Hz; respiration at 128 Hz" in text
    assert "heart rate 35 to 220 bpm" in text
    # Each share is one that the record gives.
    usable = 100 * (1 - len(record.usable("heart_rate")) / len(record.heart_rate))
    assert f"heart rate {usable:.1f} % (" in text
    beats = record.hrv(window=None).iloc[0]
    assert f"({beats['n_pairs']:,} pairs)" in text
    assert f"cover {100 * beats['good_share']:.1f} % of the time" in text


def test_methods_say_how_long_a_shirt_was_off(real_data):
    record = hexoframe.open_record(real_data / "exports/hexoskin-256696")
    assert "was not worn for 3.0 % of the time." in record.methods()
    assert "heart rate 51.1 % (not worn 3.0 %," in record.methods()


def test_methods_say_what_the_source_does_not_know(real_data):
    record = hexoframe.open_record(real_data / "dashboard/record-241834.csv")
    text = record.methods()
    assert "Nothing tells whether the shirt was worn" in text
    assert "no quality flags of heart rate, breathing rate and" in text
    assert "RR intervals" not in text


def test_methods_name_what_was_edited(samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    edited = record.replace(heart_rate=record.heart_rate.iloc[5:])
    assert "Edited by hand before the analysis: heart_rate." in edited.methods()


@pytest.mark.parametrize(
    "algo", ["2.1", 7, None, [], ["ecg"], {"algorithms": "ecg"}, {"algorithms": None}]
)
def test_algorithms_in_another_form_are_left_out(samples, algo):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip").between("0s", "1s")
    facts = Facts(info={**record.facts.info, "algo": algo})
    assert "algorithms" not in describe_methods(Record.of(record, facts=facts))
