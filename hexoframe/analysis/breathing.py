"""Breathing of spans: rate, variability, volumes, arrhythmia; a row a span.

What a breath is, and whether it is usable, is for `breaths`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import ranges
from hexoframe.analysis.breaths import (
    LONGEST_S,
    BreathSource,
    breath_volumes,
    find_breaths,
    respiratory_arrhythmia,
)
from hexoframe.analysis.spans import window_length_s, window_spans
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.breaths import Breaths
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import By, Spans
    from hexoframe.analysis.volumes import VolumeCalibration
    from hexoframe.recording.data import RecordData

    Rows = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["summarise_breathing"]

_WINDOW_SHARE, _SHARE = 0.8, 0.1
# A standard deviation needs two.
_LEAST_BREATHS = 2
_UNITS = {
    "rate": "rpm",
    "ti": "s",
    "te": "s",
    "ttot": "s",
    "ttot_sd": "s",
    "ttot_cv": "%",
    "amplitude": "count",
    "tidal_volume": "mL",
    "ventilation": "mL/min",
    "rsa": "ms",
}
_FIGURES = ("rate", "ti", "te", "ttot", "ttot_sd", "ttot_cv", "duty_cycle",
            "amplitude", "tidal_volume", "ventilation", "rsa")  # fmt: skip


# Figures of some breaths, and how many these are.
_RESTS_ON = {"n_volumes": ("tidal_volume", "ventilation"), "n_rsa": ("rsa",)}


class _Chosen(NamedTuple):
    """Usable breaths of each span: rows of breaths, and the span of each row."""

    rows: Rows
    span: Rows
    spans: int

    def number(self, values: Values) -> Values:
        """Count those of each span that have a value."""
        return self._sum(~np.isnan(values[self.rows]))

    def mean(self, values: Values) -> Values:
        """Return the mean over those with a value; NaN without any."""
        total, number = self._sum(np.nan_to_num(values[self.rows])), self.number(values)
        mean = np.full(self.spans, np.nan)
        np.divide(total, number, out=mean, where=number > 0)
        return mean

    def deviation(self, values: Values) -> Values:
        """Return the standard deviation (n - 1); NaN of fewer than two."""
        mean = self.mean(values)
        square = (values[self.rows] - mean[self.span]) ** 2
        total, number = self._sum(square), self.number(values)
        variance = np.full(self.spans, np.nan)
        np.divide(total, number - 1, out=variance, where=number >= _LEAST_BREATHS)
        deviation: Values = np.sqrt(variance)
        return deviation

    def _sum(self, numbers: Any) -> Values:
        total = np.bincount(self.span, numbers, minlength=self.spans)
        return total.astype(np.float64)


def summarise_breathing(  # noqa: PLR0913  # those of Record.breathing
    record: RecordData,
    window: By = "5min",
    *,
    source: BreathSource = "device",
    calibration: VolumeCalibration | None = None,
    longest_s: float = LONGEST_S,
    min_share: float | None = None,
    min_breaths: int = 5,
    origin: Origin = "start",
) -> pd.DataFrame:
    """Return the breathing of spans, as `hexoframe.Record.breathing` says.

    Parameters
    ----------
    record : RecordData
        The record.
    window, origin
        Spans, as for `hexoframe.analysis.spans.spans_of`.
    source, calibration, longest_s
        As for `hexoframe.analysis.breaths.list_breaths`.
    min_share : float, optional
        Share of a span that usable breaths must cover.
    min_breaths : int, default 5
        Usable breaths that a span must have.

    Returns
    -------
    DataFrame
        A row a span.

    Raises
    ------
    ConfigurationError, TimestampError
        If the record has no breaths, or an argument is none of these.
    """
    if min_share is not None and not 0 <= min_share <= 1:
        raise ConfigurationError(f"min_share={min_share!r}: give a share from 0 to 1")
    if min_breaths < _LEAST_BREATHS:
        raise ConfigurationError(
            f"min_breaths={min_breaths!r}: give {_LEAST_BREATHS} or more, as a "
            "standard deviation needs them"
        )
    spans = window_spans(record, window, origin)
    is_window = window_length_s(window) is not None
    share = min_share
    if share is None:
        share = _WINDOW_SHARE if is_window else _SHARE
    breaths = find_breaths(record, source, longest_s=longest_s)
    if calibration is None:
        volumes = breath_volumes(record, breaths)
    else:
        volumes = calibration.volumes(record, breaths)
    chosen = _choose(spans, breaths)
    columns = _figures(breaths, chosen, volumes)
    rsa = respiratory_arrhythmia(record, breaths)
    columns["rsa"] = chosen.mean(rsa)
    columns["n_rsa"] = chosen.number(rsa).astype(np.int64)
    table = pd.DataFrame(columns)
    usable = breaths.usable
    seen = TickSpans.joined(breaths.starts[usable], breaths.ends[usable])
    length = spans.ends - spans.starts
    with np.errstate(invalid="ignore", divide="ignore"):
        covered = seen.within(spans.starts, spans.ends) / length
        # Of a window that the record cuts short, the whole length counts.
        part = spans.labels["span_share"].to_numpy() if is_window else 1.0
        asked = covered * part
    few = columns["n_breaths"] < min_breaths
    poor = ~(asked >= share)
    table.loc[few | poor, list(_FIGURES)] = np.nan
    for number, names in _RESTS_ON.items():
        table.loc[table[number] < min_breaths, list(names)] = np.nan
    table.insert(1, "good_share", covered)
    table["note"] = pd.array(
        _notes(spans, breaths, table, (few, min_breaths), (poor, asked, share)),
        dtype="string",
    )
    table = spans.labelled(table)
    table.attrs = {metadata.KEY: metadata.result_block(_UNITS, record_id=record.id)}
    return table


def _choose(spans: Spans, breaths: Breaths) -> _Chosen:
    """Return the usable breaths that begin in each span."""
    usable = np.flatnonzero(breaths.usable)
    first, last = spans.rows(breaths.starts[usable])
    span = np.repeat(np.arange(len(spans)), last - first)
    return _Chosen(usable[ranges(first, last)], span, len(spans))


def _figures(breaths: Breaths, chosen: _Chosen, volumes: Values) -> dict[str, Any]:
    clock = breaths.clock
    ttot = (breaths.ends - breaths.starts) / clock
    ti = (breaths.turns - breaths.starts) / clock
    mean, deviation = chosen.mean(ttot), chosen.deviation(ttot)
    told = np.where(np.isnan(volumes), np.nan, ttot)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "n_breaths": chosen.number(ttot).astype(np.int64),
            "rate": 60 / mean,
            "ti": chosen.mean(ti),
            "te": chosen.mean(ttot - ti),
            "ttot": mean,
            "ttot_sd": deviation,
            "ttot_cv": 100 * deviation / mean,
            "duty_cycle": chosen.mean(ti / ttot),
            "amplitude": chosen.mean(breaths.amplitudes),
            "tidal_volume": chosen.mean(volumes),
            # Volume of the breaths that have one, over the time that these took.
            "ventilation": 60 * chosen.mean(volumes) / chosen.mean(told),
            "n_volumes": chosen.number(volumes).astype(np.int64),
        }


def _notes(
    spans: Spans,
    breaths: Breaths,
    table: pd.DataFrame,
    few: tuple[Any, int],
    poor: tuple[Any, Values, float],
) -> list[str]:
    """Say of each span why it has no figures, or what to know of them."""
    first, last = spans.rows(breaths.starts)
    sums = {
        reason: np.concatenate(([0], np.cumsum(breaths.reasons == reason)))
        for reason in dict.fromkeys(breaths.reasons.tolist())
        if reason
    }
    notes = []
    for at, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        said = []
        if few[0][at]:
            said.append(f"{table['n_breaths'].iloc[at]} usable breaths, under {few[1]}")
        elif poor[0][at]:
            said.append(f"usable breaths cover {poor[1][at]:.0%}, under {poor[2]:.0%}")
        out = [
            f"{held[high] - held[low]} {reason}"
            for reason, held in sums.items()
            if held[high] > held[low]
        ]
        if out:
            said.append(f"left out: {', '.join(out)}")
        notes.append("; ".join(said))
    return notes
