"""The tables that a script may edit: which file holds which datatypes, for each model.

The names and their order are those of the last HxApi2_0, the numbers come from the
channel table. Nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from hexoframe.channels import Family
from hexoframe.errors import ConfigurationError
from hexoframe.formats.text.names import names_of

__all__ = ["MODELS", "SAMPLE_RATES", "Model", "Tables", "tables_of"]

Model = Literal["Hexoskin", "CHA3000"]
MODELS: tuple[Model, ...] = get_args(Model)

_FAMILIES: Mapping[Model, Family] = MappingProxyType(
    {"Hexoskin": "hexoskin", "CHA3000": "astroskin_256"}
)
_RAW: Mapping[Model, str] = MappingProxyType(
    {
        "Hexoskin": "acceleration ecg respiration",
        "CHA3000": "acc ecg resp temperature ppg",
    }
)
_OTHERS: Mapping[Model, str] = MappingProxyType(
    {
        "Hexoskin": (
            "activity cadence heart_rate minute_ventilation vt breathing_rate "
            "hr_quality br_quality inspiration expiration batt step rrinterval qrs "
            "nninterval"
        ),
        "CHA3000": (
            "activity cadence heartrate minuteventilation vt breathingrate hr_quality "
            "br_quality spo2_quality spo2 systolicpressure inspiration expiration batt "
            "step rrinterval qrs ptt"
        ),
    }
)
# Ticks of 1/256 s a sample, as the old script paged; None: asked for in one call.
SAMPLE_RATES: Mapping[int, int | None] = MappingProxyType(
    {
        **dict.fromkeys((4113, 4114, 4115), 1),
        **dict.fromkeys((4129, 4130), 2),
        **dict.fromkeys((4145, 4146, 4147, 64), 4),
        **dict.fromkeys((81, 49, 53, 19, 36, 33, 1000, 1001, 1002, 66, 98), 256),
        **dict.fromkeys((34, 35, 247, 18, 22, 97, 318, 212, 208), 256),
        **dict.fromkeys((37, 52)),
    }
)


class Tables(NamedTuple):
    """The two tables of a model: names of files, and the datatypes in each."""

    raw: dict[str, list[int]]
    others: dict[str, list[int]]


def tables_of(model: Model) -> Tables:
    """Return new tables for a model.

    Parameters
    ----------
    model : {"Hexoskin", "CHA3000"}
        The model.

    Returns
    -------
    Tables
        The caller's own, to be edited.

    Raises
    ------
    ConfigurationError
        If there is no such model.
    """
    if model not in MODELS:
        raise ConfigurationError(
            f"MODEL = {model!r}: give {' or '.join(map(repr, MODELS))}"
        )
    meanings = names_of(_FAMILIES[model])
    raw, others = (
        {
            name: [row.id for row in meanings[name].rows if row.id is not None]
            for name in names[model].split()
        }
        for names in (_RAW, _OTHERS)
    )
    return Tables(raw, others)
