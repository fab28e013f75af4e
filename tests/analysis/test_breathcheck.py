"""Device and belts beside each other: what is compared, and why they do not agree."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError
from tests.analysis.lungs import (
    belts_of,
    breathing_record,
    flagged,
    sine_belts,
    synthetic,
)

INS = np.arange(4, 300, 4.0)
BELTS = belts_of(*sine_belts(300))


def check(ins=INS, **more):
    ins = np.asarray(ins, float)
    record = breathing_record(
        ins, ins + 2, seconds=300, **{"respiration": BELTS, **more}
    )
    (row,) = record.check_breaths().to_dict("records")
    return row


def test_the_same_breaths_agree():
    row = check()
    assert (row["device"], row["waveform"]) == (74, 74)
    assert (row["matched"], row["missed"], row["extra"]) == (74, 0, 0)
    assert row["device_rate"] == row["waveform_rate"] == 74 / 5
    assert (row["judged_share"], row["difference"]) == (1, 0)
    assert abs(row["offset_ms"]) < 50
    assert row["jitter_ms"] < 50
    assert row["agrees"] is True
    assert row["note"] == ""


def test_offset_is_by_how_much_the_signal_is_later():
    assert check()["offset_ms"] - check(INS + 0.25)["offset_ms"] == pytest.approx(250)


def test_missed_breaths_are_counted_and_the_silence_told():
    row = check([*INS[:20], *INS[28:]])
    assert (row["matched"], row["missed"], row["extra"]) == (66, 8, 0)
    assert row["waveform"] == 74
    assert row["difference"] == pytest.approx(100 * (66 / 74 - 1))
    assert row["agrees"] is False
    assert row["note"] == ("the device missed 8, 8 while it found none for up to 36 s")


def test_extra_breaths_are_counted():
    row = check(np.sort([*INS, *(INS[:10] + 1.9)]))
    assert (row["matched"], row["missed"], row["extra"]) == (74, 0, 10)
    assert row["agrees"] is False
    assert row["note"].startswith("the device has 10 that the belts do not show")


def test_flagged_seconds_are_not_compared():
    row = check(
        [*INS[:20], *INS[40:]], breathing_rate_quality=flagged(300, *range(82, 164))
    )
    assert row["judged_share"] == pytest.approx(218 / 300)
    assert row["missed"] == 0
    assert row["agrees"] is True


def test_where_too_little_can_be_compared_nothing_is_said():
    row = check(breathing_rate_quality=flagged(300, *range(280)))
    assert row["note"] == (
        "only 7% can be compared: flagged, not worn, handled, or without a signal"
    )
    assert np.isnan(row["difference"])
    row = check(breathing_rate_quality=flagged(300, *range(300)))
    assert row["note"].startswith("nothing can be compared")


def test_few_breaths_say_what_one_is():
    record = breathing_record(
        [4, 8], [6, 10], seconds=12, respiration=belts_of(*sine_belts(12))
    )
    assert record.check_breaths()["agrees"].tolist() == [True]
    record = breathing_record(
        [8], [10], seconds=12, respiration=belts_of(*sine_belts(12))
    )
    assert record.check_breaths()["note"].tolist() == [
        "the device missed 1, 1 while it found none; one breath of 2 is 50 %"
    ]


def test_without_belts_or_with_none_that_move_there_is_no_verdict():
    with pytest.raises(ConfigurationError, match="no channel respiration"):
        check(respiration=None)
    still = belts_of(np.full(300 * 128, 24_000), np.full(300 * 128, 15_000))
    assert check([], respiration=still)["note"] == "the belts show no breath"


def test_a_synthetic_shirt_agrees_around_holes_and_off(tmp_path):
    _, record = synthetic(
        tmp_path, seed=5, duration_s=900, gaps=((200, 40),), lead_off=((300, 60),),
        unworn=((500, 100),),
    )  # fmt: skip
    table = record.check_breaths()
    assert table["agrees"].tolist() == [True, True, True]
    # Somebody pulls at the belts just before they lie on the chair.
    assert table["extra"].tolist() == [0, 2, 0]
    assert np.abs(table["offset_ms"]).max() < 20


@pytest.mark.parametrize(
    ("name", "differences"),
    [
        ("hexoskin-256696", [0.7, 0.0, 0.0, -2.0, 2.6, 0.0, 3.8, None]),
        (
            "hexoskin-258583",
            [-87.1, -18.3, 0.9, 7.9, 6.3, -0.7, -0.8, -1.1, None, None],
        ),
    ],
)
def test_real_exports_agree_within_five_percent_or_say_why(
    real_data, name, differences
):
    table = hexoframe.open_record(real_data / "exports" / name).check_breaths()
    found = [None if np.isnan(one) else round(one, 1) for one in table["difference"]]
    assert found == differences
    for _, row in table.iterrows():
        assert row["agrees"] is True or row["note"]
        assert abs(row["difference"]) <= 5 or row["note"]
    # The device is behind by what its filter takes.
    assert table["offset_ms"].dropna().between(-100, 0).all()
