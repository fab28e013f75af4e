from __future__ import annotations

import pandas as pd
import pytest

from hexoframe.report.verdict import judge

NAN = float("nan")
LOST = "Incomplete: samples that the source holds did not arrive"
UNFINISHED = "The record was not complete on the service"
LITTLE = "Usable for less than half of the time"


def summary(worn=97.345, **shares):
    names = ["worn", *shares]
    return pd.DataFrame(
        {"value": [worn] + [1.0] * len(shares), "good_share": [1.0, *shares.values()]},
        index=pd.Index(names, name="metric"),
    )


def coverage(**lost):
    return pd.DataFrame({"lost": pd.Series(lost, dtype="Int64")})


def verdict(table=None, *, ecg=None, lost=None, **info):
    table = summary(heart_rate_mean=0.81) if table is None else table
    lost = {"ecg": 0} if lost is None else lost
    length = pd.Timedelta("48min 18s")
    return judge(table, coverage(**lost), length, ecg=ecg, info=info)


def test_the_verdict_says_wear_and_the_usable_share_of_each_signal():
    found = verdict(summary(heart_rate_mean=0.8109, rmssd=0.6), ecg=0.99999)
    assert found.sentence == (
        "The shirt was worn for 97.3 % of 48 min 18 s. Usable of the whole time: ECG "
        "99.9 %, heart rate 81.1 % and RR intervals 60.0 %."
    )
    assert found.shares == [
        ("ECG", 0.99999, "99.9 %"),
        ("heart rate", 0.8109, "81.1 %"),
        ("RR intervals", 0.6, "60.0 %"),
    ]
    assert found.alerts == []


def test_what_nothing_tells_is_not_said():
    found = verdict(summary(worn=NAN, heart_rate_mean=NAN))
    first, second = found.sentence.split(". ")
    assert first == "Nothing tells whether the shirt was worn in these 48 min 18 s"
    assert second == "No signal of it is usable."


@pytest.mark.parametrize(
    ("more", "alert"),
    [
        (
            {"lost": {"ecg": 1234, "respiration": 0, "rr_interval": pd.NA}},
            f"{LOST}, ecg (1\u202f234) and rr interval (unknown).",
        ),
        (
            {"edited": ["rr_interval", "heart_rate"]},
            "Edited by hand before this report: rr interval and heart rate.",
        ),
        (
            {"status": "realtime"},
            f"{UNFINISHED} (status realtime): samples may be missing or still come.",
        ),
        (
            {"table": summary(rmssd=0.027, heart_rate_mean=0.5)},
            f"{LITTLE}: RR intervals. What is computed from these rests on little.",
        ),
    ],
)
def test_what_a_reader_must_know_before_is_an_alert(more, alert):
    assert verdict(**more).alerts == [alert]


def test_a_complete_record_has_no_alert():
    assert verdict(status="complete", edited=[]).alerts == []
