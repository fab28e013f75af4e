"""What a survey of a channel found, as JSON and back, so that it need not be repeated.

It is as good as the samples that it was made of: their checksum stands beside it in the
manifest. How samples are counted is decided in hexoframe.recording.ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexoframe.recording.belts import Belts
from hexoframe.recording.gaps import RULES, Gap, Survey

__all__ = ["survey_from_json", "survey_to_json"]


def survey_to_json(survey: Survey) -> dict[str, Any]:
    """Return what a survey found, and by which rules."""
    gaps = [list(gap) for gap in survey.gaps]
    told = {**survey._asdict(), "gaps": gaps, "rules": RULES}
    if survey.belts is None:
        del told["belts"]
        return told
    return {**told, "belts": survey.belts._asdict()}


def survey_from_json(told: Mapping[str, Any] | None) -> Survey | None:
    """Return what a survey found; None if there was none, or by other rules.

    Raises
    ------
    KeyError, TypeError
        If something is missing or makes no sense.
    """
    if told is None or told["rules"] != RULES:
        return None
    own = {"gaps", "belts"}
    counts = {name: told[name] for name in Survey._fields if name not in own}
    return Survey(
        **counts,
        gaps=tuple(Gap(*gap) for gap in told["gaps"]),
        belts=_belts(told.get("belts")),
    )


def _belts(told: Mapping[str, Any] | None) -> Belts | None:
    if told is None:
        return None
    return Belts(*(tuple(map(tuple, told[name])) for name in Belts._fields))
