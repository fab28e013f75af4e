"""Activity: bouts, positions of the device, steps and their cadence, energy.

Acceleration itself is for `enmo`, the equations of energy for `energy`. Definitions of
the columns are data (`definitions.csv`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import ranges
from hexoframe.analysis.energy import compute_energy
from hexoframe.analysis.observed import (
    find_unobserved,
    require_channel,
    unworn_minutes,
    unworn_spans,
)
from hexoframe.analysis.quality import usable_rows, worn_rows
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.states import find_states
from hexoframe.analysis.usage import count_rows
from hexoframe.channels import codes_of
from hexoframe.channels.calibration import physical
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.moments import length_ns
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import ticks_to_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import By
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.moments import Length

    Marks = NDArray[np.bool_]
    Ticks = NDArray[np.int64]
    Values = NDArray[np.float64]

Positions = Literal["device_position", "sleep_position"]

__all__ = [
    "BANDS",
    "count_steps",
    "energy_of_record",
    "list_bouts",
    "measure_postures",
]

_ACTIVITY, _STEP, _PULSE = "activity", "step", "heart_rate"
BANDS = {
    "none": 0,
    "incidental": 1,
    "sporadic": 20,
    "purposeful": 40,
    "slow": 60,
    "medium": 80,
    "brisk": 100,
    "fast": 120,
}
"""Least steps of a minute of each band of cadence."""


# -- bouts -----------------------------------------------------------------------------


def list_bouts(
    record: RecordData,
    *,
    threshold: float,
    min_length: Length = "1min",
    max_dip: Length = "0s",
) -> pd.DataFrame:
    """Return the bouts of activity, as `hexoframe.Record.activity_bouts` says.

    Parameters
    ----------
    record : RecordData
        The record.
    threshold : float, in g
        Least activity.
    min_length, max_dip : str, Timedelta or number of seconds
        Least length of a bout, and longest time below the threshold within one.

    Returns
    -------
    DataFrame
        A row a bout.

    Raises
    ------
    ConfigurationError
        If the record has no activity, or an argument is none of these.
    """
    if not isinstance(threshold, int | float) or not threshold > 0:
        raise ConfigurationError(
            f"threshold={threshold!r}: give an activity above 0, in g"
        )
    shortest = length_ns("min_length", min_length)
    dip = length_ns("max_dip", max_dip, least=0) // NS_PER_TICK[record.clock]
    seconds = _seconds(record)
    edges = _bout_edges(seconds, threshold, dip)
    lengths = seconds.ends[edges[:, 1]] - seconds.begins[edges[:, 0]]
    edges = edges[lengths * NS_PER_TICK[record.clock] >= shortest]
    return _bout_table(record, seconds, edges)


class _Seconds(NamedTuple):
    """Activity of each second of a shirt that was not off, with its span in ticks.

    `good` are the plausible ones.
    """

    begins: Ticks
    ends: Ticks
    activity: Values
    good: Marks


def _seconds(record: RecordData) -> _Seconds:
    frame = require_channel(record, _ACTIVITY, "bouts of activity are found")
    channel = record.channel(_ACTIVITY)
    row = channel.datatypes[0]
    values = physical(row, frame[row.column].to_numpy(np.float64), record.scale)
    there = ~np.isnan(values) & worn_rows(record, _ACTIVITY)
    ends = ticks_of(frame, channel)[there]
    good = usable_rows(record, _ACTIVITY)[there]
    return _Seconds(ends - channel.lag, ends, values[there], good)


def _bout_edges(seconds: _Seconds, threshold: float, dip: int) -> Ticks:
    """Return the first and the last row of each bout, of any length, shape (n, 2).

    Bouts begin and end with a second at the threshold or above.
    """
    above = np.flatnonzero(seconds.activity >= threshold)
    if not len(above):
        return np.empty((0, 2), np.int64)
    # Time that is not known ends a bout.
    step = seconds.ends[:1] - seconds.begins[:1]
    run = np.append(0, np.cumsum(np.diff(seconds.begins) * 2 > step * 3))[above]
    below = seconds.begins[above[1:]] - seconds.ends[above[:-1]]
    parted = (below > dip) | (run[1:] != run[:-1])
    first, last = np.append(True, parted), np.append(parted, True)
    return np.stack((above[first], above[last]), axis=1)


def _bout_table(record: RecordData, seconds: _Seconds, edges: Ticks) -> pd.DataFrame:
    first, behind = edges[:, 0], edges[:, 1] + 1
    starts, ends = seconds.begins[first], seconds.ends[edges[:, 1]]
    good = count_rows(seconds.good, first, behind)
    # What is not plausible counts as time, and not in a mean.
    values = np.where(seconds.good, seconds.activity, 0.0)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    steps = _steps(record, starts, ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(good > 0, (sums[behind] - sums[first]) / good, np.nan)
    rows = np.stack((first, behind), axis=1).ravel()
    # Every other result is of what lies between two bouts.
    most = np.maximum.reduceat(np.append(values, 0.0), rows)[::2] if len(rows) else mean
    table = pd.DataFrame(
        {
            **_times(record, starts, ends),
            "length": pd.to_timedelta(
                (ends - starts) * NS_PER_TICK[record.clock], unit="ns"
            ),
            "mean_activity": mean,
            "max_activity": np.where(good > 0, most, np.nan),
            "steps": steps,
            "cadence": steps.astype("Float64") * 60 * record.clock / (ends - starts),
            "good_share": good / (behind - first),
        }
    )
    table["cadence"] = table["cadence"].astype("float64")
    units = {"mean_activity": "g", "max_activity": "g", "cadence": "spm"}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


def _times(record: RecordData, starts: Ticks, ends: Ticks) -> dict[str, Any]:
    return {
        name: ticks_to_index(ticks, clock=record.clock).tz_convert(record.tz)
        for name, ticks in (("start", starts), ("end", ends))
    }


# -- steps -----------------------------------------------------------------------------


def _step_ticks(record: RecordData) -> Ticks | None:
    """Return when steps were taken while the shirt was on; None without the channel."""
    if _STEP not in record:
        return None
    ticks = ticks_of(record[_STEP], record.channel(_STEP))
    return ticks[~unworn_spans(record).cover(ticks)]


def _steps(record: RecordData, starts: Ticks, ends: Ticks) -> Any:
    """Count the steps of spans; NA without the channel."""
    ticks = _step_ticks(record)
    if ticks is None:
        return pd.array([pd.NA] * len(starts), dtype="Int64")
    counts = np.searchsorted(ticks, ends) - np.searchsorted(ticks, starts)
    return pd.array(counts, dtype="Int64")


def count_steps(
    record: RecordData, by: By = None, *, origin: Origin = "start"
) -> pd.DataFrame:
    """Return steps and minutes of each cadence, as `hexoframe.Record.steps` says.

    Parameters
    ----------
    record : RecordData
        The record.
    by, origin
        Spans, as for `hexoframe.analysis.spans.spans_of`.

    Returns
    -------
    DataFrame
        A row a span.

    Raises
    ------
    ConfigurationError, TimestampError
        If the record has no steps, or `by` names no spans.
    """
    require_channel(record, _STEP, "steps are counted")
    spans = spans_of(record, by, origin=origin)
    starts, ends, minute = spans.starts, spans.ends, 60 * record.clock
    unobserved = find_unobserved(record)
    length = ends - starts
    seen = length - unobserved.within(starts, ends)
    steps = _steps(record, starts, ends)
    steps[seen == 0] = pd.NA
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(length > 0, seen / length, np.nan)
        rate = np.where(seen > 0, steps.to_numpy(np.float64, np.nan) / seen, np.nan)
    columns: dict[str, Any] = {"steps": steps, "per_minute": rate * minute}

    # Whole minutes of each span: when they begin, and to which span they belong.
    whole = length // minute
    span = np.repeat(np.arange(len(spans)), whole)
    begin = starts[span] + ranges(np.zeros_like(whole), whole) * minute
    known = unobserved.within(begin, begin + minute) == 0
    counts = _steps(record, begin, begin + minute).to_numpy(np.int64)[known]
    band = np.searchsorted(list(BANDS.values()), counts, side="right") - 1
    span = span[known]
    columns["minutes"] = np.bincount(span, minlength=len(spans))
    for at, name in enumerate(BANDS):
        columns[name] = np.bincount(span[band == at], minlength=len(spans))
    columns["good_share"] = share
    table = spans.labelled(pd.DataFrame(columns))
    units = {"per_minute": "spm", **dict.fromkeys(["minutes", *BANDS], "min")}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


# -- positions -------------------------------------------------------------------------


def measure_postures(
    record: RecordData,
    by: By = None,
    *,
    channel: Positions = "device_position",
    origin: Origin = "start",
) -> pd.DataFrame:
    """Return the minutes in each position, as `hexoframe.Record.postures` says.

    Parameters
    ----------
    record : RecordData
        The record.
    by, origin
        Spans, as for `hexoframe.analysis.spans.spans_of`.
    channel : {"device_position", "sleep_position"}
        Which positions.

    Returns
    -------
    DataFrame
        A row a span.

    Raises
    ------
    ConfigurationError, TimestampError
        If the record has no such channel, or `by` names no spans.
    """
    if channel not in get_args(Positions):
        raise ConfigurationError(
            f"channel={channel!r}: give one of {', '.join(get_args(Positions))}"
        )
    require_channel(record, channel, "positions are measured")
    spans = spans_of(record, by, origin=origin)
    starts, ends, minute = spans.starts, spans.ends, 60 * record.clock
    codes = {
        code.name: code.value
        for code in codes_of(record.channel(channel).datatypes[0].codes)
        if code.value
    }
    states = find_states(record, channel).without(find_unobserved(record))
    columns: dict[str, Any] = {
        name: states.ticks_in(starts, ends, [value]) / minute
        for name, value in codes.items()
    }
    known = states.ticks_in(starts, ends, list(codes.values()))
    length = ends - starts
    columns["undefined"] = (length - known) / minute
    columns["not_worn"] = unworn_minutes(record, starts, ends)
    units = dict.fromkeys(columns, "min")
    columns["changes"] = states.changes(starts, ends, list(codes.values()))
    with np.errstate(invalid="ignore"):
        columns["undefined_share"] = (length - known) / length
    table = spans.labelled(pd.DataFrame(columns))
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


# -- energy ----------------------------------------------------------------------------


def energy_of_record(record: RecordData, **profile: Any) -> pd.DataFrame:
    """Return `compute_energy` of the usable heart rates of a record, marked as such."""
    rates = require_channel(record, _PULSE, "energy is estimated")
    row = record.channel(_PULSE).datatypes[0]
    kept = usable_rows(record, _PULSE)
    values = physical(row, rates[row.column].to_numpy(np.float64), record.scale)[kept]
    table = compute_energy(pd.DataFrame({_PULSE: values}, rates.index[kept]), **profile)
    block = metadata.result_block({"energy": "W"}, record_id=record.id)
    table.attrs = {metadata.KEY: {**block, "estimate": True}}
    return table
