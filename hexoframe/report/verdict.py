"""The line that comes first: was the shirt worn, and how much of the time is usable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.report.texts import count, listed, share, words
from hexoframe.timestamps.moments import length_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Verdict", "judge"]

# Whose share stands for which signal, in the order of the page.
_SIGNALS = {
    "heart_rate_mean": "heart rate",
    "rmssd": "RR intervals",
    "breathing_rate_mean": "breathing rate",
    "minute_ventilation_mean": "ventilation",
    "tidal_volume_mean": "tidal volume",
    "activity_mean": "activity",
}
# Below this share of the time, a page says that results rest on little.
_LITTLE = 0.5


class Verdict(NamedTuple):
    """The line, the share of each signal, and what a reader must know before."""

    sentence: str
    shares: list[tuple[str, float, str]]
    alerts: list[str]


def judge(
    summary: pd.DataFrame,
    coverage: pd.DataFrame,
    duration: pd.Timedelta,
    *,
    ecg: float | None,
    info: Mapping[str, Any],
) -> Verdict:
    """Return the verdict on a record.

    Parameters
    ----------
    summary, coverage : DataFrame
        What `Record.summary` and `Record.coverage` return.
    duration : Timedelta
        Length of the record.
    ecg : float or None
        Usable share of the ECG; None without one.
    info : mapping
        Facts of the record.

    Returns
    -------
    Verdict
        In words, with shares that are cut, never rounded up.
    """
    found = {} if ecg is None else {"ECG": ecg}
    good = summary["good_share"]
    found |= {
        signal: float(good[name]) for name, signal in _SIGNALS.items() if name in good
    }
    known = {name: part for name, part in found.items() if not np.isnan(part)}
    worn = float(summary["value"].get("worn", np.nan))
    length = length_in_words(duration)
    parts = [f"{name} {share(part)}" for name, part in known.items()]
    sentence = (
        f"Nothing tells whether the shirt was worn in these {length}."
        if np.isnan(worn)
        else f"The shirt was worn for {share(worn / 100)} of {length}."
    )
    if parts:
        sentence += f" Usable of the whole time: {listed(parts)}."
    else:
        sentence += " No signal of it is usable."
    return Verdict(
        sentence,
        [(name, part, share(part)) for name, part in known.items()],
        [
            *_unfinished(info),
            *_incomplete(coverage),
            *_edited(info),
            *_little(known),
        ],
    )


def _incomplete(coverage: pd.DataFrame) -> list[str]:
    lost = coverage["lost"]
    some = lost.isna() | (lost > 0)
    if not some.any():
        return []
    told = [
        f"{str(name).replace('_', ' ')} ({'unknown' if pd.isna(one) else count(one)})"
        for name, one in lost[some].items()
    ]
    alert = f"Incomplete: samples that the source holds did not arrive, {listed(told)}."
    return [alert]


def _unfinished(info: Mapping[str, Any]) -> list[str]:
    status = info.get("status")
    if status in (None, "", "complete"):
        return []
    alert = (
        f"The record was not complete on the service (status {words(status)}): samples "
        "may be missing or still come."
    )
    return [alert]


def _edited(info: Mapping[str, Any]) -> list[str]:
    edited = [str(name).replace("_", " ") for name in info.get("edited", ())]
    return [f"Edited by hand before this report: {listed(edited)}."] if edited else []


def _little(known: Mapping[str, float]) -> list[str]:
    names = [name for name, part in known.items() if part < _LITTLE]
    alert = (
        f"Usable for less than half of the time: {listed(names)}. What is computed "
        "from these rests on little."
    )
    return [alert] if names else []
