"""Which settings of a shirt and of its exports are refused."""

from __future__ import annotations

import math

import pytest

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.settings import Quirks, Shirt


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("family", "fitbit", "hexoskin"),
        ("activity", "swim", "walk"),
        ("seed", -1, "from 0"),
        ("seed", 1.5, "whole number"),
        ("seed", True, "whole number"),
        ("record_id", 0, "from 1"),
        ("user_id", 2**31, "whole number"),
        ("weight_kg", 5, "from 20"),
        ("device", "HX 1/2", "letters"),
        ("start", 1_718_000_000, "whole number"),
        ("duration_s", 0.5, "1 s"),
        ("duration_s", 60.001, "ticks"),
        ("duration_s", math.nan, "finite"),
        ("duration_s", "60", "number"),
        ("gaps", ((590, 20),), "within"),
        ("gaps", ((50, 10), (55, 10)), "overlap"),
        ("gaps", ((50, -10),), "order"),
        ("gaps", [(1, 2)], "tuple"),
        ("lead_off", ((1, 2, 3),), "start_s"),
        ("lead_off", ((1, 2.001),), "ticks"),
        ("movement", 0.9, "0.5"),
        ("movement", True, "share"),
        ("movement", ((-3, 2),), "within"),
        ("presses", (601,), "600"),
    ],
)
def test_a_setting_that_no_shirt_can_have_is_refused(setting, value, said):
    with pytest.raises(ConfigurationError, match=setting) as caught:
        Shirt(**{setting: value})
    assert said in str(caught.value)


def test_the_usual_start_is_a_whole_second_of_2024_on_either_clock():
    for family in ("hexoskin", "astroskin_256", "astroskin_1000"):
        shirt = Shirt(family=family)
        assert shirt.start % shirt.clock == 0
        assert shirt.start // shirt.clock == 1_709_330_400


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ConfigurationError, match="2022"):
        Quirks(dialect="1999")
