"""ENMO: what the acceleration has beyond gravity, in short epochs.

The waveform is read in pieces, so that memory stays flat. What counts as activity is
for the caller: cut-points of the wrist do not hold at the chest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.grids import edges_of, grids_of
from hexoframe.analysis.observed import require_channel, unworn_spans
from hexoframe.analysis.wear import physical
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.moments import length_ns
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.tickspans import TickSpans
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

    Values = NDArray[np.float64]

__all__ = ["compute_enmo"]

_ACCELERATION = "acceleration"


def compute_enmo(
    record: RecordData,
    epoch: str | pd.Timedelta = "5s",
    *,
    origin: Origin = "start",
    min_share: float = 1.0,
) -> pd.DataFrame:
    """Return the ENMO of each epoch, as `hexoframe.Record.enmo` says.

    Parameters
    ----------
    record : RecordData
        The record.
    epoch : str or Timedelta, default "5s"
        Length of an epoch.
    origin : {"start", "epoch"}
        Where epochs begin: with the record, or at whole multiples in UTC.
    min_share : float, default 1.0
        Share of the samples of an epoch that must be good.

    Returns
    -------
    DataFrame
        A row an epoch.

    Raises
    ------
    ConfigurationError
        If the record has no acceleration, or an argument is none of these.
    """
    period = length_ns("epoch", epoch)
    channel = record.channel(_ACCELERATION)
    if _ACCELERATION not in record:
        require_channel(record, _ACCELERATION, "ENMO is computed")
    samples = period / NS_PER_TICK[record.clock] / float(channel.ticks or 1)
    if samples < 1:
        raise ConfigurationError(
            f"epoch={epoch!r}: give at least one sample of {channel.rate_hz:g} Hz"
        )
    if not 0 <= min_share <= 1:
        raise ConfigurationError(f"min_share={min_share!r}: give a share from 0 to 1")
    edges = edges_of(grids_of(record, period, origin))
    sums = _sums(record, channel, edges)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where an epoch is no whole number of steps, some have a sample more.
        share = np.minimum(sums.good / np.floor(samples), 1.0)
        enough = (sums.good > 0) & (share >= min_share)
        enmo = np.where(enough, sums.total / sums.good, np.nan)
    index = pd.DatetimeIndex(edges[:-1].view("datetime64[ns]"), name="time")
    table = pd.DataFrame(
        {"enmo": enmo, "good_share": share},
        index=index.tz_localize("UTC").tz_convert(record.tz),
    )
    units = {"enmo": "g"}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


class _Sums(NamedTuple):
    """Sum of the ENMO of the good samples of each epoch, and their number."""

    total: Values
    good: Values


def _sums(record: RecordData, channel: Channel, edges: NDArray[np.int64]) -> _Sums:
    bins = len(edges) - 1
    found = _Sums(np.zeros(bins), np.zeros(bins))
    ns, off = NS_PER_TICK[record.clock], unworn_spans(record)
    for piece in record.pieces(_ACCELERATION):
        ticks = ticks_of(piece, channel)
        cuts = np.searchsorted(ticks * ns, edges)
        rows = slice(int(cuts[0]), int(cuts[-1]))
        beyond, good = _beyond_gravity(record, channel, piece.iloc[rows])
        _leave_out(good, ticks[rows], off)
        beyond[~good] = 0
        inside = np.repeat(np.arange(bins), np.diff(cuts))
        found.good[:] += np.bincount(inside, good, minlength=bins)
        found.total[:] += np.bincount(inside, beyond, minlength=bins)
    return found


def _beyond_gravity(
    record: RecordData, channel: Channel, piece: pd.DataFrame
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the length of the acceleration above 1 g, and which samples are good."""
    square = np.zeros(len(piece), np.float64)
    good = np.ones(len(piece), np.bool_)
    for row in channel.datatypes:
        values = physical(row, piece[row.column].to_numpy(), record.scale)
        square += np.square(values, dtype=np.float64)
        if row.maximum is not None:
            # The last count below the limit is that of a clipped sample.
            good &= np.abs(values) < row.maximum - row.gain
    # No sensor in the field of gravity is at 0 on all axes: nothing was recorded.
    good &= square > 0
    return np.maximum(np.sqrt(square) - 1.0, 0.0), good


def _leave_out(
    good: NDArray[np.bool_], ticks: NDArray[np.int64], off: TickSpans
) -> None:
    """Mark the samples of a shirt that was off as not good."""
    if len(off.starts):
        good &= ~off.cover(ticks)
