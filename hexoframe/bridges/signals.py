"""Samples of a column at an even rate, as arrays: no hole is closed unasked.

Other libraries count samples and know no times, so a sample that is missing would move
all that follow. What a library makes of the arrays belongs in its own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from hexoframe.errors import ConfigurationError
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.ticks import Clock

__all__ = ["EvenSignal", "Gaps", "check_gaps", "even_signal"]

# Stamps are compared in blocks that need little memory.
_BLOCK = 1 << 20

Gaps = Literal["raise", "fill"]
"""What becomes of missing samples: an error, or NaN in their places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenSignal:
    """Samples of one column that follow each other at an even rate.

    Attributes
    ----------
    row : Datatype
        The column in the channel table.
    first_tick : int
        Stamp of the first sample.
    samples : ndarray of float64, shape (n,)
        From the first to the last sample with a value; NaN where one is missing.
    step : Fraction, in ticks
        From one sample to the next.
    rate_hz : float
        Samples in a second.
    """

    row: Datatype
    first_tick: int
    step: Fraction
    samples: NDArray[np.float64]
    rate_hz: float


def check_gaps(gaps: str) -> None:
    """Refuse another word than those of `Gaps`."""
    if gaps not in get_args(Gaps):
        raise ConfigurationError(
            f"gaps={gaps!r}: give one of {', '.join(map(repr, get_args(Gaps)))}"
        )


def even_signal(record: RecordData, column: Channel, gaps: Gaps) -> EvenSignal:
    """Return the samples of a channel that is narrowed to one column.

    Parameters
    ----------
    record : RecordData
        The record.
    column : Channel
        The channel, of one column.
    gaps : {"raise", "fill"}
        Whether missing samples are an error, or NaN.

    Returns
    -------
    EvenSignal
        The samples.

    Raises
    ------
    ConfigurationError
        If the channel has no even rate or no samples, or they are missing or not on
        its grid.
    """
    (row,) = column.datatypes
    step = column.ticks
    if step is None or column.rate_hz is None:
        raise ConfigurationError(
            f"{column.name} has no even rate ({column.kind}s come when they happen): "
            f"take its times and values from record[{column.name!r}]"
        )
    frame = record[row.column]
    samples = frame[row.column].to_numpy().astype(np.float64)
    missing = np.isnan(samples)
    if missing.all():
        raise ConfigurationError(
            f"the record has no sample of {row.column}: it has "
            f"{', '.join(record) or 'no channel'}"
        )
    # Leads of one channel may differ in length by a sample, which is NaN.
    first, behind = int(missing.argmin()), len(missing) - int(missing[::-1].argmin())
    samples, missing = samples[first:behind], missing[first:behind]
    frame = frame.iloc[first:behind]
    start = int(ticks_of(frame.iloc[:1], column)[0])
    if not _is_even(pd.DatetimeIndex(frame.index).asi8, step, column.clock):
        places = _places(record, row, ticks_of(frame, column), step)
        if len(places) > 1 and np.median(np.diff(places)) > 1:
            raise ConfigurationError(
                f"{row.column} was thinned: most samples are missing. Load the record "
                "whole"
            )
        whole = np.full(places[-1] + 1, np.nan)
        whole[places] = samples
        samples, missing = whole, np.isnan(whole)
    if gaps == "raise" and missing.any():
        _refuse(record, row, (start, step), missing)
    return EvenSignal(
        row=row,
        first_tick=start,
        step=step,
        samples=samples,
        rate_hz=column.rate_hz,
    )


def _is_even(stamps: NDArray[np.int64], step: Fraction, clock: Clock) -> bool:
    """Whether stamps in ns are all a step of whole ticks apart."""
    if step.denominator > 1:
        return False
    length = step.numerator * NS_PER_TICK[clock]
    blocks = range(0, len(stamps), _BLOCK)
    steps = (np.diff(stamps[at : at + _BLOCK + 1]) for at in blocks)
    return all(bool((each == length).all()) for each in steps)


def _places(
    record: RecordData, row: Datatype, ticks: NDArray[np.int64], step: Fraction
) -> NDArray[np.int64]:
    """Return the number of each sample on the grid that begins with the first one."""
    since = ticks - ticks[0]
    above, below = step.numerator, step.denominator
    # The nearest, by integers: floor(since / step + 1/2).
    places: NDArray[np.int64] = (2 * since * below + above) // (2 * above)
    # A stamp is rounded to a tick, and so is the first.
    off = np.abs(since * below - places * above) > below
    off[1:] |= np.diff(places) <= 0
    if off.any():
        tick = int(ticks[int(off.argmax())])
        time = tick_to_time(tick, clock=record.clock).tz_convert(record.tz)
        raise ConfigurationError(
            f"{row.column} has a sample at {time} that is not on its grid of "
            f"{float(step):g} ticks: to_frame puts samples on a grid, and says how"
        )
    return places


def _refuse(
    record: RecordData,
    row: Datatype,
    grid: tuple[int, Fraction],
    missing: NDArray[np.bool_],
) -> None:
    """Raise the error for missing samples; it names the longest of the holes.

    `grid` are the first tick and the step.
    """
    first, step = grid
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    holes = edges.reshape(-1, 2)
    begin, end = holes[np.diff(holes, axis=1)[:, 0].argmax()].tolist()
    time = tick_to_time(first + round(begin * step), clock=record.clock)
    length = float((end - begin) * step / record.clock)
    count = f"{len(holes)} holes, the longest" if len(holes) > 1 else "a hole"
    raise ConfigurationError(
        f"{row.column} has {count} of {length:.3f} s ({end - begin:,} samples), from "
        f"{time.tz_convert(record.tz)} on: give gaps='fill' for NaN in the places of "
        "missing samples, or take a part without a hole with between()"
    )
