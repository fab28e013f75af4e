"""Energy from the heart rate: the vendor's figures, and arguments that nobody has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis import compute_energy
from hexoframe.errors import ConfigurationError

WOMAN = {"weight": 50, "height": 1.55, "age": 20, "sex": "female", "rest_hr": 74}
MAN = {"weight": 84, "height": 1.86, "age": 24, "sex": "M", "rest_hr": 70}


def rates(*values):
    index = pd.date_range("2024-03-01", periods=len(values), freq="s", tz="UTC")
    return pd.DataFrame({"heart_rate": np.array(values, float)}, index=index)


@pytest.mark.parametrize(
    ("name", "profile"), [("hexoskin-256696", WOMAN), ("hexoskin-258583", MAN)]
)
def test_whole_watts_are_those_of_the_channel_of_an_export(real_data, name, profile):
    record = hexoframe.open_record(real_data / "exports" / name)
    energy = compute_energy(record.heart_rate, **profile)["energy"]
    channel = record.energy_mifflin_keytel["energy_mifflin_keytel"]
    assert np.array_equal(np.floor(energy), channel)


def test_the_weight_counts_as_at_the_vendor_so_that_heights_are_whole_centimetres():
    # The smallest powers of two exports, of known weights and ages: with the 10 kcal of
    # textbooks the wearers would be 155.8 and 187.344 cm tall.
    for profile, least in ((WOMAN, 58.67163225), (MAN, 91.7217461)):
        power = compute_energy(rates(40), **profile).iloc[0, 0]
        assert power == pytest.approx(least, rel=1e-12)


def test_power_follows_the_equations_below_rest_between_and_in_exercise():
    energy = compute_energy(rates(60, 116.4, 150, np.nan), vo2max=37.4, **WOMAN)
    resting = 0.048379 * (505 + 625 * 1.55 - 100 - 161)
    keytel = (-59.3954 + 0.274 * 20 + 0.103 * 50 + 0.380 * 37.4 + 0.450 * 150) / 0.06
    upper = (-59.3954 + 0.274 * 20 + 0.103 * 50 + 0.380 * 37.4 + 0.450 * 116.4) / 0.06
    assert energy["energy"].tolist() == pytest.approx(
        [resting, upper, keytel, np.nan], nan_ok=True
    )
    # At rest the vendor's rule jumps to twice the resting rate.
    assert compute_energy(rates(74), vo2max=37.4, **WOMAN).iloc[0, 0] == 2 * resting


def test_the_sexes_differ_and_letters_of_the_service_are_known():
    man, woman = (
        compute_energy(rates(60), **{**MAN, "sex": sex}).iloc[0, 0]
        for sex in ("male", "F")
    )
    assert man - woman == pytest.approx(0.048379 * 166)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"height": 187}, "height=187.*number of m"),
        ({"weight": "84"}, "weight='84'"),
        ({"sex": "x"}, "'female' and 'male'"),
        ({"rest_hr": 115}, "no heart rate at rest at an age of 24"),
        ({"age": True + 0.5}, "age=1.5"),
    ],
)
def test_what_no_person_has_is_refused(wrong, told):
    with pytest.raises(ConfigurationError, match=told):
        compute_energy(rates(60), **{**MAN, **wrong})


def test_one_column_is_needed():
    with pytest.raises(ConfigurationError, match="give one"):
        compute_energy(pd.DataFrame({"a": [1.0], "b": [2.0]}), **MAN)
