"""How many samples a span should hold, and what a receipt says of a part."""

from __future__ import annotations

import pytest

from hexoframe.channels import channels_of
from hexoframe.recording.gaps import Receipt, expected_samples, narrow


@pytest.mark.parametrize(
    ("family", "name", "ticks", "samples"),
    [
        # 274.875 s of a real record: 70368 ECG, 35184 respiration, 17592 acceleration
        # and 274 heart rates.
        ("hexoskin", "ecg", 70_368, 70_368),
        ("hexoskin", "respiration", 70_368, 35_184),
        ("hexoskin", "acceleration", 70_368, 17_592),
        ("hexoskin", "heart_rate", 70_368, 274),
        ("hexoskin", "heart_rate", 255, 0),
        ("hexoskin", "heart_rate", 256, 1),
        ("hexoskin", "ann", 76_799, 0),
        ("hexoskin", "ann", 76_800, 1),
        ("hexoskin", "respiration", 1, 1),
        ("hexoskin", "respiration", 0, 0),
        ("hexoskin", "rr_interval", 1000, None),
        ("hexoskin", "sleep_phase", 1000, None),
        ("astroskin_1000", "ecg", 1000, 250),
        ("astroskin_1000", "ppg", 1000, 75),
        ("astroskin_1000", "ppg", 14, 2),
    ],
)
def test_as_many_samples_are_expected_as_the_service_gives(
    family, name, ticks, samples
):
    channel = channels_of(family)[name]
    assert expected_samples(channel, 10**11, 10**11 + ticks) == samples


def test_part_keeps_what_was_lost_in_it():
    channel = channels_of("hexoskin")["ecg"]
    receipt = Receipt(samples=9, expected=10, duplicates=3, lost=((10, 20), (30, 40)))
    left = narrow(channel, receipt, (0, 100), (15, 30))
    assert left.lost == ((15, 20),)
    assert left.duplicates == 3
    assert (left.samples, left.expected) == (None, 15)
    events = channels_of("hexoskin")["step"]
    left = narrow(events, receipt, (0, 100), (35, 50))
    assert (left.lost, left.expected, left.span) == (((35, 40),), None, None)
    rate = channels_of("hexoskin")["heart_rate"]
    receipt = Receipt(lost=((256, 1280),))
    assert narrow(rate, receipt, (0, 2560), (512, 768)).lost == ((512, 768),)
    assert narrow(rate, receipt, (0, 2560), (None, 512)).lost == ((256, 512),)
    left = narrow(rate, receipt, (0, 2560), (768, None))
    assert (left.lost, left.expected) == (((768, 1280),), 7)
