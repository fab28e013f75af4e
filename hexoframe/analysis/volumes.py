"""Calibration of volumes: counts of the belts to mL, for one donning of one record.

How far a belt moves for a litre depends on how the shirt sits, so a calibration names
the record and the span that it holds for, and refuses any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hexoframe.analysis.breaths import find_breaths
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.wear import find_wear
from hexoframe.errors import ConfigurationError
from hexoframe.recording.gaps import outside
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.analysis.breaths import Breaths
    from hexoframe.recording.data import RecordData

    Values = NDArray[np.float64]

__all__ = ["VolumeCalibration", "calibrate_volumes"]

# The device: so many mL a count of the weighted signal, for so many kg.
_ML_OF_COUNT, _OF_KG = 13.28, 65.0
# With two there is no spread around the line to speak of.
_LEAST_PAIRS = 3
_HEAVIEST_KG = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeCalibration:
    """mL of a count of the belts, for one donning of one record.

    `hexoframe.Record.calibrate` makes it, and ``record.breaths(calibration=)`` takes
    it. It is not carried to another record.

    Attributes
    ----------
    slope : float, in mL per count
        Volume of a breath / its amplitude.
    residual : float, in mL
        Standard deviation of the given volumes around the line; NaN of a weight.
    n : int
        Pairs that it rests on; 0 of a weight.
    left_out : int
        Rows that were given and hold a breath that is not usable, or none.
    method : {"spirometer", "weight"}
        What it was made from.
    record_id : int or None
        Id of the record.
    family : str
        Its model.
    start_tick, end_tick : int
        The span that it holds for: as long as the shirt was not taken off.
    """

    slope: float
    residual: float
    n: int
    left_out: int
    method: Literal["spirometer", "weight"]
    record_id: int | None
    family: str
    start_tick: int
    end_tick: int

    def volumes(self, record: RecordData, breaths: Breaths) -> Values:
        """Return the volumes of breaths in mL; NaN outside of the donning.

        Raises
        ------
        ConfigurationError
            If the record is another one, or has nothing of the donning.
        """
        self._check(record)
        inside = (breaths.starts >= self.start_tick) & (breaths.ends <= self.end_tick)
        return np.where(inside, self.slope * breaths.amplitudes, np.nan)

    def _check(self, record: RecordData) -> None:
        same = (record.id, record.family) == (self.record_id, self.family)
        shared = record.start_tick < self.end_tick and self.start_tick < record.end_tick
        if same and shared:
            return
        times = ticks_to_index(
            np.array([self.start_tick, self.end_tick], np.int64),
            clock=record.clock,
        )
        own = f"record {self.record_id} ({self.family})"
        raise ConfigurationError(
            f"calibration= is of {own}, {times[0]} to {times[1]}, and this is record "
            f"{record.id} ({record.family}), {record.start} to {record.end}: how far "
            "belts move for a litre changes each time a shirt is put on, so calibrate "
            "this record with pairs of its own"
            if record.family == self.family
            else f"calibration= is of {own}, and this record is of {record.family}: "
            "calibrate this record with pairs of its own"
        )


def calibrate_volumes(
    record: RecordData,
    volumes: pd.DataFrame | None = None,
    *,
    weight: float | None = None,
) -> VolumeCalibration:
    """Return a calibration, as `hexoframe.Record.calibrate` says.

    Parameters
    ----------
    record : RecordData
        The record.
    volumes : DataFrame, optional
        start, end and volume (mL) of spans with whole breaths.
    weight : float, in kg, optional
        Of the wearer.

    Returns
    -------
    VolumeCalibration
        For this donning.

    Raises
    ------
    ConfigurationError, TimestampError
        If neither or both are given, or pairs do not suffice.
    """
    if (volumes is None) == (weight is None):
        raise ConfigurationError(
            "give volumes=, a table with the columns start, end and volume in mL, or "
            "weight= in kg, and not both"
        )
    if volumes is not None:
        return _of_pairs(record, volumes)
    if not isinstance(weight, int | float) or not 0 < weight < _HEAVIEST_KG:
        raise ConfigurationError(f"weight={weight!r}: give the weight in kg, above 0")
    return VolumeCalibration(
        slope=_ML_OF_COUNT * weight / _OF_KG,
        residual=float("nan"),
        n=0,
        left_out=0,
        method="weight",
        record_id=record.id,
        family=record.family,
        start_tick=record.start_tick,
        end_tick=record.end_tick,
    )


def _of_pairs(record: RecordData, table: pd.DataFrame) -> VolumeCalibration:
    spans = spans_of(record, _checked(table))
    given = table["volume"].to_numpy(np.float64)
    breaths = find_breaths(record)
    # Breaths that lie wholly in a span.
    first = np.searchsorted(breaths.starts, spans.starts)
    last = np.searchsorted(breaths.ends, spans.ends, side="right")
    last = np.maximum(first, last)
    bad = np.concatenate(([0], np.cumsum(~breaths.usable)))
    kept = (last > first) & (bad[last] == bad[first])
    if kept.sum() < _LEAST_PAIRS:
        raise ConfigurationError(
            f"{int(kept.sum())} of the {len(table)} rows of volumes= hold whole "
            "breaths, from inspiration to inspiration, all usable: at least "
            f"{_LEAST_PAIRS} must; record.breaths() shows when breaths begin and end, "
            "and why they are not usable"
        )
    sums = np.concatenate(([0.0], np.cumsum(np.nan_to_num(breaths.amplitudes))))
    counts, given = (sums[last] - sums[first])[kept], given[kept]
    start, end = _donning(record, int(spans.starts[kept][0]))
    far = (spans.starts[kept] < start) | (spans.ends[kept] > end)
    if far.any():
        when = ticks_to_index(np.array([start, end], np.int64), clock=record.clock)
        raise ConfigurationError(
            "the rows of volumes= are from before and after the shirt was taken off: a "
            "calibration holds for one donning, and the first one is from "
            f"{when[0]} to {when[1]}; calibrate each by itself"
        )
    slope = float(given @ counts / (counts @ counts))
    off = given - slope * counts
    return VolumeCalibration(
        slope=slope,
        residual=float(np.sqrt(off @ off / (len(off) - 1))),
        n=len(off),
        left_out=len(table) - len(off),
        method="spirometer",
        record_id=record.id,
        family=record.family,
        start_tick=start,
        end_tick=end,
    )


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the spans of a table of pairs; refuse what has no volumes."""
    lacks = [name for name in ("start", "end", "volume") if name not in table]
    if lacks:
        raise ConfigurationError(
            f"volumes= has no column {lacks[0]!r}: it needs start, end and volume in "
            f"mL, and has {', '.join(map(str, table.columns)) or 'none'}"
        )
    wrong = ~(table["volume"].to_numpy(np.float64) > 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise ConfigurationError(
            f"volumes=, row {row}: the volume is {table['volume'].iloc[row]!r}; give "
            "what was breathed in from start to end, in mL, above 0"
        )
    return table[["start", "end"]]


def _donning(record: RecordData, tick: int) -> tuple[int, int]:
    """Return the span around a tick in which the shirt was not taken off."""
    wear, whole = find_wear(record), (record.start_tick, record.end_tick)
    # Where belts have a gap nothing tells that it was the same donning; without belts
    # nothing tells anything.
    apart = [span for span in wear.unknown if span != whole and not wear.silent]
    donnings = outside(whole, sorted([*wear.not_worn, *apart]))
    return next((one for one in donnings if one[0] <= tick < one[1]), whole)
