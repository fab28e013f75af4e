"""Energy expenditure estimated from the heart rate, by the rule of the vendor.

What is known of the wearer is an argument, and is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["Profile", "compute_energy", "estimate_watts"]

Sex = Literal["female", "male"]

_BODY = ("weight", "height", "age", "sex", "rest_hr")
_NEEDS = {"": (), "weight": ("weight",), "body": _BODY, "vo2max": (*_BODY, "vo2max")}
# The service writes F and M.
_SEXES: dict[str, Sex] = {"female": "female", "male": "male", "F": "female",
                          "M": "male"}  # fmt: skip
_LIMITS = {
    "weight": (10, 350, "kg"),
    "height": (0.5, 2.6, "m"),
    "age": (2, 120, "years"),
    "rest_hr": (25, 120, "bpm"),
    "vo2max": (8, 100, "ml/kg/min"),
}
# kcal a day to W; kJ a minute to W.
_DAILY, _MINUTELY = 0.048379, 1000 / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a caller says of the wearer, each None where it is not known.

    Attributes
    ----------
    weight : float or None
        In kg.
    height : float or None
        In m.
    age : float or None
        In years.
    sex : {"female", "male"} or None
        Also ``"F"`` or ``"M"``.
    rest_hr : float or None
        Heart rate at rest, in bpm.
    vo2max : float or None
        In ml/kg/min.

    Raises
    ------
    ConfigurationError
        If a value is none that a person has, such as a height in cm.
    """

    weight: float | None = None
    height: float | None = None
    age: float | None = None
    sex: str | None = None
    rest_hr: float | None = None
    vo2max: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no person has."""
        for name, (low, high, unit) in _LIMITS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int | float) or not low <= value <= high:
                raise ConfigurationError(
                    f"{name}={value!r}: give a number of {unit}, from {low} to {high}"
                )
        if self.sex is not None and self.sex not in _SEXES:
            raise ConfigurationError(
                f"sex={self.sex!r}: the estimates of energy know 'female' and 'male'"
            )

    def lacks(self, need: str) -> list[str]:
        """Return the arguments that are missing for a need of the index of metrics."""
        return [name for name in _NEEDS[need] if getattr(self, name) is None]


def compute_energy(  # noqa: PLR0913  # what the estimate needs
    heart_rate: pd.DataFrame,
    *,
    weight: float,
    height: float,
    age: float,
    sex: str,
    rest_hr: float,
    vo2max: float | None = None,
) -> pd.DataFrame:
    """Estimate the energy expenditure of each second from the heart rate.

    Parameters
    ----------
    heart_rate : DataFrame of one column, shape (n,), in bpm
        Such as ``record.usable("heart_rate")``.
    weight, height : float, in kg and in m
        Of the wearer; no argument is stored.
    age : float, in years
        Of the wearer.
    sex : {"female", "male"}
        Of the wearer, as the equations distinguish them.
    rest_hr : float, in bpm
        Heart rate at rest.
    vo2max : float, in ml/kg/min, optional
        Maximal oxygen uptake; without it the equation that needs none is used, as the
        vendor does for "Energyecg" and for `energy_mifflin_keytel`.

    Returns
    -------
    DataFrame, shape (n,), in W
        Column ``energy``, on the index of `heart_rate`; NaN where it is NaN.

    Raises
    ------
    ConfigurationError
        If `heart_rate` has several columns, or a value is none that a person has.

    Notes
    -----
    Below `rest_hr`: the resting metabolic rate of Mifflin and St Jeor as the vendor has
    it, 0.048379 W x (10.1 kg + 625 m - 5 years + 5 for a man, - 161 for a woman); their
    paper has 9.99 kg. From k = 0.6 (208 - 0.7 age) on: the equation of Keytel. Between,
    with t = (k - HR) / (k - rest_hr): t x the resting rate + the larger of the resting
    rate and (1 - t) x Keytel at k, which jumps to twice the resting rate at rest.
    Source: the vendor's page on energy; the constants were found on 13 real records of
    two persons, where the vendor's figures come out to 12 digits. An estimate: the
    equations were fitted to groups at steady exercise.
    """
    if heart_rate.shape[1:] != (1,):
        raise ConfigurationError(
            f"heart_rate has the columns {list(heart_rate.columns)}: give one"
        )
    profile = Profile(
        weight=weight, height=height, age=age, sex=sex, rest_hr=rest_hr, vo2max=vo2max
    )
    rates = heart_rate.iloc[:, 0].to_numpy(np.float64)
    watts = estimate_watts(rates, profile, with_vo2max=vo2max is not None)
    return pd.DataFrame({"energy": watts}, index=heart_rate.index)


def estimate_watts(rates: Values, profile: Profile, *, with_vo2max: bool) -> Values:
    """Return the power at heart rates, as `compute_energy` says.

    The profile has all that is needed.
    """
    person: Any = profile
    male = _SEXES[person.sex] == "male"
    resting = _DAILY * (
        10.1 * person.weight
        + 625 * person.height
        - 5 * person.age
        + (5 if male else -161)
    )
    upper = 0.6 * (208 - 0.7 * person.age)
    if person.rest_hr >= upper:
        raise ConfigurationError(
            f"rest_hr={person.rest_hr!r} is no heart rate at rest at an age of "
            f"{person.age}: the estimate takes {upper:.0f} bpm for exercise"
        )

    def exercise(rate: Any) -> Any:
        return _MINUTELY * _keytel(rate, person, male=male, with_vo2max=with_vo2max)

    way = (upper - rates) / (upper - person.rest_hr)
    between = way * resting + np.maximum(resting, (1 - way) * exercise(upper))
    watts = np.where(rates >= upper, exercise(rates), between)
    found: Values = np.where(rates < person.rest_hr, resting, watts)
    return np.where(np.isnan(rates), np.nan, found)


def _keytel(rate: Any, person: Any, *, male: bool, with_vo2max: bool) -> Any:
    """Energy in kJ a minute at a heart rate of exercise."""
    if not with_vo2max:
        if male:
            return (
                0.6309 * rate + 0.1988 * person.weight + 0.2017 * person.age - 55.0969
            )
        return 0.4472 * rate - 0.1263 * person.weight + 0.074 * person.age - 20.4022
    if male:
        of_person = (
            -36.3781
            + 0.271 * person.age
            + 0.394 * person.weight
            + 0.404 * person.vo2max
        )
        return -59.3954 + of_person + 0.634 * rate
    of_person = 0.274 * person.age + 0.103 * person.weight + 0.380 * person.vo2max
    return -59.3954 + of_person + 0.450 * rate
